/*
 * findings.h - what was looked at and what was found: a row a check, and the verdict of all.
 *
 * For what is smaller than a case: a tlog-proof, a log's directory, two heads (alone.h,
 * directory.h, heads.h). The first check that does not hold decides; what is unknown decides only
 * where nothing is bad.
 */
#ifndef PARLEY_PROOF_FINDINGS_H
#define PARLEY_PROOF_FINDINGS_H

#include "proof/verify.h"

enum { FINDINGS = 16, FINDING_NAME = 16 };

struct finding {
    char name[FINDING_NAME];
    enum check_state state;
    char found[REPORT_FOUND]; /* one sentence for the reader */
};

struct findings {
    enum verdict verdict; /* VERIFIED until something was added that says otherwise */
    size_t count;
    struct finding row[FINDINGS];
};

void findings_init(struct findings *f);

/* Adds a row. BAD makes the verdict FORGED, UNKNOWN makes it CANNOT_TELL unless it is worse. */
void findings_add(struct findings *f, const char *name, enum check_state state, const char *format,
                  ...) __attribute__((format(printf, 4, 5)));

/* The row of this name, or NULL. */
const struct finding *findings_find(const struct findings *f, const char *name);

#endif
