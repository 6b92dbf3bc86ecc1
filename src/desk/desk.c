#include "desk/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "desk/anchor.h"
#include "desk/ask.h"
#include "desk/state.h"

/* Every command of docs/PROTOCOL.control. `early`: may be asked before the logs are open. */
static const struct {
    const char *name;
    command_run run;
    bool early;
    const char *members; /* allowed beside v, do, agreement */
} commands[] = {
    {"status", ask_status, true, ""},
    {"doctor", ask_doctor, true, ""},
    {"backup", backup_make, true, ""},
    {"desk", ask_desk, true, ""},
    {"case.list", ask_cases, true, "all"},
    {"case.show", ask_case, true, "case"},
    {"case.export", bundle_export, false, "case"},
    {"incident.list", ask_incidents, true, ""},
    {"share.released", share_released, true, "objects"},
    {"ledger.show", ask_ledger, false, "log from count"},
    {"ledger.checkpoint", ask_checkpoint, false, ""},
    {"ledger.prove", ask_prove, false, "log index"},
    {"ledger.growth", ask_growth, false, "log from"},
    {"ledger.wait", await_ask, false, "log index seconds"},
    {"ledger.anchor", anchor_add, false, "log kind note data"},
    {"ledger.audit", ask_audit, false, ""},
    {"ledger.erase", erase_do, false, "log index officer reason"},
    {"officer.list", officers_list, true, ""},
    {"officer.add", officers_enrol, false, "document"},
    {"keys.reload", keys_reload, false, ""},
    {"keys.change", keys_change, false, "document dry"},
    {"keys.show", keys_show, false, ""},
    {"keys.all", keys_all, false, ""}, /* of every agreement: they share the files of the keys */
    {"peer.show", ask_peer, true, ""},
    {"contradiction.list", ask_contradictions, true, ""},
    {"refusal.list", ask_refusals, true, ""},
    {"alarm.list", alarms_list, true, ""},
    {"alarm.clear", alarms_clear, true, "name"},
    {"watch.stats", ask_watch, true, ""},
    {"watch.sources", ask_watch, true, ""},
    {"hit.list", ask_hits, true, "count"},
    {"watch.explain", ask_explain, true, "incident"},
    {"agreement.show", ask_agreements, true, ""},
    {"agreement.propose", terms_say, false, "text signatures"},
    {"agreement.accept", terms_say, false, "text signatures"},
    {"draft", draft_make, false,
     "kind case incident answers fields class urgency tlp withhold open officer dry"},
    {"decide", draft_decide, false, "draft decision suite signature"},
    {"release.list", draft_list, true, ""},
    {"release.show", draft_show, true, "draft"},
    {"release.refuse", draft_refuse, true, "draft officer reason"},
};

enum {
    DESK_PUBLISH = 1000000,     /* microseconds between two publications */
    DESK_GRACE = 600 * 1000000, /* microseconds that evidence roots wait for the first HELLO */
};

static struct fault begin_pacts(struct desk *d)
{
    for (size_t i = 0; i < d->agreement_count; i++) {
        const struct agreement *a = d->agreements[i];
        struct desk_pact *p = pact_find(d, bytes_text(a->id));

        if (p != NULL) {
            /* Ascending versions: the last is in force. */
            p->now = a;
            p->own = agreement_party(a, d->party);
            p->peer = agreement_other(a, p->own);
            continue;
        }
        if (d->pact_count == DESK_PACTS)
            return fault_make(FAULT_LIMIT, 0, "desk: more agreements than a node can hold");
        {
            struct fault f = pact_begin(d, a, &d->pact[d->pact_count]);

            d->pact_count++;
            if (fault_is(f))
                return f;
        }
    }
    return fault_none();
}

static void set_time(struct desk *d, struct instant now, struct tick tick)
{
    d->now = now;
    d->tick = tick;
}

struct fault desk_new(const struct desk_start *start, const char *store, struct instant now,
                      struct tick tick, struct desk **out)
{
    struct desk *d = memory_zeroed(1, sizeof *d);
    struct fault f;

    d->host = *start->host;
    d->sample_bytes = start->sample_bytes != 0 ? start->sample_bytes : DESK_SAMPLES;
    for (size_t i = 0; i < start->agreement_count && i < DESK_VERSIONS; i++)
        d->agreements[d->agreement_count++] = start->agreements[i];
    snprintf(d->party, sizeof d->party, "%s", start->party);
    set_time(d, now, tick);
    d->drift = now.us - tick.us;
    d->began = tick;
    d->keeper_here = true;
    f = store_open(backend_of(store), &schema_node, store, STORE_SOLE, &d->store);
    if (!fault_is(f))
        f = begin_pacts(d);
    if (fault_is(f))
        desk_free(d);
    else
        *out = d;
    return f;
}

void desk_free(struct desk *d)
{
    if (d == NULL)
        return;
    for (size_t i = 0; i < d->pact_count; i++)
        pact_done(&d->pact[i]);
    for (size_t i = 0; i < d->waiting_count; i++)
        json_decref(d->waiting[i].answer);
    for (size_t i = 0; i < d->taken_count; i++)
        agreement_free(d->taken[i]);
    hear_early_forget(d);
    shelf_done(&d->shelf);
    store_close(d->store);
    free(d);
}

/* --- our own clock -------------------------------------------------------------------------- */

/* DESIGN section 5, rule 1: a node refuses to append while its clock is off. It is off if it
 * jumped against the monotonic clock, or lies before what we ourselves have already said and
 * cosigned. When the partner says he cosigned does not count: his clock must not stop us. */
static void look_at_clock(struct desk *d)
{
    int64_t jump = (d->now.us - d->tick.us - d->drift) / 1000000;

    d->clock[0] = '\0';
    for (size_t i = 0; i < d->pact_count; i++) {
        const struct desk_pact *p = &d->pact[i];
        int64_t skew = p->now->skew, back;
        struct instant last = p->cosigned.us > p->last_said.us ? p->cosigned : p->last_said;

        back = (last.us - d->now.us) / 1000000;
        if (jump > skew || -jump > skew)
            snprintf(d->clock, sizeof d->clock,
                     "our clock jumped by %lld s against the monotonic clock; nothing is appended "
                     "until it is right again or the node is started anew",
                     (long long)jump);
        else if (back > skew)
            snprintf(d->clock, sizeof d->clock,
                     "our clock is %lld s before what we have already signed; nothing is "
                     "appended until it is right",
                     (long long)back);
    }
}

/* --- messages and commands ------------------------------------------------------------------ */

static struct fault hear(struct desk *d, enum process from, uint16_t type, struct bytes body)
{
    switch (from) {
    case PROCESS_GATE:
        return hear_gate(d, type, body);
    case PROCESS_JUDGE:
        return hear_judge(d, type, body);
    case PROCESS_KEEPER:
        return keeper_heard(d, type, body);
    case PROCESS_WATCH:
        return watch_heard(d, type, body);
    default:
        return fault_make(FAULT_UNKNOWN, 0, "ipc: a neighbour that desk does not have");
    }
}

struct fault desk_message(struct desk *d, enum process from, uint16_t type, struct bytes body,
                          struct instant now, struct tick tick)
{
    struct fault f;

    set_time(d, now, tick);
    look_at_clock(d);
    f = hear(d, from, type, body);
    return fault_is(f) ? f : store_ready(d->store);
}

void desk_neighbour(struct desk *d, enum process other, bool here, struct instant now,
                    struct tick tick)
{
    set_time(d, now, tick);
    if (other == PROCESS_KEEPER) {
        d->keeper_here = here;
        for (size_t i = 0; i < d->pact_count; i++) {
            d->pact[i].signing = d->pact[i].catching = false;
            d->pact[i].kept = false; /* until the new one says it */
            if (d->pact[i].cosigning)
                hold_keeper_lost(&d->pact[i]);
            d->pact[i].cosigning = false;
            if (here) {
                terms_keeper_has_it(&d->pact[i]);
                greet_again(&d->pact[i]);
            }
        }
    }
    if (other == PROCESS_GATE || other == PROCESS_JUDGE)
        hear_early_forget(d); /* a new gate numbers its links from 1 again */
    if (other == PROCESS_GATE || other == PROCESS_JUDGE)
        for (size_t i = 0; i < d->pact_count; i++)
            hear_lost(&d->pact[i], "a process of our own is being started anew");
    if (other == PROCESS_WATCH && here)
        watch_start(d);
    if (other == PROCESS_EXCHANGE && here)
        share_start(d);
}

static bool word_in(const char *list, const char *word)
{
    size_t len = strlen(word);

    for (const char *at = list; (at = strstr(at, word)) != NULL; at += len)
        if ((at == list || at[-1] == ' ') && (at[len] == '\0' || at[len] == ' '))
            return true;
    return false;
}

static const char *stranger_in(const json_t *ask, const char *members)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)ask, name,
                        value) if (!word_in("v do agreement", name) &&
                                   !word_in(members, name)) return name;
    return NULL;
}

static json_t *run_command(struct desk *d, const json_t *ask, desk_answer say, void *client)
{
    const char *name = ask_text(ask, "do"), *agreement = ask_text(ask, "agreement"), *odd;
    struct desk_pact *p = agreement[0] == '\0' ? &d->pact[0] : pact_find(d, bytes_text(agreement));

    if (json_integer_value(json_object_get(ask, "v")) != 1)
        return answer_error("usage", 2, "version 1 of PROTOCOL.control is spoken here", "", "");
    if (p == NULL || (agreement[0] == '\0' && d->pact_count != 1))
        return answer_error("usage", 2, "which agreement?", "the node holds several, or not this",
                            "name it: --agreement ID");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(commands[i].name, name) != 0)
            continue;
        odd = stranger_in(ask, commands[i].members);
        if (odd != NULL)
            return answer_error("usage", 2, "a member that this command does not have", odd,
                                "docs/PROTOCOL.control");
        if (!commands[i].early && p->log == NULL)
            return answer_error("not-ready", 1, "the node is still starting", p->fence,
                                "try again in a moment");
        return commands[i].run(p, ask, say, client);
    }
    return answer_error("usage", 2, "there is no such command", name, "docs/PROTOCOL.control");
}

void desk_command(struct desk *d, const json_t *ask, struct instant now, struct tick tick,
                  desk_answer say, void *client)
{
    json_t *answer;

    set_time(d, now, tick);
    look_at_clock(d);
    answer = run_command(d, ask, say, client);
    if (answer != NULL)
        say(client, answer);
}

void desk_forget(struct desk *d, void *client)
{
    await_forget(d, client);
    for (size_t i = 0; i < d->waiting_count;) {
        if (d->waiting[i].client != client) {
            i++;
            continue;
        }
        json_decref(d->waiting[i].answer);
        d->waiting[i] = d->waiting[--d->waiting_count];
    }
}

/* --- time ----------------------------------------------------------------------------------- */

/* DESIGN section 5, rule 6: one entry a period, whatever was seen. */
void evidence_due(struct desk_pact *p)
{
    int64_t period = instant_seconds(p->desk->now) / p->now->evidence_period;
    const char *why;
    struct buf last = {0};
    struct fault f;
    char text[24];

    if (p->log == NULL || p->head.stored == 0 || !pact_may_sign(p, &why))
        return;
    /* A node restored from a backup learns that it is behind from the partner alone. What it says
     * by itself waits for that a while, lest it fork its own log. */
    if (!p->greeted && p->desk->tick.us - p->desk->began.us < DESK_GRACE)
        return;
    if (p->evidence == 0) {
        state_get(p, "evidence-period", &last);
        p->evidence = strtoll(buf_str(&last), NULL, 10);
        buf_done(&last);
    }
    if (p->evidence >= period)
        return;
    snprintf(text, sizeof text, "%lld", (long long)period);
    f = store_begin(p->desk->store);
    if (!fault_is(f))
        f = say_evidence(p);
    if (!fault_is(f))
        f = state_put(p, "evidence-period", text);
    if (!fault_is(f))
        f = store_commit(p->desk->store);
    else
        store_rollback(p->desk->store);
    if (fault_is(f)) {
        p->desk->host.say(p->desk->host.context, "evidence root", f);
        return;
    }
    p->evidence = period;
    commit_go(p);
}

static void publish_one(struct desk_pact *p)
{
    struct bytes ours = p->log == NULL                      ? bytes_text("")
                        : p->head.binding == p->head.stored ? head_binding_note(&p->head)
                                                            : head_stored_note(&p->head);
    struct fault f = fault_none();

    if (ours.len != 0)
        f = publish_note(&p->own_publish, ours);
    if (!fault_is(f) && p->mirror_open && mirror_cosigned_note(&p->mirror).len != 0)
        f = publish_note(&p->peer_publish, mirror_cosigned_note(&p->mirror));
    if (fault_is(f) && f.kind != FAULT_ORDER)
        p->desk->host.say(p->desk->host.context, "publish", f);
}

void desk_publish(struct desk *d)
{
    for (size_t i = 0; i < d->pact_count; i++)
        publish_one(&d->pact[i]);
    d->published = d->tick;
}

bool desk_is_broken(const struct desk *d)
{
    for (size_t i = 0; i < d->pact_count; i++) {
        const struct desk_pact *p = &d->pact[i];

        if ((p->log != NULL && ledger_is_stopped(p->log)) ||
            (p->mirror_open && ledger_is_stopped(p->mirror.log)))
            return true;
    }
    return false;
}

/* Drafts that no second officer released in time; their permits would not hold any more. */
static void drop_expired(struct desk *d)
{
    struct fault f = store_do(d->store, QUERY_DRAFT_EXPIRED, NULL,
                              STORE_WITH(value_integer(instant_seconds(d->now))));

    if (fault_is(f))
        d->host.say(d->host.context, "drafts", f);
}

void desk_turn(struct desk *d, struct instant now, struct tick tick)
{
    struct fault f;

    set_time(d, now, tick);
    look_at_clock(d);
    await_turn(d);
    f = store_flush(d->store);
    if (fault_is(f))
        d->host.say(d->host.context, "store", f);
    for (size_t i = 0; i < d->pact_count; i++) {
        struct desk_pact *p = &d->pact[i];
        struct conversation_actions actions = {.count = 0};

        if (p->log == NULL)
            continue;
        life_overdue(p);
        evidence_due(p);
        hold_turn(p);
        conversation_tick(&p->talk, tick, &actions);
        talk_act(p, &actions);
        commit_go(p);
    }
    if (tick.us - d->published.us < DESK_PUBLISH)
        return;
    for (size_t i = 0; i < d->pact_count; i++)
        if (d->pact[i].log != NULL) {
            if (d->pact[i].terms_due)
                terms_look(&d->pact[i]);
            terms_tell_again(&d->pact[i]);
            hold_look(&d->pact[i]);
        }
    drop_expired(d);
    desk_publish(d);
}
