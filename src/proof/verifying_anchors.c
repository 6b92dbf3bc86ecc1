#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "proof/anchor.h"
#include "proof/verifying.h"

/* What outsiders said of the heads; docs/PROTOCOL.bundle section 4. */

static struct fault text_of(const struct bundle_log *log, size_t head, struct bytes *out)
{
    struct note n;
    struct fault f = note_parse(log->heads[head], &n); /* `heads` has read it already */

    if (!fault_is(f))
        *out = n.text;
    return f;
}

/* How much of the log was there, by whom, when; and whether the cosigner's clock ran ahead. */
static void say_anchored(struct verifying *v, size_t log, const struct bundle_anchor *b,
                         const struct anchored *found, struct report *r)
{
    const struct verified_head *head = &v->logs[log].heads[b->head];
    int64_t skew = (int64_t)v->agreements[0]->skew * 1000000;
    char *said = r->checks[CHECK_ANCHORS].found, time[INSTANT_TEXT + 1];
    size_t len = strlen(said), room = sizeof r->checks[CHECK_ANCHORS].found - len;
    bool ahead = head->bound && head->time.us > found->time.us + skew;

    instant_write(found->time, time);
    if (ahead)
        r->checks[CHECK_ANCHORS].state = CHECK_NOTED;
    snprintf(said + len, room, "%s%s was at %" PRIu64 " by %s (%s)%s", len == 0 ? "" : "; ",
             v->logs[log].party->id, head->size, time, found->who,
             ahead ? ", which the cosignature claims to be later" : "");
}

static struct fault check_one(struct verifying *v, const struct anchor_trust *trust, size_t log,
                              const struct bundle_anchor *b, struct report *r, size_t *unopened)
{
    struct anchor a = {.kind = b->kind, .data = b->data};
    struct anchored found;
    struct fault f = text_of(&v->bundle->logs[log], b->head, &a.text);

    if (!fault_is(f))
        f = anchor_verify(&a, trust, &found);
    if (f.kind == FAULT_UNKNOWN || f.kind == FAULT_MISSING) {
        ++*unopened;
        return fault_none();
    }
    if (fault_is(f)) {
        report_say(r, CHECK_ANCHORS, "%s of the head of %" PRIu64 " of %s: %s, %s",
                   anchor_kind_name(b->kind), v->logs[log].heads[b->head].size,
                   v->logs[log].party->id, fault_word(f.kind), f.rule);
        return f;
    }
    say_anchored(v, log, b, &found, r);
    return f;
}

static struct fault check_all(struct verifying *v, const struct anchor_trust *trust,
                              struct report *r)
{
    size_t unopened = 0, count = 0;

    for (size_t log = 0; log < BUNDLE_LOGS; log++)
        for (size_t i = 0; i < v->bundle->logs[log].anchor_count; i++, count++) {
            struct fault f =
                check_one(v, trust, log, &v->bundle->logs[log].anchors[i], r, &unopened);

            if (fault_is(f))
                return f;
        }
    if (count == 0)
        report_say(r, CHECK_ANCHORS, "none: nobody outside has signed a head");
    else if (unopened == count) {
        r->checks[CHECK_ANCHORS].state = CHECK_NOTED;
        report_say(r, CHECK_ANCHORS,
                   "%zu carried, not looked at: the agreement names nobody who made one; --tsa or "
                   "--witness says whom you trust",
                   count);
    }
    return fault_none();
}

/* Whom the reader trusts, then whom both parties named in any version that this case is under. */
struct fault verifying_anchors(struct verifying *v, struct report *r)
{
    struct anchor_trust *trust = memory_zeroed(1, sizeof *trust);
    struct buf pem = {0};
    struct fault f;

    anchor_trust_agreed(v->anchors, v->agreements, v->bundle->agreement_count, &pem, trust);
    f = check_all(v, trust, r);
    buf_done(&pem);
    free(trust);
    return f;
}
