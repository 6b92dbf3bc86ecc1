#include "cmd/rooted.h"

#include <string.h>

#include "cmd/args.h"
#include "cmd/disk.h"
#include "cmd/keyfile.h"
#include "crypto/domain.h"
#include "crypto/random.h"
#include "pact/signed.h"
#include "statement/document.h"

/* ---- root keys ---- */

static const struct root_key *root_of(const struct party *party, const struct secret *key)
{
    struct bytes public = secret_public(key);

    for (size_t i = 0; i < party->root_count; i++)
        if (strcmp(party->roots[i].suite, suite_name(secret_suite(key))) == 0 &&
            bytes_equal(bytes_of(party->roots[i].key, party->roots[i].key_len), public))
            return &party->roots[i];
    return NULL;
}

static bool has_suite(const struct roots *r, const char *suite)
{
    for (size_t i = 0; i < r->count; i++)
        if (strcmp(suite_name(secret_suite(r->key[i])), suite) == 0)
            return true;
    return false;
}

static bool add_root(const struct call *call, const struct party *party, const char *path,
                     struct roots *r, enum exit_code *exit)
{
    struct secret *key;

    if (r->count == AGREEMENT_SUITES)
        return false;
    key = keyfile_open(call->say, path, args_value(call->args, "--passphrase-file"), exit);
    if (key == NULL)
        return false;
    r->key[r->count++] = key;
    if (root_of(party, key) != NULL)
        return true;
    *exit = say_error(call->say, EXIT_REFUSED, "not-the-root-key",
                      "the agreement names another key, or none of this suite",
                      "parley key fingerprint FILE", "%s is no root key of %s", path, party->id);
    return false;
}

bool roots_open(const struct call *call, const struct party *party, struct roots *out,
                enum exit_code *exit)
{
    const char *path;

    *out = (struct roots){.count = 0};
    for (size_t i = 0; (path = args_many(call->args, "--root-key", i)) != NULL; i++)
        if (!add_root(call, party, path, out, exit)) {
            roots_done(out);
            return false;
        }
    for (size_t i = 0; i < party->root_count; i++)
        if (!has_suite(out, party->roots[i].suite)) {
            *exit = say_error(call->say, EXIT_USAGE, "usage", "every suite of the agreement signs",
                              "--root-key FILE for each", "%s's root key of suite %s is not given",
                              party->id, party->roots[i].suite);
            roots_done(out);
            return false;
        }
    return true;
}

void roots_done(struct roots *r)
{
    for (size_t i = 0; i < r->count; i++)
        secret_free(r->key[i]);
    r->count = 0;
}

/* ---- documents ---- */

struct fault rooted_write(const struct roots *r, struct bytes agreement, const json_t *fields,
                          struct buf *out)
{
    struct document_signature list[AGREEMENT_SUITES] = {{.suite = ""}};
    struct buf bytes[AGREEMENT_SUITES] = {{0}};
    uint8_t secret[DOCUMENT_SECRET];
    struct document *d = NULL;
    struct digest root;
    struct fault f;

    random_bytes(secret, sizeof secret);
    f = document_new(fields, secret, &d);
    explicit_bzero(secret, sizeof secret);
    if (fault_is(f))
        return f;
    root = document_root(d);
    for (size_t i = 0; i < r->count; i++) {
        domain_sign(r->key[i], DOMAIN_ROOT, agreement, bytes_of(root.byte, sizeof root.byte),
                    &bytes[i]);
        snprintf(list[i].suite, sizeof list[i].suite, "%s", suite_name(secret_suite(r->key[i])));
        list[i].key = secret_public(r->key[i]);
        list[i].signature = buf_view(&bytes[i]);
    }
    document_disclose(d, NULL, 0, list, r->count, out);
    document_free(d);
    for (size_t i = 0; i < r->count; i++)
        buf_done(&bytes[i]);
    return f;
}

/* ---- the agreement ---- */

static enum exit_code agreement_error_say(struct say *s, const char *path, struct fault f,
                                          const struct agreement_error *e)
{
    char why[400];
    enum exit_code exit = f.kind == FAULT_FORGED    ? EXIT_FORGED
                          : f.kind == FAULT_UNKNOWN ? EXIT_CANNOT_TELL
                                                    : EXIT_REFUSED;

    if (e->line > 0)
        snprintf(why, sizeof why, "line %zu, %.127s: %.159s", e->line, e->member, e->why);
    else
        snprintf(why, sizeof why, "%.127s%s%.159s", e->member, e->member[0] != '\0' ? ": " : "",
                 e->why[0] != '\0' ? e->why : f.rule);
    return say_error(s, exit, fault_word(f.kind), why, "parley agreement check FILE",
                     "%s is no agreement that both parties signed", path);
}

static struct fault read_signatures(const struct agreement *a, struct bytes text,
                                    struct agreement_error *error)
{
    struct signatures *list = NULL;
    struct fault f = signatures_parse(text, &list, error);

    if (!fault_is(f))
        f = agreement_signatures_verify(a, list, error);
    signatures_free(list);
    return f;
}

static bool read_both(struct say *s, const char *path, struct buf *text, struct buf *signatures,
                      enum exit_code *exit)
{
    struct buf sig_path = {0};
    struct fault f = disk_read(path, AGREEMENT_MAX, text);

    if (fault_is(f)) {
        *exit = disk_error(s, f, path);
        return false;
    }
    buf_print(&sig_path, "%s.sig", path);
    f = disk_read(buf_str(&sig_path), SIGNATURES_MAX, signatures);
    if (fault_is(f) && f.kind == FAULT_IO)
        *exit = say_error(s, EXIT_REFUSED, "not-signed", "there is no signature file beside it",
                          "parley agreement sign FILE --as PARTY --key ROOT",
                          "nobody has signed %s", path);
    else if (fault_is(f))
        *exit = disk_error(s, f, buf_str(&sig_path));
    buf_done(&sig_path);
    return !fault_is(f);
}

struct agreement *rooted_agreement(struct say *s, const char *path, struct buf *text,
                                   struct buf *signatures, enum exit_code *exit)
{
    struct agreement_error error = {.line = 0};
    struct agreement *a = NULL;
    struct fault f;

    if (!read_both(s, path, text, signatures, exit))
        return NULL;
    f = agreement_parse(buf_view(text), false, &a, &error);
    if (!fault_is(f))
        f = read_signatures(a, buf_view(signatures), &error);
    if (!fault_is(f))
        return a;
    *exit = agreement_error_say(s, path, f, &error);
    agreement_free(a);
    return NULL;
}
