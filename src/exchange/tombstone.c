#include "exchange/tombstone.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/memory.h"
#include "base/text.h"

struct tombstone_key {
    uint8_t public[crypto_sign_PUBLICKEYBYTES];
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
};

struct tombstone_key *tombstone_key_new(const uint8_t *seed)
{
    struct tombstone_key *k = memory_zeroed(1, sizeof *k);

    crypto_sign_seed_keypair(k->public, k->secret, seed);
    return k;
}

void tombstone_key_free(struct tombstone_key *k)
{
    if (k == NULL)
        return;
    sodium_memzero(k, sizeof *k);
    free(k);
}

void tombstone_key_public(const struct tombstone_key *k, char *out)
{
    base64_write(k->public, sizeof k->public, out);
}

void tombstone_sign(const struct tombstone_key *k, const char *collection,
                    const struct shelf_change *gone, char *out)
{
    char version[INSTANT_MICRO + 1], at[INSTANT_MICRO + 1];
    uint8_t signature[crypto_sign_BYTES];
    struct buf text = {0};

    instant_micro_write(gone->version, version);
    instant_micro_write(gone->at, at);
    buf_print(&text,
              "parley-tombstone/v1\ncollection %s\nid %s\nspec %s\nversion %s\nwhat %s\ntime %s\n",
              collection, gone->id, gone->spec, version, gone->what, at);
    crypto_sign_detached(signature, NULL, text.data, text.len, k->secret);
    base64_write(signature, sizeof signature, out);
    buf_done(&text);
}
