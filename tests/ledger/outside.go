// outside - reads a log that Parley wrote as any C2SP tool would, and checks all of it.
//
// Shares no code with Parley: signed notes by golang.org/x/mod/sumdb/note, the tree, its tiles and
// proofs by golang.org/x/mod/sumdb/tlog (both the Go project's), and what C2SP says beyond them
// (paths of tiles, entry bundles, cosignature/v1, tlog-proof, the body of tlog-witness's
// add-checkpoint) written here after the specifications' text.
//
//	outside DIRECTORY LOG-VKEY COSIGNER-VKEY
//
// Checks that the checkpoint is signed by both; that every entry of every bundle leads to its root;
// that every tile of every level is what the entries make it; that proofs read from the tiles
// alone hold; and every FILE.tlog-proof and FILE.growth in DIRECTORY. Exit 1 and one line where
// something is wrong.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height = 8
	width  = 1 << height
)

func wrong(format string, args ...interface{}) {
	fmt.Printf("WRONG "+format+"\n", args...)
	os.Exit(1)
}

func need(err error, what string) {
	if err != nil {
		wrong("%s: %v", what, err)
	}
}

// cosigner is a note.Verifier of C2SP tlog-cosignature's Ed25519 cosignature/v1.
type cosigner struct {
	name string
	id   uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.id }
func (c cosigner) Verify(text, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	head := fmt.Sprintf("cosignature/v1\ntime %d\n", binary.BigEndian.Uint64(sig))
	return ed25519.Verify(c.key, append([]byte(head), text...), sig[8:])
}

// vkey: "<name>+<hex id>+<base64 of type and key>", C2SP signed-note "Verifier keys", type 0x04.
func newCosigner(vkey string) cosigner {
	part := strings.SplitN(vkey, "+", 3)
	if len(part) != 3 {
		wrong("a cosigner's vkey has three parts: %s", vkey)
	}
	id, err := strconv.ParseUint(part[1], 16, 32)
	need(err, "vkey id")
	key, err := base64.StdEncoding.DecodeString(part[2])
	need(err, "vkey")
	sum := sha256.Sum256(append([]byte(part[0]+"\n"), key...))
	if len(key) != 1+ed25519.PublicKeySize || key[0] != 4 ||
		binary.BigEndian.Uint32(sum[:]) != uint32(id) {
		wrong("a cosigner's vkey is not of type 0x04, or its id is not its own: %s", vkey)
	}
	return cosigner{part[0], uint32(id), ed25519.PublicKey(key[1:])}
}

type log struct {
	dir    string
	origin string
	keys   note.Verifiers
	tree   tlog.Tree
}

// open reads a checkpoint that must be signed by both keys, other lines being ignored.
func (l *log) open(text []byte) (tlog.Tree, int, int) {
	n, err := note.Open(text, l.keys)
	need(err, "signed note")
	names := map[string]bool{}
	for _, s := range n.Sigs {
		names[s.Name] = true
	}
	if !names[l.origin] || len(names) != 2 {
		wrong("the checkpoint lacks the log's or the cosigner's line")
	}
	line := strings.Split(n.Text, "\n")
	if len(line) != 4 || line[0] != l.origin || line[3] != "" {
		wrong("tlog-checkpoint: origin, size and root are expected, nothing else")
	}
	size, err := strconv.ParseInt(line[1], 10, 64)
	need(err, "tlog-checkpoint: size")
	if strconv.FormatInt(size, 10) != line[1] {
		wrong("tlog-checkpoint: size has another spelling: %s", line[1])
	}
	hash, err := tlog.ParseHash(line[2])
	need(err, "tlog-checkpoint: root")
	return tlog.Tree{N: size, Hash: hash}, len(n.Sigs), len(n.UnverifiedSigs)
}

func (l *log) file(name string) []byte {
	data, err := os.ReadFile(filepath.Join(l.dir, name))
	need(err, name)
	return data
}

// path: tlog's, whose second element is the height, without it.
func path(t tlog.Tile) string {
	p := strings.SplitN(t.Path(), "/", 3)
	return p[0] + "/" + strings.Replace(p[2], "data/", "entries/", 1)
}

// entries calls f with each entry below size, in order.
func (l *log) entries(size int64, f func(n int64, entry []byte)) {
	for number := int64(0); number*width < size; number++ {
		w := width
		if left := size - number*width; left < width {
			w = int(left)
		}
		name := path(tlog.Tile{H: height, L: -1, N: number, W: w})
		data := l.file(name)
		for i := 0; i < w; i++ {
			if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
				wrong("%s: short at its entry %d", name, i)
			}
			n := int(binary.BigEndian.Uint16(data))
			f(number*width+int64(i), data[2:2+n])
			data = data[2+n:]
		}
		if len(data) != 0 {
			wrong("%s: %d bytes too many", name, len(data))
		}
	}
}

type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if x >= int64(len(s)) {
			return nil, fmt.Errorf("no hash %d", x)
		}
		out[i] = s[x]
	}
	return out, nil
}

// checkTiles compares every tile of every level with what the entries make.
func (l *log) checkTiles(all stored) int {
	count := 0
	tiles := tlog.NewTiles(height, 0, l.tree.N)
	for i, t := range tiles {
		if i+1 < len(tiles) && tiles[i+1].L == t.L && tiles[i+1].N == t.N {
			continue // it names every partial width; C2SP asks for those of published heads
		}
		want, err := tlog.ReadTileData(t, all)
		need(err, "tile data")
		if !bytes.Equal(want, l.file(path(t))) {
			wrong("%s is not what the entries make", path(t))
		}
		count++
	}
	return count
}

// onDisk is tlog's TileReader over the directory, for proofs made from tiles alone.
type onDisk struct{ l *log }

func (d onDisk) Height() int { return height }
func (d onDisk) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, t := range tiles {
		data, err := os.ReadFile(filepath.Join(d.l.dir, path(t)))
		if err != nil { // C2SP: the full tile may stand for a partial one
			full := t
			full.W = width
			data, err = os.ReadFile(filepath.Join(d.l.dir, path(full)))
			if err != nil {
				return nil, err
			}
			data = data[:t.W*tlog.HashSize]
		}
		out = append(out, data)
	}
	return out, nil
}
func (d onDisk) SaveTiles([]tlog.Tile, [][]byte) {}

func (l *log) checkFromTiles(all stored) {
	reader := tlog.TileHashReader(l.tree, onDisk{l})
	for i := int64(0); i < 64; i++ {
		n := i * (l.tree.N - 1) / 63
		leaf := all[tlog.StoredHashIndex(0, n)]
		proof, err := tlog.ProveRecord(l.tree.N, n, reader)
		need(err, "inclusion proof from tiles")
		need(tlog.CheckRecord(proof, l.tree.N, l.tree.Hash, n, leaf), "inclusion proof")
		old, err := tlog.TreeHash(n+1, all)
		need(err, "tree hash")
		growth, err := tlog.ProveTree(l.tree.N, n+1, reader)
		need(err, "consistency proof from tiles")
		need(tlog.CheckTree(growth, l.tree.N, l.tree.Hash, n+1, old), "consistency proof")
	}
}

// proofLines reads base64 hashes up to the empty line, and what is behind it.
func proofLines(name string, text string) ([]tlog.Hash, string) {
	var out []tlog.Hash
	for {
		line, rest, ok := strings.Cut(text, "\n")
		if !ok {
			wrong("%s: no empty line", name)
		}
		text = rest
		if line == "" {
			return out, text
		}
		hash, err := tlog.ParseHash(line)
		need(err, name)
		out = append(out, hash)
	}
}

func (l *log) checkProof(name string, all stored) {
	text := strings.TrimPrefix(string(l.file(name)), "c2sp.org/tlog-proof@v1\nindex ")
	number, text, _ := strings.Cut(text, "\n")
	index, err := strconv.ParseInt(number, 10, 64)
	need(err, name)
	proof, head := proofLines(name, text)
	tree, _, _ := l.open([]byte(head))
	leaf := all[tlog.StoredHashIndex(0, index)]
	need(tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaf), name)
}

func (l *log) checkGrowth(name string, all stored) {
	text := strings.TrimPrefix(string(l.file(name)), "old ")
	number, text, _ := strings.Cut(text, "\n")
	old, err := strconv.ParseInt(number, 10, 64)
	need(err, name)
	proof, head := proofLines(name, text)
	tree, _, _ := l.open([]byte(head))
	hash, err := tlog.TreeHash(old, all)
	need(err, name)
	need(tlog.CheckTree(proof, tree.N, tree.Hash, old, hash), name)
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: outside DIRECTORY LOG-VKEY COSIGNER-VKEY")
		os.Exit(2)
	}
	author, err := note.NewVerifier(os.Args[2])
	need(err, "vkey")
	l := &log{dir: os.Args[1], origin: author.Name(),
		keys: note.VerifierList(author, newCosigner(os.Args[3]))}
	tree, good, others := l.open(l.file("checkpoint"))
	l.tree = tree
	all := make(stored, 0, 2*tree.N)
	l.entries(tree.N, func(n int64, entry []byte) {
		hashes, err := tlog.StoredHashes(n, entry, all)
		need(err, "stored hashes")
		all = append(all, hashes...)
	})
	root, err := tlog.TreeHash(tree.N, all)
	need(err, "tree hash")
	if root != tree.Hash {
		wrong("the entries do not lead to the signed root")
	}
	tiles := l.checkTiles(all)
	l.checkFromTiles(all)
	proofs, _ := filepath.Glob(filepath.Join(l.dir, "*.tlog-proof"))
	for _, name := range proofs {
		l.checkProof(filepath.Base(name), all)
	}
	growths, _ := filepath.Glob(filepath.Join(l.dir, "*.growth"))
	for _, name := range growths {
		l.checkGrowth(filepath.Base(name), all)
	}
	fmt.Printf("%d entries, %d tiles, %d proofs, %d lines checked, %d of other suites\n", tree.N,
		tiles, len(proofs)+len(growths), good, others)
}
