"""parley agreement check, show, sign, diff, format: exit codes, words and bytes, as a user has them."""
import base64
import hashlib
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

PARLEY = os.environ["PARLEY_BIN"]
SHARE = pathlib.Path(os.environ["PARLEY_SOURCE"]) / "share"
EXAMPLE = SHARE / "pact-2015.agreement.json"


def run(*args, **options):
    return subprocess.run([PARLEY, *map(str, args)], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60, **options)


class Agreement(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.home = pathlib.Path(self.folder.name)
        self.file = self.home / "pact.json"

    def tearDown(self):
        self.folder.cleanup()

    def ok(self, *args, exit=0):
        result = run(*args)
        self.assertEqual(result.returncode, exit, (args, result.stdout, result.stderr))
        return result

    def draft(self, change=None):
        """The example with keys of our own, unsigned."""
        tree = json.loads(EXAMPLE.read_text(encoding="utf-8"))
        for party in tree["parties"]:
            key, tls = self.home / (party["id"] + ".pem"), self.home / (party["id"] + "-tls")
            if not key.exists():
                self.ok("key", "new", key)
                self.ok("key", "new", "--tls", tls)
            root = json.loads(self.ok("key", "fingerprint", "--json", key).stdout)
            pin = json.loads(self.ok("key", "fingerprint", "--json", f"{tls}.cert.pem").stdout)
            party["roots"][0]["key"], party["tls"][0] = root["key"], pin["pin"]
        if change:
            change(tree)
        self.write(tree)
        return tree

    def write(self, tree, path=None):
        text = json.dumps(tree, sort_keys=True, indent=1, ensure_ascii=False) + "\n"
        (path or self.file).write_text(text, encoding="utf-8")

    def sign(self, party, *more, exit=0):
        return self.ok("agreement", "sign", self.file, "--as", party, "--key",
                       self.home / f"{party}.pem", *more, exit=exit)

    def test_the_shipped_example_is_good_and_signed(self):
        out = json.loads(self.ok("agreement", "check", "--json", "--check", EXAMPLE).stdout)
        self.assertTrue(out["signed"] and out["good"])
        self.assertEqual(out["v"], 1)
        canonical = json.dumps(json.loads(EXAMPLE.read_text(encoding="utf-8")), sort_keys=True,
                               separators=(",", ":"), ensure_ascii=False).encode()
        self.assertEqual(out["digest"], base64.b64encode(hashlib.sha256(canonical).digest()).decode())

    def test_it_waits_until_both_have_signed(self):
        self.draft()
        self.ok("agreement", "check", self.file)
        self.ok("agreement", "check", "--check", self.file, exit=3)
        self.assertIn("other party has not", self.sign("cert-b", "--yes").stdout)
        out = self.ok("agreement", "check", "--check", self.file, exit=3).stdout
        self.assertIn("cert-a, ed25519, has not signed yet", out)
        self.assertIn("both parties have signed", self.sign("cert-a", "--yes").stdout)
        self.assertIn("SIGNED", self.ok("agreement", "check", "--check", self.file).stdout)
        before = (self.home / "pact.json.sig").read_bytes()
        self.assertIn("already", self.sign("cert-a", "--yes").stdout)
        self.assertEqual(before, (self.home / "pact.json.sig").read_bytes())

    def test_openssl_verifies_what_was_signed(self):
        tree = self.draft()
        self.sign("cert-a", "--yes")
        sig = json.loads((self.home / "pact.json.sig").read_text())["signatures"][0]
        key = base64.b64decode(tree["parties"][0]["roots"][0]["key"])
        key_id = hashlib.sha256(b"parley-key/v1\ned25519\n" + key).digest()[:16].hex()
        message = f"parley/v1\nagreement\ned25519\n{key_id}\n{tree['id']}\n".encode()
        message += json.dumps(tree, sort_keys=True, separators=(",", ":"),
                              ensure_ascii=False).encode()
        (self.home / "message").write_bytes(message)
        (self.home / "signature").write_bytes(base64.b64decode(sig["signature"]))
        subprocess.run(["openssl", "pkeyutl", "-verify", "-rawin", "-inkey",
                        self.home / "cert-a.pem", "-in", self.home / "message", "-sigfile",
                        self.home / "signature"], check=True, capture_output=True)

    def test_without_a_terminal_it_needs_yes_and_a_dry_run_changes_nothing(self):
        self.draft()
        self.assertIn("--yes", self.sign("cert-a", exit=2).stderr)
        shown = self.sign("cert-a", "--dry-run").stdout
        self.assertFalse((self.home / "pact.json.sig").exists())
        self.sign("cert-a", "--yes")
        self.assertEqual(shown, (self.home / "pact.json.sig").read_text())
        self.assertEqual(list(self.home.glob("*.new")), [])

    def test_only_a_party_signs_and_only_with_its_root_key(self):
        self.draft()
        self.ok("agreement", "sign", self.file, "--as", "cert-a", "--key",
                self.home / "cert-b.pem", "--yes", exit=4)
        self.ok("agreement", "sign", self.file, "--as", "cert-c", "--key",
                self.home / "cert-b.pem", "--yes", exit=8)
        self.ok("agreement", "sign", self.file, "--yes", exit=2)
        self.ok("agreement", "sign", self.home / "none", "--as", "x", "--key", "y", exit=8)

    def test_a_flipped_bit_is_altered_not_failed(self):
        self.draft()
        self.sign("cert-a", "--yes")
        self.sign("cert-b", "--yes")
        path = self.home / "pact.json.sig"
        sig = json.loads(path.read_text())
        text = sig["signatures"][0]["signature"]
        sig["signatures"][0]["signature"] = ("B" if text[0] == "A" else "A") + text[1:]
        self.write(sig, path)
        out = self.ok("agreement", "check", self.file, exit=5).stdout
        self.assertIn("does not hold", out)
        self.assertIn("NOT VALID", out)

    def test_a_text_changed_after_signing_is_not_signed(self):
        tree = self.draft()
        self.sign("cert-a", "--yes")
        tree["skew"] = 60
        self.write(tree)
        self.assertIn("for another text", self.ok("agreement", "check", self.file, exit=5).stdout)
        self.sign("cert-b", "--yes", exit=9)

    def test_an_error_names_line_member_and_rule(self):
        def break_it(tree):
            tree["articles"][0]["threshold"]["count"] = 0
        self.draft(break_it)
        result = self.ok("agreement", "check", self.file, exit=1)
        line = self.file.read_text().split('"count"')[0].count("\n") + 1
        self.assertIn(f"line {line}: articles[0].threshold.count: 0 is not in", result.stderr)
        self.assertIn("why: PROTOCOL.agreement section 2", result.stderr)
        self.assertIn("try: ", result.stderr)
        error = json.loads(self.ok("agreement", "check", "--json", self.file, exit=1).stderr)
        self.assertEqual(error["code"], "range")

    def test_a_notice_about_content_is_refused(self):
        def open_it(tree):
            tree["articles"][4]["carries"] = "NOTICE"
        self.draft(open_it)
        self.assertIn("only CONSULT", self.ok("agreement", "check", self.file, exit=4).stderr)

    def test_what_this_program_cannot_read_is_cannot_tell(self):
        self.draft(lambda tree: tree.update(v=2))
        self.ok("agreement", "check", self.file, exit=6)
        self.draft(lambda tree: tree.update(suites=["gost-2012-256"]))
        self.ok("agreement", "check", self.file, exit=6)
        self.ok("agreement", "check", self.home / "none", exit=8)

    def test_another_form_is_refused_and_format_mends_it(self):
        tree = self.draft()
        good = self.file.read_bytes()
        self.file.write_text(json.dumps(tree), encoding="utf-8")
        self.assertIn("parley agreement format",
                      self.ok("agreement", "check", self.file, exit=1).stderr)
        self.assertEqual(self.ok("agreement", "format", self.file).stdout.encode(), good)
        self.file.write_text('{"a":1.5}')
        self.ok("agreement", "format", self.file, exit=1)

    def test_tables_are_looked_at_beside_the_file(self):
        table = b"RU\t192.0.2.0/24\n"
        row = {"code": "RU", "file": "rir.tsv", "sha256": hashlib.sha256(table).hexdigest(),
               "valid-from": "2019-01-01T00:00:00Z"}
        self.draft(lambda tree: tree["parties"][1]["territory"]["tables"].append(row))
        self.assertIn("not beside", self.ok("agreement", "check", self.file).stdout)
        (self.home / "rir.tsv").write_bytes(table)
        self.assertIn("digest as agreed", self.ok("agreement", "check", self.file).stdout)
        (self.home / "rir.tsv").write_bytes(table + b"RU\t198.51.100.0/24\n")
        self.ok("agreement", "check", self.file, exit=5)

    def test_diff_says_one_line_a_change_and_whether_it_may_follow(self):
        tree = self.draft()
        after = self.home / "next.json"
        tree["version"], tree["articles"][0]["gap"] = 2, 60
        tree["parties"][1]["territory"]["prefixes"] = ["198.51.100.0/24", "2001:db8:b::/48",
                                                       "203.0.113.0/25"]
        self.write(tree, after)
        result = self.ok("agreement", "diff", self.file, after)
        self.assertEqual(sorted(result.stdout.splitlines()), [
            '+ parties[cert-b].territory.prefixes: "203.0.113.0/25"',
            '- parties[cert-b].territory.prefixes: "203.0.113.0/24"',
            "~ articles[4(3)].gap: 3600 -> 60",
            "~ version: 1 -> 2"])
        self.assertTrue(json.loads(self.ok("agreement", "diff", "--json", self.file,
                                           after).stdout)["follows"])
        tree["version"] = 1
        tree["articles"].reverse()
        self.write(tree, after)
        result = self.ok("agreement", "diff", self.file, after)
        self.assertIn("articles (order)", result.stdout)
        self.assertIn("not the next version", result.stderr)
        self.assertIn("same", self.ok("agreement", "diff", after, after).stderr)

    def test_show_is_for_persons_and_its_json_is_the_file(self):
        text = self.ok("agreement", "show", EXAMPLE).stdout
        self.assertIn("50 in 1 h", text)
        self.assertNotIn("\x1b", text)
        out = json.loads(self.ok("agreement", "show", "--json", EXAMPLE).stdout)
        self.assertEqual(out["agreement"], json.loads(EXAMPLE.read_text(encoding="utf-8")))

    def test_outsiders_for_the_time_of_a_head_are_shown_checked_and_compared(self):
        before = self.home / "before.json"
        before.write_bytes(EXAMPLE.read_bytes())
        key, pem = self.home / "key.pem", self.home / "root.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", key,
                        "-out", pem, "-days", "9", "-subj", "/CN=Test clock"],
                       check=True, capture_output=True)
        der = subprocess.run(["openssl", "x509", "-in", pem, "-outform", "DER"], check=True,
                             capture_output=True).stdout
        tree = self.draft()
        witness = {"name": "witness.example/w1", "key": tree["parties"][0]["roots"][0]["key"]}
        tree["outside"] = {"authorities": [{"name": "The clock",
                                            "certificate": base64.b64encode(der).decode()}],
                           "witnesses": [witness]}
        self.write(tree, self.file)
        text = self.ok("agreement", "show", self.file).stdout
        self.assertIn("SHA-256 of its certificate " + hashlib.sha256(der).hexdigest(), text)
        self.assertIn("witness.example/w1", text)
        self.assertIn("CN=Test clock", self.ok("agreement", "check", self.file).stdout)
        self.assertIn("+ outside", self.ok("agreement", "diff", before, self.file).stdout)
        after = self.home / "after.json"
        tree["outside"]["witnesses"][0] = {**witness, "name": "witness.example/w2"}
        self.write(tree, after)
        said = self.ok("agreement", "diff", self.file, after).stdout
        self.assertIn("outside.witnesses[witness.example/w2]", said)
        tree["outside"]["authorities"][0]["certificate"] = base64.b64encode(
            der[:4] + bytes(len(der) - 4)).decode()
        self.write(tree, after)
        self.assertIn("no certificate", self.ok("agreement", "check", after, exit=1).stdout)

    def test_escape_sequences_in_a_title_do_not_reach_the_terminal(self):
        self.draft(lambda tree: tree["title"].update(en="a\u202eb"))
        for command in ("show", "check"):
            self.assertNotIn("\u202e", self.ok("agreement", command, self.file).stdout)

    def test_the_fill_tool_makes_a_file_that_can_be_checked(self):
        tree = self.draft()
        words = [f"{p['id']}={p['roots'][0]['key']},{p['tls'][0]},node.example:1"
                 for p in tree["parties"]]
        filled = subprocess.run([SHARE / "fill-agreement", EXAMPLE, *words], check=True,
                                capture_output=True).stdout
        self.file.write_bytes(filled)
        self.ok("agreement", "check", self.file)
        self.assertEqual(json.loads(filled)["parties"][0]["roots"], tree["parties"][0]["roots"])


unittest.main()
