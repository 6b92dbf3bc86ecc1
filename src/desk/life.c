#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "desk/state.h"
#include "statement/type.h"

/* A case's life is replayed from its statements: D4. */

static enum case_side side_of(const struct desk_pact *p, const struct entry *e, bool ours_is_opener)
{
    return (strcmp(e->from, p->own->id) == 0) == ours_is_opener ? SIDE_OPENER : SIDE_OTHER;
}

static void choose_clocks(const struct desk_pact *p, const struct entry *e,
                          const struct disclosed *d, uint32_t *out)
{
    const struct agreement *a = pact_version(p, e->version);

    memcpy(out, case_clocks(a == NULL ? p->now : a, d), CLOCK_KINDS * sizeof *out);
}

/* One statement, as the store has it. */
struct told {
    bool ours;
    int64_t seq, place; /* as it came to the store; in its log, INT64_MAX where it has none yet */
    struct entry entry;
    struct digest leaf;
    struct disclosed *document; /* owned; NULL where it was refused or erased */
    bool bound;
    struct instant bound_at;
};

/* Of an erased document what its case needs is left. */
static struct fault tell_rest(struct desk_pact *p, const char *party, struct told *out)
{
    struct buf rest = {0};
    struct fault f = erase_rest(p, party, &out->leaf, &rest);

    if (!fault_is(f) && rest.len != 0)
        f = shelf_read(&p->desk->shelf, buf_view(&rest), &out->document);
    buf_done(&rest);
    return f;
}

static struct fault tell(struct desk_pact *p, const struct rows *r, const char *party,
                         struct told *out)
{
    struct fault f = entry_parse(row_bytes(r, 10), &out->entry);

    if (fault_is(f))
        return f;
    memcpy(out->leaf.byte, row_bytes(r, 2).data, sizeof out->leaf.byte);
    out->ours = strcmp(party, p->own->id) == 0;
    out->seq = row_integer(r, 0);
    out->place = row_has(r, 3) ? row_integer(r, 3) : INT64_MAX;
    out->bound = row_has(r, 19);
    out->bound_at = instant_of_seconds(out->bound ? row_integer(r, 19) : 0);
    out->document = NULL;
    if (row_bytes(r, 11).len == 0)
        return tell_rest(p, party, out);
    if (fault_is(shelf_read(&p->desk->shelf, row_bytes(r, 11), &out->document)))
        out->document = NULL;
    return f;
}

/* What was refused by rule is no move, and what was pushed but is not held yet none so far;
 * everything else was one when it was said. */
static bool counts(const struct rows *r)
{
    char state[16];

    row_text(r, 4, state, sizeof state);
    return strcmp(state, "refused") != 0 && strcmp(state, "pushed") != 0 && !row_has(r, 16);
}

static void replay_one(struct desk_pact *p, const struct told *t, struct desk_case *out)
{
    struct case_said said;
    struct fault f;

    if (out->life.state == CASE_NONE) {
        out->we_opened = strcmp(t->entry.from, p->own->id) == 0;
        choose_clocks(p, &t->entry, t->document, out->clocks);
    }
    said = case_said_of(&t->entry, &t->leaf, t->document, side_of(p, &t->entry, out->we_opened),
                        &out->life);
    f = case_apply(&out->life, &said, out->clocks);
    if (f.kind == FAULT_LIMIT) /* it was no fault when it was said: see ground_of and is_a_move */
        alarm_raise(p, "clocks", "a case has more open deadlines than are watched");
    if (!fault_is(f) && t->bound)
        case_bound(&out->life, &t->leaf, t->bound_at);
}

/* The statements of a case, each side's in the order of its log. */
struct tale {
    struct told *side[2]; /* owned: theirs, ours */
    size_t count[2], room[2];
};

static struct told *tale_room(struct tale *t, bool ours)
{
    if (t->count[ours] == t->room[ours]) {
        t->room[ours] = t->room[ours] == 0 ? 16 : 2 * t->room[ours];
        t->side[ours] = memory_resize(t->side[ours], t->room[ours], sizeof *t->side[ours]);
    }
    return &t->side[ours][t->count[ours]];
}

static void tale_done(struct tale *t)
{
    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < t->count[side]; i++)
            disclosed_free(t->side[side][i].document);
        free(t->side[side]);
    }
}

/* In the order of their log; what is not in it yet by its number. A partner can number his as he
 * likes. */
static int by_place(const void *a, const void *b)
{
    const struct told *x = a, *y = b;

    if (x->place != y->place)
        return (x->place > y->place) - (x->place < y->place);
    return (x->entry.number > y->entry.number) - (x->entry.number < y->entry.number);
}

static struct fault tale_read(struct desk_pact *p, const char *case_id, struct tale *t)
{
    struct rows r = store_ask(p->desk->store, QUERY_STATEMENT_TALE,
                              STORE_WITH(value_text(p->now->id), value_text(case_id)));
    struct fault f = fault_none(), end;

    while (!fault_is(f) && rows_next(&r)) {
        char party[ENTRY_NAME];
        struct told *one;

        if (!counts(&r))
            continue;
        row_text(&r, 1, party, sizeof party);
        one = tale_room(t, strcmp(party, p->own->id) == 0);
        f = tell(p, &r, party, one);
        t->count[one->ours] += !fault_is(f);
    }
    end = rows_done(&r);
    for (size_t side = 0; side < 2; side++)
        if (t->count[side] != 0)
            qsort(t->side[side], t->count[side], sizeof *t->side[side], by_place);
    return fault_is(f) ? f : end;
}

/* Which came first? Who had seen the other's entry when he spoke, came later; of two that had not
 * seen each other, the one that came to us first. Rows that came back from the partner's mirror
 * came to us in no such order. */
static bool ours_is_first(const struct told *ours, const struct told *theirs)
{
    if (theirs->place < (int64_t)ours->entry.seen_size)
        return false;
    return ours->place < (int64_t)theirs->entry.seen_size || ours->seq < theirs->seq;
}

static void replay_tale(struct desk_pact *p, const struct tale *t, struct desk_case *out)
{
    size_t i = 0, k = 0;

    while (i < t->count[1] || k < t->count[0]) {
        bool ours =
            k == t->count[0] || (i < t->count[1] && ours_is_first(&t->side[1][i], &t->side[0][k]));

        replay_one(p, ours ? &t->side[1][i] : &t->side[0][k], out);
        i += ours;
        k += !ours;
    }
}

struct fault life_replay(struct desk_pact *p, const char *case_id, struct desk_case *out)
{
    struct tale tale = {0};
    struct fault f = tale_read(p, case_id, &tale);

    memset(out, 0, sizeof *out);
    snprintf(out->id, sizeof out->id, "%s", case_id);
    if (!fault_is(f))
        replay_tale(p, &tale, out);
    tale_done(&tale);
    if (!fault_is(f) && out->life.state == CASE_NONE)
        f = fault_make(FAULT_MISSING, 0, "no such case");
    return f;
}

/* Is anything of it still to come, that must be remembered and watched? */
static bool is_live(const struct desk_case *c)
{
    if (case_state_is_open(c->life.state))
        return true;
    for (size_t i = 0; i < c->life.due_count; i++) {
        enum due_state s = c->life.due[i].state;

        if (s == DUE_WAITING || s == DUE_RUNNING || s == DUE_ENDING)
            return true;
    }
    return false;
}

struct desk_case *life_find(struct desk_pact *p, const char *case_id)
{
    for (size_t i = 0; i < p->case_count; i++)
        if (strcmp(p->cases[i].id, case_id) == 0)
            return &p->cases[i];
    return NULL;
}

/* D4, D5: what commands list of a case; replayed at the next start where a power cut took it. */
static struct fault write_state(struct desk_pact *p, const struct desk_case *c, bool live)
{
    struct store *s = p->desk->store;
    struct fault f = store_begin_lazy(s);

    if (!fault_is(f))
        f = store_do(s, QUERY_CASE_STATE, NULL,
                     STORE_WITH(value_integer(c->life.state), value_integer(c->life.state),
                                value_integer(live ? 0 : 1),
                                value_integer(instant_seconds(p->desk->now)),
                                value_text(p->now->id), value_text(c->id)));
    if (!fault_is(f))
        return store_commit(s);
    store_rollback(s);
    return f;
}

static void keep(struct desk_pact *p, const struct desk_case *c, bool live)
{
    struct desk_case *there = life_find(p, c->id);

    if (there != NULL && live) {
        *there = *c;
    } else if (there != NULL) {
        *there = p->cases[--p->case_count];
    } else if (live) {
        if (p->case_count == p->case_room) {
            p->case_room = p->case_room == 0 ? 64 : 2 * p->case_room;
            p->cases = memory_resize(p->cases, p->case_room, sizeof *p->cases);
        }
        p->cases[p->case_count++] = *c;
    }
}

/* One alarm a case, so that it goes with the last thing that is late in it. */
static void overdue_name(const char *case_id, char *out)
{
    snprintf(out, DESK_ALARM, "overdue %s", case_id);
}

static void sound_overdue(struct desk_pact *p, struct desk_case *c)
{
    for (size_t i = 0; i < c->life.due_count; i++) {
        const struct due *d = &c->life.due[i];
        char due[INSTANT_TEXT + 1], detail[400], name[DESK_ALARM];
        bool ours = (d->owes == SIDE_OPENER) == c->we_opened;

        if (d->state != DUE_OVERDUE)
            continue;
        instant_write(d->due, due);
        snprintf(detail, sizeof detail, "%s by %s was due %s; %s", duty_name((enum duty)d->duty),
                 ours ? p->own->id : p->peer->id, due,
                 ours         ? "we owe it"
                 : d->receipt ? "their node gave a receipt, no officer answered"
                              : "their node has given no receipt");
        overdue_name(c->id, name);
        alarm_raise(p, name, detail);
    }
}

/* While our clock is off nobody is late but our clock. */
static bool has_overdue(struct desk_pact *p, struct desk_case *c)
{
    return p->desk->clock[0] == '\0' && case_overdue(&c->life, p->desk->now) != 0;
}

struct fault life_reload(struct desk_pact *p, const char *case_id)
{
    struct desk_case *c = memory_zeroed(1, sizeof *c);
    struct fault f = life_replay(p, case_id, c);

    if (!fault_is(f)) {
        bool live = is_live(c);
        char name[DESK_ALARM];

        overdue_name(case_id, name);
        if (p->desk->clock[0] == '\0')
            alarm_clear(p, name);
        if (has_overdue(p, c))
            sound_overdue(p, c);
        f = write_state(p, c, live);
        keep(p, c, live);
    } else if (f.kind == FAULT_MISSING) {
        keep(p, c, false);
        f = fault_none();
    }
    free(c);
    return f;
}

struct fault life_load(struct desk_pact *p)
{
    struct rows r = store_ask(p->desk->store, QUERY_CASE_LIST,
                              STORE_WITH(value_text(p->now->id), value_integer(0)));
    char(*ids)[CASE_TEXT] = NULL;
    size_t count = 0, room = 0;
    struct fault f;

    while (rows_next(&r)) {
        if (count == room) {
            room = room == 0 ? 64 : 2 * room;
            ids = memory_resize(ids, room, sizeof *ids);
        }
        row_text(&r, 0, ids[count++], CASE_TEXT);
    }
    f = rows_done(&r);
    for (size_t i = 0; i < count && !fault_is(f); i++)
        f = life_reload(p, ids[i]);
    free(ids);
    return f;
}

void life_overdue(struct desk_pact *p)
{
    for (size_t i = 0; i < p->case_count; i++)
        if (has_overdue(p, &p->cases[i]))
            sound_overdue(p, &p->cases[i]);
}

struct fault life_try(struct desk_pact *p, const struct entry *e, const struct digest *leaf,
                      const struct disclosed *d)
{
    struct desk_case *c = memory_zeroed(1, sizeof *c);
    struct fault f = life_replay(p, e->case_id, c);
    struct case_said said;

    if (f.kind == FAULT_MISSING) {
        f = fault_none();
        c->we_opened = strcmp(e->from, p->own->id) == 0;
        choose_clocks(p, e, d, c->clocks);
    }
    if (!fault_is(f)) {
        said = case_said_of(e, leaf, d, side_of(p, e, c->we_opened), &c->life);
        f = case_apply(&c->life, &said, c->clocks);
    }
    free(c);
    return f;
}

static void subject_of(const struct entry *e, const struct disclosed *d, char *out, size_t size)
{
    const char *text = d == NULL ? "" : disclosed_text(d, "text");
    const char *source = d == NULL ? "" : disclosed_text(d, "incident.source");
    const char *service = d == NULL ? "" : disclosed_text(d, "incident.service");

    if (source[0] != '\0')
        snprintf(out, size, "%s contacts observed from %s", service, source);
    else if (text[0] != '\0')
        snprintf(out, size, "%.*s", (int)strcspn(text, "\n"), text);
    else
        snprintf(out, size, "%s", kind_name(e->kind));
}

struct fault life_version(struct desk_pact *p, const char *case_id, uint32_t *out)
{
    struct rows r = store_ask(p->desk->store, QUERY_CASE_GET,
                              STORE_WITH(value_text(p->now->id), value_text(case_id)));
    bool there = rows_next(&r);
    struct fault f;

    if (there)
        *out = (uint32_t)row_integer(&r, 2);
    f = rows_done(&r);
    return fault_is(f) || there ? f : fault_make(FAULT_MISSING, 0, "no such case");
}

struct fault life_note(struct desk_pact *p, const struct entry *e, const struct digest *leaf,
                       const struct disclosed *d, const char *incident)
{
    struct rows r = store_ask(p->desk->store, QUERY_CASE_GET,
                              STORE_WITH(value_text(p->now->id), value_text(e->case_id)));
    int64_t now = instant_seconds(p->desk->now);
    bool there = rows_next(&r);
    char subject[200];
    struct fault f = rows_done(&r);

    (void)leaf;
    if (fault_is(f) || there)
        return f;
    subject_of(e, d, subject, sizeof subject);
    return store_do(
        p->desk->store, QUERY_CASE_PUT, NULL,
        STORE_WITH(value_text(p->now->id), value_text(e->case_id), value_integer(e->version),
                   value_text(p->peer->id),
                   value_text_if(d == NULL ? "" : disclosed_text(d, "article")),
                   value_text(class_name(e->class)), value_text(e->from), value_text(subject),
                   value_text(d == NULL ? "routine" : disclosed_text(d, "urgency")),
                   value_text(d == NULL ? "red" : disclosed_text(d, "tlp")),
                   value_text_if(incident), value_integer(CASE_NONE), value_integer(CASE_NONE),
                   value_integer(0), value_integer(now), value_integer(now)));
}
