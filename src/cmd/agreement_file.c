#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/memory.h"
#include "cmd/agreement.h"
#include "cmd/disk.h"

enum exit_code agreement_exit(struct fault f)
{
    switch (f.kind) {
    case FAULT_NONE:
        return EXIT_DONE;
    case FAULT_REFUSED:
        return EXIT_REFUSED;
    case FAULT_FORGED:
    case FAULT_EXTRA:
        return EXIT_FORGED;
    case FAULT_UNKNOWN:
    case FAULT_MISSING:
        return EXIT_CANNOT_TELL;
    default:
        return EXIT_FAILED;
    }
}

/* A file that is not well made is a failure; only "refused" and "not ours to read" are more. */
static enum exit_code exit_of_form(struct fault f)
{
    if (f.kind == FAULT_REFUSED)
        return EXIT_REFUSED;
    return f.kind == FAULT_UNKNOWN ? EXIT_CANNOT_TELL : EXIT_FAILED;
}

static const char *advice(struct fault f)
{
    if (f.kind == FAULT_MISMATCH &&
        f.rule[0] == 's') /* the signed profile's rule, not a member's */
        return "parley agreement format FILE > NEW";
    if (f.kind == FAULT_REFUSED)
        return "let it carry CONSULT, without covers, group, threshold and gap";
    return "docs/PROTOCOL.agreement has each member and its bounds";
}

static enum exit_code say_fault(struct say *s, const char *path, struct fault f,
                                const struct agreement_error *e)
{
    const char *gap = e->member[0] == '\0' ? "" : ": ";

    return say_error(s, exit_of_form(f), fault_word(f.kind), f.rule, advice(f),
                     "%s line %zu%s%s: %s", path, e->line, gap, e->member, e->why);
}

struct agreement *agreement_file_read(struct say *s, const char *path, enum exit_code *exit)
{
    struct buf text = {0};
    struct agreement_error error = {0};
    struct agreement *a = NULL;
    struct fault f = disk_read(path, AGREEMENT_MAX, &text);

    if (fault_is(f)) {
        *exit = disk_error(s, f, path);
        return NULL;
    }
    f = agreement_parse(buf_view(&text), false, &a, &error);
    if (fault_is(f))
        *exit = say_fault(s, path, f, &error);
    buf_done(&text);
    return a;
}

char *agreement_file_beside(const char *path, const char *end)
{
    struct buf b = {0};
    char *text;

    buf_print(&b, "%s%s", path, end);
    text = memory_text(b.data, b.len);
    buf_done(&b);
    return text;
}

bool agreement_file_signatures(struct say *s, const char *path, struct signatures **out,
                               enum exit_code *exit)
{
    char *beside = agreement_file_beside(path, ".sig");
    struct buf text = {0};
    struct agreement_error error = {0};
    struct fault f = disk_read(beside, SIGNATURES_MAX, &text);
    bool none = f.kind == FAULT_IO && f.at == ENOENT;

    *out = NULL;
    if (!fault_is(f)) {
        f = signatures_parse(buf_view(&text), out, &error);
        if (fault_is(f))
            *exit = say_fault(s, beside, f, &error);
    } else if (!none) {
        *exit = disk_error(s, f, beside);
    }
    buf_done(&text);
    free(beside);
    return none || !fault_is(f);
}

void agreement_duration(uint32_t seconds, char *out)
{
    static const struct {
        uint32_t seconds;
        const char *name;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}};
    size_t i = 0;

    while (seconds % units[i].seconds != 0 || seconds < units[i].seconds)
        i++;
    snprintf(out, DURATION_TEXT, "%" PRIu32 " %s", seconds / units[i].seconds, units[i].name);
}
