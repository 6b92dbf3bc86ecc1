/* Fuzzes sensor/eve.c: every path and the plain reader say the same of any bytes. */
#include "sensor/eve.h"

#include <stdlib.h>

#include "sensor/eve_path.h"
#include "sensor/same.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct buf plain_room, room;
    struct event plain = {.has = 0};
    struct bytes line = bytes_of(data, size);
    struct fault f = eve_parse_plain(line, &plain_room, &plain);

    for (enum eve_path path = EVE_PATH_C; path < EVE_PATH_COUNT; path++) {
        struct event fast = {.has = 0};
        struct fault g;

        if (!eve_path_is_here(path))
            continue;
        g = eve_parse_by(path, line, &room, &fast);
        if (f.kind != g.kind || f.at != g.at || !same_event(&fast, &plain))
            abort();
    }
    return 0;
}
