#include "crypto/domain.h"

static const char *const names[DOMAIN_COUNT] = {
    [DOMAIN_NONE] = "none",         [DOMAIN_AGREEMENT] = "agreement", [DOMAIN_ROOT] = "root",
    [DOMAIN_DECISION] = "decision", [DOMAIN_HELLO] = "hello",
};

const char *domain_name(enum domain purpose)
{
    return names[purpose];
}

void domain_message(enum domain purpose, const struct suite *suite, struct bytes key,
                    struct bytes agreement, struct bytes bytes, struct buf *out)
{
    struct key_id id = suite_key_id(suite, key);

    buf_print(out, "parley/v1\n%s\n%s\n", names[purpose], suite_name(suite));
    buf_hex(out, id.byte, sizeof id.byte);
    buf_byte(out, '\n');
    buf_bytes(out, agreement);
    buf_byte(out, '\n');
    buf_bytes(out, bytes);
}

void domain_sign(struct secret *s, enum domain purpose, struct bytes agreement, struct bytes bytes,
                 struct buf *out)
{
    struct buf message = {0};

    domain_message(purpose, secret_suite(s), secret_public(s), agreement, bytes, &message);
    secret_sign(s, buf_view(&message), out);
    buf_done(&message);
}

struct fault domain_verify(const struct suite *suite, struct bytes key, enum domain purpose,
                           struct bytes agreement, struct bytes bytes, struct bytes signature)
{
    struct buf message = {0};
    struct fault f;

    domain_message(purpose, suite, key, agreement, bytes, &message);
    f = suite_verify(suite, key, buf_view(&message), signature);
    buf_done(&message);
    return f;
}
