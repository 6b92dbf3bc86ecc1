#include "sensor/eve_format.h"

#include "sensor/eve.h"

/* A token with its quotes is never inside a string: there its quotes would be escaped. */
static bool eve_is(struct bytes head)
{
    static const char token[] = "\"event_type\"";

    return head.len > 1 && (head.data[0] == '{' || head.data[0] == '@' || head.data[0] == ' ') &&
           memmem(head.data, head.len, token, sizeof token - 1) != NULL;
}

/* The state is a struct eve_memory. */
static struct fault eve_read(void *state, struct bytes frame, const struct reader_sink *sink)
{
    struct event e;
    struct fault f = eve_parse(frame, state, &e);

    if (!fault_is(f))
        sink->take(sink->context, &e, frame, 0);
    return f;
}

static void eve_done(void *state)
{
    eve_memory_done(state);
}

const struct reader_format eve_format = {.name = "eve",
                                         .is = eve_is,
                                         .state = sizeof(struct eve_memory),
                                         .done = eve_done,
                                         .read = eve_read};
