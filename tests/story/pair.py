"""Two parties under one agreement, their nodes serving: what the tales have in common."""
import json
import os
import pathlib
import subprocess
import sys
import time

from party import Party, make_agreement

MOMENT = 0.3  # seconds without news: a busy machine still makes an answer in less
SETTLE = 40  # seconds: a link comes back after at most a few, the rest is a matter of milliseconds


def short_clocks(agreement):
    for name in agreement["clocks"]:
        agreement["clocks"][name] = 3


def small_disk(party, size):
    """A file system of its own for this party's node; only in mounts of our own (own_mounts)."""
    disk = party.home / "disk"
    disk.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "story", disk],
                   check=True)
    party.node = disk / "node"
    return disk


def own_mounts():
    """Runs this program anew where it may mount without anybody else seeing it, or skips."""
    if os.environ.get("PARLEY_STORY_MOUNTS"):
        return
    unshare = ["unshare", "--mount", "--propagation", "private"]
    unshare += ["--map-root-user"] if os.geteuid() else []
    can = subprocess.run([*unshare, "mount", "-t", "tmpfs", "probe", "/mnt"], capture_output=True)
    if can.returncode != 0:
        print(f"no rights to mount a small disk: {can.stderr.decode().strip()}")
        sys.exit(77)
    os.environ["PARLEY_STORY_MOUNTS"] = "own"
    os.execvp(unshare[0], [*unshare, sys.executable, *sys.argv])


class Pair:
    """Two parties under one agreement, their nodes serving, two officers each."""

    def __init__(self, parley, folder, change=None, sensors=None, disk=None,
                 suites=("ed25519",)):
        self.folder = pathlib.Path(folder)
        self.a, self.b = (Party(parley, folder, name, suites=suites) for name in ("cert-a", "cert-b"))
        self.pact = make_agreement(folder, self.a, self.b, change)
        self.disk = small_disk(self.a, disk) if disk else None
        for party, officers in ((self.a, ("ivanova", "petrov")), (self.b, ("li", "wang"))):
            party.init(self.pact, sensors(folder) if sensors and party is self.a else ())
            party.serve()
            for officer in officers:
                party.appoint(officer)
        try:
            self.settle()
        except TimeoutError:
            for party in (self.a, self.b):
                print(party.json("status"), party.log.read_text()[-2500:])
            self.stop()
            raise

    def settle(self, seconds=SETTLE):
        """Both linked, each holds all of the other, and nothing more was said for a moment: an
        answer that is just being made has both ledgers equal, too."""
        calm_at, since = None, time.monotonic()

        def calm():
            nonlocal calm_at, since
            (a, a_up), (b, b_up) = ((s["ledger"], s["link"]["state"] == "up") for s in
                                    (p.json("status") for p in (self.a, self.b)))
            equal = (a_up and b_up and a["size"] == a["binding"] == b["theirs"] == b["cosigned"]
                     and b["size"] == b["binding"] == a["theirs"] == a["cosigned"])
            now = (a["size"], b["size"]) if equal else None
            if now is None or now != calm_at:
                calm_at, since = now, time.monotonic()
            return now is not None and time.monotonic() - since > MOMENT
        self.a.until(calm, "both ledgers converge", seconds)

    def stop(self):
        self.a.stop()
        self.b.stop()
        if self.disk:
            subprocess.run(["umount", "--lazy", self.disk], check=True)
            self.disk = None

    def check(self, party=None, officer="ivanova", expect=0):
        result = (party or self.a).run("peer", "ping", "--yes", "--json", officer=officer)
        assert result.returncode in (expect, 7), (result.returncode, result.stderr)
        return json.loads(result.stdout)


def entries(party, log="ours"):
    found, size = [], 1
    while len(found) < size:
        shown = party.json("ledger", "show", "--log", log, "--from", len(found), "--count", 256)
        found, size = found + shown["entries"], int(shown["size"])
    return found


def kinds(party, log="ours"):
    return [e["text"].split("kind ")[1].split("\n")[0] for e in entries(party, log)]
