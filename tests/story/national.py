"""The same promises where the agreement lists national suites beside ed25519."""
import base64
import json
import os
import pathlib
import re
import subprocess

import notice
from pair import entries
from party import Party, make_agreement

SUITES = ("ed25519", "sm2-sm3", "gost12-256")
MODULE = pathlib.Path("/usr/lib/softhsm/libsofthsm2.so")


def lines_of(note):
    """(name, signature bytes) of each line below the text."""
    found = []
    for line in note.split("\n\n", 1)[1].splitlines():
        dash, name, raw = line.split(" ")
        assert dash == "\u2014", line
        found.append((name, base64.b64decode(raw)[4:]))
    return found


def every_suite_is_on_one_checkpoint(party, other):
    """Three of the author's lines and three of the cosigner's, of the lengths they must have."""
    path = next(party.node.glob(f"ledger/*/{party.name}/checkpoint"))
    whole = 2 * len(SUITES)
    party.until(lambda: len(lines_of(path.read_text())) == whole, "the checkpoint is cosigned", 30)
    note = path.read_text()
    origin = note.splitlines()[0]
    author = [raw for name, raw in lines_of(note) if name == origin]
    cosigner = [raw for name, raw in lines_of(note) if name != origin]
    assert len(author) == len(cosigner) == len(SUITES), note
    assert other.name in next(n for n, _ in lines_of(note) if n != origin), note
    assert len(author[0]) == 64 and author[1][0] == 0x30 and len(author[2]) == 64, note
    assert len({raw[:8] for raw in cosigner}) == 1, "cosigned at several times"


def stripped(bundle, suite_line):
    """The bundle without this signature line of its newest head of the first log."""
    tree = json.loads(bundle.read_text())
    note = tree["logs"][0]["heads"][-1]
    text, below = note.split("\n\n", 1)
    lines = below.splitlines()
    del lines[suite_line]
    tree["logs"][0]["heads"][-1] = text + "\n\n" + "\n".join(lines) + "\n"
    return json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def a_stripped_signature_is_refused(pair, bundle):
    """Each line of author and cosigner away once: forged, and both checks name the suite."""
    for line in range(2 * len(SUITES)):
        suite = SUITES[line % len(SUITES)]
        path = pair.folder / f"stripped-{line}.parley"
        path.write_text(stripped(bundle, line))
        ours = pair.a.run("verify", path)
        assert ours.returncode == 5 and re.search(f"heads.*{suite}", ours.stdout, re.S), ours
        theirs = subprocess.run(["/usr/bin/python3", notice.SOURCE / "tests/proof/verify.py", path],
                                capture_output=True, text=True, check=False)
        assert theirs.returncode == 5 and suite in theirs.stdout, theirs


def one_key_of_three_is_not_enough(pair):
    """An officer who signs by one suite has not signed."""
    result = pair.a.run("peer", "ping", "--yes", officer="ivanova",
                        env={"PARLEY_KEY": str(pair.a.keys("ivanova")[0])})
    assert result.returncode == 4 and "gost12-256: it did not sign" in result.stderr, result
    for row in pair.a.json("release", "list")["drafts"]:
        pair.a.parley_ok("release", "refuse", row["draft"], "--reason", "one suite of three",
                         officer="ivanova")


def the_main_story_holds_under_three_suites(pair):
    one_key_of_three_is_not_enough(pair)
    said = pair.check()
    pair.settle()
    every_suite_is_on_one_checkpoint(pair.a, pair.b)
    every_suite_is_on_one_checkpoint(pair.b, pair.a)
    small = pair.folder / "check.parley"
    pair.a.parley_ok("case", "export", said["case"], "--out", small)
    a_stripped_signature_is_refused(pair, small)
    for party in (pair.a, pair.b):
        assert party.run("ledger", "audit").returncode == 0
    notice.a_notice_from_sensor_line_to_a_strangers_check(pair)


the_main_story_holds_under_three_suites.suites = SUITES
the_main_story_holds_under_three_suites.sensors = notice.sample


# --- a token --------------------------------------------------------------------------------------

def softhsm(conf, *words):
    """Parley itself does not get this environment: its token files say what they set."""
    subprocess.run(["softhsm2-util", *words], check=True, capture_output=True,
                   env={**os.environ, "SOFTHSM2_CONF": str(conf)})


def make_token(folder):
    """An empty token of SoftHSM2: its configuration, and the folder of its files."""
    tokens = folder / "tokens"
    tokens.mkdir(mode=0o700)
    conf = folder / "softhsm2.conf"
    conf.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\n")
    softhsm(conf, "--init-token", "--free", "--label", "parley", "--pin", "4711", "--so-pin", "0815")
    return conf, tokens


def role_keys_in_token(party, suite, conf, tokens):
    """--role-key flags that name keys of the token."""
    flags = []
    for number, role in enumerate(("log", "cosign", "hello")):
        label = f"{role}-{suite}"
        pem = party.home / f"{label}.pem"
        party.parley_ok("key", "new", "--suite", suite, pem)
        softhsm(conf, "--import", pem, "--token", "parley", "--label", label,
                "--id", f"{suite == 'ed25519':d}{number}", "--pin", "4711")
        pem.unlink()
        token = party.home / f"{label}.token"
        token.write_text(f"pkcs11:token=parley;object={label}?module-path={MODULE}"
                         f"&pin-value=4711\nneeds {tokens}\nset SOFTHSM2_CONF={conf}\n")
        flags += ["--role-key", f"{role}={token}"]
    return flags


def a_role_key_in_a_token_signs_under_the_sandbox(pair):
    """Both suites' role keys of one party in a token; keeper logs in before its sandbox closes."""
    conf, tokens = make_token(pair.folder)
    home = pair.folder / "second"
    home.mkdir()
    a, b = (Party(pair.a.parley, home, name, suites=("ed25519", "p256-sha256"))
            for name in ("cert-a", "cert-b"))
    pair.stop()
    pact = make_agreement(home, a, b)
    flags = [f for suite in a.suites for f in role_keys_in_token(a, suite, conf, tokens)]
    init = ["init", pact, "--as", a.name, *a.flags("--root-key", "root"), "--tls-key",
            a.home / "tls.key.pem", "--tls-cert", a.home / "tls.cert.pem", "--node", a.node,
            "--listen", f"127.0.0.1:{a.port}"]
    a.parley_ok(*init, *flags)
    assert "PRIVATE KEY" not in (a.node / "keys" / "log.pem").read_text()
    b.init(pact)
    pair.a, pair.b = a, b
    for party, officer in ((a, "ivanova"), (b, "li")):
        party.serve()
        party.appoint(officer)
    pair.settle()
    said = pair.check()
    pair.settle()
    assert len(entries(a)) >= 3
    bundle = pair.folder / "token.parley"
    a.parley_ok("case", "export", said["case"], "--out", bundle)
    assert a.run("verify", bundle).returncode == 0
    words = pathlib.Path(f"/proc/{a.children()['desk']}/environ").read_bytes()
    assert b"SOFTHSM2_CONF" not in words, words
