#include "cmd/rulebook.h"

#include "base/memory.h"
#include "cmd/agreement.h"
#include "cmd/args.h"
#include "cmd/disk.h"
#include "cmd/say.h"

static enum exit_code pattern_error(const struct call *call, struct fault f,
                                    const struct rules_error *e, const char *us)
{
    if (e->article == NULL)
        return say_error(call->say, EXIT_USAGE, "unknown-party", f.rule,
                         "parley agreement show FILE lists the two parties",
                         "the agreement has no party %s", us);
    return say_error(call->say, EXIT_FAILED, fault_word(f.kind), f.rule,
                     "the properties and operators stand in docs/PROTOCOL.agreement",
                     "article %s, covers, column %zu: expected %s", e->article, e->pattern.column,
                     e->pattern.expected);
}

char *rulebook_table_path(const char *agreement, const char *file)
{
    const char *slash = strrchr(agreement, '/');
    struct buf b = {0};
    char *path;

    if (slash != NULL)
        buf_add(&b, agreement, (size_t)(slash - agreement) + 1);
    buf_text(&b, file);
    path = memory_text(b.data, b.len);
    buf_done(&b);
    return path;
}

static enum exit_code table_error(const struct call *call, struct fault f, const char *path)
{
    if (f.kind == FAULT_IO)
        return disk_error(call->say, f, path);
    if (f.kind == FAULT_MISMATCH)
        return say_error(call->say, EXIT_FORGED, "mismatch", f.rule,
                         "take the file that both parties signed for",
                         "%s is not the table of the agreement: its SHA-256 differs", path);
    return say_error(call->say, EXIT_FAILED, fault_word(f.kind), f.rule, "",
                     "%s is no table of territory: byte %zu", path, f.at);
}

static enum exit_code add_table(const struct call *call, struct rules *r, const char *agreement,
                                size_t party, size_t table)
{
    const struct party *p = &rules_agreement(r)->parties[party];
    char *path = rulebook_table_path(agreement, p->tables[table].file);
    struct buf raw = {0};
    struct fault f = disk_read(path, TABLE_FILE_MAX, &raw);
    enum exit_code exit = EXIT_DONE;

    if (!fault_is(f))
        f = rules_table(r, party, table, buf_view(&raw));
    if (fault_is(f))
        exit = table_error(call, f, path);
    buf_done(&raw);
    free(path);
    return exit;
}

static enum exit_code add_as_table(const struct call *call, struct rules *r)
{
    const char *path = args_value(call->args, "--as-table");
    struct buf raw = {0};
    struct fault f;
    enum exit_code exit = EXIT_DONE;

    if (path == NULL)
        return EXIT_DONE;
    f = disk_read(path, TABLE_FILE_MAX, &raw);
    if (!fault_is(f))
        f = rules_as_table(r, buf_view(&raw));
    if (fault_is(f))
        exit = table_error(call, f, path);
    buf_done(&raw);
    return exit;
}

static enum exit_code add_sensors(const struct call *call, struct rules *r)
{
    const char *text;

    for (size_t i = 0; (text = args_many(call->args, "--sensor", i)) != NULL; i++) {
        struct addr a;
        struct fault f = addr_parse(bytes_text(text), &a);

        if (!fault_is(f))
            f = rules_sensor(r, a);
        if (fault_is(f))
            return say_error(call->say, EXIT_USAGE, fault_word(f.kind), f.rule,
                             "--sensor 192.0.2.1", "%s is no address of a sensor", text);
    }
    return EXIT_DONE;
}

static enum exit_code complete_rules(const struct call *call, struct rules *r,
                                     const char *agreement)
{
    const struct agreement *a = rules_agreement(r);
    enum exit_code exit = EXIT_DONE;

    for (size_t p = 0; p < AGREEMENT_PARTIES; p++)
        for (size_t t = 0; t < a->parties[p].table_count && exit == EXIT_DONE; t++)
            exit = add_table(call, r, agreement, p, t);
    if (exit == EXIT_DONE)
        exit = add_as_table(call, r);
    if (exit == EXIT_DONE)
        exit = add_sensors(call, r);
    if (exit == EXIT_DONE)
        rules_seal(r);
    return exit;
}

enum exit_code rulebook_open(const struct call *call, const char *usage, struct rulebook *out)
{
    const char *us = args_value(call->args, "--as");
    struct rulebook book = {args_value(call->args, "--agreement"), NULL, NULL};
    struct rules_error error;
    enum exit_code exit = EXIT_DONE;
    struct fault f;

    if (book.path == NULL)
        return say_error(call->say, EXIT_USAGE, "usage", "an agreement says whose territory it is",
                         usage, "--agreement FILE is missing");
    book.agreement = agreement_file_read(call->say, book.path, &exit);
    if (book.agreement == NULL)
        return exit;
    us = us != NULL ? us : book.agreement->parties[0].id;
    f = rules_new(book.agreement, us, &book.rules, &error);
    exit = fault_is(f) ? pattern_error(call, f, &error, us)
                       : complete_rules(call, book.rules, book.path);
    if (exit == EXIT_DONE)
        *out = book;
    else
        rulebook_close(&book);
    return exit;
}

void rulebook_close(struct rulebook *b)
{
    rules_free(b->rules);
    agreement_free(b->agreement);
}
