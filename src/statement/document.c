#include "statement/document.h"

#include "base/memory.h"
#include "base/text.h"
#include "json/member.h"
#include "json/profile.h"

static const char rule[] = "PROTOCOL.ledger section 4: Document";

struct leaf {
    char path[DOCUMENT_PATH + 8]; /* room for the "~" of decoys */
    json_t *value;                /* owned; NULL where withheld; decoys have "" */
    char rule[DOCUMENT_RULE + 1]; /* "" unless withheld */
    bool decoy;
    struct digest hash;
};

struct document {
    uint8_t secret[DOCUMENT_SECRET];
    size_t count;
    struct leaf *leaves;
};

struct disclosed {
    unsigned owners;
    json_t *tree; /* owned */
    size_t count;
    struct leaf *leaves; /* their values are borrowed from the tree */
    struct digest root;
    size_t signature_count;
    struct document_signature signatures[DOCUMENT_SIGNATURES];
    struct buf keys; /* raw keys and signatures, one after the other */
};

bool document_path_is_good(struct bytes path)
{
    if (path.len == 0 || path.len > DOCUMENT_PATH)
        return false;
    for (size_t i = 0; i < path.len; i++) {
        uint8_t c = path.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-'))
            return false;
    }
    return true;
}

static bool value_is_good(const json_t *value)
{
    size_t i;
    json_t *item;

    if (json_is_string(value) || json_is_integer(value) || json_is_boolean(value))
        return true;
    if (!json_is_array(value))
        return false;
    json_array_foreach(value, i, item) if (!json_is_string(item)) return false;
    return true;
}

static void salt_of(const uint8_t *secret, const char *path, uint8_t *out)
{
    struct digest mac = hmac_sha256(bytes_of(secret, DOCUMENT_SECRET), bytes_text(path));

    memcpy(out, mac.byte, DOCUMENT_SALT);
}

static struct digest hash_leaf(const uint8_t *salt, const char *path, const json_t *value)
{
    struct buf text = {0}, canonical = {0};
    struct digest out;

    json_canonical(value, &canonical);
    buf_byte(&text, 0x10);
    buf_add(&text, salt, DOCUMENT_SALT);
    buf_u16(&text, (uint16_t)strlen(path));
    buf_text(&text, path);
    buf_u32(&text, (uint32_t)canonical.len);
    buf_bytes(&text, buf_view(&canonical));
    out = digest_of(buf_view(&text));
    buf_wipe(&text);
    buf_wipe(&canonical);
    return out;
}

static struct digest hash_node(const struct digest *left, const struct digest *right)
{
    uint8_t text[65];

    text[0] = 0x11;
    memcpy(text + 1, left->byte, 32);
    memcpy(text + 33, right->byte, 32);
    return digest_of(bytes_of(text, sizeof text));
}

static struct digest root_of(const struct leaf *leaves, size_t count)
{
    struct digest *level = memory_zeroed(count, sizeof *level), root;

    for (size_t i = 0; i < count; i++)
        level[i] = leaves[i].hash;
    for (size_t n = count; n > 1; n /= 2)
        for (size_t i = 0; i < n / 2; i++)
            level[i] = hash_node(&level[2 * i], &level[2 * i + 1]);
    root = level[0];
    free(level);
    return root;
}

static size_t padded(size_t count)
{
    size_t n = DOCUMENT_LEAVES_MIN;

    while (n < count)
        n *= 2;
    return n;
}

static int leaf_order(const void *a, const void *b)
{
    return strcmp(((const struct leaf *)a)->path, ((const struct leaf *)b)->path);
}

static struct fault add_fields(const json_t *fields, struct document *d)
{
    const char *path;
    json_t *value;
    size_t i = 0;

    json_object_foreach((json_t *)(uintptr_t)fields, path, value)
    {
        struct leaf *leaf = &d->leaves[i++];

        if (!document_path_is_good(bytes_text(path)))
            return fault_make(FAULT_SYNTAX, 0, rule);
        if (!value_is_good(value))
            return fault_make(FAULT_RANGE, 0, rule);
        memcpy(leaf->path, path, strlen(path) + 1);
        leaf->value = json_deep_copy(value);
    }
    return fault_none();
}

struct fault document_new(const json_t *fields, const uint8_t secret[DOCUMENT_SECRET],
                          struct document **out)
{
    size_t real = json_object_size(fields);
    struct document *d;
    struct fault f;

    if (real > DOCUMENT_LEAVES)
        return fault_make(FAULT_LIMIT, 0, rule);
    f = json_check(fields);
    if (fault_is(f))
        return f;
    d = memory_zeroed(1, sizeof *d);
    memcpy(d->secret, secret, DOCUMENT_SECRET);
    d->count = padded(real);
    d->leaves = memory_zeroed(d->count, sizeof *d->leaves);
    f = add_fields(fields, d);
    if (fault_is(f)) {
        document_free(d);
        return f;
    }
    for (size_t i = real; i < d->count; i++) {
        d->leaves[i].decoy = true;
        d->leaves[i].value = json_string("");
        snprintf(d->leaves[i].path, sizeof d->leaves[i].path, "~%zu", i - real);
    }
    qsort(d->leaves, real, sizeof *d->leaves, leaf_order);
    for (size_t i = 0; i < d->count; i++) {
        uint8_t salt[DOCUMENT_SALT];

        salt_of(d->secret, d->leaves[i].path, salt);
        d->leaves[i].hash = hash_leaf(salt, d->leaves[i].path, d->leaves[i].value);
    }
    *out = d;
    return fault_none();
}

void document_free(struct document *d)
{
    if (d == NULL)
        return;
    for (size_t i = 0; i < d->count; i++)
        json_decref(d->leaves[i].value);
    free(d->leaves);
    explicit_bzero(d->secret, sizeof d->secret);
    free(d);
}

struct digest document_root(const struct document *d)
{
    return root_of(d->leaves, d->count);
}

uint32_t document_leaves(const struct document *d)
{
    return (uint32_t)d->count;
}

static json_t *base64_json(const void *data, size_t len)
{
    struct buf text = {0};
    json_t *value;

    buf_base64(&text, data, len);
    value = json_string(buf_str(&text));
    buf_done(&text);
    return value;
}

static const char *rule_for(const char *path, const struct withheld *withheld, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(withheld[i].path, path) == 0)
            return withheld[i].rule;
    return NULL;
}

static json_t *leaf_json(const struct document *d, const struct leaf *leaf, const char *withheld)
{
    uint8_t salt[DOCUMENT_SALT];

    if (leaf->decoy)
        return json_pack("{s:o}", "h", base64_json(leaf->hash.byte, 32));
    if (withheld != NULL)
        return json_pack("{s:s, s:o, s:s}", "p", leaf->path, "h", base64_json(leaf->hash.byte, 32),
                         "r", withheld);
    salt_of(d->secret, leaf->path, salt);
    return json_pack("{s:s, s:o, s:O}", "p", leaf->path, "s", base64_json(salt, sizeof salt), "v",
                     leaf->value);
}

void document_disclose(const struct document *d, const struct withheld *withheld, size_t count,
                       const struct document_signature *signatures, size_t signature_count,
                       struct buf *out)
{
    json_t *leaves = json_array(), *tree = json_pack("{s:i, s:o}", "v", 1, "leaves", leaves);

    for (size_t i = 0; i < d->count; i++)
        json_array_append_new(
            leaves, leaf_json(d, &d->leaves[i], rule_for(d->leaves[i].path, withheld, count)));
    if (signature_count != 0) {
        json_t *list = json_array();

        for (size_t i = 0; i < signature_count; i++) {
            const struct document_signature *s = &signatures[i];

            json_array_append_new(list,
                                  json_pack("{s:s, s:o, s:o}", "suite", s->suite, "key",
                                            base64_json(s->key.data, s->key.len), "signature",
                                            base64_json(s->signature.data, s->signature.len)));
        }
        json_object_set_new(tree, "signatures", list);
    }
    json_canonical(tree, out);
    json_decref(tree);
}

struct fault document_open(const struct document *d, const char *path, struct buf *out)
{
    uint8_t salt[DOCUMENT_SALT];
    struct digest root;
    json_t *tree;

    for (size_t i = 0; i < d->count; i++) {
        const struct leaf *leaf = &d->leaves[i];

        if (leaf->decoy || strcmp(leaf->path, path) != 0)
            continue;
        salt_of(d->secret, path, salt);
        root = document_root(d);
        tree =
            json_pack("{s:i, s:o, s:s, s:o, s:O}", "v", 1, "document", base64_json(root.byte, 32),
                      "path", path, "salt", base64_json(salt, sizeof salt), "value", leaf->value);
        json_canonical(tree, out);
        json_decref(tree);
        return fault_none();
    }
    return fault_make(FAULT_MISSING, 0, rule);
}

static void parse_leaf_path(const struct member *item, struct leaf *out)
{
    const char *path = member_line(item, "p", DOCUMENT_PATH);

    if (!reader_ok(item->in))
        return;
    if (!document_path_is_good(bytes_text(path)))
        member_fail(item, FAULT_SYNTAX, "a path of small letters, digits, dots and dashes");
    else
        memcpy(out->path, path, strlen(path) + 1);
}

static void parse_withheld(const struct member *item, struct leaf *out)
{
    const char *by;

    parse_leaf_path(item, out);
    member_base64(item, "h", out->hash.byte, 32);
    by = member_line(item, "r", DOCUMENT_RULE);
    member_only(item, "p", "h", "r", NULL);
    if (reader_ok(item->in))
        memcpy(out->rule, by, strlen(by) + 1);
}

static void parse_open(const struct member *item, struct leaf *out)
{
    struct member value = member_get(item, "v");
    uint8_t salt[DOCUMENT_SALT];

    parse_leaf_path(item, out);
    member_base64(item, "s", salt, sizeof salt);
    member_only(item, "p", "s", "v", NULL);
    if (reader_ok(item->in) && !value_is_good(value.value))
        member_fail(&value, FAULT_RANGE, "a text, an integer, true, false or a list of texts");
    if (!reader_ok(item->in))
        return;
    out->value = (json_t *)(uintptr_t)value.value;
    out->hash = hash_leaf(salt, out->path, out->value);
}

static void parse_leaf(const struct member *item, struct leaf *out)
{
    if (member_has(item, "v")) {
        parse_open(item, out);
    } else if (member_has(item, "p")) {
        parse_withheld(item, out);
    } else {
        out->decoy = true;
        member_base64(item, "h", out->hash.byte, 32);
        member_only(item, "h", NULL);
    }
}

/* Sorted by path, no path twice, decoys last. */
static bool in_order(const struct leaf *before, const struct leaf *after)
{
    if (before->decoy)
        return after->decoy;
    return after->decoy || strcmp(before->path, after->path) < 0;
}

static void parse_leaves(const struct member *root, struct disclosed *d)
{
    struct member list = member_array(root, "leaves", DOCUMENT_LEAVES_MIN, DOCUMENT_LEAVES);
    size_t fields = 0;

    d->count = member_count(&list);
    if (reader_ok(root->in) && (d->count & (d->count - 1)) != 0)
        member_fail(&list, FAULT_RANGE, "a power of two leaves");
    d->leaves = memory_zeroed(d->count, sizeof *d->leaves);
    for (size_t i = 0; i < d->count && reader_ok(root->in); i++) {
        struct member item = member_item(&list, i);

        parse_leaf(&item, &d->leaves[i]);
        if (reader_ok(root->in) && i != 0 && !in_order(&d->leaves[i - 1], &d->leaves[i]))
            member_fail(&item, FAULT_ORDER, "sorted by path, each once, decoys last");
        fields += !d->leaves[i].decoy;
    }
    if (reader_ok(root->in) && padded(fields) != d->count)
        member_fail(&list, FAULT_RANGE, "not more decoys than the padding needs");
}

static struct bytes parse_key(const struct member *item, const char *name, struct buf *keys,
                              size_t max)
{
    struct member m = member_get(item, name);
    struct bytes text = bytes_text(""), none = bytes_text("");
    size_t len = 0, at = keys->len;

    if (reader_ok(item->in) && json_is_string(m.value))
        text = bytes_of(json_string_value(m.value), json_string_length(m.value));
    if (!reader_ok(item->in))
        return none;
    if (text.len == 0 || !base64_size(text, &len) || len == 0 || len > max) {
        member_fail(&m, FAULT_SYNTAX, "base64 of 1 to %zu bytes", max);
        return none;
    }
    /* The caller reserved room for all, so that earlier views stay where they are. */
    buf_need(keys, len);
    if (!base64_read(text, keys->data + at, len)) {
        member_fail(&m, FAULT_SYNTAX, "canonical base64");
        return none;
    }
    keys->len += len;
    return bytes_of(keys->data + at, len);
}

static void parse_signatures(const struct member *root, struct disclosed *d)
{
    struct member list = member_array(root, "signatures", 1, DOCUMENT_SIGNATURES);

    d->signature_count = member_count(&list);
    buf_need(&d->keys, d->signature_count * (SUITE_KEY_MAX + SUITE_SIGNATURE_MAX));
    for (size_t i = 0; i < d->signature_count && reader_ok(root->in); i++) {
        struct member item = member_item(&list, i);
        const char *suite = member_line(&item, "suite", SUITE_NAME - 1);

        d->signatures[i].key = parse_key(&item, "key", &d->keys, SUITE_KEY_MAX);
        d->signatures[i].signature = parse_key(&item, "signature", &d->keys, SUITE_SIGNATURE_MAX);
        member_only(&item, "suite", "key", "signature", NULL);
        if (reader_ok(root->in))
            memcpy(d->signatures[i].suite, suite, strlen(suite) + 1);
    }
}

struct fault disclosed_parse(struct bytes text, struct disclosed **out)
{
    struct json_limits limits = {DOCUMENT_MAX, 5};
    struct disclosed *d;
    struct member root;
    struct reader in;
    json_t *tree;
    struct fault f = json_read_canonical(text, limits, &tree);

    if (fault_is(f))
        return f;
    d = memory_zeroed(1, sizeof *d);
    d->owners = 1;
    d->tree = tree;
    in = reader_over(tree, rule);
    root = member_root(&in);
    member_integer(&root, "v", 1, 1);
    if (member_has(&root, "signatures"))
        parse_signatures(&root, d);
    parse_leaves(&root, d);
    member_only(&root, "v", "leaves", "signatures", NULL);
    if (!reader_ok(&in)) {
        f = in.fault;
        disclosed_free(d);
        return f;
    }
    d->root = root_of(d->leaves, d->count);
    *out = d;
    return fault_none();
}

struct disclosed *disclosed_again(struct disclosed *d)
{
    d->owners++;
    return d;
}

void disclosed_free(struct disclosed *d)
{
    if (d == NULL || --d->owners != 0)
        return;
    free(d->leaves);
    buf_done(&d->keys);
    json_decref(d->tree);
    free(d);
}

struct digest disclosed_root(const struct disclosed *d)
{
    return d->root;
}

uint32_t disclosed_leaves(const struct disclosed *d)
{
    return (uint32_t)d->count;
}

struct fault disclosed_matches(const struct disclosed *d, struct bytes text, const struct entry *e)
{
    struct digest disclosed = digest_of(text);

    if (!digest_equal(&d->root, &e->document))
        return fault_make(FAULT_MISMATCH, 0, "PROTOCOL.ledger section 3: document ROOT");
    if (d->count != e->leaves)
        return fault_make(FAULT_MISMATCH, 0, "PROTOCOL.ledger section 3: document LEAVES");
    if (text.len != e->disclosed_length || !digest_equal(&disclosed, &e->disclosed))
        return fault_make(FAULT_MISMATCH, 0, "PROTOCOL.ledger section 3: disclosed");
    return fault_none();
}

static const struct leaf *leaf_of(const struct disclosed *d, const char *path)
{
    for (size_t i = 0; i < d->count; i++)
        if (!d->leaves[i].decoy && strcmp(d->leaves[i].path, path) == 0)
            return &d->leaves[i];
    return NULL;
}

const json_t *disclosed_value(const struct disclosed *d, const char *path)
{
    const struct leaf *leaf = leaf_of(d, path);

    return leaf == NULL ? NULL : leaf->value;
}

const char *disclosed_text(const struct disclosed *d, const char *path)
{
    const char *text = json_string_value(disclosed_value(d, path));

    return text == NULL ? "" : text;
}

bool disclosed_leaf_at(const struct disclosed *d, size_t i, struct disclosed_leaf *out)
{
    const struct leaf *leaf;

    if (i >= d->count)
        return false;
    leaf = &d->leaves[i];
    *out =
        (struct disclosed_leaf){leaf->decoy ? NULL : leaf->path,
                                leaf->rule[0] == '\0' ? NULL : leaf->rule, leaf->value, leaf->hash};
    return true;
}

size_t disclosed_signature_count(const struct disclosed *d)
{
    return d->signature_count;
}

const struct document_signature *disclosed_signature(const struct disclosed *d, size_t i)
{
    return i < d->signature_count ? &d->signatures[i] : NULL;
}

struct fault opening_parse(struct bytes text, struct opening *out)
{
    struct json_limits limits = {DOCUMENT_MAX, 3};
    struct opening o = {.value = NULL};
    uint8_t salt[DOCUMENT_SALT];
    struct member root, value;
    struct reader in;
    const char *path;
    json_t *tree;
    struct fault f = json_read_canonical(text, limits, &tree);

    if (fault_is(f))
        return f;
    in = reader_over(tree, "PROTOCOL.ledger section 4: opening");
    root = member_root(&in);
    member_integer(&root, "v", 1, 1);
    member_base64(&root, "document", o.document.byte, 32);
    member_base64(&root, "salt", salt, sizeof salt);
    path = member_line(&root, "path", DOCUMENT_PATH);
    value = member_get(&root, "value");
    member_only(&root, "v", "document", "path", "salt", "value", NULL);
    if (reader_ok(&in) && (!document_path_is_good(bytes_text(path)) || !value_is_good(value.value)))
        member_fail(&root, FAULT_RANGE, "a path and a value as in a document");
    if (reader_ok(&in)) {
        memcpy(o.path, path, strlen(path) + 1);
        o.leaf = hash_leaf(salt, path, value.value);
        o.value = json_deep_copy(value.value);
        *out = o;
    }
    json_decref(tree);
    return in.fault;
}

void opening_done(struct opening *o)
{
    json_decref(o->value);
    o->value = NULL;
}

struct fault opening_check(const struct opening *o, const struct disclosed *d)
{
    const struct leaf *leaf = leaf_of(d, o->path);

    if (!digest_equal(&o->document, &d->root))
        return fault_make(FAULT_MISMATCH, 0,
                          "PROTOCOL.ledger section 4: opening of another document");
    if (leaf == NULL || leaf->rule[0] == '\0')
        return fault_make(FAULT_MISSING, 0, "PROTOCOL.ledger section 4: no such withheld field");
    if (!digest_equal(&leaf->hash, &o->leaf))
        return fault_make(FAULT_FORGED, 0, "PROTOCOL.ledger section 4: not what was committed");
    return fault_none();
}
