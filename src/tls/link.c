#include "tls/link.h"

#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"

static const unsigned char alpn[] = {8, 'p', 'a', 'r', 'l', 'e', 'y', '/', '1'};

enum { KEEP_IDLE = 30, KEEP_EVERY = 10, KEEP_COUNT = 3, USER_TIMEOUT = 60000 /* ms */ };

struct tls {
    SSL_CTX *context;
};

struct tls_link {
    const struct tls_link_use *use;
    void *context;
    struct tls_pins pins;
    struct bufferevent *stream; /* owns the SSL and the socket */
    struct loop_timer *timer;   /* handshake, linger, or the death to be told */
    uint8_t pin[TLS_PIN];
    bool up, finishing, dead;
    const char *refused; /* why we refused the other side's certificate */
    char why[TLS_WHY];
};

/* ---- our end -------------------------------------------------------------------------------- */

static int link_index = -1; /* of the struct tls_link in an SSL */

/* Judges the other side's key. Signatures on the certificate, names and dates mean nothing. */
static int certificate_judge(X509_STORE_CTX *store, void *unused)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_link *k = SSL_get_ex_data(ssl, link_index);
    X509 *certificate = X509_STORE_CTX_get0_cert(store);

    (void)unused;
    if (certificate == NULL || fault_is(tls_pin_of(certificate, k->pin))) {
        k->refused = "their certificate's key is neither Ed25519 nor P-256";
        X509_STORE_CTX_set_error(store, X509_V_ERR_EE_KEY_TOO_SMALL);
        return 0;
    }
    for (size_t i = 0; i < k->pins.count; i++)
        if (memcmp(k->pin, k->pins.pin[i], TLS_PIN) == 0)
            return 1;
    k->refused = "their certificate's key is not one that the agreement pins";
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_UNTRUSTED);
    return 0;
}

static int alpn_select(SSL *ssl, const unsigned char **out, unsigned char *out_length,
                       const unsigned char *in, unsigned in_length, void *unused)
{
    (void)ssl;
    (void)unused;
    for (unsigned i = 0; i < in_length; i += 1U + in[i])
        if (in_length - i >= sizeof alpn && memcmp(in + i, alpn, sizeof alpn) == 0) {
            *out = in + i + 1;
            *out_length = sizeof alpn - 1;
            return SSL_TLSEXT_ERR_OK;
        }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static bool configure(SSL_CTX *c)
{
    static char groups[] = "X25519", signatures[] = "ed25519:ECDSA+SHA256"; /* macros of OpenSSL
                                                                                cast const away */

    SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                               SSL_OP_IGNORE_UNEXPECTED_EOF); /* frames have lengths */
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(c, certificate_judge, NULL);
    SSL_CTX_set_alpn_select_cb(c, alpn_select, NULL);
    SSL_CTX_set_max_cert_list(c, TLS_CHAIN);
    return SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(c, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_num_tickets(c, 0) == 1 && SSL_CTX_set_max_early_data(c, 0) == 1 &&
           SSL_CTX_set_recv_max_early_data(c, 0) == 1 && SSL_CTX_set1_groups_list(c, groups) == 1 &&
           SSL_CTX_set1_sigalgs_list(c, signatures) == 1 &&
           SSL_CTX_set_alpn_protos(c, alpn, sizeof alpn) == 0;
}

static int no_passphrase(char *text, int size, int writing, void *context)
{
    (void)text;
    (void)size;
    (void)writing;
    (void)context;
    return -1;
}

static struct fault load(SSL_CTX *c, struct bytes key_pem, struct bytes certificate_pem)
{
    BIO *key_bio = BIO_new_mem_buf(key_pem.data, (int)key_pem.len);
    BIO *x_bio = BIO_new_mem_buf(certificate_pem.data, (int)certificate_pem.len);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(key_bio, NULL, no_passphrase, NULL);
    X509 *x = PEM_read_bio_X509(x_bio, NULL, no_passphrase, NULL);
    struct fault f = fault_none();

    if (key == NULL || x == NULL)
        f = fault_make(FAULT_SYNTAX, 0, "tls: key and certificate in PEM");
    else if (SSL_CTX_use_certificate(c, x) != 1)
        f = fault_make(FAULT_REFUSED, 0, "tls: certificate");
    else if (SSL_CTX_use_PrivateKey(c, key) != 1 || SSL_CTX_check_private_key(c) != 1)
        f = fault_make(FAULT_MISMATCH, 0, "tls: the key does not belong to the certificate");
    EVP_PKEY_free(key);
    X509_free(x);
    BIO_free(key_bio);
    BIO_free(x_bio);
    return f;
}

struct fault tls_new(struct bytes key_pem, struct bytes certificate_pem, struct tls **out)
{
    uint8_t pin[TLS_PIN];
    struct fault f = tls_pin(certificate_pem, pin);
    SSL_CTX *c;

    if (fault_is(f))
        return f;
    if (key_pem.len > TLS_PEM)
        return fault_make(FAULT_LIMIT, 0, "tls: longest PEM file");
    if (link_index < 0)
        link_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    c = SSL_CTX_new(TLS_method());
    if (c == NULL || link_index < 0 || !configure(c))
        f = fault_make(FAULT_IO, 0, "tls: this OpenSSL cannot do what we need");
    else
        f = load(c, key_pem, certificate_pem);
    ERR_clear_error();
    if (fault_is(f)) {
        SSL_CTX_free(c);
        return f;
    }
    *out = memory_zeroed(1, sizeof **out);
    (*out)->context = c;
    return f;
}

void tls_free(struct tls *t)
{
    if (t == NULL)
        return;
    SSL_CTX_free(t->context);
    free(t);
}

/* ---- a connection --------------------------------------------------------------------------- */

static SSL *ssl_of(const struct tls_link *k)
{
    return bufferevent_openssl_get_ssl(k->stream);
}

/* From here on it only waits to tell. */
static void link_die(struct tls_link *k, const char *why)
{
    if (k->dead)
        return;
    k->dead = true;
    snprintf(k->why, sizeof k->why, "%s", why);
    bufferevent_disable(k->stream, EV_READ | EV_WRITE);
    loop_timer_in(k->timer, 0);
}

/* One line on what OpenSSL or the system says went wrong. Alert names are OpenSSL's own words. */
static void link_fail(struct tls_link *k, int system_error)
{
    unsigned long error = bufferevent_get_openssl_error(k->stream);
    const char *words = error != 0 ? ERR_reason_error_string(error) : NULL;
    char why[TLS_WHY];

    if (k->refused != NULL)
        snprintf(why, sizeof why, "%s", k->refused);
    else if (words != NULL)
        snprintf(why, sizeof why, "TLS: %s", words);
    else if (system_error != 0 && strerrordesc_np(system_error) != NULL)
        snprintf(why, sizeof why, "%s", strerrordesc_np(system_error));
    else
        snprintf(why, sizeof why, "%s", k->up ? "TLS: broken" : "TLS: no handshake");
    ERR_clear_error();
    link_die(k, why);
}

static bool alpn_is_ours(SSL *ssl)
{
    const unsigned char *name;
    unsigned length;

    SSL_get0_alpn_selected(ssl, &name, &length);
    return length == sizeof alpn - 1 && memcmp(name, alpn + 1, length) == 0;
}

static void link_connected(struct tls_link *k)
{
    SSL *ssl = ssl_of(k);

    if (!alpn_is_ours(ssl)) {
        link_die(k, "they do not speak parley/1 (ALPN)");
        return;
    }
    assert(SSL_version(ssl) == TLS1_3_VERSION); /* the context allows no other */
    loop_timer_stop(k->timer);
    k->up = true;
    k->use->up(k->context);
}

static void stream_event(struct bufferevent *stream, short what, void *context)
{
    struct tls_link *k = context;
    int system_error = EVUTIL_SOCKET_ERROR();

    (void)stream;
    if (k->dead)
        return;
    if (k->finishing && !(what & BEV_EVENT_CONNECTED)) {
        link_die(k, "finished"); /* they have read it all, or are gone */
        return;
    }
    if (what & BEV_EVENT_CONNECTED)
        link_connected(k);
    else if (what & BEV_EVENT_ERROR)
        link_fail(k, system_error);
    else if (what & BEV_EVENT_EOF)
        link_die(k, k->up ? "they closed the connection" : "they closed before the handshake");
}

static void stream_read(struct bufferevent *stream, void *context)
{
    struct tls_link *k = context;

    if (k->finishing)
        evbuffer_drain(bufferevent_get_input(stream), SIZE_MAX);
    else if (!k->dead && k->up)
        k->use->received(k->context);
}

/* Our last byte is with the kernel: say so, and wait for their end. Closing at once would reset
 * the connection if bytes of theirs are unread, and with it what we said last. */
static void link_half_close(struct tls_link *k)
{
    SSL_shutdown(ssl_of(k));
    shutdown(bufferevent_getfd(k->stream), SHUT_WR);
    ERR_clear_error();
}

static void stream_write(struct bufferevent *stream, void *context)
{
    struct tls_link *k = context;

    if (k->dead || !k->up || evbuffer_get_length(bufferevent_get_output(stream)) > 0)
        return;
    if (k->finishing)
        link_half_close(k);
    else
        k->use->drained(k->context);
}

static void timer_rings(void *context)
{
    struct tls_link *k = context;

    if (!k->dead) {
        link_die(k, k->finishing ? "finished in haste" : "no handshake in time");
        return; /* rings once more, to tell */
    }
    k->use->closed(k->context, k->why);
}

static void socket_options(int fd)
{
    const struct {
        int level, name, value;
    } options[] = {
        {IPPROTO_TCP, TCP_NODELAY, 1},          {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE}, {IPPROTO_TCP, TCP_KEEPINTVL, KEEP_EVERY},
        {IPPROTO_TCP, TCP_KEEPCNT, KEEP_COUNT}, {IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT},
    };

    /* A socket that is no TCP (in tests) refuses some; nothing rests on them but speed. */
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(int));
}

struct tls_link *tls_link_new(struct tls *t, struct loop *l, int fd, bool dial,
                              struct tls_pins pins, const struct tls_link_use *use, void *context)
{
    struct tls_link *k = memory_zeroed(1, sizeof *k);
    SSL *ssl = SSL_new(t->context);

    *k = (struct tls_link){.use = use, .context = context, .pins = pins};
    if (ssl == NULL || SSL_set_ex_data(ssl, link_index, k) != 1)
        die("tls: out of memory\n");
    socket_options(fd);
    k->timer = loop_timer_new(l, timer_rings, k);
    k->stream = bufferevent_openssl_socket_new(
        loop_base(l), fd, ssl, dial ? BUFFEREVENT_SSL_CONNECTING : BUFFEREVENT_SSL_ACCEPTING,
        BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    if (k->stream == NULL)
        die("tls: no stream\n");
    bufferevent_openssl_set_allow_dirty_shutdown(k->stream, 1); /* frames have lengths */
    bufferevent_setwatermark(k->stream, EV_READ, 0, TLS_INPUT);
    bufferevent_setcb(k->stream, stream_read, stream_write, stream_event, k);
    bufferevent_enable(k->stream, EV_READ | EV_WRITE);
    loop_timer_in(k->timer, TLS_HANDSHAKE * 1000000LL);
    return k;
}

void tls_link_free(struct tls_link *k)
{
    if (k == NULL)
        return;
    bufferevent_setcb(k->stream, NULL, NULL, NULL, NULL);
    bufferevent_free(k->stream);
    loop_timer_free(k->timer);
    free(k);
}

const uint8_t *tls_link_pin(const struct tls_link *k)
{
    assert(k->up);
    return k->pin;
}

void tls_link_exporter(const struct tls_link *k, uint8_t out[TLS_EXPORTER])
{
    static const char label[] = "EXPORTER-parley-hello";

    assert(k->up);
    if (SSL_export_keying_material(ssl_of(k), out, TLS_EXPORTER, label, sizeof label - 1, NULL, 0,
                                   0) != 1)
        die("tls: no exporter\n");
}

void tls_link_send(struct tls_link *k, struct bytes data)
{
    if (!k->dead && !k->finishing && bufferevent_write(k->stream, data.data, data.len) != 0)
        die("tls: out of memory\n");
}

size_t tls_link_queued(const struct tls_link *k)
{
    return evbuffer_get_length(bufferevent_get_output(k->stream));
}

size_t tls_link_held(const struct tls_link *k)
{
    return evbuffer_get_length(bufferevent_get_input(k->stream));
}

bool tls_link_peek(const struct tls_link *k, void *out, size_t len)
{
    if (tls_link_held(k) < len)
        return false;
    return evbuffer_copyout(bufferevent_get_input(k->stream), out, len) == (ssize_t)len;
}

bool tls_link_take(struct tls_link *k, size_t skip, size_t len, struct buf *out)
{
    struct evbuffer *in = bufferevent_get_input(k->stream);

    if (evbuffer_get_length(in) < skip || evbuffer_get_length(in) - skip < len)
        return false;
    buf_need(out, len);
    evbuffer_drain(in, skip);
    if (evbuffer_remove(in, out->data + out->len, len) != (int)len)
        return false;
    out->len += len;
    return true;
}

void tls_link_pause(struct tls_link *k, bool pause)
{
    if (k->dead)
        return;
    (pause ? bufferevent_disable : bufferevent_enable)(k->stream, EV_READ);
}

void tls_link_finish(struct tls_link *k)
{
    if (k->dead || k->finishing)
        return;
    k->finishing = true;
    loop_timer_in(k->timer, TLS_LINGER * 1000000LL);
    bufferevent_enable(k->stream, EV_READ);
    evbuffer_drain(bufferevent_get_input(k->stream), SIZE_MAX);
    if (tls_link_queued(k) == 0)
        link_half_close(k);
}
