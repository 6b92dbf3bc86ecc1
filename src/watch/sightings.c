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
    uint32_t next;   /* 1 + its place, of the same bucket; 0: none */
    uint64_t warned; /* lists that warn of the value, at whatever time */
    uint64_t met;    /* number of the event that met it last: one that names it twice counts once */
};

struct sightings {
    size_t most, count;
    size_t most_bytes, bytes; /* of JSON, at most */
    uint64_t further;
    struct row *row;
    size_t room;
    uint32_t *bucket; /* 1 + place of a row; 2^n of them */
    size_t buckets;
    const struct cautions *cautions; /* not ours */
    /* While an event is asked about. */
    const struct lookout *lookout;
    const struct event *event;
    uint64_t number; /* of the event, since the beginning */
    uint32_t source;
    uint64_t offset;
    struct bytes raw;
};

struct sightings *sightings_new(size_t most, size_t bytes)
{
    struct sightings *s = memory_zeroed(1, sizeof *s);

    s->most = most;
    s->most_bytes = bytes;
    for (s->buckets = 64; s->buckets < most; s->buckets *= 2)
        ;
    s->bucket = memory_zeroed(s->buckets, sizeof *s->bucket);
    return s;
}

bool sightings_is_full(const struct sightings *s)
{
    return s->count >= s->most / 2 || s->bytes >= s->most_bytes / 2;
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
    s->count = s->bytes = 0;
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
    *r = (struct row){.s = {.worth.kind = h->value.kind,
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

/* Bytes that its JSON has at most: what is escaped becomes three. */
static size_t json_most(const struct lookout_hit *h)
{
    return 1024 + 3 * (h->value.text.len + h->about.id.len);
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
    if (s->count == s->most || s->bytes + json_most(h) > s->most_bytes)
        return NULL;
    s->bytes += json_most(h);
    r = row_new(s, h);
    r->key = memory_new(len);
    memcpy(r->key, key, len);
    r->key_len = len;
    if (s->cautions != NULL)
        r->warned = cautions_value(s->cautions, &h->value);
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
    r->s.worth.warned += r->warned != 0 && cautions_hold(s->cautions, r->warned, t);
    r->s.worth.events++;
    r->s.worth.outside += t.us < h->about.from.us || t.us >= h->about.until.us;
    r->s.worth.from = h->about.from;
    r->s.worth.until = h->about.until;
    r->s.tlp = h->about.tlp;
    r->s.pap = h->about.pap;
    r->s.first = t.us < r->s.first.us ? t : r->s.first;
    r->s.last = t.us > r->s.last.us ? t : r->s.last;
    r->s.worth.last = r->s.last;
}

void sightings_see(struct sightings *s, struct lookout *l, const struct event *e, struct bytes raw,
                   uint32_t source, uint64_t offset)
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

void sightings_warn(struct sightings *s, const struct cautions *c)
{
    s->cautions = c;
    for (size_t i = 0; i < s->count; i++) /* their bits were of other lists */
        s->row[i].warned = 0;
}

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

int64_t sighting_age(const struct sighting *s)
{
    return s->worth.from.us == INT64_MIN || s->last.us < s->worth.from.us
               ? -1
               : (s->last.us - s->worth.from.us) / day;
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
    const char *reasons[WORTH_REASONS];
    size_t n = worth_reasons(&s->worth, reasons);

    buf_print(out, ",\"confidence\":\"%s\",\"reasons\":[", worth_confidence(&s->worth));
    for (size_t i = 0; i < n; i++)
        buf_print(out, "%s\"%s\"", i == 0 ? "" : ",", reasons[i]);
    buf_byte(out, ']');
}

void sighting_json(const struct sighting *s, const char *sensor, struct buf *out)
{
    buf_print(out, "{\"kind\":\"%s\"",
              s->worth.kind == INDICATOR_NONE ? "pattern" : indicator_kind_name(s->worth.kind));
    json_outside(out, "list", s->list);
    json_outside(out, "value", s->value);
    json_outside(out, "id", s->id);
    buf_print(out, ",\"tlp\":\"%s\",\"pap\":\"%s\"", tlp_name(s->tlp), pap_name(s->pap));
    json_time(out, "valid-from", s->worth.from);
    json_time(out, "valid-until", s->worth.until);
    buf_print(out, ",\"events\":%" PRIu64 ",\"outside\":%" PRIu64 ",\"warned\":%" PRIu64,
              s->worth.events, s->worth.outside, s->worth.warned);
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
