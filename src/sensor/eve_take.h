/*
 * eve_take.h - the members that we read: known by their names, taken by their kind.
 *
 * A part of eve_scan.h, included once by it.
 */
/* All members that we read, by the first four bytes of the name (a short name's closing quote
 * counted); the table is without collision, or the compiler would warn of it. */
#define SLOT(word) ((uint32_t)((word)*0x8c497c69u) >> 26)
#define NAME(a, b, c, d, ...)                                                                      \
    [SLOT(WORD(a, b, c, d))] = {WORD(a, b, c, d), {__VA_ARGS__, MEMBER_COUNT}}

enum { NAMED = 4 }; /* members whose names begin alike, and the end */

/* A place that no member has is found by four NULs, and has no end. */
static const struct {
    uint32_t word;
    uint8_t member[NAMED]; /* MEMBER_COUNT ends */
} names[64] = {
    NAME('t', 'i', 'm', 'e', MEMBER_TIMESTAMP),
    NAME('e', 'v', 'e', 'n', MEMBER_EVENT_TYPE),
    NAME('s', 'r', 'c', '_', MEMBER_SRC_IP, MEMBER_SRC_PORT, MEMBER_BEGAN),
    NAME('d', 'e', 's', 't', MEMBER_DEST_IP, MEMBER_DEST_PORT),
    NAME('p', 'r', 'o', 't', MEMBER_PROTO),
    NAME('f', 'l', 'o', 'w', MEMBER_FLOW_ID, MEMBER_FLOW),
    NAME('a', 'l', 'e', 'r', MEMBER_ALERT),
    NAME('h', 't', 't', 'p', MEMBER_HTTP, MEMBER_AGENT),
    NAME('d', 'n', 's', '"', MEMBER_DNS),
    NAME('t', 'l', 's', '"', MEMBER_TLS),
    NAME('f', 'i', 'l', 'e', MEMBER_FILEINFO),
    NAME('s', 'i', 'g', 'n', MEMBER_SIGNATURE_ID, MEMBER_SIGNATURE),
    NAME('s', 'e', 'v', 'e', MEMBER_SEVERITY),
    NAME('h', 'o', 's', 't', MEMBER_HOSTNAME),
    NAME('u', 'r', 'l', '"', MEMBER_URL),
    NAME('r', 'r', 'n', 'a', MEMBER_RRNAME, MEMBER_QUERY_RRNAME),
    NAME('q', 'u', 'e', 'r', MEMBER_QUERY, MEMBER_QUERIES),
    NAME('s', 'n', 'i', '"', MEMBER_SNI),
    NAME('j', 'a', '3', '"', MEMBER_JA3),
    NAME('h', 'a', 's', 'h', MEMBER_JA3_HASH),
    NAME('s', 'h', 'a', '2', MEMBER_SHA256),
    NAME('s', 'h', 'a', '1', MEMBER_SHA1),
    NAME('m', 'd', '5', '"', MEMBER_MD5),
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
    return p != NULL && p < end && (*p == ',' || *p == '}' || *p == ' ');
}

/* A whole number of 32 bits; left out where it is none. */
static inline EVE_TARGET void take_number(struct scan *s, enum eve_member m, const uint8_t *v)
{
    uint64_t n = 0;

    if (!is_whole(number_at(v, s->end, UINT32_MAX, &n), s->end))
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

/* The value at `v` of a member that counts; *pending: what a bracket there opens. False: not as we
 * expect it; ask the plain reader. */
static inline EVE_TARGET bool take(struct scan *s, uint8_t *pending, enum eve_member m,
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
            *pending = (uint8_t)(row->target | (row->kind == KIND_LIST ? LIST : 0));
        return true;
    default:
        return take_string(s, m, v);
    }
}
