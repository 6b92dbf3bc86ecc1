#include "ledger/tree.h"

#include "base/memory.h"

static const char range[] = "RFC 6962 2.1: no such leaf or size";

struct digest tree_leaf(struct bytes entry)
{
    return digest_of_two(bytes_of("\0", 1), entry);
}

struct digest tree_node(const struct digest *left, const struct digest *right)
{
    uint8_t all[1 + 2 * sizeof left->byte] = {1};

    memcpy(all + 1, left->byte, sizeof left->byte);
    memcpy(all + 1 + sizeof left->byte, right->byte, sizeof right->byte);
    return digest_of(bytes_of(all, sizeof all));
}

struct digest tree_empty_root(void)
{
    return digest_of(bytes_of("", 0));
}

void tree_append(struct tree *t, const struct digest *leaf)
{
    struct digest whole = *leaf;
    unsigned level = 0;

    if (t->size >= INT64_MAX)
        die("parley: a tree that is full\n");
    for (; t->size >> level & 1; level++)
        whole = tree_node(&t->node[level], &whole);
    t->node[level] = whole;
    t->size++;
}

struct digest tree_root(const struct tree *t)
{
    struct digest root = {{0}};
    bool begun = false;

    if (t->size == 0)
        return tree_empty_root();
    for (unsigned level = 0; level < TREE_LEVELS; level++) {
        if (!(t->size >> level & 1))
            continue;
        root = begun ? tree_node(&t->node[level], &root) : t->node[level];
        begun = true;
    }
    return root;
}

void tree_frontier(const struct tree *t, struct digest *out, size_t *count)
{
    *count = 0;
    for (unsigned level = TREE_LEVELS; level-- > 0;)
        if (t->size >> level & 1)
            out[(*count)++] = t->node[level];
}

struct fault tree_restore(uint64_t size, const struct digest *hashes, size_t count,
                          struct tree *out)
{
    if (size > INT64_MAX)
        return fault_make(FAULT_RANGE, 0, range);
    if (count != (size_t)__builtin_popcountll(size))
        return fault_make(FAULT_MISMATCH, 0, "a frontier has a hash for each bit of its size");
    memset(out, 0, sizeof *out);
    out->size = size;
    for (unsigned level = TREE_LEVELS; level-- > 0;)
        if (size >> level & 1)
            out->node[level] = *hashes++;
    return fault_none();
}

/* The largest power of two below n, as its exponent; n is at least 2. */
static unsigned split_level(uint64_t n)
{
    return 63 - (unsigned)__builtin_clzll(n - 1);
}

/* The root over leaves [begin, begin + n), n > 0, where begin is a multiple of the power of two
 * at or above n, or of all of them: what the recursion of RFC 6962 makes. */
static struct fault range_root(struct tree_reader reader, uint64_t begin, uint64_t n,
                               struct digest *out)
{
    struct digest part[TREE_LEVELS];
    size_t parts = 0;

    while (n != 0) {
        unsigned level = 63 - (unsigned)__builtin_clzll(n);
        struct fault f = reader.read(reader.from, level, begin >> level, &part[parts++]);

        if (fault_is(f))
            return f;
        begin += 1ULL << level;
        n -= 1ULL << level;
    }
    *out = part[--parts];
    while (parts-- > 0)
        *out = tree_node(&part[parts], out);
    return fault_none();
}

struct fault tree_read_root(struct tree_reader reader, uint64_t size, struct digest *out)
{
    if (size > INT64_MAX)
        return fault_make(FAULT_RANGE, 0, range);
    if (size == 0) {
        *out = tree_empty_root();
        return fault_none();
    }
    return range_root(reader, 0, size, out);
}

struct fault tree_read_frontier(struct tree_reader reader, uint64_t size, struct tree *out)
{
    struct tree t = {.size = size};
    uint64_t begin = 0;

    if (size > INT64_MAX)
        return fault_make(FAULT_RANGE, 0, range);
    for (unsigned level = TREE_LEVELS; level-- > 0;) {
        struct fault f;

        if (!(size >> level & 1))
            continue;
        f = reader.read(reader.from, level, begin >> level, &t.node[level]);
        if (fault_is(f))
            return f;
        begin += 1ULL << level;
    }
    *out = t;
    return fault_none();
}

static void turn_around(struct tree_path *path)
{
    for (size_t i = 0; i < path->count / 2; i++) {
        struct digest keep = path->hash[i];

        path->hash[i] = path->hash[path->count - 1 - i];
        path->hash[path->count - 1 - i] = keep;
    }
}

/* Walks down as PATH of RFC 6962 2.1.1 does; the hashes come from the root down. */
struct fault tree_prove_inclusion(struct tree_reader reader, uint64_t index, uint64_t size,
                                  struct tree_path *out)
{
    struct tree_path path = {0};
    uint64_t begin = 0, n = size;

    if (size > INT64_MAX || index >= size)
        return fault_make(FAULT_RANGE, 0, range);
    while (n > 1) {
        uint64_t half = 1ULL << split_level(n);
        bool right = index - begin >= half;
        struct fault f = right ? range_root(reader, begin, half, &path.hash[path.count])
                               : range_root(reader, begin + half, n - half, &path.hash[path.count]);

        if (fault_is(f))
            return f;
        path.count++;
        begin += right ? half : 0;
        n = right ? n - half : half;
    }
    turn_around(&path);
    *out = path;
    return fault_none();
}

/* SUBPROOF of RFC 6962 2.1.2, from the root down; `whole` is its b. */
struct fault tree_prove_consistency(struct tree_reader reader, uint64_t old, uint64_t size,
                                    struct tree_path *out)
{
    struct tree_path path = {0};
    uint64_t begin = 0, n = size, m = old;
    bool whole = true;
    struct fault f = fault_none();

    if (size > INT64_MAX || old > size)
        return fault_make(FAULT_RANGE, 0, range);
    while (old != 0 && m != n && !fault_is(f)) {
        uint64_t half = 1ULL << split_level(n);

        if (m <= half) {
            f = range_root(reader, begin + half, n - half, &path.hash[path.count++]);
            n = half;
        } else {
            f = range_root(reader, begin, half, &path.hash[path.count++]);
            begin += half;
            m -= half;
            n -= half;
            whole = false;
        }
    }
    if (old != 0 && !whole && !fault_is(f))
        f = range_root(reader, begin, n, &path.hash[path.count++]);
    if (fault_is(f))
        return f;
    turn_around(&path);
    *out = path;
    return fault_none();
}

static struct fault forged(void)
{
    return fault_make(FAULT_FORGED, 0, "RFC 6962 2.1: the proof does not lead to the root");
}

struct fault tree_check_inclusion(const struct digest *leaf, uint64_t index, uint64_t size,
                                  const struct digest *root, const struct tree_path *path)
{
    uint64_t fn = index, sn = size - 1;
    struct digest r = *leaf;

    if (size > INT64_MAX || index >= size)
        return fault_make(FAULT_RANGE, 0, range);
    for (size_t i = 0; i < path->count; i++) {
        if (sn == 0)
            return forged();
        if (fn & 1 || fn == sn) {
            r = tree_node(&path->hash[i], &r);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            r = tree_node(&r, &path->hash[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && digest_equal(&r, root) ? fault_none() : forged();
}

/* Sizes that need no proof: nothing before, or nothing since. */
static struct fault check_trivial(uint64_t old, const struct digest *old_root,
                                  const struct digest *root, const struct tree_path *path)
{
    struct digest before = old == 0 ? tree_empty_root() : *root;

    return path->count == 0 && digest_equal(old_root, &before) ? fault_none() : forged();
}

struct fault tree_check_consistency(uint64_t old, const struct digest *old_root, uint64_t size,
                                    const struct digest *root, const struct tree_path *path)
{
    uint64_t fn = old - 1, sn = size - 1;
    struct digest fr, sr;
    size_t i = 0;

    if (size > INT64_MAX || old > size)
        return fault_make(FAULT_RANGE, 0, range);
    if (old == 0 || old == size)
        return check_trivial(old, old_root, root, path);
    while (fn & 1) {
        fn >>= 1;
        sn >>= 1;
    }
    if (fn != 0 && path->count == 0)
        return forged();
    fr = sr = fn == 0 ? *old_root : path->hash[i++]; /* a whole old tree is not in the proof */
    for (; i < path->count; i++) {
        if (sn == 0)
            return forged();
        if (fn & 1 || fn == sn) {
            fr = tree_node(&path->hash[i], &fr);
            sr = tree_node(&path->hash[i], &sr);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            sr = tree_node(&sr, &path->hash[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && digest_equal(&fr, old_root) && digest_equal(&sr, root) ? fault_none()
                                                                             : forged();
}
