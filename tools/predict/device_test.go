package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
func TestNoSuchDevice(t *testing.T) {
	err := run(context.Background(), []string{"-model", model, "-device", "cuda:1000", golden}, strings.NewReader(""), &bytes.Buffer{}, &bytes.Buffer{})
	assert.ErrorContains(t, err, "-device cuda:1000: ")
	assert.ErrorContains(t, err, "GPU")
}
