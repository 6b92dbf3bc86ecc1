#!/usr/bin/env python3
"""What `parley watch replay --json` must find, done slowly and plainly, sharing nothing with it.

  reference.py AGREEMENT PARTY FILE...     (.zst files are read through zstd)
The article it knows: two-way application contact (ssh, smb, rdp, http, tls) from the other
party's territory on ours, N events within W seconds per source and service, over when G seconds
pass without one. Prints one incident a line, then the totals.
"""
import datetime
import ipaddress
import json
import pathlib
import subprocess
import sys

PORTS = {"ssh": {22}, "smb": {139, 445}, "rdp": {3389}, "http": {80, 8000, 8080, 8088},
         "tls": {443}, "sip": {5060, 5061}}
TWO_WAY = set(PORTS) - {"sip"}


def lines(path):
    if path.endswith(".zst"):
        data = subprocess.run(["zstd", "-dcq", path], stdout=subprocess.PIPE, check=True).stdout
        return [line for line in data.split(b"\n") if line.strip()]
    return [line for line in pathlib.Path(path).read_bytes().split(b"\n") if line.strip()]


def microseconds(text):
    since = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    t = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")
    return (t - since) // datetime.timedelta(microseconds=1)


def rfc3339(us):
    return (datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=us)).strftime(
        "%Y-%m-%dT%H:%M:%S.%fZ")


class Territory:
    """Declared prefixes first, then the tables that are valid at the time; longest prefix wins."""

    def __init__(self, agreement, folder):
        self.declared, self.tables, self.seen = [], [], {}
        for party in agreement["parties"]:
            land = party["territory"]
            self.declared += [(ipaddress.ip_network(p), party["id"]) for p in land["prefixes"]]
            for table in land["tables"]:
                by_length = {}
                for line in lines(str(folder / table["file"])):
                    code, prefix = line.decode().split("\t")
                    net = ipaddress.ip_network(prefix)
                    nets = by_length.setdefault((net.version, net.prefixlen), {})
                    nets[int(net.network_address)] = code
                until = table.get("valid-until", "9999-12-31T23:59:59Z")
                self.tables.append(
                    (table["valid-from"], until, table["code"], party["id"], by_length))

    def party(self, text, us):
        key = (text, rfc3339(us)[:10])
        if key not in self.seen:
            self.seen[key] = self.look(ipaddress.ip_address(text), rfc3339(us)[:19] + "Z")
        return self.seen[key]

    def look(self, address, when):
        for _, party in sorted((-n.prefixlen, p) for n, p in self.declared if address in n):
            return party
        for begin, end, code, party, by_length in self.tables:
            if not begin <= when < end:
                continue
            width = address.max_prefixlen
            for length in range(width, -1, -1):
                nets = by_length.get((address.version, length), {})
                first = int(address) >> (width - length) << (width - length)
                if first in nets:
                    if nets[first] == code:
                        return party
                    break
        return None


def flow_of(event):
    """A flow is its id and both its ends, whichever way a record has them."""
    ends = frozenset((event.get(way + "_ip"), event.get(way + "_port")) for way in ("src", "dest"))
    return event.get("flow_id"), ends


def said(event):
    """Who began its flow by the record's own word, if that is one of its two ends."""
    flow = event.get("flow")
    source = flow.get("src_ip") if isinstance(flow, dict) else None
    ends = event.get("src_ip"), event.get("dest_ip")
    return source if source in ends and ends[0] != ends[1] else None


def orient(event, own, before):
    """(initiator, responder), or None where nothing tells. `before`: who began by what a record
    before said of the same flow."""
    service, src, dest = event.get("event_type"), event.get("src_ip"), event.get("dest_ip")
    if service not in PORTS or src is None or dest is None:
        return None
    serves = [event.get(port) in PORTS[service] for port in ("src_port", "dest_port")]
    word = said(event)
    if word:
        if serves == ([True, False] if word == src else [False, True]):
            return None  # its port says otherwise
        return (src, dest) if word == src else (dest, src)
    if src in own and serves[0]:
        return dest, src
    if service in ("rdp", "sip") and serves == [False, False]:
        return before and ((src, dest) if before == src else (dest, src))
    return src, dest


def find(matches, count, within, gap):
    """One group's incidents: matches are (time, target, as they come)."""
    recent, current, found = [], None, []
    for us, target in matches:
        if current and us - current["last"] > gap:
            found.append(current)
            current, recent = None, []
        if current:
            current.update(events=current["events"] + 1, last=us)
            current["targets"].add(target)
            continue
        recent = [(t, x) for t, x in recent if us - within < t] + [(us, target)]
        if len(recent) == count:
            current = dict(first=recent[0][0], last=us, opened=us, events=count,
                           targets={x for _, x in recent})
    return found + [current] * bool(current)


def main(agreement_path, me, *files):
    agreement = json.loads(pathlib.Path(agreement_path).read_text())
    territory = Territory(agreement, pathlib.Path(agreement_path).parent)
    article = next(a for a in agreement["articles"] if a["carries"] == "NOTICE")
    other = next(p["id"] for p in agreement["parties"] if p["id"] != me)
    totals = dict(events=0, matched=0, twice=0, incidents=0, damaged_lines=0)
    records, groups, per_file, seen = [], {}, [0] * len(files), set()
    for number, path in enumerate(files):
        begun = {}  # of this file's flows
        for at, line in enumerate(lines(path)):
            try:
                event = json.loads(line)
                us = microseconds(event["timestamp"])
                event["event_type"]
            except (ValueError, KeyError, TypeError):
                totals["damaged_lines"] += 1
                continue
            totals["events"] += 1
            per_file[number] += 1
            if said(event):
                begun.setdefault(flow_of(event), set()).add(said(event))
            words = begun.get(flow_of(event), ())
            before = next(iter(words)) if len(words) == 1 else None
            if event["event_type"] in PORTS:
                records.append((us, number, at, event, line, before))
    records.sort(key=lambda r: r[:3])
    own = {e[k] for _, _, _, e, _, _ in records for k in ("src_ip", "dest_ip")
           if k in e and territory.party(e[k], 0) == me}
    for us, _, _, event, line, before in records:
        ends = orient(event, own, before)
        if not ends or event["event_type"] not in TWO_WAY:
            continue
        if territory.party(ends[0], us) == other and territory.party(ends[1], us) == me:
            totals["matched"] += 1
            if (us, line) in seen:  # the same record of the same moment, however often it comes
                totals["twice"] += 1
                continue
            seen.add((us, line))
            groups.setdefault((ends[0], event["event_type"]), []).append((us, ends[1]))
    n, w, g = *article["threshold"].values(), article["gap"]
    found = [(row["opened"], ipaddress.ip_address(source), service, row)
             for (source, service), matches in groups.items()
             for row in find(matches, n, w * 1000000, g * 1000000)]
    for _, source, service, row in sorted(found, key=lambda r: (r[0], int(r[1]), r[2])):
        print(json.dumps({"article": article["id"], "from": other, "source": str(source),
                          "service": service, "targets": sorted(row["targets"]),
                          "first": rfc3339(row["first"]), "last": rfc3339(row["last"]),
                          "opened": rfc3339(row["opened"]), "events": row["events"]}))
    totals["incidents"] = len(found)
    print(json.dumps(dict(totals, per_file=per_file)))


if __name__ == "__main__":
    main(*sys.argv[1:])
