package train

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
	"time"

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

// fastest is the shortest time of all runs, which other programs disturb least.
func fastest(b *testing.B, do func()) time.Duration {
	least := time.Duration(math.MaxInt64)
	for b.Loop() {
		begin := time.Now()
		do()
		least = min(least, time.Since(begin))
	}
	return least
}

// BenchmarkGradient is a step's gradient on one thread, by the structure.
func BenchmarkGradient(b *testing.B) {
	for _, size := range benchSizes {
		b.Run("size="+size.name, func(b *testing.B) {
			e := benchEngine(b, size.h, size.k, size.r)
			batch, g := benchBatch(b, 5), make([]float32, len(e.model.Weights))
			least := fastest(b, func() {
				_, err := e.Gradient(context.Background(), batch, g)
				require.NoError(b, err)
			})
			pairs := 0
			for _, x := range batch {
				pairs += len(x.pairs.D)
			}
			b.ReportMetric(float64(least.Nanoseconds())/float64(len(batch)), "ns/visit")
			b.ReportMetric(float64(pairs)/float64(len(batch)), "pairs")
		})
	}
}

// BenchmarkStages is the stages of a step on one thread, by the structure: those of a
// shard, and those that a batch of eight has once.
func BenchmarkStages(b *testing.B) {
	const size = 0 // tiny
	e := benchEngine(b, benchSizes[size].h, benchSizes[size].k, benchSizes[size].r)
	batch, g := benchBatch(b, 5), make([]float32, len(e.model.Weights))
	_, err := e.Gradient(context.Background(), batch, g)
	require.NoError(b, err)
	w, s, blocks := &e.workers[0], e.shards[0], len(e.layout.blocks)
	e.runShard(0, 0)
	eachBlock := func(do func(k int)) func() {
		return func() {
			for k := range blocks {
				do(k)
			}
		}
	}
	units := func(n int, do func(worker, unit int)) func() {
		return func() {
			for unit := range n {
				do(0, unit)
			}
		}
	}
	tiles := blocks * e.knotTiles()
	for _, stage := range []struct {
		name       string
		structures int
		do         func()
	}{
		{"pairs", 1, func() { require.NoError(b, batch[0].Set(batch[0].Structure, batch[0].Labels, 5)) }},
		{"pack", len(batch), units(len(e.network.layers), e.pack)},
		{"knots", len(batch), units(tiles, e.knotValues)},
		{"knots-fit", len(batch), units(blocks, e.knotFit)},
		{"load", len(s.samples), func() { w.load(s) }},
		{"embed", len(s.samples), w.embed},
		{"message", len(s.samples), eachBlock(w.message)},
		{"update", len(s.samples), eachBlock(w.update)},
		{"readout", len(s.samples), w.readout},
		{"update-backward", len(s.samples), eachBlock(w.updateBackward)},
		{"message-backward", len(s.samples), eachBlock(w.messageBackward)},
		{"compare", len(s.samples), func() { w.collectForces(); w.compare() }},
		{"message-rates", len(s.samples), eachBlock(w.messageRates)},
		{"update-rates", len(s.samples), eachBlock(w.updateRates)},
		{"readout-rates", len(s.samples), w.readoutRates},
		{"readout-dual", len(s.samples), w.readoutDualBackward},
		{"update-dual", len(s.samples), eachBlock(w.updateDualBackward)},
		{"message-dual", len(s.samples), eachBlock(w.messageDualBackward)},
		{"embed-backward", len(s.samples), w.embedBackward},
		{"sum", len(batch), units((len(g)+sumTile-1)/sumTile, e.sum)},
		{"knots-fit-backward", len(batch), units(blocks, e.knotFitBackward)},
		{"knots-backward", len(batch), units(tiles, e.knotBackward)},
		{"knots-weights", len(batch), units(2*blocks, e.knotGradient)},
		{"tie", len(batch), units(blocks, e.tie)},
	} {
		b.Run("stage="+stage.name, func(b *testing.B) {
			b.ReportMetric(float64(fastest(b, stage.do).Nanoseconds())/float64(stage.structures), "ns/visit")
		})
	}
}
