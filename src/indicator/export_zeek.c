/*
 * Zeek's intelligence framework: tab-separated, "-" for unset, bytes that mean something as \xHH.
 * The file is put in place by renaming; Zeek forgets an entry by expiry or restart alone, so a
 * script beside it sets the expiry, and a withdrawal is the list without the entry.
 */
#include "indicator/export_targets.h"

static const char *const types[INDICATOR_KINDS] = {
    [INDICATOR_IPV4] = "ADDR",      [INDICATOR_IPV6] = "ADDR",       [INDICATOR_SUBNET] = "SUBNET",
    [INDICATOR_DOMAIN] = "DOMAIN",  [INDICATOR_URL] = "URL",         [INDICATOR_MD5] = "FILE_HASH",
    [INDICATOR_SHA1] = "FILE_HASH", [INDICATOR_SHA256] = "FILE_HASH"};

static void begin(struct export *x)
{
    struct buf *out = export_open(x, "parley.intel");

    buf_text(out, "#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\tmeta.url\t"
                  "meta.do_notice\n");
    buf_text(
        export_open(x, "parley-expire.zeek"),
        "# What is not in the list for a day is forgotten; an entry that is read again stays.\n"
        "@load policy/frameworks/intel/do_expire\n"
        "redef Intel::item_expiration = 1 day;\n");
}

/* A field's text; what Zeek would read as unset or as no text cannot be one. */
static bool field(struct bytes text, struct buf *out)
{
    if (text.len == 0 || bytes_is(text, "-") || bytes_is(text, "(empty)") || text.data[0] == '#')
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] <= ' ' || text.data[i] >= 0x7f || text.data[i] == '\\')
            buf_print(out, "\\x%02x", text.data[i]);
        else
            buf_byte(out, text.data[i]);
    return true;
}

static enum export_rule entry(struct export *x, const struct export_entry *e)
{
    struct buf *out = &x->file[0].text;
    struct buf value = {0};
    bool good;

    indicator_write(&e->value, &value);
    good = field(buf_view(&value), out);
    buf_done(&value);
    if (!good)
        return EXPORT_TEXT;
    buf_print(out, "\tIntel::%s\tparley:", types[e->value.kind]);
    export_safe(bytes_text(e->source), out);
    buf_byte(out, '\t');
    export_about(e, ':', " ", out);
    buf_text(out, "\t-\tT\n");
    return EXPORT_OK;
}

const struct export_target export_zeek = {
    .name = "zeek",
    .what = "an Intel file that gives notices; Zeek matches a name alone, not what lies below it",
    .tlp = TLP_AMBER_STRICT,
    .pap = PAP_AMBER,
    .kinds = EXPORT_ALL & ~(1U << INDICATOR_ENDPOINT),
    .begin = begin,
    .entry = entry,
};
