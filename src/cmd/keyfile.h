/*
 * keyfile.h - keys as files: a private key in PEM or the name of one in a token (crypto/secret.h),
 * a public key as the line "SUITE BASE64" beside it (FILE.pub), a channel certificate in PEM.
 */
#ifndef PARLEY_CMD_KEYFILE_H
#define PARLEY_CMD_KEYFILE_H

#include "cmd/command.h"
#include "cmd/say.h"
#include "crypto/several.h"

enum { KEYFILE_MAX = 64 << 10 /* bytes: a certificate chain is the longest we are shown */ };

enum keyfile_kind { KEYFILE_NONE, KEYFILE_PRIVATE, KEYFILE_PUBLIC, KEYFILE_CERTIFICATE };

/* What a file shows of its key. */
struct keyfile {
    enum keyfile_kind kind;
    const struct suite *suite; /* NULL for a certificate */
    uint8_t key[SUITE_KEY_MAX];
    size_t key_len;
    uint8_t pin[32]; /* of a certificate: SHA-256 of SubjectPublicKeyInfo */
};

/*
 * Opens the private key in `path`. If it is encrypted the passphrase comes from
 * `passphrase_path`, or is asked for if that is NULL. Otherwise the error was said and *exit
 * tells how to leave. The caller frees it with secret_free.
 */
struct secret *keyfile_open(struct say *s, const char *path, const char *passphrase_path,
                            enum exit_code *exit);

/* Reads whichever of the three it is; errors as keyfile_open. */
bool keyfile_read(struct say *s, const char *path, const char *passphrase_path, struct keyfile *out,
                  enum exit_code *exit);

/* The line of a .pub file. */
void keyfile_public_line(const struct secret *key, struct buf *out);

/* The keys of one person, a suite each. */
struct keyring {
    struct secret *key[SEVERAL_MAX]; /* owned */
    size_t count;
};

/*
 * Opens the key files of a flag that may stand several times, or else those of an environment
 * variable (NULL: none), whose paths have ":" between them. False, and the error was said: one
 * cannot be opened, two are of one suite. No file is no error: count is 0.
 */
bool keyring_open(const struct call *call, const char *flag, const char *variable,
                  struct keyring *out, enum exit_code *exit);
void keyring_done(struct keyring *r);

#endif
