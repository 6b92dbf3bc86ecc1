/*
 * make_bundle.h - a case bundle made in memory by the real rooms: two parties, both logs, every
 * head cosigned; and ways to make it wrong before it is signed, so that only one check can tell.
 */
#ifndef PARLEY_TESTS_PROOF_MAKE_BUNDLE_H
#define PARLEY_TESTS_PROOF_MAKE_BUNDLE_H

#include "base/buf.h"
#include "crypto/secret.h"
#include "ledger/forest.h"
#include "ledger/roles.h"
#include "model/entry.h"
#include "proof/bundle.h"

enum { MAKE_ENTRIES = 160, MAKE_HEADS = 160 };

/* A zeroed one is the good story. Statements are counted from 0 as they are said in it. */
struct make_wishes {
    bool small;            /* a short case under a short agreement: for every bit of it */
    size_t leaves;         /* of other cases in each log, before this one */
    size_t updates;        /* further ones of the first speaker, each with its receipt */
    bool second_opens;     /* the second party of the agreement says the first word */
    bool same_second;      /* all cosignatures in one second, as on a fast line */
    int ack_later;         /* seconds that the ACK waits */
    int64_t notice_claims; /* seconds added to the NOTICE's claimed time */
    bool wrong_opening, opening_elsewhere, opening_is_a_list;
    bool new_keys;           /* the first party's role keys are others, its root keys are not */
    bool other_genesis_root; /* the second party's genesis is signed by the first one's root */
    size_t gap_at, other_case_at, other_class_at, other_previous_at, no_answers_at; /* 0 is none */
    size_t unknown_version_at, no_document_at, other_agreement_at;                  /* 0 is none */
    bool check;              /* the case is a communications check, with its return */
    bool other_nonce;        /* whose nonce is another */
    json_t *outside;         /* borrowed: whom the agreement names for anchors; NULL is nobody */
    size_t drop_cosignature; /* of the first party's head of this number; 0 is none */
    bool fork;               /* the first party's last head is of another log */
    bool fork_same_size;     /* and of the same size as the head before it */
    bool falling_time;       /* its last cosignature is older than the one before */
    bool stray_line;         /* somebody else's line stands under its last head */
};

struct make_entry {
    uint64_t index;
    struct digest leaf, root;
    struct buf text, document;
};

struct make_head {
    uint64_t size;
    struct digest root;
    struct buf note;
};

struct make_log {
    const char *party;
    char origin[ROLES_ORIGIN];
    struct secret *root, *role[ROLE_COUNT];
    struct forest tree;
    size_t entries, heads;
    struct make_entry entry[MAKE_ENTRIES]; /* the genesis, then the case's */
    struct make_head head[MAKE_HEADS];
};

struct make {
    struct make_wishes wish;
    struct agreement *agreement;
    struct buf agreement_text, signatures;
    char case_id[CASE_TEXT];
    struct make_log log[BUNDLE_LOGS];
    struct buf opening; /* of the NOTICE's withheld field */
    int64_t now;        /* seconds since 1970 */
    size_t said;
};

/* Tells the whole story. Freed with make_free. */
struct make *make_story(const struct make_wishes *w);
void make_free(struct make *m);

/* The bundle of it, with all proofs; borrows from `m`. Freed with bundle_free. */
struct bundle *make_bundle(const struct make *m);

/* make_story, make_bundle and bundle_write in one. */
void make_text(const struct make_wishes *w, struct buf *out);

#endif
