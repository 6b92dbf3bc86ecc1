/* pull.c - parley collection pull: a walk (exchange/pull.h), its requests (remote.h), its store */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "cmd/args.h"
#include "cmd/collection.h"
#include "cmd/held.h"
#include "cmd/run.h"
#include "cmd/say.h"
#include "exchange/pulled.h"

enum {
    PULL_TOLD = 20, /* objects that are no STIX, told one by one */
    PULL_IDS = 16,  /* asked for at once in an audit */
};

struct pulling {
    const struct call *call;
    struct remote remote;
    struct store *store;
    struct pull *pull;
    int64_t collection;
    char url[REMOTE_URL]; /* of the collection */
    const char *versions; /* "" or what goes behind a query */
    uint64_t fresh, bad, held;
    struct wanted *wanted; /* of an audit: what the manifest names and we do not hold */
    size_t wanted_count;
};

/* ---- one answer --------------------------------------------------------------------------------
 */

/* RFC 9110 section 5.6.7: the one form that is sent. */
static bool date_read(const char *text, struct instant *out)
{
    struct tm tm = {.tm_year = 0};
    char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm);

    if (end == NULL || *end != '\0')
        return false;
    *out = instant_of_seconds(days_from_date(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday) * 86400 +
                              tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec);
    return true;
}

static enum pull_trouble trouble_of(enum fetch_trouble t)
{
    switch (t) {
    case FETCH_GOOD:
        return PULL_ANSWERED;
    case FETCH_CUT:
    case FETCH_GARBLED:
        return PULL_TROUBLE_CUT;
    case FETCH_LARGE:
        return PULL_TROUBLE_LARGE;
    case FETCH_TLS:
        return PULL_TROUBLE_TRUST;
    default:
        return PULL_UNREACHABLE;
    }
}

/* All but what the objects are. */
static struct pull_answer answer_of(const struct remote_answer *a)
{
    struct pull_answer out = {.trouble = trouble_of(a->http.trouble),
                              .why = a->http.trouble != FETCH_GOOD ? a->http.why : a->read.head[0],
                              .status = a->http.status,
                              .typed = a->typed,
                              .first = a->http.first,
                              .last = a->http.last,
                              .body = a->read.fault,
                              .more = a->read.more,
                              .odd = a->read.odd,
                              .next = a->read.next};
    uint64_t seconds;

    out.has_date = date_read(a->http.date, &out.date);
    if (decimal_read(bytes_text(a->http.retry_after), 86400, &seconds))
        out.retry_after = (unsigned)seconds;
    return out;
}

static struct fault ask(struct pulling *p, const char *what, const struct buf *query,
                        enum foreign_kind kind, struct remote_answer *out)
{
    struct buf url = {0};
    struct fault f;

    buf_print(&url, "%s%s?", p->url, what);
    buf_bytes(&url, buf_view(query));
    buf_text(&url, p->versions);
    f = remote_ask(&p->remote, "GET", buf_str(&url), bytes_of("", 0), kind, out);
    buf_done(&url);
    return f;
}

static void tell_bad(struct pulling *p, const struct judged *j)
{
    for (size_t i = 0; i < j->count; i++) {
        const struct judged_object *o = &j->list[i];

        char said[OBJECT_SAID];

        if (!fault_is(o->fault) || p->bad++ >= PULL_TOLD)
            continue;
        object_error_say(&o->error, said);
        say_note(p->call->say, "not kept: %s: %s\n",
                 o->error.id[0] != '\0' ? o->error.id : "an object without id", said);
    }
}

/* The objects, and then whatever `then` puts down beside them, in one transaction. */
static struct fault keep(struct pulling *p, const struct judged *page, struct pull_answer *out,
                         void (*then)(struct pulling *, const struct pull_answer *))
{
    struct fault f = store_begin(p->store);

    if (fault_is(f))
        return f;
    f = pulled_page(p->store, p->collection, "pull", page, instant_now(), out);
    if (!fault_is(f) && then != NULL) {
        then(p, out);
        f = pulled_remember(p->store, p->url, pull_state(p->pull));
    }
    if (!fault_is(f))
        f = store_commit(p->store);
    store_rollback(p->store);
    p->fresh += fault_is(f) ? 0 : out->fresh;
    return f;
}

static void hear(struct pulling *p, const struct pull_answer *a)
{
    pull_heard(p->pull, a);
}

static struct fault take_objects(struct pulling *p, const struct foreign *page,
                                 struct pull_answer *out)
{
    tell_bad(p, &page->judged);
    return keep(p, &page->judged, out, hear);
}

struct wanted {
    char id[OBJECT_ID];
};

/* What the manifest names and we do not hold is wanted. */
static struct fault take_manifest(struct pulling *p, const struct foreign *page,
                                  struct pull_answer *out)
{
    struct fault f = fault_none();
    uint64_t sum = 5381;

    out->count = page->rows;
    for (size_t i = 0; i < page->rows && !fault_is(f); i++) {
        const char *id = foreign_cell(page, i, 0);
        bool here = true;

        for (const char *c = id; *c != '\0'; c++)
            sum = sum * 33 + (uint8_t)*c;
        if (!object_id_is_good(bytes_text(id))) {
            out->bad++;
            continue;
        }
        f = pulled_has(p->store, p->collection, id, foreign_cell(page, i, 1), &here);
        if (here || fault_is(f))
            continue;
        out->fresh++;
        p->wanted = memory_resize(p->wanted, p->wanted_count + 1, sizeof *p->wanted);
        snprintf(p->wanted[p->wanted_count++].id, OBJECT_ID, "%s", id);
    }
    out->digest = sum;
    pull_heard(p->pull, out);
    return f;
}

/* ---- the walk, over objects or over the manifest ------------------------------------------------
 */

static enum exit_code step(struct pulling *p, enum foreign_kind kind)
{
    bool manifest = kind == FOREIGN_MANIFEST;
    struct remote_answer a = {.typed = false};
    struct buf query = {0};
    struct pull_answer answer;
    enum exit_code code;
    struct fault f;

    pull_ask(p->pull, &query);
    f = ask(p, manifest ? "manifest/" : "objects/", &query, kind, &a);
    buf_done(&query);
    if (fault_is(f)) {
        code = remote_died(p->call->say, f);
    } else {
        answer = answer_of(&a);
        f = manifest ? take_manifest(p, &a.read, &answer) : take_objects(p, &a.read, &answer);
        code = fault_is(f) ? held_error(p->call->say, f) : EXIT_DONE;
    }
    if (code == EXIT_DONE && pull_end(p->pull) == PULL_FAILED)
        code = remote_error(p->call->say, p->url, &a);
    remote_answer_done(&a);
    return code;
}

static enum exit_code walk(struct pulling *p, enum foreign_kind kind)
{
    enum exit_code code = EXIT_DONE;

    while (code == EXIT_DONE && pull_end(p->pull) == PULL_GOES_ON) {
        if (pull_wait(p->pull) > 0)
            sleep(pull_wait(p->pull));
        code = step(p, kind);
    }
    return code;
}

/* ---- the audit: what the manifest names and we do not hold --------------------------------------
 */

/* Some of those wanted, by their ids. */
static enum exit_code fetch_wanted(struct pulling *p, size_t from, size_t to)
{
    struct remote_answer a = {.typed = false};
    struct buf query = {0};
    struct pull_answer answer;
    enum exit_code code;
    struct fault f;

    buf_text(&query, "limit=500&match%5Bid%5D=");
    for (size_t i = from; i < to; i++)
        buf_print(&query, "%s%s", i > from ? "," : "", p->wanted[i].id);
    f = ask(p, "objects/", &query, FOREIGN_ENVELOPE, &a);
    buf_done(&query);
    if (fault_is(f)) {
        code = remote_died(p->call->say, f);
    } else if (a.http.trouble != FETCH_GOOD || a.http.status != 200 || fault_is(a.read.fault)) {
        code = remote_error(p->call->say, p->url, &a);
    } else {
        answer = answer_of(&a);
        tell_bad(p, &a.read.judged);
        f = keep(p, &a.read.judged, &answer, NULL);
        code = fault_is(f) ? held_error(p->call->say, f) : EXIT_DONE;
    }
    remote_answer_done(&a);
    return code;
}

/* How many of those wanted are still not here. */
static struct fault still_wanted(struct pulling *p, size_t *out)
{
    struct fault f = fault_none();

    *out = 0;
    for (size_t i = 0; i < p->wanted_count && !fault_is(f); i++) {
        bool here = true;

        f = pulled_has(p->store, p->collection, p->wanted[i].id, "", &here);
        *out += !here;
    }
    return f;
}

static enum exit_code audit_said(struct pulling *p)
{
    size_t missing;
    struct fault f = still_wanted(p, &missing);

    say_note(p->call->say,
             "audit: the manifest named %zu that were not here; %zu of them are not"
             " given\n",
             p->wanted_count, missing);
    if (fault_is(f))
        return held_error(p->call->say, f);
    if (missing > 0 || pull_end(p->pull) != PULL_COMPLETE)
        return say_error(p->call->say, EXIT_CANNOT_TELL, "incomplete",
                         missing > 0 ? "the manifest names objects that the server does not give"
                                     : pull_why(p->pull),
                         NULL, "the audit of %s does not come out", p->url);
    return EXIT_DONE;
}

/* Clears what an earlier walk had to pass over: the audit has found it. */
static enum exit_code mend_state(struct pulling *p, struct pull_state *walked)
{
    struct fault f = store_begin(p->store);

    walked->torn = false;
    if (!fault_is(f))
        f = pulled_remember(p->store, p->url, walked);
    if (!fault_is(f))
        f = store_commit(p->store);
    store_rollback(p->store);
    return fault_is(f) ? held_error(p->call->say, f) : EXIT_DONE;
}

static enum exit_code audit(struct pulling *p)
{
    struct pull_state none = {.walking = false}, walked = *pull_state(p->pull);
    struct pull *before = p->pull;
    enum exit_code code;

    p->pull = pull_new(&none, PULL_LIMIT, p->held);
    code = walk(p, FOREIGN_MANIFEST);
    for (size_t i = 0; code == EXIT_DONE && i < p->wanted_count; i += PULL_IDS)
        code = fetch_wanted(p, i, i + PULL_IDS < p->wanted_count ? i + PULL_IDS : p->wanted_count);
    if (code == EXIT_DONE)
        code = audit_said(p);
    if (code == EXIT_DONE)
        code = mend_state(p, &walked);
    pull_free(p->pull);
    p->pull = before;
    return code;
}

/* ---- saying ------------------------------------------------------------------------------------
 */

static const char *end_word(enum pull_end end)
{
    static const char *const words[] = {"interrupted", "complete", "torn", "stopped", "failed"};

    return words[end];
}

static void say_wrongs(const struct pulling *p, json_t *list)
{
    for (enum pull_wrong w = 0; w < PULL_WRONGS; w++) {
        if (pull_wrongs(p->pull, w) == 0)
            continue;
        json_array_append_new(list, json_pack("{ss sI}", "what", pull_wrong_text(w), "count",
                                              (json_int_t)pull_wrongs(p->pull, w)));
        if (!p->call->say->json)
            say_note(p->call->say, "the server: %s (%llu x)\n", pull_wrong_text(w),
                     (unsigned long long)pull_wrongs(p->pull, w));
    }
}

static void say_result(const struct pulling *p)
{
    json_t *wrong = json_array();

    say_wrongs(p, wrong);
    if (p->call->say->json)
        say_json(p->call->say,
                 json_pack("{ss ss sI sI sI sI sO ss}", "collection", p->url, "end",
                           end_word(pull_end(p->pull)), "new", (json_int_t)p->fresh, "held",
                           (json_int_t)(p->held + p->fresh), "pages",
                           (json_int_t)pull_pages(p->pull), "not_kept", (json_int_t)p->bad, "wrong",
                           wrong, "why", pull_why(p->pull)));
    else
        say_data(p->call->say, "%s: %llu new, %llu held, %llu pages, %llu not kept\n",
                 end_word(pull_end(p->pull)), (unsigned long long)p->fresh,
                 (unsigned long long)(p->held + p->fresh), (unsigned long long)pull_pages(p->pull),
                 (unsigned long long)p->bad);
    json_decref(wrong);
}

static enum exit_code end_exit(const struct pulling *p, bool audited)
{
    enum pull_end end = pull_end(p->pull);

    if (end == PULL_COMPLETE || (end == PULL_TORN && audited))
        return EXIT_DONE;
    return say_error(p->call->say, EXIT_CANNOT_TELL, "incomplete", pull_why(p->pull),
                     end == PULL_TORN ? "parley collection pull --audit" : NULL,
                     "objects of %s may be missing", p->url);
}

/* ---- the command -------------------------------------------------------------------------------
 */

static enum exit_code limit_of(const struct call *call, unsigned *out)
{
    const char *text = args_value(call->args, "--limit");
    uint64_t n = PULL_LIMIT;

    if (text != NULL && (!decimal_read(bytes_text(text), PULL_LIMIT_MOST, &n) || n == 0))
        return say_error(call->say, EXIT_USAGE, "usage", "1 to 10000", NULL,
                         "--limit %s is no number of objects", text);
    *out = (unsigned)n;
    return EXIT_DONE;
}

static enum exit_code pull(struct pulling *p, unsigned limit)
{
    struct pull_state state;
    bool audited = args_has(p->call->args, "--audit");
    enum exit_code code;
    struct fault f = pulled_open(p->store, p->url, &p->collection, &state, &p->held);

    if (fault_is(f))
        return held_error(p->call->say, f);
    if (args_has(p->call->args, "--anew"))
        state = (struct pull_state){.walking = false};
    p->pull = pull_new(&state, limit, p->held);
    code = walk(p, FOREIGN_ENVELOPE);
    if (code == EXIT_DONE && audited && pull_end(p->pull) != PULL_STOPPED)
        code = audit(p);
    say_result(p);
    return code == EXIT_DONE ? end_exit(p, audited) : code;
}

enum exit_code collection_pull(const struct call *call)
{
    const char *versions = args_value(call->args, "--versions");
    struct pulling p = {.call = call, .versions = ""};
    unsigned limit = PULL_LIMIT;
    enum exit_code code = limit_of(call, &limit);

    if (versions != NULL && strcmp(versions, "all") == 0)
        p.versions = "&match%5Bversion%5D=all";
    if (code == EXIT_DONE && !collection_url(call->args->word[0], call->args->word[1], p.url))
        code = say_error(call->say, EXIT_USAGE, "usage", "an id or alias stands in a path", NULL,
                         "%s is no collection", call->args->word[1]);
    if (code == EXIT_DONE)
        code = remote_open(call, p.url, &p.remote);
    if (code == EXIT_DONE)
        code = held_open(call, true, &p.store);
    if (code == EXIT_DONE)
        code = pull(&p, limit);
    pull_free(p.pull);
    free(p.wanted);
    store_close(p.store);
    remote_close(&p.remote);
    return code;
}
