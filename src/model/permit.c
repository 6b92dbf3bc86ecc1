#include "model/permit.h"

#include "base/memory.h"
#include "model/permit_make.h"

struct permit {
    enum permit_kind kind;
    struct digest digest, disclosed;
    char to[ENTRY_NAME];
    size_t len;
    uint8_t text[PERMIT_MAX];
};

struct permit *permit_new(enum permit_kind kind, struct bytes text, struct digest digest,
                          struct digest disclosed, const char *to)
{
    struct permit *p = memory_zeroed(1, sizeof *p);

    if (text.len > sizeof p->text || strlen(to) >= sizeof p->to)
        die("parley: a permit larger than its limit\n");
    p->kind = kind;
    p->digest = digest;
    p->disclosed = disclosed;
    memcpy(p->to, to, strlen(to));
    p->len = text.len;
    if (text.len != 0)
        memcpy(p->text, text.data, text.len);
    return p;
}

struct bytes permit_text(const struct permit *p)
{
    return bytes_of(p->text, p->len);
}

enum permit_kind permit_kind_of(const struct permit *p)
{
    return p->kind;
}

const struct digest *permit_digest(const struct permit *p)
{
    return &p->digest;
}

const struct digest *permit_disclosed(const struct permit *p)
{
    return &p->disclosed;
}

const char *permit_to(const struct permit *p)
{
    return p->to;
}

void permit_free(struct permit *p)
{
    free(p);
}
