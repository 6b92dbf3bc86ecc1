"""TAXII pages, posts, start and memory of a whole node, beside nginx serving the same bytes over TLS.

Eight to ten minutes: three of them fill the two stores up to a million objects, three are the two
crowds. What it generates (4 GB) lies in the run's own folder and goes with it.
"""
import contextlib
import datetime
import http.client
import json
import os
import pathlib
import random
import re
import resource
import shutil
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
import uuid

from frame import ROOT

sys.path[:0] = [str(ROOT / "share"), str(ROOT / "tests" / "story"), str(ROOT / "tests" / "store")]
import postgres  # noqa: E402
from party import Party, canonical_file, free_port, make_agreement  # noqa: E402
from taxii import Client  # noqa: E402

PACKAGES = ["nginx-light", "wrk", "openssl", "python3-requests", "postgresql-15"]
TAXII = "application/taxii+json;version=2.1"
SHARED = "11111111-1111-4111-8111-111111111111"
SMALL, LARGE = 25_000, 1_000_000
SECONDS = 4  # of one row
CROWD, BESIDE = 60, 20  # seconds of 8 writers and 32 readers; of what they are compared with
WRITERS, READERS = 8, 32
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


class Sqlite:
    """The default store, as a file of the node: questions of this benchmark's own to it."""
    name, pids = "SQLite", ()
    where = ""
    body, text = "CAST({} AS BLOB)", "CAST(body AS TEXT)"

    def attach(self, node):
        self.path = node.party.node / "exchange" / "parley.db"

    def ask(self, sql):
        with contextlib.closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as db:
            return db.execute(sql).fetchall()

    def run(self, statements):
        with contextlib.closing(sqlite3.connect(self.path, isolation_level=None)) as db:
            db.execute("PRAGMA synchronous = OFF")
            for sql in ("BEGIN", *statements, "COMMIT"):
                db.execute(sql)


class Postgres:
    """The same over a server's private unix socket."""
    name = "PostgreSQL"
    body, text = "convert_to({}, 'UTF8')", "convert_from(body, 'UTF8')"

    def __init__(self, folder, postmaster):
        self.folder, self.postmaster = folder, postmaster
        self.where = f"postgresql://parley@/postgres?host={folder}"

    @property
    def pids(self):
        """Those that stay: the node's session, and who writes for all."""
        return [pid for pid, in self.ask("SELECT pid FROM pg_stat_activity WHERE backend_type <> "
                                         "'autovacuum worker' AND pid <> pg_backend_pid()")]

    def attach(self, node):
        pass

    def psql(self, sql):
        return subprocess.run([postgres.BIN / "psql", "-h", self.folder, "-U", "parley", "postgres",
                               "-qAtF", "\t", "-v", "ON_ERROR_STOP=1", "-f", "-"], input=sql,
                              text=True, check=True, capture_output=True).stdout

    def ask(self, sql):
        return [[int(v) if v.isdigit() else v for v in line.split("\t")]
                for line in self.psql(sql).splitlines()]

    def run(self, statements):
        self.psql(";\n".join(("BEGIN", "SET LOCAL synchronous_commit = off", *statements, "COMMIT",
                              "VACUUM ANALYZE", "CHECKPOINT")))


class Node:
    """A node with an exchange, and one client of it."""

    def __init__(self, bench, store, tls):
        folder = bench.disk / store.name
        self.party, other = (Party(bench.parley, folder, name) for name in ("cert-a", "cert-b"))
        self.party.init(make_agreement(folder, self.party, other))
        self.port = free_port()
        for path, name in zip(tls, ("exchange.key.pem", "exchange.cert.pem")):
            shutil.copy(path, self.party.node / "keys" / name)
        self.party.parley_ok("exchange", "init", "--listen", f"127.0.0.1:{self.port}", "--title", "A")
        self.change(lambda e: e["roots"][0].update(
            collections=[{"id": SHARED, "alias": "shared", "title": "All"}]))
        token = folder / "token"
        self.party.parley_ok("visitor", "add", "misp", "--token", token, "--reads", "own/shared",
                             "--writes", "own/shared", "--tlp", "red")
        self.change(lambda e: e["visitors"][0].update(rate=100000))
        if store.where:
            self.change(lambda e: e.update(store=store.where))
        self.token, self.cert = token.read_text().strip(), tls[1]
        self.trust = ssl.create_default_context(cafile=str(tls[1]))
        self.store = store
        store.attach(self)

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
        return [*(found[name] for name in ("gate", "exchange", "judge")), *self.store.pids]

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
    """Ids in no order, as STIX has them: what is put beside a million meets a page of its own."""
    dice = random.Random(2021)
    for n in range(count):
        o = dict(objects[n % len(objects)])
        o["id"] = f"{o['type']}--{uuid.UUID(int=dice.getrandbits(128), version=4)}"
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
    pids = node.pids()
    before, begin = cpu_of(pids), time.perf_counter()
    for body in batches:
        text, _ = node.ask(f"/own/collections/{SHARED}/objects/", c, "POST", body)
        status = json.loads(text)
        if status["failure_count"]:
            raise RuntimeError(status["failures"][0])
        posts += 1
    took = time.perf_counter() - begin
    return (cpu_of(pids) - before) / posts, len(objects) / took


def sync(node, limit):
    """A client of python3-requests takes all of it, page by page: seconds, its CPU, the node's."""
    client = Client(node.port, node.cert, "own", token=node.token)
    pids = node.pids()
    before, begin, used = cpu_of(pids), time.perf_counter(), time.process_time()
    met = [o["id"] for o in client.walk(SHARED, limit=limit)]
    found = (time.perf_counter() - begin, time.process_time() - used, cpu_of(pids) - before)
    (count,), = node.store.ask("SELECT COUNT(*) FROM objects")
    if len(met) != count or len(set(met)) != count:
        raise RuntimeError(f"{len(met)} objects met, {len(set(met))} of them once, of {count}")
    return found


def multiply(node, count):
    """The stored rows again and again under fresh ids and dates, until there are `count`."""
    s = node.store
    (base, last), = s.ask("SELECT COUNT(*), MAX(added) FROM objects")
    statements = []
    for n in range(1, -(-count // base)):
        fresh_id = f"substr(id, 1, length(id) - 8) || '{n:08x}'"
        statements.append(
            "INSERT INTO objects (added, collection, id, spec, version, type, first, last, tlp, "
            f"writer, body) SELECT added + {n * 10 ** 10}, collection, {fresh_id}, spec, version, "
            f"type, first, last, tlp, writer, {s.body.format(f'replace({s.text}, id, {fresh_id})')} "
            f"FROM objects WHERE added <= {last} ORDER BY added LIMIT {min(base, count - n * base)}")
    s.run(statements)
    (have,), = s.ask("SELECT COUNT(*) FROM objects")
    if have != count:
        raise RuntimeError(f"{have} objects, not {count}")


def places(node):
    """Paths of pages: first, middle and last, each filter."""
    (count,), = node.store.ask("SELECT COUNT(*) FROM objects")

    def row(n):
        (i, added), = node.store.ask(f"SELECT id, added FROM objects ORDER BY added LIMIT 1 OFFSET {n}")
        when = datetime.datetime.fromtimestamp(added / 1e6, datetime.timezone.utc)
        return i, when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    middle, after = row(count // 2)
    last = row(count - 150)[1]
    kind = node.store.ask("SELECT type FROM objects GROUP BY type ORDER BY COUNT(*) DESC LIMIT 1")[0][0]
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


def crowd(node, objects, seconds, port, path):
    """8 writers to the node and 32 readers of that port: what was read and written, lost or doubled
    or wrong, the readers' p99, and the CPU seconds of node, readers and writers."""
    wrong, given = [], []
    bodies = [[dict(o) for o in objects[:10]] for _ in range(WRITERS)]
    end = time.monotonic() + seconds

    def write(number):
        c = node.connect()
        try:
            while time.monotonic() < end:
                for o in bodies[number]:
                    o["id"] = f"{o['type']}--{uuid.uuid4()}"
                text, _ = node.ask(f"/own/collections/{SHARED}/objects/", c, "POST",
                                   json.dumps({"objects": bodies[number]}).encode())
                if json.loads(text)["success_count"] != len(bodies[number]):
                    wrong.append(text)
                given.extend(o["id"] for o in bodies[number])
        except Exception as e:  # counted and told
            wrong.append(repr(e))
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    pids = node.pids()
    ours = cpu_of(pids)
    writers = [threading.Thread(target=write, args=(n,)) for n in range(WRITERS)]
    for w in writers:
        w.start()
    count, p99 = wrk(port, path, node.token, seconds, READERS)
    for w in writers:
        w.join()
    ours = cpu_of(pids) - ours
    for n, who in enumerate((resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)):
        now = resource.getrusage(who)
        used[n] = now.ru_utime + now.ru_stime - used[n].ru_utime - used[n].ru_stime
    there = [i for i, in node.store.ask("SELECT id FROM objects")]
    lost = len(set(given) - set(there))
    return {"count": count, "p99": p99, "given": len(given), "lost": lost,
            "doubled": len(there) - len(set(there)), "wrong": wrong, "node": ours,
            "writers": used[0], "readers": used[1], "seconds": seconds}


# ---- the tables ----


def table_pages(bench, small, large, what):
    def row(name):
        (cpu, least, size), (far, _, _) = small[name], large[name]
        return [name, f"{size / 1000:.0f}", f"{least * 1e3:.3f}", f"{cpu * 1e3:.3f}",
                bench.times(cpu / least), bench.rate(1 / cpu), f"{far * 1e3:.3f}",
                bench.times(far / cpu)]
    return bench.table(
        f"Requests over TLS 1.3 with a bearer token, 4 connections; {what}. CPU of gate and exchange",
        ["", "kB", "nginx ms", "ms at 25,000", "of nginx", "a core/s", "ms at 1,000,000",
         "of 25,000"],
        [row(name) for name in small],
        "a page at most 4 x nginx and 1,800/s a core; at a million 1.5 x; discovery, one object "
        "0.06 ms")


def table_postgres(bench, small, large, sqlite):
    return bench.table(
        "The same over PostgreSQL 15 on a unix socket; CPU of gate, exchange and the server",
        ["", "ms at 25,000", "of SQLite", "a core/s", "ms at 1,000,000", "of 25,000"],
        [[name, f"{small[name][0] * 1e3:.3f}", bench.times(small[name][0] / sqlite[name][0]),
          bench.rate(1 / small[name][0]), f"{large[name][0] * 1e3:.3f}",
          bench.times(large[name][0] / small[name][0])] for name in small])


def table_posts(bench, found):
    return bench.table(
        "POST of 100 objects, durable, one client; CPU of gate, judge and exchange, and the server's",
        ["objects there", "ms CPU", "objects/s", "PostgreSQL: ms CPU", "objects/s"],
        [[there, *(text for store in found
                   for text in (f"{store[n][0] * 1e3:.1f}", bench.rate(store[n][1])))]
         for n, there in enumerate(("0 to 25,000", "1,000,000"))],
        "12 ms, 5,000/s, flat")


def table_sync(bench, found):
    return bench.table(
        "All 25,000 objects page by page, by a client of python3-requests; seconds",
        ["limit", "whole", "CPU of the client", "CPU of the node", "PostgreSQL: whole"],
        [[f"{limit:,}", *(f"{seconds:.2f}" for seconds in found[0][limit]),
          f"{found[1][limit][0]:.2f}"] for limit in found[0]],
        "1.5 s at 100")


def table_start(bench, start, memory):
    return bench.table(
        "Start and memory",
        ["", "", ""],
        [["whole node, start to first page", "at 1,000,000 objects", f"{start:.2f} s"],
         *[[f"{name}, proportional set", "at 25,000 objects", f"{mib:.1f} MiB"]
           for name, mib in memory],
         ["together", "", f"{sum(m for _, m in memory):.1f} MiB"]], "0.3 s; 40 MiB")


def table_crowds(bench, crowds):
    def row(name, c):
        share = [f"{c[who] / c['seconds']:.2f}" for who in ("node", "readers", "writers")]
        return [f"{name}, {c['seconds']} s", f"{c['count'] / c['seconds']:,.0f}", bench.ms(c["p99"]),
                f"{c['given']:,}", c["lost"], c["doubled"], len(c["wrong"]), " + ".join(share)]
    table = bench.table(
        f"{WRITERS} writers of 10 objects and {READERS} readers of 100, 25,000 objects; all on the "
        f"same {os.cpu_count()} cores",
        ["who is read", "pages/s", "p99 ms", "objects written", "lost", "doubled", "errors",
         "cores: node + readers + writers"],
        [row(name, c) for name, c in crowds.items()],
        "60 s, no error, nothing lost or doubled, p99 20 ms")
    for c in crowds.values():
        if c["wrong"]:
            bench.note(f"the first error: {str(c['wrong'][0])[:200]}")
    return table


# ---- the run ----


def measure(node, nginx, floor, objects):
    """All of one store."""
    pick = list(fresh(objects, SMALL + 5000))
    path = f"/own/collections/{SHARED}/objects/?limit=100"
    found = {}
    try:
        node.start()
        first = post_all(node, pick[:SMALL])
        found["small"] = measure_pages(node, nginx, floor)
        found["memory"] = [(name, resident(node.party.children()[name]))
                           for name in ("gate", "exchange", "judge")]
        found["sync"] = {limit: sync(node, limit) for limit in (100, 1000)}
        found["crowd"] = crowd(node, objects, CROWD, node.port, path)
        nginx.keep("page", node.ask(path)[0])
        found["beside"] = crowd(node, objects, BESIDE, nginx.port, "/page")
        node.party.stop()
        multiply(node, LARGE)
        found["start"] = min(node.start(), (node.party.stop(), node.start())[1])
        found["large"] = measure_pages(node, nginx, floor)
        found["posts"] = [first, post_all(node, pick[SMALL:])]
    finally:
        node.party.stop()
    return found


def run(bench):
    begin = time.monotonic()
    objects, what = stored(bench)
    tls = certificate(bench.disk, "exchange")
    nginx, floor = Nginx(bench.memory, *tls), {}
    try:
        ours = measure(Node(bench, Sqlite(), tls), nginx, floor, objects)
        yield table_pages(bench, ours["small"], ours["large"], what)
        with postgres.server() as server:
            theirs = measure(Node(bench, Postgres(*server), tls), nginx, floor, objects)
    finally:
        nginx.stop()
    yield table_postgres(bench, theirs["small"], theirs["large"], ours["small"])
    yield table_posts(bench, (ours["posts"], theirs["posts"]))
    yield table_sync(bench, (ours["sync"], theirs["sync"]))
    yield table_start(bench, ours["start"], ours["memory"])
    yield table_crowds(bench, {"SQLite": ours["crowd"], "PostgreSQL": theirs["crowd"],
                               "nginx, beside writers to SQLite": ours["beside"]})
    bench.note(f"The topic took {(time.monotonic() - begin) / 60:.0f} minutes.")
