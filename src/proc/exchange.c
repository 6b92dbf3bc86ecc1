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
 * strangers' bytes, can say what was posted and not by whom.
 *
 * Who reads does not wait for who writes: reading has a handle of its own, and of a write only the
 * commit waits for the disk, in a thread (io/aside.h). What comes in meanwhile is one transaction
 * after it. Nobody is answered, and nothing is seen, before it is synced.
 *
 * A session with PostgreSQL that broke ends this process; the parent starts it anew and it dials
 * again.
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
#include "io/aside.h"
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
    EXCHANGE_WRITES = 64,      /* that are one transaction at most .. */
    EXCHANGE_WRITING = 4000,   /* .. and no more after so many microseconds: readers wait for it */
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

/* A POST or a DELETE that waits for its turn. */
struct write {
    struct write *next;
    struct buf text;      /* the ASK */
    struct buf envelope;  /* of a POST */
    struct judged judged; /* borrows from it */
};

/* What is answered once the commit is synced. */
struct written {
    uint64_t number; /* 0: to nobody, gate has gone */
    struct exchange_answer answer;
};

struct post {
    struct self *self;
    struct settings *settings;
    struct store *store;  /* the thread's while a commit is under way */
    struct store *reader; /* the same tables, for all that only reads */
    struct aside *aside;
    struct fault commit; /* what became of it */
    struct write *first_write, **last_write;
    struct written written[EXCHANGE_WRITES];
    size_t written_count;
    struct loop_timer *turn; /* of those who wait to write */
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

/* ---- writing ----------------------------------------------------------------------------------
 */

static void write_free(struct write *w)
{
    judged_done(&w->judged);
    buf_wipe(&w->text); /* a password may be in it */
    buf_done(&w->envelope);
    free(w);
}

static void write_later(struct post *p, struct write *w, struct bytes text)
{
    buf_bytes(&w->text, text);
    *p->last_write = w;
    p->last_write = &w->next;
    if (!aside_is_busy(p->aside))
        loop_timer_in(p->turn, 0); /* what else is here by then goes along */
}

static struct write *write_take(struct post *p)
{
    struct write *w = p->first_write;

    p->first_write = w->next;
    if (p->first_write == NULL)
        p->last_write = &p->first_write;
    return w;
}

static struct fault write_run(struct post *p, const struct write *w, struct written *out)
{
    struct asking a;
    struct exchange_ask ask;
    struct fault f = asking_parse(buf_view(&w->text), &a);

    if (fault_is(f))
        return f;
    ask = ask_of(&a);
    ask.judged = w->envelope.len > 0 ? &w->judged : NULL;
    out->number = a.number;
    return exchange_write(p->exchange, &ask, instant_now(), &out->answer);
}

/* All of them were kept, or none. */
static void writes_answer(struct post *p, struct fault f)
{
    bool moved = false;

    for (size_t i = 0; i < p->written_count; i++) {
        struct written *w = &p->written[i];

        if (fault_is(f))
            exchange_unavailable(&w->answer);
        moved |= w->answer.status < 300;
        if (w->number != 0)
            say_answer(p, w->number, &w->answer);
        exchange_answer_done(&w->answer);
        *w = (struct written){.number = 0};
    }
    p->written_count = 0;
    if (moved)
        look(p);
    if (fault_is(f))
        store_failed(p, f);
    if (p->first_write != NULL)
        loop_timer_in(p->turn, 0);
}

static void commit_run(void *context)
{
    struct post *p = context;

    p->commit = store_commit(p->store);
}

static void commit_done(void *context)
{
    struct post *p = context;

    writes_answer(p, p->commit);
}

/* Those who wait to write are one transaction, as far as it goes without keeping readers waiting.
 */
static void writes_turn(void *context)
{
    struct post *p = context;
    int64_t end = tick_now().us + EXCHANGE_WRITING;
    struct fault f = fault_none();

    if (p->first_write == NULL || aside_is_busy(p->aside))
        return; /* commit_done sets the timer again */
    do {
        struct write *w = write_take(p);

        f = write_run(p, w, &p->written[p->written_count++]);
        write_free(w);
    } while (!fault_is(f) && p->first_write != NULL && p->written_count < EXCHANGE_WRITES &&
             tick_now().us < end);
    if (!fault_is(f) && store_is_busy(p->store)) {
        aside_begin(p->aside, commit_run, commit_done, p);
        return;
    }
    store_rollback(p->store);
    writes_answer(p, f);
}

/* Nobody is there to be answered any more. */
static void writes_drop(struct post *p)
{
    for (size_t i = 0; i < p->written_count; i++)
        p->written[i].number = 0;
    while (p->first_write != NULL)
        write_free(write_take(p));
}

/* ---- answering ----------------------------------------------------------------------------------
 */

static void answer(struct post *p, const struct asking *a, struct bytes text)
{
    struct exchange_ask ask = ask_of(a);
    struct exchange_answer out = {.body = p->page};
    struct fault f;

    p->page = (struct buf){0}; /* transferred */
    buf_clear(&out.body);
    f = exchange_answer(p->exchange, &ask, instant_now(), &out);
    if (out.wait == 0 || !wait_begin(p, text, out.wait))
        say_answer(p, a->number, &out);
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
    else if (a.method == EXCHANGE_DELETE)
        write_later(p, memory_zeroed(1, sizeof(struct write)), body);
    else
        answer(p, &a, body);
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
    struct write *w = memory_zeroed(1, sizeof *w);
    struct posting posting;
    struct admitted *place;
    struct fault f;

    buf_bytes(&w->envelope, body);
    f = posting_parse(buf_view(&w->envelope), &posting);
    if (!fault_is(f))
        f = judged_parse(posting.judged, posting.body, &w->judged);
    place = fault_is(f) || posting.number == 0 ? NULL : admitted_find(p, posting.number);
    if (place == NULL) {
        write_free(w);
        return f;
    }
    write_later(p, w, buf_view(&place->text));
    admitted_done(place);
    return f;
}

/* A walk goes on until nothing is left of it. */
static void withdraw(void *context)
{
    struct post *p = context;
    size_t dropped = 0;
    struct fault f;

    aside_wait(p->aside);
    f = withdrawn_step(&p->withdrawn, &p->settings->exchange.config, p->store, instant_now(),
                       &dropped);

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
    aside_wait(p->aside);
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

/* What gate had in hand when it went is not answered any more. Where judge went, and a body with
 * it, gate hears of that itself and asks again: an answer of ours could come before it did. */
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
            admitted_done(&p->admitted[i]);
    for (size_t i = 0; !here && other == PROCESS_GATE && i < EXCHANGE_WAITING; i++)
        if (p->waiting[i].used)
            waiting_done(p, &p->waiting[i]);
    if (!here && other == PROCESS_GATE)
        writes_drop(p);
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
    const char *where = p->settings->exchange.store;
    struct fault f = store_open(b, &schema_exchange, where, STORE_SHARED, &p->store);

    return fault_is(f) ? f : store_open(b, &schema_exchange, where, STORE_READS, &p->reader);
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
    p->aside = aside_new(process_loop(self));
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
    struct fault f = wanted_step(&p->wanted, p->reader);

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
    if (fault_is(shelf_newest(p->reader, &newest)) || newest.us == p->told.us)
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

    if (++p->looks % EXCHANGE_TEND == 0) {
        aside_wait(p->aside);
        f = exchange_tend(p->exchange, instant_now(), &worked);
    }
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
        f = exchange_new(&p->settings->exchange.config, &p->host, p->store, p->reader,
                         &p->exchange);
    if (fault_is(f))
        return f;
    p->turn = loop_timer_new(process_loop(self), writes_turn, p);
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
        .rights = {.may = RIGHT_READ | RIGHT_WRITE | RIGHT_THREAD,
                   .write = {"exchange"},
                   .files = 32},
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
    p->last_write = &p->first_write;
    status = process_run(&use, p);
    for (size_t i = 0; i < EXCHANGE_ADMITTED; i++)
        admitted_done(&p->admitted[i]);
    for (size_t i = 0; i < EXCHANGE_WAITING; i++)
        buf_wipe(&p->waiting[i].text);
    aside_free(p->aside);
    writes_drop(p);
    for (size_t i = 0; i < p->written_count; i++)
        exchange_answer_done(&p->written[i].answer);
    loop_timer_free(p->turn);
    loop_timer_free(p->look);
    loop_timer_free(p->want);
    loop_timer_free(p->withdraw);
    withdrawn_done(&p->withdrawn);
    wanted_done(&p->wanted);
    exchange_free(p->exchange);
    store_close(p->reader); /* the last one to go tidies up, and must be able to write */
    store_close(p->store);
    buf_done(&p->body);
    buf_done(&p->page);
    if (p->lock >= 0)
        close(p->lock);
    free(p->settings);
    free(p);
    return status;
}
