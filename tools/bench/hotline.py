"""A statement from the officer's decision to binding on both sides, two whole nodes, loopback TLS."""
import base64
import hashlib
import json
import socket
import subprocess
import sys
import time

from frame import ROOT

sys.path.insert(0, str(ROOT / "share"))
from party import Party, make_agreement  # noqa: E402

PACKAGES = ["openssl"]
COUNT = 200


class Control:
    """The control socket of a node, one ask after the other."""

    def __init__(self, node):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(node / "control.sock"))
        self.file = self.socket.makefile("rwb")

    def ask(self, do, **members):
        line = json.dumps({"v": 1, "do": do, **members}, sort_keys=True, separators=(",", ":"))
        self.file.write(line.encode() + b"\n")
        self.file.flush()
        answer = json.loads(self.file.readline())
        if not answer["ok"]:
            raise RuntimeError(answer)
        return answer


def domain(purpose, agreement, key, text):
    key_id = hashlib.sha256(b"parley-key/v1\ned25519\n" + key).digest()[:16].hex()
    return f"parley/v1\n{purpose}\ned25519\n{key_id}\n{agreement}\n".encode() + text.encode()


def sign(folder, pem, message):
    path = folder / "message"
    path.write_bytes(message)
    return subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", pem, "-in", path],
                          stdout=subprocess.PIPE, check=True).stdout


def signed_decisions(a, control, folder, count):
    """Drafts of CHECKs and the officer's signatures over them, made beforehand."""
    agreement = a.json("status")["agreement"]
    key = base64.b64decode(a.json("key", "fingerprint", a.home / "ivanova.pem")["key"])
    for _ in range(count):
        draft = control.ask("draft", kind="CHECK", **{"class": "TEST"}, officer="ivanova")
        digest = base64.b64encode(hashlib.sha256(draft["permit"].encode()).digest()).decode()
        text = (f"parley-decision/v1\npermit {digest}\nofficer ivanova\nrole releaser\n"
                f"time {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}\n")
        signature = sign(folder, a.home / "ivanova.pem", domain("decision", agreement, key, text))
        yield {"draft": draft["draft"], "decision": text, "suite": "ed25519",
               "signature": base64.b64encode(signature).decode()}


def wait_binding(control, index, **which):
    if not control.ask("ledger.wait", index=index, **which)["binding"]:
        raise RuntimeError(f"entry {index} did not become binding")


def say_all(a, b, folder, count):
    ours, theirs = Control(a.node), Control(b.node)
    took = {"stored": [], "binding": []}
    for decision in list(signed_decisions(a, ours, folder, count)):
        begin = time.perf_counter()
        index = int(ours.ask("decide", **decision)["index"])
        took["stored"].append(time.perf_counter() - begin)
        wait_binding(ours, index)  # cosigned over there, where it was durable before
        took["binding"].append(time.perf_counter() - begin)
        wait_binding(theirs, index, log="theirs")
        time.sleep(0.03)  # let the RECEIPT and the return of the CHECK come to rest
    return {name: sorted(times) for name, times in took.items()}


def two_nodes(bench):
    a = Party(bench.parley, bench.disk, "cert-a")
    b = Party(bench.parley, bench.disk, "cert-b")
    pact = make_agreement(bench.disk, a, b)
    try:
        for party in (a, b):
            party.init(pact)
            party.serve()
        a.appoint("ivanova")
        a.until(lambda: a.json("status")["link"]["state"] == "up", "the link is up")
        return say_all(a, b, bench.disk, COUNT)
    finally:
        a.stop()
        b.stop()


def run(bench):
    bare = bench.figures([bench.build / "tests" / "hotline" / "bench-hotline", bench.disk])
    before = bench.fdatasync()
    took = two_nodes(bench)
    disk = sorted(before + bench.fdatasync())
    again = bench.figures([bench.build / "tests" / "hotline" / "bench-hotline", bench.disk])
    bare = {name: (value + again[name]) / 2 for name, value in bare.items()}

    def row(name, at):
        return [name, *(bench.ms(at[part]) for part in ("p50", "p90", "p99")),
                bench.times(at["p50"] / bare["p50"])]

    def parts(times):
        return {f"p{n}": bench.at(times, n / 100) for n in (50, 90, 99)}

    yield bench.table(
        f"{COUNT} CHECKs, one after the other, milliseconds",
        ["", "p50", "p90", "p99", "p50 of the bare way's"],
        [row("fdatasync of 4 KiB, the disk's own, one after the other", parts(disk)),
         row("the bare way: fourteen hand-overs of a byte between nine processes, five fdatasyncs",
             bare),
         row("decision to stored (durable, head signed, answered)", parts(took["stored"])),
         row("decision to binding on both sides", parts(took["binding"]))],
        "binding on both sides p50 3 ms, p99 20 ms")
