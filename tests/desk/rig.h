/*
 * rig.h - a desk on the bench: the real desk over a real store and real logs in a temporary folder,
 * keeper's own judgement (keeper/seal.h) behind it, and nobody else. What desk sends to keeper
 * waits until the test lets keeper answer, refuse, or die.
 */
#ifndef PARLEY_TESTS_DESK_RIG_H
#define PARLEY_TESTS_DESK_RIG_H

#include <ftw.h>
#include <sys/stat.h>

#include "../keeper/bench.h"
#include "desk/desk.h"
#include "io/file.h"
#include "ipc/link.h"
#include "pact/example.h"
#include "pact/signed.h"

enum {
    RIG_MESSAGES = 64,
    RIG_ANSWERS = 64,
};

struct rig_message {
    enum process to;
    uint16_t type;
    struct buf body;
};

struct rig {
    struct bench *b;
    char path[64];
    struct desk_host host;
    struct desk *desk;
    struct instant now;
    struct tick tick;
    struct rig_message out[RIG_MESSAGES]; /* to keeper and gate, oldest first */
    size_t count;
    json_t *answer[RIG_ANSWERS]; /* by client number; NULL while it waits */
    size_t clients;
    unsigned reloads;
    int64_t sample_bytes;       /* as desk_start has it */
    struct agreement *terms[2]; /* owned; by version */
};

static inline void rig_send(void *context, enum process to, uint16_t type, struct bytes body)
{
    struct rig *r = context;
    struct rig_message *m = &r->out[r->count];

    assert_true(r->count < RIG_MESSAGES);
    *m = (struct rig_message){.to = to, .type = type};
    buf_bytes(&m->body, body);
    r->count++;
}

static inline void rig_reload(void *context)
{
    ((struct rig *)context)->reloads++; /* rig_reloaded does what the parent would */
}

static inline void rig_say(void *context, const char *what, struct fault why)
{
    (void)context;
    print_message("desk says: %s: %s\n", what, why.rule); /* seen where a test fails */
}

static inline void rig_hear(struct rig *r, enum process from, uint16_t type, const struct buf *body)
{
    assert_good(desk_message(r->desk, from, type, buf_view(body), r->now, r->tick));
}

/* Takes the oldest message to this neighbour; its body is the caller's. False if there is none. */
static inline bool rig_take(struct rig *r, enum process to, struct rig_message *out)
{
    for (size_t i = 0; i < r->count; i++) {
        if (r->out[i].to != to)
            continue;
        *out = r->out[i];
        r->count--;
        memmove(&r->out[i], &r->out[i + 1], (r->count - i) * sizeof r->out[0]);
        return true;
    }
    return false;
}

static inline void rig_copy(const char *from, const char *to)
{
    struct buf content = {0};

    assert_good(file_read(from, 1 << 24, &content));
    assert_good(file_replace(to, buf_view(&content), 0600));
    buf_done(&content);
}

static inline void rig_forget(struct rig *r)
{
    for (size_t i = 0; i < r->count; i++)
        buf_done(&r->out[i].body);
    r->count = 0;
}

static inline void rig_refuse(struct rig *r, uint64_t index, const char *rule)
{
    struct buf body = {0};

    buf_part(&body, bytes_text(r->b->agreement->id));
    buf_u64(&body, index);
    buf_part(&body, bytes_text(rule));
    rig_hear(r, PROCESS_KEEPER, MESSAGE_SIGN_REFUSED, &body);
    buf_done(&body);
}

/* Keeper's note for a SIGN; *out is what desk would hear. */
static inline void rig_sign(struct rig *r, const struct rig_message *m, struct buf *out)
{
    struct order_sign *o = calloc(1, sizeof *o);
    struct buf note = {0};
    uint64_t refused = 0;

    assert_good(order_sign_parse(buf_view(&m->body), o));
    assert_good(seal_sign(r->b->seal, o, r->now, &note, &refused));
    buf_part(out, bytes_text(r->b->agreement->id));
    buf_part(out, buf_view(&note));
    buf_done(&note);
    free(o);
}

static inline void rig_cosign(struct rig *r, const struct rig_message *m, struct buf *out)
{
    struct order_cosign *o = calloc(1, sizeof *o);
    struct buf note = {0};

    assert_good(order_cosign_parse(buf_view(&m->body), o));
    assert_good(seal_cosign(r->b->seal, o, r->now, &note));
    buf_part(out, bytes_text(r->b->agreement->id));
    buf_part(out, buf_view(&note));
    buf_done(&note);
    free(o);
}

static inline void rig_hello(struct rig *r, const struct rig_message *m, struct buf *out)
{
    struct order_hello o;
    struct buf suite = {0}, signature = {0}, lacking = {0};

    assert_good(order_hello_parse(buf_view(&m->body), &o));
    assert_good(seal_hello(r->b->seal, &o, &suite, &signature, &lacking));
    buf_part(out, bytes_text(r->b->agreement->id));
    buf_u32(out, o.link);
    buf_part(out, buf_view(&suite));
    buf_part(out, buf_view(&signature));
    buf_done(&suite);
    buf_done(&signature);
}

static inline void rig_peer(struct rig *r, const struct rig_message *m)
{
    struct order_peer o;

    assert_good(order_peer_parse(buf_view(&m->body), &o));
    assert_good(seal_peer(r->b->seal, &o));
}

/* Lets keeper answer its oldest message. False if there is none. */
static inline bool rig_keeper_once(struct rig *r)
{
    struct rig_message m;
    struct buf answer = {0};

    if (!rig_take(r, PROCESS_KEEPER, &m))
        return false;
    switch (m.type) {
    case MESSAGE_SIGN:
        rig_sign(r, &m, &answer);
        rig_hear(r, PROCESS_KEEPER, MESSAGE_SIGNED, &answer);
        break;
    case MESSAGE_COSIGN:
        rig_cosign(r, &m, &answer);
        rig_hear(r, PROCESS_KEEPER, MESSAGE_COSIGNED, &answer);
        break;
    case MESSAGE_HELLO_SIGN:
        rig_hello(r, &m, &answer);
        rig_hear(r, PROCESS_KEEPER, MESSAGE_HELLO_SIGNED, &answer);
        break;
    case MESSAGE_PEER:
        rig_peer(r, &m);
        break;
    default:
        fail_msg("keeper hears %s", message_name(m.type));
    }
    buf_done(&answer);
    buf_done(&m.body);
    return true;
}

static inline void rig_keeper(struct rig *r)
{
    while (rig_keeper_once(r)) {
    }
}

static inline void rig_keeper_state(struct rig *r)
{
    const struct keeping *k = r->b->keeping;
    struct buf body = {0};

    buf_u32(&body, (uint32_t)keeping_count(k));
    for (size_t i = 0; i < keeping_count(k); i++) {
        const struct keeping_log *log = keeping_at(k, i);
        struct digest root = tree_root(&log->tree);

        buf_part(&body, bytes_text(r->b->agreement->id));
        buf_part(&body, bytes_text(log->origin));
        buf_u64(&body, log->tree.size);
        buf_add(&body, &root, sizeof root);
        buf_u64(&body, (uint64_t)instant_seconds(log->time));
        buf_part(&body, bytes_text(""));
    }
    rig_hear(r, PROCESS_KEEPER, MESSAGE_KEEPER_STATE, &body);
    buf_done(&body);
}

/* Desk starts and hears what keeper remembers; keeper has not answered anything yet. */
static inline void rig_start(struct rig *r)
{
    const struct agreement *agreements[] = {r->terms[0], r->terms[1]};
    size_t count = access("agreements/cn-ru-2015/2.json", F_OK) == 0 ? 2 : 1;
    struct desk_start start = {.agreements = agreements,
                               .agreement_count = count,
                               .party = "a",
                               .host = &r->host,
                               .sample_bytes = r->sample_bytes};

    assert_good(desk_new(&start, "desk/parley.db", r->now, r->tick, &r->desk));
    rig_keeper_state(r);
}

/* The parent after MESSAGE_RELOAD: keeper is started anew with all versions. */
static inline void rig_reloaded(struct rig *r)
{
    struct bench *b = r->b;

    desk_neighbour(r->desk, PROCESS_KEEPER, false, r->now, r->tick);
    b->versions[0] = r->terms[0];
    b->versions[1] = r->terms[1];
    b->version_count = 2;
    bench_restart(b);
    desk_neighbour(r->desk, PROCESS_KEEPER, true, r->now, r->tick);
    rig_keeper_state(r);
}

/* As if desk had died: what it sent and who waited is lost. */
static inline void rig_kill(struct rig *r)
{
    desk_free(r->desk);
    r->desk = NULL;
    rig_forget(r);
}

/* The shipped example as an agreement of the two people, in this version; later ones want a
 * RECEIPT sooner. */
static inline json_t *rig_terms(const struct people *p, uint32_t version)
{
    json_t *tree = example_tree();
    const struct person *person[] = {&p->a, &p->b};

    json_object_set_new(tree, "id", json_string("cn-ru-2015"));
    json_object_set_new(tree, "version", json_integer(version));
    json_object_set_new(json_object_get(tree, "clocks"), "receipt", json_integer(119 + version));
    for (size_t i = 0; i < 2; i++) {
        json_t *party = json_array_get(json_object_get(tree, "parties"), i);
        char key[45];

        base64_write(secret_public(person[i]->root).data, 32, key);
        json_object_set_new(party, "id", json_string(person[i]->id));
        json_object_set_new(json_array_get(json_object_get(party, "roots"), 0), "key",
                            json_string(key));
    }
    json_object_set_new(json_array_get(json_object_get(tree, "articles"), 0), "id",
                        json_string("5"));
    return tree;
}

/* Its bytes and its .sig, as they lie in the node's folder. */
static inline struct agreement *rig_sign_terms(const struct people *p, uint32_t version,
                                               struct buf *text, struct buf *sig)
{
    json_t *tree = rig_terms(p, version);
    struct signatures *s;
    struct agreement *a;

    json_indented(tree, text);
    assert_good(agreement_parse(buf_view(text), false, &a, NULL));
    a->evidence_period = UINT32_MAX; /* not before 2106, unless a test wants it */
    s = signatures_new(a);
    assert_good(agreement_sign(a, "a", p->a.root, s));
    assert_good(agreement_sign(a, "b", p->b.root, s));
    signatures_write(s, sig);
    signatures_free(s);
    json_decref(tree);
    return a;
}

static inline void rig_write(const char *name, struct bytes content)
{
    char path[160];
    FILE *f;

    snprintf(path, sizeof path, "agreements/cn-ru-2015/%s", name);
    f = fopen(path, "we");
    assert_non_null(f);
    fwrite(content.data, 1, content.len, f);
    fclose(f);
}

/* Both people found their logs anew, under a real agreement. */
static inline void rig_agree(struct rig *r)
{
    struct people *p = r->b->p;
    struct buf text = {0}, sig = {0};

    r->terms[0] = rig_sign_terms(p, 1, &text, &sig);
    rig_write("1.json", buf_view(&text));
    rig_write("1.json.sig", buf_view(&sig));
    people_forget(&p->a);
    people_forget(&p->b);
    p->a = p->b = (struct person){0};
    people_person(r->terms[0], &r->terms[0]->parties[0], &p->a);
    people_person(r->terms[0], &r->terms[0]->parties[1], &p->b);
    r->b->agreement = r->terms[0];
    for (enum role role = ROLE_LOG; role < ROLE_COUNT; role++)
        r->b->role[role] = p->a.role[role];
    bench_restart(r->b);
    rig_write("genesis.json", buf_view(&p->a.document));
    buf_done(&text);
    buf_done(&sig);
}

static inline struct rig *rig_new(void)
{
    struct rig *r = calloc(1, sizeof *r);

    r->b = bench_new();
    r->now = r->b->now;
    r->tick = (struct tick){1000000};
    r->host = (struct desk_host){rig_send, rig_reload, rig_say, r};
    snprintf(r->path, sizeof r->path, "/tmp/parley-desk-XXXXXX");
    assert_non_null(mkdtemp(r->path));
    assert_int_equal(chdir(r->path), 0);
    assert_int_equal(mkdir("desk", 0700) | mkdir("ledger", 0700) | mkdir("agreements", 0700), 0);
    assert_int_equal(mkdir("agreements/cn-ru-2015", 0700), 0);
    rig_agree(r);
    rig_start(r);
    return r;
}

static inline int rig_remove(const char *name, const struct stat *s, int kind, struct FTW *f)
{
    (void)s;
    (void)kind;
    (void)f;
    return remove(name);
}

static inline void rig_free(struct rig *r)
{
    rig_kill(r);
    for (size_t i = 0; i < r->clients; i++)
        json_decref(r->answer[i]);
    assert_int_equal(chdir("/"), 0);
    nftw(r->path, rig_remove, 16, FTW_DEPTH | FTW_PHYS);
    bench_free(r->b);
    agreement_free(r->terms[0]);
    agreement_free(r->terms[1]);
    free(r);
}

#endif
