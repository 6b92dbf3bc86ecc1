/*
 * Six hundred seeded writes and deletions, and every filter over them, against a list that is
 * searched from end to end: the same objects, in the same order, each once, by `next` and by
 * added_after alone. PARLEY_POSTGRES chooses the backend, as in tests/store.
 */
#include "exchange/shelf.h"

#include "exchange/base.h"

enum { WRITES = 600, IDS = 40, PAGES = 240 };

static const char *const type_names[] = {"malware", "tool", "indicator", "campaign"};

/* The slow shelf. */
static struct shelf_row plain[WRITES * 2];
static size_t plain_count;
static bool gone[WRITES * 2];

static struct store *store;
static int64_t shelf_a, shelf_b;
static struct instant counter;
static const struct marking everything = {TLP_RED, PAP_RED}, nothing = {TLP_NONE, PAP_NONE};

static void object_make(struct object *o, unsigned id, unsigned version, bool old_spec)
{
    *o = (struct object){
        .has_version = true, .tlp = id % 7 == 0 ? TLP_AMBER : TLP_CLEAR, .pap = (enum pap)(id % 5)};
    snprintf(o->type, sizeof o->type, "%s", type_names[id % 4]);
    snprintf(o->id, sizeof o->id, "%s--00000000-0000-4000-8000-%012u", o->type, id);
    snprintf(o->spec, sizeof o->spec, "%s", old_spec ? "2.0" : "2.1");
    o->version.us = INT64_C(1600000000000000) + version * 1000;
}

static bool plain_has(const struct object *o)
{
    for (size_t i = 0; i < plain_count; i++)
        if (!gone[i] && strcmp(plain[i].id, o->id) == 0 && strcmp(plain[i].spec, o->spec) == 0 &&
            plain[i].version.us == o->version.us)
            return true;
    return false;
}

static void put_one(int64_t shelf, const struct object *o)
{
    char body[400];
    bool put, there = plain_has(o);

    snprintf(body, sizeof body, "{\"id\":\"%s\",\"v\":%lld}", o->id, (long long)o->version.us);
    assert_good(shelf_put(store, shelf, o, bytes_text(body), "tester",
                          (struct instant){1000 + (int64_t)(plain_count / 3)}, &counter, &put));
    if (shelf != shelf_a)
        return;
    assert_int_equal(put, !there);
    if (!put)
        return;
    plain[plain_count] =
        (struct shelf_row){.added = counter, .version = o->version, .marking = {o->tlp, o->pap}};
    snprintf(plain[plain_count].id, OBJECT_ID, "%s", o->id);
    snprintf(plain[plain_count].type, OBJECT_TYPE, "%s", o->type);
    snprintf(plain[plain_count].spec, OBJECT_SPEC, "%s", o->spec);
    plain_count++;
}

/* The newest or oldest version of the spec that counts: searched, not remembered. */
static bool plain_is_edge(const struct shelf_row *row, bool newest, bool own_spec)
{
    for (size_t i = 0; i < plain_count; i++) {
        if (gone[i] || strcmp(plain[i].id, row->id) != 0)
            continue;
        if (!own_spec && strcmp(plain[i].spec, row->spec) > 0)
            return false;
        if (strcmp(plain[i].spec, row->spec) == 0 &&
            (newest ? plain[i].version.us > row->version.us
                    : plain[i].version.us < row->version.us))
            return false;
    }
    return true;
}

static bool plain_may(const struct shelf_row *row, struct marking most)
{
    return !(row->marking.tlp > most.tlp || row->marking.pap > most.pap);
}

static bool plain_fits(const struct filter *f, struct marking clearance,
                       const struct shelf_row *row)
{
    bool own = f->specs.count > 0, version = (f->versions & FILTER_ALL) != 0;

    if ((f->versions & FILTER_LAST) != 0 && plain_is_edge(row, true, own))
        version = true;
    if ((f->versions & FILTER_FIRST) != 0 && plain_is_edge(row, false, own))
        version = true;
    for (size_t i = 0; i < f->time_count; i++)
        if (f->time[i].us == row->version.us)
            version = true;
    return version && plain_may(row, clearance) && filter_list_has(f, &f->ids, row->id) &&
           filter_list_has(f, &f->types, row->type) && filter_list_has(f, &f->specs, row->spec);
}

static unsigned seed = 2021;

static unsigned dice(unsigned n)
{
    return (unsigned)rand_r(&seed) % n;
}

static void filter_make(struct filter *f)
{
    memset(f, 0, sizeof *f);
    f->limit = 1 + dice(40);
    f->versions = (unsigned[]){
        FILTER_LAST, FILTER_LAST, FILTER_FIRST, FILTER_ALL, FILTER_FIRST | FILTER_LAST, 0}[dice(6)];
    if (f->versions == 0 || dice(8) == 0)
        f->time[f->time_count++].us = INT64_C(1600000000000000) + dice(30) * 1000;
    if (f->versions == FILTER_ALL)
        f->time_count = 0;
    for (unsigned n = dice(4) == 0 ? 1 + dice(3) : 0; n > 0; n--)
        assert_good(filter_list_add(f, &f->types, bytes_text(type_names[dice(4)])));
    for (unsigned n = dice(4) == 0 ? 1 + dice(5) : 0; n > 0; n--) {
        struct object o;

        object_make(&o, dice(IDS + 5), 0, false);
        assert_good(filter_list_add(f, &f->ids, bytes_text(o.id)));
    }
    if (dice(4) == 0)
        assert_good(filter_list_add(f, &f->specs, bytes_text(dice(2) == 0 ? "2.0" : "2.1")));
}

/* What a walk has met so far. */
struct walk {
    size_t at; /* the next row of the slow shelf */
    const struct filter *filter;
    struct marking clearance;
    bool bodies; /* the walk of who wants the bytes: of a row only `added` is sure */
};

static bool take(void *context, const struct shelf_row *row, struct bytes body)
{
    struct walk *w = context;
    char good[400];

    while (w->at < plain_count &&
           (gone[w->at] || !plain_fits(w->filter, w->clearance, &plain[w->at])))
        w->at++;
    if (w->at == plain_count)
        fail_msg("%lld: a row that nobody asked for", (long long)row->added.us);
    assert_int_equal(row->added.us, plain[w->at].added.us);
    if (!w->bodies) {
        assert_string_equal(row->id, plain[w->at].id);
        assert_int_equal(row->version.us, plain[w->at].version.us);
    }
    snprintf(good, sizeof good, "{\"id\":\"%s\",\"v\":%lld}", plain[w->at].id,
             (long long)plain[w->at].version.us);
    assert_true(bytes_is(body, good));
    w->at++;
    return dice(40) == 0; /* full, as one that counts bytes may say at any row */
}

/* `by_dates`: the client has no `next` and goes on from the last date_added. */
static void walk_through(const struct filter *f, struct marking clearance, bool by_dates)
{
    struct walk w = {0, f, clearance, dice(2) == 0};
    struct instant after = {0};
    struct shelf_page page = {.more = true};

    while (page.more) {
        assert_good((w.bodies ? shelf_bodies : shelf_page)(store, shelf_a, f, after, clearance,
                                                           take, &w, &page));
        assert_true(page.count <= f->limit);
        if (page.more)
            assert_true(page.next.us > after.us);
        after = by_dates && page.count > 0 ? page.last : page.next;
    }
    for (; w.at < plain_count; w.at++)
        if (!gone[w.at] && plain_fits(f, clearance, &plain[w.at]))
            fail_msg("%s was lost", plain[w.at].id);
}

static void drop_some(void)
{
    struct object o;
    struct filter f;
    size_t dropped = 0, expected = 0;

    object_make(&o, dice(IDS), 0, false);
    filter_make(&f);
    memset(&f.types, 0, sizeof f.types);
    memset(&f.ids, 0, sizeof f.ids);
    for (size_t i = 0; i < plain_count; i++)
        expected +=
            !gone[i] && strcmp(plain[i].id, o.id) == 0 && plain_fits(&f, everything, &plain[i]);
    assert_good(
        shelf_drop(store, shelf_a, o.id, &f, "deleted", "tester", counter, &counter, &dropped));
    assert_int_equal(dropped, expected);
    {
        bool fits[WRITES * 2];

        for (size_t i = 0; i < plain_count; i++)
            fits[i] =
                !gone[i] && strcmp(plain[i].id, o.id) == 0 && plain_fits(&f, everything, &plain[i]);
        for (size_t i = 0; i < plain_count; i++)
            gone[i] = gone[i] || fits[i];
    }
}

static void every_filter_finds_what_a_search_from_end_to_end_finds(void **state)
{
    static struct filter f;

    (void)state;
    for (unsigned i = 0; i < WRITES; i++) {
        struct object o;

        object_make(&o, dice(IDS), dice(30), dice(5) == 0);
        assert_good(store_begin(store));
        put_one(dice(10) == 0 ? shelf_b : shelf_a, &o);
        if (dice(12) == 0)
            drop_some();
        assert_good(store_commit(store));
        for (unsigned n = 0; n < PAGES / WRITES + (dice(WRITES) < PAGES); n++) {
            filter_make(&f);
            walk_through(&f,
                         (struct marking){dice(3) == 0 ? TLP_GREEN : TLP_RED, (enum pap)dice(5)},
                         dice(2) == 0);
        }
    }
}

/* "unique and strictly rising per object": though the clock stands still. */
static void date_added_rises_though_the_clock_stands(void **state)
{
    (void)state;
    for (size_t i = 1; i < plain_count; i++)
        assert_true(plain[i].added.us > plain[i - 1].added.us);
}

static void what_was_taken_away_left_a_tombstone(void **state)
{
    struct rows r =
        store_ask(store, EXCHANGE_TOMBSTONE_LIST,
                  STORE_WITH(value_integer(shelf_a), value_integer(0), value_integer(1000000)));
    size_t stones = 0, dead = 0;
    int64_t before = 0;

    (void)state;
    for (size_t i = 0; i < plain_count; i++)
        dead += gone[i];
    for (; rows_next(&r); stones++) {
        assert_true(row_integer(&r, 0) > before);
        before = row_integer(&r, 0);
    }
    assert_good(rows_done(&r));
    assert_int_equal(stones, dead);
    assert_true(dead > 10);
}

/* ---- changes -----------------------------------------------------------------------------------
 */

struct tale {
    size_t added, removed;
    struct instant before;
    char last[16]; /* what the last one was */
};

static bool take_change(void *context, const struct shelf_change *c)
{
    struct tale *t = context;
    bool added = strcmp(c->what, "added") == 0;
    size_t i = 0;

    assert_true(c->at.us > t->before.us);
    t->before = c->at;
    t->added += added;
    t->removed += !added;
    memcpy(t->last, c->what, sizeof t->last);
    while (i < plain_count &&
           !(strcmp(plain[i].id, c->id) == 0 && plain[i].version.us == c->version.us &&
             gone[i] == !added && (!added || plain[i].added.us == c->at.us)))
        i++;
    assert_true(i < plain_count); /* it was as the slow shelf has it */
    return dice(9) == 0;
}

static void changes_from(struct instant after, struct marking clearance, struct tale *t)
{
    struct shelf_page page = {.more = true};

    *t = (struct tale){.before = after};
    while (page.more) {
        assert_good(
            shelf_changes(store, shelf_a, after, 1 + dice(20), clearance, take_change, t, &page));
        assert_true(!page.more || page.next.us > after.us);
        after = page.next;
    }
}

static void changes_tell_what_came_and_what_went_in_one_order(void **state)
{
    const struct marking few = {TLP_GREEN, PAP_AMBER};
    size_t live = 0, dead = 0, shown = 0, dead_shown = 0;
    struct tale t;

    (void)state;
    for (size_t i = 0; i < plain_count; i++) {
        live += !gone[i];
        dead += gone[i];
        shown += !gone[i] && plain_may(&plain[i], few);
        dead_shown += gone[i] && plain_may(&plain[i], few);
    }
    changes_from((struct instant){0}, everything, &t);
    assert_int_equal(t.added, live);
    assert_int_equal(t.removed, dead);
    changes_from((struct instant){0}, few, &t); /* what was hidden stays so when it is gone */
    assert_int_equal(t.added, shown);
    assert_int_equal(t.removed, dead_shown);
    changes_from(t.before, few, &t);
    assert_int_equal(t.added + t.removed, 0);
}

static bool is_expired(void *context, const struct shelf_change *c)
{
    *(bool *)context |= strcmp(c->what, "expired") == 0;
    return false;
}

static void what_its_own_word_ended_goes_and_leaves_a_tombstone(void **state)
{
    struct object o = {.type = "indicator", .spec = "2.1", .has_version = true, .ends = true};
    struct shelf_page page;
    bool put = false, seen = false;
    size_t count = 0;

    (void)state;
    snprintf(o.id, sizeof o.id, "indicator--ends");
    o.version.us = 1;
    o.until.us = counter.us + 1000;
    assert_good(store_begin(store));
    assert_good(shelf_put(store, shelf_b, &o, bytes_text("{}"), "w", counter, &counter, &put));
    assert_good(shelf_expire(store, shelf_b, counter, &counter, &count));
    assert_int_equal(count, 0); /* not yet */
    counter.us += 2000;
    assert_good(shelf_expire(store, shelf_b, counter, &counter, &count));
    assert_int_equal(count, 1);
    assert_good(store_commit(store));
    page.next.us = counter.us - 1000;
    assert_good(shelf_changes(store, shelf_b, page.next, 10, everything, is_expired, &seen, &page));
    assert_true(seen);
}

/* Rows that may not be shown use a page's budget up: it ends early and says that there is more. */
static void a_page_of_hidden_rows_ends_early_and_says_so(void **state)
{
    static struct filter f = {.limit = 10, .versions = FILTER_LAST};
    struct walk w = {0, &f, nothing, false};
    struct shelf_page page;
    struct instant after = {0};

    (void)state;
    assert_good(shelf_page(store, shelf_a, &f, after, nothing, take, &w, &page));
    assert_int_equal(page.count, 0);
    while (page.more) {
        assert_true(page.next.us > after.us);
        after = page.next;
        assert_good(shelf_page(store, shelf_a, &f, after, nothing, take, &w, &page));
    }
}

/* Takes an object away while a page with it is being made. */
struct meddler {
    struct filter *all;
    unsigned given;
};

static bool take_and_meddle(void *context, const struct shelf_row *row, struct bytes body)
{
    struct meddler *m = context;
    size_t dropped = 0;

    (void)row, (void)body;
    if (m->given++ > 0)
        return false;
    assert_good(store_begin(store));
    assert_good(shelf_drop(store, shelf_b, "tool--late", m->all, "deleted", "w", counter, &counter,
                           &dropped));
    assert_good(store_commit(store));
    assert_int_equal(dropped, 1);
    return false;
}

/* Along several indexes a page is of one moment: else what comes between two walks makes it show a
 * later date and lose an earlier one. */
static void a_page_over_several_walks_is_of_one_moment(void **state)
{
    static struct filter f = {.limit = 10, .versions = FILTER_LAST};
    static struct filter all = {.versions = FILTER_ALL};
    struct meddler m = {&all, 0};
    struct shelf_page page;
    struct instant after = counter;
    struct store *reader = NULL;
    bool put = false;

    (void)state;
    reader = base_open(STORE_READS);
    assert_good(filter_list_add(&f, &f.types, bytes_text("malware")));
    assert_good(filter_list_add(&f, &f.types, bytes_text("tool")));
    assert_good(store_begin(store));
    for (unsigned i = 0; i < 2; i++) {
        struct object o = {.spec = "2.1", .has_version = true, .version.us = 1};

        snprintf(o.type, sizeof o.type, "%s", i == 0 ? "malware" : "tool");
        snprintf(o.id, sizeof o.id, "%s--late", o.type);
        assert_good(shelf_put(store, shelf_b, &o, bytes_text("{}"), "w", counter, &counter, &put));
    }
    assert_good(store_commit(store));
    assert_good(shelf_page(reader, shelf_b, &f, after, everything, take_and_meddle, &m, &page));
    assert_int_equal(m.given, 2);
    assert_int_equal(page.count, 2);
    m.given = 1; /* and nothing more is taken away */
    assert_good(shelf_page(reader, shelf_b, &f, after, everything, take_and_meddle, &m, &page));
    assert_int_equal(page.count, 1);
    store_close(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_filter_finds_what_a_search_from_end_to_end_finds),
        cmocka_unit_test(date_added_rises_though_the_clock_stands),
        cmocka_unit_test(what_was_taken_away_left_a_tombstone),
        cmocka_unit_test(changes_tell_what_came_and_what_went_in_one_order),
        cmocka_unit_test(what_its_own_word_ended_goes_and_leaves_a_tombstone),
        cmocka_unit_test(a_page_of_hidden_rows_ends_early_and_says_so),
        cmocka_unit_test(a_page_over_several_walks_is_of_one_moment),
    };
    struct fault f;
    int failed;

    base_begin();
    base_empty();
    store = base_open(STORE_SHARED);
    f = shelf_collection(store, "own", "a", &shelf_a);
    if (!fault_is(f))
        f = shelf_collection(store, "own", "b", &shelf_b);
    if (fault_is(f)) {
        fprintf(stderr, "%s\n", f.rule);
        return 1;
    }
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    store_close(store);
    base_end();
    return failed;
}
