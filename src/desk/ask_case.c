#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "desk/ask.h"
#include "release/holds.h"
#include "statement/type.h"
#include "json/profile.h"

/* Cases and incidents, as commands show them. */

static const char *who(const struct desk_case *c, const struct due *d)
{
    return (d->owes == SIDE_OPENER) == c->we_opened ? "us" : "them";
}

static const char *due_word(enum due_state state)
{
    return state == DUE_KEPT      ? "kept"
           : state == DUE_LATE    ? "late"
           : state == DUE_OVERDUE ? "overdue"
           : state == DUE_DROPPED ? "dropped"
                                  : "running";
}

static json_t *clocks_json(const struct desk_case *c)
{
    json_t *list = json_array();

    for (size_t i = 0; i < c->life.due_count; i++) {
        const struct due *d = &c->life.due[i];
        json_t *row =
            json_pack("{s:s, s:s, s:o, s:s}", "clock", clock_name(d->clock), "who", who(c, d),
                      "from", json_digest(&d->from), "state", due_word(d->state));

        if (d->began.us != 0)
            json_object_set_new(row, "due", json_instant(d->due));
        if (d->state == DUE_OVERDUE)
            json_object_set_new(row, "receipt", json_boolean(d->receipt));
        json_array_append_new(list, row);
    }
    return list;
}

static json_t *allowed_json(const struct desk_pact *p, const struct desk_case *c,
                            const char *article_id, uint32_t version)
{
    const struct agreement *a = pact_version(p, version);
    const struct article *article = agreement_article(a == NULL ? p->now : a, article_id);
    enum case_side us = c->we_opened ? SIDE_OPENER : SIDE_OTHER;
    json_t *list = json_array();
    const struct move *m;

    for (size_t i = 0; (m = move_allowed(c->life.state, us, c->life.proposer, i)) != NULL; i++) {
        unsigned officers = 0;
        json_t *last = json_array_get(list, json_array_size(list) - 1);

        if (last != NULL &&
            strcmp(json_string_value(json_object_get(last, "kind")), kind_name(m->kind)) == 0)
            continue;
        if (fault_is(release_officers(m->kind, article, &officers)) || officers == 0)
            continue;
        json_array_append_new(
            list, json_pack("{s:s, s:i}", "kind", kind_name(m->kind), "officers", (int)officers));
    }
    return list;
}

/* What the case wants of us first. */
static const char *needs_of(const struct desk_case *c, const struct due **out)
{
    *out = case_pressing(&c->life, c->we_opened ? SIDE_OPENER : SIDE_OTHER);
    if (*out == NULL)
        return "nothing";
    switch ((*out)->duty) {
    case DUTY_ACK:
        return "ack";
    case DUTY_CLOSE:
        return "close";
    case DUTY_ANSWER:
    case DUTY_INQUIRY:
        return "answer";
    default:
        return "nothing";
    }
}

struct row_text {
    char peer[ENTRY_NAME], article[20], class[16], opener[ENTRY_NAME], subject[200], urgency[16],
        tlp[16];
    int64_t version, opened, changed;
};

static void row_read(const struct rows *r, struct row_text *t)
{
    row_text(r, 1, t->peer, sizeof t->peer);
    t->version = row_integer(r, 2);
    row_text(r, 3, t->article, sizeof t->article);
    row_text(r, 4, t->class, sizeof t->class);
    row_text(r, 5, t->opener, sizeof t->opener);
    row_text(r, 6, t->subject, sizeof t->subject);
    row_text(r, 7, t->urgency, sizeof t->urgency);
    row_text(r, 8, t->tlp, sizeof t->tlp);
    t->opened = row_integer(r, 13);
    t->changed = row_integer(r, 14);
}

static json_t *row_json(const struct desk_pact *p, const struct row_text *t,
                        const struct desk_case *c)
{
    const struct due *due, *theirs;
    const char *needs = needs_of(c, &due);
    json_t *row;

    theirs = case_pressing(&c->life, c->we_opened ? SIDE_OTHER : SIDE_OPENER);
    row = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:I}",
                    "case", c->id, "direction", strcmp(t->opener, p->own->id) == 0 ? "out" : "in",
                    "from", t->opener, "subject", t->subject, "article", t->article, "class",
                    t->class, "urgency", t->urgency, "tlp", t->tlp, "state",
                    case_state_name(c->life.state), "their-state", case_state_name(c->life.state),
                    "needs", needs, "opened", json_seconds(t->opened), "changed",
                    json_seconds(t->changed), "version", (json_int_t)t->version);
    if (due == NULL)
        due = theirs;
    if (due != NULL) {
        json_object_set_new(row, "due", json_instant(due->due));
        json_object_set_new(row, "clock", json_string(clock_name(due->clock)));
    }
    return row;
}

static int by_due(const void *a, const void *b)
{
    const json_t *const *x = a, *const *y = b;
    const char *due_x = json_string_value(json_object_get(*x, "due"));
    const char *due_y = json_string_value(json_object_get(*y, "due"));
    int c = strcmp(due_x == NULL ? "~" : due_x, due_y == NULL ? "~" : due_y);

    return c != 0 ? c
                  : strcmp(json_string_value(json_object_get(*x, "case")),
                           json_string_value(json_object_get(*y, "case")));
}

static json_t *sorted(json_t *list)
{
    size_t count = json_array_size(list);
    json_t **items = memory_zeroed(count + 1, sizeof(json_t *)), *out = json_array();

    for (size_t i = 0; i < count; i++)
        items[i] = json_array_get(list, i);
    qsort(items, count, sizeof *items, by_due);
    for (size_t i = 0; i < count; i++)
        json_array_append(out, items[i]);
    free(items);
    json_decref(list);
    return out;
}

/* All cases, or those with something open. */
static json_t *rows_json(struct desk_pact *p, bool all)
{
    struct rows r = store_ask(p->desk->store, QUERY_CASE_LIST,
                              STORE_WITH(value_text(p->now->id), value_integer(all ? 1 : 0)));
    struct row_text *texts = NULL;
    char(*ids)[CASE_TEXT] = NULL;
    size_t count = 0, room = 0;
    json_t *list = json_array();

    while (rows_next(&r)) {
        if (count == room) {
            room = room == 0 ? 64 : 2 * room;
            texts = memory_resize(texts, room, sizeof *texts);
            ids = memory_resize(ids, room, sizeof *ids);
        }
        row_text(&r, 0, ids[count], CASE_TEXT);
        row_read(&r, &texts[count++]);
    }
    if (fault_is(rows_done(&r)))
        count = 0;
    for (size_t i = 0; i < count; i++) {
        struct desk_case *c = memory_zeroed(1, sizeof *c), *live = life_find(p, ids[i]);

        if (live != NULL)
            *c = *live;
        if (live != NULL || !fault_is(life_replay(p, ids[i], c)))
            json_array_append_new(list, row_json(p, &texts[i], c));
        free(c);
    }
    free(texts);
    free(ids);
    return sorted(list);
}

json_t *ask_desk(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    json_t *answer = answer_good();

    (void)ask;
    (void)say;
    (void)client;
    json_object_set_new(answer, "now", json_instant(p->desk->now));
    json_object_set_new(answer, "rows", rows_json(p, false));
    return answer;
}

json_t *ask_cases(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    json_t *answer = answer_good();

    (void)say;
    (void)client;
    json_object_set_new(answer, "now", json_instant(p->desk->now));
    json_object_set_new(answer, "cases", rows_json(p, json_is_true(json_object_get(ask, "all"))));
    return answer;
}

static json_t *officers_of(struct desk_pact *p, struct bytes permit)
{
    json_t *list = json_array();
    struct rows r;

    if (permit.len != 32)
        return list;
    r = store_ask(p->desk->store, QUERY_DECISION_LIST,
                  STORE_WITH(value_text(p->now->id), value_blob(permit)));
    while (rows_next(&r)) {
        char officer[ENTRY_NAME];

        row_text(&r, 0, officer, sizeof officer);
        json_array_append_new(list, json_string(officer));
    }
    if (fault_is(rows_done(&r)))
        json_array_clear(list);
    return list;
}

static void add_fields(json_t *row, struct bytes document)
{
    json_t *fields = json_object(), *withheld = json_array(), *opened = NULL;
    struct disclosed_leaf leaf;
    struct disclosed *d = NULL;

    if (document.len != 0 && fault_is(disclosed_parse(document, &d)))
        d = NULL;
    for (size_t i = 0; d != NULL && disclosed_leaf_at(d, i, &leaf); i++) {
        if (leaf.path == NULL)
            continue;
        if (leaf.value != NULL)
            json_object_set_new(fields, leaf.path, json_deep_copy(leaf.value));
        else
            json_array_append_new(withheld,
                                  json_pack("{s:s, s:s}", "p", leaf.path, "r", leaf.rule));
    }
    if (d != NULL)
        opened = open_json(d);
    if (opened != NULL)
        json_object_set_new(row, "opened", opened);
    disclosed_free(d);
    json_object_set_new(row, "fields", fields);
    json_object_set_new(row, "withheld", withheld);
}

static json_t *statement_json(struct desk_pact *p, const struct rows *r)
{
    char party[ENTRY_NAME], kind[16], class[16], state[16], verdict[DESK_WHY];
    struct digest leaf, answers;
    json_t *row, *erased;

    row_text(r, 1, party, sizeof party);
    row_text(r, 4, state, sizeof state);
    row_text(r, 5, kind, sizeof kind);
    row_text(r, 6, class, sizeof class);
    memcpy(leaf.byte, row_bytes(r, 2).data, 32);
    row = json_pack("{s:s, s:o, s:I, s:s, s:s, s:o, s:b, s:b}", "party", party, "leaf",
                    json_digest(&leaf), "number", (json_int_t)row_integer(r, 8), "kind", kind,
                    "class", class, "time", json_seconds(row_integer(r, 17)), "stored",
                    row_has(r, 18) || strcmp(party, p->own->id) != 0, "binding", row_has(r, 19));
    if (row_has(r, 3))
        json_object_set_new(row, "index", json_integer(row_integer(r, 3)));
    if (row_bytes(r, 9).len == 32) {
        memcpy(answers.byte, row_bytes(r, 9).data, 32);
        json_object_set_new(row, "answers", json_digest(&answers));
    }
    if (row_text(r, 16, verdict, sizeof verdict) && verdict[0] != '\0')
        json_object_set_new(row, "verdict", json_string(verdict));
    add_fields(row, row_bytes(r, 11));
    erased = row_bytes(r, 11).len == 0 ? erase_json(p, party, &leaf) : NULL;
    if (erased != NULL)
        json_object_set_new(row, "erased", erased);
    json_object_set_new(row, "officers", officers_of(p, row_bytes(r, 15)));
    return row;
}

static json_t *statements_json(struct desk_pact *p, const char *case_id)
{
    struct rows r = store_ask(p->desk->store, QUERY_STATEMENT_CASE,
                              STORE_WITH(value_text(p->now->id), value_text(case_id)));
    json_t *list = json_array();

    while (rows_next(&r)) {
        char state[16];

        row_text(&r, 4, state, sizeof state);
        if (strcmp(state, "refused") != 0)
            json_array_append_new(list, statement_json(p, &r));
    }
    if (fault_is(rows_done(&r)))
        json_array_clear(list);
    return list;
}

json_t *ask_case(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    const char *id = ask_text(ask, "case");
    struct rows r = store_ask(p->desk->store, QUERY_CASE_GET,
                              STORE_WITH(value_text(p->now->id), value_text(id)));
    struct row_text text;
    struct desk_case *c;
    json_t *answer;
    bool there = rows_next(&r);
    struct fault f;

    (void)say;
    (void)client;
    if (there)
        row_read(&r, &text);
    f = rows_done(&r);
    c = memory_zeroed(1, sizeof *c);
    if (!fault_is(f) && there)
        f = life_replay(p, id, c);
    if (fault_is(f) || !there) {
        free(c);
        return answer_error("not-found", 8, "there is no such case", id, "parley case list --all");
    }
    if (case_overdue(&c->life, p->desk->now) != 0)
        life_overdue(p);
    answer = row_json(p, &text, c);
    json_object_set_new(answer, "v", json_integer(1));
    json_object_set_new(answer, "ok", json_true());
    json_object_set_new(answer, "now", json_instant(p->desk->now));
    json_object_set_new(answer, "statements", statements_json(p, id));
    json_object_set_new(answer, "clocks", clocks_json(c));
    json_object_set_new(answer, "allowed",
                        allowed_json(p, c, text.article, (uint32_t)text.version));
    free(c);
    return answer;
}

json_t *ask_incidents(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    struct json_limits limits = {1 << 20, JSON_DEPTH};
    json_t *answer = answer_good(), *list = json_array();
    struct rows r =
        store_ask(p->desk->store, QUERY_INCIDENT_LIST, STORE_WITH(value_text(p->now->id)));

    (void)ask;
    (void)say;
    (void)client;
    while (rows_next(&r)) {
        char id[80], case_id[CASE_TEXT];
        json_t *body = NULL;

        if (fault_is(json_read(row_bytes(&r, 3), limits, &body)))
            continue;
        row_text(&r, 0, id, sizeof id);
        json_object_set_new(body, "id", json_string(id));
        if (row_text(&r, 4, case_id, sizeof case_id) && case_id[0] != '\0')
            json_object_set_new(body, "case", json_string(case_id));
        json_array_append_new(list, body);
    }
    if (fault_is(rows_done(&r)))
        json_array_clear(list);
    json_object_set_new(answer, "incidents", list);
    return answer;
}
