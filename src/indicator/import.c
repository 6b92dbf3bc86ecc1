#include "indicator/import.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"

/* Lists of lines; bundles and events are import_json.c's. */

enum column_kind {
    COLUMN_OTHER = 0,
    COLUMN_VALUE,
    COLUMN_TYPE,
    COLUMN_FROM,
    COLUMN_UNTIL,
    COLUMN_TLP,
    COLUMN_PAP,
    COLUMN_ID,
};

struct import_column {
    enum column_kind kind;
};

static const struct {
    const char *name;
    enum column_kind kind;
} columns[] = {
    {"indicator", COLUMN_VALUE},
    {"value", COLUMN_VALUE},
    {"ioc", COLUMN_VALUE},
    {"ioc_value", COLUMN_VALUE},
    {"type", COLUMN_TYPE},
    {"kind", COLUMN_TYPE},
    {"indicator_type", COLUMN_TYPE},
    {"ioc_type", COLUMN_TYPE},
    {"valid_from", COLUMN_FROM},
    {"first_seen", COLUMN_FROM},
    {"first_seen_utc", COLUMN_FROM},
    {"valid_until", COLUMN_UNTIL},
    {"expires", COLUMN_UNTIL},
    {"tlp", COLUMN_TLP},
    {"pap", COLUMN_PAP},
    {"id", COLUMN_ID},
    {"uuid", COLUMN_ID},
    {"case", COLUMN_ID},
};

/* Words for kinds; PERSON and KIND are what a word is refused by. */
static const struct {
    const char *word;
    enum indicator_kind kind;
    enum import_rule refused;
} words[] = {
    {"domain", INDICATOR_DOMAIN, IMPORT_OK},
    {"hostname", INDICATOR_DOMAIN, IMPORT_OK},
    {"url", INDICATOR_URL, IMPORT_OK},
    {"ip", INDICATOR_IPV4, IMPORT_OK},
    {"ipv4", INDICATOR_IPV4, IMPORT_OK},
    {"ipv6", INDICATOR_IPV6, IMPORT_OK},
    {"subnet", INDICATOR_SUBNET, IMPORT_OK},
    {"cidr", INDICATOR_SUBNET, IMPORT_OK},
    {"endpoint", INDICATOR_ENDPOINT, IMPORT_OK},
    {"ip:port", INDICATOR_ENDPOINT, IMPORT_OK},
    {"ipv4:port", INDICATOR_ENDPOINT, IMPORT_OK},
    {"ipv4port", INDICATOR_ENDPOINT, IMPORT_OK},
    {"md5", INDICATOR_MD5, IMPORT_OK},
    {"sha1", INDICATOR_SHA1, IMPORT_OK},
    {"sha256", INDICATOR_SHA256, IMPORT_OK},
    {"Intel::ADDR", INDICATOR_IPV4, IMPORT_OK},
    {"Intel::SUBNET", INDICATOR_SUBNET, IMPORT_OK},
    {"Intel::URL", INDICATOR_URL, IMPORT_OK},
    {"Intel::DOMAIN", INDICATOR_DOMAIN, IMPORT_OK},
    {"Intel::FILE_HASH", INDICATOR_NONE, IMPORT_OK},
    {"Intel::EMAIL", INDICATOR_NONE, IMPORT_PERSON},
    {"Intel::USER_NAME", INDICATOR_NONE, IMPORT_PERSON},
    {"email", INDICATOR_NONE, IMPORT_PERSON},
    {"account", INDICATOR_NONE, IMPORT_PERSON},
    {"phone", INDICATOR_NONE, IMPORT_PERSON},
};

static const char *const rules[IMPORT_RULES] = {"ok",   "too-long", "damaged", "value", "broad",
                                                "time", "kind",     "person",  "off"};
static const char *const formats[] = {"auto", "stix", "misp", "zeek", "csv", "list", "warninglist"};

const char *import_rule_name(enum import_rule r)
{
    return rules[r];
}

const char *import_format_name(enum import_format f)
{
    return formats[f];
}

enum import_format import_format_by_name(struct bytes name)
{
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (bytes_is(name, formats[i]))
            return (enum import_format)i;
    return IMPORT_UNKNOWN;
}

void import_init(struct import *in, enum import_format format, struct indicator_about usual,
                 struct import_sink sink)
{
    *in = (struct import){.sink = sink, .usual = usual, .format = format};
}

void import_done(struct import *in)
{
    free(in->column);
    in->column = NULL;
    import_json_done(in);
    buf_done(&in->text);
}

void import_refuse(struct import *in, enum import_rule r)
{
    in->n.refused[r]++;
    if (in->sink.refused != NULL)
        in->sink.refused(in->sink.with, in->line, r);
}

void import_value(struct import *in, enum indicator_kind kind, struct bytes text,
                  const struct indicator_about *a)
{
    uint8_t room[INDICATOR_KEY];
    struct indicator_value v;
    struct fault f = kind == INDICATOR_NONE ? indicator_guess(text, room, &v)
                                            : indicator_read(kind, text, room, &v);

    if (fault_is(f)) {
        import_refuse(in, f.kind == FAULT_RANGE ? IMPORT_BROAD : IMPORT_VALUE);
        return;
    }
    if (a->until.us <= a->from.us) {
        import_refuse(in, IMPORT_TIME);
        return;
    }
    in->n.taken++;
    in->sink.entry(in->sink.with, &v, a);
}

static bool same_word(struct bytes text, const char *word)
{
    size_t n = strlen(word);

    if (text.len != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if ((text.data[i] | 0x20) != ((uint8_t)word[i] | 0x20))
            return false;
    return true;
}

static bool word_kind(struct bytes text, enum indicator_kind *kind, enum import_rule *refused)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (same_word(text, words[i].word)) {
            *kind = words[i].kind;
            *refused = words[i].refused;
            return true;
        }
    return false;
}

static struct bytes trim(struct bytes b)
{
    while (b.len > 0 && b.data[0] <= ' ') {
        b.data++;
        b.len--;
    }
    while (b.len > 0 && b.data[b.len - 1] <= ' ')
        b.len--;
    return b;
}

/* ---- one field that is not the value ---- */

/* RFC 3339 in UTC ("Z" or MISP's "+00:00"), or as tables write it: "2026-01-31 10:20:30",
 * "2026-01-31". */
bool import_time(struct bytes text, struct instant *out)
{
    char full[48] = "2026-01-31T00:00:00";
    static const char utc[] = "+00:00";
    size_t tail = sizeof utc - 1;

    if (text.len > tail && memcmp(text.data + text.len - tail, utc, tail) == 0)
        text.len -= tail;
    else if (!fault_is(instant_fraction_parse(text, out)))
        return true;
    if ((text.len != 10 && text.len < 19) || text.len > 40)
        return false;
    memcpy(full, text.data, text.len);
    full[10] = 'T';
    full[text.len < 19 ? 19 : text.len] = 'Z';
    return !fault_is(instant_fraction_parse(bytes_text(full), out));
}

static bool about_field(enum column_kind kind, struct bytes text, struct indicator_about *a)
{
    switch (kind) {
    case COLUMN_FROM:
        return import_time(text, &a->from);
    case COLUMN_UNTIL:
        return import_time(text, &a->until);
    case COLUMN_TLP:
        a->tlp = tlp_read(text);
        return true;
    case COLUMN_PAP:
        a->pap = pap_read(text);
        return true;
    case COLUMN_ID:
        a->id = text.len <= INDICATOR_ID ? text : bytes_of(NULL, 0);
        return true;
    default:
        return true;
    }
}

/* ---- rows of CSV (RFC 4180, a row a line) and of Zeek (tabs, "-" unset) ---- */

/* The next field of a row, unquoted into `room`; moves *row behind it. False: a bad quote. */
static bool csv_field(struct bytes *row, struct buf *room, struct bytes *out)
{
    size_t i = 1, begin = room->len;

    while (row->len > 0 && row->data[0] == ' ')
        *row = bytes_of(row->data + 1, row->len - 1);
    if (row->len == 0 || row->data[0] != '"') {
        const uint8_t *end = row->len == 0 ? NULL : memchr(row->data, ',', row->len);

        out->data = row->data;
        out->len = end == NULL ? row->len : (size_t)(end - row->data);
        i = out->len;
    } else {
        for (;; i++) {
            if (i >= row->len)
                return false;
            if (row->data[i] == '"' && (i + 1 == row->len || row->data[i + 1] != '"'))
                break;
            buf_byte(room, row->data[i]);
            i += row->data[i] == '"';
        }
        i++;
        *out = bytes_of(room->data + begin, room->len - begin);
        if (i < row->len && row->data[i] != ',')
            return false;
    }
    i += i < row->len;
    *row = bytes_of(row->data + i, row->len - i);
    return true;
}

/* Splits a row into at most IMPORT_COLUMNS fields; `room` has the row's length, so that it does
 * not move. 0: damaged. */
static size_t split(enum import_format format, struct bytes row, struct buf *room,
                    struct bytes *field)
{
    size_t n = 0;
    bool more = true;

    buf_need(room, row.len + 1);
    while (more) {
        size_t before = row.len;

        if (n == IMPORT_COLUMNS)
            return 0;
        if (format == IMPORT_CSV) {
            if (!csv_field(&row, room, &field[n]))
                return 0;
            more = row.len > 0 || (before > 0 && row.data[-1] == ',');
        } else {
            const uint8_t *tab = row.len == 0 ? NULL : memchr(row.data, '\t', row.len);

            field[n] = bytes_of(row.data, tab == NULL ? row.len : (size_t)(tab - row.data));
            more = tab != NULL;
            row = more ? bytes_of(tab + 1, (size_t)(row.data + row.len - tab) - 1) : row;
        }
        n++;
    }
    return n;
}

static enum column_kind column_by_name(struct bytes name)
{
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        if (same_word(trim(name), columns[i].name))
            return columns[i].kind;
    return COLUMN_OTHER;
}

/* Takes a header whose columns have a value among them. */
static bool header(struct import *in, enum import_format format, struct bytes line)
{
    struct bytes field[IMPORT_COLUMNS];
    struct buf room = {0};
    size_t n = split(format, line, &room, field);
    bool has_value = false;

    for (size_t i = 0; i < n; i++)
        has_value |= column_by_name(field[i]) == COLUMN_VALUE;
    if (has_value) {
        free(in->column);
        in->column = memory_zeroed(n, sizeof *in->column);
        in->columns = n;
        in->format = format;
        for (size_t i = 0; i < n; i++)
            in->column[i].kind = column_by_name(field[i]);
    }
    buf_done(&room);
    return has_value;
}

static bool is_unset(const struct import *in, struct bytes text)
{
    return text.len == 0 || (in->format == IMPORT_ZEEK && bytes_is(text, "-"));
}

static enum import_rule row_fields(struct import *in, const struct bytes *field, size_t n,
                                   struct bytes *value, enum indicator_kind *kind,
                                   struct indicator_about *a)
{
    enum import_rule refused = IMPORT_OK;

    for (size_t i = 0; i < n; i++) {
        struct bytes text = trim(field[i]);

        if (is_unset(in, text))
            continue;
        if (in->column[i].kind == COLUMN_VALUE)
            *value = text;
        else if (in->column[i].kind == COLUMN_TYPE && !word_kind(text, kind, &refused))
            refused = IMPORT_KIND;
        else if (!about_field(in->column[i].kind, text, a))
            refused = IMPORT_TIME;
        if (refused != IMPORT_OK)
            return refused;
    }
    return value->len == 0 ? IMPORT_DAMAGED : IMPORT_OK;
}

static void row(struct import *in, struct bytes line)
{
    struct bytes field[IMPORT_COLUMNS], value = {0};
    struct buf room = {0};
    struct indicator_about a = in->usual;
    enum indicator_kind kind = INDICATOR_NONE;
    size_t n = split(in->format, line, &room, field);
    enum import_rule refused =
        n != in->columns ? IMPORT_DAMAGED : row_fields(in, field, n, &value, &kind, &a);

    in->n.seen++;
    a.exact |= in->format == IMPORT_ZEEK;
    if (refused != IMPORT_OK)
        import_refuse(in, refused);
    else
        import_value(in, kind, value, &a);
    buf_done(&room);
}

/* ---- plain lists ---- */

/* "# tlp: amber" and the like hold for what follows; a header may stand in a comment. */
static void comment(struct import *in, struct bytes text)
{
    const uint8_t *colon = text.len == 0 ? NULL : memchr(text.data, ':', text.len);
    enum column_kind kind;
    struct bytes value;

    if (in->format == IMPORT_UNKNOWN && text.len > 0 && memchr(text.data, ',', text.len) != NULL &&
        header(in, IMPORT_CSV, text))
        return;
    if (colon == NULL)
        return;
    kind = column_by_name(bytes_of(text.data, (size_t)(colon - text.data)));
    value = trim(bytes_of(colon + 1, text.len - (size_t)(colon - text.data) - 1));
    if (kind >= COLUMN_FROM && kind != COLUMN_ID && !about_field(kind, value, &in->usual))
        import_refuse(in, IMPORT_TIME);
}

static struct bytes token(struct bytes *text)
{
    size_t n = 0;
    struct bytes out;

    while (n < text->len && text->data[n] > ' ' && text->data[n] != ',' && text->data[n] != ';')
        n++;
    out = bytes_of(text->data, n);
    n += n < text->len;
    *text = trim(bytes_of(text->data + n, text->len - n));
    return out;
}

/* What a hosts file writes before a name that is to lead nowhere. */
static bool is_nowhere(struct bytes value)
{
    return bytes_is(value, "0.0.0.0") || bytes_is(value, "127.0.0.1");
}

static void plain(struct import *in, struct bytes line)
{
    enum indicator_kind kind = INDICATOR_NONE;
    enum import_rule refused = IMPORT_OK;
    struct bytes value = token(&line);

    in->n.seen++;
    if (line.len > 0 && line.data[0] != '#' &&
        (word_kind(value, &kind, &refused) || is_nowhere(value)))
        value = token(&line);
    if (refused != IMPORT_OK)
        import_refuse(in, refused);
    else
        import_value(in, kind, value, &in->usual);
}

/* ---- lines, whatever they are ---- */

static bool is_fields(struct bytes text)
{
    return text.len > 8 && memcmp(text.data, "#fields\t", 8) == 0;
}

static void said(struct import *in, struct bytes line, struct bytes text)
{
    if (in->columns == 0 && (in->format == IMPORT_UNKNOWN || in->format == IMPORT_CSV) &&
        header(in, IMPORT_CSV, text))
        return;
    if (in->format == IMPORT_UNKNOWN)
        in->format = IMPORT_LIST;
    if (in->format == IMPORT_LIST)
        plain(in, text);
    else
        row(in, line.data[line.len - 1] == '\r' ? bytes_of(line.data, line.len - 1) : line);
}

static void take_line(struct import *in, struct bytes line)
{
    struct bytes text = trim(line);

    if (in->cut || line.len > IMPORT_LINE) {
        in->n.seen++;
        import_refuse(in, IMPORT_TOO_LONG);
    } else if (text.len == 0) {
        return;
    } else if (is_fields(text) && (in->format == IMPORT_UNKNOWN || in->format == IMPORT_ZEEK)) {
        if (!header(in, IMPORT_ZEEK, bytes_of(text.data + 8, text.len - 8)))
            import_refuse(in, IMPORT_DAMAGED);
    } else if (text.data[0] == '#') {
        comment(in, trim(bytes_of(text.data + 1, text.len - 1)));
    } else {
        said(in, line, text);
    }
}

/* ---- bytes as they come ---- */

/* A line's beginning waits for its end, as far as it may be kept. */
static void keep(struct import *in, struct bytes part, size_t most)
{
    in->cut |= part.len > most - in->text.len;
    if (!in->cut)
        buf_bytes(&in->text, part);
}

static void feed_lines(struct import *in, struct bytes piece)
{
    while (piece.len > 0) {
        const uint8_t *end = memchr(piece.data, '\n', piece.len);
        size_t n = end == NULL ? piece.len : (size_t)(end - piece.data);
        struct bytes part = bytes_of(piece.data, n);

        if (end == NULL) {
            keep(in, part, IMPORT_LINE);
            return;
        }
        in->line++;
        if (in->text.len == 0 && !in->cut) {
            take_line(in, part);
        } else {
            keep(in, part, IMPORT_LINE);
            take_line(in, buf_view(&in->text));
        }
        buf_clear(&in->text);
        in->cut = false;
        piece = bytes_of(end + 1, piece.len - n - 1);
    }
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Does it begin as JSON does? A list may begin with "[2001:db8::1]:80". */
static bool begins_json(struct bytes b)
{
    size_t i = 1;

    while (i < b.len && is_blank(b.data[i]))
        i++;
    return b.data[0] == '{' ||
           (b.data[0] == '[' && (i == b.len || b.data[i] == '{' || b.data[i] == ']'));
}

/* Blanks and a byte order mark before the first byte that says something. */
static struct bytes begin(struct import *in, struct bytes piece)
{
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf};

    for (; piece.len > 0 && in->mark < sizeof mark && piece.data[0] == mark[in->mark]; in->mark++)
        piece = bytes_of(piece.data + 1, piece.len - 1);
    while (piece.len > 0 && is_blank(piece.data[0])) {
        in->line += piece.data[0] == '\n';
        piece = bytes_of(piece.data + 1, piece.len - 1);
    }
    if (piece.len == 0)
        return piece;
    in->begun = true;
    in->json = in->format == IMPORT_STIX || in->format == IMPORT_MISP ||
               (in->format == IMPORT_UNKNOWN && begins_json(piece));
    return piece;
}

void import_feed(struct import *in, struct bytes piece)
{
    if (!in->begun)
        piece = begin(in, piece);
    if (in->json)
        keep(in, piece, IMPORT_JSON);
    else
        feed_lines(in, piece);
}

bool import_end_step(struct import *in, struct fault *out)
{
    *out = fault_none();
    if (in->json && in->cut) {
        *out = fault_make(FAULT_LIMIT, IMPORT_JSON, "import: at most 128 MiB of JSON");
    } else if (in->json) {
        if (import_json_step(in, out))
            return true;
    } else if (in->text.len > 0 || in->cut) {
        in->line++;
        take_line(in, buf_view(&in->text));
    }
    buf_done(&in->text);
    return false;
}

struct fault import_end(struct import *in)
{
    struct fault f;

    while (import_end_step(in, &f))
        continue;
    return f;
}
