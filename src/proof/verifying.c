#include "proof/verifying.h"

#include <inttypes.h>

#include "base/memory.h"
#include "hotline/roles.h"
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

static const struct agreement *agreement_of(const struct verifying *v, const struct entry *e)
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

static struct fault read_entries(const struct bundle_log *log, struct verified_log *out,
                                 struct report *r)
{
    out->entries = memory_zeroed(log->entry_count, sizeof *out->entries);
    for (size_t i = 0; i < log->entry_count; i++) {
        struct fault f = entry_parse(log->entries[i].text, &out->entries[i].entry);

        if (!fault_is(f) && i != 0 && log->entries[i].index <= log->entries[i - 1].index)
            f = fault_make(FAULT_ORDER, 0, "PROTOCOL.bundle section 2: ascending index");
        if (fault_is(f)) {
            report_say(r, CHECK_GENESIS, "entry %" PRIu64 " of %.*s: %s, %s", log->entries[i].index,
                       (int)log->origin.len, (const char *)log->origin.data, fault_word(f.kind),
                       f.rule);
            return f;
        }
        out->entries[i].leaf = tree_leaf(log->entries[i].text);
    }
    return fault_none();
}

static struct fault add_keys(struct note_signer *s, const char *name, enum note_role role,
                             const struct roles *roles, enum role which)
{
    memset(s, 0, sizeof *s);
    copy_text(s->name, sizeof s->name, name);
    s->role = role;
    for (size_t i = 0; i < roles->suites; i++) {
        const struct role_key *key = &roles->key[which][i];
        struct fault f = note_signer_add(s, key->suite, bytes_of(key->key, key->len));

        if (fault_is(f))
            return f;
    }
    return fault_none();
}

static struct fault read_genesis(const struct verifying *v, const struct bundle_log *log,
                                 struct verified_log *out)
{
    const struct agreement *a = agreement_of(v, &out->entries[0].entry);
    char name[NOTE_NAME];
    struct roles roles;
    struct fault f;

    if (a == NULL)
        return fault_make(FAULT_MISMATCH, 0, "PROTOCOL.ledger section 3: agreement");
    if (log->entries[0].index != 0)
        return fault_make(FAULT_MISSING, 0, "PROTOCOL.ledger section 3: index 0 is the genesis");
    f = roles_from_genesis(a, out->party->id, log->entries[0].text, log->entries[0].document,
                           &roles);
    if (fault_is(f))
        return f;
    if (!bytes_is(log->origin, roles.origin))
        return fault_make(FAULT_MISMATCH, 0, "PROTOCOL.ledger section 1: origin");
    f = add_keys(&out->author, roles.origin, NOTE_AUTHOR, &roles, ROLE_LOG);
    if (fault_is(f))
        return f;
    snprintf(name, sizeof name, "%s/cosign", roles.origin);
    return add_keys(&out->cosigner, name, NOTE_COSIGNER, &roles, ROLE_COSIGN);
}

struct fault verifying_genesis(struct verifying *v, struct report *r)
{
    for (size_t i = 0; i < BUNDLE_LOGS; i++) {
        struct bundle_log *log = &v->bundle->logs[i];
        struct fault f;

        v->logs[i].party = &v->agreements[0]->parties[i];
        f = read_entries(log, &v->logs[i], r);
        if (!fault_is(f))
            f = read_genesis(v, log, &v->logs[i]);
        if (fault_is(f))
            return f;
    }
    report_say(r, CHECK_GENESIS, "role keys of %s and %s, signed by their root keys",
               r->parties[0].id, r->parties[1].id);
    return fault_none();
}

/* --- heads ---------------------------------------------------------------------------------- */

static struct fault read_head(struct verifying *v, size_t log, size_t i)
{
    const struct note_signer *cosigner = &v->logs[1 - log].cosigner;
    struct verified_head *out = &v->logs[log].heads[i];
    struct checkpoint c;
    struct note note;
    struct fault f =
        note_verify_checkpoint(v->bundle->logs[log].heads[i], v->bundle->logs[log].origin,
                               &v->logs[log].author, &c, &note);

    if (fault_is(f))
        return f;
    f = note_verify(&note, cosigner, &out->time);
    if (f.kind == FAULT_MISSING)
        return fault_make(FAULT_UNKNOWN, 0,
                          "PROTOCOL.ledger section 6: stored, not binding: no cosignature");
    out->size = c.size;
    out->root = c.root;
    return f;
}

struct fault verifying_heads(struct verifying *v, struct report *r)
{
    static const char rule[] = "PROTOCOL.ledger section 6: cosignature times never fall";
    char last[INSTANT_TEXT + 1] = "";

    for (size_t log = 0; log < BUNDLE_LOGS; log++) {
        const struct bundle_log *b = &v->bundle->logs[log];

        v->logs[log].heads = memory_zeroed(b->head_count, sizeof *v->logs[log].heads);
        for (size_t i = 0; i < b->head_count; i++) {
            const struct verified_head *head = &v->logs[log].heads[i];
            struct fault f = read_head(v, log, i);

            if (fault_is(f))
                return f;
            if (i != 0 && head[-1].size >= head->size)
                return fault_make(FAULT_ORDER, 0, "PROTOCOL.bundle section 2: ascending size");
            if (i != 0 && head[-1].time.us > head->time.us)
                return fault_make(FAULT_CLOCK, 0, rule);
            instant_write(head->time, last);
        }
    }
    report_say(r, CHECK_HEADS, "%zu of %zu heads signed by their author, cosigned by the other",
               v->bundle->logs[0].head_count + v->bundle->logs[1].head_count,
               v->bundle->logs[0].head_count + v->bundle->logs[1].head_count);
    return fault_none();
}

struct fault verifying_growth(struct verifying *v, struct report *r)
{
    size_t steps = 0;

    for (size_t log = 0; log < BUNDLE_LOGS; log++) {
        const struct bundle_log *b = &v->bundle->logs[log];

        for (size_t i = 0; i + 1 < b->head_count; i++, steps++) {
            const struct verified_head *from = &v->logs[log].heads[i], *to = from + 1;
            struct fault f =
                tree_check_consistency(from->size, &from->root, to->size, &to->root, &b->growth[i]);
            if (fault_is(f)) {
                report_say(r, CHECK_GROWTH,
                           "%.*s did not only grow from size %" PRIu64 " to %" PRIu64,
                           (int)b->origin.len, (const char *)b->origin.data, from->size, to->size);
                return f;
            }
        }
    }
    report_say(r, CHECK_GROWTH, "each log only grew, %zu steps", steps);
    return fault_none();
}

/* --- inclusion, documents ------------------------------------------------------------------- */

static struct fault check_entry(const struct verifying *v, size_t log, size_t i)
{
    const struct bundle_log *b = &v->bundle->logs[log];
    const struct verified_head *head = &v->logs[log].heads[b->head_count - 1];
    const struct verified_entry *e = &v->logs[log].entries[i];

    if (strcmp(e->entry.from, v->logs[log].party->id) != 0)
        return fault_make(FAULT_MISMATCH, 0, "PROTOCOL.ledger section 3: from");
    if (agreement_of(v, &e->entry) == NULL)
        return fault_make(FAULT_MISMATCH, 0, "PROTOCOL.ledger section 3: agreement");
    return tree_check_inclusion(&e->leaf, b->entries[i].index, head->size, &head->root,
                                &b->entries[i].proof);
}

struct fault verifying_inclusion(struct verifying *v, struct report *r)
{
    size_t count = 0;

    for (size_t log = 0; log < BUNDLE_LOGS; log++) {
        const struct bundle_log *b = &v->bundle->logs[log];

        for (size_t i = 0; i < b->entry_count; i++, count++) {
            struct fault f = check_entry(v, log, i);

            if (fault_is(f)) {
                report_say(r, CHECK_INCLUSION, "entry %" PRIu64 " of %.*s: %s, %s",
                           b->entries[i].index, (int)b->origin.len, (const char *)b->origin.data,
                           fault_word(f.kind), f.rule);
                return f;
            }
        }
    }
    report_say(r, CHECK_INCLUSION,
               "%zu of %zu entries in the logs (sizes %" PRIu64 " and %" PRIu64 ")", count, count,
               v->logs[0].heads[v->bundle->logs[0].head_count - 1].size,
               v->logs[1].heads[v->bundle->logs[1].head_count - 1].size);
    return fault_none();
}

static struct fault read_document(const struct bundle_entry *b, struct verified_entry *out)
{
    struct fault f;

    if (b->document.len == 0)
        return fault_none();
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
                report_say(r, CHECK_DOCUMENTS, "document of entry %" PRIu64 " of %.*s: %s, %s",
                           b->entries[i].index, (int)b->origin.len, (const char *)b->origin.data,
                           fault_word(f.kind), f.rule);
                return f;
            }
            count += b->entries[i].document.len != 0;
            absent += b->entries[i].document.len == 0;
        }
    }
    if (absent != 0)
        r->checks[CHECK_DOCUMENTS].state = CHECK_NOTED;
    report_say(r, CHECK_DOCUMENTS, "%zu documents as committed, %zu not in the bundle", count,
               absent);
    return fault_none();
}

/* --- chain ---------------------------------------------------------------------------------- */

static bool is_answered_here(const struct verifying *v, const struct digest *leaf)
{
    for (size_t log = 0; log < BUNDLE_LOGS; log++)
        for (size_t i = 0; i < v->bundle->logs[log].entry_count; i++)
            if (digest_equal(&v->logs[log].entries[i].leaf, leaf))
                return true;
    return false;
}

static struct fault check_link(const struct verifying *v, size_t log, size_t i, enum class class)
{
    const struct verified_entry *e = &v->logs[log].entries[i];

    if (!bytes_is(v->bundle->case_id, e->entry.case_id))
        return fault_make(FAULT_MISMATCH, 0, "PROTOCOL.bundle section 3: another case");
    if (e->entry.number != i)
        return fault_make(FAULT_MISSING, 0, "PROTOCOL.bundle section 3: numbers without a gap");
    if (i > 1 && !digest_equal(&e->entry.previous, &e[-1].leaf))
        return fault_make(FAULT_MISMATCH, 0, "PROTOCOL.ledger section 3: previous");
    if (e->entry.class != class)
        return fault_make(FAULT_MISMATCH, 0, "PROTOCOL.bundle section 3: one class");
    if (e->entry.has_answers && !is_answered_here(v, &e->entry.answers))
        return fault_make(FAULT_MISSING, 0, "PROTOCOL.ledger section 3: answers");
    return fault_none();
}

struct fault verifying_chain(struct verifying *v, struct report *r)
{
    size_t first = v->bundle->logs[0].entry_count > 1 ? 0 : 1;
    enum class class;

    if (v->bundle->logs[first].entry_count < 2)
        return fault_make(FAULT_MISSING, 0, "PROTOCOL.bundle section 2: a case has statements");
    class = v->logs[first].entries[1].entry.class;
    bytes_to_text(v->bundle->case_id, r->case_id, sizeof r->case_id);
    for (size_t log = 0; log < BUNDLE_LOGS; log++) {
        const struct bundle_log *b = &v->bundle->logs[log];

        for (size_t i = 1; i < b->entry_count; i++) {
            struct fault f = check_link(v, log, i, class);

            if (fault_is(f)) {
                report_say(r, CHECK_CHAIN, "statement %zu of %s (entry %" PRIu64 "): %s, %s", i,
                           v->logs[log].party->id, b->entries[i].index, fault_word(f.kind), f.rule);
                return f;
            }
        }
    }
    report_say(r, CHECK_CHAIN, "%zu statements of %s and %zu of %s, none missing, class %s",
               v->bundle->logs[0].entry_count - 1, v->logs[0].party->id,
               v->bundle->logs[1].entry_count - 1, v->logs[1].party->id, class_name(class));
    return fault_none();
}

/* --- times ---------------------------------------------------------------------------------- */

/* When the entry became binding: the first head whose size covers it. */
static bool bound_at(const struct verifying *v, size_t log, uint64_t index, struct instant *out)
{
    const struct bundle_log *b = &v->bundle->logs[log];

    for (size_t i = 0; i < b->head_count; i++)
        if (v->logs[log].heads[i].size > index) {
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

    for (size_t i = 0; i < b->head_count && v->logs[log].heads[i].size <= index; i++) {
        *out = v->logs[log].heads[i].time;
        found = true;
    }
    return found;
}

static bool is_well_timed(const struct verifying *v, size_t log, size_t i)
{
    const struct verified_entry *e = &v->logs[log].entries[i];
    int64_t skew = (int64_t)agreement_of(v, &e->entry)->skew * 1000000;
    uint64_t index = v->bundle->logs[log].entries[i].index;
    struct instant low, high;

    if (bound_at(v, log, index, &high) && e->entry.time.us > high.us + skew)
        return false;
    return !not_before(v, log, index, &low) || e->entry.time.us >= low.us - skew;
}

static int by_binding(const void *a, const void *b)
{
    const struct report_statement *x = a, *y = b;

    if (x->binding.us != y->binding.us)
        return x->binding.us < y->binding.us ? -1 : 1;
    if (x->party != y->party)
        return x->party < y->party ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static void report_statements(const struct verifying *v, struct report *r)
{
    size_t total = v->bundle->logs[0].entry_count + v->bundle->logs[1].entry_count;

    r->statements = memory_zeroed(total, sizeof *r->statements);
    for (size_t log = 0; log < BUNDLE_LOGS; log++)
        for (size_t i = 1; i < v->bundle->logs[log].entry_count; i++) {
            const struct entry *e = &v->logs[log].entries[i].entry;
            struct report_statement *s = &r->statements[r->statement_count++];

            *s = (struct report_statement){.party = log,
                                           .index = v->bundle->logs[log].entries[i].index,
                                           .number = e->number,
                                           .kind = e->kind,
                                           .class = e->class,
                                           .time = e->time};
            s->bound = bound_at(v, log, s->index, &s->binding);
        }
    qsort(r->statements, r->statement_count, sizeof *r->statements, by_binding);
}

struct fault verifying_times(struct verifying *v, struct report *r)
{
    size_t bad = 0;

    for (size_t log = 0; log < BUNDLE_LOGS; log++)
        for (size_t i = 1; i < v->bundle->logs[log].entry_count; i++)
            bad += !is_well_timed(v, log, i);
    report_statements(v, r);
    if (bad != 0)
        r->checks[CHECK_TIMES].state = CHECK_NOTED;
    report_say(r, CHECK_TIMES,
               bad == 0 ? "%zu claimed times within their cosignatures%s"
                        : "%zu claimed times, %s outside their cosignatures",
               r->statement_count,
               bad == 0   ? ""
               : bad == 1 ? "one"
                          : "several");
    return fault_none();
}

/* --- openings ------------------------------------------------------------------------------- */

static struct fault check_opening(const struct verifying *v, const char *text)
{
    struct opening o;
    struct fault f = opening_parse(bytes_text(text), &o);

    if (fault_is(f))
        return f;
    f = fault_make(FAULT_MISSING, 0,
                   "PROTOCOL.ledger section 4: opens a document not in the bundle");
    for (size_t log = 0; log < BUNDLE_LOGS; log++)
        for (size_t i = 1; i < v->bundle->logs[log].entry_count; i++) {
            const struct verified_entry *e = &v->logs[log].entries[i];

            if (e->document != NULL && digest_equal(&e->entry.document, &o.document))
                f = opening_check(&o, e->document);
        }
    opening_done(&o);
    return f;
}

struct fault verifying_openings(struct verifying *v, struct report *r)
{
    size_t count = 0;

    for (size_t log = 0; log < BUNDLE_LOGS; log++)
        for (size_t i = 1; i < v->bundle->logs[log].entry_count; i++) {
            const struct disclosed *d = v->logs[log].entries[i].document;
            const char *text = d == NULL ? "" : disclosed_text(d, "opening");
            struct fault f;

            if (text[0] == '\0')
                continue;
            count++;
            f = check_opening(v, text);
            if (fault_is(f))
                return f;
        }
    report_say(r, CHECK_OPENINGS, "%zu withheld fields opened later, all as committed", count);
    return fault_none();
}

void verifying_done(struct verifying *v)
{
    for (size_t log = 0; log < BUNDLE_LOGS; log++) {
        if (v->logs[log].entries != NULL)
            for (size_t i = 0; i < v->bundle->logs[log].entry_count; i++)
                disclosed_free(v->logs[log].entries[i].document);
        free(v->logs[log].entries);
        free(v->logs[log].heads);
    }
    for (size_t i = 0; i < BUNDLE_AGREEMENTS; i++)
        agreement_free(v->agreements[i]);
    bundle_free(v->bundle);
}
