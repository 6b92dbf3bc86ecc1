/* watch/orient.h and watch/rules.h: who began, and who may be named for it. */
#include "watch/orient.h"

#include "watch/common.h"

static void the_direction_is_decided_by_port_then_own_end_then_record_order(void **state)
{
    static const struct {
        const char *name;
        enum service service;
        uint16_t src_port, dest_port;
        bool own_src, own_dest;
        enum orient_ground ground;
        bool turned;
    } cases[] = {
        {"a client calls us", SERVICE_SSH, 50000, 22, false, true, ORIENT_DEST_SERVES, false},
        /* The rule: "every rdp, sip, ssh, smb, http or tls record whose src_ip is the declared
         * sensor with the service's port as src_port has the other end as initiator" */
        {"rdp, the victim as source", SERVICE_RDP, 3389, 50000, true, false, ORIENT_SRC_SERVES,
         true},
        {"sip, the victim as source", SERVICE_SIP, 5060, 50000, true, false, ORIENT_SRC_SERVES,
         true},
        {"ssh, the victim as source", SERVICE_SSH, 22, 50000, true, false, ORIENT_SRC_SERVES, true},
        {"smb, the victim as source", SERVICE_SMB, 445, 50000, true, false, ORIENT_SRC_SERVES,
         true},
        {"http, the victim as source", SERVICE_HTTP, 80, 50000, true, false, ORIENT_SRC_SERVES,
         true},
        {"tls, the victim as source", SERVICE_TLS, 443, 50000, true, false, ORIENT_SRC_SERVES,
         true},
        {"sip from 5060, the victim as source", SERVICE_SIP, 5060, 5060, true, false,
         ORIENT_OWN_SRC, true},
        {"sip from 5060 on us", SERVICE_SIP, 5060, 5060, false, true, ORIENT_OWN_DEST, false},
        {"sip from 5060 between others", SERVICE_SIP, 5060, 5060, false, false, ORIENT_NONE, false},
        {"we call a web server", SERVICE_HTTP, 50000, 80, true, false, ORIENT_DEST_SERVES, false},
        {"its answer, recorded backwards", SERVICE_HTTP, 80, 50000, false, true, ORIENT_SRC_SERVES,
         true},
        {"http on an odd port", SERVICE_HTTP, 50000, 9999, false, true, ORIENT_RECORD_ORDER, false},
        {"rdp on an odd port", SERVICE_RDP, 50000, 9999, false, true, ORIENT_NONE, false},
        {"no application record", SERVICE_NONE, 50000, 22, false, true, ORIENT_NONE, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct event e = {.service = cases[i].service,
                          .src_port = cases[i].src_port,
                          .dest_port = cases[i].dest_port,
                          .has = EVENT_HAS_ENDS};

        orient_decide(&e, cases[i].own_src, cases[i].own_dest);
        if (e.ground != cases[i].ground)
            fail_msg("%s: %s", cases[i].name, orient_ground_name(e.ground));
        if (e.ground != ORIENT_NONE)
            assert_int_equal(e.from.port, cases[i].turned ? e.dest_port : e.src_port);
    }
}

static void who_called_a_server_is_its_own_word_whatever_the_ports(void **state)
{
    struct event e = {.family = FAMILY_SERVER,
                      .service = SERVICE_SSH,
                      .transport = TRANSPORT_TCP,
                      .src_port = 22,
                      .dest_port = 2222,
                      .has = EVENT_HAS_ENDS};

    (void)state;
    orient_decide(&e, false, true);
    assert_int_equal(e.ground, ORIENT_ACCEPTED);
    assert_int_equal(e.proof, PROOF_TWO_WAY);
    assert_int_equal(e.from.port, 22);
    e.transport = TRANSPORT_UDP; /* nobody accepts a datagram */
    orient_decide(&e, false, true);
    assert_int_equal(e.ground, ORIENT_NONE);
    assert_int_equal(e.proof, PROOF_NONE);
}

/* "Normalise direction first (flow.src_ip where present, service port, same flow_id ..)" */
static void the_sensors_word_on_the_flow_decides_where_no_port_speaks_against_it(void **state)
{
    static const struct {
        const char *name;
        enum service service;
        uint16_t src_port, dest_port;
        enum began began;
        bool before, own_src;
        enum orient_ground ground;
        bool turned;
    } cases[] = {
        {"its source", SERVICE_RDP, 50000, 9999, BEGAN_SRC, false, false, ORIENT_FLOW_SRC, false},
        {"its destination", SERVICE_RDP, 9999, 50000, BEGAN_DEST, false, true, ORIENT_FLOW_DEST,
         true},
        {"as the port says", SERVICE_RDP, 3389, 50000, BEGAN_DEST, false, true, ORIENT_FLOW_DEST,
         true},
        {"the port says otherwise", SERVICE_RDP, 3389, 50000, BEGAN_SRC, false, true, ORIENT_NONE,
         false},
        {"the other port says otherwise", SERVICE_SSH, 50000, 22, BEGAN_DEST, false, false,
         ORIENT_NONE, false},
        {"before our own end", SERVICE_SIP, 5060, 5060, BEGAN_SRC, false, true, ORIENT_FLOW_SRC,
         false},
        {"before the order", SERVICE_SSH, 9999, 50000, BEGAN_DEST, false, true, ORIENT_FLOW_DEST,
         true},
        {"a record before: its source", SERVICE_RDP, 50000, 9999, BEGAN_SRC, true, false,
         ORIENT_FLOW_ID_SRC, false},
        {"a record before: its destination", SERVICE_RDP, 9999, 50000, BEGAN_DEST, true, true,
         ORIENT_FLOW_ID_DEST, true},
        {"a port comes before that", SERVICE_RDP, 3389, 50000, BEGAN_SRC, true, true,
         ORIENT_SRC_SERVES, true},
        {"our own end comes before that", SERVICE_SIP, 5060, 5060, BEGAN_SRC, true, true,
         ORIENT_OWN_SRC, true},
        {"the order comes before that", SERVICE_SSH, 9999, 50000, BEGAN_DEST, true, true,
         ORIENT_RECORD_ORDER, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct event e = {.service = cases[i].service,
                          .src_port = cases[i].src_port,
                          .dest_port = cases[i].dest_port,
                          .began = cases[i].began,
                          .began_before = cases[i].before,
                          .has = EVENT_HAS_ENDS};

        orient_decide(&e, cases[i].own_src, !cases[i].own_src);
        if (e.ground != cases[i].ground)
            fail_msg("%s: %s", cases[i].name, orient_ground_name(e.ground));
        assert_int_equal(orient_is_turned(e.ground), cases[i].turned);
        if (e.ground != ORIENT_NONE)
            assert_int_equal(e.from.port, cases[i].turned ? e.dest_port : e.src_port);
    }
}

static void sip_proves_nothing_and_a_missing_end_decides_nothing(void **state)
{
    struct event e = {
        .service = SERVICE_SIP, .src_port = 5, .dest_port = 5060, .has = EVENT_HAS_ENDS};

    (void)state;
    orient_decide(&e, false, true);
    assert_int_equal(e.proof, PROOF_NONE);
    e.service = SERVICE_SSH;
    e.dest_port = 22;
    orient_decide(&e, false, true);
    assert_int_equal(e.proof, PROOF_TWO_WAY);
    e.has &= ~(unsigned)EVENT_HAS_SRC_PORT;
    orient_decide(&e, false, true);
    assert_int_equal(e.ground, ORIENT_NONE);
}

static struct event event(enum service s, const char *src, uint16_t src_port, const char *dest,
                          uint16_t dest_port)
{
    struct event e = {.time = {1577836800000000},
                      .service = s,
                      .src_port = src_port,
                      .dest_port = dest_port,
                      .has = EVENT_HAS_ENDS};

    assert_good(addr_parse(bytes_text(src), &e.src));
    assert_good(addr_parse(bytes_text(dest), &e.dest));
    return e;
}

static enum judged judge(const struct rules *r, struct event e)
{
    size_t article = 99;
    enum judged got = rules_judge(r, &e, &article);

    if (got == JUDGED_MATCHED)
        assert_int_equal(article, 1);
    return got;
}

static void only_the_other_partys_end_is_matched(void **state)
{
    struct rules *r = common_rules();
    const char *us = "192.0.2.1", *them = "198.51.100.1", *third = "203.0.113.1";

    (void)state;
    assert_int_equal(judge(r, event(SERVICE_SSH, them, 5, us, 22)), JUDGED_MATCHED);
    assert_int_equal(judge(r, event(SERVICE_RDP, us, 3389, them, 5)), JUDGED_MATCHED);
    assert_int_equal(judge(r, event(SERVICE_SSH, "2001:db8:b::1", 5, us, 22)), JUDGED_MATCHED);
    assert_int_equal(judge(r, event(SERVICE_SIP, them, 5, us, 5060)), JUDGED_ATTRIBUTED);
    assert_int_equal(judge(r, event(SERVICE_SSH, us, 5, them, 22)), JUDGED_ATTRIBUTED);
    assert_int_equal(judge(r, event(SERVICE_SSH, them, 5, third, 22)), JUDGED_ATTRIBUTED);
    assert_int_equal(judge(r, event(SERVICE_SSH, third, 5, us, 22)), JUDGED_ORIENTED);
    assert_int_equal(judge(r, event(SERVICE_SSH, "10.0.0.1", 5, us, 22)), JUDGED_ORIENTED);
    assert_int_equal(judge(r, event(SERVICE_NONE, them, 5, us, 22)), JUDGED_NONE);
    rules_free(r);
}

static void our_sensor_is_never_accused(void **state)
{
    struct rules *r = NULL;
    struct addr sensor;

    (void)state;
    assert_good(rules_new(common_new(), "a", &r, NULL));
    assert_good(addr_parse(bytes_text("198.51.100.9"), &sensor)); /* lies in their territory */
    assert_good(rules_sensor(r, sensor));
    rules_seal(r);
    assert_int_equal(judge(r, event(SERVICE_SSH, "198.51.100.9", 5, "192.0.2.1", 22)),
                     JUDGED_ORIENTED);
    assert_int_equal(judge(r, event(SERVICE_SIP, "198.51.100.9", 5060, "198.51.100.1", 5060)),
                     JUDGED_ATTRIBUTED);
    rules_free(r);
}

static void an_article_that_cannot_be_read_is_named(void **state)
{
    struct agreement *a = &common_agreement;
    struct rules *r = NULL;
    struct rules_error error;

    (void)state;
    common_new();
    a->articles[1].covers = "[x-parley-event:x_colour = 'red']";
    assert_fault(rules_new(a, "a", &r, &error), FAULT_UNKNOWN);
    assert_string_equal(error.article, "4(3)");
    assert_int_equal(error.pattern.column, 2);
    assert_fault(rules_new(a, "c", &r, &error), FAULT_UNKNOWN);
    assert_null(error.article);
    assert_null(r);
}

static void a_table_with_another_digest_is_refused(void **state)
{
    struct agreement *a = &common_agreement;
    struct rules *r = NULL;

    (void)state;
    common_new();
    a->parties[1].table_count = 1;
    a->parties[1].tables[0] = (struct territory_table){.file = "t.tsv", .code = "XB"};
    assert_good(rules_new(a, "a", &r, NULL));
    assert_fault(rules_table(r, 1, 0, bytes_text("XB\t203.0.113.0/24\n")), FAULT_MISMATCH);
    rules_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_direction_is_decided_by_port_then_own_end_then_record_order),
        cmocka_unit_test(who_called_a_server_is_its_own_word_whatever_the_ports),
        cmocka_unit_test(the_sensors_word_on_the_flow_decides_where_no_port_speaks_against_it),
        cmocka_unit_test(sip_proves_nothing_and_a_missing_end_decides_nothing),
        cmocka_unit_test(only_the_other_partys_end_is_matched),
        cmocka_unit_test(our_sensor_is_never_accused),
        cmocka_unit_test(an_article_that_cannot_be_read_is_named),
        cmocka_unit_test(a_table_with_another_digest_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
