/*
 * make-log DIRECTORY COUNT - writes a log of so many entries as a node does: appended in groups,
 * heads signed by keeper and cosigned by the other party's, published for C2SP readers; beside
 * it some proofs. For readers that share no code with us: outside.go, check_log.py.
 *
 * Every suite that this machine has signs the heads. Syncs are left out, as a million entries
 * here are about form and not about power cuts. Prints the two Ed25519 keys as C2SP vkeys.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "ledger/growth.h"
#include "ledger/head.h"
#include "ledger/proof.h"
#include "ledger/publish.h"
#include "ledger/tiles.h"
#include "ledger/unsynced.h"
#include "party.h"

enum { STEPS = 5, SUITES = 3 };

static const char *const suites[SUITES] = {"ed25519", "sm2-sm3", "gost12-256"};
static const struct instant noon = {1795608000LL * 1000000};

struct signers {
    struct secret *log[SUITES], *cosign[SUITES];
    size_t count;
    struct note_signer author, cosigner;
};

static void must(struct fault f)
{
    if (!fault_is(f))
        return;
    fprintf(stderr, "make-log: %s at %zu: %s\n", fault_word(f.kind), f.at, f.rule);
    exit(1);
}

static void signers_init(struct signers *s)
{
    *s = (struct signers){0};
    s->author = (struct note_signer){.name = "a/parley/a-b-2015", .role = NOTE_AUTHOR};
    s->cosigner = (struct note_signer){.name = "b/parley/a-b-2015/cosign", .role = NOTE_COSIGNER};
    for (size_t i = 0; i < SUITES; i++) {
        const struct suite *suite = suite_find(bytes_text(suites[i]));

        if (suite == NULL || !suite_is_available(suite)) {
            fprintf(stderr, "make-log: %s is not available here\n", suites[i]);
            continue;
        }
        must(secret_new(suite, &s->log[s->count]));
        must(secret_new(suite, &s->cosign[s->count]));
        must(note_signer_add(&s->author, suite, secret_public(s->log[s->count])));
        must(note_signer_add(&s->cosigner, suite, secret_public(s->cosign[s->count])));
        s->count++;
    }
}

/* C2SP signed-note, "Verifier keys". */
static void print_vkey(const struct note_signer *s)
{
    const struct note_key *k = &s->key[0];
    uint8_t raw[33] = {s->role == NOTE_AUTHOR ? 1 : 4};
    struct buf text = {0};

    memcpy(raw + 1, k->key, 32);
    buf_base64(&text, raw, sizeof raw);
    printf("%s+%08x+%s\n", s->name,
           note_key_id(s->name, s->role, k->suite, bytes_of(k->key, k->len)), buf_str(&text));
    buf_done(&text);
}

static void write_file(int dir, const char *name, struct bytes content)
{
    must(files_place(&files_real, dir, "new", name, content, false));
}

/* One group: entries, keeper's head, the other party's cosignature. */
struct making {
    struct signers *signers;
    struct ledger *log;
    struct keeping *ours, *theirs;
    struct buf note, cosigned;
};

static void take_group(struct making *m, const struct bytes *texts, size_t count)
{
    uint64_t first = ledger_size(m->log), refused, *index = memory_zeroed(count, sizeof *index);
    struct digest *leaves = memory_zeroed(count, sizeof *leaves);
    struct instant now = noon;
    struct keeping_pen pen = {m->signers->author.name, m->signers->log, m->signers->count};
    struct keeping_pen other = {m->signers->cosigner.name, m->signers->cosign, m->signers->count};
    struct keeping_sign sign = {"a", "a-b-2015", first, texts, count, party_permits, &now, noon};
    struct keeping_cosign cosign = {&m->signers->author, {0}, first, leaves, count, noon};

    must(ledger_append(m->log, texts, count, index));
    buf_clear(&m->note);
    must(keeping_sign_head(m->ours, &sign, &pen, &m->note, &refused));
    for (size_t i = 0; i < count; i++)
        leaves[i] = *ledger_leaf(m->log, first + i);
    cosign.note = buf_view(&m->note);
    buf_clear(&m->cosigned);
    must(keeping_cosign(m->theirs, &cosign, &other, &m->cosigned));
    must(ledger_put_note(m->log, LEDGER_NOTE_BINDING, first + count, buf_view(&m->cosigned)));
    free(index);
    free(leaves);
}

static void grow(struct making *m, const struct party_keys *a, uint64_t to)
{
    struct buf group = {0}, text = {0};
    struct bytes *entry = memory_zeroed(LEDGER_GROUP, sizeof *entry);
    size_t *at = memory_zeroed(LEDGER_GROUP + 1, sizeof *at);

    while (ledger_size(m->log) < to) {
        uint64_t first = ledger_size(m->log);
        size_t count = 0;

        buf_clear(&group);
        for (; count < LEDGER_GROUP && first + count < to; count++) {
            uint64_t i = first + count; /* no permits: keeper remembers a quarter million */

            party_entry(a, i + (i % 3 == 0 && i != 0), (unsigned)(i % 3 == 0), &text);
            buf_bytes(&group, buf_view(&text));
            at[count + 1] = group.len;
        }
        for (size_t i = 0; i < count; i++)
            entry[i] = bytes_of(group.data + at[i], at[i + 1] - at[i]);
        take_group(m, entry, count);
    }
    free(entry);
    free(at);
    buf_done(&group);
    buf_done(&text);
}

/* Of entries at both ends and between, under the head of now; of the growth from older sizes. */
static void write_proofs(const struct making *m, int dir)
{
    uint64_t size = ledger_size(m->log);
    struct buf text = {0};

    for (uint64_t i = 0; i < 8; i++) {
        uint64_t index = i * (size - 1) / 7;
        char name[64];
        struct proof p;

        must(proof_make(m->log, index, buf_view(&m->cosigned), &p));
        buf_clear(&text);
        proof_write(&p, &text);
        snprintf(name, sizeof name, "%llu.tlog-proof", (unsigned long long)index);
        write_file(dir, name, buf_view(&text));
    }
    for (uint64_t old = 1; old < size; old = old * 7 + 1) {
        char name[64];
        struct growth g;

        must(growth_make(m->log, old, buf_view(&m->cosigned), &g));
        buf_clear(&text);
        growth_write(&g, &text);
        snprintf(name, sizeof name, "%llu-%llu.growth", (unsigned long long)old,
                 (unsigned long long)size);
        write_file(dir, name, buf_view(&text));
    }
    buf_done(&text);
}

/* The same from what is published, for readers to hold against it too. */
static void write_proofs_of_tiles(const struct making *m, int dir)
{
    uint64_t size = ledger_size(m->log);
    struct tiles *t = tiles_new(&files_reading, dir, size, TILES_HELD);
    struct buf text = {0};

    for (uint64_t i = 0; i < 5; i++) {
        struct proof p = {.index = i * (size - 1) / 4, .note = buf_view(&m->cosigned)};
        char name[64];

        must(tree_prove_inclusion(tiles_reader(t), p.index, size, &p.path));
        buf_clear(&text);
        proof_write(&p, &text);
        snprintf(name, sizeof name, "%llu.tiles.tlog-proof", (unsigned long long)p.index);
        write_file(dir, name, buf_view(&text));
    }
    tiles_free(t);
    buf_done(&text);
}

/* Every suite's line is there and holds, the author's and the cosigner's. */
static void check_signatures(const struct signers *s, struct bytes text)
{
    struct note note;

    must(note_parse(text, &note));
    must(note_verify(&note, &s->author, NULL));
    must(note_verify(&note, &s->cosigner, NULL));
    fprintf(stderr, "make-log: signed and cosigned by %zu suites\n", s->count);
}

int main(int count, char **args)
{
    struct files files = files_unsynced();
    struct signers signers;
    struct party_keys a;
    struct making m = {.signers = &signers};
    struct publish publish;
    uint64_t size = count == 3 ? strtoull(args[2], NULL, 10) : 0;
    int dir = count == 3 ? open(args[1], O_RDONLY | O_DIRECTORY) : -1, partner;

    if (dir < 0 || size == 0) {
        fprintf(stderr, "usage: make-log DIRECTORY COUNT\n");
        return 2;
    }
    signers_init(&signers);
    party_init(&a, 'a');
    if (mkdirat(dir, "partner", 0700) != 0 ||
        (partner = openat(dir, "partner", O_RDONLY | O_DIRECTORY)) < 0)
        return 1;
    must(ledger_open(&files, dir, signers.author.name, 0, true, &m.log));
    must(keeping_open(&files, dir, noon, true, &m.ours));
    must(keeping_open(&files, partner, noon, true, &m.theirs));
    must(publish_init(&publish, &files, dir, m.log));
    for (uint64_t step = 1; step <= STEPS; step++) {
        grow(&m, &a, size * step / STEPS);
        must(publish_note(&publish, buf_view(&m.cosigned)));
        write_proofs(&m, dir);
        write_proofs_of_tiles(&m, dir);
    }
    check_signatures(&signers, buf_view(&m.cosigned));
    print_vkey(&signers.author);
    print_vkey(&signers.cosigner);
    ledger_free(m.log);
    keeping_free(m.ours);
    keeping_free(m.theirs);
    buf_done(&m.note);
    buf_done(&m.cosigned);
    for (size_t i = 0; i < signers.count; i++) {
        secret_free(signers.log[i]);
        secret_free(signers.cosign[i]);
    }
    party_done(&a);
    return 0;
}
