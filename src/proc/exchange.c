/*
 * proc/exchange.c - hosts exchange/
 *
 * hears: SETUP; from gate ASK, FORGET (a TAXII client's request, untrusted, without its body); from
 *        judge ENVELOPE (what was posted, and what is in it); from desk RELEASED (what may go to a
 *        partner)
 * says:  to gate ADMIT, ANSWER
 * may:   read and write exchange/ in the node's folder; or speak with the PostgreSQL that it
 *        dialled before its sandbox closed
 * may not: open a socket, see a key, an agreement's statements or the ledger
 *
 * Who posts is decided before the body is read, and from what gate said alone: judge, which reads
 * strangers' bytes, can say what was posted and not by whom. A session with PostgreSQL that broke
 * ends this process; the parent starts it anew and it dials again.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "crypto/digest.h"
#include "exchange/exchange.h"
#include "exchange/shelf.h"
#include "exchange/wanted.h"
#include "exchange/withdrawn.h"
#include "io/file.h"
#include "io/log.h"
#include "ipc/asking.h"
#include "proc/children.h"
#include "proc/process.h"
#include "proc/settings.h"
#include "store/exchange_query.h"

enum {
    EXCHANGE_ADMITTED = 1024,  /* POSTs between ADMIT and ENVELOPE: gate has no more requests */
    EXCHANGE_WAITING = 256,    /* who wait for something new: gate has no more connections */
    EXCHANGE_LOOK = 1000000,   /* microseconds between looks for what another node wrote */
    EXCHANGE_TEND = 10,        /* looks between two times of tending */
    EXCHANGE_WANTED = 20000,   /* microseconds between steps of what watch is given */
    EXCHANGE_ROOM = 256 << 10, /* bytes kept for the next answer */
};

/* A POST whose body judge reads; `text` is the ASK. */
struct admitted {
    struct buf text;
    uint64_t number; /* 0: free; gate counts from 1 */
};

/* Who waits for something new; `text` is the ASK. */
struct waiting {
    struct buf text;
    struct tick until;
    bool used;
};

struct post {
    struct self *self;
    struct settings *settings;
    struct store *store;
    struct exchange *exchange;
    struct exchange_host host;
    struct admitted admitted[EXCHANGE_ADMITTED];
    struct waiting waiting[EXCHANGE_WAITING];
    size_t waiting_count;
    struct loop_timer *look;
    unsigned looks;
    struct wanted wanted; /* what watch is given, being made */
    struct instant told;  /* the newest object when it was begun last */
    struct loop_timer *want;
    struct withdrawn withdrawn; /* what was taken back, being taken away */
    struct loop_timer *withdraw;
    int lock;
    bool stopping;   /* gate lets what is being answered be answered, and goes first */
    struct buf body; /* of the message in hand */
    struct buf page; /* the room of the last answer, for the next one */
};

/* ---- saying ------------------------------------------------------------------------------------
 */

static void say_answer(struct post *p, uint64_t number, const struct exchange_answer *a)
{
    struct answering out = {.number = number,
                            .status = (uint16_t)a->status,
                            .challenge = a->challenge,
                            .has_dates = a->has_dates,
                            .first = a->first.us,
                            .last = a->last.us,
                            .allow = a->allow,
                            .retry = a->retry,
                            .body = buf_view(&a->body)};

    buf_clear(&p->body);
    answering_head_write(&out, &p->body);
    process_send_two(p->self, PROCESS_GATE, MESSAGE_ANSWER, buf_view(&p->body), out.body);
}

static void say_admit(struct post *p, uint64_t number)
{
    buf_clear(&p->body);
    buf_u64(&p->body, number);
    process_send(p->self, PROCESS_GATE, MESSAGE_ADMIT, buf_view(&p->body));
}

/* The client was told 503; a session that broke is made anew by beginning anew. */
static void store_failed(struct post *p, struct fault f)
{
    log_fault(LOG_LEVEL_ERROR, "store", f);
    if (f.kind == FAULT_IO && f.at == ECONNRESET)
        process_stop(p->self, 1);
}

/* ---- hearing -----------------------------------------------------------------------------------
 */

static struct exchange_ask ask_of(const struct asking *a)
{
    return (struct exchange_ask){.method = (enum exchange_method)a->method,
                                 .path = a->path,
                                 .query = a->query,
                                 .accept = a->accept,
                                 .content_type = a->content_type,
                                 .authorization = a->authorization,
                                 .from = a->from,
                                 .pin = a->has_pin ? a->pin : NULL};
}

static struct admitted *admitted_find(struct post *p, uint64_t number)
{
    for (size_t i = 0; i < EXCHANGE_ADMITTED; i++)
        if (p->admitted[i].number == number)
            return &p->admitted[i];
    return NULL;
}

static void admitted_done(struct admitted *a)
{
    a->number = 0;
    buf_wipe(&a->text); /* a password may be in it */
}

/* ---- who waits ----------------------------------------------------------------------------------
 */

static void waiting_done(struct post *p, struct waiting *w)
{
    w->used = false;
    buf_wipe(&w->text); /* a password may be in it */
    p->waiting_count--;
}

/* False: there is no room, he is answered now. */
static bool wait_begin(struct post *p, struct bytes text, unsigned seconds)
{
    for (size_t i = 0; i < EXCHANGE_WAITING; i++) {
        struct waiting *w = &p->waiting[i];

        if (w->used)
            continue;
        w->used = true;
        w->until.us = tick_now().us + seconds * 1000000LL;
        buf_bytes(&w->text, text);
        p->waiting_count++;
        return true;
    }
    return false;
}

/* True: he was answered. */
static bool wait_look(struct post *p, const struct waiting *w)
{
    struct exchange_answer out = {0};
    struct exchange_ask ask;
    struct asking a;
    bool answered = false;

    if (fault_is(asking_parse(buf_view(&w->text), &a)))
        return true;
    ask = ask_of(&a);
    ask.again = true;
    if (fault_is(exchange_answer(p->exchange, &ask, instant_now(), &out)) || out.wait == 0 ||
        tick_now().us >= w->until.us) {
        say_answer(p, a.number, &out);
        answered = true;
    }
    exchange_answer_done(&out);
    return answered;
}

/* Something may be new. */
static void look(struct post *p)
{
    for (size_t i = 0; p->waiting_count > 0 && i < EXCHANGE_WAITING; i++)
        if (p->waiting[i].used && wait_look(p, &p->waiting[i]))
            waiting_done(p, &p->waiting[i]);
}

/* ---- answering ----------------------------------------------------------------------------------
 */

/* Answers, with what was judged if it is a POST; `text` is the ASK. */
static void answer(struct post *p, const struct asking *a, struct bytes text,
                   const struct judged *judged)
{
    struct exchange_ask ask = ask_of(a);
    struct exchange_answer out = {.body = p->page};
    struct fault f;

    p->page = (struct buf){0}; /* transferred */
    buf_clear(&out.body);
    ask.judged = judged;
    f = exchange_answer(p->exchange, &ask, instant_now(), &out);
    if (out.wait == 0 || !wait_begin(p, text, out.wait))
        say_answer(p, a->number, &out);
    if (ask.method != EXCHANGE_GET && out.status < 300)
        look(p);
    if (out.body.room <= EXCHANGE_ROOM) {
        p->page = out.body; /* transferred */
        out.body = (struct buf){0};
    }
    exchange_answer_done(&out);
    if (fault_is(f))
        store_failed(p, f);
}

static void admit(struct post *p, const struct asking *a, struct bytes text)
{
    struct exchange_ask ask = ask_of(a);
    struct exchange_answer out = {0};
    struct admitted *place = admitted_find(p, 0);

    if (place == NULL)
        exchange_refuse(503, "Busy", "too many bodies are being read; try again later", &out);
    else if (exchange_admits(p->exchange, &ask, instant_now(), &out)) {
        place->number = a->number;
        buf_bytes(&place->text, text);
        say_admit(p, a->number);
        exchange_answer_done(&out);
        return;
    }
    say_answer(p, a->number, &out);
    exchange_answer_done(&out);
}

static struct fault hear_ask(struct post *p, struct bytes body)
{
    struct asking a;
    struct fault f = asking_parse(body, &a);

    if (fault_is(f))
        return f;
    if (a.method == EXCHANGE_POST && a.number != 0)
        admit(p, &a, body);
    else
        answer(p, &a, body, NULL);
    return f;
}

static struct fault hear_forget(struct post *p, struct bytes body)
{
    uint64_t number;
    struct admitted *place;
    struct fault f = asking_number_parse(body, &number);

    place = fault_is(f) || number == 0 ? NULL : admitted_find(p, number);
    if (place != NULL)
        admitted_done(place);
    return f;
}

/* An envelope that nobody was admitted for any more is dropped: its client has gone. */
static struct fault hear_envelope(struct post *p, struct bytes body)
{
    struct posting posting;
    struct judged judged;
    struct asking a;
    struct admitted *place;
    struct fault f = posting_parse(body, &posting);

    if (!fault_is(f))
        f = judged_parse(posting.judged, posting.body, &judged);
    if (fault_is(f))
        return f;
    place = posting.number == 0 ? NULL : admitted_find(p, posting.number);
    if (place != NULL && !fault_is(asking_parse(buf_view(&place->text), &a))) {
        answer(p, &a, buf_view(&place->text), &judged);
        admitted_done(place);
    }
    judged_done(&judged);
    return f;
}

/* A walk goes on until nothing is left of it. */
static void withdraw(void *context)
{
    struct post *p = context;
    size_t dropped = 0;
    struct fault f = withdrawn_step(&p->withdrawn, &p->settings->exchange.config, p->store,
                                    instant_now(), &dropped);

    if (dropped > 0) {
        log_info("%zu objects were withdrawn", dropped);
        look(p);
    }
    if (fault_is(f))
        store_failed(p, f);
    if (p->withdrawn.count > 0)
        loop_timer_in(p->withdraw, fault_is(f) ? EXCHANGE_LOOK : EXCHANGE_WANTED);
}

static void withdraw_later(struct post *p, const struct releasing *r)
{
    for (size_t i = 0; i < r->count; i++)
        withdrawn_add(&p->withdrawn, r->agreement, r->theirs,
                      bytes_of(r->digests.data + 32 * i, 32));
    loop_timer_in(p->withdraw, 0);
}

static struct fault release_put(struct post *p, const char *agreement, const struct releasing *r,
                                size_t i)
{
    struct bytes digest = bytes_of(r->digests.data + 32 * i, 32);

    if (r->tlp == TLP_NONE)
        return store_do(p->store, EXCHANGE_RELEASE_DROP, NULL,
                        STORE_WITH(value_text(agreement), value_blob(digest)));
    return store_do(p->store, EXCHANGE_RELEASE_PUT, NULL,
                    STORE_WITH(value_text(agreement), value_blob(digest), value_integer(r->tlp)));
}

/* All of it or nothing: told again at the next start. */
static struct fault hear_released(struct post *p, struct bytes body)
{
    struct releasing r;
    char agreement[ASKING_FROM + 1];
    struct fault f = releasing_parse(body, &r), kept;

    if (fault_is(f))
        return f;
    if (!bytes_to_text(r.agreement, agreement, sizeof agreement))
        return fault_make(FAULT_SYNTAX, 0, "message: RELEASED");
    kept = store_begin(p->store);
    for (size_t i = 0; i < r.count && !r.theirs && !fault_is(kept); i++)
        kept = release_put(p, agreement, &r, i);
    if (!fault_is(kept))
        kept = store_commit(p->store);
    if (fault_is(kept)) {
        store_rollback(p->store);
        store_failed(p, kept);
    } else if (r.tlp == TLP_NONE) {
        withdraw_later(p, &r);
    }
    return f;
}

static void post_message(void *context, enum process from, uint16_t type, struct bytes body)
{
    static const struct {
        enum process from;
        uint16_t type;
        struct fault (*hear)(struct post *p, struct bytes body);
    } messages[] = {{PROCESS_GATE, MESSAGE_ASK, hear_ask},
                    {PROCESS_GATE, MESSAGE_FORGET, hear_forget},
                    {PROCESS_JUDGE, MESSAGE_ENVELOPE, hear_envelope},
                    {PROCESS_DESK, MESSAGE_RELEASED, hear_released}};
    struct post *p = context;
    struct fault f = fault_make(FAULT_UNKNOWN, type, "exchange: a message that it does not hear");

    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++)
        if (from == messages[i].from && messages[i].type == type)
            f = messages[i].hear(p, body);
    if (fault_is(f)) {
        log_fault(LOG_LEVEL_ERROR, process_name(from), f);
        process_stop(p->self, 1);
        return;
    }
    process_pause(p->self, PROCESS_GATE, !process_may_send(p->self, PROCESS_GATE));
}

static void post_drained(void *context, enum process to)
{
    struct post *p = context;

    if (to == PROCESS_GATE)
        process_pause(p->self, PROCESS_GATE, false);
}

/* Judge went, and with it the body: gate, if it is there, asks again. */
static void admitted_lost(struct post *p, struct admitted *a)
{
    struct exchange_answer out = {0};

    exchange_refuse(503, "Not available", "the body's reader is being started anew", &out);
    say_answer(p, a->number, &out);
    exchange_answer_done(&out);
    admitted_done(a);
}

/* What gate had in hand when it went is not answered any more. */
static void post_neighbour(void *context, enum process other, bool here)
{
    struct post *p = context;

    if (other == PROCESS_DESK)
        return;
    if (p->stopping && other == PROCESS_GATE) {
        process_stop(p->self, 0);
        return;
    }
    for (size_t i = 0; !here && i < EXCHANGE_ADMITTED; i++)
        if (p->admitted[i].number != 0)
            admitted_lost(p, &p->admitted[i]);
    for (size_t i = 0; !here && other == PROCESS_GATE && i < EXCHANGE_WAITING; i++)
        if (p->waiting[i].used)
            waiting_done(p, &p->waiting[i]);
    process_pause(p->self, PROCESS_GATE, false);
}

/* ---- the house ---------------------------------------------------------------------------------
 */

/* A permit for exactly these bytes to exactly this partner: a SHARE of ours that is stored in the
 * ledger under that agreement. Its own marking bounds the object's. */
static struct fault may_leave(void *context, const struct config_root *root, const struct object *o,
                              struct bytes body)
{
    struct post *p = context;
    struct digest digest = digest_of(body);
    struct rows r =
        store_ask(p->store, EXCHANGE_RELEASE_GET,
                  STORE_WITH(value_text(root->agreement), value_blob(bytes_of(digest.byte, 32))));
    bool found = rows_next(&r);
    enum tlp most = found ? (enum tlp)row_integer(&r, 0) : TLP_NONE;

    if (fault_is(rows_done(&r)) || !found)
        return fault_make(FAULT_REFUSED, 0, "release: no permit for these bytes and this partner");
    if (o->tlp > most)
        return fault_make(FAULT_REFUSED, 0, "release: marked above what was released");
    return fault_none();
}

static struct fault open_store(struct post *p, const struct backend *b)
{
    return store_open(b, &schema_exchange, p->settings->exchange.store, STORE_SHARED, &p->store);
}

/* A server is dialled here; a file is opened in the sandbox. */
static struct fault post_prepare(void *context, struct self *self, struct rights *rights)
{
    struct post *p = context;
    struct fault f;

    (void)rights;
    p->self = self;
    p->settings = memory_zeroed(1, sizeof *p->settings);
    f = settings_parse(process_setup(self)->settings, p->settings, NULL);
    process_forget(self);
    setenv("PGCONNECT_TIMEOUT", "10", 0); /* a server that is nowhere must not keep us */
    store_start();
    if (fault_is(f) || backend_of(p->settings->exchange.store) == &backend_sqlite)
        return f;
    return open_store(p, &backend_postgres);
}

/* ---- what watch is given to look for -----------------------------------------------------------
 */

static void wanted_write(struct post *p)
{
    struct fault f = file_replace(SETTINGS_EXCHANGE_WANTED, buf_view(&p->wanted.text), 0600);

    if (fault_is(f))
        log_fault(LOG_LEVEL_ERROR, SETTINGS_EXCHANGE_WANTED, f);
    if (p->wanted.left > 0)
        log_warn("%zu indicators do not fit into " SETTINGS_EXCHANGE_WANTED, p->wanted.left);
    wanted_done(&p->wanted);
}

static void want(void *context)
{
    struct post *p = context;
    struct fault f = wanted_step(&p->wanted, p->store);

    if (fault_is(f)) {
        wanted_done(&p->wanted);
        p->told.us = 0; /* again at the next look */
        store_failed(p, f);
    } else if (p->wanted.whole) {
        wanted_write(p);
    } else {
        loop_timer_in(p->want, EXCHANGE_WANTED);
    }
}

/* Begins it anew if anything was added or removed, by us or beside us. */
static void look_wanted(struct post *p)
{
    struct instant newest;

    if (loop_timer_is_set(p->want))
        return;
    if (fault_is(shelf_newest(p->store, &newest)) || newest.us == p->told.us)
        return;
    p->told = newest;
    wanted_begin(&p->wanted);
    loop_timer_in(p->want, 0);
}

static void look_again(void *context)
{
    struct post *p = context;
    bool worked = false;
    struct fault f = fault_none();

    if (++p->looks % EXCHANGE_TEND == 0)
        f = exchange_tend(p->exchange, instant_now(), &worked);
    if (fault_is(f))
        store_failed(p, f);
    else
        look(p);
    look_wanted(p);
    loop_timer_in(p->look, EXCHANGE_LOOK);
}

static struct fault post_begin(void *context, struct self *self)
{
    struct post *p = context;
    struct fault f = fault_none();

    p->lock = process_file(self, "lock");
    p->host = (struct exchange_host){p, may_leave};
    if (p->store == NULL)
        f = open_store(p, &backend_sqlite);
    if (!fault_is(f))
        f = exchange_new(&p->settings->exchange.config, &p->host, p->store, &p->exchange);
    if (fault_is(f))
        return f;
    p->look = loop_timer_new(process_loop(self), look_again, p);
    p->want = loop_timer_new(process_loop(self), want, p);
    p->withdraw = loop_timer_new(process_loop(self), withdraw, p);
    loop_timer_in(p->look, EXCHANGE_LOOK);
    return f;
}

/* Who waits for something new is answered that there is nothing. */
static void post_stop(void *context)
{
    struct post *p = context;

    p->stopping = true;
    for (size_t i = 0; i < EXCHANGE_WAITING; i++)
        p->waiting[i].until.us = 0;
    look(p);
    if (!process_has(p->self, PROCESS_GATE))
        process_stop(p->self, 0);
}

int exchange_main(void)
{
    static const struct process_use use = {
        .process = PROCESS_EXCHANGE,
        .brief = true,
        .rights = {.may = RIGHT_READ | RIGHT_WRITE, .write = {"exchange"}, .files = 32},
        .prepare = post_prepare,
        .begin = post_begin,
        .message = post_message,
        .drained = post_drained,
        .neighbour = post_neighbour,
        .stop = post_stop,
    };
    struct post *p = memory_zeroed(1, sizeof *p);
    int status;

    p->lock = -1;
    status = process_run(&use, p);
    for (size_t i = 0; i < EXCHANGE_ADMITTED; i++)
        admitted_done(&p->admitted[i]);
    for (size_t i = 0; i < EXCHANGE_WAITING; i++)
        buf_wipe(&p->waiting[i].text);
    loop_timer_free(p->look);
    loop_timer_free(p->want);
    loop_timer_free(p->withdraw);
    withdrawn_done(&p->withdrawn);
    wanted_done(&p->wanted);
    exchange_free(p->exchange);
    store_close(p->store);
    buf_done(&p->body);
    buf_done(&p->page);
    if (p->lock >= 0)
        close(p->lock);
    free(p->settings);
    free(p);
    return status;
}
