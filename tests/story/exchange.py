"""What a node with an exchange promises to TAXII clients: tales for stories.py.

The client (taxii.py) is Python's requests over real TLS 1.3; the nodes are whole.
"""
import hashlib
import json
import os
import signal

import requests
from party import canonical_file, free_port
from taxii import Client, certificate, indicator

SHARED, DROP, WELL = (f"{n}1111111-1111-4111-8111-111111111111" for n in (1, 2, 3))


class Visitors:
    """An exchange in the settings of one party, and clients of it."""

    def __init__(self, party, settings=None):
        self.party, self.port = party, free_port()
        self.key, self.cert = certificate(party.home, "exchange")
        for path, name in ((self.key, "exchange.key.pem"), (self.cert, "exchange.cert.pem")):
            (party.node / "keys" / name).write_bytes(path.read_bytes())
        self.client_pair = certificate(party.home, "sensor")
        path = party.node / "settings.json"
        all_settings = json.loads(path.read_text())
        all_settings["exchange"] = self.settings()
        all_settings["exchange"].update(settings or {})
        path.write_text(canonical_file(all_settings))
        party.stop()
        party.serve()

    def settings(self):
        pin = self.party.json("key", "fingerprint", self.client_pair[1])["pin"]
        pin = __import__("base64").b64decode(pin).hex()
        return {"listen": f"127.0.0.1:{self.port}", "title": "CERT A", "roots": [
            {"name": "own", "title": "Our own", "audience": "own", "collections": [
                {"id": SHARED, "alias": "shared", "title": "All", "readers": ["misp", "sensor"],
                 "writers": ["misp"]},
                {"id": DROP, "alias": "drop", "title": "In only", "writers": ["misp", "sensor"]},
                {"id": WELL, "alias": "well", "title": "Out only", "readers": ["misp", "sensor"]},
            ]}], "visitors": [
                {"name": "misp", "token_sha256": hashlib.sha256(b"misp token").hexdigest()},
                {"name": "sensor", "certificate_sha256": pin}]}

    def misp(self, root="own"):
        return Client(self.port, self.cert, root, token="misp token")

    def sensor(self, root="own"):
        return Client(self.port, self.cert, root, cert=self.client_pair)


def a_taxii_client_lists_pages_filters_posts_and_deletes(pair):
    visitors = Visitors(pair.a)
    misp, sensor = visitors.misp(), visitors.sensor()
    found = misp.ask("GET", "/taxii2/").json()
    assert found["api_roots"] == ["/own/"] and found["title"] == "CERT A"
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
    assert misp.ask("HEAD", "/taxii2/").content == b""
    assert misp.ask("PUT", "/taxii2/", 405).headers["Allow"] == "GET, HEAD"


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


def is_there(visitors):
    try:
        return requests.get(f"https://127.0.0.1:{visitors.port}/taxii2/", timeout=10,
                            verify=str(visitors.cert)).status_code == 401
    except requests.RequestException:
        return False
