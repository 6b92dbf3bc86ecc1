#include "proc/watching.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cursor.h"
#include "test.h"

/* A room that adds numbers up: a line is a number, an incident is every tenth. */
struct adder {
    uint64_t lines, sum, flushes;
    uint64_t fresh; /* incidents not handed out */
};

static void add_line(void *room, size_t sensor, uint64_t at, struct bytes line)
{
    struct adder *a = room;
    uint64_t n = 0;

    (void)sensor;
    (void)at;
    for (size_t i = 0; i < line.len; i++)
        n = n * 10 + (uint64_t)(line.data[i] - '0');
    a->sum += n;
    if (++a->lines % 10 == 0)
        a->fresh++;
}

static void add_too_long(void *room, size_t sensor)
{
    (void)room;
    (void)sensor;
}

static void add_flush(void *room)
{
    ((struct adder *)room)->flushes++;
}

static void add_state(void *room, struct buf *out)
{
    buf_u64(out, ((struct adder *)room)->lines);
    buf_u64(out, ((struct adder *)room)->sum);
}

static size_t add_incidents(void *room, struct buf *out)
{
    struct adder *a = room;
    size_t n = a->fresh;

    for (size_t i = 0; i < n; i++)
        buf_part(out, bytes_text("{}"));
    a->fresh = 0;
    return n;
}

static size_t add_samples(void *room, struct buf *out)
{
    (void)room;
    (void)out;
    return 0;
}

static void add_sources(void *room, struct buf *out)
{
    (void)room;
    buf_text(out, "[]");
}

static struct fault add_restore(void *room, struct bytes state)
{
    struct adder *a = room;
    struct cursor in = cursor_over(state, "adder");

    *a = (struct adder){0};
    if (state.len == 0)
        return fault_none();
    a->lines = cursor_u64(&in);
    a->sum = cursor_u64(&in);
    cursor_end(&in);
    return in.fault;
}

/* A desk: keeps the newest state, and makes it durable when asked. */
struct desk {
    struct buf state[8]; /* by sequence % 8 */
    uint64_t sequence, durable, incidents, reopens;
};

static void desk_commit(void *context, struct bytes body)
{
    struct desk *d = context;
    struct cursor in = cursor_over(body, "commit");
    uint64_t sequence = cursor_u64(&in);
    struct bytes state = cursor_part(&in, WATCHING_STATE_MAX);
    uint32_t count = cursor_u32(&in);

    assert_int_equal(sequence, d->sequence + 1);
    d->sequence = sequence;
    d->incidents += count;
    for (uint32_t i = 0; i < count; i++)
        cursor_part(&in, 100);
    assert_int_equal(cursor_u32(&in), 0);
    cursor_part(&in, 100);
    cursor_end(&in);
    assert_good(in.fault);
    buf_clear(&d->state[sequence % 8]);
    buf_bytes(&d->state[sequence % 8], state);
}

static void desk_reopen(void *context, uint32_t sensor)
{
    (void)sensor;
    ((struct desk *)context)->reopens++;
}

static void desk_lost(void *context, size_t sensor, struct fault why)
{
    (void)context;
    fail_msg("sensor %zu: %s", sensor, why.rule);
}

struct bench {
    struct adder adder;
    struct watching_room room;
    struct desk desk;
    struct watching_hooks hooks;
    struct watching *w;
    struct tick now;
};

static char file[] = "/tmp/parley-watching-XXXXXX";

static void begin(struct bench *b, bool follow)
{
    struct buf *saved = &b->desk.state[b->desk.durable % 8];
    enum feed_start start;

    b->room =
        (struct watching_room){&b->adder,     add_line,    add_too_long, add_flush,  add_state,
                               add_incidents, add_samples, add_sources,  add_restore};
    b->hooks = (struct watching_hooks){desk_commit, desk_reopen, desk_lost, &b->desk};
    b->desk.sequence = b->desk.durable;
    assert_good(watching_new(&b->room, &b->hooks,
                             b->desk.durable == 0 ? bytes_text("") : buf_view(saved), &b->w));
    watching_expect(b->w, 0, follow);
    assert_good(watching_opened(b->w, 0, open(file, O_RDONLY | O_CLOEXEC), &start));
}

static void end(struct bench *b)
{
    watching_free(b->w);
    for (size_t i = 0; i < 8; i++)
        buf_done(&b->desk.state[i]);
}

static void write_numbers(uint64_t from, uint64_t to)
{
    struct buf b = {0};
    int fd = open(file, O_WRONLY | O_APPEND | O_CLOEXEC);

    for (uint64_t i = from; i <= to; i++)
        buf_print(&b, "%llu\n", (unsigned long long)i);
    assert_int_equal(write(fd, b.data, b.len), b.len);
    close(fd);
    buf_done(&b);
}

static void make_durable(struct bench *b)
{
    while (b->desk.durable < b->desk.sequence)
        assert_good(watching_committed(b->w, ++b->desk.durable));
}

static void a_file_is_read_decided_and_done(void **state)
{
    struct bench b = {0};

    (void)state;
    assert_int_equal(truncate(file, 0), 0);
    write_numbers(1, 25000);
    begin(&b, false);
    for (int i = 0; i < 100 && !watching_is_done(b.w); i++) {
        watching_turn(b.w, b.now);
        make_durable(&b);
    }
    assert_true(watching_is_done(b.w));
    assert_int_equal(b.adder.sum, 25000ULL * 25001 / 2);
    assert_int_equal(b.desk.incidents, 2500);
    assert_int_equal(b.adder.flushes, 1);
    assert_int_equal(b.desk.sequence, 3);
    assert_int_equal(watching_turn(b.w, b.now).us, INT64_MAX);
    assert_int_equal(b.desk.sequence, 3);
    end(&b);
}

/* "Back-pressure to the file offset, no queue in memory that can grow." */
static void without_desk_nothing_more_is_read(void **state)
{
    struct bench b = {0};
    uint64_t lines;

    (void)state;
    assert_int_equal(truncate(file, 0), 0);
    write_numbers(1, 50000);
    begin(&b, true);
    for (int i = 0; i < 100; i++)
        watching_turn(b.w, b.now);
    lines = b.adder.lines;
    assert_int_equal(lines, (uint64_t)WATCHING_OPEN * WATCHING_RECORDS);
    assert_int_equal(watching_turn(b.w, b.now).us, INT64_MAX);
    assert_good(watching_committed(b.w, 1));
    for (int i = 0; i < 100; i++)
        watching_turn(b.w, b.now);
    assert_int_equal(b.adder.lines, lines + WATCHING_RECORDS);
    assert_fault(watching_committed(b.w, 3), FAULT_ORDER);
    assert_fault(watching_committed(b.w, 1), FAULT_ORDER);
    end(&b);
}

static void a_followed_file_is_committed_each_second_and_decided_when_idle(void **state)
{
    struct bench b = {0};

    (void)state;
    assert_int_equal(truncate(file, 0), 0);
    write_numbers(1, 5);
    begin(&b, true);
    assert_true(watching_turn(b.w, b.now).us < INT64_MAX);
    assert_int_equal(b.desk.sequence, 0);
    b.now.us += WATCHING_SECOND;
    watching_turn(b.w, b.now);
    assert_int_equal(b.desk.sequence, 1);
    make_durable(&b);
    for (int i = 0; i < 100; i++) { /* a quiet file costs no commits */
        b.now.us += WATCHING_SECOND;
        watching_turn(b.w, b.now);
    }
    assert_int_equal(b.desk.sequence, 1);
    assert_int_equal(b.adder.flushes, 0);
    assert_int_equal(b.desk.reopens, 20);
    b.now.us += 20 * WATCHING_SECOND;
    watching_turn(b.w, b.now);
    assert_int_equal(b.adder.flushes, 1);
    assert_int_equal(b.desk.sequence, 2);
    make_durable(&b);
    b.now.us += 200 * WATCHING_SECOND;
    watching_turn(b.w, b.now);
    assert_int_equal(b.adder.flushes, 1);
    assert_int_equal(b.desk.sequence, 2);
    assert_false(watching_is_done(b.w));
    end(&b);
}

/* Killed at any moment, with any number of commits durable: every line counts once. */
static void a_kill_loses_no_line_and_counts_none_twice(void **state)
{
    uint64_t random = 7;

    (void)state;
    for (int round = 0; round < 20; round++) {
        struct bench b = {0};

        assert_int_equal(truncate(file, 0), 0);
        write_numbers(1, 40000);
        begin(&b, false);
        for (int i = 0; i < 10000 && !watching_is_done(b.w); i++) {
            random = random * 6364136223846793005ULL + 1442695040888963407ULL;
            b.now.us += 100000;
            watching_turn(b.w, b.now);
            if ((random >> 33) % 3 == 0 && b.desk.durable < b.desk.sequence)
                assert_good(watching_committed(b.w, ++b.desk.durable));
            if ((random >> 40) % 17 == 0) {
                watching_free(b.w);
                begin(&b, false);
            }
        }
        assert_true(watching_is_done(b.w));
        assert_int_equal(b.adder.lines, 40000);
        assert_int_equal(b.adder.sum, 40000ULL * 40001 / 2);
        end(&b);
    }
}

static void a_sensor_that_is_not_there_yet_is_asked_for(void **state)
{
    struct bench b = {0};
    enum feed_start start;

    (void)state;
    assert_int_equal(truncate(file, 0), 0);
    write_numbers(1, 5);
    begin(&b, true);
    watching_expect(b.w, 1, true);
    watching_turn(b.w, b.now);
    b.now.us += WATCHING_REOPEN;
    watching_turn(b.w, b.now);
    assert_int_equal(b.desk.reopens, 2);
    assert_good(watching_opened(b.w, 0, open(file, O_RDONLY | O_CLOEXEC), &start));
    assert_int_equal(start, FEED_NONE); /* the very file that is read */
    assert_good(watching_opened(b.w, 1, open(file, O_RDONLY | O_CLOEXEC), &start));
    assert_int_equal(start, FEED_FRESH);
    watching_turn(b.w, b.now);
    assert_int_equal(b.adder.lines, 10);
    end(&b);
}

static void a_saved_state_that_is_none_is_refused(void **state)
{
    struct bench b = {0};
    struct watching *w = NULL;
    struct buf saved = {0};

    (void)state;
    assert_int_equal(truncate(file, 0), 0);
    write_numbers(1, 5);
    begin(&b, false);
    watching_turn(b.w, b.now);
    make_durable(&b);
    assert_int_equal(b.desk.sequence, 1);
    buf_bytes(&saved, buf_view(&b.desk.state[1]));
    for (size_t n = 1; n < saved.len; n++)
        assert_true(fault_is(watching_new(&b.room, &b.hooks, bytes_of(saved.data, n), &w)));
    buf_byte(&saved, 0);
    assert_fault(watching_new(&b.room, &b.hooks, buf_view(&saved), &w), FAULT_EXTRA);
    assert_null(w);
    buf_done(&saved);
    end(&b);
}

static int make_file(void **state)
{
    int fd = mkstemp(file);

    (void)state;
    if (fd >= 0)
        close(fd);
    return fd < 0;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_decided_and_done),
        cmocka_unit_test(without_desk_nothing_more_is_read),
        cmocka_unit_test(a_followed_file_is_committed_each_second_and_decided_when_idle),
        cmocka_unit_test(a_kill_loses_no_line_and_counts_none_twice),
        cmocka_unit_test(a_sensor_that_is_not_there_yet_is_asked_for),
        cmocka_unit_test(a_saved_state_that_is_none_is_refused),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
