// The same fields of the same lines by simdjson's On-Demand reader: the peer of bench-eve.
// Prints CPU seconds: a document a line, and as a stream of documents.
#include <simdjson.h>

#include <cstdio>
#include <cstring>
#include <ctime>

using namespace simdjson;

static double cpu()
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
}

static bool is(ondemand::raw_json_string key, const char *name)
{
    return key.unsafe_is_equal(name);
}

static uint64_t text(ondemand::value v)
{
    std::string_view s;

    return v.get_string().get(s) ? 0 : s.size();
}

static uint64_t number(ondemand::value v)
{
    uint64_t n;

    return v.get_uint64().get(n) ? 0 : n;
}

static uint64_t nested(ondemand::object o, uint64_t &bad)
{
    uint64_t sum = 0;

    for (auto f : o) {
        ondemand::raw_json_string key;
        ondemand::value v;

        if (f.key().get(key) || f.value().get(v)) {
            bad++;
            return sum;
        }
        if (is(key, "signature_id") || is(key, "severity"))
            sum += number(v);
        else if (is(key, "hostname") || is(key, "rrname") || is(key, "sni") || is(key, "sha256"))
            sum += text(v);
    }
    return sum;
}

static uint64_t record(ondemand::object o, uint64_t &bad)
{
    uint64_t sum = 0;

    for (auto f : o) {
        ondemand::raw_json_string key;
        ondemand::value v;
        ondemand::object inside;

        if (f.key().get(key) || f.value().get(v)) {
            bad++;
            return sum;
        }
        if (is(key, "timestamp") || is(key, "event_type") || is(key, "src_ip") ||
            is(key, "dest_ip") || is(key, "proto"))
            sum += text(v);
        else if (is(key, "src_port") || is(key, "dest_port"))
            sum += number(v);
        else if (is(key, "alert") || is(key, "http") || is(key, "dns") || is(key, "tls") ||
                 is(key, "fileinfo"))
            sum += v.get_object().get(inside) ? 0 : nested(inside, bad);
    }
    return sum;
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    padded_string data = padded_string::load(argv[1]);
    ondemand::parser parser;
    double best_line = 1e9, best_stream = 1e9;
    uint64_t sum = 0, bad = 0;

    for (int run = 0; run < 9; run++) {
        double began = cpu();

        for (size_t at = 0; at < data.size();) {
            auto end = (const char *)memchr(data.data() + at, '\n', data.size() - at);
            size_t len = end ? size_t(end - data.data()) - at : data.size() - at;
            ondemand::document d;
            ondemand::object o;

            if (parser.iterate(data.data() + at, len, data.size() + SIMDJSON_PADDING - at).get(d) ||
                d.get_object().get(o))
                bad++;
            else
                sum += record(o, bad);
            at += len + 1;
        }
        best_line = std::min(best_line, cpu() - began);
    }
    for (int run = 0; run < 9; run++) {
        double began = cpu();
        ondemand::document_stream stream;

        if (parser.iterate_many(data, 1 << 20).get(stream))
            return 1;
        for (auto d : stream) {
            ondemand::object o;

            if (d.get_object().get(o))
                bad++;
            else
                sum += record(o, bad);
        }
        best_stream = std::min(best_stream, cpu() - began);
    }
    std::printf("per_line %.6f\nstream %.6f\nbad %lu\nsum %lu\n", best_line, best_stream,
                (unsigned long)bad, (unsigned long)sum);
}
