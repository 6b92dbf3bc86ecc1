/*
 * Two nodes whose gates are real. Their judge and desk are this program: judge hands every frame
 * on to desk with its length alone, desk says a greeting on every link and writes down what it
 * hears. The test also plays a partner by itself, with the partner's key.
 */
#include "proc/gate.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "hotline/frame.h"
#include "ipc/link.h"
#include "proc/children.h"
#include "proc/nodes.h"
#include "proc/process.h"
#include "tls/link.h"

/* ---- judge and desk -------------------------------------------------------------------------- */

struct stub {
    struct self *self;
    uint64_t frames, bytes;
};

static struct fault stub_begin(void *context, struct self *self)
{
    ((struct stub *)context)->self = self;
    return fault_none();
}

static void judge_message(void *context, enum process from, uint16_t type, struct bytes body)
{
    struct stub *s = context;
    struct link_frame frame;
    struct buf out = {0};

    (void)from;
    if (type != MESSAGE_FRAME || fault_is(link_frame_parse(body, &frame)))
        return;
    s->frames++;
    s->bytes += frame.payload.len;
    if (frame.type != FRAME_PUSH || s->frames % 10 == 0)
        dprintf(2, "judge frame %u of %zu, %llu so far\n", frame.type, frame.payload.len,
                (unsigned long long)s->bytes);
    buf_u32(&out, frame.link);
    buf_byte(&out, frame.type);
    process_send(s->self, PROCESS_DESK, MESSAGE_JUDGED, buf_view(&out));
    buf_done(&out);
}

static void desk_up(struct stub *s, const struct link_up *up)
{
    struct link_frame hello = {.link = up->link, .type = FRAME_HELLO};
    struct buf out = {0}, payload = {0};

    buf_part(&payload, bytes_text("pact-2015-example"));
    hello.payload = buf_view(&payload);
    link_frame_write(&hello, &out);
    process_send(s->self, PROCESS_GATE, MESSAGE_SEND, buf_view(&out));
    dprintf(2, "desk up %u %.*s %.*s %s %02x%02x%02x%02x\n", up->link, (int)up->agreement.len,
            (const char *)up->agreement.data, (int)up->party.len, (const char *)up->party.data,
            up->dialled ? "dialled" : "accepted", up->exporter[0], up->exporter[1], up->exporter[2],
            up->exporter[3]);
    buf_done(&out);
    buf_done(&payload);
}

static void desk_message(void *context, enum process from, uint16_t type, struct bytes body)
{
    struct stub *s = context;
    struct link_up up;
    struct link_end down;

    if (from == PROCESS_GATE && type == MESSAGE_LINK_UP && !fault_is(link_up_parse(body, &up)))
        desk_up(s, &up);
    if (from == PROCESS_GATE && type == MESSAGE_LINK_DOWN &&
        !fault_is(link_down_parse(body, &down)))
        dprintf(2, "desk down %u: %.*s\n", down.link, (int)down.rule.len,
                (const char *)down.rule.data);
}

static void idle_message(void *context, enum process from, uint16_t type, struct bytes body)
{
    (void)context;
    (void)from;
    (void)type;
    (void)body;
}

static int stub_main(const char *name)
{
    struct process_use use = {.process = PROCESS_JUDGE,
                              .rights = {.files = 32},
                              .begin = stub_begin,
                              .message = judge_message};
    struct stub s = {0};

    if (strcmp(name, "gate") == 0)
        return gate_main();
    if (strcmp(name, "desk") == 0) {
        use.process = PROCESS_DESK;
        use.message = desk_message;
    } else if (strcmp(name, "judge") != 0) {
        use.process = strcmp(name, "watch") == 0 ? PROCESS_WATCH : PROCESS_KEEPER;
        use.message = idle_message;
    }
    return process_run(&use, &s);
}

/* ---- two nodes ------------------------------------------------------------------------------- */

static struct test_node a, b;
static int port[2];

static int free_port(void)
{
    struct sockaddr_in any = {.sin_family = AF_INET};
    socklen_t size = sizeof any;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof any), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&any, &size), 0);
    close(fd);
    return ntohs(any.sin_port);
}

static int set_up(void **state)
{
    char listen[32];

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    node_make(&a);
    node_make(&b);
    port[0] = free_port();
    port[1] = free_port();
    nodes_agree(&a, &b, port);
    snprintf(listen, sizeof listen, "127.0.0.1:%d", port[0]);
    node_settings(&a, "cert-a", listen, NULL);
    snprintf(listen, sizeof listen, "127.0.0.1:%d", port[1]);
    node_settings(&b, "cert-b", listen, NULL);
    return 0;
}

static int clean_up(void **state)
{
    (void)state;
    if (a.output >= 0) /* a test failed and left it running */
        node_stop(&a);
    if (b.output >= 0)
        node_stop(&b);
    node_remove(&a);
    node_remove(&b);
    return 0;
}

/* The last link that is up and not down again, as desk of this node saw it since `view`; 0 if
 * there is none or more than one. */
static unsigned the_one_link(struct test_node *n, size_t view, char exporter[9])
{
    unsigned up = 0, count = 0;
    const char *text = buf_str(&n->text) + view;

    for (const char *at = strstr(text, "desk up "); at != NULL; at = strstr(at + 1, "desk up ")) {
        unsigned link = (unsigned)strtoul(at + 8, NULL, 10);
        const char *end = strchr(at, '\n');
        char down[32];

        snprintf(down, sizeof down, "desk down %u:", link);
        if (end == NULL || strstr(at, down) != NULL)
            continue;
        up = link;
        count++;
        memcpy(exporter, end - 8, 8);
        exporter[8] = '\0';
    }
    return count == 1 ? up : 0;
}

/* Both know the same one link; a as of `view`. */
static void settle(size_t view, char ours[9], char theirs[9])
{
    struct tick end = {tick_now().us + 20000000};
    size_t from = 0;

    while (tick_now().us < end.us) {
        node_says(&a, "never", &from, 0);
        node_says(&b, "never", &from, 0);
        if (the_one_link(&a, view, ours) != 0 && the_one_link(&b, 0, theirs) != 0 &&
            strcmp(ours, theirs) == 0)
            return;
        usleep(20000);
    }
    dprintf(2, "--- a\n%s\n--- b\n%s", buf_str(&a.text), buf_str(&b.text));
    fail_msg("no common link");
}

/* PROTOCOL.hotline section 1: "of two links between the same parties the one dialled by the party
 * first in the agreement stays". Both dial; both end with the same one link. */
static void two_nodes_that_dial_each_other_keep_one_link(void **state)
{
    char ours[9], theirs[9];
    size_t from = 0;

    (void)state;
    node_start(&a);
    node_start(&b);
    settle(0, ours, theirs);
    assert_says(&a, "judge frame 1 of 21", &from);
    from = 0;
    assert_says(&b, "judge frame 1 of 21", &from);
    usleep(1500000); /* nobody dials again while there is one */
    settle(0, ours, theirs);
    assert_int_equal(node_stop(&a), 0);
    assert_int_equal(node_stop(&b), 0);
}

static void a_judge_or_desk_started_anew_gets_new_links(void **state)
{
    static const char *const words[] = {"@judge", "@desk", "@gate"};
    char ours[9], theirs[9], before[9];

    (void)state;
    node_start(&a);
    node_start(&b);
    settle(0, ours, theirs);
    for (size_t i = 0; i < 3; i++) {
        size_t view;

        memcpy(before, ours, sizeof before);
        node_says(&a, "never", &(size_t){0}, 0);
        view = a.text.len;
        assert_int_equal(kill(node_child(&a, words[i]), SIGKILL), 0);
        settle(view, ours, theirs);
        assert_string_not_equal(before, ours);
    }
    assert_int_equal(node_stop(&a), 0);
    assert_int_equal(node_stop(&b), 0);
}

/* ---- a partner played by the test ------------------------------------------------------------ */

struct player {
    struct loop *loop;
    struct tls *tls;
    struct tls_link *link;
    uint8_t pin[1][TLS_PIN];
    bool up, closed;
    struct buf got;
};

static void player_up(void *context)
{
    ((struct player *)context)->up = true;
}

static void player_received(void *context)
{
    struct player *p = context;

    tls_link_take(p->link, 0, tls_link_held(p->link), &p->got);
}

static void player_drained(void *context)
{
    (void)context;
}

static void player_closed(void *context, const char *why)
{
    (void)why;
    ((struct player *)context)->closed = true;
}

static int connect_to(int to)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)to)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static void player_turn(struct player *p, unsigned rounds)
{
    while (rounds-- > 0)
        loop_turn(p->loop, 2000);
}

/* Dials a with b's key. */
static void player_begin(struct player *p)
{
    static const struct tls_link_use use = {.up = player_up,
                                            .received = player_received,
                                            .drained = player_drained,
                                            .closed = player_closed};
    struct buf key = {0}, certificate = {0};
    char path[256];

    *p = (struct player){.loop = loop_new()};
    node_path(&b, "keys/tls.key.pem", path);
    assert_good(file_read(path, TLS_PEM, &key));
    node_path(&b, "keys/tls.cert.pem", path);
    assert_good(file_read(path, TLS_PEM, &certificate));
    memcpy(p->pin[0], a.pin, TLS_PIN);
    assert_good(tls_new(buf_view(&key), buf_view(&certificate), &p->tls));
    p->link = tls_link_new(p->tls, p->loop, connect_to(port[0]), true, (struct tls_pins){p->pin, 1},
                           &use, p);
    for (unsigned i = 0; i < 2000 && !p->up && !p->closed; i++)
        player_turn(p, 1);
    assert_true(p->up);
    buf_wipe(&key);
    buf_done(&certificate);
}

static void player_end(struct player *p)
{
    tls_link_free(p->link);
    tls_free(p->tls);
    loop_free(p->loop);
    buf_done(&p->got);
}

static void a_frame_that_breaks_a_rule_ends_its_link_with_bye(void **state)
{
    static const struct {
        const char *name;
        uint8_t head[5];
        const char *said;
    } wrong[] = {
        {"longer than 4 MiB", {0, 0x40, 0, 1, FRAME_PUSH}, "limit"},
        {"as long as a length can say", {0xff, 0xff, 0xff, 0xff, FRAME_PUSH}, "limit"},
        {"of no type", {0, 0, 0, 1, 99}, "unknown"},
        {"of type zero", {0, 0, 0, 1, 0}, "unknown"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct player p;
        size_t from = 0;

        node_start(&a);
        assert_says(&a, "parley: ready", &from);
        player_begin(&p);
        assert_says(&a, "desk up ", &from);
        tls_link_send(p.link, bytes_of(wrong[i].head, 5));
        for (unsigned k = 0; k < 2000 && !p.closed; k++)
            player_turn(&p, 1);
        if (!p.closed)
            fail_msg("%s: not closed", wrong[i].name);
        assert_says(&a, wrong[i].said, &from);
        assert_says(&a, "desk down ", &from);
        /* HELLO of their desk, then BYE with the rule */
        assert_true(p.got.len > 26 + 5 && p.got.data[26 + 4] == FRAME_BYE);
        player_end(&p);
        assert_int_equal(node_stop(&a), 0);
    }
}

static void half_a_frame_is_never_handed_on(void **state)
{
    static const uint8_t half[] = {0, 0, 0, 100, FRAME_PUSH, 1, 2, 3};
    struct player p;
    size_t from = 0;

    (void)state;
    node_start(&a);
    assert_says(&a, "parley: ready", &from);
    player_begin(&p);
    assert_says(&a, "desk up ", &from);
    tls_link_send(p.link, bytes_of(half, sizeof half));
    player_turn(&p, 50);
    player_end(&p);
    assert_says(&a, "desk down ", &from);
    assert_null(strstr(buf_str(&a.text), "judge frame"));
    assert_int_equal(node_stop(&a), 0);
}

static size_t resident(pid_t pid)
{
    char path[64];
    unsigned long pages = 0, all;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/statm", pid);
    f = fopen(path, "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%lu %lu", &all, &pages), 2);
    fclose(f);
    return pages * 4096;
}

/* judge stands still; the partner sends and sends. gate stops reading, its memory stays, and all
 * arrives when judge goes on. */
static void a_judge_that_stands_still_stops_the_partner_not_the_memory(void **state)
{
    enum { LENGTH = 1 << 20, FRAMES = 100 };
    struct player p;
    struct buf frame = {0};
    size_t from = 0, before, sent = 0;
    pid_t judge, gate;
    char all[64];

    (void)state;
    node_start(&a);
    assert_says(&a, "parley: ready", &from);
    player_begin(&p);
    assert_says(&a, "desk up ", &from);
    judge = node_child(&a, "@judge");
    gate = node_child(&a, "@gate");
    before = resident(gate);
    assert_int_equal(kill(judge, SIGSTOP), 0);
    frame_header_write(FRAME_PUSH, LENGTH, &frame);
    buf_need(&frame, LENGTH);
    memset(frame.data + frame.len, 7, LENGTH);
    frame.len += LENGTH;
    for (unsigned i = 0; i < 700; i++) {
        if (sent < FRAMES && tls_link_queued(p.link) < LENGTH) {
            tls_link_send(p.link, buf_view(&frame));
            sent++;
        }
        player_turn(&p, 1);
    }
    assert_true(sent < 30); /* kernel buffers, gate's input and its channel: it came to rest */
    assert_true(resident(gate) < before + (60 << 20)); /* with what the sanitisers hold back */
    assert_int_equal(kill(judge, SIGCONT), 0);
    for (unsigned i = 0; i < 20000 && (sent < FRAMES || tls_link_queued(p.link) > 0); i++) {
        if (sent < FRAMES && tls_link_queued(p.link) < LENGTH) {
            tls_link_send(p.link, buf_view(&frame));
            sent++;
        }
        player_turn(&p, 1);
    }
    snprintf(all, sizeof all, ", %d so far", LENGTH * FRAMES);
    assert_says(&a, all, &from);
    assert_false(p.closed);
    player_end(&p);
    buf_done(&frame);
    assert_int_equal(node_stop(&a), 0);
}

static unsigned descriptors(pid_t pid)
{
    char path[64];
    unsigned count = 0;
    DIR *d;

    snprintf(path, sizeof path, "/proc/%d/fd", pid);
    d = opendir(path);
    if (d == NULL)
        return 0; /* an undumpable process, and we are not root */
    while (readdir(d) != NULL)
        count++;
    closedir(d);
    return count;
}

static void strangers_are_held_to_a_few_connections(void **state)
{
    int fd[100];
    struct player p;
    size_t from = 0;
    pid_t gate;

    (void)state;
    node_start(&a);
    assert_says(&a, "parley: ready", &from);
    gate = node_child(&a, "@gate");
    for (size_t i = 0; i < 100; i++)
        fd[i] = connect_to(port[0]);
    usleep(500000);
    assert_true(descriptors(gate) < 12 + GATE_STRANGERS_SOURCE + 4);
    for (size_t i = 0; i < 100; i++)
        close(fd[i]);
    usleep(200000);
    player_begin(&p); /* and the partner still gets in */
    assert_says(&a, "desk up ", &from);
    player_end(&p);
    assert_int_equal(node_stop(&a), 0);
}

/* Links that come and go leave nothing behind. */
static void links_leave_no_descriptor_behind(void **state)
{
    unsigned before;
    size_t from = 0;
    pid_t gate;

    (void)state;
    node_start(&a);
    assert_says(&a, "parley: ready", &from);
    gate = node_child(&a, "@gate");
    before = descriptors(gate);
    for (unsigned i = 0; i < 10; i++) {
        struct player p;

        player_begin(&p);
        assert_says(&a, "desk up ", &from);
        player_end(&p);
        assert_says(&a, "desk down ", &from);
    }
    usleep(100000);
    assert_true(descriptors(gate) <= before + 1); /* gate may be dialling */
    assert_int_equal(node_stop(&a), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_nodes_that_dial_each_other_keep_one_link),
        cmocka_unit_test(a_judge_or_desk_started_anew_gets_new_links),
        cmocka_unit_test(a_frame_that_breaks_a_rule_ends_its_link_with_bye),
        cmocka_unit_test(half_a_frame_is_never_handed_on),
        cmocka_unit_test(a_judge_that_stands_still_stops_the_partner_not_the_memory),
        cmocka_unit_test(strangers_are_held_to_a_few_connections),
        cmocka_unit_test(links_leave_no_descriptor_behind),
    };

    if (argc > 1 && argv[1][0] == '@')
        return stub_main(argv[1] + 1);
    return cmocka_run_group_tests(tests, set_up, clean_up);
}
