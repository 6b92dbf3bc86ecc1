/* compare.c - the comparisons between [ and ]: operators, their constants, AND and OR. */
#include <stdlib.h>

#include "base/text.h"
#include "stix/grammar.h"
#include "stix/regex.h"

/* Exits that do not know yet where they go: a list through the tests' jumps themselves. Twice the
 * test's number, plus one for its "no". */
struct exits {
    uint16_t first, last;
};

enum { NO_EXIT = 0xffff };

struct piece {
    struct exits yes, no;
    uint16_t start; /* its first test */
    uint64_t kinds; /* the kinds of object it can be true of */
};

static uint16_t *jump(struct draft *d, uint16_t slot)
{
    struct test *t = &d->p.test[slot / 2];

    return slot % 2 == 0 ? &t->yes : &t->no;
}

static void send(struct draft *d, struct exits list, uint16_t target)
{
    for (uint16_t slot = list.first; slot != NO_EXIT;) {
        uint16_t next = *jump(d, slot);

        *jump(d, slot) = target;
        slot = next;
    }
}

static struct exits join(struct draft *d, struct exits a, struct exits b)
{
    if (a.first == NO_EXIT)
        return b;
    if (b.first == NO_EXIT)
        return a;
    *jump(d, a.last) = b.first;
    return (struct exits){a.first, b.last};
}

static void add_postfix(struct draft *d, uint16_t item)
{
    d->p.postfix[d->p.postfixes++] = item; /* as many as tests and joints: there is room */
}

static bool add_test(struct draft *d, struct test t, struct piece *out)
{
    uint16_t at = d->p.tests;

    if (at == d->tests_room)
        return lexer_fail(&d->in, FAULT_LIMIT, t.at, "at most 4096 comparisons");
    t.yes = t.no = NO_EXIT;
    d->p.test[d->p.tests++] = t;
    add_postfix(d, at);
    *out = (struct piece){{(uint16_t)(2 * at), (uint16_t)(2 * at)},
                          {(uint16_t)(2 * at + 1), (uint16_t)(2 * at + 1)},
                          at,
                          (uint64_t)1 << t.kind};
    return true;
}

/* ---- operators ---- */

static bool read_operation(struct draft *d, struct test *t)
{
    static const struct {
        const char *text;
        uint8_t operation;
        bool negated;
    } signs[] =
        {
            {"==", TEST_EQUAL, false},         {"=", TEST_EQUAL, false},
            {"!=", TEST_EQUAL, true},          {"<>", TEST_EQUAL, true},
            {"<=", TEST_LESS_EQUAL, false},    {"<", TEST_LESS, false},
            {">=", TEST_GREATER_EQUAL, false}, {">", TEST_GREATER, false},
        },
      words[] = {
          {"IN", TEST_IN, false},
          {"LIKE", TEST_LIKE, false},
          {"MATCHES", TEST_MATCHES, false},
          {"ISSUBSET", TEST_ISSUBSET, false},
          {"ISSUPERSET", TEST_ISSUPERSET, false},
      };

    t->negated = lexer_keyword(&d->in, "NOT");
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (lexer_sign(&d->in, signs[i].text)) {
            t->operation = signs[i].operation;
            t->negated ^= signs[i].negated;
            return true;
        }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (lexer_keyword(&d->in, words[i].text)) {
            t->operation = words[i].operation;
            return true;
        }
    return lexer_fail(&d->in, FAULT_SYNTAX, d->in.at,
                      "an operator: = != < <= > >= IN LIKE MATCHES ISSUBSET ISSUPERSET");
}

static bool is_order(const struct test *t)
{
    return t->operation >= TEST_LESS && t->operation <= TEST_GREATER_EQUAL;
}

static bool takes_string(const struct test *t)
{
    return t->operation >= TEST_LIKE && t->operation <= TEST_ISSUPERSET;
}

/* ---- what a vocabulary forbids ---- */

static bool is_number(enum pattern_type t)
{
    return t == PATTERN_INTEGER || t == PATTERN_FLOAT;
}

static bool is_text(enum pattern_type t)
{
    return t == PATTERN_STRING || t == PATTERN_ADDRESS;
}

static bool check_operation(struct draft *d, const struct test *t, enum pattern_type type)
{
    if (type == PATTERN_BOOLEAN && is_order(t))
        return lexer_fail(&d->in, FAULT_MISMATCH, d->in.at,
                          "= or !=: true and false have no order");
    if (!is_text(type) && takes_string(t))
        return lexer_fail(&d->in, FAULT_MISMATCH, d->in.at,
                          "a property that is a string before LIKE, MATCHES, ISSUBSET");
    return true;
}

static bool check_type(struct draft *d, size_t at, enum pattern_type property,
                       enum pattern_type constant)
{
    if (property == constant || (is_number(property) && is_number(constant)) ||
        (is_text(property) && is_text(constant)))
        return true;
    return lexer_fail(&d->in, FAULT_MISMATCH, at, "a constant of the property's type");
}

/* ---- constants ---- */

/* "A hash's text has its algorithm's form": characters in hex, 0 for any. */
static size_t hash_length(struct bytes name)
{
    static const struct {
        const char *name;
        size_t length;
    } hashes[] = {
        {"MD5", 32},     {"RIPEMD160", 40}, {"SHA1", 40},     {"SHA224", 56},
        {"SHA256", 64},  {"SHA384", 96},    {"SHA512", 128},  {"SHA3224", 56},
        {"SHA3256", 64}, {"SHA3384", 96},   {"SHA3512", 128}, {"WHIRLPOOL", 128},
    };
    char plain[16];
    size_t n = 0;

    for (size_t i = 0; i < name.len && n < sizeof plain - 1; i++)
        if (name.data[i] != '-')
            plain[n++] = (char)(name.data[i] >= 'a' && name.data[i] <= 'z' ? name.data[i] - 32
                                                                           : name.data[i]);
    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++)
        if (bytes_is(bytes_of(plain, n), hashes[i].name))
            return hashes[i].length;
    return 0;
}

static bool is_hex(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!((text.data[i] >= '0' && text.data[i] <= '9') ||
              ((text.data[i] | 0x20) >= 'a' && (text.data[i] | 0x20) <= 'f')))
            return false;
    return true;
}

static bool check_hash(struct draft *d, const struct test *t, size_t at,
                       const struct pattern_value *v)
{
    const struct step *step = &d->p.step[t->first_step];
    size_t want;

    if ((d->in.how & PATTERN_CHECKED) == 0 || v->type != PATTERN_STRING || t->steps < 2 ||
        (t->operation != TEST_EQUAL && t->operation != TEST_IN) ||
        step[t->steps - 1].kind != STEP_KEY || step[t->steps - 2].kind != STEP_KEY ||
        !bytes_is(step[t->steps - 2].key, "hashes"))
        return true;
    want = hash_length(step[t->steps - 1].key);
    if (want == 0 || (v->text.len == want && is_hex(v->text)))
        return true;
    return lexer_fail(&d->in, FAULT_RANGE, at, "a hash as long as its algorithm makes it, in hex");
}

/* An address property is compared as an address, if the text is how one is written; another text
 * stays one, which no address equals. */
static void as_address(struct pattern_value *v)
{
    char text[ADDR_TEXT];
    struct addr a;

    if (fault_is(addr_parse(v->text, &a)))
        return;
    addr_write(a, text);
    if (!bytes_is(v->text, text))
        return;
    v->type = PATTERN_ADDRESS;
    v->addr = a;
}

static bool add_constant(struct draft *d, struct test *t, const struct pattern_property *property)
{
    struct pattern_value v;
    size_t at;

    lexer_space(&d->in);
    at = d->in.at;
    if (d->p.constants == d->constants_room)
        return lexer_fail(&d->in, FAULT_LIMIT, at, "at most 16384 constants");
    if (is_order(t) && (lexer_keyword(&d->in, "true") || lexer_keyword(&d->in, "false")))
        return lexer_fail(&d->in, property == NULL ? FAULT_SYNTAX : FAULT_MISMATCH, at,
                          "a constant that has an order: not true, not false");
    if (takes_string(t) && lexer_peek(&d->in, 0) != '\'')
        return lexer_fail(&d->in, FAULT_SYNTAX, at, "a string '..'");
    if (!lexer_constant(&d->in, &v))
        return false;
    if (property != NULL && !check_type(d, at, property->type, v.type))
        return false;
    if (!check_hash(d, t, at, &v))
        return false;
    if (property != NULL && property->type == PATTERN_ADDRESS &&
        (t->operation == TEST_EQUAL || t->operation == TEST_IN))
        as_address(&v);
    d->p.constant[d->p.constants++] = v;
    t->constants++;
    return true;
}

/* "The values of a set are of one type"; whole numbers and fractions are both numbers. */
static bool is_one_set(enum pattern_type a, enum pattern_type b)
{
    return a == b || (is_number(a) && is_number(b)) || (is_text(a) && is_text(b));
}

static bool read_set(struct draft *d, struct test *t, const struct pattern_property *property)
{
    if (!lexer_sign(&d->in, "("))
        return lexer_fail(&d->in, FAULT_SYNTAX, d->in.at, "( before the set");
    if (lexer_sign(&d->in, ")"))
        return true;
    do {
        size_t at;

        lexer_space(&d->in);
        at = d->in.at;
        if (!add_constant(d, t, property))
            return false;
        if (!is_one_set(d->p.constant[t->first_constant].type,
                        d->p.constant[d->p.constants - 1].type))
            return lexer_fail(&d->in, FAULT_MISMATCH, at, "a set of one type");
    } while (lexer_sign(&d->in, ","));
    return lexer_sign(&d->in, ")") ||
           lexer_fail(&d->in, FAULT_SYNTAX, d->in.at, ", or ) in the set");
}

/* ---- constants made ready ---- */

static bool make_subnet(struct draft *d, struct pattern_value *c, size_t at)
{
    struct prefix subnet;

    if (!subnet_parse(c->text, &subnet))
        return lexer_fail(&d->in, FAULT_RANGE, at, "an address, or ADDRESS/BITS");
    c->addr = subnet.first;
    c->integer = subnet.bits;
    return true;
}

/* LIKE and MATCHES compare in NFC (section 9.6.2), which can be longer: the pool has room. */
static void make_normal(struct draft *d, struct pattern_value *c)
{
    struct buf room = {0};
    struct bytes normal = text_normal(c->text, &room);

    if (normal.data != c->text.data)
        c->text = lexer_keep(&d->in, normal);
    buf_done(&room);
}

static bool make_ready(struct draft *d, struct test *t, size_t at)
{
    struct pattern_value *c = &d->p.constant[t->first_constant];
    const char *why = NULL;

    if (t->operation == TEST_ISSUBSET || t->operation == TEST_ISSUPERSET)
        return make_subnet(d, c, at);
    if (t->operation != TEST_LIKE && t->operation != TEST_MATCHES)
        return true;
    make_normal(d, c);
    return t->operation == TEST_LIKE || regex_read(c->text, t->binary, &t->regex, &why) ||
           lexer_fail(&d->in, FAULT_REFUSED, at, why);
}

/* ---- the grammar ---- */

static bool read_comparison(struct draft *d, struct piece *out)
{
    const struct pattern_property *property = NULL;
    struct test t = {.nth = -1};
    size_t at;

    if (!path_read(d, &t, &property) || !read_operation(d, &t))
        return false;
    if (property != NULL && !check_operation(d, &t, property->type))
        return false;
    lexer_space(&d->in);
    at = d->in.at;
    t.first_constant = d->p.constants;
    if (t.operation == TEST_IN ? !read_set(d, &t, property) : !add_constant(d, &t, property))
        return false;
    t.end = (uint32_t)d->in.at;
    if (!make_ready(d, &t, at))
        return false;
    if (add_test(d, t, out))
        return true;
    regex_free(t.regex);
    return false;
}

static bool read_exists(struct draft *d, bool negated, struct piece *out)
{
    const struct pattern_property *property;
    struct test t = {.operation = TEST_EXISTS, .negated = negated, .nth = -1};

    if (!path_read(d, &t, &property))
        return false;
    t.end = (uint32_t)d->in.at;
    return add_test(d, t, out);
}

static bool read_or(struct draft *d, struct piece *out);

static bool read_group(struct draft *d, struct piece *out)
{
    if (++d->depth > PATTERN_DEPTH)
        return lexer_fail(&d->in, FAULT_LIMIT, d->in.at, "at most 32 parentheses in one another");
    if (!read_or(d, out))
        return false;
    d->depth--;
    return lexer_sign(&d->in, ")") || lexer_fail(&d->in, FAULT_SYNTAX, d->in.at, "AND, OR or )");
}

static bool read_term(struct draft *d, struct piece *out)
{
    if (lexer_sign(&d->in, "("))
        return read_group(d, out);
    if (lexer_keyword(&d->in, "EXISTS"))
        return read_exists(d, false, out);
    if (!lexer_keyword(&d->in, "NOT"))
        return read_comparison(d, out);
    return lexer_keyword(&d->in, "EXISTS")
               ? read_exists(d, true, out)
               : lexer_fail(&d->in, FAULT_SYNTAX, d->in.at, "EXISTS behind NOT");
}

/* AND binds tighter than OR. Both sides of an AND are about the same object. */
static bool read_and(struct draft *d, struct piece *out)
{
    if (!read_term(d, out))
        return false;
    while (lexer_keyword(&d->in, "AND")) {
        struct piece more;

        if (!read_term(d, &more))
            return false;
        out->kinds &= more.kinds;
        if (d->p.words != NULL && out->kinds == 0)
            return lexer_fail(&d->in, FAULT_MISMATCH, d->in.at, "AND over one type of object");
        send(d, out->yes, more.start);
        out->yes = more.yes;
        out->no = join(d, out->no, more.no);
        add_postfix(d, POSTFIX_AND);
    }
    return !fault_is(d->in.fault);
}

static bool read_or(struct draft *d, struct piece *out)
{
    if (!read_and(d, out))
        return false;
    while (lexer_keyword(&d->in, "OR")) {
        struct piece more;

        if (!read_and(d, &more))
            return false;
        send(d, out->no, more.start);
        out->no = more.no;
        out->yes = join(d, out->yes, more.yes);
        out->kinds |= more.kinds;
        add_postfix(d, POSTFIX_OR);
    }
    return !fault_is(d->in.fault);
}

bool compare_read(struct draft *d, struct part *leaf)
{
    struct piece whole;

    leaf->first_test = d->p.tests;
    leaf->first_postfix = d->p.postfixes;
    if (!read_or(d, &whole))
        return false;
    send(d, whole.yes, JUMP_YES);
    send(d, whole.no, JUMP_NO);
    leaf->tests = (uint16_t)(d->p.tests - leaf->first_test);
    leaf->postfixes = d->p.postfixes - leaf->first_postfix;
    leaf->kinds = whole.kinds;
    return true;
}
