/*
 * judging.h - is what a partner sent on a link what it must be? docs/PROTOCOL.hotline, what
 * process judge does with every frame before desk sees it.
 *
 * Sizes first, then the note's signature over raw bytes, then hashes, then parsing. Keeps a little
 * per link, learnt from its HELLO: the partner's keys. Knows neither log: whether a head extends
 * another, whether a document's case is open, is for those who hold the state. Has no file, no
 * socket, no key, no clock.
 *
 * Three outcomes. Good: desk gets the frame. Refused by rule: desk gets it with a ground for each
 * such entry, holds the bytes and answers REJECT. Broken: bytes that are no entry, a signature
 * that does not hold, a frame out of turn: the link ends (DESIGN section 5, rule 1).
 */
#ifndef PARLEY_JUDGE_JUDGING_H
#define PARLEY_JUDGE_JUDGING_H

#include "hotline/frame.h"
#include "hotline/hello.h"
#include "judge/ground.h"
#include "pact/agreement.h"

enum {
    JUDGING_LINKS = 64,      /* links at a time: a node's peers, and some that are just ending */
    JUDGING_AGREEMENTS = 16, /* agreement versions a node obeys; ipc/setup.h */
};

struct judging; /* opaque, owned */

/* `agreements` (ascending versions where the id is the same) must outlive it; `party` is us. */
struct judging *judging_new(const struct agreement *const *agreements, size_t count,
                            const char *party);
void judging_free(struct judging *j); /* NULL is fine */

/*
 * A link came up; gate knows by the pin who is there. `exporter` has HELLO_EXPORTER bytes. UNKNOWN:
 * no such agreement or party; LIMIT; DUPLICATE: the number is in use.
 */
MUST_CHECK struct fault judging_link_up(struct judging *j, uint32_t link, struct bytes agreement,
                                        struct bytes party, bool dialled, const uint8_t *exporter);
void judging_link_down(struct judging *j, uint32_t link);

struct judging_verdict {
    uint32_t count; /* entries of a PUSH or MIRROR; 0 for the other frames */
    struct judgement entry[FRAME_ENTRIES];
};

/*
 * Judges one frame. A fault says that it is broken, and after it the link is judged no more. Where
 * there is none, the payload may be handed to desk with *out.
 */
MUST_CHECK struct fault judging_frame(struct judging *j, uint32_t link, uint8_t type,
                                      struct bytes payload, struct judging_verdict *out);

#endif
