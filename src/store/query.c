#include "store/query.h"

#include "store/node_ddl.h"

#define STATEMENT                                                                                  \
    "seq, party, leaf, place, state, kind, class, case_id, number, answers, entry, document, "     \
    "secret, fields, permit, permit_digest, verdict, made, stored_at, bound_at"
#define STATEMENT_ROW "itbittttibttbttbtiii"
#define CASE                                                                                       \
    "case_id, peer, version, article, class, opener, subject, urgency, tlp, incident, state, "     \
    "their_state, closed, opened, changed"
#define CASE_ROW "ttitttttttiiiii"
#define DRAFT                                                                                      \
    "draft, kind, class, case_id, incident, article, subject, answers, version, fields, held, "    \
    "secret, document, permit, permit_digest, officers, made, expires"
/* What was said is no draft any more: its row is dropped later than the statement is written. */
#define NOT_SAID                                                                                   \
    " AND NOT EXISTS (SELECT 1 FROM statements WHERE statements.agreement = drafts.agreement AND " \
    "statements.permit_digest = drafts.permit_digest)"
#define DRAFT_ROW "tttttttbittbttbiii"

static const struct query_text queries[QUERY_COUNT] = {
    SCHEMA_VERSION_QUERIES,

    [QUERY_AGREEMENT_PUT] = {"agreement-put", "tibttbtti", "",
                             "INSERT INTO agreements (agreement, version, digest, state, proposer, "
                             "leaf, body, signatures, made) "
                             "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
                             "ON CONFLICT (agreement, version, digest) DO NOTHING"},
    [QUERY_AGREEMENT_STATE] = {"agreement-state", "ttib", "",
                               "UPDATE agreements SET state = $1 WHERE agreement = $2 AND "
                               "version = $3 AND digest = $4"},
    [QUERY_AGREEMENT_GET] = {"agreement-get", "tib", "ttbtt",
                             "SELECT state, proposer, leaf, body, signatures FROM agreements "
                             "WHERE agreement = $1 AND version = $2 AND digest = $3"},

    [QUERY_CASE_PUT] = {"case-put", "ttittttttttiiiii", "",
                        "INSERT INTO cases (agreement, case_id, version, peer, article, class, "
                        "opener, subject, urgency, tlp, incident, state, their_state, closed, "
                        "opened, changed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, "
                        "$12, $13, $14, $15, $16)"},
    [QUERY_CASE_GET] = {"case-get", "tt", CASE_ROW,
                        "SELECT " CASE " FROM cases WHERE agreement = $1 AND case_id = $2"},
    [QUERY_CASE_STATE] = {"case-state", "iiiitt", "",
                          "UPDATE cases SET state = $1, their_state = $2, closed = $3, "
                          "changed = $4 WHERE agreement = $5 AND case_id = $6"},
    [QUERY_CASE_SUBJECT] = {"case-subject", "ttt", "",
                            "UPDATE cases SET subject = $1 WHERE agreement = $2 AND case_id = $3"},
    [QUERY_CASE_DROP] = {"case-drop", "tt", "",
                         "DELETE FROM cases WHERE agreement = $1 AND case_id = $2"},
    [QUERY_CASE_LIST] = {"case-list", "ti", CASE_ROW,
                         "SELECT " CASE " FROM cases WHERE agreement = $1 AND closed <= $2 "
                         "ORDER BY opened, case_id"},

    [QUERY_STATEMENT_PUT] = {"statement-put", "ttbttttibttbttbtii", "",
                             "INSERT INTO statements (agreement, party, leaf, state, kind, class, "
                             "case_id, number, answers, entry, document, secret, fields, permit, "
                             "permit_digest, verdict, claimed, made) VALUES ($1, $2, $3, $4, $5, "
                             "$6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) "
                             "ON CONFLICT (agreement, party, leaf) DO NOTHING"},
    [QUERY_STATEMENT_STORED] = {"statement-stored", "iittb", "",
                                "UPDATE statements SET place = $1, stored_at = $2, "
                                "state = 'stored' WHERE agreement = $3 AND party = $4 AND "
                                "leaf = $5 AND state = 'released'"},
    [QUERY_STATEMENT_BOUND] = {"statement-bound", "iittb", "",
                               "UPDATE statements SET place = $1, bound_at = $2, "
                               "state = 'binding' WHERE agreement = $3 AND party = $4 AND "
                               "leaf = $5"},
    [QUERY_STATEMENT_REFUSED] = {"statement-refused", "tttb", "",
                                 "UPDATE statements SET state = 'refused', place = NULL, "
                                 "verdict = $1 WHERE agreement = $2 AND party = $3 AND leaf = $4"},
    [QUERY_STATEMENT_MOVE] = {"statement-move", "btittb", "",
                              "UPDATE statements SET leaf = $1, entry = $2, number = $3 WHERE "
                              "agreement = $4 AND party = $5 AND leaf = $6 AND state = 'released'"},
    [QUERY_STATEMENT_VERDICT] = {"statement-verdict", "tttb", "",
                                 "UPDATE statements SET verdict = $1 WHERE agreement = $2 AND "
                                 "party = $3 AND leaf = $4"},
    [QUERY_STATEMENT_GET] = {"statement-get", "ttb", STATEMENT_ROW,
                             "SELECT " STATEMENT " FROM statements WHERE agreement = $1 AND "
                             "party = $2 AND leaf = $3"},
    [QUERY_STATEMENT_AT] = {"statement-at", "tti", STATEMENT_ROW,
                            "SELECT " STATEMENT " FROM statements WHERE agreement = $1 AND "
                            "party = $2 AND place = $3"},
    [QUERY_STATEMENT_PERMIT] = {"statement-permit", "tb", STATEMENT_ROW,
                                "SELECT " STATEMENT " FROM statements WHERE agreement = $1 AND "
                                "permit_digest = $2"},
    [QUERY_STATEMENT_CASE] = {"statement-case", "tt", STATEMENT_ROW,
                              "SELECT " STATEMENT " FROM statements WHERE agreement = $1 AND "
                              "case_id = $2 ORDER BY seq"},
    [QUERY_STATEMENT_TALE] = {"statement-tale", "tt", STATEMENT_ROW,
                              "SELECT " STATEMENT " FROM statements WHERE agreement = $1 AND "
                              "case_id = $2 ORDER BY party, number"},
    [QUERY_STATEMENT_STATE] =
        {"statement-state", "ttti", STATEMENT_ROW,
         "SELECT " STATEMENT " FROM statements WHERE agreement = $1 AND "
         "party = $2 AND state = $3 AND bound_at IS NULL ORDER BY seq LIMIT $4"},
    [QUERY_STATEMENT_LAST] = {"statement-last", "ttt", "ib",
                              "SELECT number, leaf FROM statements WHERE agreement = $1 AND "
                              "party = $2 AND case_id = $3 AND state <> 'refused' "
                              "ORDER BY number DESC LIMIT 1"},
    [QUERY_STATEMENT_BEFORE] = {"statement-before", "ttt", "ib",
                                "SELECT number, leaf FROM statements WHERE agreement = $1 AND "
                                "party = $2 AND case_id = $3 AND place IS NOT NULL "
                                "ORDER BY place DESC LIMIT 1"},
    [QUERY_STATEMENT_ANSWERS] = {"statement-answers", "ttb", STATEMENT_ROW,
                                 "SELECT " STATEMENT " FROM statements WHERE agreement = $1 AND "
                                 "party = $2 AND answers = $3 AND state <> 'refused' ORDER BY seq"},
    [QUERY_STATEMENT_BACKLOG] = {"statement-backlog", "tt", "ii",
                                 "SELECT COUNT(*), COALESCE(SUM(length(document)), 0) FROM "
                                 "statements WHERE agreement = $1 AND party = $2 AND "
                                 "bound_at IS NULL AND state <> 'refused'"},
    [QUERY_STATEMENT_KIND] = {"statement-kind", "ttt", STATEMENT_ROW,
                              "SELECT " STATEMENT " FROM statements WHERE agreement = $1 AND "
                              "party = $2 AND kind = $3 AND state <> 'refused' ORDER BY seq"},
    [QUERY_STATEMENT_TIME] = {"statement-time", "tt", "i",
                              "SELECT claimed FROM statements WHERE agreement = $1 AND "
                              "party = $2 AND state <> 'refused' ORDER BY seq DESC LIMIT 1"},

    [QUERY_STATEMENT_ERASE] = {"statement-erase", "ttb", "",
                               "UPDATE statements SET document = '', secret = NULL, fields = NULL "
                               "WHERE agreement = $1 AND party = $2 AND leaf = $3"},
    [QUERY_ERASURE_PUT] = {"erasure-put", "ttbttti", "",
                           "INSERT INTO erasures (agreement, party, leaf, officer, reason, rest, "
                           "made) VALUES ($1, $2, $3, $4, $5, $6, $7)"},
    [QUERY_ERASURE_GET] = {"erasure-get", "ttb", "ttti",
                           "SELECT officer, reason, rest, made FROM erasures WHERE "
                           "agreement = $1 AND party = $2 AND leaf = $3"},

    [QUERY_DRAFT_PUT] = {"draft-put", "tttttttbitttbttbiii", "",
                         "INSERT INTO drafts (agreement, draft, kind, class, case_id, incident, "
                         "article, answers, version, subject, fields, held, secret, document, "
                         "permit, permit_digest, officers, made, expires) VALUES ($1, $2, $3, $4, "
                         "$5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)"},
    [QUERY_DRAFT_GET] = {"draft-get", "tt", DRAFT_ROW,
                         "SELECT " DRAFT
                         " FROM drafts WHERE agreement = $1 AND draft = $2" NOT_SAID},
    [QUERY_DRAFT_LIST] = {"draft-list", "t", DRAFT_ROW,
                          "SELECT " DRAFT " FROM drafts WHERE agreement = $1" NOT_SAID
                          " ORDER BY made, draft"},
    [QUERY_DRAFT_DELETE] = {"draft-delete", "tt", "",
                            "DELETE FROM drafts WHERE agreement = $1 AND draft = $2"},
    [QUERY_DRAFT_EXPIRED] = {"draft-expired", "i", "", "DELETE FROM drafts WHERE expires <= $1"},

    [QUERY_DECISION_PUT] = {"decision-put", "tbttttbi", "",
                            "INSERT INTO decisions (agreement, permit_digest, officer, role, "
                            "body, suite, signature, made) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
                            "ON CONFLICT (agreement, permit_digest, officer) DO NOTHING"},
    [QUERY_DECISION_LIST] = {"decision-list", "tb", "ttttbi",
                             "SELECT officer, role, body, suite, signature, made FROM decisions "
                             "WHERE agreement = $1 AND permit_digest = $2 ORDER BY made, officer"},

    [QUERY_HEAD_PUT] = {"head-put", "ttiit", "",
                        "INSERT INTO heads (agreement, party, size, cosigned, note) VALUES ($1, "
                        "$2, $3, $4, $5) ON CONFLICT (agreement, party, size) DO NOTHING"},
    [QUERY_HEAD_LIST] = {"head-list", "tt", "iit",
                         "SELECT size, cosigned, note FROM heads WHERE agreement = $1 AND "
                         "party = $2 ORDER BY size"},
    [QUERY_HEAD_COVERING] = {"head-covering", "tti", "iit",
                             "SELECT size, cosigned, note FROM heads WHERE agreement = $1 AND "
                             "party = $2 AND size > $3 ORDER BY size LIMIT 1"},
    [QUERY_HEAD_UP_TO] = {"head-up-to", "ttii", "iit",
                          "SELECT size, cosigned, note FROM heads WHERE agreement = $1 AND "
                          "party = $2 AND size > $3 AND size <= $4 ORDER BY size DESC"},
    [QUERY_NOTE_PUT] = {"note-put", "tit", "",
                        "INSERT INTO notes (agreement, size, note) VALUES ($1, $2, $3) "
                        "ON CONFLICT (agreement, size) DO NOTHING"},
    [QUERY_NOTE_LIST] = {"note-list", "tii", "it",
                         "SELECT size, note FROM notes WHERE agreement = $1 AND size > $2 AND "
                         "size <= $3 ORDER BY size DESC"},
    [QUERY_NOTE_DROP] = {"note-drop", "ti", "",
                         "DELETE FROM notes WHERE agreement = $1 AND size < $2"},

    [QUERY_CONTRADICTION_PUT] = {"contradiction-put", "ttttti", "",
                                 "INSERT INTO contradictions (agreement, party, note, held, "
                                 "kind, made) VALUES ($1, $2, $3, $4, $5, $6) "
                                 "ON CONFLICT (agreement, party, note) DO NOTHING"},
    [QUERY_CONTRADICTION_LIST] = {"contradiction-list", "t", "ttttii",
                                  "SELECT party, kind, note, held, made, seq FROM contradictions "
                                  "WHERE agreement = $1 ORDER BY seq"},

    [QUERY_INCIDENT_PUT] = {"incident-put", "tttiti", "",
                            "INSERT INTO incidents (agreement, id, article, opened, body, changed) "
                            "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (agreement, id) DO UPDATE "
                            "SET body = excluded.body, changed = excluded.changed"},
    [QUERY_INCIDENT_GET] = {"incident-get", "tt", "ttitti",
                            "SELECT id, article, opened, body, case_id, changed FROM incidents "
                            "WHERE agreement = $1 AND id = $2"},
    [QUERY_INCIDENT_LIST] = {"incident-list", "t", "ttitti",
                             "SELECT id, article, opened, body, case_id, changed FROM incidents "
                             "WHERE agreement = $1 ORDER BY opened, id"},
    [QUERY_INCIDENT_CASE] = {"incident-case", "ttt", "",
                             "UPDATE incidents SET case_id = $1 WHERE agreement = $2 AND id = $3"},

    [QUERY_INCIDENT_FREE] = {"incident-free", "tt", "",
                             "UPDATE incidents SET case_id = NULL WHERE agreement = $1 AND "
                             "case_id = $2"},

    [QUERY_WATCH_PUT] = {"watch-put", "tibt", "",
                         "INSERT INTO watch_state (agreement, sequence, state, sources) VALUES "
                         "($1, $2, $3, $4) ON CONFLICT (agreement) DO UPDATE SET "
                         "sequence = excluded.sequence, state = excluded.state, "
                         "sources = excluded.sources"},
    [QUERY_WATCH_GET] = {"watch-get", "t", "ibt",
                         "SELECT sequence, state, sources FROM watch_state WHERE agreement = $1"},
    [QUERY_SAMPLE_PUT] = {"sample-put", "tb", "",
                          "INSERT INTO samples (agreement, digest) VALUES ($1, $2) "
                          "ON CONFLICT (agreement, digest) DO NOTHING"},
    [QUERY_SAMPLE_WAITING] = {"sample-waiting", "ti", "ib",
                              "SELECT seq, digest FROM samples WHERE agreement = $1 AND "
                              "leaf IS NULL ORDER BY seq LIMIT $2"},
    [QUERY_SAMPLE_LEAF] = {"sample-leaf", "tb", "b",
                           "SELECT leaf FROM samples WHERE agreement = $1 AND digest = $2"},
    [QUERY_SAMPLE_COMMIT] = {"sample-commit", "bti", "",
                             "UPDATE samples SET leaf = $1 WHERE agreement = $2 AND seq = $3"},
    [QUERY_RECORD_PUT] = {"record-put", "tbttiibtti", "",
                          "INSERT INTO records (agreement, digest, incident, source, place, "
                          "length, raw, unkept, account, captured) VALUES ($1, $2, $3, $4, $5, "
                          "$6, $7, $8, $9, $10) ON CONFLICT (agreement, digest) DO NOTHING"},
    [QUERY_RECORD_GET] = {"record-get", "tb", "tiibtti",
                          "SELECT source, place, length, raw, unkept, account, captured FROM "
                          "records WHERE agreement = $1 AND digest = $2"},

    [QUERY_RECORD_BYTES] = {"record-bytes", "t", "i",
                            "SELECT COALESCE(SUM(COALESCE(length(raw), 0) + length(account)), 0) "
                            "FROM records WHERE agreement = $1"},
    [QUERY_RECORD_OLD] =
        {"record-old", "ti", "bi",
         "SELECT records.digest, COALESCE(length(raw), 0) + length(account) FROM records JOIN "
         "incidents ON incidents.agreement = records.agreement AND incidents.id = records.incident "
         "LEFT JOIN cases ON cases.agreement = incidents.agreement AND cases.case_id = "
         "incidents.case_id WHERE records.agreement = $1 AND (raw IS NOT NULL OR account <> '') "
         "AND incidents.body LIKE '%\"report\":\"ended\"%' AND (incidents.case_id IS NULL OR "
         "cases.closed = 1) ORDER BY incidents.opened, records.captured, records.digest LIMIT $2"},
    [QUERY_RECORD_THROW] = {"record-throw", "ttb", "",
                            "UPDATE records SET raw = NULL, unkept = $1, account = '' WHERE "
                            "agreement = $2 AND digest = $3"},

    [QUERY_HIT_PUT] = {"hit-put", "ttit", "",
                       "INSERT INTO hits (agreement, id, last, body) VALUES ($1, $2, $3, $4) ON "
                       "CONFLICT (agreement, id) DO UPDATE SET last = excluded.last, body = "
                       "excluded.body"},
    [QUERY_HIT_GET] = {"hit-get", "tt", "t",
                       "SELECT body FROM hits WHERE agreement = $1 AND id = $2"},
    [QUERY_HIT_LIST] = {"hit-list", "ti", "tt",
                        "SELECT id, body FROM hits WHERE agreement = $1 ORDER BY last DESC, id "
                        "LIMIT $2"},
    [QUERY_HIT_COUNT] = {"hit-count", "t", "i", "SELECT count(*) FROM hits WHERE agreement = $1"},

    [QUERY_ALARM_PUT] = {"alarm-put", "ttti", "",
                         "INSERT INTO alarms (agreement, name, detail, made) VALUES ($1, $2, $3, "
                         "$4) ON CONFLICT (agreement, name, detail) DO NOTHING"},
    [QUERY_ALARM_CLEAR] = {"alarm-clear", "tt", "",
                           "DELETE FROM alarms WHERE agreement = $1 AND name = $2"},
    [QUERY_ALARM_LIST] = {"alarm-list", "t", "tti",
                          "SELECT name, detail, made FROM alarms WHERE agreement = $1 "
                          "ORDER BY seq"},
    [QUERY_REFUSAL_COUNT] = {"refusal-count", "ttt", "",
                             "INSERT INTO refusals (agreement, direction, rule, count) VALUES "
                             "($1, $2, $3, 1) ON CONFLICT (agreement, direction, rule) DO UPDATE "
                             "SET count = refusals.count + 1"},
    [QUERY_REFUSAL_LIST] = {"refusal-list", "t", "tti",
                            "SELECT direction, rule, count FROM refusals WHERE agreement = $1 "
                            "ORDER BY direction, rule"},
    [QUERY_STATE_PUT] = {"state-put", "ttt", "",
                         "INSERT INTO state (agreement, name, value) VALUES ($1, $2, $3) "
                         "ON CONFLICT (agreement, name) DO UPDATE SET value = excluded.value"},
    [QUERY_STATE_GET] = {"state-get", "tt", "t",
                         "SELECT value FROM state WHERE agreement = $1 AND name = $2"},
};

const struct schema schema_node = {
    .name = "node",
    .lock = 1,
    .queries = queries,
    .query_count = QUERY_COUNT,
    .migrations = {[DIALECT_SQLITE] = node_sqlite, [DIALECT_POSTGRES] = node_postgres},
    .migration_count = NODE_MIGRATIONS,
};
