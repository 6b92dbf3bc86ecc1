#include "statement/notice.h"

static const struct {
    const char *member, *path;
    bool required, time;
    size_t most; /* items of a list; 0: no list */
} parts[] = {
    {"from", "incident.from", true, false, 0},
    {"source", "incident.source", false, false, 0},
    {"as", "incident.as", false, false, 0},
    {"service", "incident.service", false, false, 0},
    {"first", "incident.first", true, true, 0},
    {"last", "incident.last", true, true, 0},
    {"opened", "incident.opened", true, true, 0},
    {"events", "incident.events", true, false, 0},
    {"confidence", "incident.confidence", true, false, 0},
    {"reasons", "incident.reasons", true, false, FIELD_REASONS},
    {"targets", "targets", false, false, FIELD_TARGETS},
    {"evidence", "incident.evidence", false, false, FIELD_EVIDENCE},
};

/* "2020-01-02T03:04:05.678901Z" or with an offset of zero, cut to whole seconds. */
static json_t *whole_seconds(const json_t *value)
{
    const char *text = json_string_value(value);
    char out[INSTANT_TEXT + 1];

    if (text == NULL || strlen(text) < INSTANT_TEXT)
        return json_deep_copy(value);
    memcpy(out, text, INSTANT_TEXT - 1);
    memcpy(out + INSTANT_TEXT - 1, "Z", 2);
    return json_string(out);
}

static json_t *first_items(const json_t *list, size_t most)
{
    json_t *out = json_array();

    for (size_t i = 0; i < json_array_size(list) && i < most; i++)
        json_array_append(out, json_array_get(list, i));
    return out;
}

struct fault notice_fields(const json_t *incident, json_t *fields)
{
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const json_t *value = json_object_get(incident, parts[i].member);
        bool none = value == NULL || json_is_null(value);

        if (none && parts[i].required)
            return fault_make(FAULT_MISSING, 0, "docs/STATEMENTS: NOTICE: the incident's facts");
        if (none)
            continue;
        if (parts[i].time)
            json_object_set_new(fields, parts[i].path, whole_seconds(value));
        else if (parts[i].most != 0)
            json_object_set_new(fields, parts[i].path, first_items(value, parts[i].most));
        else
            json_object_set_new(fields, parts[i].path, json_deep_copy(value));
    }
    return fault_none();
}
