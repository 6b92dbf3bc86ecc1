#include "release/personal.h"

#include "test.h"

static const struct {
    const char *text;
    enum personal_kind kind;
    size_t at;
} found[] = {
    {"Ask ivan.petrov@example.org, please", PERSONAL_MAIL, 4},
    {"ivan@localhost", PERSONAL_MAIL, 0},
    {"mail: a@\xd0\xbf\xd0\xbe\xd1\x87\xd1\x82\xd0\xb0.example", PERSONAL_MAIL, 6},
    {"ivan\xef\xbc\xa0"
     "example.org",
     PERSONAL_MAIL, 0},
    {"posted by @petrov_77", PERSONAL_ACCOUNT, 10},
    {"call +7 495 123-45-67", PERSONAL_PHONE, 5},
    {"call +86 138 1234 5678 now", PERSONAL_PHONE, 5},
    {"+79161234567", PERSONAL_PHONE, 0},
    {"89161234567.", PERSONAL_PHONE, 0},
    {"8 916 123 45 67", PERSONAL_PHONE, 0},
    {"138 1234 5678", PERSONAL_PHONE, 0},
    {"13812345678", PERSONAL_PHONE, 0},
    {"(495) 123 45 67", PERSONAL_PHONE, 0},
    {"tel 495-123-4567", PERSONAL_PHONE, 4},
    {"tel 555-1234", PERSONAL_PHONE, 4},
    {"extension 5 +7 495 123-45-67", PERSONAL_PHONE, 12},
    {"tel 495.123.45.67.", PERSONAL_PHONE, 4},
};

static const char *const free_of_it[] = {
    "",
    "61 events on 2025-11-25 from 08:00:00Z to 2025-11-25T08:59:59Z",
    "2025-11-25 08:59:59",
    "source 203.0.113.9 and 198.51.100.23 198.51.100.24, prefix 198.51.100.0/24",
    "2001:db8::1, 2001:db8:0:1234:5678:9abc:def0:1234/128",
    "AS64501, AS4200000000",
    "ports 22 80 443 8080 8443 3389",
    "sha256 0123456789abcdef0123456789abcdef, crc 12345678abcdef",
    "case C-0123456789ABCDEF",
    "1234567 packets, 87654321 bytes",
    "a@ b",
    "articles 4(3) and 5(1)",
    "version 1.2.3-4, kernel 6.1.0-13",
    "CVE-2024-12345",
    "see section 4.2.1.7",
};

static void addresses_accounts_and_numbers_are_found_at_their_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
        size_t at = 999;
        enum personal_kind kind = personal_find(bytes_text(found[i].text), &at);

        if (kind != found[i].kind || at != found[i].at)
            fail_msg("%s: %d at %zu", found[i].text, (int)kind, at);
    }
}

static void technical_things_are_no_personal_data(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof free_of_it / sizeof *free_of_it; i++) {
        size_t at = 0;
        enum personal_kind kind = personal_find(bytes_text(free_of_it[i]), &at);

        if (kind != PERSONAL_NONE)
            fail_msg("%s: %s at %zu", free_of_it[i], personal_rule(kind), at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_accounts_and_numbers_are_found_at_their_place),
        cmocka_unit_test(technical_things_are_no_personal_data),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
