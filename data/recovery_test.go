package data

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A frame with an error is passed over where it is known where it ends.
func TestReadGoesOnAfterABadFrame(t *testing.T) {
	const good = "1\n\nHe 1 2 3\n"
	for name, c := range map[string]struct {
		text string
		says []string // of the frames; empty for a good one
		ends string   // the last error, which stays
	}{
		"an atom":             {good + "2\n\nH 1 2\nH 1 2 3\n" + good, []string{"", "f:6: expected 4 columns, found 3 in \"H 1 2\"", ""}, "EOF"},
		"two of them":         {"3\n\nH 1 2 3\nXx 1 2 3\nH 1 two 3\n" + good, []string{`f:4: atom 1: species: expected the symbol of an element, or its atomic number, found "Xx"`, ""}, "EOF"},
		"the last":            {good + "1\n\nH 1 2\n", []string{"", `f:6: expected 4 columns, found 3 in "H 1 2"`}, "EOF"},
		"the comment":         {"2\nLattice=x\nH 1 2 3\nH 1 2 4\n" + good, []string{`f:2: key Lattice: expected a number, found "x"`, ""}, "EOF"},
		"Properties":          {"1\nProperties=x\nH 1 2 3\n" + good + "1\nProperties=x\nH 1 2 3\n", []string{"f:2: key Properties", "", "f:8: key Properties"}, "EOF"},
		"no atoms":            {"0\npbc=x\n" + good, []string{`f:2: key pbc: expected T or F, found "x"`, ""}, "EOF"},
		"a count":             {good + "x\n" + good, []string{"", `f:4: expected the number of atoms, found "x"`, ""}, "EOF"},
		"too large a count":   {"3\n\nH 1 2\nH 1 2 3\n" + good + good, []string{`f:3: expected 4 columns, found 3 in "H 1 2"; and line 1 says that there are 3 atoms: found 2 lines of them, and line 5 is "1", the next frame's number`, "", ""}, "EOF"},
		"the next count":      {"2\n\nH 1 2 3\n1\n3\nHe 1 2 3\n", []string{`f:1: line 1 says that there are 2 atoms: found 1 lines of them, and line 4 is "1", the next frame's number`, ""}, "EOF"},
		"one too few":         {good + "3\nq=1\nH 1 2 3\nH 1 2 4\n" + good + good, []string{"", `f:4: line 4 says that there are 3 atoms: found 2 lines of them, and line 8 is "1"`, "", ""}, "EOF"},
		"one too many":        {good + "1\nq=1\nH 1 2 3\nH 1 2 4\n" + good + good, []string{"", "f:4: line 4 says that there are 1 atoms: found 2 lines of them, or more", "", ""}, "EOF"},
		"many too many":       {"1\nProperties=pos:R:3:species:S:1\n" + strings.Repeat("1 2 3 H\n", 9) + good, []string{"f:1: line 1 says that there are 1 atoms: found 9 lines of them, or more", ""}, "EOF"},
		"too many at the end": {good + "1\n\nH 1 2 3\nH 1 2 4", []string{"", "f:4: line 4 says that there are 1 atoms: found 2 lines of them"}, "EOF"},
		"a stray number":      {"5\n\nH 1 2 3\n2\nH 1 2 4\nH 1 2 5\nH 1 2 6\n" + good, []string{"f:1: line 1 says", "f:4: expected a number of atoms and a comment line, found a number and an atom", ""}, "EOF"},
		"no frame's end":      {"x=1\n1\n\n" + good, nil, `f:1: expected the number of atoms, found "x=1"`},
		"a number in text":    {good + "notes\n1\n\nH 1 2 3\nof them\n" + good, []string{"", `f:4: expected the number of atoms, found "notes"`, `f:5: expected the next frame after 1 atoms, found "of them"`, ""}, "EOF"},
		"text at the end":     {good + "\nThe end.\nReally\n", []string{"", `f:5: expected the number of atoms, found "The end."`}, "EOF"},
		"too small a count":   {"1\n\nH 1 2\nH 1 2 3\n" + good, []string{"f:3: expected 4 columns", `f:4: expected the number of atoms, found "H 1 2 3"`, ""}, "EOF"},
		"a blank line":        {"2\n\nH 1 2 3\n\n" + good, []string{"f:1: line 1 says that there are 2 atoms: found 1 lines of them, and line 4 is a blank one", ""}, "EOF"},
		"the end inside":      {"3\n\nH 1 2\nH 1 2 3\n", nil, "f:3: expected 4 columns"},
		"the end before":      {"3\nLattice=x\n", nil, "f:2: key Lattice"},
		"no comment":          {good + "3\n", []string{""}, "f:5: expected a comment line, found the end of the file"},
		"an error of reading": {good, []string{""}, "f:4: timeout"},
		"the end":             {good + "2\n\nH 1 2 3\n", []string{""}, "f:7: expected 2 atoms, as line 4 says, found the end of the file after 1"},
	} {
		var source io.Reader = strings.NewReader(c.text)
		if name == "an error of reading" {
			source = io.MultiReader(source, iotest.ErrReader(iotest.ErrTimeout))
		}
		in := NewReader(source, "f")
		for k, says := range c.says {
			f, err := in.Read()
			if says == "" {
				require.NoError(t, err, name)
				assert.Equal(t, []int{2}, f.Numbers, name)
				continue
			}
			var bad *FrameError
			require.ErrorAs(t, err, &bad, name)
			assert.ErrorContains(t, err, says, name)
			assert.Equal(t, k, bad.Frame, name)
			assert.Nil(t, f, name)
		}
		for range 3 {
			f, err := in.Read()
			assert.Nil(t, f, name)
			assert.ErrorContains(t, err, c.ends, name)
			assert.NotErrorAs(t, err, new(*FrameError), name)
		}
	}
}
