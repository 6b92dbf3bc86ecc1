"""Indicators: ten million names, a million addresses, the whole watch job, nfdump, memory."""
import hashlib
import ipaddress
import json
import pathlib
import random
import subprocess
import time

from frame import ROOT

PACKAGES = ["nfdump"]
ADDRESSES = 1_000_000
HASHES = 200_000
WANTED = 300 << 20
FLOWS = 25  # times the flow file is read


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


def replay(bench, files, used=(), agreement=ROOT / "share" / "pact-2015.agreement.json"):
    command = [bench.parley, "watch", "replay", "--json", "--agreement", agreement]
    for path in used:
        command += ["--indicators", path]
    return command + list(files)


def job(bench, used):
    """Everything that watch does with a line, and the same without lists."""
    files = bench.eve_files()
    text = b"".join(map(bench.unpacked, files)) if files else bench.sample()
    copies = max(1, WANTED // len(text))
    path, empty = bench.cached("eve.json", [text] * copies), bench.memory / "empty.json"
    empty.write_bytes(b"")
    events, size, rows = text.count(b"\n") * copies, len(text) * copies, []
    for what, some in (("no lists", []), ("1 M addresses", used[:1]), ("and the names", used[:2]),
                       ("and the hashes", used)):
        start = bench.cpu(replay(bench, [empty], some))
        took = bench.cpu(replay(bench, [path], some)) - start
        rows.append([what, f"{events / took / 1e6:.2f}", f"{size / took / 1e6:,.0f}",
                     f"{start:.2f} s"])
    path.unlink()
    return bench.table(f"The whole watch job: {events:,} events, page-cached, one core, CPU time",
                       ["looking for", "M events/s", "MB/s", "to load"], rows,
                       "4 M events/s, 2 GB/s")


def pact(bench, folder, table):
    """An agreement whose other party has this table, whole."""
    value = json.loads((ROOT / "share" / "pact-2015.agreement.json").read_text())
    digest = hashlib.sha256(table.read_bytes()).hexdigest()
    a, b = (party["territory"] for party in value["parties"])
    a.update(prefixes=["167.172.104.173/32"], tables=[])
    a["as"] = []
    b.update(prefixes=[], tables=[{"file": table.name, "sha256": digest, "code": "XX",
                                   "valid-from": "2019-01-01T00:00:00Z"}])
    b["as"] = []
    path = folder / "whole.agreement.json"
    path.write_text(json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False) + "\n")
    return path


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
    table, prefixes = whole_table(bench, bench.memory)
    agreement = pact(bench, bench.memory, table)
    return bench.table(
        f"Memory of `watch replay` once it has loaded, {prefixes:,} prefixes of all RIRs",
        ["with", "MiB", "while it loaded"],
        [[what, *(f"{n:.0f}" for n in peak(replay(bench, [], some, *whose)))]
         for what, some, whose in (("an agreement, no table", [], []),
                                   ("all prefixes", [], [agreement]),
                                   ("and 1 M IPv4 addresses", used[:1], [agreement]))],
        "40 MiB")


def flows(bench, used):
    source = bench.real / "flows" / "tpot-2020-derived.nfcapd"
    folder = bench.memory / "flows"
    folder.mkdir()
    packed = folder / "nfcapd.202001010000"
    subprocess.run(["nfdump", "-r", source, "-w", packed, "-y"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    table, _ = whole_table(bench, bench.memory)
    agreement = pact(bench, bench.memory, table)
    query = bench.memory / "filter"
    query.write_text("src ip in [ " + " ".join(used[0].read_text().split()) + " ]\n")
    many = bench.memory / "many"
    many.mkdir()
    for n in range(FLOWS):
        (many / f"nfcapd.2020010100{n:02}").write_bytes(packed.read_bytes())
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
    return bench.table(
        f"{count * FLOWS:,} flows of nfdump's files (LZ4), one core, CPU time",
        ["what", "M flows/s", "parley is", "to load"],
        [[what, f"{rate / 1e6:.1f}", bench.times(rows[0][1] / rate), f"{load:.2f} s"]
         for what, rate, load in rows], "2 x nfdump")


def run(bench):
    names = bench.memory / "names.txt"
    kind = real_names(bench, names)
    ours = bench.figures([bench.build / "tests" / "indicator" / "bench-indicators", names])
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
