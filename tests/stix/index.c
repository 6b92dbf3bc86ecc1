/* stix/index.h against asking every pattern. */
#include "stix/index.h"

#include <stdlib.h>

#include "stix/event.h"
#include "test.h"

enum { PATTERNS = 600, EVENTS = 3000 };

static uint32_t state;

static uint32_t draw(uint32_t below)
{
    state = state * 1664525 + 1013904223;
    return (state >> 8) % below;
}

static const char *of(const char *const *list, uint32_t n)
{
    return list[draw(n)];
}

static void draw_test(char *out, size_t room, const char *kind)
{
    static const char *const services[] = {"ssh", "smb", "rdp"};
    static const char *const lengths[] = {"8", "16", "24", "25", "32"};

    switch (draw(9)) {
    case 0:
        snprintf(out, room, "%s:src_ref.value = '10.0.%u.%u'", kind, draw(4), draw(8));
        break;
    case 1:
        snprintf(out, room, "%s:dst_ref.value ISSUBSET '10.0.%u.%u/%s'", kind, draw(4), draw(8),
                 of(lengths, 5));
        break;
    case 2:
        snprintf(out, room, "%s:dst_port IN (%u, %u)", kind, draw(9), draw(9));
        break;
    case 3:
        snprintf(out, room, "%s:src_port != %u", kind, draw(9));
        break;
    case 4:
        snprintf(out, room, "%s:protocols[*] = '%s'", kind, of(services, 3));
        break;
    case 5:
        snprintf(out, room, "%s:src_ref.value LIKE '10.0.%u.%%'", kind, draw(4));
        break;
    case 6:
        snprintf(out, room, "%s:src_port = %u.0", kind, draw(9));
        break;
    case 7:
        snprintf(out, room, "NOT EXISTS %s:protocols[%u]", kind, draw(4));
        break;
    default:
        snprintf(out, room, "%s:src_ref.value IN ('10.0.%u.%u', 'no.address')", kind, draw(4),
                 draw(8));
    }
}

static struct pattern *draw_pattern(void)
{
    static const char *const kinds[] = {"network-traffic", "x-parley-event"};
    static const char *const joints[] = {"AND", "OR", "] OR ["};
    char text[1024] = "[", test[128];
    const char *kind = of(kinds, 2);
    struct pattern *p = NULL;
    size_t n = draw(4) + 1;

    for (size_t i = 0; i < n; i++) {
        draw_test(test, sizeof test, kind);
        if (i > 0)
            snprintf(text + strlen(text), sizeof text - strlen(text), " %s ", of(joints, 3));
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s", test);
    }
    snprintf(text + strlen(text), sizeof text - strlen(text), "]");
    assert_good(pattern_parse(bytes_text(text), &event_vocabulary, &p, NULL));
    return p;
}

static struct event draw_event(void)
{
    struct event e = {.service = (enum service)(1 + draw(3)),
                      .transport = TRANSPORT_TCP,
                      .ground = ORIENT_DEST_SERVES};

    e.from.addr = addr_from_v4(0x0a000000 + (draw(4) << 8) + draw(8));
    e.to.addr = addr_from_v4(0x0a000000 + (draw(4) << 8) + draw(8));
    e.from.port = (uint16_t)draw(9);
    e.to.port = (uint16_t)draw(9);
    return e;
}

struct seen {
    bool named[PATTERNS];
    size_t count;
};

static bool note(void *with, const struct pattern *p, uint32_t id)
{
    struct seen *s = with;

    (void)p;
    assert_false(s->named[id]); /* once */
    s->named[id] = true;
    s->count++;
    return true;
}

static void no_pattern_that_matches_is_missed(void **unused)
{
    struct pattern *p[PATTERNS];
    struct index *x = index_new(&event_vocabulary);
    size_t candidates = 0, matches = 0;

    (void)unused;
    state = 7;
    for (uint32_t i = 0; i < PATTERNS; i++)
        index_add(x, p[i] = draw_pattern(), i);
    index_seal(x);
    for (size_t n = 0; n < EVENTS; n++) {
        struct event e = draw_event();
        struct seen seen = {{false}, 0};

        index_candidates(x, &e, note, &seen);
        candidates += seen.count;
        for (size_t i = 0; i < PATTERNS; i++) {
            bool yes = pattern_matches(p[i], &e);

            matches += yes;
            if (yes && !seen.named[i])
                fail_msg("pattern %zu is not named", i);
        }
    }
    assert_true(matches > EVENTS);
    assert_true(candidates < (size_t)PATTERNS * EVENTS * 3 / 4); /* it does leave some out */
    index_free(x);
    for (size_t i = 0; i < PATTERNS; i++)
        pattern_free(p[i]);
}

static bool stop(void *with, const struct pattern *p, uint32_t id)
{
    (void)p;
    (void)id;
    ++*(size_t *)with;
    return false;
}

static size_t count_candidates(struct index *x)
{
    struct event e = draw_event();
    struct seen seen = {{false}, 0};

    e.from.addr = addr_from_v4(0x0a000001);
    index_candidates(x, &e, note, &seen);
    return seen.count;
}

static void the_rarer_side_of_an_and_is_taken(void **unused)
{
    struct pattern *p[300];
    struct index *x = index_new(&event_vocabulary);
    size_t asked = 0;
    struct event e;

    (void)unused;
    for (uint32_t i = 0; i < 300; i++) {
        char text[160];

        snprintf(text, sizeof text,
                 "[network-traffic:protocols[*] = 'tcp' AND "
                 "network-traffic:src_ref.value = '10.0.0.%u']",
                 i % 256);
        assert_good(pattern_parse(bytes_text(text), &event_vocabulary, &p[i], NULL));
        index_add(x, p[i], i);
    }
    index_seal(x);
    assert_int_equal(index_count(x).facts, 300);
    assert_int_equal(index_count(x).always, 0);
    assert_int_equal(count_candidates(x), 2); /* 1 and 257, and not 300 that are tcp */
    e = draw_event();
    e.from.addr = addr_from_v4(0x0a000001);
    index_candidates(x, &e, stop, &asked);
    assert_int_equal(asked, 1);
    index_free(x);
    for (uint32_t i = 0; i < 300; i++)
        pattern_free(p[i]);
}

static void an_empty_index_names_nothing(void **unused)
{
    struct index *x = index_new(&event_vocabulary);

    (void)unused;
    index_seal(x);
    assert_int_equal(count_candidates(x), 0);
    index_free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_pattern_that_matches_is_missed),
        cmocka_unit_test(the_rarer_side_of_an_and_is_taken),
        cmocka_unit_test(an_empty_index_names_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
