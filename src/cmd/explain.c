/*
 * explain.c - parley watch explain INCIDENT: from the raw line to the verdict.
 *
 * The node says what it kept: sample lines, and how each was judged. What can be checked here is
 * checked here: a line's digest is computed anew. A sample that is damaged or was not kept is said,
 * and the rest told. Victims' addresses are shown, as these are the victims' own officers; nothing
 * of this goes to the partner.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "cmd/answer.h"
#include "cmd/args.h"
#include "cmd/ask.h"
#include "cmd/outside.h"
#include "cmd/run.h"
#include "crypto/digest.h"

enum {
    LINE_SHOWN = 200, /* bytes of a raw line on a terminal; --json has it whole */
};

/* A stable name, and what it means to a person. */
struct word {
    const char *name, *means;
};

static const char *meaning(const struct word *words, const char *name)
{
    while (words->name != NULL && strcmp(words->name, name) != 0)
        words++;
    return words->means;
}

static const struct word grounds[] = {
    {"dest-serves", "only the destination's port is the service's: the source began"},
    {"src-serves", "only the source's port is the service's: the destination began"},
    {"own-dest", "both ports are the service's, the destination is our own: the source began"},
    {"own-src", "both ports are the service's, the source is our own: the destination began"},
    {"record-order", "neither port is the service's; the sensor writes this service client first"},
    {"handshake", "the record shows the initiator's SYN"},
    {"zeek-orig", "Zeek names the originator, and the ports do not say otherwise"},
    {"biflow-initiator", "the exporter says who began (RFC 5103)"},
    {"flow-src", "the record names its source as who began the flow"},
    {"flow-dest", "the record names its destination as who began the flow"},
    {"flow-id-src", "a record before, of the same flow id, names the source as who began it"},
    {"flow-id-dest", "a record before, of the same flow id, names the destination as who began it"},
    {"accepted", "the record is the server's own, of a connection that it accepted"},
    {NULL, "decided by a ground that this program does not know"},
};

static const struct word unkept[] = {
    {"too-long", "the line was too long to be kept: its digest alone"},
    {"no-room", "too many samples at once: its digest alone was kept"},
    {"restarted", "watch was restarted between reading and counting it: its digest alone"},
    {"thrown-away", "it was thrown away to make room: its digest alone was kept"},
    {"unreadable", "the store could not be read"},
    {NULL, "the line was not kept: its digest alone"},
};

/* ---- what the confidence rests on ---- */

/* A reason, which number of `counts` it is about, and what that counts. */
static const struct reason {
    const char *name, *count;
    enum { OF_EVENTS, REST_OF_EVENTS, NO_EVENTS } tally;
    const char *means;
} reasons[] = {
    {"two-way", "two-way", OF_EVENTS, "contact in both directions was shown"},
    {"one-sided", "one-sided", OF_EVENTS, "shown by the flags of one direction alone"},
    {"source-unproven", "two-way", REST_OF_EVENTS,
     "no contact in both directions: the source may be forged"},
    {"several-places", "places", NO_EVENTS, "sensors of several places saw it"},
    {"territory-prefix", "prefix", OF_EVENTS, "the source lies in a prefix its party declared"},
    {"territory-as", "as", OF_EVENTS, "the source lies in an AS its party declared"},
    {"territory-table", "table", OF_EVENTS, "the source was placed by a table"},
    {"territory-disputed", "disputed", OF_EVENTS, "another test places the source elsewhere"},
    {"direction-turned", "turned", OF_EVENTS, "the record named the victim as its source"},
    {"source-warning-list", "warning", OF_EVENTS, "a warning list named the source at that time"},
    {"source-vpn", "vpn", OF_EVENTS, "the source was an exit of a VPN: who used it sits elsewhere"},
    {"source-tor", "tor", OF_EVENTS, "the source was an exit of Tor: who used it sits elsewhere"},
    {"source-scanner", "scanner", OF_EVENTS, "a list of research scanners named the source"},
};

static void print_reason(struct say *s, const json_t *incident, const char *name)
{
    const json_t *counts = json_object_get(incident, "counts");
    long long events = answer_number(incident, "events"), n;
    struct buf line = {0};

    buf_text(&line, name);
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (strcmp(reasons[i].name, name) != 0)
            continue;
        buf_print(&line, ": %s", reasons[i].means);
        n = answer_number(counts, reasons[i].count);
        if (counts != NULL && reasons[i].tally == NO_EVENTS)
            buf_print(&line, " (%lld)", n);
        else if (counts != NULL)
            buf_print(&line, " (%lld of %lld events)",
                      reasons[i].tally == OF_EVENTS ? n : events - n, events);
    }
    answer_row(s, "because", buf_str(&line));
    buf_done(&line);
}

/* Sensors are independent of one another where the settings say so, and nowhere else. */
static void print_places(struct say *s, const json_t *incident)
{
    const json_t *counts = json_object_get(incident, "counts");
    long long places = answer_number(counts, "places");
    char line[80];

    if (counts == NULL)
        return;
    if (places > 1)
        snprintf(line, sizeof line, "%lld places that are independent of one another", places);
    else
        snprintf(line, sizeof line, "one place: no independent sensor bears it out");
    answer_row(s, "seen from", line);
}

/* ---- threshold, window, gap ---- */

static bool moment(const json_t *object, const char *name, struct instant *out)
{
    return !fault_is(instant_fraction_parse(bytes_text(answer_text(object, name)), out));
}

static void print_seconds(struct buf *out, int64_t us)
{
    buf_print(out, "%lld.%03d s", (long long)(us / 1000000), (int)(us / 1000 % 1000));
}

static void print_threshold(struct say *s, const json_t *incident, const json_t *article)
{
    struct instant first, opened;
    struct buf line = {0};

    buf_print(&line, "%lld events within %lld s", answer_number(article, "count"),
              answer_number(article, "within"));
    if (moment(incident, "first", &first) && moment(incident, "opened", &opened)) {
        buf_print(&line, ": event %lld came ", answer_number(article, "count"));
        print_seconds(&line, opened.us - first.us);
        buf_print(&line, " after the first, at %s", answer_text(incident, "opened"));
    }
    answer_row(s, "threshold", buf_str(&line));
    buf_done(&line);
}

/* Reports come at N events, 10 N, 100 N ..: the last that was due, and the next. */
static void print_reports(struct say *s, const json_t *incident, const json_t *article)
{
    long long events = answer_number(incident, "events"), next = answer_number(article, "count");
    struct buf line = {0};

    while (next > 0 && next <= events && next <= INT64_MAX / 10)
        next *= 10;
    buf_print(&line, "%lld when last reported (%s)", events, answer_text(incident, "report"));
    if (strcmp(answer_text(incident, "report"), "ended") != 0)
        buf_print(&line, "; the next report comes at %lld, or at the end", next);
    answer_row(s, "events", buf_str(&line));
    buf_done(&line);
}

static void print_gap(struct say *s, const json_t *incident, const json_t *article)
{
    struct instant last;
    struct buf line = {0};

    buf_print(&line, "over when %lld s pass without one", answer_number(article, "gap"));
    if (moment(incident, "last", &last) && strcmp(answer_text(incident, "report"), "ended") == 0) {
        char text[INSTANT_MICRO + 1];

        last.us += answer_number(article, "gap") * 1000000;
        instant_micro_write(last, text);
        buf_print(&line, ": none came from %s to %s", answer_text(incident, "last"), text);
    }
    answer_row(s, "gap", buf_str(&line));
    buf_done(&line);
}

/* ---- the incident ---- */

static void print_source(struct say *s, const json_t *incident)
{
    struct buf line = {0};
    const char *source = answer_text(incident, "source");
    long long as = answer_number(incident, "as");

    buf_print(&line, "%s", answer_text(incident, "from"));
    if (source[0] != '\0')
        buf_print(&line, ", %s", source);
    if (as != 0)
        buf_print(&line, ", AS%lld", as);
    answer_row(s, "from", buf_str(&line));
    buf_done(&line);
}

static void print_incident(struct say *s, const json_t *a)
{
    const json_t *incident = json_object_get(a, "incident"), *article, *list;
    char *targets = answer_joined(answer_list(incident, "targets"));
    struct buf line = {0};

    article = json_object_get(a, "article");
    list = answer_list(a, "reasons");
    answer_row(s, "incident", answer_text(incident, "id"));
    buf_print(&line, "%s %s", answer_text(incident, "article"), answer_text(a, "title"));
    answer_row(s, "article", buf_str(&line));
    answer_row(s, "covers", answer_text(article, "covers"));
    print_source(s, incident);
    answer_row(s, "service", answer_text(incident, "service"));
    answer_row(s, "targets", targets);
    answer_row(s, "case", answer_text(incident, "case"));
    if (json_is_object(article)) {
        print_threshold(s, incident, article);
        print_reports(s, incident, article);
        print_gap(s, incident, article);
    }
    print_places(s, incident);
    answer_row(s, "confidence", answer_text(incident, "confidence"));
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_is_string(json_array_get(list, i)))
            print_reason(s, incident, json_string_value(json_array_get(list, i)));
    buf_done(&line);
    free(targets);
}

/* ---- a sample ---- */

enum check { CHECK_NONE = 0, CHECK_HOLDS, CHECK_DIFFERS };

static const char *const check_names[] = {"not-kept", "holds", "differs"};

/* The raw line out of the answer, and whether it is what its digest says. */
static enum check check_line(const json_t *sample, struct buf *out)
{
    const char *text = answer_text(sample, "raw");
    struct digest want, have;
    uint8_t *raw;
    size_t len;

    if (!json_is_string(json_object_get(sample, "raw")))
        return CHECK_NONE;
    if (!base64_size(bytes_text(text), &len))
        return CHECK_DIFFERS;
    raw = memory_new(len + 1);
    if (!base64_read_open(bytes_text(text), raw, len))
        len = 0;
    buf_add(out, raw, len);
    free(raw);
    have = digest_of(buf_view(out));
    return base64_read(bytes_text(answer_text(sample, "digest")), want.byte, sizeof want.byte) &&
                   memcmp(want.byte, have.byte, sizeof want.byte) == 0
               ? CHECK_HOLDS
               : CHECK_DIFFERS;
}

static bool is_text(struct bytes line)
{
    return utf8_bad(line) == line.len && memchr(line.data, 0, line.len) == NULL;
}

/* A character is not cut in two. */
static size_t shown_length(struct bytes line, size_t most)
{
    size_t n = line.len < most ? line.len : most;

    while (n > 0 && n < line.len && (line.data[n] & 0xc0) == 0x80)
        n--;
    return n;
}

static void print_line(struct say *s, struct bytes line)
{
    size_t n = shown_length(line, is_text(line) ? LINE_SHOWN : LINE_SHOWN / 4);
    struct buf safe = {0};

    if (is_text(line))
        outside_line(bytes_of(line.data, n), s->utf8, &safe);
    else
        buf_hex(&safe, line.data, n);
    say_data(s, "  %-9s %s%s\n", "line", buf_str(&safe), n < line.len ? " .." : "");
    buf_done(&safe);
}

/* One row of a sample; what is in `text` may come from outside. */
static void print_row(struct say *s, const char *head, const char *text)
{
    char *safe = say_outside(s, text);

    say_data(s, "  %-9s %s\n", head, safe);
    free(safe);
}

static void print_end(struct say *s, const char *head, const json_t *end)
{
    struct buf line = {0};
    const char *party = answer_text(end, "party"), *table = answer_text(end, "table");

    buf_print(&line, "%s port %lld: ", answer_text(end, "address"), answer_number(end, "port"));
    if (party[0] == '\0')
        buf_text(&line, "nobody's territory");
    else
        buf_print(&line, "territory of %s by %s", party, answer_text(end, "test"));
    if (answer_number(end, "as") != 0)
        buf_print(&line, ", AS%lld", answer_number(end, "as"));
    if (table[0] != '\0')
        buf_print(&line, " %s, code %s, good from %s to %s", table, answer_text(end, "code"),
                  answer_text(end, "valid-from"),
                  answer_text(end, "valid-until")[0] != '\0' ? answer_text(end, "valid-until")
                                                             : "now");
    if (answer_flag(end, "disputed"))
        buf_text(&line, "; disputed by another test");
    print_row(s, head, buf_str(&line));
    buf_done(&line);
}

static void print_contact(struct say *s, const json_t *contact)
{
    struct buf line = {0};

    buf_print(&line, "%s%s: %s", answer_text(contact, "proof"),
              answer_flag(contact, "one-sided") ? ", one-sided" : "",
              answer_text(contact, "because"));
    if (json_object_get(contact, "packets") != NULL)
        buf_print(&line, " (%lld packets, %lld back)", answer_number(contact, "packets"),
                  answer_number(contact, "packets-back"));
    print_row(s, "contact", buf_str(&line));
    buf_done(&line);
}

static void print_account(struct say *s, const json_t *account)
{
    const json_t *held = answer_list(account, "held");
    const json_t *record = json_object_get(account, "record");
    const char *ground = answer_text(account, "ground");
    struct buf line = {0};

    if (!json_is_object(account)) {
        print_row(s, "judged", "how it was judged was not kept");
        return;
    }
    buf_print(&line, "%s record, %s over %s, %s", answer_text(record, "family"),
              answer_text(record, "service"), answer_text(record, "transport"),
              answer_text(account, "time"));
    print_row(s, "record", buf_str(&line));
    buf_clear(&line);
    buf_print(&line, "%s: %s", ground, meaning(grounds, ground));
    print_row(s, "began", buf_str(&line));
    print_end(s, "initiator", json_object_get(account, "initiator"));
    print_end(s, "responder", json_object_get(account, "responder"));
    for (size_t i = 0; i < json_array_size(held); i++)
        print_row(s, i == 0 ? "held" : "and", json_string_value(json_array_get(held, i)));
    print_contact(s, json_object_get(account, "contact"));
    buf_done(&line);
}

static void print_digest(struct say *s, const json_t *sample, enum check check)
{
    struct buf line = {0};

    buf_print(&line, "sha256 %s", answer_text(sample, "digest"));
    if (check == CHECK_HOLDS)
        buf_text(&line, ", computed anew: it holds");
    if (check == CHECK_DIFFERS)
        buf_text(&line, ": DAMAGED, the line that is kept is not the one that was captured");
    if (json_object_get(sample, "evidence") != NULL)
        buf_print(&line, "; committed in entry #%lld", answer_number(sample, "evidence"));
    else
        buf_text(&line, "; to be committed in the next evidence root");
    print_row(s, "digest", buf_str(&line));
    buf_done(&line);
}

static void print_sample(struct say *s, size_t number, const json_t *sample)
{
    const json_t *account = json_object_get(sample, "account");
    struct buf raw = {0}, head = {0};
    enum check check = check_line(sample, &raw);

    if (json_is_object(account))
        buf_print(&head, "event %lld of the incident, ", answer_number(account, "nth"));
    if (answer_text(sample, "source")[0] != '\0')
        buf_print(&head, "%lld bytes of sensor %s from byte %lld", answer_number(sample, "length"),
                  answer_text(sample, "source"), answer_number(sample, "offset"));
    else
        buf_text(&head, "nothing but its digest is there");
    say_data(s, "\nsample %zu: ", number);
    say_data(s, "%s\n", buf_str(&head));
    if (check == CHECK_NONE)
        print_row(s, "line", meaning(unkept, answer_text(sample, "unkept")));
    else
        print_line(s, buf_view(&raw));
    print_digest(s, sample, check);
    print_account(s, account);
    buf_done(&head);
    buf_done(&raw);
}

/* ---- as JSON: what the node said, and what was checked here ---- */

static void check_sample(json_t *sample)
{
    struct buf raw = {0};
    enum check check = check_line(sample, &raw);

    json_object_set_new(sample, "check", json_string(check_names[check]));
    if (check != CHECK_NONE && is_text(buf_view(&raw)))
        json_object_set_new(sample, "line", json_stringn(buf_str(&raw), raw.len));
    buf_done(&raw);
}

enum exit_code watch_explain(const struct call *call)
{
    enum exit_code code;
    json_t *a =
        ask_node(call, "watch.explain", json_pack("{ss}", "incident", call->args->word[0]), &code);
    struct say *s = call->say;
    json_t *item;
    size_t i;

    if (a == NULL)
        return code;
    if (s->json) {
        json_array_foreach(json_object_get(a, "samples"), i, item) check_sample(item);
        say_json(s, a);
        return code;
    }
    print_incident(s, a);
    json_array_foreach(json_object_get(a, "samples"), i, item) print_sample(s, i + 1, item);
    say_note(s, "Observed from a territory: that is not who did it.\n");
    json_decref(a);
    return code;
}
