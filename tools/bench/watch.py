"""`parley watch replay` on one core, beside what reads the same bytes."""
import json
import subprocess

from frame import PYTHON, ROOT

PACKAGES = ["python3-ujson", "jq", "grepcidr"]
WANTED = 300 << 20  # bytes of input, in memory: nothing but the page cache is read
APPLICATION = [b'"event_type":"%s"' % s for s in (b"ssh", b"smb", b"rdp", b"http", b"tls", b"sip")]
LOOP = """
import {module} as json, sys
n = 0
for line in open(sys.argv[1], "rb"):
    event = json.loads(line)
    n += (event.get("src_ip"), event.get("dest_ip")) is not None
"""
NETS = "192.0.2.0/24 198.51.100.0/24 203.0.113.0/24"


def is_whole(line):
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def peer(bench, command, empty, path):
    """Seconds without start-up, lines and bytes; None if the program is not there."""
    if not bench.has(command[0]) or fails(command + [empty]):
        return None
    start = bench.cpu(command + [empty], check=False)  # grepcidr ends with 1: nothing matched
    data = path.read_bytes()
    return bench.cpu(command + [path], check=False) - start, data.count(b"\n"), len(data)


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


def measured(bench, name, text):
    path, few = bench.memory / "eve.json", bench.memory / "few.json"
    empty = bench.memory / "empty.json"
    empty.write_bytes(b"")
    copies = max(1, WANTED // len(text))
    with path.open("wb") as out:
        for _ in range(copies):
            out.write(text)
    few.write_bytes(b"".join(line for line in text[:max(len(text) // 10, 1 << 20)].splitlines(True)
                             if line.endswith(b"}\n") and is_whole(line)))
    command = [bench.parley, "watch", "replay", "--json", "--agreement",
               ROOT / "share" / "pact-2015.agreement.json", "--as", "cert-a"]
    events, size = text.count(b"\n") * copies, len(text) * copies
    start = bench.cpu(command + [empty])
    ours = bench.cpu(command + [path]) - start
    rows = [["parley watch replay", f"{events / ours / 1e6:.2f}", f"{size / ours / 1e6:,.0f}", ""]]
    for what, program, file in peers(path, few):
        took = peer(bench, program, empty, file)
        if took is None:
            rows.append([what, "not installed", "", ""])
            continue
        seconds, lines, length = took
        rate = lines / seconds
        rows.append([what, f"{rate / 1e6:.2f}", f"{length / seconds / 1e6:,.0f}",
                     bench.times(events / ours / rate)])
    path.unlink()
    return bench.table(f"{name}: {events:,} events, mean line {size // events} bytes, one core, "
                       f"CPU time; start-up of {start * 1e3:.0f} ms told apart",
                       ["what", "M events/s", "MB/s", "parley is"], rows, "2.5 M events/s")


def run(bench):
    files = bench.eve_files()
    text = b"".join(map(bench.unpacked, files)) if files else bench.sample()
    yield measured(bench, "Real records" if files else "Generated sample", text)
    only = b"".join(line for line in text.splitlines(True)
                    if any(mark in line[:400] for mark in APPLICATION))
    yield measured(bench, "Application records only (territory at both ends of every one)", only)
