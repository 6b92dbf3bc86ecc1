#!/usr/bin/env python3
"""Reads every #include of ours against src/FLOORS.

A file may include its own folder and folders on lower floors. Neighbours on a floor do not
include each other. The two doors model/permit_make.h and model/stored_make.h are open to one
room each.
"""
import pathlib
import re
import sys

DOORS = {"model/permit_make.h": {"release", "model"}, "model/stored_make.h": {"ledger", "model"}}


def floors(path):
    table = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            number, *folders = line.split()
            table.update({folder: int(number) for folder in folders})
    return table


def faults(src):
    floor = floors(src / "FLOORS")
    for path in sorted(src.rglob("*.[ch]")):
        folder = path.relative_to(src).parts[0]
        if path.parent == src:  # main.c stands on the roof
            folder = "cmd"
        if folder not in floor:
            yield f"{path}: folder {folder} is on no floor of {src}/FLOORS"
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if not match:
                continue
            target = match[1]
            other = target.split("/")[0]
            where = f"{path}:{number}: includes {target}"
            if "/" not in target or other not in floor:
                yield f"{where}: not by its folder"
            elif other != folder and floor[other] >= floor[folder]:
                yield f"{where}: floor {floor[other]} from floor {floor[folder]}"
            if folder not in DOORS.get(target, {folder}):
                yield f"{where}: a door of another room"
    for folder in floor:
        if not list((src / folder).glob("*.c")):
            yield f"{src / folder}: an empty room"


def main():
    source = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    found = list(faults(source / "src"))
    print("\n".join(found) if found else "every file includes its own floor and lower ones only")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
