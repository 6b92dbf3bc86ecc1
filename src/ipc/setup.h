/*
 * setup.h - the body of MESSAGE_SETUP: what a process is told at its start, as bytes.
 *
 * part settings; part own party; u32 count x { part agreement canonical, part signatures file };
 * u32 count x { part name, part bytes }. Written by the parent, read by everyone. Knows no
 * meaning of any of the bytes.
 */
#ifndef PARLEY_IPC_SETUP_H
#define PARLEY_IPC_SETUP_H

#include "base/buf.h"
#include "base/bytes.h"
#include "base/fault.h"

enum {
    SETUP_AGREEMENTS = 16,    /* agreement versions that a node obeys at a time */
    SETUP_PARTS = 160,        /* keys, certificates and territory tables */
    SETUP_SETTINGS = 1 << 20, /* bytes */
    SETUP_PART = 8 << 20,     /* bytes of one part: a territory table of a large country */
    SETUP_NAME = 160,         /* "ID/FILE", two safe names */
};

struct setup_agreement {
    struct bytes canonical, signatures; /* PROTOCOL.agreement: compact form; the .sig file */
};

struct setup_part {
    struct bytes name, content;
};

struct setup {
    struct bytes settings; /* docs/settings.md, as on disk */
    struct bytes party;    /* our own id */
    struct setup_agreement agreements[SETUP_AGREEMENTS];
    size_t agreement_count;
    struct setup_part parts[SETUP_PARTS];
    size_t part_count;
};

/* Appends the body. Counts and lengths within the limits above are the caller's duty. */
void setup_write(const struct setup *s, struct buf *out);

/* Everything in *out is borrowed from `body`. SHORT, LIMIT, EXTRA. */
MUST_CHECK struct fault setup_parse(struct bytes body, struct setup *out);

/* The part of this name, empty if there is none. */
struct bytes setup_part(const struct setup *s, const char *name);

#endif
