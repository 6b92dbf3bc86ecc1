/* catalogue.c - docs/STATEMENTS, drawn from the tables of types and fields. */
#include "statement/fields.h"
#include "statement/type.h"

enum { WIDTH = 79, LEFT = 30 };

static const char *const forms[] = {
    [FIELD_NONE] = "",
    [FIELD_NAME] = "name",
    [FIELD_ARTICLE] = "article id or -",
    [FIELD_WORD] = "word",
    [FIELD_WORD_LIST] = "sorted list of words",
    [FIELD_TIME] = "time",
    [FIELD_NUMBER] = "integer",
    [FIELD_DIGEST] = "digest",
    [FIELD_DIGESTS] = "list of digests",
    [FIELD_ADDRESS] = "IP address",
    [FIELD_ADDRESSES] = "list of IP addresses",
    [FIELD_LINE] = "line of ASCII",
    [FIELD_LINES] = "list of lines of ASCII",
    [FIELD_FREE] = "free text",
    [FIELD_LANGUAGE] = "language",
    [FIELD_HEX] = "hex",
    [FIELD_BASE64] = "base64",
    [FIELD_CANONICAL] = "canonical JSON, as text",
    [FIELD_SAMPLE] = "digest or \"\"",
};

static bool is_list(const struct field *f)
{
    return f->form == FIELD_DIGESTS || f->form == FIELD_ADDRESSES || f->form == FIELD_LINES;
}

/* Words of `text` in lines that begin at column LEFT. */
static void draw_wrapped(const char *text, struct buf *out)
{
    size_t column = LEFT;

    while (*text != '\0') {
        size_t len = strcspn(text, " ");

        if (column + len > WIDTH) {
            buf_print(out, "\n%*s", LEFT, "");
            column = LEFT;
        }
        buf_add(out, text, len);
        column += len + 1;
        text += len;
        if (*text == ' ') {
            if (text[1] != '\0' && column + strcspn(text + 1, " ") <= WIDTH)
                buf_byte(out, ' ');
            text++;
        }
    }
    buf_byte(out, '\n');
}

static void draw_field(const struct field *f, struct buf *out)
{
    struct buf about = {0};

    buf_print(&about, "%s; %s", f->what, forms[f->form]);
    if (f->words != NULL)
        buf_print(&about, ": %s", f->words);
    if (is_list(f))
        buf_print(&about, ", at most %zu", f->max);
    else if (f->form == FIELD_NUMBER)
        buf_print(&about, ", at most %zu", f->max);
    else if (f->form == FIELD_HEX)
        buf_print(&about, " of %zu bytes", f->max);
    else if (f->max != 0 && f->words == NULL)
        buf_print(&about, ", at most %zu bytes", f->max);
    if (f->withheld != NULL)
        buf_print(&about, "; WITHHELD by rule %s unless an officer discloses it", f->withheld);
    else if (f->open)
        buf_text(&about, "; never withheld");
    buf_print(out, " %-21s %s   ", f->path, f->required ? "must" : "may ");
    draw_wrapped(buf_str(&about), out);
    buf_done(&about);
}

static void draw_duties(const char *label, unsigned duties, struct buf *out)
{
    const char *between = "";

    if (duties == 0)
        return;
    buf_print(out, " %s: ", label);
    for (unsigned bit = 1; bit <= DUTY_CHECK; bit <<= 1)
        if (duties & bit) {
            buf_print(out, "%s%s", between, duty_name((enum duty)bit));
            between = ", ";
        }
    buf_byte(out, '\n');
}

static const char *officers_of(const struct type *t)
{
    if (t->automatic)
        return "automatic";
    if (type_is_rooted(t->kind))
        return "signed by the root keys";
    switch (t->officers) {
    case OFFICERS_ONE:
        return "one officer";
    case OFFICERS_TWO:
        return "two officers, or more by its article";
    case OFFICERS_ARTICLE:
        return "officers as its article says";
    default:
        return "no officer";
    }
}

static void draw_own_fields(enum kind kind, struct buf *out)
{
    const struct field *f, *common = field_at(KIND_ACK, 0);
    bool in_case = field_at(kind, 0) == common;

    for (size_t i = 0; (f = field_at(kind, i)) != NULL; i++)
        if (!in_case || field_find(KIND_CHECK, f->path) != f || f->form == FIELD_HEX)
            draw_field(f, out);
}

static void draw_type(const struct type *t, struct buf *out)
{
    buf_print(out, "\n%s: %s\n %s%s\n", kind_name(t->kind), t->what, officers_of(t),
              t->available ? "" : "; not yet available: refused, not parsed");
    draw_duties("due from its receiver", t->starts, out);
    draw_duties("ends duties of its maker", t->stops, out);
    if (t->available)
        draw_own_fields(t->kind, out);
}

void statements_draw(struct buf *out)
{
    const struct field *f;

    buf_text(out,
             "STATEMENTS - the types of statement, and the fields each may have\n\n"
             "Drawn from src/statement/type.c and fields.c by tests/statement/fields. What is not\n"
             "here cannot be said: an unlisted field is refused on both sides. There is no field\n"
             "for the content of a message, a post, a person, an account, an e-mail address, a\n"
             "telephone number or a place. A name is [a-z0-9][a-z0-9.-]{0,63}; times are RFC 3339\n"
             "(Z, whole seconds); digests are base64 of 32 bytes; free text is UTF-8 without\n"
             "control characters but newline and tab, and without marks that cannot be seen or\n"
             "turn the direction of text.\n"
             "Every statement of a case makes a RECEIPT due, but the automatic ones: RECEIPT,\n"
             "REJECT, the return of a CHECK. CHECK and automatic statements have an empty text.\n"
             "A REJECT may also be said by one officer.\n\n"
             "COMMON: the fields of every statement of a case\n");
    for (size_t i = 0; (f = field_at(KIND_CHECK, i)) != NULL && f->form != FIELD_HEX; i++)
        draw_field(f, out);
    for (enum kind kind = KIND_CHECK; kind < KIND_GENESIS; kind++)
        draw_type(type_find(kind), out);
    buf_text(out, "\nGENESIS: entry 0 of a log; the party's keys\n signed by the root keys\n");
    draw_own_fields(KIND_GENESIS, out);
    buf_text(out,
             "\nKEYS: other keys from here on, and perhaps the old ones revoked\n signed by the "
             "root keys\n");
    draw_own_fields(KIND_KEYS, out);
    buf_text(out, "\nEVIDENCE: digests of samples, on a fixed schedule\n automatic\n");
    draw_own_fields(KIND_EVIDENCE, out);
    buf_text(out,
             "\nANSWER with result declined or part has a ground, with pending it has until.\n");
}
