#include "exchange/media.h"

#include <strings.h>

/* One range of the list: "type/subtype;name=value;name=value". */
struct range {
    struct bytes type;
    struct bytes version; /* without quotes; data NULL if absent */
    unsigned thousandth;  /* q; 1000 if absent */
    bool other;           /* a parameter we do not know: more specific than we are */
};

static struct bytes trimmed(struct bytes b)
{
    while (b.len > 0 && (b.data[0] == ' ' || b.data[0] == '\t'))
        b = bytes_of(b.data + 1, b.len - 1);
    while (b.len > 0 && (b.data[b.len - 1] == ' ' || b.data[b.len - 1] == '\t'))
        b.len--;
    return b;
}

static bool same(struct bytes a, const char *text)
{
    return a.len == strlen(text) && strncasecmp((const char *)a.data, text, a.len) == 0;
}

/* Cuts up to `stop`, but not inside quotes; false when nothing is left. */
static bool cut(struct bytes *rest, char stop, struct bytes *out)
{
    bool quoted = false;
    size_t n = 0;

    if (rest->len == 0)
        return false;
    while (n < rest->len && (quoted || rest->data[n] != (uint8_t)stop)) {
        if (quoted && rest->data[n] == '\\' && n + 1 < rest->len)
            n++;
        else if (rest->data[n] == '"')
            quoted = !quoted;
        n++;
    }
    *out = trimmed(bytes_of(rest->data, n));
    n += n < rest->len;
    *rest = bytes_of(rest->data + n, rest->len - n);
    return true;
}

/* "0", "0.7", "1.000"; anything else counts as 0: what is not understood is not wanted. */
static unsigned quality(struct bytes value)
{
    unsigned q = 0, unit = 1000;

    for (size_t i = 0; i < value.len && unit > 0; i++) {
        if (i == 1 && value.data[i] == '.')
            continue;
        if (value.data[i] < '0' || value.data[i] > '9')
            return 0;
        q += (unsigned)(value.data[i] - '0') * unit;
        unit /= 10;
    }
    return q > 1000 ? 1000 : q;
}

static struct bytes unquoted(struct bytes b)
{
    bool quoted = b.len >= 2 && b.data[0] == '"' && b.data[b.len - 1] == '"';

    return quoted ? bytes_of(b.data + 1, b.len - 2) : b;
}

static void parameter_read(struct bytes text, struct range *r)
{
    struct bytes name, value;

    if (!cut(&text, '=', &name))
        return;
    value = unquoted(trimmed(text));
    if (same(name, "q"))
        r->thousandth = quality(value);
    else if (same(name, "version"))
        r->version = value;
    else
        r->other = true;
}

static struct range range_read(struct bytes text)
{
    struct range r = {.thousandth = 1000};
    struct bytes part;

    if (cut(&text, ';', &part))
        r.type = part;
    while (cut(&text, ';', &part))
        parameter_read(part, &r);
    return r;
}

/* How closely a range names what we send; 0 not at all. */
static unsigned closeness(const struct range *r)
{
    if (r->other)
        return 0;
    if (same(r->type, "application/taxii+json"))
        return r->version.data == NULL ? 3 : bytes_is(r->version, "2.1") ? 4 : 0;
    if (r->version.data != NULL)
        return 0;
    return same(r->type, "application/*") ? 2 : same(r->type, "*/*") ? 1 : 0;
}

bool media_accepts(struct bytes accept)
{
    unsigned best = 0, thousandth = 0;
    struct bytes part;

    if (trimmed(accept).len == 0)
        return true;
    while (cut(&accept, ',', &part)) {
        struct range r = range_read(part);
        unsigned close = closeness(&r);

        if (close > best) {
            best = close;
            thousandth = r.thousandth;
        }
    }
    return thousandth > 0;
}

bool media_is_taxii(struct bytes content_type)
{
    struct range r = range_read(content_type);

    return closeness(&r) == 4;
}
