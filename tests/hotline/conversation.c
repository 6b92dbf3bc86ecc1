/*
 * Two conversations are wired together over a line that is cut, dialled twice, delayed and killed
 * at random. Each side's "disk" is what would survive; a root is a plain sum over the entries.
 */
#include "hotline/conversation.h"

#include "base/memory.h"
#include "test.h"

enum { LOG = 4096, QUEUE = 256, LINKS = 4 };

struct disk {
    uint64_t own[LOG], mirror[LOG]; /* an entry is a number that is used once */
    bool own_head[LOG + 1], mirror_head[LOG + 1];
    uint64_t own_size, mirror_size, bound, mirror_cosigned;
};

struct frame {
    enum frame_type type;
    uint64_t first, size;
    struct digest root;
    uint64_t entry[FRAME_ENTRIES];
};

struct pipe_end {
    struct frame *queue[QUEUE];
    size_t head, count;
};

struct line {
    uint32_t number; /* 0: none */
    bool up[2];
    struct pipe_end to[2];
};

struct side {
    struct disk disk;
    struct conversation c;
    struct frame pushed; /* the PUSH being held */
    bool holding, fenced;
    uint64_t held_as_new; /* entries appended to the mirror, ever */
    uint64_t hellos, pushes, cosigns, refills;
};

struct world {
    uint64_t random;
    struct tick now;
    struct side side[2];
    struct line line[LINKS];
    uint32_t links;
    uint64_t entries, frames;
};

static uint64_t dice(struct world *w, uint64_t sides)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return w->random % sides;
}

static struct digest root_of(const uint64_t *entry, uint64_t size)
{
    uint64_t sum = 14695981039346656037U;
    struct digest d = {{0}};

    for (uint64_t i = 0; i < size; i++)
        sum = (sum ^ entry[i]) * 1099511628211U;
    if (size != 0)
        memcpy(d.byte, &sum, sizeof sum);
    return d;
}

static bool same_root(const struct digest *a, const struct digest *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* What the host finds out about a head of our own log that the partner shows. */
static enum head_relation relate(const struct side *s, uint64_t size, const struct digest *root)
{
    struct digest ours;

    if (size == 0)
        return HEAD_NONE;
    if (size > s->disk.own_size)
        return HEAD_AHEAD;
    ours = root_of(s->disk.own, size);
    return same_root(&ours, root) ? HEAD_PREFIX : HEAD_CONTRADICTS;
}

static struct line *line_find(struct world *w, uint32_t number)
{
    for (size_t i = 0; i < LINKS; i++)
        if (w->line[i].number == number)
            return &w->line[i];
    return NULL;
}

static void put(struct world *w, int me, uint32_t link, const struct frame *f)
{
    struct line *line = line_find(w, link);
    struct pipe_end *end;

    if (line == NULL || !line->up[me])
        return;
    end = &line->to[!me];
    assert_true(end->count < QUEUE);
    end->queue[(end->head + end->count++) % QUEUE] = memory_new(sizeof *f);
    *end->queue[(end->head + end->count - 1) % QUEUE] = *f;
    w->frames++;
}

static void act(struct world *w, int me, struct conversation_actions *todo);

static void send_hello(struct world *w, int me, uint32_t link)
{
    struct side *s = &w->side[me];
    struct conversation_actions next = {0};
    struct frame f = {.type = FRAME_HELLO, .size = s->disk.mirror_cosigned};

    f.root = root_of(s->disk.mirror, f.size);
    s->hellos++;
    put(w, me, link, &f);
    conversation_hello_sent(&s->c, link, w->now, &next);
    act(w, me, &next);
}

/* The largest size up to `most` for which there is a note; 0 if there is none above first. */
static uint64_t reach(const bool *head, uint64_t first, uint64_t most)
{
    for (; most > first; most--)
        if (head[most])
            return most;
    return 0;
}

static void send_range(struct world *w, int me, const struct conversation_action *a,
                       enum frame_type type)
{
    struct side *s = &w->side[me];
    const uint64_t *entry = type == FRAME_PUSH ? s->disk.own : s->disk.mirror;
    struct conversation_actions next = {0};
    struct frame f = {.type = type, .first = a->first};

    assert_true(a->size <= s->c.posted || type == FRAME_MIRROR);
    f.size = reach(type == FRAME_PUSH ? s->disk.own_head : s->disk.mirror_head, a->first, a->size);
    assert_true(f.size > f.first && f.size - f.first <= FRAME_ENTRIES);
    f.root = root_of(entry, f.size);
    memcpy(f.entry, entry + f.first, (f.size - f.first) * sizeof *entry);
    put(w, me, a->link, &f);
    if (type == FRAME_MIRROR)
        return;
    s->pushes++;
    conversation_pushed(&s->c, a->link, f.size, w->now, &next);
    act(w, me, &next);
}

static void send_cosign(struct world *w, int me, const struct conversation_action *a)
{
    struct side *s = &w->side[me];
    struct frame f = {.type = FRAME_COSIGN, .size = a->size};

    assert_true(a->size <= s->disk.mirror_cosigned); /* C3 */
    f.root = root_of(s->disk.mirror, f.size);
    s->cosigns++;
    put(w, me, a->link, &f);
}

static void close_line(struct world *w, int me, const struct conversation_action *a)
{
    static const char *const honest[] = {"PROTOCOL.hotline 1: another link stays",
                                         "PROTOCOL.hotline 6: 60 seconds of silence"};
    struct line *line = line_find(w, a->link);

    if (strcmp(a->rule, honest[0]) != 0 && strcmp(a->rule, honest[1]) != 0)
        fail_msg("two honest nodes part over: %s", a->rule);
    if (line != NULL)
        line->up[me] = false;
}

static void restore(struct world *w, int me, const struct conversation_action *a)
{
    struct side *s = &w->side[me];
    struct conversation_actions next = {0};
    const struct frame *f = &s->pushed;

    assert_int_equal(a->first, s->disk.own_size);
    for (uint64_t i = a->first; i < a->size; i++)
        s->disk.own[i] = f->entry[i - f->first];
    s->disk.own_size = a->size;
    s->disk.own_head[a->size] = true;
    s->disk.bound = a->size;
    conversation_restored(&s->c, a->size, w->now, &next);
    act(w, me, &next);
}

static void act(struct world *w, int me, struct conversation_actions *todo)
{
    struct side *s = &w->side[me];

    for (size_t i = 0; i < todo->count; i++) {
        const struct conversation_action *a = &todo->item[i];
        struct frame refill = {.type = FRAME_REFILL, .first = a->first};

        switch (a->what) {
        case CONVERSATION_HELLO:
            send_hello(w, me, a->link);
            break;
        case CONVERSATION_PUSH:
            send_range(w, me, a, FRAME_PUSH);
            break;
        case CONVERSATION_MIRROR:
            send_range(w, me, a, FRAME_MIRROR);
            break;
        case CONVERSATION_HOLD:
            assert_false(s->holding);
            assert_int_equal(a->first, s->disk.mirror_size);
            s->holding = true; /* the sync and keeper take their time: finish() */
            break;
        case CONVERSATION_COSIGN:
            send_cosign(w, me, a);
            break;
        case CONVERSATION_BOUND:
            assert_true(a->size > s->disk.bound || a->size == s->disk.own_size);
            s->disk.bound = a->size;
            break;
        case CONVERSATION_REFILL:
            s->refills++;
            put(w, me, a->link, &refill);
            break;
        case CONVERSATION_RESTORE:
            restore(w, me, a);
            break;
        case CONVERSATION_CLOSE:
            close_line(w, me, a);
            break;
        default:
            fail_msg("two honest nodes came to action %d: %s", (int)a->what, a->rule);
        }
    }
}

/* The host is done with holding: synced, cosigned. */
static void finish(struct world *w, int me)
{
    struct side *s = &w->side[me];
    struct conversation_actions next = {0};
    const struct frame *f = &s->pushed;
    struct digest root;

    if (!s->holding)
        return;
    s->holding = false;
    for (uint64_t i = s->disk.mirror_size; i < f->size; i++) {
        s->disk.mirror[i] = f->entry[i - f->first];
        s->held_as_new++;
    }
    s->disk.mirror_size = s->disk.mirror_cosigned = f->size;
    s->disk.mirror_head[f->size] = true;
    root = root_of(s->disk.mirror, f->size);
    assert_true(same_root(&root, &f->root));
    conversation_held(&s->c, f->size, &root, w->now, &next);
    act(w, me, &next);
}

static void hear(struct world *w, int me, uint32_t link, const struct frame *f)
{
    struct side *s = &w->side[me];
    struct conversation_actions next = {0};

    switch (f->type) {
    case FRAME_HELLO:
        conversation_hello(&s->c, link, relate(s, f->size, &f->root), f->size, w->now, &next);
        s->fenced = conversation_is_behind(&s->c);
        break;
    case FRAME_PUSH:
        if (!s->holding)
            s->pushed = *f;
        conversation_push(&s->c, link, f->first, f->size, &f->root, w->now, &next);
        break;
    case FRAME_COSIGN:
        conversation_cosign(&s->c, link, relate(s, f->size, &f->root), f->size, w->now, &next);
        break;
    case FRAME_REFILL:
        conversation_refill(&s->c, link, f->first, w->now, &next);
        break;
    default:
        if (!s->holding)
            s->pushed = *f;
        conversation_mirror(&s->c, link, f->first, f->size, w->now, &next);
    }
    act(w, me, &next);
    s->fenced = s->fenced && conversation_is_behind(&s->c);
}

/* One frame arrives at `me` on some line; false if there is none. */
static bool deliver(struct world *w, int me, size_t from)
{
    for (size_t i = 0; i < LINKS; i++) {
        struct line *line = &w->line[(from + i) % LINKS];
        struct pipe_end *end = &line->to[me];
        struct frame *f;

        if (end->count == 0)
            continue;
        f = end->queue[end->head];
        end->head = (end->head + 1) % QUEUE;
        end->count--;
        if (line->up[me])
            hear(w, me, line->number, f);
        free(f);
        return true;
    }
    return false;
}

static void cut(struct world *w, struct line *line)
{
    for (int me = 0; me < 2; me++) {
        while (line->to[me].count != 0) {
            free(line->to[me].queue[line->to[me].head]);
            line->to[me].head = (line->to[me].head + 1) % QUEUE;
            line->to[me].count--;
        }
        if (line->up[me])
            conversation_link_down(&w->side[me].c, line->number);
        line->up[me] = false;
    }
    line->number = 0;
}

static void dial(struct world *w, int who)
{
    struct line *line = &w->line[w->links % LINKS];

    if (line->number != 0)
        cut(w, line);
    line->number = ++w->links;
    line->up[0] = line->up[1] = true;
    for (int n = 0; n < 2; n++) {
        int me = n ^ who;
        struct conversation_actions next = {0};

        conversation_link_up(&w->side[me].c, line->number, who == 0, w->now, &next);
        act(w, me, &next);
    }
}

static void say(struct world *w, int me, uint64_t count)
{
    struct side *s = &w->side[me];
    struct conversation_actions next = {0};

    if (s->fenced || conversation_is_behind(&s->c) || s->disk.own_size + count > LOG)
        return;
    for (uint64_t i = 0; i < count; i++)
        s->disk.own[s->disk.own_size++] = ++w->entries;
    s->disk.own_head[s->disk.own_size] = true;
    s->c.posted = s->disk.own_size; /* the doors are tests/hotline/post.c's */
    conversation_own(&s->c, s->disk.own_size, w->now, &next);
    act(w, me, &next);
}

static void start(struct world *w, int me)
{
    struct side *s = &w->side[me];
    struct disk *d = &s->disk;
    struct conversation_start start = {.partner = me == 0 ? "b" : "a",
                                       .own = d->own_size,
                                       .bound = d->bound,
                                       .mirror = d->mirror_cosigned};

    start.mirror_root = root_of(d->mirror, d->mirror_cosigned);
    conversation_init(&s->c, &start);
    s->c.posted = d->own_size;
    s->holding = false;
}

/* Kill -9: all that is soft is gone, and what was not cosigned of a mirror is not counted. */
static void kill_node(struct world *w, int me)
{
    for (size_t i = 0; i < LINKS; i++)
        w->line[i].up[me] = false;
    start(w, me);
}

static void restore_from_backup(struct world *w, int me, const struct disk *old)
{
    struct side *s = &w->side[me];
    uint64_t size = old->own_size;

    kill_node(w, me);
    memset(s->disk.own + size, 0, (LOG - size) * sizeof s->disk.own[0]);
    s->disk.own_size = size;
    s->disk.bound = old->bound < size ? old->bound : size;
    start(w, me);
    s->fenced = true;
}

static void time_passes(struct world *w, int64_t seconds)
{
    w->now.us += seconds * 1000000;
    for (int me = 0; me < 2; me++) {
        struct conversation_actions next = {0};

        conversation_tick(&w->side[me].c, w->now, &next);
        act(w, me, &next);
    }
}

static void run_until_quiet(struct world *w)
{
    bool moved = true;

    while (moved) {
        moved = deliver(w, 0, 0) || deliver(w, 1, 0);
        for (int me = 0; me < 2; me++) {
            moved = moved || w->side[me].holding;
            finish(w, me);
        }
    }
}

static struct world *new_world(uint64_t seed)
{
    struct world *w = memory_zeroed(1, sizeof *w);

    w->random = seed * 0x9E3779B97F4A7C15U + 1;
    for (int me = 0; me < 2; me++) {
        start(w, me);
        say(w, me, 1); /* GENESIS */
    }
    return w;
}

static void free_world(struct world *w)
{
    for (size_t i = 0; i < LINKS; i++)
        cut(w, &w->line[i]);
    free(w);
}

static void expect_all_is_said(struct world *w)
{
    uint64_t frames;

    for (int me = 0; me < 2; me++) {
        struct side *us = &w->side[me], *them = &w->side[!me];

        assert_true(conversation_is_at_rest(&us->c));
        assert_int_equal(us->disk.bound, us->disk.own_size);
        assert_int_equal(them->disk.mirror_size, us->disk.own_size);
        assert_memory_equal(us->disk.own, them->disk.mirror,
                            us->disk.own_size * sizeof us->disk.own[0]);
        assert_int_equal(them->held_as_new, us->disk.own_size); /* nothing twice as new */
    }
    frames = w->frames;
    time_passes(w, 3600);
    run_until_quiet(w);
    assert_int_equal(w->frames, frames); /* C5 */
}

/* A good line for as long as it takes. */
static void settle(struct world *w)
{
    for (size_t i = 0; i < LINKS; i++)
        cut(w, &w->line[i]);
    dial(w, 0);
    run_until_quiet(w);
}

static void one_step(struct world *w)
{
    int me = (int)dice(w, 2);
    uint64_t what = dice(w, 1000);

    if (what < 500)
        deliver(w, me, dice(w, LINKS));
    else if (what < 700)
        finish(w, me);
    else if (what < 850)
        say(w, me, 1 + dice(w, dice(w, 20) == 0 ? 256 : 3));
    else if (what < 950)
        dial(w, me);
    else if (what < 980)
        cut(w, &w->line[dice(w, LINKS)]);
    else if (what < 985)
        time_passes(w, (int64_t)dice(w, 100));
    else if (what < 997)
        kill_node(w, me);
    else
        settle(w);
}

static void two_nodes_converge_over_any_line(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct world *w = new_world(seed);

        for (int step = 0; step < 400; step++)
            one_step(w);
        settle(w);
        expect_all_is_said(w);
        free_world(w);
    }
}

/* "If the head in the other's HELLO bears our own valid signature and is larger than our log, we
 * are behind: we REFILL and verify against that head before keeper signs anything." */
static void a_node_restored_from_a_backup_refills_before_it_speaks(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct world *w = new_world(seed);
        struct disk *old = memory_new(sizeof *old);
        int me = (int)(seed % 2);

        settle(w);
        *old = w->side[me].disk;
        for (int i = 0; i < 5; i++) {
            say(w, me, 1 + dice(w, 200));
            say(w, !me, 1 + dice(w, 3));
            run_until_quiet(w);
        }
        restore_from_backup(w, me, old);
        say(w, !me, 2);
        settle(w);
        assert_true(w->side[me].refills > 0);
        assert_false(w->side[me].fenced);
        say(w, me, 3);
        run_until_quiet(w);
        expect_all_is_said(w);
        free(old);
        free_world(w);
    }
}

static void a_quiet_link_needs_six_frames_and_no_more(void **state)
{
    struct world *w = new_world(7);

    (void)state;
    dial(w, 0);
    run_until_quiet(w);
    assert_int_equal(w->frames, 6); /* HELLO, PUSH of the GENESIS, COSIGN: each way once */
    expect_all_is_said(w);
    say(w, 1, 1);
    run_until_quiet(w);
    assert_int_equal(w->frames, 8); /* PUSH, COSIGN */
    free_world(w);
}

static void a_backlog_goes_one_push_at_a_time(void **state)
{
    struct world *w = new_world(8);

    (void)state;
    for (int i = 0; i < 15; i++)
        say(w, 0, 100);
    dial(w, 1);
    run_until_quiet(w);
    assert_int_equal(w->side[0].pushes, 8); /* 201 at most fit the 256 of a PUSH: 1, then 2 x 100 */
    expect_all_is_said(w);
    free_world(w);
}

/* --- one partner who is not honest --- */

static struct conversation greeted(uint64_t mirror, struct digest root)
{
    struct conversation c;
    struct conversation_actions out = {0};
    struct conversation_start s = {
        .partner = "b", .own = 5, .bound = 5, .mirror = mirror, .mirror_root = root};
    struct tick now = {0};

    conversation_init(&c, &s);
    conversation_link_up(&c, 1, true, now, &out);
    conversation_hello_sent(&c, 1, now, &out);
    conversation_hello(&c, 1, HEAD_PREFIX, 5, now, &out);
    assert_true(conversation_is_at_rest(&c));
    return c;
}

static void a_push_that_does_not_fit_ends_the_link(void **state)
{
    static const struct {
        const char *name;
        uint64_t first, size;
        uint8_t root;
        bool evidence;
    } wrong[] = {
        {"a gap", 11, 12, 9, false},
        {"a gap shown by count 0", 12, 12, 9, false},
        {"a smaller head", 8, 9, 9, true},
        {"an empty log", 0, 0, 9, true},
        {"another root at the same size", 10, 10, 8, true},
        {"another root at the same size, sent again", 9, 10, 8, true},
    };
    struct digest root = {{9}};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct conversation c = greeted(10, root);
        struct conversation_actions out = {0};
        struct digest shown = {{wrong[i].root}};

        conversation_push(&c, 1, wrong[i].first, wrong[i].size, &shown, (struct tick){0}, &out);
        if (out.count != 1 + (size_t)wrong[i].evidence)
            fail_msg("%s: %zu actions", wrong[i].name, out.count);
        if (wrong[i].evidence)
            assert_int_equal(out.item[0].what, CONVERSATION_EVIDENCE);
        assert_int_equal(out.item[out.count - 1].what, CONVERSATION_CLOSE);
        assert_false(c.up);
        assert_int_equal(c.mirror, 10);
    }
}

/* "A PUSH of entries already held is answered with COSIGN again: resending is harmless." */
static void a_push_already_held_is_cosigned_again(void **state)
{
    struct digest root = {{9}};
    struct conversation c = greeted(10, root);

    (void)state;
    for (uint64_t first = 8; first <= 10; first++) {
        struct conversation_actions out = {0};

        conversation_push(&c, 1, first, 10, &root, (struct tick){0}, &out);
        assert_int_equal(out.count, 1);
        assert_int_equal(out.item[0].what, CONVERSATION_COSIGN);
        assert_int_equal(out.item[0].size, 10);
    }
}

static void a_second_push_before_cosign_ends_the_link_but_not_the_holding(void **state)
{
    struct digest root = {{9}}, next = {{10}};
    struct conversation c = greeted(10, root);
    struct conversation_actions out = {0};
    struct tick now = {0};

    (void)state;
    conversation_push(&c, 1, 10, 12, &next, now, &out);
    conversation_push(&c, 1, 12, 13, &next, now, &out);
    assert_int_equal(out.item[0].what, CONVERSATION_HOLD);
    assert_int_equal(out.item[1].what, CONVERSATION_CLOSE);
    out.count = 0;
    conversation_link_up(&c, 2, true, now, &out);
    assert_int_equal(out.count, 0); /* HELLO waits for what is being held */
    conversation_held(&c, 12, &next, now, &out);
    assert_int_equal(out.count, 1); /* and no COSIGN goes out on another link before HELLO */
    assert_int_equal(out.item[0].what, CONVERSATION_HELLO);
    assert_int_equal(c.mirror, 12);
}

static void a_root_that_does_not_extend_is_evidence(void **state)
{
    struct digest root = {{9}}, next = {{10}};
    struct conversation c = greeted(10, root);
    struct conversation_actions out = {0};
    struct tick now = {0};

    (void)state;
    conversation_push(&c, 1, 10, 12, &next, now, &out);
    out.count = 0;
    conversation_not_held(&c, true, "PROTOCOL.hotline 4", now, &out);
    assert_int_equal(out.count, 2);
    assert_int_equal(out.item[0].what, CONVERSATION_EVIDENCE);
    assert_int_equal(out.item[1].what, CONVERSATION_CLOSE);
    assert_int_equal(c.mirror, 10);
}

static void a_head_of_ours_that_is_not_in_our_log_is_an_alarm(void **state)
{
    struct conversation c = greeted(0, (struct digest){{0}});
    struct conversation_actions out = {0};

    (void)state;
    conversation_cosign(&c, 1, HEAD_CONTRADICTS, 4, (struct tick){0}, &out);
    assert_int_equal(out.count, 2);
    assert_int_equal(out.item[0].what, CONVERSATION_ALARM);
    assert_int_equal(out.item[1].what, CONVERSATION_CLOSE);
}

static void frames_out_of_turn_end_the_link(void **state)
{
    (void)state;
    for (int what = 0; what < 7; what++) {
        struct conversation c;
        struct conversation_actions out = {0};
        struct conversation_start s = {.partner = "b"};
        struct tick now = {0};
        struct digest root = {{0}};

        conversation_init(&c, &s);
        conversation_link_up(&c, 1, true, now, &out);
        out.count = 0;
        if (what == 0)
            conversation_push(&c, 1, 0, 1, &root, now, &out);
        else if (what == 1)
            conversation_cosign(&c, 1, HEAD_NONE, 0, now, &out);
        else if (what == 2)
            conversation_refill(&c, 1, 0, now, &out);
        else if (what == 3)
            conversation_mirror(&c, 1, 0, 1, now, &out);
        conversation_hello(&c, 1, HEAD_NONE, 0, now, &out);
        conversation_hello_sent(&c, 1, now, &out);
        if (what == 4)
            conversation_hello(&c, 1, HEAD_NONE, 0, now, &out);
        else if (what == 5)
            conversation_mirror(&c, 1, 0, 1, now, &out);
        else if (what == 6)
            conversation_refill(&c, 1, 0, now, &out);
        assert_int_equal(out.count, 1);
        assert_int_equal(out.item[0].what, CONVERSATION_CLOSE);
        assert_false(c.up);
    }
}

/* "A HELLO that is well signed and refused all the same .. ends the link only once the other's own
 * HELLO is sent" */
static void a_refused_greeting_is_answered_before_the_link_ends(void **state)
{
    (void)state;
    for (int sent_first = 0; sent_first < 2; sent_first++) {
        struct conversation c;
        struct conversation_actions out = {0};
        struct conversation_start s = {.partner = "b", .own = 5};
        struct tick now = {0};

        conversation_init(&c, &s);
        c.posted = 5; /* something to push, to a partner who is greeted */
        conversation_link_up(&c, 1, true, now, &out);
        out.count = 0;
        if (sent_first)
            conversation_hello_sent(&c, 1, now, &out);
        conversation_hello_refused(&c, 1, "a rule", &out);
        conversation_hello_refused(&c, 2, "of another link", &out);
        assert_int_equal(out.count, sent_first);
        if (!sent_first)
            conversation_hello_sent(&c, 1, now, &out);
        assert_int_equal(out.count, 1);
        assert_int_equal(out.item[0].what, CONVERSATION_CLOSE);
        assert_string_equal(out.item[0].rule, "a rule");
        out.count = 0;
        conversation_link_up(&c, 3, true, now, &out); /* the next one begins anew */
        conversation_hello_sent(&c, 3, now, &out);
        conversation_hello(&c, 3, HEAD_NONE, 0, now, &out);
        assert_true(c.up);
    }
}

/* "Bytes that are no entry at all end the link until a root-signed new genesis ..." */
static void a_barred_partner_is_not_spoken_to(void **state)
{
    struct conversation c;
    struct conversation_actions out = {0};
    struct conversation_start s = {.partner = "b", .barred = true};

    (void)state;
    conversation_init(&c, &s);
    conversation_link_up(&c, 1, true, (struct tick){0}, &out);
    assert_int_equal(out.count, 1);
    assert_int_equal(out.item[0].what, CONVERSATION_CLOSE);
}

/* "A link on which nothing was heard for 60 s while a PUSH is unanswered is closed." */
static void a_silent_link_is_closed_after_sixty_seconds(void **state)
{
    struct conversation c = greeted(0, (struct digest){{0}});
    struct conversation_actions out = {0};
    struct tick due;

    (void)state;
    assert_false(conversation_due(&c, &due));
    c.posted = 6;
    conversation_own(&c, 6, (struct tick){0}, &out);
    assert_int_equal(out.item[0].what, CONVERSATION_PUSH);
    conversation_pushed(&c, 1, 6, (struct tick){0}, &out);
    out.count = 0;
    assert_true(conversation_due(&c, &due));
    conversation_tick(&c, (struct tick){due.us - 1}, &out);
    assert_int_equal(out.count, 0);
    conversation_tick(&c, due, &out);
    assert_int_equal(out.count, 1);
    assert_int_equal(out.item[0].what, CONVERSATION_CLOSE);
}

/* "of two links between the same parties the one dialled by the party first in the agreement
 * stays." */
static void of_two_links_the_first_partys_stays(void **state)
{
    struct conversation c = greeted(0, (struct digest){{0}}); /* link 1, dialled by the first */
    struct conversation_actions out = {0};
    struct tick now = {0};

    (void)state;
    conversation_link_up(&c, 2, false, now, &out);
    assert_int_equal(out.count, 1);
    assert_int_equal(out.item[0].what, CONVERSATION_CLOSE);
    assert_int_equal(out.item[0].link, 2);
    assert_int_equal(c.link, 1);
    out.count = 0;
    conversation_link_up(&c, 3, true, now, &out);
    assert_int_equal(out.count, 2);
    assert_int_equal(out.item[0].what, CONVERSATION_CLOSE);
    assert_int_equal(out.item[0].link, 1);
    assert_int_equal(out.item[1].what, CONVERSATION_HELLO);
    assert_int_equal(out.item[1].link, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_nodes_converge_over_any_line),
        cmocka_unit_test(a_node_restored_from_a_backup_refills_before_it_speaks),
        cmocka_unit_test(a_quiet_link_needs_six_frames_and_no_more),
        cmocka_unit_test(a_backlog_goes_one_push_at_a_time),
        cmocka_unit_test(a_push_that_does_not_fit_ends_the_link),
        cmocka_unit_test(a_push_already_held_is_cosigned_again),
        cmocka_unit_test(a_second_push_before_cosign_ends_the_link_but_not_the_holding),
        cmocka_unit_test(a_root_that_does_not_extend_is_evidence),
        cmocka_unit_test(a_head_of_ours_that_is_not_in_our_log_is_an_alarm),
        cmocka_unit_test(frames_out_of_turn_end_the_link),
        cmocka_unit_test(a_refused_greeting_is_answered_before_the_link_ends),
        cmocka_unit_test(a_barred_partner_is_not_spoken_to),
        cmocka_unit_test(a_silent_link_is_closed_after_sixty_seconds),
        cmocka_unit_test(of_two_links_the_first_partys_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
