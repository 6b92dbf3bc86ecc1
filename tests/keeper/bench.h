/*
 * bench.h - a keeper on the bench: two parties, a record in a temporary directory, officers, and
 * orders made as an honest or a hostile desk would make them.
 */
#ifndef PARLEY_TESTS_KEEPER_BENCH_H
#define PARLEY_TESTS_KEEPER_BENCH_H

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "keeper/seal.h"
#include "ledger/tree.h"
#include "people.h"
#include "statement/rooted.h"

enum { BENCH_FILES = 4, BENCH_NOW = 1764063000 };

struct bench_file {
    char name[96];
    struct buf content;
};

struct bench {
    struct people *p;
    const struct agreement *agreement;
    struct secret *role[ROLE_COUNT];
    struct seal_keys keys;
    char path[64];
    int dir;
    struct keeping *keeping;
    struct bench_file file[BENCH_FILES];
    struct seal_folder folder;
    bool disk_full;
    struct seal *seal;
    const struct agreement *versions[2]; /* none: the one above alone */
    size_t version_count;
    struct secret *anna, *boris, *clara, *intruder; /* officers' keys; the last is nobody's */
    struct instant now;
    struct tree tree; /* our log as desk has it */
};

/* One entry with all that belongs to it; owns its bytes. */
struct item {
    struct buf text, permit, disclosed;
    struct buf decision[PERMIT_OFFICERS], signature[PERMIT_OFFICERS];
    struct order_entry o;
};

static inline struct bench_file *bench_file(struct bench *b, const char *name)
{
    for (size_t i = 0; i < BENCH_FILES; i++) {
        if (b->file[i].name[0] == '\0')
            snprintf(b->file[i].name, sizeof b->file[i].name, "%s", name);
        if (strcmp(b->file[i].name, name) == 0)
            return &b->file[i];
    }
    fail_msg("a keeper with more than %d files", BENCH_FILES);
    return NULL;
}

static inline struct fault bench_read(void *context, const char *name, struct buf *out)
{
    buf_bytes(out, buf_view(&bench_file(context, name)->content));
    return fault_none();
}

static inline struct fault bench_replace(void *context, const char *name, struct bytes content)
{
    struct bench *b = context;
    struct bench_file *f = bench_file(b, name);

    if (b->disk_full)
        return fault_make(FAULT_IO, 28, "disk full");
    buf_clear(&f->content);
    buf_bytes(&f->content, content);
    return fault_none();
}

static inline void bench_start(struct bench *b)
{
    struct seal_start start = {.versions = &b->agreement,
                               .count = 1,
                               .party = "a",
                               .keys = &b->keys,
                               .folder = &b->folder};

    assert_good(keeping_open(&files_real, b->dir, b->now, true, &b->keeping));
    start.keeping = b->keeping;
    if (b->version_count != 0) {
        start.versions = b->versions;
        start.count = b->version_count;
    }
    assert_good(seal_new(&start, &b->seal));
}

/* As if the process had died and was started anew. */
static inline void bench_restart(struct bench *b)
{
    seal_free(b->seal);
    keeping_free(b->keeping);
    bench_start(b);
}

static inline void bench_articles(struct agreement *a)
{
    a->articles[0] = (struct article){.id = "5",
                                      .title = "notice",
                                      .carries = ARTICLE_NOTICE,
                                      .officers = 2,
                                      .roles = {"drafter", "releaser"},
                                      .role_count = 2};
    a->article_count = 1;
}

static inline struct bench *bench_new(void)
{
    struct bench *b = calloc(1, sizeof *b);

    assert_non_null(b);
    b->p = people_new();
    bench_articles(&b->p->agreement);
    b->agreement = &b->p->agreement;
    b->now = instant_of_seconds(BENCH_NOW);
    for (enum role role = ROLE_LOG; role < ROLE_COUNT; role++) {
        b->role[role] = b->p->a.role[role];
        b->keys.role[role] = &b->role[role];
    }
    b->keys.suites = 1;
    b->folder = (struct seal_folder){bench_read, bench_replace, b};
    snprintf(b->path, sizeof b->path, "/tmp/parley-keeper-XXXXXX");
    assert_non_null(mkdtemp(b->path));
    b->dir = open(b->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    b->anna = people_key("n", 50);
    b->boris = people_key("o", 50);
    b->clara = people_key("p", 50);
    b->intruder = people_key("q", 50);
    bench_start(b);
    return b;
}

static inline void bench_free(struct bench *b)
{
    seal_free(b->seal);
    keeping_free(b->keeping);
    unlinkat(b->dir, "keeper", 0);
    close(b->dir);
    rmdir(b->path);
    for (size_t i = 0; i < BENCH_FILES; i++)
        buf_done(&b->file[i].content);
    secret_free(b->anna);
    secret_free(b->boris);
    secret_free(b->clara);
    secret_free(b->intruder);
    people_free(b->p);
    free(b);
}

static inline void item_done(struct item *i)
{
    buf_done(&i->text);
    buf_done(&i->permit);
    buf_done(&i->disclosed);
    for (size_t k = 0; k < PERMIT_OFFICERS; k++) {
        buf_done(&i->decision[k]);
        buf_done(&i->signature[k]);
    }
    *i = (struct item){0};
}

static inline void item_view(struct item *i)
{
    i->o.text = buf_view(&i->text);
    i->o.permit = buf_view(&i->permit);
    i->o.disclosed = buf_view(&i->disclosed);
    for (size_t k = 0; k < i->o.decision_count; k++) {
        i->o.decision[k].text = buf_view(&i->decision[k]);
        i->o.decision[k].suite = bytes_text("ed25519");
        i->o.decision[k].signature = buf_view(&i->signature[k]);
    }
}

static inline void item_genesis(struct bench *b, struct item *i)
{
    buf_bytes(&i->text, buf_view(&b->p->a.genesis));
    buf_bytes(&i->disclosed, buf_view(&b->p->a.document));
    item_view(i);
}

/* A CONTACT for this officer; signed by `root` unless that is NULL. */
static inline void item_contact(struct bench *b, struct item *i, const char *officer,
                                struct secret *key, unsigned roles, bool appointed, int64_t issued,
                                struct secret *root)
{
    struct contact *c = calloc(1, sizeof *c);
    struct digest hash;
    uint32_t leaves;
    struct entry e;

    memcpy(c->agreement, b->agreement->id, strlen(b->agreement->id));
    memcpy(c->party, "a", 1);
    memcpy(c->officer, officer, strlen(officer));
    c->roles = roles;
    assert_good(contact_add_key(c, people_suite(), secret_public(key)));
    c->appointed = appointed;
    c->issued = instant_of_seconds(issued);
    people_document(contact_fields(c), b->agreement->id, root, (uint8_t)issued, &i->disclosed,
                    &hash, &leaves);
    e = people_entry(b->agreement, "a", KIND_CONTACT, &i->disclosed, hash, leaves);
    entry_write(&e, &i->text);
    item_view(i);
    free(c);
}

/* Who decides, in which role, with which key. */
struct decider {
    const char *officer;
    enum officer_role role;
    struct secret *key;
};

struct notice {
    uint64_t number; /* in the case */
    struct digest previous;
    uint8_t id; /* of the permit */
    struct decider decider[PERMIT_OFFICERS];
    size_t deciders;
    int64_t expires;                       /* seconds from now */
    const char *to;                        /* the permit's */
    const char *field_to, *article;        /* the document's */
    unsigned officers;                     /* the permit's */
    void (*before)(struct permit_text *p); /* changes the permit, before it is signed */
    void (*after)(struct item *i);         /* changes what is sent, after all was signed */
};

static inline struct notice honest_notice(struct bench *b)
{
    return (struct notice){
        .number = 1,
        .id = 1,
        .decider = {{"anna", OFFICER_DRAFTER, b->anna}, {"boris", OFFICER_RELEASER, b->boris}},
        .deciders = 2,
        .expires = 3600,
        .to = "b",
        .field_to = "b",
        .article = "5",
        .officers = 2};
}

static inline void decide(struct bench *b, struct item *i, size_t k, const struct decider *d)
{
    struct decision decision = {
        .permit = digest_of(buf_view(&i->permit)), .role = d->role, .time = b->now};
    struct buf suite = {0};

    memcpy(decision.officer, d->officer, strlen(d->officer));
    decision_write(&decision, &i->decision[k]);
    decision_sign(buf_view(&i->decision[k]), bytes_text(b->agreement->id), &d->key, 1, &suite,
                  &i->signature[k]);
    buf_done(&suite);
}

/* The fields of a NOTICE that no test here changes. */
#define BENCH_NOTICE                                                                               \
    "{\"incident.confidence\":\"high\",\"incident.events\":50,"                                    \
    "\"incident.first\":\"2025-11-25T08:00:00Z\",\"incident.from\":\"b\","                         \
    "\"incident.last\":\"2025-11-25T09:00:00Z\",\"incident.opened\":\"2025-11-25T08:59:00Z\","     \
    "\"incident.reasons\":[],\"issued\":\"2025-11-25T09:30:00Z\",\"language\":\"en\","             \
    "\"text\":\"\",\"tlp\":\"amber\",\"urgency\":\"routine\"}"

static inline void item_notice(struct bench *b, struct item *i, const struct notice *n)
{
    json_t *fields = json_loads(BENCH_NOTICE, 0, NULL);
    json_t *said = json_pack("{s:s, s:s, s:s, s:s, s:s}", "agreement", b->agreement->id, "from",
                             "a", "to", n->field_to, "class", "REAL", "article", n->article);
    struct permit_text p = {.version = 1,
                            .rules = RELEASE_RULES,
                            .kind = KIND_NOTICE,
                            .class = CLASS_REAL,
                            .officers = n->officers,
                            .expires = instant_of_seconds(BENCH_NOW + n->expires)};
    struct entry e;

    assert_int_equal(json_object_update_missing(fields, said), 0);
    json_decref(said);
    p.id[0] = n->id;
    people_document(fields, b->agreement->id, NULL, n->id, &i->disclosed, &p.document, &p.leaves);
    memcpy(p.agreement, b->agreement->id, strlen(b->agreement->id));
    memcpy(p.agreement_digest.byte, b->agreement->digest, 32);
    memcpy(p.to, n->to, strlen(n->to));
    memcpy(p.case_id, "C-0123456789ABCDEF", 18);
    memcpy(p.article, "5", 1);
    p.disclosed = digest_of(buf_view(&i->disclosed));
    p.disclosed_length = (uint32_t)i->disclosed.len;
    if (n->before != NULL)
        n->before(&p);
    permit_text_write(&p, &i->permit);
    e = people_entry(b->agreement, "a", KIND_NOTICE, &i->disclosed, p.document, p.leaves);
    memcpy(e.case_id, "C-0123456789ABCDEF", 18);
    e.number = n->number;
    e.has_previous = n->number > 1;
    e.previous = n->previous;
    e.permit_kind = PERMIT_DIGEST;
    e.permit = digest_of(buf_view(&i->permit));
    entry_write(&e, &i->text);
    for (size_t k = 0; k < n->deciders; k++)
        decide(b, i, k, &n->decider[k]);
    i->o.decision_count = n->deciders;
    item_view(i);
    if (n->after != NULL) {
        n->after(i);
        item_view(i);
    }
}

/* Asks for a head over these items behind `first`. */
static inline struct fault bench_sign(struct bench *b, uint64_t first, struct item *items,
                                      size_t count, struct buf *note)
{
    struct order_sign *o = calloc(1, sizeof *o), *back = calloc(1, sizeof *back);
    struct buf body = {0};
    uint64_t refused;
    struct fault f;

    o->agreement = bytes_text(b->agreement->id);
    o->first = first;
    o->count = count;
    for (size_t i = 0; i < count; i++)
        o->entry[i] = items[i].o;
    order_sign_write(o, &body);
    assert_good(order_sign_parse(buf_view(&body), back));
    f = seal_sign(b->seal, back, b->now, note, &refused);
    if (!fault_is(f))
        for (size_t i = 0; i < count; i++) {
            struct digest leaf = tree_leaf(items[i].o.text);

            tree_append(&b->tree, &leaf);
        }
    buf_done(&body);
    free(back);
    free(o);
    return f;
}

/* Signs one item at the end of the log and forgets it. */
static inline struct fault bench_say(struct bench *b, struct item *item)
{
    struct buf note = {0};
    struct fault f = bench_sign(b, b->tree.size, item, 1, &note);

    buf_done(&note);
    item_done(item);
    return f;
}

/* Genesis, and the officers anna (drafter), boris (releaser), clara (both). */
static inline void bench_found(struct bench *b)
{
    struct item item = {0};

    item_genesis(b, &item);
    assert_good(bench_say(b, &item));
    item_contact(b, &item, "anna", b->anna, OFFICER_DRAFTER, true, 100, b->p->a.root);
    assert_good(bench_say(b, &item));
    item_contact(b, &item, "boris", b->boris, OFFICER_RELEASER, true, 101, b->p->a.root);
    assert_good(bench_say(b, &item));
    item_contact(b, &item, "clara", b->clara, OFFICER_DRAFTER | OFFICER_RELEASER, true, 102,
                 b->p->a.root);
    assert_good(bench_say(b, &item));
}

#endif
