/* The table itself, and the words that args.c sorts by it. */
#include "cmd/command.h"

#include <string.h>

#include "cmd/args.h"
#include "cmd/columns.h"
#include "cmd/help.h"
#include "sensor/reader.h"
#include "test.h"

#include <locale.h>

static bool flag_is_good(const struct flag *f, void *with)
{
    const struct command *c = with;

    if (strncmp(f->name, "--", 2) != 0 || f->help == NULL || f->help[0] == '\0' ||
        f->help[strlen(f->help) - 1] == '.' || (f->words != NULL && f->value == NULL))
        fail_msg("%s: %s", c->name, f->name);
    if (command_flag(c, f->name) != f)
        fail_msg("%s: %s is there twice", c->name, f->name);
    return true;
}

static void every_command_has_help_an_example_and_good_flags(void **state)
{
    (void)state;
    for (const struct command *c = commands; c->name != NULL; c++) {
        if (c->help == NULL || c->help[0] == '\0' || strlen(c->help) > COMMAND_HELP)
            fail_msg("%s: help", c->name);
        if (c->example == NULL || strncmp(c->example, "parley ", 7) != 0 ||
            strstr(c->example, c->name) == NULL)
            fail_msg("%s: example", c->name);
        if (c->run == NULL || c->usage == NULL || c->least > c->most)
            fail_msg("%s: row", c->name);
        command_flags(c, flag_is_good, (void *)(uintptr_t)c);
    }
}

static void every_command_is_found_by_its_name_and_stands_with_its_family(void **state)
{
    (void)state;
    for (const struct command *c = commands; c->name != NULL; c++) {
        char first[32] = "", second[32] = "";
        int used = 0;
        sscanf(c->name, "%31s %31s", first, second);
        assert_ptr_equal(command_find(first, second[0] != '\0' ? second : NULL, &used), c);
        assert_int_equal(used, second[0] != '\0' ? 2 : 1);
        assert_int_equal(command_is_family(first), second[0] != '\0');
        if (second[0] != '\0' && c[1].name != NULL && strncmp(c[1].name, first, strlen(first)) != 0)
            for (const struct command *later = c + 1; later->name != NULL; later++)
                if (strncmp(later->name, first, strlen(first)) == 0 &&
                    later->name[strlen(first)] == ' ')
                    fail_msg("%s stands away from its family", later->name);
    }
}

static void every_topic_has_a_text(void **state)
{
    (void)state;
    for (const struct topic *t = topics; t->name != NULL; t++) {
        struct buf b = {0};
        assert_true(help_topic(t->name, &b));
        assert_true(b.len > 40);
        buf_done(&b);
    }
}

static void the_help_names_every_format_that_there_is(void **state)
{
    int used;
    const struct command *c = command_find("watch", "replay", &used);
    const struct flag *flag = command_flag(c, "--format");
    struct buf names = {0};

    (void)state;
    for (size_t i = 0; i < READER_FORMATS; i++)
        buf_print(&names, "%s%s", i == 0 ? "" : "|", reader_formats[i]->name);
    assert_null(reader_formats[READER_FORMATS]);
    assert_string_equal(flag->words, buf_str(&names));
    buf_done(&names);
}

/* ---- args ---- */

static const struct command sample = {
    .name = "sample",
    .usage = "WORD [WORD]",
    .least = 1,
    .most = 2,
    .with = WITH_SPEAK,
    .flags = {{"--many", "X", "m", NULL, 1}, {"--one", "X", "o", "a|bc", 0}},
};

static const struct {
    const char *name;
    char *word[6];
    const char *what; /* a part of the error; NULL: good */
} lines[] = {
    {"one word", {(char[]){"w"}}, NULL},
    {"no word", {NULL}, "needs more"},
    {"three words", {(char[]){"a"}, (char[]){"b"}, (char[]){"c"}}, "takes only"},
    {"unknown flag", {(char[]){"w"}, (char[]){"--onee"}}, "has no flag"},
    {"value missing", {(char[]){"w"}, (char[]){"--one"}}, "needs a value"},
    {"value of no choice", {(char[]){"w"}, (char[]){"--one=b"}}, "takes one of"},
    {"value that begins a choice",
     {(char[]){"w"}, (char[]){"--one"}, (char[]){"bcd"}},
     "takes one"},
    {"given twice", {(char[]){"w"}, (char[]){"--one=a"}, (char[]){"--one=a"}}, "twice"},
    {"a value for a flag that takes none", {(char[]){"w"}, (char[]){"--json=1"}}, "no value"},
    {"flags behind --", {(char[]){"--"}, (char[]){"--one"}}, NULL},
    {"a dash is a word", {(char[]){"-"}}, NULL},
    {"help wins", {(char[]){"--nothing"}, (char[]){"--help"}}, NULL},
    {"many", {(char[]){"w"}, (char[]){"--many"}, (char[]){"1"}, (char[]){"--many=2"}}, NULL},
};

static void a_command_line_is_sorted_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct args args;
        struct args_error error;
        int argc = 0;
        bool good;
        while (lines[i].word[argc] != NULL)
            argc++;
        good = args_parse(&sample, argc, (char **)(uintptr_t)lines[i].word, &args, &error);
        if (good != (lines[i].what == NULL) || (!good && strstr(error.what, lines[i].what) == NULL))
            fail_msg("%s: %s", lines[i].name, error.what);
        args_done(&args);
    }
}

static void values_are_found_in_their_order(void **state)
{
    char *argv[] = {(char[]){"--many=1"}, (char[]){"w"}, (char[]){"--many"}, (char[]){"2"},
                    (char[]){"--json"}};
    struct args args;
    struct args_error error;

    (void)state;
    assert_true(args_parse(&sample, 5, argv, &args, &error));
    assert_string_equal(args_many(&args, "--many", 0), "1");
    assert_string_equal(args_many(&args, "--many", 1), "2");
    assert_null(args_many(&args, "--many", 2));
    assert_true(args_has(&args, "--json"));
    assert_false(args_has(&args, "--quiet"));
    assert_string_equal(args.word[0], "w");
    args_done(&args);
}

static void columns_are_as_wide_as_a_terminal_shows_them(void **state)
{
    (void)state;
    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
        skip();
    assert_int_equal(columns_width("abc", true), 3);
    assert_int_equal(columns_width("\xd0\xb4\xd0\xb0", true), 2);
    assert_int_equal(columns_width("\xe4\xb8\xad\xe6\x96\x87", true), 4);
    assert_int_equal(columns_width("e\xcc\x81", true), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_has_help_an_example_and_good_flags),
        cmocka_unit_test(every_command_is_found_by_its_name_and_stands_with_its_family),
        cmocka_unit_test(every_topic_has_a_text),
        cmocka_unit_test(the_help_names_every_format_that_there_is),
        cmocka_unit_test(a_command_line_is_sorted_or_refused),
        cmocka_unit_test(values_are_found_in_their_order),
        cmocka_unit_test(columns_are_as_wide_as_a_terminal_shows_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
