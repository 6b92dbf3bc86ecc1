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

    # A thief with the first keys, the node's folder and no root key: his node says nothing as ours.
    thief = pair.folder / "thief"
    a.stop()
    change_log = entries(b, "theirs")[-1]["leaf"]
    shutil.copytree(a.node, thief, symlinks=True)
    shutil.rmtree(thief / "keys")
    shutil.copytree(old_keys, thief / "keys")
    his = subprocess.Popen([a.parley, "serve", "--node", thief], stderr=subprocess.PIPE, text=True)
    a.until(lambda: "role keys are missing" in subprocess.run(
        [a.parley, "status", "--node", thief], capture_output=True, text=True).stdout, "he is told")
    time.sleep(3)  # links come and go
    his.terminate()
    assert "a key that the log names" in his.communicate(timeout=30)[1]
    assert entries(b, "theirs")[-1]["leaf"] == change_log
    a.serve()
    pair.settle()


role_keys_are_rotated_and_revoked_while_both_talk.suites = ("ed25519", "p256-sha256")


def a_backup_older_than_a_change_of_keys_comes_back(pair):
    """PROTOCOL.hotline section 5: its partner shows it the KEYS that it lost, its log comes back, and
    it is silent until the private keys lie in keys/next/: over a rotation, and over a revocation."""
    a, b = pair.a, pair.b
    backup, after = pair.folder / "backup", pair.folder / "keys-after"
    pair.check()
    pair.settle()
    for what in ("rotate", "revoke"):
        for folder in (backup, after):
            shutil.rmtree(folder, ignore_errors=True)
        a.stop()
        shutil.copytree(a.node, backup, symlinks=True)
        a.serve()
        change_keys(a, what)
        said = pair.check()
        pair.settle()
        a.parley_ok("key", "settle")
        known, newest = entries(b, "theirs")[-1]["leaf"], fingerprints(a)
        a.stop()
        shutil.copytree(a.node / "keys", after)
        shutil.rmtree(a.node)
        shutil.copytree(backup, a.node, symlinks=True)
        a.serve(wait=False)

        # It says which keys it lacks; a rotated one lets it in all the same, and its log comes back.
        a.until(lambda: "role keys are missing" in a.run("status").stdout, "it is said by name", 30)
        alarm = a.run("alarm", "list").stdout
        assert all(f in alarm for f in newest), alarm
        if what == "revoke":
            b.until(lambda: "a revoked key was used" in b.run("status").stdout, "and there", 30)
        else:
            a.until(lambda: entries(a)[-1]["leaf"] == known, "the log comes back", 30)
        assert fingerprints(a) == newest  # the public halves: the partner showed them
        silent = a.run("peer", "ping", "--yes", officer="ivanova")
        assert silent.returncode not in (0, 7) and "nothing can be said now" in silent.stderr, silent
        waiting = b.run("peer", "ping", "--yes", "--json", officer="li")
        assert waiting.returncode in (0, 7), waiting  # said, and binding when we are back

        a.stop()
        a.serve(wait=False)  # a restart makes it no more talkative
        a.until(lambda: "role keys are missing" in a.run("status").stdout, "it is said again", 30)
        assert entries(b, "theirs")[-1]["leaf"] == known

        # What to do, as the alarm says it.
        a.stop()
        (a.node / "keys" / "next").mkdir(exist_ok=True)
        for pem in after.glob("*.pem*"):
            shutil.copy(pem, a.node / "keys" / "next")
        a.serve()
        # Its answer to the partner's ping may already stand behind it.
        a.until(lambda: known in [e["leaf"] for e in entries(a)], "the log is whole", 60)
        assert "role keys are missing" not in a.run("status").stdout
        later = pair.check()
        pair.settle()
        a.parley_ok("key", "settle")
        for case in (said["case"], later["case"]):
            both_verify(a.parley, bundle_of(b, case, pair.folder, f"{what}.{case}.bundle"))


a_backup_older_than_a_change_of_keys_comes_back.suites = ("ed25519", "p256-sha256")
