/*
 * marked.h - how an object counts here that does not say it by TLP alone.
 *
 * STIX 2.1 section 7.2.1: a marking definition is TLP's, a statement (a copyright, terms of use),
 * or another's; its id does not tell which, and who sends it may say what he likes. So one that is
 * not TLP's counts as red, unless a person of ours looked at it and named it in the settings as a
 * statement: then it is let be, and the object counts as what its other markings say, or, if it has
 * none, as the collection's own default.
 */
#ifndef PARLEY_EXCHANGE_MARKED_H
#define PARLEY_EXCHANGE_MARKED_H

#include "exchange/config.h"
#include "stix/judged.h"

/* `in` is the collection that it is to stand in; NULL: none, and there is no default. */
enum tlp marked_tlp(const struct config *c, const struct config_collection *in,
                    const struct object *o);

/* The same for all that are good, in their own place. */
void marked_all(const struct config *c, const struct config_collection *in, struct judged *j);

/* The first of its markings for which it counts as red; NULL: it does not, or is marked so. */
const char *marked_unknown(const struct config *c, const struct object *o);

#endif
