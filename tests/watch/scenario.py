#!/usr/bin/env python3
"""One scenario, written as EVE, Zeek and flows, gives the same incidents.

  scenario.py PARLEY SOURCE           checks
  scenario.py --write FOLDER          writes the files alone

Where a format does not carry a fact the difference is stated here: NetFlow v5 has no IPv6, and a
flow of one direction proves by its flags alone (low becomes moderate confidence, never high).
"""
import ipaddress
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

OURS = "192.0.2.10"
PORT = {"ssh": 22, "smb": 445, "rdp": 3389, "http": 80, "tls": 443, "sip": 5060}
START = 1767312000000  # 2026-01-02T00:00:00Z, in ms
HELD = 2000            # ms a connection lasts; its record's time is its end
FIELDS = ("article", "from", "source", "service", "targets", "first", "last", "opened", "events")
SYN, ACK, PSH, FIN, RST = 2, 16, 8, 1, 4


class Connection:
    """kind: talk (both spoke), probe (one SYN), answer (a SYN-ACK that nobody here asked for)."""

    def __init__(self, end, service, client, server, kind="talk", ports=None):
        self.end, self.service, self.kind = end, service, kind
        self.client, self.server = client, server
        self.cport, self.sport = ports or (40000 + end % 20000, PORT[service])
        self.udp = service == "sip"


def connections():
    rng, hour, made = random.Random(7), 3600 * 1000, []

    def burst(begin, service, source, count, seconds, target=OURS, **more):
        for _ in range(count):
            made.append(Connection(START + begin + rng.randrange(seconds * 1000), service, source,
                                   target, **more))

    burst(2 * hour, "ssh", "198.51.100.23", 160, 5400)
    burst(9 * hour, "ssh", "198.51.100.23", 70, 1800)      # comes back after the gap
    burst(5 * hour, "rdp", "203.0.113.77", 90, 2400, "192.0.2.25")
    burst(5 * hour, "rdp", "203.0.113.77", 30, 2400, "192.0.2.80")
    burst(6 * hour, "http", "203.0.113.9", 60, 1800)
    burst(7 * hour, "smb", "198.51.100.99", 49, 3000)      # just below the threshold
    burst(8 * hour, "tls", "2001:db8:b::7", 75, 3000, "2001:db8:a::10")
    burst(14 * hour, "ssh", "2001:db8:f::bad", 200, 1800, "2001:db8:a::10")  # nobody's territory
    # What must accuse nobody.
    burst(10 * hour, "ssh", "198.51.100.66", 300, 600, kind="probe")   # spoofed for all we know
    burst(11 * hour, "http", "198.51.100.67", 300, 600, kind="answer")  # backscatter
    burst(12 * hour, "sip", "203.0.113.5", 400, 1800)                  # UDP: unproven
    for n in range(300):                                                # reflected DNS on 5060
        made.append(Connection(START + 13 * hour + n * 1000, "sip", "198.51.100.53", OURS,
                               ports=(53, 5060)))
    burst(15 * hour, "ssh", "10.1.2.3", 200, 1800)                      # private
    made.sort(key=lambda c: (c.end, c.client))
    return made


def stamp(ms):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000)) + f".{ms % 1000:03}000"


def ends(c):
    """As the packet's sender and receiver stand in a record: an answer comes from port 80."""
    client, server = (c.client, c.cport), (c.server, c.sport)
    return (((c.client, c.sport), (c.server, c.cport)) if c.kind == "answer" else (client, server))


def write_eve(path, all_of):
    with path.open("w") as out:
        for c in all_of:
            (src, sport), (dest, dport) = ends(c)
            kind = c.service if c.kind == "talk" and c.cport != 53 else "flow"
            if kind == "rdp":  # the sensor's trap: the victim as source
                src, sport, dest, dport = dest, dport, src, sport
            row = {"timestamp": stamp(c.end) + "+0000", "flow_id": 1, "event_type": kind,
                   "src_ip": src, "src_port": sport, "dest_ip": dest, "dest_port": dport,
                   "proto": "UDP" if c.udp else "TCP", kind: {}}
            out.write(json.dumps(row, separators=(",", ":")) + "\n")


def conn_row(c):
    (src, sport), (dest, dport) = ends(c)
    state, history, counts = {
        "talk": ("SF", "ShADadFf", (9, 7)), "probe": ("S0", "S", (1, 0)),
        "answer": ("SHR", "h", (0, 1))}[c.kind]
    if c.udp:
        state, history, counts = "SF", "Dd", (2, 2)
    if c.kind == "answer":  # Zeek turns it: the sender of a SYN-ACK is no originator
        src, sport, dest, dport = dest, dport, src, sport
    held = HELD if c.kind == "talk" else 0
    names = {"tls": "ssl"}
    row = {"ts": (c.end - held) / 1000, "uid": f"C{c.end}{c.cport}", "id.orig_h": src,
           "id.orig_p": sport, "id.resp_h": dest, "id.resp_p": dport,
           "proto": "udp" if c.udp else "tcp"}
    if c.kind == "talk" and c.cport != 53:
        row["service"] = names.get(c.service, c.service)
    if held:
        row["duration"] = held / 1000
    return {**row, "conn_state": state, "history": history, "orig_pkts": counts[0],
            "resp_pkts": counts[1]}


def write_zeek_json(path, all_of):
    with path.open("w") as out:
        for c in all_of:
            out.write(json.dumps({"_path": "conn", **conn_row(c)}, separators=(",", ":")) + "\n")


def write_zeek_tsv(path, all_of):
    names = ["ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "service",
             "duration", "conn_state", "history", "orig_pkts", "resp_pkts"]
    with path.open("w") as out:
        for n, c in enumerate(all_of):
            if n % 500 == 0:  # the log begins anew in the same file, with other columns
                names.append(names.pop(1))
                out.write("#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n"
                          "#unset_field\t-\n#path\tconn\n#fields\t" + "\t".join(names) + "\n")
            row = conn_row(c)
            row = {**row, "ts": f"{row['ts']:.6f}"}
            if "duration" in row:
                row["duration"] = f"{row['duration']:.6f}"
            out.write("\t".join(str(row.get(name, "-")) for name in names) + "\n")


def write_zeek_logs(path, all_of):
    """The application logs in one stream, with their connections at the end of each."""
    names = {"tls": "ssl", "smb": "smb_mapping"}
    with path.open("w") as out:
        for c in all_of:
            row = conn_row(c)
            if "service" in row:
                log = {k: v for k, v in row.items() if k.startswith(("uid", "id."))}
                out.write(json.dumps({"_path": names.get(c.service, c.service),
                                      "ts": stamp(c.end) + "Z", **log}) + "\n")
            out.write(json.dumps({"_path": "conn", **row}) + "\n")


# ---- flows

def halves(c):
    """(packets, bytes, flags) of the sender and of the answer; the answer None where it is none."""
    if c.udp:
        return (2, 300, 0), (2, 500, 0)
    if c.kind == "probe":
        return (1, 60, SYN), None
    if c.kind == "answer":
        return (1, 60, SYN | ACK), None
    return (9, 1200, SYN | ACK | PSH | FIN), (7, 1900, SYN | ACK | PSH | FIN)


def one_way(c):
    """A record for each direction."""
    src, dest = ends(c)
    there, back = halves(c)
    yield src, dest, there, c
    if back:
        yield dest, src, back, c


def v5(all_of):
    base, sequence = START, 0
    flows = [f for c in all_of if ":" not in c.client for f in one_way(c)]
    for i in range(0, len(flows), 30):
        part = flows[i:i + 30]
        now = part[-1][3].end
        head = struct.pack("!HHIIIIHH", 5, len(part), now - base, now // 1000,
                           now % 1000 * 1000000, sequence, 0, 0)
        body = b""
        for src, dest, (packets, octets, flags), c in part:
            body += struct.pack("!4s4s4sHHIIIIHHBBBBHHBBH", socket.inet_aton(src[0]),
                                socket.inet_aton(dest[0]), b"\0" * 4, 1, 2, packets, octets,
                                c.end - HELD - base, c.end - base, src[1], dest[1], 0, flags,
                                17 if c.udp else 6, 0, 0, 0, 0, 0, 0)
        sequence += len(part)
        yield head + body


def template(version, both, six):
    fields = [(27, 16), (28, 16)] if six else [(8, 4), (12, 4)]
    fields += [(7, 2), (11, 2), (4, 1), (6, 1), (2, 4), (1, 4)]
    fields += [(152, 8), (153, 8)] if version == 10 else [(22, 4), (21, 4)]
    text = b"".join(struct.pack("!HH", *f) for f in fields)
    count = len(fields)
    if both:
        text += b"".join(struct.pack("!HHI", 0x8000 | i, n, 29305) for i, n in ((2, 4), (1, 4),
                                                                              (6, 1)))
        count += 3
    return struct.pack("!HH", 301 if six else 300, count) + text


def record(version, f, both, base):
    src, dest, (packets, octets, flags), c = f
    out = ipaddress.ip_address(src[0]).packed + ipaddress.ip_address(dest[0]).packed
    out += struct.pack("!HHBBII", src[1], dest[1], 17 if c.udp else 6, flags, packets, octets)
    if version == 10:
        out += struct.pack("!QQ", c.end - HELD, c.end)
    else:
        out += struct.pack("!II", c.end - HELD - base, c.end - base)
    if both:
        back = halves(c)[1] or (0, 0, 0)
        out += struct.pack("!IIB", *back)
    return out


def sets(version, part, both, base, with_template):
    body = b""
    for six in (False, True):
        if with_template:
            text = template(version, both, six)
            body += struct.pack("!HH", 2 if version == 10 else 0, 4 + len(text)) + text
        flows = [record(version, f, both, base) for f in part if (":" in f[0][0]) == six]
        if flows:
            text = b"".join(flows)
            text += b"\0" * (-len(text) % 4)
            body += struct.pack("!HH", 301 if six else 300, 4 + len(text)) + text
    return body


def messages(version, all_of, both):
    """v9 counts messages, IPFIX records. The template comes again now and then."""
    flows = [f for c in all_of for f in ([next(one_way(c))] if both else one_way(c))]
    sequence, base = 0, START
    for number, i in enumerate(range(0, len(flows), 20)):
        part = flows[i:i + 20]
        now = part[-1][3].end
        body = sets(version, part, both, base, number % 10 == 0)
        if version == 10:
            yield struct.pack("!HHIII", 10, 16 + len(body), now // 1000, sequence, 7) + body
        else:
            now = now // 1000 * 1000 + 1000
            yield struct.pack("!HHIIII", 9, len(part), now - base, now // 1000, sequence, 7) + body
        sequence += len(part) if version == 10 else 1


def write_packets(path, packets):
    path.write_bytes(b"".join(packets))


def write_nfcapd(path, packets):
    """By nfdump's own collector, over loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = path.with_suffix(".d")
    folder.mkdir()
    child = subprocess.Popen(["nfcapd", "-l", folder, "-b", "127.0.0.1", "-p", str(port), "-z",
                              "-t", "3600"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for packet in packets:
            sender.sendto(packet, ("127.0.0.1", port))
            time.sleep(0.002)
    time.sleep(0.5)
    child.send_signal(signal.SIGTERM)
    child.wait(20)
    shutil.copy(next(folder.glob("nfcapd.2*")), path)


def write_all(folder):
    all_of = connections()
    by_end = sorted(all_of, key=lambda c: c.end)
    write_eve(folder / "eve.json", all_of)
    write_zeek_json(folder / "conn.json", all_of)
    write_zeek_tsv(folder / "conn.log", all_of)
    write_zeek_logs(folder / "logs.json", all_of)
    write_packets(folder / "flows.v5", v5(by_end))
    write_packets(folder / "flows.v9", messages(9, by_end, False))
    write_packets(folder / "flows.ipfix", messages(10, by_end, True))
    if shutil.which("nfcapd"):
        write_nfcapd(folder / "flows.nfcapd", messages(9, by_end, False))


def agreement(source, folder):
    value = json.loads((source / "share" / "pact-2015.agreement.json").read_text())
    ours, theirs = (party["territory"] for party in value["parties"])
    ours["prefixes"] = sorted(set(ours["prefixes"]) | {"192.0.2.0/24", "2001:db8:a::/48"})
    theirs["prefixes"] = sorted(set(theirs["prefixes"]) | {"198.51.100.0/24", "203.0.113.0/24",
                                                           "2001:db8:b::/48"})
    path = folder / "pact.agreement.json"
    path.write_text(json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False) + "\n")
    return path


def replay(parley, pact, path):
    got = subprocess.run([parley, "watch", "replay", "--json", "--agreement", pact, "--as",
                          "cert-a", path], stdout=subprocess.PIPE, text=True)
    assert got.returncode == 0, (path, got.stdout)
    rows = [json.loads(line) for line in got.stdout.splitlines()]
    assert rows[-1]["damaged_lines"] == 0, (path, rows[-1])
    assert rows[-1]["by_rule"] == {}, (path, rows[-1])
    return rows[:-1]


def main(parley, source):
    with tempfile.TemporaryDirectory(prefix="parley-scenario-") as temporary:
        folder = pathlib.Path(temporary)
        write_all(folder)
        pact = agreement(pathlib.Path(source), folder)
        expected = replay(parley, pact, folder / "eve.json")
        assert len(expected) == 5 and {r["confidence"] for r in expected} == {"high"}, expected
        for name in ("conn.json", "conn.log", "logs.json", "flows.ipfix", "flows.v9", "flows.v5",
                     "flows.nfcapd"):
            if not (folder / name).exists():
                print(f"{name}: nfcapd is not installed")
                continue
            want = [r for r in expected if name != "flows.v5" or ":" not in r["source"]]
            got = replay(parley, pact, folder / name)
            same = [{k: r[k] for k in FIELDS} for r in got]
            assert same == [{k: r[k] for k in FIELDS} for r in want], (name, same, want)
            weak = name in ("flows.v9", "flows.v5", "flows.nfcapd")
            for row in got:
                assert row["confidence"] == ("moderate" if weak else "high"), (name, row)
                assert ("one-sided" in row["reasons"]) == weak, (name, row)
            print(f"{name}: the same {len(got)} incidents")


if __name__ == "__main__":
    os.environ["TZ"] = "UTC"
    if sys.argv[1] == "--write":
        write_all(pathlib.Path(sys.argv[2]))
    else:
        main(sys.argv[1], sys.argv[2])
