/*
 * Two nodes' rooms over disks that fail: power cuts that lose what was not synced, syncs and writes
 * that answer EIO, full disks, short writes; at a random call of a random run. What was
 * acknowledged stays, what was bound is held by both, no keeper ever signs two histories, and what
 * lies published is a whole log. Keeper's record is synced now before the log and now after it, as
 * two processes at work at once have it; what the log lost of it comes back from what desk's store
 * would have.
 *
 * A run is known by its seed. PARLEY_POWER_SEED and PARLEY_POWER_RUNS choose others than the
 * default, which fits some seconds; PARLEY_POWER_SECONDS takes new ones for that long.
 */
#include <errno.h>
#include <time.h>

#include "../ledger/disk.h"
#include "../ledger/party.h"
#include "base/text.h"
#include "ledger/fence.h"
#include "ledger/head.h"
#include "ledger/mirror.h"
#include "ledger/publish.h"
#include "proof/directory.h"

enum { SIZES = 600, SESSIONS = 6, RUNS = 150 };

static const struct instant noon = {1795608000LL * 1000000};
static struct party_keys a, b;

/* What must stay true, however often the power goes. */
struct truth {
    struct digest root[SIZES]; /* of each head that A's keeper signed */
    bool is_signed[SIZES];
    uint64_t stored, binding; /* acknowledged to somebody */
    uint64_t cosigned;        /* by B's keeper */
    uint64_t noted;           /* the newest head in A's store, which may lag behind */
    unsigned laid;            /* how often A's log lost what its keeper had recorded */
    unsigned variant;         /* so that no entry is ever said twice */
    unsigned cuts, failures;
};

struct world {
    struct disk *da, *db;
    struct files fa, fb;
    struct truth t;
    struct buf said[SIZES]; /* A's store: synced before anything is appended */
    uint64_t seed;
    /* open */
    struct keeping *ka, *kb;
    struct ledger *log;
    struct head head;
    struct mirror mirror;
    struct publish pa, pb;
    struct instant now;
};

static void broken(const struct world *w, const char *what, uint64_t size)
{
    fail_msg("seed %llu: %s (size %llu)", (unsigned long long)w->seed, what,
             (unsigned long long)size);
}

static uint64_t kept_size(const struct keeping *k)
{
    return keeping_count(k) == 0 ? 0 : keeping_at(k, 0)->tree.size;
}

/* --- a node comes up ------------------------------------------------------------------------ */

static void check_heads(const struct world *w, const struct ledger *l, uint64_t upto,
                        const char *whose)
{
    for (uint64_t size = 1; size <= upto; size++) {
        struct digest root;

        if (!w->t.is_signed[size])
            continue;
        if (fault_is(ledger_root_at(l, size, &root)) || !digest_equal(&root, &w->t.root[size]))
            broken(w, whose, size);
    }
}

/* As desk's commit_lay_again: out of the store, if the root is that of keeper's record. */
static struct fault lay_again(struct world *w)
{
    uint64_t size = ledger_size(w->log), kept = kept_size(w->ka), index[SIZES];
    struct bytes entry[SIZES];
    struct digest root, want;
    struct fault f;

    if (size >= kept)
        return fault_none();
    w->t.laid++;
    for (uint64_t i = size; i < kept; i++)
        entry[i - size] = buf_view(&w->said[i]);
    want = tree_root(&keeping_at(w->ka, 0)->tree);
    f = ledger_root_with(w->log, entry, (size_t)(kept - size), &root);
    if (!fault_is(f) && !digest_equal(&root, &want))
        broken(w, "keeper recorded a head that the store does not lead to", kept);
    return fault_is(f) ? f : ledger_append(w->log, entry, (size_t)(kept - size), index);
}

static struct fault open_a(struct world *w)
{
    struct fault f = keeping_open(&w->fa, 3, w->now, true, &w->ka);
    struct fence_verdict v;
    uint64_t size;

    if (fault_is(f))
        return f;
    size = kept_size(w->ka);
    f = ledger_open(&w->fa, 3, a.origin, w->t.noted, true, &w->log);
    if (!fault_is(f))
        f = lay_again(w);
    if (fault_is(f))
        return f;
    v = fence_decide(w->log, keeping_count(w->ka) == 0 ? NULL : keeping_at(w->ka, 0), NULL);
    if (v.what != FENCE_OK && v.what != FENCE_TRUNCATE_TAIL)
        broken(w, v.words, size);
    if (v.what == FENCE_TRUNCATE_TAIL)
        f = ledger_truncate(w->log, size);
    if (fault_is(f))
        return f;
    if (size < w->t.stored || size < w->t.binding)
        broken(w, "an acknowledged head is not remembered", size);
    check_heads(w, w->log, size, "a signed head is lost or contradicted in A's log");
    f = head_init(&w->head, w->log, &a.author, &b.cosigner);
    return fault_is(f) ? f : publish_init(&w->pa, &w->fa, 3, w->log);
}

static struct fault open_b(struct world *w)
{
    struct fault f = keeping_open(&w->fb, 3, w->now, true, &w->kb);
    uint64_t size;

    if (fault_is(f))
        return f;
    size = kept_size(w->kb);
    if (size < w->t.cosigned)
        broken(w, "a cosigned head is not remembered", size);
    f = mirror_open(&w->mirror, &w->fb, 3, &a.author, size, true);
    if (fault_is(f))
        return f;
    if (ledger_size(w->mirror.log) < w->t.binding)
        broken(w, "B does not hold what is binding", ledger_size(w->mirror.log));
    check_heads(w, w->mirror.log, size, "B's mirror is another history");
    return publish_init(&w->pb, &w->fb, 3, w->mirror.log);
}

static void close_both(struct world *w)
{
    ledger_free(w->log);
    mirror_done(&w->mirror);
    keeping_free(w->ka);
    keeping_free(w->kb);
    w->log = NULL;
    w->ka = w->kb = NULL;
}

/* --- what nodes do -------------------------------------------------------------------------- */

static struct fault note_stored(struct world *w, struct bytes note)
{
    uint64_t size = ledger_size(w->log);
    struct digest root = ledger_root(w->log);

    if (w->t.is_signed[size] && !digest_equal(&w->t.root[size], &root))
        broken(w, "two roots were signed", size);
    w->t.is_signed[size] = true;
    w->t.root[size] = root;
    return head_take_stored(&w->head, note);
}

static struct fault say_some(struct world *w)
{
    struct buf note = {0};
    struct bytes texts[4];
    uint64_t index[4], refused, first = ledger_size(w->log);
    size_t count = 1 + disk_random(w->da) % 4;
    struct instant now = w->now;
    struct keeping_sign s = {"a", "a-b-2015", first, texts, count, party_permits, &now, w->now};
    struct fault f;

    w->t.variant++;
    for (size_t i = 0; i < count; i++) {
        bool third = (first + i) % 3 == 0 && first + i != 0; /* no permits here */

        buf_clear(&w->said[first + i]);
        party_entry(&a, first + i + third, 2 * w->t.variant + third, &w->said[first + i]);
        texts[i] = buf_view(&w->said[first + i]);
    }
    f = ledger_append_unsynced(w->log, texts, count, index);
    if (!fault_is(f) && disk_random(w->da) % 2 == 0)
        f = ledger_sync(w->log);
    if (!fault_is(f))
        f = keeping_sign_head(w->ka, &s, &a.log_pen, &note, &refused);
    if (fault_is(f) && note.len != 0)
        broken(w, "a note and a fault", first);
    if (!fault_is(f))
        f = ledger_sync(w->log);
    if (!fault_is(f))
        f = note_stored(w, buf_view(&note));
    if (!fault_is(f))
        w->t.stored = first + count;
    if (!fault_is(f) && disk_random(w->da) % 2 == 0)
        w->t.noted = first + count;
    buf_done(&note);
    return f;
}

/* After a crash the newest head's note may be lost: keeper signs it again. */
static struct fault sign_again(struct world *w)
{
    struct buf note = {0};
    uint64_t refused;
    struct instant now = w->now;
    struct keeping_sign s = {"a",  "a-b-2015", ledger_size(w->log), NULL, 0, party_permits,
                             &now, w->now};
    struct fault f = keeping_sign_head(w->ka, &s, &a.log_pen, &note, &refused);

    if (!fault_is(f))
        f = note_stored(w, buf_view(&note));
    buf_done(&note);
    return f;
}

static struct fault push(struct world *w)
{
    uint64_t first = ledger_size(w->mirror.log), size = w->head.stored;
    struct buf text[SIZES] = {{0}};
    struct bytes entry[SIZES];
    struct mirror_answer answer = {0};
    struct fault f = fault_none();

    for (uint64_t i = first; i < size && !fault_is(f); i++) {
        f = ledger_read(w->log, i, &text[i - first]);
        entry[i - first] = buf_view(&text[i - first]);
    }
    if (!fault_is(f))
        f = mirror_take(&w->mirror, first < size ? first : size, entry,
                        size > first ? (size_t)(size - first) : 0, head_stored_note(&w->head),
                        &answer);
    if (f.kind == FAULT_MISMATCH)
        broken(w, "B sees another history", size);
    buf_done(&answer.held);
    for (uint64_t i = first; i < size; i++)
        buf_done(&text[i - first]);
    return f;
}

static struct fault cosign(struct world *w)
{
    uint64_t first = kept_size(w->kb), size = ledger_size(w->mirror.log);
    struct digest leaf[SIZES];
    struct buf note = {0};
    struct keeping_cosign c = {&a.author, mirror_note(&w->mirror), first,
                               leaf,      (size_t)(size - first),  w->now};
    struct fault f;

    for (uint64_t i = first; i < size; i++)
        leaf[i - first] = *ledger_leaf(w->mirror.log, i);
    f = keeping_cosign(w->kb, &c, &b.cosign_pen, &note);
    if (!fault_is(f)) {
        w->t.cosigned = size;
        f = mirror_take_cosigned(&w->mirror, buf_view(&note));
    }
    if (!fault_is(f))
        f = head_take_binding(&w->head, buf_view(&note));
    if (!fault_is(f))
        w->t.binding = w->head.binding;
    buf_done(&note);
    return f;
}

static struct fault publish(struct world *w)
{
    struct bytes ours = head_stored_note(&w->head), theirs = mirror_cosigned_note(&w->mirror);
    struct fault f = ours.len == 0 ? fault_none() : publish_note(&w->pa, ours);

    if (!fault_is(f) && theirs.len != 0)
        f = publish_note(&w->pb, theirs);
    return f.kind == FAULT_ORDER ? fault_none() : f;
}

static struct fault live(struct world *w)
{
    struct fault f = open_a(w);

    if (!fault_is(f))
        f = open_b(w);
    if (!fault_is(f) && w->head.stored < ledger_size(w->log))
        f = sign_again(w);
    while (!fault_is(f) && ledger_size(w->log) + 4 < SIZES) {
        w->now.us += 1000000;
        f = say_some(w);
        if (fault_is(f) || disk_random(w->da) % 3 == 0)
            continue;
        f = push(w);
        if (!fault_is(f) && disk_random(w->da) % 4 != 0)
            f = cosign(w);
        if (!fault_is(f) && disk_random(w->da) % 4 == 0)
            f = publish(w);
    }
    return f;
}

/* --- faults --------------------------------------------------------------------------------- */

static void plan(struct world *w, struct disk *d)
{
    long at = d->calls + 1 + (long)(disk_random(d) % 220);

    d->short_at_sectors = disk_random(d) % 4 == 0;
    d->cut_at = d->fail_at = 0;
    d->full_at = 0;
    switch (disk_random(w->da) % 5) {
    case 0:
        d->fail_at = at;
        d->fail_errno = EIO; /* of a sync, too: what it should have made durable is lost */
        break;
    case 1:
        d->fail_at = at;
        d->fail_errno = ENOSPC;
        break;
    default:
        d->cut_at = at;
    }
}

static void after(struct world *w, struct disk *d)
{
    bool cut = d->cut_at != 0 && d->calls >= d->cut_at;

    w->t.cuts += cut;
    w->t.failures += d->fail_at != 0 && d->calls >= d->fail_at;
    if (cut || disk_random(d) % 2 == 0)
        disk_cut(d); /* a failed sync, and then the power goes too */
    d->cut_at = d->fail_at = 0;
}

/* All is well again: both come up and everything that was ever promised is there. */
static void at_the_end(struct world *w)
{
    struct directory d = {.files = &w->fa, .dir = 3};
    struct directory_result r;
    struct findings found;
    struct fault f;

    f = open_a(w);
    if (fault_is(f))
        broken(w, f.rule, 0);
    f = open_b(w);
    if (fault_is(f))
        broken(w, f.rule, 1);
    assert_good(ledger_check_all(w->log));
    assert_good(ledger_check_all(w->mirror.log));
    for (int i = 0; i < 2; i++) {
        d.files = i == 0 ? &w->fa : &w->fb;
        if (disk_file(i == 0 ? w->da : w->db, "checkpoint") == NULL)
            continue;
        findings_init(&found);
        directory_verify(&d, &r, &found);
        if (findings_find(&found, "root")->state != CHECK_OK ||
            findings_find(&found, "tiles")->state != CHECK_OK)
            broken(w, "what lies published is no whole log", r.size);
    }
    close_both(w);
}

static void one_run(uint64_t seed, unsigned *cuts, unsigned *failures, unsigned *laid)
{
    struct world *w = memory_zeroed(1, sizeof *w);

    w->seed = seed;
    w->da = disk_new(seed);
    w->db = disk_new(seed ^ 0x5bd1e995);
    w->fa = disk_files(w->da);
    w->fb = disk_files(w->db);
    w->now = noon;
    for (int session = 0; session < SESSIONS; session++) {
        struct fault f;

        plan(w, w->da);
        plan(w, w->db);
        f = live(w);
        if (fault_is(f) && f.kind != FAULT_IO)
            broken(w, f.rule, (uint64_t)f.kind);
        close_both(w);
        after(w, w->da);
        after(w, w->db);
    }
    w->da->short_at_sectors = w->db->short_at_sectors = false;
    at_the_end(w);
    *cuts += w->t.cuts;
    *failures += w->t.failures;
    *laid += w->t.laid;
    for (size_t i = 0; i < SIZES; i++)
        buf_done(&w->said[i]);
    disk_free(w->da);
    disk_free(w->db);
    free(w);
}

static uint64_t wish(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static void nothing_acknowledged_is_lost_and_nobody_signs_two_histories(void **state)
{
    time_t begin = time(NULL), seconds = (time_t)wish("PARLEY_POWER_SECONDS", 0);
    uint64_t seed = wish("PARLEY_POWER_SEED", seconds == 0 ? 1 : (uint64_t)begin << 16);
    uint64_t least = wish("PARLEY_POWER_RUNS", RUNS), runs = 0;
    unsigned cuts = 0, failures = 0, laid = 0;

    (void)state;
    party_init(&a, 'a');
    party_init(&b, 'b');
    for (; runs < least || time(NULL) - begin < seconds; runs++)
        one_run(seed + runs, &cuts, &failures, &laid);
    print_message(
        "seeds %llu to %llu: %u power cuts, %u failed calls, %u times keeper's record was "
        "ahead of the log\n",
        (unsigned long long)seed, (unsigned long long)(seed + runs - 1), cuts, failures, laid);
    assert_true(runs < RUNS || laid != 0);
    party_done(&a);
    party_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_acknowledged_is_lost_and_nobody_signs_two_histories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
