/*
 * proc/watch.c - hosts watch/
 *
 * hears: SETUP with the territory tables; SETTINGS with other lists; sensors' lines (untrusted)
 *        from the descriptors that the parent hands over; from desk WATCH_START, WATCH_COMMITTED
 * says:  to desk WATCH_COMMIT; to the parent REOPEN, LISTS
 * may:   read the descriptors it was given, take a sensor's call on a socket among them
 * may not: open a file, use the network otherwise, see a key
 *
 * Every agreement of the node has a room of its own, by the rules of its newest version; all are
 * shown the same lines. The pace is watching.h's. When desk is lost, so is what was in flight: this
 * process ends, and begins anew from the last commits that are durable.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/memory.h"
#include "base/text.h"
#include "crypto/random.h"
#include "io/log.h"
#include "ipc/sample.h"
#include "proc/children.h"
#include "proc/looking.h"
#include "proc/pacts.h"
#include "proc/process.h"
#include "proc/settings.h"
#include "proc/watching.h"
#include "watch/watcher.h"
#include "json/profile.h"

/* One agreement's watcher. */
struct eye {
    struct watch *watch;
    const struct agreement *agreement;
    struct rules *rules;
    struct watcher *watcher;
    struct buf saved; /* from WATCH_START until all have theirs */
    bool told;
};

struct watch {
    struct self *self;
    struct pacts pacts;
    struct settings settings;
    struct eye eye[WATCHING_ROOMS];
    size_t eyes;
    bool read_out; /* all files that are read once are at their end */
    struct watching_room room[WATCHING_ROOMS];
    struct watching_hooks hooks;
    struct watching *watching;  /* NULL until WATCH_START came for each */
    int fd[FEED_SENSORS];       /* handed over and not yet in the feed; -1 */
    bool missing[FEED_SENSORS]; /* fd waits until the file before it was looked for */
    bool lost[FEED_SENSORS];
    struct instant heard[FEED_SENSORS]; /* when its last line came; at first: when we began */
    bool silent[FEED_SENSORS];          /* as was told last */
    struct loop_timer *timer;
    struct looking *looking;
    struct tick looked; /* when the parent was asked whether lists have changed */
};

/* ---- the room as watching.h wants it */

static bool room_take(void *room, size_t sensor, uint64_t at, uint64_t next, struct bytes line)
{
    struct eye *e = room;
    struct instant old = {INT64_MAX}; /* a file read once may be older than any clock */

    e->watch->heard[sensor] = instant_now();
    watcher_line(e->watcher, (uint32_t)sensor, at, next, line,
                 e->watch->settings.sensors[sensor].follow ? e->watch->heard[sensor] : old);
    return watcher_is_full(e->watcher);
}

static bool room_too_long(void *room, size_t sensor, uint64_t next)
{
    struct eye *e = room;

    watcher_damaged(e->watcher, (uint32_t)sensor, next);
    return watcher_is_full(e->watcher);
}

static void room_again(void *room, size_t sensor, struct bytes line)
{
    struct eye *e = room;

    watcher_again(e->watcher, (uint32_t)sensor, line);
}

static bool is_silent(const struct watch *w, size_t i)
{
    int64_t after = w->settings.sensors[i].silent_after;

    return after != 0 && instant_now().us - w->heard[i].us >= after * 1000000;
}

/* Did a sensor fall silent, or speak again? It is logged once, and the next commit says it. */
static bool silence_changed(struct watch *w)
{
    bool changed = false;

    for (size_t i = 0; i < w->settings.sensor_count; i++) {
        if (is_silent(w, i) == w->silent[i])
            continue;
        w->silent[i] = !w->silent[i];
        changed = true;
        if (w->silent[i])
            log_warn("sensor %s: no record for %u seconds", w->settings.sensors[i].name,
                     w->settings.sensors[i].silent_after);
        else
            log_info("sensor %s: records come again", w->settings.sensors[i].name);
    }
    return changed;
}

/* Matches that are counted and incidents that end by the clock; the latter is a report. */
static bool room_idle(void *room)
{
    struct eye *e = room;
    struct totals before = *watcher_totals(e->watcher);
    size_t open = watcher_open(e->watcher), reports;
    bool silence = silence_changed(e->watch);

    watcher_idle(e->watcher, instant_now());
    (void)watcher_reports(e->watcher, &reports);
    return silence || reports != 0 || open != watcher_open(e->watcher) ||
           memcmp(&before, watcher_totals(e->watcher), sizeof before) != 0;
}

static bool follows_any(const struct watch *w)
{
    for (size_t i = 0; i < w->settings.sensor_count; i++)
        if (w->settings.sensors[i].follow)
            return true;
    return false;
}

/* Where nothing is followed, the end of the files ends what is open, too. */
static void room_flush(void *room)
{
    struct eye *e = room;

    e->watch->read_out = !follows_any(e->watch);
    if (e->watch->read_out)
        watcher_finish(e->watcher);
    else
        watcher_flush(e->watcher);
}

static void room_state(void *room, struct buf *out)
{
    struct eye *e = room;

    watcher_commit(e->watcher, out);
}

static size_t room_incidents(void *room, struct buf *out)
{
    struct eye *e = room;
    const struct watcher_report *reports;
    struct buf text = {0};
    size_t count;

    reports = watcher_reports(e->watcher, &count);
    for (size_t i = 0; i < count; i++) {
        buf_clear(&text);
        incident_json(&reports[i].incident, reports[i].report, &text);
        buf_part(out, buf_view(&text));
    }
    buf_done(&text);
    return count;
}

_Static_assert(WATCHER_RAW <= (size_t)SAMPLE_RAW, "a kept line goes to desk");
_Static_assert(ACCOUNT_TEXT <= (size_t)SAMPLE_ACCOUNT, "an account goes to desk");
_Static_assert(SETTINGS_ID - 1 <= (size_t)SAMPLE_SOURCE, "a sensor's name goes to desk");

static void say_sample(const struct eye *e, const struct watcher_sample *s, struct buf *out)
{
    struct buf account = {0};

    account_json(&s->account, &s->match, e->rules, s->nth, &account);
    sample_write(&(struct sample){.digest = bytes_of(s->digest.byte, sizeof s->digest.byte),
                                  .incident = bytes_text(s->incident),
                                  .source = bytes_text(e->watch->settings.sensors[s->source].name),
                                  .offset = s->offset,
                                  .length = s->length,
                                  .raw = s->raw,
                                  .unkept = bytes_text(s->unkept == NULL ? "" : s->unkept),
                                  .account = buf_view(&account)},
                 out);
    buf_done(&account);
}

static size_t room_samples(void *room, struct buf *out)
{
    struct eye *e = room;
    const struct watcher_sample *samples;
    size_t count;

    samples = watcher_samples(e->watcher, &count);
    for (size_t i = 0; i < count; i++)
        say_sample(e, &samples[i], out);
    watcher_taken(e->watcher);
    return count;
}

static size_t room_seen(void *room, struct buf *out)
{
    struct eye *e = room;
    struct sightings *seen = watcher_seen(e->watcher);
    struct buf text = {0};
    size_t count = sightings_count(seen);

    for (size_t i = 0; i < count; i++) {
        const struct sighting *s = sightings_at(seen, i);

        buf_clear(&text);
        sighting_json(s, e->watch->settings.sensors[s->source].name, &text);
        buf_part(out, buf_view(&text));
    }
    if (sightings_further(seen) != 0)
        log_warn("%llu sightings of further indicators at once: not listed",
                 (unsigned long long)sightings_further(seen));
    buf_done(&text);
    sightings_clear(seen);
    return count;
}

static const char *state_of(const struct eye *e, size_t i)
{
    const struct watch *w = e->watch;

    if (w->lost[i])
        return "lost";
    if (is_silent(w, i))
        return "silent";
    return !w->settings.sensors[i].follow && w->read_out ? "done" : "reading";
}

static json_t *notes_tree(const struct notes *n)
{
    json_t *tree = json_object();

    for (size_t i = 0; i < NOTES && n->note[i].rule != NULL; i++)
        json_object_set_new(tree, n->note[i].rule, json_integer((json_int_t)n->note[i].count));
    return tree;
}

/* A moment as text; "" for none. */
static json_t *moment(struct instant t)
{
    char text[INSTANT_TEXT + 1] = "";

    if (t.us != 0)
        instant_write(t, text);
    return json_string(text);
}

/* docs/PROTOCOL.control: watch.sources. Counts are since this process began. */
static json_t *source_json(const struct eye *e, size_t i)
{
    const struct watch *w = e->watch;
    const struct settings_sensor *s = &w->settings.sensors[i];
    const struct watcher_news *n = watcher_news(e->watcher, (uint32_t)i);
    const struct reader_format *f = watcher_format_of(e->watcher, (uint32_t)i);
    int64_t lag = w->watching != NULL ? watching_lag(w->watching, i) : -1;

    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "name", s->name,
        "path", s->where, "place", s->place, "mode", s->follow ? "follow" : "once", "state",
        state_of(e, i), "format", f != NULL ? f->name : "auto", "offset",
        (json_int_t)watcher_offset(e->watcher, (uint32_t)i), "lag", (json_int_t)lag, "events",
        (json_int_t)n->events, "damaged", (json_int_t)n->damaged, "heard", moment(w->heard[i]),
        "newest", moment((struct instant){n->newest}), "by-rule", notes_tree(&n->notes));
}

static void room_sources(void *room, struct buf *out)
{
    struct eye *e = room;
    const struct totals *t = watcher_totals(e->watcher);
    json_t *sources = json_array(), *tree;

    for (size_t i = 0; i < e->watch->settings.sensor_count; i++)
        json_array_append_new(sources, source_json(e, i));
    tree = json_pack("{s:o, s:o, s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}}",
                     "sources", sources, "indicators", looking_json(e->watch->looking), "totals",
                     "events", (json_int_t)t->events, "oriented", (json_int_t)t->oriented,
                     "attributed", (json_int_t)t->attributed, "matched", (json_int_t)t->matched,
                     "incidents", (json_int_t)t->incidents, "late", (json_int_t)t->late, "ahead",
                     (json_int_t)t->ahead, "damaged_lines", (json_int_t)t->damaged_lines,
                     "groups_dropped", (json_int_t)t->losses.groups_dropped, "matches_refused",
                     (json_int_t)t->losses.matches_refused, "samples_unkept", (json_int_t)t->unkept,
                     "twice", (json_int_t)t->twice);
    json_canonical(tree, out);
    json_decref(tree);
}

static struct fault room_restore(void *room, struct bytes state)
{
    struct eye *e = room;
    uint8_t seed[16];
    bool anew = false;
    struct fault f;

    if (state.len == 0)
        return fault_none();
    random_bytes(seed, sizeof seed);
    watcher_free(e->watcher);
    e->watcher = NULL;
    f = watcher_load(e->rules, seed, state, &e->watcher, &anew);
    if (anew)
        log_warn("%s: another version of the agreement: open groups begin anew", e->agreement->id);
    return f;
}

/* ---- what watching asks for */

static void send_commit(void *context, size_t room, struct bytes body)
{
    struct watch *w = context;
    struct buf message = {0};

    buf_part(&message, bytes_text(w->eye[room].agreement->id));
    buf_bytes(&message, body);
    process_send(w->self, PROCESS_DESK, MESSAGE_WATCH_COMMIT, buf_view(&message));
    buf_done(&message);
}

static void ask_reopen(void *context, uint32_t sensor)
{
    struct watch *w = context;
    struct buf body = {0};

    buf_u32(&body, sensor);
    buf_u64(&body, 0);
    buf_u64(&body, 0);
    process_tell_parent(w->self, MESSAGE_REOPEN, buf_view(&body));
    buf_done(&body);
}

static void sensor_lost(void *context, size_t sensor, struct fault why)
{
    struct watch *w = context;

    w->lost[sensor] = true;
    log_fault(LOG_LEVEL_ERROR, w->settings.sensors[sensor].name, why);
}

static void ask_lists(struct watch *w, bool all)
{
    uint8_t body = all;

    w->looked = tick_now();
    process_tell_parent(w->self, MESSAGE_LISTS, bytes_of(&body, 1));
}

static void seek(const struct watch *w, struct eye *e)
{
    const struct cautions *c = looking_cautions(w->looking);

    watcher_seek(e->watcher, looking_now(w->looking), c);
    rules_caution(e->rules, c);
}

/* Lists are read and built beside the stream, a step a turn; and looked for, now and then. */
static void look(struct watch *w)
{
    if (looking_step(w->looking)) {
        for (size_t i = 0; i < w->eyes; i++)
            seek(w, &w->eye[i]);
        looking_dropped(w->looking);
        watching_changed(w->watching);
    }
    if (looking_wants(w->looking) && tick_now().us - w->looked.us >= LOOKING_AGAIN)
        ask_lists(w, false);
}

static void turn(void *context)
{
    struct watch *w = context;
    struct tick next;

    look(w);
    next = looking_is_ready(w->looking) ? watching_turn(w->watching, tick_now())
                                        : (struct tick){INT64_MAX};
    if (looking_is_busy(w->looking))
        next = tick_now();
    /* Also where no sensor wakes us: a list may be there before the first of them. */
    if (looking_wants(w->looking) && next.us > w->looked.us + LOOKING_AGAIN)
        next.us = w->looked.us + LOOKING_AGAIN;
    if (next.us != INT64_MAX && w->timer != NULL)
        loop_timer_at(w->timer, next);
}

/* ---- start */

static struct fault read_tables(struct rules *r, const struct agreement *a,
                                const struct setup *setup)
{
    for (size_t p = 0; p < AGREEMENT_PARTIES; p++)
        for (size_t t = 0; t < a->parties[p].table_count; t++) {
            char name[SETUP_NAME + 1];
            struct fault f;

            snprintf(name, sizeof name, "%s/%s", a->id, a->parties[p].tables[t].file);
            f = rules_table(r, p, t, setup_part(setup, name));
            if (fault_is(f)) {
                log_fault(LOG_LEVEL_ERROR, name, f);
                return f;
            }
        }
    return fault_none();
}

static struct fault make_eye(struct watch *w, const struct agreement *a, const struct setup *setup)
{
    struct eye *e = &w->eye[w->eyes];
    struct fault f;

    if (pacts_newest(&w->pacts, bytes_text(a->id)) != a)
        return fault_none();
    if (w->eyes == WATCHING_ROOMS)
        return fault_make(FAULT_LIMIT, WATCHING_ROOMS, "watch: agreements");
    *e = (struct eye){.watch = w, .agreement = a};
    w->eyes++;
    f = rules_new(a, w->pacts.party, &e->rules, NULL);
    if (!fault_is(f))
        f = read_tables(e->rules, a, setup);
    if (!fault_is(f))
        rules_seal(e->rules);
    return f;
}

static struct fault watch_begin(void *context, struct self *self)
{
    struct watch *w = context;
    const struct setup *setup = process_setup(self);
    struct fault f;

    w->self = self;
    for (size_t i = 0; i < FEED_SENSORS; i++) {
        char name[32];

        snprintf(name, sizeof name, "sensor.%zu", i);
        w->fd[i] = process_file(self, name);
    }
    f = settings_parse(setup->settings, &w->settings, NULL);
    w->looking = looking_new(&w->settings);
    if (!fault_is(f))
        f = pacts_read(setup, &w->pacts);
    for (size_t i = 0; i < w->pacts.count && !fault_is(f); i++)
        f = make_eye(w, w->pacts.agreement[i], setup);
    process_forget(self);
    return f;
}

/* The file that was read when we last ran was rotated away: its rest comes first, if the parent
 * finds it. True: `fd` waits for that. */
static bool look_for_rest(struct watch *w, size_t i, int fd)
{
    struct feed_place before;
    struct buf body = {0};

    if (w->missing[i] || !watching_misses(w->watching, i, fd, &before))
        return false;
    w->missing[i] = true;
    w->fd[i] = fd;
    buf_u32(&body, (uint32_t)i);
    buf_u64(&body, before.device);
    buf_u64(&body, before.inode);
    process_tell_parent(w->self, MESSAGE_REOPEN, buf_view(&body));
    buf_done(&body);
    return true;
}

static void opened(struct watch *w, size_t i, int fd)
{
    const struct settings_sensor *s = &w->settings.sensors[i];
    enum feed_start start = FEED_NONE;
    struct fault f;

    if (look_for_rest(w, i, fd))
        return;
    f = watching_opened(w->watching, i, fd, &start);
    w->lost[i] = fault_is(f);
    if (fault_is(f))
        log_fault(LOG_LEVEL_ERROR, s->name, f);
    else if (start == FEED_ROTATED)
        log_warn("sensor %s: another file is there now; what the old one got meanwhile is not read",
                 s->name);
}

static struct eye *eye_find(struct watch *w, struct bytes id)
{
    for (size_t i = 0; i < w->eyes; i++)
        if (bytes_is(id, w->eye[i].agreement->id))
            return &w->eye[i];
    return NULL;
}

static void open_eye(struct watch *w, size_t i)
{
    uint8_t seed[16];

    random_bytes(seed, sizeof seed);
    w->eye[i].watcher = watcher_new(w->eye[i].rules, seed);
    w->room[i] = (struct watching_room){.room = &w->eye[i],
                                        .take = room_take,
                                        .too_long = room_too_long,
                                        .again = room_again,
                                        .idle = room_idle,
                                        .flush = room_flush,
                                        .state = room_state,
                                        .incidents = room_incidents,
                                        .samples = room_samples,
                                        .sources = room_sources,
                                        .seen = room_seen,
                                        .restore = room_restore};
}

static void expect(struct watch *w, size_t i)
{
    static const enum source_kind kinds[] = {[SENSOR_FILE] = SOURCE_STREAM,
                                             [SENSOR_INPUT] = SOURCE_STREAM,
                                             [SENSOR_UNIX] = SOURCE_STREAM,
                                             [SENSOR_DATAGRAM] = SOURCE_LOCAL,
                                             [SENSOR_UDP] = SOURCE_NETWORK};
    const struct settings_sensor *s = &w->settings.sensors[i];

    watching_expect(w->watching, i, s->follow);
    watching_declare(w->watching, i, kinds[s->kind], s->kind == SENSOR_UNIX, s->format);
    for (size_t k = 0; k < w->eyes; k++) {
        watcher_format(w->eye[k].watcher, (uint32_t)i, s->format);
        watcher_place(w->eye[k].watcher, (uint32_t)i, incident_place(bytes_text(s->place)));
    }
    w->heard[i] = instant_now();
}

static struct fault begin_watching(struct watch *w)
{
    struct bytes saved[WATCHING_ROOMS];
    struct fault f;

    for (size_t i = 0; i < w->eyes; i++) {
        open_eye(w, i);
        saved[i] = buf_view(&w->eye[i].saved);
    }
    w->hooks = (struct watching_hooks){send_commit, ask_reopen, sensor_lost, w};
    f = watching_new(w->room, saved, w->eyes, &w->hooks, &w->watching);
    for (size_t i = 0; i < w->eyes; i++)
        buf_done(&w->eye[i].saved);
    if (fault_is(f))
        return f;
    w->timer = loop_timer_new(process_loop(w->self), turn, w);
    if (looking_wants(w->looking))
        ask_lists(w, true);
    for (size_t i = 0; i < w->settings.sensor_count; i++) {
        int fd = w->fd[i];

        w->fd[i] = -1; /* transferred */
        expect(w, i);
        if (fd >= 0)
            opened(w, i, fd);
    }
    turn(w);
    return f;
}

/* The timer hangs in the loop and goes before it. */
static void finish(struct watch *w, int status)
{
    loop_timer_free(w->timer);
    w->timer = NULL;
    process_stop(w->self, status);
}

static void watch_stop(void *context)
{
    finish(context, 0);
}

/* ---- messages */

static struct fault hear_start(struct watch *w, struct bytes body)
{
    struct cursor in = cursor_over(body, "WATCH_START");
    struct bytes id = cursor_part(&in, AGREEMENT_ID);
    struct bytes saved = cursor_part(&in, WATCHING_STATE_MAX);
    struct eye *e;

    cursor_end(&in);
    if (!cursor_ok(&in))
        return in.fault;
    e = eye_find(w, id);
    if (e == NULL)
        return fault_make(FAULT_UNKNOWN, 0, "watch: no such agreement");
    if (e->told)
        return fault_make(FAULT_DUPLICATE, 0, "watch: WATCH_START once an agreement");
    e->told = true;
    buf_bytes(&e->saved, saved);
    for (size_t i = 0; i < w->eyes; i++)
        if (!w->eye[i].told)
            return fault_none();
    return begin_watching(w);
}

static struct fault hear_committed(struct watch *w, struct bytes body)
{
    struct cursor in = cursor_over(body, "WATCH_COMMITTED");
    struct eye *e = eye_find(w, cursor_part(&in, AGREEMENT_ID));
    uint64_t sequence = cursor_u64(&in);
    struct fault f;

    cursor_end(&in);
    if (!cursor_ok(&in))
        return in.fault;
    if (w->watching == NULL || e == NULL)
        return fault_make(FAULT_ORDER, 0, "watch: WATCH_START comes first");
    f = watching_committed(w->watching, (size_t)(e - w->eye), sequence);
    if (!fault_is(f))
        turn(w);
    return f;
}

static void watch_message(void *context, enum process from, uint16_t type, struct bytes body)
{
    struct watch *w = context;
    struct fault f = fault_make(FAULT_UNKNOWN, 0, "watch: a message that it does not hear");

    if (from == PROCESS_DESK && type == MESSAGE_WATCH_START)
        f = hear_start(w, body);
    else if (from == PROCESS_DESK && type == MESSAGE_WATCH_COMMITTED)
        f = hear_committed(w, body);
    if (fault_is(f)) {
        log_fault(LOG_LEVEL_ERROR, process_name(from), f);
        finish(w, 1);
    }
}

/* The number behind "sensor." or "rotated."; false for any other name. */
static bool sensor_number(const struct watch *w, const char *name, const char *begins,
                          uint64_t *out)
{
    size_t n = strlen(begins);

    return strncmp(name, begins, n) == 0 &&
           decimal_read(bytes_text(name + n), FEED_SENSORS - 1, out) &&
           *out < w->settings.sensor_count;
}

/* The rest of what was rotated away, or (old -1) there is none; then the file that waited. */
static void go_on(struct watch *w, size_t i, int old)
{
    int waited = w->fd[i];

    w->fd[i] = -1;
    if (old >= 0)
        opened(w, i, old);
    if (waited >= 0)
        opened(w, i, waited);
}

/* A sensor's file, opened again: of one that we read, or of one that was not there before. */
static void watch_file(void *context, const char *name, int fd)
{
    struct watch *w = context;
    uint64_t i;

    if (looking_file(w->looking, name, fd)) {
        if (w->watching != NULL)
            turn(w);
        return;
    }
    if (sensor_number(w, name, "rotated.", &i) && w->watching != NULL && w->fd[i] >= 0) {
        go_on(w, i, fd);
    } else if (!sensor_number(w, name, "sensor.", &i)) {
        close(fd);
        return;
    } else if (w->watching == NULL) {
        if (w->fd[i] >= 0)
            close(w->fd[i]);
        w->fd[i] = fd;
        return;
    } else {
        go_on(w, i, -1); /* what was looked for was not found */
        opened(w, i, fd);
    }
    turn(w);
}

/* Other lists, beside the stream: sensors, groups and what is held know nothing of it. */
static void watch_settings(void *context, struct bytes text)
{
    struct watch *w = context;
    struct settings *fresh = memory_zeroed(1, sizeof *fresh);
    struct fault f = settings_parse(text, fresh, NULL);

    if (fault_is(f)) {
        log_fault(LOG_LEVEL_ERROR, "settings", f);
    } else {
        settings_take_lists(&w->settings, fresh);
        looking_anew(w->looking);
    }
    free(fresh);
    if (fault_is(f) || w->watching == NULL) /* begin_watching asks */
        return;
    ask_lists(w, true);
    turn(w);
}

static void watch_neighbour(void *context, enum process other, bool here)
{
    struct watch *w = context;

    if (other == PROCESS_DESK && !here && w->watching != NULL)
        finish(w, 0);
}

static void watch_done(struct watch *w)
{
    watching_free(w->watching);
    looking_free(w->looking);
    for (size_t i = 0; i < w->eyes; i++) {
        watcher_free(w->eye[i].watcher);
        rules_free(w->eye[i].rules);
        buf_done(&w->eye[i].saved);
    }
    for (size_t i = 0; i < FEED_SENSORS; i++)
        if (w->fd[i] >= 0)
            close(w->fd[i]);
    pacts_done(&w->pacts);
}

int watch_main(void)
{
    static const struct process_use use = {
        .process = PROCESS_WATCH,
        .suites = true,
        .rights = {.may = RIGHT_ACCEPT, .files = 3 * FEED_SENSORS + 3 * SETTINGS_LISTS + 32},
        .begin = watch_begin,
        .message = watch_message,
        .neighbour = watch_neighbour,
        .file = watch_file,
        .settings = watch_settings,
        .stop = watch_stop,
    };
    struct watch *w = memory_zeroed(1, sizeof *w);
    int status;

    memory_give_back(); /* lists and tables are loaded, and then only asked */
    for (size_t i = 0; i < FEED_SENSORS; i++)
        w->fd[i] = -1;
    status = process_run(&use, w);
    watch_done(w);
    free(w);
    return status;
}
