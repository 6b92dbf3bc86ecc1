#include <jansson.h>
#include <stdlib.h>

#include "base/text.h"
#include "indicator/import.h"

static struct bytes text_of(const json_t *object, const char *name)
{
    const json_t *v = json_object_get(object, name);

    return json_is_string(v) ? bytes_of(json_string_value(v), json_string_length(v))
                             : bytes_of(NULL, 0);
}

static bool is_true(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

/* ---- STIX ---- */

/* Paths whose equality is one value. */
static const struct {
    const char *path;
    enum indicator_kind kind;
} paths[] = {
    {"ipv4-addr:value", INDICATOR_IPV4},         {"ipv6-addr:value", INDICATOR_IPV6},
    {"domain-name:value", INDICATOR_DOMAIN},     {"url:value", INDICATOR_URL},
    {"file:hashes.MD5", INDICATOR_MD5},          {"file:hashes.md5", INDICATOR_MD5},
    {"file:hashes.'MD5'", INDICATOR_MD5},        {"file:hashes.'SHA-1'", INDICATOR_SHA1},
    {"file:hashes.sha1", INDICATOR_SHA1},        {"file:hashes.SHA1", INDICATOR_SHA1},
    {"file:hashes.'SHA-256'", INDICATOR_SHA256}, {"file:hashes.sha256", INDICATOR_SHA256},
    {"file:hashes.SHA256", INDICATOR_SHA256},
};

/* Accounts, persons, content. */
static const char *const persons[] = {"email-addr:", "email-message:", "user-account:",
                                      "identity:",   "artifact:",      "x509-certificate:subject"};

static void blanks(struct bytes *p)
{
    while (p->len > 0 && (p->data[0] == ' ' || p->data[0] == '\t' || p->data[0] == '\n')) {
        p->data++;
        p->len--;
    }
}

static bool eat(struct bytes *p, const char *word)
{
    size_t n = strlen(word);

    blanks(p);
    if (p->len < n || memcmp(p->data, word, n) != 0)
        return false;
    p->data += n;
    p->len -= n;
    return true;
}

/* 'text' with \' and \\ ; to `room` of INDICATOR_KEY. */
static bool eat_literal(struct bytes *p, uint8_t *room, struct bytes *out)
{
    size_t i = 0, n = 0;

    if (!eat(p, "'"))
        return false;
    for (; i < p->len && p->data[i] != '\''; i++) {
        i += p->data[i] == '\\';
        if (i >= p->len || n == INDICATOR_KEY)
            return false;
        room[n++] = p->data[i];
    }
    if (i == p->len)
        return false;
    *out = bytes_of(room, n);
    *p = bytes_of(p->data + i + 1, p->len - i - 1);
    return true;
}

/* One equality or subnet test, and of what. */
static bool eat_atom(struct bytes *p, uint8_t *room, enum indicator_kind *kind, struct bytes *value)
{
    *kind = INDICATOR_NONE;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0] && *kind == INDICATOR_NONE; i++)
        if (eat(p, paths[i].path))
            *kind = paths[i].kind;
    if (*kind == INDICATOR_NONE)
        return false;
    if (eat(p, "ISSUBSET")) {
        if (*kind != INDICATOR_IPV4 && *kind != INDICATOR_IPV6)
            return false;
    } else if (!eat(p, "=")) {
        return false;
    }
    return eat_literal(p, room, value);
}

/* Is the pattern one such test, or several joined by OR? Told one by one if `tell`. */
static bool atoms(struct import *in, struct bytes p, const struct indicator_about *a, bool tell)
{
    uint8_t room[INDICATOR_KEY];
    enum indicator_kind kind;
    struct bytes value;

    if (!eat(&p, "["))
        return false;
    do {
        if (!eat_atom(&p, room, &kind, &value))
            return false;
        if (tell)
            import_value(in, kind, value, a);
    } while (eat(&p, "OR"));
    if (!eat(&p, "]"))
        return false;
    blanks(&p);
    return p.len == 0;
}

static bool is_person(struct bytes pattern)
{
    for (size_t i = 0; i < sizeof persons / sizeof persons[0]; i++)
        if (memmem(pattern.data, pattern.len, persons[i], strlen(persons[i])) != NULL)
            return true;
    return false;
}

/* The marking definitions of a bundle, found once: indicators ask for them by the thousand. */
struct markings {
    const json_t *definition[IMPORT_MARKINGS];
    size_t count;
};

static void markings_find(const json_t *objects, struct markings *out)
{
    const json_t *o;
    size_t i;

    out->count = 0;
    json_array_foreach(objects, i, o) if (out->count < IMPORT_MARKINGS &&
                                          bytes_is(text_of(o, "type"), "marking-definition"))
        out->definition[out->count++] = o;
}

/* A marking's object in the same bundle says more than its id. What nobody knows is the strictest:
 * tlp_read of an id that is no TLP's. */
static void mark(const struct markings *m, struct bytes id, struct indicator_about *a)
{
    for (size_t i = 0; i < m->count; i++) {
        const json_t *d = json_object_get(m->definition[i], "definition");

        if (!bytes_equal(text_of(m->definition[i], "id"), id) || d == NULL)
            continue;
        if (json_object_get(d, "statement") != NULL)
            return;
        if (json_object_get(d, "pap") != NULL) {
            a->pap = pap_stricter(a->pap, pap_read(text_of(d, "pap")));
            return;
        }
        if (json_object_get(d, "tlp") != NULL) {
            a->tlp = tlp_stricter(a->tlp, tlp_read(text_of(d, "tlp")));
            return;
        }
    }
    a->tlp = tlp_stricter(a->tlp, tlp_read(id));
}

static bool stix_time(const json_t *o, const char *name, struct instant *out)
{
    return json_object_get(o, name) == NULL ||
           !fault_is(instant_fraction_parse(text_of(o, name), out));
}

static enum import_rule stix_about(const struct markings *m, const json_t *o,
                                   struct indicator_about *a)
{
    const json_t *refs = json_object_get(o, "object_marking_refs"), *ref;
    size_t i;

    if (is_true(o, "revoked"))
        return IMPORT_OFF;
    json_array_foreach(refs, i, ref)
        mark(m, bytes_of(json_string_value(ref), json_string_length(ref)), a);
    a->id = text_of(o, "id");
    a->exact = true;
    if (a->id.len > INDICATOR_ID)
        return IMPORT_DAMAGED;
    return stix_time(o, "valid_from", &a->from) && stix_time(o, "valid_until", &a->until)
               ? IMPORT_OK
               : IMPORT_TIME;
}

static void stix_indicator(struct import *in, const struct markings *m, const json_t *o)
{
    struct indicator_about a = in->usual;
    enum import_rule r = stix_about(m, o, &a);
    struct bytes pattern = text_of(o, "pattern"), type = text_of(o, "pattern_type");

    in->n.seen++;
    if (r == IMPORT_OK && pattern.len == 0)
        r = IMPORT_DAMAGED;
    if (r == IMPORT_OK && pattern.len > IMPORT_PATTERN)
        r = IMPORT_TOO_LONG;
    if (r == IMPORT_OK && type.len != 0 && !bytes_is(type, "stix"))
        r = IMPORT_KIND;
    if (r == IMPORT_OK && is_person(pattern))
        r = IMPORT_PERSON;
    if (r != IMPORT_OK) {
        import_refuse(in, r);
    } else if (atoms(in, pattern, &a, false)) {
        atoms(in, pattern, &a, true);
    } else {
        in->n.patterns++;
        if (in->sink.pattern != NULL)
            in->sink.pattern(in->sink.with, pattern, &a);
    }
}

static void stix(struct import *in, const json_t *objects)
{
    struct markings m;
    const json_t *o;
    size_t i;

    in->format = IMPORT_STIX;
    markings_find(objects, &m);
    json_array_foreach(objects, i, o)
    {
        in->line = i + 1;
        if (bytes_is(text_of(o, "type"), "indicator"))
            stix_indicator(in, &m, o);
    }
}

/* ---- MISP ---- */

/* "first" and "second" of a value that is two, joined by "|". */
static const struct {
    const char *type;
    enum indicator_kind first, second;
    bool exact, joined; /* joined: address and port are one endpoint */
} misp_types[] = {
    {"ip-src", INDICATOR_IPV4, INDICATOR_NONE, false, false},
    {"ip-dst", INDICATOR_IPV4, INDICATOR_NONE, false, false},
    {"ip-src|port", INDICATOR_ENDPOINT, INDICATOR_NONE, false, true},
    {"ip-dst|port", INDICATOR_ENDPOINT, INDICATOR_NONE, false, true},
    {"domain", INDICATOR_DOMAIN, INDICATOR_NONE, false, false},
    {"hostname", INDICATOR_DOMAIN, INDICATOR_NONE, true, false},
    {"hostname|port", INDICATOR_DOMAIN, INDICATOR_NONE, true, false},
    {"domain|ip", INDICATOR_DOMAIN, INDICATOR_IPV4, false, false},
    {"url", INDICATOR_URL, INDICATOR_NONE, false, false},
    {"md5", INDICATOR_MD5, INDICATOR_NONE, false, false},
    {"sha1", INDICATOR_SHA1, INDICATOR_NONE, false, false},
    {"sha256", INDICATOR_SHA256, INDICATOR_NONE, false, false},
    {"filename|md5", INDICATOR_NONE, INDICATOR_MD5, false, false},
    {"filename|sha1", INDICATOR_NONE, INDICATOR_SHA1, false, false},
    {"filename|sha256", INDICATOR_NONE, INDICATOR_SHA256, false, false},
};

static const char *const misp_persons[] = {
    "email",     "target-",     "whois-",     "github-",   "twitter-",   "phone-",
    "prtn",      "jabber-",     "first-name", "last-name", "full-name",  "passport-",
    "identity-", "nationality", "iban",       "bank-",     "attachment", "malware-sample"};

static void misp_tags(const json_t *owner, struct indicator_about *a)
{
    const json_t *tag;
    size_t i;

    json_array_foreach(json_object_get(owner, "Tag"), i, tag)
    {
        struct bytes name = text_of(tag, "name");

        if (name.len > 4 && strncasecmp((const char *)name.data, "tlp:", 4) == 0)
            a->tlp = tlp_stricter(a->tlp, tlp_read(name));
        if (name.len > 4 && strncasecmp((const char *)name.data, "pap:", 4) == 0)
            a->pap = pap_stricter(a->pap, pap_read(name));
    }
}

/* When it was first seen; else since it was written (seconds, as a text). */
static bool misp_time(const json_t *attribute, struct indicator_about *a)
{
    struct bytes text = text_of(attribute, "timestamp"), first = text_of(attribute, "first_seen");
    uint64_t seconds;

    if (first.len != 0)
        return import_time(first, &a->from);
    if (text.len == 0)
        return true;
    if (!decimal_read(text, 253402300799u, &seconds))
        return false;
    a->from = instant_of_seconds((int64_t)seconds);
    return true;
}

/* "address|port" as one endpoint: "address:port", "[address]:port". */
static void misp_endpoint(struct import *in, struct bytes value, size_t first,
                          const struct indicator_about *a)
{
    struct buf joined = {0};
    bool v6;

    if (first < value.len) {
        v6 = memchr(value.data, ':', first) != NULL;
        buf_text(&joined, v6 ? "[" : "");
        buf_add(&joined, value.data, first);
        buf_text(&joined, v6 ? "]:" : ":");
        buf_add(&joined, value.data + first + 1, value.len - first - 1);
    }
    import_value(in, INDICATOR_ENDPOINT, buf_view(&joined), a);
    buf_done(&joined);
}

static void misp_value(struct import *in, size_t type, struct bytes value,
                       const struct indicator_about *a)
{
    const uint8_t *bar = value.len == 0 ? NULL : memchr(value.data, '|', value.len);
    size_t first = bar == NULL ? value.len : (size_t)(bar - value.data);

    if (misp_types[type].joined) {
        misp_endpoint(in, value, first, a);
        return;
    }
    if (misp_types[type].first != INDICATOR_NONE)
        import_value(in, misp_types[type].first, bytes_of(value.data, first), a);
    if (misp_types[type].second != INDICATOR_NONE)
        import_value(in, misp_types[type].second,
                     bar == NULL ? bytes_of(NULL, 0) : bytes_of(bar + 1, value.len - first - 1), a);
}

static enum import_rule misp_refused(struct bytes type)
{
    for (size_t i = 0; i < sizeof misp_persons / sizeof misp_persons[0]; i++)
        if (type.len >= strlen(misp_persons[i]) &&
            memcmp(type.data, misp_persons[i], strlen(misp_persons[i])) == 0)
            return IMPORT_PERSON;
    return IMPORT_KIND;
}

static void misp_attribute(struct import *in, const json_t *attribute, struct indicator_about a)
{
    struct bytes type = text_of(attribute, "type");
    size_t i = 0, types = sizeof misp_types / sizeof misp_types[0];

    in->line = ++in->n.seen;
    while (i < types && !bytes_is(type, misp_types[i].type))
        i++;
    misp_tags(attribute, &a);
    a.id = text_of(attribute, "uuid");
    if (type.len == 0 || a.id.len > INDICATOR_ID || text_of(attribute, "value").len == 0)
        import_refuse(in, IMPORT_DAMAGED);
    else if (!is_true(attribute, "to_ids") || is_true(attribute, "deleted"))
        import_refuse(in, IMPORT_OFF);
    else if (i == types)
        import_refuse(in, misp_refused(type));
    else if (!misp_time(attribute, &a))
        import_refuse(in, IMPORT_TIME);
    else {
        a.exact = misp_types[i].exact;
        misp_value(in, i, text_of(attribute, "value"), &a);
    }
}

static void misp_attributes(struct import *in, const json_t *owner, const struct indicator_about *a)
{
    const json_t *attribute;
    size_t i;

    json_array_foreach(json_object_get(owner, "Attribute"), i, attribute)
        misp_attribute(in, attribute, *a);
}

static void misp_event(struct import *in, const json_t *event)
{
    struct indicator_about a = in->usual;
    const json_t *object;
    size_t i;

    in->format = IMPORT_MISP;
    misp_tags(event, &a);
    misp_attributes(in, event, &a);
    json_array_foreach(json_object_get(event, "Object"), i, object) misp_attributes(in, object, &a);
}

static bool misp(struct import *in, const json_t *root)
{
    const json_t *response = json_object_get(root, "response"), *item;
    const json_t *list = response != NULL ? response : root;
    bool any = false;
    size_t i;

    if (json_is_object(json_object_get(list, "Event"))) {
        misp_event(in, json_object_get(list, "Event"));
        return true;
    }
    json_array_foreach(list, i, item) if (json_is_object(json_object_get(item, "Event")))
    {
        misp_event(in, json_object_get(item, "Event"));
        any = true;
    }
    return any;
}

/* ---- MISP's warninglists ---- */

static void warning_entry(struct import *in, struct bytes type, struct bytes text)
{
    struct indicator_about a = in->usual;
    enum indicator_kind kind = INDICATOR_NONE;

    if (bytes_is(type, "substring") || bytes_is(type, "regex")) {
        if (in->sink.text(in->sink.with, text, bytes_is(type, "regex")))
            in->n.texts++;
        else
            import_refuse(in, IMPORT_VALUE);
        return;
    }
    if (bytes_is(type, "cidr"))
        kind = INDICATOR_IPV4;
    else if (bytes_is(type, "hostname"))
        kind = INDICATOR_DOMAIN;
    a.exact = bytes_is(type, "string");
    import_value(in, kind, text, &a);
}

/* "list": texts, of which "type" says how they are meant; string unless it says so. */
static bool warning_list(struct import *in, const json_t *root)
{
    const json_t *list = json_object_get(root, "list"), *item;
    struct bytes type = text_of(root, "type");
    size_t i;

    if (in->sink.text == NULL || !json_is_array(list))
        return false;
    if (type.len == 0)
        type = bytes_text("string");
    in->format = IMPORT_WARNING;
    json_array_foreach(list, i, item)
    {
        in->line = ++in->n.seen;
        if (json_is_string(item))
            warning_entry(in, type, bytes_of(json_string_value(item), json_string_length(item)));
        else
            import_refuse(in, IMPORT_DAMAGED);
    }
    return true;
}

struct fault import_json(struct import *in, struct bytes text)
{
    json_error_t error;
    json_t *root;
    bool known = true;

    root = json_loadb((const char *)text.data, text.len, 0, &error);
    if (root == NULL)
        return fault_make(FAULT_SYNTAX, (size_t)(error.position < 0 ? 0 : error.position),
                          "RFC 8259");
    if (json_is_array(json_object_get(root, "objects")) && in->format != IMPORT_MISP)
        stix(in, json_object_get(root, "objects"));
    else
        known = (in->format != IMPORT_STIX && misp(in, root)) || warning_list(in, root);
    json_decref(root);
    return known ? fault_none()
                 : fault_make(FAULT_UNKNOWN, 0, "import: neither a STIX bundle nor a MISP event");
}
