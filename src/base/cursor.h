/*
 * cursor.h - reads a text or a message from its start to its end, and keeps the first fault.
 *
 * After a fault nothing more is read and every reader returns an empty or zero value, so that a
 * parser reads like the specification and looks at `fault` once, at its end. All bytes handed
 * out are borrowed from what the cursor is over.
 */
#ifndef PARLEY_BASE_CURSOR_H
#define PARLEY_BASE_CURSOR_H

#include <string.h>

#include "base/bytes.h"
#include "base/fault.h"

struct cursor {
    struct bytes over;
    size_t at;        /* the next byte to read */
    const char *rule; /* what is being read; goes into the fault */
    struct fault fault;
};

static inline struct cursor cursor_over(struct bytes over, const char *rule)
{
    return (struct cursor){over, 0, rule, {FAULT_NONE, 0, NULL}};
}

/* Records a fault at `at`, unless there is one already. */
void cursor_fail(struct cursor *c, enum fault_kind kind, size_t at);

static inline bool cursor_ok(const struct cursor *c)
{
    return c->fault.kind == FAULT_NONE;
}

static inline size_t cursor_left(const struct cursor *c)
{
    return cursor_ok(c) ? c->over.len - c->at : 0;
}

/* Exactly n bytes. SHORT. */
struct bytes cursor_take(struct cursor *c, size_t n);

/* Up to the next newline, which is consumed and not part of it. SHORT if there is none. */
struct bytes cursor_line(struct cursor *c);

/* What cursor_expect does where the text is not there: goes to the fault. */
void cursor_unexpected(struct cursor *c, const char *text);

/* Exactly this text. SHORT if the input ends in it, SYNTAX at the first other byte. */
static inline void cursor_expect(struct cursor *c, const char *text)
{
    size_t len = strlen(text);

    if (cursor_left(c) >= len && memcmp(c->over.data + c->at, text, len) == 0)
        c->at += len;
    else
        cursor_unexpected(c, text);
}

/* Up to `stop`, which is consumed and not part of it. SHORT if it does not come. */
struct bytes cursor_until(struct cursor *c, uint8_t stop);

/* A line that is a decimal (text.h, decimal_read). SYNTAX, RANGE, SHORT. */
uint64_t cursor_decimal_line(struct cursor *c, uint64_t max);

/* A line that is canonical base64 of exactly len bytes. SYNTAX, SHORT. */
void cursor_base64_line(struct cursor *c, void *out, size_t len);

/* Big-endian numbers. SHORT. */
uint8_t cursor_u8(struct cursor *c);
uint16_t cursor_u16(struct cursor *c);
uint32_t cursor_u32(struct cursor *c);
uint64_t cursor_u64(struct cursor *c);

/* u32 length and that many bytes, at most max. SHORT, LIMIT. */
struct bytes cursor_part(struct cursor *c, size_t max);

/* There must be nothing left. EXTRA at the first byte that is. */
void cursor_end(struct cursor *c);

#endif
