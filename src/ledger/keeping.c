#include "ledger/keeping.h"

#include <errno.h>

#include "base/cursor.h"
#include "base/memory.h"

enum {
    RECORD_DECISION = 'D',  /* keeping_record_write */
    RECORD_FORGOTTEN = 'F', /* i64 seconds: permits that expire up to then are forgotten */
    USE_BYTES = 40,
};

struct keeping {
    struct journal *journal;
    struct keeping_log *log; /* KEEPING_LOGS of them */
    size_t count;
    struct uses uses;  /* permits */
    struct uses fresh; /* of the decision in hand, and */
    struct buf record; /* its record: large for a group, so their room is kept */
    int64_t forgotten; /* seconds */
};

/* the record's spelling */

static void log_read_fields(struct cursor *in, struct keeping_log *out)
{
    uint8_t role = cursor_u8(in);
    size_t start = in->at;
    struct bytes origin = cursor_part(in, CHECKPOINT_ORIGIN - 1);
    uint64_t time;

    if (cursor_ok(in) && role != KEEPING_OWN && role != KEEPING_PARTNER)
        cursor_fail(in, FAULT_RANGE, 0);
    if (cursor_ok(in) && (!checkpoint_name_is_good(origin) ||
                          !bytes_to_text(origin, out->origin, sizeof out->origin)))
        cursor_fail(in, FAULT_SYNTAX, start);
    start = in->at;
    time = cursor_u64(in);
    if (cursor_ok(in) && time > INT64_MAX / 1000000)
        cursor_fail(in, FAULT_RANGE, start);
    out->role = (enum keeping_role)role;
    out->time = cursor_ok(in) ? instant_of_seconds((int64_t)time) : (struct instant){0};
}

static void tree_fields(struct cursor *in, struct tree *out)
{
    struct digest hash[TREE_LEVELS] = {0};
    size_t start = in->at;
    uint64_t size = cursor_u64(in);
    uint32_t count = cursor_u32(in);

    if (cursor_ok(in) && count > TREE_LEVELS)
        cursor_fail(in, FAULT_RANGE, start + 8);
    for (size_t i = 0; i < count && cursor_ok(in); i++) {
        struct bytes one = cursor_take(in, sizeof hash[i].byte);

        if (cursor_ok(in))
            memcpy(hash[i].byte, one.data, one.len);
    }
    if (cursor_ok(in)) {
        struct fault f = tree_restore(size, hash, count, out);

        if (fault_is(f))
            cursor_fail(in, f.kind, start);
    }
}

struct fault keeping_record_parse(struct bytes body, struct keeping_record *out)
{
    struct cursor in = cursor_over(body, "PROTOCOL.ledger 10: keeper's record");
    struct keeping_record r = {0};
    size_t start;

    log_read_fields(&in, &r.log);
    tree_fields(&in, &r.log.tree);
    start = in.at;
    r.use_count = cursor_u32(&in);
    if (cursor_ok(&in) && r.use_count > KEEPING_USED)
        cursor_fail(&in, FAULT_RANGE, start);
    r.uses = cursor_take(&in, cursor_ok(&in) ? r.use_count * USE_BYTES : 0);
    cursor_end(&in);
    if (cursor_ok(&in))
        *out = r;
    return in.fault;
}

void keeping_record_write(const struct keeping_log *log, const struct use *uses, size_t count,
                          struct buf *out)
{
    struct digest hash[TREE_LEVELS];
    size_t hashes;

    buf_byte(out, (uint8_t)log->role);
    buf_part(out, bytes_text(log->origin));
    buf_u64(out, (uint64_t)instant_seconds(log->time));
    buf_u64(out, log->tree.size);
    tree_frontier(&log->tree, hash, &hashes);
    buf_u32(out, (uint32_t)hashes);
    for (size_t i = 0; i < hashes; i++)
        buf_add(out, hash[i].byte, sizeof hash[i].byte);
    buf_u32(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        buf_add(out, uses[i].permit.byte, sizeof uses[i].permit.byte);
        buf_u64(out, (uint64_t)instant_seconds(uses[i].expires));
    }
}

/* used permits */

/* Expired ones need no memory: an expired permit is refused anyway, and one that expires no later
 * than what was forgotten is refused even if the clock should go back. */
static void forget(struct keeping *k, struct instant now)
{
    int64_t latest = uses_forget(&k->uses, now);

    if (latest > k->forgotten)
        k->forgotten = latest;
}

/* the logs */

const struct keeping_log *keeping_find(const struct keeping *k, struct bytes origin)
{
    for (size_t i = 0; i < k->count; i++)
        if (bytes_is(origin, k->log[i].origin))
            return &k->log[i];
    return NULL;
}

size_t keeping_count(const struct keeping *k)
{
    return k->count;
}

const struct keeping_log *keeping_at(const struct keeping *k, size_t i)
{
    return &k->log[i];
}

static struct fault put_log(struct keeping *k, const struct keeping_log *log)
{
    for (size_t i = 0; i < k->count; i++)
        if (strcmp(k->log[i].origin, log->origin) == 0) {
            k->log[i] = *log;
            return fault_none();
        }
    if (k->count == KEEPING_LOGS)
        return fault_make(FAULT_LIMIT, 0, "keeper: more logs than it remembers");
    k->log[k->count++] = *log;
    return fault_none();
}

/* What is remembered, or an empty log of that name and role. */
static struct fault recall(const struct keeping *k, struct bytes origin, enum keeping_role role,
                           struct keeping_log *out)
{
    const struct keeping_log *known = keeping_find(k, origin);

    if (known == NULL) {
        *out = (struct keeping_log){.role = role};
        if (!checkpoint_name_is_good(origin) ||
            !bytes_to_text(origin, out->origin, sizeof out->origin))
            return fault_make(FAULT_SYNTAX, 0, "keeper: the log's origin");
        return k->count < KEEPING_LOGS
                   ? fault_none()
                   : fault_make(FAULT_LIMIT, 0, "keeper: more logs than it remembers");
    }
    if (known->role != role)
        return fault_make(FAULT_REFUSED, 0, "keeper: one log is ours and the partner's");
    *out = *known;
    return fault_none();
}

/* the file */

static struct fault take_uses(struct keeping *k, const struct keeping_record *r)
{
    struct cursor in = cursor_over(r->uses, "PROTOCOL.ledger 10: keeper's record");

    for (size_t i = 0; i < r->use_count; i++) {
        struct use use;
        struct bytes permit = cursor_take(&in, sizeof use.permit.byte);
        uint64_t expires = cursor_u64(&in);

        if (!cursor_ok(&in) || expires > INT64_MAX / 1000000)
            return fault_make(FAULT_DAMAGED, 0, in.rule);
        memcpy(use.permit.byte, permit.data, permit.len);
        use.expires = instant_of_seconds((int64_t)expires);
        uses_put(&k->uses, &use);
    }
    return fault_none();
}

static struct fault damaged(struct fault f)
{
    return fault_is(f) ? fault_make(FAULT_DAMAGED, f.at, f.rule) : f;
}

static struct fault take(void *context, const struct journal_record *record)
{
    struct keeping *k = context;
    struct cursor in = cursor_over(record->body, "PROTOCOL.ledger 10: keeper's record");
    struct keeping_record r;
    struct fault f;
    int64_t until;

    if (record->type == RECORD_FORGOTTEN) {
        until = (int64_t)cursor_u64(&in);
        cursor_end(&in);
        if (cursor_ok(&in) && until > k->forgotten)
            k->forgotten = until;
        return damaged(in.fault);
    }
    if (record->type != RECORD_DECISION)
        return fault_make(FAULT_UNKNOWN, 0, "keeper: a record of a later version");
    f = keeping_record_parse(record->body, &r);
    if (!fault_is(f))
        f = put_log(k, &r.log);
    return fault_is(f) ? damaged(f) : take_uses(k, &r);
}

static const char label[] = "keeper";

static struct keeping *new_keeping(void)
{
    struct keeping *k = memory_zeroed(1, sizeof *k);

    k->log = memory_zeroed(KEEPING_LOGS, sizeof k->log[0]);
    k->forgotten = INT64_MIN;
    return k;
}

static struct fault write_all(struct keeping *k, struct journal *to)
{
    struct buf body = {0};
    uint64_t at;
    struct fault f = fault_none();

    if (k->forgotten != INT64_MIN) {
        buf_u64(&body, (uint64_t)k->forgotten);
        f = journal_append(to, RECORD_FORGOTTEN, buf_view(&body), false, &at);
    }
    for (size_t i = 0; i < k->count && !fault_is(f); i++) {
        buf_clear(&body);
        keeping_record_write(&k->log[i], k->uses.use, i == 0 ? k->uses.count : 0, &body);
        f = journal_append(to, RECORD_DECISION, buf_view(&body), false, &at);
    }
    buf_done(&body);
    return fault_is(f) ? f : journal_sync(to);
}

static struct fault take_nothing(void *context, const struct journal_record *record)
{
    (void)context;
    (void)record;
    return fault_make(FAULT_DAMAGED, 0, "keeper: a new file is not empty");
}

/* The same memory in a new file, which takes the old one's name when it is whole. */
static struct fault compact(struct keeping *k, const struct files *files, int dir)
{
    struct journal *to = NULL;
    struct fault f;

    if (files->unlink(files->context, dir, "keeper.compact") != 0 && errno != ENOENT)
        return fault_io("unlink of keeper.compact");
    f = journal_open(files, dir, "keeper.compact", label, true, take_nothing, NULL, &to);
    if (!fault_is(f))
        f = write_all(k, to);
    if (!fault_is(f) && files->rename(files->context, dir, "keeper.compact", "keeper") != 0)
        f = fault_io("rename of keeper.compact");
    if (!fault_is(f) && files->sync_dir(files->context, dir, ".") != 0)
        f = fault_io("sync of keeper's directory");
    if (fault_is(f)) {
        journal_free(to);
        return f;
    }
    journal_free(k->journal);
    k->journal = to;
    return f;
}

/* The torn end is a decision whose signature was never made: the sync had not returned. What the
 * file's last sync should have made durable is written again, in case it is the one that
 * failed. */
static struct fault settle(struct keeping *k, const struct files *files, int dir)
{
    struct fault f = fault_none();

    if (journal_is_damaged(k->journal) ||
        (journal_is_torn(k->journal) && !journal_is_torn_last(k->journal)))
        return fault_make(FAULT_DAMAGED, (size_t)journal_end(k->journal),
                          "keeper: its memory was changed; sign nothing, ask the partner's mirror");
    if (journal_is_torn(k->journal))
        f = journal_clear(k->journal);
    if (fault_is(f))
        return f;
    if (journal_records(k->journal) > KEEPING_COMPACT)
        return compact(k, files, dir);
    return journal_rewrite(k->journal, 0);
}

struct fault keeping_open(const struct files *files, int dir, struct instant now, bool create,
                          struct keeping **out)
{
    struct keeping *k = new_keeping();
    struct fault f = journal_open(files, dir, "keeper", label, create, take, k, &k->journal);

    if (!fault_is(f)) {
        forget(k, now);
        f = settle(k, files, dir);
    }
    if (fault_is(f)) {
        keeping_free(k);
        return f;
    }
    *out = k;
    return f;
}

void keeping_free(struct keeping *k)
{
    if (k == NULL)
        return;
    journal_free(k->journal);
    free(k->log);
    uses_done(&k->uses);
    uses_done(&k->fresh);
    buf_done(&k->record);
    free(k);
}

/* Makes the decision, and the permits that it uses up, durable; then remembers them. */
static struct fault decide(struct keeping *k, const struct keeping_log *log)
{
    uint64_t at;
    struct fault f;

    buf_clear(&k->record);
    keeping_record_write(log, k->fresh.use, k->fresh.count, &k->record);
    f = journal_append(k->journal, RECORD_DECISION, buf_view(&k->record), true, &at);
    if (!fault_is(f))
        f = put_log(k, log);
    for (size_t i = 0; i < k->fresh.count && !fault_is(f); i++)
        uses_put(&k->uses, &k->fresh.use[i]);
    return f;
}

/* signing our own */

static struct fault check_entry(const struct keeping_sign *s, size_t i, struct entry *e)
{
    uint64_t index = s->first + i;
    struct fault f = entry_parse(s->texts[i], e);

    if (fault_is(f))
        return f;
    if (strcmp(e->from, s->party) != 0 || strcmp(e->agreement, s->agreement) != 0)
        return fault_make(FAULT_MISMATCH, 0, "keeper: an entry of another party or agreement");
    if ((e->kind == KIND_GENESIS) != (index == 0))
        return fault_make(FAULT_MISMATCH, 0, "PROTOCOL.ledger 3: index 0 is the only GENESIS");
    return fault_none();
}

static struct fault check_use(struct keeping *k, struct instant now, const struct entry *e,
                              struct instant expires)
{
    if (expires.us <= now.us || instant_seconds(expires) <= k->forgotten)
        return fault_make(FAULT_CLOCK, 0, "PROTOCOL.ledger 5: the permit has expired");
    if (instant_seconds(expires) - instant_seconds(now) > (KEEPING_PERMIT_DAYS + 1) * 86400)
        return fault_make(FAULT_CLOCK, 0, "PROTOCOL.ledger 5: the permit lives too long");
    if (uses_has(&k->uses, &e->permit) || !uses_put(&k->fresh, &(struct use){e->permit, expires}))
        return fault_make(FAULT_REFUSED, 0, "PROTOCOL.ledger 5: the permit was used before");
    return fault_none();
}

/* Each entry by itself, into the tree and the list of permits it uses up. */
static struct fault check_entries(struct keeping *k, const struct keeping_sign *s,
                                  struct tree *tree, uint64_t *refused)
{
    for (size_t i = 0; i < s->count; i++) {
        struct entry e;
        struct instant expires = {0};
        struct digest leaf;
        struct fault f = check_entry(s, i, &e);

        *refused = s->first + i;
        if (!fault_is(f))
            f = s->permit(s->context, i, &e, &expires);
        if (!fault_is(f) && e.permit_kind == PERMIT_DIGEST)
            f = check_use(k, s->now, &e, expires);
        if (fault_is(f))
            return f;
        leaf = tree_leaf(s->texts[i]);
        tree_append(tree, &leaf);
    }
    return fault_none();
}

static void sign_text(const struct keeping_log *log, const struct keeping_pen *pen,
                      struct buf *note)
{
    struct checkpoint c = {bytes_text(log->origin), log->tree.size, tree_root(&log->tree)};
    struct buf text = {0};

    checkpoint_write(&c, &text);
    note_begin(buf_view(&text), note);
    note_sign(buf_view(&text), pen->name, NOTE_AUTHOR, (struct instant){0}, pen->secret, pen->count,
              note);
    buf_done(&text);
}

static struct fault begin_own(const struct keeping *k, const struct keeping_sign *s,
                              struct keeping_log *log)
{
    struct buf origin = {0};
    struct fault f;

    buf_print(&origin, "%s/parley/%s", s->party, s->agreement);
    f = recall(k, buf_view(&origin), KEEPING_OWN, log);
    buf_done(&origin);
    if (fault_is(f))
        return f;
    if (s->first != log->tree.size)
        return fault_make(FAULT_ORDER, 0, "keeper: not where the last head ended");
    if (s->count > KEEPING_GROUP || s->first + s->count > INT64_MAX)
        return fault_make(FAULT_LIMIT, 0, "keeper: more entries than a decision takes");
    if (s->first + s->count == 0)
        return fault_make(FAULT_RANGE, 0, "keeper: a log begins with its genesis");
    return fault_none();
}

/* Room for live uses: what has expired goes first. */
static struct fault use_room(struct keeping *k, size_t more, struct instant now)
{
    if (k->uses.count + more > KEEPING_USED)
        forget(k, now);
    return k->uses.count + more <= KEEPING_USED
               ? fault_none()
               : fault_make(FAULT_LIMIT, 0, "keeper: more permits in a week than it remembers");
}

struct fault keeping_sign_head(struct keeping *k, const struct keeping_sign *s,
                               const struct keeping_pen *pen, struct buf *note, uint64_t *refused)
{
    struct keeping_log log;
    struct fault f = begin_own(k, s, &log);

    *refused = s->first;
    if (!fault_is(f))
        f = use_room(k, s->count, s->now);
    if (fault_is(f))
        return f;
    uses_clear(&k->fresh);
    f = check_entries(k, s, &log.tree, refused);
    if (!fault_is(f) && s->count != 0)
        f = decide(k, &log);
    if (!fault_is(f))
        sign_text(&log, pen, note);
    return f;
}

/* cosigning the partner's */

/* Moves the tree on by the leaves and holds it against what the head says. */
static struct fault advance(struct keeping_log *log, const struct checkpoint *c, uint64_t first,
                            const struct digest *leaves, size_t count)
{
    struct digest root;

    if (count > KEEPING_GROUP)
        return fault_make(FAULT_LIMIT, 0, "keeper: more leaves than a decision takes");
    if (c->size < log->tree.size)
        return fault_make(FAULT_ORDER, 0, "keeper: the head is smaller than the last");
    if (first != log->tree.size)
        return fault_make(FAULT_ORDER, 0, "keeper: not where the last head ended");
    if (c->size != first + count)
        return fault_make(FAULT_RANGE, 0, "keeper: the head's size is not that of the leaves");
    for (size_t i = 0; i < count; i++)
        tree_append(&log->tree, &leaves[i]);
    root = tree_root(&log->tree);
    if (digest_equal(&root, &c->root))
        return fault_none();
    return count == 0 ? fault_make(FAULT_MISMATCH, 0, "keeper: two heads of one size contradict")
                      : fault_make(FAULT_FORGED, 0, "keeper: the leaves lead to another root");
}

static struct fault next_time(struct keeping_log *log, struct instant now)
{
    struct instant whole = instant_of_seconds(instant_seconds(now));

    if (whole.us < log->time.us || whole.us < 0)
        return fault_make(FAULT_CLOCK, 0, "PROTOCOL.ledger 6: cosignature times never fall");
    log->time = whole;
    return fault_none();
}

struct fault keeping_cosign(struct keeping *k, const struct keeping_cosign *c,
                            const struct keeping_pen *pen, struct buf *note)
{
    struct bytes origin = bytes_text(c->author->name);
    struct keeping_log log;
    struct checkpoint head;
    struct note n;
    struct fault f = note_verify_checkpoint(c->note, origin, c->author, &head, &n);

    if (!fault_is(f))
        f = recall(k, origin, KEEPING_PARTNER, &log);
    if (!fault_is(f))
        f = advance(&log, &head, c->first, c->leaves, c->count);
    if (!fault_is(f))
        f = next_time(&log, c->now);
    uses_clear(&k->fresh);
    if (!fault_is(f))
        f = decide(k, &log);
    if (fault_is(f))
        return f;
    note_begin(n.text, note);
    note_copy_lines(&n, c->author, note);
    note_sign(n.text, pen->name, NOTE_COSIGNER, log.time, pen->secret, pen->count, note);
    return f;
}

/* catching up */

/* The permits of entries that were signed before the record was lost. When they expire is no
 * longer known, so they count as used for as long as a permit can live. */
static struct fault old_uses(const struct bytes *texts, size_t count, struct instant now,
                             struct digest *leaves, struct uses *fresh)
{
    int64_t longest = instant_seconds(now) + (KEEPING_PERMIT_DAYS + 1) * 86400;

    for (size_t i = 0; i < count; i++) {
        struct entry e;
        struct fault f = entry_parse(texts[i], &e);

        if (fault_is(f))
            return f;
        leaves[i] = tree_leaf(texts[i]);
        if (e.permit_kind == PERMIT_DIGEST)
            uses_put(fresh, &(struct use){e.permit, instant_of_seconds(longest)});
    }
    return fault_none();
}

struct fault keeping_catch_up(struct keeping *k, const struct note_signer *own, struct bytes note,
                              uint64_t first, const struct bytes *texts, size_t count,
                              struct instant now)
{
    struct bytes origin = bytes_text(own->name);
    struct digest *leaves;
    struct keeping_log log;
    struct checkpoint head;
    struct fault f = note_verify_checkpoint(note, origin, own, &head, NULL);

    if (!fault_is(f))
        f = recall(k, origin, KEEPING_OWN, &log);
    if (!fault_is(f) && count > KEEPING_GROUP)
        f = fault_make(FAULT_LIMIT, 0, "keeper: more entries than a decision takes");
    if (!fault_is(f))
        f = use_room(k, count, now);
    if (fault_is(f))
        return f;
    leaves = memory_zeroed(count + 1, sizeof *leaves);
    uses_clear(&k->fresh);
    f = old_uses(texts, count, now, leaves, &k->fresh);
    if (!fault_is(f))
        f = advance(&log, &head, first, leaves, count);
    if (!fault_is(f))
        f = decide(k, &log);
    free(leaves);
    return f;
}
