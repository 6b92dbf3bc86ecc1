#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "desk/state.h"
#include "statement/type.h"

/*
 * The document of a statement goes, its entry stays: both logs, every head and every proof are what
 * they were, and who has the document elsewhere can still show that it is the one. Only what people
 * wrote and found in a case that is over can go: what a node reads again to know keys, officers,
 * versions or what it may give away is not theirs to lose.
 */

enum { ERASE_REASON = 400 }; /* bytes */

/* What life.c asks of a document: without it a case that is over would be replayed as another. */
static const char *const kept[] = {"article", "urgency", "until", "result", "step"};

/* The statement as the store has it. */
struct found {
    enum kind kind;
    struct digest leaf;
    char case_id[CASE_TEXT];
    bool answers, bound, here; /* `here`: the document is */
    struct buf document;
};

static bool is_erasable(const struct found *s)
{
    return type_wants_receipt(s->kind, s->answers) && s->kind != KIND_AGREEMENT &&
           s->kind != KIND_SHARE && s->kind != KIND_RETRACT;
}

static bool find(struct desk_pact *p, const char *party, int64_t index, struct found *out)
{
    struct rows r =
        store_ask(p->desk->store, QUERY_STATEMENT_AT,
                  STORE_WITH(value_text(p->now->id), value_text(party), value_integer(index)));
    bool there = rows_next(&r);

    if (there) {
        char kind[16];

        row_text(&r, 5, kind, sizeof kind);
        row_text(&r, 7, out->case_id, sizeof out->case_id);
        out->kind = kind_parse(bytes_text(kind));
        memcpy(out->leaf.byte, row_bytes(&r, 2).data, sizeof out->leaf.byte);
        out->answers = row_bytes(&r, 9).len != 0;
        out->bound = row_has(&r, 19);
        buf_bytes(&out->document, row_bytes(&r, 11));
        out->here = out->document.len != 0;
    }
    return !fault_is(rows_done(&r)) && there;
}

/* NULL: it may go. `c` is its case. */
static json_t *objection(struct desk_pact *p, const struct found *s, struct desk_case *c)
{
    if (!is_erasable(s))
        return answer_error("refused", 4, "the document of such an entry is not erased",
                            "keys, officers, versions, what may be given away and the node's own "
                            "answers are read again; nothing of a case stands in them",
                            "parley ledger show");
    if (!s->here)
        return answer_error("conflict", 9, "its document is not here",
                            "it was erased before, or refused by a rule", "parley ledger show");
    if (!s->bound)
        return answer_error("conflict", 9, "the entry is not binding yet",
                            "the other side may still have to be given the document",
                            "parley status");
    if (fault_is(life_replay(p, s->case_id, c)) || case_state_is_open(c->life.state))
        return answer_error("conflict", 9, "its case is not over",
                            "what is still to be answered must be there to be read",
                            "parley case close");
    return NULL;
}

/* A document of those fields alone; empty where there is none of them. */
static struct fault make_rest(const struct disclosed *d, struct buf *out)
{
    static const uint8_t secret[DOCUMENT_SECRET]; /* nobody is to be kept from guessing */
    json_t *fields = json_object();
    struct document *rest;
    struct fault f;

    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (disclosed_value(d, kept[i]) != NULL)
            json_object_set_new(fields, kept[i], json_deep_copy(disclosed_value(d, kept[i])));
    f = document_new(fields, secret, &rest);
    json_decref(fields);
    if (fault_is(f))
        return f;
    document_disclose(rest, NULL, 0, NULL, 0, out);
    document_free(rest);
    return f;
}

static struct fault write_down(struct desk_pact *p, const char *party, const struct found *s,
                               const json_t *ask, const struct buf *rest)
{
    return store_do(p->desk->store, QUERY_ERASURE_PUT, NULL,
                    STORE_WITH(value_text(p->now->id), value_text(party),
                               value_blob(bytes_of(s->leaf.byte, 32)),
                               value_text_if(ask_text(ask, "officer")),
                               value_text(ask_text(ask, "reason")),
                               (struct value){VALUE_TEXT, 0, buf_view(rest)},
                               value_integer(instant_seconds(p->desk->now))));
}

/* The subject that lists show of a case was taken out of its first document. */
static struct fault blank_subject(struct desk_pact *p, const struct found *s,
                                  const struct desk_case *c)
{
    if (!digest_equal(&c->life.opening, &s->leaf))
        return fault_none();
    return store_do(
        p->desk->store, QUERY_CASE_SUBJECT, NULL,
        STORE_WITH(value_text(kind_name(s->kind)), value_text(p->now->id), value_text(s->case_id)));
}

static struct fault erase(struct desk_pact *p, const char *party, const struct found *s,
                          const struct desk_case *c, const json_t *ask)
{
    struct disclosed *d = NULL;
    struct buf rest = {0};
    struct store *store = p->desk->store;
    struct fault f = disclosed_parse(buf_view(&s->document), &d);

    if (!fault_is(f))
        f = make_rest(d, &rest);
    disclosed_free(d);
    if (!fault_is(f))
        f = store_begin(store);
    if (!fault_is(f))
        f = write_down(p, party, s, ask, &rest);
    if (!fault_is(f))
        f = store_do(store, QUERY_STATEMENT_ERASE, NULL,
                     STORE_WITH(value_text(p->now->id), value_text(party),
                                value_blob(bytes_of(s->leaf.byte, 32))));
    if (!fault_is(f))
        f = blank_subject(p, s, c);
    if (!fault_is(f))
        f = store_commit(store);
    else
        store_rollback(store);
    buf_done(&rest);
    shelf_done(&p->desk->shelf);
    return fault_is(f) ? f : store_forget(store);
}

json_t *erase_do(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    const char *party = strcmp(ask_text(ask, "log"), "theirs") == 0 ? p->peer->id : p->own->id;
    const char *reason = ask_text(ask, "reason");
    int64_t index = ask_number(ask, "index", -1);
    struct found s = {.here = false};
    struct desk_case *c;
    json_t *answer;

    (void)say;
    (void)client;
    if (reason[0] == '\0' || strlen(reason) > ERASE_REASON)
        return answer_error("usage", 2, "say why it is erased", "1 to 400 bytes; it stays",
                            "parley ledger erase INDEX --reason TEXT");
    if (index < 0 || !find(p, party, index, &s))
        return answer_error("not-found", 8, "there is no such entry", "", "parley ledger show");
    c = memory_zeroed(1, sizeof *c);
    answer = objection(p, &s, c);
    if (answer == NULL) {
        struct fault f = erase(p, party, &s, c, ask);

        answer = fault_is(f)
                     ? answer_fault(f, "the document could not be erased", "parley doctor")
                     : json_pack("{s:i, s:b, s:s, s:I, s:s, s:s, s:o, s:I}", "v", 1, "ok", 1, "log",
                                 party == p->own->id ? "ours" : "theirs", "index",
                                 (json_int_t)index, "kind", kind_name(s.kind), "case", s.case_id,
                                 "leaf", json_digest(&s.leaf), "bytes", (json_int_t)s.document.len);
    }
    free(c);
    buf_wipe(&s.document);
    return answer;
}

/* --- what is said of it afterwards ---------------------------------------------------------- */

static struct rows erasure(struct desk_pact *p, const char *party, const struct digest *leaf)
{
    return store_ask(p->desk->store, QUERY_ERASURE_GET,
                     STORE_WITH(value_text(p->now->id), value_text(party),
                                value_blob(bytes_of(leaf->byte, 32))));
}

struct fault erase_rest(struct desk_pact *p, const char *party, const struct digest *leaf,
                        struct buf *rest)
{
    struct rows r = erasure(p, party, leaf);

    if (rows_next(&r))
        buf_bytes(rest, row_bytes(&r, 2));
    return rows_done(&r);
}

json_t *erase_json(struct desk_pact *p, const char *party, const struct digest *leaf)
{
    struct rows r = erasure(p, party, leaf);
    json_t *said = NULL;

    if (rows_next(&r)) {
        char officer[ENTRY_NAME] = "", reason[ERASE_REASON + 1] = "";

        row_text(&r, 0, officer, sizeof officer);
        row_text(&r, 1, reason, sizeof reason);
        said = json_pack("{s:o, s:s, s:s}", "time", json_seconds(row_integer(&r, 3)), "officer",
                         officer, "reason", reason);
    }
    if (fault_is(rows_done(&r))) {
        json_decref(said);
        return NULL;
    }
    return said;
}
