/* Plain forms for tools that are not in the table: CSV with a header, and a value a line. */
#include "indicator/export_targets.h"

/* RFC 4180: always in quotes, a quote doubled. A control character would break the line. */
static bool quoted(struct bytes text, struct buf *out)
{
    buf_byte(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < ' ' || text.data[i] == 0x7f)
            return false;
        if (text.data[i] == '"')
            buf_byte(out, '"');
        buf_byte(out, text.data[i]);
    }
    buf_byte(out, '"');
    return true;
}

static void csv_begin(struct export *x)
{
    buf_text(export_open(x, "parley.csv"), "indicator,type,valid_until,tlp,pap,id,source\n");
}

/* A spreadsheet would take it for a formula. */
static bool is_formula(struct bytes text)
{
    return text.len != 0 && memchr("=+-@", text.data[0], 4) != NULL;
}

static enum export_rule csv_entry(struct export *x, const struct export_entry *e)
{
    struct buf line = {0}, value = {0};
    char until[INSTANT_TEXT + 1];
    bool good;

    indicator_write(&e->value, &value);
    instant_write(e->about.until, until);
    good = !is_formula(buf_view(&value)) && quoted(buf_view(&value), &line);
    buf_print(&line, ",%s,%s,%s,%s,", indicator_kind_name(e->value.kind), until,
              tlp_name(e->about.tlp), pap_name(e->about.pap));
    buf_byte(&line, '"');
    export_safe(e->about.id, &line);
    buf_text(&line, "\",\"");
    export_safe(bytes_text(e->source), &line);
    buf_text(&line, "\"\n");
    if (good)
        buf_bytes(&x->file[0].text, buf_view(&line));
    buf_done(&line);
    buf_done(&value);
    return good ? EXPORT_OK : EXPORT_TEXT;
}

const struct export_target export_csv = {
    .name = "csv",
    .what = "a table with a header, for any tool",
    .tlp = TLP_AMBER_STRICT,
    .pap = PAP_AMBER,
    .kinds = EXPORT_ALL,
    .begin = csv_begin,
    .entry = csv_entry,
};

static void list_begin(struct export *x)
{
    buf_text(export_open(x, "parley.list"),
             "# made by parley rules export: before each value its id, marking and end\n");
}

/* One line, and no comment. */
static bool is_line(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < ' ' || text.data[i] == 0x7f)
            return false;
    return text.len != 0 && text.data[0] != '#' && text.data[0] != ';';
}

static enum export_rule list_entry(struct export *x, const struct export_entry *e)
{
    struct buf *out = &x->file[0].text;
    struct buf value = {0};
    enum export_rule r = EXPORT_TEXT;

    indicator_write(&e->value, &value);
    if (is_line(buf_view(&value))) {
        buf_text(out, "# ");
        export_about(e, ':', " ", out);
        buf_print(out, "\n%s\n", buf_str(&value));
        r = EXPORT_OK;
    }
    buf_done(&value);
    return r;
}

const struct export_target export_list = {
    .name = "list",
    .what = "a value a line, for any tool",
    .tlp = TLP_AMBER_STRICT,
    .pap = PAP_AMBER,
    .kinds = EXPORT_ALL,
    .begin = list_begin,
    .entry = list_entry,
};
