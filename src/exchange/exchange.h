/*
 * exchange.h - TAXII 2.1: one request in, one answer out. No socket, no HTTP library, no clock.
 *
 * OASIS TAXII 2.1, sections 3 to 5: every endpoint, with its filters, headers and error bodies.
 * Objects are stored and given back byte for byte. Whatever a client sends is answered by a code of
 * the 2xx or 4xx kind; 503 says that our own store is not to be had.
 *
 * Who asks is found first (401), then whether he takes what we send (406), then what he asks for
 * (404), then whether he may (403), then how he asks (400, 415, 422).
 */
#ifndef PARLEY_EXCHANGE_EXCHANGE_H
#define PARLEY_EXCHANGE_EXCHANGE_H

#include "base/buf.h"
#include "exchange/config.h"
#include "stix/judged.h"
#include "store/store.h"

enum {
    EXCHANGE_CONTENT = 4 << 20, /* max_content_length of every API root */
    EXCHANGE_PAGE = 3 << 20,  /* bytes of a page after which it ends, and says that there is more */
    EXCHANGE_STATUS_DAYS = 7, /* how long a status can be asked for */
    EXCHANGE_PATH = 1024,     /* bytes of a path; the longest of ours has 500 */
};

enum exchange_method {
    EXCHANGE_OTHER = 0,
    EXCHANGE_GET, /* and HEAD: gate leaves the body out */
    EXCHANGE_POST,
    EXCHANGE_DELETE,
};

struct exchange_ask {
    enum exchange_method method;
    struct bytes path, query; /* as on the wire; query without the '?' */
    struct bytes accept, content_type, authorization;
    struct bytes from;           /* the client's address as text: his rate is counted by it */
    const uint8_t *pin;          /* 32 bytes, or NULL: no client certificate */
    const struct judged *judged; /* of a POST */
    bool again;                  /* it waited, and is asked once more */
};

struct exchange_answer {
    unsigned status;
    bool challenge; /* send WWW-Authenticate */
    bool has_dates; /* send X-TAXII-Date-Added-First and -Last */
    struct instant first, last;
    uint8_t allow;   /* of a 405: a bit (1 << method) for each that the path takes */
    uint16_t wait;   /* nothing is new: ask again until so many seconds have passed (`again`) */
    uint16_t retry;  /* send Retry-After with so many seconds; 0: do not */
    struct buf body; /* owned; MEDIA_TAXII */
};

/* What only the house knows. */
struct exchange_host {
    void *context;
    /*
     * May this object enter a PARTNER root, to be read by the partner? A SHARE that passed release/
     * says so, or nobody (not asked for objects that come from the partner himself). A fault's rule
     * is said to the sender.
     */
    struct fault (*may_leave)(void *context, const struct config_root *root, const struct object *o,
                              struct bytes body);
};

struct exchange; /* opaque, owned */

/* `config`, `host`, `store` (of schema_exchange) and `reader` (the same tables for what only reads:
 * another handle, so that a commit may be under way in `store`; or `store` itself) must outlive it.
 * Makes collections' numbers and the key under `next`. Faults as store.h. */
MUST_CHECK struct fault exchange_new(const struct config *config, const struct exchange_host *host,
                                     struct store *store, struct store *reader,
                                     struct exchange **out);
void exchange_free(struct exchange *x); /* NULL is fine */

/*
 * Of a POST, before anybody reads its body: is he known, is the path there, may he write, does he
 * say that it is an envelope? Then true, and exchange_answer is to be called with the judged body.
 * Else *out is the answer.
 */
MUST_CHECK bool exchange_admits(struct exchange *x, const struct exchange_ask *ask,
                                struct instant now, struct exchange_answer *out);

/* Answers; *out begins zeroed and is freed with exchange_answer_done. A fault is the store's: the
 * answer is then a 503, and the caller logs. */
MUST_CHECK struct fault exchange_answer(struct exchange *x, const struct exchange_ask *ask,
                                        struct instant now, struct exchange_answer *out);
void exchange_answer_done(struct exchange_answer *a);

/*
 * As exchange_answer, of a POST or a DELETE, as a part of the transaction of `store`: begun if
 * there is something to write and none is open. The caller commits it after one or several of them
 * and answers then; if that or any of them failed he rolls back, and exchange_unavailable is the
 * answer to each.
 */
MUST_CHECK struct fault exchange_write(struct exchange *x, const struct exchange_ask *ask,
                                       struct instant now, struct exchange_answer *out);
void exchange_unavailable(struct exchange_answer *out);

/* What is due without anybody's asking: objects whose own word ended are taken away where the
 * collection says so, old statuses are forgotten, what waited for its release goes where the
 * partner reads (outbox.h). Every some seconds. *worked: something came or went. */
MUST_CHECK struct fault exchange_tend(struct exchange *x, struct instant now, bool *worked);

/* The answer to what HTTP itself refuses (413, 408, 429 ..), with the body that TAXII wants. */
void exchange_refuse(unsigned status, const char *title, const char *description,
                     struct exchange_answer *out);

#endif
