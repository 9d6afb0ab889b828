//go:build !cuda

package cuda

import (
	"errors"

	"painless/kernels/gpu"
)

var errNoCUDA = errors.New("this binary was built without CUDA and can use no GPU: build it with `go build -tags cuda` (which needs a C compiler, cuda.h and the stub of libcuda), or use -device cpu")

// Open is GPU index; here it is an error that says how to build for it.
func Open(index int) (gpu.Device, error) { return nil, errNoCUDA }

// Count is the number of GPUs; here it is an error that says how to build for them.
func Count() (int, error) { return 0, errNoCUDA }
