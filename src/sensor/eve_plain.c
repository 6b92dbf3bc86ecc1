#include "sensor/eve.h"

#include "base/text.h"
#include "sensor/eve_member.h"

/* The reader as RFC 8259 says it, a byte at a time: slow, and the judge of every doubt. What
 * eve.c's prediction does not recognise ends here, and every fault is told from here. */

struct reader {
    const uint8_t *start, *p, *end;
    struct event *event;
    struct buf *room;
    unsigned seen; /* members, a bit each */
    struct fault fault;
};

static bool fail_with(struct reader *r, enum fault_kind kind, const uint8_t *at, const char *rule)
{
    r->fault = fault_make(kind, (size_t)(at - r->start), rule);
    return false;
}

static bool fail(struct reader *r)
{
    return fail_with(r, r->p >= r->end ? FAULT_SHORT : FAULT_SYNTAX, r->p, eve_json_rule);
}

static bool is_next(const struct reader *r, uint8_t c)
{
    return r->p < r->end && *r->p == c;
}

static bool is_digit(const struct reader *r)
{
    return r->p < r->end && *r->p >= '0' && *r->p <= '9';
}

static void skip_space(struct reader *r)
{
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\r' || *r->p == '\n'))
        r->p++;
}

/* ---- scalars ---- */

static bool is_hex(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool skip_escape(struct reader *r)
{
    r->p++;
    if (r->p >= r->end || memchr("\"\\/bfnrtu", *r->p, 9) == NULL)
        return fail(r);
    if (*r->p++ != 'u')
        return true;
    for (int i = 0; i < 4; i++, r->p++)
        if (r->p >= r->end || !is_hex(*r->p))
            return fail(r);
    return true;
}

/* A string's bytes between the quotes, and whether there are escapes among them. */
static bool read_string(struct reader *r, struct bytes *out, bool *escaped)
{
    const uint8_t *from;
    size_t bad;

    if (!is_next(r, '"'))
        return fail(r);
    from = ++r->p;
    *escaped = false;
    while (!is_next(r, '"')) {
        if (r->p >= r->end || *r->p < 0x20)
            return fail(r);
        if (*r->p != '\\')
            r->p++;
        else if (*escaped = true, !skip_escape(r))
            return false;
    }
    *out = bytes_of(from, (size_t)(r->p - from));
    bad = utf8_bad(*out);
    if (bad != out->len)
        return fail_with(r, FAULT_SYNTAX, from + bad, "RFC 3629: UTF-8");
    r->p++;
    return true;
}

static bool skip_digits(struct reader *r)
{
    if (!is_digit(r))
        return fail(r);
    while (is_digit(r))
        r->p++;
    return true;
}

/* RFC 8259 section 6. */
static bool skip_number(struct reader *r)
{
    r->p += *r->p == '-';
    if (is_next(r, '0')) {
        r->p++;
        if (is_digit(r))
            return fail(r);
    } else if (!skip_digits(r)) {
        return false;
    }
    if (is_next(r, '.')) {
        r->p++;
        if (!skip_digits(r))
            return false;
    }
    if (is_next(r, 'e') || is_next(r, 'E')) {
        r->p++;
        if (is_next(r, '+') || is_next(r, '-'))
            r->p++;
        return skip_digits(r);
    }
    return true;
}

static bool skip_word(struct reader *r)
{
    const char *word = *r->p == 't' ? "true" : *r->p == 'f' ? "false" : "null";

    for (; *word != '\0'; word++, r->p++)
        if (!is_next(r, (uint8_t)*word))
            return fail(r);
    return true;
}

static bool skip_scalar(struct reader *r)
{
    struct bytes ignored;
    bool escaped;

    if (is_next(r, '"'))
        return read_string(r, &ignored, &escaped);
    if (is_next(r, '-') || is_digit(r))
        return skip_number(r);
    if (is_next(r, 't') || is_next(r, 'f') || is_next(r, 'n'))
        return skip_word(r);
    return fail(r);
}

/* ---- members that we read ---- */

static struct bytes resolved(struct reader *r, struct bytes raw, bool escaped)
{
    return escaped ? eve_unescape(raw, r->room) : raw;
}

static bool take_string(struct reader *r, enum eve_member m)
{
    struct event *e = r->event;
    struct bytes text;
    struct fault f = fault_none();
    bool escaped;

    if (!read_string(r, &text, &escaped))
        return false;
    text = resolved(r, text, escaped);
    if (m == MEMBER_TIMESTAMP)
        f = eve_time_parse(text, &e->time);
    else if (m == MEMBER_SRC_IP)
        f = addr_parse(text, &e->src);
    else if (m == MEMBER_DEST_IP)
        f = addr_parse(text, &e->dest);
    else if (m == MEMBER_PROTO)
        e->transport = eve_transport(text);
    else
        e->text[EVENT_TEXT_TYPE] = text;
    if (m == MEMBER_EVENT_TYPE)
        e->service = service_by_name(text);
    return fault_is(f) ? fail_with(r, f.kind, r->p, f.rule) : true;
}

static bool take_whole(struct reader *r, uint64_t max, uint64_t *out)
{
    const uint8_t *from = r->p;

    if (!skip_digits(r))
        return false;
    if (!decimal_read(bytes_of(from, (size_t)(r->p - from)), max, out))
        return fail_with(r, FAULT_RANGE, from, eve_header_rule);
    return true;
}

static bool take_port(struct reader *r, uint16_t *out)
{
    uint64_t n = 0;

    if (!take_whole(r, UINT16_MAX, &n))
        return false;
    *out = (uint16_t)n;
    return true;
}

/* Text where it is one; the first of many. */
static bool take_text(struct reader *r, enum event_text t)
{
    struct bytes raw;
    bool escaped;

    if (!is_next(r, '"'))
        return false;
    if (read_string(r, &raw, &escaped) && r->event->text[t].data == NULL)
        r->event->text[t] = resolved(r, raw, escaped);
    return true;
}

/* A whole number of 32 bits where it is one. */
static bool take_number(struct reader *r, enum eve_member m)
{
    const uint8_t *from = r->p;
    uint64_t n = 0;

    if (!is_digit(r))
        return false;
    if (!skip_number(r) || !decimal_read(bytes_of(from, (size_t)(r->p - from)), UINT32_MAX, &n))
        return true;
    if (m == MEMBER_SEVERITY)
        r->event->severity = (uint32_t)n;
    else
        r->event->alert = n;
    return true;
}

static bool take_header(struct reader *r, enum eve_member m)
{
    switch (m) {
    case MEMBER_SRC_PORT:
        return take_port(r, &r->event->src_port);
    case MEMBER_DEST_PORT:
        return take_port(r, &r->event->dest_port);
    case MEMBER_FLOW_ID:
        return take_whole(r, UINT64_MAX, &r->event->flow);
    default:
        return take_string(r, m);
    }
}

/* ---- objects and arrays ---- */

/* Where a value stands: what its own members mean if it is an object, what its items' members mean
 * if it is an array, and how deep it lies. */
struct place {
    enum eve_node object, items;
    unsigned depth;
};

static bool skip_value(struct reader *r, struct place place);

static bool take_value(struct reader *r, enum eve_member m, unsigned depth)
{
    const struct eve_row *row = &eve_rows[m];
    struct place inside = {NODE_NONE, NODE_NONE, depth};

    if (m == MEMBER_COUNT)
        return skip_value(r, inside);
    if (row->kind <= KIND_FLOW)
        return take_header(r, m);
    if (row->kind == KIND_TEXT && take_text(r, (enum event_text)row->target))
        return !fault_is(r->fault);
    if (row->kind == KIND_NUMBER && take_number(r, m))
        return !fault_is(r->fault);
    if (row->kind == KIND_OBJECT)
        inside.object = (enum eve_node)row->target;
    else if (row->kind == KIND_LIST)
        inside.items = (enum eve_node)row->target;
    return skip_value(r, inside);
}

static bool take_member(struct reader *r, enum eve_node node, unsigned depth)
{
    struct bytes name;
    const uint8_t *key;
    enum eve_member m;
    bool escaped;

    skip_space(r);
    key = r->p;
    if (!read_string(r, &name, &escaped))
        return false;
    m = eve_member_of(node, resolved(r, name, escaped));
    if (m != MEMBER_COUNT) {
        if ((r->seen & ~EVE_MANY & 1u << m) != 0)
            return fail_with(r, FAULT_DUPLICATE, key, eve_header_rule);
        r->seen |= 1u << m;
    }
    skip_space(r);
    if (!is_next(r, ':'))
        return fail(r);
    r->p++;
    skip_space(r);
    return take_value(r, m, depth);
}

/* From the opening bracket to past the closing one. */
static bool skip_nest(struct reader *r, struct place place)
{
    bool object = *r->p == '{';
    uint8_t close = object ? '}' : ']';
    struct place item = {place.items, NODE_NONE, place.depth + 1};

    r->p++;
    skip_space(r);
    if (is_next(r, close)) {
        r->p++;
        return true;
    }
    for (;; r->p++) {
        if (!(object ? take_member(r, place.object, place.depth + 1) : skip_value(r, item)))
            return false;
        skip_space(r);
        if (is_next(r, close)) {
            r->p++;
            return true;
        }
        if (!is_next(r, ','))
            return fail(r);
    }
}

/* Past any value. */
static bool skip_value(struct reader *r, struct place place)
{
    skip_space(r);
    if (!is_next(r, '{') && !is_next(r, '['))
        return skip_scalar(r);
    if (place.depth == EVE_DEPTH)
        return fail_with(r, FAULT_LIMIT, r->p, "EVE: at most 64 levels");
    return skip_nest(r, place);
}

static bool read_record(struct reader *r)
{
    skip_space(r);
    if (!is_next(r, '{'))
        return fail(r);
    if (!skip_nest(r, (struct place){NODE_TOP, NODE_NONE, 0}))
        return false;
    skip_space(r);
    if (r->p != r->end)
        return fail_with(r, FAULT_EXTRA, r->p, eve_json_rule);
    if ((r->seen & EVE_HEADER) != EVE_HEADER)
        return fail_with(r, FAULT_MISSING, r->start, eve_header_rule);
    return true;
}

struct fault eve_parse_plain(struct bytes line, struct buf *room, struct event *out)
{
    bool dressed = line.len > 5 && memcmp(line.data, "@cee:", 5) == 0;
    struct event e = {.has = 0};
    struct reader r = {
        line.data, line.data + (dressed ? 5 : 0), line.data + line.len, &e, room, 0, fault_none()};

    buf_clear(room);
    buf_need(room, line.len); /* what is unescaped is shorter: it will not move */
    if (!read_record(&r))
        return r.fault;
    e.has = eve_has(r.seen);
    *out = e;
    return fault_none();
}
