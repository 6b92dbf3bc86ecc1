/* anchor.c - parley ledger anchor request, import: what an outsider is asked, and what he said */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cmd/answer.h"
#include "cmd/args.h"
#include "cmd/ask.h"
#include "cmd/disk.h"
#include "cmd/run.h"
#include "cmd/trusted.h"
#include "crypto/random.h"
#include "ledger/growth.h"
#include "proof/anchor.h"

/* The newest binding head of the log, with the growth from an older size, as the node says. */
static json_t *ask_growth(const struct call *call, enum exit_code *code)
{
    const char *log = args_value(call->args, "--log"), *from = args_value(call->args, "--from");
    json_t *ask = json_object();
    uint64_t size = 0;

    if (from != NULL && !decimal_read(bytes_text(from), 1ULL << 53, &size)) {
        json_decref(ask);
        *code = say_error(call->say, EXIT_USAGE, "usage", "a size is a number",
                          "parley ledger checkpoint", "%s is none", from);
        return NULL;
    }
    json_object_set_new(ask, "from", json_integer((json_int_t)size));
    if (log != NULL)
        json_object_set_new(ask, "log", json_string(log));
    return ask_node(call, "ledger.growth", ask, code);
}

static enum exit_code request(const struct call *call)
{
    const char *stem = args_value(call->args, "--out");
    uint8_t nonce[STAMP_NONCE];
    struct buf query = {0};
    struct digest digest;
    struct growth g;
    struct note n;
    enum exit_code code;
    json_t *a;

    if (stem == NULL)
        return say_error(call->say, EXIT_USAGE, "usage", "--out NAME says where to put it",
                         "parley ledger anchor request --out today", "no place is named");
    a = ask_growth(call, &code);
    if (a == NULL)
        return code;
    if (fault_is(growth_parse(bytes_text(answer_text(a, "growth")), &g)) ||
        fault_is(note_parse(g.note, &n))) {
        json_decref(a);
        return say_error(call->say, EXIT_FAILED, "answer", "the node's answer is no head", NULL,
                         "the head cannot be read");
    }
    digest = digest_of(n.text);
    random_bytes(nonce, sizeof nonce);
    stamp_request(&digest, nonce, &query);
    code = disk_give(call->say, bytes_text(stem), ".note", g.note);
    if (code == EXIT_DONE)
        code = disk_give(call->say, bytes_text(stem), ".tsq", buf_view(&query));
    if (code == EXIT_DONE)
        code =
            disk_give(call->say, bytes_text(stem), ".growth", bytes_text(answer_text(a, "growth")));
    buf_done(&query);
    json_decref(a);
    return code;
}

/* --- import --------------------------------------------------------------------------------- */

struct import {
    struct buf note, data;
    struct note parsed;
    struct anchor anchor;
    struct trusted trusted;
};

static enum exit_code read_import(const struct call *call, struct import *i)
{
    const char *note = call->args->word[1], *stamp = args_value(call->args, "--stamp"),
               *lines = args_value(call->args, "--lines"), *path = stamp != NULL ? stamp : lines;
    struct fault f;

    if ((stamp != NULL) == (lines != NULL))
        return say_error(call->say, EXIT_USAGE, "usage",
                         "--stamp FILE or --lines FILE, one of them",
                         "parley ledger anchor import today.note --stamp today.tsr --tsa ca.pem",
                         "what is to be imported?");
    f = disk_read(note, NOTE_MAX, &i->note);
    if (!fault_is(f))
        f = note_parse(buf_view(&i->note), &i->parsed);
    if (fault_is(f))
        return disk_error(call->say, f, note);
    f = disk_read(path, ANCHOR_DATA_MAX, &i->data);
    if (fault_is(f))
        return disk_error(call->say, f, path);
    i->anchor = (struct anchor){stamp != NULL ? ANCHOR_STAMP : ANCHOR_WITNESS, i->parsed.text,
                                buf_view(&i->data)};
    return trusted_read(call, &i->trusted);
}

/* The flags first: a usage error is said without a node. */
static enum exit_code read_all(const struct call *call, struct import *i)
{
    enum exit_code code = read_import(call, i);

    return code == EXIT_DONE ? trusted_agreed(call, &i->trusted) : code;
}

static enum exit_code hand_to_node(const struct call *call, const struct import *i,
                                   const struct anchored *found)
{
    const char *log = args_value(call->args, "--log");
    char time[INSTANT_TEXT + 1];
    struct buf note = {0}, data = {0};
    enum exit_code code;
    json_t *ask, *a;

    buf_bytes(&note, buf_view(&i->note));
    buf_base64(&data, i->data.data, i->data.len);
    ask = json_pack("{s:s, s:s, s:s}", "kind", anchor_kind_name(i->anchor.kind), "note",
                    buf_str(&note), "data", buf_str(&data));
    if (log != NULL)
        json_object_set_new(ask, "log", json_string(log));
    a = ask_node(call, "ledger.anchor", ask, &code);
    buf_done(&note);
    buf_done(&data);
    if (a == NULL)
        return code;
    instant_write(found->time, time);
    if (call->say->json)
        say_json(call->say, json_incref(a));
    else {
        char *who = say_outside(call->say, found->who);

        say_data(call->say, "%s the head of %lld was there by %s, says %s\n",
                 say_mark(call->say, true), answer_number(a, "size"), time, who);
        free(who);
    }
    json_decref(a);
    return code;
}

static enum exit_code import(const struct call *call)
{
    struct import *i = calloc(1, sizeof *i);
    struct anchored found;
    enum exit_code code;
    struct fault f;

    if (i == NULL)
        return EXIT_FAILED;
    code = read_all(call, i);
    if (code == EXIT_DONE) {
        f = anchor_verify(&i->anchor, &i->trusted.trust, &found);
        if (fault_is(f))
            code = say_error(call->say, f.kind == FAULT_UNKNOWN ? EXIT_CANNOT_TELL : EXIT_FORGED,
                             fault_word(f.kind), f.rule,
                             "parley ledger anchor import NOTE --stamp TSR --tsa CA.pem",
                             "it is not what an outsider you trust said of this head");
        else
            code = hand_to_node(call, i, &found);
    }
    buf_done(&i->note);
    buf_done(&i->data);
    trusted_done(&i->trusted);
    free(i);
    return code;
}

enum exit_code ledger_anchor(const struct call *call)
{
    const char *what = call->args->word[0];

    if (strcmp(what, "request") == 0 && call->args->words == 1)
        return request(call);
    if (strcmp(what, "import") == 0 && call->args->words == 2)
        return import(call);
    return say_error(call->say, EXIT_USAGE, "usage", "request, or import NOTE",
                     "parley help ledger anchor", "this is neither");
}
