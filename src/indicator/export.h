/*
 * export.h - indicators in the words of sensors: Suricata, Zeek, nftables, RPZ, nfdump, MISP,
 * plain.
 *
 * Detect-only: an alert, a counter, a log line; no target here drops, blocks or answers (DESIGN
 * section 8). Each line carries the case's or indicator's id, its marking and when it ends; where a
 * format's own line cannot, a comment or an index beside it does. What its marking does not permit
 * on that target, what has ended, and what a format cannot say is refused and counted by that rule.
 * A withdrawal is the inverse: the commands that take the same entries out again.
 *
 * A target is a file beside export_zeek.c with one `const struct export_target`, and a row in
 * export.c. Values are strangers' text: each target escapes or refuses what its own grammar would
 * read as something else. Opens no file and reads no clock.
 */
#ifndef PARLEY_INDICATOR_EXPORT_H
#define PARLEY_INDICATOR_EXPORT_H

#include "indicator/indicator.h"

enum {
    EXPORT_FILES = 8,
    EXPORT_SIDS = 500000,   /* Suricata's rule numbers from the first on: a rule each */
    EXPORT_SIDS_FIXED = 64, /* .. of which the first are for rules that ask a list */
    EXPORT_ZONE = 100,      /* bytes of the RPZ zone's name */
};

/* One thing to look for, and whose word it is. about.id may be empty; about.until is finite. */
struct export_entry {
    struct indicator_value value;
    struct indicator_about about;
    const char *source; /* the list or agreement it comes from */
};

enum export_rule {
    EXPORT_OK = 0,
    EXPORT_TLP,     /* marked for fewer eyes than see that sensor's alerts */
    EXPORT_PAP,     /* that target would do more with it than its marking permits */
    EXPORT_EXPIRED, /* it has ended */
    EXPORT_KIND,    /* the target has no word for such a thing */
    EXPORT_TEXT,    /* the target cannot write this value */
    EXPORT_ROOM,    /* no rule number is left */
    EXPORT_RULES,
};

/* "ok", "tlp", "pap", "expired", "kind", "text", "room" */
const char *export_rule_name(enum export_rule r);

struct export_file {
    const char *name; /* static text, or export.name */
    struct buf text;
    size_t head; /* bytes of it that stand before the first entry */
};

struct export_options {
    struct instant now;
    uint32_t sid;     /* the first of EXPORT_SIDS rule numbers */
    uint32_t rev;     /* must grow from one export to the next; also RPZ's serial */
    const char *zone; /* RPZ's, without a final dot */
    const char *feed; /* of MISP: its name, and what its ids are made of */
    bool withdraw;    /* the inverse */
};

struct export
{
    const struct export_target *target;
    struct export_options o;
    struct export_file file[EXPORT_FILES]; /* owned */
    size_t files;
    size_t taken, refused[EXPORT_RULES];
    enum tlp strictest_tlp; /* of what was taken */
    enum pap strictest_pap;
    uint8_t *sids; /* a bit each, taken; owned */
    size_t sids_taken;
    struct buf part[2]; /* of a text that is put together at the end; owned */
    char name[64];      /* of a file, where it is made of what is in it */
};

struct export_target {
    const char *name; /* "zeek" */
    const char *what; /* for a person: what it does there, and how it is put into use */
    enum tlp tlp;     /* the strictest marking that may go there */
    enum pap pap;     /* .. */
    unsigned kinds;   /* 1 << enum indicator_kind: what it has a word for */
    void (*begin)(struct export *x);
    /* One entry, already permitted. What it wrote of one that it refuses is taken back. */
    enum export_rule (*entry)(struct export *x, const struct export_entry *e);
    void (*end)(struct export *x); /* may be NULL */
    /* The inverse of `entry`; NULL: a list is withdrawn by one without it. */
    enum export_rule (*remove)(struct export *x, const struct export_entry *e);
};

/* All there are; NULL ends. And by name; NULL for none. */
extern const struct export_target *const export_targets[];
const struct export_target *export_target_named(const char *name);

/* `target` must have a `remove` if it is a withdrawal. */
void export_begin(struct export *x, const struct export_target *target,
                  const struct export_options *o);
enum export_rule export_entry(struct export *x, const struct export_entry *e);
void export_end(struct export *x);
void export_done(struct export *x); /* frees */

/* Is it permitted there, whatever it is? */
enum export_rule export_decide(const struct export_target *t, const struct indicator_about *about,
                               struct instant now);

/* ---- for the targets */

struct buf *export_open(struct export *x, const char *name); /* a further file's text */
void export_head(struct export *x);                          /* what stands there is its head */

/* Letters, digits and "-._/": what no format of these reads as anything else. All other bytes as
 * %HH. */
void export_safe(struct bytes text, struct buf *out);

/* The id ("-" for none) as export_safe, marking and end: "ID tlp:amber pap:green until:20260131T.."
 * with `joint` for each ":" and `gap` for each blank. */
void export_about(const struct export_entry *e, char joint, const char *gap, struct buf *out);

/* "192.0.2.0/24", "2001:db8::1"; the bits only where it is a subnet. */
void export_addr(const struct indicator_value *v, struct buf *out);

/* What a URL consists of: host (in lower case, with its port), and the rest from "/" on. */
void export_url(const struct indicator_value *v, struct bytes *host, struct bytes *rest);

/* A rule number of its own, the same in the next export unless another's took its place. 0: none is
 * left. `which`: a value may have several rules. */
uint32_t export_sid(struct export *x, const struct export_entry *e, unsigned which);

#endif
