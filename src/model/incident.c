#include "model/incident.h"

#include <inttypes.h>

#include "base/memory.h"
#include "crypto/digest.h"

void incident_done(struct incident *i)
{
    free(i->targets);
    i->targets = NULL;
    i->target_count = 0;
}

void incident_copy(const struct incident *i, struct incident *out)
{
    *out = *i;
    out->targets = memory_new((i->target_count + 1) * sizeof *out->targets);
    if (i->target_count != 0)
        memcpy(out->targets, i->targets, i->target_count * sizeof *out->targets);
}

void incident_target(struct incident *i, struct addr a)
{
    size_t low = 0, high = i->target_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = addr_compare(i->targets[middle], a);

        if (order == 0)
            return;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (i->target_count == INCIDENT_TARGETS) {
        i->targets_more++;
        return;
    }
    if ((i->target_count & (i->target_count - 1)) == 0) /* room is the next power of two */
        i->targets = memory_resize(i->targets, i->target_count == 0 ? 1 : i->target_count * 2,
                                   sizeof *i->targets);
    memmove(i->targets + low + 1, i->targets + low, (i->target_count - low) * sizeof *i->targets);
    i->targets[low] = a;
    i->target_count++;
}

int incident_compare(const struct incident *a, const struct incident *b)
{
    int order = (a->opened.us > b->opened.us) - (a->opened.us < b->opened.us);

    if (order == 0)
        order = addr_compare(a->source, b->source);
    if (order == 0)
        order = strcmp(service_name(a->service), service_name(b->service));
    return order != 0 ? order : strcmp(a->article, b->article);
}

uint32_t incident_place(struct bytes name)
{
    uint32_t place;

    if (name.len == 0)
        return 0;
    memcpy(&place, digest_of(name).byte, sizeof place);
    return place == 0 ? 1 : place;
}

void incident_seen(struct incident *i, uint32_t place)
{
    size_t k = 0;

    if (place == 0)
        return;
    while (k < INCIDENT_PLACES && i->place[k] != 0 && i->place[k] != place)
        k++;
    if (k < INCIDENT_PLACES)
        i->place[k] = place;
}

size_t incident_places(const struct incident *i)
{
    size_t n = 0;

    while (n < INCIDENT_PLACES && i->place[n] != 0)
        n++;
    return n;
}

bool incident_is_corroborated(const struct incident *i)
{
    return incident_places(i) > 1 && i->proven > i->one_sided;
}

enum confidence incident_confidence(const struct incident *i)
{
    int level = CONFIDENCE_HIGH;

    if (i->proven < i->events || i->by_caution[CAUTION_VPN] != 0 || i->by_caution[CAUTION_TOR] != 0)
        return CONFIDENCE_LOW;
    level -=
        i->by_ground[TERRITORY_TABLE] != 0 || (i->one_sided != 0 && !incident_is_corroborated(i));
    level -= i->disputed != 0;
    level -= i->by_caution[CAUTION_WARNING] != 0 || i->by_caution[CAUTION_SCANNER] != 0;
    return level < CONFIDENCE_LOW ? CONFIDENCE_LOW : (enum confidence)level;
}

const char *confidence_name(enum confidence c)
{
    static const char *const names[] = {"none", "low", "moderate", "high"};

    return names[c];
}

size_t incident_reasons(const struct incident *i, const char **out)
{
    const struct {
        bool holds;
        const char *name;
    } reasons[] = {
        {i->proven == i->events, "two-way"},
        {i->one_sided != 0, "one-sided"},
        {i->proven < i->events, "source-unproven"},
        {incident_places(i) > 1, "several-places"},
        {i->by_ground[TERRITORY_PREFIX] != 0, "territory-prefix"},
        {i->by_ground[TERRITORY_AS] != 0, "territory-as"},
        {i->by_ground[TERRITORY_TABLE] != 0, "territory-table"},
        {i->disputed != 0, "territory-disputed"},
        {i->turned != 0, "direction-turned"},
        {i->by_caution[CAUTION_WARNING] != 0, "source-warning-list"},
        {i->by_caution[CAUTION_VPN] != 0, "source-vpn"},
        {i->by_caution[CAUTION_TOR] != 0, "source-tor"},
        {i->by_caution[CAUTION_SCANNER] != 0, "source-scanner"},
    };
    size_t n = 0;

    for (size_t k = 0; k < sizeof reasons / sizeof reasons[0]; k++)
        if (reasons[k].holds)
            out[n++] = reasons[k].name;
    return n;
}

const char *incident_report_name(enum incident_report r)
{
    static const char *const names[] = {"none", "opened", "grown", "ended"};

    return names[r];
}

static void json_addr(struct buf *out, bool has, struct addr a)
{
    char text[ADDR_TEXT];

    addr_write(a, text);
    if (has)
        buf_print(out, "\"%s\"", text);
    else
        buf_text(out, "null");
}

static void json_time(struct buf *out, const char *name, struct instant t)
{
    char text[INSTANT_MICRO + 1];

    instant_micro_write(t, text);
    buf_print(out, ",\"%s\":\"%s\"", name, text);
}

static void json_group(const struct incident *i, struct buf *out)
{
    /* Ids have no byte that JSON would escape: PROTOCOL.agreement section 2. */
    buf_print(out, "{\"article\":\"%s\",\"from\":\"%s\",\"source\":", i->article, i->from);
    json_addr(out, i->has_source, i->source);
    buf_text(out, ",\"as\":");
    if (i->has_as && i->as != 0)
        buf_decimal(out, i->as);
    else
        buf_text(out, "null");
    if (i->has_service)
        buf_print(out, ",\"service\":\"%s\"", service_name(i->service));
    else
        buf_text(out, ",\"service\":null");
}

/* What the confidence rests on, in events. */
static void json_counts(const struct incident *i, struct buf *out)
{
    const struct {
        const char *name;
        uint64_t n;
    } rows[] = {
        {"two-way", i->proven},
        {"one-sided", i->one_sided},
        {"turned", i->turned},
        {"disputed", i->disputed},
        {"prefix", i->by_ground[TERRITORY_PREFIX]},
        {"as", i->by_ground[TERRITORY_AS]},
        {"table", i->by_ground[TERRITORY_TABLE]},
    };

    buf_text(out, ",\"counts\":");
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++)
        buf_print(out, "%s\"%s\":%" PRIu64, k == 0 ? "{" : ",", rows[k].name, rows[k].n);
    for (size_t k = 0; k < CAUTION_KINDS; k++)
        if (i->by_caution[k] != 0)
            buf_print(out, ",\"%s\":%" PRIu64, caution_name((enum caution)k), i->by_caution[k]);
    if (incident_places(i) != 0)
        buf_print(out, ",\"places\":%zu", incident_places(i));
    buf_byte(out, '}');
}

void incident_json(const struct incident *i, enum incident_report report, struct buf *out)
{
    const char *reasons[INCIDENT_REASONS];
    size_t reason_count = incident_reasons(i, reasons);

    json_group(i, out);
    buf_text(out, ",\"targets\":[");
    for (size_t k = 0; k < i->target_count; k++) {
        buf_text(out, k == 0 ? "" : ",");
        json_addr(out, true, i->targets[k]);
    }
    buf_print(out, "],\"targets_more\":%" PRIu64, i->targets_more);
    json_time(out, "first", i->first);
    json_time(out, "last", i->last);
    json_time(out, "opened", i->opened);
    buf_print(out, ",\"events\":%" PRIu64 ",\"confidence\":\"%s\",\"reasons\":[", i->events,
              confidence_name(incident_confidence(i)));
    for (size_t k = 0; k < reason_count; k++)
        buf_print(out, "%s\"%s\"", k == 0 ? "" : ",", reasons[k]);
    buf_byte(out, ']');
    if (report != INCIDENT_NONE) {
        json_counts(i, out);
        buf_print(out, ",\"report\":\"%s\"", incident_report_name(report));
    }
    buf_byte(out, '}');
}
