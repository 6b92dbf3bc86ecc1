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
#include "cmd/collection.h"
#include "cmd/disk.h"
#include "cmd/held.h"
#include "cmd/run.h"
#include "cmd/say.h"
#include "crypto/digest.h"
#include "exchange/marked.h"
#include "proc/settings_remote.h"
#include "store/exchange_query.h"

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
    struct store *releases; /* what was released to the partner; NULL where it is our own */
    const char *root;
    char url[REMOTE_URL]; /* of the collection's objects */
    size_t content;       /* what the root takes */
    enum tlp most;
    unsigned wait;
    uint64_t sent, failed, pending;
};

/* ---- may it leave? -----------------------------------------------------------------------------
 */

/* NULL: a SHARE of ours to that partner holds these bytes, and its marking theirs. */
static const char *not_released(const struct pushing *p, const struct judged_object *o)
{
    struct digest digest = digest_of(o->body);
    struct rows r =
        store_ask(p->releases, EXCHANGE_RELEASE_GET,
                  STORE_WITH(value_text(p->to->agreement), value_blob(bytes_of(digest.byte, 32))));
    bool found = rows_next(&r);
    enum tlp most = found ? (enum tlp)row_integer(&r, 0) : TLP_NONE;

    if (fault_is(rows_done(&r)))
        return "release: what was released cannot be read";
    if (!found)
        return "release: no SHARE to this partner holds these bytes";
    return o->object.tlp > most ? "release: marked above what was released" : NULL;
}

static const char *wrong_with(const struct pushing *p, const struct judged_object *o)
{
    if (fault_is(o->fault))
        return o->error.why;
    if (!o->object.technical)
        return "R1: not a type of technical object that the parties exchange";
    if (p->releases != NULL)
        return not_released(p, o);
    if (o->object.tlp > p->most)
        return "marking: above --tlp";
    if (o->object.tlp == TLP_NONE)
        return "marking: none, and nobody has decided that it is free";
    return NULL;
}

static enum exit_code check(const struct pushing *p, const char *path, const struct judged *j)
{
    for (size_t i = 0; i < j->count; i++) {
        const struct judged_object *o = &j->list[i];
        const char *wrong = wrong_with(p, o);

        if (wrong != NULL)
            return say_error(p->call->say, EXIT_REFUSED, "refused", wrong,
                             p->releases != NULL ? "parley share FILE --officer NAME, then again"
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

static enum exit_code push_file(struct pushing *p, const char *path)
{
    struct buf text = {0};
    struct foreign read = {.rows = 0};
    enum exit_code code;
    struct fault f = disk_read(path, PUSH_FILE, &text);

    if (fault_is(f))
        return disk_error(p->call->say, f, path);
    f = remote_read(&p->remote, FOREIGN_ENVELOPE, buf_view(&text), &read);
    if (fault_is(f))
        code = remote_died(p->call->say, f);
    else if (fault_is(read.fault))
        code = say_error(p->call->say, EXIT_FAILED, fault_word(read.fault.kind), read.fault.rule,
                         NULL, "%s is no bundle and no envelope: byte %zu", path, read.fault.at);
    else {
        marked_all(&p->settings->exchange.config, NULL, &read.judged);
        code = check(p, path, &read.judged);
    }
    if (code == EXIT_DONE)
        code = send(p, &read.judged);
    foreign_done(&read);
    buf_done(&text);
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
    p->root = strcmp(where, p->to->name) == 0 ? p->to->url : where;
    return p->to->agreement[0] == '\0' ? EXIT_DONE : held_open(p->call, false, &p->releases);
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
    for (size_t i = 2; code == EXIT_DONE && i < call->args->words; i++)
        code = push_file(&p, call->args->word[i]);
    if (code == EXIT_DONE)
        code = say_result(&p);
    remote_close(&p.remote);
    store_close(p.releases);
    free(p.settings);
    return code;
}
