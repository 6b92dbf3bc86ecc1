// regex.cc - the C face of RE2, as small as it can be. What is asked of it stands in regex.h.
#include "stix/regex.h"

#include <re2/re2.h>

struct regex {
    RE2 engine;
    bool ends_line;

    regex(const re2::StringPiece &pattern, const RE2::Options &options)
        : engine(pattern, options), ends_line(false)
    {
    }
};

// The memory that one expression's program and automaton may take together.
static const int64_t memory = 1 << 20;

static const char *reason(RE2::ErrorCode code)
{
    switch (code) {
    case RE2::ErrorBadEscape:
        return "an escape that RE2 has: no back-references, \\K, \\R, \\h, \\c";
    case RE2::ErrorBadPerlOp:
        return "groups (..), (?:..), (?P<name>..), (?flags): no look-around, no atomic groups";
    case RE2::ErrorRepeatOp:
    case RE2::ErrorRepeatArgument:
        return "one of * + ? {n,m}, or these with a lazy ?: no possessive repetition";
    case RE2::ErrorRepeatSize:
        return "at most 1000 repetitions";
    case RE2::ErrorPatternTooLarge:
        return "an expression that compiles to less than 1 MiB";
    case RE2::ErrorMissingBracket:
    case RE2::ErrorBadCharClass:
    case RE2::ErrorBadCharRange:
        return "a character class [..] that is whole";
    case RE2::ErrorMissingParen:
        return "parentheses in pairs";
    default:
        return "a regular expression that RE2 takes";
    }
}

extern "C" struct regex *regex_compile(const uint8_t *pattern, size_t len, bool latin1,
                                       const char **why)
{
    RE2::Options options;

    options.set_log_errors(false);
    options.set_max_mem(memory);
    if (latin1)
        options.set_encoding(RE2::Options::EncodingLatin1);
    regex *r = new regex(re2::StringPiece(reinterpret_cast<const char *>(pattern), len), options);
    if (r->engine.ok())
        return r;
    *why = reason(r->engine.error_code());
    delete r;
    return nullptr;
}

extern "C" bool regex_find(const struct regex *r, const uint8_t *text, size_t len)
{
    re2::StringPiece piece(reinterpret_cast<const char *>(text), len);

    return r->engine.Match(piece, 0, len, RE2::UNANCHORED, nullptr, 0);
}

extern "C" void regex_ends_line(struct regex *r, bool yes)
{
    r->ends_line = yes;
}

extern "C" bool regex_is_ending_line(const struct regex *r)
{
    return r->ends_line;
}

extern "C" void regex_free(struct regex *r)
{
    delete r;
}
