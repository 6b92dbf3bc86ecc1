/*
 * member.h - reads members out of a JSON tree, strictly, and keeps the first fault.
 *
 * As a cursor does with bytes (base/cursor.h): after a fault nothing more is read, every reader
 * returns an empty or zero value, and the parser looks once, at its end. The fault's place is a
 * member path ("articles[2].threshold.count") and the line of that member in the indented form
 * (json_indented), so that the person who wrote the file finds it.
 *
 *     struct reader in = reader_over(tree, "PROTOCOL.agreement section 2");
 *     struct member root = member_root(&in);
 *     struct member gap = member_object(&root, "threshold");
 *     count = member_integer(&gap, "count", 1, 1000000);
 *     member_only(&gap, "count", "within", NULL);
 *     return in.fault;
 *
 * A struct member points to the member it was taken from: that one must stay where it is.
 * Texts are borrowed from the tree. Knows nothing of what the members mean.
 */
#ifndef PARLEY_JSON_MEMBER_H
#define PARLEY_JSON_MEMBER_H

#include <jansson.h>
#include <stdbool.h>

#include "base/clock.h"
#include "base/fault.h"

enum { READER_PATH = 128, READER_WHY = 160 };

struct reader {
    const json_t *tree;
    const char *rule; /* what is being read; goes into the fault */
    struct fault fault;
    size_t line;            /* 1-based, of the member at fault in the indented form */
    char path[READER_PATH]; /* "" for the whole value */
    char why[READER_WHY];   /* one sentence without a full stop */
};

struct member {
    struct reader *in;
    const struct member *up; /* NULL for the root */
    const char *name;        /* NULL for an item of a list */
    size_t index;            /* for an item */
    const json_t *value;     /* NULL after a fault, and for an optional member that is not there */
};

/* `tree` and the static `rule` must outlive the reader. */
struct reader reader_over(const json_t *tree, const char *rule);

static inline bool reader_ok(const struct reader *in)
{
    return in->fault.kind == FAULT_NONE;
}

struct member member_root(struct reader *in);

/* Records a fault at m, unless there is one already. `why` is a format. */
void member_fail(const struct member *m, enum fault_kind kind, const char *why, ...)
    __attribute__((format(printf, 3, 4)));

/* Is there a member of this name? False after a fault. */
bool member_has(const struct member *object, const char *name);

/* The member of this name, whatever its type. MISSING. */
struct member member_get(const struct member *object, const char *name);

/* The same, but it may be absent: then its value is NULL, and there is no fault. */
struct member member_if(const struct member *object, const char *name);

/* Members that are containers. MISSING, SYNTAX (another type), RANGE (fewer than min or more than
 * max items). */
struct member member_object(const struct member *object, const char *name);
struct member member_array(const struct member *object, const char *name, size_t min, size_t max);

/* Items of a list; 0 after a fault. */
size_t member_count(const struct member *array);
struct member member_item(const struct member *array, size_t i);

/* Refuses members of other names: EXTRA. The names end with NULL. */
void member_only(const struct member *object, ...) __attribute__((sentinel));

/* What a member or an item is. Each: SYNTAX if it is of another type or form, RANGE if outside.
 * as_text: 1 to max bytes; as_line: and no newline or tab; as_base64: exactly len bytes; as_hex:
 * exactly len bytes in lower case; as_time: RFC 3339, Z, whole seconds; as_word: its place in
 * `words`, which ends with NULL (UNKNOWN and 0 if it is none of them). */
const char *as_text(const struct member *m, size_t max);
const char *as_line(const struct member *m, size_t max);
int64_t as_integer(const struct member *m, int64_t min, int64_t max);
bool as_flag(const struct member *m);
struct instant as_time(const struct member *m);
void as_base64(const struct member *m, void *out, size_t len);
void as_hex(const struct member *m, void *out, size_t len);
size_t as_word(const struct member *m, const char *const *words);

/* member_get and as_... in one. */
const char *member_text(const struct member *object, const char *name, size_t max);
const char *member_line(const struct member *object, const char *name, size_t max);
int64_t member_integer(const struct member *object, const char *name, int64_t min, int64_t max);
bool member_flag(const struct member *object, const char *name);
struct instant member_time(const struct member *object, const char *name);
void member_base64(const struct member *object, const char *name, void *out, size_t len);
void member_hex(const struct member *object, const char *name, void *out, size_t len);
size_t member_word(const struct member *object, const char *name, const char *const *words);

#endif
