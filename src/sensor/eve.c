#include "sensor/eve.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/text.h"

static const char json_rule[] = "RFC 8259: one JSON object a line";
static const char header_rule[] = "EVE: timestamp, event_type, src_ip, src_port, dest_ip, "
                                  "dest_port, proto, flow_id";
static const char time_rule[] = "EVE: timestamp, YYYY-MM-DDThh:mm:ss.ffffff+hhmm";

#define INLINE static inline __attribute__((always_inline))

/* Where the reading stands. `fast` is a constant in each of the two entry points, so that the
 * compiler makes two parsers of this one text. */
struct reader {
    const uint8_t *start, *p, *end;
    struct fault fault;
};

static const uint8_t *fail(struct reader *r, enum fault_kind kind, const uint8_t *at,
                           const char *rule)
{
    if (!fault_is(r->fault))
        r->fault = fault_make(kind, (size_t)(at - r->start), rule);
    return NULL;
}

static const uint8_t *fail_json(struct reader *r, const uint8_t *at)
{
    return fail(r, at >= r->end ? FAULT_SHORT : FAULT_SYNTAX, at, json_rule);
}

/* ---- strings ---- */

static bool is_hex(uint8_t c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

/* Past the escape that begins at the backslash `p`; NULL if it is none. */
static const uint8_t *skip_escape(struct reader *r, const uint8_t *p)
{
    if (p + 1 >= r->end)
        return fail_json(r, r->end);
    if (p[1] != 'u')
        return memchr("\"\\/bfnrt", p[1], 8) != NULL ? p + 2 : fail_json(r, p + 1);
    for (int i = 2; i < 6; i++)
        if (p + i >= r->end || !is_hex(p[i]))
            return fail_json(r, p + i);
    return p + 6;
}

/* A string's text, still escaped, and what is in it. */
struct text {
    const uint8_t *from, *to;
    bool escaped, wide;
};

#ifdef __SSE2__
/* Past the bytes that need no look: the first of quote, backslash, control character, or the last
 * 15 bytes of the line. */
INLINE const uint8_t *skip_easy(const uint8_t *p, const uint8_t *end, bool *wide)
{
    const __m128i quote = _mm_set1_epi8('"'), back = _mm_set1_epi8('\\'),
                  control = _mm_set1_epi8(0x1f);

    while (end - p >= 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i stop = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, back)),
                                    _mm_cmpeq_epi8(_mm_min_epu8(v, control), v));
        unsigned stops = (unsigned)_mm_movemask_epi8(stop);
        unsigned wides = (unsigned)_mm_movemask_epi8(v);

        if (stops != 0) {
            unsigned n = (unsigned)__builtin_ctz(stops);

            *wide |= (wides & ((1u << n) - 1)) != 0;
            return p + n;
        }
        *wide |= wides != 0;
        p += 16;
    }
    return p;
}
#else
INLINE const uint8_t *skip_easy(const uint8_t *p, const uint8_t *end, bool *wide)
{
    (void)end;
    (void)wide;
    return p;
}
#endif

/* Reads the string whose opening quote is at `p`; returns the byte past its closing quote. */
INLINE const uint8_t *read_string(struct reader *r, const uint8_t *p, bool fast, struct text *out)
{
    *out = (struct text){p + 1, NULL, false, false};
    for (p++;;) {
        if (fast)
            p = skip_easy(p, r->end, &out->wide);
        if (p >= r->end || *p < 0x20)
            return fail_json(r, p);
        if (*p == '"')
            break;
        if (*p == '\\') {
            out->escaped = true;
            p = skip_escape(r, p);
            if (p == NULL)
                return NULL;
            continue;
        }
        out->wide |= *p >= 0x80;
        p++;
    }
    out->to = p;
    if (out->wide) {
        size_t len = (size_t)(out->to - out->from), bad = utf8_bad(bytes_of(out->from, len));

        if (bad != len)
            return fail(r, FAULT_SYNTAX, out->from + bad, "RFC 3629: UTF-8");
    }
    return p + 1;
}

/* ---- everything else ---- */

INLINE const uint8_t *skip_space(const uint8_t *p, const uint8_t *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
        p++;
    return p;
}

INLINE const uint8_t *skip_digits(const uint8_t *p, const uint8_t *end)
{
    while (p < end && (uint8_t)(*p - '0') <= 9)
        p++;
    return p;
}

/* RFC 8259 section 6. */
static const uint8_t *skip_number(struct reader *r, const uint8_t *p)
{
    const uint8_t *digits;

    p += *p == '-';
    digits = p;
    p = skip_digits(p, r->end);
    if (p == digits || (*digits == '0' && p - digits > 1))
        return fail_json(r, digits == p ? p : digits);
    if (p < r->end && *p == '.') {
        digits = ++p;
        p = skip_digits(p, r->end);
        if (p == digits)
            return fail_json(r, p);
    }
    if (p < r->end && (*p | 32) == 'e') {
        p++;
        p += p < r->end && (*p == '+' || *p == '-');
        digits = p;
        p = skip_digits(p, r->end);
        if (p == digits)
            return fail_json(r, p);
    }
    return p;
}

static const uint8_t *skip_word(struct reader *r, const uint8_t *p)
{
    const char *word = *p == 't' ? "true" : *p == 'f' ? "false" : "null";

    for (; *word != '\0'; word++, p++)
        if (p >= r->end || *p != (uint8_t)*word)
            return fail_json(r, p);
    return p;
}

INLINE const uint8_t *skip_scalar(struct reader *r, const uint8_t *p, bool fast)
{
    struct text ignored;

    if (p >= r->end)
        return fail_json(r, p);
    if (*p == '"')
        return read_string(r, p, fast, &ignored);
    if (*p == '-' || (uint8_t)(*p - '0') <= 9)
        return skip_number(r, p);
    if (*p == 't' || *p == 'f' || *p == 'n')
        return skip_word(r, p);
    return fail_json(r, p);
}

INLINE const uint8_t *skip_key(struct reader *r, const uint8_t *p, bool fast)
{
    struct text ignored;

    p = skip_space(p, r->end);
    if (p >= r->end || *p != '"')
        return fail_json(r, p);
    p = read_string(r, p, fast, &ignored);
    if (p == NULL)
        return NULL;
    p = skip_space(p, r->end);
    return p < r->end && *p == ':' ? p + 1 : fail_json(r, p);
}

/* Past any value. The levels that are open stand in `objects`, a bit each: 1 object, 0 array. */
INLINE const uint8_t *skip_value(struct reader *r, const uint8_t *p, bool fast)
{
    uint64_t objects = 0;
    unsigned depth = 0;

    for (;;) {
        p = skip_space(p, r->end);
        if (p < r->end && (*p == '{' || *p == '[')) {
            bool object = *p == '{';

            if (depth == EVE_DEPTH - 1)
                return fail(r, FAULT_LIMIT, p, "EVE: at most 64 levels");
            p = skip_space(p + 1, r->end);
            if (p < r->end && *p == (object ? '}' : ']')) {
                p++;
            } else {
                objects = objects << 1 | object;
                depth++;
                if (object && (p = skip_key(r, p, fast)) == NULL)
                    return NULL;
                continue;
            }
        } else if ((p = skip_scalar(r, p, fast)) == NULL) {
            return NULL;
        }
        for (;; p++) { /* a value has ended: close what closes here */
            if (depth == 0)
                return p;
            p = skip_space(p, r->end);
            if (p >= r->end || *p != ((objects & 1) != 0 ? '}' : ']'))
                break;
            objects >>= 1;
            depth--;
        }
        if (p >= r->end || *p != ',')
            return fail_json(r, p);
        p++;
        if ((objects & 1) != 0 && (p = skip_key(r, p, fast)) == NULL)
            return NULL;
    }
}

/* ---- time ---- */

INLINE int two(const uint8_t *p)
{
    unsigned a = (unsigned)(p[0] - '0'), b = (unsigned)(p[1] - '0');

    return a > 9 || b > 9 ? -1 : (int)(a * 10 + b);
}

/* Minutes east of UTC from "Z", "+hhmm" or "+hh:mm"; false for any other text. */
static bool read_offset(const uint8_t *p, size_t len, int *out)
{
    int hours, minutes;

    if (len == 1 && *p == 'Z') {
        *out = 0;
        return true;
    }
    if ((len != 5 && !(len == 6 && p[3] == ':')) || (*p != '+' && *p != '-'))
        return false;
    hours = two(p + 1);
    minutes = two(p + len - 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return false;
    *out = (*p == '-' ? -1 : 1) * (hours * 60 + minutes);
    return true;
}

/* The fraction from its point on, in microseconds; *len_out is what it takes. */
static bool read_fraction(const uint8_t *p, size_t len, int *us_out, size_t *len_out)
{
    int us = 0, scale = 100000;
    size_t i = 1;

    for (; i < len && (uint8_t)(p[i] - '0') <= 9; i++, scale /= 10)
        us += (p[i] - '0') * scale;
    if (i == 1 || i > 10)
        return false;
    *us_out = us;
    *len_out = i;
    return true;
}

struct fault eve_time_parse(struct bytes text, struct instant *out)
{
    enum { WHOLE = INSTANT_TEXT - 1 }; /* "2020-02-22T07:58:04" */
    uint8_t whole[INSTANT_TEXT];
    struct instant t;
    struct fault f;
    size_t at = WHOLE, n;
    int us = 0, offset;

    if (text.len < WHOLE + 1)
        return fault_make(FAULT_SHORT, text.len, time_rule);
    memcpy(whole, text.data, WHOLE);
    whole[WHOLE] = 'Z';
    f = instant_parse(bytes_of(whole, sizeof whole), &t);
    if (fault_is(f))
        return f;
    if (text.data[at] == '.') {
        if (!read_fraction(text.data + at, text.len - at, &us, &n))
            return fault_make(FAULT_SYNTAX, at, time_rule);
        at += n;
    }
    if (at == text.len || !read_offset(text.data + at, text.len - at, &offset))
        return fault_make(FAULT_SYNTAX, at, time_rule);
    t.us += us - (int64_t)offset * 60000000;
    *out = t;
    return fault_none();
}

/* The form Suricata writes, "2020-02-22T07:58:04.680792+0000", in UTC; false if it is another. */
INLINE bool time_usual(const uint8_t *p, size_t len, struct instant *out)
{
    static _Thread_local struct {
        uint8_t day[11]; /* "2020-02-22T" */
        int64_t us;
    } last; /* days repeat: the date of the line before is this one's, nearly always */
    int hour, minute, second, a, b, c;

    if (len != 31 || p[19] != '.' || memcmp(p + 26, "+0000", 5) != 0 || p[13] != ':' ||
        p[16] != ':')
        return false;
    if (memcmp(last.day, p, 11) != 0) {
        uint8_t midnight[INSTANT_TEXT];
        struct instant t;

        memcpy(midnight, p, 11);
        memcpy(midnight + 11, "00:00:00Z", 9);
        if (fault_is(instant_parse(bytes_of(midnight, sizeof midnight), &t)))
            return false;
        memcpy(last.day, p, 11);
        last.us = t.us;
    }
    hour = two(p + 11);
    minute = two(p + 14);
    second = two(p + 17);
    a = two(p + 20);
    b = two(p + 22);
    c = two(p + 24);
    if ((hour | minute | second | a | b | c) < 0 || hour > 23 || minute > 59 || second > 59)
        return false;
    out->us = last.us + (int64_t)(hour * 3600 + minute * 60 + second) * 1000000 +
              (a * 10000 + b * 100 + c);
    return true;
}

/* ---- members ---- */

enum member {
    MEMBER_OTHER = 0,
    MEMBER_TIMESTAMP,
    MEMBER_EVENT_TYPE,
    MEMBER_SRC_IP,
    MEMBER_SRC_PORT,
    MEMBER_DEST_IP,
    MEMBER_DEST_PORT,
    MEMBER_PROTO,
    MEMBER_FLOW_ID,
};

/* By length first: at most two names share one, and most keys of a line share none. */
INLINE enum member member_of(const uint8_t *name, size_t len)
{
    switch (len) {
    case 5:
        return memcmp(name, "proto", 5) == 0 ? MEMBER_PROTO : MEMBER_OTHER;
    case 6:
        return memcmp(name, "src_ip", 6) == 0 ? MEMBER_SRC_IP : MEMBER_OTHER;
    case 7:
        if (memcmp(name, "flow_id", 7) == 0)
            return MEMBER_FLOW_ID;
        return memcmp(name, "dest_ip", 7) == 0 ? MEMBER_DEST_IP : MEMBER_OTHER;
    case 8:
        return memcmp(name, "src_port", 8) == 0 ? MEMBER_SRC_PORT : MEMBER_OTHER;
    case 9:
        if (memcmp(name, "timestamp", 9) == 0)
            return MEMBER_TIMESTAMP;
        return memcmp(name, "dest_port", 9) == 0 ? MEMBER_DEST_PORT : MEMBER_OTHER;
    case 10:
        return memcmp(name, "event_type", 10) == 0 ? MEMBER_EVENT_TYPE : MEMBER_OTHER;
    default:
        return MEMBER_OTHER;
    }
}

static int hex_value(uint8_t c)
{
    return c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
}

/* A checked string without its escapes, if it is ASCII and fits; else 0 bytes, which is no text
 * that we look for. */
static size_t unescape(const struct text *t, uint8_t *out, size_t size)
{
    size_t n = 0;

    for (const uint8_t *p = t->from; p < t->to; p++) {
        unsigned c = *p;

        if (c == '\\') {
            const char *simple = "\"\"\\\\//b\bf\fn\nr\rt\t";

            p++;
            if (*p == 'u') {
                c = 0;
                for (int i = 1; i <= 4; i++)
                    c = c << 4 | (unsigned)hex_value(p[i]);
                p += 4;
            } else {
                while ((uint8_t)*simple != *p)
                    simple += 2;
                c = (uint8_t)simple[1];
            }
        }
        if (c > 0x7f || n == size)
            return 0;
        out[n++] = (uint8_t)c;
    }
    return n;
}

/* The text of a header value; escapes, which no sensor writes there, go through `room`. */
static struct bytes plain_text(const struct text *t, uint8_t *room, size_t size)
{
    if (!t->escaped)
        return bytes_of(t->from, (size_t)(t->to - t->from));
    return bytes_of(room, unescape(t, room, size));
}

/* "1.2.3.4"; false for anything else. No leading zeros, as inet_pton. */
INLINE bool four_usual(struct bytes text, struct addr *out)
{
    uint32_t a = 0;
    size_t i = 0;

    for (int part = 0; part < 4; part++) {
        unsigned v = 0;
        size_t from = i;

        if (part != 0 && (i >= text.len || text.data[i++] != '.'))
            return false;
        from = i;
        while (i < text.len && i - from < 3 && (uint8_t)(text.data[i] - '0') <= 9)
            v = v * 10 + (unsigned)(text.data[i++] - '0');
        if (i == from || v > 255 || (i - from > 1 && text.data[from] == '0'))
            return false;
        a = a << 8 | v;
    }
    *out = addr_from_v4(a);
    return i == text.len;
}

static const uint8_t *take_time(struct reader *r, const uint8_t *at, struct bytes text, bool fast,
                                struct event *e)
{
    struct fault f;

    if (fast && time_usual(text.data, text.len, &e->time))
        return at;
    f = eve_time_parse(text, &e->time);
    return fault_is(f) ? fail(r, f.kind, at, time_rule) : at;
}

static const uint8_t *take_addr(struct reader *r, const uint8_t *at, struct bytes text, bool fast,
                                struct addr *out)
{
    if (fast && four_usual(text, out))
        return at;
    return fault_is(addr_parse(text, out)) ? fail(r, FAULT_SYNTAX, at, header_rule) : at;
}

static enum transport transport_of(struct bytes text)
{
    return bytes_is(text, "TCP") ? TRANSPORT_TCP
                                 : (bytes_is(text, "UDP") ? TRANSPORT_UDP : TRANSPORT_OTHER);
}

/* A member whose value is a string. Returns past the value. */
INLINE const uint8_t *take_string(struct reader *r, const uint8_t *p, enum member m, bool fast,
                                  struct event *e)
{
    uint8_t room[64];
    struct text t;
    struct bytes text;
    const uint8_t *past;

    if (p >= r->end || *p != '"')
        return fail_json(r, p);
    past = read_string(r, p, fast, &t);
    if (past == NULL)
        return NULL;
    text = plain_text(&t, room, sizeof room);
    if (m == MEMBER_TIMESTAMP)
        return take_time(r, past, text, fast, e) == NULL ? NULL : past;
    if (m == MEMBER_EVENT_TYPE)
        e->service = service_by_name(text);
    else if (m == MEMBER_PROTO)
        e->transport = transport_of(text);
    else if (take_addr(r, past, text, fast, m == MEMBER_SRC_IP ? &e->src : &e->dest) == NULL)
        return NULL;
    return past;
}

/* A member whose value is a whole number from 0 to `max`. */
INLINE const uint8_t *take_number(struct reader *r, const uint8_t *p, bool fast, uint64_t max,
                                  uint64_t *out)
{
    const uint8_t *past = p;
    uint64_t n = 0;

    for (; past < r->end && (uint8_t)(*past - '0') <= 9; past++)
        n = n * 10 + (uint64_t)(*past - '0');
    if (past == p)
        return fail_json(r, p);
    *out = n;
    if (fast && past - p < 19 && n <= max && (*p != '0' || past - p == 1)) /* cannot have wrapped */
        return past;
    if (!decimal_read(bytes_of(p, (size_t)(past - p)), max, out))
        return fail(r, FAULT_RANGE, p, header_rule);
    return past;
}

INLINE const uint8_t *take_value(struct reader *r, const uint8_t *p, enum member m, bool fast,
                                 struct event *e)
{
    uint64_t n = 0;

    switch (m) {
    case MEMBER_OTHER:
        return skip_value(r, p, fast);
    case MEMBER_SRC_PORT:
        p = take_number(r, p, fast, UINT16_MAX, &n);
        e->src_port = (uint16_t)n;
        return p;
    case MEMBER_DEST_PORT:
        p = take_number(r, p, fast, UINT16_MAX, &n);
        e->dest_port = (uint16_t)n;
        return p;
    case MEMBER_FLOW_ID:
        return take_number(r, p, fast, UINT64_MAX, &e->flow);
    default:
        return take_string(r, p, m, fast, e);
    }
}

/* Key, colon, value. Members seen are bits in `seen`. */
INLINE const uint8_t *take_member(struct reader *r, const uint8_t *p, bool fast, struct event *e,
                                  unsigned *seen)
{
    uint8_t room[16];
    const uint8_t *key = p;
    struct text t;
    struct bytes name;
    enum member m;

    if (p >= r->end || *p != '"')
        return fail_json(r, p);
    p = read_string(r, p, fast, &t);
    if (p == NULL)
        return NULL;
    p = skip_space(p, r->end);
    if (p >= r->end || *p != ':')
        return fail_json(r, p);
    name = plain_text(&t, room, sizeof room);
    m = member_of(name.data, name.len);
    if (m != MEMBER_OTHER && (*seen & 1u << m) != 0)
        return fail(r, FAULT_DUPLICATE, key, header_rule);
    *seen |= 1u << m;
    return take_value(r, skip_space(p + 1, r->end), m, fast, e);
}

/* From inside the object to past its closing brace. */
INLINE const uint8_t *take_members(struct reader *r, const uint8_t *p, bool fast, struct event *e,
                                   unsigned *seen)
{
    p = skip_space(p, r->end);
    if (p < r->end && *p == '}')
        return p + 1;
    for (;;) {
        p = take_member(r, skip_space(p, r->end), fast, e, seen);
        if (p == NULL)
            return NULL;
        p = skip_space(p, r->end);
        if (p < r->end && *p == '}')
            return p + 1;
        if (p >= r->end || *p != ',')
            return fail_json(r, p);
        p++;
    }
}

static struct bytes without_dress(struct bytes line, size_t *skipped)
{
    static const char cee[] = "@cee:";
    size_t n = 0;

    if (line.len > 5 && memcmp(line.data, cee, 5) == 0)
        n = 5;
    *skipped = n;
    return bytes_of(line.data + n, line.len - n);
}

INLINE struct fault parse(struct bytes line, bool fast, struct event *out)
{
    size_t skipped;
    struct bytes body = without_dress(line, &skipped);
    struct reader r = {line.data, NULL, line.data + line.len, {FAULT_NONE, 0, NULL}};
    struct event e = {.has = 0};
    unsigned seen = 0, must = 1u << MEMBER_TIMESTAMP | 1u << MEMBER_EVENT_TYPE;
    const uint8_t *p = skip_space(body.data, r.end);

    if (p >= r.end || *p != '{')
        fail_json(&r, p);
    else if ((p = take_members(&r, p + 1, fast, &e, &seen)) != NULL &&
             (p = skip_space(p, r.end)) != r.end)
        fail(&r, FAULT_EXTRA, p, json_rule);
    if (!fault_is(r.fault) && (seen & must) != must)
        fail(&r, FAULT_MISSING, r.start, header_rule);
    if (fault_is(r.fault))
        return r.fault;
    e.has = (seen >> MEMBER_SRC_IP & 1) * EVENT_HAS_SRC +
            (seen >> MEMBER_DEST_IP & 1) * EVENT_HAS_DEST +
            (seen >> MEMBER_SRC_PORT & 1) * EVENT_HAS_SRC_PORT +
            (seen >> MEMBER_DEST_PORT & 1) * EVENT_HAS_DEST_PORT;
    *out = e;
    return fault_none();
}

struct fault eve_parse(struct bytes line, struct event *out)
{
    return parse(line, true, out);
}

struct fault eve_parse_plain(struct bytes line, struct event *out)
{
    return parse(line, false, out);
}
