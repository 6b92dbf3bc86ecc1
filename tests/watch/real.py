#!/usr/bin/env python3
"""The real captures: `parley watch replay` finds what the slow reference finds, line for line.

  real.py PARLEY SOURCE REAL-DATA        without REAL-DATA it runs on the generated sample
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

SENSOR = "167.172.104.173"
FILES = {"1": 4972, "2": 17272, "8": 80050, "17": 81333, "25": 40127}
FIELDS = ("article", "from", "source", "service", "targets", "first", "last", "opened", "events")


def agreement(source, folder, change):
    value = json.loads((source / "share" / "pact-2015.agreement.json").read_text())
    change(value)
    path = folder / "pact.agreement.json"
    path.write_text(json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False) + "\n")
    return path


def real_files(source, real, folder):
    table = real / "territory" / "rir-country-2022-02.tsv.zst"
    shutil.copy(table, folder / table.name)
    digest = subprocess.run(["sha256sum", table], stdout=subprocess.PIPE, text=True,
                            check=True).stdout.split()[0]

    def change(value):
        a, b = (party["territory"] for party in value["parties"])
        a.update(prefixes=[SENSOR + "/32"], tables=[])
        b.update(prefixes=[], tables=[{"file": table.name, "sha256": digest, "code": "RU",
                                       "valid-from": "2019-01-01T00:00:00Z"}])
        value["parties"][0]["territory"]["as"] = []
        value["parties"][1]["territory"]["as"] = []

    return agreement(source, folder, change), [
        str(real / "eve" / f"tpot-2020-{n}.eve.json.zst") for n in FILES]


def sample_files(source, folder):
    path = folder / "sample.eve.json"
    with path.open("w") as out:
        subprocess.run([sys.executable, source / "share" / "make-sample"], stdout=out, check=True)
    return agreement(source, folder, lambda value: None), [str(path)]


def run(command):
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if result.returncode != 0:
        sys.exit(f"FAIL {' '.join(map(str, command))}: exit {result.returncode}")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    return rows[:-1], rows[-1]


def main(parley, source, real):
    source = pathlib.Path(source)
    with tempfile.TemporaryDirectory(prefix="parley-watch-") as temporary:
        folder = pathlib.Path(temporary)
        if real:
            pact, files = real_files(source, pathlib.Path(real), folder)
        else:
            print("no real captures given: the generated sample instead")
            pact, files = sample_files(source, folder)
        ours, totals = run([parley, "watch", "replay", "--json", "--agreement", pact, "--as",
                            "cert-a", *files])
        again, _ = run([parley, "watch", "replay", "--json", "--agreement", pact, "--as",
                        "cert-a", *files[::-1][::-1]])
        expected, plain = run([sys.executable, source / "tests" / "watch" / "reference.py", pact,
                               "cert-a", *files])
        if real:
            assert plain["per_file"] == list(FILES.values()), plain["per_file"]
            for path, count in zip(files, FILES.values()):
                _, one = run([parley, "watch", "replay", "--json", "--agreement", pact, "--as",
                              "cert-a", path])
                assert one["events"] == count, (path, one["events"], count)
            assert not [row for row in ours if row["source"] == SENSOR], "the victim was accused"
            assert all(row["targets"] == [SENSOR] for row in ours)
        got = [{k: row[k] for k in FIELDS} for row in ours]
        assert got == expected, differences(got, expected)
        assert ours == again, "the same input gave other bytes"
        for name in ("events", "matched", "twice", "incidents", "damaged_lines"):
            assert totals[name] == plain[name], (name, totals[name], plain[name])
        assert totals["incidents"] == len(ours) > 0
    print(f"{len(ours)} incidents of {totals['matched']} matched in {totals['events']} events: "
          "equal to the reference, line for line")


def differences(got, expected):
    lines = [f"only ours: {row}" for row in got if row not in expected]
    lines += [f"only reference: {row}" for row in expected if row not in got]
    return "\n".join(lines[:10]) or "another order"


if __name__ == "__main__":
    main(*(sys.argv[1:] + [""])[:3])
