#include "cases/case.h"

#include "statement/type.h"

static const char *const urgency_names[] = {"none", "routine", "priority", "immediate"};

const char *urgency_name(enum urgency urgency)
{
    return (size_t)urgency < 4 ? urgency_names[urgency] : "unknown";
}

enum urgency urgency_parse(struct bytes name)
{
    for (size_t i = 1; i < 4; i++)
        if (bytes_is(name, urgency_names[i]))
            return (enum urgency)i;
    return URGENCY_NONE;
}

const char *due_state_name(enum due_state state)
{
    static const char *const names[] = {"none", "waiting", "running", "ending",
                                        "kept", "late",    "overdue", "dropped"};

    return (size_t)state < sizeof names / sizeof *names ? names[state] : "unknown";
}

enum variant variant_of(enum kind kind, const char *field, bool answers_opening)
{
    static const struct {
        enum kind kind;
        const char *field;
        enum variant variant;
    } variants[] = {
        {KIND_ANSWER, "pending", VARIANT_PENDING},      {KIND_CLOSE, "proposal", VARIANT_PROPOSE},
        {KIND_CLOSE, "agree", VARIANT_AGREE},           {KIND_CLOSE, "reopen", VARIANT_REOPEN},
        {KIND_AGREEMENT, "propose", VARIANT_PROPOSE},   {KIND_AGREEMENT, "accept", VARIANT_AGREE},
        {KIND_AGREEMENT, "withdraw", VARIANT_WITHDRAW}, {KIND_RETRACT, "all", VARIANT_WITHDRAW},
    };

    if ((kind == KIND_CHECK || kind == KIND_REJECT) && answers_opening)
        return VARIANT_RETURN;
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++)
        if (variants[i].kind == kind && strcmp(variants[i].field, field) == 0)
            return variants[i].variant;
    return VARIANT_NONE;
}

/* Which field says what a statement of this kind does; statement/fields.h has them. */
static const char *variant_field(enum kind kind)
{
    switch (kind) {
    case KIND_ANSWER:
        return "result";
    case KIND_CLOSE:
    case KIND_AGREEMENT:
    case KIND_RETRACT:
        return "step";
    default:
        return "";
    }
}

struct case_said case_said_of(const struct entry *e, const struct digest *leaf,
                              const struct disclosed *d, enum case_side by,
                              const struct case_life *life)
{
    struct case_said said = {.kind = e->kind,
                             .by = by,
                             .class = e->class,
                             .leaf = *leaf,
                             .has_answers = e->has_answers,
                             .answers = e->answers,
                             .stored = e->time};

    said.variant = variant_of(e->kind, d == NULL ? "" : disclosed_text(d, variant_field(e->kind)),
                              e->has_answers && digest_equal(&e->answers, &life->opening));
    if (d == NULL)
        return said;
    said.urgency = urgency_parse(bytes_text(disclosed_text(d, "urgency")));
    if (fault_is(instant_parse(bytes_text(disclosed_text(d, "until")), &said.until)))
        said.until = (struct instant){0};
    return said;
}

const uint32_t *case_clocks(const struct agreement *a, const struct disclosed *opening)
{
    const struct article *article =
        opening == NULL ? NULL : agreement_article(a, disclosed_text(opening, "article"));

    return article == NULL ? a->clocks : article->clocks;
}

static enum clock_kind clock_of(unsigned duty, enum urgency urgency)
{
    switch (duty) {
    case DUTY_RECEIPT:
        return CLOCK_RECEIPT;
    case DUTY_ACK:
        return urgency == URGENCY_IMMEDIATE  ? CLOCK_ACK_IMMEDIATE
               : urgency == URGENCY_PRIORITY ? CLOCK_ACK_PRIORITY
                                             : CLOCK_ACK_ROUTINE;
    case DUTY_ANSWER:
        return CLOCK_ANSWER;
    case DUTY_INQUIRY:
        return CLOCK_INQUIRY;
    case DUTY_CLOSE:
        return CLOCK_CLOSE;
    case DUTY_CHECK:
        return CLOCK_CHECK;
    default:
        return CLOCK_NONE;
    }
}

static bool is_live(const struct due *d)
{
    return d->state == DUE_WAITING || d->state == DUE_RUNNING || d->state == DUE_ENDING ||
           d->state == DUE_OVERDUE;
}

static void begin(struct due *d, struct instant at)
{
    d->state = DUE_RUNNING;
    d->began = at;
    d->due.us = at.us + (int64_t)d->seconds * 1000000;
}

static bool is_over(const struct due *d)
{
    return d->state == DUE_KEPT || d->state == DUE_LATE || d->state == DUE_DROPPED;
}

/* Would anything be told otherwise without it? A RECEIPT that came tells a silent node from a
 * silent officer as long as another clock of its statement can still become overdue. */
static bool is_needed(const struct case_life *life, const struct due *d)
{
    if (!is_over(d))
        return true;
    for (size_t i = 0; d->duty == DUTY_RECEIPT && i < life->due_count; i++)
        if (is_live(&life->due[i]) && digest_equal(&life->due[i].from, &d->from))
            return true;
    return false;
}

/* Forgets the oldest clock that is over; what was late is kept as long as there is another. */
static bool make_room(struct case_life *life)
{
    size_t found = life->due_count;

    for (size_t i = 0; i < life->due_count; i++) {
        if (is_needed(life, &life->due[i]))
            continue;
        if (life->due[i].state != DUE_LATE) {
            found = i;
            break;
        }
        if (found == life->due_count)
            found = i;
    }
    if (found == life->due_count)
        return false;
    life->gone_kept += life->due[found].state == DUE_KEPT;
    life->gone_late += life->due[found].state == DUE_LATE;
    memmove(&life->due[found], &life->due[found + 1],
            (life->due_count - found - 1) * sizeof life->due[0]);
    life->due_count--;
    return true;
}

/* Statements make new duties due; one that is live already is not owed twice. */
static struct fault start(struct case_life *life, const struct case_said *said, unsigned duty,
                          const uint32_t clocks[CLOCK_KINDS])
{
    enum case_side owes = side_other(said->by);
    struct due *d;

    for (size_t i = 0; i < life->due_count; i++)
        if (duty != DUTY_RECEIPT && life->due[i].duty == duty && life->due[i].owes == owes &&
            is_live(&life->due[i]))
            return fault_none();
    if (life->due_count == CASE_CLOCKS && !make_room(life))
        return fault_make(FAULT_LIMIT, 0, "docs/cases.md: at most 64 clocks that are not over");
    d = &life->due[life->due_count++];
    *d = (struct due){.duty = duty, .owes = owes, .state = DUE_WAITING, .from = said->leaf};
    d->clock = clock_of(duty, life->urgency);
    d->seconds = clocks[d->clock];
    if (duty == DUTY_RECEIPT)
        begin(d, said->stored);
    return fault_none();
}

/* A RECEIPT ends the clock of the statement that it answers; other statements end what their
 * maker owes by the table of types. */
static bool ends(const struct due *d, const struct case_said *said)
{
    const struct type *type = type_find(said->kind);
    unsigned stops = type == NULL ? 0 : type->stops;

    if (!is_live(d) || d->state == DUE_ENDING || d->owes != said->by)
        return false;
    if (said->kind == KIND_ANSWER && said->variant == VARIANT_PENDING)
        stops = DUTY_ACK;
    if (said->kind == KIND_REJECT)
        stops |= DUTY_RECEIPT;
    if ((stops & d->duty) == 0)
        return false;
    return (d->duty != DUTY_RECEIPT && said->kind != KIND_REJECT) ||
           (said->has_answers && digest_equal(&d->from, &said->answers));
}

static void end(struct due *d, const struct digest *leaf)
{
    d->state = DUE_ENDING;
    d->until = *leaf;
}

/* A pending ANSWER gives a new time, at most as long again as the first. */
static void extend(struct due *d, const struct case_said *said)
{
    int64_t most = d->began.us + 2 * (int64_t)d->seconds * 1000000;

    if (d->duty != DUTY_ANSWER || d->state != DUE_RUNNING || d->owes != said->by)
        return;
    if (said->until.us > d->due.us)
        d->due.us = said->until.us < most ? said->until.us : most;
}

static struct fault start_duties(struct case_life *life, const struct case_said *said,
                                 const uint32_t clocks[CLOCK_KINDS])
{
    const struct type *type = type_find(said->kind);
    unsigned duties = type == NULL ? 0 : type->starts;

    if (type_is_automatic(said->kind, said->has_answers) || said->variant == VARIANT_PENDING ||
        said->variant == VARIANT_AGREE || said->variant == VARIANT_WITHDRAW ||
        !case_state_is_open(life->state))
        duties = 0;
    if (said->kind == KIND_CLOSE) /* a proposal wants an agreement; nothing else */
        duties = said->variant == VARIANT_PROPOSE && life->state == CASE_CLOSING ? DUTY_CLOSE : 0;
    if (type_wants_receipt(said->kind, said->has_answers && said->kind == KIND_CHECK))
        duties |= DUTY_RECEIPT;
    for (unsigned duty = 1; duty <= duties; duty <<= 1)
        if ((duties & duty) != 0) {
            struct fault f = start(life, said, duty, clocks);

            if (fault_is(f))
                return f;
        }
    return fault_none();
}

static struct fault move(struct case_life *life, const struct case_said *said)
{
    const struct move *m =
        move_find(life->state, said->kind, said->variant, said->by, life->proposer);

    if (m != NULL) {
        life->state = m->to;
        life->proposer = m->to == CASE_CLOSING && said->kind == KIND_CLOSE ? said->by
                         : m->to == CASE_CLOSING                           ? life->proposer
                                                                           : SIDE_NONE;
        return fault_none();
    }
    if (life->state != CASE_NONE && (said->kind == KIND_RECEIPT || said->kind == KIND_REJECT))
        return fault_none();
    return fault_make(FAULT_ORDER, 0, "docs/cases.md: no such move in this state");
}

struct fault case_apply(struct case_life *life, const struct case_said *said,
                        const uint32_t clocks[CLOCK_KINDS])
{
    struct case_life next = *life;
    struct fault f;

    if (life->state != CASE_NONE && said->class != life->class)
        return fault_make(FAULT_REFUSED, 0, "REAL, EXERCISE and TEST do not mix in a case");
    f = move(&next, said);
    if (fault_is(f))
        return f;
    if (life->state == CASE_NONE) {
        next.class = said->class;
        next.urgency = said->urgency == URGENCY_NONE ? URGENCY_ROUTINE : said->urgency;
        next.opening = said->leaf;
    }
    for (size_t i = 0; i < next.due_count; i++) {
        if (ends(&next.due[i], said))
            end(&next.due[i], &said->leaf);
        else if (said->kind == KIND_ANSWER && said->variant == VARIANT_PENDING)
            extend(&next.due[i], said);
        if (!case_state_is_open(next.state) && next.due[i].duty != DUTY_RECEIPT &&
            (next.due[i].state == DUE_WAITING || next.due[i].state == DUE_RUNNING))
            next.due[i].state = DUE_DROPPED;
    }
    f = start_duties(&next, said, clocks);
    if (fault_is(f))
        return f;
    *life = next;
    return fault_none();
}

/* Did their node say that it has the statement which started this clock? */
static bool has_receipt(const struct case_life *life, const struct due *d)
{
    for (size_t i = 0; i < life->due_count; i++) {
        const struct due *r = &life->due[i];

        if (r->duty == DUTY_RECEIPT && digest_equal(&r->from, &d->from))
            return r->state == DUE_KEPT || r->state == DUE_LATE || r->state == DUE_ENDING;
    }
    return false;
}

void case_bound(struct case_life *life, const struct digest *leaf, struct instant at)
{
    for (size_t i = 0; i < life->due_count; i++) {
        struct due *d = &life->due[i];

        if (d->state == DUE_WAITING && digest_equal(&d->from, leaf))
            begin(d, at);
        else if (d->state == DUE_ENDING && digest_equal(&d->until, leaf)) {
            d->ended = at;
            /* Ended before it began to run: what started it was never binding first. */
            d->state = d->began.us == 0 || at.us <= d->due.us ? DUE_KEPT : DUE_LATE;
        }
    }
}

size_t case_overdue(struct case_life *life, struct instant now)
{
    size_t count = 0;

    for (size_t i = 0; i < life->due_count; i++) {
        struct due *d = &life->due[i];

        if (d->state != DUE_RUNNING || now.us <= d->due.us)
            continue;
        d->state = DUE_OVERDUE;
        d->receipt = has_receipt(life, d);
        count++;
    }
    return count;
}

bool case_next_due(const struct case_life *life, struct instant *out)
{
    bool found = false;

    for (size_t i = 0; i < life->due_count; i++)
        if (life->due[i].state == DUE_RUNNING && (!found || life->due[i].due.us < out->us)) {
            *out = life->due[i].due;
            found = true;
        }
    return found;
}

const struct due *case_pressing(const struct case_life *life, enum case_side owes)
{
    const struct due *most = NULL;

    for (size_t i = 0; i < life->due_count; i++) {
        const struct due *d = &life->due[i];

        if (d->owes != owes || (d->state != DUE_RUNNING && d->state != DUE_OVERDUE))
            continue;
        if (most == NULL || d->due.us < most->due.us)
            most = d;
    }
    return most;
}
