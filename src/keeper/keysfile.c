#include "keeper/keysfile.h"

#include "base/cursor.h"
#include "hotline/frame.h"

static const char rule[] = "keeper: a file of keys";

static struct fault parse(struct keysfile *k, const struct agreement *a, const char *party,
                          struct bytes text)
{
    struct cursor in = cursor_over(text, rule);
    struct bytes entry = cursor_part(&in, FRAME_ENTRY), document = cursor_part(&in, FRAME_DOCUMENT);
    struct fault f = cursor_ok(&in) ? keysfile_begin(k, a, party, entry, document) : in.fault;

    while (!fault_is(f) && cursor_left(&in) != 0) {
        uint64_t index = cursor_u64(&in);

        entry = cursor_part(&in, FRAME_ENTRY);
        document = cursor_part(&in, FRAME_DOCUMENT);
        f = cursor_ok(&in) ? keysfile_change(k, a, party, index, entry, document) : in.fault;
    }
    return f;
}

struct fault keysfile_parse(const struct agreement *a, const char *party, struct bytes text,
                            struct keysfile *out)
{
    struct keysfile k = {.tenure = {.count = 0}};
    struct fault f = parse(&k, a, party, text);

    if (fault_is(f))
        keysfile_done(&k);
    else
        *out = k;
    return f;
}

struct fault keysfile_begin(struct keysfile *k, const struct agreement *a, const char *party,
                            struct bytes entry, struct bytes document)
{
    struct fault f = tenure_begin(&k->tenure, a, party, entry, document);

    if (fault_is(f))
        return f;
    buf_clear(&k->text);
    buf_part(&k->text, entry);
    buf_part(&k->text, document);
    return f;
}

struct fault keysfile_change(struct keysfile *k, const struct agreement *a, const char *party,
                             uint64_t index, struct bytes entry, struct bytes document)
{
    struct fault f = tenure_change(&k->tenure, a, party, index, entry, document);

    if (fault_is(f))
        return f;
    buf_u64(&k->text, index);
    buf_part(&k->text, entry);
    buf_part(&k->text, document);
    return f;
}

void keysfile_cut(struct keysfile *k, uint64_t index)
{
    struct cursor in = cursor_over(buf_view(&k->text), rule);

    tenure_cut(&k->tenure, index);
    (void)cursor_part(&in, FRAME_ENTRY);
    (void)cursor_part(&in, FRAME_DOCUMENT);
    while (cursor_ok(&in) && cursor_left(&in) != 0) {
        size_t start = in.at;

        if (cursor_u64(&in) >= index) {
            k->text.len = start;
            return;
        }
        (void)cursor_part(&in, FRAME_ENTRY);
        (void)cursor_part(&in, FRAME_DOCUMENT);
    }
}

void keysfile_done(struct keysfile *k)
{
    tenure_done(&k->tenure);
    buf_done(&k->text);
    *k = (struct keysfile){.tenure = {.count = 0}};
}
