package gpu_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/kernels/cpu"
	"painless/kernels/gpu"
)

// The filter network of every edge, seen through a message and its reverse,
// against the CPU's in float64.
func TestExactFilter(t *testing.T) {
	for _, h := range []int{32, 128} {
		for _, parts := range []int{2, 3} {
			t.Run(fmt.Sprintf("h=%d/parts=%d", h, parts), func(t *testing.T) {
				const n = 9
				rng := rand.New(rand.NewPCG(5, uint64(h)))
				b := newBench(t, h, testIntervals)
				pairs := randomPairs(rng, n, 40, 13) // the last tile of edges is not full
				edges := edgesOf(b, &pairs, n)
				centers, widths := make([]float64, testRBF), make([]float64, testRBF)
				for i := range centers {
					centers[i], widths[i] = testCutoff*float64(i)/(testRBF-1), 0.5+0.01*float64(i)
				}
				hidden, out := newLayer(b, rng, testRBF, h, h), newLayer(b, rng, h, parts*h, h)
				network := &gpu.FilterNetwork{Centers: upload(b, floats(centers)), Widths: upload(b, floats(widths)), Cutoff: testCutoff, Hidden: hidden.dense, Out: out.dense}

				phi, slope := exactCurves(pairs.D, centers, widths, hidden, out)
				in := cpu.State[float64]{S: normal(rng, n*h), V: normal(rng, n*3*h)}
				g := cpu.State[float64]{S: normal(rng, n*h), V: normal(rng, n*3*h)}
				if parts == 2 {
					in.V = nil
				}
				want := cpu.State[float64]{S: append([]float64(nil), in.S...), V: make([]float64, n*3*h)}
				copy(want.V, in.V)
				gin, grad := copied(g), make([]cpu.PairGrad[float64], len(pairs.D))
				all := cpu.Filter[float64]{Phi: phi, Slope: slope, Row: parts * h, Part: h}
				cpu.MessageForward(want, in, pairs, all, h)
				cpu.MessageBackward(gin, grad, g, in, pairs, all, h)

				f := gpu.NewExact(network, parts, h)
				var values gpu.FilterValues
				state, to := before(b, in, h, parts == 2), room[[4]float32](b, n*h)
				err := b.k.MessageForward(to, state, &edges, f, &values)
				assert.ErrorContains(t, err, "filter: values has 0 elements")
				require.NoError(t, values.Resize(b.memory, edges.A.Len(), h))
				require.NoError(t, b.k.MessageForward(to, state, &edges, f, &values))
				got := unpack(download(b, to), h)
				checkScaled(t, "s", got.S, want.S, 2e-6)
				checkScaled(t, "v", got.V, want.V, 2e-6)
				force := room[float32](b, gpu.Groups(h)*n*12)
				require.NoError(t, b.k.MessageBackward(to, force, upload(b, pack(g, h)), state, &edges, f, &values, testCutoff, true))
				if parts == 3 {
					got = unpack(download(b, to), h)
					checkScaled(t, "∂E/∂s", got.S, gin.S, 2e-6)
					checkScaled(t, "∂E/∂v", got.V, gin.V, 2e-6)
				}
				checkForces(t, b, force, h, &pairs, grad, n, 1)
			})
		}
	}
}

// exactCurves is φ and φ′ at distances d, [P, parts, H].
func exactCurves(d, centers, widths []float64, hidden, out layer) (phi, slope []float64) {
	n, h := len(d), hidden.forward.Out
	rbf := cpu.RBFParams[float64]{Centers: centers, Widths: widths, Cutoff: testCutoff}
	e0, e1 := make([]float64, n*testRBF), make([]float64, n*testRBF)
	rbf.RBF(e0, e1, d)
	t0, t1 := make([]float64, n*h), make([]float64, n*h)
	hidden.forward.Apply(t0, e0, n)
	cpu.NewLinear(hidden.weight, nil, h, testRBF).Apply(t1, e1, n)
	cpu.SiLUTangent(t0, t1, t0, t1)
	phi, slope = make([]float64, n*out.forward.Out), make([]float64, n*out.forward.Out)
	out.forward.Apply(phi, t0, n)
	cpu.NewLinear(out.weight, nil, out.forward.Out, h).Apply(slope, t1, n)
	return phi, slope
}
