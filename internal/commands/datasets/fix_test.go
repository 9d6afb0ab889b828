package datasets

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"painless/data"
)

// What -fix names and what the mask holds adds up.
func TestFix(t *testing.T) {
	water := func(mask *data.Column) *data.Frame {
		f := &data.Frame{}
		f.Numbers, f.Positions = []int{8, 1, 1}, make([][3]float64, 3)
		if mask != nil {
			f.Columns = []data.Column{*mask}
		}
		return f
	}
	all := [3]bool{true, true, true}
	mask := &data.Column{Name: "move_mask", Kind: data.Logical, Width: 3, Bools: []bool{true, false, true, true, true, true, true, true, true}}
	for _, test := range []struct {
		text    string
		mask    *data.Column
		want    [][3]bool
		problem string
	}{
		{"", nil, nil, ""},
		{"H", nil, [][3]bool{{}, all, all}, ""},
		{"0,,2", nil, [][3]bool{all, {}, all}, ""},
		{"1-2", mask, [][3]bool{{false, true, false}, all, all}, ""},
		{"", &data.Column{Name: "move_mask", Kind: data.Logical, Width: 1, Bools: []bool{true, true, true}}, nil, ""},
		{"", &data.Column{Name: "move_mask", Kind: data.Integer, Width: 1, Integers: []int{1, 1, 1}}, nil, "column move_mask: expected L:1 or L:3, found I:1"},
		{"1-3", nil, nil, "-fix 1-3: expected indices below 3, the number of atoms, found 3"},
		{"0-999999999999", nil, nil, "-fix 0-999999999999: expected indices below 3, the number of atoms, found 999999999999"},
		{"0,Pt", nil, nil, "-fix 0,Pt: expected atoms of Pt, found none"},
	} {
		var x Fix
		assert.NoError(t, x.Set(test.text))
		assert.Equal(t, test.text, x.String())
		got, err := x.Of(water(test.mask))
		if test.problem != "" {
			assert.EqualError(t, err, test.problem)
			continue
		}
		assert.NoError(t, err)
		assert.Equal(t, test.want, got)
	}
}

// Whatever is set is refused, or names atoms of a frame, or says that they are not there.
func FuzzFix(f *testing.F) {
	for _, text := range []string{"H", "Pt,0-11", "3-1", "-1", "x", "1-2-3", ",", "99999999999999999999", "O 1"} {
		f.Add(text)
	}
	frame := &data.Frame{}
	frame.Numbers = []int{8, 1, 1}
	f.Fuzz(func(t *testing.T, text string) {
		var x Fix
		if x.Set(text) != nil {
			return
		}
		if fixed, err := x.Of(frame); err == nil && fixed != nil {
			assert.Len(t, fixed, 3)
		}
	})
}
