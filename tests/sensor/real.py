#!/usr/bin/env python3
"""Real sensor data: Zeek's logs without damage; flows as nfdump itself reads them.

  real.py DUMP REAL-DATA      ends with 77 (skipped) without the data
"""
import collections
import csv
import gzip
import io
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

FLAGS = "FSRPAUEC"  # from bit 0
NO_EVENTS = {"loaded_scripts.log": 50}  # records without ts


def dump(program, *paths):
    got = subprocess.run([program, *map(str, paths)], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True)
    return got.stdout.splitlines(), got.stderr


def rows_of(path):
    text = subprocess.run(["zstdcat", "-f", path], stdout=subprocess.PIPE, check=True).stdout
    return sum(1 for line in text.split(b"\n") if line and not line.startswith(b"#"))


def zeek(program, real):
    logs = [p for folder in ("zeek", "gpl2-slips") for p in sorted((real / folder).rglob("*"))
            if re.search(r"\.log(\.zst)?$|json\.zst$", p.name) and "eve" not in p.name]
    for path in logs:
        expected = rows_of(path) - NO_EVENTS.get(path.name, 0)
        lines, errors = dump(program, path)
        if path.name in NO_EVENTS:  # no record of it says that it is Zeek's
            assert errors.count("unknown at 0") == NO_EVENTS[path.name], (path, errors[:300])
        else:
            assert errors == "", (path, errors[:300])
        assert len(lines) == expected, (path, len(lines), expected)
    return len(logs)


def flags_number(text):
    return sum(1 << FLAGS.index(c) for c in text if c in FLAGS)


def nfdump_rows(path):
    """What nfdump says of a file, in dump's words; ICMP's type and code are no ports."""
    text = subprocess.run(["nfdump", "-6", "-r", path, "-o", "csv"], check=True,
                          stdout=subprocess.PIPE, text=True,
                          env={**os.environ, "TZ": "UTC"}).stdout
    for row in csv.DictReader(io.StringIO(text)):
        if row["td"] is None or not re.match(r"\d{4}-", row["ts"]):
            break  # the summary
        if row["sa"] == row["da"] == "0.0.0.0" and row["ipkt"] == "0":
            continue  # the tunnel of the flow before: a line more of the same record
        proto = {"TCP": "tcp", "UDP": "udp"}.get(row["pr"], "other")
        ports = (row["sp"], row["dp"]) if proto != "other" else ("", "")
        yield (row["sa"], row["da"], *ports, proto, row["ipkt"], row["ibyt"], row["opkt"],
               row["obyt"], str(flags_number(row["flg"])), row["te"])


def our_rows(lines):
    for line in lines:
        sa, da, sp, dp, proto, ipkt, ibyt, opkt, obyt, flags, ms = line.split(",")
        ports = (sp, dp) if proto != "other" else ("", "")
        second = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(int(ms) // 1000))
        yield (sa, da, *ports, proto, ipkt, ibyt, opkt, obyt, flags, second)


def compare(name, ours, theirs):
    ours, theirs = collections.Counter(ours), collections.Counter(theirs)
    if ours != theirs:
        only = list((ours - theirs).items())[:3], list((theirs - ours).items())[:3]
        sys.exit(f"FAIL {name}: only ours {only[0]}\n  only nfdump's {only[1]}")
    return sum(ours.values())


def nfcapd_files(program, real, folder):
    count = 0
    for name in ("tpot-2020-derived.nfcapd", "zeektraces.nfcapd"):
        source = real / "flows" / name
        for packing in (None, "-z=lzo", "-z=bz2", "-z=lz4", "-z=none"):
            path = source
            if packing:
                path = folder / f"{name}{packing}"
                option = {"-z=lzo": ["-z"], "-z=bz2": ["-j"], "-z=lz4": ["-y"],
                          "-z=none": []}[packing]
                subprocess.run(["nfdump", "-q", "-r", source, "-w", path, *option], check=True,
                               stdout=subprocess.DEVNULL)
            lines, errors = dump(program, path)
            assert errors == "", (path, errors[:300])
            if packing is None:
                expected = list(nfdump_rows(source))
            count += compare(path.name, our_rows(lines), expected)
    return count


def groups(folder):
    """Packets of one exporter: its templates, then its data."""
    by_vendor = collections.defaultdict(list)
    for path in sorted(folder.glob("*.dat")):
        vendor = re.sub(r"_(opttpl|tplopt|tpls?|data|dpi|tpldata|[0-9]).*$", "", path.stem)
        by_vendor[vendor].append(path)
    for vendor, paths in sorted(by_vendor.items()):
        yield vendor, sorted(paths, key=lambda p: (0 if "tpl" in p.name else 1, p.name))


def collect(packets, folder):
    """The packets as nfcapd got them by UDP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    child = subprocess.Popen(["nfcapd", "-l", folder, "-b", "127.0.0.1", "-p", str(port), "-t",
                              "3600"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for packet in packets:
            sender.sendto(packet, ("127.0.0.1", port))
            time.sleep(0.01)
    time.sleep(0.3)
    child.send_signal(signal.SIGTERM)
    child.wait(10)
    return sorted(folder.glob("nfcapd.2*"))


def messages(path):
    """One datagram each: a file of IPFIX may hold several messages."""
    data = path.read_bytes()
    while data[:2] == b"\0\x0a" and len(data) > int.from_bytes(data[2:4], "big") >= 16:
        length = int.from_bytes(data[2:4], "big")
        yield data[:length]
        data = data[length:]
    yield data


# nfdump does not read these, as Debian builds it: what is counted differs for this reason.
OTHERWISE = {
    "netflow9_test_cisco_asa": "NSEL events, which nfcapd takes only if built for them",
    "ipfix_test_procera": "IPv4 and empty IPv6 addresses in one record: nfcapd takes the empty",
    "netflow9_test_cisco_wlc": "no addresses at all, which nfdump prints as 0.0.0.0",
}


def short(row):
    """Addresses, ports, transport; what a vendor's own counters mean is read differently."""
    return row[:5]


def vendors(program, real, folder):
    count = 0
    for vendor, paths in groups(real / "flows" / "logstash-netflow"):
        lines, _ = dump(program, *paths)
        if vendor in OTHERWISE:
            print(f"{vendor}: {len(lines)} flows not compared: {OTHERWISE[vendor]}")
            continue
        out = folder / vendor
        out.mkdir()
        files = collect([m for p in paths for m in messages(p)], out)
        theirs = [short(row) for f in files for row in nfdump_rows(f)]
        count += compare(vendor, map(short, our_rows(lines)), theirs)
    return count


def main(program, real):
    if not real:
        print("no real data given")
        sys.exit(77)
    real = pathlib.Path(real)
    logs = zeek(program, real)
    with tempfile.TemporaryDirectory(prefix="parley-sensor-") as temporary:
        folder = pathlib.Path(temporary)
        flows = nfcapd_files(program, real, folder)
        packets = vendors(program, real, folder)
    print(f"{logs} logs of Zeek without damage; {flows} flows of files and "
          f"{packets} of vendors' packets as nfdump reads them")


if __name__ == "__main__":
    main(*(sys.argv[1:] + [""])[:2])
