package device

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/checkpoint"
	"painless/nn"
)

func TestGPUIndex(t *testing.T) {
	for device, want := range map[string]int{"cuda": 0, "cuda:0": 0, "cuda:12": 12} {
		index, err := gpuIndex(device)
		require.NoError(t, err)
		assert.Equal(t, want, index)
	}
	for _, device := range []string{"", "gpu", "cuda:", "cuda:x", "cuda:-1", "cuda1", "opencl:0"} {
		_, err := gpuIndex(device)
		assert.EqualError(t, err, "-device "+device+": expected cpu, cuda or cuda:N")
	}
}

// A device that is not there is an error that says what to do.
func TestNewPotential(t *testing.T) {
	c, err := checkpoint.Open("../../testdata/ultra_tiny.pt")
	require.NoError(t, err)
	network, err := nn.FromCheckpoint(c)
	require.NoError(t, err)
	p, err := NewPotential(network, "cpu", nn.Options{})
	require.NoError(t, err)
	require.NoError(t, p.Close())
	_, err = NewPotential(network, "cuda:1000", nn.Options{})
	assert.ErrorContains(t, err, "-device cuda:1000: ")
	assert.ErrorContains(t, err, "GPU")
}
