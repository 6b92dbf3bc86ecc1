/*
 * serve.c - http.c alone on a port of its own, for http.py: says back what it was asked, and at
 * /long?N N bytes that are easily made again.
 *
 *     serve KEY CERTIFICATE   prints the port; a line on its input: http_finish
 */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "http/http.h"
#include "io/file.h"

static struct loop *loop;
static struct http *http;
static uint64_t held; /* a request at /held waits for the next one at /release */

static void say_back(struct http_ask *a)
{
    static const struct http_header headers[] = {{"Content-Type", "text/plain"}, {NULL, NULL}};
    struct buf body = {0};

    buf_bytes(&body, http_method(a));
    buf_byte(&body, ' ');
    buf_bytes(&body, http_path(a));
    buf_byte(&body, ' ');
    buf_bytes(&body, http_query(a));
    buf_byte(&body, ' ');
    if (http_pin(a) != NULL)
        buf_hex(&body, http_pin(a), HTTP_PIN);
    buf_print(&body, " %zu %s", http_body(a).len, http_from(a));
    http_answer(a, 200, headers, buf_view(&body));
    buf_done(&body);
}

static void say_much(struct http_ask *a)
{
    static const struct http_header headers[] = {{"Content-Type", "text/plain"}, {NULL, NULL}};
    size_t count = strtoul((const char *)http_query(a).data, NULL, 10);
    struct buf body = {0};

    for (size_t i = 0; i < count; i++)
        buf_byte(&body, (uint8_t)('a' + (i ^ i >> 8) % 26));
    http_answer(a, 200, headers, buf_view(&body));
    buf_done(&body);
}

static void asked(void *context, struct http_ask *a)
{
    struct http_ask *old = http_find(http, held);

    (void)context;
    if (bytes_is(http_path(a), "/held")) {
        held = http_number(a);
        return;
    }
    if (bytes_is(http_path(a), "/long")) {
        say_much(a);
        return;
    }
    if (bytes_is(http_path(a), "/release") && old != NULL)
        say_back(old); /* also where its client has gone */
    say_back(a);
}

static void finish(void *context, unsigned what)
{
    char line[16];

    (void)what;
    loop_fd_want(*(struct loop_fd **)context, 0);
    if (read(0, line, sizeof line) >= 0)
        http_finish(http);
}

static int listen_anywhere(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)(void *)&a, sizeof a) != 0 || listen(fd, 64) != 0 ||
        getsockname(fd, (struct sockaddr *)(void *)&a, &size) != 0)
        exit(1);
    printf("%u\n", ntohs(a.sin_port));
    fflush(stdout);
    return fd;
}

int main(int argc, char **argv)
{
    static const struct http_use use = {asked};
    struct buf key = {0}, certificate = {0};
    struct loop_fd *ear = NULL;
    int listener;

    if (argc != 3 || fault_is(file_read(argv[1], 1 << 16, &key)) ||
        fault_is(file_read(argv[2], 1 << 16, &certificate)))
        return 2;
    signal(SIGPIPE, SIG_IGN); /* as the parent sets it for every process */
    loop = loop_new();
    listener = listen_anywhere();
    if (fault_is(http_new(loop, listener, buf_view(&key), buf_view(&certificate), 1 << 20, &use,
                          NULL, &http)))
        return 3;
    ear = loop_fd_new(loop, 0, finish, &ear);
    loop_fd_want(ear, LOOP_READ);
    while (!http_is_finished(http))
        loop_turn(loop, 100000);
    http_free(http);
    loop_fd_free(ear);
    loop_free(loop);
    close(listener);
    buf_done(&key);
    buf_done(&certificate);
    return 0;
}
