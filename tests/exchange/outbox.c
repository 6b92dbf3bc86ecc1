/*
 * What waits for an officer's word goes where the partner reads when it was said, and nowhere
 * before; what nobody releases is forgotten.
 */
#include "exchange/outbox.h"

#include <jansson.h>
#include <stdio.h>

#include "crypto/digest.h"
#include "exchange/base.h"

#define TO   "22222222-2222-4222-8222-222222222222"
#define FROM "33333333-3333-4333-8333-333333333333"

static struct store *store;
static struct config config;
static struct exchange *exchange;
static struct instant counter, now = {INT64_C(1795600000000000)};
static char released; /* the last character of a body that was released; 0: none */

static struct fault may_leave(void *context, const struct config_root *root, const struct object *o,
                              struct bytes text)
{
    (void)context;
    assert_string_equal(root->agreement, "pact");
    assert_string_equal(o->type, "sighting");
    return text.len > 0 && text.data[text.len - 1] == (uint8_t)released
               ? fault_none()
               : fault_make(FAULT_REFUSED, 0, "release: no permit");
}

static const struct exchange_host host = {NULL, may_leave};

static void put(const char *agreement, unsigned n, char end)
{
    struct object o = {.has_version = true, .version = {1000}, .tlp = TLP_GREEN};
    char body[16];

    snprintf(o.type, sizeof o.type, "sighting");
    snprintf(o.id, sizeof o.id, "sighting--00000000-0000-4000-8000-%012u", n);
    snprintf(o.spec, sizeof o.spec, "2.1");
    snprintf(body, sizeof body, "%u%c", n, end);
    assert_good(store_begin(store));
    assert_good(outbox_put(store, agreement, &o, bytes_text(body), now, &counter));
    assert_good(store_commit(store));
}

static size_t waits(const char *agreement)
{
    static struct outbox_object list[OUTBOX_STEP];
    struct instant after = {INT64_MIN};
    size_t count = OUTBOX_STEP, all = 0;

    while (count == OUTBOX_STEP) {
        assert_good(outbox_list(store, agreement, after, list, &count));
        all += count;
        for (size_t i = 0; i < count; i++) {
            after = list[i].row.added;
            buf_done(&list[i].body);
        }
    }
    return all;
}

static size_t stands(const char *id)
{
    int64_t number;
    struct rows r;
    size_t n;

    assert_good(shelf_collection(store, "partner", id, &number));
    r = store_ask(store, EXCHANGE_OBJECT_COUNT, STORE_WITH(value_integer(number)));
    n = rows_next(&r) ? (size_t)row_integer(&r, 0) : 0;
    assert_good(rows_done(&r));
    return n;
}

static bool tend(void)
{
    bool moved = false;

    assert_good(outbox_tend(exchange, now, &moved));
    return moved;
}

/* FROM comes first in no order: he writes there, so what is ours does not go there. */
static const char settings[] =
    "{\"title\":\"T\",\"visitors\":["
    "{\"name\":\"li\",\"party\":\"cert-b\",\"token_sha256\":"
    "\"1111111111111111111111111111111111111111111111111111111111111111\"}],"
    "\"roots\":[{\"name\":\"partner\",\"title\":\"P\",\"audience\":\"partner\",\"agreement\":"
    "\"pact\","
    "\"collections\":["
    "{\"id\":\"" FROM "\",\"alias\":\"from\",\"title\":\"f\",\"readers\":[\"li\"],"
    "\"writers\":[\"li\"]},"
    "{\"id\":\"" TO "\",\"alias\":\"to\",\"title\":\"t\",\"readers\":[\"li\"]}]}]}";

static int setup(void **state)
{
    json_t *tree = json_loads(settings, 0, NULL);
    struct config_error e;

    (void)state;
    base_empty();
    if (fault_is(config_parse(tree, &config, &e)))
        fail_msg("%s %s", e.member, e.why);
    json_decref(tree);
    store = base_open(STORE_SHARED);
    assert_good(exchange_new(&config, &host, store, store, &exchange));
    counter.us = 0;
    now.us = INT64_C(1795600000000000);
    released = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    exchange_free(exchange);
    store_close(store);
    return 0;
}

static void nothing_goes_before_it_is_released(void **state)
{
    (void)state;
    put("pact", 1, 'a');
    put("pact", 2, 'b');
    assert_false(tend());
    assert_int_equal(waits("pact"), 2);
    assert_int_equal(stands(TO) + stands(FROM), 0);
    released = 'b';
    assert_true(tend());
    assert_int_equal(waits("pact"), 1);
    assert_int_equal(stands(TO), 1);
    assert_int_equal(stands(FROM), 0);
    assert_false(tend());
    assert_int_equal(stands(TO), 1);
}

static void what_waits_for_another_partner_is_let_be(void **state)
{
    (void)state;
    put("other", 1, 'a');
    released = 'a';
    assert_false(tend());
    assert_int_equal(waits("other"), 1);
}

static void more_than_a_step_goes_in_one_time(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 2 * OUTBOX_STEP + 10; n++)
        put("pact", n, n % 2 == 0 ? 'a' : 'b');
    released = 'b';
    assert_true(tend());
    assert_int_equal(waits("pact"), OUTBOX_STEP + 5);
    assert_int_equal(stands(TO), OUTBOX_STEP + 5);
}

static void what_nobody_released_in_a_week_is_forgotten(void **state)
{
    (void)state;
    put("pact", 1, 'a');
    now.us += INT64_C(86400000000) * OUTBOX_DAYS - 1000;
    put("pact", 2, 'a');
    assert_false(tend());
    assert_int_equal(waits("pact"), 2);
    now.us += 2000;
    assert_false(tend());
    assert_int_equal(waits("pact"), 1);
    assert_int_equal(stands(TO), 0);
}

/* Where he reads nothing of ours it stays for `parley collection push`. */
static void without_a_place_where_the_partner_reads_it_stays(void **state)
{
    (void)state;
    for (size_t i = 0; i < config.collection_count; i++)
        if (strcmp(config.collection[i].id, TO) == 0)
            config.collection[i].readers = 0;
    put("pact", 1, 'a');
    released = 'a';
    assert_false(tend());
    assert_int_equal(waits("pact"), 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(nothing_goes_before_it_is_released),
        CASE(what_waits_for_another_partner_is_let_be),
        CASE(more_than_a_step_goes_in_one_time),
        CASE(what_nobody_released_in_a_week_is_forgotten),
        CASE(without_a_place_where_the_partner_reads_it_stays),
    };
    int failed;

    base_begin();
    crypto_start();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    base_end();
    return failed;
}
