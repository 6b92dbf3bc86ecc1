#!/usr/bin/env python3
"""Suricata with `threaded: yes` writes eve.1.json, eve.2.json, ...: the same incidents as one file.

  threads.py PARLEY SOURCE
"""
import json
import pathlib
import random
import subprocess
import sys
import tempfile


def replay(parley, source, files):
    done = subprocess.run([parley, "watch", "replay", "--json", "--agreement",
                           source / "share" / "pact-2015.agreement.json", "--as", "cert-a", *files],
                          stdout=subprocess.PIPE, text=True, check=True)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return rows[:-1], rows[-1]


def dealt(lines, threads, folder):
    """A flow stays with its thread, as in Suricata; each thread writes in its own order of time."""
    parts = [[] for _ in range(threads)]
    for line in lines:
        try:
            flow = json.loads(line).get("flow_id", 0)
        except ValueError:
            flow = len(line)
        parts[flow % threads].append(line)
    for n, part in enumerate(parts, 1):
        assert part, "a thread without work shows nothing"
        path = folder / f"eve.{n}.json"
        path.write_bytes(b"\n".join(part) + b"\n")
        yield path


def main(parley, source):
    source = pathlib.Path(source)
    sample = subprocess.run([sys.executable, source / "share" / "make-sample"],
                            stdout=subprocess.PIPE, check=True).stdout
    lines = sample.rstrip(b"\n").split(b"\n")
    with tempfile.TemporaryDirectory(prefix="parley-threads-") as temporary:
        folder = pathlib.Path(temporary)
        one = folder / "eve.json"
        one.write_bytes(sample)
        expected = replay(parley, source, [one])
        assert len(expected[0]) > 1 and expected[1]["matched"] > 100, expected[1]
        for threads in (2, 4, 7):
            files = list(dealt(lines, threads, folder))
            for _ in range(2):
                got = replay(parley, source, files)
                assert got == expected, (threads, got, expected)
                random.Random(threads).shuffle(files)
    print(f"{len(expected[0])} incidents, from one file and from 2, 4 and 7 threads' files alike")


if __name__ == "__main__":
    main(*sys.argv[1:3])
