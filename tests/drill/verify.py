#!/usr/bin/env python3
"""parley verify, as an arbiter types it: files and exit codes (tests/drill/make_exhibits.c)."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

PARLEY = os.environ["PARLEY_BIN"]
MAKE = os.environ["MAKE_EXHIBITS"]
VERIFIED, FORGED, CANNOT_TELL, USAGE = 0, 5, 6, 2


class Verify(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.at = pathlib.Path(cls.folder.name)
        subprocess.run([MAKE, cls.at], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def verify(self, *files, keys=True):
        """Exit status, verdict, and {check: (state, found)}."""
        words = ["--keys", str(self.at / "bundle")] if keys else []
        done = subprocess.run([PARLEY, "verify", "--json", *words,
                               *(str(self.at / f) for f in files)], capture_output=True, text=True)
        said = json.loads(done.stdout) if done.stdout else {"verdict": "", "checks": []}
        return (done.returncode, said["verdict"],
                {c["name"]: (c["state"], c["found"]) for c in said["checks"]})

    def test_a_proof_with_its_entry(self):
        code, verdict, checks = self.verify("3.tlog-proof")
        self.assertEqual((code, verdict), (VERIFIED, "VERIFIED"))
        self.assertEqual(checks["inclusion"][0], "ok")
        self.assertEqual(checks["document"][0], "noted")
        self.assertEqual(self.verify("3.tlog-proof", keys=False)[0], CANNOT_TELL)

    def test_another_entry_beside_a_proof_is_forged(self):
        entry = self.at / "3.entry"
        kept = entry.read_bytes()
        entry.write_bytes(kept.replace(b"class REAL", b"class TEST"))
        try:
            code, _, checks = self.verify("3.tlog-proof")
        finally:
            entry.write_bytes(kept)
        self.assertEqual((code, checks["inclusion"][0]), (FORGED, "bad"))

    def test_two_proofs_of_one_place_convict(self):
        code, verdict, checks = self.verify("3.tlog-proof", "3-other.tlog-proof")
        self.assertEqual((code, verdict), (FORGED, "CONTRADICTION"))
        self.assertIn("an entry replaced", checks["place"][1])

    def test_two_heads(self):
        self.assertEqual(self.verify("5.note", "12.note")[0], CANNOT_TELL)
        self.assertEqual(self.verify("5.note", "5-12.growth")[0], VERIFIED)
        self.assertEqual(self.verify("5-other.note", "5-12.growth")[0], CANNOT_TELL)
        code, verdict, checks = self.verify("12.note", "12-other.note")
        self.assertEqual((code, verdict), (FORGED, "CONTRADICTION"))
        self.assertIn("split view", checks["history"][1])
        self.assertEqual(self.verify("12.note", "12-other.note", keys=False)[0], CANNOT_TELL)

    def test_a_log_in_its_directory_and_heads_of_it(self):
        self.assertEqual(self.verify("log")[:2], (VERIFIED, "VERIFIED"))
        self.assertEqual(self.verify("log", "5.note")[0], VERIFIED)
        code, verdict, checks = self.verify("log", "5-other.note")
        self.assertEqual((code, verdict), (FORGED, "CONTRADICTION"))
        self.assertIn("not an extension", checks["heads"][1])

    def test_a_flipped_bit_in_the_log_is_named_by_its_leaf(self):
        bundle = self.at / "log/tile/entries/000.p/12"
        kept = bundle.read_bytes()
        at = kept.rindex(b"kind EVIDENCE")
        bundle.write_bytes(kept[:at + 5] + bytes([kept[at + 5] ^ 1]) + kept[at + 6:])
        try:
            code, _, checks = self.verify("log")
        finally:
            bundle.write_bytes(kept)
        self.assertEqual(code, FORGED)
        self.assertIn("leaf 11", checks["entries"][1])

    def test_files_that_do_not_go_together(self):
        self.assertEqual(self.verify("3.tlog-proof", "5.note")[0], USAGE)
        self.assertEqual(self.verify("bundle", "5.note")[0], USAGE)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
