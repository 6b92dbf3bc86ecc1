#include "ipc/sample.h"

void sample_write(const struct sample *s, struct buf *out)
{
    buf_bytes(out, s->digest);
    buf_part(out, s->incident);
    buf_part(out, s->source);
    buf_u64(out, s->offset);
    buf_u32(out, s->length);
    buf_part(out, s->raw);
    buf_part(out, s->unkept);
    buf_part(out, s->account);
}

void sample_take(struct cursor *in, struct sample *out)
{
    struct sample s = {.digest = cursor_take(in, 32)};

    s.incident = cursor_part(in, SAMPLE_INCIDENT);
    s.source = cursor_part(in, SAMPLE_SOURCE);
    s.offset = cursor_u64(in);
    s.length = cursor_u32(in);
    s.raw = cursor_part(in, SAMPLE_RAW);
    s.unkept = cursor_part(in, SAMPLE_UNKEPT);
    s.account = cursor_part(in, SAMPLE_ACCOUNT);
    if (cursor_ok(in) && (s.unkept.len == 0 ? s.raw.len != s.length : s.raw.len != 0))
        cursor_fail(in, FAULT_RANGE, in->at);
    if (cursor_ok(in))
        *out = s;
}
