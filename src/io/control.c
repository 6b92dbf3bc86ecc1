#include "io/control.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cursor.h"
#include "io/file.h"

enum { HEAD = 9, FDS = 2, FDS_HEARD = 4 };

static const char rule[] = "control: message";

struct fault control_pair(int out[2])
{
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return fault_io("control: socketpair");
    out[0] = pair[0];
    out[1] = pair[1];
    return fault_none();
}

/* A sealed memory file with these bytes. */
static struct fault memory_file(struct bytes content, int *out)
{
    int fd = memfd_create("parley", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    struct fault f = fault_none();

    if (fd < 0)
        return fault_io("control: memory file");
    for (size_t at = 0; at < content.len && !fault_is(f);) {
        ssize_t put = write(fd, content.data + at, content.len - at);

        if (put < 0 && errno != EINTR)
            f = fault_io("control: memory file");
        at += put > 0 ? (size_t)put : 0;
    }
    if (!fault_is(f) &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
        f = fault_io("control: seal");
    if (fault_is(f))
        close(fd);
    else
        *out = fd;
    return f;
}

/* Room for a few descriptors, aligned as the kernel wants it. */
union ancillary {
    struct cmsghdr align;
    char room[CMSG_SPACE(sizeof(int) * FDS_HEARD)];
};

static struct fault send_packet(int socket, struct bytes packet, const int *fds, size_t count)
{
    union ancillary extra = {0};
    union {
        const uint8_t *in;
        void *out;
    } data = {.in = packet.data};
    struct iovec piece = {.iov_base = data.out, .iov_len = packet.len};
    struct msghdr m = {.msg_iov = &piece, .msg_iovlen = 1};
    ssize_t sent;

    if (count > 0) {
        struct cmsghdr *head;

        m.msg_control = extra.room;
        m.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        head = CMSG_FIRSTHDR(&m);
        *head = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
                                 .cmsg_type = SCM_RIGHTS,
                                 .cmsg_len = CMSG_LEN(sizeof(int) * count)};
        memcpy(CMSG_DATA(head), fds, sizeof(int) * count);
    }
    do
        sent = sendmsg(socket, &m, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? fault_io("control: send") : fault_none();
}

struct fault control_send(int socket, uint16_t version, uint16_t type, struct bytes body, int fd)
{
    bool aside = body.len > CONTROL_INLINE;
    struct buf packet = {0};
    int fds[FDS], memory = -1;
    size_t count = 0;
    struct fault f = fault_none();

    if (body.len > CONTROL_MAX)
        return fault_make(FAULT_LIMIT, body.len, rule);
    if (aside) {
        f = memory_file(body, &memory);
        if (fault_is(f))
            return f;
        fds[count++] = memory;
    }
    if (fd >= 0)
        fds[count++] = fd;
    buf_u32(&packet, (uint32_t)body.len);
    buf_u16(&packet, type);
    buf_u16(&packet, version);
    buf_byte(&packet, aside);
    if (!aside)
        buf_bytes(&packet, body);
    f = send_packet(socket, buf_view(&packet), fds, count);
    buf_wipe(&packet);
    if (memory >= 0)
        close(memory);
    return f;
}

/* Descriptors that came along; every one of them is ours to close from here on. */
static size_t descriptors_of(struct msghdr *m, int *out)
{
    size_t count = 0;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
        size_t bytes = c->cmsg_len - CMSG_LEN(0);

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < bytes / sizeof(int) && count < FDS_HEARD; i++)
            memcpy(&out[count++], CMSG_DATA(c) + i * sizeof(int), sizeof(int));
    }
    return count;
}

static struct fault receive_packet(int socket, struct buf *out, int *fds, size_t *count)
{
    union ancillary extra;
    struct iovec piece;
    struct msghdr m = {.msg_iov = &piece, .msg_iovlen = 1};
    ssize_t got;

    buf_need(out, HEAD + CONTROL_INLINE);
    piece = (struct iovec){.iov_base = out->data, .iov_len = HEAD + CONTROL_INLINE};
    m.msg_control = extra.room;
    m.msg_controllen = sizeof extra.room;
    do
        got = recvmsg(socket, &m, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return fault_io("control: receive");
    out->len = (size_t)got;
    *count = descriptors_of(&m, fds);
    if (got == 0)
        return fault_make(FAULT_SHORT, 0, "control: the other side is gone");
    if (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
        return fault_make(FAULT_LIMIT, 0, rule);
    return fault_none();
}

/* The body of a packet, from beside it if it says so; uses up the first descriptor then. */
static struct fault body_of(struct bytes packet, enum control_side side, uint16_t version, int *fds,
                            size_t *count, struct control_message *out)
{
    struct cursor in = cursor_over(packet, rule);
    uint32_t length = cursor_u32(&in);
    uint16_t type = cursor_u16(&in);
    uint16_t said = cursor_u16(&in);
    bool aside = cursor_u8(&in) != 0;
    struct fault f;

    if (!cursor_ok(&in))
        return in.fault;
    if (said != version)
        return fault_make(FAULT_UNKNOWN, 6, "control: version");
    if (side == CONTROL_PARENT && (aside || *count > 0))
        return fault_make(FAULT_REFUSED, 0, "control: a descriptor from a process");
    out->type = type;
    if (!aside) {
        buf_bytes(&out->body, cursor_take(&in, length));
        cursor_end(&in);
        return in.fault;
    }
    if (*count == 0)
        return fault_make(FAULT_MISSING, 0, rule);
    f = file_read_fd(fds[0], CONTROL_MAX, &out->body);
    close(fds[0]);
    memmove(fds, fds + 1, sizeof(int) * --*count);
    if (!fault_is(f) && out->body.len != length)
        f = fault_make(FAULT_MISMATCH, 0, rule);
    return f;
}

struct fault control_receive(int socket, enum control_side side, uint16_t version,
                             struct control_message *out)
{
    struct control_message m = {.fd = -1};
    struct buf packet = {0};
    int fds[FDS_HEARD];
    size_t count = 0;
    struct fault f = receive_packet(socket, &packet, fds, &count);

    if (!fault_is(f))
        f = body_of(buf_view(&packet), side, version, fds, &count, &m);
    if (!fault_is(f) && count > 1)
        f = fault_make(FAULT_EXTRA, count, rule);
    buf_wipe(&packet);
    if (fault_is(f)) {
        while (count > 0)
            close(fds[--count]);
        control_done(&m);
        return f;
    }
    if (count == 1)
        m.fd = fds[0];
    *out = m;
    return f;
}

void control_done(struct control_message *m)
{
    buf_wipe(&m->body);
    if (m->fd >= 0)
        close(m->fd);
    m->fd = -1;
}
