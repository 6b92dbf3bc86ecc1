#include "stix/envelope.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/cursor.h"
#include "base/memory.h"
#include "stix/object.h"

enum member {
    MEMBER_OTHER = 0,
    MEMBER_OBJECTS,
    MEMBER_TYPE,
    MEMBER_MORE,
    MEMBER_NEXT,
    MEMBER_COUNT,
};

static const char *const members[MEMBER_COUNT] = {
    [MEMBER_OBJECTS] = "objects",
    [MEMBER_TYPE] = "type",
    [MEMBER_MORE] = "more",
    [MEMBER_NEXT] = "next",
};

struct cutting {
    struct cursor in;
    struct envelope *out;
    size_t room;
    bool seen[MEMBER_COUNT];
};

static uint8_t peek(struct cursor *c)
{
    static const char blank[] = " \t\r\n";

    while (cursor_left(c) > 0 && memchr(blank, c->over.data[c->at], sizeof blank - 1) != NULL)
        c->at++;
    return cursor_left(c) > 0 ? c->over.data[c->at] : 0;
}

static void expect(struct cursor *c, uint8_t byte)
{
    uint8_t found = peek(c);

    if (found != byte)
        cursor_fail(c, cursor_left(c) == 0 ? FAULT_SHORT : FAULT_SYNTAX, c->at);
    else
        c->at++;
}

/* A string's bytes between its quotes. Escapes are stepped over, not read. */
static struct bytes string_cut(struct cursor *c)
{
    size_t from;

    expect(c, '"');
    from = c->at;
    while (cursor_left(c) > 0 && c->over.data[c->at] != '"')
        c->at += c->over.data[c->at] == '\\' && cursor_left(c) > 1 ? 2 : 1;
    if (cursor_left(c) == 0) {
        cursor_fail(c, FAULT_SHORT, c->over.len);
        return bytes_of("", 0);
    }
    return bytes_of(c->over.data + from, c->at++ - from);
}

/* A container to the bracket that closes it; which kind of bracket is checked by who reads it. */
static void container_skip(struct cursor *c)
{
    unsigned depth = 0;

    do {
        uint8_t byte = c->over.data[c->at];

        if (byte == '"') {
            string_cut(c);
            continue;
        }
        if (byte == '{' || byte == '[')
            depth++;
        else if (byte == '}' || byte == ']')
            depth--;
        c->at++;
        if (depth > OBJECT_DEPTH + 1)
            cursor_fail(c, FAULT_LIMIT, c->at);
    } while (depth > 0 && cursor_left(c) > 0);
    if (depth > 0)
        cursor_fail(c, FAULT_SHORT, c->over.len);
}

static bool ends_scalar(uint8_t byte)
{
    return byte == ',' || byte == '}' || byte == ']' || byte <= ' ';
}

/* Any JSON value, as its bytes. */
static struct bytes value_cut(struct cursor *c)
{
    uint8_t first = peek(c);
    size_t from = c->at;

    if (first == '"')
        string_cut(c);
    else if (first == '{' || first == '[')
        container_skip(c);
    else
        while (cursor_left(c) > 0 && !ends_scalar(c->over.data[c->at]))
            c->at++;
    if (c->at == from)
        cursor_fail(c, cursor_left(c) == 0 ? FAULT_SHORT : FAULT_SYNTAX, from);
    return bytes_of(c->over.data + from, c->at - from);
}

static void object_add(struct cutting *x, struct bytes object)
{
    struct envelope *e = x->out;

    if (e->count == ENVELOPE_OBJECTS) {
        cursor_fail(&x->in, FAULT_LIMIT, x->in.at);
        return;
    }
    if (e->count == x->room) {
        x->room = x->room == 0 ? 64 : 2 * x->room;
        e->object = memory_resize(e->object, x->room, sizeof *e->object);
    }
    e->object[e->count++] = object;
}

static void objects_cut(struct cutting *x)
{
    struct cursor *c = &x->in;

    expect(c, '[');
    if (peek(c) == ']') {
        c->at++;
        return;
    }
    while (cursor_ok(c)) {
        object_add(x, value_cut(c));
        if (peek(c) != ',')
            break;
        c->at++;
    }
    expect(c, ']');
}

/* A member that is not ours to read must still be JSON. */
static void check_value(struct cursor *c, struct bytes value)
{
    size_t end = c->at;
    json_t *v;

    if (!cursor_ok(c))
        return;
    v = json_loadb((const char *)value.data, value.len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES,
                   NULL);
    if (v == NULL)
        cursor_fail(c, FAULT_SYNTAX, end - value.len);
    json_decref(v);
}

static enum member member_of(struct bytes name)
{
    for (enum member m = MEMBER_OBJECTS; m < MEMBER_COUNT; m++)
        if (bytes_is(name, members[m]))
            return m;
    return MEMBER_OTHER;
}

static struct bytes unquoted(struct bytes text)
{
    bool quoted = text.len >= 2 && text.data[0] == '"';

    return quoted ? bytes_of(text.data + 1, text.len - 2) : bytes_of("", 0);
}

static void member_cut(struct cutting *x)
{
    size_t at = x->in.at;
    enum member m = member_of(string_cut(&x->in));
    struct bytes value;

    expect(&x->in, ':');
    if (m != MEMBER_OTHER && x->seen[m])
        cursor_fail(&x->in, FAULT_DUPLICATE, at);
    x->seen[m] = true;
    if (m == MEMBER_OBJECTS) {
        objects_cut(x);
        return;
    }
    value = value_cut(&x->in);
    check_value(&x->in, value);
    if (m == MEMBER_TYPE)
        x->out->bundle = bytes_is(value, "\"bundle\"");
    else if (m == MEMBER_MORE)
        x->out->more = bytes_is(value, "true");
    else if (m == MEMBER_NEXT)
        x->out->next = unquoted(value);
    if (m == MEMBER_MORE && !x->out->more && !bytes_is(value, "false"))
        x->out->odd = true;
    if (m == MEMBER_NEXT && (value.len == 0 || value.data[0] != '"'))
        x->out->odd = true;
}

static void envelope_cut(struct cutting *x)
{
    struct cursor *c = &x->in;

    expect(c, '{');
    if (peek(c) == '}')
        c->at++;
    else {
        while (cursor_ok(c)) {
            peek(c);
            member_cut(x);
            if (peek(c) != ',')
                break;
            c->at++;
        }
        expect(c, '}');
    }
    peek(c);
    cursor_end(c);
}

struct fault envelope_parse(struct bytes text, struct envelope *out)
{
    struct envelope e = {.next = bytes_of("", 0)};
    struct cutting x = {.in = cursor_over(text, "TAXII 2.1 section 3.7: envelope"), .out = &e};

    if (text.len > ENVELOPE_MAX)
        return fault_make(FAULT_LIMIT, ENVELOPE_MAX, "an envelope of at most 5 MiB");
    envelope_cut(&x);
    if (fault_is(x.in.fault)) {
        envelope_done(&e);
        return x.in.fault;
    }
    *out = e;
    return x.in.fault;
}

void envelope_done(struct envelope *e)
{
    free(e->object);
    e->object = NULL;
    e->count = 0;
}
