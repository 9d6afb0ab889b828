package md

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/peertest"
	"painless/internal/units"
	"painless/internal/vec"
)

// ASE's FIRE and BFGS, with its cell filter, find the minima that these optimizers
// find from the same start: a cluster's, and a sheared crystal's with and without pressure.
func TestInteropRelax(t *testing.T) {
	cutoff := shells * 5.3 / math.Sqrt2
	sheared := deformed(shaken(fcc(5.3, 1), 0.1, 5), [3][3]float64{{1.02, 0.03, 0}, {0.03, 0.99, -0.02}, {0, -0.02, 1}})
	type peer struct {
		structure atoms.Structure
		potential Potential
		settings  RelaxSettings
	}
	var peers []peer
	var lines bytes.Buffer
	for _, pressure := range []float64{math.NaN(), 0, 3000} {
		p := peer{shaken(icosahedron(), 0.1, 5), lennardJones(1, 1, 1e3, false), RelaxSettings{Force: 1e-5, Stress: 0.1}}
		s := map[string]any{"epsilon": 1, "sigma": 1, "cutoff": 1e3, "cell": nil}
		if !math.IsNaN(pressure) {
			p.structure, p.potential, p.settings.Cell, p.settings.Pressure = sheared, solidArgon(cutoff), FullCell, pressure
			s = map[string]any{"epsilon": argonEpsilon, "sigma": argonSigma, "cutoff": cutoff, "pressure": pressure, "cell": sheared.Cell}
		}
		s["numbers"], s["positions"] = p.structure.Numbers, p.structure.Positions
		peers = append(peers, p)
		require.NoError(t, json.NewEncoder(&lines).Encode(s))
	}
	command := peertest.Python(t, "ase", "python3-ase", "testdata/relax.py")
	command.Stdin = &lines
	var complaints bytes.Buffer
	command.Stderr = &complaints
	out, err := command.Output()
	require.NoError(t, err, complaints.String())
	answers := json.NewDecoder(bytes.NewReader(out))
	for _, p := range peers {
		var found []struct {
			Energy, Forces float64
			Positions      [][3]float64
			Cell           [3][3]float64
		}
		require.NoError(t, answers.Decode(&found))
		for _, theirs := range found {
			assert.Less(t, theirs.Forces, 1.01e-4)
			volume := math.Abs(vec.Determinant(&theirs.Cell))
			for _, p.settings.Optimizer = range optimizers {
				ours := relax(t, p.potential, p.settings, nil, p.structure)[0]
				require.True(t, ours.Converged)
				assert.Less(t, distance(ours.Structure.Positions, theirs.Positions), 2e-3, "%+v", p.settings)
				assert.InDelta(t, volume, ours.Volume, 1e-4*volume)
				assert.InDelta(t, theirs.Energy+p.settings.Pressure*units.Bar*volume, ours.Energy+p.settings.Pressure*units.Bar*ours.Volume, 1e-6)
			}
		}
	}
}

// distance is the largest difference of two structures' distances between atoms,
// which no motion of the whole changes.
func distance(a, b [][3]float64) (largest float64) {
	for i := range a {
		for j := range i {
			largest = max(largest, math.Abs(vec.Distance(a[i], a[j])-vec.Distance(b[i], b[j])))
		}
	}
	return largest
}
