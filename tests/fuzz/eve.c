/* Fuzzes sensor/eve.c: every path and the plain reader say the same of any lines, whatever lines
 * came before: the input's lines are read twice behind some good ones, so that the second time, and
 * where they resemble what is known, they go by their shapes. */
#include "sensor/eve.h"

#include <stdlib.h>

#include "sensor/eve_path.h"
#include "sensor/same.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TIME "{\"timestamp\":\"2020-02-22T07:58:04.680792+0000\",\"flow_id\":1,"
#define ENDS                                                                                       \
    "\"src_ip\":\"198.51.100.7\",\"src_port\":58810,\"dest_ip\":\"192.0.2.1\",\"dest_port\":22,"   \
    "\"proto\":\"TCP\","

static const char *const good[] = {
    TIME "\"event_type\":\"ssh\"," ENDS
         "\"ssh\":{\"client\":{\"software_version\":\"Go\",\"n\":[]}}}",
    TIME "\"event_type\":\"alert\"," ENDS
         "\"alert\":{\"signature_id\":1,\"signature\":\"a\",\"severity\":3},\"stream\":0}",
    TIME
    "\"event_type\":\"dns\"," ENDS
    "\"dns\":{\"queries\":[{\"rrname\":\"a\"},{\"rrname\":\"b\"}],\"rrname\":\"c\",\"rd\":true}}",
    "{\"proto\":\"UDP\",\"http\":{\"hostname\":\"a\",\"url\":7},\"event_type\":\"http\"}",
};

static void agree(enum eve_path path, struct bytes line, struct eve_memory *memory)
{
    static struct buf plain_room;
    struct event plain = {.has = 0}, fast = {.has = 0};
    struct fault f = eve_parse_plain(line, &plain_room, &plain);
    struct fault g = eve_parse_by(path, line, memory, &fast);

    if (f.kind != g.kind || f.at != g.at || !same_event(&fast, &plain))
        abort();
}

static void each_line(enum eve_path path, struct bytes text, struct eve_memory *memory)
{
    while (text.len != 0) {
        const uint8_t *newline = memchr(text.data, '\n', text.len);
        size_t len = newline == NULL ? text.len : (size_t)(newline - text.data);

        agree(path, bytes_of(text.data, len), memory);
        len += newline != NULL;
        text = bytes_of(text.data + len, text.len - len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (enum eve_path path = EVE_PATH_C; path < EVE_PATH_COUNT; path++) {
        struct eve_memory memory = {0};

        if (!eve_path_is_here(path))
            continue;
        for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
            agree(path, bytes_text(good[i]), &memory);
        each_line(path, bytes_of(data, size), &memory);
        each_line(path, bytes_of(data, size), &memory);
        eve_memory_done(&memory);
    }
    return 0;
}
