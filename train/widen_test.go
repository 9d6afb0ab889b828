package train

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/checkpoint"
	"painless/nn"
)

// A student without a channel for the elements has one when it is wider, gives what it
// gave and the elements' energies, and has new weights that learn.
func TestWiden(t *testing.T) {
	c, err := checkpoint.Open("../testdata/ultra_tiny.pt")
	require.NoError(t, err)
	defer c.Close()
	n, err := nn.FromCheckpoint(c)
	require.NoError(t, err)
	for _, free := range []bool{true, false} {
		narrow, _, err := FromNetwork(n, free)
		require.NoError(t, err)
		require.False(t, narrow.Reserved)
		wide, err := narrow.Widen(1)
		require.NoError(t, err)
		assert.Equal(t, n.HiddenDim+8, wide.Config.HiddenDim)
		assert.Equal(t, free, wide.Free)

		x := sample(t, rand.New(rand.NewPCG(5, 6)), 8, 4, isolated, n.Cutoff)
		for i := range x.Numbers {
			x.Numbers[i] = []int{1, 6, 7, 8}[i%4]
		}
		var r [2]nn.Result
		for i, student := range []func() (*nn.Network, error){
			func() (*nn.Network, error) { return narrow.Network(narrow.Weights, nil) },
			func() (*nn.Network, error) { return wide.Network(wide.Weights, elements) },
		} {
			network, err := student()
			require.NoError(t, err)
			p, err := nn.NewPotential(network, nn.Options{Precision: nn.Float64})
			require.NoError(t, err)
			defer p.Close()
			require.NoError(t, p.Compute(t.Context(), atoms.NewBatch(x.Structure), &r[i]))
		}
		want := r[0].Energy[0]
		for _, z := range x.Numbers {
			want += float64(float32(elements[z]))
		}
		assert.InDelta(t, want, r[1].Energy[0], 1e-10)
		for i, f := range r[0].Forces {
			for a := range f {
				assert.InDelta(t, f[a], r[1].Forces[i][a], 1e-11)
			}
		}

		e := newTestEngine[float32](t, wide, EngineOptions{Threads: 1})
		g, _ := gradientOf(t, e, []*Sample{x})
		h := wide.Config.HiddenDim
		for name, at := range map[string]int{
			"the readout reads a new channel":    wide.layout.head[0].weight + h - 2,
			"the update reads a new channel":     wide.layout.blocks[0].update[0].weight + h - 2,
			"the update reads a new hidden unit": wide.layout.blocks[0].update[1].weight + h - 1,
			"the filter reads a new hidden unit": wide.layout.blocks[0].filter[1].weight + h - 1,
		} {
			assert.Zero(t, wide.Weights[at], name)
			assert.Greater(t, math.Abs(float64(g[at])), 0.0, name)
		}
	}
	_, err = (&Model{Config: nn.Config{HiddenDim: 4096}}).Widen(1)
	assert.ErrorContains(t, err, "4 to 4096 features")
}
