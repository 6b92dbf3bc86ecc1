#include "exchange/wanted.h"

#include "store/exchange_query.h"

void wanted_begin(struct wanted *w)
{
    wanted_done(w);
    buf_text(&w->text, "{\"type\":\"bundle\",\"objects\":[");
}

void wanted_done(struct wanted *w)
{
    buf_done(&w->text);
    *w = (struct wanted){.collection = 0};
}

static void add(struct wanted *w, struct bytes body)
{
    if (w->text.len + body.len + 3 > WANTED_MAX) {
        w->left++;
        return;
    }
    if (w->count++ > 0)
        buf_byte(&w->text, ',');
    buf_bytes(&w->text, body);
}

static struct fault add_object(struct wanted *w, struct store *s, int64_t added)
{
    struct rows r = store_ask(s, EXCHANGE_OBJECT_GET, STORE_WITH(value_integer(added)));

    if (rows_next(&r))
        add(w, row_bytes(&r, 8));
    return rows_done(&r);
}

/* The next collection; false behind the last. */
static struct fault next_collection(struct wanted *w, struct store *s, bool *found)
{
    struct rows r = store_ask(s, EXCHANGE_COLLECTION_LIST, STORE_NOTHING);
    int64_t next = INT64_MAX;

    while (rows_next(&r))
        if (row_integer(&r, 0) > w->collection && row_integer(&r, 0) < next)
            next = row_integer(&r, 0);
    *found = next != INT64_MAX;
    w->collection = next;
    w->after = INT64_MIN;
    return rows_done(&r);
}

struct fault wanted_step(struct wanted *w, struct store *s)
{
    int64_t place[WANTED_STEP];
    size_t n = 0;
    bool found = true;
    struct fault f = fault_none();

    if (w->collection == 0)
        f = next_collection(w, s, &found);
    if (!fault_is(f) && found) {
        struct rows r = store_ask(s, EXCHANGE_SCAN_TYPE_LAST,
                                  STORE_WITH(value_integer(w->collection), value_text("indicator"),
                                             value_integer(w->after), value_integer(WANTED_STEP)));

        while (n < WANTED_STEP && rows_next(&r))
            place[n++] = row_integer(&r, 0);
        f = rows_done(&r);
    }
    for (size_t i = 0; i < n && !fault_is(f); i++) {
        f = add_object(w, s, place[i]);
        w->after = place[i];
    }
    if (!fault_is(f) && found && n < WANTED_STEP)
        f = next_collection(w, s, &found);
    if (fault_is(f) || found)
        return f;
    buf_text(&w->text, "]}");
    w->whole = true;
    return f;
}
