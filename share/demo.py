#!/usr/bin/env python3
"""The story that ./demo and `parley demo` tell: two parties, one incident, a statement that a stranger verifies.

Runs only what a user would type. Usage: demo.py PARLEY FOLDER [--plain] [EVE FILE...]
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys

SHARE = pathlib.Path(__file__).resolve().parent
from party import Party, make_agreement  # noqa: E402

PLAIN = not sys.stdout.isatty() or "NO_COLOR" in os.environ


def heading(text):
    print(f"\n== {text}" if PLAIN else f"\n\033[1m== {text}\033[0m", flush=True)


def show(party, *args, officer=None, expect=0):
    """Runs one command as the reader would type it, and prints it with what it answered."""
    shown = " ".join(pathlib.Path(a).name if isinstance(a, pathlib.Path) else
                     (f"'{a}'" if " " in str(a) else str(a)) for a in args if a != "--yes")
    who = f"{party.name}{' ' + officer if officer else ''}"
    print(f"[{who}] $ parley {shown}")
    result = party.run(*args, officer=officer)
    text = (result.stdout + result.stderr).rstrip()
    print("  " + text.replace("\n", "\n  "))
    if result.returncode != expect:
        print(f"error: this step ended with {result.returncode}, not {expect}; node logs: "
              f"{party.log}", file=sys.stderr)
        raise SystemExit(1)
    if expect:
        print(f"  (exit {expect})")
    sys.stdout.flush()
    return result


def sample(folder):
    path = folder / "sample.eve.json"
    with path.open("w") as out:
        subprocess.run([sys.executable, SHARE / "make-sample"], stdout=out, check=True)
    return path


def stranger(parley, bundle):
    """Verifies with nothing: no node, no configuration, no home to write to."""
    return subprocess.run([parley, "verify", str(bundle)], text=True, capture_output=True,
                          env={"HOME": "/nonexistent", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
                          cwd="/")


def flip_one_bit(bundle, altered):
    data = bytearray(bundle.read_bytes())
    data[len(data) // 2] ^= 1
    altered.write_bytes(data)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("parley")
    parser.add_argument("folder")
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("files", nargs="*")
    args = parser.parse_args()
    global PLAIN
    PLAIN = PLAIN or args.plain
    parley, folder = pathlib.Path(args.parley).resolve(), pathlib.Path(args.folder).resolve()
    files = [pathlib.Path(f).resolve() for f in args.files]
    if folder.exists() and any(folder.iterdir()) and not (folder / "pact.agreement.json").exists():
        print(f"error: {folder} is not empty\n  why: the demo begins by emptying its folder, and this "
              "one holds no earlier demo\n  try: another --folder", file=sys.stderr)
        raise SystemExit(2)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)

    a, b = Party(parley, folder, "cert-a"), Party(parley, folder, "cert-b")
    try:
        tell(a, b, parley, folder, files)
    finally:
        a.stop()
        b.stop()


def tell(a, b, parley, folder, files):
    if not files:
        files = [sample(folder)]
        print("The sensor lines are GENERATED: documentation addresses, in the proportions and with "
              "the traps of a real honeypot's.")

    heading("1. An agreement, signed by both parties, and a node on each side")
    pact = make_agreement(folder, a, b)
    show(a, "agreement", "check", pact)
    a.init(pact, sensors=[f"sensor-{n}={path}:once" for n, path in enumerate(files, 1)])
    b.init(pact)
    a.serve()
    b.serve()
    for party, officers in ((a, ("ivanova", "petrov")), (b, ("li", "wang"))):
        for officer in officers:
            party.appoint(officer)
    for party in (a, b):
        party.until(lambda p=party: p.json("status")["link"]["state"] == "up", "the link is up")

    heading("2. cert-a's sensor lines become incidents")
    found = a.until(lambda: a.json("watch", "sources")["sources"][0]["state"] == "done"
                    and a.json("watch", "incidents")["incidents"], "the sensor file is read")
    totals = a.json("watch", "stats")["totals"]
    show(a, "watch", "stats")
    show(a, "watch", "incidents")
    incident = max(found, key=lambda row: row["events"])

    heading("3. An officer drafts a NOTICE; he cannot release it, a second one can")
    drafted = a.json("case", "new", "--incident", incident["id"], "--yes", officer="ivanova")
    draft = drafted["draft"]
    show(a, "release", "show", draft)
    show(a, "release", "approve", draft, "--yes", officer="ivanova", expect=4)
    show(a, "release", "approve", draft, "--yes", officer="petrov")
    case = a.json("case", "list")["cases"][0]["case"]

    heading("4. cert-b has it: receipt by the node, acknowledgement by an officer, an answer by two")
    b.until(lambda: any(row["case"] == case for row in b.json("desk")["rows"]), "the case arrives")
    show(b, "desk")
    show(b, "case", "ack", case, "--yes", officer="li")
    answer = b.json("case", "reply", case, "--field", "result=granted", "--text",
                    "The hosts were taken off the network; logs are kept.", "--yes", officer="li")
    show(b, "release", "approve", answer["draft"], "--yes", officer="wang")
    a.until(lambda: "ANSWER" in kinds(a, case), "the answer arrives")

    heading("5. The case is closed by both sides")
    closing = a.json("case", "close", case, "--yes", officer="ivanova")
    a.parley_ok("release", "approve", closing["draft"], "--yes", officer="petrov")
    b.until(lambda: "CLOSE" in kinds(b, case), "the proposal to close arrives")
    closing = b.json("case", "close", case, "--yes", officer="li")
    b.parley_ok("release", "approve", closing["draft"], "--yes", officer="wang")
    settled(a, case)
    show(a, "case", "show", case)
    show(a, "ledger", "show")

    heading("6. A stranger checks the case offline: no node, no configuration, no network")
    bundle = folder / f"{case}.parley"
    show(a, "case", "export", case, "--out", bundle)
    print(f"[stranger] $ parley verify {bundle.name}")
    verdict = stranger(parley, bundle)
    print("  " + (verdict.stdout + verdict.stderr).rstrip().replace("\n", "\n  "))
    altered = folder / "altered.parley"
    flip_one_bit(bundle, altered)
    print("[stranger] $ parley verify altered.parley        (one bit was flipped)")
    forged = stranger(parley, altered)
    print("  " + (forged.stdout + forged.stderr).rstrip().replace("\n", "\n  "))
    print(f"  (exit {forged.returncode})")
    if verdict.returncode != 0 or forged.returncode != 5:
        print(f"error: verify ended with {verdict.returncode} and {forged.returncode}, not 0 and 5",
              file=sys.stderr)
        raise SystemExit(1)
    finish(a, case, totals, folder, bundle)


def near(path):
    """As the reader would type it from where he is."""
    short = os.path.relpath(path)
    return str(path) if short.startswith("..") else short


def kinds(party, case):
    result = party.run("case", "show", case, "--json")
    return [s["kind"] for s in json.loads(result.stdout)["statements"]] if not result.returncode else []


def settled(party, case):
    """Both CLOSE are here, everything is binding."""
    def done():
        statements = party.json("case", "show", case)["statements"]
        ledger = party.json("status")["ledger"]
        return (sum(s["kind"] == "CLOSE" for s in statements) == 2
                and all(s["binding"] for s in statements) and ledger["size"] == ledger["binding"])
    party.until(done, "everything is binding")


def finish(a, case, totals, folder, bundle):
    ledger = a.json("status")["ledger"]
    clocks = a.json("case", "show", case)["clocks"]
    kept = sum(c["state"] == "kept" for c in clocks)
    late = sum(c["state"] in ("late", "overdue") for c in clocks)
    checkpoint = a.json("ledger", "checkpoint")["ours"].splitlines()
    heading("In short")
    print(f"events read   {totals['events']}   matched {totals['matched']}   "
          f"incidents {totals['incidents']}   damaged lines skipped {totals['damaged_lines']}")
    print(f"case          {case}   deadlines kept {kept}, late {late}")
    print(f"ledger        size {ledger['size']}, root {checkpoint[2]}")
    print("VERIFIED      by an independent check, offline")
    node, home = near(a.node), near(a.home)
    parley = near(a.parley)
    print("next:")
    print(f"  {parley} verify {near(bundle)}")
    print(f"  {parley} serve --node {node}      (then, elsewhere: {parley} desk --node {node})")
    print(f"  {parley} agreement show {near(folder / 'pact.agreement.json')}")


if __name__ == "__main__":
    main()
