package onnx

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/checkpoint"
	"painless/data"
	"painless/nn"
)

const testdata = "../../../testdata/"

var students = []string{"original", "tiny", "ultra_tiny"}

func load(t *testing.T, name string) (*checkpoint.Checkpoint, *nn.Network) {
	t.Helper()
	c, err := checkpoint.Open(testdata + name + ".pt")
	require.NoError(t, err)
	n, err := nn.FromCheckpoint(c)
	require.NoError(t, err)
	return c, n
}

func written(t *testing.T, name string, forces bool) []byte {
	t.Helper()
	c, n := load(t, name)
	var file bytes.Buffer
	require.NoError(t, Write(&file, c, n.Config, forces))
	return file.Bytes()
}

// The weights come back by their names, and the same graph every time.
func TestWeights(t *testing.T) {
	for _, name := range students {
		file := written(t, name, true)
		assert.Equal(t, file, written(t, name, true))
		_, want := load(t, name)
		c, err := checkpoint.Read(bytes.NewReader(file), int64(len(file)), "graph")
		require.NoError(t, err)
		got, err := nn.FromCheckpoint(c)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}

// Every value is made once, before it is used, and every output is used, or is
// the graph's.
func TestGraphIsInOrder(t *testing.T) {
	c, n := load(t, "tiny")
	for _, forces := range []bool{false, true} {
		s := &student{cfg: n.Config, h: int64(n.HiddenDim)}
		made := map[string]bool{"positions": true, "atomic_numbers": true}
		for _, name := range c.Names() {
			made[name] = true
		}
		s.edges()
		s.forward()
		s.rename(s.energy, "energy")
		if forces {
			s.backward()
			s.forces()
		}
		for _, node := range s.nodes {
			inputs, outputs := strings(node, 1), strings(node, 2)
			for _, in := range inputs {
				assert.True(t, made[in], in)
			}
			for _, out := range outputs {
				assert.False(t, made[out], out)
				made[out] = true
			}
		}
		assert.True(t, made["energy"])
		assert.Equal(t, forces, made["forces"])
	}
}

// strings is the texts of a field of a message whose fields are all texts and messages.
func strings(m message, field int) (texts []string) {
	for len(m) > 0 {
		number, size := int(m[0]>>3), int(m[1])
		m = m[2:]
		if size >= 0x80 { // a longer one: its length has more bytes
			length, shift := size&0x7f, 7
			for {
				b := int(m[0])
				m = m[1:]
				length |= b & 0x7f << shift
				if shift += 7; b < 0x80 {
					break
				}
			}
			size = length
		}
		if number == field {
			texts = append(texts, string(m[:size]))
		}
		m = m[size:]
	}
	return texts
}

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

// isolated is the structures of a golden file that have no boundaries.
func isolated(t *testing.T, path string) (frames []data.Structure) {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	for r := data.NewReader(file, path); ; {
		f, err := r.Read()
		if errors.Is(err, io.EOF) {
			return frames
		}
		require.NoError(t, err)
		if f.PBC == [3]bool{} && len(f.Numbers) < 40 {
			frames = append(frames, f.Structure)
		}
	}
}

// ONNX Runtime runs the graph, and finds the energies and forces that the
// engine does in float64.
func TestONNXRuntimeRuns(t *testing.T) {
	if _, err := os.Stat("../../peers/node_modules/onnxruntime-node"); err != nil {
		if os.Getenv("PAINLESS_REQUIRE_INTEROP") != "" {
			t.Fatal("onnxruntime-node is required but not there: make interop installs it")
		}
		t.Skip("no ONNX Runtime: make interop runs this test with it")
	}
	for _, name := range students {
		for _, forces := range []bool{false, true} {
			j := job{Model: filepath.Join(t.TempDir(), name+".onnx")}
			require.NoError(t, os.WriteFile(j.Model, written(t, name, forces), 0o600))
			structures := isolated(t, testdata+name+".extxyz")
			require.Greater(t, len(structures), 10)
			for _, s := range structures {
				j.Structures = append(j.Structures, structure{s.Numbers, s.Positions})
			}
			text, err := json.Marshal(j)
			require.NoError(t, err)
			node := exec.Command("node", "testdata/run.mjs")
			node.Stdin, node.Stderr = bytes.NewReader(text), os.Stderr
			output, err := node.Output()
			require.NoError(t, err)
			var answers []answer
			require.NoError(t, json.Unmarshal(output, &answers))
			require.Len(t, answers, len(structures))

			_, network := load(t, name)
			p, err := nn.NewPotential(network, nn.Options{Precision: nn.Float64, Filters: nn.Exact})
			require.NoError(t, err)
			var want nn.Result
			b := nn.NewBatch(structures...)
			require.NoError(t, p.Compute(context.Background(), b, &want))
			require.NoError(t, p.Close())
			for k, a := range answers {
				atoms := float64(len(structures[k].Numbers))
				assert.InDelta(t, want.Energy[k], a.Energy, 5e-6*atoms, "%s, structure %d", name, k)
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
					assert.InDelta(t, reference[i/3][i%3], f, 1e-5*largest, "%s, structure %d, component %d", name, k, i)
				}
			}
		}
	}
}
