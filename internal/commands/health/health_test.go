package health

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless"
	"painless/atoms"
	"painless/internal/systems"
	"painless/internal/vec"
	"painless/nn"
)

const testdata = "../../../testdata/"

func load(t *testing.T, path string) *nn.Network {
	t.Helper()
	network, err := painless.Load(path, painless.Options{})
	require.NoError(t, err)
	return network
}

func healthOf(t *testing.T, network *nn.Network) *Card {
	t.Helper()
	h, err := Examine(context.Background(), network)
	require.NoError(t, err)
	return h
}

// compute is a structure alone, in float64 with exact filters.
func compute(t *testing.T, network *nn.Network) func(s atoms.Structure) (float64, [][3]float64) {
	t.Helper()
	p, err := nn.NewPotential(network, nn.Options{Precision: nn.Float64, Filters: nn.Exact})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	return func(s atoms.Structure) (float64, [][3]float64) {
		var r nn.Result
		require.NoError(t, p.Compute(context.Background(), atoms.NewBatch(s), &r))
		return r.Energy[0], r.Forces
	}
}

func (h *Card) pair(a, b string) Pair {
	for _, p := range h.Pairs {
		if p.Elements == [2]string{a, b} {
			return p
		}
	}
	return Pair{}
}

func (h *Card) grades() map[string]Grade {
	grades := map[string]Grade{}
	for _, v := range h.Verdicts {
		grades[v.Topic] = v.Grade
	}
	return grades
}

// The card's numbers against structures made and computed here, one by one.
func TestHealthIndependently(t *testing.T) {
	for _, name := range []string{"tiny", "ultra_tiny"} {
		network := load(t, testdata+name+".pt")
		h, energyOf := healthOf(t, network), compute(t, network)

		pair := func(a, b int, d float64) float64 {
			e, _ := energyOf(atoms.Structure{Numbers: []int{a, b}, Positions: [][3]float64{{1, 2, 3}, {1 + d, 2, 3}}})
			return e
		}
		assert.InDelta(t, pair(8, 8, 4.999999)-pair(8, 8, 5.000001), h.pair("O", "O").Jump, 1e-4)
		assert.InDelta(t, pair(1, 6, 4.999999)-pair(1, 6, 5.000001), h.pair("H", "C").Jump, 1e-4)
		lowest, wall := math.Inf(1), math.Inf(-1)
		for k := 12; k < 100; k++ { // 0.6 Å up to the cutoff
			lowest = math.Min(lowest, pair(7, 8, 0.05*float64(k)))
		}
		no := h.pair("N", "O")
		assert.InDelta(t, lowest, pair(7, 8, no.Best), 1e-9)
		for d := 0.05; d < no.Best-0.01; d += 0.05 {
			wall = math.Max(wall, pair(7, 8, d))
		}
		assert.InDelta(t, wall-lowest, no.Wall, 1e-9)
		assert.InDelta(t, wall, pair(7, 8, no.WallAt), 1e-9)

		// Other rotations than the card's, by axis and angle: as far, as their number is large.
		rng := rand.New(rand.NewPCG(1, 2))
		molecule := systems.Molecules()[0]
		want, wantForces := energyOf(molecule.Structure)
		farthest, farthestForce := 0.0, 0.0
		for range 500 {
			axis, angle := [3]float64{rng.NormFloat64(), rng.NormFloat64(), rng.NormFloat64()}, math.Pi*rng.Float64()
			turned := atoms.Structure{Numbers: molecule.Numbers}
			for _, r := range molecule.Positions {
				turned.Positions = append(turned.Positions, aroundAxis(r, axis, angle))
			}
			e, forces := energyOf(turned)
			farthest = math.Max(farthest, math.Abs(e-want))
			for i, f := range forces {
				farthestForce = math.Max(farthestForce, vec.Distance(f, aroundAxis(wantForces[i], axis, angle)))
			}
		}
		assert.Greater(t, farthest, 1e-5)
		assert.InEpsilon(t, farthest, h.Molecules[0].TurnedEnergy, 0.25)
		assert.InEpsilon(t, farthestForce, h.Molecules[0].TurnedForce, 0.25)

		for _, m := range h.Molecules {
			assert.Less(t, m.MovedEnergy, 1e-9, m.Name)
			assert.Less(t, m.ReorderedEnergy, 1e-9, m.Name)
			assert.True(t, m.Float32Energy > 0 && m.Float32Energy < float32Energy, "%s: %v", m.Name, m.Float32Energy)
			assert.True(t, m.Float32Force > 0 && m.Float32Force < float32Force, "%s: %v", m.Name, m.Float32Force)
		}
	}
}

// aroundAxis is Rodrigues' formula.
func aroundAxis(r, axis [3]float64, angle float64) (turned [3]float64) {
	sin, cos := math.Sincos(angle)
	k := vec.Scale(axis, 1/vec.Norm(axis))
	along, cross := vec.Dot(k, r), vec.Cross(k, r)
	for c := range turned {
		turned[c] = r[c]*cos + cross[c]*sin + k[c]*along*(1-cos)
	}
	return turned
}

// A network whose matrices do not mix is invariant to rotation, and one whose
// filters have no biases does not jump: the card says so.
func TestHealthyNetwork(t *testing.T) {
	network := load(t, testdata+"ultra_tiny.pt")
	assert.Equal(t, Poor, healthOf(t, network).grades()["rotation"])
	for k := range network.Blocks {
		network.Blocks[k].Mixing = [3][3]float64{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}
		for _, l := range network.Blocks[k].Filter {
			clear(l.Bias)
		}
	}
	h := healthOf(t, network)
	for _, m := range h.Molecules {
		assert.Less(t, m.TurnedEnergy, 1e-9, m.Name)
		assert.Less(t, m.TurnedForce, 1e-8, m.Name)
	}
	for _, p := range h.Pairs {
		assert.InDelta(t, 0, p.Jump, 1e-9, p.Elements)
	}
	assert.Equal(t, Good, h.grades()["rotation"])
	assert.Equal(t, Good, h.grades()["cutoff"])
}

// Weights that are too large for float32, and for float64.
func TestOverflow(t *testing.T) {
	network := load(t, testdata+"ultra_tiny.pt")
	head := &network.Head[2]
	for i := range head.Weight {
		head.Weight[i] *= 1e39
	}
	h := healthOf(t, network)
	assert.Contains(t, h.Float32, "expected a number")
	assert.Equal(t, Poor, h.grades()["float32"])
	for i := range head.Weight {
		head.Weight[i] = math.MaxFloat64
	}
	_, err := Examine(context.Background(), network)
	assert.ErrorContains(t, err, "water: structure ")
}

func TestNoHealth(t *testing.T) {
	network := load(t, testdata+"ultra_tiny.pt")
	network.MaxZ, network.Embedding = 1, network.Embedding[:2*network.HiddenDim]
	_, err := Examine(context.Background(), network)
	assert.EqualError(t, err, "the network knows elements up to H only: expected those of organic molecules")
	network.Cutoff = 0.01
	_, err = Examine(context.Background(), network)
	assert.ErrorContains(t, err, "the cutoff is 0.01 Å: expected one of at least 0.65 Å")
}

func TestRotation(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	var mean vec.Vector
	for range 2000 {
		r := rotation(rng)
		a, b, c := vec.Times(&r, vec.Vector{1, 0, 0}), vec.Times(&r, vec.Vector{0, 1, 0}), vec.Times(&r, vec.Vector{0, 0, 1})
		assert.InDelta(t, 1, vec.Norm(a), 1e-12)
		assert.InDelta(t, 0, vec.Distance(vec.Cross(a, b), c), 1e-12, "right-handed, at right angles")
		for k := range mean {
			mean[k] += c[k] / 2000
		}
	}
	assert.Less(t, vec.Norm(mean), 0.06, "as likely one way as the other")
}

func TestVerdicts(t *testing.T) {
	for _, c := range []struct {
		turned, jump, wall float64
		want               [3]Grade
		says               string
	}{
		{1e-3, -1e-3, 10, [3]Grade{Good, Good, Good}, "no simulation will notice"},
		{0.01, 0.01, 2, [3]Grade{Fair, Fair, Fair}, "the energy of a long NVE run will wander"},
		{0.1, -0.1, 0.5, [3]Grade{Poor, Poor, Poor}, "use a thermostat"},
		{0, 0, -1, [3]Grade{Good, Good, Poor}, "nothing keeps H and O apart"},
	} {
		h := &Card{
			Molecules: []Molecule{{Name: "other"}, {Name: "water", TurnedEnergy: c.turned}},
			Pairs:     []Pair{{Elements: [2]string{"C", "C"}, Wall: 20}, {Elements: [2]string{"H", "O"}, Jump: c.jump, Wall: c.wall}},
		}
		h.Verdicts = verdicts(h)
		g := h.grades()
		assert.Equal(t, c.want, [3]Grade{g["rotation"], g["cutoff"], g["close atoms"]})
		text := ""
		for _, v := range h.Verdicts {
			text += v.Text + "\n"
		}
		assert.Contains(t, text, c.says)
	}
	h := &Card{Molecules: []Molecule{{MovedEnergy: 1e-3, Float32Energy: 1e-4}}, Pairs: make([]Pair, 1)}
	assert.Equal(t, Poor, symmetryVerdict(h).Grade)
	assert.Equal(t, Fair, float32Verdict(h).Grade)
	text, err := json.Marshal(Verdict{"cutoff", Good, "all is well"})
	require.NoError(t, err)
	assert.Equal(t, `{"topic":"cutoff","grade":"good","text":"all is well"}`, string(text), "what programs read")
}

// The quick card finds by the potential as users run it what the whole one finds
// by the reference, for the elements of the system.
func TestMotion(t *testing.T) {
	network := load(t, testdata+"tiny.pt")
	whole := healthOf(t, network)
	p, err := nn.NewPotential(network, nn.Options{})
	require.NoError(t, err)
	defer p.Close()
	water := systems.WaterBox(1, 1, 2)
	quick, err := Motion(context.Background(), p, network, water.Numbers)
	require.NoError(t, err)
	require.Len(t, quick.Pairs, 3)
	for _, got := range quick.Pairs {
		want := whole.pair(got.Elements[0], got.Elements[1])
		assert.InDelta(t, want.Jump, got.Jump, 1e-4, got.Elements)
		assert.InDelta(t, want.Wall, got.Wall, 1e-3, got.Elements)
		assert.Equal(t, want.WallAt, got.WallAt, got.Elements)
	}
	require.Len(t, quick.Verdicts, 3, "kinks that are fair are no fourth")
	for i, k := range quick.Kinks {
		assert.Equal(t, whole.Kinks[i].Name, k.Name)
		assert.InDelta(t, whole.Kinks[i].Jump, k.Jump, 0.005, k.Name)
	}
	for i, m := range quick.Molecules {
		assert.InEpsilon(t, whole.Molecules[i].TurnedEnergy, m.TurnedEnergy, 0.7, "fewer rotations go less far")
		assert.LessOrEqual(t, m.TurnedEnergy, whole.Molecules[i].TurnedEnergy+1e-5)
	}
	assert.Equal(t, []int{1, 6, 7, 8}, frequent([]int{8, 8, 8, 7, 7, 1, 6, 1, 6, 17}))
	network.Cutoff = 0.01
	_, err = Motion(context.Background(), p, network, water.Numbers)
	assert.ErrorContains(t, err, "the cutoff is 0.01 Å")
}

// Symmetric molecules are said of a simulation where they are poor, as the card has them.
func TestMotionOfKinks(t *testing.T) {
	for name, poor := range map[string]bool{"ultra_tiny.pt": true, "tiny.pt": false, "original.pt": true} {
		network := load(t, testdata+name)
		p, err := nn.NewPotential(network, nn.Options{})
		require.NoError(t, err)
		defer p.Close()
		card, err := Motion(t.Context(), p, network, []int{8, 1, 1})
		require.NoError(t, err)
		require.Len(t, card.Kinks, 3, name)
		last := card.Verdicts[len(card.Verdicts)-1]
		assert.Equal(t, poor, last.Topic == "symmetric molecules", name)
		jump, v, err := Kinks(t.Context(), network)
		require.NoError(t, err)
		assert.InDelta(t, sharpest(card.Kinks).Jump, jump, 0.005, name)
		assert.Equal(t, poor, v.Grade == Poor, name)
		if poor {
			assert.Equal(t, v, last, name)
		}
	}
	network := load(t, testdata+"tiny.pt")
	network.Elements = []int{1, 8}
	jump, _, err := Kinks(t.Context(), network)
	require.NoError(t, err)
	assert.Zero(t, jump, "knows none of them")
}

// A student of few elements is turned in the molecules that it knows alone.
func TestMotionOfFewElements(t *testing.T) {
	network := load(t, testdata+"tiny.pt")
	network.Elements = []int{1, 8}
	p, err := nn.NewPotential(network, nn.Options{})
	require.NoError(t, err)
	defer p.Close()
	card, err := Motion(context.Background(), p, network, []int{8, 1, 1})
	require.NoError(t, err)
	require.NotEmpty(t, card.Molecules)
	for _, m := range card.Molecules {
		assert.Contains(t, []string{"water", "hydrogen", "hydrogen peroxide"}, m.Name)
	}
}
