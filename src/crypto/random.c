#include "crypto/random.h"

#include <sodium.h>

#include "crypto/digest.h"

void random_bytes(void *out, size_t len)
{
    crypto_start();
    randombytes_buf(out, len);
}
