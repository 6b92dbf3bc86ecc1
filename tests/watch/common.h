/* common.h - a small agreement and EVE lines for watch's tests. */
#ifndef PARLEY_TESTS_WATCH_COMMON_H
#define PARLEY_TESTS_WATCH_COMMON_H

#include <stdio.h>

#include "pact/agreement.h"
#include "test.h"
#include "watch/rules.h"

/* Party "a" (we) has 192.0.2.0/24, party "b" 198.51.100.0/24 and 2001:db8:b::/48. Article "4(3)":
 * two-way contact from the other on us, 5 within 60 s, gap 100 s, by source and service. */
static struct prefix common_prefix_a, common_prefix_b[2];
static struct agreement common_agreement;

static inline void common_threshold(uint32_t count, uint32_t within, uint32_t gap)
{
    struct article *a = &common_agreement.articles[1];

    a->threshold_count = count;
    a->threshold_within = within;
    a->gap = gap;
}

static inline const struct agreement *common_new(void)
{
    struct agreement *a = &common_agreement;

    memset(a, 0, sizeof *a);
    assert_good(prefix_parse(bytes_text("192.0.2.0/24"), &common_prefix_a));
    assert_good(prefix_parse(bytes_text("198.51.100.0/24"), &common_prefix_b[0]));
    assert_good(prefix_parse(bytes_text("2001:db8:b::/48"), &common_prefix_b[1]));
    a->id = "test";
    a->version = 1;
    a->parties[0] = (struct party){.id = "a", .prefixes = &common_prefix_a, .prefix_count = 1};
    a->parties[1] = (struct party){.id = "b", .prefixes = common_prefix_b, .prefix_count = 2};
    a->article_count = 2;
    a->articles[0] = (struct article){.id = "2(5)", .carries = ARTICLE_CONSULT};
    a->articles[1] = (struct article){
        .id = "4(3)",
        .carries = ARTICLE_NOTICE,
        .covers = "[x-parley-event:x_party_from = 'other' AND x-parley-event:x_party_to = 'own' "
                  "AND x-parley-event:x_proof = 'two-way']",
        .group = GROUP_SOURCE | GROUP_SERVICE,
        .threshold_count = 5,
        .threshold_within = 60,
        .gap = 100,
    };
    a->digest[0] = 1;
    return a;
}

static inline struct rules *common_rules(void)
{
    struct rules *r = NULL;

    assert_good(rules_new(common_new(), "a", &r, NULL));
    rules_seal(r);
    return r;
}

/* One EVE line of 2020-01-01, `us` microseconds after midnight. */
static inline const char *common_line(int64_t us, const char *type, const char *src, int src_port,
                                      const char *dest, int dest_port)
{
    static char line[400];

    snprintf(
        line, sizeof line,
        "{\"timestamp\":\"2020-01-%02dT%02d:%02d:%02d.%06d+0000\",\"flow_id\":1,\"event_type\":"
        "\"%s\",\"src_ip\":\"%s\",\"src_port\":%d,\"dest_ip\":\"%s\",\"dest_port\":%d,"
        "\"proto\":\"TCP\"}",
        (int)(us / 86400000000) + 1, (int)(us / 3600000000 % 24), (int)(us / 60000000 % 60),
        (int)(us / 1000000 % 60), (int)(us % 1000000), type, src, src_port, dest, dest_port);
    return line;
}

#endif
