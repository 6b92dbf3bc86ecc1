#include "stix/sequence.h"

#include <stdlib.h>

#include "base/memory.h"
#include "stix/match.h"

enum { SEQUENCE_CELLS = 1 << 20 /* groups times observations: 8 MiB of flow */ };

/* Nanoseconds since the epoch; the years 0 to 9999 need 69 bits. */
typedef __int128 wide;

static const wide far = (wide)1 << 100;

/* An observation may be taken if it ends at `ends` or later and begins at `begins` or earlier. */
struct bounds {
    wide ends, begins;
};

/* So many observations, each of which meets what part `p` says of a single one. */
struct group {
    uint16_t p;
    struct bounds b;
    int64_t wanted;
};

/* What is still to be done: a list through the frames of the search. */
struct todo {
    uint16_t p;
    struct bounds b;
    int64_t times;
    size_t *floor; /* the place of the first choice among equal copies; NULL */
    const struct todo *next;
};

struct search {
    const struct pattern *p;
    const struct observed *o;
    const bool *met;
    wide *first, *last;  /* of each observation */
    wide *begins, *ends; /* the same, sorted, each once */
    size_t begin_count, end_count;
    bool *single; /* of each part: true of one observation alone? */
    bool *plain;  /* of each part: nothing in it to choose? */
    struct group group[MATCH_DEPTH];
    size_t groups, depth;
    bool *may;            /* groups x observations */
    int64_t *flow, *left; /* groups x observations; observations */
    size_t cells;
    size_t work;
    bool is_spent;
};

static wide ns(struct moment m)
{
    return (wide)m.us * 1000 + m.fine;
}

static bool spend(struct search *s, size_t work)
{
    s->work += work;
    s->is_spent = s->is_spent || s->work > MATCH_SEARCH;
    return !s->is_spent;
}

/* ---- single observations ---- */

static struct bounds tighter(struct bounds b, wide ends, wide begins)
{
    if (ends > b.ends)
        b.ends = ends;
    if (begins < b.begins)
        b.begins = begins;
    return b;
}

/* [start, stop): nothing lies in one that is empty. */
static struct bounds in_span(struct bounds b, const struct part *part)
{
    if (moment_compare(part->start, part->stop) >= 0)
        return (struct bounds){far, -far};
    return tighter(b, ns(part->start), ns(part->stop) - 1);
}

static bool is_plain(const struct search *s, const struct part *part, bool is_single)
{
    switch (part->kind) {
    case PART_AND:
        return s->plain[part->left] && s->plain[part->right];
    case PART_REPEATS:
    case PART_SPAN:
        return s->plain[part->left];
    default:
        return is_single;
    }
}

/* Children stand before their parents. */
static void mark_parts(struct search *s)
{
    for (uint16_t i = 0; i < s->p->parts; i++) {
        const struct part *part = &s->p->part[i];

        if (part->kind == PART_LEAF)
            s->single[i] = true;
        else if (part->kind == PART_OR)
            s->single[i] = s->single[part->left] && s->single[part->right];
        else if (part->kind == PART_REPEATS)
            s->single[i] = part->count == 1 && s->single[part->left];
        else
            s->single[i] =
                (part->kind == PART_WITHIN || part->kind == PART_SPAN) && s->single[part->left];
        s->plain[i] = is_plain(s, part, s->single[i]);
    }
}

static bool is_met(struct search *s, uint16_t p, struct bounds b, size_t i)
{
    const struct part *part = &s->p->part[p];

    if (b.ends > s->last[i] || b.begins < s->first[i] || !spend(s, 1))
        return false;
    switch (part->kind) {
    case PART_LEAF:
        return s->met[part->leaf * s->o->count + i];
    case PART_OR:
        return is_met(s, part->left, b, i) || is_met(s, part->right, b, i);
    case PART_SPAN:
        return is_met(s, part->left, in_span(b, part), i);
    default:
        return is_met(s, part->left, b, i);
    }
}

/* ---- distinct observations: a flow ---- */

/* One way to free an observation for group `to`: from where the group's turn came. */
struct visit {
    size_t from, through;
};

static bool can_grow(struct search *s, size_t g, size_t *queue, size_t *queued, struct visit *seen,
                     size_t *free_at)
{
    size_t n = s->o->count;

    for (size_t i = 0; i < n && spend(s, 1); i++) {
        if (!s->may[g * n + i])
            continue;
        if (s->left[i] > 0) {
            *free_at = i;
            return true;
        }
        for (size_t h = 0; h < s->groups; h++)
            if (seen[h].from == SIZE_MAX && s->flow[h * n + i] > 0) {
                seen[h] = (struct visit){g, i};
                queue[(*queued)++] = h;
            }
        (void)spend(s, s->groups / 8);
    }
    return false;
}

/* Moves as much as the whole way allows from `g` back to `start`. */
static int64_t push(struct search *s, size_t start, size_t g, size_t free_at, int64_t want,
                    const struct visit *seen)
{
    size_t n = s->o->count;
    int64_t most = want < s->left[free_at] ? want : s->left[free_at];

    for (size_t at = g; at != start; at = seen[at].from)
        if (s->flow[at * n + seen[at].through] < most)
            most = s->flow[at * n + seen[at].through];
    s->left[free_at] -= most;
    s->flow[g * n + free_at] += most;
    for (size_t at = g; at != start; at = seen[at].from) {
        s->flow[at * n + seen[at].through] -= most;
        s->flow[seen[at].from * n + seen[at].through] += most;
    }
    return most;
}

/* Finds room for some of `want` more for `start`, moving others; 0 if there is none. */
static int64_t augment(struct search *s, size_t start, int64_t want)
{
    size_t queue[MATCH_DEPTH + 1], queued = 0, free_at = 0;
    struct visit seen[MATCH_DEPTH];

    for (size_t h = 0; h < s->groups; h++)
        seen[h] = (struct visit){SIZE_MAX, 0};
    seen[start].from = start;
    queue[queued++] = start;
    for (size_t at = 0; at < queued && !s->is_spent; at++)
        if (can_grow(s, queue[at], queue, &queued, seen, &free_at))
            return push(s, start, queue[at], free_at, want, seen);
    return 0;
}

static bool place(struct search *s, size_t g)
{
    int64_t want = s->group[g].wanted;

    while (want > 0) {
        int64_t more = augment(s, g, want);

        if (more == 0)
            return false;
        want -= more;
    }
    return true;
}

static bool make_room(struct search *s)
{
    size_t cells = s->groups * s->o->count;

    if (cells > SEQUENCE_CELLS)
        s->is_spent = true;
    if (cells <= s->cells || s->is_spent)
        return !s->is_spent;
    s->may = memory_resize(s->may, cells, sizeof *s->may);
    s->flow = memory_resize(s->flow, cells, sizeof *s->flow);
    s->cells = cells;
    return true;
}

/* Which observations may group g take, and are there enough of them if it had them alone? */
static bool fill(struct search *s, size_t g)
{
    const struct group *group = &s->group[g];
    size_t n = s->o->count;
    int64_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        bool may = is_met(s, group->p, group->b, i);

        s->may[g * n + i] = may;
        s->flow[g * n + i] = 0;
        sum += may && sum < group->wanted ? s->o->list[i].number : 0;
    }
    return sum >= group->wanted && !s->is_spent;
}

/* Can all groups have their observations at once? */
static bool is_feasible(struct search *s)
{
    if (!make_room(s))
        return false;
    for (size_t g = 0; g < s->groups; g++)
        if (!fill(s, g))
            return false;
    if (s->groups <= 1)
        return true;
    for (size_t i = 0; i < s->o->count; i++)
        s->left[i] = s->o->list[i].number;
    for (size_t g = 0; g < s->groups; g++)
        if (!place(s, g))
            return false;
    return true;
}

/* ---- the search ---- */

static int64_t product(int64_t a, int64_t b)
{
    int64_t out;

    return __builtin_mul_overflow(a, b, &out) ? INT64_MAX : out;
}

static bool add_group(struct search *s, uint16_t p, struct bounds b, int64_t wanted)
{
    if (s->groups == MATCH_DEPTH) {
        s->is_spent = true;
        return false;
    }
    s->group[s->groups++] = (struct group){p, b, wanted};
    return true;
}

/* What part p needs at least, whatever is chosen in it: its observations without the choices. An
 * OR of more than single observations promises nothing. */
static bool relax(struct search *s, uint16_t p, struct bounds b, int64_t times)
{
    const struct part *part = &s->p->part[p];

    if (!spend(s, 1))
        return false;
    if (s->single[p])
        return add_group(s, p, b, times);
    switch (part->kind) {
    case PART_AND:
    case PART_FOLLOWED:
        return relax(s, part->left, b, times) && relax(s, part->right, b, times);
    case PART_REPEATS:
        return relax(s, part->left, b, product(times, part->count));
    case PART_SPAN:
        return relax(s, part->left, in_span(b, part), times);
    case PART_WITHIN:
        return relax(s, part->left, b, times);
    default:
        return true;
    }
}

static bool is_hopeful(struct search *s, const struct todo *list)
{
    size_t groups = s->groups;
    bool good = true;

    for (; list != NULL && good; list = list->next)
        good = relax(s, list->p, list->b, list->times);
    good = good && is_feasible(s);
    s->groups = groups;
    return good;
}

static bool solve(struct search *s, const struct todo *list);

static bool solve_two(struct search *s, const struct todo *t, struct bounds left,
                      struct bounds right)
{
    const struct part *part = &s->p->part[t->p];
    struct todo second = {part->right, right, 1, NULL, t->next};
    struct todo first = {part->left, left, 1, NULL, &second};

    return (part->kind == PART_AND || is_hopeful(s, &first)) && solve(s, &first);
}

static bool solve_one(struct search *s, const struct todo *t, struct bounds b, bool is_choice)
{
    struct todo only = {s->p->part[t->p].left, b, 1, NULL, t->next};

    return (!is_choice || is_hopeful(s, &only)) && solve(s, &only);
}

static bool solve_or(struct search *s, const struct todo *t)
{
    const struct part *part = &s->p->part[t->p];
    struct todo one = {part->left, t->b, 1, NULL, t->next};

    if (is_hopeful(s, &one) && solve(s, &one))
        return true;
    one.p = part->right;
    return is_hopeful(s, &one) && solve(s, &one);
}

/* The moment between the two: one at which an observation of the left begins. */
static bool solve_followed(struct search *s, const struct todo *t)
{
    size_t local = 0, *floor = t->floor == NULL ? &local : t->floor;

    for (size_t i = *floor; i < s->begin_count && !s->is_spent; i++) {
        wide at = s->begins[i];

        if (at > t->b.begins)
            break;
        *floor = i;
        if (solve_two(s, t, tighter(t->b, t->b.ends, at), tighter(t->b, at, t->b.begins)))
            return true;
    }
    return false;
}

/* The moment at which the window opens: one at which an observation ends. */
static bool solve_within(struct search *s, const struct todo *t)
{
    const struct part *part = &s->p->part[t->p];
    wide length = (wide)part->seconds * 1000000000 + part->nanos;
    size_t local = 0, *floor = t->floor == NULL ? &local : t->floor;

    for (size_t i = *floor; i < s->end_count && !s->is_spent; i++) {
        wide at = s->ends[i];

        if (at < t->b.ends)
            continue;
        *floor = i;
        if (solve_one(s, t, tighter(t->b, at, at + length), true))
            return true;
    }
    return false;
}

/* Copies that are alike may come in any order, so each chooses from where the one before it did:
 * without this, each order would be tried. */
static bool solve_copies(struct search *s, const struct todo *t)
{
    const struct part *part = &s->p->part[t->p];
    bool chooses = part->kind == PART_FOLLOWED || part->kind == PART_WITHIN;
    size_t floor = 0, *shared = t->floor != NULL ? t->floor : &floor, before = *shared;
    struct todo rest = {t->p, t->b, t->times - 1, chooses ? shared : NULL, t->next};
    struct todo one = {t->p, t->b, 1, chooses ? shared : NULL, &rest};
    bool good;

    good = solve(s, &one);
    *shared = before;
    return good;
}

static bool solve_repeats(struct search *s, const struct todo *t)
{
    const struct part *part = &s->p->part[t->p];
    struct todo copies = {part->left, t->b, part->count, NULL, t->next};

    return is_hopeful(s, &copies) && solve(s, &copies);
}

/* Nothing to choose: what relax() says is all there is. */
static bool solve_plain(struct search *s, const struct todo *t)
{
    size_t groups = s->groups;
    bool good = relax(s, t->p, t->b, t->times) && solve(s, t->next);

    s->groups = groups;
    return good;
}

static bool solve_part(struct search *s, const struct todo *t)
{
    const struct part *part = &s->p->part[t->p];

    if (s->plain[t->p])
        return solve_plain(s, t);
    if (t->times > 1)
        return solve_copies(s, t);
    switch (part->kind) {
    case PART_AND:
        return solve_two(s, t, t->b, t->b);
    case PART_OR:
        return solve_or(s, t);
    case PART_FOLLOWED:
        return solve_followed(s, t);
    case PART_REPEATS:
        return solve_repeats(s, t);
    case PART_WITHIN:
        return solve_within(s, t);
    default:
        return solve_one(s, t, in_span(t->b, part), false);
    }
}

static bool solve(struct search *s, const struct todo *list)
{
    bool good;

    if (list == NULL)
        return is_feasible(s);
    if (s->depth == 2 * MATCH_DEPTH || !spend(s, 1)) {
        s->is_spent = true;
        return false;
    }
    s->depth++;
    good = solve_part(s, list);
    s->depth--;
    return good;
}

/* ---- set up ---- */

static int by_value(const void *a, const void *b)
{
    wide x = *(const wide *)a, y = *(const wide *)b;

    return (x > y) - (x < y);
}

static size_t sort_once(wide *list, size_t n)
{
    size_t to = 0;

    if (n > 1)
        qsort(list, n, sizeof *list, by_value);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || list[i] != list[to - 1])
            list[to++] = list[i];
    return to;
}

static void set_up(struct search *s)
{
    size_t n = s->o->count;

    s->first = memory_new(4 * n * sizeof *s->first);
    s->last = s->first + n;
    s->begins = s->last + n;
    s->ends = s->begins + n;
    s->left = memory_new(n * sizeof *s->left);
    s->single = memory_zeroed(2 * s->p->parts, sizeof *s->single);
    s->plain = s->single + s->p->parts;
    for (size_t i = 0; i < n; i++) {
        s->begins[i] = s->first[i] = ns(s->o->list[i].first);
        s->ends[i] = s->last[i] = ns(s->o->list[i].last);
    }
    s->begin_count = sort_once(s->begins, n);
    s->end_count = sort_once(s->ends, n);
    mark_parts(s);
}

static void tear_down(struct search *s)
{
    free(s->first);
    free(s->left);
    free(s->single);
    free(s->may);
    free(s->flow);
}

struct fault sequence_decide(const struct pattern *p, const struct observed *o, const bool *met,
                             bool *out)
{
    struct bounds any = {-far, far};
    struct search s = {.p = p, .o = o, .met = met};
    struct todo root = {(uint16_t)(p->parts - 1), any, 1, NULL, NULL};
    bool good;

    set_up(&s);
    good = solve(&s, &root);
    tear_down(&s);
    if (!good && s.is_spent)
        return fault_make(FAULT_LIMIT, 0, "at most 20 million steps in search of a binding");
    *out = good;
    return fault_none();
}
