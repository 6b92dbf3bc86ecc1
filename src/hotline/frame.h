/*
 * frame.h - what travels on a link between two nodes: docs/PROTOCOL.hotline section 2.
 *
 * Spells the payloads of the six frames, and their five bytes of header. Knows their limits and
 * their arithmetic. Knows no signature, no entry's or document's content, no socket. Everything
 * that a parser hands out is borrowed from the payload.
 */
#ifndef PARLEY_HOTLINE_FRAME_H
#define PARLEY_HOTLINE_FRAME_H

#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/fault.h"
#include "crypto/several.h"

enum frame_type {
    FRAME_NONE = 0,
    FRAME_HELLO,
    FRAME_PUSH,
    FRAME_COSIGN,
    FRAME_REFILL,
    FRAME_MIRROR,
    FRAME_BYE,
    FRAME_TYPES,
};

enum {
    FRAME_HEADER = 5,        /* u32 length of the payload, u8 type */
    FRAME_MAX = 4 << 20,     /* bytes of a payload; PROTOCOL.hotline section 2 */
    FRAME_ENTRIES = 256,     /* entries in one PUSH or MIRROR; section 2 */
    FRAME_NAME = 64,         /* agreement and party ids; AGREEMENT_ID */
    FRAME_ENTRY = 1024,      /* bytes of an entry; ENTRY_MAX */
    FRAME_DOCUMENT = 262144, /* bytes of a document as disclosed; PROTOCOL.ledger section 4 */
    FRAME_NOTE = 65536,      /* a signed note: 16 lines of the longest suite fit (4.5 KiB each
                                is more than ml-dsa-65 takes in base64) */
    FRAME_SUITES = 255,      /* names of eight suites: SEVERAL_NAMES of crypto/several.h, no NUL */
    FRAME_SIGNATURES = SEVERAL_BYTES,
    FRAME_RULE = 128, /* BYE: the rule, a short printable text */
    FRAME_TEXT = 512, /* BYE: what a person reads */
    FRAME_DIGEST = 32,
    FRAME_KEYS = 63, /* KEYS entries in a log; ledger/tenure.h, without the genesis */
};

/* "HELLO" ..; "NONE" for what is no type. */
const char *frame_name(enum frame_type type);

/*
 * Reads the five bytes of a header. *type and *length are written on success alone. Faults: SHORT,
 * UNKNOWN (a type that we do not have), LIMIT (a payload above FRAME_MAX).
 */
MUST_CHECK struct fault frame_header_parse(struct bytes header, enum frame_type *type,
                                           uint32_t *length);
void frame_header_write(enum frame_type type, uint32_t length, struct buf *out);

/* A KEYS entry of the sender's log. */
struct frame_keys {
    uint64_t index;
    struct bytes entry, document; /* as disclosed */
};

struct frame_hello {
    struct bytes agreement;        /* id */
    uint32_t version;              /* of the agreement that the sender has in force */
    struct bytes agreement_digest; /* 32 bytes */
    struct bytes party;            /* the sender */
    uint64_t time;                 /* the sender's clock, seconds since 1970 */
    struct bytes genesis_entry;    /* index 0 of the sender's log */
    struct bytes genesis_document; /* as disclosed */
    uint32_t key_count;            /* KEYS entries of the sender's log, by which it signs now */
    struct frame_keys keys[FRAME_KEYS];
    struct bytes head;    /* note of the receiver's log that the sender cosigned last */
    uint32_t shown_count; /* KEYS entries of the receiver's log below that head */
    struct frame_keys shown[FRAME_KEYS];
    struct bytes suite, signature; /* by the sender's hello keys, as crypto/several.h spells it */
    struct bytes said;             /* the payload up to and without suite and signature */
};

/* Faults of all parsers: SHORT, LIMIT, RANGE, EXTRA; SYNTAX for bytes that are no printable ASCII
 * in a name, suite, rule or text. *out is written on success alone. */
MUST_CHECK struct fault frame_hello_parse(struct bytes payload, struct frame_hello *out);

/* Appends the part that is signed; `said`, suite and signature are not looked at. Then, with
 * frame_hello_sign, what completes the payload. */
void frame_hello_say(const struct frame_hello *hello, struct buf *out);
void frame_hello_sign(struct bytes suite, struct bytes signature, struct buf *out);

struct frame_item {
    struct bytes entry, document; /* an entry's text; its document as disclosed, empty: left out */
};

/* PUSH and MIRROR: entries first .. first+count-1 under a note of size first+count. */
struct frame_push {
    uint64_t first;
    struct bytes note;
    uint32_t count;
    struct frame_item item[FRAME_ENTRIES];
};

/* Also RANGE if first + count is no size that a log can have (INT64_MAX). */
MUST_CHECK struct fault frame_push_parse(struct bytes payload, struct frame_push *out);

/* Appends the payload up to the entries; then frame_item_write `count` times. */
void frame_push_write(uint64_t first, struct bytes note, uint32_t count, struct buf *out);
void frame_item_write(const struct frame_item *item, struct buf *out);

/* Bytes that these will add: to choose a range that fits into FRAME_MAX. */
size_t frame_push_size(struct bytes note);
size_t frame_item_size(const struct frame_item *item);

MUST_CHECK struct fault frame_cosign_parse(struct bytes payload, struct bytes *note);
void frame_cosign_write(struct bytes note, struct buf *out);

MUST_CHECK struct fault frame_refill_parse(struct bytes payload, uint64_t *from);
void frame_refill_write(uint64_t from, struct buf *out);

struct frame_bye {
    struct bytes rule, text; /* printable ASCII; untrusted all the same */
};

MUST_CHECK struct fault frame_bye_parse(struct bytes payload, struct frame_bye *out);

/* Appends; both are cut to their limits and bytes that are no printable ASCII become '?'. */
void frame_bye_write(struct bytes rule, struct bytes text, struct buf *out);

#endif
