/* value.c - values and what a comparison says of them (STIX 2.1 section 9.6). */
#include <stdlib.h>
#include <utf8proc.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "stix/program.h"
#include "stix/regex.h"

static const char time_rule[] = "STIX 2.1 section 9.2: timestamp constant";

/* ---- moments ---- */

int moment_compare(struct moment a, struct moment b)
{
    if (a.us != b.us)
        return a.us < b.us ? -1 : 1;
    return (a.fine > b.fine) - (a.fine < b.fine);
}

static int two(const uint8_t *p)
{
    return (p[0] - '0') * 10 + (p[1] - '0');
}

static bool is_time_form(struct bytes text)
{
    static const char form[] = "0000-00-00T00:00:00";
    size_t at = sizeof form - 1;

    if (text.len <= at)
        return false;
    for (size_t i = 0; i < at; i++)
        if (form[i] == '0' ? text.data[i] < '0' || text.data[i] > '9'
                           : text.data[i] != (uint8_t)form[i])
            return false;
    if (text.data[at] == '.') {
        size_t from = ++at;

        while (at < text.len && text.data[at] >= '0' && text.data[at] <= '9')
            at++;
        if (at == from)
            return false;
    }
    return at + 1 == text.len && text.data[at] == 'Z';
}

/* Nine digits behind the point, the rest cut off. */
static uint32_t nanoseconds(struct bytes text)
{
    uint32_t v = 0, scale = 100000000;

    for (size_t i = 20; i + 1 < text.len && scale > 0; i++, scale /= 10)
        v += (uint32_t)(text.data[i] - '0') * scale;
    return v;
}

struct fault moment_parse(struct bytes text, bool any_day, struct moment *out)
{
    int64_t days, year;
    int month, day, hour, minute, second;
    uint32_t nanos;

    if (!is_time_form(text))
        return fault_make(FAULT_SYNTAX, 0, time_rule);
    year = two(text.data) * 100 + two(text.data + 2);
    month = two(text.data + 5);
    day = two(text.data + 8);
    hour = two(text.data + 11);
    minute = two(text.data + 14);
    second = two(text.data + 17);
    if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60)
        return fault_make(FAULT_SYNTAX, 0, time_rule);
    days = days_from_date(year, month, day);
    if (!any_day && days >= days_from_date(year + month / 12, month % 12 + 1, 1))
        return fault_make(FAULT_RANGE, 0, time_rule);
    nanos = nanoseconds(text);
    out->us = (days * 86400 + hour * 3600 + minute * 60 + second) * 1000000 + nanos / 1000;
    out->fine = nanos % 1000;
    return fault_none();
}

/* ---- subnets ---- */

static void clear_host_bits(struct prefix *p)
{
    for (unsigned i = 0; i < 16; i++) {
        unsigned keep = p->bits >= 8 * (i + 1) ? 8 : p->bits <= 8 * i ? 0 : p->bits - 8 * i;

        p->first.byte[i] &= (uint8_t)(0xff00 >> keep);
    }
}

bool subnet_parse(struct bytes text, struct prefix *out)
{
    const uint8_t *slash = text.len == 0 ? NULL : memchr(text.data, '/', text.len);
    size_t at = slash == NULL ? text.len : (size_t)(slash - text.data);
    struct prefix p = {.bits = 128};
    uint64_t bits, most;

    if (fault_is(addr_parse(bytes_of(text.data, at), &p.first)))
        return false;
    most = addr_is_v4(p.first) ? 32 : 128;
    if (slash != NULL) {
        if (!decimal_read(bytes_of(slash + 1, text.len - at - 1), most, &bits))
            return false;
        p.bits = (uint8_t)(bits + 128 - most);
    }
    clear_host_bits(&p);
    *out = p;
    return true;
}

bool subnet_has(struct prefix outer, struct prefix inner)
{
    return inner.bits >= outer.bits && prefix_has(outer, inner.first);
}

/* ---- bytes ---- */

static int base64_digit(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool binary_base64(struct bytes text, struct buf *out)
{
    size_t pads = 0;
    uint32_t bits = 0;

    while (pads < 2 && pads < text.len && text.data[text.len - 1 - pads] == '=')
        pads++;
    if (text.len % 4 != 0)
        return false;
    for (size_t i = 0; i < text.len - pads; i++) {
        int digit = base64_digit(text.data[i]);

        if (digit < 0)
            return false;
        bits = bits << 6 | (uint32_t)digit;
        if (i % 4 > 0)
            buf_byte(out, (uint8_t)(bits >> (6 - 2 * (i % 4))));
    }
    return true;
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool binary_hex(struct bytes text, struct buf *out)
{
    if (text.len % 2 != 0)
        return false;
    for (size_t i = 0; i < text.len; i += 2) {
        int high = hex_value(text.data[i]), low = hex_value(text.data[i + 1]);

        if (high < 0 || low < 0)
            return false;
        buf_byte(out, (uint8_t)(high << 4 | low));
    }
    return true;
}

/* ---- characters ---- */

/* Below U+0300 every character is its own NFC. */
static bool is_plainly_normal(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] >= 0xcc)
            return false;
    return true;
}

struct bytes text_normal(struct bytes text, struct buf *room)
{
    const utf8proc_option_t how = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
    utf8proc_ssize_t points, bytes;
    utf8proc_int32_t *wide;

    if (is_plainly_normal(text))
        return text;
    points = utf8proc_decompose(text.data, (utf8proc_ssize_t)text.len, NULL, 0, how);
    if (points < 0)
        return text;
    wide = memory_new((size_t)(points + 1) * sizeof *wide);
    points = utf8proc_decompose(text.data, (utf8proc_ssize_t)text.len, wide, points, how);
    bytes = points < 0 ? -1 : utf8proc_reencode(wide, points, how);
    if (bytes >= 0) {
        buf_clear(room);
        buf_add(room, wide, (size_t)bytes);
        text = buf_view(room);
    }
    free(wide);
    return text;
}

bool text_is_latin1(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] >= 0xc4)
            return false;
    return true;
}

/* Each byte as the character of its number. */
static struct bytes as_text(struct bytes binary, struct buf *room)
{
    buf_clear(room);
    for (size_t i = 0; i < binary.len; i++) {
        uint8_t c = binary.data[i];

        if (c >= 0x80)
            buf_byte(room, (uint8_t)(0xc0 | c >> 6));
        buf_byte(room, c < 0x80 ? c : (uint8_t)(0x80 | (c & 0x3f)));
    }
    return buf_view(room);
}

/* ---- comparing ---- */

enum relation { LESS, EQUAL, GREATER, UNEQUAL /* no order */, INCOMPARABLE /* two types */ };

static enum relation relation(int sign)
{
    return sign < 0 ? LESS : sign > 0 ? GREATER : EQUAL;
}

/* Exact: an integer that no double holds is not rounded to one. */
static enum relation integer_to_real(int64_t i, double r)
{
    int64_t whole;

    if (r >= 9223372036854775808.0)
        return LESS;
    if (r < -9223372036854775808.0)
        return GREATER;
    whole = (int64_t)r;
    if (i != whole)
        return i < whole ? LESS : GREATER;
    return (double)whole < r ? LESS : (double)whole > r ? GREATER : EQUAL;
}

static enum relation turned(enum relation r)
{
    return r == LESS ? GREATER : r == GREATER ? LESS : r;
}

static bool is_number(enum pattern_type t)
{
    return t == PATTERN_INTEGER || t == PATTERN_FLOAT;
}

static enum relation numbers(const struct pattern_value *a, const struct pattern_value *b)
{
    if (a->type == PATTERN_INTEGER && b->type == PATTERN_INTEGER)
        return relation((a->integer > b->integer) - (a->integer < b->integer));
    if (a->type == PATTERN_INTEGER)
        return integer_to_real(a->integer, b->real);
    if (b->type == PATTERN_INTEGER)
        return turned(integer_to_real(b->integer, a->real));
    return relation((a->real > b->real) - (a->real < b->real));
}

/* "If the string has a character above U+00FF, the comparison is false" (section 9.6.3): else its
 * characters are bytes. */
static enum relation text_to_binary(struct bytes text, struct bytes binary, struct buf *room)
{
    if (!text_is_latin1(text))
        return UNEQUAL;
    return relation(bytes_compare(text, as_text(binary, room)));
}

static enum relation times(const struct pattern_value *a, const struct pattern_value *b)
{
    struct moment x = {a->integer, a->fine}, y = {b->integer, b->fine};

    return relation(moment_compare(x, y));
}

/* A text beside a timestamp constant is meant as one: if it is none, that is not "unequal". */
static enum relation text_to_time(const struct pattern_value *v, const struct pattern_value *c,
                                  bool *forbidden)
{
    struct moment m, constant = {c->integer, c->fine};

    *forbidden = fault_is(moment_parse(v->text, false, &m));
    return *forbidden ? INCOMPARABLE : relation(moment_compare(m, constant));
}

static enum relation compare(const struct pattern_value *v, const struct pattern_value *c,
                             struct value_room *room, bool *forbidden)
{
    if (is_number(v->type) && is_number(c->type))
        return numbers(v, c);
    if (v->type == PATTERN_STRING && c->type == PATTERN_TIME)
        return text_to_time(v, c, forbidden);
    if (v->type == PATTERN_STRING && c->type == PATTERN_BINARY)
        return text_to_binary(v->text, c->text, &room->one);
    if (v->type == PATTERN_BINARY && c->type == PATTERN_STRING)
        return turned(text_to_binary(c->text, v->text, &room->one));
    if (v->type != c->type)
        return INCOMPARABLE;
    switch (v->type) {
    case PATTERN_STRING: /* UTF-8's byte order is code point order (section 9.6.2) */
    case PATTERN_BINARY:
        return relation(bytes_compare(v->text, c->text));
    case PATTERN_TIME:
        return times(v, c);
    case PATTERN_BOOLEAN:
        return v->integer == c->integer ? EQUAL : UNEQUAL;
    case PATTERN_ADDRESS:
        return relation(addr_compare(v->addr, c->addr));
    default:
        return INCOMPARABLE;
    }
}

/* STIX 2.1 section 9.6.1, LIKE: % stands for any characters, _ for one. No backtracking tree:
 * only the last % is ever tried again. */
static bool like(struct bytes text, struct bytes mask)
{
    size_t t = 0, m = 0, star = SIZE_MAX, again = 0;

    while (t < text.len) {
        if (m < mask.len && mask.data[m] == '%') {
            star = m++;
            again = t;
        } else if (m < mask.len && mask.data[m] == '_') {
            for (t++, m++; t < text.len && (text.data[t] & 0xc0) == 0x80; t++)
                ;
        } else if (m < mask.len && mask.data[m] == text.data[t]) {
            t++;
            m++;
        } else if (star != SIZE_MAX) {
            m = star + 1;
            for (t = ++again; t < text.len && (text.data[t] & 0xc0) == 0x80; t = ++again)
                ;
        } else {
            return false;
        }
    }
    while (m < mask.len && mask.data[m] == '%')
        m++;
    return m == mask.len;
}

static bool is_like(const struct pattern_value *v, const struct pattern_value *mask,
                    struct value_room *room)
{
    if (v->type == PATTERN_STRING)
        return like(text_normal(v->text, &room->one), mask->text);
    return v->type == PATTERN_BINARY && text_is_latin1(mask->text) &&
           like(as_text(v->text, &room->one), mask->text);
}

static bool is_regular(const struct test *t, const struct pattern_value *v, struct value_room *room)
{
    if (t->regex == NULL)
        return false;
    if (v->type == PATTERN_STRING && !t->binary)
        return regex_matches(t->regex, text_normal(v->text, &room->one));
    return v->type == PATTERN_BINARY && t->binary && regex_matches(t->regex, v->text);
}

static bool is_in_subnet(const struct test *t, const struct pattern_value *v,
                         const struct pattern_value *c, bool *forbidden)
{
    struct prefix constant = {c->addr, (uint8_t)c->integer}, value = {v->addr, 128};

    if (v->type == PATTERN_STRING && !subnet_parse(v->text, &value))
        *forbidden = true;
    if (*forbidden || (v->type != PATTERN_STRING && v->type != PATTERN_ADDRESS))
        return false;
    return t->operation == TEST_ISSUBSET ? subnet_has(constant, value)
                                         : subnet_has(value, constant);
}

static bool is_among(const struct pattern *p, const struct test *t, const struct pattern_value *v,
                     struct value_room *room, bool *forbidden)
{
    for (uint32_t i = 0; i < t->constants && !*forbidden; i++)
        if (compare(v, &p->constant[t->first_constant + i], room, forbidden) == EQUAL)
            return true;
    return false;
}

/* An order over two types is never true, negated or not: neither a < b nor a >= b. */
static bool is_ordered(const struct test *t, enum relation r)
{
    bool holds = false;

    if (r == INCOMPARABLE)
        return false;
    if (t->operation == TEST_LESS)
        holds = r == LESS;
    else if (t->operation == TEST_LESS_EQUAL)
        holds = r == LESS || r == EQUAL;
    else if (t->operation == TEST_GREATER)
        holds = r == GREATER;
    else if (t->operation == TEST_GREATER_EQUAL)
        holds = r == GREATER || r == EQUAL;
    return holds != t->negated;
}

bool value_test(const struct pattern *p, const struct test *t, const struct pattern_value *v,
                struct value_room *room, bool *forbidden)
{
    const struct pattern_value *c = &p->constant[t->first_constant];
    bool holds;

    switch ((enum operation)t->operation) {
    case TEST_EQUAL:
        holds = v->type == PATTERN_STRING && c->type == PATTERN_STRING /* as nearly always */
                    ? bytes_equal(v->text, c->text)
                    : compare(v, c, room, forbidden) == EQUAL;
        break;
    case TEST_IN:
        holds = is_among(p, t, v, room, forbidden);
        break;
    case TEST_LIKE:
        holds = is_like(v, c, room);
        break;
    case TEST_MATCHES:
        holds = is_regular(t, v, room);
        break;
    case TEST_ISSUBSET:
    case TEST_ISSUPERSET:
        holds = is_in_subnet(t, v, c, forbidden);
        break;
    case TEST_EXISTS:
        return true;
    default:
        return is_ordered(t, compare(v, c, room, forbidden)) && !*forbidden;
    }
    return !*forbidden && holds != t->negated;
}

bool postfix_holds(const struct pattern *p, const struct part *leaf, const bool *bit)
{
    bool stack[PROGRAM_STACK];
    size_t top = 0;

    for (uint32_t i = 0; i < leaf->postfixes; i++) {
        uint16_t item = p->postfix[leaf->first_postfix + i];

        if (item < POSTFIX_OR) {
            stack[top++] = bit[item];
            continue;
        }
        top--;
        stack[top - 1] =
            item == POSTFIX_AND ? stack[top - 1] && stack[top] : stack[top - 1] || stack[top];
    }
    return stack[0];
}
