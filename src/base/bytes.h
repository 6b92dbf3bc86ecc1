/*
 * bytes.h - borrowed bytes: a pointer and its length, travelling together.
 *
 * A struct bytes owns nothing. Whoever declares one says from whom it is borrowed.
 */
#ifndef PARLEY_BASE_BYTES_H
#define PARLEY_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    const uint8_t *data;
    size_t len;
};

static inline struct bytes bytes_of(const void *data, size_t len)
{
    return (struct bytes){(const uint8_t *)data, len};
}

/* The bytes of a NUL-terminated text, without the NUL. */
static inline struct bytes bytes_text(const char *text)
{
    return bytes_of(text, strlen(text));
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool bytes_is(struct bytes a, const char *text)
{
    return bytes_equal(a, bytes_text(text));
}

/* Order of unsigned bytes, the shorter first where one is the other's prefix. */
int bytes_compare(struct bytes a, struct bytes b);

/* Copies as a NUL-terminated text into `out` of `size`; false, and an empty text, if it does not
 * fit or holds a NUL itself. */
bool bytes_to_text(struct bytes a, char *out, size_t size);

#endif
