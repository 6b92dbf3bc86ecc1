#include <string.h>

#include "indicator/inner.h"

/* What was asked and is in no list: sensors name the same few addresses and names again and again.
 */

/* No two that are asked by something else are the same; never 0. */
static inline uint64_t address_word(uint32_t address, uint64_t port)
{
    return (uint64_t)1 << 48 | port << 32 | address;
}

static inline size_t address_bucket(uint64_t word)
{
    return word * 0x9e3779b97f4a7c15u >> 54;
}

/* The address with what else it is asked by; no two are the same. 0: it is not kept. */
static uint64_t quiet_address(const struct indicators *x, const struct indicator_key *k)
{
    uint64_t port = x->set[INDICATOR_ENDPOINT].slots == 0 ? 0 : k->port;

    return k->kind == INDICATOR_IPV4 && addr_is_v4(k->addr) ? address_word(addr_v4(k->addr), port)
                                                            : 0;
}

static uint64_t *address_place(struct indicators_quiet *q, uint64_t address)
{
    return &q->address[address_bucket(address)];
}

static struct quiet_name *name_place(struct indicators_quiet *q, struct bytes name)
{
    uint64_t first = 0, last = 0;
    size_t n = name.len < 8 ? name.len : 8;

    memcpy(&first, name.data, n);
    memcpy(&last, name.data + name.len - n, n);
    return &q->name[((first ^ last << 1) + name.len) * 0x9e3779b97f4a7c15u >> 56];
}

static bool is_quiet(struct indicators_quiet *q, const struct indicators *x,
                     const struct indicator_key *k)
{
    uint64_t address = quiet_address(x, k);

    if (address != 0)
        return *address_place(q, address) == address;
    if (k->kind == INDICATOR_DOMAIN && k->text.len != 0 && k->text.len <= QUIET_NAME) {
        const struct quiet_name *name = name_place(q, k->text);

        return name->length == k->text.len && memcmp(name->text, k->text.data, name->length) == 0;
    }
    return false;
}

static void keep_quiet(struct indicators_quiet *q, const struct indicators *x,
                       const struct indicator_key *k)
{
    uint64_t address = quiet_address(x, k);

    if (address != 0) {
        *address_place(q, address) = address;
    } else if (k->kind == INDICATOR_DOMAIN && k->text.len != 0 && k->text.len <= QUIET_NAME) {
        struct quiet_name *name = name_place(q, k->text);

        name->length = (uint8_t)k->text.len;
        memcpy(name->text, k->text.data, k->text.len);
    }
}

struct counted {
    indicators_each *each;
    void *with;
    size_t hits;
};

static void count(void *with, const struct indicator_hit *h)
{
    struct counted *c = with;

    c->hits++;
    c->each(c->with, h);
}

/* Is all that is asked of such an event known to be in no list? Two ends of IPv4 and no text, as
 * every flow: the questions need not even be written down. */
static bool is_quiet_flow(const struct indicators *x, const struct indicators_quiet *q,
                          const struct event *e)
{
    bool ports = x->set[INDICATOR_ENDPOINT].slots != 0;
    uint64_t src, dest;

    if (e->family != FAMILY_FLOW || e->has != EVENT_HAS_ENDS || !addr_is_v4(e->src) ||
        !addr_is_v4(e->dest))
        return false;
    src = address_word(addr_v4(e->src), ports ? e->src_port : 0);
    dest = address_word(addr_v4(e->dest), ports ? e->dest_port : 0);
    return q->address[address_bucket(src)] == src && q->address[address_bucket(dest)] == dest;
}

void indicators_event_quietly(const struct indicators *x, struct indicators_quiet *q,
                              const struct event *e, indicators_each *each, void *with)
{
    struct indicator_key key[INDICATORS_BATCH];
    struct counted counted = {each, with, 0};
    uint8_t room[INDICATOR_URL_MAX];
    size_t n, asked = 0;

    if (is_quiet_flow(x, q, e))
        return;
    n = indicators_keys(e, room, key);
    for (size_t i = 0; i < n; i++)
        if (!is_quiet(q, x, &key[i]))
            key[asked++] = key[i];
    if (asked == 0)
        return;
    indicators_find(x, key, asked, count, &counted);
    for (size_t i = 0; i < asked && counted.hits == 0; i++)
        keep_quiet(q, x, &key[i]);
}
