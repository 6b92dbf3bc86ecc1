#include "base/text.h"

#include "base/buf.h"
#include "test.h"

static void base64_is_read_in_its_canonical_form_only(void **state)
{
    static const char *const wrong[] = {"TQ", "TQ=", "TR==", "T Q==", "TQ==\n", "TQ=A", "-_=="};
    uint8_t out[1];

    (void)state;
    assert_true(base64_read(bytes_text("TQ=="), out, 1));
    assert_true(base64_read_open(bytes_text("TQ=="), out, 1));
    assert_int_equal(out[0], 'M');
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(base64_read(bytes_text(wrong[i]), out, 1));
        assert_false(base64_read_open(bytes_text(wrong[i]), out, 1));
    }
}

static void base64_of_every_length_reads_back(void **state)
{
    uint8_t data[70], back[70];
    struct buf text = {0};

    (void)state;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 37);
    for (size_t n = 0; n <= sizeof data; n++) {
        buf_clear(&text);
        buf_base64(&text, data, n);
        assert_true(base64_read(buf_view(&text), back, n));
        assert_memory_equal(data, back, n);
    }
    buf_done(&text);
}

static void a_decimal_has_no_leading_zero_and_no_overflow(void **state)
{
    uint64_t v;

    (void)state;
    assert_true(decimal_read(bytes_text("18446744073709551615"), UINT64_MAX, &v));
    assert_true(v == UINT64_MAX);
    assert_true(decimal_read(bytes_text("0"), 0, &v));
    assert_false(decimal_read(bytes_text("18446744073709551616"), UINT64_MAX, &v));
    assert_false(decimal_read(bytes_text("07"), UINT64_MAX, &v));
    assert_false(decimal_read(bytes_text(""), UINT64_MAX, &v));
    assert_false(decimal_read(bytes_text("+7"), UINT64_MAX, &v));
    assert_false(decimal_read(bytes_text("11"), 10, &v));
}

static void bad_utf8_is_found_at_its_first_byte(void **state)
{
    static const struct {
        const char *text;
        size_t at;
    } cases[] = {
        {"plain", 5},          {"\xd1\x8f\xe4\xb8\xad\xf0\x9f\x99\x82", 9},
        {"a\x80", 1},          {"a\xc0\xaf", 1},
        {"ab\xed\xa0\x80", 2}, {"\xf4\x90\x80\x80", 0},
        {"\xe4\xb8", 0},       {"\xf8\x88\x80\x80\x80", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(utf8_bad(bytes_text(cases[i].text)), cases[i].at);
}

/* Every byte at every place of a quantum, whole or padded: what is read is what would have been
 * written, and the quick reader, which shares no code with libsodium, reads no more and no less. */
static void base64_takes_no_byte_outside_its_alphabet(void **state)
{
    (void)state;
    for (int place = 0; place < 4; place++)
        for (int byte = 0; byte < 256; byte++) {
            uint8_t text[] = "AAAA", out[3], quick[6];
            uint8_t padded[] = "AAAAAAA=";
            char again[5];

            padded[place + 4] = (uint8_t)byte;
            assert_int_equal(base64_read(bytes_of(padded, 8), quick, 5),
                             base64_read_open(bytes_of(padded, 8), quick, 5));
            text[place] = (uint8_t)byte;
            assert_int_equal(base64_read(bytes_of(text, 4), out, 3),
                             base64_read_open(bytes_of(text, 4), quick, 3));
            if (!base64_read(bytes_of(text, 4), out, 3))
                continue;
            assert_memory_equal(out, quick, 3);
            base64_write(out, 3, again);
            assert_memory_equal(text, again, 4);
        }
}

/* The same of each pair of neighbouring bytes where the last quantum is padded. */
static void what_is_padded_is_read_as_libsodium_reads_it(void **state)
{
    static const char *const padded[] = {"AAA=", "AA=="};

    (void)state;
    for (size_t len = 1; len <= 2; len++)
        for (unsigned place = 0; place < 3; place++)
            for (unsigned pair = 0; pair < 65536; pair++) {
                uint8_t text[4], sure[2] = {0}, quick[2] = {0};
                bool good;

                memcpy(text, padded[2 - len], 4);
                text[place] = (uint8_t)(pair >> 8);
                text[place + 1] = (uint8_t)pair;
                good = base64_read(bytes_of(text, 4), sure, len);
                assert_true(good == base64_read_open(bytes_of(text, 4), quick, len));
                assert_true(!good || memcmp(sure, quick, len) == 0);
            }
}

/* RFC 9562 appendix A.3 and B.2 (name-based, SHA-256 of the DNS namespace and www.example.com). */
static void a_uuid_is_written_as_the_standard_shows(void **state)
{
    static const struct {
        uint8_t bytes[16];
        unsigned version;
        const char *text;
    } shown[] = {
        {{0x91, 0x91, 0x08, 0xf7, 0x52, 0xd1, 0xf3, 0x20, 0x5b, 0xac, 0xf8, 0x47, 0xdb, 0x41, 0x48,
          0xa8},
         4,
         "919108f7-52d1-4320-9bac-f847db4148a8"},
        {{0x5c, 0x14, 0x6b, 0x14, 0x3c, 0x52, 0x4a, 0xfd, 0x93, 0x8a, 0x37, 0x5d, 0x0d, 0xf1, 0xfb,
          0xf6},
         8,
         "5c146b14-3c52-8afd-938a-375d0df1fbf6"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        char text[UUID_TEXT + 1];

        uuid_write(shown[i].bytes, shown[i].version, text);
        assert_string_equal(text, shown[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_padded_is_read_as_libsodium_reads_it),
        cmocka_unit_test(base64_takes_no_byte_outside_its_alphabet),
        cmocka_unit_test(base64_is_read_in_its_canonical_form_only),
        cmocka_unit_test(base64_of_every_length_reads_back),
        cmocka_unit_test(a_decimal_has_no_leading_zero_and_no_overflow),
        cmocka_unit_test(a_uuid_is_written_as_the_standard_shows),
        cmocka_unit_test(bad_utf8_is_found_at_its_first_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
