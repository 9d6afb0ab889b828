package data

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
)

// labelled is two atoms in a cell with every label.
func labelled() *Frame {
	f := &Frame{Structure: atoms.Structure{
		Numbers: []int{1, 8}, Positions: [][3]float64{{}, {1, 0, 0}},
		Cell: [3][3]float64{{5, 0, 0}, {0, 5, 0}, {0, 0, 5}}, PBC: [3]bool{true, true, true},
	}}
	f.Set(EnergyKey, -1.5)
	f.Set("REF_energy", -2)
	f.SetVectors(ForcesKey, [][3]float64{{1, 2, 3}, {4, 5, 6}})
	f.SetVectors("REF_forces", [][3]float64{{7, 8, 9}, {0, 0, 0}})
	f.SetStress([6]float64{1, 2, 3, 4, 5, 6})
	return f
}

func TestLabels(t *testing.T) {
	f := labelled()
	energy, other := -1.5, -2.0
	l, lacks := f.Labels(LabelKeys{EnergyKey, ForcesKey, StressKey})
	assert.Empty(t, lacks)
	assert.Equal(t, Labels{Energy: &energy, Forces: [][3]float64{{1, 2, 3}, {4, 5, 6}}, Stress: &[6]float64{1, 2, 3, 4, 5, 6}}, l)
	own, err := f.OwnLabels()
	require.NoError(t, err)
	assert.Equal(t, l, own)
	l, lacks = f.Labels(LabelKeys{"REF_energy", "REF_forces", StressKey})
	assert.Empty(t, lacks)
	assert.Equal(t, Labels{Energy: &other, Forces: [][3]float64{{7, 8, 9}, {0, 0, 0}}, Stress: &[6]float64{1, 2, 3, 4, 5, 6}}, l)
	l, lacks = f.Labels(LabelKeys{Stress: StressKey})
	assert.Empty(t, lacks)
	assert.Equal(t, Labels{Stress: &[6]float64{1, 2, 3, 4, 5, 6}}, l)

	f.Drop(EnergyKey, ForcesKey, StressKey, "REF_energy", "REF_forces")
	l, lacks = f.Labels(LabelKeys{EnergyKey, ForcesKey, StressKey})
	assert.Zero(t, l)
	require.Len(t, lacks, 2, "a frame without stress lacks nothing")
	assert.EqualError(t, lacks[0], "no energy in the comment line")
	assert.EqualError(t, lacks[1], "no column forces:R:3")
	own, err = f.OwnLabels()
	require.NoError(t, err)
	assert.Zero(t, own)
}

// A label that is not what it should be is none, and the others are there.
func TestLabelsThatAreNone(t *testing.T) {
	for name, c := range map[string]struct {
		change func(f *Frame)
		says   string
	}{
		"text":            {func(f *Frame) { f.SetText(EnergyKey, "low") }, `energy: expected a number, found "low"`},
		"two numbers":     {func(f *Frame) { f.Set(EnergyKey, 1, 2) }, `energy: expected 1 numbers, found 2 in "1 2"`},
		"NaN energy":      {func(f *Frame) { f.Set(EnergyKey, math.NaN()) }, "energy: expected finite numbers, found NaN"},
		"few forces":      {func(f *Frame) { f.SetVectors(ForcesKey, make([][3]float64, 1)) }, "forces: expected those of 2 atoms, found 1"},
		"text columns":    {func(f *Frame) { f.Column(ForcesKey).Kind = String }, "column forces: expected three real numbers an atom, R:3, found S:3"},
		"infinite forces": {func(f *Frame) { f.Column(ForcesKey).Reals[4] = math.Inf(-1) }, "forces of atom 1: expected finite numbers, found -Inf"},
		"five of stress":  {func(f *Frame) { f.Set(StressKey, 1, 2, 3, 4, 5) }, `stress: expected 9 numbers, found 5 in "1 2 3 4 5"`},
		"NaN stress":      {func(f *Frame) { f.SetStress([6]float64{5: math.NaN()}) }, "stress: expected finite numbers, found NaN"},
	} {
		f := labelled()
		c.change(f)
		l, lacks := f.Labels(LabelKeys{EnergyKey, ForcesKey, StressKey})
		require.Len(t, lacks, 1, name)
		assert.EqualError(t, lacks[0], c.says)
		none := 0
		for _, missing := range []bool{l.Energy == nil, l.Forces == nil, l.Stress == nil} {
			if missing {
				none++
			}
		}
		assert.Equal(t, 1, none, name)
		_, err := f.OwnLabels()
		assert.EqualError(t, err, c.says)
	}
}

// A stress without a volume can be stored, but not compared.
func TestStressWithoutVolume(t *testing.T) {
	for _, change := range []func(f *Frame){func(f *Frame) { f.PBC = [3]bool{} }, func(f *Frame) { f.Cell[2] = f.Cell[1] }} {
		f := labelled()
		change(f)
		l, lacks := f.Labels(LabelKeys{Stress: StressKey})
		assert.Nil(t, l.Stress)
		require.Len(t, lacks, 1)
		assert.EqualError(t, lacks[0], "stress: expected a periodic cell with a volume, found none")
		own, err := f.OwnLabels()
		require.NoError(t, err)
		assert.Equal(t, &[6]float64{1, 2, 3, 4, 5, 6}, own.Stress)
	}
}
