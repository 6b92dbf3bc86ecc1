#include "proc/feed.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <zlib.h>

#include "sensor/netflow.h"
#include "test.h"

static char home[] = "/tmp/parley-feed-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", home, name);
    return path;
}

static void add(const char *name, const char *text)
{
    int fd = open(path_of(name), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static int look(const char *name)
{
    int fd = open(path_of(name), O_RDONLY | O_NONBLOCK | O_CLOEXEC);

    assert_true(fd >= 0);
    return fd;
}

static enum feed_start put(struct feed *f, size_t sensor, const char *name, bool follow,
                           struct feed_place from)
{
    enum feed_start start;

    assert_good(feed_put(f, sensor, look(name), follow, &from, &start));
    return start;
}

static bool reopen(struct feed *f, size_t sensor, const char *name)
{
    bool changed;

    assert_good(feed_reopened(f, sensor, look(name), &changed));
    return changed;
}

/* What comes until there is nothing more, with a bar between lines; "." for the end. */
static const char *all(struct feed *f)
{
    static char text[256];
    enum feed_got got;

    text[0] = '\0';
    for (;;) {
        struct bytes line;
        size_t sensor, len = strlen(text);

        assert_good(feed_next(f, &sensor, &line, &got));
        if (got != FEED_GOT_LINE)
            break;
        snprintf(text + len, sizeof text - len, "%zu%.*s|", sensor, (int)line.len,
                 (const char *)line.data);
    }
    if (got == FEED_GOT_END)
        snprintf(text + strlen(text), 2, ".");
    return text;
}

static const struct feed_place nowhere;

static void files_that_are_not_followed_end(void **state)
{
    struct feed *f = feed_new();

    (void)state;
    add("a", "1\n2\n3");
    add("b", "x\ny\n");
    assert_int_equal(put(f, 0, "a", false, nowhere), FEED_FRESH);
    assert_int_equal(put(f, 5, "b", false, nowhere), FEED_FRESH);
    assert_string_equal(all(f), "01|5x|02|5y|03|.");
    feed_free(f);
}

static void a_followed_file_goes_on_when_it_grows(void **state)
{
    struct feed *f = feed_new();

    (void)state;
    add("c", "1\n2");
    put(f, 0, "c", true, nowhere);
    assert_string_equal(all(f), "01|");
    add("c", "2\n3\n");
    assert_string_equal(all(f), "022|03|");
    assert_false(reopen(f, 0, "c"));
    assert_string_equal(all(f), "");
    feed_free(f);
}

static void rotation_loses_no_line(void **state)
{
    struct feed *f = feed_new();
    char old[128];

    (void)state;
    add("d", "1\n");
    put(f, 0, "d", true, nowhere);
    assert_string_equal(all(f), "01|");
    snprintf(old, sizeof old, "%s", path_of("d"));
    assert_int_equal(rename(old, path_of("d.1")), 0);
    add("d.1", "2\nlast");
    add("d", "new\n");
    assert_true(reopen(f, 0, "d"));
    assert_string_equal(all(f), "02|0last|0new|");
    add("d", "newer\n");
    assert_string_equal(all(f), "0newer|");
    feed_free(f);
}

static void a_file_cut_in_place_is_read_from_its_beginning(void **state)
{
    struct feed *f = feed_new();

    (void)state;
    add("e", "1\n2\n");
    put(f, 0, "e", true, nowhere);
    assert_string_equal(all(f), "01|02|");
    assert_int_equal(truncate(path_of("e"), 0), 0);
    add("e", "3\n");
    assert_true(reopen(f, 0, "e"));
    assert_string_equal(all(f), "03|");
    feed_free(f);
}

static void reading_goes_on_where_it_stopped(void **state)
{
    struct feed *f = feed_new();
    struct feed_place place[FEED_SENSORS] = {0};
    struct buf saved = {0};
    struct bytes line;
    enum feed_got got;
    size_t sensor;

    (void)state;
    add("g", "1\n2\n3\n");
    put(f, 0, "g", true, nowhere);
    assert_good(feed_next(f, &sensor, &line, &got));
    assert_int_equal(feed_line_at(f, 0), 0);
    place[0] = feed_at(f, 0);
    assert_int_equal(place[0].offset, 2);
    feed_places_write(place, &saved);
    feed_free(f);
    assert_good(feed_places_parse(buf_view(&saved), place));
    for (size_t n = 0; n < saved.len; n++)
        assert_fault(feed_places_parse(bytes_of(saved.data, n), place), FAULT_SHORT);
    assert_good(feed_places_parse(buf_view(&saved), place));
    f = feed_new();
    assert_int_equal(put(f, 0, "g", true, place[0]), FEED_RESUMED);
    assert_string_equal(all(f), "02|03|");
    feed_free(f);
    f = feed_new();
    add("h", "other\n");
    assert_int_equal(put(f, 0, "h", true, place[0]), FEED_ROTATED);
    assert_string_equal(all(f), "0other|");
    feed_free(f);
    buf_done(&saved);
}

/* A packed file has no offsets to seek to: what was read before is passed over. */
static void reading_a_packed_file_goes_on_too(void **state)
{
    struct feed_place place;
    struct feed *f = feed_new();
    struct bytes line;
    enum feed_got got;
    size_t sensor;
    gzFile packed = gzopen(path_of("i.gz"), "wb");

    (void)state;
    assert_int_equal(gzputs(packed, "1\n2\n3\n"), 6);
    assert_int_equal(gzclose(packed), Z_OK);
    put(f, 0, "i.gz", false, nowhere);
    assert_good(feed_next(f, &sensor, &line, &got));
    place = feed_at(f, 0);
    feed_free(f);
    f = feed_new();
    assert_int_equal(put(f, 0, "i.gz", false, place), FEED_RESUMED);
    assert_string_equal(all(f), "02|03|.");
    feed_free(f);
}

/* A file was written anew into the same inode and has grown past where we were: its beginning says
 * so, while we read and after a restart. */
static void another_beginning_in_the_same_inode_is_another_file(void **state)
{
    struct feed_place place;
    struct feed *f = feed_new();

    (void)state;
    add("k", "old one\nold two\n");
    put(f, 0, "k", true, nowhere);
    assert_string_equal(all(f), "0old one|0old two|");
    place = feed_at(f, 0);
    assert_int_equal(truncate(path_of("k"), 0), 0);
    add("k", "new one\nnew two\nnew three\n");
    assert_true(reopen(f, 0, "k"));
    assert_string_equal(all(f), "0new one|0new two|0new three|");
    feed_free(f);
    f = feed_new();
    assert_int_equal(put(f, 0, "k", true, place), FEED_ROTATED);
    assert_string_equal(all(f), "0new one|0new two|0new three|");
    feed_free(f);
}

static void a_format_with_a_header_is_read_from_its_beginning_again(void **state)
{
    struct feed_place place;
    struct feed *f = feed_new();

    (void)state;
    add("l", "#separator \\x09\n#fields\tts\n1.0\n");
    put(f, 0, "l", true, nowhere);
    assert_string_equal(all(f), "0#separator \\x09|0#fields\tts|01.0|");
    place = feed_at(f, 0);
    add("l", "2.0\n");
    feed_free(f);
    f = feed_new();
    assert_int_equal(put(f, 0, "l", true, place), FEED_RESUMED);
    assert_string_equal(all(f), "0#separator \\x09|0#fields\tts|01.0|02.0|");
    feed_free(f);
}

static int listener(const char *name, int type)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type | SOCK_NONBLOCK, 0);

    snprintf(to.sun_path, sizeof to.sun_path, "%.100s", path_of(name));
    assert_int_equal(bind(fd, (struct sockaddr *)(void *)&to, sizeof to), 0);
    return fd;
}

static int caller(const char *name, int type)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type, 0);

    snprintf(to.sun_path, sizeof to.sun_path, "%.100s", path_of(name));
    assert_int_equal(connect(fd, (struct sockaddr *)(void *)&to, sizeof to), 0);
    return fd;
}

static void sensors_call_one_after_the_other(void **state)
{
    struct feed *f = feed_new();
    struct feed_place from = {0};
    enum feed_start start;
    int fd = listener("m", SOCK_STREAM), one;

    (void)state;
    assert_int_equal(listen(fd, 4), 0);
    feed_declare(f, 0, SOURCE_STREAM, true, NULL);
    assert_good(feed_put(f, 0, fd, true, &from, &start));
    assert_string_equal(all(f), "");
    one = caller("m", SOCK_STREAM);
    assert_int_equal(write(one, "{\"a\"}\n{\"b", 9), 9);
    assert_string_equal(all(f), "0{\"a\"}|");
    close(one); /* in the middle of a line: it is handed out, and is damage to who reads it */
    one = caller("m", SOCK_STREAM);
    assert_int_equal(write(one, "{\"c\"}\n", 6), 6);
    assert_string_equal(all(f), "0{\"b|");
    assert_string_equal(all(f), "0{\"c\"}|");
    close(one);
    feed_free(f);
}

static void datagrams_are_lines_or_messages_with_their_sender(void **state)
{
    struct feed *f = feed_new();
    struct feed_place from = {0};
    enum feed_start start;
    int fd = listener("n", SOCK_DGRAM), one;
    struct bytes frame;
    enum feed_got got;
    size_t sensor;

    (void)state;
    feed_declare(f, 0, SOURCE_LOCAL, false, NULL);
    assert_good(feed_put(f, 0, fd, true, &from, &start));
    one = caller("n", SOCK_DGRAM);
    assert_int_equal(write(one, "one\n", 4), 4);
    assert_int_equal(write(one, "two", 3), 3);
    assert_string_equal(all(f), "0one|0two|");
    close(one);
    fd = listener("o", SOCK_DGRAM);
    feed_declare(f, 1, SOURCE_NETWORK, false, &netflow_format);
    assert_good(feed_put(f, 1, fd, true, &from, &start));
    one = caller("o", SOCK_DGRAM);
    assert_int_equal(write(one, "\0\5xyz", 5), 5);
    assert_good(feed_next(f, &sensor, &frame, &got));
    assert_int_equal(got, FEED_GOT_LINE);
    assert_int_equal(frame.len, READER_ORIGIN + 5);
    assert_int_equal(frame.data[0], READER_ORIGIN_MARK);
    assert_memory_equal(frame.data + READER_ORIGIN, "\0\5xyz", 5);
    close(one);
    feed_free(f);
}

static int make_home(void **state)
{
    (void)state;
    return mkdtemp(home) == NULL;
}

static int remove_home(void **state)
{
    static const char *const names[] = {"a", "b",    "c", "d", "d.1", "e", "g",
                                        "h", "i.gz", "k", "l", "m",   "n", "o"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unlink(path_of(names[i]));
    return rmdir(home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_that_are_not_followed_end),
        cmocka_unit_test(a_followed_file_goes_on_when_it_grows),
        cmocka_unit_test(rotation_loses_no_line),
        cmocka_unit_test(a_file_cut_in_place_is_read_from_its_beginning),
        cmocka_unit_test(reading_goes_on_where_it_stopped),
        cmocka_unit_test(reading_a_packed_file_goes_on_too),
        cmocka_unit_test(another_beginning_in_the_same_inode_is_another_file),
        cmocka_unit_test(a_format_with_a_header_is_read_from_its_beginning_again),
        cmocka_unit_test(sensors_call_one_after_the_other),
        cmocka_unit_test(datagrams_are_lines_or_messages_with_their_sender),
    };

    return cmocka_run_group_tests(tests, make_home, remove_home);
}
