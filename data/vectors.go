package data

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"painless/internal/vec"
)

// vectors reads what AMS, and ASE, write below the atoms: up to three lines VEC1 x y
// z, along which the structure is periodic, and no others. Or what Open Babel writes
// below a blank line, where the comment has %PBC: Vector1, Vector2, Vector3 and Offset.
func (r *Reader) vectors(h *header) error {
	if h.babel {
		return r.babelVectors(h)
	}
	for k := 0; r.atVector(k); k++ {
		line, err := r.next()
		if err != nil {
			return err
		}
		r.vectorLines = max(r.vectorLines, k+1)
		if k == 0 && (h.Cell != [3][3]float64{} || h.PBC != [3]bool{}) {
			return errors.New("expected one cell, found lines VEC below the atoms beside that of the comment")
		}
		words := bytes.Fields(line)
		if k > 2 || len(words) != 4 || string(words[0]) != fmt.Sprintf("VEC%d", k+1) {
			return fmt.Errorf("expected VEC1, VEC2 and VEC3, each with three numbers, found %.60q", line)
		}
		for c, word := range words[1:] {
			x, err := parseFloat(word)
			if err != nil || !vec.Finite(x) {
				return fmt.Errorf("VEC%d: expected finite numbers, found %.40q", k+1, word)
			}
			h.Cell[k][c] = x * h.unit
		}
		h.PBC[k] = true
	}
	return nil
}

// babelVectors reads Open Babel's lines, which all have to be there. Its vectors of
// length 1 may stand for none.
func (r *Reader) babelVectors(h *header) error {
	const most = 2 // blank lines
	for k := range 4 {
		line, err := r.next()
		for n := 0; k == 0 && err == nil && n < most && len(bytes.TrimSpace(line)) == 0; n++ {
			line, err = r.next()
		}
		if err != nil && err != io.EOF {
			return err
		}
		name := "Offset"
		if k < 3 {
			name = fmt.Sprintf("Vector%d", k+1)
		}
		words := bytes.Fields(line)
		if len(words) != 4 || string(words[0]) != name {
			return fmt.Errorf("expected the line %s x y z below the atoms, as the comment has %%PBC, found %.60q", name, line)
		}
		v, err := parseFloats(string(bytes.Join(words[1:], []byte(" "))), 3)
		if err != nil || !vec.Finite(v...) {
			return fmt.Errorf("%s: expected finite numbers, found %.60q", name, words[1:])
		}
		if k == 3 { // where the cell begins, which is all the same
			return nil
		}
		if vec.Norm([3]float64(v)) == 1 {
			return fmt.Errorf("%s: expected the length of a cell's vector, found 1, which may stand for none", name)
		}
		h.Cell[k], h.PBC[k] = [3]float64(v), true
	}
	return nil
}

// atVector says whether the next line, the k-th below the atoms, begins with VEC. Where
// nothing of it is in memory it waits for the input only if that is a file, or if a
// frame before had as many such lines: who waits for an answer sends no more.
func (r *Reader) atVector(k int) bool {
	if r.in.Buffered() == 0 && !r.waitsForFile() && k >= r.vectorLines {
		return false
	}
	const most = 64 // blanks before it
	for n := 1; n < most; n++ {
		text, err := r.in.Peek(n)
		if err != nil {
			return false
		}
		word := bytes.ToUpper(bytes.TrimLeft(text, " \t"))
		if len(word) == 3 || !bytes.HasPrefix([]byte("VEC"), word) {
			return string(word) == "VEC"
		}
	}
	return false
}
