"""What a node with an exchange promises to TAXII clients: tales for stories.py.

The client (taxii.py) is Python's requests over real TLS 1.3; the nodes are whole.
"""
import base64
import json
import os
import random
import signal
import subprocess
import threading
import time

import requests
from pair import entries, kinds
from party import canonical_file, free_port, sha256
from taxii import TAXII, Client, certificate, indicator

TLP_GREEN = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"
SHARED, DROP, WELL = (f"{n}1111111-1111-4111-8111-111111111111" for n in (1, 2, 3))


class Visitors:
    """An exchange in the settings of one party, and clients of it."""

    def __init__(self, party, settings=None):
        self.party, self.port = party, free_port()
        self.key, self.cert = certificate(party.home, "exchange")
        for path, name in ((self.key, "exchange.key.pem"), (self.cert, "exchange.cert.pem")):
            (party.node / "keys" / name).write_bytes(path.read_bytes())
        self.client_pair = certificate(party.home, "sensor")
        party.parley_ok("exchange", "init", "--listen", f"127.0.0.1:{self.port}", "--title", "CERT A")
        self.change(lambda exchange: exchange["roots"][0].update(collections=[
            {"id": SHARED, "alias": "shared", "title": "All"},
            {"id": DROP, "alias": "drop", "title": "In only"},
            {"id": WELL, "alias": "well", "title": "Out only"}]))
        self.change(lambda exchange: exchange.update(settings or {}))
        password = party.home / "password"
        password.write_text("correct horse\n")
        self.token_file = party.home / "misp.token"
        self.add("misp", "--token", self.token_file, "--reads", "own/shared", "--reads", "own/well",
                 "--writes", "own/shared", "--writes", "own/drop")
        self.add("sensor", "--certificate", self.client_pair[1], "--reads", "own/shared",
                 "--reads", "own/well", "--writes", "own/drop")
        self.add("duty", "--password-file", password, "--reads", "own/shared")
        party.process.send_signal(signal.SIGHUP)
        party.until(lambda: is_there(self), "the exchange serves after SIGHUP")

    def restart(self):
        self.party.stop()
        self.party.serve()

    def add(self, *args):
        self.party.parley_ok("visitor", "add", *args)

    def change(self, how):
        """A person edits settings.json."""
        path = self.party.node / "settings.json"
        settings = json.loads(path.read_text())
        how(settings["exchange"])
        path.write_text(canonical_file(settings))

    def duty(self, root="own", password="correct horse"):
        return Client(self.port, self.cert, root, auth=("duty", password))

    def misp(self, root="own"):
        return Client(self.port, self.cert, root, token=self.token_file.read_text().strip())

    def sensor(self, root="own"):
        return Client(self.port, self.cert, root, cert=self.client_pair)


def a_taxii_client_lists_pages_filters_posts_and_deletes(pair):
    visitors = Visitors(pair.a)
    misp, sensor = visitors.misp(), visitors.sensor()
    found = misp.ask("GET", "/taxii2/").json()
    assert found["api_roots"] == ["/own/", "/partner/"] and found["title"] == "CERT A"
    ids = [c["id"] for c in misp.get("collections/").json()["collections"]]
    assert ids == [SHARED, DROP, WELL], "sorted by id"

    given = [indicator(n) for n in range(250)]
    status = misp.post("shared", given).json()
    assert status["success_count"] == 250 and status["status"] == "complete"
    assert misp.get(f"status/{status['id']}/").json() == status
    sensor.get(f"status/{status['id']}/", 404)

    assert misp.walk("shared", limit=7) == given, "every object once, as it came"
    assert sensor.walk_by_time(SHARED, limit=7) == given
    manifest = misp.walk("shared", "manifest", limit=50)
    assert [m["id"] for m in manifest] == [o["id"] for o in given]
    assert sorted({m["date_added"] for m in manifest}) == [m["date_added"] for m in manifest]
    one = misp.get("collections/shared/objects/", match__id=given[3]["id"]).json()["objects"]
    assert one == [given[3]]

    # rights
    sensor.post("shared", given[:1], 403)
    sensor.get("collections/drop/objects/", 403)
    sensor.post("drop", given[:1])
    sensor.get("collections/nothing/objects/", 404)
    sensor.delete("shared", given[0]["id"], 403)
    stranger = Client(visitors.port, visitors.cert, "own")
    assert "WWW-Authenticate" in stranger.ask("GET", "/taxii2/", 401).headers

    misp.delete("shared", given[0]["id"])
    misp.get(f"collections/shared/objects/{given[0]['id']}/", 404)
    misp.delete("shared", given[0]["id"], 404)
    assert misp.walk("shared", limit=100) == given[1:]
    duty = visitors.duty()
    assert duty.walk("shared", limit=100) == given[1:], "a password is hashed once and known again"
    visitors.duty(password="wrong horse").ask("GET", "/taxii2/", 401)
    many = [visitors.duty(password=f"horse {n}").session.get(
        f"https://127.0.0.1:{visitors.port}/taxii2/") for n in range(6)]
    assert {m.status_code for m in many} == {401, 429}, "guesses are slowed down"
    assert int(many[-1].headers["Retry-After"]) > 0
    assert len(duty.walk("shared", limit=100)) == 249, "who is known is not"
    assert misp.ask("HEAD", "/taxii2/").content == b""
    shown = pair.a.json("exchange", "status")
    assert [c["objects"] for c in shown["collections"] if c["root"] == "own"] == [249, 1, 0]
    assert {v["name"]: v["known_by"] for v in pair.a.json("visitor", "list")["visitors"]} == {
        "misp": "token", "sensor": "certificate", "duty": "password"}
    pair.a.parley_ok("visitor", "remove", "duty")
    assert misp.ask("PUT", "/taxii2/", 405).headers["Allow"] == "GET, HEAD"


def only_what_officers_released_goes_to_the_partner(pair):
    visitors = Visitors(pair.a)
    visitors.add("press", "--token", pair.a.home / "press.token", "--writes", "partner/to")
    visitors.client_pair = certificate(pair.a.home, "li")
    visitors.add("li", "--party", "cert-b", "--certificate", visitors.client_pair[1], "--reads",
                 "partner/to", "--writes", "partner/from")
    visitors.restart()
    press = Client(visitors.port, visitors.cert, "partner",
                   token=(pair.a.home / "press.token").read_text().strip())
    li = visitors.sensor("partner")
    assert li.ask("GET", "/taxii2/").json()["api_roots"] == ["/partner/"], "nothing of our own"
    li.ask("GET", "/own/", 404)

    given = [indicator(n, object_marking_refs=[TLP_GREEN]) for n in range(3)]
    mail = {"type": "email-addr", "spec_version": "2.1", "value": "a@b.example",
            "id": "email-addr--00000000-0000-4000-8000-000000000001"}
    status = press.post("to", [*given, mail]).json()
    assert (status["success_count"], status["failure_count"]) == (0, 4)
    assert ["release: no permit" in f["message"] for f in status["failures"]] == [True] * 3 + [False]
    assert "R1" in status["failures"][3]["message"]
    assert li.walk("to") == []

    bundle = pair.a.home / "share.json"
    bundle.write_text(json.dumps({"objects": [*given, mail]}))
    refused = pair.a.run("share", bundle, "--yes", officer="ivanova")
    assert refused.returncode == 4 and "R1" in refused.stderr, refused.stderr
    bundle.write_text(json.dumps({"objects": given}))
    theirs = f"https://127.0.0.1:{visitors.port}/own/"  # as if it were the partner's
    pair.a.parley_ok("remote", "add", "theirs", theirs, "--agreement", pair.a.json("status")["agreement"])

    def push():
        return pair.a.run("collection", "push", "theirs", "drop", bundle, "--token-file",
                          visitors.token_file, "--ca", visitors.cert)
    assert push().returncode == 4 and "no SHARE to this partner" in push().stderr
    pair.settle()
    said = pair.a.json("share", bundle, "--yes", officer="ivanova")
    pair.settle()
    assert kinds(pair.b, "theirs").count("SHARE") == 1, "nothing leaves without an entry"
    assert pair.a.json("case", "show", said["case"])["state"] == "shared"

    assert "3 sent, 0 not taken" in push().stdout
    changed = dict(given[0], name="other bytes")
    bundle.write_text(json.dumps({"objects": [given[1], changed]}))
    assert push().returncode == 4, "nothing of a file goes if one object does not"
    status = press.post("to", [*given, changed]).json()
    assert (status["success_count"], status["failure_count"]) == (3, 1)
    assert li.walk("to") == given
    again = dict(given[0], modified="2026-02-01T00:00:00.000Z")
    assert press.post("to", [again]).json()["failure_count"] == 1, "a version is other bytes"

    # what is the partner's he brings by himself, as far as the type goes
    status = li.post("from", [indicator(9), mail]).json()
    assert (status["success_count"], status["failure_count"]) == (1, 1)
    counted = {r["rule"]: r["count"] for r in pair.a.json("exchange", "status")["refused"]}
    assert sum(n for rule, n in counted.items() if rule.startswith("R1")) == 2
    assert sum(n for rule, n in counted.items() if rule.startswith("release")) == 5


def a_reader_hears_of_removals_at_once_and_can_show_them(pair):
    visitors = Visitors(pair.a)
    visitors.change(lambda e: e["roots"][0]["collections"][0].update(expire=True))
    visitors.restart()
    misp, sensor = visitors.misp(), visitors.sensor()
    given = [indicator(n) for n in range(30)]
    misp.post("shared", given)
    first = sensor.get("collections/shared/changes/", limit=20).json()
    rest = sensor.get("collections/shared/changes/", next=first["next"])
    seen = [c["id"] for c in first["changes"] + rest.json()["changes"]]
    assert seen == [o["id"] for o in given] and not rest.json()["more"]
    newest = rest.headers["X-TAXII-Date-Added-Last"]
    assert sensor.get("collections/shared/changes/", added_after=newest, wait=1).json() == {
        "more": False}, "nothing is new, and that is said after a second"

    heard, waiting = [], threading.Thread(target=lambda: heard.append(
        (sensor.get("collections/shared/changes/", added_after=newest, wait=40), time.monotonic())))
    waiting.start()
    time.sleep(1.5)
    gone = given[7]
    began = time.monotonic()
    misp.delete("shared", gone["id"])
    waiting.join(20)
    (answer, when), = heard
    assert when - began < 1, f"told {when - began:.1f} s after the removal"
    change, = answer.json()["changes"]
    assert (change["id"], change["change"]) == (gone["id"], "deleted")

    # Anybody can check who said that it is gone: OpenSSL, from the lines of tombstone.h.
    key = base64.b64decode(sensor.ask("GET", "/own/").json()["x_parley_tombstone_key"])
    text = (f"parley-tombstone/v1\ncollection {SHARED}\nid {change['id']}\n"
            f"spec {change['spec_version']}\nversion {change['version']}\n"
            f"what {change['change']}\ntime {change['date_added']}\n")
    home = pair.a.home
    (home / "key.der").write_bytes(bytes.fromhex("302a300506032b6570032100") + key)
    (home / "stone").write_text(text)
    (home / "stone.sig").write_bytes(base64.b64decode(change["signature"]))
    subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey",
                    home / "key.der", "-rawin", "-in", home / "stone", "-sigfile",
                    home / "stone.sig"], check=True, capture_output=True)

    # what its own valid_until ended goes by itself
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
    misp.post("shared", [indicator(99, valid_until=soon)])
    after = misp.get("collections/shared/objects/").headers["X-TAXII-Date-Added-Last"]
    got = sensor.get("collections/shared/changes/", added_after=after, wait=40)
    change, = got.json()["changes"]
    assert change["change"] == "expired"
    assert misp.walk("shared") == [o for o in given if o is not gone]

    # a node that is told to stop answers who waits
    newest, heard = got.headers["X-TAXII-Date-Added-Last"], []
    waiting = threading.Thread(target=lambda: heard.append(
        sensor.get("collections/shared/changes/", added_after=newest, wait=40)))
    waiting.start()
    time.sleep(1)
    pair.a.stop()
    waiting.join(5)
    assert heard and heard[0].json() == {"more": False}


def several_nodes_serve_from_one_postgresql(pair):
    """Run beside a server of its own by tests/store/postgres.py."""
    words, uri = postgres_uri()
    one, two = (Visitors(party, {"store": uri}) for party in (pair.a, pair.b))
    for visitors in (one, two):
        visitors.restart()
    clients = [one.misp(), two.misp()]
    waiting = []
    listener = threading.Thread(target=lambda: waiting.append(
        two.sensor().get("collections/shared/changes/", wait=40).json()))
    listener.start()
    time.sleep(0.5)

    # both write at a time, in many small posts; a reader who goes on meanwhile meets all
    def write(client, start):
        for n in range(start, start + 200, 10):
            client.post("shared", [indicator(k) for k in range(n, n + 10)])
    writers = [threading.Thread(target=write, args=(client, 1000 * i))
               for i, client in enumerate(clients)]
    for writer in writers:
        writer.start()
    met, after = [], "2020-01-01T00:00:00Z"
    while any(w.is_alive() for w in writers) or more:
        got = two.sensor().get("collections/shared/objects/", added_after=after, limit=7)
        met += [o["id"] for o in got.json().get("objects", [])]
        more = bool(got.json().get("objects"))
        after = got.headers.get("X-TAXII-Date-Added-Last", after)
    listener.join(20)
    assert waiting and waiting[0]["changes"], "what one node takes in, a reader of the other hears"
    want = {indicator(k)["id"] for k in (*range(200), *range(1000, 1200))}
    assert len(met) == len(set(met)) == 400 and set(met) == want, "no object lost or doubled"
    assert one.misp().walk("shared", limit=50) == two.misp().walk("shared", limit=90)

    # either node's watch looks for what either took in
    for party in (pair.a, pair.b):
        party.until(lambda: any(x["name"] == "exchange" and x.get("entries", 0) > 0
                                for x in party.json("indicator", "list")["indicators"]),
                    "watch has the list", 30)

    # the server drops every session: the exchange dials again
    subprocess.run(["/usr/lib/postgresql/15/bin/psql", "-h", words["host"], "-U", words["user"],
                    words["dbname"], "-qc", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE pid <> pg_backend_pid()"], check=True, capture_output=True)

    def answers():
        got = one.misp().session.get(f"{one.misp().base}/own/collections/shared/objects/?limit=1")
        assert got.status_code in (200, 503), got.text
        return got.status_code == 200
    pair.a.until(answers, "the exchange has dialled again")
    assert one.misp().post("shared", [indicator(5000)]).json()["success_count"] == 1


def a_backup_of_a_postgresql_exchange_brings_it_back(pair):
    """Run beside a server of its own by tests/store/postgres.py."""
    words, _ = postgres_uri()
    uri = f"postgresql://{words['user']}@/shop?host={words['host']}"

    def sql(text, database="postgres"):
        subprocess.run(["/usr/lib/postgresql/15/bin/psql", "-h", words["host"], "-U", words["user"],
                        database, "-qc", text], check=True, capture_output=True)
    sql("CREATE DATABASE shop")
    a = pair.a
    visitors = Visitors(a, {"store": uri})
    visitors.restart()
    misp = visitors.misp()
    given = [indicator(n) for n in range(60)]
    misp.post("shared", given[:50])
    page = misp.get("collections/shared/objects/", limit=20).json()
    folder = a.home / "backup"
    nobody = a.run("backup", "create", a.home / "none", env={"PATH": "/nowhere"})
    assert nobody.returncode != 0 and "postgresql-client" in nobody.stderr, nobody
    a.json("backup", "create", folder, "--with-keys")
    misp.post("shared", given[50:])
    assert subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=folder).returncode == 0
    a.parley_ok("backup", "check", folder)

    # a dump that is damaged is found, also where somebody made SHA256SUMS anew
    dump, sums = folder / "exchange.dump", folder / "SHA256SUMS"
    whole, whole_sums = dump.read_bytes(), sums.read_text()
    dump.write_bytes(whole[:-40])
    assert a.run("backup", "check", folder).returncode == 5
    sums.write_text("".join(f"{sha256(folder / line[66:])}  {line[66:]}\n"
                            for line in whole_sums.splitlines()))
    damaged = a.run("backup", "check", folder)
    assert damaged.returncode != 0 and "damaged" in damaged.stderr, damaged
    dump.write_bytes(whole)
    sums.write_text(whole_sums)

    # the node is lost, the database is not: it is newer, and is let be
    def restore():
        a.stop()
        subprocess.run(["rm", "-rf", a.node], check=True)
        done = a.run("backup", "restore", folder, "--node", a.node)
        assert done.returncode == 0, done
        a.serve()
        pair.settle()
        return done.stderr
    assert "was let be" in restore()
    assert visitors.misp().walk("shared", limit=25) == given

    # both are lost: the database as of the backup, and what `next` was given then goes on
    a.stop()
    sql("DROP DATABASE shop WITH (FORCE)")
    sql("CREATE DATABASE shop")
    assert "was let be" not in restore()
    assert visitors.misp().walk("shared", limit=25) == given[:50]
    after = visitors.misp().get("collections/shared/objects/", next=page["next"], limit=20).json()
    assert after["objects"] == given[20:40]
    assert visitors.misp().post("shared", given[50:]).json()["success_count"] == 10


def an_exchange_killed_at_any_time_loses_nothing_it_said(pair):
    visitors = Visitors(pair.a)
    misp = visitors.misp()
    given = [indicator(n) for n in range(100)]
    misp.post("shared", given)

    def kill(name="exchange"):
        os.kill(pair.a.children()[name], signal.SIGKILL)
        pair.a.until(lambda: is_there(visitors), f"{name} is there again")

    assert misp.walk("shared", limit=20, between=kill) == given, "`next` outlives a restart"
    for name in ("judge", "gate", "exchange"):
        kill(name)
        misp = visitors.misp()
        more = [indicator(n + 1000) for n in range(len(given), len(given) + 10)]
        assert misp.post("shared", more).json()["success_count"] == 10
        given += more
        assert misp.walk("shared", limit=50) == given
    pair.check()  # the hotline is as well as before
    pair.settle()


def a_reload_or_a_death_is_no_error_to_who_asks(pair):
    """Four clients go on asking while the node takes up its settings anew and processes are killed;
    each request on a connection of its own, for one that is kept may end at any time."""
    visitors = Visitors(pair.a)
    codes, cut, wrong, over = [], [], [], threading.Event()

    def ask(number):
        for n in range(1000):
            if over.is_set():
                return
            misp = visitors.misp()
            try:
                if number < 2:
                    misp.post("shared", [indicator(10000 * number + n)])
                else:
                    misp.get("collections/shared/objects/", limit=1)
                codes.append(number)
            except requests.ConnectionError:
                cut.append(number)
            except AssertionError as other:
                wrong.append(str(other))
    clients = [threading.Thread(target=ask, args=(n,)) for n in range(4)]
    for client in clients:
        client.start()

    def go_on():
        before = len(codes)
        pair.a.until(lambda: len(codes) >= before + 12, "requests go on")
    for name in ("", "exchange", "judge", ""):
        go_on()
        if name:
            child = pair.a.until(lambda: pair.a.children().get(name), f"{name} is back")
            os.kill(child, signal.SIGKILL)
        else:
            pair.a.process.send_signal(signal.SIGHUP)
    go_on()
    for pause in (0.05, 0.3, 0.6):  # reloads that meet processes which the last one has just begun
        for _ in range(3):
            pair.a.process.send_signal(signal.SIGHUP)
            time.sleep(pause)
        go_on()
    over.set()
    for client in clients:
        client.join(40)
    assert not wrong, f"{len(wrong)} answers that were none: {wrong[:2]}"
    assert len(set(codes)) == 4, "each of them asked"
    print(len(codes), "answered,", len(cut), "connections cut")
    assert len(cut) <= 4 * 11, f"{len(cut)} connections cut by the gates that went"

    def walk():  # the last reload may still cut it
        try:
            return visitors.misp().walk("shared", limit=500)
        except requests.ConnectionError:
            return None
    held = pair.a.until(walk, "a walk is answered whole")
    assert len(held) == len({o["id"] for o in held}) >= sum(n < 2 for n in codes)


def is_there(visitors):
    try:
        return requests.get(f"https://127.0.0.1:{visitors.port}/taxii2/", timeout=10,
                            verify=str(visitors.cert)).status_code == 401
    except requests.RequestException:
        return False


def each_limit_is_told_by_its_code_and_a_walk_outlives_a_restart(pair):
    visitors = Visitors(pair.a)
    misp = visitors.misp()
    given = [indicator(n) for n in range(1010)]
    for n in range(0, 1010, 202):
        misp.post("shared", given[n:n + 202])

    # a page is never larger than ours, and says that there is more; limit=0 is no limit
    page = misp.get("collections/shared/objects/", limit=999999).json()
    assert len(page["objects"]) == 1000 and page["more"] is True
    assert misp.get("collections/shared/objects/", limit=999999, next=page["next"]).json() == {
        "more": False, "objects": given[1000:]}
    misp.get("collections/shared/objects/", 400, limit=0)

    # what is no TAXII is not read: 415 for a body, 406 for an answer
    where = "/own/collections/shared/objects/"
    for kind in ("application/json", "application/stix+json;version=2.1", "text/plain", TAXII + "0"):
        misp.ask("POST", where, 415, data=b"{}", headers={"Content-Type": kind})
    for kind in ("text/html", "application/taxii+json;version=2.0", "application/xml"):
        misp.ask("GET", where, 406, headers={"Accept": kind})

    # versions of one object, and each list's `next` after the node was started anew
    for n in range(1, 10):
        misp.post("shared", [indicator(5, f"2026-02-01T00:00:0{n}.000Z")])
    lists = {"collections/shared/objects/": "objects", "collections/shared/manifest/": "objects",
             f"collections/shared/objects/{given[5]['id']}/versions/": "versions"}
    begun = {path: misp.get(path, limit=4).json() for path in lists}
    visitors.restart()
    for path, member in lists.items():
        whole, page = list(begun[path][member]), begun[path]
        while page.get("more"):
            page = misp.get(path, limit=4, next=page["next"]).json()
            whole += page.get(member, [])
        assert whole == (misp.get(path).json() | {"objects": []} if member == "versions" else
                         {"objects": misp.walk("shared", path.split("/")[2], limit=100)})[member]
        assert len(whole) == (10 if member == "versions" else 1010), (path, len(whole))

    # his own rate, for who asks faster than he may; the others go on
    visitors.change(lambda e: [v.update(rate=1) for v in e["visitors"] if v["name"] == "misp"])
    visitors.restart()
    codes = [misp.session.get(misp.base + "/taxii2/", timeout=40) for _ in range(20)]
    slow = [c for c in codes if c.status_code == 429]
    assert {c.status_code for c in codes} == {200, 429} and codes[0].status_code == 200
    assert int(slow[0].headers["Retry-After"]) >= 1 and slow[0].json()["http_status"] == "429"
    assert visitors.sensor().ask("GET", "/taxii2/")
    time.sleep(int(slow[-1].headers["Retry-After"]))
    misp.ask("GET", "/taxii2/")


def postgres_uri():
    """Of the server that tests/store/postgres.py runs a story beside."""
    words = dict(word.split("=") for word in os.environ["PARLEY_POSTGRES"].split())
    return words, f"postgresql://{words['user']}@/{words['dbname']}?host={words['host']}"


def nothing_that_a_client_sends_is_an_error_of_ours(pair):
    send_anything(pair, Visitors(pair.a))


def nothing_that_a_client_sends_is_an_error_of_postgresql(pair):
    """Run beside a server of its own by tests/store/postgres.py."""
    visitors = Visitors(pair.a, {"store": postgres_uri()[1]})
    visitors.restart()
    send_anything(pair, visitors)


def send_anything(pair, visitors):
    misp = visitors.misp()
    misp.post("shared", [indicator(n) for n in range(20)])
    rng, session = random.Random(2021), misp.session
    objects = f"{misp.base}/own/collections/shared/objects/"
    whole = json.dumps({"objects": [indicator(n) for n in range(50, 55)]}).encode()
    bodies = [b"", b"{}", b"[]", b"null", b"{\"objects\":{}}", b"{\"objects\":[1,null,\"a\",[]]}",
              b"[" * 100000, b"{\"objects\":" + b"[" * 100000, b"\xff\xfe", b"{\"objects\":[{}]}",
              b"{\"objects\":[" + b",".join([b"{}"] * 5001) + b"]}", b"{\"a\":1,\"a\":2}",
              b"{\"objects\":[{\"type\":\"" + b"a" * 1000 + b"\"}]}", b" " * (4 << 20), whole[:-1]]
    for _ in range(150):
        bad = bytearray(whole)
        for _ in range(rng.randrange(1, 6)):
            at = rng.randrange(len(bad))
            bad[at:at + rng.randrange(3)] = rng.choice(
                (b"", b"\0", b"\\", b"\"", b"{", b"]", b"\xc3\x28", b"e999", b"\\ud800"))
        bodies.append(bytes(bad))
    for body in bodies:
        got = session.post(objects, data=body, headers={"Content-Type": TAXII}, timeout=40)
        assert got.status_code in (202, 400, 413, 422), (got.status_code, body[:80], got.text[:200])
        assert got.headers["Content-Type"] == TAXII and got.json() is not None
        if got.status_code == 202:
            status = got.json()
            told = [len(status.get(k, [])) for k in ("successes", "failures", "pendings")]
            assert told == [status[f"{k}_count"] for k in ("success", "failure", "pending")]
            assert sum(told) == status["total_count"]

    words = ("limit", "next", "added_after", "match[id]", "match[type]", "match[version]",
             "match[spec_version]", "match[", "wait", "", "%00", "a" * 400)
    values = ("", "0", "-1", "1", "99999999999999999999", "last", "first,all", "all,all", "2.1,2.0",
              "3", ",", "2026-01-01T00:00:00Z", "2026-13-01T00:00:00Z", "9999-12-31T23:59:60.1Z",
              "2026-01-01T00:00:00.123456789Z", "%", "%zz", "%00", "%ff", "%ed%a0%80", "\u00e9", "indicator", "a," * 80,
              "AQ==", "A" * 44, "a" * 4000)
    paths = ("objects/", "manifest/", "changes/", "", "objects", "objects/x/", "objects/../x/", "objects/%ff/",
             f"objects/{indicator(3)['id']}/versions/", f"objects/{indicator(3)['id']}/")
    for _ in range(600):
        query = "&".join(f"{rng.choice(words)}={rng.choice(values)}"
                         for _ in range(rng.randrange(4))).replace("wait=99", "wait=0")
        if "wait=1" in query or "wait=99" in query:
            continue
        url = f"{misp.base}/own/collections/{rng.choice(('shared', SHARED, 'x'))}/{rng.choice(paths)}"
        accept = rng.choice((TAXII, "*/*", "application/taxii+json", "text/html", "a/b;q=;;,,", ""))
        got = session.request(rng.choice(("GET", "GET", "GET", "HEAD", "PUT")), f"{url}?{query}",
                              headers={"Accept": accept}, timeout=40)
        assert got.status_code in (200, 400, 404, 405, 406), (got.status_code, url, query)
    for header in ("Basic", "Basic ", "Basic %%%", "Bearer", "Bearer " + "a" * 600, "Digest x",
                   "Basic " + "QQ" * 300, "basic OjpB", "Negotiate"):
        got = session.get(objects, headers={"Authorization": header}, timeout=40)
        assert got.status_code in (401, 429), (got.status_code, header)
    misp = visitors.misp()
    assert [o for o in misp.walk("shared") if o["id"] < indicator(20)["id"]] == [
        indicator(n) for n in range(20)]
    assert set(pair.a.children()) >= {"gate", "judge", "exchange"}
    assert "was killed" not in pair.a.log.read_text() and "ended with" not in pair.a.log.read_text()
    pair.check()
    pair.settle()


def a_backup_made_while_the_node_works_brings_it_back(pair):
    visitors = Visitors(pair.a)
    misp = visitors.misp()
    given = [indicator(n) for n in range(300)]
    misp.post("shared", given[:200])
    busy, said = threading.Event(), []

    def talk():
        while not busy.is_set():
            said.append(pair.check())
    talker = threading.Thread(target=talk)
    talker.start()
    time.sleep(0.5)
    folder = pair.a.home / "backup"
    made = pair.a.json("backup", "create", folder, "--with-keys")
    assert made["files"] > 10
    misp.post("shared", given[200:])
    time.sleep(0.5)
    busy.set()
    talker.join()
    pair.settle()
    before = [entries(p, log)[-1]["leaf"] for p in (pair.a, pair.b) for log in ("ours", "theirs")]

    checked = subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=folder)
    assert checked.returncode == 0, "another program checks it too"
    pair.a.parley_ok("backup", "check", folder)
    with (folder / "exchange/parley.db").open("r+b") as f:
        f.seek(5000)
        byte = f.read(1)
        f.seek(5000)
        f.write(bytes([byte[0] ^ 1]))
    assert pair.a.run("backup", "check", folder).returncode == 5, "one bit is found"
    with (folder / "exchange/parley.db").open("r+b") as f:
        f.seek(5000)
        f.write(byte)

    pair.a.stop()
    pair.a.node.rename(pair.a.home / "lost")
    pair.a.parley_ok("backup", "restore", folder, "--node", pair.a.node)
    pair.a.serve()
    pair.settle()
    assert before == [entries(p, log)[-1]["leaf"] for p in (pair.a, pair.b)
                      for log in ("ours", "theirs")], "what was said since came back"
    assert pair.a.run("ledger", "audit").returncode == 0
    visitors.port = int(json.loads((pair.a.node / "settings.json").read_text())["exchange"]["listen"]
                        .rsplit(":")[-1])
    assert visitors.misp().walk("shared", limit=90) == given[:200], "the store as of the backup"
    pair.check()
    pair.settle()


def an_exchange_that_cannot_serve_leaves_the_hotline_alone(pair):
    """Its database does not answer, then its certificate is none."""
    visitors = Visitors(pair.a)
    visitors.change(lambda e: e.update(store="postgresql://nobody@/none?host=/nowhere"))
    visitors.restart()
    pair.check()
    pair.settle()
    got = visitors.misp().session.get(f"https://127.0.0.1:{visitors.port}/taxii2/", timeout=40)
    assert got.status_code == 503 and int(got.headers["Retry-After"]) > 0
    assert got.headers["Content-Type"] == TAXII and got.json()["http_status"] == "503"

    (pair.a.node / "keys/exchange.cert.pem").write_text("none\n")
    visitors.change(lambda e: e.update(store="sqlite"))
    visitors.restart()
    pair.check()
    pair.settle()
    assert "nobody is let in" in pair.a.log.read_text()
