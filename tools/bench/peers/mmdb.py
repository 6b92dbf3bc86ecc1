"""A territory table of IPv4 as MaxMind's DB format 2.0, for libmaxminddb: mmdb.py TABLE OUT."""
import struct
import sys


def control(kind, size):
    if kind > 7:
        return bytes([size, kind - 7])
    return bytes([kind << 5 | size])


def value(v):
    """Short ones only: strings below 29 bytes, numbers, maps, empty lists."""
    if isinstance(v, str):
        return control(2, len(v)) + v.encode()
    if isinstance(v, dict):
        return control(7, len(v)) + b"".join(value(k) + value(x) for k, x in v.items())
    if isinstance(v, list):
        return control(11, len(v)) + b"".join(map(value, v))
    kind, n = v
    return control(kind, 4 if kind == 6 else 8 if kind == 9 else 2) + \
        n.to_bytes(4 if kind == 6 else 8 if kind == 9 else 2, "big")


def tree(rows):
    """Nodes [left, right]: another's number, or ~code; None is nobody's."""
    nodes = [[None, None]]
    for first, bits, code in sorted(rows, key=lambda row: row[1]):
        at = 0
        for depth in range(bits):
            bit = first >> (31 - depth) & 1
            if depth == bits - 1:
                nodes[at][bit] = ~code
                break
            if nodes[at][bit] is None or nodes[at][bit] < 0:
                nodes.append([nodes[at][bit], nodes[at][bit]])
                nodes[at][bit] = len(nodes) - 1
            at = nodes[at][bit]
    return nodes


def main():
    codes, rows = {}, []
    for line in open(sys.argv[1]):
        code, prefix = line.split()
        if ":" not in prefix:
            address, bits = prefix.split("/")
            first = int.from_bytes(bytes(map(int, address.split("."))), "big")
            rows.append((first, int(bits), codes.setdefault(code, len(codes))))
    nodes = tree(rows)
    data, at = b"", []
    for code in codes:
        at.append(len(data))
        data += value({"country": {"iso_code": code}})
    with open(sys.argv[2], "wb") as out:
        for node in nodes:
            for record in node:
                n = len(nodes) if record is None else record if record >= 0 \
                    else len(nodes) + 16 + at[~record]
                out.write(struct.pack(">I", n)[1:])
        out.write(bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + value({
            "node_count": (6, len(nodes)), "record_size": (5, 24), "ip_version": (5, 4),
            "database_type": "territory", "languages": ["en"], "binary_format_major_version": (5, 2),
            "binary_format_minor_version": (5, 0), "build_epoch": (9, 1), "description": {"en": "territory"}}))


main()
