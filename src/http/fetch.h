/*
 * fetch.h - asks a foreign HTTP server one question over TLS and brings its whole answer, or says
 * what was wrong with it.
 *
 * A cover over libcurl (docs/decisions). Nothing is believed of the answer but its bytes: no
 * redirect is followed (it would carry our credentials to a place nobody named), no cookie kept,
 * nothing unpacked, and a body that is longer than allowed, or shorter than announced, is said to
 * be so. Everything that is read from files and the name service is read in fetch_new, so that
 * fetch_ask works inside a sandbox with RIGHT_DIAL. Knows no path and no content.
 */
#ifndef PARLEY_HTTP_FETCH_H
#define PARLEY_HTTP_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/fault.h"

enum {
    FETCH_URL = 2048,    /* bytes of a whole URL, with its NUL */
    FETCH_HEADER = 512,  /* bytes of a header's value that are kept */
    FETCH_HEADERS = 200, /* lines of an answer that are read; more end it */
    FETCH_CONNECT = 20,  /* seconds for name, TCP and TLS */
    FETCH_SECONDS = 120, /* for a whole answer */
    FETCH_SLOW = 30,     /* seconds with less than 100 bytes each */
    FETCH_PIN = 32,
    FETCH_ADDRESSES = 16, /* of one name that are tried */
    FETCH_WHY = 200,
};

/* Who we are to the server. All borrowed until fetch_new returns; empty where there is none. */
struct fetch_identity {
    struct bytes authorities;   /* PEM; empty: the system's */
    const uint8_t *pin;         /* the server's key (SHA-256 of its SubjectPublicKeyInfo): then its
                                   name and who signed for it count nothing; NULL: none */
    struct bytes certificate;   /* PEM, ours */
    struct bytes key;           /* PEM, to it */
    const char *key_passphrase; /* NULL: none */
    const char *authorization;  /* the header's value; NULL: none */
};

/* Why there is no answer. */
enum fetch_trouble {
    FETCH_GOOD = 0,
    FETCH_UNREACHABLE, /* name, TCP, time */
    FETCH_TLS,         /* its certificate, or ours */
    FETCH_CUT,         /* its answer ended before its end */
    FETCH_LARGE,       /* its body is longer than `most` */
    FETCH_GARBLED,     /* no HTTP */
    FETCH_TROUBLES,
};

struct fetch_answer {
    enum fetch_trouble trouble;
    char why[FETCH_WHY]; /* libcurl's words for it; "" if good */
    unsigned status;     /* 0 if none came */
    char content_type[FETCH_HEADER], first[FETCH_HEADER], last[FETCH_HEADER], date[FETCH_HEADER];
    char retry_after[FETCH_HEADER], location[FETCH_HEADER];
    struct buf body; /* owned */
};

struct fetch; /* opaque, owned: a connection that is kept */

/*
 * Prepares asking the server of `url` (https://host[:port]/..). Looks its name up, reads the
 * authorities. Faults: SYNTAX (no such URL), UNKNOWN (the name), IO (no authorities), MISMATCH (key
 * and certificate).
 */
MUST_CHECK struct fault fetch_new(const char *url, const struct fetch_identity *who,
                                  struct fetch **out);
void fetch_free(struct fetch *f); /* NULL is fine */

/* The port it dials. */
uint16_t fetch_port(const struct fetch *f);

/*
 * One request; `url` must be of the server that fetch_new prepared. `accept` and `type` (NULL
 * without a body) are header values. *out begins zeroed; freed with fetch_answer_done.
 */
void fetch_ask(struct fetch *f, const char *method, const char *url, const char *accept,
               const char *type, struct bytes body, size_t most, struct fetch_answer *out);
void fetch_answer_done(struct fetch_answer *a);

#endif
