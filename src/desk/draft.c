#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "crypto/random.h"
#include "desk/state.h"
#include "release/holds.h"
#include "release/release.h"
#include "statement/case_id.h"
#include "statement/fields.h"
#include "statement/notice.h"
#include "statement/type.h"
#include "json/profile.h"

/* From what an officer wants to say to a permit that two officers sign, and to the entry. */

enum {
    DRAFT_LIVES = 24 * 3600, /* seconds a draft waits for its second officer */
    DRAFT_WITHHOLD = 64,
};

struct draft {
    struct desk_pact *p;
    const struct agreement *version;
    enum kind kind;
    enum class class;
    char case_id[CASE_TEXT];
    bool opens; /* a case that is not there yet */
    char incident[80], article[PERMIT_ARTICLE];
    bool has_answers;
    struct digest answers;
    json_t *fields;   /* owned */
    json_t *error;    /* owned: an answer that ends it */
    json_t *withhold; /* borrowed */
    uint8_t secret[DOCUMENT_SECRET];
};

static void fail(struct draft *d, json_t *error)
{
    if (d->error == NULL)
        d->error = error;
    else
        json_decref(error);
}

/* --- what it is about ----------------------------------------------------------------------- */

static json_t *done_answer(const struct rows *r)
{
    struct digest leaf;
    char case_id[CASE_TEXT];

    memcpy(leaf.byte, row_bytes(r, 2).data, sizeof leaf.byte);
    row_text(r, 7, case_id, sizeof case_id);
    return json_pack("{s:i, s:b, s:{s:s, s:I, s:o, s:o}}", "v", 1, "ok", 1, "done", "case", case_id,
                     "index", (json_int_t)row_integer(r, 3), "leaf", json_digest(&leaf), "time",
                     json_seconds(row_integer(r, 17)));
}

/* The statement of this kind that we made in the case already, in answer to the same. */
static json_t *made_already(const struct draft *d)
{
    struct rows r = store_ask(d->p->desk->store, QUERY_STATEMENT_CASE,
                              STORE_WITH(value_text(d->p->now->id), value_text(d->case_id)));
    json_t *found = NULL;

    while (rows_next(&r)) {
        char party[ENTRY_NAME], kind[16];

        row_text(&r, 1, party, sizeof party);
        row_text(&r, 5, kind, sizeof kind);
        if (strcmp(party, d->p->own->id) != 0 || strcmp(kind, kind_name(d->kind)) != 0 ||
            !row_has(&r, 3))
            continue;
        if (d->kind == KIND_NOTICE || (d->has_answers && row_bytes(&r, 9).len == 32 &&
                                       memcmp(row_bytes(&r, 9).data, d->answers.byte, 32) == 0)) {
            json_decref(found);
            found = done_answer(&r);
        }
    }
    if (fault_is(rows_done(&r))) {
        json_decref(found);
        return NULL;
    }
    return found;
}

static const char *text_or(const json_t *object, const char *name, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text == NULL || text[0] == '\0' ? otherwise : text;
}

static json_t *incident_body(struct draft *d, char *case_id)
{
    struct rows r = store_ask(d->p->desk->store, QUERY_INCIDENT_GET,
                              STORE_WITH(value_text(d->p->now->id), value_text(d->incident)));
    json_t *body = NULL;

    case_id[0] = '\0';
    if (rows_next(&r)) {
        struct json_limits limits = {1 << 20, JSON_DEPTH};

        row_text(&r, 4, case_id, CASE_TEXT);
        if (fault_is(json_read(row_bytes(&r, 3), limits, &body)))
            body = NULL;
    }
    return fault_is(rows_done(&r)) ? NULL : body;
}

static void new_case(struct draft *d)
{
    uint8_t random[CASE_ID_RANDOM];

    random_bytes(random, sizeof random);
    case_id_make(random, d->case_id);
    d->opens = true;
    d->version = d->p->now;
}

static void about_incident(struct draft *d, const json_t *ask)
{
    char case_id[CASE_TEXT];
    json_t *incident;
    struct fault f;

    snprintf(d->incident, sizeof d->incident, "%s", ask_text(ask, "incident"));
    incident = incident_body(d, case_id);
    if (incident == NULL) {
        fail(d, answer_error("not-found", 8, "there is no such incident", d->incident,
                             "parley watch incidents"));
        return;
    }
    if (case_id[0] != '\0') {
        json_t *done;

        snprintf(d->case_id, sizeof d->case_id, "%s", case_id);
        done = made_already(d);
        fail(d, done != NULL ? done
                             : answer_error("conflict", 9, "a case was opened from this incident",
                                            case_id, "parley case list"));
        json_decref(incident);
        return;
    }
    new_case(d);
    snprintf(d->article, sizeof d->article, "%s", text_or(incident, "article", ""));
    json_decref(d->fields);
    d->fields =
        common_fields(d->p, d->article, d->class, ask_text(ask, "urgency"), ask_text(ask, "tlp"));
    f = notice_fields(incident, d->fields);
    json_decref(incident);
    if (fault_is(f))
        fail(d, answer_fault(f, "this incident cannot be said", "parley watch explain"));
}

/* The case it belongs to gives its version, article and class. */
static void about_case(struct draft *d, const json_t *ask)
{
    struct rows r;
    char class[16] = "";
    bool there;

    snprintf(d->case_id, sizeof d->case_id, "%.*s", (int)sizeof d->case_id - 1,
             ask_text(ask, "case"));
    r = store_ask(d->p->desk->store, QUERY_CASE_GET,
                  STORE_WITH(value_text(d->p->now->id), value_text(d->case_id)));
    there = rows_next(&r);
    if (there) {
        d->version = pact_version(d->p, (uint32_t)row_integer(&r, 2));
        row_text(&r, 3, d->article, sizeof d->article);
        row_text(&r, 4, class, sizeof class);
    }
    if (fault_is(rows_done(&r)) || !there) {
        fail(d, answer_error("not-found", 8, "there is no such case", d->case_id,
                             "parley case list --all"));
        return;
    }
    if (d->version == NULL)
        d->version = d->p->now;
    if (ask_text(ask, "class")[0] == '\0')
        d->class = class_parse(bytes_text(class));
    if (strcmp(d->article, "-") == 0)
        d->article[0] = '\0';
    json_decref(d->fields);
    d->fields =
        common_fields(d->p, d->article, d->class, ask_text(ask, "urgency"), ask_text(ask, "tlp"));
}

/* What an answer answers, where the officer did not say: the partner's newest statement that
 * wants one; for CLOSE and UPDATE nothing but a proposal. */
static bool wants_answer(enum kind ours, enum kind theirs)
{
    switch (ours) {
    case KIND_ACK:
    case KIND_ANSWER:
        return theirs == KIND_NOTICE || theirs == KIND_UPDATE;
    case KIND_CLOSE:
        return theirs == KIND_CLOSE;
    case KIND_AGREEMENT:
        return theirs == KIND_AGREEMENT;
    default:
        return false;
    }
}

static void find_answered(struct draft *d)
{
    struct rows r = store_ask(d->p->desk->store, QUERY_STATEMENT_CASE,
                              STORE_WITH(value_text(d->p->now->id), value_text(d->case_id)));

    while (rows_next(&r)) {
        char party[ENTRY_NAME], kind[16];

        row_text(&r, 1, party, sizeof party);
        row_text(&r, 5, kind, sizeof kind);
        if (strcmp(party, d->p->own->id) == 0 || row_has(&r, 16) ||
            !wants_answer(d->kind, kind_parse(bytes_text(kind))))
            continue;
        /* ACK and ANSWER are to what opened the case: the first such statement. */
        if (d->has_answers && (d->kind == KIND_ACK || d->kind == KIND_ANSWER))
            continue;
        d->has_answers = true;
        memcpy(d->answers.byte, row_bytes(&r, 2).data, sizeof d->answers.byte);
    }
    if (fault_is(rows_done(&r)))
        fail(d, answer_error("io", 10, "the store cannot be read", "", "parley doctor"));
}

static void choose_step(struct draft *d)
{
    struct desk_case *c;

    if (d->kind != KIND_CLOSE || json_object_get(d->fields, "step") != NULL)
        return;
    c = memory_zeroed(1, sizeof *c);
    if (!fault_is(life_replay(d->p, d->case_id, c))) {
        bool theirs =
            c->life.state == CASE_CLOSING && (c->life.proposer == SIDE_OPENER) != c->we_opened;

        json_object_set_new(d->fields, "step", json_string(theirs ? "agree" : "proposal"));
    }
    free(c);
}

static void own_fields(struct draft *d, const json_t *ask)
{
    json_t *given = json_object_get(ask, "fields"), *value;
    const char *path;

    json_object_foreach(given, path, value) json_object_set(d->fields, path, value);
    json_object_set_new(d->fields, "class", json_string(class_name(d->class)));
    if (d->kind == KIND_CHECK && json_object_get(d->fields, "nonce") == NULL) {
        uint8_t nonce[16];
        struct buf hex = {0};

        random_bytes(nonce, sizeof nonce);
        buf_hex(&hex, nonce, sizeof nonce);
        json_object_set_new(d->fields, "nonce", json_string(buf_str(&hex)));
        buf_done(&hex);
    }
}

/* The UPDATE of ours that opened this field already. */
static json_t *opened_already(const struct draft *d, const char *opening)
{
    struct rows r = store_ask(d->p->desk->store, QUERY_STATEMENT_KIND,
                              STORE_WITH(value_text(d->p->now->id), value_text(d->p->own->id),
                                         value_text(kind_name(KIND_UPDATE))));
    json_t *found = NULL;

    while (found == NULL && rows_next(&r)) {
        struct disclosed *said;

        if (!row_has(&r, 3) || fault_is(disclosed_parse(row_bytes(&r, 11), &said)))
            continue;
        if (strcmp(disclosed_text(said, "opening"), opening) == 0)
            found = done_answer(&r);
        disclosed_free(said);
    }
    if (!fault_is(rows_done(&r)))
        return found;
    json_decref(found);
    return NULL;
}

/* "open": the withheld field of an earlier statement of ours that this UPDATE opens. */
static void open_field(struct draft *d, const char *path)
{
    const struct digest *which = d->has_answers ? &d->answers : NULL;
    struct buf opening = {0};
    struct fault f;

    if (path[0] == '\0')
        return;
    if (d->kind != KIND_UPDATE) {
        fail(d, answer_error("usage", 2, "an UPDATE opens a withheld field", kind_name(d->kind),
                             "parley case update CASE --open FIELD"));
        return;
    }
    f = open_ours(d->p, d->case_id, which, path, &d->answers, &opening);
    if (fault_is(f)) {
        fail(d, answer_error("not-found", 8, "this field cannot be opened", f.rule,
                             "parley case show"));
    } else {
        json_t *done = opened_already(d, buf_str(&opening));

        d->has_answers = true;
        json_object_set_new(d->fields, "opening", json_string(buf_str(&opening)));
        if (done != NULL)
            fail(d, done);
    }
    buf_wipe(&opening);
}

static void begin(struct draft *d, struct desk_pact *p, const json_t *ask)
{
    const char *class = ask_text(ask, "class");

    *d = (struct draft){.p = p, .version = p->now, .class = CLASS_REAL};
    d->kind = kind_parse(bytes_text(ask_text(ask, "kind")));
    d->fields = common_fields(p, "", CLASS_REAL, ask_text(ask, "urgency"), ask_text(ask, "tlp"));
    if (class[0] != '\0')
        d->class = class_parse(bytes_text(class));
    if (d->kind == KIND_NONE || d->class == CLASS_NONE) {
        fail(d, answer_error("usage", 2, "no such kind or class", ask_text(ask, "kind"),
                             "parley help glossary"));
        return;
    }
    if (d->kind == KIND_NOTICE)
        about_incident(d, ask);
    else if (ask_text(ask, "case")[0] != '\0')
        about_case(d, ask);
    else if (d->kind == KIND_CHECK || d->kind == KIND_AGREEMENT || d->kind == KIND_SHARE)
        new_case(d);
    else
        fail(d, answer_error("usage", 2, "this kind of statement belongs to a case", "",
                             "parley case list"));
    if (d->error != NULL)
        return;
    d->has_answers = ask_digest(ask, "answers", &d->answers);
    if (!d->has_answers && !d->opens)
        find_answered(d);
    own_fields(d, ask);
    open_field(d, ask_text(ask, "open"));
    if (d->kind == KIND_RETRACT && d->error == NULL) {
        json_t *error = share_retract(d->p, d->case_id, d->fields);

        if (error != NULL)
            fail(d, error);
    }
    choose_step(d);
    json_object_set_new(d->fields, "class", json_string(class_name(d->class)));
    d->withhold = json_object_get(ask, "withhold");
}

static void draft_done(struct draft *d)
{
    json_decref(d->fields);
    explicit_bzero(d->secret, sizeof d->secret);
}

/* --- may it be said, may it leave? ---------------------------------------------------------- */

static bool is_a_move(struct draft *d)
{
    struct desk_case *c = memory_zeroed(1, sizeof *c);
    struct case_said said = {
        .kind = d->kind, .class = d->class, .has_answers = d->has_answers, .answers = d->answers};
    struct fault f = d->opens ? fault_none() : life_replay(d->p, d->case_id, c);
    char allowed[300] = "nothing";
    size_t len = 0;

    if (d->opens)
        c->we_opened = true;
    said.by = c->we_opened ? SIDE_OPENER : SIDE_OTHER;
    said.variant =
        variant_of(d->kind, text_or(d->fields, d->kind == KIND_ANSWER ? "result" : "step", ""),
                   d->has_answers && digest_equal(&d->answers, &c->life.opening));
    if (!fault_is(f))
        f = case_apply(&c->life, &said, d->version->clocks);
    for (size_t i = 0; fault_is(f); i++) {
        const struct move *m = move_allowed(c->life.state, said.by, c->life.proposer, i);

        if (m == NULL || len + 24 > sizeof allowed)
            break;
        len += (size_t)snprintf(allowed + len, sizeof allowed - len, "%s%s", i == 0 ? "" : ", ",
                                kind_name(m->kind));
    }
    if (f.kind == FAULT_LIMIT) {
        fail(d, answer_error("limit", 9, "this case has as many open deadlines as it can hold",
                             f.rule, "wait for receipts and answers: parley case show"));
    } else if (fault_is(f)) {
        json_t *done = made_already(d);
        char why[500];

        snprintf(why, sizeof why, "the case is %s; what can be said now: %s",
                 case_state_name(c->life.state), allowed);
        fail(d, done != NULL ? done
                             : answer_error("conflict", 9, "this cannot be said in this case now",
                                            why, "parley case show"));
    }
    free(c);
    return d->error == NULL;
}

static json_t *held_json(const struct draft *d, const struct release_verdict *v, json_t *refused)
{
    static const char *const words[] = {"dropped", "sent", "withheld", "dropped"};
    json_t *held = json_array();

    for (size_t i = 0; i < v->count; i++) {
        const struct release_field *f = &v->fields[i];

        json_array_append_new(held, json_pack("{s:s, s:O, s:s, s:s}", "p", f->path, "v",
                                              json_object_get(d->fields, f->path), "verdict",
                                              words[f->word], "r", f->rule));
        if (f->word == RELEASE_REFUSE)
            json_array_append_new(refused, json_pack("{s:s, s:s}", "p", f->path, "r", f->rule));
    }
    if (!v->allowed && json_array_size(refused) == 0)
        json_array_append_new(refused, json_pack("{s:s, s:s}", "p", v->path, "r", v->rule));
    return held;
}

json_t *draft_roles(unsigned officers)
{
    return officers > 1 ? json_pack("[s, s]", "drafter", "releaser") : json_pack("[s]", "releaser");
}

static struct fault put_draft(const struct draft *d, const char *id, const struct buf *document,
                              const struct buf *permit, const json_t *held, unsigned officers)
{
    struct buf fields = {0}, shown = {0};
    struct digest digest = digest_of(buf_view(permit));
    int64_t now = instant_seconds(d->p->desk->now);
    const char *subject = text_or(d->fields, "incident.source", text_or(d->fields, "text", ""));
    struct fault f = store_begin(d->p->desk->store);

    json_canonical(d->fields, &fields);
    json_canonical(held, &shown);
    if (!fault_is(f))
        f = store_do(
            d->p->desk->store, QUERY_DRAFT_PUT, NULL,
            STORE_WITH(value_text(d->p->now->id), value_text(id), value_text(kind_name(d->kind)),
                       value_text(class_name(d->class)), value_text_if(d->case_id),
                       value_text_if(d->incident), value_text_if(d->article),
                       d->has_answers ? value_blob(bytes_of(d->answers.byte, 32)) : value_null(),
                       value_integer(d->version->version), value_text(subject),
                       value_text(buf_str(&fields)), value_text(buf_str(&shown)),
                       value_blob(bytes_of(d->secret, sizeof d->secret)),
                       (struct value){VALUE_TEXT, 0, buf_view(document)},
                       (struct value){VALUE_TEXT, 0, buf_view(permit)},
                       value_blob(bytes_of(digest.byte, 32)), value_integer(officers),
                       value_integer(now), value_integer(now + DRAFT_LIVES)));
    if (!fault_is(f))
        f = store_commit(d->p->desk->store);
    else
        store_rollback(d->p->desk->store);
    buf_done(&fields);
    buf_done(&shown);
    return f;
}

static size_t withhold_list(const struct draft *d, const char **out)
{
    json_t *item;
    size_t i, count = 0;

    json_array_foreach(d->withhold, i, item) if (json_is_string(item) && count < DRAFT_WITHHOLD)
        out[count++] = json_string_value(item);
    return count;
}

static struct fault prepare(struct draft *d, const struct release_ask *ask,
                            const struct release_verdict *v, struct buf *document,
                            struct buf *permit)
{
    struct release_for what = {.now = d->p->desk->now,
                               .case_id = d->case_id,
                               .has_answers = d->has_answers,
                               .answers = d->answers};
    struct document *made;
    struct fault f;

    random_bytes(d->secret, sizeof d->secret);
    random_bytes(what.id, sizeof what.id);
    what.expires = instant_of_seconds(instant_seconds(what.now) + DRAFT_LIVES);
    f = document_new(d->fields, d->secret, &made);
    if (fault_is(f))
        return f;
    document_disclose(made, v->withheld, v->withheld_count, NULL, 0, document);
    what.document = document_root(made);
    what.leaves = document_leaves(made);
    what.disclosed = buf_view(document);
    f = release_permit_prepare(ask, v, &what, permit);
    document_free(made);
    return f;
}

static json_t *offer(struct draft *d, const json_t *ask)
{
    const char *withhold[DRAFT_WITHHOLD];
    struct release_ask question = {.agreement = d->version,
                                   .own = agreement_party(d->version, d->p->own->id),
                                   .kind = d->kind,
                                   .answers = d->has_answers,
                                   .class = d->class,
                                   .fields = d->fields,
                                   .withhold = withhold};
    bool dry = json_is_true(json_object_get(ask, "dry"));
    struct release_verdict v;
    struct buf document = {0}, permit = {0};
    json_t *refused = json_array(), *held, *answer;
    char id[CASE_TEXT] = "";
    struct fault f = fault_none();

    question.withhold_count = withhold_list(d, withhold);
    release_decide(&question, &v);
    held = held_json(d, &v, refused);
    if (v.allowed)
        f = prepare(d, &question, &v, &document, &permit);
    if (!fault_is(f) && v.allowed && !dry) {
        uint8_t random[CASE_ID_RANDOM];

        random_bytes(random, sizeof random);
        draft_id_make(random, id);
        f = put_draft(d, id, &document, &permit, held, v.officers);
    }
    if (!v.allowed) {
        struct fault counted =
            store_do(d->p->desk->store, QUERY_REFUSAL_COUNT, NULL,
                     STORE_WITH(value_text(d->p->now->id), value_text("out"), value_text(v.rule)));
        if (fault_is(counted))
            d->p->desk->host.say(d->p->desk->host.context, "refusals", counted);
    }
    if (fault_is(f)) {
        answer = answer_fault(f, "the draft could not be made", "parley doctor");
    } else if (!v.allowed && !dry) {
        char why[300];

        snprintf(why, sizeof why, "%s%s%s", v.path, v.path[0] == '\0' ? "" : ": ", v.rule);
        answer = answer_error("refused", 4, "release control refuses this statement", why,
                              "change or leave out the field, or --withhold it");
        json_object_set(answer, "refused", refused);
    } else {
        answer = json_pack(
            "{s:i, s:b, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:O, s:i, s:o, s:[], s:s, s:O}", "v", 1,
            "ok", 1, "draft", id, "kind", kind_name(d->kind), "case", d->case_id, "class",
            class_name(d->class), "to", d->p->peer->id, "permit", buf_str(&permit), "document",
            buf_str(&document), "held", held, "officers", (int)v.officers, "roles",
            draft_roles(v.officers), "signed", "needs", v.officers > 1 ? "drafter" : "releaser",
            "refused", refused);
    }
    json_decref(refused);
    json_decref(held);
    release_verdict_done(&v);
    buf_done(&document);
    buf_done(&permit);
    return answer;
}

json_t *draft_make(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    struct draft d;
    json_t *answer;

    (void)say;
    (void)client;
    begin(&d, p, ask);
    if (d.error != NULL || !is_a_move(&d))
        answer = d.error;
    else
        answer = offer(&d, ask);
    draft_done(&d);
    return answer;
}
