/* path.c - object paths, type:key.key[0].'key'[*] (STIX 2.1 section 9.7). */
#include <stdio.h>

#include "stix/grammar.h"

enum { PATH_TEXT = 256 /* no vocabulary has a longer path */ };

static bool ends_in(struct bytes key, const char *ending)
{
    size_t n = strlen(ending);

    return key.len >= n && memcmp(key.data + key.len - n, ending, n) == 0;
}

static enum step_ending ending_of(struct bytes key)
{
    static const struct {
        const char *text;
        enum step_ending ending;
    } endings[] = {
        {"_ref", ENDING_REF}, {"_refs", ENDING_REFS}, {"_hex", ENDING_HEX}, {"_bin", ENDING_BIN}};

    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
        if (ends_in(key, endings[i].text))
            return endings[i].ending;
    return ENDING_NONE;
}

static bool add_step(struct draft *d, struct step step)
{
    if (d->p.steps == d->steps_room)
        return lexer_fail(&d->in, FAULT_LIMIT, d->in.at, "a shorter path");
    d->p.step[d->p.steps++] = step;
    return true;
}

static bool read_key(struct draft *d)
{
    struct step step = {.kind = STEP_KEY};

    lexer_space(&d->in);
    if (lexer_peek(&d->in, 0) == '\'') {
        if (!lexer_string(&d->in, &step.key))
            return false;
    } else {
        if (!lexer_name(&d->in, false, "a property name", &step.key))
            return false;
        step.key = lexer_keep(&d->in, step.key);
    }
    step.ending = ending_of(step.key);
    return add_step(d, step);
}

static bool read_index(struct draft *d)
{
    static const char want[] = "an index or * in [ ]";
    struct step step = {.kind = STEP_ALL};

    if (!lexer_sign(&d->in, "*")) {
        step.kind = STEP_AT;
        if (!lexer_integer(&d->in, INT64_MIN, INT64_MAX, want, &step.index))
            return false;
    }
    if (!lexer_sign(&d->in, "]"))
        return lexer_fail(&d->in, FAULT_SYNTAX, d->in.at, "] behind the index");
    return add_step(d, step);
}

static bool read_steps(struct draft *d, struct test *t)
{
    t->first_step = d->p.steps;
    if (!read_key(d))
        return false;
    for (;;) {
        if (lexer_sign(&d->in, ".")) {
            if (!read_key(d))
                return false;
        } else if (lexer_sign(&d->in, "[")) {
            if (!read_index(d))
                return false;
        } else {
            break;
        }
    }
    t->steps = d->p.steps - t->first_step;
    return !fault_is(d->in.fault);
}

/* ---- binding to a vocabulary ---- */

static bool is_plain(struct bytes key)
{
    for (size_t i = 0; i < key.len; i++) {
        uint8_t c = key.data[i];

        if (!(c == '_' || (c >= '0' && c <= '9' && i > 0) || (c >= 'a' && c <= 'z') ||
              (c >= 'A' && c <= 'Z')))
            return false;
    }
    return key.len > 0;
}

/* The path as vocabularies spell it: quotes only where they are needed, [*] for any index. */
static size_t spell(const struct draft *d, const struct test *t, char *out)
{
    size_t n = (size_t)snprintf(out, PATH_TEXT, "%.*s:", (int)t->type.len, t->type.data);

    for (uint32_t i = 0; i < t->steps && n < PATH_TEXT; i++) {
        const struct step *step = &d->p.step[t->first_step + i];
        const char *quote = is_plain(step->key) ? "" : "'";

        if (step->kind == STEP_KEY)
            n += (size_t)snprintf(out + n, PATH_TEXT - n, "%s%s%.*s%s", i == 0 ? "" : ".", quote,
                                  (int)step->key.len, step->key.data, quote);
        else
            n += (size_t)snprintf(out + n, PATH_TEXT - n, "[*]");
    }
    return n < PATH_TEXT ? n : 0;
}

static const struct pattern_property *find(const struct pattern_vocabulary *words, const char *path)
{
    for (size_t i = 0; i < words->count; i++)
        if (strcmp(words->list[i].path, path) == 0)
            return &words->list[i];
    return NULL;
}

static bool bind(struct draft *d, struct test *t, const struct pattern_property **property)
{
    const struct step *last = &d->p.step[t->first_step + t->steps - 1];
    char path[PATH_TEXT] = "";

    *property = spell(d, t, path) == 0 ? NULL : find(d->p.words, path);
    if (*property == NULL)
        return lexer_fail(&d->in, FAULT_UNKNOWN, t->at,
                          "a property that events have, as x-parley-event:x_service");
    t->property = (*property)->id;
    t->kind = (uint8_t)(*property)->kind;
    t->nth = last->kind == STEP_AT && last->index >= 0 && last->index < INT32_MAX
                 ? (int32_t)last->index
             : last->kind == STEP_AT ? INT32_MAX
                                     : -1;
    return true;
}

bool path_read(struct draft *d, struct test *t, const struct pattern_property **property)
{
    static const char want[] = "an object path, as ipv4-addr:value";
    enum step_ending ending = ENDING_NONE;

    *property = NULL;
    lexer_space(&d->in);
    t->at = (uint32_t)d->in.at;
    if (!lexer_name(&d->in, true, want, &t->type))
        return false;
    t->type = lexer_keep(&d->in, t->type);
    if (!lexer_sign(&d->in, ":"))
        return lexer_fail(&d->in, FAULT_SYNTAX, d->in.at, ": behind the object type");
    if (!read_steps(d, t))
        return false;
    for (uint32_t i = 0; i < t->steps; i++)
        if (d->p.step[t->first_step + i].kind == STEP_KEY)
            ending = d->p.step[t->first_step + i].ending;
    t->binary = ending == ENDING_HEX || ending == ENDING_BIN;
    return d->p.words == NULL || bind(d, t, property);
}
