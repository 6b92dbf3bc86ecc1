"""Faults that two whole nodes survive: a full disk, a wrong clock, a bad line, a flipped bit."""
import json
import os
import re
import signal
import time

from pair import entries, kinds
from shim import Shim
from wire import Wire

HOUR = 3600  # seconds: twelve times the skew that the example agreement allows
CALM = 3.2  # seconds that a link must live for the pauses between dials to begin anew


def fill(folder, left):
    """Takes every byte but `left`; returns the file to be removed."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as out:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while out.write(bytes(size)) == size:
                    pass
            except OSError:
                continue
        out.truncate(max(0, out.tell() - left))
    return ballast


def speak_until_refused(pair, said):
    """The refusal's own words; what was acknowledged before goes to `said`."""
    for _ in range(200):
        result = pair.a.run("peer", "ping", "--yes", "--json", officer="ivanova")
        if result.returncode not in (0, 7):
            return result.stdout + result.stderr
        said.append(json.loads(result.stdout))
    raise AssertionError("the small disk took everything")


def serve_on_a_full_disk(party):
    """A start on a full disk answers, too: as ever, or that the disk is full."""
    party.kill()
    party.serve(wait=False)
    party.until(lambda: party.run("status").returncode in (0, 3, 10), "the node answers")


def all_that_was_said_stands_once(party, said):
    found = [e["leaf"] for e in entries(party)]
    assert len(found) == len(set(found))
    for one in said:
        assert found[int(one["index"])] == one["leaf"], one


def a_full_disk_is_said_and_nothing_acknowledged_is_lost(pair):
    """Full at several places of the way from a draft to a signed head; B goes on speaking."""
    said, theirs = [pair.check()], []
    pair.settle()
    for left, killed in ((0, False), (24, True), (96, False), (160, True), (300, False)):
        ballast = fill(pair.disk, left << 10)
        why = speak_until_refused(pair, said)
        assert "full" in why, why
        theirs.append(pair.check(pair.b, "li"))
        pair.a.until(lambda: "full" in pair.a.log.read_text(), "the log says that the disk is full")
        status = pair.a.run("status")
        assert "full" in status.stdout + status.stderr, status
        doctor = pair.a.run("doctor")
        assert doctor.returncode == 1 and "0 MiB left" in doctor.stdout, doctor
        if killed:
            serve_on_a_full_disk(pair.a)
        ballast.unlink()
        pair.a.until(lambda: pair.a.run("status").returncode in (0, 3), "there is room again")
        pair.settle()
        all_that_was_said_stands_once(pair.a, said)
        all_that_was_said_stands_once(pair.b, theirs)
    assert pair.a.run("ledger", "audit").returncode == 0
    assert pair.b.run("ledger", "audit").returncode == 0
    pair.check()
    pair.settle()


a_full_disk_is_said_and_nothing_acknowledged_is_lost.disk = "8m"


def refused_for_the_clock(party, words):
    result = party.run("peer", "ping", "--yes", "--json", officer="ivanova")
    assert result.returncode == 1 and words in result.stderr, result
    assert words in party.run("status").stdout
    doctor = party.run("doctor")
    assert doctor.returncode == 1 and words in doctor.stdout, doctor.stdout
    alarms = party.json("status")["alarms"]
    assert not [a for a in alarms if "overdue" in a], f"late by our clock alone: {alarms}"


def our_wrong_clock_is_said_and_nothing_is_appended(pair):
    """It jumps while the node runs, and comes back; then it is behind at a start."""
    a, b = pair.a, pair.b
    a.stop()
    shim = Shim(a)
    a.serve()
    said = [pair.check()]
    pair.settle()
    for wrong in (HOUR, -HOUR):
        size = a.json("status")["ledger"]["size"]
        shim.clock(wrong)
        refused_for_the_clock(a, "our clock jumped")
        waits = pair.check(b, "li")
        assert a.json("status")["ledger"]["size"] == size
        shim.clock(0)
        pair.settle()
        assert "REJECT" not in kinds(a), "a wrong clock judged the partner's time"
        assert b.json("case", "show", waits["case"])["state"] == "checked"
        said.append(pair.check())
    a.stop()
    shim.clock(-HOUR)
    a.serve()
    a.until(lambda: a.json("status")["ledger"]["size"], "the log is open")
    refused_for_the_clock(a, "before what we have already signed")
    a.stop()
    shim.clock(0)
    a.serve()
    said.append(pair.check())
    pair.settle()
    all_that_was_said_stands_once(a, said)


our_wrong_clock_is_said_and_nothing_is_appended.mounts = True


def the_partners_bad_time_is_rejected_and_both_logs_go_on(pair):
    """A node that is started by a clock an hour ahead cannot know; its partner can."""
    a, b = pair.a, pair.b
    a.stop()
    shim = Shim(a)
    shim.clock(HOUR)
    a.serve()
    bad = pair.check()
    pair.settle()
    rejects = [e["text"] for e in entries(b) if "kind REJECT" in e["text"]]
    assert len(rejects) == 1 and bad["case"] in rejects[0], rejects
    shown = str(a.json("case", "show", bad["case"])["statements"])
    assert "claimed time ahead of the receiver's clock" in shown, shown
    for party, officer in ((a, "ivanova"), (b, "li")):
        before = party.json("status")["ledger"]["binding"]
        pair.check(party, officer)
        pair.settle()
        assert party.json("status")["ledger"]["binding"] > before
        assert not b.json("status")["signing"], "the partner's clock must not stop us"
    assert a.run("ledger", "audit").returncode == 0
    assert b.run("ledger", "audit").returncode == 0


the_partners_bad_time_is_rejected_and_both_logs_go_on.mounts = True


def links_ended(party):
    return sum(" gate info link " in line and " down: " in line
               for line in party.log.read_text().splitlines())


def every_check_has_one_receipt(two):
    for author, other in ((two.a, two.b), (two.b, two.a)):
        checks = [e for e in entries(author) if "kind CHECK" in e["text"]
                  and "answers -" in e["text"]]
        answered = [e["text"].split("answers ")[1].split("\n")[0] for e in entries(other)
                    if "kind RECEIPT" in e["text"]]
        assert len(checks) == len(answered) == len(set(answered)), (len(checks), answered)


def one_flipped_bit_in_a_message_is_refused_by_rule(pair):
    """Flipped between the sender's hands and his TLS, so that only our own rules can notice: in a
    frame's header, in an entry, in a document."""
    a, b = pair.a, pair.b
    a.stop()
    shim = Shim(a)
    a.serve()
    pair.settle()
    said = []
    for after, rule in ((4, "PROTOCOL.hotline 2"), (300, "mirror: |PROTOCOL.ledger 3: entry"),
                        (900, "PROTOCOL.ledger 3: not the document disclosed")):
        time.sleep(CALM)
        ended, seen = links_ended(b), len(b.log.read_text())
        shim.flip(after)
        said.append(pair.check())
        b.until(lambda: links_ended(b) > ended, "the link ends")
        assert shim.is_spoilt() and re.search(rule, b.log.read_text()[seen:]), b.log.read_text()
        pair.settle()
    all_that_was_said_stands_once(a, said)
    every_check_has_one_receipt(pair)
    alarms = b.json("status")["alarms"]
    assert not [x for x in alarms if "contradictory" in x], f"no fork by a flipped bit: {alarms}"
    assert b.run("ledger", "audit").returncode == 0


one_flipped_bit_in_a_message_is_refused_by_rule.mounts = True


WIRES = []


def over_wires_that_break(agreement):
    for party in agreement["parties"]:
        WIRES.append(Wire(int(party["nodes"][0].split(":")[1])))
        party["nodes"] = [f"127.0.0.1:{WIRES[-1].port}"]


def what_was_on_a_cut_link_is_said_once(pair):
    """Cut at a frame's first byte, within it and behind it, and a bit flipped under TLS."""
    said, theirs = [], []
    for what, after in (("cut", 1), ("cut", 1500), ("flip", 40)):
        time.sleep(CALM)
        ended = links_ended(pair.a) + links_ended(pair.b)
        for wire in WIRES:
            wire.arm(what, after)
        said.append(pair.check())
        theirs.append(pair.check(pair.b, "li"))
        pair.a.until(lambda: links_ended(pair.a) + links_ended(pair.b) > ended, "the link ends")
        for wire in WIRES:
            wire.arm(None, None)
        pair.settle()
    all_that_was_said_stands_once(pair.a, said)
    all_that_was_said_stands_once(pair.b, theirs)
    every_check_has_one_receipt(pair)


what_was_on_a_cut_link_is_said_once.change = over_wires_that_break


def a_node_stops_in_whatever_order_its_processes_end(pair):
    """Each in turn stands still while the others go: who waits for it must hear of its end."""
    a = pair.a
    for name in sorted(a.children()):
        late = a.children()[name]
        node = a.process
        os.kill(late, signal.SIGSTOP)
        node.send_signal(signal.SIGTERM)
        time.sleep(1)
        os.kill(late, signal.SIGCONT)
        node.wait(30)
        said = a.log.read_text()
        assert "does not stop" not in said and "was killed" not in said, (name, said[-2000:])
        a.stop()
        a.serve()
    pair.check()
    pair.settle()
