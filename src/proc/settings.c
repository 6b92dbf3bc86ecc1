#include "proc/settings.h"

#include "base/memory.h"
#include "base/text.h"
#include "proc/settings_remote.h"
#include "json/member.h"
#include "json/profile.h"

static const struct json_limits settings_limits = {.bytes = SETTINGS_MAX, .depth = 8};

static void copy(const char *text, char *out, size_t size)
{
    if (text != NULL)
        snprintf(out, size, "%s", text);
}

void settings_id_read(const struct member *m, char *out)
{
    const char *text = as_line(m, SETTINGS_ID - 1);

    if (text != NULL && m->value != NULL && *text != '\0' && !name_is_safe(bytes_text(text)))
        member_fail(m, FAULT_SYNTAX, "an id is [a-z0-9] and then [a-z0-9.-], at most 64");
    copy(text, out, SETTINGS_ID);
}

static void read_endpoint(const struct member *m, struct endpoint *out)
{
    const char *text = as_line(m, SETTINGS_NODE - 1);

    if (reader_ok(m->in) && text != NULL && fault_is(endpoint_parse(bytes_text(text), out)))
        member_fail(m, FAULT_SYNTAX, "it is not ADDRESS:PORT with a literal address");
}

static void read_agreements(const struct member *root, struct settings *s)
{
    struct member list = member_array(root, "agreements", 1, SETTINGS_AGREEMENTS);

    for (size_t i = 0; i < member_count(&list); i++) {
        struct member item = member_item(&list, i);

        settings_id_read(&item, s->agreements[s->agreement_count++]);
    }
}

static void read_addresses(const struct member *root, struct settings *s)
{
    struct member list;

    if (!member_has(root, "addresses"))
        return;
    list = member_array(root, "addresses", 0, SETTINGS_ADDRESSES);
    for (size_t i = 0; i < member_count(&list); i++) {
        struct member item = member_item(&list, i);
        struct member address = member_get(&item, "address");
        struct settings_address *a = &s->addresses[s->address_count++];

        copy(member_line(&item, "node", SETTINGS_NODE - 1), a->node, sizeof a->node);
        read_endpoint(&address, &a->address);
        member_only(&item, "node", "address", NULL);
    }
}

/* Where a sensor's lines come from, by how it is spelt. */
static const struct {
    const char *begins;
    enum sensor_kind kind;
} kinds[] = {{"udp:", SENSOR_UDP},
             {"unix-dgram:", SENSOR_DATAGRAM},
             {"unix:", SENSOR_UNIX},
             {"", SENSOR_FILE}};

static void read_where(const struct member *m, struct settings_sensor *out)
{
    enum { SOCKET_PATH = 107 }; /* sun_path without its NUL */
    const char *text = as_line(m, SETTINGS_PATH - 1);
    size_t i = 0;

    if (!reader_ok(m->in) || text == NULL)
        return;
    copy(text, out->where, sizeof out->where);
    while (strncmp(text, kinds[i].begins, strlen(kinds[i].begins)) != 0)
        i++;
    out->kind = kinds[i].kind;
    text += strlen(kinds[i].begins);
    if (strcmp(out->where, "-") == 0)
        out->kind = SENSOR_INPUT;
    else if (out->kind == SENSOR_UDP && fault_is(endpoint_parse(bytes_text(text), &out->endpoint)))
        member_fail(m, FAULT_SYNTAX, "it is not udp:ADDRESS:PORT with a literal address");
    else if (out->kind != SENSOR_UDP && text[0] != '/')
        member_fail(m, FAULT_SYNTAX, "the path must be absolute");
    else if (out->kind != SENSOR_FILE && out->kind != SENSOR_UDP && strlen(text) > SOCKET_PATH)
        member_fail(m, FAULT_LIMIT, "a socket's path has at most 107 bytes");
}

const char *settings_path(const struct settings_sensor *s)
{
    const char *path = strchr(s->where, '/');

    return path == NULL || s->kind == SENSOR_UDP ? "" : path;
}

static void read_format(const struct member *item, struct settings_sensor *out)
{
    const char *words[READER_FORMATS + 2] = {"auto"}, *word;
    struct member m = member_get(item, "format");

    for (size_t i = 0; i < READER_FORMATS; i++)
        words[i + 1] = reader_formats[i]->name;
    word = words[member_word(item, "format", words)];
    if (!reader_ok(item->in))
        return;
    out->format = reader_format_named(bytes_text(word));
    if (out->kind == SENSOR_UDP && strcmp(word, "netflow") != 0)
        member_fail(&m, FAULT_MISMATCH, "what comes by udp is netflow");
}

static void read_sensor(const struct member *item, struct settings_sensor *out)
{
    struct member name = member_get(item, "name"), path = member_get(item, "path");

    settings_id_read(&name, out->name);
    read_where(&path, out);
    read_format(item, out);
    out->follow = member_flag(item, "follow");
    out->silent_after = out->follow ? SETTINGS_SILENT : 0;
    if (member_has(item, "silent-after"))
        out->silent_after = (uint32_t)member_integer(item, "silent-after", 0, 31536000);
    if (member_has(item, "place")) {
        struct member place = member_get(item, "place");

        settings_id_read(&place, out->place);
    }
    member_only(item, "name", "path", "format", "follow", "silent-after", "place", NULL);
}

static void read_sensors(const struct member *root, struct settings *s)
{
    struct member list;

    if (!member_has(root, "sensors"))
        return;
    list = member_array(root, "sensors", 0, SETTINGS_SENSORS);
    for (size_t i = 0; i < member_count(&list); i++) {
        struct member item = member_item(&list, i);

        read_sensor(&item, &s->sensors[s->sensor_count++]);
        for (size_t k = 0; k < i && reader_ok(list.in); k++)
            if (strcmp(s->sensors[k].name, s->sensors[i].name) == 0)
                member_fail(&item, FAULT_DUPLICATE, "another sensor has this name");
    }
}

static void read_path(const struct member *item, char *out)
{
    struct member m = member_get(item, "path");
    const char *text = as_line(&m, SETTINGS_PATH - 1);

    if (reader_ok(item->in) && text != NULL && text[0] != '/')
        member_fail(&m, FAULT_SYNTAX, "the path must be absolute");
    copy(text, out, SETTINGS_PATH);
}

static void read_looked_for(const struct member *item, struct settings_indicators *out)
{
    static const char *const words[] = {"auto", "stix", "misp", "zeek", "csv", "list", NULL};
    static const char *const markings[] = {"clear", "green", "amber", "amber+strict", "red", NULL};
    struct member name = member_get(item, "name");

    settings_id_read(&name, out->name);
    read_path(item, out->path);
    out->format = import_format_by_name(bytes_text(words[member_word(item, "kind", words)]));
    if (member_has(item, "marking"))
        out->tlp = tlp_parse(bytes_text(markings[member_word(item, "marking", markings)]));
    if (member_has(item, "valid-days"))
        out->valid_for = member_integer(item, "valid-days", 1, 36500) * 86400;
    member_only(item, "name", "path", "kind", "marking", "valid-days", NULL);
}

static void read_listed(const struct member *item, struct settings_list *out)
{
    static const char *const words[] = {"warning", "vpn", "tor", "scanner", NULL};
    struct member name = member_get(item, "name"), from = member_if(item, "from"),
                  until = member_if(item, "until");

    settings_id_read(&name, out->name);
    read_path(item, out->path);
    out->kind = (enum caution)member_word(item, "kind", words);
    out->from = from.value == NULL ? (struct instant){INT64_MIN} : as_time(&from);
    out->until = until.value == NULL ? (struct instant){INT64_MAX} : as_time(&until);
    if (reader_ok(item->in) && out->from.us >= out->until.us)
        member_fail(&until, FAULT_RANGE, "it ends before it begins");
    member_only(item, "name", "path", "kind", "from", "until", NULL);
}

static void read_lists(const struct member *root, struct settings *s)
{
    struct member list = {.value = NULL};

    if (member_has(root, "indicators")) {
        list = member_array(root, "indicators", 0, SETTINGS_LISTS);
        for (size_t i = 0; i < member_count(&list); i++) {
            struct member item = member_item(&list, i);

            read_looked_for(&item, &s->indicators[s->indicator_count++]);
        }
    }
    if (member_has(root, "lists")) {
        list = member_array(root, "lists", 0, SETTINGS_LISTS);
        for (size_t i = 0; i < member_count(&list); i++) {
            struct member item = member_item(&list, i);

            read_listed(&item, &s->lists[s->list_count++]);
        }
    }
}

/* As a parameter, or "USER:PASSWORD@" in front of the host. */
static bool has_password(const char *uri)
{
    const char *authority = uri + strlen("postgresql:"), *at;

    authority += strspn(authority, "/");
    at = memchr(authority, '@', strcspn(authority, "/?"));
    return strstr(uri, "password=") != NULL ||
           (at != NULL && memchr(authority, ':', (size_t)(at - authority)) != NULL);
}

/* PostgreSQL is dialled as libpq says; a file of our own is always the same. */
static void read_store(const struct member *m, struct settings_exchange *out)
{
    const char *text;

    copy(SETTINGS_EXCHANGE_STORE, out->store, sizeof out->store);
    if (m->value == NULL)
        return;
    text = as_line(m, SETTINGS_PATH - 1);
    if (!reader_ok(m->in) || text == NULL || strcmp(text, "sqlite") == 0)
        return;
    if (strncmp(text, "postgresql:", strlen("postgresql:")) != 0)
        member_fail(m, FAULT_SYNTAX, "it is \"sqlite\" or a connection URI, postgresql:..");
    else if (has_password(text))
        member_fail(m, FAULT_REFUSED, "no password here: name a passfile, or use the socket");
    copy(text, out->store, sizeof out->store);
}

static void read_exchange(const struct member *root, struct settings *s)
{
    struct member m = member_if(root, "exchange"), listen, store;

    if (m.value == NULL)
        return;
    s->has_exchange = true;
    listen = member_get(&m, "listen");
    store = member_if(&m, "store");
    read_endpoint(&listen, &s->exchange.listen);
    read_store(&store, &s->exchange);
    config_read(&m, &s->exchange.config);
}

static void read_root(const struct member *root, struct settings *s)
{
    struct member party = member_get(root, "party");

    member_integer(root, "v", 1, 1);
    settings_id_read(&party, s->party);
    read_agreements(root, s);
    if (member_has(root, "listen")) {
        struct member listen = member_get(root, "listen");

        s->listens = true;
        read_endpoint(&listen, &s->listen);
    }
    if (member_has(root, "operators"))
        copy(member_line(root, "operators", SETTINGS_ID - 1), s->operators, SETTINGS_ID);
    read_addresses(root, s);
    if (member_has(root, "sample-mib"))
        s->sample_bytes = member_integer(root, "sample-mib", 1, SETTINGS_SAMPLE_MIB) << 20;
    read_sensors(root, s);
    read_lists(root, s);
    read_exchange(root, s);
    settings_remotes_read(root, s);
    member_only(root, "v", "party", "agreements", "listen", "operators", "addresses", "sensors",
                "sample-mib", "indicators", "lists", "exchange", "remotes", NULL);
}

static void tell(struct settings_error *error, struct bytes text, struct fault f,
                 const struct reader *in)
{
    if (error == NULL)
        return;
    *error = (struct settings_error){0};
    if (in == NULL) {
        error->line = text_line(text, f.at);
        copy(f.rule, error->why, sizeof error->why);
        return;
    }
    error->line = in->line;
    copy(in->path, error->member, sizeof error->member);
    copy(in->why, error->why, sizeof error->why);
}

struct fault settings_parse(struct bytes text, struct settings *out, struct settings_error *error)
{
    struct settings *s;
    struct reader in;
    struct member root;
    json_t *tree;
    struct fault f = json_read_indented(text, settings_limits, &tree);

    if (fault_is(f)) {
        tell(error, text, f, NULL);
        return f;
    }
    s = memory_zeroed(1, sizeof *s);
    in = reader_over(tree, "settings.md");
    root = member_root(&in);
    read_root(&root, s);
    if (reader_ok(&in))
        *out = *s;
    else
        tell(error, text, in.fault, &in);
    json_decref(tree);
    free(s);
    return in.fault;
}

/* The tree without what watch takes up while it works; NULL: it cannot be read. */
static json_t *without_lists(struct bytes text, json_t **whole)
{
    json_t *rest = NULL;

    *whole = NULL;
    if (fault_is(json_read_indented(text, settings_limits, whole)))
        return NULL;
    rest = json_copy(*whole);
    json_object_del(rest, "indicators");
    json_object_del(rest, "lists");
    return rest;
}

bool settings_differ_by_lists(struct bytes a, struct bytes b)
{
    json_t *one, *other, *rest = without_lists(a, &one), *others = without_lists(b, &other);
    bool is = rest != NULL && others != NULL && json_equal(rest, others) && !json_equal(one, other);

    json_decref(rest);
    json_decref(others);
    json_decref(one);
    json_decref(other);
    return is;
}

void settings_take_lists(struct settings *s, const struct settings *from)
{
    memcpy(s->indicators, from->indicators, sizeof s->indicators);
    memcpy(s->lists, from->lists, sizeof s->lists);
    s->indicator_count = from->indicator_count;
    s->list_count = from->list_count;
}

struct fault settings_resolve(const struct settings *s, const char *node, struct endpoint *out)
{
    for (size_t i = 0; i < s->address_count; i++)
        if (strcmp(s->addresses[i].node, node) == 0) {
            *out = s->addresses[i].address;
            return fault_none();
        }
    return endpoint_parse(bytes_text(node), out);
}
