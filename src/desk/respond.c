#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "desk/state.h"
#include "hotline/hello.h"
#include "ipc/link.h"
#include "keeper/order.h"
#include "statement/type.h"

/* What our node itself says to a statement of the partner's: RECEIPT, REJECT, the return of a
 * CHECK. */

static bool is_automatic_answer(const struct entry *e)
{
    return type_is_automatic(e->kind, e->has_answers);
}

/* PROTOCOL.ledger section 3, number and previous: is it the next of their statements in this case?
 * It has no place in the log yet, as little as what was pushed and could not be held. */
static bool is_next(struct desk_pact *p, const struct entry *e)
{
    struct rows r = store_ask(
        p->desk->store, QUERY_STATEMENT_BEFORE,
        STORE_WITH(value_text(p->now->id), value_text(p->peer->id), value_text(e->case_id)));
    bool next = e->number == 1 && !e->has_previous;

    if (rows_next(&r))
        next = e->number == (uint64_t)row_integer(&r, 0) + 1 && e->has_previous &&
               memcmp(e->previous.byte, row_bytes(&r, 1).data, 32) == 0;
    return !fault_is(rows_done(&r)) && next;
}

static bool is_in_case(struct desk_pact *p, const char *party, const struct digest *leaf,
                       const char *case_id)
{
    struct rows r = store_ask(p->desk->store, QUERY_STATEMENT_GET,
                              STORE_WITH(value_text(p->now->id), value_text(party),
                                         value_blob(bytes_of(leaf->byte, 32))));
    char of[CASE_TEXT] = "";
    bool there = rows_next(&r) && row_text(&r, 7, of, sizeof of) && strcmp(of, case_id) == 0;

    return !fault_is(rows_done(&r)) && there;
}

/* Does it hang on the case as it says? Else nobody could show later what it speaks of. */
static const char *breaks_chain(struct desk_pact *p, const struct entry *e)
{
    if (!is_next(p, e))
        return "PROTOCOL.ledger section 3: number and previous follow the one before";
    if (e->has_answers && !is_in_case(p, p->own->id, &e->answers, e->case_id) &&
        !is_in_case(p, p->peer->id, &e->answers, e->case_id))
        return "PROTOCOL.ledger section 3: it answers nothing that was said in this case";
    return NULL;
}

/* Their statement of a case, now held by both: is it a move; is it well timed? */
static const char *ground_of(struct desk_pact *p, const struct entry *e, const struct digest *leaf,
                             const struct disclosed *d, const char **rule)
{
    uint32_t version = e->version;
    const struct agreement *a = pact_version(p, e->version);
    int64_t off = e->time.us - p->desk->now.us, skew;
    struct fault f;

    skew = (int64_t)(a == NULL ? p->now : a)->skew * 1000000;
    /* An entry may have waited for the link; only what claims to come from the future, or from
     * before what its own log had already said, is badly timed (the bracket of cosignatures). */
    if (off > skew) {
        *rule = "DESIGN section 5: claimed time ahead of the receiver's clock";
        return "time";
    }
    if (p->cosigned.us != 0 && e->time.us < p->cosigned.us - skew) {
        *rule = "DESIGN section 5: claimed time before the cosignature below it";
        return "time";
    }
    if (!is_automatic_answer(e) && !fault_is(life_version(p, e->case_id, &version)) &&
        version != e->version) {
        *rule = "PROTOCOL.agreement section 4: a case ends under the version it began with";
        return "agreement";
    }
    *rule = breaks_chain(p, e);
    if (*rule != NULL)
        return "order";
    f = open_theirs(p, e, d);
    if (fault_is(f) && f.kind != FAULT_IO) {
        *rule = f.rule;
        return "form";
    }
    f = life_try(p, e, leaf, d);
    if (f.kind == FAULT_ORDER || f.kind == FAULT_REFUSED || f.kind == FAULT_LIMIT) {
        *rule = f.rule;
        return "order";
    }
    return NULL;
}

static json_t *automatic_fields(struct desk_pact *p, const struct entry *e,
                                const struct disclosed *d)
{
    return common_fields(p, d == NULL ? "-" : disclosed_text(d, "article"), e->class,
                         d == NULL ? "routine" : disclosed_text(d, "urgency"), "clear");
}

static struct fault say_reject(struct desk_pact *p, const struct entry *e,
                               const struct digest *leaf, const struct disclosed *d,
                               const char *ground, const char *rule)
{
    const struct agreement *a = pact_version(p, e->version);
    json_t *fields = automatic_fields(p, e, d);
    char verdict[2 * DESK_WHY];
    struct digest ours;
    struct fault f;

    snprintf(verdict, sizeof verdict, "%s: %s", ground, rule);

    json_object_set_new(fields, "ground", json_string(ground));
    json_object_set_new(fields, "rejected", json_digest(&e->disclosed));
    json_object_set_new(fields, "rule", json_string(rule));
    f = say_automatic(p, a == NULL ? p->now : a, KIND_REJECT, e->class, e->case_id, leaf, fields,
                      &ours);
    if (!fault_is(f))
        f = store_do(p->desk->store, QUERY_STATEMENT_VERDICT, NULL,
                     STORE_WITH(value_text(verdict), value_text(p->now->id),
                                value_text(p->peer->id), value_blob(bytes_of(leaf->byte, 32))));
    return f;
}

/* Did we say this to it already: in a log that came back from the partner? */
static bool said_already(struct desk_pact *p, enum kind kind, const struct digest *leaf)
{
    struct rows r = store_ask(p->desk->store, QUERY_STATEMENT_ANSWERS,
                              STORE_WITH(value_text(p->now->id), value_text(p->own->id),
                                         value_blob(bytes_of(leaf->byte, 32))));
    bool found = false;

    while (!found && rows_next(&r)) {
        char said[16];

        row_text(&r, 5, said, sizeof said);
        found = strcmp(said, kind_name(kind)) == 0;
    }
    return !fault_is(rows_done(&r)) && found;
}

bool respond_has_receipt(struct desk_pact *p, const struct digest *leaf)
{
    return said_already(p, KIND_RECEIPT, leaf);
}

static struct fault say_receipt(struct desk_pact *p, const struct entry *e,
                                const struct digest *leaf, const struct disclosed *d)
{
    json_t *fields = automatic_fields(p, e, d);
    struct digest ours;

    json_object_set_new(fields, "received", json_digest(&e->disclosed));
    json_object_set_new(fields, "size", json_integer(e->disclosed_length));
    json_object_set_new(fields, "arrived",
                        json_instant(instant_of_seconds(instant_seconds(p->desk->now))));
    return say_automatic(p, pact_version(p, e->version), KIND_RECEIPT, e->class, e->case_id, leaf,
                         fields, &ours);
}

static struct fault say_check_return(struct desk_pact *p, const struct entry *e,
                                     const struct digest *leaf, const struct disclosed *d)
{
    json_t *fields = automatic_fields(p, e, d);
    struct digest ours;

    json_object_set_new(fields, "nonce", json_string(disclosed_text(d, "nonce")));
    return say_automatic(p, pact_version(p, e->version), KIND_CHECK, e->class, e->case_id, leaf,
                         fields, &ours);
}

/* With a verdict it is no move of its case. */
static struct fault note_verdict(struct desk_pact *p, const struct digest *leaf,
                                 const char *verdict)
{
    return store_do(p->desk->store, QUERY_STATEMENT_VERDICT, NULL,
                    STORE_WITH(value_text(verdict), value_text(p->now->id), value_text(p->peer->id),
                               value_blob(bytes_of(leaf->byte, 32))));
}

/* Our REJECT came back from the partner's mirror; the statement is no move now either. */
static struct fault refuse_again(struct desk_pact *p, const struct digest *leaf)
{
    return note_verdict(p, leaf, "rejected before");
}

/* Has the return of our CHECK the nonce that we sent? Only then did somebody read it. */
static bool returns_nonce(struct desk_pact *p, const struct entry *e, const struct disclosed *d)
{
    struct rows r = store_ask(p->desk->store, QUERY_STATEMENT_GET,
                              STORE_WITH(value_text(p->now->id), value_text(p->own->id),
                                         value_blob(bytes_of(e->answers.byte, 32))));
    struct disclosed *ours;
    bool same = false;

    if (d != NULL && rows_next(&r) &&
        !fault_is(shelf_read(&p->desk->shelf, row_bytes(&r, 11), &ours))) {
        const char *nonce = disclosed_text(ours, "nonce");

        same = nonce[0] != '\0' && strcmp(nonce, disclosed_text(d, "nonce")) == 0;
        disclosed_free(ours);
    }
    return !fault_is(rows_done(&r)) && same;
}

/* What our node says to a statement of theirs that both hold now. */
struct fault respond_to(struct desk_pact *p, const struct entry *e, const struct digest *leaf,
                        const struct disclosed *d, const char *verdict, const char *judged)
{
    const char *rule = verdict, *ground = NULL;
    struct fault f = fault_none();

    if (said_already(p, KIND_REJECT, leaf))
        return refuse_again(p, leaf);
    if (e->kind == KIND_CHECK && e->has_answers && !returns_nonce(p, e, d))
        return note_verdict(p, leaf, "content: docs/STATEMENTS: the return has another nonce");
    if (respond_has_receipt(p, leaf))
        ground = NULL; /* what was good once, is */
    else if (judged[0] != '\0')
        ground = judged;
    else
        ground = ground_of(p, e, leaf, d, &rule);
    if (ground != NULL)
        return is_automatic_answer(e) ? f : say_reject(p, e, leaf, d, ground, rule);
    f = life_note(p, e, leaf, d, "");
    if (!fault_is(f) && type_wants_receipt(e->kind, e->has_answers) &&
        !respond_has_receipt(p, leaf))
        f = say_receipt(p, e, leaf, d);
    if (!fault_is(f) && e->kind == KIND_CHECK && !e->has_answers && d != NULL &&
        !said_already(p, KIND_CHECK, leaf))
        f = say_check_return(p, e, leaf, d);
    p->terms_due |= e->kind == KIND_AGREEMENT;
    if (!fault_is(f) && e->kind == KIND_RETRACT && d != NULL)
        share_tell(p, e->kind, d, true);
    return f;
}
