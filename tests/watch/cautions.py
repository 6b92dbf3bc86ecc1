#!/usr/bin/env python3
"""Lists that lower confidence, checked against plain Python: cautions.py PARLEY SOURCE.

Replays bursts of 24 sources without lists, takes some of them, and says for each incident by the rule
alone (README.md of src/watch) which reasons and which confidence it must have with them.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import real

LEVELS = ["low", "moderate", "high"]
BIT = {"warning": "source-warning-list", "vpn": "source-vpn", "tor": "source-tor",
       "scanner": "source-scanner"}


def incidents(parley, agreement, files, *more):
    out = subprocess.run([parley, "watch", "replay", "--json", "--agreement", str(agreement),
                          *more, *files], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True)
    return [row for row in map(json.loads, out.stdout.splitlines()) if "article" in row]


def bursts(path):
    """A source an hour: 60 completed ssh contacts within ten minutes."""
    with path.open("w") as out:
        for hour in range(24):
            source = f"{'198.51.100' if hour % 2 else '203.0.113'}.{100 + hour}"
            for n in range(60):
                out.write(json.dumps({
                    "timestamp": f"2026-01-02T{hour:02}:{n // 6:02}:{n % 6 * 10:02}.000000+0000",
                    "event_type": "ssh", "src_ip": source, "src_port": 40000 + n,
                    "dest_ip": "192.0.2.10", "dest_port": 22, "proto": "TCP"}) + "\n")
    return [str(path)]


def overlaps(row, begin, end):
    """Of the incident's events, are there some in [begin, end)? None: this cannot say."""
    if row["last"] < begin or row["first"] >= end:
        return False
    if begin <= row["first"] and row["last"] < end:
        return True
    return None


def expected(row, kinds):
    level = LEVELS.index(row["confidence"])
    level -= bool({"warning", "scanner"} & kinds)
    if {"vpn", "tor"} & kinds:
        level = 0
    return LEVELS[max(level, 0)], set(row["reasons"]) | {BIT[k] for k in kinds}


def main(parley, source):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        agreement = real.agreement(pathlib.Path(source), folder, lambda value: None)
        files = bursts(folder / "eve.json")
        plain = incidents(parley, agreement, files)
        sources = sorted({row["source"] for row in plain if row["source"]})
        assert len(plain) == 24 and len(sources) == 24, "too small a sample"
        begin, end = "2026-01-02T00:00:00Z", "2026-01-02T12:00:00Z"
        use, lists = [], []
        for i, kind in enumerate(BIT):
            path = folder / f"{kind}.txt"
            members = sources[i::3]
            if kind == "warning":
                path.write_text(json.dumps({"name": "n", "type": "cidr",
                                            "list": [f"{m}/32" for m in members if ":" not in m]}))
                members = [m for m in members if ":" not in m]
            else:
                path.write_text("\n".join(members) + "\n")
            dated = i % 2 == 0
            use += ["--lists", f"{kind}@{begin}/{end}={path}" if dated else f"{kind}={path}"]
            lists.append((kind, set(members), dated))
        told = incidents(parley, agreement, files, *use)
        assert len(told) == len(plain)
        checked = lowered = 0
        for before, after in zip(plain, told):
            spans = {k: overlaps(before, begin[:19], end[:19]) if dated else True
                     for k, members, dated in lists if before["source"] in members}
            if None in spans.values():
                continue
            kinds = {k for k, holds in spans.items() if holds}
            confidence, reasons = expected(before, kinds)
            assert after["confidence"] == confidence, (before, after, kinds)
            assert set(after["reasons"]) == reasons, (before, after, kinds)
            for member in before.keys() - {"confidence", "reasons"}:
                assert before[member] == after[member], member
            checked += 1
            lowered += confidence != before["confidence"]
        assert checked > len(plain) // 2 and lowered > 0, (checked, lowered)
        print(f"{checked} of {len(plain)} incidents as the rule says, {lowered} of them lowered")


if __name__ == "__main__":
    main(*sys.argv[1:])
