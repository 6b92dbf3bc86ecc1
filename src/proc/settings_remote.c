#include "proc/settings_remote.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

/* What could lead elsewhere than it seems to has no place in it. */
static bool url_is_plain(const char *url)
{
    const char *scheme = "https://";

    return strncmp(url, scheme, strlen(scheme)) == 0 && strpbrk(url, "?#%@\\ ") == NULL &&
           strstr(url, "..") == NULL;
}

static void read_remote(const struct member *item, struct settings_remote *out)
{
    struct member name = member_get(item, "name"), url = member_get(item, "url"),
                  agreement = member_if(item, "agreement");
    const char *text = as_line(&url, SETTINGS_PATH - 1);

    settings_id_read(&name, out->name);
    if (reader_ok(item->in) && text != NULL &&
        (!url_is_plain(text) || text[strlen(text) - 1] != '/'))
        member_fail(&url, FAULT_SYNTAX, "it is https://HOST/.. and ends with a slash");
    if (text != NULL)
        snprintf(out->url, sizeof out->url, "%s", text);
    if (agreement.value != NULL)
        settings_id_read(&agreement, out->agreement);
    member_only(item, "name", "url", "agreement", NULL);
}

static bool has_agreement(const struct settings *s, const char *id)
{
    for (size_t i = 0; i < s->agreement_count; i++)
        if (strcmp(s->agreements[i], id) == 0)
            return true;
    return id[0] == '\0';
}

void settings_remotes_read(const struct member *root, struct settings *s)
{
    struct member list;

    if (!member_has(root, "remotes"))
        return;
    list = member_array(root, "remotes", 0, SETTINGS_REMOTES);
    for (size_t i = 0; i < member_count(&list); i++) {
        struct member item = member_item(&list, i);

        read_remote(&item, &s->remotes[s->remote_count++]);
        if (reader_ok(list.in) && !has_agreement(s, s->remotes[i].agreement))
            member_fail(&item, FAULT_UNKNOWN, "the node has no agreement of this id");
        for (size_t k = 0; k < i && reader_ok(list.in); k++)
            if (strcmp(s->remotes[k].name, s->remotes[i].name) == 0)
                member_fail(&item, FAULT_DUPLICATE, "another remote has this name");
    }
}

const struct settings_remote *settings_remote(const struct settings *s, const char *where)
{
    const struct settings_remote *best = NULL;
    size_t most = 0, len;

    for (size_t i = 0; i < s->remote_count; i++) {
        const struct settings_remote *r = &s->remotes[i];

        if (strcmp(r->name, where) == 0)
            return r;
        len = strlen(r->url);
        if (url_is_plain(where) && len > most && strlen(where) >= len - 1 &&
            strncmp(r->url, where, strlen(where) < len ? len - 1 : len) == 0) {
            best = r;
            most = len;
        }
    }
    return best;
}
