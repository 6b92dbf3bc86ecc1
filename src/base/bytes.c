#include "base/bytes.h"

int bytes_compare(struct bytes a, struct bytes b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n == 0 ? 0 : memcmp(a.data, b.data, n);

    if (c != 0)
        return c;
    return a.len < b.len ? -1 : a.len > b.len;
}

bool bytes_to_text(struct bytes a, char *out, size_t size)
{
    if (size == 0)
        return false;
    out[0] = '\0';
    if (a.len >= size || (a.len != 0 && memchr(a.data, 0, a.len) != NULL))
        return false;
    if (a.len != 0)
        memcpy(out, a.data, a.len);
    out[a.len] = '\0';
    return true;
}
