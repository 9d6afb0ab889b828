package ipi

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"painless/atoms"
	"painless/internal/buffer"
	"painless/internal/units"
)

// Sizes of what the protocol sends, bytes. Numbers have the byte order of the
// machine, as both ends are taken to be alike.
const (
	headerSize  = 12 // a word in capitals and blanks
	int32Size   = 4
	float64Size = 8
	cellSize    = 2 * 9 * float64Size // a cell and its inverse
)

// Limits of what a server can make us take memory for.
const (
	maxInit       = 1 << 20 // bytes
	maxStructures = 1 << 16 // of a batch
	maxAtoms      = 1 << 21 // of all of them
)

// reader reads a server's messages.
type reader struct {
	in   *bufio.Reader
	part []byte // of a message, being read
}

func newReader(in io.Reader) reader { return reader{in: bufio.NewReaderSize(in, 1<<16)} }

// read returns the next n bytes of a message, which are there until the next call.
func (r *reader) read(n int) ([]byte, error) {
	r.part = buffer.Resize(r.part, n)
	_, err := io.ReadFull(r.in, r.part)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return r.part, err
}

// header reads the word that begins a message. Its error is io.EOF where there is no more.
func (r *reader) header() (string, error) {
	if _, err := r.in.Peek(1); err != nil {
		return "", err
	}
	b, err := r.read(headerSize)
	if err != nil {
		return "", fmt.Errorf("the start of a message: %w", err)
	}
	b = bytes.TrimRight(b, " ")
	for _, word := range words {
		if string(b) == word { // which takes no memory
			return word, nil
		}
	}
	return string(b), nil
}

// words begin a server's messages.
var words = []string{"STATUS", "INIT", "POSDATA", "GETFORCE", "EXIT"}

func (r *reader) int32() (int, error) {
	b, err := r.read(int32Size)
	if err != nil {
		return 0, err
	}
	return int(int32(binary.NativeEndian.Uint32(b))), nil
}

// init reads what follows INIT: the number of a bead, of which the energy does
// not depend, and a text.
func (r *reader) init() (text string, err error) {
	if _, err := r.int32(); err != nil {
		return "", err
	}
	n, err := r.int32()
	if err != nil {
		return "", err
	}
	if n < 0 || n > maxInit {
		return "", fmt.Errorf("a text of %d bytes: expected 0 to %d", n, maxInit)
	}
	b, err := r.read(n)
	return string(b), err
}

// batchSize is what the text of INIT says of it, 1 where it says nothing, and
// what else it says.
func batchSize(text string, numAtoms int) (size int, rest string, err error) {
	size = 1
	var others []string
	for part := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(part, ":")
		if strings.TrimSpace(key) != "batch_size" {
			if part = strings.Trim(part, " \x00"); part != "" {
				others = append(others, part)
			}
			continue
		}
		most := max(1, min(maxStructures, maxAtoms/max(1, numAtoms)))
		if size, err = strconv.Atoi(strings.TrimSpace(value)); err != nil || size < 1 || size > most {
			return 0, "", fmt.Errorf("%q: expected a batch_size of 1 to %d", part, most)
		}
	}
	return size, strings.Join(others, ","), nil
}

// positions reads what follows POSDATA into a batch of size structures. Of one:
// cell, its inverse, number of atoms, positions. Of more: number of atoms of
// each, all cells and inverses, all positions.
func (r *reader) positions(b *atoms.Batch, size int) error {
	if size > 1 {
		if err := r.count(b.Start[1]); err != nil {
			return err
		}
	}
	for k := range size {
		cell, err := r.read(cellSize)
		if err != nil {
			return fmt.Errorf("cell %d: %w", k, err)
		}
		for i := range 9 { // the rows are x, y, z: the columns are the lattice vectors
			b.Cells[k][i%3][i/3] = length(cell[float64Size*i:])
		}
	}
	if size == 1 {
		if err := r.count(b.Start[1]); err != nil {
			return err
		}
	}
	for i := range b.Positions {
		row, err := r.read(3 * float64Size)
		if err != nil {
			return fmt.Errorf("position %d: %w", i, err)
		}
		for c := range 3 {
			b.Positions[i][c] = length(row[float64Size*c:])
		}
	}
	return nil
}

// count reads the number of atoms.
func (r *reader) count(want int) error {
	n, err := r.int32()
	if err != nil {
		return fmt.Errorf("number of atoms: %w", err)
	}
	if n != want {
		return fmt.Errorf("%d atoms: expected %d, as the structure has", n, want)
	}
	return nil
}

// length is a float64 in Bohr as Å.
func length(b []byte) float64 {
	return math.Float64frombits(binary.NativeEndian.Uint64(b)) * units.Bohr
}

// writer writes our messages, each in one piece.
type writer struct {
	to    io.Writer
	bytes []byte
}

// header writes a message that is a word.
func (w *writer) header(word string) error {
	w.bytes = appendHeader(w.bytes[:0], word)
	return w.write()
}

// forces writes FORCEREADY and the results of a batch: energies, number of atoms
// of a structure, forces, virials, and of each structure a text of no bytes: ASE
// 3.22 fails with one that is longer than a byte.
func (w *writer) forces(r *atoms.Result, size int) error {
	b := appendHeader(w.bytes[:0], "FORCEREADY")
	for _, e := range r.Energy {
		b = appendFloat(b, e/units.Hartree)
	}
	b = binary.NativeEndian.AppendUint32(b, uint32(len(r.Forces)/size))
	for _, f := range r.Forces {
		for _, x := range f {
			b = appendFloat(b, x*(units.Bohr/units.Hartree))
		}
	}
	for k := range r.Virial {
		v := &r.Virial[k]
		for i := range 9 { // symmetric: whose rows these are is all the same
			b = appendFloat(b, (v[i/3][i%3]+v[i%3][i/3])/(2*units.Hartree))
		}
	}
	for range size {
		b = binary.NativeEndian.AppendUint32(b, 0)
	}
	w.bytes = b
	return w.write()
}

func (w *writer) write() error {
	_, err := w.to.Write(w.bytes)
	return err
}

func appendHeader(b []byte, word string) []byte {
	return append(append(b, word...), "            "[:headerSize-len(word)]...)
}

func appendFloat(b []byte, x float64) []byte {
	return binary.NativeEndian.AppendUint64(b, math.Float64bits(x))
}
