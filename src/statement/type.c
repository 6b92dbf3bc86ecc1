#include "statement/type.h"

#define A DUTY_ACK
#define N DUTY_ANSWER

/* clang-format off */
static const struct type types[] = {
    /* kind            what                                                  auto   case   now    officers          starts         stops */
    { KIND_CHECK,      "communications check; the node returns it",          false, true,  true,  OFFICERS_ONE,     DUTY_CHECK,    DUTY_CHECK },
    { KIND_RECEIPT,    "the node has these bytes; no meaning",               true,  true,  true,  OFFICERS_NONE,    0,             DUTY_RECEIPT },
    { KIND_ACK,        "an officer has read it; who has it; no admission",   false, true,  true,  OFFICERS_ONE,     0,             A },
    { KIND_REJECT,     "cannot be processed, by this ground",                true,  true,  true,  OFFICERS_NONE,    0,             A | N | DUTY_CLOSE | DUTY_CHECK },
    { KIND_CONTACT,    "an officer is appointed or withdrawn",               false, false, true,  OFFICERS_NONE,    0,             0 },
    { KIND_WARNING,    "early warning: suspected, little known",             false, true,  false, OFFICERS_ARTICLE, A,             0 },
    { KIND_NOTICE,     "notification: article, facts, evidence, request",    false, true,  true,  OFFICERS_ARTICLE, A | N,         0 },
    { KIND_UPDATE,     "new facts, or what a withheld field was",            false, true,  true,  OFFICERS_ARTICLE, 0,             0 },
    { KIND_INQUIRY,    "request for information or explanation",             false, true,  false, OFFICERS_ARTICLE, A | DUTY_INQUIRY, 0 },
    { KIND_ASSIST,     "request for technical help",                         false, true,  false, OFFICERS_ARTICLE, A | N,         0 },
    { KIND_PRESERVE,   "keep named technical records until a date",          false, true,  false, OFFICERS_TWO,     A | N,         0 },
    { KIND_LEGAL,      "a law-enforcement request exists: its reference",    false, true,  false, OFFICERS_TWO,     A,             0 },
    { KIND_ANSWER,     "the answer: granted, part, declined, pending, done", false, true,  true,  OFFICERS_ARTICLE, DUTY_CLOSE,    A | N | DUTY_INQUIRY },
    { KIND_DISPUTE,    "contests a named statement",                         false, true,  false, OFFICERS_TWO,     A | N,         0 },
    { KIND_CONSULT,    "asks for consultation, in bounded text",             false, true,  false, OFFICERS_TWO,     A | N,         0 },
    { KIND_CLOSE,      "proposes to close, agrees, or opens again",          false, true,  true,  OFFICERS_ARTICLE, A | N | DUTY_CLOSE, DUTY_CLOSE },
    { KIND_SHARE,      "threat information, rule, tool, advisory",           false, true,  true,  OFFICERS_ONE,     0,             0 },
    { KIND_SIGHTING,   "seen, not seen, false positive, expired",            false, true,  false, OFFICERS_ONE,     0,             0 },
    { KIND_CONSENT,    "asks, grants, refuses or revokes onward release",    false, true,  false, OFFICERS_TWO,     N,             N },
    { KIND_RETRACT,    "withdraws objects that a SHARE released",           false, true,  true,  OFFICERS_ONE,     0,             0 },
    { KIND_DESTROY,    "asks for destruction, or certifies it",              false, true,  false, OFFICERS_TWO,     N,             N },
    { KIND_AGREEMENT,  "proposes, accepts or withdraws a version",           false, true,  true,  OFFICERS_TWO,     N,             N },
    { KIND_CHECKPOINT, "ledger head; a frame of the link, never an entry",   true,  false, false, OFFICERS_NONE,    0,             0 },
    { KIND_EXERCISE,   "opens or closes an exercise",                        false, true,  false, OFFICERS_TWO,     A,             0 },
};
/* clang-format on */

const char *duty_name(enum duty duty)
{
    switch (duty) {
    case DUTY_RECEIPT:
        return "receipt";
    case DUTY_ACK:
        return "ack";
    case DUTY_ANSWER:
        return "answer";
    case DUTY_INQUIRY:
        return "inquiry";
    case DUTY_CLOSE:
        return "close";
    case DUTY_CHECK:
        return "check";
    default:
        return "none";
    }
}

const struct type *type_find(enum kind kind)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].kind == kind)
            return &types[i];
    return NULL;
}

bool type_is_automatic(enum kind kind, bool answers)
{
    const struct type *t = type_find(kind);

    if (kind == KIND_EVIDENCE || (kind == KIND_CHECK && answers))
        return true;
    return t != NULL && t->automatic && t->in_case; /* CHECKPOINT is a frame, never an entry */
}

bool type_wants_receipt(enum kind kind, bool answers)
{
    const struct type *t = type_find(kind);

    return t != NULL && t->in_case && !type_is_automatic(kind, answers);
}

bool type_is_rooted(enum kind kind)
{
    return kind == KIND_GENESIS || kind == KIND_KEYS || kind == KIND_CONTACT;
}
