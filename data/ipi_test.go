package data

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/internal/units"
	"painless/internal/vec"
)

// scaled is vectors in another unit.
func scaled(v [3][3]float64, by float64) (out [3][3]float64) {
	for i := range v {
		for c := range v[i] {
			out[i][c] = v[i][c] * by
		}
	}
	return out
}

func TestIPI(t *testing.T) {
	box := [3][3]float64{{4, 0, 0}, {0, 4.5, 0}, {0, 0, 5}}
	sheared := [3][3]float64{{4, 0, 0}, {1, 4.5, 0}, {2, -0.5, 5}}
	turned := [3][3]float64{{0, 4, 1}, {4.5, 0, 0}, {0, 0.5, 5}}
	for comment, want := range map[string]struct {
		cell           [3][3]float64
		cellUnit, unit float64
	}{
		"# CELL(abcABC):    4.00000     4.50000     5.00000    90.00000    90.00000    90.00000  Step:           0  Bead:       0 positions{angstrom}  cell{angstrom}": {box, 1, 1},
		"# CELL[abcABC]: 4 4.5 5 90 90 90 Step: 0 Bead: 0 positions{atomic_unit} cell{atomic_unit}":                                                                    {box, units.Bohr, units.Bohr},
		"# CELL{abcABC}: 4 4.5 5 90 90 90 x_centroid{angstrom} cell{atomic_unit}":                                                                                      {box, units.Bohr, 1},
		"# CELL(H): 4 1 2 0 4.5 -0.5 0 0 5 positions{Angstrom} cell{nanometer}":                                                                                        {sheared, 10, 1},
		"# CELL(GENH): 0 4 1 4.5 0 0 0 0.5 5 positions{picometer} cell{ase}":                                                                                           {turned, 1, 0.01},
		"cell{angstrom} CELL(abcABC): 4.0D0 4.5 5e0 90. 90. 90. energy: 5 positions{angstrom} E=1":                                                                     {box, 1, 1},
	} {
		f, err := one(comment)
		require.NoError(t, err, comment)
		assert.Equal(t, [3]bool{true, true, true}, f.PBC, comment)
		assert.Equal(t, scaled(want.cell, want.cellUnit), f.Cell, comment)
		assert.Equal(t, [][3]float64{{want.unit, 2 * want.unit, 3 * want.unit}}, f.Positions, comment)
		assert.Equal(t, []Field{{Comment, comment}}, f.Info)
		assert.Empty(t, f.Warnings)
		again := readAll(t, strings.NewReader(written(t, f)))
		assert.Equal(t, f.Structure, again[0].Structure, "the units are not taken twice")
		assert.Empty(t, again[0].Warnings)
	}
	f, err := one("# Step: 0 positions{atomic_unit}")
	require.NoError(t, err)
	assert.Zero(t, f.Cell)
	assert.Zero(t, f.PBC)
	assert.Equal(t, [][3]float64{{units.Bohr, 2 * units.Bohr, 3 * units.Bohr}}, f.Positions)
	assert.Len(t, f.Warnings, 1)

	in := NewReader(strings.NewReader("1\n# CELL(abcABC): 4 4 4 90 90 90 positions{atomic_unit} cell{atomic_unit}\nH 1 2 3\n1\n\nH 1 2 3\n"), "f")
	_, err = in.Read()
	require.NoError(t, err)
	f, err = in.Read()
	require.NoError(t, err)
	assert.Equal(t, [][3]float64{{1, 2, 3}}, f.Positions, "the next frame has its own units")
}

// The vectors of lengths and angles have these lengths and angles.
func TestIPIAngles(t *testing.T) {
	f, err := one("# CELL(abcABC): 3 4 5 80 95 110 positions{angstrom} cell{angstrom}")
	require.NoError(t, err)
	a, b, c := f.Cell[0], f.Cell[1], f.Cell[2]
	assert.Equal(t, [3]float64{3, 0, 0}, a)
	assert.Zero(t, b[2])
	assert.Positive(t, b[1])
	assert.Positive(t, c[2])
	angle := func(x, y [3]float64) float64 { return math.Acos(vec.Dot(x, y)/vec.Norm(x)/vec.Norm(y)) * 180 / math.Pi }
	assert.InDelta(t, 4, vec.Norm(b), 1e-14)
	assert.InDelta(t, 5, vec.Norm(c), 1e-14)
	assert.InDelta(t, 80, angle(b, c), 1e-12)
	assert.InDelta(t, 95, angle(a, c), 1e-12)
	assert.InDelta(t, 110, angle(a, b), 1e-12)
}

func TestIPIRefuses(t *testing.T) {
	const units = " positions{angstrom} cell{angstrom}"
	for comment, says := range map[string]string{
		"# CELL(abcABC): 4 4.5 5 90 90 90 Step: 0 Bead: 0":                    "expected the unit of the positions, as in positions{angstrom}, found none",
		"# CELL(abcABC): 4 4.5 5 90 90 90 positions{angstrom}":                "expected the unit of the cell, as in cell{angstrom}, found none",
		"# CELL(abcABC): 4 4.5 5 90 90 90 positions{} cell{angstrom}":         `expected lengths in angstrom, atomic_unit, nanometer or picometer, found ""`,
		"# CELL(abcABC): 4 4.5 5 90 90 90 forces{atomic_unit} cell{angstrom}": "expected positions, found forces",
		"# CELL(abcABC): 4 4.5 5 90 90 90 velocities{m} positions{angstrom}":  "expected positions, found velocities",
		"# CELL(abcABC): 4 4.5 5 90 90" + units:                               "CELL(abcABC): expected a number, found \"positions{angstrom}\"",
		"# CELL(abcABC): 4 4.5 0 90 90 90" + units:                            "expected lengths above 0",
		"# CELL(abcABC): -1 -1 -1 90 90 90" + units:                           "expected lengths above 0",
		"# CELL(abcABC): 4 4.5 NaN 90 90 90" + units:                          "expected lengths above 0",
		"# CELL(abcABC): 4 4.5 Inf 90 90 90" + units:                          "expected finite numbers",
		"# CELL(abcABC): 4 4.5 5 90 90 180" + units:                           "angles between 0 and 180",
		"# CELL(abcABC): 4 4.5 5 150 150 150" + units:                         "expected the angles of a cell",
		"# CELL(H): 4 0 0 1 4.5 0 2 0.5 5" + units:                            "expected an upper triangular matrix",
		"# CELL(GENH): 4 0 0 1 4.5 0 2 0.5" + units:                           "CELL(GENH): expected a number",
		"# CELL(GENH): 4 0 0 1 4.5 0 2 0.5 nan" + units:                       "expected finite numbers, found NaN",
		"# CELL(GENH):": "expected the unit of the positions",
	} {
		_, err := one(comment)
		assert.ErrorContains(t, err, "f:2: i-PI's comment line: ", comment)
		assert.ErrorContains(t, err, says, comment)
	}
}
