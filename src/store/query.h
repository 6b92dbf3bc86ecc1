/*
 * query.h - every question that is put to the store, by name. The SQL stands in query.c.
 */
#ifndef PARLEY_STORE_QUERY_H
#define PARLEY_STORE_QUERY_H

enum query {

    QUERY_VERSION_GET = 0,
    QUERY_VERSION_SET,

    QUERY_AGREEMENT_PUT,
    QUERY_AGREEMENT_STATE,
    QUERY_AGREEMENT_GET,

    QUERY_CASE_PUT,
    QUERY_CASE_GET,
    QUERY_CASE_STATE,
    QUERY_CASE_DROP,
    QUERY_CASE_LIST,

    QUERY_STATEMENT_PUT,
    QUERY_STATEMENT_STORED,
    QUERY_STATEMENT_BOUND,
    QUERY_STATEMENT_REFUSED,
    QUERY_STATEMENT_MOVE,
    QUERY_STATEMENT_VERDICT,
    QUERY_STATEMENT_GET,
    QUERY_STATEMENT_AT,
    QUERY_STATEMENT_PERMIT,
    QUERY_STATEMENT_CASE,
    QUERY_STATEMENT_STATE,
    QUERY_STATEMENT_LAST,
    QUERY_STATEMENT_ANSWERS,
    QUERY_STATEMENT_BACKLOG,
    QUERY_STATEMENT_KIND,
    QUERY_STATEMENT_TIME,

    QUERY_DRAFT_PUT,
    QUERY_DRAFT_GET,
    QUERY_DRAFT_LIST,
    QUERY_DRAFT_DELETE,
    QUERY_DRAFT_EXPIRED,

    QUERY_DECISION_PUT,
    QUERY_DECISION_LIST,

    QUERY_HEAD_PUT,
    QUERY_HEAD_LIST,
    QUERY_HEAD_COVERING,
    QUERY_HEAD_UP_TO,

    QUERY_NOTE_PUT,
    QUERY_NOTE_LIST,
    QUERY_NOTE_DROP,

    QUERY_CONTRADICTION_PUT,
    QUERY_CONTRADICTION_LIST,

    QUERY_INCIDENT_PUT,
    QUERY_INCIDENT_GET,
    QUERY_INCIDENT_LIST,
    QUERY_INCIDENT_CASE,
    QUERY_INCIDENT_FREE,

    QUERY_WATCH_PUT,
    QUERY_WATCH_GET,

    QUERY_SAMPLE_PUT,
    QUERY_SAMPLE_WAITING,
    QUERY_SAMPLE_COMMIT,

    QUERY_ALARM_PUT,
    QUERY_ALARM_LIST,

    QUERY_REFUSAL_COUNT,
    QUERY_REFUSAL_LIST,

    QUERY_STATE_PUT,
    QUERY_STATE_GET,

    QUERY_COUNT,
};

/*
 * One row a query: its parameters and what its rows hold, a letter each ('i' integer, 't' text,
 * 'b' blob), and the text in the dialect that SQLite and PostgreSQL share: $1.. in the order of
 * first use, no function that one of them lacks.
 */
struct query_text {
    const char *name;
    const char *with;
    const char *rows;
    const char *sql;
};

extern const struct query_text queries[QUERY_COUNT];

#endif
