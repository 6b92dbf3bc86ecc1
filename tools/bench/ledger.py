"""Durable append, the signed head, proofs and audit, beside SQLite, Go's sumdb/tlog and the disk."""
import os
import pathlib
import sqlite3
import subprocess
import time

PACKAGES = ["golang-go", "golang-golang-x-mod-dev", "libsqlite3-dev"]
GROUPS = (1, 256, 4096)
ROUNDS = {1: 200, 256: 60, 4096: 20}
WAYS = {"append": "append (queue, dedupe, tree, one sync)",
        "signed": "append, signed head",
        "least": "append, keeper's record, signed head; the shortest real entry",
        "full": "append, keeper's record, signed head; a statement of a case, permit of officers"}
HERE = pathlib.Path(__file__).resolve().parent


def sqlite_p50(bench, group):
    """Seconds of a transaction of `group` rows of 256 bytes with an index on their hash."""
    db = sqlite3.connect(bench.disk / f"peer.{group}.db", isolation_level=None)
    db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                     "CREATE TABLE e(i INTEGER PRIMARY KEY, leaf BLOB UNIQUE, entry BLOB);")
    took = []
    for _ in range(ROUNDS[group]):
        rows = [(os.urandom(32), bytes(256)) for _ in range(group)]
        begin = time.perf_counter()
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT INTO e(leaf, entry) VALUES (?, ?)", rows)
        db.execute("COMMIT")
        took.append(time.perf_counter() - begin)
    db.close()
    return sorted(took)[len(took) // 2]


def go_tlog(bench):
    """Go's tlog in memory: leaves, proofs and checks a CPU-second; {} where there is no Go."""
    if not bench.has("go"):
        return {}
    env = dict(os.environ, GO111MODULE="off", GOPATH="/usr/share/gocode", GOFLAGS="",
               GOCACHE=str(bench.memory / "go"), GOMAXPROCS="1")
    program = bench.memory / "tlog"
    built = subprocess.run(["go", "build", "-o", program, HERE / "ledger_tlog.go"], env=env,
                           stderr=subprocess.DEVNULL)
    return bench.figures([program], env=env) if built.returncode == 0 else {}


def durable(bench, ours):
    for group in GROUPS:
        get = {name[len(f"{group}."):]: value for name, value in ours.items()
               if name.startswith(f"{group}.")}
        peer = sqlite_p50(bench, group)

        def row(name, seconds, cpu=None):
            return [name, bench.ms(seconds), bench.times(seconds / get["fdatasync"]),
                    bench.rate(group / seconds), f"{cpu * 1e6:.2f}" if cpu is not None else ""]

        target = {1: "p50 at most 4 x fdatasync", 256: "250,000/s, 1.5 us",
                  4096: "500,000/s, 1.5 us"}[group]
        yield bench.table(
            f"Groups of {group}",
            ["", "p50 ms", "of fdatasync", "entries/s", "us CPU a leaf"],
            [row("fdatasync of 4 KiB", get["fdatasync"]),
             row("the same bytes bare: pwrite, fdatasync", get["raw"]),
             *(row(f"{get[way + '_bytes']:.0f} bytes: {what}", get[way], get[way + "_cpu"])
               for way, what in WAYS.items()),
             row("SQLite, WAL, FULL, rows of 256 bytes with an index", peer)], target)


def run(bench):
    folder = bench.disk / "ledger"
    folder.mkdir()
    ours = bench.figures([bench.build / "tests" / "ledger" / "bench-ledger", folder])
    yield from durable(bench, ours)
    bench.note("Real entries are parsed and their permits looked up by keeper, which hashes them a "
               "second time: it trusts no hash of desk's. Each permit's use is in its record.")
    go = go_tlog(bench)
    rows = []
    for name, what, target in (("prove", "inclusion proofs", "1,000,000"),
                               ("check", "inclusion proofs checked", "400,000"),
                               ("consistency", "consistency proofs", ""),
                               ("audit", "leaves read again and checked", "1,500,000")):
        peer = go.get(name)
        rows.append([what, bench.rate(ours[name]), target,
                     bench.rate(peer) if peer else "-",
                     bench.times(ours[name] / peer) if peer else ""])
    yield bench.table(f"Of {ours['leaves']:,.0f} leaves, a CPU-second, one core",
                      ["", "parley", "target", "Go sumdb/tlog", "parley is"], rows)
    yield bench.table(
        "Inclusion proofs from published tiles alone, a CPU-second, one core: nothing held, and the "
        "tiles out of the page cache (POSIX_FADV_DONTNEED) as each row begins",
        ["", "parley"],
        [["200,000 in order, 32 MiB held at most", bench.rate(ours["cold_order"])],
         ["200,000 all over the log, 32 MiB held at most", bench.rate(ours["cold_scattered"])],
         ["the same, 128 MiB", bench.rate(ours["cold_all"])],
         ["20,000, 256 KiB: each one reads a tile of its own", bench.rate(ours["cold_each"])]],
        "50,000/s")
    bench.note("20,000 of them are compared with those from memory. A tile that is read costs 255 "
               "hashes: that is the floor of the last row.")
