/*
 * push.c - parley collection push: objects of a person's files to a foreign collection.
 *
 * Release before anything is sent: only a server that the settings name (`remotes`) is sent to. To
 * one of our own goes what is technical (R1) and not marked above --tlp; to a partner's what a
 * SHARE released to him, byte for byte (docs/decisions/0017-where-push-may-go.md). A file goes in
 * envelopes of what the server takes; a status is asked for until it is complete, and every object
 * that failed is named. Sending again is harmless: TAXII 2.1 section 5.5 counts an object that is
 * there as a success.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "cmd/args.h"
#include "cmd/ask.h"
#include "cmd/collection.h"
#include "cmd/disk.h"
#include "cmd/held.h"
#include "cmd/run.h"
#include "cmd/say.h"
#include "crypto/digest.h"
#include "exchange/marked.h"
#include "exchange/outbox.h"
#include "proc/settings_remote.h"

enum {
    PUSH_FILE = FOREIGN_MAX, /* a bundle that is larger is split by whoever made it */
    PUSH_OBJECTS = 500,      /* in one envelope */
    PUSH_CONTENT = 1 << 20,  /* bytes of one, where the server says nothing else */
    PUSH_WAIT = 60,
    PUSH_WAIT_MOST = 3600,
};

struct pushing {
    const struct call *call;
    struct remote remote;
    struct settings *settings;
    const struct settings_remote *to;
    json_t *released; /* of a file, by digest, how high; NULL where the server is our own */
    const char *root;
    char url[REMOTE_URL]; /* of the collection's objects */
    size_t content;       /* what the root takes */
    enum tlp most;
    unsigned wait;
    uint64_t sent, failed, pending;
};

/* ---- may it leave? -----------------------------------------------------------------------------
 */

static void digest_write(const struct judged_object *o, char out[64])
{
    struct digest digest = digest_of(o->body);

    base64_write(digest.byte, sizeof digest.byte, out);
}

/* Desk knows what was released, with an exchange beside it or without. */
static enum exit_code ask_released(struct pushing *p, const struct judged *j)
{
    json_t *list = json_array(), *a;
    enum exit_code code = EXIT_DONE;
    char digest[64];

    for (size_t i = 0; i < j->count; i++) {
        digest_write(&j->list[i], digest);
        json_array_append_new(list, json_string(digest));
    }
    a = ask_node(p->call, "share.released",
                 json_pack("{s:s, s:o}", "agreement", p->to->agreement, "objects", list), &code);
    json_decref(p->released);
    p->released = json_incref(json_object_get(a, "released"));
    json_decref(a);
    return code;
}

/* NULL: a SHARE of ours to that partner holds these bytes, and its marking theirs. */
static const char *not_released(const struct pushing *p, const struct judged_object *o)
{
    const char *most;
    char digest[64];

    digest_write(o, digest);
    most = json_string_value(json_object_get(p->released, digest));
    if (most == NULL)
        return "release: no SHARE to this partner holds these bytes";
    return o->object.tlp > tlp_parse(bytes_text(most)) ? "release: marked above what was released"
                                                       : NULL;
}

/* NULL: it may leave. `said` is room for what is wrong. */
static const char *wrong_with(const struct pushing *p, const struct judged_object *o,
                              char said[OBJECT_SAID])
{
    if (fault_is(o->fault)) {
        object_error_say(&o->error, said);
        return said;
    }
    if (!o->object.technical)
        return "R1: not a type of technical object that the parties exchange";
    if (p->to->agreement[0] != '\0')
        return not_released(p, o);
    if (o->object.tlp > p->most)
        return "marking: above --tlp";
    if (o->object.tlp == TLP_NONE)
        return "marking: none, and nobody has decided that it is free";
    return NULL;
}

static enum exit_code check(struct pushing *p, const char *path, struct judged *j)
{
    bool theirs = p->to->agreement[0] != '\0';
    enum exit_code code = theirs ? ask_released(p, j) : EXIT_DONE;

    if (code != EXIT_DONE)
        return code;
    marked_all(&p->settings->exchange.config, NULL, j);
    for (size_t i = 0; i < j->count; i++) {
        const struct judged_object *o = &j->list[i];
        char said[OBJECT_SAID];
        const char *wrong = wrong_with(p, o, said);

        if (wrong != NULL)
            return say_error(p->call->say, EXIT_REFUSED, "refused", wrong,
                             theirs ? "parley share FILE --officer NAME, then again"
                                    : "leave it out of the file, or mark it",
                             "object %zu of %s does not leave: %s", i + 1, path,
                             fault_is(o->fault) ? o->error.id : o->object.id);
    }
    return EXIT_DONE;
}

/* ---- what became of it --------------------------------------------------------------------------
 */

static uint64_t number(const struct foreign *f, size_t head)
{
    uint64_t n = 0;

    (void)decimal_read(bytes_text(f->head[head]), UINT32_MAX, &n);
    return n;
}

static void count_status(struct pushing *p, const struct foreign *f)
{
    p->failed += number(f, 4);
    for (size_t i = 0; i < f->rows; i++)
        say_note(p->call->say, "not taken: %s: %s\n", foreign_cell(f, i, 0), foreign_cell(f, i, 2));
}

static enum exit_code ask_status(struct pushing *p, const char *id, struct remote_answer *out)
{
    const char *slash = p->root[strlen(p->root) - 1] == '/' ? "" : "/";
    char url[REMOTE_URL];
    struct fault f;

    if (!uuid_is_good(bytes_text(id)) ||
        snprintf(url, sizeof url, "%s%sstatus/%s/", p->root, slash, id) >= (int)sizeof url)
        return say_error(p->call->say, EXIT_CANNOT_TELL, "bad-answer",
                         "TAXII 2.1 section 4.3.1: the id of a status is a UUID", NULL,
                         "what became of it cannot be asked");
    f = remote_ask(&p->remote, "GET", url, bytes_of("", 0), FOREIGN_STATUS, out);
    if (fault_is(f))
        return remote_died(p->call->say, f);
    return out->http.trouble == FETCH_GOOD && out->http.status == 200 && !fault_is(out->read.fault)
               ? EXIT_DONE
               : remote_error(p->call->say, url, out);
}

/* Until it is complete, or our patience ends. */
static enum exit_code follow(struct pushing *p, const struct foreign *first)
{
    char id[40], state[32];
    enum exit_code code = EXIT_DONE;

    snprintf(id, sizeof id, "%.39s", first->head[0]);
    snprintf(state, sizeof state, "%.31s", first->head[1]);
    if (strcmp(state, "complete") == 0) {
        count_status(p, first);
        return code;
    }
    for (unsigned waited = 0; code == EXIT_DONE && waited <= p->wait; waited++) {
        struct remote_answer a = {.typed = false};

        sleep(waited > 0 ? 1 : 0);
        code = ask_status(p, id, &a);
        snprintf(state, sizeof state, "%.31s", code == EXIT_DONE ? a.read.head[1] : "");
        if (strcmp(state, "complete") == 0)
            count_status(p, &a.read);
        else if (code == EXIT_DONE && waited == p->wait)
            p->pending += number(&a.read, 5);
        remote_answer_done(&a);
        if (strcmp(state, "complete") == 0)
            break;
    }
    return code;
}

/* ---- sending -----------------------------------------------------------------------------------
 */

static enum exit_code post(struct pushing *p, const struct buf *envelope)
{
    struct remote_answer a = {.typed = false};
    struct fault f = remote_ask(&p->remote, "POST", p->url, buf_view(envelope), FOREIGN_STATUS, &a);
    enum exit_code code;

    if (fault_is(f))
        code = remote_died(p->call->say, f);
    else if (a.http.trouble != FETCH_GOOD || a.http.status / 100 != 2 || fault_is(a.read.fault))
        code = remote_error(p->call->say, p->url, &a);
    else
        code = follow(p, &a.read);
    if (code == EXIT_DONE && a.http.status != 202)
        say_note(p->call->say, "note: it answers %u to a POST, not 202\n", a.http.status);
    remote_answer_done(&a);
    return code;
}

/* As many of the objects from `from` as one envelope takes. */
static size_t envelope_write(const struct pushing *p, const struct judged *j, size_t from,
                             struct buf *out)
{
    size_t i = from;

    buf_text(out, "{\"objects\":[");
    while (i < j->count && i - from < PUSH_OBJECTS &&
           (i == from || out->len + j->list[i].body.len + 3 <= p->content)) {
        if (i > from)
            buf_byte(out, ',');
        buf_bytes(out, j->list[i++].body);
    }
    buf_text(out, "]}");
    return i;
}

static enum exit_code send(struct pushing *p, const struct judged *j)
{
    enum exit_code code = EXIT_DONE;

    for (size_t i = 0, next; code == EXIT_DONE && i < j->count; i = next) {
        struct buf envelope = {0};

        next = envelope_write(p, j, i, &envelope);
        if (!args_has(p->call->args, "--dry-run"))
            code = post(p, &envelope);
        if (code == EXIT_DONE)
            p->sent += next - i;
        buf_done(&envelope);
    }
    return code;
}

static enum exit_code push_text(struct pushing *p, const char *path, struct bytes text)
{
    struct foreign read = {.rows = 0};
    enum exit_code code;
    struct fault f = remote_read(&p->remote, FOREIGN_ENVELOPE, text, &read);

    if (fault_is(f))
        code = remote_died(p->call->say, f);
    else if (fault_is(read.fault))
        code = say_error(p->call->say, EXIT_FAILED, fault_word(read.fault.kind), read.fault.rule,
                         NULL, "%s is no bundle and no envelope: byte %zu", path, read.fault.at);
    else
        code = check(p, path, &read.judged);
    if (code == EXIT_DONE)
        code = send(p, &read.judged);
    foreign_done(&read);
    return code;
}

static enum exit_code push_file(struct pushing *p, const char *path)
{
    struct buf text = {0};
    struct fault f = disk_read(path, PUSH_FILE, &text);
    enum exit_code code =
        fault_is(f) ? disk_error(p->call->say, f, path) : push_text(p, path, buf_view(&text));

    buf_done(&text);
    return code;
}

/* ---- what waits for its release (outbox.h) -----------------------------------------------------
 */

static enum exit_code push_one(struct pushing *p, struct store *s, const struct outbox_object *o)
{
    struct buf text = {0};
    uint64_t failed = p->failed;
    enum exit_code code;
    struct fault f = fault_none();

    buf_print(&text, "{\"objects\":[%.*s]}", (int)o->body.len, (const char *)o->body.data);
    code = push_text(p, o->row.id, buf_view(&text));
    buf_done(&text);
    if (code == EXIT_DONE && p->failed == failed && !args_has(p->call->args, "--dry-run"))
        f = outbox_drop(s, o);
    return fault_is(f) ? held_error(p->call->say, f) : code;
}

/* One that is not released yet stays, and is said; the others go. */
static enum exit_code push_waiting(struct pushing *p, struct store *s, struct outbox_object *list,
                                   size_t count)
{
    enum exit_code code = EXIT_DONE;

    for (size_t i = 0; i < count && (code == EXIT_DONE || code == EXIT_REFUSED); i++) {
        enum exit_code one = push_one(p, s, &list[i]);

        code = one == EXIT_DONE ? code : one;
    }
    return code;
}

static enum exit_code push_outbox(struct pushing *p)
{
    struct outbox_object *list = memory_zeroed(OUTBOX_STEP, sizeof *list);
    struct instant after = {INT64_MIN};
    size_t count = OUTBOX_STEP;
    struct store *store = NULL;
    enum exit_code code = held_open(p->call, false, &store), one;

    while (count == OUTBOX_STEP && (code == EXIT_DONE || code == EXIT_REFUSED)) {
        struct fault f = outbox_list(store, p->to->agreement, after, list, &count);

        one = fault_is(f) ? held_error(p->call->say, f) : push_waiting(p, store, list, count);
        code = one == EXIT_DONE ? code : one;
        for (size_t i = 0; i < count; i++) {
            after = list[i].row.added;
            buf_done(&list[i].body);
        }
    }
    store_close(store);
    free(list);
    return code;
}

/* How much the root takes at once. */
static enum exit_code ask_root(struct pushing *p)
{
    struct remote_answer a = {.typed = false};
    enum exit_code code = EXIT_DONE;
    char url[REMOTE_URL];
    uint64_t n = 0;
    struct fault f;

    if (!remote_join(&p->remote, p->root, url))
        snprintf(url, sizeof url, "%s", p->root);
    f = remote_ask(&p->remote, "GET", url, bytes_of("", 0), FOREIGN_ROOT, &a);
    if (fault_is(f))
        code = remote_died(p->call->say, f);
    else if (a.http.trouble != FETCH_GOOD || a.http.status != 200 || fault_is(a.read.fault))
        code = remote_error(p->call->say, url, &a);
    else
        n = number(&a.read, 2);
    p->content = n == 0 ? PUSH_CONTENT : n > FOREIGN_MAX ? FOREIGN_MAX : (size_t)n;
    remote_answer_done(&a);
    return code;
}

static enum exit_code say_result(const struct pushing *p)
{
    if (p->call->say->json)
        say_json(p->call->say,
                 json_pack("{ss sI sI sI}", "collection", p->url, "sent", (json_int_t)p->sent,
                           "failed", (json_int_t)p->failed, "pending", (json_int_t)p->pending));
    else
        say_data(p->call->say, "%llu sent, %llu not taken, %llu pending\n",
                 (unsigned long long)p->sent, (unsigned long long)p->failed,
                 (unsigned long long)p->pending);
    return p->failed > 0 ? EXIT_REFUSED : p->pending > 0 ? EXIT_QUEUED : EXIT_DONE;
}

/* Whose is it? Who is in no settings gets nothing. */
static enum exit_code find_server(struct pushing *p)
{
    const char *where = p->call->args->word[0];
    enum exit_code code = held_settings(p->call, p->settings);

    if (code != EXIT_DONE)
        return code;
    p->to = settings_remote(p->settings, where);
    if (p->to == NULL)
        return say_error(p->call->say, EXIT_REFUSED, "refused",
                         "nothing is sent to a server that the node's settings do not name",
                         "parley remote add NAME URL, with --agreement ID if it is the partner's",
                         "%s is nobody's that we know", where);
    if (p->call->args->words == 2 && p->to->agreement[0] == '\0')
        return say_error(p->call->say, EXIT_USAGE, "usage",
                         "only what an officer releases to a partner waits by itself",
                         p->call->command->example, "no FILE is given, and %s is our own", where);
    p->root = strcmp(where, p->to->name) == 0 ? p->to->url : where;
    return EXIT_DONE;
}

static enum exit_code open_push(struct pushing *p)
{
    const struct args *args = p->call->args;
    const char *wait = args_value(args, "--wait"), *tlp = args_value(args, "--tlp");
    char collection[REMOTE_URL];
    uint64_t seconds = PUSH_WAIT;

    if (tlp != NULL)
        p->most = tlp_parse(bytes_text(tlp));
    if (wait != NULL && !decimal_read(bytes_text(wait), PUSH_WAIT_MOST, &seconds))
        return say_error(p->call->say, EXIT_USAGE, "usage", "seconds, at most 3600", NULL,
                         "--wait %s is no time to wait", wait);
    p->wait = (unsigned)seconds;
    if (!collection_url(p->root, args->word[1], collection) ||
        snprintf(p->url, sizeof p->url, "%sobjects/", collection) >= (int)sizeof p->url)
        return say_error(p->call->say, EXIT_USAGE, "usage", "an id or alias stands in a path", NULL,
                         "%s is no collection", args->word[1]);
    return remote_open(p->call, p->url, &p->remote);
}

enum exit_code collection_push(const struct call *call)
{
    struct pushing p = {
        .call = call, .settings = memory_zeroed(1, sizeof *p.settings), .most = TLP_GREEN};
    enum exit_code code = find_server(&p);

    if (code == EXIT_DONE)
        code = open_push(&p);
    if (code == EXIT_DONE)
        code = ask_root(&p);
    if (code == EXIT_DONE && call->args->words == 2)
        code = push_outbox(&p);
    for (size_t i = 2; code == EXIT_DONE && i < call->args->words; i++)
        code = push_file(&p, call->args->word[i]);
    if (code == EXIT_DONE)
        code = say_result(&p);
    remote_close(&p.remote);
    json_decref(p.released);
    free(p.settings);
    return code;
}
