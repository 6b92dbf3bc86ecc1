/*
 * asking.h - one HTTP request on its way from gate to exchange, what goes back, the body of a POST
 * on its way through judge, and what desk says that exchange may give away. message.h names the
 * messages.
 *
 * A request is a stranger's bytes; nothing here looks into it.
 */
#ifndef PARLEY_IPC_ASKING_H
#define PARLEY_IPC_ASKING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/fault.h"

enum {
    ASKING_LINE = 16 << 10,  /* path, query, and each header: HTTP_HEADERS holds all together */
    ASKING_FROM = 64,        /* an address as text */
    ASKING_BODY = 4 << 20,   /* of a POST: EXCHANGE_CONTENT */
    ASKING_JUDGED = 7 << 19, /* 5,000 objects with the longest names; its MESSAGE_MAX holds both */
    ASKING_ANSWER = 6 << 20, /* a page, and the greatest object at its end */
    ASKING_PIN = 32,
    ASKING_RELEASED = 1024, /* digests in one RELEASED: those of one SHARE */
};

/* ASK */
struct asking {
    uint64_t number; /* gate's */
    uint8_t method;  /* enum exchange_method */
    struct bytes path, query, accept, content_type, authorization;
    struct bytes from; /* the client's address, for rates */
    bool has_pin;
    uint8_t pin[ASKING_PIN];
};

/* ANSWER */
struct answering {
    uint64_t number;
    uint16_t status;
    bool challenge, has_dates;
    int64_t first, last; /* microseconds */
    uint8_t allow;       /* bits of enum exchange_method: what the path takes */
    uint16_t retry;      /* seconds after which to ask again; 0: nothing is said */
    struct bytes body;
};

/* POSTED, and ENVELOPE with `judged`. */
struct posting {
    uint64_t number;
    struct bytes body;
    struct bytes judged; /* judged_write's; empty in POSTED */
};

/* The writers append. The parsers borrow from the message: SHORT, LIMIT, EXTRA, RANGE (a flag). */
void asking_write(const struct asking *a, struct buf *out);
MUST_CHECK struct fault asking_parse(struct bytes message, struct asking *out);
void answering_write(const struct answering *a, struct buf *out);
void answering_head_write(const struct answering *a, struct buf *out); /* all but the body */
MUST_CHECK struct fault answering_parse(struct bytes message, struct answering *out);
void posting_write(const struct posting *p, struct buf *out);
MUST_CHECK struct fault posting_parse(struct bytes message, struct posting *out);

/* RELEASED */
struct releasing {
    struct bytes agreement;
    uint8_t tlp; /* enum tlp; NONE: taken back */
    bool theirs; /* the partner took back what he had shared */
    uint32_t count;
    struct bytes digests; /* 32 bytes each */
};

void releasing_write(const struct releasing *r, struct buf *out);
MUST_CHECK struct fault releasing_parse(struct bytes message, struct releasing *out);

/* ADMIT and FORGET: a number alone. */
MUST_CHECK struct fault asking_number_parse(struct bytes message, uint64_t *out);

#endif
