/*
 * publish.h - the directory as any C2SP tlog-tiles reader wants it: tiles, entry bundles, and a
 * checkpoint that never promises what is not there.
 *
 * Not on the commit path; how often is the caller's business. Every file is written under
 * another name, synced and renamed, and the checkpoint comes last, so that a reader sees a whole
 * log at any moment, after a crash too. Partial tiles stay until the full one is there.
 */
#ifndef PARLEY_LEDGER_PUBLISH_H
#define PARLEY_LEDGER_PUBLISH_H

#include "ledger/ledger.h"

enum { TILE_WIDTH = 256, TILE_HEIGHT = 8, TILE_PATH = 80 };

struct publish {
    const struct files *files;
    int dir;
    const struct ledger *log; /* borrowed */
    uint64_t size;            /* of the checkpoint that lies there; its tiles are there */
};

/* Finds out how far the directory is published. A checkpoint that is none of this log's heads
 * counts as nothing: all is made again. IO. */
MUST_CHECK struct fault publish_init(struct publish *p, const struct files *files, int dir,
                                     const struct ledger *log);

/* Brings the tiles up to the note's size and puts the note in place. The note's text must be a
 * checkpoint of the log (MISMATCH, RANGE); its signatures are the caller's to have checked. An
 * older one than is published: ORDER. Faults as ledger_read; IO leaves what was there whole. */
MUST_CHECK struct fault publish_note(struct publish *p, struct bytes note);

/* "tile/0/x001/x234/067.p/17" for level 0, number 1234067, width 17; level -1 is "entries". The
 * suffix is left out for the full width. `out` has TILE_PATH bytes. */
void publish_path(int level, uint64_t number, unsigned width, char *out);

#endif
