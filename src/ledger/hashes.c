#include "ledger/hashes.h"

#include "base/text.h"

/* The hashes up to the empty line. */
static void take_hashes(struct cursor *in, size_t most, struct tree_path *out)
{
    for (;;) {
        size_t start = in->at;
        struct bytes text = cursor_line(in);

        if (!cursor_ok(in) || text.len == 0)
            return;
        if (out->count == most) {
            cursor_fail(in, FAULT_LIMIT, start);
            return;
        }
        if (!base64_read(text, out->hash[out->count++].byte, sizeof out->hash[0].byte))
            cursor_fail(in, FAULT_SYNTAX, start);
    }
}

struct fault hashes_read(struct cursor *in, size_t most, struct tree_path *path, struct bytes *note)
{
    struct note n;
    size_t start;
    struct fault f;

    take_hashes(in, most, path);
    start = in->at;
    *note = cursor_take(in, cursor_left(in));
    if (!cursor_ok(in))
        return in->fault;
    f = note_parse(*note, &n);
    return fault_is(f) ? fault_make(f.kind, f.at + start, f.rule) : f;
}

void hashes_write(const struct tree_path *path, struct bytes note, struct buf *out)
{
    for (size_t i = 0; i < path->count; i++) {
        buf_base64(out, path->hash[i].byte, sizeof path->hash[i].byte);
        buf_byte(out, '\n');
    }
    buf_byte(out, '\n');
    buf_bytes(out, note);
}
