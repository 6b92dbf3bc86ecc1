#include "watch/group.h"

#include <sodium.h>

#include "base/memory.h"
#include "watch/orient.h"

enum {
    BUCKETS = 1 << 15,
    SAVED_GROUP = 88,  /* bytes of a saved group without what grows */
    SAVED_SEEN = 32,   /* bytes of one match of a group that waits */
    SAVED_TARGET = 16, /* bytes of one target of an incident */
};

struct key {
    struct addr source; /* zero where the article does not group by it */
    uint32_t as;
    uint16_t article;
    uint8_t service, zero;
};

/* A match that may yet count towards an opening. */
struct seen {
    int64_t time;
    struct addr to;
    uint8_t ground, proven, turned, disputed, cautions;
    uint32_t place;
};

/* A group waits for its N-th match, or is an incident. */
struct group {
    struct key key;
    struct group *next_in_bucket;
    struct group *older, *newer; /* in its list, by the time of its last match */
    bool open;
    uint32_t from_as;
    int64_t last;
    struct seen *seen; /* waiting: the matches inside the window, oldest first */
    size_t seen_count, seen_room;
    struct incident incident; /* open */
    uint64_t next_report, next_sample;
    unsigned samples;
};

struct list {
    struct group *oldest, *newest;
};

struct groups {
    const struct agreement *agreement;
    const char *from;
    struct group_limits limits;
    uint8_t seed[16];
    groups_report *report;
    void *ctx;
    struct group *bucket[BUCKETS];
    struct list waiting[AGREEMENT_ARTICLES], open[AGREEMENT_ARTICLES];
    size_t count, open_count, bytes;
    struct group_losses losses;
    enum groups_form form; /* while loading: how what is read was saved */
};

void match_of(const struct event *e, size_t article, uint32_t source, uint64_t line,
              struct match *out)
{
    *out = (struct match){
        .time = e->time.us,
        .line = line,
        .from = e->from.addr,
        .to = e->to.addr,
        .source = source,
        .from_as = e->from_as,
        .article = (uint16_t)article,
        .service = (uint8_t)e->service,
        .ground = e->from.territory.ground,
        .proven = (uint8_t)e->proof,
        .turned = orient_is_turned(e->ground),
        .disputed = e->from.territory.disputed,
        .cautions = e->cautions,
    };
}

int match_compare(const struct match *a, const struct match *b)
{
    if (a->time != b->time)
        return a->time < b->time ? -1 : 1;
    if (a->source != b->source)
        return a->source < b->source ? -1 : 1;
    return (a->line > b->line) - (a->line < b->line);
}

struct groups *groups_new(const struct agreement *a, const char *from, struct group_limits limits,
                          const uint8_t seed[16], groups_report *report, void *ctx)
{
    struct groups *g = memory_zeroed(1, sizeof *g);

    g->agreement = a;
    g->from = from;
    g->limits = limits;
    memcpy(g->seed, seed, sizeof g->seed);
    g->report = report;
    g->ctx = ctx;
    return g;
}

static const struct article *article_of(const struct groups *g, const struct group *group)
{
    return &g->agreement->articles[group->key.article];
}

static struct list *list_of(struct groups *g, const struct group *group)
{
    return group->open ? &g->open[group->key.article] : &g->waiting[group->key.article];
}

static void list_leave(struct groups *g, struct group *group)
{
    struct list *l = list_of(g, group);

    *(group->older != NULL ? &group->older->newer : &l->oldest) = group->newer;
    *(group->newer != NULL ? &group->newer->older : &l->newest) = group->older;
}

static void list_join(struct groups *g, struct group *group)
{
    struct list *l = list_of(g, group);

    group->older = l->newest;
    group->newer = NULL;
    *(l->newest != NULL ? &l->newest->newer : &l->oldest) = group;
    l->newest = group;
}

static struct group **bucket_of(struct groups *g, const struct key *key)
{
    uint8_t hash[crypto_shorthash_BYTES];
    uint32_t n;

    crypto_shorthash(hash, (const uint8_t *)key, sizeof *key, g->seed);
    memcpy(&n, hash, sizeof n);
    return &g->bucket[n % BUCKETS];
}

static size_t saved_size(const struct group *group)
{
    return SAVED_GROUP + group->seen_count * SAVED_SEEN +
           group->incident.target_count * SAVED_TARGET;
}

static void group_remove(struct groups *g, struct group *group)
{
    struct group **at = bucket_of(g, &group->key);

    while (*at != group)
        at = &(*at)->next_in_bucket;
    *at = group->next_in_bucket;
    list_leave(g, group);
    g->bytes -= saved_size(group);
    g->count--;
    g->open_count -= group->open;
    incident_done(&group->incident);
    free(group->seen);
    free(group);
}

void groups_free(struct groups *g)
{
    if (g == NULL)
        return;
    for (size_t i = 0; i < AGREEMENT_ARTICLES; i++) {
        while (g->waiting[i].oldest != NULL)
            group_remove(g, g->waiting[i].oldest);
        while (g->open[i].oldest != NULL)
            group_remove(g, g->open[i].oldest);
    }
    free(g);
}

static struct key key_of(const struct groups *g, const struct match *m)
{
    unsigned by = g->agreement->articles[m->article].group;
    struct key key;

    memset(&key, 0, sizeof key); /* it is hashed and compared as bytes */
    key.article = m->article;
    if ((by & GROUP_SOURCE) != 0)
        key.source = m->from;
    if ((by & GROUP_AS) != 0)
        key.as = m->from_as;
    if ((by & GROUP_SERVICE) != 0)
        key.service = m->service;
    return key;
}

static struct group *group_add(struct groups *g, const struct key *key)
{
    struct group **bucket = bucket_of(g, key);
    struct group *group = memory_zeroed(1, sizeof *group);

    group->key = *key;
    group->next_in_bucket = *bucket;
    *bucket = group;
    list_join(g, group);
    g->count++;
    g->bytes += saved_size(group);
    return group;
}

/* The group that was silent for longest of those that are no incidents, but not `keep`. */
static struct group *oldest_waiting(struct groups *g, const struct group *keep)
{
    struct group *oldest = NULL;

    for (size_t i = 0; i < g->agreement->article_count; i++) {
        struct group *one = g->waiting[i].oldest;

        if (one == keep && one != NULL)
            one = one->newer;
        if (one != NULL && (oldest == NULL || one->last < oldest->last))
            oldest = one;
    }
    return oldest;
}

/* Room for `groups` more groups and `bytes` more bytes, without touching `keep`. False: all is
 * taken by incidents. */
static bool make_room(struct groups *g, size_t groups, size_t bytes, const struct group *keep)
{
    while (g->count + groups > g->limits.groups || g->bytes + bytes > g->limits.bytes) {
        struct group *oldest = oldest_waiting(g, keep);

        if (oldest == NULL)
            return false;
        group_remove(g, oldest);
        g->losses.groups_dropped++;
    }
    return true;
}

static struct group *group_look(struct groups *g, const struct key *key)
{
    struct group *at = *bucket_of(g, key);

    while (at != NULL && memcmp(&at->key, key, sizeof *key) != 0)
        at = at->next_in_bucket;
    return at;
}

/* The match's group, a new one where there was none; NULL if there is no room. */
static struct group *group_find(struct groups *g, const struct match *m)
{
    struct key key = key_of(g, m);
    struct group *group = group_look(g, &key);

    if (group == NULL && make_room(g, 1, SAVED_GROUP, NULL))
        group = group_add(g, &key);
    return group;
}

static struct seen seen_of(const struct match *m)
{
    return (struct seen){m->time,   m->to,       m->ground,   m->proven,
                         m->turned, m->disputed, m->cautions, m->place};
}

/* ---- waiting ---- */

/* Drops the n oldest matches. */
static void forget(struct groups *g, struct group *group, size_t n)
{
    if (n == 0)
        return;
    memmove(group->seen, group->seen + n, (group->seen_count - n) * sizeof *group->seen);
    group->seen_count -= n;
    g->bytes -= n * SAVED_SEEN;
}

static void forget_before(struct groups *g, struct group *group, int64_t edge)
{
    size_t n = 0;

    while (n < group->seen_count && group->seen[n].time <= edge)
        n++;
    forget(g, group, n);
}

static void remember(struct groups *g, struct group *group, const struct match *m)
{
    if (group->seen_count == group->seen_room) {
        group->seen_room = group->seen_room == 0 ? 4 : group->seen_room * 2;
        group->seen = memory_resize(group->seen, group->seen_room, sizeof *group->seen);
    }
    group->seen[group->seen_count++] = seen_of(m);
    g->bytes += SAVED_SEEN;
}

/* ---- incidents ---- */

static void count(struct groups *g, struct group *group, const struct seen *s)
{
    struct incident *i = &group->incident;
    size_t targets = i->target_count;

    i->last.us = s->time;
    i->events++;
    i->proven += s->proven != PROOF_NONE;
    i->one_sided += s->proven == PROOF_ONE_SIDED;
    i->turned += s->turned;
    i->disputed += s->disputed;
    i->by_ground[s->ground]++;
    for (unsigned k = 0; k < CAUTION_KINDS; k++)
        i->by_caution[k] += s->cautions >> k & 1;
    incident_seen(i, s->place);
    if (g->bytes + SAVED_TARGET <= g->limits.bytes)
        incident_target(i, s->to);
    else
        i->targets_more++;
    g->bytes += (i->target_count - targets) * SAVED_TARGET;
}

static void incident_begin(const struct groups *g, const struct group *group, struct incident *out)
{
    const struct article *a = article_of(g, group);

    *out = (struct incident){
        .article = a->id,
        .from = g->from,
        .has_source = (a->group & GROUP_SOURCE) != 0,
        .has_as = (a->group & (GROUP_AS | GROUP_SOURCE)) != 0,
        .has_service = (a->group & GROUP_SERVICE) != 0,
        .source = group->key.source,
        .as = group->from_as,
        .service = (enum service)group->key.service,
    };
}

/* The N matches in hand are the first of an incident. */
static void group_open(struct groups *g, struct group *group)
{
    struct seen *seen = group->seen;
    size_t n = group->seen_count;

    incident_begin(g, group, &group->incident);
    group->incident.first.us = seen[0].time;
    group->incident.opened.us = seen[n - 1].time;
    list_leave(g, group);
    group->open = true;
    list_join(g, group);
    g->open_count++;
    group->seen = NULL;
    group->seen_count = group->seen_room = 0;
    g->bytes -= n * SAVED_SEEN;
    for (size_t i = 0; i < n; i++)
        count(g, group, &seen[i]);
    free(seen);
    group->next_sample = group->incident.events;
    group->next_report = group->incident.events * GROUP_REPORT_FACTOR;
    g->report(g->ctx, &group->incident, INCIDENT_OPENED);
}

static void group_end(struct groups *g, struct group *group)
{
    g->report(g->ctx, &group->incident, INCIDENT_ENDED);
    group_remove(g, group);
}

static void group_grow(struct groups *g, struct group *group, const struct match *m)
{
    struct seen s = seen_of(m);

    count(g, group, &s);
    if (group->incident.events < group->next_report)
        return;
    group->next_report *= GROUP_REPORT_FACTOR;
    g->report(g->ctx, &group->incident, INCIDENT_GROWN);
}

static const struct incident *wants_sample(struct group *group)
{
    if (group->samples == GROUP_SAMPLES || group->incident.events < group->next_sample)
        return NULL;
    group->samples++;
    group->next_sample *= 2;
    return &group->incident;
}

static int64_t seconds(uint32_t s)
{
    return (int64_t)s * 1000000;
}

static bool is_over(const struct groups *g, const struct group *group, int64_t now)
{
    return group->open && now - group->last > seconds(article_of(g, group)->gap);
}

static void touch(struct groups *g, struct group *group, const struct match *m)
{
    group->last = m->time;
    if (group->from_as == 0)
        group->from_as = m->from_as;
    list_leave(g, group);
    list_join(g, group);
}

const struct incident *groups_add(struct groups *g, const struct match *m)
{
    const struct article *a = &g->agreement->articles[m->article];
    struct group *group = group_find(g, m);

    if (group != NULL && is_over(g, group, m->time)) {
        group_end(g, group);
        group = group_find(g, m);
    }
    if (group == NULL) {
        g->losses.matches_refused++;
        return NULL;
    }
    touch(g, group, m);
    if (group->open) {
        group_grow(g, group, m);
        return wants_sample(group);
    }
    forget_before(g, group, m->time - seconds(a->threshold_within));
    if (!make_room(g, 0, SAVED_SEEN, group)) {
        g->losses.matches_refused++;
        return NULL;
    }
    remember(g, group, m);
    if (group->seen_count < a->threshold_count)
        return NULL;
    if (g->open_count >= g->limits.open) {
        g->losses.matches_refused++;
        forget(g, group, 1); /* it waits on, with its newest N - 1 */
        return NULL;
    }
    group_open(g, group);
    return wants_sample(group);
}

void groups_expire(struct groups *g, int64_t floor)
{
    for (size_t i = 0; i < g->agreement->article_count; i++) {
        int64_t within = seconds(g->agreement->articles[i].threshold_within);
        struct group *one;

        while ((one = g->open[i].oldest) != NULL && is_over(g, one, floor))
            group_end(g, one);
        while ((one = g->waiting[i].oldest) != NULL && one->last <= floor - within)
            group_remove(g, one);
    }
}

void groups_finish(struct groups *g)
{
    for (size_t i = 0; i < g->agreement->article_count; i++) {
        while (g->open[i].oldest != NULL)
            group_end(g, g->open[i].oldest);
        while (g->waiting[i].oldest != NULL)
            group_remove(g, g->waiting[i].oldest);
    }
}

size_t groups_open(const struct groups *g)
{
    return g->open_count;
}

struct group_losses groups_losses(const struct groups *g)
{
    return g->losses;
}

/* ---- as bytes ---- */

static void save_waiting(const struct group *group, struct buf *out)
{
    buf_u32(out, (uint32_t)group->seen_count);
    for (size_t i = 0; i < group->seen_count; i++) {
        const struct seen *s = &group->seen[i];

        buf_u64(out, (uint64_t)s->time);
        buf_add(out, s->to.byte, sizeof s->to.byte);
        buf_byte(out, s->ground);
        buf_byte(out, s->proven);
        buf_byte(out, s->turned);
        buf_byte(out, (uint8_t)(s->disputed | s->cautions << 1));
        buf_u32(out, s->place);
    }
}

static void save_open(const struct group *group, struct buf *out)
{
    const struct incident *i = &group->incident;

    buf_u64(out, (uint64_t)i->first.us);
    buf_u64(out, (uint64_t)i->opened.us);
    buf_u64(out, i->events);
    buf_u64(out, i->proven);
    buf_u64(out, i->turned);
    buf_u64(out, i->disputed);
    buf_u64(out, i->one_sided);
    for (size_t k = 0; k < CAUTION_KINDS; k++)
        buf_u64(out, i->by_caution[k]);
    for (size_t k = 0; k <= TERRITORY_CONTESTED; k++)
        buf_u64(out, i->by_ground[k]);
    for (size_t k = 0; k < INCIDENT_PLACES; k++)
        buf_u32(out, i->place[k]);
    buf_u64(out, i->targets_more);
    buf_u64(out, group->next_report);
    buf_u64(out, group->next_sample);
    buf_byte(out, (uint8_t)group->samples);
    buf_u32(out, (uint32_t)i->target_count);
    for (size_t k = 0; k < i->target_count; k++)
        buf_add(out, i->targets[k].byte, sizeof i->targets[k].byte);
}

static void save_list(const struct list *l, struct buf *out)
{
    uint32_t n = 0;

    for (const struct group *at = l->oldest; at != NULL; at = at->newer)
        n++;
    buf_u32(out, n);
    for (const struct group *at = l->oldest; at != NULL; at = at->newer) {
        buf_add(out, at->key.source.byte, sizeof at->key.source.byte);
        buf_u32(out, at->key.as);
        buf_byte(out, at->key.service);
        buf_u32(out, at->from_as);
        buf_u64(out, (uint64_t)at->last);
        (at->open ? save_open : save_waiting)(at, out);
    }
}

void groups_save(const struct groups *g, struct buf *out)
{
    buf_u64(out, g->losses.groups_dropped);
    buf_u64(out, g->losses.matches_refused);
    for (size_t i = 0; i < g->agreement->article_count; i++) {
        save_list(&g->waiting[i], out);
        save_list(&g->open[i], out);
    }
}

static void check(struct cursor *in, bool good)
{
    if (!good)
        cursor_fail(in, FAULT_RANGE, in->at);
}

static int64_t load_time(struct cursor *in)
{
    int64_t t = (int64_t)cursor_u64(in);

    check(in, t > INT64_MIN / 4 && t < INT64_MAX / 4);
    return cursor_ok(in) ? t : 0;
}

static struct addr load_addr(struct cursor *in)
{
    struct bytes b = cursor_take(in, 16);
    struct addr a = {{0}};

    if (b.len == 16)
        memcpy(a.byte, b.data, 16);
    return a;
}

static void load_waiting(struct groups *g, struct group *group, struct cursor *in)
{
    uint32_t n = cursor_u32(in);
    int64_t before = INT64_MIN;

    check(in, n < article_of(g, group)->threshold_count);
    for (uint32_t i = 0; i < n && cursor_ok(in); i++) {
        struct match m = {.time = load_time(in)};

        m.to = load_addr(in);
        m.ground = cursor_u8(in);
        m.proven = cursor_u8(in);
        m.turned = cursor_u8(in);
        m.disputed = cursor_u8(in);
        m.cautions = m.disputed >> 1;
        m.disputed &= 1;
        m.place = g->form == GROUPS_PLACES ? cursor_u32(in) : 0;
        check(in, m.cautions < 1 << CAUTION_KINDS && m.ground <= TERRITORY_CONTESTED &&
                      m.proven <= PROOF_ONE_SIDED && m.turned <= 1 && m.time >= before &&
                      m.time <= group->last);
        before = m.time;
        if (cursor_ok(in))
            remember(g, group, &m);
    }
}

/* Each place stands once, and none behind nothing. */
static void load_place(struct cursor *in, struct incident *i, size_t k)
{
    uint32_t place = cursor_u32(in);

    if (place == 0)
        return;
    incident_seen(i, place);
    check(in, i->place[k] == place);
}

static void load_open(struct groups *g, struct group *group, struct cursor *in)
{
    struct incident *i = &group->incident;
    uint32_t n;

    incident_begin(g, group, i);
    i->first.us = load_time(in);
    i->opened.us = load_time(in);
    i->last.us = group->last;
    i->events = cursor_u64(in);
    i->proven = cursor_u64(in);
    i->turned = cursor_u64(in);
    i->disputed = cursor_u64(in);
    i->one_sided = cursor_u64(in);
    for (size_t k = 0; g->form != GROUPS_PLAIN && k < CAUTION_KINDS; k++) {
        i->by_caution[k] = cursor_u64(in);
        check(in, i->by_caution[k] <= i->events);
    }
    for (size_t k = 0; k <= TERRITORY_CONTESTED; k++)
        i->by_ground[k] = cursor_u64(in);
    for (size_t k = 0; g->form == GROUPS_PLACES && k < INCIDENT_PLACES; k++)
        load_place(in, i, k);
    i->targets_more = cursor_u64(in);
    group->next_report = cursor_u64(in);
    group->next_sample = cursor_u64(in);
    group->samples = cursor_u8(in);
    n = cursor_u32(in);
    check(in, n <= INCIDENT_TARGETS && group->samples <= GROUP_SAMPLES && i->proven <= i->events &&
                  i->turned <= i->events && i->disputed <= i->events && i->one_sided <= i->proven &&
                  i->first.us <= i->opened.us && i->opened.us <= i->last.us);
    for (uint32_t k = 0; k < n && cursor_ok(in); k++) {
        struct addr a = load_addr(in);

        check(in, k == 0 || addr_compare(i->targets[k - 1], a) < 0);
        if (cursor_ok(in))
            incident_target(i, a);
        g->bytes += cursor_ok(in) ? SAVED_TARGET : 0;
    }
}

static void load_group(struct groups *g, uint16_t article, bool open, int64_t *before,
                       struct cursor *in)
{
    struct match m = {.article = article, .from = load_addr(in)};
    struct group *group;
    struct key key;

    m.from_as = cursor_u32(in);
    m.service = cursor_u8(in);
    check(in, m.service < SERVICE_COUNT);
    if (!cursor_ok(in))
        return;
    key = key_of(g, &m);
    /* What the article does not group by must have been saved as nothing. */
    check(in, addr_compare(key.source, m.from) == 0 && key.as == m.from_as &&
                  key.service == m.service && g->count < g->limits.groups &&
                  group_look(g, &key) == NULL &&
                  g->agreement->articles[article].carries == ARTICLE_NOTICE);
    if (!cursor_ok(in))
        return;
    group = group_add(g, &key);
    list_leave(g, group);
    group->open = open;
    list_join(g, group);
    g->open_count += open;
    group->from_as = cursor_u32(in);
    group->last = load_time(in);
    check(in, group->last >= *before);
    *before = group->last;
    check(in, g->open_count <= g->limits.open);
    (open ? load_open : load_waiting)(g, group, in);
    check(in, g->bytes <= g->limits.bytes);
}

static void load_list(struct groups *g, uint16_t article, bool open, struct cursor *in)
{
    uint32_t n = cursor_u32(in);
    int64_t before = INT64_MIN;

    for (uint32_t i = 0; i < n && cursor_ok(in); i++)
        load_group(g, article, open, &before, in);
}

void groups_load(struct groups *g, struct cursor *in, enum groups_form form)
{
    struct group_losses losses;

    g->form = form;
    losses.groups_dropped = cursor_u64(in);
    losses.matches_refused = cursor_u64(in);
    for (size_t i = 0; i < g->agreement->article_count; i++) {
        load_list(g, (uint16_t)i, false, in);
        load_list(g, (uint16_t)i, true, in);
    }
    g->losses = losses;
}
