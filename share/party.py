"""Two parties on one machine, through the command line alone, as users would run them.

Used by ./demo, by `parley demo` and by every story test. Nothing here knows how a node works inside.
"""
import copy
import hashlib
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import time

SHARE = pathlib.Path(__file__).resolve().parent
SOURCE = SHARE.parent  # the tree; only for who runs in it


def free_port():
    """Below the range that the kernel gives to outgoing connections: it stays ours while we are
    down."""
    while True:
        port = random.randrange(10000, 30000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def canonical_file(value):
    """The signed profile's form on disk: sorted, indented by one, a newline at the end."""
    return json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False) + "\n"


class Failed(Exception):
    def __init__(self, command, result):
        self.result = result
        super().__init__(f"{' '.join(map(str, command))}: exit {result.returncode}\n"
                         f"{result.stdout}{result.stderr}")


class Party:
    """One side: its keys, its officers, its node."""

    def __init__(self, parley, folder, name, tell=None, suites=("ed25519",)):
        self.parley, self.name, self.tell = str(parley), name, tell
        self.home = pathlib.Path(folder) / name
        self.home.mkdir(parents=True)
        self.node = self.home / "node"
        self.port = free_port()
        self.process = None
        self.within = []  # what node and officers are started by, if not directly
        self.log = self.home / "serve.log"
        self.suites = suites
        self.new_keys("root")
        self.parley_ok("key", "new", "--tls", self.home / "tls")

    def keys(self, who):
        """The files of somebody's private keys, one of each suite."""
        return [self.home / (f"{who}.pem" if s == "ed25519" else f"{who}.{s}.pem")
                for s in self.suites]

    def new_keys(self, who):
        for suite, path in zip(self.suites, self.keys(who)):
            self.parley_ok("key", "new", "--suite", suite, path)

    def flags(self, flag, who):
        return [part for path in self.keys(who) for part in (flag, path)]

    def run(self, *args, officer=None, input=None, env=None, timeout=60):
        command = [*(self.within if officer else ()), self.parley, *map(str, args)]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PARLEY_")}
        environment["PARLEY_NODE"] = str(self.node)
        if officer:
            environment["PARLEY_OFFICER"] = officer
            environment["PARLEY_KEY"] = ":".join(map(str, self.keys(officer)))
        environment.update(env or {})
        return subprocess.run(command, env=environment, text=True, capture_output=True,
                              input=input, timeout=timeout)

    def parley_ok(self, *args, **options):
        result = self.run(*args, **options)
        if result.returncode != 0:
            raise Failed(("parley", *args), result)
        return result.stdout

    def json(self, *args, **options):
        return json.loads(self.parley_ok(*args, "--json", **options))

    def public(self):
        """What the agreement says of this party's keys: (root key, tls pin), both base64."""
        root = self.json("key", "fingerprint", self.home / "root.pem")
        tls = self.json("key", "fingerprint", self.home / "tls.cert.pem")
        return root["key"], tls["pin"]

    def init(self, agreement, sensors=(), listen=True):
        args = ["init", agreement, "--as", self.name, *self.flags("--root-key", "root"),
                "--tls-key", self.home / "tls.key.pem", "--tls-cert", self.home / "tls.cert.pem",
                "--node", self.node]
        if listen:
            args += ["--listen", f"127.0.0.1:{self.port}"]
        for sensor in sensors:
            args += ["--sensor", sensor]
        return self.parley_ok(*args)

    def appoint(self, officer, roles="drafter,releaser"):
        self.new_keys(officer)
        return self.parley_ok("officer", "add", officer, "--role", roles,
                              *self.flags("--key", officer), *self.flags("--root-key", "root"),
                              "--yes")

    def serve(self, wait=True, flags=(), stdin=None):
        out = self.log.open("a")
        env = {k: v for k, v in os.environ.items() if not k.startswith("PARLEY_")}
        self.process = subprocess.Popen([*self.within, self.parley, "serve", "--node",
                                         str(self.node), *map(str, flags)], env=env, stdin=stdin,
                                        stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
        out.close()
        if wait:
            self.until(self.is_ready, "node is ready")
        return self

    def is_ready(self):
        """It answers, and keeper has told desk what it remembers: before that nothing is signed."""
        result = self.run("status", "--json")
        return (result.returncode in (0, 3)
                and "keeper has not said" not in json.loads(result.stdout)["signing"])

    def until(self, done, what, seconds=60):
        """Waits until done() is true; polls, because a user's command line would."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process is not None and self.process.poll() is not None:
                raise RuntimeError(f"{self.name}: node ended with {self.process.returncode} "
                                   f"while waiting until {what}; see {self.log}")
            value = done()
            if value:
                return value
            time.sleep(0.05)
        raise TimeoutError(f"{self.name}: not within {seconds} s: {what}; see {self.log}")

    def stop(self):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()
        self.process = None

    def kill(self):
        """kill -9 of the whole node, every process of it."""
        if self.process is not None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
            self.process = None

    def children(self):
        """{process name: pid} of the node's children."""
        found = {}
        if self.process is None:
            return found
        pid = self.process.pid
        try:
            text = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
        except OSError:
            return found
        for child in text.split():
            try:
                line = pathlib.Path(f"/proc/{child}/cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            for name in ("gate", "judge", "watch", "desk", "keeper", "exchange"):
                if name in line.split("\0")[0] + line.split("\0")[1:2][0] if "\0" in line else line:
                    found[name] = int(child)
        return found


def make_agreement(folder, a, b, change=None, version=1, name="pact.agreement.json"):
    """An agreement between two parties from the shipped example, signed by both."""
    template = json.loads((SHARE / "pact-2015.agreement.json").read_text())
    agreement = copy.deepcopy(template)
    agreement["version"] = version
    for party, made in zip((a, b), agreement["parties"]):
        _, pin = party.public()
        made["id"] = party.name
        made["roots"] = [{"suite": suite, "key": party.json("key", "fingerprint", path)["key"]}
                         for suite, path in zip(party.suites, party.keys("root"))]
        made["tls"] = [pin]
        made["nodes"] = [f"127.0.0.1:{party.port}"]
    agreement["suites"] = list(a.suites)
    if change:
        change(agreement)
    path = pathlib.Path(folder) / name
    path.write_text(canonical_file(agreement))
    for party in (a, b):
        for key in party.keys("root"):
            party.parley_ok("agreement", "sign", path, "--as", party.name, "--key", key, "--yes")
    return path


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
