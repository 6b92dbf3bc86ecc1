#include "http/fetch.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/memory.h"
#include "base/text.h"
#include "io/file.h"

#define AUTHORITIES "/etc/ssl/certs/ca-certificates.crt"

enum { AUTHORITIES_MAX = 4 << 20 };

struct fetch {
    CURLM *multi;
    CURL *easy;
    struct curl_slist *resolved;
    char *origin; /* "https://host:port" as in the URL, to which every request must belong */
    uint16_t port;
    struct buf authorities;
    char authorization[FETCH_HEADER + 32]; /* the whole header; "" without one */
};

/* ---- where ------------------------------------------------------------------------------------
 */

/* Scheme, host and port of a URL; nothing else of it is looked at. */
struct place {
    char host[256];
    char port[8];
    size_t origin; /* bytes of the URL up to its path */
};

static struct fault place_parse(const char *url, struct place *out)
{
    struct fault bad = fault_make(FAULT_SYNTAX, 0, "a URL: https://host[:port]/path");
    const char *scheme = "https://", *from = url + strlen(scheme), *end;
    CURLU *u = curl_url();
    char *host = NULL, *port = NULL, *user = NULL;
    bool good = strncmp(url, scheme, strlen(scheme)) == 0 && strlen(url) < FETCH_URL && u != NULL &&
                curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
                curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
                curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
                curl_url_get(u, CURLUPART_USER, &user, 0) != CURLUE_OK &&
                strlen(host) < sizeof out->host && strlen(port) < sizeof out->port;

    if (good) {
        end = strchr(from, '/');
        snprintf(out->host, sizeof out->host, "%s", host);
        snprintf(out->port, sizeof out->port, "%s", port);
        out->origin = end == NULL ? strlen(url) : (size_t)(end - url);
    }
    curl_free(host);
    curl_free(port);
    curl_free(user);
    curl_url_cleanup(u);
    return good ? fault_none() : bad;
}

static void add_address(const struct addrinfo *a, struct buf *out)
{
    char text[INET6_ADDRSTRLEN];
    const void *from =
        a->ai_family == AF_INET
            ? (const void *)&((const struct sockaddr_in *)(const void *)a->ai_addr)->sin_addr
            : (const void *)&((const struct sockaddr_in6 *)(const void *)a->ai_addr)->sin6_addr;

    if (inet_ntop(a->ai_family, from, text, sizeof text) == NULL)
        return;
    buf_print(out, a->ai_family == AF_INET6 ? "%s[%s]" : "%s%s", out->len == 0 ? "" : ",", text);
}

/* The name is looked up once and here: in the sandbox there is no name service. */
static struct fault place_resolve(const struct place *p, struct curl_slist **out)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL;
    char host[256];
    size_t len = strlen(p->host), count = 0;
    struct buf addresses = {0}, line = {0};

    /* "[::1]" is an address in a URL, "::1" for everybody else. */
    snprintf(host, sizeof host, "%s", p->host[0] == '[' ? p->host + 1 : p->host);
    if (p->host[0] == '[' && len > 2)
        host[len - 2] = '\0';
    if (getaddrinfo(host, p->port, &hints, &list) != 0)
        return fault_make(FAULT_UNKNOWN, 0, "the name service knows no such host");
    for (const struct addrinfo *a = list; a != NULL && count < FETCH_ADDRESSES; a = a->ai_next) {
        if (a->ai_family != AF_INET && a->ai_family != AF_INET6)
            continue;
        add_address(a, &addresses);
        count++;
    }
    freeaddrinfo(list);
    buf_print(&line, "%s:%s:%s", p->host, p->port, buf_str(&addresses));
    *out = curl_slist_append(NULL, buf_str(&line));
    buf_done(&addresses);
    buf_done(&line);
    return fault_none();
}

/* ---- who --------------------------------------------------------------------------------------
 */

/* libcurl copies what it is given: what it reads is not changed by it. */
static struct curl_blob blob_of(struct bytes b)
{
    return (struct curl_blob){
        .data = (void *)(uintptr_t)b.data, .len = b.len, .flags = CURL_BLOB_COPY};
}

static void set_pin(CURL *easy, const uint8_t *pin)
{
    char base[64], text[80];

    base64_write(pin, FETCH_PIN, base);
    snprintf(text, sizeof text, "sha256//%s", base);
    curl_easy_setopt(easy, CURLOPT_PINNEDPUBLICKEY, text);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
}

static struct fault set_trust(struct fetch *f, const struct fetch_identity *who)
{
    struct fault fault = fault_none();
    struct curl_blob blob;

    if (who->pin != NULL) {
        set_pin(f->easy, who->pin);
        return fault;
    }
    if (who->authorities.len != 0)
        buf_bytes(&f->authorities, who->authorities);
    else
        fault = file_read(AUTHORITIES, AUTHORITIES_MAX, &f->authorities);
    blob = blob_of(buf_view(&f->authorities));
    blob.flags = CURL_BLOB_NOCOPY;
    curl_easy_setopt(f->easy, CURLOPT_CAINFO_BLOB, &blob);
    return fault;
}

static void set_own(struct fetch *f, const struct fetch_identity *who)
{
    struct curl_blob certificate = blob_of(who->certificate), key = blob_of(who->key);

    if (who->certificate.len != 0) {
        curl_easy_setopt(f->easy, CURLOPT_SSLCERT_BLOB, &certificate);
        curl_easy_setopt(f->easy, CURLOPT_SSLKEY_BLOB, &key);
        if (who->key_passphrase != NULL)
            curl_easy_setopt(f->easy, CURLOPT_KEYPASSWD, who->key_passphrase);
    }
    if (who->authorization != NULL)
        snprintf(f->authorization, sizeof f->authorization, "Authorization: %s",
                 who->authorization);
}

static void set_limits(CURL *easy)
{
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)FETCH_CONNECT);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)FETCH_SECONDS);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 100L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)FETCH_SLOW);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");    /* the environment names none for us */
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL); /* no folder is looked into while it works */
    curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, -1L);
}

struct fault fetch_new(const char *url, const struct fetch_identity *who, struct fetch **out)
{
    struct place place;
    struct fault fault = place_parse(url, &place);
    struct fetch *f;

    if (fault_is(fault))
        return fault;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        die("libcurl does not start");
    f = memory_zeroed(1, sizeof *f);
    f->multi = curl_multi_init();
    f->easy = curl_easy_init();
    if (f->multi == NULL || f->easy == NULL)
        die("out of memory");
    f->origin = memory_text(url, place.origin);
    f->port = (uint16_t)strtoul(place.port, NULL, 10);
    set_limits(f->easy);
    set_own(f, who);
    fault = set_trust(f, who);
    if (!fault_is(fault))
        fault = place_resolve(&place, &f->resolved);
    if (fault_is(fault)) {
        fetch_free(f);
        return fault;
    }
    curl_easy_setopt(f->easy, CURLOPT_RESOLVE, f->resolved);
    *out = f;
    return fault;
}

void fetch_free(struct fetch *f)
{
    if (f == NULL)
        return;
    curl_easy_cleanup(f->easy);
    curl_multi_cleanup(f->multi);
    curl_slist_free_all(f->resolved);
    buf_done(&f->authorities);
    explicit_bzero(f->authorization, sizeof f->authorization);
    free(f->origin);
    free(f);
}

uint16_t fetch_port(const struct fetch *f)
{
    return f->port;
}

/* ---- asking -----------------------------------------------------------------------------------
 */

struct asking {
    struct fetch_answer *out;
    size_t most, lines;
    bool too_large;
};

static size_t take_body(char *data, size_t one, size_t len, void *context)
{
    struct asking *a = context;

    (void)one;
    if (len > a->most - a->out->body.len) {
        a->too_large = true;
        return 0;
    }
    buf_add(&a->out->body, data, len);
    return len;
}

static void keep_header(struct bytes line, const char *name, char *out)
{
    size_t len = strlen(name);
    struct bytes value;

    if (line.len < len || strncasecmp((const char *)line.data, name, len) != 0)
        return;
    value = bytes_of(line.data + len, line.len - len);
    while (value.len > 0 && (value.data[0] == ' ' || value.data[0] == '\t'))
        value = bytes_of(value.data + 1, value.len - 1);
    while (value.len > 0 && value.data[value.len - 1] <= ' ')
        value.len--;
    if (!bytes_to_text(value, out, FETCH_HEADER))
        out[0] = '\0'; /* longer than any that means something, or with a NUL */
}

static size_t take_header(char *data, size_t one, size_t len, void *context)
{
    struct asking *a = context;
    struct bytes line = bytes_of(data, len);

    (void)one;
    if (++a->lines > FETCH_HEADERS)
        return 0;
    keep_header(line, "Content-Type:", a->out->content_type);
    keep_header(line, "X-TAXII-Date-Added-First:", a->out->first);
    keep_header(line, "X-TAXII-Date-Added-Last:", a->out->last);
    keep_header(line, "Date:", a->out->date);
    keep_header(line, "Retry-After:", a->out->retry_after);
    keep_header(line, "Location:", a->out->location);
    return len;
}

static enum fetch_trouble trouble_of(CURLcode code, const struct asking *a)
{
    if (a->too_large)
        return FETCH_LARGE;
    switch (code) {
    case CURLE_OK:
        return FETCH_GOOD;
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
        return FETCH_CUT;
    case CURLE_OPERATION_TIMEDOUT:
        return a->out->status != 0 ? FETCH_CUT : FETCH_UNREACHABLE;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_CACERT_BADFILE:
        return FETCH_TLS;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_WRITE_ERROR: /* too many header lines */
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_CONTENT_ENCODING:
        return FETCH_GARBLED;
    default:
        return FETCH_UNREACHABLE;
    }
}

/* curl_easy_perform would make its own pair of sockets for it, which no sandbox of ours allows. */
static CURLcode perform(struct fetch *f)
{
    int running = 1, queued;
    CURLcode code = CURLE_FAILED_INIT;
    CURLMsg *m;

    if (curl_multi_add_handle(f->multi, f->easy) != CURLM_OK)
        return code;
    while (running != 0)
        if (curl_multi_perform(f->multi, &running) != CURLM_OK ||
            (running != 0 && curl_multi_poll(f->multi, NULL, 0, 1000, NULL) != CURLM_OK))
            break;
    while ((m = curl_multi_info_read(f->multi, &queued)) != NULL)
        if (m->msg == CURLMSG_DONE)
            code = m->data.result;
    curl_multi_remove_handle(f->multi, f->easy);
    return code;
}

static struct curl_slist *add_line(struct curl_slist *list, const char *name, const char *value)
{
    struct buf line = {0};
    struct curl_slist *longer;

    buf_print(&line, "%s%s", name, value);
    longer = curl_slist_append(list, buf_str(&line));
    buf_wipe(&line);
    if (longer == NULL)
        die("out of memory");
    return longer;
}

static struct curl_slist *headers_of(const struct fetch *f, const char *accept, const char *type)
{
    struct curl_slist *list = add_line(NULL, "Accept: ", accept);

    list = add_line(list, "User-Agent: parley/", PARLEY_VERSION);
    list = add_line(list, "Expect:", ""); /* no round trip before a body */
    if (type != NULL)
        list = add_line(list, "Content-Type: ", type);
    if (f->authorization[0] != '\0')
        list = add_line(list, f->authorization, "");
    return list;
}

static void set_request(struct fetch *f, const char *method, const char *url, struct bytes body)
{
    bool get = strcmp(method, "GET") == 0;

    curl_easy_setopt(f->easy, CURLOPT_URL, url);
    curl_easy_setopt(f->easy, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(f->easy, CURLOPT_CUSTOMREQUEST, get ? NULL : method);
    if (body.len == 0)
        return;
    curl_easy_setopt(f->easy, CURLOPT_POST, 1L);
    curl_easy_setopt(f->easy, CURLOPT_POSTFIELDS, body.data);
    curl_easy_setopt(f->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
}

/* Is it of the server we prepared for? Else its name would be looked up, and get our token. */
static bool is_ours(const struct fetch *f, const char *url)
{
    size_t len = strlen(f->origin);

    return strlen(url) < FETCH_URL && strncmp(url, f->origin, len) == 0 &&
           (url[len] == '/' || url[len] == '\0');
}

void fetch_ask(struct fetch *f, const char *method, const char *url, const char *accept,
               const char *type, struct bytes body, size_t most, struct fetch_answer *out)
{
    struct asking a = {.out = out, .most = most};
    char error[CURL_ERROR_SIZE] = "";
    struct curl_slist *headers;
    CURLcode code;
    long status = 0;

    if (!is_ours(f, url)) {
        out->trouble = FETCH_GARBLED;
        snprintf(out->why, sizeof out->why, "it names another server, which is not asked");
        return;
    }
    headers = headers_of(f, accept, type);
    set_request(f, method, url, body);
    curl_easy_setopt(f->easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(f->easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(f->easy, CURLOPT_WRITEDATA, &a);
    curl_easy_setopt(f->easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(f->easy, CURLOPT_HEADERDATA, &a);
    curl_easy_setopt(f->easy, CURLOPT_ERRORBUFFER, error);
    code = perform(f);
    curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
    out->status = status > 0 && status < 1000 ? (unsigned)status : 0;
    out->trouble = trouble_of(code, &a);
    if (out->trouble != FETCH_GOOD)
        snprintf(out->why, sizeof out->why, "%s", error[0] ? error : curl_easy_strerror(code));
    curl_easy_setopt(f->easy, CURLOPT_ERRORBUFFER, NULL);
    curl_easy_setopt(f->easy, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
}

void fetch_answer_done(struct fetch_answer *a)
{
    buf_done(&a->body);
}
