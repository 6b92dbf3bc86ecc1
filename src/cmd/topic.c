#include "cmd/help.h"

const struct topic topics[] = {
    {"exit-codes", "what the exit status says", NULL /* made of exit_rows */},
    {"environment", "variables that parley reads",
     "PARLEY_NODE      directory of the node, as --node\n"
     "PARLEY_OFFICER   your name as the agreement's party enrolled it, as --officer\n"
     "PARLEY_KEY       file of your private key, as --key\n"
     "NO_COLOR         not empty: no colour\n"
     "TERM             \"dumb\": no colour\n"
     "LC_ALL, LC_CTYPE, LANG\n"
     "                 a UTF-8 locale shows all characters, any other is shown ASCII, the rest as\n"
     "                 \\u{..}\n"
     "\n"
     "A node is looked for in this order: --node, PARLEY_NODE, the working directory if it holds\n"
     "one, /var/lib/parley. Passphrases are read from a file or asked for on a terminal; they\n"
     "never stand on the command line.\n"},
    {"formats", "texts, tables, JSON, times",
     "Data goes to stdout, words and errors to stderr. On a terminal tables have columns and a\n"
     "heading; in a pipe they are separated by tabs, without heading and never cut (--aligned\n"
     "gives columns there too).\n"
     "\n"
     "--json gives one object with \"v\":1, keys sorted; `watch replay --json` one a line. Times "
     "are\n"
     "RFC 3339 in UTC, ids are texts, hashes base64. An error is one object on stderr:\n"
     "{\"code\",\"message\",\"try\",\"v\",\"why\"}, and the exit status is the same as without "
     "--json.\n"
     "\n"
     "Every time shown is UTC and ends in Z; a time without a zone is not taken. Countdowns are\n"
     "reckoned on the node's clock. Text from the partner or a sensor is shown with everything\n"
     "that could move, colour, reorder or hide characters written as \\u{..}.\n"},
    {"glossary", "the words of this project",
     "party      one side of the agreement         node      its installation of Parley\n"
     "officer    a person on duty, with a key of his own\n"
     "agreement  the file both parties signed; every rule that is theirs stands in it\n"
     "article    one rule of it                    territory what a party declares as its own\n"
     "event      one sensor record                 incident  what watch makes of many\n"
     "case       the conversation about an incident or a request\n"
     "statement  one thing a party says; it cannot be taken back\n"
     "draft      a statement before its last needed signature; it is in no ledger\n"
     "permit     leave for exactly these bytes to go to exactly this recipient, once\n"
     "decision   an officer's signature over a permit\n"
     "ledger     a party's log of its statements   head      its size and root, signed\n"
     "stored     durable here, under our own head  binding   cosigned by the other side\n"
     "class      REAL, EXERCISE or TEST; never mixed in a case\n"
     "bundle     all that a stranger needs to check a case offline\n"
     "root key   a party's offline key             role keys the node's: log, cosign, hello\n"},
    {"keys-on-two-people", "why one person cannot release, and how to do it with two",
     "A statement that accuses or commits needs as many officers as its article says. The first\n"
     "drafts and signs as drafter; a different one releases and signs as releaser. Each signs "
     "with\n"
     "a key that lies outside the node: a file on his own stick, with a passphrase.\n"
     "\n"
     "  parley key new ivanova.pem\n"
     "  parley officer add ivanova --role drafter,releaser --key ivanova.pem --root-key root.pem\n"
     "  parley case new --incident ID --officer ivanova --key ivanova.pem\n"
     "  parley release approve D-... --officer petrov --key petrov.pem\n"
     "\n"
     "What is signed is shown first, and recomputed here from the bytes that would leave; the "
     "node\n"
     "never sees the key. The node's keeper checks both signatures again before it signs.\n"},
    {NULL, NULL, NULL},
};
