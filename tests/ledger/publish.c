#include "ledger/publish.h"

#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "disk.h"
#include "party.h"

/* A log directory on the real disk, and what the independent reader says of it. */
struct place {
    char path[64];
    int dir;
};

static void place_init(struct place *p)
{
    snprintf(p->path, sizeof p->path, "/tmp/parley-publish-XXXXXX");
    assert_non_null(mkdtemp(p->path));
    p->dir = open(p->path, O_RDONLY | O_DIRECTORY);
    assert_true(p->dir >= 0);
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *f)
{
    (void)s;
    (void)type;
    (void)f;
    return remove(path);
}

static void place_done(struct place *p)
{
    close(p->dir);
    assert_int_equal(nftw(p->path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* Exit status of tests/ledger/check_log.py over the directory. */
static int independent_check(const struct place *p, const struct party_keys *a)
{
    extern char **environ;
    struct buf script = {0}, key = {0};
    const char *source = getenv("PARLEY_SOURCE");
    char python[] = "python3", path[64], origin[64];
    posix_spawn_file_actions_t quiet;
    pid_t child;
    int status;

    if (source == NULL)
        skip();
    buf_print(&script, "%s/tests/ledger/check_log.py", source);
    buf_hex(&key, secret_public(a->log).data, 32);
    buf_str(&script);
    buf_str(&key);
    memcpy(path, p->path, sizeof path);
    memcpy(origin, a->origin, sizeof origin);
    char *argv[] = {python, (char *)script.data, path, origin, (char *)key.data, NULL};

    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
    assert_int_equal(posix_spawnp(&child, python, &quiet, NULL, argv, environ), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    posix_spawn_file_actions_destroy(&quiet);
    buf_done(&script);
    buf_done(&key);
    return WEXITSTATUS(status);
}

static void grow(struct ledger *l, const struct party_keys *a, uint64_t to)
{
    struct buf text = {0};

    while (ledger_size(l) < to) {
        struct buf group = {0};
        struct bytes entry[256];
        size_t at[257] = {0}, count = 0;
        uint64_t index[256];

        for (; count < 256 && ledger_size(l) + count < to; count++) {
            party_entry(a, ledger_size(l) + count, 0, &text);
            buf_bytes(&group, buf_view(&text));
            at[count + 1] = group.len;
        }
        for (size_t i = 0; i < count; i++)
            entry[i] = bytes_of(group.data + at[i], at[i + 1] - at[i]);
        assert_good(ledger_append(l, entry, count, index));
        buf_done(&group);
    }
    buf_done(&text);
}

static void head_note(const struct ledger *l, const struct party_keys *a, uint64_t size,
                      struct buf *out)
{
    struct tree t;

    assert_good(tree_read_frontier(ledger_reader(l), size, &t));
    party_note(a, &t, out);
}

/* tlog-tiles: "index 1234067 will be encoded as x001/x234/067" */
static void paths_are_those_of_the_specification(void **state)
{
    char path[TILE_PATH];

    (void)state;
    publish_path(0, 1234067, 256, path);
    assert_string_equal(path, "tile/0/x001/x234/067");
    publish_path(1, 0, 17, path);
    assert_string_equal(path, "tile/1/000.p/17");
    publish_path(-1, 1000, 255, path);
    assert_string_equal(path, "tile/entries/x001/000.p/255");
}

static void a_reader_of_another_program_finds_the_log_whole(void **state)
{
    static const uint64_t sizes[] = {1, 2, 255, 256, 257, 700, 1024, 1024};
    struct place p;
    struct party_keys a;
    struct ledger *l;
    struct publish pub;
    struct buf note = {0};

    (void)state;
    place_init(&p);
    party_init(&a, 'a');
    assert_good(ledger_open(&files_real, p.dir, a.origin, 0, true, &l));
    assert_good(publish_init(&pub, &files_real, p.dir, l));
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        grow(l, &a, sizes[i]);
        head_note(l, &a, sizes[i], &note);
        assert_good(publish_note(&pub, buf_view(&note)));
        assert_int_equal(independent_check(&p, &a), 0);
    }
    head_note(l, &a, 700, &note);
    assert_fault(publish_note(&pub, buf_view(&note)), FAULT_ORDER);
    assert_int_equal(faccessat(p.dir, "tile/0/000.p", F_OK, 0), -1); /* replaced by the full one */
    ledger_free(l);
    assert_good(ledger_open(&files_real, p.dir, a.origin, 1024, false, &l));
    assert_good(publish_init(&pub, &files_real, p.dir, l));
    assert_int_equal(pub.size, 1024);
    ledger_free(l);
    buf_done(&note);
    party_done(&a);
    place_done(&p);
}

static void flip(int dir, const char *name, off_t at)
{
    int fd = openat(dir, name, O_RDWR);
    uint8_t byte;

    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, at), 1);
    byte ^= 0x10;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

static void a_flipped_bit_in_any_published_file_is_found(void **state)
{
    static const struct {
        const char *name;
        off_t at;
    } places[] = {
        {"checkpoint", 2},     {"checkpoint", 19},         {"checkpoint", 30},
        {"checkpoint", 120},   {"tile/0/000", 100},        {"tile/0/001.p/44", 44 * 32 - 1},
        {"tile/1/000.p/1", 0}, {"tile/entries/000", 1000}, {"tile/entries/001.p/44", 0},
    };
    struct place p;
    struct party_keys a;
    struct ledger *l;
    struct publish pub;
    struct buf note = {0};

    (void)state;
    place_init(&p);
    party_init(&a, 'a');
    assert_good(ledger_open(&files_real, p.dir, a.origin, 0, true, &l));
    assert_good(publish_init(&pub, &files_real, p.dir, l));
    grow(l, &a, 300);
    head_note(l, &a, 300, &note);
    assert_good(publish_note(&pub, buf_view(&note)));
    assert_int_equal(independent_check(&p, &a), 0);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        flip(p.dir, places[i].name, places[i].at);
        if (independent_check(&p, &a) == 0)
            fail_msg("%s at %u", places[i].name, (unsigned)places[i].at);
        flip(p.dir, places[i].name, places[i].at);
    }
    assert_int_equal(independent_check(&p, &a), 0);
    ledger_free(l);
    buf_done(&note);
    party_done(&a);
    place_done(&p);
}

/* Is what lies on the disk a whole published log, or nothing yet? */
static void check_published(struct disk *d, const struct ledger *l, unsigned seed)
{
    struct buf *file = disk_file(d, "checkpoint");
    struct note n;
    struct checkpoint c;
    char path[TILE_PATH];

    if (file == NULL)
        return;
    if (fault_is(note_parse(buf_view(file), &n)) || fault_is(checkpoint_parse(n.text, &c)))
        fail_msg("seed %u: the checkpoint is not whole", seed);
    for (int level = 0; c.size >> level * 8 != 0; level++)
        for (uint64_t i = 0; i < c.size >> level * 8; i += 256) {
            uint64_t width = (c.size >> level * 8) - i;

            width = width > 256 ? 256 : width;
            publish_path(level, i / 256, (unsigned)width, path);
            file = disk_file(d, path);
            if (file == NULL && width < 256) { /* the full one may have taken its place */
                publish_path(level, i / 256, 256, path);
                file = disk_file(d, path);
            }
            if (file == NULL || file->len < width * 32)
                fail_msg("seed %u: %s is not whole under size %u", seed, path, (unsigned)c.size);
            for (uint64_t k = 0; k < width && level == 0; k++)
                assert_memory_equal(file->data + k * 32, ledger_leaf(l, i + k)->byte, 32);
        }
}

/* "readable at any moment, also after a crash" */
static void a_power_cut_leaves_a_whole_log_to_readers(void **state)
{
    struct party_keys a;

    (void)state;
    party_init(&a, 'a');
    for (unsigned seed = 1; seed <= 40; seed++) {
        struct disk *d = disk_new(seed), *own = disk_new(seed);
        struct files files = disk_files(d), own_files = disk_files(own);
        struct ledger *l;
        struct buf note = {0};

        assert_good(ledger_open(&own_files, 3, a.origin, 0, true, &l));
        for (int round = 0; round < 3; round++) {
            struct publish pub;

            d->cut_at = 1 + (long)(disk_random(d) % 90);
            if (!fault_is(publish_init(&pub, &files, 3, l)))
                for (;;) {
                    grow(l, &a, ledger_size(l) + 1 + disk_random(d) % 120);
                    head_note(l, &a, ledger_size(l), &note);
                    if (fault_is(publish_note(&pub, buf_view(&note))))
                        break;
                }
            disk_cut(d);
            check_published(d, l, seed);
        }
        buf_done(&note);
        ledger_free(l);
        disk_free(d);
        disk_free(own);
    }
    party_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_those_of_the_specification),
        cmocka_unit_test(a_reader_of_another_program_finds_the_log_whole),
        cmocka_unit_test(a_flipped_bit_in_any_published_file_is_found),
        cmocka_unit_test(a_power_cut_leaves_a_whole_log_to_readers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
