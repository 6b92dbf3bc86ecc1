"""What a node's proofs, heads and directories are worth to a stranger."""
import json
import pathlib
import re
import subprocess

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
        note = next(a.node.glob("ledger/*/cert-a/checkpoint")).read_text()
        return int(note.split("\n")[1]) > size
    a.until(published, "the newest head is published")
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
    assert a.run(*taken, "--tsa", at / "another" / "ca.pem").returncode == 5
    assert "Test clock" in a.parley_ok(*taken, "--tsa", authority / "ca.pem")
    a.parley_ok("case", "export", said["case"], "--out", bundle)
    code, verdict, checks = verify(a, bundle)
    assert (code, verdict, checks["anchors"]) == (0, "VERIFIED", "noted"), checks
    code, verdict, checks = verify(a, "--tsa", authority / "ca.pem", bundle)
    assert (code, verdict, checks["anchors"]) == (0, "VERIFIED", "ok"), checks
    code, verdict, checks = verify(a, "--tsa", at / "another" / "ca.pem", bundle)
    assert (code, checks["anchors"]) == (5, "bad"), checks
