/* Fuzzes ledger/note.c and checkpoint.c: a checkpoint that is read is written back the same. */
#include "ledger/note.h"
#include "base/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct note_signer signer(enum note_role role)
{
    static const uint8_t seed[32] = {1};
    const struct suite *suite = suite_find(bytes_text("ed25519"));
    struct note_signer s = {.name = "a/parley/x", .role = role};
    struct secret *secret = NULL;

    if (fault_is(secret_from_seed(suite, seed, &secret)) ||
        fault_is(note_signer_add(&s, suite, secret_public(secret))))
        die("no key\n");
    secret_free(secret);
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct note_signer author, cosigner;
    struct note n;
    struct checkpoint c;
    struct buf back = {0};
    struct instant time;

    if (author.count == 0) {
        author = signer(NOTE_AUTHOR);
        cosigner = signer(NOTE_COSIGNER);
    }
    if (!fault_is(checkpoint_parse(bytes_of(data, size), &c))) {
        checkpoint_write(&c, &back);
        if (!bytes_equal(buf_view(&back), bytes_of(data, size)))
            die("a checkpoint does not come back\n");
    }
    if (!fault_is(note_parse(bytes_of(data, size), &n))) {
        if (n.text.len >= size || n.count == 0)
            die("a note larger than itself\n");
        (void)!fault_is(note_verify(&n, &author, NULL));
        (void)!fault_is(note_verify(&n, &cosigner, &time));
        buf_clear(&back);
        note_copy_lines(&n, &author, &back);
    }
    buf_done(&back);
    return 0;
}
