"""STIX patterns: compiling, asking JSON, a hundred thousand against events; beside plain Python."""
import pathlib
import sys
import time

PACKAGES = []
ROOT = pathlib.Path(__file__).resolve().parents[2]
FORMS = {"equality": "address =", "and": "reference = AND port =", "like": "three OR, one LIKE",
         "issubset": "ISSUBSET", "matches": "MATCHES (RE2)"}
# cti-pattern-matcher 3.0.0, CPU time: patterns compiled a second, pairs a second one at a time.
OASIS = {"equality": (4141, 14089), "and": (2539, 9209), "like": (2019, 6693),
         "issubset": (1681, 14575), "matches": (4449, 6828)}


def plain_python():
    """Reads and answers a CPU-second of the tests' second reading: simple Python, no ANTLR."""
    sys.path.insert(0, str(ROOT / "tests" / "stix"))
    import reference

    text = "[ipv4-addr:value = '198.51.100.7']"
    observed = [{"first_observed": "2020-01-01T00:00:00Z", "number_observed": 1,
                 "last_observed": "2020-01-01T00:00:00Z",
                 "objects": {"0": {"type": "ipv4-addr", "value": "198.51.100.7"}}}]
    begin, n = time.process_time(), 0
    while time.process_time() - begin < 0.5:
        reference.answer(text, observed)
        n += 1
    return n / (time.process_time() - begin)


def run(bench):
    ours = bench.figures([bench.build / "tests" / "stix" / "bench-pattern"])
    bench.found["compile"] = min((ours[f"compile_{f}"], FORMS[f]) for f in FORMS)
    bench.found["match"] = min((ours[f"match_{f}"], FORMS[f]) for f in FORMS)
    bench.found["patterns"] = ours["events_per_s"]
    yield bench.table(
        "One core, CPU time; a pair is a pattern and an observation of five objects, already read. "
        "The OASIS matcher's figures are of another run on a machine of this kind",
        ["form", "compiled/s", "OASIS", "parley is", "pairs/s", "OASIS", "parley is"],
        [[FORMS[f], bench.rate(ours[f"compile_{f}"]), bench.rate(OASIS[f][0]),
          bench.times(ours[f"compile_{f}"] / OASIS[f][0]), bench.rate(ours[f"match_{f}"]),
          bench.rate(OASIS[f][1]), bench.times(ours[f"match_{f}"] / OASIS[f][1])] for f in FORMS],
        target="200,000 compiled/s, 2 M pairs/s")
    both = 1 / (1 / ours["compile_equality"] + 1 / ours["match_equality"])
    python = plain_python()
    yield bench.table(
        "The same run: a pattern read and asked once", ["what", "a second", "parley is"],
        [["parley, address =", bench.rate(both), ""],
         ["plain Python (tests/stix/reference.py)", bench.rate(python),
          bench.times(both / python)]])
    yield bench.table(
        "100,000 patterns (subnets, addresses, address AND port) through the index, every candidate "
        "asked",
        ["what", "figure"],
        [["events/s", bench.rate(ours["events_per_s"])],
         ["candidates an event, of which match",
          f"{ours['candidates_each']:.2f}, {ours['matches_each']:.2f}"],
         ["loaded and indexed", f"{ours['load_s']:.2f} s"],
         ["bytes a pattern, index and all", bench.rate(ours["bytes_each"])],
         ["one article asked of an event", bench.rate(ours["article_per_s"]) + " /s"]],
        target="100,000 events/s")
    yield bench.table(
        "REPEATS 10 TIMES WITHIN 8 SECONDS over twenty observations that do not fit",
        ["what", "time"],
        [["parley", f"{ours['worst_us']:.1f} us"], ["OASIS matcher, another run", "2.4 s"]],
        target="below 1 ms")
