#!/usr/bin/env python3
"""Runs a program beside a PostgreSQL server of its own, and removes the server afterwards.

  postgres.py PROGRAM [ARGUMENT...]

The server is Debian's, lives in a temporary folder, listens on a unix socket there and nowhere
else. The program finds how to reach it in PARLEY_POSTGRES. Exit: the program's; 77 where Debian's
package postgresql-15 is not installed.
"""
import contextlib
import os
import pathlib
import pwd
import shutil
import subprocess
import sys
import tempfile

BIN = pathlib.Path("/usr/lib/postgresql/15/bin")


def unprivileged():
    """The server refuses to run as root: then it runs as the package's own user."""
    if os.getuid() != 0:
        return {}
    user = pwd.getpwnam("postgres")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def run(*command, **options):
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode:
        sys.exit(f"{command[0]} failed:\n{done.stdout}")


@contextlib.contextmanager
def server():
    """A server while the block runs; gives the folder of its socket and the postmaster's pid."""
    who = unprivileged()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="parley-postgres-"))
    try:
        if who:
            os.chown(folder, who["user"], who["group"])
        data = folder / "data"
        run(BIN / "initdb", "-D", data, "-U", "parley", "--auth=trust", "--locale=C.UTF-8",
            "--encoding=UTF8", cwd="/", **who)
        serve = f"-c listen_addresses= -c unix_socket_directories={folder} -c jit=off"
        run(BIN / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", serve, "start", cwd="/",
            **who)
        try:
            yield folder, int((data / "postmaster.pid").read_text().split()[0])
        finally:
            run(BIN / "pg_ctl", "-D", data, "-m", "immediate", "stop", cwd="/", **who)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    if not (BIN / "initdb").exists():
        print("PostgreSQL 15 is not installed (apt-get install postgresql-15)")
        return 77
    with server() as (folder, _):
        env = dict(os.environ, PARLEY_POSTGRES=f"host={folder} user=parley dbname=postgres")
        return subprocess.run(sys.argv[1:], env=env).returncode


if __name__ == "__main__":
    sys.exit(main())
