#include "desk/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ledger/growth.h"
#include "json/profile.h"

/* The state of the node: status, ledger, partner, watch, agreements. */

static json_t *ledger_json(const struct desk_pact *p)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "size",
                     (json_int_t)(p->log == NULL ? 0 : ledger_size(p->log)), "stored",
                     (json_int_t)p->head.stored, "binding", (json_int_t)p->head.binding, "theirs",
                     (json_int_t)(p->mirror_open ? ledger_size(p->mirror.log) : 0), "cosigned",
                     (json_int_t)p->talk.mirror);
}

static json_t *alarms_json(struct desk_pact *p)
{
    struct rows r = store_ask(p->desk->store, QUERY_ALARM_LIST, STORE_WITH(value_text(p->now->id)));
    json_t *list = json_array();

    while (rows_next(&r)) {
        char name[80], detail[400], text[500];

        row_text(&r, 0, name, sizeof name);
        row_text(&r, 1, detail, sizeof detail);
        snprintf(text, sizeof text, "%s: %s", name, detail);
        json_array_append_new(list, json_string(text));
    }
    if (fault_is(rows_done(&r)))
        json_array_clear(list);
    return list;
}

/* What watch said last of its sources, its lists (`lists` may be NULL) and its counts. */
static json_t *watch_says(struct desk_pact *p, json_t **totals, json_t **lists)
{
    struct json_limits limits = {1 << 20, JSON_DEPTH};
    struct rows r = store_ask(p->desk->store, QUERY_WATCH_GET, STORE_WITH(value_text(p->now->id)));
    json_t *body = NULL, *sources = json_array();

    *totals = json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "events", 0,
                        "oriented", 0, "attributed", 0, "matched", 0, "incidents", 0, "late", 0,
                        "ahead", 0, "damaged_lines", 0, "groups_dropped", 0, "matches_refused", 0,
                        "samples_unkept", 0, "twice", 0);
    if (rows_next(&r) && fault_is(json_read(row_bytes(&r, 2), limits, &body)))
        body = NULL;
    if (!fault_is(rows_done(&r)) && json_is_object(body)) {
        if (json_is_array(json_object_get(body, "sources")))
            json_array_extend(sources, json_object_get(body, "sources"));
        if (lists != NULL)
            *lists = json_incref(json_object_get(body, "indicators"));
        json_object_update(*totals, json_object_get(body, "totals"));
    }
    json_object_set_new(*totals, "samples_thrown", json_integer(record_thrown(p)));
    json_decref(body);
    return sources;
}

static json_t *watch_sources(struct desk_pact *p, json_t **totals)
{
    return watch_says(p, totals, NULL);
}

static void count_needs(struct desk_pact *p, json_t *answer)
{
    int ours = 0, theirs = 0;
    json_t *overdue = json_array();
    const struct due *next = NULL;
    const char *next_case = "";

    life_overdue(p);
    for (size_t i = 0; i < p->case_count; i++) {
        const struct desk_case *c = &p->cases[i];
        enum case_side us = c->we_opened ? SIDE_OPENER : SIDE_OTHER;

        ours += case_pressing(&c->life, us) != NULL;
        theirs += case_pressing(&c->life, side_other(us)) != NULL;
        for (size_t k = 0; k < c->life.due_count; k++) {
            const struct due *d = &c->life.due[k];

            if (d->state == DUE_OVERDUE)
                json_array_append_new(
                    overdue, json_pack("{s:s, s:s, s:o, s:s, s:b}", "case", c->id, "clock",
                                       clock_name(d->clock), "due", json_instant(d->due), "who",
                                       d->owes == us ? "us" : "them", "receipt", d->receipt));
            if (d->state == DUE_RUNNING && (next == NULL || d->due.us < next->due.us)) {
                next = d;
                next_case = c->id;
            }
        }
    }
    json_object_set_new(answer, "needs-you", json_integer(ours));
    json_object_set_new(answer, "waits-for-them", json_integer(theirs));
    json_object_set_new(answer, "overdue", overdue);
    if (next != NULL)
        json_object_set_new(answer, "next-deadline",
                            json_pack("{s:s, s:s, s:o}", "case", next_case, "clock",
                                      clock_name(next->clock), "due", json_instant(next->due)));
}

json_t *ask_status(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    const char *why;
    json_t *answer = answer_good(), *totals;

    (void)ask;
    (void)say;
    (void)client;
    (void)pact_may_sign(p, &why);
    json_object_set_new(answer, "now", json_instant(p->desk->now));
    json_object_set_new(answer, "party", json_string(p->own->id));
    json_object_set_new(answer, "peer", json_string(p->peer->id));
    json_object_set_new(answer, "agreement", json_string(p->now->id));
    json_object_set_new(answer, "version", json_integer(p->now->version));
    json_object_set_new(answer, "link", link_json(p));
    json_object_set_new(answer, "ledger", ledger_json(p));
    json_object_set_new(
        answer, "clock",
        json_pack("{s:b, s:s}", "ok", p->desk->clock[0] == '\0', "why", p->desk->clock));
    json_object_set_new(answer, "signing", json_string(why));
    json_object_set_new(answer, "alarms", alarms_json(p));
    json_object_set_new(answer, "sensors", watch_sources(p, &totals));
    json_decref(totals);
    count_needs(p, answer);
    return answer;
}

static void check_add(json_t *list, const char *name, const char *state, const char *found,
                      const char *try)
{
    json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "name", name, "state", state,
                                          "found", found, "try", try));
}

/* A sensor that is silent or lost sees nothing: the quiet is not peace. */
static void check_sensors(json_t *list, const json_t *sensors)
{
    char text[300];
    size_t i, bad = 0;
    json_t *one;

    snprintf(text, sizeof text, "%zu sources", json_array_size(sensors));
    json_array_foreach(sensors, i, one)
    {
        const char *state = ask_text(one, "state");

        if (strcmp(state, "silent") != 0 && strcmp(state, "lost") != 0)
            continue;
        if (bad++ == 0)
            snprintf(text, sizeof text, "%s is %s", ask_text(one, "name"), state);
    }
    if (bad > 1)
        snprintf(text + strlen(text), sizeof text - strlen(text), ", and %zu more", bad - 1);
    check_add(list, "sensors", json_array_size(sensors) != 0 && bad == 0 ? "ok" : "warn", text,
              json_array_size(sensors) == 0 ? "parley init --help"
              : bad == 0                    ? ""
                                            : "parley watch sources");
}

json_t *ask_doctor(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    json_t *answer = answer_good(), *list = json_array(), *totals, *sensors;
    struct fault store = store_check(p->desk->store);

    (void)ask;
    (void)say;
    (void)client;
    check_add(list, "clock", p->desk->clock[0] == '\0' ? "ok" : "fail",
              p->desk->clock[0] == '\0' ? "goes with the monotonic clock and the ledgers"
                                        : p->desk->clock,
              p->desk->clock[0] == '\0' ? "" : "set the clock by NTP; the node goes on by itself");
    check_add(list, "keeper", p->desk->keeper_here ? "ok" : "fail",
              p->desk->keeper_here ? "signs heads" : "is not there",
              p->desk->keeper_here ? "" : "see the node's log");
    check_add(list, "fence", p->fence[0] == '\0' ? "ok" : "fail",
              p->fence[0] == '\0' ? "log and keeper's record agree" : p->fence,
              p->fence[0] == '\0' ? "" : "bring up the link to the partner");
    check_add(list, "store", fault_is(store) ? "fail" : "ok",
              fault_is(store) ? store.rule : "whole", fault_is(store) ? "restore a backup" : "");
    check_add(list, "link", p->link_up ? "ok" : "warn", p->link_why,
              p->link_up ? "" : "parley peer show");
    check_add(list, "officers", registry_at(p->registry, 1) != NULL ? "ok" : "warn",
              registry_at(p->registry, 1) != NULL ? "two or more are enrolled"
                                                  : "fewer than two are enrolled",
              registry_at(p->registry, 1) != NULL ? "" : "parley officer add --help");
    sensors = watch_sources(p, &totals);
    check_sensors(list, sensors);
    json_decref(sensors);
    json_decref(totals);
    json_object_set_new(answer, "checks", list);
    return answer;
}

/* --- ledger --------------------------------------------------------------------------------- */

static bool wants_theirs(const json_t *ask)
{
    return strcmp(ask_text(ask, "log"), "theirs") == 0;
}

static json_t *no_log(void)
{
    return answer_error("not-found", 8, "the partner's log is not here yet",
                        "the link was never up", "parley status");
}

int64_t ask_number(const json_t *ask, const char *name, int64_t otherwise)
{
    const json_t *value = json_object_get(ask, name);

    return json_is_integer(value) && json_integer_value(value) >= 0 ? json_integer_value(value)
                                                                    : otherwise;
}

json_t *ask_ledger(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    bool theirs = wants_theirs(ask);
    const struct ledger *log = theirs ? (p->mirror_open ? p->mirror.log : NULL) : p->log;
    json_t *answer, *list = json_array(), *item, *erased;
    uint64_t size, stored, binding, from, count;

    (void)say;
    (void)client;
    if (log == NULL) {
        json_decref(list);
        return no_log();
    }
    size = ledger_size(log);
    stored = theirs ? size : p->head.stored;
    binding = theirs ? p->talk.mirror : p->head.binding;
    count = (uint64_t)ask_number(ask, "count", 20);
    count = count > 256 ? 256 : count;
    from = (uint64_t)ask_number(ask, "from", (int64_t)(size > count ? size - count : 0));
    for (uint64_t i = from; i < size && i - from < count; i++) {
        struct buf text = {0};
        struct fault f = ledger_read(log, i, &text);

        if (fault_is(f)) {
            buf_done(&text);
            json_decref(list);
            return answer_fault(f, "the log cannot be read", "parley ledger audit");
        }
        item = json_pack("{s:I, s:o, s:o, s:b, s:b}", "index", (json_int_t)i, "leaf",
                         json_digest(ledger_leaf(log, i)), "text", json_bytes(buf_view(&text)),
                         "stored", i < stored, "binding", i < binding);
        erased = erase_json(p, theirs ? p->peer->id : p->own->id, ledger_leaf(log, i));
        if (erased != NULL)
            json_object_set_new(item, "erased", erased);
        json_array_append_new(list, item);
        buf_done(&text);
    }
    answer = answer_good();
    json_object_set_new(answer, "log", json_string(theirs ? "theirs" : "ours"));
    json_object_set_new(answer, "size", json_integer((json_int_t)size));
    json_object_set_new(answer, "stored", json_integer((json_int_t)stored));
    json_object_set_new(answer, "binding", json_integer((json_int_t)binding));
    json_object_set_new(answer, "entries", list);
    return answer;
}

json_t *ask_checkpoint(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    json_t *answer = answer_good();
    struct bytes ours = p->head.binding == p->head.stored ? head_binding_note(&p->head)
                                                          : head_stored_note(&p->head);
    struct bytes theirs = p->mirror_open ? mirror_cosigned_note(&p->mirror) : bytes_text("");

    (void)ask;
    (void)say;
    (void)client;
    json_object_set_new(answer, "ours", json_bytes(ours));
    json_object_set_new(answer, "theirs", json_bytes(theirs));
    return answer;
}

/* The disclosed form that belongs to an entry; empty where it was erased or refused. */
static struct fault document_at(struct desk_pact *p, const struct party *party, uint64_t index,
                                struct buf *out)
{
    struct rows r = store_ask(
        p->desk->store, QUERY_STATEMENT_AT,
        STORE_WITH(value_text(p->now->id), value_text(party->id), value_integer((int64_t)index)));

    if (rows_next(&r))
        buf_bytes(out, row_bytes(&r, 11));
    return rows_done(&r);
}

json_t *ask_prove(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    bool theirs = wants_theirs(ask);
    const struct ledger *log = theirs ? (p->mirror_open ? p->mirror.log : NULL) : p->log;
    struct bytes note;
    uint64_t size, index = (uint64_t)ask_number(ask, "index", INT64_MAX);
    json_t *answer, *proof = json_array();
    struct tree_path path;
    struct buf text = {0};
    struct fault f;

    (void)say;
    (void)client;
    note = log == NULL ? bytes_text("")
           : theirs    ? mirror_cosigned_note(&p->mirror)
                       : head_binding_note(&p->head);
    size = theirs ? p->talk.mirror : p->head.binding;
    if (log == NULL || index >= size) {
        json_decref(proof);
        return answer_error("not-found", 8, "no such entry is binding", "", "parley ledger show");
    }
    f = ledger_read(log, index, &text);
    if (!fault_is(f))
        f = tree_prove_inclusion(ledger_reader(log), index, size, &path);
    if (fault_is(f)) {
        json_decref(proof);
        buf_done(&text);
        return answer_fault(f, "the proof could not be made", "parley ledger audit");
    }
    for (size_t i = 0; i < path.count; i++)
        json_array_append_new(proof, json_digest(&path.hash[i]));
    answer = json_pack("{s:i, s:b, s:s, s:I, s:o, s:o, s:I, s:o, s:o}", "v", 1, "ok", 1, "log",
                       theirs ? "theirs" : "ours", "index", (json_int_t)index, "entry",
                       json_bytes(buf_view(&text)), "leaf", json_digest(ledger_leaf(log, index)),
                       "size", (json_int_t)size, "proof", proof, "note", json_bytes(note));
    buf_clear(&text);
    f = document_at(p, theirs ? p->peer : p->own, index, &text);
    json_object_set_new(answer, "document",
                        json_bytes(fault_is(f) ? bytes_text("") : buf_view(&text)));
    buf_done(&text);
    return answer;
}

json_t *ask_growth(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    bool theirs = wants_theirs(ask);
    const struct ledger *log = theirs ? (p->mirror_open ? p->mirror.log : NULL) : p->log;
    uint64_t from = (uint64_t)ask_number(ask, "from", INT64_MAX);
    struct buf text = {0};
    struct growth growth;
    json_t *answer;
    struct fault f;

    (void)say;
    (void)client;
    if (log == NULL || from > (theirs ? p->talk.mirror : p->head.binding))
        return answer_error("not-found", 8, "no head of that size is binding", "",
                            "parley ledger checkpoint");
    f = growth_make(log, from,
                    theirs ? mirror_cosigned_note(&p->mirror) : head_binding_note(&p->head),
                    &growth);
    if (fault_is(f))
        return answer_fault(f, "the proof could not be made", "parley ledger audit");
    growth_write(&growth, &text);
    answer = answer_good();
    json_object_set_new(answer, "log", json_string(theirs ? "theirs" : "ours"));
    json_object_set_new(answer, "from", json_integer((json_int_t)from));
    json_object_set_new(answer, "growth", json_bytes(buf_view(&text)));
    buf_done(&text);
    return answer;
}

/* --- partner, watch, agreements ------------------------------------------------------------- */

json_t *ask_peer(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    json_t *answer = answer_good(), *prints = json_array(), *tls = json_array(),
           *nodes = json_array();

    (void)ask;
    (void)say;
    (void)client;
    for (size_t i = 0; i < p->peer->root_count; i++) {
        const struct root_key *k = &p->peer->roots[i];
        const struct suite *suite = suite_find(bytes_text(k->suite));
        char text[FINGERPRINT_TEXT] = "";

        if (suite != NULL)
            fingerprint_write(suite_key_id(suite, bytes_of(k->key, k->key_len)), text);
        json_array_append_new(prints,
                              json_pack("{s:s, s:s}", "suite", k->suite, "fingerprint", text));
    }
    for (size_t i = 0; i < p->peer->tls_count; i++) {
        struct digest pin;

        memcpy(pin.byte, p->peer->tls[i], sizeof pin.byte);
        json_array_append_new(tls, json_digest(&pin));
    }
    for (size_t i = 0; i < p->peer->node_count; i++)
        json_array_append_new(nodes, json_string(p->peer->nodes[i]));
    json_object_set_new(answer, "party", json_string(p->peer->id));
    json_object_set_new(answer, "name", json_string(p->peer->name));
    json_object_set_new(answer, "fingerprints", prints);
    json_object_set_new(answer, "tls", tls);
    json_object_set_new(answer, "nodes", nodes);
    json_object_set_new(answer, "link", link_json(p));
    json_object_set_new(answer, "cosigned", json_integer((json_int_t)p->talk.mirror));
    if (p->mirror_open)
        json_object_set_new(answer, "head",
                            json_pack("{s:I, s:o, s:o}", "size", (json_int_t)p->talk.mirror, "root",
                                      json_digest(&p->talk.mirror_root), "time",
                                      json_instant(p->cosigned)));
    json_object_set_new(answer, "quota",
                        json_pack("{s:I, s:I}", "entries", (json_int_t)p->now->quota_entries,
                                  "bytes", (json_int_t)p->now->quota_bytes));
    return answer;
}

json_t *ask_watch(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    json_t *answer = answer_good(), *totals, *lists = NULL,
           *sources = watch_says(p, &totals, &lists);

    (void)ask;
    (void)say;
    (void)client;
    json_object_set_new(answer, "totals", totals);
    json_object_set_new(answer, "sources", sources);
    json_object_set_new(answer, "indicators", lists != NULL ? lists : json_array());
    return answer;
}

/* The rule that made it an incident: what the agreement says, in its own numbers. */
static json_t *article_json(const struct article *a)
{
    if (a == NULL)
        return json_null();
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "id", a->id, "title", a->title, "covers",
                     a->covers == NULL ? "" : a->covers, "count", (json_int_t)a->threshold_count,
                     "within", (json_int_t)a->threshold_within, "gap", (json_int_t)a->gap);
}

json_t *ask_explain(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    json_t *all = ask_incidents(p, ask, say, client), *answer, *item, *found = NULL;
    const struct article *article;
    size_t i;

    json_array_foreach(json_object_get(all, "incidents"), i,
                       item) if (strcmp(ask_text(item, "id"), ask_text(ask, "incident")) == 0)
        found = item;
    if (found == NULL) {
        json_decref(all);
        return answer_error("not-found", 8, "there is no such incident", "",
                            "parley watch incidents");
    }
    article = agreement_article(p->now, ask_text(found, "article"));
    answer = answer_good();
    json_object_set(answer, "incident", found);
    json_object_set_new(answer, "title", json_string(article == NULL ? "" : article->title));
    json_object_set_new(answer, "article", article_json(article));
    json_object_set(answer, "reasons", json_object_get(found, "reasons"));
    json_object_set_new(answer, "samples", incident_samples(p, found));
    json_decref(all);
    return answer;
}

json_t *ask_agreements(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    json_t *answer = answer_good(), *list = json_array();
    const struct desk *d = p->desk;

    (void)ask;
    (void)say;
    (void)client;
    for (size_t i = 0; i < d->agreement_count; i++) {
        const struct agreement *a = d->agreements[i];
        struct digest digest;

        if (strcmp(a->id, p->now->id) != 0)
            continue;
        memcpy(digest.byte, a->digest, sizeof digest.byte);
        json_array_append_new(list,
                              json_pack("{s:s, s:I, s:o, s:s, s:s, s:o}", "id", a->id, "version",
                                        (json_int_t)a->version, "digest", json_digest(&digest),
                                        "state", a == p->now ? "current" : "old", "by", "", "text",
                                        json_bytes(a->canonical)));
    }
    json_object_set_new(answer, "agreements", list);
    return answer;
}

/* Two heads of one log that cannot both be: what a third person is shown. */
json_t *ask_contradictions(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    struct rows r =
        store_ask(p->desk->store, QUERY_CONTRADICTION_LIST, STORE_WITH(value_text(p->now->id)));
    json_t *answer = answer_good(), *list = json_array();

    (void)ask;
    (void)say;
    (void)client;
    while (rows_next(&r)) {
        char party[AGREEMENT_ID + 1], kind[32];

        row_text(&r, 0, party, sizeof party);
        row_text(&r, 1, kind, sizeof kind);
        json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:o, s:o}", "party", party, "kind",
                                              kind, "note", json_bytes(row_bytes(&r, 2)), "held",
                                              json_bytes(row_bytes(&r, 3)), "time",
                                              json_seconds(row_integer(&r, 4))));
    }
    if (fault_is(rows_done(&r)))
        json_array_clear(list);
    json_object_set_new(answer, "contradictions", list);
    return answer;
}

/* How often which rule refused what: numbers that can be published (mission 5.3). */
json_t *ask_refusals(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    struct rows r =
        store_ask(p->desk->store, QUERY_REFUSAL_LIST, STORE_WITH(value_text(p->now->id)));
    json_t *answer = answer_good(), *list = json_array();

    (void)ask;
    (void)say;
    (void)client;
    while (rows_next(&r)) {
        char direction[8], rule[DESK_WHY];

        row_text(&r, 0, direction, sizeof direction);
        row_text(&r, 1, rule, sizeof rule);
        json_array_append_new(list, json_pack("{s:s, s:s, s:I}", "direction", direction, "rule",
                                              rule, "count", (json_int_t)row_integer(&r, 2)));
    }
    if (fault_is(rows_done(&r)))
        json_array_clear(list);
    json_object_set_new(answer, "refusals", list);
    return answer;
}
