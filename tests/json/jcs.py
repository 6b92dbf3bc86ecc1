"""An independent RFC 8785 for our profile: Python's own JSON. Reads lines "any JSON<TAB>canonical
form" and says where the second is not what Python makes of the first."""
import json
import sys

for number, line in enumerate(open(sys.argv[1], encoding="utf-8", newline="\n"), 1):
    written, canonical = line.rstrip("\n").split("\t")
    tree = json.loads(written)
    expected = json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    if canonical != expected:
        sys.exit(f"line {number}: {canonical!r}, expected {expected!r}")
