/*
 * import.h - lists as the world writes them: STIX bundles, MISP events, Zeek Intel files, CSV with
 * a header, plain lists (a value a line, with or without its kind before it; hosts files).
 *
 * What is one value goes to the sink as such; a STIX pattern that is more than one equality or
 * subnet goes on as its text. What is damaged or refused by rule is counted by that rule, told with
 * its line, and ends nothing. Types of accounts, persons and content are refused unread (DESIGN
 * section 8). Everything imported is alert-only. No file, no clock: bytes come in as they are read.
 */
#ifndef PARLEY_INDICATOR_IMPORT_H
#define PARLEY_INDICATOR_IMPORT_H

#include "indicator/indicator.h"

enum {
    IMPORT_JSON = 128 << 20,   /* bytes of a bundle or event; they are kept until all is told */
    IMPORT_ITEM = 256 << 10,   /* of one object of them; longer is damage */
    IMPORT_STEP = 256 << 10,   /* of them in one step: a few milliseconds */
    IMPORT_LINE = 64 << 10,    /* of a list; longer is damage */
    IMPORT_COLUMNS = 64,       /* of CSV and Zeek */
    IMPORT_PATTERN = 64 << 10, /* of a pattern; stix/pattern.h's own limit */
    IMPORT_MARKINGS = 256, /* marking definitions looked at in a bundle; what a further one says is
                              not known, and so the strictest */
};

enum import_format {
    IMPORT_UNKNOWN = 0, /* by its first bytes */
    IMPORT_STIX,
    IMPORT_MISP,
    IMPORT_ZEEK,
    IMPORT_CSV,
    IMPORT_LIST,
    IMPORT_WARNING, /* MISP's warninglist; for a sink that takes `text` alone */
};

enum import_rule {
    IMPORT_OK = 0,
    IMPORT_TOO_LONG,
    IMPORT_DAMAGED, /* no line, row or object of its format */
    IMPORT_VALUE,   /* a value that is none of its kind */
    IMPORT_BROAD,   /* covers too much: a wide prefix, a single label */
    IMPORT_TIME,    /* a time that is none, or until not after from */
    IMPORT_KIND,    /* a kind that no sensor of ours sees */
    IMPORT_PERSON,  /* accounts, persons, content: refused unread */
    IMPORT_OFF,     /* revoked, deleted, or not for detection (to_ids) */
    IMPORT_RULES,
};

struct import_sink {
    void (*entry)(void *with, const struct indicator_value *v, const struct indicator_about *a);
    void (*pattern)(void *with, struct bytes pattern, const struct indicator_about *a);
    /* `line` counts from 1; of JSON, it is the number of the object. May be NULL. */
    void (*refused)(void *with, size_t line, enum import_rule r);
    /* A part of a text, or a regular expression, of a warninglist; false: not taken. NULL: a
     * warninglist is refused, for it names what is *not* to be looked for. */
    bool (*text)(void *with, struct bytes text, bool is_regex);
    void *with;
};

struct import_numbers {
    size_t seen, taken, patterns, texts;
    size_t refused[IMPORT_RULES]; /* by rule */
};

/* "too-long", "damaged" ..; "ok" */
const char *import_rule_name(enum import_rule r);
/* "stix", "misp", "zeek", "csv", "list"; "auto" for UNKNOWN. And back; UNKNOWN for other words. */
const char *import_format_name(enum import_format f);
enum import_format import_format_by_name(struct bytes name);

struct import {
    struct import_sink sink;
    struct indicator_about usual; /* what holds where the list says nothing */
    enum import_format format;
    struct import_numbers n;
    struct import_column *column; /* owned; of CSV and Zeek */
    struct import_walk *walk;     /* owned; of JSON, once all of it is there */
    size_t columns;
    size_t line;      /* that is being read */
    size_t mark;      /* bytes of a byte order mark that came */
    struct buf text;  /* of JSON all there was; else the beginning of a line */
    bool begun, json; /* is it known which of the two? */
    bool cut;         /* more than may be kept came: of JSON all in all, else of this line */
};

/* RFC 3339 in UTC, or as tables write it: "2026-01-31 10:20:30", "2026-01-31". */
bool import_time(struct bytes text, struct instant *out);

/* `usual`: times, markings and exactness of what says nothing about them. */
void import_init(struct import *in, enum import_format format, struct indicator_about usual,
                 struct import_sink sink);
void import_done(struct import *in);

/* The list's bytes as they come, in pieces of any size; then its end, in steps until one says that
 * there is no more. The sink hears of lines at once, and of JSON at the end. Faults, with the last
 * step and of JSON alone: SHORT, SYNTAX, EXTRA (its form; `at` is the byte), LIMIT (json/walk.h and
 * IMPORT_JSON), UNKNOWN (neither a bundle nor an event): then nothing was told. An object that is
 * no JSON within its own brackets is damaged, as a line is. */
void import_feed(struct import *in, struct bytes piece);
bool import_end_step(struct import *in, struct fault *out);
/* .. and all of them at once. */
MUST_CHECK struct fault import_end(struct import *in);

/* For the readers of this folder: counts, and tells the sink of what is good. */
void import_value(struct import *in, enum indicator_kind kind, struct bytes text,
                  const struct indicator_about *a);
void import_refuse(struct import *in, enum import_rule r);
/* import_end_step of JSON, whose text is in->text; and what it keeps. */
bool import_json_step(struct import *in, struct fault *out);
void import_json_done(struct import *in);

#endif
