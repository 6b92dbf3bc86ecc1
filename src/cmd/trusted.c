#include "cmd/trusted.h"

#include "cmd/args.h"
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

void trusted_done(struct trusted *t)
{
    buf_done(&t->ca);
}
