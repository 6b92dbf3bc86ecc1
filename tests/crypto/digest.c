#include "crypto/digest.h"

#include "base/text.h"
#include "test.h"

static struct digest from_hex(const char *hex)
{
    struct digest d;

    assert_true(hex_read(bytes_text(hex), d.byte, sizeof d.byte));
    return d;
}

/* FIPS 180-4 examples. */
static void sha256_is_that_of_the_standard(void **state)
{
    static const struct {
        const char *text, *hash;
    } known[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct digest want = from_hex(known[i].hash), got = digest_of(bytes_text(known[i].text));

        assert_true(digest_equal(&got, &want));
    }
}

static void parts_hash_as_their_whole(void **state)
{
    struct digest want = digest_of(bytes_text("abcdef")), got;
    struct digest_stream stream;

    (void)state;
    digest_begin(&stream);
    digest_add(&stream, bytes_text("ab"));
    digest_add(&stream, bytes_text(""));
    digest_add(&stream, bytes_text("cdef"));
    got = digest_end(&stream);
    assert_true(digest_equal(&got, &want));
    got = digest_of_two(bytes_text("abc"), bytes_text("def"));
    assert_true(digest_equal(&got, &want));
    digest_done(&stream);
}

/* RFC 4231 sections 4.2, 4.3, 4.7: short key, short text, key longer than a block. */
static void hmac_is_that_of_the_rfc(void **state)
{
    uint8_t key[131];
    struct digest want, got;

    (void)state;
    memset(key, 0x0b, 20);
    got = hmac_sha256(bytes_of(key, 20), bytes_text("Hi There"));
    want = from_hex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    assert_true(digest_equal(&got, &want));
    got = hmac_sha256(bytes_text("Jefe"), bytes_text("what do ya want for nothing?"));
    want = from_hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_true(digest_equal(&got, &want));
    memset(key, 0xaa, sizeof key);
    got = hmac_sha256(bytes_of(key, sizeof key),
                      bytes_text("Test Using Larger Than Block-Size Key - Hash Key First"));
    want = from_hex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    assert_true(digest_equal(&got, &want));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_is_that_of_the_standard),
        cmocka_unit_test(parts_hash_as_their_whole),
        cmocka_unit_test(hmac_is_that_of_the_rfc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
