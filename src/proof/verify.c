#include "proof/verify.h"

#include <stdarg.h>

#include "base/memory.h"
#include "ledger/note.h"
#include "proof/bundle.h"
#include "proof/verifying.h"

static const struct {
    const char *name;
    struct fault (*make)(struct verifying *v, struct report *r);
} checks[CHECK_COUNT] = {
    [CHECK_FORM] = {"form", NULL},
    [CHECK_AGREEMENT] = {"agreement", verifying_agreement},
    [CHECK_GENESIS] = {"genesis", verifying_genesis},
    [CHECK_HEADS] = {"heads", verifying_heads},
    [CHECK_GROWTH] = {"growth", verifying_growth},
    [CHECK_INCLUSION] = {"inclusion", verifying_inclusion},
    [CHECK_DOCUMENTS] = {"documents", verifying_documents},
    [CHECK_CHAIN] = {"chain", verifying_chain},
    [CHECK_TIMES] = {"times", verifying_times},
    [CHECK_OPENINGS] = {"openings", verifying_openings},
    [CHECK_CLOCKS] = {"clocks", verifying_clocks},
    [CHECK_ANCHORS] = {"anchors", verifying_anchors},
};

static const struct {
    const char *name, *why;
} asides[ASIDES] = {
    [ASIDE_NONE] = {"none", ""},
    [ASIDE_CHAIN] = {"chain", "it does not follow this party's statement before it"},
    [ASIDE_ANSWERS] = {"answers", "it answers what is not here"},
    [ASIDE_AGREEMENT] = {"agreement", "it names an agreement that is not here"},
    [ASIDE_CLASS] = {"class", "it is of another class than its case"},
    [ASIDE_NONCE] = {"nonce", "it returns another nonce than was sent"},
    [ASIDE_NO_NONCE] = {"no-nonce", "its nonce cannot be compared: a document is not here"},
    [ASIDE_MOVE] = {"move", "docs/cases.md has no such move"},
};

const char *aside_name(enum aside a)
{
    return asides[a].name;
}

const char *aside_why(enum aside a)
{
    return asides[a].why;
}

const char *check_name(enum check c)
{
    return (size_t)c < CHECK_COUNT ? checks[c].name : "unknown";
}

void report_say(struct report *r, enum check c, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(r->checks[c].found, sizeof r->checks[c].found, format, args);
    va_end(args);
}

/* What a fault in a check means for the whole. What we do not know proves nothing. */
static void conclude(struct report *r, enum check c, struct fault f)
{
    bool unknown = f.kind == FAULT_UNKNOWN;

    r->checks[c].state = unknown ? CHECK_UNKNOWN : CHECK_BAD;
    r->verdict = unknown ? VERDICT_CANNOT_TELL : VERDICT_FORGED;
    if (r->checks[c].found[0] == '\0')
        report_say(r, c, "%s: %s", fault_word(f.kind), f.rule);
}

/* A check that could not be made to the end and yet let the others go on. */
static bool has_unknown(const struct report *r)
{
    for (enum check c = CHECK_FORM; c < CHECK_COUNT; c++)
        if (r->checks[c].state == CHECK_UNKNOWN)
            return true;
    return false;
}

void bundle_verify(struct bytes text, struct report *out)
{
    bundle_verify_anchored(text, NULL, out);
}

void bundle_verify_anchored(struct bytes text, const struct anchor_trust *trust, struct report *out)
{
    struct verifying v = {.bundle = NULL, .anchors = trust};
    char path[BUNDLE_PATH];
    struct fault f;

    *out = (struct report){.verdict = VERDICT_NONE};
    f = bundle_parse(text, &v.bundle, path);
    if (fault_is(f)) {
        report_say(out, CHECK_FORM, "%s at byte %zu: %s%s%s", fault_word(f.kind), f.at, f.rule,
                   path[0] == '\0' ? "" : ", ", path);
        conclude(out, CHECK_FORM, f);
        return;
    }
    out->checks[CHECK_FORM].state = CHECK_OK;
    report_say(out, CHECK_FORM, "canonical, %zu bytes", text.len);
    for (enum check c = CHECK_FORM + 1; c < CHECK_COUNT; c++) {
        f = checks[c].make(&v, out);
        if (fault_is(f)) {
            conclude(out, c, f);
            break;
        }
        if (out->checks[c].state == CHECK_NOT_MADE)
            out->checks[c].state = CHECK_OK;
    }
    if (out->verdict == VERDICT_NONE)
        out->verdict = has_unknown(out) ? VERDICT_CANNOT_TELL : VERDICT_VERIFIED;
    verifying_done(&v);
}

void report_done(struct report *r)
{
    free(r->statements);
    r->statements = NULL;
}
