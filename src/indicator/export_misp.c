/*
 * A feed of MISP: a folder with an event, its hashes.csv and a manifest.json that names it. Event
 * and attributes have ids made of what they are (UUIDs by name, RFC 9562 section 5.5: MISP takes no
 * version beyond 5), so that the next export is a newer version of the same event. MISP takes an
 * attribute out when it comes back as deleted: that is the withdrawal; one that is only missing
 * stays there. An address is looked for at either end, which takes two attributes. MISP knows no
 * end of validity; it stands in the comment.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "crypto/digest.h"
#include "indicator/export_targets.h"

static const struct {
    const char *category, *type, *second; /* second: of the traffic's other end */
} types[INDICATOR_KINDS] = {
    [INDICATOR_IPV4] = {"Network activity", "ip-src", "ip-dst"},
    [INDICATOR_IPV6] = {"Network activity", "ip-src", "ip-dst"},
    [INDICATOR_SUBNET] = {"Network activity", "ip-src", "ip-dst"},
    [INDICATOR_ENDPOINT] = {"Network activity", "ip-src|port", "ip-dst|port"},
    [INDICATOR_DOMAIN] = {"Network activity", "domain", NULL},
    [INDICATOR_URL] = {"Network activity", "url", NULL},
    [INDICATOR_MD5] = {"Payload delivery", "md5", NULL},
    [INDICATOR_SHA1] = {"Payload delivery", "sha1", NULL},
    [INDICATOR_SHA256] = {"Payload delivery", "sha256", NULL},
};

enum { EVENT, HASHES, MANIFEST }; /* in the order in which they are put in place */

static void uuid_of(const char *what, struct bytes name, char out[UUID_TEXT + 1])
{
    static const uint8_t space[16] = {0x5e, 0x1c, 0x0b, 0x8e, 0x93, 0x2d, 0x4f, 0x6a,
                                      0xa1, 0x47, 0x2b, 0xd6, 0x70, 0x9c, 0xe8, 0x35};
    struct buf whole = {0};
    uint8_t sha1[SHA1_BYTES];

    buf_add(&whole, space, sizeof space);
    buf_text(&whole, what);
    buf_bytes(&whole, name);
    sha1_of(buf_view(&whole), sha1);
    uuid_write(sha1, 5, out);
    buf_done(&whole);
}

static void event_uuid(const struct export *x, char out[UUID_TEXT + 1])
{
    uuid_of("event ", bytes_text(x->o.feed), out);
}

static void begin(struct export *x)
{
    char uuid[UUID_TEXT + 1];

    event_uuid(x, uuid);
    snprintf(x->name, sizeof x->name, "%s.json", uuid);
    buf_print(export_open(x, x->name), "{\"Event\":{\"uuid\":\"%s\",\"Attribute\":[\n", uuid);
    export_open(x, "hashes.csv");
    export_open(x, "manifest.json");
}

/* "address|port" of an endpoint; else as it is written everywhere. */
static void value_of(const struct export_entry *e, struct buf *out)
{
    if (e->value.kind == INDICATOR_ENDPOINT) {
        export_addr(&e->value, out);
        buf_print(out, "|%u", e->value.port);
    } else if (e->value.kind == INDICATOR_SUBNET) {
        export_addr(&e->value, out);
    } else {
        indicator_write(&e->value, out);
    }
}

static json_t *tags(enum tlp tlp, enum pap pap)
{
    json_t *list = json_array();

    json_array_append_new(list, json_pack("{s:s+}", "name", "tlp:", tlp_name(tlp)));
    if (pap != PAP_NONE)
        json_array_append_new(list, json_pack("{s:s+}", "name", "pap:", pap_name(pap)));
    return list;
}

static json_t *attribute(const struct export *x, const struct export_entry *e, const char *type,
                         struct bytes value)
{
    char uuid[UUID_TEXT + 1], seconds[24];
    struct buf name = {0}, about = {0};
    json_t *o;

    buf_print(&name, "%s %s ", x->o.feed, type);
    buf_bytes(&name, value);
    buf_byte(&name, '\n');
    buf_bytes(&name, e->about.id);
    uuid_of("attribute ", buf_view(&name), uuid);
    snprintf(seconds, sizeof seconds, "%lld", (long long)instant_seconds(x->o.now));
    export_about(e, ':', " ", &about);
    o = json_pack("{s:s, s:s, s:s, s:b, s:b, s:s, s:s, s:o}", "uuid", uuid, "category",
                  types[e->value.kind].category, "type", type, "to_ids", !x->o.withdraw, "deleted",
                  x->o.withdraw, "timestamp", seconds, "comment", buf_str(&about), "Tag",
                  tags(e->about.tlp, e->about.pap));
    if (o != NULL)
        json_object_set_new(o, "value",
                            json_stringn((const char *)value.data, value.len)); /* or NULL */
    buf_done(&name);
    buf_done(&about);
    return o;
}

static bool write_attribute(struct export *x, const struct export_entry *e, const char *type,
                            struct bytes value)
{
    struct buf *out = &x->file[EVENT].text;
    json_t *o = attribute(x, e, type, value);
    char *text = NULL;

    if (json_is_string(json_object_get(o, "value"))) /* else it was no UTF-8 */
        text = json_dumps(o, JSON_COMPACT | JSON_ENSURE_ASCII);
    json_decref(o);
    if (text == NULL)
        return false;
    buf_text(out, out->len == x->file[EVENT].head ? "" : ",\n");
    buf_text(out, text);
    free(text);
    return true;
}

/* By its hash MISP knows whether a feed has a value. */
static void hash_line(struct export *x, struct bytes value)
{
    char uuid[UUID_TEXT + 1], hex[MD5_TEXT + 1];

    event_uuid(x, uuid);
    md5_text(value, hex);
    buf_print(&x->file[HASHES].text, "%s,%s\n", hex, uuid);
}

/* Of one that is two, each has its own. */
static void hash_lines(struct export *x, const struct export_entry *e, struct bytes value)
{
    size_t first = value.len;

    if (e->value.kind == INDICATOR_ENDPOINT)
        first = (size_t)((const uint8_t *)memchr(value.data, '|', value.len) - value.data);
    hash_line(x, bytes_of(value.data, first));
    if (first < value.len)
        hash_line(x, bytes_of(value.data + first + 1, value.len - first - 1));
}

static enum export_rule entry(struct export *x, const struct export_entry *e)
{
    const char *type = types[e->value.kind].type, *second = types[e->value.kind].second;
    struct buf value = {0};
    bool good;

    if (e->value.kind == INDICATOR_DOMAIN && e->about.exact)
        type = "hostname";
    value_of(e, &value);
    good = write_attribute(x, e, type, buf_view(&value));
    if (good && second != NULL)
        good = write_attribute(x, e, second, buf_view(&value));
    if (good && !x->o.withdraw)
        hash_lines(x, e, buf_view(&value));
    buf_done(&value);
    return good ? EXPORT_OK : EXPORT_TEXT;
}

/* What both the event and its line in the manifest say; the strictest of its markings is its own,
 * and one without any entry has nothing to hide. */
static json_t *about_event(const struct export *x)
{
    char org[UUID_TEXT + 1], date[INSTANT_TEXT + 1];

    uuid_of("organisation ", bytes_text(x->o.feed), org);
    instant_write(x->o.now, date);
    date[sizeof "2026-01-31" - 1] = '\0';
    return json_pack("{s:{s:s, s:s}, s:o, s:s+, s:s, s:i, s:i, s:I}", "Orgc", "name", x->o.feed,
                     "uuid", org, "Tag",
                     tags(x->taken == 0 ? TLP_CLEAR : x->strictest_tlp, x->strictest_pap), "info",
                     "To detect: ", x->o.feed, "date", date, "analysis", 2, "threat_level_id", 4,
                     "timestamp", (json_int_t)instant_seconds(x->o.now));
}

static void end(struct export *x)
{
    json_t *about = about_event(x), *manifest;
    char uuid[UUID_TEXT + 1], *text;

    event_uuid(x, uuid);
    manifest = json_pack("{s:O}", uuid, about);
    text = json_dumps(manifest, JSON_COMPACT | JSON_ENSURE_ASCII);
    buf_print(&x->file[MANIFEST].text, "%s\n", text);
    free(text);
    json_object_set_new(about, "published", json_true());
    json_object_set_new(about, "publish_timestamp",
                        json_integer((json_int_t)instant_seconds(x->o.now)));
    text = json_dumps(about, JSON_COMPACT | JSON_ENSURE_ASCII);
    buf_print(&x->file[EVENT].text, "\n],%s}\n", text + 1); /* its members behind the others */
    free(text);
    json_decref(manifest);
    json_decref(about);
}

const struct export_target export_misp = {
    .name = "misp-feed",
    .what = "a folder that MISP reads as a feed; a withdrawal comes as deleted attributes",
    .tlp = TLP_AMBER_STRICT,
    .pap = PAP_AMBER,
    .kinds = EXPORT_ALL,
    .begin = begin,
    .entry = entry,
    .end = end,
    .remove = entry,
};
