#include "store/exchange_query.h"

#include "store/exchange_ddl.h"

#define ROW         "added, id, spec, version, type, first, last, tlp, pap"
#define ROW_LETTERS "ittitiiii"
#define SCAN(where) "SELECT " ROW ", body FROM objects WHERE collection = $1 AND " where
#define BARE(where) "SELECT " ROW " FROM objects WHERE collection = $1 AND " where
#define BODY(where) "SELECT added, tlp, pap, body FROM objects WHERE collection = $1 AND " where
#define AFTER_2     "added > $2 ORDER BY added LIMIT $3"
#define AFTER_3     "added > $3 ORDER BY added LIMIT $4"
/* The plus keeps SQLite from walking the collection by time: an object has few versions. */
#define FEW_AFTER_3 "+added > $3 ORDER BY +added LIMIT $4"

static const struct query_text queries[EXCHANGE_QUERY_COUNT] = {
    SCHEMA_VERSION_QUERIES,

    [EXCHANGE_COLLECTION_PUT] = {"collection-put", "tt", "",
                                 "INSERT INTO collections (root, id) VALUES ($1, $2) "
                                 "ON CONFLICT (root, id) DO NOTHING"},
    [EXCHANGE_COLLECTION_GET] = {"collection-get", "tt", "i",
                                 "SELECT number FROM collections WHERE root = $1 AND id = $2"},
    [EXCHANGE_COLLECTION_LIST] = {"collection-list", "", "itt",
                                  "SELECT number, root, id FROM collections ORDER BY root, id"},

    [EXCHANGE_NEWEST] = {"newest", "", "i",
                         "SELECT COALESCE(MAX(newest), 0) FROM (SELECT MAX(added) AS newest FROM "
                         "objects UNION ALL SELECT MAX(added) FROM tombstones) AS both_tables"},
    [EXCHANGE_OBJECT_PUT] =
        {"object-put", "iittitiiiitbi", "",
         "INSERT INTO objects (added, collection, id, spec, version, type, "
         "first, last, tlp, pap, writer, body, expires) VALUES ($1, $2, $3, $4, $5, "
         "$6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (collection, id, spec, version) "
         "DO NOTHING"},
    [EXCHANGE_OBJECT_TOP] = {"object-top", "it", ROW_LETTERS,
                             BARE("id = $2 ORDER BY spec DESC, version DESC LIMIT 1")},
    [EXCHANGE_OBJECT_BASE] = {"object-base", "itt", ROW_LETTERS,
                              BARE("id = $2 AND spec = $3 ORDER BY version LIMIT 1")},
    [EXCHANGE_OBJECT_CROWN] = {"object-crown", "itt", ROW_LETTERS,
                               BARE("id = $2 AND spec = $3 ORDER BY version DESC LIMIT 1")},
    [EXCHANGE_OBJECT_SUPERSEDE] = {"object-supersede", "itt", "",
                                   "UPDATE objects SET first = 0, last = 0 WHERE collection = $1 "
                                   "AND id = $2 AND spec < $3 AND (first = 1 OR last = 1)"},
    [EXCHANGE_OBJECT_MARK_FIRST] = {"object-mark-first", "ii", "",
                                    "UPDATE objects SET first = $1 WHERE added = $2"},
    [EXCHANGE_OBJECT_MARK_LAST] = {"object-mark-last", "ii", "",
                                   "UPDATE objects SET last = $1 WHERE added = $2"},
    [EXCHANGE_OBJECT_DROP] = {"object-drop", "i", "", "DELETE FROM objects WHERE added = $1"},
    [EXCHANGE_OBJECT_COUNT] = {"object-count", "i", "i",
                               "SELECT COUNT(*) FROM objects WHERE collection = $1"},
    [EXCHANGE_OBJECT_GET] = {"object-get", "i", ROW_LETTERS "b",
                             "SELECT " ROW ", body FROM objects WHERE added = $1"},

    [EXCHANGE_SCAN_ALL] = {"scan-all", "iii", ROW_LETTERS "b", SCAN(AFTER_2)},
    [EXCHANGE_SCAN_LAST] = {"scan-last", "iii", ROW_LETTERS "b", SCAN("last = 1 AND " AFTER_2)},
    [EXCHANGE_SCAN_FIRST] = {"scan-first", "iii", ROW_LETTERS "b", SCAN("first = 1 AND " AFTER_2)},
    [EXCHANGE_SCAN_TYPE] = {"scan-type", "itii", ROW_LETTERS "b", SCAN("type = $2 AND " AFTER_3)},
    [EXCHANGE_SCAN_TYPE_LAST] = {"scan-type-last", "itii", ROW_LETTERS "b",
                                 SCAN("type = $2 AND last = 1 AND " AFTER_3)},
    [EXCHANGE_SCAN_VERSION] = {"scan-version", "iiii", ROW_LETTERS "b",
                               SCAN("version = $2 AND " AFTER_3)},
    [EXCHANGE_SCAN_ID] = {"scan-id", "itii", ROW_LETTERS "b", SCAN("id = $2 AND " FEW_AFTER_3)},
    [EXCHANGE_BODY_ALL] = {"body-all", "iii", "iiib", BODY(AFTER_2)},
    [EXCHANGE_BODY_LAST] = {"body-last", "iii", "iiib", BODY("last = 1 AND " AFTER_2)},
    [EXCHANGE_BODY_TYPE_LAST] = {"body-type-last", "itii", "iiib",
                                 BODY("type = $2 AND last = 1 AND " AFTER_3)},
    [EXCHANGE_SCAN_EXPIRED] = {"scan-expired", "iii", ROW_LETTERS "b",
                               SCAN("expires IS NOT NULL AND expires < $2 ORDER BY expires LIMIT "
                                    "$3")},

    [EXCHANGE_TOMBSTONE_PUT] =
        {"tombstone-put", "iittitttii", "",
         "INSERT INTO tombstones (added, collection, id, spec, version, "
         "type, why, writer, tlp, pap) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"},
    [EXCHANGE_TOMBSTONE_LIST] =
        {"tombstone-list", "iii", "ittitttii",
         "SELECT added, id, spec, version, type, why, writer, tlp, pap FROM "
         "tombstones WHERE collection = $1 AND " AFTER_2},

    [EXCHANGE_STATUS_PUT] = {"status-put",
                             "ttti"
                             "t",
                             "",
                             "INSERT INTO statuses (id, root, visitor, made, body) VALUES ($1, "
                             "$2, $3, $4, $5)"},
    [EXCHANGE_STATUS_GET] = {"status-get", "tt", "tt",
                             "SELECT visitor, body FROM statuses WHERE id = $1 AND root = $2"},
    [EXCHANGE_STATUS_EXPIRE] = {"status-expire", "i", "", "DELETE FROM statuses WHERE made < $1"},

    [EXCHANGE_REFUSAL_COUNT] =
        {"refusal-count", "tti", "",
         "INSERT INTO exchange_refusals (root, rule, count) VALUES ($1, $2, $3) "
         "ON CONFLICT (root, rule) DO UPDATE SET "
         "count = exchange_refusals.count + excluded.count"},
    [EXCHANGE_REFUSAL_LIST] =
        {"refusal-list", "", "tti",
         "SELECT root, rule, count FROM exchange_refusals ORDER BY root, rule"},

    [EXCHANGE_RELEASE_PUT] = {"release-put", "tbi", "",
                              "INSERT INTO releases (agreement, digest, tlp) VALUES ($1, $2, $3) "
                              "ON CONFLICT (agreement, digest) DO UPDATE SET tlp = excluded.tlp "
                              "WHERE releases.tlp < excluded.tlp"},
    [EXCHANGE_RELEASE_GET] = {"release-get", "tb", "i",
                              "SELECT tlp FROM releases WHERE agreement = $1 AND digest = $2"},

    [EXCHANGE_RELEASE_DROP] = {"release-drop", "tb", "",
                               "DELETE FROM releases WHERE agreement = $1 AND digest = $2"},

    [EXCHANGE_STATE_PUT] = {"state-put", "tb", "",
                            "INSERT INTO exchange_state (name, value) VALUES ($1, $2) "
                            "ON CONFLICT (name) DO NOTHING"},
    [EXCHANGE_STATE_SET] = {"state-set", "tb", "",
                            "INSERT INTO exchange_state (name, value) VALUES ($1, $2) "
                            "ON CONFLICT (name) DO UPDATE SET value = excluded.value"},
    [EXCHANGE_STATE_GET] = {"state-get", "t", "b",
                            "SELECT value FROM exchange_state WHERE name = $1"},
};

const struct schema schema_exchange = {
    .name = "exchange",
    .lock = 2,
    .queries = queries,
    .query_count = EXCHANGE_QUERY_COUNT,
    .migrations = {[DIALECT_SQLITE] = exchange_sqlite, [DIALECT_POSTGRES] = exchange_postgres},
    .migration_count = EXCHANGE_MIGRATIONS,
};
