"""`parley watch replay` on one core, beside what reads the same bytes."""
import json
import random
import subprocess

from frame import PYTHON, ROOT

PACKAGES = ["python3-ujson", "jq", "grepcidr", "nodejs"]
WANTED = 300 << 20  # bytes of input, in memory: nothing but the page cache is read
APPLICATION = [b'"event_type":"%s"' % s for s in (b"ssh", b"smb", b"rdp", b"http", b"tls", b"sip")]
LOOP = """
import {module} as json, sys
n = 0
for line in open(sys.argv[1], "rb"):
    event = json.loads(line)
    n += (event.get("src_ip"), event.get("dest_ip")) is not None
"""
# The whole job by the fastest parser that Debian's Python has: both ends' territories, and whether
# addresses, name and hash are listed.
JOB = """
import bisect, ipaddress, sys, ujson
starts, codes = [], []
for line in open(sys.argv[2]):
    code, prefix = line.split()
    if ":" not in prefix:
        net = ipaddress.ip_network(prefix)
        starts.append(int(net.network_address)); codes.append(code)
order = sorted(range(len(starts)), key=starts.__getitem__)
starts = [starts[i] for i in order]; codes = [codes[i] for i in order]
addresses, names, hashes = (set(open(path).read().split()) for path in sys.argv[3:6])
def number(text):
    a, b, c, d = text.split(".")
    return int(a) << 24 | int(b) << 16 | int(c) << 8 | int(d)
hits = 0
for line in open(sys.argv[1], "rb"):
    event = ujson.loads(line)
    for end in (event.get("src_ip"), event.get("dest_ip")):
        if end and ":" not in end:
            codes[bisect.bisect(starts, number(end)) - 1]
        hits += end in addresses
    if "dns" in event:
        name = event["dns"].get("rrname", "")
        while name:
            hits += name in names
            name = name.partition(".")[2]
    if "fileinfo" in event:
        hits += event["fileinfo"].get("sha256") in hashes
"""
NODE_JOB = """
const fs = require("fs"), [file, table, ...lists] = process.argv.slice(1);
const number = t => { const p = t.split("."); return p[0] * 16777216 + p[1] * 65536 + p[2] * 256 + +p[3]; };
const rows = [];
for (const line of fs.readFileSync(table, "latin1").split("\\n")) {
  const [code, prefix] = line.split("\\t");
  if (prefix && !prefix.includes(":")) rows.push([number(prefix.split("/")[0]), code]);
}
rows.sort((a, b) => a[0] - b[0]);
const starts = Float64Array.from(rows, r => r[0]);
const [addresses, names, hashes] = lists.map(p => new Set(fs.readFileSync(p, "latin1").split("\\n")));
const place = n => { let a = 0, b = starts.length; while (a < b) { const m = (a + b) >> 1; if (starts[m] <= n) a = m + 1; else b = m; } return a; };
let hits = 0, sum = 0;
for (const line of fs.readFileSync(file, "utf8").split("\\n")) {
  if (!line) continue;
  const event = JSON.parse(line);
  for (const end of [event.src_ip, event.dest_ip]) {
    if (end && !end.includes(":")) sum += place(number(end));
    hits += addresses.has(end);
  }
  if (event.dns) for (let name = event.dns.rrname || ""; name; name = name.includes(".") ? name.slice(name.indexOf(".") + 1) : "") hits += names.has(name);
  if (event.fileinfo) hits += hashes.has(event.fileinfo.sha256);
}
"""
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


def peers(whole, part):
    """Name, command, and on which file: those that are slow get a tenth of whole lines."""
    return [("wc -l (reads, finds newlines)", ["wc", "-l"], whole),
            ("grepcidr, three prefixes, whole line", ["grepcidr", "-c", NETS], whole),
            ("jq, two members", ["jq", "-c", "[.src_ip,.dest_ip]"], part),
            ("python3 json.loads, two members",
             [PYTHON, "-c", LOOP.format(module="json")], part),
            ("python3 ujson.loads, two members",
             [PYTHON, "-c", LOOP.format(module="ujson")], part)]


def lists(bench):
    """1 M addresses, 200,000 names, 200,000 hashes: what nobody has, but for chance."""
    draw = random.Random(5)
    made = [bench.disk / name for name in ("addresses.txt", "names.txt", "hashes.txt")]
    made[0].write_text("".join(f"{draw.randint(1, 223)}.{draw.randint(0, 255)}."
                               f"{draw.randint(0, 255)}.{draw.randint(1, 254)}\n"
                               for _ in range(1000000)))
    made[1].write_text("".join(f"{draw.getrandbits(32):08x}.bad{i % 977}.example\n"
                               for i in range(200000)))
    made[2].write_text("".join(f"{draw.getrandbits(256):064x}\n" for _ in range(200000)))
    return made


def job(bench, program, few, empty, sought):
    """A peer that does all of it; None without the real table."""
    if not bench.real or not bench.has(program[0]):
        return None
    table = bench.disk / "table.tsv"
    table.write_bytes(bench.unpacked(bench.real / "territory" / "rir-country-2026-02-01.tsv.zst"))
    if fails(program + [empty, table, *sought]):
        return None
    data = few.read_bytes()
    return (told_apart(bench, program + [empty, table, *sought], program + [few, table, *sought]),
            data.count(b"\n"), len(data))


def measured(bench, name, text):
    few, empty = bench.disk / "few.json", bench.disk / "empty.json"
    empty.write_bytes(b"")
    copies = max(1, WANTED // len(text))
    path = bench.cached("eve.json", [text] * copies)
    few.write_bytes(b"".join(line for line in text[:max(len(text) // 10, 1 << 20)].splitlines(True)
                             if line.endswith(b"}\n") and is_whole(line)))
    part = bench.disk / "part.json"  # for who does the whole job: long beside its start-up
    part.write_bytes(b"".join(line for line in text[:48 << 20].splitlines(True)
                              if line.endswith(b"}\n") and is_whole(line)))
    command = [bench.parley, "watch", "replay", "--json", "--agreement",
               ROOT / "share" / "pact-2015.agreement.json", "--as", "cert-a"]
    events, size = text.count(b"\n") * copies, len(text) * copies
    start = bench.cpu(command + [empty])
    ours = bench.cpu(command + [path]) - start
    sought = lists(bench)
    wanted = command + [word for file in sought for word in ("--indicators", file)]
    load = bench.cpu(wanted + [empty])
    whole = bench.cpu(wanted + [path]) - load
    rows = [["parley watch replay", f"{events / ours / 1e6:.2f}", f"{size / ours / 1e6:,.0f}", ""],
            ["the same, looking for 1 M addresses, 200,000 names and 200,000 hashes",
             f"{events / whole / 1e6:.2f}", f"{size / whole / 1e6:,.0f}",
             bench.times(ours / whole)]]
    for what, program in (("python3 ujson, the whole job", [PYTHON, "-c", JOB]),
                          ("node JSON.parse, the whole job", ["node", "-e", NODE_JOB])):
        took = job(bench, program, part, empty, sought)
        if took is None:
            rows.append([what, "not here", "", ""])
            continue
        if took[0] is None:
            rows.append([what, "not told from its start-up", "", ""])
            continue
        rate = took[1] / took[0]
        rows.append([what, f"{rate / 1e6:.2f}", f"{took[2] / took[0] / 1e6:,.0f}",
                     bench.times(events / whole / rate)])
    for what, program, file in peers(path, few):
        took = peer(bench, program, empty, file)
        if took is None:
            rows.append([what, "not installed", "", ""])
            continue
        seconds, lines, length = took
        if seconds is None:
            rows.append([what, "not told from its start-up", "", ""])
            continue
        rate = lines / seconds
        rows.append([what, f"{rate / 1e6:.2f}", f"{length / seconds / 1e6:,.0f}",
                     bench.times(events / ours / rate)])
    path.unlink()
    return bench.table(f"{name}: {events:,} events, mean line {size // events} bytes, one core, "
                       f"CPU time; start-up of {start * 1e3:.0f} ms, with lists {load * 1e3:.0f} ms, "
                       f"told apart",
                       ["what", "M events/s", "MB/s", "parley is"], rows,
                       "4 M events/s, 2,000 MB/s, with the lists")


def run(bench):
    files = bench.eve_files()
    text = b"".join(map(bench.unpacked, files)) if files else bench.sample()
    yield measured(bench, "Real records" if files else "Generated sample", text)
    only = b"".join(line for line in text.splitlines(True)
                    if any(mark in line[:400] for mark in APPLICATION))
    yield measured(bench, "Application records only (territory at both ends of every one)", only)
