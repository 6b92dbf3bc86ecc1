/*
 * event.h - what a pattern can ask of an oriented event: the vocabulary of the agreement's
 * articles, listed in this folder's README.
 *
 * The initiator is the source and the responder the destination, whatever the record said.
 */
#ifndef PARLEY_STIX_EVENT_H
#define PARLEY_STIX_EVENT_H

#include "model/event.h"
#include "stix/pattern.h"

/* For objects that are a `const struct event *`. Where its ground is NONE, source and destination
 * are the record's own, and what orientation gives is not there. */
extern const struct pattern_vocabulary event_vocabulary;

#endif
