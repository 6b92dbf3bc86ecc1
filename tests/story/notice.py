"""The main job, end to end: from a sensor's lines to a statement that a stranger verifies."""
import os
import pathlib
import shutil
import subprocess
import sys
import time

from pair import entries
from party import SOURCE, make_agreement

VICTIM = "192.0.2.10"  # the sensor of share/make-sample
PATH = "/usr/local/bin:/usr/bin:/bin"


def sample(folder):
    path = pathlib.Path(folder) / "sample.eve.json"
    with path.open("w") as out:
        subprocess.run([sys.executable, SOURCE / "share" / "make-sample"], stdout=out, check=True)
    return [f"sensor-1={path}:once"]


def incident_of(party):
    """The node has read its sensor file: the incident with most events."""
    def read():
        done = all(s["state"] == "done" for s in party.json("watch", "sources")["sources"])
        return done and party.json("watch", "incidents")["incidents"]
    return max(party.until(read, "the sensor file is read", 120), key=lambda row: row["events"])


def statements(party, case):
    result = party.run("case", "show", case, "--json")
    return [] if result.returncode else party.json("case", "show", case)["statements"]


def refuse(party, draft, officer, why, key=None, code=4):
    """This officer cannot release the draft; the answer says so, and the draft is as it was."""
    env = {"PARLEY_KEY": str(key)} if key else None
    result = party.run("release", "approve", draft, "--yes", officer=officer, env=env)
    assert result.returncode == code, (officer, result.returncode, result.stdout, result.stderr)
    assert why in result.stderr, result.stderr
    left = [row["draft"] for row in party.json("release", "list")["drafts"]]
    assert left == [draft], left


def bytes_of_folder(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def victim_forms():
    """The address as a text, and as the 16 bytes of an IPv6 field that holds it."""
    return [VICTIM.encode(), bytes(10) + b"\xff\xff" + bytes(map(int, VICTIM.split(".")))]


def withheld_everywhere(files):
    for path, data in files.items():
        for form in victim_forms():
            assert form not in data, f"the victim's address stands in {path}"


class Stranger:
    """Somebody with nothing but the bundle: no environment, a home he cannot write, no rights."""

    def __init__(self, folder, bundle):
        self.home = pathlib.Path(folder) / "stranger"
        self.home.mkdir()
        self.bundle = self.home / bundle.name
        shutil.copy(bundle, self.bundle)
        self.bundle.chmod(0o444)
        pathlib.Path(folder).chmod(0o711)
        self.home.chmod(0o555)

    def run(self, *command):
        nobody = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        before = sorted(self.home.rglob("*"))
        result = subprocess.run([*map(str, command)], text=True, capture_output=True, timeout=120,
                                env={"HOME": str(self.home), "PATH": PATH}, cwd="/", **nobody)
        assert sorted(self.home.rglob("*")) == before, "something was written"
        return result

    def readable(self, path):
        """A copy that a stranger may run, where the tree itself is closed to him."""
        copy = self.home.parent / f"stranger-{pathlib.Path(path).name}"
        if not copy.exists():
            shutil.copy(path, copy)
            copy.chmod(0o555)
        return copy

    def parley(self, parley, *args):
        return self.run(self.readable(parley), "verify", *args)

    def independent(self, bundle):
        return self.run("/usr/bin/python3", self.readable(SOURCE / "tests/proof/verify.py"), bundle)


def a_notice_from_sensor_line_to_a_strangers_check(pair):
    a, b = pair.a, pair.b
    incident = incident_of(a)
    drafted = a.json("case", "new", "--incident", incident["id"], "--yes", officer="ivanova")
    draft, case = drafted["draft"], drafted["case"]
    before = len(entries(a))

    refuse(a, draft, "ivanova", "another officer")
    for theirs, here in zip(b.keys("li"), a.keys("li")):
        shutil.copy(theirs, here)
    refuse(a, draft, "li", "officer")
    a.appoint("sidorov")
    time.sleep(1.1)  # what is said of an officer is told apart by its second
    a.parley_ok("officer", "remove", "sidorov", *a.flags("--root-key", "root"), "--yes")
    refuse(a, draft, "sidorov", "officer")
    refuse(a, draft, "petrov", "signature does not hold", key=":".join(map(str, a.keys("ivanova"))), code=5)
    assert len(entries(a)) == before + 2, "appointed and withdrawn, and nothing else was said"
    assert case not in str(b.json("case", "list", "--all"))

    a.parley_ok("release", "approve", draft, "--yes", officer="petrov")
    b.until(lambda: statements(b, case), "the case arrives")
    b.parley_ok("case", "ack", case, "--yes", officer="li")
    a.until(lambda: [s for s in statements(a, case) if s["kind"] == "ACK"], "the ACK arrives")
    pair.settle()
    kinds = [s["kind"] for s in statements(a, case)]
    assert kinds == ["NOTICE", "RECEIPT", "ACK", "RECEIPT"], kinds
    assert all(s["binding"] for s in statements(a, case))

    bundle = pair.folder / f"{case}.parley"
    a.parley_ok("case", "export", case, "--out", bundle)
    a_stranger_verifies(pair, bundle)
    withheld_everywhere({bundle: bundle.read_bytes()})
    pair.stop()
    files = bytes_of_folder(b.node)
    withheld_everywhere(files)
    assert any(incident["source"].encode() in data for data in files.values()), "wrong folder?"
    assert any(VICTIM.encode() in data for data in bytes_of_folder(a.node).values()), "not held?"


def a_stranger_verifies(pair, bundle):
    stranger = Stranger(pair.folder, bundle)
    ours = stranger.parley(pair.a.parley, stranger.bundle)
    assert ours.returncode == 0 and "VERIFIED" in ours.stdout, ours
    theirs = stranger.independent(stranger.bundle)
    assert theirs.returncode == 0 and "verified" in theirs.stdout, theirs
    data = bytearray(bundle.read_bytes())
    data[data.index(b"CERT") + 1] ^= 1
    altered = pair.folder / "altered.parley"
    altered.write_bytes(data)
    altered.chmod(0o444)
    assert stranger.parley(pair.a.parley, altered).returncode == 5
    assert stranger.independent(altered).returncode == 5


a_notice_from_sensor_line_to_a_strangers_check.sensors = sample


def released(party, drafted, officer="petrov"):
    party.parley_ok("release", "approve", drafted["draft"], "--yes", officer=officer)
    return drafted["case"]


def sees(party, case, kind):
    party.until(lambda: kind in [s["kind"] for s in statements(party, case)], f"the {kind} arrives")


def a_victims_address_is_opened_later_by_an_update(pair):
    """Withheld first and provably the same later: the stranger's check says so of both."""
    a, b = pair.a, pair.b
    incident = incident_of(a)
    case = released(a, a.json("case", "new", "--incident", incident["id"], "--yes",
                              officer="ivanova"))
    sees(b, case, "NOTICE")
    pair.settle()
    assert not any(VICTIM.encode() in data for data in bytes_of_folder(b.node).values())
    released(a, a.json("case", "update", case, "--open", "targets", "--yes", officer="ivanova"))
    sees(b, case, "UPDATE")
    pair.settle()
    assert VICTIM in str(b.json("case", "show", case)), "the partner reads what was opened"
    bundle = pair.folder / f"{case}.parley"
    b.parley_ok("case", "export", case, "--out", bundle)
    assert VICTIM.encode() in bundle.read_bytes()
    a_stranger_verifies(pair, bundle)


a_victims_address_is_opened_later_by_an_update.sensors = sample


def later_version(two):
    """A second version, which differs in a deadline and a title, signed by both."""
    def change(agreement):
        agreement["clocks"]["answer"] //= 2
        agreement["articles"][0]["threshold"]["count"] = 60
    return make_agreement(two.folder, two.a, two.b, change, version=2,
                          name="pact-2.agreement.json")


def version_of(party, case):
    return party.json("case", "show", case)["version"]


def a_later_version_takes_over_for_new_cases(pair):
    """Open cases end under the version they began with; both nodes obey the later one for new ones,
    also after both were started anew."""
    a, b = pair.a, pair.b
    old = pair.check()["case"]
    pair.settle()
    pact = later_version(pair)
    case = released(a, a.json("agreement", "propose", pact, "--yes", officer="ivanova"))
    sees(b, case, "AGREEMENT")
    released(b, b.json("agreement", "accept", pact, "--yes", officer="li"), "wang")
    for party in (a, b):
        party.until(lambda p=party: p.run("status").returncode == 0
                    and p.json("status")["version"] == 2, "version 2 is obeyed")
    pair.settle()
    fresh = pair.check()["case"]
    back = pair.check(b, "li")["case"]
    pair.settle()
    a.kill()
    b.kill()
    a.serve()
    b.serve()
    pair.settle()
    for party in (a, b):
        assert [version_of(party, c) for c in (old, fresh, back)] == [1, 2, 2]
        assert party.json("case", "show", fresh)["state"] == "checked"
    bundle = pair.folder / "fresh.parley"
    a.parley_ok("case", "export", fresh, "--out", bundle)
    a_stranger_verifies(pair, bundle)
