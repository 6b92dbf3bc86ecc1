#include <locale.h>
#include <stdlib.h>

#include "cmd/outside.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever comes from outside: no control byte, and in ASCII nothing else, reaches a terminal. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf utf8 = {0}, ascii = {0};

    (void)setlocale(LC_CTYPE, "C.UTF-8");
    outside_line(bytes_of(data, size), true, &utf8);
    outside_line(bytes_of(data, size), false, &ascii);
    for (size_t i = 0; i < utf8.len; i++)
        if (utf8.data[i] < 0x20 || utf8.data[i] == 0x7f)
            abort();
    for (size_t i = 0; i < ascii.len; i++)
        if (ascii.data[i] < 0x20 || ascii.data[i] > 0x7e)
            abort();
    buf_done(&utf8);
    buf_done(&ascii);
    return 0;
}
