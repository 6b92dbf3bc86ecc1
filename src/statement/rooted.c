#include "statement/rooted.h"

#include <stdio.h>

#include "base/memory.h"
#include "base/text.h"

static const char rule[] = "docs/STATEMENTS: CONTACT";

enum { CONTACT_FIELDS = 8 };

static const struct document_signature *signature_by(const struct disclosed *d,
                                                     const struct rooted_by *root)
{
    for (size_t i = 0; i < disclosed_signature_count(d); i++) {
        const struct document_signature *s = disclosed_signature(d, i);

        if (strcmp(s->suite, root->suite) == 0 && bytes_equal(s->key, root->key))
            return s;
    }
    return NULL;
}

static struct fault verify_one(const struct disclosed *d, struct bytes agreement,
                               const struct rooted_by *root)
{
    const struct document_signature *s = signature_by(d, root);
    const struct suite *suite = suite_find(bytes_text(root->suite));
    struct digest hash = disclosed_root(d);

    if (s == NULL)
        return fault_make(FAULT_MISSING, 0, "PROTOCOL.ledger section 4: a root key did not sign");
    if (suite == NULL)
        return fault_make(FAULT_UNKNOWN, 0, "PROTOCOL.ledger section 1: no such suite here");
    return domain_verify(suite, s->key, DOMAIN_ROOT, agreement,
                         bytes_of(hash.byte, sizeof hash.byte), s->signature);
}

struct fault rooted_verify(const struct disclosed *d, struct bytes agreement,
                           const struct rooted_by *roots, size_t count)
{
    struct fault f = fault_none();

    if (count == 0)
        return fault_make(FAULT_MISSING, 0, "PROTOCOL.ledger section 4: no root key to ask");
    if (disclosed_signature_count(d) > count)
        return fault_make(FAULT_EXTRA, 0, "PROTOCOL.ledger section 4: signed by no root key");
    for (size_t i = 0; i < count && !fault_is(f); i++)
        f = verify_one(d, agreement, &roots[i]);
    return f;
}

static struct fault read_name(const struct disclosed *d, const char *path, char out[ENTRY_NAME])
{
    struct bytes text = bytes_text(disclosed_text(d, path));

    if (text.len == 0)
        return fault_make(FAULT_MISSING, 0, rule);
    if (!name_is_safe(text) || !bytes_to_text(text, out, ENTRY_NAME))
        return fault_make(FAULT_SYNTAX, 0, rule);
    return fault_none();
}

/* A sorted list without repeats: one way to say it. */
static struct fault read_roles(const struct disclosed *d, unsigned *out)
{
    const json_t *list = disclosed_value(d, "role");
    unsigned roles = 0;

    if (!json_is_array(list) || json_array_size(list) == 0)
        return fault_make(FAULT_MISSING, 0, rule);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_array_get(list, i));
        enum officer_role role = officer_role_parse(bytes_text(name == NULL ? "" : name));

        if (role == OFFICER_NONE)
            return fault_make(FAULT_UNKNOWN, 0, rule);
        if ((unsigned)role <= roles)
            return fault_make(FAULT_ORDER, 0, rule);
        roles |= role;
    }
    *out = roles;
    return fault_none();
}

struct fault contact_add_key(struct contact *c, const struct suite *suite, struct bytes key)
{
    struct contact_key *to = &c->key[c->keys];
    struct fault f = suite_key_check(suite, key);

    for (size_t i = 0; i < c->keys && !fault_is(f); i++)
        if (c->key[i].suite == suite)
            f = fault_make(FAULT_DUPLICATE, 0, rule);
    if (!fault_is(f) && c->keys == SEVERAL_MAX)
        f = fault_make(FAULT_LIMIT, 0, rule);
    if (fault_is(f))
        return f;
    to->suite = suite;
    to->len = key.len;
    memcpy(to->byte, key.data, key.len);
    c->keys++;
    return f;
}

bool contact_same_keys(const struct contact *a, const struct contact *b)
{
    bool same = a->keys == b->keys;

    for (size_t i = 0; i < a->keys && same; i++)
        same = a->key[i].suite == b->key[i].suite &&
               bytes_equal(bytes_of(a->key[i].byte, a->key[i].len),
                           bytes_of(b->key[i].byte, b->key[i].len));
    return same;
}

size_t contact_several(const struct contact *c, struct several_key *out)
{
    for (size_t i = 0; i < c->keys; i++)
        out[i] = (struct several_key){c->key[i].suite, bytes_of(c->key[i].byte, c->key[i].len)};
    return c->keys;
}

static struct fault read_key(const struct disclosed *d, const char *suite_text, const char *path,
                             struct contact *out)
{
    const struct suite *suite = suite_find(bytes_text(suite_text));
    struct bytes text = bytes_text(disclosed_text(d, path));
    uint8_t key[SUITE_KEY_MAX];
    size_t len;

    if (suite == NULL)
        return fault_make(FAULT_UNKNOWN, 0, rule);
    if (!base64_size(text, &len) || len > sizeof key || !base64_read(text, key, len))
        return fault_make(FAULT_SYNTAX, 0, rule);
    return contact_add_key(out, suite, bytes_of(key, len));
}

/* The first suite's key, then those of the others, as the document sorts them. */
static struct fault read_keys(const struct disclosed *d, struct contact *out)
{
    static const char more[] = "key.";
    struct disclosed_leaf leaf;
    struct fault f = read_key(d, disclosed_text(d, "suite"), "key", out);

    for (size_t i = 0; disclosed_leaf_at(d, i, &leaf) && !fault_is(f); i++)
        if (leaf.path != NULL && strncmp(leaf.path, more, sizeof more - 1) == 0)
            f = read_key(d, leaf.path + sizeof more - 1, leaf.path, out);
    return f;
}

static struct fault read_state(const struct disclosed *d, struct contact *out)
{
    const char *state = disclosed_text(d, "state");

    out->appointed = strcmp(state, "appointed") == 0;
    if (!out->appointed && strcmp(state, "withdrawn") != 0)
        return fault_make(FAULT_UNKNOWN, 0, rule);
    return instant_parse(bytes_text(disclosed_text(d, "issued")), &out->issued);
}

static struct fault fields_only(const struct disclosed *d, size_t keys)
{
    struct disclosed_leaf leaf;
    size_t fields = 0;

    for (size_t i = 0; disclosed_leaf_at(d, i, &leaf); i++)
        if (leaf.path != NULL)
            fields++;
    return fields == CONTACT_FIELDS + keys - 1 ? fault_none() : fault_make(FAULT_EXTRA, 0, rule);
}

struct fault contact_read(const struct disclosed *d, struct contact *out)
{
    struct contact *c = memory_zeroed(1, sizeof *c);
    struct fault f = read_name(d, "agreement", c->agreement);

    if (!fault_is(f))
        f = read_name(d, "party", c->party);
    if (!fault_is(f))
        f = read_name(d, "officer", c->officer);
    if (!fault_is(f))
        f = read_roles(d, &c->roles);
    if (!fault_is(f))
        f = read_keys(d, c);
    if (!fault_is(f))
        f = read_state(d, c);
    if (!fault_is(f))
        f = fields_only(d, c->keys);
    if (!fault_is(f))
        *out = *c;
    free(c);
    return f;
}

json_t *contact_fields(const struct contact *c)
{
    char key[SUITE_KEY_MAX * 4 / 3 + 8], issued[INSTANT_TEXT + 1], path[SUITE_NAME + 4];
    json_t *roles = json_array(), *fields;

    if (c->roles & OFFICER_DRAFTER)
        json_array_append_new(roles, json_string(officer_role_name(OFFICER_DRAFTER)));
    if (c->roles & OFFICER_RELEASER)
        json_array_append_new(roles, json_string(officer_role_name(OFFICER_RELEASER)));
    instant_write(c->issued, issued);
    fields = json_pack("{s:s, s:s, s:s, s:o, s:s, s:s}", "agreement", c->agreement, "party",
                       c->party, "officer", c->officer, "role", roles, "state",
                       c->appointed ? "appointed" : "withdrawn", "issued", issued);
    for (size_t i = 0; i < c->keys; i++) {
        const char *name = suite_name(c->key[i].suite);

        base64_write(c->key[i].byte, c->key[i].len, key);
        snprintf(path, sizeof path, i == 0 ? "key" : "key.%s", name);
        json_object_set_new(fields, path, json_string(key));
        if (i == 0)
            json_object_set_new(fields, "suite", json_string(name));
    }
    return fields;
}
