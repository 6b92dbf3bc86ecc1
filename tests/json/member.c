#include "json/member.h"

#include "test.h"
#include "json/profile.h"

static const char text[] =
    "{\n \"a\": {\n  \"key\": \"AAAA\",\n  \"when\": \"2026-11-25T09:00:00Z\"\n },\n"
    " \"list\": [\n  [],\n  {\n   \"n\": 7\n  },\n  \"x\\ty\"\n ],\n"
    " \"yes\": true\n}\n";
static json_t *tree;

static int read_tree(void **state)
{
    (void)state;
    return json_read_indented(bytes_text(text), (struct json_limits){1000, 4}, &tree).kind !=
           FAULT_NONE;
}

static int free_tree(void **state)
{
    (void)state;
    json_decref(tree);
    return 0;
}

static void members_are_read_by_type(void **state)
{
    struct reader in = reader_over(tree, "rule");
    struct member root = member_root(&in), a = member_object(&root, "a");
    struct member list = member_array(&root, "list", 3, 3);
    struct member item = member_item(&list, 1), last = member_item(&list, 2);
    uint8_t key[3] = {1, 1, 1};

    (void)state;
    member_base64(&a, "key", key, 3);
    assert_int_equal(key[0] + key[1] + key[2], 0);
    assert_int_equal(instant_seconds(member_time(&a, "when")), 1795597200);
    assert_int_equal(member_integer(&item, "n", 7, 7), 7);
    assert_string_equal(as_text(&last, 3), "x\ty");
    assert_true(member_flag(&root, "yes"));
    assert_true(member_has(&root, "yes"));
    assert_false(member_has(&root, "no"));
    assert_null(member_if(&root, "no").value);
    member_only(&root, "a", "list", "yes", NULL);
    assert_true(reader_ok(&in));
}

static void a_fault_says_its_path_and_line_and_nothing_more_is_read(void **state)
{
    struct reader in = reader_over(tree, "rule");
    struct member root = member_root(&in), list = member_array(&root, "list", 0, 9);
    struct member item = member_item(&list, 1);

    (void)state;
    assert_int_equal(member_integer(&item, "n", 8, 9), 0);
    assert_int_equal(in.fault.kind, FAULT_RANGE);
    assert_string_equal(in.path, "list[1].n");
    assert_int_equal(in.line, 9);
    assert_string_equal(in.why, "7 is not in 8 to 9");
    assert_string_equal(in.fault.rule, "rule");
    assert_int_equal(member_count(&list), 0);
    assert_false(member_flag(&root, "yes"));
    assert_string_equal(member_text(&root, "none", 5), "");
    assert_string_equal(in.path, "list[1].n");
}

static void fails(struct reader *in, enum fault_kind kind, const char *path, size_t line)
{
    assert_int_equal(in->fault.kind, kind);
    assert_string_equal(in->path, path);
    assert_int_equal(in->line, line);
    *in = reader_over(tree, "rule");
}

static void each_wrong_member_is_named(void **state)
{
    static const char *const words[] = {"no", "false", NULL};
    struct reader in = reader_over(tree, "rule");
    struct member root = member_root(&in), a = member_object(&root, "a");
    struct member list = member_array(&root, "list", 0, 9), last = member_item(&list, 2);
    uint8_t key[32];

    (void)state;
    member_text(&a, "none", 9);
    fails(&in, FAULT_MISSING, "a", 2);
    member_text(&a, "key", 3);
    fails(&in, FAULT_RANGE, "a.key", 3);
    member_base64(&a, "key", key, 2);
    fails(&in, FAULT_SYNTAX, "a.key", 3);
    member_hex(&a, "key", key, 2);
    fails(&in, FAULT_SYNTAX, "a.key", 3);
    member_time(&a, "key");
    fails(&in, FAULT_SYNTAX, "a.key", 3);
    member_integer(&a, "when", 0, 1);
    fails(&in, FAULT_SYNTAX, "a.when", 4);
    member_flag(&a, "when");
    fails(&in, FAULT_SYNTAX, "a.when", 4);
    member_word(&a, "when", words);
    fails(&in, FAULT_UNKNOWN, "a.when", 4);
    as_line(&last, 9);
    fails(&in, FAULT_SYNTAX, "list[2]", 11);
    member_array(&root, "list", 4, 9);
    fails(&in, FAULT_RANGE, "list", 6);
    member_array(&root, "list", 0, 2);
    fails(&in, FAULT_RANGE, "list", 6);
    member_array(&root, "a", 0, 2);
    fails(&in, FAULT_SYNTAX, "a", 2);
    member_object(&root, "yes");
    fails(&in, FAULT_SYNTAX, "yes", 13);
    member_get(&last, "x");
    fails(&in, FAULT_SYNTAX, "list[2]", 11);
    member_only(&root, "a", "yes", NULL);
    fails(&in, FAULT_EXTRA, "list", 6);
    member_only(&a, "key", "wh", NULL);
    fails(&in, FAULT_EXTRA, "a.when", 4);
    member_get(&root, "zz");
    fails(&in, FAULT_MISSING, "", 1);
}

static void a_root_that_is_no_object_is_a_fault(void **state)
{
    json_t *n = json_integer(1);
    struct reader in = reader_over(n, "rule");
    struct member root = member_root(&in);

    (void)state;
    member_text(&root, "a", 5);
    assert_int_equal(in.fault.kind, FAULT_SYNTAX);
    assert_int_equal(in.line, 1);
    json_decref(n);
}

static void a_path_longer_than_its_room_is_cut(void **state)
{
    char name[300];
    json_t *object = json_object();

    (void)state;
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    json_object_set_new(object, name, json_pack("{s:i}", "x", 1));
    struct reader in = reader_over(object, "rule");
    struct member root = member_root(&in), deep = member_object(&root, name);
    member_only(&deep, NULL);
    assert_int_equal(in.fault.kind, FAULT_EXTRA);
    assert_int_equal(strlen(in.path), READER_PATH - 1);
    json_decref(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_read_by_type),
        cmocka_unit_test(a_fault_says_its_path_and_line_and_nothing_more_is_read),
        cmocka_unit_test(each_wrong_member_is_named),
        cmocka_unit_test(a_root_that_is_no_object_is_a_fault),
        cmocka_unit_test(a_path_longer_than_its_room_is_cut),
    };
    return cmocka_run_group_tests(tests, read_tree, free_tree);
}
