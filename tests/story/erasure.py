"""A document goes, its entry stays: parley ledger erase."""
import json
import shutil

import notice
from pair import entries
from rotation import both_verify, bundle_of

CANARY = "the person on duty was J. Doe"


def holds(folder, text):
    """Files below it that have these bytes."""
    return [path for path in folder.rglob("*")
            if path.is_file() and not path.is_symlink() and text.encode() in path.read_bytes()]


def copy_of(party, folder):
    party.stop()
    shutil.copytree(party.node, folder, symlinks=True)
    party.serve()


def put_back(party, folder):
    party.stop()
    shutil.rmtree(party.node)
    shutil.copytree(folder, party.node, symlinks=True)
    party.serve()


def closed_case(pair):
    """A NOTICE that names a person, answered and closed by both: its case and its index."""
    a, b = pair.a, pair.b
    incident = notice.incident_of(a)
    case = notice.released(a, a.json("case", "new", "--incident", incident["id"], "--text", CANARY,
                                     "--yes", officer="ivanova"))
    notice.sees(b, case, "NOTICE")
    b.parley_ok("case", "ack", case, "--yes", officer="li")
    notice.released(b, b.json("case", "reply", case, "--field", "result=granted", "--yes",
                              officer="li"), "wang")
    notice.sees(a, case, "ANSWER")
    notice.released(a, a.json("case", "close", case, "--yes", officer="ivanova"))
    notice.sees(b, case, "CLOSE")
    index, = [s["index"] for s in a.json("case", "show", case)["statements"] if s["kind"] == "NOTICE"]
    pair.settle()
    erase(a, index, "--yes", expect=9)  # the other side has not agreed to close it
    notice.released(b, b.json("case", "close", case, "--yes", officer="li"), "wang")
    pair.settle()
    assert holds(a.node, CANARY) and holds(b.node, CANARY)
    return case, index


def erase(party, index, *flags, expect=0):
    done = party.run("ledger", "erase", index, "--reason", "a person is named", "--json", *flags)
    assert done.returncode == expect, (done.stdout, done.stderr)
    return json.loads(done.stdout or done.stderr)


def audited(party, whose, what):
    checks = party.json("ledger", "audit")["checks"]
    assert all(check["state"] == "ok" for check in checks), checks
    found, = [c["found"] for c in checks if c["name"] == f"{whose} documents"]
    assert what in found, found


def an_erased_document_is_gone_and_the_record_stands(pair):
    a, b = pair.a, pair.b
    case, index = closed_case(pair)
    state = {party: party.json("case", "show", case)["state"] for party in (a, b)}
    leaf = entries(a)[index]["leaf"]

    # Not by mistake, not without a reason, and nothing that the node reads again.
    assert a.run("ledger", "erase", index, "--reason", "x").returncode not in (0, 10)
    assert a.run("ledger", "erase", index, "--yes").returncode == 2
    erase(a, 0, "--yes", expect=4)
    erase(a, 1, "--yes", expect=4)
    erase(a, 4096, "--yes", expect=8)
    assert holds(a.node, CANARY)

    gone = erase(a, index, "--yes")
    assert (gone["kind"], gone["case"], gone["leaf"]) == ("NOTICE", case, leaf), gone
    erase(a, index, "--yes", expect=9)
    erase(b, index, "--log", "theirs", "--yes")
    assert not holds(a.node, CANARY) and not holds(b.node, CANARY)
    assert entries(a)[index]["leaf"] == entries(b, "theirs")[index]["leaf"] == leaf
    audited(a, "our", "1 erased")
    audited(b, "their", "1 erased")

    # The case is what it was, also over a restart, and its bundle is good and says what is missing.
    for party in (a, b):
        party.stop()
        party.serve()
        shown = party.json("case", "show", case)
        assert shown["state"] == state[party] and CANARY not in json.dumps(shown), shown
        assert shown["statements"][0]["erased"]["reason"] == "a person is named", shown
    pair.settle()
    bundle = bundle_of(a, case, pair.folder, "erased.parley")
    both_verify(a.parley, bundle)
    assert "erased" in a.run("ledger", "show").stdout
    assert not holds(a.node, CANARY)


an_erased_document_is_gone_and_the_record_stands.sensors = notice.sample


def who_lost_his_log_gets_it_back_without_what_was_erased(pair):
    a, b = pair.a, pair.b
    before = {party: pair.folder / f"before.{party.name}" for party in (a, b)}
    for party, folder in before.items():
        copy_of(party, folder)
    pair.settle()
    _, index = closed_case(pair)
    erase(a, index, "--yes")
    erase(b, index, "--log", "theirs", "--yes")
    last = [entries(p, log)[-1]["leaf"] for p in (a, b) for log in ("ours", "theirs")]
    for party, log, whose in ((b, "theirs", "their"), (a, "ours", "our")):
        put_back(party, before[party])
        pair.settle()
        assert last == [entries(p, log)[-1]["leaf"] for p in (a, b) for log in ("ours", "theirs")]
        audited(party, whose, "1 refused or not here")
        assert not holds(party.node, CANARY)
    pair.check()
    pair.check(b, "li")
    pair.settle()
    assert not [x for p in (a, b) for x in p.json("status")["alarms"] if "broke a rule" in x]


who_lost_his_log_gets_it_back_without_what_was_erased.sensors = notice.sample
