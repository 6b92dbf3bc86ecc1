#include "cmd/cautioned.h"

#include <fcntl.h>

#include "base/memory.h"
#include "cmd/args.h"
#include "cmd/disk.h"
#include "cmd/say.h"
#include "crypto/random.h"

static bool kind_read(struct bytes word, enum caution *out)
{
    for (unsigned k = 0; k < CAUTION_KINDS; k++)
        if (bytes_is(word, caution_name((enum caution)k))) {
            *out = (enum caution)k;
            return true;
        }
    return false;
}

static struct bytes until(struct bytes text, uint8_t byte, struct bytes *rest)
{
    const uint8_t *at = text.len == 0 ? NULL : memchr(text.data, byte, text.len);
    size_t n = at == NULL ? text.len : (size_t)(at - text.data);

    *rest = at == NULL ? bytes_of(NULL, 0) : bytes_of(at + 1, text.len - n - 1);
    return bytes_of(text.data, n);
}

/* "FROM/UNTIL"; either may be empty. */
static bool time_read(struct bytes text, struct caution_list *out)
{
    struct bytes end, begin = until(text, '/', &end);

    if (begin.len != 0 && !import_time(begin, &out->from))
        return false;
    return (end.len == 0 || import_time(end, &out->until)) && out->from.us < out->until.us;
}

static bool list_read(const char *given, struct caution_list *out, const char **path)
{
    struct bytes file, time, head = until(bytes_text(given), '=', &file);
    struct bytes kind = until(head, '@', &time);
    const char *slash;

    *out = (struct caution_list){.from = {INT64_MIN}, .until = {INT64_MAX}};
    if (file.len == 0 || !kind_read(kind, &out->kind) || !time_read(time, out))
        return false;
    *path = given + head.len + 1;
    slash = strrchr(*path, '/');
    out->name = slash == NULL ? *path : slash + 1;
    return true;
}

static enum exit_code add(struct cautions *c, const struct call *call, const char *given)
{
    struct caution_list list;
    const char *path;
    struct fault f;
    int fd;

    if (!list_read(given, &list, &path))
        return say_error(call->say, EXIT_USAGE, "usage", "it is KIND=FILE or KIND@FROM/UNTIL=FILE",
                         "--lists tor@2026-01-01/2026-02-01=tor.txt; KIND is warning, vpn, tor or "
                         "scanner",
                         "%s", given);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return disk_error(call->say, fault_io("list"), path);
    f = cautions_add(c, &list, fd);
    return fault_is(f) ? disk_error(call->say, f, path) : EXIT_DONE;
}

static enum exit_code read_all(struct cautions *c, const struct call *call)
{
    while (cautions_step(c))
        ;
    for (size_t i = 0; i < cautions_lists(c); i++) {
        const struct caution_news *n = cautions_news(c, i);

        if (n->fault.kind == FAULT_IO)
            return disk_error(call->say, n->fault, n->name);
        if (fault_is(n->fault))
            return say_error(call->say, EXIT_FAILED, fault_word(n->fault.kind), n->fault.rule,
                             "a MISP warninglist, a Zeek Intel file, CSV or a plain list",
                             "%s, byte %zu", n->name, n->fault.at);
        say_note(call->say, "%s (%s): %s, %zu entries, %zu texts, %zu refused\n", n->name,
                 caution_name(n->kind), n->format, n->entries, n->texts,
                 n->import.seen - n->import.taken - n->import.texts);
    }
    return EXIT_DONE;
}

enum exit_code cautioned_open(const struct call *call, const char *flag, struct cautions **out)
{
    enum exit_code exit = EXIT_DONE;
    struct cautions *c;
    const char *given;
    uint64_t seed;

    *out = NULL;
    if (!args_has(call->args, flag))
        return EXIT_DONE;
    random_bytes(&seed, sizeof seed);
    c = cautions_new(seed);
    for (size_t i = 0; exit == EXIT_DONE && (given = args_many(call->args, flag, i)) != NULL; i++)
        exit = add(c, call, given);
    if (exit == EXIT_DONE)
        exit = read_all(c, call);
    if (exit == EXIT_DONE)
        *out = c;
    else
        cautions_free(c);
    return exit;
}
