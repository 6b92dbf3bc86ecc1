#include "cmd/command.h"

#include <string.h>

/* The sets of flags, in the order in which the help shows them. */
static const struct {
    unsigned with;
    struct flag flag;
} shared[] = {
    {WITH_OFFICER, {"--officer", "NAME", "the officer who speaks; else PARLEY_OFFICER", NULL, 0}},
    {WITH_OFFICER, {"--key", "FILE", "his private key, one a suite; else PARLEY_KEY", NULL, 1}},
    {WITH_OFFICER, {"--passphrase-file", "FILE", "holds the key's passphrase", NULL, 0}},
    {WITH_FIELDS, {"--text", "TEXT", "the statement's free text", NULL, 0}},
    {WITH_FIELDS, {"--class", "CLASS", "of a new case", "REAL|EXERCISE|TEST", 0}},
    {WITH_FIELDS, {"--urgency", "U", "how soon", "routine|priority|immediate", 0}},
    {WITH_FIELDS, {"--tlp", "TLP", "its marking", "clear|green|amber|amber+strict", 0}},
    {WITH_FIELDS, {"--field", "PATH=VALUE", "another field of its type", NULL, 1}},
    {WITH_FIELDS, {"--withhold", "PATH", "a field that must not leave", NULL, 1}},
    {WITH_ASK, {"--yes", NULL, "do not ask; needed without a terminal", NULL, 0}},
    {WITH_ASK, {"--dry-run", NULL, "show the exact bytes, change nothing", NULL, 0}},
    {WITH_REMOTE, {"--token-file", "FILE", "holds the bearer token we are known by", NULL, 0}},
    {WITH_REMOTE, {"--user", "NAME", "the name we are known by, with a password", NULL, 0}},
    {WITH_REMOTE, {"--password-file", "FILE", "holds it; else it is asked for", NULL, 0}},
    {WITH_REMOTE, {"--cert", "FILE", "the certificate we are known by (PEM)", NULL, 0}},
    {WITH_REMOTE, {"--cert-key", "FILE", "its key", NULL, 0}},
    {WITH_REMOTE, {"--passphrase-file", "FILE", "holds the key's passphrase", NULL, 0}},
    {WITH_REMOTE, {"--ca", "FILE", "who may sign the server's certificate (PEM)", NULL, 0}},
    {WITH_REMOTE, {"--pin", "HEX", "SHA-256 of the server's public key; no --ca then", NULL, 0}},
    {WITH_STORE, {"--store", "WHERE", "an SQLite file or libpq URI; else the node's", NULL, 0}},
    {WITH_STORE, {"--node", "DIR", "the node's directory; else PARLEY_NODE", NULL, 0}},
    {WITH_CHECK, {"--check", NULL, "exit 3 if something needs you", NULL, 0}},
    {WITH_NODE, {"--node", "DIR", "the node's directory; else PARLEY_NODE", NULL, 0}},
    {WITH_NODE, {"--agreement", "ID", "where the node holds several", NULL, 0}},
    {WITH_SPEAK, {"--json", NULL, "one JSON object instead of words", NULL, 0}},
    {WITH_SPEAK, {"--aligned", NULL, "columns in a pipe too", NULL, 0}},
    {WITH_SPEAK, {"--quiet", NULL, "data and errors only", NULL, 0}},
    {WITH_SPEAK, {"--color", "WHEN", "colour", "auto|always|never", 0}},
};

void command_flags(const struct command *c, bool (*each)(const struct flag *, void *), void *with)
{
    for (const struct flag *f = c->flags; f->name != NULL; f++)
        if (!each(f, with))
            return;
    for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++)
        if ((c->with & shared[i].with) != 0 && !each(&shared[i].flag, with))
            return;
}

struct search {
    const char *name;
    const struct flag *found;
};

static bool is_it(const struct flag *f, void *with)
{
    struct search *search = with;

    if (strcmp(f->name, search->name) == 0)
        search->found = f;
    return search->found == NULL;
}

const struct flag *command_flag(const struct command *c, const char *name)
{
    struct search search = {name, NULL};

    command_flags(c, is_it, &search);
    return search.found;
}

bool command_is_family(const char *first)
{
    size_t len = strlen(first);

    for (const struct command *c = commands; c->name != NULL; c++)
        if (strncmp(c->name, first, len) == 0 && c->name[len] == ' ')
            return true;
    return false;
}

static bool is_named(const struct command *c, const char *first, const char *second)
{
    size_t len = strlen(first);

    if (strncmp(c->name, first, len) != 0)
        return false;
    if (second == NULL)
        return c->name[len] == '\0';
    return c->name[len] == ' ' && strcmp(c->name + len + 1, second) == 0;
}

const struct command *command_find(const char *first, const char *second, int *words_used)
{
    for (const struct command *c = commands; c->name != NULL; c++) {
        bool one = is_named(c, first, NULL);
        if (one || (second != NULL && is_named(c, first, second))) {
            *words_used = one ? 1 : 2;
            return c;
        }
    }
    return NULL;
}

const char *group_title(enum group g)
{
    static const char *const titles[] = {
        [GROUP_START] = "START",         [GROUP_DAY] = "DAY",     [GROUP_WATCH] = "WATCH",
        [GROUP_SHARE] = "SHARE",         [GROUP_PROVE] = "PROVE", [GROUP_AGREEMENT] = "AGREEMENT",
        [GROUP_KEYS] = "KEYS AND PEERS", [GROUP_ADMIN] = "ADMIN",
    };
    return titles[g];
}
