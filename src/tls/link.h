/*
 * link.h - one mutual TLS 1.3 connection between two nodes.
 *
 * docs/PROTOCOL.hotline section 1: TLS 1.3 with X25519 only, both sides with a certificate whose
 * SubjectPublicKeyInfo digest is on the list of pins given for this connection and nothing else
 * looked at; ALPN "parley/1"; no session resumption, no early data. Moves bytes; knows no frames
 * and not whose pin is whose. Binds and connects nothing: it is given a socket.
 */
#ifndef PARLEY_TLS_LINK_H
#define PARLEY_TLS_LINK_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/fault.h"
#include "io/loop.h"
#include "tls/identity.h"

enum {
    TLS_EXPORTER = 32,
    TLS_HANDSHAKE = 10,   /* seconds from the socket to the end of the handshake, whatever comes
                             meanwhile: a slow handshake is no handshake */
    TLS_LINGER = 5,       /* seconds that the last bytes may take after tls_link_finish */
    TLS_CHAIN = 16 << 10, /* bytes of certificates taken from the other side */
    TLS_INPUT = 5 << 20,  /* bytes held that nobody took: a frame of 4 MiB and the next's start */
    TLS_WHY = 160,        /* longest reason, with its NUL */
};

/* Our own end: key, certificate, what we offer. */
struct tls;

/* Reads our key and certificate. SYNTAX, REFUSED (another kind of key), MISMATCH (they do not
 * belong together), IO. The PEM texts may be wiped afterwards. */
MUST_CHECK struct fault tls_new(struct bytes key_pem, struct bytes certificate_pem,
                                struct tls **out);
void tls_free(struct tls *t); /* NULL is fine; after its links */

/* Pins that a connection may show; borrowed for the connection's life. */
struct tls_pins {
    const uint8_t (*pin)[TLS_PIN];
    size_t count;
};

struct tls_link_use {
    /* The handshake is through and the other side's key is one of the pins. For the dialler this
     * comes before the listener has judged the dialler's own key (TLS 1.3). */
    void (*up)(void *context);
    /* More bytes may be taken. */
    void (*received)(void *context);
    /* Everything queued is with the kernel. */
    void (*drained)(void *context);
    /* It is over; `why` is one line for people, without anything the other side wrote. Called
     * once, from the loop. The owner still frees the link (here, too). */
    void (*closed)(void *context, const char *why);
};

struct tls_link;

/* Takes over `fd`: non-blocking, connected or (dialling) still connecting. */
struct tls_link *tls_link_new(struct tls *t, struct loop *l, int fd, bool dial,
                              struct tls_pins pins, const struct tls_link_use *use, void *context);
void tls_link_free(struct tls_link *k); /* NULL is fine; from anywhere; closes the socket */

/* Only once it is up: the pin that the other side proved to hold, and the exporter of label
 * "EXPORTER-parley-hello", which is the same on both sides and on no other connection. */
const uint8_t *tls_link_pin(const struct tls_link *k);
void tls_link_exporter(const struct tls_link *k, uint8_t out[TLS_EXPORTER]);

void tls_link_send(struct tls_link *k, struct bytes data);
size_t tls_link_queued(const struct tls_link *k); /* bytes sent and not yet with the kernel */

/* Bytes that can be looked at and taken. */
size_t tls_link_held(const struct tls_link *k);
bool tls_link_peek(const struct tls_link *k, void *out, size_t len); /* false: fewer are held */
bool tls_link_take(struct tls_link *k, size_t skip, size_t len, struct buf *out); /* appends */

/* Stops and goes on reading the socket. */
void tls_link_pause(struct tls_link *k, bool pause);

/* Sends what is queued, then closes; `closed` says "finished". */
void tls_link_finish(struct tls_link *k);

#endif
