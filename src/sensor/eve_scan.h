/*
 * eve_scan.h - one EVE line, believed only where every rule of RFC 8259 was seen to hold.
 *
 * The text of all paths of eve_path.h; see eve_mask.h for what a path brings. No guard: included
 * once by each path's file.
 *
 * Three parts. `header` reads Suricata's first members where they stand, in its order, as long as
 * the line goes as predicted. `follow_shapes` goes on as far as lines before had the same form.
 * `body` takes over at any point between two members and reads 64 bytes a step. Which bytes are
 * inside strings is known from the quotes' parity; outside, JSON without spaces says of each byte
 * what may stand next:
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

#include "sensor/eve_value.h"

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

/* What may stand behind a backslash; 2: and four hexadecimal digits behind it. */
static const uint8_t is_escape[256] = {['"'] = 1, ['\\'] = 1, ['/'] = 1, ['b'] = 1, ['f'] = 1,
                                       ['n'] = 1, ['r'] = 1,  ['t'] = 1, ['u'] = 2};
static const uint8_t is_hex[256] = {['0' ... '9'] = 1, ['a' ... 'f'] = 1, ['A' ... 'F'] = 1};

/* Is each escape one that RFC 8259 has? `p` is the step's first byte. */
static inline EVE_TARGET bool escapes_are_good(uint64_t escaped, const uint8_t *p,
                                               const uint8_t *end)
{
    for (; escaped != 0; escaped &= escaped - 1) {
        const uint8_t *c = p + __builtin_ctzll(escaped);

        if (c >= end || is_escape[*c] == 0)
            return false;
        if (is_escape[*c] == 2 &&
            (end - c < 5 || !(is_hex[c[1]] & is_hex[c[2]] & is_hex[c[3]] & is_hex[c[4]])))
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

/* The four bytes at p, and a value's end behind them; the byte before them is no scalar's. */
INLINE bool is_word(const uint8_t *p, uint32_t word)
{
    return load32(p) == word && (p[4] == ',' || p[4] == '}');
}

/* The number or word around `p` is a whole one. */
static inline EVE_TARGET bool scalar_is_good(const uint8_t *p, const uint8_t *start,
                                             const uint8_t *end)
{
    const uint8_t *to = p;

    /* nearly always; `p` is the first byte that is no digit, so a digit may stand before it */
    if (end - p > 5 && (uint8_t)(p[-1] - '0') > 9 &&
        (is_word(p, WORD('t', 'r', 'u', 'e')) || is_word(p, WORD('n', 'u', 'l', 'l')) ||
         (*p == 'f' && is_word(p + 1, WORD('a', 'l', 's', 'e')))))
        return true;
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

/* The blanks among these bytes. */
static inline EVE_TARGET uint64_t blanks_of(uint64_t odd, const uint8_t *p)
{
    uint64_t out = 0;

    for (; odd != 0; odd &= odd - 1)
        if (p[__builtin_ctzll(odd)] == ' ')
            out |= odd & -odd;
    return out;
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

#include "sensor/eve_take.h"

#include "sensor/eve_follow.h"

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

/* Is it the whole name, and its closing quote? */
INLINE bool is_name(const struct scan *s, const uint8_t *key, const struct eve_row *row)
{
    size_t left = (size_t)(s->end - key), len = row->length;

    if (left >= EVE_NAME)
        return same_name(key, row->name, len + 1);
    return left > len + 2 && memcmp(key, row->name, len + 1) == 0;
}

/* The key whose first byte is byte `i` of the step has the first four bytes of a member's. */
static inline EVE_TARGET bool key_hit(struct scan *s, struct body *b, const struct masks *m,
                                      unsigned depth_before, const uint8_t *key, unsigned i,
                                      const uint8_t *members)
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
    for (unsigned k = 0; k < NAMED && members[k] != MEMBER_COUNT; k++) {
        const struct eve_row *row = &eve_rows[members[k]];
        size_t len = row->length;
        const uint8_t *v = key + len + 1;

        if (row->node != node || !is_name(s, key, row))
            continue;
        while (v < s->end && *v == ' ')
            v++;
        if (v == s->end || *v++ != ':')
            return false;
        while (v < s->end && *v == ' ')
            v++;
        if (v == s->end || !take(s, &b->pending, (enum eve_member)members[k], v))
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
INLINE bool step(struct scan *s, struct body *b, const uint8_t *p, uint64_t valid, struct masks *m)
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
        blank = blanks_of(odd, p);
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

/* The 64 bytes at p; what lies behind the line's end is in no mask but `rare`, which the caller
 * cuts. Fewer than 64 are read as the end of the 64 before the line's end, if there are as many, so
 * that nothing behind it is touched. */
INLINE void look_at(const struct scan *s, const uint8_t *p, size_t left, struct masks *m)
{
#ifdef EVE_MASKED
    (void)s;
    masks_at(p, left >= 64 ? ~(uint64_t)0 : ~(~(uint64_t)0 << left), m);
#else
    uint8_t tail[64] = {0};

    if (left >= 64) {
        masks_at(p, m);
        return;
    }
    if (s->end - s->start < 64) {
        masks_at(memcpy(tail, p, left), m);
        return;
    }
    masks_at(s->end - 64, m);
    m->quote >>= 64 - left;
    m->back >>= 64 - left;
    m->comma >>= 64 - left;
    m->colon >>= 64 - left;
    m->open >>= 64 - left;
    m->close >>= 64 - left;
    m->square >>= 64 - left;
    m->digit >>= 64 - left;
    m->zero >>= 64 - left;
    m->rare >>= 64 - left;
#endif
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
        struct masks m;

        look_at(s, p, left, &m);
        if (!step(s, &b, p, valid, &m))
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

EVE_TARGET enum eve_ground EVE_SCAN(struct bytes line, struct eve_memory *memory, struct event *out)
{
    const uint8_t *p = line.data, *end = line.data + line.len, *from;
    unsigned predicted;
    bool known;
    struct scan s;

    if (end - p > 6 && memcmp(p, "@cee:", 5) == 0)
        p += p[5] == ' ' ? 6 : 5;
    while (end > p && (end[-1] == '\r' || end[-1] == ' '))
        end--;
    if (p == end || *p != '{')
        return EVE_GROUND_NONE;
    clear_event(out);
    s.start = p;
    s.end = end;
    s.e = out;
    s.seen = s.escaped = 0;
    s.rare = false;
    from = header(&s, p);
    predicted = s.seen;
    from = follow_shapes(&s, memory->shapes, from, first_guess(memory->shapes, out));
    if ((s.seen & ~predicted & HEADER_MEMBERS) != 0 && !take_later(&s, s.seen & ~predicted))
        return EVE_GROUND_NONE;
    known = from != p && from + 1 == end && *from == '}';
    if (!known && !body(&s, from, from != p))
        return EVE_GROUND_NONE;
    if ((s.seen & EVE_HEADER) != EVE_HEADER)
        return EVE_GROUND_NONE;
    if (s.rare && !rare_bytes_are_good(bytes_of(p, (size_t)(end - p))))
        return EVE_GROUND_NONE;
    if (s.escaped != 0)
        resolve(&s, &memory->room, line.len);
    out->has = eve_has(s.seen);
    return known ? EVE_GROUND_SHAPE : EVE_GROUND_GRAMMAR;
}
