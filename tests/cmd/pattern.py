"""parley pattern, as a script has it: exit codes, columns, a line for each of a batch."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

PARLEY = os.environ["PARLEY_BIN"]
SEEN = {"type": "observed-data", "first_observed": "2020-01-01T00:00:00Z", "number_observed": 1,
        "last_observed": "2020-01-01T00:00:00Z",
        "objects": {"0": {"type": "x", "n": 1, "when": "soon"}}}
BUNDLE = {"type": "bundle", "objects": [
    {k: v for k, v in SEEN.items() if k != "objects"} | {"object_refs": ["x--1"]},
    {"type": "x", "id": "x--1", "n": 1}]}


def run(*args, given=""):
    return subprocess.run([PARLEY, "pattern", *args], input=given, capture_output=True, text=True,
                          timeout=60)


class Check(unittest.TestCase):
    def test_a_pattern_is_valid_from_the_command_line_and_from_input(self):
        for result in (run("check", "[x:n = 1]"), run("check", given="[x:n = 1]\n"),
                       run("check", "-", given="[x:n\n = 1]")):
            self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "valid\n", ""))

    def test_what_is_wrong_is_told_with_its_column_in_characters(self):
        result = run("check", "[x:n = '\u00e9' OR x:m]")
        self.assertEqual((result.returncode, result.stdout), (2, ""))
        self.assertIn("column 18: expected an operator", result.stderr)

    def test_a_day_that_is_none_is_good_grammar_and_gets_a_note(self):
        result = run("check", "[x:t = t'2023-02-29T00:00:00Z']")
        self.assertEqual((result.returncode, result.stdout), (0, "valid\n"))
        self.assertIn("column 8", result.stderr)
        self.assertEqual(run("match", "[x:t = t'2023-02-29T00:00:00Z']", "-",
                             given=json.dumps([SEEN])).returncode, 2)


class Match(unittest.TestCase):
    def ask(self, pattern, data, *flags):
        with tempfile.TemporaryDirectory() as place:
            path = pathlib.Path(place) / "observed.json"
            path.write_text(data if isinstance(data, str) else json.dumps(data))
            return run("match", *flags, pattern, str(path))

    def test_each_answer_has_its_exit_code(self):
        for pattern, data, code, out in (
                ("[x:n = 1]", [SEEN], 0, "match\n"), ("[x:n = 2]", [SEEN], 1, "no match\n"),
                ("[x:n = 1]", SEEN, 0, "match\n"), ("[x:n = 1]", [BUNDLE], 0, "match\n"),
                ("[x:n = 1] AND [x:n = 1]", [BUNDLE, SEEN], 0, "match\n"),
                ("[x:n = ]", [SEEN], 2, ""), ("[x:when = t'2020-01-01T00:00:00Z']", [SEEN], 4, ""),
                ("[x:n = 1]", "[5]", 6, ""), ("[x:n = 1]", "{", 6, ""), ("[x:n = 1]", [{}], 6, "")):
            with self.subTest(pattern=pattern, data=data):
                result = self.ask(pattern, data)
                self.assertEqual((result.returncode, result.stdout), (code, out))
                self.assertEqual(bool(result.stderr), code > 1)

    def test_a_forbidden_comparison_is_told_with_its_column(self):
        result = self.ask("[x:n = '\u00e9' OR x:when = t'2020-01-01T00:00:00Z']", [SEEN])
        self.assertIn("column 15: the standard forbids", result.stderr)

    def test_stix_20_data_take_a_pattern_of_20(self):
        text = "[x:n = 1] START '2020-01-01T00:00:00Z' STOP '2020-01-02T00:00:00Z'"
        self.assertEqual(self.ask(text, [SEEN]).returncode, 0)
        self.assertEqual(self.ask(text, [BUNDLE]).returncode, 2)

    def test_json_and_files_that_are_not_there(self):
        self.assertEqual(json.loads(self.ask("[x:n = 1]", [SEEN], "--json").stdout),
                         {"v": 1, "match": True})
        self.assertEqual(run("match", "[x:n = 1]", "/nonexistent").returncode, 8)
        self.assertEqual(run("match", "[x:n = 1]").returncode, 2)

    def test_a_batch_answers_a_line_each_and_goes_on_behind_what_is_wrong(self):
        asked = [("[x:n = 1]", [SEEN]), ("[x:n = 2]", [SEEN]), ("[x:n", [SEEN]),
                 ("[x:when > t'2020-01-01T00:00:00Z']", [SEEN]), ("[x:n = 1]", [BUNDLE])]
        lines = [json.dumps({"pattern": p, "observed_data": o}) for p, o in asked] + ["no json", "{}"]
        result = run("match", "--batch", given="\n".join(lines))
        self.assertEqual(result.returncode, 0)
        self.assertEqual([" ".join(line.split()[:2]) for line in result.stdout.splitlines()],
                         ["match", "no match", "error 2", "error 4", "match", "error 6", "error 6"])


if __name__ == "__main__":
    unittest.main()
