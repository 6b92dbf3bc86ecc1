"""The EVE reader and the look-ups of territory in memory, beside simdjson and a memchr pass."""
import random
import json
import subprocess

from frame import ROOT

PACKAGES = ["libsimdjson-dev", "g++"]
WANTED = 100 << 20


def simdjson(bench, path):
    """Figures of Debian's simdjson over the same bytes; None if it cannot be built here."""
    program = bench.disk / "eve_simdjson"
    built = subprocess.run(["g++", "-O3", "-std=c++17", ROOT / "tools" / "bench" / "eve_simdjson.cpp",
                            "-lsimdjson", "-o", program], stderr=subprocess.DEVNULL, check=False) \
        if bench.has("g++") else None
    return bench.figures([program, path]) if built is not None and built.returncode == 0 else None


def shuffled(text):
    """The same records with the members of the first level in an order that nobody predicts."""
    order, out = random.Random(7), []
    for line in text.splitlines():
        try:
            members = list(json.loads(line).items())
        except ValueError:
            continue
        order.shuffle(members)
        out.append(json.dumps(dict(members), separators=(",", ":"), ensure_ascii=False).encode())
    return b"\n".join(out) + b"\n"


def readers(bench, caption, path, target):
    ours = bench.figures([bench.build / "tests" / "sensor" / "bench-eve", path])
    peer = simdjson(bench, path)
    size, lines = ours["bytes"], ours["lines"]
    best = min(ours[name] for name in ("c", "avx2", "avx512") if name in ours)
    rows = [(f"from memory, {name}", ours[name]) for name in ("avx512", "avx2", "c")
            if name in ours]
    rows += [("from the page cache, best path", ours["file"]),
             ("memchr a line", ours["memchr"])]
    if peer is not None:
        rows += [("simdjson On-Demand, a document a line", peer["per_line"]),
                 ("simdjson On-Demand, stream of documents", peer["stream"])]
    table = bench.table(f"{caption}: {int(lines):,} lines, {size / 1e6:,.0f} MB",
                        ["what", "GB/s", "M events/s", "the best path is"],
                        [[what, f"{size / s / 1e9:.2f}", f"{lines / s / 1e6:.2f}",
                          bench.times(s / best)] for what, s in rows],
                        target=target)
    return table, ours


def territory(bench, path):
    every = bench.unpacked(bench.real / "territory" / "rir-country-2026-02-01.tsv.zst")
    four = b"".join(line for line in every.splitlines(True) if b":" not in line)
    rows = []
    for name, text in (("IPv4", four), ("IPv4 and IPv6", every)):
        table = bench.memory / "table.tsv"
        table.write_bytes(text)
        ours = bench.figures([bench.build / "tests" / "sensor" / "bench-eve", path, table])
        rows.append([f"{name}, {int(ours['prefixes']):,} prefixes",
                     f"{ours['lookups'] / ours['lookup'] / 1e6:.0f}",
                     f"{ours['map_bytes'] / ours['prefixes']:.2f}"])
    return bench.table("Territory of both ends of each record, all RIR prefixes of 2026",
                       ["map", "M look-ups/s", "bytes a prefix"], rows,
                       target="100 M/s, 6.5 bytes")


def run(bench):
    files = bench.eve_files()
    text = b"".join(bench.unpacked(path) for path in files) if files else bench.sample()
    text = text[:WANTED]
    text = text[:text.rfind(b"\n") + 1]
    path = bench.cached("eve.json", [text])
    found, _ = readers(bench, "Suricata's order", path,
                       "2.4 GB/s from the page cache; 1.2 x simdjson")
    yield found
    if bench.real:
        yield territory(bench, path)
    path = bench.cached("eve.json", [shuffled(text[:WANTED // 4])])
    yield readers(bench, "Members in a random order", path, "1.5 GB/s")[0]
