/*
 * sample.h - a raw sensor record that is evidence, as watch hands it to desk in WATCH_COMMIT.
 *
 * The record is a stranger's text and is kept as it came; the account is watch's own JSON of how it
 * judged it. Nothing here looks into either.
 */
#ifndef PARLEY_IPC_SAMPLE_H
#define PARLEY_IPC_SAMPLE_H

#include "base/buf.h"
#include "base/cursor.h"

enum {
    SAMPLE_INCIDENT = 200,    /* "ARTICLE FROM SOURCE SERVICE OPENED" */
    SAMPLE_SOURCE = 64,       /* a sensor's name */
    SAMPLE_RAW = 4 << 10,     /* bytes of a record; of a longer one the digest alone is kept */
    SAMPLE_UNKEPT = 16,       /* why there is no record */
    SAMPLE_ACCOUNT = 4 << 10, /* watch/account.h: ACCOUNT_TEXT */
};

struct sample {
    struct bytes digest;   /* SHA-256 of the record, 32 bytes */
    struct bytes incident; /* as its report names it */
    struct bytes source;   /* the sensor */
    uint64_t offset;       /* of the record in what the sensor wrote */
    uint32_t length;       /* of the record */
    struct bytes raw;      /* the record; empty where it was not kept */
    struct bytes unkept;   /* "too-long", "no-room", "restarted"; empty where it was */
    struct bytes account;  /* JSON; empty where there is none */
};

void sample_write(const struct sample *s, struct buf *out); /* appends */

/* Reads one of a list; borrows from the message. Faults as cursor's; RANGE: a record of another
 * length than it says, or neither a record nor why there is none. */
void sample_take(struct cursor *in, struct sample *out);

#endif
