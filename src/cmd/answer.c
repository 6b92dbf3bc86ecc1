#include "cmd/answer.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"

const char *answer_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : "";
}

long long answer_number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

bool answer_flag(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

const json_t *answer_list(const json_t *object, const char *name)
{
    const json_t *list = json_object_get(object, name);

    return json_is_array(list) ? list : NULL;
}

void answer_row(struct say *s, const char *head, const char *text)
{
    char *safe;

    if (text[0] == '\0')
        return;
    safe = say_outside(s, text);
    say_data(s, "%-11s %s\n", head, safe);
    free(safe);
}

long long answer_due(const char *now, const char *due, char *out)
{
    struct instant from, to;
    long long s, a, days;
    char day[16] = "";

    out[0] = '\0';
    if (fault_is(instant_parse(bytes_text(now), &from)) ||
        fault_is(instant_parse(bytes_text(due), &to)))
        return INT64_MAX;
    s = instant_seconds(to) - instant_seconds(from);
    a = s < 0 ? -s : s;
    days = a / 86400;
    if (days > 0)
        snprintf(day, sizeof day, "%lld d ", days < 9999999 ? days : 9999999);
    snprintf(out, DUE_TEXT, "%s%s%02d:%02d:%02d", s < 0 ? "-" : "", day, (int)(a / 3600 % 24),
             (int)(a / 60 % 60), (int)(a % 60));
    return s;
}

char *answer_joined(const json_t *list)
{
    struct buf b = {0};
    char *text;

    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *item = json_string_value(json_array_get(list, i));
        buf_print(&b, "%s%s", i == 0 ? "" : ", ", item != NULL ? item : "");
    }
    text = memory_text(b.data != NULL ? (const char *)b.data : "", b.len);
    buf_done(&b);
    return text;
}
