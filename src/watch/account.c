#include "watch/account.h"

#include <stdlib.h>

#include "json/profile.h"

void account_of(const struct rules *r, const struct event *e, size_t article, struct account *out)
{
    const struct contact *c = &e->contact;

    *out = (struct account){
        .known = true,
        .family = (uint8_t)e->family,
        .ground = (uint8_t)e->ground,
        .transport = (uint8_t)e->transport,
        .from_port = e->from.port,
        .to_port = e->to.port,
        .from = e->from.territory,
        .to = e->to.territory,
        .contact = c->is,
        .both = c->both,
        .state = c->state,
        .saw = c->saw,
        .flags = c->flags,
        .back_flags = c->back_flags,
        .packets = c->packets < UINT32_MAX ? (uint32_t)c->packets : UINT32_MAX,
        .back = c->back_packets < UINT32_MAX ? (uint32_t)c->back_packets : UINT32_MAX,
        .comparisons = rules_why(r, e, article),
    };
}

/* ---- as bytes ---- */

static void save_territory(const struct territory_answer *t, struct buf *out)
{
    buf_byte(out, t->party);
    buf_byte(out, t->ground);
    buf_byte(out, t->table);
    buf_byte(out, t->disputed);
}

void account_save(const struct account *a, struct buf *out)
{
    buf_byte(out, a->known);
    buf_byte(out, a->family);
    buf_byte(out, a->ground);
    buf_byte(out, a->transport);
    buf_u16(out, a->from_port);
    buf_u16(out, a->to_port);
    save_territory(&a->from, out);
    save_territory(&a->to, out);
    buf_byte(out, a->contact);
    buf_byte(out, a->both);
    buf_byte(out, a->state);
    buf_byte(out, a->saw);
    buf_byte(out, a->flags);
    buf_byte(out, a->back_flags);
    buf_u16(out, 0); /* to a round number */
    buf_u32(out, a->packets);
    buf_u32(out, a->back);
    buf_u64(out, a->comparisons);
}

/* A byte of an enum or a flag. */
static uint8_t load_below(struct cursor *in, unsigned most)
{
    uint8_t v = cursor_u8(in);

    if (cursor_ok(in) && v > most)
        cursor_fail(in, FAULT_RANGE, in->at);
    return v;
}

static struct territory_answer load_territory(struct cursor *in)
{
    struct territory_answer t;

    t.party = load_below(in, TERRITORY_PARTIES);
    t.ground = load_below(in, TERRITORY_CONTESTED);
    t.table = load_below(in, TERRITORY_TABLES - 1);
    t.disputed = load_below(in, 1) == 1;
    return t;
}

void account_load(struct cursor *in, struct account *out)
{
    struct account a = {.known = load_below(in, 1) == 1};

    a.family = load_below(in, FAMILIES - 1);
    a.ground = load_below(in, ORIENT_GROUNDS - 1);
    a.transport = load_below(in, TRANSPORT_OTHER);
    a.from_port = cursor_u16(in);
    a.to_port = cursor_u16(in);
    a.from = load_territory(in);
    a.to = load_territory(in);
    a.contact = load_below(in, 1) == 1;
    a.both = load_below(in, 1) == 1;
    a.state = load_below(in, CONN_OTHER);
    a.saw = cursor_u8(in);
    a.flags = cursor_u8(in);
    a.back_flags = cursor_u8(in);
    if (cursor_u16(in) != 0 && cursor_ok(in))
        cursor_fail(in, FAULT_RANGE, in->at);
    a.packets = cursor_u32(in);
    a.back = cursor_u32(in);
    a.comparisons = cursor_u64(in);
    if (cursor_ok(in))
        *out = a;
}

/* ---- in words ---- */

static const char *zeek_proof(const struct account *a, enum proof proof)
{
    if (!a->contact)
        return proof == PROOF_NONE
                   ? "over UDP an answer shows that it was sent, not that it arrived"
                   : "Zeek's log of this service begins once both sides have spoken";
    if (proof != PROOF_NONE)
        return a->saw != 0 ? "Zeek saw SYN, SYN-ACK and ACK: the handshake was completed"
                           : "Zeek's conn_state says that the handshake was completed";
    return a->transport == TRANSPORT_TCP
               ? "Zeek saw no completed handshake: the source may be forged"
               : "over UDP an answer shows that it was sent, not that it arrived";
}

static const char *flow_proof(enum proof proof)
{
    if (proof == PROOF_TWO_WAY)
        return "both directions' flags and packets show a handshake and data of the server's own";
    if (proof == PROOF_ONE_SIDED)
        return "one direction's flags (SYN, ACK and data), which a blind sender could forge";
    return "the flow shows no completed handshake: the source may be forged";
}

const char *account_proof(const struct account *a, enum service service, enum proof proof)
{
    if (a->family == FAMILY_ZEEK)
        return zeek_proof(a, proof);
    if (a->family == FAMILY_FLOW)
        return flow_proof(proof);
    if (a->family == FAMILY_SERVER)
        return "the server itself completed the handshake with whoever called it";
    if (proof == PROOF_NONE)
        return service == SERVICE_SIP ? "SIP over UDP: the source may be forged"
                                      : "the record shows no answer: the source may be forged";
    return "Suricata writes this record only once both sides have spoken";
}

/* ---- as JSON ---- */

static json_t *addr_json(struct addr a)
{
    char text[ADDR_TEXT];

    addr_write(a, text);
    return json_string(text);
}

static json_t *second_json(struct instant t)
{
    char text[INSTANT_TEXT + 1];

    instant_write(t, text);
    return json_string(text);
}

/* The table that placed an end: its file, the code wanted, the span of time it is good for. */
static void table_json(json_t *end, const struct territory_table *t)
{
    if (t == NULL)
        return;
    json_object_set_new(end, "table", json_string(t->file));
    json_object_set_new(end, "code", json_string(t->code));
    json_object_set_new(end, "valid-from", second_json(t->valid_from));
    if (t->valid_until.us != INT64_MAX)
        json_object_set_new(end, "valid-until", second_json(t->valid_until));
}

static json_t *end_json(const struct rules *r, struct addr a, uint16_t port,
                        struct territory_answer t)
{
    const struct agreement *pact = rules_agreement(r);
    json_t *end = json_object();

    json_object_set_new(end, "address", addr_json(a));
    json_object_set_new(end, "port", json_integer(port));
    json_object_set_new(end, "party",
                        t.party == 0 ? json_null() : json_string(pact->parties[t.party - 1].id));
    json_object_set_new(end, "test",
                        json_string(territory_ground_name((enum territory_ground)t.ground)));
    json_object_set_new(end, "disputed", json_boolean(t.disputed));
    if (t.ground == TERRITORY_TABLE)
        table_json(end, rules_table_numbered(r, t.table));
    return end;
}

static json_t *record_json(const struct account *a, const struct match *m)
{
    static const char *const families[] = {[FAMILY_EVE] = "eve",
                                           [FAMILY_ZEEK] = "zeek",
                                           [FAMILY_FLOW] = "flow",
                                           [FAMILY_SERVER] = "server"};

    return json_pack("{s:s, s:s, s:s, s:b}", "family", families[a->family], "service",
                     service_name((enum service)m->service), "transport",
                     transport_name((enum transport)a->transport), "turned", m->turned);
}

static json_t *proof_json(const struct account *a, const struct match *m)
{
    enum proof proof = (enum proof)m->proven;
    json_t *row = json_pack("{s:s, s:b, s:s}", "proof", proof_name(proof), "one-sided",
                            proof == PROOF_ONE_SIDED, "because",
                            account_proof(a, (enum service)m->service, proof));

    if (!a->contact)
        return row;
    json_object_set_new(row, "packets", json_integer(a->packets));
    json_object_set_new(row, "packets-back", json_integer(a->back));
    return row;
}

/* The comparisons of the article that held, as the agreement spells them, up to `room` bytes. */
static json_t *held_json(const struct account *a, const struct match *m, const struct rules *r,
                         size_t room)
{
    json_t *list = json_array();

    for (size_t i = 0; i < PATTERN_WHY; i++) {
        struct buf text = {0};

        if ((a->comparisons >> i & 1) != 0)
            rules_comparison(r, m->article, i, &text);
        if (text.len != 0 && 2 * text.len + 3 <= room) { /* every byte may need a backslash */
            room -= 2 * text.len + 3;
            json_array_append_new(list, json_stringn(buf_str(&text), text.len));
        }
        buf_done(&text);
    }
    return list;
}

void account_json(const struct account *a, const struct match *m, const struct rules *r,
                  uint64_t nth, struct buf *out)
{
    enum { HELD_ROOM = ACCOUNT_TEXT / 2 }; /* the rest is less than the other half */
    json_t *tree;

    if (!a->known)
        return;
    tree = json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:I}", "record", record_json(a, m), "ground",
                     orient_ground_name((enum orient_ground)a->ground), "initiator",
                     end_json(r, m->from, a->from_port, a->from), "responder",
                     end_json(r, m->to, a->to_port, a->to), "contact", proof_json(a, m), "held",
                     held_json(a, m, r, HELD_ROOM), "nth", (json_int_t)nth);
    json_object_set_new(tree, "time", second_json((struct instant){m->time}));
    if (m->from_as != 0)
        json_object_set_new(json_object_get(tree, "initiator"), "as", json_integer(m->from_as));
    if (!fault_is(json_check(tree)))
        json_canonical(tree, out);
    json_decref(tree);
}
