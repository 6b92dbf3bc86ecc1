/*
 * How objects count that TLP alone does not speak of: MITRE ATT&CK's bear a copyright and no rule
 * of sharing; others' marking definitions may say anything.
 */
#include "exchange/marked.h"

#include <jansson.h>
#include <stdio.h>

#include "test.h"

#define COPYRIGHT "marking-definition--fa42a846-8d90-4e51-bc29-71d5b4802168" /* MITRE ATT&CK's */
#define TERMS     "marking-definition--00000000-0000-4000-8000-0000000000aa"
#define THIRD     "marking-definition--00000000-0000-4000-8000-0000000000bb"
#define AMBER     "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"
#define RED_1     "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed" /* TLP 1 */

#define TOOL(more)                                                                                 \
    "{\"type\":\"tool\",\"spec_version\":\"2.1\",\"id\":\"tool--00000000-0000-4000-8000-"          \
    "000000000001\",\"created\":\"2026-01-01T00:00:00.000Z\",\"modified\":\"2026-01-01T00:00:00."  \
    "000Z\",\"name\":\"x\"" more "}"
#define WHOLE(refs) TOOL(",\"object_marking_refs\":[" refs "]")
#define PART(ref)                                                                                  \
    TOOL(",\"granular_markings\":[{\"marking_ref\":" ref ",\"selectors\":[\"name\"]},"             \
         "{\"lang\":\"ru\",\"selectors\":[\"name\"]}]")

static struct config config;
static struct config_collection shelf;

static struct object object_of(const char *text)
{
    struct object_error error;
    struct object o;

    if (fault_is(object_parse(bytes_text(text), &o, &error)))
        fail_msg("%s %s", error.property, error.why);
    return o;
}

/* With COPYRIGHT a statement, TERMS not. */
static int setup(void **state)
{
    (void)state;
    memset(&config, 0, sizeof config);
    memset(&shelf, 0, sizeof shelf);
    snprintf(config.statement[config.statement_count++], CONFIG_MARKING, COPYRIGHT);
    return 0;
}

static void only_a_marking_that_a_person_called_a_statement_is_let_be(void **state)
{
    static const struct {
        const char *object;
        enum tlp counts;     /* where the collection says nothing */
        enum tlp by_default; /* and where it says amber of what bears none */
    } rows[] = {
        {TOOL(""), TLP_NONE, TLP_AMBER},
        {WHOLE("\"" COPYRIGHT "\""), TLP_NONE, TLP_AMBER},
        {WHOLE("\"" COPYRIGHT "\",\"" AMBER "\""), TLP_AMBER, TLP_AMBER},
        {WHOLE("\"" COPYRIGHT "\",\"" RED_1 "\""), TLP_RED, TLP_RED},
        {WHOLE("\"" TERMS "\""), TLP_RED, TLP_RED},
        {WHOLE("\"" COPYRIGHT "\",\"" TERMS "\""), TLP_RED, TLP_RED},
        {WHOLE("\"" TERMS "\",\"" AMBER "\""), TLP_RED, TLP_RED},
        {WHOLE("\"" COPYRIGHT "\",\"" COPYRIGHT "\",\"" COPYRIGHT "\""), TLP_NONE, TLP_AMBER},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct object o = object_of(rows[i].object);

        shelf.marking = TLP_NONE;
        assert_int_equal(marked_tlp(&config, &shelf, &o), rows[i].counts);
        assert_int_equal(marked_tlp(&config, NULL, &o), rows[i].counts);
        shelf.marking = TLP_AMBER;
        assert_int_equal(marked_tlp(&config, &shelf, &o), rows[i].by_default);
    }
}

/* More than fit are never forgotten: they count as red whatever the settings say. */
static void more_markings_than_are_remembered_count_as_red(void **state)
{
    struct object o =
        object_of(WHOLE("\"" COPYRIGHT "\",\"" TERMS "\",\"" THIRD "\",\"" AMBER "\""));

    (void)state;
    snprintf(config.statement[config.statement_count++], CONFIG_MARKING, TERMS);
    snprintf(config.statement[config.statement_count++], CONFIG_MARKING, THIRD);
    assert_int_equal(marked_tlp(&config, NULL, &o), TLP_RED);
    assert_null(marked_unknown(&config, &o));
}

/* "granular markings allow the marking of individual portions" (7.2.3): an object goes out whole.
 */
static void a_marking_of_a_part_counts_for_the_whole(void **state)
{
    struct object o = object_of(PART("\"" AMBER "\""));
    struct object_error error;

    (void)state;
    assert_int_equal(o.tlp, TLP_AMBER);
    o = object_of(PART("\"" TERMS "\""));
    assert_int_equal(marked_tlp(&config, NULL, &o), TLP_RED);
    o = object_of(PART("\"" COPYRIGHT "\""));
    assert_int_equal(marked_tlp(&config, NULL, &o), TLP_NONE);
    assert_fault(object_parse(bytes_text(PART("7")), &o, &error), FAULT_SYNTAX);
    assert_string_equal(error.property, "granular_markings");
    assert_fault(object_parse(bytes_text(TOOL(",\"granular_markings\":{}")), &o, &error),
                 FAULT_SYNTAX);
}

static void who_counts_as_red_for_it_is_named(void **state)
{
    struct object o = object_of(WHOLE("\"" COPYRIGHT "\",\"" TERMS "\""));

    (void)state;
    assert_string_equal(marked_unknown(&config, &o), TERMS);
    o = object_of(WHOLE("\"" COPYRIGHT "\""));
    assert_null(marked_unknown(&config, &o));
    o = object_of(WHOLE("\"" RED_1 "\""));
    assert_null(marked_unknown(&config, &o));
}

static struct fault with_statements(const char *statements, struct config_error *error)
{
    json_t *tree = json_pack("{s:s, s:[], s:[{s:s, s:s, s:s, s:[]}], s:o}", "title", "T",
                             "visitors", "roots", "name", "own", "title", "T", "audience", "own",
                             "collections", "statements", json_loads(statements, 0, NULL));
    struct fault f = config_parse(tree, &config, error);

    json_decref(tree);
    return f;
}

static void the_settings_cannot_call_tlp_a_statement(void **state)
{
    static const struct {
        const char *statements, *why;
        enum fault_kind kind;
    } wrong[] = {
        {"[\"" AMBER "\"]", "TLP's", FAULT_REFUSED},
        {"[\"" RED_1 "\"]", "TLP's", FAULT_REFUSED},
        {"[\"indicator--00000000-0000-4000-8000-000000000001\"]", "marking-definition",
         FAULT_SYNTAX},
        {"[\"marking-definition--x\"]", "marking-definition", FAULT_SYNTAX},
    };
    struct config_error error;

    (void)state;
    assert_good(with_statements("[\"" COPYRIGHT "\"]", &error));
    assert_int_equal(config.statement_count, 1);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_fault(with_statements(wrong[i].statements, &error), wrong[i].kind);
        assert_string_equal(error.member, "statements[0]");
        assert_non_null(strstr(error.why, wrong[i].why));
    }
}

#define CASE(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(only_a_marking_that_a_person_called_a_statement_is_let_be),
        CASE(more_markings_than_are_remembered_count_as_red),
        CASE(a_marking_of_a_part_counts_for_the_whole),
        CASE(who_counts_as_red_for_it_is_named),
        CASE(the_settings_cannot_call_tlp_a_statement),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
