#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "desk/state.h"
#include "io/file.h"
#include "statement/type.h"

struct desk_pact *pact_find(struct desk *d, struct bytes agreement)
{
    for (size_t i = 0; i < d->pact_count; i++)
        if (bytes_is(agreement, d->pact[i].now->id))
            return &d->pact[i];
    return NULL;
}

const struct agreement *pact_version(const struct desk_pact *p, uint32_t version)
{
    const struct desk *d = p->desk;

    for (size_t i = 0; i < d->agreement_count; i++)
        if (strcmp(d->agreements[i]->id, p->now->id) == 0 && d->agreements[i]->version == version)
            return d->agreements[i];
    return NULL;
}

void state_get(struct desk_pact *p, const char *name, struct buf *out)
{
    struct rows r = store_ask(p->desk->store, QUERY_STATE_GET,
                              STORE_WITH(value_text(p->now->id), value_text(name)));
    struct fault f;

    if (rows_next(&r))
        buf_bytes(out, row_bytes(&r, 0));
    f = rows_done(&r);
    if (fault_is(f))
        p->desk->host.say(p->desk->host.context, name, f);
}

struct fault state_put(struct desk_pact *p, const char *name, const char *value)
{
    return store_do(p->desk->store, QUERY_STATE_PUT, NULL,
                    STORE_WITH(value_text(p->now->id), value_text(name), value_text(value)));
}

struct fault pact_begin(struct desk *d, const struct agreement *a, struct desk_pact *p)
{
    struct buf path = {0};
    struct fault f;

    *p = (struct desk_pact){.desk = d, .now = a, .own_dir = -1, .peer_dir = -1, .samples = -1};
    p->own = agreement_party(a, d->party);
    if (p->own == NULL)
        return fault_make(FAULT_MISSING, 0, "desk: we are no party to the agreement");
    p->peer = agreement_other(a, p->own);
    p->own_is_first = p->own == &a->parties[0];
    p->registry = registry_new();
    roles_origin(p->own->id, a->id, p->origin);
    roles_origin(p->peer->id, a->id, p->peer_origin);
    buf_print(&path, "agreements/%s/genesis.json", a->id);
    f = file_read(buf_str(&path), DOCUMENT_MAX, &p->genesis);
    buf_done(&path);
    snprintf(p->link_why, sizeof p->link_why, "never yet");
    snprintf(p->fence, sizeof p->fence, "keeper has not said what it remembers");
    return f;
}

static struct fault open_folder(const char *agreement, const char *party, int *out)
{
    struct buf path = {0};
    int made;

    buf_print(&path, "ledger/%s", agreement);
    made = mkdir(buf_str(&path), 0700);
    if (made == 0 || errno == EEXIST) {
        buf_print(&path, "/%s", party);
        made = mkdir(buf_str(&path), 0700);
    }
    if (made != 0 && errno != EEXIST) {
        buf_done(&path);
        return fault_io("ledger: a folder for the log");
    }
    *out = open(buf_str(&path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    buf_done(&path);
    return *out < 0 ? fault_io("ledger: the folder of the log") : fault_none();
}

/* A genesis, ours or the partner's, may name any version of the agreement that we have. */
static struct fault keys_of(struct desk_pact *p, const char *party, struct bytes entry,
                            struct bytes document, struct tenure *out)
{
    const struct agreement *a;
    struct entry e;
    struct fault f = entry_parse(entry, &e);

    a = fault_is(f) ? NULL : pact_version(p, e.version);
    if (!fault_is(f) && a == NULL)
        f = fault_make(FAULT_UNKNOWN, 0, "genesis: a version of the agreement that is not here");
    return fault_is(f) ? f : tenure_begin(out, a, party, entry, document);
}

static struct fault open_mirror(struct desk_pact *p)
{
    struct fault f = mirror_open(&p->mirror, &files_real, p->peer_dir, &p->peer_keys.tenure.author,
                                 p->kept_peer, true);

    if (fault_is(f))
        return f;
    p->mirror_open = true;
    return publish_init(&p->peer_publish, &files_real, p->peer_dir, p->mirror.log);
}

struct fault pact_take_peer(struct desk_pact *p, struct bytes entry, struct bytes document)
{
    struct buf entry64 = {0}, body = {0};
    struct fault f = fault_none();

    if (p->has_peer)
        return f;
    f = keys_of(p, p->peer->id, entry, document, &p->peer_keys.tenure);
    if (fault_is(f))
        return f;
    buf_base64(&entry64, entry.data, entry.len);
    f = state_put(p, "peer-genesis-entry", buf_str(&entry64));
    buf_clear(&entry64);
    buf_base64(&entry64, document.data, document.len);
    if (!fault_is(f))
        f = state_put(p, "peer-genesis-document", buf_str(&entry64));
    buf_done(&entry64);
    if (!fault_is(f))
        f = open_mirror(p);
    if (!fault_is(f))
        f = keys_load_peer(p);
    if (!fault_is(f))
        f = head_init(&p->head, p->log, &p->own_keys.tenure.author, &p->peer_keys.tenure.cosigner);
    p->has_peer = !fault_is(f);
    buf_part(&body, bytes_text(p->now->id));
    buf_part(&body, entry);
    buf_part(&body, document);
    if (p->has_peer)
        p->desk->host.send(p->desk->host.context, PROCESS_KEEPER, MESSAGE_PEER, buf_view(&body));
    buf_done(&body);
    return f;
}

static bool from_base64(const struct buf *text, struct buf *out)
{
    size_t len;

    if (!base64_size(buf_view(text), &len) || len == 0)
        return false;
    buf_need(out, len);
    if (!base64_read(buf_view(text), out->data, len))
        return false;
    out->len = len;
    return true;
}

/* Who the partner is, as a HELLO once told. */
static struct fault recall_peer(struct desk_pact *p)
{
    struct buf text = {0}, entry = {0}, document = {0};
    struct fault f = fault_none();

    state_get(p, "peer-genesis-entry", &text);
    if (from_base64(&text, &entry)) {
        buf_clear(&text);
        state_get(p, "peer-genesis-document", &text);
        if (from_base64(&text, &document))
            f = pact_take_peer(p, buf_view(&entry), buf_view(&document));
    }
    buf_done(&text);
    buf_done(&entry);
    buf_done(&document);
    return f;
}

/* Our own genesis: from the log, or made now, once, from the root-signed document. */
static struct fault know_ourselves(struct desk_pact *p)
{
    struct buf entry = {0};
    struct fault f;
    struct digest leaf;

    if (ledger_size(p->log) != 0) {
        f = ledger_read(p->log, 0, &entry);
    } else {
        struct rows r = store_ask(
            p->desk->store, QUERY_STATEMENT_KIND,
            STORE_WITH(value_text(p->now->id), value_text(p->own->id), value_text("GENESIS")));
        if (rows_next(&r))
            buf_bytes(&entry, row_bytes(&r, 10));
        f = rows_done(&r);
        if (!fault_is(f) && entry.len == 0) {
            f = say_root_signed(p, KIND_GENESIS, buf_view(&p->genesis), &leaf);
            if (!fault_is(f)) {
                buf_done(&entry);
                return know_ourselves(p);
            }
        }
    }
    if (!fault_is(f))
        f = keys_of(p, p->own->id, buf_view(&entry), buf_view(&p->genesis), &p->own_keys.tenure);
    if (!fault_is(f))
        f = keys_load(p);
    buf_done(&entry);
    return f;
}

/* Officers that the root keys enrolled, from the CONTACT statements of our own log. */
static struct fault know_officers(struct desk_pact *p)
{
    struct rows r = store_ask(
        p->desk->store, QUERY_STATEMENT_KIND,
        STORE_WITH(value_text(p->now->id), value_text(p->own->id), value_text("CONTACT")));

    while (rows_next(&r)) {
        struct disclosed *d;

        if (fault_is(disclosed_parse(row_bytes(&r, 11), &d)))
            continue;
        /* One that no longer applies was replaced by a newer one. */
        if (fault_is(registry_apply(p->registry, p->now, p->own, d)))
            (void)0;
        disclosed_free(d);
    }
    return rows_done(&r);
}

/* Is what keeper signed last the root of our log at that size? */
static bool keeper_agrees(const struct desk_pact *p)
{
    struct digest root;

    return p->kept_own == 0 || (!fault_is(ledger_root_at(p->log, p->kept_own, &root)) &&
                                digest_equal(&root, &p->kept_root));
}

/*
 * The start-up fence (DESIGN section 5, rule 5): keeper's record against the log. Behind: nothing
 * is signed until the partner's mirror has filled the log again. Contradicting: nothing is signed
 * until a person has looked.
 */
void pact_fence(struct desk_pact *p)
{
    p->fence[0] = '\0';
    alarm_clear(p, "behind");
    alarm_clear(p, "contradiction");
    if (ledger_size(p->log) < p->kept_own) {
        snprintf(p->fence, sizeof p->fence,
                 "the log has %llu entries and keeper signed %llu: restored from a backup? It is "
                 "filled again from the partner's mirror once the link is up",
                 (unsigned long long)ledger_size(p->log), (unsigned long long)p->kept_own);
        alarm_raise(p, "behind", p->fence);
    } else if (!keeper_agrees(p)) {
        snprintf(p->fence, sizeof p->fence,
                 "log and keeper's record contradict each other at %llu entries: sign nothing, "
                 "keep both, and compare with the partner's mirror",
                 (unsigned long long)p->kept_own);
        alarm_raise(p, "contradiction", p->fence);
    }
}

/* The size of the newest head of ours that the store has: it was let out, so the log was synced up
 * to it. Keeper's record may reach further than the log was. */
static struct fault head_in_store(struct desk_pact *p, uint64_t *out)
{
    struct rows r =
        store_ask(p->desk->store, QUERY_NOTE_LIST,
                  STORE_WITH(value_text(p->now->id), value_integer(0), value_integer(INT64_MAX)));

    *out = rows_next(&r) ? (uint64_t)row_integer(&r, 0) : 0;
    return rows_done(&r);
}

/* Damage below what was let out: what can be read is kept, the damaged file is laid aside, and the
 * rest comes back from the partner's mirror, behind the fence. */
static struct fault open_log(struct desk_pact *p)
{
    char detail[DESK_WHY];
    uint64_t promised;
    struct fault f = head_in_store(p, &promised);

    if (!fault_is(f))
        f = ledger_open(&files_real, p->own_dir, p->origin, promised, true, &p->log);
    if (f.kind != FAULT_DAMAGED)
        return f;
    snprintf(detail, sizeof detail,
             "our log is damaged at entry %zu (%s); the damaged file is kept beside it", f.at,
             f.rule);
    alarm_raise(p, "damaged", detail);
    p->desk->host.say(p->desk->host.context, "our log", f);
    return ledger_salvage(&files_real, p->own_dir, p->origin, &p->log);
}

/* The claimed time of our newest entry: the next one is not before it. */
static struct fault know_time(struct desk_pact *p)
{
    struct rows r = store_ask(p->desk->store, QUERY_STATEMENT_TIME,
                              STORE_WITH(value_text(p->now->id), value_text(p->own->id)));

    if (rows_next(&r))
        p->last_said = instant_of_seconds(row_integer(&r, 0));
    return rows_done(&r);
}

/* How far we cosigned the partner's log, by a note that we still have. */
static struct fault know_mirror(struct desk_pact *p, struct conversation_start *start)
{
    struct bytes note = p->mirror_open ? mirror_cosigned_note(&p->mirror) : bytes_text("");
    struct checkpoint c;
    struct fault f;

    if (note.len == 0)
        return fault_none();
    f = note_verify_checkpoint(note, bytes_text(p->peer_origin), &p->peer_keys.tenure.author, &c,
                               NULL);
    if (!fault_is(f)) {
        start->mirror = c.size;
        start->mirror_root = c.root;
    }
    return f;
}

struct fault pact_open(struct desk_pact *p)
{
    struct conversation_start start = {.partner = p->peer->id};
    struct fault f;

    alarm_recall(p);
    f = open_folder(p->now->id, p->own->id, &p->own_dir);

    if (!fault_is(f))
        f = open_folder(p->now->id, p->peer->id, &p->peer_dir);
    if (!fault_is(f))
        f = open_log(p);
    if (!fault_is(f))
        f = commit_lay_again(p);
    if (!fault_is(f))
        f = know_time(p);
    if (!fault_is(f))
        f = know_ourselves(p);
    if (!fault_is(f))
        f = know_officers(p);
    if (!fault_is(f))
        f = head_init(&p->head, p->log, &p->own_keys.tenure.author, NULL);
    if (!fault_is(f))
        f = publish_init(&p->own_publish, &files_real, p->own_dir, p->log);
    if (!fault_is(f))
        f = recall_peer(p);
    if (fault_is(f))
        return f;
    pact_fence(p);
    start.own = p->head.stored;
    start.bound = p->head.binding;
    f = know_mirror(p, &start);
    if (fault_is(f))
        return f;
    start.behind = refill_noted(p);
    conversation_init(&p->talk, &start);
    f = commit_catch_up(p);
    if (!fault_is(f))
        f = life_load(p);
    if (!fault_is(f) && p->mirror_open)
        f = hold_catch_up(p);
    if (!fault_is(f))
        terms_look(p);
    return f;
}

void pact_done(struct desk_pact *p)
{
    buf_done(&p->genesis);
    keys_done(&p->own_keys);
    keys_done(&p->peer_keys);
    buf_done(&p->hello);
    buf_done(&p->push);
    buf_done(&p->mirror_frame);
    buf_done(&p->lacking);
    registry_free(p->registry);
    free(p->cases);
    if (p->mirror_open)
        mirror_done(&p->mirror);
    ledger_free(p->log);
    if (p->own_dir >= 0)
        close(p->own_dir);
    if (p->peer_dir >= 0)
        close(p->peer_dir);
}

bool pact_may_sign(const struct desk_pact *p, const char **why)
{
    *why = p->fence[0] != '\0'            ? p->fence
           : p->desk->clock[0] != '\0'    ? p->desk->clock
           : !p->desk->keeper_here        ? "keeper is being started anew"
           : !p->kept                     ? "keeper has not said what it remembers"
           : p->keeper_is_old             ? "keeper is being told of a later version"
           : p->kept_own < p->head.stored ? "keeper is learning what it signed before"
           : p->lacking.len != 0          ? "role keys that our log names are missing: parley alarm"
           : p->log == NULL || ledger_is_stopped(p->log)
               ? "the log is stopped after a write that failed"
               : "";
    return (*why)[0] == '\0' && !conversation_is_behind(&p->talk);
}

/* Keeper is being started anew, as after a later version of the agreement took over. */
static bool silence_passes(const struct desk_pact *p)
{
    return p->desk->clock[0] == '\0' && (!p->desk->keeper_here || !p->kept || p->keeper_is_old ||
                                         (p->fence[0] == '\0' && p->kept_own < p->head.stored));
}

json_t *pact_silence(const struct desk_pact *p)
{
    const char *why;

    if (pact_may_sign(p, &why))
        return NULL;
    if (why[0] == '\0')
        why = "the partner holds more of our log than we do: it is being refilled";
    if (silence_passes(p))
        return answer_error("not-ready", 1, "nothing can be said yet", why,
                            "try again in a moment");
    return answer_error("clock", 1, "nothing can be said now", why, "parley doctor");
}
