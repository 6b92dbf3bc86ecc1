#include "ipc/asking.h"

#include "base/cursor.h"

static bool flag_read(struct cursor *c)
{
    uint8_t byte = cursor_u8(c);

    if (byte > 1)
        cursor_fail(c, FAULT_RANGE, c->at - 1);
    return byte == 1;
}

void asking_write(const struct asking *a, struct buf *out)
{
    buf_u64(out, a->number);
    buf_byte(out, a->method);
    buf_part(out, a->path);
    buf_part(out, a->query);
    buf_part(out, a->accept);
    buf_part(out, a->content_type);
    buf_part(out, a->authorization);
    buf_part(out, a->from);
    buf_byte(out, a->has_pin);
    buf_add(out, a->pin, sizeof a->pin);
}

struct fault asking_parse(struct bytes message, struct asking *out)
{
    struct cursor c = cursor_over(message, "message: ASK");
    struct asking a = {0};
    struct bytes pin;

    a.number = cursor_u64(&c);
    a.method = cursor_u8(&c);
    a.path = cursor_part(&c, ASKING_LINE);
    a.query = cursor_part(&c, ASKING_LINE);
    a.accept = cursor_part(&c, ASKING_LINE);
    a.content_type = cursor_part(&c, ASKING_LINE);
    a.authorization = cursor_part(&c, ASKING_LINE);
    a.from = cursor_part(&c, ASKING_FROM);
    a.has_pin = flag_read(&c);
    pin = cursor_take(&c, ASKING_PIN);
    cursor_end(&c);
    if (fault_is(c.fault))
        return c.fault;
    memcpy(a.pin, pin.data, ASKING_PIN);
    *out = a;
    return c.fault;
}

void answering_write(const struct answering *a, struct buf *out)
{
    answering_head_write(a, out);
    buf_bytes(out, a->body);
}

void answering_head_write(const struct answering *a, struct buf *out)
{
    buf_u64(out, a->number);
    buf_u16(out, a->status);
    buf_byte(out, a->challenge);
    buf_byte(out, a->has_dates);
    buf_u64(out, (uint64_t)a->first);
    buf_u64(out, (uint64_t)a->last);
    buf_byte(out, a->allow);
    buf_u16(out, a->retry);
    buf_u32(out, (uint32_t)a->body.len);
}

struct fault answering_parse(struct bytes message, struct answering *out)
{
    struct cursor c = cursor_over(message, "message: ANSWER");
    struct answering a = {0};

    a.number = cursor_u64(&c);
    a.status = cursor_u16(&c);
    a.challenge = flag_read(&c);
    a.has_dates = flag_read(&c);
    a.first = (int64_t)cursor_u64(&c);
    a.last = (int64_t)cursor_u64(&c);
    a.allow = cursor_u8(&c);
    a.retry = cursor_u16(&c);
    a.body = cursor_part(&c, ASKING_ANSWER);
    cursor_end(&c);
    if (!fault_is(c.fault))
        *out = a;
    return c.fault;
}

void posting_write(const struct posting *p, struct buf *out)
{
    buf_u64(out, p->number);
    buf_part(out, p->body);
    buf_part(out, p->judged);
}

struct fault posting_parse(struct bytes message, struct posting *out)
{
    struct cursor c = cursor_over(message, "message: POSTED or ENVELOPE");
    struct posting p = {0};

    p.number = cursor_u64(&c);
    p.body = cursor_part(&c, ASKING_BODY);
    p.judged = cursor_part(&c, ASKING_JUDGED);
    cursor_end(&c);
    if (!fault_is(c.fault))
        *out = p;
    return c.fault;
}

struct fault asking_number_parse(struct bytes message, uint64_t *out)
{
    struct cursor c = cursor_over(message, "message: ADMIT or FORGET");
    uint64_t number = cursor_u64(&c);

    cursor_end(&c);
    if (!fault_is(c.fault))
        *out = number;
    return c.fault;
}

void releasing_write(const struct releasing *r, struct buf *out)
{
    buf_part(out, r->agreement);
    buf_byte(out, r->tlp);
    buf_byte(out, r->theirs);
    buf_u32(out, r->count);
    buf_bytes(out, r->digests);
}

struct fault releasing_parse(struct bytes message, struct releasing *out)
{
    struct cursor c = cursor_over(message, "message: RELEASED");
    struct releasing r = {0};
    uint8_t theirs;

    r.agreement = cursor_part(&c, ASKING_FROM);
    r.tlp = cursor_u8(&c);
    theirs = cursor_u8(&c);
    if (theirs > 1)
        cursor_fail(&c, FAULT_RANGE, c.at - 1);
    r.theirs = theirs == 1;
    r.count = cursor_u32(&c);
    if (r.count > ASKING_RELEASED)
        cursor_fail(&c, FAULT_LIMIT, c.at - 4);
    r.digests = cursor_take(&c, cursor_ok(&c) ? (size_t)r.count * 32 : 0);
    cursor_end(&c);
    if (!fault_is(c.fault))
        *out = r;
    return c.fault;
}
