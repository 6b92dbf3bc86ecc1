/* remotes.c - parley remote add, list, remove: the member `remotes` of settings.json */
#include <string.h>

#include "cmd/args.h"
#include "cmd/columns.h"
#include "cmd/edit.h"
#include "cmd/run.h"

/* Its place, or the list's size. */
static size_t remote_at(const json_t *list, const char *name)
{
    const json_t *r;
    size_t i;

    json_array_foreach(list, i, r)
    {
        const char *has = json_string_value(json_object_get(r, "name"));

        if (has != NULL && strcmp(has, name) == 0)
            break;
    }
    return i;
}

enum exit_code remote_add(const struct call *call)
{
    struct edit e = {.call = call, .s = call->say};
    const char *name = call->args->word[0], *url = call->args->word[1],
               *agreement = args_value(call->args, "--agreement");
    const char *slash = url[0] != '\0' && url[strlen(url) - 1] == '/' ? "" : "/";
    json_t *list;

    if (edit_read(&e)) {
        list = edit_list(e.settings, "remotes");
        if (remote_at(list, name) < json_array_size(list)) {
            edit_usage(&e, "there is a remote of this name", "parley remote remove NAME", name);
        } else {
            json_array_append_new(list, json_pack("{s:s, s:o}", "name", name, "url",
                                                  json_sprintf("%s%s", url, slash)));
            if (agreement != NULL)
                json_object_set_new(json_array_get(list, json_array_size(list) - 1), "agreement",
                                    json_string(agreement));
            if (edit_write(&e))
                edit_tell(&e, "added", name, NULL);
        }
    }
    return edit_done(&e);
}

static const char *text_of(const json_t *r, const char *name)
{
    const char *text = json_string_value(json_object_get(r, name));

    return text == NULL ? "" : text;
}

enum exit_code remote_list(const struct call *call)
{
    struct edit e = {.call = call, .s = call->say};
    struct columns columns = {.heading = {"NAME", "WHOSE", "URL"}};
    const json_t *list, *r;
    size_t i;

    if (edit_read(&e)) {
        list = edit_list(e.settings, "remotes");
        json_array_foreach(list, i, r)
        {
            const char *agreement = text_of(r, "agreement");

            columns_add(&columns, e.s, text_of(r, "name"));
            columns_add(&columns, e.s, agreement[0] == '\0' ? "own" : agreement);
            columns_add(&columns, e.s, text_of(r, "url"));
        }
        if (e.s->json)
            say_json(e.s, json_pack("{s:O}", "remotes", list));
        else
            columns_print(&columns, e.s);
    }
    return edit_done(&e);
}

enum exit_code remote_remove(const struct call *call)
{
    struct edit e = {.call = call, .s = call->say};
    const char *name = call->args->word[0];
    json_t *list;
    size_t at;

    if (edit_read(&e)) {
        list = edit_list(e.settings, "remotes");
        at = remote_at(list, name);
        if (at == json_array_size(list))
            edit_stop(&e, say_error(e.s, EXIT_NOT_FOUND, "not-found", NULL, "parley remote list",
                                    "there is no remote %s", name));
        else if (json_array_remove(list, at) == 0 && edit_write(&e))
            edit_tell(&e, "removed", name, NULL);
    }
    return edit_done(&e);
}
