// Package cuda is gpu.Device on NVIDIA GPUs, through gorgonia.org/cu. It is
// built with the tag cuda, cgo and CUDA's cuda.h (11.8 to 12); without the tag
// Open and Count say so. A program built with it starts without a GPU, and
// without a driver too: libcuda is opened by the first Open or Count.
//
// A Device is a stream of its own in the GPU's primary context, which Devices
// share. One may be used by goroutine after goroutine, different ones at the
// same time.
package cuda
