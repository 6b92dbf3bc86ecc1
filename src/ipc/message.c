#include "ipc/message.h"

#include <stddef.h>

const char *process_name(enum process p)
{
    static const char *const names[PROCESS_COUNT] = {"none",  "parent", "gate",   "judge",
                                                     "watch", "desk",   "keeper", "exchange"};

    return (size_t)p < PROCESS_COUNT ? names[p] : "unknown";
}

const char *message_name(enum message_type type)
{
    static const struct {
        enum message_type type;
        const char *name;
    } names[] = {
        {MESSAGE_SETUP, "setup"},
        {MESSAGE_FILE, "file"},
        {MESSAGE_CHANNEL, "channel"},
        {MESSAGE_GO, "go"},
        {MESSAGE_STOP, "stop"},
        {MESSAGE_READY, "ready"},
        {MESSAGE_RELOAD, "reload"},
        {MESSAGE_REOPEN, "reopen"},
        {MESSAGE_LISTS, "lists"},
        {MESSAGE_SETTINGS, "settings"},
        {MESSAGE_LINK_UP, "link-up"},
        {MESSAGE_LINK_DOWN, "link-down"},
        {MESSAGE_FRAME, "frame"},
        {MESSAGE_SEND, "send"},
        {MESSAGE_CLOSE, "close"},
        {MESSAGE_JUDGED, "judged"},
        {MESSAGE_BAD, "bad"},
        {MESSAGE_SIGN, "sign"},
        {MESSAGE_COSIGN, "cosign"},
        {MESSAGE_PEER, "peer"},
        {MESSAGE_HELLO_SIGN, "hello-sign"},
        {MESSAGE_KEEPER_STATE, "keeper-state"},
        {MESSAGE_SIGNED, "signed"},
        {MESSAGE_SIGN_REFUSED, "sign-refused"},
        {MESSAGE_COSIGNED, "cosigned"},
        {MESSAGE_COSIGN_REFUSED, "cosign-refused"},
        {MESSAGE_HELLO_SIGNED, "hello-signed"},
        {MESSAGE_CATCH_UP, "catch-up"},
        {MESSAGE_KEEPER_REFUSED, "keeper-refused"},
        {MESSAGE_WATCH_START, "watch-start"},
        {MESSAGE_WATCH_COMMITTED, "watch-committed"},
        {MESSAGE_WATCH_COMMIT, "watch-commit"},
        {MESSAGE_ASK, "ask"},
        {MESSAGE_FORGET, "forget"},
        {MESSAGE_ANSWER, "answer"},
        {MESSAGE_ADMIT, "admit"},
        {MESSAGE_POSTED, "posted"},
        {MESSAGE_ENVELOPE, "envelope"},
        {MESSAGE_RELEASED, "released"},
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].type == type)
            return names[i].name;
    return "unknown";
}
