#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "desk/state.h"
#include "io/file.h"
#include "pact/signed.h"
#include "json/profile.h"

/*
 * A later version of the agreement. The file goes to each node by its own party, signed by both;
 * AGREEMENT statements propose and accept its digest. In force here it is when the acceptance is
 * binding: then both sides have it, and what is said under the new version comes behind it.
 */

static const char terms_alarm[] = "agreement", reload_alarm[] = "reload";

static struct fault read_terms(const struct desk_pact *p, struct bytes text, struct bytes sig,
                               struct agreement **out)
{
    struct signatures *signatures = NULL;
    struct agreement *a = NULL;
    struct fault f = agreement_parse(text, true, &a, NULL);

    if (!fault_is(f))
        f = signatures_parse(sig, &signatures, NULL);
    if (!fault_is(f))
        f = agreement_signatures_verify(a, signatures, NULL);
    if (!fault_is(f))
        f = agreement_follows(p->now, a);
    signatures_free(signatures);
    if (fault_is(f))
        agreement_free(a);
    else
        *out = a;
    return f;
}

/* The case in which the partner proposed this digest, "" if none is open. */
static void proposed_in(struct desk_pact *p, const char *digest, char *out)
{
    struct rows r = store_ask(
        p->desk->store, QUERY_STATEMENT_KIND,
        STORE_WITH(value_text(p->now->id), value_text(p->peer->id), value_text("AGREEMENT")));

    out[0] = '\0';
    while (rows_next(&r)) {
        struct disclosed *d;

        if (row_bytes(&r, 11).len == 0 || fault_is(disclosed_parse(row_bytes(&r, 11), &d)))
            continue;
        if (strcmp(disclosed_text(d, "terms.digest"), digest) == 0 &&
            strcmp(disclosed_text(d, "step"), "propose") == 0)
            row_text(&r, 7, out, CASE_TEXT);
        disclosed_free(d);
    }
    if (fault_is(rows_done(&r)))
        out[0] = '\0';
}

static struct fault write_files(const struct agreement *a, struct bytes text, struct bytes sig)
{
    struct json_limits limits = {AGREEMENT_MAX, JSON_DEPTH};
    struct buf path = {0}, indented = {0};
    json_t *tree;
    struct fault f = json_read(text, limits, &tree);

    if (fault_is(f))
        return f;
    json_indented(tree, &indented);
    json_decref(tree);
    buf_print(&path, "agreements/%s/%u.json.sig", a->id, a->version);
    f = file_replace(buf_str(&path), sig, 0600);
    buf_clear(&path);
    buf_print(&path, "agreements/%s/%u.json", a->id, a->version);
    if (!fault_is(f))
        f = file_replace(buf_str(&path), buf_view(&indented), 0600);
    buf_done(&path);
    buf_done(&indented);
    return f;
}

/* From now on new cases open under it; open ones keep theirs (their rows and entries say which).
 * Nothing is signed until keeper, who is started anew, has it too. */
static struct fault take_over(struct desk_pact *p, struct agreement *a)
{
    struct desk *d = p->desk;

    if (d->agreement_count == DESK_VERSIONS)
        return fault_make(FAULT_LIMIT, 0, "desk: 32 versions of agreements are the most");
    d->agreements[d->agreement_count++] = a;
    d->taken[d->taken_count++] = a;
    p->now = a;
    p->own = agreement_party(a, d->party);
    p->peer = agreement_other(a, p->own);
    p->keeper_is_old = true;
    p->told = d->tick;
    alarm_clear(p, terms_alarm);
    d->host.reload(d->host.context);
    return fault_none();
}

/* The parent reads the whole folder anew, and something else in it may have been wrong. */
void terms_tell_again(struct desk_pact *p)
{
    struct desk *d = p->desk;

    if (!p->keeper_is_old || !d->keeper_here || d->tick.us - p->told.us < DESK_RELOAD)
        return;
    p->told = d->tick;
    alarm_raise(p, reload_alarm,
                "a later version is in force, and the node could not be reloaded with it, so "
                "nothing is signed: its log says what is wrong in its folder. It is tried again "
                "every ten seconds");
    d->host.reload(d->host.context);
}

void terms_keeper_has_it(struct desk_pact *p)
{
    p->keeper_is_old = false;
    alarm_clear(p, reload_alarm);
}

/* The file of this version as it was given to this node; empty buffers if it was not. */
static struct fault given_file(struct desk_pact *p, int64_t version, const struct digest *digest,
                               struct buf *text, struct buf *sig)
{
    struct rows r = store_ask(p->desk->store, QUERY_AGREEMENT_GET,
                              STORE_WITH(value_text(p->now->id), value_integer(version),
                                         value_blob(bytes_of(digest->byte, 32))));

    if (rows_next(&r)) {
        buf_bytes(text, row_bytes(&r, 3));
        buf_bytes(sig, row_bytes(&r, 4));
    }
    return rows_done(&r);
}

static struct fault put_in_force(struct desk_pact *p, struct bytes text, struct bytes sig)
{
    struct agreement *a = NULL;
    struct fault f = read_terms(p, text, sig, &a);

    if (!fault_is(f))
        f = write_files(a, text, sig);
    if (!fault_is(f))
        f = store_do(p->desk->store, QUERY_AGREEMENT_STATE, NULL,
                     STORE_WITH(value_text("current"), value_text(p->now->id),
                                value_integer(a->version), value_blob(bytes_of(a->digest, 32))));
    if (!fault_is(f))
        f = take_over(p, a);
    if (fault_is(f))
        agreement_free(a);
    return f;
}

/* What was accepted: the version that comes next, and the digest of its text. */
struct accepted {
    int64_t version;
    struct digest digest;
};

static struct fault obey(struct desk_pact *p, const struct accepted *what)
{
    struct buf text = {0}, sig = {0};
    struct fault f = given_file(p, what->version, &what->digest, &text, &sig);

    if (!fault_is(f) && text.len == 0)
        alarm_raise(p, terms_alarm,
                    "a later version was accepted, and this node was not given its file: "
                    "parley agreement accept FILE");
    else if (!fault_is(f))
        f = put_in_force(p, buf_view(&text), buf_view(&sig));
    buf_done(&text);
    buf_done(&sig);
    return f;
}

/* Is this an acceptance that both hold, of the version next to the one in force? */
static bool is_acceptance(const struct desk_pact *p, const struct rows *r, struct accepted *out)
{
    struct disclosed *d;
    bool is;

    if (row_has(r, 16) || !row_has(r, 19) || row_bytes(r, 11).len == 0 ||
        fault_is(disclosed_parse(row_bytes(r, 11), &d)))
        return false;
    out->version = json_integer_value(disclosed_value(d, "terms.version"));
    is = strcmp(disclosed_text(d, "step"), "accept") == 0 &&
         out->version == (int64_t)p->now->version + 1 &&
         base64_read(bytes_text(disclosed_text(d, "terms.digest")), out->digest.byte, 32);
    disclosed_free(d);
    return is;
}

static struct fault accepted_by(struct desk_pact *p, const char *party, struct accepted *out,
                                bool *found)
{
    struct rows r =
        store_ask(p->desk->store, QUERY_STATEMENT_KIND,
                  STORE_WITH(value_text(p->now->id), value_text(party), value_text("AGREEMENT")));

    while (!*found && rows_next(&r))
        *found = is_acceptance(p, &r, out);
    return rows_done(&r);
}

void terms_look(struct desk_pact *p)
{
    struct accepted what;
    bool found = true;
    uint32_t before = 0;
    struct fault f = fault_none();

    p->terms_due = false;
    while (found && !fault_is(f) && before != p->now->version) {
        before = p->now->version; /* several may have come while this node was away */
        found = false;
        f = accepted_by(p, p->own->id, &what, &found);
        if (!fault_is(f) && !found)
            f = accepted_by(p, p->peer->id, &what, &found);
        if (!fault_is(f) && found)
            f = obey(p, &what);
    }
    if (!fault_is(f))
        return;
    p->terms_due = true; /* desk_turn tries again */
    p->desk->host.say(p->desk->host.context, "a later version of the agreement", f);
    alarm_raise(p, terms_alarm, f.rule);
}

json_t *terms_say(struct desk_pact *p, const json_t *ask, desk_answer say, void *client)
{
    struct bytes text = bytes_text(ask_text(ask, "text")),
                 sig = bytes_text(ask_text(ask, "signatures"));
    struct agreement *a = NULL;
    char digest[45], in_case[CASE_TEXT];
    json_t *answer;
    struct fault f = read_terms(p, text, sig, &a);

    (void)say;
    (void)client;
    if (fault_is(f))
        return answer_fault(f, "this is no later version that both have signed",
                            "parley agreement diff OLD NEW");
    f = store_do(p->desk->store, QUERY_AGREEMENT_PUT, NULL,
                 STORE_WITH(value_text(p->now->id), value_integer(a->version),
                            value_blob(bytes_of(a->digest, 32)), value_text("proposed"),
                            value_text(p->own->id), value_null(),
                            (struct value){VALUE_TEXT, 0, text}, (struct value){VALUE_TEXT, 0, sig},
                            value_integer(instant_seconds(p->desk->now))));
    base64_write(a->digest, 32, digest);
    proposed_in(p, digest, in_case);
    if (!fault_is(f))
        terms_look(p); /* it may be accepted already, and only the file was missing */
    answer = fault_is(f) ? answer_fault(f, "the version could not be kept", "parley doctor")
                         : json_pack("{s:i, s:b, s:I, s:s, s:s}", "v", 1, "ok", 1, "version",
                                     (json_int_t)a->version, "digest", digest, "state",
                                     p->now->version >= a->version ? "current" : "proposed");
    if (in_case[0] != '\0')
        json_object_set_new(answer, "case", json_string(in_case));
    agreement_free(a);
    return answer;
}
