/*
 * gather.h - what of an answer is ready to leave leaves in one write.
 *
 * libevent hands OpenSSL an answer piece by piece, and OpenSSL writes a record of at most 16 KiB
 * for each: a page of 37 kB is four system calls and as many wake-ups of who reads it. This stands
 * between OpenSSL and the socket and holds records back until the last one of the output, or 64
 * KiB. Once OpenSSL was told that the last one is written, nothing is held any more: what the
 * socket does not take now OpenSSL is told to try again.
 */
#ifndef PARLEY_HTTP_GATHER_H
#define PARLEY_HTTP_GATHER_H

#include <event2/buffer.h>
#include <openssl/ssl.h>

/* From now on what `ssl` writes is gathered; goes with it. `output` is what libevent takes from,
 * and lives as long. */
void gather(SSL *ssl, struct evbuffer *output);

#endif
