/*
 * init.c - parley init: a node's directory from an agreement that both parties signed, as
 * docs/settings.md lays it out.
 *
 * Everything is written into DIR.new and renamed once it is whole: there is never half a node.
 */
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/answer.h"
#include "cmd/args.h"
#include "cmd/disk.h"
#include "cmd/keyfile.h"
#include "cmd/node.h"
#include "cmd/placed.h"
#include "cmd/rooted.h"
#include "cmd/run.h"
#include "io/file.h"
#include "keeper/pins.h"
#include "ledger/roles.h"
#include "proc/settings.h"
#include "tls/identity.h"
#include "json/profile.h"

struct init {
    const struct call *call;
    struct say *s;
    const char *folder;
    char making[PATH_MAX];
    struct placed placed;
    const struct agreement *a; /* of `placed` */
    const struct party *party; /* of `placed` */
    struct init_key {
        struct secret *secret; /* owned; NULL for ROLE_NONE */
        struct buf file;       /* what goes into keys/ */
    } role[ROLE_COUNT][AGREEMENT_SUITES];
    struct buf tls_key, tls_certificate;
    struct buf settings, pins;
    enum exit_code exit;
};

static bool stop(struct init *i, enum exit_code code)
{
    i->exit = code;
    return false;
}

/* ---- what is given must fit ---- */

static bool check_party(struct init *i)
{
    if (!placed_read(&i->placed, args_value(i->call->args, "--as")))
        return stop(i, i->placed.exit);
    i->a = i->placed.a;
    i->party = i->placed.party;
    return true;
}

static bool read_flag_file(struct init *i, const char *flag, struct buf *out)
{
    const char *path = args_value(i->call->args, flag);
    struct fault f;

    if (path == NULL)
        return stop(i, say_error(i->s, EXIT_USAGE, "usage", "the node's end of the hotline",
                                 "parley key new --tls tls", "%s FILE is missing", flag));
    f = disk_read(path, TLS_PEM, out);
    return !fault_is(f) || stop(i, disk_error(i->s, f, path));
}

static bool check_channel(struct init *i)
{
    uint8_t pin[TLS_PIN], own[TLS_PIN];
    struct fault f;

    if (!read_flag_file(i, "--tls-key", &i->tls_key) ||
        !read_flag_file(i, "--tls-cert", &i->tls_certificate))
        return false;
    f = tls_pin(buf_view(&i->tls_certificate), pin);
    if (!fault_is(f))
        f = tls_pin_of_key(buf_view(&i->tls_key), own);
    if (fault_is(f))
        return stop(i, say_error(i->s, EXIT_FAILED, fault_word(f.kind), f.rule,
                                 "parley key new --tls tls", "the channel key cannot be used"));
    if (memcmp(pin, own, TLS_PIN) != 0)
        return stop(i, say_error(i->s, EXIT_REFUSED, "mismatch", NULL, NULL,
                                 "the channel key is not the certificate's"));
    if (!placed_channel(&i->placed, buf_view(&i->tls_certificate)))
        return stop(i, i->placed.exit);
    return true;
}

static int any_name(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static bool is_empty(const char *folder)
{
    struct dirent **found = NULL;
    int n = scandir(folder, &found, any_name, NULL);

    for (int k = 0; k < n; k++)
        free(found[k]);
    free(found);
    return n == 0;
}

static bool check_folder(struct init *i)
{
    i->folder = args_value(i->call->args, "--node");
    if (i->folder == NULL)
        i->folder = getenv("PARLEY_NODE");
    if (i->folder == NULL || i->folder[0] == '\0')
        i->folder = NODE_DEFAULT;
    if ((size_t)snprintf(i->making, sizeof i->making, "%s.new", i->folder) >= sizeof i->making)
        return stop(i, say_error(i->s, EXIT_USAGE, "usage", NULL, NULL, "the path is too long"));
    if (disk_has(i->folder) && !is_empty(i->folder)) /* an empty one is renamed over */
        return stop(i, say_error(i->s, EXIT_FAILED, "exists",
                                 node_is_at(i->folder) ? "a node lies there" : "it is not empty",
                                 "--node with another folder", "%s is there already", i->folder));
    return true;
}

/* ---- what is made ---- */

/* ROLE=FILE of --role-key: a key that is there already, in a PEM or in a token. */
static bool take_role_key(struct init *i, const char *text)
{
    const char *equals = strchr(text, '=');
    struct init_key *to = NULL;
    struct secret *key;

    for (unsigned role = ROLE_NONE + 1; role < ROLE_COUNT && equals != NULL; role++)
        if (bytes_is(bytes_of(text, (size_t)(equals - text)), role_name((enum role)role)))
            to = i->role[role];
    if (to == NULL)
        return stop(i, say_error(i->s, EXIT_USAGE, "usage", "roles are log, cosign and hello",
                                 "--role-key log=FILE", "no role and file: %s", text));
    key = keyfile_open(i->s, equals + 1, args_value(i->call->args, "--passphrase-file"), &i->exit);
    if (key == NULL)
        return false;
    for (size_t n = 0; n < i->a->suite_count; n++)
        if (strcmp(i->a->suites[n], suite_name(secret_suite(key))) == 0 && to[n].secret == NULL) {
            struct fault f = disk_read(equals + 1, SECRET_PEM_MAX, &to[n].file);

            to[n].secret = key;
            return !fault_is(f) || stop(i, disk_error(i->s, f, equals + 1));
        }
    stop(i,
         say_error(i->s, EXIT_USAGE, "usage", "a role has one key of each suite of the agreement",
                   NULL, "%s is one too many, of suite %s", text, suite_name(secret_suite(key))));
    secret_free(key);
    return false;
}

static bool make_role(struct init *i, struct init_key *to, const char *suite)
{
    struct fault f;

    if (to->secret != NULL)
        return true;
    f = secret_new(suite_find(bytes_text(suite)), &to->secret);
    if (!fault_is(f))
        f = secret_write_pem(to->secret, bytes_of(NULL, 0), &to->file);
    return !fault_is(f) ||
           stop(i, say_error(i->s, EXIT_CANNOT_TELL, "unknown-suite", f.rule, "parley key suites",
                             "no key of suite %s can be made", suite));
}

static bool make_roles(struct init *i)
{
    const char *given;

    for (size_t n = 0; (given = args_many(i->call->args, "--role-key", n)) != NULL; n++)
        if (!take_role_key(i, given))
            return false;
    for (unsigned role = ROLE_NONE + 1; role < ROLE_COUNT; role++)
        for (size_t n = 0; n < i->a->suite_count; n++)
            if (!make_role(i, &i->role[role][n], i->a->suites[n]))
                return false;
    return true;
}

static bool make_genesis(struct init *i)
{
    struct placed_key keys[ROLE_COUNT * AGREEMENT_SUITES];
    size_t count = 0;

    for (unsigned role = ROLE_NONE + 1; role < ROLE_COUNT; role++)
        for (size_t n = 0; n < i->a->suite_count; n++) {
            const struct secret *secret = i->role[role][n].secret;

            keys[count++] =
                (struct placed_key){(enum role)role, secret_suite(secret), secret_public(secret)};
        }
    if (!placed_genesis(&i->placed, keys, count))
        return stop(i, i->placed.exit);
    pins_write(&i->a, 1, &i->pins);
    return true;
}

/* What is no file: the node calls or is called there (docs/settings.md). */
static bool is_no_file(const char *path)
{
    return strcmp(path, "-") == 0 || strncmp(path, "udp:", 4) == 0 ||
           strncmp(path, "unix:", 5) == 0 || strncmp(path, "unix-dgram:", 11) == 0;
}

/* NAME=PATH[:follow|once], a file's path made absolute. NULL: it is none. */
static json_t *sensor_of(const char *text)
{
    const char *equals = strchr(text, '=');
    char *path = equals != NULL ? memory_text(equals + 1, strlen(equals + 1)) : NULL;
    char *mode = path != NULL ? strrchr(path, ':') : NULL, *name, *full;
    bool follow = true;
    json_t *sensor = NULL;

    if (mode != NULL && (strcmp(mode, ":once") == 0 || strcmp(mode, ":follow") == 0)) {
        follow = strcmp(mode, ":follow") == 0;
        *mode = '\0';
    }
    full = path != NULL && path[0] != '\0' ? realpath(path, NULL) : NULL;
    if (equals != NULL && (full != NULL || path[0] == '/' || is_no_file(path))) {
        name = memory_text(text, (size_t)(equals - text));
        sensor =
            json_pack("{ss,ss,ss,sb}", "name", name, "path", full != NULL ? full : path, "format",
                      strncmp(path, "udp:", 4) == 0 ? "netflow" : "auto", "follow", follow);
        free(name);
    }
    free(full);
    free(path);
    return sensor;
}

/* As the node will read them: what it would refuse is refused here. */
static bool settings_are_good(struct init *i, const json_t *tree)
{
    struct settings *read = memory_zeroed(1, sizeof *read);
    struct settings_error error = {.line = 0};
    struct fault f = json_check(tree);

    if (!fault_is(f)) {
        json_indented(tree, &i->settings);
        f = settings_parse(buf_view(&i->settings), read, &error);
    }
    free(read);
    return !fault_is(f) ||
           stop(i,
                say_error(i->s, EXIT_USAGE, "usage", error.why[0] != '\0' ? error.why : f.rule,
                          "parley init --help", "the settings would be wrong: %s", error.member));
}

static bool make_settings(struct init *i)
{
    const struct args *args = i->call->args;
    const char *listen = args_value(args, "--listen"), *sensor;
    json_t *sensors = json_array();
    json_t *tree = json_pack("{si,ss,s[s],so}", "v", 1, "party", i->party->id, "agreements",
                             i->a->id, "sensors", sensors);
    bool good = true;

    if (listen != NULL)
        json_object_set_new(tree, "listen", json_string(listen));
    if (args_value(args, "--operators") != NULL)
        json_object_set_new(tree, "operators", json_string(args_value(args, "--operators")));
    for (size_t k = 0; good && (sensor = args_many(args, "--sensor", k)) != NULL; k++) {
        json_t *item = sensor_of(sensor);
        if (item != NULL)
            json_array_append_new(sensors, item);
        else
            good = stop(i, say_error(i->s, EXIT_USAGE, "usage",
                                     "it is NAME=PATH, or no file is at a relative PATH",
                                     "--sensor eve=/var/log/suricata/eve.json:follow",
                                     "no sensor: %s", sensor));
    }
    good = good && settings_are_good(i, tree);
    json_decref(tree);
    return good;
}

/* ---- writing ---- */

static bool put(struct init *i, const char *name, struct bytes content, mode_t mode)
{
    struct buf path = {0};
    struct fault f;

    buf_print(&path, "%s/%s", i->making, name);
    f = disk_write_new(buf_str(&path), content, mode);
    if (fault_is(f))
        stop(i, disk_error(i->s, f, buf_str(&path)));
    buf_done(&path);
    return !fault_is(f);
}

static bool put_folder(struct init *i, const char *name)
{
    struct buf path = {0};
    bool good;

    buf_print(&path, "%s/%s", i->making, name);
    good = mkdir(buf_str(&path), 0700) == 0;
    if (!good)
        stop(i, disk_error(i->s, fault_io("create"), buf_str(&path)));
    buf_done(&path);
    return good;
}

static bool put_role(struct init *i, enum role role, const struct init_key *key)
{
    struct buf line = {0};
    char name[64 + SUITE_NAME], public[sizeof name + 4];
    bool good;

    role_key_path(role, secret_suite(key->secret), name, sizeof name);
    snprintf(public, sizeof public, "%s.pub", name);
    keyfile_public_line(key->secret, &line);
    good = put(i, name, buf_view(&key->file), 0600) && put(i, public, buf_view(&line), 0644);
    buf_done(&line);
    return good;
}

static bool put_all(struct init *i)
{
    static const char *const folders[] = {"agreements", "keys", "keeper", "desk", "ledger"};
    char folder[PATH_MAX + 128];

    for (size_t k = 0; k < sizeof folders / sizeof folders[0]; k++)
        if (!put_folder(i, folders[k]))
            return false;
    for (unsigned role = ROLE_NONE + 1; role < ROLE_COUNT; role++)
        for (size_t n = 0; n < i->a->suite_count; n++)
            if (!put_role(i, (enum role)role, &i->role[role][n]))
                return false;
    snprintf(folder, sizeof folder, "%s/agreements/%s", i->making, i->a->id);
    if (!placed_write(&i->placed, folder))
        return stop(i, i->placed.exit);
    return put(i, "keys/tls.key.pem", buf_view(&i->tls_key), 0600) &&
           put(i, "keys/tls.cert.pem", buf_view(&i->tls_certificate), 0644) &&
           put(i, "keeper/roots.json", buf_view(&i->pins), 0600) &&
           put(i, "settings.json", buf_view(&i->settings), 0644);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st, (void)type, (void)at;
    return remove(path);
}

static bool write_node(struct init *i)
{
    char above[PATH_MAX];
    char *slash;
    struct fault f;

    if (mkdir(i->making, 0700) != 0)
        return stop(
            i, errno == EEXIST
                   ? say_error(i->s, EXIT_FAILED, "exists", "an init was cut off, or is at work",
                               "remove it if none is at work", "%s is there already", i->making)
                   : disk_error(i->s, fault_io("create"), i->making));
    if (!put_all(i)) {
        (void)nftw(i->making, remove_one, 8, FTW_DEPTH | FTW_PHYS);
        return false;
    }
    if (rename(i->making, i->folder) != 0)
        return stop(i, disk_error(i->s, fault_io("rename"), i->folder));
    snprintf(above, sizeof above, "%s", i->folder);
    slash = strrchr(above, '/');
    if (slash != NULL)
        slash[slash == above] = '\0';
    f = file_sync_folder(slash != NULL ? above : ".");
    return !fault_is(f) || stop(i, disk_error(i->s, f, i->folder));
}

/* ---- telling ---- */

static void tell_key(struct say *s, const char *head, const char *suite, struct bytes key)
{
    char fingerprint[FINGERPRINT_TEXT];

    fingerprint_write(suite_key_id(suite_find(bytes_text(suite)), key), fingerprint);
    say_data(s, "%-11s %s %s\n", head, suite, fingerprint);
}

static void tell_party(struct say *s, const char *whose, const struct party *p)
{
    char *id = say_outside(s, p->id);

    say_data(s, "%-11s %s\n", whose, id);
    for (size_t k = 0; k < p->root_count; k++)
        tell_key(s, "  root", p->roots[k].suite, bytes_of(p->roots[k].key, p->roots[k].key_len));
    free(id);
}

static enum exit_code tell(const struct init *i, bool dry)
{
    struct buf line = {0};

    if (i->s->json) {
        json_t *a =
            json_pack("{ss,ss,sI,ss,sb}", "node", i->folder, "agreement", i->a->id, "version",
                      (json_int_t)i->a->version, "party", i->party->id, "dry", dry);
        say_json(i->s, a);
        return EXIT_DONE;
    }
    buf_print(&line, "%s version %u, \"%s\"", i->a->id, i->a->version, i->a->title);
    answer_row(i->s, "agreement", buf_str(&line));
    tell_party(i->s, "we are", i->party);
    for (unsigned role = ROLE_NONE + 1; role < ROLE_COUNT; role++)
        for (size_t n = 0; n < i->a->suite_count; n++)
            tell_key(i->s, role_name((enum role)role), i->a->suites[n],
                     secret_public(i->role[role][n].secret));
    tell_party(i->s, "partner", agreement_other(i->a, i->party));
    answer_row(i->s, dry ? "would make" : "node", i->folder);
    if (dry)
        say_data(i->s, "-- settings.json --\n%s", buf_str((struct buf *)(uintptr_t)&i->settings));
    else
        say_note(i->s,
                 "Compare the root fingerprints with your partner by telephone, then:\n"
                 "  parley serve --node %s\n"
                 "  parley officer add NAME --role drafter,releaser --key FILE --root-key FILE\n",
                 i->folder);
    buf_done(&line);
    return EXIT_DONE;
}

static void init_done(struct init *i)
{
    for (unsigned role = 0; role < ROLE_COUNT; role++)
        for (size_t n = 0; n < AGREEMENT_SUITES; n++) {
            secret_free(i->role[role][n].secret);
            buf_wipe(&i->role[role][n].file);
        }
    placed_done(&i->placed);
    buf_wipe(&i->tls_key);
    buf_done(&i->tls_certificate);
    buf_done(&i->settings);
    buf_done(&i->pins);
}

enum exit_code init_run(const struct call *call)
{
    struct init i = {.call = call,
                     .s = call->say,
                     .placed = {.call = call, .s = call->say, .path = call->args->word[0]}};
    bool dry = args_has(call->args, "--dry-run");

    if (check_party(&i) && check_channel(&i) && check_folder(&i) && make_roles(&i) &&
        make_settings(&i) && make_genesis(&i) && (dry || write_node(&i)))
        i.exit = tell(&i, dry);
    init_done(&i);
    return i.exit;
}
