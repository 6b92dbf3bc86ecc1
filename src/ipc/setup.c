#include "ipc/setup.h"

#include <assert.h>

#include "base/cursor.h"

void setup_write(const struct setup *s, struct buf *out)
{
    assert(s->agreement_count <= SETUP_AGREEMENTS && s->part_count <= SETUP_PARTS);
    buf_part(out, s->settings);
    buf_part(out, s->party);
    buf_u32(out, (uint32_t)s->agreement_count);
    for (size_t i = 0; i < s->agreement_count; i++) {
        buf_part(out, s->agreements[i].canonical);
        buf_part(out, s->agreements[i].signatures);
    }
    buf_u32(out, (uint32_t)s->part_count);
    for (size_t i = 0; i < s->part_count; i++) {
        buf_part(out, s->parts[i].name);
        buf_part(out, s->parts[i].content);
    }
}

static size_t count_at_most(struct cursor *in, size_t most)
{
    size_t at = in->at, count = cursor_u32(in);

    if (count > most)
        cursor_fail(in, FAULT_LIMIT, at);
    return cursor_ok(in) ? count : 0;
}

struct fault setup_parse(struct bytes body, struct setup *out)
{
    struct cursor in = cursor_over(body, "ipc: SETUP");
    struct setup s = {0};

    s.settings = cursor_part(&in, SETUP_SETTINGS);
    s.party = cursor_part(&in, SETUP_NAME);
    s.agreement_count = count_at_most(&in, SETUP_AGREEMENTS);
    for (size_t i = 0; i < s.agreement_count; i++) {
        s.agreements[i].canonical = cursor_part(&in, SETUP_PART);
        s.agreements[i].signatures = cursor_part(&in, SETUP_PART);
    }
    s.part_count = count_at_most(&in, SETUP_PARTS);
    for (size_t i = 0; i < s.part_count; i++) {
        s.parts[i].name = cursor_part(&in, SETUP_NAME);
        s.parts[i].content = cursor_part(&in, SETUP_PART);
    }
    cursor_end(&in);
    if (cursor_ok(&in))
        *out = s;
    return in.fault;
}

struct bytes setup_part(const struct setup *s, const char *name)
{
    for (size_t i = 0; i < s->part_count; i++)
        if (bytes_is(s->parts[i].name, name))
            return s->parts[i].content;
    return bytes_of(NULL, 0);
}
