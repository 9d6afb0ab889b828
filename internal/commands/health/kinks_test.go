package health

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
)

// The jump of the force on an atom is the difference of the energy's one-sided slopes.
func TestKinksIndependently(t *testing.T) {
	network := load(t, testdata+"tiny.pt")
	h, energyOf := healthOf(t, network), compute(t, network)
	require.Len(t, h.Kinks, 3)
	const step = 1e-5
	for k, want := range []string{"carbon dioxide", "acetylene", "methane"} {
		largest, s := 0.0, symmetric[k].Structure
		middle, _ := energyOf(s)
		for i := range s.Numbers {
			for c := range 3 {
				moved := atoms.Structure{Numbers: s.Numbers, Positions: append([][3]float64(nil), s.Positions...)}
				moved.Positions[i][c] += step
				up, _ := energyOf(moved)
				moved.Positions[i][c] -= 2 * step
				down, _ := energyOf(moved)
				largest = max(largest, (up+down-2*middle)/step, -(up+down-2*middle)/step)
			}
		}
		assert.Equal(t, want, h.Kinks[k].Name)
		// Forces on all atoms are looked at there, and the component along the way here.
		assert.GreaterOrEqual(t, h.Kinks[k].Jump, largest-1e-4, want)
		if want != "acetylene" { // no atom of which is a centre
			assert.Greater(t, largest, 1e-3, want)
			assert.Less(t, h.Kinks[k].Jump, 20*largest, want)
		}
	}
}

// Without lengths of vectors there is no kink.
func TestNoKinks(t *testing.T) {
	network := load(t, testdata+"tiny.pt")
	n := network.HiddenDim
	for k := range network.Blocks {
		weight := network.Blocks[k].Update[0].Weight // [H, 2H]: of scalars, and of lengths
		for row := range n {
			clear(weight[row*2*n+n : (row+1)*2*n])
		}
	}
	h := healthOf(t, network)
	for _, k := range h.Kinks {
		assert.Less(t, k.Jump, 1e-5, k.Name)
	}
	assert.Equal(t, Good, h.grades()["symmetric molecules"])
}
