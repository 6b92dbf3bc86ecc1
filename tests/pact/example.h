/* example.h - the shipped example for the tests of pact/: its bytes, its keys, and ways to spoil
 * it. */
#ifndef PARLEY_TESTS_PACT_EXAMPLE_H
#define PARLEY_TESTS_PACT_EXAMPLE_H

#include "base/memory.h"
#include "crypto/secret.h"
#include "pact/agreement.h"
#include "test.h"
#include "json/profile.h"

/* share/pact-2015.agreement.json; the caller frees it with buf_done. */
static inline struct buf example_file(const char *name)
{
    char path[512];
    struct buf b = {0};
    const char *source = getenv("PARLEY_SOURCE");
    FILE *f;
    int c;

    snprintf(path, sizeof path, "%s/share/%s", source == NULL ? "." : source, name);
    f = fopen(path, "r");
    assert_non_null(f);
    while ((c = fgetc(f)) != EOF)
        buf_byte(&b, (uint8_t)c);
    fclose(f);
    return b;
}

static inline json_t *example_tree(void)
{
    struct buf b = example_file("pact-2015.agreement.json");
    json_t *tree = NULL;

    assert_good(
        json_read_indented(buf_view(&b), (struct json_limits){AGREEMENT_MAX, JSON_DEPTH}, &tree));
    buf_done(&b);
    return tree;
}

static inline struct fault tree_parse(const json_t *tree, struct agreement **out,
                                      struct agreement_error *error)
{
    struct buf b = {0};
    struct fault f;

    json_indented(tree, &b);
    f = agreement_parse(buf_view(&b), false, out, error);
    buf_done(&b);
    return f;
}

/* share/README.md: the seed of a worthless key is SHA-256 of a published text. */
static inline struct secret *example_key(const char *what)
{
    char text[80];
    struct digest seed;
    struct secret *key = NULL;

    snprintf(text, sizeof text, "parley example, worthless: %s", what);
    seed = digest_of(bytes_text(text));
    assert_good(secret_from_seed(suite_find(bytes_text("ed25519")), seed.byte, &key));
    return key;
}

/* The container in which the last step of "a.b[2].c" is; *last is that step, a name or "[2]". */
static inline json_t *example_walk(json_t *tree, const char *path, char last[64])
{
    json_t *at = tree;

    for (;;) {
        size_t n = *path == '[' ? strcspn(path, "]") + 1 : strcspn(path, ".[");

        snprintf(last, 64, "%.*s", (int)n, path);
        path += n + (path[n] == '.');
        if (*path == '\0')
            return at;
        at = last[0] == '[' ? json_array_get(at, strtoul(last + 1, NULL, 10))
                            : json_object_get(at, last);
        assert_non_null(at);
    }
}

/* Sets what stands at `path` to the JSON text `value`, or takes it out if that is NULL. */
static inline void example_set(json_t *tree, const char *path, const char *value)
{
    char last[64];
    json_t *at = example_walk(tree, path, last);
    json_t *v = value == NULL ? NULL : json_loads(value, JSON_DECODE_ANY, NULL);
    size_t index = last[0] == '[' ? strtoul(last + 1, NULL, 10) : 0;

    assert_true(value == NULL || v != NULL);
    if (last[0] == '[' && v == NULL)
        assert_int_equal(json_array_remove(at, index), 0);
    else if (last[0] == '[' && index == json_array_size(at))
        assert_int_equal(json_array_append_new(at, v), 0);
    else if (last[0] == '[')
        assert_int_equal(json_array_set_new(at, index, v), 0);
    else if (v == NULL)
        assert_int_equal(json_object_del(at, last), 0);
    else
        assert_int_equal(json_object_set_new(at, last, v), 0);
}

#endif
