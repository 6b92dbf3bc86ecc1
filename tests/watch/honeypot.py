#!/usr/bin/env python3
"""A honeypot's log against the slow reference: each connection that it accepted is a contact.

  honeypot.py PARLEY SOURCE REAL-DATA    without REAL-DATA, on a log made of the generated sample

The reference reads EVE alone: it is given each ssh connection of the log as the record that
Suricata would have written.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import real

POT = "172.23.0.2"  # how the real pot names itself, behind its host's address
CONNECT = "cowrie.session.connect"


def sample_log(source, folder):
    """The generated sample's ssh records, as the pot would have told of them, and its small talk."""
    path = folder / "sample.cowrie.json"
    with path.open("w") as out:
        for line in subprocess.run([sys.executable, source / "share" / "make-sample"],
                                   stdout=subprocess.PIPE, text=True,
                                   check=True).stdout.splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue  # the sample has damaged lines
            if event.get("event_type") != "ssh":
                continue
            said = {"src_ip": event["src_ip"], "session": "0",
                    "timestamp": event["timestamp"].replace("+0000", "Z")}
            ends = {"src_port": event["src_port"], "dst_ip": event["dest_ip"],
                    "dst_port": event["dest_port"], "protocol": "ssh"}
            for record in ({"eventid": CONNECT, **ends, **said},
                           {"eventid": "cowrie.login.failed", "username": "\"ts\"", **said},
                           {"eventid": "cowrie.session.closed", **said}):
                out.write(json.dumps(record) + "\n")
    return path


def as_eve(log, path):
    """What Suricata would have said of the pot's ssh connections."""
    lines = subprocess.run(["zstdcat", "-f", log], stdout=subprocess.PIPE, check=True).stdout
    count = 0
    with path.open("w") as out:
        for line in lines.splitlines():
            record = json.loads(line)
            count += 1
            if record["eventid"] == CONNECT and record["protocol"] == "ssh":
                out.write(json.dumps({
                    "timestamp": record["timestamp"].replace("Z", "+0000"), "event_type": "ssh",
                    "src_ip": record["src_ip"], "src_port": record["src_port"],
                    "dest_ip": record["dst_ip"], "dest_port": record["dst_port"],
                    "proto": "TCP"}) + "\n")
    return count


def main(parley, source, captures):
    source = pathlib.Path(source)
    with tempfile.TemporaryDirectory(prefix="parley-honeypot-") as temporary:
        folder = pathlib.Path(temporary)
        if captures:
            pact, _ = real.real_files(source, pathlib.Path(captures), folder)
            value = json.loads(pact.read_text())
            value["parties"][0]["territory"]["prefixes"] = [POT + "/32"]
            pact.write_text(json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False) + "\n")
            logs = sorted((pathlib.Path(captures) / "cowrie").glob("*.zst"))
        else:
            pact = real.agreement(source, folder, lambda value: None)
            logs = [sample_log(source, folder)]
        assert logs
        for log in logs:
            eve = folder / "as.eve.json"
            count = as_eve(log, eve)
            ours, totals = real.run([parley, "watch", "replay", "--json", "--agreement", pact,
                                     "--as", "cert-a", log])
            expected, _ = real.run([sys.executable, source / "tests" / "watch" / "reference.py",
                                    pact, "cert-a", eve])
            assert expected, "the log shows nothing"
            assert totals["events"] == count and totals["damaged_lines"] == 0, totals
            cut = [[{name: row[name] for name in real.FIELDS} for row in rows]
                   for rows in (ours, expected)]
            assert cut[0] == cut[1], (log, len(ours), len(expected))
            print(f"{log.name}: {count} records, {len(ours)} incidents, as the reference finds")


main(*sys.argv[1:])
