package train

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/internal/peertest"
)

// The gradient is that of PyTorch's double backward in float64, with exact filters.
func TestTorchGradient(t *testing.T) {
	command := peertest.Torch(t, "testdata/gradient.py")
	cases := []struct {
		name  string
		h, k  int
		free  bool
		loss  Loss
		batch func(t *testing.T, rng *rand.Rand) []*Sample
		exact bool // PyTorch's product of the Hessian, not the difference of forces
	}{
		{"tied", 16, 2, false, DefaultLoss, mixed, false},
		{"free, Huber", 20, 3, true, Loss{Energy: 2, Force: 1, Stress: 0.3, AtomEnergy: 0.2, Scale: 2, EnergyHuber: 0.05, ForceHuber: 0.8}, crystals, false},
		{"molecules", 8, 3, false, DefaultLoss, molecules, false},
		{"with elements", 16, 2, false, DefaultLoss, crystals, false},
		{"curvature", 16, 2, true, curving, curved, false},
		{"curvature by autograd", 16, 2, false, curving, curvedMolecules, true},
	}
	elements := map[int]float64{}
	for z := range 9 {
		elements[z] = -13.88 * float64(z*z) // down to −888 eV
	}
	delete(elements, 0)
	var engines []*Engine[float64]
	var batches [][]*Sample
	var jobs []map[string]any
	for i, c := range cases {
		m := newTestModel(t, c.h, c.k, 6, c.free)
		engines = append(engines, newTestEngine[float64](t, m, EngineOptions{Threads: 1, Exact: true, Loss: c.loss}))
		batches = append(batches, c.batch(t, rand.New(rand.NewPCG(3, 4))))
		if c.name == "with elements" {
			m.Reserved = true
			m.held = m.findHeld()
			m.clearReserved()
		}
		folded := []float32{}
		if m.Reserved {
			folded = slices.Clone(m.Weights)
			require.NoError(t, m.fold(folded, elements))
		}
		jobs = append(jobs, map[string]any{
			"config": m.Config, "blocks": c.k, "free": c.free, "centers": m.Centers, "widths": m.Widths, "weights": wide(engines[i]),
			"loss": c.loss, "smooth": smooth, "step": hessianStep, "exact_hessian": c.exact, "samples": forTorch(batches[i]), "folded": folded,
		})
	}
	text, err := json.Marshal(jobs)
	require.NoError(t, err)
	var errors bytes.Buffer
	command.Stdin, command.Stderr = bytes.NewReader(text), &errors
	output, err := command.Output()
	require.NoError(t, err, errors.String())
	var torch []struct {
		Loss     float64
		Gradient []float64
		Energies []float64
	}
	require.NoError(t, json.Unmarshal(output, &torch))
	require.Len(t, torch, len(cases))
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			e, want := engines[i], torch[i].Gradient
			got := make([]float64, len(e.weights))
			terms, err := e.compute(context.Background(), batches[i], got)
			require.NoError(t, err)
			for w, held := range e.model.held {
				if held {
					assert.Zero(t, got[w])
					want[w] = 0
				}
			}
			worst, at := farthest(got, want)
			t.Logf("loss %v, PyTorch %v; farthest %.2g", terms.Loss, torch[i].Loss, worst)
			if c.exact {
				t.Logf("gradient %.2g", distance(got, want))
				assert.InEpsilon(t, torch[i].Loss, terms.Loss, 1e-3)
				assert.Less(t, distance(got, want), 1e-2) // the difference's next term
				return
			}
			assert.InEpsilon(t, torch[i].Loss, terms.Loss, 1e-12)
			for k, energy := range torch[i].Energies { // absolute ones, of the elements too
				x := batches[i][k]
				want, rounding := 0.0, 1e-6
				for atom, z := range x.Numbers {
					want += float64(e.workers[0].energies()[e.workers[0].start[k]+atom]) + elements[z]
					rounding += math.Abs(elements[z]) * 0x1p-22
				}
				assert.InDelta(t, want, energy, rounding)
			}
			assert.Less(t, worst, 1e-9, "weight %d: %v, expected %v", at, got[at], want[at])
		})
	}
}

// forTorch is what the script reads of samples.
func forTorch(batch []*Sample) (list []map[string]any) {
	for _, x := range batch {
		s := map[string]any{
			"numbers": x.Numbers, "positions": x.Positions, "i": x.pairs.I, "j": x.pairs.J, "x": x.pairs.X, "curvature": x.Curvature, "displaced": forTorch(x.displaced),
			"energy": nil, "forces": x.Forces, "stress": x.Stress, "atom_energies": x.AtomEnergies, "volume": x.volume,
		}
		if !math.IsNaN(x.Energy) {
			s["energy"] = x.Energy
		}
		list = append(list, s)
	}
	return list
}
