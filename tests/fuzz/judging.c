/* Fuzzes judge/: any frame on a link that did not greet, and any entry with any document. */
#include <assert.h>

#include "base/cursor.h"
#include "judge/content.h"
#include "judge/judging.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct agreement pact = {.id = "x",
                                      .version = 1,
                                      .suites = {"ed25519"},
                                      .suite_count = 1,
                                      .parties = {{.id = "a"}, {.id = "b"}}};

static void frame(struct bytes payload, uint8_t type)
{
    static const uint8_t exporter[HELLO_EXPORTER];
    static struct judging_verdict v;
    const struct agreement *all = &pact;
    static struct judging *j;

    if (j == NULL)
        j = judging_new(&all, 1, "a");
    if (!fault_is(judging_link_up(j, 1, bytes_text("x"), bytes_text("b"), true, exporter)))
        if (!fault_is(judging_frame(j, 1, type, payload, &v)))
            assert(type == FRAME_BYE); /* nothing else is good without the partner's keys */
    judging_link_down(j, 1);
}

static void entry(struct bytes all)
{
    struct cursor in = cursor_over(all, "fuzz");
    struct bytes text = cursor_part(&in, ENTRY_MAX);
    struct bytes document = cursor_take(&in, cursor_left(&in));
    struct judgement v;
    struct entry e;

    if (!cursor_ok(&in) || fault_is(entry_parse(text, &e)))
        return;
    v = content_judge(&pact, &pact.parties[1], &e, document);
    assert(v.ground < GROUND_COUNT && (v.ground == GROUND_NONE) == (v.rule[0] == '\0'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    frame(bytes_of(data + 1, size - 1), data[0]);
    entry(bytes_of(data + 1, size - 1));
    return 0;
}
