#include "indicator/worth.h"

enum { LOW, MODERATE, HIGH };

static const struct {
    int level;
    const char *reason;
} worths[INDICATOR_KINDS] = {
    [INDICATOR_NONE] = {MODERATE, "by-pattern"}, [INDICATOR_IPV4] = {MODERATE, "by-address"},
    [INDICATOR_IPV6] = {MODERATE, "by-address"}, [INDICATOR_ENDPOINT] = {MODERATE, "by-endpoint"},
    [INDICATOR_SUBNET] = {LOW, "by-subnet"},     [INDICATOR_DOMAIN] = {HIGH, "by-name"},
    [INDICATOR_URL] = {HIGH, "by-url"},          [INDICATOR_MD5] = {HIGH, "by-hash"},
    [INDICATOR_SHA1] = {HIGH, "by-hash"},        [INDICATOR_SHA256] = {HIGH, "by-hash"},
};

const char *worth_confidence(const struct worth *w)
{
    static const char *const words[] = {"low", "moderate", "high"};
    int level = worths[w->kind].level - (w->outside == w->events) - (w->warned != 0);

    return words[level < LOW ? LOW : level];
}

size_t worth_reasons(const struct worth *w, const char **out)
{
    size_t n = 0;

    out[n++] = worths[w->kind].reason;
    if (w->outside != 0)
        out[n++] = w->outside == w->events ? "out-of-validity" : "partly-out-of-validity";
    if (w->from.us == INT64_MIN && w->until.us == INT64_MAX)
        out[n++] = "validity-unknown";
    if (w->warned != 0)
        out[n++] = "warning-list";
    return n;
}
