#include "base/memory.h"
#include "base/text.h"
#include "pact/parse.h"

enum { CODE_MAX = 16 };

/* One thing that a party declares, with the place where it does. */
struct claim {
    struct prefix prefix; /* or an AS number, in first */
    uint32_t party, index;
};

static int compare_claims(const void *a, const void *b)
{
    const struct claim *p = a, *q = b;
    int order = memcmp(p->prefix.first.byte, q->prefix.first.byte, sizeof p->prefix.first.byte);

    if (order == 0)
        order = (p->prefix.bits > q->prefix.bits) - (p->prefix.bits < q->prefix.bits);
    if (order == 0)
        order = (p->party > q->party) - (p->party < q->party);
    return order != 0 ? order : (p->index > q->index) - (p->index < q->index);
}

static bool same_claim(const struct claim *p, const struct claim *q)
{
    return p->prefix.bits == q->prefix.bits && addr_compare(p->prefix.first, q->prefix.first) == 0;
}

/* Of all claims that repeat another, the one that stands first in the file is the fault. */
static void claims_differ(const struct member *parties, const char *name, struct claim *claims,
                          size_t count)
{
    const struct claim *bad = NULL;

    if (count == 0)
        return;
    qsort(claims, count, sizeof *claims, compare_claims);
    for (size_t i = 1; i < count; i++)
        if (same_claim(&claims[i - 1], &claims[i]) &&
            (bad == NULL || claims[i].party < bad->party ||
             (claims[i].party == bad->party && claims[i].index < bad->index)))
            bad = &claims[i];
    if (bad != NULL) {
        struct member party = member_item(parties, bad->party);
        struct member territory = member_object(&party, "territory");
        struct member list = member_if(&territory, name), m = member_item(&list, bad->index);

        member_fail(&m, FAULT_DUPLICATE, "this is declared twice; it can be one party's, once");
    }
}

static void prefixes_differ(const struct member *parties, const struct agreement *a)
{
    const struct party *p = a->parties;
    size_t n = 0;
    struct claim *claims = memory_zeroed(p[0].prefix_count + p[1].prefix_count + 1, sizeof *claims);

    for (uint32_t i = 0; i < AGREEMENT_PARTIES; i++)
        for (uint32_t j = 0; j < p[i].prefix_count; j++)
            claims[n++] = (struct claim){p[i].prefixes[j], i, j};
    claims_differ(parties, "prefixes", claims, n);
    free(claims);
}

static void as_numbers_differ(const struct member *parties, const struct agreement *a)
{
    const struct party *p = a->parties;
    size_t n = 0;
    struct claim *claims = memory_zeroed(p[0].as_count + p[1].as_count + 1, sizeof *claims);

    for (uint32_t i = 0; i < AGREEMENT_PARTIES; i++)
        for (uint32_t j = 0; j < p[i].as_count; j++)
            claims[n++] = (struct claim){{addr_from_v4(p[i].as_numbers[j]), 128}, i, j};
    claims_differ(parties, "as", claims, n);
    free(claims);
}

/* One prefix has one spelling, so that two persons who look for it find the same. */
static struct prefix as_prefix(const struct member *m)
{
    const char *text = as_text(m, PREFIX_TEXT);
    char written[PREFIX_TEXT] = "";
    struct prefix p = {0};

    if (reader_ok(m->in) && fault_is(prefix_parse(bytes_text(text), &p)))
        member_fail(m, FAULT_SYNTAX, "this is no prefix like 192.0.2.0/24 with zero host bits");
    if (!reader_ok(m->in))
        return p;
    prefix_write(p, written);
    if (strcmp(text, written) != 0)
        member_fail(m, FAULT_SYNTAX, "this prefix is to be spelled %s", written);
    return p;
}

static void prefixes_parse(struct keep *k, const struct member *territory, struct party *out)
{
    struct member list = member_array(territory, "prefixes", 0, AGREEMENT_PREFIXES);
    size_t n = member_count(&list);
    struct prefix *prefixes = keep_block(k, n, sizeof *prefixes);

    for (size_t i = 0; i < n; i++) {
        struct member m = member_item(&list, i);

        prefixes[i] = as_prefix(&m);
    }
    out->prefixes = prefixes;
    out->prefix_count = n;
}

static void as_numbers_parse(struct keep *k, const struct member *territory, struct party *out)
{
    struct member list = member_array(territory, "as", 0, AGREEMENT_PREFIXES);
    size_t n = member_count(&list);
    uint32_t *numbers = keep_block(k, n, sizeof *numbers);

    for (size_t i = 0; i < n; i++) {
        struct member m = member_item(&list, i);

        numbers[i] = (uint32_t)as_integer(&m, 1, UINT32_MAX - 1); /* RFC 7607, RFC 7300 */
    }
    out->as_numbers = numbers;
    out->as_count = n;
}

static bool ends_in(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n > m && strcmp(text + n - m, end) == 0;
}

static void table_parse(const struct member *m, struct territory_table *out)
{
    struct member file = member_get(m, "file"), code = member_get(m, "code"),
                  until = member_if(m, "valid-until");

    out->file = as_id(&file);
    if (!ends_in(out->file, ".tsv") && !ends_in(out->file, ".tsv.zst"))
        member_fail(&file, FAULT_SYNTAX, "a table's file ends in .tsv or .tsv.zst");
    member_hex(m, "sha256", out->sha256, sizeof out->sha256);
    out->code = as_made_of(&code, CODE_MAX,
                           "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-");
    out->valid_from = member_time(m, "valid-from");
    out->valid_until.us = INT64_MAX;
    if (until.value != NULL) {
        out->valid_until = as_time(&until);
        if (out->valid_until.us <= out->valid_from.us)
            member_fail(&until, FAULT_RANGE, "valid-until must be after valid-from");
    }
    member_only(m, "code", "file", "sha256", "valid-from", "valid-until", NULL);
}

static void tables_parse(const struct member *territory, struct party *out)
{
    struct member list = member_array(territory, "tables", 0, AGREEMENT_TABLES);

    out->table_count = member_count(&list);
    for (size_t i = 0; i < out->table_count; i++) {
        struct member m = member_item(&list, i);

        table_parse(&m, &out->tables[i]);
    }
}

static bool dates_overlap(const struct territory_table *a, const struct territory_table *b)
{
    return a->valid_from.us < b->valid_until.us && b->valid_from.us < a->valid_until.us;
}

/* One file has one digest; one code of it is one party's at a time. */
static void tables_agree(const struct member *table, const struct territory_table *a,
                         const struct territory_table *b)
{
    struct member code = member_if(table, "code"), sha256 = member_if(table, "sha256");

    if (strcmp(a->file, b->file) != 0)
        return;
    if (memcmp(a->sha256, b->sha256, sizeof a->sha256) != 0)
        member_fail(&sha256, FAULT_MISMATCH, "the same file has another digest elsewhere");
    else if (strcmp(a->code, b->code) == 0 && dates_overlap(a, b))
        member_fail(&code, FAULT_DUPLICATE, "this code is declared twice for the same days");
}

/* Each table against all that stand before it in the file. */
static void tables_differ(const struct member *parties, const struct agreement *a)
{
    for (size_t i = 0; i < AGREEMENT_PARTIES * AGREEMENT_TABLES; i++) {
        size_t party = i / AGREEMENT_TABLES, n = i % AGREEMENT_TABLES;

        if (n >= a->parties[party].table_count)
            continue;
        struct member owner = member_item(parties, party);
        struct member territory = member_object(&owner, "territory");
        struct member list = member_if(&territory, "tables"), m = member_item(&list, n);

        for (size_t j = 0; j < i; j++)
            if (j % AGREEMENT_TABLES < a->parties[j / AGREEMENT_TABLES].table_count)
                tables_agree(&m, &a->parties[party].tables[n],
                             &a->parties[j / AGREEMENT_TABLES].tables[j % AGREEMENT_TABLES]);
    }
}

void territories_parse(struct keep *k, const struct member *parties, struct agreement *a)
{
    for (size_t i = 0; i < AGREEMENT_PARTIES; i++) {
        struct member party = member_item(parties, i);
        struct member territory = member_object(&party, "territory");

        prefixes_parse(k, &territory, &a->parties[i]);
        as_numbers_parse(k, &territory, &a->parties[i]);
        tables_parse(&territory, &a->parties[i]);
        member_only(&territory, "as", "prefixes", "tables", NULL);
    }
    if (!reader_ok(parties->in))
        return;
    prefixes_differ(parties, a);
    as_numbers_differ(parties, a);
    tables_differ(parties, a);
}
