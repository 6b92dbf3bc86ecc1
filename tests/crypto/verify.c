/* What suite_verify says, a line for a line: "SUITE KEY MESSAGE SIGNATURE" in hex ("-": empty; the
 * key of a suite of points is X and Y without its SubjectPublicKeyInfo) is answered by "good" or by
 * the kind of fault. published.py asks it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "crypto/row.h"

static bool take(const char *text, struct buf *out)
{
    size_t n = strlen(text) / 2;

    if (strcmp(text, "-") == 0)
        return true;
    buf_need(out, n == 0 ? 1 : n);
    if (!hex_read(bytes_text(text), out->data + out->len, n))
        return false;
    out->len += n;
    return true;
}

int main(void)
{
    static char line[1 << 16];

    while (fgets(line, sizeof line, stdin) != NULL) {
        struct buf key = {0}, message = {0}, signature = {0};
        char *word[4], *left = line;
        const struct suite *s;
        struct fault f;

        for (size_t i = 0; i < 4; i++) {
            word[i] = strtok_r(left, " \n", &left);
            if (word[i] == NULL)
                return 2;
        }
        s = suite_find(bytes_text(word[0]));
        if (s == NULL)
            return 2;
        if (strcmp(s->name, "ed25519") != 0) /* whose keys are 32 bytes, bare */
            buf_add(&key, s->spki, s->spki_length);
        if (!take(word[1], &key) || !take(word[2], &message) || !take(word[3], &signature))
            return 2;
        f = suite_key_check(s, buf_view(&key));
        if (!fault_is(f))
            f = suite_verify(s, buf_view(&key), buf_view(&message), buf_view(&signature));
        puts(fault_is(f) ? fault_word(f.kind) : "good");
        buf_done(&key);
        buf_done(&message);
        buf_done(&signature);
    }
    return 0;
}
