/*
 * cowrie.h - the JSON log of the honeypot Cowrie (cowrie.json), a line a record, to events.
 *
 * Cowrie, docs/OUTPUT: each record has `eventid` ("cowrie.session.connect" ..), `timestamp` and
 * `src_ip`. The connection is the event: it alone names both ends. The others have their caller as
 * source, and the address or the hash of a file that he fetched, for indicators.
 *
 * Never looked at: names, passwords, commands, contents. Where a visitor would have the pot call
 * for him (direct-tcpip) is no end of any record of ours. Does not orient.
 */
#ifndef PARLEY_SENSOR_COWRIE_H
#define PARLEY_SENSOR_COWRIE_H

#include "sensor/reader.h"

extern const struct reader_format cowrie_format;

#endif
