#include "cmd/exhibit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/args.h"
#include "cmd/disk.h"
#include "cmd/run.h"
#include "cmd/verdict.h"
#include "ledger/growth.h"
#include "proof/alone.h"
#include "proof/bundle.h"
#include "proof/directory.h"
#include "proof/heads.h"
#include "statement/document.h"

enum { EXHIBITS = 1 + DIRECTORY_HEADS, ENTRY_FILE = 1 << 16, PATH = 4096 };

enum kind_of_file { FILE_NONE = 0, FILE_BUNDLE, FILE_PROOF, FILE_HEAD, FILE_DIRECTORY };

struct exhibit {
    const char *path;
    enum kind_of_file kind;
    struct buf text;            /* of a file */
    struct buf entry, document; /* what lies beside a proof; empty if nothing does */
};

static bool starts(struct bytes text, const char *with)
{
    return text.len >= strlen(with) && memcmp(text.data, with, strlen(with)) == 0;
}

static bool is_directory(const char *path)
{
    struct stat s;

    return strcmp(path, "-") != 0 && stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

bool exhibit_is_asked(const struct call *call)
{
    const char *path = call->args->word[0];
    char first[32] = "";
    FILE *f;

    if (call->args->words != 1 || is_directory(path))
        return true;
    if (strcmp(path, "-") == 0 || (f = fopen(path, "re")) == NULL)
        return false; /* the one who reads it will say what is wrong */
    first[fread(first, 1, sizeof first - 1, f)] = '\0';
    (void)fclose(f);
    return strncmp(first, "c2sp.org/tlog-proof", 19) == 0;
}

/* "x.tlog-proof" -> "x.entry"; beside any other name it is put behind. False if too long. */
static bool name_beside(const char *path, const char *suffix, char *out)
{
    struct bytes stem = disk_stem(path, ".tlog-proof");

    return (size_t)snprintf(out, PATH, "%.*s%s", (int)stem.len, path, suffix) < PATH;
}

static void read_beside(const char *path, const char *suffix, size_t max, struct buf *out)
{
    char name[PATH];

    if (name_beside(path, suffix, name) && disk_has(name) && fault_is(disk_read(name, max, out)))
        buf_clear(out);
}

static enum exit_code read_one(const struct call *call, const char *path, struct exhibit *out)
{
    struct fault f;

    out->path = path;
    if (is_directory(path)) {
        out->kind = FILE_DIRECTORY;
        return EXIT_DONE;
    }
    f = disk_read(path, BUNDLE_MAX, &out->text);
    if (fault_is(f))
        return disk_error(call->say, f, path);
    out->kind = starts(buf_view(&out->text), "{")                     ? FILE_BUNDLE
                : starts(buf_view(&out->text), "c2sp.org/tlog-proof") ? FILE_PROOF
                                                                      : FILE_HEAD;
    if (out->kind == FILE_PROOF) {
        read_beside(path, ".entry", ENTRY_FILE, &out->entry);
        read_beside(path, ".document", DOCUMENT_MAX, &out->document);
    }
    return EXIT_DONE;
}

static struct alone alone_of(const struct exhibit *e)
{
    return (struct alone){buf_view(&e->text), buf_view(&e->entry), buf_view(&e->document)};
}

static enum exit_code judge_directory(const struct call *call, const struct exhibit *e,
                                      size_t count, const struct trust *t, struct findings *out)
{
    struct bytes heads[DIRECTORY_HEADS];
    struct directory d = {&files_reading, -1, t, heads, count - 1};
    struct directory_result result;

    for (size_t i = 1; i < count; i++)
        heads[i - 1] = buf_view(&e[i].text);
    d.dir = open(e[0].path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d.dir < 0)
        return disk_error(call->say, fault_io("open"), e[0].path);
    directory_verify(&d, &result, out);
    (void)close(d.dir);
    return EXIT_DONE;
}

static bool all_are(const struct exhibit *e, size_t from, size_t count, enum kind_of_file kind)
{
    for (size_t i = from; i < count; i++)
        if (e[i].kind != kind)
            return false;
    return true;
}

static enum exit_code judge(const struct call *call, const struct exhibit *e, size_t count,
                            const struct trust *t, struct findings *out)
{
    enum evidence evidence;
    struct alone one = alone_of(&e[0]), two;

    if (e[0].kind == FILE_DIRECTORY && all_are(e, 1, count, FILE_HEAD))
        return judge_directory(call, e, count, t, out);
    if (count == 1 && e[0].kind == FILE_PROOF) {
        alone_verify(&one, t, out);
        return EXIT_DONE;
    }
    if (count == 2 && all_are(e, 0, 2, FILE_PROOF)) {
        two = alone_of(&e[1]);
        alone_compare(&one, &two, t, out, &evidence);
        return EXIT_DONE;
    }
    if (count == 2 && all_are(e, 0, 2, FILE_BUNDLE)) {
        trust_compare(buf_view(&e[0].text), buf_view(&e[1].text), out, &evidence);
        return EXIT_DONE;
    }
    if (count == 2 && all_are(e, 0, 2, FILE_HEAD)) {
        heads_verify(buf_view(&e[0].text), buf_view(&e[1].text), t, out, &evidence);
        return EXIT_DONE;
    }
    return say_error(call->say, EXIT_USAGE, "usage",
                     "one or two case bundles; one or two tlog-proofs; two heads; or a log's "
                     "directory and heads of it",
                     "parley help verify", "these files are not checked together");
}

/* --- print ---------------------------------------------------------------------------------- */

static const char *const state_words[] = {"not made", "ok", "noted", "bad", "unknown"};

static void print_findings(struct say *s, const struct findings *f)
{
    for (size_t i = 0; i < f->count; i++) {
        const struct finding *row = &f->row[i];
        bool good = row->state == CHECK_OK || row->state == CHECK_NOTED;
        char *found = say_outside(s, row->found);

        say_data(s, "%s%s%s %-13s %s\n",
                 say_style(s, row->state == CHECK_BAD  ? STYLE_BAD
                              : row->state == CHECK_OK ? STYLE_GOOD
                                                       : STYLE_WARN),
                 row->state == CHECK_UNKNOWN ? "?" : say_mark(s, good), say_style(s, STYLE_NONE),
                 row->name, found);
        free(found);
    }
}

static void print_json(struct say *s, const struct findings *f)
{
    json_t *list = json_array();

    for (size_t i = 0; i < f->count; i++)
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s}", "name", f->row[i].name, "state",
                                        state_words[f->row[i].state], "found", f->row[i].found));
    say_json(s, json_pack("{s:s, s:o}", "verdict", verdict_word(f->verdict), "checks", list));
}

static enum exit_code print(struct say *s, const struct findings *f)
{
    if (s->json)
        print_json(s, f);
    else {
        print_findings(s, f);
        say_verdict(s, f->verdict);
    }
    return verdict_exit(f->verdict);
}

/* --- run ------------------------------------------------------------------------------------ */

static enum exit_code take_keys(const struct call *call, struct trust *t, bool *has,
                                struct findings *out)
{
    const char *path = args_value(call->args, "--keys");
    struct buf text = {0};
    struct fault f;

    *has = false;
    if (path == NULL)
        return EXIT_DONE;
    f = disk_read(path, BUNDLE_MAX, &text);
    if (fault_is(f))
        return disk_error(call->say, f, path);
    *has = !fault_is(trust_read(buf_view(&text), t, out));
    buf_done(&text);
    return EXIT_DONE;
}

/* The fingerprints that a person compares with paper. */
static void print_trusted(struct say *s, const struct trust *t)
{
    for (size_t i = 0; i < BUNDLE_LOGS && !s->json; i++)
        for (size_t k = 0; k < t->parties[i].root_count; k++)
            say_data(s, "%s %-13s %s  %s %s\n", " ", i == 0 && k == 0 ? "trusted" : "",
                     t->parties[i].id, t->parties[i].roots[k].suite,
                     t->parties[i].roots[k].fingerprint);
}

enum exit_code exhibit_run(const struct call *call)
{
    size_t count = call->args->words;
    struct exhibit *e;
    struct trust *t;
    struct findings f;
    enum exit_code code = EXIT_DONE;
    bool has_keys;

    if (count > EXHIBITS)
        return say_error(call->say, EXIT_USAGE, "usage", "a directory and 64 heads are the most",
                         NULL, "too many files");
    e = memory_zeroed(count, sizeof *e);
    t = memory_zeroed(1, sizeof *t);
    findings_init(&f);
    for (size_t i = 0; i < count && code == EXIT_DONE; i++)
        code = read_one(call, call->args->word[i], &e[i]);
    if (code == EXIT_DONE)
        code = take_keys(call, t, &has_keys, &f);
    if (code == EXIT_DONE)
        code = judge(call, e, count, has_keys ? t : NULL, &f);
    if (code == EXIT_DONE) {
        if (has_keys)
            print_trusted(call->say, t);
        code = print(call->say, &f);
    }
    for (size_t i = 0; i < count; i++) {
        buf_done(&e[i].text);
        buf_done(&e[i].entry);
        buf_done(&e[i].document);
    }
    free(e);
    trust_done(t);
    free(t);
    return code;
}
