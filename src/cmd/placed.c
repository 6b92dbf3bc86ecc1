#include "cmd/placed.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/args.h"
#include "cmd/disk.h"
#include "crypto/digest.h"
#include "io/file.h"
#include "tls/identity.h"

enum { PLACED_TABLE_MAX = 8 << 20 /* bytes of a territory table; the node takes no more */ };

static bool stop(struct placed *p, enum exit_code code)
{
    p->exit = code;
    return false;
}

/* ---- what is given must fit ---- */

bool placed_read(struct placed *p, const char *party)
{
    p->a = rooted_agreement(p->s, p->path, &p->text, &p->signatures, &p->exit);
    if (p->a == NULL)
        return false;
    p->party = party != NULL ? agreement_party(p->a, party) : NULL;
    if (p->party != NULL)
        return roots_open(p->call, p->party, &p->roots, &p->exit);
    return stop(p, say_error(p->s, EXIT_USAGE, "usage", "its parties are in the agreement",
                             "--as with one of its two parties' ids", "%s%s",
                             party != NULL ? party : "--as is missing",
                             party != NULL ? " is no party of it" : ""));
}

void placed_done(struct placed *p)
{
    roots_done(&p->roots);
    agreement_free(p->a);
    buf_done(&p->text);
    buf_done(&p->signatures);
    buf_done(&p->genesis);
}

static bool pin_is_agreed(const struct placed *p, const uint8_t *pin)
{
    for (size_t k = 0; k < p->party->tls_count; k++)
        if (memcmp(p->party->tls[k], pin, TLS_PIN) == 0)
            return true;
    return false;
}

bool placed_channel(struct placed *p, struct bytes certificate)
{
    uint8_t pin[TLS_PIN];
    struct fault f = tls_pin(certificate, pin);

    if (fault_is(f))
        return stop(p, say_error(p->s, EXIT_FAILED, fault_word(f.kind), f.rule,
                                 "parley key new --tls tls", "the channel key cannot be used"));
    return pin_is_agreed(p, pin) ||
           stop(p, say_error(p->s, EXIT_REFUSED, "not-the-pin",
                             "the agreement pins other channel keys for this party",
                             "parley key fingerprint CERT", "%s did not agree to this channel key",
                             p->party->id));
}

/* ---- the genesis ---- */

static void genesis_key(json_t *fields, const struct placed_key *k)
{
    struct buf name = {0}, key = {0};

    buf_print(&name, "key.%s.%s", role_name(k->role), suite_name(k->suite));
    buf_base64(&key, k->key.data, k->key.len);
    json_object_set_new(fields, buf_str(&name), json_string(buf_str(&key)));
    buf_done(&name);
    buf_done(&key);
}

/* ledger/roles.h names the fields. */
bool placed_genesis(struct placed *p, const struct placed_key *keys, size_t count)
{
    char origin[ROLES_ORIGIN];
    json_t *fields;
    struct fault f;

    roles_origin(p->party->id, p->a->id, origin);
    fields =
        json_pack("{ss,ss,ss}", "agreement", p->a->id, "party", p->party->id, "origin", origin);
    for (size_t n = 0; n < count; n++)
        genesis_key(fields, &keys[n]);
    f = rooted_write(&p->roots, bytes_text(p->a->id), fields, &p->genesis);
    json_decref(fields);
    return !fault_is(f) || stop(p, say_error(p->s, EXIT_FAILED, fault_word(f.kind), f.rule, NULL,
                                             "no genesis can be made"));
}

/* ---- writing ---- */

static bool put(struct placed *p, const char *folder, const char *name, struct bytes content)
{
    struct buf path = {0};
    struct fault f;

    buf_print(&path, "%s/%s", folder, name);
    f = disk_write_new(buf_str(&path), content, 0644);
    if (fault_is(f))
        stop(p, disk_error(p->s, f, buf_str(&path)));
    buf_done(&path);
    return !fault_is(f);
}

/* A territory table lies beside the agreement and is the one whose digest was signed. */
static bool put_table(struct placed *p, const char *folder, const struct territory_table *table)
{
    const char *slash = strrchr(p->path, '/');
    struct buf path = {0}, content = {0};
    struct fault f;
    struct digest digest;
    bool good = false;

    if (slash != NULL)
        buf_add(&path, p->path, (size_t)(slash - p->path) + 1);
    buf_text(&path, table->file);
    f = disk_read(buf_str(&path), PLACED_TABLE_MAX, &content);
    digest = digest_of(buf_view(&content));
    if (fault_is(f))
        stop(p, disk_error(p->s, f, buf_str(&path)));
    else if (memcmp(digest.byte, table->sha256, sizeof digest.byte) != 0)
        stop(p, say_error(p->s, EXIT_FORGED, "mismatch", "its SHA-256 is another than was signed",
                          NULL, "%s is not the table of the agreement", buf_str(&path)));
    else
        good = put(p, folder, table->file, buf_view(&content));
    buf_done(&path);
    buf_done(&content);
    return good;
}

/* Two entries may name one file, with other codes or dates. */
static bool table_was_put(const struct placed *p, size_t party, size_t table)
{
    const char *file = p->a->parties[party].tables[table].file;

    for (size_t k = 0; k <= party; k++)
        for (size_t t = 0; t < p->a->parties[k].table_count && (k < party || t < table); t++)
            if (strcmp(p->a->parties[k].tables[t].file, file) == 0)
                return true;
    return false;
}

static bool put_tables(struct placed *p, const char *folder)
{
    for (size_t k = 0; k < AGREEMENT_PARTIES; k++)
        for (size_t t = 0; t < p->a->parties[k].table_count; t++)
            if (!table_was_put(p, k, t) && !put_table(p, folder, &p->a->parties[k].tables[t]))
                return false;
    return true;
}

bool placed_write(struct placed *p, const char *folder)
{
    char name[32], signatures[40];

    if (mkdir(folder, 0700) != 0)
        return stop(p, disk_error(p->s, fault_io("create"), folder));
    snprintf(name, sizeof name, "%u.json", p->a->version);
    snprintf(signatures, sizeof signatures, "%s.sig", name);
    return put(p, folder, name, buf_view(&p->text)) &&
           put(p, folder, signatures, buf_view(&p->signatures)) &&
           put(p, folder, "genesis.json", buf_view(&p->genesis)) && put_tables(p, folder);
}
