/*
 * order.h - what desk asks keeper to sign: the bodies of ipc/message.h's SIGN, COSIGN, PEER,
 * CATCH_UP and HELLO_SIGN, read strictly.
 *
 * Everything is borrowed from the body. Nothing is believed: seal.h judges.
 */
#ifndef PARLEY_KEEPER_ORDER_H
#define PARLEY_KEEPER_ORDER_H

#include "hotline/frame.h"
#include "release/holds.h"

enum {
    ORDER_ENTRIES = FRAME_ENTRIES, /* one head's: what lies between two heads goes in one PUSH */
    ORDER_KEYS = 8,                /* changes of keys in one PUSH; with more it waits */
};

struct order_entry {
    struct bytes text, permit, disclosed;
    size_t decision_count;
    struct decision_given decision[PERMIT_OFFICERS];
};

/* SIGN and CATCH_UP (which has a note, and no permits and decisions). */
struct order_sign {
    struct bytes agreement, note;
    uint64_t first;
    size_t count;
    struct order_entry entry[ORDER_ENTRIES];
};

/* A KEYS entry of the partner's, one of the leaves. */
struct order_keys {
    uint64_t index;
    struct bytes entry, document;
};

struct order_cosign {
    struct bytes agreement, note;
    uint64_t first;
    size_t count;
    struct digest leaf[ORDER_ENTRIES];
    size_t key_count;
    struct order_keys keys[ORDER_KEYS];
};

struct order_peer {
    struct bytes agreement, entry, document;
};

struct order_hello {
    struct bytes agreement;
    uint32_t link;
    struct bytes bytes;
};

/* Faults of all: SHORT, LIMIT, EXTRA. *out may be written in part on a fault. */
MUST_CHECK struct fault order_sign_parse(struct bytes body, struct order_sign *out);
MUST_CHECK struct fault order_catch_up_parse(struct bytes body, struct order_sign *out);
MUST_CHECK struct fault order_cosign_parse(struct bytes body, struct order_cosign *out);
MUST_CHECK struct fault order_peer_parse(struct bytes body, struct order_peer *out);
MUST_CHECK struct fault order_hello_parse(struct bytes body, struct order_hello *out);

/* Append the bodies: for desk, and for tests. */
void order_sign_write(const struct order_sign *o, struct buf *out);
void order_catch_up_write(const struct order_sign *o, struct buf *out);
void order_cosign_write(const struct order_cosign *o, struct buf *out);
void order_peer_write(const struct order_peer *o, struct buf *out);
void order_hello_write(const struct order_hello *o, struct buf *out);

#endif
