#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "desk/ask.h"
#include "indicator/worth.h"
#include "json/profile.h"

/*
 * Indicators as watch saw them. watch tells what it met since its last commit, once: the counts are
 * added here, in the transaction that makes that commit durable.
 */

enum {
    HIT_ID = 32,
    HITS_TOLD = 1000, /* that one answer lists unless more are asked for */
};

static const struct json_limits limits = {1 << 16, JSON_DEPTH};

static int64_t number(const json_t *o, const char *name)
{
    return json_integer_value(json_object_get(o, name));
}

/* What tells one indicator of one list from every other. */
static void name_of(const json_t *hit, char out[HIT_ID])
{
    static const char *const parts[] = {"list", "kind", "value", "id"};
    struct buf text = {0};
    struct digest digest;

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        buf_print(&text, "%s\n", ask_text(hit, parts[i]));
    digest = digest_of(buf_view(&text));
    buf_clear(&text);
    buf_text(&text, "H-");
    buf_hex(&text, digest.byte, 6);
    snprintf(out, HIT_ID, "%s", buf_str(&text));
    buf_done(&text);
}

static json_t *body_of(struct desk_pact *p, const char *id)
{
    struct rows r = store_ask(p->desk->store, QUERY_HIT_GET,
                              STORE_WITH(value_text(p->now->id), value_text(id)));
    json_t *body = NULL;

    if (rows_next(&r) && fault_is(json_read(row_bytes(&r, 0), limits, &body)))
        body = NULL;
    if (!fault_is(rows_done(&r)))
        return body;
    json_decref(body);
    return NULL;
}

static bool is_full(struct desk_pact *p)
{
    struct rows r = store_ask(p->desk->store, QUERY_HIT_COUNT, STORE_WITH(value_text(p->now->id)));
    bool full = rows_next(&r) && row_integer(&r, 0) >= DESK_HITS;

    return !fault_is(rows_done(&r)) && full;
}

static struct instant moment(const json_t *o, const char *name, int64_t none)
{
    struct instant t;
    const char *text = ask_text(o, name);

    return text[0] == '\0' || fault_is(instant_fraction_parse(bytes_text(text), &t))
               ? (struct instant){none}
               : t;
}

static enum indicator_kind kind_of(const char *word)
{
    for (enum indicator_kind k = INDICATOR_IPV4; k < INDICATOR_KINDS; k++)
        if (strcmp(word, indicator_kind_name(k)) == 0)
            return k;
    return INDICATOR_NONE;
}

/* What all of it is worth, anew. */
static void weigh(json_t *hit)
{
    const struct worth w = {.kind = kind_of(ask_text(hit, "kind")),
                            .events = (uint64_t)number(hit, "events"),
                            .outside = (uint64_t)number(hit, "outside"),
                            .warned = (uint64_t)number(hit, "warned"),
                            .last = moment(hit, "last", 0),
                            .from = moment(hit, "valid-from", INT64_MIN),
                            .until = moment(hit, "valid-until", INT64_MAX)};
    const char *reasons[WORTH_REASONS];
    size_t n = worth_reasons(&w, reasons);
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, json_string(reasons[i]));
    json_object_set_new(hit, "reasons", list);
    json_object_set_new(hit, "confidence", json_string(worth_confidence(&w)));
}

/* `hit` and what was there before: counts are sums, the first event stays the first. */
static void join(json_t *hit, const json_t *before)
{
    static const char *const counts[] = {"events", "outside", "warned"};
    static const char *const first[] = {"first", "src", "dest", "sensor", "offset", "line"};

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        json_object_set_new(hit, counts[i],
                            json_integer(number(hit, counts[i]) + number(before, counts[i])));
    if (strcmp(ask_text(before, "last"), ask_text(hit, "last")) > 0)
        json_object_set(hit, "last", json_object_get(before, "last"));
    if (strcmp(ask_text(before, "first"), ask_text(hit, "first")) <= 0)
        for (size_t i = 0; i < sizeof first / sizeof first[0]; i++)
            json_object_set(hit, first[i], json_object_get(before, first[i]));
    weigh(hit);
}

static struct fault put(struct desk_pact *p, const char *id, const json_t *hit)
{
    struct buf text = {0};
    struct fault f;

    json_canonical(hit, &text);
    f = store_do(p->desk->store, QUERY_HIT_PUT, NULL,
                 STORE_WITH(value_text(p->now->id), value_text(id),
                            value_integer(instant_seconds(moment(hit, "last", 0))),
                            (struct value){VALUE_TEXT, 0, buf_view(&text)}));
    buf_done(&text);
    return f;
}

struct fault hit_put(struct desk_pact *p, struct bytes body)
{
    char id[HIT_ID];
    json_t *hit, *before;
    struct fault f = json_read(body, limits, &hit);

    if (fault_is(f))
        return f;
    name_of(hit, id);
    before = body_of(p, id);
    if (before != NULL) {
        join(hit, before);
        f = put(p, id, hit);
    } else if (is_full(p)) {
        alarm_raise(p, "hits", "as many indicators were seen as are kept: no new one is");
    } else {
        f = put(p, id, hit);
    }
    json_decref(before);
    json_decref(hit);
    return f;
}

json_t *ask_hits(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    json_t *answer = answer_good(), *list = json_array();
    int64_t count = number(ask, "count");
    struct rows r = store_ask(
        p->desk->store, QUERY_HIT_LIST,
        STORE_WITH(value_text(p->now->id), value_integer(count > 0 && count < DESK_HITS ? count
                                                         : count > 0                    ? DESK_HITS
                                                                     : HITS_TOLD)));

    (void)say;
    (void)client;
    while (rows_next(&r)) {
        char id[HIT_ID];
        json_t *body = NULL;

        if (fault_is(json_read(row_bytes(&r, 1), limits, &body)))
            continue;
        row_text(&r, 0, id, sizeof id);
        json_object_set_new(body, "hit", json_string(id));
        json_array_append_new(list, body);
    }
    if (fault_is(rows_done(&r)))
        json_array_clear(list);
    json_object_set_new(answer, "hits", list);
    return answer;
}
