"""`parley watch replay` on one core, beside who does the same job; and every figure of watch."""
import ipaddress
import json
import random
import re
import subprocess

import eve
import indicators
import pattern
from frame import PYTHON, ROOT

PACKAGES = ["python3-ujson", "jq", "grepcidr", "nodejs"]
WANTED = 900 << 20  # bytes of input, in the page cache: long beside what it costs to load lists
APPLICATION = [b'"event_type":"%s"' % s for s in (b"ssh", b"smb", b"rdp", b"http", b"tls", b"sip")]
JOB = ROOT / "tools" / "bench" / "peers"
LISTED = [re.compile(r"[0-9]+(\.[0-9]+){3}"), re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]+"),
          re.compile(r"[0-9a-f]{64}")]
PART = 24 << 20  # bytes for who does the whole job slowly: long beside its start-up
REAL, MADE = "Real records", "Generated sample"
ONLY = "Application records only (territory at both ends of every one)"
NETS = "192.0.2.0/24 198.51.100.0/24 203.0.113.0/24"


def is_whole(line):
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def told_apart(bench, nothing, command, **options):
    """Seconds of a command without its start-up (the same with an empty file); None where they are
    less than a tenth of that start-up: such a difference is noise, and no figure."""
    start = bench.cpu(nothing, **options)
    took = bench.cpu(command, **options) - start
    return took if took > start / 10 else None


def peer(bench, command, empty, path):
    """Seconds without start-up, lines and bytes; None if the program is not there."""
    if not bench.has(command[0]) or fails(command + [empty]):
        return None
    data = path.read_bytes()
    return (told_apart(bench, command + [empty], command + [path], check=False),
            data.count(b"\n"), len(data))  # grepcidr ends with 1: nothing matched


def fails(command):
    """grep's manners: 0 and 1 are both fine as long as nothing is complained about."""
    done = subprocess.run(list(map(str, command)), stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE)
    return done.returncode > 1 or done.stderr != b""


def limits(path):
    """Who reads the same bytes and does little with them."""
    return [("wc -l (reads, finds newlines)", ["wc", "-l"], path),
            ("grepcidr, three prefixes, whole line", ["grepcidr", "-c", NETS], path)]


def seen(part):
    """Ten addresses, names and hashes that records have, so that lists are hit."""
    found = [set(), set(), set()]
    for line in part.splitlines():
        event = json.loads(line)
        found[0].add(event.get("src_ip", ""))
        found[1] |= {event.get("dns", {}).get("rrname", ""), event.get("tls", {}).get("sni", ""),
                     event.get("http", {}).get("hostname", "")}
        found[2].add(event.get("fileinfo", {}).get("sha256", ""))
    found[0] -= found[1]  # a host that is named by its address: we ask that, too, the peers do not
    return ["".join(f"{word}\n" for word in sorted(filter(LISTED[i].fullmatch, words))[::97][:10])
            for i, words in enumerate(found)]


def lists(bench, part):
    """1 M addresses, 200,000 names, 200,000 hashes: what nobody has, but for a few of each."""
    draw = random.Random(5)
    made = [bench.disk / name for name in ("addresses.txt", "names.txt", "hashes.txt")]
    real = seen(part)
    made[0].write_text(real[0] + "".join(f"{draw.randint(1, 223)}.{draw.randint(0, 255)}."
                                         f"{draw.randint(0, 255)}.{draw.randint(1, 254)}\n"
                                         for _ in range(1000000)))
    made[1].write_text(real[1] + "".join(f"{draw.getrandbits(32):08x}.bad{i % 977}.example\n"
                                         for i in range(200000)))
    made[2].write_text(real[2] + "".join(f"{draw.getrandbits(256):064x}\n"
                                         for _ in range(200000)))
    return made


def blocks(table):
    """The table as jq can look it up: by the first two numbers of an address, the spans that begin
    there, last first, as [the other two as a number, code]; "" is nobody's."""
    spans = {0: ""}
    for line in table.read_text().splitlines():
        code, prefix = line.split("\t")
        if ":" in prefix:
            continue
        net = ipaddress.ip_network(prefix)
        spans[int(net.network_address)] = code
        spans.setdefault(int(net.broadcast_address) + 1, "")
    out, last = {f"{n >> 8}.{n & 255}": [] for n in range(1 << 16)}, 0
    for first in sorted(spans):
        if first >> 32 == 0:
            out[f"{first >> 24}.{first >> 16 & 255}"].insert(0, [first & 65535, spans[first]])
    for own in out.values():
        if not own or own[-1][0] != 0:
            own.append([0, last])
        last = own[0][1]
    return out


def jq_job(bench, table, sought):
    """jq's command, its lists and table as JSON."""
    command = ["jq", "-rn", "-f", JOB / "job.jq"]
    whole = {"table": blocks(table), **{path.stem: dict.fromkeys(path.read_text().split(), True)
                                        for path in sought}}
    for name, value in whole.items():
        path = bench.disk / f"{name}.json"
        path.write_text(json.dumps(value, separators=(",", ":")))
        command += ["--slurpfile", name, path]
    return command


def jobs(bench, table, sought):
    """Who does the whole job; the file of events comes where None stands."""
    rest = [None, table, *sought]
    return [("python3 ujson, the whole job", [PYTHON, JOB / "job.py", *rest]),
            ("node JSON.parse, the whole job", ["node", JOB / "job.js", *rest]),
            ("jq, the whole job", [*jq_job(bench, table, sought), None])]


def of_file(command, path):
    return [path if word is None else word for word in command]


def counted(command):
    """What a peer prints: oriented, attributed, hits."""
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, check=True, text=True)
    return [int(word) for word in done.stdout.split()]


def ours_counted(command):
    """The same out of what we print: a line of totals, one for each listed value that was met."""
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, check=True, text=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    totals = next(line for line in lines if "oriented" in line)
    return [totals["oriented"], totals["attributed"],
            sum(line["events"] for line in lines if "list" in line)]


def job(bench, command, part, empty, expected):
    """A peer that does all of it; None where it is not there. It must find what we found."""
    if not bench.has(str(command[0])):
        return None
    found = counted(of_file(command, part))
    if found != expected:
        raise ValueError(f"{command[0]} found {found}, we {expected}: not the same job")
    data = part.read_bytes()
    return (told_apart(bench, of_file(command, empty), of_file(command, part)),
            data.count(b"\n"), len(data))


def row_of(bench, what, took, ours):
    """A peer's row; `took` as job and peer say it, `ours` in events a second."""
    if took is None or took[0] is None:
        return [what, "not installed" if took is None else "not told from its start-up", "", ""]
    seconds, lines, length = took
    return [what, f"{lines / seconds / 1e6:.3f}", f"{length / seconds / 1e6:,.0f}",
            bench.times(ours * seconds / lines)]


def measured(bench, name, text):
    part, empty = bench.disk / "part.json", bench.disk / "empty.json"
    empty.write_bytes(b"")
    part.write_bytes(b"".join(line for line in text[:PART].splitlines(True)
                              if line.endswith(b"}\n") and is_whole(line)))
    copies = max(1, WANTED // len(text))
    path = bench.cached("eve.json", [text] * copies)
    agreement = indicators.nations(bench, bench.disk)
    sought = lists(bench, part.read_bytes())
    command = [bench.parley, "watch", "replay", "--json", "--agreement", agreement, "--as",
               "cert-a"]
    wanted = command + [word for file in sought for word in ("--indicators", file)]
    events, size = text.count(b"\n") * copies, len(text) * copies
    expected = ours_counted(wanted + [part])
    start, load = bench.cpu(command + [empty]), bench.cpu(wanted + [empty])
    without = bench.cpu(command + [path]) - start
    took = bench.cpu(wanted + [path]) - load
    ours = events / took
    rows = [["parley watch replay, the whole job", f"{ours / 1e6:.2f}", f"{size / took / 1e6:,.0f}",
             ""],
            ["the same without lists", f"{events / without / 1e6:.2f}",
             f"{size / without / 1e6:,.0f}", bench.times(without / took)]]
    bench.found[name] = {"events": ours, "bytes": size / took}
    for what, program in jobs(bench, agreement.parent / "table.tsv", sought):
        theirs = job(bench, program, part, empty, expected)
        rows.append(row_of(bench, what, theirs, ours))
        if theirs and theirs[0]:
            bench.found[name][what.split()[0]] = ours * theirs[0] / theirs[1]
    for what, program, file in limits(path):
        rows.append(row_of(bench, what, peer(bench, program, empty, file), ours))
    path.unlink()
    table = bench.table(
        f"{name}: {events:,} events, mean line {size // events} bytes, one core, CPU time; "
        f"start-up of {start * 1e3:.0f} ms, with lists {load * 1e3:.0f} ms, told apart",
        ["what", "M events/s", "MB/s", "parley is"], rows, "4 M events/s, 2,000 MB/s")
    bench.note("The whole job: read, parse, orient by ports, territory of both ends by all prefixes "
               "of the RIRs, 1 M addresses, 200,000 names with their parents, 200,000 hashes. "
               "tools/bench/peers does the same, over fewer lines; where it is here, it printed our "
               "counts: {:,} oriented, {:,} attributed, {:,} listed values met.".format(*expected))
    return table


def compared(figure, target, unit=""):
    """A figure, its target and by how much it is reached or missed; "" where it was not measured."""
    if figure is None:
        return ["not measured", f"{target:g}{unit}", ""]
    part = figure / target
    text = f"{figure:,.2f}" if figure < 100 else f"{figure:,.0f}"
    return [text + unit, f"{target:g}{unit}",
            "reached" if part >= 1 else f"missed by {(1 - part) * 100:.0f} %"]


def at_most(figure, target, unit=""):
    row = compared(figure, target, unit)
    if figure is not None:
        row[2] = "reached" if figure <= target else f"missed by {(figure / target - 1) * 100:.0f} %"
    return row


def over(a, b):
    return a / b if a and b else None


def every_figure(bench):
    """What is wanted of watch, a row each."""
    f = bench.found
    real = f.get(REAL, f.get(MADE, {}))
    only = f.get(ONLY, {})
    names = f["names"]
    rows = [
        ["EVE to 13 fields, from the page cache", *compared(f["order file"], 2.4, " GB/s")],
        ["the same from memory, of simdjson On-Demand (a document a line)",
         *compared(f.get("order simdjson"), 1.2, " x")],
        ["members in a random order, from the page cache",
         *compared(f["random file"], 1.5, " GB/s")],
        ["the plain C path, of AVX2", *compared(f["order plain"], 0.6, " x")],
        ["the whole watch job", *compared(real["events"] / 1e6, 4, " M events/s")],
        ["", *compared(real["bytes"] / 1e9, 2, " GB/s")]]
    for who, target in (("python3", 20), ("node", 20), ("jq,", 100)):
        rows.append([f"of {who.strip(',')} doing the same", *compared(real.get(who), target, " x")])
        rows.append(["over application records alone", *compared(only.get(who), target, " x")])
    rows += [
        ["flows, both territories, 1 M addresses, of nfdump with the 1 M",
         *compared(over(f.get("flows"), f.get("nfdump")), 2, " x")],
        ["", *compared(f["flows"] / 1e6 if "flows" in f else None, 8, " M flows/s")],
        ["territory look-up, real stream", *compared(f.get("lookups"), 100, " M/s")],
        ["bytes a prefix", *at_most(f.get("prefix bytes"), 6.5)],
        ["of libmaxminddb that finds the entry",
         *compared(over(f.get("lookups"), f.get("maxminddb entry")), 18, " x")],
        ["of libmaxminddb that gives the code",
         *compared(over(f.get("lookups"), f.get("maxminddb code")), 18, " x")],
        ["10 M domain indicators, bytes each", *at_most(names["names_bytes"], 45)],
        ["look-ups, batched", *compared(names["names_batched"] / 1e6, 15, " M/s")],
        ["loaded and swapped, CPU",
         *at_most(names["names_load_s"] + names["names_swap_s"], 4, " s")],
        [f"patterns compiled (the slowest form: {f['compile'][1]})",
         *compared(f["compile"][0], 200000, " /s")],
        [f"pairs matched (the slowest form: {f['match'][1]})",
         *compared(f["match"][0] / 1e6, 2, " M/s")],
        ["100,000 patterns against the EVE stream, the whole watch job",
         *compared(f[f"{indicators.PATTERNS:,} STIX patterns"], 100000, " events/s")],
        ["memory with 1 M addresses and all prefixes", *at_most(f.get("memory"), 40, " MiB")],
        ["at most, while it loads", *at_most(f.get("memory loading"), 40, " MiB")]]
    return bench.table("What is wanted of watch, one core, CPU time",
                       ["what", "figure", "target", ""], rows)


def run(bench):
    files = bench.eve_files()
    text = b"".join(map(bench.unpacked, files)) if files else bench.sample()
    yield measured(bench, REAL if files else MADE, text)
    only = b"".join(line for line in text.splitlines(True)
                    if any(mark in line[:400] for mark in APPLICATION))
    yield measured(bench, ONLY, only)
    for topic in (eve, pattern, indicators):  # their tables are their own
        if topic.__name__ not in bench.found:
            for _ in topic.run(bench):
                pass
    yield every_figure(bench)
