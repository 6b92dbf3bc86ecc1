/*
 * text.h - small spellings: base64, hex, decimals, UTF-8.
 *
 * Every reader here is strict: it takes only what the writer beside it would have written.
 */
#ifndef PARLEY_BASE_TEXT_H
#define PARLEY_BASE_TEXT_H

#include "base/bytes.h"

/* Characters that base64_write makes of `len` bytes (padded, without the NUL). */
static inline size_t base64_length(size_t len)
{
    return (len + 2) / 3 * 4;
}

/* RFC 4648 section 4. `out` has base64_length(len) + 1 bytes; a NUL is written. */
void base64_write(const void *data, size_t len, char *out);

/* Reads exactly `len` bytes from canonical base64: padding, no white space, no loose bits. */
bool base64_read(struct bytes text, void *out, size_t len);

/* The same, five times as fast, and in a time that tells what it read: for what is no secret. */
bool base64_read_open(struct bytes text, void *out, size_t len);

/* The number of bytes canonical base64 of this text stands for; false if its shape is wrong. */
bool base64_size(struct bytes text, size_t *out);

/* Reads exactly 2 * len lower-case hex digits. */
bool hex_read(struct bytes text, void *out, size_t len);

/* A decimal without sign, leading zero or other byte, at most max. */
bool decimal_read(struct bytes text, uint64_t max, uint64_t *out);

/* Offset of the first byte that is not well-formed UTF-8 (RFC 3629), text.len if all is. */
size_t utf8_bad(struct bytes text);

/* 1-based line in which offset `at` lies. */
size_t text_line(struct bytes text, size_t at);

enum { UUID_TEXT = 36 };

/* RFC 9562: a UUID of these bytes, random (version 4) or a digest's first (version 8); the six bits
 * of version and variant are put over theirs. A NUL is written. */
void uuid_write(const uint8_t bytes[16], unsigned version, char out[UUID_TEXT + 1]);

/* [a-z0-9] then [a-z0-9.-], at most 64 bytes: the form of every id that becomes part of a path. */
bool name_is_safe(struct bytes name);

#endif
