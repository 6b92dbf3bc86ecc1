"""The command line as a user has it: help, errors, exit codes, streams, documents, keys, init."""
import json
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

PARLEY = os.environ["PARLEY_BIN"]
SOURCE = pathlib.Path(os.environ["PARLEY_SOURCE"])
sys.path.insert(0, str(SOURCE / "share"))
from party import Party, make_agreement  # noqa: E402


def clean_env(**more):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PARLEY_", "NO_COLOR"))}
    env.update(more)
    return env


def run(*args, env=None, cwd=None, input=None):
    return subprocess.run([PARLEY, *map(str, args)], capture_output=True, env=env or clean_env(),
                          cwd=cwd, timeout=60, **({"input": input} if input is not None else
                                                  {"stdin": subprocess.DEVNULL}))


def on_terminal(*args, typed=b"", env=None):
    """Runs with a terminal on all three; (what was shown, exit status)."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(PARLEY, [PARLEY, *map(str, args)], env or clean_env(TERM="xterm"))
    shown = b""
    while True:
        ready, _, _ = select.select([fd], [], [], 30)
        if not ready:
            break
        try:
            piece = os.read(fd, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
        if typed and shown.rstrip().endswith((b":", b"[y/N]")):
            time.sleep(0.2)  # the prompt is there; what was typed before it is thrown away
            line, _, typed = typed.partition(b"\n")
            os.write(fd, line + b"\n")
    os.close(fd)
    return shown, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def commands():
    """The names of all commands, out of the overview."""
    text = run("--help").stdout.decode().split("TOPICS")[0]
    return re.findall(r"^  ([a-z]+(?: [a-z]+)?)  ", text, re.M)


class Help(unittest.TestCase):
    def test_help_goes_to_stdout_and_ends_with_0(self):
        for args in (["--help"], ["help"], ["help", "exit-codes"], ["case", "--help"]):
            result = run(*args)
            self.assertEqual((result.returncode, result.stderr), (0, b""), args)
            self.assertGreater(len(result.stdout), 100)

    def test_every_command_has_its_own_help_with_an_example(self):
        names = commands()
        self.assertGreater(len(names), 30)
        for name in names:
            result = run(*name.split(), "--help")
            self.assertEqual((result.returncode, result.stderr), (0, b""), name)
            text = result.stdout.decode()
            self.assertIn(f"parley {name} - ", text)
            self.assertIn("EXAMPLE\n  parley " + name, text)
            self.assertEqual(run("help", *name.split()).stdout, result.stdout)

    def test_the_overview_fits_80_columns(self):
        for line in run("--help").stdout.decode().splitlines():
            self.assertLessEqual(len(line), 86, line)

    def test_documents_are_what_the_table_makes(self):
        for form, path in (("markdown", "docs/cli.md"), ("man", "man/parley.1")):
            made = run("help", "--as", form).stdout.decode()
            self.assertEqual(made, (SOURCE / path).read_text(),
                             f"make it anew: parley help --as {form} >{path}")

    def test_the_manual_page_is_clean(self):
        page = str(SOURCE / "man" / "parley.1")
        if shutil.which("mandoc"):
            lint = subprocess.run(["mandoc", "-T", "lint", "-W", "error", page],
                                  capture_output=True)
            self.assertEqual(lint.stdout, b"")
        elif shutil.which("groff"):
            lint = subprocess.run(["groff", "-mdoc", "-ww", "-z", page], capture_output=True)
            self.assertEqual(lint.stderr, b"")
        else:
            self.skipTest("neither mandoc nor groff here")

    def test_topics_name_every_exit_code_once(self):
        text = run("help", "exit-codes").stdout.decode()
        codes = re.findall(r"^ *(\d+)  ", text, re.M)
        self.assertEqual(codes, "0 1 2 3 4 5 6 7 8 9 10 130".split())

    def test_every_example_parses(self):
        """Each example's words are taken: with no node and no files it fails otherwise than by usage."""
        for name in commands():
            text = run(*name.split(), "--help").stdout.decode().split("EXAMPLE\n")[1]
            for line in text.replace("\\\n", "").splitlines():
                with tempfile.TemporaryDirectory() as home:
                    script = f'parley() {{ "{PARLEY}" "$@"; }}\n{line.strip()}'
                    env = clean_env(PARLEY_NODE=home, PARLEY_OFFICER="li", PARLEY_KEY="/none")
                    result = subprocess.run(["sh", "-c", script], capture_output=True, cwd=home,
                                            env=env, stdin=subprocess.DEVNULL, timeout=60)
                    error = result.stderr.decode()
                    self.assertNotIn("has no flag", error, line)
                    self.assertNotIn("takes ", error, line)
                    self.assertNotIn("there is no command", error, line)


class Completion(unittest.TestCase):
    def complete(self, *words):
        script = (f'parley() {{ "{PARLEY}" "$@"; }}\neval "$(parley completion bash)"\n'
                  f'COMP_WORDS=({" ".join(repr(w) for w in words)})\n'
                  f'COMP_CWORD={len(words) - 1}\n_parley\nprintf "%s\\n" "${{COMPREPLY[@]}}"')
        result = subprocess.run(["bash", "-c", script], capture_output=True, text=True,
                                env=clean_env())
        self.assertEqual(result.stderr, "")
        return result.stdout.split()

    def test_bash_completes_commands_flags_and_choices(self):
        self.assertEqual(self.complete("parley", "st"), ["status"])
        self.assertIn("ack", self.complete("parley", "case", ""))
        self.assertEqual(self.complete("parley", "case", "ack", "--of"), ["--officer"])
        self.assertEqual(self.complete("parley", "status", "--che"), ["--check"])
        self.assertEqual(self.complete("parley", "case", "new", "--class", "EX"), ["EXERCISE"])
        self.assertIn("exit-codes", self.complete("parley", "help", "exit"))

    def test_scripts_are_well_formed_where_the_shell_is(self):
        for shell, check in (("bash", ["bash", "-n"]), ("zsh", ["zsh", "-n"]),
                             ("fish", ["fish", "--no-execute"])):
            made = run("completion", shell)
            self.assertEqual(made.returncode, 0)
            if shutil.which(shell):
                with tempfile.NamedTemporaryFile() as script:
                    script.write(made.stdout)
                    script.flush()
                    result = subprocess.run([*check, script.name], capture_output=True)
                    self.assertEqual((result.returncode, result.stderr), (0, b""), shell)


class Errors(unittest.TestCase):
    wrong = [
        (["hlep"], "parley help"),
        (["stauts"], "parley status"),
        (["case", "akc", "C-1"], "parley case ack"),
        (["status", "--chekc"], "--check"),
        (["case", "new", "--classs", "REAL"], "--class"),
    ]

    def test_a_typo_is_answered_with_the_word_that_was_meant(self):
        for args, meant in self.wrong:
            result = run(*args)
            self.assertEqual((result.returncode, result.stdout), (2, b""), args)
            self.assertIn(f"did you mean {meant}".replace("mean parley", "mean `parley"),
                          result.stderr.decode())

    def test_usage_errors_have_what_and_try_and_exit_2(self):
        for args in (["status", "x"], ["key", "new"], ["case", "show"], ["key"], ["completion"],
                     ["ledger", "prove", "x"], ["case", "new", "--class", "FOO"],
                     ["completion", "tcsh"], ["help", "nothing"]):
            result = run(*args)
            self.assertEqual((result.returncode, result.stdout), (2, b""), args)
            if args != ["key"]:
                self.assertRegex(result.stderr.decode(), r"^error: ", args)

    def test_errors_are_json_with_json(self):
        with tempfile.TemporaryDirectory() as home:
            for args, code, exit in ((["status", "--node", home], "no-node", 8),
                                     (["status", "--bad"], "usage", 2),
                                     (["key", "fingerprint", home + "/none"], "not-found", 8)):
                result = run(*args, "--json")
                self.assertEqual((result.returncode, result.stdout), (exit, b""), args)
                error = json.loads(result.stderr)
                self.assertEqual((error["v"], error["code"]), (1, code))
                self.assertEqual(sorted(error), ["code", "message", "try", "v", "why"])

    def test_what_came_from_outside_cannot_reach_the_terminal(self):
        result = run("key", "fingerprint", "/none\033[2J\u202e")
        self.assertNotIn(b"\033", result.stderr)
        self.assertIn(b"\\u{1B}[2J\\u{202E}", result.stderr)

    def test_a_node_that_is_none_is_not_found(self):
        with tempfile.TemporaryDirectory() as home:
            self.assertEqual(run("serve", "--node", home).returncode, 8)
            self.assertEqual(run("desk", "--node", home + "/none").returncode, 8)
            pathlib.Path(home, "settings.json").write_text("{}")
            result = run("desk", env=clean_env(PARLEY_NODE=home))
            self.assertEqual(result.returncode, 1)
            self.assertIn("try: parley serve --node " + home, result.stderr.decode())


class Streams(unittest.TestCase):
    def test_no_escape_sequences_without_a_terminal(self):
        for args in (["--help"], ["doctor"], ["version"], ["status"]):
            result = run(*args)
            self.assertNotIn(b"\033", result.stdout + result.stderr, args)

    def test_colour_is_asked_for_and_refused(self):
        self.assertIn(b"\033[", run("doctor", "--color=always").stdout)
        shown, _ = on_terminal("doctor")
        self.assertIn(b"\033[", shown)
        for env in (clean_env(NO_COLOR="1", TERM="xterm"), clean_env(TERM="dumb")):
            shown, _ = on_terminal("doctor", env=env)
            self.assertNotIn(b"\033", shown)
        shown, _ = on_terminal("doctor", "--color", "never")
        self.assertNotIn(b"\033", shown)

    def test_the_c_locale_gets_ascii(self):
        with tempfile.TemporaryDirectory() as home:
            path = pathlib.Path(home, "\u043a\u043b\u044e\u0447.pem")
            for args in (["key", "new", path], ["key", "list", home], ["--help"], ["doctor"]):
                result = run(*args, env=clean_env(LC_ALL="C"))
                (result.stdout + result.stderr).decode("ascii")

    def test_json_is_one_line_with_its_version(self):
        result = run("version", "--json")
        self.assertEqual(result.stdout.count(b"\n"), 1)
        self.assertEqual(json.loads(result.stdout)["v"], 1)
        checks = json.loads(run("doctor", "--json").stdout)
        self.assertTrue(all({"name", "state", "found", "try"} == set(c) for c in checks["checks"]))

    def test_a_full_pipe_or_disk_is_a_failure(self):
        with open("/dev/full", "wb") as full:
            result = subprocess.run([PARLEY, "--help"], stdout=full, stderr=subprocess.PIPE,
                                    env=clean_env())
        self.assertEqual(result.returncode, 1)

    def test_alone_it_shows_the_first_steps(self):
        with tempfile.TemporaryDirectory() as home:
            result = run(env=clean_env(PARLEY_NODE=home))
            self.assertEqual(result.returncode, 0)
            self.assertIn(b"parley init", result.stdout)


class Keys(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.home = pathlib.Path(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def test_a_key_is_made_once_readable_by_its_owner_alone(self):
        key = self.home / "k.pem"
        self.assertEqual(run("key", "new", key).returncode, 0)
        self.assertEqual(key.stat().st_mode & 0o777, 0o600)
        before = key.read_bytes()
        self.assertEqual(run("key", "new", key).returncode, 1)
        self.assertEqual(key.read_bytes(), before)

    def test_private_and_public_file_show_the_same_key(self):
        key = self.home / "k.pem"
        made = json.loads(run("key", "new", key, "--json").stdout)
        for path in (key, f"{key}.pub"):
            shown = json.loads(run("key", "fingerprint", path, "--json").stdout)
            self.assertEqual((shown["key"], shown["fingerprint"]),
                             (made["key"], made["fingerprint"]))

    def test_a_passphrase_locks_it(self):
        key, word = self.home / "k.pem", self.home / "word"
        word.write_text("correct horse\n")
        run("key", "new", key, "--passphrase-file", word)
        self.assertIn(b"ENCRYPTED", key.read_bytes())
        self.assertEqual(run("key", "fingerprint", key).returncode, 2)
        self.assertEqual(run("key", "fingerprint", key, "--passphrase-file", word).returncode, 0)
        word.write_text("wrong\n")
        self.assertEqual(run("key", "fingerprint", key, "--passphrase-file", word).returncode, 1)

    def test_a_terminal_is_asked_without_echo(self):
        key = self.home / "k.pem"
        shown, status = on_terminal("key", "new", key, typed=b"pass-word\npass-word\n")
        self.assertEqual(status, 0, shown)
        self.assertNotIn(b"pass-word", shown)
        self.assertIn(b"ENCRYPTED", key.read_bytes())
        shown, status = on_terminal("key", "fingerprint", key, typed=b"pass-word\n")
        self.assertEqual(status, 0, shown)
        shown, status = on_terminal("key", "new", self.home / "l", typed=b"a\nb\n")
        self.assertEqual(status, 1)
        self.assertFalse((self.home / "l").exists())

    def test_a_channel_key_is_openssl_s_too(self):
        made = json.loads(run("key", "new", "--tls", self.home / "t", "--json").stdout)
        spki = subprocess.run(f"openssl x509 -in {self.home}/t.cert.pem -noout -pubkey | "
                              "openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | "
                              "base64", shell=True, capture_output=True, text=True)
        if not shutil.which("openssl"):
            self.skipTest("no openssl here")
        self.assertEqual(spki.stdout.strip(), made["pin"])

    def test_files_that_hold_no_key_are_refused(self):
        for content in (b"", b"ed25519", b"ed25519 AAAA\n", b"\0" * 100, b"x" * 100000,
                        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"):
            path = self.home / "bad"
            path.write_bytes(content)
            self.assertEqual(run("key", "fingerprint", path).returncode, 1, content[:40])

    def test_a_list_reads_public_files_only(self):
        run("key", "new", self.home / "a.pem")
        run("key", "new", "--tls", self.home / "t")
        keys = json.loads(run("key", "list", self.home, "--json").stdout)["keys"]
        self.assertEqual([k["kind"] for k in keys], ["public", "certificate"])


class Init(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.home = pathlib.Path(cls.folder.name)
        cls.a, cls.b = Party(PARLEY, cls.home, "cert-a"), Party(PARLEY, cls.home, "cert-b")
        cls.pact = make_agreement(cls.home, cls.a, cls.b)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def init(self, node, *more, agreement=None, root=None, tls=None, name=None):
        a, tls = self.a, tls or self.a
        return run("init", agreement or self.pact, "--as", name or a.name, "--root-key",
                   (root or a).home / "root.pem", "--tls-key", tls.home / "tls.key.pem",
                   "--tls-cert", tls.home / "tls.cert.pem", "--node", self.home / node, *more)

    def test_a_node_is_made_whole_and_for_its_owner_alone(self):
        result = self.init("whole", "--listen", "127.0.0.1:7315")
        self.assertEqual(result.returncode, 0, result.stderr)
        node = self.home / "whole"
        self.assertEqual(node.stat().st_mode & 0o777, 0o700)
        for secret in ("log", "cosign", "hello", "tls.key"):
            self.assertEqual((node / "keys" / f"{secret}.pem").stat().st_mode & 0o777, 0o600)
        genesis = json.loads(next(node.glob("agreements/*/genesis.json")).read_text())
        fields = {leaf["p"]: leaf["v"] for leaf in genesis["leaves"] if "v" in leaf}
        self.assertEqual(fields["party"], "cert-a")
        for role in ("log", "cosign", "hello"):
            line = (node / "keys" / f"{role}.pem.pub").read_text().split()
            self.assertEqual(fields[f"key.{role}.ed25519"], line[1])
        self.assertFalse((self.home / "whole.new").exists())

    def test_a_node_is_never_touched_again(self):
        self.assertEqual(self.init("twice").returncode, 0)
        before = sorted((p, p.read_bytes()) for p in (self.home / "twice").rglob("*") if p.is_file())
        self.assertEqual(self.init("twice").returncode, 1)
        after = sorted((p, p.read_bytes()) for p in (self.home / "twice").rglob("*") if p.is_file())
        self.assertEqual(before, after)

    def test_a_dry_run_makes_nothing(self):
        result = self.init("dry", "--dry-run")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertFalse((self.home / "dry").exists())

    def test_an_empty_folder_is_taken(self):
        (self.home / "empty").mkdir()
        self.assertEqual(self.init("empty").returncode, 0)

    def test_other_keys_than_the_agreed_ones_are_refused(self):
        for node, options, exit in (("r", {"root": self.b}, 4), ("t", {"tls": self.b}, 4),
                                    ("n", {"name": "cert-x"}, 2)):
            self.assertEqual(self.init(node, **options).returncode, exit, options)
            self.assertFalse((self.home / node).exists())

    def test_an_agreement_that_is_not_signed_by_both_is_refused(self):
        alone = self.home / "alone.json"
        alone.write_bytes(self.pact.read_bytes())
        self.assertEqual(self.init("u", agreement=alone).returncode, 4)
        signatures = json.loads(pathlib.Path(f"{self.pact}.sig").read_text())
        signatures["signatures"].pop()
        pathlib.Path(f"{alone}.sig").write_text(
            json.dumps(signatures, sort_keys=True, indent=1) + "\n")
        self.assertEqual(self.init("u", agreement=alone).returncode, 4)
        shutil.copy(f"{self.pact}.sig", f"{alone}.sig")
        text = alone.read_text().replace('"threshold"', '"threshold"', 1)
        tree = json.loads(text)
        tree["skew"] += 1
        alone.write_text(json.dumps(tree, sort_keys=True, indent=1, ensure_ascii=False) + "\n")
        self.assertIn(self.init("u", agreement=alone).returncode, (4, 5))
        self.assertFalse((self.home / "u").exists())

    def test_settings_that_the_node_would_refuse_are_refused_here(self):
        for more in (["--listen", "host:1"], ["--sensor", "x"], ["--sensor", "X Y=/tmp/a"],
                     ["--sensor", "x=none/there"]):
            self.assertEqual(self.init("s", *more).returncode, 2, more)
            self.assertFalse((self.home / "s").exists())
            self.assertFalse((self.home / "s.new").exists())

    def test_a_second_node_in_the_same_folder_finds_it_locked(self):
        self.assertEqual(self.init("locked").returncode, 0)
        serve = [PARLEY, "serve", "--node", str(self.home / "locked")]
        first = subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                 env=clean_env())
        try:
            for line in first.stdout:
                if line.startswith("parley: ready"):
                    break
            else:
                self.fail("the first node did not start")
            threading.Thread(target=first.stdout.read, daemon=True).start()
            second = subprocess.run(serve, capture_output=True, env=clean_env(), timeout=60)
            self.assertEqual(second.returncode, 10, second.stderr)
        finally:
            first.terminate()
            self.assertEqual(first.wait(30), 0)

    def test_an_interrupt_at_a_question_ends_with_130(self):
        key = self.home / "interrupted.pem"
        child, fd = pty.fork()
        if child == 0:
            os.execve(PARLEY, [PARLEY, "key", "new", str(key)], clean_env(TERM="xterm"))
        shown = b""
        while b"passphrase" not in shown:
            shown += os.read(fd, 1000)
        os.write(fd, b"\x03")
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 130)
        os.close(fd)
        self.assertFalse(key.exists())


if __name__ == "__main__":
    unittest.main()
