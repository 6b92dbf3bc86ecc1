/* agreement_diff.c - parley agreement diff: what changes between two versions, one line each. */
#include <stdlib.h>

#include "cmd/agreement.h"
#include "cmd/args.h"
#include "cmd/run.h"
#include "json/profile.h"

/* Adds { member, old, new } to `out`; a side that is not there is left out. */
static void add_change(json_t *out, const char *path, const json_t *old, const json_t *new)
{
    json_t *row = json_pack("{s:s}", "member", path);

    if (old != NULL)
        json_object_set_new(row, "old", json_deep_copy(old));
    if (new != NULL)
        json_object_set_new(row, "new", json_deep_copy(new));
    json_array_append_new(out, row);
}

/* What an item of a list is known by: its id, suite or name, or, if it has none, its bytes. */
static void item_name(const json_t *item, struct buf *out)
{
    static const char *const names[] = {"id", "suite", "name"};

    buf_clear(out);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *id = json_string_value(json_object_get(item, names[i]));

        if (id != NULL) {
            buf_text(out, id);
            return;
        }
    }
    json_canonical(item, out);
}

/* A list as an object from names to items, so that each is found at once. Owned. */
static json_t *by_name(const json_t *list)
{
    json_t *out = json_object();
    struct buf name = {0};

    for (size_t i = 0; i < json_array_size(list); i++) {
        item_name(json_array_get(list, i), &name);
        json_object_set(out, buf_str(&name), json_array_get(list, i));
    }
    buf_done(&name);
    return out;
}

/* The names of the list's items that the other list has too, in order, one a line. */
static void shared_names(const json_t *list, const json_t *other_by_name, struct buf *out)
{
    struct buf name = {0};

    for (size_t i = 0; i < json_array_size(list); i++) {
        item_name(json_array_get(list, i), &name);
        if (json_object_get(other_by_name, buf_str(&name)) != NULL)
            buf_print(out, "%s\n", buf_str(&name));
    }
    buf_done(&name);
}

static void diff(json_t *out, const char *path, const json_t *old, const json_t *new);

static void diff_member(json_t *out, const char *path, const char *name, bool item,
                        const json_t *old, const json_t *new)
{
    struct buf deeper = {0};

    if (item && (json_is_object(old) || json_is_object(new)))
        buf_print(&deeper, "%s[%s]", path, name);
    else if (item)
        buf_print(&deeper, "%s", path);
    else
        buf_print(&deeper, "%s%s%s", path, path[0] == '\0' ? "" : ".", name);
    diff(out, buf_str(&deeper), old, new);
    buf_done(&deeper);
}

static void diff_members(json_t *out, const char *path, bool items, json_t *old, json_t *new)
{
    const char *name;
    json_t *value;

    json_object_foreach(old, name, value)
        diff_member(out, path, name, items, value, json_object_get(new, name));
    json_object_foreach(new, name, value) if (json_object_get(old, name) == NULL)
        diff_member(out, path, name, items, NULL, value);
}

static void diff_lists(json_t *out, const char *path, const json_t *old, const json_t *new)
{
    json_t *a = by_name(old), *b = by_name(new);
    struct buf before = {0}, after = {0}, place = {0};

    diff_members(out, path, true, a, b);
    shared_names(old, b, &before);
    shared_names(new, a, &after);
    if (!bytes_equal(buf_view(&before), buf_view(&after))) {
        json_t *was = json_string(buf_str(&before)), *is = json_string(buf_str(&after));

        buf_print(&place, "%s (order)", path);
        add_change(out, buf_str(&place), was, is);
        json_decref(was);
        json_decref(is);
    }
    json_decref(a);
    json_decref(b);
    buf_done(&before);
    buf_done(&after);
    buf_done(&place);
}

static void diff(json_t *out, const char *path, const json_t *old, const json_t *new)
{
    if (json_is_object(old) && json_is_object(new))
        diff_members(out, path, false, (json_t *)(uintptr_t)old, (json_t *)(uintptr_t) new);
    else if (json_is_array(old) && json_is_array(new))
        diff_lists(out, path, old, new);
    else if (old == NULL || new == NULL || !json_equal(old, new))
        add_change(out, path, old, new);
}

static json_t *tree_of(const struct agreement *a)
{
    json_t *tree = NULL;

    if (fault_is(json_read_canonical(a->canonical,
                                     (struct json_limits){a->canonical.len, JSON_DEPTH}, &tree)))
        tree = json_object(); /* cannot be: the agreement wrote it */
    return tree;
}

static char *shown(struct say *s, const json_t *value)
{
    struct buf b = {0};
    char *text;

    if (value == NULL)
        buf_text(&b, "(not there)");
    else
        json_canonical(value, &b);
    text = say_outside(s, buf_str(&b));
    buf_done(&b);
    return text;
}

static void print_change(struct say *s, const json_t *row)
{
    const json_t *old = json_object_get(row, "old"), *new = json_object_get(row, "new");
    char *path = say_outside(s, json_string_value(json_object_get(row, "member")));
    char *was = shown(s, old), *is = shown(s, new);

    if (old == NULL)
        say_data(s, "+ %s: %s\n", path, is);
    else if (new == NULL)
        say_data(s, "- %s: %s\n", path, was);
    else
        say_data(s, "~ %s: %s -> %s\n", path, was, is);
    free(path);
    free(was);
    free(is);
}

static const char *succession(struct fault f)
{
    if (f.kind == FAULT_ORDER)
        return "it is not the next version";
    return fault_is(f) ? "it has another id, party, suite or root key" : "";
}

static enum exit_code answer(struct say *s, json_t *changes, struct fault follows)
{
    size_t i;
    json_t *row;

    if (s->json) {
        say_json(s, json_pack("{s:o, s:b, s:s}", "changes", changes, "follows", !fault_is(follows),
                              "why-not", succession(follows)));
        return EXIT_DONE;
    }
    json_array_foreach(changes, i, row) print_change(s, row);
    if (json_array_size(changes) == 0)
        say_note(s, "the two are the same\n");
    else if (fault_is(follows))
        say_note(s, "note: the second cannot take over from the first: %s\n", succession(follows));
    json_decref(changes);
    return EXIT_DONE;
}

enum exit_code run_agreement_diff(const struct call *call)
{
    enum exit_code code = EXIT_DONE;
    struct agreement *old = agreement_file_read(call->say, call->args->word[0], &code);
    struct agreement *new =
        old == NULL ? NULL : agreement_file_read(call->say, call->args->word[1], &code);

    if (new != NULL) {
        json_t *a = tree_of(old), *b = tree_of(new), *changes = json_array();

        diff(changes, "", a, b);
        code = answer(call->say, changes, agreement_follows(old, new));
        json_decref(a);
        json_decref(b);
    }
    agreement_free(old);
    agreement_free(new);
    return code;
}
