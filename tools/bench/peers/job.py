"""The whole watch job with Debian's ujson: job.py EVE TABLE ADDRESSES NAMES HASHES.

Reads, orients by ports, finds whose territory both ends are, asks the lists; the same as job.js and
job.jq. Prints "oriented attributed hits", which are those of `parley watch replay`.
"""
import bisect
import ipaddress
import sys

import ujson

PORTS = {22: "ssh", 139: "smb", 445: "smb", 3389: "rdp", 80: "http", 8000: "http", 8080: "http",
         8088: "http", 443: "tls", 5060: "sip", 5061: "sip"}
CLIENT_FIRST = {"ssh": True, "smb": True, "rdp": False, "http": True, "tls": True, "sip": False}
REFLECTORS = {17, 19, 53, 111, 123, 137, 161, 389, 1900, 3702, 11211}
OWN, PARTIES = "CN", {"CN", "RU"}


def number(text):
    a, b, c, d = text.split(".")
    return int(a) << 24 | int(b) << 16 | int(c) << 8 | int(d)


def table(path):
    """Where spans begin, and whose they are; between the table's prefixes nobody's."""
    starts, codes = [0], [""]
    for first, last, code in sorted(prefixes(path)):
        if starts[-1] == first:
            codes[-1] = code
        else:
            starts.append(first)
            codes.append(code)
        starts.append(last + 1)
        codes.append("")
    return starts, codes


def prefixes(path):
    for line in open(path):
        code, prefix = line.split()
        if ":" not in prefix:
            net = ipaddress.ip_network(prefix)
            yield int(net.network_address), int(net.broadcast_address), code


def turned(event, kind, own_src, own_dest):
    """Did the destination begin? None: it is not known who did."""
    src = PORTS.get(event["src_port"]) == kind
    dest = PORTS.get(event["dest_port"]) == kind
    if src != dest:
        return src
    if src:
        return own_src if own_src != own_dest else None
    return False if CLIENT_FIRST[kind] else None


def main():
    starts, codes = table(sys.argv[2])
    addresses, names, hashes = (set(open(path).read().split()) for path in sys.argv[3:6])
    oriented = attributed = hits = 0
    for line in open(sys.argv[1], "rb"):
        event = ujson.loads(line)
        src, dest = event.get("src_ip", ""), event.get("dest_ip", "")
        whose = [codes[bisect.bisect(starts, number(end)) - 1] if end and ":" not in end else ""
                 for end in (src, dest)]
        kind = event.get("event_type")
        if kind in CLIENT_FIRST and src and dest and "src_port" in event \
                and "dest_port" in event \
                and not (event.get("proto") == "UDP" and event["src_port"] in REFLECTORS):
            way = turned(event, kind, whose[0] == OWN, whose[1] == OWN)
            oriented += way is not None
            attributed += way is not None and whose[way] in PARTIES
        hits += (src in addresses) + (dest in addresses)
        for name in (event.get("dns", {}).get("rrname"), event.get("tls", {}).get("sni"),
                     event.get("http", {}).get("hostname")):
            while name:
                hits += name in names
                name = name.partition(".")[2]
        if "fileinfo" in event:
            hits += event["fileinfo"].get("sha256") in hashes
    print(oriented, attributed, hits)


main()
