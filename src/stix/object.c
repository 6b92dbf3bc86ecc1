#include "stix/object.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"
#include "stix/catalogue.h"
#include "stix/pattern.h"

bool object_type_is_technical(struct bytes type)
{
    const struct catalogue_type *row = catalogue_find(type);

    return row != NULL && row->technical;
}

/* ---- what is being read -----------------------------------------------------------------------
 */

struct reading {
    const json_t *tree;
    struct fault fault;
    struct object_error error;
};

static void fail(struct reading *r, enum fault_kind kind, const char *property, const char *format,
                 ...) __attribute__((format(printf, 4, 5)));

/* A text that was cut may end amid a character, which no JSON can say. */
static void end_whole(char *text)
{
    text[utf8_bad(bytes_text(text))] = '\0';
}

static void fail(struct reading *r, enum fault_kind kind, const char *property, const char *format,
                 ...)
{
    va_list list;

    if (fault_is(r->fault))
        return;
    r->fault = fault_make(kind, 0, "STIX 2.1");
    snprintf(r->error.property, sizeof r->error.property, "%s", property);
    va_start(list, format);
    vsnprintf(r->error.why, sizeof r->error.why, format, list);
    va_end(list);
    end_whole(r->error.property);
    end_whole(r->error.why);
}

/* A text, or NULL: absent, or, which is a fault, something else. */
static const char *text_of(struct reading *r, const char *name)
{
    const json_t *v = json_object_get(r->tree, name);

    if (v == NULL)
        return NULL;
    if (!json_is_string(v) || json_string_length(v) != strlen(json_string_value(v))) {
        fail(r, FAULT_SYNTAX, name, "is not a string");
        return NULL;
    }
    return json_string_value(v);
}

/* Section 2.13 "timestamp": RFC 3339, Z. False if it is absent or wrong. */
static bool time_of(struct reading *r, const char *name, struct instant *out)
{
    const char *text = text_of(r, name);

    if (text == NULL)
        return false;
    if (fault_is(instant_fraction_parse(bytes_text(text), out))) {
        fail(r, FAULT_SYNTAX, name, "is no time as 2026-11-25T09:22:17.000Z");
        return false;
    }
    return true;
}

/* ---- ids and references -----------------------------------------------------------------------
 */

static bool is_type_name(struct bytes type)
{
    if (type.len < 3 || type.len > 250 || type.data[0] == '-' || type.data[type.len - 1] == '-')
        return false;
    for (size_t i = 0; i < type.len; i++) {
        uint8_t c = type.data[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
            return false;
        if (c == '-' && type.data[i - 1] == '-')
            return false;
    }
    return true;
}

bool uuid_is_good(struct bytes text)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

    if (text.len != sizeof form - 1)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');

        if (form[i] == '-' ? c != '-' : !hex)
            return false;
    }
    return true;
}

bool object_id_is_good(struct bytes id)
{
    enum { UUID = 36 };

    return id.len > UUID + 2 && memcmp(id.data + id.len - UUID - 2, "--", 2) == 0 &&
           is_type_name(bytes_of(id.data, id.len - UUID - 2)) &&
           uuid_is_good(bytes_of(id.data + id.len - UUID, UUID));
}

/* What the standard lets nobody name there. `row` NULL: it says nothing. */
static void check_named(struct reading *r, const char *name, const struct catalogue_reference *row,
                        struct bytes id)
{
    const char *end = memmem(id.data, id.len, "--", 2);
    struct bytes type = bytes_of(id.data, (size_t)(end - (const char *)id.data));
    char may[OBJECT_WHY / 2];

    if (row == NULL || fault_is(r->fault) || catalogue_reference_fits(row, type))
        return;
    catalogue_reference_say(row, may, sizeof may);
    fail(r, FAULT_RANGE, name, "names a %.*s, and may name %s",
         (int)(type.len > 32 ? 32 : type.len), (const char *)type.data, may);
    snprintf(r->error.section, sizeof r->error.section, "%s", row->section);
}

static void check_ref(struct reading *r, const char *name, const struct catalogue_reference *row,
                      const json_t *v)
{
    struct bytes id = bytes_of(json_string_value(v), json_string_length(v));

    if (!json_is_string(v))
        fail(r, FAULT_SYNTAX, name, "is not an identifier");
    else if (!object_id_is_good(id))
        fail(r, FAULT_SYNTAX, name, "is no identifier as type--uuid");
    else
        check_named(r, name, row, id);
}

static void check_refs(struct reading *r, const char *name, const struct catalogue_reference *row,
                       const json_t *list)
{
    if (!json_is_array(list) || json_array_size(list) == 0)
        fail(r, FAULT_SYNTAX, name, "is not a list of identifiers with at least one in it");
    for (size_t i = 0; i < json_array_size(list) && !fault_is(r->fault); i++)
        check_ref(r, name, row, json_array_get(list, i));
}

static bool ends_with(const char *name, const char *end)
{
    size_t a = strlen(name), b = strlen(end);

    return a >= b && strcmp(name + a - b, end) == 0;
}

/* "the property name MUST end with _ref or _refs" (section 3.1): so the name says the form. In
 * spec 2.0 an observable inside observed-data refers by a short key; those are not at this level.
 * A custom type has the properties that are everybody's, and its own as it likes.
 */
static void check_references(struct reading *r, const struct object *o, bool custom)
{
    json_t *tree = (json_t *)(uintptr_t)r->tree;

    for (void *i = json_object_iter(tree); i != NULL; i = json_object_iter_next(tree, i)) {
        const char *name = json_object_iter_key(i);
        bool many = ends_with(name, "_refs");
        const struct catalogue_reference *row;

        if (!many && !ends_with(name, "_ref"))
            continue;
        row = catalogue_refers(o->type, name);
        if (custom && row == NULL)
            continue;
        if (many)
            check_refs(r, name, row, json_object_iter_value(i));
        else
            check_ref(r, name, row, json_object_iter_value(i));
    }
}

/* ---- the parts of an object -------------------------------------------------------------------
 */

static void read_identity(struct reading *r, struct object *o)
{
    const char *type = text_of(r, "type"), *id = text_of(r, "id");
    size_t length = type == NULL ? 0 : strlen(type);

    if (type == NULL || id == NULL)
        fail(r, FAULT_MISSING, type == NULL ? "type" : "id", "is required");
    else if (strcmp(type, "bundle") == 0)
        fail(r, FAULT_RANGE, "type", "is bundle, which is no object: send what is in it");
    else if (!is_type_name(bytes_text(type)))
        fail(r, FAULT_SYNTAX, "type", "is no type name: 3 to 250 of a-z, 0-9, -");
    else if (!object_id_is_good(bytes_text(id)))
        fail(r, FAULT_SYNTAX, "id", "is no identifier as type--uuid");
    else if (strncmp(id, type, length) != 0 || strncmp(id + length, "--", 2) != 0)
        fail(r, FAULT_SYNTAX, "id", "begins with another type than the object's");
    else {
        snprintf(o->type, sizeof o->type, "%s", type);
        snprintf(o->id, sizeof o->id, "%s", id);
    }
}

/* Section 3.2: a domain object that does not say it is of STIX 2.0; an observable that does not is
 * of 2.1, where it stands by itself. */
static void read_spec(struct reading *r, const struct catalogue_type *row, struct object *o)
{
    const char *spec = text_of(r, "spec_version");
    bool names_itself = row != NULL && row->family != FAMILY_OBSERVABLE;

    if (spec == NULL)
        spec = names_itself ? "2.0" : "2.1";
    if (strcmp(spec, "2.0") != 0 && strcmp(spec, "2.1") != 0)
        fail(r, FAULT_RANGE, "spec_version", "is neither 2.0 nor 2.1");
    else
        snprintf(o->spec, sizeof o->spec, "%s", spec);
}

static void read_version(struct reading *r, const struct catalogue_type *row, struct object *o)
{
    bool domain = catalogue_is_versioned(row);
    struct instant created = {0}, modified = {0};
    bool has_created = time_of(r, "created", &created);
    bool has_modified = time_of(r, "modified", &modified);

    if (!has_created && (domain || (row != NULL && row->family == FAMILY_MARKING)))
        fail(r, FAULT_MISSING, "created", "is required");
    if (!has_modified && domain)
        fail(r, FAULT_MISSING, "modified", "is required");
    if (has_created && has_modified && modified.us < created.us)
        fail(r, FAULT_ORDER, "modified", "is earlier than created");
    o->has_version = has_modified || has_created;
    o->version = has_modified ? modified : created;
}

static void check_required(struct reading *r, const struct catalogue_type *row)
{
    for (size_t i = 0; row != NULL && i < CATALOGUE_REQUIRED && row->required[i] != NULL; i++)
        if (json_object_get(r->tree, row->required[i]) == NULL)
            fail(r, FAULT_MISSING, row->required[i], "is required of this type");
}

/* "MUST NOT be earlier than", section by section: the second is at or after, or after, the first.
 */
static const struct {
    const char *type, *first, *second;
    bool strictly;
} orders[] = {
    {"indicator", "valid_from", "valid_until", true},
    {"observed-data", "first_observed", "last_observed", false},
    {"sighting", "first_seen", "last_seen", false},
    {"campaign", "first_seen", "last_seen", false},
    {"infrastructure", "first_seen", "last_seen", false},
    {"intrusion-set", "first_seen", "last_seen", false},
    {"malware", "first_seen", "last_seen", false},
    {"threat-actor", "first_seen", "last_seen", false},
    {"relationship", "start_time", "stop_time", true},
};

static void check_orders(struct reading *r, const struct object *o)
{
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        struct instant first, second;

        if (strcmp(o->type, orders[i].type) != 0 || !time_of(r, orders[i].first, &first) ||
            !time_of(r, orders[i].second, &second))
            continue;
        if (second.us < first.us || (orders[i].strictly && second.us == first.us))
            fail(r, FAULT_ORDER, orders[i].second, "is not after %s", orders[i].first);
    }
}

static void check_pattern(struct reading *r, const struct object *o)
{
    const char *pattern = text_of(r, "pattern"), *kind = text_of(r, "pattern_type");
    struct pattern_error wrong = {0};
    struct pattern *parsed = NULL;

    if (strcmp(o->type, "indicator") != 0 || pattern == NULL || kind == NULL ||
        strcmp(kind, "stix") != 0)
        return;
    if (fault_is(pattern_parse(bytes_text(pattern), NULL, &parsed, &wrong)))
        fail(r, FAULT_SYNTAX, "pattern", "column %zu: expected %s", wrong.column,
             wrong.expected == NULL ? "another pattern" : wrong.expected);
    pattern_free(parsed);
}

/* An observed-data has objects or object_refs; a hash-named object without a value is none. */
static void check_whole(struct reading *r, const struct object *o)
{
    bool objects = json_object_get(r->tree, "objects") != NULL;
    bool refs = json_object_get(r->tree, "object_refs") != NULL;

    if (strcmp(o->type, "observed-data") == 0 && objects == refs)
        fail(r, FAULT_MISSING, "object_refs", "exactly one of objects and object_refs is required");
}

/* One that is not TLP's is remembered, for who knows what it says. */
static void add_other(struct object *o, struct bytes id)
{
    for (size_t i = 0; i < o->other_count; i++)
        if (bytes_is(id, o->other[i]))
            return;
    if (o->other_count == OBJECT_OTHERS ||
        !bytes_to_text(id, o->other[o->other_count], OBJECT_MARKING))
        o->tlp_own = TLP_RED;
    else
        o->other_count++;
}

/* An unknown marking is the strictest: only what says TLP lowers nothing else. */
static void add_marking(struct object *o, struct bytes id)
{
    o->tlp = tlp_stricter(o->tlp, tlp_read(id));
    if (tlp_marking_is_known(id))
        o->tlp_own = tlp_stricter(o->tlp_own, tlp_read(id));
    else
        add_other(o, id);
}

/* Section 7.2.3: a marking of a part. It names a definition, or else a language. */
static void read_granular(struct reading *r, struct object *o, const json_t *v)
{
    const json_t *ref = json_object_get(v, "marking_ref");

    if (!json_is_object(v))
        fail(r, FAULT_SYNTAX, "granular_markings", "has something that is no object in it");
    else if (ref != NULL)
        check_ref(r, "granular_markings", catalogue_refers(NULL, "object_marking_refs"), ref);
    if (ref != NULL && !fault_is(r->fault))
        add_marking(o, bytes_of(json_string_value(ref), json_string_length(ref)));
}

/* An object goes out whole, so the strictest of its parts is the object's. */
static void read_markings(struct reading *r, struct object *o)
{
    const json_t *list = json_object_get(r->tree, "object_marking_refs");
    const json_t *parts = json_object_get(r->tree, "granular_markings");

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *v = json_array_get(list, i);

        if (!json_is_string(v))
            return; /* check_references said so */
        add_marking(o, bytes_of(json_string_value(v), json_string_length(v)));
    }
    if (parts != NULL && !json_is_array(parts))
        fail(r, FAULT_SYNTAX, "granular_markings", "is not a list");
    for (size_t i = 0; i < json_array_size(parts) && !fault_is(r->fault); i++)
        read_granular(r, o, json_array_get(parts, i));
}

/* STIX has no marking for PAP; MISP and others write it as a label, "PAP:AMBER". */
static void read_pap(struct reading *r, struct object *o)
{
    const json_t *list = json_object_get(r->tree, "labels");

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *v = json_array_get(list, i);
        struct bytes label = bytes_of(json_string_value(v), json_string_length(v));

        if (json_is_string(v) && label.len > 4 &&
            strncasecmp((const char *)label.data, "pap:", 4) == 0)
            o->pap = pap_stricter(o->pap, pap_read(label));
    }
}

/* Its own word for how long it is good; for indicators alone does it mean that. */
static void read_end(struct reading *r, struct object *o)
{
    o->ends = strcmp(o->type, "indicator") == 0 && time_of(r, "valid_until", &o->until);
}

static void read_revoked(struct reading *r, struct object *o)
{
    const json_t *v = json_object_get(r->tree, "revoked");

    if (v != NULL && !json_is_boolean(v))
        fail(r, FAULT_SYNTAX, "revoked", "is neither true nor false");
    o->revoked = json_is_true(v);
}

/* ---- what a technical type holds (R1) -----------------------------------------------------------
 */

static bool is_of_a_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

/* Every "type:" of a pattern outside its quoted texts; the pattern was parsed before. */
static bool pattern_is_technical(const char *pattern)
{
    for (const char *p = pattern; *p != '\0';) {
        size_t len = 0;

        if (*p == '\'') {
            for (p++; *p != '\0' && *p != '\''; p++)
                p += *p == '\\' && p[1] != '\0';
            p += *p != '\0';
            continue;
        }
        while (is_of_a_word(p[len]))
            len++;
        if (len > 0 && p[len] == ':' && !object_type_is_technical(bytes_of(p, len)))
            return false;
        p += len > 0 ? len : 1;
    }
    return true;
}

/* The objects inside (2.0's form), or those referred to. */
static bool observed_is_technical(const struct reading *r)
{
    const json_t *inside = json_object_get(r->tree, "objects"), *value;
    const json_t *refs = json_object_get(r->tree, "object_refs");
    const char *name;
    size_t i;

    json_object_foreach((json_t *)(uintptr_t)inside, name, value)
    {
        const char *type = json_string_value(json_object_get(value, "type"));

        if (type == NULL || !object_type_is_technical(bytes_text(type)))
            return false;
    }
    json_array_foreach(refs, i, value)
    {
        const char *id = json_string_value(value);
        const char *end = id == NULL ? NULL : strstr(id, "--");

        if (end == NULL || !object_type_is_technical(bytes_of(id, (size_t)(end - id))))
            return false;
    }
    return true;
}

/* A technical type is no wrapping for content or persons. */
static bool inside_is_technical(struct reading *r, const struct object *o)
{
    const char *pattern = text_of(r, "pattern"), *kind = text_of(r, "pattern_type");

    if (strcmp(o->type, "indicator") == 0 && pattern != NULL && kind != NULL &&
        strcmp(kind, "stix") == 0)
        return pattern_is_technical(pattern);
    return strcmp(o->type, "observed-data") != 0 || observed_is_technical(r);
}

static void read_object(struct reading *r, struct object *o)
{
    const struct catalogue_type *row;

    read_identity(r, o);
    if (fault_is(r->fault))
        return;
    row = catalogue_find(bytes_text(o->type));
    o->technical = row != NULL && row->technical;
    read_spec(r, row, o);
    read_version(r, row, o);
    check_required(r, row);
    check_references(r, o, row == NULL);
    check_orders(r, o);
    check_pattern(r, o);
    check_whole(r, o);
    o->technical = o->technical && inside_is_technical(r, o);
    read_revoked(r, o);
    read_markings(r, o);
    read_pap(r, o);
    read_end(r, o);
}

/* ---- by which rule -----------------------------------------------------------------------------
 */

/* The section that a property stands in; "" where only the text as a whole is wrong. */
static const char *section_of(const char *property, const struct catalogue_type *row)
{
    static const struct {
        const char *property, *section;
    } common[] = {{"", ""},
                  {"id", "2.9"},
                  {"type", "3.2"},
                  {"spec_version", "3.2"},
                  {"created", "3.2"},
                  {"modified", "3.2"},
                  {"revoked", "3.2"},
                  {"labels", "3.2"},
                  {"granular_markings", "7.2.3"}};

    for (size_t i = 0; i < sizeof common / sizeof common[0]; i++)
        if (strcmp(property, common[i].property) == 0)
            return common[i].section;
    if (ends_with(property, "_ref") || ends_with(property, "_refs"))
        return "2.9";
    return row == NULL ? "" : row->section;
}

void object_error_say(const struct object_error *e, char out[OBJECT_SAID])
{
    snprintf(out, OBJECT_SAID, "%s%s%s (STIX 2.1%s%s)", e->property, e->property[0] ? " " : "",
             e->why, e->section[0] != '\0' ? " section " : "", e->section);
}

/* ---- the bytes --------------------------------------------------------------------------------
 */

/* jansson recurses: the depth is known before it sees a byte. */
static bool is_too_deep(struct bytes text)
{
    unsigned depth = 0;
    bool inside = false;

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];

        if (inside && c == '\\')
            i++;
        else if (c == '"')
            inside = !inside;
        else if (!inside && (c == '{' || c == '[') && ++depth > OBJECT_DEPTH)
            return true;
        else if (!inside && (c == '}' || c == ']') && depth > 0)
            depth--;
    }
    return false;
}

static json_t *load(struct reading *r, struct bytes text)
{
    json_error_t error;
    json_t *tree = NULL;

    if (text.len > OBJECT_MAX)
        fail(r, FAULT_LIMIT, "", "is larger than %d bytes", OBJECT_MAX);
    else if (is_too_deep(text))
        fail(r, FAULT_LIMIT, "", "is nested deeper than %d", OBJECT_DEPTH);
    else if ((tree = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES,
                                &error)) == NULL) {
        bool twice = json_error_code(&error) == json_error_duplicate_key;

        fail(r, twice ? FAULT_DUPLICATE : FAULT_SYNTAX, "", "line %d column %d: %s", error.line,
             error.column, error.text);
    } else if (!json_is_object(tree))
        fail(r, FAULT_SYNTAX, "", "is not a JSON object");
    return tree;
}

struct fault object_parse(struct bytes text, struct object *out, struct object_error *error)
{
    struct reading r = {0};
    struct object o = {0};
    json_t *tree = load(&r, text);

    r.tree = tree;
    if (!fault_is(r.fault))
        read_object(&r, &o);
    json_decref(tree);
    if (!fault_is(r.fault))
        *out = o;
    else if (error != NULL) {
        *error = r.error;
        memcpy(error->id, o.id, sizeof error->id);
        if (error->section[0] == '\0')
            snprintf(error->section, sizeof error->section, "%s",
                     section_of(error->property, catalogue_find(bytes_text(o.type))));
    }
    return r.fault;
}
