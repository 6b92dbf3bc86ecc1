/* key.c - parley key new, fingerprint, list */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cmd/args.h"
#include "cmd/columns.h"
#include "cmd/disk.h"
#include "cmd/keyfile.h"
#include "cmd/passphrase.h"
#include "cmd/run.h"
#include "tls/identity.h"

static void add_text(json_t *object, const char *name, const char *text)
{
    json_object_set_new(object, name, json_string(text));
}

static void add_base64(json_t *object, const char *name, const void *data, size_t len)
{
    struct buf b = {0};

    buf_base64(&b, data, len);
    add_text(object, name, buf_str(&b));
    buf_done(&b);
}

static void add_key(json_t *object, const struct suite *suite, struct bytes key)
{
    char fingerprint[FINGERPRINT_TEXT];

    fingerprint_write(suite_key_id(suite, key), fingerprint);
    add_text(object, "suite", suite_name(suite));
    add_base64(object, "key", key.data, key.len);
    add_text(object, "fingerprint", fingerprint);
}

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* Prints the members in their order as lines of two columns, or the object. */
static enum exit_code answer(struct say *s, json_t *object, const char *const *names)
{
    if (s->json) {
        say_json(s, object);
        return EXIT_DONE;
    }
    for (; *names != NULL; names++)
        if (text_of(object, *names) != NULL) {
            char *safe = say_outside(s, text_of(object, *names));
            say_data(s, "%-12s %s\n", *names, safe);
            free(safe);
        }
    json_decref(object);
    return EXIT_DONE;
}

/* ---- new ---- */

static char *joined(const char *a, const char *b)
{
    struct buf path = {0};
    char *text;

    buf_print(&path, "%s%s", a, b);
    text = memory_text(path.data, path.len);
    buf_done(&path);
    return text;
}

/* Writes two files or none. */
static enum exit_code write_pair(struct say *s, const char *first, struct bytes secret,
                                 const char *second, struct bytes public)
{
    struct fault f = fault_none();

    if (disk_has(second))
        return disk_error(s, fault_make(FAULT_IO, EEXIST, "create"), second);
    f = disk_write_new(first, secret, 0600);
    if (fault_is(f))
        return disk_error(s, f, first);
    f = disk_write_new(second, public, 0644);
    if (!fault_is(f))
        return EXIT_DONE;
    (void)remove(first);
    return disk_error(s, f, second);
}

static enum exit_code new_certificate(const struct call *call)
{
    char *key_path = joined(call->args->word[0], ".key.pem");
    char *certificate_path = joined(call->args->word[0], ".cert.pem");
    struct buf key = {0}, certificate = {0};
    uint8_t pin[TLS_PIN];
    enum exit_code code;
    struct fault f = tls_identity_new(&key, &certificate);

    if (!fault_is(f))
        f = tls_pin(buf_view(&certificate), pin);
    if (fault_is(f))
        code = say_error(call->say, EXIT_FAILED, fault_word(f.kind), f.rule, NULL,
                         "no channel key can be made");
    else
        code = write_pair(call->say, key_path, buf_view(&key), certificate_path,
                          buf_view(&certificate));
    if (code == EXIT_DONE) {
        static const char *const names[] = {"key-file", "cert-file", "pin", NULL};
        json_t *object = json_object();
        add_text(object, "kind", "tls");
        add_text(object, "key-file", key_path);
        add_text(object, "cert-file", certificate_path);
        add_base64(object, "pin", pin, sizeof pin);
        answer(call->say, object, names);
    }
    buf_wipe(&key);
    buf_done(&certificate);
    free(key_path);
    free(certificate_path);
    return code;
}

/* The passphrase of a new key: of the file, or asked for twice; none without a terminal. */
static bool new_passphrase(const struct call *call, struct buf *out, enum exit_code *exit)
{
    const char *path = args_value(call->args, "--passphrase-file");
    struct buf again = {0};
    bool same;

    if (path != NULL) {
        struct fault f = passphrase_from_file(path, out);
        if (fault_is(f))
            *exit = disk_error(call->say, f, path);
        return !fault_is(f);
    }
    if (!passphrase_ask(call->say, "passphrase for the new key (empty: none): ", out) ||
        out->len == 0)
        return true;
    same = passphrase_ask(call->say, "again: ", &again) &&
           bytes_equal(buf_view(out), buf_view(&again));
    buf_wipe(&again);
    if (!same)
        *exit = say_error(call->say, EXIT_FAILED, "passphrase", NULL, NULL,
                          "the two passphrases are not the same");
    return same;
}

static enum exit_code write_key(const struct call *call, struct secret *key, struct bytes phrase)
{
    static const char *const names[] = {"file", "suite", "key", "fingerprint", NULL};
    const char *path = call->args->word[0];
    char *public_path = joined(path, ".pub");
    struct buf pem = {0}, line = {0};
    struct fault f = secret_write_pem(key, phrase, &pem);
    enum exit_code code;

    keyfile_public_line(key, &line);
    if (fault_is(f))
        code = say_error(call->say, EXIT_FAILED, fault_word(f.kind), f.rule, NULL, "no PEM");
    else
        code = write_pair(call->say, path, buf_view(&pem), public_path, buf_view(&line));
    if (code == EXIT_DONE) {
        json_t *object = json_object();
        add_text(object, "kind", "private");
        add_text(object, "file", path);
        add_text(object, "public-file", public_path);
        add_key(object, secret_suite(key), secret_public(key));
        answer(call->say, object, names);
        if (phrase.len == 0)
            say_note(call->say, "note: %s is not encrypted; --passphrase-file FILE does it\n",
                     path);
    }
    buf_wipe(&pem);
    buf_done(&line);
    free(public_path);
    return code;
}

enum exit_code key_new(const struct call *call)
{
    const char *name = args_value(call->args, "--suite");
    const struct suite *suite = suite_find(bytes_text(name != NULL ? name : "ed25519"));
    struct secret *key = NULL;
    struct buf phrase = {0};
    enum exit_code code = EXIT_DONE;

    if (args_has(call->args, "--tls"))
        return new_certificate(call);
    if (suite == NULL || fault_is(secret_new(suite, &key)))
        return say_error(call->say, EXIT_CANNOT_TELL, "unknown-suite",
                         suite != NULL ? suite_library(suite) : "no suite has this name",
                         "parley key suites", "suite %s is not available here", name);
    if (new_passphrase(call, &phrase, &code))
        code = write_key(call, key, buf_view(&phrase));
    buf_wipe(&phrase);
    secret_free(key);
    return code;
}

/* ---- fingerprint, list ---- */

static json_t *describe(const char *path, const struct keyfile *k)
{
    static const char *const kinds[] = {"none", "private", "public", "certificate"};
    json_t *object = json_object();

    add_text(object, "file", path);
    add_text(object, "kind", kinds[k->kind]);
    if (k->kind == KEYFILE_CERTIFICATE)
        add_base64(object, "pin", k->pin, sizeof k->pin);
    else
        add_key(object, k->suite, bytes_of(k->key, k->key_len));
    return object;
}

enum exit_code key_fingerprint(const struct call *call)
{
    static const char *const names[] = {"kind", "suite", "key", "fingerprint", "pin", NULL};
    const char *path = call->args->word[0];
    struct keyfile k;
    enum exit_code code = EXIT_DONE;

    if (!keyfile_read(call->say, path, args_value(call->args, "--passphrase-file"), &k, &code))
        return code;
    return answer(call->say, describe(path, &k), names);
}

static bool is_key_name(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');

    return dot != NULL && (strcmp(dot, ".pub") == 0 ||
                           (dot - entry->d_name > 5 && strcmp(dot - 5, ".cert.pem") == 0));
}

static int key_filter(const struct dirent *entry)
{
    return is_key_name(entry);
}

/* Public files only: a private key need not be opened to be listed. */
static json_t *list_of(const struct call *call, const char *folder, enum exit_code *code)
{
    struct dirent **found = NULL;
    int n = scandir(folder, &found, key_filter, alphasort);
    json_t *keys = json_array();

    if (n < 0)
        *code = disk_error(call->say, fault_io("read"), folder);
    for (int i = 0; i < n; i++) {
        struct buf path = {0};
        struct keyfile k;
        buf_print(&path, "%s/%s", folder, found[i]->d_name);
        if (keyfile_read(call->say, buf_str(&path), NULL, &k, code))
            json_array_append_new(keys, describe(buf_str(&path), &k));
        buf_done(&path);
        free(found[i]);
    }
    free(found);
    return keys;
}

enum exit_code key_list(const struct call *call)
{
    struct columns c = {.heading = {"FILE", "KIND", "SUITE", "FINGERPRINT OR PIN"}};
    const char *folder = call->args->words > 0 ? call->args->word[0] : ".";
    enum exit_code code = EXIT_DONE;
    json_t *keys = list_of(call, folder, &code);
    size_t i;
    json_t *key;

    if (call->say->json && code == EXIT_DONE) {
        say_json(call->say, json_pack("{so}", "keys", keys));
        return code;
    }
    json_array_foreach(keys, i, key)
    {
        const char *pin = text_of(key, "pin");
        columns_add(&c, call->say, text_of(key, "file"));
        columns_add(&c, call->say, text_of(key, "kind"));
        columns_add(&c, call->say, pin != NULL ? "-" : text_of(key, "suite"));
        columns_add(&c, call->say, pin != NULL ? pin : text_of(key, "fingerprint"));
    }
    columns_print(&c, call->say);
    json_decref(keys);
    return code;
}

/* ---- suites ---- */

static json_t *suite_row(const struct suite *s)
{
    return json_pack("{ss,sb,ss,ss,sI,sI}", "suite", suite_name(s), "here", suite_is_available(s),
                     "by", suite_library(s), "standard", suite_standard(s), "key-bytes",
                     (json_int_t)suite_key_length(s), "signature-bytes",
                     (json_int_t)suite_signature_max(s));
}

enum exit_code key_suites(const struct call *call)
{
    struct columns c = {.heading = {"SUITE", "HERE", "BY", "STANDARD"}};
    json_t *rows = json_array();
    const struct suite *s;

    for (size_t i = 0; (s = suite_at(i)) != NULL; i++) {
        json_array_append_new(rows, suite_row(s));
        columns_add(&c, call->say, suite_name(s));
        columns_add(&c, call->say, suite_is_available(s) ? "yes" : "not available here");
        columns_add(&c, call->say, suite_library(s));
        columns_add(&c, call->say, suite_standard(s));
    }
    if (call->say->json)
        say_json(call->say, json_pack("{so}", "suites", rows));
    else
        json_decref(rows);
    if (!call->say->json)
        columns_print(&c, call->say);
    return EXIT_DONE;
}
