/*
 * Fuzzes crypto/several.c: "all of", never "any of". The input is either names and signatures as
 * they are, or a cut and changes in those of two suites that truly signed: what is not what they
 * signed by is refused, and by no means do two signatures count as three.
 */
#include "crypto/several.h"

#include "base/cursor.h"
#include "base/memory.h"
#include "crypto/secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { KEYS = 3, SIGNED = 2 };

static struct secret *secret[KEYS];
static struct several_key key[KEYS];
static struct buf names, signatures;

static struct fault verify(size_t count, struct bytes n, struct bytes s)
{
    return several_verify(key, count, DOMAIN_HELLO, bytes_text("x"), bytes_text("words"), n, s);
}

static void begin(void)
{
    static const char *const suites[KEYS] = {"ed25519", "p256-sha256", "sm2-sm3"};

    for (size_t i = 0; i < KEYS; i++) {
        const struct suite *suite = suite_find(bytes_text(suites[i]));

        if (fault_is(secret_new(suite, &secret[i])))
            die("no key\n");
        key[i] = (struct several_key){suite, secret_public(secret[i])};
    }
    several_sign(secret, SIGNED, DOMAIN_HELLO, bytes_text("x"), bytes_text("words"), &names,
                 &signatures);
    if (fault_is(verify(SIGNED, buf_view(&names), buf_view(&signatures))))
        die("what was signed does not hold\n");
}

/* Triples: which of the two, where, what is XORed into it; the last two bytes say where to cut. */
static void change(struct cursor *in, struct buf *n, struct buf *s)
{
    while (cursor_left(in) >= 5) {
        struct buf *of = cursor_u8(in) % 2 == 0 ? n : s;
        size_t at = (size_t)cursor_u8(in) << 8;

        at = (at | cursor_u8(in)) % of->len;
        of->data[at] ^= cursor_u8(in);
    }
    if (cursor_left(in) >= 2) {
        n->len -= cursor_u8(in) % 4 % (n->len + 1);
        s->len -= cursor_u8(in) % 4 % (s->len + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor in = cursor_over(bytes_of(data, size), "fuzz");
    struct buf n = {0}, s = {0};

    if (secret[0] == NULL)
        begin();
    if (cursor_u8(&in) % 2 == 0) {
        buf_bytes(&n, cursor_part(&in, SEVERAL_NAMES));
        buf_bytes(&s, cursor_take(&in, cursor_left(&in)));
    } else {
        buf_bytes(&n, buf_view(&names));
        buf_bytes(&s, buf_view(&signatures));
        change(&in, &n, &s);
    }
    /* The first suite's signature is the one spelling there is of it (ECDSA has r, n - s). */
    if (!fault_is(verify(SIGNED, buf_view(&n), buf_view(&s))) &&
        (n.len != names.len || memcmp(n.data, names.data, n.len) != 0 ||
         memcmp(s.data, signatures.data, 4 + 64) != 0))
        die("signed by what nobody signed\n");
    if (!fault_is(verify(KEYS, buf_view(&n), buf_view(&s))))
        die("two signatures counted as three\n");
    (void)fault_is(verify(1, buf_view(&n), buf_view(&s)));
    buf_done(&n);
    buf_done(&s);
    return 0;
}
