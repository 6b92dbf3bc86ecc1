/*
 * pacts.h - the agreements that SETUP brought, read and their signatures verified by this process
 * itself: none takes another's word for it.
 */
#ifndef PARLEY_PROC_PACTS_H
#define PARLEY_PROC_PACTS_H

#include "ipc/setup.h"
#include "pact/agreement.h"

struct pacts {
    struct agreement *agreement[SETUP_AGREEMENTS]; /* owned; ascending versions of an id */
    size_t count;
    char party[AGREEMENT_ID + 1]; /* our own id, a party to every one of them */
};

/* Zero-initialised *out is ready. Faults: agreement_parse's and agreement_signatures_verify's;
 * MISSING none, or we are no party to one; ORDER versions of one id that do not follow each
 * other. On a fault *out is empty. */
MUST_CHECK struct fault pacts_read(const struct setup *setup, struct pacts *out);
void pacts_done(struct pacts *p);

/* The newest version of this agreement, NULL if there is none. */
const struct agreement *pacts_newest(const struct pacts *p, struct bytes id);

#endif
