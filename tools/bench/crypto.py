"""Signatures of every suite, and hashes, beside OpenSSL, libsodium and Botan bare."""
import re
import subprocess

PACKAGES = ["openssl", "botan"]
SUITES = {"ed25519": ("ed25519", ["Ed25519"]), "p256-sha256": ("ecdsap256", ["ECDSA", "secp256r1"]),
          "sm2-sm3": ("sm2", ["SM2", "sm2p256v1"]), "gost12-256": (None, ["GOST-34.10", "gost_256A"]),
          "gost12-512": (None, ["GOST-34.10", "gost_512A"])}
HASHES = ("SHA-256", "SM3", "Streebog-256", "Streebog-512")
SPEED_ROW = re.compile(r"([\d.]+)s?\s+([\d.]+)\s*$")


def text_of(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.stdout if done.returncode == 0 else ""


def openssl_speed(name):
    """(signatures, checks) a second, as `openssl speed` counts them; its last line has both."""
    if name is None:
        return None
    lines = text_of(["openssl", "speed", "-seconds", "1", name]).strip().splitlines()
    found = SPEED_ROW.search(lines[-1]) if lines else None
    return (float(found[1]), float(found[2])) if found else None


def botan_speed(name):
    """(signatures, checks) a second; Botan's lines say `N sign/sec` and `N verify/sec`."""
    group = [f"--ecc-groups={name[1]}"] if len(name) > 1 else []
    out = text_of(["botan", "speed", "--msec=500", *group, name[0]])
    found = [re.search(rf"(\d+) {what}/sec", out) for what in ("sign", "verify")]
    return tuple(float(f[1]) for f in found) if all(found) else None


def signatures(bench, ours):
    rows = []
    for suite, (openssl, botan) in SUITES.items():
        if f"{suite}.sign" not in ours:
            rows.append([suite, "not available here"] + [""] * 5)
            continue
        peers = [openssl_speed(openssl) if bench.has("openssl") else None,
                 botan_speed(botan) if bench.has("botan") else None]
        if suite == "ed25519":
            peers.append((ours["libsodium.sign"], ours["libsodium.verify"]))
        for i, what in enumerate(("sign", "verify")):
            own = ours[f"{suite}.{what}"]
            best = max((p[i] for p in peers if p), default=None)
            rows.append([f"{suite}, {what}", bench.rate(own),
                         *(bench.rate(p[i]) if p else "-" for p in peers[:2]),
                         bench.rate(peers[2][i]) if len(peers) > 2 else "",
                         bench.times(own / best) if best else ""])
    return rows


def run(bench):
    ours = bench.figures([bench.build / "tests" / "crypto" / "bench-crypto"])
    yield bench.table(
        "Signatures a second, one core, of 200 bytes, eight keys in turns; ours in CPU time, with "
        "all that suite_verify and secret_sign do",
        ["", "parley", "openssl speed", "Botan", "libsodium", "of the best peer"],
        signatures(bench, ours))
    bench.note("Botan's and openssl's figures are by their own clocks, which a busy machine slows; "
               "openssl speed has no GOST; a dash: the peer does not have it.")
    yield bench.table(
        "Hashes, MB/s of CPU time, by OpenSSL: EVP with the digest fetched once, and digest_of as "
        "the ledger calls it", ["", "16 KiB", "257 bytes (an entry's leaf)"],
        [[name if name != "digest_of" else "SHA-256, digest_of", bench.rate(ours[f"{name}.large"]),
          bench.rate(ours[f"{name}.entry"])]
         for name in ("digest_of", *HASHES) if f"{name}.large" in ours])
