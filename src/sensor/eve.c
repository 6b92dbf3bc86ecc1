#include "sensor/eve.h"

#include "sensor/eve_path.h"

typedef bool scan_function(struct bytes line, struct buf *room, struct event *out);

static const struct {
    const char *name;
    scan_function *scan;
} paths[EVE_PATH_COUNT] = {
    [EVE_PATH_C] = {"c", eve_scan_c},
#ifdef __x86_64__
    [EVE_PATH_AVX2] = {"avx2", eve_scan_avx2},
    [EVE_PATH_AVX512] = {"avx512", eve_scan_avx512},
#else
    [EVE_PATH_AVX2] = {"avx2", NULL},
    [EVE_PATH_AVX512] = {"avx512", NULL},
#endif
};

bool eve_path_is_here(enum eve_path path)
{
#ifdef __x86_64__
    if (path == EVE_PATH_AVX2)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul");
    if (path == EVE_PATH_AVX512)
        return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("pclmul");
#endif
    return path == EVE_PATH_C;
}

const char *eve_path_name(enum eve_path path)
{
    return paths[path].name;
}

/* The best that is here. Asking twice gives the same answer, so a race is harmless. */
static scan_function *best_scan(void)
{
    static scan_function *_Atomic best;

    if (best == NULL) {
        enum eve_path path = EVE_PATH_COUNT;

        do
            path--;
        while (!eve_path_is_here(path));
        best = paths[path].scan;
    }
    return best;
}

struct fault eve_parse_by(enum eve_path path, struct bytes line, struct buf *room,
                          struct event *out)
{
    return paths[path].scan(line, room, out) ? fault_none() : eve_parse_plain(line, room, out);
}

struct fault eve_parse(struct bytes line, struct buf *room, struct event *out)
{
    return best_scan()(line, room, out) ? fault_none() : eve_parse_plain(line, room, out);
}
