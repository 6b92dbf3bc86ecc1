#include "net/endpoint.h"

#include "base/text.h"

static const char rule[] = "endpoint: ADDRESS:PORT, literal, IPv6 in brackets";

static struct fault bad(enum fault_kind kind, size_t at)
{
    return fault_make(kind, at, rule);
}

struct fault endpoint_parse(struct bytes text, struct endpoint *out)
{
    size_t colon = text.len;
    bool bracket = text.len > 0 && text.data[0] == '[';
    struct bytes address;
    struct endpoint e;
    uint64_t port;
    struct fault f;

    while (colon > 0 && text.data[colon - 1] != ':')
        colon--;
    if (colon == 0)
        return bad(FAULT_SYNTAX, text.len);
    address = bytes_of(text.data, colon - 1);
    if (bracket && (address.len < 2 || address.data[address.len - 1] != ']'))
        return bad(FAULT_SYNTAX, 0);
    if (bracket)
        address = bytes_of(address.data + 1, address.len - 2);
    f = addr_parse(address, &e.addr);
    if (fault_is(f))
        return bad(FAULT_SYNTAX, f.at + bracket);
    if (addr_is_v4(e.addr) == bracket)
        return bad(FAULT_SYNTAX, 0);
    if (!decimal_read(bytes_of(text.data + colon, text.len - colon), 65535, &port) || port == 0)
        return bad(FAULT_RANGE, colon);
    e.port = (uint16_t)port;
    *out = e;
    return fault_none();
}

void endpoint_write(const struct endpoint *e, char *out)
{
    char address[ADDR_TEXT];
    bool v4 = addr_is_v4(e->addr);

    addr_write(e->addr, address);
    snprintf(out, ENDPOINT_TEXT, v4 ? "%s:%u" : "[%s]:%u", address, e->port);
}
