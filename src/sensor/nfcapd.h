/*
 * nfcapd.h - nfdump's own files (layout 2, nfdump 1.7: nfcapd, nfpcapd, sfcapd) to events.
 *
 * nfdump, src/lib/nffileV2.h and nfxV3.h: a file header of 40 bytes, then blocks of records, each
 * packed for itself. A frame is the header or one block. Written in the byte order of the machine
 * that made it; another's is refused. What a block unpacks to is bounded by READER_FRAME, whatever
 * it says of itself. Files of nfdump 1.6 (layout 1) are refused by name: nfdump 1.7 reads and
 * rewrites them.
 */
#ifndef PARLEY_SENSOR_NFCAPD_H
#define PARLEY_SENSOR_NFCAPD_H

#include "sensor/reader.h"

extern const struct reader_format nfcapd_format;

#endif
