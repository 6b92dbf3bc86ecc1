#include <stdio.h>
#include <stdlib.h>

#include "crypto/random.h"
#include "desk/state.h"
#include "statement/type.h"
#include "json/profile.h"

/* The last statement of ours in this case: its number and leaf; 0 if there is none. */
static struct fault last_in_case(struct desk_pact *p, const char *case_id, uint64_t *number,
                                 struct digest *leaf)
{
    struct rows r =
        store_ask(p->desk->store, QUERY_STATEMENT_LAST,
                  STORE_WITH(value_text(p->now->id), value_text(p->own->id), value_text(case_id)));

    *number = 0;
    if (rows_next(&r)) {
        *number = (uint64_t)row_integer(&r, 0);
        memcpy(leaf->byte, row_bytes(&r, 1).data, sizeof leaf->byte);
    }
    return rows_done(&r);
}

/* The partner's head that we cosigned last: says what we had seen when we spoke. */
static struct fault seen(struct desk_pact *p, struct entry *e)
{
    e->seen_size = p->talk.mirror;
    e->seen_root = p->talk.mirror_root;
    if (e->seen_size == 0)
        memset(&e->seen_root, 0, sizeof e->seen_root);
    return fault_none();
}

static struct fault fill_entry(struct desk_pact *p, const struct saying *s, struct entry *e)
{
    struct fault f = fault_none();

    *e = (struct entry){.version = s->version->version,
                        .kind = s->kind,
                        .class = s->class,
                        .document = s->document,
                        .leaves = s->leaves,
                        .disclosed = digest_of(s->disclosed),
                        .disclosed_length = (uint32_t)s->disclosed.len,
                        .permit_kind = s->permit_kind};
    snprintf(e->agreement, sizeof e->agreement, "%s", p->now->id);
    snprintf(e->from, sizeof e->from, "%s", p->own->id);
    memcpy(e->agreement_digest.byte, s->version->digest, sizeof e->agreement_digest.byte);
    e->time = instant_of_seconds(instant_seconds(p->desk->now));
    if (s->case_id[0] != '\0') {
        snprintf(e->case_id, sizeof e->case_id, "%s", s->case_id);
        f = last_in_case(p, s->case_id, &e->number, &e->previous);
        e->has_previous = e->number != 0;
        e->number++;
    }
    if (s->answers != NULL) {
        e->has_answers = true;
        e->answers = *s->answers;
    }
    if (s->permit_kind == PERMIT_DIGEST)
        e->permit = digest_of(s->permit);
    return fault_is(f) ? f : seen(p, e);
}

struct fault say_entry(struct desk_pact *p, const struct saying *s, struct digest *leaf)
{
    struct buf text = {0};
    struct entry e;
    struct fault f = fill_entry(p, s, &e);

    if (fault_is(f))
        return f;
    entry_write(&e, &text);
    *leaf = tree_leaf(buf_view(&text));
    f = store_do(
        p->desk->store, QUERY_STATEMENT_PUT, NULL,
        STORE_WITH(value_text(p->now->id), value_text(p->own->id),
                   value_blob(bytes_of(leaf->byte, 32)), value_text("released"),
                   value_text(kind_name(s->kind)), value_text(class_name(s->class)),
                   value_text_if(s->case_id), value_integer((int64_t)e.number),
                   s->answers == NULL ? value_null() : value_blob(bytes_of(s->answers->byte, 32)),
                   value_text(buf_str(&text)), (struct value){VALUE_TEXT, 0, s->disclosed},
                   value_blob_if(s->secret),
                   s->fields.len == 0 ? value_null() : (struct value){VALUE_TEXT, 0, s->fields},
                   s->permit.len == 0 ? value_null() : (struct value){VALUE_TEXT, 0, s->permit},
                   s->permit_kind == PERMIT_DIGEST ? value_blob(bytes_of(e.permit.byte, 32))
                                                   : value_null(),
                   value_null(), value_integer(instant_seconds(e.time)),
                   value_integer(instant_seconds(p->desk->now))));
    buf_done(&text);
    p->last_said = e.time;
    return f;
}

json_t *common_fields(const struct desk_pact *p, const char *article, enum class class,
                      const char *urgency, const char *tlp)
{
    json_t *fields = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "agreement",
                               p->now->id, "article", article[0] == '\0' ? "-" : article, "from",
                               p->own->id, "to", p->peer->id, "class", class_name(class), "urgency",
                               urgency[0] == '\0' ? "routine" : urgency, "tlp",
                               tlp[0] == '\0' ? "amber" : tlp, "language", "en", "text", "");

    json_object_set_new(fields, "issued",
                        json_instant(instant_of_seconds(instant_seconds(p->desk->now))));
    return fields;
}

static struct fault say_document(struct desk_pact *p, struct saying *s, const json_t *fields,
                                 const struct withheld *withheld, size_t count, struct digest *leaf)
{
    uint8_t secret[DOCUMENT_SECRET];
    struct buf disclosed = {0};
    struct document *d;
    struct fault f;

    random_bytes(secret, sizeof secret);
    f = document_new(fields, secret, &d);
    if (fault_is(f))
        return f;
    document_disclose(d, withheld, count, NULL, 0, &disclosed);
    s->document = document_root(d);
    s->leaves = document_leaves(d);
    s->disclosed = buf_view(&disclosed);
    s->secret = bytes_of(secret, sizeof secret);
    f = say_entry(p, s, leaf);
    document_free(d);
    buf_done(&disclosed);
    explicit_bzero(secret, sizeof secret);
    return f;
}

struct fault say_automatic(struct desk_pact *p, const struct agreement *version, enum kind kind,
                           enum class class, const char *case_id, const struct digest *answers,
                           json_t *fields, struct digest *leaf)
{
    struct saying s = {.version = version,
                       .kind = kind,
                       .class = class,
                       .case_id = case_id,
                       .answers = answers,
                       .permit_kind = PERMIT_AUTOMATIC};
    struct fault f = say_document(p, &s, fields, NULL, 0, leaf);

    json_decref(fields);
    return f;
}

struct fault say_root_signed(struct desk_pact *p, enum kind kind, struct bytes disclosed,
                             struct digest *leaf)
{
    struct saying s = {.version = p->now,
                       .kind = kind,
                       .class = CLASS_REAL,
                       .case_id = "",
                       .disclosed = disclosed,
                       .permit_kind = PERMIT_ROOT};
    struct disclosed *d;
    struct fault f = disclosed_parse(disclosed, &d);

    if (fault_is(f))
        return f;
    s.document = disclosed_root(d);
    s.leaves = disclosed_leaves(d);
    disclosed_free(d);
    return say_entry(p, &s, leaf);
}

json_t *say_by_root(struct desk_pact *p, enum kind kind, struct bytes disclosed, const char *undone,
                    struct digest *leaf)
{
    struct fault f = store_begin(p->desk->store);

    if (!fault_is(f))
        f = say_root_signed(p, kind, disclosed, leaf);
    if (!fault_is(f))
        f = store_commit(p->desk->store);
    else
        store_rollback(p->desk->store);
    return fault_is(f) ? answer_fault(f, undone, "parley doctor") : NULL;
}

/* sample.0000 .. : a digest, or "" where there was none; nothing is disclosed. */
static json_t *evidence_fields(struct desk_pact *p, int64_t *taken, size_t *count,
                               struct withheld **withheld, char (*paths)[DOCUMENT_PATH])
{
    json_t *fields = json_object();
    size_t slots = p->now->evidence_slots;
    struct rows r = store_ask(p->desk->store, QUERY_SAMPLE_WAITING,
                              STORE_WITH(value_text(p->now->id), value_integer((int64_t)slots)));

    *count = 0;
    for (size_t i = 0; i < slots; i++) {
        json_t *value = json_string("");

        snprintf(paths[i], DOCUMENT_PATH, "sample.%04zu", i);
        (*withheld)[i] = (struct withheld){paths[i], "evidence"};
        if (*count == i && rows_next(&r)) {
            struct digest digest;

            json_decref(value);
            memcpy(digest.byte, row_bytes(&r, 1).data, sizeof digest.byte);
            value = json_digest(&digest);
            taken[(*count)++] = row_integer(&r, 0);
        }
        json_object_set_new(fields, paths[i], value);
    }
    if (fault_is(rows_done(&r)))
        *count = 0;
    return fields;
}

struct fault say_evidence(struct desk_pact *p)
{
    size_t slots = p->now->evidence_slots, count = 0;
    int64_t *taken = calloc(slots + 1, sizeof *taken);
    struct withheld *withheld = calloc(slots + 1, sizeof *withheld);
    char(*paths)[DOCUMENT_PATH] = calloc(slots + 1, sizeof *paths);
    struct saying s = {.version = p->now,
                       .kind = KIND_EVIDENCE,
                       .class = CLASS_REAL,
                       .case_id = "",
                       .permit_kind = PERMIT_AUTOMATIC};
    json_t *fields = evidence_fields(p, taken, &count, &withheld, paths);
    struct buf kept = {0};
    struct digest leaf;
    struct fault f;

    json_canonical(fields, &kept);
    s.fields = buf_view(&kept);
    f = say_document(p, &s, fields, withheld, slots, &leaf);
    for (size_t i = 0; i < count && !fault_is(f); i++)
        f = store_do(p->desk->store, QUERY_SAMPLE_COMMIT, NULL,
                     STORE_WITH(value_blob(bytes_of(leaf.byte, 32)), value_text(p->now->id),
                                value_integer(taken[i])));
    json_decref(fields);
    buf_done(&kept);
    free(taken);
    free(withheld);
    free(paths);
    return f;
}
