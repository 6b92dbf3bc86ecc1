/*
 * shelf.h - the objects of all collections, in the order in which they came.
 *
 * date_added is a microsecond counter that is unique in the whole store and rises with every write
 * (never below the clock), so that a walk by `next` and one by added_after alone both meet every
 * object once. A page is a walk along one index for each filter; what no index can tell is asked
 * row by row within a budget, and a page may then end early and say so. Works in the caller's
 * transaction where it writes. Knows no right and no HTTP.
 */
#ifndef PARLEY_EXCHANGE_SHELF_H
#define PARLEY_EXCHANGE_SHELF_H

#include "exchange/filter.h"
#include "stix/object.h"
#include "store/store.h"

enum {
    SHELF_EXPIRE = 1000,  /* objects that end in one transaction */
    SHELF_BUDGET = 20000, /* rows looked at for one page */
};

struct shelf_row {
    struct instant added; /* date_added */
    char id[OBJECT_ID];
    char spec[OBJECT_SPEC];
    char type[OBJECT_TYPE];
    struct instant version;
    bool first, last;
    struct marking marking;
};

/* What becomes of a page's rows, in their order. `body` is the object's bytes, borrowed. True: the
 * page is full with it, and the walk goes on in the next one. */
typedef bool shelf_take(void *context, const struct shelf_row *row, struct bytes body);

struct shelf_page {
    size_t count;
    bool more;
    struct instant first, last; /* date_added of the first and the last row; if count > 0 */
    struct instant next;        /* go on strictly after; if `more` */
};

/* The number under which a collection's rows stand; made if it is not there. */
MUST_CHECK struct fault shelf_collection(struct store *s, const char *root, const char *id,
                                         int64_t *out);

/*
 * A page of `collection`, strictly after `after`, of what `filter` asks for and `clearance`
 * permits. Calls `take` at most filter->limit times.
 */
MUST_CHECK struct fault shelf_page(struct store *s, int64_t collection, const struct filter *filter,
                                   struct instant after, struct marking clearance, shelf_take *take,
                                   void *context, struct shelf_page *out);

/* As shelf_page, for who wants the bytes: where the filter needs no more, `added` and
 * `marking` alone of a row are known. */
MUST_CHECK struct fault shelf_bodies(struct store *s, int64_t collection,
                                     const struct filter *filter, struct instant after,
                                     struct marking clearance, shelf_take *take, void *context,
                                     struct shelf_page *out);

/* What became of an object: `what` is added, deleted, expired or withdrawn. */
struct shelf_change {
    struct instant at; /* date_added, or when it was taken away: one rising number for both */
    char id[OBJECT_ID];
    char spec[OBJECT_SPEC];
    char type[OBJECT_TYPE];
    struct instant version;
    char what[16];
};

/* Additions and removals in their order, as shelf_page; of both alike only what `clearance`
 * permits. `take` answers true when the page is full with it. */
MUST_CHECK struct fault shelf_changes(struct store *s, int64_t collection, struct instant after,
                                      unsigned limit, struct marking clearance,
                                      bool (*take)(void *context, const struct shelf_change *c),
                                      void *context, struct shelf_page *out);

/* The last date_added given out; for the first object of a transaction. */
MUST_CHECK struct fault shelf_newest(struct store *s, struct instant *out);

/*
 * Puts an object down inside a transaction. *counter is the last date_added given out and is moved
 * on; *put says whether it was new, or this version was there already (then nothing is changed:
 * the bytes that came first stay).
 */
MUST_CHECK struct fault shelf_put(struct store *s, int64_t collection, const struct object *o,
                                  struct bytes body, const char *writer, struct instant now,
                                  struct instant *counter, bool *put);

/*
 * Takes away the versions of `id` that the filter asks for, inside a transaction, and leaves a
 * tombstone for each. `why` is deleted, expired or withdrawn. *out says how many.
 */
MUST_CHECK struct fault shelf_drop(struct store *s, int64_t collection, const char *id,
                                   const struct filter *filter, const char *why, const char *writer,
                                   struct instant now, struct instant *counter, size_t *out);

/* Takes away what its own word (valid_until) ended before `now`, at most SHELF_EXPIRE at a time,
 * inside a transaction. *out says how many. */
MUST_CHECK struct fault shelf_expire(struct store *s, int64_t collection, struct instant now,
                                     struct instant *counter, size_t *out);

#endif
