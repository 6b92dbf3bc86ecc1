#include "watch/totals.h"

#include <inttypes.h>

#include "watch/rules.h"

void totals_count(struct totals *t, int judged)
{
    t->events++;
    t->oriented += judged >= JUDGED_ORIENTED;
    t->attributed += judged >= JUDGED_ATTRIBUTED;
    t->matched += judged >= JUDGED_MATCHED;
}

void notes_add(struct notes *n, const char *rule, uint64_t count)
{
    size_t i = 0;

    while (i < NOTES - 1 && n->note[i].rule != NULL && strcmp(n->note[i].rule, rule) != 0)
        i++;
    n->note[i].rule = i == NOTES - 1 ? "other" : rule;
    n->note[i].count += count;
}

void notes_json(const struct notes *n, struct buf *out)
{
    buf_byte(out, '{');
    for (size_t i = 0; i < NOTES && n->note[i].rule != NULL; i++)
        buf_print(out, "%s\"%s\":%" PRIu64, i == 0 ? "" : ",", n->note[i].rule, n->note[i].count);
    buf_byte(out, '}');
}

void totals_json(const struct totals *t, struct buf *out)
{
    const struct {
        const char *name;
        uint64_t n;
    } rows[] = {
        {"events", t->events},
        {"oriented", t->oriented},
        {"attributed", t->attributed},
        {"matched", t->matched},
        {"incidents", t->incidents},
        {"late", t->late},
        {"ahead", t->ahead},
        {"damaged_lines", t->damaged_lines},
        {"twice", t->twice},
        {"groups_dropped", t->losses.groups_dropped},
        {"matches_refused", t->losses.matches_refused},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        buf_print(out, "%s\"%s\":%" PRIu64, i == 0 ? "{" : ",", rows[i].name, rows[i].n);
    buf_text(out, ",\"by_rule\":");
    notes_json(&t->notes, out);
    buf_byte(out, '}');
}
