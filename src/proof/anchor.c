#include "proof/anchor.h"

#include "base/cursor.h"
#include "base/text.h"

static const char form[] = "signed-note: Verifier keys";

static const char *const names[ANCHOR_KINDS] = {"none", "rfc3161", "witness"};

const char *anchor_kind_name(enum anchor_kind kind)
{
    return (size_t)kind < ANCHOR_KINDS ? names[kind] : names[ANCHOR_NONE];
}

enum anchor_kind anchor_kind_parse(struct bytes name)
{
    for (enum anchor_kind k = ANCHOR_STAMP; k < ANCHOR_KINDS; k++)
        if (bytes_is(name, names[k]))
            return k;
    return ANCHOR_NONE;
}

struct fault anchor_trust_add(struct anchor_trust *t, struct bytes vkey)
{
    const struct suite *ed25519 = suite_find(bytes_text("ed25519"));
    struct note_signer w = {.role = NOTE_COSIGNER};
    struct cursor in = cursor_over(vkey, form);
    struct bytes name = cursor_until(&in, '+'), id = cursor_until(&in, '+');
    struct bytes key = cursor_take(&in, cursor_left(&in));
    uint8_t raw[33];
    char hex[9];
    struct fault f;

    if (t->witness_count == ANCHOR_WITNESSES)
        return fault_make(FAULT_LIMIT, 0, "at most 16 witnesses");
    if (!cursor_ok(&in) || name.len >= sizeof w.name || !checkpoint_name_is_good(name) ||
        !base64_read(key, raw, sizeof raw) || raw[0] != 4)
        return fault_make(FAULT_SYNTAX, in.at, form);
    memcpy(w.name, name.data, name.len);
    f = note_signer_add(&w, ed25519, bytes_of(raw + 1, 32));
    if (fault_is(f))
        return f;
    snprintf(hex, sizeof hex, "%08x",
             note_key_id(w.name, NOTE_COSIGNER, ed25519, bytes_of(raw + 1, 32)));
    if (!bytes_is(id, hex))
        return fault_make(FAULT_MISMATCH, 0, form);
    t->witness[t->witness_count++] = w;
    return fault_none();
}

static void add_pem(const char *base64, struct buf *pem)
{
    size_t len = strlen(base64);

    buf_text(pem, "-----BEGIN CERTIFICATE-----\n");
    for (size_t at = 0; at < len; at += 64)
        buf_print(pem, "%.64s\n", base64 + at);
    buf_text(pem, "-----END CERTIFICATE-----\n");
}

static bool has_witness(const struct anchor_trust *t, const struct note_signer *w)
{
    for (size_t i = 0; i < t->witness_count; i++)
        if (strcmp(t->witness[i].name, w->name) == 0 &&
            memcmp(t->witness[i].key[0].key, w->key[0].key, 32) == 0)
            return true;
    return false;
}

static void add_agreed(struct anchor_trust *t, const struct agreement *a, struct buf *pem)
{
    for (size_t i = 0; i < a->authority_count; i++) {
        struct buf one = {0};

        add_pem(a->authorities[i].certificate, &one);
        if (strstr(buf_str(pem), buf_str(&one)) == NULL && pem->len + one.len <= STAMP_CA_MAX)
            buf_bytes(pem, buf_view(&one));
        buf_done(&one);
    }
    for (size_t i = 0; i < a->witness_count && t->witness_count < ANCHOR_WITNESSES; i++) {
        struct note_signer w = {.role = NOTE_COSIGNER};

        snprintf(w.name, sizeof w.name, "%s", a->witnesses[i].name);
        if (!fault_is(note_signer_add(&w, suite_find(bytes_text("ed25519")),
                                      bytes_of(a->witnesses[i].key, 32))) &&
            !has_witness(t, &w))
            t->witness[t->witness_count++] = w;
    }
}

void anchor_trust_agreed(const struct anchor_trust *said, struct agreement *const *agreed,
                         size_t count, struct buf *pem, struct anchor_trust *out)
{
    *out = (struct anchor_trust){.witness_count = 0};
    if (said != NULL) {
        *out = *said;
        buf_bytes(pem, said->ca);
    }
    for (size_t i = 0; i < count; i++)
        add_agreed(out, agreed[i], pem);
    out->ca = buf_view(pem);
}

static struct fault verify_stamp(const struct anchor *a, const struct anchor_trust *t,
                                 struct anchored *out)
{
    struct digest text = digest_of(a->text);
    struct stamp s;
    struct fault f;

    if (t->ca.len == 0)
        return fault_make(FAULT_UNKNOWN, 0, "no time-stamping authority is trusted");
    f = stamp_verify(a->data, &text, t->ca, &s);
    if (fault_is(f))
        return f;
    out->time = s.time;
    snprintf(out->who, sizeof out->who, "%s", s.authority);
    return f;
}

/* The first trusted witness whose line is there; then it must hold. */
static struct fault verify_lines(const struct note *n, const struct anchor_trust *t,
                                 struct anchored *out)
{
    for (size_t i = 0; i < t->witness_count; i++) {
        struct fault f = note_verify(n, &t->witness[i], &out->time);

        if (f.kind == FAULT_MISSING)
            continue;
        snprintf(out->who, sizeof out->who, "%s", t->witness[i].name);
        return f;
    }
    return fault_make(FAULT_MISSING, 0, "no line of a witness that is trusted");
}

static struct fault verify_witness(const struct anchor *a, const struct anchor_trust *t,
                                   struct anchored *out)
{
    struct buf text = {0};
    struct note n;
    struct fault f;

    if (t->witness_count == 0)
        return fault_make(FAULT_UNKNOWN, 0, "no witness is trusted");
    note_begin(a->text, &text);
    buf_bytes(&text, a->data);
    f = note_parse(buf_view(&text), &n);
    if (!fault_is(f))
        f = verify_lines(&n, t, out);
    buf_done(&text);
    return f;
}

struct fault anchor_verify(const struct anchor *a, const struct anchor_trust *t,
                           struct anchored *out)
{
    struct anchored found = {0};
    struct fault f = a->kind == ANCHOR_STAMP     ? verify_stamp(a, t, &found)
                     : a->kind == ANCHOR_WITNESS ? verify_witness(a, t, &found)
                                                 : fault_make(FAULT_UNKNOWN, 0, "anchor: kind");

    if (!fault_is(f))
        *out = found;
    return f;
}
