#include "proc/listing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "io/log.h"

/* The i-th of all: first those of indicators. NULL behind the last. */
static const char *path_at(const struct settings *s, size_t i)
{
    if (i < s->indicator_count)
        return s->indicators[i].path;
    i -= s->indicator_count;
    return i < s->list_count ? s->lists[i].path : NULL;
}

/* Is it another file than it was, or not there any more? Notes what it is now. */
static bool look(struct listing *l, size_t i, const char *path)
{
    struct stat st = {0};
    int64_t changed;
    bool other;

    if (stat(path, &st) != 0)
        st = (struct stat){0};
    changed = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    other = l->file[i].device != st.st_dev || l->file[i].inode != st.st_ino ||
            l->file[i].size != st.st_size || l->file[i].changed != changed;
    l->file[i].device = st.st_dev;
    l->file[i].inode = st.st_ino;
    l->file[i].size = st.st_size;
    l->file[i].changed = changed;
    return other;
}

static void add(struct listing_file *out, size_t *count, const char *path, const char *kind,
                size_t number)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0) {
        log_warn("list %s: %s", path, strerrordesc_np(errno));
        return;
    }
    out[*count].fd = fd;
    snprintf(out[(*count)++].name, LISTING_NAME, "%s.%zu", kind, number);
}

size_t listing_open(struct listing *l, const struct settings *s, bool all,
                    struct listing_file out[LISTING_FILES])
{
    bool changed = all;
    size_t count = 0;
    const char *path;
    int end;

    for (size_t i = 0; (path = path_at(s, i)) != NULL; i++)
        changed |= look(l, i, path);
    if (!changed)
        return 0;
    for (size_t i = 0; (path = path_at(s, i)) != NULL; i++)
        if (i < s->indicator_count)
            add(out, &count, path, "indicators", i);
        else
            add(out, &count, path, "list", i - s->indicator_count);
    end = open("/dev/null", O_RDONLY | O_CLOEXEC);
    out[count].fd = end;
    snprintf(out[count].name, LISTING_NAME, "lists.end");
    return end < 0 ? 0 : count + 1;
}
