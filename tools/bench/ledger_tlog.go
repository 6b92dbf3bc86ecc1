// What Go's sumdb/tlog, Debian's package, does in memory on one core: the peer of ./bench ledger.
package main

import (
	"encoding/binary"
	"fmt"
	"syscall"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	leaves = 1 << 18
	proofs = 20000
)

type memory []tlog.Hash

func (m *memory) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		out[i] = (*m)[at]
	}
	return out, nil
}

func cpu() float64 {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func record(i int) []byte {
	text := make([]byte, 256)
	binary.BigEndian.PutUint64(text, uint64(i))
	return text
}

func main() {
	m := &memory{}
	start := cpu()
	for i := 0; i < leaves; i++ {
		hashes, err := tlog.StoredHashes(int64(i), record(i), m)
		must(err)
		*m = append(*m, hashes...)
	}
	fmt.Println("audit", leaves/(cpu()-start))
	root, err := tlog.TreeHash(leaves, m)
	must(err)
	start = cpu()
	var last tlog.RecordProof
	for i := int64(0); i < proofs; i++ {
		last, err = tlog.ProveRecord(leaves, i*5, m)
		must(err)
	}
	fmt.Println("prove", proofs/(cpu()-start))
	leaf := tlog.RecordHash(record((proofs - 1) * 5))
	start = cpu()
	for i := 0; i < proofs; i++ {
		must(tlog.CheckRecord(last, leaves, root, (proofs-1)*5, leaf))
	}
	fmt.Println("check", proofs/(cpu()-start))
	start = cpu()
	for i := int64(0); i < proofs; i++ {
		_, err = tlog.ProveTree(leaves, leaves/2+i, m)
		must(err)
	}
	fmt.Println("consistency", proofs/(cpu()-start))
}
