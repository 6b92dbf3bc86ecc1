/*
 * authority.h - the tests' time-stamping authority (authority.sh, OpenSSL's command line), in a
 * folder of its own.
 */
#ifndef PARLEY_TESTS_CRYPTO_AUTHORITY_H
#define PARLEY_TESTS_CRYPTO_AUTHORITY_H

#include <ftw.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/stamp.h"
#include "test.h"

struct authority {
    char path[64];
    struct buf ca; /* PEM */
};

static inline void authority_run(const char *what, const char *dir, const char *query,
                                 const char *answer)
{
    extern char **environ;
    const char *source = getenv("PARLEY_SOURCE");
    char script[500], verb[8], folder[100], from[200], to[200];
    char *argv[] = {script, verb, folder, from, to, NULL};
    pid_t child;
    int status;

    snprintf(script, sizeof script, "%s/tests/crypto/authority.sh", source == NULL ? "." : source);
    snprintf(verb, sizeof verb, "%s", what);
    snprintf(folder, sizeof folder, "%s", dir);
    snprintf(from, sizeof from, "%s/%s", dir, query);
    snprintf(to, sizeof to, "%s/%s", dir, answer);
    assert_int_equal(posix_spawn(&child, script, NULL, NULL, argv, environ), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static inline void authority_read(const struct authority *a, const char *name, struct buf *out)
{
    static uint8_t data[STAMP_CA_MAX];
    char path[200];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", a->path, name);
    f = fopen(path, "re");
    assert_non_null(f);
    buf_clear(out);
    buf_add(out, data, fread(data, 1, sizeof data, f));
    (void)fclose(f);
}

static inline void authority_init(struct authority *a)
{
    *a = (struct authority){.path = "/tmp/parley-stamp-XXXXXX"};
    assert_non_null(mkdtemp(a->path));
    authority_run("new", a->path, "", "");
    authority_read(a, "ca.pem", &a->ca);
}

/* Asks for a stamp over the digest, as it would be carried there and back. */
static inline void authority_stamp(const struct authority *a, const struct digest *of,
                                   struct buf *response)
{
    const uint8_t nonce[STAMP_NONCE] = {9, 8, 7};
    struct buf request = {0};
    char path[200];
    FILE *f;

    stamp_request(of, nonce, &request);
    snprintf(path, sizeof path, "%s/q.tsq", a->path);
    f = fopen(path, "we");
    assert_non_null(f);
    assert_int_equal(fwrite(request.data, 1, request.len, f), request.len);
    (void)fclose(f);
    authority_run("reply", a->path, "q.tsq", "r.tsr");
    authority_read(a, "r.tsr", response);
    buf_done(&request);
}

static inline int authority_remove(const char *path, const struct stat *s, int type, struct FTW *f)
{
    (void)s;
    (void)type;
    (void)f;
    return remove(path);
}

static inline void authority_done(struct authority *a)
{
    buf_done(&a->ca);
    assert_int_equal(nftw(a->path, authority_remove, 16, FTW_DEPTH | FTW_PHYS), 0);
}

#endif
