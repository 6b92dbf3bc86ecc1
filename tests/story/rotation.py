"""Role keys that change while the other side talks on: PROTOCOL.ledger section 11."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

from pair import entries, kinds

CHECKER = pathlib.Path(__file__).resolve().parent.parent / "proof" / "verify.py"


def change_keys(party, what="rotate", install=True, *flags):
    """As the manual says it: plan at the node, signature where the root key is, install, settle."""
    plan = party.home / f"plan.{time.monotonic_ns()}"
    party.parley_ok("key", what, "--out", plan, *flags)
    party.parley_ok("key", "sign", plan, *party.flags("--root-key", "root"), "--yes")
    if install:
        party.parley_ok("key", "install", f"{plan}.signed")
    return f"{plan}.signed"


def fingerprints(party, side="ours", at=-1):
    return [k["fingerprint"] for k in party.json("key", "show")[side][at]["keys"]]


def bundle_of(party, case, folder, name):
    path = folder / name
    party.parley_ok("case", "export", case, "--out", path)
    return path


def both_verify(parley, path):
    assert subprocess.run([parley, "verify", path], capture_output=True, text=True).returncode == 0
    result = subprocess.run([sys.executable, CHECKER, path], capture_output=True, text=True,
                            env={**os.environ, "PARLEY_BIN": str(parley)})
    assert result.returncode == 0, result.stdout


def role_keys_are_rotated_and_revoked_while_both_talk(pair):
    a, b = pair.a, pair.b
    old_keys = a.home / "old-keys"
    said = pair.check()
    pair.settle()
    before = fingerprints(a)
    shutil.copytree(a.node / "keys", old_keys)

    # Nothing changes by a plan; and not by a plan that the wrong root signed.
    signed = change_keys(a, "rotate", False)
    forged = pathlib.Path(signed).with_suffix(".forged")
    shutil.copy(pathlib.Path(signed).with_suffix(""), forged)
    a.parley_ok("key", "sign", forged, "--root-key", b.home / "root.pem", "--yes")
    assert a.run("key", "install", f"{forged}.signed").returncode != 0
    assert fingerprints(a) == before and "KEYS" not in kinds(a)

    a.parley_ok("key", "install", signed, "--dry-run")
    a.parley_ok("key", "install", signed)
    assert a.run("key", "install", signed).returncode != 0  # not twice
    pair.check()
    pair.check(b, "li")
    pair.settle()
    assert not set(fingerprints(a)) & set(before)
    assert fingerprints(b, "theirs") == fingerprints(a)
    a.parley_ok("key", "settle")
    assert not list((a.node / "keys" / "next").iterdir())
    a.stop()
    a.serve()
    pair.check()
    pair.settle()

    # The other side revokes, its log key alone; a statement on either side of each change.
    change_keys(b, "revoke", True, "--role", "log,hello")
    late = pair.check()
    pair.settle()
    b.parley_ok("key", "settle")
    shown = b.json("key", "show")["ours"]
    assert [t["state"] for t in shown] == ["genesis", "revoked"] and shown[0]["stolen"]
    for party in (a, b):
        for case in (said["case"], late["case"]):
            path = bundle_of(party, case, pair.folder, f"{party.name}.{case}.bundle")
            both_verify(a.parley, path)
        assert party.run("ledger", "audit").returncode == 0

    # Both killed whole in the middle of one more change, and begun anew.
    plan = change_keys(a, "rotate", False)
    install = subprocess.Popen([a.parley, "key", "install", plan, "--node", a.node],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.6)
    a.kill()
    b.kill()
    install.wait()
    a.serve()
    b.serve()
    if kinds(a).count("KEYS") == 1:
        a.parley_ok("key", "install", plan)
    pair.settle()
    assert kinds(a).count("KEYS") == 2 == kinds(b, "theirs").count("KEYS")
    last = pair.check()
    pair.settle()
    both_verify(a.parley, bundle_of(b, last["case"], pair.folder, "last.bundle"))

    # A thief with the first keys, the node's folder and no root key: his node is refused as ours.
    thief = pair.folder / "thief"
    a.stop()
    change_log = entries(b, "theirs")[-1]["leaf"]
    shutil.copytree(a.node, thief, symlinks=True)
    shutil.rmtree(thief / "keys")
    shutil.copytree(old_keys, thief / "keys")
    result = subprocess.run([a.parley, "serve", "--node", thief], capture_output=True, text=True,
                            timeout=30)
    assert result.returncode != 0 and "a key that the log names" in result.stderr + result.stdout
    assert entries(b, "theirs")[-1]["leaf"] == change_log
    a.serve()
    pair.settle()


role_keys_are_rotated_and_revoked_while_both_talk.suites = ("ed25519", "p256-sha256")


def a_backup_older_than_a_change_of_keys_says_what_it_lacks(pair):
    """docs/limits.md: keys/ and keeper/ are restored as they were after it, or the node waits."""
    a, b = pair.a, pair.b
    backup = pair.folder / "backup"
    pair.check()
    pair.settle()
    for what in ("rotate", "revoke"):
        a.stop()
        shutil.rmtree(backup, ignore_errors=True)
        shutil.copytree(a.node, backup, symlinks=True)
        a.serve()
        change_keys(a, what)
        pair.check()
        pair.settle()
        a.parley_ok("key", "settle")
        known = entries(b, "theirs")[-1]["leaf"]
        a.stop()
        after = a.node.rename(pair.folder / f"after-{what}")
        shutil.copytree(backup, a.node, symlinks=True)
        a.serve(wait=False)
        a.until(lambda: "older than our keys" in a.run("status").stdout, "it is said by name", 20)
        if what == "revoke":
            b.until(lambda: "a revoked key was used" in b.run("status").stdout, "and there", 20)
        assert entries(b, "theirs")[-1]["leaf"] == known
        a.stop()
        shutil.rmtree(a.node)
        after.rename(a.node)
        a.serve()
        pair.settle()
        assert "older than our keys" not in a.run("status").stdout
