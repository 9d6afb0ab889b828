//go:build !cuda

package cuda

import (
	"errors"

	"painless/kernels/gpu"
)

// Open is an error: the GPU is not in this binary.
func Open(index int) (gpu.Device, error) {
	return nil, errors.New("this binary has no GPU support: build it with -tags cuda (the README says what that needs), or use -device cpu")
}
