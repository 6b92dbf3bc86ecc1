#include <inttypes.h>

#include "base/memory.h"
#include "cases/case.h"
#include "proof/verifying.h"
#include "statement/type.h"

/* The deadline arithmetic, replayed: what the nodes did as it happened, done again from the
 * bundle alone, in the order in which they were said. */

static const struct verified_entry *entry_of(const struct verifying *v,
                                             const struct report_statement *s)
{
    return &v->logs[s->party].entries[s->at];
}

static void report_due(const struct verifying *v, const struct due *d, size_t opener,
                       struct report *r)
{
    const struct place *from = verifying_place(v, &d->from);
    struct report_clock *c;

    if (r->clock_count == REPORT_CLOCKS || from == NULL || d->state == DUE_DROPPED ||
        d->state == DUE_WAITING)
        return;
    c = &r->clocks[r->clock_count++];
    *c = (struct report_clock){.kind = d->clock,
                               .party = d->owes == SIDE_OPENER ? opener : 1 - opener,
                               .index = v->bundle->logs[from->log].entries[from->at].index,
                               .statement = v->logs[from->log].entries[from->at].entry.kind,
                               .began = d->began,
                               .due = d->due,
                               .met = d->state == DUE_KEPT || d->state == DUE_LATE,
                               .late = d->state == DUE_LATE,
                               .ending = d->state == DUE_ENDING,
                               .when = d->ended};
}

static struct case_said said_of(const struct verified_entry *e, enum case_side by,
                                const struct case_life *life)
{
    return case_said_of(&e->entry, &e->leaf, e->document, by, life);
}

/* Whose case is it? The first statement that can open one says so: not what the other party put
 * before it. Their count if there is none. */
static size_t opening_of(const struct verifying *v, const struct report *r)
{
    const struct case_life nothing = {.state = CASE_NONE};
    size_t i = 0;

    for (; i < r->statement_count; i++) {
        struct case_said said = said_of(entry_of(v, &r->statements[i]), SIDE_OPENER, &nothing);

        if (r->statements[i].aside == ASIDE_NONE &&
            move_find(CASE_NONE, said.kind, said.variant, SIDE_OPENER, SIDE_NONE) != NULL)
            break;
    }
    return i;
}

/* docs/STATEMENTS, nonce: "random; the return has the same". It is never withheld. */
static enum aside nonce_of_return(const struct verifying *v, const struct verified_entry *e)
{
    const struct disclosed *sent = v->logs[e->answers->log].entries[e->answers->at].document;

    if (sent == NULL || e->document == NULL)
        return ASIDE_NO_NONCE;
    return disclosed_text(sent, "nonce")[0] != '\0' &&
                   strcmp(disclosed_text(sent, "nonce"), disclosed_text(e->document, "nonce")) == 0
               ? ASIDE_NONE
               : ASIDE_NONCE;
}

static enum aside apply(const struct verifying *v, const struct verified_entry *e,
                        enum case_side by, const uint32_t *seconds, struct case_life *life)
{
    struct case_said said = said_of(e, by, life);
    enum aside a = e->entry.kind == KIND_CHECK && said.variant == VARIANT_RETURN
                       ? nonce_of_return(v, e)
                       : ASIDE_NONE;
    struct fault f;

    if (a != ASIDE_NONE)
        return a;
    f = case_apply(life, &said, seconds);
    if (!fault_is(f))
        return ASIDE_NONE;
    return f.kind == FAULT_REFUSED ? ASIDE_CLASS : ASIDE_MOVE;
}

/* Plays what was said; how much of it counts for nothing. */
static size_t replay(const struct verifying *v, size_t first, struct case_life *life,
                     struct report *r)
{
    const struct verified_entry *opening = entry_of(v, &r->statements[first]);
    size_t opener = r->statements[first].party, count = 0;
    const uint32_t *seconds =
        case_clocks(verifying_agreement_of(v, &opening->entry), opening->document);

    for (size_t i = 0; i < r->statement_count; i++) {
        struct report_statement *s = &r->statements[i];
        const struct verified_entry *e = entry_of(v, s);

        if (s->aside == ASIDE_NONE)
            s->aside = i < first ? ASIDE_MOVE
                                 : apply(v, e, s->party == opener ? SIDE_OPENER : SIDE_OTHER,
                                         seconds, life);
        if (s->aside == ASIDE_NONE && s->bound)
            case_bound(life, &e->leaf, s->binding);
        count += s->aside != ASIDE_NONE;
    }
    return count;
}

struct fault verifying_clocks(struct verifying *v, struct report *r)
{
    size_t first = opening_of(v, r), aside, kept, late, gone;
    struct case_life *life;
    char nothing[80] = "";

    if (first == r->statement_count) {
        r->checks[CHECK_CLOCKS].state = CHECK_NOTED;
        report_say(r, CHECK_CLOCKS, "none: no statement here opens a case");
        return fault_none();
    }
    life = memory_zeroed(1, sizeof *life);
    aside = replay(v, first, life, r);
    for (size_t i = 0; i < life->due_count; i++)
        report_due(v, &life->due[i], r->statements[first].party, r);
    kept = life->gone_kept;
    late = life->gone_late;
    gone = kept + late;
    free(life);
    for (size_t i = 0; i < r->clock_count; i++) {
        kept += r->clocks[i].met && !r->clocks[i].late;
        late += r->clocks[i].late;
    }
    if (late != 0 || aside != 0 || kept != r->clock_count + gone)
        r->checks[CHECK_CLOCKS].state = CHECK_NOTED;
    if (aside != 0)
        snprintf(nothing, sizeof nothing, "; %zu statement%s for nothing, marked below", aside,
                 aside == 1 ? " counts" : "s count");
    report_say(r, CHECK_CLOCKS, "recomputed: %zu kept, %zu late, %zu open%s", kept, late,
               r->clock_count + gone - kept - late, nothing);
    return fault_none();
}
