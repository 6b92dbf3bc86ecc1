"""Indicators: ten million names, a million addresses, the whole watch job, nfdump, memory."""
import hashlib
import ipaddress
import json
import pathlib
import random
import subprocess
import time
from uuid import UUID

from frame import ROOT

PACKAGES = ["nfdump"]
ADDRESSES = 1_000_000
HASHES = 200_000
PATTERNS = 100_000
WANTED = 900 << 20  # bytes: long beside what it costs to load lists
FLOWS = 100  # times the flow file is read; the same


def real_names(bench, path):
    """Names of a real list where there is one, else made ones; a line each."""
    source = bench.real and bench.real / "indicators" / "lists" / "maltrail-2026-08.tsv.zst"
    with path.open("w") as out:
        if source and source.exists():
            for line in bench.unpacked(source).decode().splitlines():
                kind, value = line.split("\t")[:2]
                if kind == "domain" and "." in value:
                    out.write(value + "\n")
            return "real names (maltrail) multiplied under fresh labels"
        rng = random.Random(1)
        for n in range(1_000_000):
            out.write(f"{rng.randbytes(5).hex()}-{n}.example\n")
    return "made names"


def lists(folder, names):
    """A million addresses, as many names as there are, hashes; the same every time."""
    rng = random.Random(20261125)
    addresses, hashes = folder / "addresses.txt", folder / "hashes.txt"
    addresses.write_text("\n".join(str(ipaddress.IPv4Address(rng.randrange(1 << 24, 224 << 24)))
                                   for _ in range(ADDRESSES)) + "\n")
    hashes.write_text("\n".join(hashlib.sha256(b"%d" % n).hexdigest()
                                for n in range(HASHES)) + "\n")
    return [addresses, names, hashes]


def patterns(folder):
    """A STIX bundle of indicators that no set holds: an address and a port each."""
    rng = random.Random(3)
    now, path = "2020-01-01T00:00:00.000Z", folder / "patterns.json"
    made = [{"type": "indicator", "spec_version": "2.1", "id": f"indicator--{uuid(rng)}",
             "created": now, "modified": now, "valid_from": now, "pattern_type": "stix",
             "pattern": "[network-traffic:src_ref.value = "
                        f"'{ipaddress.IPv4Address(rng.randrange(1 << 24, 224 << 24))}' AND "
                        f"network-traffic:dst_port = {rng.choice((22, 80, 443, 445, 3389))}]"}
            for _ in range(PATTERNS)]
    path.write_text(json.dumps({"type": "bundle", "id": f"bundle--{uuid(rng)}", "objects": made},
                               separators=(",", ":")))
    return path


def uuid(rng):
    return UUID(int=rng.getrandbits(128), version=4)


def replay(bench, files, used=(), agreement=ROOT / "share" / "pact-2015.agreement.json"):
    command = [bench.parley, "watch", "replay", "--json", "--agreement", agreement]
    for path in used:
        command += ["--indicators", path]
    return command + list(files)


def job(bench, used):
    """Everything that watch does with a line, both ends' territory among all RIR prefixes."""
    files = bench.eve_files()
    text = b"".join(map(bench.unpacked, files)) if files else bench.sample()
    copies = max(1, WANTED // len(text))
    path, empty = bench.cached("eve.json", [text] * copies), bench.memory / "empty.json"
    empty.write_bytes(b"")
    whose = nations(bench, bench.memory)
    events, size, rows = text.count(b"\n") * copies, len(text) * copies, []
    for what, some in (("no lists", []), ("1 M addresses", used[:1]), ("and the names", used[:2]),
                       ("and the hashes", used),
                       (f"{PATTERNS:,} STIX patterns", [patterns(bench.memory)])):
        start = bench.cpu(replay(bench, [empty], some, whose))
        took = bench.cpu(replay(bench, [path], some, whose)) - start
        bench.found[what] = events / took
        rows.append([what, f"{events / took / 1e6:.2f}", f"{size / took / 1e6:,.0f}",
                     f"{start:.2f} s"])
    path.unlink()
    return bench.table(f"The whole watch job: {events:,} events, page-cached, one core, CPU time",
                       ["looking for", "M events/s", "MB/s", "to load"], rows,
                       "4 M events/s, 2 GB/s; 100,000 events/s with the patterns")


def nations(bench, folder):
    """An agreement whose parties have two countries of the RIRs' whole table; where there is no
    table, of one that the sample's addresses are in. Beside it table.tsv, plain."""
    table = folder / "table.tsv"
    if bench.real:
        table.write_bytes(bench.unpacked(
            bench.real / "territory" / "rir-country-2026-02-01.tsv.zst"))
    else:
        table.write_text("CN\t192.0.2.0/24\nRU\t198.51.100.0/24\nRU\t203.0.113.0/24\n")
    return pact(folder / "nations.agreement.json", table, ("CN", "RU"))


def pact(path, table, codes, prefixes=()):
    """An agreement whose parties have these codes of a table; the first these prefixes, too."""
    value = json.loads((ROOT / "share" / "pact-2015.agreement.json").read_text())
    digest = hashlib.sha256(table.read_bytes()).hexdigest()
    for party, code in zip(value["parties"], codes):
        party["territory"] = {"as": [], "prefixes": [], "tables": [
            {"file": table.name, "sha256": digest, "code": code,
             "valid-from": "2019-01-01T00:00:00Z"}] if code else []}
    value["parties"][0]["territory"]["prefixes"] = list(prefixes)
    path.write_text(json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False) + "\n")
    return path


def whole(bench, folder):
    """One whose other party has every prefix of the delegation files, ours the sensor; and how
    many prefixes that is."""
    table, prefixes = whole_table(bench, folder)
    return pact(folder / "whole.agreement.json", table, (None, "XX"), ["167.172.104.173/32"]), \
        prefixes


def whole_table(bench, folder):
    """Every prefix of the delegation files as one code."""
    source = bench.real / "territory" / "rir-country-2026-02-01.tsv.zst"
    rows = [line.split("\t")[1] for line in bench.unpacked(source).decode().splitlines()]
    path = folder / "whole.tsv"
    path.write_text("".join(f"XX\t{prefix}\n" for prefix in rows))
    return path, len(rows)


def held(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return (int(text.split("VmRSS:")[1].split()[0]) / 1024,
            int(text.split("VmHWM:")[1].split()[0]) / 1024)


def peak(command):
    """MiB that it holds, and held at most, once it has loaded and waits for input."""
    child = subprocess.Popen(list(map(str, [*command, "-"])), stdin=subprocess.PIPE,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    before, calm = None, 0
    while calm < 4:
        time.sleep(0.3)
        now = held(child.pid)
        calm = calm + 1 if now == before else 0
        before = now
    child.communicate()
    return before


def memory(bench, used):
    agreement, prefixes = whole(bench, bench.memory)
    rows = [[what, *peak(replay(bench, [], some, *whose))]
            for what, some, whose in (("an agreement, no table", [], []),
                                      ("all prefixes", [], [agreement]),
                                      ("and 1 M IPv4 addresses", used[:1], [agreement]))]
    bench.found["memory"], bench.found["memory loading"] = rows[-1][1:]
    return bench.table(
        f"Memory of `watch replay` once it has loaded, {prefixes:,} prefixes of all RIRs",
        ["with", "MiB", "while it loaded"],
        [[row[0], *(f"{n:.0f}" for n in row[1:])] for row in rows],
        "40 MiB")


def flows(bench, used):
    source = bench.real / "flows" / "tpot-2020-derived.nfcapd"
    folder = bench.memory / "flows"
    folder.mkdir()
    packed = folder / "nfcapd.202001010000"
    subprocess.run(["nfdump", "-r", source, "-w", packed, "-y"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    agreement, _ = whole(bench, bench.memory)
    query = bench.memory / "filter"
    query.write_text("src ip in [ " + " ".join(used[0].read_text().split()) + " ]\n")
    many = bench.memory / "many"
    many.mkdir()
    for n in range(FLOWS):
        (many / f"nfcapd.20200101{n // 60:02}{n % 60:02}").write_bytes(packed.read_bytes())
    count = int(subprocess.run(["nfdump", "-r", packed, "-q", "-o", "fmt:%sa"], check=True,
                               stdout=subprocess.PIPE).stdout.count(b"\n"))
    ask = ["nfdump", "-q", "-f", query, "-o", "fmt:%sa"]
    rows, more = [], count * (FLOWS - 1)
    for what, few, all_of in (
            ("parley: unpack, orient, territory at both ends, 1 M addresses",
             replay(bench, [packed], used[:1], agreement),
             replay(bench, sorted(many.iterdir()), used[:1], agreement)),
            ("nfdump: src ip in the same 1 M", ask + ["-r", packed], ask + ["-R", many])):
        load = bench.cpu(few)
        took = bench.cpu(all_of) - load
        rows.append([what, more / took, load])
    bench.found["flows"], bench.found["nfdump"] = (row[1] for row in rows)
    return bench.table(
        f"{count * FLOWS:,} flows of nfdump's files (LZ4), one core, CPU time",
        ["what", "M flows/s", "parley is", "to load"],
        [[what, f"{rate / 1e6:.1f}", bench.times(rows[0][1] / rate), f"{load:.2f} s"]
         for what, rate, load in rows], "2 x nfdump")


def run(bench):
    names = bench.memory / "names.txt"
    kind = real_names(bench, names)
    ours = bench.found["names"] = bench.figures([bench.build / "tests" / "indicator" / "bench-indicators", names])
    yield bench.table(
        f"{ours['names_entries']:,.0f} {kind}; each asked with its parents, 1 in 100 listed; one "
        "core, CPU time",
        ["what", "figure", "target"],
        [["bytes a name, all counted", f"{ours['names_bytes']:.1f}", "45"],
         ["look-ups, 16 at a time", bench.rate(ours["names_batched"]) + " /s", "15 M/s"],
         ["one at a time", bench.rate(ours["names_single"]) + " /s", ""],
         ["all of them listed", bench.rate(ours["names_found"]) + " /s", ""],
         ["lines read, values, sets built", f"{ours['names_load_s']:.2f} s", "4 s with"],
         ["taken by the stream, the old one freed", f"{ours['names_swap_s'] * 1e3:.0f} ms", ""],
         ["1 M IPv4 addresses, bytes each", f"{ours['addresses_bytes']:.1f}", ""],
         ["looked up, 16 at a time", bench.rate(ours["addresses_batched"]) + " /s", ""]])
    used = lists(bench.memory, names)
    yield job(bench, used)
    if bench.real is None:
        return
    yield memory(bench, used)
    if bench.has("nfdump"):
        yield flows(bench, used)


if __name__ == "__main__":
    raise SystemExit(f"run ./bench {pathlib.Path(__file__).stem}")
