package main

import (
	"fmt"
	"strconv"
	"strings"

	"painless/kernels/gpu/cuda"
	"painless/nn"
)

// newPotential puts the network on -device: cpu, or cuda[:N].
func newPotential(network *nn.Network, device string, opts nn.Options) (nn.Potential, error) {
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
