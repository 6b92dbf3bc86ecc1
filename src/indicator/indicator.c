#include "indicator/indicator.h"

#include "base/text.h"

static const char *const kinds[INDICATOR_KINDS] = {"none",   "ipv4", "ipv6", "endpoint", "subnet",
                                                   "domain", "url",  "md5",  "sha1",     "sha256"};

const char *indicator_kind_name(enum indicator_kind k)
{
    return kinds[k];
}

struct indicator_about indicator_about_none(void)
{
    return (struct indicator_about){.from = {INT64_MIN}, .until = {INT64_MAX}};
}

static struct bytes from(struct bytes b, size_t at)
{
    return bytes_of(b.data + at, b.len - at);
}

/* Offset of the first such byte, b.len if there is none. */
static size_t find(struct bytes b, uint8_t byte)
{
    const uint8_t *at = b.len == 0 ? NULL : memchr(b.data, byte, b.len);

    return at == NULL ? b.len : (size_t)(at - b.data);
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static bool starts(struct bytes b, const char *with)
{
    size_t n = strlen(with);

    if (b.len < n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (lower(b.data[i]) != (uint8_t)with[i])
            return false;
    return true;
}

struct fault indicator_address(struct bytes text, struct indicator_value *out)
{
    struct addr a;
    struct fault f = addr_parse(text, &a);

    if (!fault_is(f))
        *out = (struct indicator_value){.kind = addr_is_v4(a) ? INDICATOR_IPV4 : INDICATOR_IPV6,
                                        .addr = a};
    return f;
}

/* A prefix of one address is that address: so 192.0.2.1 and 192.0.2.1/32 are one entry. */
struct fault indicator_subnet(struct bytes text, struct indicator_value *out)
{
    struct prefix p;
    struct fault f;
    bool v4;

    if (find(text, '/') == text.len)
        return fault_make(FAULT_SYNTAX, text.len, "subnet: no prefix length");
    f = prefix_parse(text, &p);
    if (fault_is(f))
        return f;
    v4 = addr_is_v4(p.first) && p.bits >= 96;
    if (p.bits < (v4 ? 96 + INDICATOR_V4_BITS : INDICATOR_V6_BITS))
        return fault_make(FAULT_RANGE, 0, "subnet: covers too much");
    if (p.bits == 128)
        *out =
            (struct indicator_value){.kind = v4 ? INDICATOR_IPV4 : INDICATOR_IPV6, .addr = p.first};
    else
        *out = (struct indicator_value){.kind = INDICATOR_SUBNET, .addr = p.first, .bits = p.bits};
    return f;
}

/* "192.0.2.1:80", "[2001:db8::1]:80" */
struct fault indicator_endpoint(struct bytes text, struct indicator_value *out)
{
    static const char rule[] = "endpoint: address:port";
    bool v6 = text.len > 0 && text.data[0] == '[';
    size_t end = v6 ? find(text, ']') : find(text, ':');
    size_t colon = v6 ? end + 1 : end;
    uint64_t port;
    struct addr a;
    struct fault f;

    if (colon >= text.len || text.data[colon] != ':')
        return fault_make(FAULT_SYNTAX, colon < text.len ? colon : text.len, rule);
    if (!decimal_read(from(text, colon + 1), UINT16_MAX, &port) || port == 0)
        return fault_make(FAULT_SYNTAX, colon + 1, rule);
    f = addr_parse(bytes_of(text.data + v6, end - v6), &a);
    if (fault_is(f) || addr_is_v4(a) == v6)
        return fault_make(FAULT_SYNTAX, v6, rule);
    *out = (struct indicator_value){.kind = INDICATOR_ENDPOINT, .addr = a, .port = (uint16_t)port};
    return fault_none();
}

/* Letters, digits, "-" and "_"; bytes above ASCII are let be, as sensors write them. */
static bool is_label_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c >= 0x80;
}

/* Copies a name in lower case; where it is none, says where. */
static struct fault name_copy(struct bytes text, uint8_t *room, size_t *labels_out)
{
    static const char rule[] = "domain: RFC 1035 section 2.3.1";
    size_t label = 0;

    *labels_out = 1;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = room[i] = lower(text.data[i]);

        if (c == '.' && label > 0) {
            label = 0;
            ++*labels_out;
        } else if (!is_label_byte(c) || ++label > INDICATOR_LABEL) {
            return fault_make(FAULT_SYNTAX, i, rule);
        }
    }
    return label > 0 ? fault_none() : fault_make(FAULT_SYNTAX, text.len, rule);
}

/* The last label is not all digits: else it is a wrong address. */
static bool ends_in_digits(const uint8_t *name, size_t len)
{
    size_t i = len;

    while (i > 0 && name[i - 1] >= '0' && name[i - 1] <= '9')
        i--;
    return i < len && (i == 0 || name[i - 1] == '.');
}

struct fault indicator_domain(struct bytes text, uint8_t *room, struct indicator_value *out)
{
    size_t skip = starts(text, "*.") ? 2 : starts(text, ".") ? 1 : 0;
    size_t labels;
    struct fault f;

    text = from(text, skip);
    if (text.len > 1 && text.data[text.len - 1] == '.')
        text.len--;
    if (text.len > INDICATOR_NAME)
        return fault_make(FAULT_LIMIT, INDICATOR_NAME, "domain: longer than a name can be");
    f = name_copy(text, room, &labels);
    if (fault_is(f))
        return fault_make(f.kind, f.at + skip, f.rule);
    if (labels < 2)
        return fault_make(FAULT_RANGE, 0, "domain: a single label covers too much");
    if (ends_in_digits(room, text.len))
        return fault_make(FAULT_SYNTAX, 0, "domain: neither a name nor an address");
    *out = (struct indicator_value){.kind = INDICATOR_DOMAIN, .text = bytes_of(room, text.len)};
    return f;
}

static bool ends(struct bytes b, const char *with)
{
    size_t n = strlen(with);

    return b.len >= n && memcmp(b.data + b.len - n, with, n) == 0;
}

/* The host without user, and without what says no more than that it is the web: an empty port, 80,
 * 443. Over again until there is none, so that what is read twice is the same. */
static struct bytes host_of(struct bytes authority)
{
    static const char *const ports[] = {":", ":80", ":443"};
    size_t at = authority.len;

    while (at > 0 && authority.data[at - 1] != '@')
        at--;
    authority = from(authority, at);
    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++)
        if (ends(authority, ports[i])) {
            authority.len -= strlen(ports[i]);
            i = SIZE_MAX; /* from the first again */
        }
    return authority;
}

static bool is_url_byte(uint8_t c)
{
    return c > ' ' && c != 0x7f && c != '"' && c != '<' && c != '>';
}

static struct fault url_bytes(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_url_byte(text.data[i]))
            return fault_make(FAULT_SYNTAX, i, "url: RFC 3986 section 2");
    return fault_none();
}

struct fault indicator_url(struct bytes text, uint8_t *room, struct indicator_value *out)
{
    size_t skip = starts(text, "https://")  ? 8
                  : starts(text, "http://") ? 7
                  : starts(text, "ftp://")  ? 6
                                            : 0;
    struct fault f = url_bytes(text);
    struct bytes host, rest;
    size_t slash;

    if (fault_is(f))
        return f;
    if (text.len > INDICATOR_URL_MAX - 1)
        return fault_make(FAULT_LIMIT, INDICATOR_URL_MAX, "url: longer than we keep");
    text = from(text, skip);
    text.len = find(text, '#');
    for (slash = 0; slash < text.len && text.data[slash] != '/' && text.data[slash] != '?';)
        slash++;
    host = host_of(bytes_of(text.data, slash));
    rest = from(text, slash);
    if (host.len == 0)
        return fault_make(FAULT_SYNTAX, skip, "url: no host");
    for (size_t i = 0; i < host.len; i++)
        room[i] = lower(host.data[i]);
    room[host.len] = '/';
    skip = rest.len > 0 && rest.data[0] == '/' ? 0 : 1;
    if (rest.len > 0)
        memcpy(room + host.len + skip, rest.data, rest.len);
    *out = (struct indicator_value){.kind = INDICATOR_URL,
                                    .text = bytes_of(room, host.len + skip + rest.len)};
    return f;
}

static int nibble(uint8_t c)
{
    c = lower(c);
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum indicator_kind hash_kind(size_t digits)
{
    return digits == 32   ? INDICATOR_MD5
           : digits == 40 ? INDICATOR_SHA1
           : digits == 64 ? INDICATOR_SHA256
                          : INDICATOR_NONE;
}

struct fault indicator_hash(struct bytes text, uint8_t *room, struct indicator_value *out)
{
    enum indicator_kind kind = hash_kind(text.len);

    if (kind == INDICATOR_NONE)
        return fault_make(FAULT_SYNTAX, text.len, "hash: 32, 40 or 64 hex digits");
    for (size_t i = 0; i < text.len; i++) {
        int n = nibble(text.data[i]);

        if (n < 0)
            return fault_make(FAULT_SYNTAX, i, "hash: a hex digit");
        room[i / 2] = (uint8_t)(i % 2 == 0 ? n << 4 : room[i / 2] | n);
    }
    *out = (struct indicator_value){.kind = kind, .text = bytes_of(room, text.len / 2)};
    return fault_none();
}

struct fault indicator_read(enum indicator_kind kind, struct bytes text, uint8_t *room,
                            struct indicator_value *out)
{
    struct indicator_value v = {.kind = INDICATOR_NONE};
    struct fault f;

    switch (kind) {
    case INDICATOR_IPV4:
    case INDICATOR_IPV6:
        f = find(text, '/') < text.len ? indicator_subnet(text, &v) : indicator_address(text, &v);
        break;
    case INDICATOR_ENDPOINT:
        f = indicator_endpoint(text, &v);
        break;
    case INDICATOR_SUBNET:
        f = indicator_subnet(text, &v);
        break;
    case INDICATOR_DOMAIN:
        f = indicator_domain(text, room, &v);
        break;
    case INDICATOR_URL:
        f = indicator_url(text, room, &v);
        break;
    case INDICATOR_MD5:
    case INDICATOR_SHA1:
    case INDICATOR_SHA256:
        f = indicator_hash(text, room, &v);
        if (!fault_is(f) && v.kind != kind)
            f = fault_make(FAULT_SYNTAX, text.len, "hash: not of the length of its algorithm");
        break;
    default:
        f = fault_make(FAULT_UNKNOWN, 0, "indicator: no such kind");
    }
    if (!fault_is(f))
        *out = v;
    return f;
}

/* Takes the brackets out of "example[.]com" and the x out of "hxxp": `room` holds what is left. */
static struct bytes refang(struct bytes text, uint8_t *room)
{
    size_t n = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.len - i >= 3 && memcmp(text.data + i, "[.]", 3) == 0) {
            room[n++] = '.';
            i += 2;
        } else {
            room[n++] = text.data[i];
        }
    }
    if (starts(bytes_of(room, n), "hxxp"))
        memcpy(room, "http", 4);
    return bytes_of(room, n);
}

static bool has_scheme(struct bytes text)
{
    return starts(text, "http://") || starts(text, "https://") || starts(text, "ftp://");
}

struct fault indicator_guess(struct bytes text, uint8_t *room, struct indicator_value *out)
{
    uint8_t plain[INDICATOR_URL_MAX];

    if (text.len >= sizeof plain)
        return fault_make(FAULT_LIMIT, sizeof plain, "indicator: longer than we keep");
    text = refang(text, plain);
    if (has_scheme(text))
        return indicator_url(text, room, out);
    if (!fault_is(indicator_address(text, out)) || !fault_is(indicator_endpoint(text, out)) ||
        !fault_is(indicator_hash(text, room, out)))
        return fault_none();
    if (find(text, '/') == text.len)
        return indicator_domain(text, room, out);
    if ((text.data[0] >= '0' && text.data[0] <= '9') || find(text, ':') < find(text, '/')) {
        struct fault f = indicator_subnet(text, out);

        if (f.kind != FAULT_SYNTAX)
            return f;
    }
    return indicator_url(text, room, out);
}

void indicator_write(const struct indicator_value *v, struct buf *out)
{
    char text[PREFIX_TEXT];

    switch (v->kind) {
    case INDICATOR_DOMAIN:
    case INDICATOR_URL:
        buf_bytes(out, v->text);
        return;
    case INDICATOR_MD5:
    case INDICATOR_SHA1:
    case INDICATOR_SHA256:
        buf_hex(out, v->text.data, v->text.len);
        return;
    case INDICATOR_SUBNET:
        prefix_write((struct prefix){v->addr, v->bits}, text);
        buf_text(out, text);
        return;
    default:
        addr_write(v->addr, text);
        if (v->kind != INDICATOR_ENDPOINT)
            buf_text(out, text);
        else
            buf_print(out, addr_is_v4(v->addr) ? "%s:%u" : "[%s]:%u", text, v->port);
    }
}
