/* attribute.c - parley attribute ADDR...: whose territory, by which test, how sure. */
#include <stdlib.h>

#include "base/memory.h"
#include "cmd/agreement.h"
#include "cmd/args.h"
#include "cmd/disk.h"
#include "cmd/rulebook.h"
#include "cmd/run.h"
#include "cmd/say.h"
#include "net/table.h"

/* Prints every test's own answer, not only the one that decides: what disagrees is for the reader
 * to weigh. Each table is read again here, line by line, apart from the maps that watch uses. */

/* The longest prefix of a listing that has the address, and its code; "" if it has two. */
struct listed {
    bool found, twice;
    struct prefix prefix;
    char code[TABLE_CODE + 1];
};

/* Codes of a listing's lines, in their order. */
struct codes {
    struct bytes *list;
    size_t count, room;
};

static uint32_t remember_code(struct bytes code, void *ctx)
{
    struct codes *c = ctx;

    if (c->count == c->room) {
        c->room = c->room == 0 ? 4096 : 2 * c->room;
        c->list = memory_resize(c->list, c->room, sizeof *c->list);
    }
    c->list[c->count] = code;
    return (uint32_t)c->count++;
}

static void listed_take(struct listed *l, struct prefix p, struct bytes code)
{
    if (l->found && l->prefix.bits > p.bits)
        return;
    l->twice = l->found && l->prefix.bits == p.bits && !bytes_is(code, l->code);
    l->found = true;
    l->prefix = p;
    bytes_to_text(code, l->code, sizeof l->code);
}

/* What the file says of each address; `out` has one a word. */
static struct fault listed_read(const char *path, const struct addr *addrs, size_t count,
                                struct listed *out)
{
    struct buf raw = {0}, text = {0};
    struct codes codes = {NULL, 0, 0};
    struct claim *claims = NULL;
    size_t claim_count = 0;
    struct fault f = disk_read(path, TABLE_FILE_MAX, &raw);

    if (!fault_is(f))
        f = table_unpack(buf_view(&raw), &text);
    if (!fault_is(f))
        f = table_parse(buf_view(&text), remember_code, &codes, &claims, &claim_count);
    for (size_t i = 0; i < claim_count; i++)
        for (size_t k = 0; k < count; k++)
            if (prefix_has(claims[i].prefix, addrs[k]))
                listed_take(&out[k], claims[i].prefix, codes.list[claims[i].value]);
    free(claims);
    free(codes.list);
    buf_done(&text);
    buf_done(&raw);
    return f;
}

/* ---- what is asked, and what is known ---- */

struct question {
    const struct call *call;
    const struct agreement *agreement;
    const char *path; /* of the agreement */
    struct instant at;
    struct addr *addrs;
    size_t count;
    const struct rules *rules;
    struct listed *tables[AGREEMENT_PARTIES]; /* [table * count + address] */
    struct listed *numbers;                   /* of AS; NULL without a table of them */
};

static enum exit_code read_addrs(struct question *q)
{
    q->count = q->call->args->words;
    q->addrs = memory_zeroed(q->count, sizeof *q->addrs);
    for (size_t i = 0; i < q->count; i++) {
        const char *word = q->call->args->word[i];
        struct fault f = addr_parse(bytes_text(word), &q->addrs[i]);

        if (fault_is(f))
            return say_error(q->call->say, EXIT_USAGE, fault_word(f.kind), f.rule,
                             "parley attribute 192.0.2.1 2001:db8::1", "%s is no address", word);
    }
    return EXIT_DONE;
}

static enum exit_code read_listings(struct question *q)
{
    const char *as_path = args_value(q->call->args, "--as-table");
    struct fault f = fault_none();

    for (size_t p = 0; p < AGREEMENT_PARTIES; p++) {
        const struct party *party = &q->agreement->parties[p];

        q->tables[p] = memory_zeroed(party->table_count * q->count + 1, sizeof **q->tables);
        for (size_t t = 0; t < party->table_count && !fault_is(f); t++) {
            char *path = rulebook_table_path(q->path, party->tables[t].file);

            f = listed_read(path, q->addrs, q->count, q->tables[p] + t * q->count);
            free(path);
        }
    }
    if (as_path != NULL && !fault_is(f)) {
        q->numbers = memory_zeroed(q->count, sizeof *q->numbers);
        f = listed_read(as_path, q->addrs, q->count, q->numbers);
    }
    return fault_is(f) ? say_error(q->call->say, EXIT_FAILED, fault_word(f.kind), f.rule, "",
                                   "a table could not be read: byte %zu", f.at)
                       : EXIT_DONE;
}

/* ---- answers ---- */

static bool is_valid_at(const struct territory_table *t, struct instant at)
{
    return at.us >= t->valid_from.us && at.us < t->valid_until.us;
}

/* The longest declared prefix of a party that has the address; NULL if none. */
static const struct prefix *declared(const struct party *p, struct addr a)
{
    const struct prefix *best = NULL;

    for (size_t i = 0; i < p->prefix_count; i++)
        if (prefix_has(p->prefixes[i], a) && (best == NULL || p->prefixes[i].bits > best->bits))
            best = &p->prefixes[i];
    return best;
}

static bool declares_number(const struct party *p, const char *text)
{
    for (size_t i = 0; i < p->as_count; i++)
        if ((unsigned long)p->as_numbers[i] == strtoul(text, NULL, 10))
            return true;
    return false;
}

/* One line of one test: who, or "-"; by what; from which source. */
struct line {
    const char *test, *party;
    struct buf what;
};

typedef void line_take(void *ctx, struct line *l);

static void tell(line_take *take, void *ctx, const char *test, const char *party, struct buf what)
{
    struct line l = {test, party, what};

    take(ctx, &l);
    buf_done(&l.what);
}

static void tell_prefixes(const struct question *q, size_t k, line_take *take, void *ctx)
{
    for (size_t p = 0; p < AGREEMENT_PARTIES; p++) {
        const struct party *party = &q->agreement->parties[p];
        const struct prefix *best = declared(party, q->addrs[k]);
        struct buf what = {0};
        char text[PREFIX_TEXT];

        if (best == NULL)
            continue;
        prefix_write(*best, text);
        buf_print(&what, "%s, declared in agreement version %llu", text,
                  (unsigned long long)q->agreement->version);
        tell(take, ctx, "prefix", party->id, what);
    }
}

static void tell_number(const struct question *q, size_t k, line_take *take, void *ctx)
{
    const struct listed *l = q->numbers == NULL ? NULL : &q->numbers[k];
    const char *owner = NULL;
    struct buf what = {0};
    char text[PREFIX_TEXT];

    if (l == NULL || !l->found)
        return;
    for (size_t p = 0; p < AGREEMENT_PARTIES; p++)
        if (declares_number(&q->agreement->parties[p], l->code))
            owner = q->agreement->parties[p].id;
    prefix_write(l->prefix, text);
    buf_print(&what, "AS%s announces %s; %s", l->twice ? "?" : l->code, text,
              owner == NULL ? "declared by neither party" : "declared");
    tell(take, ctx, "as", owner, what);
}

static void tell_tables(const struct question *q, size_t k, line_take *take, void *ctx)
{
    for (size_t p = 0; p < AGREEMENT_PARTIES; p++) {
        const struct party *party = &q->agreement->parties[p];

        for (size_t t = 0; t < party->table_count; t++) {
            const struct territory_table *table = &party->tables[t];
            const struct listed *l = &q->tables[p][t * q->count + k];
            bool holds = l->found && !l->twice && strcmp(l->code, table->code) == 0;
            char text[PREFIX_TEXT] = "", from[INSTANT_TEXT + 1], until[INSTANT_TEXT + 1] = "open";
            struct buf what = {0};

            if (l->found)
                prefix_write(l->prefix, text);
            instant_write(table->valid_from, from);
            if (table->valid_until.us != INT64_MAX)
                instant_write(table->valid_until, until);
            buf_print(&what, "%s: %s%s%s, code %s wanted; valid %s to %s%s", table->file,
                      !l->found  ? "not listed"
                      : l->twice ? "two codes"
                                 : l->code,
                      l->found ? " " : "", text, table->code, from, until,
                      is_valid_at(table, q->at) ? "" : ", not at that time");
            tell(take, ctx, "table", holds && is_valid_at(table, q->at) ? party->id : NULL, what);
        }
    }
}

static void tell_all(const struct question *q, size_t k, line_take *take, void *ctx)
{
    tell_prefixes(q, k, take, ctx);
    tell_number(q, k, take, ctx);
    tell_tables(q, k, take, ctx);
}

/* What one source address is worth at best: two-way proof given, nothing else known. */
static const char *sureness(struct territory_answer t, struct addr a)
{
    if (t.party == 0 || territory_is_nowhere(a))
        return "none";
    if (t.ground == TERRITORY_TABLE)
        return t.disputed ? "low" : "moderate";
    return t.disputed ? "moderate" : "high";
}

/* ---- printing ---- */

static void print_line(void *ctx, struct line *l)
{
    struct say *s = ctx;

    say_data(s, "  %-7s %-12s %s\n", l->test, l->party == NULL ? "-" : l->party, buf_str(&l->what));
}

static void print_text(const struct question *q, size_t k, struct territory_answer t)
{
    struct say *s = q->call->say;
    char addr[ADDR_TEXT], when[INSTANT_TEXT + 1];

    addr_write(q->addrs[k], addr);
    instant_write(q->at, when);
    say_data(s, "%s  %s by %s%s, confidence at most %s, at %s\n", addr,
             t.party == 0 ? "nobody's territory" : q->agreement->parties[t.party - 1].id,
             territory_is_nowhere(q->addrs[k]) ? "nowhere (RFC 6890)"
                                               : territory_ground_name(t.ground),
             t.disputed ? ", disputed" : "", sureness(t, q->addrs[k]), when);
    tell_all(q, k, print_line, s);
}

static void json_line(void *ctx, struct line *l)
{
    json_t *party = l->party == NULL ? json_null() : json_string(l->party);

    json_array_append_new(ctx, json_pack("{s:s, s:o, s:s}", "test", l->test, "party", party, "what",
                                         buf_str(&l->what)));
}

static void print_json(const struct question *q, size_t k, struct territory_answer t)
{
    char addr[ADDR_TEXT], when[INSTANT_TEXT + 1];
    json_t *tests = json_array();
    json_t *party = t.party == 0 ? json_null() : json_string(q->agreement->parties[t.party - 1].id);
    json_t *row;
    char *text;

    addr_write(q->addrs[k], addr);
    instant_write(q->at, when);
    tell_all(q, k, json_line, tests);
    row = json_pack("{s:s, s:s, s:o, s:s, s:b, s:b, s:s, s:o}", "address", addr, "at", when,
                    "party", party, "ground", territory_ground_name(t.ground), "disputed",
                    t.disputed, "nowhere", territory_is_nowhere(q->addrs[k]), "confidence",
                    sureness(t, q->addrs[k]), "tests", tests);
    text = json_dumps(row, JSON_COMPACT);
    say_data(q->call->say, "%s\n", text);
    free(text);
    json_decref(row);
}

static enum exit_code answer(struct question *q)
{
    enum exit_code exit = read_listings(q);

    for (size_t k = 0; k < q->count && exit == EXIT_DONE; k++)
        (q->call->say->json ? print_json
                            : print_text)(q, k, rules_territory(q->rules, q->addrs[k], q->at));
    if (exit == EXIT_DONE)
        say_note(q->call->say, "Observed from a territory: that is not who did it.\n");
    for (size_t p = 0; p < AGREEMENT_PARTIES; p++)
        free(q->tables[p]);
    free(q->numbers);
    return exit;
}

static enum exit_code read_time(struct question *q)
{
    const char *text = args_value(q->call->args, "--at");
    struct fault f;

    q->at = instant_now();
    if (text == NULL)
        return EXIT_DONE;
    f = instant_parse(bytes_text(text), &q->at);
    return fault_is(f) ? say_error(q->call->say, EXIT_USAGE, fault_word(f.kind), f.rule,
                                   "--at 2026-02-01T00:00:00Z", "%s is no time", text)
                       : EXIT_DONE;
}

enum exit_code attribute_run(const struct call *call)
{
    struct question q = {.call = call};
    struct rulebook book;
    enum exit_code exit = read_time(&q);

    if (exit == EXIT_DONE)
        exit = read_addrs(&q);
    if (exit == EXIT_DONE)
        exit = rulebook_open(call, "parley attribute --agreement FILE 192.0.2.1", &book);
    if (exit == EXIT_DONE) {
        q.agreement = book.agreement;
        q.path = book.path;
        q.rules = book.rules;
        exit = answer(&q);
        rulebook_close(&book);
    }
    free(q.addrs);
    return exit;
}
