#include "io/channel.h"

#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/memory.h"

enum { READ_STEP = 64 << 10, KEEP_ROOM = 256 << 10, VECTORS = 16 };

struct channel {
    const struct channel_use *use;
    void *context;
    int fd;
    struct loop_fd *ear;
    struct loop_timer *later; /* rings in the next round: leftovers, or the death to be told */
    struct buf in;
    size_t in_at; /* bytes of `in` already delivered */
    struct evbuffer *out;
    bool full;       /* may_send said no and drained is owed */
    bool paused;     /* by the owner */
    bool mute;       /* the other side reads no more; what it said before is still read */
    bool dead;       /* `why` holds; closed is owed or was called */
    bool told;       /* closed was called */
    bool busy;       /* one of our two callbacks is on the stack */
    bool free_later; /* freed inside one of them */
    struct fault why;
};

struct fault channel_head_parse(struct bytes head, const struct channel_use *use, uint32_t *length,
                                uint16_t *type)
{
    struct cursor in = cursor_over(head, "channel: head of a message");
    uint32_t body = cursor_u32(&in);
    uint16_t kind = cursor_u16(&in);
    uint16_t version = cursor_u16(&in);

    cursor_end(&in);
    if (cursor_ok(&in) && version != use->version)
        return fault_make(FAULT_UNKNOWN, 6, "channel: version of a message");
    if (cursor_ok(&in) && body > use->body_max)
        return fault_make(FAULT_LIMIT, 0, "channel: longest message");
    if (cursor_ok(&in)) {
        *length = body;
        *type = kind;
    }
    return in.fault;
}

void channel_head_write(struct buf *b, uint16_t version, uint16_t type, uint32_t length)
{
    buf_u32(b, length);
    buf_u16(b, type);
    buf_u16(b, version);
}

static void channel_really_free(struct channel *c)
{
    loop_fd_free(c->ear);
    loop_timer_free(c->later);
    evbuffer_free(c->out);
    buf_done(&c->in);
    close(c->fd);
    free(c);
}

void channel_free(struct channel *c)
{
    if (c == NULL)
        return;
    c->dead = c->told = true;
    if (c->busy)
        c->free_later = true;
    else
        channel_really_free(c);
}

/* Ends a callback of ours; the owner may have freed the channel inside it. False if he did. */
static bool channel_back(struct channel *c)
{
    bool here = !c->free_later;

    c->busy = false;
    if (!here)
        channel_really_free(c);
    return here;
}

static void channel_listen(struct channel *c)
{
    unsigned want = 0;

    if (!c->dead && !c->paused)
        want |= LOOP_READ;
    if (!c->dead && evbuffer_get_length(c->out) > 0)
        want |= LOOP_WRITE;
    loop_fd_want(c->ear, want);
}

static void channel_die(struct channel *c, struct fault why)
{
    if (c->dead)
        return;
    c->dead = true;
    c->why = why;
    evbuffer_drain(c->out, evbuffer_get_length(c->out));
    channel_listen(c);
    loop_timer_in(c->later, 0);
}

/* Nobody reads at the other end. What it wrote before it went is still to be delivered; the end
 * of that tells of the death. */
static void channel_mute(struct channel *c)
{
    c->mute = true;
    evbuffer_drain(c->out, evbuffer_get_length(c->out));
}

/* Hands pieces to the kernel, as much as it takes: *sent. False: it takes no more now. */
static bool channel_push(struct channel *c, struct iovec *piece, size_t count, size_t *sent)
{
    struct msghdr message = {.msg_iov = piece, .msg_iovlen = count};
    ssize_t done = sendmsg(c->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);

    *sent = done > 0 ? (size_t)done : 0;
    if (done >= 0)
        return true;
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return false;
    if (errno == EPIPE || errno == ECONNRESET)
        channel_mute(c);
    else if (errno != EINTR)
        channel_die(c, fault_io("channel: send"));
    return true;
}

/* Hands what is queued to the kernel. */
static void channel_flush(struct channel *c)
{
    while (!c->dead && evbuffer_get_length(c->out) > 0) {
        struct evbuffer_iovec piece[VECTORS];
        int count = evbuffer_peek(c->out, -1, NULL, piece, VECTORS);
        size_t sent;

        if (!channel_push(c, piece, (size_t)(count < VECTORS ? count : VECTORS), &sent))
            break;
        evbuffer_drain(c->out, sent);
    }
    channel_listen(c);
}

static bool channel_tell_drained(struct channel *c)
{
    if (c->dead || !c->full || evbuffer_get_length(c->out) > CHANNEL_HIGH / 2)
        return true;
    c->full = false;
    if (c->use->drained == NULL)
        return true;
    c->use->drained(c->context);
    return !c->free_later;
}

/* Delivers one message if a whole one is there. False: nothing more to deliver now, or freed
 * (*alive says which). */
static bool channel_deliver(struct channel *c, bool *alive)
{
    struct bytes have = bytes_of(c->in.data + c->in_at, c->in.len - c->in_at);
    uint32_t length = 0;
    uint16_t type = 0;
    struct fault f;

    if (c->dead || c->paused || have.len < CHANNEL_HEAD)
        return false;
    f = channel_head_parse(bytes_of(have.data, CHANNEL_HEAD), c->use, &length, &type);
    if (fault_is(f)) {
        channel_die(c, f);
        return false;
    }
    if (have.len - CHANNEL_HEAD < length)
        return false;
    c->in_at += CHANNEL_HEAD + (size_t)length;
    c->use->message(c->context, type, bytes_of(have.data + CHANNEL_HEAD, length));
    *alive = !c->free_later;
    return *alive;
}

/* All whole messages that are here. False if the channel was freed meanwhile. */
static bool channel_deliver_all(struct channel *c)
{
    bool alive = true;

    while (channel_deliver(c, &alive))
        ;
    if (!alive)
        return false;
    buf_drop(&c->in, c->in_at);
    c->in_at = 0;
    if (c->in.len == 0 && c->in.room > KEEP_ROOM)
        buf_done(&c->in);
    return true;
}

static void channel_end(struct channel *c)
{
    if (c->in.len > c->in_at)
        channel_die(
            c, fault_make(FAULT_SHORT, c->in.len - c->in_at, "channel: closed inside a message"));
    else
        channel_die(c, fault_none());
}

/* Reads one step and delivers. False if there is nothing more now, or the channel is gone. */
static bool channel_read_step(struct channel *c)
{
    ssize_t got;

    buf_need(&c->in, READ_STEP);
    got = read(c->fd, c->in.data + c->in.len, READ_STEP);
    if (got > 0) {
        c->in.len += (size_t)got;
        return channel_deliver_all(c) && got == READ_STEP && !c->dead && !c->paused;
    }
    if (got == 0)
        channel_end(c);
    else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
        channel_die(c, fault_io("channel: read"));
    return false;
}

static void channel_ready(void *context, unsigned what)
{
    struct channel *c = context;
    size_t left = CHANNEL_TURN / READ_STEP;

    c->busy = true; /* keeps it whole until we are through */
    if (what & LOOP_WRITE)
        channel_flush(c);
    if (channel_tell_drained(c) && (what & LOOP_READ) && !c->dead && !c->paused)
        while (left-- > 0 && !c->free_later && channel_read_step(c))
            ;
    if (channel_back(c))
        channel_listen(c);
}

/* In the next round: tell of a death, or deliver what was here when the pause ended. */
static void channel_later(void *context)
{
    struct channel *c = context;

    c->busy = true;
    if (!c->dead && channel_tell_drained(c) && channel_deliver_all(c) && !c->dead)
        channel_listen(c);
    if (c->dead && !c->told) {
        c->told = true;
        c->use->closed(c->context, c->why);
    }
    channel_back(c);
}

struct channel *channel_new(struct loop *l, int fd, const struct channel_use *use, void *context)
{
    struct channel *c = memory_zeroed(1, sizeof *c);

    *c = (struct channel){.use = use, .context = context, .fd = fd};
    c->out = evbuffer_new();
    if (c->out == NULL)
        die("libevent: no buffer\n");
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
        die("channel: not a descriptor\n");
    c->ear = loop_fd_new(l, fd, channel_ready, c);
    c->later = loop_timer_new(l, channel_later, c);
    channel_listen(c);
    return c;
}

/* Queues what is behind the first `sent` bytes of the pieces. */
static void channel_queue(struct channel *c, const struct iovec *piece, size_t count, size_t sent)
{
    for (size_t i = 0; i < count; i++) {
        size_t skip = sent < piece[i].iov_len ? sent : piece[i].iov_len;

        sent -= skip;
        if (evbuffer_add(c->out, (const uint8_t *)piece[i].iov_base + skip,
                         piece[i].iov_len - skip) != 0)
            die("channel: out of memory\n");
    }
}

void channel_send(struct channel *c, uint16_t type, struct bytes body)
{
    channel_send_two(c, type, body, bytes_of(NULL, 0));
}

void channel_send_two(struct channel *c, uint16_t type, struct bytes body, struct bytes tail)
{
    struct buf head = {0};
    struct iovec piece[3];
    size_t sent = 0;

    assert(body.len <= c->use->body_max && tail.len <= c->use->body_max - body.len);
    if (c->dead || c->mute)
        return;
    if (evbuffer_get_length(c->out) + body.len + tail.len > CHANNEL_HARD) {
        channel_die(c, fault_make(FAULT_LIMIT, evbuffer_get_length(c->out),
                                  "channel: sent on without asking"));
        return;
    }
    channel_head_write(&head, c->use->version, type, (uint32_t)(body.len + tail.len));
    piece[0] = (struct iovec){head.data, head.len};
    piece[1] = (struct iovec){(uint8_t *)(uintptr_t)body.data, body.len};
    piece[2] = (struct iovec){(uint8_t *)(uintptr_t)tail.data, tail.len};
    if (evbuffer_get_length(c->out) == 0) /* the kernel copies them: one copy is enough */
        channel_push(c, piece, 3, &sent);
    if (!c->dead && !c->mute)
        channel_queue(c, piece, 3, sent);
    buf_done(&head);
    channel_flush(c);
    if (evbuffer_get_length(c->out) > CHANNEL_HIGH)
        c->full = true;
    else if (c->full && evbuffer_get_length(c->out) <= CHANNEL_HIGH / 2)
        loop_timer_in(c->later, 0); /* drained is owed, and no write event may come */
}

bool channel_may_send(const struct channel *c)
{
    return !c->dead && !c->mute && !c->full;
}

size_t channel_queued(const struct channel *c)
{
    return evbuffer_get_length(c->out);
}

void channel_pause(struct channel *c)
{
    c->paused = true;
    channel_listen(c);
}

void channel_resume(struct channel *c)
{
    if (!c->paused)
        return;
    c->paused = false;
    channel_listen(c);
    if (!c->dead)
        loop_timer_in(c->later, 0);
}
