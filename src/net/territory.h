/*
 * territory.h - whose declared territory an address lies in, at a time, and by which test.
 *
 * Three tests, the stronger first: a prefix that a party declares, an AS number that it declares
 * (needs a table of AS numbers), a dated table of prefixes by code. Inside one test the longest
 * prefix wins; a code of a table that belongs to nobody cuts its holes into the others' prefixes.
 * Where the two parties hold equally good claims the answer is CONTESTED and belongs to nobody.
 * The weaker tests are asked all the same: where one of them speaks against the answer (the other
 * party's, or this party's own table under a foreign code, or an AS number that this party, which
 * declares AS numbers, did not declare), the answer is disputed, and confidence falls.
 * Territory is where something was observed, never who did it.
 *
 * PROTOCOL.agreement section 2, `territory`. Opens no file and checks no digest. Parties are 1
 * and 2 here, 0 is nobody.
 */
#ifndef PARLEY_NET_TERRITORY_H
#define PARLEY_NET_TERRITORY_H

#include "base/clock.h"
#include "net/addr.h"

enum {
    TERRITORY_PARTIES = 2,
    TERRITORY_TABLES = 128, /* 64 a party, as the agreement allows */
};

enum territory_ground {
    TERRITORY_NONE = 0,
    TERRITORY_PREFIX,    /* declared prefix */
    TERRITORY_AS,        /* declared AS number, by a table of AS numbers */
    TERRITORY_TABLE,     /* a code of a dated table */
    TERRITORY_CONTESTED, /* both parties claim it by the same test */
};

/* "none", "prefix", "as", "table", "contested". */
const char *territory_ground_name(enum territory_ground g);

struct territory_answer {
    uint8_t party;  /* 0 nobody, 1 or 2 */
    uint8_t ground; /* enum territory_ground */
    uint8_t table;  /* for TERRITORY_TABLE: the number territory_table gave; else 0 */
    bool disputed;  /* another test speaks of the address too, and not for this party */
};

struct territory;

struct territory *territory_new(void);
void territory_free(struct territory *t); /* NULL is fine */

/* What is declared. All of it before territory_seal. */
void territory_prefix(struct territory *t, unsigned party, struct prefix p);
void territory_as_number(struct territory *t, unsigned party, uint32_t number);

/*
 * A party's table: the prefixes of `code` in `raw` (plain or zstd) are its territory for events
 * with valid_from <= time < valid_until. A prefix listed under two codes belongs to nobody.
 * *number_out counts from 0 in the order of calls. Faults as table_unpack and table_parse; LIMIT
 * for the table after TERRITORY_TABLES.
 */
MUST_CHECK struct fault territory_table(struct territory *t, unsigned party, struct bytes raw,
                                        const char *code, struct instant valid_from,
                                        struct instant valid_until, unsigned *number_out);

/* The table of AS numbers: lines "NUMBER<TAB>PREFIX", plain or zstd. One at most: DUPLICATE.
 * A NUMBER that is none counts as unknown. */
MUST_CHECK struct fault territory_as_table(struct territory *t, struct bytes raw);

/* Ends the declarations and builds what the look-ups use: one map for each span of time in which
 * the same tables are valid. What they were built from is freed. */
void territory_seal(struct territory *t);

/* Bytes of all maps. Only after territory_seal. */
size_t territory_bytes(const struct territory *t);

/* The answer for `a` at `time`. Only after territory_seal. */
struct territory_answer territory_find(const struct territory *t, struct addr a,
                                       struct instant time);

/* The AS number that announces `a`; 0 where no table says. */
uint32_t territory_as(const struct territory *t, struct addr a);

/* Is this an address that stands for no one place of the Internet: private, shared, loopback,
 * link-local, multicast, unspecified, reserved (RFC 6890)? Documentation prefixes are not in the
 * list, so that examples and exercises can use them. Nobody is ever accused by such an address. */
bool territory_is_nowhere(struct addr a);

#endif
