/*
 * random.h - random bytes from the system, by libsodium. Never seeded: a test that must repeat
 * itself hands its bytes to the room as an argument.
 */
#ifndef PARLEY_CRYPTO_RANDOM_H
#define PARLEY_CRYPTO_RANDOM_H

#include <stddef.h>

/* Fills `out` with `len` bytes fit for keys. Ends the process if the system has none. */
void random_bytes(void *out, size_t len);

#endif
