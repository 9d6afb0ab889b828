package device

import (
	"flag"
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
	require.NoError(t, c.Close())
	p, err := NewPotential(network, "cpu", nn.Options{})
	require.NoError(t, err)
	require.NoError(t, p.Close())
	_, err = NewPotential(network, "cuda:1000", nn.Options{})
	assert.ErrorContains(t, err, "-device cuda:1000: ")
	assert.ErrorContains(t, err, "GPU")
}

func TestFlags(t *testing.T) {
	parse := func(args ...string) (f Flags, err error) {
		flags := flag.NewFlagSet("test", flag.ContinueOnError)
		f.Register(flags)
		require.NoError(t, flags.Parse(args))
		return f, f.Check()
	}
	f, err := parse("-precision", "float64", "-filters", "exact", "-threads", "1")
	require.NoError(t, err)
	network, p, err := f.Load("../../testdata/ultra_tiny.pt")
	require.NoError(t, err)
	assert.Equal(t, 32, network.HiddenDim)
	require.NoError(t, p.Close())
	_, _, err = f.Load("device.go")
	assert.ErrorContains(t, err, "device.go: expected a file of torch.save, torch.jit.save, safetensors or ONNX")
	for _, c := range [][3]string{
		{"-precision", "half", "-precision half: expected float32 or float64"},
		{"-filters", "none", "-filters none: expected table or exact"},
		{"-threads", "-1", "-threads -1: expected 0 (all cores) or more"},
	} {
		_, err := parse(c[:2]...)
		assert.EqualError(t, err, c[2])
	}
}
