#include "net/addr.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "base/text.h"

int addr_compare(struct addr a, struct addr b)
{
    return memcmp(a.byte, b.byte, sizeof a.byte);
}

struct fault addr_parse(struct bytes text, struct addr *out)
{
    static const char rule[] = "RFC 4291 section 2.2: an IP address without zone";
    char copy[ADDR_TEXT];
    struct in_addr four;
    struct addr a;

    if (!bytes_to_text(text, copy, sizeof copy))
        return fault_make(FAULT_SYNTAX, 0, rule);
    if (inet_pton(AF_INET, copy, &four) == 1)
        a = addr_from_v4(ntohl(four.s_addr));
    else if (inet_pton(AF_INET6, copy, a.byte) != 1 || addr_is_v4(a))
        return fault_make(FAULT_SYNTAX, 0, rule);
    *out = a;
    return fault_none();
}

void addr_write(struct addr a, char *out)
{
    if (addr_is_v4(a))
        inet_ntop(AF_INET, a.byte + 12, out, ADDR_TEXT);
    else
        inet_ntop(AF_INET6, a.byte, out, ADDR_TEXT);
}

static struct addr without_host_bits(struct addr a, unsigned bits)
{
    for (unsigned i = 0; i < 16; i++) {
        unsigned keep = bits >= 8 * (i + 1) ? 8 : bits <= 8 * i ? 0 : bits - 8 * i;

        a.byte[i] &= (uint8_t)(0xff00 >> keep);
    }
    return a;
}

struct fault prefix_parse(struct bytes text, struct prefix *out)
{
    static const char rule[] = "RFC 4632 section 3.1: ADDRESS/BITS with zero host bits";
    const uint8_t *slash = text.len == 0 ? NULL : memchr(text.data, '/', text.len);
    struct prefix p;
    struct fault f;
    uint64_t bits;
    size_t at;

    if (slash == NULL)
        return fault_make(FAULT_SYNTAX, text.len, rule);
    at = (size_t)(slash - text.data);
    f = addr_parse(bytes_of(text.data, at), &p.first);
    if (fault_is(f))
        return f;
    if (!decimal_read(bytes_of(slash + 1, text.len - at - 1), 128, &bits))
        return fault_make(FAULT_SYNTAX, at + 1, rule);
    if (addr_is_v4(p.first)) {
        if (bits > 32)
            return fault_make(FAULT_RANGE, at + 1, rule);
        bits += 96;
    }
    p.bits = (uint8_t)bits;
    if (addr_compare(without_host_bits(p.first, p.bits), p.first) != 0)
        return fault_make(FAULT_RANGE, 0, rule);
    *out = p;
    return fault_none();
}

void prefix_write(struct prefix p, char *out)
{
    char text[ADDR_TEXT];

    addr_write(p.first, text);
    snprintf(out, PREFIX_TEXT, "%s/%d", text, addr_is_v4(p.first) ? p.bits - 96 : p.bits);
}

bool prefix_has(struct prefix p, struct addr a)
{
    return addr_compare(without_host_bits(a, p.bits), p.first) == 0;
}
