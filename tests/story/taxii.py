"""A TAXII 2.1 client of the tests, on python3-requests: no line in common with ours, real TLS.

What it knows of the standard it knows from the standard: pages by `next` and by added_after alone.
"""
import subprocess

import requests

TAXII = "application/taxii+json;version=2.1"


def certificate(folder, name, days=9):
    """A key and a certificate signed by itself, for 127.0.0.1."""
    key, cert = folder / f"{name}.key.pem", folder / f"{name}.cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert, "-subj",
                    f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-days", str(days)],
                   check=True, capture_output=True)
    key.chmod(0o600)
    return key, cert


class Client:
    """One client of one server; `auth` as requests takes it, or token=, or cert=."""

    def __init__(self, port, ca, root, auth=None, token=None, cert=None):
        self.base, self.root = f"https://127.0.0.1:{port}", root
        self.session = requests.Session()
        self.session.trust_env = False  # no proxy and no list of authorities of this machine
        self.session.verify = str(ca)
        self.session.headers["Accept"] = TAXII
        self.session.auth = auth
        if token:
            self.session.headers["Authorization"] = f"Bearer {token}"
        if cert:
            self.session.cert = (str(cert[1]), str(cert[0]))

    def ask(self, method, path, status=200, **more):
        got = self.session.request(method, f"{self.base}{path}", timeout=40, **more)
        expected = status if isinstance(status, tuple) else (status,)
        assert got.status_code in expected, f"{method} {path}: {got.status_code} {got.text[:300]}"
        assert got.headers["Content-Type"] == TAXII
        if got.status_code >= 400 and method != "HEAD":
            assert got.json()["http_status"] == str(got.status_code), got.text
        return got

    def get(self, path, status=200, **query):
        """`path` below the API root; match__type for match[type]."""
        names = {k.replace("match__", "match[") + ("]" if k.startswith("match__") else ""): v
                 for k, v in query.items()}
        return self.ask("GET", f"/{self.root}/{path}", status, params=names)

    def post(self, collection, objects, status=202):
        return self.ask("POST", f"/{self.root}/collections/{collection}/objects/", status,
                        json={"objects": objects}, headers={"Content-Type": TAXII})

    def delete(self, collection, name, status=200):
        return self.ask("DELETE", f"/{self.root}/collections/{collection}/objects/{name}/", status)

    def walk(self, collection, what="objects", between=None, **query):
        """All of it by `next`."""
        found, more = [], dict(query)
        while True:
            page = self.get(f"collections/{collection}/{what}/", **more).json()
            found += page.get("objects", [])
            if not page.get("more"):
                return found
            more["next"] = page["next"]
            if between:
                between()

    def walk_by_time(self, collection, what="objects", **query):
        """All of it as a client that knows no `next` does it."""
        found, more = [], dict(query)
        while True:
            got = self.get(f"collections/{collection}/{what}/", **more)
            found += got.json().get("objects", [])
            if not got.json().get("more"):
                return found
            more["added_after"] = got.headers["X-TAXII-Date-Added-Last"]


def indicator(number, modified="2026-01-01T00:00:00.000Z", **more):
    return {"type": "indicator", "spec_version": "2.1",
            "id": f"indicator--00000000-0000-4000-8000-{number:012d}",
            "created": "2026-01-01T00:00:00.000Z", "modified": modified,
            "pattern": f"[ipv4-addr:value = '192.0.2.{number % 250 + 1}']", "pattern_type": "stix",
            "valid_from": "2026-01-01T00:00:00Z", **more}
