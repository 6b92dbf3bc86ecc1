#include "io/log.h"

#include <unistd.h>

#include "test.h"

static void what_could_forge_a_line_or_move_a_cursor_is_escaped(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"plain words", "plain words"},
        {"a\nb\r\t", "a\\x0ab\\x0d\\x09"},
        {"\033[2J", "\\x1b[2J"},
        {"\x7f", "\\x7f"},
        {"caf\xc3\xa9 \xd0\x9f", "caf\xc3\xa9 \xd0\x9f"},
        {"\xc2\x9b"
         "31m",
         "\\xc2\\x9b31m"}, /* C1 CSI */
        {"\xff\xfe ok \xc3", "\\xff\\xfe ok \\xc3"},
        {"", ""},
    };
    char out[100];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(log_escape(bytes_text(cases[i].in), out, sizeof out),
                         strlen(cases[i].out));
        assert_string_equal(out, cases[i].out);
    }
}

static void an_escaped_text_never_leaves_its_room(void **state)
{
    char out[12];

    (void)state;
    memset(out, 'z', sizeof out);
    assert_true(log_escape(bytes_text("\n\n\n\n\n\n\n\n"), out, 10) < 10);
    assert_int_equal(out[10], 'z');
}

static size_t read_stderr_of(void (*speak)(void), char *out, size_t size)
{
    int pipe_ends[2], kept = dup(STDERR_FILENO);
    ssize_t got;

    assert_int_equal(pipe(pipe_ends), 0);
    dup2(pipe_ends[1], STDERR_FILENO);
    speak();
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(pipe_ends[1]);
    got = read(pipe_ends[0], out, size - 1);
    close(pipe_ends[0]);
    assert_true(got >= 0);
    out[got] = '\0';
    return (size_t)got;
}

static void speak_once(void)
{
    log_open("gate", LOG_LEVEL_INFO);
    log_warn("link %d: %s", 3, "a\nb");
    log_debug("not asked for");
}

static void a_line_has_time_process_level_and_words(void **state)
{
    char text[4000];

    (void)state;
    read_stderr_of(speak_once, text, sizeof text);
    assert_true(strlen(text) > 20);
    assert_int_equal(text[10], 'T');
    assert_int_equal(text[19], 'Z');
    assert_string_equal(text + 20, " gate warn link 3: a\\x0ab\n");
}

static void speak_often(void)
{
    for (int i = 0; i < 1000; i++)
        log_info("flood");
}

static void one_place_cannot_flood_the_log(void **state)
{
    char text[60000];
    unsigned lines = 0;

    (void)state;
    read_stderr_of(speak_often, text, sizeof text);
    for (const char *p = text; *p != '\0'; p++)
        lines += *p == '\n';
    assert_in_range(lines, 1, 2 * LOG_BURST + 1); /* a window may end meanwhile */
}

static void a_fault_is_told_in_words(void **state)
{
    char text[200];

    (void)state;
    log_fault_text(fault_make(FAULT_LIMIT, 7, "channel: longest message"), text, sizeof text);
    assert_string_equal(text, "limit at 7: channel: longest message");
    log_fault_text(fault_make(FAULT_IO, 13, "file: open"), text, sizeof text);
    assert_string_equal(text, "file: open: Permission denied");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_could_forge_a_line_or_move_a_cursor_is_escaped),
        cmocka_unit_test(an_escaped_text_never_leaves_its_room),
        cmocka_unit_test(a_line_has_time_process_level_and_words),
        cmocka_unit_test(one_place_cannot_flood_the_log),
        cmocka_unit_test(a_fault_is_told_in_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
