#include "json/member.h"

#include <stdarg.h>

#include "base/bytes.h"
#include "base/text.h"
#include "json/profile.h"

struct reader reader_over(const json_t *tree, const char *rule)
{
    return (struct reader){.tree = tree, .rule = rule};
}

struct member member_root(struct reader *in)
{
    return (struct member){.in = in, .value = in->tree};
}

/* Lines that a value takes in the indented form. jansson's iterators want a tree that may be
 * changed; nothing here changes it. */
static size_t lines_of(const json_t *v)
{
    json_t *object = json_is_object(v) ? (json_t *)(uintptr_t)v : NULL;
    size_t lines = 1 + (json_array_size(v) + json_object_size(v) != 0);

    for (size_t i = 0; i < json_array_size(v); i++)
        lines += lines_of(json_array_get(v, i));
    for (void *i = json_object_iter(object); i != NULL; i = json_object_iter_next(object, i))
        lines += lines_of(json_object_iter_value(i));
    return lines;
}

/* Lines of the members that stand before this one, as they are sorted. */
static size_t lines_before_name(const json_t *v, const char *name)
{
    json_t *object = json_is_object(v) ? (json_t *)(uintptr_t)v : NULL;
    size_t lines = 0;

    for (void *i = json_object_iter(object); i != NULL; i = json_object_iter_next(object, i))
        if (strcmp(json_object_iter_key(i), name) < 0)
            lines += lines_of(json_object_iter_value(i));
    return lines;
}

static size_t line_of(const struct member *m)
{
    size_t line;

    if (m->up == NULL)
        return 1;
    line = line_of(m->up) + 1;
    if (m->name != NULL)
        return line + lines_before_name(m->up->value, m->name);
    for (size_t i = 0; i < m->index; i++)
        line += lines_of(json_array_get(m->up->value, i));
    return line;
}

/* Appends the path of m at `at`; returns the length, at most size - 1. */
static size_t path_write(const struct member *m, char *out, size_t size)
{
    size_t at;
    int n;

    if (m->up == NULL)
        return 0;
    at = path_write(m->up, out, size);
    if (m->name == NULL)
        n = snprintf(out + at, size - at, "[%zu]", m->index);
    else
        n = snprintf(out + at, size - at, "%s%s", at == 0 ? "" : ".", m->name);
    at += n < 0 ? 0 : (size_t)n;
    return at < size ? at : size - 1;
}

void member_fail(const struct member *m, enum fault_kind kind, const char *why, ...)
{
    struct reader *in = m->in;
    va_list args;

    if (!reader_ok(in))
        return;
    in->fault = fault_make(kind, 0, in->rule);
    in->line = line_of(m);
    path_write(m, in->path, sizeof in->path);
    va_start(args, why);
    vsnprintf(in->why, sizeof in->why, why, args);
    va_end(args);
}

/* Nothing is read once there is a fault. */
static const json_t *value_of(const struct member *m)
{
    return reader_ok(m->in) ? m->value : NULL;
}

static bool member_is(const struct member *m, bool is, const char *type)
{
    if (reader_ok(m->in) && !is)
        member_fail(m, FAULT_SYNTAX, "this must be %s", type);
    return reader_ok(m->in);
}

bool member_has(const struct member *object, const char *name)
{
    return json_object_get(value_of(object), name) != NULL;
}

struct member member_if(const struct member *object, const char *name)
{
    const json_t *v = value_of(object);

    member_is(object, json_is_object(v), "an object");
    return (struct member){object->in, object, name, 0, json_object_get(v, name)};
}

struct member member_get(const struct member *object, const char *name)
{
    struct member m = member_if(object, name);

    if (m.value == NULL)
        member_fail(object, FAULT_MISSING, "the member \"%s\" is missing here", name);
    return m;
}

struct member member_object(const struct member *object, const char *name)
{
    struct member m = member_get(object, name);

    member_is(&m, json_is_object(m.value), "an object");
    return m;
}

struct member member_array(const struct member *object, const char *name, size_t min, size_t max)
{
    struct member m = member_get(object, name);
    size_t n = json_array_size(m.value);

    if (!member_is(&m, json_is_array(m.value), "a list"))
        return m;
    if (n < min)
        member_fail(&m, FAULT_RANGE, "this list has %zu items, but needs at least %zu", n, min);
    if (n > max)
        member_fail(&m, FAULT_RANGE, "this list has %zu items, but at most %zu are taken", n, max);
    return m;
}

size_t member_count(const struct member *array)
{
    return json_array_size(value_of(array));
}

struct member member_item(const struct member *array, size_t i)
{
    return (struct member){array->in, array, NULL, i, json_array_get(value_of(array), i)};
}

static bool is_among(const char *name, va_list names)
{
    va_list rest;
    const char *one;
    bool found = false;

    va_copy(rest, names);
    while (!found && (one = va_arg(rest, const char *)) != NULL)
        found = strcmp(one, name) == 0;
    va_end(rest);
    return found;
}

void member_only(const struct member *object, ...)
{
    const json_t *v = value_of(object);
    json_t *o = json_is_object(v) ? (json_t *)(uintptr_t)v : NULL;
    va_list names;

    va_start(names, object);
    for (void *i = json_object_iter(o); i != NULL; i = json_object_iter_next(o, i)) {
        struct member m = {object->in, object, json_object_iter_key(i), 0, NULL};

        if (!is_among(m.name, names))
            member_fail(&m, FAULT_EXTRA, "no member of this name belongs here");
    }
    va_end(names);
}

static struct bytes text_of(const json_t *v)
{
    return bytes_of(json_string_value(v), json_string_length(v));
}

const char *as_text(const struct member *m, size_t max)
{
    const json_t *v = value_of(m);
    size_t len = json_string_length(v);

    if (!member_is(m, json_is_string(v), "a text"))
        return "";
    if (len == 0 || len > max)
        member_fail(m, FAULT_RANGE, "this text has %zu bytes, but must have 1 to %zu", len, max);
    return reader_ok(m->in) ? json_string_value(v) : "";
}

const char *as_line(const struct member *m, size_t max)
{
    const char *text = as_text(m, max);

    if (strpbrk(text, "\n\t") != NULL)
        member_fail(m, FAULT_SYNTAX, "this text must be a single line without tabs");
    return reader_ok(m->in) ? text : "";
}

int64_t as_integer(const struct member *m, int64_t min, int64_t max)
{
    const json_t *v = value_of(m);
    int64_t n = json_integer_value(v);

    if (!member_is(m, json_is_integer(v), "a whole number"))
        return 0;
    if (n < min || n > max)
        member_fail(m, FAULT_RANGE, "%lld is not in %lld to %lld", (long long)n, (long long)min,
                    (long long)max);
    return reader_ok(m->in) ? n : 0;
}

bool as_flag(const struct member *m)
{
    const json_t *v = value_of(m);

    return member_is(m, json_is_boolean(v), "true or false") && json_is_true(v);
}

struct instant as_time(const struct member *m)
{
    const json_t *v = value_of(m);
    struct instant t = {0};

    if (!member_is(m, json_is_string(v), "a time"))
        return t;
    if (fault_is(instant_parse(text_of(v), &t)))
        member_fail(m, FAULT_SYNTAX, "this is not a time like 2026-11-25T09:00:00Z");
    return t;
}

void as_base64(const struct member *m, void *out, size_t len)
{
    const json_t *v = value_of(m);

    if (member_is(m, json_is_string(v), "a text in base64") && !base64_read(text_of(v), out, len))
        member_fail(m, FAULT_SYNTAX, "this is not base64 of %zu bytes", len);
    if (!reader_ok(m->in))
        memset(out, 0, len);
}

void as_hex(const struct member *m, void *out, size_t len)
{
    const json_t *v = value_of(m);

    if (member_is(m, json_is_string(v), "a text in hex") && !hex_read(text_of(v), out, len))
        member_fail(m, FAULT_SYNTAX, "this is not lower-case hex of %zu bytes", len);
    if (!reader_ok(m->in))
        memset(out, 0, len);
}

/* How much of a text a message shows: printable ASCII, at most 40 bytes. */
static int plain_length(struct bytes text)
{
    int n = 0;

    while (n < 40 && (size_t)n < text.len && text.data[n] >= 0x20 && text.data[n] < 0x7f)
        n++;
    return n;
}

size_t as_word(const struct member *m, const char *const *words)
{
    const json_t *v = value_of(m);

    if (!member_is(m, json_is_string(v), "a text"))
        return 0;
    for (size_t i = 0; words[i] != NULL; i++)
        if (bytes_is(text_of(v), words[i]))
            return i;
    member_fail(m, FAULT_UNKNOWN, "\"%.*s\" is none of the words that may stand here",
                plain_length(text_of(v)), json_string_value(v));
    return 0;
}

const char *member_text(const struct member *object, const char *name, size_t max)
{
    struct member m = member_get(object, name);

    return as_text(&m, max);
}

const char *member_line(const struct member *object, const char *name, size_t max)
{
    struct member m = member_get(object, name);

    return as_line(&m, max);
}

int64_t member_integer(const struct member *object, const char *name, int64_t min, int64_t max)
{
    struct member m = member_get(object, name);

    return as_integer(&m, min, max);
}

bool member_flag(const struct member *object, const char *name)
{
    struct member m = member_get(object, name);

    return as_flag(&m);
}

struct instant member_time(const struct member *object, const char *name)
{
    struct member m = member_get(object, name);

    return as_time(&m);
}

void member_base64(const struct member *object, const char *name, void *out, size_t len)
{
    struct member m = member_get(object, name);

    as_base64(&m, out, len);
}

void member_hex(const struct member *object, const char *name, void *out, size_t len)
{
    struct member m = member_get(object, name);

    as_hex(&m, out, len);
}

size_t member_word(const struct member *object, const char *name, const char *const *words)
{
    struct member m = member_get(object, name);

    return as_word(&m, words);
}
