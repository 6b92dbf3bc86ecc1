/*
 * log.h - one line to standard error: time, process, level, words.
 *
 *   2026-11-25T09:22:17Z gate warn link 3: refused: pin of the certificate
 *
 * For processes only: rooms return faults. Control characters and bytes that are not UTF-8 are
 * written as \xNN, so that no input can forge a line or move a terminal's cursor. A place in the
 * code that logs more than LOG_BURST lines in LOG_WINDOW seconds is silenced until the window
 * ends and then says how many lines it kept back: input cannot fill the disk through the log.
 */
#ifndef PARLEY_IO_LOG_H
#define PARLEY_IO_LOG_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/fault.h"

enum {
    LOG_LINE = 1024, /* longest line with its newline: one write stays whole in a pipe */
    LOG_BURST = 20,  /* lines one place may write .. */
    LOG_WINDOW = 10, /* .. in so many seconds */
};

enum log_level {
    LOG_LEVEL_NONE = 0,
    LOG_LEVEL_ERROR, /* something is lost or will not work until somebody acts */
    LOG_LEVEL_WARN,  /* refused, retried, degraded */
    LOG_LEVEL_INFO,  /* what a quiet day shows */
    LOG_LEVEL_DEBUG, /* off unless asked for */
};

/* One place in the code that logs; the macros below keep one each. */
struct log_site {
    int64_t window; /* second in which it began */
    unsigned lines, kept_back;
};

/* Names the process ("gate"); static text. `most`: the last level that is written. */
void log_open(const char *process, enum log_level most);

void log_at(struct log_site *site, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define LOG_HERE(level, ...)                                                                       \
    do {                                                                                           \
        static struct log_site log_here_;                                                          \
        log_at(&log_here_, (level), __VA_ARGS__);                                                  \
    } while (0)

#define log_error(...) LOG_HERE(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  LOG_HERE(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  LOG_HERE(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) LOG_HERE(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* "what: word at N: rule", or errno's text for FAULT_IO. */
#define log_fault(level, what, fault)                                                              \
    do {                                                                                           \
        char log_fault_[200];                                                                      \
        log_fault_text((fault), log_fault_, sizeof log_fault_);                                    \
        LOG_HERE((level), "%s: %s", (what), log_fault_);                                           \
    } while (0)

/* A fault as words, for log lines and error answers. */
void log_fault_text(struct fault f, char *out, size_t size);

/* Appends `text` with control characters and broken UTF-8 escaped; returns the length written,
 * at most size - 1, and a NUL. For everything that prints bytes from outside. */
size_t log_escape(struct bytes text, char *out, size_t size);

#endif
