/* eve_format.h - Suricata EVE (eve.h) as one of the formats of reader.h. */
#ifndef PARLEY_SENSOR_EVE_FORMAT_H
#define PARLEY_SENSOR_EVE_FORMAT_H

#include "sensor/reader.h"

extern const struct reader_format eve_format;

#endif
