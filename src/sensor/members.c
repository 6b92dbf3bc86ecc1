#include "sensor/members.h"

#include "base/text.h"

static const char rule[] = "RFC 8259: one JSON object a line";

struct walk {
    const uint8_t *start, *p, *end;
    struct fault fault;
};

static bool fail(struct walk *w, enum fault_kind kind, const uint8_t *at)
{
    if (!fault_is(w->fault))
        w->fault = fault_make(kind, (size_t)(at - w->start), rule);
    return false;
}

static bool fail_here(struct walk *w)
{
    return fail(w, w->p >= w->end ? FAULT_SHORT : FAULT_SYNTAX, w->p);
}

static void space(struct walk *w)
{
    while (w->p < w->end && (*w->p == ' ' || *w->p == '\t' || *w->p == '\r' || *w->p == '\n'))
        w->p++;
}

static bool is_hex(uint8_t c)
{
    return (uint8_t)(c - '0') <= 9 || (uint8_t)((c | 32) - 'a') <= 5;
}

/* At a backslash. */
static bool escape(struct walk *w)
{
    if (++w->p >= w->end)
        return fail_here(w);
    if (*w->p != 'u')
        return memchr("\"\\/bfnrt", *w->p, 8) != NULL ? (w->p++, true) : fail_here(w);
    w->p++;
    for (int i = 0; i < 4; i++, w->p++)
        if (w->p >= w->end || !is_hex(*w->p))
            return fail_here(w);
    return true;
}

/* At the opening quote. */
static bool string(struct walk *w, struct bytes *out)
{
    const uint8_t *from = ++w->p;
    bool wide = false;
    size_t bad;

    for (;;) {
        if (w->p >= w->end || *w->p < 0x20)
            return fail_here(w);
        if (*w->p == '"')
            break;
        if (*w->p == '\\') {
            if (!escape(w))
                return false;
            continue;
        }
        wide |= *w->p++ >= 0x80;
    }
    *out = bytes_of(from, (size_t)(w->p - from));
    bad = wide ? utf8_bad(*out) : out->len;
    if (bad != out->len)
        return fail(w, FAULT_SYNTAX, from + bad);
    w->p++;
    return true;
}

static bool digits(struct walk *w)
{
    const uint8_t *from = w->p;

    while (w->p < w->end && (uint8_t)(*w->p - '0') <= 9)
        w->p++;
    return w->p != from || fail_here(w);
}

/* RFC 8259 section 6. */
static bool number(struct walk *w)
{
    const uint8_t *from;

    w->p += *w->p == '-';
    from = w->p;
    if (!digits(w))
        return false;
    if (*from == '0' && w->p - from > 1)
        return fail(w, FAULT_SYNTAX, from);
    if (w->p < w->end && *w->p == '.' && (w->p++, !digits(w)))
        return false;
    if (w->p >= w->end || (*w->p | 32) != 'e')
        return true;
    w->p++;
    w->p += w->p < w->end && (*w->p == '+' || *w->p == '-');
    return digits(w);
}

static bool word(struct walk *w)
{
    const char *expected = *w->p == 't' ? "true" : *w->p == 'f' ? "false" : "null";

    for (; *expected != '\0'; expected++, w->p++)
        if (w->p >= w->end || *w->p != (uint8_t)*expected)
            return fail_here(w);
    return true;
}

static bool scalar(struct walk *w)
{
    struct bytes ignored;

    if (w->p >= w->end)
        return fail_here(w);
    if (*w->p == '"')
        return string(w, &ignored);
    if (*w->p == '-' || (uint8_t)(*w->p - '0') <= 9)
        return number(w);
    return *w->p == 't' || *w->p == 'f' || *w->p == 'n' ? word(w) : fail_here(w);
}

static bool key(struct walk *w, struct bytes *out)
{
    space(w);
    if (w->p >= w->end || *w->p != '"')
        return fail_here(w);
    if (!string(w, out))
        return false;
    space(w);
    return w->p < w->end && *w->p == ':' ? (w->p++, true) : fail_here(w);
}

/* Past a value with all that is in it. What is open stands in `objects`, a bit a level. */
static bool value(struct walk *w)
{
    uint64_t objects = 0;
    unsigned depth = 0;
    struct bytes ignored;

    for (;;) {
        space(w);
        if (w->p < w->end && (*w->p == '{' || *w->p == '[')) {
            bool object = *w->p == '{';

            if (depth == MEMBERS_DEPTH - 1)
                return fail(w, FAULT_LIMIT, w->p);
            w->p++;
            space(w);
            if (w->p >= w->end || *w->p != (object ? '}' : ']')) {
                objects = objects << 1 | object;
                depth++;
                if (object && !key(w, &ignored))
                    return false;
                continue;
            }
            w->p++;
        } else if (!scalar(w)) {
            return false;
        }
        for (;; w->p++) { /* a value has ended: close what closes here */
            if (depth == 0)
                return true;
            space(w);
            if (w->p >= w->end || *w->p != ((objects & 1) != 0 ? '}' : ']'))
                break;
            objects >>= 1;
            depth--;
        }
        if (w->p >= w->end || *w->p != ',')
            return fail_here(w);
        w->p++;
        if ((objects & 1) != 0 && !key(w, &ignored))
            return false;
    }
}

static bool member(struct walk *w, members_take *take, void *context)
{
    struct member_text m;
    const uint8_t *at;

    space(w);
    at = w->p;
    if (!key(w, &m.name))
        return false;
    space(w);
    m.string = w->p < w->end && *w->p == '"';
    m.value = bytes_of(w->p, 0);
    if (m.string ? !string(w, &m.value) : !value(w))
        return false;
    if (!m.string)
        m.value.len = (size_t)(w->p - m.value.data);
    return take(context, &m) || fail(w, FAULT_DUPLICATE, at);
}

/* From behind the opening brace to behind the closing one. */
static bool object(struct walk *w, members_take *take, void *context)
{
    space(w);
    if (w->p < w->end && *w->p == '}')
        return w->p++, true;
    for (;;) {
        if (!member(w, take, context))
            return false;
        space(w);
        if (w->p < w->end && *w->p == '}')
            return w->p++, true;
        if (w->p >= w->end || *w->p != ',')
            return fail_here(w);
        w->p++;
    }
}

struct fault members_read(struct bytes line, members_take *take, void *context)
{
    struct walk w = {line.data, line.data, line.data + line.len, {FAULT_NONE, 0, NULL}};

    space(&w);
    if (w.p >= w.end || *w.p != '{') {
        fail_here(&w);
        return w.fault;
    }
    w.p++;
    if (object(&w, take, context)) {
        space(&w);
        if (w.p != w.end)
            fail(&w, FAULT_EXTRA, w.p);
    }
    return w.fault;
}
