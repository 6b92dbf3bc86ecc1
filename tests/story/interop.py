"""The mandatory rows of the OASIS "TAXII 2.1 Interoperability Test Document" (CSD01, 2022) against a
whole node: each prints its number, and leaves what was asked and answered in an evidence file.

The client is Python's requests over TLS 1.3 (taxii.py). The file is interoperability.txt in the
build folder: ./check makes it anew each time.
"""
import datetime
import json
import pathlib
import sys

import requests
from exchange import DROP, SHARED, WELL, Visitors
from taxii import TAXII, Client, certificate, indicator

GREEN = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"
CELLAR = "41111111-1111-4111-8111-111111111111"
ROWS = {}


def row(number, title):
    def keep(test):
        assert number not in ROWS
        ROWS[number] = (title, test)
        return test
    return keep


class Bench:
    """The node's clients, and what is known of its collections."""

    def __init__(self, pair):
        v = self.visitors = Visitors(pair.a)
        v.change(lambda e: e["roots"][0]["collections"].append(
            {"id": CELLAR, "alias": "cellar", "title": "Neither"}))
        press = pair.a.home / "press.token"
        v.add("press", "--token", press, "--reads", "own/well", "--writes", "own/well", "--reads",
              "own/cellar", "--writes", "own/cellar", "--reads", "own/drop", "--writes", "own/drop")
        v.restart()
        self.taxii, self.sensor, self.duty = v.misp(), v.sensor(), v.duty()
        self.press = Client(v.port, v.cert, "own", token=press.read_text().strip())
        self.stranger = Client(v.port, v.cert, "own")
        self.said = []
        for client in (self.taxii, self.sensor, self.duty, self.press, self.stranger):
            client.session.hooks["response"].append(self.heard)
        self.given = [indicator(n) for n in range(20)]
        self.given += [dict(indicator(n), type="malware", is_family=False, name=f"m{n}",
                            id=f"malware--00000000-0000-4000-8000-{n:012d}") for n in range(20, 25)]
        for o in self.given[20:]:
            for extra in ("pattern", "pattern_type", "valid_from"):
                del o[extra]
        self.taxii.post("shared", self.given)
        self.press.post("well", self.given[:3])
        self.press.post("cellar", self.given[:3])
        self.press.post("drop", self.given[:3])

    def heard(self, got, *_, **__):
        asked = got.request
        self.said.append(f"      {asked.method} {asked.path_url} -> {got.status_code} "
                         f"{got.headers.get('Content-Type')}, {len(got.content)} bytes")

    def objects(self, **filters):
        return [o["id"] for o in self.taxii.get(f"collections/{SHARED}/objects/", **filters)
                .json().get("objects", [])]


@row("3.1.1", "a request without authorization: 401")
def _(b):
    for path in ("/taxii2/", "/own/", "/own/collections/", f"/own/collections/{SHARED}/objects/"):
        assert b.stranger.ask("GET", path, 401).headers["WWW-Authenticate"]


@row("3.1.2", "a request with wrong authorization: 401")
def _(b):
    wrong = Client(b.visitors.port, b.visitors.cert, "own", token="A" * 43)
    wrong.session.hooks["response"].append(b.heard)
    assert wrong.ask("GET", "/own/collections/", 401).headers["WWW-Authenticate"]


@row("3.1.3", "a client known by its certificate; one with another is not")
def _(b):
    b.sensor.get("collections/")
    other = Client(b.visitors.port, b.visitors.cert, "own",
                   cert=certificate(b.visitors.party.home, "other"))
    other.session.hooks["response"].append(b.heard)
    other.ask("GET", "/own/collections/", 401)


@row("3.1.4", "a client known by HTTP Basic")
def _(b):
    b.duty.get("collections/")


@row("3.2.1", "discovery")
def _(b):
    found = b.taxii.ask("GET", "/taxii2/").json()
    assert found["title"] == "CERT A" and "/own/" in found["api_roots"]
    assert found.get("default", "/own/") in found["api_roots"]


@row("3.3.1", "an API root: title, versions, max_content_length")
def _(b):
    found = b.taxii.ask("GET", "/own/").json()
    assert found["title"] and TAXII in found["versions"] and found["max_content_length"] > 0


@row("3.3.2", "an API root that is not there: 404")
def _(b):
    b.taxii.ask("GET", "/nowhere/", 404)


@row("3.4.1", "collections, sorted by id, with rights and media types")
def _(b):
    found = b.taxii.get("collections/").json()["collections"]
    assert [c["id"] for c in found] == sorted([SHARED, DROP, WELL, CELLAR])
    assert all(c["title"] and "application/stix+json;version=2.1" in c["media_types"]
               for c in found)


def collection(b, name, read, write):
    found = b.taxii.get(f"collections/{name}/").json()
    assert (found["id"], found["can_read"], found["can_write"]) == (name, read, write), found


@row("3.5.1.1", "a write-only collection")
def _(b):
    collection(b, DROP, False, True)


@row("3.5.1.2", "a read-write collection")
def _(b):
    collection(b, SHARED, True, True)


@row("3.5.1.3", "a read-only collection")
def _(b):
    collection(b, WELL, True, False)


@row("3.5.1.4", "a collection that may neither be read nor written")
def _(b):
    collection(b, CELLAR, False, False)


@row("3.5.2.1", "reading a write-only collection: 403")
def _(b):
    for what in ("objects", "manifest"):
        b.taxii.get(f"collections/{DROP}/{what}/", 403)


@row("3.5.2.2", "writing to a read-only collection: 403")
def _(b):
    b.taxii.post(WELL, b.given[:1], 403)


@row("3.5.2.3", "deleting from a read-only or a write-only collection: 403")
def _(b):
    b.taxii.delete(WELL, b.given[0]["id"], 403)
    b.taxii.delete(DROP, b.given[0]["id"], 403)
    assert len(b.press.walk(WELL)) == len(b.press.walk(DROP)) == 3


@row("3.5.2.4", "deleting from a collection without any right: 404")
def _(b):
    b.taxii.delete(CELLAR, b.given[0]["id"], 404)
    assert len(b.press.walk(CELLAR)) == 3


@row("3.5.3", "a collection that is not there: 404")
def _(b):
    b.taxii.get("collections/91a7b528-80eb-42ed-a74d-c6fbd5a26116/", 404)


@row("3.6.1", "the manifest: id, date_added, version, media_type; ascending")
def _(b):
    got = b.taxii.get(f"collections/{SHARED}/manifest/")
    rows = got.json()["objects"]
    assert [r["id"] for r in rows] == [o["id"] for o in b.given]
    assert all(r["version"] == "2026-01-01T00:00:00.000000Z" and
               r["media_type"].startswith("application/stix+json") for r in rows), rows[0]
    dates = [r["date_added"] for r in rows]
    assert dates == sorted(set(dates))
    assert (got.headers["X-TAXII-Date-Added-First"], got.headers["X-TAXII-Date-Added-Last"]) == (
        dates[0], dates[-1])


@row("3.7.1", "objects, as they were given, with the two date headers")
def _(b):
    got = b.taxii.get(f"collections/{SHARED}/objects/")
    assert got.json()["objects"] == b.given
    assert got.headers["X-TAXII-Date-Added-First"] < got.headers["X-TAXII-Date-Added-Last"]


@row("3.7.2", "no objects: 200, and no list")
def _(b):
    found = b.taxii.get(f"collections/{SHARED}/objects/", added_after="2099-01-01T00:00:00Z").json()
    assert "objects" not in found and not found.get("more")


@row("3.8.1", "one object")
def _(b):
    got = b.taxii.get(f"collections/{SHARED}/objects/{b.given[3]['id']}/")
    assert got.json()["objects"] == [b.given[3]] and got.headers["X-TAXII-Date-Added-First"]


@row("3.8.2", "an object that is not there: 404")
def _(b):
    b.taxii.get(f"collections/{SHARED}/objects/{indicator(999)['id']}/", 404)


@row("3.9.1", "the versions of an object")
def _(b):
    newer = dict(b.given[0], modified="2026-03-01T00:00:00.000Z", description="again")
    b.taxii.post(SHARED, [newer])
    got = b.taxii.get(f"collections/{SHARED}/objects/{newer['id']}/versions/")
    assert got.json()["versions"] == ["2026-01-01T00:00:00.000000Z", "2026-03-01T00:00:00.000000Z"]


@row("3.10.1", "adding objects: 202, and a status")
def _(b):
    got = b.taxii.post(SHARED, [indicator(100)]).json()
    assert got["id"] and got["status"] in ("complete", "pending") and got["total_count"] == 1


@row("3.11.1", "a status is there to be asked for; to nobody else, and no other: 404")
def _(b):
    said = b.taxii.post(SHARED, [indicator(101)]).json()
    assert b.taxii.get(f"status/{said['id']}/").json() == said
    b.duty.get(f"status/{said['id']}/", 404)
    b.taxii.get("status/91a7b528-80eb-42ed-a74d-c6fbd5a26116/", 404)


@row("3.11.2", "all properties of a status, object by object")
def _(b):
    bad = dict(indicator(103), modified="2025-01-01T00:00:00.000Z")  # before it was created
    said = b.taxii.post(SHARED, [indicator(102), bad]).json()
    said = b.taxii.get(f"status/{said['id']}/").json()
    assert [said[k + "_count"] for k in ("total", "success", "failure", "pending")] == [2, 1, 1, 0]
    assert said["request_timestamp"].endswith("Z")
    assert [s["id"] for s in said["successes"]] == [indicator(102)["id"]]
    failure, = said["failures"]
    assert failure["id"] == bad["id"] and failure["message"] and failure["version"]


@row("3.12.1", "deleting an object: 200, and it is gone")
def _(b):
    b.taxii.delete(SHARED, indicator(100)["id"])
    b.taxii.get(f"collections/{SHARED}/objects/{indicator(100)['id']}/", 404)


@row("3.13.1.1", "added_after: strictly after")
def _(b):
    rows = b.taxii.get(f"collections/{SHARED}/manifest/").json()["objects"]
    found = b.objects(added_after=rows[9]["date_added"])
    assert found == [r["id"] for r in rows[10:]]


@row("3.13.1.2", "limit")
def _(b):
    got = b.taxii.get(f"collections/{SHARED}/objects/", limit=4).json()
    assert len(got["objects"]) == 4 and got["more"] is True and got["next"]


@row("3.13.1.3", "match[id]")
def _(b):
    assert b.objects(match__id=b.given[5]["id"]) == [b.given[5]["id"]]


@row("3.13.1.4", "match[type]")
def _(b):
    assert b.objects(match__type="malware") == [o["id"] for o in b.given[20:]]


@row("3.13.1.5", "match[version]: last, first, all, a time")
def _(b):
    def texts(**filters):
        return [o.get("description") for o in b.taxii.get(
            f"collections/{SHARED}/objects/", match__id=b.given[0]["id"], **filters)
            .json()["objects"]]
    assert texts() == texts(match__version="last") == ["again"]
    assert texts(match__version="first") == [None]
    assert texts(match__version="all") == texts(match__version="first,last") == [None, "again"]
    assert texts(match__version="2026-03-01T00:00:00Z") == ["again"]


@row("3.13.1.6", "match[spec_version]")
def _(b):
    assert len(b.objects(match__spec_version="2.1")) >= 25
    assert b.objects(match__spec_version="2.0") == []


@row("3.13.1.7", "several values of one field: OR")
def _(b):
    want = [b.given[2]["id"], b.given[21]["id"]]
    assert b.objects(match__id=",".join(reversed(want))) == want


@row("3.13.1.8", "several fields: AND")
def _(b):
    assert b.objects(match__id=b.given[2]["id"], match__type="malware") == []
    assert b.objects(match__id=b.given[22]["id"], match__type="malware") == [b.given[22]["id"]]


@row("3.13.1.9", "OR within AND")
def _(b):
    ids = [b.given[n]["id"] for n in (1, 20, 21)]
    assert b.objects(match__id=",".join(ids), match__type="malware,tool") == ids[1:]


@row("3.13.1.10", "the same field twice: 400")
def _(b):
    b.taxii.ask("GET", f"/own/collections/{SHARED}/objects/?match[type]=malware&match[type]=tool",
                400)


@row("3.14.1", "pagination: every object once, by `next` and by added_after alone")
def _(b):
    whole = b.objects()
    assert [o["id"] for o in b.taxii.walk(SHARED, limit=3)] == whole
    assert [o["id"] for o in b.taxii.walk_by_time(SHARED, limit=3)] == whole
    assert [o["id"] for o in b.taxii.walk(SHARED, "manifest", limit=3)] == whole


@row("3.15.1", "custom properties come back as they were given")
def _(b):
    own = indicator(200, x_acme_score=7.25, x_acme={"a": [1, None, "é"]},
                    extensions={"extension-definition--00000000-0000-4000-8000-000000000001":
                                {"extension_type": "property-extension", "rank": 5}})
    assert b.taxii.post(SHARED, [own]).json()["success_count"] == 1
    assert b.taxii.get(f"collections/{SHARED}/objects/{own['id']}/").json()["objects"] == [own]


def the_39_rows_of_the_interoperability_document_hold(pair):
    assert len(ROWS) == 39, len(ROWS)
    bench, failed = Bench(pair), []
    lines = ["TAXII 2.1 Interoperability Test Document, version 1.0, CSD01: persona TXS (server)",
             f"{pair.a.parley_ok('version').strip()}, asked by python3-requests "
             f"{requests.__version__} over TLS 1.3",
             datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"), ""]
    for number, (title, test) in ROWS.items():
        bench.said.clear()
        try:
            test(bench)
            word = "holds"
        except Exception as wrong:  # every row is told
            word = f"FAILS: {type(wrong).__name__}: {wrong}"
            failed.append(number)
        print(f"{number:10}{word:6} {title}")
        lines += [f"{number:10}{word:6} {title}", *bench.said]
    lines += ["", f"{39 - len(failed)} of 39 mandatory rows hold"]
    evidence = pathlib.Path(sys.argv[1]).resolve().parent.parent / "interoperability.txt"
    evidence.write_text("\n".join(lines) + "\n")
    print(f"{lines[-1]}; evidence: {evidence}")
    assert not failed, failed


def our_own_client_keeps_in_step_with_our_own_server(pair):
    """`parley collection` of the one party at the door of the other, with deaths and deletions."""
    bench = Bench(pair)
    url = f"https://127.0.0.1:{bench.visitors.port}"
    who = ("--token-file", bench.visitors.token_file, "--ca", bench.visitors.cert)
    pull = ("collection", "pull", f"{url}/own/", "shared", *who, "--limit", "7")
    listed = pair.b.json("collection", "list", f"{url}/taxii2/", *who)["collections"]
    assert [c["id"] for c in listed if c["root"] == f"{url}/own/"] == [SHARED, DROP, WELL, CELLAR]
    first = pair.b.json(*pull)
    assert (first["end"], first["new"], first["wrong"]) == ("complete", len(bench.given), [])
    assert pair.b.json(*pull)["new"] == 0
    bundle = pair.b.home / "found.json"
    more = [indicator(n, object_marking_refs=[GREEN]) for n in range(300, 330)]
    bundle.write_text(json.dumps({"type": "bundle", "objects": more}))
    pair.b.parley_ok("remote", "add", "ours", f"{url}/own/")
    pushed = pair.b.json("collection", "push", f"{url}/own/", "shared", bundle, *who)
    assert (pushed["sent"], pushed["failed"], pushed["pending"]) == (30, 0, 0)
    again = pair.b.json(*pull, "--audit")
    assert (again["end"], again["new"], again["wrong"]) == ("complete", 30, [])
    assert sum(c["objects"] for c in pair.b.json("collection", "list")["held"]) == 55
    refused = pair.b.run("collection", "push", f"{url}/own/", "well", bundle, *who)
    assert refused.returncode == 1 and "403" in refused.stderr, refused
