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

/* One query: a step is one look at the store, whatever it finds. */
static struct fault walk(struct wanted *w, struct store *s, bool *end)
{
    struct rows r = store_ask(s, EXCHANGE_BODY_TYPE_LAST,
                              STORE_WITH(value_integer(w->collection), value_text("indicator"),
                                         value_integer(w->after), value_integer(WANTED_STEP)));
    size_t n = 0;

    while (rows_next(&r)) {
        w->after = row_integer(&r, 0);
        add(w, row_bytes(&r, 3));
        n++;
    }
    *end = n < WANTED_STEP;
    return rows_done(&r);
}

struct fault wanted_step(struct wanted *w, struct store *s)
{
    bool found = true, end = false;
    struct fault f = fault_none();

    if (w->collection == 0)
        f = next_collection(w, s, &found);
    if (!fault_is(f) && found)
        f = walk(w, s, &end);
    if (!fault_is(f) && end)
        f = next_collection(w, s, &found);
    if (fault_is(f) || found)
        return f;
    buf_text(&w->text, "]}");
    w->whole = true;
    return f;
}
