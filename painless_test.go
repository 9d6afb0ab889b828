package painless

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDevices(t *testing.T) {
	for _, name := range []string{"", "cpu", "cuda", "cuda:0", "cuda:12", "emulator"} {
		assert.NoError(t, CheckDevice(name))
	}
	for _, name := range []string{"gpu", "cuda:", "cuda:x", "cuda:-1", "cuda1", "opencl:0", "emulator:1"} {
		assert.ErrorContains(t, CheckDevice(name), `device "`+name+`": expected cpu, cuda, cuda:N or emulator`)
		_, err := Open("none.pt", Options{Device: name})
		assert.ErrorContains(t, err, name, "said before the file is read")
	}
}

// A device that is not there is an error that says what to do.
func TestNewPotential(t *testing.T) {
	network, err := Load("testdata/ultra_tiny.pt", Options{})
	require.NoError(t, err)
	p, err := NewPotential(network, Options{})
	require.NoError(t, err)
	require.NoError(t, p.Close())
	_, err = NewPotential(network, Options{Device: "cuda:1000"})
	assert.ErrorContains(t, err, "device cuda:1000: ")
	assert.ErrorContains(t, err, "GPU")
	_, err = NewPotential(network, Options{Threads: -1})
	assert.ErrorContains(t, err, "-1 threads")
}

func TestOpen(t *testing.T) {
	m, err := Open("testdata/tiny.pt", Options{Threads: 1})
	require.NoError(t, err)
	assert.Equal(t, 64, m.Network.HiddenDim)
	assert.Equal(t, "model_state_dict", m.Key)
	assert.Empty(t, m.Others)
	assert.Equal(t, "stated by config", m.CutoffFrom)
	require.NoError(t, m.Close())
	require.NoError(t, m.Close())

	_, err = Open("painless.go", Options{})
	assert.ErrorContains(t, err, "painless.go: expected a file of torch.save, torch.jit.save, safetensors or ONNX")
	_, err = Open("testdata/ultra_tiny.pt", Options{Key: "ema"})
	assert.ErrorContains(t, err, `ultra_tiny.pt: key "ema": expected tensors under it, or names of them that begin with it, found "module.embedding.weight", `)
	_, err = Open("checkpoint/testdata/views.pt", Options{})
	assert.ErrorContains(t, err, "views.pt: tensor embedding.weight is missing")
}
