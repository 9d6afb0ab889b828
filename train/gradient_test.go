package train

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/internal/vec"
)

// slopes is the loss's derivatives by finite differences along directions, each a
// list of weights and by how much they change.
func slopes(t *testing.T, e *Engine[float64], batch []*Sample, weights []float64, directions [][]change) (numeric []float64) {
	t.Helper()
	const h = 1e-5
	ignored := make([]float64, len(weights))
	at := func(direction []change, step float64) float64 {
		copy(e.weights, weights)
		for _, c := range direction {
			e.weights[c.at] += step * c.by
		}
		if !e.model.Free {
			tie(e.layout, e.weights)
		}
		terms, err := e.compute(context.Background(), batch, ignored)
		require.NoError(t, err)
		return terms.Loss
	}
	for _, d := range directions {
		numeric = append(numeric, (8*(at(d, h)-at(d, -h))-(at(d, 2*h)-at(d, -2*h)))/(12*h))
	}
	return numeric
}

type change struct {
	at int
	by float64
}

// directions is each weight by itself that is not held or, as that takes long, a
// random direction in each tensor.
func directions(m *Model, each bool) (list [][]change) {
	rng := rand.New(rand.NewPCG(5, 6))
	tensor := func(at, n int) {
		var all []change
		for i := at; i < at+n; i++ {
			if m.held[i] {
				continue
			}
			if each {
				list = append(list, []change{{i, 1}})
			}
			all = append(all, change{i, rng.NormFloat64() / math.Sqrt(float64(n))})
		}
		if !each && all != nil {
			list = append(list, all)
		}
	}
	tensor(m.layout.embedding, (m.Config.MaxZ+1)*m.Config.HiddenDim)
	for l := range m.layout.layers {
		tensor(l.weight, l.out*l.in)
		tensor(l.bias, l.out)
	}
	for k := range m.layout.blocks {
		tensor(m.layout.blocks[k].mixing, 9)
	}
	return list
}

// Every weight's gradient is that of the loss, by finite differences: one by one with
// PAINLESS_LONG=1, and otherwise along a random direction in each tensor.
func TestGradientIsThatOfTheLoss(t *testing.T) {
	huber := Loss{Energy: 2, Force: 1, Stress: 0.3, AtomEnergy: 0.2, Scale: 2, EnergyHuber: 0.05, ForceHuber: 0.8}
	for _, c := range []struct {
		name        string
		h, k, r     int
		free, exact bool
		loss        Loss
		batch       func(t *testing.T, rng *rand.Rand) []*Sample
	}{
		{"isolated", 8, 2, 4, false, false, DefaultLoss, molecules},
		{"isolated, exact", 8, 2, 4, false, true, DefaultLoss, molecules},
		{"free", 8, 2, 4, true, false, huber, crystals},
		{"free, exact", 8, 2, 4, true, true, DefaultLoss, crystals},
		{"three blocks", 8, 3, 4, false, false, huber, mixed},
		{"three blocks, free and exact", 8, 3, 4, true, true, huber, mixed},
		{"one block", 6, 1, 3, true, false, DefaultLoss, mixed},
		{"curvature", 8, 2, 4, false, false, curving, curved},
		{"curvature, free and exact", 8, 3, 4, true, true, curving, curved},
		{"more than a group", 18, 2, 3, false, false, DefaultLoss, molecules},
	} {
		t.Run(c.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(3, 4))
			m := newTestModel(t, c.h, c.k, c.r, c.free)
			batch := c.batch(t, rng)
			e := newTestEngine[float64](t, m, EngineOptions{Threads: 1, Loss: c.loss, Exact: c.exact})
			weights := wide(e)
			got := make([]float64, len(weights))
			_, err := e.compute(context.Background(), batch, got)
			require.NoError(t, err)
			list := directions(m, os.Getenv("PAINLESS_LONG") != "")
			want, along := slopes(t, e, batch, weights, list), make([]float64, len(list))
			for i, d := range list {
				for _, c := range d {
					along[i] += c.by * got[c.at]
				}
			}
			worst, at := farthest(along, want)
			t.Logf("farthest of %d: %.2g", len(want), worst)
			assert.Less(t, worst, 1e-6, "weight %d and others: %v, expected %v", list[at][0].at, along[at], want[at])
			assert.False(t, slices.Max(got) == 0)
		})
	}
}

// curving is a loss that weighs the Hessian about as much as all else.
var curving = Loss{Energy: 2, Force: 1, Stress: 0.3, AtomEnergy: 0.2, Hessian: 0.01, Scale: 2, ForceHuber: 0.8}

// curved is samples some of which have a curvature, more than one shard takes.
func curved(t *testing.T, rng *rand.Rand) []*Sample {
	return curve(t, rng, append(append(mixed(t, rng), molecules(t, rng)...), crystals(t, rng)...))
}

// curvedMolecules have no vectors that vanish by symmetry, and no bounds to their Hessian.
func curvedMolecules(t *testing.T, rng *rand.Rand) []*Sample {
	return curve(t, rng, molecules(t, rng))
}

// randomCurvature has a product that adds up to 0.
func randomCurvature(rng *rand.Rand, n int) *Curvature {
	c := &Curvature{RandomDirection(rng, n), RandomDirection(rng, n)}
	mean := [3]float64{}
	for _, p := range c.Product {
		mean = vec.Add(mean, vec.Scale(p, 1/float64(n)))
	}
	for i := range c.Product {
		c.Product[i] = vec.Sub(c.Product[i], mean)
	}
	return c
}

// curve gives two of three samples a curvature.
func curve(t *testing.T, rng *rand.Rand, batch []*Sample) []*Sample {
	t.Helper()
	for k, x := range batch {
		if k%3 == 2 {
			continue
		}
		l, n := x.Labels, len(x.Numbers)
		l.Curvature = randomCurvature(rng, n)
		require.NoError(t, x.Set(x.Structure, l, x.cutoff))
	}
	return batch
}

func molecules(t *testing.T, rng *rand.Rand) []*Sample {
	a, b := sample(t, rng, 5, 2.2, isolated, 3), sample(t, rng, 2, 1.5, isolated, 3)
	b.Forces = nil
	return []*Sample{a, b}
}

func crystals(t *testing.T, rng *rand.Rand) []*Sample {
	return []*Sample{sample(t, rng, 2, 3.4, everywhere, 3), sample(t, rng, 3, 3.6, [3]bool{true, false, true}, 3)}
}

func mixed(t *testing.T, rng *rand.Rand) []*Sample {
	return []*Sample{sample(t, rng, 1, 2.9, everywhere, 3), sample(t, rng, 4, 2.2, isolated, 3)}
}
