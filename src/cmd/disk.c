#include "cmd/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static struct fault read_all(int fd, size_t max, struct buf *out)
{
    uint8_t piece[16384];
    size_t before = out->len;

    for (;;) {
        ssize_t n = read(fd, piece, sizeof piece);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            out->len = before;
            return fault_io("read");
        }
        if (n == 0)
            break;
        if ((size_t)n > max - (out->len - before)) {
            out->len = before;
            return fault_make(FAULT_LIMIT, max, "longer than a file of its kind may be");
        }
        buf_add(out, piece, (size_t)n);
    }
    explicit_bzero(piece, sizeof piece); /* it may have been a key */
    return fault_none();
}

struct fault disk_read(const char *path, size_t max, struct buf *out)
{
    struct fault f;
    int fd;

    if (strcmp(path, "-") == 0)
        return read_all(STDIN_FILENO, max, out);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return fault_io("open");
    f = read_all(fd, max, out);
    (void)close(fd);
    return f;
}

static struct fault write_all(int fd, struct bytes content)
{
    while (content.len > 0) {
        ssize_t n = write(fd, content.data, content.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fault_io("write");
        content = bytes_of(content.data + n, content.len - (size_t)n);
    }
    return fsync(fd) == 0 || errno == EINVAL || errno == EROFS ? fault_none() : fault_io("fsync");
}

struct fault disk_write_new(const char *path, struct bytes content, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    struct fault f;

    if (fd < 0)
        return fault_io("create");
    f = write_all(fd, content);
    if (close(fd) != 0 && !fault_is(f))
        f = fault_io("close");
    if (fault_is(f))
        (void)unlink(path);
    return f;
}

enum exit_code disk_error(struct say *s, struct fault f, const char *path)
{
    if (f.kind != FAULT_IO)
        return say_error(s, EXIT_FAILED, fault_word(f.kind), f.rule, NULL, "cannot use %s", path);
    if (f.at == ENOENT)
        return say_error(s, EXIT_NOT_FOUND, "not-found", NULL, NULL, "there is no file %s", path);
    if (f.at == EEXIST)
        return say_error(s, EXIT_FAILED, "exists", "nothing is ever written over",
                         "give another name, or move it away", "%s is there already", path);
    return say_error(s, EXIT_FAILED, "io", strerror((int)f.at), NULL, "cannot %s %s", f.rule, path);
}

bool disk_has(const char *path)
{
    return access(path, F_OK) == 0;
}

enum exit_code disk_give(struct say *s, struct bytes stem, const char *suffix, struct bytes content)
{
    struct buf name = {0};
    enum exit_code code = EXIT_DONE;
    struct fault f;

    buf_bytes(&name, stem);
    buf_text(&name, suffix);
    f = disk_write_new(buf_str(&name), content, 0644);
    if (fault_is(f))
        code = disk_error(s, f, buf_str(&name));
    else
        say_note(s, "wrote %s\n", buf_str(&name));
    buf_done(&name);
    return code;
}

struct bytes disk_stem(const char *path, const char *ending)
{
    size_t len = strlen(path), end = strlen(ending);
    bool has = len > end && strcmp(path + len - end, ending) == 0;

    return bytes_of(path, has ? len - end : len);
}
