"""What every topic of ./bench shares: running, timing, tables. README.md says how it is used."""
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEBIAN = "/usr/bin/python3"  # sees Debian's packages, whatever python3 comes first in PATH
PYTHON = DEBIAN if os.access(DEBIAN, os.X_OK) else sys.executable


class Table:
    def __init__(self, caption, header, rows, target=""):
        self.caption, self.header, self.rows, self.target = caption, header, rows, target
        self.notes = []

    def markdown(self):
        caption = self.caption + (f" (target: {self.target})" if self.target else "")
        lines = [caption, "", "| " + " | ".join(self.header) + " |",
                 "|" + "---|" * len(self.header)]
        lines += ["| " + " | ".join(map(str, row)) + " |" for row in self.rows]
        for note in self.notes:
            lines += ["", note]
        return "\n".join(lines) + "\n"

    def text(self):
        """The same for a terminal, in columns."""
        rows = [self.header] + [list(map(str, row)) for row in self.rows]
        widths = [max(len(row[i]) for row in rows) for i in range(len(self.header))]
        out = [self.caption + (f"   [target: {self.target}]" if self.target else "")]
        for row in rows:
            cells = [cell.ljust(w) if i == 0 else cell.rjust(w)
                     for i, (cell, w) in enumerate(zip(row, widths))]
            out.append("  " + "  ".join(cells).rstrip())
        return "\n".join(out + ["  " + note for note in self.notes]) + "\n"


class Bench:
    def __init__(self, build, disk, memory, real=None, times=3, found=None):
        self.build = pathlib.Path(build)
        self.parley = str(self.build / "src" / "parley")
        self.disk, self.memory = pathlib.Path(disk), pathlib.Path(memory)
        self.real = pathlib.Path(real) if real else None
        self.times_each = times
        self.last = None
        self.found = {} if found is None else found

    # tables and how figures are spelled

    def table(self, caption, header, rows, target=""):
        self.last = Table(caption, header, rows, target)
        return self.last

    def note(self, text):
        self.last.notes.append(text)

    @staticmethod
    def times(ratio):
        return f"{ratio:.2f} x" if ratio < 10 else f"{ratio:,.0f} x"

    @staticmethod
    def ms(seconds):
        return f"{seconds * 1e3:.3f}" if seconds < 0.01 else f"{seconds * 1e3:.1f}"

    @staticmethod
    def rate(n):
        return f"{n:,.0f}" if n >= 10 else f"{n:.2f}"

    @staticmethod
    def at(ordered, part):
        return ordered[min(len(ordered) - 1, int(len(ordered) * part))]

    # measuring

    @staticmethod
    def has(program):
        return shutil.which(program) is not None

    def cpu(self, command, times=None, **options):
        """The least user + system seconds that a run of this command took."""
        best = float("inf")
        options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": True,
                   **options}
        for _ in range(times or self.times_each):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(list(map(str, command)), **options)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            best = min(best,
                       after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        return best

    @staticmethod
    def figures(command, **options):
        """Runs a program that prints `name value` lines; the values as numbers by name."""
        done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, check=True,
                              text=True, **options)
        return {name: float(value) for name, value in
                (line.split() for line in done.stdout.splitlines() if line.strip())}

    def fdatasync(self, count=200, folder=None, size=4096):
        """Sorted seconds of one write and fdatasync each, in a file written before."""
        path = pathlib.Path(folder or self.disk) / "fdatasync.probe"
        took = []
        with open(path, "wb", buffering=0) as file:
            file.write(bytes(size * count))
            os.fdatasync(file.fileno())
            for n in range(count):
                begin = time.perf_counter()
                os.pwrite(file.fileno(), b"x" * size, n * size)
                os.fdatasync(file.fileno())
                took.append(time.perf_counter() - begin)
        path.unlink()
        return sorted(took)

    def cached(self, name, pieces):
        """A file on the disk, written out and then read once: what is read is the page cache."""
        path = pathlib.Path(self.disk) / name
        with open(path, "wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        with open(path, "rb") as file:
            while file.read(1 << 24):
                pass
        return path

    @staticmethod
    def sample():
        """The EVE records that the project's own generator writes."""
        return subprocess.run([sys.executable, ROOT / "share" / "make-sample"],
                              stdout=subprocess.PIPE, check=True).stdout

    def eve_files(self):
        """The real EVE captures, sorted by name; [] where there are none."""
        return sorted((self.real / "eve").glob("tpot-*.eve.json.zst")) if self.real else []

    @staticmethod
    def unpacked(path):
        if str(path).endswith(".zst"):
            return subprocess.run(["zstd", "-dcq", path], stdout=subprocess.PIPE,
                                  check=True).stdout
        return pathlib.Path(path).read_bytes()
