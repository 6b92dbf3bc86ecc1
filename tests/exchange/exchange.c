/*
 * One request, one answer: the endpoints of TAXII 2.1 by their sections, without HTTP. Whole nodes
 * over TLS are asked in tests/story.
 */
#include "exchange/exchange.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>

#include "crypto/digest.h"
#include "exchange/base.h"
#include "exchange/media.h"
#include "exchange/visitors.h"

#define ONE    "11111111-1111-4111-8111-111111111111"
#define TWO    "22222222-2222-4222-8222-222222222222"
#define WELL   "33333333-3333-4333-8333-333333333333"
#define CELLAR "44444444-4444-4444-8444-444444444444"
#define DOOR   "55555555-5555-4555-8555-555555555555"
#define NEAR   "66666666-6666-4666-8666-666666666666"

static struct store *store;
static struct config config;
static struct exchange *exchange;
static struct exchange_answer got;
static json_t *body; /* of the last answer */
static struct instant now = {INT64_C(1795600000000000)};
static const char *refused_by_release;

static struct fault may_leave(void *context, const struct config_root *root, const struct object *o,
                              struct bytes text)
{
    (void)context;
    (void)root;
    (void)o;
    (void)text;
    return refused_by_release == NULL ? fault_none()
                                      : fault_make(FAULT_REFUSED, 0, refused_by_release);
}

static const struct exchange_host host = {NULL, may_leave};

/* ---- asking ------------------------------------------------------------------------------------
 */

static unsigned ask_as(const char *who, enum exchange_method method, const char *where,
                       const char *content)
{
    struct judged judged = {0};
    char header[64];
    const char *query = strchr(where, '?');
    struct exchange_ask ask = {
        .method = method,
        .path = bytes_of(where, query == NULL ? strlen(where) : (size_t)(query - where)),
        .query = bytes_text(query == NULL ? "" : query + 1),
        .accept = bytes_text(MEDIA_TAXII),
        .content_type = bytes_text(content == NULL ? "" : MEDIA_TAXII),
        .judged = content == NULL ? NULL : &judged,
    };

    snprintf(header, sizeof header, "Bearer %s", who);
    ask.authorization = bytes_text(who[0] == '\0' ? "" : header);
    if (content != NULL)
        judged_read(bytes_text(content), &judged);
    exchange_answer_done(&got);
    memset(&got, 0, sizeof got);
    assert_good(exchange_answer(exchange, &ask, now, &got));
    now.us += 1000;
    judged_done(&judged);
    json_decref(body);
    body = json_loadb((const char *)got.body.data, got.body.len, JSON_REJECT_DUPLICATES, NULL);
    if (body == NULL)
        fail_msg("%s: no JSON: %.*s", where, (int)got.body.len, (const char *)got.body.data);
    return got.status;
}

static unsigned get(const char *where)
{
    return ask_as("reader", EXCHANGE_GET, where, NULL);
}

static const char *text(const char *name)
{
    const char *value = json_string_value(json_object_get(body, name));

    return value == NULL ? "" : value;
}

static long long number(const char *name)
{
    return json_integer_value(json_object_get(body, name));
}

static size_t length(const char *name)
{
    return json_array_size(json_object_get(body, name));
}

#define INDICATOR(n, modified, more)                                                               \
    "{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"id\":\"indicator--00000000-0000-4000-"     \
    "8000-00000000000" n "\",\"created\":\"2026-01-01T00:00:00.000Z\",\"modified\":\"" modified    \
    "\",\"pattern\":\"[ipv4-addr:value = '192.0.2.1']\",\"pattern_type\":\"stix\","                \
    "\"valid_from\":\"2026-01-01T00:00:00Z\"" more "}"
#define MODIFIED "2026-01-02T00:00:00.000Z"
#define EMAIL                                                                                      \
    "{\"type\":\"email-addr\",\"spec_version\":\"2.1\",\"id\":\"email-addr--00000000-0000-4000-"   \
    "8000-000000000001\",\"value\":\"a@b.example\"}"
#define ENVELOPE(objects) "{\"objects\":[" objects "]}"
#define OBJECTS           "/own/collections/" ONE "/objects/"

static unsigned post(const char *content)
{
    return ask_as("writer", EXCHANGE_POST, OBJECTS, content);
}

/* ---- setting up --------------------------------------------------------------------------------
 */

static json_t *visitor(const char *name, const char *party, const char *tlp, const char *pap)
{
    struct digest d = digest_of(bytes_text(name));
    char hex[65];

    sodium_bin2hex(hex, sizeof hex, d.byte, sizeof d.byte);
    return json_pack("{s:s, s:s, s:s, s:s*, s:s*}", "name", name, "token_sha256", hex, "tlp", tlp,
                     "party", party, "pap", pap);
}

static json_t *collection(const char *id, const char *alias, const char *readers,
                          const char *writers)
{
    json_t *c = json_pack("{s:s, s:s, s:s}", "id", id, "alias", alias, "title", alias);
    json_error_t e;

    json_object_set_new(c, "readers", json_loads(readers, 0, &e));
    json_object_set_new(c, "writers", json_loads(writers, 0, &e));
    return c;
}

static json_t *settings(void)
{
    json_t *cellar = collection(CELLAR, "cellar", "[]", "[]");

    json_object_set_new(cellar, "hidden", json_true());
    return json_pack(
        "{s:s, s:[o, o, o], s:[{s:s, s:s, s:s, s:[o, o, o, o]}, {s:s, s:s, s:s, s:s, s:[o]}, "
        "{s:s, s:s, s:s, s:[o]}]}",
        "title", "Tests", "visitors", visitor("reader", NULL, "green", "amber"),
        visitor("writer", NULL, "red", NULL), visitor("partner", "cert-b", "amber", NULL), "roots",
        "name", "own", "title", "Ours", "audience", "own", "collections",
        collection(TWO, "mailbox", "[]", "[\"reader\"]"),
        collection(ONE, "feed", "[\"reader\", \"writer\"]", "[\"writer\"]"),
        collection(WELL, "seen-not-used", "[\"writer\"]", "[\"writer\"]"), cellar, "name", "theirs",
        "title", "For the partner", "audience", "partner", "agreement", "a.example", "collections",
        collection(DOOR, "shared", "[\"partner\", \"writer\"]", "[\"partner\", \"writer\"]"),
        "name", "local", "title", "Others on our side", "audience", "local", "collections",
        collection(NEAR, "near", "[\"reader\"]", "[\"writer\"]"));
}

static int setup(void **state)
{
    json_t *tree = settings();
    struct config_error e;

    (void)state;
    base_empty();
    refused_by_release = NULL;
    if (fault_is(config_parse(tree, &config, &e)))
        fail_msg("%s %s", e.member, e.why);
    json_decref(tree);
    store = base_open(STORE_SHARED);
    assert_good(exchange_new(&config, &host, store, store, &exchange));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    exchange_free(exchange);
    store_close(store);
    exchange_answer_done(&got);
    memset(&got, 0, sizeof got);
    json_decref(body);
    body = NULL;
    return 0;
}

/* ---- sections 3.6, 4.1, 4.2, 5.1, 5.2 ----------------------------------------------------------
 */

static void discovery_names_the_roots_that_the_visitor_may_see(void **state)
{
    (void)state;
    assert_int_equal(get("/taxii2/"), 200);
    assert_string_equal(text("title"), "Tests");
    assert_string_equal(text("default"), "/own/");
    assert_int_equal(length("api_roots"), 3);
    assert_int_equal(ask_as("partner", EXCHANGE_GET, "/taxii2/", NULL), 200);
    assert_int_equal(length("api_roots"), 1);
    assert_string_equal(text("default"), "/theirs/");
}

/* R1 and release stand at the partner's door; among ourselves a person's mailbox may be spoken of.
 */
static void a_local_root_is_ours_alone_and_takes_every_type(void **state)
{
    (void)state;
    assert_int_equal(
        ask_as("writer", EXCHANGE_POST, "/local/collections/near/objects/", ENVELOPE(EMAIL)), 202);
    assert_int_equal(number("success_count"), 1);
    assert_int_equal(get("/local/collections/near/objects/"), 200);
    assert_int_equal(length("objects"), 1);
    assert_int_equal(ask_as("partner", EXCHANGE_GET, "/local/", NULL), 404);
    assert_int_equal(ask_as("partner", EXCHANGE_GET, "/local/collections/" NEAR "/objects/", NULL),
                     404);
}

/* "versions MUST list application/taxii+json;version=2.1; max_content_length > 0" */
static void a_root_says_what_it_speaks(void **state)
{
    (void)state;
    assert_int_equal(get("/own/"), 200);
    assert_string_equal(json_string_value(json_array_get(json_object_get(body, "versions"), 0)),
                        MEDIA_TAXII);
    assert_true(number("max_content_length") > 0);
    assert_int_equal(get("/nowhere/"), 404);
    assert_string_equal(text("http_status"), "404");
}

static void collections_come_sorted_with_the_visitors_own_rights(void **state)
{
    const json_t *list, *first;

    (void)state;
    assert_int_equal(get("/own/collections/"), 200);
    list = json_object_get(body, "collections");
    assert_int_equal(json_array_size(list), 3); /* the hidden one is not among them */
    first = json_array_get(list, 0);
    assert_string_equal(json_string_value(json_object_get(first, "id")), ONE);
    assert_true(json_is_true(json_object_get(first, "can_read")));
    assert_true(json_is_false(json_object_get(first, "can_write")));
    assert_int_equal(get("/own/collections/" ONE "/"), 200);
    assert_int_equal(get("/own/collections/feed/"), 200);
    assert_string_equal(text("id"), ONE);
    assert_int_equal(get("/own/collections/" CELLAR "/"), 404);
    assert_int_equal(get("/theirs/collections/" ONE "/"), 404);
}

static void a_stranger_gets_401_and_how_to_ask(void **state)
{
    (void)state;
    assert_int_equal(ask_as("", EXCHANGE_GET, "/taxii2/", NULL), 401);
    assert_true(got.challenge);
    assert_string_equal(text("http_status"), "401");
    assert_int_equal(ask_as("nobody", EXCHANGE_GET, "/taxii2/", NULL), 401);
    assert_int_equal(ask_as("nobody", EXCHANGE_GET, "/nowhere/", NULL), 401);
}

static void a_password_is_known_again_whatever_the_schemes_case(void **state)
{
    struct visitors *v;
    size_t who = 99;

    (void)state;
    config.visitor[0].has_password = true;
    assert_int_equal(crypto_pwhash_str(config.visitor[0].password, "secret", 6,
                                       crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN),
                     0);
    v = visitors_new(&config);
    assert_good(visitors_find(v, bytes_text("basic cmVhZGVyOnNlY3JldA=="), NULL, &who));
    assert_int_equal(who, 0);
    config.visitor[0].password[0] = '\0'; /* from now on only the keyed digest can know it */
    assert_good(visitors_find(v, bytes_text("basic cmVhZGVyOnNlY3JldA=="), NULL, &who));
    assert_fault(visitors_find(v, bytes_text("Basic cmVhZGVyOndyb25n"), NULL, &who), FAULT_UNKNOWN);
    assert_fault(visitors_find(v, bytes_text("Basic ****"), NULL, &who), FAULT_UNKNOWN);
    assert_fault(visitors_find(v, bytes_text("Basic"), NULL, &who), FAULT_UNKNOWN);
    assert_fault(visitors_find(v, bytes_text("Digest x"), NULL, &who), FAULT_UNKNOWN);
    visitors_free(v);
}

/* Interoperability 3.5.2.1-4. */
static void who_may_not_gets_403_and_who_may_neither_404(void **state)
{
    (void)state;
    assert_int_equal(get("/own/collections/" TWO "/objects/"), 403); /* write only */
    assert_int_equal(get("/own/collections/" TWO "/manifest/"), 403);
    assert_int_equal(ask_as("reader", EXCHANGE_POST, OBJECTS, ENVELOPE(EMAIL)), 403);
    assert_int_equal(ask_as("reader", EXCHANGE_DELETE, OBJECTS "x/", NULL), 403);
    assert_int_equal(ask_as("reader", EXCHANGE_DELETE, "/own/collections/" TWO "/objects/x/", NULL),
                     403);
    assert_int_equal(get("/own/collections/" WELL "/objects/"), 404); /* neither */
    assert_int_equal(
        ask_as("reader", EXCHANGE_DELETE, "/own/collections/" WELL "/objects/x/", NULL), 404);
    assert_int_equal(ask_as("reader", EXCHANGE_DELETE, "/own/collections/", NULL), 405);
    assert_int_equal(ask_as("reader", EXCHANGE_OTHER, OBJECTS, NULL), 405);
}

/* ---- section 5: objects -------------------------------------------------------------------------
 */

static void an_empty_collection_has_no_list(void **state)
{
    (void)state;
    assert_int_equal(get(OBJECTS), 200);
    assert_null(json_object_get(body, "objects"));
    assert_true(json_is_false(json_object_get(body, "more")));
    assert_false(got.has_dates);
}

static void objects_come_back_byte_for_byte(void **state)
{
    static const char odd[] = INDICATOR("1", MODIFIED, ",\"x_custom\" :  [1.50, \"\\u00e9\"]");

    (void)state;
    assert_int_equal(post(ENVELOPE(INDICATOR("1", MODIFIED,
                                             ",\"x_custom\" :  [1.50, "
                                             "\"\\u00e9\"]"))),
                     202);
    assert_int_equal(number("success_count"), 1);
    assert_int_equal(get(OBJECTS "indicator--00000000-0000-4000-8000-000000000001/"), 200);
    assert_non_null(memmem(got.body.data, got.body.len, odd, strlen(odd)));
    assert_true(got.has_dates);
    assert_int_equal(got.first.us, got.last.us);
}

static void a_status_tells_the_truth_object_by_object(void **state)
{
    char where[96];

    (void)state;
    assert_int_equal(post(ENVELOPE(INDICATOR("1", MODIFIED, "") "," INDICATOR(
                         "2", "2025-01-01T00:00:00Z", "") ",7," INDICATOR("3", MODIFIED, ""))),
                     202);
    assert_string_equal(text("status"), "complete");
    assert_int_equal(number("total_count"), 4);
    assert_int_equal(number("success_count"), 2);
    assert_int_equal(number("failure_count"), 2);
    assert_int_equal(number("pending_count"), 0);
    assert_int_equal(length("successes"), 2);
    assert_int_equal(length("failures"), 2);
    snprintf(where, sizeof where, "/own/status/%s/", text("id"));
    assert_int_equal(ask_as("writer", EXCHANGE_GET, where, NULL), 200);
    assert_int_equal(number("failure_count"), 2);
    assert_int_equal(get(where), 404); /* another's */
    assert_int_equal(get("/own/status/" ONE "/"), 404);
    assert_int_equal(get(OBJECTS), 200);
    assert_int_equal(length("objects"), 2);
}

static void the_same_version_again_is_a_success_and_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(post(ENVELOPE(INDICATOR("1", MODIFIED, ""))), 202);
    assert_int_equal(post(ENVELOPE(INDICATOR("1", MODIFIED, ",\"x\":1"))), 202);
    assert_int_equal(number("success_count"), 1);
    assert_int_equal(get(OBJECTS "?match[version]=all"), 200);
    assert_int_equal(length("objects"), 1);
    assert_null(memmem(got.body.data, got.body.len, "\"x\":1", 5));
}

static void versions_are_listed_and_asked_for(void **state)
{
    (void)state;
    assert_int_equal(
        post(ENVELOPE(INDICATOR("1", MODIFIED, "") "," INDICATOR(
            "1", "2026-01-03T00:00:00Z", "") "," INDICATOR("1", "2026-01-01T00:00:00Z", ""))),
        202);
    assert_int_equal(get(OBJECTS), 200);
    assert_int_equal(length("objects"), 1);
    assert_int_equal(get(OBJECTS "indicator--00000000-0000-4000-8000-000000000001/versions/"), 200);
    assert_int_equal(length("versions"), 3);
    assert_int_equal(get(OBJECTS "?match[version]=first,last"), 200);
    assert_int_equal(length("objects"), 2);
    assert_int_equal(get(OBJECTS "?match[version]=2026-01-02T00:00:00Z"), 200);
    assert_int_equal(length("objects"), 1);
    assert_int_equal(get("/own/collections/feed/manifest/?match[version]=all&limit=2"), 200);
    assert_int_equal(length("objects"), 2);
    assert_true(json_is_true(json_object_get(body, "more")));
    assert_int_equal(get(OBJECTS "indicator--00000000-0000-4000-8000-000000000009/"), 404);
    assert_int_equal(get(OBJECTS "indicator--00000000-0000-4000-8000-000000000009/versions/"), 404);
    /* Where a walk would go on changes nothing of whether it is there. */
    assert_int_equal(get(OBJECTS "indicator--00000000-0000-4000-8000-000000000009/"
                                 "?added_after=2026-01-01T00:00:00Z"),
                     404);
    assert_int_equal(get(OBJECTS "indicator--00000000-0000-4000-8000-000000000001/"
                                 "?added_after=2999-01-01T00:00:00Z"),
                     200);
    assert_null(json_object_get(body, "objects"));
    assert_int_equal(get(OBJECTS "?match[id]=%ff"), 400);
    assert_int_equal(get(OBJECTS "?unknown=%ff"), 200);
    assert_int_equal(get(OBJECTS "\xff/"), 404);
}

/* The same page when asked twice, after a restart too; a `next` that we did not give: 400. */
static void next_is_signed_repeatable_and_outlives_a_restart(void **state)
{
    char where[200], first[64];

    (void)state;
    assert_int_equal(post(ENVELOPE(INDICATOR("1", MODIFIED, "") "," INDICATOR(
                         "2", MODIFIED, "") "," INDICATOR("3", MODIFIED, ""))),
                     202);
    assert_int_equal(get(OBJECTS "?limit=2"), 200);
    assert_int_equal(length("objects"), 2);
    snprintf(where, sizeof where, OBJECTS "?limit=2&next=%s", text("next"));
    exchange_free(exchange);
    assert_good(exchange_new(&config, &host, store, store, &exchange));
    for (int i = 0; i < 2; i++) {
        const json_t *o;

        assert_int_equal(get(where), 200);
        assert_int_equal(length("objects"), 1);
        o = json_array_get(json_object_get(body, "objects"), 0);
        snprintf(first, sizeof first, "%s", json_string_value(json_object_get(o, "id")));
        assert_string_equal(first, "indicator--00000000-0000-4000-8000-000000000003");
        assert_string_equal(text("next"), "");
    }
    where[strlen(where) - 3] ^= 1;
    assert_int_equal(get(where), 400);
    assert_int_equal(get(OBJECTS "?next=1"), 400);
    assert_int_equal(get(OBJECTS "?next="), 200);
    assert_int_equal(get(OBJECTS "?limit=0"), 400);
    assert_int_equal(get(OBJECTS "?limit=5&limit=6"), 400);
}

static void what_is_marked_above_a_visitors_clearance_is_not_shown(void **state)
{
    static const char red[] = ",\"object_marking_refs\":[\"marking-definition--e828b379-4e03-4974-"
                              "9ac4-e53a884c97c1\"]"; /* TLP:RED of TLP 2.0 */
    char envelope[2000];

    (void)state;
    snprintf(envelope, sizeof envelope, "{\"objects\":[%s,%.*s%s}]}", INDICATOR("1", MODIFIED, ""),
             (int)strlen(INDICATOR("2", MODIFIED, "")) - 1, INDICATOR("2", MODIFIED, ""), red);
    assert_int_equal(post(envelope), 202);
    assert_int_equal(number("success_count"), 2);
    assert_int_equal(get(OBJECTS), 200);
    assert_int_equal(length("objects"), 1);
    assert_int_equal(ask_as("writer", EXCHANGE_GET, OBJECTS, NULL), 200);
    assert_int_equal(length("objects"), 2);
}

/* A reader who acts on what he reads is shown what may be acted upon (PAP), whatever its TLP. */
static void what_permits_less_than_a_visitor_does_is_not_shown(void **state)
{
    char envelope[3000];

    (void)state;
    snprintf(envelope, sizeof envelope, "{\"objects\":[%s,%s,%s,%s]}", INDICATOR("1", MODIFIED, ""),
             INDICATOR("2", MODIFIED, ",\"labels\":[\"PAP:AMBER\"]"),
             INDICATOR("3", MODIFIED, ",\"labels\":[\"pap:red\"]"),
             INDICATOR("4", MODIFIED, ",\"labels\":[\"PAP:NONSENSE\"]"));
    assert_int_equal(post(envelope), 202);
    assert_int_equal(number("success_count"), 4);
    assert_int_equal(get(OBJECTS), 200);
    assert_int_equal(length("objects"), 2);
    assert_int_equal(get(OBJECTS "?match[version]=all&limit=1"), 200);
    assert_int_equal(length("objects"), 1);
    assert_int_equal(ask_as("writer", EXCHANGE_GET, OBJECTS, NULL), 200);
    assert_int_equal(length("objects"), 4);
}

static const char *failure(size_t n, const char *member)
{
    const json_t *item = json_array_get(json_object_get(body, "failures"), n);

    return json_string_value(json_object_get(item, member));
}

/* What a sender needs to mend it: which object, which property, by which section of the standard.
 */
static void a_refusal_names_object_property_and_rule(void **state)
{
    static const char first[] = "indicator--00000000-0000-4000-8000-000000000001";

    (void)state;
    assert_int_equal(
        post(ENVELOPE(
            INDICATOR("1", MODIFIED, ",\"valid_until\":\"2025-01-01T00:00:00Z\"") "," INDICATOR(
                "1", "2020-01-01T00:00:00Z",
                "") "," INDICATOR("1", MODIFIED,
                                  ",\"created_by_ref\":\"x\"") ","
                                                               "{\"type\":\"tool\",\"id\":\"tool--"
                                                               "X\"}")),
        202);
    assert_int_equal(number("failure_count"), 4);
    assert_string_equal(failure(0, "id"), first);
    assert_string_equal(failure(0, "message"),
                        "valid_until is not after valid_from (STIX 2.1 section 4.7)");
    assert_string_equal(failure(1, "message"),
                        "modified is earlier than created (STIX 2.1 section 3.2)");
    assert_string_equal(failure(2, "message"),
                        "created_by_ref is no identifier as type--uuid (STIX 2.1 section 2.9)");
    assert_string_equal(failure(3, "id"), "unknown");
    assert_string_equal(failure(3, "message"), "object 4 of the envelope: id is no identifier as "
                                               "type--uuid (STIX 2.1 section 2.9)");
}

/* Real ATT&CK is served once a person has said that its marking is a copyright's. */
static void a_statement_is_no_marking_and_the_collections_own_holds(void **state)
{
#define COPYRIGHT "marking-definition--fa42a846-8d90-4e51-bc29-71d5b4802168"
#define MARKED    ",\"object_marking_refs\":[\"" COPYRIGHT "\"]"
    const json_t *item;

    (void)state;
    assert_int_equal(post(ENVELOPE(INDICATOR("1", MODIFIED, MARKED))), 202);
    item = json_array_get(json_object_get(body, "successes"), 0);
    assert_string_equal(json_string_value(json_object_get(item, "message")),
                        COPYRIGHT " is not TLP's: it counts as red");
    assert_int_equal(get(OBJECTS), 200);
    assert_int_equal(length("objects"), 0);

    snprintf(config.statement[config.statement_count++], CONFIG_MARKING, COPYRIGHT);
    assert_int_equal(post(ENVELOPE(INDICATOR("2", MODIFIED, MARKED))), 202);
    item = json_array_get(json_object_get(body, "successes"), 0);
    assert_null(json_object_get(item, "message"));
    assert_int_equal(get(OBJECTS), 200);
    assert_int_equal(length("objects"), 1);

    for (size_t i = 0; i < config.collection_count; i++)
        config.collection[i].marking = TLP_AMBER;
    assert_int_equal(
        post(ENVELOPE(INDICATOR("3", MODIFIED, MARKED) "," INDICATOR("4", MODIFIED, ""))), 202);
    assert_int_equal(get(OBJECTS), 200);
    assert_int_equal(length("objects"), 1); /* the two are amber, the reader is shown green */
    assert_int_equal(ask_as("writer", EXCHANGE_GET, OBJECTS, NULL), 200);
    assert_int_equal(length("objects"), 4);
}

static void a_deleted_object_is_gone_and_its_versions_can_go_one_by_one(void **state)
{
    static const char one[] = OBJECTS "indicator--00000000-0000-4000-8000-000000000001/";
    char where[200];

    (void)state;
    assert_int_equal(
        post(ENVELOPE(INDICATOR("1", MODIFIED, "") "," INDICATOR("1", "2026-01-03T00:00:00Z", ""))),
        202);
    snprintf(where, sizeof where, "%s?match[version]=last", one);
    assert_int_equal(ask_as("writer", EXCHANGE_DELETE, where, NULL), 200);
    assert_int_equal(get(one), 200); /* the older one is the newest now */
    assert_int_equal(length("objects"), 1);
    assert_int_equal(ask_as("writer", EXCHANGE_DELETE, one, NULL), 200);
    assert_int_equal(get(one), 404);
    assert_int_equal(ask_as("writer", EXCHANGE_DELETE, one, NULL), 404);
}

static void what_is_no_envelope_is_refused_whole(void **state)
{
    static const struct {
        const char *content;
        unsigned status;
    } wrong[] = {
        {"", 400},
        {"[]", 400},
        {"{\"objects\":[{]}", 400},
        {"{\"objects\":[{}", 400},
        {"{\"objects\":{}}", 400},
        {"{\"objects\":[],\"objects\":[]}", 400},
        {"{\"objects\":[]}x", 400},
        {"{\"objects\":[]}", 422},
        {"{}", 422},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        unsigned status = post(wrong[i].content);

        if (status != wrong[i].status)
            fail_msg("%s: %u", wrong[i].content, status);
    }
}

/* ---- the partner's door -------------------------------------------------------------------------
 */

#define SHARED "/theirs/collections/" DOOR "/objects/"

/* R1: "an allow-list of object types"; in both directions. */
static void no_person_or_content_comes_through_the_partners_door(void **state)
{
    (void)state;
    assert_int_equal(
        ask_as("partner", EXCHANGE_POST, SHARED, ENVELOPE(EMAIL "," INDICATOR("1", MODIFIED, ""))),
        202);
    assert_int_equal(number("success_count"), 1);
    assert_int_equal(number("failure_count"), 1);
    assert_int_equal(ask_as("writer", EXCHANGE_POST, SHARED, ENVELOPE(EMAIL)), 202);
    assert_int_equal(number("failure_count"), 1);
    assert_int_equal(post(ENVELOPE(EMAIL)), 202); /* our own house is ours */
    assert_int_equal(number("success_count"), 1);
}

/* R1: no type of content or person, and none wrapped into one that is technical. */
static void no_wrapping_brings_content_or_persons_through(void **state)
{
    static const struct {
        const char *object;
        bool technical;
    } objects[] = {
#define PATTERN(n, pattern)                                                                        \
    "{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"id\":\"indicator--00000000-0000-4000-"     \
    "8000-0000000001" n "\",\"created\":\"2026-01-01T00:00:00.000Z\",\"modified\":\"" MODIFIED     \
    "\",\"pattern\":\"" pattern "\",\"pattern_type\":\"stix\",\"valid_from\":"                     \
    "\"2026-01-01T00:00:00Z\"}"
#define OBSERVED(n, what)                                                                          \
    "{\"type\":\"observed-data\",\"spec_version\":\"2.1\",\"id\":\"observed-data--00000000-0000-"  \
    "4000-"                                                                                        \
    "8000-0000000002" n "\",\"created\":\"2026-01-01T00:00:00.000Z\",\"modified\":\"" MODIFIED     \
    "\",\"first_observed\":\"2026-01-01T00:00:00Z\",\"last_observed\":\"2026-01-01T00:00:00Z\","   \
    "\"number_observed\":1," what "}"
        {PATTERN("01", "[url:value = 'http://a/user-account:b' AND file:name = 'it\\\\'s x:y']"),
         true},
        {PATTERN("02", "[email-message:subject = 'a']"), false},
        {PATTERN("03", "[url:value = 'a'] AND ([ipv4-addr:value = '192.0.2.1' OR "
                       "user-account:user_id = 'b'])"),
         false},
        {PATTERN("04", "[x-post:text = 'a']"), false},
        {OBSERVED("01", "\"object_refs\":[\"url--00000000-0000-4000-8000-000000000001\"]"), true},
        {OBSERVED("02", "\"object_refs\":[\"user-account--00000000-0000-4000-8000-000000000001\"]"),
         false},
        {OBSERVED("03", "\"objects\":{\"0\":{\"type\":\"url\",\"value\":\"a\"}}"), true},
        {OBSERVED("04",
                  "\"objects\":{\"0\":{\"type\":\"url\"},\"1\":{\"type\":\"email-message\"}}"),
         false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof objects / sizeof objects[0]; i++) {
        struct object_error error = {0};
        struct object o;

        if (fault_is(object_parse(bytes_text(objects[i].object), &o, &error)))
            fail_msg("object %zu: %s %s", i, error.property, error.why);
        assert_int_equal(o.technical, objects[i].technical);
    }
}

static void what_release_refuses_does_not_get_to_the_partner(void **state)
{
    (void)state;
    refused_by_release = "marking: above what may leave";
    assert_int_equal(
        ask_as("writer", EXCHANGE_POST, SHARED, ENVELOPE(INDICATOR("1", MODIFIED, ""))), 202);
    assert_int_equal(number("failure_count"), 1);
    assert_int_equal(ask_as("partner", EXCHANGE_GET, SHARED, NULL), 200);
    assert_int_equal(length("objects"), 0);
    assert_int_equal(
        ask_as("partner", EXCHANGE_POST, SHARED, ENVELOPE(INDICATOR("1", MODIFIED, ""))), 202);
    assert_int_equal(number("success_count"), 1); /* it is the partner's own */
}

/* ---- the message between judge and us -----------------------------------------------------------
 */

static void a_fault_of_the_envelope_survives_the_message(void **state)
{
    struct bytes content = bytes_text("{\"objects\":[{\"a\":1},]");
    struct judged j, back;
    struct buf message = {0};

    (void)state;
    judged_read(content, &j);
    assert_true(fault_is(j.fault) && j.fault.at > 0);
    judged_write(&j, content, &message);
    assert_good(judged_parse(buf_view(&message), content, &back));
    assert_int_equal(back.fault.kind, j.fault.kind);
    assert_int_equal(back.fault.at, j.fault.at);
    judged_done(&back);
    judged_done(&j);
    buf_done(&message);
}

static void a_judged_envelope_survives_the_message_and_every_prefix_is_a_fault(void **state)
{
    struct bytes content = bytes_text(ENVELOPE(INDICATOR("1", MODIFIED, MARKED) ",7"));
    struct judged j, back;
    struct buf message = {0};

    (void)state;
    judged_read(content, &j);
    judged_write(&j, content, &message);
    assert_good(judged_parse(buf_view(&message), content, &back));
    assert_int_equal(back.count, 2);
    assert_true(bytes_equal(back.list[0].body, j.list[0].body));
    assert_memory_equal(&back.list[0].object, &j.list[0].object, sizeof back.list[0].object);
    assert_string_equal(back.list[1].error.why, j.list[1].error.why);
    judged_done(&back);
    for (size_t n = 0; n < message.len; n++)
        assert_true(fault_is(judged_parse(bytes_of(message.data, n), content, &back)));
    message.data[9] = 0xff; /* a slice outside the text */
    assert_fault(judged_parse(buf_view(&message), content, &back), FAULT_RANGE);
    judged_done(&j);
    buf_done(&message);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(discovery_names_the_roots_that_the_visitor_may_see),
        CASE(a_local_root_is_ours_alone_and_takes_every_type),
        CASE(a_root_says_what_it_speaks),
        CASE(collections_come_sorted_with_the_visitors_own_rights),
        CASE(a_stranger_gets_401_and_how_to_ask),
        CASE(a_password_is_known_again_whatever_the_schemes_case),
        CASE(who_may_not_gets_403_and_who_may_neither_404),
        CASE(an_empty_collection_has_no_list),
        CASE(objects_come_back_byte_for_byte),
        CASE(a_status_tells_the_truth_object_by_object),
        CASE(the_same_version_again_is_a_success_and_changes_nothing),
        CASE(versions_are_listed_and_asked_for),
        CASE(next_is_signed_repeatable_and_outlives_a_restart),
        CASE(what_is_marked_above_a_visitors_clearance_is_not_shown),
        CASE(what_permits_less_than_a_visitor_does_is_not_shown),
        CASE(a_refusal_names_object_property_and_rule),
        CASE(a_statement_is_no_marking_and_the_collections_own_holds),
        CASE(a_deleted_object_is_gone_and_its_versions_can_go_one_by_one),
        CASE(what_is_no_envelope_is_refused_whole),
        CASE(no_person_or_content_comes_through_the_partners_door),
        CASE(no_wrapping_brings_content_or_persons_through),
        CASE(what_release_refuses_does_not_get_to_the_partner),
        CASE(a_fault_of_the_envelope_survives_the_message),
        CASE(a_judged_envelope_survives_the_message_and_every_prefix_is_a_fault),
    };
    int failed;

    base_begin();
    crypto_start();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    base_end();
    return failed;
}
