#include "watch/replay.h"

#include "base/memory.h"
#include "watch/flows.h"
#include "watch/twins.h"

struct replay {
    const struct rules *rules;
    struct match *match;
    size_t count, room;
    struct incident *found;
    size_t found_count, found_room;
    struct totals totals;
    struct reader *reader; /* of the file that is being read */
    struct buf unpacked;   /* for frames that are packed */
    struct flows *flows;   /* .. said by its records, whatever order the files come in */
    uint32_t file;
    const struct reader_format *format; /* of the files to come; NULL: by their first bytes */
    uint64_t number;                    /* of the frame that is being read */
    struct fault fault;                 /* LIMIT, met inside a frame */
    replay_each *each;                  /* may be NULL */
    void *with;
};

struct replay *replay_new(const struct rules *r)
{
    struct replay *replay = memory_zeroed(1, sizeof *replay);

    replay->rules = r;
    return replay;
}

void replay_free(struct replay *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->found_count; i++)
        incident_done(&r->found[i]);
    reader_free(r->reader);
    flows_free(r->flows);
    buf_done(&r->unpacked);
    free(r->found);
    free(r->match);
    free(r);
}

static struct match *match_new(struct replay *r)
{
    if (r->count == r->room) {
        r->room = r->room == 0 ? 4096 : r->room * 2;
        r->match = memory_resize(r->match, r->room, sizeof *r->match);
    }
    return &r->match[r->count++];
}

void replay_format(struct replay *r, const struct reader_format *format)
{
    r->format = format;
}

void replay_show(struct replay *r, replay_each *each, void *with)
{
    r->each = each;
    r->with = with;
}

/* Numbers of matches ascend with the place of the record: frames first, then what is in one. */
static void take_event(void *context, struct event *e, struct bytes raw, size_t at)
{
    struct replay *r = context;
    size_t article = 0;
    enum judged v;
    struct match *m;

    flows_meet(r->flows, e);
    v = rules_judge(r->rules, e, &article);
    totals_count(&r->totals, (int)v);
    if (r->each != NULL)
        r->each(r->with, e, r->file, r->number, raw);
    if (v != JUDGED_MATCHED)
        return;
    if (r->count == REPLAY_MATCHES) {
        r->fault = fault_make(FAULT_LIMIT, 0, "replay: at most 67108864 matched events");
        return;
    }
    m = match_new(r);
    match_of(e, article, r->file, r->number << REPLAY_INSIDE | at, m);
    m->mark = twins_mark(raw);
}

static void take_note(void *context, const char *rule, uint64_t n)
{
    struct replay *r = context;

    notes_add(&r->totals.notes, rule, n);
}

/* The reader of this file: another file begins with a new one. */
static struct reader *reader_of(struct replay *r, uint32_t file)
{
    if (r->reader != NULL && r->file == file)
        return r->reader;
    reader_free(r->reader);
    flows_free(r->flows);
    r->reader = reader_new(r->format);
    r->flows = flows_new();
    r->file = file;
    return r->reader;
}

struct fault replay_frame(struct replay *r, uint32_t file, uint64_t number, struct bytes frame)
{
    const struct reader_sink sink = {take_event, take_note, r, &r->unpacked};
    struct fault f;

    if (frame.len == 0 || (frame.len == 1 && frame.data[0] == '\r'))
        return fault_none();
    r->number = number;
    f = reader_frame(reader_of(r, file), frame, &sink);
    if (fault_is(f)) {
        r->totals.damaged_lines++;
        notes_add(&r->totals.notes, f.rule, 1);
    }
    return r->fault;
}

void replay_damaged(struct replay *r)
{
    r->totals.damaged_lines++;
}

static void keep_ended(void *ctx, const struct incident *i, enum incident_report report)
{
    struct replay *r = ctx;

    r->totals.incidents += report == INCIDENT_OPENED;
    if (report != INCIDENT_ENDED)
        return;
    if (r->found_count == r->found_room) {
        r->found_room = r->found_room == 0 ? 64 : r->found_room * 2;
        r->found = memory_resize(r->found, r->found_room, sizeof *r->found);
    }
    incident_copy(i, &r->found[r->found_count++]);
}

static int by_time(const void *a, const void *b)
{
    return match_compare(a, b);
}

static int by_opening(const void *a, const void *b)
{
    return incident_compare(a, b);
}

/* Counts the matches of one moment, [from, to), each record once. */
static void count_moment(struct replay *r, struct groups *g, struct twins *twins, size_t from,
                         size_t to)
{
    const struct match *m = r->match;

    groups_expire(g, m[from].time);
    if (to - from == 1) { /* as almost always: nobody to be a twin of */
        groups_add(g, &m[from]);
        return;
    }
    for (size_t i = from; i < to; i++)
        if (twins_add(twins, m[i].time, m[i].mark))
            groups_add(g, &m[i]);
        else
            r->totals.twice++;
    for (size_t i = from; i < to; i++)
        twins_drop(twins, m[i].time, m[i].mark);
}

static void count_all(struct replay *r, struct groups *g, const uint8_t seed[16])
{
    struct twins *twins = twins_new(seed);

    if (r->count != 0)
        qsort(r->match, r->count, sizeof *r->match, by_time);
    for (size_t from = 0, to; from < r->count; from = to) {
        for (to = from + 1; to < r->count && r->match[to].time == r->match[from].time; to++)
            ;
        count_moment(r, g, twins, from, to);
    }
    twins_free(twins);
}

void replay_finish(struct replay *r, const struct incident **out, size_t *count_out)
{
    /* Nothing is saved here, so the bounds are those of memory, far above what files hold. */
    static const struct group_limits limits = {1 << 22, (size_t)1 << 31, 1 << 22};
    static const uint8_t seed[16] = {0};
    struct groups *g =
        groups_new(rules_agreement(r->rules), rules_other(r->rules), limits, seed, keep_ended, r);

    count_all(r, g, seed);
    groups_finish(g);
    r->totals.losses = groups_losses(g);
    groups_free(g);
    if (r->found_count != 0)
        qsort(r->found, r->found_count, sizeof *r->found, by_opening);
    *out = r->found;
    *count_out = r->found_count;
}

const struct totals *replay_totals(const struct replay *r)
{
    return &r->totals;
}
