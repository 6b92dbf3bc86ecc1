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

enum door_state {
    DOOR_NONE = 0, /* free */
    DOOR_ASKED,    /* exchange has it */
    DOOR_ADMITTED, /* a POST whose body waits for its turn */
    DOOR_POSTED,   /* judge has its body, or exchange by now */
};

struct asked {
    uint64_t number;
    enum door_state state;
};

struct door {
    struct self *self;
    int listener;
    struct http *http;
    struct asked asked[HTTP_WAITING]; /* [0, count) */
    size_t count, posts;
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

static void asked_drop(struct door *d, struct asked *a)
{
    d->posts -= a->state == DOOR_POSTED;
    *a = d->asked[--d->count];
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

static struct asking asking_of(const struct http_ask *ask)
{
    struct asking a = {.number = http_number(ask),
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

static void asked(void *context, struct http_ask *ask)
{
    struct door *d = context;
    struct asking a;

    if (!process_has(d->self, PROCESS_EXCHANGE) || d->count == HTTP_WAITING) {
        send_away(ask, "the exchange is being started anew; ask the same again");
        return;
    }
    a = asking_of(ask);
    d->asked[d->count++] = (struct asked){a.number, DOOR_ASKED};
    buf_clear(&d->body);
    asking_write(&a, &d->body);
    process_send(d->self, PROCESS_EXCHANGE, MESSAGE_ASK, buf_view(&d->body));
    buf_wipe(&d->body); /* a password may be in it */
}

static void say_forget(struct door *d, uint64_t number)
{
    buf_clear(&d->body);
    buf_u64(&d->body, number);
    process_send(d->self, PROCESS_EXCHANGE, MESSAGE_FORGET, buf_view(&d->body));
}

/* The body of one that may come in goes to judge, or is forgotten if its client has gone. */
static void post(struct door *d, struct asked *a)
{
    struct http_ask *ask = http_find(d->http, a->number);
    struct posting p = {.number = a->number};

    if (http_is_gone(ask)) {
        say_forget(d, a->number);
        http_answer(ask, 503, NULL, bytes_of(NULL, 0));
        asked_drop(d, a);
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
    if (a == NULL)
        return f;
    if (a->state != DOOR_ASKED)
        return fault_make(FAULT_ORDER, 0, "door: ADMIT of what was not asked");
    if (!process_has(d->self, PROCESS_JUDGE)) {
        say_forget(d, number);
        asked_drop(d, a);
        send_away(http_find(d->http, number), "the exchange is being started anew");
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
    if (a == NULL)
        return f;
    asked_drop(d, a);
    send_answer(http_find(d->http, answer.number), &answer);
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

void door_neighbour(struct door *d)
{
    while (d->count > 0) {
        uint64_t number = d->asked[0].number;

        asked_drop(d, &d->asked[0]);
        say_forget(d, number);
        send_away(http_find(d->http, number), "the exchange is being started anew");
    }
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
    loop_timer_free(d->end);
    if (d->listener >= 0)
        close(d->listener);
    buf_done(&d->body);
    free(d);
}
