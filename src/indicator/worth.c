#include "indicator/worth.h"

enum { LOW, MODERATE, HIGH };

static const struct {
    int level;
    int days; /* after which it is old; 0: never */
    const char *reason;
} worths[INDICATOR_KINDS] = {
    [INDICATOR_NONE] = {MODERATE, WORTH_NAME_DAYS, "by-pattern"},
    [INDICATOR_IPV4] = {MODERATE, WORTH_ADDRESS_DAYS, "by-address"},
    [INDICATOR_IPV6] = {MODERATE, WORTH_ADDRESS_DAYS, "by-address"},
    [INDICATOR_ENDPOINT] = {MODERATE, WORTH_ADDRESS_DAYS, "by-endpoint"},
    [INDICATOR_SUBNET] = {LOW, WORTH_ADDRESS_DAYS, "by-subnet"},
    [INDICATOR_DOMAIN] = {HIGH, WORTH_NAME_DAYS, "by-name"},
    [INDICATOR_URL] = {HIGH, WORTH_NAME_DAYS, "by-url"},
    [INDICATOR_MD5] = {HIGH, 0, "by-hash"},
    [INDICATOR_SHA1] = {HIGH, 0, "by-hash"},
    [INDICATOR_SHA256] = {HIGH, 0, "by-hash"},
};

static bool is_old(const struct worth *w)
{
    const int64_t most = (int64_t)worths[w->kind].days * 86400 * 1000000;

    return most != 0 && w->from.us != INT64_MIN && w->until.us == INT64_MAX &&
           w->last.us / 2 - w->from.us / 2 > most / 2; /* halves: whatever the times, no overflow */
}

const char *worth_confidence(const struct worth *w)
{
    static const char *const words[] = {"low", "moderate", "high"};
    int level = worths[w->kind].level - (w->outside == w->events) - is_old(w) - (w->warned != 0);

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
    if (is_old(w))
        out[n++] = "indicator-old";
    if (w->warned != 0)
        out[n++] = "warning-list";
    return n;
}
