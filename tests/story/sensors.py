"""Sensors of every kind on a live node: nothing lost, nothing twice, over kill -9 and rotation."""
import json
import os
import pathlib
import signal
import socket
import sys
import threading
import time

from party import SOURCE

sys.path.insert(0, str(SOURCE / "tests" / "watch"))
import scenario  # noqa: E402


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


PORT = free_port()


def three(folder):
    folder = pathlib.Path(folder)
    (folder / "eve.json").touch()
    return [f"file={folder / 'eve.json'}:follow", f"call=unix:{folder / 's.sock'}:follow",
            f"flows=udp:127.0.0.1:{PORT}:follow"]


def lines(first, count):
    return "".join(
        '{"timestamp":"2026-01-02T00:%02d:%02d.000000+0000","event_type":"ssh","src_ip":'
        '"198.51.100.7","src_port":%d,"dest_ip":"192.0.2.10","dest_port":22,"proto":"TCP"}\n'
        % (n // 60 % 60, n % 60, 1024 + n) for n in range(first, first + count))


def add(path, text):
    with path.open("a") as out:
        out.write(text)


def sources(party):
    answer = party.json("watch", "sources")
    return {s["name"]: s for s in answer["sources"]}, answer["totals"]["events"]


def until_events(party, name, count, total):
    def there():
        found, events = sources(party)
        return found.get(name, {}).get("events") == count and events == total
    try:
        party.until(there, f"{name} has {count} events of {total}", 30)
    except TimeoutError:
        print(sources(party), party.log.read_text()[-2000:])
        raise


def every_kind_of_sensor_is_read_and_no_record_twice(pair):
    a, folder = pair.a, pair.folder
    log = folder / "eve.json"
    add(log, lines(0, 100))
    until_events(a, "file", 100, 100)
    with socket.socket(socket.AF_UNIX) as call:
        call.connect(str(folder / "s.sock"))
        call.sendall(lines(0, 10).encode())
        until_events(a, "call", 10, 110)
    packets = list(scenario.messages(9, scenario.connections()[:40], False))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        for packet in packets:
            out.sendto(packet, ("127.0.0.1", PORT))
    until_events(a, "flows", 80, 190)
    found, _ = sources(a)
    assert found["flows"]["format"] == "netflow" and found["file"]["format"] == "eve", found
    assert found["file"]["lag"] == 0 and found["file"]["damaged"] == 0, found
    # Killed whole; rotated twice as much as it could follow: the old file got more, too.
    a.kill()
    add(log, lines(100, 20))
    log.rename(folder / "eve.json.1")
    add(log, lines(120, 30))
    a.serve()
    until_events(a, "file", 50, 240)
    # In place: copied away and cut, then written again.
    time.sleep(0.5)
    log.write_text("")
    time.sleep(6)
    add(log, lines(150, 5))
    until_events(a, "file", 55, 245)
    add(log, '{"timestamp":"2026-01-02T00:00:0\n' + "x" * (3 << 20) + "\n" + lines(155, 1))
    until_events(a, "file", 56, 246)
    found, _ = sources(a)
    assert found["file"]["damaged"] == 2 and len(found["file"]["by-rule"]) == 2, found


every_kind_of_sensor_is_read_and_no_record_twice.sensors = three


def calling(folder):
    folder = pathlib.Path(folder)
    return three(folder)[:2] + ["input=-:follow"]


def resident(process):
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) >> 10


def until_blocked(sent):
    """Until who sends gets nothing more away: the number of bytes that he did."""
    before = -1
    while sent[0] != before or before == 0:
        before = sent[0]
        time.sleep(1)
    return before


def give(fd, data, sent):
    """All of it, as fast as it is taken; sent[0] grows."""
    view = memoryview(data)
    while view:
        n = os.write(fd, view[:1 << 16])
        sent[0] += n
        view = view[n:]


def who_hurries_waits_and_who_falls_silent_is_said(pair):
    """Back-pressure: what watch does not read stays with the sensor, not in anybody's queue."""
    a, log = pair.a, pair.folder / "eve.json"
    a.stop()
    settings = json.loads((a.node / "settings.json").read_text())
    settings["sensors"][0]["silent-after"] = 5
    look_for(a, sensors=settings["sensors"])
    reading, writing = os.pipe()
    a.serve(stdin=reading)
    os.close(reading)
    # Standard input, and a socket that is called, both faster than watch, which stands still.
    one_line = lines(0, 1).encode()
    many = one_line * 100000
    watch = a.children()["watch"]
    memory = resident(watch)
    sent = {"input": [0], "call": [0]}
    with socket.socket(socket.AF_UNIX) as call:
        call.connect(str(pair.folder / "s.sock"))
        os.kill(watch, signal.SIGSTOP)
        senders = [threading.Thread(target=give, args=(fd, many, sent[name]))
                   for name, fd in (("input", writing), ("call", call.fileno()))]
        for sender in senders:
            sender.start()
        for name in sent:
            assert until_blocked(sent[name]) < 2 << 20, sent
        os.kill(watch, signal.SIGCONT)
        for sender in senders:
            sender.join(240)
        call.shutdown(socket.SHUT_WR)
        until_events(a, "input", 100000, 200000)
    os.close(writing)
    assert resident(watch) - memory < 16, (memory, resident(watch))  # MiB, of 2 x 16 MiB sent
    # A line of which half is written when the file is renamed, and the rest behind that.
    old = lines(0, 2)
    add(log, old[:len(old) - 40])
    until_events(a, "file", 1, 200001)
    log.rename(pair.folder / "eve.json.1")
    add(pair.folder / "eve.json.1", old[len(old) - 40:])
    add(log, lines(2, 3))
    until_events(a, "file", 5, 200005)
    found, _ = sources(a)
    assert all(s["damaged"] == 0 for s in found.values()), found
    # Nothing more comes: that is no peace.
    a.until(lambda: sources(a)[0]["file"]["state"] == "silent", "the file is silent", 30)
    a.until(lambda: "sensor file: no record for 5 seconds" in a.log.read_text(), "the warning", 30)
    said = a.run("status", "--check")
    assert said.returncode == 3 and "silent" in said.stdout and "file" in said.stdout, said
    add(log, lines(5, 1))
    until_events(a, "file", 6, 200006)
    assert sources(a)[0]["file"]["state"] == "reading"
    a.until(lambda: "sensor file: records come again" in a.log.read_text(), "that it is back", 30)


who_hurries_waits_and_who_falls_silent_is_said.sensors = calling


def one(folder):
    (pathlib.Path(folder) / "eve.json").touch()
    return [f"file={pathlib.Path(folder) / 'eve.json'}:follow"]


def look_for(party, **members):
    """A person writes lists into the settings."""
    path = party.node / "settings.json"
    settings = json.loads(path.read_text())
    settings.update(members)
    path.write_text(json.dumps(settings, indent=1, sort_keys=True) + "\n")


def names(first, count, name):
    return "".join(
        '{"timestamp":"2026-01-02T01:%02d:%02d.000000+0000","event_type":"dns","src_ip":'
        '"192.0.2.10","src_port":5353,"dest_ip":"192.0.2.53","dest_port":53,"proto":"UDP",'
        '"dns":{"type":"query","rrname":"%s"}}\n' % (n // 60 % 60, n % 60, name)
        for n in range(first, first + count))


def hits(party):
    return {(h["value"] or h["id"]): h["events"] for h in party.json("watch", "hits")["hits"]}


def until_hits(party, want):
    try:
        party.until(lambda: hits(party) == want, f"sightings {want}", 30)
    except TimeoutError:
        print(party.json("watch", "hits"), party.json("indicator", "list"),
              party.log.read_text()[-3000:])
        raise


def replace(path, text):
    """As every list is to be replaced: by renaming."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.rename(path)


def what_is_looked_for_is_seen_once_over_kill_and_new_lists(pair):
    a, log, listed = pair.a, pair.folder / "eve.json", pair.folder / "listed.txt"
    bundle = pair.folder / "one.json"
    exits, known = pair.folder / "exits.txt", pair.folder / "known.json"
    replace(exits, "198.51.100.7\n")
    replace(known, json.dumps({"name": "n", "type": "hostname", "list": ["bad.example"]}))
    replace(listed, "198.51.100.7\nbad.example\n")
    replace(bundle, json.dumps({"type": "bundle", "objects": [
        {"type": "indicator", "id": "indicator--1", "valid_until": "2026-01-02T01:00:30Z",
         "pattern": "[domain-name:value LIKE '%.odd.example']"},
        {"type": "indicator", "id": "indicator--2",
         "pattern": "[email-addr:value = 'someone@a.example']"}]}))
    a.stop()
    look_for(a, indicators=[
        {"name": "mine", "path": str(listed), "kind": "list", "marking": "amber"},
        {"name": "feed", "path": str(bundle), "kind": "stix"},
        {"name": "gone", "path": str(pair.folder / "gone"), "kind": "auto"}],
        lists=[{"name": "exits", "path": str(exits), "kind": "tor", "from": "2026-01-01T00:00:00Z",
                "until": "2026-02-01T00:00:00Z"},
               {"name": "known", "path": str(known), "kind": "warning"}])
    a.serve()
    # What lies there before the lists are read waits for them.
    add(log, lines(0, 100) + names(0, 60, "www.BAD.example") + names(0, 60, "x.odd.example"))
    until_hits(a, {"198.51.100.7": 100, "bad.example": 60, "indicator--1": 60})
    shown = {h["value"] or h["id"]: h for h in a.json("watch", "hits")["hits"]}
    assert shown["bad.example"]["tlp"] == "amber" and shown["bad.example"]["list"] == "mine"
    assert shown["bad.example"]["confidence"] == "moderate", shown["bad.example"]
    assert shown["bad.example"]["warned"] == 60, shown["bad.example"]
    assert shown["indicator--1"]["outside"] == 30, shown["indicator--1"]
    assert shown["198.51.100.7"]["confidence"] == "moderate", shown
    held = {x["name"]: x for x in a.json("indicator", "list")["indicators"]}
    assert held["exits"]["state"] == "lowers" and held["known"]["format"] == "warninglist", held
    assert held["mine"]["canary"] == held["feed"]["canary"] == "fires", held
    assert held["feed"]["refused"] == {"person": 1} and "gone" not in held, held
    # A source that was an exit then lowers what its incident is worth.
    add(log, names(600, 1, "later.example"))  # two minutes on: what is held is counted
    a.until(lambda: a.json("watch", "incidents")["incidents"], "an incident", 30)
    found = a.json("watch", "incidents")["incidents"][0]
    assert found["confidence"] == "low" and "source-tor" in found["reasons"], found
    # Killed whole: nothing is counted twice.
    a.kill()
    add(log, lines(100, 20))
    a.serve()
    until_hits(a, {"198.51.100.7": 120, "bad.example": 60, "indicator--1": 60})
    # Another version takes over without a restart; a damaged one changes nothing.
    replace(listed, "worse.example\n")
    a.until(lambda: {x["name"]: x["entries"] for x in
                     a.json("indicator", "list")["indicators"]}.get("mine") == 1, "the new list", 30)
    add(log, lines(120, 5) + names(0, 7, "worse.example"))
    until_hits(a, {"198.51.100.7": 120, "bad.example": 60, "indicator--1": 60,
                   "worse.example": 7})
    replace(bundle, '{"objects": [')
    a.until(lambda: "the lists stay as they were" in a.log.read_text(), "the refusal", 30)
    add(log, names(0, 3, "worse.example"))
    until_hits(a, {"198.51.100.7": 120, "bad.example": 60, "indicator--1": 60,
                   "worse.example": 10})


    # Other lists in the settings are taken up beside the stream: no process is begun anew, and what
    # the open incident's group holds goes on.
    replace(bundle, json.dumps({"type": "bundle", "objects": []}))
    replace(pair.folder / "more.txt", "more.example\n")
    processes = a.children()
    look_for(a, lists=[], indicators=[
        {"name": "more", "path": str(pair.folder / "more.txt"), "kind": "list"},
        {"name": "mine", "path": str(listed), "kind": "list"}])
    a.process.send_signal(signal.SIGHUP)
    add(log, names(0, 4, "more.example") + names(0, 2, "worse.example"))
    a.until(lambda: {x["name"] for x in a.json("indicator", "list")["indicators"]} ==
            {"more", "mine"}, "the lists of the new settings", 30)
    add(log, names(0, 5, "more.example"))
    a.until(lambda: hits(a).get("more.example", 0) >= 5 and hits(a)["worse.example"] == 12,
            "sightings by the new lists", 30)
    assert a.children() == processes, "a process was begun anew"
    # And the last of them goes as they came.
    look_for(a, indicators=[])
    a.process.send_signal(signal.SIGHUP)
    a.until(lambda: a.json("indicator", "list")["indicators"] == [], "no list", 30)
    add(log, lines(125, 100))
    a.until(lambda: sources(a)[0]["file"]["lag"] == 0, "all is read", 30)
    assert a.children() == processes, "a process was begun anew"


what_is_looked_for_is_seen_once_over_kill_and_new_lists.sensors = one
