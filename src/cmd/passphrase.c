#include "cmd/passphrase.h"

#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include "cmd/disk.h"
#include "crypto/secret.h"

struct fault passphrase_from_file(const char *path, struct buf *out)
{
    struct buf text = {0};
    struct fault f = disk_read(path, SECRET_PASSPHRASE_MAX + 2, &text);
    const uint8_t *end;

    if (!fault_is(f)) {
        end = text.len > 0 ? memchr(text.data, '\n', text.len) : NULL;
        buf_add(out, text.data, end != NULL ? (size_t)(end - text.data) : text.len);
        if (out->len == 0)
            f = fault_make(FAULT_SHORT, 0, "its first line is empty");
    }
    buf_wipe(&text);
    return f;
}

/* What the terminal was before it was made silent: one question at a time, one terminal. */
static struct termios before;
static volatile sig_atomic_t silent_now;

void passphrase_restore(void)
{
    if (silent_now)
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    silent_now = 0;
}

bool passphrase_ask(struct say *s, const char *question, struct buf *out)
{
    struct termios silent;
    char line[SECRET_PASSPHRASE_MAX + 2];
    bool good;

    if (!s->asked || tcgetattr(STDIN_FILENO, &before) != 0)
        return false;
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    silent_now = 1;
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    fprintf(s->err, "%s", question); /* only now: who types at once is not echoed */
    fflush(s->err);
    good = fgets(line, sizeof line, stdin) != NULL;
    passphrase_restore();
    fputc('\n', s->err);
    if (good)
        buf_add(out, line, strcspn(line, "\n"));
    explicit_bzero(line, sizeof line);
    return good;
}
