"""A slow second reading of STIX 2.1 patterning, held against `parley pattern match`.

Shares nothing with src/stix: it reads by regular expressions and recursion, compares Python's own
values, and finds bindings by making all of them. Patterns and observations are drawn from a seed;
some patterns are damaged, and then the two must agree on whether they are patterns still.

    reference.py [--seed N] [--rounds N]      PARLEY_BIN names the program

A difference is printed with its seed, pattern and observations, as one line for --batch.
"""
import argparse
import base64
import datetime
import fractions
import ipaddress
import itertools
import json
import os
import random
import re
import subprocess
import sys
import unicodedata

PARLEY = os.environ.get("PARLEY_BIN", "parley")


class Invalid(Exception):
    """Not a pattern."""


class Forbidden(Exception):
    """A comparison that the standard forbids."""


# ---- reading -----------------------------------------------------------------------------------

SPACE = ("[ \\t\\r\\n\\x0b\\x0c\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]"
         "|/\\*.*?\\*/|//[^\\r\\n]*")
TOKENS = [
    ("skip", f"(?:{SPACE})+"),
    ("time", r"t'\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:"
             r"(?:[0-5]\d|60)(?:\.\d+)?Z'"),
    ("hex", r"h'(?:[0-9a-fA-F]{2})*'"),
    ("base64", r"b'(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)'"),
    ("string", r"'(?:[^'\\]|\\'|\\\\)*'"),
    ("float", r"[+-]?\d*\.\d+"),
    ("int", r"[+-]?(?:0|[1-9]\d*)"),
    ("name", r"[A-Za-z_][A-Za-z0-9_-]*"),
    ("sign", r"==|!=|<>|<=|>=|[=<>\[\]().,:*]"),
]
WORDS = set("AND OR NOT FOLLOWEDBY LIKE MATCHES ISSUPERSET ISSUBSET EXISTS LAST IN START STOP SECONDS"
            " true false WITHIN REPEATS TIMES".split())
SCANNERS = [(kind, re.compile(text, re.S | re.A)) for kind, text in TOKENS]


def tokens(text):
    """Longest match, the first of equals, as the grammar's lexer has it."""
    at = 0
    while at < len(text):
        best = max(((m.end(), -i, kind) for i, (kind, scan) in enumerate(SCANNERS)
                    if (m := scan.match(text, at)) and m.end() > at), default=None)
        if best is None:
            raise Invalid(at)
        word = text[at:best[0]]
        if best[2] == "name" and word in WORDS:
            yield ("word", word)
        elif best[2] != "skip":
            yield (best[2], word)
        at = best[0]
    yield ("end", "")


def moment(text):
    """Nanoseconds; the fraction beyond nine digits does not count."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", text, re.A):
        raise ValueError(text)
    second = int(text[17:19])
    if second > 60:
        raise ValueError(text)
    whole = datetime.datetime.strptime(text[:17] + f"{min(second, 59):02}", "%Y-%m-%dT%H:%M:%S")
    nanos = (text[20:-1] + "0" * 9)[:9] if text[19] == "." else "0"
    delta = whole - datetime.datetime(1970, 1, 1)
    return (delta.days * 86400 + delta.seconds + (second == 60)) * 10**9 + int(nanos)


class Moment(int):
    pass


class Reader:
    def __init__(self, text):
        self.list, self.at = list(tokens(text)), 0

    def peek(self):
        return self.list[self.at]

    def take(self, *words):
        """Takes the next token if it is one of these words or signs."""
        kind, text = self.peek()
        if kind in ("word", "sign") and text in words:
            self.at += 1
            return text
        return None

    def need(self, *words):
        taken = self.take(*words)
        if taken is None:
            raise Invalid(words)
        return taken

    def kind(self, *kinds):
        kind, text = self.peek()
        if kind not in kinds:
            raise Invalid(kinds)
        self.at += 1
        return text

    def constant(self, *, order=False):
        kind, text = self.peek()
        if not order and self.take("true", "false"):
            return text == "true"
        self.kind("string", "int", "float", "hex", "base64", "time")
        try:
            return constant_value(kind, text)
        except ValueError as e:
            raise Invalid(text) from e

    def pattern(self):
        tree = self.operators(("FOLLOWEDBY", "OR", "AND"), self.observation)
        if self.peek()[0] != "end":
            raise Invalid(self.peek())
        return tree

    def operators(self, levels, below):
        if not levels:
            return below()
        tree = self.operators(levels[1:], below)
        while self.take(levels[0]):
            tree = (levels[0], tree, self.operators(levels[1:], below))
        return tree

    def observation(self):
        if self.take("("):
            tree = self.operators(("FOLLOWEDBY", "OR", "AND"), self.observation)
            self.need(")")
        else:
            self.need("[")
            tree = ("[]", self.operators(("OR", "AND"), self.test))
            self.need("]")
        while word := self.take("REPEATS", "WITHIN", "START"):
            tree = (word, tree, *self.qualifier(word))
        return tree

    def qualifier(self, word):
        if word == "REPEATS":
            n = int(self.kind("int"))
            self.need("TIMES")
            if not 1 <= n <= 10**9:
                raise Invalid("REPEATS")
            return (n,)
        if word == "WITHIN":
            text = self.kind("int", "float")
            self.need("SECONDS")
            nanos = int(fractions.Fraction(text) * 10**9)
            if text.startswith("-") or nanos <= 0:
                raise Invalid("WITHIN")
            return (nanos,)
        start = self.time()
        self.need("STOP")
        return (start, self.time())

    def time(self):
        """The observations are STIX 2.0's, so a plain string is good too."""
        kind, text = self.peek()
        if kind == "string":
            self.at += 1
            return constant_value("time", "t" + text)
        return self.constant_of("time")

    def constant_of(self, kind):
        if self.peek()[0] != kind:
            raise Invalid(kind)
        return self.constant()

    def test(self):
        if self.take("("):
            tree = self.operators(("OR", "AND"), self.test)
            self.need(")")
            return tree
        negated = bool(self.take("NOT"))
        if negated or self.peek() == ("word", "EXISTS"):
            self.need("EXISTS")
            return ("EXISTS", self.path(), negated)
        path = self.path()
        negated = bool(self.take("NOT"))
        sign = self.need("=", "==", "!=", "<>", "<", "<=", ">", ">=", "IN", "LIKE", "MATCHES",
                         "ISSUBSET", "ISSUPERSET")
        if sign in ("!=", "<>"):
            sign, negated = "=", not negated
        return ("=" if sign == "==" else sign, path, negated, self.operand(sign))

    def operand(self, sign):
        if sign == "IN":
            return self.set()
        if sign in ("LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET"):
            value = self.constant_of("string")
            if sign.startswith("IS"):
                return subnet(value, Invalid)
            return unicodedata.normalize("NFC", value)
        return self.constant(order=sign in ("<", "<=", ">", ">="))

    def set(self):
        self.need("(")
        values = []
        if self.take(")"):
            return values
        while True:
            values.append(self.constant())
            if not self.take(","):
                break
        self.need(")")
        if len({family(v) for v in values}) > 1:
            raise Invalid("set")
        return values

    def path(self):
        kind = self.kind("name")
        self.need(":")
        steps = [self.key()]
        while sign := self.take(".", "["):
            if sign == ".":
                steps.append(self.key())
                continue
            steps.append(None if self.take("*") else whole(self.kind("int")))
            self.need("]")
        return (kind, steps)

    def key(self):
        if self.peek()[0] == "string":
            return constant_value("string", self.kind("string"))
        name = self.kind("name")
        if "-" in name:
            raise Invalid(name)
        return name


def whole(text):
    value = int(text)
    if not -2**63 <= value < 2**63:
        raise Invalid(text)
    return value


def constant_value(kind, text):
    if kind == "string":
        return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.S)
    if kind == "int":
        return whole(text)
    if kind == "float":
        return float(text)
    if kind == "hex":
        return bytes.fromhex(text[2:-1])
    if kind == "base64":
        return base64.b64decode(text[2:-1])
    return Moment(moment(text[2:-1]))


def family(value):
    if isinstance(value, (bool, Moment)):
        return type(value)
    return float if isinstance(value, (int, float)) else type(value)


# ---- comparing ---------------------------------------------------------------------------------

def subnet(text, error):
    try:
        if not re.fullmatch(r"[^/]*(/(0|[1-9]\d*))?", text, re.A):
            raise ValueError
        return ipaddress.ip_network(text, strict=False)
    except ValueError as e:
        raise error(text) from e


def ordered(value, constant):
    """-1, 0, 1; None for two types that have no comparison; "no" for a text that is no bytes."""
    if isinstance(constant, Moment) and isinstance(value, str):
        try:
            value = Moment(moment(value))
        except ValueError as e:
            raise Forbidden(value) from e
    if {type(value), type(constant)} == {str, bytes}:
        try:
            value, constant = (v if isinstance(v, bytes) else v.encode("latin-1")
                               for v in (value, constant))
        except UnicodeEncodeError:
            return "no"
    if value is None or isinstance(value, (list, dict)) or family(value) != family(constant):
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value, constant = fractions.Fraction(value), fractions.Fraction(constant)
    return (value > constant) - (value < constant)


def like(text, mask):
    expression = "".join(".*" if c == "%" else "." if c == "_" else re.escape(c) for c in mask)
    return re.fullmatch(expression, text, re.S) is not None


def holds(sign, value, constant):
    if sign == "=":
        return ordered(value, constant) == 0
    if sign == "IN":
        return any(ordered(value, c) == 0 for c in constant)
    if sign == "LIKE":
        if isinstance(value, bytes):
            value = value.decode("latin-1")
        return isinstance(value, str) and like(unicodedata.normalize("NFC", value), constant)
    if sign == "MATCHES":
        if isinstance(value, bytes):
            return re.search(constant.encode("latin-1"), value) is not None
        return isinstance(value, str) and re.search(
            constant, unicodedata.normalize("NFC", value), re.A) is not None
    if not isinstance(value, str):
        return False
    value = subnet(value, Forbidden)
    if value.version != constant.version:
        return False
    return value.subnet_of(constant) if sign == "ISSUBSET" else constant.subnet_of(value)


def verdict(test, value):
    sign, _, negated, constant = test
    if sign in ("<", "<=", ">", ">="):
        order = ordered(value, constant)
        if order is None:
            return False
        result = order != "no" and {"<": order == -1, "<=": order in (-1, 0), ">": order == 1,
                                    ">=": order in (1, 0)}[sign]
        return result != negated
    return holds(sign, value, constant) != negated


# ---- paths -------------------------------------------------------------------------------------

def binary(value, key):
    if not isinstance(value, str) or not key.endswith(("_hex", "_bin")):
        return value
    try:
        if key.endswith("_hex"):
            if not re.fullmatch("([0-9a-fA-F]{2})*", value):
                raise ValueError
            return bytes.fromhex(value)
        if not re.fullmatch("[A-Za-z0-9+/]*={0,2}", value):
            raise ValueError
        return base64.b64decode(value, validate=True)
    except ValueError as e:
        raise Forbidden(value) from e


def values(json_value, steps, objects, ending="", refs=False):
    """All that a path leads to from here, in the order of the lists."""
    if not steps:
        yield json_value, ending
        return
    step, rest = steps[0], steps[1:]
    if isinstance(step, str):
        if not isinstance(json_value, dict) or step not in json_value:
            return
        inner = json_value[step]
        if step.endswith("_ref"):
            yield from referred(inner, rest, objects)
        elif step.endswith("_refs") and not isinstance(inner, list):
            raise Forbidden(step)
        else:
            yield from values(inner, rest, objects, step, step.endswith("_refs"))
        return
    if not isinstance(json_value, list):
        return
    items = json_value if step is None else json_value[step:step + 1] if step >= 0 else []
    for item in items:
        if refs:
            yield from referred(item, rest, objects)
        else:
            yield from values(item, rest, objects, ending)


def referred(identifier, rest, objects):
    if not isinstance(identifier, str):
        raise Forbidden(identifier)
    if not rest:
        yield identifier, ""
    elif identifier in objects:
        yield from values(objects[identifier], rest, objects)


def test_root(test, root, objects):
    kind, steps = test[1]
    if root.get("type") != kind:
        return False
    if test[0] == "EXISTS":
        return any(True for _ in values(root, steps, objects)) != test[2]
    return any(verdict(test, binary(*v)) for v in values(root, steps, objects))


def on_root(tree, root, objects):
    """Looks at every comparison, so that none that is forbidden hides."""
    if tree[0] in ("AND", "OR"):
        sides = [on_root(side, root, objects) for side in tree[1:]]
        return all(sides) if tree[0] == "AND" else any(sides)
    return test_root(tree, root, objects)


# ---- bindings ----------------------------------------------------------------------------------

def bindings(tree, seen):
    """All sets of observations that meet the tree; one that was seen twice is there twice."""
    kind = tree[0]
    if kind == "[]":
        return {frozenset([(i, copy)]) for i, (_, _, number, objects) in enumerate(seen)
                if any([on_root(tree[1], root, objects) for root in objects.values()])
                for copy in range(number)}
    first = bindings(tree[1], seen)
    if kind == "OR":
        return first | bindings(tree[2], seen)
    if kind in ("AND", "FOLLOWEDBY"):
        second = bindings(tree[2], seen)
        return {a | b for a in first for b in second
                if not a & b and (kind == "AND" or follows(a, b, seen))}
    if kind == "REPEATS":
        return set(repeated(first, tree[2]))
    return {b for b in first if in_time(tree, b, seen)}


def repeated(first, n):
    found = {frozenset()}
    for _ in range(n):
        found = {a | b for a in found for b in first if not a & b}
    return found


def follows(a, b, seen):
    return any(all(seen[i][0] <= t for i, _ in a) and all(seen[i][1] >= t for i, _ in b)
               for t in {seen[i][0] for i, _ in a})


def in_time(tree, binding, seen):
    spans = [seen[i][:2] for i, _ in binding]
    if tree[0] == "WITHIN":
        return any(all(first <= t + tree[2] and last >= t for first, last in spans)
                   for t in {last for _, last in spans})
    start, stop = tree[2:]
    return start < stop and all(first < stop and last >= start for first, last in spans)


def answer(text, observed):
    try:
        tree = Reader(text).pattern()
        seen = [(moment(o["first_observed"]), moment(o["last_observed"]), o["number_observed"],
                 o["objects"]) for o in observed]
        return "match" if bindings(tree, seen) else "no match"
    except Invalid:
        return "error 2"
    except Forbidden:
        return "error 4"


# ---- drawing -----------------------------------------------------------------------------------

TEXTS = ["", "alice", "bob", "al%ce", "a_b", "\u00e9t\u00e9", "e\u0301te\u0301", "\u0103lice", "it's",
         "back\\slash", "a\nb", "a\n", "198.51.100.7", "2020-01-01T00:00:01Z", "aardvark", "\U0001f600"]
IPS = ["198.51.100.7", "198.51.100.0/24", "192.0.2.1", "198.51.100.77/25", "2001:db8::1",
       "2001:db8::/32", "0.0.0.0/0"]
NUMBERS = [0, 1, -1, 5, 2**53 + 1, 2**63 - 1, -2**63, 0.5, 5.0, -2.25, 1e300, 12.658]
TIMES = ["2020-01-01T00:00:00Z", "2020-01-01T00:00:01Z", "2020-01-01T00:00:01.000000001Z",
         "2020-01-01T00:00:01.0Z", "2019-12-31T23:59:60Z", "3012-08-17T17:43:55Z"]
BYTES = [b"", b"alice", b"\x01\x02\xff", b"\xe9t\xe9"]
EXPRESSIONS = ["l+", "^a", "e$", "^$", "a.b", "[a-c]+$", "(al|bo)", "\\x61li", "\\s", "b|\u00e9", "^[^\\S]*a",
               "a\\n", ".", "\\w+'", "a{2}", "(?i)ALICE", "c?e"]
KINDS = ["x-a", "x-b"]
KEYS = ["int", "float", "name", "flag", "raw_hex", "raw_bin", "seen", "ip", "list", "inner", "none",
        "peer_ref", "peer_refs", "bad_ref", "has-hyphen", "extensions"]


def quote(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


class Draw(random.Random):
    def json_value(self, key, ids):
        simple = {
            "int": lambda: self.choice([n for n in NUMBERS if isinstance(n, int)]),
            "float": lambda: self.choice(NUMBERS),
            "name": lambda: self.choice(TEXTS),
            "flag": lambda: self.random() < .5,
            "raw_hex": lambda: self.choice(BYTES).hex() if self.random() < .97 else "abc",
            "raw_bin": lambda: base64.b64encode(self.choice(BYTES)).decode(),
            "seen": lambda: self.choice(TIMES) if self.random() < .97 else self.choice(TEXTS),
            "ip": lambda: self.choice(IPS) if self.random() < .97 else "host.example",
            "list": lambda: [self.choice(NUMBERS + TEXTS) for _ in range(self.randrange(4))],
            "inner": lambda: {"int": self.choice(NUMBERS), "list": [{"name": self.choice(TEXTS)}]},
            "none": lambda: None,
            "peer_ref": lambda: self.choice(ids),
            "peer_refs": lambda: [self.choice(ids + ["nobody"]) for _ in range(self.randrange(3))],
            "bad_ref": lambda: self.choice([5, "nobody"]) if self.random() < .1 else "nobody",
            "has-hyphen": lambda: self.choice(NUMBERS),
            "extensions": lambda: {"x-ext": {"name": self.choice(TEXTS)}},
        }
        return simple[key]()

    def observation(self):
        ids = [str(i) for i in range(self.randint(1, 3))]
        objects = {}
        for i in ids:
            objects[i] = {"type": self.choice(KINDS)}
            for key in self.sample(KEYS, self.randint(2, 9)):
                objects[i][key] = self.json_value(key, ids)
        start = self.randrange(6)
        end = start + (self.randrange(4) if self.random() < .3 else 0)
        return {"type": "observed-data", "number_observed": self.choice([1, 1, 1, 2]),
                "first_observed": f"2020-01-01T00:00:{start:02}Z",
                "last_observed": f"2020-01-01T00:00:{end:02}.5Z", "objects": objects}

    def literal(self, key):
        draw = {"int": "n", "float": "n", "flag": "b", "raw_hex": "x", "raw_bin": "x", "seen": "t",
                "has-hyphen": "n"}.get(key, "s")
        if self.random() < .15:
            draw = self.choice("nsbxt")
        if draw == "n":
            n = self.choice(NUMBERS[:-2])
            return ("+" if n > 0 and self.random() < .1 else "") + str(n)
        if draw == "b":
            return self.choice(["true", "false"])
        if draw == "x":
            raw = self.choice(BYTES)
            return (f"h'{raw.hex()}'" if self.random() < .5 or not raw
                    else f"b'{base64.b64encode(raw).decode()}'")
        if draw == "t":
            return f"t'{self.choice(TIMES)}'"
        return quote(self.choice(TEXTS + IPS))

    def path(self):
        kind, steps, key = self.choice(KINDS), [], ""
        while True:
            key = self.choice(KEYS[:-4] * 3 + KEYS)
            steps.append((":" if not steps else ".") + (quote(key) if "-" in key else key))
            if key == "peer_ref" and len(steps) < 3:
                continue
            if key == "peer_refs":
                steps.append(self.choice(["[*]", "[0]", "[1]"]))
                if len(steps) < 4:
                    continue
            break
        if key == "list":
            steps.append(self.choice(["[*]", "[0]", "[-1]", "[7]", ""]))
        if key == "inner":
            steps.append(self.choice([".int", ".list[*].name", ".list[0].name", ""]))
        if key == "extensions":
            steps.append(".'x-ext'.name")
        return kind + "".join(steps), key

    def test(self):
        path, key = self.path()
        negated = "NOT " if self.random() < .2 else ""
        if self.random() < .08:
            return f"{negated}EXISTS {path}"
        sign = self.choice(["=", "=", "!=", "<", "<=", ">", ">=", "IN", "LIKE", "MATCHES", "ISSUBSET",
                            "ISSUPERSET"])
        if key == "ip" and self.random() < .6 or sign.startswith("IS") and key != "ip":
            sign = self.choice(["ISSUBSET", "ISSUPERSET"]) if key == "ip" else "="
        if sign == "IN":
            first = self.literal(key)
            right = "(" + ", ".join([first] + [self.literal(key) for _ in range(self.randrange(3))]) + ")"
        elif sign == "LIKE":
            right = quote(self.choice(["%", "a%", "%e", "_lice", "%l%c%", "a_b", "\u00e9t\u00e9", "_t_", "%\u0103%"]))
        elif sign == "MATCHES":
            right = quote(self.choice(EXPRESSIONS))
        elif sign.startswith("IS"):
            right = quote(self.choice(IPS))
        else:
            right = self.literal(key)
        return f"{path} {negated}{sign} {right}"

    def comparison(self, depth=0):
        if self.random() < (.55, .75, 1)[depth]:
            return self.test()
        parts = [self.comparison(depth + 1) for _ in range(self.choice([2, 2, 3]))]
        text = self.choice([" AND ", " OR "]).join(parts)
        return f"({text})" if self.random() < .5 else text

    def observations(self, depth=0):
        if self.random() < (.35, .6, 1)[depth]:
            text = "[" + self.comparison() + "]"
        else:
            sides = [self.observations(depth + 1) for _ in range(2)]
            text = self.choice([" AND ", " OR ", " FOLLOWEDBY "]).join(sides)
            if self.random() < .6:
                text = f"({text})"
        while self.random() < .25:
            text += " " + self.choice([
                f"REPEATS {self.choice([1, 2, 2, 3])} TIMES",
                f"WITHIN {self.choice(['1', '2.5', '.4999999', '10'])} SECONDS",
                f"START t'2020-01-01T00:00:0{self.randrange(5)}Z' "
                f"STOP t'2020-01-01T00:00:0{self.randrange(9)}Z'"])
        return text

    def damage(self, text):
        at = self.randrange(len(text))
        kind = self.randrange(3)
        if kind == 0:
            return text[:at] + text[at + 1:]
        if kind == 1:
            return text[:at] + self.choice("[]()'.,:=<>-+0159abAND \t/*\u00a0_%") + text[at:]
        end = at + self.randrange(6)
        return text[:at] + text[end:]


def questions(seed, rounds):
    draw = Draw(seed)
    for _ in range(rounds):
        observed = [draw.observation() for _ in range(draw.randint(1, 4))]
        for _ in range(4):
            text = draw.observations()
            if draw.random() < .25 and "MATCHES" not in text:
                text = draw.damage(text)
            yield text, observed


def parley(asked):
    lines = "".join(json.dumps({"pattern": text, "observed_data": observed}) + "\n"
                    for text, observed in asked)
    run = subprocess.run([PARLEY, "pattern", "match", "--batch"], input=lines.encode(),
                         stdout=subprocess.PIPE, check=True, timeout=600)
    return run.stdout.decode().splitlines()


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--rounds", type=int, default=1500)
    options = options.parse_args()
    asked = list(questions(options.seed, options.rounds))
    tally, wrong = {}, 0
    for (text, observed), line in itertools.zip_longest(asked, parley(asked)):
        want, got = answer(text, observed), " ".join(line.split()[:2])
        tally[want] = tally.get(want, 0) + 1
        if want != got:
            wrong += 1
            print(f"{want!r} here, {line!r} there:",
                  json.dumps({"pattern": text, "observed_data": observed}))
    print(f"{len(asked)} questions, seed {options.seed}: {tally}, {wrong} differ")
    # Each kind of answer must have been asked for often, or this compared nothing.
    return wrong > 0 or min(tally.get(k, 0) for k in ("match", "no match", "error 2", "error 4")) < 50


if __name__ == "__main__":
    sys.exit(main())
