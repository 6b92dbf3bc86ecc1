#include "cmd/columns.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/memory.h"

static void add_owned(struct columns *c, char *text)
{
    if (c->cells == c->room) {
        c->room = c->room == 0 ? 64 : c->room * 2;
        c->cell = memory_resize(c->cell, c->room, sizeof *c->cell);
    }
    c->cell[c->cells++] = text;
}

void columns_add(struct columns *c, const struct say *s, const char *text)
{
    add_owned(c, say_outside(s, text != NULL ? text : ""));
}

void columns_add_number(struct columns *c, long long n)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%lld", n);

    add_owned(c, memory_text(text, (size_t)len));
}

size_t columns_width(const char *text, bool utf8)
{
    mbstate_t state = {0};
    size_t width = 0, left = strlen(text);

    while (utf8 && left > 0) {
        wchar_t point;
        size_t n = mbrtowc(&point, text, left, &state);
        int columns;
        if (n == 0 || n > left)
            return width + left;
        columns = wcwidth(point);
        width += columns > 0 ? (size_t)columns : 0;
        text += n;
        left -= n;
    }
    return width + left;
}

static size_t count(const struct columns *c)
{
    size_t n = 0;

    while (n < COLUMNS_MAX && c->heading[n] != NULL)
        n++;
    return n;
}

static void print_line(struct say *s, const char *const *cell, size_t n, const size_t *width)
{
    for (size_t i = 0; i < n; i++) {
        bool last = i + 1 == n;
        size_t pad = last ? 0 : width[i] - columns_width(cell[i], s->utf8) + 2;
        if (s->aligned)
            say_data(s, "%s%*s", cell[i], (int)pad, "");
        else
            say_data(s, "%s%s", cell[i], last ? "" : "\t");
    }
    say_data(s, "\n");
}

void columns_print(struct columns *c, struct say *s)
{
    size_t n = count(c), width[COLUMNS_MAX] = {0};

    for (size_t i = 0; i < n; i++)
        width[i] = strlen(c->heading[i]);
    for (size_t i = 0; i < c->cells; i++) {
        size_t w = columns_width(c->cell[i], s->utf8);
        if (w > width[i % n])
            width[i % n] = w;
    }
    if (s->aligned && c->cells > 0)
        print_line(s, c->heading, n, width);
    for (size_t i = 0; i + n <= c->cells; i += n)
        print_line(s, (const char *const *)&c->cell[i], n, width);
    for (size_t i = 0; i < c->cells; i++)
        free(c->cell[i]);
    free(c->cell);
    c->cell = NULL;
    c->cells = c->room = 0;
}
