#include "stix/match.h"

#include <stdlib.h>

#include "base/memory.h"
#include "stix/observing.h"
#include "stix/sequence.h"

static const char rule[] = "STIX 2.1 section 9.6: comparison";

struct matching {
    const struct pattern *p;
    const struct observed *o;
    const struct observation *in;
    struct value_room room;
    struct buf decoded;
    size_t steps; /* taken */
    struct fault fault;
};

static bool forbid(struct matching *m, const struct test *t)
{
    if (!fault_is(m->fault))
        m->fault = fault_make(FAULT_MISMATCH, t->at, rule);
    return false;
}

/* Counts work before it is done. */
static bool spend(struct matching *m, const struct test *t, size_t steps)
{
    m->steps += steps;
    if (m->steps <= MATCH_STEPS)
        return true;
    if (!fault_is(m->fault))
        m->fault = fault_make(FAULT_LIMIT, t->at, "at most 20 million steps along object paths");
    return false;
}

/* ---- one value ---- */

/* What a comparison may cost beside a step: LIKE can look at each character of the text for each
 * of its own. */
static size_t cost(const struct matching *m, const struct test *t, struct bytes text)
{
    if (t->operation != TEST_LIKE)
        return text.len / 64;
    return text.len / 64 * (m->p->constant[t->first_constant].text.len + 1);
}

static bool decode(struct matching *m, const struct test *t, struct pattern_value *v)
{
    const struct step *last = &m->p->step[t->first_step + t->steps - 1];
    bool good;

    while (last->kind != STEP_KEY)
        last--;
    buf_clear(&m->decoded);
    good = last->ending == ENDING_HEX ? binary_hex(v->text, &m->decoded)
                                      : binary_base64(v->text, &m->decoded);
    if (!good)
        return forbid(m, t);
    v->type = PATTERN_BINARY;
    v->text = buf_view(&m->decoded);
    return true;
}

static struct pattern_value value_of(const json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_STRING:
        return (struct pattern_value){
            .type = PATTERN_STRING,
            .text = bytes_of(json_string_value(json), json_string_length(json))};
    case JSON_INTEGER:
        return (struct pattern_value){.type = PATTERN_INTEGER, .integer = json_integer_value(json)};
    case JSON_REAL:
        return (struct pattern_value){.type = PATTERN_FLOAT, .real = json_real_value(json)};
    case JSON_TRUE:
    case JSON_FALSE:
        return (struct pattern_value){.type = PATTERN_BOOLEAN, .integer = json_is_true(json)};
    default:
        return (struct pattern_value){.type = PATTERN_OTHER};
    }
}

static bool value_holds(struct matching *m, const struct test *t, const json_t *json)
{
    struct pattern_value v = value_of(json);
    bool forbidden = false, holds;

    if (t->operation == TEST_EXISTS)
        return true;
    if (t->binary && v.type == PATTERN_STRING && !decode(m, t, &v))
        return false;
    if (!spend(m, t, cost(m, t, v.text)))
        return false;
    holds = value_test(m->p, t, &v, &m->room, &forbidden);
    return forbidden ? forbid(m, t) : holds;
}

/* ---- paths ---- */

static bool walk(struct matching *m, const struct test *t, uint32_t at, const json_t *json);

/* A reference with more path behind it stands for the object that it names (section 9.7.3); at
 * the end of a path it is the id. */
static bool walk_reference(struct matching *m, const struct test *t, uint32_t at,
                           const json_t *json)
{
    const struct root *root;

    if (!json_is_string(json))
        return forbid(m, t);
    if (at == t->steps)
        return walk(m, t, at, json);
    root = observed_find(m->o, m->in, bytes_of(json_string_value(json), json_string_length(json)));
    return root != NULL && walk(m, t, at, root->object);
}

static bool walk_key(struct matching *m, const struct test *t, uint32_t at, const struct step *step,
                     const json_t *json)
{
    const json_t *value = json_object_getn(json, (const char *)step->key.data, step->key.len);

    if (value == NULL)
        return false;
    if (step->ending == ENDING_REF)
        return walk_reference(m, t, at + 1, value);
    if (step->ending == ENDING_REFS && !json_is_array(value))
        return forbid(m, t);
    return walk(m, t, at + 1, value);
}

static bool walk_item(struct matching *m, const struct test *t, uint32_t at, const json_t *item)
{
    const struct step *before = &m->p->step[t->first_step + at - 1];
    bool is_ref = before->kind == STEP_KEY && before->ending == ENDING_REFS;

    return is_ref ? walk_reference(m, t, at + 1, item) : walk(m, t, at + 1, item);
}

static bool walk_list(struct matching *m, const struct test *t, uint32_t at,
                      const struct step *step, const json_t *json)
{
    size_t n = json_array_size(json); /* 0 for what is no list */

    if (step->kind == STEP_AT)
        return step->index >= 0 && (uint64_t)step->index < n &&
               walk_item(m, t, at, json_array_get(json, (size_t)step->index));
    for (size_t i = 0; i < n; i++)
        if (walk_item(m, t, at, json_array_get(json, i)))
            return true;
    return false;
}

/* Does the test hold for one of the values that the path leads to from here? */
static bool walk(struct matching *m, const struct test *t, uint32_t at, const json_t *json)
{
    const struct step *step = &m->p->step[t->first_step + at];

    if (!spend(m, t, 1))
        return false;
    if (at == t->steps)
        return value_holds(m, t, json);
    return step->kind == STEP_KEY ? walk_key(m, t, at, step, json)
                                  : walk_list(m, t, at, step, json);
}

/* ---- observations ---- */

static bool root_holds(struct matching *m, const struct part *leaf, const struct root *root,
                       bool *bit)
{
    bool any = false;

    if (!spend(m, &m->p->test[leaf->first_test], leaf->tests / 8))
        return false;
    for (uint16_t i = 0; i < leaf->tests; i++) {
        uint16_t at = (uint16_t)(leaf->first_test + i);
        const struct test *t = &m->p->test[at];

        bit[at] = bytes_equal(t->type, root->type) &&
                  walk(m, t, 0, root->object) != (t->operation == TEST_EXISTS && t->negated);
        any = any || bit[at];
    }
    return any && postfix_holds(m->p, leaf, bit);
}

static bool leaf_holds(struct matching *m, const struct part *leaf, bool *bit)
{
    bool holds = false;

    for (size_t i = 0; i < m->in->roots; i++)
        holds |= root_holds(m, leaf, &m->o->root[m->in->first_root + i], bit);
    return holds;
}

/* met[leaf * observations + observation] */
static void fill(struct matching *m, bool *met)
{
    bool small[64], *bit = m->p->tests <= sizeof small ? small : memory_new(m->p->tests);

    for (size_t part = 0; part < m->p->parts; part++) {
        const struct part *leaf = &m->p->part[part];

        for (size_t i = 0; leaf->kind == PART_LEAF && i < m->o->count; i++) {
            m->in = &m->o->list[i];
            met[leaf->leaf * m->o->count + i] = leaf_holds(m, leaf, bit);
        }
    }
    if (bit != small)
        free(bit);
}

static bool has_any(const bool *met, size_t n)
{
    return n > 0 && memchr(met, true, n) != NULL;
}

struct fault match_decide(const struct pattern *p, const struct observed *o, bool *out)
{
    struct matching m = {.p = p, .o = o};
    size_t cells = p->leaves * o->count;
    bool small[256], *met, answer = false;

    if (cells > MATCH_CELLS)
        return fault_make(FAULT_LIMIT, 0, "at most 16 million pairs of [..] and observation");
    met = cells <= sizeof small ? small : memory_new(cells);

    fill(&m, met);
    if (!fault_is(m.fault) && p->parts == 1)
        answer = has_any(met, cells);
    else if (!fault_is(m.fault))
        m.fault = sequence_decide(p, o, met, &answer);
    if (met != small)
        free(met);
    buf_done(&m.decoded);
    buf_done(&m.room.one);
    buf_done(&m.room.two);
    if (!fault_is(m.fault))
        *out = answer;
    return m.fault;
}
