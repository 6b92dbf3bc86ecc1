"""A clock of its own for one node, and a line that flips its bits; only in mounts of our own.

What is loaded before a program's libraries stands in a file in /etc, because a node's processes
inherit no environment. The node gets an /etc of its own: all of the real one, and that file.
"""
import pathlib
import struct
import subprocess

FORM = struct.Struct("=qq")  # shim.c: struct page


def sanitizers_of(parley):
    """They insist on being loaded first."""
    lines = subprocess.run(["ldd", parley], text=True, capture_output=True, check=True).stdout
    return [line.split()[2] for line in lines.splitlines() if "libasan" in line]


class Shim:
    def __init__(self, party):
        folder = party.home / "shim"
        etc, real, shim = folder / "etc", folder / "real", folder / "shim.so"
        etc.mkdir(parents=True)
        real.mkdir()
        source = pathlib.Path(__file__).with_name("shim.c")
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", shim, source, "-ldl"], check=True)
        for name in pathlib.Path("/etc").iterdir():
            (etc / name.name).symlink_to(real / name.name)
        self.page = etc / "parley-story-shim"
        self.page.write_bytes(FORM.pack(0, -1))
        (etc / "ld.so.preload").write_text(
            "\n".join([*sanitizers_of(party.parley), str(shim)]) + "\n")
        party.within = ["unshare", "--mount", "--propagation", "private", "sh", "-c",
                        f"mount --bind /etc {real} && mount --bind {etc} /etc && exec \"$@\"",
                        "sh"]

    def put(self, at, value):
        with self.page.open("r+b", buffering=0) as page:
            page.seek(at)
            page.write(struct.pack("=q", value))

    def clock(self, seconds):
        """Right plus so many seconds, at once."""
        self.put(0, seconds)

    def flip(self, after):
        """Spoils one bit of what is sent after so many bytes more."""
        self.put(8, after)

    def is_spoilt(self):
        return FORM.unpack(self.page.read_bytes())[1] < 0
