/*
 * make-exhibits DIRECTORY - files as parties would hand them to an arbiter, true and false ones,
 * for tests of the command line: one bundle that brings the keys, logs, heads, proofs.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cheat.h"

static int top;

static void put(const char *name, const struct buf *content)
{
    int fd = openat(top, name, O_WRONLY | O_CREAT | O_EXCL, 0600);

    if (fd < 0 || write(fd, content->data, content->len) != (ssize_t)content->len)
        die("make-exhibits: cannot write\n");
    (void)close(fd);
}

static void put_log(const struct drill *d, const struct history *h, size_t size,
                    const struct buf *note, const char *name)
{
    struct bytes entry[CHEAT_ENTRIES];
    uint64_t index[CHEAT_ENTRIES];
    struct publish p;
    struct ledger *l;
    int dir;

    for (size_t i = 0; i < size; i++)
        entry[i] = buf_view(&h->text[i]);
    if (mkdirat(top, name, 0700) != 0 || (dir = openat(top, name, O_RDONLY | O_DIRECTORY)) < 0)
        die("make-exhibits: no directory\n");
    assert_good(ledger_open(&files_real, dir, d->m->log[A].origin, 0, true, &l));
    assert_good(ledger_append(l, entry, size, index));
    assert_good(publish_init(&p, &files_real, dir, l));
    assert_good(publish_note(&p, buf_view(note)));
    if (size > 5) {
        struct growth g;
        struct buf text = {0};

        assert_good(growth_make(l, 5, buf_view(note), &g));
        growth_write(&g, &text);
        put("5-12.growth", &text);
        buf_done(&text);
    }
    ledger_free(l);
    (void)close(dir);
}

static void put_proof(const struct history *h, size_t i, size_t size, const struct buf *note,
                      const char *name)
{
    struct buf text = {0};
    char file[64];

    prove(h, i, size, buf_view(note), &text);
    snprintf(file, sizeof file, "%s.tlog-proof", name);
    put(file, &text);
    snprintf(file, sizeof file, "%s.entry", name);
    put(file, &h->text[i]);
    buf_done(&text);
}

int main(int count, char **args)
{
    struct drill *d;
    struct history told = {0}, other = {0};
    struct buf note = {0};

    top = count == 2 ? open(args[1], O_RDONLY | O_DIRECTORY) : -1;
    if (top < 0)
        die("usage: make-exhibits DIRECTORY\n");
    d = drill_new();
    history_to(d, &told, 12);
    history_to(d, &other, 3);
    cheat_entry(d, 3, 9, &other.text[other.count++]);
    history_to(d, &other, 12);
    put("bundle", &d->bundle);
    cheat_note(d, &told, 12, 1764063900, &note);
    put("12.note", &note);
    put_log(d, &told, 12, &note, "log");
    put_proof(&told, 3, 12, &note, "3");
    cheat_note(d, &told, 5, 1764063800, &note);
    put("5.note", &note);
    cheat_note(d, &other, 12, 0, &note);
    put("12-other.note", &note);
    put_proof(&other, 3, 12, &note, "3-other");
    cheat_note(d, &other, 5, 0, &note);
    put("5-other.note", &note);
    history_done(&told);
    history_done(&other);
    buf_done(&note);
    drill_free(d);
    return 0;
}
