#include "model/entry.h"

#include "base/cursor.h"
#include "base/text.h"

enum {
    LEAVES_MIN = 8,
    LEAVES_MAX = 4096,
    DISCLOSED_MAX = 262144, /* section 4 */
};

/* Section 3: what each kind may be. A kind that is not here is no entry (CHECKPOINT is a frame
 * of the link). */
enum {
    CASE_NEVER = 1,
    CASE_ALWAYS = 2,    /* neither: RECEIPT and REJECT have the case of what they answer */
    ANSWERS_NEVER = 4,  /* nothing could be answered */
    ANSWERS_ALWAYS = 8, /* nothing is said without what it answers */
    OFFICERS = 16,      /* may carry a permit of officers */
    AUTOMATIC = 32,     /* may be automatic */
    RETURN = 64,        /* may be automatic where it answers */
    ROOT = 128,         /* signed by the root keys, nothing else */
};

static const struct {
    const char *name;
    unsigned rules;
} kinds[KIND_COUNT] = {
    [KIND_NONE] = {"NONE", 0},
    [KIND_CHECK] = {"CHECK", CASE_ALWAYS | OFFICERS | RETURN},
    [KIND_RECEIPT] = {"RECEIPT", ANSWERS_ALWAYS | AUTOMATIC},
    [KIND_ACK] = {"ACK", CASE_ALWAYS | ANSWERS_ALWAYS | OFFICERS},
    [KIND_REJECT] = {"REJECT", ANSWERS_ALWAYS | OFFICERS | AUTOMATIC},
    [KIND_CONTACT] = {"CONTACT", CASE_NEVER | ROOT},
    [KIND_WARNING] = {"WARNING", CASE_ALWAYS | OFFICERS},
    [KIND_NOTICE] = {"NOTICE", CASE_ALWAYS | OFFICERS},
    [KIND_UPDATE] = {"UPDATE", CASE_ALWAYS | OFFICERS},
    [KIND_INQUIRY] = {"INQUIRY", CASE_ALWAYS | OFFICERS},
    [KIND_ASSIST] = {"ASSIST", CASE_ALWAYS | OFFICERS},
    [KIND_PRESERVE] = {"PRESERVE", CASE_ALWAYS | OFFICERS},
    [KIND_LEGAL] = {"LEGAL", CASE_ALWAYS | OFFICERS},
    [KIND_ANSWER] = {"ANSWER", CASE_ALWAYS | OFFICERS},
    [KIND_DISPUTE] = {"DISPUTE", CASE_ALWAYS | OFFICERS},
    [KIND_CONSULT] = {"CONSULT", CASE_ALWAYS | OFFICERS},
    [KIND_CLOSE] = {"CLOSE", CASE_ALWAYS | OFFICERS},
    [KIND_SHARE] = {"SHARE", CASE_ALWAYS | OFFICERS},
    [KIND_SIGHTING] = {"SIGHTING", CASE_ALWAYS | OFFICERS},
    [KIND_CONSENT] = {"CONSENT", CASE_ALWAYS | OFFICERS},
    [KIND_RETRACT] = {"RETRACT", CASE_ALWAYS | OFFICERS},
    [KIND_DESTROY] = {"DESTROY", CASE_ALWAYS | OFFICERS},
    [KIND_AGREEMENT] = {"AGREEMENT", CASE_ALWAYS | OFFICERS},
    [KIND_CHECKPOINT] = {"CHECKPOINT", 0},
    [KIND_EXERCISE] = {"EXERCISE", CASE_ALWAYS | OFFICERS},
    [KIND_GENESIS] = {"GENESIS", CASE_NEVER | ANSWERS_NEVER | ROOT},
    [KIND_EVIDENCE] = {"EVIDENCE", CASE_NEVER | ANSWERS_NEVER | AUTOMATIC},
    [KIND_KEYS] = {"KEYS", CASE_NEVER | ANSWERS_NEVER | ROOT},
};

static const char *const classes[] = {"NONE", "REAL", "EXERCISE", "TEST"};

const char *kind_name(enum kind kind)
{
    return kinds[kind].name;
}

enum kind kind_parse(struct bytes name)
{
    for (size_t i = 1; i < KIND_COUNT && name.len != 0; i++)
        if (name.data[0] == (uint8_t)kinds[i].name[0] && bytes_is(name, kinds[i].name))
            return (enum kind)i;
    return KIND_NONE;
}

const char *class_name(enum class class)
{
    return classes[class];
}

enum class class_parse(struct bytes name) {
    for (size_t i = 1; i < sizeof classes / sizeof classes[0];
         i++) if (bytes_is(name, classes[i])) return (enum class)i;
    return CLASS_NONE;
}

/* A word up to `stop`, which is consumed; SYNTAX where the line has a space or an end instead. */
static struct bytes word(struct cursor *in, uint8_t stop)
{
    size_t start = in->at, at = start;

    if (!cursor_ok(in))
        return bytes_of("", 0);
    while (at < in->over.len && in->over.data[at] != ' ' && in->over.data[at] != '\n')
        at++;
    if (at == in->over.len)
        cursor_fail(in, FAULT_SHORT, at);
    else if (in->over.data[at] != stop)
        cursor_fail(in, FAULT_SYNTAX, at);
    if (!cursor_ok(in))
        return bytes_of("", 0);
    in->at = at + 1;
    return bytes_of(in->over.data + start, at - start);
}

static void name(struct cursor *in, uint8_t stop, char *out)
{
    size_t start = in->at;
    struct bytes text = word(in, stop);

    if (cursor_ok(in) && (!name_is_safe(text) || !bytes_to_text(text, out, ENTRY_NAME)))
        cursor_fail(in, FAULT_SYNTAX, start);
}

static uint64_t decimal(struct cursor *in, uint8_t stop, uint64_t min, uint64_t max)
{
    size_t start = in->at;
    struct bytes text = word(in, stop);
    uint64_t v = 0;

    if (!cursor_ok(in))
        return 0;
    if (!decimal_read(text, UINT64_MAX, &v))
        cursor_fail(in, FAULT_SYNTAX, start);
    else if (v < min || v > max)
        cursor_fail(in, FAULT_RANGE, start);
    return v;
}

static void hash(struct cursor *in, uint8_t stop, struct digest *out)
{
    enum { LETTERS = 44 };
    size_t start = in->at;
    struct bytes text;

    if (cursor_left(in) > LETTERS && in->over.data[start + LETTERS] == stop &&
        base64_read_open(bytes_of(in->over.data + start, LETTERS), out->byte, sizeof out->byte)) {
        in->at += LETTERS + 1;
        return;
    }
    text = word(in, stop); /* it is wrong: this says where */
    if (cursor_ok(in) && !base64_read_open(text, out->byte, sizeof out->byte))
        cursor_fail(in, FAULT_SYNTAX, start);
}

/* HASH|- */
static bool hash_or_none(struct cursor *in, struct digest *out)
{
    if (cursor_left(in) >= 2 && memcmp(in->over.data + in->at, "-\n", 2) == 0) {
        in->at += 2;
        return false;
    }
    hash(in, '\n', out);
    return cursor_ok(in);
}

static bool case_is_good(struct bytes text)
{
    if (text.len != CASE_TEXT - 1 || memcmp(text.data, "C-", 2) != 0)
        return false;
    for (size_t i = 2; i < text.len; i++)
        if (text.data[i] == 0 || strchr("0123456789ABCDEFGHJKMNPQRSTVWXYZ", text.data[i]) == NULL)
            return false;
    return true;
}

static void case_line(struct cursor *in, struct entry *e)
{
    unsigned rules = kinds[e->kind].rules;
    size_t start;
    struct bytes text;

    cursor_expect(in, "case ");
    start = in->at;
    text = word(in, '\n');
    if (!cursor_ok(in))
        return;
    if (bytes_is(text, "-")) {
        if (rules & CASE_ALWAYS)
            cursor_fail(in, FAULT_RANGE, start);
    } else if (!case_is_good(text) || !bytes_to_text(text, e->case_id, sizeof e->case_id)) {
        cursor_fail(in, FAULT_SYNTAX, start);
    } else if (rules & CASE_NEVER) {
        cursor_fail(in, FAULT_RANGE, start);
    }
}

/* number N, previous HASH|-: 0 without a case, 1 at its start, and from 2 on a chain. */
static void chain_lines(struct cursor *in, struct entry *e)
{
    bool in_case = e->case_id[0] != '\0';
    size_t start;

    cursor_expect(in, "number ");
    e->number = decimal(in, '\n', in_case ? 1 : 0, in_case ? INT64_MAX : 0);
    cursor_expect(in, "previous ");
    start = in->at;
    e->has_previous = hash_or_none(in, &e->previous);
    if (cursor_ok(in) && e->has_previous != (e->number > 1))
        cursor_fail(in, FAULT_RANGE, start);
}

static void answers_line(struct cursor *in, struct entry *e)
{
    unsigned rules = kinds[e->kind].rules;
    size_t start;

    cursor_expect(in, "answers ");
    start = in->at;
    e->has_answers = hash_or_none(in, &e->answers);
    if (cursor_ok(in) && rules & (e->has_answers ? ANSWERS_NEVER : ANSWERS_ALWAYS))
        cursor_fail(in, FAULT_RANGE, start);
}

static void time_line(struct cursor *in, struct entry *e)
{
    size_t start;
    struct bytes text;
    struct fault f;

    cursor_expect(in, "time ");
    start = in->at;
    text = word(in, '\n');
    if (!cursor_ok(in))
        return;
    f = instant_parse(text, &e->time);
    if (fault_is(f))
        cursor_fail(in, f.kind == FAULT_RANGE ? FAULT_RANGE : FAULT_SYNTAX, start);
}

/* seen SIZE ROOT|0 - */
static void seen_line(struct cursor *in, struct entry *e)
{
    cursor_expect(in, "seen ");
    e->seen_size = decimal(in, ' ', 0, INT64_MAX);
    if (e->seen_size == 0)
        cursor_expect(in, "-\n");
    else
        hash(in, '\n', &e->seen_root);
}

static void document_lines(struct cursor *in, struct entry *e)
{
    size_t start;

    cursor_expect(in, "document ");
    hash(in, ' ', &e->document);
    start = in->at;
    e->leaves = (uint32_t)decimal(in, '\n', LEAVES_MIN, LEAVES_MAX);
    if (cursor_ok(in) && (e->leaves & (e->leaves - 1)) != 0)
        cursor_fail(in, FAULT_RANGE, start);
    cursor_expect(in, "disclosed ");
    hash(in, ' ', &e->disclosed);
    e->disclosed_length = (uint32_t)decimal(in, '\n', 1, DISCLOSED_MAX);
}

static bool permit_fits(const struct entry *e)
{
    unsigned rules = kinds[e->kind].rules;

    switch (e->permit_kind) {
    case PERMIT_ROOT:
        return rules & ROOT;
    case PERMIT_AUTOMATIC:
        return rules & AUTOMATIC || (rules & RETURN && e->has_answers);
    default:
        return rules & OFFICERS;
    }
}

static void permit_line(struct cursor *in, struct entry *e)
{
    size_t start;
    struct bytes text;

    cursor_expect(in, "permit ");
    start = in->at;
    text = word(in, '\n');
    if (!cursor_ok(in))
        return;
    if (bytes_is(text, "automatic"))
        e->permit_kind = PERMIT_AUTOMATIC;
    else if (bytes_is(text, "root"))
        e->permit_kind = PERMIT_ROOT;
    else if (base64_read_open(text, e->permit.byte, sizeof e->permit.byte))
        e->permit_kind = PERMIT_DIGEST;
    else
        cursor_fail(in, FAULT_SYNTAX, start);
    if (cursor_ok(in) && !permit_fits(e))
        cursor_fail(in, FAULT_RANGE, start);
}

static void kind_lines(struct cursor *in, struct entry *e)
{
    size_t start;

    cursor_expect(in, "kind ");
    start = in->at;
    e->kind = kind_parse(word(in, '\n'));
    if (cursor_ok(in) && kinds[e->kind].rules == 0)
        cursor_fail(in, FAULT_UNKNOWN, start);
    cursor_expect(in, "class ");
    start = in->at;
    e->class = class_parse(word(in, '\n'));
    if (cursor_ok(in) && e->class == CLASS_NONE)
        cursor_fail(in, FAULT_UNKNOWN, start);
}

struct fault entry_parse(struct bytes text, struct entry *out)
{
    struct cursor in = cursor_over(text, "PROTOCOL.ledger 3: entry");
    struct entry e = {0};

    if (text.len > ENTRY_MAX)
        return fault_make(FAULT_LIMIT, ENTRY_MAX, in.rule);
    cursor_expect(&in, "parley-entry/v1\nagreement ");
    name(&in, ' ', e.agreement);
    e.version = (uint32_t)decimal(&in, ' ', 1, UINT32_MAX);
    hash(&in, '\n', &e.agreement_digest);
    cursor_expect(&in, "from ");
    name(&in, '\n', e.from);
    kind_lines(&in, &e);
    case_line(&in, &e);
    chain_lines(&in, &e);
    answers_line(&in, &e);
    time_line(&in, &e);
    seen_line(&in, &e);
    document_lines(&in, &e);
    permit_line(&in, &e);
    cursor_end(&in);
    if (cursor_ok(&in))
        *out = e;
    return in.fault;
}

static void add_hash(struct buf *out, const char *before, const struct digest *d, bool has)
{
    buf_text(out, before);
    if (has)
        buf_base64(out, d->byte, sizeof d->byte);
    else
        buf_byte(out, '-');
}

void entry_write(const struct entry *e, struct buf *out)
{
    char time[INSTANT_TEXT + 1];

    instant_write(e->time, time);
    buf_print(out, "parley-entry/v1\nagreement %s %u", e->agreement, e->version);
    add_hash(out, " ", &e->agreement_digest, true);
    buf_print(out, "\nfrom %s\nkind %s\nclass %s\ncase %s\nnumber ", e->from, kind_name(e->kind),
              class_name(e->class), e->case_id[0] == '\0' ? "-" : e->case_id);
    buf_decimal(out, e->number);
    add_hash(out, "\nprevious ", &e->previous, e->has_previous);
    add_hash(out, "\nanswers ", &e->answers, e->has_answers);
    buf_print(out, "\ntime %s\nseen ", time);
    buf_decimal(out, e->seen_size);
    add_hash(out, " ", &e->seen_root, e->seen_size != 0);
    add_hash(out, "\ndocument ", &e->document, true);
    buf_print(out, " %u", e->leaves);
    add_hash(out, "\ndisclosed ", &e->disclosed, true);
    buf_print(out, " %u\npermit ", e->disclosed_length);
    if (e->permit_kind == PERMIT_DIGEST)
        add_hash(out, "", &e->permit, true);
    else
        buf_text(out, e->permit_kind == PERMIT_ROOT ? "root" : "automatic");
    buf_byte(out, '\n');
}
