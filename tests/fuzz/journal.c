/*
 * Fuzzes the recovery of ledger/ledger.c and journal.c: the file is either the input, or a good
 * one with the input's changes. What opens is whole and can be written on; it is never shorter
 * than promised without the fault that says so, unless it ends whole.
 */
#include "../ledger/disk.h"
#include "ledger/ledger.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void good_file(const struct files *files)
{
    struct ledger *l = NULL;
    struct bytes entry[3] = {bytes_text("one"), bytes_text("two"), bytes_text("three")};
    uint64_t index[3];

    if (fault_is(ledger_open(files, 3, "a/parley/x", 0, true, &l)) ||
        fault_is(ledger_append(l, entry, 2, index)) ||
        fault_is(ledger_put_note(l, LEDGER_NOTE_STORED, 2, bytes_text("note"))) ||
        fault_is(ledger_append(l, entry, 3, index)))
        die("no good file\n");
    ledger_free(l);
}

static void change(struct buf *file, struct bytes edits)
{
    for (size_t i = 0; i + 3 <= edits.len; i += 3) {
        size_t at = (size_t)edits.data[i] << 8 | edits.data[i + 1];

        if (at < file->len)
            file->data[at] ^= edits.data[i + 2];
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct disk *d = disk_new(1);
    struct files files = disk_files(d);
    struct ledger *l = NULL;
    struct bytes more = bytes_text("more");
    struct buf *file;
    uint64_t index;

    good_file(&files);
    file = disk_file(d, "log");
    if (size != 0 && data[0] % 2 == 0) {
        change(file, bytes_of(data + 1, size - 1));
    } else {
        buf_clear(file);
        buf_add(file, data, size);
    }
    if (!fault_is(ledger_open(&files, 3, "a/parley/x", 0, false, &l))) {
        uint64_t before = ledger_size(l);

        if (fault_is(ledger_check_all(l)) || fault_is(ledger_append(l, &more, 1, &index)) ||
            index != before)
            die("what opened is not whole\n");
        ledger_free(l);
        if (fault_is(ledger_open(&files, 3, "a/parley/x", before + 1, false, &l)) ||
            ledger_size(l) != before + 1)
            die("what was written on is not there\n");
    }
    ledger_free(l);
    disk_free(d);
    return 0;
}
