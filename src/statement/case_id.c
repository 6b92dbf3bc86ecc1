#include "statement/case_id.h"

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void id_make(char first, const uint8_t random[CASE_ID_RANDOM], char *out)
{
    uint32_t bits = 0;
    unsigned held = 0;
    size_t at = 2;

    out[0] = first;
    out[1] = '-';
    for (size_t i = 0; i < CASE_ID_RANDOM; i++) {
        bits = bits << 8 | random[i];
        for (held += 8; held >= 5; held -= 5)
            out[at++] = alphabet[bits >> (held - 5) & 31];
    }
    out[at] = '\0';
}

static bool id_is(char first, struct bytes text)
{
    if (text.len != CASE_TEXT - 1 || text.data[0] != (uint8_t)first || text.data[1] != '-')
        return false;
    for (size_t i = 2; i < text.len; i++)
        if (text.data[i] == 0 || strchr(alphabet, text.data[i]) == NULL)
            return false;
    return true;
}

void case_id_make(const uint8_t random[CASE_ID_RANDOM], char *out)
{
    id_make('C', random, out);
}

void draft_id_make(const uint8_t random[CASE_ID_RANDOM], char *out)
{
    id_make('D', random, out);
}

bool case_id_is(struct bytes text)
{
    return id_is('C', text);
}

bool draft_id_is(struct bytes text)
{
    return id_is('D', text);
}
