#include "cmd/edit.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/disk.h"
#include "cmd/node.h"
#include "io/file.h"
#include "proc/settings.h"
#include "json/profile.h"

bool edit_stop(struct edit *e, enum exit_code code)
{
    e->exit = code;
    return false;
}

bool edit_usage(struct edit *e, const char *why, const char *try, const char *what)
{
    return edit_stop(e, say_error(e->s, EXIT_USAGE, "usage", why, try, "%s", what));
}

bool edit_read(struct edit *e)
{
    const struct json_limits limits = {SETTINGS_MAX, JSON_DEPTH};
    struct buf text = {0};
    struct fault f;

    snprintf(e->path, sizeof e->path, "%s/settings.json", node_find(e->call->args));
    f = disk_read(e->path, SETTINGS_MAX, &text);
    if (!fault_is(f))
        f = json_read_indented(buf_view(&text), limits, &e->settings);
    buf_done(&text);
    if (fault_is(f))
        return edit_stop(e, disk_error(e->s, f, e->path));
    e->exchange = json_object_get(e->settings, "exchange");
    return true;
}

bool edit_has_exchange(struct edit *e)
{
    return edit_read(e) && (e->exchange != NULL ||
                            edit_usage(e, "settings.json has no member exchange",
                                       "parley exchange init --listen ADDRESS:PORT --title TEXT",
                                       "this node has no exchange"));
}

/* As the node will read it: what it would refuse is refused here. */
bool edit_is_good(struct edit *e, struct bytes text)
{
    struct settings *read = memory_zeroed(1, sizeof *read);
    struct settings_error error = {.line = 0};
    struct fault f = settings_parse(text, read, &error);

    free(read);
    return !fault_is(f) || edit_stop(e, say_error(e->s, EXIT_USAGE, "usage", error.why, NULL,
                                                  "the settings would be wrong: %s", error.member));
}

/* The file keeps its owner; the world has no business with hashes. */
bool edit_write(struct edit *e)
{
    struct buf text = {0};
    struct stat st;
    struct fault f;
    bool good;

    json_indented(e->settings, &text);
    good = edit_is_good(e, buf_view(&text));
    if (good && stat(e->path, &st) == 0) {
        f = file_replace(e->path, buf_view(&text), st.st_mode & 0660);
        if (!fault_is(f) && geteuid() == 0 && chown(e->path, st.st_uid, st.st_gid) != 0)
            f = fault_io("give back");
        good = !fault_is(f) || edit_stop(e, disk_error(e->s, f, e->path));
    }
    buf_done(&text);
    return good;
}

enum exit_code edit_done(struct edit *e)
{
    json_decref(e->settings);
    return e->exit;
}

void edit_tell(struct edit *e, const char *what, const char *name, const char *next)
{
    if (e->s->json) {
        say_json(e->s, json_pack("{s:s, s:s}", "done", what, "name", name));
        return;
    }
    say_data(e->s, "%s %s\n", name, what);
    if (next != NULL)
        say_note(e->s, "next: %s\n", next);
}

json_t *edit_list(json_t *object, const char *name)
{
    json_t *list = json_object_get(object, name);

    if (list == NULL) {
        list = json_array();
        json_object_set_new(object, name, list);
    }
    return list;
}
