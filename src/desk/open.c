#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "desk/state.h"
#include "json/profile.h"

/*
 * What a withheld field was, said later in an UPDATE (docs/PROTOCOL.ledger section 4, "opening"):
 * ours made from the secret that never left, theirs held against what they committed to.
 */

/* The statements of a case, one party's. */
static struct rows said_in(struct desk_pact *p, const char *case_id)
{
    return store_ask(p->desk->store, QUERY_STATEMENT_CASE,
                     STORE_WITH(value_text(p->now->id), value_text(case_id)));
}

static bool is_said_by(const struct rows *r, const char *who)
{
    char party[ENTRY_NAME], state[16];

    row_text(r, 1, party, sizeof party);
    row_text(r, 4, state, sizeof state);
    return strcmp(party, who) == 0 && strcmp(state, "refused") != 0;
}

/* --- ours ----------------------------------------------------------------------------------- */

/* Is the field in the document, and not disclosed? */
static bool withholds(struct bytes document, const char *path)
{
    struct disclosed_leaf leaf;
    struct disclosed *d;
    bool is = false;

    if (document.len == 0 || fault_is(disclosed_parse(document, &d)))
        return false;
    for (size_t i = 0; !is && disclosed_leaf_at(d, i, &leaf); i++)
        is = leaf.path != NULL && strcmp(leaf.path, path) == 0 && leaf.value == NULL;
    disclosed_free(d);
    return is;
}

/* From the secret and all fields, which only we have. */
static struct fault open_row(const struct rows *r, const char *path, struct buf *out)
{
    struct json_limits limits = {1 << 20, JSON_DEPTH};
    struct bytes secret = row_bytes(r, 12);
    struct document *made;
    json_t *fields;
    struct fault f;

    if (secret.len != DOCUMENT_SECRET || row_bytes(r, 13).len == 0)
        return fault_make(FAULT_MISSING, 0,
                          "PROTOCOL.ledger section 4: the document's secret is not here any more");
    f = json_read(row_bytes(r, 13), limits, &fields);
    if (fault_is(f))
        return f;
    f = document_new(fields, secret.data, &made);
    json_decref(fields);
    if (fault_is(f))
        return f;
    f = document_open(made, path, out);
    document_free(made);
    return f;
}

struct fault open_ours(struct desk_pact *p, const char *case_id, const struct digest *which,
                       const char *path, struct digest *leaf, struct buf *out)
{
    struct rows r = said_in(p, case_id);
    struct fault f = fault_make(FAULT_MISSING, 0, "no statement of ours here withholds this field"),
                 end;

    while (rows_next(&r)) {
        if (!is_said_by(&r, p->own->id) || !withholds(row_bytes(&r, 11), path) ||
            (which != NULL && memcmp(row_bytes(&r, 2).data, which->byte, 32) != 0))
            continue;
        buf_clear(out); /* the newest counts */
        f = open_row(&r, path, out);
        memcpy(leaf->byte, row_bytes(&r, 2).data, sizeof leaf->byte);
    }
    end = rows_done(&r);
    return fault_is(end) ? end : f;
}

/* --- theirs --------------------------------------------------------------------------------- */

static struct fault check_row(const struct rows *r, const struct opening *o)
{
    struct disclosed *d;
    struct fault f = disclosed_parse(row_bytes(r, 11), &d);

    if (fault_is(f))
        return f;
    f = opening_check(o, d);
    disclosed_free(d);
    return f;
}

/* Several documents can have the root; one that has the field withheld, as opened, is enough. */
static struct fault check_case(struct desk_pact *p, const char *case_id, const struct opening *o)
{
    struct rows r = said_in(p, case_id);
    struct fault f = fault_make(FAULT_MISSING, 0,
                                "PROTOCOL.ledger section 4: no such document in this case"),
                 end;
    bool good = false;

    while (!good && rows_next(&r)) {
        struct entry e;

        if (!is_said_by(&r, p->peer->id) || row_bytes(&r, 11).len == 0 ||
            fault_is(entry_parse(row_bytes(&r, 10), &e)) ||
            !digest_equal(&e.document, &o->document))
            continue;
        f = check_row(&r, o);
        good = !fault_is(f);
    }
    end = rows_done(&r);
    return fault_is(end) ? end : f;
}

struct fault open_theirs(struct desk_pact *p, const struct entry *e, const struct disclosed *d)
{
    const json_t *value = d == NULL ? NULL : disclosed_value(d, "opening");
    struct opening o;
    struct fault f;

    if (e->kind != KIND_UPDATE || value == NULL)
        return fault_none();
    f = opening_parse(bytes_of(json_string_value(value), json_string_length(value)), &o);
    if (fault_is(f))
        return f;
    f = check_case(p, e->case_id, &o);
    opening_done(&o);
    return f;
}

json_t *open_json(const struct disclosed *d)
{
    const char *text = disclosed_text(d, "opening");
    struct opening o;
    json_t *out;

    if (text[0] == '\0' || fault_is(opening_parse(bytes_text(text), &o)))
        return NULL;
    out = json_object();
    json_object_set(out, o.path, o.value);
    opening_done(&o);
    return out;
}
