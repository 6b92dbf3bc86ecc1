#include "json/walk.h"

struct walk walk_over(struct bytes text, const char *rule)
{
    return (struct walk){.in = cursor_over(text, rule)};
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The first byte behind blanks, which are passed; 0 at the end. */
static uint8_t peek(struct cursor *c)
{
    size_t from = c->at;

    while (cursor_left(c) > 0 && is_blank(c->over.data[c->at])) {
        c->at++;
        if (c->at - from > WALK_RUN)
            cursor_fail(c, FAULT_LIMIT, from);
    }
    return cursor_left(c) > 0 ? c->over.data[c->at] : 0;
}

static void unexpected(struct cursor *c)
{
    cursor_fail(c, cursor_left(c) == 0 ? FAULT_SHORT : FAULT_SYNTAX, c->at);
}

static void expect(struct cursor *c, uint8_t byte)
{
    if (peek(c) == byte)
        c->at++;
    else
        unexpected(c);
}

/* Is the quote at `end` of the text that begins at `from` preceded by an odd run of backslashes? */
static bool is_escaped(const uint8_t *from, const uint8_t *end)
{
    const uint8_t *p = end;

    while (p > from && p[-1] == '\\')
        p--;
    return (end - p) % 2 != 0;
}

/* A text's bytes between its quotes. */
static struct bytes take_text(struct cursor *c)
{
    const uint8_t *from, *end;

    expect(c, '"');
    if (!cursor_ok(c))
        return bytes_of("", 0);
    from = end = c->over.data + c->at;
    while ((end = memchr(end, '"', (size_t)(c->over.data + c->over.len - end))) != NULL &&
           is_escaped(from, end))
        end++;
    if (end == NULL) {
        cursor_fail(c, FAULT_SHORT, c->over.len);
        return bytes_of("", 0);
    }
    c->at += (size_t)(end - from) + 1;
    return bytes_of(from, (size_t)(end - from));
}

static bool is_word(struct bytes word)
{
    static const char number[] = "0123456789+-.eE";

    if (bytes_is(word, "true") || bytes_is(word, "false") || bytes_is(word, "null"))
        return true;
    for (size_t i = 0; i < word.len; i++)
        if (memchr(number, word.data[i], sizeof number - 1) == NULL)
            return false;
    return word.len > 0 && word.data[word.len - 1] <= '9' &&
           (word.data[0] == '-' || word.data[0] >= '0');
}

static struct bytes take_word(struct cursor *c)
{
    size_t from = c->at, end = from;
    struct bytes word;

    while (end < c->over.len && end - from <= WALK_RUN && c->over.data[end] > ' ' &&
           memchr(",:]}[{\"", c->over.data[end], 7) == NULL)
        end++;
    word = bytes_of(c->over.data + from, end - from);
    if (word.len > WALK_RUN)
        cursor_fail(c, FAULT_LIMIT, from);
    else if (end == c->over.len) /* within a container there is more to come */
        cursor_fail(c, FAULT_SHORT, end);
    else if (!is_word(word))
        unexpected(c);
    else
        c->at = end;
    return word;
}

static void open_container(struct walk *w, bool list)
{
    if (w->depth == WALK_DEPTH) {
        cursor_fail(&w->in, FAULT_LIMIT, w->in.at);
        return;
    }
    w->in.at++;
    w->lists = (w->lists & ~(1ULL << w->depth)) | (uint64_t)list << w->depth;
    w->depth++;
    w->filled = false;
}

static bool in_list(const struct walk *w)
{
    return w->depth > 0 && (w->lists >> (w->depth - 1) & 1) != 0;
}

static void take_value(struct walk *w, struct walk_token *out)
{
    uint8_t first = peek(&w->in);

    out->at = w->in.at;
    w->filled = true;
    if (first == '{' || first == '[') {
        out->kind = first == '[' ? WALK_LIST : WALK_OBJECT;
        open_container(w, first == '[');
    } else if (first == '"') {
        out->kind = WALK_TEXT;
        out->bytes = take_text(&w->in);
    } else {
        out->kind = WALK_WORD;
        out->bytes = take_word(&w->in);
    }
}

/* The next of a container's items, or its end. */
static void take_item(struct walk *w, struct walk_token *out)
{
    uint8_t first = peek(&w->in);

    if (first == (in_list(w) ? ']' : '}')) {
        out->kind = WALK_CLOSE;
        out->at = w->in.at++;
        w->depth--;
        w->filled = true;
        return;
    }
    if (w->filled)
        expect(&w->in, ',');
    if (!in_list(w)) {
        out->key = take_text(&w->in);
        expect(&w->in, ':');
    }
    take_value(w, out);
}

bool walk_next(struct walk *w, struct walk_token *out)
{
    *out = (struct walk_token){.key = bytes_of("", 0), .bytes = bytes_of("", 0)};
    if (w->depth > 0) {
        take_item(w, out);
    } else if (w->begun) {
        if (peek(&w->in) != 0 || cursor_left(&w->in) > 0)
            cursor_end(&w->in);
        return false;
    } else {
        w->begun = true;
        if (peek(&w->in) != '{' && peek(&w->in) != '[')
            unexpected(&w->in);
        take_value(w, out);
    }
    return cursor_ok(&w->in);
}
