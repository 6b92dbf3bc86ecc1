#include "statement/decision.h"

#include "statement/lines.h"

static const char rule[] = "PROTOCOL.ledger section 5: decision text";

const char *officer_role_name(enum officer_role role)
{
    return role == OFFICER_DRAFTER ? "drafter" : role == OFFICER_RELEASER ? "releaser" : "none";
}

enum officer_role officer_role_parse(struct bytes name)
{
    if (bytes_is(name, "drafter"))
        return OFFICER_DRAFTER;
    return bytes_is(name, "releaser") ? OFFICER_RELEASER : OFFICER_NONE;
}

struct fault decision_parse(struct bytes text, struct decision *out)
{
    struct cursor in = cursor_over(text, rule);
    struct decision d = {.role = OFFICER_NONE};
    struct words w;

    if (text.len > DECISION_MAX)
        return fault_make(FAULT_LIMIT, DECISION_MAX, rule);
    cursor_expect(&in, "parley-decision/v1\n");
    w = lines_read(&in, "permit", 1);
    lines_digest(&in, &w, 0, &d.permit);
    w = lines_read(&in, "officer", 1);
    lines_name(&in, &w, 0, d.officer);
    w = lines_read(&in, "role", 1);
    d.role = officer_role_parse(w.word[0]);
    if (cursor_ok(&in) && d.role == OFFICER_NONE)
        cursor_fail(&in, FAULT_UNKNOWN, w.at);
    w = lines_read(&in, "time", 1);
    d.time = lines_time(&in, &w, 0);
    cursor_end(&in);
    if (cursor_ok(&in))
        *out = d;
    return in.fault;
}

void decision_write(const struct decision *d, struct buf *out)
{
    buf_text(out, "parley-decision/v1\npermit ");
    lines_put_digest(out, &d->permit);
    buf_print(out, "\nofficer %s\nrole %s\ntime ", d->officer, officer_role_name(d->role));
    lines_put_time(out, d->time);
    buf_text(out, "\n");
}

void decision_sign(struct bytes text, struct bytes agreement, struct secret *const *keys,
                   size_t count, struct buf *suites, struct buf *out)
{
    several_sign(keys, count, DOMAIN_DECISION, agreement, text, suites, out);
}

struct fault decision_verify(struct bytes text, struct bytes agreement,
                             const struct several_key *keys, size_t count, struct bytes suites,
                             struct bytes signatures)
{
    return several_verify(keys, count, DOMAIN_DECISION, agreement, text, suites, signatures);
}
