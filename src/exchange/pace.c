#include "exchange/pace.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/memory.h"
#include "crypto/random.h"

/* What is left, in millionths of one; full at the first look. */
struct bucket {
    int64_t left;
    struct instant since;
    bool used;
};

struct pace {
    struct bucket visitor[CONFIG_VISITORS];
    struct bucket source[PACE_SOURCES];
    struct bucket hashes;
    uint8_t key[crypto_shorthash_KEYBYTES]; /* under which bucket an address falls */
};

struct pace *pace_new(void)
{
    struct pace *p = memory_zeroed(1, sizeof *p);

    random_bytes(p->key, sizeof p->key);
    return p;
}

void pace_free(struct pace *p)
{
    free(p);
}

static const int64_t one = 1000000;

/* `rate` millionths a microsecond are `rate` a second. A clock that was set back gives nothing. */
static void fill(struct bucket *b, int64_t rate_per_second_millionths, int64_t most,
                 struct instant now)
{
    int64_t passed = b->used ? now.us - b->since.us : 0;

    if (passed < 0)
        passed = 0;
    if (passed > 3600 * one)
        passed = 3600 * one;
    b->left = b->used ? b->left + passed * rate_per_second_millionths / one : most;
    if (b->left > most)
        b->left = most;
    b->since = now;
    b->used = true;
}

static bool take(struct bucket *b, int64_t rate_per_second_millionths, uint16_t *wait)
{
    if (b->left >= one) {
        b->left -= one;
        return true;
    }
    *wait = (uint16_t)((one - b->left) / rate_per_second_millionths + 1);
    return false;
}

bool pace_visit(struct pace *p, size_t visitor, unsigned rate, struct instant now, uint16_t *wait)
{
    struct bucket *b = &p->visitor[visitor];

    fill(b, (int64_t)rate * one, (int64_t)rate * PACE_BURST * one, now);
    return take(b, (int64_t)rate * one, wait);
}

static struct bucket *source_of(struct pace *p, struct bytes from)
{
    uint8_t hash[crypto_shorthash_BYTES];

    crypto_shorthash(hash, from.len == 0 ? (const uint8_t *)"" : from.data, from.len, p->key);
    return &p->source[(hash[0] | (unsigned)hash[1] << 8) % PACE_SOURCES];
}

bool pace_guess(struct pace *p, struct bytes from, struct instant now, uint16_t *wait)
{
    struct bucket *b = source_of(p, from);

    fill(b, one / PACE_GUESS_EVERY, PACE_GUESSES * one, now);
    fill(&p->hashes, PACE_HASHES_RATE * one, PACE_HASHES * one, now);
    return take(b, one / PACE_GUESS_EVERY, wait) && take(&p->hashes, PACE_HASHES_RATE * one, wait);
}
