#include "crypto/random.h"

#include <sodium.h>

#include "base/memory.h"

void random_bytes(void *out, size_t len)
{
    if (sodium_init() < 0)
        die("parley: the crypto library does not start\n");
    randombytes_buf(out, len);
}
