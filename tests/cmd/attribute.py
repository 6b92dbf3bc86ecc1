"""`parley attribute`: the address's territory by each test, as of a time, against a slow answer."""
import hashlib
import ipaddress
import json
import os
import pathlib
import random
import subprocess
import tempfile
import unittest

PARLEY = os.environ["PARLEY_BIN"]
SOURCE = pathlib.Path(os.environ["PARLEY_SOURCE"])
OLD = ["AA\t198.18.0.0/15", "BB\t198.18.64.0/18", "AA\t2001:db8:1000::/36",
       "BB\t2001:db8:1400::/40", "CC\t198.18.65.0/24", "AA\t203.0.113.0/25"]
NEW = ["BB\t198.18.0.0/15", "AA\t198.18.64.0/18", "BB\t2001:db8:1000::/36",
       "AA\t100.0.0.0/24", "BB\t100.0.0.0/24", "BB\t192.0.2.128/25"]
NUMBERS = ["64500\t198.18.128.0/17", "64501\t198.19.0.0/16", "64999\t198.18.0.0/20",
           "64501\t192.0.2.64/26"]
SPANS = {"old.tsv": ("2019-01-01T00:00:00Z", "2022-01-01T00:00:00Z", OLD),
         "both.tsv": ("2021-06-01T00:00:00Z", "2022-01-01T00:00:00Z", ["BB\t198.19.255.0/24"]),
         "new.tsv": ("2022-01-01T00:00:00Z", None, NEW)}
CODE = {"cert-a": "AA", "cert-b": "BB"}
RANK = {"high": "moderate", "moderate": "low"}


def longest(lines, address):
    """The words of the longest prefix that has the address."""
    best, words = -1, set()
    for word, text in lines:
        net = ipaddress.ip_network(text)
        if net.version == address.version and address in net:
            if net.prefixlen > best:
                best, words = net.prefixlen, set()
            if net.prefixlen == best:
                words.add(word)
    return words


def slow(pact, address, at, with_numbers):
    """(party, ground, disputed), from PROTOCOL.agreement section 2 and nothing else."""
    tests, declared, says_no = {}, [], set()
    for party in pact["parties"]:
        declared += [(party["id"], p) for p in party["territory"]["prefixes"]]
    tests["prefix"] = longest(declared, address)
    number = longest([line.split("\t") for line in NUMBERS], address) if with_numbers else set()
    tests["as"] = {p["id"] for p in pact["parties"]
                   if number and int(next(iter(number))) in p["territory"]["as"]}
    tests["table"] = set()
    for begin, end, lines in SPANS.values():
        if not (begin <= at and (end is None or at < end)):
            continue
        codes = longest([line.split("\t") for line in lines], address)
        for party, code in CODE.items():
            if codes == {code}:
                tests["table"].add(party)
            elif codes:
                says_no.add(party)
    for ground in ("prefix", "as", "table"):
        if len(tests[ground]) == 2:
            return None, "contested", False
        if tests[ground]:
            party = next(iter(tests[ground]))
            against = any(owners - {party} for owners in tests.values())
            foreign = bool(number) and party not in tests["as"]
            return party, ground, against or foreign or party in says_no
    return None, "none", False


class Attribute(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="parley-attribute-")
        self.addCleanup(self.folder.cleanup)
        home = pathlib.Path(self.folder.name)
        self.pact = json.loads((SOURCE / "share" / "pact-2015.agreement.json").read_text())
        tables = []
        for name, (begin, end, lines) in SPANS.items():
            data = ("\n".join(lines) + "\n").encode()
            (home / name).write_bytes(data)
            table = {"file": name, "sha256": hashlib.sha256(data).hexdigest(),
                     "valid-from": begin, **({"valid-until": end} if end else {})}
            tables.append(table)
        for party in self.pact["parties"]:
            party["territory"]["tables"] = [dict(t, code=CODE[party["id"]]) for t in tables]
        self.path = home / "pact.agreement.json"
        self.path.write_text(json.dumps(self.pact, sort_keys=True, indent=1, ensure_ascii=False)
                             + "\n")
        self.numbers = home / "as.tsv"
        self.numbers.write_text("\n".join(NUMBERS) + "\n")

    def ask(self, *words):
        env = {k: v for k, v in os.environ.items() if not k.startswith("PARLEY_")}
        return subprocess.run([PARLEY, "attribute", "--agreement", str(self.path), *words],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, env=env,
                              timeout=60)

    def rows(self, *words):
        done = self.ask("--json", *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def addresses(self):
        """The edges of every prefix that anybody names, one beyond each, and some by chance."""
        nets = [line.split("\t")[1] for lines in (OLD, NEW, NUMBERS) for line in lines]
        nets += [p for party in self.pact["parties"] for p in party["territory"]["prefixes"]]
        out, chance = set(), random.Random(11)
        for net in map(ipaddress.ip_network, nets):
            first, last = net[0], net[-1]
            out |= {first, last, first - 1, last + 1,
                    first + chance.randrange(int(last) - int(first) + 1)}
        return sorted(out, key=lambda a: (a.version, a))

    def test_every_answer_is_the_slow_one_before_and_after_a_tables_dates(self):
        grounds = set()
        for at in ("2018-12-31T23:59:59Z", "2019-01-01T00:00:00Z", "2021-12-31T23:59:59Z",
                   "2022-01-01T00:00:00Z", "2026-01-01T00:00:00Z"):
            for more in ([], ["--as-table", str(self.numbers)]):
                asked = self.addresses()
                rows = self.rows("--at", at, *more, *map(str, asked))
                self.assertEqual(len(rows), len(asked))
                for address, row in zip(asked, rows):
                    want = slow(self.pact, address, at, bool(more))
                    self.assertEqual((row["party"], row["ground"], row["disputed"]), want,
                                     (address, at, more))
                    self.assertEqual((ipaddress.ip_address(row["address"]), row["at"][:19]),
                                     (address, at[:19]))
                    grounds.add((row["ground"], row["disputed"]))
        self.assertEqual(grounds, {("none", False), ("prefix", False), ("prefix", True),
                                   ("as", False), ("as", True), ("table", False),
                                   ("table", True), ("contested", False)})

    def test_a_table_speaks_from_its_first_moment_and_not_at_its_last(self):
        def owner(at):
            return self.rows("--at", at, "198.18.0.1")[0]["party"]

        self.assertEqual([owner("2018-12-31T23:59:59Z"), owner("2019-01-01T00:00:00Z"),
                          owner("2021-12-31T23:59:59Z"), owner("2022-01-01T00:00:00Z")],
                         [None, "cert-a", "cert-a", "cert-b"])

    def test_what_disputes_an_answer_costs_a_step_of_confidence_and_is_shown(self):
        plain, = self.rows("--at", "2020-01-01T00:00:00Z", "192.0.2.200")
        against, = self.rows("--at", "2023-01-01T00:00:00Z", "192.0.2.200")
        self.assertEqual((plain["party"], plain["disputed"], plain["confidence"]),
                         ("cert-a", False, "high"))
        self.assertEqual((against["party"], against["disputed"], against["confidence"]),
                         ("cert-a", True, RANK["high"]))
        others = [t for t in against["tests"] if t["party"] == "cert-b"]
        self.assertEqual([t["test"] for t in others], ["table"])
        self.assertIn("192.0.2.128/25", others[0]["what"])

    def test_a_prefix_under_two_codes_belongs_to_nobody(self):
        row, = self.rows("--at", "2023-01-01T00:00:00Z", "100.0.0.7")
        self.assertEqual((row["party"], row["confidence"]), (None, "none"))
        self.assertTrue(any("two codes" in t["what"] for t in row["tests"]))

    def test_an_address_that_is_nowhere_gives_no_confidence(self):
        row, = self.rows("10.0.0.1")
        self.assertEqual((row["nowhere"], row["confidence"], row["party"]), (True, "none", None))

    def test_the_text_says_the_same_and_that_territory_is_not_authorship(self):
        done = self.ask("--at", "2023-01-01T00:00:00Z", "192.0.2.200")
        self.assertEqual(done.returncode, 0)
        self.assertIn("192.0.2.200  cert-a by prefix, disputed, confidence at most moderate, "
                      "at 2023-01-01T00:00:00", done.stdout)
        self.assertIn("new.tsv", done.stdout)
        self.assertIn("that is not who did it", done.stdout + done.stderr)

    def test_what_cannot_be_asked_is_said(self):
        for words, said in ((["192.0.2.300"], "192.0.2.300"), (["--at", "noon", "192.0.2.1"], "noon"),
                            (["192.0.2.0/24"], "192.0.2.0/24")):
            done = self.ask(*words)
            self.assertEqual(done.returncode, 2, words)
            self.assertIn(said, done.stderr)

    def test_a_table_that_is_not_the_signed_one_is_refused(self):
        path = pathlib.Path(self.folder.name) / "old.tsv"
        path.write_text(path.read_text() + "BB\t192.88.99.0/24\n")
        done = self.ask("192.0.2.1")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("SHA-256", done.stderr)


if __name__ == "__main__":
    unittest.main()
