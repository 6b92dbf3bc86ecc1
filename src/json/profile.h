/*
 * profile.h - signed JSON: the profile in which jansson's sorted compact output is RFC 8785.
 *
 * docs/PROTOCOL.agreement section 1: UTF-8; member names of printable ASCII without quote,
 * backslash or escape; integers only, |n| <= 2^53; no control character (Unicode class Cc) in a
 * text but newline and tab; no member twice; nothing after the value. Everything we sign, hash
 * or exchange as JSON is in it, and the settings too.
 * Knows no meaning of any member: member.h reads those. STIX objects are not in this profile.
 *
 * jansson takes the names json_object, json_array, json_integer...; ours here do not clash.
 * A process that will be sandboxed calls json_object_seed(0) before, as jansson else opens
 * /dev/urandom at its first object.
 */
#ifndef PARLEY_JSON_PROFILE_H
#define PARLEY_JSON_PROFILE_H

#include <jansson.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/fault.h"

enum { JSON_DEPTH = 16 /* containers in containers; our formats need 7, recursion stays small */ };

#define JSON_INTEGER_MAX 9007199254740992 /* 2^53: every reader of JSON holds these exactly */

struct json_limits {
    size_t bytes;   /* longest text */
    unsigned depth; /* most open containers, at most JSON_DEPTH; a bare text or number needs 0 */
};

/*
 * Reads one JSON value of any type that is in the profile; white space is free. `text` is
 * untrusted and may be freed afterwards. The caller owns *out (json_decref); it is written on
 * success alone. Faults, with the offset of the first byte of the offending token:
 *   LIMIT too long or too deep (found before jansson sees a byte), SHORT ends too early,
 *   SYNTAX no JSON, bad UTF-8, a member name out of the profile, RANGE a fraction, a number
 *   beyond 2^53, "-0", a control character, DUPLICATE a member twice, EXTRA bytes after the end.
 */
MUST_CHECK struct fault json_read(struct bytes text, struct json_limits limits, json_t **out);

/* As json_read, but the text must be what json_canonical writes: MISMATCH at the first byte that
 * differs. */
MUST_CHECK struct fault json_read_canonical(struct bytes text, struct json_limits limits,
                                            json_t **out);

/* As json_read, but the text must be what json_indented writes. */
MUST_CHECK struct fault json_read_indented(struct bytes text, struct json_limits limits,
                                           json_t **out);

/* Is a tree that we made ourselves in the profile? For trees that hold words of others (a sensor,
 * an officer). Faults as json_read, without offset. */
MUST_CHECK struct fault json_check(const json_t *tree);

/* Appends the canonical bytes (RFC 8785): sorted, compact. The tree must be in the profile. */
void json_canonical(const json_t *tree, struct buf *out);

/* Appends the form of files: sorted, one member or item a line, indented by one space a level,
 * a newline at the end. The tree must be in the profile. */
void json_indented(const json_t *tree, struct buf *out);

#endif
