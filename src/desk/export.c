#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "desk/anchor.h"
#include "desk/state.h"
#include "io/file.h"
#include "proof/bundle.h"

/* A case as a bundle: what is binding of it, in both logs, with all that proves it. */

enum { HEADS = BUNDLE_CASE + 1 + ANCHOR_KINDS }; /* each statement's, and each anchor's */

struct part {
    const struct ledger *log;
    const char *party;
    size_t said; /* statements of the case that are in the store, binding or not */
    size_t entry_count, head_count;
    uint64_t index[BUNDLE_CASE]; /* of the genesis, then of the case's statements */
    struct buf text[BUNDLE_CASE], document[BUNDLE_CASE];
    uint64_t size[HEADS]; /* of the heads, ascending */
    struct buf note[HEADS];
    bool theirs; /* the partner's log */
    const struct desk_keys *keys;
    size_t anchor_count;
    struct anchor_kept anchor[ANCHOR_KINDS];
    uint32_t version[BUNDLE_CASE]; /* of the agreement that it names; 0 if there is none such */
};

/* A document that is not what it must be (a false opening) is not handed on; its digest and our
 * REJECT are. */
static bool is_refused_by_form(const struct rows *r)
{
    char verdict[2 * DESK_WHY];

    return row_text(r, 16, verdict, sizeof verdict) && strncmp(verdict, "form: ", 6) == 0;
}

/* A partner can name a version that nobody signed; he hides nothing by it: the bundle goes without,
 * and whoever checks it says so of that entry. */
static uint32_t version_of(struct desk_pact *p, const struct entry *e)
{
    const struct agreement *a = pact_version(p, e->version);

    return a != NULL && memcmp(a->digest, e->agreement_digest.byte, sizeof a->digest) == 0
               ? e->version
               : 0;
}

static struct fault add_entry(struct desk_pact *p, struct part *part, uint64_t index)
{
    size_t i = part->entry_count;
    struct entry e;
    struct rows r;
    struct fault f;

    if (i == BUNDLE_CASE)
        return fault_make(FAULT_LIMIT, 0, "a bundle holds at most 1,024 statements of a party");
    part->index[i] = index;
    f = ledger_read(part->log, index, &part->text[i]);
    if (!fault_is(f))
        f = entry_parse(buf_view(&part->text[i]), &e);
    if (fault_is(f))
        return f;
    part->version[i] = version_of(p, &e);
    r = store_ask(
        p->desk->store, QUERY_STATEMENT_AT,
        STORE_WITH(value_text(p->now->id), value_text(part->party), value_integer((int64_t)index)));
    if (rows_next(&r) && !is_refused_by_form(&r))
        buf_bytes(&part->document[i], row_bytes(&r, 11));
    part->entry_count++;
    return rows_done(&r);
}

static int by_index(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/*
 * The case's binding statements of this party, in the order of its log, whatever numbers they have
 * and whatever they answer: a partner who jumps a number, or answers what is nowhere, would else
 * hide what he says after it. What is odd is proof/verify.h's to name.
 */
static struct fault add_case(struct desk_pact *p, struct part *part, const char *case_id)
{
    int64_t *found = memory_zeroed(BUNDLE_CASE, sizeof *found);
    size_t count = 0;
    struct rows r = store_ask(p->desk->store, QUERY_STATEMENT_CASE,
                              STORE_WITH(value_text(p->now->id), value_text(case_id)));
    struct fault f;

    while (count < BUNDLE_CASE && rows_next(&r)) {
        char party[ENTRY_NAME], state[16];

        row_text(&r, 1, party, sizeof party);
        row_text(&r, 4, state, sizeof state);
        if (strcmp(party, part->party) != 0 || strcmp(state, "refused") == 0)
            continue;
        part->said++;
        if (row_has(&r, 19) && row_has(&r, 3))
            found[count++] = row_integer(&r, 3);
    }
    f = rows_done(&r);
    qsort(found, count, sizeof *found, by_index);
    for (size_t i = 0; i < count && !fault_is(f); i++)
        f = add_entry(p, part, (uint64_t)found[i]);
    free(found);
    return f;
}

static struct fault add_head(struct desk_pact *p, struct part *part, uint64_t index)
{
    struct rows r = store_ask(
        p->desk->store, QUERY_HEAD_COVERING,
        STORE_WITH(value_text(p->now->id), value_text(part->party), value_integer((int64_t)index)));
    size_t i = part->head_count;

    if (rows_next(&r)) {
        uint64_t size = (uint64_t)row_integer(&r, 0);

        if (i == 0 || part->size[i - 1] < size) {
            part->size[i] = size;
            buf_bytes(&part->note[i], row_bytes(&r, 2));
            part->head_count++;
        }
    }
    return rows_done(&r);
}

/* Where the head of this size is, or would be. */
static size_t head_place(const struct part *part, uint64_t size)
{
    size_t i = 0;

    while (i < part->head_count && part->size[i] < size)
        i++;
    return i;
}

/* The head that an anchor is over, among the others. */
static void add_anchored_head(struct part *part, const struct anchor_kept *a)
{
    size_t i = head_place(part, a->size);

    if (i < part->head_count && part->size[i] == a->size)
        return;
    memmove(&part->size[i + 1], &part->size[i], (part->head_count - i) * sizeof part->size[0]);
    memmove(&part->note[i + 1], &part->note[i], (part->head_count - i) * sizeof part->note[0]);
    part->size[i] = a->size;
    part->note[i] = (struct buf){0};
    buf_bytes(&part->note[i], buf_view(&a->note));
    part->head_count++;
}

static void add_anchors(struct desk_pact *p, struct part *part)
{
    for (enum anchor_kind k = ANCHOR_STAMP; k < ANCHOR_KINDS; k++) {
        struct anchor_kept *a = &part->anchor[part->anchor_count];

        if (anchor_find(p, part->theirs, k, part->index[part->entry_count - 1], a)) {
            part->anchor_count++;
            add_anchored_head(part, a);
        } else {
            buf_done(&a->note);
            buf_done(&a->data);
        }
    }
}

/* For each statement the head that made it binding; the newest last. */
static struct fault add_heads(struct desk_pact *p, struct part *part)
{
    struct fault f = fault_none();

    for (size_t i = 0; i < part->entry_count && !fault_is(f); i++)
        f = add_head(p, part, part->index[i]);
    if (!fault_is(f) && part->head_count == 0)
        f = fault_make(FAULT_MISSING, 0, "nothing of this log is binding yet");
    if (!fault_is(f))
        add_anchors(p, part);
    return f;
}

static struct fault fill_log(const struct part *part, struct bundle_log *out)
{
    struct tree_reader reader = ledger_reader(part->log);
    uint64_t last = part->size[part->head_count - 1];
    struct fault f = fault_none();

    out->origin = bytes_text(ledger_origin(part->log));
    out->anchor_count = part->anchor_count;
    for (size_t i = 0; i < part->anchor_count; i++)
        out->anchors[i] =
            (struct bundle_anchor){part->anchor[i].kind, head_place(part, part->anchor[i].size),
                                   buf_view(&part->anchor[i].data)};
    for (size_t i = 0; i < part->head_count; i++)
        out->heads[i] = buf_view(&part->note[i]);
    for (size_t i = 0; i + 1 < part->head_count && !fault_is(f); i++)
        f = tree_prove_consistency(reader, part->size[i], part->size[i + 1], &out->growth[i]);
    for (size_t i = 0; i < part->entry_count && !fault_is(f); i++) {
        out->entries[i].index = part->index[i];
        out->entries[i].text = buf_view(&part->text[i]);
        out->entries[i].document = buf_view(&part->document[i]);
        f = tree_prove_inclusion(reader, part->index[i], last, &out->entries[i].proof);
    }
    return f;
}

/* What changed the party's keys, below the newest head. */
static struct fault fill_keys(const struct part *part, struct bundle_log *out)
{
    struct tree_reader reader = ledger_reader(part->log);
    uint64_t last = part->size[part->head_count - 1];
    struct fault f = fault_none();

    out->keys = memory_zeroed(part->keys->said_count + 1, sizeof *out->keys);
    for (size_t i = 0; i < part->keys->said_count && !fault_is(f); i++) {
        const struct desk_said *said = part->keys->said[i];
        struct bundle_entry *to = &out->keys[out->key_count];

        if (said->index >= last)
            break;
        to->index = said->index;
        to->text = buf_view(&said->entry);
        to->document = buf_view(&said->document);
        f = tree_prove_inclusion(reader, said->index, last, &to->proof);
        out->key_count++;
    }
    return f;
}

struct sigs {
    struct buf text[BUNDLE_AGREEMENTS];
};

static struct fault fill_agreements(struct desk_pact *p, uint32_t least, uint32_t most,
                                    struct bundle *out, struct sigs *sigs)
{
    for (uint32_t v = least; v <= most && out->agreement_count < BUNDLE_AGREEMENTS; v++) {
        const struct agreement *a = pact_version(p, v);
        struct buf path = {0};
        size_t i = out->agreement_count;
        struct fault f;

        if (a == NULL)
            return fault_make(FAULT_MISSING, 0, "a version of the agreement is not here");
        buf_print(&path, "agreements/%s/%u.json.sig", a->id, a->version);
        f = file_read(buf_str(&path), 1 << 17, &sigs->text[i]);
        buf_done(&path);
        if (fault_is(f))
            return f;
        out->agreements[i] = (struct bundle_agreement){a->canonical, buf_view(&sigs->text[i])};
        out->agreement_count++;
    }
    return fault_none();
}

/* The versions that the entries name. */
static void versions_of(struct part *const parts[2], uint32_t *least, uint32_t *most)
{
    *least = *most = parts[0]->version[0];
    for (size_t part = 0; part < 2; part++)
        for (size_t i = 0; i < parts[part]->entry_count; i++) {
            uint32_t version = parts[part]->version[i];

            if (version == 0)
                continue;
            *least = version < *least ? version : *least;
            *most = version > *most ? version : *most;
        }
}

static void part_free(struct part *part)
{
    for (size_t i = 0; i < BUNDLE_CASE; i++) {
        buf_done(&part->text[i]);
        buf_done(&part->document[i]);
    }
    for (size_t i = 0; i < HEADS; i++)
        buf_done(&part->note[i]);
    for (size_t i = 0; i < ANCHOR_KINDS; i++) {
        buf_done(&part->anchor[i].note);
        buf_done(&part->anchor[i].data);
    }
    free(part);
}

static struct fault make(struct desk_pact *p, const char *case_id, struct part *parts[2],
                         struct buf *out)
{
    struct sigs *sigs = memory_zeroed(1, sizeof *sigs);
    struct bundle *b = NULL;
    struct fault f = fault_none();

    for (size_t i = 0; i < 2 && !fault_is(f); i++) {
        f = add_entry(p, parts[i], 0);
        if (!fault_is(f))
            f = add_case(p, parts[i], case_id);
    }
    for (size_t i = 0; i < 2 && !fault_is(f); i++)
        f = add_heads(p, parts[i]);
    if (!fault_is(f)) {
        uint32_t least, most;

        versions_of(parts, &least, &most);
        b = bundle_new((size_t[]){parts[0]->head_count, parts[1]->head_count},
                       (size_t[]){parts[0]->entry_count, parts[1]->entry_count});
        b->case_id = bytes_text(case_id);
        f = fill_agreements(p, least, most, b, sigs);
        for (size_t i = 0; i < 2 && !fault_is(f); i++)
            f = fill_log(parts[i], &b->logs[i]);
        for (size_t i = 0; i < 2 && !fault_is(f); i++)
            f = fill_keys(parts[i], &b->logs[i]);
    }
    if (!fault_is(f))
        bundle_write(b, out);
    bundle_free(b);
    for (size_t i = 0; i < BUNDLE_AGREEMENTS; i++)
        buf_done(&sigs->text[i]);
    free(sigs);
    return f;
}

json_t *bundle_export(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    const char *case_id = ask_text(ask, "case");
    struct part *parts[2];
    struct buf bundle = {0}, text = {0};
    json_t *answer;
    size_t left;
    struct fault f;

    (void)say;
    (void)client;
    if (!p->mirror_open)
        return answer_error("not-found", 8, "the partner's log is not here yet", "", "");
    for (size_t i = 0; i < 2; i++) {
        bool ours = (i == 0) == p->own_is_first;

        parts[i] = memory_zeroed(1, sizeof *parts[i]);
        parts[i]->log = ours ? p->log : p->mirror.log;
        parts[i]->party = ours ? p->own->id : p->peer->id;
        parts[i]->theirs = !ours;
        parts[i]->keys = ours ? &p->own_keys : &p->peer_keys;
    }
    f = make(p, case_id, parts, &bundle);
    left = parts[0]->said + parts[1]->said + 2 - parts[0]->entry_count - parts[1]->entry_count;
    if (!fault_is(f) && parts[0]->entry_count + parts[1]->entry_count == 2)
        f = fault_make(FAULT_MISSING, 0, "no such case, or nothing of it is binding");
    part_free(parts[0]);
    part_free(parts[1]);
    if (fault_is(f)) {
        buf_done(&bundle);
        answer = answer_fault(f, "the bundle could not be made", "parley case show");
        if (f.kind == FAULT_MISSING)
            json_object_set_new(answer, "exit", json_integer(8));
        return answer;
    }
    buf_base64(&text, bundle.data, bundle.len);
    answer = json_pack("{s:i, s:b, s:s, s:s, s:I}", "v", 1, "ok", 1, "case", case_id, "bundle",
                       buf_str(&text), "left-out", (json_int_t)left);
    buf_done(&bundle);
    buf_done(&text);
    return answer;
}
