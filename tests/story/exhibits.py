"""What a node's proofs, heads and directories are worth to a stranger."""
import base64
import functools
import hashlib
import json
import pathlib
import re
import subprocess
import tempfile
import time

AUTHORITY = pathlib.Path(__file__).resolve().parent.parent / "crypto" / "authority.sh"


def verify(party, *words):
    """(exit status, verdict, {check: state}) of parley verify, as anybody runs it."""
    done = party.run("verify", "--json", *words)
    said = json.loads(done.stdout) if done.stdout else {"verdict": done.stderr, "checks": []}
    return done.returncode, said["verdict"], {c["name"]: c["state"] for c in said["checks"]}


def a_stranger_checks_proofs_heads_and_directories(pair):
    said = pair.check()
    pair.settle()
    a, at = pair.a, pair.folder
    bundle, proof, older = at / "case.parley", at / "e.tlog-proof", at / "older.note"
    a.parley_ok("case", "export", said["case"], "--out", bundle)
    a.parley_ok("ledger", "prove", said["index"], "--out", proof)
    assert (at / "e.entry").read_text().split("kind ")[1].startswith("CHECK")
    assert (at / "e.document").stat().st_size > 100
    code, verdict, checks = verify(a, "--keys", bundle, proof)
    assert (code, verdict, set(checks.values())) == (0, "VERIFIED", {"ok"}), (verdict, checks)

    older.write_text(a.json("ledger", "checkpoint")["ours"])
    size = int(older.read_text().split("\n")[1])
    pair.check()
    pair.check(pair.b, "li")
    pair.settle()
    a.parley_ok("ledger", "prove", "--from", size, "--out", at / "log.growth")
    assert verify(a, "--keys", bundle, older, at / "log.growth")[1] == "VERIFIED"

    def published():  # at any moment the directory is whole; after a second it is today's
        notes = [note for p in (a, pair.b) for note in p.node.glob("ledger/*/cert-a/checkpoint")]
        return len(notes) == 2 and all(int(note.read_text().split("\n")[1]) > size
                                       for note in notes)
    a.until(published, "the newest head is published by both")
    for party, whose in ((a, "cert-a"), (a, "cert-b"), (pair.b, "cert-a"), (pair.b, "cert-b")):
        folder = next(party.node.glob(f"ledger/*/{whose}"))
        heads = [older] if whose == "cert-a" else []
        code, verdict, checks = verify(a, "--keys", bundle, folder, *heads)
        assert (code, verdict) == (0, "VERIFIED"), (party.name, whose, verdict, checks)
        assert re.fullmatch("[0-9]+", (folder / "checkpoint").read_text().split("\n")[1])


def an_outsider_signs_a_head_and_the_bundle_carries_it(pair):
    """By file: the node itself asks nobody. The authority is OpenSSL's own command line."""
    a, at = pair.a, pair.folder
    said = pair.check()
    pair.settle()
    authority, today, bundle = at / "authority", at / "today", at / "case.parley"
    subprocess.run([AUTHORITY, "new", authority], check=True)
    a.parley_ok("ledger", "anchor", "request", "--out", today)
    subprocess.run([AUTHORITY, "reply", authority, f"{today}.tsq", f"{today}.tsr"], check=True)
    taken = ["ledger", "anchor", "import", f"{today}.note", "--stamp", f"{today}.tsr"]
    assert a.run(*taken).returncode == 6  # nobody is trusted
    subprocess.run([AUTHORITY, "new", at / "another"], check=True)
    assert a.run(*taken, "--tsa", at / "another" / "ca.pem").returncode == 6  # a stranger's
    assert "Test clock" in a.parley_ok(*taken, "--tsa", authority / "ca.pem")
    a.parley_ok("case", "export", said["case"], "--out", bundle)
    code, verdict, checks = verify(a, bundle)
    assert (code, verdict, checks["anchors"]) == (0, "VERIFIED", "noted"), checks
    code, verdict, checks = verify(a, "--tsa", authority / "ca.pem", bundle)
    assert (code, verdict, checks["anchors"]) == (0, "VERIFIED", "ok"), checks
    code, verdict, checks = verify(a, "--tsa", at / "another" / "ca.pem", bundle)
    assert (code, checks["anchors"]) == (0, "noted"), checks  # a stranger's is not looked at


class Witness:
    """A third C2SP witness (tlog-witness, tlog-cosignature) that signs by OpenSSL's command."""

    def __init__(self, folder, name="witness.example/w1"):
        self.key, self.name, self.folder = folder / "witness.pem", name, folder
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", self.key],
                       check=True)
        der = subprocess.run(["openssl", "pkey", "-in", self.key, "-pubout", "-outform", "DER"],
                             check=True, capture_output=True).stdout
        public = b"\x04" + der[-32:]
        self.id = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
        self.vkey = f"{name}+{self.id.hex()}+{base64.b64encode(public).decode()}"

    def sign(self, request):
        """The answer to the body of an add-checkpoint whose old size is 0."""
        old, empty, note = request.split("\n", 2)
        assert (old, empty) == ("old 0", ""), request
        text = note[:note.rindex("\n\n") + 1]
        now = int(time.time())
        message, signature = self.folder / "message", self.folder / "signature"
        message.write_bytes(f"cosignature/v1\ntime {now}\n{text}".encode())
        subprocess.run(["openssl", "pkeyutl", "-sign", "-inkey", self.key, "-rawin", "-in",
                        message, "-out", signature], check=True)
        raw = self.id + now.to_bytes(8, "big") + signature.read_bytes()
        return f"\u2014 {self.name} {base64.b64encode(raw).decode()}\n"


def a_third_witness_signs_a_head_and_the_bundle_carries_it(pair):
    a, at = pair.a, pair.folder
    said = pair.check()
    pair.settle()
    witness, bundle, lines = Witness(at), at / "case.parley", at / "lines"
    a.parley_ok("ledger", "anchor", "request", "--log", "theirs", "--out", at / "today")
    lines.write_text(witness.sign((at / "today.growth").read_text()))
    taken = ["ledger", "anchor", "import", "--log", "theirs", at / "today.note", "--lines", lines]
    assert a.run(*taken, "--witness", Witness(at, "another.example").vkey).returncode == 5
    assert witness.name in a.parley_ok(*taken, "--witness", witness.vkey)
    a.parley_ok("case", "export", said["case"], "--out", bundle)
    assert verify(a, bundle)[2]["anchors"] == "noted"
    code, verdict, checks = verify(a, "--witness", witness.vkey, bundle)
    assert (code, verdict, checks["anchors"]) == (0, "VERIFIED", "ok"), checks


def a_witness_whom_the_agreement_names_needs_no_flag(pair):
    """Where both parties took an outsider at his word, import and verify do so alike."""
    a, at, witness = pair.a, pair.folder, agreed_witness()
    said = pair.check()
    pair.settle()
    bundle, lines, stranger = at / "case.parley", at / "lines", at / "stranger"
    a.parley_ok("ledger", "anchor", "request", "--out", at / "today")
    request = (at / "today.growth").read_text()
    stranger.write_text(Witness(at, "another.example").sign(request))
    lines.write_text(witness.sign(request))
    taken = ["ledger", "anchor", "import", at / "today.note", "--lines"]
    assert a.run(*taken, stranger).returncode == 5
    assert witness.name in a.parley_ok(*taken, lines)
    a.parley_ok("case", "export", said["case"], "--out", bundle)
    code, verdict, checks = verify(a, bundle)
    assert (code, verdict, checks["anchors"]) == (0, "VERIFIED", "ok"), checks


@functools.cache
def agreed_witness():
    """Made before the agreement, and one for the whole tale."""
    agreed_witness.folder = tempfile.TemporaryDirectory(prefix="parley-witness-")
    return Witness(pathlib.Path(agreed_witness.folder.name))


def name_the_witness(agreement):
    witness = agreed_witness()
    key = witness.vkey.split("+", 2)[2]  # type byte, then the key
    agreement["outside"] = {"witnesses": [{"name": witness.name, "key": base64.b64encode(
        base64.b64decode(key)[1:]).decode()}]}


a_witness_whom_the_agreement_names_needs_no_flag.change = name_the_witness
