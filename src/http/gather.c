#include "http/gather.h"

#include <openssl/bio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/memory.h"

enum {
    GATHER_MOST = 64 << 10, /* bytes held */
    GATHER_RECORD = 22,     /* RFC 8446 section 5.2: what a record has beside its content */
};

struct gathering {
    struct evbuffer *output;
    struct buf held;
    size_t at;    /* of it the socket has taken so many */
    size_t plain; /* bytes of `output` that are written, and not yet taken out of it */
    bool taken;   /* the record that OpenSSL tries again is held already */
};

/* False: not all of it, and the flags of `b` say whether to try again. */
static bool flush(BIO *b, struct gathering *g)
{
    while (g->at < g->held.len) {
        int sent = BIO_write(BIO_next(b), g->held.data + g->at, (int)(g->held.len - g->at));

        if (sent <= 0) {
            BIO_copy_next_retry(b);
            return false;
        }
        g->at += (size_t)sent;
    }
    buf_done(&g->held);
    g->at = 0;
    return true;
}

static int gather_write(BIO *b, const char *data, int length)
{
    struct gathering *g = BIO_get_data(b);
    size_t plain = length > GATHER_RECORD ? (size_t)length - GATHER_RECORD : 0;
    size_t waits = evbuffer_get_length(g->output);
    bool go = g->taken || g->plain + plain >= waits;

    BIO_clear_retry_flags(b);
    if (!g->taken) {
        if (g->held.len == 0) /* in one piece from the start */
            buf_need(&g->held, (waits < GATHER_MOST ? waits : GATHER_MOST) + (size_t)length);
        buf_bytes(&g->held, bytes_of(data, (size_t)length));
    }
    g->taken = true;
    if ((go || g->held.len >= GATHER_MOST) && !flush(b, g))
        return -1;
    g->taken = false;
    g->plain += plain;
    return length;
}

/* libevent took out of the output what OpenSSL said is written. */
static void output_shrank(struct evbuffer *output, const struct evbuffer_cb_info *info,
                          void *context)
{
    struct gathering *g = context;

    (void)output;
    if (info->n_deleted > 0)
        g->plain = 0;
}

static int gather_read(BIO *b, char *out, int size)
{
    int got = BIO_read(BIO_next(b), out, size);

    BIO_clear_retry_flags(b);
    BIO_copy_next_retry(b);
    return got;
}

static long gather_control(BIO *b, int command, long number, void *pointer)
{
    long answer = BIO_ctrl(BIO_next(b), command, number, pointer);

    BIO_clear_retry_flags(b);
    BIO_copy_next_retry(b);
    return answer;
}

static int gather_end(BIO *b)
{
    struct gathering *g = BIO_get_data(b);

    buf_done(&g->held);
    free(g);
    return 1;
}

static BIO_METHOD *method_make(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_FILTER, "gather");

    if (m == NULL || BIO_meth_set_write(m, gather_write) != 1 ||
        BIO_meth_set_read(m, gather_read) != 1 || BIO_meth_set_ctrl(m, gather_control) != 1 ||
        BIO_meth_set_destroy(m, gather_end) != 1)
        die("http: out of memory\n");
    return m;
}

void gather(SSL *ssl, struct evbuffer *output)
{
    static BIO_METHOD *method;
    struct gathering *g;
    BIO *b, *line = SSL_get_wbio(ssl);

    if (line == NULL) /* it was cut before it began */
        return;
    if (method == NULL)
        method = method_make();
    g = memory_zeroed(1, sizeof *g);
    b = BIO_new(method);
    if (b == NULL || evbuffer_add_cb(output, output_shrank, g) == NULL)
        die("http: out of memory\n");
    g->output = output;
    BIO_set_data(b, g);
    BIO_set_init(b, 1);
    BIO_up_ref(line); /* OpenSSL lets go of it when it takes ours, which holds it from now on */
    SSL_set0_wbio(ssl, BIO_push(b, line));
}
