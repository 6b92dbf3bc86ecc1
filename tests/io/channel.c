#include "io/channel.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "test.h"

enum { VERSION = 3, BODY = 6 << 20 };

struct heard {
    struct channel *channel;
    unsigned messages, drained, closed;
    size_t bytes;
    uint64_t sum; /* over types and bodies, in order */
    struct fault why;
    bool free_in_message, free_in_closed, pause_in_message;
};

static void hear(void *context, uint16_t type, struct bytes body)
{
    struct heard *h = context;

    h->messages++;
    h->bytes += body.len;
    h->sum = h->sum * 31 + type;
    for (size_t i = 0; i < body.len; i++)
        h->sum = h->sum * 31 + body.data[i];
    if (h->pause_in_message)
        channel_pause(h->channel);
    if (h->free_in_message) {
        channel_free(h->channel);
        h->channel = NULL;
    }
}

static void drained(void *context)
{
    ((struct heard *)context)->drained++;
}

static void closed(void *context, struct fault why)
{
    struct heard *h = context;

    h->closed++;
    h->why = why;
    if (h->free_in_closed) {
        channel_free(h->channel);
        h->channel = NULL;
    }
}

static const struct channel_use use = {
    .version = VERSION, .body_max = BODY, .message = hear, .drained = drained, .closed = closed};

static void pair(int *out)
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, out), 0);
}

static void turn(struct loop *l, unsigned rounds)
{
    while (rounds-- > 0)
        loop_turn(l, 100);
}

static uint32_t random_next(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

static void put(struct buf *b, uint16_t version, uint16_t type, uint32_t length, size_t have)
{
    channel_head_write(b, version, type, length);
    for (size_t i = 0; i < have; i++)
        buf_byte(b, (uint8_t)(type + i * 7));
}

/* Whatever the cuts between reads, the messages that come out are those that went in. */
static void messages_survive_any_split(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 24; seed++) {
        struct loop *l = loop_new();
        struct heard h = {0};
        struct buf wire = {0};
        uint32_t random = seed;
        uint64_t sum = 0;
        int fd[2];

        pair(fd);
        h.channel = channel_new(l, fd[0], &use, &h);
        for (unsigned i = 0; i < 50; i++) {
            uint16_t type = (uint16_t)random_next(&random);
            uint32_t length = random_next(&random) % (i % 10 == 0 ? 90000 : 40);

            put(&wire, VERSION, type, length, length);
            sum = sum * 31 + type;
            for (size_t k = 0; k < length; k++)
                sum = sum * 31 + wire.data[wire.len - length + k];
        }
        for (size_t at = 0; at < wire.len;) {
            size_t most = seed % 3 == 0 ? 3000 : 70000, step = 1 + random_next(&random) % most;
            ssize_t put_now;

            step = step > wire.len - at ? wire.len - at : step;
            put_now = send(fd[1], wire.data + at, step, MSG_DONTWAIT);
            at += put_now > 0 ? (size_t)put_now : 0;
            loop_turn(l, 100);
        }
        turn(l, 20);
        assert_int_equal(h.messages, 50);
        assert_true(h.sum == sum);
        close(fd[1]);
        turn(l, 3);
        assert_int_equal(h.closed, 1);
        assert_int_equal(h.why.kind, FAULT_NONE);
        channel_free(h.channel);
        buf_done(&wire);
        loop_free(l);
    }
}

static void a_message_that_breaks_a_rule_closes_the_channel(void **state)
{
    static const struct {
        const char *name;
        uint16_t version;
        uint32_t length;
        size_t have;
        enum fault_kind kind;
    } wrong[] = {
        {"the body is longer than the longest", VERSION, BODY + 1, 10, FAULT_LIMIT},
        {"the length is all ones", VERSION, UINT32_MAX, 10, FAULT_LIMIT},
        {"another version", VERSION + 1, 4, 4, FAULT_UNKNOWN},
        {"version zero", 0, 4, 4, FAULT_UNKNOWN},
        {"closed inside the body", VERSION, 11, 10, FAULT_SHORT},
        {"closed after the head", VERSION, 1, 0, FAULT_SHORT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct loop *l = loop_new();
        struct heard h = {0};
        struct buf wire = {0};
        int fd[2];

        pair(fd);
        h.channel = channel_new(l, fd[0], &use, &h);
        put(&wire, VERSION, 1, 5, 5);
        put(&wire, wrong[i].version, 2, wrong[i].length, wrong[i].have);
        assert_int_equal(write(fd[1], wire.data, wire.len), wire.len);
        close(fd[1]);
        turn(l, 5);
        assert_int_equal(h.messages, 1); /* the good one before was heard */
        assert_int_equal(h.closed, 1);
        if (h.why.kind != wrong[i].kind)
            fail_msg("%s: %s", wrong[i].name, fault_word(h.why.kind));
        channel_send(h.channel, 1, bytes_text("into the void"));
        turn(l, 3);
        assert_int_equal(h.closed, 1); /* told once */
        channel_free(h.channel);
        buf_done(&wire);
        loop_free(l);
    }
}

static void every_prefix_of_a_message_is_short(void **state)
{
    struct buf wire = {0};

    (void)state;
    put(&wire, VERSION, 9, 12, 12);
    for (size_t cut = 1; cut < wire.len; cut++) {
        struct loop *l = loop_new();
        struct heard h = {0};
        int fd[2];

        pair(fd);
        h.channel = channel_new(l, fd[0], &use, &h);
        assert_int_equal(write(fd[1], wire.data, cut), cut);
        close(fd[1]);
        turn(l, 3);
        assert_int_equal(h.messages, 0);
        assert_int_equal(h.closed, 1);
        assert_int_equal(h.why.kind, FAULT_SHORT);
        channel_free(h.channel);
        loop_free(l);
    }
    buf_done(&wire);
}

/* The sender who asks never has more than HIGH and one message in memory, however slow the other
 * side is; nothing is lost and nothing stands still. */
static void a_slow_reader_stops_a_sender_who_asks(void **state)
{
    enum { MESSAGES = 400, LENGTH = 200000 };
    struct loop *l = loop_new();
    struct heard from = {0}, to = {0};
    uint8_t *body = memory_zeroed(1, LENGTH);
    unsigned sent = 0, refused = 0;
    int fd[2];

    (void)state;
    pair(fd);
    from.channel = channel_new(l, fd[0], &use, &from);
    to.channel = channel_new(l, fd[1], &use, &to);
    channel_pause(to.channel);
    for (unsigned round = 0; to.messages < MESSAGES && round < 100000; round++) {
        while (sent < MESSAGES && channel_may_send(from.channel)) {
            channel_send(from.channel, 7, bytes_of(body, LENGTH));
            sent++;
            assert_true(channel_queued(from.channel) <= CHANNEL_HIGH + LENGTH + CHANNEL_HEAD);
        }
        refused += !channel_may_send(from.channel);
        if (round == 50)
            assert_true(sent < 20); /* paused: it came to a stop by itself */
        if (round >= 50)
            (round % 3 == 0 ? channel_resume : channel_pause)(to.channel);
        loop_turn(l, 200);
    }
    assert_int_equal(to.messages, MESSAGES);
    assert_true(to.bytes == (size_t)MESSAGES * LENGTH);
    assert_true(refused > 0 && from.drained > 0);
    assert_int_equal(from.closed + to.closed, 0);
    channel_free(from.channel);
    channel_free(to.channel);
    free(body);
    loop_free(l);
}

static void a_sender_who_never_asks_is_closed_at_the_hard_limit(void **state)
{
    struct loop *l = loop_new();
    struct heard from = {0}, to = {0};
    uint8_t *body = memory_zeroed(1, BODY);
    int fd[2];

    (void)state;
    pair(fd);
    from.channel = channel_new(l, fd[0], &use, &from);
    to.channel = channel_new(l, fd[1], &use, &to);
    channel_pause(to.channel);
    for (unsigned i = 0; i < 40; i++) {
        channel_send(from.channel, 7, bytes_of(body, BODY));
        assert_true(channel_queued(from.channel) <= CHANNEL_HARD + CHANNEL_HEAD);
    }
    assert_int_equal(from.closed, 0); /* never told from inside channel_send */
    turn(l, 3);
    assert_int_equal(from.closed, 1);
    assert_int_equal(from.why.kind, FAULT_LIMIT);
    assert_int_equal(channel_queued(from.channel), 0);
    channel_free(from.channel);
    channel_free(to.channel);
    free(body);
    loop_free(l);
}

static void drained_is_told_even_if_sending_itself_emptied_the_queue(void **state)
{
    struct loop *l = loop_new();
    struct heard from = {0};
    uint8_t *body = memory_zeroed(1, 2 << 20), sink[65536];
    int fd[2];

    (void)state;
    pair(fd);
    from.channel = channel_new(l, fd[0], &use, &from);
    channel_send(from.channel, 7, bytes_of(body, 2 << 20));
    assert_false(channel_may_send(from.channel));
    for (unsigned i = 0; i < 100 && channel_queued(from.channel) > 0; i++) {
        while (recv(fd[1], sink, sizeof sink, MSG_DONTWAIT) > 0)
            ;
        channel_send(from.channel, 7, bytes_of(NULL, 0));
    }
    turn(l, 3);
    assert_int_equal(from.drained, 1);
    assert_true(channel_may_send(from.channel));
    channel_free(from.channel);
    close(fd[1]);
    free(body);
    loop_free(l);
}

static void a_paused_channel_delivers_the_rest_when_it_is_resumed(void **state)
{
    struct loop *l = loop_new();
    struct heard h = {.pause_in_message = true};
    struct buf wire = {0};
    int fd[2];

    (void)state;
    pair(fd);
    h.channel = channel_new(l, fd[0], &use, &h);
    for (uint16_t i = 0; i < 5; i++)
        put(&wire, VERSION, i, 5, 5);
    assert_int_equal(write(fd[1], wire.data, wire.len), wire.len);
    for (unsigned i = 1; i <= 5; i++) {
        turn(l, 4);
        assert_int_equal(h.messages, i);
        channel_resume(h.channel);
    }
    turn(l, 4);
    assert_int_equal(h.messages, 5);
    channel_free(h.channel);
    close(fd[1]);
    buf_done(&wire);
    loop_free(l);
}

static void a_channel_may_be_freed_in_its_own_callbacks(void **state)
{
    (void)state;
    for (unsigned which = 0; which < 2; which++) {
        struct loop *l = loop_new();
        struct heard h = {.free_in_message = which == 0, .free_in_closed = which == 1};
        struct buf wire = {0};
        int fd[2];

        pair(fd);
        h.channel = channel_new(l, fd[0], &use, &h);
        put(&wire, VERSION, 1, 5, 5);
        put(&wire, VERSION, 2, 5, 5);
        assert_int_equal(write(fd[1], wire.data, wire.len), wire.len);
        close(fd[1]);
        turn(l, 5);
        assert_null(h.channel);
        assert_int_equal(h.messages, which == 0 ? 1 : 2);
        buf_done(&wire);
        loop_free(l);
    }
}

/* A process that says its last word and dies is heard, also by one that was just writing to it. */
static void the_last_words_of_a_dead_process_are_heard(void **state)
{
    struct loop *l = loop_new();
    struct heard h = {0};
    struct buf wire = {0};
    int fd[2];

    (void)state;
    pair(fd);
    h.channel = channel_new(l, fd[0], &use, &h);
    put(&wire, VERSION, 1, 5, 5);
    assert_int_equal(write(fd[1], wire.data, wire.len), wire.len);
    close(fd[1]);
    channel_send(h.channel, 4, bytes_text("are you there?"));
    turn(l, 5);
    assert_int_equal(h.messages, 1);
    assert_int_equal(h.closed, 1);
    channel_free(h.channel);
    buf_done(&wire);
    loop_free(l);
}

static unsigned descriptors(void)
{
    DIR *d = opendir("/proc/self/fd");
    unsigned count = 0;

    while (readdir(d) != NULL)
        count++;
    closedir(d);
    return count;
}

static void channels_and_loops_leave_no_descriptor_behind(void **state)
{
    unsigned before;

    (void)state;
    loop_free(loop_new());
    before = descriptors();
    for (unsigned i = 0; i < 50; i++)
        a_channel_may_be_freed_in_its_own_callbacks(state);
    assert_int_equal(descriptors(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_survive_any_split),
        cmocka_unit_test(a_message_that_breaks_a_rule_closes_the_channel),
        cmocka_unit_test(every_prefix_of_a_message_is_short),
        cmocka_unit_test(a_slow_reader_stops_a_sender_who_asks),
        cmocka_unit_test(a_sender_who_never_asks_is_closed_at_the_hard_limit),
        cmocka_unit_test(drained_is_told_even_if_sending_itself_emptied_the_queue),
        cmocka_unit_test(a_paused_channel_delivers_the_rest_when_it_is_resumed),
        cmocka_unit_test(a_channel_may_be_freed_in_its_own_callbacks),
        cmocka_unit_test(the_last_words_of_a_dead_process_are_heard),
        cmocka_unit_test(channels_and_loops_leave_no_descriptor_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
