/* watch/group.h: when an incident opens, what it counts, when it ends, what it may cost. */
#include "watch/group.h"

#include "watch/common.h"

static const uint8_t seed[16] = {2};
static const struct group_limits wide = {1000, 1 << 20, 100};

struct told {
    struct incident incident[100];
    enum incident_report report[100];
    size_t count;
};

static void tell(void *ctx, const struct incident *i, enum incident_report report)
{
    struct told *t = ctx;

    assert_true(t->count < 100);
    incident_copy(i, &t->incident[t->count]);
    t->report[t->count++] = report;
}

static void told_done(struct told *t)
{
    for (size_t i = 0; i < t->count; i++)
        incident_done(&t->incident[i]);
    t->count = 0;
}

static struct match match(int64_t second, uint32_t from, uint32_t to)
{
    return (struct match){.time = second * 1000000,
                          .from = addr_from_v4(from),
                          .to = addr_from_v4(to),
                          .article = 1,
                          .service = SERVICE_SSH,
                          .ground = TERRITORY_PREFIX,
                          .proven = 1};
}

static const struct incident *add(struct groups *g, int64_t second, uint32_t from, uint32_t to)
{
    struct match m = match(second, from, to);

    return groups_add(g, &m);
}

/* What an incident is: "an incident opens at the event x that is the N-th match of its group with
 * x - W < t <= x; it counts those N and every later match" */
static void it_opens_at_the_nth_inside_the_window_and_counts_those(void **state)
{
    struct told told = {.count = 0};
    struct groups *g = groups_new(common_new(), "b", wide, seed, tell, &told);

    (void)state;
    add(g, 0, 1, 9); /* exactly W before the fifth: outside */
    for (int i = 1; i <= 3; i++)
        add(g, i, 1, 9);
    assert_null(add(g, 60, 1, 8));
    assert_int_equal(told.count, 0);
    assert_non_null(add(g, 60, 1, 7));
    assert_int_equal(told.count, 1);
    assert_int_equal(told.incident[0].first.us, 1000000);
    assert_int_equal(told.incident[0].opened.us, 60000000);
    assert_int_equal(told.incident[0].events, 5);
    assert_int_equal(told.incident[0].target_count, 3);
    assert_int_equal(addr_v4(told.incident[0].targets[0]), 7);
    add(g, 160, 1, 9); /* no more than G after the last */
    groups_finish(g);
    assert_int_equal(told.count, 2);
    assert_int_equal(told.report[1], INCIDENT_ENDED);
    assert_int_equal(told.incident[1].events, 6);
    assert_int_equal(told.incident[1].last.us, 160000000);
    told_done(&told);
    groups_free(g);
}

/* "it ends when the next match comes more than G after the last, and a later burst is a new
 * incident" */
static void a_later_burst_is_a_new_incident(void **state)
{
    struct told told = {.count = 0};
    struct groups *g = groups_new(common_new(), "b", wide, seed, tell, &told);

    (void)state;
    for (int i = 0; i < 5; i++)
        add(g, i, 1, 9);
    for (int i = 0; i < 4; i++)
        add(g, 105 + i, 1, 9);
    assert_int_equal(told.count, 2); /* opened, ended */
    assert_int_equal(told.incident[1].last.us, 4000000);
    add(g, 109, 1, 9);
    assert_int_equal(told.report[2], INCIDENT_OPENED);
    assert_int_equal(told.incident[2].first.us, 105000000);
    told_done(&told);
    groups_free(g);
}

static void sources_and_services_are_groups_of_their_own(void **state)
{
    struct told told = {.count = 0};
    struct groups *g = groups_new(common_new(), "b", wide, seed, tell, &told);

    (void)state;
    for (int i = 0; i < 8; i++) {
        struct match m = match(i, 1 + (uint32_t)i % 2, 9);

        m.service = i < 4 ? SERVICE_SSH : SERVICE_SMB;
        groups_add(g, &m);
    }
    assert_int_equal(told.count, 0);
    common_agreement.articles[1].group = GROUP_SERVICE;
    for (int i = 0; i < 5; i++)
        add(g, 10, 100 + (uint32_t)i, 9);
    assert_int_equal(told.count, 1);
    assert_false(told.incident[0].has_source);
    told_done(&told);
    groups_free(g);
}

static void it_reports_tenfold_and_samples_twofold(void **state)
{
    struct told told = {.count = 0};
    struct groups *g = groups_new(common_new(), "b", wide, seed, tell, &told);
    unsigned samples = 0;

    (void)state;
    for (int i = 0; i < 5000; i++)
        samples += add(g, i / 100, 1, 9) != NULL;
    groups_expire(g, 49000000 + 100000000);
    assert_int_equal(groups_open(g), 1);
    groups_expire(g, 49000000 + 100000001);
    assert_int_equal(groups_open(g), 0);
    assert_int_equal(samples, GROUP_SAMPLES); /* 5, 10, 20 .. 640 */
    assert_int_equal(told.count, 5);
    assert_int_equal(told.incident[1].events, 50);
    assert_int_equal(told.incident[3].events, 5000);
    assert_int_equal(told.report[3], INCIDENT_GROWN);
    assert_int_equal(told.report[4], INCIDENT_ENDED);
    told_done(&told);
    groups_free(g);
}

static void confidence_follows_proof_and_territory(void **state)
{
    struct incident i = {.events = 5, .proven = 5, .by_ground = {[TERRITORY_PREFIX] = 5}};
    const char *reasons[INCIDENT_REASONS];

    (void)state;
    assert_int_equal(incident_confidence(&i), CONFIDENCE_HIGH);
    assert_int_equal(incident_reasons(&i, reasons), 2);
    assert_string_equal(reasons[0], "two-way");
    i.by_ground[TERRITORY_TABLE] = 1;
    assert_int_equal(incident_confidence(&i), CONFIDENCE_MODERATE);
    i.proven = 4;
    assert_int_equal(incident_confidence(&i), CONFIDENCE_LOW);
}

/* "Confidence = function of (two-way proof, territory tests agree, independent sensors ..)" */
static void another_place_bears_out_what_one_sides_flags_said(void **state)
{
    struct incident i = {
        .events = 5, .proven = 5, .one_sided = 4, .by_ground = {[TERRITORY_PREFIX] = 5}};
    const char *reasons[INCIDENT_REASONS];
    uint32_t here = incident_place(bytes_text("vienna")),
             there = incident_place(bytes_text("graz"));

    (void)state;
    assert_true(here != there && here != 0 && there != 0);
    assert_int_equal(incident_place(bytes_text("")), 0);
    assert_int_equal(incident_confidence(&i), CONFIDENCE_MODERATE);
    incident_seen(&i, 0);
    incident_seen(&i, here);
    incident_seen(&i, here);
    incident_seen(&i, 0);
    assert_int_equal(incident_places(&i), 1); /* a sensor whose place was not said is none */
    assert_int_equal(incident_confidence(&i), CONFIDENCE_MODERATE);
    assert_int_equal(incident_reasons(&i, reasons), 3);
    incident_seen(&i, there);
    assert_int_equal(incident_places(&i), 2);
    assert_int_equal(incident_confidence(&i), CONFIDENCE_HIGH);
    assert_int_equal(incident_reasons(&i, reasons), 4);
    assert_string_equal(reasons[2], "several-places");
    i.one_sided = 5; /* nobody saw both directions: two places can be deceived alike */
    assert_int_equal(incident_confidence(&i), CONFIDENCE_MODERATE);
    i.one_sided = 4;
    i.by_ground[TERRITORY_TABLE] = 1; /* and where the source lies no sensor knows */
    assert_int_equal(incident_confidence(&i), CONFIDENCE_MODERATE);
    i.proven = 4;
    assert_int_equal(incident_confidence(&i), CONFIDENCE_LOW);
    for (uint32_t k = 1; k < 100; k++)
        incident_seen(&i, k);
    assert_int_equal(incident_places(&i), INCIDENT_PLACES);
}

/* "constant memory per open group", and "never goes silent": a flood on ever new targets is told of
 * at each tenfold, and its group is no larger after the first hundred thousand. */
static void a_flood_is_told_of_for_ever_in_constant_memory(void **state)
{
    static const struct group_limits one = {4, 64 << 10, 4};
    struct told told = {.count = 0};
    struct groups *g = groups_new(common_new(), "b", one, seed, tell, &told);
    struct buf before = {0}, after = {0};

    (void)state;
    for (uint32_t i = 0; i < 5000; i++)
        add(g, i / 100, 1, i % 1000);
    groups_save(g, &before);
    for (uint32_t i = 5000; i < 500000; i++)
        add(g, i / 100, 1, i % 1000);
    groups_save(g, &after);
    assert_int_equal(after.len, before.len);
    assert_true(after.len <= 300 + 16 * INCIDENT_TARGETS);
    assert_int_equal(told.count, 6); /* 5, 50 .. 500,000 */
    assert_int_equal(told.incident[5].events, 500000);
    assert_int_equal(told.incident[5].target_count + told.incident[5].targets_more > 256, 1);
    assert_int_equal(groups_losses(g).matches_refused, 0);
    told_done(&told);
    buf_done(&before);
    buf_done(&after);
    groups_free(g);
}

static void silent_groups_make_room_and_are_counted(void **state)
{
    static const struct group_limits narrow = {10, 1 << 20, 2};
    struct told told = {.count = 0};
    struct groups *g = groups_new(common_new(), "b", narrow, seed, tell, &told);

    (void)state;
    for (uint32_t from = 1; from <= 4; from++) /* the third and fourth find no room to open */
        for (int i = 0; i < 6; i++)
            add(g, (int64_t)from, from, 9);
    assert_int_equal(groups_open(g), 2);
    assert_int_equal(groups_losses(g).matches_refused, 4);
    for (uint32_t from = 100; from < 120; from++)
        add(g, 10, from, 9);
    assert_int_equal(groups_losses(g).groups_dropped, 14);
    assert_int_equal(groups_open(g), 2);
    told_done(&told);
    groups_free(g);
}

static void bytes_are_bounded_too(void **state)
{
    static const struct group_limits narrow = {1000, 2000, 100};
    struct told told = {.count = 0};
    struct groups *g = groups_new(common_new(), "b", narrow, seed, tell, &told);
    struct buf saved = {0};

    (void)state;
    for (uint32_t i = 0; i < 3000; i++)
        add(g, i / 100, i % 50, i % 70);
    groups_save(g, &saved);
    assert_true(saved.len < 3500);
    assert_true(groups_losses(g).groups_dropped > 0);
    told_done(&told);
    buf_done(&saved);
    groups_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_opens_at_the_nth_inside_the_window_and_counts_those),
        cmocka_unit_test(a_later_burst_is_a_new_incident),
        cmocka_unit_test(sources_and_services_are_groups_of_their_own),
        cmocka_unit_test(it_reports_tenfold_and_samples_twofold),
        cmocka_unit_test(confidence_follows_proof_and_territory),
        cmocka_unit_test(another_place_bears_out_what_one_sides_flags_said),
        cmocka_unit_test(a_flood_is_told_of_for_ever_in_constant_memory),
        cmocka_unit_test(silent_groups_make_room_and_are_counted),
        cmocka_unit_test(bytes_are_bounded_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
