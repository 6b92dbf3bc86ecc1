#!/usr/bin/env python3
"""What ./bench runs, once its packages are there and the release is built.

Each topic is a file of tools/bench/ (README.md there has its shape); without a name all of them
run. Writes in build-bench/ and /dev/shm, and removes what it wrote but the build.
"""
import argparse
import datetime
import importlib
import os
import pathlib
import platform
import re
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from frame import ROOT, Bench  # noqa: E402

FIGURES = ROOT / "docs" / "performance.md"


def topics():
    return sorted(p.stem for p in HERE.glob("*.py") if p.stem not in ("run", "frame"))


def machine():
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    load = os.getloadavg()[0]
    return (f"{os.cpu_count()} cores ({model.group(1) if model else platform.machine()}), "
            f"{pages / 2**30:.0f} GiB, Linux {platform.release()}, load {load:.1f} at the start")


def measure(name, bench):
    topic = importlib.import_module(name)
    print(f"== {name}: {(topic.__doc__ or '').strip().splitlines()[0]}\n", flush=True)
    tables, shown = [], None
    for table in topic.run(bench):
        if shown is not None:  # its notes are known once the next one is asked for
            print(shown.text(), flush=True)
        tables.append(table)
        shown = table
    if shown is not None:
        print(shown.text(), flush=True)
    bench.found[name] = True
    return tables


def write(name, tables, command, on):
    begin, end = f"<!-- bench:{name} -->", f"<!-- /bench:{name} -->"
    day = datetime.date.today().isoformat()
    inside = "\n".join(table.markdown() for table in tables)
    block = f"{begin}\n{day}, `{command}`, {on}\n\n{inside}{end}"
    text = FIGURES.read_text()
    if begin in text and end in text:
        text = text[:text.index(begin)] + block + text[text.index(end) + len(end):]
    else:
        text = text.rstrip() + f"\n\n## {name}\n\n{block}\n"
    FIGURES.write_text(text)


def main():
    parser = argparse.ArgumentParser(prog="./bench", description=__doc__.split("\n")[0])
    parser.add_argument("topics", nargs="*", metavar="TOPIC", help=", ".join(topics()))
    parser.add_argument("--real-data", default=os.environ.get("PARLEY_REAL_DATA", ""),
                        help="folder of real captures (eve/, territory/); else the sample")
    parser.add_argument("--times", type=int, default=3, help="runs a figure, the best counts")
    parser.add_argument("--favour", action="store_true",
                        help="run ours and the peers before all neighbours (SCHED_FIFO; root): "
                             "near to what a quiet machine would show")
    parser.add_argument("--write", action="store_true",
                        help="rewrite the tables of docs/performance.md")
    parser.add_argument("--build", default=str(ROOT / "build-bench" / "release"),
                        help=argparse.SUPPRESS)
    args = parser.parse_args()
    unknown = [t for t in args.topics if t not in topics()]
    if unknown:
        parser.error(f"no topic {unknown[0]}: there are {', '.join(topics())}")
    command = "./bench" + "".join(f" {t}" for t in args.topics)
    command += " --real-data DIR" if args.real_data else ""
    on = machine()
    if args.favour:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))  # and all that we start
        command += " --favour"
    print(f"{on}\n")
    (ROOT / "build-bench").mkdir(exist_ok=True)
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else ROOT / "build-bench"
    failed, found = 0, {}
    for name in args.topics or topics():
        with tempfile.TemporaryDirectory(prefix="run-", dir=ROOT / "build-bench") as disk, \
                tempfile.TemporaryDirectory(prefix="parley-bench-", dir=memory) as fast:
            bench = Bench(args.build, disk, fast, args.real_data or None, args.times, found)
            try:
                tables = measure(name, bench)
            except Exception as wrong:  # one topic's trouble is not the others'
                print(f"FAIL  {name}: {type(wrong).__name__}: {wrong}\n", flush=True)
                failed += 1
                continue
            if args.write:
                write(name, tables, command, on)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
