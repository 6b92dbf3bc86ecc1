// The same fields of the same lines by simdjson's On-Demand reader: the peer of bench-eve.
// Prints CPU seconds: a document a line, and as a stream of documents.
#include <cstdio>
#include <cstring>
#include <ctime>
#include <simdjson.h>
using namespace simdjson;
static double now()
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}
static uint64_t one(ondemand::object o, uint64_t &bad)
{
    uint64_t sum = 0;
    std::string_view sv;
    uint64_t n;
    for (auto f : o) {
        std::string_view k;
        ondemand::raw_json_string rk;
        if (f.key().get(rk)) {
            bad++;
            return sum;
        }
        auto is = [&](const char *s) { return rk.unsafe_is_equal(s); };
        auto str = [&](ondemand::value v) {
            if (!v.get_string().get(sv))
                sum += sv.size();
        };
        auto num = [&](ondemand::value v) {
            if (!v.get_uint64().get(n))
                sum += n;
        };
        ondemand::value v;
        if (f.value().get(v)) {
            bad++;
            return sum;
        }
        if (is("timestamp") || is("event_type") || is("src_ip") || is("dest_ip") || is("proto"))
            str(v);
        else if (is("src_port") || is("dest_port"))
            num(v);
        else if (is("alert") || is("http") || is("dns") || is("tls") || is("fileinfo")) {
            ondemand::object in;
            if (!v.get_object().get(in))
                for (auto g : in) {
                    ondemand::raw_json_string gk;
                    if (g.key().get(gk)) {
                        bad++;
                        return sum;
                    }
                    ondemand::value w;
                    if (g.value().get(w)) {
                        bad++;
                        return sum;
                    }
                    if (gk.unsafe_is_equal("signature_id") || gk.unsafe_is_equal("severity"))
                        num(w);
                    else if (gk.unsafe_is_equal("hostname") || gk.unsafe_is_equal("rrname") ||
                             gk.unsafe_is_equal("sni") || gk.unsafe_is_equal("sha256"))
                        str(w);
                }
        }
    }
    return sum;
}
int main(int c, char **v)
{
    padded_string j = padded_string::load(v[1]);
    size_t n = j.size();
    ondemand::parser p;
    double b1 = 1e9, b2 = 1e9;
    uint64_t s1 = 0, s2 = 0, bad1 = 0, bad2 = 0;
    size_t lines = 0;
    for (int r = 0; r < 9; r++) {
        double t = now();
        bad1 = s1 = 0;
        lines = 0;
        for (size_t at = 0; at < n;) {
            const char *e = (const char *)memchr(j.data() + at, '\n', n - at);
            size_t len = e ? e - j.data() - at : n - at;
            ondemand::document d;
            if (p.iterate(j.data() + at, len, n + SIMDJSON_PADDING - at).get(d))
                bad1++;
            else {
                ondemand::object o;
                if (d.get_object().get(o))
                    bad1++;
                else
                    s1 += one(o, bad1);
            }
            lines++;
            at += len + 1;
        }
        t = now() - t;
        if (t < b1)
            b1 = t;
    }
    for (int r = 0; r < 9; r++) {
        double t = now();
        bad2 = s2 = 0;
        ondemand::document_stream ds;
        if (p.iterate_many(j, 1 << 20).get(ds))
            return 1;
        for (auto d : ds) {
            ondemand::object o;
            if (d.get_object().get(o)) {
                bad2++;
                continue;
            }
            s2 += one(o, bad2);
        }
        t = now() - t;
        if (t < b2)
            b2 = t;
    }
    printf("per_line %.6f\nstream %.6f\nbad %lu\n", b1, b2, (unsigned long)(bad1 + bad2));
}
