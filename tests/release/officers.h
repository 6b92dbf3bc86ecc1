/*
 * officers.h - officers with keys, enrolled by a root key, and a NOTICE they release: for the
 * tests of release/.
 */
#ifndef PARLEY_TESTS_RELEASE_OFFICERS_H
#define PARLEY_TESTS_RELEASE_OFFICERS_H

#include "base/memory.h"
#include "people.h"
#include "release/holds.h"
#include "statement/notice.h"

#define NOW 1764063000 /* 2025-11-25T09:30:00Z */

struct duty_room {
    struct people *people;
    struct agreement *a;
    struct party *own;
    struct registry *registry;
    struct secret *ivanova, *petrov, *sidorov; /* drafter; releaser; both */
    struct buf disclosed, permit, text[3], signature[3];
    struct permit_text p;
    struct entry entry;
    struct decision_given given[3];
};

static inline void enrol(struct duty_room *r, const char *name, unsigned roles, struct secret *key,
                         bool appointed, int64_t issued, struct buf *out)
{
    struct contact *c = memory_zeroed(1, sizeof *c);
    struct digest root;
    uint32_t leaves;

    memcpy(c->agreement, r->a->id, strlen(r->a->id));
    memcpy(c->party, r->own->id, strlen(r->own->id));
    memcpy(c->officer, name, strlen(name));
    c->roles = roles;
    assert_good(contact_add_key(c, people_suite(), secret_public(key)));
    c->appointed = appointed;
    c->issued = instant_of_seconds(issued);
    people_document(contact_fields(c), r->a->id, r->people->a.root, (uint8_t)issued, out, &root,
                    &leaves);
    free(c);
}

static inline struct fault show_contact(struct duty_room *r, const struct buf *document)
{
    struct disclosed *d;
    struct fault f;

    assert_good(disclosed_parse(buf_view(document), &d));
    f = registry_apply(r->registry, r->a, r->own, d);
    disclosed_free(d);
    return f;
}

static inline void appoint(struct duty_room *r, const char *name, unsigned roles,
                           struct secret *key)
{
    struct buf document = {0};

    enrol(r, name, roles, key, true, NOW - 1000, &document);
    assert_good(show_contact(r, &document));
    buf_done(&document);
}

static inline void decide(struct duty_room *r, size_t i, const char *name, enum officer_role role,
                          struct secret *key)
{
    struct decision d = {
        .permit = digest_of(buf_view(&r->permit)), .role = role, .time = instant_of_seconds(NOW)};
    struct buf suite = {0};

    memcpy(d.officer, name, strlen(name));
    buf_clear(&r->text[i]);
    buf_clear(&r->signature[i]);
    decision_write(&d, &r->text[i]);
    decision_sign(buf_view(&r->text[i]), bytes_text(r->a->id), &key, 1, &suite, &r->signature[i]);
    buf_done(&suite);
    r->given[i] = (struct decision_given){buf_view(&r->text[i]), bytes_text("ed25519"),
                                          buf_view(&r->signature[i])};
}

/* The permit's text anew from r->p, the entry's digest and both decisions with it. */
static inline void permit_again(struct duty_room *r)
{
    buf_clear(&r->permit);
    permit_text_write(&r->p, &r->permit);
    r->entry.permit = digest_of(buf_view(&r->permit));
    decide(r, 0, "ivanova", OFFICER_DRAFTER, r->ivanova);
    decide(r, 1, "petrov", OFFICER_RELEASER, r->petrov);
}

#define INCIDENT                                                                                   \
    "{\"article\":\"4(3)\",\"as\":64501,\"confidence\":\"moderate\",\"events\":61,"                \
    "\"first\":\"2025-11-25T08:00:00.123456Z\",\"from\":\"b\",\"last\":\"2025-11-25T08:59:59Z\","  \
    "\"opened\":\"2025-11-25T08:40:00Z\",\"reasons\":[\"two-way contact\"],\"service\":\"ssh\","   \
    "\"source\":\"203.0.113.9\",\"targets\":[\"192.0.2.7\",\"192.0.2.8\"]}"

static inline json_t *example_fields(void)
{
    json_t *fields = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "agreement",
                               "cn-ru-2015", "article", "4(3)", "from", "a", "to", "b", "class",
                               "REAL", "urgency", "priority", "tlp", "amber", "issued",
                               "2025-11-25T09:30:00Z", "language", "en", "text", "Please look.");
    json_t *incident = json_loads(INCIDENT, 0, NULL);

    assert_non_null(incident);
    assert_good(notice_fields(incident, fields));
    json_decref(incident);
    return fields;
}

static inline void articles(struct agreement *a)
{
    a->articles[0] = (struct article){.id = "4(3)",
                                      .carries = ARTICLE_NOTICE,
                                      .officers = 2,
                                      .roles = {"drafter", "releaser"},
                                      .role_count = 2};
    a->articles[1] = (struct article){.id = "2(5)",
                                      .carries = ARTICLE_CONSULT,
                                      .officers = 2,
                                      .roles = {"drafter", "releaser"},
                                      .role_count = 2};
    a->articles[2] = a->articles[0];
    a->articles[2].id = "easy";
    a->articles[2].officers = 1;
    a->article_count = 3;
}

static inline void permit_for_notice(struct duty_room *r, struct digest root, uint32_t leaves)
{
    r->entry = people_entry(r->a, "a", KIND_NOTICE, &r->disclosed, root, leaves);
    r->entry.permit_kind = PERMIT_DIGEST;
    r->entry.number = 1;
    memcpy(r->entry.case_id, "C-0123456789ABCDEF", CASE_TEXT);
    r->p = (struct permit_text){.id = {1},
                                .version = r->a->version,
                                .agreement_digest = r->entry.agreement_digest,
                                .rules = RELEASE_RULES,
                                .kind = KIND_NOTICE,
                                .class = CLASS_REAL,
                                .to = "b",
                                .article = "4(3)",
                                .case_id = "C-0123456789ABCDEF",
                                .document = root,
                                .leaves = leaves,
                                .disclosed = r->entry.disclosed,
                                .disclosed_length = r->entry.disclosed_length,
                                .officers = 2,
                                .expires = instant_of_seconds(NOW + 3600)};
    memcpy(r->p.agreement, r->a->id, strlen(r->a->id));
}

static inline struct duty_room *duty_room_new(void)
{
    struct duty_room *r = memory_zeroed(1, sizeof *r);
    struct digest root;
    uint32_t leaves;

    r->people = people_new();
    r->a = &r->people->agreement;
    r->own = &r->a->parties[0];
    articles(r->a);
    r->registry = registry_new();
    r->ivanova = people_key("i", 50);
    r->petrov = people_key("p", 51);
    r->sidorov = people_key("s", 52);
    appoint(r, "ivanova", OFFICER_DRAFTER, r->ivanova);
    appoint(r, "petrov", OFFICER_RELEASER, r->petrov);
    appoint(r, "sidorov", OFFICER_DRAFTER | OFFICER_RELEASER, r->sidorov);
    people_document(example_fields(), r->a->id, NULL, 3, &r->disclosed, &root, &leaves);
    permit_for_notice(r, root, leaves);
    permit_again(r);
    return r;
}

static inline struct fault keeper_says(struct duty_room *r, size_t decisions)
{
    struct holds in = {.agreement = r->a,
                       .own = r->own,
                       .registry = r->registry,
                       .now = instant_of_seconds(NOW),
                       .entry = &r->entry,
                       .permit = buf_view(&r->permit),
                       .disclosed = buf_view(&r->disclosed),
                       .decisions = r->given,
                       .decision_count = decisions};

    return release_holds(&in, NULL);
}

static inline void duty_room_free(struct duty_room *r)
{
    registry_free(r->registry);
    secret_free(r->ivanova);
    secret_free(r->petrov);
    secret_free(r->sidorov);
    buf_done(&r->disclosed);
    buf_done(&r->permit);
    for (size_t i = 0; i < 3; i++) {
        buf_done(&r->text[i]);
        buf_done(&r->signature[i]);
    }
    people_free(r->people);
    free(r);
}

#endif
