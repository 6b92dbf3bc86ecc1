#include "stix/observed.h"

#include <stdlib.h>

#include "base/memory.h"
#include "stix/observing.h"

static const char rule[] = "STIX 2.1 section 4.14: observed-data";

struct reading {
    struct observed *o;
    json_t *objects; /* owned: id -> object, of all bundles */
    struct fault fault;
    struct observed_error error;
};

static bool fail(struct reading *r, enum fault_kind kind, const char *why)
{
    if (!fault_is(r->fault)) {
        r->fault = fault_make(kind, 0, rule);
        r->error.why = why;
    }
    return false;
}

static struct bytes text_of(const json_t *v)
{
    return bytes_of(json_string_value(v), json_string_length(v));
}

static bool is_of_type(const json_t *object, const char *type)
{
    const json_t *v = json_object_get(object, "type");

    return json_is_string(v) && strcmp(json_string_value(v), type) == 0;
}

/* ---- objects ---- */

/* STIX's own objects beside the observables: nothing that was observed. */
static bool is_observable(struct bytes type)
{
    static const char *const others[] = {
        "attack-pattern",
        "bundle",
        "campaign",
        "course-of-action",
        "grouping",
        "identity",
        "extension-definition",
        "incident",
        "indicator",
        "infrastructure",
        "intrusion-set",
        "language-content",
        "location",
        "malware",
        "malware-analysis",
        "marking-definition",
        "note",
        "observed-data",
        "opinion",
        "relationship",
        "report",
        "sighting",
        "threat-actor",
        "tool",
        "vulnerability",
    };

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (bytes_is(type, others[i]))
            return false;
    return true;
}

static bool add_root(struct reading *r, struct bytes id, const json_t *object, bool is_any_type)
{
    struct observed *o = r->o;
    struct root root = {.id = id, .object = object};

    if (!json_is_object(object))
        return fail(r, FAULT_SYNTAX, "an object among the observed objects");
    root.type = text_of(json_object_get(object, "type"));
    if (root.type.data == NULL || (!is_any_type && !is_observable(root.type)))
        return true;
    if (o->roots == OBSERVED_OBJECTS)
        return fail(r, FAULT_LIMIT, "at most 1048576 observed objects");
    if (o->roots == o->roots_room) {
        o->roots_room = o->roots_room * 2 + 16;
        o->root = memory_resize(o->root, o->roots_room, sizeof *o->root);
    }
    o->root[o->roots++] = root;
    return true;
}

static bool add_dictionary(struct reading *r, const json_t *objects)
{
    void *it = json_object_iter((json_t *)(uintptr_t)objects);

    for (; it != NULL; it = json_object_iter_next((json_t *)(uintptr_t)objects, it)) {
        const char *id = json_object_iter_key(it);

        if (!add_root(r, bytes_text(id), json_object_iter_value(it), true))
            return false;
    }
    return true;
}

/* A reference that leads nowhere is nobody's fault: the object was not sent along. */
static bool add_references(struct reading *r, const json_t *refs)
{
    size_t i;
    const json_t *ref;

    json_array_foreach(refs, i, ref)
    {
        const json_t *object;

        if (!json_is_string(ref))
            return fail(r, FAULT_SYNTAX, "object_refs of ids");
        object = json_object_getn(r->objects, json_string_value(ref), json_string_length(ref));
        if (object != NULL && !add_root(r, text_of(ref), object, false))
            return false;
    }
    return true;
}

static int by_id(const void *a, const void *b)
{
    return bytes_compare(((const struct root *)a)->id, ((const struct root *)b)->id);
}

const struct root *observed_find(const struct observed *o, const struct observation *in,
                                 struct bytes id)
{
    struct root key = {.id = id};

    return in->roots == 0 ? NULL
                          : bsearch(&key, o->root + in->first_root, in->roots, sizeof key, by_id);
}

/* ---- observations ---- */

static bool read_time(struct reading *r, const json_t *data, const char *name, struct moment *out)
{
    const json_t *v = json_object_get(data, name);

    if (!json_is_string(v))
        return fail(r, FAULT_MISSING, "first_observed and last_observed in observed-data");
    return !fault_is(moment_parse(text_of(v), false, out)) ||
           fail(r, FAULT_RANGE, "first_observed and last_observed as YYYY-MM-DDThh:mm:ssZ");
}

static bool read_number(struct reading *r, const json_t *data, struct observation *out)
{
    const json_t *v = json_object_get(data, "number_observed");

    if (!json_is_integer(v))
        return fail(r, FAULT_MISSING, "number_observed in observed-data, a whole number");
    out->number = json_integer_value(v);
    return out->number >= 1 || fail(r, FAULT_RANGE, "number_observed of at least 1");
}

static bool read_objects(struct reading *r, const json_t *data, struct observation *out)
{
    const json_t *refs = json_object_get(data, "object_refs");
    const json_t *objects = json_object_get(data, "objects");
    bool good;

    out->first_root = r->o->roots;
    if (json_is_array(refs))
        good = add_references(r, refs);
    else if (json_is_object(objects))
        good = add_dictionary(r, objects);
    else
        good = fail(r, FAULT_MISSING, "object_refs or objects in observed-data");
    out->roots = r->o->roots - out->first_root;
    if (good && out->roots > 1)
        qsort(r->o->root + out->first_root, out->roots, sizeof *r->o->root, by_id);
    return good;
}

static bool add_observation(struct reading *r, const json_t *data)
{
    struct observed *o = r->o;
    struct observation seen = {.number = 0};

    if (o->count == OBSERVED_MAX)
        return fail(r, FAULT_LIMIT, "at most 65536 observed-data");
    if (!read_time(r, data, "first_observed", &seen.first) ||
        !read_time(r, data, "last_observed", &seen.last) || !read_number(r, data, &seen) ||
        !read_objects(r, data, &seen))
        return false;
    if (moment_compare(seen.first, seen.last) > 0)
        return fail(r, FAULT_RANGE, "a last_observed that is not before first_observed");
    if (o->count == o->room) {
        o->room = o->room * 2 + 4;
        o->list = memory_resize(o->list, o->room, sizeof *o->list);
    }
    o->list[o->count++] = seen;
    return true;
}

/* ---- bundles ---- */

/* An object can be named across the bundles of one question. Of two with one id the later one
 * holds. */
static bool collect_bundle(struct reading *r, const json_t *bundle)
{
    json_t *objects = json_object_get(bundle, "objects"), *object;
    size_t i;

    if (!json_is_array(objects))
        return fail(r, FAULT_MISSING, "objects in the bundle");
    json_array_foreach(objects, i, object)
    {
        const json_t *id = json_object_get(object, "id");

        if (!json_is_object(object) || !json_is_string(json_object_get(object, "type")))
            return fail(r, FAULT_SYNTAX, "objects with a type in the bundle");
        if (json_is_string(id))
            (void)json_object_setn(r->objects, json_string_value(id), json_string_length(id),
                                   object);
    }
    return true;
}

static bool read_bundle(struct reading *r, const json_t *bundle)
{
    const json_t *object;
    size_t i;

    json_array_foreach(json_object_get(bundle, "objects"), i, object)
    {
        if (is_of_type(object, "observed-data") && !add_observation(r, object))
            return false;
    }
    return true;
}

static bool collect_item(struct reading *r, const json_t *item)
{
    if (is_of_type(item, "bundle"))
        return collect_bundle(r, item);
    if (!json_is_object(item)) /* its type is not looked at: suites spell it in many ways */
        return fail(r, FAULT_SYNTAX, "a bundle or an observed-data");
    r->o->stix20 = true;
    return true;
}

static bool read_item(struct reading *r, const json_t *item)
{
    return is_of_type(item, "bundle") ? read_bundle(r, item) : add_observation(r, item);
}

static bool each(struct reading *r, const json_t *input,
                 bool (*with)(struct reading *, const json_t *))
{
    const json_t *item;

    r->error.item = 0;
    if (!json_is_array(input))
        return with(r, input);
    json_array_foreach(input, r->error.item, item)
    {
        if (!with(r, item))
            return false;
    }
    return true;
}

struct fault observed_read(const json_t *input, struct observed **out, struct observed_error *error)
{
    struct reading r = {.o = memory_zeroed(1, sizeof *r.o), .objects = json_object()};

    if (each(&r, input, collect_item))
        (void)each(&r, input, read_item);
    json_decref(r.objects);
    if (error != NULL)
        *error = r.error;
    if (fault_is(r.fault))
        observed_free(r.o);
    else
        *out = r.o;
    return r.fault;
}

void observed_free(struct observed *o)
{
    if (o == NULL)
        return;
    free(o->list);
    free(o->root);
    free(o);
}

size_t observed_count(const struct observed *o)
{
    return o->count;
}

bool observed_is_stix20(const struct observed *o)
{
    return o->stix20;
}
