#include "json/profile.h"

#include <assert.h>

#include "base/text.h"

static const char rule_json[] = "RFC 8259: JSON";
static const char rule_size[] = "signed profile: size";
static const char rule_depth[] = "signed profile: depth";
static const char rule_utf8[] = "signed profile: UTF-8 (RFC 3629)";
static const char rule_name[] = "signed profile: member names are plain printable ASCII";
static const char rule_number[] = "signed profile: integers only, |n| <= 2^53";
static const char rule_control[] = "signed profile: no control characters but \\n and \\t";
static const char rule_twice[] = "signed profile: no member twice";
static const char rule_end[] = "signed profile: one value, nothing after it";
static const char rule_dump[] = "signed profile: the text is its own sorted dump";

/* Walks the tokens ahead of jansson, for what jansson does not refuse. Grammar is jansson's. */
struct scan {
    struct bytes text;
    size_t at;
    size_t token; /* where the newest token begins */
    unsigned depth, most;
    bool object[JSON_DEPTH + 1]; /* is the container at this depth an object? */
    bool name_next;              /* would a string here be a member's name? */
    /* Nothing seen so far that a sorted compact dump would write otherwise: no white space, no
     * escape that is not needed, each name behind the one before. What jansson then takes is its
     * own dump, without dumping it. */
    bool dumped;
    struct bytes name[JSON_DEPTH + 1]; /* the newest member's, at each depth */
    struct fault fault;
};

static void scan_fail(struct scan *s, enum fault_kind kind, size_t at, const char *rule)
{
    if (!fault_is(s->fault))
        s->fault = fault_make(kind, at, rule);
}

static bool is_control(uint32_t code)
{
    return (code < 0x20 && code != '\n' && code != '\t') || (code >= 0x7f && code < 0xa0);
}

/* The code of \uXXXX whose four digits begin at `at`; 'x' if they are none, jansson will say so. */
static uint32_t scan_hex4(const struct scan *s, size_t at)
{
    uint32_t code = 0;

    for (size_t i = at; i < at + 4; i++) {
        uint8_t c = i < s->text.len ? s->text.data[i] : 0;

        if (c >= '0' && c <= '9')
            code = code << 4 | (uint32_t)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            code = code << 4 | (uint32_t)((c | 0x20) - 'a' + 10);
        else
            return 'x';
    }
    return code;
}

/* At the backslash. A wrong escape is left to jansson. */
static void scan_escape(struct scan *s)
{
    uint8_t c = s->at + 1 < s->text.len ? s->text.data[s->at + 1] : 0;

    if (c == 'b' || c == 'f' || c == 'r' || (c == 'u' && is_control(scan_hex4(s, s->at + 2))))
        scan_fail(s, FAULT_RANGE, s->at, rule_control);
    s->dumped &= c == '"' || c == '\\' || c == 'n' || c == 't';
    s->at += 2;
}

/* At a byte of a string that is neither quote nor backslash. */
static void scan_character(struct scan *s)
{
    uint8_t c = s->text.data[s->at];

    if (c < 0x20)
        scan_fail(s, FAULT_SYNTAX, s->at, rule_control);
    else if (c == 0x7f || (c == 0xc2 && s->text.data[s->at + 1] < 0xa0))
        scan_fail(s, FAULT_RANGE, s->at, rule_control);
    s->at++;
}

static void scan_name(struct scan *s, struct bytes name)
{
    s->dumped &= bytes_compare(s->name[s->depth], name) < 0;
    s->name[s->depth] = name;
}

static void scan_string(struct scan *s)
{
    bool name = s->name_next;
    const uint8_t *d = s->text.data;
    size_t start = s->at + 1;

    s->name_next = false;
    s->at++;
    while (s->at < s->text.len && d[s->at] != '"' && !fault_is(s->fault)) {
        if (name && (d[s->at] < 0x20 || d[s->at] > 0x7e || d[s->at] == '\\'))
            scan_fail(s, FAULT_SYNTAX, s->at, rule_name);
        else if (d[s->at] == '\\')
            scan_escape(s);
        else
            scan_character(s);
    }
    if (s->at >= s->text.len)
        scan_fail(s, FAULT_SHORT, s->text.len, rule_json);
    else if (name)
        scan_name(s, bytes_of(d + start, s->at - start));
    s->at++;
}

static bool is_of_number(uint8_t c)
{
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || (c | 0x20) == 'e';
}

static void scan_number(struct scan *s)
{
    size_t start = s->at;
    bool minus = s->text.data[start] == '-';
    struct bytes digits;
    uint64_t n = 0;

    while (s->at < s->text.len && is_of_number(s->text.data[s->at]))
        s->at++;
    digits = bytes_of(s->text.data + start + minus, s->at - start - minus);
    if (digits.len == 0) /* a lone minus; more may have been meant to come */
        scan_fail(s, s->at == s->text.len ? FAULT_SHORT : FAULT_SYNTAX, s->at, rule_json);
    else if (digits.len > 1 && digits.data[0] == '0' && digits.data[1] >= '0' &&
             digits.data[1] <= '9')
        scan_fail(s, FAULT_SYNTAX, start, rule_json);
    else if (!decimal_read(digits, JSON_INTEGER_MAX, &n) || (minus && n == 0))
        scan_fail(s, FAULT_RANGE, start, rule_number);
}

static void scan_open(struct scan *s, bool object)
{
    if (s->depth == s->most) {
        scan_fail(s, FAULT_LIMIT, s->at, rule_depth);
        return;
    }
    s->object[++s->depth] = object;
    s->name[s->depth] = bytes_of(NULL, 0);
    s->name_next = object;
    s->at++;
}

static void scan_close(struct scan *s)
{
    s->depth -= s->depth != 0;
    s->name_next = false;
    s->at++;
}

static bool is_letter(uint8_t c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static void scan_token(struct scan *s)
{
    uint8_t c = s->text.data[s->at];

    s->token = s->at;
    if (c == '"')
        scan_string(s);
    else if (c == '-' || (c >= '0' && c <= '9'))
        scan_number(s);
    else if (c == '{' || c == '[')
        scan_open(s, c == '{');
    else if (c == '}' || c == ']')
        scan_close(s);
    else if (c == ',' || c == ':' || is_letter(c)) {
        if (c == ',')
            s->name_next = s->depth != 0 && s->object[s->depth];
        s->at++;
    } else
        scan_fail(s, FAULT_SYNTAX, s->at, rule_json);
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* Reads the tokens that begin before `stop`. */
static struct scan scan_text(struct bytes text, unsigned depth, size_t stop)
{
    struct scan s = {.text = text, .most = depth < JSON_DEPTH ? depth : JSON_DEPTH, .dumped = true};

    while (s.at < text.len && s.at < stop && !fault_is(s.fault)) {
        bool inside_word =
            s.at != 0 && is_letter(text.data[s.at]) && is_letter(text.data[s.at - 1]);

        if (is_space(text.data[s.at])) {
            s.dumped = false;
            s.at++;
        } else if (inside_word)
            s.at++;
        else
            scan_token(&s);
    }
    return s;
}

/* jansson says where the offending token ends; a fault says where it begins. */
static struct fault fault_of_jansson(struct bytes text, const json_error_t *error)
{
    size_t end = error->position < 0 ? 0 : (size_t)error->position;
    size_t at = scan_text(text, JSON_DEPTH, end).token;

    switch (json_error_code(error)) {
    case json_error_premature_end_of_input:
        return fault_make(FAULT_SHORT, text.len, rule_json);
    case json_error_end_of_input_expected:
        return fault_make(FAULT_EXTRA, at, rule_end);
    case json_error_duplicate_key:
        return fault_make(FAULT_DUPLICATE, at, rule_twice);
    default:
        return fault_make(FAULT_SYNTAX, at, rule_json);
    }
}

static struct fault read_text(struct bytes text, struct json_limits limits, json_t **out,
                              bool *dumped)
{
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY;
    json_error_t error;
    struct scan s;
    json_t *tree;
    size_t bad;

    if (text.len > limits.bytes)
        return fault_make(FAULT_LIMIT, limits.bytes, rule_size);
    if (text.len == 0)
        return fault_make(FAULT_SHORT, 0, rule_json);
    bad = utf8_bad(text);
    if (bad != text.len)
        return fault_make(FAULT_SYNTAX, bad, rule_utf8);
    s = scan_text(text, limits.depth, SIZE_MAX);
    if (fault_is(s.fault))
        return s.fault;
    tree = json_loadb((const char *)text.data, text.len, flags, &error);
    if (tree == NULL)
        return fault_of_jansson(text, &error);
    *out = tree;
    *dumped = s.dumped;
    return fault_none();
}

struct fault json_read(struct bytes text, struct json_limits limits, json_t **out)
{
    bool dumped;

    return read_text(text, limits, out, &dumped);
}

/* Keeps the tree in *out if `dump` writes it as it was read. */
static struct fault same_as_its_dump(struct bytes text, json_t *tree,
                                     void (*dump)(const json_t *, struct buf *), json_t **out)
{
    struct buf b = {0};
    size_t at = 0;
    bool same;

    dump(tree, &b);
    same = bytes_equal(text, buf_view(&b));
    while (!same && at < text.len && at < b.len && text.data[at] == b.data[at])
        at++;
    buf_done(&b);
    if (!same) {
        json_decref(tree);
        return fault_make(FAULT_MISMATCH, at, rule_dump);
    }
    *out = tree;
    return fault_none();
}

struct fault json_read_canonical(struct bytes text, struct json_limits limits, json_t **out)
{
    json_t *tree = NULL;
    bool dumped = false;
    struct fault f = read_text(text, limits, &tree, &dumped);

    if (!fault_is(f) && !dumped)
        return same_as_its_dump(text, tree, json_canonical, out);
    if (!fault_is(f))
        *out = tree;
    return f;
}

struct fault json_read_indented(struct bytes text, struct json_limits limits, json_t **out)
{
    json_t *tree = NULL;
    struct fault f = json_read(text, limits, &tree);

    return fault_is(f) ? f : same_as_its_dump(text, tree, json_indented, out);
}

static struct fault check_text(struct bytes text)
{
    if (utf8_bad(text) != text.len)
        return fault_make(FAULT_SYNTAX, 0, rule_utf8);
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];

        if (is_control(c < 0x80 ? c : c == 0xc2 ? text.data[i + 1] : 'x'))
            return fault_make(FAULT_RANGE, 0, rule_control);
    }
    return fault_none();
}

static struct fault check_name(struct bytes name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.data[i] < 0x20 || name.data[i] > 0x7e || name.data[i] == '"' ||
            name.data[i] == '\\')
            return fault_make(FAULT_SYNTAX, 0, rule_name);
    return fault_none();
}

static struct fault check_value(const json_t *v, unsigned depth);

/* jansson's iterators want a tree that may be changed; these two do not change it. */
static struct fault check_container(const json_t *v, unsigned depth)
{
    struct fault f = fault_none();
    json_t *object = json_is_object(v) ? (json_t *)(uintptr_t)v : NULL;

    if (depth == 0)
        return fault_make(FAULT_LIMIT, 0, rule_depth);
    for (size_t i = 0; i < json_array_size(v) && !fault_is(f); i++)
        f = check_value(json_array_get(v, i), depth - 1);
    for (void *i = json_object_iter(object); i != NULL && !fault_is(f);
         i = json_object_iter_next(object, i)) {
        f = check_name(bytes_text(json_object_iter_key(i)));
        if (!fault_is(f))
            f = check_value(json_object_iter_value(i), depth - 1);
    }
    return f;
}

static struct fault check_value(const json_t *v, unsigned depth)
{
    json_int_t n = json_integer_value(v);

    switch (json_typeof(v)) {
    case JSON_OBJECT:
    case JSON_ARRAY:
        return check_container(v, depth);
    case JSON_STRING:
        return check_text(bytes_of(json_string_value(v), json_string_length(v)));
    case JSON_REAL:
        return fault_make(FAULT_RANGE, 0, rule_number);
    case JSON_INTEGER:
        if (n > JSON_INTEGER_MAX || n < -JSON_INTEGER_MAX)
            return fault_make(FAULT_RANGE, 0, rule_number);
        return fault_none();
    default:
        return fault_none();
    }
}

struct fault json_check(const json_t *tree)
{
    return check_value(tree, JSON_DEPTH);
}

static int add_to_buf(const char *data, size_t len, void *to)
{
    buf_add(to, data, len);
    return 0;
}

static void dump(const json_t *tree, size_t flags, struct buf *out)
{
    int failed =
        json_dump_callback(tree, add_to_buf, out, flags | JSON_SORT_KEYS | JSON_ENCODE_ANY);

    assert(failed == 0); /* jansson fails on bad UTF-8 and circles, which no tree of ours has */
    (void)failed;
}

void json_canonical(const json_t *tree, struct buf *out)
{
    dump(tree, JSON_COMPACT, out);
}

void json_indented(const json_t *tree, struct buf *out)
{
    dump(tree, JSON_INDENT(1), out);
    buf_byte(out, '\n');
}
