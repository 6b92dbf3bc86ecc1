"""Indicators by hand and by exchange, to watch and back to their sender: tales for stories.py."""
import json
import time

from exchange import Visitors
from taxii import indicator

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
