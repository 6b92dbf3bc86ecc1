/*
 * eve_value.h - the values of an EVE header, each read where it stands, and the header as
 * predicted.
 *
 * A part of eve_scan.h, included once by it.
 */
struct scan {
    const uint8_t *start, *end;
    struct event *e;
    unsigned seen;                          /* members, a bit each */
    unsigned escaped;                       /* texts with escapes, a bit each */
    bool rare;                              /* a byte above 0x7f or a control character was seen */
    const uint8_t *where[MEMBER_COUNT + 1]; /* the values that eve_follow.h found */
};

/* ---- values; all take the first byte of the text, answer past it, or NULL for "not so" ---- */

/* A whole number without leading zero, of at most 16 digits and at most `max`. */
INLINE const uint8_t *number_at(const uint8_t *p, const uint8_t *end, uint64_t max, uint64_t *out)
{
    static const uint64_t power[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
    const uint8_t *from = p;
    uint64_t sum = 0;

    for (int round = 0; round < 2; round++) {
        uint64_t x, stop;
        unsigned n;

        if (end - p < 8) { /* at the line's end: the bytes that are there */
            x = 0;
            memcpy(&x, p, (size_t)(end - p));
        } else {
            x = load64(p);
        }
        x ^= BYTES('0');
        stop = ((x + BYTES(0x76)) | x) & BYTES(0x80);
        n = stop == 0 ? 8 : (unsigned)__builtin_ctzll(stop) / 8;
        p += n;
        if (n != 0)
            sum = sum * power[n] + eight_digits(x << (64 - 8 * n)); /* zeros in front */
        if (n < 8)
            break;
    }
    if (p == from || (*from == '0' && p - from > 1) || sum > max ||
        (p < end && (uint8_t)(*p - '0') <= 9))
        return NULL;
    *out = sum;
    return p;
}

#ifndef EVE_WIDE
/* The same of at most 16 digits, where 16 bytes before it and 32 from it on can be read. */
INLINE const uint8_t *long_number_at(const uint8_t *p, uint64_t *out)
{
    return number_at(p, p + 32, UINT64_MAX, out);
}
#endif

/* "2020-02-22T07:58:04.680792+0000" and its closing quote; 32 bytes can be read. */
INLINE const uint8_t *time_at(const uint8_t *p, struct instant *out)
{
    static _Thread_local struct {
        uint64_t low, high; /* "2020-02-", "2-22T" ends of the day that was seen last */
        int64_t day;
        uint64_t zone_text; /* "+0000\"" and what was its meaning */
        int64_t zone;
    } last = {0, 0, 0, 0, 0};
    uint64_t low = load64(p), high = load64(p + 3) >> 16, zone;
    uint32_t second, us;

    if (low != last.low || high != last.high) {
        uint8_t midnight[INSTANT_TEXT];
        struct instant t;

        memcpy(midnight, p, 11);
        memcpy(midnight + 11, "00:00:00Z", 9);
        if (fault_is(instant_parse(bytes_of(midnight, sizeof midnight), &t)))
            return NULL;
        last.low = low;
        last.high = high;
        last.day = t.us;
    }
    zone = load64(p + 24) >> 16;
    if (zone != last.zone_text) {
        int minutes;

        if (p[31] != '"' || !eve_zone(p + 26, 5, &minutes))
            return NULL;
        last.zone_text = zone;
        last.zone = (int64_t)minutes * 60000000;
    }
    if (!clock_at(p + 11, &second, &us))
        return NULL;
    out->us = last.day + (int64_t)second * 1000000 + us - last.zone;
    return p + 32;
}

INLINE const uint8_t *addr_at(const uint8_t *p, const uint8_t *end, struct addr *out)
{
    const uint8_t *past = four_at(p, end, out);

    if (past != NULL)
        return past;
    past = plain_end(p, end);
    if (past >= end || *past != '"' || fault_is(addr_parse(bytes_of(p, (size_t)(past - p)), out)))
        return NULL;
    return past + 1;
}

/* A string without escapes, and its closing quote. */
INLINE const uint8_t *string_at(const uint8_t *p, const uint8_t *end, struct bytes *out)
{
    const uint8_t *past = plain_end(p, end);

    if (past >= end || *past != '"')
        return NULL;
    *out = bytes_of(p, (size_t)(past - p));
    return past + 1;
}

/* ---- the header, as predicted ---- */

#define WORD(a, b, c, d)                                                                           \
    ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)

/* Types of at most seven letters, with their services, by a word of eight bytes; the table is
 * without collision, or the compiler would warn of it. */
#define TYPE_WORD(a, b, c, d, e, f, g)                                                             \
    ((uint64_t)(a) | (uint64_t)(b) << 8 | (uint64_t)(c) << 16 | (uint64_t)(d) << 24 |              \
     (uint64_t)(e) << 32 | (uint64_t)(f) << 40 | (uint64_t)(g) << 48)
#define TYPE_SLOT(word)    ((word)*0xb7970386fee29477 >> 59)
#define TYPE(service, ...) [TYPE_SLOT(TYPE_WORD(__VA_ARGS__))] = {TYPE_WORD(__VA_ARGS__), service}

static const struct {
    uint64_t word;
    enum service service;
} types[32] = {
    TYPE(SERVICE_SSH, 's', 's', 'h', 0, 0, 0, 0),
    TYPE(SERVICE_SMB, 's', 'm', 'b', 0, 0, 0, 0),
    TYPE(SERVICE_RDP, 'r', 'd', 'p', 0, 0, 0, 0),
    TYPE(SERVICE_TLS, 't', 'l', 's', 0, 0, 0, 0),
    TYPE(SERVICE_SIP, 's', 'i', 'p', 0, 0, 0, 0),
    TYPE(SERVICE_HTTP, 'h', 't', 't', 'p', 0, 0, 0),
    TYPE(SERVICE_NONE, 'd', 'n', 's', 0, 0, 0, 0),
    TYPE(SERVICE_NONE, 'f', 'l', 'o', 'w', 0, 0, 0),
    TYPE(SERVICE_NONE, 's', 'n', 'm', 'p', 0, 0, 0),
    TYPE(SERVICE_NONE, 's', 't', 'a', 't', 's', 0, 0),
    TYPE(SERVICE_NONE, 'a', 'l', 'e', 'r', 't', 0, 0),
    TYPE(SERVICE_NONE, 'a', 'n', 'o', 'm', 'a', 'l', 'y'),
};

/* How many of the bytes stand before the first quote; 8 if there is none. */
INLINE unsigned before_quote(uint64_t word)
{
    uint64_t x = word ^ BYTES('"');

    x = (x - BYTES(1)) & ~x & BYTES(0x80);
    return x == 0 ? 8 : (unsigned)__builtin_ctzll(x) / 8;
}

INLINE const uint8_t *type_at(struct scan *s, const uint8_t *p)
{
    struct bytes *text = &s->e->text[EVENT_TEXT_TYPE];

    if (s->end - p >= 8) {
        uint64_t word = load64(p);
        unsigned n = before_quote(word);
        size_t slot;

        word &= n > 7 ? 0 : ((uint64_t)1 << 8 * n) - 1;
        slot = TYPE_SLOT(word);
        /* What fills the word up is no byte of the text: a NUL there is damage. */
        if (types[slot].word == word && word != 0 && p[n - 1] != 0) {
            *text = bytes_of(p, n);
            s->e->service = types[slot].service;
            return p + n + 1;
        }
    }
    s->e->service = SERVICE_NONE;
    p = string_at(p, s->end, text);
    if (p != NULL)
        s->e->service = service_by_name(*text);
    return p;
}

INLINE const uint8_t *proto_at(struct scan *s, const uint8_t *p)
{
    uint32_t word = s->end - p > 4 ? load32(p) : 0;
    struct bytes text;

    if (word == WORD('T', 'C', 'P', '"') || word == WORD('U', 'D', 'P', '"')) {
        s->e->transport = word == WORD('T', 'C', 'P', '"') ? TRANSPORT_TCP : TRANSPORT_UDP;
        return p + 4;
    }
    s->e->transport = TRANSPORT_OTHER;
    return string_at(p, s->end, &text);
}

INLINE const uint8_t *port_at(const uint8_t *p, const uint8_t *end, uint16_t *out)
{
    uint64_t n = 0;

    p = number_at(p, end, UINT16_MAX, &n);
    *out = (uint16_t)n;
    return p;
}

/* The interface's name and its closing quote: the last line's, nearly always. */
INLINE const uint8_t *interface_at(const uint8_t *p, const uint8_t *end)
{
    static _Thread_local uint64_t last, mask; /* at most eight bytes, checked once */
    struct bytes ignored;
    const uint8_t *past;

    if (end - p < 8)
        return NULL;
    if (mask != 0 && ((load64(p) ^ last) & mask) == 0)
        return p + 8 - __builtin_clzll(mask) / 8;
    past = string_at(p, end, &ignored);
    if (past != NULL && past - p <= 8) {
        mask = ~(uint64_t)0 >> (64 - 8 * (past - p));
        last = load64(p);
    }
    return past;
}

/* If `text` (a constant) stands at p: `value` reads what follows, `m` is seen, and p moves on; if
 * it cannot be read the prediction ends before it. */
#define PREDICT(text, m, value)                                                                    \
    do {                                                                                           \
        static const char expected[EVE_AHEAD] = text;                                              \
                                                                                                   \
        if ((size_t)(s->end - p) >= 2 * EVE_AHEAD + 32 && begins(p, expected, sizeof(text) - 1)) { \
            const uint8_t *at = p + sizeof(text) - 1, *past = value;                               \
                                                                                                   \
            if (past == NULL)                                                                      \
                return p;                                                                          \
            s->seen |= 1u << (m);                                                                  \
            p = past;                                                                              \
        }                                                                                          \
    } while (0)

/* From the line's brace to where the prediction ends: before a comma, a closing brace or something
 * that is wrong; `p` itself if nothing was as predicted. */
INLINE const uint8_t *header(struct scan *s, const uint8_t *p)
{
    uint64_t number;

    PREDICT("{\"timestamp\":\"", MEMBER_TIMESTAMP, time_at(at, &s->e->time));
    if (p == s->start)
        return p;
    PREDICT(",\"flow_id\":", MEMBER_FLOW_ID, long_number_at(at, &s->e->flow));
    PREDICT(",\"in_iface\":\"", MEMBER_COUNT, interface_at(at, s->end));
    PREDICT(",\"pcap_cnt\":", MEMBER_COUNT, long_number_at(at, &number));
    PREDICT(",\"event_type\":\"", MEMBER_EVENT_TYPE, type_at(s, at));
    PREDICT(",\"src_ip\":\"", MEMBER_SRC_IP, addr_at(at, s->end, &s->e->src));
    PREDICT(",\"src_port\":", MEMBER_SRC_PORT, port_at(at, s->end, &s->e->src_port));
    PREDICT(",\"dest_ip\":\"", MEMBER_DEST_IP, addr_at(at, s->end, &s->e->dest));
    PREDICT(",\"dest_port\":", MEMBER_DEST_PORT, port_at(at, s->end, &s->e->dest_port));
    PREDICT(",\"proto\":\"", MEMBER_PROTO, proto_at(s, at));
    return p;
}

#undef PREDICT
