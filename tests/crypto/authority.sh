#!/bin/sh
# A time-stamping authority of the tests' own, by OpenSSL's command line.
#   authority.sh new DIR              DIR/ca.pem, DIR/tsa.pem and keys
#   authority.sh reply DIR TSQ TSR    answers a request
set -eu
case "$1" in
new)
    mkdir -p "$2"
    cd "$2"
    cat >conf <<END
[ tsa ]
default_tsa = test
[ test ]
serial = $2/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
END
    echo 01 >serial
    openssl req -x509 -newkey ed25519 -nodes -keyout ca.key -out ca.pem -days 30 \
        -subj "/CN=Test root" -addext basicConstraints=critical,CA:true 2>err
    openssl req -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -subj "/CN=Test clock" 2>err
    printf 'extendedKeyUsage=critical,timeStamping\nbasicConstraints=CA:false\n' >ext
    openssl x509 -req -in tsa.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile ext \
        -days 30 -out tsa.pem 2>err
    ;;
reply)
    openssl ts -reply -config "$2/conf" -section test -queryfile "$3" -signer "$2/tsa.pem" \
        -inkey "$2/tsa.key" -out "$4" 2>"$2/err" || { cat "$2/err" >&2; exit 1; }
    ;;
esac
