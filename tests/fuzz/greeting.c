/*
 * Fuzzes what reads a party's keys: a HELLO that brings two changes of them and shows one of ours
 * (judge/), and keeper's file of them (keeper/keysfile.c). The input is changes to a good one,
 * which are tried as both: a HELLO with one byte changed is refused, a file that is read is what
 * was read.
 */
#include "keeper/keysfile.h"

#include "base/cursor.h"
#include "base/memory.h"
#include "judge/judging.h"
#include "people.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct people *people;
static struct buf hello, file;
static const uint8_t exporter[HELLO_EXPORTER] = {1, 2, 3};

static struct fault hear(struct bytes payload)
{
    static struct judging_verdict v;
    const struct agreement *a = &people->agreement;
    struct judging *j = judging_new(&a, 1, "a");
    struct fault f =
        judging_link_up(j, 1, bytes_text("cn-ru-2015"), bytes_text("b"), false, exporter);

    if (!fault_is(f))
        f = judging_frame(j, 1, FRAME_HELLO, payload, &v);
    judging_link_down(j, 1);
    judging_free(j);
    return f;
}

/* b's second and third keys; the third ones sign the HELLO. */
static struct secret *begin_keys(struct buf *entry, struct buf *document)
{
    static struct secret *made[2][ROLE_COUNT];
    static const char *const state[2] = {"rotated", "revoked"};
    struct person *b = &people->b;

    for (size_t i = 0; i < 2; i++) {
        json_t *fields = people_keys_fields(&people->agreement, b, ROLE_NONE,
                                            (uint8_t)(30 + 10 * i), state[i], made[i]);

        json_object_set_new(fields, "serial", json_integer((json_int_t)i + 1));
        people_keys(&people->agreement, b, fields, b->root, 0, &entry[i], &document[i]);
    }
    return made[1][ROLE_HELLO];
}

/* A change of a's keys, which b shows. */
static struct frame_keys shown_keys(void)
{
    static struct buf entry, document;
    static struct secret *made[ROLE_COUNT];

    people_keys(&people->agreement, &people->a,
                people_keys_fields(&people->agreement, &people->a, ROLE_NONE, 60, "rotated", made),
                people->a.root, 0, &entry, &document);
    return (struct frame_keys){3, buf_view(&entry), buf_view(&document)};
}

static void begin(void)
{
    static struct buf entry[2], document[2], bytes, signature;
    const struct agreement *a;
    struct frame_hello h;
    struct secret *key;

    people = people_new();
    a = &people->agreement;
    key = begin_keys(entry, document);
    h = (struct frame_hello){.agreement = bytes_text(a->id),
                             .version = a->version,
                             .agreement_digest = bytes_of(a->digest, 32),
                             .party = bytes_text("b"),
                             .time = 1764063000,
                             .genesis_entry = buf_view(&people->b.genesis),
                             .genesis_document = buf_view(&people->b.document),
                             .key_count = 2};
    buf_part(&file, h.genesis_entry);
    buf_part(&file, h.genesis_document);
    for (size_t i = 0; i < 2; i++) {
        h.keys[i] = (struct frame_keys){5 + i, buf_view(&entry[i]), buf_view(&document[i])};
        buf_u64(&file, 5 + i);
        buf_part(&file, h.keys[i].entry);
        buf_part(&file, h.keys[i].document);
    }
    h.shown[h.shown_count++] = shown_keys();
    frame_hello_say(&h, &hello);
    hello_bytes(exporter, HELLO_DIALLER, buf_view(&hello), &bytes);
    domain_sign(key, DOMAIN_HELLO, h.agreement, buf_view(&bytes), &signature);
    frame_hello_sign(bytes_text("ed25519"), buf_view(&signature), &hello);
    if (fault_is(hear(buf_view(&hello))))
        die("a good HELLO is refused\n");
}

static void read_file(struct bytes text)
{
    struct keysfile k = {.tenure = {.count = 0}};

    if (fault_is(keysfile_parse(&people->agreement, "b", text, &k)))
        return;
    if (!bytes_equal(buf_view(&k.text), text) || k.tenure.count == 0)
        die("a file of keys is not what was read\n");
    keysfile_cut(&k, 1);
    if (k.tenure.count != 1 || k.text.len > text.len)
        die("a file of keys was not cut to its genesis\n");
    keysfile_done(&k);
}

/* u16 where, u8 what is XORed into it; one byte behind the last says how much goes at the end. */
static void change(struct cursor *in, const struct buf *good, struct buf *out)
{
    buf_clear(out);
    buf_bytes(out, buf_view(good));
    while (cursor_left(in) >= 3) {
        size_t at = (size_t)cursor_u8(in) << 8;

        at = (at | cursor_u8(in)) % out->len;
        out->data[at] ^= cursor_u8(in);
    }
    if (cursor_left(in) != 0)
        out->len -= cursor_u8(in) % (out->len + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes all = bytes_of(data, size);
    struct cursor first = cursor_over(all, "fuzz"), second = first;
    struct buf text = {0};

    if (people == NULL)
        begin();
    change(&first, &hello, &text);
    if (!fault_is(hear(buf_view(&text))) && !bytes_equal(buf_view(&text), buf_view(&hello)))
        die("a HELLO that was changed is taken\n");
    change(&second, &file, &text);
    read_file(buf_view(&text));
    buf_done(&text);
    (void)fault_is(hear(all));
    read_file(all);
    return 0;
}
