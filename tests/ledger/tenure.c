#include "ledger/tenure.h"

#include "ledger/keeping.h"
#include "people.h"

enum { FIRST = 5, SECOND = 9, SEEN = 40 };

/* One party that changed its keys at 5, its log key alone, and revoked all at 9. */
struct changed {
    struct people *p;
    struct tenure t;
    struct secret *one[ROLE_COUNT], *two[ROLE_COUNT]; /* from 5 and from 9 on */
    struct buf entry[2], document[2];
};

static struct fault change(struct changed *c, size_t i, uint64_t index)
{
    return tenure_change(&c->t, &c->p->agreement, "a", index, buf_view(&c->entry[i]),
                         buf_view(&c->document[i]));
}

static void changed_init(struct changed *c)
{
    json_t *second;

    *c = (struct changed){.p = people_new()};
    assert_good(tenure_begin(&c->t, &c->p->agreement, "a", buf_view(&c->p->a.genesis),
                             buf_view(&c->p->a.document)));
    people_keys(&c->p->agreement, &c->p->a,
                people_keys_fields(&c->p->agreement, &c->p->a, ROLE_LOG, 30, "rotated", c->one),
                c->p->a.root, SEEN, &c->entry[0], &c->document[0]);
    second = people_keys_fields(&c->p->agreement, &c->p->a, ROLE_NONE, 60, "revoked", c->two);
    json_object_set_new(second, "serial", json_integer(2));
    people_keys(&c->p->agreement, &c->p->a, second, c->p->a.root, SEEN + 2, &c->entry[1],
                &c->document[1]);
    assert_good(change(c, 0, FIRST));
    assert_good(change(c, 1, SECOND));
}

static void changed_done(struct changed *c)
{
    secret_free(c->one[ROLE_LOG]);
    for (enum role r = ROLE_LOG; r < ROLE_COUNT; r++)
        secret_free(c->two[r]);
    for (size_t i = 0; i < 2; i++) {
        buf_done(&c->entry[i]);
        buf_done(&c->document[i]);
    }
    tenure_done(&c->t);
    people_free(c->p);
}

/* A note of this origin and size, signed (or cosigned) by one key. */
static struct fault verify_by(const char *origin, uint64_t size, const char *name,
                              enum note_role role, struct secret *key,
                              const struct note_signer *signer, struct instant *time)
{
    struct checkpoint c = {bytes_text(origin), size, {{1}}};
    struct buf text = {0}, note = {0};
    struct note n;
    struct fault f;

    checkpoint_write(&c, &text);
    note_begin(buf_view(&text), &note);
    note_sign(buf_view(&text), name, role, instant_of_seconds(1764063000), &key, 1, &note);
    assert_good(note_parse(buf_view(&note), &n));
    f = note_verify(&n, signer, time);
    buf_done(&text);
    buf_done(&note);
    return f;
}

static struct fault head_by(const struct changed *c, uint64_t size, struct secret *key)
{
    return verify_by(c->p->a.origin, size, c->p->a.origin, NOTE_AUTHOR, key, &c->t.author, NULL);
}

static struct fault cosigned_by(const struct changed *c, uint64_t size, struct secret *key)
{
    char name[NOTE_NAME];
    struct instant time;

    snprintf(name, sizeof name, "%s/cosign", c->p->a.origin);
    return verify_by(c->p->b.origin, size, name, NOTE_COSIGNER, key, &c->t.cosigner, &time);
}

/* PROTOCOL.ledger 11: "A head is signed by the keys that the newest KEYS entry below it names" */
static void each_head_is_signed_by_the_keys_of_its_time(void **state)
{
    struct changed c;
    struct secret *genesis;

    (void)state;
    changed_init(&c);
    genesis = c.p->a.role[ROLE_LOG];
    for (uint64_t size = 1; size < 14; size++) {
        struct secret *right = size <= FIRST    ? genesis
                               : size <= SECOND ? c.one[ROLE_LOG]
                                                : c.two[ROLE_LOG];
        struct secret *all[] = {genesis, c.one[ROLE_LOG], c.two[ROLE_LOG]};

        for (size_t i = 0; i < 3; i++) {
            struct fault f = head_by(&c, size, all[i]);

            if (all[i] == right)
                assert_good(f);
            else
                assert_fault(f, FAULT_REFUSED); /* and the rule says why */
        }
        assert_fault(head_by(&c, size, c.p->b.role[ROLE_LOG]), FAULT_MISSING);
    }
    changed_done(&c);
}

/* PROTOCOL.ledger 11: "the keys before cosign nothing above `seen`" */
static void an_old_cosigner_key_reaches_as_far_as_it_had_seen(void **state)
{
    struct changed c;
    struct secret *old, *new;

    (void)state;
    changed_init(&c);
    old = c.p->a.role[ROLE_COSIGN];
    new = c.two[ROLE_COSIGN];
    assert_good(cosigned_by(&c, SEEN + 2, old));
    assert_fault(cosigned_by(&c, SEEN + 3, old), FAULT_REFUSED);
    assert_good(cosigned_by(&c, SEEN + 3, new));
    assert_good(cosigned_by(&c, SEEN + 2, new)); /* the same head again, after a lost answer */
    changed_done(&c);
}

static void what_is_revoked_is_marked_and_unmarked(void **state)
{
    struct changed c;

    (void)state;
    changed_init(&c);
    assert_true(c.t.keys[0]->cosigner.revoked); /* the same key until 9 */
    assert_true(c.t.keys[0]->hello_revoked);
    assert_false(c.t.keys[0]->author.revoked); /* that one was only rotated */
    assert_true(c.t.keys[1]->author.revoked);
    assert_false(c.t.author.revoked);
    assert_ptr_equal(tenure_at(&c.t, FIRST), c.t.keys[0]);
    assert_ptr_equal(tenure_at(&c.t, FIRST + 1), c.t.keys[1]);
    assert_ptr_equal(tenure_at(&c.t, 1000), c.t.keys[2]);
    tenure_cut(&c.t, SECOND);
    assert_int_equal(c.t.count, 2);
    assert_false(c.t.keys[0]->cosigner.revoked);
    assert_false(c.t.keys[1]->author.revoked);
    assert_good(head_by(&c, SECOND + 1, c.one[ROLE_LOG]));
    assert_good(change(&c, 1, SECOND + 3));
    assert_true(c.t.keys[1]->author.revoked);
    tenure_cut(&c.t, 0);
    assert_int_equal(c.t.count, 1); /* never the genesis */
    changed_done(&c);
}

struct wrong {
    const char *name;
    enum role changed;       /* ROLE_NONE: all, ROLE_COUNT: none */
    const char *path;        /* a field set .. */
    const char *value;       /* .. to this text; NULL: dropped */
    int serial;              /* 0: 1 */
    bool partner, unsigned_; /* by whose root */
    uint64_t index;
    enum fault_kind fault;
};

static void a_change_that_does_not_follow_is_refused(void **state)
{
    struct people *p = people_new();
    char hello[80], root[80];
    const struct wrong wrong[] = {
        {.name = "not signed", .unsigned_ = true, .fault = FAULT_MISSING},
        {.name = "signed by the partner's root", .partner = true, .fault = FAULT_MISSING},
        {.name = "serial 2 first", .serial = 2, .fault = FAULT_ORDER},
        {.name = "serial -1", .serial = -1, .fault = FAULT_RANGE},
        {.name = "an unknown state", .path = "state", .value = "lost", .fault = FAULT_UNKNOWN},
        {.name = "no time", .path = "issued", .value = "now", .fault = FAULT_SYNTAX},
        {.name = "another party", .path = "party", .value = "b", .fault = FAULT_MISMATCH},
        {.name = "a key missing", .path = "key.log.ed25519", .fault = FAULT_MISSING},
        {.name = "a field more", .path = "text", .value = "x", .fault = FAULT_EXTRA},
        {.name = "no key is another", .changed = ROLE_COUNT, .fault = FAULT_MISSING},
        {.name = "a key in another role",
         .changed = ROLE_LOG,
         .path = "key.log.ed25519",
         .value = hello,
         .fault = FAULT_DUPLICATE},
        {.name = "the root key",
         .path = "key.log.ed25519",
         .value = root,
         .fault = FAULT_DUPLICATE},
        {.name = "at the genesis", .index = UINT64_MAX, .fault = FAULT_ORDER},
    };

    (void)state;
    base64_write(secret_public(p->a.role[ROLE_HELLO]).data, 32, hello);
    base64_write(secret_public(p->a.root).data, 32, root);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const struct wrong *w = &wrong[i];
        struct secret *keys[ROLE_COUNT];
        struct tenure t = {.count = 0};
        struct buf entry = {0}, document = {0};
        json_t *fields = people_keys_fields(&p->agreement, &p->a, w->changed, 30, "rotated", keys);
        struct fault f;

        if (w->serial != 0)
            json_object_set_new(fields, "serial", json_integer(w->serial));
        if (w->path != NULL && w->value != NULL)
            json_object_set_new(fields, w->path, json_string(w->value));
        else if (w->path != NULL)
            json_object_del(fields, w->path);
        people_keys(&p->agreement, &p->a, fields,
                    w->unsigned_ ? NULL
                    : w->partner ? p->b.root
                                 : p->a.root,
                    0, &entry, &document);
        assert_good(tenure_begin(&t, &p->agreement, "a", buf_view(&p->a.genesis),
                                 buf_view(&p->a.document)));
        f = tenure_change(&t, &p->agreement, "a", w->index + 1, buf_view(&entry),
                          buf_view(&document));
        if (f.kind != w->fault)
            fail_msg("%s: %s: %s", w->name, fault_word(f.kind), f.rule);
        assert_int_equal(t.count, 1);
        for (enum role r = ROLE_LOG; r < ROLE_COUNT; r++)
            if (keys[r] != p->a.role[r])
                secret_free(keys[r]);
        tenure_done(&t);
        buf_done(&entry);
        buf_done(&document);
    }
    people_free(p);
}

static void a_key_never_comes_back(void **state)
{
    struct changed c;
    struct secret *keys[ROLE_COUNT];
    struct buf entry = {0}, document = {0};
    json_t *fields;

    (void)state;
    changed_init(&c);
    fields = people_keys_fields(&c.p->agreement, &c.p->a, ROLE_COUNT, 0, "rotated", keys);
    json_object_set_new(fields, "serial", json_integer(3));
    people_keys(&c.p->agreement, &c.p->a, fields, c.p->a.root, 0, &entry, &document);
    assert_fault(tenure_change(&c.t, &c.p->agreement, "a", SECOND + 1, buf_view(&entry),
                               buf_view(&document)),
                 FAULT_DUPLICATE);
    assert_fault(change(&c, 1, SECOND + 1), FAULT_ORDER); /* nor the same document again */
    buf_done(&entry);
    buf_done(&document);
    changed_done(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_head_is_signed_by_the_keys_of_its_time),
        cmocka_unit_test(an_old_cosigner_key_reaches_as_far_as_it_had_seen),
        cmocka_unit_test(what_is_revoked_is_marked_and_unmarked),
        cmocka_unit_test(a_change_that_does_not_follow_is_refused),
        cmocka_unit_test(a_key_never_comes_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
