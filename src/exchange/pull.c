#include "exchange/pull.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cursor.h"
#include "base/memory.h"
#include "crypto/digest.h"

static const char *const wrong_texts[PULL_WRONGS] = {
    [PULL_NEXT_LOOPS] = "`next` led back to a page that it had led away from",
    [PULL_NEXT_LOST] = "a page said that there is more and had no `next`, as others had",
    [PULL_NEXT_REFUSED] = "it did not know its own `next` any more",
    [PULL_NEXT_LAST] = "the last page had a `next`",
    [PULL_PAGE_REPEATED] = "a page came twice",
    [PULL_MORE_EMPTY] = "an empty page said that there is more",
    [PULL_NO_DATES] = "a page of objects had no X-TAXII-Date-Added-Last",
    [PULL_BAD_DATE] = "X-TAXII-Date-Added-Last was no time",
    [PULL_BACKWARDS] = "dates of a later page lay before those of an earlier one",
    [PULL_TIES] = "more objects of one date_added than it gives in a page, and no `next`",
    [PULL_CLOCK] = "its clock stands before dates that it gave",
    [PULL_TYPE] = "Content-Type was not TAXII's",
    [PULL_CUT] = "an answer ended before its end",
    [PULL_BODY] = "an answer was no envelope",
    [PULL_ODD] = "`more` was no boolean, or `next` no usable text",
    [PULL_LARGE] = "a page was larger than 5 MiB, and was asked for in smaller ones",
    [PULL_OBJECTS] = "objects were no STIX and were not kept",
    [PULL_AGAIN] = "the same objects came over and over, in other pages",
};

const char *pull_wrong_text(enum pull_wrong w)
{
    return wrong_texts[w];
}

/* ---- what was seen in this walk ----------------------------------------------------------------
 */

/* A set of digests, open addressing; 0 stands for an empty place. */
struct seen {
    uint64_t *place; /* owned */
    size_t count, room;
};

static bool seen_put(uint64_t *place, size_t room, uint64_t digest)
{
    size_t i = digest & (room - 1);

    while (place[i] != 0 && place[i] != digest)
        i = (i + 1) & (room - 1);
    if (place[i] == digest)
        return false;
    place[i] = digest;
    return true;
}

/* Adds; false if it was there. */
static bool seen_add(struct seen *s, uint64_t digest)
{
    bool added;

    digest += digest == 0;
    if (2 * (s->count + 1) > s->room) {
        size_t room = s->room == 0 ? 64 : 2 * s->room;
        uint64_t *place = memory_zeroed(room, sizeof *place);

        for (size_t i = 0; i < s->room; i++)
            if (s->place[i] != 0)
                seen_put(place, room, s->place[i]);
        free(s->place);
        s->place = place;
        s->room = room;
    }
    added = seen_put(s->place, s->room, digest);
    s->count += added;
    return added;
}

static void seen_clear(struct seen *s)
{
    free(s->place);
    *s = (struct seen){NULL, 0, 0};
}

static uint64_t text_digest(const char *text)
{
    struct digest d = digest_of(bytes_text(text));
    uint64_t out;

    memcpy(&out, d.byte, sizeof out);
    return out;
}

/* ---- state -------------------------------------------------------------------------------------
 */

enum { STATE_VERSION = 1 };

static void moment_write(bool has, struct instant t, struct buf *out)
{
    buf_byte(out, has);
    buf_u64(out, has ? (uint64_t)t.us : 0);
}

static bool flag_read(struct cursor *c)
{
    uint8_t byte = cursor_u8(c);

    if (byte > 1)
        cursor_fail(c, FAULT_RANGE, c->at - 1);
    return byte == 1;
}

/* Times that nobody writes would overflow where a unit is taken off. */
static void moment_read(struct cursor *c, bool *has, struct instant *out)
{
    const int64_t most = INT64_C(253402300800000000); /* year 10000 */

    *has = flag_read(c);
    out->us = (int64_t)cursor_u64(c);
    if (out->us < -most || out->us > most)
        cursor_fail(c, FAULT_RANGE, c->at - 8);
}

void pull_state_write(const struct pull_state *s, struct buf *out)
{
    buf_byte(out, STATE_VERSION);
    moment_write(s->has_after, s->after, out);
    buf_byte(out, s->digits);
    buf_byte(out, s->torn);
    buf_byte(out, s->walking);
    moment_write(s->has_asked, s->asked, out);
    moment_write(s->has_reached, s->reached, out);
    buf_part(out, bytes_text(s->next));
    buf_byte(out, s->by_dates);
    buf_u64(out, s->met);
}

struct fault pull_state_parse(struct bytes text, struct pull_state *out)
{
    struct cursor c = cursor_over(text, "the state of a pull");
    struct pull_state s = {.walking = false};

    if (cursor_u8(&c) != STATE_VERSION)
        cursor_fail(&c, FAULT_RANGE, 0);
    moment_read(&c, &s.has_after, &s.after);
    s.digits = cursor_u8(&c);
    s.torn = flag_read(&c);
    s.walking = flag_read(&c);
    moment_read(&c, &s.has_asked, &s.asked);
    moment_read(&c, &s.has_reached, &s.reached);
    if (s.digits > 9 || !bytes_to_text(cursor_part(&c, FOREIGN_NEXT - 1), s.next, sizeof s.next))
        cursor_fail(&c, FAULT_RANGE, c.at);
    s.by_dates = flag_read(&c);
    s.met = cursor_u64(&c);
    cursor_end(&c);
    if (cursor_ok(&c))
        *out = s;
    return c.fault;
}

/* ---- the walk ----------------------------------------------------------------------------------
 */

struct pull {
    struct pull_state state;
    unsigned limit, usual, most; /* asked now; asked where nothing is wrong; never asked above */
    unsigned wait, tries;
    uint64_t held, pages;
    uint64_t wrong[PULL_WRONGS];
    size_t empty, repeated; /* one behind the other */
    bool had_next;          /* some page had one */
    bool anew;              /* the walk began from the start because of the clock */
    struct seen nexts, shown;
    enum pull_end end;
    char why[PULL_WHY];
};

/* "strictly after": an object dated in the same unit as the last one we met may not have been met,
 * so we go back by one unit of the dates that it writes. */
static int64_t unit_of(const struct pull_state *s)
{
    int64_t unit = 1000000;

    for (unsigned i = 0; i < s->digits && unit > 1; i++)
        unit /= 10;
    return unit;
}

static struct instant before(const struct pull_state *s, struct instant t)
{
    return (struct instant){t.us - unit_of(s)};
}

static void forget(struct pull *p)
{
    seen_clear(&p->nexts);
    seen_clear(&p->shown);
    p->empty = p->repeated = 0;
}

static void begin(struct pull *p, bool from_start)
{
    struct pull_state *s = &p->state;

    s->walking = true;
    s->has_asked = s->has_after && !from_start;
    s->asked = s->has_asked ? before(s, s->after) : (struct instant){0};
    s->has_reached = false;
    s->next[0] = '\0';
    s->by_dates = false;
    s->met = 0;
    forget(p);
}

struct pull *pull_new(const struct pull_state *state, unsigned limit, uint64_t held)
{
    struct pull *p = memory_zeroed(1, sizeof *p);

    p->state = *state;
    p->limit = p->usual = limit;
    p->most = PULL_LIMIT_MOST;
    p->held = held;
    if (!p->state.walking)
        begin(p, false);
    return p;
}

void pull_free(struct pull *p)
{
    if (p == NULL)
        return;
    forget(p);
    free(p);
}

static void query_text(struct buf *out, const char *text)
{
    static const char plain[] = "-._~";

    for (; *text != '\0'; text++) {
        char c = *text;

        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
            strchr(plain, c) != NULL)
            buf_byte(out, (uint8_t)c);
        else
            buf_print(out, "%%%02X", (unsigned)(uint8_t)c);
    }
}

void pull_ask(const struct pull *p, struct buf *out)
{
    char time[INSTANT_MICRO + 1];

    buf_print(out, "limit=%u", p->limit);
    if (p->state.has_asked) {
        instant_micro_write(p->state.asked, time);
        buf_print(out, "&added_after=%s", time);
    }
    if (p->state.next[0] != '\0') {
        buf_text(out, "&next=");
        query_text(out, p->state.next);
    }
}

static void stop(struct pull *p, enum pull_end end, const char *why)
{
    p->end = end;
    snprintf(p->why, sizeof p->why, "%s", why);
}

/* ---- no answer, or one that says no ------------------------------------------------------------
 */

static void again(struct pull *p, unsigned wish, const char *why)
{
    if (++p->tries >= PULL_TRIES) {
        stop(p, PULL_FAILED, why);
        return;
    }
    p->wait = wish != 0 ? wish : 1U << (p->tries - 1);
    p->wait = p->wait > PULL_WAIT ? PULL_WAIT : p->wait;
}

/* Smaller pages from the same place. */
static void smaller(struct pull *p)
{
    p->wrong[PULL_LARGE]++;
    if (p->limit == 1)
        stop(p, PULL_STOPPED, "one object is larger than 5 MiB, or it does not heed `limit`");
    else
        p->limit = p->usual = p->most = p->limit < 4 ? 1 : p->limit / 4;
}

static void trouble(struct pull *p, const struct pull_answer *a)
{
    if (a->trouble == PULL_TROUBLE_LARGE) {
        smaller(p);
        return;
    }
    if (a->trouble == PULL_TROUBLE_TRUST) {
        stop(p, PULL_FAILED, "TLS does not come about");
        return;
    }
    p->wrong[PULL_CUT] += a->trouble == PULL_TROUBLE_CUT;
    again(p, 0, a->why == NULL ? "it does not answer" : a->why);
}

static void by_date(struct pull *p, size_t fresh);

/* Its `next` of a while ago; or it never was one. */
static void next_refused(struct pull *p)
{
    p->wrong[PULL_NEXT_REFUSED]++;
    p->state.next[0] = '\0';
    p->state.by_dates = p->wrong[PULL_NEXT_REFUSED] >= PULL_TRIES;
    if (p->state.has_reached || p->state.by_dates)
        by_date(p, 0);
    /* else the walk's first request again: what comes twice is known */
}

static void refused(struct pull *p, const struct pull_answer *a)
{
    char why[PULL_WHY];

    if (a->status == 429 || a->status >= 500) {
        snprintf(why, sizeof why, "it answers %u: %s", a->status, a->why == NULL ? "" : a->why);
        again(p, a->retry_after, why);
        return;
    }
    if (p->state.next[0] != '\0' && (a->status == 400 || a->status == 404 || a->status == 410 ||
                                     a->status == 416 || a->status == 422)) {
        next_refused(p);
        return;
    }
    snprintf(why, sizeof why, "it answers %u: %s", a->status, a->why == NULL ? "" : a->why);
    stop(p, PULL_FAILED, why);
}

/* ---- dates -------------------------------------------------------------------------------------
 */

static uint8_t digits_of(const char *text)
{
    const char *dot = strchr(text, '.');
    size_t n = dot == NULL ? 0 : strspn(dot + 1, "0123456789");

    return n > 9 ? 9 : (uint8_t)n;
}

/* Of a page with objects. */
static void dates(struct pull *p, const struct pull_answer *a)
{
    struct pull_state *s = &p->state;
    struct instant last;

    if (a->last[0] == '\0') {
        p->wrong[PULL_NO_DATES]++;
        return;
    }
    if (fault_is(instant_fraction_parse(bytes_text(a->last), &last))) {
        p->wrong[PULL_BAD_DATE]++;
        return;
    }
    if (digits_of(a->last) > s->digits)
        s->digits = digits_of(a->last);
    if (s->has_reached && last.us < s->reached.us) {
        p->wrong[PULL_BACKWARDS]++;
        return;
    }
    s->has_reached = true;
    s->reached = last;
}

/* Its clock stands before what it has dated already: what it adds now may lie before where we are.
 * Two seconds are how Date is cut and how long an answer takes. */
static bool clock_is_behind(const struct pull_answer *a, struct instant than)
{
    return a->has_date && a->date.us + 2000000 < than.us;
}

/* ---- going on ----------------------------------------------------------------------------------
 */

static void finish(struct pull *p, const struct pull_answer *a)
{
    struct pull_state *s = &p->state;

    s->walking = false;
    s->next[0] = '\0';
    if (s->has_reached && (!s->has_after || s->after.us < s->reached.us || p->anew)) {
        s->has_after = true;
        s->after = s->reached;
    }
    if (s->has_after && clock_is_behind(a, s->after)) {
        p->wrong[PULL_CLOCK] += p->wrong[PULL_CLOCK] == 0;
        s->after.us = a->date.us - 2000000;
    }
    if (s->torn)
        stop(p, PULL_TORN, "objects were passed over that it did not give; pull with --audit");
    else
        stop(p, PULL_COMPLETE, "");
}

static void give_up(struct pull *p, const char *why)
{
    p->state.walking = false; /* the next pull begins where the last complete one ended */
    p->state.next[0] = '\0';
    stop(p, PULL_STOPPED, why);
}

/* Goes on from the last date that was met, and a unit before it. Where that is no step forward the
 * page was full of one date: a larger page, and where that does not help, past it. */
static void by_date(struct pull *p, size_t fresh)
{
    struct pull_state *s = &p->state;
    struct instant to = before(s, s->reached);

    s->next[0] = '\0';
    if (!s->has_reached) {
        give_up(p, "there is more, and it says neither `next` nor a date to go on from");
        return;
    }
    if (s->has_asked && to.us <= s->asked.us) {
        if (p->limit < p->most && (fresh > 0 || p->limit == p->usual)) {
            p->limit = p->limit > p->most / 4 ? p->most : p->limit * 4;
            return;
        }
        if (s->reached.us <= s->asked.us) {
            give_up(p, "there is more, and neither `next` nor dates lead to it");
            return;
        }
        p->wrong[PULL_TIES]++;
        s->torn = true;
        to = s->reached;
    }
    s->has_asked = true;
    s->asked = to;
    p->limit = p->usual;
    p->repeated = 0;
}

static bool has_too_much(const struct pull *p)
{
    return p->state.met > 3 * p->held + PULL_MET;
}

/* Is there a `next` that leads anywhere? */
static bool next_is_good(struct pull *p, const struct pull_answer *a)
{
    if (a->next[0] == '\0') {
        p->wrong[PULL_NEXT_LOST] += p->had_next;
        return false;
    }
    p->had_next = true;
    if (p->state.by_dates || strlen(a->next) >= FOREIGN_NEXT)
        return false;
    if (!seen_add(&p->nexts, text_digest(a->next)) || strcmp(a->next, p->state.next) == 0) {
        p->state.by_dates = ++p->wrong[PULL_NEXT_LOOPS] >= PULL_TRIES;
        return false;
    }
    return p->repeated < PULL_REPEATED;
}

/* True if `next` led to a page that was there before. */
static bool count_page(struct pull *p, const struct pull_answer *a)
{
    bool shown = a->count > 0 && !seen_add(&p->shown, a->digest);
    bool twice = shown && p->state.next[0] != '\0';

    p->pages++;
    p->state.met += a->count;
    p->held += a->fresh;
    p->wrong[PULL_OBJECTS] += a->bad;
    p->wrong[PULL_ODD] += a->odd;
    p->wrong[PULL_PAGE_REPEATED] += twice;
    p->empty = a->count == 0 ? p->empty + 1 : 0;
    p->repeated = shown ? p->repeated + 1 : 0;
    return twice;
}

/* What should have stood in its place was not there. Its dates are not believed: the walk goes on
 * from those before it; without dates, nobody knows what is missing. */
static bool went_by_date_instead(struct pull *p)
{
    p->state.by_dates = p->wrong[PULL_PAGE_REPEATED] >= PULL_REPEATED;
    if (p->state.has_reached)
        by_date(p, 0);
    else
        p->state.torn = true;
    return p->state.has_reached;
}

/* A loop that no single page tells; also one that we forgot when we were killed. By dates it may
 * end. */
static void too_much(struct pull *p, const struct pull_answer *a)
{
    p->wrong[PULL_AGAIN]++;
    p->state.met = 0;
    if (p->state.by_dates) {
        give_up(p, "it gives the same objects over and over");
        return;
    }
    p->state.by_dates = true;
    by_date(p, a->fresh);
}

static void go_on(struct pull *p, const struct pull_answer *a)
{
    if (has_too_much(p)) {
        too_much(p, a);
    } else if (p->empty >= PULL_EMPTY) {
        p->wrong[PULL_MORE_EMPTY]++;
        give_up(p, "page after page is empty and says that there is more");
    } else if (next_is_good(p, a)) {
        snprintf(p->state.next, sizeof p->state.next, "%s", a->next);
    } else {
        p->wrong[PULL_MORE_EMPTY] += a->count == 0;
        by_date(p, a->fresh);
    }
}

static void page(struct pull *p, const struct pull_answer *a)
{
    struct pull_state *s = &p->state;
    bool more = a->more || (a->odd && a->next[0] != '\0');

    if (!p->anew && s->has_after && s->has_asked && clock_is_behind(a, s->after)) {
        p->wrong[PULL_CLOCK]++;
        p->anew = true;
        begin(p, true);
        return;
    }
    if (count_page(p, a) && went_by_date_instead(p))
        return;
    if (a->count > 0)
        dates(p, a);
    p->wrong[PULL_NEXT_LAST] += !more && a->next[0] != '\0';
    if (more)
        go_on(p, a);
    else
        finish(p, a);
}

void pull_heard(struct pull *p, const struct pull_answer *a)
{
    p->wait = 0;
    if (a->trouble != PULL_ANSWERED) {
        trouble(p, a);
    } else if (a->status != 200) {
        refused(p, a);
    } else if (fault_is(a->body)) {
        p->wrong[PULL_BODY]++;
        again(p, 0, "its answer cannot be read");
    } else {
        p->tries = 0;
        p->wrong[PULL_TYPE] += !a->typed;
        page(p, a);
    }
}

enum pull_end pull_end(const struct pull *p)
{
    return p->end;
}

const char *pull_why(const struct pull *p)
{
    return p->why;
}

const struct pull_state *pull_state(const struct pull *p)
{
    return &p->state;
}

unsigned pull_wait(const struct pull *p)
{
    return p->wait;
}

uint64_t pull_pages(const struct pull *p)
{
    return p->pages;
}

uint64_t pull_wrongs(const struct pull *p, enum pull_wrong w)
{
    return p->wrong[w];
}
