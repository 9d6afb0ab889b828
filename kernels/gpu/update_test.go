package gpu_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/kernels/cpu"
	"painless/kernels/gpu"
)

// layer is random weights of a linear layer, on the CPU and on the device.
type layer struct {
	forward, backward *cpu.Linear[float64]
	dense             gpu.Dense
	weight            []float64
}

func newLayer(b *bench, rng *rand.Rand, in, out, h int) (l layer) {
	b.t.Helper()
	w, bias, t := normal(rng, out*in), normal(rng, out), make([]float64, out*in)
	for i := range w {
		w[i] = float64(float32(w[i] / math.Sqrt(float64(in))))
	}
	for o := range out {
		for i := range in {
			t[i*out+o] = w[o*in+i]
		}
	}
	dense, err := gpu.NewDense(b.memory, floats(w), floats(bias), h)
	require.NoError(b.t, err)
	return layer{forward: cpu.NewLinear(w, bias, out, in), backward: cpu.NewLinear(t, nil, in, out), weight: w, dense: dense}
}

// updateCase is atoms, of which one has no vectors, and the weights of an update.
type updateCase struct {
	h, n        int
	hidden, out layer
	mixing      [3][3]float64
	weights     gpu.Update
	in          cpu.State[float64]
}

func newUpdateCase(b *bench, rng *rand.Rand, h, n, parts int) *updateCase {
	c := &updateCase{h: h, n: n, hidden: newLayer(b, rng, 2*h, h, h), out: newLayer(b, rng, h, parts*h, h)}
	c.weights = gpu.Update{Hidden: c.hidden.dense, Out: c.out.dense, Mixing: [9]float32(floats(normal(rng, 9)))}
	for i, x := range c.weights.Mixing {
		c.mixing[i/3][i%3] = float64(x)
	}
	c.in = cpu.State[float64]{S: normal(rng, n*h), V: normal(rng, n*3*h)}
	clear(c.in.V[:3*h])
	return c
}

// forward is pre [n, h] and the output of the update network [n, parts·h].
func (c *updateCase) forward() (pre, out []float64) {
	x := make([]float64, c.n*2*c.h)
	pre, out = make([]float64, c.n*c.h), make([]float64, c.n*c.out.forward.Out)
	cpu.UpdateInput(x, c.in.S, c.in.V, 0, c.h, c.h)
	c.hidden.forward.Apply(pre, x, c.n)
	hidden := make([]float64, len(pre))
	cpu.SiLU(hidden, pre)
	c.out.forward.Apply(out, hidden, c.n)
	return pre, out
}

// backward takes ∂E/∂out [n, parts·h] through the update network; g holds what
// does not go through it.
func (c *updateCase) backward(g cpu.State[float64], gout, pre []float64) {
	hidden, x := make([]float64, c.n*c.h), make([]float64, c.n*2*c.h)
	c.out.backward.Apply(hidden, gout, c.n)
	cpu.SiLUBackward(hidden, pre)
	c.hidden.backward.Apply(x, hidden, c.n)
	cpu.UpdateInputBackward(g, x, c.in.V, 0, c.h, c.h)
}

// forUpdates runs over sizes whose last block of atoms is full, and is not, with tensor cores and without.
func forUpdates(t *testing.T, test func(t *testing.T, dev gpu.Device, h, n int)) {
	for _, c := range []struct {
		name   string
		tensor bool
		h, n   []int
	}{{"tensor", true, []int{32, 64, 128}, []int{1, 64, 70}}, {"tensor where h is a multiple of 32", true, []int{48}, []int{45}}, {"fma", false, []int{32, 64, 128}, []int{1, 32, 45}}} {
		for _, h := range c.h {
			for _, n := range c.n {
				t.Run(fmt.Sprintf("%s/h=%d/atoms=%d", c.name, h, n), func(t *testing.T) {
					dev := openDevice(t)
					if !c.tensor {
						dev = older{dev}
					}
					test(t, dev, h, n)
				})
			}
		}
	}
}

// The rows of a tile do not depend on one another: an atom has the same bits in any place and company.
func TestUpdateRows(t *testing.T) {
	const h, n = 32, 70
	rng := rand.New(rand.NewPCG(5, 5))
	b := newBench(t, h, testIntervals)
	c := newUpdateCase(b, rng, h, n, 3)
	states := pack(c.in, h)
	update := func(states [][4]float32) [][4]float32 {
		n := len(states) / h
		out := room[[4]float32](b, n*h)
		require.NoError(t, b.k.UpdateForward(out, room[float32](b, n*h), room[float32](b, n*2*h), upload(b, states), &c.weights, h))
		return download(b, out)
	}
	all := update(states)
	for _, i := range []int{0, 1, 9, 31, 40, 63, 69} {
		require.Equal(t, all[i*h:(i+1)*h], update(states[i*h:(i+1)*h]), "atom %d alone", i)
	}
	require.Equal(t, all[3*h:], update(states[3*h:]), "three places on")
}

func TestUpdate(t *testing.T) {
	forUpdates(t, func(t *testing.T, dev gpu.Device, h, n int) {
		rng := rand.New(rand.NewPCG(3, uint64(h+n)))
		b := newBenchOn(t, dev, h, testIntervals)
		c := newUpdateCase(b, rng, h, n, 3)
		pre, out := c.forward()
		want := cpu.State[float64]{S: append([]float64(nil), c.in.S...), V: make([]float64, n*3*h)}
		gates := make([]float64, n*2*h)
		cpu.UpdateOutput(want.S, want.V, c.in.V, gates, out, &c.mixing, h, h)

		in, next := upload(b, pack(c.in, h)), room[[4]float32](b, n*h)
		gpuPre, gpuGates := room[float32](b, n*h), room[float32](b, n*2*h)
		require.NoError(t, b.k.UpdateForward(next, gpuPre, gpuGates, in, &c.weights, h))
		got := unpack(download(b, next), h)
		checkScaled(t, "s", got.S, want.S, 3e-6)
		checkScaled(t, "v", got.V, want.V, 3e-6)

		g := cpu.State[float64]{S: normal(rng, n*h), V: normal(rng, n*3*h)}
		gpuG := upload(b, pack(g, h))
		gout := make([]float64, n*3*h)
		cpu.UpdateOutputBackward(gout, g, c.in.V, gates, &c.mixing, h, h)
		c.backward(g, gout, pre)
		require.NoError(t, b.k.UpdateBackward(gpuG, in, gpuPre, gpuGates, &c.weights, h))
		got = unpack(download(b, gpuG), h)
		checkScaled(t, "∂E/∂s", got.S, g.S, 3e-6)
		checkScaled(t, "∂E/∂v", got.V, g.V, 3e-6)
	})
}

func TestTurn(t *testing.T) {
	forUpdates(t, func(t *testing.T, dev gpu.Device, h, n int) {
		rng := rand.New(rand.NewPCG(4, uint64(h+n)))
		b := newBenchOn(t, dev, h, testIntervals)
		c := newUpdateCase(b, rng, h, n, 1)
		head := [3]layer{newLayer(b, rng, h, h/2, h), newLayer(b, rng, h/2, h/4, h), newLayer(b, rng, h/4, 1, h)}

		pre, s := c.forward()
		cpu.AddRows(s, h, c.in.S, h, h, n)
		preA, preB, energy := make([]float64, n*h/2), make([]float64, n*h/4), make([]float64, n)
		head[0].forward.Apply(preA, s, n)
		a := make([]float64, len(preA))
		cpu.SiLU(a, preA)
		head[1].forward.Apply(preB, a, n)
		bb := make([]float64, len(preB))
		cpu.SiLU(bb, preB)
		head[2].forward.Apply(energy, bb, n)
		for i := range n {
			copy(bb[i*h/4:], head[2].weight)
		}
		cpu.SiLUBackward(bb, preB)
		head[1].backward.Apply(a, bb, n)
		cpu.SiLUBackward(a, preA)
		g := cpu.State[float64]{S: make([]float64, n*h), V: make([]float64, n*3*h)}
		head[0].backward.Apply(g.S, a, n)
		c.backward(g, append([]float64(nil), g.S...), pre)

		readout := gpu.Readout{head[0].dense, head[1].dense, head[2].dense}
		gpuG, gpuEnergy := room[[4]float32](b, n*h), room[float32](b, n)
		require.NoError(t, b.k.Turn(gpuG, gpuEnergy, upload(b, pack(c.in, h)), &c.weights, &readout, h))
		got := unpack(download(b, gpuG), h)
		checkScaled(t, "∂E/∂s", got.S, g.S, 3e-6)
		checkScaled(t, "∂E/∂v", got.V, g.V, 3e-6)
		var energies []float64
		for _, e := range download(b, gpuEnergy) {
			energies = append(energies, float64(e))
		}
		checkScaled(t, "energy", energies, energy, 3e-6)
	})
}

// Activations as large as float32 has them are no NaN: with outputs that have no weights they leave scalars as they are.
func TestUpdateOfLargeActivations(t *testing.T) {
	const h, n = 32, 3
	for name, dev := range map[string]gpu.Device{"tensor": openDevice(t), "fma": older{openDevice(t)}} {
		b, rng := newBenchOn(t, dev, h, testIntervals), rand.New(rand.NewPCG(6, 6))
		zero := func(in, out int, bias float32) gpu.Dense {
			d, err := gpu.NewDense(b.memory, make([]float32, in*out), slices.Repeat([]float32{bias}, out), h)
			require.NoError(t, err)
			return d
		}
		for _, bias := range []float32{3e38, -3e38} {
			weights := gpu.Update{Hidden: zero(2*h, h, bias), Out: zero(h, 3*h, 0)}
			in := pack(cpu.State[float64]{S: normal(rng, n*h), V: normal(rng, n*3*h)}, h)
			out := room[[4]float32](b, n*h)
			require.NoError(t, b.k.UpdateForward(out, room[float32](b, n*h), room[float32](b, n*2*h), upload(b, in), &weights, h))
			for i, v := range download(b, out) {
				assert.Equal(t, [4]float32{in[i][0]}, v, "%s, bias %g", name, bias)
			}
		}
	}
}
