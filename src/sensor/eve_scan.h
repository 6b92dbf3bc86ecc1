/*
 * eve_scan.h - one EVE line, believed only where every rule of RFC 8259 was seen to hold.
 *
 * The text of all paths of eve_path.h; see eve_mask.h for what a path brings. No guard: included
 * once by each path's file.
 *
 * Two parts. `header` reads Suricata's first members where they stand, in its order, as long as the
 * line goes as predicted. `body` takes over at any point between two members and reads 64 bytes a
 * step. Which bytes are inside strings is known from the quotes' parity; outside, JSON without
 * spaces says of each byte what may stand next:
 *
 *   after        { or , in an object   a key          -> nk   (after {, also })
 *                [ or , in an array    a value        -> nv   (after [, also ])
 *                a key's end           :              -> kc
 *                :                     a value        -> nv
 *                a value's end         , or a close   -> ve
 *                a number or word      more of it, or , or a close   -> sc
 *
 * so that the whole grammar but the nesting is a handful of shifts and ands. Nesting is counted;
 * brackets are visited one by one only where there are arrays or where it could end. A key is the
 * string after nk; those whose first four bytes are a member's that we read are looked at. Spaces
 * are stepped over by one addition. Whatever else there is (keys with escapes, values of another
 * form, white space but blanks, any error) ends the attempt.
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/text.h"
#include "sensor/eve.h"
#include "sensor/eve_member.h"

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
    uint32_t keep = ~(uint32_t)0 << (8 * (4 - len)), w = (load32(past - 4) ^ 0x30303030) & keep;
    uint32_t v = (w >> 24) + 10 * (w >> 16 & 0xff) + 100 * (w >> 8 & 0xff);

    *bad |= ((w + 0x76767676) | w) & 0x80808080;
    *bad |= v > 255;
    *bad |= (len > 1) & ((w & keep & (keep ^ keep << 8)) == 0); /* a leading zero */
    return v;
}

/* "1.2.3.4" and its closing quote; four bytes before `p` can be read. */
INLINE const uint8_t *four_at(const uint8_t *p, const uint8_t *end, struct addr *out)
{
    uint32_t a = 0, bad = 0;

    for (int i = 0; i < 4; i++) {
        unsigned n = 1;

        if (end - p < 4)
            return NULL;
        if (p[n] != '.' && p[n] != '"')
            n++;
        if (n == 2 && p[n] != '.' && p[n] != '"')
            n++;
        if (p[n] != (i == 3 ? '"' : '.'))
            return NULL;
        a = a << 8 | part_before(p + n, n, &bad);
        p += n + 1;
    }
    if (bad != 0)
        return NULL;
    *out = addr_from_v4(a);
    return p;
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

INLINE const uint8_t *type_at(struct scan *s, const uint8_t *p)
{
    struct bytes *text = &s->e->text[EVENT_TEXT_TYPE];

    p = string_at(p, s->end, text);
    if (p != NULL)
        s->e->service = service_by_name(*text);
    return p;
}

INLINE const uint8_t *proto_at(struct scan *s, const uint8_t *p)
{
    struct bytes text;

    p = string_at(p, s->end, &text);
    if (p != NULL)
        s->e->transport = eve_transport(text);
    return p;
}

INLINE const uint8_t *port_at(const uint8_t *p, const uint8_t *end, uint16_t *out)
{
    uint64_t n = 0;

    p = number_at(p, end, UINT16_MAX, &n);
    *out = (uint16_t)n;
    return p;
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
    struct bytes ignored;
    uint64_t number;

    PREDICT("{\"timestamp\":\"", MEMBER_TIMESTAMP, time_at(at, &s->e->time))
    else return p;
    PREDICT(",\"flow_id\":", MEMBER_FLOW_ID, number_at(at, s->end, UINT64_MAX, &s->e->flow))
    PREDICT(",\"in_iface\":\"", MEMBER_COUNT, string_at(at, s->end, &ignored))
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

/* ---- the body ---- */

enum { NODES = 6, LIST = 0x80 }; /* levels on which a member can count; items of this node follow */

struct body {
    uint64_t in_string;                                   /* all ones or none */
    uint64_t escape, key, nk, nv, kc, ve, sc, open, zero; /* what the last byte was: 0 or 1 */
    uint64_t stack;  /* a bit a level, the lowest the innermost: 1 object; valid with arrays */
    unsigned depth;  /* open brackets */
    unsigned arrays; /* of them square */
    bool followed;   /* inside an object whose members may count: levels are visited */
    unsigned at;     /* .. the brackets of this step before this byte were */
    unsigned level;  /* .. depth there */
    uint8_t pending; /* .. what the next bracket opens */
    uint8_t node[NODES];
};

INLINE uint64_t next(uint64_t x, uint64_t *carry)
{
    uint64_t out = x << 1 | *carry;

    *carry = x >> 63;
    return out;
}

/* As next, over blanks. */
INLINE uint64_t next_over(uint64_t x, uint64_t *carry, uint64_t blank)
{
    uint64_t out = x << 1 | *carry, moved;
    bool over = __builtin_add_overflow(out & blank, blank, &moved);

    *carry = x >> 63 | (over && (out & blank) != 0);
    return (out | moved) & ~blank;
}

/* Which bytes are escaped: the ones after an odd run of backslashes. */
INLINE uint64_t escaped_of(uint64_t back, uint64_t *carry)
{
    const uint64_t even = 0x5555555555555555;
    uint64_t follows, odd_starts, invert;

    back &= ~*carry;
    follows = back << 1 | *carry;
    odd_starts = back & ~even & ~follows;
    *carry = __builtin_add_overflow(odd_starts, back, &invert);
    return (even ^ invert << 1) & follows;
}

/* Is each escape one that RFC 8259 has? `p` is the step's first byte. */
static inline EVE_TARGET bool escapes_are_good(uint64_t escaped, const uint8_t *p,
                                               const uint8_t *end)
{
    static const uint8_t good[256] = {['"'] = 1, ['\\'] = 1, ['/'] = 1, ['b'] = 1, ['f'] = 1,
                                      ['n'] = 1, ['r'] = 1,  ['t'] = 1, ['u'] = 2};
    static const uint8_t hex[256] = {['0' ... '9'] = 1, ['a' ... 'f'] = 1, ['A' ... 'F'] = 1};

    for (; escaped != 0; escaped &= escaped - 1) {
        const uint8_t *c = p + __builtin_ctzll(escaped);

        if (c >= end || good[*c] == 0)
            return false;
        if (good[*c] == 2 && (end - c < 5 || !(hex[c[1]] & hex[c[2]] & hex[c[3]] & hex[c[4]])))
            return false;
    }
    return true;
}

enum { SCALAR_MAX = 64 }; /* bytes of a number that is looked at; the plain reader takes longer */

/* Past a run of digits; `p` itself if there is none. */
INLINE const uint8_t *digits_end(const uint8_t *p, const uint8_t *end)
{
    while (p < end && (uint8_t)(*p - '0') <= 9)
        p++;
    return p;
}

/* RFC 8259 section 6, all of [p, to). */
static inline EVE_TARGET bool number_is_good(const uint8_t *p, const uint8_t *to)
{
    const uint8_t *digits;

    p += *p == '-';
    digits = p;
    p = digits_end(p, to);
    if (p == digits || (p - digits > 1 && *digits == '0'))
        return false;
    if (p < to && *p == '.') {
        digits = ++p;
        p = digits_end(p, to);
        if (p == digits)
            return false;
    }
    if (p < to && (*p | 32) == 'e') {
        p++;
        p += p < to && (*p == '+' || *p == '-');
        digits = p;
        p = digits_end(p, to);
        if (p == digits)
            return false;
    }
    return p == to;
}

/* The number or word around `p` is a whole one. */
static inline EVE_TARGET bool scalar_is_good(const uint8_t *p, const uint8_t *start,
                                             const uint8_t *end)
{
    const uint8_t *to = p;

    for (const uint8_t *least = p - start > SCALAR_MAX ? p - SCALAR_MAX : start;
         p > least && memchr(",:[{\" ", p[-1], 6) == NULL;)
        p--;
    for (const uint8_t *most = end - to > SCALAR_MAX ? to + SCALAR_MAX : end;
         to < most && memchr(",]} ", *to, 4) == NULL;)
        to++;
    if (to - p >= SCALAR_MAX)
        return false;
    if (to - p == 4 && (load32(p) == load32((const uint8_t *)"true") ||
                        load32(p) == load32((const uint8_t *)"null")))
        return true;
    return (to - p == 5 && memcmp(p, "false", 5) == 0) || number_is_good(p, to);
}

/* Are all numbers and words good that hold one of these bytes (which are no digits)? */
INLINE bool scalars_are_good(uint64_t odd, uint64_t scalar, const struct scan *s, const uint8_t *p)
{
    while (odd != 0) {
        unsigned i = (unsigned)__builtin_ctzll(odd);
        uint64_t rest = ~scalar & ~(uint64_t)0 << i; /* the first byte behind it */

        if (!scalar_is_good(p + i, s->start, s->end))
            return false;
        odd = rest == 0 ? 0 : odd & ~(uint64_t)0 << __builtin_ctzll(rest);
    }
    return true;
}

/* Bits i to 63. */
INLINE uint64_t from_bit(unsigned i)
{
    return i > 63 ? 0 : ~(uint64_t)0 << i;
}

/*
 * Visits the step's brackets. False: they do not match, are too many, or the last closes before
 * the line's end. *array_out: the bytes whose innermost bracket is square.
 */
static inline EVE_TARGET bool visit(struct body *b, const struct masks *m, const uint8_t *p,
                                    const uint8_t *end, uint64_t *array_out)
{
    uint64_t array = 0, brackets = m->open | m->close;

    if (b->arrays == 0)
        b->stack = ~(uint64_t)0;
    if ((b->stack & 1) == 0)
        array = ~(uint64_t)0;
    for (; brackets != 0; brackets &= brackets - 1) {
        unsigned i = (unsigned)__builtin_ctzll(brackets);
        uint64_t object = ~m->square >> i & 1;

        if (b->depth == 0)
            return false;
        if ((m->open >> i & 1) != 0) {
            if (b->depth++ == EVE_DEPTH)
                return false;
            b->stack = b->stack << 1 | object;
            b->arrays += !object;
        } else {
            if ((b->stack & 1) != object)
                return false;
            b->stack = b->stack >> 1 | (uint64_t)1 << 63;
            b->arrays -= !object;
            if (--b->depth == 0 && p + i + 1 != end)
                return false;
        }
        array = (b->stack & 1) == 0 ? array | from_bit(i + 1) : array & ~from_bit(i + 1);
    }
    *array_out = array;
    return true;
}

/* The nesting of a step. Where there is no array and the record cannot end, counting is enough. */
INLINE bool nest(struct body *b, const struct masks *m, const uint8_t *p, const uint8_t *end,
                 uint64_t *array_out)
{
    unsigned opens, closes;

    *array_out = 0;
    if ((m->open | m->close) == 0) {
        *array_out = b->arrays != 0 && (b->stack & 1) == 0 ? ~(uint64_t)0 : 0;
        return true;
    }
    opens = (unsigned)__builtin_popcountll(m->open);
    closes = (unsigned)__builtin_popcountll(m->close);
    if (b->arrays != 0 || ((m->open | m->close) & m->square) != 0 || closes >= b->depth ||
        b->depth + opens > EVE_DEPTH)
        return visit(b, m, p, end, array_out);
    b->depth += opens - closes;
    return true;
}

/* ---- members ---- */

/* All members that we read, by the first four bytes of the name (a short name's closing quote
 * counted); the table is without collision, or the compiler would warn of it. */
#define WORD(a, b, c, d)                                                                           \
    ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)
#define SLOT(word)            ((uint32_t)((word)*0x8c497c69u) >> 26)
#define NAME(a, b, c, d, ...) [SLOT(WORD(a, b, c, d))] = {WORD(a, b, c, d), {__VA_ARGS__}}

static const struct {
    uint32_t word;
    uint8_t member[2];
} names[64] = {
    NAME('t', 'i', 'm', 'e', MEMBER_TIMESTAMP, MEMBER_COUNT),
    NAME('e', 'v', 'e', 'n', MEMBER_EVENT_TYPE, MEMBER_COUNT),
    NAME('s', 'r', 'c', '_', MEMBER_SRC_IP, MEMBER_SRC_PORT),
    NAME('d', 'e', 's', 't', MEMBER_DEST_IP, MEMBER_DEST_PORT),
    NAME('p', 'r', 'o', 't', MEMBER_PROTO, MEMBER_COUNT),
    NAME('f', 'l', 'o', 'w', MEMBER_FLOW_ID, MEMBER_COUNT),
    NAME('a', 'l', 'e', 'r', MEMBER_ALERT, MEMBER_COUNT),
    NAME('h', 't', 't', 'p', MEMBER_HTTP, MEMBER_AGENT),
    NAME('d', 'n', 's', '"', MEMBER_DNS, MEMBER_COUNT),
    NAME('t', 'l', 's', '"', MEMBER_TLS, MEMBER_COUNT),
    NAME('f', 'i', 'l', 'e', MEMBER_FILEINFO, MEMBER_COUNT),
    NAME('s', 'i', 'g', 'n', MEMBER_SIGNATURE_ID, MEMBER_SIGNATURE),
    NAME('s', 'e', 'v', 'e', MEMBER_SEVERITY, MEMBER_COUNT),
    NAME('h', 'o', 's', 't', MEMBER_HOSTNAME, MEMBER_COUNT),
    NAME('u', 'r', 'l', '"', MEMBER_URL, MEMBER_COUNT),
    NAME('r', 'r', 'n', 'a', MEMBER_RRNAME, MEMBER_QUERY_RRNAME),
    NAME('q', 'u', 'e', 'r', MEMBER_QUERY, MEMBER_QUERIES),
    NAME('s', 'n', 'i', '"', MEMBER_SNI, MEMBER_COUNT),
    NAME('j', 'a', '3', '"', MEMBER_JA3, MEMBER_COUNT),
    NAME('h', 'a', 's', 'h', MEMBER_JA3_HASH, MEMBER_COUNT),
    NAME('s', 'h', 'a', '2', MEMBER_SHA256, MEMBER_COUNT),
    NAME('s', 'h', 'a', '1', MEMBER_SHA1, MEMBER_COUNT),
    NAME('m', 'd', '5', '"', MEMBER_MD5, MEMBER_COUNT),
};

/* Past a string that may hold escapes, which are checked elsewhere. */
static inline EVE_TARGET const uint8_t *text_at(const uint8_t *p, const uint8_t *end,
                                                struct bytes *out, bool *escaped)
{
    const uint8_t *from = p;

    *escaped = false;
    for (;; p++) {
        p = plain_end(p, end);
        if (p >= end)
            return NULL;
        if (*p == '"')
            break;
        if (*p == '\\') {
            *escaped = true;
            if (++p >= end)
                return NULL;
        }
    }
    *out = bytes_of(from, (size_t)(p - from));
    return p + 1;
}

INLINE bool take_text(struct scan *s, enum event_text t, const uint8_t *v)
{
    struct bytes text;
    bool escaped;

    if (*v != '"' || s->e->text[t].data != NULL)
        return true;
    if (text_at(v + 1, s->end, &text, &escaped) == NULL)
        return false;
    s->e->text[t] = text;
    s->escaped |= (unsigned)escaped << t;
    return true;
}

/* Is the number over where its digits are? */
INLINE bool is_whole(const uint8_t *p, const uint8_t *end)
{
    return p != NULL && p < end && memchr(",} ", *p, 3) != NULL;
}

/* A whole number of 32 bits; left out where it is none. */
static inline EVE_TARGET void take_number(struct scan *s, enum eve_member m, const uint8_t *v)
{
    const uint8_t *p = v;
    uint64_t n = 0;

    while (p < s->end && (uint8_t)(*p - '0') <= 9)
        p++;
    if (p < s->end && memchr(",}] ", *p, 4) == NULL)
        return;
    if (!decimal_read(bytes_of(v, (size_t)(p - v)), UINT32_MAX, &n))
        return;
    if (m == MEMBER_SEVERITY)
        s->e->severity = (uint32_t)n;
    else
        s->e->alert = n;
}

INLINE bool take_string(struct scan *s, enum eve_member m, const uint8_t *v)
{
    struct bytes text;

    if (*v != '"')
        return false;
    switch (m) {
    case MEMBER_SRC_IP:
        return addr_at(v + 1, s->end, &s->e->src) != NULL;
    case MEMBER_DEST_IP:
        return addr_at(v + 1, s->end, &s->e->dest) != NULL;
    case MEMBER_EVENT_TYPE:
        return type_at(s, v + 1) != NULL;
    case MEMBER_PROTO:
        return proto_at(s, v + 1) != NULL;
    default:
        return (s->end - v > 33 && time_at(v + 1, &s->e->time) != NULL) ||
               (string_at(v + 1, s->end, &text) != NULL &&
                !fault_is(eve_time_parse(text, &s->e->time)));
    }
}

/* The value at `v` of a member that counts. False: not as we expect it; ask the plain reader. */
static inline EVE_TARGET bool take(struct scan *s, struct body *b, enum eve_member m,
                                   const uint8_t *v)
{
    const struct eve_row *row = &eve_rows[m];

    if ((s->seen & ~EVE_MANY & 1u << m) != 0)
        return false;
    s->seen |= 1u << m;
    switch ((enum eve_kind)row->kind) {
    case KIND_PORT:
        v = port_at(v, s->end, m == MEMBER_SRC_PORT ? &s->e->src_port : &s->e->dest_port);
        return is_whole(v, s->end);
    case KIND_FLOW:
        return is_whole(number_at(v, s->end, UINT64_MAX, &s->e->flow), s->end);
    case KIND_TEXT:
        return take_text(s, (enum event_text)row->target, v);
    case KIND_NUMBER:
        take_number(s, m, v);
        return true;
    case KIND_OBJECT:
    case KIND_LIST:
        if (*v == (row->kind == KIND_LIST ? '[' : '{'))
            b->pending = (uint8_t)(row->target | (row->kind == KIND_LIST ? LIST : 0));
        return true;
    default:
        return take_string(s, m, v);
    }
}

/* Follows the levels up to byte `to` of the step. */
static inline EVE_TARGET void follow(struct body *b, const struct masks *m, unsigned to)
{
    uint64_t brackets = (m->open | m->close) & from_bit(b->at) & ~from_bit(to);

    for (; brackets != 0 && b->followed; brackets &= brackets - 1) {
        unsigned i = (unsigned)__builtin_ctzll(brackets);
        uint8_t above = b->level < NODES ? b->node[b->level] : NODE_NONE;

        if ((m->open >> i & 1) == 0) {
            b->level--;
            b->followed = b->level > 1;
            continue;
        }
        if (b->pending == NODE_NONE && (above & LIST) != 0 && (m->square >> i & 1) == 0)
            b->pending = above & (LIST - 1);
        b->level++;
        if (b->level < NODES)
            b->node[b->level] = b->pending;
        b->pending = NODE_NONE;
    }
    b->at = to;
}

/* The key whose first byte is byte `i` of the step has the first four bytes of a member's. */
static inline EVE_TARGET bool key_hit(struct scan *s, struct body *b, const struct masks *m,
                                      unsigned depth_before, const uint8_t *key, unsigned i,
                                      const uint8_t *two)
{
    uint8_t node = NODE_NONE;

    if (b->followed)
        follow(b, m, i);
    if (b->followed) {
        node = b->level < NODES ? b->node[b->level] : NODE_NONE;
    } else {
        uint64_t before = ~from_bit(i);
        unsigned depth = depth_before + (unsigned)__builtin_popcountll(m->open & before) -
                         (unsigned)__builtin_popcountll(m->close & before);

        node = depth == 1 ? NODE_TOP : NODE_NONE;
    }
    for (unsigned k = 0; k < 2 && two[k] != MEMBER_COUNT; k++) {
        const struct eve_row *row = &eve_rows[two[k]];
        size_t len = row->length;
        const uint8_t *v = key + len + 1;

        if (row->node != node || (size_t)(s->end - key) < len + 3 ||
            memcmp(key, row->name, len) != 0 || key[len] != '"')
            continue;
        while (v < s->end && *v == ' ')
            v++;
        if (v == s->end || *v++ != ':')
            return false;
        while (v < s->end && *v == ' ')
            v++;
        if (v == s->end || !take(s, b, (enum eve_member)two[k], v))
            return false;
        if (b->pending != NODE_NONE && !b->followed) { /* the levels are visited from here on */
            b->followed = true;
            b->at = i;
            b->level = 1;
        }
        return true;
    }
    return true;
}

/* Looks at the step's keys; `keys` has their opening quotes. */
INLINE bool look(struct scan *s, struct body *b, const struct masks *m, unsigned depth_before,
                 const uint8_t *p, uint64_t keys)
{
    for (; keys != 0; keys &= keys - 1) {
        unsigned i = (unsigned)__builtin_ctzll(keys);
        const uint8_t *key = p + i + 1;
        uint32_t word;

        if (s->end - key < 4)
            break;
        word = load32(key);
        if (names[SLOT(word)].word == word &&
            !key_hit(s, b, m, depth_before, key, i, names[SLOT(word)].member))
            return false;
    }
    if (b->followed)
        follow(b, m, 64);
    b->at = 0;
    return true;
}

/* One step. False: an error, or something we do not know. */
INLINE bool step(struct scan *s, struct body *b, const uint8_t *p, const uint8_t *block,
                 uint64_t valid, struct masks *m)
{
    uint64_t escaped = 0, in, begins, ends, scalar, array, keys, run, key_ends, outside, odd;
    uint64_t blank = 0, open_object, nk, nv, kc, ve, sc, opened, bad, ended;
    bool over;
    unsigned depth_before = b->depth;

    if ((m->back | b->escape) != 0) {
        escaped = escaped_of(m->back, &b->escape);
        if (!escapes_are_good(escaped & valid, p, s->end))
            return false;
        m->quote &= ~escaped;
    }
    s->rare |= (m->rare & valid) != 0;
    in = parity_up_to(m->quote) ^ b->in_string;
    b->in_string = (uint64_t)((int64_t)in >> 63);
    begins = m->quote & in;
    ends = m->quote & ~in;
    m->comma &= ~in;
    m->colon &= ~in;
    m->open &= ~in;
    m->close &= ~in;
    outside = valid & ~in;
    scalar = outside & ~(ends | m->comma | m->colon | m->open | m->close);
    odd = scalar & ~m->digit;
    if (odd != 0) {
        blank = odd & spaces_at(block, valid);
        odd &= ~blank;
        scalar &= ~blank;
        if (!scalars_are_good(odd, scalar, s, p))
            return false;
    }
    if (!nest(b, m, p, s->end, &array))
        return false;
    open_object = m->open & ~m->square;
    nk = open_object | (m->comma & ~array);
    nv = m->colon | (m->open & m->square) | (m->comma & array);
    if (blank != 0) {
        nk = next_over(nk, &b->nk, blank);
        nv = next_over(nv, &b->nv, blank);
        opened = next_over(m->open, &b->open, blank);
    } else {
        nk = next(nk, &b->nk);
        nv = next(nv, &b->nv);
        opened = next(m->open, &b->open);
    }
    keys = begins & nk;
    over = __builtin_add_overflow(in, keys, &run);
    b->key = over | __builtin_add_overflow(run, b->key, &run);
    key_ends = run & ~in;
    if (m->back != 0 && (m->back & in & ~run) != 0)
        return false; /* an escape in a key */
    ended = m->close | (ends & ~key_ends);
    sc = next(scalar, &b->sc);
    if (blank != 0) {
        ended |= sc & blank;
        kc = next_over(key_ends, &b->kc, blank);
        ve = next_over(ended, &b->ve, blank);
        sc &= ~blank;
    } else {
        kc = next(key_ends, &b->kc);
        ve = next(ended, &b->ve);
    }
    bad = nk & ~begins;
    bad |= nv & ~(begins | m->open | scalar);
    bad &= ~(opened & m->close);
    bad |= kc ^ m->colon;
    bad |= ve & ~(m->comma | m->close);
    bad |= sc & ~(m->comma | m->close | scalar);
    bad |= next(scalar & ~sc & m->zero, &b->zero) & m->digit & scalar;
    if ((bad & valid) != 0)
        return false;
    return look(s, b, m, depth_before, p, keys);
}

/* From `p`, which stands between two members of depth 1, or before the record's first byte, to the
 * line's end. */
INLINE bool body(struct scan *s, const uint8_t *p, bool inside)
{
    struct body b = {.ve = inside, .depth = inside, .node = {NODE_NONE, NODE_TOP}};

    if (!inside) { /* the brace is read here */
        b.depth = 1;
        b.nk = b.open = 1;
        p++;
    }
    for (; p < s->end; p += 64) {
        size_t left = (size_t)(s->end - p);
        uint64_t valid = left >= 64 ? ~(uint64_t)0 : ~(~(uint64_t)0 << left);
        const uint8_t *block = p;
        struct masks m;
#ifndef EVE_MASKED
        uint8_t tail[64] = {0};

        if (left < 64)
            block = memcpy(tail, p, left);
#endif
        masks_at(block, valid, &m);
        if (!step(s, &b, p, block, valid, &m))
            return false;
    }
    return b.depth == 0;
}

/* ---- the whole line ---- */

static inline EVE_TARGET bool rare_bytes_are_good(struct bytes line)
{
    for (size_t i = 0; i < line.len; i++)
        if (line.data[i] < 0x20)
            return false;
    return utf8_bad(line) == line.len;
}

static inline EVE_TARGET void resolve(struct scan *s, struct buf *room, size_t size)
{
    buf_clear(room);
    buf_need(room, size);
    for (unsigned t = 0; t < EVENT_TEXT_COUNT; t++)
        if ((s->escaped >> t & 1) != 0)
            s->e->text[t] = eve_unescape(s->e->text[t], room);
}

EVE_TARGET bool EVE_SCAN(struct bytes line, struct buf *room, struct event *out)
{
    const uint8_t *p = line.data, *end = line.data + line.len, *from;
    struct event e = {.has = 0};
    struct scan s;

    if (end - p > 6 && memcmp(p, "@cee:", 5) == 0)
        p += p[5] == ' ' ? 6 : 5;
    while (end > p && (end[-1] == '\r' || end[-1] == ' '))
        end--;
    if (p == end || *p != '{')
        return false;
    s = (struct scan){p, end, &e, 0, 0, false};
    from = header(&s, p);
    if (!body(&s, from, from != p))
        return false;
    if ((s.seen & EVE_HEADER) != EVE_HEADER)
        return false;
    if (s.rare && !rare_bytes_are_good(bytes_of(p, (size_t)(end - p))))
        return false;
    if (s.escaped != 0)
        resolve(&s, room, line.len);
    e.has = eve_has(s.seen);
    *out = e;
    return true;
}
