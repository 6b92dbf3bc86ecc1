/*
 * buf.h - owned bytes that grow. Zero-initialised is empty and ready.
 */
#ifndef PARLEY_BASE_BUF_H
#define PARLEY_BASE_BUF_H

#include "base/bytes.h"

struct buf {
    uint8_t *data; /* owned; NULL while nothing was added */
    size_t len, room;
};

void buf_done(struct buf *b);           /* frees; b is empty and ready again */
void buf_clear(struct buf *b);          /* forgets the bytes, keeps the room */
void buf_wipe(struct buf *b);           /* overwrites the bytes, then frees: for secrets */
void buf_need(struct buf *b, size_t n); /* makes room for n more */

void buf_add(struct buf *b, const void *data, size_t len);
void buf_bytes(struct buf *b, struct bytes add);
void buf_text(struct buf *b, const char *text); /* without the NUL */
void buf_byte(struct buf *b, uint8_t byte);
void buf_u16(struct buf *b, uint16_t v); /* big-endian, as all our wire forms */
void buf_u32(struct buf *b, uint32_t v);
void buf_u64(struct buf *b, uint64_t v);
void buf_decimal(struct buf *b, uint64_t v);
void buf_base64(struct buf *b, const void *data, size_t len); /* RFC 4648 section 4, padded */
void buf_hex(struct buf *b, const void *data, size_t len);    /* lower case */
void buf_print(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* u32 length, then the bytes: the form in which parts travel inside our messages and frames. */
void buf_part(struct buf *b, struct bytes part);

/* Drops the first n bytes. */
void buf_drop(struct buf *b, size_t n);

/* What is in it, borrowed until the next change. */
static inline struct bytes buf_view(const struct buf *b)
{
    return bytes_of(b->data, b->len);
}

/* What is in it with a NUL behind it, borrowed until the next change. */
const char *buf_str(struct buf *b);

#endif
