/* ask.h - the commands that read: docs/PROTOCOL.control section 2. */
#ifndef PARLEY_DESK_ASK_H
#define PARLEY_DESK_ASK_H

#include "desk/state.h"

json_t *ask_status(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);
json_t *ask_doctor(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);
json_t *ask_desk(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);
json_t *ask_cases(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);
json_t *ask_case(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);
json_t *ask_incidents(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);
json_t *ask_ledger(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);
json_t *ask_checkpoint(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);
json_t *ask_growth(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);
json_t *ask_prove(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);
json_t *ask_audit(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);
json_t *ask_peer(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);
json_t *ask_contradictions(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);
json_t *ask_refusals(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);
json_t *ask_watch(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);
json_t *ask_hits(struct desk_pact *p, const json_t *ask, desk_answer say, void *client); /* hit.c */
json_t *ask_explain(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);
json_t *ask_agreements(struct desk_pact *p, const json_t *ask, desk_answer say, void *client);

#endif
