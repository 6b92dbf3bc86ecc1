#include "crypto/several.h"

#include "base/cursor.h"

static const char form[] = "PROTOCOL.ledger section 2: signatures of several suites";

void several_sign(struct secret *const *keys, size_t count, enum domain purpose,
                  struct bytes agreement, struct bytes bytes, struct buf *names,
                  struct buf *signatures)
{
    for (size_t i = 0; i < count; i++) {
        struct buf one = {0};

        domain_sign(keys[i], purpose, agreement, bytes, &one);
        buf_print(names, "%s%s", i == 0 ? "" : ",", suite_name(secret_suite(keys[i])));
        if (count == 1)
            buf_bytes(signatures, buf_view(&one));
        else
            buf_part(signatures, buf_view(&one));
        buf_done(&one);
    }
}

struct bytes several_next(struct bytes *rest)
{
    const uint8_t *comma;
    struct bytes name;
    size_t len, skip;

    if (rest->len == 0) /* there may be no pointer to go on from */
        return *rest;
    comma = memchr(rest->data, ',', rest->len);
    len = comma == NULL ? rest->len : (size_t)(comma - rest->data);
    name = bytes_of(rest->data, len);
    skip = len + (comma != NULL);
    *rest = bytes_of(rest->data + skip, rest->len - skip);
    return name;
}

struct given {
    struct bytes name, signature;
};

static size_t names_in(struct bytes names)
{
    size_t count = 1;

    for (size_t i = 0; i < names.len; i++)
        count += names.data[i] == ',';
    return count;
}

/* Pairs names and signatures. */
static struct fault pair(struct bytes names, struct bytes signatures, size_t count,
                         struct given *out)
{
    struct cursor in = cursor_over(signatures, form);

    for (size_t i = 0; i < count; i++) {
        out[i].name = several_next(&names);
        out[i].signature = count == 1 ? signatures : cursor_part(&in, SUITE_SIGNATURE_MAX);
    }
    if (count > 1)
        cursor_end(&in);
    return in.fault;
}

static const struct given *given_by(const struct given *given, size_t count,
                                    const struct suite *suite)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_is(given[i].name, suite_name(suite)))
            return &given[i];
    return NULL;
}

/* Every key is one that signed, of which there are as many: so nobody signed twice or unasked. */
static struct fault verify_all(const struct several_key *keys, size_t count, enum domain purpose,
                               struct bytes agreement, struct bytes bytes,
                               const struct given *given, size_t given_count)
{
    for (size_t i = 0; i < count; i++) {
        const struct given *by = given_by(given, given_count, keys[i].suite);
        struct fault f;

        if (by == NULL)
            return fault_make(FAULT_MISSING, 0, suite_rule(keys[i].suite, SUITE_RULE_MISSING));
        f = domain_verify(keys[i].suite, keys[i].key, purpose, agreement, bytes, by->signature);
        if (fault_is(f))
            return f;
    }
    return fault_none();
}

struct fault several_verify(const struct several_key *keys, size_t count, enum domain purpose,
                            struct bytes agreement, struct bytes bytes, struct bytes names,
                            struct bytes signatures)
{
    struct given given[SEVERAL_MAX];
    size_t found = names_in(names);
    struct fault f;

    if (count == 0 || found > SEVERAL_MAX)
        return fault_make(FAULT_LIMIT, 0, form);
    f = pair(names, signatures, found, given);
    if (!fault_is(f))
        f = verify_all(keys, count, purpose, agreement, bytes, given, found);
    if (!fault_is(f) && found != count)
        f = fault_make(FAULT_EXTRA, 0, form);
    return f;
}
