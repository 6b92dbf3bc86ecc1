#include "keeper/acts.h"

#include <assert.h>
#include <stdlib.h>

#include "base/cursor.h"
#include "base/memory.h"

enum record {
    RECORD_GROUP = 1, /* *{ u8 what, name[32], u64 index, leaf[32], part document } to its end */
    RECORD_PEER = 2,  /* part entry, part document */
};

enum what {
    ACT_PERMIT = 1, /* name: the id and 16 zeros */
    ACT_ROOT = 2,   /* name: the document's root */
};

enum { DOCUMENT_MAX = 262144 /* PROTOCOL.ledger section 4 */ };

struct act {
    uint8_t what;
    struct digest name;
    struct act_place place;
};

struct acts {
    struct journal *journal;
    struct act *act; /* sorted by (what, name) up to `sorted`, the staged ones behind */
    size_t count, room, sorted;
    struct buf staged; /* the record that commits them */
    struct buf peer_entry, peer_document;
    acts_contact contact;
    void *context;
};

static int order(const void *left, const void *right)
{
    const struct act *a = left, *b = right;

    if (a->what != b->what)
        return a->what < b->what ? -1 : 1;
    return memcmp(&a->name, &b->name, sizeof a->name);
}

static void settle(struct acts *a)
{
    if (a->sorted != a->count)
        qsort(a->act, a->count, sizeof *a->act, order);
    a->sorted = a->count;
}

static const struct act *find(const struct acts *a, enum what what, const struct digest *name)
{
    struct act key = {.what = (uint8_t)what, .name = *name};
    const struct act *found = NULL;

    if (a->sorted != 0)
        found = bsearch(&key, a->act, a->sorted, sizeof *a->act, order);
    for (size_t i = a->sorted; found == NULL && i < a->count; i++)
        if (order(&key, &a->act[i]) == 0)
            found = &a->act[i];
    return found;
}

static void add(struct acts *a, const struct act *act)
{
    if (a->count == a->room) {
        a->room = a->room == 0 ? 64 : a->room * 2;
        a->act = memory_resize(a->act, a->room, sizeof *a->act);
    }
    a->act[a->count++] = *act;
}

static struct fault read_group(struct acts *a, struct bytes body)
{
    struct cursor in = cursor_over(body, "keeper's journal of acts");

    while (cursor_left(&in) != 0) {
        struct act act = {.what = cursor_u8(&in)};
        struct bytes name = cursor_take(&in, sizeof act.name), leaf, document;

        act.place.index = cursor_u64(&in);
        leaf = cursor_take(&in, sizeof act.place.leaf);
        document = cursor_part(&in, DOCUMENT_MAX);
        if (!cursor_ok(&in))
            break;
        memcpy(&act.name, name.data, sizeof act.name);
        memcpy(&act.place.leaf, leaf.data, sizeof act.place.leaf);
        add(a, &act);
        if (document.len != 0 && a->contact != NULL) {
            struct fault f = a->contact(a->context, document);

            if (fault_is(f))
                return f;
        }
    }
    return in.fault;
}

static struct fault read_peer(struct acts *a, struct bytes body)
{
    struct cursor in = cursor_over(body, "keeper's journal of acts");
    struct bytes entry = cursor_part(&in, DOCUMENT_MAX);
    struct bytes document = cursor_part(&in, DOCUMENT_MAX);

    cursor_end(&in);
    if (cursor_ok(&in)) {
        buf_clear(&a->peer_entry);
        buf_clear(&a->peer_document);
        buf_bytes(&a->peer_entry, entry);
        buf_bytes(&a->peer_document, document);
    }
    return in.fault;
}

static struct fault take(void *context, uint8_t type, uint64_t at, struct bytes body)
{
    (void)at;
    if (type == RECORD_GROUP)
        return read_group(context, body);
    if (type == RECORD_PEER)
        return read_peer(context, body);
    return fault_make(FAULT_DAMAGED, 0, "keeper's journal of acts: a record of no known type");
}

/* Is what is torn one record and nothing behind it? A crash leaves no more than that: anything
 * else is damage, and to go on would be to forget what was done. */
static struct fault tear_check(const struct journal *j)
{
    uint64_t at = journal_end(j) + JOURNAL_HEAD + journal_torn_body(j).len;
    uint8_t chunk[4096];

    if (journal_torn_body(j).len == 0)
        return fault_make(FAULT_DAMAGED, 0, "keeper's journal of acts: damaged in its middle");
    for (;; at += sizeof chunk) {
        struct fault f;

        memset(chunk, 0, sizeof chunk);
        f = journal_read(j, at, chunk, sizeof chunk);
        for (size_t i = 0; i < sizeof chunk; i++)
            if (chunk[i] != 0)
                return fault_make(FAULT_DAMAGED, 0,
                                  "keeper's journal of acts: damaged in its middle");
        if (f.kind == FAULT_SHORT)
            return fault_none();
        if (fault_is(f))
            return f;
    }
}

static struct fault mend(struct journal *j)
{
    struct fault f = tear_check(j);

    return fault_is(f) ? f : journal_clear(j);
}

struct fault acts_open(const struct files *files, int dir, const char *name, const char *label,
                       acts_contact contact, void *context, struct acts **out)
{
    struct acts *a = memory_zeroed(1, sizeof *a);
    struct fault f;

    a->contact = contact;
    a->context = context;
    f = journal_open(files, dir, name, label, true, take, a, &a->journal);
    if (!fault_is(f) && journal_is_torn(a->journal))
        f = mend(a->journal);
    if (fault_is(f)) {
        acts_free(a);
        return f;
    }
    settle(a);
    *out = a;
    return f;
}

void acts_free(struct acts *a)
{
    if (a == NULL)
        return;
    journal_free(a->journal);
    free(a->act);
    buf_done(&a->staged);
    buf_done(&a->peer_entry);
    buf_done(&a->peer_document);
    free(a);
}

static struct digest permit_name(const uint8_t *permit_id)
{
    struct digest name = {{0}};

    memcpy(name.byte, permit_id, ACTS_PERMIT_ID);
    return name;
}

static enum act_seen seen(const struct acts *a, enum what what, const struct digest *name,
                          const struct act_place *place)
{
    const struct act *act = find(a, what, name);

    if (act == NULL)
        return ACT_NEW;
    return act->place.index == place->index && digest_equal(&act->place.leaf, &place->leaf)
               ? ACT_SAME
               : ACT_OTHER;
}

enum act_seen acts_permit(const struct acts *a, const uint8_t *permit_id,
                          const struct act_place *place)
{
    struct digest name = permit_name(permit_id);

    return seen(a, ACT_PERMIT, &name, place);
}

enum act_seen acts_root(const struct acts *a, const struct digest *document,
                        const struct act_place *place)
{
    return seen(a, ACT_ROOT, document, place);
}

static void stage(struct acts *a, enum what what, const struct digest *name,
                  const struct act_place *place, struct bytes document)
{
    struct act act = {(uint8_t)what, *name, *place};

    assert(a->count - a->sorted < ACTS_STAGED);
    add(a, &act);
    buf_byte(&a->staged, act.what);
    buf_add(&a->staged, name, sizeof *name);
    buf_u64(&a->staged, place->index);
    buf_add(&a->staged, &place->leaf, sizeof place->leaf);
    buf_part(&a->staged, document);
}

void acts_stage_permit(struct acts *a, const uint8_t *permit_id, const struct act_place *place)
{
    struct digest name = permit_name(permit_id);

    stage(a, ACT_PERMIT, &name, place, bytes_text(""));
}

void acts_stage_root(struct acts *a, const struct digest *document, const struct act_place *place,
                     struct bytes contact)
{
    stage(a, ACT_ROOT, document, place, contact);
}

void acts_drop(struct acts *a)
{
    a->count = a->sorted;
    buf_clear(&a->staged);
}

struct fault acts_commit(struct acts *a)
{
    uint64_t at;
    struct fault f;

    if (a->count == a->sorted)
        return fault_none();
    f = journal_append(a->journal, RECORD_GROUP, buf_view(&a->staged), true, &at);
    if (fault_is(f))
        return f;
    settle(a);
    buf_clear(&a->staged);
    return f;
}

struct bytes acts_peer_entry(const struct acts *a)
{
    return buf_view(&a->peer_entry);
}

struct bytes acts_peer_document(const struct acts *a)
{
    return buf_view(&a->peer_document);
}

struct fault acts_put_peer(struct acts *a, struct bytes entry, struct bytes document)
{
    struct buf body = {0};
    uint64_t at;
    struct fault f;

    buf_part(&body, entry);
    buf_part(&body, document);
    f = journal_append(a->journal, RECORD_PEER, buf_view(&body), true, &at);
    if (!fault_is(f))
        f = read_peer(a, buf_view(&body));
    buf_done(&body);
    return f;
}
