#include "base/text.h"
#include "desk/state.h"
#include "ipc/asking.h"
#include "model/marking.h"
#include "statement/fields.h"

/*
 * What exchange may give to a partner: the objects whose digests stand in a SHARE of ours. The
 * statement passed release control, officers signed it and keeper asked them again; it is stored
 * before exchange hears of it. Exchange keeps what it was told, and is told all again at its start.
 */

static void digests_read(const json_t *list, struct buf *out, uint32_t *count)
{
    const json_t *item;
    size_t i;

    json_array_foreach(list, i, item)
    {
        uint8_t digest[32];
        struct bytes text = bytes_of(json_string_value(item), json_string_length(item));

        if (*count == ASKING_RELEASED || !base64_read(text, digest, sizeof digest))
            continue;
        buf_add(out, digest, sizeof digest);
        (*count)++;
    }
}

void share_tell(struct desk_pact *p, const struct disclosed *share)
{
    struct releasing r = {.agreement = bytes_text(p->now->id),
                          .tlp = (uint8_t)tlp_parse(bytes_text(disclosed_text(share, "tlp")))};
    struct buf digests = {0}, body = {0};

    digests_read(disclosed_value(share, "objects"), &digests, &r.count);
    r.digests = buf_view(&digests);
    releasing_write(&r, &body);
    p->desk->host.send(p->desk->host.context, PROCESS_EXCHANGE, MESSAGE_RELEASED, buf_view(&body));
    buf_done(&digests);
    buf_done(&body);
}

/* Only what stands under a signed head: stored_at is the time at which it was stored. */
static struct fault tell_all(struct desk_pact *p)
{
    struct rows r = store_ask(p->desk->store, QUERY_STATEMENT_KIND,
                              STORE_WITH(value_text(p->now->id), value_text(p->own->id),
                                         value_text(kind_name(KIND_SHARE))));

    while (rows_next(&r)) {
        struct disclosed *said;

        if (!row_has(&r, 18) || fault_is(disclosed_parse(row_bytes(&r, 11), &said)))
            continue;
        share_tell(p, said);
        disclosed_free(said);
    }
    return rows_done(&r);
}

void share_start(struct desk *d)
{
    for (size_t i = 0; i < d->pact_count; i++)
        if (fault_is(tell_all(&d->pact[i])))
            alarm_raise(&d->pact[i], "store", "what was shared cannot be read");
}
