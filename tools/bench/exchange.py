"""TAXII pages, posts, start and memory of a whole node, beside nginx serving the same bytes over TLS."""
import http.client
import json
import os
import pathlib
import re
import shutil
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
import uuid

from frame import ROOT

sys.path[:0] = [str(ROOT / "share"), str(ROOT / "tests" / "story")]
from party import Party, canonical_file, free_port, make_agreement  # noqa: E402

PACKAGES = ["nginx-light", "wrk", "openssl", "python3-requests"]
TAXII = "application/taxii+json;version=2.1"
SHARED = "11111111-1111-4111-8111-111111111111"
SMALL, LARGE = 25_000, 1_000_000
SECONDS = 4  # of one row
CROWD = 20  # seconds of 8 writers and 32 readers; the target is told for 60
HERTZ = os.sysconf("SC_CLK_TCK")


def cpu_of(pids):
    """User and system seconds that these processes have used."""
    total = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / HERTZ


def resident(pid):
    """MiB that are this process's own or its share of what others map too."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss: *(\d+)", text, re.M).group(1)) / 1024


def certificate(folder, name):
    key, cert = folder / f"{name}.key.pem", folder / f"{name}.cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert, "-subj",
                    f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "9"],
                   check=True, capture_output=True)
    key.chmod(0o600)
    return key, cert


class Nginx:
    """The floor: one worker, TLS 1.3, the same key kind, files in the page cache."""

    def __init__(self, folder, key, cert):
        self.folder, self.port = folder / "nginx", free_port()
        (self.folder / "html").mkdir(parents=True)
        folder.chmod(0o755)
        conf = self.folder / "nginx.conf"
        conf.write_text(f"""
worker_processes 1; pid {self.folder}/pid; error_log {self.folder}/error.log; daemon off;
user root;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000;
  client_body_temp_path {self.folder}; proxy_temp_path {self.folder};
  fastcgi_temp_path {self.folder}; uwsgi_temp_path {self.folder}; scgi_temp_path {self.folder};
  types {{ }} default_type "{TAXII}";
  open_file_cache max=100; open_file_cache_valid 600s;
  server {{ listen 127.0.0.1:{self.port} ssl; ssl_protocols TLSv1.3;
    ssl_certificate {cert}; ssl_certificate_key {key}; root {self.folder}/html; }}
}}
""")
        self.process = subprocess.Popen(["nginx", "-p", self.folder, "-c", conf],
                                        stderr=subprocess.DEVNULL)
        time.sleep(1)
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        self.pids = [int(p) for p in children.read_text().split()]

    def keep(self, name, body):
        (self.folder / "html" / name).write_bytes(body)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


class Node:
    """A node with an exchange, and one client of it."""

    def __init__(self, bench):
        self.party = Party(bench.parley, bench.disk, "cert-a")
        other = Party(bench.parley, bench.disk, "cert-b")
        self.party.init(make_agreement(bench.disk, self.party, other))
        self.port = free_port()
        self.key, self.cert = certificate(bench.disk, "exchange")
        for path, name in ((self.key, "exchange.key.pem"), (self.cert, "exchange.cert.pem")):
            shutil.copy(path, self.party.node / "keys" / name)
        self.party.parley_ok("exchange", "init", "--listen", f"127.0.0.1:{self.port}", "--title", "A")
        self.change(lambda e: e["roots"][0].update(
            collections=[{"id": SHARED, "alias": "shared", "title": "All"}]))
        token = bench.disk / "token"
        self.party.parley_ok("visitor", "add", "misp", "--token", token, "--reads", "own/shared",
                             "--writes", "own/shared", "--tlp", "red")
        self.change(lambda e: e["visitors"][0].update(rate=100000))
        self.token = token.read_text().strip()
        self.trust = ssl.create_default_context(cafile=str(self.cert))

    def change(self, how):
        path = self.party.node / "settings.json"
        settings = json.loads(path.read_text())
        how(settings["exchange"])
        settings.pop("indicators", None)  # what watch looks for is another topic
        path.write_text(canonical_file(settings))

    def headers(self):
        return {"Authorization": f"Bearer {self.token}", "Accept": TAXII, "Content-Type": TAXII}

    def connect(self):
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=self.trust, timeout=60)

    def ask(self, path, connection=None, method="GET", body=None):
        c = connection or self.connect()
        c.request(method, path, body, self.headers())
        got = c.getresponse()
        text = got.read()
        if got.status not in (200, 202):
            raise RuntimeError(f"{method} {path}: {got.status} {text[:200]}")
        return text, got

    def pids(self):
        found = self.party.children()
        return [found[name] for name in ("gate", "exchange", "judge")]

    def start(self):
        """Seconds from the program's start to the first answered page."""
        begin = time.perf_counter()
        self.party.serve(wait=False)
        while True:
            try:
                self.ask(f"/own/collections/{SHARED}/objects/?limit=1")
                return time.perf_counter() - begin
            except (OSError, RuntimeError, http.client.HTTPException):
                time.sleep(0.01)


def stored(bench):
    """The objects that are multiplied: real indicators, or some of our own making."""
    found = []
    for path in sorted((bench.real / "indicators" / "stix").glob("*.json")) if bench.real else ():
        found += [o for o in json.loads(path.read_text()).get("objects", [])
                  if o["type"] in ("indicator", "malware", "relationship") and "modified" in o]
    if found:
        return found, "real bundles of indicators, multiplied under fresh ids"
    return [{"type": "indicator", "spec_version": "2.1", "id": f"indicator--{uuid.UUID(int=n)}",
             "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
             "pattern": f"[ipv4-addr:value = '192.0.2.{n % 250}']", "pattern_type": "stix",
             "valid_from": "2026-01-01T00:00:00Z", "name": f"made {n}",
             "description": "x" * 300} for n in range(1000)], "made indicators of 600 bytes"


def fresh(objects, count):
    for n in range(count):
        o = dict(objects[n % len(objects)])
        o["id"] = f"{o['type']}--{uuid.UUID(int=(n << 76) | 0x4000 << 64 | 0x8 << 60 | n)}"
        o.setdefault("spec_version", "2.1")
        yield o


def wrk(port, path, token, seconds=SECONDS, connections=4, script=()):
    done = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "30s", "-H",
         f"Authorization: Bearer {token}", "-H", f"Accept: {TAXII}", *script,
         f"https://127.0.0.1:{port}{path}"], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in done or "Socket errors" in done:
        raise RuntimeError(done)
    unit = {"us": 1e-6, "ms": 1e-3, "s": 1}
    number, of = re.search(r"99%\s+([\d.]+)(us|ms|s)", done).groups()
    return int(re.search(r"(\d+) requests in", done).group(1)), float(number) * unit[of]


def cost(port, path, token, pids):
    """CPU seconds a request over these processes, and requests a second of such CPU."""
    wrk(port, path, token, 1)
    before = cpu_of(pids)
    count, _ = wrk(port, path, token)
    return (cpu_of(pids) - before) / max(count, 1)


def post_all(node, objects, size=100):
    """Posts them; CPU seconds a POST, objects a second."""
    c, posts = node.connect(), 0
    batches = [json.dumps({"objects": objects[i:i + size]}).encode()
               for i in range(0, len(objects), size)]
    before, begin = cpu_of(node.pids()), time.perf_counter()
    for body in batches:
        text, _ = node.ask(f"/own/collections/{SHARED}/objects/", c, "POST", body)
        status = json.loads(text)
        if status["failure_count"]:
            raise RuntimeError(status["failures"][0])
        posts += 1
    took = time.perf_counter() - begin
    return (cpu_of(node.pids()) - before) / posts, len(objects) / took


def multiply(node, count):
    """The stored rows again and again under fresh ids and dates, until there are `count`."""
    db = sqlite3.connect(node.party.node / "exchange" / "parley.db", isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")
    db.execute("BEGIN")
    last, have = db.execute("SELECT MAX(added), COUNT(*) FROM objects").fetchone()
    base = have
    for n in range(1, -(-(count - have) // base) + 1):
        db.execute("INSERT INTO objects (added, collection, id, spec, version, type, first, last, "
                   "tlp, writer, body) SELECT added + ?, collection, substr(id, 1, "
                   "instr(id, '--') + 1) || printf('%08x', ?) || substr(id, instr(id, '--') + 10), "
                   "spec, version, type, first, last, tlp, writer, CAST(replace(CAST(body AS TEXT), "
                   "id, substr(id, 1, instr(id, '--') + 1) || printf('%08x', ?) || substr(id, "
                   "instr(id, '--') + 10)) AS BLOB) FROM objects ORDER BY added LIMIT ?",
                   (n * 10 ** 10, n + 0x20000000, n + 0x20000000, base))
    db.execute("COMMIT")
    have, = db.execute("SELECT COUNT(*) FROM objects").fetchone()
    db.close()
    return have


def places(node):
    """Paths of pages: first, middle and last, each filter."""
    db = sqlite3.connect(f"file:{node.party.node}/exchange/parley.db?mode=ro", uri=True)
    count, = db.execute("SELECT COUNT(*) FROM objects").fetchone()
    when = "strftime('%Y-%m-%dT%H:%M:%S', added / 1000000, 'unixepoch') || 'Z'"
    some = "SELECT id, {} FROM objects ORDER BY added LIMIT 1 OFFSET {}"
    middle, after = db.execute(some.format(when, count // 2)).fetchone()
    last = db.execute(some.format(when, count - 150)).fetchone()[1]
    kind, = db.execute("SELECT type FROM objects GROUP BY type ORDER BY COUNT(*) DESC").fetchone()
    db.close()
    page = f"/own/collections/{SHARED}/objects/?limit=100"
    return {"first page": page, "middle page (added_after)": f"{page}&added_after={after}",
            "last page": f"{page}&added_after={last}",
            "match[type]": f"{page}&match%5Btype%5D={kind}",
            "match[id]": f"{page}&match%5Bid%5D={middle}",
            "match[version]=all": f"{page}&match%5Bversion%5D=all",
            "match[spec_version]": f"{page}&match%5Bspec_version%5D=2.1,2.0",
            "manifest": f"/own/collections/{SHARED}/manifest/?limit=100",
            "one object": f"/own/collections/{SHARED}/objects/{middle}/", "discovery": "/taxii2/"}


def measure_pages(node, nginx, floor):
    """{name: (CPU seconds, the floor's for as many bytes)}"""
    found = {}
    for name, path in places(node).items():
        body, _ = node.ask(path)
        size = len(body) // 1000
        if size not in floor:
            nginx.keep(str(size), body)
            floor[size] = cost(nginx.port, f"/{size}", "x", nginx.pids)
        found[name] = (cost(node.port, path, node.token, node.pids()), floor[size], len(body))
    return found


def crowd(node, objects):
    """8 writers and 32 readers at a time: errors, what was lost or doubled, the readers' p99."""
    base, wrong, given = 10 ** 7, [], []
    end = time.monotonic() + CROWD

    def write(number):
        c, n = node.connect(), 0
        try:
            while time.monotonic() < end:
                some = [dict(o, id=f"{o['type']}--{uuid.UUID(int=base << 96 | number << 64 | n + i)}")
                        for i, o in enumerate(objects[:10])]
                text, _ = node.ask(f"/own/collections/{SHARED}/objects/", c, "POST",
                                   json.dumps({"objects": some}).encode())
                if json.loads(text)["success_count"] != 10:
                    wrong.append(text)
                given.extend(o["id"] for o in some)
                n += 10
        except Exception as e:  # counted and told
            wrong.append(repr(e))
    writers = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for w in writers:
        w.start()
    count, p99 = wrk(node.port, f"/own/collections/{SHARED}/objects/?limit=100", node.token,
                     CROWD, 32)
    for w in writers:
        w.join()
    db = sqlite3.connect(f"file:{node.party.node}/exchange/parley.db?mode=ro", uri=True)
    there = [i for i, in db.execute("SELECT id FROM objects WHERE id > '' AND "
                                    "writer = 'misp'").fetchall()]
    db.close()
    there = set(there)
    lost = sum(i not in there for i in given)
    return count, p99, len(given), lost, len(given) - len(set(given)), wrong


def run(bench):
    objects, what = stored(bench)
    node = Node(bench)
    nginx = Nginx(bench.memory, node.key, node.cert)
    floor = {}
    try:
        node.start()
        pick = list(fresh(objects, SMALL + 5000))
        post, rate = post_all(node, pick[:SMALL])
        small = measure_pages(node, nginx, floor)
        memory = [(name, resident(node.party.children()[name]))
                  for name in ("gate", "exchange", "judge")]
        seen = crowd(node, objects)
        node.party.stop()
        count = multiply(node, LARGE)
        start = min(node.start(), (node.party.stop(), node.start())[1])
        large = measure_pages(node, nginx, floor)
        later, later_rate = post_all(node, pick[SMALL:])
    finally:
        node.party.stop()
        nginx.stop()

    def row(name):
        (cpu, least, size), (far, _, _) = small[name], large[name]
        return [name, f"{size / 1000:.0f}", f"{least * 1e3:.3f}", f"{cpu * 1e3:.3f}",
                bench.times(cpu / least), bench.rate(1 / cpu), f"{far * 1e3:.3f}",
                bench.times(far / cpu)]
    yield bench.table(
        f"Requests over TLS 1.3 with a bearer token, 4 connections; {what}. CPU of gate and exchange",
        ["", "kB", "nginx ms", "ms at 25,000", "of nginx", "a core/s", f"ms at {count:,}",
         "of 25,000"],
        [row(name) for name in small],
        "a page at most 4 x nginx and 1,800/s a core; at a million 1.5 x; discovery, one object "
        "0.06 ms")
    yield bench.table(
        "POST of 100 objects, durable, one client; CPU of gate, judge and exchange",
        ["objects there", "ms CPU", "objects/s"],
        [["0 to 25,000", f"{post * 1e3:.1f}", bench.rate(rate)],
         [f"{count:,}", f"{later * 1e3:.1f}", bench.rate(later_rate)]],
        "12 ms, 5,000/s, flat")
    yield bench.table(
        "Start and memory",
        ["", "", ""],
        [["whole node, start to first page", f"at {count:,} objects", f"{start:.2f} s"],
         *[[f"{name}, proportional set", "at 25,000 objects", f"{mib:.1f} MiB"]
           for name, mib in memory],
         ["together", "", f"{sum(m for _, m in memory):.1f} MiB"]], "0.3 s; 40 MiB")
    asked, p99, given, lost, twice, wrong = seen
    yield bench.table(
        f"8 writers of 10 objects and 32 readers of 100, {CROWD} s, 25,000 objects",
        ["pages read", "p99 ms", "objects written", "lost", "doubled", "errors"],
        [[f"{asked:,}", bench.ms(p99), f"{given:,}", lost, twice, len(wrong)]],
        "no error, nothing lost or doubled, p99 20 ms")
    if wrong:
        bench.note(f"the first error: {str(wrong[0])[:200]}")
