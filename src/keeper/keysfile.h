/*
 * keysfile.h - a party's keys as keeper keeps them: the entries that named them, and the tenure
 * that they make.
 *
 * The bytes: part genesis entry, part its document, then for each KEYS entry u64 index, part entry,
 * part document. They are read as untrusted: each document's root signatures are checked again.
 */
#ifndef PARLEY_KEEPER_KEYSFILE_H
#define PARLEY_KEEPER_KEYSFILE_H

#include "base/buf.h"
#include "ledger/tenure.h"

/* Zeroed: empty. Owned: keysfile_done. */
struct keysfile {
    struct tenure tenure;
    struct buf text; /* the file's bytes */
};

/* Reads the file into *out, which is empty. As tenure_begin, tenure_change; SHORT, LIMIT. */
MUST_CHECK struct fault keysfile_parse(const struct agreement *a, const char *party,
                                       struct bytes text, struct keysfile *out);

/* Begins with a genesis, where nothing is yet; adds a KEYS entry. As those; nothing is changed on a
 * fault. */
MUST_CHECK struct fault keysfile_begin(struct keysfile *k, const struct agreement *a,
                                       const char *party, struct bytes entry,
                                       struct bytes document);
MUST_CHECK struct fault keysfile_change(struct keysfile *k, const struct agreement *a,
                                        const char *party, uint64_t index, struct bytes entry,
                                        struct bytes document);

/* Forgets what is named at this index and behind it, in the tenure and in the bytes; never the
 * genesis. */
void keysfile_cut(struct keysfile *k, uint64_t index);
void keysfile_done(struct keysfile *k);

#endif
