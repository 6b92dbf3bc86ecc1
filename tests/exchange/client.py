#!/usr/bin/env python3
"""`parley collection` against a TAXII 2.1 server that shares no code with it, over real TLS.

  client.py PARLEY

The server below pages by the words of the standard, and then does one thing wrong. Whatever it does,
the client ends, has every object or says that it may not have, and says what was wrong.
"""
import base64
import http.server
import json
import os
import pathlib
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

PARLEY = sys.argv[1] if len(sys.argv) > 1 else "parley"
TAXII = "application/taxii+json;version=2.1"
COLLECTION = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"
SECRET = "sesame-sesame"
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="parley-client-"))


def stamp(us):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(us // 1000000)) + f".{us % 1000000:06d}Z"


def thing(number, **more):
    return {"type": "indicator", "spec_version": "2.1",
            "id": f"indicator--00000000-0000-4000-8000-{number:012d}",
            "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
            "pattern": "[ipv4-addr:value = '192.0.2.1']", "pattern_type": "stix",
            "valid_from": "2026-01-01T00:00:00Z",
            "object_marking_refs": ["marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"],
            **more}


class Shop:
    """A collection, and how it misbehaves."""

    def __init__(self, count=0, tie=1, cap=50, **wrong):
        self.rows, self.cap, self.wrong, self.asked, self.posted = [], cap, wrong, 0, []
        self.statuses, self.lock = {}, threading.Lock()
        self.add(count, tie)

    def add(self, count, tie=1):
        start = 1780000000000000
        for i in range(len(self.rows), len(self.rows) + count):
            self.rows.append((start + i // tie * 1000003, thing(i)))

    def has(self, name):
        return self.wrong.get(name)

    def date(self, us):
        digits = self.wrong.get("digits", 6)
        return stamp(us)[:-1 - (6 - digits) - (digits == 0)] + "Z"

    def page(self, query):
        self.asked += 1
        limit = min(int(query.get("limit", ["100"])[0]), self.cap)
        rows = self.rows
        if "match[id]" in query:
            ids = query["match[id]"][0].split(",")
            rows = [r for r in rows if r[1]["id"] in ids]
        elif self.has("hides"):
            rows = [r for i, r in enumerate(rows) if i % 10 != 3]
        if "added_after" in query:
            rows = [r for r in rows if self.date(r[0]) > query["added_after"][0][:len(self.date(r[0])) - 1] + "Z"]
        at = 0
        if "next" in query:
            at = int(query["next"][0].split("-")[0])
        page = rows[at:at + limit]
        more = at + limit < len(rows)
        following = f"{at + limit}-{self.asked}"
        return page, more, following


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def send(self, status, body, headers=(), media=TAXII, cut=0):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data[:len(data) - cut])
        if cut:
            self.close_connection = True

    def may(self):
        given = self.headers.get("Authorization", "")
        basic = "Basic " + base64.b64encode(f"li:{SECRET}".encode()).decode()
        if given in (f"Bearer {SECRET}", basic):
            return True
        self.send(401, {"title": "Unauthorized", "http_status": "401"},
                  [("WWW-Authenticate", "Bearer")])
        return False

    def do_GET(self):
        shop, url = self.server.shop, urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(url.query)
        if not self.may():
            return
        if url.path == "/taxii2/":
            self.send(200, {"title": "peer", "default": "/api/",
                            "api_roots": ["/api/", "https://elsewhere.invalid/api/"]})
        elif url.path == "/api/":
            self.send(200, {"title": "root", "versions": [TAXII], "max_content_length": 20000})
        elif url.path == "/api/collections/":
            self.send(200, {"collections": [{"id": COLLECTION, "title": "\x1b[2Jsly", "alias": "all",
                                             "can_read": True, "can_write": True}]})
        elif url.path.startswith("/api/status/"):
            self.send(200, shop.statuses[url.path.split("/")[3]])
        elif url.path == "/api/collections/all/objects/":
            self.objects(shop, query)
        elif url.path == "/api/collections/all/manifest/":
            self.manifest(shop, query)
        elif url.path == "/api/collections/away/objects/":
            self.send(302, b"", [("Location", "https://elsewhere.invalid/")])
        else:
            self.send(404, {"title": "Not Found", "http_status": "404"})

    def manifest(self, shop, query):
        hides, shop.wrong = shop.wrong, {k: v for k, v in shop.wrong.items() if k != "hides"}
        page, more, following = shop.page(query)
        shop.wrong = hides
        body = {"more": more, "objects": [{"id": o["id"], "date_added": shop.date(d),
                                           "version": o["modified"]} for d, o in page]}
        if more:
            body["next"] = following
        self.send(200, body, [("X-TAXII-Date-Added-Last", shop.date(page[-1][0]))] if page else [])

    def objects(self, shop, query):
        page, more, following = shop.page(query)
        asked, has = shop.asked, shop.has
        body = {"more": more, "objects": [o for _, o in page]}
        headers = [("X-TAXII-Date-Added-First", shop.date(page[0][0])),
                   ("X-TAXII-Date-Added-Last", shop.date(page[-1][0]))] if page else []
        if has("refuses_next") and "next" in query or has("stale") and asked == 3:
            return self.send(400, {"title": "no such next", "http_status": "400"})
        if has("busy") and asked == 2:
            return self.send(503, {"title": "busy", "http_status": "503"}, [("Retry-After", "1")])
        if has("huge") and int(query["limit"][0]) > 20:
            return self.send(200, b'{"objects":[' + b" " * (6 << 20) + b"]}")
        if more and not has("no_next"):
            body["next"] = following
        if has("loops") and more and asked % 4 == 3:
            body["next"] = "0-1"
        if has("repeats") and "next" in query and asked % 3 == 0:
            page = shop.rows[:shop.cap]
            body["objects"] = [o for _, o in page]
        if has("same_next") and more:
            body["next"] = "50-again"
        if has("empty_more") and asked in (2, 4):
            body = {"more": True, "next": query.get("next", ["0-0"])[0] + "x"[:0] + f"-{asked}"}
            headers = []
        if has("always_more"):
            body["more"] = True
            if has("always_more") == "new":
                body["next"] = following
        if has("odd_more") and more:
            body["more"] = "true"
        if has("no_dates"):
            headers = []
        if has("bad_dates"):
            headers = [("X-TAXII-Date-Added-Last", "undefined")]
        if has("bad_objects"):
            body["objects"] = body.get("objects", []) + [{"type": "indicator", "id": "nonsense"}, 7]
        if has("deep") and asked == 1:
            return self.send(200, b'{"objects":[' + b"[" * 100000 + b"]" * 100000 + b"]}")
        if has("slow"):
            time.sleep(0.05)
        if has("no_envelope") and asked == 2:
            return self.send(200, b"<html>come back later</html>", media="text/html")
        self.send(200, body, headers, media="application/json" if has("wrong_type") else TAXII,
                  cut=40 if has("cut") and asked == 2 or has("always_cut") else 0)

    def do_POST(self):
        shop = self.server.shop
        text = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.may():
            return
        assert self.headers["Content-Type"] == TAXII and len(text) <= 20000, len(text)
        given = json.loads(text)["objects"]
        shop.posted += given
        name = f"00000000-0000-4000-8000-{len(shop.posted):012d}"
        failed = [{"id": o["id"], "version": o["modified"], "message": "we do not like it"}
                  for o in given if o.get("name") == "bad"]
        done = {"id": name, "status": "complete", "total_count": len(given),
                "success_count": len(given) - len(failed), "failure_count": len(failed),
                "pending_count": 0, "failures": failed}
        shop.statuses[name] = done
        self.send(202, dict(done, status="pending", failure_count=0, success_count=0,
                            pending_count=len(given)) if shop.has("pending") else done)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    shop = None

    def handle_error(self, *_):
        pass  # a client that was killed


def certificate():
    key, cert = FOLDER / "key.pem", FOLDER / "cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert, "-subj",
                    "/CN=peer", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "9"],
                   check=True, capture_output=True)
    return key, cert


KEY, CERT = certificate()
server = Server(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(CERT, KEY)
server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
ORIGIN = f"https://127.0.0.1:{server.server_address[1]}"
(FOLDER / "token").write_text(SECRET + "\n")
number = 0


def command(*words, trust=("--ca", str(CERT)), who=("--token-file", str(FOLDER / "token"))):
    return [PARLEY, *map(str, words), *trust, *who]


def run(*words, **more):
    done = subprocess.run(command(*words, **more), capture_output=True, text=True, timeout=120)
    assert "Sanitizer" not in done.stderr, done.stderr
    return done


def fresh_store():
    global number
    number += 1
    return FOLDER / f"{number}.db"


def pull(store, *words, collection="all", **more):
    done = run("collection", "pull", f"{ORIGIN}/api/", collection, "--store", store, "--json",
               "--limit", "50", *words, **more)
    return done, json.loads(done.stdout) if done.stdout else None


def held(store):
    listed = run("collection", "list", "--store", store, "--json", trust=(), who=())
    assert listed.returncode == 0, listed
    return sum(c["objects"] for c in json.loads(listed.stdout)["held"])


def whole(shop, *words, said="", store=None, code=0):
    """A pull that must have everything; the objects are what was served."""
    server.shop = shop
    store = store or fresh_store()
    done, told = pull(store, *words)
    assert done.returncode == code, (done.returncode, done.stderr, done.stdout)
    if code == 0:
        assert held(store) == len(shop.rows), (held(store), done.stdout, done.stderr)
    assert any(said in w["what"] for w in told["wrong"]) or not said, told
    return store, told


def a_good_server_is_pulled_whole_then_only_what_is_new():
    shop = Shop(330)
    store, told = whole(shop)
    assert told["new"] == 330 and told["pages"] == 7 and told["wrong"] == [], told
    shop.add(20)
    _, told = whole(shop, store=store)
    assert told["new"] == 20 and told["pages"] == 1, told


def whatever_a_server_does_wrong_nothing_is_lost():
    for wrong, said in (("no_next", ""), ("refuses_next", "did not know its own"), ("stale", "own `next`"),
                        ("busy", ""), ("loops", "came twice"), ("repeats", "came twice"),
                        ("same_next", "led back"), ("empty_more", ""), ("odd_more", "no boolean"),
                        ("no_dates", "no X-TAXII"), ("bad_dates", "no time"),
                        ("wrong_type", "Content-Type"), ("cut", "before its end"),
                        ("bad_objects", "no STIX"), ("deep", "no envelope"),
                        ("no_envelope", "no envelope"), ("huge", "larger than")):
        for tie in (1, 30):
            whole(Shop(230, tie, **{wrong: True}), said=said)
    for digits in (0, 3):
        whole(Shop(230, 1, digits=digits, no_next=True))


def what_may_be_missing_is_never_called_complete():
    for wrong, code in (({"always_more": True}, 6), ({"always_more": "new"}, 6),
                        ({"no_next": True, "no_dates": True}, 6), ({"always_cut": True}, 7),
                        ({"repeats": True, "no_dates": True}, 6)):
        server.shop = Shop(230, **wrong)
        done, told = pull(fresh_store())
        assert done.returncode == code and told["end"] != "complete", (wrong, done)
    # more objects of one date than a page, and nothing but dates: the manifest knows, ids lead there
    shop = Shop(120, 60, no_next=True)
    store, told = whole(shop, code=6)
    assert told["end"] == "torn"


def an_audit_finds_what_a_server_hides():
    shop = Shop(230, hides=True)
    server.shop = shop
    store = fresh_store()
    done, told = pull(store)
    assert done.returncode == 0 and held(store) < 230, "it cannot know"
    done, told = pull(store, "--audit")
    assert done.returncode == 0 and held(store) == 230, done
    assert "named 23 that were not here; 0" in done.stderr, done.stderr


def killed_at_any_time_it_goes_on_and_loses_nothing():
    shop = Shop(1000, 7, cap=20, slow=True)
    server.shop = shop
    store = fresh_store()
    for _ in range(8):
        process = subprocess.Popen(command("collection", "pull", f"{ORIGIN}/api/", "all", "--store",
                                           store, "--limit", "20"), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        time.sleep(0.6)
        process.send_signal(signal.SIGKILL)
        process.wait()
    kept, before = held(store), shop.asked
    assert 0 < kept < 1000, kept
    done, told = pull(store)
    assert done.returncode == 0 and held(store) == 1000, done
    assert shop.asked - before <= (1000 - kept) // 20 + 3, "it began anew"


def who_we_are_is_said_in_each_way_and_to_nobody_else():
    server.shop = Shop(3)
    password = FOLDER / "password"
    password.write_text(SECRET)
    done, _ = pull(fresh_store(), who=("--user", "li", "--password-file", str(password)))
    assert done.returncode == 0, done
    done, _ = pull(fresh_store(), who=())
    assert done.returncode == 1 and "401" in done.stderr and "--token-file" in done.stderr, done
    done, _ = pull(fresh_store(), trust=())
    assert done.returncode == 1 and "tls" in done.stderr, done
    public = subprocess.run(["sh", "-c", f"openssl x509 -in {CERT} -noout -pubkey | openssl pkey -pubin"
                             " -outform DER | sha256sum"], capture_output=True, text=True, check=True)
    done, _ = pull(fresh_store(), trust=("--pin", public.stdout.split()[0]))
    assert done.returncode == 0, done
    done, _ = pull(fresh_store(), trust=("--pin", "00" * 32))
    assert done.returncode == 1, done
    done, _ = pull(fresh_store(), collection="away")
    assert done.returncode == 1 and "elsewhere" in done.stderr, done
    done, _ = pull(fresh_store(), collection="nothing")
    assert done.returncode == 8, done
    done = run("collection", "list", "https://127.0.0.1:1/taxii2/")
    assert done.returncode == 7, done
    done = run("collection", "list", "http://127.0.0.1:1/taxii2/")
    assert done.returncode == 2, done


def its_collections_are_listed_and_what_it_says_is_harmless():
    server.shop = Shop()
    for url in (f"{ORIGIN}/taxii2/", f"{ORIGIN}/api/", f"{ORIGIN}/api"):
        done = run("collection", "list", url)
        assert done.returncode == 0 and COLLECTION in done.stdout and "\x1b" not in done.stdout, done
    assert "another server" in run("collection", "list", f"{ORIGIN}/taxii2/").stderr


def settings_with(*remotes):
    node = FOLDER / "node"
    node.mkdir(exist_ok=True)
    text = {"v": 1, "party": "cert-a", "agreements": ["pact"], "remotes": list(remotes)}
    (node / "settings.json").write_text(json.dumps(text, indent=1, sort_keys=True,
                                                   ensure_ascii=True) + "\n")
    return node


def nothing_is_pushed_to_a_server_that_is_nobodys():
    shop = server.shop = Shop()
    bundle = FOLDER / "bundle.json"
    bundle.write_text(json.dumps({"objects": [thing(1)]}))
    node = settings_with()

    def push(where, code):
        done = run("collection", "push", where, "all", bundle, "--node", node)
        assert done.returncode == code, (where, done)
        return done.stderr
    assert "parley remote add" in push(f"{ORIGIN}/api/", 4)
    assert run("remote", "add", "other", f"{ORIGIN}/other/", "--node", node, trust=(),
               who=()).returncode == 0
    for where in (f"{ORIGIN}/api/", f"{ORIGIN}/other/../api/", f"{ORIGIN}/other/%2e%2e/api/",
                  f"{ORIGIN}0/other/", f"{ORIGIN}@127.0.0.1/other/", ORIGIN, "othe"):
        push(where, 4)
    assert shop.posted == []
    for url, agreement in (("http://127.0.0.1/", ()), ("https://a@b/", ()), ("https://a/../", ()),
                           ("https://a/", ("--agreement", "nobody"))):
        done = run("remote", "add", "wrong", url, *agreement, "--node", node, trust=(), who=())
        assert done.returncode == 2, done
    assert run("remote", "add", "ours", f"{ORIGIN}/api", "--node", node, trust=(),
               who=()).returncode == 0
    push(f"{ORIGIN}/api", 0)
    assert run("remote", "remove", "ours", "--node", node, trust=(), who=()).returncode == 0
    push("ours", 4)
    assert len(shop.posted) == 1


def a_bundle_is_pushed_in_pieces_and_every_failure_is_named():
    node = settings_with({"name": "ours", "url": f"{ORIGIN}/api/"})
    for wrong in ({}, {"pending": True}):
        shop = server.shop = Shop(**wrong)
        bundle = FOLDER / "bundle.json"
        given = [thing(i) for i in range(200)]
        bundle.write_text(json.dumps({"type": "bundle", "objects": given}))
        words = ("collection", "push", "ours", "all", bundle, "--node", node)
        done = run(*words, "--dry-run")
        assert done.returncode == 0 and shop.posted == [], done
        done = run(*words)
        assert done.returncode == 0 and shop.posted == given, done
        bundle.write_text(json.dumps({"objects": [thing(1, name="bad"), thing(2)]}))
        done = run(*words)
        assert done.returncode == 4 and "do not like" in done.stderr and "1 not taken" in done.stdout
    sent = len(shop.posted)
    for wrong in (thing(3, object_marking_refs=[]), {"type": "email-addr", "spec_version": "2.1",
                  "id": "email-addr--00000000-0000-4000-8000-000000000001", "value": "a@b.example"}):
        bundle.write_text(json.dumps({"objects": [thing(4), wrong]}))
        done = run(*words)
        assert done.returncode == 4 and len(shop.posted) == sent, done


def main():
    failed = 0
    for name, test in list(globals().items()):
        if not callable(test) or "_" not in name or name.startswith("_") or name == "fresh_store":
            continue
        if len(sys.argv) > 2 and name not in sys.argv[2:]:
            continue
        begin = time.monotonic()
        try:
            test()
            print(f"ok   {name} ({time.monotonic() - begin:.1f} s)", flush=True)
        except Exception as wrong:  # the next one is told too
            failed += 1
            print(f"FAIL {name}: {type(wrong).__name__}: {str(wrong)[:1500]}", flush=True)
    subprocess.run(["rm", "-rf", str(FOLDER)], check=False)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
