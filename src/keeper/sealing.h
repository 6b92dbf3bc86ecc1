/*
 * sealing.h - what a seal is made of; for seal.c and seal_*.c alone.
 *
 * seal.c begins, keeps its files and signs greetings; seal_own.c judges and signs our own heads;
 * seal_partner.c takes the partner's keys and cosigns his; seal_pens.c finds the keys for both.
 */
#ifndef PARLEY_KEEPER_SEALING_H
#define PARLEY_KEEPER_SEALING_H

#include "keeper/keysfile.h"
#include "keeper/seal.h"
#include "ledger/note.h"

struct seal {
    const struct agreement *version[SEAL_VERSIONS];
    size_t count;
    const struct party *own, *partner; /* of the newest version */
    const struct seal_keys *keys;
    struct keeping *keeping;
    const struct seal_folder *folder;
    struct registry *registry; /* owned */
    char origin[ROLES_ORIGIN], cosigner[NOTE_NAME];
    struct keysfile ours;   /* ID.keys; no text in a node whose file is not there */
    struct keysfile theirs; /* ID.partner; no keys: not known */
};

/* seal.c */

const struct agreement *seal_newest(const struct seal *s);

enum { SEAL_NAME = AGREEMENT_ID + 16 /* a file name, with its NUL */ };

/* The name of a file of keeper's own: "ID.WHAT". `out` has SEAL_NAME bytes. */
void seal_file(const struct seal *s, const char *what, char *out);
MUST_CHECK struct fault seal_save_keys(const struct seal *s, const char *what,
                                       const struct keysfile *keys);

/* S5 lets the file be ahead of a head that then was not signed: what it names at or behind the
 * size of the last decision was never signed under, and goes from memory. */
void seal_forget_tentative(const struct seal *s, const char *origin, struct keysfile *keys);

/* The size of our log that we signed last. */
uint64_t seal_signed_size(const struct seal *s);

/* seal_pens.c */

struct pens {
    struct secret *key[2 * AGREEMENT_SUITES]; /* borrowed; the second half: pens_add_before */
};

/* The secrets of a role's keys, or of all roles'. MISMATCH: one is not held. */
MUST_CHECK struct fault pens_take(const struct seal *s, const struct roles *r, enum role role,
                                  struct pens *out);
MUST_CHECK struct fault pens_take_all(const struct seal *s, const struct roles *r);

/* Appends those that are not held, a line "ROLE SUITE FINGERPRINT" each. */
void pens_lacking(const struct seal *s, const struct roles *r, struct buf *out);

/* Adds our cosigner keys of before `now` as far as they are held; how many there are in all. */
size_t pens_add_before(const struct seal *s, const struct tenure_keys *now, struct pens *pens);

#endif
