#include "base/text.h"
#include "crypto/suite.h"
#include "pact/parse.h"

enum { OUTSIDE_NAME = 128, CERTIFICATE_TEXT = (AGREEMENT_CERTIFICATE + 2) / 3 * 4 };

/* As C2SP signed-note has it: no space and no "+". */
static const char key_name[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./:_-";

/* One SEQUENCE of DER and nothing behind it; what is in it is looked at by whoever uses it. */
static bool is_sequence(const uint8_t *der, size_t len)
{
    return len >= 4 + 128 && der[0] == 0x30 && der[1] == 0x82 &&
           (size_t)(der[2] << 8 | der[3]) == len - 4;
}

static bool certificate_read(const char *base64, uint8_t out[AGREEMENT_CERTIFICATE], size_t *len)
{
    struct bytes text = bytes_text(base64);

    return base64_size(text, len) && *len <= AGREEMENT_CERTIFICATE && base64_read(text, out, *len);
}

struct bytes outside_certificate(const struct outside_authority *a,
                                 uint8_t out[AGREEMENT_CERTIFICATE])
{
    size_t len = 0;

    return certificate_read(a->certificate, out, &len) ? bytes_of(out, len) : bytes_of(NULL, 0);
}

static const char *certificate_parse(const struct member *m)
{
    uint8_t der[AGREEMENT_CERTIFICATE];
    const char *text = as_text(m, CERTIFICATE_TEXT);
    size_t len;

    if (reader_ok(m->in) && (!certificate_read(text, der, &len) || !is_sequence(der, len)))
        member_fail(m, FAULT_SYNTAX, "a root certificate in DER, base64, at most %d bytes",
                    AGREEMENT_CERTIFICATE);
    return reader_ok(m->in) ? text : "";
}

static void authorities_parse(const struct member *outside, struct agreement *a)
{
    struct member list = member_array(outside, "authorities", 1, AGREEMENT_OUTSIDERS);

    a->authority_count = member_count(&list);
    for (size_t i = 0; i < a->authority_count; i++) {
        struct member m = member_item(&list, i), certificate = member_get(&m, "certificate");
        struct outside_authority *out = &a->authorities[i];

        out->name = member_line(&m, "name", OUTSIDE_NAME);
        out->certificate = certificate_parse(&certificate);
        for (size_t j = 0; j < i && reader_ok(m.in); j++)
            if (strcmp(out->name, a->authorities[j].name) == 0 ||
                strcmp(out->certificate, a->authorities[j].certificate) == 0)
                member_fail(&m, FAULT_DUPLICATE, "this authority is listed twice");
        member_only(&m, "certificate", "name", NULL);
    }
}

static void witness_parse(const struct member *m, struct outside_witness *out)
{
    struct member name = member_get(m, "name"), key = member_get(m, "key");

    out->name = as_made_of(&name, OUTSIDE_NAME, key_name);
    as_base64(&key, out->key, sizeof out->key);
    if (reader_ok(m->in) && fault_is(suite_key_check(suite_find(bytes_text("ed25519")),
                                                     bytes_of(out->key, sizeof out->key))))
        member_fail(&key, FAULT_RANGE, "this is no public key of the suite ed25519");
    member_only(m, "key", "name", NULL);
}

static void witnesses_parse(const struct member *outside, struct agreement *a)
{
    struct member list = member_array(outside, "witnesses", 1, AGREEMENT_OUTSIDERS);

    a->witness_count = member_count(&list);
    for (size_t i = 0; i < a->witness_count; i++) {
        struct member m = member_item(&list, i);

        witness_parse(&m, &a->witnesses[i]);
        for (size_t j = 0; j < i && reader_ok(m.in); j++)
            if (strcmp(a->witnesses[i].name, a->witnesses[j].name) == 0 ||
                memcmp(a->witnesses[i].key, a->witnesses[j].key, 32) == 0)
                member_fail(&m, FAULT_DUPLICATE, "this witness is listed twice");
    }
}

void outside_parse(const struct member *root, struct agreement *a)
{
    struct member outside;

    if (!member_has(root, "outside"))
        return;
    outside = member_object(root, "outside");
    if (!member_has(&outside, "authorities") && !member_has(&outside, "witnesses"))
        member_fail(&outside, FAULT_RANGE, "authorities, witnesses, or no such member");
    if (member_has(&outside, "authorities"))
        authorities_parse(&outside, a);
    if (member_has(&outside, "witnesses"))
        witnesses_parse(&outside, a);
    member_only(&outside, "authorities", "witnesses", NULL);
}
