"""parley verify, as an arbiter has it: exit codes, words, --json, --root, and nothing but the file."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

PARLEY = os.environ["PARLEY_BIN"]
NOBODY = 65534
CHECKS = ["form", "agreement", "genesis", "heads", "growth", "inclusion", "documents", "chain",
          "times", "openings", "clocks", "anchors"]


class Verify(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.home = pathlib.Path(cls.folder.name)
        subprocess.run([os.environ["MAKE_BUNDLES"], cls.home], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def run_it(self, *args, exit=0, **options):
        options.setdefault("env", {"LC_ALL": "C.UTF-8"})
        result = subprocess.run([PARLEY, "verify", *map(str, args)], capture_output=True,
                                stdin=subprocess.DEVNULL, timeout=60, text=True, **options)
        self.assertEqual(result.returncode, exit, (args, result.stdout, result.stderr))
        return result

    def json(self, *args, exit=0):
        return json.loads(self.run_it("--json", *args, exit=exit).stdout)

    def test_every_bundle_has_the_exit_code_that_its_name_says(self):
        words = {0: "VERIFIED", 5: "FORGED OR ALTERED", 6: "CANNOT TELL"}
        for path in sorted(self.home.glob("[056]-*")):
            code = int(path.name[0])
            out = self.run_it(path, exit=code).stdout
            self.assertTrue(out.splitlines()[-1].startswith(words[code]), (path.name, out))
            self.assertEqual(self.json(path, exit=code)["verdict"], words[code])

    def test_json_lists_checks_statements_and_deadlines(self):
        out = self.json(self.home / "0-late")
        self.assertEqual([c["name"] for c in out["checks"]], CHECKS)
        self.assertEqual({c["state"] for c in out["checks"] if c["name"] != "clocks"}, {"ok"})
        self.assertEqual((out["v"], out["case"]), (1, "C-7Q2K91MDX0PA44ZT"))
        self.assertEqual([s["kind"] for s in out["statements"]][:4],
                         ["NOTICE", "RECEIPT", "ACK", "RECEIPT"])
        late = [c for c in out["clocks"] if c["state"] == "late"]
        self.assertEqual([(c["clock"], c["who"], c["for"]) for c in late],
                         [("ack-priority", "cert-b", "NOTICE")])
        self.assertRegex(late[0]["when"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertEqual([len(p["roots"]) for p in out["parties"]], [1, 1])

    def test_the_check_that_fails_is_named_and_ends_the_work(self):
        for name, check in (("5-case", "chain"), ("5-fork", "growth"), ("5-genesis", "genesis"),
                            ("5-opening", "openings"), ("5-stray", "heads"),
                            ("6-version", "inclusion")):
            last = self.json(self.home / name, exit=int(name[0]))["checks"]
            made = [c for c in last if c["state"] != "not made"]
            self.assertEqual(made[-1]["name"], check)
            self.assertIn(made[-1]["state"], ("bad", "unknown"))

    def test_what_a_party_brought_about_itself_is_marked_and_is_no_forgery(self):
        for name, why, word in (("0-answers", "answers", "answers what is not here"),
                                ("0-class", "class", "another class"),
                                ("0-nonce", "nonce", "returns another nonce"),
                                ("0-no-nonce", "no-nonce", "cannot be compared"),
                                ("6-gap", "chain", "does not follow"),
                                ("6-agreement", "agreement", "names an agreement")):
            code = int(name[0])
            out = self.json(self.home / name, exit=code)
            self.assertIn(why, [s.get("counts-not") for s in out["statements"]])
            self.assertIn(word, self.run_it(self.home / name, exit=code).stdout)
            self.assertIn("count", [c["found"] for c in out["checks"] if c["name"] == "clocks"][0])

    def test_what_is_not_binding_is_listed_as_such(self):
        out = self.json(self.home / "6-head", exit=6)
        self.assertEqual([s["kind"] for s in out["statements"] if "binding" not in s], ["RECEIPT"])
        self.assertIn("not binding", self.run_it(self.home / "6-head", exit=6).stdout)

    def test_a_back_dated_statement_is_marked(self):
        out = self.json(self.home / "0-back-dated")
        self.assertEqual([s["kind"] for s in out["statements"] if not s["time-agrees"]], ["NOTICE"])
        self.assertIn("does not agree", self.run_it(self.home / "0-back-dated").stdout)

    def test_root_keys_are_held_against_the_paper_copy(self):
        good = self.home / "0-good"
        roots = [f"{p['party']}={p['roots'][0]['fingerprint']}" for p in self.json(good)["parties"]]
        self.run_it("--root", roots[0], "--root", roots[1], good)
        swapped = "cert-a=" + roots[1].split("=")[1]
        out = self.run_it("--root", swapped, good, exit=5).stdout
        self.assertIn(f"has no {swapped}", out)
        self.assertNotIn("\nVERIFIED", out)
        self.assertEqual(self.json("--root", swapped, good, exit=5)["verdict"], "FORGED OR ALTERED")
        self.run_it("--root", roots[0], "--root", swapped, self.home / "6-head", exit=5)
        for wrong in ("cert-a", "=7Q2K-91MD-X0PA-44ZT", "cert-a=7Q2K"):
            self.assertIn("PARTY=FINGERPRINT", self.run_it("--root", wrong, good, exit=2).stderr)

    def test_what_is_no_bundle_is_not_verified(self):
        for name, text in (("empty", b""), ("binary", bytes(range(256))), ("list", b"[]"),
                           ("object", b"{}"), ("deep", b"[" * 100000)):
            path = self.home / name
            path.write_bytes(text)
            self.assertIn("form", self.run_it(path, exit=5).stdout)
        self.run_it(self.home / "none", exit=8)
        self.run_it(exit=2)

    def test_it_fits_into_80_columns_and_speaks_ascii_where_asked(self):
        for path in self.home.glob("[056]-*"):
            code = int(path.name[0])
            out = self.run_it(path, exit=code).stdout
            self.assertLessEqual(max(map(len, out.splitlines())), 80, out)
            out = self.run_it(path, exit=code, env={"LC_ALL": "C"}).stdout
            self.assertTrue(out.isascii())
            self.assertNotIn("\x1b", out)
            self.assertLessEqual(max(map(len, out.splitlines())), 80, out)

    def test_words_of_the_bundle_do_not_reach_the_terminal_raw(self):
        text = (self.home / "0-good").read_bytes()
        (self.home / "words").write_bytes(text.replace(b'"origin":"cert-a', b'"orig\xe2\x80\xae":"x'))
        out = self.run_it(self.home / "words", exit=5).stdout
        self.assertNotIn("\u202e", out)

    @unittest.skipIf(os.geteuid() != 0, "needs root to become nobody")
    def test_nobody_without_home_and_network_can_verify(self):
        with tempfile.TemporaryDirectory() as folder:
            place = pathlib.Path(folder)
            place.chmod(0o755)
            home = place / "home"
            home.mkdir(mode=0o555)
            shutil.copy(PARLEY, place / "parley")
            shutil.copy(self.home / "0-good", place / "bundle")
            (place / "bundle").chmod(0o444)
            command = [place / "parley", "verify", place / "bundle"]
            unshare = shutil.which("unshare")
            if unshare and subprocess.run([unshare, "-n", "true"], capture_output=True).returncode == 0:
                command = [unshare, "-n", "setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY),
                           "--clear-groups", *command]
                who = {}
            else:
                who = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
            result = subprocess.run(command, env={"HOME": str(home)}, cwd="/", capture_output=True,
                                    text=True, stdin=subprocess.DEVNULL, timeout=60, **who)
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
            self.assertTrue(re.search("^VERIFIED", result.stdout, re.M))
            self.assertEqual(list(home.iterdir()), [])


unittest.main()
