#include "http/http.h"

#include <assert.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "crypto/digest.h"
#include "http/gather.h"

enum {
    HTTP_PAGE_LEAST = 100, /* bytes of a page that evhttp makes of an error .. */
    HTTP_PAGE_MOST = 600,  /* .. and at most */
};

/* One connection, from the accept to the end of its SSL. */
struct connection {
    struct http *http;
    struct connection *next, *before; /* in the server's list */
    struct bufferevent *stream;       /* not ours: evhttp frees it */
    struct loop_timer *timer;         /* absolute: nothing that the client sends puts it off */
    bool asking;                      /* a request of it is being answered */
    bool leaving;                     /* its answer is not yet out */
    bool placed;                      /* `source` is known */
    uint8_t source[16];               /* IPv4-mapped, or the first half of an IPv6 address */
    size_t held;                      /* bytes of what it sent or is sent, not yet done with */
    bool pinned;
    uint8_t pin[HTTP_PIN];
};

struct http_ask {
    struct http *http;
    struct http_ask *next, *before;
    struct evhttp_request *request; /* NULL: the client has gone */
    struct connection *connection;
    uint64_t number;
    struct bytes path, query;
    struct bytes body;
};

struct http {
    const struct http_use *use;
    void *context;
    struct loop *loop;
    SSL_CTX *tls;
    struct evhttp *server;
    struct evconnlistener *ear; /* the server frees it */
    size_t content;
    struct connection *connections;
    struct http_ask *asks;
    size_t connection_count, ask_count, held;
    uint64_t last_number;
    bool finishing;
};

/* ---- connections -------------------------------------------------------------------------------
 */

static int connection_index = -1; /* of the struct connection in an SSL */

static void listen_or_rest(struct http *h)
{
    bool take = !h->finishing && h->connection_count < HTTP_CONNECTIONS;

    if (h->ear != NULL)
        (take ? evconnlistener_enable : evconnlistener_disable)(h->ear);
}

/* The socket is shut, not closed: evhttp finds its end and frees what is its own. */
static void connection_cut(struct connection *c)
{
    int fd = c->stream == NULL ? -1 : bufferevent_getfd(c->stream);

    if (fd >= 0)
        shutdown(fd, SHUT_RDWR);
}

static void source_of(int fd, uint8_t out[16])
{
    struct sockaddr_storage a = {0};
    socklen_t size = sizeof a;

    memset(out, 0, 16);
    if (fd < 0 || getpeername(fd, (struct sockaddr *)&a, &size) != 0)
        return;
    if (a.ss_family == AF_INET6)
        memcpy(out, &((struct sockaddr_in6 *)&a)->sin6_addr, 8);
    else
        memcpy(out + 8, &((struct sockaddr_in *)&a)->sin_addr, 4);
}

static bool has_too_many(const struct connection *c)
{
    size_t count = 0;

    for (const struct connection *o = c->http->connections; o != NULL; o = o->next)
        count += o->placed && memcmp(o->source, c->source, sizeof c->source) == 0;
    return count > HTTP_SOURCE;
}

static void connection_wait(struct connection *c, int seconds);

/* evhttp accepts without asking us, so that where a connection is from is looked at a moment
 * later. */
static void connection_place(struct connection *c)
{
    source_of(bufferevent_getfd(c->stream), c->source);
    c->placed = true;
    gather(bufferevent_openssl_get_ssl(c->stream), bufferevent_get_output(c->stream));
    if (has_too_many(c))
        connection_cut(c);
    connection_wait(c, HTTP_ARRIVE);
}

static void connection_late(void *context)
{
    struct connection *c = context;

    if (c->placed)
        connection_cut(c);
    else
        connection_place(c);
}

static void connection_wait(struct connection *c, int seconds)
{
    loop_timer_in(c->timer, (int64_t)seconds * 1000000);
}

static struct connection *connection_new(struct http *h)
{
    struct connection *c = memory_zeroed(1, sizeof *c);

    c->http = h;
    c->next = h->connections;
    if (c->next != NULL)
        c->next->before = c;
    h->connections = c;
    h->connection_count++;
    c->timer = loop_timer_new(h->loop, connection_late, c);
    connection_wait(c, 0);
    return c;
}

static void held_add(struct connection *c, size_t bytes)
{
    struct connection *most = c;

    c->held += bytes;
    c->http->held += bytes;
    if (c->http->held <= HTTP_HELD)
        return;
    for (struct connection *o = c->http->connections; o != NULL; o = o->next)
        if (o->held > most->held)
            most = o;
    connection_cut(most);
}

static void held_drop(struct connection *c)
{
    c->http->held -= c->held;
    c->held = 0;
}

static void input_grew(struct evbuffer *input, const struct evbuffer_cb_info *info, void *context)
{
    (void)input;
    if (info->n_added > 0)
        held_add(context, info->n_added);
}

/* Our own words in the room that evhttp's page has; what is left over is white space after them. */
static void page_rewrite(uint8_t *page, size_t len)
{
    unsigned status = (unsigned)(page[9] - '0') * 100 + (unsigned)(page[10] - '0') * 10 +
                      (unsigned)(page[11] - '0');
    struct buf head = {0}, body = {0};

    if (status >= 500) /* a method that it does not know */
        status = 405;
    buf_print(&body, "{\"title\":\"Refused\",\"http_status\":\"%u\"}", status);
    buf_print(&head,
              "HTTP/1.1 %u Refused\r\nContent-Type: application/taxii+json;version=2.1\r\n"
              "Connection: close\r\nContent-Length: ",
              status);
    if (head.len + 7 + body.len <= len) { /* three digits and an empty line */
        buf_print(&head, "%03zu\r\n\r\n", len - head.len - 7);
        memset(page, ' ', len);
        memcpy(page, head.data, head.len);
        memcpy(page + head.len, body.data, body.len);
    }
    buf_done(&head);
    buf_done(&body);
}

/*
 * What evhttp refuses by itself it answers with a page of HTML, and an unknown method with 501. The
 * page lies whole in the output before a byte of it is sent: there it is rewritten.
 */
static void output_grew(struct evbuffer *output, const struct evbuffer_cb_info *info, void *context)
{
    static const char end[] = "</BODY></HTML>\n";
    size_t len = evbuffer_get_length(output);
    uint8_t *page;

    (void)context;
    if (info->n_added == 0 || len < HTTP_PAGE_LEAST || len > HTTP_PAGE_MOST)
        return;
    page = evbuffer_pullup(output, -1);
    if (page != NULL && memcmp(page, "HTTP/1.", 7) == 0 &&
        memcmp(page + len - strlen(end), end, strlen(end)) == 0)
        page_rewrite(page, len);
}

/* When the SSL goes, the connection is over. */
static void connection_over(void *parent, void *pointer, CRYPTO_EX_DATA *ad, int index, long argl,
                            void *argp)
{
    struct connection *c = pointer;

    (void)parent, (void)ad, (void)index, (void)argl, (void)argp;
    if (c == NULL)
        return;
    for (struct http_ask *a = c->http->asks; a != NULL; a = a->next)
        if (a->connection == c) {
            a->connection = NULL;
            a->request = NULL;
            a->path = a->query = a->body = bytes_of(NULL, 0); /* evhttp's, and gone with it */
        }
    if (c->before != NULL)
        c->before->next = c->next;
    else
        c->http->connections = c->next;
    if (c->next != NULL)
        c->next->before = c->before;
    c->http->connection_count--;
    held_drop(c);
    loop_timer_free(c->timer);
    listen_or_rest(c->http);
    free(c);
}

/* Whoever shows a certificate is let in by TLS; whose it is the pin says. */
static int certificate_take(X509_STORE_CTX *store, void *unused)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct connection *c = SSL_get_ex_data(ssl, connection_index);
    X509 *certificate = X509_STORE_CTX_get0_cert(store);
    unsigned char *der = NULL;
    int length = certificate == NULL ? 0 : i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    struct digest digest;

    (void)unused;
    if (length <= 0)
        return 0;
    digest = digest_of(bytes_of(der, (size_t)length));
    memcpy(c->pin, digest.byte, HTTP_PIN);
    c->pinned = true;
    OPENSSL_free(der);
    X509_STORE_CTX_set_error(store, X509_V_OK);
    return 1;
}

/* evhttp serves without TLS where this gives NULL: so it never does. */
static struct bufferevent *stream_new(struct event_base *base, void *context)
{
    struct http *h = context;
    SSL *ssl = SSL_new(h->tls);
    struct connection *c = connection_new(h);

    if (ssl == NULL || SSL_set_ex_data(ssl, connection_index, c) != 1)
        die("http: out of memory\n");
    c->stream = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING,
                                               BEV_OPT_CLOSE_ON_FREE);
    if (c->stream == NULL)
        die("http: out of memory\n");
    if (evbuffer_add_cb(bufferevent_get_input(c->stream), input_grew, c) == NULL ||
        evbuffer_add_cb(bufferevent_get_output(c->stream), output_grew, c) == NULL)
        die("http: out of memory\n");
    listen_or_rest(h);
    return c->stream;
}

/* ---- requests ----------------------------------------------------------------------------------
 */

static struct connection *connection_of(struct evhttp_request *r)
{
    struct evhttp_connection *e = evhttp_request_get_connection(r);
    SSL *ssl = bufferevent_openssl_get_ssl(evhttp_connection_get_bufferevent(e));

    return SSL_get_ex_data(ssl, connection_index);
}

/* RFC 9112 section 11: what another server on the way could read otherwise is refused. */
static const char *headers_judge(struct evhttp_request *r)
{
    unsigned hosts = 0, lengths = 0, codings = 0, count = 0;

    for (struct evkeyval *k = evhttp_request_get_input_headers(r)->tqh_first; k != NULL;
         k = k->next.tqe_next) {
        hosts += strcasecmp(k->key, "Host") == 0;
        lengths += strcasecmp(k->key, "Content-Length") == 0;
        codings += strcasecmp(k->key, "Transfer-Encoding") == 0;
        if (k->key[0] == '\0' || strpbrk(k->key, " \t\r\n()<>@,;\\\"/[]?={}") != NULL)
            return "a header's name is no token (RFC 9110 section 5.1)";
        for (const char *p = k->value; *p != '\0'; p++)
            if ((unsigned char)*p < 0x20 && *p != '\t')
                return "a header holds a control character (RFC 9110 section 5.5)";
        if (strcasecmp(k->key, "Content-Length") == 0 &&
            strspn(k->value, "0123456789") != strlen(k->value))
            return "Content-Length is no number (RFC 9110 section 8.6)";
        if (strcasecmp(k->key, "Transfer-Encoding") == 0 && strcasecmp(k->value, "chunked") != 0)
            return "the only Transfer-Encoding is chunked (RFC 9112 section 6.1)";
        if (++count > HTTP_HEADER_COUNT)
            return "more than 100 header lines";
    }
    if (hosts != 1)
        return "exactly one Host is required (RFC 9112 section 3.2)";
    if (lengths > 1 || (lengths == 1 && codings > 0) || codings > 1)
        return "the length of the body is said twice (RFC 9112 section 6.3)";
    return NULL;
}

static void ask_free(struct http_ask *a)
{
    if (a->before != NULL)
        a->before->next = a->next;
    else
        a->http->asks = a->next;
    if (a->next != NULL)
        a->next->before = a->before;
    a->http->ask_count--;
    free(a);
}

/* RFC 9112 section 3.2.2: the absolute form must be taken too; whose it is is not asked. */
static const char *target_of(const struct evhttp_request *r)
{
    const char *uri = evhttp_request_get_uri(r), *host = strstr(uri, "://");

    if (uri[0] == '/' || host == NULL)
        return uri;
    uri = strchr(host + 3, '/');
    return uri == NULL ? "/" : uri;
}

static struct http_ask *ask_new(struct http *h, struct evhttp_request *r, struct connection *c)
{
    struct http_ask *a = memory_zeroed(1, sizeof *a);
    const char *uri = target_of(r), *query = strchr(uri, '?');
    struct evbuffer *body = evhttp_request_get_input_buffer(r);

    a->http = h;
    a->request = r;
    a->connection = c;
    a->number = ++h->last_number;
    a->path = bytes_of(uri, query == NULL ? strlen(uri) : (size_t)(query - uri));
    a->query = bytes_text(query == NULL ? "" : query + 1);
    a->body = bytes_of(evbuffer_pullup(body, -1), evbuffer_get_length(body));
    a->next = h->asks;
    if (a->next != NULL)
        a->next->before = a;
    h->asks = a;
    h->ask_count++;
    return a;
}

static void refuse(struct http_ask *a, unsigned status, const char *title, const char *why)
{
    static const struct http_header headers[] = {
        {"Content-Type", "application/taxii+json;version=2.1"}, {NULL, NULL}};
    struct buf body = {0};

    buf_print(&body, "{\"title\":\"%s\",\"description\":\"%s\",\"http_status\":\"%u\"}", title, why,
              status);
    http_answer(a, status, headers, buf_view(&body));
    buf_done(&body);
}

static void request_came(struct evhttp_request *r, void *context)
{
    struct http *h = context;
    struct connection *c = connection_of(r);
    struct http_ask *a = ask_new(h, r, c);
    const char *wrong = headers_judge(r);

    loop_timer_stop(c->timer); /* it is whole; the answer is ours to give */
    c->asking = true;
    if (wrong != NULL)
        refuse(a, 400, "Bad request", wrong);
    else if (a->body.len > h->content)
        refuse(a, 413, "Too large", "the body is larger than max_content_length");
    else if (h->ask_count > HTTP_WAITING)
        refuse(a, 503, "Busy", "too many requests are being answered; try again later");
    else
        h->use->asked(h->context, a);
}

struct bytes http_method(const struct http_ask *a)
{
    switch (a->request == NULL ? EVHTTP_REQ_TRACE : evhttp_request_get_command(a->request)) {
    case EVHTTP_REQ_GET:
        return bytes_text("GET");
    case EVHTTP_REQ_HEAD:
        return bytes_text("HEAD");
    case EVHTTP_REQ_POST:
        return bytes_text("POST");
    case EVHTTP_REQ_DELETE:
        return bytes_text("DELETE");
    default:
        return bytes_text("OTHER");
    }
}

struct bytes http_path(const struct http_ask *a)
{
    return a->path;
}

struct bytes http_query(const struct http_ask *a)
{
    return a->query;
}

struct bytes http_header(const struct http_ask *a, const char *name)
{
    const char *value =
        a->request == NULL ? NULL
                           : evhttp_find_header(evhttp_request_get_input_headers(a->request), name);

    return bytes_text(value == NULL ? "" : value);
}

struct bytes http_body(const struct http_ask *a)
{
    return a->body;
}

bool http_is_gone(const struct http_ask *a)
{
    return a->request == NULL;
}

const uint8_t *http_pin(const struct http_ask *a)
{
    return a->connection != NULL && a->connection->pinned ? a->connection->pin : NULL;
}

const char *http_from(const struct http_ask *a)
{
    char *address = NULL;
    ev_uint16_t port;

    if (a->request != NULL)
        evhttp_connection_get_peer(evhttp_request_get_connection(a->request), &address, &port);
    return address == NULL ? "" : address;
}

uint64_t http_number(const struct http_ask *a)
{
    return a->number;
}

struct http_ask *http_find(struct http *h, uint64_t number)
{
    for (struct http_ask *a = h->asks; a != NULL; a = a->next)
        if (a->number == number)
            return a;
    return NULL;
}

/* ---- answers -----------------------------------------------------------------------------------
 */

/* The answer was written: the connection may be quiet for a while. */
static void answer_left(struct evhttp_request *r, void *context)
{
    struct connection *c = context;

    (void)r;
    c->leaving = false;
    held_drop(c);
    if (c->http->finishing)
        connection_cut(c);
    else
        connection_wait(c, HTTP_IDLE);
}

/*
 * libevent asks the kernel first whether the socket takes anything, which it nearly always does:
 * what it takes now leaves now. What is left waits as ever; OpenSSL is shown it again by libevent.
 */
static void leave_now(struct bufferevent *stream)
{
    struct evbuffer *output = bufferevent_get_output(stream);
    SSL *ssl = bufferevent_openssl_get_ssl(stream);
    struct evbuffer_iovec piece;

    while (evbuffer_peek(output, -1, NULL, &piece, 1) > 0) {
        size_t sent;

        if (SSL_write_ex(ssl, piece.iov_base, piece.iov_len, &sent) != 1) {
            ERR_clear_error(); /* it comes again where libevent looks at it */
            return;
        }
        evbuffer_drain(output, sent);
    }
    bufferevent_disable(stream, EV_WRITE); /* until evhttp has more to say */
    bufferevent_trigger(stream, EV_WRITE, BEV_OPT_DEFER_CALLBACKS);
}

void http_answer(struct http_ask *a, unsigned status, const struct http_header *headers,
                 struct bytes body)
{
    struct evhttp_request *r = a->request;
    struct evkeyvalq *out;
    struct evbuffer *content;
    struct bufferevent *stream;
    char length[24];
    bool head = bytes_is(http_method(a), "HEAD");

    if (r == NULL) { /* nobody is there any more */
        ask_free(a);
        return;
    }
    out = evhttp_request_get_output_headers(r);
    content = evbuffer_new();
    if (content == NULL || (!head && evbuffer_add(content, body.data, body.len) != 0))
        die("http: out of memory\n");
    if (head) { /* RFC 9110 section 9.3.2: as GET, without the body */
        snprintf(length, sizeof length, "%zu", body.len);
        evhttp_add_header(out, "Content-Length", length);
    }
    for (; headers != NULL && headers->name != NULL; headers++)
        evhttp_add_header(out, headers->name, headers->value);
    if (a->http->finishing || status == 400 || status == 413)
        evhttp_add_header(out, "Connection", "close");
    a->connection->asking = false;
    a->connection->leaving = true;
    held_drop(a->connection);
    held_add(a->connection, body.len);
    connection_wait(a->connection, HTTP_LEAVE);
    evhttp_request_set_on_complete_cb(r, answer_left, a->connection);
    stream = a->connection->stream;
    ask_free(a);
    evhttp_send_reply(r, (int)status, NULL, content);
    evbuffer_free(content);
    leave_now(stream);
}

/* ---- the server --------------------------------------------------------------------------------
 */

static int no_passphrase(char *text, int size, int writing, void *context)
{
    (void)text, (void)size, (void)writing, (void)context;
    return -1;
}

static struct fault load_chain(SSL_CTX *c, BIO *pem)
{
    X509 *x = PEM_read_bio_X509(pem, NULL, no_passphrase, NULL);
    bool good = x != NULL && SSL_CTX_use_certificate(c, x) == 1;

    X509_free(x);
    while (good && (x = PEM_read_bio_X509(pem, NULL, no_passphrase, NULL)) != NULL)
        good = SSL_CTX_add0_chain_cert(c, x) == 1;
    return good ? fault_none() : fault_make(FAULT_SYNTAX, 0, "http: certificate in PEM");
}

static struct fault load(SSL_CTX *c, struct bytes key_pem, struct bytes certificate_pem)
{
    BIO *key_bio = BIO_new_mem_buf(key_pem.data, (int)key_pem.len);
    BIO *certificate_bio = BIO_new_mem_buf(certificate_pem.data, (int)certificate_pem.len);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(key_bio, NULL, no_passphrase, NULL);
    struct fault f = load_chain(c, certificate_bio);

    if (!fault_is(f) && key == NULL)
        f = fault_make(FAULT_SYNTAX, 0, "http: key in PEM");
    if (!fault_is(f) && (SSL_CTX_use_PrivateKey(c, key) != 1 || SSL_CTX_check_private_key(c) != 1))
        f = fault_make(FAULT_MISMATCH, 0, "http: the key does not belong to the certificate");
    EVP_PKEY_free(key);
    BIO_free(key_bio);
    BIO_free(certificate_bio);
    return f;
}

static struct fault tls_make(struct bytes key_pem, struct bytes certificate_pem, SSL_CTX **out)
{
    static const unsigned char session[] = "parley-exchange";
    SSL_CTX *c = SSL_CTX_new(TLS_server_method());
    struct fault f;

    if (connection_index < 0)
        connection_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, connection_over);
    if (c == NULL || connection_index < 0)
        die("http: out of memory\n");
    SSL_CTX_set_options(c, SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_session_id_context(c, session, sizeof session - 1);
    SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(c, certificate_take, NULL);
    SSL_CTX_set_max_cert_list(c, 32 << 10);
    SSL_CTX_set_num_tickets(c, 0);
    SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION);
    f = load(c, key_pem, certificate_pem);
    if (fault_is(f))
        SSL_CTX_free(c);
    else
        *out = c;
    return f;
}

/* The listening socket is the caller's: it is not closed with the ear. */
static void ear_make(struct http *h, int listener)
{
    h->ear = evconnlistener_new(loop_base(h->loop), NULL, NULL, LEV_OPT_CLOSE_ON_EXEC, 0, listener);
    if (h->ear == NULL || evhttp_bind_listener(h->server, h->ear) == NULL)
        die("http: out of memory\n");
    listen_or_rest(h);
}

static void server_make(struct http *h)
{
    h->server = evhttp_new(loop_base(h->loop));
    if (h->server == NULL)
        die("http: out of memory\n");
    evhttp_set_bevcb(h->server, stream_new, h);
    evhttp_set_gencb(h->server, request_came, h);
    evhttp_set_max_headers_size(h->server, HTTP_HEADERS);
    /* A little above what is taken: up to there the answer is ours and in the client's format. */
    evhttp_set_max_body_size(h->server, (ev_ssize_t)h->content + (1 << 20));
    evhttp_set_timeout(h->server, HTTP_IDLE + HTTP_LEAVE); /* the timers above come first */
    evhttp_set_allowed_methods(h->server, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST |
                                              EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
                                              EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH |
                                              EVHTTP_REQ_TRACE);
    evhttp_set_default_content_type(h->server, NULL);
}

struct fault http_new(struct loop *l, int listener, struct bytes key_pem,
                      struct bytes certificate_pem, size_t content, const struct http_use *use,
                      void *context, struct http **out)
{
    struct http *h = memory_zeroed(1, sizeof *h);
    struct fault f = tls_make(key_pem, certificate_pem, &h->tls);

    if (fault_is(f)) {
        free(h);
        return f;
    }
    h->loop = l;
    h->content = content;
    h->use = use;
    h->context = context;
    server_make(h);
    ear_make(h, listener);
    *out = h;
    return f;
}

void http_finish(struct http *h)
{
    h->finishing = true;
    listen_or_rest(h);
    for (struct connection *c = h->connections; c != NULL; c = c->next)
        if (!c->asking && !c->leaving)
            connection_late(c);
}

bool http_is_finished(const struct http *h)
{
    return h->finishing && h->ask_count == 0 && h->connection_count == 0;
}

void http_free(struct http *h)
{
    if (h == NULL)
        return;
    h->finishing = true;
    h->ear = NULL; /* goes with the server */
    evhttp_free(h->server);
    while (h->asks != NULL)
        ask_free(h->asks);
    SSL_CTX_free(h->tls);
    free(h);
}
