// Package cuda is gpu.Device on NVIDIA GPUs, through gorgonia.org/cu and the
// driver's libcuda.so.1. It needs the build tag cuda, CUDA's header and its link
// stub (see the README); without the tag, Open says so.
package cuda
