#include "exchange/media.h"

#include "test.h"

static void accept_is_read_as_clients_write_it(void **state)
{
    static const struct {
        const char *accept;
        bool takes;
    } cases[] = {
        {"", true},
        {"application/taxii+json;version=2.1", true},
        {"application/taxii+json; version=2.1", true},
        {"Application/TAXII+JSON ; Version=\"2.1\"", true},
        {"application/taxii+json", true},
        {"application/taxii+json;version=2.0", false},
        {"application/taxii+json;version=3.0, application/taxii+json;version=2.1", true},
        {"application/taxii+json;version=2.1;q=0", false},
        {"*/*;q=1, application/taxii+json;version=2.1;q=0.0", false},
        {"application/taxii+json;q=0.5", true},
        {"application/*", true},
        {"*/*", true},
        {"text/html, application/json", false},
        {"text/html, */*;q=0.1", true},
        {"application/stix+json;version=2.1", false},
        {"application/vnd.oasis.taxii+json; version=2.0", false},
        {"application/taxii+json;version=2.1;charset=utf-8", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (media_accepts(bytes_text(cases[i].accept)) != cases[i].takes)
            fail_msg("%s", cases[i].accept);
}

static void a_sender_says_which_version_he_sends(void **state)
{
    (void)state;
    assert_true(media_is_taxii(bytes_text("application/taxii+json;version=2.1")));
    assert_true(media_is_taxii(bytes_text("application/taxii+json; version=2.1")));
    assert_false(media_is_taxii(bytes_text("application/taxii+json")));
    assert_false(media_is_taxii(bytes_text("application/taxii+json;version=2.0")));
    assert_false(media_is_taxii(bytes_text("application/json")));
    assert_false(media_is_taxii(bytes_text("*/*")));
    assert_false(media_is_taxii(bytes_text("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accept_is_read_as_clients_write_it),
        cmocka_unit_test(a_sender_says_which_version_he_sends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
