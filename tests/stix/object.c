/*
 * What a receiver needs of an object: the standard's own musts of references, quoted; the rest is
 * asked where objects are posted (tests/exchange/exchange.c).
 */
#include "stix/object.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/text.h"
#include "stix/catalogue.h"
#include "test.h"

#define ID(type) type "--00000000-0000-4000-8000-000000000001"

/* An object of this type with what it requires, and `more`. */
static void object_write(const char *type, const char *more, char *out, size_t size)
{
    const struct catalogue_type *row = catalogue_find(bytes_text(type));
    int len = snprintf(out, size,
                       "{\"type\":\"%s\",\"spec_version\":\"2.1\",\"id\":\"%s--00000000-0000-4000-"
                       "8000-000000000009\",\"created\":\"2026-01-01T00:00:00.000Z\",\"modified\":"
                       "\"2026-01-01T00:00:00.000Z\"",
                       type, type);

    for (size_t i = 0; row != NULL && i < CATALOGUE_REQUIRED && row->required[i] != NULL; i++) {
        char name[64];

        snprintf(name, sizeof name, "\"%s\":", row->required[i]);
        if (strstr(more, name) == NULL)
            len += snprintf(out + len, size - (size_t)len, ",%s%s", name,
                            strstr(name, "_refs\"") != NULL  ? "[\"" ID("tool") "\"]"
                            : strstr(name, "_ref\"") != NULL ? "\"" ID("tool") "\""
                                                             : "\"2026-01-01T00:00:00Z\"");
    }
    snprintf(out + len, size - (size_t)len, ",%s}", more);
}

static struct fault read_one(const char *type, const char *more, struct object *o,
                             struct object_error *error)
{
    char text[2048];

    object_write(type, more, text, sizeof text);
    return object_parse(bytes_text(text), o, error);
}

static const struct {
    const char *type, *property, *good, *bad, *said;
} references[] = {
    /* 3.2: "The created_by_ref property specifies the id property of the identity object" */
    {"tool", "created_by_ref", ID("identity"), ID("tool"),
     "created_by_ref names a tool, and may name identity (STIX 2.1 section 3.2)"},
    {"x-acme-thing", "created_by_ref", ID("identity"), ID("tool"),
     "created_by_ref names a tool, and may name identity (STIX 2.1 section 3.2)"},
    /* 5.1: "an ID reference to an SDO or SCO (i.e., it cannot point to an SRO, Bundle, Language
     * Content, or Marking Definition)" */
    {"relationship", "source_ref", ID("ipv4-addr"), ID("sighting"),
     "source_ref names a sighting, and may name a domain object or an observable (STIX 2.1 section "
     "5.1)"},
    {"relationship", "target_ref", ID("x-acme-thing"), ID("marking-definition"),
     "target_ref names a marking-definition, and may name a domain object or an observable (STIX "
     "2.1 section 5.1)"},
    {"relationship", "target_ref", ID("incident"), ID("language-content"),
     "target_ref names a language-content, and may name a domain object or an observable (STIX 2.1 "
     "section 5.1)"},
    /* 5.2: "This property MUST reference only an SDO or a Custom Object." */
    {"sighting", "sighting_of_ref", ID("indicator"), ID("ipv4-addr"),
     "sighting_of_ref names a ipv4-addr, and may name a domain object (STIX 2.1 section 5.2)"},
    {"sighting", "sighting_of_ref", ID("x-acme-thing"), ID("relationship"),
     "sighting_of_ref names a relationship, and may name a domain object (STIX 2.1 section 5.2)"},
    /* 6.12: "The object referenced MUST be of type ipv4-addr, ipv6-addr, mac-addr, or domain-name"
     */
    {"network-traffic", "src_ref", ID("domain-name"), ID("url"),
     "src_ref names a url, and may name ipv4-addr or ipv6-addr or mac-addr or domain-name (STIX "
     "2.1 "
     "section 6.12)"},
    /* ours: the property is not the standard's */
    {"tool", "x_acme_ref", ID("x-acme-thing"), "acme 7",
     "x_acme_ref is no identifier as type--uuid (STIX 2.1 section 2.9)"},
};

static void a_reference_names_what_its_property_may_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof references / sizeof references[0]; i++) {
        char more[256], said[OBJECT_SAID];
        struct object_error error = {0};
        struct object o;

        snprintf(more, sizeof more, "\"%s\":\"%s\"", references[i].property, references[i].good);
        if (fault_is(read_one(references[i].type, more, &o, &error)))
            fail_msg("%s %s: %s %s", references[i].type, more, error.property, error.why);
        snprintf(more, sizeof more, "\"%s\":\"%s\"", references[i].property, references[i].bad);
        assert_true(fault_is(read_one(references[i].type, more, &o, &error)));
        object_error_say(&error, said);
        assert_string_equal(said, references[i].said);
    }
}

static const struct {
    const char *type, *property, *good, *bad;
} lists[] = {
    {"tool", "object_marking_refs", ID("marking-definition"), ID("tool")},
    {"x-acme-thing", "object_marking_refs", ID("marking-definition"), ID("tool")},
    /* 4.14: "A list of SCOs and SROs representing the observation" */
    {"observed-data", "object_refs", ID("url"), ID("malware")},
    {"sighting", "observed_data_refs", ID("observed-data"), ID("url")},
    {"sighting", "where_sighted_refs", ID("location"), ID("tool")},
    {"malware", "sample_refs", ID("file"), ID("url")},
    {"domain-name", "resolves_to_refs", ID("ipv6-addr"), ID("url")},
    {"process", "opened_connection_refs", ID("network-traffic"), ID("ipv4-addr")},
    {"report", "object_refs", ID("relationship"), "7"},
};

static void so_does_each_of_a_list_and_none_is_empty(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        char more[256];
        struct object_error error = {0};
        struct object o;

        /* A marking that nobody knows is red; it is let in as such. */
        snprintf(more, sizeof more, "\"%s\":[\"%s\"]", lists[i].property, lists[i].good);
        if (fault_is(read_one(lists[i].type, more, &o, &error)))
            fail_msg("%s %s: %s %s", lists[i].type, more, error.property, error.why);
        snprintf(more, sizeof more, "\"%s\":[\"%s\",\"%s\"]", lists[i].property, lists[i].good,
                 lists[i].bad);
        assert_true(fault_is(read_one(lists[i].type, more, &o, &error)));
        assert_string_equal(error.property, lists[i].property);
        snprintf(more, sizeof more, "\"%s\":[]", lists[i].property);
        assert_true(fault_is(read_one(lists[i].type, more, &o, &error)));
        snprintf(more, sizeof more, "\"%s\":\"%s\"", lists[i].property, lists[i].good);
        assert_true(fault_is(read_one(lists[i].type, more, &o, &error)));
    }
}

/* Else a marking that cannot be read would be none: "no spelling can lower a marking". */
static void a_custom_type_hides_no_marking_behind_a_wrong_one(void **state)
{
    struct object_error error = {0};
    struct object o;

    (void)state;
    assert_fault(read_one("x-acme-thing",
                          "\"object_marking_refs\":[7,\"marking-definition--e828b379-4e03-4974-9ac4"
                          "-e53a884c97c1\"]",
                          &o, &error),
                 FAULT_SYNTAX);
    assert_string_equal(error.property, "object_marking_refs");
    assert_good(
        read_one("x-acme-thing", "\"x_acme_ref\":\"acme 7\",\"x_acme_refs\":{}", &o, &error));
}

/* 4.6, a stub of the standard's: it has a name, and it is words of people. */
static void an_incident_needs_a_name_and_is_not_technical(void **state)
{
    struct object_error error = {0};
    char said[OBJECT_SAID];
    struct object o;

    (void)state;
    assert_good(read_one("incident", "\"name\":\"x\"", &o, &error));
    assert_false(o.technical);
    assert_fault(
        object_parse(bytes_text("{\"type\":\"incident\",\"spec_version\":\"2.1\",\"id\":\"" ID(
                         "incident") "\",\"created\":\"2026-01-01T00:00:00Z\",\"modified\":"
                                     "\"2026-01-01T00:00:00Z\"}"),
                     &o, &error),
        FAULT_MISSING);
    object_error_say(&error, said);
    assert_string_equal(said, "name is required of this type (STIX 2.1 section 4.6)");
}

static void a_bundle_is_no_object(void **state)
{
    struct object_error error = {0};
    struct object o;

    (void)state;
    assert_fault(
        object_parse(bytes_text("{\"type\":\"bundle\",\"id\":\"" ID("bundle") "\","
                                                                              "\"objects\":[]}"),
                     &o, &error),
        FAULT_RANGE);
    assert_string_equal(error.why, "is bundle, which is no object: send what is in it");
}

/* What is said of an object goes into JSON, which knows no half character. */
static void a_long_name_is_cut_between_characters(void **state)
{
    char text[800];
    struct object_error error;
    struct object o;

    (void)state;
    for (int odd = 0; odd < 2; odd++) {
        struct buf name = {0};

        buf_text(&name, odd ? "x" : "");
        for (int i = 0; i < 80; i++)
            buf_text(&name, "\xc3\xa9");
        snprintf(text, sizeof text,
                 "{\"type\":\"tool\",\"spec_version\":\"2.1\",\"id\":\"" ID(
                     "tool") "\","
                             "\"created\":\"2026-01-01T00:00:00Z\",\"modified\":\"2026-01-01T00:00:"
                             "00Z\","
                             "\"name\":\"n\",\"%s_ref\":5}",
                 buf_str(&name));
        buf_done(&name);
        error = (struct object_error){0};
        assert_fault(object_parse(bytes_text(text), &o, &error), FAULT_SYNTAX);
        assert_true(strlen(error.property) >= OBJECT_PROPERTY - 2);
        assert_int_equal(utf8_bad(bytes_text(error.property)), strlen(error.property));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reference_names_what_its_property_may_name),
        cmocka_unit_test(so_does_each_of_a_list_and_none_is_empty),
        cmocka_unit_test(a_custom_type_hides_no_marking_behind_a_wrong_one),
        cmocka_unit_test(an_incident_needs_a_name_and_is_not_technical),
        cmocka_unit_test(a_bundle_is_no_object),
        cmocka_unit_test(a_long_name_is_cut_between_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
