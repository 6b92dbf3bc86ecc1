/*
 * fields.h - which fields a statement may have: an allow-list, by type.
 *
 * What is not here cannot be said. There is no field for the content of a message, a post, a
 * person, an account, an e-mail address, a telephone number or a place (mission 5.3, R1-R4, R7),
 * and tests/statement/fields.c fails when one is added. docs/STATEMENTS is drawn from the table.
 * Knows the form of values. Whether one may leave is release/'s.
 */
#ifndef PARLEY_STATEMENT_FIELDS_H
#define PARLEY_STATEMENT_FIELDS_H

#include <jansson.h>

#include "statement/document.h"

enum {
    FIELD_TEXT_MAX = 2000,     /* bytes of free text: a page; whatever is longer is no statement */
    FIELD_LINE_MAX = 120,      /* bytes of a coded line */
    FIELD_TARGETS = 256,       /* addresses in one notice */
    FIELD_EVIDENCE = 64,       /* digests in one notice */
    FIELD_OBJECTS = 1024,      /* digests in one SHARE */
    FIELD_REASONS = 16,        /* lines */
    FIELD_OPENING_MAX = 16384, /* bytes of one opening: the largest list above fits */
    FIELD_TERMS_MAX = 190000, /* bytes of an agreement's text; more goes by file, with its digest */
    FIELD_SIGNATURES_MAX = 40000 /* bytes of its .sig */
};

enum field_form {
    FIELD_NONE = 0,
    FIELD_NAME,      /* [a-z0-9][a-z0-9.-]{0,63} */
    FIELD_ARTICLE,   /* an article's id, or "-" */
    FIELD_WORD,      /* one of `words` */
    FIELD_WORD_LIST, /* sorted list out of `words`, each once, at least one */
    FIELD_TIME,      /* RFC 3339, Z, whole seconds */
    FIELD_NUMBER,    /* 0 to `max` */
    FIELD_DIGEST,    /* base64 of 32 bytes */
    FIELD_DIGESTS,   /* list of up to `max` */
    FIELD_ADDRESS,   /* IP address in RFC 5952 or dotted form */
    FIELD_ADDRESSES, /* sorted list of up to `max`, each once */
    FIELD_LINE,      /* printable ASCII, up to `max` bytes */
    FIELD_LINES,     /* list of up to `max` lines of FIELD_LINE_MAX bytes */
    FIELD_FREE,      /* text in a language, up to `max` bytes, no control or direction marks */
    FIELD_LANGUAGE,  /* [a-z]{2,3} with an optional script: "en", "ru", "zh-hans" */
    FIELD_HEX,       /* `max` bytes in lower-case hex */
    FIELD_BASE64,    /* of up to `max` bytes */
    FIELD_CANONICAL, /* JSON in the canonical form, up to `max` bytes */
    FIELD_SAMPLE,    /* base64 of 32 bytes, or "" */
};

struct field {
    const char *path; /* "*" stands for one suite, "#" for a digit */
    enum field_form form;
    size_t max;
    const char *words; /* for WORD: separated by spaces */
    bool required;     /* where its document is */
    bool open;         /* must not be withheld: without it nobody knows what was said */
    const char
        *withheld; /* rule by which it is withheld unless an officer opens it; NULL: it is not */
    const char *what;
};

/* The row of this path for a kind; NULL: it cannot be said. Common fields included. */
const struct field *field_find(enum kind kind, const char *path);

/* Row number i of a kind, the common ones first; NULL behind the last. */
const struct field *field_at(enum kind kind, size_t i);

/* Is the value of the field's form? SYNTAX, RANGE, LIMIT. */
MUST_CHECK struct fault field_check(const struct field *field, const json_t *value);

/* Where a document is wrong, for the person who wrote it. */
struct field_place {
    char path[DOCUMENT_PATH + 1];
};

/*
 * Are these the fields of a statement of this kind: each listed, each good, none missing, the free
 * text of an automatic one empty? `place` may be NULL. Faults: UNKNOWN (an unlisted field),
 * MISSING, and those of field_check.
 */
MUST_CHECK struct fault fields_check(enum kind kind, bool answers, const json_t *fields,
                                     struct field_place *place);

/* The same of a document as it was disclosed; a withheld field is there, but REFUSED where it must
 * be open. This is what the receiver's judge asks. */
MUST_CHECK struct fault disclosed_check(enum kind kind, bool answers, const struct disclosed *d,
                                        struct field_place *place);

/* The field that this opening opens: one that some type may have, with a value of its form; NULL if
 * there is none, so that it cannot be said. */
const struct field *opening_field(const struct opening *o);

/* Offset of the first character that free text may not have (C0 but newline and tab, DEL, C1, marks
 * that turn the direction of text or cannot be seen); text.len if it is plain. UTF-8 is checked. */
size_t text_not_plain(struct bytes text);

/* Appends docs/STATEMENTS. */
void statements_draw(struct buf *out);

#endif
