/*
 * bench-ledger DIRECTORY - what the ledger costs, beside what its disk and processor can do.
 *
 * Everything in one run, side by side, because the wall times of one machine at two moments do
 * not compare: for each size of group, rounds of a bare pwrite and fdatasync of as many bytes,
 * of the ledger's append, of append and a signed head, and of append, keeper's record and the
 * signed head. Prints `name value` lines, which tools/bench/ledger.py makes tables of. Of a build
 * without sanitizers; DIRECTORY is empty, on the disk to be measured. With a number behind it that
 * many commits are made and nothing is measured (tests/ledger/syncs.py).
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
#include "ledger/publish.h"
#include "ledger/tiles.h"
#include "ledger/unsynced.h"

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

/* What is appended: 256 bytes that are no entry; the shortest entry that keeper takes; one as a
 * statement in a case has it, with everything that an entry can name and a permit of officers. */
enum what { WHAT_SMALL, WHAT_LEAST, WHAT_FULL, WHAT_COUNT };

static void small_text(uint64_t i, struct buf *out)
{
    uint8_t text[SMALL];

    memset(text, 'x', sizeof text);
    memcpy(text, &i, sizeof i);
    buf_add(out, text, sizeof text);
}

static void least_text(uint64_t i, struct buf *out)
{
    struct entry e = {.agreement = "a",
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

static void full_text(uint64_t i, struct buf *out)
{
    struct entry e = {.agreement = "a",
                      .version = 1,
                      .from = "a",
                      .kind = KIND_NOTICE,
                      .class = CLASS_EXERCISE,
                      .case_id = "C-0123456789ABCDEF",
                      .number = i + 1,
                      .has_previous = i != 0,
                      .has_answers = true,
                      .seen_size = 1000000 + i,
                      .leaves = 64,
                      .disclosed_length = 4321,
                      .permit_kind = PERMIT_DIGEST};

    memcpy(e.document.byte, &i, sizeof i);
    e.permit = digest_of(bytes_of(&i, sizeof i)); /* as scattered as a real one */
    e.time = instant_of_seconds(1795608000);
    entry_write(&e, out);
}

struct group {
    struct buf bytes;
    struct bytes entry[LEDGER_GROUP];
    uint64_t index[LEDGER_GROUP];
};

static void fill(struct group *g, uint64_t from, size_t count, enum what what)
{
    size_t at[LEDGER_GROUP + 1] = {0};

    buf_clear(&g->bytes);
    for (size_t i = 0; i < count; i++) {
        if (what == WHAT_SMALL)
            small_text(from + i, &g->bytes);
        else if (what == WHAT_LEAST || from + i == 0)
            least_text(from + i, &g->bytes); /* a log begins with its genesis */
        else
            full_text(from + i, &g->bytes);
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
    must(ledger_open(&files_real, dir, "a/parley/a", 0, true, &n->ledger));
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

/* The head over all that is there, signed without keeper, as the limit of what is below. */
static void sign_alone(struct node *n)
{
    struct checkpoint c = {bytes_text("a/parley/a"), ledger_size(n->ledger),
                           ledger_root(n->ledger)};
    struct buf text = {0};

    buf_clear(&n->note);
    checkpoint_write(&c, &text);
    note_begin(buf_view(&text), &n->note);
    note_sign(buf_view(&text), "a/parley/a", NOTE_AUTHOR, (struct instant){0}, &n->secret, 1,
              &n->note);
    must(ledger_put_note(n->ledger, LEDGER_NOTE_STORED, c.size, buf_view(&n->note)));
    buf_done(&text);
}

static void sign(struct node *n, const struct group *g, uint64_t first, size_t count)
{
    struct keeping_sign s = {"a", "a", first, g->entry, count, let_go, NULL, noon};
    struct keeping_pen pen = {"a/parley/a", &n->secret, 1};
    uint64_t refused;

    buf_clear(&n->note);
    must(keeping_sign_head(n->keeping, &s, &pen, &n->note, &refused));
    must(ledger_put_note(n->ledger, LEDGER_NOTE_STORED, first + count, buf_view(&n->note)));
}

/* The ways a group is made durable, from the bare entries to all that a node does. */
static const struct way {
    const char *name;
    enum what what;
    enum { HEAD_NONE, HEAD_ALONE, HEAD_KEEPER } head;
} ways[] = {
    {"append", WHAT_SMALL, HEAD_NONE},
    {"signed", WHAT_SMALL, HEAD_ALONE},
    {"least", WHAT_LEAST, HEAD_KEEPER},
    {"full", WHAT_FULL, HEAD_KEEPER},
};

enum { WAYS = sizeof ways / sizeof ways[0] };

static void say(size_t group, const char *name, const char *unit, double value)
{
    printf("%zu.%s%s %.9g\n", group, name, unit, value);
}

struct run {
    struct node node;
    double time[ROUNDS], cpu; /* seconds: of each group, of all */
    double bytes;             /* an entry */
};

static void one_group(struct run *r, const struct way *w, struct group *g, uint64_t first,
                      size_t count)
{
    double start, busy;

    fill(g, first, count, w->what);
    r->bytes = (double)g->bytes.len / (double)count;
    busy = cpu();
    start = now();
    must(ledger_append(r->node.ledger, g->entry, count, g->index));
    if (w->head == HEAD_ALONE)
        sign_alone(&r->node);
    if (w->head == HEAD_KEEPER)
        sign(&r->node, g, first, count);
    r->time[first / count] = now() - start;
    r->cpu += cpu() - busy;
}

/* All ways and the disk in turns, so that a neighbour's minute is everybody's. */
static void one_size(size_t count, size_t rounds, int raw, struct group *g)
{
    static double raw_time[ROUNDS], plain[ROUNDS];
    static const uint8_t block[4096];
    struct run *r = memory_zeroed(WAYS, sizeof *r);
    char name[32];

    for (size_t w = 0; w < WAYS; w++) {
        snprintf(name, sizeof name, "%s.%zu", ways[w].name, count);
        node_init(&r[w].node, name);
    }
    for (size_t i = 0; i < rounds; i++) {
        plain[i] = raw_write(raw, block, sizeof block, (off_t)(i * 4096));
        fill(g, i * count, count, WHAT_SMALL);
        raw_time[i] = raw_write(raw, g->bytes.data, g->bytes.len, (off_t)(i * g->bytes.len));
        for (size_t w = 0; w < WAYS; w++)
            one_group(&r[w], &ways[w], g, i * count, count);
    }
    say(count, "fdatasync", "", median(plain, rounds));
    say(count, "raw", "", median(raw_time, rounds));
    for (size_t w = 0; w < WAYS; w++) {
        say(count, ways[w].name, "", median(r[w].time, rounds));
        say(count, ways[w].name, "_cpu", r[w].cpu / (double)(rounds * count));
        say(count, ways[w].name, "_bytes", r[w].bytes);
        node_done(&r[w].node);
    }
    free(r);
}

static void durable(int raw)
{
    static const struct {
        size_t count, rounds;
    } sizes[] = {{1, 300}, {256, 100}, {4096, 30}};
    struct group *g = memory_zeroed(1, sizeof *g);

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        one_size(sizes[i].count, sizes[i].rounds, raw, g);
    buf_done(&g->bytes);
    free(g);
}

/* cold: from the published tiles, which are neither in our memory nor in the kernel's */

static void show_tiles(struct node *n, int dir)
{
    struct files files = files_unsynced(); /* one sync for all of them comes later */
    struct publish p;

    sign_alone(n);
    must(publish_init(&p, &files, dir, n->ledger));
    must(publish_note(&p, buf_view(&n->note)));
}

/* Out of the page cache with all tiles. */
static void drop_tiles(int dir, uint64_t size)
{
    for (int level = 0; size >> level * TILE_HEIGHT != 0; level++)
        for (uint64_t i = 0; i <= (size >> level * TILE_HEIGHT) / TILE_WIDTH; i++) {
            char path[TILE_PATH];
            int fd;

            publish_path(level, i, TILE_WIDTH, path);
            fd = openat(dir, path, O_RDONLY);
            if (fd >= 0 && posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) != 0)
                exit(1);
            if (fd >= 0)
                close(fd);
        }
}

/* The k-th of indices that lie far from each other, each in another tile than the ones before. */
static uint64_t scattered(uint64_t k, uint64_t size)
{
    return k * 0x9e3779b97f4a7c15ULL % size;
}

static uint64_t in_order(uint64_t k, uint64_t size)
{
    return k * 5 % size;
}

/* Proofs a CPU-second, nothing held as it begins. */
static double cold(const struct node *n, int dir, size_t held, uint64_t count,
                   uint64_t (*place)(uint64_t, uint64_t))
{
    uint64_t size = ledger_size(n->ledger);
    struct tiles *t = tiles_new(&files_reading, dir, size, held);
    struct tree_path path;
    double start, rate;

    drop_tiles(dir, size);
    start = cpu();
    for (uint64_t k = 0; k < count; k++)
        must(tree_prove_inclusion(tiles_reader(t), place(k, size), size, &path));
    rate = (double)count / (cpu() - start);
    tiles_free(t);
    return rate;
}

/* The same proof from tiles and from memory, or nothing of this counts. */
static void compare(const struct node *n, int dir)
{
    uint64_t size = ledger_size(n->ledger);
    struct tiles *t = tiles_new(&files_reading, dir, size, TILES_HELD);

    for (uint64_t k = 0; k < 20000; k++) {
        struct tree_path a = {0}, b = {0};
        uint64_t index = scattered(k, size);

        must(tree_prove_inclusion(tiles_reader(t), index, size, &a));
        must(tree_prove_inclusion(ledger_reader(n->ledger), index, size, &b));
        if (a.count != b.count || memcmp(a.hash, b.hash, a.count * sizeof a.hash[0]) != 0) {
            fprintf(stderr, "bench-ledger: the tiles' proof of %llu is another\n",
                    (unsigned long long)index);
            exit(1);
        }
    }
    tiles_free(t);
}

static void cold_proofs(struct node *n)
{
    int dir = new_dir("shown");

    show_tiles(n, dir);
    sync(); /* what is not written yet cannot leave the page cache */
    compare(n, dir);
    printf("cold_order %.9g\n", cold(n, dir, TILES_HELD, 200000, in_order));
    printf("cold_scattered %.9g\n", cold(n, dir, TILES_HELD, 200000, scattered));
    printf("cold_all %.9g\n", cold(n, dir, 8192, 200000, scattered));
    printf("cold_each %.9g\n", cold(n, dir, 16, 20000, scattered));
    close(dir);
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
        fill(g, i, 4096, WHAT_SMALL);
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
    cold_proofs(&n);
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
        fill(g, (uint64_t)i, 1, WHAT_FULL);
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
