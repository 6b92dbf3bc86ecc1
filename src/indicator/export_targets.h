/* export_targets.h - the targets that there are, for export.c's table alone. */
#ifndef PARLEY_INDICATOR_EXPORT_TARGETS_H
#define PARLEY_INDICATOR_EXPORT_TARGETS_H

#include "indicator/export.h"

extern const struct export_target export_suricata;
extern const struct export_target export_suricata_dataset;
extern const struct export_target export_suricata_iprep;
extern const struct export_target export_zeek;
extern const struct export_target export_nftables;
extern const struct export_target export_rpz;
extern const struct export_target export_nfdump;
extern const struct export_target export_csv;
extern const struct export_target export_list;
extern const struct export_target export_stix;
extern const struct export_target export_misp;
extern const struct export_target export_suricata_suppress;

/* Sets of kinds. */
enum {
    EXPORT_ADDRESSES = 1 << INDICATOR_IPV4 | 1 << INDICATOR_IPV6,
    EXPORT_SUBNETS = EXPORT_ADDRESSES | 1 << INDICATOR_SUBNET,
    EXPORT_HASHES = 1 << INDICATOR_MD5 | 1 << INDICATOR_SHA1 | 1 << INDICATOR_SHA256,
    EXPORT_ALL = EXPORT_SUBNETS | EXPORT_HASHES | 1 << INDICATOR_ENDPOINT | 1 << INDICATOR_DOMAIN |
                 1 << INDICATOR_URL,
};

#endif
