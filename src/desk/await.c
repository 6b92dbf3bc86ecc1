#include "desk/await.h"

#include "desk/ask.h"
#include "desk/state.h"

static uint64_t binding(const struct desk_pact *p, bool theirs)
{
    return theirs ? p->talk.mirror : p->head.binding;
}

static json_t *answer_of(const struct desk_pact *p, bool theirs, uint64_t index)
{
    json_t *answer = answer_good();

    json_object_set_new(answer, "log", json_string(theirs ? "theirs" : "ours"));
    json_object_set_new(answer, "index", json_integer((json_int_t)index));
    json_object_set_new(answer, "binding", json_boolean(index < binding(p, theirs)));
    return answer;
}

static void say_to(struct await *a)
{
    struct await now = *a;

    a->p = NULL;
    now.say(now.client, answer_of(now.p, now.theirs, now.index));
}

json_t *await_ask(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    bool theirs = strcmp(ask_text(ask, "log"), "theirs") == 0;
    uint64_t index = (uint64_t)ask_number(ask, "index", INT64_MAX - 1);
    int64_t seconds = (int64_t)ask_number(ask, "seconds", AWAIT_SECONDS);

    if (json_object_get(ask, "index") == NULL)
        return answer_error("usage", 2, "which entry?", "index is missing", "");
    if (index < binding(p, theirs) || seconds == 0)
        return answer_of(p, theirs, index);
    for (size_t i = 0; i < AWAIT_MOST; i++) {
        struct await *a = &p->desk->await[i];

        if (a->p != NULL)
            continue;
        *a = (struct await){p, theirs, index, {p->desk->tick.us + seconds * 1000000}, say, client};
        return NULL;
    }
    return answer_error("busy", 1, "too many commands wait", "", "ask again: parley ledger show");
}

void await_bound(struct desk_pact *p)
{
    for (size_t i = 0; i < AWAIT_MOST; i++) {
        struct await *a = &p->desk->await[i];

        if (a->p == p && a->index < binding(p, a->theirs))
            say_to(a);
    }
}

void await_turn(struct desk *d)
{
    for (size_t i = 0; i < AWAIT_MOST; i++)
        if (d->await[i].p != NULL && d->await[i].until.us <= d->tick.us)
            say_to(&d->await[i]);
}

void await_forget(struct desk *d, void *client)
{
    for (size_t i = 0; i < AWAIT_MOST; i++)
        if (d->await[i].client == client)
            d->await[i].p = NULL;
}
