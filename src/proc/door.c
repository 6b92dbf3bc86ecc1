#include "proc/door.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "exchange/exchange.h"
#include "exchange/media.h"
#include "http/http.h"
#include "io/log.h"
#include "ipc/asking.h"

enum { DOOR_LOOK = 100000 }; /* microseconds between looks at who is held */

enum door_state {
    DOOR_NONE = 0, /* free */
    DOOR_HELD,     /* exchange or judge is away */
    DOOR_ASKED,    /* exchange has it */
    DOOR_ADMITTED, /* a POST whose body waits for its turn */
    DOOR_POSTED,   /* judge has its body, or exchange by now */
};

struct asked {
    uint64_t client; /* http_number */
    uint64_t number; /* what exchange and judge know it by; new each time it is asked */
    enum door_state state;
    unsigned tries;
    struct tick until; /* held no longer */
};

struct door {
    struct self *self;
    int listener;
    struct http *http;
    struct asked asked[HTTP_WAITING]; /* [0, count) */
    size_t count, posts;
    uint64_t last_number;
    struct loop_timer *hold; /* set while any is held */
    struct loop_timer *end;
    struct tick until;
    void (*finished)(void *context);
    void *context;
    struct buf body;
};

/* ---- answers -----------------------------------------------------------------------------------
 */

static const char *const methods[] = {"", "GET, HEAD", "POST", "DELETE"};

static void allow_text(uint8_t allow, char *out, size_t size)
{
    size_t at = 0;

    out[0] = '\0';
    for (unsigned m = EXCHANGE_GET; m <= EXCHANGE_DELETE; m++)
        if ((allow >> m & 1) != 0)
            at += (size_t)snprintf(out + at, size - at, "%s%s", at == 0 ? "" : ", ", methods[m]);
}

static void send_answer(struct http_ask *ask, const struct answering *a)
{
    struct http_header h[HTTP_ANSWER_HEADERS] = {{"Content-Type", MEDIA_TAXII}};
    char first[INSTANT_MICRO + 1], last[INSTANT_MICRO + 1], allow[40], retry[8];
    size_t n = 1;

    if (a->challenge)
        h[n++] = (struct http_header){"WWW-Authenticate", "Bearer, Basic realm=\"TAXII\""};
    if (a->has_dates) {
        instant_micro_write((struct instant){a->first}, first);
        instant_micro_write((struct instant){a->last}, last);
        h[n++] = (struct http_header){"X-TAXII-Date-Added-First", first};
        h[n++] = (struct http_header){"X-TAXII-Date-Added-Last", last};
    }
    if (a->allow != 0) {
        allow_text(a->allow, allow, sizeof allow);
        h[n++] = (struct http_header){"Allow", allow};
    }
    if (a->retry != 0) {
        snprintf(retry, sizeof retry, "%u", a->retry);
        h[n++] = (struct http_header){"Retry-After", retry};
    }
    http_answer(ask, a->status, h, a->body);
}

static void send_away(struct http_ask *ask, const char *why)
{
    struct exchange_answer text = {0};
    struct answering a = {.status = 503, .retry = DOOR_RETRY};

    exchange_refuse(503, "Not available", why, &text);
    a.body = buf_view(&text.body);
    send_answer(ask, &a);
    exchange_answer_done(&text);
}

/* ---- requests on their way ---------------------------------------------------------------------
 */

static struct asked *asked_find(struct door *d, uint64_t number)
{
    for (size_t i = 0; i < d->count; i++)
        if (d->asked[i].number == number)
            return &d->asked[i];
    return NULL;
}

/* Its client's request; what is in *a is another's afterwards. */
static struct http_ask *asked_drop(struct door *d, struct asked *a)
{
    struct http_ask *ask = http_find(d->http, a->client);

    d->posts -= a->state == DOOR_POSTED;
    *a = d->asked[--d->count];
    return ask;
}

static enum exchange_method method_of(const struct http_ask *ask)
{
    struct bytes m = http_method(ask);

    if (bytes_is(m, "GET") || bytes_is(m, "HEAD"))
        return EXCHANGE_GET;
    if (bytes_is(m, "POST"))
        return EXCHANGE_POST;
    return bytes_is(m, "DELETE") ? EXCHANGE_DELETE : EXCHANGE_OTHER;
}

static struct asking asking_of(const struct http_ask *ask, uint64_t number)
{
    struct asking a = {.number = number,
                       .method = (uint8_t)method_of(ask),
                       .path = http_path(ask),
                       .query = http_query(ask),
                       .accept = http_header(ask, "Accept"),
                       .content_type = http_header(ask, "Content-Type"),
                       .authorization = http_header(ask, "Authorization"),
                       .from = bytes_text(http_from(ask)),
                       .has_pin = http_pin(ask) != NULL};

    if (a.has_pin)
        memcpy(a.pin, http_pin(ask), sizeof a.pin);
    if (a.from.len > ASKING_FROM)
        a.from.len = ASKING_FROM;
    return a;
}

static void say_ask(struct door *d, struct asked *a, const struct http_ask *ask)
{
    struct asking asking = asking_of(ask, ++d->last_number);

    a->number = asking.number;
    a->state = DOOR_ASKED;
    a->tries++;
    buf_clear(&d->body);
    asking_write(&asking, &d->body);
    process_send(d->self, PROCESS_EXCHANGE, MESSAGE_ASK, buf_view(&d->body));
    buf_wipe(&d->body); /* a password may be in it */
}

/* Judge reads what is posted, and nothing else. */
static bool may_ask(const struct door *d, const struct http_ask *ask)
{
    return process_has(d->self, PROCESS_EXCHANGE) &&
           (method_of(ask) != EXCHANGE_POST || process_has(d->self, PROCESS_JUDGE));
}

static void hold(struct door *d, struct asked *a)
{
    a->state = DOOR_HELD;
    if (!loop_timer_is_set(d->hold))
        loop_timer_in(d->hold, DOOR_LOOK);
}

static void asked(void *context, struct http_ask *ask)
{
    struct door *d = context;
    struct asked *a;

    if (d->count == HTTP_WAITING) {
        send_away(ask, "too many requests are being answered; ask the same again");
        return;
    }
    a = &d->asked[d->count++];
    *a = (struct asked){.client = http_number(ask),
                        .until = {tick_now().us + DOOR_HOLD * 1000000LL}};
    if (may_ask(d, ask))
        say_ask(d, a, ask);
    else
        hold(d, a);
}

static void say_forget(struct door *d, uint64_t number)
{
    buf_clear(&d->body);
    buf_u64(&d->body, number);
    process_send(d->self, PROCESS_EXCHANGE, MESSAGE_FORGET, buf_view(&d->body));
}

/* Exchange or judge is away: asked again when both are there, if it may be. */
static void put_off(struct door *d, struct asked *a)
{
    bool again =
        a->tries < DOOR_TRIES && method_of(http_find(d->http, a->client)) != EXCHANGE_DELETE;

    say_forget(d, a->number);
    d->posts -= a->state == DOOR_POSTED;
    hold(d, a);
    if (!again)
        a->until.us = 0;
}

/* A gate that finishes answers who is held before it goes. */
static int64_t last_moment(const struct door *d, const struct asked *a)
{
    int64_t end = d->until.us - DOOR_LOOK * 3;

    return d->finished != NULL && end < a->until.us ? end : a->until.us;
}

/* One that was held: asked, given up, or held on. True: *a is another's now. */
static bool held_look(struct door *d, struct asked *a)
{
    struct http_ask *ask = http_find(d->http, a->client);

    if (!http_is_gone(ask) && tick_now().us < last_moment(d, a)) {
        if (may_ask(d, ask))
            say_ask(d, a, ask);
        return false;
    }
    send_away(asked_drop(d, a), "the exchange is being started anew; ask the same again");
    return true;
}

static void look_held(void *context)
{
    struct door *d = context;
    bool left = false;

    for (size_t i = 0; i < d->count;) {
        if (d->asked[i].state == DOOR_HELD && held_look(d, &d->asked[i]))
            continue;
        left |= d->asked[i++].state == DOOR_HELD;
    }
    if (left)
        loop_timer_in(d->hold, DOOR_LOOK);
    else
        loop_timer_stop(d->hold);
}

/* The body of one that may come in goes to judge, or is forgotten if its client has gone. */
static void post(struct door *d, struct asked *a)
{
    struct http_ask *ask = http_find(d->http, a->client);
    struct posting p = {.number = a->number};

    if (http_is_gone(ask)) {
        say_forget(d, a->number);
        http_answer(asked_drop(d, a), 503, NULL, bytes_of(NULL, 0)); /* to nobody */
        return;
    }
    p.body = http_body(ask);
    buf_clear(&d->body);
    posting_write(&p, &d->body);
    process_send(d->self, PROCESS_JUDGE, MESSAGE_POSTED, buf_view(&d->body));
    buf_done(&d->body);
    a->state = DOOR_POSTED;
    d->posts++;
}

static void post_some(struct door *d)
{
    for (size_t i = 0; i < d->count;) {
        struct asked *a = &d->asked[i];
        uint64_t number = a->number;

        if (d->posts >= DOOR_POSTS || !process_may_send(d->self, PROCESS_JUDGE))
            return;
        if (a->state == DOOR_ADMITTED)
            post(d, a);
        if (i < d->count && d->asked[i].number == number)
            i++; /* else another took its place */
    }
}

/* ---- what exchange says ------------------------------------------------------------------------
 */

static struct fault hear_admit(struct door *d, struct bytes body)
{
    uint64_t number;
    struct asked *a;
    struct fault f = asking_number_parse(body, &number);

    a = fault_is(f) ? NULL : asked_find(d, number);
    if (a == NULL || a->state == DOOR_HELD) /* put off meanwhile */
        return f;
    if (a->state != DOOR_ASKED)
        return fault_make(FAULT_ORDER, 0, "door: ADMIT of what was not asked");
    if (!process_has(d->self, PROCESS_JUDGE)) {
        put_off(d, a);
        return f;
    }
    a->state = DOOR_ADMITTED;
    post_some(d);
    return f;
}

static struct fault hear_answer(struct door *d, struct bytes body)
{
    struct answering answer;
    struct asked *a;
    struct fault f = answering_parse(body, &answer);

    a = fault_is(f) ? NULL : asked_find(d, answer.number);
    if (a == NULL || (a->state == DOOR_HELD && answer.status == 503)) /* asked anew soon */
        return f;
    send_answer(asked_drop(d, a), &answer);
    post_some(d);
    return f;
}

struct fault door_message(struct door *d, uint16_t type, struct bytes body)
{
    if (type == MESSAGE_ADMIT)
        return hear_admit(d, body);
    if (type == MESSAGE_ANSWER)
        return hear_answer(d, body);
    return fault_make(FAULT_UNKNOWN, type, "door: a message that it does not hear");
}

void door_drained(struct door *d)
{
    post_some(d);
}

void door_neighbour(struct door *d, enum process other, bool here)
{
    for (size_t i = 0; !here && i < d->count; i++)
        if (d->asked[i].state != DOOR_HELD &&
            (other == PROCESS_EXCHANGE ||
             method_of(http_find(d->http, d->asked[i].client)) == EXCHANGE_POST))
            put_off(d, &d->asked[i]);
    look_held(d);
}

/* ---- beginning and end -------------------------------------------------------------------------
 */

struct fault door_new(struct self *self, int listener, struct bytes key_pem,
                      struct bytes certificate_pem, struct door **out)
{
    static const struct http_use use = {asked};
    struct door *d = memory_zeroed(1, sizeof *d);
    struct fault f;

    d->self = self;
    d->listener = listener;
    d->hold = loop_timer_new(process_loop(self), look_held, d);
    f = http_new(process_loop(self), listener, key_pem, certificate_pem, EXCHANGE_CONTENT, &use, d,
                 &d->http);
    if (fault_is(f))
        door_free(d);
    else
        *out = d;
    return f;
}

static void look_for_end(void *context)
{
    struct door *d = context;

    if (http_is_finished(d->http) || tick_now().us >= d->until.us)
        d->finished(d->context);
    else
        loop_timer_in(d->end, 20000);
}

void door_finish(struct door *d, void (*finished)(void *context), void *context)
{
    d->finished = finished;
    d->context = context;
    d->until.us = tick_now().us + DOOR_FINISH * 1000000LL;
    d->end = loop_timer_new(process_loop(d->self), look_for_end, d);
    http_finish(d->http);
    loop_timer_in(d->end, 0);
}

void door_free(struct door *d)
{
    if (d == NULL)
        return;
    http_free(d->http);
    loop_timer_free(d->hold);
    loop_timer_free(d->end);
    if (d->listener >= 0)
        close(d->listener);
    buf_done(&d->body);
    free(d);
}
