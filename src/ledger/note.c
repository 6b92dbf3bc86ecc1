#include "ledger/note.h"

#include "base/cursor.h"
#include "base/text.h"
#include "ledger/checked.h"

static const char dash[] = "\xe2\x80\x94 "; /* U+2014 and a space */
static const char form[] = "signed-note: Format";

enum { ID = 4, TIME = 8 };

struct fault note_signer_add(struct note_signer *s, const struct suite *suite, struct bytes key)
{
    struct fault f = suite_key_check(suite, key);

    if (fault_is(f))
        return f;
    if (s->count == NOTE_KEYS)
        return fault_make(FAULT_LIMIT, 0, "note: more suites than an agreement has");
    for (size_t i = 0; i < s->count; i++)
        if (s->key[i].suite == suite)
            return fault_make(FAULT_DUPLICATE, 0, "note: two keys of one suite");
    s->key[s->count].suite = suite;
    s->key[s->count].len = key.len;
    memcpy(s->key[s->count].key, key.data, key.len);
    s->count++;
    return fault_none();
}

/* Where the signature lines begin: behind the last empty line. 0 if there is none. */
static size_t lines_start(struct bytes text)
{
    for (size_t i = text.len; i >= 2; i--)
        if (text.data[i - 1] == '\n' && text.data[i - 2] == '\n')
            return i;
    return 0;
}

static size_t control_at(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < ' ' && text.data[i] != '\n')
            return i;
    return text.len;
}

/* The id, if the whole is canonical base64 of an id and something behind it. */
static bool read_id(struct bytes base64, uint32_t *out)
{
    struct buf raw = {0};
    size_t size = 0;
    bool good = base64_size(base64, &size) && size > ID;

    if (good) {
        buf_need(&raw, size);
        good = base64_read(base64, raw.data, size);
    }
    if (good)
        *out = (uint32_t)raw.data[0] << 24 | (uint32_t)raw.data[1] << 16 |
               (uint32_t)raw.data[2] << 8 | raw.data[3];
    buf_done(&raw);
    return good;
}

static void line(struct cursor *in, struct note_line *out)
{
    size_t start;

    cursor_expect(in, dash);
    start = in->at;
    out->name = cursor_until(in, ' ');
    if (cursor_ok(in) && !checkpoint_name_is_good(out->name))
        cursor_fail(in, FAULT_SYNTAX, start);
    start = in->at;
    out->signature = cursor_line(in);
    if (cursor_ok(in) && !read_id(out->signature, &out->id))
        cursor_fail(in, FAULT_SYNTAX, start);
}

struct fault note_parse(struct bytes text, struct note *out)
{
    struct note n = {.text = text};
    struct cursor in = cursor_over(text, form);
    size_t bad;

    if (text.len > NOTE_MAX)
        return fault_make(FAULT_LIMIT, NOTE_MAX, form);
    bad = utf8_bad(text);
    if (bad != text.len)
        return fault_make(FAULT_SYNTAX, bad, form);
    bad = control_at(text);
    if (bad != text.len)
        return fault_make(FAULT_SYNTAX, bad, form);
    in.at = lines_start(text);
    if (in.at < 3) /* a text is at least one character and its newline */
        return fault_make(FAULT_SHORT, text.len, form);
    n.text = bytes_of(text.data, in.at - 1);
    while (cursor_left(&in) != 0) {
        if (n.count == NOTE_LINES)
            return fault_make(FAULT_LIMIT, in.at, form);
        line(&in, &n.line[n.count++]);
    }
    if (cursor_ok(&in) && n.count == 0)
        cursor_fail(&in, FAULT_SHORT, text.len);
    if (cursor_ok(&in))
        *out = n;
    return in.fault;
}

uint32_t note_key_id(const char *name, enum note_role role, const struct suite *suite,
                     struct bytes key)
{
    uint8_t type = role == NOTE_AUTHOR ? suite_note_type(suite) : suite_cosignature_type(suite);
    struct digest_stream stream;
    struct digest d;

    digest_begin(&stream);
    digest_add(&stream, bytes_text(name));
    digest_add(&stream, bytes_of("\n", 1));
    digest_add(&stream, bytes_of(&type, 1));
    if (type == 0xff) {
        digest_add(&stream, bytes_text("parley-"));
        digest_add(&stream, bytes_text(suite_name(suite)));
        digest_add(&stream, bytes_of("\n", 1));
    }
    digest_add(&stream, key);
    d = digest_end(&stream);
    return (uint32_t)d.byte[0] << 24 | (uint32_t)d.byte[1] << 16 | (uint32_t)d.byte[2] << 8 |
           d.byte[3];
}

/* tlog-cosignature: the header line, the time line, the checkpoint's text. */
static void cosigned_message(struct bytes text, uint64_t time, struct buf *out)
{
    buf_text(out, "cosignature/v1\ntime ");
    buf_decimal(out, time);
    buf_byte(out, '\n');
    buf_bytes(out, text);
}

static struct fault find_line(const struct note *n, const struct note_signer *signer,
                              const struct note_key *key, const struct note_line **out)
{
    uint32_t id = note_key_id(signer->name, signer->role, key->suite, bytes_of(key->key, key->len));

    *out = NULL;
    for (size_t i = 0; i < n->count; i++) {
        if (n->line[i].id != id || !bytes_is(n->line[i].name, signer->name))
            continue;
        if (*out != NULL)
            return fault_make(FAULT_DUPLICATE, 0, suite_rule(key->suite, SUITE_RULE_TWICE));
        *out = &n->line[i];
    }
    if (*out == NULL)
        return fault_make(FAULT_MISSING, 0, suite_rule(key->suite, SUITE_RULE_MISSING));
    return fault_none();
}

static struct fault verify_bytes(const struct note *n, const struct note_signer *signer,
                                 const struct note_key *key, const uint8_t *raw, size_t size,
                                 uint64_t *time)
{
    size_t head = signer->role == NOTE_COSIGNER ? ID + TIME : ID;
    struct bytes public_key = bytes_of(key->key, key->len);
    struct cursor in = cursor_over(bytes_of(raw + ID, TIME), form);
    struct buf message = {0};
    struct fault f;

    if (size <= head)
        return fault_make(FAULT_SYNTAX, 0, suite_rule(key->suite, SUITE_RULE_LENGTH));
    if (signer->role == NOTE_AUTHOR)
        return checked_verify(key->suite, public_key, n->text, bytes_of(raw + head, size - head));
    *time = cursor_u64(&in);
    if (*time > INT64_MAX / 1000000)
        return fault_make(FAULT_RANGE, 0, "tlog-cosignature: timestamp");
    cosigned_message(n->text, *time, &message);
    f = checked_verify(key->suite, public_key, buf_view(&message),
                       bytes_of(raw + head, size - head));
    buf_done(&message);
    return f;
}

static struct fault verify_key(const struct note *n, const struct note_signer *signer,
                               const struct note_key *key, uint64_t *time)
{
    uint8_t raw[ID + TIME + SUITE_SIGNATURE_MAX];
    const struct note_line *found;
    size_t size = 0;
    struct fault f = find_line(n, signer, key, &found);

    if (fault_is(f))
        return f;
    if (!base64_size(found->signature, &size) || size > sizeof raw || size < ID + TIME ||
        !base64_read(found->signature, raw, size))
        return fault_make(FAULT_SYNTAX, 0, suite_rule(key->suite, SUITE_RULE_LENGTH));
    return verify_bytes(n, signer, key, raw, size, time);
}

/* By these keys and no others. */
static struct fault verify_keys(const struct note *n, const struct note_signer *signer,
                                struct instant *time)
{
    uint64_t first = 0;

    if (signer->count == 0)
        return fault_make(FAULT_MISSING, 0, "note: a policy without a key");
    for (size_t i = 0; i < signer->count; i++) {
        uint64_t said = 0;
        struct fault f = verify_key(n, signer, &signer->key[i], &said);

        if (fault_is(f))
            return f;
        if (i != 0 && said != first)
            return fault_make(FAULT_MISMATCH, 0, "note: one cosigner says two times");
        first = said;
    }
    if (time != NULL)
        *time = instant_of_seconds((int64_t)first);
    return fault_none();
}

static bool has_line(const struct note *n, const struct note_signer *signer)
{
    const struct note_line *found;

    return signer->count != 0 &&
           find_line(n, signer, &signer->key[0], &found).kind != FAULT_MISSING;
}

static const struct note_signer *signer_at(const struct note *n, uint64_t size,
                                           const struct note_signer *signer)
{
    const struct note_signer *s = signer;

    if (s->role == NOTE_AUTHOR) {
        while (s->before != NULL && size <= s->since)
            s = s->before;
        return s;
    }
    while (s->before != NULL && size <= s->since && !has_line(n, s))
        s = s->before;
    return has_line(n, s) ? s : signer;
}

const struct note_signer *note_signer_of(const struct note *n, const struct note_signer *signer)
{
    struct checkpoint c;

    if (signer->before == NULL || fault_is(checkpoint_parse(n->text, &c)))
        return signer;
    return signer_at(n, c.size, signer);
}

/* Did keys sign that a party had once, and not for this head? */
static bool signed_out_of_turn(const struct note *n, const struct note_signer *signer,
                               const struct note_signer *asked)
{
    for (const struct note_signer *s = signer; s != NULL; s = s->before)
        if (s != asked && has_line(n, s) && !fault_is(verify_keys(n, s, NULL)))
            return true;
    return false;
}

struct fault note_verify(const struct note *n, const struct note_signer *signer,
                         struct instant *time)
{
    const struct note_signer *asked;
    struct checkpoint c;
    struct fault f;

    if (signer->before == NULL)
        return verify_keys(n, signer, time);
    f = checkpoint_parse(n->text, &c);
    if (fault_is(f))
        return f;
    asked = signer_at(n, c.size, signer);
    f = verify_keys(n, asked, time);
    if (f.kind == FAULT_MISSING && signed_out_of_turn(n, signer, asked))
        f = fault_make(FAULT_REFUSED, 0,
                       "PROTOCOL.ledger section 11: signed by keys that are not this head's: they "
                       "were replaced");
    return f;
}

struct fault note_verify_checkpoint(struct bytes text, struct bytes origin,
                                    const struct note_signer *signer, struct checkpoint *out,
                                    struct note *note)
{
    struct note n;
    struct checkpoint c;
    struct fault f = note_parse(text, &n);

    if (!fault_is(f))
        f = checkpoint_parse(n.text, &c);
    if (fault_is(f))
        return f;
    if (!bytes_equal(c.origin, origin))
        return fault_make(FAULT_MISMATCH, 0, "tlog-checkpoint: origin of another log");
    f = note_verify(&n, signer, NULL);
    if (fault_is(f))
        return f;
    *out = c;
    if (note != NULL)
        *note = n;
    return fault_none();
}

void note_copy_lines(const struct note *n, const struct note_signer *signer, struct buf *out)
{
    signer = note_signer_of(n, signer);
    for (size_t i = 0; i < signer->count; i++) {
        const struct note_line *found;

        if (fault_is(find_line(n, signer, &signer->key[i], &found)))
            continue;
        buf_text(out, dash);
        buf_bytes(out, found->name);
        buf_byte(out, ' ');
        buf_bytes(out, found->signature);
        buf_byte(out, '\n');
    }
}

void note_begin(struct bytes text, struct buf *out)
{
    buf_bytes(out, text);
    buf_byte(out, '\n');
}

static void sign_line(struct bytes message, const char *name, enum note_role role, uint64_t time,
                      struct secret *secret, struct buf *out)
{
    struct buf raw = {0};

    buf_u32(&raw, note_key_id(name, role, secret_suite(secret), secret_public(secret)));
    if (role == NOTE_COSIGNER)
        buf_u64(&raw, time);
    secret_sign(secret, message, &raw);
    buf_text(out, dash);
    buf_text(out, name);
    buf_byte(out, ' ');
    buf_base64(out, raw.data, raw.len);
    buf_byte(out, '\n');
    buf_done(&raw);
}

void note_sign(struct bytes text, const char *name, enum note_role role, struct instant time,
               struct secret *const *secrets, size_t count, struct buf *out)
{
    uint64_t seconds = time.us < 0 ? 0 : (uint64_t)instant_seconds(time);
    struct buf message = {0};

    if (role == NOTE_COSIGNER)
        cosigned_message(text, seconds, &message);
    else
        buf_bytes(&message, text);
    for (size_t i = 0; i < count; i++)
        sign_line(buf_view(&message), name, role, seconds, secrets[i], out);
    buf_done(&message);
}
