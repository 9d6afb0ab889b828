package datasets

import (
	"fmt"
	"strconv"
	"strings"

	"painless/atoms"
	"painless/data"
)

// Fix is the flag -fix: atoms that do not move.
type Fix struct {
	text  string
	words []fixed
}

// fixed is an element, or indices from lo to hi.
type fixed struct{ element, lo, hi int }

// FixUsage is what the flag says of itself.
const FixUsage = "atoms that do not move: `elements and indices` from 0, such as Pt,0-11; a column move_mask of the input says so too"

func (x *Fix) String() string { return x.text }

// Set reads elements, indices and ranges of indices, with commas between.
func (x *Fix) Set(text string) error {
	*x = Fix{text: text}
	for word := range strings.SplitSeq(text, ",") {
		if word == "" {
			continue
		}
		if z, ok := atoms.AtomicNumber(word); ok {
			x.words = append(x.words, fixed{element: z})
			continue
		}
		first, last, isRange := strings.Cut(word, "-")
		if !isRange {
			last = first
		}
		lo, err1 := strconv.Atoi(first)
		hi, err2 := strconv.Atoi(last)
		if err1 != nil || err2 != nil || lo < 0 || hi < lo {
			return fmt.Errorf("expected an element, an index or a range such as 0-11, found %q", word)
		}
		x.words = append(x.words, fixed{lo: lo, hi: hi})
	}
	return nil
}

// Of returns which components of which atoms of a frame the flag and the frame's
// column move_mask hold, [N]; nil where all move. Atoms that are not there are an error.
func (x *Fix) Of(f *data.Frame) (components [][3]bool, err error) {
	fix := func(i int, which [3]bool) {
		if components == nil {
			components = make([][3]bool, len(f.Numbers))
		}
		for c := range which {
			components[i][c] = components[i][c] || which[c]
		}
	}
	if mask := f.Column("move_mask"); mask != nil {
		if mask.Kind != data.Logical || mask.Width != 1 && mask.Width != 3 {
			return nil, fmt.Errorf("column move_mask: expected L:1 or L:3, found %c:%d", mask.Kind, mask.Width)
		}
		for i := range f.Numbers {
			var which [3]bool
			for c := range which {
				which[c] = !mask.Bools[i*mask.Width+min(c, mask.Width-1)]
			}
			if which != [3]bool{} {
				fix(i, which)
			}
		}
	}
	for _, word := range x.words {
		if err := word.each(f.Numbers, func(i int) { fix(i, [3]bool{true, true, true}) }); err != nil {
			return nil, fmt.Errorf("-fix %s: %w", x.text, err)
		}
	}
	return components, nil
}

// each calls fix for the atoms that are meant.
func (x fixed) each(numbers []int, fix func(i int)) error {
	if x.element == 0 {
		if x.hi >= len(numbers) {
			return fmt.Errorf("expected indices below %d, the number of atoms, found %d", len(numbers), x.hi)
		}
		for i := x.lo; i <= x.hi; i++ {
			fix(i)
		}
		return nil
	}
	found := false
	for i, number := range numbers {
		if number == x.element {
			fix(i)
			found = true
		}
	}
	if !found {
		return fmt.Errorf("expected atoms of %s, found none", atoms.Symbol(x.element))
	}
	return nil
}
