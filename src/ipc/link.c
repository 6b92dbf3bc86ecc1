#include "ipc/link.h"

#include "base/cursor.h"

void link_up_write(const struct link_up *u, struct buf *out)
{
    buf_u32(out, u->link);
    buf_part(out, u->agreement);
    buf_part(out, u->party);
    buf_byte(out, u->dialled);
    buf_add(out, u->exporter, LINK_EXPORTER);
    buf_part(out, u->address);
}

struct fault link_up_parse(struct bytes body, struct link_up *out)
{
    struct cursor in = cursor_over(body, "ipc: LINK_UP");
    struct link_up u = {0};
    struct bytes exporter;
    size_t at;
    uint8_t flag;

    u.link = cursor_u32(&in);
    u.agreement = cursor_part(&in, LINK_NAME);
    u.party = cursor_part(&in, LINK_NAME);
    at = in.at;
    flag = cursor_u8(&in);
    exporter = cursor_take(&in, LINK_EXPORTER);
    u.address = cursor_part(&in, LINK_ADDRESS);
    cursor_end(&in);
    if (flag > 1)
        cursor_fail(&in, FAULT_RANGE, at);
    if (!cursor_ok(&in))
        return in.fault;
    u.dialled = flag == 1;
    memcpy(u.exporter, exporter.data, LINK_EXPORTER);
    *out = u;
    return in.fault;
}

void link_frame_write(const struct link_frame *f, struct buf *out)
{
    buf_u32(out, f->link);
    buf_byte(out, f->type);
    buf_part(out, f->payload);
}

struct fault link_frame_parse(struct bytes body, struct link_frame *out)
{
    struct cursor in = cursor_over(body, "ipc: FRAME or SEND");
    struct link_frame f = {0};

    f.link = cursor_u32(&in);
    f.type = cursor_u8(&in);
    f.payload = cursor_part(&in, LINK_PAYLOAD);
    cursor_end(&in);
    if (cursor_ok(&in))
        *out = f;
    return in.fault;
}

void link_close_write(const struct link_end *e, struct buf *out)
{
    buf_u32(out, e->link);
    buf_part(out, e->rule);
    buf_part(out, e->text);
}

static struct fault end_parse(struct bytes body, const char *rule, bool text, struct link_end *out)
{
    struct cursor in = cursor_over(body, rule);
    struct link_end e = {0};

    e.link = cursor_u32(&in);
    e.rule = cursor_part(&in, LINK_RULE);
    if (text)
        e.text = cursor_part(&in, LINK_TEXT);
    cursor_end(&in);
    if (cursor_ok(&in))
        *out = e;
    return in.fault;
}

struct fault link_close_parse(struct bytes body, struct link_end *out)
{
    return end_parse(body, "ipc: CLOSE", true, out);
}

void link_down_write(uint32_t link, struct bytes why, struct buf *out)
{
    buf_u32(out, link);
    buf_part(out, why);
}

struct fault link_down_parse(struct bytes body, struct link_end *out)
{
    return end_parse(body, "ipc: LINK_DOWN", false, out);
}
