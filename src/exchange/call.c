#include "exchange/call.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- answers -----------------------------------------------------------------------------------
 */

static void body_json(json_t *value, struct exchange_answer *out)
{
    char *text = json_dumps(value, JSON_COMPACT);

    buf_clear(&out->body);
    buf_text(&out->body, text);
    free(text);
    json_decref(value);
}

/* TAXII 2.1 section 3.6.1: http_status is a string. */
void exchange_refuse(unsigned status, const char *title, const char *description,
                     struct exchange_answer *out)
{
    char code[16];

    snprintf(code, sizeof code, "%u", status);
    out->status = status;
    out->challenge = status == 401;
    out->has_dates = false;
    body_json(json_pack("{s:s, s:s, s:s}", "title", title, "description", description,
                        "http_status", code),
              out);
}

void call_refuse(struct call *c, unsigned status, const char *title, const char *description)
{
    exchange_refuse(status, title, description, c->out);
}

void call_not_found(struct call *c)
{
    call_refuse(c, 404, "Not found", "there is nothing at this path for you");
}

void exchange_unavailable(struct exchange_answer *out)
{
    exchange_refuse(503, "Not available",
                    "the store cannot be read or written now; try again later", out);
}

bool call_store_failed(struct call *c, struct fault f)
{
    if (!fault_is(f))
        return false;
    c->fault = f;
    exchange_unavailable(c->out);
    return true;
}

void call_answer(struct call *c, json_t *value)
{
    c->out->status = 200;
    body_json(value, c->out);
}

void call_text_if(json_t *object, const char *name, const char *text)
{
    if (text[0] != '\0')
        json_object_set_new(object, name, json_string(text));
}

/* ---- rights ------------------------------------------------------------------------------------
 */

bool call_may_read(const struct call *c)
{
    return config_may_read(c->collection, c->visitor);
}

bool call_may_write(const struct call *c)
{
    return config_may_write(c->collection, c->visitor);
}

/* Whoever has a right sees it; others see what is not hidden, but a partner nothing of our own. */
bool call_is_shown(const struct call *c, const struct config_collection *collection)
{
    const struct config *config = c->x->config;
    bool ours = config->visitor[c->visitor].party[0] == '\0' ||
                config->root[collection->root].audience == AUDIENCE_PARTNER;

    return (ours && !collection->hidden) || config_may_read(collection, c->visitor) ||
           config_may_write(collection, c->visitor);
}

/* "neither": as if it were not there; the other right alone: 403. */
bool call_must_read(struct call *c)
{
    if (call_may_read(c))
        return true;
    if (call_may_write(c))
        call_refuse(c, 403, "Forbidden", "you may write to this collection, but not read it");
    else
        call_not_found(c);
    return false;
}

bool call_must_write(struct call *c)
{
    if (call_may_write(c))
        return true;
    if (call_may_read(c))
        call_refuse(c, 403, "Forbidden", "you may read this collection, but not write to it");
    else
        call_not_found(c);
    return false;
}
