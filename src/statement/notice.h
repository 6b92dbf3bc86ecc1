/*
 * notice.h - an incident as `watch replay --json` prints it, turned into the fields of a NOTICE.
 */
#ifndef PARLEY_STATEMENT_NOTICE_H
#define PARLEY_STATEMENT_NOTICE_H

#include "statement/fields.h"

/*
 * Sets incident.* and targets in `fields` from an incident object: from, source, as, service,
 * first, last, opened, events, confidence, reasons, targets and, where it has them, the digests in
 * `evidence`. Times lose their fractions; more targets or digests than a NOTICE may carry are left
 * out at the end. Members it does not know are ignored. Does not check: fields_check does.
 * MISSING: the incident has not what a NOTICE must have.
 */
MUST_CHECK struct fault notice_fields(const json_t *incident, json_t *fields);

#endif
