#!/usr/bin/env python3
"""Kills processes and whole nodes at random instants while two parties talk; then looks.

What must hold, whatever was killed when: a statement that the command line acknowledged is in the
author's ledger at the place it said, once; no two heads of a log contradict each other; both
ledgers converge to what the other side mirrors; each audit is clean. With --rotate both parties
change their role keys all the while: a change that was acknowledged is in its log, and at the end
both sides name the same keys and speak by them.

  crash.py PARLEY [--kills N] [--seconds S] [--seed SEED] [--rotate]

A failure prints the seed. Each kill is one run.
"""
import argparse
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent),
                str(pathlib.Path(__file__).resolve().parents[2] / "share")]
from party import Failed, Party, make_agreement  # noqa: E402

CHILDREN = ("gate", "judge", "watch", "desk", "keeper")


class Heads:
    """Every head anybody ever showed: one root a size, or somebody lied."""

    def __init__(self):
        self.roots, self.contradictions, self.lock = {}, [], threading.Lock()

    def see(self, note):
        lines = note.splitlines()
        if len(lines) < 3:
            return
        with self.lock:
            key, root = (lines[0], lines[1]), lines[2]
            if self.roots.setdefault(key, root) != root:
                self.contradictions.append((key, root, self.roots[key]))


class Speaker(threading.Thread):
    """An officer pair of one party that keeps saying things, and remembers what was acknowledged."""

    def __init__(self, party, drafter, releaser, heads, until, rng):
        super().__init__(daemon=True)
        self.party, self.drafter, self.releaser = party, drafter, releaser
        self.heads, self.until, self.rng = heads, until, rng
        self.said, self.refused, self.number = [], 0, 0

    def command(self, *args, officer=None):
        try:
            result = self.party.run(*args, "--json", officer=officer, timeout=30)
            return json.loads(result.stdout) if result.returncode in (0, 3, 7) else None
        except (subprocess.TimeoutExpired, ValueError, OSError):
            return None

    def run(self):
        while not self.until.is_set():
            self.number += 1
            text = f"{self.party.name} {self.number}"
            answer = self.command("peer", "ping", "--class", "TEST", "--yes",
                                  officer=self.drafter)
            if answer and "index" in answer:
                self.said.append((int(answer["index"]), answer["leaf"], text))
            else:
                self.refused += 1
                time.sleep(0.05)
            shown = self.command("ledger", "checkpoint")
            if shown:
                self.heads.see(shown.get("ours", ""))
                self.heads.see(shown.get("theirs", ""))


class Rotator(threading.Thread):
    """A party that changes its role keys, as the manual says it, again and again."""

    def __init__(self, party, until):
        super().__init__(daemon=True)
        self.party, self.until, self.installed, self.turns = party, until, 0, 0

    def tries(self, *args, done=lambda: False):
        """The command, until it went well or was done all the same; False where time ran out."""
        while not self.until.is_set():
            try:
                if self.party.run(*args, timeout=30).returncode == 0 or done():
                    return True
            except (Failed, subprocess.TimeoutExpired, ValueError, OSError):
                pass
            time.sleep(0.1)
        return False

    def named(self):
        return len(self.party.json("key", "show")["ours"])

    def run(self):
        while not self.until.is_set():
            plan = self.party.home / f"turn.{self.turns}"
            if not (self.tries("key", "rotate", "--out", plan, done=plan.exists) and
                    self.tries("key", "sign", plan, *self.party.flags("--root-key", "root"),
                               "--yes")):
                return
            if self.tries("key", "install", f"{plan}.signed",
                          done=lambda: self.named() > self.installed + 1):
                self.installed += 1
                self.turns += self.tries("key", "settle")
            self.until.wait(0.3)


def kill_something(parties, rng):
    """Kills one child or a whole node; says what."""
    party = rng.choice(parties)
    if rng.random() < 0.35:
        party.kill()
        time.sleep(rng.random() * 0.3)
        party.serve(wait=False)
        return f"{party.name} whole"
    children = party.children()
    if not children:
        return None
    name = rng.choice(sorted(children))
    try:
        os.kill(children[name], signal.SIGKILL)
    except ProcessLookupError:
        return None
    return f"{party.name} {name}"


def settle(parties, seconds=60):
    def calm():
        states = []
        for party in parties:
            result = party.run("status", "--json")
            if result.returncode not in (0, 3):
                return False
            states.append(json.loads(result.stdout)["ledger"])
        a, b = states
        return (a["size"] == a["binding"] == b["theirs"] and b["size"] == b["binding"] == a["theirs"])
    parties[0].until(calm, "both ledgers converge", seconds)


def judge(parties, speakers, heads):
    faults = [f"contradictory heads: {c}" for c in heads.contradictions]
    for party, speaker in zip(parties, speakers):
        entries, first = {}, 0
        while True:
            shown = party.json("ledger", "show", "--from", first, "--count", 256)
            for entry in shown["entries"]:
                entries[int(entry["index"])] = entry
            first += 256
            if first >= int(shown["size"]):
                break
        leaves = [e["leaf"] for e in entries.values()]
        if len(leaves) != len(set(leaves)):
            faults.append(f"{party.name}: an entry stands twice")
        for index, leaf, text in speaker.said:
            if index not in entries or entries[index]["leaf"] != leaf:
                faults.append(f"{party.name}: acknowledged statement {text!r} is not at {index}")
        audit = party.run("ledger", "audit", "--json")
        if audit.returncode != 0:
            faults.append(f"{party.name}: audit: {audit.stdout}{audit.stderr}")
    return faults


def judge_keys(rotators):
    """What was acknowledged is there; both sides name the same keys; and statements go on by them."""
    def keys(party, side):
        return [k["fingerprint"] for k in party.json("key", "show")[side][-1]["keys"]]

    faults, (a, b) = [], [r.party for r in rotators]
    for r, other in zip(rotators, (b, a)):
        name, there = r.party.name, r.named() - 1
        if there < r.installed:
            faults.append(f"{name}: {r.installed} changes of keys acknowledged, {there} there")
        if keys(r.party, "ours") != keys(other, "theirs"):
            faults.append(f"{other.name} names other keys of {name} than it does itself")
        if there == 0:
            faults.append(f"{name} changed no key: the test shows nothing")
    for party, officer in ((a, "ivanova"), (b, "li")):
        if party.run("peer", "ping", "--class", "TEST", "--yes", officer=officer).returncode not in (0, 7):
            faults.append(f"{party.name} says nothing by its last keys")
    settle([a, b])
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("parley")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--rotate", action="store_true")
    args = parser.parse_args()
    rng = random.Random(args.seed)
    print(f"seed {args.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="parley-crash-") as folder:
        faults, counts = story(args, rng, pathlib.Path(folder))
    print(f"{counts['kills']} kills, {counts['said']} statements acknowledged, "
          f"{counts['refused']} attempts not acknowledged, {counts['heads']} heads seen, "
          f"{counts.get('turns', 0)} changes of keys")
    for fault in faults:
        print(f"FAULT {fault}")
    if faults:
        print(f"again: {sys.argv[0]} PARLEY --seed {args.seed} --kills {counts['kills']}"
              + " --rotate" * args.rotate)
    return 1 if faults else 0


def story(args, rng, folder):
    a, b = Party(args.parley, folder, "cert-a"), Party(args.parley, folder, "cert-b")
    pact = make_agreement(folder, a, b)
    stop, heads, kills = threading.Event(), Heads(), 0
    try:
        for party, officers in ((a, ("ivanova", "petrov")), (b, ("li", "wang"))):
            party.init(pact)
            party.serve()
            for officer in officers:
                party.appoint(officer)
        speakers = [Speaker(a, "ivanova", "petrov", heads, stop, rng),
                    Speaker(b, "li", "wang", heads, stop, rng)]
        rotators = [Rotator(party, stop) for party in (a, b) if args.rotate]
        for thread in [*speakers, *rotators]:
            thread.start()
        end = time.monotonic() + args.seconds
        while time.monotonic() < end if not args.kills else kills < args.kills:
            time.sleep(rng.random() * 1.2)
            what = kill_something([a, b], rng)
            if what:
                kills += 1
                if kills % 25 == 0:
                    print(f"{kills} kills", flush=True)
        for rotator in rotators:  # on a slow machine no change may have come through between the kills
            rotator.party.until(lambda: rotator.installed, "the role keys are changed", 120)
        stop.set()
        for thread in [*speakers, *rotators]:
            thread.join(60)
        settle([a, b])
        faults = judge([a, b], speakers, heads)
        if rotators:
            faults += judge_keys(rotators)
        counts = {"kills": kills, "said": sum(len(s.said) for s in speakers),
                  "refused": sum(s.refused for s in speakers), "heads": len(heads.roots),
                  "turns": sum(r.turns for r in rotators)}
        if counts["said"] < 3:
            faults.append("hardly anything was said: the test shows nothing")
        if faults:
            for party in (a, b):
                print(f"--- {party.name}\n" + "\n".join(party.log.read_text().splitlines()[-40:]))
        return faults, counts
    except (TimeoutError, RuntimeError) as error:
        stop.set()
        for party in (a, b):
            print(f"--- {party.name}\n" + "\n".join(party.log.read_text().splitlines()[-40:]))
            print(party.run("status", "--json").stdout)
        return [str(error)], {"kills": kills, "said": 0, "refused": 0, "heads": len(heads.roots)}
    finally:
        a.stop()
        b.stop()


if __name__ == "__main__":
    sys.exit(main())
