package data

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
)

// crystal is an atom in a cell of 90 Å³.
func crystal() *Frame {
	return &Frame{Structure: atoms.Structure{
		Numbers: []int{1}, Positions: [][3]float64{{}},
		Cell: [3][3]float64{{4, 0, 0}, {0, 4.5, 0}, {0, 0, 5}}, PBC: [3]bool{true, true, true},
	}}
}

var (
	wanted = [6]float64{0.01, 0.02, 0.03, 0.004, 0.003, 0.002}
	nine   = []float64{0.01, 0.002, 0.003, 0.002, 0.02, 0.004, 0.003, 0.004, 0.03}
	virial = []float64{-0.9, -0.18, -0.27, -0.18, -1.8, -0.36, -0.27, -0.36, -2.7}
)

// A stress is found in every shape, and said where it is not its own.
func TestStressShapes(t *testing.T) {
	for name, c := range map[string]struct {
		fields map[string][]float64
		key    string
		found  bool
		notes  []string
		from   string
	}{
		"nine":             {map[string][]float64{"stress": nine}, StressKey, true, nil, "stress"},
		"six":              {map[string][]float64{"stress": wanted[:]}, StressKey, true, []string{"the six numbers of stress are read as xx, yy, zz, yz, xz, xy"}, "stress"},
		"virial":           {map[string][]float64{"virial": virial}, StressKey, true, []string{"stress is −virial/V"}, "virial"},
		"virials":          {map[string][]float64{"virials": virial}, StressKey, true, []string{"stress is −virials/V"}, "virials"},
		"both":             {map[string][]float64{"stress": nine, "virial": virial}, StressKey, true, nil, "stress"},
		"both, other":      {map[string][]float64{"stress": nine, "virial": nine}, StressKey, true, []string{"virial is not −V·stress: the stress is used"}, "stress"},
		"both, six":        {map[string][]float64{"stress": nine, "virial": wanted[:]}, StressKey, true, nil, "stress"},
		"a key":            {map[string][]float64{"REF_stress": nine}, "REF_stress", true, nil, "REF_stress"},
		"a key of six":     {map[string][]float64{"REF_stress": wanted[:]}, "REF_stress", true, []string{"the six numbers of REF_stress are read as xx, yy, zz, yz, xz, xy"}, "REF_stress"},
		"a key of virials": {map[string][]float64{"REF_virial": virial, "stress": {1, 2, 3, 4, 5, 6}}, "REF_virial", true, []string{"stress is −REF_virial/V"}, "REF_virial"},
		"another key":      {map[string][]float64{"REF_stress": nine}, StressKey, false, []string{"REF_stress may be a stress and is left out"}, ""},
		"no such key":      {map[string][]float64{"virial": virial}, "REF_stress", false, []string{"virial may be a stress and is left out", "no REF_stress in the comment line"}, ""},
		"none":             {nil, StressKey, false, nil, ""},
		"not looked for":   {map[string][]float64{"stress": nine}, "", false, nil, ""},
	} {
		f := crystal()
		for key, numbers := range c.fields {
			f.Set(key, numbers...)
		}
		l, lacks := f.Labels(LabelKeys{Stress: c.key})
		assert.Empty(t, lacks, name)
		assert.Equal(t, c.notes, l.Notes, name)
		assert.Equal(t, c.found, l.Stress != nil, name)
		if c.found {
			assert.InDeltaSlice(t, wanted[:], l.Stress[:], 1e-16, name)
		}
		if c.key == "" {
			continue
		}
		found, notes, err := f.MoveStress(c.key)
		require.NoError(t, err, name)
		assert.Equal(t, c.found, found, name)
		if !found {
			assert.Nil(t, notes, name)
			continue
		}
		if name != "both, other" {
			assert.Equal(t, c.notes, notes, name)
		}
		_, there := f.Get(c.from)
		assert.Equal(t, c.from == StressKey, there, name)
		own, err := f.OwnLabels()
		require.NoError(t, err, name)
		assert.InDeltaSlice(t, wanted[:], own.Stress[:], 1e-16, name)
		_, err = f.Floats(StressKey, 9)
		assert.NoError(t, err, name)
	}
}

func TestStressesThatAreNone(t *testing.T) {
	zeros := make([]float64, 9)
	for name, c := range map[string]struct {
		key      string
		numbers  []float64
		isolated bool
		lacks    string
		notes    []string
	}{
		"six of a virial":       {"virial", wanted[:], false, "virial: expected nine numbers, as nothing states the order of six, found 6", nil},
		"a virial of no volume": {"virial", virial, true, "virial: expected a periodic cell with a volume, found none", nil},
		"a stress of no volume": {"stress", nine, true, "stress: expected a periodic cell with a volume, found none", nil},
		"zeros of a molecule":   {"stress", zeros, true, "", []string{"stress of nothing but zeros is left out where the cell has no volume"}},
		"zeros, as a virial":    {"virial", zeros, true, "", []string{"virial of nothing but zeros is left out where the cell has no volume"}},
		"one number":            {"stress", []float64{1}, false, `stress: expected 9 numbers, found 1 in "1"`, nil},
	} {
		f := crystal()
		if c.isolated {
			f.PBC = [3]bool{}
		}
		f.Set(c.key, c.numbers...)
		l, lacks := f.Labels(LabelKeys{Stress: StressKey})
		assert.Nil(t, l.Stress, name)
		assert.Equal(t, c.notes, l.Notes, name)
		if c.lacks == "" {
			assert.Empty(t, lacks, name)
			continue
		}
		require.Len(t, lacks, 1, name)
		assert.EqualError(t, lacks[0], c.lacks, name)
	}
	f := crystal()
	f.Set("virial", zeros...)
	l, _ := f.Labels(LabelKeys{Stress: StressKey})
	assert.Equal(t, &[6]float64{}, l.Stress, "of a crystal zeros are a stress")
	assert.Equal(t, "0 0 0 0 0 0 0 0 0", func() string {
		_, _, err := f.MoveStress(StressKey)
		require.NoError(t, err)
		value, _ := f.Get(StressKey)
		return value
	}(), "without −0")
}

// What looks like a label is named where it is missing.
func TestLabelsUnderOtherNames(t *testing.T) {
	f := crystal()
	f.Set("Energy", -1)
	f.Set("free_energy", -2)
	f.SetText("energy_unit", "eV")
	f.SetVectors("DFT_forces", [][3]float64{{1, 2, 3}})
	f.Columns = append(f.Columns, Column{Name: "force_error", Kind: Real, Width: 1, Reals: []float64{1}})
	keys := LabelKeys{EnergyKey, ForcesKey, StressKey}
	_, lacks := f.Labels(keys)
	require.Len(t, lacks, 2)
	assert.EqualError(t, lacks[0], "no energy in the comment line; left out what else may be it: Energy, free_energy")
	assert.EqualError(t, lacks[1], "no column forces:R:3; left out what else may be it: DFT_forces")
	for k := range 9 {
		f.Set(string(rune('a'+k))+"_energy", 1)
	}
	_, lacks = f.Labels(keys)
	assert.EqualError(t, lacks[0], "no energy in the comment line; left out what else may be it: Energy, free_energy, a_energy, b_energy, c_energy, 6 more")

	f.SetVectors("force", [][3]float64{{4, 5, 6}})
	l, lacks := f.Labels(keys)
	assert.Len(t, lacks, 1)
	assert.Equal(t, [][3]float64{{4, 5, 6}}, l.Forces)
	assert.Equal(t, []string{"forces are those of the column force"}, l.Notes)
	f.SetVectors(ForcesKey, [][3]float64{{7, 8, 9}})
	l, _ = f.Labels(keys)
	assert.Equal(t, [][3]float64{{7, 8, 9}}, l.Forces)
	assert.Empty(t, l.Notes)
	f.Columns = []Column{{Name: ForcesKey, Kind: Integer, Width: 3, Integers: []int{1, -2, 3}}}
	l, _ = f.Labels(keys)
	assert.Equal(t, [][3]float64{{1, -2, 3}}, l.Forces)

	for comment, says := range map[string]string{
		"energy: -5.07 gnorm: 0.0004 xtb: 6.5.0": "no energy in the comment line, whose text is not read for one",
		"Coordinates from ORCA-job x E -154.99":  "no energy in the comment line, whose text is not read for one",
		"i = 0, time = 0.000, E = -17.1643447":   "no energy in the comment line; left out what else may be it: E",
		"water":                                  "no energy in the comment line",
	} {
		f, err := one(comment)
		require.NoError(t, err)
		_, lacks := f.Labels(LabelKeys{Energy: EnergyKey})
		require.Len(t, lacks, 1)
		assert.EqualError(t, lacks[0], says)
	}
}
