package nn

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"painless/data"
)

// smallConfig is a network that is quick to compute and has every part: a
// first, a middle and a last block, and features that fill no slice or tile.
var smallConfig = Config{HiddenDim: 20, NumInteractions: 3, NumRBF: 8, Cutoff: 5, MaxZ: 20}

// randomNetwork has weights of the size that training leaves.
func randomNetwork(cfg Config, seed uint64) *Network {
	rng := rand.New(rand.NewPCG(seed, 1))
	normal := func(n int, sigma float64) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = sigma * rng.NormFloat64()
		}
		return x
	}
	values := map[string][]float64{}
	for _, s := range cfg.specs() {
		n, sigma := 1, 0.1
		for _, d := range s.shape {
			n *= d
		}
		if len(s.shape) == 2 {
			sigma = 0.6 / math.Sqrt(float64(s.shape[1]))
		}
		values[s.name] = normal(n, sigma)
	}
	values["embedding.weight"] = normal(len(values["embedding.weight"]), 1)
	for n := range cfg.NumRBF {
		values["rbf.centers"][n] = cfg.Cutoff * float64(n) / float64(cfg.NumRBF-1)
		values["rbf.widths"][n] = cfg.Cutoff / float64(cfg.NumRBF)
	}
	return assemble(cfg, values)
}

// newTestPotential is closed at the end of the test.
func newTestPotential(t testing.TB, net *Network, opts Options) Potential {
	t.Helper()
	p, err := NewPotential(net, opts)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return p
}

func compute(t testing.TB, p Potential, structures ...data.Structure) *Result {
	t.Helper()
	r := &Result{}
	require.NoError(t, p.Compute(context.Background(), NewBatch(structures...), r))
	return r
}

// randomStructure is n atoms with no two nearer than 0.8 Å, in a cell whose
// edges are about size and whose angles are up to skew away from 90°; they
// lie in the cell and, with outside, up to a few cells away.
func randomStructure(rng *rand.Rand, n int, size, skew float64, pbc [3]bool, outside bool) data.Structure {
	s := data.Structure{PBC: pbc}
	for k := range s.Cell {
		for c := range s.Cell[k] {
			s.Cell[k][c] = size * skew * (rng.Float64() - 0.5)
		}
		s.Cell[k][k] += size * (0.8 + 0.4*rng.Float64())
	}
	elements := []int{1, 6, 7, 8, 9, 15, 16, 17}
	for range n {
		f := [3]float64{rng.Float64(), rng.Float64(), rng.Float64()}
		if outside {
			for c := range f {
				f[c] += float64(rng.IntN(7) - 3)
			}
		}
		s.Positions = append(s.Positions, times(f, &s.Cell))
		s.Numbers = append(s.Numbers, elements[rng.IntN(len(elements))])
	}
	return s
}

// acceptable reports whether no pair, images included, is nearer than least
// and none is within margin of the cutoff.
func acceptable(s data.Structure, cutoff, least, margin float64) bool {
	var wide NeighborList[float64]
	if err := wide.Build(NewBatch(s), cutoff+margin); err != nil {
		return false
	}
	for _, d := range wide.D {
		if d < least || d > cutoff-margin {
			return false
		}
	}
	return true
}

// distorted draws structures until one is acceptable: no atoms on top of each
// other and no pair so near the cutoff that a small step crosses it.
func distorted(t testing.TB, rng *rand.Rand, n int, size, skew float64, pbc [3]bool) data.Structure {
	t.Helper()
	for range 100_000 {
		s := randomStructure(rng, n, size, skew, pbc, pbc != isolated)
		if acceptable(s, 5, 0.8, 0.004) {
			return s
		}
	}
	t.Fatal("no acceptable structure found")
	return data.Structure{}
}

func flatten(rows [][3]float64) []float64 {
	flat := make([]float64, 0, 3*len(rows))
	for _, r := range rows {
		flat = append(flat, r[:]...)
	}
	return flat
}
