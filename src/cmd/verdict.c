#include "cmd/verdict.h"

static const struct {
    enum exit_code exit;
    const char *word, *meaning;
    enum style style;
} verdicts[] = {
    [VERDICT_NONE] = {EXIT_FAILED, "NONE", "", STYLE_NONE},
    [VERDICT_VERIFIED] = {EXIT_DONE, "VERIFIED", "neither side can deny what is checked here",
                          STYLE_GOOD},
    [VERDICT_FORGED] = {EXIT_FORGED, "FORGED OR ALTERED", "do not rely on this", STYLE_BAD},
    [VERDICT_CANNOT_TELL] = {EXIT_CANNOT_TELL, "CANNOT TELL",
                             "something needed to say is missing here", STYLE_WARN},
    [VERDICT_CONTRADICTION] = {EXIT_FORGED, "CONTRADICTION",
                               "its author signed two histories: this convicts him", STYLE_BAD},
};

const char *verdict_word(enum verdict v)
{
    return verdicts[v].word;
}

enum exit_code verdict_exit(enum verdict v)
{
    return verdicts[v].exit;
}

void say_verdict(struct say *s, enum verdict v)
{
    say_data(s, "%s%-10s%s  %s\n", say_style(s, verdicts[v].style), verdicts[v].word,
             say_style(s, STYLE_NONE), verdicts[v].meaning);
}
