/* nftables that count and log, a response policy zone that lets pass and logs, nfdump's filter. */
#include "indicator/export_targets.h"

/* ---- nftables ---- */

enum {
    NFT_COMMENT = 120,     /* bytes of an element's comment: the kernel takes 127 */
    NFT_TIMEOUT = 4000000, /* seconds, 46 days: nft takes 2^32 milliseconds. What lasts longer must
                              be exported anew by then */
};

static int64_t nft_timeout(const struct export *x, const struct export_entry *e)
{
    int64_t left = (e->about.until.us - x->o.now.us) / 1000000 + 1;

    return left < NFT_TIMEOUT ? left : NFT_TIMEOUT;
}

static const char *nft_set(const struct indicator_value *v)
{
    return addr_is_v4(v->addr) ? "seen4" : "seen6";
}

static void nft_begin(struct export *x)
{
    static const char *const families[] = {"4", "6"}, *const words[] = {"ip", "ip6"};
    static const char *const ends[] = {"saddr", "daddr"};
    struct buf *out = export_open(x, x->o.withdraw ? "parley-withdraw.nft" : "parley.nft");

    if (x->o.withdraw)
        return;
    buf_text(out, "# made by parley rules export: counts and logs, drops nothing. nft -f FILE\n"
                  "add table inet parley\n");
    for (size_t i = 0; i < 2; i++)
        buf_print(out,
                  "add set inet parley seen%s { type ipv%s_addr; flags interval,timeout; "
                  "auto-merge; }\nflush set inet parley seen%s\n",
                  families[i], families[i], families[i]);
    buf_text(out, "add chain inet parley watch { type filter hook prerouting priority -300; "
                  "policy accept; }\nflush chain inet parley watch\n");
    for (size_t i = 0; i < 4; i++)
        buf_print(out,
                  "add rule inet parley watch %s %s @seen%s counter limit rate 10/second "
                  "log prefix \"PARLEY \"\n",
                  words[i / 2], ends[i % 2], families[i / 2]);
}

static enum export_rule nft_entry(struct export *x, const struct export_entry *e)
{
    struct buf *out = &x->file[0].text;
    struct buf about = {0};

    export_about(e, ':', " ", &about);
    buf_print(out, "add element inet parley %s { ", nft_set(&e->value));
    export_addr(&e->value, out);
    buf_print(out, " timeout %llds comment \"%.*s\" }\n", (long long)nft_timeout(x, e),
              about.len < NFT_COMMENT ? (int)about.len : NFT_COMMENT, buf_str(&about));
    buf_done(&about);
    return EXPORT_OK;
}

static enum export_rule nft_remove(struct export *x, const struct export_entry *e)
{
    struct buf *out = &x->file[0].text;

    buf_print(out, "delete element inet parley %s { ", nft_set(&e->value));
    export_addr(&e->value, out);
    buf_text(out, " }\n");
    return EXPORT_OK;
}

const struct export_target export_nftables = {
    .name = "nftables",
    .what = "sets of addresses whose traffic is counted and logged; each goes at its end",
    .tlp = TLP_AMBER_STRICT,
    .pap = PAP_AMBER,
    .kinds = EXPORT_SUBNETS,
    .begin = nft_begin,
    .entry = nft_entry,
    .remove = nft_remove,
};

/* ---- response policy zone ---- */

static void rpz_begin(struct export *x)
{
    struct buf *out = export_open(x, x->o.withdraw ? "parley-withdraw.nsupdate" : "parley.rpz");

    if (x->o.withdraw) {
        buf_print(out, "zone %s.\n", x->o.zone);
        return;
    }
    buf_print(out,
              "; made by parley rules export: passes all, logs what it sees\n$TTL 300\n"
              "$ORIGIN %s.\n@ SOA localhost. hostmaster.localhost. %u 3600 600 86400 300\n"
              "@ NS localhost.\n",
              x->o.zone, x->o.rev);
}

/* The longest run of two and more groups of zeros, the first of equals: *at and how many. */
static unsigned zero_run(const uint16_t group[8], unsigned *at)
{
    unsigned most = 1;

    for (unsigned i = 0; i < 8; i++) {
        unsigned n = 0;

        while (i + n < 8 && group[i + n] == 0)
            n++;
        if (n <= most)
            continue;
        most = n;
        *at = i;
    }
    return most > 1 ? most : 0;
}

/* "24.0.2.0.192.rpz-ip": the length, then the address backwards; of IPv6 "zz" for the zeros. */
static void rpz_address(const struct indicator_value *v, struct buf *out)
{
    unsigned bits = v->kind == INDICATOR_SUBNET ? v->bits : 128, at = 0, run;
    const uint8_t *b = v->addr.byte;
    uint16_t group[8];

    if (addr_is_v4(v->addr) && bits >= 96) {
        buf_print(out, "%u.%u.%u.%u.%u.rpz-ip", bits - 96, b[15], b[14], b[13], b[12]);
        return;
    }
    for (size_t i = 0; i < 8; i++)
        group[i] = (uint16_t)(b[2 * i] << 8 | b[2 * i + 1]);
    run = zero_run(group, &at);
    buf_print(out, "%u", bits);
    for (unsigned i = 8; i-- > 0;)
        if (i >= at && i < at + run)
            buf_text(out, i == at ? ".zz" : "");
        else
            buf_print(out, ".%x", group[i]);
    buf_text(out, ".rpz-ip");
}

/* A name whose labels mean nothing else in a zone file, and which fits below the zone. */
static bool is_zone_name(const struct export *x, struct bytes name)
{
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.data[i];

        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'))
            return false;
    }
    return name.len + 2 + strlen(x->o.zone) + 1 <= INDICATOR_NAME;
}

static bool rpz_name(const struct export *x, const struct export_entry *e, struct buf *out)
{
    if (e->value.kind == INDICATOR_DOMAIN) {
        buf_bytes(out, e->value.text);
        return is_zone_name(x, e->value.text);
    }
    rpz_address(&e->value, out);
    return true;
}

/* Tells each owner name: a domain that covers what lies below it has a second. */
static enum export_rule rpz_each(struct export *x, const struct export_entry *e,
                                 void (*tell)(struct export *x, const struct export_entry *e,
                                              const char *wild, const char *name))
{
    struct buf name = {0};
    bool good = rpz_name(x, e, &name);

    if (good)
        tell(x, e, "", buf_str(&name));
    if (good && e->value.kind == INDICATOR_DOMAIN && !e->about.exact)
        tell(x, e, "*.", buf_str(&name));
    buf_done(&name);
    return good ? EXPORT_OK : EXPORT_TEXT;
}

static void rpz_record(struct export *x, const struct export_entry *e, const char *wild,
                       const char *name)
{
    struct buf *out = &x->file[0].text;

    buf_print(out, "%s%s CNAME rpz-passthru. ; ", wild, name);
    export_about(e, ':', " ", out);
    buf_byte(out, '\n');
}

static void rpz_delete(struct export *x, const struct export_entry *e, const char *wild,
                       const char *name)
{
    (void)e;
    buf_print(&x->file[0].text, "update delete %s%s.%s. CNAME\n", wild, name, x->o.zone);
}

static enum export_rule rpz_entry(struct export *x, const struct export_entry *e)
{
    return rpz_each(x, e, rpz_record);
}

static enum export_rule rpz_remove(struct export *x, const struct export_entry *e)
{
    return rpz_each(x, e, rpz_delete);
}

static void rpz_end(struct export *x)
{
    if (x->o.withdraw)
        buf_text(&x->file[0].text, "send\n");
}

const struct export_target export_rpz = {
    .name = "rpz",
    .what = "a response policy zone: every answer passes, and the resolver logs it",
    .tlp = TLP_AMBER_STRICT,
    .pap = PAP_AMBER,
    .kinds = EXPORT_SUBNETS | 1 << INDICATOR_DOMAIN,
    .begin = rpz_begin,
    .entry = rpz_entry,
    .end = rpz_end,
    .remove = rpz_remove,
};

/* ---- nfdump ---- */

static void nfdump_begin(struct export *x)
{
    buf_text(export_open(x, "parley.filter"),
             "# made by parley rules export: nfdump -f FILE over stored flows\n");
}

/* Addresses are items of one list, which nfdump looks up as a tree; with a port they are terms. */
static enum export_rule nfdump_entry(struct export *x, const struct export_entry *e)
{
    bool port = e->value.kind == INDICATOR_ENDPOINT;
    struct buf *out = &x->part[port];

    if (port)
        buf_text(out, out->len == 0 ? "   (ip " : "or (ip ");
    export_addr(&e->value, out);
    if (port)
        buf_print(out, " and port %u)", e->value.port);
    buf_text(out, " # ");
    export_about(e, ':', " ", out);
    buf_byte(out, '\n');
    return EXPORT_OK;
}

static void nfdump_end(struct export *x)
{
    struct buf *out = &x->file[0].text;
    bool list = x->part[0].len != 0, terms = x->part[1].len != 0;

    if (list) {
        buf_text(out, "ip in [\n");
        buf_bytes(out, buf_view(&x->part[0]));
        buf_text(out, "]\n");
    }
    buf_text(out, list && terms ? "or (\n" : !list && !terms ? "not any\n" : "");
    buf_bytes(out, buf_view(&x->part[1]));
    buf_text(out, list && terms ? ")\n" : "");
}

const struct export_target export_nfdump = {
    .name = "nfdump",
    .what = "a filter over flows that are stored: nobody outside can notice it",
    .tlp = TLP_AMBER_STRICT,
    .pap = PAP_RED,
    .kinds = EXPORT_SUBNETS | 1 << INDICATOR_ENDPOINT,
    .begin = nfdump_begin,
    .entry = nfdump_entry,
    .end = nfdump_end,
};
