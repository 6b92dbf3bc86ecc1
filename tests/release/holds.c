#include "officers.h"

static struct duty_room *r;

static int open_room(void **state)
{
    (void)state;
    r = duty_room_new();
    return 0;
}

static int close_room(void **state)
{
    (void)state;
    duty_room_free(r);
    return 0;
}

static void a_drafter_and_a_releaser_release_a_notice(void **state)
{
    (void)state;
    assert_good(keeper_says(r, 2));
}

/* "A permit for N officers holds with N valid decisions of N different officers" */
static void one_decision_is_not_two(void **state)
{
    (void)state;
    assert_fault(keeper_says(r, 1), FAULT_MISSING);
    assert_fault(keeper_says(r, 0), FAULT_MISSING);
}

static void one_decision_twice_is_not_two(void **state)
{
    (void)state;
    r->given[1] = r->given[0];
    assert_fault(keeper_says(r, 2), FAULT_DUPLICATE);
}

static void the_drafter_is_not_the_releaser(void **state)
{
    (void)state;
    decide(r, 0, "sidorov", OFFICER_DRAFTER, r->sidorov);
    decide(r, 1, "sidorov", OFFICER_RELEASER, r->sidorov);
    assert_fault(keeper_says(r, 2), FAULT_DUPLICATE);
}

/* "exactly one is the drafter's and the rest releasers' if N > 1" */
static void two_releasers_or_two_drafters_are_refused(void **state)
{
    (void)state;
    decide(r, 0, "sidorov", OFFICER_RELEASER, r->sidorov);
    assert_fault(keeper_says(r, 2), FAULT_REFUSED);
    decide(r, 0, "ivanova", OFFICER_DRAFTER, r->ivanova);
    decide(r, 1, "sidorov", OFFICER_DRAFTER, r->sidorov);
    assert_fault(keeper_says(r, 2), FAULT_REFUSED);
}

static void a_third_decision_is_one_too_many(void **state)
{
    (void)state;
    decide(r, 2, "sidorov", OFFICER_RELEASER, r->sidorov);
    assert_fault(keeper_says(r, 3), FAULT_EXTRA);
}

static void an_officer_decides_only_in_roles_he_was_enrolled_in(void **state)
{
    (void)state;
    decide(r, 0, "petrov", OFFICER_DRAFTER, r->petrov);
    decide(r, 1, "ivanova", OFFICER_RELEASER, r->ivanova);
    assert_fault(keeper_says(r, 2), FAULT_REFUSED);
}

static void a_role_that_the_article_does_not_name_is_refused(void **state)
{
    (void)state;
    r->a->articles[0].role_count = 1;
    assert_fault(keeper_says(r, 2), FAULT_REFUSED);
}

static void a_stranger_is_no_officer_and_no_officer_signs_for_another(void **state)
{
    (void)state;
    decide(r, 1, "orlov", OFFICER_RELEASER, r->sidorov);
    assert_fault(keeper_says(r, 2), FAULT_UNKNOWN);
    decide(r, 1, "petrov", OFFICER_RELEASER, r->sidorov);
    assert_fault(keeper_says(r, 2), FAULT_FORGED);
}

static void
a_withdrawn_officer_is_refused_and_his_old_appointment_does_not_bring_him_back(void **state)
{
    struct buf withdrawal = {0}, old = {0}, again = {0};

    (void)state;
    enrol(r, "petrov", OFFICER_RELEASER, r->petrov, true, NOW - 1000, &old);
    enrol(r, "petrov", OFFICER_RELEASER, r->petrov, false, NOW - 500, &withdrawal);
    enrol(r, "petrov", OFFICER_RELEASER, r->petrov, true, NOW - 100, &again);
    assert_good(show_contact(r, &withdrawal));
    assert_fault(keeper_says(r, 2), FAULT_REFUSED);
    assert_fault(show_contact(r, &old), FAULT_ORDER);
    assert_good(show_contact(r, &withdrawal)); /* the same again is no news */
    assert_fault(keeper_says(r, 2), FAULT_REFUSED);
    assert_good(show_contact(r, &again));
    assert_good(keeper_says(r, 2));
    buf_done(&withdrawal);
    buf_done(&old);
    buf_done(&again);
}

static void officers_are_enrolled_by_the_root_key_alone(void **state)
{
    struct buf document = {0};
    struct secret *root = r->people->a.root;

    (void)state;
    r->people->a.root = r->people->b.root; /* the other party's */
    enrol(r, "orlov", OFFICER_RELEASER, r->sidorov, true, NOW, &document);
    r->people->a.root = root;
    assert_fault(show_contact(r, &document), FAULT_MISSING);
    buf_done(&document);
    r->people->a.root = NULL; /* nobody's */
    enrol(r, "orlov", OFFICER_RELEASER, r->sidorov, true, NOW, &document);
    r->people->a.root = root;
    assert_fault(show_contact(r, &document), FAULT_MISSING);
    buf_done(&document);
}

static void two_names_cannot_share_one_key(void **state)
{
    struct buf document = {0};

    (void)state;
    enrol(r, "orlov", OFFICER_RELEASER, r->ivanova, true, NOW, &document);
    assert_fault(show_contact(r, &document), FAULT_DUPLICATE);
    buf_done(&document);
    enrol(r, "orlov", OFFICER_RELEASER, r->people->a.root, true, NOW, &document);
    assert_fault(show_contact(r, &document), FAULT_DUPLICATE);
    buf_done(&document);
}

static void the_registry_is_the_same_after_a_restart(void **state)
{
    struct buf text = {0}, again = {0};
    struct registry *back;

    (void)state;
    registry_write(r->registry, &text);
    assert_good(registry_parse(buf_view(&text), &back));
    registry_write(back, &again);
    assert_true(bytes_equal(buf_view(&text), buf_view(&again)));
    registry_free(r->registry);
    r->registry = back;
    assert_good(keeper_says(r, 2));
    for (size_t n = 0; n < text.len; n++) {
        struct registry *part = NULL;
        struct fault f = registry_parse(bytes_of(text.data, n), &part);

        if (!fault_is(f))
            assert_int_equal(text.data[n - 1], '\n');
        registry_free(part);
    }
    buf_done(&text);
    buf_done(&again);
}

static void an_expired_permit_and_one_that_lives_too_long_are_refused(void **state)
{
    (void)state;
    r->p.expires = instant_of_seconds(NOW);
    permit_again(r);
    assert_fault(keeper_says(r, 2), FAULT_CLOCK);
    r->p.expires = instant_of_seconds(NOW + PERMIT_SECONDS + r->a->skew + 1);
    permit_again(r);
    assert_fault(keeper_says(r, 2), FAULT_CLOCK);
}

/* Every line of the permit, altered once, whether the officers signed the altered one or not. */
static void every_line_of_the_permit_altered_once_is_refused(void **state)
{
    struct buf good = {0};

    (void)state;
    buf_bytes(&good, buf_view(&r->permit));
    for (size_t at = 0; at < good.len; at++) {
        r->permit.data[at] ^= 1;
        assert_true(fault_is(keeper_says(r, 2)));
        r->entry.permit = digest_of(buf_view(&r->permit)); /* desk makes the entry fit */
        assert_true(fault_is(keeper_says(r, 2)));
        r->entry.permit = digest_of(buf_view(&good));
        r->permit.data[at] ^= 1;
    }
    assert_good(keeper_says(r, 2));
    buf_done(&good);
}

static void alter(struct permit_text *p, size_t line)
{
    switch (line) {
    case 0:
        p->version++;
        break;
    case 1:
        p->agreement_digest.byte[0] ^= 1;
        break;
    case 2:
        p->rules++;
        break;
    case 3:
        p->to[0] = 'a';
        break;
    case 4:
        p->kind = KIND_UPDATE;
        break;
    case 5:
        p->class = CLASS_TEST;
        break;
    case 6:
        p->case_id[2] = '9';
        break;
    case 7:
        p->class = CLASS_EXERCISE;
        break;
    case 8:
        p->has_answers = true;
        break;
    case 9:
        memcpy(p->article, "easy", 5);
        p->officers = 1;
        break;
    case 10:
        p->document.byte[0] ^= 1;
        break;
    case 11:
        p->disclosed_length++;
        break;
    case 12:
        p->officers = 1;
        break;
    default:
        p->agreement[0] = 'x';
    }
}

/* Even two honest signatures under a permit that says otherwise than entry, document or agreement
 * release nothing. */
static void a_permit_that_says_otherwise_than_the_entry_releases_nothing(void **state)
{
    struct permit_text good = r->p;

    (void)state;
    for (size_t line = 0; line < 14; line++) {
        r->p = good;
        alter(&r->p, line);
        permit_again(r);
        if (r->p.officers == 1) {
            decide(r, 0, "petrov", OFFICER_RELEASER, r->petrov);
            assert_true(fault_is(keeper_says(r, 1)));
        } else {
            assert_true(fault_is(keeper_says(r, 2)));
        }
    }
}

static void a_content_article_carries_no_notice(void **state)
{
    (void)state;
    memcpy(r->p.article, "2(5)", 5);
    permit_again(r);
    assert_fault(keeper_says(r, 2), FAULT_REFUSED);
}

static void another_document_is_refused(void **state)
{
    (void)state;
    r->disclosed.data[r->disclosed.len / 2] ^= 1;
    assert_true(fault_is(keeper_says(r, 2)));
}

/*
 * "A compromised gate and desk together can therefore not release a statement": they choose every
 * byte and every entry, but have no officer's and no root key.
 */
static void with_all_power_but_no_key_nothing_passes_that_is_not_automatic(void **state)
{
    struct secret *own = people_key("x", 99);
    struct buf nothing = {0};

    (void)state;
    decide(r, 0, "ivanova", OFFICER_DRAFTER, own);
    decide(r, 1, "petrov", OFFICER_RELEASER, own);
    for (enum kind kind = KIND_CHECK; kind < KIND_COUNT; kind++)
        for (enum permit_kind permit = PERMIT_NONE; permit <= PERMIT_ROOT; permit++)
            for (size_t decisions = 0; decisions <= 2; decisions++)
                for (int with = 0; with < 2; with++) {
                    struct buf was = r->permit;
                    bool automatic;

                    r->entry.kind = kind;
                    r->p.kind = kind;
                    r->entry.permit_kind = permit;
                    r->entry.has_answers = r->p.has_answers = kind == KIND_RECEIPT;
                    if (!with)
                        r->permit = nothing;
                    automatic =
                        permit == PERMIT_AUTOMATIC && decisions == 0 && !with &&
                        (kind == KIND_RECEIPT || kind == KIND_REJECT || kind == KIND_EVIDENCE);
                    if (fault_is(keeper_says(r, decisions)) == automatic)
                        fail_msg("%s, permit %d, %zu decisions", kind_name(kind), (int)permit,
                                 decisions);
                    r->permit = was;
                }
    secret_free(own);
}

static void the_return_of_a_check_is_automatic_and_a_check_is_not(void **state)
{
    struct buf was = r->permit, nothing = {0};

    (void)state;
    r->permit = nothing;
    r->entry.kind = KIND_CHECK;
    r->entry.permit_kind = PERMIT_AUTOMATIC;
    assert_fault(keeper_says(r, 0), FAULT_REFUSED);
    r->entry.has_answers = true;
    assert_good(keeper_says(r, 0));
    r->permit = was;
}

static void a_root_signed_contact_passes_and_an_altered_one_does_not(void **state)
{
    struct buf permit = r->permit, nothing = {0}, document = {0};
    struct disclosed *d;

    (void)state;
    r->permit = nothing;
    enrol(r, "orlov", OFFICER_RELEASER, r->sidorov, true, NOW, &document);
    assert_good(disclosed_parse(buf_view(&document), &d));
    r->entry =
        people_entry(r->a, "a", KIND_CONTACT, &document, disclosed_root(d), disclosed_leaves(d));
    disclosed_free(d);
    buf_clear(&r->disclosed);
    buf_bytes(&r->disclosed, buf_view(&document));
    assert_good(keeper_says(r, 0));
    r->own = &r->a->parties[1];
    assert_fault(keeper_says(r, 0), FAULT_MISMATCH);
    r->own = &r->a->parties[0];
    r->a->parties[0].roots[0].key[0] ^= 1;
    assert_fault(keeper_says(r, 0), FAULT_MISSING);
    r->permit = permit;
    buf_done(&document);
}

#define IN_ROOM(test) cmocka_unit_test_setup_teardown(test, open_room, close_room)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_ROOM(a_drafter_and_a_releaser_release_a_notice),
        IN_ROOM(one_decision_is_not_two),
        IN_ROOM(one_decision_twice_is_not_two),
        IN_ROOM(the_drafter_is_not_the_releaser),
        IN_ROOM(two_releasers_or_two_drafters_are_refused),
        IN_ROOM(a_third_decision_is_one_too_many),
        IN_ROOM(an_officer_decides_only_in_roles_he_was_enrolled_in),
        IN_ROOM(a_role_that_the_article_does_not_name_is_refused),
        IN_ROOM(a_stranger_is_no_officer_and_no_officer_signs_for_another),
        IN_ROOM(a_withdrawn_officer_is_refused_and_his_old_appointment_does_not_bring_him_back),
        IN_ROOM(officers_are_enrolled_by_the_root_key_alone),
        IN_ROOM(two_names_cannot_share_one_key),
        IN_ROOM(the_registry_is_the_same_after_a_restart),
        IN_ROOM(an_expired_permit_and_one_that_lives_too_long_are_refused),
        IN_ROOM(every_line_of_the_permit_altered_once_is_refused),
        IN_ROOM(a_permit_that_says_otherwise_than_the_entry_releases_nothing),
        IN_ROOM(a_content_article_carries_no_notice),
        IN_ROOM(another_document_is_refused),
        IN_ROOM(with_all_power_but_no_key_nothing_passes_that_is_not_automatic),
        IN_ROOM(the_return_of_a_check_is_automatic_and_a_check_is_not),
        IN_ROOM(a_root_signed_contact_passes_and_an_altered_one_does_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
