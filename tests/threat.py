#!/usr/bin/env python3
"""docs/threat-model.md names no test that is not there: each `folder/file/test` of its table is a
function of that name, registered with cmocka, in a source of tests/."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]


def source_of(path):
    for place in (ROOT / "tests" / f"{path}.c", ROOT / "tests" / "drill" / f"{path}.c",
                  ROOT / "tests" / f"{path}.py"):
        if place.exists():
            return place.read_text()
    return ""


def main():
    text = (ROOT / "docs" / "threat-model.md").read_text()
    table = text[text.index("## The attacks on the record, mounted"):]
    names = re.findall(r"`([a-z/_-]+)/([a-z_0-9]{12,})`", table)
    missing = [f"{path}/{name}" for path, name in names
               if not re.search(rf"cmocka_unit_test\({name}\)|^def {name}\(", source_of(path), re.M)]
    for name in missing:
        print(f"docs/threat-model.md names {name}, which no test is called")
    print(f"{len(names)} drills named, {len(missing)} not there")
    return 1 if missing or len(names) < 25 else 0


if __name__ == "__main__":
    sys.exit(main())
