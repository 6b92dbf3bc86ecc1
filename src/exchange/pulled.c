#include "exchange/pulled.h"

#include <stdio.h>

#include "crypto/digest.h"
#include "exchange/shelf.h"
#include "store/exchange_query.h"

static void name_of(const char *url, char *out, size_t size)
{
    struct digest d = digest_of(bytes_text(url));

    snprintf(out, size, "pull-%02x%02x%02x%02x%02x%02x%02x%02x", d.byte[0], d.byte[1], d.byte[2],
             d.byte[3], d.byte[4], d.byte[5], d.byte[6], d.byte[7]);
}

static struct fault state_read(struct store *s, const char *url, struct pull_state *out)
{
    char name[32];
    struct rows r;
    struct fault f = fault_none(), end;

    name_of(url, name, sizeof name);
    *out = (struct pull_state){.walking = false};
    r = store_ask(s, EXCHANGE_STATE_GET, STORE_WITH(value_text(name)));
    if (rows_next(&r) && fault_is(pull_state_parse(row_bytes(&r, 0), out)))
        f = fault_make(FAULT_DAMAGED, 0, "how far a pull came: not what was written");
    end = rows_done(&r);
    return fault_is(end) ? end : f;
}

struct fault pulled_open(struct store *s, const char *url, int64_t *collection,
                         struct pull_state *state, uint64_t *held)
{
    struct fault f = shelf_collection(s, PULLED_ROOT, url, collection);
    struct rows r;

    if (!fault_is(f))
        f = state_read(s, url, state);
    if (fault_is(f))
        return f;
    r = store_ask(s, EXCHANGE_OBJECT_COUNT, STORE_WITH(value_integer(*collection)));
    *held = rows_next(&r) ? (uint64_t)row_integer(&r, 0) : 0;
    return rows_done(&r);
}

struct fault pulled_remember(struct store *s, const char *url, const struct pull_state *state)
{
    struct buf text = {0};
    struct fault f;
    char name[32];

    name_of(url, name, sizeof name);
    pull_state_write(state, &text);
    f = store_do(s, EXCHANGE_STATE_SET, NULL,
                 STORE_WITH(value_text(name), value_blob(buf_view(&text))));
    buf_done(&text);
    return f;
}

/* An object without a version of its own (an observable) is new only if its bytes are: on the shelf
 * it would get a version each time it comes. */
static struct fault is_here(struct store *s, int64_t collection, const struct judged_object *o,
                            bool *out)
{
    struct rows r = store_ask(s, EXCHANGE_OBJECT_TOP,
                              STORE_WITH(value_integer(collection), value_text(o->object.id)));
    bool found = rows_next(&r);
    int64_t added = found ? row_integer(&r, 0) : 0;
    struct fault f = rows_done(&r);

    *out = false;
    if (fault_is(f) || !found)
        return f;
    r = store_ask(s, EXCHANGE_OBJECT_GET, STORE_WITH(value_integer(added)));
    *out = rows_next(&r) && bytes_equal(row_bytes(&r, 9), o->body);
    return rows_done(&r);
}

static struct fault put(struct store *s, int64_t collection, const char *writer,
                        const struct judged_object *o, struct instant now, struct instant *counter,
                        bool *fresh)
{
    bool here = false;
    struct fault f = fault_none();

    *fresh = false;
    if (!o->object.has_version)
        f = is_here(s, collection, o, &here);
    if (fault_is(f) || here)
        return f;
    return shelf_put(s, collection, &o->object, o->body, writer, now, counter, fresh);
}

struct fault pulled_page(struct store *s, int64_t collection, const char *writer,
                         const struct judged *page, struct instant now, struct pull_answer *out)
{
    struct digest_stream stream;
    struct instant counter;
    struct digest d;
    struct fault f = shelf_newest(s, &counter);

    out->count = page->count;
    out->fresh = out->bad = 0;
    digest_begin(&stream);
    for (size_t i = 0; i < page->count; i++) {
        const struct judged_object *o = &page->list[i];
        bool fresh = false;

        digest_add(&stream, o->body);
        if (fault_is(o->fault))
            out->bad++;
        else if (!fault_is(f))
            f = put(s, collection, writer, o, now, &counter, &fresh);
        out->fresh += fresh;
    }
    d = digest_end(&stream);
    memcpy(&out->digest, d.byte, sizeof out->digest);
    return f;
}

struct fault pulled_has(struct store *s, int64_t collection, const char *id, const char *version,
                        bool *out)
{
    struct instant when;
    bool any = fault_is(instant_fraction_parse(bytes_text(version), &when));
    struct rows r = store_ask(s, EXCHANGE_SCAN_ID,
                              STORE_WITH(value_integer(collection), value_text(id),
                                         value_integer(0), value_integer(SHELF_BUDGET)));

    *out = false;
    /* Where an object has no version of its own, each server's is the date it came. */
    while (rows_next(&r))
        if (any || row_integer(&r, 3) == when.us || row_integer(&r, 3) == row_integer(&r, 0))
            *out = true;
    return rows_done(&r);
}
