#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "crypto/random.h"
#include "desk/state.h"
#include "release/holds.h"
#include "release/release.h"
#include "statement/case_id.h"
#include "statement/fields.h"
#include "statement/notice.h"
#include "statement/type.h"
#include "json/profile.h"

/* Who may draft and release: CONTACT statements that the root keys signed. */

json_t *officers_enrol(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    struct bytes document = bytes_text(ask_text(ask, "document"));
    struct registry *trial;
    struct disclosed *d = NULL;
    struct digest leaf;
    json_t *failed;
    struct fault f = disclosed_parse(document, &d);

    if (fault_is(f))
        return answer_fault(f, "this is no CONTACT document", "parley officer add --help");
    trial = registry_copy(p->registry);
    f = registry_apply(trial, p->now, p->own, d);
    registry_free(trial);
    if (fault_is(f)) {
        disclosed_free(d);
        return answer_fault(f, "the officer cannot be enrolled so",
                            "sign the document with the party's root key");
    }
    failed = pact_silence(p);
    if (failed == NULL)
        failed = say_by_root(p, KIND_CONTACT, document, "the officer was not enrolled", &leaf);
    if (failed != NULL) {
        disclosed_free(d);
        return failed;
    }
    wait_for(p->desk, &leaf,
             json_pack("{s:i, s:b, s:o, s:s, s:s}", "v", 1, "ok", 1, "leaf", json_digest(&leaf),
                       "officer", disclosed_text(d, "officer"), "state",
                       disclosed_text(d, "state")),
             say, client);
    disclosed_free(d);
    commit_go(p);
    return NULL;
}

/* One of each suite, "," between them. */
static void write_keys(const struct contact *c, struct buf *suites, struct buf *keys,
                       struct buf *fingerprints)
{
    for (size_t i = 0; i < c->keys; i++) {
        const struct contact_key *key = &c->key[i];
        const char *gap = i == 0 ? "" : ",";
        char fingerprint[FINGERPRINT_TEXT];

        fingerprint_write(suite_key_id(key->suite, bytes_of(key->byte, key->len)), fingerprint);
        buf_print(suites, "%s%s", gap, suite_name(key->suite));
        buf_print(fingerprints, "%s%s", gap, fingerprint);
        buf_text(keys, gap);
        buf_base64(keys, key->byte, key->len);
    }
}

json_t *officers_list(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    json_t *answer = answer_good(), *list = json_array();
    const struct contact *c;

    (void)ask;
    (void)say;
    (void)client;
    for (size_t i = 0; (c = registry_at(p->registry, i)) != NULL; i++) {
        struct buf suites = {0}, keys = {0}, fingerprints = {0};
        json_t *roles = json_array();

        if ((c->roles & OFFICER_DRAFTER) != 0)
            json_array_append_new(roles, json_string("drafter"));
        if ((c->roles & OFFICER_RELEASER) != 0)
            json_array_append_new(roles, json_string("releaser"));
        write_keys(c, &suites, &keys, &fingerprints);
        json_array_append_new(list,
                              json_pack("{s:s, s:o, s:s, s:s, s:s, s:s}", "officer", c->officer,
                                        "role", roles, "suite", buf_str(&suites), "key",
                                        buf_str(&keys), "fingerprint", buf_str(&fingerprints),
                                        "state", c->appointed ? "appointed" : "withdrawn"));
        buf_done(&suites);
        buf_done(&keys);
        buf_done(&fingerprints);
    }
    json_object_set_new(answer, "officers", list);
    return answer;
}
