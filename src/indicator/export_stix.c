/*
 * A STIX 2.1 bundle: an indicator an entry, with its marking and its end. The id is made of what is
 * looked for and whose word it is (a UUID of its SHA-256), so that the next export is a newer
 * version of the same object and a withdrawal revokes it.
 */
#include <jansson.h>

#include "base/text.h"
#include "crypto/digest.h"
#include "indicator/export_targets.h"

static void uuid_of(struct bytes name, char out[UUID_TEXT + 1])
{
    struct digest d = digest_of(name);

    uuid_write(d.byte, 8, out);
}

static void id_of(const struct export_entry *e, char out[UUID_TEXT + 1])
{
    struct buf name = {0};

    buf_print(&name, "parley indicator %u ", (unsigned)e->value.kind);
    indicator_write(&e->value, &name);
    buf_byte(&name, '\n');
    buf_bytes(&name, e->about.id);
    uuid_of(buf_view(&name), out);
    buf_done(&name);
}

/* A text as a constant of a pattern: section 9.1, quote and backslash behind a backslash. */
static void constant(struct bytes text, struct buf *out)
{
    buf_byte(out, '\'');
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\'' || text.data[i] == '\\')
            buf_byte(out, '\\');
        buf_byte(out, text.data[i]);
    }
    buf_byte(out, '\'');
}

static const char *const paths[INDICATOR_KINDS] = {
    [INDICATOR_IPV4] = "ipv4-addr:value",     [INDICATOR_IPV6] = "ipv6-addr:value",
    [INDICATOR_DOMAIN] = "domain-name:value", [INDICATOR_MD5] = "file:hashes.MD5",
    [INDICATOR_SHA1] = "file:hashes.'SHA-1'", [INDICATOR_SHA256] = "file:hashes.'SHA-256'",
};

/* Either end of the traffic; of a subnet whose addresses lie in it. */
static void endpoint_pattern(const struct export_entry *e, struct buf *out)
{
    static const char *const ends[] = {"src", "dst"};
    struct buf text = {0};

    export_addr(&e->value, &text);
    for (size_t i = 0; i < 2; i++) {
        buf_print(out, "%s[network-traffic:%s_ref.value = ", i == 0 ? "" : " OR ", ends[i]);
        constant(buf_view(&text), out);
        buf_print(out, " AND network-traffic:%s_port = %u]", ends[i], e->value.port);
    }
    buf_done(&text);
}

static void pattern_of(const struct export_entry *e, struct buf *out)
{
    const char *path = paths[e->value.kind];
    struct buf text = {0};

    if (e->value.kind == INDICATOR_ENDPOINT) {
        endpoint_pattern(e, out);
        return;
    }
    if (e->value.kind == INDICATOR_SUBNET) {
        path = addr_is_v4(e->value.addr) ? "ipv4-addr:value" : "ipv6-addr:value";
        export_addr(&e->value, &text);
    } else {
        indicator_write(&e->value, &text);
    }
    buf_print(out, "[%s %s ", path, e->value.kind == INDICATOR_SUBNET ? "ISSUBSET" : "=");
    constant(buf_view(&text), out);
    if (e->value.kind == INDICATOR_DOMAIN && !e->about.exact) { /* and what lies below it */
        struct buf below = {0};

        buf_text(&below, "%.");
        buf_bytes(&below, buf_view(&text));
        buf_print(out, " OR %s LIKE ", path);
        constant(buf_view(&below), out);
        buf_done(&below);
    }
    buf_byte(out, ']');
    buf_done(&text);
}

static json_t *moment(struct instant t)
{
    char text[INSTANT_TEXT + 1];

    instant_write(t, text);
    return json_string(text);
}

/* When its word began: it is the same in every export, as `created` must be. */
static struct instant created(const struct export_entry *e, struct instant now)
{
    return e->about.from.us == INT64_MIN || e->about.from.us > now.us ? (struct instant){0}
                                                                      : e->about.from;
}

static json_t *object(const struct export *x, const struct export_entry *e, struct bytes pattern)
{
    char uuid[UUID_TEXT + 1];
    struct instant from = e->about.from.us == INT64_MIN ? x->o.now : e->about.from;
    struct buf id = {0}, about = {0};
    json_t *o;

    id_of(e, uuid);
    buf_print(&id, "indicator--%s", uuid);
    export_about(e, ':', " ", &about);
    o = json_pack("{s:s, s:s, s:s, s:o, s:o, s:s, s:o, s:s, s:s, s:[s]}", "type", "indicator",
                  "spec_version", "2.1", "id", buf_str(&id), "created",
                  moment(created(e, x->o.now)), "modified", moment(x->o.now), "pattern_type",
                  "stix", "valid_from", moment(from), "description", buf_str(&about),
                  "pattern_version", "2.1", "object_marking_refs", tlp_marking(e->about.tlp));
    if (o != NULL)
        json_object_set_new(o, "pattern",
                            json_stringn((const char *)pattern.data, pattern.len)); /* or NULL */
    if (e->about.until.us != INT64_MAX && e->about.until.us > from.us)
        json_object_set_new(o, "valid_until", moment(e->about.until));
    if (x->o.withdraw)
        json_object_set_new(o, "revoked", json_true());
    buf_done(&id);
    buf_done(&about);
    return o;
}

static void begin(struct export *x)
{
    char uuid[UUID_TEXT + 1], name[64];
    struct buf *out =
        export_open(x, x->o.withdraw ? "parley-withdraw.stix.json" : "parley.stix.json");

    snprintf(name, sizeof name, "parley bundle %lld %u", (long long)x->o.now.us, x->o.rev);
    uuid_of(bytes_text(name), uuid);
    buf_print(out, "{\"type\":\"bundle\",\"id\":\"bundle--%s\",\"objects\":[\n", uuid);
}

static enum export_rule entry(struct export *x, const struct export_entry *e)
{
    struct buf *out = &x->file[0].text, pattern = {0};
    json_t *o;
    char *text = NULL;

    pattern_of(e, &pattern);
    o = object(x, e, buf_view(&pattern));
    buf_done(&pattern);
    if (json_is_string(json_object_get(o, "pattern"))) /* else it was no UTF-8 */
        text = json_dumps(o, JSON_COMPACT | JSON_ENSURE_ASCII);
    json_decref(o);
    if (text == NULL)
        return EXPORT_TEXT;
    buf_text(out, out->len == x->file[0].head ? "" : ",\n");
    buf_text(out, text);
    free(text);
    return EXPORT_OK;
}

static void end(struct export *x)
{
    buf_text(&x->file[0].text, "\n]}\n");
}

const struct export_target export_stix = {
    .name = "stix",
    .what = "a STIX 2.1 bundle, for MISP, OpenCTI and other exchanges; a withdrawal revokes",
    .tlp = TLP_AMBER_STRICT,
    .pap = PAP_AMBER,
    .kinds = EXPORT_ALL & ~(1U << INDICATOR_URL), /* ours has no scheme, url:value has */
    .begin = begin,
    .entry = entry,
    .end = end,
    .remove = entry,
};
