#include "watch/cautions.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "stix/regex.h"
#include "watch/feed.h"

struct list {
    struct caution_list how; /* .name is NULL: news has it */
    struct caution_news news;
    int fd; /* -1 once it was read */
};

/* A substring, or a regular expression. */
struct text {
    unsigned list;
    struct regex *regex; /* NULL: a substring */
    char *part;
};

struct cautions {
    struct indicators *set; /* its lists are ours, by number */
    struct list list[CAUTIONS_LISTS];
    size_t lists, now;
    struct text *text;
    size_t texts;
    struct feed feed;
    bool built;
};

struct cautions *cautions_new(uint64_t seed)
{
    struct cautions *c = memory_zeroed(1, sizeof *c);

    c->set = indicators_new(indicators_usual, seed);
    return c;
}

void cautions_free(struct cautions *c)
{
    if (c == NULL)
        return;
    feed_done(&c->feed);
    for (size_t i = 0; i < c->lists; i++)
        if (c->list[i].fd >= 0)
            close(c->list[i].fd);
    for (size_t i = 0; i < c->texts; i++) {
        regex_free(c->text[i].regex);
        free(c->text[i].part);
    }
    free(c->text);
    indicators_free(c->set);
    free(c);
}

struct fault cautions_add(struct cautions *c, const struct caution_list *list, int fd)
{
    struct list *x = &c->list[c->lists];

    if (c->lists == CAUTIONS_LISTS) {
        close(fd);
        return fault_make(FAULT_LIMIT, CAUTIONS_LISTS, "at most 64 lists");
    }
    *x = (struct list){.how = *list, .fd = fd, .news.kind = list->kind};
    x->how.name = NULL;
    snprintf(x->news.name, sizeof x->news.name, "%s", list->name);
    indicators_list(c->set, list->name);
    c->lists++;
    return fault_none();
}

/* ---- reading ---- */

static struct instant later(struct instant a, struct instant b)
{
    return a.us > b.us ? a : b;
}

static struct instant sooner(struct instant a, struct instant b)
{
    return a.us < b.us ? a : b;
}

/* An entry holds while both its list and itself say so. */
static void take_entry(void *with, const struct indicator_value *v, const struct indicator_about *a)
{
    struct cautions *c = with;
    const struct list *list = &c->list[c->now];
    struct indicator_about about = *a;

    about.from = later(a->from, list->how.from);
    about.until = sooner(a->until, list->how.until);
    indicators_add(c->set, (unsigned)c->now, v, &about);
}

/* "/expression/i", as PHP and MISP write it; without slashes it is the expression. */
static struct regex *read_regex(struct bytes text)
{
    struct buf whole = {0};
    struct regex *r = NULL;
    const char *why;
    size_t end = text.len;

    while (end > 1 && text.data[end - 1] >= 'a' && text.data[end - 1] <= 'z')
        end--;
    if (text.len > 1 && text.data[0] == '/' && end > 1 && text.data[end - 1] == '/') {
        if (end < text.len)
            buf_print(&whole, "(?%.*s)", (int)(text.len - end), (const char *)text.data + end);
        buf_add(&whole, text.data + 1, end - 2);
    } else {
        buf_bytes(&whole, text);
    }
    if (!regex_read(buf_view(&whole), false, &r, &why))
        r = NULL;
    buf_done(&whole);
    return r;
}

static bool take_text(void *with, struct bytes text, bool is_regex)
{
    struct cautions *c = with;
    struct text t = {.list = (unsigned)c->now};

    if (c->texts == CAUTIONS_TEXTS || text.len == 0 || text.len > CAUTIONS_TEXT)
        return false;
    if (is_regex) {
        t.regex = read_regex(text);
        if (t.regex == NULL)
            return false;
    }
    t.part = memory_text(text.data, text.len);
    c->text = memory_resize(c->text, c->texts + 1, sizeof *c->text);
    c->text[c->texts++] = t;
    c->list[c->now].news.texts++;
    return true;
}

static void read_begin(struct cautions *c)
{
    const struct import_sink sink = {.entry = take_entry, .text = take_text, .with = c};

    feed_begin(&c->feed, c->list[c->now].fd, IMPORT_UNKNOWN, indicator_about_none(), sink);
}

static void read_end(struct cautions *c, struct fault f)
{
    struct list *list = &c->list[c->now];

    list->news.fault = f;
    list->news.format = import_format_name(c->feed.import.format);
    list->news.import = c->feed.import.n;
    feed_done(&c->feed);
    close(list->fd);
    list->fd = -1;
    c->now++;
}

static void read_step(struct cautions *c)
{
    struct fault f;

    if (c->feed.lines == NULL)
        read_begin(c);
    if (!feed_step(&c->feed, &f))
        read_end(c, f);
}

bool cautions_step(struct cautions *c)
{
    enum { KEYS = 1 << 14 };

    if (c->built)
        return false;
    if (c->now < c->lists) {
        read_step(c);
    } else if (!indicators_seal_step(c->set, KEYS)) {
        for (size_t i = 0; i < c->lists; i++)
            c->list[i].news.entries = indicators_count(c->set, (unsigned)i).entries;
        c->built = true;
    }
    return !c->built;
}

size_t cautions_lists(const struct cautions *c)
{
    return c->lists;
}

const struct caution_news *cautions_news(const struct cautions *c, size_t list)
{
    return &c->list[list].news;
}

/* ---- asking ---- */

struct asking {
    const struct cautions *c;
    struct instant time;
    unsigned kinds;
    uint64_t lists;
};

static void at_its_time(void *with, const struct indicator_hit *h)
{
    struct asking *a = with;

    if (!h->canary && a->time.us >= h->about.from.us && a->time.us < h->about.until.us)
        a->kinds |= 1u << a->c->list[h->list].how.kind;
}

unsigned cautions_address(const struct cautions *c, struct addr address, struct instant time)
{
    const struct indicator_key key = {.kind = INDICATOR_IPV4, .addr = address};
    struct asking a = {.c = c, .time = time};

    indicators_find(c->set, &key, 1, at_its_time, &a);
    return a.kinds;
}

static void of_warning(void *with, const struct indicator_hit *h)
{
    struct asking *a = with;

    if (!h->canary && a->c->list[h->list].how.kind == CAUTION_WARNING)
        a->lists |= 1ULL << h->list;
}

/* What of a value can stand in a list: an address, a name, a hash; of a URL its host, too. */
static size_t keys_of(const struct indicator_value *v, struct bytes text,
                      struct indicator_key out[2])
{
    const uint8_t *slash = text.len == 0 ? NULL : memchr(text.data, '/', text.len);

    out[0] = (struct indicator_key){.kind = v->kind, .addr = v->addr, .text = text};
    if (v->kind != INDICATOR_URL || slash == NULL)
        return 1;
    out[1] = (struct indicator_key){.kind = INDICATOR_DOMAIN,
                                    .text = bytes_of(text.data, (size_t)(slash - text.data))};
    if (!fault_is(addr_parse(out[1].text, &out[1].addr)))
        out[1].kind = INDICATOR_IPV4;
    return 2;
}

static bool text_holds(const struct text *t, struct bytes value)
{
    if (t->regex != NULL)
        return regex_matches(t->regex, value);
    return memmem(value.data, value.len, t->part, strlen(t->part)) != NULL;
}

uint64_t cautions_value(const struct cautions *c, const struct indicator_value *v)
{
    struct asking a = {.c = c};
    struct indicator_key key[2];
    struct buf text = {0};

    if (v->kind == INDICATOR_NONE)
        return 0;
    indicator_write(v, &text);
    indicators_find(c->set, key, keys_of(v, buf_view(&text), key), of_warning, &a);
    for (size_t i = 0; i < c->texts; i++)
        if (c->list[c->text[i].list].how.kind == CAUTION_WARNING &&
            text_holds(&c->text[i], buf_view(&text)))
            a.lists |= 1ULL << c->text[i].list;
    buf_done(&text);
    return a.lists;
}

bool cautions_hold(const struct cautions *c, uint64_t lists, struct instant time)
{
    for (size_t i = 0; i < c->lists; i++)
        if ((lists >> i & 1) != 0 && time.us >= c->list[i].how.from.us &&
            time.us < c->list[i].how.until.us)
            return true;
    return false;
}
