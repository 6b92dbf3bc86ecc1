/* A desk restored from a backup: its log comes back from the partner's mirror, or it says nothing.
 */
#include "desk/desk.h"

#include <spawn.h>
#include <sys/wait.h>

#include "asking.h"
#include "partner.h"

extern char **environ;

struct talk {
    struct rig *r;
    struct partner b;
    char case_id[CASE_TEXT];           /* of the notice that the backup does not have */
    uint64_t before, after;            /* size of our log in the backup, and when it was lost */
    struct buf note;                   /* the newest head of ours that the partner cosigned */
    struct buf text[16], document[16]; /* from `before` on, as the partner holds them */
};

static void run(const char *a, const char *b, const char *c, const char *d)
{
    char *words[] = {(char *)(uintptr_t)a, (char *)(uintptr_t)b, (char *)(uintptr_t)c,
                     (char *)(uintptr_t)d, NULL};
    pid_t child;
    int status = -1;

    assert_int_equal(posix_spawnp(&child, a, NULL, NULL, words, environ), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static int64_t number_in(struct rig *r, const char *command, const char *name)
{
    size_t n = ask(r, json_pack("{s:s}", "do", command));
    int64_t value;

    is_good(r, n);
    value = json_integer_value(json_object_get(r->answer[n], name));
    json_decref(r->answer[n]);
    r->answer[n] = NULL;
    r->clients = n;
    return value;
}

/* The partner takes the PUSH that desk sent last, keeps it, and cosigns. */
static void mirror_it(struct talk *t)
{
    struct person *who = &t->r->b->p->b;
    struct frame_push push;
    struct buf payload = {0}, frame = {0};
    struct note parsed;
    char name[NOTE_NAME];

    assert_true(partner_got(t->r, FRAME_PUSH, &payload));
    assert_good(frame_push_parse(buf_view(&payload), &push));
    for (uint32_t i = 0; i < push.count; i++) {
        size_t k = (size_t)(push.first + i - t->before);

        if (push.first + i < t->before)
            continue;
        assert_true(k < 16);
        buf_clear(&t->text[k]);
        buf_bytes(&t->text[k], push.item[i].entry);
        buf_clear(&t->document[k]);
        buf_bytes(&t->document[k], push.item[i].document);
    }
    t->after = push.first + push.count;
    assert_good(note_parse(push.note, &parsed));
    buf_clear(&t->note);
    buf_bytes(&t->note, push.note);
    snprintf(name, sizeof name, "%s/cosign", who->origin);
    note_sign(parsed.text, name, NOTE_COSIGNER, t->r->now, &who->role[ROLE_COSIGN], 1, &t->note);
    frame_cosign_write(buf_view(&t->note), &frame);
    partner_judged(&t->b, FRAME_COSIGN, &frame, NULL);
    buf_done(&payload);
    buf_done(&frame);
}

/* A backup is made, a notice is said and cosigned, the disk dies, the backup is put back. */
static struct talk restored(void)
{
    struct talk t = {.r = founded()};
    size_t n;

    partner_init(&t.b, t.r);
    partner_greet(&t.b);
    partner_cosign(&t.b);
    t.before = (uint64_t)number_in(t.r, "ledger.show", "size");
    rig_kill(t.r);
    run("cp", "-a", "desk", "desk.backup");
    run("cp", "-a", "ledger", "ledger.backup");
    rig_start(t.r);
    partner_greet(&t.b);
    partner_cosign(&t.b);
    n = say_notice(t.r, NULL, NULL);
    say_and_wait(t.r, n);
    snprintf(t.case_id, sizeof t.case_id, "%s", text_of(t.r, n, "case"));
    mirror_it(&t);
    assert_true(t.after > t.before);
    rig_kill(t.r);
    run("rm", "-rf", "desk", "ledger");
    run("mv", "-T", "desk.backup", "desk");
    run("mv", "-T", "ledger.backup", "ledger");
    rig_start(t.r);
    return t;
}

static void talk_done(struct talk *t)
{
    partner_done(&t->b);
    buf_done(&t->note);
    for (size_t i = 0; i < 16; i++) {
        buf_done(&t->text[i]);
        buf_done(&t->document[i]);
    }
    rig_free(t->r);
}

/* The partner greets with the head of ours that it has, and hears from where we want to be filled;
 * false if we want nothing. */
static bool wants_refill(struct talk *t, uint64_t *from)
{
    struct buf payload = {0};
    bool wants;

    t->b.head = buf_view(&t->note);
    partner_greet(&t->b);
    wants = partner_got(t->r, FRAME_REFILL, &payload);
    if (wants)
        assert_good(frame_refill_parse(buf_view(&payload), from));
    buf_done(&payload);
    return wants;
}

static void fill(struct talk *t, uint64_t from)
{
    struct buf frame = {0};

    frame_push_write(from, buf_view(&t->note), (uint32_t)(t->after - from), &frame);
    for (uint64_t i = from; i < t->after; i++) {
        struct frame_item item = {buf_view(&t->text[i - t->before]),
                                  buf_view(&t->document[i - t->before])};

        frame_item_write(&item, &frame);
    }
    partner_judged(&t->b, FRAME_MIRROR, &frame, NULL);
    rig_keeper(t->r);
    buf_done(&frame);
}

static const char *why_not(struct talk *t, size_t *n)
{
    see_incident(t->r, "198.51.100.99");
    *n = say(t->r,
             json_pack("{s:s, s:s, s:o}", "do", "draft", "kind", "NOTICE", "incident",
                       incident_id(t->r, "198.51.100.99")),
             NULL, NULL);
    rig_keeper(t->r);
    return t->r->answer[*n] == NULL ? "" : text_of(t->r, *n, "code");
}

/* DESIGN section 5, rule 5: "only a head bearing our own valid signature proves that we are
 * behind; then refill from the partner's mirror before signing" */
static void what_was_lost_comes_back_from_the_partners_mirror(void **state)
{
    struct talk t = restored();
    uint64_t from = 0;
    size_t n;

    (void)state;
    assert_string_equal(why_not(&t, &n), "clock"); /* keeper remembers more than the log has */
    assert_true(wants_refill(&t, &from));
    assert_int_equal(from, t.before);
    fill(&t, from);
    assert_int_equal(number_in(t.r, "ledger.show", "size"), (int64_t)t.after);
    assert_int_equal(number_in(t.r, "ledger.show", "binding"), (int64_t)t.after);
    n = ask(t.r, json_pack("{s:s, s:s}", "do", "case.show", "case", t.case_id));
    is_good(t.r, n);
    say_and_wait(t.r, say_update(t.r, t.case_id, 60)); /* and the case goes on */
    assert_int_equal(number_in(t.r, "ledger.show", "size"), (int64_t)t.after + 1);
    talk_done(&t);
}

static void nothing_is_signed_while_it_is_missing(void **state)
{
    struct talk t = restored();
    uint64_t from;
    size_t n;

    (void)state;
    assert_true(wants_refill(&t, &from));
    assert_string_equal(why_not(&t, &n), "clock");
    assert_int_equal(number_in(t.r, "ledger.show", "size"), (int64_t)t.before);
    talk_done(&t);
}

/* PROTOCOL.hotline section 5: a partner who refuses our HELLO ends the link with it, and gate's
 * word of the end may come before judge's of what his HELLO showed. */
static void what_a_greeting_showed_is_not_lost_with_its_link(void **state)
{
    struct talk t = restored();
    struct buf payload = {0};
    uint64_t from = 0;

    (void)state;
    t.b.hangs_up = true;
    assert_false(wants_refill(&t, &from));
    t.b.hangs_up = false;
    for (int again = 0; again < 2; again++) { /* it is known after a restart, too */
        t.b.head = bytes_text("");            /* whatever the next one shows */
        partner_greet(&t.b);
        assert_true(partner_got(t.r, FRAME_REFILL, &payload));
        rig_kill(t.r);
        rig_start(t.r);
    }
    assert_true(wants_refill(&t, &from));
    fill(&t, from);
    assert_int_equal(number_in(t.r, "ledger.show", "binding"), (int64_t)t.after);
    buf_done(&payload);
    talk_done(&t);
}

/* The partner holds our words; he cannot put others into our mouth. */
static void a_mirror_that_was_changed_leaves_nothing_behind(void **state)
{
    struct talk t = restored();
    uint64_t from;
    size_t n;
    char *at;

    (void)state;
    assert_true(wants_refill(&t, &from));
    at = strstr(buf_str(&t.text[0]), "class REAL");
    assert_non_null(at);
    memcpy(t.text[0].data + (at - buf_str(&t.text[0])), "class TEST", 10);
    fill(&t, from);
    assert_string_equal(why_not(&t, &n), "clock");
    assert_int_equal(number_in(t.r, "ledger.show", "size"), (int64_t)t.before);
    memcpy(t.text[0].data + (at - buf_str(&t.text[0])), "class REAL", 10);
    assert_true(wants_refill(&t, &from)); /* the true one is taken afterwards */
    fill(&t, from);
    assert_int_equal(number_in(t.r, "ledger.show", "binding"), (int64_t)t.after);
    talk_done(&t);
}

/* A head that we never signed proves nothing about us. */
static void a_head_without_our_signature_makes_nobody_refill(void **state)
{
    struct talk t = {.r = founded()};
    struct buf payload = {0};
    uint64_t from;

    (void)state;
    partner_init(&t.b, t.r);
    partner_greet(&t.b);
    partner_cosign(&t.b);
    buf_text(&t.note, "a/parley/cn-ru-2015\n900\n"
                      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n"
                      "\xe2\x80\x94 a/parley/cn-ru-2015 AAAAAAAAAAAA\n");
    assert_false(wants_refill(&t, &from));
    say_and_wait(t.r, say_notice(t.r, NULL, NULL));
    buf_done(&payload);
    talk_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_lost_comes_back_from_the_partners_mirror),
        cmocka_unit_test(nothing_is_signed_while_it_is_missing),
        cmocka_unit_test(what_a_greeting_showed_is_not_lost_with_its_link),
        cmocka_unit_test(a_mirror_that_was_changed_leaves_nothing_behind),
        cmocka_unit_test(a_head_without_our_signature_makes_nobody_refill),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
