#include "base/text.h"
#include "crypto/suite.h"
#include "net/addr.h"
#include "pact/parse.h"

enum { NAME_MAX_BYTES = 128, HOURS_MAX = 64, NODE_MAX = 262 /* a name of 253, ":", a port */ };

static void root_parse(const struct member *m, const char *suite_name, struct root_key *out)
{
    const struct suite *suite = suite_find(bytes_text(suite_name));
    const char *name = member_text(m, "suite", SUITE_NAME);
    struct member key = member_get(m, "key");

    out->suite = name;
    out->key_len = suite_key_length(suite);
    if (strcmp(name, suite_name) != 0)
        member_fail(m, FAULT_MISMATCH, "the root keys stand in the order of `suites`: here %s",
                    suite_name);
    as_base64(&key, out->key, out->key_len);
    if (reader_ok(m->in) && fault_is(suite_key_check(suite, bytes_of(out->key, out->key_len))))
        member_fail(&key, FAULT_RANGE, "this is no public key of the suite %s", suite_name);
    member_only(m, "key", "suite", NULL);
}

static void roots_parse(const struct member *party, const struct agreement *a, struct party *out)
{
    struct member roots = member_array(party, "roots", a->suite_count, a->suite_count);

    out->root_count = member_count(&roots);
    for (size_t i = 0; i < out->root_count; i++) {
        struct member m = member_item(&roots, i);

        root_parse(&m, a->suites[i], &out->roots[i]);
    }
}

static void tls_parse(const struct member *party, struct party *out)
{
    struct member tls = member_array(party, "tls", 1, AGREEMENT_TLS);

    out->tls_count = member_count(&tls);
    for (size_t i = 0; i < out->tls_count; i++) {
        struct member m = member_item(&tls, i);

        as_base64(&m, out->tls[i], sizeof out->tls[i]);
        for (size_t j = 0; j < i; j++)
            if (memcmp(out->tls[i], out->tls[j], sizeof out->tls[i]) == 0)
                member_fail(&m, FAULT_DUPLICATE, "this pin is listed twice");
    }
}

/* NAME:PORT, IPV4:PORT or [IPV6]:PORT. */
static bool is_node(const char *text)
{
    const char *colon = strrchr(text, ':');
    uint64_t port;
    struct addr addr;
    size_t host;

    if (colon == NULL || !decimal_read(bytes_text(colon + 1), 65535, &port) || port == 0)
        return false;
    host = (size_t)(colon - text);
    if (host > 2 && text[0] == '[')
        return text[host - 1] == ']' &&
               !fault_is(addr_parse(bytes_of(text + 1, host - 2), &addr)) && !addr_is_v4(addr);
    return host >= 1 && host <= 253 && text[0] != '-' && text[0] != '.' &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.-") == host;
}

static void nodes_parse(const struct member *party, struct party *out)
{
    struct member nodes = member_array(party, "nodes", 0, AGREEMENT_NODES);

    out->node_count = member_count(&nodes);
    for (size_t i = 0; i < out->node_count; i++) {
        struct member m = member_item(&nodes, i);

        out->nodes[i] = as_line(&m, NODE_MAX);
        if (!is_node(out->nodes[i]))
            member_fail(&m, FAULT_SYNTAX, "a node is NAME:PORT, ADDRESS:PORT or [IPV6]:PORT");
    }
}

static void office_parse(struct keep *k, const struct member *m, struct office *out)
{
    out->id = member_id(m, "id");
    out->name = member_line(m, "name", NAME_MAX_BYTES);
    out->hours = member_line(m, "hours", HOURS_MAX);
    languages_parse(k, m, &out->languages, &out->language_count);
    member_only(m, "hours", "id", "languages", "name", NULL);
}

static void offices_parse(struct keep *k, const struct member *party, struct party *out)
{
    struct member offices = member_array(party, "offices", 1, AGREEMENT_OFFICES);

    out->office_count = member_count(&offices);
    for (size_t i = 0; i < out->office_count; i++) {
        struct member m = member_item(&offices, i), id = member_if(&m, "id");

        office_parse(k, &m, &out->offices[i]);
        for (size_t j = 0; j < i; j++)
            if (strcmp(out->offices[i].id, out->offices[j].id) == 0)
                member_fail(&id, FAULT_DUPLICATE, "another office of this party has this id");
    }
}

static void party_parse(struct keep *k, const struct member *m, const struct agreement *a,
                        struct party *out)
{
    out->id = member_id(m, "id");
    out->name = member_line(m, "name", NAME_MAX_BYTES);
    roots_parse(m, a, out);
    tls_parse(m, out);
    nodes_parse(m, out);
    offices_parse(k, m, out);
    member_only(m, "id", "name", "nodes", "offices", "roots", "territory", "tls", NULL);
}

/* A key that both parties have would let one speak as the other. */
static void keys_differ(const struct member *second, const struct agreement *a)
{
    const struct party *p = &a->parties[0], *q = &a->parties[1];
    struct member id = member_if(second, "id"), roots = member_if(second, "roots"),
                  tls = member_if(second, "tls");

    if (strcmp(p->id, q->id) == 0)
        member_fail(&id, FAULT_DUPLICATE, "both parties have this id");
    for (size_t i = 0; i < q->root_count; i++)
        if (memcmp(p->roots[i].key, q->roots[i].key, q->roots[i].key_len) == 0)
            member_fail(&roots, FAULT_DUPLICATE, "both parties have the same root key");
    for (size_t i = 0; i < p->tls_count; i++)
        for (size_t j = 0; j < q->tls_count; j++)
            if (memcmp(p->tls[i], q->tls[j], sizeof p->tls[i]) == 0)
                member_fail(&tls, FAULT_DUPLICATE, "both parties pin the same channel key");
}

void parties_parse(struct keep *k, const struct member *root, struct agreement *a)
{
    struct member list = member_array(root, "parties", AGREEMENT_PARTIES, AGREEMENT_PARTIES);
    struct member second;

    for (size_t i = 0; i < member_count(&list); i++) {
        struct member m = member_item(&list, i);

        party_parse(k, &m, a, &a->parties[i]);
    }
    if (!reader_ok(root->in))
        return;
    second = member_item(&list, 1);
    keys_differ(&second, a);
    territories_parse(k, &list, a);
}
