/*
 * Keeper works while desk syncs: what a power cut may then leave, and what desk makes of it. The
 * files as they were before stand for what the disk lost.
 */
#include <signal.h>
#include <sys/resource.h>

#include "desk/desk.h"

#include "asking.h"
#include "partner.h"

static const char own_log[] = "ledger/cn-ru-2015/a/log";

/* Keeper takes the oldest order and records it; what it answers is lost. */
static void keeper_records(struct rig *r, enum message_type type)
{
    struct rig_message m;
    struct buf lost = {0};

    assert_true(rig_take(r, PROCESS_KEEPER, &m));
    assert_int_equal(m.type, type);
    if (type == MESSAGE_SIGN)
        rig_sign(r, &m, &lost);
    else
        rig_cosign(r, &m, &lost);
    buf_done(&m.body);
    buf_done(&lost);
}

static size_t alarms(struct rig *r)
{
    size_t n = ask(r, json_pack("{s:s}", "do", "alarm.list"));

    return json_array_size(json_object_get(r->answer[n], "alarms"));
}

static void what_keeper_recorded_and_the_log_lost_comes_out_of_the_store(void **state)
{
    struct rig *r = founded();
    char permit[PERMIT_MAX], draft[40];
    struct decider second = {"boris", OFFICER_RELEASER, r->b->boris};
    struct digest recorded, again;
    size_t n;

    (void)state;
    rig_copy(own_log, "before");
    say_notice(r, permit, draft);
    keeper_records(r, MESSAGE_SIGN);
    recorded = tree_root(&keeping_at(r->b->keeping, 0)->tree);
    rig_kill(r);
    rig_copy("before", own_log);
    rig_start(r);
    rig_keeper(r);
    n = ask(r, decision(r, draft, permit, &second));
    is_good(r, n);
    assert_true(json_is_true(json_object_get(r->answer[n], "already")));
    assert_int_equal(json_integer_value(json_object_get(r->answer[n], "index")), 3);
    assert_int_equal(json_array_size(entries(r)), 4);
    assert_int_equal(alarms(r), 0);
    again = tree_root(&keeping_at(r->b->keeping, 0)->tree);
    assert_true(digest_equal(&recorded, &again));
    assert_int_equal(entry_at(entries(r), 3).kind, KIND_NOTICE);
    rig_free(r);
}

/* A log and a store out of a backup: nothing leads to what keeper recorded. */
static void what_is_not_what_keeper_recorded_is_not_laid(void **state)
{
    struct rig *r = founded();
    struct rig_message m;

    (void)state;
    rig_kill(r);
    rig_copy(own_log, "before");
    rig_copy("desk/parley.db", "store");
    rig_start(r);
    say_notice(r, NULL, NULL);
    keeper_records(r, MESSAGE_SIGN);
    rig_kill(r);
    rig_copy("before", own_log);
    rig_copy("store", "desk/parley.db");
    rig_start(r);
    rig_forget(r);
    say_notice(r, NULL, NULL); /* another one, at the same index */
    assert_false(rig_take(r, PROCESS_KEEPER, &m));
    assert_int_not_equal(alarms(r), 0);
    rig_kill(r);
    rig_start(r);
    assert_false(rig_take(r, PROCESS_KEEPER, &m));
    assert_int_equal(json_array_size(entries(r)), 3);
    rig_free(r);
}

static void check_comes(struct partner *b)
{
    partner_says(b,
                 &(struct partner_says){.kind = KIND_CHECK,
                                        .case_id = "C-0000000000000001",
                                        .number = 1,
                                        .fields = json_pack("{s:s, s:s}", "article", "-", "nonce",
                                                            "000102030405060708090a0b0c0d0e0f")});
}

static bool is_cosigned(struct rig *r)
{
    struct buf cosign = {0};
    bool said = partner_got(r, FRAME_COSIGN, &cosign);

    buf_done(&cosign);
    return said;
}

/* D3: the document is durable before COSIGN, and only then the PUSH is done with. */
static void a_push_whose_document_was_lost_is_held_again_before_it_is_cosigned(void **state)
{
    struct rig *r = founded();
    struct partner b;

    (void)state;
    partner_init(&b, r);
    partner_greet(&b);
    partner_cosign(&b);
    partner_push(&b); /* its genesis */
    rig_kill(r);
    rig_copy("desk/parley.db", "before");
    rig_start(r);
    partner_greet(&b);
    check_comes(&b);
    partner_pushes(&b);
    keeper_records(r, MESSAGE_COSIGN);
    assert_false(is_cosigned(r));
    rig_kill(r);
    rig_copy("before", "desk/parley.db");
    rig_start(r);
    rig_keeper(r);
    partner_greet(&b);
    assert_false(is_cosigned(r));
    b.pushed = 1;
    partner_push(&b);
    assert_true(is_cosigned(r));
    assert_int_equal(entry_at(entries(r), 3).kind, KIND_RECEIPT);
    assert_int_equal(alarms(r), 0);
    partner_done(&b);
    rig_free(r);
}

/* No file may grow any more: the mirror's room was written ahead, the store has none. */
static void limit_files(rlim_t size)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size == 0 ? limit.rlim_max : size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_push_whose_document_cannot_be_stored_is_not_cosigned(void **state)
{
    struct rig *r = founded();
    struct partner b;
    struct stat s;

    (void)state;
    partner_init(&b, r);
    partner_greet(&b);
    partner_cosign(&b);
    partner_push(&b); /* its genesis */
    assert_true(is_cosigned(r));
    check_comes(&b);
    assert_int_equal(stat("desk/parley.db-wal", &s), 0);
    assert_true(s.st_size > JOURNAL_GROW_MIN);
    signal(SIGXFSZ, SIG_IGN);
    limit_files((rlim_t)s.st_size);
    partner_pushes(&b);
    limit_files(0);
    rig_keeper(r);
    assert_false(is_cosigned(r));
    b.pushed = 1;
    partner_greet(&b);
    partner_push(&b);
    assert_true(is_cosigned(r));
    partner_done(&b);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_keeper_recorded_and_the_log_lost_comes_out_of_the_store),
        cmocka_unit_test(what_is_not_what_keeper_recorded_is_not_laid),
        cmocka_unit_test(a_push_whose_document_was_lost_is_held_again_before_it_is_cosigned),
        cmocka_unit_test(a_push_whose_document_cannot_be_stored_is_not_cosigned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
