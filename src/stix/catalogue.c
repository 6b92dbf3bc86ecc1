#include "stix/catalogue.h"

#include <stdio.h>
#include <string.h>

/* Not technical: content (email-message, artifact, note, opinion, report, incident), accounts and
 * persons (user-account, email-addr, identity, threat-actor), places (location). */
static const struct catalogue_type types[] = {
    {"attack-pattern", "4.1", FAMILY_DOMAIN, true, {"name"}},
    {"campaign", "4.2", FAMILY_DOMAIN, true, {"name"}},
    {"course-of-action", "4.3", FAMILY_DOMAIN, true, {"name"}},
    {"grouping", "4.4", FAMILY_DOMAIN, true, {"context", "object_refs"}},
    {"identity", "4.5", FAMILY_DOMAIN, false, {"name"}},
    {"incident", "4.6", FAMILY_DOMAIN, false, {"name"}},
    {"indicator", "4.7", FAMILY_DOMAIN, true, {"pattern", "pattern_type", "valid_from"}},
    {"infrastructure", "4.8", FAMILY_DOMAIN, true, {"name"}},
    {"intrusion-set", "4.9", FAMILY_DOMAIN, true, {"name"}},
    {"location", "4.10", FAMILY_DOMAIN, false, {NULL}},
    {"malware", "4.11", FAMILY_DOMAIN, true, {"is_family"}},
    {"malware-analysis", "4.12", FAMILY_DOMAIN, true, {"product"}},
    {"note", "4.13", FAMILY_DOMAIN, false, {"content", "object_refs"}},
    {"observed-data",
     "4.14",
     FAMILY_DOMAIN,
     true,
     {"first_observed", "last_observed", "number_observed"}},
    {"opinion", "4.15", FAMILY_DOMAIN, false, {"opinion", "object_refs"}},
    {"report", "4.16", FAMILY_DOMAIN, false, {"name", "published", "object_refs"}},
    {"threat-actor", "4.17", FAMILY_DOMAIN, false, {"name"}},
    {"tool", "4.18", FAMILY_DOMAIN, true, {"name"}},
    {"vulnerability", "4.19", FAMILY_DOMAIN, true, {"name"}},
    {"relationship",
     "5.1",
     FAMILY_RELATION,
     true,
     {"relationship_type", "source_ref", "target_ref"}},
    {"sighting", "5.2", FAMILY_RELATION, true, {"sighting_of_ref"}},
    {"extension-definition",
     "7.3",
     FAMILY_META,
     true,
     {"created_by_ref", "name", "schema", "version", "extension_types"}},
    {"language-content", "7.1", FAMILY_META, false, {"object_ref", "contents"}},
    {"marking-definition", "7.2.1", FAMILY_MARKING, true, {NULL}},
    {"artifact", "6.1", FAMILY_OBSERVABLE, false, {NULL}},
    {"autonomous-system", "6.2", FAMILY_OBSERVABLE, true, {"number"}},
    {"directory", "6.3", FAMILY_OBSERVABLE, true, {"path"}},
    {"domain-name", "6.4", FAMILY_OBSERVABLE, true, {"value"}},
    {"email-addr", "6.5", FAMILY_OBSERVABLE, false, {"value"}},
    {"email-message", "6.6", FAMILY_OBSERVABLE, false, {"is_multipart"}},
    {"file", "6.7", FAMILY_OBSERVABLE, true, {NULL}},
    {"ipv4-addr", "6.8", FAMILY_OBSERVABLE, true, {"value"}},
    {"ipv6-addr", "6.9", FAMILY_OBSERVABLE, true, {"value"}},
    {"mac-addr", "6.10", FAMILY_OBSERVABLE, true, {"value"}},
    {"mutex", "6.11", FAMILY_OBSERVABLE, true, {"name"}},
    {"network-traffic", "6.12", FAMILY_OBSERVABLE, true, {"protocols"}},
    {"process", "6.13", FAMILY_OBSERVABLE, true, {NULL}},
    {"software", "6.14", FAMILY_OBSERVABLE, true, {"name"}},
    {"url", "6.15", FAMILY_OBSERVABLE, true, {"value"}},
    {"user-account", "6.16", FAMILY_OBSERVABLE, false, {NULL}},
    {"windows-registry-key", "6.17", FAMILY_OBSERVABLE, true, {NULL}},
    {"x509-certificate", "6.18", FAMILY_OBSERVABLE, true, {NULL}},
};

/* "MUST" of sections 3.2 and 4 to 6. What is not here may name anything (a report, a grouping). */
static const struct catalogue_reference references[] = {
    {NULL, "created_by_ref", "3.2", 0, {"identity"}},
    {NULL, "object_marking_refs", "3.2", 0, {"marking-definition"}},
    {"malware", "operating_system_refs", "4.11", 0, {"software"}},
    {"malware", "sample_refs", "4.11", 0, {"artifact", "file"}},
    {"malware-analysis", "host_vm_ref", "4.12", 0, {"software"}},
    {"malware-analysis", "operating_system_ref", "4.12", 0, {"software"}},
    {"malware-analysis", "installed_software_refs", "4.12", 0, {"software"}},
    {"malware-analysis", "analysis_sco_refs", "4.12", FAMILY_OBSERVABLE, {NULL}},
    {"malware-analysis", "sample_ref", "4.12", 0, {"artifact", "file", "network-traffic"}},
    {"observed-data", "object_refs", "4.14", FAMILY_OBSERVABLE | FAMILY_RELATION, {NULL}},
    {"relationship", "source_ref", "5.1", FAMILY_DOMAIN | FAMILY_OBSERVABLE, {NULL}},
    {"relationship", "target_ref", "5.1", FAMILY_DOMAIN | FAMILY_OBSERVABLE, {NULL}},
    {"sighting", "sighting_of_ref", "5.2", FAMILY_DOMAIN, {NULL}},
    {"sighting", "observed_data_refs", "5.2", 0, {"observed-data"}},
    {"sighting", "where_sighted_refs", "5.2", 0, {"identity", "location"}},
    {"directory", "contains_refs", "6.3", 0, {"file", "directory"}},
    {"domain-name", "resolves_to_refs", "6.4", 0, {"ipv4-addr", "ipv6-addr", "domain-name"}},
    {"email-addr", "belongs_to_ref", "6.5", 0, {"user-account"}},
    {"email-message", "from_ref", "6.6", 0, {"email-addr"}},
    {"email-message", "sender_ref", "6.6", 0, {"email-addr"}},
    {"email-message", "to_refs", "6.6", 0, {"email-addr"}},
    {"email-message", "cc_refs", "6.6", 0, {"email-addr"}},
    {"email-message", "bcc_refs", "6.6", 0, {"email-addr"}},
    {"email-message", "raw_email_ref", "6.6", 0, {"artifact"}},
    {"file", "parent_directory_ref", "6.7", 0, {"directory"}},
    {"file", "contains_refs", "6.7", FAMILY_OBSERVABLE, {NULL}},
    {"file", "content_ref", "6.7", 0, {"artifact"}},
    {"ipv4-addr", "resolves_to_refs", "6.8", 0, {"mac-addr"}},
    {"ipv4-addr", "belongs_to_refs", "6.8", 0, {"autonomous-system"}},
    {"ipv6-addr", "resolves_to_refs", "6.9", 0, {"mac-addr"}},
    {"ipv6-addr", "belongs_to_refs", "6.9", 0, {"autonomous-system"}},
    {"network-traffic",
     "src_ref",
     "6.12",
     0,
     {"ipv4-addr", "ipv6-addr", "mac-addr", "domain-name"}},
    {"network-traffic",
     "dst_ref",
     "6.12",
     0,
     {"ipv4-addr", "ipv6-addr", "mac-addr", "domain-name"}},
    {"network-traffic", "src_payload_ref", "6.12", 0, {"artifact"}},
    {"network-traffic", "dst_payload_ref", "6.12", 0, {"artifact"}},
    {"network-traffic", "encapsulates_refs", "6.12", 0, {"network-traffic"}},
    {"network-traffic", "encapsulated_by_ref", "6.12", 0, {"network-traffic"}},
    {"process", "opened_connection_refs", "6.13", 0, {"network-traffic"}},
    {"process", "creator_user_ref", "6.13", 0, {"user-account"}},
    {"process", "image_ref", "6.13", 0, {"file"}},
    {"process", "parent_ref", "6.13", 0, {"process"}},
    {"process", "child_refs", "6.13", 0, {"process"}},
    {"windows-registry-key", "creator_user_ref", "6.17", 0, {"user-account"}},
};

const struct catalogue_type *catalogue_find(struct bytes type)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (bytes_is(type, types[i].type))
            return &types[i];
    return NULL;
}

bool catalogue_is_versioned(const struct catalogue_type *row)
{
    return row != NULL && (row->family & (FAMILY_DOMAIN | FAMILY_RELATION | FAMILY_META)) != 0;
}

const struct catalogue_reference *catalogue_refers(const char *type, const char *property)
{
    for (size_t i = 0; i < sizeof references / sizeof references[0]; i++) {
        const struct catalogue_reference *r = &references[i];

        if (strcmp(property, r->property) == 0 &&
            (r->type == NULL || (type != NULL && strcmp(type, r->type) == 0)))
            return r;
    }
    return NULL;
}

bool catalogue_reference_fits(const struct catalogue_reference *r, struct bytes type)
{
    const struct catalogue_type *row = catalogue_find(type);

    if (r->families != 0)
        return row == NULL || (r->families & row->family) != 0;
    for (size_t i = 0; i < CATALOGUE_NAMED && r->named[i] != NULL; i++)
        if (bytes_is(type, r->named[i]))
            return true;
    return false;
}

void catalogue_reference_say(const struct catalogue_reference *r, char *out, size_t size)
{
    static const struct {
        enum catalogue_family family;
        const char *word;
    } words[] = {{FAMILY_DOMAIN, "a domain object"},
                 {FAMILY_OBSERVABLE, "an observable"},
                 {FAMILY_RELATION, "a relationship or sighting"}};
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < CATALOGUE_NAMED && r->named[i] != NULL && len < size; i++)
        len += (size_t)snprintf(out + len, size - len, "%s%s", len > 0 ? " or " : "", r->named[i]);
    for (size_t i = 0; i < sizeof words / sizeof words[0] && len < size; i++)
        if ((r->families & words[i].family) != 0)
            len += (size_t)snprintf(out + len, size - len, "%s%s", len > 0 ? " or " : "",
                                    words[i].word);
}
