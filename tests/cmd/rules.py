#!/usr/bin/env python3
"""parley rules export: what sensors read is what was meant, by readers that share nothing with it.

  rules.py PARLEY
Each target's files are read by a slow reader of its own here; nftables, BIND and nfdump check
theirs themselves where they are installed.
"""
import base64
import csv
import hashlib
import io
import ipaddress
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

PARLEY = sys.argv[1]
UNTIL = "2097-01-01T00:00:00Z"
GOOD = [  # value, kind, id
    ("192.0.2.1", "ipv4", "case-1"),
    ("198.51.100.0/24", "subnet", 'id;"|x'),
    ("2001:db8:0:0:1::1", "ipv6", "indicator--2"),
    ("192.0.2.7:443", "endpoint", "ep"),
    ("bad.example", "domain", "dom"),
    ("evil.example/a?b=c;d|e\\x", "url", "u"),
    ("d41d8cd98f00b204e9800998ecf8427e", "md5", "h"),
    ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "sha256", "h2"),
]
BAD = [  # what must not go out, and why
    ("192.0.2.201", "ipv4", UNTIL, "red", "green", "tlp"),
    ("192.0.2.202", "ipv4", UNTIL, "green", "red", "pap"),
    ("192.0.2.203", "ipv4", "2020-01-01T00:00:00Z", "green", "green", "expired"),
    ("192.0.2.204", "ipv4", "", "", "", "tlp"),
]


def ident(text):
    return "".join(c if re.match(r"[A-Za-z0-9._/-]", c) else "%%%02X" % ord(c) for c in text)


def write_list(path, rows):
    with path.open("w", newline="") as out:
        table = csv.writer(out)
        table.writerow(["indicator", "type", "valid_until", "tlp", "pap", "id"])
        table.writerows(rows)
    return path


def run(*args, code=0):
    done = subprocess.run([PARLEY, "rules", "export", *map(str, args)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    assert done.returncode == code, (args, done.returncode, done.stderr)
    return done.stdout.decode(), done.stderr.decode()


def export(folder, source, target, *flags):
    out = folder / target
    out.mkdir(exist_ok=True)
    summary = json.loads(run(source, "--as", target, "--out", out, "--json", *flags)[0])
    return {f["file"]: (out / f["file"]).read_text() for f in summary["files"]}, summary


def refused(summary, kinds):
    want = {"tlp": 2, "pap": 1, "expired": 1, "kind": len(GOOD) - kinds}
    assert {r: n for r, n in summary["refused"].items() if n} == {k: v for k, v in want.items() if v}
    assert summary["taken"] == kinds, summary


def body(text):
    return [line for line in text.split("\n") if line and line[0] not in "#;"]


# ---- Suricata, read as its user guide has it

RULE = re.compile(r"alert (\S+) (\S+) (\S+) (<>|->) (\S+) (\S+) \((.*)\)")


def options(text):
    """keyword[:value]; with strings in quotes, in which a backslash takes the next character."""
    found, at = [], 0
    while text[at:].strip():
        m = re.match(r'\s*([a-z0-9_.]+)(?::((?:"(?:[^"\\]|\\.)*"|[^;"])*))?;', text[at:])
        assert m, text[at:]
        found.append((m.group(1), m.group(2)))
        at += m.end()
    return found


def content(text):
    assert text[0] == text[-1] == '"'
    parts = text[1:-1].split("|")
    return b"".join(bytes.fromhex(p) if i % 2 else p.encode() for i, p in enumerate(parts))


def suricata(folder, source):
    files, summary = export(folder, source, "suricata")
    refused(summary, len(GOOD))
    rules = [(m.groups(), options(m.group(7))) for m in map(RULE.fullmatch, body(files["parley.rules"]))]
    sids = [dict(o)["sid"] for _, o in rules]
    assert len(set(sids)) == len(sids) and all(1500000 <= int(s) < 2000000 for s in sids)
    heads = [head[4] for head, _ in rules]
    assert "[192.0.2.1]" in heads and "[198.51.100.0/24]" in heads, heads
    assert [h[5] for h, _ in rules if h[4] == "[192.0.2.7]"] == ["443", "443"]
    contents = [[content(v) for k, v in o if k == "content"] for _, o in rules]
    assert contents.count([b".bad.example"]) == 3, contents
    assert [b"evil.example", b"/a?b=c;d|e\\x"] in contents, contents
    for _, o in rules:
        o = dict(o)
        assert "metadata" in o and "rev" in o and "msg" in o, o
        if "filemd5" not in o and "filesha256" not in o:
            assert re.search(r"tlp green, pap green, until 20970101T000000Z", o["metadata"]), o
    assert any(ident('id;"|x') in dict(o)["metadata"] for _, o in rules)
    md5, sha = (body(files[f"parley-{n}.list"]) for n in ("md5", "sha256"))
    assert md5[0].startswith(GOOD[6][0] + " h tlp:green") and sha[0].startswith(GOOD[7][0] + " h2 ")
    assert {dict(o).get("filemd5") for _, o in rules} == {None, "parley-md5.list"}


def suricata_dataset(folder, source):
    files, summary = export(folder, source, "suricata-dataset")
    refused(summary, 3)
    names, ips = (files[f"parley-{n}.lst"].split() for n in ("name", "ip"))
    assert [base64.b64decode(n) for n in names] == [b"bad.example"]
    assert [ipaddress.ip_address(i) for i in ips] == [ipaddress.ip_address(GOOD[i][0]) for i in (0, 2)]
    for name in ("name", "ip"):  # line by line: the value, then whose it is
        lst, index = (files[f"parley-{name}.{e}"].splitlines() for e in ("lst", "index"))
        assert [line.split(" ")[0] for line in index] == lst
        assert all("until:20970101T000000Z" in line for line in index), index
    loads = re.findall(r"dataset:isset,(\S+?),type (\S+?),load (\S+?);", files["parley-dataset.rules"])
    assert all(load in files for _, _, load in loads) and len(loads) == 5, loads
    gone, _ = run(source, "--as", "suricata-dataset", "--withdraw")
    assert f"dataset-remove parley-name string {names[0]}\n" in gone
    assert "dataset-remove parley-ip ip 192.0.2.1\n" in gone


def suricata_iprep(folder, source):
    files, summary = export(folder, source, "suricata-iprep")
    refused(summary, 3)
    rows = [line.split(",") for line in body(files["parley-iprep.list"])]
    category = files["parley-categories.txt"].split(",")
    assert all(ipaddress.ip_network(a) and c == category[0] and 1 <= int(s) <= 127
               for a, c, s in rows) and int(category[0]) <= 60
    assert f"iprep:any,{category[1]},>,0" in files["parley-iprep.rules"]


# ---- Zeek: the framework's reader of tab-separated files

TYPES = {"ADDR", "SUBNET", "URL", "DOMAIN", "FILE_HASH"}


def unescape(text):
    return re.sub(r"\\x([0-9a-f]{2})", lambda m: chr(int(m.group(1), 16)), text)


def zeek(folder, source):
    files, summary = export(folder, source, "zeek")
    refused(summary, len(GOOD) - 1)
    lines = files["parley.intel"].splitlines()
    fields = lines[0].split("\t")
    assert fields == ["#fields", "indicator", "indicator_type", "meta.source", "meta.desc",
                      "meta.url", "meta.do_notice"]
    rows = [dict(zip(fields[1:], line.split("\t"), strict=True)) for line in lines[1:]]
    want = [GOOD[i][0] for i in (0, 1, 2, 4, 5, 6, 7)]
    got = [unescape(r["indicator"]) for r in rows]
    assert [str(ipaddress.ip_address(g)) if ":" in g and "/" not in g else g for g in got] == \
        [str(ipaddress.ip_address(w)) if w.startswith("2001") else w for w in want], got
    for row in rows:
        assert row["indicator_type"].split("::")[1] in TYPES and row["meta.do_notice"] == "T"
        assert "tlp:green pap:green until:20970101T000000Z" in row["meta.desc"], row
        assert "://" not in row["indicator"]
    assert "do_expire" in files["parley-expire.zeek"]
    _, said = run(source, "--as", "zeek", "--withdraw", code=2)
    assert "--without" in said, said


# ---- nftables, RPZ, nfdump: by their own programs, too

def may_use_nft():
    if shutil.which("nft") is None or os.geteuid() != 0:
        return False
    return subprocess.run(["nft", "list", "tables"], capture_output=True).returncode == 0


def nftables(folder, source):
    files, summary = export(folder, source, "nftables")
    refused(summary, 3)
    added = re.findall(r"add element inet parley (seen[46]) \{ (\S+) timeout (\d+)s comment \"([^\"]*)\" \}",
                       files["parley.nft"])
    assert [(s, ipaddress.ip_network(a).version) for s, a, _, _ in added] == \
        [("seen4", 4), ("seen4", 4), ("seen6", 6)], added
    assert all("until:20970101T000000Z" in c and int(t) > 0 for _, _, t, c in added)
    gone, _ = run(source, "--as", "nftables", "--withdraw")
    removed = re.findall(r"delete element inet parley (seen[46]) \{ (\S+) \}", gone)
    # what was added, and whatever else that was once permitted: its marking may have changed since
    assert set((s, a) for s, a, _, _ in added) <= set(removed), removed
    if may_use_nft():
        both = folder / "both.nft"
        both.write_text(files["parley.nft"] + "\n".join(
            f"delete element inet parley {s} {{ {a} }}" for s, a, _, _ in added) + "\n")
        for path in (folder / "nftables" / "parley.nft", both):
            done = subprocess.run(["nft", "-c", "-f", path], capture_output=True, text=True)
            assert done.returncode == 0, done.stderr


def rpz_network(name):
    parts = name.split(".")[:-1]
    if len(parts) == 5:
        return ipaddress.ip_network(".".join(parts[:0:-1]) + f"/{parts[0]}")
    groups = ["" if g == "zz" else g for g in parts[:0:-1]]
    text = ":".join(groups)
    text = (":" if text.startswith(":") else "") + text + (":" if text.endswith(":") else "")
    return ipaddress.ip_network(f"{text}/{parts[0]}")


def rpz(folder, source):
    files, summary = export(folder, source, "rpz")
    refused(summary, 4)
    records = re.findall(r"^(\S+) CNAME (\S+) ; (.*)$", files["parley.rpz"], re.M)
    assert {target for _, target, _ in records} == {"rpz-passthru."}, records
    assert {n for n, _, _ in records if not n.endswith("rpz-ip")} == {"bad.example", "*.bad.example"}
    assert {rpz_network(n) for n, _, _ in records if n.endswith("rpz-ip")} == \
        {ipaddress.ip_network(GOOD[i][0]) for i in (0, 1, 2)}
    assert all("until:20970101T000000Z" in about for _, _, about in records)
    gone, _ = run(source, "--as", "rpz", "--withdraw", "--zone", "x.rpz")
    assert "update delete *.bad.example.x.rpz. CNAME\n" in gone and gone.endswith("send\n")
    if shutil.which("named-checkzone"):
        subprocess.run(["named-checkzone", "-q", "parley.rpz", folder / "rpz" / "parley.rpz"],
                       check=True)


def nfdump(folder, source):
    files, summary = export(folder, source, "nfdump")
    assert summary["taken"] == 5, summary  # stored flows: PAP red is permitted
    code = " ".join(line.split("#")[0] for line in files["parley.filter"].splitlines()).split()
    assert code[:3] == ["ip", "in", "["] and "192.0.2.202" in code and "443)" in code, code
    if shutil.which("nfdump"):
        for path in (folder / "nfdump" / "parley.filter",):
            done = subprocess.run(["nfdump", "-Z", "-f", path], capture_output=True, text=True)
            assert done.returncode == 0 and "error" not in done.stdout + done.stderr, done


# ---- a feed of MISP, read as PyMISP makes one (mispevent.py: manifest, hash_values)

def feed_of(files):
    manifest = json.loads(files["manifest.json"])
    (uuid, about), = manifest.items()
    assert {"Orgc", "Tag", "info", "date", "analysis", "threat_level_id", "timestamp"} == set(about)
    event = json.loads(files[uuid + ".json"])["Event"]
    for name, value in about.items():
        assert event[name] == value, name
    uuids = [event["uuid"], event["Orgc"]["uuid"]] + [a["uuid"] for a in event["Attribute"]]
    assert len(set(uuids)) == len(uuids) and event["uuid"] == uuid
    for one in uuids:  # what MISP takes for one
        assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-5][0-9a-f]{3}-[089ab][0-9a-f]{3}-"
                            r"[0-9a-f]{12}", one), one
    hashes = files["hashes.csv"].split()
    assert set(hashes) == {hashlib.md5(v.encode()).hexdigest() + "," + uuid
                           for a in event["Attribute"] if not a["deleted"]
                           for v in (a["value"].split("|") if "|" in a["type"] else [a["value"]])}
    return event


def misp_feed(folder, source):
    files, summary = export(folder, source, "misp-feed", "--feed", "cert-a")
    refused(summary, len(GOOD))
    event = feed_of(files)
    got = {(a["type"], a["value"]) for a in event["Attribute"]}
    assert {("ip-src", "198.51.100.0/24"), ("ip-dst", "198.51.100.0/24"), ("domain", "bad.example"),
            ("ip-dst|port", "192.0.2.7|443"), ("url", GOOD[5][0])} <= got, got
    assert all(a["to_ids"] and a["Tag"][0]["name"] == "tlp:green" and "until:2097" in a["comment"]
               for a in event["Attribute"])
    assert "tlp:green" in [t["name"] for t in event["Tag"]]
    path = folder / "misp-feed" / (event["uuid"] + ".json")
    again, _ = export(folder, path, "csv")  # read by our own importer
    rows = {(r["type"], r["indicator"]) for r in csv.DictReader(io.StringIO(again["parley.csv"]))}
    first, _ = export(folder, source, "csv")
    assert rows == {(r["type"], r["indicator"])
                    for r in csv.DictReader(io.StringIO(first["parley.csv"]))}, rows
    gone = write_list(folder / "gone.csv", [("bad.example", "domain", UNTIL, "red", "red", "dom")])
    files, _ = export(folder, gone, "misp-feed", "--feed", "cert-a", "--withdraw")
    taken, = feed_of(files)["Attribute"]
    was, = [a for a in event["Attribute"] if a["value"] == "bad.example"]
    assert taken["deleted"] and not taken["to_ids"] and taken["uuid"] == was["uuid"]


# ---- plain

def plain(folder, source):
    files, summary = export(folder, source, "csv")
    refused(summary, len(GOOD))
    rows = list(csv.DictReader(io.StringIO(files["parley.csv"])))
    assert [r["type"] for r in rows] == [kind for _, kind, _ in GOOD]
    assert [r["indicator"] for r in rows if r["type"] == "url"] == [GOOD[5][0]]
    again, _ = export(folder, folder / "csv" / "parley.csv", "csv")  # read by our own importer
    cells = [dict(r, source="", id="") for r in rows]
    assert [dict(r, source="", id="") for r in csv.DictReader(io.StringIO(again["parley.csv"]))] == cells
    text, _ = run(source, "--as", "list")
    values = body(text)
    assert len(values) == len(GOOD) and values[0] == "192.0.2.1", values


def what_is_left_out_is_not_there(folder, source):
    gone = write_list(folder / "gone.csv", [("192.0.2.1", "ipv4", UNTIL, "red", "red", "")])
    text, said = run(source, "--as", "list", "--without", gone)
    assert "192.0.2.1\n" not in text and "1 left out" in said, said


def unmarked_is_red_unless_said(folder, _):
    bare = folder / "bare.txt"
    bare.write_text("192.0.2.55\nbad2.example\n")
    text, said = run(bare, "--as", "list")
    assert body(text) == [] and "2 refused: tlp" in said, said
    text, _ = run(bare, "--as", "list", "--tlp", "green", "--pap", "amber")
    assert body(text) == ["192.0.2.55", "bad2.example"] and "pap:amber until:" in text, text


def what_is_asked_wrongly_is_said(folder, source):
    for args, words in (([source, "--as", "nothing"], "rules targets"), ([source], "rules targets"),
                        (["--as", "zeek"], "--cases"), ([source, "--as", "zeek"], "--out"),
                        ([source, "--as", "rpz", "--zone", "a;b"], "--zone"),
                        ([source, "--as", "misp-feed", "--feed", "a b", "--out", "."], "--feed"),
                        ([source, "--as", "list", "--rev", "0"], "--rev")):
        _, said = run(*args, code=2)
        assert words in said, (args, said)
    run(folder / "nowhere", "--as", "list", code=8)


def main():
    with tempfile.TemporaryDirectory(prefix="parley-rules-") as path:
        folder = pathlib.Path(path)
        rows = [(v, k, UNTIL, "green", "green", i) for v, k, i in GOOD]
        source = write_list(folder / "feed.csv", rows + [b[:5] + ("b",) for b in BAD])
        for test in (suricata, suricata_dataset, suricata_iprep, zeek, nftables, rpz, nfdump,
                     misp_feed, plain,
                     what_is_left_out_is_not_there, unmarked_is_red_unless_said,
                     what_is_asked_wrongly_is_said):
            test(folder, source)
            print("ok", test.__name__)
    return 0


if __name__ == "__main__":
    sys.exit(main())
