#include "desk/anchor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "json/profile.h"

/* What outsiders said of our heads and the partner's: brought by a person, handed on in bundles.
 * Desk does not open them: whom to trust is the reader's to say (proof/anchor.h). */

enum { NAME = 80 };

/* "anchor.ours.rfc3161" is the list of sizes, ".SIZE" behind it one anchor. */
static void name_of(bool theirs, enum anchor_kind kind, uint64_t size, char *out)
{
    int n = snprintf(out, NAME, "anchor.%s.%s", theirs ? "theirs" : "ours", anchor_kind_name(kind));

    if (size != 0)
        snprintf(out + n, NAME - (size_t)n, ".%llu", (unsigned long long)size);
}

static struct fault check_note(struct desk_pact *p, bool theirs, struct bytes text,
                               struct checkpoint *out)
{
    const struct note_signer *author =
        theirs ? &p->peer_keys.tenure.author : &p->own_keys.tenure.author;
    const struct note_signer *cosigner =
        theirs ? &p->own_keys.tenure.cosigner : &p->peer_keys.tenure.cosigner;
    const struct ledger *log = theirs ? p->mirror.log : p->log;
    struct digest root;
    struct note n;
    struct fault f = note_verify_checkpoint(text, bytes_text(author->name), author, out, &n);

    if (!fault_is(f))
        f = note_verify(&n, cosigner, NULL);
    if (!fault_is(f))
        f = ledger_root_at(log, out->size, &root);
    if (!fault_is(f) && !digest_equal(&root, &out->root))
        f = fault_make(FAULT_MISMATCH, 0, "a head of another history");
    return f;
}

/* The list of sizes with one more, ascending; false if it is there already. */
static bool list_with(const struct buf *list, uint64_t size, struct buf *out)
{
    struct buf copy = {0};
    bool put = false, had = false;
    char *rest = NULL;

    buf_bytes(&copy, buf_view(list));
    buf_str(&copy);
    for (char *word = strtok_r((char *)copy.data, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest)) {
        uint64_t one = strtoull(word, NULL, 10);

        had = had || one == size;
        if (!put && one > size) {
            buf_print(out, "%s%llu", out->len != 0 ? " " : "", (unsigned long long)size);
            put = true;
        }
        buf_print(out, "%s%llu", out->len != 0 ? " " : "", (unsigned long long)one);
    }
    if (!put)
        buf_print(out, "%s%llu", out->len != 0 ? " " : "", (unsigned long long)size);
    buf_done(&copy);
    return !had;
}

static struct fault keep(struct desk_pact *p, bool theirs, enum anchor_kind kind, uint64_t size,
                         const json_t *anchor)
{
    char name[NAME];
    struct buf list = {0}, longer = {0}, text = {0};
    struct fault f = store_begin(p->desk->store);

    json_canonical(anchor, &text);
    name_of(theirs, kind, size, name);
    if (!fault_is(f))
        f = state_put(p, name, buf_str(&text));
    name_of(theirs, kind, 0, name);
    state_get(p, name, &list);
    if (!fault_is(f) && list_with(&list, size, &longer))
        f = state_put(p, name, buf_str(&longer));
    if (!fault_is(f))
        f = store_commit(p->desk->store);
    else
        store_rollback(p->desk->store);
    buf_done(&list);
    buf_done(&longer);
    buf_done(&text);
    return f;
}

json_t *anchor_add(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    enum anchor_kind kind = anchor_kind_parse(bytes_text(ask_text(ask, "kind")));
    bool theirs = strcmp(ask_text(ask, "log"), "theirs") == 0;
    const char *note = ask_text(ask, "note"), *data = ask_text(ask, "data");
    struct checkpoint c;
    json_t *anchor, *answer;
    size_t size = 0;
    struct fault f;

    (void)say;
    (void)client;
    if (kind == ANCHOR_NONE || !base64_size(bytes_text(data), &size) || size == 0 ||
        size > ANCHOR_DATA_MAX)
        return answer_error("syntax", 1, "this is no anchor", "PROTOCOL.bundle section 4",
                            "parley ledger anchor import");
    if (p->log == NULL || !p->mirror_open)
        return answer_error("not-found", 8, "the logs are not open yet", "", "parley status");
    f = check_note(p, theirs, bytes_text(note), &c);
    if (fault_is(f))
        return answer_fault(f, "the anchor is over no binding head of this log",
                            "parley ledger anchor request");
    anchor = json_pack("{s:s, s:s}", "note", note, "data", data);
    f = keep(p, theirs, kind, c.size, anchor);
    json_decref(anchor);
    if (fault_is(f))
        return answer_fault(f, "the anchor could not be kept", "parley doctor");
    answer = answer_good();
    json_object_set_new(answer, "size", json_integer((json_int_t)c.size));
    return answer;
}

/* The smallest size that covers everything up to `index`, else the largest; 0 if there is none. */
static uint64_t choose(const struct buf *list, uint64_t index)
{
    struct buf copy = {0};
    uint64_t chosen = 0;
    char *rest = NULL;

    buf_bytes(&copy, buf_view(list));
    buf_str(&copy);
    for (char *word = strtok_r((char *)copy.data, " ", &rest); word != NULL && chosen <= index;
         word = strtok_r(NULL, " ", &rest))
        chosen = strtoull(word, NULL, 10);
    buf_done(&copy);
    return chosen;
}

bool anchor_find(struct desk_pact *p, bool theirs, enum anchor_kind kind, uint64_t index,
                 struct anchor_kept *out)
{
    char name[NAME];
    struct buf text = {0};
    json_t *anchor;
    size_t size = 0;

    *out = (struct anchor_kept){.kind = kind};
    name_of(theirs, kind, 0, name);
    state_get(p, name, &text);
    out->size = choose(&text, index);
    buf_clear(&text);
    if (out->size != 0) {
        name_of(theirs, kind, out->size, name);
        state_get(p, name, &text);
    }
    anchor = text.len == 0 ? NULL : json_loads(buf_str(&text), 0, NULL);
    buf_done(&text);
    if (anchor == NULL)
        return false;
    buf_text(&out->note, ask_text(anchor, "note"));
    if (base64_size(bytes_text(ask_text(anchor, "data")), &size) && size <= ANCHOR_DATA_MAX) {
        buf_need(&out->data, size);
        if (base64_read(bytes_text(ask_text(anchor, "data")), out->data.data, size))
            out->data.len = size;
    }
    json_decref(anchor);
    return out->data.len != 0;
}
