# The whole watch job with jq -n: see job.py. Its lists are JSON objects and its table one of lists,
# by the first two numbers of an address: jq has no quicker way to look up.
#   jq -n -f job.jq --slurpfile table T --slurpfile addresses A --slurpfile names N \
#      --slurpfile hashes H EVE
{"22": "ssh", "139": "smb", "445": "smb", "3389": "rdp", "80": "http", "8000": "http",
 "8080": "http", "8088": "http", "443": "tls", "5060": "sip", "5061": "sip"} as $ports
| {"ssh": true, "smb": true, "rdp": false, "http": true, "tls": true, "sip": false} as $first
| {"17": 1, "19": 1, "53": 1, "111": 1, "123": 1, "137": 1, "161": 1, "389": 1, "1900": 1,
   "3702": 1, "11211": 1} as $reflectors
| {"CN": true, "RU": true} as $parties
| $table[0] as $table | $addresses[0] as $addresses | $names[0] as $names | $hashes[0] as $hashes
| def whose: # the last span of its block that begins at or before the address
    split(".") as $p
    | (($p[2] | tonumber) * 256 + ($p[3] | tonumber)) as $n
    | $table[$p[0] + "." + $p[1]] as $spans
    | first($spans[] | select(.[0] <= $n)) | .[1];
  def listed: # names that are, with their parents
    if $names[.] then 1 else 0 end
    + (index(".") as $dot | if $dot then .[$dot + 1:] | listed else 0 end);
  reduce inputs as $e ([0, 0, 0];
    ($e.src_ip // "") as $src | ($e.dest_ip // "") as $dest
    | (if $src == "" or ($src | contains(":")) then "" else $src | whose end) as $a
    | (if $dest == "" or ($dest | contains(":")) then "" else $dest | whose end) as $b
    | $e.event_type as $kind
    | (if $first[$kind // ""] != null and $src != "" and $dest != "" and $e.src_port != null
          and $e.dest_port != null
          and ($e.proto == "UDP" and $reflectors[$e.src_port | tostring] != null | not) then
         ($ports[$e.src_port | tostring] == $kind) as $s
         | ($ports[$e.dest_port | tostring] == $kind) as $d
         | if $s != $d then $s
           elif $s then (if ($a == "CN") != ($b == "CN") then $a == "CN" else null end)
           elif $first[$kind] then false else null end
       else null end) as $turned
    | (if $turned != null then .[0] += 1 else . end)
    | (if $turned != null and $parties[if $turned then $b else $a end] then .[1] += 1 else . end)
    | .[2] += (if $addresses[$src] then 1 else 0 end) + (if $addresses[$dest] then 1 else 0 end)
        + ($e.dns.rrname | if . then listed else 0 end)
        + ($e.tls.sni | if . then listed else 0 end)
        + ($e.http.hostname | if . then listed else 0 end)
        + ($e.fileinfo.sha256 | if . then (if $hashes[.] then 1 else 0 end) else 0 end))
| map(tostring) | join(" ")
