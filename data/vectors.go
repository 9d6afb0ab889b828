package data

import (
	"bytes"
	"errors"
	"fmt"

	"painless/internal/vec"
)

// vectors reads what AMS, and ASE, write below the atoms: up to three lines VEC1 x y
// z, along which the structure is periodic, and no others.
func (r *Reader) vectors(h *header) error {
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
		word := bytes.TrimLeft(text, " \t")
		if len(word) == 3 || !bytes.HasPrefix([]byte("VEC"), word) {
			return string(word) == "VEC"
		}
	}
	return false
}
