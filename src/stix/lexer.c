#include "stix/lexer.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"

static const char rule[] = "STIX 2.1 section 9: patterning";

bool lexer_fail(struct lexer *s, enum fault_kind kind, size_t at, const char *expected)
{
    if (!fault_is(s->fault)) {
        s->fault =
            fault_make(at >= s->in.len && kind == FAULT_SYNTAX ? FAULT_SHORT : kind, at, rule);
        s->expected = expected;
    }
    return false;
}

int lexer_peek(const struct lexer *s, size_t n)
{
    return n < s->in.len - s->at ? s->in.data[s->at + n] : -1;
}

/* ---- white space ---- */

/* The grammar's WS beyond ASCII: length of the character here, 0 if it is none. */
static size_t wide_space(const struct lexer *s)
{
    int a = lexer_peek(s, 0), b = lexer_peek(s, 1), c = lexer_peek(s, 2);

    if (a == 0xc2)
        return b == 0x85 || b == 0xa0 ? 2 : 0;
    if (a == 0xe1)
        return b == 0x9a && c == 0x80 ? 3 : 0;
    if (a == 0xe2 && b == 0x80)
        return (c >= 0x80 && c <= 0x8a) || c == 0xa8 || c == 0xa9 || c == 0xaf ? 3 : 0;
    if (a == 0xe2)
        return b == 0x81 && c == 0x9f ? 3 : 0;
    return a == 0xe3 && b == 0x80 && c == 0x80 ? 3 : 0;
}

static bool skip_comment(struct lexer *s)
{
    size_t at = s->at;

    if (lexer_peek(s, 1) == '/') {
        while (lexer_peek(s, 0) >= 0 && lexer_peek(s, 0) != '\n' && lexer_peek(s, 0) != '\r')
            s->at++;
        return true;
    }
    for (s->at += 2; lexer_peek(s, 0) >= 0; s->at++)
        if (lexer_peek(s, 0) == '*' && lexer_peek(s, 1) == '/') {
            s->at += 2;
            return true;
        }
    return lexer_fail(s, FAULT_SYNTAX, at, "the end of the comment");
}

static bool skip_one(struct lexer *s)
{
    int c = lexer_peek(s, 0);
    size_t wide;

    if (c == ' ' || (c >= '\t' && c <= '\r')) {
        s->at++;
        return true;
    }
    if (c == '/')
        return (lexer_peek(s, 1) == '*' || lexer_peek(s, 1) == '/') && skip_comment(s);
    if (c < 0x80)
        return false;
    wide = wide_space(s);
    s->at += wide;
    return wide > 0;
}

void lexer_space(struct lexer *s)
{
    while (skip_one(s))
        ;
}

/* ---- words ---- */

static bool is_letter(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool is_word_byte(int c)
{
    return is_letter(c) || is_digit(c);
}

bool lexer_keyword(struct lexer *s, const char *word)
{
    size_t n = strlen(word);

    lexer_space(s);
    if (s->in.len - s->at < n || memcmp(s->in.data + s->at, word, n) != 0 ||
        is_word_byte(lexer_peek(s, n)))
        return false;
    s->at += n;
    return true;
}

bool lexer_sign(struct lexer *s, const char *text)
{
    size_t n = strlen(text);

    lexer_space(s);
    if (s->in.len - s->at < n || memcmp(s->in.data + s->at, text, n) != 0)
        return false;
    s->at += n;
    return true;
}

static bool is_reserved(struct bytes name)
{
    static const char *const words[] = {
        "AND",    "OR",    "NOT",    "FOLLOWEDBY", "LIKE",  "MATCHES", "ISSUPERSET",
        "EXISTS", "LAST",  "IN",     "ISSUBSET",   "START", "STOP",    "SECONDS",
        "true",   "false", "WITHIN", "REPEATS",    "TIMES",
    };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (bytes_is(name, words[i]))
            return true;
    return false;
}

bool lexer_is_name_next(struct lexer *s)
{
    lexer_space(s);
    return is_letter(lexer_peek(s, 0));
}

bool lexer_name(struct lexer *s, bool hyphens, const char *expected, struct bytes *out)
{
    size_t n = 0;
    int c;

    if (!lexer_is_name_next(s))
        return lexer_fail(s, FAULT_SYNTAX, s->at, expected);
    while (is_word_byte(c = lexer_peek(s, n)) || c == '-') {
        if (c == '-' && !hyphens)
            return lexer_fail(s, FAULT_SYNTAX, s->at, "quotes '..' around a name with a hyphen");
        n++;
    }
    *out = bytes_of(s->in.data + s->at, n);
    if (is_reserved(*out))
        return lexer_fail(s, FAULT_SYNTAX, s->at,
                          hyphens ? expected : "quotes '..' around a reserved word");
    s->at += n;
    return true;
}

struct bytes lexer_keep(struct lexer *s, struct bytes text)
{
    char *to = s->pool + s->pool_len;

    if (text.len > 0)
        memcpy(to, text.data, text.len);
    s->pool_len += text.len;
    return bytes_of(to, text.len);
}

/* ---- strings and binaries ---- */

bool lexer_string(struct lexer *s, struct bytes *out)
{
    size_t from = s->pool_len;
    int c;

    lexer_space(s);
    if (lexer_peek(s, 0) != '\'')
        return lexer_fail(s, FAULT_SYNTAX, s->at, "a string '..'");
    for (s->at++; (c = lexer_peek(s, 0)) >= 0 && c != '\''; s->at++) {
        if (c == '\\') {
            c = lexer_peek(s, 1);
            if (c != '\'' && c != '\\')
                return lexer_fail(s, FAULT_SYNTAX, s->at + 1, "\\' or \\\\");
            s->at++;
        }
        s->pool[s->pool_len++] = (char)c;
    }
    if (c < 0)
        return lexer_fail(s, FAULT_SYNTAX, s->in.len, "the string's closing quote");
    s->at++;
    *out = bytes_of(s->pool + from, s->pool_len - from);
    return true;
}

/* What stands between the quotes of x'..'; no escapes are in it. */
static bool read_quoted(struct lexer *s, const char *expected, struct bytes *out)
{
    size_t from = s->at + 2, n = 0;

    while (from + n < s->in.len && s->in.data[from + n] != '\'')
        n++;
    if (from + n >= s->in.len)
        return lexer_fail(s, FAULT_SYNTAX, s->in.len, expected);
    *out = bytes_of(s->in.data + from, n);
    return true;
}

static bool read_binary(struct lexer *s, bool is_hex, struct pattern_value *out)
{
    static const char want_hex[] = "pairs of hex digits h'..'";
    static const char want_base64[] = "base64 b'..' with its padding";
    const char *want = is_hex ? want_hex : want_base64;
    struct buf raw = {0};
    struct bytes text;
    bool good;

    if (!read_quoted(s, want, &text))
        return false;
    good = is_hex ? binary_hex(text, &raw) : text.len > 0 && binary_base64(text, &raw);
    if (!good) {
        buf_done(&raw);
        return lexer_fail(s, FAULT_SYNTAX, s->at, want);
    }
    out->type = PATTERN_BINARY;
    out->text = lexer_keep(s, buf_view(&raw));
    s->at += text.len + 3;
    buf_done(&raw);
    return true;
}

/* ---- numbers ---- */

/* Digits without a leading zero; false, and nothing recorded, if there are none. */
static size_t digits(const struct lexer *s, size_t from)
{
    size_t n = 0;

    while (is_digit(lexer_peek(s, from + n)))
        n++;
    return n;
}

static bool has_sign(const struct lexer *s)
{
    return lexer_peek(s, 0) == '-' || lexer_peek(s, 0) == '+';
}

bool lexer_integer(struct lexer *s, int64_t least, int64_t most, const char *expected, int64_t *out)
{
    size_t mark, n;
    uint64_t v, limit;
    bool minus;

    lexer_space(s);
    minus = lexer_peek(s, 0) == '-';
    mark = has_sign(s);
    n = digits(s, mark);
    limit = (uint64_t)INT64_MAX + minus;
    if (n == 0 || lexer_peek(s, mark + n) == '.' || (minus && least >= 0))
        return lexer_fail(s, FAULT_SYNTAX, s->at, expected);
    if (n > 1 && lexer_peek(s, mark) == '0')
        return lexer_fail(s, FAULT_SYNTAX, s->at + mark + 1, "no digits after a leading zero");
    if (!decimal_read(bytes_of(s->in.data + s->at + mark, n), limit, &v))
        return lexer_fail(s, FAULT_RANGE, s->at, expected);
    *out = (int64_t)(minus ? 0 - v : v);
    if (*out < least || *out > most)
        return lexer_fail(s, FAULT_RANGE, s->at, expected);
    s->at += mark + n;
    return true;
}

/* Is there a point with digits behind it, behind the digits? */
static bool is_fraction(const struct lexer *s, size_t *whole, size_t *part)
{
    size_t mark = has_sign(s);

    *whole = digits(s, mark);
    *part = lexer_peek(s, mark + *whole) == '.' ? digits(s, mark + *whole + 1) : 0;
    return *part > 0;
}

static bool read_number(struct lexer *s, struct pattern_value *out)
{
    static const char want[] = "a whole number of 64 bits";
    size_t whole, part, len;
    char text[512];

    if (!is_fraction(s, &whole, &part)) {
        out->type = PATTERN_INTEGER;
        return lexer_integer(s, INT64_MIN, INT64_MAX, want, &out->integer);
    }
    len = has_sign(s) + whole + 1 + part;
    if (len >= sizeof text)
        return lexer_fail(s, FAULT_LIMIT, s->at, "a number of at most 511 characters");
    memcpy(text, s->in.data + s->at, len);
    text[len] = '\0';
    out->type = PATTERN_FLOAT;
    out->real = strtod(text, NULL); /* no locale is set for numbers */
    s->at += len;
    return true;
}

bool lexer_seconds(struct lexer *s, int64_t *seconds, uint32_t *nanos)
{
    static const char want[] = "a number of seconds above 0";
    const int64_t most = 400000000000; /* more than from year 0 to 9999 */
    size_t whole, part, from;
    uint64_t v = 0;
    uint32_t scale = 100000000;

    lexer_space(s);
    from = s->at;
    *nanos = 0;
    if (!is_fraction(s, &whole, &part))
        return lexer_integer(s, 0, INT64_MAX, want, seconds) &&
               (*seconds > 0 || lexer_fail(s, FAULT_RANGE, from, want));
    if (lexer_peek(s, 0) == '-')
        return lexer_fail(s, FAULT_SYNTAX, s->at, want);
    s->at += has_sign(s);
    for (size_t i = 0; i < whole; i++)
        v = v > (uint64_t)most ? v : v * 10 + (uint64_t)(s->in.data[s->at + i] - '0');
    for (size_t i = 0; i < part; i++, scale /= 10)
        *nanos += (uint32_t)(s->in.data[s->at + whole + 1 + i] - '0') * scale;
    s->at += whole + 1 + part;
    *seconds = v > (uint64_t)most ? most : (int64_t)v;
    return *seconds > 0 || *nanos > 0 || lexer_fail(s, FAULT_RANGE, from, want);
}

/* ---- times ---- */

static bool keep_moment(struct lexer *s, struct bytes text, size_t at, struct moment *out)
{
    static const char want[] = "a time t'YYYY-MM-DDThh:mm:ssZ'";
    struct fault f = moment_parse(text, (s->how & PATTERN_CHECKED) != 0, out);
    struct moment strict;

    if (fault_is(f))
        return lexer_fail(s, f.kind, at, want);
    if (s->odd_day == 0 && fault_is(moment_parse(text, false, &strict)))
        s->odd_day = at + 1;
    return true;
}

bool lexer_time(struct lexer *s, struct moment *out)
{
    static const char want[] = "a time t'YYYY-MM-DDThh:mm:ssZ'";
    struct bytes text;
    size_t at;

    lexer_space(s);
    at = s->at;
    if ((s->how & PATTERN_STIX20) != 0 && lexer_peek(s, 0) == '\'')
        return lexer_string(s, &text) && keep_moment(s, text, at, out);
    if (lexer_peek(s, 0) != 't' || lexer_peek(s, 1) != '\'')
        return lexer_fail(s, FAULT_SYNTAX, at, want);
    if (!read_quoted(s, want, &text) || !keep_moment(s, text, at, out))
        return false;
    s->at += text.len + 3;
    return true;
}

/* ---- constants ---- */

static bool read_boolean(struct lexer *s, struct pattern_value *out)
{
    static const char want[] = "a constant: '..', number, true, false, t'..', h'..' or b'..'";

    out->type = PATTERN_BOOLEAN;
    out->integer = lexer_peek(s, 0) == 't';
    return lexer_keyword(s, "true") || lexer_keyword(s, "false") ||
           lexer_fail(s, FAULT_SYNTAX, s->at, want);
}

static bool read_time(struct lexer *s, struct pattern_value *out)
{
    struct moment m;

    if (!lexer_time(s, &m))
        return false;
    out->type = PATTERN_TIME;
    out->integer = m.us;
    out->fine = m.fine;
    return true;
}

bool lexer_constant(struct lexer *s, struct pattern_value *out)
{
    int c, d;

    lexer_space(s);
    c = lexer_peek(s, 0);
    d = lexer_peek(s, 1);
    *out = (struct pattern_value){.type = PATTERN_NONE};
    if (c == '\'') {
        out->type = PATTERN_STRING;
        return lexer_string(s, &out->text);
    }
    if (d == '\'' && c == 't')
        return read_time(s, out);
    if (d == '\'' && (c == 'h' || c == 'b'))
        return read_binary(s, c == 'h', out);
    if (is_digit(c) || c == '.' || ((c == '-' || c == '+') && (is_digit(d) || d == '.')))
        return read_number(s, out);
    return read_boolean(s, out);
}
