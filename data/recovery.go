package data

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"painless/atoms"
)

// A frame with an error is one frame. It ends after as many lines as its first one
// says, if these are atoms; else the next frame is looked for.

// lose is the error of a frame, after which it is not known where the next one is.
func (r *Reader) lose(line int, err error) error {
	r.lost = true
	return &FrameError{File: r.name, Frame: r.index, Line: line, Err: err}
}

// skip passes over the rest of a frame of n atoms with an error on the last line, of
// which i atoms are read.
func (r *Reader) skip(i, n int, bad error) error {
	at := r.line
	for ; i < n; i++ {
		line, err := r.next()
		if err != nil && err != io.EOF {
			return err
		}
		if err == io.EOF {
			r.line = at
			return bad
		}
		if isCount(line) {
			return r.lose(at, fmt.Errorf("%w; and %w", bad, r.tooFew(line, i, n).(*FrameError).Err))
		}
	}
	for k := 0; r.atVector(k); k++ {
		if _, err := r.next(); err != nil {
			return err
		}
	}
	return &FrameError{File: r.name, Frame: r.index, Line: at, Err: bad}
}

// isCount says whether a line among the atoms belongs to another frame, or
// between two.
func isCount(line []byte) bool {
	_, err := parseCount(bytes.TrimSpace(line))
	return err == nil || len(bytes.TrimSpace(line)) == 0
}

// tooFew is the error of a frame of n atoms where after i of them a line follows that
// is another frame's.
func (r *Reader) tooFew(line []byte, i, n int) error {
	what := fmt.Sprintf("%.40q, the next frame's number", line)
	if len(bytes.TrimSpace(line)) == 0 {
		what = "a blank one"
	}
	err := r.lose(r.first, fmt.Errorf("line %d says that there are %d atoms: found %d lines of them, and line %d is %s", r.first, n, i, r.line, what))
	r.again = bytes.Clone(line)
	r.line--
	return err
}

// tooMany is the error of a frame of n atoms where more of them follow, or of one
// whose place was not known and that does not end where a frame does.
func (r *Reader) tooMany(n int) error {
	text := r.following()
	more := 0
	for text != nil {
		line, rest, _ := bytes.Cut(text, []byte{'\n'})
		if isCount(line) || !r.layout.isAtom(line) {
			break
		}
		more++
		text = rest
	}
	if more > 0 {
		return r.lose(r.first, fmt.Errorf("line %d says that there are %d atoms: found %d lines of them, or more", r.first, n, n+more))
	}
	if line, _, _ := bytes.Cut(text, []byte{'\n'}); r.found && len(text) > 0 && !isCount(bytes.TrimPrefix(line, byteOrderMark)) {
		return r.lose(r.first, fmt.Errorf("expected the next frame after %d atoms, found %.40q", n, line))
	}
	return nil
}

// waitsForFile says whether to wait for the input is to wait for no answer.
func (r *Reader) waitsForFile() bool { return r.packed || r.source.full }

// following is what is there of the lines that follow. It waits for the input only
// if that is a file.
func (r *Reader) following() []byte {
	const line = 1 << 12
	if r.in.Buffered() < line && r.waitsForFile() {
		_, _ = r.in.Peek(line) // an error comes again
	}
	text, _ := r.in.Peek(r.in.Buffered())
	return text
}

// isAtom says whether a line is an atom's in this layout: its element and its position.
func (l *layout) isAtom(line []byte) bool {
	words := make([][]byte, len(l.words))
	n, rest := splitWords(words, line)
	if n < len(words) || l.text != "" && countWords(rest) > 0 {
		return false
	}
	for k, p := range l.properties {
		word := words[0]
		switch l.target[k] {
		case species, atomicNumber:
			_, symbol := atoms.AtomicNumber(string(word))
			_, err := parseAtomicNumber(word)
			if !symbol && err != nil && !isIsotope(word) {
				return false
			}
		case position:
			for _, word := range words[:p.width] {
				if _, err := parseFloat(word); err != nil {
					return false
				}
			}
		}
		words = words[p.width:]
	}
	return true
}

// isIsotope says whether a word is hydrogen's D or T.
func isIsotope(word []byte) bool { return len(word) == 1 && strings.ContainsAny("DTdt", string(word)) }
