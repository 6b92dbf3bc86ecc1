/*
 * table.h - the lines "CODE<TAB>PREFIX" of a territory table, plain or compressed with zstd.
 *
 * PROTOCOL.agreement section 2, `tables`. Knows neither parties nor dates, opens no file: the
 * caller brings the bytes and has checked their digest.
 */
#ifndef PARLEY_NET_TABLE_H
#define PARLEY_NET_TABLE_H

#include "base/buf.h"
#include "net/spans.h"

enum {
    TABLE_MAX = 1 << 28, /* bytes unpacked: forty times today's whole RIR list */
    TABLE_CODE = 32,     /* longest code */
};

/* Which number the prefixes of this code claim; called once a line. */
typedef uint32_t table_value(struct bytes code, void *ctx);

/* Unpacks if the bytes begin with zstd's magic number, else copies. SYNTAX, SHORT, LIMIT. */
MUST_CHECK struct fault table_unpack(struct bytes raw, struct buf *out);

/*
 * Reads every line of an unpacked table into an array of claims, which the caller frees. Order is
 * the file's. Faults carry the offset of the bad line or prefix: SHORT (no newline at the end, no
 * tab), SYNTAX, RANGE, LIMIT (a code that is empty or longer than TABLE_CODE).
 */
MUST_CHECK struct fault table_parse(struct bytes text, table_value *value, void *ctx,
                                    struct claim **out, size_t *count_out);

#endif
