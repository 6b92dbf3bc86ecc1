#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "desk/state.h"
#include "ipc/asking.h"
#include "model/marking.h"
#include "statement/fields.h"

/*
 * What exchange may give to a partner: the objects whose digests stand in a SHARE of ours, until a
 * RETRACT takes them back. The statement passed release control, officers signed it and keeper
 * asked them again; it is stored before exchange hears of it. What the partner took back is told
 * too, so that it is looked for no longer. Exchange keeps what it was told, and is told at its
 * start what came out in the end.
 */

static void tell(struct desk_pact *p, enum tlp tlp, bool theirs, const struct buf *digests)
{
    struct releasing r = {.agreement = bytes_text(p->now->id),
                          .tlp = (uint8_t)tlp,
                          .theirs = theirs,
                          .count = (uint32_t)(digests->len / 32),
                          .digests = buf_view(digests)};
    struct buf body = {0};

    releasing_write(&r, &body);
    p->desk->host.send(p->desk->host.context, PROCESS_EXCHANGE, MESSAGE_RELEASED, buf_view(&body));
    buf_done(&body);
}

/* Sent when as many are there as one message takes. */
static void add(struct desk_pact *p, enum tlp tlp, bool theirs, struct bytes text, struct buf *out)
{
    uint8_t digest[32];

    if (!base64_read(text, digest, sizeof digest))
        return;
    buf_add(out, digest, sizeof digest);
    if (out->len < 32 * ASKING_RELEASED)
        return;
    tell(p, tlp, theirs, out);
    buf_clear(out);
}

static struct bytes text_of(const json_t *string)
{
    return bytes_of(json_string_value(string), json_string_length(string));
}

static enum tlp tlp_of(enum kind kind, const struct disclosed *said)
{
    return kind == KIND_RETRACT ? TLP_NONE : tlp_parse(bytes_text(disclosed_text(said, "tlp")));
}

void share_tell(struct desk_pact *p, enum kind kind, const struct disclosed *said, bool theirs)
{
    const json_t *item;
    struct buf digests = {0};
    size_t i;

    json_array_foreach(disclosed_value(said, "objects"), i, item)
        add(p, tlp_of(kind, said), theirs, text_of(item), &digests);
    if (digests.len > 0)
        tell(p, tlp_of(kind, said), theirs, &digests);
    buf_done(&digests);
}

/* ---- what came out in the end ------------------------------------------------------------------
 */

/* A SHARE or a RETRACT at its place in its party's log. */
struct word {
    int64_t place;
    enum kind kind;
    struct disclosed *said;
};

struct words {
    struct word *list;
    size_t count, room;
};

/* Only what stands under a signed head: stored_at (18) is the time at which it was stored; what we
 * rejected of theirs has a verdict (16). */
static struct fault words_read(struct desk_pact *p, const char *party, enum kind kind,
                               struct words *out)
{
    struct rows r = store_ask(
        p->desk->store, QUERY_STATEMENT_KIND,
        STORE_WITH(value_text(p->now->id), value_text(party), value_text(kind_name(kind))));

    while (rows_next(&r)) {
        struct word w = {.place = row_integer(&r, 3), .kind = kind};

        if (!row_has(&r, 18) || row_has(&r, 16) ||
            fault_is(disclosed_parse(row_bytes(&r, 11), &w.said)))
            continue;
        if (out->count == out->room) {
            out->room = out->room == 0 ? 16 : 2 * out->room;
            out->list = memory_resize(out->list, out->room, sizeof *out->list);
        }
        out->list[out->count++] = w;
    }
    return rows_done(&r);
}

static int by_place(const void *a, const void *b)
{
    const struct word *x = a, *y = b;

    return (x->place > y->place) - (x->place < y->place);
}

/* Digest to TLP, 0 for what was taken back: the last word counts, of two SHAREs the higher one. */
static json_t *words_fold(struct words *words)
{
    json_t *last = json_object();

    if (words->count > 1)
        qsort(words->list, words->count, sizeof *words->list, by_place);
    for (size_t i = 0; i < words->count; i++) {
        const struct word *w = &words->list[i];
        json_int_t tlp = (json_int_t)tlp_of(w->kind, w->said);
        const json_t *item;
        size_t k;

        json_array_foreach(disclosed_value(w->said, "objects"), k, item)
        {
            const char *digest = json_string_value(item);

            if (digest != NULL &&
                (tlp == 0 || json_integer_value(json_object_get(last, digest)) < tlp))
                json_object_set_new(last, digest, json_integer(tlp));
        }
    }
    return last;
}

/* What came out in the end of a party's words; *last is owned, empty after a fault. */
static struct fault words_end(struct desk_pact *p, const char *party, json_t **last)
{
    struct words words = {.list = NULL};
    struct fault f = words_read(p, party, KIND_SHARE, &words);

    if (!fault_is(f))
        f = words_read(p, party, KIND_RETRACT, &words);
    if (fault_is(f))
        *last = json_object();
    else
        *last = words_fold(&words);
    for (size_t i = 0; i < words.count; i++)
        disclosed_free(words.list[i].said);
    free(words.list);
    return f;
}

static struct fault tell_all(struct desk_pact *p, const char *party, bool theirs)
{
    json_t *last, *tlp;
    const char *digest;
    struct fault f = words_end(p, party, &last);

    for (enum tlp t = TLP_NONE; !fault_is(f) && t <= (theirs ? TLP_NONE : TLP_RED); t++) {
        struct buf digests = {0};

        json_object_foreach(last, digest, tlp) if (json_integer_value(tlp) == (json_int_t)t)
            add(p, t, theirs, bytes_text(digest), &digests);
        if (digests.len > 0)
            tell(p, t, theirs, &digests);
        buf_done(&digests);
    }
    json_decref(last);
    return f;
}

json_t *share_released(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    json_t *last, *found = json_object(), *answer;
    const json_t *item;
    size_t i;
    struct fault f = words_end(p, p->own->id, &last);

    (void)say;
    (void)client;
    json_array_foreach(json_object_get(ask, "objects"), i, item)
    {
        const char *digest = json_string_value(item);
        json_int_t tlp = digest == NULL ? 0 : json_integer_value(json_object_get(last, digest));

        if (tlp != 0)
            json_object_set_new(found, digest, json_string(tlp_name((enum tlp)tlp)));
    }
    json_decref(last);
    if (fault_is(f)) {
        json_decref(found);
        return answer_fault(f, "what was shared cannot be read", "parley doctor");
    }
    answer = answer_good();
    json_object_set_new(answer, "released", found);
    return answer;
}

void share_start(struct desk *d)
{
    for (size_t i = 0; i < d->pact_count; i++) {
        struct desk_pact *p = &d->pact[i];

        if (fault_is(tell_all(p, p->own->id, false)) || fault_is(tell_all(p, p->peer->id, true)))
            alarm_raise(p, "store", "what was shared cannot be read");
    }
}

/* ---- taking back -------------------------------------------------------------------------------
 */

/* The objects of the SHARE that opened this case; owned. NULL: there is none of ours. */
static json_t *shared_in(struct desk_pact *p, const char *case_id)
{
    struct rows r = store_ask(p->desk->store, QUERY_STATEMENT_CASE,
                              STORE_WITH(value_text(p->now->id), value_text(case_id)));
    json_t *found = NULL;

    while (found == NULL && rows_next(&r)) {
        struct disclosed *said;
        char kind[16], party[ENTRY_NAME];

        row_text(&r, 1, party, sizeof party);
        row_text(&r, 5, kind, sizeof kind);
        if (strcmp(party, p->own->id) != 0 || kind_parse(bytes_text(kind)) != KIND_SHARE ||
            fault_is(disclosed_parse(row_bytes(&r, 11), &said)))
            continue;
        found = json_deep_copy(disclosed_value(said, "objects"));
        disclosed_free(said);
    }
    if (!fault_is(rows_done(&r)))
        return found;
    json_decref(found);
    return NULL;
}

static bool has(const json_t *list, const json_t *text)
{
    const json_t *item;
    size_t i;

    json_array_foreach(list, i, item) if (json_equal(item, text)) return true;
    return false;
}

json_t *share_retract(struct desk_pact *p, const char *case_id, json_t *fields)
{
    json_t *all = shared_in(p, case_id), *given = json_object_get(fields, "objects");
    json_t *error = NULL, *item;
    size_t i;

    if (all == NULL)
        return answer_error("conflict", 9, "this case has no SHARE of ours", case_id,
                            "parley case list --all");
    json_array_foreach(given, i, item) if (!has(all, item)) error =
        answer_error("conflict", 9, "an object was not shared in this case",
                     "its exact bytes are meant", "parley case show");
    if (error == NULL && given == NULL)
        json_object_set(fields, "objects", all);
    if (error == NULL)
        json_object_set_new(
            fields, "step",
            json_string(given == NULL || json_array_size(given) == json_array_size(all) ? "all"
                                                                                        : "some"));
    json_decref(all);
    return error;
}
