"""From the raw line to the verdict: what `parley watch explain` shows of an incident, and what it
says when a sample was damaged or is gone."""
import base64
import hashlib
import json
import pathlib
import socket
import sqlite3
import time

from notice import bytes_of_folder, incident_of, released, sees, VICTIM
from sensors import add, free_port, look_for, scenario

COUNT = 120  # of the article's 50 within an hour
# A user agent that would write backwards, and what a terminal is shown of it.
HOSTILE = "\x1b[2J\u202egpj.exe"
SHOWN = "\\u001b[2J\\u{202E}gp"


def line(n):
    return json.dumps(
        {"timestamp": "2026-01-02T00:%02d:%02d.000000+0000" % (n // 60, n % 60), "event_type": "http",
         "src_ip": "198.51.100.7", "src_port": 1024 + n, "dest_ip": VICTIM, "dest_port": 80,
         "proto": "TCP", "http": {"http_user_agent": HOSTILE}, "note": n},
        ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def hostile(folder):
    path = pathlib.Path(folder) / "eve.json"
    path.write_bytes(b"".join(line(n) for n in range(COUNT)))
    return [f"sensor-1={path}:once"]


def explained(party, incident):
    return party.json("watch", "explain", incident["id"])


def the_sample_is_the_line(pair, sample):
    """Byte by byte what the sensor wrote, where the answer says, and its digest is the file's."""
    wrote = (pair.folder / "eve.json").read_bytes()
    raw = base64.b64decode(sample["raw"])
    assert wrote[sample["offset"]:sample["offset"] + sample["length"]] == raw, sample
    assert base64.b64encode(hashlib.sha256(raw).digest()).decode() == sample["digest"]
    assert sample["check"] == "holds" and sample["line"].encode() == raw, sample
    assert sample["source"] == "sensor-1", sample


def the_chain_is_whole(account, nth):
    assert account["nth"] == nth and account["ground"] == "dest-serves", account
    assert account["initiator"]["address"] == "198.51.100.7", account
    assert account["initiator"]["party"] == "cert-b" and account["initiator"]["test"] == "prefix"
    assert account["responder"]["address"] == VICTIM and account["responder"]["party"] == "cert-a"
    assert account["contact"]["proof"] == "two-way" and account["contact"]["because"], account
    assert "x-parley-event:x_party_from = 'other'" in account["held"], account


def a_damaged_sample_is_said(pair, incident):
    """Somebody changed one kept line in the store, and another is gone: the rest is told."""
    a = pair.a
    a.stop()
    base = sqlite3.connect(a.node / "desk" / "parley.db")
    rows = base.execute("SELECT rowid FROM records ORDER BY rowid").fetchall()
    assert len(rows) == 2, rows
    base.execute("UPDATE records SET raw = raw || x'20' WHERE rowid = ?", rows[0])
    base.execute("DELETE FROM records WHERE rowid = ?", rows[1])
    base.commit()
    base.close()
    a.serve()
    answer = explained(a, incident)
    assert [s["check"] for s in answer["samples"]] == ["differs", "not-kept"], answer["samples"]
    told = a.parley_ok("watch", "explain", incident["id"])
    assert "DAMAGED" in told and "nothing but its digest is there" in told, told


def a_case_goes_to_the_sensors(party, case):
    """Its source, under its own marking: what nobody marked for that action stays."""
    text = party.parley_ok("rules", "export", "--cases", "--pap", "amber", "--as", "list")
    assert f"# {case} tlp:" in text and "\n198.51.100.7\n" in text, text
    answer = party.json("rules", "export", "--cases", "--as", "list")
    assert answer["refused"]["pap"] == 1 and answer["taken"] == 0, answer
    answer = party.json("rules", "export", "--cases", "--withdraw", "--as", "nftables")
    assert answer["taken"] == 0, answer  # it is open


def an_incident_is_explained_from_line_to_verdict(pair):
    a, b = pair.a, pair.b
    incident = incident_of(a)
    answer = explained(a, incident)
    assert len(answer["samples"]) == 2, answer  # events 50 and 100
    for sample, nth in zip(answer["samples"], (50, 100)):
        the_sample_is_the_line(pair, sample)
        the_chain_is_whole(sample["account"], nth)
    told = a.parley_ok("watch", "explain", incident["id"])
    assert "\x1b" not in told and "\u202e" not in told and SHOWN in told, told
    for words in ("50 events within 3600 s: event 50 came 49.000 s after the first",
                  "computed anew: it holds", "120 of 120 events", "none came from",
                  "only the destination's port is the service's"):
        assert words in told, (words, told)
    # The digests were committed when captured; a NOTICE takes nothing else of the samples along.
    a.until(lambda: all("evidence" in s for s in explained(a, incident)["samples"]),
            "the evidence root commits to the samples", 60)
    case = released(a, a.json("case", "new", "--incident", incident["id"], "--yes",
                              officer="ivanova"))
    sees(b, case, "NOTICE")
    pair.settle()
    for path, data in bytes_of_folder(b.node).items():
        assert b"gpj.exe" not in data and VICTIM.encode() not in data, path
    a_case_goes_to_the_sensors(a, case)
    a_damaged_sample_is_said(pair, incident)


def often(agreement):
    agreement["evidence"]["period"] = 60


an_incident_is_explained_from_line_to_verdict.sensors = hostile
an_incident_is_explained_from_line_to_verdict.change = often


PORT = free_port()


def apart(folder):
    """Suricata on one link, an exporter of one-way flows on another."""
    (pathlib.Path(folder) / "eve.json").touch()
    return [f"tap={pathlib.Path(folder) / 'eve.json'}:follow",
            f"flows=udp:127.0.0.1:{PORT}:follow"]


def rdp_between_odd_ports(at, number, kind, source="198.51.100.7"):
    """As Suricata 7 writes it: the victim as the record's source, the flow's own in the alert."""
    row = {"timestamp": scenario.stamp(at) + "+0000", "flow_id": 1 + number, "event_type": kind,
           "src_ip": VICTIM, "src_port": 13389, "dest_ip": source, "dest_port": 20000 + number,
           "proto": "TCP"}
    if kind == "alert":
        row.update(alert={"signature_id": 1, "severity": 3}, flow={"src_ip": source})
    return json.dumps(row) + "\n"


def two_places_and_a_flows_own_word_are_told(pair):
    a, log = pair.a, pair.folder / "eve.json"
    a.stop()
    sensors = json.loads((a.node / "settings.json").read_text())["sensors"]
    for sensor, place in zip(sensors, ("border", "datacentre")):
        sensor["place"] = place
    look_for(a, sensors=sensors)
    a.serve()
    begin = int(time.time() * 1000) - 30000
    flows = [scenario.Connection(begin + n * 100, "rdp", "198.51.100.7", VICTIM)
             for n in range(20)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        for packet in scenario.messages(10, flows, False):
            out.sendto(packet, ("127.0.0.1", PORT))
    add(log, "".join(rdp_between_odd_ports(begin + n * 100, n, kind)
                     for n in range(100) for kind in ("alert", "rdp")))
    a.until(lambda: a.json("watch", "sources")["totals"]["matched"] == 120, "all are read", 30)
    add(log, rdp_between_odd_ports(begin + 230000, 999, "rdp"))  # time goes on
    incident = a.until(lambda: a.json("watch", "incidents")["incidents"], "the incident", 30)[0]
    told = a.parley_ok("watch", "explain", incident["id"])
    assert {"several-places", "one-sided", "direction-turned"} <= set(incident["reasons"]), incident
    assert incident["confidence"] == "high", incident
    for words in ("2 places that are independent of one another", "several-places: ", "flow-id-dest",
                  "a record before, of the same flow id"):
        assert words in told, (words, told)


two_places_and_a_flows_own_word_are_told.sensors = apart
