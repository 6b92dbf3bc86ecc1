#include "stix/pattern.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "net/addr.h"

static const char rule[] = "STIX 2.1 section 9: patterning";

enum operator{
    OP_AND,
    OP_OR,
    OP_EQUAL,
    OP_LESS,
    OP_LESS_EQUAL,
    OP_GREATER,
    OP_GREATER_EQUAL,
    OP_IN,
    OP_LIKE,
    OP_ISSUBSET,
};

/* A comparison, or AND / OR over two nodes. Indices, so that the whole is one array. */
struct node {
    enum operator op;
    bool negated;
    uint16_t left, right; /* AND, OR */
    unsigned id;          /* comparison: the property */
    size_t first, count;  /* comparison: its constants */
    struct prefix subnet; /* ISSUBSET */
};

struct pattern {
    const struct pattern_vocabulary *words;
    struct node node[PATTERN_NODES];
    size_t nodes;
    uint16_t root;
    struct pattern_value *constant;
    size_t constants;
    char *text; /* the string constants' bytes */
    size_t text_len;
};

struct parser {
    struct bytes in;
    size_t at;
    unsigned depth;
    struct fault fault;
    const char *expected;
    struct pattern *p;
};

/* What a part of the expression stands for, and the kinds of object it can be true of: the
 * object types before the colon, a bit each. */
struct part {
    uint16_t node;
    uint64_t kinds;
};

static bool fail(struct parser *s, enum fault_kind kind, size_t at, const char *expected)
{
    if (!fault_is(s->fault)) {
        s->fault =
            fault_make(at >= s->in.len && kind == FAULT_SYNTAX ? FAULT_SHORT : kind, at, rule);
        s->expected = expected;
    }
    return false;
}

/* ---- words ---- */

static int peek(const struct parser *s, size_t n)
{
    return n < s->in.len - s->at ? s->in.data[s->at + n] : -1;
}

static bool space_one(struct parser *s)
{
    int c = peek(s, 0);
    size_t at = s->at;

    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        s->at++;
        return true;
    }
    if (c != '/' || (peek(s, 1) != '*' && peek(s, 1) != '/'))
        return false;
    if (peek(s, 1) == '/') {
        while (peek(s, 0) >= 0 && peek(s, 0) != '\n' && peek(s, 0) != '\r')
            s->at++;
        return true;
    }
    for (s->at += 2; peek(s, 0) >= 0; s->at++)
        if (peek(s, 0) == '*' && peek(s, 1) == '/') {
            s->at += 2;
            return true;
        }
    return fail(s, FAULT_SYNTAX, at, "the end of the comment");
}

static void space(struct parser *s)
{
    while (space_one(s))
        ;
}

static bool is_word_byte(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Takes the keyword if it stands here whole. Keywords are upper case (STIX 2.1 grammar). */
static bool keyword(struct parser *s, const char *word)
{
    size_t n = strlen(word);

    space(s);
    if (s->in.len - s->at < n || memcmp(s->in.data + s->at, word, n) != 0 ||
        is_word_byte(peek(s, n)))
        return false;
    s->at += n;
    return true;
}

static bool sign(struct parser *s, const char *text)
{
    size_t n = strlen(text);

    space(s);
    if (s->in.len - s->at < n || memcmp(s->in.data + s->at, text, n) != 0)
        return false;
    s->at += n;
    return true;
}

/* ---- constants ---- */

static bool read_string(struct parser *s, struct pattern_value *out)
{
    size_t from = s->at++, text = s->p->text_len, bad;
    int c;

    while ((c = peek(s, 0)) >= 0 && c != '\'') {
        if (c == '\\') {
            c = peek(s, 1);
            if (c != '\'' && c != '\\')
                return fail(s, FAULT_SYNTAX, s->at + 1, "\\' or \\\\");
            s->at++;
        }
        s->p->text[s->p->text_len++] = (char)c;
        s->at++;
    }
    if (c < 0)
        return fail(s, FAULT_SYNTAX, s->in.len, "the string's closing quote");
    s->at++;
    out->type = PATTERN_STRING;
    out->text = bytes_of(s->p->text + text, s->p->text_len - text);
    bad = utf8_bad(out->text);
    return bad == out->text.len || fail(s, FAULT_SYNTAX, from, "UTF-8");
}

static bool read_integer(struct parser *s, struct pattern_value *out)
{
    bool minus = peek(s, 0) == '-';
    size_t from = s->at + minus, n = 0;
    uint64_t v;

    while (peek(s, minus + n) >= '0' && peek(s, minus + n) <= '9')
        n++;
    if (peek(s, minus + n) == '.')
        return fail(s, FAULT_MISMATCH, s->at, "a whole number: no property here has fractions");
    if (!decimal_read(bytes_of(s->in.data + from, n), INT64_MAX, &v))
        return fail(s, n == 0 ? FAULT_SYNTAX : FAULT_RANGE, s->at, "a whole number");
    s->at = from + n;
    out->type = PATTERN_INTEGER;
    out->integer = minus ? -(int64_t)v : (int64_t)v;
    return true;
}

/* t'2020-01-01T00:00:00Z', with a fraction of up to 9 digits, of which 6 are kept. */
static bool read_time(struct parser *s, struct pattern_value *out)
{
    size_t from = s->at, at = from + 2;
    uint8_t whole[INSTANT_TEXT];
    struct instant t;
    int64_t us = 0, scale = 100000;

    if (s->in.len - at < INSTANT_TEXT)
        return fail(s, FAULT_SYNTAX, s->in.len, "a time t'YYYY-MM-DDThh:mm:ssZ'");
    memcpy(whole, s->in.data + at, INSTANT_TEXT - 1);
    whole[INSTANT_TEXT - 1] = 'Z';
    if (fault_is(instant_parse(bytes_of(whole, sizeof whole), &t)))
        return fail(s, FAULT_RANGE, from, "a time t'YYYY-MM-DDThh:mm:ssZ'");
    s->at = at + INSTANT_TEXT - 1;
    if (peek(s, 0) == '.')
        for (s->at++; peek(s, 0) >= '0' && peek(s, 0) <= '9'; s->at++, scale /= 10)
            us += (peek(s, 0) - '0') * scale;
    if (!sign(s, "Z'"))
        return fail(s, FAULT_SYNTAX, s->at, "Z' at the end of the time");
    out->type = PATTERN_TIME;
    out->integer = t.us + us;
    return true;
}

static bool read_constant(struct parser *s, struct pattern_value *out)
{
    static const char what[] = "a string, whole number, true, false or time";
    int c;

    space(s);
    c = peek(s, 0);
    *out = (struct pattern_value){PATTERN_NONE, 0, {NULL, 0}};
    if (c == '\'')
        return read_string(s, out);
    if (c == 't' && peek(s, 1) == '\'')
        return read_time(s, out);
    if (c == '-' || (c >= '0' && c <= '9'))
        return read_integer(s, out);
    if ((c == 'h' || c == 'b') && peek(s, 1) == '\'')
        return fail(s, FAULT_MISMATCH, s->at, "no property here is binary");
    out->type = PATTERN_BOOLEAN;
    out->integer = c == 't';
    return keyword(s, "true") || keyword(s, "false") || fail(s, FAULT_SYNTAX, s->at, what);
}

static bool add_constant(struct parser *s, enum pattern_type type, struct node *n)
{
    struct pattern_value v;
    size_t at;

    space(s);
    at = s->at;
    if (s->p->constants == PATTERN_CONSTANTS)
        return fail(s, FAULT_LIMIT, at, "at most 4096 constants");
    if (!read_constant(s, &v))
        return false;
    if (v.type != type)
        return fail(s, FAULT_MISMATCH, at, "a constant of the property's type");
    s->p->constant[s->p->constants++] = v;
    n->count++;
    return true;
}

/* ---- comparisons ---- */

static bool is_path_byte(int c)
{
    return is_word_byte(c) || c == '-' || c == ':' || c == '.' || c == '[' || c == ']' || c == '*';
}

/* Which kind of object a property is of: a bit for the first property that has the same type. */
static uint64_t kind_of(const struct pattern_vocabulary *words, size_t property)
{
    const char *path = words->list[property].path;
    size_t n = strcspn(path, ":") + 1;

    for (size_t i = 0; i < words->count; i++)
        if (strncmp(words->list[i].path, path, n) == 0)
            return (uint64_t)1 << i % 64;
    return 0;
}

static bool read_path(struct parser *s, const struct pattern_property **out, uint64_t *kinds)
{
    const struct pattern_vocabulary *words = s->p->words;
    size_t n = 0;

    space(s);
    while (is_path_byte(peek(s, n)))
        n++;
    for (size_t i = 0; i < words->count; i++)
        if (bytes_is(bytes_of(s->in.data + s->at, n), words->list[i].path)) {
            *out = &words->list[i];
            *kinds = kind_of(words, i);
            s->at += n;
            return true;
        }
    return fail(s, n == 0 ? FAULT_SYNTAX : FAULT_UNKNOWN, s->at,
                "a property that events have, as x-parley-event:x_service");
}

static bool read_operator(struct parser *s, struct node *n)
{
    static const struct {
        const char *text;
        enum operator op;
        bool negated;
    } signs[] = {
        {"==", OP_EQUAL, false},         {"=", OP_EQUAL, false},       {"!=", OP_EQUAL, true},
        {"<>", OP_EQUAL, true},          {"<=", OP_LESS_EQUAL, false}, {"<", OP_LESS, false},
        {">=", OP_GREATER_EQUAL, false}, {">", OP_GREATER, false},
    };

    n->negated = keyword(s, "NOT");
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (sign(s, signs[i].text)) {
            n->op = signs[i].op;
            n->negated ^= signs[i].negated;
            return true;
        }
    if (keyword(s, "MATCHES") || keyword(s, "ISSUPERSET") || keyword(s, "EXISTS"))
        return fail(s, FAULT_UNKNOWN, s->at, "an operator of = != < <= > >= IN LIKE ISSUBSET");
    n->op = keyword(s, "IN") ? OP_IN : keyword(s, "LIKE") ? OP_LIKE : OP_ISSUBSET;
    return n->op != OP_ISSUBSET || keyword(s, "ISSUBSET") ||
           fail(s, FAULT_SYNTAX, s->at, "an operator of = != < <= > >= IN LIKE ISSUBSET");
}

static bool read_set(struct parser *s, enum pattern_type type, struct node *n)
{
    if (!sign(s, "("))
        return fail(s, FAULT_SYNTAX, s->at, "( before the set");
    do {
        if (!add_constant(s, type, n))
            return false;
    } while (sign(s, ","));
    return sign(s, ")") || fail(s, FAULT_SYNTAX, s->at, ", or ) in the set");
}

/* ISSUBSET's constant: a prefix, or one address. */
static bool read_subnet(struct parser *s, struct node *n)
{
    struct bytes text = s->p->constant[n->first].text;
    struct addr a;

    if (!fault_is(prefix_parse(text, &n->subnet)))
        return true;
    if (fault_is(addr_parse(text, &a)))
        return fail(s, FAULT_RANGE, s->at, "an address or prefix before here");
    n->subnet = (struct prefix){a, 128};
    return true;
}

static bool add_node(struct parser *s, struct node n, uint16_t *out)
{
    if (s->p->nodes == PATTERN_NODES)
        return fail(s, FAULT_LIMIT, s->at, "at most 1024 comparisons and joints");
    *out = (uint16_t)s->p->nodes;
    s->p->node[s->p->nodes++] = n;
    return true;
}

static bool orders(enum operator op)
{
    return op >= OP_LESS && op <= OP_GREATER_EQUAL;
}

static bool read_comparison(struct parser *s, struct part *out)
{
    const struct pattern_property *property = NULL;
    struct node n = {.first = s->p->constants};
    size_t at;

    if (!read_path(s, &property, &out->kinds) || !read_operator(s, &n))
        return false;
    at = s->at;
    n.id = property->id;
    if (property->type == PATTERN_BOOLEAN && orders(n.op))
        return fail(s, FAULT_MISMATCH, at, "= or !=: true and false have no order");
    if (property->type != PATTERN_STRING && (n.op == OP_LIKE || n.op == OP_ISSUBSET))
        return fail(s, FAULT_MISMATCH, at, "a property that is a string before LIKE, ISSUBSET");
    if (n.op == OP_IN ? !read_set(s, property->type, &n) : !add_constant(s, property->type, &n))
        return false;
    return (n.op != OP_ISSUBSET || read_subnet(s, &n)) && add_node(s, n, &out->node);
}

static bool read_or(struct parser *s, struct part *out);

static bool read_term(struct parser *s, struct part *out)
{
    if (!sign(s, "("))
        return read_comparison(s, out);
    if (++s->depth > PATTERN_DEPTH)
        return fail(s, FAULT_LIMIT, s->at, "at most 32 parentheses in one another");
    if (!read_or(s, out))
        return false;
    s->depth--;
    return sign(s, ")") || fail(s, FAULT_SYNTAX, s->at, "AND, OR or )");
}

/* AND binds tighter than OR. Both sides of an AND must be about the same object. */
static bool read_and(struct parser *s, struct part *out)
{
    if (!read_term(s, out))
        return false;
    while (keyword(s, "AND")) {
        struct part more = {0, 0};

        if (!read_term(s, &more))
            return false;
        out->kinds &= more.kinds;
        if (out->kinds == 0)
            return fail(s, FAULT_MISMATCH, s->at, "AND over one type of object");
        if (!add_node(s, (struct node){.op = OP_AND, .left = out->node, .right = more.node},
                      &out->node))
            return false;
    }
    return true;
}

static bool read_or(struct parser *s, struct part *out)
{
    if (!read_and(s, out))
        return false;
    while (keyword(s, "OR")) {
        struct part more = {0, 0};

        if (!read_and(s, &more) ||
            !add_node(s, (struct node){.op = OP_OR, .left = out->node, .right = more.node},
                      &out->node))
            return false;
        out->kinds |= more.kinds;
    }
    return true;
}

static bool read_observation(struct parser *s)
{
    struct part whole = {0, 0};

    if (!sign(s, "["))
        return fail(s, FAULT_SYNTAX, s->at, "[");
    if (!read_or(s, &whole))
        return false;
    s->p->root = whole.node;
    if (!sign(s, "]"))
        return fail(s, FAULT_SYNTAX, s->at, "AND, OR or ]");
    space(s);
    if (s->at == s->in.len)
        return true;
    if (keyword(s, "FOLLOWEDBY") || keyword(s, "REPEATS") || keyword(s, "WITHIN") ||
        keyword(s, "START") || keyword(s, "AND") || keyword(s, "OR"))
        return fail(s, FAULT_UNKNOWN, s->at, "one observation without qualifiers");
    return fail(s, FAULT_EXTRA, s->at, "nothing after ]");
}

struct fault pattern_parse(struct bytes text, const struct pattern_vocabulary *words,
                           struct pattern **out, struct pattern_error *error)
{
    struct parser s = {.in = text};

    if (text.len > PATTERN_MAX) {
        s.fault = fault_make(FAULT_LIMIT, PATTERN_MAX, rule);
        s.expected = "at most 16384 bytes";
    } else {
        s.p = memory_zeroed(1, sizeof *s.p);
        s.p->words = words;
        s.p->text = memory_new(text.len + 1);
        s.p->constant = memory_new(PATTERN_CONSTANTS * sizeof *s.p->constant);
        (void)(read_observation(&s) && !fault_is(s.fault));
    }
    if (fault_is(s.fault)) {
        pattern_free(s.p);
        if (error != NULL)
            *error = (struct pattern_error){s.fault.at + 1, s.expected};
        return s.fault;
    }
    s.p->constant = memory_resize(s.p->constant, s.p->constants + 1, sizeof *s.p->constant);
    *out = s.p;
    return fault_none();
}

void pattern_free(struct pattern *p)
{
    if (p == NULL)
        return;
    free(p->constant);
    free(p->text);
    free(p);
}

/* ---- matching ---- */

/* STIX 2.1 section 9.6, LIKE: % stands for any bytes, _ for one character. No backtracking tree:
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
            t = ++again;
        } else {
            return false;
        }
    }
    while (m < mask.len && mask.data[m] == '%')
        m++;
    return m == mask.len;
}

static int compare(const struct pattern_value *a, const struct pattern_value *b)
{
    if (a->type == PATTERN_STRING)
        return bytes_compare(a->text, b->text);
    return (a->integer > b->integer) - (a->integer < b->integer);
}

static bool in_subnet(struct bytes text, struct prefix subnet)
{
    struct addr a;

    return !fault_is(addr_parse(text, &a)) && prefix_has(subnet, a);
}

static bool holds(const struct pattern *p, const struct node *n, const struct pattern_value *v)
{
    const struct pattern_value *c = &p->constant[n->first];

    switch (n->op) {
    case OP_EQUAL:
        return compare(v, c) == 0;
    case OP_LESS:
        return compare(v, c) < 0;
    case OP_LESS_EQUAL:
        return compare(v, c) <= 0;
    case OP_GREATER:
        return compare(v, c) > 0;
    case OP_GREATER_EQUAL:
        return compare(v, c) >= 0;
    case OP_LIKE:
        return like(v->text, c->text);
    case OP_ISSUBSET:
        return in_subnet(v->text, n->subnet);
    default:
        for (size_t i = 0; i < n->count; i++)
            if (compare(v, &c[i]) == 0)
                return true;
        return false;
    }
}

/* True if it holds for one of the values the property has; a property without value is never
 * true, negated or not (STIX 2.1 section 9.6: the path must resolve). */
static bool compares(const struct pattern *p, const struct node *n, const void *object)
{
    char room[64];

    for (size_t nth = 0;; nth++) {
        struct pattern_value v = p->words->get(object, n->id, nth, room);

        if (v.type == PATTERN_NONE)
            return false;
        if (holds(p, n, &v) != n->negated)
            return true;
    }
}

static bool node_matches(const struct pattern *p, uint16_t at, const void *object)
{
    const struct node *n = &p->node[at];

    /* A child always stands before its parent in the array, so this ends. A chain of a thousand
     * ANDs leans to the left; that is as deep as it gets. */
    if (n->op == OP_AND)
        return node_matches(p, n->left, object) && node_matches(p, n->right, object);
    if (n->op == OP_OR)
        return node_matches(p, n->left, object) || node_matches(p, n->right, object);
    return compares(p, n, object);
}

bool pattern_matches(const struct pattern *p, const void *object)
{
    return node_matches(p, p->root, object);
}
