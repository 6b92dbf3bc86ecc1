/*
 * exchange_query.h - every question that the exchange puts to its store, by name.
 *
 * The tables are apart from desk's (query.h): shared STIX objects are many and large, are read by
 * several processes, and nothing that must be acknowledged as a statement waits for them.
 */
#ifndef PARLEY_STORE_EXCHANGE_QUERY_H
#define PARLEY_STORE_EXCHANGE_QUERY_H

#include "store/schema.h"

/*
 * Rows of an object without its bytes: added, id, spec, version, type, first, last, tlp.
 * `added` is date_added in microseconds, unique in the whole store and rising with every write;
 * it is the place to go on from. `version` is modified, else created, else date_added, in
 * microseconds. `first` and `last` are 1 for the oldest and the newest version of the newest
 * spec_version that the object has.
 */
enum exchange_query {
    EXCHANGE_COLLECTION_PUT = SCHEMA_QUERIES,
    EXCHANGE_COLLECTION_GET,
    EXCHANGE_COLLECTION_LIST, /* number, root, id */

    EXCHANGE_NEWEST,       /* of the whole store: the last `added` given out */
    EXCHANGE_OBJECT_PUT,   /* changes 0 rows if this version is there */
    EXCHANGE_OBJECT_TOP,   /* newest spec, newest version of one object */
    EXCHANGE_OBJECT_BASE,  /* oldest version of one object in one spec */
    EXCHANGE_OBJECT_CROWN, /* newest version of one object in one spec */
    EXCHANGE_OBJECT_SUPERSEDE,
    EXCHANGE_OBJECT_MARK_FIRST,
    EXCHANGE_OBJECT_MARK_LAST,
    EXCHANGE_OBJECT_DROP,
    EXCHANGE_OBJECT_COUNT,
    EXCHANGE_OBJECT_GET, /* by `added`: a row and its bytes */

    /* scans, ascending by `added`, after $2, at most $3 (or one more parameter before $2): rows and
     * their bytes, which SQLite reads from the disk only where they are asked for */
    EXCHANGE_SCAN_ALL,
    EXCHANGE_SCAN_LAST,
    EXCHANGE_SCAN_FIRST,
    EXCHANGE_SCAN_TYPE,
    EXCHANGE_SCAN_TYPE_LAST,
    EXCHANGE_SCAN_VERSION,
    EXCHANGE_SCAN_ID,
    /* the same: added, marking and bytes alone */
    EXCHANGE_BODY_ALL,
    EXCHANGE_BODY_LAST,
    EXCHANGE_BODY_TYPE_LAST,
    EXCHANGE_SCAN_EXPIRED, /* whose own word ended before $2, at most $3 */

    EXCHANGE_TOMBSTONE_PUT,
    EXCHANGE_TOMBSTONE_LIST,

    EXCHANGE_STATUS_PUT,
    EXCHANGE_STATUS_GET,
    EXCHANGE_STATUS_EXPIRE,

    EXCHANGE_REFUSAL_COUNT,
    EXCHANGE_REFUSAL_LIST,

    EXCHANGE_RELEASE_PUT, /* the higher marking stays */
    EXCHANGE_RELEASE_GET,
    EXCHANGE_RELEASE_DROP,

    EXCHANGE_STATE_PUT, /* what is there stays */
    EXCHANGE_STATE_SET,
    EXCHANGE_STATE_GET,

    EXCHANGE_QUERY_COUNT,
};

extern const struct schema schema_exchange;

#endif
