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

static EVE_TARGET __attribute__((noinline)) const uint8_t *odd_number(const uint8_t *p,
                                                                      const uint8_t *end)
{
    const uint8_t *to = p;

    while (to < end && ((uint8_t)(*to - '0') <= 9 || (*to | 32) == 'e' || *to == '.' ||
                        *to == '-' || *to == '+'))
        to++;
    return to != p && number_is_good(p, to) ? to : NULL;
}

/* Past the hole at p, whatever it holds; or NULL. */
static EVE_TARGET __attribute__((noinline)) const uint8_t *
odd_hole(const uint8_t *p, const uint8_t *end, unsigned hole, bool *escaped)
{
    if (hole == HOLE_STRING)
        return odd_string(p, plain_end(p, end), end, escaped);
    return hole == HOLE_NUMBER ? odd_number(p, end) : NULL;
}

/* A value that the event keeps, from p to `past`. Those of the header are kept for take_later. */
static EVE_TARGET __attribute__((noinline)) void
keep(struct scan *s, enum eve_member m, const uint8_t *p, const uint8_t *past, bool escaped)
{
    const struct eve_row *row = &eve_rows[m];

    if (row->kind == KIND_NUMBER) {
        take_number(s, m, p);
    } else if (row->kind == KIND_TEXT && s->e->text[row->target].data == NULL) {
        s->e->text[row->target] = bytes_of(p, (size_t)(past - p) - 1);
        s->escaped |= (unsigned)escaped << row->target;
    }
}

/* Past the step's text and its hole, if both are at p; else NULL. `length` and `hole` are the
 * step's; `foreseen` as in plain_hole. */
INLINE const uint8_t *past_step(struct scan *s, const struct eve_step *step, const uint8_t *p,
                                unsigned length, unsigned hole, bool foreseen)
{
    const uint8_t *past, *at = p + length;
    bool escaped = false;

    if (!same_step(p, (size_t)(s->end - p), step))
        return NULL;
    past = plain_hole(at, s->end, hole, foreseen);
    if (__builtin_expect(past == NULL, 0)) {
        past = odd_hole(at, s->end, hole, &escaped);
        if (past == NULL)
            return NULL;
    }
    s->seen |= step->seen;
    s->where[step->taken] = at;
    if (step->taken > MEMBER_FLOW_ID && step->taken != MEMBER_COUNT)
        keep(s, (enum eve_member)step->taken, at, past, escaped);
    return past;
}

/* Past the first of these steps, and those that may stand in its place, that is at *p; 0: none. */
INLINE unsigned try_steps(struct scan *s, const struct eve_shapes *shapes, unsigned n,
                          const uint8_t **p, bool foreseen)
{
    for (; n != 0; n = shapes->step[n].other) {
        const struct eve_step *step = &shapes->step[n];
        const uint8_t *past = past_step(s, step, *p, step->length, step->hole, foreseen);

        if (past != NULL) {
            *p = past;
            return n;
        }
    }
    return 0;
}

/* The first step of the path of the key at *p (its quote), by its name. */
INLINE unsigned try_roots(struct scan *s, const struct eve_shapes *shapes, const uint8_t **p,
                          bool foreseen)
{
    const uint8_t *key = *p, *past;
    struct eve_root root;

    if (s->end - key < 10)
        return 0;
    key += *key == ' ';
    root = shapes->root[eve_shape_bucket(load64(key + 1))];
    if (root.step == 0)
        return 0;
    past = past_step(s, &shapes->step[root.step], *p, root.length, root.hole, foreseen);
    if (past == NULL)
        return try_steps(s, shapes, shapes->step[root.step].other, p, foreseen);
    *p = past;
    return root.step;
}

/* Along the path behind step n to its end; false: it leaves the paths. */
INLINE bool go_path(struct scan *s, const struct eve_shapes *shapes, unsigned *n, const uint8_t **p,
                    bool foreseen)
{
    while (!shapes->step[*n].last) {
        *n = try_steps(s, shapes, shapes->step[*n].next, p, foreseen);
        if (*n == 0)
            return false;
    }
    return true;
}

/* Which path came last behind a header of this type. */
INLINE uint16_t *first_guess(struct eve_shapes *shapes, const struct event *e)
{
    const uint8_t *type = e->text[EVENT_TEXT_TYPE].data; /* at least 40 bytes follow it */

    return &shapes->guess[type == NULL ? 0 : load32(type) * 0x8c497c69u >> 22];
}

/* Without a branch: it may be as good as random. */
INLINE void guessed(struct eve_shapes *shapes, bool right)
{
    int trust = shapes->trust + 3 * right - 2;

    trust = trust < 0 ? 0 : trust;
    shapes->trust = trust > EVE_TRUST ? EVE_TRUST : trust;
}

/* From p, which stands at the record's brace or behind a member of the first level, as far as the
 * paths go: to such a place again. *guess: the path that stood here last time; `foreseen`: it is
 * worth trying. */
INLINE const uint8_t *go_on(struct scan *s, struct eve_shapes *shapes, const uint8_t *p,
                            uint16_t *guess, bool foreseen)
{
    while (p < s->end && (*p == ',' || p == s->start)) {
        const uint8_t *at = p + 1, *past = NULL;
        unsigned seen = s->seen, n = *guess;

        if (foreseen && n != 0) {
            const struct eve_step *step = &shapes->step[n];

            past = past_step(s, step, at, step->length, step->hole, true);
        }
        if (past != NULL)
            at = past;
        else
            n = try_roots(s, shapes, &at, foreseen);
        guessed(shapes, n == *guess);
        if (n == 0)
            return p;
        *guess = (uint16_t)n;
        if ((seen & shapes->step[n].seen) != 0 || !go_path(s, shapes, &n, &at, foreseen)) {
            s->seen = seen;
            return p;
        }
        guess = &shapes->step[n].next;
        p = at;
    }
    return p;
}

INLINE const uint8_t *follow_shapes(struct scan *s, struct eve_shapes *shapes, const uint8_t *p,
                                    uint16_t *guess)
{
    if (s->end - s->start < 64) /* what steps may read at once */
        return p;
    return shapes->trust > EVE_TRUST / 2 ? go_on(s, shapes, p, guess, true)
                                         : go_on(s, shapes, p, guess, false);
}

static EVE_TARGET bool time_later(struct scan *s, const uint8_t *p)
{
    struct bytes text;

    return (s->end - p > 32 && time_at(p, &s->e->time) != NULL) ||
           (string_at(p, s->end, &text) != NULL && !fault_is(eve_time_parse(text, &s->e->time)));
}

/* The members of the header, a bit each. */
#define HEADER_MEMBERS ((1u << (MEMBER_FLOW_ID + 1)) - 1)

/* The header's values that paths found, each where it stands. False: one is not as it must be, or
 * not as we expect it. */
INLINE bool take_later(struct scan *s, unsigned found)
{
    const uint8_t *const *at = s->where, *end = s->end;
    struct event *e = s->e;

    if ((found & 1u << MEMBER_TIMESTAMP) != 0 && !time_later(s, at[MEMBER_TIMESTAMP]))
        return false;
    if ((found & 1u << MEMBER_FLOW_ID) != 0 &&
        !is_whole(number_at(at[MEMBER_FLOW_ID], end, UINT64_MAX, &e->flow), end))
        return false;
    if ((found & 1u << MEMBER_EVENT_TYPE) != 0 && type_at(s, at[MEMBER_EVENT_TYPE]) == NULL)
        return false;
    if ((found & 1u << MEMBER_SRC_IP) != 0 && addr_at(at[MEMBER_SRC_IP], end, &e->src) == NULL)
        return false;
    if ((found & 1u << MEMBER_SRC_PORT) != 0 &&
        !is_whole(port_at(at[MEMBER_SRC_PORT], end, &e->src_port), end))
        return false;
    if ((found & 1u << MEMBER_DEST_IP) != 0 && addr_at(at[MEMBER_DEST_IP], end, &e->dest) == NULL)
        return false;
    if ((found & 1u << MEMBER_DEST_PORT) != 0 &&
        !is_whole(port_at(at[MEMBER_DEST_PORT], end, &e->dest_port), end))
        return false;
    return (found & 1u << MEMBER_PROTO) == 0 || proto_at(s, at[MEMBER_PROTO]) != NULL;
}
