#include "model/marking.h"

enum { MARKING_LABEL_MAX = 128 /* longer is no label; a STIX id has 56 */ };

struct label {
    const char *text; /* as `plain` makes it: lower case, no spaces, joints as '+' */
    int value;
};

/* In order of strictness; the first of each value is ours. */
static const struct label tlp_labels[] = {
    {"clear", TLP_CLEAR},
    {"green", TLP_GREEN},
    {"amber", TLP_AMBER},
    {"amber+strict", TLP_AMBER_STRICT},
    {"red", TLP_RED},
    {"white", TLP_CLEAR},
    {"amberstrict", TLP_AMBER_STRICT},
};

#define ID_PREFIX "marking-definition--"

/* In order of strictness those of TLP 2.0's extension to STIX 2.1, which are ours; then STIX 2.1
 * section 7.2.1.4 (TLP 1). */
static const struct label tlp_ids[] = {
    {ID_PREFIX "94868c89-83c2-464b-929b-a1a8aa3c8487", TLP_CLEAR},
    {ID_PREFIX "bab4a63c-aed9-4cf5-a766-dfca5abac2bb", TLP_GREEN},
    {ID_PREFIX "55d920b0-5e8b-4f79-9ee9-91f868d9b421", TLP_AMBER},
    {ID_PREFIX "939a9414-2ddd-4d32-a0cd-375ea402b003", TLP_AMBER_STRICT},
    {ID_PREFIX "e828b379-4e03-4974-9ac4-e53a884c97c1", TLP_RED},
    {ID_PREFIX "613f2e26-407d-48c7-9eca-b8e91df99dc9", TLP_CLEAR},
    {ID_PREFIX "34098fce-860f-48ae-8e50-ebd3cc5e41da", TLP_GREEN},
    {ID_PREFIX "f88d31f6-486f-44da-b317-01333bde0b82", TLP_AMBER},
    {ID_PREFIX "5e57c739-391a-4eb3-b6be-7d15ca92d5ed", TLP_RED},
};

static const struct label pap_labels[] = {
    {"clear", PAP_CLEAR}, {"green", PAP_GREEN}, {"amber", PAP_AMBER},
    {"red", PAP_RED},     {"white", PAP_CLEAR},
};

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static struct bytes trimmed(struct bytes in)
{
    while (in.len != 0 && is_space(in.data[0]))
        in = bytes_of(in.data + 1, in.len - 1);
    while (in.len != 0 && is_space(in.data[in.len - 1]))
        in.len--;
    return in;
}

/* Lower case; each run of spaces and joints between two words becomes one '+'. */
static size_t plain(struct bytes in, char *out)
{
    size_t len = 0;
    bool joint = false;

    for (size_t i = 0; i < in.len; i++) {
        uint8_t c = lower(in.data[i]);

        if (is_space(c) || c == '+' || c == '-' || c == '_') {
            joint = true;
            continue;
        }
        if (joint)
            out[len++] = '+';
        joint = false;
        out[len++] = (char)c;
    }
    if (joint)
        out[len++] = '+';
    return len;
}

static int among(const struct label *labels, size_t count, struct bytes text)
{
    for (size_t i = 0; i < count; i++)
        if (bytes_is(text, labels[i].text))
            return labels[i].value;
    return 0;
}

static bool starts_with(struct bytes text, const char *head)
{
    if (text.len < strlen(head))
        return false;
    for (size_t i = 0; head[i] != '\0'; i++)
        if (lower(text.data[i]) != (uint8_t)head[i])
            return false;
    return true;
}

static struct bytes behind(struct bytes text, size_t skip)
{
    return bytes_of(text.data + skip, text.len - skip);
}

/* Drops "tlp" or "pap" with its colon or equals sign, and spaces around them. */
static struct bytes without_scheme(struct bytes text, const char *scheme)
{
    struct bytes rest;

    if (!starts_with(text, scheme))
        return text;
    rest = trimmed(behind(text, strlen(scheme)));
    if (rest.len == 0 || (rest.data[0] != ':' && rest.data[0] != '=' && rest.data[0] != '-'))
        return rest;
    return trimmed(behind(rest, 1));
}

static int by_id(struct bytes label)
{
    char small[MARKING_LABEL_MAX];

    for (size_t i = 0; i < label.len; i++)
        small[i] = (char)lower(label.data[i]);
    return among(tlp_ids, sizeof tlp_ids / sizeof *tlp_ids, bytes_of(small, label.len));
}

static int by_words(struct bytes label, const char *scheme, const struct label *labels,
                    size_t count)
{
    char words[2 * MARKING_LABEL_MAX];
    size_t len = plain(without_scheme(label, scheme), words);

    return among(labels, count, bytes_of(words, len));
}

bool tlp_marking_is_known(struct bytes id)
{
    return id.len <= MARKING_LABEL_MAX && by_id(id) != 0;
}

enum tlp tlp_read(struct bytes label)
{
    struct bytes text = trimmed(label);
    int found = 0;

    if (text.len > MARKING_LABEL_MAX)
        return TLP_RED;
    if (starts_with(text, ID_PREFIX))
        found = by_id(text);
    else
        found = by_words(text, "tlp", tlp_labels, sizeof tlp_labels / sizeof *tlp_labels);
    return found == 0 ? TLP_RED : (enum tlp)found;
}

enum pap pap_read(struct bytes label)
{
    struct bytes text = trimmed(label);
    int found = 0;

    if (text.len <= MARKING_LABEL_MAX)
        found = by_words(text, "pap", pap_labels, sizeof pap_labels / sizeof *pap_labels);
    return found == 0 ? PAP_RED : (enum pap)found;
}

enum tlp tlp_parse(struct bytes canonical)
{
    return (enum tlp)among(tlp_labels, TLP_RED, canonical);
}

enum pap pap_parse(struct bytes canonical)
{
    return (enum pap)among(pap_labels, PAP_RED, canonical);
}

const char *tlp_name(enum tlp tlp)
{
    return tlp == TLP_NONE ? "red" : tlp_labels[tlp - 1].text;
}

const char *pap_name(enum pap pap)
{
    return pap == PAP_NONE ? "red" : pap_labels[pap - 1].text;
}

const char *tlp_marking(enum tlp tlp)
{
    return tlp_ids[(tlp == TLP_NONE ? TLP_RED : tlp) - 1].text;
}

enum tlp tlp_stricter(enum tlp a, enum tlp b)
{
    return a > b ? a : b;
}

enum pap pap_stricter(enum pap a, enum pap b)
{
    return a > b ? a : b;
}
