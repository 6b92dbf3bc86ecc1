#include "indicator/export.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/memory.h"
#include "indicator/export_targets.h"

const struct export_target *const export_targets[] = {
    &export_suricata,
    &export_suricata_dataset,
    &export_suricata_iprep,
    &export_zeek,
    &export_nftables,
    &export_rpz,
    &export_nfdump,
    &export_csv,
    &export_list,
    &export_stix,
    &export_misp,
    &export_suricata_suppress,
    NULL,
};

const struct export_target *export_target_named(const char *name)
{
    const struct export_target *const *at = export_targets;

    while (*at != NULL && strcmp((*at)->name, name) != 0)
        at++;
    return *at;
}

const char *export_rule_name(enum export_rule r)
{
    static const char *const names[] = {
        [EXPORT_OK] = "ok",           [EXPORT_TLP] = "tlp",   [EXPORT_PAP] = "pap",
        [EXPORT_EXPIRED] = "expired", [EXPORT_KIND] = "kind", [EXPORT_TEXT] = "text",
        [EXPORT_ROOM] = "room"};

    return names[r];
}

/* What has no marking has not been decided to be free: it is as the strictest. */
enum export_rule export_decide(const struct export_target *t, const struct indicator_about *about,
                               struct instant now)
{
    enum tlp tlp = about->tlp == TLP_NONE ? TLP_RED : about->tlp;
    enum pap pap = about->pap == PAP_NONE ? PAP_RED : about->pap;

    if (tlp > t->tlp)
        return EXPORT_TLP;
    if (pap > t->pap)
        return EXPORT_PAP;
    return about->until.us <= now.us ? EXPORT_EXPIRED : EXPORT_OK;
}

void export_begin(struct export *x, const struct export_target *target,
                  const struct export_options *o)
{
    *x = (struct export){.target = target, .o = *o};
    x->sids = memory_zeroed(EXPORT_SIDS / 8 + 1, 1);
    target->begin(x);
    export_head(x);
}

static enum export_rule take(struct export *x, const struct export_entry *e)
{
    const struct export_target *t = x->target;
    enum export_rule r;

    if ((t->kinds >> e->value.kind & 1) == 0)
        return EXPORT_KIND;
    if (x->o.withdraw) /* to take something out again nothing need be permitted */
        return t->remove(x, e);
    r = export_decide(t, &e->about, x->o.now);
    return r != EXPORT_OK ? r : t->entry(x, e);
}

/* Where all texts ended before an entry; what is refused half-way is taken back whole. */
struct mark {
    size_t file[EXPORT_FILES], part[2];
};

static struct mark mark_of(const struct export *x)
{
    struct mark m = {.part = {x->part[0].len, x->part[1].len}};

    for (size_t i = 0; i < x->files; i++)
        m.file[i] = x->file[i].text.len;
    return m;
}

static void take_back(struct export *x, const struct mark *m)
{
    for (size_t i = 0; i < x->files; i++)
        x->file[i].text.len = m->file[i];
    x->part[0].len = m->part[0];
    x->part[1].len = m->part[1];
}

enum export_rule export_entry(struct export *x, const struct export_entry *e)
{
    struct mark before = mark_of(x);
    enum export_rule r = take(x, e);

    if (r != EXPORT_OK)
        take_back(x, &before);

    if (r == EXPORT_OK) {
        x->strictest_tlp = tlp_stricter(x->strictest_tlp, e->about.tlp);
        x->strictest_pap = pap_stricter(x->strictest_pap, e->about.pap);
    }
    x->taken += r == EXPORT_OK;
    x->refused[r] += r != EXPORT_OK;
    return r;
}

void export_end(struct export *x)
{
    if (x->target->end != NULL)
        x->target->end(x);
}

void export_done(struct export *x)
{
    for (size_t i = 0; i < x->files; i++)
        buf_done(&x->file[i].text);
    buf_done(&x->part[0]);
    buf_done(&x->part[1]);
    free(x->sids);
}

/* ---- for the targets ---- */

struct buf *export_open(struct export *x, const char *name)
{
    x->file[x->files].name = name;
    return &x->file[x->files++].text;
}

void export_head(struct export *x)
{
    for (size_t i = 0; i < x->files; i++)
        x->file[i].head = x->file[i].text.len;
}

static bool is_safe(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '/';
}

void export_safe(struct bytes text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++)
        if (is_safe(text.data[i]))
            buf_byte(out, text.data[i]);
        else
            buf_print(out, "%%%02X", text.data[i]);
}

/* "20260131T120000Z": no byte of it means anything anywhere. */
static void add_time(struct instant t, struct buf *out)
{
    char text[INSTANT_TEXT + 1];

    instant_write(t, text);
    for (const char *p = text; *p != '\0'; p++)
        if (*p != '-' && *p != ':')
            buf_byte(out, (uint8_t)*p);
}

void export_about(const struct export_entry *e, char joint, const char *gap, struct buf *out)
{
    if (e->about.id.len == 0)
        buf_byte(out, '-');
    export_safe(e->about.id, out);
    /* canonical names hold a plus, which export_safe writes as %2B */
    buf_print(out, "%stlp%c", gap, joint);
    export_safe(bytes_text(tlp_name(e->about.tlp)), out);
    buf_print(out, "%spap%c%s%suntil%c", gap, joint, pap_name(e->about.pap), gap, joint);
    add_time(e->about.until, out);
}

void export_addr(const struct indicator_value *v, struct buf *out)
{
    char text[PREFIX_TEXT];

    if (v->kind == INDICATOR_SUBNET)
        prefix_write((struct prefix){v->addr, v->bits}, text);
    else
        addr_write(v->addr, text);
    buf_text(out, text);
}

void export_url(const struct indicator_value *v, struct bytes *host, struct bytes *rest)
{
    size_t n = 0;

    while (n < v->text.len && v->text.data[n] != '/' && v->text.data[n] != '?')
        n++;
    *host = bytes_of(v->text.data, n);
    *rest = bytes_of(v->text.data + n, v->text.len - n);
}

/* FNV-1a: to spread, not to withstand anybody; who collides gets the next number. */
static uint32_t hash_of(const struct export_entry *e, unsigned which)
{
    struct buf text = {0};
    uint32_t h = 2166136261u;

    buf_print(&text, "%u %u ", (unsigned)e->value.kind, which);
    indicator_write(&e->value, &text);
    for (size_t i = 0; i < text.len; i++)
        h = (h ^ text.data[i]) * 16777619u;
    buf_done(&text);
    return h ^ h >> 15;
}

uint32_t export_sid(struct export *x, const struct export_entry *e, unsigned which)
{
    enum {
        OWN = EXPORT_SIDS - EXPORT_SIDS_FIXED,
        MOST = OWN / 8 * 7 /* else the search is long */
    };
    uint32_t at = hash_of(e, which) % OWN;

    if (x->sids_taken >= MOST)
        return 0;
    for (uint32_t n = 0; n < OWN; n++, at = (at + 1) % OWN) {
        uint8_t bit = (uint8_t)(1u << at % 8);

        if ((x->sids[at / 8] & bit) != 0)
            continue;
        x->sids[at / 8] |= bit;
        x->sids_taken++;
        return x->o.sid + EXPORT_SIDS_FIXED + at;
    }
    return 0;
}
