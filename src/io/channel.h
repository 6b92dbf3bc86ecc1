/*
 * channel.h - messages between two of our processes, over one end of a stream socketpair.
 *
 * A message is u32 length of the body, u16 type, u16 version, body; numbers big-endian. What the
 * types mean stands in ipc/message.h: this floor knows only the numbers it is given.
 *
 * No queue here can grow without end. What goes out waits in memory up to CHANNEL_HIGH without
 * anybody's noticing; beyond it channel_may_send says no until half of it is gone and `drained`
 * was called. Whoever has a source he can stop reading asks first and stops; whoever does not
 * ask finds the channel closed at CHANNEL_HARD. What comes in waits in the socket while the
 * channel is paused.
 */
#ifndef PARLEY_IO_CHANNEL_H
#define PARLEY_IO_CHANNEL_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/fault.h"
#include "io/loop.h"

enum {
    CHANNEL_HEAD = 8,        /* bytes before the body */
    CHANNEL_HIGH = 1 << 20,  /* queued bytes from which may_send says no: a few frames' worth */
    CHANNEL_HARD = 64 << 20, /* queued bytes at which the channel closes: ten messages of the
                                greatest size beyond HIGH, so that answers in hand still fit */
    CHANNEL_TURN = 256 << 10 /* bytes read in one round of the loop, so that none starves */
};

/* What travels on this channel and who hears it. */
struct channel_use {
    uint16_t version;  /* of every message, both ways */
    uint32_t body_max; /* longest body, both ways */
    /* One whole message; `body` is borrowed until the callback returns. */
    void (*message)(void *context, uint16_t type, struct bytes body);
    /* channel_may_send says yes again. May be NULL. */
    void (*drained)(void *context);
    /* The channel is dead and says nothing more: NONE when the other side closed it between two
     * messages, SHORT inside one, LIMIT, UNKNOWN (version), IO. Called once, always from the
     * loop and never from inside channel_send. The owner still frees the channel (here, too). */
    void (*closed)(void *context, struct fault why);
};

struct channel;

/* Takes over `fd` (made non-blocking, closed with the channel). `use` must outlive it. */
struct channel *channel_new(struct loop *l, int fd, const struct channel_use *use, void *context);
void channel_free(struct channel *c); /* NULL is fine; what is queued is lost; from anywhere */

/* Queues one message and sends what the socket takes now. Nothing happens on a dead channel.
 * A body above body_max is our own mistake. */
void channel_send(struct channel *c, uint16_t type, struct bytes body);

/* The same, with a body of two parts that need not lie together. */
void channel_send_two(struct channel *c, uint16_t type, struct bytes body, struct bytes tail);

/* May more be sent without filling memory? False for a dead channel. */
bool channel_may_send(const struct channel *c);

/* Bytes queued and not yet with the kernel. */
size_t channel_queued(const struct channel *c);

/* Stops and goes on delivering messages; the socket fills meanwhile and the sender notices. To
 * be used only towards the source of the work, never on the channel that brings the answers one
 * waits for: two processes that paused each other would wait for ever. */
void channel_pause(struct channel *c);
void channel_resume(struct channel *c);

/* Reads a head: the length of the body and the type. `head` has CHANNEL_HEAD bytes.
 * UNKNOWN (version), LIMIT. */
MUST_CHECK struct fault channel_head_parse(struct bytes head, const struct channel_use *use,
                                           uint32_t *length, uint16_t *type);
void channel_head_write(struct buf *b, uint16_t version, uint16_t type, uint32_t length);

#endif
