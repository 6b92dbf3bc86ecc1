/*
 * eve_shape.h - what the good lines before have taught about the form of the next ones.
 *
 * A sensor writes the same few forms again and again; only values differ. A value of a member of
 * the first level is kept as a path of steps: a stretch of text that stood there to the byte, then
 * a hole, a value of one kind that may be any of its kind. A line whose text goes along such paths
 * differs from good lines only inside values of the same kind, so it is good, nests as they do, and
 * its members stand where theirs stood: nothing of it has to be parsed but the holes. A path begins
 * at the opening quote of the first-level member's key and ends where its value ends; which member
 * follows which is a guess by the last time, and a table by name where the guess is wrong.
 *
 * For eve.c and the paths of eve_path.h. Changes no answer: a line that leaves the paths is read by
 * the grammar. Bounded: the steps, how many may follow one, and what is spent on learning when
 * nothing comes again (credit). Where the steps are used up all are forgotten.
 */
#ifndef PARLEY_SENSOR_EVE_SHAPE_H
#define PARLEY_SENSOR_EVE_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

enum {
    EVE_STEPS = 2048,      /* of 64 bytes; a honeypot's year of Suricata needs some hundreds */
    EVE_STEP_TEXT = 32,    /* longest stretch of a step: longer ones are several */
    EVE_STEP_OTHERS = 8,   /* that may follow one step: each is tried in turn */
    EVE_MEMBER_STEPS = 96, /* of one path */
    EVE_ROOTS = 1024,      /* buckets of first-level names */
    EVE_TRUST = 15,   /* a right guess earns one, a wrong one costs two; from half on we guess */
    EVE_CREDIT = 512, /* lines learned in a row without a line that came again */
};

enum eve_hole {
    HOLE_NONE = 0, /* the text goes on in the next step, or the value is over */
    HOLE_STRING,   /* from behind its opening quote to behind the closing one */
    HOLE_NUMBER,
};

/* Step 0 is none. */
struct eve_step {
    uint8_t text[EVE_STEP_TEXT];
    uint32_t mask; /* a bit for each byte of text */
    uint32_t seen; /* members whose names are in text, a bit each */
    uint8_t length, hole;
    uint8_t taken;  /* enum eve_member that the hole is the value of; MEMBER_COUNT: none we read */
    bool last;      /* the first-level value is over behind it */
    uint16_t next;  /* the first that may follow; if last: the root that did, last time */
    uint16_t other; /* what may stand here instead */
    uint8_t spare[16];
};

/* The first step of the paths in a bucket, and of it what says where its hole begins. */
struct eve_root {
    uint16_t step;
    uint8_t length, hole;
};

struct eve_shapes {
    _Alignas(64) struct eve_step step[EVE_STEPS];
    struct eve_root root[EVE_ROOTS]; /* by eve_shape_bucket */
    uint16_t guess[EVE_ROOTS]; /* which came behind the header, by the event_type's beginning */
    int trust;                 /* in guesses, 0 to EVE_TRUST */
    unsigned count;            /* steps used */
    unsigned credit;
};

/* On the heap, aligned to 64 bytes; free() it. */
struct eve_shapes *eve_shapes_new(void);

/* The bucket of the key whose first eight bytes, behind its quote, are `word`. Where the name is
 * shorter the value's beginning takes part: so what begins otherwise is found at once, too. */
static inline unsigned eve_shape_bucket(uint64_t word)
{
    return (unsigned)(word * 0x9e3779b97f4a7c15 >> 54);
}

/* A line came again. */
static inline void eve_shapes_met(struct eve_shapes *s)
{
    s->credit += s->credit < EVE_CREDIT;
}

/* Learns the paths of a line that was found good; from its brace to its last brace. */
void eve_shapes_learn(struct eve_shapes *s, struct bytes line);

#endif
