#include "ledger/tree.h"

#include "base/text.h"
#include "test.h"

enum { MANY = 70 };

/* The slow reference: RFC 6962 section 2.1, word by word. */
static struct digest slow_root(const struct digest *leaf, size_t n)
{
    size_t k = 1;
    struct digest left, right;

    if (n == 0)
        return tree_empty_root();
    if (n == 1)
        return leaf[0];
    while (k * 2 < n)
        k *= 2;
    left = slow_root(leaf, k);
    right = slow_root(leaf + k, n - k);
    return tree_node(&left, &right);
}

static size_t slow_path(const struct digest *leaf, size_t m, size_t n, struct digest *out)
{
    size_t k = 1, at;

    if (n == 1)
        return 0;
    while (k * 2 < n)
        k *= 2;
    if (m < k) {
        at = slow_path(leaf, m, k, out);
        out[at] = slow_root(leaf + k, n - k);
    } else {
        at = slow_path(leaf + k, m - k, n - k, out);
        out[at] = slow_root(leaf, k);
    }
    return at + 1;
}

static size_t slow_subproof(const struct digest *leaf, size_t m, size_t n, bool whole,
                            struct digest *out)
{
    size_t k = 1, at;

    if (m == n) {
        if (!whole)
            out[0] = slow_root(leaf, n);
        return whole ? 0 : 1;
    }
    while (k * 2 < n)
        k *= 2;
    if (m <= k) {
        at = slow_subproof(leaf, m, k, whole, out);
        out[at] = slow_root(leaf + k, n - k);
    } else {
        at = slow_subproof(leaf + k, m - k, n - k, false, out);
        out[at] = slow_root(leaf, k);
    }
    return at + 1;
}

static struct fault read_slowly(const void *from, unsigned level, uint64_t index,
                                struct digest *out)
{
    const struct digest *leaf = from;

    *out = slow_root(leaf + (index << level), 1ULL << level);
    return fault_none();
}

static struct digest leaves[MANY];

static int make_leaves(void **state)
{
    (void)state;
    for (size_t i = 0; i < MANY; i++) {
        uint8_t byte = (uint8_t)i;

        leaves[i] = tree_leaf(bytes_of(&byte, 1));
    }
    return 0;
}

static struct digest from_hex(const char *hex)
{
    struct digest d;

    assert_true(hex_read(bytes_text(hex), d.byte, sizeof d.byte));
    return d;
}

/* The test vectors of the reference implementations of RFC 6962: eight entries, all roots. */
static void roots_are_those_of_the_known_tree(void **state)
{
    static const struct {
        const char *entry;
        size_t len;
        const char *root;
    } known[] = {
        {"", 0, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
        {"\x00", 1, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
        {"\x10", 1, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
        {"\x20\x21", 2, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
        {"\x30\x31", 2, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
        {"\x40\x41\x42\x43", 4, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
        {"\x50\x51\x52\x53\x54\x55\x56\x57", 8,
         "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
        {"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16,
         "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
    };
    struct digest empty =
        from_hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    struct tree t = {0};
    struct digest got = tree_root(&t);

    (void)state;
    assert_true(digest_equal(&got, &empty));
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct digest leaf = tree_leaf(bytes_of(known[i].entry, known[i].len));
        struct digest want = from_hex(known[i].root);

        tree_append(&t, &leaf);
        got = tree_root(&t);
        assert_true(digest_equal(&got, &want));
    }
}

static void roots_and_frontiers_are_those_of_the_definition(void **state)
{
    struct tree_reader reader = {read_slowly, leaves};
    struct tree t = {0}, again, read;

    (void)state;
    for (size_t n = 0; n <= MANY; n++) {
        struct digest want = slow_root(leaves, n), got = tree_root(&t), hashes[TREE_LEVELS];
        size_t count;

        assert_true(digest_equal(&got, &want));
        assert_good(tree_read_root(reader, n, &got));
        assert_true(digest_equal(&got, &want));
        tree_frontier(&t, hashes, &count);
        assert_good(tree_restore(n, hashes, count, &again));
        got = tree_root(&again);
        assert_true(digest_equal(&got, &want));
        assert_fault(tree_restore(n, hashes, count + 1, &again), FAULT_MISMATCH);
        assert_good(tree_read_frontier(reader, n, &read));
        got = tree_root(&read);
        assert_true(digest_equal(&got, &want));
        if (n < MANY)
            tree_append(&t, &leaves[n]);
    }
}

static void inclusion_proofs_are_those_of_the_definition_and_hold(void **state)
{
    struct tree_reader reader = {read_slowly, leaves};

    (void)state;
    for (size_t n = 1; n <= MANY; n++) {
        struct digest root = slow_root(leaves, n);

        for (size_t m = 0; m < n; m++) {
            struct digest want[TREE_PATH_MAX];
            struct tree_path path;

            assert_good(tree_prove_inclusion(reader, m, n, &path));
            assert_int_equal(path.count, slow_path(leaves, m, n, want));
            assert_memory_equal(path.hash, want, path.count * sizeof want[0]);
            assert_good(tree_check_inclusion(&leaves[m], m, n, &root, &path));
        }
        struct tree_path path;
        assert_fault(tree_prove_inclusion(reader, n, n, &path), FAULT_RANGE);
    }
}

static void consistency_proofs_are_those_of_the_definition_and_hold(void **state)
{
    struct tree_reader reader = {read_slowly, leaves};

    (void)state;
    for (size_t n = 0; n <= MANY; n++) {
        struct digest root = slow_root(leaves, n);

        for (size_t m = 0; m <= n; m++) {
            struct digest want[TREE_PATH_MAX], old = slow_root(leaves, m);
            struct tree_path path;

            assert_good(tree_prove_consistency(reader, m, n, &path));
            assert_int_equal(path.count, m == 0 ? 0 : slow_subproof(leaves, m, n, true, want));
            assert_memory_equal(path.hash, want, path.count * sizeof want[0]);
            assert_good(tree_check_consistency(m, &old, n, &root, &path));
        }
    }
}

/* Flips each bit of a proof's hashes, tries another leaf, index, size, root, a hash more, less. */
static void a_changed_inclusion_proof_does_not_hold(void **state)
{
    struct tree_reader reader = {read_slowly, leaves};

    (void)state;
    for (size_t n = 2; n <= 20; n++) {
        struct digest root = slow_root(leaves, n);

        for (size_t m = 0; m < n; m++) {
            struct tree_path path;

            assert_good(tree_prove_inclusion(reader, m, n, &path));
            for (size_t bit = 0; bit < path.count * 256; bit += 37) {
                path.hash[bit / 256].byte[bit % 256 / 8] ^= (uint8_t)(1 << bit % 8);
                assert_fault(tree_check_inclusion(&leaves[m], m, n, &root, &path), FAULT_FORGED);
                path.hash[bit / 256].byte[bit % 256 / 8] ^= (uint8_t)(1 << bit % 8);
            }
            for (size_t other = 0; other < n; other++)
                if (other != m)
                    assert_fault(tree_check_inclusion(&leaves[m], other, n, &root, &path),
                                 FAULT_FORGED);
            assert_fault(tree_check_inclusion(&leaves[n], m, n, &root, &path), FAULT_FORGED);
            path.count++;
            assert_fault(tree_check_inclusion(&leaves[m], m, n, &root, &path), FAULT_FORGED);
            path.count -= 2;
            assert_fault(tree_check_inclusion(&leaves[m], m, n, &root, &path), FAULT_FORGED);
            assert_fault(tree_check_inclusion(&leaves[m], n, n, &root, &path), FAULT_RANGE);
        }
    }
}

static void a_rewritten_history_has_no_consistency_proof(void **state)
{
    struct tree_reader reader = {read_slowly, leaves};

    (void)state;
    for (size_t n = 2; n <= 20; n++) {
        struct digest root = slow_root(leaves, n);

        for (size_t m = 1; m < n; m++) {
            struct digest changed[MANY], old = slow_root(leaves, m), other;
            struct tree_path path;

            memcpy(changed, leaves, sizeof leaves);
            changed[m - 1].byte[0] ^= 1;
            other = slow_root(changed, m);
            assert_good(tree_prove_consistency(reader, m, n, &path));
            assert_fault(tree_check_consistency(m, &other, n, &root, &path), FAULT_FORGED);
            other = slow_root(changed, n);
            assert_fault(tree_check_consistency(m, &old, n, &other, &path), FAULT_FORGED);
            for (size_t i = 0; i < path.count; i++) {
                path.hash[i].byte[31] ^= 0x80;
                assert_fault(tree_check_consistency(m, &old, n, &root, &path), FAULT_FORGED);
                path.hash[i].byte[31] ^= 0x80;
            }
            path.count++;
            assert_fault(tree_check_consistency(m, &old, n, &root, &path), FAULT_FORGED);
            path.count = 0;
            assert_fault(tree_check_consistency(m, &old, n, &root, &path), FAULT_FORGED);
            assert_fault(tree_check_consistency(n, &root, m, &old, &path), FAULT_RANGE);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_are_those_of_the_known_tree),
        cmocka_unit_test(roots_and_frontiers_are_those_of_the_definition),
        cmocka_unit_test(inclusion_proofs_are_those_of_the_definition_and_hold),
        cmocka_unit_test(consistency_proofs_are_those_of_the_definition_and_hold),
        cmocka_unit_test(a_changed_inclusion_proof_does_not_hold),
        cmocka_unit_test(a_rewritten_history_has_no_consistency_proof),
    };
    return cmocka_run_group_tests(tests, make_leaves, NULL);
}
