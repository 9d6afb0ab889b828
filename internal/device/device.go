// Package device makes potentials on what a command's -device names.
package device

import (
	"fmt"
	"strconv"
	"strings"

	"painless/kernels/gpu/cuda"
	"painless/nn"
)

// Usage is what a command says of its flag -device.
const Usage = "what to compute on: cpu, or cuda or cuda:N for a GPU (in binaries built with -tags cuda)"

// NewPotential puts the network on cpu, or on cuda[:N].
func NewPotential(network *nn.Network, device string, opts nn.Options) (nn.Potential, error) {
	if device == "cpu" {
		return nn.NewPotential(network, opts)
	}
	index, err := gpuIndex(device)
	if err != nil {
		return nil, err
	}
	dev, err := cuda.Open(index)
	if err != nil {
		return nil, fmt.Errorf("-device %s: %w", device, err)
	}
	return nn.NewGPUPotential(network, dev, opts)
}

// gpuIndex is the N of cuda:N, and 0 without.
func gpuIndex(device string) (int, error) {
	rest, ok := strings.CutPrefix(device, "cuda")
	if ok && rest == "" {
		return 0, nil
	}
	number, colon := strings.CutPrefix(rest, ":")
	index, err := strconv.Atoi(number)
	if !ok || !colon || err != nil || index < 0 {
		return 0, fmt.Errorf("-device %s: expected cpu, cuda or cuda:N", device)
	}
	return index, nil
}
