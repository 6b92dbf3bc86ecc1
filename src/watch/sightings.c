#include "watch/sightings.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/memory.h"

enum {
    KEY = 2 + 1 + 16 + 1 + 2 + INDICATOR_KEY + INDICATOR_ID, /* list, kind, addr, bits, port, .. */
};

static const int64_t day = (int64_t)86400 * 1000000;

struct row {
    struct sighting s;
    uint8_t *key;
    size_t key_len;
    uint32_t next; /* 1 + its place, of the same bucket; 0: none */
    uint64_t met;  /* number of the event that met it last: one that names it twice counts once */
};

struct sightings {
    size_t most, count;
    uint64_t further;
    struct row *row;
    size_t room;
    uint32_t *bucket; /* 1 + place of a row; 2^n of them */
    size_t buckets;
    /* While an event is asked about. */
    const struct lookout *lookout;
    const struct event *event;
    uint64_t number; /* of the event, since the beginning */
    uint32_t source;
    uint64_t offset;
    struct bytes raw;
};

struct sightings *sightings_new(size_t most)
{
    struct sightings *s = memory_zeroed(1, sizeof *s);

    s->most = most;
    for (s->buckets = 64; s->buckets < most; s->buckets *= 2)
        ;
    s->bucket = memory_zeroed(s->buckets, sizeof *s->bucket);
    return s;
}

void sightings_clear(struct sightings *s)
{
    for (size_t i = 0; i < s->count; i++) {
        free(s->row[i].key);
        free(s->row[i].s.value);
        free(s->row[i].s.id);
    }
    if (s->count != 0)
        memset(s->bucket, 0, s->buckets * sizeof *s->bucket);
    s->count = 0;
    s->further = 0;
}

void sightings_free(struct sightings *s)
{
    if (s == NULL)
        return;
    sightings_clear(s);
    free(s->bucket);
    free(s->row);
    free(s);
}

/* ---- seeing ---- */

static size_t key_write(const struct lookout_hit *h, uint8_t *out)
{
    const struct indicator_value *v = &h->value;
    size_t n = 0;

    out[n++] = (uint8_t)(h->list >> 8);
    out[n++] = (uint8_t)h->list;
    out[n++] = (uint8_t)v->kind;
    memcpy(out + n, v->addr.byte, 16);
    n += 16;
    out[n++] = v->bits;
    out[n++] = (uint8_t)(v->port >> 8);
    out[n++] = (uint8_t)v->port;
    if (v->text.len != 0)
        memcpy(out + n, v->text.data, v->text.len);
    n += v->text.len;
    if (h->about.id.len != 0)
        memcpy(out + n, h->about.id.data, h->about.id.len);
    return n + h->about.id.len;
}

static uint64_t hash_of(const uint8_t *p, size_t n)
{
    uint64_t h = n, v;

    for (; n >= 8; n -= 8, p += 8) {
        memcpy(&v, p, 8);
        h = (h ^ v) * 0x9e3779b97f4a7c15u;
        h ^= h >> 32;
    }
    for (v = 0; n > 0; n--)
        v = v << 8 | *p++;
    h = (h ^ v) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

static struct row *row_new(struct sightings *s, const struct lookout_hit *h)
{
    struct row *r;
    struct buf value = {0};

    if (s->count == s->room) {
        s->room = s->room == 0 ? 64 : s->room * 2;
        s->row = memory_resize(s->row, s->room, sizeof *s->row);
    }
    if (h->value.kind != INDICATOR_NONE)
        indicator_write(&h->value, &value);
    r = &s->row[s->count++];
    *r = (struct row){.s = {.kind = h->value.kind,
                            .value = memory_text(value.data, value.len),
                            .id = memory_text(h->about.id.data, h->about.id.len),
                            .first = s->event->time,
                            .last = s->event->time,
                            .src = s->event->src,
                            .dest = s->event->dest,
                            .has = s->event->has,
                            .source = s->source,
                            .offset = s->offset,
                            .line = digest_of(s->raw)}};
    memcpy(r->s.list, lookout_news(s->lookout, h->list)->name, sizeof r->s.list);
    buf_done(&value);
    return r;
}

/* NULL: no room. */
static struct row *row_of(struct sightings *s, const struct lookout_hit *h)
{
    uint8_t key[KEY];
    size_t len = key_write(h, key);
    uint32_t *bucket = &s->bucket[hash_of(key, len) & (s->buckets - 1)];
    struct row *r;

    for (uint32_t at = *bucket; at != 0; at = s->row[at - 1].next)
        if (s->row[at - 1].key_len == len && memcmp(s->row[at - 1].key, key, len) == 0)
            return &s->row[at - 1];
    if (s->count == s->most)
        return NULL;
    r = row_new(s, h);
    r->key = memory_new(len);
    memcpy(r->key, key, len);
    r->key_len = len;
    r->next = *bucket;
    *bucket = (uint32_t)s->count;
    return r;
}

static void see(void *with, const struct lookout_hit *h)
{
    struct sightings *s = with;
    struct instant t = s->event->time;
    struct row *r = row_of(s, h);

    if (r == NULL) {
        s->further++;
        return;
    }
    if (r->met == s->number)
        return;
    r->met = s->number;
    r->s.events++;
    r->s.outside += t.us < h->about.from.us || t.us >= h->about.until.us;
    r->s.from = h->about.from;
    r->s.until = h->about.until;
    r->s.tlp = h->about.tlp;
    r->s.pap = h->about.pap;
    r->s.first = t.us < r->s.first.us ? t : r->s.first;
    r->s.last = t.us > r->s.last.us ? t : r->s.last;
}

void sightings_see(struct sightings *s, struct lookout *l, const struct event *e, uint32_t source,
                   uint64_t offset, struct bytes raw)
{
    s->lookout = l;
    s->event = e;
    s->number++;
    s->source = source;
    s->offset = offset;
    s->raw = raw;
    lookout_event(l, e, see, s);
}

/* ---- what was seen ---- */

size_t sightings_count(const struct sightings *s)
{
    return s->count;
}

const struct sighting *sightings_at(const struct sightings *s, size_t i)
{
    return &s->row[i].s;
}

uint64_t sightings_further(const struct sightings *s)
{
    return s->further;
}

/* How well a hit of this kind holds: many names share an address, many hosts a subnet. */
static const struct {
    enum confidence confidence;
    const char *reason;
} worth[INDICATOR_KINDS] = {
    [INDICATOR_NONE] = {CONFIDENCE_MODERATE, "by-pattern"},
    [INDICATOR_IPV4] = {CONFIDENCE_MODERATE, "by-address"},
    [INDICATOR_IPV6] = {CONFIDENCE_MODERATE, "by-address"},
    [INDICATOR_ENDPOINT] = {CONFIDENCE_MODERATE, "by-endpoint"},
    [INDICATOR_SUBNET] = {CONFIDENCE_LOW, "by-subnet"},
    [INDICATOR_DOMAIN] = {CONFIDENCE_HIGH, "by-name"},
    [INDICATOR_URL] = {CONFIDENCE_HIGH, "by-url"},
    [INDICATOR_MD5] = {CONFIDENCE_HIGH, "by-hash"},
    [INDICATOR_SHA1] = {CONFIDENCE_HIGH, "by-hash"},
    [INDICATOR_SHA256] = {CONFIDENCE_HIGH, "by-hash"},
};

enum confidence sighting_confidence(const struct sighting *s)
{
    int c = (int)worth[s->kind].confidence;

    c -= s->outside == s->events;
    c -= s->warned != 0;
    return c < CONFIDENCE_LOW ? CONFIDENCE_LOW : (enum confidence)c;
}

size_t sighting_reasons(const struct sighting *s, const char **out)
{
    size_t n = 0;

    out[n++] = worth[s->kind].reason;
    if (s->outside != 0)
        out[n++] = s->outside == s->events ? "out-of-validity" : "partly-out-of-validity";
    if (s->from.us == INT64_MIN && s->until.us == INT64_MAX)
        out[n++] = "validity-unknown";
    if (s->warned != 0)
        out[n++] = "warning-list";
    return n;
}

int64_t sighting_age(const struct sighting *s)
{
    return s->from.us == INT64_MIN || s->last.us < s->from.us ? -1
                                                              : (s->last.us - s->from.us) / day;
}

/* ---- as JSON ---- */

/* What a list wrote, in the profile's own bytes (json/profile.h): others as "%5C". */
static void json_outside(struct buf *out, const char *name, const char *text)
{
    buf_print(out, ",\"%s\":\"", name);
    for (; *text != '\0'; text++)
        if (*text >= ' ' && *text < 0x7f && *text != '"' && *text != '\\')
            buf_byte(out, (uint8_t)*text);
        else
            buf_print(out, "%%%02X", (unsigned)(uint8_t)*text);
    buf_byte(out, '"');
}

static void json_time(struct buf *out, const char *name, struct instant t)
{
    char text[INSTANT_MICRO + 1];

    if (t.us == INT64_MIN || t.us == INT64_MAX) {
        buf_print(out, ",\"%s\":null", name);
        return;
    }
    instant_micro_write(t, text);
    buf_print(out, ",\"%s\":\"%s\"", name, text);
}

static void json_addr(struct buf *out, const char *name, bool has, struct addr a)
{
    char text[ADDR_TEXT];

    addr_write(a, text);
    if (has)
        buf_print(out, ",\"%s\":\"%s\"", name, text);
    else
        buf_print(out, ",\"%s\":null", name);
}

static void json_worth(struct buf *out, const struct sighting *s)
{
    const char *reasons[SIGHTINGS_REASONS];
    size_t n = sighting_reasons(s, reasons);

    buf_print(out, ",\"confidence\":\"%s\",\"reasons\":[", confidence_name(sighting_confidence(s)));
    for (size_t i = 0; i < n; i++)
        buf_print(out, "%s\"%s\"", i == 0 ? "" : ",", reasons[i]);
    buf_byte(out, ']');
}

void sighting_json(const struct sighting *s, const char *sensor, struct buf *out)
{
    buf_print(out, "{\"kind\":\"%s\"",
              s->kind == INDICATOR_NONE ? "pattern" : indicator_kind_name(s->kind));
    json_outside(out, "list", s->list);
    json_outside(out, "value", s->value);
    json_outside(out, "id", s->id);
    buf_print(out, ",\"tlp\":\"%s\",\"pap\":\"%s\"", tlp_name(s->tlp), pap_name(s->pap));
    json_time(out, "valid-from", s->from);
    json_time(out, "valid-until", s->until);
    buf_print(out, ",\"events\":%" PRIu64 ",\"outside\":%" PRIu64 ",\"warned\":%" PRIu64, s->events,
              s->outside, s->warned);
    json_time(out, "first", s->first);
    json_time(out, "last", s->last);
    json_worth(out, s);
    json_addr(out, "src", s->has & EVENT_HAS_SRC, s->src);
    json_addr(out, "dest", s->has & EVENT_HAS_DEST, s->dest);
    json_outside(out, "sensor", sensor);
    buf_print(out, ",\"offset\":%" PRIu64 ",\"line\":\"", s->offset);
    buf_base64(out, s->line.byte, sizeof s->line.byte);
    buf_text(out, "\"}");
}
