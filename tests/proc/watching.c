#include "proc/watching.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cursor.h"
#include "test.h"

/* A room that adds numbers up: a line is a number, an incident is every tenth. */
struct adder {
    uint64_t lines, sum, flushes, idles, again, too_long;
    uint64_t next;  /* where the line after the last begins */
    uint64_t fresh; /* incidents not handed out */
    uint64_t wants; /* says that it is full at so many; 0: never */
    bool by_clock;  /* idle changes something */
};

static bool add_line(void *room, size_t sensor, uint64_t at, uint64_t next, struct bytes line)
{
    struct adder *a = room;
    uint64_t n = 0;

    (void)sensor;
    assert_int_equal(next, at + line.len + 1);
    a->next = next;
    for (size_t i = 0; i < line.len; i++)
        n = n * 10 + (uint64_t)(line.data[i] - '0');
    a->sum += n;
    if (++a->lines % 10 == 0)
        a->fresh++;
    return a->wants != 0 && a->fresh >= a->wants;
}

static bool add_too_long(void *room, size_t sensor, uint64_t next)
{
    struct adder *a = room;

    (void)sensor;
    a->too_long++;
    a->next = next;
    return false;
}

static void add_again(void *room, size_t sensor, struct bytes line)
{
    (void)sensor;
    (void)line;
    ((struct adder *)room)->again++;
}

static bool add_idle(void *room)
{
    struct adder *a = room;
    bool changed = a->by_clock;

    a->idles++;
    a->by_clock = false;
    return changed;
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

static size_t add_none(void *room, struct buf *out)
{
    (void)room;
    (void)out;
    return 0;
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
    struct desk *second; /* of another agreement */
};

static void desk_commit(void *context, size_t room, struct bytes body)
{
    struct desk *d = room == 0 ? context : ((struct desk *)context)->second;
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
    assert_int_equal(cursor_u32(&in), 0);
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
    struct adder adder, other;
    struct watching_room room[2];
    size_t rooms; /* 0: one */
    struct desk desk, second;
    struct watching_hooks hooks;
    struct watching *w;
    struct tick now;
};

static char file[] = "/tmp/parley-watching-XXXXXX";

static struct watching_room room_of(struct adder *a)
{
    return (struct watching_room){.room = a,
                                  .take = add_line,
                                  .too_long = add_too_long,
                                  .again = add_again,
                                  .idle = add_idle,
                                  .flush = add_flush,
                                  .state = add_state,
                                  .incidents = add_incidents,
                                  .samples = add_samples,
                                  .sources = add_sources,
                                  .seen = add_none,
                                  .restore = add_restore};
}

static struct bytes saved_by(const struct desk *d)
{
    return d->durable == 0 ? bytes_text("") : buf_view(&d->state[d->durable % 8]);
}

static void begin(struct bench *b, bool follow)
{
    struct bytes saved[2] = {saved_by(&b->desk), saved_by(&b->second)};
    enum feed_start start;

    b->room[0] = room_of(&b->adder);
    b->room[1] = room_of(&b->other);
    b->hooks = (struct watching_hooks){desk_commit, desk_reopen, desk_lost, &b->desk};
    b->desk.second = &b->second;
    b->desk.sequence = b->desk.durable;
    b->second.sequence = b->second.durable;
    assert_good(watching_new(b->room, saved, b->rooms == 0 ? 1 : b->rooms, &b->hooks, &b->w));
    watching_expect(b->w, 0, follow);
    assert_good(watching_opened(b->w, 0, open(file, O_RDONLY | O_CLOEXEC), &start));
}

static void end(struct bench *b)
{
    watching_free(b->w);
    for (size_t i = 0; i < 8; i++) {
        buf_done(&b->desk.state[i]);
        buf_done(&b->second.state[i]);
    }
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
        assert_good(watching_committed(b->w, 0, ++b->desk.durable));
    while (b->second.durable < b->second.sequence)
        assert_good(watching_committed(b->w, 1, ++b->second.durable));
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
    assert_good(watching_committed(b.w, 0, 1));
    for (int i = 0; i < 100; i++)
        watching_turn(b.w, b.now);
    assert_int_equal(b.adder.lines, lines + WATCHING_RECORDS);
    assert_fault(watching_committed(b.w, 0, 3), FAULT_ORDER);
    assert_fault(watching_committed(b.w, 0, 1), FAULT_ORDER);
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
    for (int i = 0; i < 100; i++) { /* a quiet file costs no commits, but time goes on in it */
        b.now.us += WATCHING_SECOND;
        watching_turn(b.w, b.now);
    }
    assert_int_equal(b.desk.sequence, 1);
    assert_int_equal(b.adder.flushes, 0);
    assert_int_equal(b.adder.idles, 101); /* and in the second before */
    assert_int_equal(b.desk.reopens, 20);
    b.adder.by_clock = true; /* an incident ended */
    b.now.us += WATCHING_SECOND;
    watching_turn(b.w, b.now);
    assert_int_equal(b.desk.sequence, 2);
    make_durable(&b);
    b.now.us += 200 * WATCHING_SECOND;
    watching_turn(b.w, b.now);
    assert_int_equal(b.adder.flushes, 0);
    assert_int_equal(b.desk.sequence, 2);
    assert_false(watching_is_done(b.w));
    end(&b);
}

static void beside_a_followed_file_one_read_once_is_decided_after_two_minutes(void **state)
{
    struct bench b = {0};

    (void)state;
    assert_int_equal(truncate(file, 0), 0);
    write_numbers(1, 5);
    begin(&b, true);
    watching_expect(b.w, 1, false);
    watching_turn(b.w, b.now);
    b.now.us += WATCHING_IDLE - 1;
    watching_turn(b.w, b.now);
    assert_int_equal(b.adder.flushes, 0);
    b.now.us += 1;
    watching_turn(b.w, b.now);
    assert_int_equal(b.adder.flushes, 1);
    assert_int_equal(b.adder.idles, 0);
    end(&b);
}

static void a_room_that_is_full_is_committed_at_once(void **state)
{
    struct bench b = {.adder = {.wants = 3}};

    (void)state;
    assert_int_equal(truncate(file, 0), 0);
    write_numbers(1, 100);
    begin(&b, true);
    b.adder.wants = 3; /* of ten lines an incident */
    watching_turn(b.w, b.now);
    assert_int_equal(b.adder.lines, 30);
    assert_int_equal(b.desk.sequence, 1);
    assert_int_equal(b.desk.incidents, 3);
    end(&b);
}

static void a_line_too_long_is_passed_over_and_said(void **state)
{
    struct bench b = {0};
    struct buf line = {0};
    int fd = open(file, O_WRONLY | O_TRUNC | O_CLOEXEC);

    (void)state;
    for (size_t i = 0; i < (1 << 20) + 10; i++)
        buf_byte(&line, '1');
    buf_byte(&line, '\n');
    assert_int_equal(write(fd, line.data, line.len), line.len);
    close(fd);
    begin(&b, true);
    watching_turn(b.w, b.now);
    assert_int_equal(b.adder.too_long, 1);
    assert_true(b.adder.next >= (1 << 20) && b.adder.next <= line.len);
    write_numbers(7, 7);
    watching_turn(b.w, b.now);
    assert_int_equal(b.adder.sum, 7);
    assert_int_equal(b.adder.next, line.len + 2);
    buf_done(&line);
    end(&b);
}

/* Two agreements: a line is shown to both. One that joins later, or whose last commit was lost,
 * gets what it has not had; the other is not shown it twice. */
static void each_room_gets_every_line_once_wherever_it_stood(void **state)
{
    struct bench b = {0};

    (void)state;
    assert_int_equal(truncate(file, 0), 0);
    write_numbers(1, 100);
    begin(&b, true);
    watching_turn(b.w, b.now);
    b.now.us += WATCHING_SECOND;
    watching_turn(b.w, b.now);
    make_durable(&b);
    watching_free(b.w);
    b.rooms = 2;
    begin(&b, true);
    watching_turn(b.w, b.now);
    assert_int_equal(b.adder.lines, 100);
    assert_int_equal(b.adder.again, 100);
    assert_int_equal(b.other.lines, 100);
    write_numbers(101, 150);
    b.now.us += WATCHING_SECOND;
    watching_turn(b.w, b.now);
    assert_int_equal(b.adder.lines, 150);
    assert_int_equal(b.other.lines, 150);
    assert_int_equal(b.desk.sequence, 2);
    assert_int_equal(b.second.sequence, 1);
    assert_good(watching_committed(b.w, 0, ++b.desk.durable));
    assert_fault(watching_committed(b.w, 2, 1), FAULT_ORDER);
    watching_free(b.w); /* the second's commit is lost */
    begin(&b, true);
    watching_turn(b.w, b.now);
    assert_int_equal(b.adder.lines, 150);
    assert_int_equal(b.other.lines, 150);
    assert_int_equal(b.other.sum, 150 * 151 / 2);
    end(&b);
}

/* While the first room catches up, its file is cut in place: nobody has had the new lines. */
static void a_file_cut_in_place_is_new_to_all_rooms(void **state)
{
    struct bench b = {0};
    enum feed_start start;

    (void)state;
    assert_int_equal(truncate(file, 0), 0);
    write_numbers(1, 100);
    begin(&b, true);
    watching_turn(b.w, b.now);
    b.now.us += WATCHING_SECOND;
    watching_turn(b.w, b.now);
    make_durable(&b);
    watching_free(b.w);
    b.rooms = 2;
    begin(&b, true);
    watching_turn(b.w, b.now);
    assert_int_equal(truncate(file, 0), 0);
    write_numbers(1, 3);
    assert_good(watching_opened(b.w, 0, open(file, O_RDONLY | O_CLOEXEC), &start));
    watching_turn(b.w, b.now);
    assert_int_equal(b.adder.lines, 103);
    assert_int_equal(b.other.lines, 103);
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
                assert_good(watching_committed(b.w, 0, ++b.desk.durable));
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
    for (size_t n = 1; n < saved.len; n++) {
        struct bytes cut = bytes_of(saved.data, n);

        assert_true(fault_is(watching_new(b.room, &cut, 1, &b.hooks, &w)));
    }
    buf_byte(&saved, 0);
    assert_fault(watching_new(b.room, (struct bytes[]){buf_view(&saved)}, 1, &b.hooks, &w),
                 FAULT_EXTRA);
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
        cmocka_unit_test(beside_a_followed_file_one_read_once_is_decided_after_two_minutes),
        cmocka_unit_test(a_room_that_is_full_is_committed_at_once),
        cmocka_unit_test(a_line_too_long_is_passed_over_and_said),
        cmocka_unit_test(each_room_gets_every_line_once_wherever_it_stood),
        cmocka_unit_test(a_file_cut_in_place_is_new_to_all_rooms),
        cmocka_unit_test(a_kill_loses_no_line_and_counts_none_twice),
        cmocka_unit_test(a_sensor_that_is_not_there_yet_is_asked_for),
        cmocka_unit_test(a_saved_state_that_is_none_is_refused),
    };

    return cmocka_run_group_tests(tests, make_file, remove_file);
}
