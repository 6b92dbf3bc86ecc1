#include <stdio.h>

#include "desk/state.h"
#include "hotline/hello.h"
#include "keeper/order.h"

/* The HELLO of a link: said by us, signed by keeper over the channel's own secret. */

void greet_say(struct desk_pact *p, const struct conversation_action *a)
{
    struct buf entry = {0}, bytes = {0}, body = {0};
    struct frame_hello hello = {.agreement = bytes_text(p->now->id),
                                .version = p->now->version,
                                .agreement_digest = bytes_of(p->now->digest, 32),
                                .party = bytes_text(p->own->id),
                                .time = (uint64_t)instant_seconds(p->desk->now),
                                .genesis_document = buf_view(&p->genesis),
                                .head = p->mirror_open ? mirror_cosigned_note(&p->mirror)
                                                       : bytes_text("")};
    struct order_hello order = {.agreement = bytes_text(p->now->id), .link = a->link};

    if (fault_is(ledger_read(p->log, 0, &entry))) {
        talk_close(p, a->link, "our genesis is not signed yet");
        buf_done(&entry);
        return;
    }
    hello.genesis_entry = buf_view(&entry);
    keys_greet(p, &hello);
    buf_clear(&p->hello);
    frame_hello_say(&hello, &p->hello);
    p->hello_link = a->link;
    hello_bytes(p->exporter, p->link_dialled ? HELLO_DIALLER : HELLO_LISTENER, buf_view(&p->hello),
                &bytes);
    order.bytes = buf_view(&bytes);
    order_hello_write(&order, &body);
    talk_send(p, PROCESS_KEEPER, MESSAGE_HELLO_SIGN, &body);
    buf_done(&entry);
    buf_done(&bytes);
    buf_done(&body);
}

struct fault greet_signed(struct desk_pact *p, struct cursor *in)
{
    struct conversation_actions actions = {.count = 0};
    uint32_t link = cursor_u32(in);
    struct bytes suite = cursor_part(in, FRAME_SUITES),
                 signature = cursor_part(in, FRAME_SIGNATURES);

    cursor_end(in);
    if (!cursor_ok(in) || link != p->hello_link || !p->link_up || p->link != link)
        return in->fault;
    frame_hello_sign(suite, signature, &p->hello);
    talk_send_frame(p, link, FRAME_HELLO, &p->hello);
    conversation_hello_sent(&p->talk, link, p->desk->tick, &actions);
    talk_act(p, &actions);
    return fault_none();
}

/* Keeper was started anew while it was to sign our HELLO: it is asked again. */
void greet_again(struct desk_pact *p)
{
    struct conversation_action hello = {.what = CONVERSATION_HELLO, .link = p->talk.link};

    if (p->log != NULL && p->link_up && p->talk.up && p->talk.hello_asked && !p->talk.hello_sent)
        greet_say(p, &hello);
}
