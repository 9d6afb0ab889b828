//go:build cuda

// gorgonia.org/cu initialises the driver when a program starts, and ends the
// program where that fails, as on a machine without a GPU. This cuInit stands
// before the driver's: it keeps what that one says for Open, and lets the
// program go on.

#define _GNU_SOURCE
#include <cuda.h>
#include <dlfcn.h>

CUresult painless_init_result = CUDA_ERROR_NOT_INITIALIZED;

CUresult cuInit(unsigned int flags) {
	CUresult (*driver)(unsigned int) = (CUresult(*)(unsigned int))dlsym(RTLD_NEXT, "cuInit");
	painless_init_result = driver ? driver(flags) : CUDA_ERROR_SHARED_OBJECT_INIT_FAILED;
	return CUDA_SUCCESS;
}
