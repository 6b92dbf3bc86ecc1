"""Indicators by hand and by exchange, to watch and back to their sender: tales for stories.py."""
import json
import time

from exchange import TLP_GREEN, Visitors
from pair import kinds
from taxii import Client, indicator

STATED = 10  # seconds in which watch looks for what came, and no more for what was withdrawn


def until(party, what, why):
    begin = time.monotonic()
    party.until(what, why, 2 * STATED)
    took = time.monotonic() - begin
    assert took < STATED, f"{why} took {took:.1f} s"


def looked_for(party):
    held = {x["name"]: x for x in party.json("indicator", "list")["indicators"]}
    return held.get("exchange", {})


def an_indicator_reaches_watch_by_itself_and_leaves_it(pair):
    a = pair.a
    visitors = Visitors(a)
    visitors.restart()

    def count():
        one = looked_for(a)
        return (one.get("entries", 0), one.get("canary"))

    first = a.json("indicator", "add", "198.51.100.7", "--name", "at dawn")["id"]
    until(a, lambda: count() == (1, "fires"), "it is looked for")
    more = a.home / "list.txt"
    more.write_text("bad.example\n198.51.100.0/25\nnonsense value\n")
    said = a.json("indicator", "import", more)
    assert (said["added"], said["refused"]) == (2, 1), said
    assert a.json("indicator", "import", more)["known"] == 2, "a list may come again"
    visitors.misp().post("shared", [indicator(5)])
    until(a, lambda: count()[0] == 4, "a list and what a client posted are looked for")
    shown = a.json("indicator", "show", first)["object"]
    assert shown["pattern"] == "[ipv4-addr:value = '198.51.100.7']" and shown["name"] == "at dawn"
    assert len(a.json("indicator", "held")["indicators"]) == 4
    assert visitors.misp().walk("shared")[0] == shown, "our own people read it too"

    a.json("indicator", "withdraw", first)
    until(a, lambda: count()[0] == 3, "what is withdrawn is looked for no more")
    gone = visitors.misp().get(f"collections/shared/objects/{first}/").json()["objects"][0]
    assert gone["revoked"] is True
    assert a.run("indicator", "show", "indicator--00000000-0000-4000-8000-00000000ffff").returncode == 8
    assert a.run("indicator", "add", "[nonsense").returncode == 2
    assert a.run("indicator", "add", "192.0.2.9", "--collection", "partner/to").returncode == 4


def a_sighting_goes_back_to_whose_indicator_it_is(pair):
    a, b = pair.a, pair.b
    visitors = Visitors(a)
    url = f"https://127.0.0.1:{visitors.port}"
    who = ("--token-file", visitors.token_file, "--ca", visitors.cert)
    given = [indicator(n) for n in range(3)]
    visitors.misp().post("shared", given)
    b.json("collection", "pull", f"{url}/own/", "shared", *who)
    refused = b.run("indicator", "sight", given[0]["id"], *map(str, who))
    assert refused.returncode == 4 and "parley remote add" in refused.stderr, refused
    assert len(visitors.misp().walk("shared")) == 3, "nothing leaves to who is not named"
    b.parley_ok("remote", "add", "ours", f"{url}/own/")
    for number, meaning in enumerate(("seen", "false-positive", "expired")):
        more = ("--count", "7") if meaning == "seen" else ("--text", f"it is {meaning}")
        said = b.json("indicator", "sight", given[number]["id"], "--as", meaning, *more, *who)
        assert said["done"] == "sent, and kept"
        back = visitors.misp().get(f"collections/shared/objects/{said['id']}/").json()["objects"][0]
        assert (back["type"], back["sighting_of_ref"]) == ("sighting", given[number]["id"])
        assert (back["x_parley_meaning"], back["count"]) == (meaning, 7 if meaning == "seen" else 0)
    bundle = b.home / "sighting.json"
    b.json("indicator", "sight", given[0]["id"], "--out", bundle)
    assert json.loads(bundle.read_text())["objects"][0]["type"] == "sighting"
    assert len(visitors.misp().walk("shared")) == 6, "nothing was sent"
    b.json("indicator", "withdraw", given[1]["id"])
    assert len(b.json("indicator", "held")["indicators"]) == 2
    assert b.json("collection", "pull", f"{url}/own/", "shared", *who)["new"] == 3, "the sightings"
    assert len(b.json("indicator", "held")["indicators"]) == 2, "what was withdrawn stays away"


def a_sighting_of_a_partners_indicator_waits_for_an_officer(pair):
    """One command drafts it; released, it goes back by itself, or with one push where the node has no
    exchange of its own."""
    a, b = pair.a, pair.b
    ours = Visitors(a)
    agreement = a.json("status")["agreement"]
    ours.add("press", "--token", a.home / "press.token", "--writes", "partner/to", "--reads",
             "partner/from")
    ours.add("b-node", "--party", "cert-b", "--token", a.home / "b.token", "--reads", "partner/to",
             "--writes", "partner/from")
    ours.restart()
    press = Client(ours.port, ours.cert, "partner", token=(a.home / "press.token").read_text().strip())
    given = [indicator(n, object_marking_refs=[TLP_GREEN]) for n in range(3)]
    bundle = a.home / "share.json"
    bundle.write_text(json.dumps({"objects": given}))
    pair.settle()
    a.json("share", bundle, "--yes", officer="ivanova")
    pair.settle()
    assert press.post("to", given).json()["success_count"] == 3
    url = f"https://127.0.0.1:{ours.port}/partner/"
    who = ("--token-file", a.home / "b.token", "--ca", ours.cert)
    assert b.json("collection", "pull", url, "to", *who)["new"] == 3
    b.parley_ok("remote", "add", "theirs", url, "--agreement", agreement)

    def sight(number, meaning):
        said = b.json("indicator", "sight", given[number]["id"], "--as", meaning)
        assert said["done"] == "drafted, and kept"
        return said

    def approve(said):
        b.parley_ok("release", "approve", said["draft"], "--yes", officer="li")
        pair.settle()

    # without an exchange of our own: nothing goes before an officer's word
    said = sight(0, "seen")
    assert [d["draft"] for d in b.json("release", "list")["drafts"]] == [said["draft"]]
    push = ("collection", "push", "theirs", "from", *who)
    early = b.run(*push)
    assert early.returncode == 4 and "no SHARE to this partner" in early.stderr, early
    assert press.walk("from") == []
    approve(said)
    assert kinds(a, "theirs").count("SHARE") == 1, "nothing leaves without an entry"
    assert b.json(*push)["sent"] == 1
    assert b.json(*push)["sent"] == 0, "it waits no more"
    back, = press.walk("from")
    assert (back["id"], back["sighting_of_ref"], back["x_parley_meaning"]) == (
        said["id"], given[0]["id"], "seen")

    # with one: released, it stands where the partner reads
    theirs = Visitors(b)
    theirs.add("a-node", "--party", "cert-a", "--token", b.home / "a.token", "--reads", "partner/to")
    theirs.restart()
    reader = Client(theirs.port, theirs.cert, "partner", token=(b.home / "a.token").read_text().strip())
    two = [sight(1, "false-positive"), sight(2, "expired")]
    pair.settle()
    approve(two[1])
    b.until(lambda: reader.walk("to"), "what was released is there to be read", 30)
    assert [(o["id"], o["x_parley_meaning"], o["count"]) for o in reader.walk("to")] == [
        (two[1]["id"], "expired", 0)], "and what was not is not"
    b.parley_ok("release", "refuse", two[0]["draft"], officer="li")
    time.sleep(STATED + 2)
    assert len(reader.walk("to")) == 1


def what_was_shared_is_taken_back_on_both_sides(pair):
    """Officers of one side share, and take back; a reader of the other can show that it was taken
    back, and his watch lets go by itself."""
    a, b = pair.a, pair.b
    ours, theirs = Visitors(a), Visitors(b)
    ours.add("press", "--token", a.home / "press.token", "--writes", "partner/to")
    ours.add("b-node", "--party", "cert-b", "--token", a.home / "b.token", "--reads", "partner/to")
    ours.restart()
    press, reader = (Client(ours.port, ours.cert, "partner",
                            token=(a.home / f"{name}.token").read_text().strip())
                     for name in ("press", "b"))
    given = [indicator(n, object_marking_refs=[TLP_GREEN]) for n in range(3)]
    bundle = a.home / "share.json"
    bundle.write_text(json.dumps({"objects": given}))
    pair.settle()
    said = a.json("share", bundle, "--yes", officer="ivanova")
    pair.settle()
    assert press.post("to", given).json()["success_count"] == 3
    b.json("indicator", "add", "203.0.113.99")

    def pull():
        return b.json("collection", "pull", f"https://127.0.0.1:{ours.port}/partner/", "to",
                      "--token-file", a.home / "b.token", "--ca", ours.cert)
    assert pull()["new"] == 3
    until(b, lambda: looked_for(b).get("entries") == 4, "the partner looks for what was shared")

    some = a.home / "some.json"
    some.write_text(json.dumps({"objects": [given[1]]}))
    stranger = a.home / "stranger.json"
    stranger.write_text(json.dumps({"objects": [indicator(77)]}))
    assert a.run("retract", said["case"], stranger, "--yes", officer="ivanova").returncode == 9
    a.json("retract", said["case"], some, "--yes", officer="ivanova")
    until(b, lambda: looked_for(b).get("entries") == 3, "what was taken back is let go")
    assert reader.walk("to") == [given[0], given[2]]
    changes = reader.get("collections/to/changes/").json()["changes"]
    assert [(c["id"], c["change"]) for c in changes if c["change"] != "added"] == [
        (given[1]["id"], "withdrawn")]
    assert press.post("to", [given[1]]).json()["failure_count"] == 1, "it does not come in again"
    assert a.json("case", "show", said["case"])["state"] == "shared"

    a.json("retract", said["case"], "--yes", officer="ivanova")
    pair.settle()
    until(b, lambda: looked_for(b).get("entries") == 1, "all of it is let go, what is ours stays")
    assert reader.walk("to") == []
    assert {p.json("case", "show", said["case"])["state"] for p in (a, b)} == {"withdrawn"}
    assert a.run("retract", said["case"], "--yes", officer="ivanova").returncode == 9

    # the exchanges are told again what came out in the end; what is shared again may go again
    for party in (a, b):
        party.stop()
        party.serve()
    again = a.home / "again.json"
    again.write_text(json.dumps({"objects": [given[0]]}))
    pair.settle()
    a.json("share", again, "--yes", officer="ivanova")
    pair.settle()
    assert [press.post("to", [o]).json()["success_count"] for o in given] == [1, 0, 0]
    a.stop()
    a.serve()
    time.sleep(1)
    assert reader.walk("to") == [given[0]]
    assert pull()["new"] == 1
