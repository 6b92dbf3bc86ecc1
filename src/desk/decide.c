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

/* A draft as the store keeps it, its officers' decisions, and the last one that releases it. */

struct given {
    struct decision_given item[PERMIT_OFFICERS];
    struct buf text[PERMIT_OFFICERS], signature[PERMIT_OFFICERS];
    char suite[PERMIT_OFFICERS][SEVERAL_NAMES];
    size_t count;
    json_t *list; /* owned: [{officer, role}] */
};

static struct fault given_read(struct desk_pact *p, const struct digest *permit, struct given *g)
{
    struct rows r =
        store_ask(p->desk->store, QUERY_DECISION_LIST,
                  STORE_WITH(value_text(p->now->id), value_blob(bytes_of(permit->byte, 32))));

    *g = (struct given){.list = json_array()};
    while (g->count < PERMIT_OFFICERS && rows_next(&r)) {
        size_t i = g->count++;
        char officer[ENTRY_NAME], role[16];

        row_text(&r, 0, officer, sizeof officer);
        row_text(&r, 1, role, sizeof role);
        buf_bytes(&g->text[i], row_bytes(&r, 2));
        row_text(&r, 3, g->suite[i], SEVERAL_NAMES);
        buf_bytes(&g->signature[i], row_bytes(&r, 4));
        g->item[i] = (struct decision_given){buf_view(&g->text[i]), bytes_text(g->suite[i]),
                                             buf_view(&g->signature[i])};
        json_array_append_new(g->list, json_pack("{s:s, s:s}", "officer", officer, "role", role));
    }
    return rows_done(&r);
}

static void given_done(struct given *g)
{
    for (size_t i = 0; i < PERMIT_OFFICERS; i++) {
        buf_done(&g->text[i]);
        buf_done(&g->signature[i]);
    }
    json_decref(g->list);
}

/* A draft as the store has it. */
struct kept {
    char id[CASE_TEXT], kind[16], class[16], case_id[CASE_TEXT], incident[80], article[20],
        subject[200];
    bool has_answers;
    struct digest answers, permit_digest;
    uint32_t version;
    unsigned officers;
    int64_t made, expires;
    struct buf fields, held, secret, document, permit;
};

static void kept_read(const struct rows *r, struct kept *k)
{
    *k = (struct kept){.officers = (unsigned)row_integer(r, 15)};
    row_text(r, 0, k->id, sizeof k->id);
    row_text(r, 1, k->kind, sizeof k->kind);
    row_text(r, 2, k->class, sizeof k->class);
    row_text(r, 3, k->case_id, sizeof k->case_id);
    row_text(r, 4, k->incident, sizeof k->incident);
    row_text(r, 5, k->article, sizeof k->article);
    row_text(r, 6, k->subject, sizeof k->subject);
    k->has_answers = row_bytes(r, 7).len == 32;
    if (k->has_answers)
        memcpy(k->answers.byte, row_bytes(r, 7).data, 32);
    k->version = (uint32_t)row_integer(r, 8);
    buf_bytes(&k->fields, row_bytes(r, 9));
    buf_bytes(&k->held, row_bytes(r, 10));
    buf_bytes(&k->secret, row_bytes(r, 11));
    buf_bytes(&k->document, row_bytes(r, 12));
    buf_bytes(&k->permit, row_bytes(r, 13));
    memcpy(k->permit_digest.byte, row_bytes(r, 14).data, 32);
    k->made = row_integer(r, 16);
    k->expires = row_integer(r, 17);
}

static void kept_done(struct kept *k)
{
    buf_done(&k->fields);
    buf_done(&k->held);
    buf_wipe(&k->secret);
    buf_done(&k->document);
    buf_done(&k->permit);
}

static bool kept_get(struct desk_pact *p, const char *id, struct kept *k)
{
    struct rows r = store_ask(p->desk->store, QUERY_DRAFT_GET,
                              STORE_WITH(value_text(p->now->id), value_text(id)));
    bool there = rows_next(&r);

    if (there)
        kept_read(&r, k);
    if (!fault_is(rows_done(&r)))
        return there;
    if (there)
        kept_done(k);
    return false;
}

static const char *needs_role(const struct kept *k, const struct given *g)
{
    return g->count >= k->officers ? "" : k->officers > 1 && g->count == 0 ? "drafter" : "releaser";
}

static json_t *kept_json(struct desk_pact *p, const struct kept *k)
{
    struct json_limits limits = {1 << 20, JSON_DEPTH};
    struct buf document = {0}, permit = {0};
    json_t *held = NULL, *answer;
    struct given g;

    buf_bytes(&document, buf_view(&k->document));
    buf_bytes(&permit, buf_view(&k->permit));
    if (fault_is(json_read(buf_view(&k->held), limits, &held)))
        held = json_array();
    if (fault_is(given_read(p, &k->permit_digest, &g)))
        g.count = 0;
    answer = json_pack(
        "{s:i, s:b, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:i, s:o, s:O, s:s, s:[], s:s, s:s, "
        "s:o, s:o}",
        "v", 1, "ok", 1, "draft", k->id, "kind", k->kind, "case", k->case_id, "class", k->class,
        "to", p->peer->id, "permit", buf_str(&permit), "document", buf_str(&document), "held", held,
        "officers", (int)k->officers, "roles", draft_roles(k->officers), "signed", g.list, "needs",
        needs_role(k, &g), "refused", "article", k->article, "subject", k->subject, "made",
        json_seconds(k->made), "expires", json_seconds(k->expires));
    given_done(&g);
    buf_done(&document);
    buf_done(&permit);
    return answer;
}

static json_t *no_draft(const char *id)
{
    return answer_error("not-found", 8, "there is no such draft; it may be released or refused", id,
                        "parley release list");
}

json_t *draft_show(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    struct kept k;
    json_t *answer;

    (void)say;
    (void)client;
    if (!kept_get(p, ask_text(ask, "draft"), &k))
        return no_draft(ask_text(ask, "draft"));
    answer = kept_json(p, &k);
    kept_done(&k);
    return answer;
}

json_t *draft_list(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    json_t *answer = answer_good(), *list = json_array(), *ids = json_array(), *item;
    struct rows r = store_ask(p->desk->store, QUERY_DRAFT_LIST, STORE_WITH(value_text(p->now->id)));
    size_t i;

    (void)ask;
    (void)say;
    (void)client;
    while (rows_next(&r)) {
        char id[CASE_TEXT];

        row_text(&r, 0, id, sizeof id);
        json_array_append_new(ids, json_string(id));
    }
    if (fault_is(rows_done(&r)))
        json_array_clear(ids);
    json_array_foreach(ids, i, item)
    {
        struct kept k;

        if (!kept_get(p, json_string_value(item), &k))
            continue;
        json_array_append_new(list, kept_json(p, &k));
        kept_done(&k);
    }
    json_array_foreach(list, i, item)
    {
        json_object_del(item, "document");
        json_object_del(item, "held");
        json_object_del(item, "v");
        json_object_del(item, "ok");
    }
    json_decref(ids);
    json_object_set_new(answer, "drafts", list);
    return answer;
}

json_t *draft_refuse(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    const char *id = ask_text(ask, "draft");
    struct kept k;
    struct fault f;
    json_t *answer;

    (void)say;
    (void)client;
    if (!kept_get(p, id, &k))
        return no_draft(id);
    kept_done(&k);
    f = store_do(p->desk->store, QUERY_DRAFT_DELETE, NULL,
                 STORE_WITH(value_text(p->now->id), value_text(id)));
    if (fault_is(f))
        return answer_fault(f, "the draft could not be dropped", "parley doctor");
    answer = answer_good();
    json_object_set_new(answer, "draft", json_string(id));
    return answer;
}

/* The permit was released before: the same answer as then. */
static json_t *released_before(struct desk_pact *p, const struct digest *permit)
{
    struct rows r =
        store_ask(p->desk->store, QUERY_STATEMENT_PERMIT,
                  STORE_WITH(value_text(p->now->id), value_blob(bytes_of(permit->byte, 32))));
    json_t *answer = NULL;

    if (rows_next(&r)) {
        char kind[16], case_id[CASE_TEXT], state[16], rule[DESK_WHY];
        struct digest leaf;

        row_text(&r, 4, state, sizeof state);
        row_text(&r, 5, kind, sizeof kind);
        row_text(&r, 7, case_id, sizeof case_id);
        row_text(&r, 16, rule, sizeof rule);
        memcpy(leaf.byte, row_bytes(&r, 2).data, 32);
        if (strcmp(state, "refused") == 0)
            answer = answer_error("refused", 4, "keeper refused to sign this statement", rule,
                                  "draft it anew");
        else
            answer =
                json_pack("{s:i, s:b, s:b, s:s, s:s, s:s, s:o, s:o}", "v", 1, "ok", 1, "already", 1,
                          "state", "released", "kind", kind, "case", case_id, "leaf",
                          json_digest(&leaf), "time", json_seconds(row_integer(&r, 17)));
        if (row_has(&r, 3))
            json_object_set_new(answer, "index", json_integer(row_integer(&r, 3)));
    }
    if (fault_is(rows_done(&r))) {
        json_decref(answer);
        return NULL;
    }
    return answer;
}

/*
 * In one transaction: the decision, and the statement with its exact entry. From then on the draft
 * is none (query.c, NOT_SAID); its row, six pages of it, need not be gone before the statement is
 * said.
 */
static struct fault release(struct desk_pact *p, const struct kept *k, struct digest *leaf)
{
    struct saying s = {.version = pact_version(p, k->version),
                       .kind = kind_parse(bytes_text(k->kind)),
                       .class = class_parse(bytes_text(k->class)),
                       .case_id = k->case_id,
                       .answers = k->has_answers ? &k->answers : NULL,
                       .disclosed = buf_view(&k->document),
                       .secret = buf_view(&k->secret),
                       .fields = buf_view(&k->fields),
                       .permit = buf_view(&k->permit),
                       .permit_kind = PERMIT_DIGEST};
    struct disclosed *d;
    struct entry e = {.version = k->version, .kind = s.kind, .class = s.class};
    struct fault f = shelf_read(&p->desk->shelf, s.disclosed, &d);

    if (fault_is(f))
        return f;
    s.document = disclosed_root(d);
    s.leaves = disclosed_leaves(d);
    snprintf(e.case_id, sizeof e.case_id, "%s", k->case_id);
    snprintf(e.from, sizeof e.from, "%s", p->own->id);
    e.has_answers = k->has_answers;
    e.answers = k->answers;
    e.time = p->desk->now;
    memset(leaf, 0xff, sizeof *leaf);
    f = life_try(p, &e, leaf, d);
    if (!fault_is(f))
        f = life_note(p, &e, leaf, d, k->incident);
    if (!fault_is(f))
        f = say_entry(p, &s, leaf);
    if (!fault_is(f) && k->incident[0] != '\0')
        f = store_do(
            p->desk->store, QUERY_INCIDENT_CASE, NULL,
            STORE_WITH(value_text(k->case_id), value_text(p->now->id), value_text(k->incident)));
    disclosed_free(d);
    return f;
}

/* What a crash leaves of drafts goes when they expire. */
static struct fault drop_said(struct desk_pact *p, const struct kept *k)
{
    struct store *s = p->desk->store;
    struct fault f = store_begin_lazy(s);

    if (!fault_is(f))
        f = store_do(s, QUERY_DRAFT_DELETE, NULL,
                     STORE_WITH(value_text(p->now->id), value_text(k->id)));
    if (!fault_is(f))
        return store_commit(s);
    store_rollback(s);
    return f;
}

static struct fault put_decision(struct desk_pact *p, const struct kept *k,
                                 const struct decision *said, const json_t *ask,
                                 struct bytes signature)
{
    return store_do(
        p->desk->store, QUERY_DECISION_PUT, NULL,
        STORE_WITH(value_text(p->now->id), value_blob(bytes_of(k->permit_digest.byte, 32)),
                   value_text(said->officer), value_text(officer_role_name(said->role)),
                   value_text(ask_text(ask, "decision")), value_text(ask_text(ask, "suite")),
                   value_blob(signature), value_integer(instant_seconds(p->desk->now))));
}

bool pact_over_quota(struct desk_pact *p)
{
    struct rows r = store_ask(p->desk->store, QUERY_STATEMENT_BACKLOG,
                              STORE_WITH(value_text(p->now->id), value_text(p->own->id)));
    bool over = rows_next(&r) && ((uint64_t)row_integer(&r, 0) >= p->now->quota_entries ||
                                  (uint64_t)row_integer(&r, 1) >= p->now->quota_bytes);

    return fault_is(rows_done(&r)) || over;
}

/* Whether the officer may decide so: keeper asks the same again, by itself. */
static json_t *judge_decision(struct desk_pact *p, const struct kept *k, const struct given *before,
                              const struct decision_given *given, struct decision *said)
{
    const struct agreement *a = pact_version(p, k->version);
    struct permit_text permit;
    json_t *silence;
    uint32_t version;
    struct fault f = permit_text_parse(buf_view(&k->permit), &permit);

    if (k->version != p->now->version &&
        life_version(p, k->case_id, &version).kind == FAULT_MISSING)
        return answer_error("conflict", 9, "this would open a case under an older version",
                            "a later version of the agreement took over since it was drafted",
                            "refuse the draft and make it anew: parley release refuse");

    if (!fault_is(f))
        f = decision_holds(a == NULL ? p->now : a, p->registry, buf_view(&k->permit), &permit,
                           given, p->desk->now, said);
    if (fault_is(f))
        return answer_error(fault_word(f.kind), f.kind == FAULT_FORGED ? 5 : 4,
                            "this officer's decision does not hold", f.rule, "parley officer list");
    for (size_t i = 0; i < before->count; i++)
        if (strcmp(json_string_value(json_object_get(json_array_get(before->list, i), "officer")),
                   said->officer) == 0)
            return answer_error("refused", 4, "another officer must release this",
                                "who has signed a statement cannot sign it a second time "
                                "(PROTOCOL.ledger section 5)",
                                "ask a colleague: parley release approve");
    if (strcmp(officer_role_name(said->role), needs_role(k, before)) != 0)
        return answer_error("refused", 4, "another role decides now", needs_role(k, before),
                            "parley release show");
    if (before->count + 1 == k->officers && (silence = pact_silence(p)) != NULL)
        return silence;
    if (before->count + 1 == k->officers && pact_over_quota(p))
        return answer_error("quota", 1, "too much waits for the partner's cosignature",
                            "the agreement's quota of un-cosigned entries is reached",
                            "wait for the link: parley status");
    return NULL;
}

static json_t *waiting_answer(const struct kept *k, const struct given *g,
                              const struct decision *said)
{
    json_t *list = json_deep_copy(g->list);

    json_array_append_new(list, json_pack("{s:s, s:s}", "officer", said->officer, "role",
                                          officer_role_name(said->role)));
    return json_pack("{s:i, s:b, s:s, s:s, s:s, s:s, s:o}", "v", 1, "ok", 1, "state", "waiting",
                     "draft", k->id, "case", k->case_id, "needs", "releaser", "signed", list);
}

static json_t *decide(struct desk_pact *p, const struct kept *k, const json_t *ask,
                      struct bytes signature, desk_answer say, void *client)
{
    struct decision_given given = {bytes_text(ask_text(ask, "decision")),
                                   bytes_text(ask_text(ask, "suite")), signature};
    struct store *store = p->desk->store;
    struct decision said;
    struct digest leaf;
    struct given before;
    json_t *answer = NULL;
    bool last;
    struct fault f = given_read(p, &k->permit_digest, &before);

    if (!fault_is(f))
        answer = judge_decision(p, k, &before, &given, &said);
    if (fault_is(f) || answer != NULL) {
        given_done(&before);
        return answer != NULL ? answer : answer_fault(f, "the store", "parley doctor");
    }
    last = before.count + 1 == k->officers;
    f = store_begin(store);
    if (!fault_is(f))
        f = put_decision(p, k, &said, ask, signature);
    if (!fault_is(f) && last)
        f = release(p, k, &leaf);
    if (!fault_is(f))
        f = store_commit(store);
    else
        store_rollback(store);
    if (fault_is(f))
        answer = answer_fault(f, "the statement was not made", "parley case show");
    else if (!last)
        answer = waiting_answer(k, &before, &said);
    given_done(&before);
    if (answer != NULL)
        return answer;
    answer = json_pack("{s:i, s:b, s:s, s:s, s:s, s:o, s:o, s:o}", "v", 1, "ok", 1, "state",
                       "released", "kind", k->kind, "case", k->case_id, "leaf", json_digest(&leaf),
                       "time", json_instant(p->desk->now), "link", link_json(p));
    wait_for(p->desk, &leaf, answer, say, client);
    commit_go(p); /* first: keeper works while we tidy up and read the case again */
    if (fault_is(drop_said(p, k)) || fault_is(life_reload(p, k->case_id)))
        alarm_raise(p, "store", "a case could not be read again");
    return NULL;
}

json_t *draft_decide(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    struct buf signature = {0};
    struct decision said;
    struct kept k;
    size_t len;
    json_t *answer;
    struct bytes text = bytes_text(ask_text(ask, "signature"));

    if (fault_is(decision_parse(bytes_text(ask_text(ask, "decision")), &said)) ||
        !base64_size(text, &len) || len == 0 || len > SEVERAL_BYTES)
        return answer_error("usage", 2, "no decision", "PROTOCOL.ledger section 5", "");
    answer = released_before(p, &said.permit);
    if (answer != NULL) {
        json_object_set_new(answer, "link", link_json(p));
        return answer;
    }
    if (!kept_get(p, ask_text(ask, "draft"), &k))
        return no_draft(ask_text(ask, "draft"));
    buf_need(&signature, len);
    if (!base64_read(text, signature.data, len))
        answer = answer_error("usage", 2, "the signature is no base64", "", "");
    signature.len = len;
    if (answer == NULL)
        answer = decide(p, &k, ask, buf_view(&signature), say, client);
    buf_done(&signature);
    kept_done(&k);
    return answer;
}
