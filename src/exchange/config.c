#include "exchange/config.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "stix/object.h"
#include "json/member.h"

static const char rule[] = "settings: exchange";

static void copy(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text == NULL ? "" : text);
}

static void text_if(const struct member *object, const char *name, char *out, size_t size)
{
    struct member m = member_if(object, name);

    if (m.value != NULL)
        copy(out, size, as_line(&m, size - 1));
}

/* A word that stands in a URL path or before a colon: letters, digits, - and _. */
static void name_of(const struct member *object, const char *name, char *out)
{
    const char *text = member_line(object, name, CONFIG_NAME - 1);

    if (text == NULL)
        return;
    for (const char *p = text; *p != '\0'; p++)
        if (!(*p >= 'a' && *p <= 'z') && !(*p >= 'A' && *p <= 'Z') && !(*p >= '0' && *p <= '9') &&
            *p != '-' && *p != '_') {
            struct member m = member_get(object, name);

            member_fail(&m, FAULT_SYNTAX, "may have letters, digits, - and _ only");
            return;
        }
    copy(out, CONFIG_NAME, text);
}

static enum tlp tlp_of(const struct member *object, const char *name, enum tlp otherwise)
{
    struct member m = member_if(object, name);
    const char *text = m.value == NULL ? NULL : as_line(&m, 16);
    enum tlp tlp = text == NULL ? otherwise : tlp_parse(bytes_text(text));

    if (text != NULL && tlp == TLP_NONE)
        member_fail(&m, FAULT_UNKNOWN, "is not clear, green, amber, amber+strict or red");
    return tlp;
}

static enum pap pap_of(const struct member *object, const char *name, enum pap otherwise)
{
    struct member m = member_if(object, name);
    const char *text = m.value == NULL ? NULL : as_line(&m, 16);
    enum pap pap = text == NULL ? otherwise : pap_parse(bytes_text(text));

    if (text != NULL && pap == PAP_NONE)
        member_fail(&m, FAULT_UNKNOWN, "is not clear, green, amber or red");
    return pap;
}

/* ---- visitors ----------------------------------------------------------------------------------
 */

static size_t visitor_find(const struct config *c, const char *name)
{
    for (size_t i = 0; i < c->visitor_count; i++)
        if (strcmp(c->visitor[i].name, name) == 0)
            return i;
    return CONFIG_VISITORS;
}

static bool digest_if(const struct member *object, const char *name, uint8_t *out)
{
    struct member m = member_if(object, name);

    if (m.value != NULL)
        as_hex(&m, out, 32);
    return m.value != NULL;
}

static void visitor_read(const struct member *m, struct config *c)
{
    struct config_visitor v = {0};

    name_of(m, "name", v.name);
    text_if(m, "party", v.party, sizeof v.party);
    v.has_pin = digest_if(m, "certificate_sha256", v.pin);
    v.has_token = digest_if(m, "token_sha256", v.token);
    text_if(m, "password", v.password, sizeof v.password);
    v.has_password = v.password[0] != '\0';
    v.clearance = (struct marking){tlp_of(m, "tlp", TLP_GREEN), pap_of(m, "pap", PAP_RED)};
    v.rate = CONFIG_RATE;
    if (member_has(m, "rate"))
        v.rate = (unsigned)member_integer(m, "rate", 1, 1000000);
    member_only(m, "name", "party", "certificate_sha256", "token_sha256", "password", "tlp", "pap",
                "rate", NULL);
    if (!v.has_pin && !v.has_token && !v.has_password)
        member_fail(m, FAULT_MISSING,
                    "needs certificate_sha256, token_sha256 or password to be known by");
    if (visitor_find(c, v.name) != CONFIG_VISITORS)
        member_fail(m, FAULT_DUPLICATE, "this visitor is there already");
    c->visitor[c->visitor_count++] = v;
}

/* ---- collections -------------------------------------------------------------------------------
 */

static uint64_t rights_read(const struct member *m, const char *name, const struct config *c)
{
    struct member list = member_if(m, name);
    uint64_t rights = 0;

    if (list.value == NULL)
        return 0;
    list = member_array(m, name, 0, CONFIG_VISITORS);
    for (size_t i = 0; i < member_count(&list); i++) {
        struct member item = member_item(&list, i);
        const char *who = as_line(&item, CONFIG_NAME - 1);
        size_t at = who == NULL ? CONFIG_VISITORS : visitor_find(c, who);

        if (at == CONFIG_VISITORS)
            member_fail(&item, FAULT_UNKNOWN, "is no visitor of this exchange");
        else
            rights |= (uint64_t)1 << at;
    }
    return rights;
}

static void collection_identity(const struct member *m, const struct config *c,
                                struct config_collection *out)
{
    const char *id = member_line(m, "id", CONFIG_UUID - 1);

    if (id != NULL && !uuid_is_good(bytes_text(id)))
        member_fail(m, FAULT_SYNTAX, "id must be a UUID in lower case");
    copy(out->id, sizeof out->id, id);
    name_of(m, "alias", out->alias);
    for (size_t i = 0; i < c->collection_count; i++)
        if (c->collection[i].root == out->root && (strcmp(c->collection[i].id, out->id) == 0 ||
                                                   strcmp(c->collection[i].alias, out->alias) == 0))
            member_fail(m, FAULT_DUPLICATE, "this id or alias is there already");
}

static void collection_read(const struct member *m, size_t root, struct config *c)
{
    struct config_collection out = {.root = root};
    struct member hidden = member_if(m, "hidden"), expire = member_if(m, "expire");

    if (c->collection_count == CONFIG_COLLECTIONS) {
        member_fail(m, FAULT_LIMIT, "more than 64 collections");
        return;
    }
    collection_identity(m, c, &out);
    copy(out.title, sizeof out.title, member_line(m, "title", CONFIG_TITLE - 1));
    text_if(m, "description", out.description, sizeof out.description);
    out.hidden = hidden.value != NULL && as_flag(&hidden);
    out.expire = expire.value != NULL && as_flag(&expire);
    out.readers = rights_read(m, "readers", c);
    out.writers = rights_read(m, "writers", c);
    out.most = tlp_of(m, "tlp", TLP_RED);
    out.marking = tlp_of(m, "marking", TLP_NONE);
    member_only(m, "id", "alias", "title", "description", "hidden", "expire", "readers", "writers",
                "tlp", "marking", NULL);
    c->collection[c->collection_count++] = out;
}

/* ---- roots -------------------------------------------------------------------------------------
 */

static const char *const audiences[] = {"", "own", "partner", "local", NULL};

static void root_read(const struct member *m, struct config *c)
{
    struct config_root out = {0};
    struct member list = member_array(m, "collections", 0, CONFIG_COLLECTIONS);

    name_of(m, "name", out.name);
    copy(out.title, sizeof out.title, member_line(m, "title", CONFIG_TITLE - 1));
    text_if(m, "description", out.description, sizeof out.description);
    out.audience = (enum audience)member_word(m, "audience", audiences);
    text_if(m, "agreement", out.agreement, sizeof out.agreement);
    member_only(m, "name", "title", "description", "audience", "agreement", "collections", NULL);
    if ((out.audience == AUDIENCE_PARTNER) != (out.agreement[0] != '\0'))
        member_fail(m, FAULT_MISSING, "a partner's root, and no other, names its agreement");
    if (strcmp(out.name, "taxii2") == 0)
        member_fail(m, FAULT_RANGE, "taxii2 is the path of discovery");
    for (size_t i = 0; i < c->root_count; i++)
        if (strcmp(c->root[i].name, out.name) == 0)
            member_fail(m, FAULT_DUPLICATE, "this root is there already");
    for (size_t i = 0; i < member_count(&list); i++) {
        struct member item = member_item(&list, i);

        collection_read(&item, c->root_count, c);
    }
    c->root[c->root_count++] = out;
}

/* ---- markings ----------------------------------------------------------------------------------
 */

/* A person looked at their definitions; what TLP says no setting makes unsaid. */
static void statements_read(const struct member *root, struct config *c)
{
    static const char type[] = "marking-definition--";
    struct member list;

    if (!member_has(root, "statements"))
        return;
    list = member_array(root, "statements", 0, CONFIG_STATEMENTS);
    for (size_t i = 0; i < member_count(&list); i++) {
        struct member item = member_item(&list, i);
        const char *id = as_line(&item, CONFIG_MARKING - 1);

        if (id == NULL)
            continue;
        if (strncmp(id, type, strlen(type)) != 0 || !object_id_is_good(bytes_text(id)))
            member_fail(&item, FAULT_SYNTAX, "is not the id of a marking-definition");
        else if (tlp_marking_is_known(bytes_text(id)))
            member_fail(&item, FAULT_REFUSED, "is TLP's: it says who may see an object");
        copy(c->statement[c->statement_count++], CONFIG_MARKING, id);
    }
}

/* "server must sort by id" (interoperability 2.1.7). */
static int by_root_and_id(const void *a, const void *b)
{
    const struct config_collection *x = a, *y = b;

    if (x->root != y->root)
        return x->root < y->root ? -1 : 1;
    return strcmp(x->id, y->id);
}

void config_read(const struct member *root, struct config *c)
{
    struct member visitors = member_array(root, "visitors", 0, CONFIG_VISITORS);
    struct member roots = member_array(root, "roots", 1, CONFIG_ROOTS);

    copy(c->title, sizeof c->title, member_line(root, "title", CONFIG_TITLE - 1));
    text_if(root, "description", c->description, sizeof c->description);
    text_if(root, "contact", c->contact, sizeof c->contact);
    member_only(root, "title", "description", "contact", "listen", "store", "visitors", "roots",
                "statements", NULL);
    statements_read(root, c);
    for (size_t i = 0; i < member_count(&visitors); i++) {
        struct member item = member_item(&visitors, i);

        visitor_read(&item, c);
    }
    for (size_t i = 0; i < member_count(&roots); i++) {
        struct member item = member_item(&roots, i);

        root_read(&item, c);
    }
    qsort(c->collection, c->collection_count, sizeof c->collection[0], by_root_and_id);
}

static bool is_of_a_partner(const struct config *c, uint64_t visitors)
{
    for (size_t i = 0; i < c->visitor_count; i++)
        if (c->visitor[i].party[0] != '\0' && (visitors >> i & 1) != 0)
            return true;
    return false;
}

bool config_partner_reads(const struct config *c, const struct config_collection *k)
{
    return is_of_a_partner(c, k->readers);
}

bool config_partner_writes(const struct config *c, const struct config_collection *k)
{
    return is_of_a_partner(c, k->writers);
}

struct fault config_parse(const json_t *tree, struct config *out, struct config_error *error)
{
    struct reader in = reader_over(tree, rule);
    struct member root = member_root(&in);
    struct config *c = memory_zeroed(1, sizeof *c);

    config_read(&root, c);
    if (reader_ok(&in))
        *out = *c;
    else if (error != NULL) {
        copy(error->member, sizeof error->member, in.path);
        copy(error->why, sizeof error->why, in.why);
    }
    free(c);
    return in.fault;
}
