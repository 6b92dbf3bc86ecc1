/*
 * asking.h - commands to the desk on the bench, as officers give them.
 */
#ifndef PARLEY_TESTS_DESK_ASKING_H
#define PARLEY_TESTS_DESK_ASKING_H

#include "io/file.h"
#include "ipc/sample.h"
#include "rig.h"

struct client {
    struct rig *r;
    size_t number;
};

static struct client client[RIG_ANSWERS];

static inline void answered(void *context, json_t *answer)
{
    struct client *c = context;

    assert_null(c->r->answer[c->number]);
    c->r->answer[c->number] = answer;
}

/* Asks; the number under which the answer comes. The command is taken over. */
static inline size_t ask(struct rig *r, json_t *command)
{
    size_t n = r->clients++;

    assert_true(n < RIG_ANSWERS);
    assert_non_null(command);
    client[n] = (struct client){r, n};
    json_object_set_new(command, "v", json_integer(1));
    desk_command(r->desk, command, r->now, r->tick, answered, &client[n]);
    json_decref(command);
    return n;
}

static inline const char *text_of(struct rig *r, size_t n, const char *name)
{
    const char *text = json_string_value(json_object_get(r->answer[n], name));

    return text == NULL ? "" : text;
}

static inline void is_good(struct rig *r, size_t n)
{
    assert_non_null(r->answer[n]);
    if (!json_is_true(json_object_get(r->answer[n], "ok")))
        fail_msg("%s: %s", text_of(r, n, "message"), text_of(r, n, "why"));
}

/* Asks and forgets: the answer is good and comes at once, or when keeper has signed. */
static inline void do_now(struct rig *r, json_t *command)
{
    size_t n = ask(r, command);

    rig_keeper(r);
    is_good(r, n);
    json_decref(r->answer[n]);
    r->answer[n] = NULL;
    r->clients = n;
}

static inline void enrol(struct rig *r, const char *name, struct secret *key, unsigned roles)
{
    struct item item = {0};

    item_contact(r->b, &item, name, key, roles, true, 100 + (int64_t)name[0], r->b->p->a.root);
    do_now(r, json_pack("{s:s, s:s}", "do", "officer.add", "document", buf_str(&item.disclosed)));
    item_done(&item);
}

/* `report` is how watch told of it; `when` it opened, of an hour. */
static inline void see_report(struct rig *r, const char *source, const char *report, int when)
{
    struct buf body = {0}, incident = {0};
    struct sample sample = {.source = bytes_text("eve"), .offset = 7, .raw = bytes_text(source)};
    struct digest digest = digest_of(bytes_text(source));
    char name[100];

    buf_print(&incident,
              "{\"article\":\"5\",\"as\":64500,\"confidence\":\"high\",\"events\":50,"
              "\"first\":\"2025-11-25T08:00:00Z\",\"from\":\"b\",\"last\":\"2025-11-25T09:00:00Z\","
              "\"opened\":\"2025-11-25T08:%02d:00Z\",\"reasons\":[],\"report\":\"%s\","
              "\"service\":\"ssh\",\"source\":\"%s\",\"targets\":[\"192.0.2.1\"]}",
              when, report, source);
    buf_part(&body, bytes_text(r->b->agreement->id));
    buf_u64(&body, 1);
    buf_part(&body, bytes_text("state"));
    buf_u32(&body, 1);
    buf_part(&body, buf_view(&incident));
    buf_u32(&body, 1);
    snprintf(name, sizeof name, "5 b %s ssh 2025-11-25T08:%02d:00Z", source, when);
    sample.digest = bytes_of(digest.byte, sizeof digest.byte);
    sample.incident = bytes_text(name);
    sample.length = (uint32_t)sample.raw.len;
    sample.account = bytes_text("{\"ground\":\"handshake\"}");
    sample_write(&sample, &body);
    buf_part(&body, bytes_text("[]"));
    buf_u32(&body, 0); /* sightings */
    rig_hear(r, PROCESS_WATCH, MESSAGE_WATCH_COMMIT, &body);
    buf_done(&body);
    buf_done(&incident);
    rig_forget(r);
}

static inline void see_incident(struct rig *r, const char *source)
{
    see_report(r, source, "opened", 59);
}

static inline struct rig *founded(void)
{
    struct rig *r = rig_new();

    rig_keeper(r);
    enrol(r, "anna", r->b->anna, OFFICER_DRAFTER);
    enrol(r, "boris", r->b->boris, OFFICER_RELEASER);
    see_incident(r, "198.51.100.7");
    return r;
}

static inline size_t ask_incidents(struct rig *r)
{
    return ask(r, json_pack("{s:s}", "do", "incident.list"));
}

/* The id of the incident with this source; the caller owns it. */
static inline json_t *incident_id(struct rig *r, const char *source)
{
    size_t n = ask_incidents(r), i;
    json_t *item;

    json_array_foreach(
        json_object_get(r->answer[n], "incidents"), i,
        item) if (strcmp(json_string_value(json_object_get(item, "source")), source) ==
                  0) return json_incref(json_object_get(item, "id"));
    fail_msg("no incident from %s", source);
    return NULL;
}

static inline json_t *decision(struct rig *r, const char *draft, const char *permit,
                               const struct decider *d)
{
    struct decision said = {.permit = digest_of(bytes_text(permit)), .role = d->role};
    struct buf text = {0}, suite = {0}, signature = {0}, base64 = {0};
    json_t *command;

    said.time = r->now;
    memcpy(said.officer, d->officer, strlen(d->officer));
    decision_write(&said, &text);
    decision_sign(buf_view(&text), bytes_text(r->b->agreement->id), &d->key, 1, &suite, &signature);
    buf_done(&suite);
    buf_base64(&base64, signature.data, signature.len);
    command = json_pack("{s:s, s:s, s:s, s:s, s:s}", "do", "decide", "draft", draft, "decision",
                        buf_str(&text), "suite", "ed25519", "signature", buf_str(&base64));
    buf_done(&text);
    buf_done(&signature);
    buf_done(&base64);
    return command;
}

/* Drafts, and lets both officers decide; the last answer waits for keeper. The permit's text is
 * copied to `permit` and the draft's name to `draft`, unless they are NULL. */
static inline size_t say(struct rig *r, json_t *command, char *permit, char *draft)
{
    struct decider first = {"anna", OFFICER_DRAFTER, r->b->anna},
                   second = {"boris", OFFICER_RELEASER, r->b->boris};
    size_t made = ask(r, command), one;

    is_good(r, made);
    one = ask(r, decision(r, text_of(r, made, "draft"), text_of(r, made, "permit"), &first));
    is_good(r, one);
    assert_string_equal(text_of(r, one, "state"), "waiting");
    if (permit != NULL)
        snprintf(permit, PERMIT_MAX, "%s", text_of(r, made, "permit"));
    if (draft != NULL)
        snprintf(draft, 40, "%s", text_of(r, made, "draft"));
    return ask(r, decision(r, text_of(r, made, "draft"), text_of(r, made, "permit"), &second));
}

static inline size_t say_notice(struct rig *r, char *permit, char *draft)
{
    size_t listed = ask_incidents(r);
    json_t *first = json_array_get(json_object_get(r->answer[listed], "incidents"), 0);

    return say(r,
               json_pack("{s:s, s:s, s:O}", "do", "draft", "kind", "NOTICE", "incident",
                         json_object_get(first, "id")),
               permit, draft);
}

static inline size_t say_update(struct rig *r, const char *case_id, int events)
{
    return say(r,
               json_pack("{s:s, s:s, s:s, s:{s:i}}", "do", "draft", "kind", "UPDATE", "case",
                         case_id, "fields", "incident.events", events),
               NULL, NULL);
}

static inline struct digest leaf_of(struct rig *r, size_t n)
{
    struct digest leaf;

    assert_true(base64_read(bytes_text(text_of(r, n, "leaf")), leaf.byte, 32));
    return leaf;
}

static inline void say_and_wait(struct rig *r, size_t n)
{
    rig_keeper(r);
    is_good(r, n);
}

static inline json_t *entries(struct rig *r)
{
    size_t n = ask(r, json_pack("{s:s}", "do", "ledger.show"));

    is_good(r, n);
    return json_object_get(r->answer[n], "entries");
}

static inline struct entry entry_at(json_t *list, size_t i)
{
    const char *text = json_string_value(json_object_get(json_array_get(list, i), "text"));
    struct entry e;

    assert_non_null(text);
    assert_good(entry_parse(bytes_text(text), &e));
    return e;
}

/* Is our REJECT of that entry in our log? Its verdict: cosigned, and disputed. */
static inline bool we_rejected(struct rig *r, const struct digest *leaf)
{
    json_t *list = entries(r);

    for (size_t i = 0; i < json_array_size(list); i++) {
        struct entry e = entry_at(list, i);

        if (e.kind == KIND_REJECT && digest_equal(&e.answers, leaf))
            return true;
    }
    return false;
}

#endif
