"""The EVE reader and the look-ups of territory in memory, beside simdjson and a memchr pass."""
import json
import random
import socket
import subprocess

from frame import PYTHON, ROOT

PACKAGES = ["libsimdjson-dev", "libmaxminddb-dev", "g++"]
PEERS = ROOT / "tools" / "bench" / "peers"
WANTED = 100 << 20


def peer(bench, source, *arguments):
    """Figures of a peer's program, made here of one source and its library; None if it cannot be."""
    program, library = bench.disk / "peer", f"-l{source.stem.replace('eve_', '')}"
    how = ["g++", "-O3", "-std=c++17"] if source.suffix == ".cpp" else ["gcc", "-O3"]
    if not bench.has(how[0]):
        return None
    built = subprocess.run([*how, source, library, "-o", program], stderr=subprocess.DEVNULL,
                           check=False)
    return bench.figures([program, *arguments]) if built.returncode == 0 else None


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


def readers(bench, key, caption, path, target):
    ours = bench.figures([bench.build / "tests" / "sensor" / "bench-eve", path])
    theirs = peer(bench, ROOT / "tools" / "bench" / "eve_simdjson.cpp", path)
    size, lines = ours["bytes"], ours["lines"]
    best = min(ours[name] for name in ("c", "avx2", "avx512") if name in ours)
    rows = [(f"from memory, {name}", ours[name]) for name in ("avx512", "avx2", "c")
            if name in ours]
    rows += [("from the page cache, best path", ours["file"]),
             ("memchr a line", ours["memchr"])]
    if theirs is not None:
        rows += [("simdjson On-Demand, a document a line", theirs["per_line"]),
                 ("simdjson On-Demand, stream of documents", theirs["stream"])]
        bench.found[f"{key} simdjson"] = theirs["per_line"] / best
    bench.found[f"{key} file"] = size / ours["file"] / 1e9
    bench.found[f"{key} memory"] = size / best / 1e9
    bench.found[f"{key} plain"] = best / ours["c"]
    table = bench.table(f"{caption}: {int(lines):,} lines, {size / 1e6:,.0f} MB",
                        ["what", "GB/s", "M events/s", "the best path is"],
                        [[what, f"{size / s / 1e9:.2f}", f"{lines / s / 1e6:.2f}",
                          bench.times(s / best)] for what, s in rows],
                        target=target)
    return table


def maxminddb(bench, path, every):
    """The same ends asked of libmaxminddb, over the same table as a database of its own."""
    table, base, asked = (bench.memory / name for name in ("every.tsv", "every.mmdb", "asked"))
    table.write_bytes(every)
    subprocess.run([PYTHON, PEERS / "mmdb.py", table, base], check=True)
    events = (json.loads(line) for line in path.read_bytes().splitlines() if line.endswith(b"}"))
    ends = (event.get(name, ":") for event in events for name in ("src_ip", "dest_ip"))
    asked.write_bytes(b"".join(socket.inet_aton(end) for end in ends if ":" not in end))
    theirs = peer(bench, PEERS / "maxminddb.c", base, asked)
    if theirs is None:
        return [["libmaxminddb", "not installed", ""]]
    rates = [theirs["lookups"] / theirs[name] / 1e6 for name in ("entry", "code")]
    bench.found["maxminddb entry"], bench.found["maxminddb code"] = rates
    each = base.stat().st_size / sum(b":" not in line for line in every.splitlines())
    return [["libmaxminddb, IPv4: where the entry is", f"{rates[0]:.1f}", f"{each:.2f}"],
            ["libmaxminddb, IPv4: the country's code", f"{rates[1]:.1f}", ""]]


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
    bench.found["lookups"] = ours["lookups"] / ours["lookup"] / 1e6
    bench.found["prefix bytes"] = ours["map_bytes"] / ours["prefixes"]
    rows += maxminddb(bench, path, every)
    return bench.table("Territory of both ends of each record, all RIR prefixes of 2026",
                       ["map", "M look-ups/s", "bytes a prefix"], rows,
                       target="100 M/s, 6.5 bytes, 18 x libmaxminddb")


def run(bench):
    files = bench.eve_files()
    text = b"".join(bench.unpacked(path) for path in files) if files else bench.sample()
    text = text[:WANTED]
    text = text[:text.rfind(b"\n") + 1]
    path = bench.cached("eve.json", [text])
    yield readers(bench, "order", "Suricata's order", path,
                  "2.4 GB/s from the page cache; 1.2 x simdjson")
    if bench.real:
        yield territory(bench, path)
    path = bench.cached("eve.json", [shuffled(text[:WANTED // 4])])
    yield readers(bench, "random", "Members in a random order", path, "1.5 GB/s")
