#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_STEP = 64 << 10 };

struct fault file_read_fd(int fd, size_t max, struct buf *out)
{
    struct buf all = {0};
    ssize_t got = 1;

    while (got > 0 && all.len <= max) {
        buf_need(&all, READ_STEP);
        got = pread(fd, all.data + all.len, READ_STEP, (off_t)all.len);
        if (got < 0) {
            struct fault f = fault_io("file: read");

            buf_wipe(&all);
            return f;
        }
        all.len += (size_t)got;
    }
    if (all.len > max) {
        buf_wipe(&all);
        return fault_make(FAULT_LIMIT, max, "file: longer than allowed");
    }
    buf_bytes(out, buf_view(&all));
    buf_wipe(&all); /* it may have been a key */
    return fault_none();
}

struct fault file_read(const char *path, size_t max, struct buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct fault f;

    if (fd < 0)
        return fault_io("file: open");
    f = file_read_fd(fd, max, out);
    close(fd);
    return f;
}

static struct fault write_all(int fd, struct bytes content)
{
    for (size_t at = 0; at < content.len;) {
        ssize_t put = write(fd, content.data + at, content.len - at);

        if (put < 0 && errno != EINTR)
            return fault_io("file: write");
        at += put > 0 ? (size_t)put : 0;
    }
    if (fsync(fd) != 0)
        return fault_io("file: sync");
    return fault_none();
}

/* The folder a path lies in. False if it is too long. */
static bool folder_of(const char *path, char *out, size_t size)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return bytes_to_text(bytes_text("."), out, size);
    if (slash == path)
        return bytes_to_text(bytes_text("/"), out, size);
    return bytes_to_text(bytes_of(path, (size_t)(slash - path)), out, size);
}

struct fault file_sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct fault f = fault_none();

    if (fd < 0)
        return fault_io("file: open the folder");
    if (fsync(fd) != 0)
        f = fault_io("file: sync the folder");
    close(fd);
    return f;
}

static struct fault write_new(const char *path, struct bytes content, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    struct fault f;

    if (fd < 0)
        return fault_io("file: create");
    f = write_all(fd, content);
    if (close(fd) != 0 && !fault_is(f))
        f = fault_io("file: close");
    return f;
}

struct fault file_replace(const char *path, struct bytes content, mode_t mode)
{
    char fresh[FILE_PATH], folder[FILE_PATH];
    int length = snprintf(fresh, sizeof fresh, "%s.new", path);
    struct fault f;

    if (length < 0 || (size_t)length >= sizeof fresh || !folder_of(path, folder, sizeof folder))
        return fault_make(FAULT_LIMIT, 0, "file: longest path");
    f = write_new(fresh, content, mode);
    if (fault_is(f)) {
        unlink(fresh);
        return f;
    }
    if (rename(fresh, path) != 0)
        return fault_io("file: rename");
    return file_sync_folder(folder);
}

struct fault file_lock(const char *path, int *out)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct fault f;

    if (fd < 0)
        return fault_io("file: open the lock");
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        *out = fd;
        return fault_none();
    }
    f = errno == EWOULDBLOCK ? fault_make(FAULT_REFUSED, 0, "file: another process holds the lock")
                             : fault_io("file: lock");
    close(fd);
    return f;
}
