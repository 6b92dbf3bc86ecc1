/*
 * outside.h - texts that came from outside (partner, sensor, file) made harmless for a terminal.
 *
 * What could move the cursor, colour, reorder (bidi) or hide anything is written as \u{202E}. In
 * an ASCII locale so is every other character that is not ASCII.
 */
#ifndef PARLEY_CMD_OUTSIDE_H
#define PARLEY_CMD_OUTSIDE_H

#include "base/buf.h"

/* One line: newline and tab are escaped too. Bytes that are no UTF-8 are written as \x{FF}. */
void outside_line(struct bytes text, bool utf8, struct buf *out);

/* As outside_line, but a newline stays one, followed by `indent` spaces. */
void outside_text(struct bytes text, bool utf8, unsigned indent, struct buf *out);

/* May this code point be shown as it is? */
bool outside_is_shown(uint32_t point);

#endif
