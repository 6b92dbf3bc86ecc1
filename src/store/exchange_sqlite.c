#include "store/exchange_ddl.h"

/*
 * Times are microseconds since 1970. The bytes of an object stand in the row as they came. The
 * partial indexes keep every page a walk along one index, whatever was asked: cost follows the
 * page, not the collection.
 */
static const char version_1[] =
    "CREATE TABLE collections (\n"
    "  number INTEGER PRIMARY KEY,\n"
    "  root TEXT NOT NULL,\n"
    "  id TEXT NOT NULL,\n"
    "  UNIQUE (root, id)\n"
    ");\n"

    "CREATE TABLE objects (\n"
    "  added INTEGER PRIMARY KEY,\n"
    "  collection BIGINT NOT NULL REFERENCES collections (number),\n"
    "  id TEXT NOT NULL,\n"
    "  spec TEXT NOT NULL,\n"
    "  version BIGINT NOT NULL CHECK (typeof(version) = 'integer'),\n"
    "  type TEXT NOT NULL,\n"
    "  first BIGINT NOT NULL CHECK (first IN (0, 1)),\n"
    "  last BIGINT NOT NULL CHECK (last IN (0, 1)),\n"
    "  tlp BIGINT NOT NULL CHECK (typeof(tlp) = 'integer'),\n" /* model/marking.h */
    "  writer TEXT NOT NULL,\n"
    "  body BLOB NOT NULL,\n"
    "  UNIQUE (collection, id, spec, version)\n"
    ");\n"
    "CREATE INDEX objects_all ON objects (collection, added);\n"
    "CREATE INDEX objects_last ON objects (collection, added) WHERE last = 1;\n"
    "CREATE INDEX objects_first ON objects (collection, added) WHERE first = 1;\n"
    "CREATE INDEX objects_type ON objects (collection, type, added);\n"
    "CREATE INDEX objects_type_last ON objects (collection, type, added) WHERE last = 1;\n"
    "CREATE INDEX objects_version ON objects (collection, version, added);\n"

    "CREATE TABLE tombstones (\n"    /* what was here and is not any more */
    "  added INTEGER PRIMARY KEY,\n" /* from the same rising numbers as objects */
    "  collection BIGINT NOT NULL REFERENCES collections (number),\n"
    "  id TEXT NOT NULL,\n"
    "  spec TEXT NOT NULL,\n"
    "  version BIGINT NOT NULL CHECK (typeof(version) = 'integer'),\n"
    "  type TEXT NOT NULL,\n"
    "  why TEXT NOT NULL CHECK (why IN ('deleted', 'expired', 'withdrawn')),\n"
    "  writer TEXT NOT NULL\n"
    ");\n"
    "CREATE INDEX tombstones_all ON tombstones (collection, added);\n"

    "CREATE TABLE statuses (\n"
    "  id TEXT NOT NULL PRIMARY KEY,\n"
    "  root TEXT NOT NULL,\n"
    "  visitor TEXT NOT NULL,\n" /* who posted: nobody else may ask */
    "  made BIGINT NOT NULL CHECK (typeof(made) = 'integer'),\n"
    "  body TEXT NOT NULL\n"
    ");\n"
    "CREATE INDEX statuses_made ON statuses (made);\n"

    "CREATE TABLE exchange_refusals (\n"
    "  root TEXT NOT NULL,\n"
    "  rule TEXT NOT NULL,\n"
    "  count BIGINT NOT NULL CHECK (typeof(count) = 'integer'),\n"
    "  PRIMARY KEY (root, rule)\n"
    ");\n"

    "CREATE TABLE exchange_state (\n" /* small things: the key under pages' `next` */
    "  name TEXT NOT NULL PRIMARY KEY,\n"
    "  value BLOB NOT NULL\n"
    ");\n";

/* What a stored SHARE of ours lets go to the partner of an agreement: exact bytes, by digest. */
static const char version_2[] =
    "CREATE TABLE releases (\n"
    "  agreement TEXT NOT NULL,\n"
    "  digest BLOB NOT NULL CHECK (length(digest) = 32),\n"
    "  tlp BIGINT NOT NULL CHECK (typeof(tlp) = 'integer'),\n" /* the SHARE's own */
    "  PRIMARY KEY (agreement, digest)\n"
    ") WITHOUT ROWID;\n";

/* When an object's own word ends, and how what is gone was marked: of the old ones nobody knows, so
 * they are shown to those alone who are shown everything (5: red). */
static const char version_3[] =
    "ALTER TABLE objects ADD COLUMN expires BIGINT;\n"
    "CREATE INDEX objects_expires ON objects (collection, expires) WHERE expires IS NOT NULL;\n"
    "ALTER TABLE tombstones ADD COLUMN tlp BIGINT NOT NULL DEFAULT 5;\n";

/* The PAP of each. Of what was there nobody has read it: what seems to bear one is as strict as can
 * be (4: red), and so is what is gone. */
static const char version_4[] =
    "ALTER TABLE objects ADD COLUMN pap BIGINT NOT NULL DEFAULT 0;\n"
    "UPDATE objects SET pap = 4 WHERE CAST(body AS TEXT) LIKE '%\"pap:%';\n"
    "ALTER TABLE tombstones ADD COLUMN pap BIGINT NOT NULL DEFAULT 4;\n";

const struct migration exchange_sqlite[EXCHANGE_MIGRATIONS] = {
    {1, version_1}, {2, version_2}, {3, version_3}, {4, version_4}};
