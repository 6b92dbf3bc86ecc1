#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "exchange/call.h"
#include "exchange/marked.h"
#include "exchange/media.h"
#include "exchange/status.h"
#include "store/exchange_query.h"

/* ---- posting -----------------------------------------------------------------------------------
 */

/* Why an object may not come in here; NULL if it may. The rule's name is counted. */
static const char *door_rule(struct call *c, const struct judged_object *o)
{
    const struct config_visitor *v = &c->x->config->visitor[c->visitor];
    struct fault f;

    if (o->object.tlp > c->collection->most)
        return "marking: above what this collection takes";
    if (c->root->audience != AUDIENCE_PARTNER)
        return NULL;
    if (!o->object.technical)
        return "R1: not a type of technical object that the parties exchange";
    if (v->party[0] != '\0')
        return NULL; /* it comes from the partner: release is his */
    f = c->x->host->may_leave(c->x->host->context, c->root, &o->object, o->body);
    return fault_is(f) ? f.rule : NULL;
}

static struct fault count_refusal(struct call *c, const char *rule)
{
    return store_do(c->x->store, EXCHANGE_REFUSAL_COUNT, NULL,
                    STORE_WITH(value_text(c->root->name), value_text(rule), value_integer(1)));
}

static struct fault refuse_object(struct call *c, struct status *s, const struct judged_object *o,
                                  const char *rule)
{
    status_failure(s, o, rule);
    return count_refusal(c, rule == NULL ? fault_word(o->fault.kind) : rule);
}

/* What the sender does not know and would wonder about. */
static void tell_taken(struct call *c, struct status *s, const struct judged_object *o, bool put)
{
    const char *unknown = marked_unknown(c->x->config, &o->object);
    char note[OBJECT_MARKING + 64];

    if (unknown != NULL)
        snprintf(note, sizeof note, "%s is not TLP's: it counts as red", unknown);
    status_success(s, o,
                   !put              ? "this version is there already; its bytes were not changed"
                   : unknown != NULL ? note
                                     : NULL);
}

static struct fault take_in(struct call *c, struct status *s, const struct judged_object *given,
                            struct instant *counter)
{
    struct judged_object o = *given;
    const char *rule;
    bool put;
    struct fault f;

    if (fault_is(o.fault))
        return refuse_object(c, s, given, NULL);
    o.object.tlp = marked_tlp(c->x->config, c->collection, &given->object);
    rule = door_rule(c, &o);
    if (rule != NULL)
        return refuse_object(c, s, &o, rule);
    f = shelf_put(c->x->store, c->number, &o.object, o.body, c->x->config->visitor[c->visitor].name,
                  c->now, counter, &put);
    if (!fault_is(f))
        tell_taken(c, s, &o, put);
    return f;
}

/* The first that has something to write begins the transaction. */
static struct fault must_be_writing(struct call *c, struct instant *counter)
{
    struct fault f = store_is_busy(c->x->store) ? fault_none() : store_begin(c->x->store);

    return fault_is(f) ? f : shelf_newest(c->x->store, counter);
}

/* Objects and the status that tells of them are one transaction. */
static struct fault post_all(struct call *c, struct status *s)
{
    const struct judged *j = c->ask->judged;
    struct instant counter;
    struct fault f = must_be_writing(c, &counter);

    for (size_t i = 0; i < j->count && !fault_is(f); i++)
        f = take_in(c, s, &j->list[i], &counter);
    if (!fault_is(f))
        f = status_store(s, c->x->store, c->root->name, c->x->config->visitor[c->visitor].name,
                         c->now);
    return f;
}

static bool post_is_good(struct call *c)
{
    const struct judged *j = c->ask->judged;
    char why[96];

    if (j == NULL || fault_is(j->fault)) {
        snprintf(why, sizeof why, "the body is no envelope: %s at byte %zu",
                 j == NULL ? "empty" : fault_word(j->fault.kind), j == NULL ? 0 : j->fault.at);
        call_refuse(c, 400, "Bad envelope", why);
    } else if (j->count == 0)
        call_refuse(c, 422, "Nothing to add", "the envelope has no objects");
    else
        return true;
    return false;
}

/* Section 5.5. */
void call_post_objects(struct call *c)
{
    struct status s;
    struct fault f;

    if (!call_must_write(c))
        return;
    if (!media_is_taxii(c->ask->content_type)) {
        call_refuse(c, 415, "Unsupported media type", "Content-Type must be " MEDIA_TAXII);
        return;
    }
    c->admitted = true;
    if (c->asking || !post_is_good(c))
        return;
    status_begin(&s, c->ask->judged->count, c->now);
    f = post_all(c, &s);
    if (!call_store_failed(c, f)) {
        buf_clear(&c->out->body);
        buf_bytes(&c->out->body, buf_view(&s.text));
        c->out->status = 202;
    }
    status_done(&s);
}

/* Section 4.3: only who posted may ask. */
void call_get_status(struct call *c)
{
    struct rows r = store_ask(c->x->reader, EXCHANGE_STATUS_GET,
                              STORE_WITH(value_text(c->name), value_text(c->root->name)));
    bool found =
        rows_next(&r) && bytes_is(row_bytes(&r, 0), c->x->config->visitor[c->visitor].name);

    if (found) {
        buf_bytes(&c->out->body, row_bytes(&r, 1));
        c->out->status = 200;
    }
    if (!call_store_failed(c, rows_done(&r)) && !found)
        call_not_found(c);
}

/* ---- deleting ----------------------------------------------------------------------------------
 */

static struct fault delete_all(struct call *c, const struct filter *filter, size_t *dropped)
{
    struct instant counter;
    struct fault f = must_be_writing(c, &counter);

    if (!fault_is(f))
        f = shelf_drop(c->x->store, c->number, c->name, filter, "deleted",
                       c->x->config->visitor[c->visitor].name, c->now, &counter, dropped);
    return f;
}

/* Section 5.7. "all" is the default: the object is to be gone. */
void call_delete_object(struct call *c)
{
    struct filter *filter = memory_zeroed(1, sizeof *filter);
    size_t dropped = 0;
    struct fault f;

    if (!call_may_read(c) && !call_may_write(c))
        call_not_found(c);
    else if (!call_may_read(c) || !call_may_write(c))
        call_refuse(c, 403, "Forbidden", "to delete you must have the rights to read and to write");
    else if (fault_is(f = filter_parse(c->ask->query, FILTER_VERSION | FILTER_SPEC, filter)))
        call_refuse(c, 400, "Bad filter", f.rule);
    else {
        if (!filter->has_version)
            filter->versions = FILTER_ALL;
        f = delete_all(c, filter, &dropped);
        if (!call_store_failed(c, f) && dropped == 0)
            call_not_found(c);
        else if (!fault_is(f))
            call_answer(c, json_object());
    }
    free(filter);
}
