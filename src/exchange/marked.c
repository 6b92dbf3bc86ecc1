#include "exchange/marked.h"

#include <string.h>

static bool is_statement(const struct config *c, const char *id)
{
    for (size_t i = 0; i < c->statement_count; i++)
        if (strcmp(c->statement[i], id) == 0)
            return true;
    return false;
}

const char *marked_unknown(const struct config *c, const struct object *o)
{
    for (size_t i = 0; i < o->other_count && o->tlp_own != TLP_RED; i++)
        if (!is_statement(c, o->other[i]))
            return o->other[i];
    return NULL;
}

enum tlp marked_tlp(const struct config *c, const struct config_collection *in,
                    const struct object *o)
{
    enum tlp tlp = marked_unknown(c, o) == NULL ? o->tlp_own : o->tlp;

    return tlp == TLP_NONE && in != NULL ? in->marking : tlp;
}

void marked_all(const struct config *c, const struct config_collection *in, struct judged *j)
{
    for (size_t i = 0; i < j->count; i++)
        if (!fault_is(j->list[i].fault))
            j->list[i].object.tlp = marked_tlp(c, in, &j->list[i].object);
}
