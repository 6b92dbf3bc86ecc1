#!/usr/bin/env python3
"""Who began a flow, by the sensor's own word: `parley watch replay` against the slow reference.

  flowid.py PARLEY SOURCE

RDP on odd ports, which Suricata writes with either end as source: an alert of version 7 or later
names the flow's source (flow.src_ip), and a later record of the same flow id is oriented by it.
"""
import json
import pathlib
import random
import subprocess
import sys
import tempfile

from scenario import OURS, START, agreement, stamp

FIELDS = ("article", "from", "source", "service", "targets", "first", "last", "opened", "events")
HOUR = 3600 * 1000


def record(at, number, kind, src, dest, **more):
    return {"timestamp": stamp(at) + "+0000", "flow_id": number, "event_type": kind,
            "src_ip": src[0], "src_port": src[1], "dest_ip": dest[0], "dest_port": dest[1],
            "proto": "TCP", **more}


def tale(rng, begin, number, client, told, port=13389, wrong=False):
    """One connection: (alert, rdp record). told: "before", "after", "inside" the record itself,
    "no"; `wrong`: the alert's ends are another flow's."""
    ends = [(client, 40000 + number % 20000), (OURS, port)]
    rng.shuffle(ends)
    alert = record(begin, number, "alert", *(ends if rng.random() < 0.5 else ends[::-1]),
                   alert={"signature_id": 1, "severity": 3},
                   flow={"pkts_toserver": 3, "start": stamp(begin), "src_ip": client,
                         "dest_ip": OURS})
    if wrong:
        alert["dest_port"] = alert["dest_port"] + 1
    rdp = record(begin + 500, number, "rdp", *ends, rdp={"tx_id": 0})
    if told == "inside":
        rdp["flow"] = {"src_ip": client}
    return {"before": [alert, rdp], "after": [rdp, alert], "inside": [rdp], "no": [rdp]}[told]


def made():
    rng, lines, number = random.Random(3), [], 100
    bursts = [("before", "198.51.100.11", {}), ("after", "198.51.100.12", {}),
              ("inside", "198.51.100.13", {}), ("no", "198.51.100.14", {}),
              ("before", "198.51.100.15", {"wrong": True}),
              ("no", "198.51.100.16", {"port": 3389}), ("before", "198.51.100.17", {"port": 3389})]
    for n, (told, client, more) in enumerate(bursts):
        for k in range(80):
            number += 1
            lines += tale(rng, START + n * HOUR + k * 1000, number, client, told, **more)
    for k in range(80):  # a flow that was picked up in its middle, told backwards
        lines.append(record(START + 9 * HOUR + k * 1000, 7, "rdp", ("198.51.100.18", 50000),
                            (OURS, 3389), flow={"src_ip": OURS}))
    return lines


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return rows[:-1], rows[-1]


def main(parley, source):
    source = pathlib.Path(source)
    with tempfile.TemporaryDirectory(prefix="parley-flowid-") as temporary:
        folder = pathlib.Path(temporary)
        path = folder / "eve.json"
        path.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n"
                                for line in made()))
        pact = agreement(source, folder)
        ours, totals = run([parley, "watch", "replay", "--json", "--agreement", pact, "--as",
                            "cert-a", path])
        expected, plain = run([sys.executable, source / "tests" / "watch" / "reference.py", pact,
                               "cert-a", path])
        got = [{k: row[k] for k in FIELDS} for row in ours]
        assert got == expected, (got, expected)
        for name in ("events", "matched", "twice", "incidents", "damaged_lines"):
            assert totals[name] == plain[name], (name, totals[name], plain[name])
        assert [row["source"] for row in got] == [
            f"198.51.100.{n}" for n in (11, 13, 16, 17)], got
        assert {row["events"] for row in got} == {80} and totals["damaged_lines"] == 0, totals
    print(f"{len(got)} incidents of {totals['matched']} matched: what nobody told stays open")


if __name__ == "__main__":
    main(*sys.argv[1:3])
