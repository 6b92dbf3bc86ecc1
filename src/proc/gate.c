/*
 * gate.c - hosts tls/: sockets to partners, their frames cut out of the stream; and http/, for
 * TAXII clients, in door.h.
 *
 * hears: the network (untrusted); from desk SEND, CLOSE; from exchange ADMIT, ANSWER
 * says:  to judge LINK_UP, LINK_DOWN, FRAME, POSTED; to desk LINK_UP, LINK_DOWN; to exchange ASK,
 *        FORGET
 * may:   accept on the sockets it was handed, dial the ports of its peers
 * may not: open a file, see a statement key, look into a frame (but for the agreement's id in the
 *          first one, where one partner has several agreements with us)
 *
 * Nothing is read from a partner while judge's channel is full. If judge or desk is started anew
 * every link ends: the new one knows of none.
 */
#include "proc/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/rand.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/memory.h"
#include "hotline/frame.h"
#include "io/log.h"
#include "ipc/link.h"
#include "net/endpoint.h"
#include "proc/children.h"
#include "proc/door.h"
#include "proc/pacts.h"
#include "proc/process.h"
#include "proc/settings.h"
#include "tls/link.h"

struct link;

/* A partner under one agreement. */
struct peer {
    struct gate *gate;
    const struct agreement *agreement;
    const struct party *party; /* the partner */
    bool we_are_first;         /* in the agreement */
    struct endpoint nodes[AGREEMENT_NODES];
    size_t node_count, next_node;
    struct loop_timer *dial;
    unsigned failures;
    struct link *link; /* up, or dialling; never both */
};

enum link_state {
    LINK_NONE = 0,
    LINK_HANDSHAKE,
    LINK_WAITING, /* up, but which agreement it is for stands in its first frame */
    LINK_UP,      /* told to judge and desk */
    LINK_ENDING,  /* the last bytes go out; nothing is heard any more */
};

/* How much may still come: refilled as time goes by. */
struct allowance {
    int64_t left;
    struct tick since;
};

struct link {
    struct gate *gate;
    enum link_state state;
    uint32_t number; /* 0 until LINK_UP */
    bool dialled;
    bool told;         /* LINK_UP was said and LINK_DOWN is owed */
    struct peer *peer; /* known from the start if dialled */
    struct tls_link *tls;
    struct loop_timer *timer; /* first frame, a frame's end, or the allowance */
    struct tick up_since;
    struct tick frame_end; /* when the frame begun must be whole; 0: none begun */
    struct allowance bytes, frames;
    bool heard, slowed;
    struct endpoint other;
};

struct gate {
    struct self *self;
    struct pacts pacts;
    struct settings *settings;
    struct tls *tls;
    struct door *door; /* NULL: this node has no exchange */
    int listener;
    struct loop_fd *ear;
    struct peer peers[GATE_PEERS];
    size_t peer_count;
    uint8_t pins[GATE_PEERS * AGREEMENT_TLS][TLS_PIN]; /* of all partners, for those who dial us */
    size_t pin_count;
    struct link *links[GATE_LINKS]; /* NULL: free */
    uint32_t last_number;
    bool broken; /* the dialling of all rests until judge and desk are there */
    struct buf body, frame;
};

static void peer_dial_later(struct peer *p);
static void link_read(struct link *l);

/* ---- saying --------------------------------------------------------------------------------- */

static void say_up(struct link *l)
{
    struct gate *g = l->gate;
    char address[ENDPOINT_TEXT];
    struct link_up up = {.link = l->number,
                         .agreement = bytes_text(l->peer->agreement->id),
                         .party = bytes_text(l->peer->party->id),
                         .dialled = l->dialled};

    endpoint_write(&l->other, address);
    up.address = bytes_text(address);
    tls_link_exporter(l->tls, up.exporter);
    buf_clear(&g->body);
    link_up_write(&up, &g->body);
    process_send(g->self, PROCESS_DESK, MESSAGE_LINK_UP, buf_view(&g->body));
    process_send(g->self, PROCESS_JUDGE, MESSAGE_LINK_UP, buf_view(&g->body));
    log_info("link %u up with %s, %s by us, %s", l->number, l->peer->party->id,
             l->dialled ? "dialled" : "not dialled", address);
}

static void say_down(struct link *l, const char *why)
{
    struct gate *g = l->gate;

    if (!l->told)
        return;
    l->told = false;
    buf_clear(&g->body);
    link_down_write(l->number, bytes_text(why), &g->body);
    process_send(g->self, PROCESS_JUDGE, MESSAGE_LINK_DOWN, buf_view(&g->body));
    process_send(g->self, PROCESS_DESK, MESSAGE_LINK_DOWN, buf_view(&g->body));
    log_info("link %u down: %s", l->number, why);
}

static void say_frame(struct link *l, enum frame_type type)
{
    struct gate *g = l->gate;
    struct link_frame frame = {
        .link = l->number, .type = (uint8_t)type, .payload = buf_view(&g->frame)};

    buf_clear(&g->body);
    link_frame_write(&frame, &g->body);
    process_send(g->self, PROCESS_JUDGE, MESSAGE_FRAME, buf_view(&g->body));
}

/* ---- the life of a link --------------------------------------------------------------------- */

static void listen_or_rest(struct gate *g)
{
    size_t strangers = 0, links = 0;

    for (size_t i = 0; i < GATE_LINKS; i++) {
        links += g->links[i] != NULL;
        strangers += g->links[i] != NULL && !g->links[i]->dialled && g->links[i]->state < LINK_UP;
    }
    if (g->ear != NULL)
        loop_fd_want(g->ear,
                     !g->broken && strangers < GATE_STRANGERS && links < GATE_LINKS - GATE_PEERS
                         ? LOOP_READ
                         : 0);
}

/* A peer without a link dials: soon if the last link was a good one. */
static void peer_lost(struct peer *p, const struct link *l)
{
    if (p->link != l)
        return;
    p->link = NULL;
    if (l->up_since.us != 0 && tick_now().us - l->up_since.us > GATE_CALM * 1000000LL)
        p->failures = 0;
    peer_dial_later(p);
}

static void link_free(struct link *l, const char *why)
{
    struct gate *g = l->gate;

    say_down(l, why);
    if (l->peer != NULL)
        peer_lost(l->peer, l);
    for (size_t i = 0; i < GATE_LINKS; i++)
        if (g->links[i] == l)
            g->links[i] = NULL;
    tls_link_free(l->tls);
    loop_timer_free(l->timer);
    free(l);
    listen_or_rest(g);
}

/* Says BYE, lets the last bytes go out, and hears nothing more. */
static void link_end(struct link *l, struct bytes rule, struct bytes text)
{
    struct buf payload = {0}, frame = {0};
    char why[LINK_RULE];

    if (l->state == LINK_ENDING)
        return;
    frame_bye_write(rule, text, &payload);
    frame_header_write(FRAME_BYE, (uint32_t)payload.len, &frame);
    buf_bytes(&frame, buf_view(&payload));
    tls_link_send(l->tls, buf_view(&frame));
    buf_done(&payload);
    buf_done(&frame);
    l->state = LINK_ENDING;
    loop_timer_stop(l->timer);
    log_escape(rule, why, sizeof why);
    say_down(l, why);
    tls_link_finish(l->tls); /* `closed` frees it */
}

static void link_end_fault(struct link *l, struct fault why)
{
    log_fault(LOG_LEVEL_WARN, l->peer != NULL ? l->peer->party->id : "link", why);
    link_end(l, bytes_text(why.rule), bytes_text("the frame broke a rule"));
}

static bool dialled_by_first(const struct link *l)
{
    return l->dialled == l->peer->we_are_first;
}

/* Of two links that of the party first in the agreement stays; of two such the younger one. */
static bool link_takes_place(struct link *l)
{
    struct link *old = l->peer->link;

    if (old == NULL || old == l)
        return true;
    if (old->state == LINK_UP && dialled_by_first(old) && !dialled_by_first(l))
        return false;
    if (old->state == LINK_HANDSHAKE || old->state == LINK_ENDING) {
        l->peer->link = l; /* our own dialling goes on; one of the two is closed when it is up */
        return true;
    }
    l->peer->link = l;
    link_end(old, bytes_text("PROTOCOL.hotline section 1"), bytes_text("another link stays"));
    return true;
}

static void link_is_known(struct link *l)
{
    if (!link_takes_place(l)) {
        link_end(l, bytes_text("PROTOCOL.hotline section 1"), bytes_text("another link stays"));
        return;
    }
    l->peer->link = l;
    loop_timer_stop(l->peer->dial);
    l->number = ++l->gate->last_number;
    l->state = LINK_UP;
    l->told = true;
    l->up_since = tick_now();
    loop_timer_in(l->timer, GATE_FIRST * 1000000LL);
    say_up(l);
    listen_or_rest(l->gate);
}

static bool peer_has_pin(const struct peer *p, const uint8_t *pin)
{
    for (size_t i = 0; i < p->party->tls_count; i++)
        if (memcmp(p->party->tls[i], pin, TLS_PIN) == 0)
            return true;
    return false;
}

/* Whose the key is; NULL if several agreements have it. */
static struct peer *peer_of_pin(struct gate *g, const uint8_t *pin)
{
    struct peer *found = NULL;

    for (size_t i = 0; i < g->peer_count; i++) {
        if (!peer_has_pin(&g->peers[i], pin))
            continue;
        if (found != NULL)
            return NULL;
        found = &g->peers[i];
    }
    return found;
}

static void link_up(void *context)
{
    struct link *l = context;

    if (l->peer == NULL)
        l->peer = peer_of_pin(l->gate, tls_link_pin(l->tls));
    if (l->peer != NULL) {
        link_is_known(l);
        return;
    }
    l->state = LINK_WAITING;
    loop_timer_in(l->timer, GATE_FIRST * 1000000LL);
}

/* ---- reading -------------------------------------------------------------------------------- */

static int64_t allowance_left(struct allowance *a, int64_t rate, int64_t burst, struct tick now)
{
    int64_t passed = now.us - a->since.us;

    if (passed > 10000000)
        passed = 10000000;
    a->left += passed * rate / 1000000;
    if (a->left > burst)
        a->left = burst;
    a->since = now;
    return a->left;
}

/* May this link bring more now? If not it is read again a little later. */
static bool link_is_within(struct link *l)
{
    struct tick now = tick_now();

    if (allowance_left(&l->bytes, GATE_RATE, GATE_BURST, now) > 0 &&
        allowance_left(&l->frames, GATE_FRAMES, GATE_FRAMES_BURST, now) > 0)
        return true;
    l->slowed = true;
    tls_link_pause(l->tls, true);
    loop_timer_in(l->timer, 100000);
    return false;
}

static void link_arm_timer(struct link *l)
{
    if (l->frame_end.us != 0)
        loop_timer_at(l->timer, l->frame_end);
    else if (l->heard)
        loop_timer_stop(l->timer);
}

/* The first frame of a link that several agreements could have: its payload begins with the
 * agreement's id. */
static void link_ask_frame(struct link *l, enum frame_type type)
{
    struct gate *g = l->gate;
    struct cursor in = cursor_over(buf_view(&g->frame), "PROTOCOL.hotline section 2: HELLO");
    struct bytes id = cursor_part(&in, LINK_NAME);

    for (size_t i = 0; i < g->peer_count && type == FRAME_HELLO && cursor_ok(&in); i++)
        if (bytes_is(id, g->peers[i].agreement->id) &&
            peer_has_pin(&g->peers[i], tls_link_pin(l->tls)))
            l->peer = &g->peers[i];
    if (l->peer == NULL) {
        link_end_fault(l, fault_make(FAULT_UNKNOWN, 0, in.rule));
        return;
    }
    link_is_known(l);
}

/* Takes one frame out of the stream, if a whole one is there and may be taken. */
static bool link_read_frame(struct link *l)
{
    struct gate *g = l->gate;
    uint8_t head[FRAME_HEADER];
    enum frame_type type;
    uint32_t length;
    struct fault f;

    if (!process_may_send(g->self, PROCESS_JUDGE) || !tls_link_peek(l->tls, head, sizeof head))
        return false;
    f = frame_header_parse(bytes_of(head, sizeof head), &type, &length);
    if (fault_is(f)) {
        link_end_fault(l, f);
        return false;
    }
    buf_clear(&g->frame);
    if (tls_link_held(l->tls) < sizeof head + length) {
        if (l->frame_end.us == 0)
            l->frame_end.us = tick_now().us + GATE_FRAME * 1000000LL;
        return false;
    }
    if (!link_is_within(l) || !tls_link_take(l->tls, sizeof head, length, &g->frame))
        return false;
    l->bytes.left -= (int64_t)(sizeof head + length);
    l->frames.left--;
    l->heard = true;
    l->frame_end.us = 0;
    if (l->state == LINK_WAITING)
        link_ask_frame(l, type);
    if (l->state == LINK_UP)
        say_frame(l, type);
    return l->state == LINK_UP;
}

static void link_read(struct link *l)
{
    bool full;

    while ((l->state == LINK_UP || l->state == LINK_WAITING) && link_read_frame(l))
        ;
    if (l->state != LINK_UP && l->state != LINK_WAITING)
        return;
    full = !process_may_send(l->gate->self, PROCESS_JUDGE);
    if (!l->slowed) {
        tls_link_pause(l->tls, full);
        link_arm_timer(l);
    }
}

static void link_received(void *context)
{
    link_read(context);
}

static void link_drained(void *context)
{
    (void)context;
}

static void link_closed(void *context, const char *why)
{
    struct link *l = context;
    char address[ENDPOINT_TEXT];

    if (!l->told && l->state != LINK_ENDING) {
        endpoint_write(&l->other, address);
        log_warn("%s %s: %s", l->dialled ? "dialling" : "refused", address, why);
    }
    link_free(l, why);
}

static void link_timer(void *context)
{
    struct link *l = context;

    if (!l->slowed && !process_may_send(l->gate->self, PROCESS_JUDGE)) {
        /* We are the ones who do not read: their time stands still. */
        if (l->frame_end.us != 0)
            l->frame_end.us = tick_now().us + GATE_FRAME * 1000000LL;
        loop_timer_in(l->timer, GATE_FIRST * 1000000LL);
    } else if (l->slowed) {
        l->slowed = false;
        link_read(l);
    } else if (l->frame_end.us != 0 && tick_now().us >= l->frame_end.us) {
        link_end_fault(l, fault_make(FAULT_LIMIT, GATE_FRAME, "gate: seconds for one frame"));
    } else if (!l->heard) {
        link_end_fault(l, fault_make(FAULT_LIMIT, GATE_FIRST, "gate: seconds to the first frame"));
    }
}

static const struct tls_link_use link_use = {
    .up = link_up, .received = link_received, .drained = link_drained, .closed = link_closed};

/* NULL, and the socket closed, if there is no room. */
static struct link *link_new(struct gate *g, int fd, struct peer *peer, struct endpoint other,
                             struct tls_pins pins)
{
    struct link *l;
    size_t slot = 0;

    while (slot < GATE_LINKS && g->links[slot] != NULL)
        slot++;
    if (slot == GATE_LINKS) {
        close(fd);
        return NULL;
    }
    l = memory_zeroed(1, sizeof *l);
    *l = (struct link){.gate = g,
                       .state = LINK_HANDSHAKE,
                       .dialled = peer != NULL,
                       .peer = peer,
                       .other = other,
                       .bytes = {GATE_BURST, tick_now()},
                       .frames = {GATE_FRAMES_BURST, tick_now()}};
    g->links[slot] = l;
    l->timer = loop_timer_new(process_loop(g->self), link_timer, l);
    l->tls = tls_link_new(g->tls, process_loop(g->self), fd, peer != NULL, pins, &link_use, l);
    return l;
}

/* ---- dialling ------------------------------------------------------------------------------- */

static int socket_to(const struct endpoint *e)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(e->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(e->port)};
    bool is_v4 = addr_is_v4(e->addr);
    int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int result;

    if (fd < 0)
        return -1;
    v4.sin_addr.s_addr = htonl(addr_v4(e->addr));
    memcpy(&v6.sin6_addr, e->addr.byte, sizeof v6.sin6_addr);
    result = is_v4 ? connect(fd, (struct sockaddr *)&v4, sizeof v4)
                   : connect(fd, (struct sockaddr *)&v6, sizeof v6);
    if (result == 0 || errno == EINPROGRESS)
        return fd;
    close(fd);
    return -1;
}

/* At once, then 1, 2, 4 .. 60 seconds, give or take a quarter: two nodes that lost each other do
 * not meet in step. */
static void peer_dial_later(struct peer *p)
{
    int64_t seconds = p->failures == 0  ? 0
                      : p->failures > 6 ? GATE_BACKOFF
                                        : 1 << (p->failures - 1);
    int64_t us = (seconds > GATE_BACKOFF ? GATE_BACKOFF : seconds) * 1000000;
    uint32_t random = 0;

    if (p->gate->broken || p->node_count == 0)
        return;
    if (RAND_bytes((unsigned char *)&random, sizeof random) != 1)
        random = 0;
    us += us / 4 * ((int64_t)(random % 2001) - 1000) / 1000; /* signed: half of it is minus */
    loop_timer_in(p->dial, us);
    p->failures++;
}

static void peer_dial(void *context)
{
    struct peer *p = context;
    const struct endpoint *to = &p->nodes[p->next_node];
    struct tls_pins pins = {p->party->tls, p->party->tls_count};
    int fd;

    if (p->link != NULL || p->gate->broken)
        return;
    p->next_node = (p->next_node + 1) % p->node_count;
    fd = socket_to(to);
    if (fd >= 0)
        p->link = link_new(p->gate, fd, p, *to, pins);
    if (p->link == NULL) {
        char address[ENDPOINT_TEXT];

        endpoint_write(to, address);
        log_warn("dialling %s: %s", address, strerrordesc_np(errno));
        peer_dial_later(p);
    }
}

/* ---- listening ------------------------------------------------------------------------------ */

static bool same_source(struct addr a, struct addr b)
{
    return memcmp(a.byte, b.byte, addr_is_v4(a) ? sizeof a.byte : 8) == 0;
}

static bool source_has_too_many(const struct gate *g, struct addr source)
{
    size_t count = 0;

    for (size_t i = 0; i < GATE_LINKS; i++)
        count += g->links[i] != NULL && !g->links[i]->dialled && g->links[i]->state < LINK_UP &&
                 same_source(g->links[i]->other.addr, source);
    return count >= GATE_STRANGERS_SOURCE;
}

static struct endpoint endpoint_of(const struct sockaddr_storage *a)
{
    struct endpoint e = {0};

    if (a->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)a;

        e.addr = addr_from_v4(ntohl(v4->sin_addr.s_addr));
        e.port = ntohs(v4->sin_port);
    } else if (a->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)a;

        memcpy(e.addr.byte, &v6->sin6_addr, sizeof e.addr.byte);
        e.port = ntohs(v6->sin6_port);
    }
    return e;
}

static void listener_ready(void *context, unsigned what)
{
    struct gate *g = context;
    struct sockaddr_storage from = {0};
    socklen_t size = sizeof from;
    int fd = accept4(g->listener, (struct sockaddr *)&from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct endpoint other;
    struct tls_pins pins = {g->pins, g->pin_count};

    (void)what;
    if (fd < 0)
        return;
    other = endpoint_of(&from);
    if (source_has_too_many(g, other.addr)) {
        log_warn("too many connections of one address: closed");
        close(fd);
        return;
    }
    link_new(g, fd, NULL, other, pins);
    listen_or_rest(g);
}

/* ---- what desk says ------------------------------------------------------------------------- */

static struct link *link_of(struct gate *g, uint32_t number)
{
    for (size_t i = 0; i < GATE_LINKS; i++)
        if (g->links[i] != NULL && g->links[i]->number == number && g->links[i]->state == LINK_UP)
            return g->links[i];
    return NULL; /* it went down meanwhile */
}

static struct fault hear_send(struct gate *g, struct bytes body)
{
    struct link_frame send;
    struct link *l;
    struct fault f = link_frame_parse(body, &send);

    if (fault_is(f))
        return f;
    l = link_of(g, send.link);
    if (l == NULL)
        return f;
    if (tls_link_queued(l->tls) + send.payload.len > GATE_QUEUE) {
        link_free(l, "they do not read what we send");
        return f;
    }
    buf_clear(&g->frame);
    frame_header_write((enum frame_type)send.type, (uint32_t)send.payload.len, &g->frame);
    buf_bytes(&g->frame, send.payload); /* in one piece: one TLS record, one wake-up over there */
    tls_link_send(l->tls, buf_view(&g->frame));
    return f;
}

static struct fault hear_close(struct gate *g, struct bytes body)
{
    struct link_end close;
    struct link *l;
    struct fault f = link_close_parse(body, &close);

    if (fault_is(f))
        return f;
    l = link_of(g, close.link);
    if (l != NULL)
        link_end(l, close.rule, close.text);
    return f;
}

static void gate_message(void *context, enum process from, uint16_t type, struct bytes body)
{
    struct gate *g = context;
    struct fault f = fault_make(FAULT_UNKNOWN, type, "gate: a message that it does not hear");

    if (from == PROCESS_DESK && type == MESSAGE_SEND)
        f = hear_send(g, body);
    else if (from == PROCESS_DESK && type == MESSAGE_CLOSE)
        f = hear_close(g, body);
    else if (from == PROCESS_EXCHANGE && g->door != NULL)
        f = door_message(g->door, type, body);
    if (!fault_is(f))
        return;
    log_fault(LOG_LEVEL_ERROR, process_name(from), f);
    process_stop(g->self, 1);
}

static void gate_drained(void *context, enum process to)
{
    struct gate *g = context;

    if (g->door != NULL)
        door_drained(g->door);
    for (size_t i = 0; to == PROCESS_JUDGE && i < GATE_LINKS; i++)
        if (g->links[i] != NULL && g->links[i]->state >= LINK_WAITING)
            link_read(g->links[i]);
}

/* All links end when judge or desk goes; dialling and listening begin anew when both are there. */
static void gate_neighbour(void *context, enum process other, bool here)
{
    struct gate *g = context;

    if (g->door != NULL && other != PROCESS_DESK)
        door_neighbour(g->door, other, here);
    if (other == PROCESS_EXCHANGE)
        return;
    g->broken = true;
    for (size_t i = 0; i < GATE_LINKS; i++)
        if (g->links[i] != NULL)
            link_free(g->links[i], "a process of ours was started anew");
    log_debug("%s changed", process_name(other));
    g->broken = !process_has(g->self, PROCESS_JUDGE) || !process_has(g->self, PROCESS_DESK);
    for (size_t i = 0; i < g->peer_count; i++) {
        g->peers[i].failures = 0;
        loop_timer_stop(g->peers[i].dial);
        peer_dial_later(&g->peers[i]);
    }
    listen_or_rest(g);
}

/* ---- start ---------------------------------------------------------------------------------- */

static void peer_address(struct gate *g, struct peer *p, struct rights *rights)
{
    for (size_t i = 0; i < p->party->node_count; i++) {
        struct endpoint *e = &p->nodes[p->node_count];

        if (fault_is(settings_resolve(g->settings, p->party->nodes[i], e))) {
            log_warn("%s cannot be dialled: settings.json has no address for it",
                     p->party->nodes[i]);
            continue;
        }
        p->node_count++;
        if (rights->port_count < SANDBOX_PORTS)
            rights->ports[rights->port_count++] = e->port;
    }
}

static void add_peer(struct gate *g, const struct agreement *a, struct rights *rights)
{
    const struct party *us = agreement_party(a, g->pacts.party);
    struct peer *p = &g->peers[g->peer_count++];

    *p = (struct peer){.gate = g,
                       .agreement = a,
                       .party = agreement_other(a, us),
                       .we_are_first = us == &a->parties[0]};
    for (size_t i = 0; i < p->party->tls_count; i++)
        memcpy(g->pins[g->pin_count++], p->party->tls[i], TLS_PIN);
    peer_address(g, p, rights);
}

static void warn_if_unpinned(const struct gate *g, struct bytes certificate)
{
    uint8_t pin[TLS_PIN];

    if (fault_is(tls_pin(certificate, pin)))
        return;
    for (size_t i = 0; i < g->peer_count; i++) {
        const struct party *us = agreement_party(g->peers[i].agreement, g->pacts.party);
        bool found = false;

        for (size_t k = 0; k < us->tls_count; k++)
            found |= memcmp(us->tls[k], pin, TLS_PIN) == 0;
        if (!found)
            log_error("agreement %s does not pin our TLS key: %s will refuse us",
                      g->peers[i].agreement->id, g->peers[i].party->id);
    }
}

/* A certificate that is wrong keeps TAXII clients out, and not the partner. What evhttp writes as
 * Date it asks the C library for, which would open the time zone's file. */
static void open_door(struct gate *g, struct self *self)
{
    const struct setup *setup = process_setup(self);
    bool own = setup_part(setup, "exchange-key").len > 0;
    int visits = process_file(self, "visits");
    struct fault f;

    if (visits < 0)
        return;
    setenv("TZ", "UTC0", 1);
    tzset();
    f = door_new(self, visits, setup_part(setup, own ? "exchange-key" : "tls-key"),
                 setup_part(setup, own ? "exchange-cert" : "tls-cert"), &g->door);
    if (fault_is(f))
        log_fault(LOG_LEVEL_ERROR, "exchange: nobody is let in", f);
}

static struct fault gate_prepare(void *context, struct self *self, struct rights *rights)
{
    struct gate *g = context;
    const struct setup *setup = process_setup(self);
    struct fault f = pacts_read(setup, &g->pacts);

    g->settings = memory_zeroed(1, sizeof *g->settings);
    if (!fault_is(f))
        f = settings_parse(setup->settings, g->settings, NULL);
    if (!fault_is(f))
        f = tls_new(setup_part(setup, "tls-key"), setup_part(setup, "tls-cert"), &g->tls);
    if (fault_is(f))
        return f;
    open_door(g, self);
    for (size_t i = 0; i < g->pacts.count; i++) {
        const struct agreement *a = g->pacts.agreement[i];

        if (pacts_newest(&g->pacts, bytes_text(a->id)) == a && g->peer_count < GATE_PEERS)
            add_peer(g, a, rights);
    }
    warn_if_unpinned(g, setup_part(setup, "tls-cert"));
    process_forget(self);
    return f;
}

static struct fault gate_begin(void *context, struct self *self)
{
    struct gate *g = context;

    g->self = self;
    g->listener = process_file(self, "listen");
    if (g->listener >= 0)
        g->ear = loop_fd_new(process_loop(self), g->listener, listener_ready, g);
    for (size_t i = 0; i < g->peer_count; i++)
        g->peers[i].dial = loop_timer_new(process_loop(self), peer_dial, &g->peers[i]);
    g->broken = !process_has(self, PROCESS_JUDGE) || !process_has(self, PROCESS_DESK);
    for (size_t i = 0; i < g->peer_count; i++)
        peer_dial_later(&g->peers[i]);
    listen_or_rest(g);
    return fault_none();
}

static void gate_end(struct gate *g)
{
    g->broken = true; /* nobody dials again */
    for (size_t i = 0; i < GATE_LINKS; i++)
        if (g->links[i] != NULL)
            link_free(g->links[i], "stopping");
    for (size_t i = 0; i < g->peer_count; i++)
        loop_timer_free(g->peers[i].dial);
    loop_fd_free(g->ear);
    g->ear = NULL;
    g->peer_count = 0;
}

static void door_is_shut(void *context)
{
    struct gate *g = context;

    door_free(g->door);
    g->door = NULL;
    process_stop(g->self, 0);
}

static void gate_stop(void *context)
{
    struct gate *g = context;

    gate_end(g);
    if (g->door != NULL)
        door_finish(g->door, door_is_shut, g);
    else
        process_stop(g->self, 0);
}

int gate_main(void)
{
    static const struct process_use use = {
        .process = PROCESS_GATE,
        .brief = true,
        .rights = {.may = RIGHT_ACCEPT | RIGHT_DIAL, .files = 512},
        .prepare = gate_prepare,
        .begin = gate_begin,
        .message = gate_message,
        .drained = gate_drained,
        .neighbour = gate_neighbour,
        .stop = gate_stop,
    };
    struct gate *g = memory_zeroed(1, sizeof *g);
    int status;

    g->listener = -1;
    status = process_run(&use, g);
    if (g->listener >= 0)
        close(g->listener);
    tls_free(g->tls);
    pacts_done(&g->pacts);
    buf_done(&g->body);
    buf_done(&g->frame);
    free(g->settings);
    free(g);
    return status;
}
