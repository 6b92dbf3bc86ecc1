/*
 * ledger_inner.h - what a log is made of; for ledger.c and ledger_*.c alone.
 *
 * ledger.c opens, looks and cuts; ledger_append.c makes and writes groups; ledger_audit.c reads
 * everything again; ledger_salvage.c copies what a damaged file still has.
 */
#ifndef PARLEY_LEDGER_INNER_H
#define PARLEY_LEDGER_INNER_H

#include "ledger/leaves.h"
#include "ledger/ledger.h"

enum {
    RECORD_GROUP = 'E', /* u64 first; u32 count; count x { u16 length; u8 leaf[4]; entry } */
    RECORD_NOTE = 'N',  /* u8 kind; u64 size; the note */
    ENTRY_HEAD = 6,
};

struct group {
    uint64_t first, at; /* index of its first entry; its body's offset */
    uint8_t check[16];  /* of the record before it */
};

struct ledger {
    const struct files *files;
    int dir;
    char *origin;
    struct journal *journal;
    struct forest forest;
    struct leaves leaves; /* of the forest */
    uint64_t promised;
    uint64_t *place; /* per entry: offset of its bytes */
    size_t place_room;
    struct group *group;
    size_t groups, group_room;
    struct buf note[LEDGER_NOTE_COUNT];
    uint64_t note_size[LEDGER_NOTE_COUNT];
    struct buf body;     /* the group in hand: as it will be written, */
    struct fresh *fresh; /* and what of it is new; owned */
};

struct fresh {
    size_t count, slots;
    struct digest leaf[LEDGER_GROUP];
    struct digest asked[LEDGER_GROUP]; /* of all that were handed over */
    size_t offset[LEDGER_GROUP];       /* of the entry's bytes in the body */
    uint16_t slot[LEDGER_GROUP * 2];   /* leaf hashes of this group: position + 1, 0 is free */
};

/* ledger.c */
struct ledger *log_new(const struct files *files, int dir, const char *origin, uint64_t promised);
/* A journal's taker; the context is the log. */
struct fault log_take(void *context, const struct journal_record *r);
/* The next entry of the tree, whose bytes lie at this offset. */
void log_add_place(struct ledger *l, const struct digest *leaf, uint64_t at);
void log_add_group(struct ledger *l, uint64_t first, uint64_t at, const uint8_t *check);
/* The newest of its kind from now on; its size is promised. */
void log_keep_note(struct ledger *l, unsigned kind, uint64_t size, struct bytes note);
struct fault log_damaged(uint64_t leaf);

/* ledger_append.c: the group in hand, from its begin to its write; then, synced, it is taken. */
void group_begin(struct ledger *l, size_t count);
void group_add(struct ledger *l, struct bytes entry, const struct digest *leaf);
struct fault group_write(struct ledger *l, bool sync, uint64_t *at);
void group_take(struct ledger *l, uint64_t at, const uint8_t *before);
struct fault log_write_note(struct ledger *l, enum ledger_note kind, uint64_t size,
                            struct bytes note, bool sync);

#endif
