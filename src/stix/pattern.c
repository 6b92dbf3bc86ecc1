/* pattern.c - observations, their operators and qualifiers; the finished pattern; asking it of an
 * object of a vocabulary. */
#include "stix/pattern.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "stix/grammar.h"
#include "stix/regex.h"

static const char rule[] = "STIX 2.1 section 9: patterning";

/* ---- observations ---- */

static bool read_followed(struct draft *d, uint16_t *out);

static bool add_part(struct draft *d, struct part part, uint16_t *out)
{
    if (d->p.parts == d->parts_room)
        return lexer_fail(&d->in, FAULT_LIMIT, d->in.at,
                          "at most 1024 observations, operators and qualifiers");
    *out = d->p.parts;
    d->p.part[d->p.parts++] = part;
    return true;
}

/* Objects of a vocabulary are asked one by one: what needs two of them would never match. */
static bool check_one(struct draft *d, size_t at)
{
    return d->p.words == NULL ||
           lexer_fail(&d->in, FAULT_UNKNOWN, at,
                      "what one event can meet: no AND, FOLLOWEDBY or REPEATS between events");
}

static bool read_repeats(struct draft *d, size_t at, struct part *out)
{
    out->kind = PART_REPEATS;
    if (!lexer_integer(&d->in, 0, PATTERN_REPEATS, "a whole number above 0", &out->count))
        return false;
    if (out->count == 0)
        return lexer_fail(&d->in, FAULT_RANGE, d->in.at - 1, "a whole number above 0");
    if (!lexer_keyword(&d->in, "TIMES"))
        return lexer_fail(&d->in, FAULT_SYNTAX, d->in.at, "TIMES");
    return out->count == 1 || check_one(d, at);
}

static bool read_within(struct draft *d, struct part *out)
{
    out->kind = PART_WITHIN;
    return lexer_seconds(&d->in, &out->seconds, &out->nanos) &&
           (lexer_keyword(&d->in, "SECONDS") ||
            lexer_fail(&d->in, FAULT_SYNTAX, d->in.at, "SECONDS"));
}

static bool read_span(struct draft *d, size_t at, struct part *out)
{
    out->kind = PART_SPAN;
    if (d->p.words != NULL && d->p.words->time == NULL)
        return lexer_fail(&d->in, FAULT_UNKNOWN, at, "no START: these objects have no time");
    return lexer_time(&d->in, &out->start) &&
           (lexer_keyword(&d->in, "STOP") || lexer_fail(&d->in, FAULT_SYNTAX, d->in.at, "STOP")) &&
           lexer_time(&d->in, &out->stop);
}

/* Takes one qualifier if one stands here; *kind is PART_LEAF if none does. */
static bool read_qualifier(struct draft *d, struct part *out, size_t *at)
{
    out->kind = PART_LEAF;
    lexer_space(&d->in);
    *at = d->in.at;
    if (lexer_keyword(&d->in, "REPEATS"))
        return read_repeats(d, *at, out);
    if (lexer_keyword(&d->in, "WITHIN"))
        return read_within(d, out);
    return !lexer_keyword(&d->in, "START") || read_span(d, *at, out);
}

/* "An observation expression has at most one qualifier of a kind": *seen is a bit for each, or
 * NULL behind ")", where the next level begins. */
static bool read_qualifiers(struct draft *d, bool is_simple, uint16_t *out)
{
    unsigned seen = 0;

    for (;;) {
        struct part part = {.left = *out};
        size_t at;

        if (!read_qualifier(d, &part, &at))
            return false;
        if (part.kind == PART_LEAF)
            return !fault_is(d->in.fault);
        if (is_simple && (d->in.how & PATTERN_CHECKED) != 0 && (seen & 1u << part.kind) != 0)
            return lexer_fail(&d->in, FAULT_DUPLICATE, at,
                              "one qualifier of a kind; parentheses begin a new observation");
        seen |= 1u << part.kind;
        if (!add_part(d, part, out))
            return false;
    }
}

static bool read_simple(struct draft *d, uint16_t *out)
{
    struct part leaf = {.kind = PART_LEAF, .leaf = d->p.leaves++};

    if (!compare_read(d, &leaf))
        return false;
    if (!lexer_sign(&d->in, "]"))
        return lexer_fail(&d->in, FAULT_SYNTAX, d->in.at, "AND, OR or ]");
    return add_part(d, leaf, out) && read_qualifiers(d, true, out);
}

static bool read_observation(struct draft *d, uint16_t *out)
{
    if (lexer_sign(&d->in, "["))
        return read_simple(d, out);
    if (!lexer_sign(&d->in, "("))
        return lexer_fail(&d->in, FAULT_SYNTAX, d->in.at, "[ or (");
    if (++d->depth > PATTERN_DEPTH)
        return lexer_fail(&d->in, FAULT_LIMIT, d->in.at, "at most 32 parentheses in one another");
    if (!read_followed(d, out))
        return false;
    d->depth--;
    if (!lexer_sign(&d->in, ")"))
        return lexer_fail(&d->in, FAULT_SYNTAX, d->in.at, "AND, OR, FOLLOWEDBY or )");
    return read_qualifiers(d, false, out);
}

/* The operators between observations, loosest first; each takes to its left (section 9.5). */
static const struct {
    const char *word;
    enum part_kind kind;
} levels[] = {{"FOLLOWEDBY", PART_FOLLOWED}, {"OR", PART_OR}, {"AND", PART_AND}};

static bool read_level(struct draft *d, size_t level, uint16_t *out)
{
    if (level == sizeof levels / sizeof levels[0])
        return read_observation(d, out);
    if (!read_level(d, level + 1, out))
        return false;
    while (lexer_keyword(&d->in, levels[level].word)) {
        struct part part = {.kind = levels[level].kind, .left = *out};
        size_t at = d->in.at - strlen(levels[level].word);

        if (part.kind != PART_OR && !check_one(d, at))
            return false;
        if (!read_level(d, level + 1, &part.right) || !add_part(d, part, out))
            return false;
    }
    return !fault_is(d->in.fault);
}

static bool read_followed(struct draft *d, uint16_t *out)
{
    return read_level(d, 0, out);
}

static void read_pattern(struct draft *d)
{
    size_t bad = utf8_bad(d->in.in);
    uint16_t root;

    if (bad < d->in.in.len) {
        lexer_fail(&d->in, FAULT_SYNTAX, bad, "UTF-8");
        return;
    }
    if (!read_followed(d, &root))
        return;
    lexer_space(&d->in);
    if (d->in.at < d->in.in.len)
        lexer_fail(&d->in, FAULT_EXTRA, d->in.at,
                   "AND, OR, FOLLOWEDBY, WITHIN, REPEATS, START or the end");
}

/* ---- memory ---- */

enum { DRAFT = 16 << 10 };

/* One block for a pattern of these sizes, 16-aligned pieces in a row. */
struct layout {
    size_t test, part, constant, step, postfix, text, size;
};

static size_t piece(size_t *at, size_t count, size_t size)
{
    size_t here = *at;

    *at += (count * size + 15) & ~(size_t)15;
    return here;
}

static struct layout lay_out(size_t tests, size_t parts, size_t constants, size_t steps,
                             size_t postfixes, size_t text)
{
    struct layout l;
    size_t at = 0;

    (void)piece(&at, 1, sizeof(struct pattern));
    l.test = piece(&at, tests, sizeof(struct test));
    l.part = piece(&at, parts, sizeof(struct part));
    l.constant = piece(&at, constants, sizeof(struct pattern_value));
    l.step = piece(&at, steps, sizeof(struct step));
    l.postfix = piece(&at, postfixes, sizeof(uint16_t));
    l.text = piece(&at, text, 1);
    l.size = at;
    return l;
}

static void point_into(struct pattern *p, char *block, const struct layout *l)
{
    p->test = (struct test *)(void *)(block + l->test);
    p->part = (struct part *)(void *)(block + l->part);
    p->constant = (struct pattern_value *)(void *)(block + l->constant);
    p->step = (struct step *)(void *)(block + l->step);
    p->postfix = (uint16_t *)(void *)(block + l->postfix);
    p->text = block + l->text;
    p->size = l->size;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Room for all that a text of this length can say: a comparison takes five characters, a part
 * four, a constant and a step two. Strings are kept as read and, longer, in NFC. As nearly every
 * pattern is short, `small` has DRAFT bytes for it: an allocation of that size costs glibc's malloc
 * more than to read the pattern. */
static char *draft_begin(struct draft *d, struct bytes text, char *small)
{
    struct layout l;
    char *block;

    d->tests_room = least(text.len / 5 + 1, PATTERN_TESTS);
    d->parts_room = least(text.len / 4 + 2, PATTERN_PARTS);
    d->constants_room = least(text.len / 2 + 1, PATTERN_CONSTANTS);
    d->steps_room = text.len / 2 + 1;
    d->postfix_room = 2 * d->tests_room + 1;
    l = lay_out(d->tests_room, d->parts_room, d->constants_room, d->steps_room, d->postfix_room,
                4 * text.len + 16);
    block = l.size <= DRAFT ? small : memory_new(l.size);
    point_into(&d->p, block, &l);
    d->in.pool = d->p.text;
    return block;
}

static struct bytes moved(struct bytes text, const char *from, const char *to)
{
    if (text.data == NULL)
        return text;
    return bytes_of(to + ((const char *)text.data - from), text.len);
}

static void copy(void *to, const void *from, size_t count, size_t size)
{
    if (count > 0)
        memcpy(to, from, count * size);
}

/* A tight copy of the draft. */
static struct pattern *draft_end(const struct draft *d)
{
    const struct pattern *from = &d->p;
    struct layout l = lay_out(from->tests, from->parts, from->constants, from->steps,
                              from->postfixes, d->in.pool_len);
    char *block = memory_new(l.size);
    struct pattern *p = (struct pattern *)(void *)block;

    *p = *from;
    point_into(p, block, &l);
    copy(p->test, from->test, p->tests, sizeof *p->test);
    copy(p->part, from->part, p->parts, sizeof *p->part);
    copy(p->constant, from->constant, p->constants, sizeof *p->constant);
    copy(p->step, from->step, p->steps, sizeof *p->step);
    copy(p->postfix, from->postfix, p->postfixes, sizeof *p->postfix);
    copy(p->text, from->text, d->in.pool_len, 1);
    for (size_t i = 0; i < p->tests; i++)
        p->test[i].type = moved(p->test[i].type, from->text, p->text);
    for (size_t i = 0; i < p->constants; i++)
        p->constant[i].text = moved(p->constant[i].text, from->text, p->text);
    for (size_t i = 0; i < p->steps; i++)
        p->step[i].key = moved(p->step[i].key, from->text, p->text);
    return p;
}

static void free_regexes(struct pattern *p)
{
    for (size_t i = 0; i < p->tests; i++)
        regex_free(p->test[i].regex);
}

static size_t column(struct bytes text, size_t at)
{
    size_t n = 1;

    for (size_t i = 0; i < at && i < text.len; i++)
        n += (text.data[i] & 0xc0) != 0x80;
    return n;
}

static void explain(const struct draft *d, struct bytes text, struct pattern_error *error)
{
    if (error == NULL)
        return;
    *error = (struct pattern_error){0, NULL};
    if (fault_is(d->in.fault))
        *error = (struct pattern_error){column(text, d->in.fault.at), d->in.expected};
    else if (d->in.odd_day != 0)
        *error =
            (struct pattern_error){column(text, d->in.odd_day - 1),
                                   "a day that the calendar has: this can be asked of nothing"};
}

struct fault pattern_read(struct bytes text, const struct pattern_vocabulary *words, unsigned how,
                          struct pattern **out, struct pattern_error *error)
{
    struct draft d = {.in = {.in = text, .how = how}, .p = {.words = words}};
    _Alignas(max_align_t) char small[DRAFT];
    char *block = small;

    if (text.len > PATTERN_MAX) {
        lexer_fail(&d.in, FAULT_LIMIT, PATTERN_MAX, "at most 65536 bytes");
    } else {
        block = draft_begin(&d, text, small);
        read_pattern(&d);
    }
    explain(&d, text, error);
    if (fault_is(d.in.fault))
        free_regexes(&d.p);
    else
        *out = draft_end(&d);
    if (block != small)
        free(block);
    return fault_is(d.in.fault) ? fault_make(d.in.fault.kind, d.in.fault.at, rule) : fault_none();
}

struct fault pattern_parse(struct bytes text, const struct pattern_vocabulary *words,
                           struct pattern **out, struct pattern_error *error)
{
    return pattern_read(text, words, 0, out, error);
}

void pattern_free(struct pattern *p)
{
    if (p == NULL)
        return;
    free_regexes(p);
    free(p);
}

size_t pattern_size(const struct pattern *p)
{
    return p->size;
}

/* ---- asking an object of a vocabulary ---- */

struct question {
    const struct pattern *p;
    const void *object;
    unsigned kind, root;
    uint64_t held; /* comparisons that held on the way, a bit each */
    struct value_room room;
};

/* Order, LIKE and MATCHES see an address as the text it is written as. */
static void as_text(const struct test *t, struct pattern_value *v, char *room)
{
    if (v->type != PATTERN_ADDRESS || t->operation == TEST_EQUAL || t->operation == TEST_IN ||
        t->operation == TEST_ISSUBSET || t->operation == TEST_ISSUPERSET)
        return;
    addr_write(v->addr, room);
    v->type = PATTERN_STRING;
    v->text = bytes_text(room);
}

static bool one_holds(struct question *q, const struct test *t, size_t nth, bool *is_there)
{
    char room[64];
    struct pattern_value v = q->p->words->get(q->object, t->property, q->root, nth, room);
    bool forbidden = false;

    *is_there = v.type != PATTERN_NONE;
    if (!*is_there)
        return false;
    as_text(t, &v, room);
    return value_test(q->p, t, &v, &q->room, &forbidden);
}

/* True if it holds for one of the values the property has. A property without value is never
 * true, negated or not (the path does not resolve); NOT EXISTS asks just that. */
static bool test_holds(struct question *q, const struct test *t)
{
    bool is_there = true, holds = false;

    if (t->kind != q->kind)
        return false;
    if (t->nth >= 0)
        holds = one_holds(q, t, (size_t)t->nth, &is_there);
    for (size_t nth = 0; t->nth < 0 && is_there && !holds; nth++)
        holds = one_holds(q, t, nth, &is_there);
    return t->operation == TEST_EXISTS ? holds != t->negated : holds;
}

static bool root_holds(struct question *q, const struct part *leaf)
{
    uint16_t at = leaf->first_test;

    q->held = 0;
    while (at < JUMP_NO) {
        const struct test *t = &q->p->test[at];
        bool holds = test_holds(q, t);

        if (holds && at < PATTERN_WHY)
            q->held |= 1ULL << at;
        at = holds ? t->yes : t->no;
    }
    return at == JUMP_YES;
}

static bool leaf_holds(struct question *q, const struct part *leaf)
{
    for (uint64_t kinds = leaf->kinds; kinds != 0; kinds &= kinds - 1) {
        unsigned roots;

        q->kind = (unsigned)__builtin_ctzll(kinds);
        roots = q->p->words->roots(q->object, q->kind);
        for (q->root = 0; q->root < roots; q->root++)
            if (root_holds(q, leaf))
                return true;
    }
    return false;
}

/* One object is one observation, so an OR, and qualifiers of one, are all there can be. */
static bool part_holds(struct question *q, uint16_t at)
{
    const struct part *part = &q->p->part[at];
    struct moment when = {0, 0};

    switch (part->kind) {
    case PART_LEAF:
        return leaf_holds(q, part);
    case PART_OR:
        return part_holds(q, part->left) || part_holds(q, part->right);
    case PART_SPAN:
        when.us = q->p->words->time(q->object);
        return moment_compare(when, part->start) >= 0 && moment_compare(when, part->stop) < 0 &&
               part_holds(q, part->left);
    default:
        return part_holds(q, part->left);
    }
}

static bool holds(struct question *q)
{
    bool yes = part_holds(q, (uint16_t)(q->p->parts - 1));

    buf_done(&q->room.one);
    buf_done(&q->room.two);
    return yes;
}

bool pattern_matches(const struct pattern *p, const void *object)
{
    struct question q = {.p = p, .object = object};

    return holds(&q);
}

uint64_t pattern_why(const struct pattern *p, const void *object)
{
    struct question q = {.p = p, .object = object};

    return holds(&q) ? q.held : 0;
}

void pattern_comparison(const struct pattern *p, struct bytes text, size_t i, struct buf *out)
{
    const struct test *t = i < p->tests ? &p->test[i] : NULL;

    size_t end = t == NULL ? 0 : t->end;

    if (t == NULL || t->at > end || end > text.len)
        return;
    while (end > t->at && (text.data[end - 1] == ' ' || text.data[end - 1] == '\n'))
        end--;
    if (t->operation == TEST_EXISTS)
        buf_text(out, t->negated ? "NOT EXISTS " : "EXISTS ");
    buf_add(out, text.data + t->at, end - t->at);
}
