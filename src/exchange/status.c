#include "exchange/status.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/random.h"
#include "store/exchange_query.h"

void status_begin(struct status *s, size_t total, struct instant now)
{
    uint8_t bytes[16];

    *s = (struct status){.total = total, .when = now};
    random_bytes(bytes, sizeof bytes);
    uuid_write(bytes, 4, s->id);
}

void status_done(struct status *s)
{
    buf_done(&s->successes);
    buf_done(&s->failures);
    buf_done(&s->text);
}

/* `why` may hold a client's own words: the library writes it as JSON. */
static void detail_add(struct buf *list, const char *id, struct instant version, const char *why)
{
    char when[INSTANT_MICRO + 1], *text;
    json_t *item;

    instant_micro_write(version, when);
    item = json_pack("{s:s, s:s}", "id", id, "version", when);
    if (why != NULL)
        json_object_set_new(item, "message", json_string(why));
    text = json_dumps(item, JSON_COMPACT);
    if (list->len > 0)
        buf_byte(list, ',');
    buf_text(list, text);
    free(text);
    json_decref(item);
}

void status_success(struct status *s, const struct judged_object *o, const char *note)
{
    struct instant version = o->object.has_version ? o->object.version : s->when;

    detail_add(&s->successes, o->object.id, version, note);
    s->succeeded++;
}

void status_failure(struct status *s, const struct judged_object *o, const char *rule)
{
    char said[OBJECT_SAID], why[OBJECT_SAID + 48] = "";
    bool named = o->error.id[0] != '\0';

    if (rule != NULL) {
        detail_add(&s->failures, o->object.id, o->object.version, rule);
    } else {
        object_error_say(&o->error, said);
        if (!named) /* who sent it finds it by its place */
            snprintf(why, sizeof why, "object %zu of the envelope: ", s->succeeded + s->failed + 1);
        snprintf(why + strlen(why), sizeof why - strlen(why), "%s", said);
        detail_add(&s->failures, named ? o->error.id : "unknown", s->when, why);
    }
    s->failed++;
}

static void list_write(const char *name, const struct buf *items, struct buf *out)
{
    if (items->len == 0)
        return;
    buf_print(out, ",\"%s\":[", name);
    buf_bytes(out, buf_view(items));
    buf_byte(out, ']');
}

static void text_make(struct status *s)
{
    char when[INSTANT_MICRO + 1];

    instant_micro_write(s->when, when);
    buf_print(&s->text,
              "{\"id\":\"%s\",\"status\":\"complete\",\"request_timestamp\":\"%s\","
              "\"total_count\":%zu,\"success_count\":%zu,\"failure_count\":%zu,"
              "\"pending_count\":0",
              s->id, when, s->total, s->succeeded, s->failed);
    list_write("successes", &s->successes, &s->text);
    list_write("failures", &s->failures, &s->text);
    buf_byte(&s->text, '}');
}

struct fault status_store(struct status *s, struct store *store, const char *root,
                          const char *visitor, struct instant now)
{
    text_make(s);
    return store_do(store, EXCHANGE_STATUS_PUT, NULL,
                    STORE_WITH(value_text(s->id), value_text(root), value_text(visitor),
                               value_integer(now.us),
                               (struct value){VALUE_TEXT, 0, buf_view(&s->text)}));
}
