#!/usr/bin/env python3
"""What ./check runs, once its packages are there: every test of Parley.

Builds three ways (gcc with sanitizers, clang, release),
runs all tests, fuzzes each parser a little, and ends with "N passed, N failed, N skipped".
Writes in build-check/ only. Exit 0 only if nothing failed.

  ./check [--real-data DIR] [--quick]

--real-data  folder of real sensor captures (eve/, territory/); without it those tests are skipped
--quick      no fuzzing, no crash runs: for the edit loop, never for landing
"""
import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import time
import xml.etree.ElementTree as xml

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build-check"
FUZZ_SECONDS = 4


class Tally:
    def __init__(self):
        self.passed, self.failed, self.skipped = 0, 0, 0

    def step(self, name, command, **options):
        """Runs one command as one test; its output goes to a log that is named if it fails."""
        return self.told(name, command, *ran(name, command, **options))

    def told(self, name, command, code, took, log):
        """Counts and says what became of a command that has run."""
        if code == 77:
            self.skipped += 1
            lines = log.read_text(errors="replace").strip().splitlines()
            print(f"skip  {name}: {lines[-1] if lines else ''}")
        elif code == 0:
            self.passed += 1
            print(f"ok    {name} ({took})")
        else:
            self.failed += 1
            print(f"FAIL  {name} (exit {code}, {took}): {' '.join(map(str, command))}")
            print("      " + "\n      ".join(tail(log)))
            print(f"      log: {log}")
        sys.stdout.flush()
        return code == 0

    def meson(self, name, build, suites=(), env=None):
        """Runs a build's tests and counts every case in them."""
        command = ["meson", "test", "-C", str(build), "--print-errorlogs"]
        for suite in suites:
            command += ["--suite", suite]
        log = BUILD / "log" / f"test-{name}.log"
        begin = time.monotonic()
        with log.open("w") as out:
            code = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, cwd=ROOT,
                                  env=env).returncode
        passed = failed = skipped = 0
        report = build / "meson-logs" / "testlog.junit.xml"
        if report.exists():
            for case in xml.parse(report).iter("testcase"):
                if case.find("failure") is not None or case.find("error") is not None:
                    failed += 1
                elif case.find("skipped") is not None:
                    skipped += 1
                else:
                    passed += 1
        if failed == 0 and (code != 0 or passed + skipped == 0):
            failed = 1  # a suite that ran nothing has shown nothing
        self.passed += passed
        self.failed += failed
        self.skipped += skipped
        word = "FAIL" if failed else "ok  "
        print(f"{word}  tests, {name}: {passed} passed, {failed} failed, {skipped} skipped "
              f"({time.monotonic() - begin:.0f} s)")
        if failed:
            print("      " + "\n      ".join(tail(log, 60)))
            print(f"      log: {log}")
        sys.stdout.flush()


def ran(name, command, **options):
    """Runs one command; returns its exit code, its time in words, and its log."""
    log = BUILD / "log" / (name.replace(" ", "-").replace("/", "-") + ".log")
    begin = time.monotonic()
    with log.open("w") as out:
        code = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, cwd=ROOT,
                              **options).returncode
    return code, f"{time.monotonic() - begin:.0f} s", log


def tail(path, lines=25):
    return path.read_text(errors="replace").strip().splitlines()[-lines:]


def sources():
    return sorted(str(p.relative_to(ROOT)) for folder in ("src", "tests")
                  for p in (ROOT / folder).rglob("*.[ch]"))


def build(tally, name, options, cc="gcc", targets=()):
    """Sets a build up and compiles `targets`, else all; what tests need beside, meson makes."""
    folder = BUILD / name
    env = dict(os.environ, CC=cc)
    setup = ["meson", "setup", str(folder)] + (["--wipe"] if folder.exists() else [])
    good = tally.step(f"set up {name}", setup + options, env=env)
    make = ["ninja", "-C", str(folder), *targets]
    return folder if good and tally.step(f"compile {name}", make) else None


def fuzz_command(binary):
    name = binary.name[len("fuzz-"):]
    corpus = ROOT / "tests" / "corpus" / name
    work = BUILD / "fuzz" / name
    work.mkdir(parents=True, exist_ok=True)
    folders = [str(work)] + ([str(corpus)] if corpus.is_dir() else [])
    return [str(binary), f"-max_total_time={FUZZ_SECONDS}", "-rss_limit_mb=2048",
            "-timeout=10", f"-artifact_prefix={work}/", *folders]


def fuzz(tally, folder):
    """Every fuzzer for a few seconds, as many side by side as there are processors."""
    binaries = [b for b in sorted((folder / "tests" / "fuzz").glob("fuzz-*")) if not b.is_dir()]
    runs = [(b.name.replace("-", " ", 1), fuzz_command(b)) for b in binaries]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as side_by_side:
        for (name, command), result in zip(runs, side_by_side.map(lambda run: ran(*run), runs)):
            tally.told(name, command, *result)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--real-data", default=os.environ.get("PARLEY_REAL_DATA", ""))
    parser.add_argument("--quick", action="store_true")
    args = parser.parse_args()
    (BUILD / "log").mkdir(parents=True, exist_ok=True)
    real = str(pathlib.Path(args.real_data).resolve()) if args.real_data else ""
    if not real:
        print("note  real captures: none given (--real-data DIR); the public set is 0xsha/"
              "sweetie-data (T-Pot 2020) and ipverse/rir-ip; tests that need them are skipped")
    tally = Tally()
    tally.step("format", ["clang-format-14", "--dry-run", "--Werror", *sources()])
    tally.step("floors", [sys.executable, "tests/floors.py", "."])
    option = [f"-Dreal-data={real}"]
    asan = build(tally, "asan", ["-Db_sanitize=address,undefined", *option])
    if asan:
        tally.meson("gcc with sanitizers", asan)
    release = build(tally, "release", ["--buildtype=release", "-Db_ndebug=false", *option],
                    targets=["src/parley"])
    if release:
        tally.meson("release under the exact sandbox", release, suites=["story", "outside"])
        print(f"note  evidence of the 39 interoperability rows: {release}/interoperability.txt")
        tally.step("the demo tells its story, and README shows it",
                   [sys.executable, "tests/readme.py"])
    build(tally, "clang", option, cc="clang-14")
    if not args.quick:
        fuzzers = build(tally, "fuzz", ["-Dfuzz=true", "-Db_sanitize=address,undefined",
                                        "-Db_lundef=false"], cc="clang-14",
                        targets=["fuzzers"])
        if fuzzers:
            fuzz(tally, fuzzers)
    print(f"{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
