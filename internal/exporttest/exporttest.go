// Package exporttest holds what export writes for other programs against the
// engine: the programs run it, and have to find the same.
package exporttest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/data"
	"painless/nn"
)

type job struct {
	Model      string      `json:"model"`
	Structures []structure `json:"structures"`
}

type structure struct {
	Numbers   []int        `json:"numbers"`
	Positions [][3]float64 `json:"positions"`
}

type answer struct {
	Energy float64
	Forces []float64
}

// Check lets a program compute the isolated structures of a golden file with
// what was written of network: a job on its standard input, answers on its
// standard output. They have to be those of the engine in float64, to float32's
// accuracy: 1e-5 eV, and 1e-5 max(1, max abs F) eV/Å. It must not warn of weights.
func Check(t *testing.T, program *exec.Cmd, model string, network *nn.Network, golden string, forces bool) {
	t.Helper()
	CheckRoughly(t, program, model, network, golden, forces, 1e-5)
}

// CheckRoughly is Check to another accuracy.
func CheckRoughly(t *testing.T, program *exec.Cmd, model string, network *nn.Network, golden string, forces bool, tolerance float64) {
	t.Helper()
	structures := isolated(t, golden)
	require.Greater(t, len(structures), 10)
	j := job{Model: model}
	for _, s := range structures {
		j.Structures = append(j.Structures, structure{s.Numbers, s.Positions})
	}
	text, err := json.Marshal(j)
	require.NoError(t, err)
	var warnings bytes.Buffer
	program.Stdin, program.Stderr = bytes.NewReader(text), io.MultiWriter(os.Stderr, &warnings)
	output, err := program.Output()
	require.NoError(t, err)
	assert.NotContains(t, warnings.String(), "initializer")
	var answers []answer
	require.NoError(t, json.Unmarshal(output, &answers))
	require.Len(t, answers, len(structures))

	p, err := nn.NewPotential(network, nn.Options{Precision: nn.Float64, Filters: nn.Exact})
	require.NoError(t, err)
	var want nn.Result
	b := atoms.NewBatch(structures...)
	require.NoError(t, p.Compute(context.Background(), b, &want))
	require.NoError(t, p.Close())
	for k, a := range answers {
		assert.InDelta(t, want.Energy[k], a.Energy, tolerance, "structure %d", k)
		if !forces {
			assert.Nil(t, a.Forces)
			continue
		}
		reference := want.Forces[b.Start[k]:b.Start[k+1]]
		largest := 1.0
		for _, f := range reference {
			largest = max(largest, math.Abs(f[0]), math.Abs(f[1]), math.Abs(f[2]))
		}
		require.Len(t, a.Forces, 3*len(reference))
		for i, f := range a.Forces {
			assert.InDelta(t, reference[i/3][i%3], f, tolerance*largest, "structure %d, component %d", k, i)
		}
	}
}

// isolated is the structures of a golden file that have no boundaries.
func isolated(t *testing.T, path string) (structures []atoms.Structure) {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	for r := data.NewReader(file, path); ; {
		f, err := r.Read()
		if errors.Is(err, io.EOF) {
			return structures
		}
		require.NoError(t, err)
		if f.PBC == [3]bool{} && len(f.Numbers) < 40 {
			structures = append(structures, f.Structure)
		}
	}
}
