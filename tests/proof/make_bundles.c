/* Writes bundles into the directory that its argument names, for tests in other languages and for
 * the fuzzer's corpus. */
#include <stdio.h>

#include "proof/make_bundle.h"
#include "test.h"

static int write_bundle(const char *folder, const char *name, struct make_wishes w)
{
    struct buf text = {0};
    char path[512];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    make_text(&w, &text);
    f = fopen(path, "w");
    if (f == NULL || fwrite(text.data, 1, text.len, f) != text.len || fclose(f) != 0) {
        perror(path);
        return 1;
    }
    buf_done(&text);
    return 0;
}

/* VERDICT-WHAT: the exit code that `parley verify` must have. */
static const struct {
    const char *name;
    struct make_wishes wish;
} files[] = {
    {"0-good", {.small = false}},
    {"0-small", {.small = true}},
    {"0-second", {.second_opens = true, .same_second = true}},
    {"0-late", {.ack_later = 14400}},
    {"0-back-dated", {.notice_claims = -86400}},
    {"0-erased", {.no_document_at = 6}},
    {"6-gap", {.gap_at = 6}},
    {"5-case", {.other_case_at = 6}},
    {"0-class", {.other_class_at = 6}},
    {"6-previous", {.other_previous_at = 6}},
    {"0-answers", {.no_answers_at = 6}},
    {"6-agreement", {.other_agreement_at = 6}},
    {"0-check", {.check = true}},
    {"0-nonce", {.check = true, .other_nonce = true}},
    {"0-no-nonce", {.check = true, .no_document_at = 2}},
    {"5-genesis", {.other_genesis_root = true}},
    {"5-fork", {.fork = true}},
    {"5-fork-same", {.fork = true, .fork_same_size = true}},
    {"5-time", {.falling_time = true}},
    {"5-stray", {.stray_line = true}},
    {"5-opening", {.wrong_opening = true}},
    {"5-elsewhere", {.opening_elsewhere = true}},
    {"6-head", {.drop_cosignature = 6}},
    {"6-version", {.unknown_version_at = 6}},
};

int main(int argc, char **argv)
{
    int bad = argc != 2;

    for (size_t i = 0; !bad && i < sizeof files / sizeof *files; i++)
        bad = write_bundle(argv[1], files[i].name, files[i].wish);
    return bad;
}
