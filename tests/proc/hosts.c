/*
 * judge and keeper as processes, in their sandboxes; the test is their parent, gate and desk. They
 * are this same program, started with "@judge" and "@keeper".
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cursor.h"
#include "hotline/hello.h"
#include "io/channel.h"
#include "io/control.h"
#include "io/file.h"
#include "io/spawn.h"
#include "ipc/link.h"
#include "judge/ground.h"
#include "keeper/order.h"
#include "keeper/pins.h"
#include "ledger/note.h"
#include "ledger/tree.h"
#include "pact/example.h"
#include "pact/signed.h"
#include "people.h"
#include "proc/children.h"
#include "proc/process.h"

static char home[] = "/tmp/parley-hosts-XXXXXX";
static struct agreement *pact;
static struct buf signatures;
static struct person ours, theirs;

/* ---- a parent ----------------------------------------------------------------------------------
 */

struct child {
    pid_t pid;
    int control, gate, desk;
};

static void tell(struct child *c, uint16_t type, struct bytes body, int fd)
{
    assert_good(control_send(c->control, MESSAGE_VERSION, type, body, fd));
}

static int give_channel(struct child *c, enum process other)
{
    uint8_t body = (uint8_t)other;
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    tell(c, MESSAGE_CHANNEL, bytes_of(&body, 1), pair[1]);
    close(pair[1]);
    return pair[0];
}

static struct child begin(const char *word)
{
    struct setup setup = {.settings = bytes_text("{}"), .party = bytes_text("cert-a")};
    struct spawn s = {.argument = {word}, .folder = home, .uid = geteuid(), .gid = getegid()};
    struct child c;
    struct buf body = {0};
    int ends[2];

    setup.agreements[0] = (struct setup_agreement){pact->canonical, buf_view(&signatures)};
    setup.agreement_count = 1;
    assert_good(control_pair(ends));
    s.control = ends[1];
    assert_good(spawn_start(&s, &c.pid));
    close(ends[1]);
    c.control = ends[0];
    setup_write(&setup, &body);
    tell(&c, MESSAGE_SETUP, buf_view(&body), -1);
    buf_done(&body);
    c.gate = give_channel(&c, PROCESS_GATE);
    c.desk = give_channel(&c, PROCESS_DESK);
    tell(&c, MESSAGE_GO, bytes_of(NULL, 0), -1);
    return c;
}

static void expect_ready(struct child *c)
{
    struct control_message m;

    assert_good(control_receive(c->control, CONTROL_PARENT, MESSAGE_VERSION, &m));
    assert_int_equal(m.type, MESSAGE_READY);
    control_done(&m);
}

static int wait_for(struct child *c)
{
    int status;

    assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
    close(c->control);
    close(c->gate);
    close(c->desk);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Gate goes first: what it still hands on is judged. */
static int stop(struct child *c)
{
    if (c->gate >= 0)
        (void)close(c->gate);
    c->gate = -1;
    tell(c, MESSAGE_STOP, bytes_of(NULL, 0), -1);
    return wait_for(c);
}

static void put_message(int fd, uint16_t type, struct buf *body)
{
    struct buf b = {0};

    channel_head_write(&b, MESSAGE_VERSION, type, (uint32_t)body->len);
    buf_bytes(&b, buf_view(body));
    assert_int_equal(send(fd, b.data, b.len, 0), b.len);
    buf_done(&b);
    buf_clear(body);
}

/* The next message must be of this type; its body in *out. */
static void get_message(int fd, uint16_t type, struct buf *out)
{
    static const struct channel_use use = {.version = MESSAGE_VERSION, .body_max = MESSAGE_MAX};
    uint8_t head[CHANNEL_HEAD];
    uint32_t length;
    uint16_t got;

    assert_int_equal(recv(fd, head, sizeof head, MSG_WAITALL), sizeof head);
    assert_good(channel_head_parse(bytes_of(head, sizeof head), &use, &length, &got));
    buf_clear(out);
    buf_need(out, length + 1);
    if (length != 0)
        assert_int_equal(recv(fd, out->data, length, MSG_WAITALL), length);
    out->len = length;
    if (got != type)
        fail_msg("%s came, not %s", message_name((enum message_type)got),
                 message_name((enum message_type)type));
}

/* ---- keeper ------------------------------------------------------------------------------------
 */

static void ask_genesis(struct buf *body)
{
    struct order_sign *o = calloc(1, sizeof *o);

    o->agreement = bytes_text(pact->id);
    o->count = 1;
    o->entry[0].text = buf_view(&ours.genesis);
    o->entry[0].disclosed = buf_view(&ours.document);
    order_sign_write(o, body);
    free(o);
}

static void expect_state(struct child *c, uint32_t logs)
{
    struct buf body = {0};
    struct cursor in;

    get_message(c->desk, MESSAGE_KEEPER_STATE, &body);
    in = cursor_over(buf_view(&body), "state");
    assert_int_equal(cursor_u32(&in), logs);
    for (uint32_t i = 0; i < logs; i++) {
        assert_true(bytes_is(cursor_part(&in, 100), pact->id));
        assert_true(bytes_is(cursor_part(&in, 200), ours.origin));
        assert_int_equal(cursor_u64(&in), 1);
        cursor_take(&in, 32 + 8);
        assert_int_equal(cursor_part(&in, 100).len, 0);
    }
    cursor_end(&in);
    assert_good(in.fault);
    buf_done(&body);
}

static void expect_head(struct child *c)
{
    struct note_signer signer = {.role = NOTE_AUTHOR};
    struct checkpoint head;
    struct buf body = {0};
    struct cursor in;

    snprintf(signer.name, sizeof signer.name, "%s", ours.origin);
    assert_good(note_signer_add(&signer, people_suite(), secret_public(ours.role[ROLE_LOG])));
    get_message(c->desk, MESSAGE_SIGNED, &body);
    in = cursor_over(buf_view(&body), "signed");
    assert_true(bytes_is(cursor_part(&in, 100), pact->id));
    assert_good(note_verify_checkpoint(cursor_part(&in, NOTE_MAX), bytes_text(ours.origin), &signer,
                                       &head, NULL));
    assert_int_equal(head.size, 1);
    buf_done(&body);
}

static void keeper_signs_refuses_and_remembers(void **state)
{
    struct child c = begin("@keeper");
    struct order_hello hello = {bytes_text(pact->id), 7, bytes_text("no hello")};
    struct buf body = {0};

    (void)state;
    expect_ready(&c);
    expect_state(&c, 0);
    ask_genesis(&body);
    put_message(c.desk, MESSAGE_SIGN, &body);
    expect_head(&c);
    ask_genesis(&body);
    put_message(c.desk, MESSAGE_SIGN, &body);
    get_message(c.desk, MESSAGE_SIGN_REFUSED, &body);
    buf_clear(&body);
    order_hello_write(&hello, &body);
    put_message(c.desk, MESSAGE_HELLO_SIGN, &body);
    get_message(c.desk, MESSAGE_KEEPER_REFUSED, &body);
    close(c.desk);
    c.desk = give_channel(&c, PROCESS_DESK); /* desk was started anew */
    expect_state(&c, 1);
    assert_int_equal(stop(&c), 0);
    c = begin("@keeper");
    expect_ready(&c);
    expect_state(&c, 1);
    assert_int_equal(stop(&c), 0);
    buf_done(&body);
}

static void keeper_hears_nobody_but_desk_and_no_nonsense(void **state)
{
    struct buf body = {0};

    (void)state;
    for (int what = 0; what < 3; what++) {
        struct child c = begin("@keeper");

        expect_ready(&c);
        ask_genesis(&body);
        if (what == 1)
            body.len -= 1;
        put_message(what == 0 ? c.gate : c.desk, what == 2 ? MESSAGE_JUDGED : MESSAGE_SIGN, &body);
        assert_int_equal(wait_for(&c), 1);
    }
    buf_done(&body);
}

static void keeper_does_not_start_with_other_roots(void **state)
{
    struct agreement other = *pact;
    const struct agreement *one = &other;
    struct buf good = {0}, wrong = {0};
    char path[128];
    struct child c;

    (void)state;
    snprintf(path, sizeof path, "%s/keeper/roots.json", home);
    assert_good(file_read(path, PINS_MAX, &good));
    other.parties[1].roots[0].key[0] ^= 1;
    pins_write(&one, 1, &wrong);
    assert_good(file_replace(path, buf_view(&wrong), 0600));
    c = begin("@keeper");
    assert_int_equal(wait_for(&c), PROCESS_REFUSED);
    assert_good(file_replace(path, buf_view(&good), 0600));
    buf_done(&good);
    buf_done(&wrong);
}

/* ---- judge -------------------------------------------------------------------------------------
 */

static void put_up(struct child *c, uint32_t link)
{
    struct link_up up = {.link = link,
                         .agreement = bytes_text(pact->id),
                         .party = bytes_text("cert-b"),
                         .dialled = true,
                         .exporter = {1, 2, 3},
                         .address = bytes_text("192.0.2.1:7315")};
    struct buf body = {0};

    link_up_write(&up, &body);
    put_message(c->gate, MESSAGE_LINK_UP, &body);
    buf_done(&body);
}

static void put_frame(struct child *c, uint32_t link, enum frame_type type, struct buf *payload)
{
    struct link_frame frame = {link, (uint8_t)type, buf_view(payload)};
    struct buf body = {0};

    link_frame_write(&frame, &body);
    put_message(c->gate, MESSAGE_FRAME, &body);
    buf_done(&body);
    buf_clear(payload);
}

static void write_hello(struct buf *out)
{
    static const uint8_t exporter[HELLO_EXPORTER] = {1, 2, 3};
    struct frame_hello h = {.agreement = bytes_text(pact->id),
                            .version = pact->version,
                            .agreement_digest = bytes_of(pact->digest, 32),
                            .party = bytes_text("cert-b"),
                            .genesis_entry = buf_view(&theirs.genesis),
                            .genesis_document = buf_view(&theirs.document)};
    struct buf bytes = {0}, signature = {0};

    frame_hello_say(&h, out);
    hello_bytes(exporter, HELLO_LISTENER, buf_view(out), &bytes);
    domain_sign(theirs.role[ROLE_HELLO], DOMAIN_HELLO, h.agreement, buf_view(&bytes), &signature);
    frame_hello_sign(bytes_text("ed25519"), buf_view(&signature), out);
    buf_done(&bytes);
    buf_done(&signature);
}

static void write_push(struct buf *out)
{
    struct frame_item item = {buf_view(&theirs.genesis), buf_view(&theirs.document)};
    struct checkpoint c = {.origin = bytes_text(theirs.origin), .size = 1};
    struct secret *log = theirs.role[ROLE_LOG];
    struct buf text = {0}, note = {0};

    c.root = tree_leaf(item.entry);
    checkpoint_write(&c, &text);
    note_begin(buf_view(&text), &note);
    note_sign(buf_view(&text), theirs.origin, NOTE_AUTHOR, (struct instant){0}, &log, 1, &note);
    frame_push_write(0, buf_view(&note), 1, out);
    frame_item_write(&item, out);
    buf_done(&text);
    buf_done(&note);
}

static void expect_judged(struct child *c, uint32_t link, enum frame_type type)
{
    struct buf body = {0};
    struct cursor in;

    get_message(c->desk, MESSAGE_JUDGED, &body);
    in = cursor_over(buf_view(&body), "judged");
    assert_int_equal(cursor_u32(&in), link);
    assert_int_equal(cursor_u8(&in), type);
    cursor_part(&in, FRAME_MAX);
    if (type == FRAME_PUSH) {
        assert_int_equal(cursor_u32(&in), 1);
        assert_int_equal(cursor_u8(&in), GROUND_NONE);
        assert_int_equal(cursor_part(&in, 200).len, 0);
    }
    cursor_end(&in);
    assert_good(in.fault);
    buf_done(&body);
}

static void judge_hands_on_what_is_good_and_says_what_is_bad(void **state)
{
    struct child c = begin("@judge");
    struct buf payload = {0}, body = {0};

    (void)state;
    expect_ready(&c);
    put_up(&c, 5);
    write_hello(&payload);
    put_frame(&c, 5, FRAME_HELLO, &payload);
    expect_judged(&c, 5, FRAME_HELLO);
    write_push(&payload);
    put_frame(&c, 5, FRAME_PUSH, &payload);
    expect_judged(&c, 5, FRAME_PUSH);
    buf_text(&payload, "\x1b]0;no frame");
    put_frame(&c, 5, FRAME_PUSH, &payload);
    get_message(c.desk, MESSAGE_BAD, &body);
    write_push(&payload);
    put_frame(&c, 5, FRAME_PUSH, &payload); /* nothing of that link is judged any more */
    get_message(c.desk, MESSAGE_BAD, &body);
    assert_int_equal(stop(&c), 0);
    buf_done(&payload);
    buf_done(&body);
}

/* "Does not read from gate while desk's channel is full": what a partner floods stays with gate. */
static void judge_stops_hearing_gate_while_desk_is_full(void **state)
{
    struct child c = begin("@judge");
    struct buf payload = {0}, body = {0}, message = {0};
    struct link_frame frame = {5, FRAME_BYE, {NULL, 0}};
    size_t sent = 0, judged = 0;
    int waited = 0;

    (void)state;
    expect_ready(&c);
    put_up(&c, 5);
    frame_bye_write(bytes_text("rule"), bytes_text("a text of some length"), &payload);
    frame.payload = buf_view(&payload);
    link_frame_write(&frame, &body);
    channel_head_write(&message, MESSAGE_VERSION, MESSAGE_FRAME, (uint32_t)body.len);
    buf_bytes(&message, buf_view(&body));
    while (waited < 20) { /* a second in which judge takes nothing more */
        ssize_t n = send(c.gate, message.data, message.len, MSG_DONTWAIT);

        if (n < 0) {
            assert_int_equal(errno, EAGAIN);
            usleep(50000);
            waited++;
            continue;
        }
        waited = 0;
        if ((size_t)n < message.len)
            assert_int_equal(send(c.gate, message.data + n, message.len - (size_t)n, 0),
                             message.len - (size_t)n);
        assert_true(++sent * message.len < 32 << 20);
    }
    for (; judged < sent; judged++)
        expect_judged(&c, 5, FRAME_BYE);
    assert_int_equal(stop(&c), 0);
    buf_done(&payload);
    buf_done(&body);
    buf_done(&message);
}

/* ---- the two parties */

static void make_person(struct person *p, const char *id, const char *root)
{
    struct entry e;
    uint32_t leaves;

    p->id = id;
    roles_origin(id, pact->id, p->origin);
    p->root = example_key(root);
    for (enum role role = ROLE_LOG; role < ROLE_COUNT; role++)
        p->role[role] = people_key(id + 5, (uint8_t)(10 + role));
    people_document(people_genesis_fields(pact, p), pact->id, p->root, 1, &p->document,
                    &p->document_root, &leaves);
    e = people_entry(pact, id, KIND_GENESIS, &p->document, p->document_root, leaves);
    entry_write(&e, &p->genesis);
}

static void put(const char *name, struct bytes content)
{
    char path[128];

    snprintf(path, sizeof path, "%s/%s", home, name);
    assert_good(file_replace(path, content, 0600));
}

static void put_keys(void)
{
    for (enum role role = ROLE_LOG; role < ROLE_COUNT; role++) {
        struct buf pem = {0};
        char name[32];

        snprintf(name, sizeof name, "keys/%s.pem", role_name(role));
        assert_good(secret_write_pem(ours.role[role], bytes_text(""), &pem));
        put(name, buf_view(&pem));
        buf_wipe(&pem);
    }
}

static int make_home(void **state)
{
    json_t *tree = example_tree();
    const struct agreement *one;
    struct signatures *s;
    struct buf pins = {0};
    char path[128];

    (void)state;
    assert_good(tree_parse(tree, &pact, NULL));
    json_decref(tree);
    make_person(&ours, "cert-a", "cert-a root");
    make_person(&theirs, "cert-b", "cert-b root");
    s = signatures_new(pact);
    assert_good(agreement_sign(pact, "cert-a", ours.root, s));
    assert_good(agreement_sign(pact, "cert-b", theirs.root, s));
    signatures_write(s, &signatures);
    signatures_free(s);
    assert_non_null(mkdtemp(home));
    snprintf(path, sizeof path, "%s/keys", home);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/keeper", home);
    assert_int_equal(mkdir(path, 0700), 0);
    put_keys();
    one = pact;
    pins_write(&one, 1, &pins);
    put("keeper/roots.json", buf_view(&pins));
    buf_done(&pins);
    return 0;
}

static int remove_home(void **state)
{
    static const char *const names[] = {"keys/log.pem", "keys/cosign.pem", "keys/hello.pem",
                                        "keeper/roots.json", "keeper/keeper"};
    char path[128];

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", home, names[i]);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/keys", home);
    rmdir(path);
    snprintf(path, sizeof path, "%s/keeper", home);
    rmdir(path);
    people_forget(&ours);
    people_forget(&theirs);
    agreement_free(pact);
    buf_done(&signatures);
    return rmdir(home);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeper_signs_refuses_and_remembers),
        cmocka_unit_test(keeper_hears_nobody_but_desk_and_no_nonsense),
        cmocka_unit_test(keeper_does_not_start_with_other_roots),
        cmocka_unit_test(judge_hands_on_what_is_good_and_says_what_is_bad),
        cmocka_unit_test(judge_stops_hearing_gate_while_desk_is_full),
    };

    if (argc > 1 && argv[1][0] == '@')
        return process_main(argv[1] + 1);
    return cmocka_run_group_tests(tests, make_home, remove_home);
}
