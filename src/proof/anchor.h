/*
 * anchor.h - what somebody outside said of a head: an RFC 3161 time stamp, or the cosignature of a
 * C2SP witness. It tells when the head was there at the latest, even where both parties would
 * agree on another history.
 *
 * The stamp is over SHA-256 of the checkpoint's text; the witness signs as C2SP tlog-cosignature
 * says (type 0x04). Whom to trust both parties can have said in the agreement (`outside`); the
 * reader can add others.
 */
#ifndef PARLEY_PROOF_ANCHOR_H
#define PARLEY_PROOF_ANCHOR_H

#include "crypto/stamp.h"
#include "ledger/note.h"
#include "pact/agreement.h"

enum anchor_kind {
    ANCHOR_NONE = 0,
    ANCHOR_STAMP,   /* data: TimeStampResp, DER */
    ANCHOR_WITNESS, /* data: signature lines of a note */
    ANCHOR_KINDS,
};

enum {
    ANCHOR_DATA_MAX = STAMP_MAX, /* bytes; a witness's lines are fewer */
    ANCHOR_WITNESSES = 16,       /* that one reader trusts, with those of the agreement */
    ANCHOR_WHO = 160,
};

/* "rfc3161", "witness"; "none". */
const char *anchor_kind_name(enum anchor_kind kind);
enum anchor_kind anchor_kind_parse(struct bytes name); /* ANCHOR_NONE if there is none */

struct anchor {
    enum anchor_kind kind;
    struct bytes text; /* of the checkpoint: a note's */
    struct bytes data;
};

/* Whom the reader trusts. Zeroed: nobody. */
struct anchor_trust {
    struct bytes ca; /* PEM; empty: no authority */
    size_t witness_count;
    struct note_signer witness[ANCHOR_WITNESSES];
};

/* A witness's key in C2SP's form, "NAME+HEX+BASE64" of type 0x04. SYNTAX; MISMATCH: the id is not
 * the key's; LIMIT; as suite_key_check. */
MUST_CHECK struct fault anchor_trust_add(struct anchor_trust *t, struct bytes vkey);

/*
 * Whom a reader trusts: whom he says himself (`said`, NULL: nobody), then whom both parties named
 * in any of the agreement's versions. *pem, which is empty, gets all certificates, is out->ca and
 * must live as long. What is there already, or for which there is no room, is left out.
 */
void anchor_trust_agreed(const struct anchor_trust *said, struct agreement *const *agreed,
                         size_t count, struct buf *pem, struct anchor_trust *out);

struct anchored {
    struct instant time;  /* whole seconds */
    char who[ANCHOR_WHO]; /* from outside */
};

/* Faults: UNKNOWN nobody of this kind is trusted, or another authority than those made the stamp;
 * MISSING none of the trusted witnesses signed;
 * stamp_verify's; note_verify's. */
MUST_CHECK struct fault anchor_verify(const struct anchor *a, const struct anchor_trust *t,
                                      struct anchored *out);

#endif
