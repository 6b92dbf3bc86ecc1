// The whole watch job with node's JSON.parse: job.js EVE TABLE ADDRESSES NAMES HASHES. See job.py.
const fs = require("fs");
const [file, tablePath, ...lists] = process.argv.slice(2);
const PORTS = {22: "ssh", 139: "smb", 445: "smb", 3389: "rdp", 80: "http", 8000: "http",
               8080: "http", 8088: "http", 443: "tls", 5060: "sip", 5061: "sip"};
const CLIENT_FIRST = {ssh: true, smb: true, rdp: false, http: true, tls: true, sip: false};
const REFLECTORS = new Set([17, 19, 53, 111, 123, 137, 161, 389, 1900, 3702, 11211]);
const OWN = "CN", PARTIES = new Set(["CN", "RU"]);

function number(text) {
  const p = text.split(".");
  return p[0] * 16777216 + p[1] * 65536 + p[2] * 256 + +p[3];
}

function table(path) {
  const rows = [], starts = [0], codes = [""];
  for (const line of fs.readFileSync(path, "latin1").split("\n")) {
    const [code, prefix] = line.split("\t");
    if (!prefix || prefix.includes(":")) continue;
    const [first, bits] = prefix.split("/");
    rows.push([number(first), 2 ** (32 - bits), code]);
  }
  rows.sort((a, b) => a[0] - b[0]);
  for (const [first, size, code] of rows) {
    if (starts[starts.length - 1] === first) codes[codes.length - 1] = code;
    else { starts.push(first); codes.push(code); }
    starts.push(first + size);
    codes.push("");
  }
  return [Float64Array.from(starts), codes];
}

const [starts, codes] = table(tablePath);
const [addresses, names, hashes] =
  lists.map(p => new Set(fs.readFileSync(p, "latin1").split("\n")));

function place(n) {
  let a = 0, b = starts.length;
  while (a < b) {
    const m = (a + b) >> 1;
    if (starts[m] <= n) a = m + 1; else b = m;
  }
  return codes[a - 1];
}

function turned(event, kind, ownSrc, ownDest) {
  const src = PORTS[event.src_port] === kind, dest = PORTS[event.dest_port] === kind;
  if (src !== dest) return src;
  if (src) return ownSrc !== ownDest ? ownSrc : null;
  return CLIENT_FIRST[kind] ? false : null;
}

let oriented = 0, attributed = 0, hits = 0;
for (const line of fs.readFileSync(file, "utf8").split("\n")) {
  if (!line) continue;
  const event = JSON.parse(line), src = event.src_ip, dest = event.dest_ip;
  const whose = [src, dest].map(end => end && !end.includes(":") ? place(number(end)) : "");
  const kind = event.event_type;
  if (kind in CLIENT_FIRST && src && dest && event.src_port !== undefined
      && event.dest_port !== undefined
      && !(event.proto === "UDP" && REFLECTORS.has(event.src_port))) {
    const way = turned(event, kind, whose[0] === OWN, whose[1] === OWN);
    if (way !== null) {
      oriented++;
      attributed += PARTIES.has(whose[+way]);
    }
  }
  hits += addresses.has(src) + addresses.has(dest);
  for (let name of [event.dns?.rrname, event.tls?.sni, event.http?.hostname])
    while (name) {
      hits += names.has(name);
      name = name.includes(".") ? name.slice(name.indexOf(".") + 1) : "";
    }
  if (event.fileinfo) hits += hashes.has(event.fileinfo.sha256);
}
console.log(oriented, attributed, hits);
