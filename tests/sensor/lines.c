/* sensor/lines.h: the same lines out of a plain, zstd or gzip file, in any split. */
#include "sensor/lines.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/buf.h"
#include "test.h"

static int file_of(struct bytes content)
{
    int fd = memfd_create("lines", 0);

    assert_int_equal(write(fd, content.data, content.len), (ssize_t)content.len);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

static void pack_zstd(struct bytes text, struct buf *out)
{
    size_t n;

    buf_need(out, ZSTD_compressBound(text.len));
    n = ZSTD_compress(out->data + out->len, out->room - out->len, text.data, text.len, 3);
    assert_false(ZSTD_isError(n));
    out->len += n;
}

static void pack_gzip(struct bytes text, struct buf *out)
{
    z_stream z = {0};

    buf_need(out, text.len + 1000);
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *)(uintptr_t)text.data;
    z.avail_in = (uInt)text.len;
    z.next_out = out->data + out->len;
    z.avail_out = (uInt)(out->room - out->len);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    out->len = out->room - z.avail_out;
    deflateEnd(&z);
}

/* Lines of many lengths, so that they fall across every block's end. */
static void make_text(struct buf *out)
{
    for (unsigned i = 0; i < 4000; i++) {
        buf_print(out, "%u ", i);
        for (unsigned k = 0; k < i * 37 % 900; k++)
            buf_byte(out, (uint8_t)('a' + k % 26));
        buf_byte(out, '\n');
    }
}

static struct fault read_all(int fd, struct buf *out, size_t *lines_out)
{
    struct lines *l = lines_new(fd, 0);
    struct bytes line;
    enum lines_got got;
    struct fault f;

    *lines_out = 0;
    while (!fault_is(f = lines_next(l, true, &line, &got)) && got == LINES_LINE) {
        assert_int_equal(lines_at(l), out->len);
        buf_bytes(out, line);
        buf_byte(out, '\n');
        assert_int_equal(lines_next_at(l), out->len);
        ++*lines_out;
    }
    lines_free(l);
    close(fd);
    return f;
}

static void expect(struct bytes file, struct bytes text)
{
    struct buf got = {0};
    size_t n;

    assert_good(read_all(file_of(file), &got, &n));
    assert_int_equal(n, 4000);
    assert_int_equal(got.len, text.len);
    assert_memory_equal(got.data, text.data, text.len);
    buf_done(&got);
}

static void every_packing_gives_the_same_lines(void **state)
{
    struct buf text = {0}, packed = {0};
    size_t half;

    (void)state;
    make_text(&text);
    half = text.len / 2;
    expect(buf_view(&text), buf_view(&text));
    pack_zstd(bytes_of(text.data, half), &packed); /* two frames, two members: as rotated logs */
    pack_zstd(bytes_of(text.data + half, text.len - half), &packed);
    expect(buf_view(&packed), buf_view(&text));
    buf_clear(&packed);
    pack_gzip(bytes_of(text.data, half), &packed);
    pack_gzip(bytes_of(text.data + half, text.len - half), &packed);
    expect(buf_view(&packed), buf_view(&text));
    buf_done(&text);
    buf_done(&packed);
}

static void a_cut_or_damaged_packed_file_is_a_fault(void **state)
{
    struct buf text = {0}, packed = {0}, got = {0};
    size_t n;

    (void)state;
    make_text(&text);
    for (int gzip = 0; gzip < 2; gzip++) {
        buf_clear(&packed);
        (gzip ? pack_gzip : pack_zstd)(buf_view(&text), &packed);
        for (size_t cut = 10; cut < packed.len; cut += packed.len / 7) {
            buf_clear(&got);
            assert_fault(read_all(file_of(bytes_of(packed.data, cut)), &got, &n), FAULT_SHORT);
        }
        memset(packed.data + packed.len / 2, 0xff, 64);
        buf_clear(&got);
        assert_fault(read_all(file_of(buf_view(&packed)), &got, &n), FAULT_SYNTAX);
    }
    buf_done(&text);
    buf_done(&packed);
    buf_done(&got);
}

static void an_unfinished_line_waits_until_the_file_has_grown(void **state)
{
    int fd = file_of(bytes_text("one\ntw"));
    struct lines *l = lines_new(fd, 0);
    struct bytes line;
    enum lines_got got;

    (void)state;
    assert_good(lines_next(l, false, &line, &got));
    assert_int_equal(got, LINES_LINE);
    assert_good(lines_next(l, false, &line, &got));
    assert_int_equal(got, LINES_NONE);
    assert_int_equal(lines_next_at(l), 4);
    assert_int_equal(pwrite(fd, "o\nthree", 7, 6), 7);
    assert_good(lines_next(l, false, &line, &got));
    assert_int_equal(got, LINES_LINE);
    assert_true(bytes_is(line, "two"));
    assert_good(lines_next(l, true, &line, &got));
    assert_true(bytes_is(line, "three"));
    lines_free(l);
    l = lines_new(fd, 4);
    assert_good(lines_next(l, false, &line, &got));
    assert_true(bytes_is(line, "two"));
    assert_int_equal(lines_at(l), 4);
    lines_free(l);
    close(fd);
}

static void a_line_that_is_too_long_is_passed_over(void **state)
{
    struct buf text = {0};
    struct lines *l;
    struct bytes line;
    enum lines_got got;
    int fd;

    (void)state;
    buf_text(&text, "one\n");
    for (size_t i = 0; i < 3 * LINES_MAX; i++)
        buf_byte(&text, 'x');
    buf_text(&text, "\ntwo\n");
    fd = file_of(buf_view(&text));
    l = lines_new(fd, 0);
    assert_good(lines_next(l, true, &line, &got));
    assert_true(bytes_is(line, "one"));
    assert_good(lines_next(l, true, &line, &got));
    assert_int_equal(got, LINES_TOO_LONG);
    assert_good(lines_next(l, true, &line, &got));
    assert_int_equal(got, LINES_LINE);
    assert_true(bytes_is(line, "two"));
    assert_good(lines_next(l, true, &line, &got));
    assert_int_equal(got, LINES_NONE);
    lines_free(l);
    close(fd);
    buf_done(&text);
}

/* A bomb is one line that is too long, read through a block's room; a window that is none of ours
 * to hold is refused before it is. */
static void a_bomb_costs_no_more_than_its_reading(void **state)
{
    static const uint8_t window[] = {0x28, 0xb5, 0x2f, 0xfd, 0, 0xa8, 1, 0, 0}; /* of 2 GiB */
    struct buf text = {0}, packed = {0}, got = {0};
    size_t n;

    (void)state;
    buf_need(&text, 64 << 20);
    memset(text.data, 'x', 64 << 20);
    text.len = 64 << 20;
    for (int gzip = 0; gzip < 2; gzip++) {
        enum lines_got what;
        struct bytes line;
        struct lines *l;
        int fd;

        buf_clear(&packed);
        (gzip ? pack_gzip : pack_zstd)(buf_view(&text), &packed);
        assert_true(packed.len < text.len / 500);
        fd = file_of(buf_view(&packed));
        l = lines_new(fd, 0);
        assert_good(lines_next(l, true, &line, &what));
        assert_int_equal(what, LINES_TOO_LONG);
        assert_true(line.len <= LINES_MAX);
        assert_good(lines_next(l, true, &line, &what));
        assert_int_equal(what, LINES_NONE);
        lines_free(l);
        close(fd);
    }
    assert_fault(read_all(file_of(bytes_of(window, sizeof window)), &got, &n), FAULT_LIMIT);
    buf_done(&text);
    buf_done(&packed);
    buf_done(&got);
}

static void an_empty_file_has_no_lines(void **state)
{
    struct buf got = {0};
    size_t n;

    (void)state;
    assert_good(read_all(file_of(bytes_text("")), &got, &n));
    assert_int_equal(n, 0);
    buf_done(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_packing_gives_the_same_lines),
        cmocka_unit_test(a_cut_or_damaged_packed_file_is_a_fault),
        cmocka_unit_test(an_unfinished_line_waits_until_the_file_has_grown),
        cmocka_unit_test(a_line_that_is_too_long_is_passed_over),
        cmocka_unit_test(a_bomb_costs_no_more_than_its_reading),
        cmocka_unit_test(an_empty_file_has_no_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
