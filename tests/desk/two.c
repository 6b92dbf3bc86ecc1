/* A desk with two agreements: what is of one is none of the other's business. */
#include "desk/desk.h"

#include "asking.h"
#include "partner.h"

static const char first[] = "cn-ru-2015", second[] = "z-2020";

/* The rig's agreement, whose keeper answers, and another one, whose keeper never does. */
struct two {
    struct rig *r;
    struct agreement *other;
    struct person us, them;
    size_t signs; /* how often the other's keeper was asked */
};

static void write_file(const char *name, struct bytes content)
{
    char path[100];
    FILE *f;

    snprintf(path, sizeof path, "agreements/%s/%s", second, name);
    f = fopen(path, "we");
    assert_non_null(f);
    fwrite(content.data, 1, content.len, f);
    fclose(f);
}

static struct agreement *other_terms(const struct people *p)
{
    json_t *tree = rig_terms(p, 1);
    struct buf text = {0};
    struct agreement *a;

    json_object_set_new(tree, "id", json_string(second));
    json_indented(tree, &text);
    assert_good(agreement_parse(buf_view(&text), false, &a, NULL));
    a->evidence_period = UINT32_MAX;
    json_decref(tree);
    buf_done(&text);
    return a;
}

/* Lets the first agreement's keeper answer; counts what the other's is asked. */
static void keepers(struct two *t)
{
    struct rig *r = t->r;

    for (size_t i = 0; i < r->count;) {
        struct cursor in = cursor_over(buf_view(&r->out[i].body), "test");

        if (r->out[i].to != PROCESS_KEEPER || !bytes_is(cursor_part(&in, 64), second)) {
            i++;
            continue;
        }
        t->signs += r->out[i].type == MESSAGE_SIGN;
        buf_done(&r->out[i].body);
        r->count--;
        memmove(&r->out[i], &r->out[i + 1], (r->count - i) * sizeof r->out[0]);
    }
    if (rig_keeper_once(r))
        keepers(t);
}

static struct two two_agreements(void)
{
    struct two t = {.r = rig_new()};
    struct rig *r = t.r;
    const struct agreement *agreements[2];
    struct desk_start start;

    rig_keeper(r);
    rig_kill(r);
    t.other = other_terms(r->b->p);
    people_person(t.other, &t.other->parties[0], &t.us);
    people_person(t.other, &t.other->parties[1], &t.them);
    assert_int_equal(mkdir("agreements/z-2020", 0700), 0);
    write_file("genesis.json", buf_view(&t.us.document));
    agreements[0] = r->terms[0];
    agreements[1] = t.other;
    start = (struct desk_start){
        .agreements = agreements, .agreement_count = 2, .party = "a", .host = &r->host};
    assert_good(desk_new(&start, "desk/parley.db", r->now, r->tick, &r->desk));
    rig_keeper_state(r);
    keepers(&t);
    return t;
}

static void two_done(struct two *t)
{
    people_forget(&t->us);
    people_forget(&t->them);
    rig_free(t->r);
    agreement_free(t->other);
}

static size_t ask_of(struct two *t, const char *agreement, const char *command)
{
    return ask(t->r, json_pack("{s:s, s:s}", "do", command, "agreement", agreement));
}

static size_t enrol_of(struct two *t, const char *agreement, const char *name)
{
    struct item item = {0};
    size_t n;

    item_contact(t->r->b, &item, name, t->r->b->anna, OFFICER_DRAFTER, true, 100,
                 t->r->b->p->a.root);
    n = ask(t->r, json_pack("{s:s, s:s, s:s}", "do", "officer.add", "agreement", agreement,
                            "document", buf_str(&item.disclosed)));
    item_done(&item);
    keepers(t);
    return n;
}

static void a_command_names_its_agreement_where_there_are_two(void **state)
{
    struct two t = two_agreements();
    size_t n = ask(t.r, json_pack("{s:s}", "do", "status"));

    (void)state;
    assert_string_equal(text_of(t.r, n, "code"), "usage");
    assert_string_equal(text_of(t.r, n, "message"), "which agreement?");
    assert_string_equal(text_of(t.r, ask_of(&t, "z-2021", "status"), "code"), "usage");
    for (int i = 0; i < 2; i++) {
        n = ask_of(&t, i == 0 ? first : second, "status");
        is_good(t.r, n);
        assert_string_equal(text_of(t.r, n, "agreement"), i == 0 ? first : second);
    }
    two_done(&t);
}

static void a_keeper_that_does_not_answer_for_one_does_not_hold_up_the_other(void **state)
{
    struct two t = two_agreements();
    size_t n = enrol_of(&t, first, "anna");

    (void)state;
    assert_true(t.signs > 0); /* the other's genesis waits */
    is_good(t.r, n);
    n = ask_of(&t, first, "ledger.show");
    assert_int_equal(json_integer_value(json_object_get(t.r->answer[n], "stored")), 2);
    n = ask_of(&t, second, "ledger.show");
    assert_int_equal(json_integer_value(json_object_get(t.r->answer[n], "stored")), 0);
    n = ask_of(&t, second, "officer.list");
    assert_int_equal(json_array_size(json_object_get(t.r->answer[n], "officers")), 0);
    two_done(&t);
}

static void what_watch_saw_under_one_is_not_listed_under_the_other(void **state)
{
    struct two t = two_agreements();
    size_t n;

    (void)state;
    see_incident(t.r, "198.51.100.7");
    n = ask_of(&t, first, "incident.list");
    assert_int_equal(json_array_size(json_object_get(t.r->answer[n], "incidents")), 1);
    n = ask_of(&t, second, "incident.list");
    assert_int_equal(json_array_size(json_object_get(t.r->answer[n], "incidents")), 0);
    two_done(&t);
}

/* A link is of one agreement: that the other is not ready to speak closes its own link alone. */
static void a_link_is_of_one_agreement(void **state)
{
    struct two t = two_agreements();
    struct partner b;
    struct buf hello = {0}, body = {0};
    struct link_up up = {.link = 77,
                         .agreement = bytes_text(second),
                         .party = bytes_text("b"),
                         .dialled = true,
                         .address = bytes_text("192.0.2.9:2")};

    (void)state;
    partner_init(&b, t.r);
    partner_greet(&b);
    keepers(&t);
    link_up_write(&up, &body);
    rig_hear(t.r, PROCESS_GATE, MESSAGE_LINK_UP, &body);
    keepers(&t);
    for (int i = 0; i < 2; i++) {
        size_t n = ask_of(&t, i == 0 ? first : second, "status");
        const char *why =
            json_string_value(json_object_get(json_object_get(t.r->answer[n], "link"), "why"));

        assert_true((strstr(why, "not ready") != NULL) == (i == 1));
    }
    partner_cosign(&b); /* the first goes on */
    partner_done(&b);
    buf_done(&hello);
    buf_done(&body);
    two_done(&t);
}

/* Its own keeper cannot mix them up either: the heads name their logs. */
static void a_head_of_one_log_is_not_taken_for_the_other(void **state)
{
    struct two t = two_agreements();
    struct buf body = {0};
    size_t n = ask_of(&t, first, "ledger.checkpoint");

    (void)state;
    is_good(t.r, n);
    buf_part(&body, bytes_text(second));
    buf_part(&body, bytes_text(text_of(t.r, n, "ours")));
    assert_true(fault_is(desk_message(t.r->desk, PROCESS_KEEPER, MESSAGE_SIGNED, buf_view(&body),
                                      t.r->now, t.r->tick)));
    n = ask_of(&t, second, "ledger.show");
    assert_int_equal(json_integer_value(json_object_get(t.r->answer[n], "stored")), 0);
    buf_done(&body);
    two_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_names_its_agreement_where_there_are_two),
        cmocka_unit_test(a_keeper_that_does_not_answer_for_one_does_not_hold_up_the_other),
        cmocka_unit_test(what_watch_saw_under_one_is_not_listed_under_the_other),
        cmocka_unit_test(a_link_is_of_one_agreement),
        cmocka_unit_test(a_head_of_one_log_is_not_taken_for_the_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
