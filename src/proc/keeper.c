/*
 * proc/keeper.c - hosts keeper/
 *
 * hears: SETUP; from desk SIGN, COSIGN, PEER, HELLO_SIGN, CATCH_UP, none of it believed
 * says:  to desk KEEPER_STATE, SIGNED, COSIGNED, HELLO_SIGNED, and what it refuses by which rule
 * may:   write in the node's folder keeper/ (after the start it opens nothing else)
 * may not: use the network, hear anybody but desk
 *
 * The role keys, keys/ROLE.pem for ed25519 and keys/ROLE.SUITE.pem for the others, and the pinned
 * roots, keeper/roots.json, are read before the sandbox; so are engine and tokens loaded and logged
 * in to. A token's module may afterwards write in the folders that its key file lists, no other;
 * the variables that the file sets are in this process alone, which begins without any.
 * This is the only process that has a private key of the party, and it alone reads the clock for
 * what it signs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/memory.h"
#include "crypto/secret.h"
#include "io/file.h"
#include "io/log.h"
#include "keeper/pins.h"
#include "keeper/seal.h"
#include "proc/children.h"
#include "proc/pacts.h"
#include "proc/process.h"

enum { KEEPER_SUITES = 16 /* of all agreements together; the table has fewer */ };

/* The role keys of one suite. Agreements that list it share them. */
struct held {
    const struct suite *suite;
    struct secret *secret[ROLE_COUNT]; /* owned */
    struct secret *next[ROLE_COUNT];   /* owned; NULL: none waits */
};

/* The role keys as one agreement wants them: in the order of its suites. Borrowed from held. */
struct ring {
    struct secret *secret[ROLE_COUNT][AGREEMENT_SUITES], *next[ROLE_COUNT][AGREEMENT_SUITES];
    struct seal_keys keys;
};

struct keeper {
    struct self *self;
    struct pacts pacts;
    struct held held[KEEPER_SUITES];
    size_t suites;
    struct ring ring[SETUP_AGREEMENTS];
    struct secret_needs needs[2 * KEEPER_SUITES * ROLE_COUNT]; /* of key files that name a token */
    size_t needs_count;
    int folder, lock;
    struct seal_folder files;
    struct keeping *keeping;
    struct seal *seal[SETUP_AGREEMENTS];
    size_t seals;
    struct buf body, note; /* of the message in hand */
    union {
        struct order_sign sign;
        struct order_cosign cosign;
        struct order_peer peer;
        struct order_hello hello;
    } order;
};

/* ---- before the sandbox ---------------------------------------------------------------------- */

/* What no second try will mend: the node ends and a person looks. */
static struct fault refusal(const char *what, struct fault f)
{
    log_fault(LOG_LEVEL_ERROR, what, f);
    return fault_make(FAULT_REFUSED, 0, f.rule);
}

static struct fault load_passphrase(struct self *self, struct buf *out)
{
    int fd = process_file(self, "passphrase");
    struct fault f;

    if (fd < 0)
        return fault_none();
    f = file_read_fd(fd, SECRET_PASSPHRASE_MAX, out);
    close(fd);
    if (!fault_is(f) && out->len != 0 && out->data[out->len - 1] == '\n')
        out->len--;
    return f;
}

/* What a token's module opens while it signs; what it listens to is set at once. */
static struct fault note_needs(struct keeper *k, struct bytes text)
{
    struct secret_needs *to = &k->needs[k->needs_count];
    struct fault f = secret_needs_parse(text, to);

    if (!fault_is(f))
        f = secret_needs_set(to);
    if (!fault_is(f) && to->count != 0)
        k->needs_count++;
    return f;
}

static struct fault load_file(struct keeper *k, const struct suite *suite, const char *path,
                              struct bytes passphrase, struct secret **out)
{
    struct buf text = {0};
    struct fault f = file_read(path, SECRET_PEM_MAX, &text);

    if (!fault_is(f))
        f = note_needs(k, buf_view(&text));
    if (!fault_is(f))
        f = secret_read(suite, buf_view(&text), passphrase, out);
    buf_wipe(&text);
    return f;
}

/* The key, and the one that may take its place. */
static struct fault load_key(struct keeper *k, struct held *held, enum role role,
                             struct bytes passphrase)
{
    char path[64 + SUITE_NAME];
    struct fault f;

    role_key_path(role, held->suite, path, sizeof path);
    f = load_file(k, held->suite, path, passphrase, &held->secret[role]);
    if (fault_is(f))
        return refusal(path, f);
    role_next_path(role, held->suite, path, sizeof path);
    f = load_file(k, held->suite, path, passphrase, &held->next[role]);
    if (f.kind == FAULT_IO && f.at == ENOENT)
        return fault_none();
    return fault_is(f) ? refusal(path, f) : f;
}

static struct held *held_of(struct keeper *k, const struct suite *suite)
{
    for (size_t i = 0; i < k->suites; i++)
        if (k->held[i].suite == suite)
            return &k->held[i];
    return NULL;
}

static struct fault load_suite(struct keeper *k, const char *name, struct bytes passphrase)
{
    const struct suite *suite = suite_find(bytes_text(name));
    struct fault f = fault_none();
    struct held *held;

    if (suite == NULL || k->suites == KEEPER_SUITES)
        return refusal(name, fault_make(FAULT_UNKNOWN, 0, "keeper: no such suite here"));
    if (held_of(k, suite) != NULL)
        return f;
    held = &k->held[k->suites++];
    held->suite = suite;
    for (enum role role = ROLE_LOG; role < ROLE_COUNT && !fault_is(f); role++)
        f = load_key(k, held, role, passphrase);
    return f;
}

static struct fault load_keys(struct keeper *k)
{
    struct buf passphrase = {0};
    struct fault f = load_passphrase(k->self, &passphrase);

    for (size_t i = 0; i < k->pacts.count && !fault_is(f); i++)
        for (size_t n = 0; n < k->pacts.agreement[i]->suite_count && !fault_is(f); n++)
            f = load_suite(k, k->pacts.agreement[i]->suites[n], buf_view(&passphrase));
    buf_wipe(&passphrase);
    return f;
}

/* Landlock lets the modules of tokens at the folders they listed, and at nothing else. */
static struct fault grant_needs(struct keeper *k, struct rights *rights)
{
    size_t at = 0;

    while (rights->write[at] != NULL)
        at++;
    for (size_t i = 0; i < k->needs_count; i++)
        for (size_t n = 0; n < k->needs[i].count; n++) {
            size_t known = 0;

            while (known < at && strcmp(rights->write[known], k->needs[i].path[n]) != 0)
                known++;
            if (known < at)
                continue;
            if (at == SANDBOX_FOLDERS)
                return refusal(k->needs[i].path[n],
                               fault_make(FAULT_LIMIT, 0, "keeper: folders that tokens need"));
            rights->write[at++] = k->needs[i].path[n];
        }
    return fault_none();
}

static struct fault check_pins(const struct keeper *k)
{
    struct buf text = {0};
    struct pins *pins = NULL;
    struct fault f = file_read("keeper/roots.json", PINS_MAX, &text);

    if (!fault_is(f))
        f = pins_parse(buf_view(&text), &pins);
    for (size_t i = 0; i < k->pacts.count && !fault_is(f); i++)
        f = pins_check(pins, k->pacts.agreement[i]);
    pins_free(pins);
    buf_done(&text);
    return fault_is(f) ? refusal("keeper/roots.json", f) : f;
}

static struct fault keeper_prepare(void *context, struct self *self, struct rights *rights)
{
    struct keeper *k = context;
    struct fault f;

    k->self = self;
    crypto_start();
    f = pacts_read(process_setup(self), &k->pacts);
    process_forget(self);
    if (fault_is(f))
        return refusal("agreements", f);
    f = check_pins(k);
    if (!fault_is(f))
        f = load_keys(k);
    if (!fault_is(f))
        f = grant_needs(k, rights);
    if (fault_is(f))
        return f;
    k->lock = process_file(self, "lock");
    k->folder = open("keeper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return k->folder < 0 ? fault_io("keeper: its folder") : f;
}

/* ---- in the sandbox ---------------------------------------------------------------------------
 */

static struct fault folder_read(void *context, const char *name, struct buf *out)
{
    char path[128];
    struct fault f;

    (void)context;
    snprintf(path, sizeof path, "keeper/%s", name);
    f = file_read(path, SEAL_FILE, out);
    return f.kind == FAULT_IO && f.at == ENOENT ? fault_none() : f;
}

static struct fault folder_replace(void *context, const char *name, struct bytes content)
{
    char path[128];

    (void)context;
    snprintf(path, sizeof path, "keeper/%s", name);
    return file_replace(path, content, 0600);
}

static const struct seal_keys *ring_for(struct keeper *k, const struct agreement *a)
{
    struct ring *ring = &k->ring[k->seals];

    ring->keys.suites = a->suite_count;
    for (enum role role = ROLE_LOG; role < ROLE_COUNT; role++) {
        for (size_t i = 0; i < a->suite_count; i++) {
            const struct held *held = held_of(k, suite_find(bytes_text(a->suites[i])));

            ring->secret[role][i] = held->secret[role];
            ring->next[role][i] = held->next[role];
        }
        ring->keys.role[role] = ring->secret[role];
        ring->keys.next[role] = ring->next[role];
    }
    return &ring->keys;
}

/* One seal an agreement, over all its versions, which lie side by side. */
static struct fault make_seals(struct keeper *k)
{
    size_t first = 0;

    for (size_t i = 1; i <= k->pacts.count; i++) {
        struct agreement *const *a = k->pacts.agreement;
        struct seal_start start;
        struct fault f;

        if (i < k->pacts.count && strcmp(a[i]->id, a[first]->id) == 0)
            continue;
        start = (struct seal_start){.versions = (const struct agreement *const *)a + first,
                                    .count = i - first,
                                    .party = k->pacts.party,
                                    .keys = ring_for(k, a[first]),
                                    .keeping = k->keeping,
                                    .folder = &k->files};
        f = seal_new(&start, &k->seal[k->seals]);
        if (fault_is(f))
            return refusal(a[first]->id, f);
        k->seals++;
        first = i;
    }
    return fault_none();
}

/* Of our own logs: the role keys that they name and that are not in keys/ or keys/next/. */
static void say_lacking(struct keeper *k, const char *origin, struct buf *out)
{
    struct buf lacking = {0};

    for (size_t i = 0; i < k->seals; i++)
        if (strcmp(seal_origin(k->seal[i]), origin) == 0)
            seal_lacking(k->seal[i], &lacking);
    if (lacking.len != 0)
        log_fault(LOG_LEVEL_ERROR, origin,
                  fault_make(FAULT_MISSING, 0,
                             "keeper: a key that the log names is not in keys/ or keys/next/"));
    buf_part(out, buf_view(&lacking));
    buf_done(&lacking);
}

static void say_state(struct keeper *k)
{
    struct buf *b = &k->body;

    buf_clear(b);
    buf_u32(b, (uint32_t)keeping_count(k->keeping));
    for (size_t i = 0; i < keeping_count(k->keeping); i++) {
        const struct keeping_log *log = keeping_at(k->keeping, i);
        const char *id = strstr(log->origin, "/parley/");
        struct digest root = tree_root(&log->tree);

        buf_part(b, bytes_text(id == NULL ? "" : id + strlen("/parley/")));
        buf_part(b, bytes_text(log->origin));
        buf_u64(b, log->tree.size);
        buf_add(b, &root, sizeof root);
        buf_u64(b, (uint64_t)instant_seconds(log->time));
        say_lacking(k, log->origin, b);
    }
    process_send(k->self, PROCESS_DESK, MESSAGE_KEEPER_STATE, buf_view(b));
}

static struct fault keeper_begin(void *context, struct self *self)
{
    struct keeper *k = context;
    struct fault f;

    (void)self;
    k->files = (struct seal_folder){folder_read, folder_replace, k};
    f = keeping_open(&files_real, k->folder, instant_now(), true, &k->keeping);
    if (fault_is(f))
        return f.kind == FAULT_IO ? f : refusal("keeper's record", f);
    f = make_seals(k);
    if (!fault_is(f))
        say_state(k);
    return f;
}

/* ---- orders -------------------------------------------------------------------------------------
 */

static struct seal *seal_find(const struct keeper *k, struct bytes agreement)
{
    for (size_t i = 0; i < k->seals; i++)
        if (bytes_is(agreement, seal_agreement(k->seal[i])))
            return k->seal[i];
    return NULL;
}

static struct fault no_seal(void)
{
    return fault_make(FAULT_UNKNOWN, 0, "keeper: no such agreement");
}

static void begin_answer(struct keeper *k, struct bytes agreement)
{
    buf_clear(&k->body);
    buf_part(&k->body, agreement);
}

static void answer(struct keeper *k, enum message_type type)
{
    process_send(k->self, PROCESS_DESK, (uint16_t)type, buf_view(&k->body));
}

static void say_refused(struct keeper *k, struct bytes agreement, enum message_type what,
                        struct fault why, struct bytes lacking)
{
    begin_answer(k, agreement);
    buf_u16(&k->body, (uint16_t)what);
    buf_part(&k->body, bytes_text(why.rule));
    buf_part(&k->body, lacking);
    answer(k, MESSAGE_KEEPER_REFUSED);
}

static struct fault hear_sign(struct keeper *k, struct bytes body)
{
    struct order_sign *o = &k->order.sign;
    struct fault f = order_sign_parse(body, o);
    struct seal *s;
    uint64_t refused = 0;

    if (fault_is(f))
        return f;
    s = seal_find(k, o->agreement);
    refused = o->first;
    buf_clear(&k->note);
    f = s == NULL ? no_seal() : seal_sign(s, o, instant_now(), &k->note, &refused);
    begin_answer(k, o->agreement);
    if (fault_is(f)) {
        log_fault(LOG_LEVEL_WARN, "head refused", f);
        buf_u64(&k->body, refused);
        buf_part(&k->body, bytes_text(f.rule));
    } else {
        buf_part(&k->body, buf_view(&k->note));
    }
    answer(k, fault_is(f) ? MESSAGE_SIGN_REFUSED : MESSAGE_SIGNED);
    return fault_none();
}

static struct fault hear_cosign(struct keeper *k, struct bytes body)
{
    struct order_cosign *o = &k->order.cosign;
    struct fault f = order_cosign_parse(body, o);
    struct seal *s;

    if (fault_is(f))
        return f;
    s = seal_find(k, o->agreement);
    buf_clear(&k->note);
    f = s == NULL ? no_seal() : seal_cosign(s, o, instant_now(), &k->note);
    if (fault_is(f))
        log_fault(LOG_LEVEL_WARN, "cosignature refused", f);
    begin_answer(k, o->agreement);
    buf_part(&k->body, fault_is(f) ? bytes_text(f.rule) : buf_view(&k->note));
    answer(k, fault_is(f) ? MESSAGE_COSIGN_REFUSED : MESSAGE_COSIGNED);
    return fault_none();
}

static struct fault hear_peer(struct keeper *k, struct bytes body)
{
    struct order_peer *o = &k->order.peer;
    struct fault f = order_peer_parse(body, o);
    struct seal *s;

    if (fault_is(f))
        return f;
    s = seal_find(k, o->agreement);
    f = s == NULL ? no_seal() : seal_peer(s, o);
    if (!fault_is(f))
        return f;
    log_fault(LOG_LEVEL_WARN, "partner's genesis refused", f);
    say_refused(k, o->agreement, MESSAGE_PEER, f, bytes_text(""));
    return fault_none();
}

static struct fault hear_hello(struct keeper *k, struct bytes body)
{
    struct order_hello *o = &k->order.hello;
    struct fault f = order_hello_parse(body, o);
    struct buf suite = {0}, lacking = {0};
    struct seal *s;

    if (fault_is(f))
        return f;
    s = seal_find(k, o->agreement);
    buf_clear(&k->note);
    f = s == NULL ? no_seal() : seal_hello(s, o, &suite, &k->note, &lacking);
    if (fault_is(f)) {
        say_refused(k, o->agreement, MESSAGE_HELLO_SIGN, f, buf_view(&lacking));
    } else {
        begin_answer(k, o->agreement);
        buf_u32(&k->body, o->link);
        buf_part(&k->body, buf_view(&suite));
        buf_part(&k->body, buf_view(&k->note));
        answer(k, MESSAGE_HELLO_SIGNED);
    }
    buf_done(&suite);
    buf_done(&lacking);
    return fault_none();
}

static struct fault hear_catch_up(struct keeper *k, struct bytes body)
{
    struct order_sign *o = &k->order.sign;
    struct fault f = order_catch_up_parse(body, o);
    struct seal *s;

    if (fault_is(f))
        return f;
    s = seal_find(k, o->agreement);
    f = s == NULL ? no_seal() : seal_catch_up(s, o, instant_now());
    if (fault_is(f)) {
        log_fault(LOG_LEVEL_WARN, "catching up refused", f);
        say_refused(k, o->agreement, MESSAGE_CATCH_UP, f, bytes_text(""));
    } else {
        say_state(k);
    }
    return fault_none();
}

static void keeper_message(void *context, enum process from, uint16_t type, struct bytes body)
{
    static const struct {
        uint16_t type;
        struct fault (*hear)(struct keeper *k, struct bytes body);
    } messages[] = {
        {MESSAGE_SIGN, hear_sign},         {MESSAGE_COSIGN, hear_cosign},
        {MESSAGE_PEER, hear_peer},         {MESSAGE_HELLO_SIGN, hear_hello},
        {MESSAGE_CATCH_UP, hear_catch_up},
    };
    struct keeper *k = context;
    struct fault f = fault_make(FAULT_UNKNOWN, 0, "keeper: a message that it does not hear");

    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++)
        if (from == PROCESS_DESK && messages[i].type == type)
            f = messages[i].hear(k, body);
    if (fault_is(f)) {
        log_fault(LOG_LEVEL_ERROR, process_name(from), f);
        process_stop(k->self, 1);
    }
}

/* A new desk is told what we remember before it asks for anything. */
static void keeper_neighbour(void *context, enum process other, bool here)
{
    if (other == PROCESS_DESK && here)
        say_state(context);
}

static void keeper_done(struct keeper *k)
{
    for (size_t i = 0; i < k->seals; i++)
        seal_free(k->seal[i]);
    keeping_free(k->keeping);
    for (size_t i = 0; i < k->suites; i++)
        for (size_t role = 0; role < ROLE_COUNT; role++) {
            secret_free(k->held[i].secret[role]);
            secret_free(k->held[i].next[role]);
        }
    pacts_done(&k->pacts);
    buf_done(&k->body);
    buf_done(&k->note);
    if (k->folder >= 0)
        close(k->folder);
    if (k->lock >= 0)
        close(k->lock);
}

int keeper_main(void)
{
    static const struct process_use use = {
        .process = PROCESS_KEEPER,
        .brief = true,
        .rights = {.may = RIGHT_WRITE, .write = {"keeper"}, .files = 32},
        .prepare = keeper_prepare,
        .begin = keeper_begin,
        .message = keeper_message,
        .neighbour = keeper_neighbour,
    };
    struct keeper *k = memory_zeroed(1, sizeof *k);
    int status;

    k->folder = k->lock = -1;
    status = process_run(&use, k);
    keeper_done(k);
    free(k);
    return status;
}
