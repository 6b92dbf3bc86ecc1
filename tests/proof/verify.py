"""An independent check of a case bundle, from docs/PROTOCOL.bundle and docs/PROTOCOL.ledger alone.

Shares no code with src/: Python's standard library, and the `openssl` program for signatures (with
its engine "gost" for GOST's). A suite that the program cannot check is named, and the exit is 6.
Makes the checks agreement, genesis, heads, growth, inclusion, documents, chain and openings.
    verify.py BUNDLE      prints the check that fails, if one does; exits 0, 5 or 6
    verify.py --compare   PARLEY_BIN's verdict on the bundles that MAKE_BUNDLES writes, against ours
"""
import base64
import hashlib
import json
import os
import pathlib
import random
import re
import struct
import subprocess
import sys
import tempfile


class Forged(Exception):
    pass


class CannotTell(Exception):
    pass


def need(true, why):
    if not true:
        raise Forged(why)


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def unbase64(text, size=None):
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise Forged("base64") from error
    need(base64.b64encode(raw).decode() == text and size in (None, len(raw)), "base64")
    return raw


def no_pair_twice(pairs):
    need(len(dict(pairs)) == len(pairs), "a member twice")
    return dict(pairs)


def canonical(tree):
    return json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def read_canonical(text):
    """Compact canonical JSON of the signed profile."""
    try:
        tree = json.loads(text.decode("utf-8"), object_pairs_hook=no_pair_twice)
        again = canonical(tree)
    except ValueError as error:
        raise Forged("form") from error
    need(again == text, "form: not canonical")
    return tree


def members(tree, *names):
    need(isinstance(tree, dict) and set(tree) == set(names), f"members: {names}")
    return [tree[name] for name in names]


# PROTOCOL.ledger section 1: how long a key is, what a SubjectPublicKeyInfo begins with, how long a
# signature may be, and what `openssl pkeyutl` is told. An Ed25519 key is raw: RFC 8410 before it.
SUITES = {
    "ed25519": (32, "302a300506032b6570032100", range(64, 65), []),
    "p256-sha256": (91, "3059301306072a8648ce3d020106082a8648ce3d03010703420004", range(8, 73),
                    ["-digest", "sha256"]),
    "sm2-sm3": (91, "3059301306072a8648ce3d020106082a811ccf5501822d03420004", range(8, 73),
                ["-digest", "sm3", "-pkeyopt", "distid:1234567812345678"]),
    "gost12-256": (104, "3066301f06082a85030701010101301306072a85030202230106082a85030701010202"
                   "0343000440", range(64, 65), ["-engine", "gost", "-digest", "md_gost12_256"]),
    "gost12-512": (173, "3081aa302106082a85030701010102301506092a850307010201020106082a850307010102"
                   "03038184000481" "80", range(128, 129),
                   ["-engine", "gost", "-digest", "md_gost12_512"]),
}


def can_check(suite, cache={}):
    """Has this machine's openssl the engine that the suite needs?"""
    if suite.startswith("gost") and suite not in cache:
        engine = subprocess.run(["openssl", "engine", "gost"], capture_output=True, check=False)
        cache[suite] = engine.returncode == 0 and b"gost" in engine.stdout
    return cache.get(suite, True)


def openssl_verify(suite, key, message, signature, folder):
    _, prefix, _, options = SUITES[suite]
    prefix = bytes.fromhex(prefix)
    spki = prefix + key if suite == "ed25519" else key
    need(spki.startswith(prefix), f"{suite}: a key of another type or group")
    paths = [folder / name for name in ("key", "message", "signature")]
    for path, data in zip(paths, (spki, message, signature)):
        path.write_bytes(data)
    return subprocess.run(["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER",
                           *options, "-inkey", paths[0], "-in", paths[1], "-sigfile", paths[2]],
                          capture_output=True, check=False).returncode == 0


# --- RFC 6962: proofs are checked by building both roots from the hashes, as in section 2.1.1 ---

def node(left, right):
    return sha(b"\x01", left, right)


def split(n):
    """The largest power of two below n."""
    return 1 << (n - 1).bit_length() - 1


def root_by_path(leaf, index, size, path):
    need(index < size, "index outside the log")
    if size == 1:
        need(not path, "proof too long")
        return leaf
    need(path, "proof too short")
    k = split(size)
    if index < k:
        return node(root_by_path(leaf, index, k, path[:-1]), path[-1])
    return node(path[-1], root_by_path(leaf, index - k, size - k, path[:-1]))


def roots_by_path(old, size, path, old_root, whole=True):
    """(root of the first `old`, root of all `size`) as the consistency proof has them."""
    if old == size:
        if whole:
            need(not path, "proof too long")
            return old_root, old_root
        need(len(path) == 1, "proof length")
        return path[0], path[0]
    need(path, "proof too short")
    k = split(size)
    if old <= k:
        left, all_left = roots_by_path(old, k, path[:-1], old_root, whole)
        return left, node(all_left, path[-1])
    right, all_right = roots_by_path(old - k, size - k, path[:-1], old_root, False)
    return node(path[-1], right), node(path[-1], all_right)


class Checker:
    def __init__(self, text, folder):
        self.folder = pathlib.Path(folder)
        tree = read_canonical(text)
        need(isinstance(tree, dict), "form")
        if tree.get("v") != 1 or tree.get("kind") != "parley-case":
            raise CannotTell("version")
        _, _, self.case, agreements, self.logs = members(tree, "v", "kind", "case", "agreements",
                                                         "logs")
        need(len(self.logs) == 2 and agreements, "form")
        self.agreements = [self.agreement(*members(a, "agreement", "signatures"))
                           for a in agreements]
        self.cosigned_all = True
        self.aside = {}  # leaf: why it counts for nothing

    def signed(self, suite, key, message, signature, what):
        if not can_check(suite):
            raise CannotTell(f"{what}: this machine cannot check {suite}")
        need(len(signature) in SUITES[suite][2] and
             openssl_verify(suite, key, message, signature, self.folder), f"{what}: {suite}")

    def domain(self, purpose, suite, key, agreement, data):
        key_id = sha(f"parley-key/v1\n{suite}\n".encode(), key)[:16].hex()
        return f"parley/v1\n{purpose}\n{suite}\n{key_id}\n{agreement}\n".encode() + data

    @staticmethod
    def key(suite, text):
        return unbase64(text, SUITES[suite][0])

    def agreement(self, text, signatures):
        tree = read_canonical(text.encode())
        suites = tree["suites"]
        if tree.get("v") != 1 or not suites or not set(suites) <= set(SUITES):
            raise CannotTell("suite")
        signed = json.loads(signatures, object_pairs_hook=no_pair_twice)
        need(json.dumps(signed, sort_keys=True, indent=1, ensure_ascii=False) + "\n" == signatures,
             "form of the signatures")
        digest, rows, version = members(signed, "agreement", "signatures", "v")
        if version != 1:
            raise CannotTell("version of the signatures")
        need(unbase64(digest, 32) == sha(text.encode()), "agreement: digest")
        need([(row["party"], row["suite"]) for row in rows] ==
             sorted((p["id"], s) for p in tree["parties"] for s in suites), "agreement: who signed")
        for p in tree["parties"]:
            need([r["suite"] for r in p["roots"]] == suites, "agreement: root keys")
        roots = {p["id"]: {r["suite"]: self.key(r["suite"], r["key"]) for r in p["roots"]}
                 for p in tree["parties"]}
        for party, signature, suite in (members(r, "party", "signature", "suite") for r in rows):
            key = roots[party][suite]
            message = self.domain("agreement", suite, key, tree["id"], text.encode())
            self.signed(suite, key, message, unbase64(signature), "agreement: signature")
        return {"tree": tree, "digest": digest, "roots": roots}

    ENTRY = re.compile(
        r"parley-entry/v1\nagreement (?P<agreement>\S+ \S+ \S+)\nfrom (?P<author>\S+)\n"
        r"kind (?P<kind>[A-Z]+)\nclass (?P<cls>REAL|EXERCISE|TEST)\ncase (?P<case>\S+)\n"
        r"number (?P<number>\d+)\nprevious (?P<previous>\S+)\nanswers (?P<answers>\S+)\n"
        r"time (?P<time>\S+)\nseen (?P<seen>\d+ \S+)\n"
        r"document (?P<root>\S+) (?P<leaves>\d+)\ndisclosed (?P<sha>\S+) (?P<length>\d+)\n"
        r"permit (?P<permit>\S+)\n")

    def entry(self, text, party):
        if re.match(r"parley-entry/v(?!1\n)", text):
            raise CannotTell("version of an entry")
        match = self.ENTRY.fullmatch(text)
        need(match, "entry: form")
        e = match.groupdict()
        need(e["author"] == party, "entry: from")
        for a in self.agreements:
            if e["agreement"] == f"{a['tree']['id']} {a['tree']['version']} {a['digest']}":
                e["of"] = a
        return e

    # A document's commitments: PROTOCOL.ledger section 4.

    def leaf(self, path, salt, value):
        value = canonical(value)
        return sha(b"\x10", unbase64(salt, 16), struct.pack(">H", len(path)), path.encode(),
                   struct.pack(">I", len(value)), value)

    def document(self, text, e):
        raw = text.encode()
        need(len(raw) == int(e["length"]) and sha(raw) == unbase64(e["sha"]), "documents: digest")
        tree = read_canonical(raw)
        hashes, fields, withheld = [], {}, {}
        for item in tree["leaves"]:
            if "v" in item:
                path, salt, value = members(item, "p", "s", "v")
                hashes.append(self.leaf(path, salt, value))
                fields[path] = value
            elif "p" in item:
                path, h, _ = members(item, "p", "h", "r")
                hashes.append(unbase64(h, 32))
                withheld[path] = hashes[-1]
            else:
                hashes.append(unbase64(members(item, "h")[0], 32))
        need(len(hashes) == int(e["leaves"]), "documents: leaves")
        while len(hashes) > 1:
            hashes = [sha(b"\x11", *hashes[i:i + 2]) for i in range(0, len(hashes), 2)]
        need(hashes[0] == unbase64(e["root"]), "documents: root")
        return {"fields": fields, "withheld": withheld, "signatures": tree.get("signatures", [])}

    def rooted(self, item, party, kind):
        """A root-signed entry: what it says and its document."""
        e = self.entry(item["entry"], party)
        need(e["kind"] == kind and "of" in e, "genesis: kind")
        d = self.document(item["document"], e)
        roots = e["of"]["roots"][party]
        by = {s["suite"]: s for s in d["signatures"]}
        need(len(by) == len(d["signatures"]) and set(by) == set(roots), "genesis: who signed")
        name = e["of"]["tree"]["id"]
        for suite, root in roots.items():
            need(unbase64(by[suite]["key"]) == root, "genesis: who signed")
            self.signed(suite, root, self.domain("root", suite, root, name, unbase64(e["root"])),
                        unbase64(by[suite]["signature"]), "genesis: signature")
        need(f"{party}/parley/{name}" == d["fields"]["origin"], "genesis: origin")
        keys = {role: {suite: self.key(suite, d["fields"][f"key.{role}.{suite}"])
                       for suite in roots} for role in ("log", "cosign", "hello")}
        need(len({k for role in keys.values() for k in role.values()}) == 3 * len(roots),
             "genesis: a key in two roles")
        return e, d["fields"], keys

    def genesis(self, log, party):
        """The log's name, and its keys in the order of time: (index, seen, keys)."""
        first = log["entries"][0]
        need(first["index"] == 0, "genesis: index")
        _, fields, keys = self.rooted(first, party, "GENESIS")
        need(log["origin"] == fields["origin"], "genesis: origin")
        times = [(0, 0, keys)]
        for item in log.get("keys", []):  # PROTOCOL.ledger section 11
            e, fields, keys = self.rooted(item, party, "KEYS")
            index, _, before = times[-1]
            need(item["index"] > index and fields["serial"] == len(times), "genesis: serial")
            need(fields["state"] in ("rotated", "revoked") and keys != before, "genesis: keys")
            old = {k for t in times for role in t[2].values() for k in role.values()}
            need(not any(k in old and before[role][suite] != k
                         for role in keys for suite, k in keys[role].items()),
                 "genesis: a key that was used before")
            times.append((item["index"], int(e["seen"].split()[0]), keys))
        return log["origin"], times

    # Heads: C2SP signed-note, tlog-checkpoint, tlog-cosignature.

    def note_line(self, lines, name, kind, suite, key):
        how = bytes([kind]) if suite == "ed25519" else b"\xffparley-" + suite.encode() + b"\n"
        key_id = sha(name.encode(), b"\n", how, key)[:4]
        found = [raw[4:] for n, raw in lines if n == name and raw[:4] == key_id]
        need(len(found) < 2, "heads: a line twice")
        return found[0] if found else None

    def cosigned_by(self, lines, cosigner, times, size):
        """The cosigner's keys for a head of this size, and the lines by keys that it has or had."""
        def has(keys):
            return any(self.note_line(lines, cosigner, 4, suite, key) is not None
                       for suite, key in keys["cosign"].items())
        i = len(times) - 1
        while i > 0 and size <= times[i][1] and not has(times[i][2]):
            i -= 1
        keys = times[i if has(times[i][2]) else -1][2]["cosign"]
        known = {(suite, key) for t in times for suite, key in t[2]["cosign"].items()}
        return keys, sum(self.note_line(lines, cosigner, 4, *k) is not None for k in known)

    def head(self, text, origin, log_times, cosigner, cosign_times):
        body, empty, below = text.rpartition("\n\n")
        need(empty and below.endswith("\n"), "heads: form")
        body += "\n"
        match = re.fullmatch(r"(\S+)\n(0|[1-9]\d*)\n(\S+)\n", body)
        need(match and match[1] == origin, "heads: form")
        lines = []
        for line in below[:-1].split("\n"):
            parts = re.fullmatch("\u2014 (\\S+) (\\S+)", line)
            need(parts, "heads: form of a line")
            lines.append((parts[1], unbase64(parts[2])))
        log_keys = [t[2] for t in log_times if t[0] == 0 or t[0] < int(match[2])][-1]["log"]
        cosign_keys, known = self.cosigned_by(lines, cosigner, cosign_times, int(match[2]))
        for suite, key in log_keys.items():
            author = self.note_line(lines, origin, 1, suite, key)
            need(author is not None, f"heads: not signed by {suite}")
            self.signed(suite, key, body.encode(), author, "heads: signature")
        others = {suite: self.note_line(lines, cosigner, 4, suite, key)
                  for suite, key in cosign_keys.items()}
        lines_known = len(log_keys) + known
        need(all(n in (origin, cosigner) for n, _ in lines) and len(lines) == lines_known,
             "heads: stray line")
        if None in others.values():
            missing = [suite for suite, line in others.items() if line is None]
            need(len(missing) == len(others), f"heads: not cosigned by {', '.join(missing)}")
            need(known == 0, "heads: cosigned by keys that were replaced")
            self.cosigned_all = False
            return int(match[2]), unbase64(match[3], 32), None
        times = {int.from_bytes(line[:8], "big") for line in others.values()}
        need(len(times) == 1, "heads: cosigned at two times")
        time = times.pop()
        for suite, key in cosign_keys.items():
            self.signed(suite, key, f"cosignature/v1\ntime {time}\n{body}".encode(),
                        others[suite][8:], "heads: cosignature")
        return int(match[2]), unbase64(match[3], 32), time

    def heads(self, log, origin, log_times, other, cosign_times):
        heads = [self.head(t, origin, log_times, f"{other}/cosign", cosign_times)
                 for t in log["heads"]]
        times = [t for _, _, t in heads if t is not None]
        need(times == sorted(times), "heads: times fall")
        need(len(log["growth"]) == len(heads) - 1, "form")
        return heads

    def growth(self, log, heads):
        for (old, old_root, _), (size, root, _), path in zip(heads, heads[1:], log["growth"]):
            need(old < size, "growth: sizes")
            got = roots_by_path(old, size, [unbase64(h, 32) for h in path], old_root)
            need(got == (old_root, root), "growth")

    def inclusion(self, log, heads, party):
        size, root, _ = heads[-1]
        for item in log.get("keys", []):
            index, text, _, path = members(item, "index", "entry", "document", "proof")
            need(root_by_path(sha(b"\x00", text.encode()), index, size,
                              [unbase64(h, 32) for h in path]) == root, "inclusion: keys")
        out, last = [], -1
        for item in log["entries"]:
            index, text, document, path = members(item, "index", "entry", "document", "proof")
            need(index > last, "inclusion: order")
            last = index
            leaf = sha(b"\x00", text.encode())
            need(root_by_path(leaf, index, size, [unbase64(h, 32) for h in path]) == root,
                 "inclusion")
            out.append({"leaf": leaf, "index": index, "text": document, **self.entry(text, party)})
        return out

    def chain(self, logs):
        """What a party can bring about by itself is no forgery: it is put aside, by name."""
        leaves = {e["leaf"]: e for log in logs for e in log}
        need(any(len(log) > 1 for log in logs), "chain: nothing was said")
        for log in logs:
            before = {"number": 0, "leaf": None}
            for e in log[1:]:
                need(e["case"] == self.case, "chain: case")
                previous = None if e["previous"] == "-" else unbase64(e["previous"])
                if "of" not in e:
                    self.aside[e["leaf"]] = "agreement"
                elif (int(e["number"]), previous) != (int(before["number"]) + 1, before["leaf"]):
                    self.aside[e["leaf"]] = "chain"
                elif e["answers"] != "-" and unbase64(e["answers"]) not in leaves:
                    self.aside[e["leaf"]] = "answers"
                elif e["kind"] == "CHECK" and e["answers"] != "-":
                    self.returned(e, leaves[unbase64(e["answers"])])
                before = e

    def returned(self, e, sent):
        """docs/STATEMENTS, nonce: "random; the return has the same"."""
        if e["document"] is None or sent["document"] is None:
            self.aside[e["leaf"]] = "no-nonce"
        elif e["document"]["fields"].get("nonce") != sent["document"]["fields"].get("nonce", ""):
            self.aside[e["leaf"]] = "nonce"

    def openings(self, logs):
        said = [e for log in logs for e in log[1:]]
        for text in (e["document"]["fields"].get("opening", "") for e in said if e["document"]):
            if text == "":
                continue
            need(isinstance(text, str), "openings: form")
            _, root, path, salt, value = members(read_canonical(text.encode()), "v", "document",
                                                 "path", "salt", "value")
            of = [e for e in said if e["root"] == root]
            if not of and {"chain", "agreement"} & set(self.aside.values()):
                raise CannotTell("openings: of what is not here")
            need(of, "openings: of what")
            if not any(e["document"] for e in of):
                raise CannotTell("openings: the document is not here")
            need(any(e["document"] and
                     e["document"]["withheld"].get(path) == self.leaf(path, salt, value)
                     for e in of), "openings")

    def all(self):
        parties = [p["id"] for p in self.agreements[0]["tree"]["parties"]]
        roles = [self.genesis(log, p) for log, p in zip(self.logs, parties)]
        heads = [self.heads(self.logs[i], roles[i][0], roles[i][1], roles[1 - i][0],
                            roles[1 - i][1]) for i in (0, 1)]
        for log, h in zip(self.logs, heads):
            self.growth(log, h)
        logs = [self.inclusion(self.logs[i], heads[i], parties[i]) for i in (0, 1)]
        for log in logs:
            for e in log:
                e["document"] = self.document(e["text"], e) if e["text"] else None
        self.chain(logs)
        self.set_aside = {(e["author"], e["index"], self.aside[e["leaf"]])
                          for log in logs for e in log if e["leaf"] in self.aside}
        self.openings(logs)
        if not self.cosigned_all:
            raise CannotTell("a head without cosignature")
        if {"chain", "agreement"} & set(self.aside.values()):
            raise CannotTell("something is missing here")


def verify(text, aside=None):
    """0, 5 or 6, and why; `aside` gets what counts for nothing: (party, index, why)."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            checker = Checker(text, folder)
            try:
                checker.all()
            finally:
                if aside is not None:
                    aside.update(getattr(checker, "set_aside", ()))
        except CannotTell as why:
            return 6, str(why)
        except (Forged, KeyError, TypeError, IndexError, AttributeError, ValueError) as why:
            return 5, repr(why)
    return 0, "verified"


# --- the same verdict as parley's ---------------------------------------------------------------

def parley_aside(path):
    """What parley puts aside, of that which is checked here too (classes and moves are not)."""
    out = subprocess.run([os.environ["PARLEY_BIN"], "verify", "--json", path], capture_output=True,
                         stdin=subprocess.DEVNULL, check=False, timeout=60).stdout
    return {(s["party"], s["index"], s["counts-not"]) for s in json.loads(out)["statements"]
            if s.get("counts-not", "class") not in ("class", "move")}


def parley(path):
    return subprocess.run([os.environ["PARLEY_BIN"], "verify", path], capture_output=True,
                          stdin=subprocess.DEVNULL, check=False, timeout=60).returncode


def flipped(text, dice):
    bit = dice.randrange(len(text) * 8)
    out = bytearray(text)
    out[bit // 8] ^= 1 << bit % 8
    return bytes(out), bit


def compare_file(path, expected):
    aside = set()
    ours, why = verify(path.read_bytes(), aside)
    theirs = parley(path)
    if ours != 5 and aside != parley_aside(path):
        print(f"{path.name}: parley puts aside {parley_aside(path)}, this check {aside}")
        return 1
    if ours == theirs and expected in (None, ours):
        return 0
    print(f"{path.name}: parley says {theirs}, this check {ours} ({why}), expected {expected}")
    return 1


def compare():
    """Bundles are called VERDICT-WHAT. A flipped bit is refused by both; what it means is not
    compared, as only one of the two reads the whole agreement."""
    seed = int(os.environ.get("PARLEY_SEED", os.getpid()))
    dice, bad = random.Random(seed), 0
    with tempfile.TemporaryDirectory() as folder:
        home = pathlib.Path(folder)
        subprocess.run([os.environ["MAKE_BUNDLES"], folder], check=True)
        files = sorted(home.iterdir())
        for path in files:
            bad += compare_file(path, int(path.name[0]))
        good = (home / "0-small").read_bytes()
        for _ in range(60):
            text, bit = flipped(good, dice)
            (home / "flipped").write_bytes(text)
            verdicts = verify(text)[0], parley(home / "flipped")
            if not set(verdicts) <= {5, 6}:
                print(f"bit {bit} of PARLEY_SEED={seed}: this check and parley say {verdicts}")
                bad += 1
    print(f"{len(files)} bundles and 60 flipped bits (PARLEY_SEED={seed}), {bad} differences")
    return 1 if bad or len(files) < 15 else 0


def main():
    if sys.argv[1:] == ["--compare"]:
        return compare()
    code, why = verify(pathlib.Path(sys.argv[1]).read_bytes())
    print(why)
    return code


if __name__ == "__main__":
    sys.exit(main())
