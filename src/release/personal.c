#include "release/personal.h"

#include "base/clock.h"
#include "net/addr.h"

enum {
    PHONE_BARE_MIN = 10, /* digits of a number written in one run, without any joint */
    PHONE_MIN = 7,       /* with joints, or behind a plus */
    PHONE_MAX = 15,      /* ITU-T E.164 */
    DATE = 10,           /* "2026-11-25" */
};

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
}

static bool is_wordish(uint8_t c)
{
    return is_digit(c) || is_letter(c) || c == '_' || c == '.' || c == '-' || c == '+' || c == '%';
}

/* ---- "@" ---- */

/* Length of the sign at `at` that reads as "@": the ASCII one, or U+FF20 and U+FE6B. */
static size_t at_sign(struct bytes t, size_t at)
{
    if (t.data[at] == '@')
        return 1;
    if (t.len - at >= 3 && (memcmp(t.data + at, "\xef\xbc\xa0", 3) == 0 ||
                            memcmp(t.data + at, "\xef\xb9\xab", 3) == 0))
        return 3;
    return 0;
}

/* What is written around the sign. */
static enum personal_kind around(struct bytes t, size_t at, size_t sign, size_t *start)
{
    size_t end = at + sign, first = at;

    while (end < t.len && is_wordish(t.data[end]))
        end++;
    while (first > 0 && is_wordish(t.data[first - 1]))
        first--;
    if (end == at + sign || (!is_letter(t.data[at + sign]) && !is_digit(t.data[at + sign])))
        return PERSONAL_NONE;
    *start = first;
    return first == at ? PERSONAL_ACCOUNT : PERSONAL_MAIL;
}

/* ---- digits ---- */

struct run {
    size_t start, end;         /* in the text */
    size_t digits, groups;     /* a group: digits without a joint between them */
    size_t first, longest;     /* digits of the first and of the longest group */
    bool plus, bracket, joint; /* joint: dash, dot, slash or bracket between digits */
    bool space;
};

static bool is_joint(uint8_t c)
{
    return c == '-' || c == '.' || c == '/' || c == '(' || c == ')';
}

/* The token at `from`, up to white space or a comma and the like. */
static struct bytes token(struct bytes t, size_t from)
{
    size_t end = from;

    while (end < t.len && (is_wordish(t.data[end]) || is_joint(t.data[end]) || t.data[end] == ':'))
        end++;
    while (end > from && (t.data[end - 1] == '.' || t.data[end - 1] == ':'))
        end--;
    return bytes_of(t.data + from, end - from);
}

static bool is_date(struct bytes t)
{
    if (t.len < DATE)
        return false;
    for (size_t i = 0; i < DATE; i++)
        if (i == 4 || i == 7 ? t.data[i] != '-' : !is_digit(t.data[i]))
            return false;
    return t.len == DATE || t.data[DATE] == 'T';
}

static bool is_address(struct bytes t)
{
    struct prefix prefix;
    struct addr addr;

    return !fault_is(addr_parse(t, &addr)) || !fault_is(prefix_parse(t, &prefix));
}

/* A word with letters or colons in it (hash, AS64501, 10:30, IPv6), a date, an address. */
static bool is_technical(struct bytes t)
{
    for (size_t i = 0; i < t.len; i++)
        if (is_letter(t.data[i]) || t.data[i] == ':' || t.data[i] == '_' || t.data[i] == '%')
            return true;
    return is_date(t) || is_address(t);
}

static void count_group(struct run *r, size_t *group)
{
    if (*group == 0)
        return;
    if (r->groups++ == 0)
        r->first = *group;
    if (*group > r->longest)
        r->longest = *group;
    *group = 0;
}

static void count_token(struct run *r, struct bytes t)
{
    size_t group = 0;

    for (size_t i = 0; i < t.len; i++) {
        if (is_digit(t.data[i])) {
            r->digits++;
            group++;
            continue;
        }
        r->plus |= t.data[i] == '+' && r->digits == 0;
        r->bracket |= t.data[i] == '(';
        r->joint |= is_joint(t.data[i]) && r->digits != 0;
        count_group(r, &group);
    }
    count_group(r, &group);
}

/* "8 916 123 45 67", "138 1234 5678": groups as numbers are spoken, not a list of ports. */
static bool is_spoken(const struct run *r)
{
    bool trunk = r->groups >= 4 && r->first == 1 && r->longest <= 4;
    bool mobile = r->groups == 3 && r->first == 3 && r->longest == 4 && r->digits == 11;

    return r->space && r->digits >= PHONE_BARE_MIN && r->digits <= PHONE_MAX && (trunk || mobile);
}

static bool is_phone(const struct run *r)
{
    if (r->digits < PHONE_MIN || r->digits > PHONE_MAX)
        return false;
    if (r->plus || r->bracket)
        return true;
    if (r->groups == 1)
        return r->digits >= PHONE_BARE_MIN;
    return is_spoken(r) || (r->joint && r->longest >= 2 && r->longest < PHONE_MIN);
}

static bool starts_number(uint8_t c)
{
    return is_digit(c) || c == '+' || c == '(';
}

/* Takes in the tokens that follow each other with one space, from `from` on, while they are all
 * digits and joints; true if they together, or one of them, are like a number. */
static bool phone_at(struct bytes t, size_t from, size_t *end)
{
    struct run all = {.start = from};
    bool found = false;

    *end = from;
    for (size_t at = from; at < t.len && starts_number(t.data[at]);) {
        struct bytes word = token(t, at);
        struct run one = {.start = at};

        if (word.len == 0 || is_technical(word) || (at != from && !is_digit(t.data[at])))
            break;
        count_token(&one, word);
        count_token(&all, word);
        all.space = at != from;
        *end = at + word.len;
        found |= is_phone(&one) || is_phone(&all);
        at = *end;
        if (at + 1 >= t.len || t.data[at] != ' ')
            break;
        at++;
    }
    return found;
}

enum personal_kind personal_find(struct bytes text, size_t *at)
{
    bool inside = false; /* a word: digits in it start no number */
    size_t past = 0;     /* before it lies a row of numbers that was looked at as a whole */

    for (size_t i = 0; i < text.len; i++) {
        size_t sign = at_sign(text, i);

        if (sign != 0) {
            enum personal_kind kind = around(text, i, sign, at);

            if (kind != PERSONAL_NONE)
                return kind;
        }
        if (!inside && i >= past && starts_number(text.data[i]) && phone_at(text, i, &past)) {
            *at = i;
            return PERSONAL_PHONE;
        }
        inside = is_wordish(text.data[i]) || text.data[i] == ':' || text.data[i] == '/';
    }
    return PERSONAL_NONE;
}

const char *personal_rule(enum personal_kind kind)
{
    switch (kind) {
    case PERSONAL_MAIL:
        return "personal-data: an e-mail address";
    case PERSONAL_ACCOUNT:
        return "personal-data: an account";
    case PERSONAL_PHONE:
        return "personal-data: like a telephone number";
    default:
        return "";
    }
}
