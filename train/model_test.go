package train

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/checkpoint"
	"painless/nn"
)

var testConfig = nn.Config{HiddenDim: 32, NumInteractions: 3, NumRBF: 6, Cutoff: 3, MaxZ: 8}

// moved is a model whose weights went against random gradients, as training does it.
func moved(t *testing.T, free bool) *Model {
	t.Helper()
	m, err := NewModel(testConfig, 3, free)
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(1, 2))
	e := newTestEngine[float32](t, m, EngineOptions{Threads: 1})
	for range 3 {
		g, _ := gradientOf(t, e, []*Sample{sample(t, rng, 6, 3, isolated, 3)})
		for i := range g {
			m.Weights[i] -= 1e-3 * g[i]
		}
		m.Tie()
	}
	return m
}

// What is held stays as it was, and ties hold to the bit.
func TestHeldWeightsStay(t *testing.T) {
	for _, free := range []bool{false, true} {
		first, err := NewModel(testConfig, 3, free)
		require.NoError(t, err)
		m := moved(t, free)
		changed := 0
		for i, held := range m.held {
			if m.Weights[i] != first.Weights[i] {
				changed++
				assert.False(t, held && free, "weight %d", i)
			}
		}
		assert.Greater(t, changed, len(m.Weights)/2)
		m.reserved(func(at int) { assert.Zero(t, m.Weights[at]) })
		for k := range m.layout.blocks {
			b := &m.layout.blocks[k]
			if !free {
				assert.Equal(t, []float32{1, 0, 0, 0, 1, 0, 0, 0, 1}, m.Weights[b.mixing:][:9])
			}
			for o := range b.filter[1].out {
				sum := 0.0
				for i, w := range row(m.Weights, b.filter[1], o) {
					sum -= float64(w) * silu(float64(m.Weights[b.filter[0].bias+i]))
				}
				assert.Equal(t, !free || sum == 0, m.Weights[b.filter[1].bias+o] == float32(sum), "block %d, bias %d", k, o)
			}
		}
		for i, decays := range m.Decays() {
			assert.False(t, decays && m.held[i])
		}
	}
}

// A healthy network's energy does not change when a structure is turned, nor jump
// where a pair comes to be within the cutoff.
func TestHealthyNetwork(t *testing.T) {
	m := moved(t, false)
	n, err := m.Network(m.Weights, nil)
	require.NoError(t, err)
	p, err := nn.NewPotential(n, nn.Options{Precision: nn.Float64})
	require.NoError(t, err)
	defer p.Close()
	energy := func(positions ...[3]float64) float64 {
		var r nn.Result
		s := atoms.Structure{Numbers: []int{1, 6, 8, 7}[:len(positions)], Positions: positions}
		require.NoError(t, p.Compute(context.Background(), atoms.NewBatch(s), &r))
		return r.Energy[0]
	}
	a, b, c, d := [3]float64{}, [3]float64{1, 0.2, 0.1}, [3]float64{0.3, 1.1, -0.4}, [3]float64{-0.2, 0.1, 1.3}
	turned := func(x [3]float64) [3]float64 { return [3]float64{0.6*x[0] - 0.8*x[1], 0.8*x[0] + 0.6*x[1], x[2]} }
	assert.InDelta(t, energy(a, b, c, d), energy(turned(a), turned(b), turned(c), turned(d)), 1e-12)
	assert.InDelta(t, energy(a, [3]float64{2.9999999, 0, 0}), energy(a, [3]float64{3.0000001, 0, 0}), 1e-6)
}

var elements = map[int]float64{1: -13.88, 6: -1030.4, 7: -79.07, 8: -2041.25}

// The energies of the elements are in the network's own, to float32's rounding of
// them, and come out again.
func TestFold(t *testing.T) {
	m := moved(t, false)
	bare, err := m.Network(m.Weights, nil)
	require.NoError(t, err)
	whole, err := m.Network(m.Weights, elements)
	require.NoError(t, err)
	x := sample(t, rand.New(rand.NewPCG(5, 6)), 8, 4, isolated, 3)
	for i := range x.Numbers {
		x.Numbers[i] = []int{1, 6, 7, 8}[i%4]
	}
	for _, o := range []nn.Options{{Precision: nn.Float64}, {}} {
		var r [2]nn.Result
		for i, n := range []*nn.Network{bare, whole} {
			p, err := nn.NewPotential(n, o)
			require.NoError(t, err)
			defer p.Close()
			require.NoError(t, p.Compute(context.Background(), atoms.NewBatch(x.Structure), &r[i]))
		}
		want, rounding := r[0].Energy[0], 0.0
		for _, z := range x.Numbers {
			want += float64(float32(elements[z]))
			rounding += math.Abs(elements[z]) * 0x1p-23
		}
		if o.Precision == nn.Float64 {
			rounding = 1e-10
		}
		assert.InDelta(t, want, r[1].Energy[0], rounding)
		for i := range r[0].Forces {
			for a := range 3 {
				assert.InDelta(t, r[0].Forces[i][a], r[1].Forces[i][a], 1e-12, "the elements exert no forces")
			}
		}
	}

	again, found, err := FromNetwork(whole, false)
	require.NoError(t, err)
	assert.True(t, again.Reserved)
	assert.Equal(t, m.Weights, again.Weights)
	assert.Equal(t, m.held, again.held)
	require.Len(t, found, len(elements))
	for z, e := range elements {
		assert.Equal(t, float64(float32(e)), found[z])
	}
	same, err := again.Network(again.Weights, found)
	require.NoError(t, err)
	assert.Equal(t, whole, same)
}

// A student that was trained elsewhere has no channel for the elements.
func TestFromNetwork(t *testing.T) {
	c, err := checkpoint.Open("../testdata/tiny.pt")
	require.NoError(t, err)
	defer c.Close()
	n, err := nn.FromCheckpoint(c)
	require.NoError(t, err)

	m, found, err := FromNetwork(n, true)
	require.NoError(t, err)
	assert.Nil(t, found)
	assert.False(t, m.Reserved)
	assert.Equal(t, n.Parameters, len(m.Weights))
	same, err := m.Network(m.Weights, nil)
	require.NoError(t, err)
	assert.Equal(t, n, same)
	_, err = m.Network(m.Weights, elements)
	assert.ErrorContains(t, err, "energies of 4 elements: the network has no channel for them")

	healthy, _, err := FromNetwork(n, false)
	require.NoError(t, err)
	assert.NotEqual(t, m.Weights, healthy.Weights)
	same, err = healthy.Network(healthy.Weights, nil)
	require.NoError(t, err)
	assert.Equal(t, [3][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, same.Blocks[1].Mixing)

	n.Blocks[0].Update[0].Bias = nil
	_, _, err = FromNetwork(n, true)
	assert.ErrorContains(t, err, "network, update of block 0: expected 64 numbers, found 0")
	n.Blocks = n.Blocks[:1]
	_, _, err = FromNetwork(n, true)
	assert.ErrorContains(t, err, "expected 2 blocks, found 1")
}

func TestModelState(t *testing.T) {
	m := moved(t, false)
	text, err := json.Marshal(m.State())
	require.NoError(t, err)
	var s ModelState
	require.NoError(t, json.Unmarshal(text, &s))
	again, err := s.Model()
	require.NoError(t, err)
	copy(again.Weights, m.Weights)
	assert.Equal(t, m, again)
	for want, change := range map[string]func(s *ModelState){
		"4 to 4096 features":            func(s *ModelState) { s.Config.HiddenDim = 1 << 40 },
		"5 centers":                     func(s *ModelState) { s.Centers = s.Centers[1:] },
		"a width other than 0":          func(s *ModelState) { s.Widths = []float64{1, 1, 1, 1, 1, 0} },
		"8 features: expected at least": func(s *ModelState) { s.Config.HiddenDim = 8 },
	} {
		bad := s
		change(&bad)
		_, err := bad.Model()
		assert.ErrorContains(t, err, want)
	}
}

func TestNewModel(t *testing.T) {
	a, err := NewModel(testConfig, 1, false)
	require.NoError(t, err)
	same, err := NewModel(testConfig, 1, false)
	require.NoError(t, err)
	other, err := NewModel(testConfig, 2, false)
	require.NoError(t, err)
	assert.Equal(t, a, same)
	assert.NotEqual(t, a.Weights, other.Weights)
	_, err = NewModel(nn.Config{HiddenDim: 8}, 1, false)
	assert.ErrorContains(t, err, "8 features: expected at least 12")
	_, err = NewModel(nn.Config{HiddenDim: 32}, 1, false)
	assert.ErrorContains(t, err, "network of")
	_, err = a.Network(a.Weights[1:], nil)
	assert.ErrorContains(t, err, "weights: expected")
	_, err = a.Network(a.Weights, map[int]float64{9: 1})
	assert.ErrorContains(t, err, "energy of element 9: the network has elements 1 to 8")
}

func TestSampleRefuses(t *testing.T) {
	s := atoms.Structure{Numbers: []int{1, 1}, Positions: [][3]float64{{}, {1, 0, 0}}}
	three := make([][3]float64, 3)
	for want, l := range map[string]Labels{
		"3 forces: expected those of 2 atoms":      {Forces: three},
		"1 energies of atoms: expected those of 2": {AtomEnergies: []float64{1}},
		"energies that are not finite":             {Energy: math.Inf(1)},
		"the force on atom 1 is":                   {Forces: [][3]float64{{}, {math.NaN()}}},
		"a stress, and no volume":                  {Stress: &[6]float64{}},
	} {
		_, err := NewSample(s, l, 5)
		assert.ErrorContains(t, err, want)
	}
	_, err := NewSample(atoms.Structure{}, Labels{}, 5)
	assert.ErrorContains(t, err, "no atoms")
	_, err = NewSample(atoms.Structure{Numbers: []int{1, 1}, Positions: make([][3]float64, 2)}, Labels{}, 5)
	assert.Error(t, err, "two atoms on one point")
}
