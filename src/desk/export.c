#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "desk/state.h"
#include "io/file.h"
#include "proof/bundle.h"

/* A case as a bundle: what is binding of it, in both logs, with all that proves it. */

struct part {
    const struct ledger *log;
    const char *party;
    size_t entry_count, head_count;
    uint64_t index[BUNDLE_CASE]; /* of the genesis, then of the case's statements */
    struct buf text[BUNDLE_CASE], document[BUNDLE_CASE];
    uint64_t size[BUNDLE_CASE + 1]; /* of the heads, ascending */
    struct buf note[BUNDLE_CASE + 1];
    uint32_t least, most; /* versions named */
};

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
    part->least = part->least == 0 || e.version < part->least ? e.version : part->least;
    part->most = e.version > part->most ? e.version : part->most;
    r = store_ask(
        p->desk->store, QUERY_STATEMENT_AT,
        STORE_WITH(value_text(p->now->id), value_text(part->party), value_integer((int64_t)index)));
    if (rows_next(&r))
        buf_bytes(&part->document[i], row_bytes(&r, 11));
    part->entry_count++;
    return rows_done(&r);
}

static int by_number(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return x[0] < y[0] ? -1 : x[0] > y[0];
}

/* The case's binding statements of this party, by number; a bundle has no gap. */
static struct fault add_case(struct desk_pact *p, struct part *part, const char *case_id)
{
    int64_t(*found)[2] = memory_zeroed(BUNDLE_CASE, sizeof *found);
    size_t count = 0;
    struct rows r = store_ask(p->desk->store, QUERY_STATEMENT_CASE,
                              STORE_WITH(value_text(p->now->id), value_text(case_id)));
    struct fault f;

    while (count < BUNDLE_CASE && rows_next(&r)) {
        char party[ENTRY_NAME];

        row_text(&r, 1, party, sizeof party);
        if (strcmp(party, part->party) != 0 || !row_has(&r, 19) || !row_has(&r, 3))
            continue;
        found[count][0] = row_integer(&r, 8);
        found[count++][1] = row_integer(&r, 3);
    }
    f = rows_done(&r);
    qsort(found, count, sizeof *found, by_number);
    for (size_t i = 0; i < count && !fault_is(f) && found[i][0] == (int64_t)i + 1; i++)
        f = add_entry(p, part, (uint64_t)found[i][1]);
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

/* For each statement the head that made it binding; the newest last. */
static struct fault add_heads(struct desk_pact *p, struct part *part)
{
    struct fault f = fault_none();

    for (size_t i = 0; i < part->entry_count && !fault_is(f); i++)
        f = add_head(p, part, part->index[i]);
    if (!fault_is(f) && part->head_count == 0)
        f = fault_make(FAULT_MISSING, 0, "nothing of this log is binding yet");
    return f;
}

static struct fault fill_log(const struct part *part, struct bundle_log *out)
{
    struct tree_reader reader = ledger_reader(part->log);
    uint64_t last = part->size[part->head_count - 1];
    struct fault f = fault_none();

    out->origin = bytes_text(ledger_origin(part->log));
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

static void part_free(struct part *part)
{
    for (size_t i = 0; i < BUNDLE_CASE; i++) {
        buf_done(&part->text[i]);
        buf_done(&part->document[i]);
        buf_done(&part->note[i]);
    }
    buf_done(&part->note[BUNDLE_CASE]);
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
        if (!fault_is(f))
            f = add_heads(p, parts[i]);
    }
    if (!fault_is(f)) {
        uint32_t least = parts[0]->least < parts[1]->least ? parts[0]->least : parts[1]->least;
        uint32_t most = parts[0]->most > parts[1]->most ? parts[0]->most : parts[1]->most;

        b = bundle_new((size_t[]){parts[0]->head_count, parts[1]->head_count},
                       (size_t[]){parts[0]->entry_count, parts[1]->entry_count});
        b->case_id = bytes_text(case_id);
        f = fill_agreements(p, least, most, b, sigs);
        for (size_t i = 0; i < 2 && !fault_is(f); i++)
            f = fill_log(parts[i], &b->logs[i]);
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
    }
    f = make(p, case_id, parts, &bundle);
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
    answer = json_pack("{s:i, s:b, s:s, s:s}", "v", 1, "ok", 1, "case", case_id, "bundle",
                       buf_str(&text));
    buf_done(&bundle);
    buf_done(&text);
    return answer;
}
