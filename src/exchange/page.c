#include "exchange/page.h"

#include <sodium.h>

#include "crypto/digest.h"

enum { PAGE_VERSION = 1, PAGE_MAC = 16, PAGE_BYTES = 1 + 8 + 8 + PAGE_MAC };

static void number_write(uint64_t v, uint8_t *out)
{
    for (int i = 7; i >= 0; i--, v >>= 8)
        out[i] = (uint8_t)v;
}

static int64_t number_read(const uint8_t *in)
{
    uint64_t v = 0;

    for (int i = 0; i < 8; i++)
        v = v << 8 | in[i];
    return (int64_t)v;
}

static void seal(const uint8_t *key, uint8_t *token)
{
    struct digest mac =
        hmac_sha256(bytes_of(key, PAGE_KEY), bytes_of(token, PAGE_BYTES - PAGE_MAC));

    memcpy(token + PAGE_BYTES - PAGE_MAC, mac.byte, PAGE_MAC);
}

void page_write(const uint8_t *key, int64_t collection, struct instant after, char *out)
{
    uint8_t token[PAGE_BYTES] = {PAGE_VERSION};

    number_write((uint64_t)collection, token + 1);
    number_write((uint64_t)after.us, token + 9);
    seal(key, token);
    sodium_bin2base64(out, PAGE_TEXT, token, sizeof token,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

struct fault page_parse(const uint8_t *key, int64_t collection, const char *text,
                        struct instant *out)
{
    static const char rule[] = "next must be a value that this server gave out for this collection";
    uint8_t token[PAGE_BYTES], good[PAGE_BYTES];
    size_t len;

    if (sodium_base642bin(token, sizeof token, text, strlen(text), NULL, &len, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        len != sizeof token)
        return fault_make(FAULT_FORGED, 0, rule);
    memcpy(good, token, sizeof good);
    seal(key, good);
    if (sodium_memcmp(good, token, sizeof good) != 0 || token[0] != PAGE_VERSION ||
        number_read(token + 1) != collection)
        return fault_make(FAULT_FORGED, 0, rule);
    out->us = number_read(token + 9);
    return fault_none();
}
