#include "sensor/eve_shape.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "sensor/eve_member.h"

/* The walk over a line that is known to be good JSON: it looks for where things end, and errors
 * cannot be. Whatever it is not sure of ends the learning of this line. */

struct learner {
    struct eve_shapes *shapes;
    const uint8_t *p, *end;
    const uint8_t *from; /* the step that is being made begins here */
    struct eve_root *root;
    uint16_t *first; /* where the number of the first that may stand here is kept */
    uint32_t seen;   /* members named since `from` */
    unsigned steps;  /* of this path */
};

struct eve_shapes *eve_shapes_new(void)
{
    struct eve_shapes *s = aligned_alloc(64, sizeof *s);

    if (s == NULL)
        die("parley: out of memory\n");
    memset(s, 0, sizeof *s);
    s->count = 1;
    s->credit = EVE_CREDIT;
    return s;
}

static void forget(struct eve_shapes *s)
{
    memset(s->root, 0, sizeof s->root);
    memset(s->guess, 0, sizeof s->guess);
    s->count = 1;
}

/* ---- one step ---- */

static bool is_same(const struct eve_step *a, const struct eve_step *b)
{
    return a->length == b->length && a->hole == b->hole && a->taken == b->taken &&
           a->last == b->last && a->seen == b->seen && memcmp(a->text, b->text, a->length) == 0;
}

/* The step among those that may stand here; made if there was none. 0: there is no room for it. */
static unsigned place(struct learner *l, const struct eve_step *wanted)
{
    struct eve_shapes *s = l->shapes;
    uint16_t *link = l->first;

    for (unsigned others = 0; *link != 0; others++) {
        if (is_same(&s->step[*link], wanted))
            return *link;
        if (others == EVE_STEP_OTHERS)
            return 0;
        link = &s->step[*link].other;
    }
    if (s->count == EVE_STEPS)
        return 0;
    s->step[s->count] = *wanted;
    *link = (uint16_t)s->count;
    return s->count++;
}

static bool step_on(struct learner *l, const struct eve_step *wanted)
{
    unsigned n = ++l->steps > EVE_MEMBER_STEPS ? 0 : place(l, wanted);

    l->root->length = l->shapes->step[l->root->step].length;
    l->root->hole = l->shapes->step[l->root->step].hole;
    l->first = &l->shapes->step[n].next;
    return n != 0;
}

/* The text up to p, then a hole; `last`: the path is over behind it. */
static bool cut(struct learner *l, enum eve_hole hole, enum eve_member m, bool last)
{
    for (bool more = true; more;) {
        size_t len = (size_t)(l->p - l->from);
        struct eve_step step = {.hole = HOLE_NONE, .taken = MEMBER_COUNT};

        more = len > EVE_STEP_TEXT;
        if (more)
            len = EVE_STEP_TEXT;
        memcpy(step.text, l->from, len);
        step.length = (uint8_t)len;
        step.mask = (uint32_t)(((uint64_t)1 << len) - 1);
        l->from += len;
        if (!more) {
            step.hole = (uint8_t)hole;
            step.taken = (uint8_t)m;
            step.last = last;
        }
        step.seen = l->seen; /* of the root: the first-level member */
        l->seen = 0;
        if (!step_on(l, &step))
            return false;
    }
    return true;
}

/* ---- the walk ---- */

static void skip_space(struct learner *l)
{
    while (l->p < l->end && (*l->p == ' ' || *l->p == '\t' || *l->p == '\r' || *l->p == '\n'))
        l->p++;
}

/* From behind the opening quote to behind the closing one. */
static void skip_string(struct learner *l)
{
    while (l->p < l->end && *l->p != '"')
        l->p += *l->p == '\\' ? 2 : 1;
    l->p++;
}

static bool is_number(const struct learner *l)
{
    return *l->p == '-' || (uint8_t)(*l->p - '0') <= 9;
}

static void skip_scalar(struct learner *l)
{
    while (l->p < l->end && memchr(",]} \t\r\n", *l->p, 7) == NULL)
        l->p++;
}

/* Where a value stands, as in eve_plain.c. */
struct place {
    enum eve_node object, items;
    unsigned depth; /* 1: a member of the first level */
};

static bool learn_value(struct learner *l, enum eve_member m, struct place place);

/* The member, if a value of this kind is what it is read for. */
static enum eve_member read_as(enum eve_member m, enum eve_hole hole)
{
    enum eve_kind kind = m == MEMBER_COUNT ? KIND_OBJECT : (enum eve_kind)eve_rows[m].kind;
    bool number = kind == KIND_PORT || kind == KIND_FLOW || kind == KIND_NUMBER;

    if (kind == KIND_OBJECT || kind == KIND_LIST || number != (hole == HOLE_NUMBER))
        return MEMBER_COUNT;
    return m;
}

static bool learn_scalar(struct learner *l, enum eve_member m, bool last)
{
    if (*l->p == '"') {
        l->p++;
        if (!cut(l, HOLE_STRING, read_as(m, HOLE_STRING), last))
            return false;
        skip_string(l);
    } else if (is_number(l)) {
        if (!cut(l, HOLE_NUMBER, read_as(m, HOLE_NUMBER), last))
            return false;
        skip_scalar(l);
    } else {
        skip_scalar(l);
        return !last || cut(l, HOLE_NONE, MEMBER_COUNT, true);
    }
    l->from = l->p;
    return true;
}

/* A key, its colon and its value. */
static bool learn_member(struct learner *l, enum eve_node node, unsigned depth)
{
    struct place inside = {NODE_NONE, NODE_NONE, depth};
    const uint8_t *key;
    enum eve_member m;
    struct bytes name;

    skip_space(l);
    key = ++l->p;
    skip_string(l);
    name = bytes_of(key, (size_t)(l->p - key) - 1);
    if (memchr(name.data, '\\', name.len) != NULL)
        return false;
    m = eve_member_of(node, name);
    if (m != MEMBER_COUNT) {
        l->seen |= 1u << m;
        if (eve_rows[m].kind == KIND_OBJECT)
            inside.object = (enum eve_node)eve_rows[m].target;
        else if (eve_rows[m].kind == KIND_LIST)
            inside.items = (enum eve_node)eve_rows[m].target;
    }
    skip_space(l);
    l->p++;
    skip_space(l);
    return learn_value(l, m, inside);
}

/* An object or an array, all of it. */
static bool learn_nest(struct learner *l, struct place place)
{
    bool object = *l->p == '{';
    struct place item = {place.items, NODE_NONE, place.depth + 1};

    l->p++;
    skip_space(l);
    while (*l->p != '}' && *l->p != ']') {
        if (!(object ? learn_member(l, place.object, place.depth + 1)
                     : learn_value(l, MEMBER_COUNT, item)))
            return false;
        skip_space(l);
        l->p += *l->p == ',';
        skip_space(l);
    }
    l->p++;
    return place.depth != 1 || cut(l, HOLE_NONE, MEMBER_COUNT, true);
}

static bool learn_value(struct learner *l, enum eve_member m, struct place place)
{
    return *l->p == '{' || *l->p == '[' ? learn_nest(l, place)
                                        : learn_scalar(l, m, place.depth == 1);
}

/* The root of the key behind p, which stands at a comma or at the brace. */
static bool begin_path(struct learner *l)
{
    uint64_t word = 0;
    size_t left;

    l->from = ++l->p;
    l->steps = 0;
    l->seen = 0;
    if (l->p < l->end && *l->p == ' ')
        l->p++;
    if (l->p == l->end || *l->p != '"')
        return false;
    left = (size_t)(l->end - l->p) - 1;
    memcpy(&word, l->p + 1, left < sizeof word ? left : sizeof word);
    l->root = &l->shapes->root[eve_shape_bucket(word)];
    l->first = &l->root->step;
    return true;
}

void eve_shapes_learn(struct eve_shapes *s, struct bytes line)
{
    struct learner l = {.shapes = s, .p = line.data, .end = line.data + line.len};

    if (s->credit == 0)
        return;
    s->credit--;
    if (s->count == EVE_STEPS)
        forget(s);
    while (begin_path(&l) && learn_member(&l, NODE_TOP, 1) && l.p < l.end && *l.p == ',') {
    }
}
