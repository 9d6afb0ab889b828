package onnx

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/checkpoint"
	"painless/internal/exporttest"
	"painless/internal/peertest"
	"painless/nn"
	"painless/quantise"
	"painless/train"
)

const testdata = "../../testdata/"

var students = []string{"original", "tiny", "ultra_tiny"}

func load(t *testing.T, name string) (*checkpoint.Checkpoint, *nn.Network) {
	t.Helper()
	c, err := checkpoint.Open(testdata + name + ".pt")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	found, err := nn.Find(c, 0)
	require.NoError(t, err)
	return checkpoint.New(nil, used(found.Tensors, found.Network)...), found.Network
}

// used is a network's tensors without the last mixing matrix, which nothing uses.
func used(tensors []checkpoint.Named, n *nn.Network) []checkpoint.Named {
	last := fmt.Sprintf("interactions.%d.update.mixing_matrix", n.NumInteractions-1)
	return slices.DeleteFunc(slices.Clone(tensors), func(x checkpoint.Named) bool { return x.Name == last })
}

func written(t *testing.T, name string, forces bool) []byte {
	t.Helper()
	c, n := load(t, name)
	var file bytes.Buffer
	require.NoError(t, Write(&file, c, n, Options{Forces: forces}))
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
		want.Blocks[want.NumInteractions-1].Mixing = [3][3]float64{}
		want.Parameters -= 9
		assert.Equal(t, want, got)
	}
}

// Every value is made once, before it is used, and every output is used, or is
// the graph's.
func TestGraphIsInOrder(t *testing.T) {
	c, n := load(t, "tiny")
	for _, forces := range []bool{false, true} {
		s := &student{cfg: n.Config, h: int64(n.HiddenDim)}
		made, unused := map[string]bool{"positions": true, "atomic_numbers": true}, map[string]bool{}
		require.NoError(t, s.weights(c, false))
		for _, name := range c.Names() {
			made[name], unused[name] = true, true
		}
		s.edges()
		s.forward()
		s.rename(s.energy, "energy")
		if forces {
			s.backward()
			s.forces()
		}
		for _, node := range s.nodes {
			inputs, outputs := texts(node, 1), texts(node, 2)
			for _, in := range inputs {
				assert.True(t, made[in], in)
				delete(unused, in)
			}
			for _, out := range outputs {
				assert.False(t, made[out], out)
				made[out] = true
			}
		}
		assert.True(t, made["energy"])
		assert.Equal(t, forces, made["forces"])
		assert.Empty(t, unused, "ONNX Runtime warns of them")
	}
}

// texts is those of a field of a message whose fields are all texts and messages.
func texts(m message, field int) (list []string) {
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
			list = append(list, string(m[:size]))
		}
		m = m[size:]
	}
	return list
}

// ONNX Runtime runs the graph, and finds the energies and forces that the
// engine does in float64.
func TestONNXRuntimeRuns(t *testing.T) {
	for _, name := range students {
		for _, forces := range []bool{false, true} {
			model := filepath.Join(t.TempDir(), name+".onnx")
			require.NoError(t, os.WriteFile(model, written(t, name, forces), 0o600))
			_, network := load(t, name)
			exporttest.Check(t, peertest.ONNXRuntime(t, "testdata/run.mjs"), model, network, testdata+name+".extxyz", forces)
		}
	}
}

// ONNX Runtime runs quantised graphs, and finds the energies and forces that the engine
// does with the weights that they hold.
func TestONNXRuntimeRunsQuantised(t *testing.T) {
	_, network := load(t, "ultra_tiny")
	for _, dtype := range quantise.Types {
		q, err := quantise.Network(t.Context(), network, quantise.Options{Type: dtype})
		require.NoError(t, err)
		c := checkpoint.New(map[string]any{"cutoff": network.Cutoff}, q.Tensors...)
		rounded, err := nn.FromCheckpoint(c)
		require.NoError(t, err)
		var file bytes.Buffer
		require.NoError(t, Write(&file, checkpoint.New(nil, used(q.Tensors, network)...), rounded, Options{Forces: true}))
		model := filepath.Join(t.TempDir(), "small.onnx")
		require.NoError(t, os.WriteFile(model, file.Bytes(), 0o600))
		exporttest.Check(t, peertest.ONNXRuntime(t, "testdata/run.mjs"), model, rounded, testdata+"ultra_tiny.extxyz", true)
	}
}

// With integers for what bounded numbers are multiplied with, energies are those of the
// engine to some hundredths of an eV, as both are rounded to 256 numbers. Energies of
// elements of thousands of eV in the state lose nothing by it.
func TestONNXRuntimeRunsDynamic(t *testing.T) {
	_, plain := load(t, "ultra_tiny")
	m, err := train.NewModel(nn.Config{HiddenDim: 32, NumInteractions: 2, NumRBF: 10, Cutoff: 5, MaxZ: 100}, 1, false)
	require.NoError(t, err)
	carrying, err := m.Network(m.Weights, map[int]float64{1: -13.859281, 6: -1029.0141, 8: -2043.4084})
	require.NoError(t, err)
	for name, network := range map[string]*nn.Network{"plain": plain, "carrying energies of elements": carrying} {
		t.Run(name, func(t *testing.T) {
			q, err := quantise.Network(t.Context(), network, quantise.Options{Type: checkpoint.Int8})
			require.NoError(t, err)
			rounded, err := nn.FromCheckpoint(checkpoint.New(map[string]any{"cutoff": network.Cutoff}, q.Tensors...))
			require.NoError(t, err)
			var file bytes.Buffer
			require.NoError(t, Write(&file, checkpoint.New(nil, used(q.Tensors, network)...), rounded, Options{Forces: true, Dynamic: true}))
			assert.Contains(t, file.String(), "MatMulInteger")
			model := filepath.Join(t.TempDir(), "dynamic.onnx")
			require.NoError(t, os.WriteFile(model, file.Bytes(), 0o600))
			exporttest.CheckRoughly(t, peertest.ONNXRuntime(t, "testdata/run.mjs"), model, rounded, testdata+"ultra_tiny.extxyz", true, 0.2)
		})
	}
}
