/*
 * http.h - an HTTP/1.1 server over TLS 1.3: whole requests in, answers out, with limits.
 *
 * A cover over libevent's evhttp (docs/decisions), so that another library can take its place.
 * What evhttp does not hold, this does: absolute times (a connection that drips is cut whatever it
 * sends), a cap on connections, and a strict look at what two servers could read in two ways: two
 * Content-Length, no or two Host, Content-Length beside Transfer-Encoding, control characters.
 *
 * A client's certificate is asked for, not required, and not looked at but for its key: TLS proves
 * that he holds it, and whose key it is the caller's list of pins says. Knows no path and no
 * content.
 */
#ifndef PARLEY_HTTP_HTTP_H
#define PARLEY_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/fault.h"
#include "io/loop.h"

enum {
    HTTP_PIN = 32,
    HTTP_HEADERS = 16 << 10, /* bytes of a request's line and headers */
    HTTP_HEADER_COUNT = 100, /* lines */
    HTTP_CONNECTIONS = 256,  /* at a time; more wait in the listening socket */
    HTTP_SOURCE = 64,        /* of one address (IPv6: of one /64) */
    HTTP_HELD = 64 << 20,    /* bytes of bodies and answers of all together: beyond it who holds
                                most is cut */
    HTTP_ARRIVE = 20,        /* seconds from a connection's or the last answer's end to the end
                                of a first byte's whole request; TLS handshake included */
    HTTP_IDLE = 60,          /* seconds a kept connection may be quiet */
    HTTP_LEAVE = 60,         /* seconds that an answer may take to be read */
    HTTP_WAITING = 1024,     /* requests being answered at a time */
    HTTP_ANSWER_HEADERS = 8,
};

struct http;     /* the server */
struct http_ask; /* one request; valid until http_answer */

struct http_use {
    /* A whole request. It is answered by http_answer, now or later, once. */
    void (*asked)(void *context, struct http_ask *ask);
};

/*
 * Serves on `listener` (listening, non-blocking, TCP_NODELAY set; stays the caller's) with this
 * key and certificate, chain allowed, as PEM. `content` is the largest body taken; above it the
 * answer is 413. Faults: SYNTAX (the PEM), MISMATCH, IO.
 */
MUST_CHECK struct fault http_new(struct loop *l, int listener, struct bytes key_pem,
                                 struct bytes certificate_pem, size_t content,
                                 const struct http_use *use, void *context, struct http **out);

/* Takes no new connection, ends idle ones, lets what is being answered be answered. */
void http_finish(struct http *h);
bool http_is_finished(const struct http *h);
void http_free(struct http *h); /* NULL is fine; cuts what is left */

/* ---- a request. Borrowed until http_answer. ----------------------------------------------------
 */

struct bytes http_method(const struct http_ask *a);
struct bytes http_path(const struct http_ask *a);  /* as on the wire, without the query */
struct bytes http_query(const struct http_ask *a); /* without the '?'; empty if there is none */
/* Empty if it is not there; of several of one name the first (Host, Content-Length cannot be). */
struct bytes http_header(const struct http_ask *a, const char *name);
struct bytes http_body(const struct http_ask *a);
/* The client has gone: all of the above is empty, and the answer goes nowhere. */
bool http_is_gone(const struct http_ask *a);
/* HTTP_PIN bytes: SHA-256 of the client certificate's SubjectPublicKeyInfo; NULL if he has none. */
const uint8_t *http_pin(const struct http_ask *a);
/* His address as text, for limits and logs. */
const char *http_from(const struct http_ask *a);
/* A number that no other request of this server has; for who answers later. */
uint64_t http_number(const struct http_ask *a);
struct http_ask *http_find(struct http *h, uint64_t number); /* NULL: answered already */

struct http_header {
    const char *name, *value;
};

/* Answers and ends `a`. `headers` (name NULL ends) and the body are copied. */
void http_answer(struct http_ask *a, unsigned status, const struct http_header *headers,
                 struct bytes body);

#endif
