#include "ledger/roles.h"

#include "people.h"

static void a_genesis_gives_the_keys_of_its_party(void **state)
{
    struct people *p = people_new();
    struct roles *r = calloc(1, sizeof *r);

    (void)state;
    assert_good(roles_from_genesis(&p->agreement, "a", buf_view(&p->a.genesis),
                                   buf_view(&p->a.document), r));
    assert_string_equal(r->origin, "a/parley/cn-ru-2015");
    assert_int_equal(r->suites, 1);
    for (enum role role = ROLE_LOG; role < ROLE_COUNT; role++) {
        struct bytes key = secret_public(p->a.role[role]);

        assert_true(bytes_equal(bytes_of(r->key[role][0].key, r->key[role][0].len), key));
        assert_string_equal(suite_name(r->key[role][0].suite), "ed25519");
    }
    free(r);
    people_free(p);
}

/* What one changes in a genesis before it is signed. */
struct wrong {
    const char *name;
    const char *path, *value; /* a field set, or dropped if value is NULL */
    bool other_root;          /* signed by the partner's root key */
    bool unsigned_;           /* not signed at all */
    enum kind kind;
    enum fault_kind fault;
};

static struct fault read_wrong(struct people *p, const struct wrong *w)
{
    json_t *fields = people_genesis_fields(&p->agreement, &p->a);
    struct secret *root = w->other_root ? p->b.root : p->a.root;
    struct buf document = {0}, text = {0};
    struct roles *r = calloc(1, sizeof *r);
    struct digest hash;
    uint32_t leaves;
    struct entry e;
    struct fault f;

    if (w->value != NULL)
        json_object_set_new(fields, w->path, json_string(w->value));
    else if (w->path != NULL)
        json_object_del(fields, w->path);
    people_document(fields, p->agreement.id, w->unsigned_ ? NULL : root, 2, &document, &hash,
                    &leaves);
    e = people_entry(&p->agreement, "a", w->kind, &document, hash, leaves);
    entry_write(&e, &text);
    f = roles_from_genesis(&p->agreement, "a", buf_view(&text), buf_view(&document), r);
    assert_int_equal(r->suites, 0);
    buf_done(&text);
    buf_done(&document);
    free(r);
    return f;
}

static void a_genesis_that_says_anything_else_is_refused(void **state)
{
    struct people *p = people_new();
    char log[80], root[80];
    const struct wrong wrong[] = {
        {.name = "not signed", .unsigned_ = true, .fault = FAULT_MISSING},
        {.name = "signed by the partner's root", .other_root = true, .fault = FAULT_MISSING},
        {.name = "another agreement", .path = "agreement", .value = "x", .fault = FAULT_MISMATCH},
        {.name = "another party", .path = "party", .value = "b", .fault = FAULT_MISMATCH},
        {.name = "another log",
         .path = "origin",
         .value = "b/parley/cn-ru-2015",
         .fault = FAULT_MISMATCH},
        {.name = "no cosign key", .path = "key.cosign.ed25519", .fault = FAULT_MISSING},
        {.name = "no base64", .path = "key.hello.ed25519", .value = "===", .fault = FAULT_SYNTAX},
        {.name = "short key", .path = "key.hello.ed25519", .value = "AAAA", .fault = FAULT_RANGE},
        {.name = "one key, two roles",
         .path = "key.cosign.ed25519",
         .value = log,
         .fault = FAULT_DUPLICATE},
        {.name = "the root key as a role",
         .path = "key.cosign.ed25519",
         .value = root,
         .fault = FAULT_DUPLICATE},
        {.name = "a field more", .path = "key.log.sm2", .value = "AAAA", .fault = FAULT_EXTRA},
        {.name = "another kind", .kind = KIND_CONTACT, .fault = FAULT_MISMATCH},
    };

    (void)state;
    base64_write(secret_public(p->a.role[ROLE_LOG]).data, 32, log);
    base64_write(secret_public(p->a.root).data, 32, root);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct wrong w = wrong[i];
        struct fault f;

        w.kind = w.kind == KIND_NONE ? KIND_GENESIS : w.kind;
        f = read_wrong(p, &w);
        if (f.kind != w.fault)
            fail_msg("%s: %s: %s", w.name, fault_word(f.kind), f.rule);
    }
    people_free(p);
}

static void the_partners_genesis_is_not_ours(void **state)
{
    struct people *p = people_new();
    struct roles *r = calloc(1, sizeof *r);

    (void)state;
    assert_fault(roles_from_genesis(&p->agreement, "a", buf_view(&p->b.genesis),
                                    buf_view(&p->b.document), r),
                 FAULT_MISMATCH);
    assert_fault(roles_from_genesis(&p->agreement, "a", buf_view(&p->a.genesis),
                                    buf_view(&p->b.document), r),
                 FAULT_MISMATCH);
    free(r);
    people_free(p);
}

static void no_flipped_bit_of_a_genesis_is_taken(void **state)
{
    struct people *p = people_new();
    struct roles *r = calloc(1, sizeof *r);
    struct buf *part[] = {&p->a.genesis, &p->a.document};

    (void)state;
    /* The entry's text is bound by the head above it; by itself only what the keys hang on. */
    for (size_t bit = 0; bit < part[1]->len * 8; bit++) {
        part[1]->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (!fault_is(
                roles_from_genesis(&p->agreement, "a", buf_view(part[0]), buf_view(part[1]), r)))
            fail_msg("bit %zu", bit);
        part[1]->data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    free(r);
    people_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_genesis_gives_the_keys_of_its_party),
        cmocka_unit_test(a_genesis_that_says_anything_else_is_refused),
        cmocka_unit_test(the_partners_genesis_is_not_ours),
        cmocka_unit_test(no_flipped_bit_of_a_genesis_is_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
