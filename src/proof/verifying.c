#include "proof/verifying.h"

#include <inttypes.h>

#include "base/memory.h"
#include "pact/signed.h"

static void copy_text(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text);
}

/* --- agreement ------------------------------------------------------------------------------ */

static struct fault read_agreement(const struct bundle_agreement *b, struct agreement **out,
                                   struct report *r)
{
    struct agreement_error error = {0};
    struct signatures *signatures = NULL;
    struct agreement *a = NULL;
    struct fault f = agreement_parse(b->text, true, &a, &error);

    if (!fault_is(f))
        f = signatures_parse(b->signatures, &signatures, &error);
    if (!fault_is(f))
        f = agreement_signatures_verify(a, signatures, &error);
    signatures_free(signatures);
    if (fault_is(f)) {
        report_say(r, CHECK_AGREEMENT, "%s %s: %s", fault_word(f.kind), error.member, error.why);
        agreement_free(a);
        return f;
    }
    *out = a;
    return f;
}

static void report_parties(const struct agreement *a, struct report *r)
{
    copy_text(r->agreement, sizeof r->agreement, a->id);
    copy_text(r->title, sizeof r->title, a->title);
    r->version = a->version;
    for (size_t i = 0; i < AGREEMENT_PARTIES; i++) {
        const struct party *p = &a->parties[i];
        struct report_party *out = &r->parties[i];

        copy_text(out->id, sizeof out->id, p->id);
        copy_text(out->name, sizeof out->name, p->name);
        out->root_count = p->root_count;
        for (size_t k = 0; k < p->root_count; k++) {
            const struct suite *suite = suite_find(bytes_text(p->roots[k].suite));

            copy_text(out->roots[k].suite, sizeof out->roots[k].suite, p->roots[k].suite);
            if (suite != NULL)
                fingerprint_write(
                    suite_key_id(suite, bytes_of(p->roots[k].key, p->roots[k].key_len)),
                    out->roots[k].fingerprint);
        }
    }
}

struct fault verifying_agreement(struct verifying *v, struct report *r)
{
    const struct bundle *b = v->bundle;

    for (size_t i = 0; i < b->agreement_count; i++) {
        struct fault f = read_agreement(&b->agreements[i], &v->agreements[i], r);

        if (!fault_is(f) && i != 0)
            f = agreement_follows(v->agreements[i - 1], v->agreements[i]);
        if (fault_is(f))
            return f;
    }
    report_parties(v->agreements[b->agreement_count - 1], r);
    report_say(r, CHECK_AGREEMENT, "\"%s\" version %" PRIu32 ", signed by %s and %s", r->title,
               r->version, r->parties[0].name, r->parties[1].name);
    return fault_none();
}

const struct agreement *verifying_agreement_of(const struct verifying *v, const struct entry *e)
{
    for (size_t i = 0; i < v->bundle->agreement_count; i++) {
        const struct agreement *a = v->agreements[i];

        if (strcmp(a->id, e->agreement) == 0 && a->version == e->version &&
            memcmp(a->digest, e->agreement_digest.byte, sizeof a->digest) == 0)
            return a;
    }
    return NULL;
}

/* --- genesis -------------------------------------------------------------------------------- */

static struct fault read_genesis(const struct verifying *v, const struct bundle_log *log,
                                 struct verified_log *out)
{
    const struct agreement *a;
    struct fault f;

    if (log->entries[0].index != 0)
        return fault_make(FAULT_MISSING, 0, "PROTOCOL.ledger section 3: index 0 is the genesis");
    f = entry_parse(log->entries[0].text, &out->entries[0].entry);
    if (fault_is(f))
        return f;
    a = verifying_agreement_of(v, &out->entries[0].entry);
    if (a == NULL)
        return fault_make(FAULT_MISMATCH, 0, "PROTOCOL.ledger section 3: agreement");
    f = tenure_begin(&out->keys, a, out->party->id, log->entries[0].text, log->entries[0].document);
    if (fault_is(f))
        return f;
    if (!bytes_is(log->origin, out->keys.author.name))
        return fault_make(FAULT_MISMATCH, 0, "PROTOCOL.ledger section 1: origin");
    return fault_none();
}

/* Where each stands is shown later, under the newest head: verifying_inclusion. */
static struct fault read_changes(const struct verifying *v, const struct bundle_log *log,
                                 struct verified_log *out)
{
    for (size_t i = 0; i < log->key_count; i++) {
        const struct bundle_entry *k = &log->keys[i];
        const struct agreement *a;
        struct entry e;
        struct fault f = entry_parse(k->text, &e);

        if (fault_is(f))
            return f;
        a = verifying_agreement_of(v, &e);
        if (a == NULL)
            return fault_make(FAULT_MISMATCH, 0, "PROTOCOL.ledger section 3: agreement");
        f = tenure_change(&out->keys, a, out->party->id, k->index, k->text, k->document);
        if (fault_is(f))
            return f;
    }
    out->author = out->keys.author;
    out->cosigner = out->keys.cosigner;
    return fault_none();
}

static void say_keys(const struct verifying *v, struct report *r)
{
    char changes[200] = "";

    for (size_t i = 0; i < BUNDLE_LOGS; i++) {
        const struct tenure *t = &v->logs[i].keys;
        const struct tenure_keys *last = t->keys[t->count - 1];
        size_t used = strlen(changes);

        if (t->count > 1)
            snprintf(changes + used, sizeof changes - used,
                     "; %.64s %s them, last by entry %" PRIu64, v->logs[i].party->id,
                     last->change.revokes ? "revoked" : "changed", last->index);
    }
    report_say(r, CHECK_GENESIS, "role keys of %s and %s, signed by their root keys%s",
               r->parties[0].id, r->parties[1].id, changes);
}

struct fault verifying_genesis(struct verifying *v, struct report *r)
{
    for (size_t i = 0; i < BUNDLE_LOGS; i++) {
        const struct bundle_log *log = &v->bundle->logs[i];
        struct fault f;

        v->logs[i].party = &v->agreements[0]->parties[i];
        v->logs[i].entries = memory_zeroed(log->entry_count, sizeof *v->logs[i].entries);
        f = read_genesis(v, log, &v->logs[i]);
        if (!fault_is(f))
            f = read_changes(v, log, &v->logs[i]);
        if (fault_is(f)) {
            report_say(r, CHECK_GENESIS, "%s: %s, %s", v->logs[i].party->id, fault_word(f.kind),
                       f.rule);
            return f;
        }
    }
    say_keys(v, r);
    return fault_none();
}

/* --- heads ---------------------------------------------------------------------------------- */

/* Nothing stands below a head that nobody checks: no line but the author's and the cosigner's. */
static bool has_stray_line(const struct note *n, const struct note_signer *author,
                           const struct note_signer *cosigner)
{
    size_t known = author->count;

    for (size_t i = 0; i < n->count; i++)
        if (!bytes_is(n->line[i].name, author->name) && !bytes_is(n->line[i].name, cosigner->name))
            return true;
    for (const struct note_signer *c = cosigner; c != NULL; c = c->before)
        known += c->count; /* PROTOCOL.ledger 11: the keys before may sign beside the newest */
    return n->count > known;
}

static struct fault read_head(struct verifying *v, size_t log, size_t i)
{
    const struct note_signer *author = &v->logs[log].author;
    const struct note_signer *cosigner = &v->logs[1 - log].cosigner;
    struct verified_head *out = &v->logs[log].heads[i];
    const struct bundle_log *b = &v->bundle->logs[log];
    struct checkpoint c;
    struct note note;
    struct fault f = note_verify_checkpoint(b->heads[i], b->origin, author, &c, &note);

    if (fault_is(f))
        return f;
    if (has_stray_line(&note, author, cosigner))
        return fault_make(FAULT_EXTRA, 0, "PROTOCOL.bundle section 2: a line of somebody else");
    f = note_verify(&note, cosigner, &out->time);
    /* All suites' lines away: stored, not binding. One of them away: somebody stripped it. */
    if (fault_is(f) && (f.kind != FAULT_MISSING || note.count > author->count))
        return f;
    out->bound = !fault_is(f);
    out->size = c.size;
    out->root = c.root;
    return fault_none();
}

/* Sizes rise and cosignature times do not fall. Two heads of one size are left to `growth`, which
 * knows whether they contradict each other. */
static struct fault read_heads(struct verifying *v, size_t log, size_t *bound)
{
    const struct bundle_log *b = &v->bundle->logs[log];
    struct verified_head *head;
    struct instant last = {INT64_MIN};

    head = v->logs[log].heads = memory_zeroed(b->head_count, sizeof *head);
    for (size_t i = 0; i < b->head_count; i++) {
        struct fault f = read_head(v, log, i);

        if (fault_is(f))
            return f;
        if (i != 0 && head[i - 1].size > head[i].size)
            return fault_make(FAULT_ORDER, 0, "PROTOCOL.bundle section 2: ascending size");
        if (!head[i].bound)
            continue;
        if (head[i].time.us < last.us)
            return fault_make(FAULT_CLOCK, 0,
                              "PROTOCOL.ledger section 6: cosignature times never fall");
        last = head[i].time;
        ++*bound;
    }
    return fault_none();
}

struct fault verifying_heads(struct verifying *v, struct report *r)
{
    size_t bound = 0, all = 0;

    for (size_t log = 0; log < BUNDLE_LOGS; log++) {
        struct fault f = read_heads(v, log, &bound);

        all += v->bundle->logs[log].head_count;
        if (fault_is(f)) {
            report_say(r, CHECK_HEADS, "a head of %s: %s, %s", v->logs[log].party->id,
                       fault_word(f.kind), f.rule);
            return f;
        }
    }
    if (bound == all) {
        report_say(r, CHECK_HEADS, "%zu of %zu signed by the author, cosigned by the other", all,
                   all);
        return fault_none();
    }
    r->checks[CHECK_HEADS].state = CHECK_UNKNOWN;
    report_say(r, CHECK_HEADS,
               "%zu of %zu signed by the author, only %zu cosigned by the other: what stands "
               "under the rest is stored, not binding",
               all, all, bound);
    return fault_none();
}

static struct fault check_growth(const struct verified_head *from, const struct tree_path *proof)
{
    const struct verified_head *to = from + 1;

    if (from->size == to->size && digest_equal(&from->root, &to->root))
        return fault_make(FAULT_ORDER, 0, "PROTOCOL.bundle section 2: ascending size");
    return tree_check_consistency(from->size, &from->root, to->size, &to->root, proof);
}

struct fault verifying_growth(struct verifying *v, struct report *r)
{
    size_t steps = 0;

    for (size_t log = 0; log < BUNDLE_LOGS; log++) {
        const struct bundle_log *b = &v->bundle->logs[log];

        for (size_t i = 0; i + 1 < b->head_count; i++, steps++) {
            const struct verified_head *from = &v->logs[log].heads[i], *to = from + 1;
            struct fault f = check_growth(from, &b->growth[i]);

            if (fault_is(f)) {
                report_say(r, CHECK_GROWTH,
                           "not shown to have only grown from size %" PRIu64 " to %" PRIu64
                           ", and %s signed both heads",
                           from->size, to->size, v->logs[log].party->id);
                return f;
            }
        }
    }
    report_say(r, CHECK_GROWTH, "each log only grew, %zu steps", steps);
    return fault_none();
}

/* --- inclusion, documents ------------------------------------------------------------------- */

/* A later version's entry is nothing bad; entry_parse knows one version and calls it so. */
static struct fault parse_entry(struct bytes text, struct entry *out)
{
    static const char version[] = "parley-entry/v";
    size_t n = sizeof version - 1;

    if (text.len > n + 1 && memcmp(text.data, version, n) == 0 &&
        (text.data[n] != '1' || text.data[n + 1] != '\n'))
        return fault_make(FAULT_UNKNOWN, n, "PROTOCOL.ledger section 3: version of the entry");
    return entry_parse(text, out);
}

/* First that the exact bytes are in the log, then what they say: so what was altered is called
 * so, and only what the party did say can be beyond us. */
static struct fault check_entry(const struct verifying *v, size_t log, size_t i)
{
    const struct bundle_log *b = &v->bundle->logs[log];
    const struct verified_head *head = &v->logs[log].heads[b->head_count - 1];
    struct verified_entry *e = &v->logs[log].entries[i];
    struct fault f;

    if (i != 0 && b->entries[i].index <= b->entries[i - 1].index)
        return fault_make(FAULT_ORDER, 0, "PROTOCOL.bundle section 2: ascending index");
    e->leaf = tree_leaf(b->entries[i].text);
    f = tree_check_inclusion(&e->leaf, b->entries[i].index, head->size, &head->root,
                             &b->entries[i].proof);
    if (!fault_is(f))
        f = parse_entry(b->entries[i].text, &e->entry);
    if (fault_is(f))
        return f;
    if (strcmp(e->entry.from, v->logs[log].party->id) != 0)
        return fault_make(FAULT_MISMATCH, 0, "PROTOCOL.ledger section 3: from");
    if (verifying_agreement_of(v, &e->entry) == NULL)
        e->aside = ASIDE_AGREEMENT;
    return fault_none();
}

static struct fault check_changes(const struct verifying *v, size_t log)
{
    const struct bundle_log *b = &v->bundle->logs[log];
    const struct verified_head *head = &v->logs[log].heads[b->head_count - 1];

    for (size_t i = 0; i < b->key_count; i++) {
        struct digest leaf = tree_leaf(b->keys[i].text);
        struct fault f = tree_check_inclusion(&leaf, b->keys[i].index, head->size, &head->root,
                                              &b->keys[i].proof);

        if (fault_is(f))
            return f;
    }
    return fault_none();
}

struct fault verifying_inclusion(struct verifying *v, struct report *r)
{
    size_t count = 0;

    for (size_t log = 0; log < BUNDLE_LOGS; log++) {
        const struct bundle_log *b = &v->bundle->logs[log];
        struct fault f = check_changes(v, log);

        if (fault_is(f)) {
            report_say(r, CHECK_INCLUSION, "a KEYS entry of %s: %s, %s", v->logs[log].party->id,
                       fault_word(f.kind), f.rule);
            return f;
        }
        for (size_t i = 0; i < b->entry_count; i++, count++) {
            f = check_entry(v, log, i);
            if (fault_is(f)) {
                report_say(r, CHECK_INCLUSION, "entry %" PRIu64 " of %s: %s, %s",
                           b->entries[i].index, v->logs[log].party->id, fault_word(f.kind), f.rule);
                return f;
            }
        }
    }
    report_say(r, CHECK_INCLUSION, "%zu of %zu entries in the logs of %" PRIu64 " and %" PRIu64,
               count, count, v->logs[0].heads[v->bundle->logs[0].head_count - 1].size,
               v->logs[1].heads[v->bundle->logs[1].head_count - 1].size);
    return fault_none();
}

/* As with entries: first the bytes, then what they say. */
static struct fault read_document(const struct bundle_entry *b, struct verified_entry *out)
{
    struct digest digest = digest_of(b->document);
    struct fault f;

    if (b->document.len == 0)
        return fault_none();
    if (b->document.len != out->entry.disclosed_length ||
        !digest_equal(&digest, &out->entry.disclosed))
        return fault_make(FAULT_MISMATCH, 0, "PROTOCOL.ledger section 3: disclosed");
    f = disclosed_parse(b->document, &out->document);
    return fault_is(f) ? f : disclosed_matches(out->document, b->document, &out->entry);
}

struct fault verifying_documents(struct verifying *v, struct report *r)
{
    size_t count = 0, absent = 0;

    for (size_t log = 0; log < BUNDLE_LOGS; log++) {
        const struct bundle_log *b = &v->bundle->logs[log];

        for (size_t i = 0; i < b->entry_count; i++) {
            struct fault f = read_document(&b->entries[i], &v->logs[log].entries[i]);

            if (fault_is(f)) {
                report_say(r, CHECK_DOCUMENTS, "document of entry %" PRIu64 " of %s: %s, %s",
                           b->entries[i].index, v->logs[log].party->id, fault_word(f.kind), f.rule);
                return f;
            }
            count += b->entries[i].document.len != 0;
            absent += b->entries[i].document.len == 0;
        }
    }
    if (absent != 0)
        r->checks[CHECK_DOCUMENTS].state = CHECK_NOTED;
    if (absent == 0)
        report_say(r, CHECK_DOCUMENTS, "%zu as committed", count);
    else
        report_say(r, CHECK_DOCUMENTS,
                   "%zu as committed; %zu not in the bundle, their digests alone", count, absent);
    return fault_none();
}

/* --- chain ---------------------------------------------------------------------------------- */

static int by_leaf(const void *a, const void *b)
{
    return memcmp(((const struct place *)a)->leaf.byte, ((const struct place *)b)->leaf.byte,
                  sizeof((const struct place *)a)->leaf.byte);
}

static void find_places(struct verifying *v)
{
    size_t all = v->bundle->logs[0].entry_count + v->bundle->logs[1].entry_count;

    v->places = memory_zeroed(all, sizeof *v->places);
    for (size_t log = 0; log < BUNDLE_LOGS; log++)
        for (size_t i = 0; i < v->bundle->logs[log].entry_count; i++)
            v->places[v->place_count++] =
                (struct place){.leaf = v->logs[log].entries[i].leaf, .log = log, .at = i};
    qsort(v->places, v->place_count, sizeof *v->places, by_leaf);
}

const struct place *verifying_place(const struct verifying *v, const struct digest *leaf)
{
    struct place wanted = {.leaf = *leaf};

    return bsearch(&wanted, v->places, v->place_count, sizeof wanted, by_leaf);
}

/* Only what the exporter brought about is a fault: what its maker did is put aside. */
static struct fault check_link(struct verifying *v, size_t log, size_t i)
{
    struct verified_entry *e = &v->logs[log].entries[i];

    if (!bytes_is(v->bundle->case_id, e->entry.case_id))
        return fault_make(FAULT_MISMATCH, 0, "PROTOCOL.bundle section 3: another case");
    if (e->entry.has_answers)
        e->answers = verifying_place(v, &e->entry.answers);
    if (e->aside != ASIDE_NONE)
        return fault_none();
    if (e->entry.number != (i == 1 ? 1 : e[-1].entry.number + 1) ||
        (i > 1 && !digest_equal(&e->entry.previous, &e[-1].leaf)))
        e->aside = ASIDE_CHAIN;
    else if (e->entry.has_answers && e->answers == NULL)
        e->aside = ASIDE_ANSWERS;
    return fault_none();
}

/* Of those put aside so far: what is missing here says that we cannot tell, unless only its maker
 * can show that it ever was: what an answer answers. */
struct odd {
    size_t count[ASIDES];
    size_t log, at; /* the first one, of those that leave us not knowing if there are any */
    enum aside first;
};

static void note_odd(const struct verifying *v, size_t log, size_t i, struct odd *odd)
{
    enum aside a = v->logs[log].entries[i].aside;

    if (a == ASIDE_NONE)
        return;
    if (odd->first == ASIDE_NONE || (odd->first == ASIDE_ANSWERS && a != ASIDE_ANSWERS)) {
        odd->log = log;
        odd->at = i;
        odd->first = a;
    }
    odd->count[a]++;
}

static void say_odd(const struct verifying *v, const struct odd *odd, struct report *r)
{
    static const char *const who[ASIDES] = {
        [ASIDE_CHAIN] = "one is missing here, or left out by its maker: both have the logs",
        [ASIDE_ANSWERS] = "if there is such a statement, who said this one can show it",
        [ASIDE_AGREEMENT] = "if both signed such a version, either can show it",
    };
    size_t all = odd->count[ASIDE_CHAIN] + odd->count[ASIDE_ANSWERS] + odd->count[ASIDE_AGREEMENT];
    bool missing = all != odd->count[ASIDE_ANSWERS];
    char more[60] = "";

    if (all > 1)
        snprintf(more, sizeof more, "; %zu more are marked below", all - 1);
    r->checks[CHECK_CHAIN].state = missing ? CHECK_UNKNOWN : CHECK_NOTED;
    report_say(r, CHECK_CHAIN, "statement %zu of %s (entry %" PRIu64 "): %s; %s%s", odd->at,
               v->logs[odd->log].party->id, v->bundle->logs[odd->log].entries[odd->at].index,
               aside_why(odd->first), who[odd->first], more);
}

struct fault verifying_chain(struct verifying *v, struct report *r)
{
    struct odd odd = {.first = ASIDE_NONE};

    if (v->bundle->logs[0].entry_count < 2 && v->bundle->logs[1].entry_count < 2)
        return fault_make(FAULT_MISSING, 0, "PROTOCOL.bundle section 2: a case has statements");
    bytes_to_text(v->bundle->case_id, r->case_id, sizeof r->case_id);
    find_places(v);
    for (size_t log = 0; log < BUNDLE_LOGS; log++) {
        const struct bundle_log *b = &v->bundle->logs[log];

        for (size_t i = 1; i < b->entry_count; i++) {
            struct fault f = check_link(v, log, i);

            if (fault_is(f)) {
                report_say(r, CHECK_CHAIN, "statement %zu of %s (entry %" PRIu64 "): %s, %s", i,
                           v->logs[log].party->id, b->entries[i].index, fault_word(f.kind), f.rule);
                return f;
            }
            note_odd(v, log, i, &odd);
        }
    }
    report_say(r, CHECK_CHAIN, "%zu statements of %s and %zu of %s, no gap",
               v->bundle->logs[0].entry_count - 1, v->logs[0].party->id,
               v->bundle->logs[1].entry_count - 1, v->logs[1].party->id);
    if (odd.first != ASIDE_NONE)
        say_odd(v, &odd, r);
    return fault_none();
}

/* --- times ---------------------------------------------------------------------------------- */

/* When the entry became binding: the first cosigned head whose size covers it. */
static bool bound_at(const struct verifying *v, size_t log, uint64_t index, struct instant *out)
{
    const struct bundle_log *b = &v->bundle->logs[log];

    for (size_t i = 0; i < b->head_count; i++)
        if (v->logs[log].heads[i].bound && v->logs[log].heads[i].size > index) {
            *out = v->logs[log].heads[i].time;
            return true;
        }
    return false;
}

/* The newest cosignature over a head that did not have the entry yet: it was made after that. */
static bool not_before(const struct verifying *v, size_t log, uint64_t index, struct instant *out)
{
    const struct bundle_log *b = &v->bundle->logs[log];
    bool found = false;

    for (size_t i = 0; i < b->head_count && v->logs[log].heads[i].size <= index; i++)
        if (v->logs[log].heads[i].bound) {
            *out = v->logs[log].heads[i].time;
            found = true;
        }
    return found;
}

static bool is_well_timed(const struct verifying *v, size_t log, size_t i)
{
    const struct verified_entry *e = &v->logs[log].entries[i];
    const struct agreement *a = verifying_agreement_of(v, &e->entry);
    int64_t skew = (int64_t)(a == NULL ? v->agreements[0] : a)->skew * 1000000;
    uint64_t index = v->bundle->logs[log].entries[i].index;
    struct instant low, high;

    if (bound_at(v, log, index, &high) && e->entry.time.us > high.us + skew)
        return false;
    return !not_before(v, log, index, &low) || e->entry.time.us >= low.us - skew;
}

static struct report_statement statement_of(const struct verifying *v, size_t log, size_t i)
{
    const struct entry *e = &v->logs[log].entries[i].entry;
    struct report_statement s = {.party = log,
                                 .at = i,
                                 .aside = v->logs[log].entries[i].aside,
                                 .index = v->bundle->logs[log].entries[i].index,
                                 .number = e->number,
                                 .kind = e->kind,
                                 .class = e->class,
                                 .time = e->time};

    s.bound = bound_at(v, log, s.index, &s.binding);
    return s;
}

/* Had the maker of this entry the other log's entry number `theirs`: does it answer that one or a
 * later one, or name a head over it as seen? */
static bool is_after(const struct verifying *v, size_t log, size_t i, size_t theirs)
{
    const struct verified_entry *e = &v->logs[log].entries[i];

    return e->entry.seen_size > v->bundle->logs[1 - log].entries[theirs].index ||
           (e->answers != NULL && e->answers->log != log && e->answers->at >= theirs);
}

/* Which log's next statement comes first? What one had seen of the other says it, and where
 * neither had seen the other's, the cosignatures: they are two clocks, and whole seconds. */
static size_t earlier_log(const struct verifying *v, const size_t next[BUNDLE_LOGS])
{
    bool after[BUNDLE_LOGS] = {is_after(v, 0, next[0], next[1]), is_after(v, 1, next[1], next[0])};
    struct report_statement a = statement_of(v, 0, next[0]), b = statement_of(v, 1, next[1]);

    if (after[0] != after[1])
        return after[0] ? 1 : 0;
    if (a.bound != b.bound)
        return a.bound ? 0 : 1;
    return a.binding.us <= b.binding.us ? 0 : 1;
}

static void report_statements(const struct verifying *v, struct report *r)
{
    size_t count[BUNDLE_LOGS] = {v->bundle->logs[0].entry_count, v->bundle->logs[1].entry_count};
    size_t next[BUNDLE_LOGS] = {1, 1};

    r->statements = memory_zeroed(count[0] + count[1], sizeof *r->statements);
    while (next[0] < count[0] || next[1] < count[1]) {
        size_t log = next[0] == count[0] ? 1 : next[1] == count[1] ? 0 : earlier_log(v, next);

        r->statements[r->statement_count++] = statement_of(v, log, next[log]++);
    }
}

struct fault verifying_times(struct verifying *v, struct report *r)
{
    size_t bad = 0;

    report_statements(v, r);
    for (size_t i = 0; i < r->statement_count; i++) {
        struct report_statement *s = &r->statements[i];

        s->ill_timed = !is_well_timed(v, s->party, s->at);
        bad += s->ill_timed;
    }
    if (bad != 0)
        r->checks[CHECK_TIMES].state = CHECK_NOTED;
    report_say(r, CHECK_TIMES, "%zu of %zu claimed times agree with the cosignatures%s",
               r->statement_count - bad, r->statement_count,
               bad == 0 ? "" : "; the rest is marked below");
    return fault_none();
}

/* --- openings ------------------------------------------------------------------------------- */

/* Any document with this root can have the withheld leaf; one that has it and holds is enough. */
static struct fault check_in_log(const struct verifying *v, size_t log, const struct opening *o,
                                 struct fault f)
{
    for (size_t i = 1; i < v->bundle->logs[log].entry_count; i++) {
        const struct verified_entry *e = &v->logs[log].entries[i];

        if (!digest_equal(&e->entry.document, &o->document))
            continue;
        f = e->document == NULL ? fault_make(FAULT_UNKNOWN, 0,
                                             "PROTOCOL.bundle section 2: its document is not here")
                                : opening_check(o, e->document);
        if (!fault_is(f))
            break;
    }
    return f;
}

/* `gap`: statements are missing here, and what it opens can be one of them. */
static struct fault check_opening(const struct verifying *v, const json_t *value, bool gap,
                                  struct buf *names)
{
    struct opening o;
    struct fault f;

    if (!json_is_string(value))
        return fault_make(FAULT_SYNTAX, 0, "PROTOCOL.ledger section 4: an opening is a text");
    f = opening_parse(bytes_of(json_string_value(value), json_string_length(value)), &o);
    if (fault_is(f))
        return f;
    f = fault_make(gap ? FAULT_UNKNOWN : FAULT_MISSING, 0,
                   "PROTOCOL.ledger section 4: no such document in this case");
    for (size_t log = 0; log < BUNDLE_LOGS && fault_is(f); log++)
        f = check_in_log(v, log, &o, f);
    buf_print(names, "%s%s", names->len == 0 ? ": " : ", ", o.path);
    opening_done(&o);
    return f;
}

struct fault verifying_openings(struct verifying *v, struct report *r)
{
    struct buf names = {0};
    size_t count = 0;

    for (size_t i = 0; i < r->statement_count; i++) {
        const struct report_statement *s = &r->statements[i];
        const struct disclosed *d = v->logs[s->party].entries[s->at].document;
        const json_t *value = d == NULL ? NULL : disclosed_value(d, "opening");
        struct fault f;

        if (value == NULL || (json_is_string(value) && json_string_length(value) == 0))
            continue;
        f = check_opening(v, value, r->checks[CHECK_CHAIN].state == CHECK_UNKNOWN, &names);
        if (fault_is(f)) {
            buf_done(&names);
            report_say(r, CHECK_OPENINGS, "in entry %" PRIu64 " of %s: %s, %s", s->index,
                       v->logs[s->party].party->id, fault_word(f.kind), f.rule);
            return f;
        }
        count++;
    }
    report_say(r, CHECK_OPENINGS, "%zu withheld field%s opened later, as committed%s", count,
               count == 1 ? "" : "s", buf_str(&names));
    buf_done(&names);
    return fault_none();
}

void verifying_done(struct verifying *v)
{
    for (size_t log = 0; log < BUNDLE_LOGS; log++) {
        if (v->logs[log].entries != NULL)
            for (size_t i = 0; i < v->bundle->logs[log].entry_count; i++)
                disclosed_free(v->logs[log].entries[i].document);
        free(v->logs[log].entries);
        tenure_done(&v->logs[log].keys);
        free(v->logs[log].heads);
    }
    free(v->places);
    for (size_t i = 0; i < BUNDLE_AGREEMENTS; i++)
        agreement_free(v->agreements[i]);
    bundle_free(v->bundle);
}
