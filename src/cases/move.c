#include "cases/move.h"

/* clang-format off */
static const struct move moves[] = {   /* a move that is not here cannot happen; docs/cases.md draws the same */
    /* in state           this statement                      made by             goes to */
    { CASE_NONE,          KIND_NOTICE,    VARIANT_NONE,       MOVER_OPENER,       CASE_NOTIFIED     },
    { CASE_NOTIFIED,      KIND_ACK,       VARIANT_NONE,       MOVER_OTHER,        CASE_ACKNOWLEDGED },
    { CASE_NOTIFIED,      KIND_UPDATE,    VARIANT_NONE,       MOVER_EITHER,       CASE_NOTIFIED     },
    { CASE_NOTIFIED,      KIND_ANSWER,    VARIANT_PENDING,    MOVER_OTHER,        CASE_ACKNOWLEDGED },
    { CASE_NOTIFIED,      KIND_ANSWER,    VARIANT_NONE,       MOVER_OTHER,        CASE_ANSWERED     },
    { CASE_NOTIFIED,      KIND_CLOSE,     VARIANT_PROPOSE,    MOVER_EITHER,       CASE_CLOSING      },
    { CASE_ACKNOWLEDGED,  KIND_UPDATE,    VARIANT_NONE,       MOVER_EITHER,       CASE_ACKNOWLEDGED },
    { CASE_ACKNOWLEDGED,  KIND_ANSWER,    VARIANT_PENDING,    MOVER_OTHER,        CASE_ACKNOWLEDGED },
    { CASE_ACKNOWLEDGED,  KIND_ANSWER,    VARIANT_NONE,       MOVER_OTHER,        CASE_ANSWERED     },
    { CASE_ACKNOWLEDGED,  KIND_CLOSE,     VARIANT_PROPOSE,    MOVER_EITHER,       CASE_CLOSING      },
    { CASE_ANSWERED,      KIND_UPDATE,    VARIANT_NONE,       MOVER_EITHER,       CASE_ANSWERED     },
    { CASE_ANSWERED,      KIND_ANSWER,    VARIANT_NONE,       MOVER_OTHER,        CASE_ANSWERED     },
    { CASE_ANSWERED,      KIND_CLOSE,     VARIANT_PROPOSE,    MOVER_EITHER,       CASE_CLOSING      },
    { CASE_CLOSING,       KIND_CLOSE,     VARIANT_AGREE,      MOVER_NOT_PROPOSER, CASE_CLOSED       },
    /* Two proposals may cross on the way: they agree. So may words that were under way. */
    { CASE_CLOSING,       KIND_CLOSE,     VARIANT_PROPOSE,    MOVER_NOT_PROPOSER, CASE_CLOSED       },
    { CASE_CLOSING,       KIND_CLOSE,     VARIANT_REOPEN,     MOVER_NOT_PROPOSER, CASE_ACKNOWLEDGED },
    { CASE_CLOSING,       KIND_ACK,       VARIANT_NONE,       MOVER_OTHER,        CASE_CLOSING      },
    { CASE_CLOSING,       KIND_ANSWER,    VARIANT_PENDING,    MOVER_OTHER,        CASE_CLOSING      },
    { CASE_CLOSING,       KIND_ANSWER,    VARIANT_NONE,       MOVER_OTHER,        CASE_CLOSING      },
    { CASE_CLOSING,       KIND_UPDATE,    VARIANT_NONE,       MOVER_EITHER,       CASE_CLOSING      },
    { CASE_CLOSED,        KIND_CLOSE,     VARIANT_REOPEN,     MOVER_EITHER,       CASE_ACKNOWLEDGED },
    { CASE_NONE,          KIND_CHECK,     VARIANT_NONE,       MOVER_OPENER,       CASE_CHECKING     },
    { CASE_CHECKING,      KIND_CHECK,     VARIANT_RETURN,     MOVER_OTHER,        CASE_CHECKED      },
    { CASE_NONE,          KIND_SHARE,     VARIANT_NONE,       MOVER_OPENER,       CASE_SHARED       },
    { CASE_SHARED,        KIND_RETRACT,   VARIANT_NONE,       MOVER_OPENER,       CASE_SHARED       },
    { CASE_SHARED,        KIND_RETRACT,   VARIANT_WITHDRAW,   MOVER_OPENER,       CASE_WITHDRAWN    },
    { CASE_NONE,          KIND_AGREEMENT, VARIANT_PROPOSE,    MOVER_OPENER,       CASE_PROPOSED     },
    { CASE_PROPOSED,      KIND_AGREEMENT, VARIANT_AGREE,      MOVER_OTHER,        CASE_ACCEPTED     },
    { CASE_PROPOSED,      KIND_AGREEMENT, VARIANT_WITHDRAW,   MOVER_EITHER,       CASE_WITHDRAWN    },
};

/* The opening statement was rejected: nothing more is due. A REJECT of another statement, and a
 * RECEIPT, leave the state as it is, whatever it is. */
static const struct move rejected[] = {
    { CASE_NOTIFIED,      KIND_REJECT,    VARIANT_RETURN,     MOVER_OTHER,        CASE_REJECTED     },
    { CASE_CHECKING,      KIND_REJECT,    VARIANT_RETURN,     MOVER_OTHER,        CASE_REJECTED     },
    { CASE_SHARED,        KIND_REJECT,    VARIANT_RETURN,     MOVER_OTHER,        CASE_REJECTED     },
    { CASE_PROPOSED,      KIND_REJECT,    VARIANT_RETURN,     MOVER_OTHER,        CASE_REJECTED     },
};
/* clang-format on */

enum { MOVES = sizeof moves / sizeof *moves, REJECTED = sizeof rejected / sizeof *rejected };

static const char *const state_names[CASE_STATES] = {
    "none",    "notified", "acknowledged", "answered",  "closing", "closed",  "checking",
    "checked", "proposed", "accepted",     "withdrawn", "shared",  "rejected"};

const char *case_state_name(enum case_state state)
{
    return (size_t)state < CASE_STATES ? state_names[state] : "unknown";
}

enum case_state case_state_parse(struct bytes name)
{
    for (size_t i = 1; i < CASE_STATES; i++)
        if (bytes_is(name, state_names[i]))
            return (enum case_state)i;
    return CASE_NONE;
}

bool case_state_is_open(enum case_state state)
{
    switch (state) {
    case CASE_CLOSED:
    case CASE_CHECKED:
    case CASE_ACCEPTED:
    case CASE_WITHDRAWN:
    case CASE_SHARED:
    case CASE_REJECTED:
        return false;
    default:
        return true;
    }
}

static bool may(enum mover mover, enum case_side by, enum case_side proposer)
{
    switch (mover) {
    case MOVER_OPENER:
        return by == SIDE_OPENER;
    case MOVER_OTHER:
        return by == SIDE_OTHER;
    case MOVER_EITHER:
        return by != SIDE_NONE;
    case MOVER_NOT_PROPOSER:
        return by != SIDE_NONE && by != proposer;
    default:
        return false;
    }
}

static const struct move *find(const struct move *table, size_t count, const struct move *asked,
                               enum case_side by, enum case_side proposer)
{
    for (size_t i = 0; i < count; i++)
        if (table[i].in == asked->in && table[i].kind == asked->kind &&
            table[i].variant == asked->variant && may(table[i].by, by, proposer))
            return &table[i];
    return NULL;
}

const struct move *move_find(enum case_state in, enum kind kind, enum variant variant,
                             enum case_side by, enum case_side proposer)
{
    struct move asked = {.in = in, .kind = kind, .variant = variant};

    if (kind == KIND_REJECT)
        return find(rejected, REJECTED, &asked, by, proposer);
    return find(moves, MOVES, &asked, by, proposer);
}

const struct move *move_allowed(enum case_state in, enum case_side by, enum case_side proposer,
                                size_t i)
{
    for (size_t k = 0; k < MOVES; k++)
        if (moves[k].in == in && may(moves[k].by, by, proposer) && i-- == 0)
            return &moves[k];
    return NULL;
}

static const char *variant_words(const struct move *m)
{
    switch (m->variant) {
    case VARIANT_PENDING:
        return " (pending)";
    case VARIANT_PROPOSE:
        return " (proposal)";
    case VARIANT_AGREE:
        return m->kind == KIND_AGREEMENT ? " (accept)" : " (agree)";
    case VARIANT_REOPEN:
        return " (reopen)";
    case VARIANT_WITHDRAW:
        return m->kind == KIND_RETRACT ? " (all)" : " (withdraw)";
    case VARIANT_RETURN:
        return m->kind == KIND_CHECK ? " (return)" : " of what opened the case";
    default:
        return "";
    }
}

static void draw(const struct move *table, size_t count, struct buf *out)
{
    static const char *const movers[] = {"", "opener", "other", "either", "who did not propose"};

    for (size_t i = 0; i < count; i++)
        buf_print(out, "| %s | %s%s | %s | %s |\n", case_state_name(table[i].in),
                  kind_name(table[i].kind), variant_words(&table[i]), movers[table[i].by],
                  case_state_name(table[i].to));
}

void moves_draw(struct buf *out)
{
    buf_text(out, "| in state | this statement | made by | goes to |\n|---|---|---|---|\n");
    draw(moves, MOVES, out);
    draw(rejected, REJECTED, out);
}
