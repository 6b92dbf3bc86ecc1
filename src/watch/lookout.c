#include "watch/lookout.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "stix/event.h"
#include "stix/index.h"
#include "watch/feed.h"

struct list {
    struct lookout_list how; /* .name is NULL: news has it */
    struct lookout_news news;
    int fd; /* -1 once it was read */
};

struct read_pattern {
    struct pattern *pattern;
    unsigned list;
    char *id;                     /* owned; "" */
    struct indicator_about about; /* with `id` */
};

struct lookout {
    struct indicators *set;
    struct index *index;
    struct read_pattern *pattern;
    size_t patterns, pattern_room;
    struct list list[LOOKOUT_LISTS];
    size_t lists, now; /* now: the one being read; lists: all were */
    struct feed feed;
    bool built;
    struct indicators_quiet quiet;
    /* While an event is asked about. */
    const struct event *event;
    lookout_each *each;
    void *with;
};

struct lookout *lookout_new(struct indicators_limits limits, uint64_t seed)
{
    struct lookout *l = memory_zeroed(1, sizeof *l);

    l->set = indicators_new(limits, seed);
    l->index = index_new(&event_vocabulary);
    return l;
}

void lookout_free(struct lookout *l)
{
    if (l == NULL)
        return;
    feed_done(&l->feed);
    for (size_t i = 0; i < l->lists; i++)
        if (l->list[i].fd >= 0)
            close(l->list[i].fd);
    index_free(l->index);
    for (size_t i = 0; i < l->patterns; i++) {
        pattern_free(l->pattern[i].pattern);
        free(l->pattern[i].id);
    }
    free(l->pattern);
    indicators_free(l->set);
    free(l);
}

struct fault lookout_add(struct lookout *l, const struct lookout_list *list, int fd)
{
    size_t len = strlen(list->name), skip = len < LOOKOUT_NAME ? 0 : len - LOOKOUT_NAME + 1;
    struct list *x = &l->list[l->lists];

    if (l->lists == LOOKOUT_LISTS) {
        close(fd);
        return fault_make(FAULT_LIMIT, LOOKOUT_LISTS, "at most 64 lists");
    }
    *x = (struct list){.how = *list, .fd = fd};
    x->how.name = NULL;
    snprintf(x->news.name, sizeof x->news.name, "%s", list->name + skip);
    indicators_list(l->set, x->news.name); /* its number is the list's: 64 always fit */
    l->lists++;
    return fault_none();
}

/* ---- reading ---- */

/* An entry that names no end, or is to hold only so long. */
static struct indicator_about dated(const struct list *list, const struct indicator_about *a)
{
    struct indicator_about out = *a;

    if (list->how.valid_for != 0 && out.until.us == INT64_MAX)
        out.until.us = (out.from.us == INT64_MIN ? list->how.dated.us : out.from.us) +
                       list->how.valid_for * 1000000;
    return out;
}

static void take_entry(void *with, const struct indicator_value *v, const struct indicator_about *a)
{
    struct lookout *l = with;
    struct indicator_about about = dated(&l->list[l->now], a);

    indicators_add(l->set, (unsigned)l->now, v, &about); /* overflow is counted with the list */
}

static void take_pattern(void *with, struct bytes text, const struct indicator_about *a)
{
    struct lookout *l = with;
    struct list *list = &l->list[l->now];
    struct read_pattern *p;
    struct pattern *read;

    if (l->patterns == LOOKOUT_PATTERNS ||
        fault_is(pattern_read(text, &event_vocabulary, 0, &read, NULL))) {
        list->news.unmet++;
        return;
    }
    if (l->patterns == l->pattern_room) {
        l->pattern_room = l->pattern_room == 0 ? 64 : l->pattern_room * 2;
        l->pattern = memory_resize(l->pattern, l->pattern_room, sizeof *l->pattern);
    }
    p = &l->pattern[l->patterns];
    *p = (struct read_pattern){read, (unsigned)l->now, memory_text(a->id.data, a->id.len),
                               dated(list, a)};
    p->about.id = bytes_text(p->id);
    index_add(l->index, read, (uint32_t)l->patterns++);
    list->news.patterns++;
}

static void take_refused(void *with, size_t line, enum import_rule rule)
{
    struct lookout *l = with;
    struct lookout_news *n = &l->list[l->now].news;

    if (n->refused_count == LOOKOUT_REFUSED)
        return;
    n->refused[n->refused_count].line = line;
    n->refused[n->refused_count++].rule = rule;
}

static void read_begin(struct lookout *l)
{
    const struct import_sink sink = {take_entry, take_pattern, take_refused, NULL, l};
    struct list *list = &l->list[l->now];
    struct indicator_about usual = indicator_about_none();

    usual.tlp = list->how.tlp;
    feed_begin(&l->feed, list->fd, list->how.format, usual, sink);
}

static void read_end(struct lookout *l, struct fault f)
{
    struct list *list = &l->list[l->now];

    list->news.fault = f;
    list->news.format = import_format_name(l->feed.import.format);
    list->news.import = l->feed.import.n;
    feed_done(&l->feed);
    close(list->fd);
    list->fd = -1;
    l->now++;
}

static void read_step(struct lookout *l)
{
    struct fault f;

    if (l->feed.lines == NULL)
        read_begin(l);
    if (!feed_step(&l->feed, &f))
        read_end(l, f);
}

static void build_end(struct lookout *l)
{
    index_seal(l->index);
    for (size_t i = 0; i < l->lists; i++) {
        struct lookout_news *n = &l->list[i].news;

        n->sets = indicators_count(l->set, (unsigned)i);
        n->canary = indicators_canary(l->set, (unsigned)i);
    }
    l->built = true;
}

bool lookout_step(struct lookout *l)
{
    if (l->built)
        return false;
    if (l->now < l->lists)
        read_step(l);
    else if (!indicators_seal_step(l->set, LOOKOUT_KEYS))
        build_end(l);
    return !l->built;
}

/* ---- what is in it ---- */

size_t lookout_lists(const struct lookout *l)
{
    return l->lists;
}

const struct lookout_news *lookout_news(const struct lookout *l, size_t list)
{
    return &l->list[list].news;
}

size_t lookout_bytes(const struct lookout *l)
{
    return indicators_bytes(l->set) + index_count(l->index).bytes +
           l->pattern_room * sizeof *l->pattern;
}

/* ---- asking ---- */

static void tell_value(void *with, const struct indicator_hit *h)
{
    struct lookout *l = with;
    const struct lookout_hit hit = {h->list, h->value, h->about, h->below};

    if (!h->canary)
        l->each(l->with, &hit);
}

static bool tell_pattern(void *with, const struct pattern *p, uint32_t i)
{
    struct lookout *l = with;
    const struct lookout_hit hit = {.list = l->pattern[i].list, .about = l->pattern[i].about};

    if (pattern_matches(p, l->event))
        l->each(l->with, &hit);
    return true;
}

void lookout_event(struct lookout *l, const struct event *e, lookout_each *each, void *with)
{
    l->event = e;
    l->each = each;
    l->with = with;
    indicators_event_quietly(l->set, &l->quiet, e, tell_value, l);
    if (l->patterns != 0)
        index_candidates(l->index, e, tell_pattern, l);
}
