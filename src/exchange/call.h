/*
 * call.h - one request on its way through the exchange, for the files of this folder that answer
 * it: call.c what they all need, reading.c what is read, writing.c what is written, exchange.c the
 * rest.
 */
#ifndef PARLEY_EXCHANGE_CALL_H
#define PARLEY_EXCHANGE_CALL_H

#include "exchange/exchange.h"
#include "exchange/pace.h"
#include "exchange/page.h"
#include "exchange/shelf.h"
#include "exchange/tombstone.h"
#include "exchange/visitors.h"

struct exchange {
    const struct config *config;
    const struct exchange_host *host;
    struct store *store;  /* what writes is asked of it, in the caller's transaction */
    struct store *reader; /* the same tables for what only reads; may be `store` */
    struct visitors *visitors;
    struct pace *pace;
    int64_t number[CONFIG_COLLECTIONS]; /* of each collection, in the store */
    uint8_t page_key[PAGE_KEY];
    struct tombstone_key *tombstones;
    struct instant cleaned; /* when old statuses were last forgotten */
};

/* One request on its way. */
struct call {
    struct exchange *x;
    const struct exchange_ask *ask;
    struct exchange_answer *out;
    struct instant now;
    size_t visitor;
    const struct config_root *root;
    const struct config_collection *collection;
    int64_t number;
    char name[OBJECT_ID]; /* the object's or the status' id in the path */
    struct fault fault;   /* the store's */
    bool asking;          /* only whether a body may be looked at */
    bool admitted;
};

/* ---- call.c: answers ----------------------------------------------------------------------------
 */

void call_refuse(struct call *c, unsigned status, const char *title, const char *description);
void call_not_found(struct call *c);

/* A fault of the store: nothing of the request is to be kept, the answer is 503. False: there is
 * none. */
bool call_store_failed(struct call *c, struct fault f);

/* 200 with this body, which is taken over. */
void call_answer(struct call *c, json_t *value);

/* A member, if the text is not empty. */
void call_text_if(json_t *object, const char *name, const char *text);

/* ---- call.c: rights -----------------------------------------------------------------------------
 */

bool call_may_read(const struct call *c);
bool call_may_write(const struct call *c);

/* Is the visitor to know of this collection? */
bool call_is_shown(const struct call *c, const struct config_collection *collection);

/* False: he may not, and was told so: 403 with the other right alone, 404 with neither. */
bool call_must_read(struct call *c);
bool call_must_write(struct call *c);

/* ---- reading.c
 * ------------------------------------------------------------------------------------
 */

void call_get_manifest(struct call *c);
void call_get_objects(struct call *c);
void call_get_object(struct call *c);
void call_get_versions(struct call *c);
void call_get_changes(struct call *c);

/* ---- writing.c
 * ------------------------------------------------------------------------------------
 */

void call_post_objects(struct call *c);
void call_get_status(struct call *c);
void call_delete_object(struct call *c);

#endif
