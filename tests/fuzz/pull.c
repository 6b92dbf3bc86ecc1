/* Fuzzes exchange/pull.h: a server that answers anything at all. The walk ends; its state is read
 * back as it was written; any bytes are a state or none. */
#include <assert.h>
#include <stdio.h>

#include "base/cursor.h"
#include "exchange/pull.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS = 400 };

/* One answer of six bytes. */
static void answer(struct cursor *in, struct pull_answer *a, char next[24], char last[40])
{
    uint8_t what = cursor_u8(in), count = cursor_u8(in), from = cursor_u8(in);
    uint8_t date = cursor_u8(in), flags = cursor_u8(in), bits = cursor_u8(in);
    static const unsigned codes[] = {200, 200, 200, 200, 400, 404, 503, 301};
    struct instant when = {(int64_t)date * 1000000 + (bits & 3)};

    instant_micro_write(when, last);
    snprintf(next, 24, "%u", from);
    *a = (struct pull_answer){.trouble = what > 250 ? (enum pull_trouble)(what - 251) : 0,
                              .status = codes[what & 7],
                              .typed = (flags & 1) != 0,
                              .first = "",
                              .last = (flags & 2) != 0 ? last : "",
                              .has_date = (flags & 4) != 0,
                              .date = when,
                              .more = (flags & 0x18) != 0,
                              .odd = (flags & 0x60) == 0x60,
                              .next = (flags & 0x80) != 0 ? next : "",
                              .count = count & 7,
                              .fresh = count >> 3 < (count & 7) ? count >> 3 : 0,
                              .digest = from};
}

static void same_state(const struct pull *p)
{
    struct buf text = {0}, again = {0};
    struct pull_state s;
    struct fault f;

    pull_state_write(pull_state(p), &text);
    f = pull_state_parse(buf_view(&text), &s);
    assert(!fault_is(f));
    pull_state_write(&s, &again);
    assert(bytes_equal(buf_view(&text), buf_view(&again)));
    buf_done(&text);
    buf_done(&again);
}

/* The last answers again and again: no server keeps us for ever. */
static void ends(struct pull *p, const struct pull_answer *a)
{
    struct pull_answer same = *a;

    same.fresh = 0;
    for (size_t i = 0; i < 200000 && pull_end(p) == PULL_GOES_ON; i++)
        pull_heard(p, &same);
    assert(pull_end(p) != PULL_GOES_ON);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor in = cursor_over(bytes_of(data, size), "fuzz");
    struct pull_state state = {.walking = false};
    struct pull_answer a = {.first = "", .last = "", .next = ""};
    char next[24], last[40];
    struct buf query = {0};
    struct pull *p;

    (void)fault_is(pull_state_parse(bytes_of(data, size), &state));
    p = pull_new(&state, 100, 0);
    for (size_t i = 0; i < STEPS && cursor_left(&in) >= 6 && pull_end(p) == PULL_GOES_ON; i++) {
        answer(&in, &a, next, last);
        pull_heard(p, &a);
        buf_clear(&query);
        pull_ask(p, &query);
        assert(query.len < 8192);
        same_state(p);
    }
    ends(p, &a);
    pull_free(p);
    buf_done(&query);
    return 0;
}
