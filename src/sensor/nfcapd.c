#include "sensor/nfcapd.h"

#include <bzlib.h>
#include <lz4.h>
#include <lzo/lzo1x.h>
#include <zstd.h>

#include "base/memory.h"
#include "sensor/template.h"

static const char rule[] = "nfdump layout 2: file header, blocks, V3 records";
static const char packed_rule[] = "nfdump layout 2: a block's packed bytes";

enum {
    MAGIC = 0xa50c,
    FILE_HEADER = 40,
    BLOCK_HEADER = 12,
    RECORD_HEADER = 12, /* of a V3 record */
    RECORD_V3 = 11,
    ELEMENT_HEADER = 4,
    BLOCK_RECORDS = 3,     /* the block type that holds records */
    BLOCK_UNPACKED = 1,    /* flag: this block is not packed, whatever the file says */
    BLOCK_UNENCRYPTED = 2, /* flag */
};

enum packing { PACKING_NONE = 0, PACKING_LZO, PACKING_BZ2, PACKING_LZ4, PACKING_ZSTD, PACKINGS };

enum element { ELEMENT_GENERIC = 1, ELEMENT_V4, ELEMENT_V6, ELEMENT_MISC, ELEMENT_COUNTERS };

struct nfcapd {
    bool header;
    uint8_t packing; /* enum packing */
};

static uint16_t u16(const uint8_t *p)
{
    uint16_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

static uint32_t u32(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

static uint64_t u64(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

static bool is_header(struct bytes b)
{
    return b.len >= 4 && u16(b.data) == MAGIC && (u16(b.data + 2) == 1 || u16(b.data + 2) == 2);
}

/* ---- unpacking ---- */

static bool unpack_lzo(struct bytes in, uint8_t *out, size_t *len)
{
    lzo_uint n = *len;

    if (lzo1x_decompress_safe(in.data, in.len, out, &n, NULL) != LZO_E_OK)
        return false;
    *len = n;
    return true;
}

static bool unpack_bz2(struct bytes in, uint8_t *out, size_t *len)
{
    unsigned n = (unsigned)*len;
    char *from = (char *)(uintptr_t)in.data; /* the library's signature lacks a const */

    if (BZ2_bzBuffToBuffDecompress((char *)out, &n, from, (unsigned)in.len, 0, 0) != BZ_OK)
        return false;
    *len = n;
    return true;
}

static bool unpack_lz4(struct bytes in, uint8_t *out, size_t *len)
{
    int n = LZ4_decompress_safe((const char *)in.data, (char *)out, (int)in.len, (int)*len);

    if (n < 0)
        return false;
    *len = (size_t)n;
    return true;
}

static bool unpack_zstd(struct bytes in, uint8_t *out, size_t *len)
{
    size_t n = ZSTD_decompress(out, *len, in.data, in.len);

    if (ZSTD_isError(n))
        return false;
    *len = n;
    return true;
}

static struct fault unpack(const struct nfcapd *n, struct bytes in, unsigned flags,
                           struct buf *room, struct bytes *out)
{
    static bool (*const ways[PACKINGS])(struct bytes in, uint8_t * out, size_t * len) = {
        [PACKING_LZO] = unpack_lzo,
        [PACKING_BZ2] = unpack_bz2,
        [PACKING_LZ4] = unpack_lz4,
        [PACKING_ZSTD] = unpack_zstd,
    };
    size_t len = READER_FRAME;

    *out = in;
    if (n->packing == PACKING_NONE || (flags & BLOCK_UNPACKED) != 0)
        return fault_none();
    buf_clear(room);
    buf_need(room, READER_FRAME);
    if (!ways[n->packing](in, room->data, &len))
        return fault_make(FAULT_SYNTAX, BLOCK_HEADER, packed_rule);
    *out = bytes_of(room->data, len);
    return fault_none();
}

/* ---- records ---- */

static bool read_generic(const uint8_t *p, size_t len, struct event *e)
{
    struct contact *c = &e->contact;

    if (len < 48)
        return false;
    e->time.us = (int64_t)(u64(p + 8) & 0xffffffffffff) * 1000;
    c->packets = u64(p + 24);
    c->bytes = u64(p + 32);
    e->src_port = u16(p + 40);
    e->dest_port = u16(p + 42);
    c->flags = p[45];
    flow_protocol(e, p[44]);
    e->has |= EVENT_HAS_SRC_PORT | EVENT_HAS_DEST_PORT;
    return true;
}

static bool read_v4(const uint8_t *p, size_t len, struct event *e)
{
    if (len < 8)
        return false;
    e->src = addr_from_v4(u32(p));
    e->dest = addr_from_v4(u32(p + 4));
    e->has |= EVENT_HAS_SRC | EVENT_HAS_DEST;
    return true;
}

/* Two numbers of 64 bits in the host's order make an address. */
static struct addr v6_of(const uint8_t *p)
{
    struct addr a;

    for (size_t half = 0; half < 2; half++) {
        uint64_t v = u64(p + 8 * half);

        for (size_t i = 0; i < 8; i++)
            a.byte[8 * half + i] = (uint8_t)(v >> (56 - 8 * i));
    }
    return a;
}

static bool read_v6(const uint8_t *p, size_t len, struct event *e)
{
    if (len < 32)
        return false;
    e->src = v6_of(p);
    e->dest = v6_of(p + 16);
    e->has |= EVENT_HAS_SRC | EVENT_HAS_DEST;
    return true;
}

static bool read_misc(const uint8_t *p, size_t len, struct event *e)
{
    if (len < 16)
        return false;
    e->contact.initiator = p[12] == 1; /* RFC 5103 section 6.3 */
    e->contact.back_flags = p[14];
    return true;
}

static bool read_counters(const uint8_t *p, size_t len, struct event *e)
{
    if (len < 24)
        return false;
    e->contact.back_packets = u64(p + 8);
    e->contact.back_bytes = u64(p + 16);
    return true;
}

/* A switch, so that the five are laid out in place: a call each would be a third of the work. */
static inline bool read_element(unsigned type, const uint8_t *p, size_t len, struct event *e)
{
    switch (type) {
    case ELEMENT_GENERIC:
        return read_generic(p, len, e);
    case ELEMENT_V4:
        return read_v4(p, len, e);
    case ELEMENT_V6:
        return read_v6(p, len, e);
    case ELEMENT_MISC:
        return read_misc(p, len, e);
    case ELEMENT_COUNTERS:
        return read_counters(p, len, e);
    default:
        return true;
    }
}

static bool read_elements(struct bytes in, unsigned count, struct event *e)
{
    size_t at = 0;

    for (unsigned i = 0; i < count; i++) {
        unsigned type, len;

        if (in.len - at < ELEMENT_HEADER)
            return false;
        type = u16(in.data + at);
        len = u16(in.data + at + 2);
        if (len < ELEMENT_HEADER || len > in.len - at)
            return false;
        if (!read_element(type, in.data + at + ELEMENT_HEADER, len - ELEMENT_HEADER, e))
            return false;
        at += len;
    }
    return true;
}

/* Empty again but for its texts, which a flow never has and nobody else writes: to clear all of an
 * event costs as much as to read it. */
static void clear(struct event *e)
{
    e->time.us = 0;
    e->src = e->dest = (struct addr){{0}};
    e->src_port = e->dest_port = 0;
    e->has = 0;
    e->service = SERVICE_NONE;
    e->transport = TRANSPORT_NONE;
    e->flow = e->alert = 0;
    e->severity = 0;
    e->family = FAMILY_FLOW;
    e->contact = (struct contact){.is = true};
    e->ground = ORIENT_NONE;
    e->proof = PROOF_NONE;
    e->from = e->to = (struct end){.side = SIDE_NONE};
    e->from_as = 0;
    e->cautions = 0;
}

/* `e` is whatever the record before made of it. */
static bool read_record(struct bytes record, size_t at, struct event *e,
                        const struct reader_sink *sink)
{
    if (record.len < RECORD_HEADER)
        return false;
    clear(e);
    if (!read_elements(bytes_of(record.data + RECORD_HEADER, record.len - RECORD_HEADER),
                       u16(record.data + 4), e))
        return false;
    e->contact.both = e->contact.back_packets != 0;
    sink->take(sink->context, e, record, at);
    return true;
}

/* All records of a block; one that is wrong ends it, for where the next begins is not known. */
static struct fault read_records(struct bytes in, uint32_t count, const struct reader_sink *sink)
{
    size_t at = 0;
    uint32_t n = 0;
    struct fault f = fault_none();
    struct event e = {.family = FAMILY_FLOW};

    for (; in.len - at >= 4; n++) {
        unsigned type = u16(in.data + at), size = u16(in.data + at + 2);

        if (size < 4 || size > in.len - at)
            return fault_make(FAULT_SHORT, at, rule);
        if (type == RECORD_V3 && !read_record(bytes_of(in.data + at, size), at, &e, sink))
            f = fault_make(FAULT_SYNTAX, at, rule);
        at += size;
    }
    if (n != count || at != in.len)
        return fault_make(FAULT_MISMATCH, at, rule);
    return f;
}

/* ---- the format ---- */

static struct fault read_header(struct nfcapd *n, struct bytes frame)
{
    if (frame.len < FILE_HEADER)
        return fault_make(FAULT_SHORT, frame.len, rule);
    if (frame.data[16] >= PACKINGS)
        return fault_make(FAULT_UNKNOWN, 16, packed_rule);
    if (frame.data[17] != 0)
        return fault_make(FAULT_UNKNOWN, 17, "nfdump layout 2: encrypted, which we cannot read");
    if (frame.data[16] == PACKING_LZO && lzo_init() != LZO_E_OK)
        die("parley: liblzo2 does not fit this machine\n");
    n->packing = frame.data[16];
    n->header = true;
    return fault_none();
}

static struct fault nfcapd_read(void *state, struct bytes frame, const struct reader_sink *sink)
{
    struct nfcapd *n = state;
    struct bytes records;
    struct fault f;

    if (is_header(frame) && frame.len <= FILE_HEADER)
        return read_header(n, frame);
    if (!n->header)
        return fault_make(FAULT_MISSING, 0, rule);
    if (frame.len < BLOCK_HEADER || u32(frame.data + 4) != frame.len - BLOCK_HEADER)
        return fault_make(FAULT_SHORT, frame.len, rule);
    if (u16(frame.data + 8) != BLOCK_RECORDS)
        return fault_none(); /* names of interfaces and the like */
    f = unpack(n, bytes_of(frame.data + BLOCK_HEADER, frame.len - BLOCK_HEADER),
               u16(frame.data + 10), sink->room, &records);
    return fault_is(f) ? f : read_records(records, u32(frame.data), sink);
}

static struct fault nfcapd_cut(struct bytes have, bool final, size_t *out)
{
    *out = 0;
    if (have.len < BLOCK_HEADER)
        return final ? fault_make(FAULT_SHORT, have.len, rule) : fault_none();
    if (have.data[0] == MAGIC >> 8 && have.data[1] == (MAGIC & 0xff) && have.data[2] == 0)
        return fault_make(FAULT_UNKNOWN, 0, "nfdump layout 2: of a machine of other byte order");
    if (is_header(have) && u16(have.data + 2) == 1)
        return fault_make(FAULT_UNKNOWN, 2,
                          "nfdump layout 1 (1.6): nfdump -r FILE -w NEW makes one of 1.7");
    if (is_header(have))
        *out = FILE_HEADER;
    else
        *out = BLOCK_HEADER + (size_t)u32(have.data + 4);
    if (*out > READER_FRAME)
        return fault_make(FAULT_LIMIT, 4, "nfdump layout 2: a block is at most 5 MiB");
    if (*out > have.len)
        *out = 0;
    return *out == 0 && final ? fault_make(FAULT_SHORT, have.len, rule) : fault_none();
}

static bool nfcapd_is(struct bytes head)
{
    return is_header(head);
}

const struct reader_format nfcapd_format = {
    .name = "nfcapd",
    .is = nfcapd_is,
    .cut = nfcapd_cut,
    .from_start = true,
    .state = sizeof(struct nfcapd),
    .read = nfcapd_read,
};
