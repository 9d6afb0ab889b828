package atoms

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// numbered fills a slice of numbers, or of arrays of them, with item 1, 2, … in every place.
func numbered(list reflect.Value, n int) {
	list.Set(reflect.MakeSlice(list.Type(), n, n))
	for i := range n {
		var fill func(v reflect.Value)
		fill = func(v reflect.Value) {
			if v.Kind() == reflect.Float64 {
				v.SetFloat(float64(i + 1))
				return
			}
			for j := range v.Len() {
				fill(v.Index(j))
			}
		}
		fill(list.Index(i))
	}
}

// Every field of a result, those that come later too, loses what is gone: rows of
// structures, or rows of atoms.
func TestRemove(t *testing.T) {
	full := func() *Batch {
		return NewBatch(
			Structure{Numbers: []int{1, 1}, Positions: [][3]float64{{1}, {2}}, PBC: [3]bool{true}},
			Structure{Numbers: []int{2}, Positions: [][3]float64{{3}}, Cell: [3][3]float64{{7}}},
			Structure{},
			Structure{Numbers: []int{3, 3, 3}, Positions: [][3]float64{{4}, {5}, {6}}},
		)
	}
	perAtom := map[string]bool{"Forces": true, "AtomEnergy": true, "AtomVirial": true}
	for _, test := range []struct {
		gone        []bool
		structures  []int // that stay
		atoms       []int
		start       []int
		firstNumber int
	}{
		{[]bool{false, false, false, false}, []int{0, 1, 2, 3}, []int{0, 1, 2, 3, 4, 5}, []int{0, 2, 3, 3, 6}, 1},
		{[]bool{true, false, false, false}, []int{1, 2, 3}, []int{2, 3, 4, 5}, []int{0, 1, 1, 4}, 2},
		{[]bool{true, false, true, false}, []int{1, 3}, []int{2, 3, 4, 5}, []int{0, 1, 4}, 2},
		{[]bool{true, true, true, false}, []int{3}, []int{3, 4, 5}, []int{0, 3}, 3},
		{[]bool{true, true, true, true}, nil, nil, []int{0}, 0},
	} {
		b, r, unlike := full(), Result{}, Result{}
		for i := range reflect.TypeFor[Result]().NumField() {
			n := b.Len()
			if perAtom[reflect.TypeFor[Result]().Field(i).Name] {
				n = b.NumAtoms()
			}
			numbered(reflect.ValueOf(&r).Elem().Field(i), n)
			numbered(reflect.ValueOf(&unlike).Elem().Field(i), n+1)
		}
		before := reflect.ValueOf(r)
		whole := make([]reflect.Value, before.NumField())
		for i := range whole {
			whole[i] = reflect.AppendSlice(reflect.MakeSlice(before.Field(i).Type(), 0, 0), before.Field(i))
		}
		r.Remove(b, test.gone)
		unlike.Remove(b, test.gone)
		for i, all := range whole {
			name, stay := before.Type().Field(i).Name, test.structures
			if perAtom[name] {
				stay = test.atoms
			}
			want := reflect.MakeSlice(all.Type(), 0, 0)
			for _, item := range stay {
				want = reflect.Append(want, all.Index(item))
			}
			assert.Equal(t, want.Interface(), reflect.ValueOf(r).Field(i).Interface(), name)
			assert.Zero(t, reflect.ValueOf(unlike).Field(i).Len(), name)
		}
		b.Remove(test.gone)
		require.NoError(t, b.Check())
		assert.Equal(t, test.start, b.Start)
		for k, was := range test.structures {
			want := full().Structure(was)
			assert.Equal(t, want, b.Structure(k))
		}
		for i := range b.NumAtoms() {
			k := b.StructureOf(i)
			assert.True(t, b.Start[k] <= i && i < b.Start[k+1])
		}
		if b.NumAtoms() > 0 {
			assert.Equal(t, test.firstNumber, b.Numbers[0])
		}
	}
}
