#!/usr/bin/env python3
"""Lists held against a replay: every sighting is what plain Python finds, no more and no fewer.

  sought.py PARLEY SOURCE REAL-DATA     without REAL-DATA on the generated sample, with lists made
                                        out of what it holds; with it, on real lists, too
"""
import csv
import ipaddress
import json
import pathlib
import subprocess
import sys
import tempfile
from collections import Counter

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import real

TEXTS = (("dns", "rrname"), ("tls", "sni"), ("http", "hostname"))
HASHES = (("fileinfo", "sha256"), ("fileinfo", "sha1"), ("fileinfo", "md5"))


def address(text):
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def host_alone(text):
    if text.startswith("["):
        return text[1:text.find("]")]
    head, colon, port = text.rpartition(":")
    return head if colon and port.isdigit() else text


def asked(event):
    """Addresses and names that a record holds, by README.md's words."""
    ends = [address(event.get(name, "")) for name in ("src_ip", "dest_ip")]
    names = []
    for part, member in TEXTS:
        value = event.get(part, {})
        value = value.get(member) if isinstance(value, dict) else None
        if not value:
            continue
        value = host_alone(value) if member == "hostname" else value
        if address(value):
            ends.append(address(value))
        else:
            names.append(value.lower().rstrip("."))
    return [e for e in ends if e], names


def read(lines):
    """The records among them; a damaged line is none."""
    out = []
    for line in lines:
        try:
            out.append(json.loads(line))
        except ValueError:
            continue
    return out


def expected(events, addresses, subnets, names):
    count = Counter()
    for event in events:
        ends, hosts = asked(event)
        met = set()
        for end in ends:
            met |= {str(end)} if end in addresses else set()
            met |= {str(net) for net in subnets if end.version == net.version and end in net}
        for host in hosts:
            labels = host.split(".")
            met |= {".".join(labels[i:]) for i in range(len(labels))} & names
        count.update(met)  # an event that holds one twice counts once
    return count


def sightings(parley, agreement, lists, files):
    command = [parley, "watch", "replay", "--json", "--agreement", str(agreement)]
    for path in lists:
        command += ["--indicators", str(path)]
    out = subprocess.run(command + [str(f) for f in files], stdout=subprocess.PIPE, check=True)
    rows = [json.loads(line) for line in out.stdout.splitlines()]
    return [row for row in rows if "list" in row]


def compare(found, wanted, what):
    have = Counter({row["value"]: row["events"] for row in found})
    if have != wanted:
        sys.exit(f"FAIL {what}: more {dict(have - wanted)}, fewer {dict(wanted - have)}")
    print(f"{what}: {len(wanted)} indicators, {sum(wanted.values())} sightings, as Python finds")


def stix(folder, value, begin, end):
    path = folder / "one.stix2.json"
    path.write_text(json.dumps({"type": "bundle", "objects": [
        {"type": "indicator", "id": "indicator--1", "pattern": f"[ipv4-addr:value = '{value}']",
         "valid_from": begin, "valid_until": end}]}))
    return path


def validity(parley, agreement, files, events, folder):
    """The event's time decides whether an indicator was valid."""
    source = next(e["src_ip"] for e in events if "src_ip" in e)
    begin, end = "2026-01-02T06:00:00Z", "2026-01-02T18:00:00Z"
    met = [e for e in events if ipaddress.ip_address(source) in asked(e)[0]]
    total = len(met)
    rows = sightings(parley, agreement, [stix(folder, source, begin, end)], files)
    inside = sum(begin[:19] <= e["timestamp"][:19] < end[:19] for e in met)
    assert rows[0]["events"] == total and rows[0]["outside"] == total - inside, rows
    assert 0 < inside < total and "partly-out-of-validity" in rows[0]["reasons"], rows
    print(f"validity: {inside} of {total} inside")


def made_lists(events, folder):
    """A third of all addresses, a subnet and half the names that the sample holds."""
    ends, names = set(), set()
    for event in events:
        e, n = asked(event)
        ends.update(e)
        names.update(n)
    ends = set(sorted(ends, key=str)[::3])
    nets = {ipaddress.ip_network(f"{e}/24", strict=False) for e in list(ends) if e.version == 4}
    names = {n.split(".", 1)[1] if n.count(".") > 1 else n for n in sorted(names)[::2] if "." in n}
    path = folder / "made.txt"
    path.write_text("\n".join(map(str, [*ends, *nets, *names])) + "\n")
    return path, ends, nets, names


def maltrail(data, folder):
    ends, names = set(), set()
    text = subprocess.run(["zstdcat", data / "lists" / "maltrail-2026-08.tsv.zst"],
                          stdout=subprocess.PIPE, check=True).stdout.decode()
    path = folder / "maltrail.txt"
    with path.open("w") as out:
        for kind, value, *_ in csv.reader(text.splitlines(), delimiter="\t",
                                          quoting=csv.QUOTE_NONE):
            if kind == "domain" and "." in value:
                names.add(value.lower())
            elif kind == "ipv4":
                ends.add(ipaddress.ip_address(value))
            else:
                continue
            out.write(f"{value}\n")
    return path, ends, set(), names


def ipsum(data, folder):
    ends = set()
    text = subprocess.run(["zstdcat", data / "lists" / "ipsum-2026-08-22.txt.zst"],
                          stdout=subprocess.PIPE, check=True).stdout.decode()
    ends = {ipaddress.ip_address(row.split()[0]) for row in text.splitlines() if row[0] != "#"}
    path = folder / "ipsum.txt"
    path.write_text(text)
    return path, ends, set(), set()


def main(parley, source, data):
    source = pathlib.Path(source)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        agreement, files = real.sample_files(source, folder)
        events = read(pathlib.Path(files[0]).read_bytes().splitlines())
        path, *sets = made_lists(events, folder)
        compare(sightings(parley, agreement, [path], files), expected(events, *sets), "sample")
        validity(parley, agreement, files, events, folder)
        if not data:
            return
        data = pathlib.Path(data)
        files = [data / "eve" / f"tpot-2020-{n}.eve.json.zst" for n in ("1", "2")]
        events = read(subprocess.run(["zstdcat", *files], stdout=subprocess.PIPE,
                                     check=True).stdout.splitlines())
        for make in (maltrail, ipsum):
            path, *sets = make(data / "indicators", folder)
            compare(sightings(parley, agreement, [path], files), expected(events, *sets),
                    make.__name__)


if __name__ == "__main__":
    main(*sys.argv[1:])
