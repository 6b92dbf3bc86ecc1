/*
 * settings.h - a node's settings.json: docs/settings.md.
 *
 * Everything the parties agreed stands in the agreement; here stands only what is local: who we
 * are, where we listen, what our sensors write. Knows no files.
 */
#ifndef PARLEY_PROC_SETTINGS_H
#define PARLEY_PROC_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/fault.h"
#include "exchange/config.h"
#include "indicator/import.h"
#include "net/endpoint.h"
#include "sensor/reader.h"

enum {
    SETTINGS_MAX = 1 << 20, /* bytes on disk */
    SETTINGS_ID = 65,       /* an id and its NUL */
    SETTINGS_PATH = 1024,   /* a path and its NUL */
    SETTINGS_NODE = 300,    /* "host:port" as an agreement spells it, and its NUL */
    SETTINGS_AGREEMENTS = 8,
    SETTINGS_ADDRESSES = 32,
    SETTINGS_SENSORS = 64,
    SETTINGS_REMOTES = 32,
    SETTINGS_LISTS = 64, /* of indicators, and as many of what lowers confidence */
    SETTINGS_SAMPLE_MIB = 1 << 20,
    SETTINGS_SILENT =
        900, /* seconds: what a followed sensor may be silent for if nothing is said */
};

#define SETTINGS_EXCHANGE_WANTED "exchange/indicators.json" /* what the exchange gives watch */
#define SETTINGS_EXCHANGE_STORE  "exchange/parley.db" /* SQLite's file in the node's directory */

struct settings_address {
    char node[SETTINGS_NODE]; /* as in the agreement's nodes */
    struct endpoint address;  /* where it is to be dialled */
};

enum sensor_kind {
    SENSOR_FILE = 0, /* "/PATH": a file, or a named pipe */
    SENSOR_INPUT,    /* "-": the node's own standard input */
    SENSOR_UNIX,     /* "unix:/PATH": a stream socket on which the sensor calls us */
    SENSOR_DATAGRAM, /* "unix-dgram:/PATH": a line a datagram */
    SENSOR_UDP,      /* "udp:ADDRESS:PORT": NetFlow, IPFIX */
};

struct settings_sensor {
    char name[SETTINGS_ID];
    char where[SETTINGS_PATH]; /* as the settings spell it */
    enum sensor_kind kind;
    struct endpoint endpoint;           /* of UDP */
    const struct reader_format *format; /* NULL: known by its first bytes */
    bool follow;                        /* go on reading at its end, also over rotation */
    uint32_t silent_after;              /* seconds without a line that are an alarm; 0: never */
    char place[SETTINGS_ID];            /* where it sees from; "": not said */
};

/* The TAXII server, if the node has one. */
struct settings_exchange {
    struct endpoint listen;
    char store[SETTINGS_PATH]; /* as backend_of takes it; a path is below the node's directory */
    struct config config;      /* exchange/config.h */
};

/* A list of indicators to look for. */
struct settings_indicators {
    char name[SETTINGS_ID];
    char path[SETTINGS_PATH];
    enum import_format format; /* UNKNOWN: by its first bytes */
    enum tlp tlp;              /* of what bears no marking */
    int64_t valid_for;         /* seconds an entry that names no end is valid; 0: for ever */
};

/* A list that lowers confidence, of the time in which it says the truth. */
struct settings_list {
    char name[SETTINGS_ID];
    char path[SETTINGS_PATH];
    enum caution kind;
    struct instant from, until; /* INT64_MIN, INT64_MAX: not said */
};

/* A TAXII server of others, or of ours, to which objects may be pushed. */
struct settings_remote {
    char name[SETTINGS_ID];
    char url[SETTINGS_PATH];     /* https, ends with a slash: what begins so is this server's */
    char agreement[SETTINGS_ID]; /* it is the partner's under that one; "": it is our own */
};

struct settings {
    char party[SETTINGS_ID];
    char agreements[SETTINGS_AGREEMENTS][SETTINGS_ID];
    size_t agreement_count; /* at least one */
    bool listens;
    struct endpoint listen;
    char operators[SETTINGS_ID]; /* group that may use the control socket; "" for none */
    struct settings_address addresses[SETTINGS_ADDRESSES];
    size_t address_count;
    struct settings_sensor sensors[SETTINGS_SENSORS];
    size_t sensor_count;
    struct settings_indicators indicators[SETTINGS_LISTS];
    size_t indicator_count;
    struct settings_list lists[SETTINGS_LISTS];
    size_t list_count;
    int64_t sample_bytes; /* of sample records kept for an agreement; 0: not said */
    bool has_exchange;
    struct settings_exchange exchange;
    struct settings_remote remotes[SETTINGS_REMOTES];
    size_t remote_count;
};

/* What was wrong, for the person who wrote it. */
struct settings_error {
    size_t line;      /* 1-based; 0 for the whole file */
    char member[128]; /* "sensors[2].path" */
    char why[160];    /* one sentence */
};

/* Reads the bytes of the file, in the indented form. *out is written on success alone; `error`
 * may be NULL. Faults as json/member.h. */
MUST_CHECK struct fault settings_parse(struct bytes text, struct settings *out,
                                       struct settings_error *error);

/* Do the bytes of two such files differ in `indicators` and `lists`, and in nothing else? False
 * also where one of them cannot be read. */
bool settings_differ_by_lists(struct bytes a, struct bytes b);

/* Puts the `indicators` and `lists` of another in the place of its own. */
void settings_take_lists(struct settings *s, const struct settings *from);

/* Reads an id, which becomes part of a path, into SETTINGS_ID bytes. */
void settings_id_read(const struct member *m, char *out);

/* The absolute path in `where`; "" where there is none. Lent. */
const char *settings_path(const struct settings_sensor *s);

/* Where a node of an agreement is to be dialled: the settings' address for it, else the literal
 * address that it is. SYNTAX: it is a name and the settings have no address for it. */
MUST_CHECK struct fault settings_resolve(const struct settings *s, const char *node,
                                         struct endpoint *out);

#endif
