#include "io/log.h"

#include <stdarg.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"

static const char *process_word = "parley";
static enum log_level level_most = LOG_LEVEL_INFO;

void log_open(const char *process, enum log_level most)
{
    process_word = process;
    level_most = most;
}

static const char *level_word(enum log_level level)
{
    static const char *const words[] = {"none", "error", "warn", "info", "debug"};

    return (size_t)level < sizeof words / sizeof words[0] ? words[level] : "none";
}

size_t log_escape(struct bytes text, char *out, size_t size)
{
    static const char hex[] = "0123456789abcdef";
    size_t bad = utf8_bad(text), used = 0;

    for (size_t i = 0; i < text.len && size - used > 4; i++) {
        uint8_t c = text.data[i];

        if (i > bad)
            bad = i + utf8_bad(bytes_of(text.data + i, text.len - i));
        /* C1 controls are two bytes, 0xc2 0x80..0x9f: terminals obey them as well. */
        bool c1 = c == 0xc2 && i + 1 < text.len && text.data[i + 1] < 0xa0;
        bool c1_tail = i > 0 && text.data[i - 1] == 0xc2 && c < 0xa0 && c >= 0x80;

        if (c >= 0x20 && c != 0x7f && i != bad && !c1 && !c1_tail) {
            out[used++] = (char)c;
            continue;
        }
        out[used++] = '\\';
        out[used++] = 'x';
        out[used++] = hex[c >> 4];
        out[used++] = hex[c & 15];
    }
    out[used] = '\0';
    return used;
}

void log_fault_text(struct fault f, char *out, size_t size)
{
    const char *rule = f.rule != NULL ? f.rule : "no rule";

    if (f.kind == FAULT_IO) {
        const char *why = strerrordesc_np((int)f.at);

        snprintf(out, size, "%s: %s", rule, why != NULL ? why : "unknown error");
    } else if (f.at > 0)
        snprintf(out, size, "%s at %zu: %s", fault_word(f.kind), f.at, rule);
    else
        snprintf(out, size, "%s: %s", fault_word(f.kind), rule);
}

static void log_line(enum log_level level, const char *words)
{
    char time[INSTANT_TEXT + 1], line[LOG_LINE];
    int head;
    size_t len;

    instant_write(instant_now(), time);
    head = snprintf(line, sizeof line, "%s %s %s ", time, process_word, level_word(level));
    if (head < 0)
        return;
    len = (size_t)head;
    len += log_escape(bytes_text(words), line + len, sizeof line - len - 1);
    line[len++] = '\n';
    if (write(STDERR_FILENO, line, len) < 0)
        return; /* nowhere left to say so */
}

/* May this place write now? Says at the end of a window what was kept back in it. */
static bool log_site_may(struct log_site *site, enum log_level level)
{
    int64_t now = tick_now().us / 1000000;
    char words[80];

    if (site->lines == 0 || now - site->window >= LOG_WINDOW) {
        if (site->kept_back > 0) {
            snprintf(words, sizeof words, "%u more lines like the next were kept back",
                     site->kept_back);
            log_line(level, words);
        }
        *site = (struct log_site){.window = now};
    }
    if (site->lines >= LOG_BURST) {
        site->kept_back++;
        return false;
    }
    site->lines++;
    return true;
}

void log_at(struct log_site *site, enum log_level level, const char *format, ...)
{
    char words[LOG_LINE];
    va_list arguments;

    if (level > level_most || !log_site_may(site, level))
        return;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    log_line(level, words);
}
