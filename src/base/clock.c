#include "base/clock.h"

#include <time.h>

#include "base/memory.h"

int64_t days_from_date(int64_t year, int month, int day)
{
    /* Years counted from March, so that the leap day is the last of its year. */
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static void date_from_days(int64_t days, int64_t *year, int *month, int *day)
{
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t doe = shifted - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;

    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = yoe + era * 400 + (*month <= 2);
}

static void digits(char *out, int width, int64_t v)
{
    for (int i = width - 1; i >= 0; i--, v /= 10)
        out[i] = (char)('0' + v % 10);
}

void instant_write(struct instant t, char *out)
{
    int64_t s = instant_seconds(t), least = days_from_date(1, 1, 1) * 86400,
            most = days_from_date(10000, 1, 1) * 86400 - 1, days, year;
    int month, day;

    s = s < least ? least : s > most ? most : s;
    days = s >= 0 ? s / 86400 : (s - 86399) / 86400;
    s -= days * 86400;
    date_from_days(days, &year, &month, &day);
    memcpy(out, "0000-00-00T00:00:00Z", INSTANT_TEXT + 1);
    digits(out, 4, year);
    digits(out + 5, 2, month);
    digits(out + 8, 2, day);
    digits(out + 11, 2, s / 3600);
    digits(out + 14, 2, s / 60 % 60);
    digits(out + 17, 2, s % 60);
}

static int number(const uint8_t *p, int width)
{
    int v = 0;

    for (int i = 0; i < width; i++)
        v = v * 10 + (p[i] - '0');
    return v;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

struct fault instant_parse(struct bytes text, struct instant *out)
{
    static const char form[] = "0000-00-00T00:00:00Z", rule[] = "RFC 3339: UTC, whole seconds";
    int year, month, day, hour, minute, second;

    for (size_t i = 0; i < INSTANT_TEXT; i++) {
        if (i == text.len)
            return fault_make(FAULT_SHORT, i, rule);
        if (form[i] == '0' ? text.data[i] < '0' || text.data[i] > '9'
                           : text.data[i] != (uint8_t)form[i])
            return fault_make(FAULT_SYNTAX, i, rule);
    }
    if (text.len != INSTANT_TEXT)
        return fault_make(FAULT_EXTRA, INSTANT_TEXT, rule);
    year = number(text.data, 4);
    month = number(text.data + 5, 2);
    day = number(text.data + 8, 2);
    hour = number(text.data + 11, 2);
    minute = number(text.data + 14, 2);
    second = number(text.data + 17, 2);
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return fault_make(FAULT_RANGE, 0, rule);
    if (hour > 23 || minute > 59 || second > 59)
        return fault_make(FAULT_RANGE, 11, rule);
    *out = instant_of_seconds(days_from_date(year, month, day) * 86400 + hour * 3600 + minute * 60 +
                              second);
    return fault_none();
}

void instant_micro_write(struct instant t, char *out)
{
    int64_t fraction = t.us - instant_seconds(t) * 1000000;

    instant_write(t, out);
    out[INSTANT_TEXT - 1] = '.';
    digits(out + INSTANT_TEXT, 6, fraction);
    memcpy(out + INSTANT_TEXT + 6, "Z", 2);
}

struct fault instant_fraction_parse(struct bytes text, struct instant *out)
{
    static const char rule[] = "RFC 3339: UTC, at most nine digits of fraction";
    uint8_t whole[INSTANT_TEXT];
    size_t at = INSTANT_TEXT;
    int64_t us = 0, unit = 100000;
    struct fault f;

    if (text.len <= INSTANT_TEXT || text.data[INSTANT_TEXT - 1] != '.')
        return instant_parse(text, out);
    for (; at < text.len && text.data[at] >= '0' && text.data[at] <= '9'; at++, unit /= 10)
        us += (text.data[at] - '0') * unit;
    if (at - INSTANT_TEXT > 9)
        return fault_make(FAULT_RANGE, at, rule);
    if (at == text.len)
        return fault_make(FAULT_SHORT, at, rule);
    if (text.data[at] != 'Z')
        return fault_make(FAULT_SYNTAX, at, rule);
    if (at + 1 != text.len)
        return fault_make(FAULT_EXTRA, at + 1, rule);
    memcpy(whole, text.data, INSTANT_TEXT - 1);
    whole[INSTANT_TEXT - 1] = 'Z';
    f = instant_parse(bytes_of(whole, sizeof whole), out);
    if (!fault_is(f))
        out->us += us;
    return f;
}

static int64_t read_clock(clockid_t id)
{
    struct timespec now;

    if (clock_gettime(id, &now) != 0)
        die("parley: no clock\n");
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct instant instant_now(void)
{
    return (struct instant){read_clock(CLOCK_REALTIME)};
}

struct tick tick_now(void)
{
    return (struct tick){read_clock(CLOCK_MONOTONIC)};
}
