#!/usr/bin/env python3
"""Reads a log directory as any C2SP reader would and recomputes its root.

Shares no code with Parley: checkpoint, signed note, tiles and entry bundles are read after
tlog-checkpoint, signed-note and tlog-tiles, Ed25519 after RFC 8032 section 6, with Python's
standard library alone.

usage: check_log.py DIRECTORY ORIGIN PUBLIC-KEY-HEX [INDEX]
Prints the size and root, and with INDEX that entry; exit 1 and one line where something is wrong.
"""
import base64
import hashlib
import os
import sys

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


class Wrong(Exception):
    pass


def need(good, why):
    if not good:
        raise Wrong(why)


def add(p, q):
    a = (p[1] - p[0]) * (q[1] - q[0]) % P
    b = (p[1] + p[0]) * (q[1] + q[0]) % P
    c = 2 * p[3] * q[3] * D % P
    d = 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(n, p):
    q = (0, 1, 1, 0)
    while n:
        if n & 1:
            q = add(q, p)
        p = add(p, p)
        n >>= 1
    return q


def recover(y, sign):
    need(y < P, "Ed25519: a point that is not canonical")
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    need((x * x - x2) % P == 0, "Ed25519: no point of the curve")
    return P - x if (x & 1) != sign else x


def decode(data):
    y = int.from_bytes(data, "little")
    x = recover(y & (1 << 255) - 1, y >> 255)
    y &= (1 << 255) - 1
    return x, y, 1, x * y % P


def verify(key, message, signature):
    need(len(key) == 32 and len(signature) == 64, "Ed25519: lengths")
    base_y = 4 * pow(5, P - 2, P) % P
    base_x = recover(base_y, 0)
    a, r = decode(key), decode(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    need(s < L, "Ed25519: S is not canonical")
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    one = multiply(s, (base_x, base_y, 1, base_x * base_y % P))
    two = add(r, multiply(h, a))
    need((one[0] * two[2] - two[0] * one[2]) % P == 0 and
         (one[1] * two[2] - two[1] * one[2]) % P == 0, "Ed25519: the signature does not hold")


def leaf(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def root(hashes):
    """MTH of RFC 6962 section 2.1 over leaf hashes."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    stack = []  # (size, hash)
    for h in hashes:
        size = 1
        while stack and stack[-1][0] == size:
            h = hashlib.sha256(b"\1" + stack.pop()[1] + h).digest()
            size *= 2
        stack.append((size, h))
    h = stack.pop()[1]
    while stack:
        h = hashlib.sha256(b"\1" + stack.pop()[1] + h).digest()
    return h


def path(level, number, width):
    parts = ["%03d" % (number % 1000)]
    while number >= 1000:
        number //= 1000
        parts.insert(0, "x%03d" % (number % 1000))
    return "tile/%s/%s%s" % (level, "/".join(parts), "" if width == 256 else ".p/%d" % width)


def read(directory, name):
    try:
        with open(os.path.join(directory, name), "rb") as f:
            return f.read()
    except OSError as e:
        raise Wrong("%s: %s" % (name, e.strerror))


def checkpoint(directory, origin, key):
    note = read(directory, "checkpoint").decode("utf-8", "strict")
    at = note.rfind("\n\n")
    need(at > 0, "signed-note: no empty line")
    text, lines = note[:at + 1], note[at + 2:].split("\n")
    need(lines.pop() == "" and lines, "signed-note: signature lines")
    said, size, digest, rest = text.split("\n", 3)
    need(said == origin and rest == "", "tlog-checkpoint: origin or extension lines")
    need(size.isdigit() and str(int(size)) == size, "tlog-checkpoint: size")
    digest = base64.b64decode(digest, validate=True)
    need(len(digest) == 32, "tlog-checkpoint: root")
    ident = hashlib.sha256(origin.encode() + b"\n\1" + key).digest()[:4]
    signed = False
    for line in lines:
        need(line.startswith("\u2014 ") and line.count(" ") == 2, "signed-note: a line's form")
        _, name, sig = line.split(" ")
        sig = base64.b64decode(sig, validate=True)
        if name == origin and sig[:4] == ident:
            verify(key, text.encode(), sig[4:])
            signed = True
    need(signed, "signed-note: the log's key did not sign")
    return int(size), digest


def entries(directory, size):
    out = []
    for number in range((size + 255) // 256):
        width = min(256, size - number * 256)
        data = read(directory, path("entries", number, width))
        for _ in range(width):
            need(len(data) >= 2, "tlog-tiles: entry bundle %d is short" % number)
            n = int.from_bytes(data[:2], "big")
            need(len(data) >= 2 + n, "tlog-tiles: entry bundle %d is short" % number)
            out.append(data[2:2 + n])
            data = data[2 + n:]
        need(data == b"", "tlog-tiles: entry bundle %d is long" % number)
    return out


def tiles(directory, hashes):
    level = 0
    while hashes:
        for number in range((len(hashes) + 255) // 256):
            part = hashes[number * 256:number * 256 + 256]
            data = read(directory, path(level, number, len(part)))
            need(data == b"".join(part), "tlog-tiles: tile %d/%d" % (level, number))
        hashes = [root(hashes[i:i + 256]) for i in range(0, len(hashes) - 255, 256)]
        level += 1


def main():
    directory, origin, key = sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3])
    try:
        size, digest = checkpoint(directory, origin, key)
        all_entries = entries(directory, size)
        hashes = [leaf(e) for e in all_entries]
        tiles(directory, hashes)
        need(root(hashes) == digest, "RFC 6962: the entries do not lead to the signed root")
    except (Wrong, ValueError) as e:
        print("WRONG %s" % e)
        return 1
    print("%d %s" % (size, digest.hex()))
    if len(sys.argv) > 4:
        sys.stdout.write(all_entries[int(sys.argv[4])].decode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
