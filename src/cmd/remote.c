#include "cmd/remote.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/text.h"
#include "cmd/args.h"
#include "cmd/disk.h"
#include "cmd/passphrase.h"
#include "cmd/say.h"
#include "crypto/digest.h"
#include "exchange/media.h"

enum {
    REMOTE_FILE = 1 << 20, /* a key, a certificate, authorities */
    REMOTE_ANSWER = FOREIGN_MAX + (64 << 10),
};

/* ---- the process that meets the network --------------------------------------------------------
 */

/* Who we are, read from files before there is any process. */
struct credentials {
    struct buf ca, certificate, key, passphrase, authorization;
    uint8_t pin[FETCH_PIN];
    bool has_pin;
    const char *url;
    struct fetch *fetch; /* in the network's process */
};

static struct fault network_prepare(void *context, struct rights *rights)
{
    struct credentials *c = context;
    struct fetch_identity who = {
        .authorities = buf_view(&c->ca),
        .pin = c->has_pin ? c->pin : NULL,
        .certificate = buf_view(&c->certificate),
        .key = buf_view(&c->key),
        .key_passphrase = c->passphrase.len == 0 ? NULL : buf_str(&c->passphrase),
        .authorization = c->authorization.len == 0 ? NULL : buf_str(&c->authorization),
    };
    struct fault f = fetch_new(c->url, &who, &c->fetch);

    if (fault_is(f))
        return f;
    rights->ports[0] = fetch_port(c->fetch);
    rights->port_count = 1;
    return f;
}

static void text_part(struct buf *out, const char *text)
{
    buf_part(out, bytes_text(text));
}

static bool part_text(struct cursor *c, char *out, size_t size)
{
    if (!bytes_to_text(cursor_part(c, size - 1), out, size))
        cursor_fail(c, FAULT_RANGE, c->at);
    return cursor_ok(c);
}

/* A question: method, URL, body. An answer: trouble, why, status, six headers, body. */
static void network_answer(void *context, struct bytes question, struct buf *out)
{
    struct credentials *c = context;
    struct cursor in = cursor_over(question, "remote: a question");
    struct fetch_answer a = {.status = 0};
    char method[16], url[REMOTE_URL];
    struct bytes body;

    part_text(&in, method, sizeof method);
    part_text(&in, url, sizeof url);
    body = cursor_part(&in, FOREIGN_MAX);
    cursor_end(&in);
    if (cursor_ok(&in))
        fetch_ask(c->fetch, method, url, MEDIA_TAXII, body.len == 0 ? NULL : MEDIA_TAXII, body,
                  FOREIGN_MAX, &a);
    buf_byte(out, (uint8_t)a.trouble);
    text_part(out, a.why);
    buf_u32(out, a.status);
    text_part(out, a.content_type);
    text_part(out, a.first);
    text_part(out, a.last);
    text_part(out, a.date);
    text_part(out, a.retry_after);
    text_part(out, a.location);
    buf_part(out, buf_view(&a.body));
    fetch_answer_done(&a);
}

static struct fault http_parse(struct bytes message, struct fetch_answer *out)
{
    struct cursor c = cursor_over(message, "remote: an answer");
    uint8_t trouble = cursor_u8(&c);
    struct bytes body;

    if (trouble >= FETCH_TROUBLES)
        cursor_fail(&c, FAULT_RANGE, 0);
    out->trouble = (enum fetch_trouble)trouble;
    part_text(&c, out->why, sizeof out->why);
    out->status = cursor_u32(&c);
    part_text(&c, out->content_type, sizeof out->content_type);
    part_text(&c, out->first, sizeof out->first);
    part_text(&c, out->last, sizeof out->last);
    part_text(&c, out->date, sizeof out->date);
    part_text(&c, out->retry_after, sizeof out->retry_after);
    part_text(&c, out->location, sizeof out->location);
    body = cursor_part(&c, FOREIGN_MAX);
    cursor_end(&c);
    if (cursor_ok(&c))
        buf_bytes(&out->body, body);
    return c.fault;
}

/* ---- the process that reads --------------------------------------------------------------------
 */

static void reader_answer(void *context, struct bytes question, struct buf *out)
{
    (void)context;
    if (question.len > 0 && question.data[0] > FOREIGN_NONE && question.data[0] < FOREIGN_KINDS)
        foreign_read((enum foreign_kind)question.data[0],
                     bytes_of(question.data + 1, question.len - 1), out);
}

struct fault remote_read(struct remote *r, enum foreign_kind kind, struct bytes body,
                         struct foreign *out)
{
    struct buf question = {0}, message = {0};
    struct fault f;

    buf_byte(&question, (uint8_t)kind);
    buf_bytes(&question, body);
    f = apart_ask(r->reader, buf_view(&question), FOREIGN_MESSAGE, &message);
    if (!fault_is(f))
        f = foreign_parse(buf_view(&message), body, out);
    buf_done(&question);
    buf_done(&message);
    return f;
}

/* ---- credentials -------------------------------------------------------------------------------
 */

static enum exit_code read_file(const struct call *call, const char *flag, struct buf *out)
{
    const char *path = args_value(call->args, flag);
    struct fault f = path == NULL ? fault_none() : disk_read(path, REMOTE_FILE, out);

    return fault_is(f) ? disk_error(call->say, f, path) : EXIT_DONE;
}

static enum exit_code read_line(const struct call *call, const char *flag, struct buf *out)
{
    const char *path = args_value(call->args, flag);
    struct fault f = path == NULL ? fault_none() : passphrase_from_file(path, out);

    return fault_is(f) ? disk_error(call->say, f, path) : EXIT_DONE;
}

static enum exit_code read_authorization(const struct call *call, struct buf *out)
{
    const char *user = args_value(call->args, "--user");
    struct buf secret = {0}, pair = {0};
    enum exit_code code = read_line(call, "--token-file", &secret);

    if (code == EXIT_DONE && secret.len != 0) {
        buf_text(out, "Bearer ");
        buf_bytes(out, buf_view(&secret));
    } else if (code == EXIT_DONE && user != NULL) {
        code = read_line(call, "--password-file", &secret);
        if (code == EXIT_DONE && secret.len == 0 &&
            !passphrase_ask(call->say, "password: ", &secret))
            code =
                say_error(call->say, EXIT_USAGE, "needs-password", "there is no terminal to ask on",
                          "--password-file FILE", "no password for --user %s", user);
        buf_print(&pair, "%s:", user);
        buf_bytes(&pair, buf_view(&secret));
        buf_text(out, "Basic ");
        buf_base64(out, pair.data, pair.len);
    }
    buf_wipe(&secret);
    buf_wipe(&pair);
    return code;
}

static enum exit_code read_pin(const struct call *call, struct credentials *c)
{
    const char *pin = args_value(call->args, "--pin");

    if (pin == NULL)
        return EXIT_DONE;
    c->has_pin = hex_read(bytes_text(pin), c->pin, FETCH_PIN);
    if (c->has_pin)
        return EXIT_DONE;
    return say_error(call->say, EXIT_USAGE, "usage",
                     "a pin is the SHA-256 of the server's public key: 64 digits in lower case",
                     "parley peer show prints those of our partner's nodes",
                     "--pin %s is not understood", pin);
}

static enum exit_code read_credentials(const struct call *call, struct credentials *c)
{
    enum exit_code code = read_file(call, "--ca", &c->ca);

    if (code == EXIT_DONE)
        code = read_file(call, "--cert", &c->certificate);
    if (code == EXIT_DONE)
        code = read_file(call, "--cert-key", &c->key);
    if (code == EXIT_DONE)
        code = read_line(call, "--passphrase-file", &c->passphrase);
    if (code == EXIT_DONE && (c->key.len == 0) != (c->certificate.len == 0))
        code = say_error(call->say, EXIT_USAGE, "usage", "a certificate is of no use without it",
                         "--cert FILE --cert-key FILE", "one of --cert and --cert-key is missing");
    if (code == EXIT_DONE)
        code = read_authorization(call, &c->authorization);
    return code == EXIT_DONE ? read_pin(call, c) : code;
}

static void credentials_done(struct credentials *c)
{
    buf_done(&c->ca);
    buf_done(&c->certificate);
    buf_wipe(&c->key);
    buf_wipe(&c->passphrase);
    buf_wipe(&c->authorization);
}

/* ---- both --------------------------------------------------------------------------------------
 */

static enum exit_code start_error(struct say *s, const char *url, struct fault f)
{
    if (f.kind == FAULT_SYNTAX)
        return say_error(s, EXIT_USAGE, "usage",
                         "https alone; TAXII 2.1 section 1.6.1 has no other",
                         "https://host:port/taxii2/", "%s is no URL to ask", url);
    if (f.kind == FAULT_UNKNOWN)
        return say_error(s, EXIT_QUEUED, "unreachable", f.rule, NULL, "%s cannot be reached", url);
    return say_error(s, EXIT_FAILED, fault_word(f.kind),
                     f.kind == FAULT_IO ? strerror((int)f.at) : f.rule, NULL,
                     "asking %s cannot begin: %s", url, f.rule);
}

static enum exit_code start_both(const struct call *call, struct credentials *c, struct remote *out)
{
    struct apart_use network = {.rights = {.may = RIGHT_DIAL, .files = 32},
                                .prepare = network_prepare,
                                .answer = network_answer,
                                .context = c};
    struct apart_use reader = {.rights = {.files = 16}, .answer = reader_answer};
    struct fault f;

    json_object_seed(0);
    crypto_start();
    f = apart_start(&network, &out->network);
    credentials_done(c); /* before the one that reads is made of us */
    if (!fault_is(f))
        f = apart_start(&reader, &out->reader);
    return fault_is(f) ? start_error(call->say, c->url, f) : EXIT_DONE;
}

enum exit_code remote_open(const struct call *call, const char *url, struct remote *out)
{
    struct credentials c = {.url = url};
    const char *scheme = "https://", *path;
    enum exit_code code = read_credentials(call, &c);

    *out = (struct remote){.network = NULL};
    if (code == EXIT_DONE)
        code = start_both(call, &c, out);
    credentials_done(&c);
    if (code != EXIT_DONE) {
        remote_close(out);
        return code;
    }
    path = strchr(url + strlen(scheme), '/');
    snprintf(out->origin, sizeof out->origin, "%.*s",
             (int)(path == NULL ? strlen(url) : (size_t)(path - url)), url);
    return code;
}

void remote_close(struct remote *r)
{
    apart_free(r->network);
    apart_free(r->reader);
    *r = (struct remote){.network = NULL};
}

struct fault remote_ask(struct remote *r, const char *method, const char *url, struct bytes body,
                        enum foreign_kind kind, struct remote_answer *out)
{
    struct buf question = {0}, message = {0};
    bool good;
    struct fault f;

    text_part(&question, method);
    text_part(&question, url);
    buf_part(&question, body);
    f = apart_ask(r->network, buf_view(&question), REMOTE_ANSWER, &message);
    if (!fault_is(f))
        f = http_parse(buf_view(&message), &out->http);
    buf_done(&question);
    buf_done(&message);
    if (fault_is(f) || out->http.trouble != FETCH_GOOD)
        return f;
    good = out->http.status >= 200 && out->http.status < 300;
    out->typed = media_is_taxii(bytes_text(out->http.content_type));
    return remote_read(r, good ? kind : FOREIGN_ERROR, buf_view(&out->http.body), &out->read);
}

void remote_answer_done(struct remote_answer *a)
{
    foreign_done(&a->read);
    fetch_answer_done(&a->http);
}

static enum exit_code status_exit(unsigned status)
{
    return status == 404                    ? EXIT_NOT_FOUND
           : status == 503 || status == 429 ? EXIT_QUEUED
                                            : EXIT_FAILED;
}

static const char *status_try(unsigned status)
{
    switch (status) {
    case 401:
        return "--token-file FILE, --user NAME, or --cert FILE --cert-key FILE";
    case 403:
        return "ask who runs it for the right to this collection";
    case 404:
        return "parley collection list URL says what there is";
    case 406:
    case 415:
        return "it speaks another version than TAXII 2.1";
    default:
        return NULL;
    }
}

enum exit_code remote_error(struct say *s, const char *url, const struct remote_answer *a)
{
    const char *title = a->read.head[0] != NULL ? a->read.head[0] : "";
    const char *more = a->read.head[1] != NULL && a->read.head[1][0] != '\0' ? a->read.head[1] : "";

    if (a->http.trouble == FETCH_TLS)
        return say_error(s, EXIT_FAILED, "tls", a->http.why,
                         "--ca FILE, or --pin with the key's digest as its owner tells it",
                         "%s is not who it should be, or does not know us", url);
    if (a->http.trouble != FETCH_GOOD)
        return say_error(s, EXIT_QUEUED, "unreachable", a->http.why, NULL, "no answer from %s",
                         url);
    if (a->http.status >= 300 && a->http.status < 400)
        return say_error(
            s, EXIT_FAILED, "redirect", "our credentials are for the server that was named",
            a->http.location[0] != '\0' ? a->http.location : NULL, "%s sends us elsewhere", url);
    if (a->http.status >= 400)
        return say_error(s, status_exit(a->http.status), "refused", more[0] != '\0' ? more : title,
                         status_try(a->http.status), "%s answers %u", url, a->http.status);
    return say_error(s, EXIT_FAILED, "bad-answer", fault_word(a->read.fault.kind),
                     "is it the URL of a TAXII 2.1 server?",
                     "what %s answers cannot be read: byte %zu", url, a->read.fault.at);
}

enum exit_code remote_died(struct say *s, struct fault f)
{
    return say_error(s, EXIT_FAILED, "reader-died", f.rule,
                     "nothing of that answer was kept; what came before is",
                     "what the server sent ended the process that looked at it");
}

bool remote_join(const struct remote *r, const char *wrote, char out[REMOTE_URL])
{
    size_t len = strlen(r->origin), n;
    bool whole = strncmp(wrote, r->origin, len) == 0 && (wrote[len] == '/' || wrote[len] == '\0');
    const char *path = whole ? wrote + len : wrote;
    struct buf url = {0};
    bool good;

    if (!whole && (path[0] != '/' || path[1] == '/'))
        return false;
    n = strlen(path);
    buf_print(&url, "%s%s%s", r->origin, path, n > 0 && path[n - 1] == '/' ? "" : "/");
    good = bytes_to_text(buf_view(&url), out, REMOTE_URL);
    buf_done(&url);
    return good;
}
