/*
 * asking.h - the bodies of ASK and ANSWER: one HTTP request on its way from gate to exchange, and
 * what goes back. message.h gives each.
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
    ASKING_LINE = 16 << 10, /* path, query, and each header: HTTP_HEADERS holds all together */
    ASKING_BODY = 4 << 20,  /* EXCHANGE_CONTENT */
    ASKING_ANSWER = 5 << 20,
    ASKING_PIN = 32,
};

struct asking {
    uint64_t number; /* gate's */
    uint8_t method;  /* enum exchange_method */
    struct bytes path, query, accept, content_type, authorization;
    bool has_pin;
    uint8_t pin[ASKING_PIN];
    struct bytes body;
};

struct answering {
    uint64_t number;
    uint16_t status;
    bool challenge, has_dates;
    int64_t first, last; /* microseconds */
    struct bytes body;
};

/* The writers append. The parsers borrow from the message: SHORT, LIMIT, EXTRA, RANGE (a flag). */
void asking_write(const struct asking *a, struct buf *out);
MUST_CHECK struct fault asking_parse(struct bytes message, struct asking *out);
void answering_write(const struct answering *a, struct buf *out);
MUST_CHECK struct fault answering_parse(struct bytes message, struct answering *out);

#endif
