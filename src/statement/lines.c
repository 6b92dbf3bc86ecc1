#include "statement/lines.h"

#include "base/text.h"

static const struct bytes none = {(const uint8_t *)"", 0};

struct words lines_read(struct cursor *in, const char *label, size_t count)
{
    struct words w = {0, {none, none, none}};
    struct bytes line;
    size_t from = 0;

    cursor_expect(in, label);
    cursor_expect(in, " ");
    w.at = in->at;
    line = cursor_line(in);
    for (size_t i = 0; i < count && cursor_ok(in); i++) {
        size_t end = from;

        while (end < line.len && line.data[end] != ' ')
            end++;
        if (end == from || (i + 1 == count) != (end == line.len))
            cursor_fail(in, FAULT_SYNTAX, w.at + end);
        w.word[i] = bytes_of(line.data + from, end - from);
        from = end + 1;
    }
    return w;
}

static size_t place(const struct cursor *in, const struct words *w, size_t i)
{
    return (size_t)(w->word[i].data - in->over.data);
}

void lines_name(struct cursor *in, const struct words *w, size_t i, char out[ENTRY_NAME])
{
    if (cursor_ok(in) && (!name_is_safe(w->word[i]) || !bytes_to_text(w->word[i], out, ENTRY_NAME)))
        cursor_fail(in, FAULT_SYNTAX, place(in, w, i));
}

uint64_t lines_decimal(struct cursor *in, const struct words *w, size_t i, uint64_t min,
                       uint64_t max)
{
    uint64_t v = 0;

    if (!cursor_ok(in))
        return 0;
    if (!decimal_read(w->word[i], UINT64_MAX, &v))
        cursor_fail(in, FAULT_SYNTAX, place(in, w, i));
    else if (v < min || v > max)
        cursor_fail(in, FAULT_RANGE, place(in, w, i));
    return v;
}

void lines_digest(struct cursor *in, const struct words *w, size_t i, struct digest *out)
{
    if (cursor_ok(in) && !base64_read(w->word[i], out->byte, sizeof out->byte))
        cursor_fail(in, FAULT_SYNTAX, place(in, w, i));
}

struct instant lines_time(struct cursor *in, const struct words *w, size_t i)
{
    struct instant t = {0};
    struct fault f;

    if (!cursor_ok(in))
        return t;
    f = instant_parse(w->word[i], &t);
    if (fault_is(f))
        cursor_fail(in, f.kind == FAULT_SHORT || f.kind == FAULT_EXTRA ? FAULT_SYNTAX : f.kind,
                    place(in, w, i));
    return t;
}

void lines_put_digest(struct buf *out, const struct digest *d)
{
    buf_base64(out, d->byte, sizeof d->byte);
}

void lines_put_time(struct buf *out, struct instant t)
{
    char text[INSTANT_TEXT + 1];

    instant_write(t, text);
    buf_text(out, text);
}
