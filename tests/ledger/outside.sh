#!/bin/sh
# outside.sh MAKE-LOG OUTSIDE-GO COUNT - a log of COUNT entries made here, checked by a Go program
# that shares no code with us; then once more with one bit of it changed, which it must refuse.
set -eu
if ! command -v go >/dev/null || [ ! -d /usr/share/gocode/src/golang.org/x/mod/sumdb/tlog ]; then
    echo "skipped: golang-go and golang-golang-x-mod-dev are not installed"
    exit 77
fi
work=$(mktemp -d "${TMPDIR:-/var/tmp}/parley-outside-XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM
mkdir "$work/log"
GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE="$work/cache" GOFLAGS= \
    go build -o "$work/outside" "$2"
"$1" "$work/log" "$3" >"$work/keys"
author=$(sed -n 1p "$work/keys")
cosigner=$(sed -n 2p "$work/keys")
"$work/outside" "$work/log" "$author" "$cosigner"

refused() { # what was changed must be found, or the check says nothing
    if "$work/outside" "$work/log" "$author" "$cosigner"; then
        echo "$1 was not noticed" >&2
        exit 1
    fi
}
flip() { # FILE OFFSET: another byte there
    old=$(dd if="$1" bs=1 skip="$2" count=1 2>/dev/null | od -An -tu1 | tr -d ' ')
    printf "\\$(printf %o $(((old + 1) % 256)))" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}
flip "$work/log/tile/entries/000" 400
refused "a changed entry"
