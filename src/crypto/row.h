/*
 * row.h - what a row of the table of suites is made of. For suite.c, evp.c and secret.c alone.
 */
#ifndef PARLEY_CRYPTO_ROW_H
#define PARLEY_CRYPTO_ROW_H

#include "crypto/suite.h"

enum suite_library {
    LIBRARY_NONE = 0,
    LIBRARY_SODIUM, /* ed25519: twice as fast as OpenSSL, and stricter */
    LIBRARY_EVP,    /* OpenSSL's own provider */
    LIBRARY_GOST,   /* its engine "gost", loaded by that id */
};

enum suite_form {
    FORM_RAW = 0, /* a signature of exactly signature_max bytes */
    FORM_DER,     /* SEQUENCE { r INTEGER, s INTEGER }, DER and nothing behind it */
};

struct suite {
    const char *name, *standard;
    enum suite_library library;
    enum suite_form form;
    size_t key_length; /* as the suite spells it: exact */
    size_t key_at;     /* where it begins in a SubjectPublicKeyInfo; 0: it is the whole of it */
    size_t signature_max;
    uint8_t note_type, cosignature_type;
    uint8_t spki_length;  /* the bytes of a SubjectPublicKeyInfo before the point: they say type, */
    const char *spki;     /* group and length, so that one comparison checks all three */
    const char *type;     /* OpenSSL's name of the key's type */
    const char *group;    /* of its group; NULL: the type has one */
    const char *digest;   /* of the hash; NULL: the scheme brings its own */
    const char *identity; /* SM2's distinguishing id; NULL: the scheme has none */
    const char *rules[SUITE_RULES];
};

/* The longest SubjectPublicKeyInfo: ml-dsa-65's key and 22 bytes before it. */
enum { ROW_SPKI_MAX = SUITE_KEY_MAX + 64 };

/* The whole SubjectPublicKeyInfo of a key whose length is right. */
void row_spki(const struct suite *s, struct bytes key, struct buf *out);

/* The row to which a SubjectPublicKeyInfo belongs by its length and first bytes, NULL if none; the
 * key as that row spells it, borrowed. */
const struct suite *row_of_spki(struct bytes spki, struct bytes *key);

#endif
