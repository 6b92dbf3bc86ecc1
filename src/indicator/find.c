#include <stdlib.h>

#include "base/memory.h"
#include "indicator/inner.h"

/* Asking. Questions become probes (a name: one for each of its ends that a list could hold); all
 * probes of a batch have their filter blocks, then their slots fetched before any is looked at. */

enum {
    PROBES = 96,
    ROOM = 8192, /* of texts in their one form */
};

struct probe {
    uint64_t hash;
    const struct set *set;
    struct bytes key;
    uint8_t question, kind;
    bool below;
};

struct finding {
    const struct indicators *x;
    const struct indicator_key *key;
    indicators_each *each;
    void *with;
    const struct probe *now;
    size_t probes, used;
    size_t first; /* question that question 0 of the probes is */
    struct probe probe[PROBES];
    uint8_t room[ROOM + 8];
};

/* ---- hits ---- */

static struct indicator_about about_of(const struct indicators *x, const struct about *a)
{
    struct indicator_about out = {.from = {a->from},
                                  .until = {a->until},
                                  .tlp = (enum tlp)a->tlp,
                                  .pap = (enum pap)a->pap,
                                  .exact = a->exact};
    const uint8_t *id;

    if (a->id == NO_ID)
        return out;
    id = x->ids.data + a->id;
    out.id = bytes_of(id + 2, (size_t)id[0] << 8 | id[1]);
    return out;
}

static void hit(const struct finding *f, size_t question, uint32_t number, bool below,
                const struct indicator_value *v)
{
    const struct about *a = &f->x->about[number];
    struct indicator_hit h = {.key = f->first + question,
                              .list = a->list,
                              .about_no = number,
                              .canary = a->canary,
                              .below = below,
                              .value = *v};

    if (below && a->exact)
        return;
    h.about = about_of(f->x, a);
    f->each(f->with, &h);
}

static void found(void *with, uint32_t number)
{
    const struct finding *f = with;
    const struct probe *p = f->now;
    struct indicator_value v = {.kind = (enum indicator_kind)p->kind, .text = p->key};

    if (v.kind == INDICATOR_IPV4 || v.kind == INDICATOR_IPV6 || v.kind == INDICATOR_ENDPOINT) {
        v.addr = f->key[f->first + p->question].addr;
        v.port = v.kind == INDICATOR_ENDPOINT ? f->key[f->first + p->question].port : 0;
        v.text = bytes_of(NULL, 0);
    }
    hit(f, p->question, number, p->below, &v);
}

/* ---- probes ---- */

static void flush(struct finding *f)
{
    size_t n = 0;

    for (size_t i = 0; i < f->probes; i++)
        if (set_may(f->probe[i].set, f->probe[i].hash)) {
            set_prefetch_slot(f->probe[i].set, f->probe[i].hash);
            f->probe[n++] = f->probe[i];
        }
    for (size_t i = 0; i < n; i++) {
        f->now = &f->probe[i];
        set_find(f->now->set, f->now->hash, f->now->key, found, f);
    }
    f->probes = 0;
}

static void probe(struct finding *f, size_t question, enum indicator_kind kind, struct bytes key,
                  bool below)
{
    const struct set *set = &f->x->set[kind];
    struct probe *p;

    if (set->slots == 0)
        return;
    if (f->probes == PROBES)
        flush(f);
    p = &f->probe[f->probes++];
    *p = (struct probe){set_hash(set, key), set, key, (uint8_t)question, (uint8_t)kind, below};
    set_prefetch_filter(set, p->hash);
}

/* ---- names: eight bytes at a step ---- */

static const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;

static uint64_t lower8(uint64_t v)
{
    uint64_t low = v & ~high;
    uint64_t above = low + ones * (0x7f - 'Z'), from = low + ones * (0x80 - 'A');

    return v | ((~v & high & (from ^ above)) >> 2);
}

/* The high bit of each byte that is a dot. */
static uint64_t dots8(uint64_t v)
{
    uint64_t x = v ^ ones * '.';

    return ~(((x & ~high) + ~high) | x | ~high);
}

/* Writes the name in lower case; the places of its dots, of which it counts all. */
static size_t name_lower(struct bytes name, uint8_t *out, uint8_t *dot)
{
    size_t dots = 0;

    for (size_t i = 0; i < name.len; i += 8) {
        size_t n = name.len - i < 8 ? name.len - i : 8;
        uint64_t v = 0, at;

        memcpy(&v, name.data + i, n);
        v = lower8(v);
        memcpy(out + i, &v, 8);
        for (at = dots8(v); at != 0; at &= at - 1)
            dot[dots++] = (uint8_t)(i + (size_t)__builtin_ctzll(at) / 8);
    }
    return dots;
}

static void ask_name(struct finding *f, size_t question, struct bytes name)
{
    uint8_t dot[INDICATOR_NAME + 8], *out = f->room + f->used;
    size_t dots, labels, skip;

    if (name.len > 0 && name.data[name.len - 1] == '.')
        name.len--;
    if (name.len == 0 || name.len > INDICATOR_NAME || f->x->most_labels == 0)
        return;
    dots = name_lower(name, out, dot);
    skip = dots < 2 ? 0 : dot[dots - 2] + 1u;
    if (!ends_may(&f->x->ends,
                  set_hash(&f->x->set[INDICATOR_DOMAIN], bytes_of(out + skip, name.len - skip))))
        return;
    f->used += name.len;
    for (labels = dots + 1; labels >= f->x->least_labels; labels--) {
        skip = labels == dots + 1 ? 0 : dot[dots - labels] + 1u;

        if (labels <= f->x->most_labels)
            probe(f, question, INDICATOR_DOMAIN, bytes_of(out + skip, name.len - skip), skip != 0);
    }
}

/* ---- the others ---- */

static void ask_subnets(const struct finding *f, size_t question, struct addr a)
{
    uint32_t at = f->x->wide == NULL ? 0 : lookup_find(f->x->wide, a);

    while (at != 0) {
        const struct subnet *s = &f->x->subnet[at - 1];
        const struct indicator_value v = {
            .kind = INDICATOR_SUBNET, .addr = s->prefix.first, .bits = s->prefix.bits};

        hit(f, question, s->about, false, &v);
        at = s->up;
    }
}

static void ask_value(struct finding *f, size_t question, const struct indicator_value *v)
{
    struct bytes key = value_key(v, f->room + f->used);

    f->used += v->kind == INDICATOR_URL ? 0 : key.len;
    probe(f, question, v->kind, key, false);
}

static void ask_address(struct finding *f, size_t question, const struct indicator_key *k)
{
    struct indicator_value v = {.kind = addr_is_v4(k->addr) ? INDICATOR_IPV4 : INDICATOR_IPV6,
                                .addr = k->addr,
                                .port = k->port};

    ask_value(f, question, &v);
    if (k->port != 0) {
        v.kind = INDICATOR_ENDPOINT;
        ask_value(f, question, &v);
    }
    ask_subnets(f, question, k->addr);
}

/* In its one form; what has none is in no list. */
static void ask_read(struct finding *f, size_t question, const struct indicator_key *k)
{
    struct indicator_value v;

    if (f->x->set[k->kind].slots == 0 ||
        fault_is(indicator_read(k->kind, k->text, f->room + f->used, &v)))
        return;
    f->used += v.text.len;
    probe(f, question, v.kind, v.text, false);
}

static void ask(struct finding *f, size_t question, const struct indicator_key *k)
{
    if (f->used + INDICATOR_URL_MAX > ROOM) {
        flush(f);
        f->used = 0;
    }
    switch (k->kind) {
    case INDICATOR_NONE:
        return;
    case INDICATOR_DOMAIN:
        ask_name(f, question, k->text);
        return;
    case INDICATOR_URL:
    case INDICATOR_MD5:
    case INDICATOR_SHA1:
    case INDICATOR_SHA256:
        ask_read(f, question, k);
        return;
    default:
        ask_address(f, question, k);
    }
}

void indicators_find(const struct indicators *x, const struct indicator_key *key, size_t count,
                     indicators_each *each, void *with)
{
    struct finding f;

    f.x = x;
    f.key = key;
    f.each = each;
    f.with = with;
    for (f.first = 0; f.first < count; f.first += INDICATORS_BATCH) {
        size_t n = count - f.first < INDICATORS_BATCH ? count - f.first : INDICATORS_BATCH;

        f.probes = f.used = 0;
        for (size_t i = 0; i < n; i++)
            ask(&f, i, &key[f.first + i]);
        flush(&f);
    }
}

/* ---- events ---- */

/* "example.com:8080" and "[2001:db8::1]:80" without the port. */
static struct bytes host_alone(struct bytes host)
{
    size_t i = host.len;

    if (host.len > 0 && host.data[0] == '[') {
        const uint8_t *end = memchr(host.data, ']', host.len);

        return end == NULL ? host : bytes_of(host.data + 1, (size_t)(end - host.data) - 1);
    }
    while (i > 0 && host.data[i - 1] >= '0' && host.data[i - 1] <= '9')
        i--;
    if (i > 0 && i < host.len && host.data[i - 1] == ':')
        host.len = i - 1;
    return host;
}

/* Can it be an address? One of IPv4 ends in a digit, and one of IPv6 has a colon within its first
 * five bytes; nearly no name does. */
static bool may_be_address(struct bytes name)
{
    return name.len != 0 && name.len < ADDR_TEXT &&
           ((uint8_t)(name.data[name.len - 1] - '0') <= 9 ||
            memchr(name.data, ':', name.len < 5 ? name.len : 5) != NULL);
}

static struct indicator_key name_key(struct bytes name)
{
    struct indicator_key k = {.kind = INDICATOR_DOMAIN, .text = name};

    if (may_be_address(name) && !fault_is(addr_parse(name, &k.addr)))
        k.kind = INDICATOR_IPV4; /* an address of either family */
    return k;
}

/* Host and target as one; a target that is absolute (asked of a proxy) stands alone. */
static struct indicator_key url_key(const struct event *e, uint8_t *room)
{
    struct bytes host = e->text[EVENT_TEXT_HOST], target = e->text[EVENT_TEXT_URL];
    struct indicator_key k = {.kind = INDICATOR_URL, .text = target};

    if (target.len == 0 || target.data[0] != '/')
        return k;
    if (host.len == 0 || host.len + target.len >= INDICATOR_URL_MAX)
        return (struct indicator_key){.kind = INDICATOR_NONE};
    memcpy(room, host.data, host.len);
    memcpy(room + host.len, target.data, target.len);
    k.text = bytes_of(room, host.len + target.len);
    return k;
}

size_t indicators_keys(const struct event *e, uint8_t room[INDICATOR_URL_MAX],
                       struct indicator_key out[INDICATORS_BATCH])
{
    static const struct {
        enum event_text text;
        enum indicator_kind kind;
    } hashes[] = {{EVENT_TEXT_SHA256, INDICATOR_SHA256},
                  {EVENT_TEXT_SHA1, INDICATOR_SHA1},
                  {EVENT_TEXT_MD5, INDICATOR_MD5}};
    size_t n = 0;

    if (e->has & EVENT_HAS_SRC)
        out[n++] = (struct indicator_key){
            INDICATOR_IPV4, e->src, e->has & EVENT_HAS_SRC_PORT ? e->src_port : 0, {0}};
    if (e->has & EVENT_HAS_DEST)
        out[n++] = (struct indicator_key){
            INDICATOR_IPV4, e->dest, e->has & EVENT_HAS_DEST_PORT ? e->dest_port : 0, {0}};
    if (e->text[EVENT_TEXT_NAME].len != 0)
        out[n++] = name_key(e->text[EVENT_TEXT_NAME]);
    if (e->text[EVENT_TEXT_SNI].len != 0)
        out[n++] = name_key(e->text[EVENT_TEXT_SNI]);
    if (e->text[EVENT_TEXT_HOST].len != 0)
        out[n++] = name_key(host_alone(e->text[EVENT_TEXT_HOST]));
    if (e->text[EVENT_TEXT_URL].len != 0)
        out[n++] = url_key(e, room);
    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++)
        if (e->text[hashes[i].text].len != 0)
            out[n++] =
                (struct indicator_key){.kind = hashes[i].kind, .text = e->text[hashes[i].text]};
    return n;
}

void indicators_event(const struct indicators *x, const struct event *e, indicators_each *each,
                      void *with)
{
    struct indicator_key key[INDICATORS_BATCH];
    uint8_t room[INDICATOR_URL_MAX];

    indicators_find(x, key, indicators_keys(e, room, key), each, with);
}

/* ---- canaries ---- */

struct listening {
    unsigned list;
    enum indicator_kind kind;
    bool heard;
};

static void listen(void *with, const struct indicator_hit *h)
{
    struct listening *l = with;

    l->heard |= h->canary && h->list == l->list && h->value.kind == l->kind;
}

/* An event that holds the canary, as a sensor would write it. */
static bool sings(const struct indicators *x, unsigned list, enum indicator_kind kind, bool v4)
{
    static const enum event_text text[INDICATOR_KINDS] = {[INDICATOR_DOMAIN] = EVENT_TEXT_NAME,
                                                          [INDICATOR_MD5] = EVENT_TEXT_MD5,
                                                          [INDICATOR_SHA1] = EVENT_TEXT_SHA1,
                                                          [INDICATOR_SHA256] = EVENT_TEXT_SHA256};
    struct listening l = {list, kind, false};
    struct event e = {0};
    struct buf words = {0};
    struct indicator_value v;
    uint8_t room[64];

    canary_value(kind, list, v4, room, &v);
    indicator_write(&v, &words);
    if (kind == INDICATOR_URL) {
        e.text[EVENT_TEXT_HOST] = bytes_of(words.data, words.len - 1);
        e.text[EVENT_TEXT_URL] = bytes_of(words.data + words.len - 1, 1);
    } else if (text[kind] != 0) {
        e.text[text[kind]] = buf_view(&words);
    } else {
        e.has = EVENT_HAS_SRC | EVENT_HAS_SRC_PORT;
        e.src = v.addr;
        e.src.byte[15] |= kind == INDICATOR_SUBNET ? 77 : 0;
        e.src_port = v.port;
    }
    indicators_event(x, &e, listen, &l);
    buf_done(&words);
    return l.heard;
}

bool indicators_canary(const struct indicators *x, unsigned list)
{
    for (enum indicator_kind k = INDICATOR_IPV4; k < INDICATOR_KINDS; k++) {
        if (x->list[list].n.kind[k] == 0)
            continue;
        if (!sings(x, list, k, k != INDICATOR_IPV6))
            return false;
        if (k == INDICATOR_SUBNET && !sings(x, list, k, false))
            return false;
    }
    return true;
}
