#include "ledger/files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

static int real_open(void *context, int dir, const char *name, bool create)
{
    (void)context;
    return openat(dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT : 0), 0600);
}

static int reading_open(void *context, int dir, const char *name, bool create)
{
    (void)context;
    if (create) {
        errno = EROFS;
        return -1;
    }
    return openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

static int real_close(void *context, int fd)
{
    (void)context;
    return close(fd);
}

static int64_t real_size(void *context, int fd)
{
    struct stat s;

    (void)context;
    return fstat(fd, &s) == 0 ? s.st_size : -1;
}

static ssize_t real_read(void *context, int fd, void *to, size_t len, uint64_t at)
{
    (void)context;
    return pread(fd, to, len, (off_t)at);
}

static ssize_t real_write(void *context, int fd, const void *from, size_t len, uint64_t at)
{
    (void)context;
    return pwrite(fd, from, len, (off_t)at);
}

static int real_cut(void *context, int fd, uint64_t size)
{
    (void)context;
    return ftruncate(fd, (off_t)size);
}

static int real_sync(void *context, int fd)
{
    (void)context;
    return fdatasync(fd);
}

static int real_rename(void *context, int dir, const char *from, const char *to)
{
    (void)context;
    return renameat(dir, from, dir, to);
}

static int real_unlink(void *context, int dir, const char *name)
{
    (void)context;
    return unlinkat(dir, name, 0);
}

static int real_rmdir(void *context, int dir, const char *name)
{
    (void)context;
    return unlinkat(dir, name, AT_REMOVEDIR);
}

static int real_mkdir(void *context, int dir, const char *name)
{
    (void)context;
    return mkdirat(dir, name, 0700);
}

static int real_sync_dir(void *context, int dir, const char *name)
{
    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), answer, keep;

    (void)context;
    if (fd < 0)
        return -1;
    answer = fsync(fd);
    keep = errno;
    close(fd);
    errno = keep;
    return answer;
}

const struct files files_real = {
    real_open,   real_close,  real_size,  real_read,  real_write,    real_cut, real_sync,
    real_rename, real_unlink, real_rmdir, real_mkdir, real_sync_dir, NULL,
};

const struct files files_reading = {
    reading_open, real_close,  real_size,  real_read,  real_write,    real_cut, real_sync,
    real_rename,  real_unlink, real_rmdir, real_mkdir, real_sync_dir, NULL,
};

struct fault files_read(const struct files *f, int fd, void *to, size_t len, uint64_t at)
{
    uint8_t *p = to;

    while (len != 0) {
        ssize_t n = f->read(f->context, fd, p, len, at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fault_io("read");
        if (n == 0)
            return fault_make(FAULT_SHORT, at, "read: the file ends");
        p += n;
        at += (uint64_t)n;
        len -= (size_t)n;
    }
    return fault_none();
}

struct fault files_write(const struct files *f, int fd, struct bytes from, uint64_t at)
{
    while (from.len != 0) {
        ssize_t n = f->write(f->context, fd, from.data, from.len, at);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            errno = n == 0 ? EIO : errno;
            return fault_io("write");
        }
        from = bytes_of(from.data + n, from.len - (size_t)n);
        at += (uint64_t)n;
    }
    return fault_none();
}

static struct fault sync_parent(const struct files *f, int dir, const char *name)
{
    const char *slash = strrchr(name, '/');
    struct buf parent = {0};
    struct fault fault = fault_none();

    buf_add(&parent, slash == NULL ? "." : name, slash == NULL ? 1 : (size_t)(slash - name));
    if (f->sync_dir(f->context, dir, buf_str(&parent)) != 0)
        fault = fault_io("sync of a directory");
    buf_done(&parent);
    return fault;
}

/* Makes the directories that `name` goes through. */
static struct fault make_way(const struct files *f, int dir, const char *name)
{
    struct buf part = {0};
    struct fault fault = fault_none();

    for (const char *slash = strchr(name, '/'); slash != NULL && !fault_is(fault);
         slash = strchr(slash + 1, '/')) {
        buf_clear(&part);
        buf_add(&part, name, (size_t)(slash - name));
        if (f->mkdir(f->context, dir, buf_str(&part)) == 0)
            fault = sync_parent(f, dir, buf_str(&part));
        else if (errno != EEXIST)
            fault = fault_io("mkdir");
    }
    buf_done(&part);
    return fault;
}

static struct fault write_new(const struct files *f, int dir, const char *name,
                              struct bytes content)
{
    int fd = f->open(f->context, dir, name, true);
    struct fault fault;

    if (fd < 0)
        return fault_io("open");
    fault = f->cut(f->context, fd, 0) == 0 ? fault_none() : fault_io("truncate");
    if (!fault_is(fault))
        fault = files_write(f, fd, content, 0);
    if (!fault_is(fault) && f->sync(f->context, fd) != 0)
        fault = fault_io("sync");
    f->close(f->context, fd);
    return fault;
}

struct fault files_place(const struct files *f, int dir, const char *temporary, const char *name,
                         struct bytes content, bool sync_dir)
{
    struct fault fault = write_new(f, dir, temporary, content);

    if (fault_is(fault))
        return fault;
    if (f->rename(f->context, dir, temporary, name) != 0) {
        if (errno != ENOENT)
            return fault_io("rename");
        fault = make_way(f, dir, name);
        if (!fault_is(fault) && f->rename(f->context, dir, temporary, name) != 0)
            fault = fault_io("rename");
    }
    if (!fault_is(fault) && sync_dir)
        fault = sync_parent(f, dir, name);
    return fault;
}
