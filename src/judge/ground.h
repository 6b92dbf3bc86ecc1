/*
 * ground.h - why an entry that is held will be answered by REJECT.
 */
#ifndef PARLEY_JUDGE_GROUND_H
#define PARLEY_JUDGE_GROUND_H

#include <stdint.h>

/* On the channel to desk as a u8; their names are the wire names in a REJECT. */
enum ground {
    GROUND_NONE = 0,
    GROUND_AGREEMENT, /* names a version of the agreement that we do not have */
    GROUND_TYPE,      /* no type, or one not yet available here; not parsed */
    GROUND_FORM,      /* the document is none, is not the entry's, or contradicts it */
    GROUND_SIGNATURE, /* the root keys' signatures are missing or do not hold */
    GROUND_CONTENT,   /* a field or value that the type may not carry; content or persons */
    GROUND_COUNT,
};

/* "agreement", "type" ..; "none". */
const char *ground_name(enum ground ground);

struct judgement {
    enum ground ground;
    const char *rule; /* static; "" for GROUND_NONE */
};

#endif
