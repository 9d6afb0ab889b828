package torchscript

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/checkpoint"
	"painless/internal/exporttest"
	"painless/internal/peertest"
	"painless/nn"
)

const testdata = "../../testdata/"

var students = []string{"original", "tiny", "ultra_tiny"}

func written(t *testing.T, name string) ([]byte, *nn.Network) {
	t.Helper()
	c, err := checkpoint.Open(testdata + name + ".pt")
	require.NoError(t, err)
	found, err := nn.Find(c, 0)
	require.NoError(t, err)
	var file bytes.Buffer
	require.NoError(t, Write(&file, checkpoint.New(nil, found.Tensors...), found.Network))
	require.NoError(t, c.Close())
	return file.Bytes(), found.Network
}

// The archive holds the network, and is the same every time.
func TestWeights(t *testing.T) {
	for _, name := range students {
		file, want := written(t, name)
		again, _ := written(t, name)
		assert.Equal(t, file, again)
		c, err := checkpoint.Read(bytes.NewReader(file), int64(len(file)), "archive")
		require.NoError(t, err)
		got, err := nn.Find(c, 0)
		require.NoError(t, err)
		assert.Equal(t, want, got.Network)
		assert.Equal(t, "stated by config", got.CutoffFrom)
	}
}

func TestFloat(t *testing.T) {
	for x, want := range map[float64]string{5: "5.", 0.25: "0.25", 1e-8: "1e-08", 1e30: "1e+30"} {
		assert.Equal(t, want, float(x))
	}
}

// torch.jit.load opens the archive; the energies, and by autograd the forces,
// are those of the engine.
func TestTorchRuns(t *testing.T) {
	for _, name := range students {
		file, network := written(t, name)
		model := filepath.Join(t.TempDir(), name+".pt")
		require.NoError(t, os.WriteFile(model, file, 0o600))
		exporttest.Check(t, peertest.Torch(t, "testdata/run.py"), model, network, testdata+name+".extxyz", true)
	}
}
