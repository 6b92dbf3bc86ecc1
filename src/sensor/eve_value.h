/*
 * eve_value.h - the values of an EVE header, each read where it stands, and the header as
 * predicted.
 *
 * A part of eve_scan.h, included once by it.
 */
struct scan {
    const uint8_t *start, *end;
    struct event *e;
    unsigned seen;    /* members, a bit each */
    unsigned escaped; /* texts with escapes, a bit each */
    bool rare;        /* a byte above 0x7f or a control character was seen */
};

INLINE uint64_t load64(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

INLINE uint32_t load32(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

/* addr_from_v4, here so that it is inlined. */
INLINE struct addr four_of(uint32_t host_order)
{
    struct addr a = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0}};
    uint32_t wire = __builtin_bswap32(host_order);

    memcpy(a.byte + 12, &wire, 4);
    return a;
}

#define BYTES(b) ((uint64_t)0x0101010101010101 * (b))

/* ---- values; all take the first byte of the text, answer past it, or NULL for "not so" ---- */

/* The eight digits' number; each byte is 0 to 9. */
INLINE uint64_t eight_digits(uint64_t x)
{
    x = x * 10 + (x >> 8);
    return ((x & 0x000000ff000000ff) * 0x000f424000000064 +
            (x >> 16 & 0x000000ff000000ff) * 0x0000271000000001) >>
           32;
}

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

/* "2020-02-22T07:58:04.680792+0000" and its closing quote; 32 bytes can be read. */
INLINE const uint8_t *time_at(const uint8_t *p, struct instant *out)
{
    static _Thread_local struct {
        uint64_t low, high; /* "2020-02-", "2-22T" ends of the day that was seen last */
        int64_t day;
        uint64_t zone_text; /* "+0000\"" and what was its meaning */
        int64_t zone;
    } last = {0, 0, 0, 0, 0};
    const uint64_t clock_form = 0x30303a30303a3030, part_form = 0x3030303030302e;
    uint64_t low = load64(p), high = load64(p + 3) >> 16, clock, part, zone, bad;
    unsigned hour, minute, second, us;

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
    clock = load64(p + 11) ^ clock_form;
    part = (load64(p + 19) ^ part_form) & 0x00ffffffffffffff;
    bad = (clock + 0x76767f76767f7676) | clock | (part + 0x007676767676767f) | part;
    clock = clock * 10 + (clock >> 8);
    part = part * 10 + (part >> 8);
    hour = clock & 0xff;
    minute = clock >> 24 & 0xff;
    second = clock >> 48 & 0xff;
    us = (unsigned)((part >> 8 & 0xff) * 10000 + (part >> 24 & 0xff) * 100 + (part >> 40 & 0xff));
    if ((bad & BYTES(0x80)) != 0 || hour > 23 || minute > 59 || second > 59)
        return NULL;
    out->us = last.day + (int64_t)(hour * 3600 + minute * 60 + second) * 1000000 + us - last.zone;
    return p + 32;
}

/* One part of a dotted quad, `len` digits that end before `past`; four bytes before can be read. */
INLINE uint32_t part_before(const uint8_t *past, unsigned len, uint32_t *bad)
{
    static const uint32_t least[4] = {1, 0, 0x100, 0x10000}; /* no leading zero */
    uint32_t w = load32(past - 4) & 0x0f0f0f0f & ~(uint32_t)0 << (32 - 8 * len);
    uint32_t digits = __builtin_bswap32(w); /* the number, a digit a byte */

    *bad |= (digits > 0x020505) | (digits < least[len]);
    return (uint32_t)((uint64_t)w * (1 + (10 << 8) + (100 << 16)) >> 24) & 0xff;
}

/* "1.2.3.4" and its closing quote; four bytes before `p` can be read. */
INLINE const uint8_t *four_at(const uint8_t *p, const uint8_t *end, struct addr *out)
{
    uint32_t stops, bad = 0, a;
    unsigned at[4];

    if (end - p < 16)
        return NULL;
    stops = no_digits_at(p);
    for (int i = 0; i < 4; i++) {
        at[i] = (unsigned)__builtin_ctz(stops | 1u << 16);
        stops &= stops - 1;
    }
    if (at[3] > 15 || p[at[0]] != '.' || p[at[1]] != '.' || p[at[2]] != '.' || p[at[3]] != '"' ||
        at[0] - 1 > 2 || at[1] - at[0] - 2 > 2 || at[2] - at[1] - 2 > 2 || at[3] - at[2] - 2 > 2)
        return NULL;
    a = part_before(p + at[0], at[0], &bad) << 24;
    a |= part_before(p + at[1], at[1] - at[0] - 1, &bad) << 16;
    a |= part_before(p + at[2], at[2] - at[1] - 1, &bad) << 8;
    a |= part_before(p + at[3], at[3] - at[2] - 1, &bad);
    if (bad != 0)
        return NULL;
    *out = four_of(a);
    return p + at[3] + 1;
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

/* The services by their names and closing quote. */
INLINE enum service service_of(uint32_t word)
{
    switch (word) {
    case WORD('s', 's', 'h', '"'):
        return SERVICE_SSH;
    case WORD('s', 'm', 'b', '"'):
        return SERVICE_SMB;
    case WORD('r', 'd', 'p', '"'):
        return SERVICE_RDP;
    case WORD('t', 'l', 's', '"'):
        return SERVICE_TLS;
    case WORD('s', 'i', 'p', '"'):
        return SERVICE_SIP;
    default:
        return SERVICE_NONE;
    }
}

INLINE const uint8_t *type_at(struct scan *s, const uint8_t *p)
{
    struct bytes *text = &s->e->text[EVENT_TEXT_TYPE];

    s->e->service = SERVICE_NONE;
    if (s->end - p > 4 && load32(p) == WORD('d', 'n', 's', '"')) {
        *text = bytes_of(p, 3);
        return p + 4;
    }
    if (s->end - p > 4 && (s->e->service = service_of(load32(p))) != SERVICE_NONE) {
        *text = bytes_of(p, 3);
        return p + 4;
    }
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
    if ((size_t)(s->end - p) >= sizeof(text) + 40 && memcmp(p, text, sizeof(text) - 1) == 0) {     \
        const uint8_t *at = p + sizeof(text) - 1, *past = value;                                   \
                                                                                                   \
        if (past == NULL)                                                                          \
            return p;                                                                              \
        s->seen |= 1u << (m);                                                                      \
        p = past;                                                                                  \
    }

/* From the line's brace to where the prediction ends: before a comma, a closing brace or something
 * that is wrong; `p` itself if nothing was as predicted. */
INLINE const uint8_t *header(struct scan *s, const uint8_t *p)
{
    uint64_t number;

    PREDICT("{\"timestamp\":\"", MEMBER_TIMESTAMP, time_at(at, &s->e->time))
    else return p;
    PREDICT(",\"flow_id\":", MEMBER_FLOW_ID, number_at(at, s->end, UINT64_MAX, &s->e->flow))
    PREDICT(",\"in_iface\":\"", MEMBER_COUNT, interface_at(at, s->end))
    PREDICT(",\"pcap_cnt\":", MEMBER_COUNT, number_at(at, s->end, UINT64_MAX, &number))
    PREDICT(",\"event_type\":\"", MEMBER_EVENT_TYPE, type_at(s, at))
    PREDICT(",\"src_ip\":\"", MEMBER_SRC_IP, addr_at(at, s->end, &s->e->src))
    PREDICT(",\"src_port\":", MEMBER_SRC_PORT, port_at(at, s->end, &s->e->src_port))
    PREDICT(",\"dest_ip\":\"", MEMBER_DEST_IP, addr_at(at, s->end, &s->e->dest))
    PREDICT(",\"dest_port\":", MEMBER_DEST_PORT, port_at(at, s->end, &s->e->dest_port))
    PREDICT(",\"proto\":\"", MEMBER_PROTO, proto_at(s, at))
    return p;
}

#undef PREDICT
