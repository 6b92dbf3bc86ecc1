/*
 * hello.h - the greeting that opens a link: docs/PROTOCOL.hotline section 2, HELLO.
 *
 * Says which bytes are signed, and checks what a HELLO claims against the agreement and the link
 * that it came on. The TLS exporter in the signed bytes ties the greeting to this one link: the
 * same bytes on another link, or in the other direction, are forged. Knows no socket and no clock.
 */
#ifndef PARLEY_HOTLINE_HELLO_H
#define PARLEY_HOTLINE_HELLO_H

#include "crypto/several.h"
#include "hotline/frame.h"
#include "pact/agreement.h"

enum { HELLO_EXPORTER = 32 /* bytes; label "EXPORTER-parley-hello" */ };

enum hello_side {
    HELLO_NONE = 0,
    HELLO_DIALLER,
    HELLO_LISTENER,
};

/* Appends exporter || "dialler" or "listener" || said: what several_sign gets with DOMAIN_HELLO.
 * `side` is the side of who says it. `exporter` has HELLO_EXPORTER bytes. */
void hello_bytes(const uint8_t *exporter, enum hello_side side, struct bytes said, struct buf *out);

/*
 * Does the HELLO speak of the agreement and come from the party that the link's pin names? Another
 * version is no fault: one side takes over first, and each entry names its version itself. Faults,
 * all with a rule that a person understands: MISMATCH another agreement, another digest of the same
 * version, another party.
 */
MUST_CHECK struct fault hello_check(const struct frame_hello *hello, const struct agreement *a,
                                    const char *party);

/* Is it signed by all these hello keys, for this link? As several_verify. */
MUST_CHECK struct fault hello_verify(const struct frame_hello *hello, const uint8_t *exporter,
                                     enum hello_side side, const struct several_key *keys,
                                     size_t count);

#endif
