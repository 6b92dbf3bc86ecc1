/* agreement_say.c - parley agreement propose, accept: a later version, handed to the node and then
 * spoken about by officers like anything else */
#include <string.h>

#include "cmd/answer.h"
#include "cmd/args.h"
#include "cmd/ask.h"
#include "cmd/disk.h"
#include "cmd/rooted.h"
#include "cmd/run.h"
#include "cmd/speak.h"

/* The node gets the canonical text and the signatures, and says which case they belong to. */
static json_t *hand_over(const struct call *call, const struct agreement *a,
                         const struct buf *signatures, const char *step, enum exit_code *exit)
{
    char command[32];
    json_t *ask = json_pack("{ss%,ss%}", "text", (const char *)a->canonical.data, a->canonical.len,
                            "signatures", (const char *)signatures->data, signatures->len);

    snprintf(command, sizeof command, "agreement.%s", step);
    return ask_node(call, command, ask, exit);
}

static json_t *statement_of(const struct agreement *a, const char *step, const json_t *held)
{
    struct buf digest = {0};
    json_t *members;

    buf_base64(&digest, a->digest, sizeof a->digest);
    members = json_pack("{ss,s{ss,si,ss}}", "kind", "AGREEMENT", "fields", "step", step,
                        "terms.version", (int)a->version, "terms.digest", buf_str(&digest));
    if (answer_text(held, "case")[0] != '\0')
        json_object_set(members, "case", json_object_get(held, "case"));
    buf_done(&digest);
    return members;
}

enum exit_code agreement_say(const struct call *call)
{
    const char *step = strchr(call->command->name, ' ') + 1;
    struct buf text = {0}, signatures = {0};
    enum exit_code code = EXIT_FAILED;
    struct agreement *a =
        rooted_agreement(call->say, call->args->word[0], &text, &signatures, &code);
    json_t *held = a != NULL ? hand_over(call, a, &signatures, step, &code) : NULL;

    if (held != NULL)
        code = speak_draft(call, statement_of(a, step, held), NULL);
    json_decref(held);
    agreement_free(a);
    buf_done(&text);
    buf_done(&signatures);
    return code;
}
