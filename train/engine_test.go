package train

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/tolerance"
	"painless/nn"
)

// shardsOf is a batch that is cut into several shards, of small and large structures.
func shardsOf(t testing.TB) (batch []*Sample) {
	rng := rand.New(rand.NewPCG(7, 8))
	for i := range 6 {
		batch = append(batch, sample(t, rng, 8+i, 4.5, isolated, 3), sample(t, rng, 9, 5.5, everywhere, 3))
	}
	return batch
}

// The same batch gives the same bits with any number of threads.
func TestGradientIsDeterministic(t *testing.T) {
	for _, exact := range []bool{false, true} {
		m, batch := newTestModel(t, 20, 3, 6, false), shardsOf(t)
		one := newTestEngine[float32](t, m, EngineOptions{Threads: 1, Exact: exact})
		want, terms := gradientOf(t, one, batch)
		require.Greater(t, one.used, 2)
		for _, threads := range []int{1, 2, 3} {
			e := newTestEngine[float32](t, m, EngineOptions{Threads: threads, Exact: exact})
			for range 3 {
				got, same := gradientOf(t, e, batch)
				assert.Equal(t, want, got)
				assert.Equal(t, terms, same)
			}
			_, _ = gradientOf(t, e, batch[3:5]) // another batch leaves nothing behind
			got, _ := gradientOf(t, e, batch)
			assert.Equal(t, want, got)
		}
	}
}

// A batch's gradient is the sum of that of its structures, whatever the shards.
func TestGradientOfABatchIsASum(t *testing.T) {
	m, batch := newTestModel(t, 20, 2, 6, true), shardsOf(t)
	for _, x := range batch { // so that means are over as many as there are structures and atoms
		x.Stress = nil
	}
	e := newTestEngine[float64](t, m, EngineOptions{Loss: Loss{Energy: 1}})
	whole, terms := gradientOf(t, e, batch)
	sum, loss := make([]float64, len(whole)), 0.0
	for _, x := range batch {
		g, one := gradientOf(t, e, []*Sample{x})
		for i := range sum {
			sum[i] += g[i] / float64(len(batch))
		}
		loss += one.Loss / float64(len(batch))
	}
	assert.InEpsilon(t, loss, terms.Loss, 1e-12)
	tolerance.Check(t, "gradient", whole, sum, 1e-12, 1e-10)
}

// float32 is float64 up to rounding.
func TestGradientInFloat32(t *testing.T) {
	m, batch := newTestModel(t, 20, 3, 6, false), shardsOf(t)
	double, want := gradientOf(t, newTestEngine[float64](t, m, EngineOptions{}), batch)
	single, got := gradientOf(t, newTestEngine[float32](t, m, EngineOptions{}), batch)
	assert.InEpsilon(t, want.Loss, got.Loss, 1e-5)
	assert.Less(t, distance(single, double), 1e-5)
}

// distance is |a − b| over |b|.
func distance[A, B float32 | float64](a []A, b []B) float64 {
	var off, size float64
	for i := range b {
		d := float64(a[i]) - float64(b[i])
		off += d * d
		size += float64(b[i]) * float64(b[i])
	}
	return math.Sqrt(off / size)
}

// Tables are the exact filters up to the splines' error, of which the energies and
// forces are so much nearer than what training aims at.
func TestGradientOfTables(t *testing.T) {
	m, batch := newTestModel(t, 20, 3, 6, false), shardsOf(t)
	exact, want := gradientOf(t, newTestEngine[float64](t, m, EngineOptions{Exact: true}), batch)
	table, got := gradientOf(t, newTestEngine[float64](t, m, EngineOptions{}), batch)
	t.Logf("loss %.2g, gradient %.2g", math.Abs(got.Loss/want.Loss-1), distance(table, exact))
	assert.InEpsilon(t, want.Loss, got.Loss, 1e-4)
	assert.Less(t, distance(table, exact), 1e-3)
}

// Energies, forces and stress are those of nn: labels that it gives leave no error.
func TestErrorsAreThoseOfThePotential(t *testing.T) {
	for _, free := range []bool{false, true} {
		m, batch := newTestModel(t, 20, 3, 6, free), shardsOf(t)
		network, err := m.Network(m.Weights, nil)
		require.NoError(t, err)
		p, err := nn.NewPotential(network, nn.Options{Precision: nn.Float64, Filters: nn.Exact})
		require.NoError(t, err)
		defer p.Close()
		for _, x := range batch {
			var r nn.Result
			require.NoError(t, p.Compute(context.Background(), atoms.NewBatch(x.Structure), &r))
			l := Labels{Energy: r.Energy[0], Forces: r.Forces}
			if x.Stress != nil {
				l.Stress = &r.Stress[0]
			}
			require.NoError(t, x.Set(x.Structure, l, 3))
		}
		_, terms := gradientOf(t, newTestEngine[float64](t, m, EngineOptions{Exact: true}), batch)
		assert.Equal(t, 12, terms.Energies)
		assert.Equal(t, 6, terms.Stresses)
		// But for the |v| of training.
		assert.Less(t, terms.AbsEnergies/12, 1e-6)
		assert.Less(t, terms.AbsForces/float64(terms.Components), 1e-6)
		assert.Less(t, terms.AbsStresses/36, 1e-8)
		assert.Positive(t, terms.Loss)
		assert.Equal(t, terms.Loss, terms.Energy+terms.Force+terms.Stress+terms.AtomEnergy)
	}
}

// Once the largest batch is seen, a step allocates nothing.
func TestGradientAllocatesNothing(t *testing.T) {
	for _, threads := range []int{1, 2} {
		m, batch := newTestModel(t, 20, 2, 6, false), append(shardsOf(t), curved(t, rand.New(rand.NewPCG(3, 4)))...)
		e, g := newTestEngine[float32](t, m, EngineOptions{Threads: threads}), make([]float32, len(m.Weights))
		step := func() {
			_, err := e.Gradient(context.Background(), batch, g)
			require.NoError(t, err)
		}
		for range 20 { // until every thread has seen every shard, or nearly
			step()
		}
		assert.Less(t, testing.AllocsPerRun(20, step), 1.0)
	}
}

func TestGradientRefuses(t *testing.T) {
	m, rng := newTestModel(t, 8, 2, 4, false), rand.New(rand.NewPCG(1, 2))
	x, wide := sample(t, rng, 3, 2, isolated, 3), sample(t, rng, 3, 2, isolated, 4)
	heavy := sample(t, rng, 3, 2, isolated, 3)
	heavy.Numbers[1] = 9
	e := newTestEngine[float32](t, m, EngineOptions{Threads: 1})
	g := make([]float32, len(m.Weights))
	for want, call := range map[string]func() error{
		"no structures": func() error { _, err := e.Gradient(context.Background(), nil, g); return err },
		"gradient of 3 numbers": func() error {
			_, err := e.Gradient(context.Background(), []*Sample{x}, g[:3])
			return err
		},
		"structure 1 of the batch has pairs within 4 Å: expected 3": func() error {
			_, err := e.Gradient(context.Background(), []*Sample{x, wide}, g)
			return err
		},
		"structure 0 of the batch, atom 1: element 9, expected 1 to 8": func() error {
			_, err := e.Gradient(context.Background(), []*Sample{heavy}, g)
			return err
		},
		"context canceled": func() error {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			_, err := e.Gradient(ctx, []*Sample{x}, g)
			return err
		},
		"-1 threads": func() error {
			_, err := NewEngine[float32](m, EngineOptions{Threads: -1, Loss: DefaultLoss})
			return err
		},
		"a weight above 0": func() error { _, err := NewEngine[float32](m, EngineOptions{}); return err },
		"weight of energies NaN: expected 0 or more": func() error {
			_, err := NewEngine[float32](m, EngineOptions{Loss: Loss{Energy: math.NaN()}})
			return err
		},
	} {
		assert.ErrorContains(t, call(), want)
	}
	e.Close()
	_, err := e.Gradient(context.Background(), []*Sample{x}, g)
	assert.ErrorIs(t, err, errClosed)
}

// A lone atom has no pairs, and a structure without forces no direction.
func TestGradientOfALoneAtom(t *testing.T) {
	m := newTestModel(t, 8, 2, 4, false)
	x, err := NewSample(atoms.Structure{Numbers: []int{3}, Positions: [][3]float64{{}}}, Labels{Energy: 1}, 3)
	require.NoError(t, err)
	g, terms := gradientOf(t, newTestEngine[float64](t, m, EngineOptions{}), []*Sample{x})
	assert.Equal(t, 1, terms.Energies)
	assert.Zero(t, terms.Components)
	last := m.layout.head[2]
	assert.NotZero(t, g[last.bias])
	for z := range 9 {
		assert.Equal(t, z == 3, g[z*8] != 0)
	}
}
