#!/usr/bin/env python3
"""What two whole nodes promise, one tale a function: stories.py PARLEY NAME.

Everything goes through the command line, as users would. Without NAME it lists them. The tales
stand here and in the modules named below.
"""
import base64
import inspect
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent),
                str(pathlib.Path(__file__).resolve().parents[2] / "share")]
import erasure  # noqa: E402
import exchange  # noqa: E402
import exhibits  # noqa: E402
import explain  # noqa: E402
import faults  # noqa: E402
import indicators  # noqa: E402
import interop  # noqa: E402
import national  # noqa: E402
import notice  # noqa: E402
import rotation  # noqa: E402
import sensors  # noqa: E402
import several  # noqa: E402
from party import SOURCE  # noqa: E402
from pair import Pair, entries, kinds, own_mounts, short_clocks  # noqa: E402


def a_check_comes_back(pair):
    said = pair.check()
    pair.settle()
    shown = pair.a.json("case", "show", said["case"])
    assert shown["state"] == "checked", shown["state"]
    assert [s["kind"] for s in shown["statements"]] == ["CHECK", "RECEIPT", "CHECK"]
    assert all(c["state"] == "kept" for c in shown["clocks"]), shown["clocks"]


def a_partner_who_was_away_gets_everything_once(pair):
    pair.b.stop()
    for _ in range(3):
        pair.check()
    time.sleep(0.5)
    assert pair.a.json("status")["ledger"]["binding"] < pair.a.json("status")["ledger"]["size"]
    pair.b.serve()
    pair.settle()
    assert kinds(pair.b, "theirs") == kinds(pair.a)
    leaves = [e["leaf"] for e in entries(pair.a)]
    assert len(leaves) == len(set(leaves))
    assert kinds(pair.b).count("RECEIPT") == 3


def the_node_killed_whole_loses_nothing_acknowledged(pair):
    for _ in range(3):
        said = pair.check()
        pair.a.kill()
        pair.a.serve()
        assert entries(pair.a)[int(said["index"])]["leaf"] == said["leaf"]
    pair.settle()
    assert pair.a.run("ledger", "audit").returncode == 0
    assert pair.b.run("ledger", "audit").returncode == 0


def a_node_restored_from_a_backup_comes_back(pair):
    """More entries than one PUSH takes: twice the log is refilled, twice keeper catches up."""
    backup = pair.folder / "backup"
    pair.a.stop()
    shutil.copytree(pair.a.node, backup, symlinks=True)
    pair.a.serve()
    for _ in range(110):
        pair.check()
        pair.check(pair.b, "li")
    pair.settle()
    before = [entries(p, log)[-1]["leaf"] for p in (pair.a, pair.b) for log in ("ours", "theirs")]
    pair.a.stop()
    shutil.rmtree(pair.a.node)
    shutil.copytree(backup, pair.a.node, symlinks=True)
    pair.a.serve()
    pair.settle()
    assert before == [entries(p, log)[-1]["leaf"] for p in (pair.a, pair.b)
                      for log in ("ours", "theirs")]
    said = pair.check()
    pair.check(pair.b, "li")
    pair.settle()
    assert pair.a.json("case", "show", said["case"])["state"] == "checked"
    for party in (pair.a, pair.b):
        assert party.run("ledger", "audit").returncode == 0
        receipts = [e["text"].split("answers ")[1].split("\n")[0] for e in entries(party)
                    if "kind RECEIPT" in e["text"]]
        assert len(receipts) == len(set(receipts)), "a receipt was given twice"


def a_quiet_link_comes_to_rest(pair):
    pair.check()
    pair.settle()
    before = [pair.a.json("status")["ledger"], pair.b.json("status")["ledger"]]
    time.sleep(3)
    assert before == [pair.a.json("status")["ledger"], pair.b.json("status")["ledger"]]


def one_evidence_root_a_day(agreement):
    """So that the full hour does not fall into the story: its entry is news, not unrest."""
    agreement["evidence"]["period"] = 86400


a_quiet_link_comes_to_rest.change = one_evidence_root_a_day


def a_silent_partner_becomes_overdue(pair):
    pair.b.stop()
    said = pair.check()
    def overdue():
        rows = pair.a.json("status")["overdue"]
        return [row for row in rows if row["case"] == said["case"]]
    row = pair.a.until(overdue, "the receipt is overdue", 30)[0]
    assert row["who"] == "them" and row["clock"] == "receipt" and not row["receipt"], row


a_silent_partner_becomes_overdue.change = short_clocks


def bad_input_at_the_control_socket_harms_nothing(pair):
    import socket
    for line in (b"{}\n", b"[" * 5000 + b"\n", b"\xff\xfe\n", b'{"v":1,"v":1}\n',
                 b'{"do":"status","v":1,"x":1}\n', b'{"do":"nonsense","v":1}\n', b"x" * 2000000):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(10)
            s.connect(str(pair.a.node / "control.sock"))
            try:
                s.sendall(line)
                answer = s.recv(65536)
            except (BrokenPipeError, ConnectionResetError):
                answer = b""
        assert answer == b"" or json.loads(answer)["ok"] is False, answer
    pair.check()
    pair.settle()


def a_stranger_on_the_port_gets_nothing(pair):
    import socket
    for data in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01" + b"\xff" * 300, b"\0" * 100000):
        with socket.create_connection(("127.0.0.1", pair.a.port), 5) as s:
            try:
                s.sendall(data)
                s.settimeout(1)
                s.recv(100)
            except OSError:
                pass
    stranger = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{pair.a.port}",
                               "-alpn", "parley/1"], input=b"", capture_output=True, timeout=30)
    assert b"Verification" in stranger.stdout or stranger.returncode != 0
    pair.check()
    pair.settle()


def one_flipped_bit_in_a_ledger_file_is_found_and_mended(pair):
    """Found, said, laid aside; nothing is signed until the partner has given back what was lost."""
    pair.check()
    pair.settle()
    agreement = pair.a.json("status")["agreement"]
    before = [e["leaf"] for e in entries(pair.a)]
    pair.a.stop()
    pair.b.stop()
    journal = pair.a.node / "ledger" / agreement / "cert-a" / "log"
    data = bytearray(journal.read_bytes())
    data[data.index(b"kind CONTACT")] ^= 1
    journal.write_bytes(data)
    pair.a.serve()
    assert any("damaged" in alarm for alarm in pair.a.json("status")["alarms"])
    assert "damaged" in pair.a.log.read_text(), pair.a.log.read_text()[-2000:]
    assert list(journal.parent.glob("log.damaged*"))
    assert pair.a.run("peer", "ping", "--yes", officer="ivanova").returncode not in (0, 7)
    pair.b.serve()
    pair.settle()
    assert before == [e["leaf"] for e in entries(pair.a)][:len(before)]
    assert pair.a.run("ledger", "audit").returncode == 0
    pair.check()
    pair.settle()


def exercise_and_real_do_not_mix(pair):
    said = pair.check()
    mixed = pair.a.run("case", "check", said["case"], "--class", "REAL", "--yes",
                       officer="ivanova")
    assert mixed.returncode != 0, mixed.stdout


def said_in_public(process):
    """What everybody on the machine may read of a process: its words and its environment."""
    folder = pathlib.Path(f"/proc/{process}")
    return (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()


def keys_with_a_passphrase_are_opened_by_keeper_alone(pair):
    secret = "correct horse battery staple"
    a = pair.a
    a.stop()
    for key in ("log", "cosign", "hello"):
        path = a.node / "keys" / f"{key}.pem"
        locked = subprocess.run(["openssl", "pkcs8", "-topk8", "-v2", "aes-256-cbc", "-in", path,
                                 "-passout", f"pass:{secret}"], check=True, capture_output=True)
        path.write_bytes(locked.stdout)
    right, wrong = pair.folder / "passphrase", pair.folder / "wrong"
    right.write_text(secret + "\n")
    wrong.write_text(secret + "r\n")
    for flags, words in (((), "--passphrase-file"), (("--passphrase-file", wrong), "keys/log.pem")):
        a.serve(wait=False, flags=flags)
        assert a.process.wait(30) != 0
        assert words in a.log.read_text(), a.log.read_text()[-1500:]
    a.serve(flags=("--passphrase-file", right))
    said = pair.check()
    os.kill(a.children()["keeper"], signal.SIGKILL)
    pair.settle()
    a.until(lambda: a.is_ready() and "keeper" in a.children(), "keeper is there again")
    assert pair.check()["index"] > said["index"]
    for process in (a.process.pid, *a.children().values()):
        assert secret.encode() not in said_in_public(process)
    pair.settle()


def log_key(genesis):
    """The key that signs a party's heads, from the document that its root key signed."""
    value = [leaf["v"] for leaf in genesis["leaves"] if leaf.get("p") == "key.log.ed25519"]
    return base64.b64decode(value[0]).hex()


def outside_check(party, agreement, author, key):
    """The log directory as any C2SP reader would read it."""
    folder = party.node / "ledger" / agreement / author
    checkpoint = (folder / "checkpoint").read_text().splitlines()
    return subprocess.run([sys.executable, SOURCE / "tests/ledger/check_log.py", folder,
                           checkpoint[0], key], text=True, capture_output=True, timeout=60)


def an_outside_reader_checks_both_ledgers_of_both_nodes(pair):
    """While the nodes run and speak, and when they lie there killed."""
    agreement = pair.a.json("status")["agreement"]
    keys = {}
    for party in (pair.a, pair.b):
        genesis = json.loads((party.node / "agreements" / agreement / "genesis.json").read_text())
        keys[party.name] = log_key(genesis)

    def look(least):
        for party in (pair.a, pair.b):
            for author, key in keys.items():
                result = outside_check(party, agreement, author, key)
                assert result.returncode == 0, (party.name, author, result.stdout, result.stderr)
                assert int(result.stdout.split()[0]) >= least, result.stdout

    for _ in range(6):
        pair.check()
        pair.check(pair.b, "li")
    for party in (pair.a, pair.b):  # a running node publishes once a second
        for author in keys:
            first = party.node / "ledger" / agreement / author / "checkpoint"
            party.until(first.exists, f"{author}'s log is published for the first time", 5)
    look(1)
    pair.settle()
    time.sleep(1.5)  # a running node publishes once a second
    size = min(len(entries(pair.a)), len(entries(pair.b)))
    look(size)
    pair.check()
    pair.a.kill()
    pair.b.kill()
    look(size)
    pair.a.serve()
    pair.b.serve()
    pair.settle()


def tales(module):
    return {name: f for name, f in vars(module).items()
            if inspect.isfunction(f) and list(inspect.signature(f).parameters) == ["pair"]}


MODULES = (sys.modules[__name__], notice, erasure, faults, sensors, explain, exhibits, national, several, exchange,
           interop, indicators,
           rotation)
STORIES = {name: f for module in MODULES
           for name, f in tales(module).items()}


def main():
    if len(sys.argv) < 3:
        print("\n".join(STORIES))
        return 0
    story = STORIES[sys.argv[2]]
    if hasattr(story, "disk") or hasattr(story, "mounts"):
        own_mounts()
    with tempfile.TemporaryDirectory(prefix="parley-story-") as folder:
        pair = Pair(sys.argv[1], folder, getattr(story, "change", None),
                    getattr(story, "sensors", None), getattr(story, "disk", None),
                    getattr(story, "suites", ("ed25519",)))
        try:
            story(pair)
        except BaseException:
            for party in (pair.a, pair.b):
                print(f"--- {party.name}\n{party.log.read_text()[-3000:]}")
            raise
        finally:
            pair.stop()
    print("so it was")
    return 0


if __name__ == "__main__":
    sys.exit(main())
