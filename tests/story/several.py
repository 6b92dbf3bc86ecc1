"""One node under two agreements, with another partner in each."""
import json

from party import Party, make_agreement

SECOND = "pact-second"


def with_second(*args):
    return (*args, "--agreement", SECOND)


def rename(agreement):
    agreement["id"] = SECOND


def calm(a, c):
    mine = a.json(*with_second("status"))["ledger"]
    theirs = c.json("status")["ledger"]
    return (mine["size"] == mine["binding"] == theirs["theirs"] == theirs["cosigned"] > 1
            and theirs["size"] == theirs["binding"] == mine["theirs"] == mine["cosigned"] > 1)


def a_node_serves_two_agreements_with_two_partners(pair):
    """Joined later, by the same party, keys and node; neither log knows of the other."""
    a, c = pair.a, Party(pair.a.parley, pair.folder, "cert-c")
    try:
        pact = make_agreement(pair.folder, a, c, rename, name="second.agreement.json")
        c.init(pact)
        c.serve()
        joined = ("agreement", "join", pact, *a.flags("--root-key", "root"))
        settings = (a.node / "settings.json").read_bytes()
        assert a.run(*joined, "--dry-run").returncode == 0
        assert (a.node / "settings.json").read_bytes() == settings
        a.parley_ok(*joined)
        again = a.run(*joined)
        assert again.returncode == 9 and "has pact-second already" in again.stderr, again
        a.stop()
        a.serve(wait=False)
        a.until(lambda: a.run(*with_second("status")).returncode in (0, 3), "both are served")
        # Where there are two, a command says which one it means.
        unsaid = a.run("peer", "ping", "--yes", officer="ivanova")
        assert unsaid.returncode == 2 and "--agreement" in unsaid.stderr, unsaid
        for party, which in ((a, with_second()), (c, ())):
            party.new_keys("zhou")
            party.parley_ok("officer", "add", "zhou", "--role", "drafter,releaser",
                            *party.flags("--key", "zhou"), *party.flags("--root-key", "root"),
                            "--yes", *which)
        asked = a.run(*with_second("peer", "ping"), "--yes", "--json", officer="zhou")
        assert asked.returncode in (0, 7), asked  # 7: the link is not up yet
        said = json.loads(asked.stdout)
        a.until(lambda: calm(a, c), "the second pair of ledgers converges")
        shown = c.json("case", "show", said["case"])
        assert [s["kind"] for s in shown["statements"]][:2] == ["CHECK", "RECEIPT"], shown
        first = a.json("ledger", "show", "--agreement", "pact-2015-example")
        assert all("pact-second" not in e["text"] for e in first["entries"])
        # An officer of one agreement is nobody under the other.
        stranger = a.run(*with_second("peer", "ping"), "--yes", officer="ivanova")
        assert stranger.returncode in (4, 5), stranger
        bundle = pair.folder / "second.parley"
        a.parley_ok(*with_second("case", "export", said["case"]), "--out", bundle)
        assert a.run("verify", bundle).returncode == 0
    finally:
        c.stop()
