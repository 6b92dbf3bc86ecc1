#include <stdio.h>
#include <string.h>

#include "desk/ask.h"
#include "desk/state.h"

/* Both logs and their documents, read anew: ledger.audit. */

/* One side's. */
struct side {
    const char *whose, *party;
    const struct ledger *log;
    uint64_t size;     /* up to here the store has every document */
    struct bytes note; /* its newest head */
    struct bytes origin;
    const struct note_signer *author;
};

static void add(json_t *list, const struct side *s, const char *what, struct fault f,
                const char *found)
{
    char name[80];

    snprintf(name, sizeof name, "%s %s", s->whose, what);
    json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "name", name, "state",
                                          fault_is(f) ? "fail" : "ok", "found", found));
}

static void audit_entries(json_t *list, const struct side *s)
{
    struct fault f = s->log == NULL ? fault_none() : ledger_check_all(s->log);
    char found[300];

    if (fault_is(f))
        snprintf(found, sizeof found, "entry %zu: %s", f.at, f.rule);
    else
        snprintf(found, sizeof found, "%llu entries, every hash",
                 (unsigned long long)(s->log == NULL ? 0 : ledger_size(s->log)));
    add(list, s, "entries", f, found);
}

static void audit_head(json_t *list, const struct side *s)
{
    struct checkpoint c;
    struct digest root;
    struct fault f;

    if (s->log == NULL || s->note.len == 0)
        return;
    f = note_verify_checkpoint(s->note, s->origin, s->author, &c, NULL);
    if (!fault_is(f))
        f = ledger_root_at(s->log, c.size, &root);
    if (!fault_is(f) && !digest_equal(&root, &c.root))
        f = fault_make(FAULT_FORGED, 0, "the head is not this log's");
    add(list, s, "head", f, fault_is(f) ? f.rule : "signed, and the root is the entries'");
}

/* --- documents ------------------------------------------------------------------------------ */

struct tally {
    uint64_t whole, erased, absent; /* absent: refused by a rule, or not given back after a loss */
};

/* Is the document in this row the one that its entry names? */
static struct fault check_document(struct bytes text, struct bytes document)
{
    struct digest hash = digest_of(document);
    struct entry e;
    struct fault f = entry_parse(text, &e);

    if (!fault_is(f) && (!digest_equal(&hash, &e.disclosed) || document.len != e.disclosed_length))
        f = fault_make(FAULT_MISMATCH, 0, "its document is not the one that it names");
    return f;
}

static struct fault audit_document(struct desk_pact *p, const struct side *s, uint64_t index,
                                   struct tally *t)
{
    const struct digest *leaf = ledger_leaf(s->log, index);
    struct rows r = store_ask(p->desk->store, QUERY_STATEMENT_GET,
                              STORE_WITH(value_text(p->now->id), value_text(s->party),
                                         value_blob(bytes_of(leaf->byte, 32))));
    struct fault f = fault_make(FAULT_MISSING, 0, "it is not in the store"), end;
    bool here = false, explained = false;

    if (rows_next(&r)) {
        here = row_bytes(&r, 11).len != 0;
        explained = row_has(&r, 16) || (s->log == p->log && !row_has(&r, 12));
        f = here ? check_document(row_bytes(&r, 10), row_bytes(&r, 11)) : fault_none();
    }
    end = rows_done(&r);
    if (fault_is(end))
        f = end;
    if (fault_is(f))
        return f;
    if (here) {
        t->whole++;
    } else {
        json_t *erased = erase_json(p, s->party, leaf);

        *(erased != NULL ? &t->erased : &t->absent) += 1;
        if (erased == NULL && !explained)
            f = fault_make(FAULT_MISSING, 0, "its document is gone, and nobody erased it");
        json_decref(erased);
    }
    return f;
}

static void audit_documents(struct desk_pact *p, json_t *list, const struct side *s)
{
    struct tally t = {0};
    struct fault f = fault_none();
    uint64_t i = 0;
    char found[300];

    if (s->log == NULL)
        return;
    for (; i < s->size && !fault_is(f); i++)
        f = audit_document(p, s, i, &t);
    if (fault_is(f))
        snprintf(found, sizeof found, "entry %llu: %s", (unsigned long long)i - 1, f.rule);
    else
        snprintf(found, sizeof found, "%llu as committed, %llu erased, %llu refused or not here",
                 (unsigned long long)t.whole, (unsigned long long)t.erased,
                 (unsigned long long)t.absent);
    add(list, s, "documents", f, found);
}

json_t *ask_audit(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    const struct side side[] = {
        {"our", p->own->id, p->log, p->head.stored, head_stored_note(&p->head),
         bytes_text(p->origin), &p->own_keys.tenure.author},
        {"their", p->peer->id, p->mirror.log, p->talk.mirror, mirror_note(&p->mirror),
         bytes_text(p->peer_origin), &p->peer_keys.tenure.author},
    };
    json_t *answer = answer_good(), *list = json_array();

    (void)ask;
    (void)say;
    (void)client;
    for (size_t i = 0; i < (p->mirror_open ? 2 : 1); i++) {
        audit_entries(list, &side[i]);
        audit_head(list, &side[i]);
        audit_documents(p, list, &side[i]);
    }
    json_object_set_new(answer, "checks", list);
    return answer;
}
