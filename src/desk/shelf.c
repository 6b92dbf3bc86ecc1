#include "desk/shelf.h"

struct fault shelf_read(struct shelf *s, struct bytes text, struct disclosed **out)
{
    struct digest digest;
    struct disclosed *d;
    struct fault f;
    size_t at;

    if (text.len > SHELF_LONGEST)
        return disclosed_parse(text, out);
    digest = digest_of(text);
    at = digest.byte[0] % SHELF_PLACES;
    if (s->place[at].document == NULL || !digest_equal(&s->place[at].digest, &digest)) {
        f = disclosed_parse(text, &d);
        if (fault_is(f))
            return f;
        disclosed_free(s->place[at].document);
        s->place[at].digest = digest;
        s->place[at].document = d;
    }
    *out = disclosed_again(s->place[at].document);
    return fault_none();
}

void shelf_done(struct shelf *s)
{
    for (size_t i = 0; i < SHELF_PLACES; i++) {
        disclosed_free(s->place[i].document);
        s->place[i].document = NULL;
    }
}
