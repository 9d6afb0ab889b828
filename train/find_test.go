package train

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/vec"
)

// turn is a rotation by Rodrigues' formula.
func turn(axis [3]float64, angle float64) (m [3][3]float64) {
	axis = vec.Scale(axis, 1/vec.Norm(axis))
	sin, cos := math.Sincos(angle)
	for i := range 3 {
		var e [3]float64
		e[i] = 1
		cross, along := vec.Cross(axis, e), vec.Dot(axis, e)*(1-cos)
		for c := range 3 {
			m[c][i] = cos*e[c] + sin*cross[c] + along*axis[c]
		}
	}
	return m
}

// changed is a structure whose atoms and cell vectors are other ones.
func changed(x *atoms.Structure, by func(r [3]float64) [3]float64) *atoms.Structure {
	y := &atoms.Structure{Numbers: append([]int(nil), x.Numbers...), Cell: x.Cell, PBC: x.PBC}
	for _, r := range x.Positions {
		y.Positions = append(y.Positions, by(r))
	}
	return y
}

// The same structure is found wherever it stands, however it is turned, and at the
// edges of steps; what differs by more than rounding is another one.
func TestFind(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 5))
	jitter := func(size float64) func(r [3]float64) [3]float64 {
		return func(r [3]float64) [3]float64 {
			d := [3]float64{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()}
			d = vec.Scale(d, size/vec.Norm(d))
			return [3]float64{r[0] + d[0], r[1] + d[1], r[2] + d[2]}
		}
	}
	rotation := turn([3]float64{1, 2, 3}, 1.1)
	turned := func(r [3]float64) [3]float64 { return vec.Times(&rotation, r) }
	moved := func(r [3]float64) [3]float64 { return [3]float64{r[0] + 1, r[1] - 20, r[2]} }
	cells := map[[3]bool][3][3]float64{
		{}: {}, {true, true, true}: {{9, 0, 0}, {2, 8, 0}, {-1, 3, 7}}, {true, true, false}: {{9, 0, 0}, {2, 8, 0}, {}},
	}
	for pbc, cell := range cells {
		for range 60 {
			x := &atoms.Structure{Cell: cell, PBC: pbc}
			for i := range 1 + rng.IntN(9) {
				x.Numbers = append(x.Numbers, 1+i%3)
				x.Positions = append(x.Positions, [3]float64{9 * rng.Float64(), math.Round(5e4*rng.Float64()) / 1e4, 9 * rng.Float64()})
			}
			s := &Set{}
			for range 3 { // others, so that indices count
				require.NoError(t, s.Add(changed(x, jitter(0.3)), labelled(1), 1e-3))
			}
			require.NoError(t, s.Add(x, labelled(1), 1e-3))
			same := func(y *atoms.Structure, why string) {
				t.Helper()
				k, ok := s.Find(y)
				assert.True(t, ok, "%s %v", why, pbc)
				if len(x.Numbers) > 1 {
					assert.Equal(t, 3, k, why)
				}
			}
			same(x, "itself")
			same(changed(x, func(r [3]float64) [3]float64 { return widened(single(r)) }), "rounded")
			same(changed(x, jitter(0.5*sameWithin)), "rounded coarsely")
			same(changed(x, moved), "moved")
			there := changed(changed(x, moved), turned)
			for k := range there.Cell {
				there.Cell[k] = turned(x.Cell[k])
			}
			same(there, "turned")
			switch {
			case pbc == [3]bool{}:
				same(changed(x, func(r [3]float64) [3]float64 { return [3]float64{-r[0], r[1], r[2]} }), "mirrored")
			default:
				same(changed(x, func(r [3]float64) [3]float64 {
					n := float64(rng.IntN(5) - 2)
					return [3]float64{r[0] + n*x.Cell[1][0], r[1] + n*x.Cell[1][1], r[2] + n*x.Cell[1][2]}
				}), "wrapped")
				wider := changed(x, func(r [3]float64) [3]float64 { return r })
				wider.Cell[0][0] += 0.01
				_, ok := s.Find(wider)
				assert.False(t, ok, "another cell")
			}
			if len(x.Numbers) > 1 {
				y := changed(x, func(r [3]float64) [3]float64 { return r })
				y.Positions[1] = vec.Sub(y.Positions[1], vec.Scale(vec.Sub(y.Positions[0], y.Positions[1]), 2e-3))
				_, ok := s.Find(y)
				assert.False(t, ok, "another place")
			}
			other := changed(x, func(r [3]float64) [3]float64 { return r })
			other.Numbers[len(other.Numbers)-1] = 9
			_, ok := s.Find(other)
			assert.False(t, ok, "another element")
			_, ok = s.Find(&atoms.Structure{})
			assert.False(t, ok)
		}
	}
}

// Atoms at equal distances in other directions of a cell are other places.
func TestFindTellsDirectionsApart(t *testing.T) {
	s := &Set{}
	x := &atoms.Structure{Numbers: []int{11, 17}, Positions: [][3]float64{{}, {2, 0, 0}}, Cell: [3][3]float64{{5, 0, 0}, {0, 6, 0}, {0, 0, 7}}, PBC: everywhere}
	require.NoError(t, s.Add(x, labelled(1), 1e-3))
	x.Positions[1] = [3]float64{0, 2, 0}
	_, ok := s.Find(x)
	assert.False(t, ok)
	x.Positions[1] = [3]float64{2, 6, 0}
	_, ok = s.Find(x)
	assert.True(t, ok)
}

// Few structures share a key, so that time grows with their number, even where all are of one molecule.
func TestFindIsLinear(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 5))
	s := &Set{}
	for range 20_000 {
		x := water(0)
		for i := range x.Positions {
			for c := range 3 {
				x.Positions[i][c] += 0.1 * rng.NormFloat64()
			}
		}
		_, ok := s.Find(x)
		assert.False(t, ok)
		require.NoError(t, s.Add(x, labelled(1), 1e-3))
	}
	longest, chain := 0, map[int32]int{}
	for k, before := range s.lookup.before {
		if before >= 0 {
			chain[int32(k)] = chain[before] + 1
		}
		longest = max(longest, chain[int32(k)])
	}
	assert.Less(t, longest, 20, "structures share a key")
}
