/* agreement_sign.c - parley agreement sign */
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/agreement.h"
#include "cmd/args.h"
#include "cmd/disk.h"
#include "cmd/keyfile.h"
#include "cmd/run.h"

struct signing {
    const struct call *call;
    const char *path, *party;
    char *beside; /* path.sig; owned */
    struct agreement *a;
    struct signatures *s; /* with the new signature */
    struct buf before, after;
};

static enum exit_code sign_error(const struct signing *g, struct fault f)
{
    struct say *s = g->call->say;

    if (f.kind == FAULT_UNKNOWN)
        return say_error(s, EXIT_NOT_FOUND, "no-party", "the agreement names two parties",
                         "parley agreement show FILE", "%s is no party of %s", g->party, g->path);
    if (f.kind == FAULT_REFUSED)
        return say_error(s, EXIT_REFUSED, "not-root-key", f.rule, "parley key fingerprint KEY",
                         "this key is not the root key that the agreement names for %s", g->party);
    return say_error(s, EXIT_CONFLICT, fault_word(f.kind), f.rule,
                     "move it away; both parties sign anew", "%s holds signatures of another text",
                     g->beside);
}

/* Shows what the signature is for. To stderr: with --dry-run stdout is the file. */
static void show(const struct signing *g, const struct secret *key)
{
    struct buf digest = {0};
    char print[FINGERPRINT_TEXT];
    char *title = say_outside(g->call->say, g->a->title);

    fingerprint_write(secret_key_id(key), print);
    buf_base64(&digest, g->a->digest, sizeof g->a->digest);
    say_note(g->call->say,
             "You sign, for %s, with its root key %s:\n  agreement %s version %u \"%s\"\n"
             "  digest    %s\n",
             g->party, print, g->a->id, g->a->version, title, buf_str(&digest));
    buf_done(&digest);
    free(title);
}

static void sync_folder(const char *path)
{
    char *copy = memory_text(path, strlen(path));
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0) {
        (void)fsync(fd); /* best effort: the rename itself has succeeded */
        (void)close(fd);
    }
    free(copy);
}

/* The new file takes the old one's place whole or not at all. */
static enum exit_code replace(const struct signing *g)
{
    char *fresh = agreement_file_beside(g->beside, ".new");
    enum exit_code code = EXIT_DONE;
    struct fault f;

    (void)unlink(fresh); /* of one that was interrupted */
    f = disk_write_new(fresh, buf_view(&g->after), 0644);
    if (!fault_is(f) && rename(fresh, g->beside) != 0) {
        f = fault_io("rename");
        (void)unlink(fresh);
    }
    if (fault_is(f))
        code = disk_error(g->call->say, f, g->beside);
    else
        sync_folder(g->beside);
    free(fresh);
    return code;
}

static enum exit_code done(const struct signing *g, const char *what)
{
    bool both = !fault_is(agreement_signatures_verify(g->a, g->s, NULL));

    if (g->call->say->json)
        say_json(g->call->say, json_pack("{s:s, s:s, s:s, s:b}", "file", g->beside, "party",
                                         g->party, "state", what, "both", both));
    else
        say_data(g->call->say, "%s    %s for %s%s\n", what, g->beside, g->party,
                 both ? "; both parties have signed" : "; the other party has not signed yet");
    return EXIT_DONE;
}

static enum exit_code ask_and_write(const struct signing *g, const struct secret *key)
{
    struct say *s = g->call->say;
    enum exit_code code;

    show(g, key);
    if (args_has(g->call->args, "--dry-run")) {
        fwrite(g->after.data, 1, g->after.len, s->out);
        return EXIT_DONE;
    }
    if (bytes_equal(buf_view(&g->before), buf_view(&g->after)))
        return done(g, "already");
    if (!args_has(g->call->args, "--yes")) {
        if (!s->asked)
            return say_error(s, EXIT_USAGE, "needs-yes", "there is no terminal to ask at",
                             "the same command with --yes", "nothing was signed");
        if (!say_ask(s, "Sign?"))
            return say_error(s, EXIT_FAILED, "not-signed", NULL, NULL, "nothing was signed");
    }
    code = replace(g);
    return code == EXIT_DONE ? done(g, "signed") : code;
}

static enum exit_code sign(struct signing *g)
{
    enum exit_code code = EXIT_DONE;
    struct secret *key;
    struct fault f;

    if (!agreement_file_signatures(g->call->say, g->path, &g->s, &code))
        return code;
    if (g->s == NULL)
        g->s = signatures_new(g->a);
    else
        signatures_write(g->s, &g->before);
    key = keyfile_open(g->call->say, args_value(g->call->args, "--key"),
                       args_value(g->call->args, "--passphrase-file"), &code);
    if (key == NULL)
        return code;
    f = agreement_sign(g->a, g->party, key, g->s);
    if (fault_is(f)) {
        code = sign_error(g, f);
    } else {
        signatures_write(g->s, &g->after);
        code = ask_and_write(g, key);
    }
    secret_free(key);
    return code;
}

enum exit_code run_agreement_sign(const struct call *call)
{
    struct signing g = {
        .call = call, .path = call->args->word[0], .party = args_value(call->args, "--as")};
    enum exit_code code = EXIT_DONE;

    if (g.party == NULL || args_value(call->args, "--key") == NULL)
        return say_error(call->say, EXIT_USAGE, "usage", "--as PARTY and --key FILE are needed",
                         "parley agreement sign --help", "who signs, and with which key?");
    g.a = agreement_file_read(call->say, g.path, &code);
    if (g.a == NULL)
        return code;
    g.beside = agreement_file_beside(g.path, ".sig");
    code = sign(&g);
    free(g.beside);
    buf_done(&g.before);
    buf_done(&g.after);
    signatures_free(g.s);
    agreement_free(g.a);
    return code;
}
