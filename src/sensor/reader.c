#include "sensor/reader.h"

#include "base/memory.h"
#include "sensor/cowrie.h"
#include "sensor/eve_format.h"
#include "sensor/netflow.h"
#include "sensor/nfcapd.h"
#include "sensor/zeek.h"

const struct reader_format *const reader_formats[READER_FORMATS + 1] = {
    &eve_format, &zeek_format, &cowrie_format, &nfcapd_format, &netflow_format, NULL};

struct reader {
    const struct reader_format *format;
    void *state;
};

const struct reader_format *reader_format_named(struct bytes name)
{
    for (size_t i = 0; reader_formats[i] != NULL; i++)
        if (bytes_is(name, reader_formats[i]->name))
            return reader_formats[i];
    return NULL;
}

const struct reader_format *reader_format_known(struct bytes head)
{
    if (head.len > READER_HEAD)
        head.len = READER_HEAD;
    for (size_t i = 0; reader_formats[i] != NULL; i++)
        if (reader_formats[i]->is(head))
            return reader_formats[i];
    return NULL;
}

static void take_format(struct reader *r, const struct reader_format *format)
{
    r->format = format;
    if (format != NULL && format->state != 0)
        r->state = memory_zeroed(1, format->state);
}

struct reader *reader_new(const struct reader_format *format)
{
    struct reader *r = memory_zeroed(1, sizeof *r);

    take_format(r, format);
    return r;
}

void reader_free(struct reader *r)
{
    if (r == NULL)
        return;
    if (r->format != NULL && r->format->done != NULL)
        r->format->done(r->state);
    free(r->state);
    free(r);
}

const struct reader_format *reader_format(const struct reader *r)
{
    return r->format;
}

struct fault reader_frame(struct reader *r, struct bytes frame, const struct reader_sink *sink)
{
    if (r->format == NULL)
        take_format(r, reader_format_known(frame));
    if (r->format == NULL)
        return fault_make(FAULT_UNKNOWN, 0, "sensor: neither EVE, Zeek, Cowrie nor flows");
    return r->format->read(r->state, frame, sink);
}
