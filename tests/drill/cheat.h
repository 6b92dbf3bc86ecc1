/*
 * cheat.h - two parties of which one cheats, and an arbiter who has their root keys alone.
 *
 * Both have real keys under a real agreement (tests/proof/make_bundle.h). The cheater holds all
 * of his own keys and no honest room stands between them and his pen: he may sign any history.
 * The honest side is the rooms a node runs: mirror, keeping, head. The arbiter gets files.
 */
#ifndef PARLEY_TESTS_DRILL_CHEAT_H
#define PARLEY_TESTS_DRILL_CHEAT_H

#include "../ledger/disk.h"
#include "ledger/fence.h"
#include "ledger/growth.h"
#include "ledger/head.h"
#include "ledger/keeping.h"
#include "ledger/mirror.h"
#include "ledger/proof.h"
#include "ledger/publish.h"
#include "proof/alone.h"
#include "proof/directory.h"
#include "proof/heads.h"
#include "proof/make_bundle.h"
#include "test.h"

enum { CHEAT_ENTRIES = 64, A = 0, B = 1 };

/* A history that A might claim: entry texts from the genesis on. */
struct history {
    size_t count;
    struct buf text[CHEAT_ENTRIES];
};

struct drill {
    struct make *m;
    struct buf bundle;
    struct trust trust;
    /* B's node, honest */
    struct disk *disk;
    struct files files;
    struct mirror mirror;
    struct keeping *keeping;
    struct instant now;
};

/* Entry number i as A would say it; `variant` tells versions of one place apart. */
static inline void cheat_entry(const struct drill *d, size_t i, unsigned variant, struct buf *out)
{
    const struct agreement *a = d->m->agreement;
    struct entry e = {.version = a->version,
                      .kind = KIND_EVIDENCE,
                      .class = CLASS_REAL,
                      .leaves = 8,
                      .disclosed_length = 100 + variant,
                      .permit_kind = PERMIT_AUTOMATIC};

    buf_clear(out);
    if (i == 0) {
        buf_bytes(out, buf_view(&d->m->log[A].entry[0].text));
        return;
    }
    snprintf(e.agreement, sizeof e.agreement, "%s", a->id);
    memcpy(e.agreement_digest.byte, a->digest, 32);
    snprintf(e.from, sizeof e.from, "%s", d->m->log[A].party);
    e.time = instant_of_seconds(1764063000 + (int64_t)i);
    memcpy(e.document.byte, &i, sizeof i);
    entry_write(&e, out);
}

static inline void history_to(const struct drill *d, struct history *h, size_t count)
{
    while (h->count < count) {
        cheat_entry(d, h->count, 0, &h->text[h->count]);
        h->count++;
    }
}

static inline void history_done(struct history *h)
{
    for (size_t i = 0; i < CHEAT_ENTRIES; i++)
        buf_done(&h->text[i]);
}

static inline struct checkpoint history_head(const struct drill *d, const struct history *h,
                                             size_t size)
{
    struct tree t = {0};

    for (size_t i = 0; i < size; i++) {
        struct digest leaf = tree_leaf(buf_view(&h->text[i]));

        tree_append(&t, &leaf);
    }
    return (struct checkpoint){bytes_text(d->m->log[A].origin), size, tree_root(&t)};
}

/* A signs a head of any history; with `cosign` seconds B's signature stands there too, as B's own
 * keeper would have made it (or as B, cheating, makes it). */
static inline void cheat_note(const struct drill *d, const struct history *h, size_t size,
                              int64_t cosign, struct buf *out)
{
    struct checkpoint c = history_head(d, h, size);
    struct buf text = {0};

    buf_clear(out);
    checkpoint_write(&c, &text);
    note_begin(buf_view(&text), out);
    note_sign(buf_view(&text), d->m->log[A].origin, NOTE_AUTHOR, (struct instant){0},
              &d->m->log[A].role[ROLE_LOG], 1, out);
    if (cosign != 0)
        note_sign(buf_view(&text), d->trust.cosigner[B].name, NOTE_COSIGNER,
                  instant_of_seconds(cosign), &d->m->log[B].role[ROLE_COSIGN], 1, out);
    buf_done(&text);
}

/* A pushes entries [first, size) of a history under its head; what B's mirror says of it. */
static inline struct fault cheat_push(struct drill *d, const struct history *h, size_t first,
                                      size_t size, struct mirror_answer *answer)
{
    struct bytes entry[CHEAT_ENTRIES];
    struct buf note = {0};
    struct fault f;

    for (size_t i = first; i < size; i++)
        entry[i - first] = buf_view(&h->text[i]);
    cheat_note(d, h, size, 0, &note);
    f = mirror_take(&d->mirror, first, entry, size - first, buf_view(&note), answer);
    buf_done(&note);
    return f;
}

/* B's keeper is asked to cosign the head that A showed, with leaves [first, size). */
static inline struct fault keeper_cosigns(struct drill *d, const struct history *h, size_t first,
                                          size_t size, struct buf *out)
{
    struct digest leaf[CHEAT_ENTRIES];
    struct buf note = {0};
    struct keeping_pen pen = {d->trust.cosigner[B].name, &d->m->log[B].role[ROLE_COSIGN], 1};
    struct keeping_cosign c = {&d->trust.author[A], {0}, first, leaf, size - first, d->now};
    struct fault f;

    for (size_t i = first; i < size; i++)
        leaf[i - first] = tree_leaf(buf_view(&h->text[i]));
    cheat_note(d, h, size, 0, &note);
    c.note = buf_view(&note);
    buf_clear(out);
    f = keeping_cosign(d->keeping, &c, &pen, out);
    buf_done(&note);
    return f;
}

/* Honest so far: B holds and has cosigned A's first `size` entries. */
static inline void agree_on(struct drill *d, const struct history *h, size_t size,
                            struct buf *cosigned)
{
    struct mirror_answer answer;
    uint64_t held = ledger_size(d->mirror.log);

    assert_good(cheat_push(d, h, held, size, &answer));
    buf_done(&answer.held);
    assert_good(keeper_cosigns(d, h, held, size, cosigned));
    assert_good(mirror_take_cosigned(&d->mirror, buf_view(cosigned)));
}

static inline struct drill *drill_new_with(const struct make_wishes *w)
{
    struct drill *d = memory_zeroed(1, sizeof *d);
    struct findings f;
    struct bundle *b;

    d->m = make_story(w);
    b = make_bundle(d->m);
    bundle_write(b, &d->bundle);
    bundle_free(b);
    findings_init(&f);
    assert_good(trust_read(buf_view(&d->bundle), &d->trust, &f));
    d->disk = disk_new(1);
    d->files = disk_files(d->disk);
    d->now = instant_of_seconds(1764070000);
    assert_good(mirror_open(&d->mirror, &d->files, 3, &d->trust.author[A], 0, true));
    assert_good(keeping_open(&d->files, 3, d->now, true, &d->keeping));
    return d;
}

static inline struct drill *drill_new(void)
{
    return drill_new_with(&(struct make_wishes){0});
}

static inline void drill_free(struct drill *d)
{
    mirror_done(&d->mirror);
    keeping_free(d->keeping);
    disk_free(d->disk);
    trust_done(&d->trust);
    buf_done(&d->bundle);
    make_free(d->m);
    free(d);
}

/* What A, or B, hands to the arbiter as a log's directory: a history, published whole. */
static inline void hand_over(const struct drill *d, const struct history *h, size_t size,
                             struct bytes note, struct disk *disk)
{
    struct files files = disk_files(disk);
    struct bytes entry[CHEAT_ENTRIES];
    uint64_t index[CHEAT_ENTRIES];
    struct publish p;
    struct ledger *l;

    for (size_t i = 0; i < size; i++)
        entry[i] = buf_view(&h->text[i]);
    assert_good(ledger_open(&files, 3, d->m->log[A].origin, 0, true, &l));
    assert_good(ledger_append(l, entry, size, index));
    assert_good(publish_init(&p, &files, 3, l));
    assert_good(publish_note(&p, note));
    ledger_free(l);
}

static inline void print_findings(const struct findings *f)
{
    for (size_t i = 0; i < f->count; i++)
        print_message("%-14s %d %s\n", f->row[i].name, f->row[i].state, f->row[i].found);
}

static inline void assert_finding(const struct findings *f, const char *name,
                                  enum check_state state, const char *words)
{
    const struct finding *row = findings_find(f, name);

    if (row != NULL && row->state == state && strstr(row->found, words) != NULL)
        return;
    print_findings(f);
    fail_msg("%s: %d and \"%s\" were expected", name, state, words);
}

/* The arbiter looks at a directory and heads that were shown elsewhere. */
static inline struct directory_result judge_directory(const struct drill *d, struct disk *disk,
                                                      const struct bytes *heads, size_t count,
                                                      struct findings *out)
{
    struct files files = disk_files(disk);
    struct directory dir = {&files, 3, &d->trust, heads, count};
    struct directory_result r;

    findings_init(out);
    directory_verify(&dir, &r, out);
    return r;
}

/* A proof of entry i under the head of a history, as `parley ledger prove` writes it. */
static inline void prove(const struct history *h, size_t i, size_t size, struct bytes note,
                         struct buf *out)
{
    struct disk *disk = disk_new(1);
    struct files files = disk_files(disk);
    struct bytes entry[CHEAT_ENTRIES];
    uint64_t index[CHEAT_ENTRIES];
    struct ledger *l;
    struct proof p;

    for (size_t k = 0; k < size; k++)
        entry[k] = buf_view(&h->text[k]);
    assert_good(ledger_open(&files, 3, "any", 0, true, &l));
    assert_good(ledger_append(l, entry, size, index));
    assert_good(proof_make(l, i, note, &p));
    buf_clear(out);
    proof_write(&p, out);
    ledger_free(l);
    disk_free(disk);
}

#endif
