/*
 * link.h - the bodies of the messages about links, which gate, judge and desk share: LINK_UP,
 * LINK_DOWN, FRAME, SEND, CLOSE (message.h gives each).
 *
 * A payload is a partner's or goes to him; nothing here looks into it.
 */
#ifndef PARLEY_IPC_LINK_H
#define PARLEY_IPC_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/fault.h"

enum {
    LINK_NAME = 64,         /* agreement and party ids */
    LINK_ADDRESS = 80,      /* "[address]:port" */
    LINK_RULE = 200,        /* a rule, or why a link went down */
    LINK_TEXT = 1000,       /* words for a person */
    LINK_PAYLOAD = 4 << 20, /* PROTOCOL.hotline section 2 */
    LINK_EXPORTER = 32,
};

struct link_up {
    uint32_t link; /* gate's number; never used again while gate runs */
    struct bytes agreement, party;
    bool dialled;                    /* by us */
    uint8_t exporter[LINK_EXPORTER]; /* TLS exporter "EXPORTER-parley-hello" */
    struct bytes address;            /* the other end, for people */
};

struct link_frame { /* FRAME and SEND */
    uint32_t link;
    uint8_t type;
    struct bytes payload;
};

struct link_end { /* CLOSE: rule and text; LINK_DOWN: why in `rule`, no text */
    uint32_t link;
    struct bytes rule, text;
};

/* The writers append. The parsers borrow from the body: SHORT, LIMIT, EXTRA, RANGE (a flag). */
void link_up_write(const struct link_up *u, struct buf *out);
MUST_CHECK struct fault link_up_parse(struct bytes body, struct link_up *out);
void link_frame_write(const struct link_frame *f, struct buf *out);
MUST_CHECK struct fault link_frame_parse(struct bytes body, struct link_frame *out);
void link_close_write(const struct link_end *e, struct buf *out);
MUST_CHECK struct fault link_close_parse(struct bytes body, struct link_end *out);
void link_down_write(uint32_t link, struct bytes why, struct buf *out);
MUST_CHECK struct fault link_down_parse(struct bytes body, struct link_end *out);

#endif
