/* regex.c - where PCRE and RE2 part ways: translated if that is exact, refused if not. */
#include "stix/regex.h"

#include <stdlib.h>

struct reader {
    struct bytes in;
    size_t at;
    struct buf *out;
    bool binary, in_class, dollar, end;
    const char *why;
};

static int peek(const struct reader *s, size_t n)
{
    return n < s->in.len - s->at ? s->in.data[s->at + n] : -1;
}

static void copy(struct reader *s, size_t n)
{
    size_t left = s->in.len - s->at;

    n = n < left ? n : left;
    buf_add(s->out, s->in.data + s->at, n);
    s->at += n;
}

static void refuse(struct reader *s, const char *why)
{
    if (s->why == NULL)
        s->why = why;
}

/* Behind a class's '[': what may stand first without its meaning. */
static size_t class_head(struct bytes in, size_t at)
{
    if (at < in.len && in.data[at] == '^')
        at++;
    if (at < in.len && in.data[at] == ']')
        at++;
    return at;
}

/* One item of an expression's text: an escape, a class, a byte. */
static size_t skip_item(struct bytes in, size_t at)
{
    if (in.data[at] == '\\')
        return at + 2;
    if (in.data[at] != '[')
        return at + 1;
    for (at = class_head(in, at + 1); at < in.len && in.data[at] != ']';)
        at += in.data[at] == '\\' ? 2 : 1;
    return at + 1;
}

/* From a '|' to the ')' of its group, or the end. */
static size_t skip_alternatives(struct bytes in, size_t at)
{
    unsigned depth = 0;

    while (at < in.len && (depth > 0 || in.data[at] != ')')) {
        depth += in.data[at] == '(';
        depth -= in.data[at] == ')';
        at = skip_item(in, at);
    }
    return at;
}

/* Can nothing be consumed behind `at`? Then it does not matter whether $ stands before or behind
 * the newline that ends a text, and the two can be tried one after the other. */
static bool is_last(struct bytes in, size_t at)
{
    for (; at < in.len; at++) {
        if (in.data[at] == '|')
            at = skip_alternatives(in, at);
        if (at >= in.len)
            return true;
        if (in.data[at] == '$')
            continue;
        if (in.data[at] != ')')
            return false;
        if (at + 1 < in.len && strchr("*+?{", in.data[at + 1]) != NULL)
            return false;
    }
    return true;
}

static void read_dollar(struct reader *s, const char *as, size_t len)
{
    s->dollar = true;
    if (!is_last(s->in, s->at + len))
        refuse(s, "nothing behind $ but the end, | or )");
    buf_text(s->out, as);
    s->at += len;
}

static void read_quoted(struct reader *s)
{
    do
        copy(s, 1);
    while (peek(s, 0) >= 0 && !(peek(s, 0) == '\\' && peek(s, 1) == 'E'));
    copy(s, 2);
}

/* \s has the vertical tab in PCRE and not in RE2. */
static void read_space(struct reader *s, bool is_space)
{
    static const char in_class[] = "\\t\\n\\x0b\\f\\r ";
    static const char not_in_class[] = "\\x00-\\x08\\x0e-\\x1f\\x21-\\x";

    if (s->in_class && is_space)
        buf_text(s->out, in_class);
    else if (s->in_class)
        buf_print(s->out, "%s%s", not_in_class, s->binary ? "ff" : "{10ffff}");
    else
        buf_print(s->out, "[%s%s]", is_space ? "" : "^", in_class);
    s->at += 2;
}

static void read_escape(struct reader *s)
{
    int c = peek(s, 1);

    if (c == 's' || c == 'S') {
        read_space(s, c == 's');
        return;
    }
    if (c == 'v' || c == 'C' || (c >= '1' && c <= '9'))
        refuse(s, c == 'v'   ? "\\x0b for the vertical tab: \\v is a class in PCRE"
                  : c == 'C' ? "no \\C: it takes characters apart"
                             : "no back-references; \\x.. or \\0.. for a character's number");
    if (!s->in_class && c == 'Z') {
        read_dollar(s, "(?-m:$)", 2);
        return;
    }
    if (!s->in_class && c == 'Q') {
        read_quoted(s);
        return;
    }
    s->end = s->end || (!s->in_class && c == 'z');
    copy(s, 2);
}

/* [:alpha:] and its like are whole items of a class; [.x.] and [=x=] no PCRE has. */
static void read_bracket_in_class(struct reader *s)
{
    int c = peek(s, 1);

    if (c == '.' || c == '=')
        refuse(s, "no collating elements");
    copy(s, 1);
    if (c != ':')
        return;
    while (peek(s, 0) >= 0 && !(peek(s, 0) == ':' && peek(s, 1) == ']') && peek(s, 0) != ']')
        copy(s, 1);
    if (peek(s, 0) == ':')
        copy(s, 2);
}

static void read_class(struct reader *s)
{
    size_t head = class_head(s->in, s->at + 1);

    copy(s, head - s->at);
    s->in_class = true;
    while (peek(s, 0) >= 0 && peek(s, 0) != ']')
        if (peek(s, 0) == '\\')
            read_escape(s);
        else if (peek(s, 0) == '[')
            read_bracket_in_class(s);
        else
            copy(s, 1);
    s->in_class = false;
    copy(s, 1);
}

bool regex_translate(struct bytes pcre, bool binary, struct buf *out, bool *dollar,
                     const char **why)
{
    struct reader s = {.in = pcre, .out = out, .binary = binary};

    while (peek(&s, 0) >= 0) {
        int c = peek(&s, 0);

        if (c == '{' && peek(&s, 1) == ',')
            refuse(&s, "{0,n}: {,n} is not the same everywhere");
        if (c == '\\')
            read_escape(&s);
        else if (c == '[')
            read_class(&s);
        else if (c == '$')
            read_dollar(&s, "$", 1);
        else
            copy(&s, 1);
    }
    if (s.dollar && s.end)
        refuse(&s, "$ or \\z, not both");
    *dollar = s.dollar;
    *why = s.why;
    return s.why == NULL;
}

/* UTF-8 below U+0100 to one byte a character; false if there is another. */
static bool to_latin1(struct buf *text)
{
    size_t to = 0;

    for (size_t i = 0; i < text->len; i++) {
        uint8_t c = text->data[i];

        if (c >= 0xc4)
            return false;
        if (c >= 0xc2)
            c = (uint8_t)(c << 6 | (text->data[++i] & 0x3f));
        text->data[to++] = c;
    }
    text->len = to;
    return true;
}

bool regex_read(struct bytes pcre, bool binary, struct regex **out, const char **why)
{
    struct buf text = {0};
    bool dollar, good = regex_translate(pcre, binary, &text, &dollar, why);

    *out = NULL;
    if (good && (!binary || to_latin1(&text))) {
        buf_need(&text, 1);
        *out = regex_compile(text.data, text.len, binary, why);
        good = *out != NULL;
        if (good)
            regex_ends_line(*out, dollar);
    }
    buf_done(&text);
    return good;
}

bool regex_matches(const struct regex *r, struct bytes text)
{
    if (regex_find(r, text.data, text.len))
        return true;
    return regex_is_ending_line(r) && text.len > 0 && text.data[text.len - 1] == '\n' &&
           regex_find(r, text.data, text.len - 1);
}
