#!/usr/bin/env python3
"""The HTTP server over real TLS 1.3, asked by Python's own ssl: limits, pins, clean ends."""
import contextlib
import hashlib
import json
import pathlib
import socket
import ssl
import subprocess
import sys
import tempfile
import time

GET = b"GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n"


def make_key(folder, name):
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", certificate,
                    "-subj", f"/CN={name}", "-days", "9"], check=True, capture_output=True)
    return key, certificate


class Client:
    def __init__(self, port, pair=None, room=0):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if pair:
            context.load_cert_chain(pair[1], pair[0])
        line = socket.create_connection(("127.0.0.1", port), 40)
        if room:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        self.s = context.wrap_socket(line)
        assert self.s.version() == "TLSv1.3"
        self.left = b""

    def ask(self, request):
        self.s.sendall(request)
        return self.answer()

    def answer(self):
        while b"\r\n\r\n" not in self.left:
            self.more()
        head, self.left = self.left.split(b"\r\n\r\n", 1)
        length = [int(l.split(b":")[1]) for l in head.split(b"\r\n")
                  if l.lower().startswith(b"content-length")]
        while len(self.left) < (length or [0])[0]:
            self.more()
        self.kind = [l.split(b": ")[1] for l in head.split(b"\r\n")
                     if l.lower().startswith(b"content-type")][0]
        body, self.left = self.left[:length[0]], self.left[length[0]:]
        return int(head.split()[1]), body.decode()

    def more(self):
        part = self.s.recv(65536)
        if not part:
            raise EOFError
        self.left += part

    def is_cut(self):
        try:
            return self.s.recv(1) == b""
        except (OSError, ssl.SSLError):
            return True


def is_cut(client):
    client.s.settimeout(0.02)
    try:
        return client.s.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        server, client = make_key(folder, "server"), make_key(folder, "client")
        process = subprocess.Popen([sys.argv[1], *server], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE)
        port = int(process.stdout.readline())
        try:
            look_at_long_answers(port, process.pid)
            look(port, client)
            idle = Client(port)
            assert idle.ask(GET)[0] == 200
            process.stdin.write(b"end\n")
            process.stdin.flush()
            assert process.wait(20) == 0, "finish() lets go of idle connections and ends"
            assert idle.is_cut()
        finally:
            process.kill()
    print("http: good")


def long(count):
    return "".join(chr(97 + (i ^ i >> 8) % 26) for i in range(count))


def ask_long(count):
    return f"GET /long?{count} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


def writes(pid):
    return int(pathlib.Path(f"/proc/{pid}/io").read_text().split("syscw: ")[1].split()[0])


def look_at_long_answers(port, pid):
    # Around the sizes of a record (16 KiB) and of what is gathered (64 KiB), each whole.
    c = Client(port)
    for count in (0, 1, 16383, 16384, 16385, 32768, 40000, 65000, 65535, 65536, 65537, 98304, 300000):
        assert c.ask(ask_long(count)) == (200, long(count)), count
    before = writes(pid)
    assert c.ask(ask_long(37000))[0] == 200
    assert writes(pid) - before == 1, "a page leaves in one write"
    assert c.ask(ask_long(1))[0] == 200
    assert writes(pid) - before == 2, "and so do its headers with a short one"

    # Who reads slowly from a small buffer gets all of it, others meanwhile too, and then the next.
    slow = Client(port, room=16384)
    slow.s.sendall(ask_long(1000000) + ask_long(70000))
    time.sleep(0.3)
    assert c.ask(ask_long(70000)) == (200, long(70000))
    assert slow.answer() == (200, long(1000000))
    assert slow.answer() == (200, long(70000))
    gone = Client(port, room=16384)
    gone.s.sendall(ask_long(1000000))
    gone.more()
    gone.s.close()
    assert c.ask(GET)[0] == 200, "who goes in the middle harms nobody"


def look(port, client):
    # A connection that drips is cut by the clock, whatever it sends; looked at last.
    drip, began = Client(port), time.monotonic()
    drip.s.sendall(b"GET / HTTP/1.1\r\n")

    c = Client(port)
    assert c.ask(GET) == (200, "GET /a b  0 127.0.0.1"), "no certificate, no pin"
    assert c.ask(GET)[0] == 200, "the connection is kept"

    der = subprocess.run(["openssl", "x509", "-in", client[1], "-pubkey", "-noout"],
                         capture_output=True, check=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=der,
                         capture_output=True, check=True).stdout
    pin = hashlib.sha256(der).hexdigest()
    assert Client(port, client).ask(GET)[1].split()[3] == pin, "the pin is of the client's key"

    for name, wrong in {
            "two lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
                           b"Content-Length: 1\r\n\r\na",
            "no host": b"GET / HTTP/1.1\r\n\r\n",
            "two hosts": b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
            "length and coding": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
                                 b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
    }.items():
        c = Client(port)
        assert c.ask(wrong)[0] == 400, name
        assert c.is_cut(), name

    # Whatever comes in, no answer is of the 5xx kind, and what evhttp says itself is in our words.
    for name, status, raw in (
            ("unknown method", 405, b"BREW /a HTTP/1.1\r\nHost: x\r\n\r\n"),
            ("connect", 405, b"CONNECT a:80 HTTP/1.1\r\nHost: x\r\n\r\n"),
            ("http/2", 400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
            ("no version", 400, b"GET /\r\n\r\n"),
            ("long header", 400, b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 20000 + b"\r\n\r\n"),
            ("many headers", 400, b"GET / HTTP/1.1\r\nHost: x\r\n" +
             b"".join(b"A%d: a\r\n" % n for n in range(100)) + b"\r\n"),
            ("long path", 400, b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"),
            ("nothing", 400, b"GARBAGE\r\n\r\n"),
            ("a nul", 400, b"GET /\0a HTTP/1.1\r\nHost: x\r\n\r\n"),
            ("a coding", 400, b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\nabc"),
            ("a chunk", 413, b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n"),
            ("expectation", 417, b"POST / HTTP/1.1\r\nHost: x\r\nExpect: magic\r\n"
                                 b"Content-Length: 3\r\n\r\nabc"),
            ("length below 0", 400, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -3\r\n\r\nabc"),
            ("length beyond all", 413, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 20
                                       + b"\r\n\r\nabc")):
        c = Client(port)
        got, body = c.ask(raw)
        assert got == status, f"{name}: {got}"
        assert c.kind == b"application/taxii+json;version=2.1", f"{name}: {c.kind}"
        assert json.loads(body)["http_status"] == str(status), f"{name}: {body}"

    c = Client(port)
    c.s.sendall(b"HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n")
    time.sleep(0.3)
    assert c.s.recv(65536).endswith(b"\r\n\r\n"), "an answer to HEAD has no body"
    assert c.ask(GET) == (200, "GET /a b  0 127.0.0.1"), "and the connection is kept"
    c = Client(port)
    assert c.ask(b"GET https://x/a?b HTTP/1.1\r\nHost: x\r\n\r\n")[1].startswith("GET /a b")

    big = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
    assert Client(port).ask(big % (1 << 20) + bytes(1 << 20))[0] == 200
    assert Client(port).ask(big % ((1 << 20) + 1) + bytes((1 << 20) + 1))[0] == 413

    # One address has at most 64 connections, the drip among them. Who comes too late is cut.
    many = []
    with contextlib.suppress(OSError, EOFError):
        while len(many) < 100:
            many.append(Client(port))
            assert many[-1].ask(GET)[0] == 200
    assert 58 <= len(many) <= 64, f"{len(many)} connections of one address"
    for one in many:
        one.s.close()
    time.sleep(0.3)

    # Bodies that never end hold 64 MiB together and no more: the greatest is cut.
    many = [Client(port) for _ in range(60)]
    for one in many:
        with contextlib.suppress(OSError):
            one.s.sendall(big % 1500000 + bytes(1300000))
    assert Client(port).ask(GET)[0] == 200
    time.sleep(0.3)
    cut = sum(is_cut(one) for one in many)
    assert 5 <= cut <= 30, f"{cut} of {len(many)} cut"
    for one in many:
        one.s.close()
    time.sleep(0.3)

    gone = Client(port)
    gone.s.sendall(b"GET /held HTTP/1.1\r\nHost: x\r\n\r\n")
    time.sleep(0.3)
    gone.s.close()
    time.sleep(0.3)
    assert Client(port).ask(b"GET /release HTTP/1.1\r\nHost: x\r\n\r\n")[0] == 200
    assert Client(port).ask(GET)[0] == 200, "an answer to nobody harms nobody"

    while time.monotonic() - began < 30:
        try:
            drip.s.sendall(b"a: b\r\n")
            time.sleep(1)
        except OSError:
            break
    assert 15 < time.monotonic() - began < 29, "20 seconds for a whole request"


main()
