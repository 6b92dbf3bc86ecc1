/*
 * Suricata: rules of its own for each indicator; datasets for long lists; IP reputation. All of
 * them alert, none drops. The files: Suricata's user guide ("Rules", "Datasets", "IP Reputation").
 */
#include "indicator/export_targets.h"

/* The numbers of rules that ask a list: the same in every export, apart in files that are loaded
 * side by side. */
enum { SID_HASHES = 0, SID_DATASETS = 16, SID_IPREP = 24 };

enum {
    RULE_MAX = 8000,    /* bytes of a rule: Suricata reads lines of 8192 */
    DATASET_LINE = 1000 /* .. and of a dataset's, 1024 */
};

/* ---- one rule an indicator ---- */

/* "content": letters, digits and a few signs as they are, the rest as |HH|. */
static void content(const char *before, struct bytes text, struct buf *out)
{
    bool hex = false;

    buf_text(out, "content:\"");
    buf_text(out, before);
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '.' || c == '-' || c == '_' || c == '/';

        if (plain == hex)
            buf_byte(out, '|');
        else if (hex)
            buf_byte(out, ' ');
        hex = !plain;
        if (plain)
            buf_byte(out, c);
        else
            buf_print(out, "%02X", c);
    }
    buf_text(out, hex ? "|\"; " : "\"; ");
}

static void metadata(const struct export_entry *e, struct buf *out)
{
    buf_text(out, "metadata:parley ");
    export_about(e, ' ', ", ", out);
    buf_text(out, ", source ");
    export_safe(bytes_text(e->source), out);
    buf_text(out, "; ");
}

/* A rule whose head (up to the port) and options are given. False: no number was left. */
static bool rule(struct export *x, const struct export_entry *e, unsigned which, const char *head,
                 struct bytes options)
{
    struct buf *out = &x->file[0].text;
    uint32_t sid = export_sid(x, e, which);

    if (sid == 0)
        return false;
    buf_print(out, "alert %s (msg:\"PARLEY %s ", head, indicator_kind_name(e->value.kind));
    if (e->about.id.len == 0)
        export_safe(bytes_text(e->source), out);
    export_safe(e->about.id, out);
    buf_text(out, "\"; ");
    buf_bytes(out, options);
    metadata(e, out);
    buf_print(out, "sid:%u; rev:%u;)\n", sid, x->o.rev);
    return true;
}

static enum export_rule address_rules(struct export *x, const struct export_entry *e)
{
    static const char seldom[] = "threshold:type limit, track by_src, count 1, seconds 3600; ";
    static const char *const protocols[] = {"tcp", "udp"};
    bool port = e->value.kind == INDICATOR_ENDPOINT, good = true;

    for (unsigned i = 0; i < (port ? 2U : 1U) && good; i++) {
        struct buf head = {0};

        buf_print(&head, "%s any any <> [", port ? protocols[i] : "ip");
        export_addr(&e->value, &head);
        buf_print(&head, "] ");
        if (port)
            buf_decimal(&head, e->value.port);
        else
            buf_text(&head, "any");
        good = rule(x, e, i, buf_str(&head), bytes_text(seldom));
        buf_done(&head);
    }
    return good ? EXPORT_OK : EXPORT_ROOM;
}

static enum export_rule domain_rules(struct export *x, const struct export_entry *e)
{
    static const struct {
        const char *head, *before, *nocase;
    } buffers[] = {
        {"dns any any -> any any", "dns.query; ", "nocase; "},
        {"tls any any -> any any", "flow:established,to_server; tls.sni; ", "nocase; "},
        {"http any any -> any any", "flow:established,to_server; http.host; ", ""}, /* is lower */
    };
    bool good = true;

    for (unsigned i = 0; i < sizeof buffers / sizeof buffers[0] && good; i++) {
        struct buf options = {0};

        buf_text(&options, buffers[i].before);
        if (!e->about.exact)
            buf_text(&options, "dotprefix; ");
        content(e->about.exact ? "" : ".", e->value.text, &options);
        buf_text(&options, buffers[i].nocase);
        buf_text(&options, e->about.exact ? "startswith; endswith; " : "endswith; ");
        good = rule(x, e, i, buffers[i].head, buf_view(&options));
        buf_done(&options);
    }
    return good ? EXPORT_OK : EXPORT_ROOM;
}

static enum export_rule url_rule(struct export *x, const struct export_entry *e)
{
    struct buf options = {0};
    struct bytes host, rest;
    enum export_rule r = EXPORT_TEXT;

    export_url(&e->value, &host, &rest);
    buf_text(&options, "flow:established,to_server; http.host.raw; ");
    content("", host, &options);
    buf_text(&options, "nocase; startswith; endswith; http.uri.raw; ");
    content("", rest, &options);
    buf_text(&options, "startswith; endswith; ");
    if (options.len + 6 * e->about.id.len + 3 * strlen(e->source) < RULE_MAX - 300)
        r = rule(x, e, 0, "http any any -> any any", buf_view(&options)) ? EXPORT_OK : EXPORT_ROOM;
    buf_done(&options);
    return r;
}

/* Hashes are in lists of their own, a file an algorithm; what stands behind the hash on a line is
 * not read by Suricata and says whose it is. */
static const char *const hash_files[] = {"parley-md5.list", "parley-sha1.list",
                                         "parley-sha256.list"};
static const char *const hash_keywords[] = {"filemd5", "filesha1", "filesha256"};

static enum export_rule hash_line(struct export *x, const struct export_entry *e)
{
    struct buf *out = &x->file[1 + (size_t)(e->value.kind - INDICATOR_MD5)].text;

    indicator_write(&e->value, out);
    buf_text(out, " ");
    export_about(e, ':', " ", out);
    buf_byte(out, '\n');
    return EXPORT_OK;
}

static void begin(struct export *x)
{
    struct buf *rules = export_open(x, "parley.rules");

    buf_text(rules, "# made by parley rules export: alerts alone. Reload: suricatasc -c "
                    "reload-rules, then look at ruleset-failed-rules.\n");
    for (size_t i = 0; i < 3; i++)
        buf_text(export_open(x, hash_files[i]),
                 "# made by parley rules export: hash, id, marking, end\n");
}

static enum export_rule entry(struct export *x, const struct export_entry *e)
{
    switch (e->value.kind) {
    case INDICATOR_DOMAIN:
        return domain_rules(x, e);
    case INDICATOR_URL:
        return url_rule(x, e);
    case INDICATOR_MD5:
    case INDICATOR_SHA1:
    case INDICATOR_SHA256:
        return hash_line(x, e);
    default:
        return address_rules(x, e);
    }
}

/* The rules that look into the lists of hashes, where one has any. Their ids stand in the lists. */
static void end(struct export *x)
{
    static const char *const protocols[] = {"http", "smtp", "ftp-data", "smb"};

    for (unsigned i = 0; i < 3; i++)
        for (unsigned p = 0; p < 4 && x->file[1 + i].text.len > x->file[1 + i].head; p++)
            buf_print(&x->file[0].text,
                      "alert %s any any -> any any (msg:\"PARLEY file of %s\"; %s:%s; "
                      "metadata:parley see %s; sid:%u; rev:%u;)\n",
                      protocols[p], hash_files[i], hash_keywords[i], hash_files[i], hash_files[i],
                      x->o.sid + SID_HASHES + 4 * i + p, x->o.rev);
}

const struct export_target export_suricata = {
    .name = "suricata",
    .what = "rules that alert, one or more an indicator, and lists of file hashes",
    .tlp = TLP_AMBER_STRICT,
    .pap = PAP_AMBER,
    .kinds = EXPORT_ALL,
    .begin = begin,
    .entry = entry,
    .end = end,
};

/* ---- datasets ---- */

/* A set: its list's line in Suricata's own form. Beside each stands an index with a line for each
 * of the list's, as the list's lines have no room for id, marking and end. */
static const struct dataset {
    const char *set, *type, *list, *index;
    unsigned kinds;
} datasets[] = {
    {"parley-name", "string", "parley-name.lst", "parley-name.index", 1 << INDICATOR_DOMAIN},
    {"parley-ip", "ip", "parley-ip.lst", "parley-ip.index", EXPORT_ADDRESSES},
};
enum { DATASETS = sizeof datasets / sizeof datasets[0] };

static size_t dataset_of(enum indicator_kind kind)
{
    size_t i = 0;

    while (i < DATASETS - 1 && (datasets[i].kinds >> kind & 1) == 0)
        i++;
    return i;
}

/* In a dataset's own spelling: strings in base64. */
static void dataset_value(const struct indicator_value *v, struct buf *out)
{
    if (v->kind == INDICATOR_DOMAIN)
        buf_base64(out, v->text.data, v->text.len);
    else
        export_addr(v, out);
}

static void dataset_rules(struct export *x, struct buf *out)
{
    static const struct {
        const char *head, *buffer;
        size_t set;
    } uses[] = {
        {"dns any any -> any any", "dns.query; to_lowercase;", 0},
        {"tls any any -> any any", "tls.sni; to_lowercase;", 0},
        {"http any any -> any any", "http.host;", 0},
        {"ip any any -> any any", "ip.src;", 1},
        {"ip any any -> any any", "ip.dst;", 1},
    };

    for (unsigned i = 0; i < sizeof uses / sizeof uses[0]; i++) {
        const struct dataset *d = &datasets[uses[i].set];

        buf_print(out,
                  "alert %s (msg:\"PARLEY %s\"; %s dataset:isset,%s,type %s,load %s; "
                  "metadata:parley see %s; sid:%u; rev:%u;)\n",
                  uses[i].head, d->set, uses[i].buffer, d->set, d->type, d->list, d->index,
                  x->o.sid + SID_DATASETS + i, x->o.rev);
    }
}

static void dataset_begin(struct export *x)
{
    if (x->o.withdraw) {
        buf_text(export_open(x, "parley-withdraw.suricatasc"), "");
        return;
    }
    dataset_rules(x, export_open(x, "parley-dataset.rules"));
    for (size_t i = 0; i < DATASETS; i++) {
        export_open(x, datasets[i].list);
        export_open(x, datasets[i].index);
    }
}

static enum export_rule dataset_entry(struct export *x, const struct export_entry *e)
{
    size_t set = dataset_of(e->value.kind);
    struct buf value = {0};
    enum export_rule r = EXPORT_TEXT;

    dataset_value(&e->value, &value);
    if (value.len < DATASET_LINE) {
        buf_print(&x->file[1 + 2 * set].text, "%s\n", buf_str(&value));
        buf_print(&x->file[2 + 2 * set].text, "%s ", buf_str(&value));
        export_about(e, ':', " ", &x->file[2 + 2 * set].text);
        buf_byte(&x->file[2 + 2 * set].text, '\n');
        r = EXPORT_OK;
    }
    buf_done(&value);
    return r;
}

static enum export_rule dataset_remove(struct export *x, const struct export_entry *e)
{
    const struct dataset *d = &datasets[dataset_of(e->value.kind)];

    buf_print(&x->file[0].text, "dataset-remove %s %s ", d->set, d->type);
    dataset_value(&e->value, &x->file[0].text);
    buf_byte(&x->file[0].text, '\n');
    return EXPORT_OK;
}

const struct export_target export_suricata_dataset = {
    .name = "suricata-dataset",
    .what = "sets of names and addresses for long lists; a name is the name alone",
    .tlp = TLP_AMBER_STRICT,
    .pap = PAP_AMBER,
    .kinds = EXPORT_ADDRESSES | 1 << INDICATOR_DOMAIN,
    .begin = dataset_begin,
    .entry = dataset_entry,
    .remove = dataset_remove,
};

/* ---- IP reputation ---- */

enum {
    IPREP_CATEGORY = 59, /* the last: a site's own ones begin at 1 */
    IPREP_SCORE = 127,   /* the highest */
};

static void iprep_begin(struct export *x)
{
    struct buf *rules = export_open(x, "parley-iprep.rules");

    buf_print(rules,
              "alert ip any any -> any any (msg:\"PARLEY address on a list\"; "
              "iprep:any,Parley,>,0; threshold:type limit, track by_src, count 1, seconds 3600; "
              "metadata:parley see parley-iprep.list; sid:%u; rev:%u;)\n",
              x->o.sid + SID_IPREP, x->o.rev);
    buf_print(export_open(x, "parley-categories.txt"), "%d,Parley,Indicators under an agreement\n",
              IPREP_CATEGORY);
    export_open(x, "parley-iprep.list");
}

static enum export_rule iprep_entry(struct export *x, const struct export_entry *e)
{
    struct buf *out = &x->file[2].text;

    buf_text(out, "# ");
    export_about(e, ':', " ", out);
    buf_byte(out, '\n');
    export_addr(&e->value, out);
    buf_print(out, ",%d,%d\n", IPREP_CATEGORY, IPREP_SCORE);
    return EXPORT_OK;
}

const struct export_target export_suricata_iprep = {
    .name = "suricata-iprep",
    .what = "a reputation list of addresses and subnets, and the rule that asks it",
    .tlp = TLP_AMBER_STRICT,
    .pap = PAP_AMBER,
    .kinds = EXPORT_SUBNETS,
    .begin = iprep_begin,
    .entry = iprep_entry,
};

/* ---- suppress lines of threshold.config ---- */

static void suppress_begin(struct export *x)
{
    buf_text(
        export_open(x, "parley-threshold.config"),
        "# made by parley rules export: whom the rules that ask a list of ours do not report\n");
}

/* The rules that ask a list, and no other: what else Suricata knows of the address is told. */
static enum export_rule suppress_entry(struct export *x, const struct export_entry *e)
{
    static const unsigned rules[] = {SID_DATASETS + 3, SID_DATASETS + 4, SID_IPREP};
    struct buf *out = &x->file[0].text;

    buf_text(out, "# ");
    export_about(e, ':', " ", out);
    buf_byte(out, '\n');
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        buf_print(out, "suppress gen_id 1, sig_id %u, track by_either, ip ", x->o.sid + rules[i]);
        export_addr(&e->value, out);
        buf_byte(out, '\n');
    }
    return EXPORT_OK;
}

const struct export_target export_suricata_suppress = {
    .name = "suricata-suppress",
    .what = "agreed scanners: lines for threshold.config that silence our lists' rules for them",
    .tlp = TLP_AMBER_STRICT,
    .pap = PAP_RED,
    .kinds = EXPORT_SUBNETS,
    .begin = suppress_begin,
    .entry = suppress_entry,
};
