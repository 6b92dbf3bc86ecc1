#include "cmd/trusted.h"

#include "cmd/answer.h"
#include "cmd/args.h"
#include "cmd/ask.h"
#include "cmd/disk.h"
#include "cmd/say.h"

enum exit_code trusted_read(const struct call *call, struct trusted *out)
{
    const char *ca = args_value(call->args, "--tsa"), *vkey;
    struct fault f;

    if (ca != NULL) {
        f = disk_read(ca, STAMP_CA_MAX, &out->ca);
        if (fault_is(f))
            return disk_error(call->say, f, ca);
        out->trust.ca = buf_view(&out->ca);
    }
    for (size_t i = 0; (vkey = args_many(call->args, "--witness", i)) != NULL; i++) {
        f = anchor_trust_add(&out->trust, bytes_text(vkey));
        if (fault_is(f))
            return say_error(call->say, EXIT_USAGE, "usage", f.rule,
                             "a witness's key is NAME+HEX+BASE64 of type 04",
                             "--witness %s is not understood", vkey);
    }
    return EXIT_DONE;
}

enum { VERSIONS = 16 /* of one agreement, that a node obeys; ipc/setup.h */ };

static size_t read_agreements(const json_t *answer, struct agreement **out)
{
    json_t *one;
    size_t i, count = 0;

    json_array_foreach(answer_list(answer, "agreements"), i,
                       one) if (count < VERSIONS &&
                                !fault_is(agreement_parse(bytes_text(answer_text(one, "text")),
                                                          true, &out[count], NULL))) count++;
    return count;
}

enum exit_code trusted_agreed(const struct call *call, struct trusted *t)
{
    struct anchor_trust said = t->trust;
    struct agreement *agreed[VERSIONS];
    enum exit_code code;
    json_t *a = ask_node(call, "agreement.show", NULL, &code);
    size_t count;

    if (a == NULL)
        return code;
    count = read_agreements(a, agreed);
    json_decref(a);
    anchor_trust_agreed(&said, agreed, count, &t->agreed_ca, &t->trust);
    for (size_t i = 0; i < count; i++)
        agreement_free(agreed[i]);
    return EXIT_DONE;
}

void trusted_done(struct trusted *t)
{
    buf_done(&t->ca);
    buf_done(&t->agreed_ca);
}
