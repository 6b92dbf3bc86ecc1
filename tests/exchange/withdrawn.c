/*
 * What a RETRACT took back leaves the collections that it concerns, and no other: whose objects
 * stand where is told by who may write there.
 */
#include "exchange/withdrawn.h"

#include <jansson.h>
#include <stdio.h>

#include "exchange/base.h"
#include "exchange/pulled.h"

#define OWN  "11111111-1111-4111-8111-111111111111"
#define TO   "22222222-2222-4222-8222-222222222222"
#define FROM "33333333-3333-4333-8333-333333333333"
#define ELSE "44444444-4444-4444-8444-444444444444"
#define URL  "https://theirs.example/api/collections/x/"

enum place { IN_OWN, IN_TO, IN_FROM, IN_ELSE, IN_PULLED, PLACES };

static struct store *store;
static struct config config;
static int64_t shelf[PLACES];
static struct instant counter, now = {INT64_C(1795600000000000)};
static struct withdrawn withdrawn;

static struct bytes body_of(unsigned n)
{
    static char text[64];

    snprintf(text, sizeof text, "{\"number\":%u}", n);
    return bytes_text(text);
}

static void put(enum place where, unsigned n)
{
    struct object o = {.has_version = true, .version = {1000}, .tlp = TLP_GREEN};
    bool fresh;

    snprintf(o.type, sizeof o.type, "tool");
    snprintf(o.id, sizeof o.id, "tool--00000000-0000-4000-8000-%012u", n);
    snprintf(o.spec, sizeof o.spec, "2.1");
    assert_good(store_begin(store));
    assert_good(shelf_put(store, shelf[where], &o, body_of(n), "tester", now, &counter, &fresh));
    assert_true(fresh);
    assert_good(store_commit(store));
}

static unsigned count(enum place where)
{
    struct rows r =
        store_ask(store, EXCHANGE_OBJECT_COUNT, STORE_WITH(value_integer(shelf[where])));
    unsigned n = rows_next(&r) ? (unsigned)row_integer(&r, 0) : 0;

    assert_good(rows_done(&r));
    return n;
}

static bool has_tombstone(enum place where, unsigned n)
{
    struct rows r = store_ask(
        store, EXCHANGE_TOMBSTONE_LIST,
        STORE_WITH(value_integer(shelf[where]), value_integer(INT64_MIN), value_integer(1000)));
    char want[64];
    bool found = false;

    snprintf(want, sizeof want, "tool--00000000-0000-4000-8000-%012u", n);
    while (rows_next(&r))
        found |= bytes_is(row_bytes(&r, 1), want) && bytes_is(row_bytes(&r, 5), "withdrawn");
    assert_good(rows_done(&r));
    return found;
}

static void take_back(const char *agreement, bool theirs, unsigned n)
{
    struct digest d = digest_of(body_of(n));

    withdrawn_add(&withdrawn, bytes_text(agreement), theirs, bytes_of(d.byte, 32));
}

/* Walks to the end; how many went. */
static size_t walk(void)
{
    size_t all = 0, n;

    for (unsigned steps = 0; withdrawn.count > 0; steps++) {
        assert_true(steps < 100);
        assert_good(withdrawn_step(&withdrawn, &config, store, now, &n));
        all += n;
    }
    return all;
}

static const char settings[] =
    "{\"title\":\"T\",\"visitors\":["
    "{\"name\":\"press\",\"token_sha256\":"
    "\"0000000000000000000000000000000000000000000000000000000000000000\"},"
    "{\"name\":\"li\",\"party\":\"cert-b\",\"token_sha256\":"
    "\"1111111111111111111111111111111111111111111111111111111111111111\"}],"
    "\"roots\":[{\"name\":\"own\",\"title\":\"O\",\"audience\":\"own\",\"collections\":["
    "{\"id\":\"" OWN "\",\"alias\":\"own\",\"title\":\"o\",\"writers\":[\"press\"]}]},"
    "{\"name\":\"partner\",\"title\":\"P\",\"audience\":\"partner\",\"agreement\":\"pact\","
    "\"collections\":["
    "{\"id\":\"" TO "\",\"alias\":\"to\",\"title\":\"t\",\"readers\":[\"li\"],"
    "\"writers\":[\"press\"]},"
    "{\"id\":\"" FROM "\",\"alias\":\"from\",\"title\":\"f\",\"writers\":[\"li\"]}]},"
    "{\"name\":\"other\",\"title\":\"E\",\"audience\":\"partner\",\"agreement\":\"else\","
    "\"collections\":[{\"id\":\"" ELSE "\",\"alias\":\"to\",\"title\":\"t\"}]}]}";

static int setup(void **state)
{
    static const char *const place[PLACES][2] = {[IN_OWN] = {"own", OWN},
                                                 [IN_TO] = {"partner", TO},
                                                 [IN_FROM] = {"partner", FROM},
                                                 [IN_ELSE] = {"other", ELSE},
                                                 [IN_PULLED] = {PULLED_ROOT, URL}};
    json_t *tree = json_loads(settings, 0, NULL);
    struct config_error e;

    (void)state;
    base_empty();
    if (fault_is(config_parse(tree, &config, &e)))
        fail_msg("%s %s", e.member, e.why);
    json_decref(tree);
    store = base_open(STORE_SHARED);
    counter.us = 0;
    for (size_t i = 0; i < PLACES; i++)
        assert_good(shelf_collection(store, place[i][0], place[i][1], &shelf[i]));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    withdrawn_done(&withdrawn);
    store_close(store);
    return 0;
}

static void what_we_took_back_leaves_what_we_fill_for_that_partner(void **state)
{
    (void)state;
    for (enum place i = 0; i < PLACES; i++)
        put(i, 7);
    put(IN_TO, 8);
    take_back("pact", false, 7);
    assert_int_equal(walk(), 1);
    assert_true(has_tombstone(IN_TO, 7));
    assert_int_equal(count(IN_TO), 1);
    for (enum place i = 0; i < PLACES; i++)
        if (i != IN_TO)
            assert_int_equal(count(i), 1);
}

/* That he does not share it any more does not make ours untrue: our own people's copies stay. */
static void what_the_partner_took_back_leaves_what_he_brought_and_what_we_pulled(void **state)
{
    (void)state;
    for (enum place i = 0; i < PLACES; i++)
        put(i, 7);
    take_back("pact", true, 7);
    assert_int_equal(walk(), 2);
    assert_true(has_tombstone(IN_FROM, 7) && has_tombstone(IN_PULLED, 7));
    assert_int_equal(count(IN_OWN) + count(IN_TO) + count(IN_ELSE), 3);
}

static void what_was_released_anew_meanwhile_stays(void **state)
{
    struct digest d = digest_of(body_of(7));

    (void)state;
    put(IN_TO, 7);
    assert_good(store_do(store, EXCHANGE_RELEASE_PUT, NULL,
                         STORE_WITH(value_text("pact"), value_blob(bytes_of(d.byte, 32)),
                                    value_integer(TLP_GREEN))));
    take_back("pact", false, 7);
    assert_int_equal(walk(), 0);
    assert_int_equal(count(IN_TO), 1);
}

/* Steps are bounded; what comes in the middle of a walk begins it anew, and nothing is passed over.
 */
static void a_long_walk_meets_every_object_and_what_came_meanwhile(void **state)
{
    enum { MANY = 2 * WITHDRAWN_STEP + 50 };
    size_t gone = 0;

    (void)state;
    for (unsigned n = 0; n < MANY; n++)
        put(IN_TO, n);
    for (unsigned n = 0; n < MANY; n += 3)
        take_back("pact", false, n);
    assert_good(withdrawn_step(&withdrawn, &config, store, now, &gone));
    assert_int_equal(gone, (WITHDRAWN_STEP + 2) / 3);
    take_back("pact", false, 1); /* behind where the walk stands */
    gone += walk();
    assert_int_equal(gone, (MANY + 2) / 3 + 1);
    assert_int_equal(count(IN_TO), MANY - gone);
    assert_true(has_tombstone(IN_TO, 1));
}

static void a_digest_that_nobody_has_is_looked_for_once(void **state)
{
    (void)state;
    put(IN_TO, 7);
    take_back("pact", false, 99);
    take_back("pact", true, 99);
    assert_int_equal(walk(), 0);
    assert_int_equal(withdrawn.count, 0);
    assert_int_equal(count(IN_TO), 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_we_took_back_leaves_what_we_fill_for_that_partner),
        CASE(what_the_partner_took_back_leaves_what_he_brought_and_what_we_pulled),
        CASE(what_was_released_anew_meanwhile_stays),
        CASE(a_long_walk_meets_every_object_and_what_came_meanwhile),
        CASE(a_digest_that_nobody_has_is_looked_for_once),
    };
    int failed;

    base_begin();
    crypto_start();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    base_end();
    return failed;
}
