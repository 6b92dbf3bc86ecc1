#include "sensor/eve.h"

#include <stdlib.h>

#include "sensor/eve_member.h"
#include "sensor/eve_path.h"
#include "sensor/eve_shape.h"

static const struct {
    const char *name;
    eve_scan_function *scan;
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
static eve_scan_function *best_scan(void)
{
    static eve_scan_function *_Atomic best;

    if (best == NULL) {
        enum eve_path path = EVE_PATH_COUNT;

        do
            path--;
        while (!eve_path_is_here(path));
        best = paths[path].scan;
    }
    return best;
}

/* From the brace on; empty where the line is not as the paths read it. */
static struct bytes record_of(struct bytes line)
{
    const uint8_t *brace = memchr(line.data, '{', line.len > 6 ? 7 : line.len);

    return brace == NULL ? bytes_of(line.data, 0)
                         : bytes_of(brace, line.len - (size_t)(brace - line.data));
}

/* What no shape fitted: by the grammar, or else by the plain reader; and learned if it is good. */
static struct fault parse_slowly(enum eve_ground ground, struct bytes line,
                                 struct eve_memory *memory, struct event *out)
{
    struct fault f =
        ground == EVE_GROUND_NONE ? eve_parse_plain(line, &memory->room, out) : fault_none();

    if (fault_is(f))
        *out = eve_nothing;
    else
        eve_shapes_learn(memory->shapes, record_of(line));
    return f;
}

static inline struct fault parse(eve_scan_function *scan, struct bytes line,
                                 struct eve_memory *memory, struct event *out)
{
    enum eve_ground ground;

    if (memory->shapes == NULL)
        memory->shapes = eve_shapes_new();
    ground = scan(line, memory, out);
    if (ground != EVE_GROUND_SHAPE)
        return parse_slowly(ground, line, memory, out);
    eve_shapes_met(memory->shapes);
    return fault_none();
}

struct fault eve_parse_by(enum eve_path path, struct bytes line, struct eve_memory *memory,
                          struct event *out)
{
    return parse(paths[path].scan, line, memory, out);
}

struct fault eve_parse(struct bytes line, struct eve_memory *memory, struct event *out)
{
    return parse(best_scan(), line, memory, out);
}

void eve_memory_done(struct eve_memory *m)
{
    buf_done(&m->room);
    free(m->shapes);
    m->shapes = NULL;
}
