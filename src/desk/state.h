/*
 * state.h - what desk holds in memory, for the files of this folder.
 */
#ifndef PARLEY_DESK_STATE_H
#define PARLEY_DESK_STATE_H

#include "base/cursor.h"
#include "cases/case.h"
#include "desk/await.h"
#include "desk/desk.h"
#include "desk/shelf.h"
#include "hotline/conversation.h"
#include "hotline/post.h"
#include "judge/ground.h"
#include "keeper/order.h"
#include "ledger/head.h"
#include "ledger/mirror.h"
#include "ledger/publish.h"
#include "ledger/tenure.h"
#include "release/registry.h"
#include "statement/document.h"
#include "store/store.h"

enum {
    DESK_PACTS = 8,     /* settings.h: SETTINGS_AGREEMENTS */
    DESK_HITS = 100000, /* indicators seen that are kept for an agreement, 60 MB of rows */
    DESK_GROUP = 256,   /* entries between two heads: what one PUSH can carry */
    DESK_WAITING = 256, /* commands that wait for keeper */
    DESK_WHY = 200,
    DESK_ALARMS = 64, /* names remembered; of more the store is asked */
    DESK_ALARM = 48,
    DESK_PAUSE = 30 * 1000000,  /* microseconds between two PUSHes held while ours wait for the
                                   partner; a link is silent for 60 s at most (conversation.h) */
    DESK_RELOAD = 10 * 1000000, /* microseconds: a keeper is started anew in less */
    DESK_EARLY = 8,     /* frames that judge handed on before gate said that the link is up */
    DESK_VERSIONS = 32, /* of all agreements; ipc/setup.h brings at most 16 at start */
};

/* One case in memory: its life, replayed, and what commands show of it. */
struct desk_case {
    char id[CASE_TEXT];
    struct case_life life;
    uint32_t clocks[CLOCK_KINDS]; /* of its article and version */
    bool we_opened;
};

/* A party's keys, as its log names them. */
struct desk_keys {
    struct tenure tenure;
    size_t said_count; /* KEYS entries, ascending */
    struct desk_said {
        uint64_t index;
        struct buf entry, document; /* as disclosed */
    } * said[FRAME_KEYS];           /* owned */
};

/* A command that waits until the entry with this leaf is stored. */
struct desk_waiting {
    struct digest leaf;
    json_t *answer; /* owned; index is added */
    desk_answer say;
    void *client;
};

struct desk_pact {
    struct desk *desk;
    const struct agreement *now; /* the newest version */
    const struct party *own, *peer;
    bool own_is_first;
    char origin[ROLES_ORIGIN], peer_origin[ROLES_ORIGIN];

    /* keys, from the two genesis documents and what changed them */
    struct buf genesis; /* our document, as disclosed */
    struct desk_keys own_keys, peer_keys;
    bool has_peer;
    struct registry *registry;

    /* ledger */
    bool kept; /* this keeper has said what it remembers: before that, nothing is asked of it that
                  begins where its record ends */
    uint64_t kept_own, kept_peer;
    struct digest kept_root; /* of our own log at kept_own */
    bool catching;           /* a CATCH_UP is out */
    struct buf lacking;      /* role keys that our log names and keeper has not, as KEEPER_STATE */
    size_t unnamed;        /* of our newest KEYS entries: HELLO leaves them off, for keeper has not
                              their hello keys */
    bool greeted;          /* the partner has said HELLO since desk began */
    int own_dir, peer_dir; /* -1 until open */
    struct ledger *log;
    struct head head;
    struct mirror mirror;
    bool mirror_open;
    struct publish own_publish, peer_publish;
    char fence[DESK_WHY]; /* why nothing may be signed; "" if it may */
    bool signing;         /* a SIGN is out */
    bool keeper_is_old;   /* it was not started anew since a version took over */
    struct tick told;     /* when the parent was last told of it */
    bool terms_due;       /* an AGREEMENT statement became binding: terms_look */

    /* hotline */
    struct conversation talk;
    bool link_up, link_dialled;
    uint32_t link;
    uint8_t exporter[32];
    struct instant link_since;
    char link_why[DESK_WHY];
    struct buf hello; /* said, waiting for keeper's signature */
    uint32_t hello_link;
    bool cosigning;      /* a COSIGN is out */
    struct buf push;     /* payload of the PUSH being held */
    struct fault unheld; /* why its documents could not be stored while keeper was at work */
    bool push_waits;     /* it is put off: hold_turn */
    struct tick held;    /* when one was held last; 0: none since desk began */
    struct desk_verdict {
        enum ground ground;
        char rule[DESK_WHY]; /* "" for GROUND_NONE */
    } verdict[DESK_GROUP];
    struct buf mirror_frame;  /* payload of the MIRROR being restored from */
    struct instant cosigned;  /* time of our newest cosignature */
    struct instant last_said; /* claimed time of our newest entry */

    /* cases */
    struct desk_case *cases; /* owned; those with something open */
    size_t case_count, case_room;
    char alarm[DESK_ALARMS][DESK_ALARM]; /* names that may stand in the store */
    size_t alarm_count;
    bool alarms_many; /* more than these */
    int64_t evidence; /* period number of the last EVIDENCE root */
    int64_t samples;  /* bytes of the sample records that are kept; -1: to be asked of the store */
};

struct desk {
    struct desk_host host;
    int64_t sample_bytes; /* desk_start's */
    struct store *store;
    struct shelf shelf;
    struct order_sign order; /* the one in the making: big, and asked for often */
    const struct agreement *agreements[DESK_VERSIONS];
    size_t agreement_count;
    struct agreement *taken[DESK_VERSIONS]; /* owned: those that took over since the start */
    size_t taken_count;
    char party[AGREEMENT_ID + 1];
    struct desk_pact pact[DESK_PACTS];
    size_t pact_count;
    struct desk_waiting waiting[DESK_WAITING];
    size_t waiting_count;
    struct await await[AWAIT_MOST];
    struct {
        uint32_t link;
        struct buf body;
    } early[DESK_EARLY];
    bool keeper_here;
    bool watching; /* WATCH_START was sent */
    struct instant now;
    struct tick tick, began;
    int64_t drift;        /* wall clock minus monotonic clock when desk began, microseconds */
    char clock[DESK_WHY]; /* why our own clock is not believed; "" if it is */
    struct tick published;
};

/* pact.c */
struct desk_pact *pact_find(struct desk *d, struct bytes agreement);               /* or NULL */
const struct agreement *pact_version(const struct desk_pact *p, uint32_t version); /* or NULL */
MUST_CHECK struct fault pact_begin(struct desk *d, const struct agreement *a, struct desk_pact *p);
MUST_CHECK struct fault pact_open(struct desk_pact *p);
MUST_CHECK struct fault pact_take_peer(struct desk_pact *p, struct bytes entry,
                                       struct bytes document);
void pact_done(struct desk_pact *p);
void pact_fence(struct desk_pact *p);
bool pact_may_sign(const struct desk_pact *p, const char **why);
/* The agreement's quota of entries of ours, or of their bytes, waits for the partner's cosignature.
 */
bool pact_over_quota(struct desk_pact *p);
/* The answer to a command that must sign and cannot now, owned; NULL if it can. "not-ready" if
 * the reason passes by itself in a moment. */
json_t *pact_silence(const struct desk_pact *p);
/* A small named text of the agreement in the store; "" if there is none. */
void state_get(struct desk_pact *p, const char *name, struct buf *out);
MUST_CHECK struct fault state_put(struct desk_pact *p, const char *name, const char *value);

/* keys.c */
struct order_cosign;
MUST_CHECK struct fault keys_load(struct desk_pact *p); /* ours: again, by what log and store say */
MUST_CHECK struct fault keys_load_peer(struct desk_pact *p); /* theirs; the mirror is open */
bool keys_are_among(const struct bytes *entries, size_t count);
/* A PUSH that is not held yet: its note is signed by the keys that its entries name. REFUSED: they
 * do not stand by what the partner cosigned of our log. */
MUST_CHECK struct fault keys_expect(struct desk_pact *p, const struct frame_push *push);
MUST_CHECK struct fault keys_expect_own(struct desk_pact *p, const struct frame_push *mirror);
/* REFUSED: who says HELLO does it by keys that were revoked, by an entry that we hold. */
MUST_CHECK struct fault keys_greeted(const struct desk_pact *p, const struct frame_hello *hello);
/* What a HELLO shows of our KEYS, under the head that it shows: taken as ours behind our log's end
 * if that head is signed by the keys that they name. Else nothing is. */
void keys_shown(struct desk_pact *p, const struct frame_hello *hello);
/* Are the keys that our log names not all known to keeper, or not held by it? Then it signs nothing
 * for now, and what it cosigned by the keys before would not count. */
bool keys_are_behind(const struct desk_pact *p);
/* Raises or clears the alarm over the role keys that keeper lacks, lines as KEEPER_STATE has them.
 */
void keys_lacking(struct desk_pact *p, struct bytes lines);
/* Adds KEYS entries: both sides' to a HELLO, of the partner's among the leaves of an order. */
void keys_greet(const struct desk_pact *p, struct frame_hello *hello);
void keys_order(const struct desk_pact *p, struct order_cosign *order);
void keys_done(struct desk_keys *k);
json_t *keys_reload(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);
json_t *keys_change(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);
json_t *keys_all(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);
json_t *keys_show(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);

/* alarm.c: the same name and detail again is the same alarm. */
void alarm_raise(struct desk_pact *p, const char *name, const char *detail);
void alarm_clear(struct desk_pact *p, const char *name); /* its cause is gone */
void alarm_recall(struct desk_pact *p);                  /* at start */

/* say.c: inside a transaction of the caller */
struct saying {
    const struct agreement *version; /* under which it is said */
    enum kind kind;
    enum class class;
    const char *case_id; /* "" for none */
    const struct digest *answers;
    struct digest document;
    uint32_t leaves;
    struct bytes disclosed;
    struct bytes secret; /* empty for those that withhold nothing */
    struct bytes fields; /* JSON of all fields; empty for automatic ones */
    struct bytes permit; /* text; empty unless officers released it */
    enum permit_kind permit_kind;
};
MUST_CHECK struct fault say_entry(struct desk_pact *p, const struct saying *s, struct digest *leaf);
/* The same for what the node says itself: builds the document. `fields` is taken over. */
MUST_CHECK struct fault say_automatic(struct desk_pact *p, const struct agreement *version,
                                      enum kind kind, enum class class, const char *case_id,
                                      const struct digest *answers, json_t *fields,
                                      struct digest *leaf);
/* The fields that every statement of a case carries; the caller adds the others. */
json_t *common_fields(const struct desk_pact *p, const char *article, enum class class,
                      const char *urgency, const char *tlp);
MUST_CHECK struct fault say_root_signed(struct desk_pact *p, enum kind kind, struct bytes disclosed,
                                        struct digest *leaf);
/* The same for a command, in a transaction of its own. NULL; or the answer, owned, that it failed:
 * `undone` is what did not come to pass. */
json_t *say_by_root(struct desk_pact *p, enum kind kind, struct bytes disclosed, const char *undone,
                    struct digest *leaf);
MUST_CHECK struct fault say_evidence(struct desk_pact *p);
void evidence_due(struct desk_pact *p); /* desk.c: says it if its period has come */

/* commit.c */
void commit_go(struct desk_pact *p); /* appends and asks keeper, if there is something to */
MUST_CHECK struct fault commit_signed(struct desk_pact *p, struct bytes note);
MUST_CHECK struct fault commit_refused(struct desk_pact *p, uint64_t index, struct bytes rule);
/* At start: what keeper recorded and the log lost, out of the store. */
MUST_CHECK struct fault commit_lay_again(struct desk_pact *p);
/* At start: what is signed and not noted, and what is not binding. */
MUST_CHECK struct fault commit_catch_up(struct desk_pact *p);
/* Entries that came back under this head, which the partner once cosigned. */
MUST_CHECK struct fault commit_restored(struct desk_pact *p, struct bytes note);
MUST_CHECK struct fault commit_bound(struct desk_pact *p, struct bytes note);
void wait_for(struct desk *d, const struct digest *leaf, json_t *answer, desk_answer say,
              void *client);

/* hear.c */
MUST_CHECK struct fault hear_gate(struct desk *d, uint16_t type, struct bytes body);
MUST_CHECK struct fault hear_judge(struct desk *d, uint16_t type, struct bytes body);
void hear_lost(struct desk_pact *p, const char *why);
void hear_early_forget(struct desk *d); /* frames of links that never came up */

/* keeper.c */
MUST_CHECK struct fault keeper_heard(struct desk *d, uint16_t type, struct bytes body);

/* talk.c */
void talk_act(struct desk_pact *p, struct conversation_actions *actions);
void talk_own(struct desk_pact *p); /* our log grew */
void talk_send(struct desk_pact *p, enum process to, uint16_t type, const struct buf *body);
void talk_send_frame(struct desk_pact *p, uint32_t link, enum frame_type type,
                     const struct buf *payload);
void talk_close(struct desk_pact *p, uint32_t link, const char *rule);

/* greet.c: HELLO goes to keeper, comes back signed; keeper was started anew in between */
void greet_say(struct desk_pact *p, const struct conversation_action *a);
MUST_CHECK struct fault greet_signed(struct desk_pact *p, struct cursor *in);
void greet_again(struct desk_pact *p);

/* run.c: sends a run of entries from a->first on, of our log (PUSH) or the partner's (MIRROR). The
 * size that it ends at; a->first if there was nothing to send. */
uint64_t run_send(struct desk_pact *p, const struct conversation_action *a, bool ours);

/* hold.c */
void hold_push(struct desk_pact *p);
void hold_turn(struct desk_pact *p);
void hold_look(struct desk_pact *p); /* does the partner cosign again? */
/* a PUSH that was put off */        /* the PUSH in p->push: documents, mirror, keeper is asked */
MUST_CHECK struct fault hold_cosigned(struct desk_pact *p, struct bytes note);
void hold_failed(struct desk_pact *p, bool contradicts, const char *rule); /* it comes again */
void hold_keeper_lost(struct desk_pact *p);
MUST_CHECK struct fault hold_catch_up(struct desk_pact *p); /* at start: cosigned, not noted */

/* respond.c: in a transaction. `verdict` and `judged` are the rule and the ground by which judge
 * refused it; "" if it did not. */
MUST_CHECK struct fault respond_to(struct desk_pact *p, const struct entry *e,
                                   const struct digest *leaf, const struct disclosed *d,
                                   const char *verdict, const char *judged);
bool respond_has_receipt(struct desk_pact *p, const struct digest *leaf); /* was it good once? */

/* erase.c: a document that is here no more. The rest of it, a disclosed form, is appended to *rest;
 * nothing where it was not erased. */
MUST_CHECK struct fault erase_rest(struct desk_pact *p, const char *party,
                                   const struct digest *leaf, struct buf *rest);
/* { time, officer, reason }; NULL where it was not erased. */
json_t *erase_json(struct desk_pact *p, const char *party, const struct digest *leaf);
json_t *erase_do(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);

/* refill.c: we are behind our own head; keeper is behind our log */
void refill_do(struct desk_pact *p);
void refill_keeper(struct desk_pact *p);
/* A head of ours of this size was shown that our log does not reach: kept, so that a restart does
 * not make us speak before it does. */
MUST_CHECK struct fault refill_note(struct desk_pact *p, uint64_t size);
uint64_t refill_noted(struct desk_pact *p);    /* at start; 0: none, or our log reaches it */
bool refill_is_due(const struct desk_pact *p); /* behind: what the partner says is only held */

/* life.c */
MUST_CHECK struct fault life_load(struct desk_pact *p); /* all open cases */
MUST_CHECK struct fault life_reload(struct desk_pact *p, const char *case_id);
/* Replays a case from the store, open or not. MISSING. */
MUST_CHECK struct fault life_replay(struct desk_pact *p, const char *case_id,
                                    struct desk_case *out);
void life_overdue(struct desk_pact *p);
/* Would this statement be a move of its case? `opens` says whether it may open one. */
MUST_CHECK struct fault life_try(struct desk_pact *p, const struct entry *e,
                                 const struct digest *leaf, const struct disclosed *d);
/* Writes the case's row after a statement of it. In a transaction. */
MUST_CHECK struct fault life_note(struct desk_pact *p, const struct entry *e,
                                  const struct digest *leaf, const struct disclosed *d,
                                  const char *incident);
/* Under which version the case began. MISSING: there is no such case. */
MUST_CHECK struct fault life_version(struct desk_pact *p, const char *case_id, uint32_t *out);
struct desk_case *life_find(struct desk_pact *p, const char *case_id);

struct sample; /* ipc/sample.h */

/* incident.c: in watch's transaction */
MUST_CHECK struct fault incident_put(struct desk_pact *p, struct bytes body);
/* A raw line's SHA-256 waits for the next evidence root and is listed with its incident; the line
 * and how it was judged are kept beside it. MISMATCH: the line is not what its digest says. */
MUST_CHECK struct fault incident_sample(struct desk_pact *p, const struct sample *s);
/* record.c: keeps the line and its account, if it is not kept yet; where that would be more than
 * desk_start's bytes, those of ended incidents without an open case are thrown away, the oldest
 * first, or else the new one. What was thrown away is counted, and its digest stays. */
MUST_CHECK struct fault record_put(struct desk_pact *p, const char *incident,
                                   const struct sample *s);
void record_forget(struct desk_pact *p);    /* a transaction was undone: ask the store anew */
int64_t record_thrown(struct desk_pact *p); /* since there is this node */
/* hit.c: an indicator was seen, as watch/sightings.h writes it: counts are added to what is there.
 * Beyond DESK_HITS indicators nothing new is kept, and an alarm says so. */
MUST_CHECK struct fault hit_put(struct desk_pact *p, struct bytes body);

/* [ { digest, evidence: index of the entry that commits to it, and what is kept of the line } ] */
json_t *incident_samples(struct desk_pact *p, const json_t *incident);

/* open.c */
/*
 * Appends the opening of a field that a statement of ours in this case withholds: the one with leaf
 * `which`, or the newest if that is NULL. *leaf is the statement's. MISSING: there is none, or its
 * secret is gone (a log that was refilled).
 */
MUST_CHECK struct fault open_ours(struct desk_pact *p, const char *case_id,
                                  const struct digest *which, const char *path, struct digest *leaf,
                                  struct buf *out);
/* Is what their UPDATE opens what they committed to in this case? NONE if it opens nothing; else as
 * opening_parse and opening_check. */
MUST_CHECK struct fault open_theirs(struct desk_pact *p, const struct entry *e,
                                    const struct disclosed *d);
/* { path: value } of what a document opens; NULL if it opens nothing. The caller owns it. */
json_t *open_json(const struct disclosed *d);

/* draft.c, ask.c, watch.c */
typedef json_t *(*command_run)(struct desk_pact *p, const json_t *ask, desk_answer say,
                               void *client);
json_t *draft_roles(unsigned officers); /* that may give a signature */
json_t *draft_make(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);
json_t *draft_decide(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);
json_t *draft_list(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);
json_t *draft_show(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);
json_t *draft_refuse(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);
json_t *officers_enrol(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);
json_t *officers_list(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);
json_t *bundle_export(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);
json_t *alarms_list(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);
json_t *alarms_clear(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);
json_t *terms_say(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);
/* Is there an acceptance that is binding and whose version is not in force yet? Then it is from now
 * on. Outside of any transaction. */
void terms_look(struct desk_pact *p);
void terms_tell_again(struct desk_pact *p); /* a reload that came to nothing is asked for again */
void terms_keeper_has_it(struct desk_pact *p);
MUST_CHECK struct fault watch_heard(struct desk *d, uint16_t type, struct bytes body);
void watch_start(struct desk *d);

/* backup.c: a copy of the store as of now, at DESK_BACKUP. */
json_t *backup_make(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);

/* share.c: what exchange may give to a partner, because a SHARE of ours that is stored says so, and
 * what a RETRACT of ours, or of theirs, withdrew. */
void share_start(struct desk *d);
void share_tell(struct desk_pact *p, enum kind kind, const struct disclosed *said, bool theirs);
/* Which of these digests a stored SHARE of ours released, and how high. */
json_t *share_released(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);
/* Completes a RETRACT's `fields`: all objects of its case's SHARE where none are named. An error's
 * answer, or NULL. */
json_t *share_retract(struct desk_pact *p, const char *case_id, json_t *fields);

/* answer.c */
json_t *answer_good(void);
json_t *link_json(const struct desk_pact *p); /* as `status` has it */
json_t *answer_fault(struct fault f, const char *message, const char *try);
json_t *answer_error(const char *code, int exit, const char *message, const char *why,
                     const char *try);
json_t *json_digest(const struct digest *d);
json_t *json_bytes(struct bytes b);
json_t *json_instant(struct instant t);
json_t *json_seconds(int64_t s);
const char *ask_text(const json_t *ask, const char *name); /* "" if it is not there */
int64_t ask_number(const json_t *ask, const char *name, int64_t otherwise); /* not negative */
bool ask_digest(const json_t *ask, const char *name, struct digest *out);

#endif
