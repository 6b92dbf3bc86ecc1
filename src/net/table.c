#include "net/table.h"

#include <zstd.h>

#include "base/cursor.h"
#include "base/memory.h"

static const char table_rule[] = "PROTOCOL.agreement section 2: tables, CODE<TAB>PREFIX";

static bool is_zstd(struct bytes raw)
{
    return raw.len >= 4 && memcmp(raw.data, "\x28\xb5\x2f\xfd", 4) == 0;
}

static struct fault unpack_stream(ZSTD_DStream *z, struct bytes raw, struct buf *out)
{
    ZSTD_inBuffer in = {raw.data, raw.len, 0};
    size_t left = 1;

    while (in.pos < in.size || left != 0) {
        ZSTD_outBuffer to;

        buf_need(out, 1 << 17);
        to = (ZSTD_outBuffer){out->data + out->len, 1 << 17, 0};
        left = ZSTD_decompressStream(z, &to, &in);
        if (ZSTD_isError(left))
            return fault_make(FAULT_SYNTAX, in.pos, "RFC 8878: zstd frame");
        out->len += to.pos;
        if (out->len > TABLE_MAX)
            return fault_make(FAULT_LIMIT, in.pos, table_rule);
        if (in.pos == in.size && left != 0 && to.pos < to.size)
            return fault_make(FAULT_SHORT, in.pos, "RFC 8878: zstd frame");
    }
    return fault_none();
}

struct fault table_unpack(struct bytes raw, struct buf *out)
{
    struct buf unpacked = {0};
    ZSTD_DStream *z;
    struct fault f;

    if (!is_zstd(raw)) {
        if (raw.len > TABLE_MAX)
            return fault_make(FAULT_LIMIT, TABLE_MAX, table_rule);
        buf_bytes(out, raw);
        return fault_none();
    }
    z = ZSTD_createDStream();
    if (z == NULL)
        die("parley: no memory for zstd\n");
    f = unpack_stream(z, raw, &unpacked);
    ZSTD_freeDStream(z);
    if (!fault_is(f))
        buf_bytes(out, buf_view(&unpacked));
    buf_done(&unpacked);
    return f;
}

static void table_line(struct cursor *in, table_value *value, void *ctx, struct claim *out)
{
    struct bytes line = cursor_line(in);
    size_t at = in->at - line.len - 1, code;
    const uint8_t *tab = cursor_ok(in) && line.len != 0 ? memchr(line.data, '\t', line.len) : NULL;
    struct fault f;

    if (tab == NULL) {
        cursor_fail(in, FAULT_SHORT, at);
        return;
    }
    code = (size_t)(tab - line.data);
    if (code == 0 || code > TABLE_CODE) {
        cursor_fail(in, FAULT_LIMIT, at);
        return;
    }
    f = prefix_parse(bytes_of(tab + 1, line.len - code - 1), &out->prefix);
    if (fault_is(f))
        cursor_fail(in, f.kind, at + code + 1 + f.at);
    else
        out->value = value(bytes_of(line.data, code), ctx);
}

struct fault table_parse(struct bytes text, table_value *value, void *ctx, struct claim **out,
                         size_t *count_out)
{
    struct cursor in = cursor_over(text, table_rule);
    struct claim *list = NULL;
    size_t count = 0, room = 0;

    while (cursor_left(&in) != 0) {
        if (count == room) {
            room = room == 0 ? 1024 : room * 2;
            list = memory_resize(list, room, sizeof *list);
        }
        table_line(&in, value, ctx, &list[count++]);
    }
    if (!cursor_ok(&in)) {
        free(list);
        return in.fault;
    }
    *out = list;
    *count_out = count;
    return fault_none();
}
