/*
 * bench-ledger DIRECTORY - what the ledger costs, beside what its disk and processor can do.
 *
 * Everything in one run, side by side, because the wall times of one machine at two moments do
 * not compare: for each size of group, rounds of a bare pwrite and fdatasync of as many bytes,
 * of the ledger's append, and of append, keeper's record and the signed head. Prints `name value`
 * lines, which tools/bench/ledger.py makes tables of. Of a build without sanitizers; DIRECTORY is
 * empty, on the disk to be measured. With a number behind it that many commits are made and nothing
 * is measured (tests/ledger/syncs.py).
 */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "ledger/keeping.h"
#include "ledger/ledger.h"
#include "ledger/proof.h"

enum { SMALL = 256, ROUNDS = 300, RAW_FILE = 64 << 20 };

static const struct instant noon = {1795608000LL * 1000000};
static int top;

static void must(struct fault f)
{
    if (!fault_is(f))
        return;
    fprintf(stderr, "bench-ledger: %s %zu: %s\n", fault_word(f.kind), f.at, f.rule);
    exit(1);
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static int new_dir(const char *name)
{
    int fd;

    if (mkdirat(top, name, 0700) != 0 || (fd = openat(top, name, O_RDONLY | O_DIRECTORY)) < 0) {
        perror(name);
        exit(1);
    }
    return fd;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *v, size_t n)
{
    qsort(v, n, sizeof *v, by_value);
    return v[n / 2];
}

/* A file of zeros, written and synced: the best case for what follows. */
static int raw_file(void)
{
    int fd = openat(top, "raw", O_RDWR | O_CREAT | O_TRUNC, 0600);
    uint8_t *zeros = memory_zeroed(1, 1 << 20);

    for (int i = 0; i < RAW_FILE >> 20; i++)
        if (pwrite(fd, zeros, 1 << 20, (off_t)i << 20) != 1 << 20)
            exit(1);
    if (fdatasync(fd) != 0)
        exit(1);
    free(zeros);
    return fd;
}

static double raw_write(int fd, const void *data, size_t len, off_t at)
{
    double start = now();

    if (pwrite(fd, data, len, at % (RAW_FILE - (8 << 20))) != (ssize_t)len || fdatasync(fd) != 0)
        exit(1);
    return now() - start;
}

/* A real entry, about 560 bytes, different for each i. */
static void entry_text(uint64_t i, struct buf *out)
{
    struct entry e = {.agreement = "a-b-2015",
                      .version = 1,
                      .from = "a",
                      .kind = i == 0 ? KIND_GENESIS : KIND_EVIDENCE,
                      .class = CLASS_REAL,
                      .leaves = 8,
                      .disclosed_length = 1,
                      .permit_kind = i == 0 ? PERMIT_ROOT : PERMIT_AUTOMATIC};

    memcpy(e.document.byte, &i, sizeof i);
    e.time = instant_of_seconds(1795608000);
    entry_write(&e, out);
}

struct group {
    struct buf bytes;
    struct bytes entry[LEDGER_GROUP];
    uint64_t index[LEDGER_GROUP];
};

static void fill(struct group *g, uint64_t from, size_t count, bool real)
{
    size_t at[LEDGER_GROUP + 1] = {0};

    buf_clear(&g->bytes);
    for (size_t i = 0; i < count; i++) {
        uint64_t number = from + i;

        if (real) {
            entry_text(number, &g->bytes);
        } else {
            uint8_t text[SMALL] = {0};

            memcpy(text, &number, sizeof number);
            memset(text + 8, 'x', sizeof text - 8);
            buf_add(&g->bytes, text, sizeof text);
        }
        at[i + 1] = g->bytes.len;
    }
    for (size_t i = 0; i < count; i++)
        g->entry[i] = bytes_of(g->bytes.data + at[i], at[i + 1] - at[i]);
}

static struct fault let_go(void *context, size_t i, const struct entry *e, struct instant *expires)
{
    (void)context;
    (void)i;
    (void)e;
    *expires = (struct instant){noon.us + 3600LL * 1000000};
    return fault_none();
}

struct node {
    struct ledger *ledger;
    struct keeping *keeping;
    struct secret *secret;
    struct buf note;
};

static void node_init(struct node *n, const char *name)
{
    int dir = new_dir(name);

    memset(n, 0, sizeof *n);
    must(ledger_open(&files_real, dir, "a/parley/a-b-2015", 0, true, &n->ledger));
    must(keeping_open(&files_real, dir, noon, true, &n->keeping));
    must(secret_new(suite_find(bytes_text("ed25519")), &n->secret));
}

static void node_done(struct node *n)
{
    ledger_free(n->ledger);
    keeping_free(n->keeping);
    secret_free(n->secret);
    buf_done(&n->note);
}

static double sign(struct node *n, const struct group *g, uint64_t first, size_t count)
{
    struct keeping_sign s = {"a", "a-b-2015", first, g->entry, count, let_go, NULL, noon};
    struct keeping_pen pen = {"a/parley/a-b-2015", &n->secret, 1};
    double start = now();
    uint64_t refused;

    buf_clear(&n->note);
    must(keeping_sign_head(n->keeping, &s, &pen, &n->note, &refused));
    must(ledger_put_note(n->ledger, LEDGER_NOTE_STORED, first + count, buf_view(&n->note)));
    return now() - start;
}

struct result {
    double raw, append, whole;              /* median seconds a group */
    double append_cpu, whole_cpu;           /* seconds a leaf, all rounds */
    double small_bytes, real_bytes, fsync_; /* bytes an entry; fdatasync of 4 KiB */
};

static void one_size(size_t count, size_t rounds, int raw, struct group *g, struct result *r)
{
    static double raw_time[ROUNDS], append[ROUNDS], whole[ROUNDS], plain[ROUNDS];
    static const uint8_t block[4096];
    struct node small, real;
    char name[32];
    double used = 0, used_whole = 0;

    snprintf(name, sizeof name, "small.%zu", count);
    node_init(&small, name);
    snprintf(name, sizeof name, "real.%zu", count);
    node_init(&real, name);
    for (size_t i = 0; i < rounds; i++) {
        double start, busy;

        plain[i] = raw_write(raw, block, sizeof block, (off_t)(i * 4096));
        fill(g, i * count, count, false);
        r->small_bytes = (double)g->bytes.len / (double)count;
        raw_time[i] = raw_write(raw, g->bytes.data, g->bytes.len, (off_t)(i * g->bytes.len));
        busy = cpu();
        start = now();
        must(ledger_append(small.ledger, g->entry, count, g->index));
        append[i] = now() - start;
        used += cpu() - busy;
        fill(g, i * count, count, true);
        r->real_bytes = (double)g->bytes.len / (double)count;
        busy = cpu();
        start = now();
        must(ledger_append(real.ledger, g->entry, count, g->index));
        whole[i] = now() - start + sign(&real, g, i * count, count);
        used_whole += cpu() - busy;
    }
    r->fsync_ = median(plain, rounds);
    r->raw = median(raw_time, rounds);
    r->append = median(append, rounds);
    r->whole = median(whole, rounds);
    r->append_cpu = used / (double)(rounds * count);
    r->whole_cpu = used_whole / (double)(rounds * count);
    node_done(&small);
    node_done(&real);
}

static void say(size_t group, const char *name, double value)
{
    printf("%zu.%s %.9g\n", group, name, value);
}

static void durable(int raw)
{
    static const struct {
        size_t count, rounds;
    } sizes[] = {{1, 300}, {256, 100}, {4096, 30}};
    struct group *g = memory_zeroed(1, sizeof *g);

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct result r = {0};

        one_size(sizes[i].count, sizes[i].rounds, raw, g, &r);
        say(sizes[i].count, "fdatasync", r.fsync_);
        say(sizes[i].count, "raw", r.raw);
        say(sizes[i].count, "append", r.append);
        say(sizes[i].count, "append_cpu", r.append_cpu);
        say(sizes[i].count, "whole", r.whole);
        say(sizes[i].count, "whole_cpu", r.whole_cpu);
    }
    buf_done(&g->bytes);
    free(g);
}

static void proofs(void)
{
    enum { LEAVES = 1 << 20, COUNT = 200000 };
    struct group *g = memory_zeroed(1, sizeof *g);
    struct node n;
    struct digest root, old;
    struct tree_path path;
    double start, prove, check, consistency, audit;

    node_init(&n, "proofs");
    for (uint64_t i = 0; i < LEAVES - 12345; i += 4096) {
        fill(g, i, 4096, false);
        must(ledger_append(n.ledger, g->entry, 4096, g->index));
    }
    root = ledger_root(n.ledger);
    start = cpu();
    for (uint64_t i = 0; i < COUNT; i++)
        must(tree_prove_inclusion(ledger_reader(n.ledger), i * 5, ledger_size(n.ledger), &path));
    prove = COUNT / (cpu() - start);
    start = cpu();
    for (uint64_t i = 0; i < COUNT; i++)
        must(tree_check_inclusion(ledger_leaf(n.ledger, (COUNT - 1) * 5ULL), (COUNT - 1) * 5ULL,
                                  ledger_size(n.ledger), &root, &path));
    check = COUNT / (cpu() - start);
    must(ledger_root_at(n.ledger, 777777, &old));
    start = cpu();
    for (uint64_t i = 0; i < COUNT; i++)
        must(tree_prove_consistency(ledger_reader(n.ledger), 500000 + i, ledger_size(n.ledger),
                                    &path));
    consistency = COUNT / (cpu() - start);
    start = cpu();
    must(ledger_check_all(n.ledger));
    audit = (double)ledger_size(n.ledger) / (cpu() - start);
    printf("leaves %llu\nprove %.9g\ncheck %.9g\nconsistency %.9g\naudit %.9g\n",
           (unsigned long long)ledger_size(n.ledger), prove, check, consistency, audit);
    node_done(&n);
    buf_done(&g->bytes);
    free(g);
}

static int number_of(const char *text)
{
    uint64_t v = 0;

    return decimal_read(bytes_text(text), 100000, &v) ? (int)v : 0;
}

/* One statement a commit, a line on standard output before each: for who counts the calls. */
static void commits(int count)
{
    struct group *g = memory_zeroed(1, sizeof *g);
    struct node n;

    node_init(&n, "commits");
    setvbuf(stdout, NULL, _IONBF, 0);
    for (int i = 0; i < count; i++) {
        printf("commit %d\n", i);
        fill(g, (uint64_t)i, 1, true);
        must(ledger_append(n.ledger, g->entry, 1, g->index));
        sign(&n, g, (uint64_t)i, 1);
    }
    printf("end %d\n", count);
    node_done(&n);
    buf_done(&g->bytes);
    free(g);
}

int main(int argc, char **argv)
{
    int raw;

    if (argc == 3 && (top = open(argv[1], O_RDONLY | O_DIRECTORY)) >= 0) {
        commits(number_of(argv[2]));
        return 0;
    }
    if (argc != 2 || (top = open(argv[1], O_RDONLY | O_DIRECTORY)) < 0) {
        fprintf(stderr, "usage: bench-ledger DIRECTORY (empty, on the disk to be measured)\n");
        return 2;
    }
    raw = raw_file();
    durable(raw);
    close(raw);
    proofs();
    return 0;
}
