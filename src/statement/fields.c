#include "statement/fields.h"

#include "base/text.h"
#include "net/addr.h"
#include "statement/permit_text.h"
#include "statement/type.h"
#include "json/profile.h"

#define GROUNDS                                                                                    \
    "outside-agreement own-law third-party residency own-investigation sovereignty "               \
    "not-enough-data cannot-do content-or-person"
#define REJECTS  "agreement content form marking order signature time type unlawful"
#define REQUESTS "contact-source explain investigate mitigate preserve"

/* clang-format off */
static const struct field common[] = {
    /* path           form            max             words                         req    open   withheld what */
    { "agreement",    FIELD_NAME,     0,              NULL,                         true,  true,  NULL, "id of the agreement" },
    { "article",      FIELD_ARTICLE,  0,              NULL,                         true,  true,  NULL, "the article it is said under, or -" },
    { "from",         FIELD_NAME,     0,              NULL,                         true,  true,  NULL, "the party that says it" },
    { "to",           FIELD_NAME,     0,              NULL,                         true,  true,  NULL, "the party it is said to" },
    { "class",        FIELD_WORD,     0,              "REAL EXERCISE TEST",         true,  true,  NULL, "as in the entry" },
    { "urgency",      FIELD_WORD,     0,              "routine priority immediate", true,  true,  NULL, "chooses the clock of its ACK" },
    { "tlp",          FIELD_WORD,     0,              "clear green amber amber+strict red", true, true, NULL, "TLP 2.0" },
    { "pap",          FIELD_WORD,     0,              "clear green amber red",      false, true,  NULL, "permissible actions" },
    { "issued",       FIELD_TIME,     0,              NULL,                         true,  true,  NULL, "when it was drafted" },
    { "language",     FIELD_LANGUAGE, 0,              NULL,                         true,  true,  NULL, "of the free text" },
    { "text",         FIELD_FREE,     FIELD_TEXT_MAX, NULL,                         true,  false, NULL, "free text; may be empty, is in automatic ones" },
};

static const struct field check_fields[] = {
    { "nonce",        FIELD_HEX,      16,             NULL,                         true,  true,  NULL, "random; the return has the same" },
};

static const struct field receipt_fields[] = {
    { "received",     FIELD_DIGEST,   0,              NULL,                         true,  true,  NULL, "SHA-256 of the disclosed form" },
    { "size",         FIELD_NUMBER,   DOCUMENT_MAX,   NULL,                         true,  true,  NULL, "its bytes" },
    { "arrived",      FIELD_TIME,     0,              NULL,                         true,  true,  NULL, "by the receiver's clock" },
};

static const struct field ack_fields[] = {
    { "holder",       FIELD_NAME,     0,              NULL,                         false, false, NULL, "the office that has it" },
    { "answer-by",    FIELD_TIME,     0,              NULL,                         false, false, NULL, "when an answer is to come" },
};

static const struct field reject_fields[] = {
    { "ground",       FIELD_WORD,     0,              REJECTS,                      true,  true,  NULL, "why it cannot be processed" },
    { "rejected",     FIELD_DIGEST,   0,              NULL,                         true,  true,  NULL, "SHA-256 of the disclosed form" },
    { "rule",         FIELD_LINE,     FIELD_LINE_MAX, NULL,                         false, true,  NULL, "the rule that was broken" },
};

static const struct field contact_fields_[] = {
    { "agreement",    FIELD_NAME,     0,              NULL,                         true,  true,  NULL, "id of the agreement" },
    { "party",        FIELD_NAME,     0,              NULL,                         true,  true,  NULL, "whose officer" },
    { "officer",      FIELD_NAME,     0,              NULL,                         true,  true,  NULL, "his name in decisions; an office's word, not a person's name" },
    { "role",         FIELD_WORD_LIST, 2,             "drafter releaser",           true,  true,  NULL, "what he may decide" },
    { "suite",        FIELD_NAME,     0,              NULL,                         true,  true,  NULL, "of his key: the agreement's first" },
    { "key",          FIELD_BASE64,   SUITE_KEY_MAX,  NULL,                         true,  true,  NULL, "his public key" },
    { "key.*",        FIELD_BASE64,   SUITE_KEY_MAX,  NULL,                         false, true,  NULL, "and one of each other suite of the agreement" },
    { "state",        FIELD_WORD,     0,              "appointed withdrawn",        true,  true,  NULL, "from now on" },
    { "issued",       FIELD_TIME,     0,              NULL,                         true,  true,  NULL, "a later one replaces an earlier one" },
};

#define INCIDENT(must)                                                                                                                             \
    { "incident.from",       FIELD_NAME,    0,             NULL,                    must,  true,  NULL, "whose declared territory it was observed from; not who did it" }, \
    { "incident.source",     FIELD_ADDRESS, 0,             NULL,                    false, false, NULL, "the initiator's address" },             \
    { "incident.as",         FIELD_NUMBER,  UINT32_MAX,    NULL,                    false, false, NULL, "its AS number" },                       \
    { "incident.service",    FIELD_NAME,    0,             NULL,                    false, false, NULL, "type of the events" },                  \
    { "incident.first",      FIELD_TIME,    0,             NULL,                    must,  false, NULL, "time of the first event" },             \
    { "incident.last",       FIELD_TIME,    0,             NULL,                    must,  false, NULL, "time of the last event so far" },       \
    { "incident.opened",     FIELD_TIME,    0,             NULL,                    must,  false, NULL, "when the article's threshold was reached" }, \
    { "incident.events",     FIELD_NUMBER,  JSON_INTEGER_MAX, NULL,                 must,  false, NULL, "how many so far" },                     \
    { "incident.confidence", FIELD_WORD,    0,             "low medium moderate high", must, true, NULL, "the tool's, not the officer's" },       \
    { "incident.reasons",    FIELD_LINES,   FIELD_REASONS, NULL,                    must,  true,  NULL, "for that confidence" },                 \
    { "incident.evidence",   FIELD_DIGESTS, FIELD_EVIDENCE, NULL,                   false, false, NULL, "SHA-256 of raw sample lines, committed in EVIDENCE entries" }, \
    { "targets",             FIELD_ADDRESSES, FIELD_TARGETS, NULL,                  false, false, "victim-identity", "addresses of those who were attacked" }

static const struct field notice_fields_[] = {
    INCIDENT(true),
    { "request",      FIELD_WORD_LIST, 5,             REQUESTS,                     false, true,  NULL, "what the other side is asked to do" },
};

static const struct field update_fields[] = {
    INCIDENT(false),
    { "supersedes",   FIELD_DIGEST,   0,              NULL,                         false, true,  NULL, "leaf hash of the statement whose facts these replace" },
    { "opening",      FIELD_CANONICAL, FIELD_OPENING_MAX, NULL,                     false, true,  NULL, "opens a withheld field (PROTOCOL.ledger 4)" },
};

static const struct field answer_fields[] = {
    { "result",       FIELD_WORD,     0,              "granted part declined pending done", true, true, NULL, "the answer" },
    { "ground",       FIELD_WORD,     0,              GROUNDS,                      false, true,  NULL, "why not, or not all; with declined and part" },
    { "until",        FIELD_TIME,     0,              NULL,                         false, true,  NULL, "when the answer comes; with pending" },
};

static const struct field close_fields[] = {
    { "step",         FIELD_WORD,     0,              "proposal agree reopen",      true,  true,  NULL, "what it does" },
    { "summary",      FIELD_FREE,     FIELD_TEXT_MAX, NULL,                         false, false, NULL, "the final report" },
};

static const struct field share_fields[] = {
    { "objects",      FIELD_DIGESTS,  FIELD_OBJECTS,  NULL,                         true,  true,  NULL, "SHA-256 of the exact bytes of each STIX object that the exchange may now give" },
};

static const struct field retract_fields[] = {
    { "step",         FIELD_WORD,     0,              "some all",                   true,  true,  NULL, "of the objects of the SHARE of its case" },
    { "objects",      FIELD_DIGESTS,  FIELD_OBJECTS,  NULL,                         true,  true,  NULL, "SHA-256 of the exact bytes of each STIX object that is not to be used any more" },
};

static const struct field agreement_fields[] = {
    { "step",         FIELD_WORD,     0,              "propose accept withdraw",    true,  true,  NULL, "what it does" },
    { "terms.version", FIELD_NUMBER,  UINT32_MAX,     NULL,                         true,  true,  NULL, "of the agreement it is about" },
    { "terms.digest", FIELD_DIGEST,   0,              NULL,                         true,  true,  NULL, "of its canonical bytes" },
    { "terms.text",   FIELD_CANONICAL, FIELD_TERMS_MAX, NULL,                       false, true,  NULL, "the canonical bytes; left out where both have the file" },
    { "terms.signatures", FIELD_CANONICAL, FIELD_SIGNATURES_MAX, NULL,              false, true,  NULL, "its .sig, compact" },
};

static const struct field genesis_fields[] = {
    { "agreement",    FIELD_NAME,     0,              NULL,                         true,  true,  NULL, "id of the agreement" },
    { "party",        FIELD_NAME,     0,              NULL,                         true,  true,  NULL, "whose log it begins" },
    { "origin",       FIELD_LINE,     140,            NULL,                         true,  true,  NULL, "the log's name" },
    { "key.log.*",    FIELD_BASE64,   SUITE_KEY_MAX,  NULL,                         true,  true,  NULL, "signs the heads of the own log; one a suite" },
    { "key.cosign.*", FIELD_BASE64,   SUITE_KEY_MAX,  NULL,                         true,  true,  NULL, "signs the partner's heads; one a suite" },
    { "key.hello.*",  FIELD_BASE64,   SUITE_KEY_MAX,  NULL,                         true,  true,  NULL, "signs the link's HELLO; one a suite" },
};

static const struct field keys_fields[] = {
    { "agreement",    FIELD_NAME,     0,              NULL,                         true,  true,  NULL, "id of the agreement" },
    { "party",        FIELD_NAME,     0,              NULL,                         true,  true,  NULL, "whose keys" },
    { "origin",       FIELD_LINE,     140,            NULL,                         true,  true,  NULL, "the log's name" },
    { "serial",       FIELD_NUMBER,   UINT32_MAX,     NULL,                         true,  true,  NULL, "1 for the first change, then 2, 3 .." },
    { "state",        FIELD_WORD,     0,              "rotated revoked",            true,  true,  NULL, "revoked: somebody else may hold the keys replaced" },
    { "issued",       FIELD_TIME,     0,              NULL,                         true,  true,  NULL, "when it was planned" },
    { "key.log.*",    FIELD_BASE64,   SUITE_KEY_MAX,  NULL,                         true,  true,  NULL, "as in GENESIS, from this entry on" },
    { "key.cosign.*", FIELD_BASE64,   SUITE_KEY_MAX,  NULL,                         true,  true,  NULL, "as in GENESIS, from this entry on" },
    { "key.hello.*",  FIELD_BASE64,   SUITE_KEY_MAX,  NULL,                         true,  true,  NULL, "as in GENESIS, from this entry on" },
};

static const struct field evidence_fields[] = {
    { "sample.####",  FIELD_SAMPLE,   0,              NULL,                         false, false, "evidence", "SHA-256 of a raw sensor line, or empty" },
};

#define OWN(list) list, sizeof list / sizeof *list
static const struct {
    enum kind kind;
    bool common; /* it is said in a case */
    const struct field *own;
    size_t count;
} lists[] = {
    { KIND_CHECK,     true,  OWN(check_fields) },
    { KIND_RECEIPT,   true,  OWN(receipt_fields) },
    { KIND_ACK,       true,  OWN(ack_fields) },
    { KIND_REJECT,    true,  OWN(reject_fields) },
    { KIND_CONTACT,   false, OWN(contact_fields_) },
    { KIND_NOTICE,    true,  OWN(notice_fields_) },
    { KIND_UPDATE,    true,  OWN(update_fields) },
    { KIND_ANSWER,    true,  OWN(answer_fields) },
    { KIND_CLOSE,     true,  OWN(close_fields) },
    { KIND_SHARE,     true,  OWN(share_fields) },
    { KIND_RETRACT,   true,  OWN(retract_fields) },
    { KIND_AGREEMENT, true,  OWN(agreement_fields) },
    { KIND_GENESIS,   false, OWN(genesis_fields) },
    { KIND_EVIDENCE,  false, OWN(evidence_fields) },
    { KIND_KEYS,      false, OWN(keys_fields) },
};

/* A field that one value of another makes necessary. */
static const struct {
    enum kind kind;
    const char *path, *value, *needs;
} needs[] = {
    { KIND_ANSWER,    "result", "declined", "ground" },
    { KIND_ANSWER,    "result", "part",     "ground" },
    { KIND_ANSWER,    "result", "pending",  "until" },
};
/* clang-format on */

enum { COMMON = sizeof common / sizeof *common, LISTS = sizeof lists / sizeof *lists };

static const char rule[] = "docs/STATEMENTS";

const struct field *field_at(enum kind kind, size_t i)
{
    for (size_t k = 0; k < LISTS; k++) {
        size_t first = lists[k].common ? COMMON : 0;

        if (lists[k].kind != kind)
            continue;
        if (i < first)
            return &common[i];
        return i - first < lists[k].count ? &lists[k].own[i - first] : NULL;
    }
    return NULL;
}

/* "*" takes all that is left, "#" one digit. */
static bool path_fits(const char *pattern, const char *path)
{
    for (; *pattern != '\0'; pattern++, path++) {
        if (*pattern == '*')
            return *path != '\0' && name_is_safe(bytes_text(path));
        if (*pattern == '#' ? *path < '0' || *path > '9' : *path != *pattern)
            return false;
    }
    return *path == '\0';
}

const struct field *field_find(enum kind kind, const char *path)
{
    const struct field *f;

    for (size_t i = 0; (f = field_at(kind, i)) != NULL; i++)
        if (path_fits(f->path, path))
            return f;
    return NULL;
}

/* ---- forms ---- */

static struct fault bad(enum fault_kind kind)
{
    return fault_make(kind, 0, rule);
}

static struct fault good_if(bool good, enum fault_kind kind)
{
    return good ? fault_none() : bad(kind);
}

/* Place of the text among the words, from 1; 0 if it is none of them. */
static size_t word_place(const char *words, struct bytes text)
{
    size_t place = 1;

    for (const char *at = words; *at != '\0'; place++) {
        size_t len = strcspn(at, " ");

        if (bytes_equal(bytes_of(at, len), text))
            return place;
        at += len + (at[len] == ' ');
    }
    return 0;
}

static bool is_line(struct bytes text, size_t max)
{
    if (text.len > max)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < 0x20 || text.data[i] > 0x7e)
            return false;
    return true;
}

static bool is_digest(struct bytes text)
{
    uint8_t byte[32];

    return base64_read(text, byte, sizeof byte);
}

static bool is_address(struct bytes text, struct addr *out)
{
    char again[ADDR_TEXT];

    if (fault_is(addr_parse(text, out)))
        return false;
    addr_write(*out, again);
    return bytes_is(text, again);
}

static bool is_language(struct bytes text)
{
    size_t main = 0;

    while (main < text.len && text.data[main] >= 'a' && text.data[main] <= 'z')
        main++;
    return main >= 2 && main <= 3 && text.len <= 16 &&
           (main == text.len || (text.data[main] == '-' && name_is_safe(text)));
}

static uint32_t next_character(struct bytes text, size_t at, size_t *len)
{
    uint8_t first = text.data[at];

    *len = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (*len == 1)
        return first;
    uint32_t c = first & (0x7fu >> *len);
    for (size_t i = 1; i < *len; i++)
        c = c << 6 | (text.data[at + i] & 0x3f);
    return c;
}

static bool is_hidden(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0x00, 0x08},     {0x0b, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},
        {0x061c, 0x061c}, {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e},
        {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe0fff},
    };

    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return false;
}

size_t text_not_plain(struct bytes text)
{
    size_t end = utf8_bad(text), len = 1;

    for (size_t at = 0; at < end; at += len)
        if (is_hidden(next_character(text, at, &len)))
            return at;
    return end;
}

static struct fault check_text(const struct field *f, struct bytes text)
{
    struct instant t;
    struct addr addr;
    uint8_t byte[64];
    size_t len;

    switch (f->form) {
    case FIELD_NAME:
        return good_if(name_is_safe(text), FAULT_SYNTAX);
    case FIELD_ARTICLE:
        return good_if(bytes_is(text, "-") || article_id_is(text), FAULT_SYNTAX);
    case FIELD_WORD:
        return good_if(word_place(f->words, text) != 0, FAULT_RANGE);
    case FIELD_TIME:
        return instant_parse(text, &t);
    case FIELD_DIGEST:
        return good_if(is_digest(text), FAULT_SYNTAX);
    case FIELD_SAMPLE:
        return good_if(text.len == 0 || is_digest(text), FAULT_SYNTAX);
    case FIELD_ADDRESS:
        return good_if(is_address(text, &addr), FAULT_SYNTAX);
    case FIELD_LINE:
        return good_if(is_line(text, f->max), text.len > f->max ? FAULT_LIMIT : FAULT_SYNTAX);
    case FIELD_LANGUAGE:
        return good_if(is_language(text), FAULT_SYNTAX);
    case FIELD_HEX:
        return good_if(f->max <= sizeof byte && hex_read(text, byte, f->max), FAULT_SYNTAX);
    case FIELD_BASE64:
        return good_if(base64_size(text, &len) && len != 0 && len <= f->max, FAULT_SYNTAX);
    default:
        return bad(FAULT_SYNTAX);
    }
}

static struct fault check_free(const struct field *f, struct bytes text)
{
    size_t at = text_not_plain(text);

    if (text.len > f->max)
        return bad(FAULT_LIMIT);
    return at == text.len ? fault_none() : fault_make(FAULT_RANGE, at, rule);
}

static struct fault check_canonical(const struct field *f, struct bytes text)
{
    struct json_limits limits = {f->max, JSON_DEPTH};
    struct fault fault;
    json_t *tree;

    fault = json_read_canonical(text, limits, &tree);
    if (!fault_is(fault))
        json_decref(tree);
    return fault;
}

/* One item of a list: its form, and that it comes after the one before where they are sorted. */
static struct fault check_item(const struct field *f, struct bytes text, struct bytes before)
{
    struct addr addr, last;

    switch (f->form) {
    case FIELD_WORD_LIST:
        if (word_place(f->words, text) == 0)
            return bad(FAULT_RANGE);
        return good_if(before.len == 0 || bytes_compare(before, text) < 0, FAULT_ORDER);
    case FIELD_ADDRESSES:
        if (!is_address(text, &addr))
            return bad(FAULT_SYNTAX);
        return good_if(before.len == 0 || fault_is(addr_parse(before, &last)) ||
                           addr_compare(last, addr) != 0,
                       FAULT_DUPLICATE);
    case FIELD_DIGESTS:
        return good_if(is_digest(text), FAULT_SYNTAX);
    default:
        return good_if(text.len != 0 && is_line(text, FIELD_LINE_MAX), FAULT_SYNTAX);
    }
}

static struct bytes text_of(const json_t *value)
{
    return bytes_of(json_string_value(value), json_string_length(value));
}

static struct fault check_list(const struct field *f, const json_t *value)
{
    size_t count = json_array_size(value);
    struct bytes before = bytes_text("");
    struct fault fault = fault_none();

    if (!json_is_array(value))
        return bad(FAULT_SYNTAX);
    if (count > f->max)
        return bad(FAULT_LIMIT);
    if (count == 0 && f->form == FIELD_WORD_LIST)
        return bad(FAULT_MISSING);
    for (size_t i = 0; i < count && !fault_is(fault); i++) {
        const json_t *item = json_array_get(value, i);

        if (!json_is_string(item))
            return bad(FAULT_SYNTAX);
        fault = check_item(f, text_of(item), before);
        before = text_of(item);
    }
    return fault;
}

struct fault field_check(const struct field *f, const json_t *value)
{
    switch (f->form) {
    case FIELD_NUMBER:
        if (!json_is_integer(value))
            return bad(FAULT_SYNTAX);
        return good_if(json_integer_value(value) >= 0 &&
                           (uint64_t)json_integer_value(value) <= f->max,
                       FAULT_RANGE);
    case FIELD_WORD_LIST:
    case FIELD_DIGESTS:
    case FIELD_ADDRESSES:
    case FIELD_LINES:
        return check_list(f, value);
    default:
        break;
    }
    if (!json_is_string(value))
        return bad(FAULT_SYNTAX);
    if (f->form == FIELD_FREE)
        return check_free(f, text_of(value));
    if (f->form == FIELD_CANONICAL)
        return check_canonical(f, text_of(value));
    return check_text(f, text_of(value));
}

const struct field *opening_field(const struct opening *o)
{
    const struct field *f = NULL;

    for (enum kind kind = KIND_CHECK; kind < KIND_COUNT && f == NULL; kind++)
        f = field_find(kind, o->path);
    return f == NULL || fault_is(field_check(f, o->value)) ? NULL : f;
}

/* ---- whole documents ---- */

/* What is asked of a document, whichever of its two shapes it has. */
struct asked {
    enum kind kind;
    bool answers;
    const json_t *fields; /* one of the two */
    const struct disclosed *d;
    struct field_place *place;
};

static void mark(const struct asked *a, const char *path)
{
    if (a->place != NULL)
        snprintf(a->place->path, sizeof a->place->path, "%s", path);
}

static struct fault fail(const struct asked *a, const char *path, enum fault_kind kind,
                         const char *why)
{
    mark(a, path);
    return fault_make(kind, 0, why);
}

static struct fault check_one(const struct asked *a, const char *path, const json_t *value)
{
    const struct field *f = field_find(a->kind, path);
    struct fault fault;

    if (f == NULL)
        return fail(a, path, FAULT_UNKNOWN, "docs/STATEMENTS: no such field in this type");
    if (value == NULL)
        return f->open ? fail(a, path, FAULT_REFUSED, "docs/STATEMENTS: must not be withheld")
                       : fault_none();
    fault = field_check(f, value);
    if (fault_is(fault)) {
        mark(a, path);
        fault.rule = "docs/STATEMENTS: the form of a field";
    } else if (f->form == FIELD_FREE && json_string_length(value) != 0 &&
               (a->kind == KIND_CHECK || type_is_automatic(a->kind, a->answers))) {
        fault = fail(a, path, FAULT_REFUSED, "docs/STATEMENTS: an automatic type has no text");
    }
    return fault;
}

/* Is there a field that fits this pattern, withheld or not? Its value if it is disclosed. */
static bool has(const struct asked *a, const char *pattern, const json_t **value)
{
    struct disclosed_leaf leaf;
    const char *path;
    json_t *v;

    *value = NULL;
    if (a->d == NULL) {
        json_object_foreach((json_t *)(uintptr_t)a->fields, path, v)
        {
            if (path_fits(pattern, path)) {
                *value = v;
                return true;
            }
        }
        return false;
    }
    for (size_t i = 0; disclosed_leaf_at(a->d, i, &leaf); i++)
        if (leaf.path != NULL && path_fits(pattern, leaf.path)) {
            *value = leaf.value;
            return true;
        }
    return false;
}

static struct fault check_present(const struct asked *a)
{
    const struct field *f;
    const json_t *value;

    for (size_t i = 0; (f = field_at(a->kind, i)) != NULL; i++)
        if (f->required && !has(a, f->path, &value))
            return fail(a, f->path, FAULT_MISSING, "docs/STATEMENTS: a field that must be there");
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
        if (needs[i].kind != a->kind || !has(a, needs[i].path, &value) || !json_is_string(value) ||
            strcmp(json_string_value(value), needs[i].value) != 0)
            continue;
        if (!has(a, needs[i].needs, &value))
            return fail(a, needs[i].needs, FAULT_MISSING,
                        "docs/STATEMENTS: a field that this answer needs");
    }
    return fault_none();
}

struct fault fields_check(enum kind kind, bool answers, const json_t *fields,
                          struct field_place *place)
{
    struct asked a = {kind, answers, fields, NULL, place};
    struct fault f = fault_none();
    const char *path;
    json_t *value;

    if (!json_is_object(fields))
        return bad(FAULT_SYNTAX);
    json_object_foreach((json_t *)(uintptr_t)fields, path, value)
    {
        f = check_one(&a, path, value);
        if (fault_is(f))
            return f;
    }
    return check_present(&a);
}

struct fault disclosed_check(enum kind kind, bool answers, const struct disclosed *d,
                             struct field_place *place)
{
    struct asked a = {kind, answers, NULL, d, place};
    struct fault f = fault_none();
    struct disclosed_leaf leaf;

    for (size_t i = 0; disclosed_leaf_at(d, i, &leaf) && !fault_is(f); i++)
        if (leaf.path != NULL)
            f = check_one(&a, leaf.path, leaf.value);
    return fault_is(f) ? f : check_present(&a);
}
