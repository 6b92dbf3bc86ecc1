#include "model/marking.h"

#include <stdio.h>
#include <stdlib.h>

#include "test.h"

static const struct {
    const char *text;
    enum tlp tlp;
} spellings[] = {
    {"clear", TLP_CLEAR},
    {"TLP:CLEAR", TLP_CLEAR},
    {"tlp:white", TLP_CLEAR},
    {"White", TLP_CLEAR},
    {" TLP : Green ", TLP_GREEN},
    {"TLP=AMBER", TLP_AMBER},
    {"TLP AMBER", TLP_AMBER},
    {"TLP:AMBER+STRICT", TLP_AMBER_STRICT},
    {"tlp:amber-strict", TLP_AMBER_STRICT},
    {"Amber_Strict", TLP_AMBER_STRICT},
    {"AMBER  STRICT", TLP_AMBER_STRICT},
    {"TLP:AMBER + STRICT", TLP_AMBER_STRICT},
    {"amberstrict", TLP_AMBER_STRICT},
    {"TLP:RED", TLP_RED},
    {"marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", TLP_CLEAR},
    {"marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", TLP_GREEN},
    {"marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", TLP_AMBER},
    {"marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", TLP_RED},
    {"marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", TLP_CLEAR},
    {"marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb", TLP_GREEN},
    {"marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421", TLP_AMBER},
    {"MARKING-DEFINITION--939A9414-2DDD-4D32-A0CD-375EA402B003", TLP_AMBER_STRICT},
    {"marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1", TLP_RED},
};

static void labels_are_read_in_the_spellings_people_use(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
        if (tlp_read(bytes_text(spellings[i].text)) != spellings[i].tlp)
            fail_msg("%s: %s", spellings[i].text,
                     tlp_name(tlp_read(bytes_text(spellings[i].text))));
}

static void what_nobody_knows_is_the_strictest(void **state)
{
    static const char *const unknown[] = {
        "",
        "tlp",
        "TLP:",
        "AMBER+",
        "AMBER+STRICTER",
        "cle\xd0\xb0r",
        "CLEAR RED",
        "clear,red",
        "+clear",
        "TLP:EX:CHR",
        "marking-definition--00000000-0000-0000-0000-000000000000"};
    char longest[400];

    (void)state;
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        assert_int_equal(tlp_read(bytes_text(unknown[i])), TLP_RED);
        assert_int_equal(pap_read(bytes_text(unknown[i])), PAP_RED);
    }
    memset(longest, 'c', sizeof longest);
    assert_int_equal(tlp_read(bytes_of(longest, sizeof longest)), TLP_RED);
    assert_string_equal(tlp_name(TLP_NONE), "red");
}

static void our_own_spelling_is_read_back(void **state)
{
    (void)state;
    for (enum tlp t = TLP_CLEAR; t <= TLP_RED; t++) {
        assert_int_equal(tlp_read(bytes_text(tlp_name(t))), t);
        assert_int_equal(tlp_read(bytes_text(tlp_marking(t))), t);
        assert_int_equal(tlp_parse(bytes_text(tlp_name(t))), t);
    }
    for (enum pap p = PAP_CLEAR; p <= PAP_RED; p++) {
        assert_int_equal(pap_read(bytes_text(pap_name(p))), p);
        assert_int_equal(pap_parse(bytes_text(pap_name(p))), p);
    }
    assert_int_equal(tlp_parse(bytes_text("white")), TLP_NONE);
    assert_int_equal(tlp_parse(bytes_text("AMBER")), TLP_NONE);
    assert_int_equal(pap_read(bytes_text("PAP:WHITE")), PAP_CLEAR);
}

/* No path lowers a marking: whatever a label goes through, and in whatever company. */
static void no_path_lowers_a_marking(void **state)
{
    unsigned seed = 20151208;

    (void)state;
    for (int round = 0; round < 200000; round++) {
        enum tlp true_one = (enum tlp)(TLP_CLEAR + rand_r(&seed) % TLP_RED);
        enum tlp met = true_one;
        char label[32];
        int steps = rand_r(&seed) % 6;

        for (int i = 0; i < steps; i++) {
            enum tlp other = (enum tlp)(rand_r(&seed) % (TLP_RED + 1));

            met = tlp_stricter(met, other);
            met = tlp_read(bytes_text(tlp_name(met)));
        }
        assert_true(met >= true_one);
        /* One byte of it altered: the same, or stricter. Only the cut of "+strict" may meet
         * another label, and that takes seven bytes. */
        snprintf(label, sizeof label, "TLP:%s", tlp_name(met));
        label[4 + (size_t)rand_r(&seed) % (strlen(label) - 4)] = (char)(1 + rand_r(&seed) % 255);
        assert_true(tlp_read(bytes_text(label)) >= met);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_are_read_in_the_spellings_people_use),
        cmocka_unit_test(what_nobody_knows_is_the_strictest),
        cmocka_unit_test(our_own_spelling_is_read_back),
        cmocka_unit_test(no_path_lowers_a_marking),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
