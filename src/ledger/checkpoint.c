#include "ledger/checkpoint.h"

#include "base/cursor.h"

bool checkpoint_name_is_good(struct bytes name)
{
    if (name.len == 0 || name.len >= CHECKPOINT_ORIGIN + 16) /* "/cosign" fits behind an origin */
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (name.data[i] <= ' ' || name.data[i] > '~' || name.data[i] == '+')
            return false;
    return true;
}

struct fault checkpoint_parse(struct bytes text, struct checkpoint *out)
{
    struct cursor in = cursor_over(text, "tlog-checkpoint: Note text");
    struct checkpoint c = {0};

    if (text.len > CHECKPOINT_MAX)
        return fault_make(FAULT_LIMIT, CHECKPOINT_MAX, in.rule);
    c.origin = cursor_line(&in);
    if (cursor_ok(&in) && (!checkpoint_name_is_good(c.origin) || c.origin.len >= CHECKPOINT_ORIGIN))
        cursor_fail(&in, FAULT_SYNTAX, 0);
    c.size = cursor_decimal_line(&in, INT64_MAX);
    cursor_base64_line(&in, c.root.byte, sizeof c.root.byte);
    cursor_end(&in);
    if (cursor_ok(&in))
        *out = c;
    return in.fault;
}

void checkpoint_write(const struct checkpoint *c, struct buf *out)
{
    buf_bytes(out, c->origin);
    buf_byte(out, '\n');
    buf_decimal(out, c->size);
    buf_byte(out, '\n');
    buf_base64(out, c->root.byte, sizeof c->root.byte);
    buf_byte(out, '\n');
}
