#include "keeper/pins.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "json/member.h"
#include "json/profile.h"

struct pins {
    json_t *tree; /* owned; of the form in pins.h */
};

static const struct json_limits limits = {PINS_MAX, 7};

enum { PIN_KEY = (SUITE_KEY_MAX + 2) / 3 * 4 /* bytes of the longest key in base64 */ };

static json_t *roots_of(const struct party *p)
{
    json_t *list = json_array();

    for (size_t i = 0; i < p->root_count; i++) {
        char key[PIN_KEY + 1];

        base64_write(p->roots[i].key, p->roots[i].key_len, key);
        json_array_append_new(list,
                              json_pack("{s:s, s:s}", "suite", p->roots[i].suite, "key", key));
    }
    return list;
}

/* What must be pinned for this agreement. */
static json_t *pin_of(const struct agreement *a)
{
    json_t *parties = json_array();

    for (size_t i = 0; i < AGREEMENT_PARTIES; i++)
        json_array_append_new(parties, json_pack("{s:s, s:o}", "id", a->parties[i].id, "roots",
                                                 roots_of(&a->parties[i])));
    return json_pack("{s:s, s:o}", "id", a->id, "parties", parties);
}

void pins_write(const struct agreement *const *agreements, size_t count, struct buf *out)
{
    json_t *list = json_array(), *file;

    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, pin_of(agreements[i]));
    file = json_pack("{s:i, s:o}", "v", 1, "agreements", list);
    if (file == NULL)
        die("parley: no memory for the pinned keys\n");
    json_indented(file, out);
    json_decref(file);
}

static void read_roots(const struct member *party)
{
    struct member roots = member_array(party, "roots", 1, AGREEMENT_SUITES);

    for (size_t i = 0; i < member_count(&roots); i++) {
        struct member root = member_item(&roots, i);

        (void)member_line(&root, "suite", 31);
        (void)member_line(&root, "key", PIN_KEY);
        member_only(&root, "suite", "key", NULL);
    }
}

static void read_parties(const struct member *agreement)
{
    struct member parties =
        member_array(agreement, "parties", AGREEMENT_PARTIES, AGREEMENT_PARTIES);

    for (size_t i = 0; i < member_count(&parties); i++) {
        struct member party = member_item(&parties, i);

        (void)member_line(&party, "id", AGREEMENT_ID);
        read_roots(&party);
        member_only(&party, "id", "roots", NULL);
    }
}

static const json_t *pin_find(const json_t *tree, const char *id, size_t before)
{
    const json_t *list = json_object_get(tree, "agreements");

    for (size_t i = 0; i < json_array_size(list) && i < before; i++) {
        const json_t *pin = json_array_get(list, i);

        if (strcmp(json_string_value(json_object_get(pin, "id")), id) == 0)
            return pin;
    }
    return NULL;
}

static struct fault read_pins(const json_t *tree)
{
    struct reader in = reader_over(tree, "keeper/roots.json");
    struct member root = member_root(&in);
    struct member list;

    (void)member_integer(&root, "v", 1, 1);
    list = member_array(&root, "agreements", 1, PINS_AGREEMENTS);
    for (size_t i = 0; i < member_count(&list); i++) {
        struct member a = member_item(&list, i);
        const char *id = member_line(&a, "id", AGREEMENT_ID);

        read_parties(&a);
        member_only(&a, "id", "parties", NULL);
        if (reader_ok(&in) && pin_find(tree, id, i) != NULL)
            member_fail(&a, FAULT_DUPLICATE, "the agreement is pinned twice");
    }
    member_only(&root, "v", "agreements", NULL);
    return in.fault;
}

struct fault pins_parse(struct bytes text, struct pins **out)
{
    json_t *tree;
    struct fault f = json_read_indented(text, limits, &tree);

    if (fault_is(f))
        return f;
    f = read_pins(tree);
    if (fault_is(f)) {
        json_decref(tree);
        return f;
    }
    *out = memory_new(sizeof **out);
    (*out)->tree = tree;
    return f;
}

void pins_free(struct pins *p)
{
    if (p == NULL)
        return;
    json_decref(p->tree);
    free(p);
}

struct fault pins_check(const struct pins *p, const struct agreement *a)
{
    const json_t *pin = pin_find(p->tree, a->id, PINS_AGREEMENTS);
    json_t *want;
    bool same;

    if (pin == NULL)
        return fault_make(FAULT_UNKNOWN, 0, "keeper/roots.json: no root keys for this agreement");
    want = pin_of(a);
    same = json_equal(pin, want) == 1;
    json_decref(want);
    if (!same)
        return fault_make(FAULT_MISMATCH, 0, "keeper/roots.json: other parties or root keys");
    return fault_none();
}
