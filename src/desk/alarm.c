#include <stdio.h>
#include <string.h>

#include "desk/state.h"

/*
 * What a person must see. An alarm is a name and a detail; it stays until its cause is gone
 * (alarm_clear by who raised it), or, where it is something that happened, until somebody has seen
 * it (`parley alarm clear`).
 */

static void report(struct desk_pact *p, struct fault f)
{
    if (fault_is(f))
        p->desk->host.say(p->desk->host.context, "alarm", f);
}

/* Names that may stand in the store: most are cleared far more often than they are raised. */
static void remember(struct desk_pact *p, const char *name)
{
    for (size_t i = 0; i < p->alarm_count; i++)
        if (strcmp(p->alarm[i], name) == 0)
            return;
    if (p->alarm_count == DESK_ALARMS)
        p->alarms_many = true;
    else
        snprintf(p->alarm[p->alarm_count++], sizeof p->alarm[0], "%s", name);
}

static bool may_stand(struct desk_pact *p, const char *name)
{
    for (size_t i = 0; i < p->alarm_count; i++)
        if (strcmp(p->alarm[i], name) == 0) {
            memmove(p->alarm[i], p->alarm[--p->alarm_count], sizeof p->alarm[0]);
            return true;
        }
    return p->alarms_many;
}

void alarm_raise(struct desk_pact *p, const char *name, const char *detail)
{
    remember(p, name);
    report(p, store_do(p->desk->store, QUERY_ALARM_PUT, NULL,
                       STORE_WITH(value_text(p->now->id), value_text(name), value_text(detail),
                                  value_integer(instant_seconds(p->desk->now)))));
}

void alarm_clear(struct desk_pact *p, const char *name)
{
    if (may_stand(p, name))
        report(p, store_do(p->desk->store, QUERY_ALARM_CLEAR, NULL,
                           STORE_WITH(value_text(p->now->id), value_text(name))));
}

void alarm_recall(struct desk_pact *p)
{
    struct rows r = store_ask(p->desk->store, QUERY_ALARM_LIST, STORE_WITH(value_text(p->now->id)));

    while (rows_next(&r)) {
        char name[DESK_ALARM];

        row_text(&r, 0, name, sizeof name);
        remember(p, name);
    }
    report(p, rows_done(&r));
    alarm_clear(p, "store"); /* whoever raised it begins anew */
}

static json_t *list_of(struct desk_pact *p)
{
    struct rows r = store_ask(p->desk->store, QUERY_ALARM_LIST, STORE_WITH(value_text(p->now->id)));
    json_t *list = json_array();

    while (rows_next(&r)) {
        char name[80], detail[400];

        row_text(&r, 0, name, sizeof name);
        row_text(&r, 1, detail, sizeof detail);
        json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "alarm", name, "detail", detail,
                                              "since", json_seconds(row_integer(&r, 2))));
    }
    if (fault_is(rows_done(&r)))
        json_array_clear(list);
    return list;
}

json_t *alarms_list(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    json_t *answer = answer_good();

    (void)ask;
    (void)say;
    (void)client;
    json_object_set_new(answer, "alarms", list_of(p));
    return answer;
}

/* A cause that is still there raises it again. */
json_t *alarms_clear(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    const char *name = ask_text(ask, "name");
    int64_t gone = 0;
    struct fault f = store_do(p->desk->store, QUERY_ALARM_CLEAR, &gone,
                              STORE_WITH(value_text(p->now->id), value_text(name)));
    json_t *answer;

    (void)say;
    (void)client;
    if (fault_is(f))
        return answer_fault(f, "the alarm could not be cleared", "parley doctor");
    if (gone == 0)
        return answer_error("not-found", 8, "there is no such alarm", name, "parley alarm list");
    (void)may_stand(p, name);
    answer = answer_good();
    json_object_set_new(answer, "alarm", json_string(name));
    return answer;
}
