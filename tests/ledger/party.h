/*
 * party.h - two parties with keys, for the ledger's tests: their names, pens and signers, and
 * well-formed entries.
 */
#ifndef PARLEY_TESTS_LEDGER_PARTY_H
#define PARLEY_TESTS_LEDGER_PARTY_H

#include "ledger/keeping.h"
#include "ledger/note.h"
#include "test.h"

struct party_keys {
    char id[2];
    char origin[64], cosign_name[64];
    struct secret *log, *cosign;
    struct note_signer author, cosigner;
    struct keeping_pen log_pen, cosign_pen;
};

static inline void party_init(struct party_keys *p, char id)
{
    const struct suite *ed25519 = suite_find(bytes_text("ed25519"));
    uint8_t seed[32] = {(uint8_t)id, 1};

    memset(p, 0, sizeof *p);
    p->id[0] = id;
    snprintf(p->origin, sizeof p->origin, "%c/parley/a-b-2015", id);
    snprintf(p->cosign_name, sizeof p->cosign_name, "%c/parley/a-b-2015/cosign", id);
    assert_good(secret_from_seed(ed25519, seed, &p->log));
    seed[1] = 2;
    assert_good(secret_from_seed(ed25519, seed, &p->cosign));
    p->author.role = NOTE_AUTHOR;
    p->cosigner.role = NOTE_COSIGNER;
    memcpy(p->author.name, p->origin, strlen(p->origin));
    memcpy(p->cosigner.name, p->cosign_name, strlen(p->cosign_name));
    assert_good(note_signer_add(&p->author, ed25519, secret_public(p->log)));
    assert_good(note_signer_add(&p->cosigner, ed25519, secret_public(p->cosign)));
    p->log_pen = (struct keeping_pen){p->origin, &p->log, 1};
    p->cosign_pen = (struct keeping_pen){p->cosign_name, &p->cosign, 1};
}

static inline void party_done(struct party_keys *p)
{
    secret_free(p->log);
    secret_free(p->cosign);
}

/* Entry number i of the party: the genesis, then evidence, and every third with a permit whose
 * digest is i. */
static inline void party_entry(const struct party_keys *p, uint64_t i, unsigned variant,
                               struct buf *out)
{
    struct entry e = {.agreement = "a-b-2015",
                      .version = 1,
                      .kind = i == 0 ? KIND_GENESIS : KIND_EVIDENCE,
                      .class = CLASS_REAL,
                      .leaves = 8,
                      .disclosed_length = 1 + variant,
                      .permit_kind = i == 0 ? PERMIT_ROOT : PERMIT_AUTOMATIC};

    e.from[0] = p->id[0];
    e.time = instant_of_seconds(1795598537 + (int64_t)i);
    if (i != 0 && i % 3 == 0) {
        e.kind = KIND_NOTICE;
        e.permit_kind = PERMIT_DIGEST;
        e.number = 1;
        memcpy(e.case_id, "C-0123456789ABCDEF", 19);
        memcpy(e.permit.byte, &i, sizeof i);
    }
    memcpy(e.document.byte, &i, sizeof i);
    buf_clear(out);
    entry_write(&e, out);
}

/* A permit function that lets everything go for an hour. */
static inline struct fault party_permits(void *context, size_t i, const struct entry *e,
                                         struct instant *expires)
{
    const struct instant *now = context;

    (void)i;
    (void)e;
    *expires = instant_of_seconds(instant_seconds(*now) + 3600);
    return fault_none();
}

/* The author's note over a tree. */
static inline void party_note(const struct party_keys *p, const struct tree *t, struct buf *out)
{
    struct checkpoint c = {bytes_text(p->origin), t->size, tree_root(t)};
    struct buf text = {0};

    buf_clear(out);
    checkpoint_write(&c, &text);
    note_begin(buf_view(&text), out);
    note_sign(buf_view(&text), p->origin, NOTE_AUTHOR, (struct instant){0}, &p->log, 1, out);
    buf_done(&text);
}

#endif
