#include "io/file.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static char home[] = "/tmp/parley-file-XXXXXX";
static char path[64], fresh[64];

static int set_up(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(home));
    snprintf(path, sizeof path, "%s/file", home);
    snprintf(fresh, sizeof fresh, "%s/file.new", home);
    return 0;
}

static int clean_up(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(home);
}

static void a_replaced_file_reads_back_with_its_mode_and_nothing_beside_it(void **state)
{
    struct buf b = {0};
    struct stat s;

    (void)state;
    assert_good(file_replace(path, bytes_text("old and longer"), 0600));
    assert_good(file_replace(path, bytes_text("new"), 0600));
    assert_good(file_read(path, 100, &b));
    assert_true(bytes_is(buf_view(&b), "new"));
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0600);
    assert_int_equal(stat(fresh, &s), -1);
    buf_done(&b);
}

static void a_file_longer_than_allowed_is_not_read(void **state)
{
    struct buf b = {0};

    (void)state;
    assert_good(file_replace(path, bytes_text("12345"), 0600));
    assert_fault(file_read(path, 4, &b), FAULT_LIMIT);
    assert_int_equal(b.len, 0);
    assert_good(file_read(path, 5, &b));
    assert_int_equal(b.len, 5);
    buf_done(&b);
}

static void a_missing_file_says_so(void **state)
{
    struct buf b = {0};
    struct fault f = file_read("/tmp/parley-there-is-no-such-file", 10, &b);

    (void)state;
    assert_int_equal(f.kind, FAULT_IO);
    assert_int_equal(f.at, ENOENT);
}

static void a_symbolic_link_is_not_followed(void **state)
{
    struct buf b = {0};
    char link[80];

    (void)state;
    snprintf(link, sizeof link, "%s/link", home);
    assert_int_equal(symlink("/etc/passwd", link), 0);
    assert_fault(file_read(link, 100000, &b), FAULT_IO);
    unlink(link);
}

static void a_failed_replacement_leaves_the_old_file(void **state)
{
    struct buf b = {0};

    (void)state;
    assert_good(file_replace(path, bytes_text("old"), 0600));
    assert_int_equal(mkdir(fresh, 0700), 0); /* in the way of PATH.new */
    assert_fault(file_replace(path, bytes_text("new"), 0600), FAULT_IO);
    rmdir(fresh);
    assert_good(file_read(path, 100, &b));
    assert_true(bytes_is(buf_view(&b), "old"));
    buf_done(&b);
}

static void a_lock_is_held_by_one_process_and_falls_with_it(void **state)
{
    char lock[80];
    int fd, again, status;
    pid_t pid;

    (void)state;
    snprintf(lock, sizeof lock, "%s/lock", home);
    pid = fork();
    if (pid == 0)
        _exit(fault_is(file_lock(lock, &fd)) ? 1 : 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_good(file_lock(lock, &fd));
    assert_fault(file_lock(lock, &again), FAULT_REFUSED);
    close(fd);
    assert_good(file_lock(lock, &again));
    close(again);
    unlink(lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_replaced_file_reads_back_with_its_mode_and_nothing_beside_it),
        cmocka_unit_test(a_file_longer_than_allowed_is_not_read),
        cmocka_unit_test(a_missing_file_says_so),
        cmocka_unit_test(a_symbolic_link_is_not_followed),
        cmocka_unit_test(a_failed_replacement_leaves_the_old_file),
        cmocka_unit_test(a_lock_is_held_by_one_process_and_falls_with_it),
    };

    return cmocka_run_group_tests(tests, set_up, clean_up);
}
