"""The control client against a node that answers well, badly, or not at all; and what is signed.

The node here is a few lines of Python that speak docs/PROTOCOL.control; documents and permits are
made by its own reading of docs/PROTOCOL.ledger, not by Parley's.
"""
import base64
import hashlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

PARLEY = os.environ["PARLEY_BIN"]
CASE, DRAFT = "C-0123456789ABCDEF", "D-0123456789ABCDEF"
AGREEMENT = "pact-test"


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def b64(data):
    return base64.b64encode(data).decode()


# ---- PROTOCOL.ledger section 4 ----

def leaf(salt, path, value):
    path, value = path.encode(), canonical(value).encode()
    return hashlib.sha256(b"\x10" + salt + len(path).to_bytes(2, "big") + path
                          + len(value).to_bytes(4, "big") + value).digest()


def document(fields, withheld=()):
    """(disclosed form, root, padded number of leaves)"""
    salt = lambda path: hashlib.sha256(b"salt" + path.encode()).digest()[:16]
    leaves, hashes = [], []
    for path in sorted(fields):
        hashes.append(leaf(salt(path), path, fields[path]))
        leaves.append({"p": path, "h": b64(hashes[-1]), "r": "withhold"} if path in withheld else
                      {"p": path, "s": b64(salt(path)), "v": fields[path]})
    size = 8
    while size < len(leaves):
        size *= 2
    for i in range(size - len(leaves)):
        hashes.append(leaf(salt(f"~{i}"), f"~{i}", ""))
        leaves.append({"h": b64(hashes[-1])})
    level = hashes
    while len(level) > 1:
        level = [hashlib.sha256(b"\x11" + level[i] + level[i + 1]).digest()
                 for i in range(0, len(level), 2)]
    return canonical({"v": 1, "leaves": leaves}), level[0], size


# ---- PROTOCOL.ledger section 5 ----

def permit(form, root, size, officers=1, kind="ACK", **other):
    lines = {
        "id": "0" * 32, "agreement": f"{AGREEMENT} 1 {b64(bytes(32))}", "rules": 1, "to": "cert-b",
        "kind": kind, "class": "REAL", "case": CASE,
        "answers": b64(b"\1" * 32), "article": "4(3)", "document": f"{b64(root)} {size}",
        "disclosed": f"{b64(hashlib.sha256(form.encode()).digest())} {len(form.encode())}",
        "officers": officers, "expires": "2026-12-01T00:00:00Z"}
    lines.update(other)
    return "parley-permit/v1\n" + "".join(f"{k} {v}\n" for k, v in lines.items())


FIELDS = {"agreement": AGREEMENT, "text": "seen \u202e\u001b".replace("\u001b", ""), "victim": "192.0.2.7"}


def draft(needs="releaser", officers=1, **changed):
    form, root, size = document(FIELDS, withheld=("victim",))
    answer = {"v": 1, "ok": True, "draft": DRAFT, "kind": "ACK", "case": CASE, "class": "REAL",
              "to": "cert-b", "permit": permit(form, root, size, officers), "document": form,
              "held": [{"p": p, "v": v, "verdict": "withheld" if p == "victim" else "sent",
                        "r": "agreement withholds it"} for p, v in FIELDS.items()],
              "officers": officers, "roles": ["releaser"], "signed": [], "needs": needs,
              "refused": []}
    answer.update(changed)
    return answer


RELEASED = {"v": 1, "ok": True, "state": "released", "kind": "ACK", "case": CASE, "index": 7,
            "leaf": b64(bytes(32)), "time": "2026-11-25T10:00:00Z", "link": {"state": "up"}}


class Node:
    """Answers each question with what `answers` has for its command: a dict, bytes, or a call."""

    def __init__(self, folder, answers):
        self.folder, self.answers, self.asked = pathlib.Path(folder), answers, []
        self.folder.joinpath("settings.json").write_text("{}")
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(str(self.folder / "control.sock"))
        self.server.listen(8)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                link, _ = self.server.accept()
            except OSError:
                return
            with link:
                try:
                    self.one(link)
                except OSError:
                    pass

    def one(self, link):
        line = b""
        while not line.endswith(b"\n"):
            piece = link.recv(65536)
            if not piece:
                return
            line += piece
        ask = json.loads(line)
        self.asked.append(ask)
        answer = self.answers.get(ask["do"], {"v": 1, "ok": False, "code": "unknown", "exit": 2,
                                              "message": "unknown command", "why": "", "try": ""})
        if callable(answer):
            answer = answer(ask)
        link.sendall(answer if isinstance(answer, bytes) else canonical(answer).encode() + b"\n")

    def close(self):
        self.server.close()

    def said(self, command):
        return [a for a in self.asked if a["do"] == command]


class WithNode(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.home = pathlib.Path(self.folder.name)
        self.node = None
        self.run_("key", "new", self.home / "li.pem")

    def tearDown(self):
        if self.node:
            self.node.close()
        self.folder.cleanup()

    def answers(self, **answers):
        if self.node:
            self.node.close()
            (self.home / "control.sock").unlink()
        self.node = Node(self.home, {k.replace("_", "."): v for k, v in answers.items()})
        return self.node

    def run_(self, *args, officer=True, **env):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PARLEY_")}
        environment.update(PARLEY_NODE=str(self.home), **env)
        if officer:
            environment.update(PARLEY_OFFICER="li", PARLEY_KEY=str(self.home / "li.pem"))
        return subprocess.run([PARLEY, *map(str, args)], capture_output=True, text=True, timeout=90,
                              env=environment, stdin=subprocess.DEVNULL)

    def key(self):
        return base64.b64decode((self.home / "li.pem.pub").read_text().split()[1])


class BadNode(WithNode):
    def test_answers_that_are_none_are_errors_of_the_node(self):
        good = b'{"ok":true,"v":1'
        for name, answer in {
                "nothing": b"", "a cut line": good, "no JSON": b"hello\n", "no object": b"[1]\n",
                "no version": b'{"ok":true}\n', "another version": b'{"ok":true,"v":2}\n',
                "ok is a text": b'{"ok":"true","v":1}\n', "twice": good + b',"v":1}\n',
                "a fraction": good + b',"now":1.5}\n', "no UTF-8": good + b',"a":"\xff"}\n',
                "a control character": good + b',"a":"\\u001b"}\n', "NUL": good + b"}\0\n",
                "more behind": good + b"}\n{}\n", "deep": good + b',"a":' + b"[" * 50 + b"]" * 50 + b"}\n",
                "refused without words": b'{"ok":false,"v":1}\n'}.items():
            self.answers(status=answer)
            result = self.run_("status", "--json")
            self.assertEqual((result.returncode, result.stdout), (1, ""), name)
            self.assertEqual(json.loads(result.stderr)["code"], "bad-answer", name)

    def test_an_answer_without_end_is_cut(self):
        self.answers(status=lambda _: b"x" * (20 << 20) + b"\n")
        begin = time.monotonic()
        result = self.run_("status")
        self.assertEqual(result.returncode, 1)
        self.assertIn("longer than any may be", result.stderr)
        self.assertLess(time.monotonic() - begin, 30)

    def test_a_refusal_keeps_its_code_and_words(self):
        for exit in (1, 2, 4, 8, 9, 10):
            self.answers(status={"v": 1, "ok": False, "code": "some-code", "exit": exit,
                                 "message": "it \u202eis so", "why": "because", "try": "that"})
            result = self.run_("status")
            self.assertEqual(result.returncode, exit)
            self.assertEqual(result.stderr,
                             "error: it \\u{202E}is so\n  why: because\n  try: that\n")

    def test_a_node_that_is_not_ready_for_a_moment_is_asked_again(self):
        wait = {"v": 1, "ok": False, "code": "not-ready", "exit": 1, "message": "not yet",
                "why": "", "try": "try again in a moment"}
        good = {"v": 1, "ok": True, "ours": "o", "theirs": ""}
        answers = [wait, wait, good]
        node = self.answers(ledger_checkpoint=lambda ask: answers.pop(0))
        self.assertEqual(self.run_("ledger", "checkpoint").returncode, 0)
        self.assertEqual(len(node.said("ledger.checkpoint")), 3)
        self.answers(ledger_checkpoint=wait)
        result = self.run_("ledger", "checkpoint")
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn("try again in a moment", result.stderr)

    def test_an_exit_code_that_is_none_of_ours_is_a_failure(self):
        for exit in (0, 3000, -1, 130 + 256, 77):
            self.answers(status={"v": 1, "ok": False, "code": "x", "exit": exit, "message": "m",
                                 "why": "", "try": ""})
            self.assertEqual(self.run_("status").returncode, 1)

    def test_a_folder_with_a_long_name_is_reached(self):
        deep = self.home / ("d" * 100) / ("e" * 100)
        deep.mkdir(parents=True)
        os.chdir(deep)
        pathlib.Path("settings.json").write_text("{}")
        server = socket.socket(socket.AF_UNIX)
        server.bind("control.sock")
        server.listen(1)
        threading.Thread(target=lambda: self.one_answer(server), daemon=True).start()
        self.assertEqual(self.run_("ledger", "checkpoint", "--node", deep).returncode, 0)
        server.close()
        os.chdir("/")

    @staticmethod
    def one_answer(server):
        link, _ = server.accept()
        link.recv(1000)
        link.sendall(b'{"ok":true,"ours":"o","theirs":"","v":1}\n')
        link.close()


class Reading(WithNode):
    row = {"case": CASE, "direction": "in", "from": "cert-b", "article": "4(3)", "class": "REAL",
           "subject": "\u0417\u0430\u043f\u0440\u043e\u0441 \u4e2d\u6587", "urgency": "priority", "tlp": "amber",
           "state": "notified", "their-state": "notified", "due": "2026-11-25T10:30:00Z",
           "clock": "ack", "needs": "ack", "opened": "2026-11-25T10:00:00Z"}

    def test_rows_align_in_every_script(self):
        other = dict(self.row, subject="plain", case="C-0123456789ABCDE0", due="2026-11-27T10:00:00Z")
        self.answers(desk={"v": 1, "ok": True, "now": "2026-11-25T10:05:00Z", "rows": [self.row, other]})
        lines = self.run_("desk", "--aligned").stdout.splitlines()
        self.assertEqual(len(lines), 3)
        width = lambda text: sum(2 if "\u2e80" <= c <= "\u9fff" else 1 for c in text)
        places = {width(line[:line.index("4(3)")]) for line in lines[1:]}
        self.assertEqual(len(places), 1)
        self.assertTrue(lines[1].startswith("00:25:00 !"))
        self.assertTrue(lines[2].startswith("1 d 23:55:00 "))
        ascii_only = self.run_("desk", "--aligned", LC_ALL="C").stdout
        ascii_only.encode("ascii")

    def test_a_pipe_gets_tabs_and_no_heading(self):
        self.answers(desk={"v": 1, "ok": True, "now": "2026-11-25T10:05:00Z", "rows": [self.row]})
        result = self.run_("desk")
        self.assertEqual(result.stdout.count("\n"), 1)
        self.assertEqual(len(result.stdout.split("\t")), 9)

    def test_check_says_3_when_something_needs_you(self):
        self.answers(desk={"v": 1, "ok": True, "now": "2026-11-25T10:05:00Z", "rows": [self.row]})
        self.assertEqual(self.run_("desk").returncode, 0)
        self.assertEqual(self.run_("desk", "--check").returncode, 3)
        self.answers(desk={"v": 1, "ok": True, "now": "2026-11-25T10:05:00Z", "rows": []})
        self.assertEqual(self.run_("desk", "--check").returncode, 0)

    def test_every_reading_command_gives_the_answer_as_json(self):
        for args, command in ((["status"], "status"), (["desk"], "desk"), (["case", "list"], "case.list"),
                              (["case", "show", CASE], "case.show"), (["release", "list"], "release.list"),
                              (["officer", "list"], "officer.list"), (["peer", "show"], "peer.show"),
                              (["ledger", "show"], "ledger.show"), (["ledger", "audit"], "ledger.audit"),
                              (["ledger", "checkpoint"], "ledger.checkpoint"),
                              (["watch", "stats"], "watch.stats"), (["watch", "sources"], "watch.sources"),
                              (["watch", "incidents"], "incident.list"),
                              (["watch", "explain", "I-1"], "watch.explain"),
                              (["agreement", "held"], "agreement.show")):
            node = self.answers(**{command.replace(".", "_"): {"v": 1, "ok": True, "x": [1, "a"]}})
            result = self.run_(*args, "--json")
            self.assertEqual(result.returncode, 0, (args, result.stderr))
            self.assertEqual(json.loads(result.stdout), {"v": 1, "x": [1, "a"]}, args)
            self.assertEqual(node.asked[-1]["do"], command)
            self.assertEqual(self.run_(*args).returncode, 0, args)

    def test_a_case_that_is_not_there_is_suggested(self):
        self.answers(case_show={"v": 1, "ok": False, "code": "not-found", "exit": 8, "why": "",
                                "message": "there is no such case", "try": ""},
                     case_list={"v": 1, "ok": True, "cases": [self.row]})
        result = self.run_("case", "show", CASE[:-1] + "E")
        self.assertEqual(result.returncode, 8)
        self.assertIn(f"did you mean {CASE}?", result.stderr)

    def test_a_bundle_is_written_once(self):
        self.answers(case_export={"v": 1, "ok": True, "case": CASE, "bundle": b64(b"{}\n" * 5)})
        out = self.home / "out.parley"
        self.assertEqual(self.run_("case", "export", CASE, "--out", out).returncode, 0)
        self.assertEqual(out.read_bytes(), b"{}\n" * 5)
        self.assertEqual(self.run_("case", "export", CASE, "--out", out).returncode, 1)
        self.assertEqual(self.run_("case", "export", CASE, "--out", "-").stdout, "{}\n" * 5)

    def test_an_audit_that_fails_is_forged(self):
        self.answers(ledger_audit={"v": 1, "ok": True, "checks": [
            {"name": "ours", "state": "ok", "found": ""}, {"name": "theirs", "state": "fail",
                                                           "found": "entry 3"}]})
        self.assertEqual(self.run_("ledger", "audit").returncode, 5)

    def test_a_proof_is_recomputed(self):
        entries = [b"a\n", b"b\n"]
        leaves = [hashlib.sha256(b"\0" + e).digest() for e in entries]
        root = hashlib.sha256(b"\1" + leaves[0] + leaves[1]).digest()
        note = (f"cert-a/parley/x\n2\n{b64(root)}\n\n"
                f"\u2014 cert-a/parley/x {b64(bytes(68))}\n")
        answer = {"v": 1, "ok": True, "log": "ours", "index": 1, "entry": "b\n", "leaf": b64(leaves[1]),
                  "size": 2, "proof": [b64(leaves[0])], "note": note}
        self.answers(ledger_prove=answer)
        result = self.run_("ledger", "prove", "1")
        self.assertEqual(result.returncode, 0, result.stderr)
        for wrong in ({"entry": "c\n"}, {"proof": [b64(leaves[1])]}, {"index": 0}, {"proof": []},
                      {"note": note.replace(b64(root), b64(bytes(32)))}):
            self.answers(ledger_prove={**answer, **wrong})
            self.assertEqual(self.run_("ledger", "prove", "1").returncode, 5, wrong)

    def test_a_directory_is_proved_without_a_node(self):
        entries = [b"a\n", b"b\n"]
        leaves = [hashlib.sha256(b"\0" + e).digest() for e in entries]
        root = hashlib.sha256(b"\1" + leaves[0] + leaves[1]).digest()
        log = self.home / "log"
        (log / "tile/0/000.p").mkdir(parents=True)
        (log / "tile/entries/000.p").mkdir(parents=True)
        (log / "checkpoint").write_text(f"cert-a/parley/x\n2\n{b64(root)}\n\n"
                                        f"\u2014 cert-a/parley/x {b64(bytes(68))}\n")
        (log / "tile/0/000.p/2").write_bytes(b"".join(leaves))
        (log / "tile/entries/000.p/2").write_bytes(
            b"".join(len(e).to_bytes(2, "big") + e for e in entries))
        result = self.run_("ledger", "prove", "1", "--tiles", log, "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        answer = json.loads(result.stdout)
        self.assertEqual((answer["entry"], answer["proof"]), ("b\n", [b64(leaves[0])]))
        self.assertEqual(self.run_("ledger", "prove", "--from", "1", "--tiles", log).returncode, 0)
        self.assertEqual(self.run_("ledger", "prove", "2", "--tiles", log).returncode, 8)
        (log / "tile/0/000.p/2").write_bytes(bytes(32) + leaves[1])
        self.assertEqual(self.run_("ledger", "prove", "1", "--tiles", log).returncode, 5)
        self.assertEqual(self.run_("ledger", "prove", "--from", "1", "--tiles", log).returncode, 5)
        (log / "tile/0/000.p/2").unlink()
        self.assertEqual(self.run_("ledger", "prove", "1", "--tiles", log).returncode, 5)


class Saying(WithNode):
    def test_without_a_terminal_and_yes_nothing_is_asked_of_the_node(self):
        node = self.answers(draft=draft(), decide=RELEASED)
        result = self.run_("case", "ack", CASE)
        self.assertEqual((result.returncode, node.asked), (2, []))
        self.assertIn("--yes", result.stderr)
        result = self.run_("case", "ack", CASE, "--yes", officer=False)
        self.assertEqual((result.returncode, node.asked), (2, []))

    def test_what_is_signed_is_the_permit_of_the_bytes_shown(self):
        node = self.answers(draft=draft(), decide=RELEASED)
        result = self.run_("case", "ack", CASE, "--yes", "--json", "--text", "seen")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(json.loads(result.stdout)["index"], 7)
        ask, decision = node.said("draft")[0], node.said("decide")[0]
        self.assertEqual((ask["kind"], ask["case"], ask["officer"], ask["fields"]),
                         ("ACK", CASE, "li", {"text": "seen"}))
        lines = decision["decision"].splitlines()
        digest = b64(hashlib.sha256(draft()["permit"].encode()).digest())
        self.assertEqual(lines[:4], ["parley-decision/v1", f"permit {digest}", "officer li",
                                     "role releaser"])
        self.assertRegex(lines[4], r"^time \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.check_signature(decision)

    def check_signature(self, decision):
        try:
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        except ImportError:
            self.skipTest("python3-cryptography is not here")
        key = self.key()
        key_id = hashlib.sha256(b"parley-key/v1\ned25519\n" + key).digest()[:16].hex()
        message = f"parley/v1\ndecision\ned25519\n{key_id}\n{AGREEMENT}\n{decision['decision']}"
        Ed25519PublicKey.from_public_bytes(key).verify(base64.b64decode(decision["signature"]),
                                                       message.encode())

    def test_a_first_of_two_signs_as_drafter_and_leaves_the_rest(self):
        node = self.answers(draft=draft("drafter", 2),
                            decide={"v": 1, "ok": True, "state": "waiting", "needs": "releaser",
                                    "signed": [{"officer": "li", "role": "drafter"}]})
        result = self.run_("case", "new", "--incident", "I-1", "--yes", "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(json.loads(result.stdout)["draft"], DRAFT)
        self.assertIn("role drafter\n", node.said("decide")[0]["decision"])
        self.assertEqual(node.said("draft")[0]["incident"], "I-1")

    def test_a_node_that_shows_one_thing_and_has_another_signed_is_found_out(self):
        form, root, size = document(FIELDS)
        other, other_root, _ = document(dict(FIELDS, text="something else"))
        for name, changed in {
                "other bytes": {"document": other}, "not canonical": {"document": form + " "},
                "another root": {"permit": permit(form, other_root, size), "document": form},
                "another number of leaves": {"permit": permit(form, root, 16), "document": form},
                "another length": {"permit": permit(form, root, size, disclosed=
                    f"{b64(hashlib.sha256(form.encode()).digest())} 1"), "document": form},
                "a permit with one more line": {"permit": permit(form, root, size) + "x 1\n"},
                "no permit": {"permit": ""}, "no document": {"document": ""}}.items():
            for command in (["case", "ack", CASE], ["release", "approve", DRAFT]):
                node = self.answers(draft=draft(**changed), release_show=draft(**changed),
                                    decide=RELEASED)
                result = self.run_(*command, "--yes")
                self.assertEqual(result.returncode, 5, (name, result.stderr))
                self.assertEqual(node.said("decide"), [], name)

    def test_a_dry_run_shows_the_exact_bytes_and_keeps_nothing(self):
        node = self.answers(draft=draft(draft=""), decide=RELEASED)
        result = self.run_("case", "ack", CASE, "--dry-run", officer=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(draft()["document"], result.stdout)
        self.assertIn(draft()["permit"], result.stdout)
        self.assertRegex(result.stdout, r"withheld +victim")
        self.assertTrue(node.said("draft")[0]["dry"])
        self.assertEqual(node.said("decide"), [])
        node = self.answers(release_show=draft(), decide=RELEASED)
        self.assertEqual(self.run_("release", "approve", DRAFT, "--dry-run").returncode, 0)
        self.assertEqual(node.said("decide"), [])

    def test_what_is_refused_says_by_which_rule(self):
        refused = {"v": 1, "ok": True, "permit": "", "refused": [{"p": "x.note", "r": "no consent"}]}
        self.answers(draft=refused)
        result = self.run_("case", "reply", CASE, "--dry-run")
        self.assertEqual(result.returncode, 4)
        self.assertIn("x.note: no consent", result.stdout)
        self.answers(draft={"v": 1, "ok": False, "code": "refused", "exit": 4, "message": "refused",
                            "why": "x.note: no consent", "try": ""})
        self.assertEqual(self.run_("case", "reply", CASE, "--yes").returncode, 4)

    def test_the_same_again_is_already_done(self):
        node = self.answers(draft={"v": 1, "ok": True, "done": {"case": CASE, "index": 7,
                                                                "time": "2026-11-25T10:00:00Z"}})
        result = self.run_("case", "ack", CASE, "--yes")
        self.assertEqual((result.returncode, node.said("decide")), (0, []))
        self.assertIn("already done", result.stdout)

    def test_a_line_that_is_down_means_queued(self):
        self.answers(draft=draft(), decide={**RELEASED, "link": {"state": "down"}})
        self.assertEqual(self.run_("case", "ack", CASE, "--yes").returncode, 7)

    def test_a_case_that_moved_on_is_a_conflict(self):
        self.answers(draft=draft(), decide={"v": 1, "ok": False, "code": "conflict", "exit": 9,
                                            "message": "the case moved on", "why": "", "try": ""})
        self.assertEqual(self.run_("case", "ack", CASE, "--yes").returncode, 9)

    def test_fields_are_paths_and_values(self):
        node = self.answers(draft=draft(), decide=RELEASED)
        self.run_("case", "reply", CASE, "--yes", "--field", "result=granted", "--field",
                  "until=2026-12-01T00:00:00Z", "--withhold", "victim", "--tlp", "green", "--class", "TEST", "--urgency", "routine")
        ask = node.said("draft")[0]
        self.assertEqual(ask["fields"], {"result": "granted", "until": "2026-12-01T00:00:00Z"})
        self.assertEqual((ask["withhold"], ask["tlp"], ask["class"], ask["urgency"]),
                         (["victim"], "green", "TEST", "routine"))
        node.asked.clear()
        for bad in ("x", "=y", "A=b", "a b=c", "result=perhaps", "until=tomorrow", "person=x"):
            self.assertEqual(self.run_("case", "reply", CASE, "--yes", "--field", bad).returncode, 2)
        result = self.run_("case", "reply", CASE, "--yes", "--field", "reslut=granted")
        self.assertIn("did you mean result?", result.stderr)
        self.assertEqual(node.asked, [])
        self.assertEqual(self.run_("case", "reply", CASE, "--yes", "--text", "a\x1bb").returncode, 2)

    def test_a_key_that_is_missing_or_locked_signs_nothing(self):
        node = self.answers(draft=draft(), decide=RELEASED)
        self.assertEqual(self.run_("case", "ack", CASE, "--yes", "--key", "/none").returncode, 8)
        word = self.home / "word"
        word.write_text("w\n")
        self.run_("key", "new", self.home / "locked.pem", "--passphrase-file", word)
        locked = ["case", "ack", CASE, "--yes", "--key", self.home / "locked.pem"]
        self.assertEqual(self.run_(*locked).returncode, 2)
        self.assertEqual(node.said("decide"), [])
        self.assertEqual(self.run_(*locked, "--passphrase-file", word).returncode, 0)


class Officers(WithNode):
    """A root-signed CONTACT: PROTOCOL.ledger sections 2, 4 and 5."""

    def setUp(self):
        super().setUp()
        sys.path.insert(0, str(pathlib.Path(os.environ["PARLEY_SOURCE"]) / "share"))
        from party import Party, make_agreement
        a, b = Party(PARLEY, self.home, "cert-a"), Party(PARLEY, self.home, "cert-b")
        self.root, self.other = a.home / "root.pem", b.home / "root.pem"
        self.agreement = canonical(json.loads(make_agreement(self.home, a, b).read_text()))
        self.id = json.loads(self.agreement)["id"]

    def begin(self, officers=()):
        return self.answers(
            agreement_show={"v": 1, "ok": True, "agreements": [
                {"id": self.id, "version": 1, "state": "current", "text": self.agreement}]},
            status={"v": 1, "ok": True, "party": "cert-a"},
            officer_list={"v": 1, "ok": True, "officers": list(officers)},
            officer_add={"v": 1, "ok": True, "index": 1, "leaf": b64(bytes(32)), "officer": "li",
                         "state": "appointed"})

    def add(self, *more, root=None):
        return self.run_("officer", "add", "li", "--role", "releaser,drafter", "--key",
                         self.home / "li.pem.pub", "--root-key", root or self.root, *more)

    def test_the_root_key_signs_who_may_do_what(self):
        node = self.begin()
        result = self.add("--yes")
        self.assertEqual(result.returncode, 0, result.stderr)
        form = json.loads(node.said("officer.add")[0]["document"])
        fields = {f["p"]: f["v"] for f in form["leaves"] if "v" in f}
        self.assertRegex(fields.pop("issued"), r"^\d{4}-.*Z$")
        self.assertEqual(fields, {
            "agreement": self.id, "party": "cert-a", "officer": "li", "role": ["drafter", "releaser"],
            "suite": "ed25519", "key": b64(self.key()), "state": "appointed"})
        self.check_root(form)

    def check_root(self, form):
        try:
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        except ImportError:
            self.skipTest("python3-cryptography is not here")
        level = [leaf(base64.b64decode(f["s"]), f["p"], f["v"]) if "v" in f else
                 base64.b64decode(f["h"]) for f in form["leaves"]]
        while len(level) > 1:
            level = [hashlib.sha256(b"\x11" + level[i] + level[i + 1]).digest()
                     for i in range(0, len(level), 2)]
        (signature,) = form["signatures"]
        key = base64.b64decode(signature["key"])
        key_id = hashlib.sha256(b"parley-key/v1\ned25519\n" + key).digest()[:16].hex()
        message = f"parley/v1\nroot\ned25519\n{key_id}\n{self.id}\n".encode() + level[0]
        Ed25519PublicKey.from_public_bytes(key).verify(base64.b64decode(signature["signature"]),
                                                       message)

    def test_another_root_key_appoints_nobody(self):
        node = self.begin()
        self.assertEqual(self.add("--yes", root=self.other).returncode, 4)
        self.assertEqual(node.said("officer.add"), [])

    def test_without_yes_and_with_dry_run_nothing_is_said(self):
        node = self.begin()
        self.assertEqual(self.add().returncode, 2)
        result = self.add("--dry-run")
        self.assertEqual(result.returncode, 0)
        self.assertIn('"signatures"', result.stdout)
        self.assertEqual(node.said("officer.add"), [])

    def test_the_same_again_is_already_done(self):
        node = self.begin([{"officer": "li", "role": ["drafter", "releaser"], "suite": "ed25519",
                            "key": b64(self.key()), "state": "appointed"}])
        result = self.add("--yes")
        self.assertEqual((result.returncode, node.said("officer.add")), (0, []))
        self.assertIn("already done", result.stdout)

    def test_a_withdrawal_names_the_key_that_was_appointed(self):
        node = self.begin([{"officer": "li", "role": ["drafter"], "suite": "ed25519",
                            "key": b64(self.key()), "state": "appointed"}])
        result = self.run_("officer", "remove", "li", "--root-key", self.root, "--yes")
        self.assertEqual(result.returncode, 0, result.stderr)
        form = json.loads(node.said("officer.add")[0]["document"])
        fields = {f["p"]: f["v"] for f in form["leaves"] if "v" in f}
        self.assertEqual((fields["state"], fields["key"], fields["role"]),
                         ("withdrawn", b64(self.key()), ["drafter"]))
        self.assertEqual(self.run_("officer", "remove", "wang", "--root-key", self.root,
                                   "--yes").returncode, 8)


if __name__ == "__main__":
    unittest.main()
