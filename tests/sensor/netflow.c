/* sensor/netflow.h, nfcapd.h: flows out of messages and files; templates that lie are damage. */
#include "sensor/netflow.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "sensor/nfcapd.h"
#include "sensor/same.h"
#include "sensor/source.h"
#include "test.h"

struct got {
    struct event e;
    size_t events;
    uint64_t notes;
    const char *rule; /* of the last note */
};

static void take(void *context, struct event *e, struct bytes raw, size_t at)
{
    struct got *g = context;

    (void)at;
    assert_true(raw.len != 0);
    g->e = *e;
    g->events++;
}

static void note(void *context, const char *rule, uint64_t n)
{
    struct got *g = context;

    g->rule = rule;
    g->notes += n;
}

/* The frame stands at the end of its own allocation, so that a read past it is seen. */
static struct fault give(struct reader *r, const struct buf *frame, size_t len, struct got *g)
{
    struct buf room = {0};
    const struct reader_sink sink = {take, note, g, &room};
    uint8_t *own = malloc(len == 0 ? 1 : len);
    struct fault f;

    memcpy(own, frame->data, len);
    f = reader_frame(r, bytes_of(own, len), &sink);
    free(own);
    buf_done(&room);
    return f;
}

/* ---- messages, by hand ---- */

static void header(struct buf *b, bool ipfix, uint32_t sequence)
{
    buf_clear(b);
    buf_u16(b, ipfix ? 10 : 9);
    buf_u16(b, 0); /* length, later; v9's count is not looked at */
    if (!ipfix)
        buf_u32(b, 5000); /* uptime in ms */
    buf_u32(b, 1767312000);
    buf_u32(b, sequence);
    buf_u32(b, 7); /* domain */
}

static size_t set_begin(struct buf *b, uint16_t id)
{
    buf_u16(b, id);
    buf_u16(b, 0);
    return b->len;
}

static void set_end(struct buf *b, size_t at)
{
    size_t len = b->len - at + 4;

    b->data[at - 2] = (uint8_t)(len >> 8);
    b->data[at - 1] = (uint8_t)len;
    if (b->data[1] == 10) {
        b->data[2] = (uint8_t)(b->len >> 8);
        b->data[3] = (uint8_t)b->len;
    }
}

static const uint16_t usual[][2] = {
    {8, 4},  {12, 4}, {7, 2}, {11, 2}, {4, 1}, {6, 1}, {2, 4}, {1, 4}, {99, 3} /* nobody's */,
    {153, 8}};

static void template_set(struct buf *b, uint16_t set, uint16_t id, const uint16_t fields[][2],
                         size_t count)
{
    size_t at = set_begin(b, set);

    buf_u16(b, id);
    buf_u16(b, (uint16_t)count);
    for (size_t i = 0; i < count; i++) {
        buf_u16(b, fields[i][0]);
        buf_u16(b, fields[i][1]);
    }
    set_end(b, at);
}

static void flow(struct buf *b, uint16_t dest_port, uint8_t flags, uint32_t packets)
{
    buf_u32(b, 0xc6336407);
    buf_u32(b, 0xc0000201);
    buf_u16(b, 50000);
    buf_u16(b, dest_port);
    buf_byte(b, 6);
    buf_byte(b, flags);
    buf_u32(b, packets);
    buf_u32(b, packets * 60);
    buf_add(b, "xyz", 3);
    buf_u64(b, 1767312000500);
}

static void data_set(struct buf *b, uint16_t id, size_t flows)
{
    size_t at = set_begin(b, id);

    for (size_t i = 0; i < flows; i++)
        flow(b, (uint16_t)(22 + i), 0x1b, 9);
    set_end(b, at);
}

#define USUAL usual, sizeof usual / sizeof usual[0]

static void expect_flow(const struct event *e)
{
    assert_int_equal(addr_v4(e->src), 0xc6336407);
    assert_int_equal(addr_v4(e->dest), 0xc0000201);
    assert_int_equal(e->has, EVENT_HAS_ENDS);
    assert_int_equal(e->src_port, 50000);
    assert_int_equal(e->transport, TRANSPORT_TCP);
    assert_int_equal(e->family, FAMILY_FLOW);
    assert_int_equal(e->time.us, 1767312000500000);
    assert_int_equal(e->contact.packets, 9);
    assert_int_equal(e->contact.bytes, 540);
    assert_int_equal(e->contact.flags, 0x1b);
    assert_true(e->contact.is);
    assert_false(e->contact.both);
}

static void a_template_and_its_data_are_flows_in_both_versions(void **state)
{
    (void)state;
    for (int ipfix = 0; ipfix < 2; ipfix++) {
        struct reader *r = reader_new(NULL);
        struct got g = {.events = 0};
        struct buf b = {0};

        header(&b, ipfix, 0);
        template_set(&b, ipfix ? 2 : 0, 300, USUAL);
        data_set(&b, 300, 3);
        assert_good(give(r, &b, b.len, &g));
        assert_int_equal(g.events, 3);
        expect_flow(&g.e);
        assert_int_equal(g.e.dest_port, 24);
        header(&b, ipfix, ipfix ? 3 : 1);
        data_set(&b, 300, 1); /* the template is remembered */
        buf_add(&b, "\0\0\0", 3);
        if (ipfix)
            b.len -= 3;
        assert_good(give(r, &b, b.len, &g));
        assert_int_equal(g.events, 4);
        assert_int_equal(g.e.service, SERVICE_SSH);
        assert_int_equal(g.notes, 0);
        for (size_t n = 0; n < b.len; n++) /* every prefix */
            (void)give(r, &b, n, &g).kind;
        buf_done(&b);
        reader_free(r);
    }
}

static void v5_needs_no_template(void **state)
{
    struct reader *r = reader_new(NULL);
    struct got g = {.events = 0};
    struct buf b = {0};

    (void)state;
    buf_u16(&b, 5);
    buf_u16(&b, 1);
    buf_u32(&b, 10000); /* uptime */
    buf_u32(&b, 1767312001);
    buf_u32(&b, 500000000);
    buf_u32(&b, 42);
    buf_u32(&b, 0);
    buf_u32(&b, 0xc6336407);
    buf_u32(&b, 0xc0000201);
    buf_u32(&b, 0);
    buf_u32(&b, 0);
    buf_u32(&b, 9);
    buf_u32(&b, 540);
    buf_u32(&b, 8000);
    buf_u32(&b, 9000); /* one second before it was sent */
    buf_u16(&b, 50000);
    buf_u16(&b, 22);
    buf_byte(&b, 0);
    buf_byte(&b, 0x1b);
    buf_byte(&b, 6);
    buf_byte(&b, 0);
    buf_u64(&b, 0);
    assert_int_equal(b.len, 72);
    assert_good(give(r, &b, b.len, &g));
    expect_flow(&g.e);
    for (size_t n = 2; n < b.len; n++)
        assert_fault(give(r, &b, n, &g), FAULT_SHORT);
    assert_int_equal(g.events, 1);
    buf_done(&b);
    reader_free(r);
}

static void a_gap_in_the_sequence_is_noted_with_its_size(void **state)
{
    struct reader *r = reader_new(NULL);
    struct got g = {.events = 0};
    struct buf b = {0};

    (void)state;
    header(&b, true, 100);
    template_set(&b, 2, 300, USUAL);
    data_set(&b, 300, 2);
    assert_good(give(r, &b, b.len, &g));
    header(&b, true, 109); /* 102 was to come: 7 flows are lost */
    data_set(&b, 300, 1);
    assert_good(give(r, &b, b.len, &g));
    assert_int_equal(g.notes, 7);
    assert_non_null(strstr(g.rule, "lost"));
    header(&b, true, 102); /* one that was late */
    data_set(&b, 300, 1);
    assert_good(give(r, &b, b.len, &g));
    assert_non_null(strstr(g.rule, "reordered"));
    header(&b, true, 110);
    data_set(&b, 300, 1);
    g.notes = 0;
    assert_good(give(r, &b, b.len, &g));
    assert_int_equal(g.notes, 0);
    header(&b, true,
           0); /* 111 was to come, but the exporter began anew: still behind, still told */
    data_set(&b, 300, 1);
    assert_good(give(r, &b, b.len, &g));
    assert_int_equal(g.notes, 1);
    buf_done(&b);
    reader_free(r);
}

/* RFC 7011 section 8.1: "A Template Withdrawal Message ... Field Count of zero" */
static void a_withdrawn_template_reads_nothing_more(void **state)
{
    struct reader *r = reader_new(NULL);
    struct got g = {.events = 0};
    struct buf b = {0};

    (void)state;
    header(&b, true, 0);
    template_set(&b, 2, 300, USUAL);
    template_set(&b, 2, 301, USUAL);
    data_set(&b, 300, 1);
    assert_good(give(r, &b, b.len, &g));
    header(&b, true, 1);
    template_set(&b, 2, 300, NULL, 0);
    data_set(&b, 300, 1);
    data_set(&b, 301, 1);
    assert_good(give(r, &b, b.len, &g));
    assert_int_equal(g.events, 2);
    assert_non_null(strstr(g.rule, "template"));
    header(&b, true, 2);
    template_set(&b, 2, 2, NULL, 0); /* all of them */
    data_set(&b, 301, 1);
    assert_good(give(r, &b, b.len, &g));
    assert_int_equal(g.events, 2);
    buf_done(&b);
    reader_free(r);
}

static void templates_that_lie_are_damage_and_withdraw_what_was(void **state)
{
    static const uint16_t nothing[][2] = {{8, 0}, {12, 0}};
    static const uint16_t huge[][2] = {{8, 65000}, {12, 65000}};
    static uint16_t many[600][2];
    const struct {
        const char *name;
        uint16_t id;
        const uint16_t (*fields)[2];
        size_t count, said;
        enum fault_kind kind;
    } wrong[] = {
        {"records of no length", 300, nothing, 2, 2, FAULT_RANGE},
        {"records longer than any set", 300, huge, 2, 2, FAULT_RANGE},
        {"more fields than are there", 300, usual, 3, 9, FAULT_SHORT},
        {"600 fields", 300, (const uint16_t(*)[2])many, 600, 600, FAULT_LIMIT},
        {"a set's own id", 255, usual, 3, 3, FAULT_RANGE},
    };

    (void)state;
    for (size_t i = 0; i < 600; i++)
        many[i][0] = many[i][1] = 1;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct reader *r = reader_new(NULL);
        struct got g = {.events = 0};
        struct buf b = {0};
        size_t at;
        struct fault f;

        header(&b, true, 0);
        template_set(&b, 2, 300, USUAL);
        at = b.len + 4;
        template_set(&b, 2, wrong[i].id, wrong[i].fields, wrong[i].count);
        b.data[at + 2] = (uint8_t)(wrong[i].said >> 8);
        b.data[at + 3] = (uint8_t)wrong[i].said;
        data_set(&b, 300, 1);
        f = give(r, &b, b.len, &g);
        if (f.kind != wrong[i].kind)
            fail_msg("%s: %s at %zu", wrong[i].name, fault_word(f.kind), f.at);
        assert_int_equal(g.events, wrong[i].id == 255 ? 1 : 0);
        buf_done(&b);
        reader_free(r);
    }
}

static void more_templates_than_the_limit_are_refused(void **state)
{
    struct reader *r = reader_new(NULL);
    struct got g = {.events = 0};
    struct buf b = {0};

    (void)state;
    for (uint16_t i = 0; i <= NETFLOW_TEMPLATES; i++) {
        struct fault f;

        header(&b, true, 0);
        template_set(&b, 2, (uint16_t)(256 + i), USUAL);
        f = give(r, &b, b.len, &g);
        assert_int_equal(f.kind, i < NETFLOW_TEMPLATES ? FAULT_NONE : FAULT_LIMIT);
    }
    buf_done(&b);
    reader_free(r);
}

static void variable_fields_and_reverse_elements_are_read(void **state)
{
    struct reader *r = reader_new(NULL);
    struct got g = {.events = 0};
    struct buf b = {0};
    size_t at;

    (void)state;
    header(&b, true, 0);
    at = set_begin(&b, 2);
    buf_u16(&b, 300);
    buf_u16(&b, 4);
    buf_u16(&b, 82); /* interfaceName, of any length */
    buf_u16(&b, 65535);
    buf_u16(&b, 8);
    buf_u16(&b, 4);
    buf_u16(&b, 0x8000 | 2); /* RFC 5103: packets, in reverse */
    buf_u16(&b, 4);
    buf_u32(&b, 29305);
    buf_u16(&b, 239);
    buf_u16(&b, 1);
    set_end(&b, at);
    at = set_begin(&b, 300);
    buf_byte(&b, 4);
    buf_text(&b, "eth0");
    buf_u32(&b, 0xc6336407);
    buf_u32(&b, 77);
    buf_byte(&b, 1);
    buf_byte(&b, 255); /* the long form */
    buf_u16(&b, 3);
    buf_text(&b, "lo0");
    buf_u32(&b, 0xc6336408);
    buf_u32(&b, 78);
    buf_byte(&b, 0);
    set_end(&b, at);
    assert_good(give(r, &b, b.len, &g));
    assert_int_equal(g.events, 2);
    assert_int_equal(addr_v4(g.e.src), 0xc6336408);
    assert_int_equal(g.e.contact.back_packets, 78);
    assert_true(g.e.contact.both);
    assert_false(g.e.contact.initiator);
    b.data[at] = 200; /* a name longer than its set */
    assert_fault(give(r, &b, b.len, &g), FAULT_SHORT);
    buf_done(&b);
    reader_free(r);
}

static void exporters_on_one_port_are_kept_apart(void **state)
{
    struct reader *r = reader_new(&netflow_format);
    struct got g = {.events = 0};
    struct buf b = {0}, d = {0};

    (void)state;
    for (uint8_t who = 1; who <= 2; who++) {
        uint8_t origin[READER_ORIGIN] = {READER_ORIGIN_MARK, 'D', [19] = who};

        header(&b, true, 0);
        if (who == 1)
            template_set(&b, 2, 300, USUAL);
        data_set(&b, 300, 1);
        buf_clear(&d);
        buf_add(&d, origin, sizeof origin);
        buf_bytes(&d, buf_view(&b));
        assert_good(give(r, &d, d.len, &g));
        assert_int_equal(g.events, 1); /* the second has sent no template */
    }
    buf_done(&b);
    buf_done(&d);
    reader_free(r);
}

/* ---- nfdump's files ---- */

static void le(struct buf *b, uint64_t v, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        buf_byte(b, (uint8_t)(v >> 8 * i));
}

static void file_header(struct buf *b, uint8_t packing)
{
    le(b, 0xa50c, 2);
    le(b, 2, 2);
    le(b, 0x01070100, 4);
    le(b, 0, 8);
    le(b, packing, 1);
    while (b->len % 40 != 0)
        buf_byte(b, 0);
}

static void v3_record(struct buf *b, uint16_t generic_len)
{
    le(b, 11, 2);
    le(b, 12 + 52 + 12, 2);
    le(b, 2, 2);
    le(b, 0, 6);
    le(b, 1, 2);
    le(b, generic_len, 2);
    le(b, 1767312000000, 8);
    le(b, 1767312000500, 8);
    le(b, 0, 8);
    le(b, 9, 8);
    le(b, 540, 8);
    le(b, 50000, 2);
    le(b, 22, 2);
    le(b, 6, 1);
    le(b, 0x1b, 1);
    le(b, 0, 2);
    le(b, 2, 2);
    le(b, 12, 2);
    le(b, 0xc6336407, 4);
    le(b, 0xc0000201, 4);
}

static void block(struct buf *b, uint32_t records, uint16_t generic_len)
{
    le(b, records, 4);
    le(b, records * 76, 4);
    le(b, 3, 2);
    le(b, 0, 2);
    for (uint32_t i = 0; i < records; i++)
        v3_record(b, generic_len);
}

static void a_block_of_nfdump_gives_its_flows(void **state)
{
    struct reader *r = reader_new(NULL);
    struct got g = {.events = 0};
    struct buf b = {0};

    (void)state;
    file_header(&b, 0);
    assert_good(give(r, &b, b.len, &g));
    assert_string_equal(reader_format(r)->name, "nfcapd");
    buf_clear(&b);
    block(&b, 3, 52);
    assert_good(give(r, &b, b.len, &g));
    assert_int_equal(g.events, 3);
    expect_flow(&g.e);
    for (size_t n = 0; n < b.len; n++)
        assert_fault(give(r, &b, n, &g), FAULT_SHORT);
    buf_clear(&b);
    block(&b, 2, 53); /* an element that reaches into the next */
    assert_fault(give(r, &b, b.len, &g), FAULT_SYNTAX);
    buf_clear(&b);
    block(&b, 2, 52);
    b.data[0] = 5; /* says five, holds two */
    assert_fault(give(r, &b, b.len, &g), FAULT_MISMATCH);
    b.data[12 + 2] = 2; /* a record shorter than its own header */
    assert_fault(give(r, &b, b.len, &g), FAULT_SHORT);
    buf_done(&b);
    reader_free(r);
}

/* A record of these elements: 1 generic, 2 IPv4, 3 IPv6, 4 misc, 5 counters. */
static void record_of(struct buf *b, const unsigned *elements, size_t count)
{
    static const uint16_t lengths[] = {0, 52, 12, 36, 20, 28};
    size_t begin = b->len;

    le(b, 11, 2);
    le(b, 0, 2);
    le(b, count, 2);
    le(b, 0, 6);
    for (size_t i = 0; i < count; i++) {
        le(b, elements[i], 2);
        le(b, lengths[elements[i]], 2);
        for (size_t k = 4; k < lengths[elements[i]]; k++)
            buf_byte(b, (uint8_t)(k * 37 + elements[i]));
        if (elements[i] == 4)
            b->data[b->len - 16 + 12] = 1; /* biflow direction: the source began */
    }
    b->data[begin + 2] = (uint8_t)(b->len - begin);
}

struct kept {
    struct event e[8];
    size_t n;
};

static void keep_and_spoil(void *context, struct event *e, struct bytes raw, size_t at)
{
    struct kept *k = context;

    (void)raw;
    (void)at;
    k->e[k->n++] = *e;
    e->ground = ORIENT_BIFLOW; /* as judging leaves it */
    e->proof = PROOF_TWO_WAY;
    e->from = e->to = (struct end){.port = 7, .side = SIDE_OTHER, .party = "x"};
    e->from_as = 1;
    e->cautions = 3;
    e->severity = 1;
    e->flow = e->alert = 9;
}

static void read_block(const struct buf *records, uint32_t count, struct kept *k)
{
    struct buf b = {0}, room = {0};
    const struct reader_sink sink = {keep_and_spoil, note, k, &room};
    struct reader *r = reader_new(NULL);

    file_header(&b, 0);
    assert_good(reader_frame(r, buf_view(&b), &sink));
    buf_clear(&b);
    le(&b, count, 4);
    le(&b, records->len, 4);
    le(&b, 3, 2);
    le(&b, 0, 2);
    buf_bytes(&b, buf_view(records));
    assert_good(reader_frame(r, buf_view(&b), &sink));
    buf_done(&b);
    buf_done(&room);
    reader_free(r);
}

/* The reader uses one event again and again: what one record said must not be the next one's. */
static void records_of_a_block_read_as_each_in_a_block_of_its_own(void **state)
{
    static const struct {
        unsigned list[4];
        size_t count;
    } records[] = {{{1, 3, 4, 5}, 4}, {{2}, 1}, {{1}, 1}, {{0}, 0},
                   {{1, 2, 5}, 3},    {{4}, 1}, {{5}, 1}, {{1, 2}, 2}};
    struct kept together = {.n = 0}, alone = {.n = 0};
    struct buf all = {0}, one = {0};

    (void)state;
    for (size_t i = 0; i < 8; i++) {
        buf_clear(&one);
        record_of(&one, records[i].list, records[i].count);
        buf_bytes(&all, buf_view(&one));
        read_block(&one, 1, &alone);
    }
    read_block(&all, 8, &together);
    assert_int_equal(alone.n, 8);
    assert_int_equal(together.n, 8);
    for (size_t i = 0; i < 8; i++) {
        const struct event *a = &alone.e[i], *b = &together.e[i];

        assert_true(same_event(a, b));
        assert_memory_equal(&a->contact, &b->contact, sizeof a->contact);
        assert_int_equal(b->ground, ORIENT_NONE);
        assert_int_equal(b->proof, PROOF_NONE);
        assert_int_equal(b->family, FAMILY_FLOW);
        assert_int_equal(b->from.side, SIDE_NONE);
        assert_int_equal(b->to.side, SIDE_NONE);
        assert_null(b->from.party);
        assert_null(b->to.party);
        assert_int_equal(b->from_as, 0);
        assert_int_equal(b->cautions, 0);
    }
    buf_done(&all);
    buf_done(&one);
}

static void what_cannot_be_read_is_refused_by_name(void **state)
{
    static const struct {
        const char *name;
        size_t at;
        uint8_t byte;
        enum fault_kind kind;
    } wrong[] = {{"an unknown packing", 16, 9, FAULT_UNKNOWN}, {"encrypted", 17, 1, FAULT_UNKNOWN}};
    struct got g = {.events = 0};
    struct buf b = {0};
    size_t len;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct reader *r = reader_new(NULL);

        buf_clear(&b);
        file_header(&b, 0);
        b.data[wrong[i].at] = wrong[i].byte;
        assert_fault(give(r, &b, b.len, &g), wrong[i].kind);
        reader_free(r);
    }
    b.data[2] = 1; /* layout 1, of nfdump 1.6 */
    assert_fault(nfcapd_format.cut(buf_view(&b), true, &len), FAULT_UNKNOWN);
    memcpy(b.data, "\xa5\x0c\0\2", 4); /* written on a big-endian machine */
    assert_fault(nfcapd_format.cut(buf_view(&b), true, &len), FAULT_UNKNOWN);
    memset(b.data, 0xff, 12); /* a block of 4 GiB */
    assert_fault(nfcapd_format.cut(buf_view(&b), true, &len), FAULT_LIMIT);
    buf_done(&b);
}

/* A bomb: what unpacks to more than a block may hold is damage, and costs no more than that. */
static void a_packed_block_that_swells_is_damage(void **state)
{
    static const uint8_t packings[] = {1, 2, 3, 4};

    (void)state;
    for (size_t i = 0; i < sizeof packings; i++) {
        struct reader *r = reader_new(NULL);
        struct got g = {.events = 0};
        struct buf b = {0};

        file_header(&b, packings[i]);
        assert_good(give(r, &b, b.len, &g));
        buf_clear(&b);
        le(&b, 1, 4);
        le(&b, 60000, 4);
        le(&b, 3, 2);
        le(&b, 0, 2);
        for (size_t k = 0; k < 60000; k++)
            buf_byte(&b, k == 0 && packings[i] == 3 ? 0x1f : 0xff); /* LZ4: one byte, repeated */
        assert_fault(give(r, &b, b.len, &g), FAULT_SYNTAX);
        assert_int_equal(g.events, 0);
        buf_done(&b);
        reader_free(r);
    }
}

/* ---- frames out of a descriptor ---- */

static struct source *fed(int *write_end)
{
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    *write_end = pair[1];
    return source_new(pair[0], SOURCE_STREAM, NULL, 0, 0);
}

/* Frames come whole, however the stream is cut up, and each knows its place. */
static void a_stream_in_pieces_gives_the_same_frames(void **state)
{
    struct buf file = {0};
    size_t first;

    (void)state;
    file_header(&file, 0);
    block(&file, 3, 52);
    first = file.len;
    block(&file, 1, 52);
    for (size_t piece = 1; piece < 60; piece += 7) {
        int end;
        struct source *s = fed(&end);
        size_t frames = 0, expected_at[] = {0, 40, first};
        struct bytes frame;
        enum lines_got got;

        for (size_t at = 0; at < file.len; at += piece) {
            size_t n = file.len - at < piece ? file.len - at : piece;

            assert_int_equal(write(end, file.data + at, n), (ssize_t)n);
            assert_good(source_next(s, false, &frame, &got));
            if (got != LINES_LINE)
                continue;
            assert_true(frames < 3);
            assert_int_equal(source_at(s), expected_at[frames++]);
            assert_int_equal(source_next_at(s), source_at(s) + frame.len);
        }
        assert_int_equal(frames, 3);
        close(end);
        source_free(s);
    }
    buf_done(&file);
}

static void text_is_lines_from_its_first_byte(void **state)
{
    int end;
    struct source *s = fed(&end);
    struct bytes frame;
    enum lines_got got;

    (void)state;
    assert_int_equal(write(end, "{\"", 2), 2);
    assert_good(source_next(s, false, &frame, &got));
    assert_int_equal(got, LINES_NONE);
    assert_int_equal(write(end, "a\":1}\n{}", 8), 8);
    assert_good(source_next(s, false, &frame, &got));
    assert_int_equal(got, LINES_LINE);
    assert_true(bytes_is(frame, "{\"a\":1}"));
    assert_good(source_next(s, false, &frame, &got));
    assert_int_equal(got, LINES_NONE);
    close(end);
    assert_good(source_next(s, true, &frame, &got));
    assert_true(bytes_is(frame, "{}"));
    assert_int_equal(source_at(s), 8);
    source_free(s);
}

static void half_a_frame_at_the_end_of_a_file_is_short(void **state)
{
    int end;
    struct source *s = fed(&end);
    struct buf b = {0};
    struct bytes frame;
    enum lines_got got;

    (void)state;
    file_header(&b, 0);
    block(&b, 3, 52);
    assert_int_equal(write(end, b.data, b.len - 5), (ssize_t)b.len - 5);
    close(end);
    assert_good(source_next(s, true, &frame, &got));
    assert_fault(source_next(s, true, &frame, &got), FAULT_SHORT);
    source_free(s);
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_template_and_its_data_are_flows_in_both_versions),
        cmocka_unit_test(v5_needs_no_template),
        cmocka_unit_test(a_gap_in_the_sequence_is_noted_with_its_size),
        cmocka_unit_test(a_withdrawn_template_reads_nothing_more),
        cmocka_unit_test(templates_that_lie_are_damage_and_withdraw_what_was),
        cmocka_unit_test(more_templates_than_the_limit_are_refused),
        cmocka_unit_test(variable_fields_and_reverse_elements_are_read),
        cmocka_unit_test(exporters_on_one_port_are_kept_apart),
        cmocka_unit_test(a_block_of_nfdump_gives_its_flows),
        cmocka_unit_test(records_of_a_block_read_as_each_in_a_block_of_its_own),
        cmocka_unit_test(what_cannot_be_read_is_refused_by_name),
        cmocka_unit_test(a_packed_block_that_swells_is_damage),
        cmocka_unit_test(a_stream_in_pieces_gives_the_same_frames),
        cmocka_unit_test(text_is_lines_from_its_first_byte),
        cmocka_unit_test(half_a_frame_at_the_end_of_a_file_is_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
