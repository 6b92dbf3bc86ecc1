#include "exchange/visitors.h"

#include <sodium.h>
#include <stdlib.h>
#include <strings.h>

#include "base/memory.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "crypto/random.h"

struct known {
    struct digest header; /* keyed */
    size_t visitor;
    bool used;
};

struct visitors {
    const struct config *config;
    uint8_t key[32];
    struct known known[VISITORS_KNOWN];
    size_t oldest;
};

static const char rule[] = "no visitor of this exchange";

struct visitors *visitors_new(const struct config *config)
{
    struct visitors *v = memory_zeroed(1, sizeof *v);

    v->config = config;
    random_bytes(v->key, sizeof v->key);
    return v;
}

void visitors_free(struct visitors *v)
{
    if (v == NULL)
        return;
    sodium_memzero(v, sizeof *v);
    free(v);
}

static bool same(const uint8_t *a, const uint8_t *b)
{
    return sodium_memcmp(a, b, 32) == 0;
}

/* Every visitor is looked at, so that time tells nothing about which. */
static struct fault by_pin(const struct config *c, const uint8_t *pin, size_t *out)
{
    size_t found = CONFIG_VISITORS;

    for (size_t i = 0; i < c->visitor_count; i++)
        if (c->visitor[i].has_pin && same(c->visitor[i].pin, pin))
            found = i;
    if (found == CONFIG_VISITORS)
        return fault_make(FAULT_UNKNOWN, 0, rule);
    *out = found;
    return fault_none();
}

static struct fault by_token(const struct config *c, struct bytes token, size_t *out)
{
    struct digest digest = digest_of(token);
    size_t found = CONFIG_VISITORS;

    for (size_t i = 0; i < c->visitor_count; i++)
        if (c->visitor[i].has_token && same(c->visitor[i].token, digest.byte))
            found = i;
    if (found == CONFIG_VISITORS)
        return fault_make(FAULT_UNKNOWN, 0, rule);
    *out = found;
    return fault_none();
}

/* "user:password", RFC 7617. Somebody unknown costs as much as somebody who is not. */
static struct fault check_password(const struct config *c, struct bytes pair, size_t *out)
{
    static const char nobody[CONFIG_PASSWORD] =
        "$argon2id$v=19$m=65536,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$"
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const uint8_t *colon = memchr(pair.data, ':', pair.len);
    size_t name = colon == NULL ? pair.len : (size_t)(colon - pair.data), found = CONFIG_VISITORS;
    const char *hash = nobody;

    if (colon == NULL)
        return fault_make(FAULT_UNKNOWN, 0, rule);
    for (size_t i = 0; i < c->visitor_count; i++)
        if (c->visitor[i].has_password && bytes_is(bytes_of(pair.data, name), c->visitor[i].name)) {
            found = i;
            hash = c->visitor[i].password;
        }
    if (crypto_pwhash_str_verify(hash, (const char *)colon + 1, pair.len - name - 1) != 0 ||
        found == CONFIG_VISITORS)
        return fault_make(FAULT_UNKNOWN, 0, rule);
    *out = found;
    return fault_none();
}

static struct fault by_password(const struct config *c, struct bytes text, size_t *out)
{
    uint8_t pair[VISITORS_HEADER];
    size_t len;
    struct fault f;

    if (!base64_size(text, &len) || len > sizeof pair || !base64_read(text, pair, len))
        return fault_make(FAULT_UNKNOWN, 0, rule);
    f = check_password(c, bytes_of(pair, len), out);
    sodium_memzero(pair, sizeof pair);
    return f;
}

static bool recall(const struct visitors *v, const struct digest *header, size_t *out)
{
    for (size_t i = 0; i < VISITORS_KNOWN; i++)
        if (v->known[i].used && same(v->known[i].header.byte, header->byte)) {
            *out = v->known[i].visitor;
            return true;
        }
    return false;
}

static void remember(struct visitors *v, const struct digest *header, size_t visitor)
{
    v->known[v->oldest] = (struct known){*header, visitor, true};
    v->oldest = (v->oldest + 1) % VISITORS_KNOWN;
}

static bool scheme_is(struct bytes *header, const char *scheme)
{
    size_t n = strlen(scheme);

    if (header->len <= n || strncasecmp((const char *)header->data, scheme, n) != 0 ||
        header->data[n] != ' ')
        return false;
    while (n < header->len && header->data[n] == ' ')
        n++;
    *header = bytes_of(header->data + n, header->len - n);
    return true;
}

bool visitors_is_slow(const struct visitors *v, struct bytes authorization)
{
    struct digest header;
    struct bytes rest = authorization;
    size_t visitor;

    if (authorization.len > VISITORS_HEADER || !scheme_is(&rest, "Basic"))
        return false;
    header = hmac_sha256(bytes_of(v->key, sizeof v->key), authorization);
    return !recall(v, &header, &visitor);
}

struct fault visitors_find(struct visitors *v, struct bytes authorization, const uint8_t *pin,
                           size_t *out)
{
    struct digest header;
    struct bytes rest = authorization;
    struct fault f;

    if (authorization.len == 0)
        return pin == NULL ? fault_make(FAULT_UNKNOWN, 0, rule) : by_pin(v->config, pin, out);
    if (authorization.len > VISITORS_HEADER)
        return fault_make(FAULT_UNKNOWN, 0, rule);
    if (scheme_is(&rest, "Bearer"))
        return by_token(v->config, rest, out);
    header = hmac_sha256(bytes_of(v->key, sizeof v->key), authorization);
    if (recall(v, &header, out))
        return fault_none();
    if (!scheme_is(&rest, "Basic"))
        return fault_make(FAULT_UNKNOWN, 0, rule);
    f = by_password(v->config, rest, out);
    if (!fault_is(f))
        remember(v, &header, *out);
    return f;
}
