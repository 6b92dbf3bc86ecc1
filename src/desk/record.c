#include <stdio.h>

#include "base/text.h"
#include "desk/state.h"
#include "ipc/sample.h"

/*
 * Raw sample records and how each was judged: bounded by bytes. What an open case or an incident
 * that goes on rests on is never thrown away; where nothing else is left a new record is not kept.
 * Digests stay, for they are committed to.
 */

enum { TURN = 256 }; /* records that one question names */

static const char thrown_name[] = "samples-thrown";

static int64_t size_of(const struct sample *s)
{
    return (int64_t)(s->raw.len + s->account.len);
}

static struct fault count_bytes(struct desk_pact *p)
{
    struct rows r =
        store_ask(p->desk->store, QUERY_RECORD_BYTES, STORE_WITH(value_text(p->now->id)));
    int64_t bytes = rows_next(&r) ? row_integer(&r, 0) : 0;
    struct fault f = rows_done(&r);

    if (!fault_is(f))
        p->samples = bytes;
    return f;
}

void record_forget(struct desk_pact *p)
{
    p->samples = -1;
}

int64_t record_thrown(struct desk_pact *p)
{
    struct buf text = {0};
    uint64_t n;

    state_get(p, thrown_name, &text);
    if (!decimal_read(buf_view(&text), INT64_MAX, &n))
        n = 0;
    buf_done(&text);
    return (int64_t)n;
}

static struct fault count_thrown(struct desk_pact *p, size_t more)
{
    char text[24];

    if (more == 0)
        return fault_none();
    snprintf(text, sizeof text, "%lld", (long long)(record_thrown(p) + (int64_t)more));
    return state_put(p, thrown_name, text);
}

static struct fault throw_one(struct desk_pact *p, const struct digest *digest)
{
    return store_do(p->desk->store, QUERY_RECORD_THROW, NULL,
                    STORE_WITH(value_text("thrown-away"), value_text(p->now->id),
                               value_blob(bytes_of(digest->byte, sizeof digest->byte))));
}

/* A few of those that may go, as long as more than `most` bytes are kept; *count: how many went. */
static struct fault throw_some(struct desk_pact *p, int64_t most, size_t *count)
{
    struct digest digest[TURN];
    int64_t size[TURN];
    size_t found = 0;
    struct rows r = store_ask(p->desk->store, QUERY_RECORD_OLD,
                              STORE_WITH(value_text(p->now->id), value_integer(TURN)));
    struct fault f;

    while (found < TURN && rows_next(&r)) {
        memcpy(digest[found].byte, row_bytes(&r, 0).data, sizeof digest[found].byte);
        size[found++] = row_integer(&r, 1);
    }
    f = rows_done(&r);
    *count = 0;
    for (size_t i = 0; i < found && !fault_is(f) && p->samples > most; i++) {
        f = throw_one(p, &digest[i]);
        p->samples -= size[i];
        ++*count;
    }
    return f;
}

/* Room for `more` bytes, and for an eighth of all beside them, so that this is seldom done. */
static struct fault make_room(struct desk_pact *p, int64_t more)
{
    int64_t all = p->desk->sample_bytes, most = all - all / 8 - more;
    size_t thrown = 0, count = 1;
    struct fault f = fault_none();

    while (!fault_is(f) && count != 0 && p->samples > most) {
        f = throw_some(p, most, &count);
        thrown += count;
    }
    return fault_is(f) ? f : count_thrown(p, thrown);
}

static struct fault put(struct desk_pact *p, const char *incident, const struct sample *s)
{
    struct value unkept = {VALUE_TEXT, 0, s->unkept}, source = {VALUE_TEXT, 0, s->source};
    bool kept = s->unkept.len == 0;

    return store_do(p->desk->store, QUERY_RECORD_PUT, NULL,
                    STORE_WITH(value_text(p->now->id), value_blob(s->digest), value_text(incident),
                               source, value_integer((int64_t)s->offset), value_integer(s->length),
                               kept ? value_blob(s->raw) : value_null(),
                               kept ? value_null() : unkept,
                               (struct value){VALUE_TEXT, 0, s->account},
                               value_integer(instant_seconds(p->desk->now))));
}

/* Its digest alone: all that is kept is of open cases and of incidents that go on. */
static struct fault put_bare(struct desk_pact *p, const char *incident, const struct sample *s)
{
    struct sample bare = *s;
    struct fault f;

    bare.raw = bare.account = bytes_of(NULL, 0);
    bare.unkept = bytes_text("thrown-away");
    alarm_raise(p, "samples",
                "as many sample records are kept as may be, none of them to spare: "
                "of new ones the digest alone is");
    f = put(p, incident, &bare);
    return fault_is(f) ? f : count_thrown(p, 1);
}

struct fault record_put(struct desk_pact *p, const char *incident, const struct sample *s)
{
    struct fault f = p->samples < 0 ? count_bytes(p) : fault_none();

    if (!fault_is(f) && p->samples + size_of(s) > p->desk->sample_bytes)
        f = make_room(p, size_of(s));
    if (fault_is(f))
        return f;
    if (p->samples + size_of(s) > p->desk->sample_bytes)
        return put_bare(p, incident, s);
    p->samples += size_of(s);
    return put(p, incident, s);
}
