#include "watch/watcher.h"

#include "base/memory.h"
#include "watch/flows.h"
#include "watch/twins.h"

enum {
    STATE_VERSION = 6,
    STATE_UNPLACED = 5, /* the version before incidents knew places: is read, too */
    STATE_PLAIN = 4,    /* the version before incidents counted cautions: is read, too */
    STATE_UNTOLD = 3,   /* the version before held records had accounts: is read, too */
};

static const char state_rule[] = "watch: saved state, version 6";

struct held {
    struct match match; /* match.line is the offset */
    struct account account;
    struct digest digest;
    uint32_t length;
    uint8_t *raw;       /* owned; NULL where it was not kept */
    const char *unkept; /* why */
};

struct source {
    uint64_t offset;
    uint8_t identity[WATCHER_IDENTITY];
    uint8_t identity_len;
    struct reader *reader; /* made at the first frame */
    const struct reader_format *format;
    uint32_t place;
    struct watcher_news news;
};

struct watcher {
    const struct rules *rules;
    struct groups *groups;
    struct source source[WATCHER_SOURCES];
    struct totals totals;
    uint64_t sequence;
    int64_t newest;    /* latest time seen */
    int64_t floor;     /* everything before was counted */
    struct held *held; /* a heap, the next to be counted first */
    size_t held_count, raw_bytes;
    struct twins *twins; /* of what is held: a twin of what was counted is late */
    struct flows *flows;
    struct buf unpacked; /* for frames that are packed */
    struct watcher_report *report;
    size_t report_count, report_room;
    struct watcher_sample *sample;
    size_t sample_count, sample_room;
    size_t sample_raw;       /* bytes of their raw lines */
    struct lookout *lookout; /* what to look for; not ours */
    struct sightings *seen;
};

static void take_report(void *ctx, const struct incident *i, enum incident_report report)
{
    struct watcher *w = ctx;

    if (w->report_count == w->report_room) {
        w->report_room = w->report_room == 0 ? 16 : w->report_room * 2;
        w->report = memory_resize(w->report, w->report_room, sizeof *w->report);
    }
    w->totals.incidents += report == INCIDENT_OPENED;
    incident_copy(i, &w->report[w->report_count].incident);
    w->report[w->report_count++].report = report;
}

struct watcher *watcher_new(const struct rules *r, const uint8_t seed[16])
{
    static const struct group_limits limits = {WATCHER_GROUPS, WATCHER_GROUP_BYTES, WATCHER_OPEN};
    struct watcher *w = memory_zeroed(1, sizeof *w);

    w->rules = r;
    w->seen = sightings_new(WATCHER_SEEN, WATCHER_SEEN_BYTES);
    w->groups = groups_new(rules_agreement(r), rules_other(r), limits, seed, take_report, w);
    w->held = memory_new(WATCHER_HELD * sizeof *w->held);
    w->twins = twins_new(seed);
    w->flows = flows_new();
    w->newest = w->floor = INT64_MIN / 8;
    return w;
}

void watcher_taken(struct watcher *w)
{
    for (size_t i = 0; i < w->report_count; i++)
        incident_done(&w->report[i].incident);
    for (size_t i = 0; i < w->sample_count; i++) {
        w->raw_bytes -= w->sample[i].raw.len;
        free((void *)(uintptr_t)w->sample[i].raw.data);
    }
    w->report_count = w->sample_count = w->sample_raw = 0;
}

void watcher_free(struct watcher *w)
{
    if (w == NULL)
        return;
    watcher_taken(w);
    for (size_t i = 0; i < w->held_count; i++)
        free(w->held[i].raw);
    free(w->held);
    twins_free(w->twins);
    flows_free(w->flows);
    buf_done(&w->unpacked);
    free(w->report);
    free(w->sample);
    for (size_t i = 0; i < WATCHER_SOURCES; i++)
        reader_free(w->source[i].reader);
    groups_free(w->groups);
    sightings_free(w->seen);
    free(w);
}

/* ---- what is held: a binary heap by match_compare ---- */

static uint64_t mark_of(const struct held *h)
{
    uint64_t mark;

    memcpy(&mark, h->digest.byte, sizeof mark);
    return mark;
}

static bool comes_before(const struct held *a, const struct held *b)
{
    return match_compare(&a->match, &b->match) < 0;
}

static void held_swap(struct held *a, struct held *b)
{
    struct held kept = *a;

    *a = *b;
    *b = kept;
}

static void held_add(struct watcher *w, struct held h)
{
    size_t at = w->held_count++;

    w->held[at] = h;
    for (; at != 0 && comes_before(&w->held[at], &w->held[(at - 1) / 2]); at = (at - 1) / 2)
        held_swap(&w->held[at], &w->held[(at - 1) / 2]);
}

static struct held held_take(struct watcher *w)
{
    struct held first = w->held[0];
    size_t at = 0;

    w->held[0] = w->held[--w->held_count];
    for (;;) {
        size_t least = 2 * at + 1;

        if (least >= w->held_count)
            return first;
        if (least + 1 < w->held_count && comes_before(&w->held[least + 1], &w->held[least]))
            least++;
        if (!comes_before(&w->held[least], &w->held[at]))
            return first;
        held_swap(&w->held[least], &w->held[at]);
        at = least;
    }
}

/* ---- counting ---- */

static void name_incident(const struct incident *i, struct watcher_sample *s)
{
    char source[ADDR_TEXT] = "-", opened[INSTANT_MICRO + 1];

    if (i->has_source)
        addr_write(i->source, source);
    instant_micro_write(i->opened, opened);
    snprintf(s->incident, sizeof s->incident, "%s %s %s %s %s", i->article, i->from, source,
             i->has_service ? service_name(i->service) : "-", opened);
}

static struct watcher_sample *sample_new(struct watcher *w)
{
    if (w->sample_count == w->sample_room) {
        w->sample_room = w->sample_room == 0 ? 16 : w->sample_room * 2;
        w->sample = memory_resize(w->sample, w->sample_room, sizeof *w->sample);
    }
    return &w->sample[w->sample_count++];
}

/* May this line, and how it was judged, go along with the next commit? */
static bool has_room(const struct watcher *w, const struct held *h)
{
    return w->sample_count < WATCHER_TOLD &&
           (h->raw == NULL || w->sample_raw + h->length <= WATCHER_RAW_SENT);
}

/* Takes over h->raw. */
static void take_sample(struct watcher *w, struct held *h, const struct incident *i)
{
    bool room = has_room(w, h);
    struct watcher_sample *s = sample_new(w);

    *s = (struct watcher_sample){
        .match = h->match,
        .nth = i->events,
        .unkept = room ? h->unkept : "no-room",
        .source = h->match.source,
        .offset = h->match.line,
        .length = h->length,
        .digest = h->digest,
    };
    name_incident(i, s);
    if (s->unkept != NULL)
        w->totals.unkept++;
    if (!room)
        return;
    s->account = h->account;
    s->raw = bytes_of(h->raw, h->raw == NULL ? 0 : h->length);
    w->sample_raw += s->raw.len;
    h->raw = NULL; /* transferred */
}

static void count_one(struct watcher *w)
{
    struct held h = held_take(w);
    const struct incident *wants;

    twins_drop(w->twins, h.match.time, mark_of(&h));
    groups_expire(w->groups, h.match.time);
    wants = groups_add(w->groups, &h.match);
    if (wants != NULL)
        take_sample(w, &h, wants);
    w->totals.losses = groups_losses(w->groups);
    if (h.raw != NULL)
        w->raw_bytes -= h.length;
    free(h.raw);
}

/* Counts all that is older than `floor`; later lines that are, too, are late. */
static void count_before(struct watcher *w, int64_t floor)
{
    if (floor <= w->floor)
        return;
    while (w->held_count != 0 && w->held[0].match.time < floor)
        count_one(w);
    groups_expire(w->groups, floor);
    w->floor = floor;
    if (w->newest < floor)
        w->newest = floor;
}

static void keep_raw(struct watcher *w, struct held *h, struct bytes line)
{
    h->unkept = line.len > WATCHER_RAW                      ? "too-long"
                : w->raw_bytes + line.len > WATCHER_RAW_ALL ? "no-room"
                                                            : NULL;
    if (h->unkept != NULL)
        return;
    h->raw = memory_new(line.len + 1);
    memcpy(h->raw, line.data, line.len);
    w->raw_bytes += line.len;
}

static void hold(struct watcher *w, const struct match *m, const struct event *e, struct bytes line)
{
    struct held h = {.match = *m, .digest = digest_of(line), .length = (uint32_t)line.len};

    if (w->held_count == WATCHER_HELD) /* bounded: the oldest must go before its time */
        count_before(w, w->held[0].match.time + 1);
    if (m->time < w->floor) {
        w->totals.late++;
        return;
    }
    if (!twins_add(w->twins, m->time, mark_of(&h))) {
        w->totals.twice++;
        return;
    }
    account_of(w->rules, e, m->article, &h.account);
    keep_raw(w, &h, line);
    held_add(w, h);
}

static bool is_empty(struct bytes line)
{
    return line.len == 0 || (line.len == 1 && line.data[0] == '\r');
}

/* May this time move what is counted? An event of tomorrow would make all of today's late. */
static bool is_ahead(int64_t time, struct instant now)
{
    return now.us < INT64_MAX / 8 && time > now.us + (int64_t)WATCHER_AHEAD * 1000000;
}

static void take_event(struct watcher *w, uint32_t source, uint64_t offset, struct event *e,
                       struct bytes line)
{
    size_t article = 0;
    enum judged v = rules_judge(w->rules, e, &article);
    struct match m;

    totals_count(&w->totals, (int)v);
    if (v == JUDGED_MATCHED) {
        match_of(e, article, source, offset, &m);
        m.place = w->source[source].place;
        hold(w, &m, e, line);
    }
    if (e->time.us <= w->newest)
        return;
    w->newest = e->time.us;
    count_before(w, w->newest - (int64_t)WATCHER_HOLD * 1000000);
}

/* One frame on its way: what the reader's events need to know. */
struct taking {
    struct watcher *w;
    uint32_t source;
    uint64_t offset;
    struct instant now;
};

static void take_one(void *context, struct event *e, struct bytes raw, size_t at)
{
    const struct taking *t = context;
    struct watcher *w = t->w;
    struct watcher_news *news = &w->source[t->source].news;

    news->events++;
    if (e->time.us > news->newest)
        news->newest = e->time.us;
    if (is_ahead(e->time.us, t->now)) { /* no time by which an indicator could be valid */
        w->totals.events++;
        w->totals.ahead++;
        return;
    }
    flows_meet(w->flows, e); /* late ones, too: its word does not age */
    if (e->time.us < w->floor) {
        w->totals.events++;
        w->totals.late++;
    } else {
        take_event(w, t->source, t->offset + at, e, raw);
    }
    if (w->lookout != NULL) /* late ones, too: a sighting has no order */
        sightings_see(w->seen, w->lookout, e, raw, t->source, t->offset + at);
}

static void take_note(void *context, const char *rule, uint64_t n)
{
    const struct taking *t = context;

    notes_add(&t->w->source[t->source].news.notes, rule, n);
}

static void take_nothing(void *context, struct event *e, struct bytes raw, size_t at)
{
    (void)context;
    (void)e;
    (void)raw;
    (void)at;
}

static void note_nothing(void *context, const char *rule, uint64_t n)
{
    (void)context;
    (void)rule;
    (void)n;
}

static struct reader *reader_of(struct source *s)
{
    if (s->reader == NULL)
        s->reader = reader_new(s->format);
    return s->reader;
}

void watcher_format(struct watcher *w, uint32_t source, const struct reader_format *format)
{
    struct source *s = &w->source[source];

    reader_free(s->reader);
    s->reader = NULL;
    s->format = format;
}

static void count_damage(struct watcher *w, uint32_t source, const char *rule)
{
    w->totals.damaged_lines++;
    w->source[source].news.damaged++;
    notes_add(&w->source[source].news.notes, rule, 1);
}

void watcher_line(struct watcher *w, uint32_t source, uint64_t offset, uint64_t next,
                  struct bytes line, struct instant now)
{
    struct taking t = {w, source, offset, now};
    const struct reader_sink sink = {take_one, take_note, &t, &w->unpacked};
    struct fault f;

    w->source[source].offset = next;
    if (is_empty(line))
        return;
    f = reader_frame(reader_of(&w->source[source]), line, &sink);
    if (fault_is(f))
        count_damage(w, source, f.rule);
}

void watcher_again(struct watcher *w, uint32_t source, struct bytes frame)
{
    const struct reader_sink sink = {take_nothing, note_nothing, NULL, &w->unpacked};

    if (!is_empty(frame) && fault_is(reader_frame(reader_of(&w->source[source]), frame, &sink)))
        return; /* counted when it came first */
}

void watcher_damaged(struct watcher *w, uint32_t source, uint64_t next)
{
    w->source[source].offset = next;
    count_damage(w, source, "sensor: a line is at most 1 MiB");
}

void watcher_flush(struct watcher *w)
{
    while (w->held_count != 0)
        count_one(w);
    if (w->newest > w->floor)
        w->floor = w->newest;
}

void watcher_idle(struct watcher *w, struct instant now)
{
    count_before(w, now.us - (int64_t)WATCHER_HOLD * 1000000);
}

void watcher_finish(struct watcher *w)
{
    watcher_flush(w);
    groups_finish(w->groups);
}

/* ---- questions ---- */

uint64_t watcher_offset(const struct watcher *w, uint32_t source)
{
    return w->source[source].offset;
}

const struct watcher_news *watcher_news(const struct watcher *w, uint32_t source)
{
    const struct source *s = &w->source[source];

    return &s->news;
}

const struct reader_format *watcher_format_of(const struct watcher *w, uint32_t source)
{
    const struct source *s = &w->source[source];

    return s->reader != NULL ? reader_format(s->reader) : s->format;
}

struct bytes watcher_identity(const struct watcher *w, uint32_t source)
{
    return bytes_of(w->source[source].identity, w->source[source].identity_len);
}

void watcher_source(struct watcher *w, uint32_t source, struct bytes identity, uint64_t offset)
{
    struct source *s = &w->source[source];

    s->offset = offset;
    s->identity_len = (uint8_t)(identity.len < WATCHER_IDENTITY ? identity.len : WATCHER_IDENTITY);
    if (s->identity_len != 0)
        memcpy(s->identity, identity.data, s->identity_len);
}

bool watcher_is_full(const struct watcher *w)
{
    return w->report_count >= WATCHER_PENDING || w->sample_count >= WATCHER_PENDING ||
           sightings_is_full(w->seen);
}

const struct watcher_report *watcher_reports(const struct watcher *w, size_t *count_out)
{
    *count_out = w->report_count;
    return w->report;
}

const struct watcher_sample *watcher_samples(const struct watcher *w, size_t *count_out)
{
    *count_out = w->sample_count;
    return w->sample;
}

void watcher_place(struct watcher *w, uint32_t source, uint32_t place)
{
    w->source[source].place = place;
}

void watcher_seek(struct watcher *w, struct lookout *l, const struct cautions *c)
{
    w->lookout = l;
    sightings_warn(w->seen, c);
}

struct sightings *watcher_seen(struct watcher *w)
{
    return w->seen;
}

uint64_t watcher_sequence(const struct watcher *w)
{
    return w->sequence;
}

const struct totals *watcher_totals(const struct watcher *w)
{
    return &w->totals;
}

size_t watcher_open(const struct watcher *w)
{
    return groups_open(w->groups);
}

/* ---- as bytes ---- */

static uint64_t *totals_row(struct totals *t, size_t i)
{
    uint64_t *const rows[] = {&t->events,    &t->oriented, &t->attributed, &t->matched,
                              &t->incidents, &t->late,     &t->ahead,      &t->damaged_lines};

    return i < sizeof rows / sizeof rows[0] ? rows[i] : NULL;
}

static void save_frame(struct watcher *w, struct buf *out)
{
    buf_u32(out, STATE_VERSION);
    buf_u64(out, w->sequence);
    for (size_t i = 0; totals_row(&w->totals, i) != NULL; i++)
        buf_u64(out, *totals_row(&w->totals, i));
    buf_u32(out, WATCHER_SOURCES);
    for (size_t i = 0; i < WATCHER_SOURCES; i++) {
        buf_u64(out, w->source[i].offset);
        buf_part(out, bytes_of(w->source[i].identity, w->source[i].identity_len));
    }
    buf_add(out, rules_agreement(w->rules)->digest, 32);
}

static void save_held(const struct held *h, struct buf *out)
{
    const struct match *m = &h->match;

    buf_u64(out, (uint64_t)m->time);
    buf_u64(out, m->line);
    buf_add(out, m->from.byte, 16);
    buf_add(out, m->to.byte, 16);
    buf_u32(out, m->source);
    buf_u32(out, m->from_as);
    buf_u32(out, m->place);
    buf_u16(out, m->article);
    buf_byte(out, m->service);
    buf_byte(out, m->ground);
    buf_byte(out, m->proven);
    buf_byte(out, m->turned);
    buf_byte(out, (uint8_t)(m->disputed | m->cautions << 1));
    buf_u32(out, h->length);
    buf_add(out, h->digest.byte, sizeof h->digest.byte);
    account_save(&h->account, out);
}

uint64_t watcher_commit(struct watcher *w, struct buf *state_out)
{
    w->sequence++;
    save_frame(w, state_out);
    buf_u64(state_out, (uint64_t)w->newest);
    buf_u64(state_out, (uint64_t)w->floor);
    buf_u32(state_out, (uint32_t)w->held_count);
    for (size_t i = 0; i < w->held_count; i++)
        save_held(&w->held[i], state_out);
    groups_save(w->groups, state_out);
    flows_save(w->flows, state_out);
    return w->sequence;
}

static void check(struct cursor *in, bool good)
{
    if (!good)
        cursor_fail(in, FAULT_RANGE, in->at);
}

static int64_t load_time(struct cursor *in)
{
    int64_t t = (int64_t)cursor_u64(in);

    check(in, t >= INT64_MIN / 8 && t <= INT64_MAX / 8);
    return cursor_ok(in) ? t : 0;
}

static void load_bytes(struct cursor *in, void *out, size_t len)
{
    struct bytes b = cursor_take(in, len);

    if (b.len == len)
        memcpy(out, b.data, len);
}

static uint32_t load_version(struct cursor *in)
{
    uint32_t version = cursor_u32(in);

    if ((version < STATE_UNTOLD || version > STATE_VERSION) && cursor_ok(in))
        cursor_fail(in, FAULT_UNKNOWN, 0);
    return version;
}

static void load_frame(struct watcher *w, struct cursor *in, uint8_t *agreement_out)
{
    w->sequence = cursor_u64(in);
    for (size_t i = 0; totals_row(&w->totals, i) != NULL; i++)
        *totals_row(&w->totals, i) = cursor_u64(in);
    check(in, cursor_u32(in) == WATCHER_SOURCES);
    for (uint32_t i = 0; i < WATCHER_SOURCES; i++) {
        uint64_t offset = cursor_u64(in);

        watcher_source(w, i, cursor_part(in, WATCHER_IDENTITY), offset);
    }
    load_bytes(in, agreement_out, 32);
}

static void load_held(struct watcher *w, uint32_t version, struct cursor *in)
{
    const struct agreement *a = rules_agreement(w->rules);
    struct held h = {.unkept = "restarted"};
    struct match *m = &h.match;

    m->time = load_time(in);
    m->line = cursor_u64(in);
    load_bytes(in, m->from.byte, 16);
    load_bytes(in, m->to.byte, 16);
    m->source = cursor_u32(in);
    m->from_as = cursor_u32(in);
    m->place = version == STATE_VERSION ? cursor_u32(in) : 0;
    m->article = cursor_u16(in);
    m->service = cursor_u8(in);
    m->ground = cursor_u8(in);
    m->proven = cursor_u8(in);
    m->turned = cursor_u8(in);
    m->disputed = cursor_u8(in);
    m->cautions = m->disputed >> 1;
    m->disputed &= 1;
    h.length = cursor_u32(in);
    load_bytes(in, h.digest.byte, sizeof h.digest.byte);
    if (version != STATE_UNTOLD)
        account_load(in, &h.account);
    check(in, m->time >= w->floor && m->time <= w->newest && m->source < WATCHER_SOURCES &&
                  m->article < a->article_count && m->service < SERVICE_COUNT &&
                  a->articles[m->article].carries == ARTICLE_NOTICE &&
                  m->ground <= TERRITORY_CONTESTED && m->proven <= PROOF_ONE_SIDED &&
                  m->turned <= 1 && m->cautions < 1 << CAUTION_KINDS);
    if (cursor_ok(in)) {
        twins_add(w->twins, m->time, mark_of(&h));
        held_add(w, h);
    }
}

static void load_rest(struct watcher *w, uint32_t version, struct cursor *in)
{
    uint32_t n;

    w->newest = load_time(in);
    w->floor = load_time(in);
    n = cursor_u32(in);
    check(in, n <= WATCHER_HELD && w->floor <= w->newest);
    for (uint32_t i = 0; i < n && cursor_ok(in); i++)
        load_held(w, version, in);
    groups_load(w->groups, in,
                version == STATE_VERSION    ? GROUPS_PLACES
                : version == STATE_UNPLACED ? GROUPS_CAUTIONS
                                            : GROUPS_PLAIN);
    if (version == STATE_VERSION)
        flows_load(w->flows, in);
    cursor_end(in);
}

struct fault watcher_load(const struct rules *r, const uint8_t seed[16], struct bytes state,
                          struct watcher **out, bool *anew_out)
{
    struct cursor in = cursor_over(state, state_rule);
    struct watcher *w = watcher_new(r, seed);
    uint8_t agreement[32] = {0};
    uint32_t version = load_version(&in);
    bool anew;

    load_frame(w, &in, agreement);
    anew = memcmp(agreement, rules_agreement(r)->digest, sizeof agreement) != 0;
    if (!anew && cursor_ok(&in))
        load_rest(w, version, &in);
    if (!cursor_ok(&in)) {
        watcher_free(w);
        return in.fault;
    }
    *anew_out = anew;
    *out = w;
    return fault_none();
}
