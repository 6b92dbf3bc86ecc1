/*
 * parse.h - inside of pact/: the parts of the agreement's parser, one file a part.
 *
 * Each reads one member of PROTOCOL.agreement section 2 into the agreement under construction;
 * the reader in the members keeps the first fault.
 */
#ifndef PARLEY_PACT_PARSE_H
#define PARLEY_PACT_PARSE_H

#include "base/buf.h"
#include "pact/agreement.h"
#include "json/member.h"

enum { KEEP_BLOCKS = 64 /* lists that an agreement can need: 37 */ };

/* What an agreement's pointers point into. */
struct keep {
    json_t *tree;     /* owned; all texts */
    struct buf bytes; /* the canonical form */
    void *block[KEEP_BLOCKS];
    size_t blocks;
};

/* Zeroed memory that lives as long as the agreement. */
void *keep_block(struct keep *k, size_t count, size_t size);
void keep_free(struct keep *k);

/* spelling.c: small forms. Each records SYNTAX and answers "" if the form is another. */
const char *as_id(const struct member *m); /* name_is_safe */
const char *member_id(const struct member *object, const char *name);
const char *as_made_of(const struct member *m, size_t max, const char *characters);

/* A list of language tags, each once; *out lives in k. */
void languages_parse(struct keep *k, const struct member *object, const char *const **out,
                     size_t *count);

/* { language: text } with at least "en", which is returned. */
const char *title_parse(const struct member *object);

/* Members of `clocks`; those that are absent keep their value if `all` is false. */
void clocks_parse(const struct member *clocks, bool all, uint32_t seconds[CLOCK_KINDS]);

/* party.c, declared.c, article.c, outside.c */
void parties_parse(struct keep *k, const struct member *root, struct agreement *a);
void territories_parse(struct keep *k, const struct member *parties, struct agreement *a);
void articles_parse(const struct member *root, struct agreement *a);
void outside_parse(const struct member *root, struct agreement *a);

#endif
