#include "exchange/foreign.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cursor.h"
#include "base/memory.h"

/* Which members of a body are read. A list without columns is one of texts. */
static const struct shape {
    const char *head[FOREIGN_COLUMNS];
    const char *list;
    const char *column[FOREIGN_COLUMNS];
} shapes[FOREIGN_KINDS] = {
    [FOREIGN_DISCOVERY] = {{"title", "description", "contact", "default"}, "api_roots", {NULL}},
    [FOREIGN_ROOT] = {{"title", "description", "max_content_length"}, "versions", {NULL}},
    [FOREIGN_COLLECTIONS] = {{NULL},
                             "collections",
                             {"id", "alias", "title", "can_read", "can_write", "description"}},
    [FOREIGN_COLLECTION] = {{"id", "alias", "title", "can_read", "can_write", "description"},
                            NULL,
                            {NULL}},
    [FOREIGN_MANIFEST] = {{NULL}, "objects", {"id", "version", "date_added"}},
    [FOREIGN_STATUS] = {{"id", "status", "total_count", "success_count", "failure_count",
                         "pending_count"},
                        "failures",
                        {"id", "version", "message"}},
    [FOREIGN_ERROR] = {{"title", "description"}, NULL, {NULL}},
};

/* ---- reading: where nothing can be lost but this process --------------------------------------
 */

static void cell_write(const json_t *value, struct buf *out)
{
    char number[24];
    struct bytes text = bytes_of("", 0);

    if (json_is_string(value))
        text = bytes_of(json_string_value(value), json_string_length(value));
    else if (json_is_boolean(value))
        text = bytes_text(json_is_true(value) ? "true" : "false");
    else if (json_is_integer(value)) {
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
        text = bytes_text(number);
    }
    if (text.len > FOREIGN_CELL)
        text.len = FOREIGN_CELL;
    buf_part(out, text);
}

static void row_write(const json_t *item, const char *const *column, struct buf *out)
{
    for (size_t i = 0; i < FOREIGN_COLUMNS; i++)
        cell_write(column[0] == NULL && i == 0 ? item
                   : column[i] != NULL         ? json_object_get(item, column[i])
                                               : NULL,
                   out);
}

static void head_write(const json_t *tree, const struct shape *shape, struct buf *out)
{
    for (size_t i = 0; i < FOREIGN_COLUMNS; i++)
        cell_write(shape->head[i] == NULL ? NULL : json_object_get(tree, shape->head[i]), out);
}

static void start_write(struct fault fault, bool more, bool odd, struct bytes next, struct buf *out)
{
    buf_byte(out, (uint8_t)fault.kind);
    buf_u32(out, (uint32_t)fault.at);
    buf_byte(out, more);
    buf_byte(out, odd);
    buf_part(out, next);
}

static struct fault fault_of(const json_t *list, bool is_object)
{
    if (!is_object)
        return fault_make(FAULT_SYNTAX, 0, "TAXII 2.1: a JSON object");
    if (list != NULL && !json_is_array(list))
        return fault_make(FAULT_SYNTAX, 0, "TAXII 2.1: a list");
    if (json_array_size(list) > FOREIGN_ROWS)
        return fault_make(FAULT_LIMIT, FOREIGN_ROWS, "TAXII 2.1: rows of one page");
    return fault_none();
}

static void resource_read(const struct shape *shape, struct bytes body, struct buf *out)
{
    json_error_t error = {.position = 0};
    json_t *tree = body.len > FOREIGN_MAX ? NULL
                                          : json_loadb((const char *)body.data, body.len,
                                                       JSON_REJECT_DUPLICATES, &error);
    const json_t *list = shape->list == NULL ? NULL : json_object_get(tree, shape->list);
    const json_t *more = json_object_get(tree, "more"), *next = json_object_get(tree, "next");
    struct fault f = tree == NULL ? fault_make(FAULT_SYNTAX, (size_t)error.position, "JSON")
                                  : fault_of(list, json_is_object(tree));
    size_t rows = fault_is(f) ? 0 : json_array_size(list);

    start_write(
        f, json_is_true(more),
        (more != NULL && !json_is_boolean(more)) ||
            (next != NULL && (!json_is_string(next) || json_string_length(next) >= FOREIGN_NEXT)),
        bytes_text(json_string_length(next) < FOREIGN_NEXT && json_is_string(next)
                       ? json_string_value(next)
                       : ""),
        out);
    head_write(fault_is(f) ? NULL : tree, shape, out);
    buf_u32(out, (uint32_t)rows);
    for (size_t i = 0; i < rows; i++)
        row_write(json_array_get(list, i), shape->column, out);
    json_decref(tree);
}

/* `next` as it stands between its quotes, read. False: it cannot be used. */
static bool next_read(struct bytes raw, struct buf *out)
{
    struct buf quoted = {0};
    json_t *text;
    bool good;

    buf_byte(&quoted, '"');
    buf_bytes(&quoted, raw);
    buf_byte(&quoted, '"');
    text = json_loadb((const char *)quoted.data, quoted.len, JSON_DECODE_ANY, NULL);
    good = json_is_string(text) && json_string_length(text) < FOREIGN_NEXT;
    if (good)
        buf_add(out, json_string_value(text), json_string_length(text));
    json_decref(text);
    buf_done(&quoted);
    return good;
}

static void envelope_read(struct bytes body, struct buf *out)
{
    struct envelope e = {.next = bytes_of("", 0)};
    struct buf next = {0}, judged = {0};
    struct judged j = {.fault = envelope_parse(body, &e)};
    bool odd = e.odd;

    if (!fault_is(j.fault)) {
        odd = !next_read(e.next, &next) || odd;
        judged_read(body, &j);
    }
    start_write(j.fault, e.more, odd, buf_view(&next), out);
    judged_write(&j, body, &judged);
    buf_part(out, buf_view(&judged));
    judged_done(&j);
    envelope_done(&e);
    buf_done(&judged);
    buf_done(&next);
}

void foreign_read(enum foreign_kind kind, struct bytes body, struct buf *out)
{
    buf_byte(out, (uint8_t)kind);
    if (kind == FOREIGN_ENVELOPE)
        envelope_read(body, out);
    else
        resource_read(&shapes[kind], body, out);
}

/* ---- believing the form alone ------------------------------------------------------------------
 */

static bool flag_read(struct cursor *c)
{
    uint8_t byte = cursor_u8(c);

    if (byte > 1)
        cursor_fail(c, FAULT_RANGE, c->at - 1);
    return byte == 1;
}

static char *text_read(struct cursor *c)
{
    size_t at = c->at;
    struct bytes part = cursor_part(c, FOREIGN_CELL);

    if (memchr(part.len == 0 ? (const uint8_t *)"" : part.data, '\0', part.len) != NULL)
        cursor_fail(c, FAULT_RANGE, at);
    return memory_text(part.len == 0 ? (const uint8_t *)"" : part.data, part.len);
}

static void rows_read(struct cursor *c, struct foreign *f)
{
    uint32_t rows;

    for (size_t i = 0; i < FOREIGN_COLUMNS; i++)
        f->head[i] = text_read(c);
    rows = cursor_u32(c);
    if (rows > FOREIGN_ROWS || rows > cursor_left(c))
        cursor_fail(c, FAULT_LIMIT, c->at - 4);
    if (!cursor_ok(c))
        return;
    f->cell = memory_zeroed((size_t)rows * FOREIGN_COLUMNS + 1, sizeof *f->cell);
    f->rows = rows;
    for (size_t i = 0; i < (size_t)rows * FOREIGN_COLUMNS; i++)
        f->cell[i] = text_read(c);
}

static void start_read(struct cursor *c, struct foreign *f)
{
    uint8_t kind = cursor_u8(c);

    if (kind > FAULT_DAMAGED)
        cursor_fail(c, FAULT_RANGE, c->at - 1);
    f->fault = fault_make((enum fault_kind)kind, cursor_u32(c), "TAXII 2.1: a body");
    f->more = flag_read(c);
    f->odd = flag_read(c);
    if (!bytes_to_text(cursor_part(c, FOREIGN_NEXT - 1), f->next, sizeof f->next))
        cursor_fail(c, FAULT_RANGE, c->at);
}

struct fault foreign_parse(struct bytes message, struct bytes body, struct foreign *out)
{
    struct cursor c = cursor_over(message, "what was read of a foreign body");
    struct foreign f = {.rows = 0};
    uint8_t kind = cursor_u8(&c);
    struct fault fault;

    if (kind == FOREIGN_NONE || kind >= FOREIGN_KINDS)
        cursor_fail(&c, FAULT_RANGE, 0);
    start_read(&c, &f);
    if (kind != FOREIGN_ENVELOPE) {
        rows_read(&c, &f);
    } else {
        struct bytes judged = cursor_part(&c, FOREIGN_MESSAGE);

        if (cursor_ok(&c))
            c.fault = judged_parse(judged, body, &f.judged);
    }
    cursor_end(&c);
    fault = c.fault;
    if (fault_is(fault))
        foreign_done(&f);
    else
        *out = f;
    return fault;
}

void foreign_done(struct foreign *f)
{
    judged_done(&f->judged);
    for (size_t i = 0; i < FOREIGN_COLUMNS; i++) {
        free(f->head[i]);
        f->head[i] = NULL;
    }
    for (size_t i = 0; f->cell != NULL && i < f->rows * FOREIGN_COLUMNS; i++)
        free(f->cell[i]);
    free(f->cell);
    f->cell = NULL;
    f->rows = 0;
}

const char *foreign_cell(const struct foreign *f, size_t row, size_t column)
{
    return row < f->rows ? f->cell[row * FOREIGN_COLUMNS + column] : "";
}
