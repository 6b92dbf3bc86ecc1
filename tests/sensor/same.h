/* same.h - do two readers say the same of a record? For tests and the fuzzer. */
#ifndef PARLEY_TESTS_SENSOR_SAME_H
#define PARLEY_TESTS_SENSOR_SAME_H

#include "model/event.h"

static inline bool same_texts(const struct event *a, const struct event *b)
{
    for (int t = 0; t < EVENT_TEXT_COUNT; t++)
        if (!bytes_equal(a->text[t], b->text[t]) ||
            (a->text[t].data == NULL) != (b->text[t].data == NULL))
            return false;
    return true;
}

static inline bool same_event(const struct event *a, const struct event *b)
{
    return a->time.us == b->time.us && addr_compare(a->src, b->src) == 0 &&
           addr_compare(a->dest, b->dest) == 0 && a->src_port == b->src_port &&
           a->dest_port == b->dest_port && a->has == b->has && a->service == b->service &&
           a->transport == b->transport && a->flow == b->flow && a->alert == b->alert &&
           a->severity == b->severity && same_texts(a, b);
}

#endif
