#include "stix/judged.h"

#include <stdlib.h>

#include "base/cursor.h"
#include "base/memory.h"

void judged_read(struct bytes text, struct judged *out)
{
    struct envelope e = {0};

    *out = (struct judged){.fault = envelope_parse(text, &e)};
    if (fault_is(out->fault))
        return;
    out->count = e.count;
    out->list = memory_zeroed(e.count, sizeof *out->list);
    for (size_t i = 0; i < e.count; i++) {
        struct judged_object *o = &out->list[i];

        o->body = e.object[i];
        o->fault = object_parse(o->body, &o->object, &o->error);
    }
    envelope_done(&e);
}

void judged_done(struct judged *j)
{
    free(j->list);
    j->list = NULL;
    j->count = 0;
}

/* ---- the message -------------------------------------------------------------------------------
 */

static void object_write(const struct object *o, struct buf *out)
{
    buf_part(out, bytes_text(o->id));
    buf_part(out, bytes_text(o->type));
    buf_part(out, bytes_text(o->spec));
    buf_byte(out, o->has_version);
    buf_u64(out, (uint64_t)o->version.us);
    buf_byte(out, o->revoked);
    buf_byte(out, o->ends);
    buf_u64(out, (uint64_t)o->until.us);
    buf_byte(out, (uint8_t)o->tlp);
    buf_byte(out, (uint8_t)o->tlp_own);
    buf_byte(out, (uint8_t)o->other_count);
    for (size_t i = 0; i < o->other_count; i++)
        buf_part(out, bytes_text(o->other[i]));
    buf_byte(out, (uint8_t)o->pap);
    buf_byte(out, o->technical);
}

static void error_write(const struct object_error *e, struct buf *out)
{
    buf_part(out, bytes_text(e->id));
    buf_part(out, bytes_text(e->property));
    buf_part(out, bytes_text(e->why));
    buf_part(out, bytes_text(e->section));
}

void judged_write(const struct judged *j, struct bytes text, struct buf *out)
{
    buf_byte(out, (uint8_t)j->fault.kind);
    buf_u32(out, (uint32_t)j->fault.at);
    buf_u32(out, (uint32_t)j->count);
    for (size_t i = 0; i < j->count; i++) {
        const struct judged_object *o = &j->list[i];

        buf_u32(out, (uint32_t)(o->body.data - text.data));
        buf_u32(out, (uint32_t)o->body.len);
        buf_byte(out, (uint8_t)o->fault.kind);
        if (fault_is(o->fault))
            error_write(&o->error, out);
        else
            object_write(&o->object, out);
    }
}

static void part_read(struct cursor *c, char *out, size_t size)
{
    size_t at = c->at;

    if (!bytes_to_text(cursor_part(c, size - 1), out, size))
        cursor_fail(c, FAULT_RANGE, at);
}

static bool flag_read(struct cursor *c)
{
    uint8_t byte = cursor_u8(c);

    if (byte > 1)
        cursor_fail(c, FAULT_RANGE, c->at - 1);
    return byte == 1;
}

static uint8_t small_read(struct cursor *c, uint8_t most)
{
    uint8_t byte = cursor_u8(c);

    if (byte > most)
        cursor_fail(c, FAULT_RANGE, c->at - 1);
    return byte > most ? 0 : byte;
}

static void object_read(struct cursor *c, struct object *o)
{
    part_read(c, o->id, sizeof o->id);
    part_read(c, o->type, sizeof o->type);
    part_read(c, o->spec, sizeof o->spec);
    o->has_version = flag_read(c);
    o->version.us = (int64_t)cursor_u64(c);
    o->revoked = flag_read(c);
    o->ends = flag_read(c);
    o->until.us = (int64_t)cursor_u64(c);
    o->tlp = (enum tlp)small_read(c, TLP_RED);
    o->tlp_own = (enum tlp)small_read(c, TLP_RED);
    o->other_count = small_read(c, OBJECT_OTHERS);
    for (size_t i = 0; i < o->other_count; i++)
        part_read(c, o->other[i], sizeof o->other[i]);
    o->pap = (enum pap)small_read(c, PAP_RED);
    o->technical = flag_read(c);
}

static void judged_object_read(struct cursor *c, struct bytes text, struct judged_object *o)
{
    uint32_t from = cursor_u32(c), len = cursor_u32(c);

    if (from > text.len || len > text.len - from)
        cursor_fail(c, FAULT_RANGE, c->at - 8);
    else
        o->body = bytes_of(text.data + from, len);
    o->fault = fault_make((enum fault_kind)small_read(c, FAULT_DAMAGED), 0, "STIX 2.1");
    if (!fault_is(o->fault)) {
        object_read(c, &o->object);
        return;
    }
    part_read(c, o->error.id, sizeof o->error.id);
    part_read(c, o->error.property, sizeof o->error.property);
    part_read(c, o->error.why, sizeof o->error.why);
    part_read(c, o->error.section, sizeof o->error.section);
}

struct fault judged_parse(struct bytes message, struct bytes text, struct judged *out)
{
    struct cursor c = cursor_over(message, "message: judged envelope");
    struct judged j = {0};
    uint8_t kind = small_read(&c, FAULT_DAMAGED); /* before the next: arguments have no order */

    j.fault = fault_make((enum fault_kind)kind, cursor_u32(&c), "TAXII 2.1 section 3.7: envelope");
    j.count = cursor_u32(&c);
    if (j.count > ENVELOPE_OBJECTS || (fault_is(j.fault) && j.count > 0)) {
        cursor_fail(&c, FAULT_LIMIT, c.at - 4);
        return c.fault;
    }
    j.list = memory_zeroed(j.count, sizeof *j.list);
    for (size_t i = 0; i < j.count && cursor_ok(&c); i++)
        judged_object_read(&c, text, &j.list[i]);
    cursor_end(&c);
    if (fault_is(c.fault))
        judged_done(&j);
    else
        *out = j;
    return c.fault;
}
