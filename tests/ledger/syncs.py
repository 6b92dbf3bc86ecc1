#!/usr/bin/env python3
"""What a commit costs the disk, as the kernel saw it: syncs.py BENCH-LEDGER.

DESIGN section 5: "One sync of the log per group commit (plus one of keeper's head record), no file
created per commit." strace watches a hundred commits, and each must have made just those two.
"""
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile

COMMITS = 100
SYNCS = ("fsync", "fdatasync", "sync_file_range", "syncfs", "sync", "msync")
NAMES = ("openat", "open", "creat", "rename", "renameat", "renameat2", "link", "linkat", "mkdir",
         "mkdirat", "unlink", "unlinkat", "mknodat", "symlinkat")


def traced(program, folder):
    out = folder + "/trace"
    command = ["strace", "-f", "-y", "-e", "trace=write," + ",".join("?" + s for s in SYNCS + NAMES),
               "-o", out, program, folder, str(COMMITS)]
    # a leak check stops threads by ptrace, which strace holds
    env = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
    done = subprocess.run(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          text=True)
    if "PTRACE" in done.stderr or "ptrace" in done.stderr:
        print("strace may not trace here")
        sys.exit(77)
    assert done.returncode == 0, done.stderr
    with open(out) as file:
        return file.read().splitlines()


def commits(lines):
    """The calls of each commit, by name and file."""
    inside = None
    for line in lines:
        call = re.match(r"\d+ +(\w+)\((.*)", line)
        if call is None:
            continue
        name, rest = call.groups()
        said = re.search(r'"(commit|end) \d+\\n"', rest) if name == "write" else None
        if said:
            if inside is not None:
                yield inside
            inside = collections.Counter()
        elif name.startswith("open") and "O_CREAT" not in rest:
            continue  # a library reads something of the system's
        elif inside is not None and name != "write":
            file = re.search(r"<([^>]*)>", rest)
            inside[name, os.path.basename(file.group(1)) if file else rest] += 1


def main():
    if shutil.which("strace") is None:
        print("strace is not installed")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="parley-syncs-") as folder:
        seen = list(commits(traced(sys.argv[1], folder)))
    assert len(seen) == COMMITS, len(seen)
    want = collections.Counter({("fdatasync", "log"): 1, ("fdatasync", "keeper"): 1})
    for i, calls in enumerate(seen):
        assert calls == want, f"commit {i}: {dict(calls)}"
    print(f"{COMMITS} commits: one sync of the log and one of keeper's record each, no file made")


if __name__ == "__main__":
    main()
