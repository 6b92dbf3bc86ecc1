#include "store/node_ddl.h"

/*
 * Times are whole seconds since 1970. Hashes are blobs of 32 bytes. Every row says of which
 * agreement it is: a node has several, each with its partner. `party` is whose log or statement.
 * SQLite keeps what is no number in a BIGINT column: hence the CHECKs.
 */
static const char version_1[] =
    "CREATE TABLE agreements (\n"
    "  agreement TEXT NOT NULL,\n"
    "  version BIGINT NOT NULL CHECK (typeof(version) = 'integer'),\n"
    "  digest BLOB NOT NULL CHECK (length(digest) = 32),\n"
    "  state TEXT NOT NULL CHECK (state IN ('current', 'old', 'proposed')),\n"
    "  proposer TEXT,\n" /* NULL: it came with the node */
    "  leaf BLOB,\n"     /* of the AGREEMENT statement that proposed it */
    "  body TEXT NOT NULL,\n"
    "  signatures TEXT NOT NULL,\n"
    "  made BIGINT NOT NULL CHECK (typeof(made) = 'integer'),\n"
    "  PRIMARY KEY (agreement, version, digest)\n"
    ");\n"

    "CREATE TABLE cases (\n"
    "  agreement TEXT NOT NULL,\n"
    "  case_id TEXT NOT NULL,\n"
    "  peer TEXT NOT NULL,\n"
    "  version BIGINT NOT NULL CHECK (typeof(version) = 'integer'),\n" /* it began under */
    "  article TEXT,\n"
    "  class TEXT NOT NULL,\n"
    "  opener TEXT NOT NULL,\n" /* party */
    "  subject TEXT NOT NULL,\n"
    "  urgency TEXT NOT NULL,\n"
    "  tlp TEXT NOT NULL,\n"
    "  incident TEXT,\n"
    "  state BIGINT NOT NULL CHECK (typeof(state) = 'integer'),\n"
    "  their_state BIGINT NOT NULL CHECK (typeof(their_state) = 'integer'),\n"
    "  closed BIGINT NOT NULL CHECK (closed IN (0, 1)),\n"
    "  opened BIGINT NOT NULL CHECK (typeof(opened) = 'integer'),\n"
    "  changed BIGINT NOT NULL CHECK (typeof(changed) = 'integer'),\n"
    "  PRIMARY KEY (agreement, case_id)\n"
    ");\n"
    "CREATE INDEX cases_open ON cases (agreement, closed, changed);\n"

    "CREATE TABLE statements (\n"
    "  seq INTEGER PRIMARY KEY,\n" /* the order in which they were said or came */
    "  agreement TEXT NOT NULL,\n"
    "  party TEXT NOT NULL,\n"
    "  leaf BLOB NOT NULL CHECK (length(leaf) = 32),\n"
    "  place BIGINT CHECK (place IS NULL OR typeof(place) = 'integer'),\n" /* index in the log */
    "  state TEXT NOT NULL CHECK (state IN ('released', 'stored', 'binding', 'pushed',\n"
    "                                       'refused')),\n"
    "  kind TEXT NOT NULL,\n"
    "  class TEXT NOT NULL,\n"
    "  case_id TEXT,\n"
    "  number BIGINT NOT NULL CHECK (typeof(number) = 'integer'),\n"
    "  answers BLOB,\n"
    "  entry TEXT NOT NULL,\n"
    "  document TEXT NOT NULL,\n" /* as disclosed; '' refused by rule or erased */
    "  secret BLOB,\n"            /* ours: opens what is withheld */
    "  fields TEXT,\n"            /* ours: all fields, the withheld ones too */
    "  permit TEXT,\n"            /* ours: its text */
    "  permit_digest BLOB,\n"
    "  verdict TEXT,\n" /* the rule by which it was refused, by us or by them */
    "  claimed BIGINT NOT NULL CHECK (typeof(claimed) = 'integer'),\n" /* the entry's time */
    "  made BIGINT NOT NULL CHECK (typeof(made) = 'integer'),\n"       /* by our clock */
    "  stored_at BIGINT CHECK (stored_at IS NULL OR typeof(stored_at) = 'integer'),\n"
    "  bound_at BIGINT CHECK (bound_at IS NULL OR typeof(bound_at) = 'integer'),\n"
    "  UNIQUE (agreement, party, leaf),\n"
    "  UNIQUE (agreement, party, place)\n"
    ");\n"
    "CREATE INDEX statements_case ON statements (agreement, case_id, seq);\n"
    "CREATE INDEX statements_answers ON statements (agreement, answers);\n"
    "CREATE INDEX statements_state ON statements (agreement, party, state, seq);\n"
    "CREATE UNIQUE INDEX statements_permit ON statements (agreement, permit_digest)\n"
    "  WHERE permit_digest IS NOT NULL;\n"

    "CREATE TABLE drafts (\n"
    "  draft TEXT NOT NULL PRIMARY KEY,\n"
    "  agreement TEXT NOT NULL,\n"
    "  kind TEXT NOT NULL,\n"
    "  class TEXT NOT NULL,\n"
    "  case_id TEXT,\n"
    "  incident TEXT,\n"
    "  article TEXT,\n"
    "  subject TEXT NOT NULL,\n"
    "  answers BLOB,\n"
    "  version BIGINT NOT NULL CHECK (typeof(version) = 'integer'),\n"
    "  fields TEXT NOT NULL,\n"
    "  held TEXT NOT NULL,\n" /* verdict by field, as the control socket shows it */
    "  secret BLOB NOT NULL,\n"
    "  document TEXT NOT NULL,\n"
    "  permit TEXT NOT NULL,\n"
    "  permit_digest BLOB NOT NULL,\n"
    "  officers BIGINT NOT NULL CHECK (typeof(officers) = 'integer'),\n"
    "  made BIGINT NOT NULL CHECK (typeof(made) = 'integer'),\n"
    "  expires BIGINT NOT NULL CHECK (typeof(expires) = 'integer'),\n"
    "  UNIQUE (agreement, permit_digest)\n"
    ");\n"

    "CREATE TABLE decisions (\n" /* they outlive the draft: keeper sees them at every signing */
    "  agreement TEXT NOT NULL,\n"
    "  permit_digest BLOB NOT NULL CHECK (length(permit_digest) = 32),\n"
    "  officer TEXT NOT NULL,\n"
    "  role TEXT NOT NULL,\n"
    "  body TEXT NOT NULL,\n"
    "  suite TEXT NOT NULL,\n"
    "  signature BLOB NOT NULL,\n"
    "  made BIGINT NOT NULL CHECK (typeof(made) = 'integer'),\n"
    "  PRIMARY KEY (agreement, permit_digest, officer)\n"
    ");\n"

    "CREATE TABLE notes (\n" /* heads of our own log that are not binding yet: for PUSH */
    "  agreement TEXT NOT NULL,\n"
    "  size BIGINT NOT NULL CHECK (typeof(size) = 'integer'),\n"
    "  note TEXT NOT NULL,\n"
    "  PRIMARY KEY (agreement, size)\n"
    ");\n"

    "CREATE TABLE heads (\n" /* every head that is binding, in either log: for bundles */
    "  agreement TEXT NOT NULL,\n"
    "  party TEXT NOT NULL,\n"
    "  size BIGINT NOT NULL CHECK (typeof(size) = 'integer'),\n"
    "  cosigned BIGINT NOT NULL CHECK (typeof(cosigned) = 'integer'),\n"
    "  note TEXT NOT NULL,\n"
    "  PRIMARY KEY (agreement, party, size)\n"
    ");\n"

    "CREATE TABLE contradictions (\n" /* two heads of one log that cannot both be */
    "  seq INTEGER PRIMARY KEY,\n"
    "  agreement TEXT NOT NULL,\n"
    "  party TEXT NOT NULL,\n"
    "  note TEXT NOT NULL,\n"
    "  held TEXT NOT NULL,\n"
    "  kind TEXT NOT NULL,\n"
    "  made BIGINT NOT NULL CHECK (typeof(made) = 'integer'),\n"
    "  UNIQUE (agreement, party, note)\n"
    ");\n"

    "CREATE TABLE incidents (\n"
    "  agreement TEXT NOT NULL,\n"
    "  id TEXT NOT NULL,\n"
    "  article TEXT NOT NULL,\n"
    "  opened BIGINT NOT NULL CHECK (typeof(opened) = 'integer'),\n"
    "  body TEXT NOT NULL,\n"
    "  case_id TEXT,\n"
    "  changed BIGINT NOT NULL CHECK (typeof(changed) = 'integer'),\n"
    "  PRIMARY KEY (agreement, id)\n"
    ");\n"

    "CREATE TABLE watch_state (\n"
    "  agreement TEXT NOT NULL PRIMARY KEY,\n"
    "  sequence BIGINT NOT NULL CHECK (typeof(sequence) = 'integer'),\n"
    "  state BLOB NOT NULL,\n"
    "  sources TEXT NOT NULL\n"
    ");\n"

    "CREATE TABLE samples (\n" /* waiting for, or committed in, an evidence root */
    "  seq INTEGER PRIMARY KEY,\n"
    "  agreement TEXT NOT NULL,\n"
    "  digest BLOB NOT NULL CHECK (length(digest) = 32),\n"
    "  leaf BLOB,\n" /* of the EVIDENCE entry */
    "  UNIQUE (agreement, digest)\n"
    ");\n"
    "CREATE INDEX samples_waiting ON samples (agreement, seq) WHERE leaf IS NULL;\n"

    "CREATE TABLE alarms (\n"
    "  seq INTEGER PRIMARY KEY,\n"
    "  agreement TEXT NOT NULL,\n"
    "  name TEXT NOT NULL,\n" /* one alarm of a name and a detail stays one */
    "  detail TEXT NOT NULL,\n"
    "  made BIGINT NOT NULL CHECK (typeof(made) = 'integer'),\n"
    "  UNIQUE (agreement, name, detail)\n"
    ");\n"

    "CREATE TABLE refusals (\n"
    "  agreement TEXT NOT NULL,\n"
    "  direction TEXT NOT NULL CHECK (direction IN ('in', 'out')),\n"
    "  rule TEXT NOT NULL,\n"
    "  count BIGINT NOT NULL CHECK (typeof(count) = 'integer'),\n"
    "  PRIMARY KEY (agreement, direction, rule)\n"
    ");\n"

    "CREATE TABLE state (\n" /* small things of one agreement: the partner's genesis, a bar */
    "  agreement TEXT NOT NULL,\n"
    "  name TEXT NOT NULL,\n"
    "  value TEXT NOT NULL,\n"
    "  PRIMARY KEY (agreement, name)\n"
    ");\n";

/*
 * The indexes that a statement is written into are what a sync of it costs, so: what answers
 * nothing is not in `answers`, only what waits is in `waiting`, and the last number of a party in a
 * case is found without reading all that the party ever said.
 */
static const char version_2[] =
    "DROP INDEX statements_case;\n"
    "CREATE INDEX statements_case ON statements (agreement, case_id, party, number);\n"
    "DROP INDEX statements_answers;\n"
    "CREATE INDEX statements_answers ON statements (agreement, answers)\n"
    "  WHERE answers IS NOT NULL;\n"
    "DROP INDEX statements_state;\n"
    "CREATE INDEX statements_waiting ON statements (agreement, party, state, seq)\n"
    "  WHERE bound_at IS NULL;\n";

/* The raw records that are samples, and how each was judged. */
static const char version_3[] =
    "CREATE TABLE records (\n"
    "  agreement TEXT NOT NULL,\n"
    "  digest BLOB NOT NULL CHECK (length(digest) = 32),\n" /* as in samples */
    "  incident TEXT NOT NULL,\n"
    "  source TEXT NOT NULL,\n"                                    /* the sensor's name */
    "  place BIGINT NOT NULL CHECK (typeof(place) = 'integer'),\n" /* offset there */
    "  length BIGINT NOT NULL CHECK (typeof(length) = 'integer'),\n"
    "  raw BLOB,\n"              /* NULL: not kept */
    "  unkept TEXT,\n"           /* why */
    "  account TEXT NOT NULL,\n" /* watch's JSON; '' where there is none */
    "  captured BIGINT NOT NULL CHECK (typeof(captured) = 'integer'),\n"
    "  PRIMARY KEY (agreement, digest)\n"
    ");\n"
    "CREATE INDEX records_incident ON records (agreement, incident);\n";

/* Indicators that were seen: a row each, its counts in the body. */
static const char version_4[] =
    "CREATE TABLE hits (\n"
    "  agreement TEXT NOT NULL,\n"
    "  id TEXT NOT NULL,\n"
    "  last BIGINT NOT NULL CHECK (typeof(last) = 'integer'),\n" /* seconds: of the last event */
    "  body TEXT NOT NULL,\n"
    "  PRIMARY KEY (agreement, id)\n"
    ");\n"
    "CREATE INDEX hits_last ON hits (agreement, last);\n";

/* Documents that were erased: `rest` is a document of what the case's clocks need, and no more. */
static const char version_5[] = "CREATE TABLE erasures (\n"
                                "  agreement TEXT NOT NULL,\n"
                                "  party TEXT NOT NULL,\n"
                                "  leaf BLOB NOT NULL CHECK (length(leaf) = 32),\n"
                                "  officer TEXT,\n"
                                "  reason TEXT NOT NULL,\n"
                                "  rest TEXT NOT NULL,\n"
                                "  made BIGINT NOT NULL CHECK (typeof(made) = 'integer'),\n"
                                "  PRIMARY KEY (agreement, party, leaf)\n"
                                ");\n";

const struct migration node_sqlite[NODE_MIGRATIONS] = {
    {1, version_1}, {2, version_2}, {3, version_3}, {4, version_4}, {5, version_5}};
