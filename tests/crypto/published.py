#!/usr/bin/env python3
"""Published signatures, and what an attacker makes of them: published.py VERIFY.

Those of the Ed25519 reference implementation (sign.input) and NIST's SigVer of P-256 with SHA-256,
as far as Debian's golang-1.19-src ships them; then some of them changed in the ways that
collections for verifiers are made of (another S of the same sum, encodings that say the same in
other bytes, numbers out of range). crypto.md 1.5, rules 2 and 5: one signature has one length and
one spelling, but for the (r, n-s) of ECDSA, which holds and changes nothing that we name by a hash.
"""
import bz2
import glob
import gzip
import subprocess
import sys

L = 2**252 + 27742317777372353535851937790883648493            # RFC 8032, section 5.1
P = 2**255 - 19
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # SEC 2, section 2.4.2


def found(name):
    paths = sorted(glob.glob(f"/usr/share/go-*/src/crypto/{name}"))
    if not paths:
        print(f"skipped: no {name} here (package golang-go)")
        sys.exit(77)
    return paths[-1]


def ed25519():
    for line in gzip.open(found("ed25519/testdata/sign.input.gz"), "rt"):
        _, key, message, signed = line.strip().split(":")[:4]
        yield bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signed)[:64]


def p256():
    """(key, message, r, s, does it hold)"""
    wanted, row = False, {}
    for line in bz2.open(found("ecdsa/testdata/SigVer.rsp.bz2"), "rt"):
        if line.startswith("["):
            wanted = line.strip() == "[P-256,SHA-256]"
        elif " = " in line:
            name, value = line.strip().split(" = ")
            row[name] = value
            if name == "Result" and wanted:
                key = bytes.fromhex(row["Qx"].zfill(64) + row["Qy"].zfill(64))
                yield key, bytes.fromhex(row["Msg"]), int(row["R"], 16), int(row["S"], 16), \
                    value.startswith("P")


# ---- DER, ours, so that it can be written wrongly ----


def number(n, pad=0, length=None):
    body = bytes(pad) + n.to_bytes(max(1, n.bit_length() // 8 + 1), "big", signed=n < 0)
    return b"\x02" + (bytes([len(body)]) if length is None else length(len(body))) + body


def sequence(*parts, tag=b"\x30", length=None, more=b""):
    body = b"".join(parts)
    return tag + (bytes([len(body)]) if length is None else length(len(body))) + body + more


def long_form(n):
    return b"\x81" + bytes([n])


def changed_ed25519(key, message, signature):
    """(what, key, signature): none of them may hold."""
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    for times in range(1, 9):
        if s + times * L < 2**256:
            yield f"S + {times} L", key, r + (s + times * L).to_bytes(32, "little")
    yield "S = 0", key, r + bytes(32)
    yield "S = L", key, r + L.to_bytes(32, "little")
    yield "S = 2^256 - 1", key, r + b"\xff" * 32
    yield "R and S both 0", key, bytes(64)
    yield "R the neutral point, S 0", key, b"\1" + bytes(63)
    yield "R not canonical", key, P.to_bytes(32, "little") + signature[32:]
    yield "R with its sign turned", key, r[:31] + bytes([r[31] ^ 128]) + signature[32:]
    yield "R and S in each other's place", key, signature[32:] + r
    yield "one byte short", key, signature[:-1]
    yield "one byte more", key, signature + b"\0"
    yield "nothing", key, b""
    yield "twice", key, signature + signature
    yield "a key with its sign turned", key[:31] + bytes([key[31] ^ 128]), signature
    yield "a key of small order", bytes(32), signature
    yield "a key that is not canonical", (P + 1).to_bytes(32, "little"), signature


def changed_p256(r, s):
    """(what, signature): none of them may hold."""
    yield "a length in long form", sequence(number(r), number(s), length=long_form)
    yield "r's length in long form", sequence(number(r, length=long_form), number(s))
    yield "an indefinite length", b"\x30\x80" + number(r) + number(s) + b"\0\0"
    yield "r with a leading zero more", sequence(number(r, pad=1), number(s))
    yield "s with a leading zero more", sequence(number(r), number(s, pad=1))
    yield "a byte behind", sequence(number(r), number(s)) + b"\0"
    yield "a byte behind s", sequence(number(r), number(s), b"\0")
    yield "a third number", sequence(number(r), number(s), number(1))
    yield "r alone", sequence(number(r))
    yield "an empty sequence", sequence()
    yield "nothing", b""
    yield "a set", sequence(number(r), number(s), tag=b"\x31")
    yield "a NULL for s", sequence(number(r), b"\x05\x00")
    yield "a bit string for s", sequence(number(r), b"\x03" + number(s)[1:])
    yield "the numbers without DER", r.to_bytes(32, "big") + s.to_bytes(32, "big")
    yield "cut short", sequence(number(r), number(s))[:-1]
    for what, a, b in (("r 0", 0, s), ("s 0", r, 0), ("both 0", 0, 0), ("both 1", 1, 1),
                       ("r n", N, s), ("s n", r, N), ("r + n", r + N, s), ("s + n", r, s + N),
                       ("r - n", r - N, s), ("s - n", r, s - N), ("r negative", -r, s),
                       ("s negative", r, -s), ("n - r", N - r, s), ("r n - 1", N - 1, s),
                       ("r n + 1", N + 1, s), ("swapped", s, r), ("r 2^256 - 1", 2**256 - 1, s)):
        yield what, sequence(number(a), number(b))


def main():
    asked = []  # (what, suite, key, message, signature, holds)
    for n, (key, message, signature) in enumerate(ed25519()):
        asked.append((f"sign.input {n}", "ed25519", key, message, signature, True))
        if n % 8 == 0:
            asked += [(f"sign.input {n}: {what}", "ed25519", other, message, changed, False)
                      for what, other, changed in changed_ed25519(key, message, signature)]
    for n, (key, message, r, s, holds) in enumerate(p256()):
        good = sequence(number(r), number(s))
        asked.append((f"SigVer {n}", "p256-sha256", key, message, good, holds))
        if holds:
            asked.append((f"SigVer {n}: (r, n-s)", "p256-sha256", key, message,
                          sequence(number(r), number(N - s)), True))
            asked += [(f"SigVer {n}: {what}", "p256-sha256", key, message, changed, False)
                      for what, changed in changed_p256(r, s)]
    lines = "".join(f"{suite} {key.hex()} {message.hex() or '-'} {signature.hex() or '-'}\n"
                    for _, suite, key, message, signature, _ in asked)
    said = subprocess.run([sys.argv[1]], input=lines, text=True, capture_output=True, check=True)
    answers = said.stdout.split("\n")[:-1]
    assert len(answers) == len(asked), (len(answers), len(asked))
    wrong = [f"{a[0]}: {answer}" for a, answer in zip(asked, answers) if (answer == "good") != a[5]]
    assert not wrong, "\n".join(wrong)
    rates = [sum(a[1] == suite and a[5] == holds for a in asked)
             for suite in ("ed25519", "p256-sha256") for holds in (True, False)]
    print("ed25519: {} hold, {} do not; p256-sha256: {} hold, {} do not".format(*rates))
    assert all(rate >= least for rate, least in zip(rates, (100, 300, 5, 100))), rates


if __name__ == "__main__":
    main()
