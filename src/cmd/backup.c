/*
 * backup.c - parley backup create, check, restore.
 *
 * A backup is a folder like a node's own, and SHA256SUMS beside it, which sha256sum -c reads too.
 * It is made while the node runs: keeper's record first, then the ledger, then the stores, so that
 * each is at least as new as the one before, which is what a node meets that was cut off. What is
 * newer at the partner's he gives back at the start (docs/decisions, backup).
 *
 * Private keys are in it only if --with-keys says so.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "cmd/args.h"
#include "cmd/ask.h"
#include "cmd/backup_postgres.h"
#include "cmd/disk.h"
#include "cmd/held.h"
#include "cmd/node.h"
#include "cmd/run.h"
#include "crypto/digest.h"
#include "desk/desk.h"
#include "io/file.h"
#include "proc/settings.h"
#include "store/exchange_query.h"
#include "store/store.h"

enum {
    CHUNK = 1 << 18,
    DEPTH = 8,            /* folders in folders; a ledger's tiles have five */
    SUMS_MAX = 256 << 20, /* bytes of SHA256SUMS: a million files */
};

#define SUMS "SHA256SUMS"
#define DUMP "exchange.dump" /* of the exchange's PostgreSQL database, if it has one */

struct backup {
    const struct call *call;
    struct say *s;
    const char *from, *to;
    struct buf sums; /* of what was copied */
    size_t files, bytes;
    enum exit_code exit;
};

/* A path that is too long is one that is not there. */
static void join(char out[PATH_MAX], const char *folder, const char *name)
{
    if (snprintf(out, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX)
        out[0] = '\0';
}

static bool stop(struct backup *b, enum exit_code code)
{
    b->exit = code;
    return false;
}

static bool broken(struct backup *b, struct fault f, const char *path)
{
    return stop(b, disk_error(b->s, f, path));
}

/* ---- one file -----------------------------------------------------------------------------------
 */

static struct fault write_whole(int fd, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return fault_io("write");
        data += n;
        len -= (size_t)n;
    }
    return fault_none();
}

/* Copies what is there now; a file that grows meanwhile is cut where it was. `out` -1: only reads.
 */
static struct fault pour(int in, int out, struct digest_stream *digest, size_t *bytes)
{
    static uint8_t chunk[CHUNK];
    struct stat st;
    struct fault f = fstat(in, &st) == 0 ? fault_none() : fault_io("read");

    for (off_t left = st.st_size; left > 0 && !fault_is(f);) {
        ssize_t n = read(in, chunk, left < CHUNK ? (size_t)left : CHUNK);

        if (n <= 0)
            return n < 0 ? fault_io("read") : fault_none();
        digest_add(digest, bytes_of(chunk, (size_t)n));
        if (out >= 0)
            f = write_whole(out, chunk, (size_t)n);
        left -= n;
        *bytes += (size_t)n;
    }
    return f;
}

static struct fault file_digest(int in, int out, struct digest *digest, size_t *bytes)
{
    struct digest_stream stream = {0};
    struct fault f;

    digest_begin(&stream);
    f = pour(in, out, &stream, bytes);
    if (!fault_is(f))
        *digest = digest_end(&stream);
    digest_done(&stream);
    return f;
}

static void sums_add(struct backup *b, const struct digest *digest, const char *name)
{
    buf_hex(&b->sums, digest->byte, sizeof digest->byte);
    buf_print(&b->sums, "  %s\n", name);
    b->files++;
}

/* `name` is below both folders. One that went while we looked is not there. */
static bool copy_file(struct backup *b, const char *name)
{
    char from[PATH_MAX], to[PATH_MAX];
    struct digest digest;
    struct stat st;
    struct fault f;
    int in, out;

    join(from, b->from, name);
    join(to, b->to, name);
    in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (in < 0)
        return errno == ENOENT || broken(b, fault_io("open"), from);
    if (fstat(in, &st) != 0)
        st.st_mode = 0600;
    out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, st.st_mode & 0777);
    f = out < 0 ? fault_io("create") : file_digest(in, out, &digest, &b->bytes);
    if (!fault_is(f) && fsync(out) != 0)
        f = fault_io("sync");
    if (out >= 0)
        close(out);
    close(in);
    if (fault_is(f))
        return broken(b, f, to);
    sums_add(b, &digest, name);
    return true;
}

/* ---- a folder -----------------------------------------------------------------------------------
 */

static bool make_folder(struct backup *b, const char *name)
{
    char path[PATH_MAX];

    join(path, b->to, name);
    return mkdir(path, 0700) == 0 || errno == EEXIST || broken(b, fault_io("make"), path);
}

static bool copy_tree(struct backup *b, const char *name, unsigned depth);

static bool copy_entry(struct backup *b, const char *folder, const char *entry, unsigned depth)
{
    char name[PATH_MAX], path[PATH_MAX];
    struct stat st;

    join(name, folder, entry);
    join(path, b->from, name);
    if (lstat(path, &st) != 0)
        return true;
    if (S_ISDIR(st.st_mode))
        return copy_tree(b, name, depth + 1);
    return !S_ISREG(st.st_mode) || copy_file(b, name);
}

/* One that is not there is none. */
static bool copy_tree(struct backup *b, const char *name, unsigned depth)
{
    char path[PATH_MAX];
    struct dirent *e;
    bool good = true;
    DIR *d;

    join(path, b->from, name);
    d = opendir(path);
    if (d == NULL)
        return errno == ENOENT || broken(b, fault_io("open"), path);
    if (depth > DEPTH)
        good = broken(b, fault_make(FAULT_LIMIT, DEPTH, "folders in folders"), path);
    good = good && make_folder(b, name);
    while (good && (e = readdir(d)) != NULL)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            good = copy_entry(b, name, e->d_name, depth);
    closedir(d);
    return good;
}

/* ---- the stores ---------------------------------------------------------------------------------
 */

/* A copy of a store is read whole once: better found now than when it is needed. */
static bool store_is_whole(struct backup *b, const struct schema *schema, const char *path)
{
    struct store *copy = NULL;
    struct fault f = store_open(&backend_sqlite, schema, path, STORE_SOLE, &copy);

    if (!fault_is(f))
        f = store_check(copy);
    store_close(copy);
    return !fault_is(f) || stop(b, say_error(b->s, EXIT_STORE, fault_word(f.kind), f.rule, NULL,
                                             "the store is not whole: %s", path));
}

static bool sum_of(struct backup *b, const char *name)
{
    char path[PATH_MAX];
    struct digest digest;
    struct fault f;
    int in;

    join(path, b->to, name);
    in = open(path, O_RDONLY | O_CLOEXEC);
    f = in < 0 ? fault_io("open") : file_digest(in, -1, &digest, &b->bytes);
    if (in >= 0)
        close(in);
    if (fault_is(f))
        return broken(b, f, path);
    sums_add(b, &digest, name);
    return true;
}

static bool copy_store(struct backup *b, const struct schema *schema, enum store_mode mode,
                       const char *name)
{
    char from[PATH_MAX], to[PATH_MAX];
    struct store *store = NULL;
    struct fault f;

    join(from, b->from, name);
    join(to, b->to, name);
    if (!disk_has(from))
        return true;
    f = store_open(&backend_sqlite, schema, from, mode, &store);
    if (!fault_is(f))
        f = store_backup(store, to);
    store_close(store);
    if (fault_is(f))
        return stop(b, say_error(b->s, EXIT_STORE, fault_word(f.kind), f.rule, NULL,
                                 "the store cannot be copied: %s", from));
    return store_is_whole(b, schema, to) && sum_of(b, name);
}

/* A node that runs has its store for itself: it makes the copy, and we take it. */
static bool take_desks_copy(struct backup *b)
{
    char from[PATH_MAX], to[PATH_MAX];
    struct backup taken = *b;
    bool good;

    taken.sums = (struct buf){0};
    good = copy_file(&taken, DESK_BACKUP);
    buf_done(&taken.sums);
    snprintf(from, sizeof from, "%s/" DESK_BACKUP, b->from);
    unlink(from);
    if (!good)
        return stop(b, taken.exit);
    snprintf(from, sizeof from, "%s/" DESK_BACKUP, b->to);
    snprintf(to, sizeof to, "%s/desk/parley.db", b->to);
    if (rename(from, to) != 0)
        return broken(b, fault_io("rename"), to);
    return store_is_whole(b, &schema_node, to) && sum_of(b, "desk/parley.db");
}

static bool copy_desk(struct backup *b)
{
    struct ask_answer a;
    bool good;

    if (!make_folder(b, "desk"))
        return false;
    ask_put(b->call, "backup", NULL, &a);
    if (a.tree != NULL)
        good = take_desks_copy(b);
    else if (strcmp(a.code, "not-running") == 0)
        good = copy_store(b, &schema_node, STORE_SOLE, "desk/parley.db");
    else
        good = stop(b, ask_error(b->s, &a));
    ask_done(&a);
    return good;
}

/* Its URI, if the exchange of this node's settings keeps PostgreSQL; else "". */
static struct fault server_of(const char *folder, char out[SETTINGS_PATH])
{
    struct settings *settings = memory_zeroed(1, sizeof *settings);
    struct fault f = held_settings_at(folder, settings);

    out[0] = '\0';
    if (!fault_is(f) && settings->has_exchange &&
        backend_of(settings->exchange.store) == &backend_postgres)
        snprintf(out, SETTINGS_PATH, "%s", settings->exchange.store);
    free(settings);
    return f;
}

static bool copy_server(struct backup *b)
{
    char uri[SETTINGS_PATH], path[PATH_MAX];
    struct fault f = server_of(b->from, uri);
    enum exit_code code;

    if (fault_is(f))
        return broken(b, f, "settings.json");
    if (uri[0] == '\0')
        return true;
    join(path, b->to, DUMP);
    code = backup_postgres_dump(b->s, uri, path);
    return code == EXIT_DONE ? sum_of(b, DUMP) : stop(b, code);
}

static bool copy_exchange(struct backup *b)
{
    return make_folder(b, "exchange") &&
           copy_store(b, &schema_exchange, STORE_SHARED, "exchange/parley.db") && copy_server(b);
}

/* ---- create -------------------------------------------------------------------------------------
 */

static bool write_sums(struct backup *b)
{
    char path[PATH_MAX];
    struct fault f;

    snprintf(path, sizeof path, "%s/" SUMS, b->to);
    f = disk_write_new(path, buf_view(&b->sums), 0600);
    if (!fault_is(f))
        f = file_sync_folder(b->to);
    return !fault_is(f) || broken(b, f, path);
}

static enum exit_code tell(struct backup *b, const char *what)
{
    if (b->s->json)
        say_json(b->s, json_pack("{s:s, s:s, s:I, s:I}", "done", what, "folder", b->to, "files",
                                 (json_int_t)b->files, "bytes", (json_int_t)b->bytes));
    else
        say_data(b->s, "%s: %s, %zu files, %zu bytes\n", b->to, what, b->files, b->bytes);
    buf_done(&b->sums);
    return b->exit;
}

enum exit_code backup_create(const struct call *call)
{
    struct backup b = {
        .call = call, .s = call->say, .from = node_find(call->args), .to = call->args->word[0]};

    if (!node_is_at(b.from))
        return say_error(b.s, EXIT_NOT_FOUND, "not-found", NULL,
                         "parley backup create DIR --node N", "no node lies in %s", b.from);
    if (mkdir(b.to, 0700) != 0)
        return disk_error(b.s, fault_io("make"), b.to);
    if (copy_file(&b, "settings.json") && copy_tree(&b, "keeper", 0) &&
        (!args_has(call->args, "--with-keys") || copy_tree(&b, "keys", 0)) &&
        copy_tree(&b, "ledger", 0) && copy_tree(&b, "agreements", 0) && copy_desk(&b) &&
        copy_exchange(&b) && write_sums(&b))
        return tell(&b, "backed up");
    buf_done(&b.sums);
    say_note(b.s, "what was copied so far stays in %s and is no backup\n", b.to);
    return b.exit;
}

/* ---- check --------------------------------------------------------------------------------------
 */

/* "HEX  NAME": the file is there with these bytes. */
static bool check_line(struct backup *b, struct bytes line)
{
    char name[PATH_MAX], path[PATH_MAX];
    uint8_t want[32];
    struct digest found;
    struct fault f;
    int in;

    if (line.len < 67 || !hex_read(bytes_of(line.data, 64), want, sizeof want) ||
        !bytes_to_text(bytes_of(line.data + 66, line.len - 66), name, sizeof name) ||
        name[0] == '/' || strstr(name, "..") != NULL)
        return stop(b, say_error(b->s, EXIT_FORGED, "syntax", NULL, NULL, SUMS " is damaged"));
    join(path, b->from, name);
    in = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    f = in < 0 ? fault_io("open") : file_digest(in, -1, &found, &b->bytes);
    if (in >= 0)
        close(in);
    if (fault_is(f))
        return broken(b, f, path);
    b->files++;
    return memcmp(found.byte, want, sizeof want) == 0 ||
           stop(b,
                say_error(b->s, EXIT_FORGED, "altered", "its SHA-256 is another than " SUMS " has",
                          NULL, "altered: %s", path));
}

/* The names, for who copies them. */
static bool check_all(struct backup *b, struct buf *sums)
{
    char path[PATH_MAX];
    struct fault f;

    snprintf(path, sizeof path, "%s/" SUMS, b->from);
    f = disk_read(path, SUMS_MAX, sums);
    if (fault_is(f))
        return broken(b, f, path);
    for (size_t at = 0; at < sums->len;) {
        const uint8_t *end = memchr(sums->data + at, '\n', sums->len - at);
        size_t len = end == NULL ? sums->len - at : (size_t)(end - sums->data) - at;

        if (!check_line(b, bytes_of(sums->data + at, len)))
            return false;
        at += len + 1;
    }
    return true;
}

enum exit_code backup_check(const struct call *call)
{
    struct backup b = {.call = call, .s = call->say, .from = call->args->word[0]};
    struct buf sums = {0};
    bool good = check_all(&b, &sums);
    char path[PATH_MAX];

    b.to = b.from;
    buf_done(&sums);
    join(path, b.from, DUMP);
    if (good && disk_has(path)) {
        b.exit = backup_postgres_check(b.s, path);
        good = b.exit == EXIT_DONE;
    }
    return good ? tell(&b, "whole") : b.exit;
}

/* ---- restore ------------------------------------------------------------------------------------
 */

static bool restore_all(struct backup *b)
{
    static const char *const folders[] = {"keeper",     "keys", "ledger",
                                          "agreements", "desk", "exchange"};
    bool good = copy_file(b, "settings.json");

    for (size_t i = 0; good && i < sizeof folders / sizeof folders[0]; i++)
        good = make_folder(b, folders[i]) && copy_tree(b, folders[i], 0);
    return good;
}

static bool restore_server(struct backup *b)
{
    char uri[SETTINGS_PATH], path[PATH_MAX];
    struct fault f = server_of(b->from, uri);

    join(path, b->from, DUMP);
    if (fault_is(f))
        return broken(b, f, "settings.json");
    if (uri[0] == '\0' || !disk_has(path))
        return true;
    b->exit = backup_postgres_restore(b->s, uri, path);
    return b->exit == EXIT_DONE;
}

enum exit_code backup_restore(const struct call *call)
{
    struct backup b = {.call = call,
                       .s = call->say,
                       .from = call->args->word[0],
                       .to = args_value(call->args, "--node")};
    char path[PATH_MAX];
    struct buf sums = {0};
    bool good;

    if (b.to == NULL)
        return say_error(b.s, EXIT_USAGE, "usage", "nothing is ever written over",
                         call->command->example, "--node, the new node's directory, is missing");
    good = check_all(&b, &sums);
    buf_done(&sums);
    if (!good)
        return b.exit;
    if (mkdir(b.to, 0700) != 0)
        return disk_error(b.s, fault_io("make"), b.to);
    b.files = b.bytes = 0;
    if (!restore_all(&b) || !restore_server(&b)) {
        buf_done(&b.sums);
        return b.exit;
    }
    join(path, b.to, "keys/log.pem");
    if (!disk_has(path))
        say_note(b.s, "the backup has no private keys: put yours into %s/keys\n", b.to);
    say_note(
        b.s,
        "next: parley serve --node %s\n"
        "  what was said after the backup comes back from the partner: say nothing new before\n",
        b.to);
    return tell(&b, "restored");
}
