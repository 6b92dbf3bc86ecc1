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
    return &v->logs[s->party].entries[s->number];
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

static size_t replay(const struct verifying *v, const struct report *r, size_t opener,
                     struct case_life *life)
{
    const struct verified_entry *opening = entry_of(v, &r->statements[0]);
    const uint32_t *seconds =
        case_clocks(verifying_agreement_of(v, &opening->entry), opening->document);
    size_t out_of_order = 0;

    for (size_t i = 0; i < r->statement_count; i++) {
        const struct report_statement *s = &r->statements[i];
        const struct verified_entry *e = entry_of(v, s);
        struct case_said said = case_said_of(&e->entry, &e->leaf, e->document,
                                             s->party == opener ? SIDE_OPENER : SIDE_OTHER, life);

        if (fault_is(case_apply(life, &said, seconds)))
            out_of_order++;
        else if (s->bound)
            case_bound(life, &e->leaf, s->binding);
    }
    return out_of_order;
}

struct fault verifying_clocks(struct verifying *v, struct report *r)
{
    struct case_life *life = memory_zeroed(1, sizeof *life);
    size_t opener = r->statements[0].party, out_of_order, kept, late, gone;

    out_of_order = replay(v, r, opener, life);
    for (size_t i = 0; i < life->due_count; i++)
        report_due(v, &life->due[i], opener, r);
    kept = life->gone_kept;
    late = life->gone_late;
    gone = kept + late;
    free(life);
    for (size_t i = 0; i < r->clock_count; i++) {
        kept += r->clocks[i].met && !r->clocks[i].late;
        late += r->clocks[i].late;
    }
    if (late != 0 || out_of_order != 0 || kept != r->clock_count + gone)
        r->checks[CHECK_CLOCKS].state = CHECK_NOTED;
    report_say(r, CHECK_CLOCKS, "recomputed: %zu kept, %zu late, %zu open", kept, late,
               r->clock_count + gone - kept - late);
    if (out_of_order != 0)
        report_say(r, CHECK_CLOCKS,
                   "recomputed: %zu kept, %zu late, %zu open; %zu statements have no place in "
                   "docs/cases.md and count for nothing",
                   kept, late, r->clock_count + gone - kept - late, out_of_order);
    return fault_none();
}
