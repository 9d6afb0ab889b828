package train

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/systems"
	"painless/kernels/cpu"
	"painless/nn"
)

var (
	isolated   = [3]bool{}
	everywhere = [3]bool{true, true, true}
)

// newTestModel has no channel for the elements, so that it may be small, and biases,
// mixing matrices and all else in play.
func newTestModel(t testing.TB, h, blocks, rbf int, free bool) *Model {
	t.Helper()
	m := &Model{Config: nn.Config{HiddenDim: h, NumInteractions: blocks, NumRBF: rbf, Cutoff: 3, MaxZ: 8}, Free: free}
	for n := range rbf {
		m.Centers = append(m.Centers, m.Config.Cutoff*float64(n)/float64(max(1, rbf-1)))
		m.Widths = append(m.Widths, m.Config.Cutoff/float64(rbf))
	}
	require.NoError(t, m.prepare())
	rng := rand.New(rand.NewPCG(1, uint64(h)))
	m.randomise(rng)
	for l := range m.layout.layers {
		for i := range l.out {
			m.Weights[l.bias+i] += float32(0.1 * rng.NormFloat64())
		}
	}
	if free {
		for k := range m.layout.blocks {
			for i := range 9 {
				m.Weights[m.layout.blocks[k].mixing+i] += float32(0.2 * rng.NormFloat64())
			}
		}
	}
	m.Tie()
	return m
}

// sample is a structure with labels of all kinds that make sense.
func sample(t testing.TB, rng *rand.Rand, n int, size float64, pbc [3]bool, cutoff float64) *Sample {
	t.Helper()
	for range 100_000 {
		s := systems.Random(rng, n, size, 0.2, pbc, false)
		for i := range s.Numbers {
			s.Numbers[i] = 1 + s.Numbers[i]%8
		}
		var wide atoms.NeighborList[float64]
		if wide.Build(atoms.NewBatch(s), cutoff+0.01) != nil {
			continue
		}
		good := true
		for _, d := range wide.D {
			good = good && d > 0.8 && d < cutoff-0.01
		}
		if !good {
			continue
		}
		l := Labels{Energy: rng.NormFloat64()}
		for range n {
			l.Forces = append(l.Forces, [3]float64{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()})
			l.AtomEnergies = append(l.AtomEnergies, rng.NormFloat64())
		}
		if pbc == everywhere {
			l.Stress = &[6]float64{}
			for i := range l.Stress {
				l.Stress[i] = 0.01 * rng.NormFloat64()
			}
		}
		x, err := NewSample(s, l, cutoff)
		require.NoError(t, err)
		return x
	}
	t.Fatal("no acceptable structure found")
	return nil
}

func newTestEngine[T cpu.Float](t testing.TB, m *Model, o EngineOptions) *Engine[T] {
	t.Helper()
	if o.Loss == (Loss{}) {
		o.Loss = DefaultLoss
	}
	e, err := NewEngine[T](m, o)
	require.NoError(t, err)
	t.Cleanup(e.Close)
	return e
}

func gradientOf[T cpu.Float](t testing.TB, e *Engine[T], batch []*Sample) ([]T, Terms) {
	t.Helper()
	g := make([]T, len(e.model.Weights))
	terms, err := e.Gradient(context.Background(), batch, g)
	require.NoError(t, err)
	return g, terms
}

// wide gives an engine its model's weights in float64, ties holding to that, and
// returns a copy of them.
func wide(e *Engine[float64]) []float64 {
	for i, w := range e.model.Weights {
		e.weights[i] = float64(w)
	}
	if !e.model.Free {
		tie(e.layout, e.weights)
	}
	return slices.Clone(e.weights)
}

// farthest is the largest |got − want| over |want|, elements below a thousandth of the
// largest being measured against that thousandth.
func farthest(got, want []float64) (worst float64, at int) {
	largest := 0.0
	for _, x := range want {
		largest = math.Max(largest, math.Abs(x))
	}
	for i, x := range want {
		if e := math.Abs(got[i]-x) / math.Max(math.Abs(x), 1e-3*largest); !(e <= worst) {
			worst, at = e, i
		}
	}
	return worst, at
}
