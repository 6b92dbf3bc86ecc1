#include <jansson.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "indicator/import.h"
#include "json/walk.h"

/* What a marking's object in the same bundle says, which is more than its id. */
struct definition {
    char id[INDICATOR_ID];
    size_t len;
    enum tlp tlp;
    enum pap pap;
};

/* What the tags of an event say; they come behind its attributes. */
/* Where in a bundle, an event or a warninglist a container lies. */
enum place {
    PLACE_OTHER = 0,
    PLACE_TEXT, /* outside of all */
    PLACE_ROOT,
    PLACE_OBJECTS,
    PLACE_OBJECT, /* of STIX */
    PLACE_EVENTS,
    PLACE_HOLDER, /* of one event */
    PLACE_EVENT,
    PLACE_TAGS,
    PLACE_TAG,
    PLACE_ATTRIBUTES,
    PLACE_ATTRIBUTE,
    PLACE_TEMPLATES,
    PLACE_TEMPLATE, /* a MISP object */
    PLACE_WARNINGS,
};

static const struct {
    enum place in;
    const char *key; /* NULL: an item of a list */
    enum walk_kind kind;
    enum place place;
} places[] = {
    {PLACE_TEXT, NULL, WALK_OBJECT, PLACE_ROOT},
    {PLACE_TEXT, NULL, WALK_LIST, PLACE_EVENTS},
    {PLACE_ROOT, "objects", WALK_LIST, PLACE_OBJECTS},
    {PLACE_OBJECTS, NULL, WALK_OBJECT, PLACE_OBJECT},
    {PLACE_ROOT, "Event", WALK_OBJECT, PLACE_EVENT},
    {PLACE_ROOT, "response", WALK_OBJECT, PLACE_HOLDER},
    {PLACE_ROOT, "response", WALK_LIST, PLACE_EVENTS},
    {PLACE_EVENTS, NULL, WALK_OBJECT, PLACE_HOLDER},
    {PLACE_HOLDER, "Event", WALK_OBJECT, PLACE_EVENT},
    {PLACE_EVENT, "Tag", WALK_LIST, PLACE_TAGS},
    {PLACE_TAGS, NULL, WALK_OBJECT, PLACE_TAG},
    {PLACE_EVENT, "Attribute", WALK_LIST, PLACE_ATTRIBUTES},
    {PLACE_ATTRIBUTES, NULL, WALK_OBJECT, PLACE_ATTRIBUTE},
    {PLACE_EVENT, "Object", WALK_LIST, PLACE_TEMPLATES},
    {PLACE_TEMPLATES, NULL, WALK_OBJECT, PLACE_TEMPLATE},
    {PLACE_TEMPLATE, "Attribute", WALK_LIST, PLACE_ATTRIBUTES},
    {PLACE_ROOT, "list", WALK_LIST, PLACE_WARNINGS},
};

/* A text is walked twice: what stands behind the indicators (markings, tags, a list's type) must
 * be known when they are told, and nothing is told of a text that does not end well. */
struct import_walk {
    struct walk walk;
    bool telling;                     /* the second time */
    enum place place[WALK_DEPTH + 1]; /* of the containers that are open, by depth */
    size_t from;                      /* where the item that is open begins */
    struct bytes type;                /* of the open object of STIX, as it is written */
    size_t object;                    /* its number */
    bool has_objects, has_event, has_list;
    struct definition marking[IMPORT_MARKINGS];
    size_t markings;
    struct marking *event;    /* owned, by the number of the event */
    size_t events, room, now; /* now: events that have begun */
    struct bytes list_type;   /* of a warninglist */
};

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

/* The whole of an item; NULL: longer than an item is, or no JSON. */
static json_t *item_read(struct bytes item)
{
    return item.len > IMPORT_ITEM ? NULL : json_loadb((const char *)item.data, item.len, 0, NULL);
}

static void item_refuse(struct import *in, struct bytes item)
{
    import_refuse(in, item.len > IMPORT_ITEM ? IMPORT_TOO_LONG : IMPORT_DAMAGED);
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

static void marking_add(struct import_walk *x, const json_t *o)
{
    const json_t *d = json_object_get(o, "definition");
    struct bytes id = text_of(o, "id");
    struct definition *m = &x->marking[x->markings];

    if (x->markings == IMPORT_MARKINGS || id.len == 0 || id.len > INDICATOR_ID)
        return;
    *m = (struct definition){.len = id.len};
    if (json_object_get(d, "statement") != NULL)
        m->tlp = TLP_NONE; /* whose it is lowers and raises nothing */
    else if (json_object_get(d, "pap") != NULL)
        m->pap = pap_read(text_of(d, "pap"));
    else if (json_object_get(d, "tlp") != NULL)
        m->tlp = tlp_read(text_of(d, "tlp"));
    else
        return;
    memcpy(m->id, id.data, id.len);
    x->markings++;
}

/* What nobody knows is the strictest: tlp_read of an id that is no TLP's. */
static void mark(const struct import_walk *x, struct bytes id, struct indicator_about *a)
{
    for (size_t i = 0; i < x->markings; i++) {
        const struct definition *m = &x->marking[i];

        if (!bytes_equal(bytes_of(m->id, m->len), id))
            continue;
        a->pap = pap_stricter(a->pap, m->pap);
        a->tlp = tlp_stricter(a->tlp, m->tlp);
        return;
    }
    a->tlp = tlp_stricter(a->tlp, tlp_read(id));
}

static bool stix_time(const json_t *o, const char *name, struct instant *out)
{
    return json_object_get(o, name) == NULL ||
           !fault_is(instant_fraction_parse(text_of(o, name), out));
}

static enum import_rule stix_about(const struct import_walk *x, const json_t *o,
                                   struct indicator_about *a)
{
    const json_t *refs = json_object_get(o, "object_marking_refs"), *ref;
    size_t i;

    if (is_true(o, "revoked"))
        return IMPORT_OFF;
    json_array_foreach(refs, i, ref)
        mark(x, bytes_of(json_string_value(ref), json_string_length(ref)), a);
    a->id = text_of(o, "id");
    a->exact = true;
    if (a->id.len > INDICATOR_ID)
        return IMPORT_DAMAGED;
    return stix_time(o, "valid_from", &a->from) && stix_time(o, "valid_until", &a->until)
               ? IMPORT_OK
               : IMPORT_TIME;
}

static void stix_indicator(struct import *in, const struct import_walk *x, const json_t *o)
{
    struct indicator_about a = in->usual;
    enum import_rule r = stix_about(x, o, &a);
    struct bytes pattern = text_of(o, "pattern"), type = text_of(o, "pattern_type");

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

static void stix_marking(struct import *in, struct bytes item)
{
    json_t *o = item_read(item);

    marking_add(in->walk, o);
    json_decref(o);
}

static void stix_object(struct import *in, struct bytes item)
{
    json_t *o = item_read(item);

    in->n.seen++;
    if (o != NULL)
        stix_indicator(in, in->walk, o);
    else
        item_refuse(in, item);
    json_decref(o);
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

static void misp_tag(const json_t *tag, enum tlp *tlp, enum pap *pap)
{
    struct bytes name = text_of(tag, "name");

    if (name.len > 4 && strncasecmp((const char *)name.data, "tlp:", 4) == 0)
        *tlp = tlp_stricter(*tlp, tlp_read(name));
    if (name.len > 4 && strncasecmp((const char *)name.data, "pap:", 4) == 0)
        *pap = pap_stricter(*pap, pap_read(name));
}

/* A tag of the event; one that cannot be read says the strictest. */
static void misp_event_tag(struct import *in, struct bytes item)
{
    struct marking *t = &in->walk->event[in->walk->now - 1];
    json_t *tag = item_read(item);

    misp_tag(tag, &t->tlp, &t->pap);
    if (tag == NULL)
        t->tlp = TLP_RED;
    json_decref(tag);
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
    bool two = strchr(misp_types[type].type, '|') != NULL; /* a URL may hold a bar of its own */
    const uint8_t *bar = two ? memchr(value.data, '|', value.len) : NULL;
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

static void misp_read(struct import *in, const json_t *attribute, struct indicator_about a)
{
    struct bytes type = text_of(attribute, "type");
    size_t i = 0, types = sizeof misp_types / sizeof misp_types[0], n;
    const json_t *tag;

    while (i < types && !bytes_is(type, misp_types[i].type))
        i++;
    json_array_foreach(json_object_get(attribute, "Tag"), n, tag) misp_tag(tag, &a.tlp, &a.pap);
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

static void misp_attribute(struct import *in, struct bytes item)
{
    const struct marking *t = &in->walk->event[in->walk->now - 1];
    struct indicator_about a = in->usual;
    json_t *attribute = item_read(item);

    in->line = ++in->n.seen;
    a.tlp = tlp_stricter(a.tlp, t->tlp);
    a.pap = pap_stricter(a.pap, t->pap);
    if (attribute != NULL)
        misp_read(in, attribute, a);
    else
        item_refuse(in, item);
    json_decref(attribute);
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

/* An item of "list"; `token` is a text's, which is read as the list of one that it would be. */
static void warning_item(struct import *in, const struct walk_token *token, struct bytes whole)
{
    struct bytes type = in->walk->list_type;
    json_t *text = NULL;

    in->line = ++in->n.seen;
    if (token->kind == WALK_TEXT && whole.len <= IMPORT_ITEM)
        text = json_loadb((const char *)whole.data, whole.len, JSON_DECODE_ANY, NULL);
    if (text != NULL)
        warning_entry(in, type.len == 0 ? bytes_text("string") : type,
                      bytes_of(json_string_value(text), json_string_length(text)));
    else
        item_refuse(in, whole);
    json_decref(text);
}

/* ---- the walk ---- */

static enum place place_of(enum place in, const struct walk_token *t)
{
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (places[i].in == in && places[i].kind == t->kind &&
            (places[i].key == NULL || bytes_is(t->key, places[i].key)))
            return places[i].place;
    return PLACE_OTHER;
}

static void event_begins(struct import_walk *x)
{
    x->has_event = true;
    if (!x->telling && x->events == x->room) {
        x->room = x->room == 0 ? 16 : 2 * x->room;
        x->event = memory_resize(x->event, x->room, sizeof *x->event);
    }
    if (!x->telling)
        x->event[x->events++] = (struct marking){TLP_NONE, PAP_NONE};
    x->now++;
}

static bool is_item(enum place p)
{
    return p == PLACE_OBJECT || p == PLACE_TAG || p == PLACE_ATTRIBUTE;
}

static void opened(struct import_walk *x, enum place in, const struct walk_token *t)
{
    enum place p = place_of(in, t);

    x->place[x->walk.depth] = p;
    x->has_objects |= p == PLACE_OBJECTS;
    x->has_list |= p == PLACE_WARNINGS;
    if (p == PLACE_EVENT)
        event_begins(x);
    if (is_item(p)) {
        x->from = t->at;
        x->type = bytes_of("", 0);
        x->object += p == PLACE_OBJECT;
    }
}

/* An item has come to its end. */
static void item(struct import *in, enum place p, struct bytes whole)
{
    struct import_walk *x = in->walk;

    if (p == PLACE_TAG && !x->telling)
        misp_event_tag(in, whole);
    if (p == PLACE_ATTRIBUTE && x->telling && in->format == IMPORT_MISP)
        misp_attribute(in, whole);
    if (p == PLACE_OBJECT && !x->telling && bytes_is(x->type, "marking-definition"))
        stix_marking(in, whole);
    if (p == PLACE_OBJECT && x->telling && in->format == IMPORT_STIX &&
        bytes_is(x->type, "indicator")) {
        in->line = x->object;
        stix_object(in, whole);
    }
}

/* A member or an item of the container that lies at `in_place`. */
static void value(struct import *in, enum place in_place, const struct walk_token *t)
{
    struct import_walk *x = in->walk;
    const uint8_t *text = x->walk.in.over.data;

    if (t->kind == WALK_OBJECT || t->kind == WALK_LIST)
        opened(x, in_place, t);
    else if (in_place == PLACE_OBJECT && bytes_is(t->key, "type"))
        x->type = t->bytes;
    else if (in_place == PLACE_ROOT && bytes_is(t->key, "type"))
        x->list_type = t->bytes;
    if (in_place == PLACE_WARNINGS && x->telling && in->format == IMPORT_WARNING)
        warning_item(in, t, bytes_of(text + t->at, x->walk.in.at - t->at));
}

static void take(struct import *in, unsigned depth, const struct walk_token *t)
{
    struct import_walk *x = in->walk;
    const uint8_t *text = x->walk.in.over.data;

    if (t->kind != WALK_CLOSE)
        value(in, x->place[depth], t);
    else if (is_item(x->place[depth]))
        item(in, x->place[depth], bytes_of(text + x->from, x->walk.in.at - x->from));
}

/* What the text is, once it has been walked to its end. */
static enum import_format format_of(const struct import *in)
{
    const struct import_walk *x = in->walk;

    if (x->has_objects && in->format != IMPORT_MISP)
        return IMPORT_STIX;
    if (x->has_event && in->format != IMPORT_STIX)
        return IMPORT_MISP;
    return x->has_list && in->sink.text != NULL ? IMPORT_WARNING : IMPORT_UNKNOWN;
}

static void rewind_walk(struct import *in)
{
    in->walk->walk = walk_over(buf_view(&in->text), "RFC 8259: JSON");
    in->walk->object = in->walk->now = 0;
}

/* The text's end: of the first walk it is the second's begin. */
static bool ended(struct import *in, struct fault *out)
{
    struct import_walk *x = in->walk;
    enum import_format format = format_of(in);

    *out = x->walk.in.fault;
    if (fault_is(*out) || x->telling)
        return false;
    if (format == IMPORT_UNKNOWN) {
        *out = fault_make(FAULT_UNKNOWN, 0, "import: neither a STIX bundle nor a MISP event");
        return false;
    }
    in->format = format;
    x->telling = true;
    rewind_walk(in);
    return true;
}

bool import_json_step(struct import *in, struct fault *out)
{
    struct walk_token t;
    unsigned depth;
    size_t until;

    if (in->walk == NULL) {
        in->walk = memory_zeroed(1, sizeof *in->walk);
        in->walk->place[0] = PLACE_TEXT;
        rewind_walk(in);
    }
    *out = fault_none();
    until = in->walk->walk.in.at + IMPORT_STEP;
    while (in->walk->walk.in.at < until) {
        depth = in->walk->walk.depth;
        if (!walk_next(&in->walk->walk, &t))
            return ended(in, out);
        take(in, depth, &t);
    }
    return true;
}

void import_json_done(struct import *in)
{
    if (in->walk != NULL)
        free(in->walk->event);
    free(in->walk);
    in->walk = NULL;
}
