#include "proof/make_bundle.h"

#include "base/memory.h"
#include "base/text.h"
#include "crypto/domain.h"
#include "ledger/note.h"
#include "pact/example.h"
#include "pact/signed.h"
#include "statement/document.h"
#include "statement/type.h"

/* Entries of other cases, which the bundle does not have. */
static void add_others(struct make_log *log, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t text[2] = {log->tree.size, (uint64_t)log->party[5]};
        struct digest leaf = tree_leaf(bytes_of(text, sizeof text));

        forest_append(&log->tree, &leaf);
    }
}

/* --- documents ------------------------------------------------------------------------------ */

static struct document *document_of(json_t *fields, uint8_t salt)
{
    const uint8_t secret[DOCUMENT_SECRET] = {salt, 77};
    struct document *d;

    assert_non_null(fields);
    assert_good(document_new(fields, secret, &d));
    json_decref(fields);
    return d;
}

static struct digest sign_genesis(const struct make *m, const struct make_log *log,
                                  struct make_entry *out, uint32_t *leaves)
{
    struct secret *root =
        m->wish.other_genesis_root && log == &m->log[1] ? m->log[0].root : log->root;
    struct document_signature s = {.suite = "ed25519", .key = secret_public(root)};
    json_t *fields = json_pack("{s:s, s:s, s:s}", "agreement", m->agreement->id, "party",
                               log->party, "origin", log->origin);
    struct buf signature = {0};
    struct document *d;

    for (enum role role = ROLE_LOG; role < ROLE_COUNT; role++) {
        char path[80], key[80];

        base64_write(secret_public(log->role[role]).data, 32, key);
        snprintf(path, sizeof path, "key.%s.ed25519", role_name(role));
        json_object_set_new(fields, path, json_string(key));
    }
    d = document_of(fields, (uint8_t)log->party[5]);
    out->root = document_root(d);
    *leaves = document_leaves(d);
    domain_sign(root, DOMAIN_ROOT, bytes_text(m->agreement->id), bytes_of(out->root.byte, 32),
                &signature);
    s.signature = buf_view(&signature);
    document_disclose(d, NULL, 0, &s, 1, &out->document);
    buf_done(&signature);
    document_free(d);
    return out->root;
}

static void set(json_t *fields, const char *path, const char *text)
{
    json_object_set_new(fields, path, json_string(text));
}

static json_t *common_fields(const struct make *m, size_t by)
{
    json_t *fields = json_object();

    set(fields, "from", m->log[by].party);
    set(fields, "article", "4(3)");
    set(fields, "urgency", "priority");
    if (m->wish.small)
        return fields;
    set(fields, "to", m->log[1 - by].party);
    set(fields, "agreement", m->agreement->id);
    set(fields, "tlp", "amber");
    set(fields, "language", "en");
    set(fields, "text", "\xd0\xa1\xd0\xba\xd0\xb0\xd0\xbd\xd0\xb8\xd1\x80\n\"quoted\" \\ back");
    json_object_set_new(fields, "events", json_integer(212));
    json_object_set_new(fields, "ports", json_pack("[s, s]", "22", "3389"));
    return fields;
}

/* --- entries and heads ---------------------------------------------------------------------- */

static struct entry entry_frame(const struct make *m, size_t by, enum kind kind)
{
    const struct make_log *theirs = &m->log[1 - by];
    struct entry e = {.version = m->agreement->version,
                      .kind = kind,
                      .class = CLASS_REAL,
                      .time = instant_of_seconds(m->now)};

    snprintf(e.agreement, sizeof e.agreement, "%s", m->agreement->id);
    memcpy(e.agreement_digest.byte, m->agreement->digest, 32);
    snprintf(e.from, sizeof e.from, "%s", m->log[by].party);
    if (theirs->heads != 0) {
        e.seen_size = theirs->head[theirs->heads - 1].size;
        e.seen_root = theirs->head[theirs->heads - 1].root;
    }
    return e;
}

static struct make_entry *append(struct make_log *log, struct entry *e, struct make_entry *entry,
                                 bool unknown_version)
{
    e->disclosed = digest_of(buf_view(&entry->document));
    e->disclosed_length = (uint32_t)entry->document.len;
    entry_write(e, &entry->text);
    if (unknown_version)
        entry->text.data[strlen("parley-entry/v")] = '2';
    entry->leaf = tree_leaf(buf_view(&entry->text));
    entry->index = log->tree.size;
    forest_append(&log->tree, &entry->leaf);
    log->entries++;
    return entry;
}

static void begin_log(struct make *m, size_t by)
{
    struct make_log *log = &m->log[by];
    struct entry e;
    char what[40];

    log->party = m->agreement->parties[by].id;
    e = entry_frame(m, by, KIND_GENESIS);
    roles_origin(log->party, m->agreement->id, log->origin);
    snprintf(what, sizeof what, "%s root", log->party);
    log->root = example_key(what);
    for (enum role role = ROLE_LOG; role < ROLE_COUNT; role++) {
        snprintf(what, sizeof what, "%s %s%s", log->party, role_name(role),
                 by == 0 && m->wish.new_keys ? " new" : "");
        log->role[role] = example_key(what);
    }
    e.permit_kind = PERMIT_ROOT;
    e.document = sign_genesis(m, log, &log->entry[0], &e.leaves);
    append(log, &e, &log->entry[0], false);
}

/* The newest head of a log: signed by its author, cosigned by the other now. */
static void sign_head(struct make *m, size_t by, struct checkpoint *c, int64_t time)
{
    struct make_log *log = &m->log[by], *other = &m->log[1 - by];
    struct make_head *head = &log->head[log->heads++];
    struct buf text = {0};
    char name[NOTE_NAME];

    assert_true(log->heads < MAKE_HEADS);
    head->size = c->size;
    head->root = c->root;
    checkpoint_write(c, &text);
    note_begin(buf_view(&text), &head->note);
    note_sign(buf_view(&text), log->origin, NOTE_AUTHOR, instant_of_seconds(0),
              &log->role[ROLE_LOG], 1, &head->note);
    snprintf(name, sizeof name, "%s/cosign", other->origin);
    if (by != 0 || log->heads - 1 != m->wish.drop_cosignature || m->wish.drop_cosignature == 0)
        note_sign(buf_view(&text), name, NOTE_COSIGNER, instant_of_seconds(time),
                  &other->role[ROLE_COSIGN], 1, &head->note);
    buf_done(&text);
}

static void add_head(struct make *m, size_t by)
{
    struct make_log *log = &m->log[by];
    struct checkpoint c = {.origin = bytes_text(log->origin), .size = log->tree.size};

    assert_good(tree_read_root(forest_reader(&log->tree), log->tree.size, &c.root));
    sign_head(m, by, &c, m->now);
}

/* --- statements ----------------------------------------------------------------------------- */

/* What one says: `fields` is taken over. */
struct words {
    enum kind kind;
    const struct make_entry *answers;
    json_t *fields;
    const char *withhold; /* a path, or NULL */
};

static void spoil(const struct make *m, struct entry *e)
{
    const struct make_wishes *w = &m->wish;
    size_t n = m->said;

    if (n != 0 && n == w->gap_at)
        e->number++;
    if (n != 0 && n == w->other_case_at)
        memcpy(e->case_id, "C-00000000000000ZZ", CASE_TEXT);
    if (n != 0 && n == w->other_class_at)
        e->class = CLASS_EXERCISE;
    if (n != 0 && n == w->other_previous_at)
        e->previous.byte[0] ^= 1;
    if (n != 0 && n == w->no_answers_at)
        e->answers.byte[0] ^= 1;
    if (n != 0 && n == w->other_agreement_at)
        e->version += 7;
    if (e->kind == KIND_NOTICE)
        e->time = instant_of_seconds(m->now + w->notice_claims);
}

static struct entry entry_for(const struct make *m, size_t by, const struct words *w)
{
    const struct make_log *log = &m->log[by];
    struct entry e = entry_frame(m, by, w->kind);

    memcpy(e.case_id, m->case_id, CASE_TEXT);
    e.number = log->entries;
    e.has_previous = e.number > 1;
    if (e.has_previous)
        e.previous = log->entry[log->entries - 1].leaf;
    e.has_answers = w->answers != NULL;
    if (e.has_answers)
        e.answers = w->answers->leaf;
    e.permit_kind = w->kind == KIND_RECEIPT || (w->kind == KIND_CHECK && e.has_answers)
                        ? PERMIT_AUTOMATIC
                        : PERMIT_DIGEST;
    if (e.permit_kind == PERMIT_DIGEST)
        e.permit = digest_of(bytes_text("a permit"));
    spoil(m, &e);
    return e;
}

/* Says it, and brings it under a cosigned head a second later. */
static struct make_entry *say(struct make *m, size_t by, struct words w)
{
    struct make_log *log = &m->log[by];
    struct make_entry *entry = &log->entry[log->entries];
    struct entry e = entry_for(m, by, &w);
    struct withheld withheld = {w.withhold, "release: victim"};
    struct document *d = document_of(w.fields, (uint8_t)(m->said + 1));

    assert_true(log->entries < MAKE_ENTRIES);
    add_others(log, m->wish.small ? 0 : m->said % 4);
    e.document = entry->root = document_root(d);
    e.leaves = document_leaves(d);
    document_disclose(d, &withheld, w.withhold != NULL, NULL, 0, &entry->document);
    if (w.withhold != NULL)
        assert_good(document_open(d, w.withhold, &m->opening));
    document_free(d);
    append(log, &e, entry, m->said != 0 && m->said == m->wish.unknown_version_at);
    m->now += !m->wish.same_second;
    add_head(m, by);
    if (m->said != 0 && m->said == m->wish.no_document_at)
        buf_clear(&entry->document);
    m->said++;
    return entry;
}

static struct make_entry *receipt(struct make *m, size_t by, const struct make_entry *of)
{
    return say(m, by,
               (struct words){.kind = KIND_RECEIPT, .answers = of, .fields = common_fields(m, by)});
}

/* A statement that the other node gives a receipt for. */
static struct make_entry *talk(struct make *m, size_t by, struct words w)
{
    struct make_entry *said = say(m, by, w);

    receipt(m, 1 - by, said);
    m->now += m->wish.same_second ? 0 : 60;
    return said;
}

static json_t *with(json_t *fields, const char *path, const char *text)
{
    set(fields, path, text);
    return fields;
}

/* The UPDATE's field: the true opening, or one that the wish asks for. */
static json_t *opening_fields(const struct make *m, size_t by)
{
    json_t *fields = common_fields(m, by);
    struct buf copy = {0};
    json_t *tree;

    buf_bytes(&copy, buf_view(&m->opening));
    tree = json_loads(buf_str(&copy), 0, NULL);
    if (m->wish.wrong_opening)
        set(tree, "value", "203.0.113.10");
    if (m->wish.opening_elsewhere)
        set(tree, "document", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    buf_clear(&copy);
    json_canonical(tree, &copy);
    if (m->wish.opening_is_a_list)
        json_object_set_new(fields, "opening", json_pack("[s]", buf_str(&copy)));
    else
        set(fields, "opening", buf_str(&copy));
    json_decref(tree);
    buf_done(&copy);
    return fields;
}

static json_t *notice_fields(const struct make *m, size_t by)
{
    return with(common_fields(m, by), "target.address", "203.0.113.9");
}

static void tell(struct make *m, size_t us, size_t them)
{
    struct make_entry *notice, *answer, *proposal;

    notice = talk(m, us, (struct words){KIND_NOTICE, NULL, notice_fields(m, us), "target.address"});
    m->now += m->wish.ack_later;
    talk(m, them, (struct words){KIND_ACK, notice, common_fields(m, them), NULL});
    talk(m, us, (struct words){KIND_UPDATE, notice, opening_fields(m, us), NULL});
    for (size_t i = 0; i < m->wish.updates; i++)
        talk(m, us, (struct words){KIND_UPDATE, notice, common_fields(m, us), NULL});
    answer = talk(
        m, them,
        (struct words){KIND_ANSWER, notice, with(common_fields(m, them), "result", "done"), NULL});
    proposal = talk(
        m, us,
        (struct words){KIND_CLOSE, answer, with(common_fields(m, us), "step", "proposal"), NULL});
    talk(m, them,
         (struct words){KIND_CLOSE, proposal, with(common_fields(m, them), "step", "agree"), NULL});
}

static void tell_small(struct make *m, size_t us, size_t them)
{
    struct make_entry *notice;

    notice = say(m, us, (struct words){KIND_NOTICE, NULL, notice_fields(m, us), "target.address"});
    receipt(m, them, notice);
    say(m, us, (struct words){KIND_UPDATE, notice, opening_fields(m, us), NULL});
}

static void tell_check(struct make *m, size_t us, size_t them)
{
    static const char sent[] = "00112233445566778899aabbccddeeff",
                      other[] = "00112233445566778899aabbccddeefe";
    const char *back = m->wish.other_nonce ? other : sent;
    struct make_entry *check;

    check = say(m, us,
                (struct words){KIND_CHECK, NULL, with(common_fields(m, us), "nonce", sent), NULL});
    receipt(m, them, check);
    say(m, them,
        (struct words){KIND_CHECK, check, with(common_fields(m, them), "nonce", back), NULL});
}

/* --- a head that should not be -------------------------------------------------------------- */

static void contradict(struct make *m)
{
    struct make_log *log = &m->log[0];
    struct checkpoint c = {.origin = bytes_text(log->origin)};
    struct tree other = {0};

    if (!m->wish.fork_same_size)
        add_others(log, 1);
    c.size = log->tree.size;
    for (uint64_t i = 0; i < c.size; i++) {
        struct digest leaf = *forest_leaf(&log->tree, i);

        leaf.byte[0] ^= i == 1;
        tree_append(&other, &leaf);
    }
    c.root = tree_root(&other);
    sign_head(m, 0, &c, m->now);
}

static void last_words(struct make *m)
{
    struct make_log *log = &m->log[0];

    if (m->wish.fork)
        contradict(m);
    if (m->wish.falling_time) {
        add_others(log, 1);
        m->now -= 1000;
        add_head(m, 0);
    }
    if (m->wish.stray_line)
        buf_text(
            &log->head[log->heads - 1].note,
            "\xe2\x80\x94 somebody/else "
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            "AA\n");
}

/* --- all of it ------------------------------------------------------------------------------ */

static void sign_agreement(struct make *m)
{
    json_t *tree = example_tree();
    struct signatures *s;

    if (m->wish.small) { /* one article, one office, no text that a test does not need */
        json_t *articles = json_object_get(tree, "articles");

        while (json_array_size(articles) > 1)
            json_array_remove(articles, 1);
        example_set(tree, "notes", NULL);
        example_set(tree, "title", "{\"en\":\"t\"}");
        example_set(tree, "articles[0].title", "{\"en\":\"t\"}");
        example_set(tree, "release.withhold", "[]");
    }
    if (m->wish.outside != NULL)
        json_object_set(tree, "outside", m->wish.outside);
    assert_good(tree_parse(tree, &m->agreement, NULL));
    json_decref(tree);
    buf_bytes(&m->agreement_text, m->agreement->canonical);
    s = signatures_new(m->agreement);
    for (size_t i = 0; i < BUNDLE_LOGS; i++) {
        char what[40];
        struct secret *root;

        snprintf(what, sizeof what, "%s root", m->agreement->parties[i].id);
        root = example_key(what);
        assert_good(agreement_sign(m->agreement, m->agreement->parties[i].id, root, s));
        secret_free(root);
    }
    signatures_write(s, &m->signatures);
    signatures_free(s);
}

struct make *make_story(const struct make_wishes *w)
{
    struct make *m = memory_zeroed(1, sizeof *m);
    size_t us = w->second_opens ? 1 : 0;

    m->wish = *w;
    m->now = 1764063000;
    memcpy(m->case_id, "C-7Q2K91MDX0PA44ZT", CASE_TEXT);
    sign_agreement(m);
    for (size_t i = 0; i < BUNDLE_LOGS; i++)
        begin_log(m, i);
    for (size_t i = 0; i < BUNDLE_LOGS; i++) {
        add_others(&m->log[i], w->leaves != 0 ? w->leaves : w->small ? 0 : 3 + i);
        add_head(m, i);
    }
    (w->check ? tell_check : w->small ? tell_small : tell)(m, us, 1 - us);
    last_words(m);
    return m;
}

void make_free(struct make *m)
{
    for (size_t i = 0; i < BUNDLE_LOGS; i++) {
        struct make_log *log = &m->log[i];

        secret_free(log->root);
        forest_done(&log->tree);
        for (enum role role = ROLE_LOG; role < ROLE_COUNT; role++)
            secret_free(log->role[role]);
        for (size_t k = 0; k < log->entries; k++) {
            buf_done(&log->entry[k].text);
            buf_done(&log->entry[k].document);
        }
        for (size_t k = 0; k < log->heads; k++)
            buf_done(&log->head[k].note);
    }
    agreement_free(m->agreement);
    buf_done(&m->agreement_text);
    buf_done(&m->signatures);
    buf_done(&m->opening);
    free(m);
}

static void fill_log(const struct make_log *from, struct bundle_log *out)
{
    const struct make_head *last = &from->head[from->heads - 1];

    out->origin = bytes_text(from->origin);
    for (size_t i = 0; i < from->heads; i++)
        out->heads[i] = buf_view(&from->head[i].note);
    for (size_t i = 0; i + 1 < from->heads; i++)
        if (from->head[i].size != from->head[i + 1].size)
            assert_good(tree_prove_consistency(forest_reader(&from->tree), from->head[i].size,
                                               from->head[i + 1].size, &out->growth[i]));
    for (size_t i = 0; i < from->entries; i++) {
        const struct make_entry *e = &from->entry[i];

        out->entries[i] = (struct bundle_entry){
            .index = e->index, .text = buf_view(&e->text), .document = buf_view(&e->document)};
        assert_good(tree_prove_inclusion(forest_reader(&from->tree), e->index, last->size,
                                         &out->entries[i].proof));
    }
}

struct bundle *make_bundle(const struct make *m)
{
    struct bundle *b = bundle_new((const size_t[]){m->log[0].heads, m->log[1].heads},
                                  (const size_t[]){m->log[0].entries, m->log[1].entries});

    b->case_id = bytes_text(m->case_id);
    b->agreement_count = 1;
    b->agreements[0].text = buf_view(&m->agreement_text);
    b->agreements[0].signatures = buf_view(&m->signatures);
    for (size_t i = 0; i < BUNDLE_LOGS; i++)
        fill_log(&m->log[i], &b->logs[i]);
    return b;
}

void make_text(const struct make_wishes *w, struct buf *out)
{
    struct make *m = make_story(w);
    struct bundle *b = make_bundle(m);

    bundle_write(b, out);
    bundle_free(b);
    make_free(m);
}
