package quantise

import (
	"bytes"
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/checkpoint"
	"painless/internal/systems"
	"painless/nn"
	"painless/train"
)

func testNetwork(t *testing.T) *nn.Network {
	t.Helper()
	c, err := checkpoint.Open("../testdata/ultra_tiny.pt")
	require.NoError(t, err)
	defer c.Close()
	n, err := nn.FromCheckpoint(c)
	require.NoError(t, err)
	return n
}

// trained is a network as painless train writes them, which carries energies of elements.
func trained(t *testing.T) *nn.Network {
	t.Helper()
	m, err := train.NewModel(nn.Config{HiddenDim: 16, NumInteractions: 2, NumRBF: 8, Cutoff: 5, MaxZ: 9}, 1, false)
	require.NoError(t, err)
	n, err := m.Network(m.Weights, map[int]float64{1: -13.859281, 6: -1029.0141, 8: -2043.4084})
	require.NoError(t, err)
	return n
}

// again is the network of tensors that went through a file.
func again(t *testing.T, r *Result, n *nn.Network) *nn.Network {
	t.Helper()
	var file bytes.Buffer
	require.NoError(t, checkpoint.New(map[string]any{"config": n.Map()}, r.Tensors...).WritePyTorch(&file))
	c, err := checkpoint.Read(bytes.NewReader(file.Bytes()), int64(file.Len()), "file")
	require.NoError(t, err)
	found, err := nn.FromCheckpoint(c)
	require.NoError(t, err)
	return found
}

func energyAndForces(t *testing.T, n *nn.Network, s atoms.Structure) (float64, [][3]float64) {
	t.Helper()
	p, err := nn.NewPotential(n, nn.Options{Precision: nn.Float64})
	require.NoError(t, err)
	defer p.Close()
	var r nn.Result
	require.NoError(t, p.Compute(t.Context(), atoms.NewBatch(s), &r))
	return r.Energy[0], r.Forces
}

// No weight is further from what it was than half a step of its type; what is no
// matrix, and the last row, is what it was in float32.
func TestRounding(t *testing.T) {
	n := testNetwork(t)
	for _, to := range Types {
		r, err := Network(t.Context(), n, Options{Type: to})
		require.NoError(t, err)
		assert.Equal(t, []string{"energy_head.4.weight"}, r.Kept)
		assert.Nil(t, r.Calibration)
		got := again(t, r, n)
		assert.Equal(t, n.Head[2], got.Head[2])
		assert.Equal(t, n.Blocks[0].Mixing, got.Blocks[0].Mixing)
		assert.Equal(t, n.Blocks[1].Filter[0].Bias, got.Blocks[1].Filter[0].Bias)
		assert.Equal(t, n.Centers, got.Centers)
		for row := range n.MaxZ + 1 {
			largest := 0.0
			for _, x := range n.Embedding[row*32:][:32] {
				largest = math.Max(largest, math.Abs(x))
			}
			for i, x := range n.Embedding[row*32:][:32] {
				half := map[checkpoint.DType]float64{checkpoint.Int8: largest / 254, checkpoint.Float16: math.Abs(x)/2048 + 1e-7, checkpoint.BFloat16: math.Abs(x) / 256}[to]
				assert.InDelta(t, x, got.Embedding[row*32+i], 1.00001*half)
			}
		}
	}
	_, err := Network(t.Context(), n, Options{Type: checkpoint.Float64})
	assert.EqualError(t, err, "type float64: expected int8, float16 or bfloat16")
}

// The channel that carries the energies of the elements is left as it is: an atom by
// itself has its element's energy to the last bit but of what the network adds, and
// filters still vanish at the cutoff.
func TestElementsAreKept(t *testing.T) {
	n := trained(t)
	pair := func(d float64) atoms.Structure {
		return atoms.Structure{Numbers: []int{6, 8}, Positions: [][3]float64{{}, {0, 0, d}}}
	}
	for _, to := range Types {
		o := Options{Type: to}
		if to == checkpoint.Int8 {
			o.Structures = []atoms.Structure{pair(1.2), pair(1.4)}
		}
		r, err := Network(t.Context(), n, o)
		require.NoError(t, err)
		assert.Equal(t, []string{"embedding.weight", "energy_head.4.weight"}, r.Kept)
		got := again(t, r, n)
		for z := range n.MaxZ + 1 {
			assert.Equal(t, n.Embedding[z*16+15], got.Embedding[z*16+15], "element %d", z)
		}
		for i := range 16 {
			assert.Equal(t, n.Head[0].Weight[7*16+i], got.Head[0].Weight[7*16+i])
			assert.Equal(t, n.Head[0].Weight[i%8*16+15], got.Head[0].Weight[i%8*16+15])
		}
		_, elements, err := train.FromNetwork(got, false)
		require.NoError(t, err)
		assert.InDelta(t, -2043.4084, elements[8], 1e-3, "the channel is known again")
		inside, _ := energyAndForces(t, got, pair(5-1e-9))
		outside, _ := energyAndForces(t, got, pair(5+1e-9))
		assert.InDelta(t, outside, inside, 2e-5)
		want, _ := energyAndForces(t, n, pair(1.3))
		have, _ := energyAndForces(t, got, pair(1.3))
		assert.InDelta(t, want, have, 0.05)
	}
}

// Calibration brings the rounded network nearer to the other one, on structures that it
// has not seen too, and to the same bits with any number of threads.
func TestCalibrate(t *testing.T) {
	n := testNetwork(t)
	var seen, unseen []atoms.Structure
	for i, m := range systems.Molecules() {
		for k := range 4 {
			s := m.Structure
			s.Positions = append([][3]float64{}, s.Positions...)
			for a := range s.Positions {
				s.Positions[a][(a+k)%3] += 0.03 * float64(k-1)
			}
			if k == 3 && i%2 == 0 {
				unseen = append(unseen, s)
			} else {
				seen = append(seen, s)
			}
		}
	}
	steps := 0
	o := Options{Type: checkpoint.Int8, Structures: seen, Threads: 1, Progress: func(step, of int) { assert.Equal(t, steps, step); steps++ }}
	r, err := Network(t.Context(), n, o)
	require.NoError(t, err)
	assert.Equal(t, 1000, steps)
	c := r.Calibration
	assert.Equal(t, len(seen), c.Structures)
	assert.Less(t, c.After.Force, 0.7*c.Before.Force)
	assert.Less(t, c.After.Energy, 0.7*c.Before.Energy)
	plain, err := Network(t.Context(), n, Options{Type: checkpoint.Int8})
	require.NoError(t, err)
	far := func(r *Result) (sum float64) {
		got := again(t, r, n)
		for _, s := range unseen {
			_, want := energyAndForces(t, n, s)
			_, have := energyAndForces(t, got, s)
			for i := range want {
				for c := range 3 {
					sum += math.Abs(have[i][c] - want[i][c])
				}
			}
		}
		return sum
	}
	assert.Less(t, far(r), 0.7*far(plain))

	o.Threads, o.Progress = 2, nil
	two, err := Network(t.Context(), n, o)
	require.NoError(t, err)
	for i, x := range r.Tensors {
		a, err := x.Tensor.Bytes()
		require.NoError(t, err)
		b, err := two.Tensors[i].Tensor.Bytes()
		require.NoError(t, err)
		assert.True(t, bytes.Equal(a, b), x.Name)
	}
}

func TestCalibrationErrors(t *testing.T) {
	n := testNetwork(t)
	good := systems.Benzene()
	_, err := Network(t.Context(), n, Options{Type: checkpoint.Int8, Structures: []atoms.Structure{good, {Numbers: []int{101}, Positions: make([][3]float64, 1)}}})
	var which *atoms.StructureError
	require.ErrorAs(t, err, &which)
	assert.Equal(t, 1, which.Index)
	ctx, cancel := context.WithCancel(t.Context())
	_, err = Network(ctx, n, Options{Type: checkpoint.Int8, Structures: []atoms.Structure{good}, Progress: func(step, _ int) {
		if step == 3 {
			cancel()
		}
	}})
	assert.ErrorIs(t, err, context.Canceled)
}

func TestAlready(t *testing.T) {
	n := testNetwork(t)
	for _, to := range Types {
		r, err := Network(t.Context(), n, Options{Type: to})
		require.NoError(t, err)
		found, err := nn.Find(checkpoint.New(map[string]any{"cutoff": n.Cutoff}, r.Tensors...), 0)
		require.NoError(t, err)
		already, ok := Already(found)
		assert.Equal(t, to == checkpoint.Int8, ok)
		if ok {
			assert.Equal(t, r, already)
		}
	}
}
