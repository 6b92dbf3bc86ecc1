#include "cmd/keyfile.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "cmd/args.h"
#include "cmd/disk.h"
#include "cmd/passphrase.h"
#include "tls/identity.h"

static enum exit_code key_error(struct say *s, struct fault f, const char *path)
{
    switch (f.kind) {
    case FAULT_MISSING:
        return say_error(s, EXIT_USAGE, "locked", f.rule, "add --passphrase-file FILE",
                         "%s needs a passphrase", path);
    case FAULT_REFUSED:
        return say_error(s, EXIT_FAILED, "passphrase", NULL, NULL,
                         "the passphrase does not open %s", path);
    case FAULT_UNKNOWN:
        return say_error(s, EXIT_CANNOT_TELL, "unknown-suite", f.rule, NULL,
                         "%s holds a key of another kind", path);
    default:
        return say_error(s, EXIT_FAILED, "no-key", f.rule, "parley key new FILE",
                         "%s is no private key in PEM and no good token file", path);
    }
}

static struct fault open_pem(struct say *s, struct bytes pem, const char *path,
                             const char *passphrase_path, struct secret **out)
{
    struct buf passphrase = {0};
    struct secret_needs needs;
    struct fault f = secret_needs_parse(pem, &needs);
    char question[512];

    if (!fault_is(f))
        f = secret_needs_set(&needs);
    if (!fault_is(f))
        f = secret_read(NULL, pem, bytes_of(NULL, 0), out);
    if (f.kind != FAULT_MISSING)
        return f;
    snprintf(question, sizeof question, "passphrase of %.400s: ", path);
    if (passphrase_path != NULL) {
        f = passphrase_from_file(passphrase_path, &passphrase);
        if (fault_is(f))
            f = fault_make(FAULT_MISSING, 0, f.rule);
    } else if (passphrase_ask(s, question, &passphrase)) {
        f = fault_none();
    }
    if (!fault_is(f))
        f = secret_read(NULL, pem, buf_view(&passphrase), out);
    buf_wipe(&passphrase);
    return f;
}

struct secret *keyfile_open(struct say *s, const char *path, const char *passphrase_path,
                            enum exit_code *exit)
{
    struct buf pem = {0};
    struct secret *key = NULL;
    struct fault f = disk_read(path, SECRET_PEM_MAX, &pem);

    if (fault_is(f)) {
        *exit = disk_error(s, f, path);
        return NULL;
    }
    f = open_pem(s, buf_view(&pem), path, passphrase_path, &key);
    buf_wipe(&pem);
    if (fault_is(f))
        *exit = key_error(s, f, path);
    return key;
}

void keyfile_public_line(const struct secret *key, struct buf *out)
{
    struct bytes public = secret_public(key);

    buf_print(out, "%s ", suite_name(secret_suite(key)));
    buf_base64(out, public.data, public.len);
    buf_byte(out, '\n');
}

/* "SUITE BASE64" and whatever comment stands behind a second space. */
static bool read_public(struct bytes text, struct keyfile *out)
{
    const uint8_t *gap = text.len > 0 ? memchr(text.data, ' ', text.len) : NULL;
    struct bytes rest;
    size_t len, n = 0;

    if (gap == NULL)
        return false;
    out->suite = suite_find(bytes_of(text.data, (size_t)(gap - text.data)));
    rest = bytes_of(gap + 1, text.len - (size_t)(gap + 1 - text.data));
    while (n < rest.len && rest.data[n] != '\n' && rest.data[n] != ' ')
        n++;
    rest.len = n;
    if (out->suite == NULL || !base64_size(rest, &len) || len > sizeof out->key ||
        !base64_read(rest, out->key, len))
        return false;
    out->key_len = len;
    out->kind = KEYFILE_PUBLIC;
    return !fault_is(suite_key_check(out->suite, bytes_of(out->key, len)));
}

static bool has_text(struct bytes text, const char *needle)
{
    return text.len > 0 && memmem(text.data, text.len, needle, strlen(needle)) != NULL;
}

static bool read_private(struct say *s, struct bytes pem, const char *path,
                         const char *passphrase_path, struct keyfile *out, enum exit_code *exit)
{
    struct secret *key = NULL;
    struct fault f = open_pem(s, pem, path, passphrase_path, &key);

    if (fault_is(f)) {
        *exit = key_error(s, f, path);
        return false;
    }
    out->kind = KEYFILE_PRIVATE;
    out->suite = secret_suite(key);
    out->key_len = secret_public(key).len;
    memcpy(out->key, secret_public(key).data, out->key_len);
    secret_free(key);
    return true;
}

bool keyfile_read(struct say *s, const char *path, const char *passphrase_path, struct keyfile *out,
                  enum exit_code *exit)
{
    struct buf text = {0};
    struct fault f = disk_read(path, KEYFILE_MAX, &text);
    bool good = false;

    *out = (struct keyfile){.kind = KEYFILE_NONE};
    if (fault_is(f)) {
        *exit = disk_error(s, f, path);
        return false;
    }
    if (has_text(buf_view(&text), "-----BEGIN CERTIFICATE-----")) {
        good = !fault_is(tls_pin(buf_view(&text), out->pin));
        out->kind = KEYFILE_CERTIFICATE;
    } else if (has_text(buf_view(&text), "PRIVATE KEY-----") ||
               has_text(buf_view(&text), "pkcs11:")) {
        good = read_private(s, buf_view(&text), path, passphrase_path, out, exit);
        buf_wipe(&text);
        return good;
    } else {
        good = read_public(buf_view(&text), out);
    }
    if (!good)
        *exit = say_error(s, EXIT_FAILED, "no-key",
                          "it is no private key, no certificate and no line \"SUITE BASE64\"",
                          "parley key new FILE", "%s holds no key", path);
    buf_wipe(&text);
    return good;
}

/* ---- several keys of one person ---- */

static bool keyring_add(const struct call *call, const char *path, struct keyring *r,
                        enum exit_code *exit)
{
    struct secret *key;

    if (r->count == SEVERAL_MAX) {
        *exit = say_error(call->say, EXIT_USAGE, "usage", NULL, NULL,
                          "more keys than an agreement has suites");
        return false;
    }
    key = keyfile_open(call->say, path, args_value(call->args, "--passphrase-file"), exit);
    if (key == NULL)
        return false;
    for (size_t i = 0; i < r->count; i++)
        if (secret_suite(r->key[i]) == secret_suite(key)) {
            *exit =
                say_error(call->say, EXIT_USAGE, "usage", "one key for each suite", NULL,
                          "%s is a second key of suite %s", path, suite_name(secret_suite(key)));
            secret_free(key);
            return false;
        }
    r->key[r->count++] = key;
    return true;
}

bool keyring_open(const struct call *call, const char *flag, const char *variable,
                  struct keyring *out, enum exit_code *exit)
{
    const char *path, *list = variable != NULL ? getenv(variable) : NULL;
    bool good = true;

    *out = (struct keyring){.count = 0};
    for (size_t i = 0; good && (path = args_many(call->args, flag, i)) != NULL; i++)
        good = keyring_add(call, path, out, exit);
    if (args_value(call->args, flag) != NULL || list == NULL)
        list = "";
    while (good && *list != '\0') {
        size_t len = strcspn(list, ":");
        char *one = memory_text(list, len);

        good = len == 0 || keyring_add(call, one, out, exit);
        free(one);
        list += len + (list[len] == ':');
    }
    if (!good)
        keyring_done(out);
    return good;
}

void keyring_done(struct keyring *r)
{
    for (size_t i = 0; i < r->count; i++)
        secret_free(r->key[i]);
    r->count = 0;
}
