#include "sensor/zeek.h"

#include "base/buf.h"
#include "base/text.h"
#include "sensor/eve.h"
#include "sensor/eve_member.h"
#include "sensor/members.h"

static const char tsv_rule[] = "Zeek ASCII: #separator, #fields, then rows of as many columns";
static const char value_rule[] = "Zeek: ts, id.orig_h, id.orig_p, id.resp_h, id.resp_p, duration";

enum { NO_COLUMN = 0xffff };
static const int64_t longest = 366LL * 86400 * 1000000; /* a connection of more than a year */

/* What we read of a record. */
enum field {
    FIELD_NONE = 0,
    FIELD_TS,
    FIELD_UID,
    FIELD_ORIG_H,
    FIELD_ORIG_P,
    FIELD_RESP_H,
    FIELD_RESP_P,
    FIELD_PROTO,
    FIELD_SERVICE,
    FIELD_DURATION,
    FIELD_ORIG_BYTES,
    FIELD_RESP_BYTES,
    FIELD_CONN_STATE,
    FIELD_HISTORY,
    FIELD_ORIG_PKTS,
    FIELD_RESP_PKTS,
    FIELD_PATH,
    FIELD_TEXT, /* the first of EVENT_TEXT_COUNT: what indicators look for */
    FIELD_COUNT = FIELD_TEXT + EVENT_TEXT_COUNT,
};

static const struct {
    const char *name;
    enum field field;
} names[] = {
    {"ts", FIELD_TS},
    {"uid", FIELD_UID},
    {"id.orig_h", FIELD_ORIG_H},
    {"id.orig_p", FIELD_ORIG_P},
    {"id.resp_h", FIELD_RESP_H},
    {"id.resp_p", FIELD_RESP_P},
    {"id_orig_h", FIELD_ORIG_H}, /* as stores that take no dots spell them */
    {"id_orig_p", FIELD_ORIG_P},
    {"id_resp_h", FIELD_RESP_H},
    {"id_resp_p", FIELD_RESP_P},
    {"proto", FIELD_PROTO},
    {"service", FIELD_SERVICE},
    {"duration", FIELD_DURATION},
    {"orig_bytes", FIELD_ORIG_BYTES},
    {"resp_bytes", FIELD_RESP_BYTES},
    {"conn_state", FIELD_CONN_STATE},
    {"history", FIELD_HISTORY},
    {"orig_pkts", FIELD_ORIG_PKTS},
    {"resp_pkts", FIELD_RESP_PKTS},
    {"_path", FIELD_PATH},
    {"@stream", FIELD_PATH},
    {"host", FIELD_TEXT + EVENT_TEXT_HOST},
    {"uri", FIELD_TEXT + EVENT_TEXT_URL},
    {"user_agent", FIELD_TEXT + EVENT_TEXT_AGENT},
    {"query", FIELD_TEXT + EVENT_TEXT_NAME},
    {"server_name", FIELD_TEXT + EVENT_TEXT_SNI},
    {"ja3", FIELD_TEXT + EVENT_TEXT_JA3},
    {"sha256", FIELD_TEXT + EVENT_TEXT_SHA256},
    {"sha1", FIELD_TEXT + EVENT_TEXT_SHA1},
    {"md5", FIELD_TEXT + EVENT_TEXT_MD5},
    {"note", FIELD_TEXT + EVENT_TEXT_SIGNATURE},
};

/* Which log: an application's, or that of the connections. */
enum log {
    LOG_OTHER = 0,
    LOG_CONN,
    LOG_SSH,
    LOG_SMB,
    LOG_RDP,
    LOG_HTTP,
    LOG_SSL,
    LOG_SIP,
    LOG_COUNT,
};

/* `only`: a member that no other log of Zeek's own scripts has. */
static const struct {
    const char *path, *only[3], *service;
    enum service is;
} logs[LOG_COUNT] = {
    [LOG_OTHER] = {"", {NULL}, "", SERVICE_NONE},
    [LOG_CONN] = {"conn", {"conn_state"}, "", SERVICE_NONE},
    [LOG_SSH] = {"ssh", {"auth_attempts", "kex_alg"}, "ssh", SERVICE_SSH},
    [LOG_SMB] = {"smb_mapping", {"share_type"}, "smb", SERVICE_SMB},
    [LOG_RDP] = {"rdp", {"security_protocol", "cookie"}, "rdp", SERVICE_RDP},
    [LOG_HTTP] = {"http", {"request_body_len"}, "http", SERVICE_HTTP},
    [LOG_SSL] = {"ssl", {"resumed", "cert_chain_fuids"}, "ssl", SERVICE_TLS},
    [LOG_SIP] = {"sip", {"call_id"}, "sip", SERVICE_SIP},
};

static const struct {
    const char *name;
    enum conn_state is;
} states[] = {
    {"S0", CONN_ATTEMPT},     {"S1", CONN_ESTABLISHED},   {"S2", CONN_ESTABLISHED},
    {"S3", CONN_ESTABLISHED}, {"SF", CONN_ESTABLISHED},   {"REJ", CONN_ATTEMPT},
    {"SH", CONN_ATTEMPT},     {"SHR", CONN_ANSWER},       {"RSTO", CONN_ESTABLISHED},
    {"RSTOS0", CONN_ATTEMPT}, {"RSTR", CONN_ESTABLISHED}, {"RSTRH", CONN_ANSWER},
};

struct zeek {
    unsigned shown; /* application logs seen, 1 << service */
    bool header;    /* of TSV, complete */
    enum log log;
    uint8_t separator;
    char unset[ZEEK_WORD], empty[ZEEK_WORD];
    uint16_t column[FIELD_COUNT], columns;
    char path[ZEEK_WORD]; /* of TSV */
    struct buf room;      /* texts without their escapes */
};

/* One record, whichever way it was written. */
struct row {
    struct bytes value[FIELD_COUNT];
    uint32_t has; /* 1 << field */
    enum log log;
    const uint8_t *start; /* of the line */
    bool json;
};

static enum field field_of(struct bytes name)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (bytes_is(name, names[i].name))
            return names[i].field;
    return FIELD_NONE;
}

static enum log log_of(struct bytes path)
{
    for (int i = LOG_CONN; i < LOG_COUNT; i++)
        if (bytes_is(path, logs[i].path))
            return (enum log)i;
    return LOG_OTHER;
}

static bool has(const struct row *r, enum field f)
{
    return (r->has >> f & 1) != 0;
}

/* ---- values ---- */

/* "12.345" in microseconds; what is finer is cut off. */
static bool decimal_us(struct bytes text, int64_t *out)
{
    const int64_t most = 9000000000000; /* in microseconds it fits; no time is as late */
    int64_t whole = 0, us = 0, scale = 100000;
    size_t i = 0;

    for (; i < text.len && (uint8_t)(text.data[i] - '0') <= 9; i++) {
        whole = whole * 10 + (text.data[i] - '0');
        if (whole > most)
            whole = most;
    }
    if (i == 0)
        return false;
    if (i < text.len && text.data[i] == '.' && i + 1 < text.len)
        for (i++; i < text.len && (uint8_t)(text.data[i] - '0') <= 9; i++, scale /= 10)
            us += (text.data[i] - '0') * scale;
    *out = whole * 1000000 + us;
    return i == text.len;
}

struct fault zeek_time_parse(struct bytes text, struct instant *out)
{
    enum { LATEST = 253402300799 / 86400 }; /* days to the end of year 9999 */
    int64_t us;

    if (text.len > 10 && text.data[4] == '-')
        return eve_time_parse(text, out);
    if (!decimal_us(text, &us))
        return fault_make(FAULT_SYNTAX, 0, value_rule);
    if (text.len == 13 && memchr(text.data, '.', 13) == NULL) /* milliseconds */
        us /= 1000;
    if (us / 1000000 / 86400 > LATEST)
        return fault_make(FAULT_RANGE, 0, value_rule);
    out->us = us;
    return fault_none();
}

/* Where a value that is wrong stands. */
static struct fault wrong(const struct row *r, enum field f, enum fault_kind kind)
{
    return fault_make(kind, (size_t)(r->value[f].data - r->start), value_rule);
}

static struct fault take_port(const struct row *r, enum field f, unsigned bit, uint16_t *out,
                              struct event *e)
{
    uint64_t n;

    if (!has(r, f))
        return fault_none();
    if (!decimal_read(r->value[f], UINT16_MAX, &n))
        return wrong(r, f, FAULT_RANGE);
    *out = (uint16_t)n;
    e->has |= bit;
    return fault_none();
}

static struct fault take_addr(const struct row *r, enum field f, unsigned bit, struct addr *out,
                              struct event *e)
{
    if (!has(r, f))
        return fault_none();
    if (fault_is(addr_parse(r->value[f], out)))
        return wrong(r, f, FAULT_SYNTAX);
    e->has |= bit;
    return fault_none();
}

static struct fault take_ends(const struct row *r, struct event *e)
{
    struct fault f = take_addr(r, FIELD_ORIG_H, EVENT_HAS_SRC, &e->src, e);

    if (!fault_is(f))
        f = take_addr(r, FIELD_RESP_H, EVENT_HAS_DEST, &e->dest, e);
    if (!fault_is(f))
        f = take_port(r, FIELD_ORIG_P, EVENT_HAS_SRC_PORT, &e->src_port, e);
    if (!fault_is(f))
        f = take_port(r, FIELD_RESP_P, EVENT_HAS_DEST_PORT, &e->dest_port, e);
    return f;
}

static struct fault take_time(const struct row *r, struct event *e)
{
    int64_t duration;
    struct fault f = zeek_time_parse(r->value[FIELD_TS], &e->time);

    if (fault_is(f))
        return wrong(r, FIELD_TS, f.kind);
    if (r->log != LOG_CONN || !has(r, FIELD_DURATION))
        return f;
    if (decimal_us(r->value[FIELD_DURATION], &duration) && duration < longest)
        e->time.us += duration; /* else "1e-06", or nonsense */
    return f;
}

/* The first of "gssapi,smb,krb" that we know; "-ssl" is an analyzer that gave up. */
static enum service service_in(struct bytes list)
{
    size_t from = 0;

    for (size_t i = 0; i <= list.len; i++) {
        if (i != list.len && list.data[i] != ',')
            continue;
        for (int k = LOG_SSH; k < LOG_COUNT; k++)
            if (bytes_is(bytes_of(list.data + from, i - from), logs[k].service))
                return logs[k].is;
        from = i + 1;
    }
    return SERVICE_NONE;
}

static enum conn_state state_of(struct bytes text)
{
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (bytes_is(text, states[i].name))
            return states[i].is;
    return CONN_OTHER;
}

/* Capital letters are the originator's; the order is that of the first time. */
static unsigned saw_of(struct bytes history)
{
    unsigned saw = 0;

    for (size_t i = 0; i < history.len; i++)
        switch (history.data[i]) {
        case 'S':
            saw |= CONN_SAW_SYN;
            break;
        case 'h':
            saw |= CONN_SAW_SYN_ACK;
            break;
        case 'A':
        case 'D':
            saw |= CONN_SAW_ACK;
            break;
        case 'd':
            saw |= CONN_SAW_ANSWER;
            break;
        default:
            break;
        }
    return saw;
}

static uint64_t count_of(const struct row *r, enum field f)
{
    uint64_t n = 0;

    return has(r, f) && decimal_read(r->value[f], UINT64_MAX, &n) ? n : 0;
}

static void take_contact(const struct row *r, struct event *e)
{
    struct contact *c = &e->contact;

    c->is = c->both = true;
    c->state = has(r, FIELD_CONN_STATE) ? (uint8_t)state_of(r->value[FIELD_CONN_STATE]) : CONN_NONE;
    c->saw = has(r, FIELD_HISTORY) ? (uint8_t)saw_of(r->value[FIELD_HISTORY]) : 0;
    c->packets = count_of(r, FIELD_ORIG_PKTS);
    c->back_packets = count_of(r, FIELD_RESP_PKTS);
    c->bytes = count_of(r, FIELD_ORIG_BYTES);
    c->back_bytes = count_of(r, FIELD_RESP_BYTES);
}

static void take_service(struct zeek *z, const struct row *r, struct event *e)
{
    if (r->log != LOG_CONN) {
        e->service = logs[r->log].is;
        z->shown |= 1u << e->service;
        return;
    }
    take_contact(r, e);
    e->service = has(r, FIELD_SERVICE) ? service_in(r->value[FIELD_SERVICE]) : SERVICE_NONE;
    if (!has(r, FIELD_SERVICE) && (e->has & EVENT_HAS_DEST_PORT) != 0)
        e->service = service_by_transport(e->dest_port, e->transport);
    if (e->service != SERVICE_NONE && (z->shown >> e->service & 1) != 0)
        e->service = SERVICE_NONE; /* that log tells of it */
}

static enum transport transport_of(const struct row *r)
{
    if (!has(r, FIELD_PROTO)) /* these logs are of TCP alone, or do not say */
        return r->log == LOG_OTHER || r->log == LOG_SIP ? TRANSPORT_NONE : TRANSPORT_TCP;
    if (bytes_is(r->value[FIELD_PROTO], "tcp"))
        return TRANSPORT_TCP;
    return bytes_is(r->value[FIELD_PROTO], "udp") ? TRANSPORT_UDP : TRANSPORT_OTHER;
}

/* FNV-1a of the uid: the same connection has the same number, and nothing rests on it. */
static uint64_t flow_of(struct bytes uid)
{
    uint64_t h = 0xcbf29ce484222325;

    for (size_t i = 0; i < uid.len; i++)
        h = (h ^ uid.data[i]) * 0x100000001b3;
    return h;
}

/* ---- texts ---- */

static unsigned hex_digit(uint8_t c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 32) - 'a' + 10);
}

static bool is_hex_pair(const uint8_t *p)
{
    return strchr("0123456789abcdefABCDEF", p[0]) != NULL && p[0] != 0 &&
           strchr("0123456789abcdefABCDEF", p[1]) != NULL && p[1] != 0;
}

/* Without Zeek's own \xNN of tab-separated logs. The room was made large enough before, so that
 * what is in it stays where it is. */
static struct bytes without_hex(struct bytes v, struct buf *room)
{
    size_t from = room->len;

    for (size_t i = 0; i < v.len;) {
        const uint8_t *p = v.data + i;

        if (*p == '\\' && v.len - i >= 4 && p[1] == 'x' && is_hex_pair(p + 2)) {
            buf_byte(room, (uint8_t)(hex_digit(p[2]) << 4 | hex_digit(p[3])));
            i += 4;
        } else {
            buf_byte(room, *p);
            i++;
        }
    }
    return bytes_of(room->data + from, room->len - from);
}

static struct bytes plain_text(struct buf *room, struct bytes v, bool json)
{
    if (v.len == 0 || memchr(v.data, '\\', v.len) == NULL)
        return v;
    return json ? eve_unescape(v, room) : without_hex(v, room);
}

static void take_texts(struct zeek *z, const struct row *r, struct bytes line, struct event *e)
{
    buf_clear(&z->room);
    buf_need(&z->room, line.len + 1);
    for (int i = 0; i < EVENT_TEXT_COUNT; i++)
        if (has(r, (enum field)(FIELD_TEXT + i)))
            e->text[i] = plain_text(&z->room, r->value[FIELD_TEXT + i], r->json);
    if (r->json && has(r, FIELD_PATH))
        e->text[EVENT_TEXT_TYPE] = r->value[FIELD_PATH];
    else
        e->text[EVENT_TEXT_TYPE] =
            bytes_text(r->json || z->path[0] == '\0' ? logs[r->log].path : z->path);
}

static struct fault take_row(struct zeek *z, const struct row *r, struct bytes line,
                             const struct reader_sink *sink)
{
    struct event e = {.family = FAMILY_ZEEK};
    struct fault f;

    if (!has(r, FIELD_TS)) { /* loaded_scripts.log and the like are no events */
        sink->note(sink->context, "Zeek: a record without ts", 1);
        return fault_none();
    }
    f = take_time(r, &e);
    if (!fault_is(f))
        f = take_ends(r, &e);
    if (fault_is(f))
        return f;
    e.transport = transport_of(r);
    if (has(r, FIELD_UID))
        e.flow = flow_of(r->value[FIELD_UID]);
    take_service(z, r, &e);
    take_texts(z, r, line, &e);
    sink->take(sink->context, &e, line, 0);
    return fault_none();
}

/* ---- JSON ---- */

static enum log log_told_by(struct bytes member)
{
    for (int i = LOG_CONN; i < LOG_COUNT; i++)
        for (int k = 0; k < 3 && logs[i].only[k] != NULL; k++)
            if (bytes_is(member, logs[i].only[k]))
                return (enum log)i;
    return LOG_OTHER;
}

/* "server":"SSH-2.0-OpenSSH_7.9" */
static bool is_ssh_banner(const struct member_text *m)
{
    return m->string && m->value.len > 4 && memcmp(m->value.data, "SSH-", 4) == 0 &&
           (bytes_is(m->name, "server") || bytes_is(m->name, "client"));
}

static bool take_json(void *context, const struct member_text *m)
{
    struct row *r = context;
    enum field f = field_of(m->name);

    if (r->log == LOG_OTHER)
        r->log = is_ssh_banner(m) ? LOG_SSH : log_told_by(m->name);
    if (f == FIELD_NONE || bytes_is(m->value, "null") || (f >= FIELD_TEXT && !m->string))
        return true;
    if (has(r, f))
        return false;
    r->has |= 1u << f;
    r->value[f] = m->value;
    return true;
}

static struct fault read_json(struct zeek *z, struct bytes line, const struct reader_sink *sink)
{
    struct row r = {.start = line.data, .json = true};
    struct fault f = members_read(line, take_json, &r);

    if (fault_is(f))
        return f;
    if (has(&r, FIELD_PATH))
        r.log = log_of(r.value[FIELD_PATH]);
    return take_row(z, &r, line, sink);
}

/* ---- tab-separated ---- */

static bool begins(struct bytes line, const char *text, struct bytes *rest)
{
    size_t n = strlen(text);

    if (line.len < n || memcmp(line.data, text, n) != 0)
        return false;
    *rest = bytes_of(line.data + n, line.len - n);
    return true;
}

/* "\x09" as two hex digits; one byte, as every Zeek writes it. */
static struct fault read_separator(struct zeek *z, struct bytes rest)
{
    uint8_t byte;
    char hex[3];

    if (rest.len != 5 || memcmp(rest.data + 1, "\\x", 2) != 0)
        return fault_make(FAULT_SYNTAX, 10, tsv_rule);
    for (size_t i = 0; i < 2; i++)
        hex[i] = (char)(rest.data[3 + i] >= 'A' && rest.data[3 + i] <= 'F' ? rest.data[3 + i] | 32
                                                                           : rest.data[3 + i]);
    if (!hex_read(bytes_of(hex, 2), &byte, 1) || byte == '\n')
        return fault_make(FAULT_SYNTAX, 13, tsv_rule);
    *z = (struct zeek){
        .shown = z->shown, .separator = byte, .unset = "-", .empty = "(empty)", .room = z->room};
    return fault_none();
}

/* The next column; false at the end. */
static bool next_column(struct bytes *rest, uint8_t separator, struct bytes *out)
{
    const uint8_t *end;

    if (rest->data == NULL)
        return false;
    end = rest->len == 0 ? NULL : memchr(rest->data, separator, rest->len);
    if (end == NULL) {
        *out = *rest;
        *rest = bytes_of(NULL, 0);
        return true;
    }
    *out = bytes_of(rest->data, (size_t)(end - rest->data));
    *rest = bytes_of(end + 1, rest->len - out->len - 1);
    return true;
}

static struct fault read_fields(struct zeek *z, struct bytes rest)
{
    uint16_t column[FIELD_COUNT];
    struct bytes name;
    uint16_t n = 0;

    memset(column, 0xff, sizeof column);
    for (; next_column(&rest, z->separator, &name); n++) {
        enum field f = field_of(name);

        if (n == ZEEK_COLUMNS)
            return fault_make(FAULT_LIMIT, 0, tsv_rule);
        if (f != FIELD_NONE && column[f] != NO_COLUMN)
            return fault_make(FAULT_DUPLICATE, 0, tsv_rule);
        column[f] = f == FIELD_NONE ? (uint16_t)NO_COLUMN : n;
    }
    memcpy(z->column, column, sizeof column);
    z->columns = n;
    z->header = true;
    return fault_none();
}

static struct fault read_word(struct bytes rest, char *out)
{
    return bytes_to_text(rest, out, ZEEK_WORD) ? fault_none()
                                               : fault_make(FAULT_LIMIT, 0, tsv_rule);
}

static struct fault read_header(struct zeek *z, struct bytes line)
{
    struct bytes name, rest = line;

    if (begins(line, "#separator", &rest))
        return read_separator(z, rest);
    if (z->separator == 0)
        return fault_make(FAULT_MISSING, 0, tsv_rule);
    next_column(&rest, z->separator, &name);
    if (rest.data == NULL)
        rest = bytes_of(line.data + line.len, 0);
    if (bytes_is(name, "#fields"))
        return read_fields(z, rest);
    if (bytes_is(name, "#path")) {
        z->log = log_of(rest);
        if (!bytes_to_text(rest, z->path, sizeof z->path))
            z->path[0] = '\0';
    }
    if (bytes_is(name, "#unset_field"))
        return read_word(rest, z->unset);
    if (bytes_is(name, "#empty_field"))
        return read_word(rest, z->empty);
    return fault_none(); /* #set_separator, #types, #open, #close: nothing that we need */
}

/* Zeek writes what is no text as \xNN; a control character is damage (a log of NULs after a power
 * cut), as is what is no UTF-8. */
static struct fault check_text(struct bytes line, uint8_t separator)
{
    bool wide = false;
    size_t bad;

    for (size_t i = 0; i < line.len; i++) {
        if (line.data[i] < 0x20 && line.data[i] != separator)
            return fault_make(FAULT_SYNTAX, i, tsv_rule);
        wide |= line.data[i] >= 0x80;
    }
    bad = wide ? utf8_bad(line) : line.len;
    return bad == line.len ? fault_none() : fault_make(FAULT_SYNTAX, bad, "RFC 3629: UTF-8");
}

static struct fault read_row(struct zeek *z, struct bytes line, const struct reader_sink *sink)
{
    struct row r = {.start = line.data, .log = z->log};
    struct bytes value[ZEEK_COLUMNS], rest = line;
    struct fault f;
    uint16_t n = 0;

    if (!z->header)
        return fault_make(FAULT_MISSING, 0, tsv_rule);
    f = check_text(line, z->separator);
    if (fault_is(f))
        return f;
    while (n < z->columns && next_column(&rest, z->separator, &value[n]))
        n++;
    if (n < z->columns)
        return fault_make(FAULT_SHORT, line.len, tsv_rule);
    if (rest.data != NULL)
        return fault_make(FAULT_EXTRA, (size_t)(rest.data - line.data), tsv_rule);
    for (int i = FIELD_TS; i < FIELD_COUNT; i++) {
        if (z->column[i] == NO_COLUMN)
            continue;
        r.value[i] = value[z->column[i]];
        if (!bytes_is(r.value[i], z->unset) && !bytes_is(r.value[i], z->empty))
            r.has |= 1u << i;
    }
    return take_row(z, &r, line, sink);
}

/* ---- the format ---- */

/* TSV says so; JSON by its `ts` (or by a log without one), where no "event_type" says EVE. */
static bool zeek_is(struct bytes head)
{
    static const char ts[] = "\"ts\"";
    struct bytes rest;

    if (begins(head, "#separator", &rest))
        return true;
    return head.len > 1 && head.data[0] == '{' &&
           memmem(head.data, head.len, ts, sizeof ts - 1) != NULL;
}

static struct fault zeek_read(void *state, struct bytes frame, const struct reader_sink *sink)
{
    struct zeek *z = state;

    if (frame.len != 0 && frame.data[frame.len - 1] == '\r')
        frame.len--;
    if (frame.len == 0)
        return fault_none();
    if (frame.data[0] == '{')
        return read_json(z, frame, sink);
    return frame.data[0] == '#' ? read_header(z, frame) : read_row(z, frame, sink);
}

static void zeek_done(void *state)
{
    struct zeek *z = state;

    buf_done(&z->room);
}

const struct reader_format zeek_format = {
    .name = "zeek",
    .is = zeek_is,
    .from_start = true,
    .state = sizeof(struct zeek),
    .done = zeek_done,
    .read = zeek_read,
};
