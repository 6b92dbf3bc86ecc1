#include "base/memory.h"
#include "base/text.h"
#include "pact/parse.h"

enum { TITLE_MAX = 256, LANGUAGE_MAX = 35 /* RFC 5646 section 4.4.1 */ };

void *keep_block(struct keep *k, size_t count, size_t size)
{
    void *block = memory_zeroed(count == 0 ? 1 : count, size);

    if (k->blocks == KEEP_BLOCKS)
        die("parley: an agreement with more lists than the format has\n");
    k->block[k->blocks++] = block;
    return block;
}

void keep_free(struct keep *k)
{
    if (k == NULL)
        return;
    for (size_t i = 0; i < k->blocks; i++)
        free(k->block[i]);
    buf_done(&k->bytes);
    json_decref(k->tree);
    free(k);
}

const char *as_id(const struct member *m)
{
    const char *id = as_text(m, AGREEMENT_ID);

    if (!name_is_safe(bytes_text(id)))
        member_fail(m, FAULT_SYNTAX, "an id is [a-z0-9] and then [a-z0-9.-], at most %d long",
                    AGREEMENT_ID);
    return reader_ok(m->in) ? id : "";
}

const char *member_id(const struct member *object, const char *name)
{
    struct member m = member_get(object, name);

    return as_id(&m);
}

const char *as_made_of(const struct member *m, size_t max, const char *characters)
{
    const char *text = as_text(m, max);
    size_t good = strspn(text, characters);

    if (text[good] != '\0')
        member_fail(m, FAULT_SYNTAX, "character %zu cannot stand here", good + 1);
    return reader_ok(m->in) ? text : "";
}

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* [a-z]{2,3} and any subtags of 1 to 8 characters: RFC 5646 section 2.1, without grandfathers. */
static bool is_language(const char *tag)
{
    size_t n = strspn(tag, LOWER);

    if (n < 2 || n > 3 || strlen(tag) > LANGUAGE_MAX)
        return false;
    for (tag += n; *tag == '-'; tag += n) {
        n = strspn(++tag, LOWER UPPER "0123456789");
        if (n < 1 || n > 8)
            return false;
    }
    return *tag == '\0';
}

void languages_parse(struct keep *k, const struct member *object, const char *const **out,
                     size_t *count)
{
    struct member list = member_array(object, "languages", 1, AGREEMENT_LANGUAGES);
    const char **tags = keep_block(k, member_count(&list), sizeof *tags);
    size_t n = member_count(&list);

    for (size_t i = 0; i < n; i++) {
        struct member m = member_item(&list, i);

        tags[i] = as_line(&m, LANGUAGE_MAX);
        if (!is_language(tags[i]))
            member_fail(&m, FAULT_SYNTAX, "this is not a language tag like \"en\"");
        for (size_t j = 0; j < i; j++)
            if (strcmp(tags[i], tags[j]) == 0)
                member_fail(&m, FAULT_DUPLICATE, "this language is listed twice");
    }
    *out = tags;
    *count = n;
}

const char *title_parse(const struct member *object)
{
    struct member title = member_object(object, "title");
    const char *english = member_line(&title, "en", TITLE_MAX);
    json_t *tree = json_is_object(title.value) ? (json_t *)(uintptr_t)title.value : NULL;

    for (void *i = json_object_iter(tree); i != NULL; i = json_object_iter_next(tree, i)) {
        struct member m = member_get(&title, json_object_iter_key(i));

        as_line(&m, TITLE_MAX);
        if (!is_language(json_object_iter_key(i)))
            member_fail(&m, FAULT_SYNTAX, "a title's name is a language tag like \"en\"");
    }
    return english;
}

void clocks_parse(const struct member *clocks, bool all, uint32_t seconds[CLOCK_KINDS])
{
    for (int kind = CLOCK_NONE + 1; kind < CLOCK_KINDS; kind++)
        if (all || member_has(clocks, clock_name((enum clock_kind)kind)))
            seconds[kind] = (uint32_t)member_integer(clocks, clock_name((enum clock_kind)kind), 1,
                                                     AGREEMENT_CLOCK);
    member_only(clocks, "receipt", "ack-immediate", "ack-priority", "ack-routine", "answer",
                "inquiry", "close", "check", NULL);
}
