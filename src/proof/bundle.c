#include "proof/bundle.h"

#include "base/memory.h"
#include "base/text.h"
#include "json/member.h"
#include "json/profile.h"

static const char rule[] = "PROTOCOL.bundle section 2";

struct bundle *bundle_new(const size_t heads[BUNDLE_LOGS], const size_t entries[BUNDLE_LOGS])
{
    struct bundle *b = memory_zeroed(1, sizeof *b);

    for (size_t i = 0; i < BUNDLE_LOGS; i++) {
        struct bundle_log *log = &b->logs[i];

        log->head_count = heads[i];
        log->entry_count = entries[i];
        log->heads = memory_zeroed(heads[i], sizeof *log->heads);
        log->growth = memory_zeroed(heads[i], sizeof *log->growth);
        log->entries = memory_zeroed(entries[i], sizeof *log->entries);
    }
    return b;
}

void bundle_free(struct bundle *b)
{
    if (b == NULL)
        return;
    for (size_t i = 0; i < BUNDLE_LOGS; i++) {
        free(b->logs[i].heads);
        free(b->logs[i].growth);
        free(b->logs[i].entries);
        free(b->logs[i].keys);
        free(b->logs[i].anchor_data);
    }
    if (b->owned != NULL)
        json_decref(b->owned);
    free(b);
}

/* A text that may be empty, of any length the limits of the whole allow. */
static struct bytes text_of(const struct member *m, size_t max)
{
    struct bytes none = {(const uint8_t *)"", 0};

    if (!reader_ok(m->in))
        return none;
    if (!json_is_string(m->value)) {
        member_fail(m, FAULT_SYNTAX, "a text is expected");
        return none;
    }
    if (json_string_length(m->value) > max) {
        member_fail(m, FAULT_LIMIT, "longer than %zu bytes", max);
        return none;
    }
    return bytes_of(json_string_value(m->value), json_string_length(m->value));
}

static struct bytes member_bytes(const struct member *object, const char *name, size_t max)
{
    struct member m = member_get(object, name);

    return text_of(&m, max);
}

static void parse_path(const struct member *list, struct tree_path *out)
{
    out->count = member_count(list);
    for (size_t i = 0; i < out->count; i++) {
        struct member hash = member_item(list, i);

        as_base64(&hash, out->hash[i].byte, sizeof out->hash[i].byte);
    }
}

static void parse_heads(const struct member *object, struct bundle_log *log)
{
    struct member heads = member_array(object, "heads", 1, BUNDLE_HEADS);
    struct member growth = member_array(object, "growth", 0, BUNDLE_HEADS - 1);
    size_t count = member_count(&heads);

    if (reader_ok(object->in) && member_count(&growth) + 1 != count)
        member_fail(&growth, FAULT_RANGE, "one proof between each two heads is expected");
    if (!reader_ok(object->in))
        return;
    log->heads = memory_zeroed(count, sizeof *log->heads);
    log->growth = memory_zeroed(count, sizeof *log->growth);
    log->head_count = count;
    for (size_t i = 0; i < count; i++) {
        struct member head = member_item(&heads, i);

        log->heads[i] = text_of(&head, BUNDLE_NOTE_MAX);
    }
    for (size_t i = 0; i + 1 < count && reader_ok(object->in); i++) {
        struct member path = member_item(&growth, i);

        if (!json_is_array(path.value) || json_array_size(path.value) > TREE_PATH_MAX)
            member_fail(&path, FAULT_RANGE, "a list of at most %d hashes is expected",
                        TREE_PATH_MAX);
        else
            parse_path(&path, &log->growth[i]);
    }
}

static void parse_entry(const struct member *item, struct bundle_entry *out)
{
    struct member proof = member_array(item, "proof", 0, TREE_PATH_MAX);

    out->index = (uint64_t)member_integer(item, "index", 0, JSON_INTEGER_MAX);
    out->text = member_bytes(item, "entry", 1024);
    out->document = member_bytes(item, "document", 262144);
    parse_path(&proof, &out->proof);
    member_only(item, "index", "entry", "document", "proof", NULL);
}

/* Its data goes to `to`, which has room for the largest. */
static void parse_anchor(const struct member *item, size_t heads, uint8_t *to,
                         struct bundle_anchor *out)
{
    struct member kind = member_get(item, "kind"), data = member_get(item, "data");
    struct bytes text = text_of(&data, base64_length(ANCHOR_DATA_MAX));
    size_t size = 0;

    out->head = (size_t)member_integer(item, "head", 0, (int64_t)heads - 1);
    out->kind = anchor_kind_parse(text_of(&kind, 16));
    if (reader_ok(item->in) && out->kind == ANCHOR_NONE)
        member_fail(&kind, FAULT_UNKNOWN, "rfc3161 or witness is expected");
    if (reader_ok(item->in) && (!base64_size(text, &size) || size == 0 || size > ANCHOR_DATA_MAX ||
                                !base64_read(text, to, size)))
        member_fail(&data, FAULT_SYNTAX, "base64 is expected");
    out->data = bytes_of(to, size);
    member_only(item, "kind", "head", "data", NULL);
}

static void parse_anchors(const struct member *object, struct bundle_log *log)
{
    struct member list;

    if (!reader_ok(object->in) || json_object_get(object->value, "anchors") == NULL)
        return;
    list = member_array(object, "anchors", 1, BUNDLE_ANCHORS);
    log->anchor_count = member_count(&list);
    log->anchor_data = memory_zeroed(BUNDLE_ANCHORS, ANCHOR_DATA_MAX);
    for (size_t i = 0; i < log->anchor_count && reader_ok(object->in); i++) {
        struct member item = member_item(&list, i);

        parse_anchor(&item, log->head_count, log->anchor_data + i * ANCHOR_DATA_MAX,
                     &log->anchors[i]);
    }
}

static void parse_keys(const struct member *object, struct bundle_log *log)
{
    struct member list;

    if (!reader_ok(object->in) || json_object_get(object->value, "keys") == NULL)
        return;
    list = member_array(object, "keys", 1, BUNDLE_KEYS);
    log->key_count = member_count(&list);
    log->keys = memory_zeroed(log->key_count + 1, sizeof *log->keys);
    for (size_t i = 0; i < log->key_count && reader_ok(object->in); i++) {
        struct member item = member_item(&list, i);

        parse_entry(&item, &log->keys[i]);
    }
}

static void parse_log(const struct member *item, struct bundle_log *log)
{
    struct member entries = member_array(item, "entries", 1, BUNDLE_ENTRIES);
    size_t count = member_count(&entries);

    log->origin = member_bytes(item, "origin", 256);
    parse_heads(item, log);
    parse_anchors(item, log);
    parse_keys(item, log);
    member_only(item, "origin", "heads", "growth", "entries", "anchors", "keys", NULL);
    if (!reader_ok(item->in))
        return;
    log->entries = memory_zeroed(count, sizeof *log->entries);
    log->entry_count = count;
    for (size_t i = 0; i < count && reader_ok(item->in); i++) {
        struct member entry = member_item(&entries, i);

        parse_entry(&entry, &log->entries[i]);
    }
}

static void parse_agreements(const struct member *root, struct bundle *b)
{
    struct member list = member_array(root, "agreements", 1, BUNDLE_AGREEMENTS);

    b->agreement_count = member_count(&list);
    for (size_t i = 0; i < b->agreement_count; i++) {
        struct member item = member_item(&list, i);

        b->agreements[i].text = member_bytes(&item, "agreement", 1 << 20);
        b->agreements[i].signatures = member_bytes(&item, "signatures", 1 << 17);
        member_only(&item, "agreement", "signatures", NULL);
    }
}

static void parse_members(struct reader *in, struct bundle *b)
{
    struct member root = member_root(in), logs, kind;

    kind = member_get(&root, "kind");
    if (member_integer(&root, "v", 0, JSON_INTEGER_MAX) != 1 && reader_ok(in))
        member_fail(&root, FAULT_UNKNOWN, "version 1 is expected");
    if (!bytes_is(text_of(&kind, 64), "parley-case"))
        member_fail(&kind, FAULT_UNKNOWN, "a bundle of kind parley-case is expected");
    b->case_id = member_bytes(&root, "case", 64);
    parse_agreements(&root, b);
    logs = member_array(&root, "logs", BUNDLE_LOGS, BUNDLE_LOGS);
    for (size_t i = 0; i < BUNDLE_LOGS && reader_ok(in); i++) {
        struct member item = member_item(&logs, i);

        parse_log(&item, &b->logs[i]);
    }
    member_only(&root, "v", "kind", "case", "agreements", "logs", NULL);
}

struct fault bundle_parse(struct bytes text, struct bundle **out, char *path)
{
    struct json_limits limits = {BUNDLE_MAX, JSON_DEPTH};
    struct bundle *b;
    struct reader in;
    json_t *tree;
    struct fault f = json_read_canonical(text, limits, &tree);

    if (path != NULL)
        path[0] = '\0';
    if (fault_is(f))
        return f;
    b = memory_zeroed(1, sizeof *b);
    b->owned = tree;
    in = reader_over(tree, rule);
    parse_members(&in, b);
    if (!reader_ok(&in)) {
        if (path != NULL)
            snprintf(path, BUNDLE_PATH, "%s: %s", in.path, in.why);
        bundle_free(b);
        return in.fault;
    }
    *out = b;
    return fault_none();
}

static json_t *text_json(struct bytes text)
{
    return json_stringn(text.len == 0 ? "" : (const char *)text.data, text.len);
}

static json_t *path_json(const struct tree_path *path)
{
    json_t *list = json_array();

    for (size_t i = 0; i < path->count; i++) {
        char hash[45];

        base64_write(path->hash[i].byte, sizeof path->hash[i].byte, hash);
        json_array_append_new(list, json_string(hash));
    }
    return list;
}

static json_t *anchors_json(const struct bundle_log *log)
{
    json_t *list = json_array();

    for (size_t i = 0; i < log->anchor_count; i++) {
        const struct bundle_anchor *a = &log->anchors[i];
        struct buf data = {0};

        buf_base64(&data, a->data.data, a->data.len);
        json_array_append_new(list, json_pack("{s:s, s:I, s:s}", "kind", anchor_kind_name(a->kind),
                                              "head", (json_int_t)a->head, "data", buf_str(&data)));
        buf_done(&data);
    }
    return list;
}

static json_t *entries_json(const struct bundle_entry *entries, size_t count)
{
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++) {
        const struct bundle_entry *e = &entries[i];

        json_array_append_new(list,
                              json_pack("{s:I, s:o, s:o, s:o}", "index", (json_int_t)e->index,
                                        "entry", text_json(e->text), "document",
                                        text_json(e->document), "proof", path_json(&e->proof)));
    }
    return list;
}

static json_t *log_json(const struct bundle_log *log)
{
    json_t *tree;
    json_t *heads = json_array(), *growth = json_array();

    for (size_t i = 0; i < log->head_count; i++)
        json_array_append_new(heads, text_json(log->heads[i]));
    for (size_t i = 0; i + 1 < log->head_count; i++)
        json_array_append_new(growth, path_json(&log->growth[i]));
    tree = json_pack("{s:o, s:o, s:o, s:o}", "origin", text_json(log->origin), "heads", heads,
                     "growth", growth, "entries", entries_json(log->entries, log->entry_count));
    if (log->key_count != 0)
        json_object_set_new(tree, "keys", entries_json(log->keys, log->key_count));
    if (log->anchor_count != 0)
        json_object_set_new(tree, "anchors", anchors_json(log));
    return tree;
}

void bundle_write(const struct bundle *b, struct buf *out)
{
    json_t *agreements = json_array(), *logs = json_array(), *tree;

    for (size_t i = 0; i < b->agreement_count; i++)
        json_array_append_new(agreements,
                              json_pack("{s:o, s:o}", "agreement", text_json(b->agreements[i].text),
                                        "signatures", text_json(b->agreements[i].signatures)));
    for (size_t i = 0; i < BUNDLE_LOGS; i++)
        json_array_append_new(logs, log_json(&b->logs[i]));
    tree = json_pack("{s:i, s:s, s:o, s:o, s:o}", "v", 1, "kind", "parley-case", "case",
                     text_json(b->case_id), "agreements", agreements, "logs", logs);
    if (tree == NULL)
        die("parley: a bundle that is no JSON\n");
    json_canonical(tree, out);
    json_decref(tree);
}
