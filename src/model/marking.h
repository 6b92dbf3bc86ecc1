/*
 * marking.h - TLP 2.0 and PAP: read tolerantly, written one way.
 *
 * Whatever cannot be understood is the strictest there is: no spelling can lower a marking.
 * Labels bind nobody by themselves (RFC 6545 section 5.1); release/ makes locks of them.
 */
#ifndef PARLEY_MODEL_MARKING_H
#define PARLEY_MODEL_MARKING_H

#include <stdbool.h>

#include "base/bytes.h"

/* From free to strict: the order is the meaning. NONE is no marking at all. */
enum tlp {
    TLP_NONE = 0,
    TLP_CLEAR,
    TLP_GREEN,
    TLP_AMBER,
    TLP_AMBER_STRICT,
    TLP_RED,
};

enum pap {
    PAP_NONE = 0,
    PAP_CLEAR,
    PAP_GREEN,
    PAP_AMBER,
    PAP_RED,
};

/* Both of one thing; or the highest that somebody may be shown. What says no PAP may be used as its
 * TLP lets it. */
struct marking {
    enum tlp tlp;
    enum pap pap;
};

/*
 * Any case, spaces, "TLP:" or "tlp=" before it, WHITE for CLEAR, AMBER and STRICT joined by plus,
 * minus, underscore or space; the marking-definition ids of STIX TLP 1 and of TLP 2.0. Anything
 * else, the empty text too, is RED.
 */
enum tlp tlp_read(struct bytes label);
enum pap pap_read(struct bytes label);

/* Exactly our own spelling; NONE for anything else. */
enum tlp tlp_parse(struct bytes canonical);
enum pap pap_parse(struct bytes canonical);

/* "clear", "green", "amber", "amber+strict", "red"; "red" for NONE: what has no marking has not
 * been decided to be free. */
const char *tlp_name(enum tlp tlp);
const char *pap_name(enum pap pap);

/* Is this the id of one of TLP's marking definitions? What another one says is not known. */
bool tlp_marking_is_known(struct bytes id);

/* The id of TLP 2.0's marking definition, "marking-definition--" and its UUID; red's for NONE. */
const char *tlp_marking(enum tlp tlp);

static inline bool marking_is_within(struct marking of, struct marking most)
{
    return of.tlp <= most.tlp && of.pap <= most.pap;
}

/* Of derived material: the stricter of its two parents'. */
enum tlp tlp_stricter(enum tlp a, enum tlp b);
enum pap pap_stricter(enum pap a, enum pap b);

#endif
