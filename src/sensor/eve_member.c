#include "sensor/eve_member.h"

#include "sensor/eve.h"

const char eve_json_rule[] = "RFC 8259: one JSON object a line";
const char eve_header_rule[] = "EVE: timestamp, event_type, src_ip, src_port, dest_ip, dest_port, "
                               "proto, flow_id";
static const char time_rule[] = "EVE: timestamp, YYYY-MM-DDThh:mm:ss.ffffff+hhmm";

const struct event eve_nothing = {.has = 0};

/* clang-format off */
const struct eve_row eve_rows[MEMBER_COUNT] = {
    [MEMBER_TIMESTAMP]    = {"timestamp\"",       NODE_TOP,   KIND_TIME,   sizeof "timestamp" - 1, 0},
    [MEMBER_EVENT_TYPE]   = {"event_type\"",      NODE_TOP,   KIND_STRING, sizeof "event_type" - 1, EVENT_TEXT_TYPE},
    [MEMBER_SRC_IP]       = {"src_ip\"",          NODE_TOP,   KIND_ADDR,   sizeof "src_ip" - 1, 0},
    [MEMBER_SRC_PORT]     = {"src_port\"",        NODE_TOP,   KIND_PORT,   sizeof "src_port" - 1, 0},
    [MEMBER_DEST_IP]      = {"dest_ip\"",         NODE_TOP,   KIND_ADDR,   sizeof "dest_ip" - 1, 0},
    [MEMBER_DEST_PORT]    = {"dest_port\"",       NODE_TOP,   KIND_PORT,   sizeof "dest_port" - 1, 0},
    [MEMBER_PROTO]        = {"proto\"",           NODE_TOP,   KIND_STRING, sizeof "proto" - 1, 0},
    [MEMBER_FLOW_ID]      = {"flow_id\"",         NODE_TOP,   KIND_FLOW,   sizeof "flow_id" - 1, 0},
    [MEMBER_ALERT]        = {"alert\"",           NODE_TOP,   KIND_OBJECT, sizeof "alert" - 1, NODE_ALERT},
    [MEMBER_HTTP]         = {"http\"",            NODE_TOP,   KIND_OBJECT, sizeof "http" - 1, NODE_HTTP},
    [MEMBER_DNS]          = {"dns\"",             NODE_TOP,   KIND_OBJECT, sizeof "dns" - 1, NODE_DNS},
    [MEMBER_TLS]          = {"tls\"",             NODE_TOP,   KIND_OBJECT, sizeof "tls" - 1, NODE_TLS},
    [MEMBER_FILEINFO]     = {"fileinfo\"",        NODE_TOP,   KIND_OBJECT, sizeof "fileinfo" - 1, NODE_FILE},
    [MEMBER_FLOW]         = {"flow\"",            NODE_TOP,   KIND_OBJECT, sizeof "flow" - 1, NODE_FLOW},
    [MEMBER_SIGNATURE_ID] = {"signature_id\"",    NODE_ALERT, KIND_NUMBER, sizeof "signature_id" - 1, 0},
    [MEMBER_SEVERITY]     = {"severity\"",        NODE_ALERT, KIND_NUMBER, sizeof "severity" - 1, 0},
    [MEMBER_SIGNATURE]    = {"signature\"",       NODE_ALERT, KIND_TEXT,   sizeof "signature" - 1, EVENT_TEXT_SIGNATURE},
    [MEMBER_HOSTNAME]     = {"hostname\"",        NODE_HTTP,  KIND_TEXT,   sizeof "hostname" - 1, EVENT_TEXT_HOST},
    [MEMBER_URL]          = {"url\"",             NODE_HTTP,  KIND_TEXT,   sizeof "url" - 1, EVENT_TEXT_URL},
    [MEMBER_AGENT]        = {"http_user_agent\"", NODE_HTTP,  KIND_TEXT,   sizeof "http_user_agent" - 1, EVENT_TEXT_AGENT},
    [MEMBER_RRNAME]       = {"rrname\"",          NODE_DNS,   KIND_TEXT,   sizeof "rrname" - 1, EVENT_TEXT_NAME},
    [MEMBER_QUERY]        = {"query\"",           NODE_DNS,   KIND_LIST,   sizeof "query" - 1, NODE_QUERY},
    [MEMBER_QUERIES]      = {"queries\"",         NODE_DNS,   KIND_LIST,   sizeof "queries" - 1, NODE_QUERY},
    [MEMBER_QUERY_RRNAME] = {"rrname\"",          NODE_QUERY, KIND_TEXT,   sizeof "rrname" - 1, EVENT_TEXT_NAME},
    [MEMBER_SNI]          = {"sni\"",             NODE_TLS,   KIND_TEXT,   sizeof "sni" - 1, EVENT_TEXT_SNI},
    [MEMBER_JA3]          = {"ja3\"",             NODE_TLS,   KIND_OBJECT, sizeof "ja3" - 1, NODE_JA3},
    [MEMBER_JA3_HASH]     = {"hash\"",            NODE_JA3,   KIND_TEXT,   sizeof "hash" - 1, EVENT_TEXT_JA3},
    [MEMBER_SHA256]       = {"sha256\"",          NODE_FILE,  KIND_TEXT,   sizeof "sha256" - 1, EVENT_TEXT_SHA256},
    [MEMBER_SHA1]         = {"sha1\"",            NODE_FILE,  KIND_TEXT,   sizeof "sha1" - 1, EVENT_TEXT_SHA1},
    [MEMBER_MD5]          = {"md5\"",             NODE_FILE,  KIND_TEXT,   sizeof "md5" - 1, EVENT_TEXT_MD5},
    [MEMBER_BEGAN]        = {"src_ip\"",          NODE_FLOW,  KIND_TEXT,   sizeof "src_ip" - 1, EVENT_TEXT_BEGAN},
};
/* clang-format on */

unsigned eve_has(unsigned seen)
{
    return (seen >> MEMBER_SRC_IP & 1) * EVENT_HAS_SRC +
           (seen >> MEMBER_DEST_IP & 1) * EVENT_HAS_DEST +
           (seen >> MEMBER_SRC_PORT & 1) * EVENT_HAS_SRC_PORT +
           (seen >> MEMBER_DEST_PORT & 1) * EVENT_HAS_DEST_PORT;
}

enum transport eve_transport(struct bytes text)
{
    return bytes_is(text, "TCP") ? TRANSPORT_TCP
                                 : (bytes_is(text, "UDP") ? TRANSPORT_UDP : TRANSPORT_OTHER);
}

/* ---- escapes ---- */

static unsigned hex_value(uint8_t c)
{
    return (unsigned)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
}

static unsigned unit_at(const uint8_t *p)
{
    return hex_value(p[0]) << 12 | hex_value(p[1]) << 8 | hex_value(p[2]) << 4 | hex_value(p[3]);
}

/* The character of "\uXXXX", or of two of them that are a pair; *p moves past. */
static unsigned character(const uint8_t **p, const uint8_t *end)
{
    unsigned c = unit_at(*p + 2), low;

    *p += 6;
    if (c < 0xd800 || c > 0xdfff)
        return c;
    if (c > 0xdbff || end - *p < 6 || (*p)[0] != '\\' || (*p)[1] != 'u')
        return 0xfffd;
    low = unit_at(*p + 2);
    if (low < 0xdc00 || low > 0xdfff)
        return 0xfffd;
    *p += 6;
    return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
}

static void put_utf8(struct buf *out, unsigned c)
{
    if (c < 0x80) {
        buf_byte(out, (uint8_t)c);
        return;
    }
    if (c < 0x800) {
        buf_byte(out, (uint8_t)(0xc0 | c >> 6));
    } else {
        if (c < 0x10000) {
            buf_byte(out, (uint8_t)(0xe0 | c >> 12));
        } else {
            buf_byte(out, (uint8_t)(0xf0 | c >> 18));
            buf_byte(out, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
        }
        buf_byte(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
    }
    buf_byte(out, (uint8_t)(0x80 | (c & 0x3f)));
}

static uint8_t simple_escape(uint8_t c)
{
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return c; /* quote, backslash, slash */
    }
}

struct bytes eve_unescape(struct bytes raw, struct buf *room)
{
    const uint8_t *p = raw.data, *end = raw.data + raw.len;
    size_t from = room->len;

    while (p < end) {
        const uint8_t *back = memchr(p, '\\', (size_t)(end - p));

        buf_add(room, p, (size_t)((back == NULL ? end : back) - p));
        if (back == NULL)
            break;
        p = back;
        if (p[1] == 'u') {
            put_utf8(room, character(&p, end));
        } else {
            buf_byte(room, simple_escape(p[1]));
            p += 2;
        }
    }
    return bytes_of(room->data + from, room->len - from);
}

/* ---- time ---- */

static int two(const uint8_t *p)
{
    unsigned a = (unsigned)(p[0] - '0'), b = (unsigned)(p[1] - '0');

    return a > 9 || b > 9 ? -1 : (int)(a * 10 + b);
}

bool eve_zone(const uint8_t *p, size_t len, int *out)
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
    if (at == text.len || !eve_zone(text.data + at, text.len - at, &offset))
        return fault_make(FAULT_SYNTAX, at, time_rule);
    t.us += us - (int64_t)offset * 60000000;
    *out = t;
    return fault_none();
}

enum eve_member eve_member_of(enum eve_node node, struct bytes name)
{
    for (unsigned m = 0; m < MEMBER_COUNT && node != NODE_NONE; m++)
        if (eve_rows[m].node == node &&
            bytes_equal(name, bytes_of(eve_rows[m].name, eve_rows[m].length)))
            return (enum eve_member)m;
    return MEMBER_COUNT;
}
