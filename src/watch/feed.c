#include "watch/feed.h"

void feed_begin(struct feed *f, int fd, enum import_format format, struct indicator_about usual,
                struct import_sink sink)
{
    f->lines = lines_new(fd, 0);
    f->ending = false;
    import_init(&f->import, format, usual, sink);
}

bool feed_step(struct feed *f, struct fault *out)
{
    struct bytes piece;

    if (f->ending)
        return import_end_step(&f->import, out);
    *out = lines_piece(f->lines, &piece);
    if (fault_is(*out))
        return false;
    f->ending = piece.len == 0;
    import_feed(&f->import, piece);
    return true;
}

void feed_done(struct feed *f)
{
    if (f->lines == NULL)
        return;
    import_done(&f->import);
    lines_free(f->lines);
    f->lines = NULL;
}
