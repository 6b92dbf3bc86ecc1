/*
 * eve_follow.h - a line along the paths of eve_shape.h, as far as they go.
 *
 * A part of eve_scan.h, included once by it. What it takes is what the grammar would take: a path
 * was a good line's, so its names are members where theirs were. Nothing is read behind the line.
 */

/* The escape whose backslash stands at p; past it, or NULL. */
INLINE const uint8_t *past_escape(const uint8_t *p, const uint8_t *end)
{
    if (end - p < 2 || is_escape[p[1]] == 0)
        return NULL;
    if (is_escape[p[1]] == 1)
        return p + 2;
    return end - p >= 6 && (is_hex[p[2]] & is_hex[p[3]] & is_hex[p[4]] & is_hex[p[5]]) != 0 ? p + 6
                                                                                            : NULL;
}

/* A string from its first byte that is not plain; past its closing quote, or NULL. */
static EVE_TARGET __attribute__((noinline)) const uint8_t *
odd_string(const uint8_t *from, const uint8_t *p, const uint8_t *end, bool *escaped)
{
    bool high = false;

    while (p < end && *p != '"') {
        if (*p >= 0x80) {
            high = true;
            p++;
        } else if (*p == '\\') {
            *escaped = true;
            p = past_escape(p, end);
            if (p == NULL)
                return NULL;
        } else {
            return NULL; /* a control character */
        }
        p = plain_end(p, end);
    }
    if (p >= end)
        return NULL;
    if (high && utf8_bad(bytes_of(from, (size_t)(p - from))) != (size_t)(p - from))
        return NULL;
    return p + 1;
}

/* Past the closing quote of the string whose first byte is at p; or NULL. */
INLINE const uint8_t *string_hole(const uint8_t *p, const uint8_t *end, bool *escaped)
{
    const uint8_t *past = plain_end(p, end);

    if (__builtin_expect(past < end && *past == '"', 1))
        return past + 1;
    return odd_string(p, past, end, escaped);
}

static EVE_TARGET __attribute__((noinline)) const uint8_t *
text_hole(struct scan *s, enum event_text t, const uint8_t *p)
{
    bool escaped = false;
    const uint8_t *past = string_hole(p, s->end, &escaped);

    if (past != NULL && s->e->text[t].data == NULL) {
        s->e->text[t] = bytes_of(p, (size_t)(past - p) - 1);
        s->escaped |= (unsigned)escaped << t;
    }
    return past;
}

static EVE_TARGET __attribute__((noinline)) const uint8_t *odd_number(const uint8_t *p,
                                                                      const uint8_t *end)
{
    const uint8_t *to = p;

    while (to < end && memchr(",]} ", *to, 4) == NULL)
        to++;
    return to != p && number_is_good(p, to) ? to : NULL;
}

/* Past the number at p; or NULL. Nearly all have at most seven digits and no more than digits. */
INLINE const uint8_t *number_hole(const uint8_t *p, const uint8_t *end)
{
    uint64_t x, stop;
    unsigned n;

    if (__builtin_expect(end - p < 8, 0))
        return odd_number(p, end);
    x = load64(p) ^ BYTES('0');
    stop = ((x + BYTES(0x76)) | x) & BYTES(0x80);
    n = (unsigned)__builtin_ctzll(stop | (uint64_t)1 << 63) / 8;
    if (__builtin_expect(
            n == 0 || stop == 0 || (*p == '0' && n > 1) || p[n] == '.' || (p[n] | 32) == 'e', 0))
        return odd_number(p, end);
    return p + n;
}

static EVE_TARGET __attribute__((noinline)) const uint8_t *
whole_hole(struct scan *s, enum eve_member m, const uint8_t *p)
{
    const uint8_t *past = number_hole(p, s->end);

    if (past != NULL)
        take_number(s, m, p);
    return past;
}

static EVE_TARGET const uint8_t *time_hole(struct scan *s, const uint8_t *p)
{
    const uint8_t *past = s->end - p > 32 ? time_at(p, &s->e->time) : NULL;
    struct bytes text;

    if (past != NULL)
        return past;
    past = string_at(p, s->end, &text);
    return past != NULL && !fault_is(eve_time_parse(text, &s->e->time)) ? past : NULL;
}

static EVE_TARGET __attribute__((noinline)) const uint8_t *
header_hole(struct scan *s, enum eve_member m, const uint8_t *p)
{
    switch (m) {
    case MEMBER_TIMESTAMP:
        return time_hole(s, p);
    case MEMBER_EVENT_TYPE:
        return type_at(s, p);
    case MEMBER_SRC_IP:
        return addr_at(p, s->end, &s->e->src);
    case MEMBER_DEST_IP:
        return addr_at(p, s->end, &s->e->dest);
    case MEMBER_SRC_PORT:
        return port_at(p, s->end, &s->e->src_port);
    case MEMBER_DEST_PORT:
        return port_at(p, s->end, &s->e->dest_port);
    case MEMBER_PROTO:
        return proto_at(s, p);
    case MEMBER_FLOW_ID:
        return number_at(p, s->end, UINT64_MAX, &s->e->flow);
    default:
        return NULL;
    }
}

/* Past the step's text and its hole, if both are at p; else NULL. */
INLINE const uint8_t *past_step(struct scan *s, const struct eve_step *step, const uint8_t *p)
{
    bool ignored;

    if (!same_step(p, (size_t)(s->end - p), step))
        return NULL;
    p += step->length;
    if (step->hole == HOLE_STRING)
        p = string_hole(p, s->end, &ignored);
    else if (step->hole == HOLE_NUMBER)
        p = number_hole(p, s->end);
    else if (step->hole == HOLE_TEXT)
        p = text_hole(s, (enum event_text)step->target, p);
    else if (step->hole == HOLE_HEADER)
        p = header_hole(s, (enum eve_member)step->target, p);
    else if (step->hole == HOLE_WHOLE)
        p = whole_hole(s, (enum eve_member)step->target, p);
    if (p == NULL || (s->seen & step->seen & ~EVE_MANY) != 0)
        return NULL;
    s->seen |= step->seen;
    return p;
}

/* Past the first of these steps, and those that may stand in its place, that is at *p; 0: none. */
INLINE unsigned try_steps(struct scan *s, const struct eve_shapes *shapes, unsigned n,
                          const uint8_t **p)
{
    for (; n != 0; n = shapes->step[n].other) {
        const uint8_t *past = past_step(s, &shapes->step[n], *p);

        if (past != NULL) {
            *p = past;
            return n;
        }
    }
    return 0;
}

/* The first step of the path of the key at *p (its quote), where the guess was wrong. */
INLINE unsigned try_roots(struct scan *s, const struct eve_shapes *shapes, const uint8_t **p)
{
    const uint8_t *key = *p;

    if (s->end - key < 10)
        return 0;
    key += *key == ' ';
    return try_steps(s, shapes, shapes->root[eve_shape_bucket(load64(key + 1))], p);
}

/* Along the path behind step n to its end; false: it leaves the paths. */
INLINE bool go_path(struct scan *s, const struct eve_shapes *shapes, unsigned *n, const uint8_t **p)
{
    while (!shapes->step[*n].last) {
        *n = try_steps(s, shapes, shapes->step[*n].next, p);
        if (*n == 0)
            return false;
    }
    return true;
}

/* Which path came last behind a header of this type. */
INLINE uint16_t *first_guess(struct eve_shapes *shapes, const struct event *e)
{
    const uint8_t *type = e->text[EVENT_TEXT_TYPE].data; /* at least 40 bytes follow it */

    return &shapes->guess[type == NULL ? 0 : load32(type) * 0x8c497c69u >> 25];
}

/* From p, which stands at the record's brace or behind a member of the first level, as far as the
 * paths go: to such a place again. */
INLINE const uint8_t *follow_shapes(struct scan *s, struct eve_shapes *shapes, const uint8_t *p,
                                    uint16_t *guess)
{
    while (p < s->end && (*p == ',' || p == s->start)) {
        const uint8_t *at = p + 1;
        unsigned seen = s->seen, n = *guess;
        const uint8_t *past = n == 0 ? NULL : past_step(s, &shapes->step[n], at);

        if (past != NULL) {
            at = past;
        } else {
            n = try_roots(s, shapes, &at);
            if (n == 0)
                return p;
            *guess = (uint16_t)n;
        }
        if (!go_path(s, shapes, &n, &at)) {
            s->seen = seen;
            return p;
        }
        guess = &shapes->step[n].next;
        p = at;
    }
    return p;
}
