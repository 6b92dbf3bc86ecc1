/* ledger_salvage.c - a damaged log is set aside and what can be read of it is copied. */
#include <errno.h>

#include "base/memory.h"
#include "ledger/ledger_inner.h"

/* Moves the damaged file to the first free name, so that it can still be looked at. */
static struct fault set_aside(const struct files *files, int dir, struct buf *name)
{
    for (unsigned i = 1; i <= LEDGER_DAMAGED; i++) {
        int fd;

        buf_clear(name);
        buf_print(name, "log.damaged.%u", i);
        fd = files->open(files->context, dir, buf_str(name), false);
        if (fd >= 0)
            files->close(files->context, fd);
        else if (errno == ENOENT)
            return files->rename(files->context, dir, "log", buf_str(name)) == 0
                       ? fault_none()
                       : fault_io("rename of a damaged log");
    }
    return fault_make(FAULT_LIMIT, 0, "log: too many damaged logs lie here already");
}

static struct fault copy_group(const struct ledger *from, uint64_t first, uint64_t end,
                               struct ledger *to)
{
    size_t count = (size_t)(end - first);
    struct buf *text = memory_zeroed(count, sizeof *text);
    uint8_t before[16];
    uint64_t at;
    struct fault f = fault_none();

    group_begin(to, count);
    for (size_t i = 0; i < count && !fault_is(f); i++) {
        f = ledger_read(from, first + i, &text[i]);
        if (!fault_is(f))
            group_add(to, buf_view(&text[i]), ledger_leaf(from, first + i));
    }
    memcpy(before, journal_check(to->journal), sizeof before);
    if (!fault_is(f))
        f = group_write(to, false, &at);
    if (!fault_is(f))
        group_take(to, at, before); /* the one sync comes at the end of the copy */
    for (size_t i = 0; i < count; i++)
        buf_done(&text[i]);
    free(text);
    return f;
}

static struct fault copy_all(const struct ledger *from, struct ledger *to)
{
    struct fault f = fault_none();

    for (size_t i = 0; i < from->groups && !fault_is(f); i++) {
        uint64_t end = i + 1 < from->groups ? from->group[i + 1].first : from->forest.size;

        if (from->group[i].first < end)
            f = copy_group(from, from->group[i].first, end, to);
    }
    for (unsigned kind = 1; kind < LEDGER_NOTE_COUNT && !fault_is(f); kind++)
        if (from->note[kind].len != 0)
            f = log_write_note(to, kind, from->note_size[kind], buf_view(&from->note[kind]), false);
    return fault_is(f) ? f : journal_sync(to->journal);
}

struct fault ledger_salvage(const struct files *files, int dir, const char *origin,
                            struct ledger **out)
{
    struct ledger *from = log_new(files, dir, origin, 0), *to = NULL;
    struct buf name = {0};
    struct fault f = set_aside(files, dir, &name);

    if (!fault_is(f))
        f = journal_open(files, dir, buf_str(&name), origin, false, log_take, from, &from->journal);
    if (f.kind == FAULT_DAMAGED && from->journal == NULL)
        f = fault_none(); /* nothing of it can be read */
    if (!fault_is(f))
        f = ledger_open(files, dir, origin, 0, true, &to);
    if (!fault_is(f) && from->journal != NULL)
        f = copy_all(from, to);
    buf_done(&name);
    ledger_free(from);
    if (fault_is(f))
        ledger_free(to);
    else
        *out = to;
    return f;
}
