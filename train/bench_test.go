package train

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"painless/internal/systems"
	"painless/nn"
)

// benchSizes is the students that are trained.
var benchSizes = []struct {
	name    string
	h, k, r int
}{{"tiny", 64, 2, 12}, {"64-3-20", 64, 3, 20}, {"original", 128, 3, 20}}

// benchBatch is eight structures of 17 atoms, with energies and forces.
func benchBatch(t testing.TB, cutoff float64) []*Sample {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	var batch []*Sample
	for seed := range uint64(8) {
		s := systems.Cluster(17, seed)
		l := Labels{Energy: rng.NormFloat64()}
		for range s.Numbers {
			l.Forces = append(l.Forces, [3]float64{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()})
		}
		x, err := NewSample(s, l, cutoff)
		require.NoError(t, err)
		batch = append(batch, x)
	}
	return batch
}

func benchEngine(t testing.TB, h, k, r int) *Engine[float32] {
	t.Helper()
	m, err := NewModel(nn.Config{HiddenDim: h, NumInteractions: k, NumRBF: r, Cutoff: 5, MaxZ: 100}, 1, false)
	require.NoError(t, err)
	return newTestEngine[float32](t, m, EngineOptions{Threads: 1})
}

// BenchmarkGradient is a step's gradient on one thread, by the structure.
func BenchmarkGradient(b *testing.B) {
	for _, size := range benchSizes {
		b.Run("size="+size.name, func(b *testing.B) {
			e := benchEngine(b, size.h, size.k, size.r)
			batch, g := benchBatch(b, 5), make([]float32, len(e.model.Weights))
			for b.Loop() {
				_, err := e.Gradient(context.Background(), batch, g)
				require.NoError(b, err)
			}
			pairs := 0
			for _, x := range batch {
				pairs += len(x.pairs.D)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(batch)), "ns/visit")
			b.ReportMetric(float64(pairs)/float64(len(batch)), "pairs")
		})
	}
}
