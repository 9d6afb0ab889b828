package nn

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/systems"
)

// smallNetwork is a network of any size with random weights.
func smallNetwork(h, k, r int, seed uint64) *Network {
	rng := rand.New(rand.NewPCG(seed, 1))
	c := Config{HiddenDim: h, NumInteractions: k, NumRBF: r, Cutoff: 4, MaxZ: 9}
	_, size := c.Parameters()
	weights := make([]float64, size)
	for i := range weights {
		weights[i] = rng.NormFloat64() / math.Sqrt(float64(h))
	}
	n := &Network{Config: c}
	for i := range r {
		n.Centers, n.Widths = append(n.Centers, c.Cutoff*float64(i)/float64(r-1)), append(n.Widths, c.Cutoff/float64(r-1))
	}
	return n.WithWeights(weights)
}

// someStructures is isolated and periodic ones, of elements up to 9.
func someStructures() []atoms.Structure {
	rng := rand.New(rand.NewPCG(3, 4))
	list := []atoms.Structure{
		systems.Random(rng, 5, 3, 0, [3]bool{}, false),
		systems.Random(rng, 4, 4.5, 0.3, [3]bool{true, true, true}, false),
		systems.Random(rng, 1, 3, 0, [3]bool{}, false),
	}
	for k := range list {
		for i := range list[k].Numbers {
			list[k].Numbers[i] = []int{1, 6, 8, 9}[i%4]
		}
	}
	return list
}

// objective is L of Shard.Learn, and what it is made of.
type objective struct {
	a []float64
	b [][3]float64
	c [][3][3]float64
}

func randomObjective(b *atoms.Batch) (o objective) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range b.NumAtoms() {
		o.a = append(o.a, rng.NormFloat64())
		o.b = append(o.b, [3]float64{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()})
	}
	for k := range b.Len() {
		var c [3][3]float64
		for i := range c {
			for j := range c {
				if b.Periodic(k) {
					c[i][j] = rng.NormFloat64()
				}
			}
		}
		o.c = append(o.c, c)
	}
	return o
}

func (o *objective) value(b *atoms.Batch, r *Result, energies []float64) (sum float64) {
	for i, a := range o.a {
		sum += a * energies[i]
	}
	for i := range o.b {
		for c := range 3 {
			sum -= o.b[i][c] * r.Forces[i][c]
		}
	}
	for k := range o.c {
		for i := range 3 {
			for j := range 3 {
				sum -= o.c[k][i][j] * r.Virial[k][i][j]
			}
		}
	}
	return sum
}

// The gradient by every weight is that of finite differences of the loss, of the
// energies, forces and virials that Compute gives.
func TestLearnIsTheGradient(t *testing.T) {
	for _, c := range []struct{ h, k, r int }{{8, 1, 3}, {20, 3, 5}} {
		net := smallNetwork(c.h, c.k, c.r, 7)
		l, err := NewLearner[float64](net, 64)
		require.NoError(t, err)
		s := l.NewShard()
		ctx, r := context.Background(), &Result{}
		b := atoms.NewBatch(someStructures()...)
		o := randomObjective(b)
		require.NoError(t, s.Compute(ctx, b, r))
		require.NoError(t, s.Learn(ctx, o.a, o.b, o.c, 1e-4))
		list, size := net.Config.Parameters()
		grad := make([]float64, size)
		l.Gradient(grad)

		weights := net.Weights()
		value := func(i int, step float64) float64 {
			w := append([]float64{}, weights...)
			w[i] += step
			l.Load(w)
			require.NoError(t, s.Compute(ctx, b, r))
			return o.value(b, r, s.Energies())
		}
		for _, p := range list {
			largest := 0.0
			for _, g := range grad[p.First : p.First+p.Size()] {
				largest = max(largest, math.Abs(g))
			}
			for i := p.First; i < p.First+p.Size(); i += 1 + p.Size()/10 {
				const step = 1e-4
				numeric := (8*(value(i, step)-value(i, -step)) - (value(i, 2*step) - value(i, -2*step))) / (12 * step)
				assert.InDelta(t, numeric, grad[i], 2e-6*max(largest, 1), "%v %s[%d]", c, p.Name, i-p.First)
			}
		}
	}
}

// The splines come to the exact network with the fourth power of the intervals.
func TestLearnerIsTheNetwork(t *testing.T) {
	net := smallNetwork(16, 2, 5, 8)
	exact, err := NewPotential(net, Options{Precision: Float64})
	require.NoError(t, err)
	defer exact.Close()
	b, want, got := atoms.NewBatch(someStructures()...), &Result{}, &Result{}
	require.NoError(t, exact.Compute(context.Background(), b, want))
	errors := map[int]float64{}
	for _, intervals := range []int{64, 128} {
		l, err := NewLearner[float64](net, intervals)
		require.NoError(t, err)
		require.NoError(t, l.NewShard().Compute(context.Background(), b, got))
		for k, e := range got.Energy {
			errors[intervals] = max(errors[intervals], math.Abs(e-want.Energy[k]))
		}
	}
	t.Log(errors)
	assert.Less(t, errors[128], 1e-4)
	assert.Greater(t, errors[64]/errors[128], 10.)
}

// The gradient does not depend on how a batch is cut, but for rounding, and
// a step allocates nothing.
func TestShards(t *testing.T) {
	net := smallNetwork(20, 2, 5, 9)
	structures := someStructures()
	gradient := func(cuts ...[]atoms.Structure) []float32 {
		l, err := NewLearner[float32](net, 64)
		require.NoError(t, err)
		grad := make([]float32, len(net.Weights()))
		for _, cut := range cuts {
			s, b, r := l.NewShard(), atoms.NewBatch(cut...), &Result{}
			o := randomObjective(b)
			for i := range o.a {
				o.a[i], o.b[i] = float64(b.Numbers[i]), [3]float64{b.Positions[i][1], 0, b.Positions[i][0]}
			}
			require.NoError(t, s.Compute(context.Background(), b, r))
			require.NoError(t, s.Learn(context.Background(), o.a, o.b, nil, 2e-3))
			if len(cuts) == 1 {
				assert.Zero(t, testing.AllocsPerRun(5, func() {
					l.Load(l.flat)
					_ = s.Compute(context.Background(), b, r)
					_ = s.Learn(context.Background(), o.a, o.b, nil, 2e-3)
					l.Gradient(grad)
				}))
				require.NoError(t, s.Learn(context.Background(), o.a, o.b, nil, 2e-3))
			}
		}
		l.Gradient(grad)
		return grad
	}
	_ = gradient(structures)
	whole, cut := gradient(structures[:2], structures[2:]), gradient(structures[:1], structures[1:])
	largest := 0.0
	for _, g := range whole {
		largest = max(largest, math.Abs(float64(g)))
	}
	for i := range whole {
		assert.InDelta(t, whole[i], cut[i], 2e-3*largest)
	}
}

// BenchmarkLearn is a step of training: ns a structure, of batches of 8 structures of 17 atoms.
func BenchmarkLearn(b *testing.B) {
	for _, name := range []string{"ultra_tiny", "tiny", "original"} {
		b.Run(name, func(b *testing.B) {
			net := loadNetwork(b, "../testdata/"+name+".pt")
			var structures []atoms.Structure
			for i := range 8 {
				structures = append(structures, systems.Cluster(17, uint64(i)))
			}
			l, err := NewLearner[float32](net, 128)
			require.NoError(b, err)
			l.MixingIsFixed = true
			s, batch, r, ctx := l.NewShard(), atoms.NewBatch(structures...), &Result{}, context.Background()
			a, f := make([]float64, batch.NumAtoms()), make([][3]float64, batch.NumAtoms())
			for i := range a {
				a[i], f[i] = 0.1, [3]float64{0.1, float64(i % 3), 0.2}
			}
			grad := make([]float32, len(net.Weights()))
			b.ReportAllocs()
			for b.Loop() {
				l.Load(l.flat)
				if err := s.Compute(ctx, batch, r); err != nil {
					b.Fatal(err)
				}
				if err := s.Learn(ctx, a, f, nil, 2e-3); err != nil {
					b.Fatal(err)
				}
				l.Gradient(grad)
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/8, "µs/structure")
			b.ReportMetric(float64(len(s.center.D))/8, "pairs")
		})
	}
}
