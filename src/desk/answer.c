#include <string.h>

#include "base/text.h"
#include "desk/state.h"

json_t *answer_good(void)
{
    return json_pack("{s:i, s:b}", "v", 1, "ok", 1);
}

json_t *answer_error(const char *code, int exit, const char *message, const char *why,
                     const char *try)
{
    return json_pack("{s:i, s:b, s:s, s:i, s:s, s:s, s:s}", "v", 1, "ok", 0, "code", code, "exit",
                     exit, "message", message, "why", why, "try", try);
}

/* The exit codes of `parley` by kind of fault. */
static int exit_of(enum fault_kind kind)
{
    switch (kind) {
    case FAULT_REFUSED:
        return 4;
    case FAULT_FORGED:
    case FAULT_MISMATCH:
        return 5;
    case FAULT_UNKNOWN:
        return 6;
    case FAULT_ORDER:
    case FAULT_DUPLICATE:
        return 9;
    case FAULT_IO:
    case FAULT_DAMAGED:
        return 10;
    case FAULT_SYNTAX:
    case FAULT_EXTRA:
    case FAULT_SHORT:
        return 2;
    default:
        return 1;
    }
}

json_t *answer_fault(struct fault f, const char *message, const char *try)
{
    return answer_error(fault_word(f.kind), exit_of(f.kind), message, f.rule, try);
}

json_t *json_digest(const struct digest *d)
{
    char text[45];

    base64_write(d->byte, sizeof d->byte, text);
    return json_string(text);
}

json_t *json_bytes(struct bytes b)
{
    return json_stringn(b.data == NULL ? "" : (const char *)b.data, b.len);
}

json_t *json_instant(struct instant t)
{
    char text[INSTANT_TEXT + 1];

    instant_write(t, text);
    return json_string(text);
}

json_t *json_seconds(int64_t s)
{
    return json_instant(instant_of_seconds(s));
}

const char *ask_text(const json_t *ask, const char *name)
{
    const char *text = json_string_value(json_object_get(ask, name));

    return text == NULL ? "" : text;
}

bool ask_digest(const json_t *ask, const char *name, struct digest *out)
{
    return base64_read(bytes_text(ask_text(ask, name)), out->byte, sizeof out->byte);
}

json_t *link_json(const struct desk_pact *p)
{
    bool never = !p->link_up && p->link_since.us == 0;
    json_t *link = json_pack("{s:s, s:s}", "state",
                             p->link_up ? "up"
                             : never    ? "never"
                                        : "down",
                             "why", p->link_why);

    if (!never)
        json_object_set_new(link, "since", json_instant(p->link_since));
    return link;
}
