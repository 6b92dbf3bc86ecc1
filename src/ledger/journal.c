#include "ledger/journal.h"

#include <errno.h>

#include "base/cursor.h"
#include "base/memory.h"
#include "crypto/digest.h"

enum {
    CHECK = 16,
    HEADER = 'H', /* the first record's type */
    CHUNK = 1 << 20,
    SECTOR = 512, /* what a disk writes whole or not at all */
    LONG = 65536, /* bytes of a body that is not copied behind its head to be written with it */
};

struct journal {
    const struct files *files;
    int fd;
    uint64_t end;  /* behind the last record */
    uint64_t room; /* bytes written ahead; the file's size at least */
    uint64_t records;
    uint8_t check[CHECK]; /* of the last record */
    struct buf record;    /* the record in hand */
    bool torn, torn_last, damaged, stopped, unsynced;
    uint8_t bad_type;
    size_t bad_body; /* bytes of `record` behind its head, while torn */
};

static struct fault stopped(void)
{
    return fault_make(FAULT_IO, EIO, "journal: stopped after a failed write; open it again");
}

static struct fault stop(struct journal *j, struct fault f)
{
    j->stopped = true;
    return f;
}

/* A head never lies across two sectors: it is there whole or not at all. */
static uint64_t head_place(uint64_t end)
{
    uint64_t left = SECTOR - end % SECTOR;

    return left < JOURNAL_HEAD ? end + left : end;
}

/* length, type, and the first 3 bytes of SHA-256(previous check || length || type) */
static void make_head(const uint8_t *previous, uint8_t type, size_t len, struct buf *record)
{
    struct digest d;

    buf_clear(record);
    buf_u32(record, (uint32_t)len);
    buf_byte(record, type);
    d = digest_of_two(bytes_of(previous, CHECK), buf_view(record));
    buf_add(record, d.byte, 3);
}

/* check = SHA-256(previous check || the 8 bytes before || body), first 16 bytes */
static void make_check(const uint8_t *previous, const uint8_t *head, struct bytes body,
                       uint8_t *out)
{
    uint8_t prefix[CHECK + 8];
    struct digest d;

    memcpy(prefix, previous, CHECK);
    memcpy(prefix + CHECK, head, 8);
    d = digest_of_two(bytes_of(prefix, sizeof prefix), body);
    memcpy(out, d.byte, CHECK);
}

enum found { FOUND_RECORD, FOUND_END, FOUND_TORN, FOUND_DAMAGED };

/* Is everything from `at` to the file's end zero? */
static struct fault all_zero(struct journal *j, uint64_t at, bool *out)
{
    uint8_t *chunk = memory_new(CHUNK);
    struct fault f = fault_none();

    *out = true;
    while (at < j->room && *out && !fault_is(f)) {
        size_t n = j->room - at < CHUNK ? (size_t)(j->room - at) : CHUNK;

        f = files_read(j->files, j->fd, chunk, n, at);
        if (!fault_is(f))
            *out = chunk[0] == 0 && memcmp(chunk, chunk + 1, n - 1) == 0;
        at += n;
    }
    free(chunk);
    return f;
}

/* The head at j->end. No head: the end, where only zeros follow; else torn, a write of which the
 * first sector is not there. */
static struct fault read_head(struct journal *j, uint8_t *head, enum found *found)
{
    bool zero;
    struct buf want = {0};
    struct fault f;

    memset(head, 0, JOURNAL_HEAD);
    if (j->room >= j->end && j->room - j->end >= JOURNAL_HEAD) {
        f = files_read(j->files, j->fd, head, JOURNAL_HEAD, j->end);
        if (fault_is(f))
            return f;
    }
    for (size_t i = 0; i < JOURNAL_HEAD; i++)
        if (head[i] != 0)
            goto there;
    f = all_zero(j, j->end, &zero);
    j->torn_last = true;
    *found = zero ? FOUND_END : FOUND_TORN;
    return f;
there:
    make_head(j->check, head[4],
              (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3],
              &want);
    *found = memcmp(want.data, head, 8) == 0 ? FOUND_RECORD : FOUND_DAMAGED;
    buf_done(&want);
    return fault_none();
}

/* Is there a sector of the record, or a part of one, that is all zeros? */
static bool has_empty_sector(uint64_t at, struct bytes record)
{
    for (size_t i = 0; i < record.len;) {
        size_t n = SECTOR - (size_t)((at + i) % SECTOR), used = 0;

        if (n > record.len - i)
            n = record.len - i;
        for (size_t k = 0; k < n; k++)
            used += record.data[i + k] != 0;
        if (used == 0)
            return true;
        i += n;
    }
    return false;
}

/* A record whose check does not fit: torn, if a sector of it is not there. What is there whole
 * and does not fit was changed later. */
static struct fault judge(struct journal *j, size_t missing, enum found *found)
{
    bool torn = missing != 0 || has_empty_sector(j->end, buf_view(&j->record));

    *found = torn ? FOUND_TORN : FOUND_DAMAGED;
    j->torn_last = true;
    return missing != 0 ? fault_none() : all_zero(j, j->end + j->record.len, &j->torn_last);
}

static struct fault read_body(struct journal *j, const uint8_t *head, size_t *missing)
{
    size_t len = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
    uint64_t room = j->room - j->end - JOURNAL_HEAD;
    struct fault f;

    *missing = len > room ? len - (size_t)room : 0;
    len -= *missing;
    buf_clear(&j->record);
    buf_add(&j->record, head, JOURNAL_HEAD);
    buf_need(&j->record, len);
    f = files_read(j->files, j->fd, j->record.data + JOURNAL_HEAD, len, j->end + JOURNAL_HEAD);
    if (!fault_is(f))
        j->record.len += len;
    j->bad_body = fault_is(f) ? 0 : len;
    return f;
}

/* Reads the record at j->end into j->record. */
static struct fault read_record(struct journal *j, enum found *found)
{
    uint8_t head[JOURNAL_HEAD], check[CHECK];
    size_t missing;
    struct fault f;

    j->bad_body = 0;
    j->end = head_place(j->end);
    f = read_head(j, head, found);
    if (fault_is(f) || *found != FOUND_RECORD)
        return f;
    j->bad_type = head[4];
    f = read_body(j, head, &missing);
    if (fault_is(f))
        return f;
    make_check(j->check, head,
               bytes_of(j->record.data + JOURNAL_HEAD, j->record.len - JOURNAL_HEAD), check);
    if (missing == 0 && memcmp(check, head + 8, CHECK) == 0)
        return fault_none();
    return judge(j, missing, found);
}

static struct bytes body_of(const struct journal *j)
{
    return bytes_of(j->record.data + JOURNAL_HEAD, j->record.len - JOURNAL_HEAD);
}

static void accept(struct journal *j, size_t len)
{
    memcpy(j->check, j->record.data + 8, CHECK);
    j->end += len;
    j->records++;
}

static void label_body(const char *label, struct buf *out)
{
    buf_text(out, "parley-journal/v1\n");
    buf_text(out, label);
    buf_byte(out, '\n');
}

/* A new journal comes into being whole, under another name first: so one that is not whole is
 * damaged and never merely young. */
static struct fault make_new(const struct files *files, int dir, const char *name,
                             const char *label)
{
    static const uint8_t nothing[CHECK];
    struct buf body = {0}, record = {0}, temporary = {0};
    uint8_t check[CHECK];
    struct fault f;

    label_body(label, &body);
    make_head(nothing, HEADER, body.len, &record);
    make_check(nothing, record.data, buf_view(&body), check);
    buf_add(&record, check, sizeof check);
    buf_bytes(&record, buf_view(&body));
    buf_text(&temporary, name);
    buf_text(&temporary, ".new");
    f = files_place(files, dir, buf_str(&temporary), name, buf_view(&record), true);
    buf_done(&body);
    buf_done(&record);
    buf_done(&temporary);
    return f;
}

static struct fault read_label(struct journal *j, const char *label)
{
    struct buf want = {0};
    enum found found;
    struct fault f = read_record(j, &found);

    if (fault_is(f))
        return f;
    if (found != FOUND_RECORD || j->bad_type != HEADER)
        return fault_make(FAULT_DAMAGED, 0, "journal: its first record is not whole");
    label_body(label, &want);
    if (!bytes_equal(body_of(j), buf_view(&want)))
        f = fault_make(FAULT_MISMATCH, 0, "journal: it is of another log");
    buf_done(&want);
    accept(j, j->record.len);
    return f;
}

static struct fault scan(struct journal *j, journal_take take, void *context)
{
    for (;;) {
        enum found found;
        struct journal_record r;
        struct fault f = read_record(j, &found);

        if (fault_is(f))
            return f;
        if (found != FOUND_RECORD) {
            j->torn = found == FOUND_TORN;
            j->damaged = found == FOUND_DAMAGED;
            return fault_none();
        }
        r = (struct journal_record){j->bad_type, j->end + JOURNAL_HEAD, body_of(j), j->check};
        f = take(context, &r);
        if (fault_is(f))
            return f;
        accept(j, j->record.len);
    }
}

static struct fault open_all(struct journal *j, const char *label, journal_take take, void *context)
{
    int64_t size = j->files->size(j->files->context, j->fd);
    struct fault f;

    if (size < 0)
        return fault_io("size of a journal");
    j->room = (uint64_t)size;
    f = read_label(j, label);
    return fault_is(f) ? f : scan(j, take, context);
}

static struct fault open_file(const struct files *files, int dir, const char *name,
                              const char *label, bool create, int *out)
{
    struct fault f;

    *out = files->open(files->context, dir, name, false);
    if (*out < 0 && errno == ENOENT && create) {
        f = make_new(files, dir, name, label);
        if (fault_is(f))
            return f;
        *out = files->open(files->context, dir, name, false);
    } else if (*out >= 0 && create && files->sync_dir(files->context, dir, ".") != 0) {
        files->close(files->context, *out); /* its name may be what the sync that failed left */
        return fault_io("sync of a directory");
    }
    if (*out >= 0)
        return fault_none();
    return errno == ENOENT ? fault_make(FAULT_MISSING, 0, "journal: there is none")
                           : fault_io("open of a journal");
}

struct fault journal_open(const struct files *files, int dir, const char *name, const char *label,
                          bool create, journal_take take, void *context, struct journal **out)
{
    struct journal *j;
    int fd;
    struct fault f = open_file(files, dir, name, label, create, &fd);

    if (fault_is(f))
        return f;
    j = memory_zeroed(1, sizeof *j);
    j->files = files;
    j->fd = fd;
    f = open_all(j, label, take, context);
    if (fault_is(f)) {
        journal_free(j);
        return f;
    }
    *out = j;
    return fault_none();
}

void journal_free(struct journal *j)
{
    if (j == NULL)
        return;
    j->files->close(j->files->context, j->fd);
    buf_done(&j->record);
    free(j);
}

bool journal_is_torn(const struct journal *j)
{
    return j->torn;
}

bool journal_is_torn_last(const struct journal *j)
{
    return j->torn && j->torn_last;
}

bool journal_is_damaged(const struct journal *j)
{
    return j->damaged;
}

struct bytes journal_bad_body(const struct journal *j)
{
    if ((!j->torn && !j->damaged) || j->bad_body == 0)
        return bytes_of("", 0);
    return bytes_of(j->record.data + JOURNAL_HEAD, j->bad_body);
}

uint8_t journal_bad_type(const struct journal *j)
{
    return j->bad_type;
}

/* Zeros over [from, to). */
static struct fault write_zeros(struct journal *j, uint64_t from, uint64_t to)
{
    uint8_t *zeros = memory_zeroed(1, CHUNK);
    struct fault f = fault_none();

    while (from < to && !fault_is(f)) {
        size_t n = to - from < CHUNK ? (size_t)(to - from) : CHUNK;

        f = files_write(j->files, j->fd, bytes_of(zeros, n), from);
        from += n;
    }
    free(zeros);
    return f;
}

static struct fault sync_now(struct journal *j)
{
    if (j->files->sync(j->files->context, j->fd) != 0)
        return stop(j, fault_io("journal: sync"));
    j->unsynced = false;
    return fault_none();
}

struct fault journal_clear(struct journal *j)
{
    struct fault f;

    if (j->stopped || j->damaged)
        return stopped();
    f = write_zeros(j, j->end, j->room);
    if (fault_is(f))
        return stop(j, f);
    j->torn = false;
    return sync_now(j);
}

struct fault journal_rewrite(struct journal *j, uint64_t at)
{
    struct buf all = {0};
    struct fault f;

    if (j->stopped)
        return stopped();
    if (at >= j->end)
        return sync_now(j);
    buf_need(&all, (size_t)(j->end - at));
    f = files_read(j->files, j->fd, all.data, (size_t)(j->end - at), at);
    if (!fault_is(f))
        f = files_write(j->files, j->fd, bytes_of(all.data, (size_t)(j->end - at)), at);
    buf_done(&all);
    return fault_is(f) ? stop(j, f) : sync_now(j);
}

struct fault journal_truncate(struct journal *j, uint64_t at, const uint8_t *check)
{
    if (j->stopped)
        return stopped();
    if (at - JOURNAL_HEAD > j->end)
        die("parley: a journal truncated behind its end\n");
    j->end = at - JOURNAL_HEAD;
    memcpy(j->check, check, CHECK);
    return journal_clear(j);
}

const uint8_t *journal_check(const struct journal *j)
{
    return j->check;
}

/* Room for a record and the zero head behind it, written ahead in growing steps. */
static struct fault make_room(struct journal *j, uint64_t need)
{
    uint64_t want = j->end + need + JOURNAL_HEAD, step = j->room / 4;
    struct fault f;

    if (want <= j->room)
        return fault_none();
    if (step < JOURNAL_GROW_MIN)
        step = JOURNAL_GROW_MIN;
    if (step > JOURNAL_GROW_MAX)
        step = JOURNAL_GROW_MAX;
    if (want < j->room + step)
        want = j->room + step;
    f = write_zeros(j, j->room, want);
    if (!fault_is(f))
        j->room = want;
    else if (f.at != ENOSPC && f.at != EDQUOT && f.at != EFBIG)
        return stop(j, f);
    return f;
}

struct fault journal_reserve(struct journal *j, size_t bytes)
{
    return j->stopped || j->torn || j->damaged ? stopped() : make_room(j, bytes);
}

struct fault journal_append(struct journal *j, uint8_t type, struct bytes body, bool sync,
                            uint64_t *at)
{
    uint8_t check[CHECK];
    struct fault f;

    if (j->stopped || j->torn || j->damaged)
        return stopped();
    if (body.len > JOURNAL_BODY_MAX)
        return fault_make(FAULT_LIMIT, 0, "journal: a record longer than its limit");
    f = make_room(j, 2 * JOURNAL_HEAD + body.len);
    if (fault_is(f))
        return f;
    j->end = head_place(j->end);
    make_head(j->check, type, body.len, &j->record);
    make_check(j->check, j->record.data, body, check);
    buf_add(&j->record, check, CHECK);
    if (body.len < LONG)
        buf_bytes(&j->record, body);
    f = files_write(j->files, j->fd, buf_view(&j->record), j->end);
    if (!fault_is(f) && body.len >= LONG)
        f = files_write(j->files, j->fd, body, j->end + JOURNAL_HEAD);
    if (fault_is(f))
        return stop(j, f);
    j->unsynced = true;
    *at = j->end + JOURNAL_HEAD;
    accept(j, JOURNAL_HEAD + body.len);
    return sync ? sync_now(j) : fault_none();
}

struct fault journal_sync(struct journal *j)
{
    if (j->stopped)
        return stopped();
    return j->unsynced ? sync_now(j) : fault_none();
}

struct fault journal_read(const struct journal *j, uint64_t at, void *to, size_t len)
{
    return files_read(j->files, j->fd, to, len, at);
}

bool journal_is_stopped(const struct journal *j)
{
    return j->stopped;
}

uint64_t journal_end(const struct journal *j)
{
    return j->end;
}

uint64_t journal_records(const struct journal *j)
{
    return j->records;
}
