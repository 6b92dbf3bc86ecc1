/*
 * share.c - parley share, parley retract: a SHARE statement about STIX objects in a file, so that
 * the exchange may give exactly these bytes to the partner.
 *
 * The objects are read here, as judge would read them: one that may not go through the partner's
 * door is named before anybody signs. What is signed are their digests; the bytes get to the
 * exchange by any TAXII client that may write there.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cmd/args.h"
#include "cmd/disk.h"
#include "cmd/held.h"
#include "cmd/run.h"
#include "cmd/speak.h"
#include "crypto/digest.h"
#include "statement/fields.h"
#include "stix/judged.h"

/* Why an object cannot be shared, or NULL. `said` is room for it. */
static const char *wrong_with(const struct judged_object *o, char said[OBJECT_SAID])
{
    if (fault_is(o->fault)) {
        object_error_say(&o->error, said);
        return said;
    }
    if (!o->object.technical)
        return "R1: not a type of technical object that the parties exchange";
    if (o->object.tlp == TLP_RED)
        return "marking: what is red never leaves";
    return NULL;
}

static json_t *digest_text(struct bytes body)
{
    struct digest digest = digest_of(body);
    char text[64];

    base64_write(digest.byte, sizeof digest.byte, text);
    return json_string(text);
}

/* NULL, and *exit, if one of them cannot be shared. *strictest: of their markings. */
static json_t *digests_of(const struct call *call, const struct judged *j, enum tlp *strictest,
                          enum exit_code *exit)
{
    json_t *list = json_array();

    for (size_t i = 0; i < j->count; i++) {
        const struct judged_object *o = &j->list[i];
        char said[OBJECT_SAID];
        const char *wrong = wrong_with(o, said);

        if (wrong == NULL) {
            json_array_append_new(list, digest_text(o->body));
            *strictest = tlp_stricter(*strictest, o->object.tlp);
            continue;
        }
        *exit = say_error(call->say, EXIT_REFUSED, "refused", wrong, "leave it out of the file",
                          "object %zu cannot be shared: %s", i + 1,
                          fault_is(o->fault) ? o->error.id : o->object.id);
        json_decref(list);
        return NULL;
    }
    return list;
}

static enum exit_code share(const struct call *call, const struct judged *j)
{
    enum tlp strictest = TLP_NONE, said = TLP_NONE;
    const char *given = args_value(call->args, "--tlp");
    enum exit_code exit = EXIT_DONE;
    json_t *list, *ask;

    if (j->count == 0 || j->count > FIELD_OBJECTS)
        return say_error(call->say, EXIT_USAGE, "usage", "1 to 1024 objects go into one statement",
                         "split the file", "the file has %zu objects", j->count);
    list = digests_of(call, j, &strictest, &exit);
    if (list == NULL)
        return exit;
    if (given != NULL)
        said = tlp_parse(bytes_text(given));
    if (given == NULL ? strictest == TLP_NONE : said < strictest) {
        json_decref(list);
        return say_error(call->say, EXIT_REFUSED, "refused",
                         given == NULL ? "none of the objects has a marking"
                                       : "marking.below-its-source: an object is marked higher",
                         "parley share FILE --tlp TLP", "the statement needs a marking");
    }
    ask = json_pack("{s:s, s:{s:o}}", "kind", "SHARE", "fields", "objects", list);
    if (given == NULL)
        json_object_set_new(ask, "tlp", json_string(tlp_name(strictest)));
    return speak_draft(call, ask, NULL);
}

/* RETRACT of these objects of the case's SHARE; the node looks whether they are. */
static enum exit_code retract(const struct call *call, const struct judged *j)
{
    json_t *list = json_array();

    for (size_t i = 0; i < j->count; i++)
        json_array_append_new(list, digest_text(j->list[i].body));
    return speak_draft(call,
                       json_pack("{s:s, s:s, s:{s:o}}", "kind", "RETRACT", "case",
                                 call->args->word[0], "fields", "objects", list),
                       call->args->word[0]);
}

static enum exit_code with_file(const struct call *call, const char *path,
                                enum exit_code (*then)(const struct call *, const struct judged *))
{
    struct buf text = {0};
    struct judged judged;
    enum exit_code exit;
    struct fault f = disk_read(path, ENVELOPE_MAX, &text);

    if (fault_is(f))
        return disk_error(call->say, f, path);
    judged_read(buf_view(&text), &judged);
    held_marked(call, &judged);
    if (fault_is(judged.fault))
        exit = say_error(call->say, EXIT_FAILED, fault_word(judged.fault.kind), judged.fault.rule,
                         NULL, "%s is no bundle and no envelope: byte %zu", path, judged.fault.at);
    else
        exit = then(call, &judged);
    judged_done(&judged);
    buf_done(&text);
    return exit;
}

enum exit_code share_run(const struct call *call)
{
    return with_file(call, call->args->word[0], share);
}

enum exit_code retract_run(const struct call *call)
{
    const char *case_id = call->args->word[0];

    return call->args->words > 1
               ? with_file(call, call->args->word[1], retract)
               : speak_draft(call, json_pack("{s:s, s:s}", "kind", "RETRACT", "case", case_id),
                             case_id);
}
