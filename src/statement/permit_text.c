#include "statement/permit_text.h"

#include "base/text.h"
#include "statement/case_id.h"
#include "statement/lines.h"

enum { LEAVES_MAX = 4096, LEAVES_MIN = 8, DISCLOSED_MAX = 262144 }; /* section 4 */

static const char rule[] = "PROTOCOL.ledger section 5: permit text";

bool article_id_is(struct bytes text)
{
    if (text.len == 0 || text.len >= PERMIT_ARTICLE)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];

        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
              c == '(' || c == ')' || c == '.' || c == '-'))
            return false;
    }
    return !bytes_is(text, "-");
}

static void read_agreement(struct cursor *in, struct permit_text *p)
{
    struct words w = lines_read(in, "agreement", 3);

    lines_name(in, &w, 0, p->agreement);
    p->version = (uint32_t)lines_decimal(in, &w, 1, 1, UINT32_MAX);
    lines_digest(in, &w, 2, &p->agreement_digest);
}

static void read_id(struct cursor *in, struct permit_text *p)
{
    struct words w = lines_read(in, "id", 1);

    if (cursor_ok(in) && !hex_read(w.word[0], p->id, sizeof p->id))
        cursor_fail(in, FAULT_SYNTAX, w.at);
}

static void read_to(struct cursor *in, struct permit_text *p)
{
    struct words w = lines_read(in, "to", 1);

    lines_name(in, &w, 0, p->to);
    w = lines_read(in, "kind", 1);
    p->kind = kind_parse(w.word[0]);
    if (cursor_ok(in) && p->kind == KIND_NONE)
        cursor_fail(in, FAULT_UNKNOWN, w.at);
    w = lines_read(in, "class", 1);
    p->class = class_parse(w.word[0]);
    if (cursor_ok(in) && p->class == CLASS_NONE)
        cursor_fail(in, FAULT_UNKNOWN, w.at);
}

static void read_case(struct cursor *in, struct permit_text *p)
{
    struct words w = lines_read(in, "case", 1);
    bool none = bytes_is(w.word[0], "-");

    if (cursor_ok(in) && !none &&
        (!case_id_is(w.word[0]) || !bytes_to_text(w.word[0], p->case_id, sizeof p->case_id)))
        cursor_fail(in, FAULT_SYNTAX, w.at);
    w = lines_read(in, "answers", 1);
    p->has_answers = !bytes_is(w.word[0], "-");
    if (p->has_answers)
        lines_digest(in, &w, 0, &p->answers);
}

static void read_article(struct cursor *in, struct permit_text *p)
{
    struct words w = lines_read(in, "article", 1);

    if (!cursor_ok(in) || bytes_is(w.word[0], "-"))
        return;
    if (!article_id_is(w.word[0]) || !bytes_to_text(w.word[0], p->article, sizeof p->article))
        cursor_fail(in, FAULT_SYNTAX, w.at);
}

static void read_document(struct cursor *in, struct permit_text *p)
{
    struct words w = lines_read(in, "document", 2);

    lines_digest(in, &w, 0, &p->document);
    p->leaves = (uint32_t)lines_decimal(in, &w, 1, LEAVES_MIN, LEAVES_MAX);
    if (cursor_ok(in) && (p->leaves & (p->leaves - 1)) != 0)
        cursor_fail(in, FAULT_RANGE, w.at);
    w = lines_read(in, "disclosed", 2);
    lines_digest(in, &w, 0, &p->disclosed);
    p->disclosed_length = (uint32_t)lines_decimal(in, &w, 1, 1, DISCLOSED_MAX);
}

struct fault permit_text_parse(struct bytes text, struct permit_text *out)
{
    struct cursor in = cursor_over(text, rule);
    struct permit_text p = {0};
    struct words w;

    if (text.len > PERMIT_MAX)
        return fault_make(FAULT_LIMIT, PERMIT_MAX, rule);
    cursor_expect(&in, "parley-permit/v1\n");
    read_id(&in, &p);
    read_agreement(&in, &p);
    w = lines_read(&in, "rules", 1);
    p.rules = (uint32_t)lines_decimal(&in, &w, 0, 1, UINT32_MAX);
    read_to(&in, &p);
    read_case(&in, &p);
    read_article(&in, &p);
    read_document(&in, &p);
    w = lines_read(&in, "officers", 1);
    p.officers = (unsigned)lines_decimal(&in, &w, 0, 1, PERMIT_OFFICERS);
    w = lines_read(&in, "expires", 1);
    p.expires = lines_time(&in, &w, 0);
    cursor_end(&in);
    if (cursor_ok(&in))
        *out = p;
    return in.fault;
}

static const char *or_dash(const char *text)
{
    return text[0] == '\0' ? "-" : text;
}

void permit_text_write(const struct permit_text *p, struct buf *out)
{
    buf_text(out, "parley-permit/v1\nid ");
    buf_hex(out, p->id, sizeof p->id);
    buf_print(out, "\nagreement %s %u ", p->agreement, p->version);
    lines_put_digest(out, &p->agreement_digest);
    buf_print(out, "\nrules %u\nto %s\nkind %s\nclass %s\ncase %s\nanswers ", p->rules, p->to,
              kind_name(p->kind), class_name(p->class), or_dash(p->case_id));
    if (p->has_answers)
        lines_put_digest(out, &p->answers);
    else
        buf_text(out, "-");
    buf_print(out, "\narticle %s\ndocument ", or_dash(p->article));
    lines_put_digest(out, &p->document);
    buf_print(out, " %u\ndisclosed ", p->leaves);
    lines_put_digest(out, &p->disclosed);
    buf_print(out, " %u\nofficers %u\nexpires ", p->disclosed_length, p->officers);
    lines_put_time(out, p->expires);
    buf_text(out, "\n");
}

static const char *unequal_line(const struct permit_text *p, const struct entry *e)
{
    if (strcmp(p->agreement, e->agreement) != 0 || p->version != e->version ||
        !digest_equal(&p->agreement_digest, &e->agreement_digest))
        return "PROTOCOL.ledger section 5: permit and entry differ in: agreement";
    if (p->kind != e->kind)
        return "PROTOCOL.ledger section 5: permit and entry differ in: kind";
    if (p->class != e->class)
        return "PROTOCOL.ledger section 5: permit and entry differ in: class";
    if (strcmp(p->case_id, e->case_id) != 0)
        return "PROTOCOL.ledger section 5: permit and entry differ in: case";
    if (p->has_answers != e->has_answers ||
        (p->has_answers && !digest_equal(&p->answers, &e->answers)))
        return "PROTOCOL.ledger section 5: permit and entry differ in: answers";
    if (!digest_equal(&p->document, &e->document) || p->leaves != e->leaves)
        return "PROTOCOL.ledger section 5: permit and entry differ in: document";
    if (!digest_equal(&p->disclosed, &e->disclosed) || p->disclosed_length != e->disclosed_length)
        return "PROTOCOL.ledger section 5: permit and entry differ in: disclosed";
    return NULL;
}

struct fault permit_text_equals(const struct permit_text *p, const struct entry *e)
{
    const char *line = unequal_line(p, e);

    return line == NULL ? fault_none() : fault_make(FAULT_MISMATCH, 0, line);
}
