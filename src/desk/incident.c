#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "desk/state.h"
#include "ipc/sample.h"
#include "statement/fields.h"
#include "json/profile.h"

/*
 * Incidents as watch reports them, and the raw sample lines that are evidence of each. watch says
 * an incident anew as it grows; which samples it has is kept here, under "evidence" in its body.
 */

enum { INCIDENT_ID = 32, INCIDENT_PARTS = 5 };

static const struct json_limits limits = {1 << 20, JSON_DEPTH};

/* What tells an incident from every other, so that a later report of it is the same: article, from,
 * source, service, opened. */
static void name_of(const char *const part[INCIDENT_PARTS], char out[INCIDENT_ID])
{
    struct buf text = {0};
    struct digest digest;

    for (size_t i = 0; i < INCIDENT_PARTS; i++)
        buf_print(&text, "%s%s", i == 0 ? "" : "\n", part[i]);
    digest = digest_of(buf_view(&text));
    buf_clear(&text);
    buf_text(&text, "I-");
    buf_hex(&text, digest.byte, 6);
    snprintf(out, INCIDENT_ID, "%s", buf_str(&text));
    buf_done(&text);
}

/* The body as the store has it; NULL if it is not there. */
static json_t *body_of(struct desk_pact *p, const char *id)
{
    struct rows r = store_ask(p->desk->store, QUERY_INCIDENT_GET,
                              STORE_WITH(value_text(p->now->id), value_text(id)));
    json_t *body = NULL;

    if (rows_next(&r) && fault_is(json_read(row_bytes(&r, 3), limits, &body)))
        body = NULL;
    if (!fault_is(rows_done(&r)))
        return body;
    json_decref(body);
    return NULL;
}

static struct fault put_body(struct desk_pact *p, const char *id, const json_t *body)
{
    char when[INSTANT_TEXT + 1];
    struct buf text = {0};
    struct instant opened;
    struct fault f;

    snprintf(when, sizeof when, "%.19sZ", ask_text(body, "opened"));
    f = instant_parse(bytes_text(when), &opened);
    if (fault_is(f))
        return f;
    json_canonical(body, &text);
    f = store_do(p->desk->store, QUERY_INCIDENT_PUT, NULL,
                 STORE_WITH(value_text(p->now->id), value_text(id),
                            value_text(ask_text(body, "article")),
                            value_integer(instant_seconds(opened)),
                            (struct value){VALUE_TEXT, 0, buf_view(&text)},
                            value_integer(instant_seconds(p->desk->now))));
    buf_done(&text);
    return f;
}

struct fault incident_put(struct desk_pact *p, struct bytes body)
{
    char id[INCIDENT_ID];
    json_t *incident, *before;
    struct fault f = json_read(body, limits, &incident);

    if (fault_is(f))
        return f;
    name_of((const char *const[]){ask_text(incident, "article"), ask_text(incident, "from"),
                                  ask_text(incident, "source"), ask_text(incident, "service"),
                                  ask_text(incident, "opened")},
            id);
    before = body_of(p, id);
    if (json_object_get(before, "evidence") != NULL)
        json_object_set(incident, "evidence", json_object_get(before, "evidence"));
    f = put_body(p, id, incident);
    json_decref(before);
    json_decref(incident);
    return f;
}

/* "ARTICLE FROM SOURCE SERVICE OPENED", with "-" for what it does not have. False if it is not. */
static bool split(struct bytes name, char *text, size_t size, const char *part[INCIDENT_PARTS])
{
    size_t count = 0;

    if (!bytes_to_text(name, text, size))
        return false;
    for (char *at = text; at != NULL && count < INCIDENT_PARTS;) {
        char *space = strchr(at, ' ');

        if (space != NULL)
            *space = '\0';
        part[count++] = strcmp(at, "-") == 0 ? "" : at;
        at = space == NULL ? NULL : space + 1;
    }
    return count == INCIDENT_PARTS;
}

static struct fault add_evidence(struct desk_pact *p, const char *id, const struct digest *digest)
{
    json_t *body = body_of(p, id), *list;
    struct fault f;

    if (body == NULL)
        return fault_none(); /* committed in an evidence root all the same */
    list = json_object_get(body, "evidence");
    if (list == NULL) {
        list = json_array();
        json_object_set_new(body, "evidence", list);
    }
    if (json_array_size(list) < FIELD_EVIDENCE)
        json_array_append_new(list, json_digest(digest));
    f = put_body(p, id, body);
    json_decref(body);
    return f;
}

/* Is it what its digest says? What is committed must be what is kept. */
static bool is_whole(const struct sample *s)
{
    struct digest d = digest_of(s->raw);

    return s->unkept.len != 0 || memcmp(d.byte, s->digest.data, sizeof d.byte) == 0;
}

struct fault incident_sample(struct desk_pact *p, const struct sample *s)
{
    char text[SAMPLE_INCIDENT + 1], id[INCIDENT_ID];
    const char *part[INCIDENT_PARTS];
    struct digest d;
    int64_t fresh = 0;
    struct fault f;

    if (!is_whole(s))
        return fault_make(FAULT_MISMATCH, 0, "ipc: WATCH_COMMIT: a sample's digest");
    memcpy(d.byte, s->digest.data, sizeof d.byte);
    f = store_do(p->desk->store, QUERY_SAMPLE_PUT, &fresh,
                 STORE_WITH(value_text(p->now->id), value_blob(s->digest)));
    if (fault_is(f) || fresh == 0 || !split(s->incident, text, sizeof text, part))
        return f;
    name_of(part, id);
    f = add_evidence(p, id, &d);
    return fault_is(f) ? f : record_put(p, id, s);
}

/* In which entry of our log the sample is committed; false: in the next evidence root. */
static bool committed_at(struct desk_pact *p, const struct digest *digest, uint64_t *index)
{
    struct rows r =
        store_ask(p->desk->store, QUERY_SAMPLE_LEAF,
                  STORE_WITH(value_text(p->now->id), value_blob(bytes_of(digest->byte, 32))));
    struct digest leaf;
    bool has = rows_next(&r) && row_bytes(&r, 0).len == 32;

    if (has)
        memcpy(leaf.byte, row_bytes(&r, 0).data, 32);
    return !fault_is(rows_done(&r)) && has && p->log != NULL && ledger_find(p->log, &leaf, index);
}

/* What watch made of it, as it said it; null where it said nothing that can be read. */
static json_t *account_json(struct bytes text)
{
    json_t *tree = NULL;

    if (text.len == 0 || fault_is(json_read(text, limits, &tree)))
        return json_null();
    return tree;
}

static json_t *base64_json(struct bytes b)
{
    struct buf text = {0};
    json_t *out;

    buf_base64(&text, b.data, b.len);
    out = json_stringn(b.len == 0 ? "" : buf_str(&text), text.len);
    buf_done(&text);
    return out;
}

/* The record as it was kept, beside its digest: whoever asks compares the two himself. */
static void add_record(struct desk_pact *p, const struct digest *digest, json_t *row)
{
    struct rows r =
        store_ask(p->desk->store, QUERY_RECORD_GET,
                  STORE_WITH(value_text(p->now->id), value_blob(bytes_of(digest->byte, 32))));
    char source[SAMPLE_SOURCE + 1], unkept[SAMPLE_UNKEPT + 1];

    if (rows_next(&r)) {
        row_text(&r, 0, source, sizeof source);
        row_text(&r, 4, unkept, sizeof unkept);
        json_object_set_new(row, "source", json_string(source));
        json_object_set_new(row, "offset", json_integer((json_int_t)row_integer(&r, 1)));
        json_object_set_new(row, "length", json_integer((json_int_t)row_integer(&r, 2)));
        if (row_has(&r, 3))
            json_object_set_new(row, "raw", base64_json(row_bytes(&r, 3)));
        else
            json_object_set_new(row, "unkept", json_string(unkept));
        json_object_set_new(row, "account", account_json(row_bytes(&r, 5)));
        json_object_set_new(row, "captured", json_seconds(row_integer(&r, 6)));
    }
    if (fault_is(rows_done(&r)))
        json_object_set_new(row, "unkept", json_string("unreadable"));
}

json_t *incident_samples(struct desk_pact *p, const json_t *incident)
{
    json_t *list = json_array(), *item;
    size_t i;

    json_array_foreach(json_object_get(incident, "evidence"), i, item)
    {
        json_t *row = json_pack("{s:O}", "digest", item);
        struct digest digest;
        uint64_t index;

        if (base64_read(bytes_text(json_string_value(item)), digest.byte, sizeof digest.byte) &&
            committed_at(p, &digest, &index))
            json_object_set_new(row, "evidence", json_integer((json_int_t)index));
        if (base64_read(bytes_text(json_string_value(item)), digest.byte, sizeof digest.byte))
            add_record(p, &digest, row);
        json_array_append_new(list, row);
    }
    return list;
}
