package nn

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/checkpoint"
	"painless/internal/systems"
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
	for s := range cfg.specs() {
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

func compute(t testing.TB, p Potential, structures ...atoms.Structure) *Result {
	t.Helper()
	r := &Result{}
	require.NoError(t, p.Compute(context.Background(), atoms.NewBatch(structures...), r))
	return r
}

// acceptable reports whether no pair, images included, is nearer than least
// and none is within margin of the cutoff.
func acceptable(s atoms.Structure, cutoff, least, margin float64) bool {
	var wide atoms.NeighborList[float64]
	if err := wide.Build(atoms.NewBatch(s), cutoff+margin); err != nil {
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
func distorted(t testing.TB, rng *rand.Rand, n int, size, skew float64, pbc [3]bool) atoms.Structure {
	t.Helper()
	for range 100_000 {
		s := systems.Random(rng, n, size, skew, pbc, pbc != isolated)
		if acceptable(s, 5, 0.8, 0.004) {
			return s
		}
	}
	t.Fatal("no acceptable structure found")
	return atoms.Structure{}
}

func flatten(rows [][3]float64) []float64 {
	flat := make([]float64, 0, 3*len(rows))
	for _, r := range rows {
		flat = append(flat, r[:]...)
	}
	return flat
}

// reopen writes a checkpoint to a file and opens that with a key.
func reopen(t testing.TB, c *checkpoint.Checkpoint, key string) (*checkpoint.Checkpoint, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c.pt")
	file, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, c.WritePyTorch(file))
	require.NoError(t, file.Close())
	again, err := checkpoint.OpenWith(path, checkpoint.Options{Key: key})
	if err == nil {
		t.Cleanup(func() { require.NoError(t, again.Close()) })
	}
	return again, err
}
