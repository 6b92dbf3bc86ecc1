#include "proc/looking.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "crypto/random.h"
#include "io/log.h"

/* A version: both kinds of lists. */
struct version {
    struct lookout *lookout;
    struct cautions *cautions;
};

struct looking {
    const struct settings *settings;
    struct version now, next, old; /* NULLs where there is none */
    bool asked;                    /* `next` has all its files */
    struct instant changed;        /* when `now` came */
};

static void version_done(struct version *v)
{
    lookout_free(v->lookout);
    cautions_free(v->cautions);
    *v = (struct version){NULL, NULL};
}

struct looking *looking_new(const struct settings *s)
{
    struct looking *l = memory_zeroed(1, sizeof *l);

    l->settings = s;
    return l;
}

void looking_free(struct looking *l)
{
    if (l == NULL)
        return;
    version_done(&l->now);
    version_done(&l->next);
    version_done(&l->old);
    free(l);
}

void looking_anew(struct looking *l)
{
    version_done(&l->next);
    l->asked = false;
}

bool looking_wants(const struct looking *l)
{
    return l->settings->indicator_count + l->settings->list_count != 0;
}

/* ---- files ---- */

static bool number_of(const char *name, const char *begins, size_t below, uint64_t *out)
{
    size_t n = strlen(begins);

    return strncmp(name, begins, n) == 0 && below != 0 &&
           decimal_read(bytes_text(name + n), below - 1, out);
}

/* The first file of a new version; one that was not finished is given up for it. */
static void begin(struct looking *l)
{
    uint64_t seed[2];

    if (l->next.lookout != NULL && !l->asked)
        return;
    version_done(&l->next);
    random_bytes(seed, sizeof seed);
    l->next.lookout = lookout_new(indicators_usual, seed[0]);
    l->next.cautions = cautions_new(seed[1]);
    l->asked = false;
}

static void add_indicators(struct looking *l, const struct settings_indicators *s, int fd)
{
    struct lookout_list list = {
        .name = s->name, .format = s->format, .tlp = s->tlp, .valid_for = s->valid_for};
    struct stat st;
    struct fault f;

    if (fstat(fd, &st) == 0)
        list.dated = instant_of_seconds(st.st_mtime);
    f = lookout_add(l->next.lookout, &list, fd);
    if (fault_is(f))
        log_fault(LOG_LEVEL_ERROR, s->name, f);
}

static void add_list(struct looking *l, const struct settings_list *s, int fd)
{
    const struct caution_list list = {s->name, s->kind, s->from, s->until};
    struct fault f = cautions_add(l->next.cautions, &list, fd);

    if (fault_is(f))
        log_fault(LOG_LEVEL_ERROR, s->name, f);
}

bool looking_file(struct looking *l, const char *name, int fd)
{
    uint64_t i;

    if (strcmp(name, "lists.end") == 0) {
        begin(l);
        l->asked = true;
        close(fd);
    } else if (number_of(name, "indicators.", l->settings->indicator_count, &i)) {
        begin(l);
        add_indicators(l, &l->settings->indicators[i], fd);
    } else if (number_of(name, "list.", l->settings->list_count, &i)) {
        begin(l);
        add_list(l, &l->settings->lists[i], fd);
    } else {
        return false;
    }
    return true;
}

/* ---- a new version ---- */

/* Says what became of each list. Is any not whole? */
static bool tell(const struct looking *l)
{
    bool bad = false;

    for (size_t i = 0; i < lookout_lists(l->next.lookout); i++) {
        const struct lookout_news *n = lookout_news(l->next.lookout, i);

        if (fault_is(n->fault))
            log_fault(LOG_LEVEL_ERROR, n->name, n->fault);
        else if (!n->canary)
            log_error("list %s: its canary does not fire: it would find nothing", n->name);
        else
            log_info("list %s: %s, %zu entries, %zu patterns, %zu bytes", n->name, n->format,
                     n->sets.entries, n->patterns, n->sets.bytes);
        bad |= fault_is(n->fault) || !n->canary;
    }
    for (size_t i = 0; i < cautions_lists(l->next.cautions); i++) {
        const struct caution_news *n = cautions_news(l->next.cautions, i);

        if (fault_is(n->fault))
            log_fault(LOG_LEVEL_ERROR, n->name, n->fault);
        else
            log_info("list %s (%s): %s, %zu entries, %zu texts", n->name, caution_name(n->kind),
                     n->format, n->entries, n->texts);
        bad |= fault_is(n->fault);
    }
    return bad;
}

static bool take(struct looking *l)
{
    bool bad = tell(l);

    if (bad && l->now.lookout != NULL) {
        log_error("the lists stay as they were");
        version_done(&l->next);
        return false;
    }
    version_done(&l->old);
    l->old = l->now;
    l->now = l->next;
    l->next = (struct version){NULL, NULL}; /* transferred */
    l->changed = instant_now();
    if (!looking_wants(l)) /* the last list was taken out of the settings */
        version_done(&l->now);
    return true;
}

bool looking_is_busy(const struct looking *l)
{
    return l->next.lookout != NULL && l->asked;
}

bool looking_step(struct looking *l)
{
    for (size_t i = 0; looking_is_busy(l) && i < LOOKING_STEPS; i++)
        if (!lookout_step(l->next.lookout) && !cautions_step(l->next.cautions))
            return take(l);
    return false;
}

bool looking_is_ready(const struct looking *l)
{
    return l->now.lookout != NULL || !looking_wants(l);
}

struct lookout *looking_now(const struct looking *l)
{
    return l->now.lookout;
}

const struct cautions *looking_cautions(const struct looking *l)
{
    return l->now.cautions;
}

void looking_dropped(struct looking *l)
{
    version_done(&l->old);
}

/* ---- what is there ---- */

static json_t *refused(const struct lookout_news *n)
{
    json_t *tree = json_object();

    for (enum import_rule r = IMPORT_TOO_LONG; r < IMPORT_RULES; r++)
        if (n->import.refused[r] != 0)
            json_object_set_new(tree, import_rule_name(r),
                                json_integer((json_int_t)n->import.refused[r]));
    return tree;
}

static json_t *list_json(const struct looking *l, const struct lookout_news *n)
{
    char since[INSTANT_TEXT + 1];

    instant_write(l->changed, since);
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:o, s:s, s:s}", "name", n->name,
                     "state", fault_is(n->fault) ? fault_word(n->fault.kind) : "used", "format",
                     n->format, "entries", (json_int_t)n->sets.entries, "patterns",
                     (json_int_t)n->patterns, "unmet", (json_int_t)n->unmet, "overflow",
                     (json_int_t)n->sets.overflow, "bytes", (json_int_t)n->sets.bytes, "refused",
                     refused(n), "canary", n->canary ? "fires" : "silent", "since", since);
}

static json_t *caution_json(const struct looking *l, const struct caution_news *n)
{
    char since[INSTANT_TEXT + 1], state[32];

    instant_write(l->changed, since);
    snprintf(state, sizeof state, "%s", fault_is(n->fault) ? fault_word(n->fault.kind) : "lowers");
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:s}", "name", n->name, "state", state,
                     "format", n->format, "kind", caution_name(n->kind), "entries",
                     (json_int_t)n->entries, "texts", (json_int_t)n->texts, "since", since);
}

json_t *looking_json(const struct looking *l)
{
    json_t *list = json_array();

    if (l->now.lookout == NULL)
        return list;
    for (size_t i = 0; i < lookout_lists(l->now.lookout); i++)
        json_array_append_new(list, list_json(l, lookout_news(l->now.lookout, i)));
    for (size_t i = 0; i < cautions_lists(l->now.cautions); i++)
        json_array_append_new(list, caution_json(l, cautions_news(l->now.cautions, i)));
    return list;
}
