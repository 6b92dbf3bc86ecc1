#include "release/registry.h"

#include "base/cursor.h"
#include "base/memory.h"
#include "base/text.h"

static const char rule[] = "release/registry: the text form";

struct registry {
    size_t count;
    struct contact *officers[REGISTRY_OFFICERS];
};

struct registry *registry_new(void)
{
    return memory_zeroed(1, sizeof(struct registry));
}

void registry_free(struct registry *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->count; i++)
        free(r->officers[i]);
    free(r);
}

struct registry *registry_copy(const struct registry *r)
{
    struct registry *copy = registry_new();

    for (size_t i = 0; i < r->count; i++) {
        copy->officers[i] = memory_new(sizeof *copy->officers[i]);
        *copy->officers[i] = *r->officers[i];
    }
    copy->count = r->count;
    return copy;
}

static struct contact *find(const struct registry *r, const char *officer)
{
    for (size_t i = 0; i < r->count; i++)
        if (strcmp(r->officers[i]->officer, officer) == 0)
            return r->officers[i];
    return NULL;
}

const struct contact *registry_find(const struct registry *r, const char *officer)
{
    return find(r, officer);
}

const struct contact *registry_at(const struct registry *r, size_t i)
{
    return i < r->count ? r->officers[i] : NULL;
}

static bool same(const struct contact *a, const struct contact *b)
{
    return strcmp(a->officer, b->officer) == 0 && strcmp(a->agreement, b->agreement) == 0 &&
           strcmp(a->party, b->party) == 0 && a->roles == b->roles && contact_same_keys(a, b) &&
           a->appointed == b->appointed && a->issued.us == b->issued.us;
}

static bool has_key(const struct contact *c, struct bytes key)
{
    for (size_t i = 0; i < c->keys; i++)
        if (bytes_equal(bytes_of(c->key[i].byte, c->key[i].len), key))
            return true;
    return false;
}

/* Two names with one key would be one person who signs twice. */
static struct fault key_is_his_own(const struct registry *r, const struct party *party,
                                   const struct contact *c, struct bytes key)
{
    for (size_t i = 0; i < r->count; i++)
        if (strcmp(r->officers[i]->officer, c->officer) != 0 && has_key(r->officers[i], key))
            return fault_make(FAULT_DUPLICATE, 0, "release/registry: another officer's key");
    for (size_t i = 0; i < party->root_count; i++)
        if (bytes_equal(bytes_of(party->roots[i].key, party->roots[i].key_len), key))
            return fault_make(FAULT_DUPLICATE, 0, "PROTOCOL.ledger section 1: a root key's key");
    return fault_none();
}

static struct fault keys_are_his_own(const struct registry *r, const struct party *party,
                                     const struct contact *c)
{
    struct fault f = fault_none();

    for (size_t i = 0; i < c->keys && !fault_is(f); i++)
        f = key_is_his_own(r, party, c, bytes_of(c->key[i].byte, c->key[i].len));
    return f;
}

/* A key of each suite of the agreement, its first suite's first, and no other. */
static struct fault suites_are_agreed(const struct agreement *a, const struct contact *c)
{
    static const char each[] = "docs/STATEMENTS: CONTACT: a key of each suite of the agreement";

    if (c->keys != a->suite_count || strcmp(suite_name(c->key[0].suite), a->suites[0]) != 0)
        return fault_make(FAULT_MISMATCH, 0, each);
    for (size_t i = 1; i < c->keys; i++) {
        bool listed = false;

        for (size_t k = 0; k < a->suite_count; k++)
            listed = listed || strcmp(suite_name(c->key[i].suite), a->suites[k]) == 0;
        if (!listed)
            return fault_make(FAULT_MISMATCH, 0, each);
    }
    return fault_none();
}

static struct fault put(struct registry *r, const struct contact *c)
{
    struct contact *known = find(r, c->officer);

    if (known == NULL && r->count == REGISTRY_OFFICERS)
        return fault_make(FAULT_LIMIT, 0, "release/registry: officers");
    if (known == NULL) {
        known = memory_zeroed(1, sizeof *known);
        r->officers[r->count++] = known;
    }
    *known = *c;
    return fault_none();
}

struct fault roots_signed(const struct agreement *a, const struct party *party,
                          const struct disclosed *d)
{
    struct rooted_by roots[AGREEMENT_SUITES];

    for (size_t i = 0; i < party->root_count; i++)
        roots[i] = (struct rooted_by){party->roots[i].suite,
                                      bytes_of(party->roots[i].key, party->roots[i].key_len)};
    return rooted_verify(d, bytes_text(a->id), roots, party->root_count);
}

static struct fault apply(struct registry *r, const struct agreement *a, const struct party *party,
                          const struct contact *c)
{
    const struct contact *known = find(r, c->officer);
    struct fault f;

    if (strcmp(c->agreement, a->id) != 0 || strcmp(c->party, party->id) != 0)
        return fault_make(FAULT_MISMATCH, 0, "docs/STATEMENTS: CONTACT: agreement, party");
    if (known != NULL && same(known, c))
        return fault_none();
    if (known != NULL && c->issued.us <= known->issued.us)
        return fault_make(FAULT_ORDER, 0, "docs/STATEMENTS: CONTACT: issued before the last one");
    f = suites_are_agreed(a, c);
    if (!fault_is(f))
        f = keys_are_his_own(r, party, c);
    return fault_is(f) ? f : put(r, c);
}

struct fault registry_apply(struct registry *r, const struct agreement *a,
                            const struct party *party, const struct disclosed *d)
{
    struct contact *c = memory_zeroed(1, sizeof *c);
    struct fault f = roots_signed(a, party, d);

    if (!fault_is(f))
        f = contact_read(d, c);
    if (!fault_is(f))
        f = apply(r, a, party, c);
    free(c);
    return f;
}

static void write_keys(const struct contact *c, struct buf *out)
{
    for (size_t i = 0; i < c->keys; i++)
        buf_print(out, "%s%s", i == 0 ? "" : ",", suite_name(c->key[i].suite));
    for (size_t i = 0; i < c->keys; i++) {
        buf_byte(out, i == 0 ? ' ' : ',');
        buf_base64(out, c->key[i].byte, c->key[i].len);
    }
}

void registry_write(const struct registry *r, struct buf *out)
{
    buf_text(out, "parley-registry/v1\n");
    for (size_t i = 0; i < r->count; i++) {
        const struct contact *c = r->officers[i];
        char issued[INSTANT_TEXT + 1];

        instant_write(c->issued, issued);
        buf_print(out, "officer %s %s %s %u ", c->officer, c->agreement, c->party, c->roles);
        write_keys(c, out);
        buf_print(out, " %s %s\n", c->appointed ? "appointed" : "withdrawn", issued);
    }
}

static void read_word_name(struct cursor *in, char out[ENTRY_NAME])
{
    size_t at = in->at;
    struct bytes word = cursor_until(in, ' ');

    if (cursor_ok(in) && (!name_is_safe(word) || !bytes_to_text(word, out, ENTRY_NAME)))
        cursor_fail(in, FAULT_SYNTAX, at);
}

static void read_roles(struct cursor *in, struct contact *c)
{
    size_t at = in->at;
    uint64_t roles = 0;
    struct bytes word = cursor_until(in, ' ');

    if (cursor_ok(in) &&
        (!decimal_read(word, OFFICER_DRAFTER | OFFICER_RELEASER, &roles) || roles == OFFICER_NONE))
        cursor_fail(in, FAULT_SYNTAX, at);
    c->roles = (unsigned)roles;
}

/* Adds one key of the text form; FAULT_NONE if it is one. */
static enum fault_kind take_key(struct bytes name, struct bytes text, struct contact *c)
{
    struct contact_key *key = &c->key[c->keys];

    if (c->keys == SEVERAL_MAX)
        return FAULT_LIMIT;
    key->suite = suite_find(name);
    if (key->suite == NULL)
        return FAULT_UNKNOWN;
    if (!base64_size(text, &key->len) || key->len == 0 || key->len > sizeof key->byte ||
        !base64_read(text, key->byte, key->len))
        return FAULT_SYNTAX;
    c->keys++;
    return FAULT_NONE;
}

static void read_keys(struct cursor *in, struct contact *c)
{
    size_t suites_at = in->at;
    struct bytes suites = cursor_until(in, ' ');
    size_t keys_at = in->at;
    struct bytes keys = cursor_until(in, ' ');
    enum fault_kind kind = FAULT_NONE;

    if (!cursor_ok(in))
        return;
    do {
        kind = take_key(several_next(&suites), several_next(&keys), c);
    } while (kind == FAULT_NONE && suites.len != 0);
    if (kind == FAULT_NONE && keys.len != 0)
        kind = FAULT_EXTRA;
    if (kind != FAULT_NONE)
        cursor_fail(in, kind, kind == FAULT_UNKNOWN ? suites_at : keys_at);
}

static void read_officer(struct cursor *in, struct contact *c)
{
    struct bytes word;
    struct fault f;
    size_t at;

    cursor_expect(in, "officer ");
    read_word_name(in, c->officer);
    read_word_name(in, c->agreement);
    read_word_name(in, c->party);
    read_roles(in, c);
    read_keys(in, c);
    at = in->at;
    word = cursor_until(in, ' ');
    c->appointed = bytes_is(word, "appointed");
    if (cursor_ok(in) && !c->appointed && !bytes_is(word, "withdrawn"))
        cursor_fail(in, FAULT_UNKNOWN, at);
    at = in->at;
    word = cursor_line(in);
    if (!cursor_ok(in))
        return;
    f = instant_parse(word, &c->issued);
    if (fault_is(f))
        cursor_fail(in, FAULT_SYNTAX, at);
}

struct fault registry_parse(struct bytes text, struct registry **out)
{
    struct cursor in = cursor_over(text, rule);
    struct registry *r;

    if (text.len > REGISTRY_MAX)
        return fault_make(FAULT_LIMIT, REGISTRY_MAX, rule);
    r = registry_new();
    cursor_expect(&in, "parley-registry/v1\n");
    while (cursor_left(&in) != 0) {
        struct contact *c = memory_zeroed(1, sizeof *c);
        size_t at = in.at;

        read_officer(&in, c);
        if (cursor_ok(&in) && find(r, c->officer) != NULL)
            cursor_fail(&in, FAULT_DUPLICATE, at);
        else if (cursor_ok(&in) && fault_is(put(r, c)))
            cursor_fail(&in, FAULT_LIMIT, at);
        free(c);
    }
    if (cursor_ok(&in))
        *out = r;
    else
        registry_free(r);
    return in.fault;
}
