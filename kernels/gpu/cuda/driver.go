//go:build cuda

package cuda

// #cgo LDFLAGS: -Wl,--as-needed
// #include <cuda.h>
// #include <stddef.h>
// int open_driver(char *why, size_t size);
import "C"

// What package cu does not bind, and its errors in CUDA's words.

import (
	"fmt"
	"reflect"
	"sync"
	"unsafe"

	"gorgonia.org/cu"

	"painless/kernels/gpu"
)

// sharedPerBlock is the attribute of a device that says how much shared memory
// a kernel may ask for, sharedOfAll how much a multiprocessor has, dynamicShared the attribute of a kernel that asks, and
// carveout the percentage of it that is taken out of the first-level cache.
const (
	sharedPerBlock = cu.DeviceAttribute(C.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN)
	sharedOfAll    = cu.DeviceAttribute(C.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR)
	dynamicShared  = cu.FunctionAttribute(C.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES)
	carveout       = cu.FunctionAttribute(C.CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT)
)

// openDriver opens libcuda and initialises it, once in a process.
var openDriver = sync.OnceValue(func() error {
	var why [256]C.char
	switch code := C.open_driver(&why[0], C.size_t(len(why))); {
	case code < 0:
		return fmt.Errorf("no NVIDIA GPU driver was found: %s; install one, or use -device cpu", C.GoString(&why[0]))
	case code == C.CUDA_ERROR_NO_DEVICE:
		return fmt.Errorf("no NVIDIA GPU was found: cuInit: %w; use -device cpu", result(code))
	case code != C.CUDA_SUCCESS:
		return fmt.Errorf("the NVIDIA GPU driver does not start: cuInit: %w; does nvidia-smi? if not, use -device cpu", result(code))
	}
	return nil
})

// result is a CUresult that is not CUDA_SUCCESS.
type result int

// Error is CUDA's words and name for the result.
func (r result) Error() string {
	var name, words *C.char
	C.cuGetErrorName(C.CUresult(r), &name)
	C.cuGetErrorString(C.CUresult(r), &words)
	if name == nil || words == nil {
		return fmt.Sprintf("CUDA error %d", int(r))
	}
	return fmt.Sprintf("%s (%s)", C.GoString(words), C.GoString(name))
}

// named is err of a call, nil if err is. The type of cu's errors is an int that
// cu does not export and gives no words for.
func named(call string, err error) error {
	if err == nil {
		return nil
	}
	if v := reflect.ValueOf(err); v.CanInt() {
		err = result(v.Int())
	}
	return fmt.Errorf("%s: %w", call, err)
}

func check(code C.CUresult) error {
	if code == C.CUDA_SUCCESS {
		return nil
	}
	return result(code)
}

// function is all that a cu.Function holds.
func function(f cu.Function) C.CUfunction { return *(*C.CUfunction)(unsafe.Pointer(&f)) }

// setAttribute sets an attribute of f, such as the most dynamic shared memory of its launches.
func setAttribute(f cu.Function, attribute cu.FunctionAttribute, value int) error {
	return check(C.cuFuncSetAttribute(function(f), C.CUfunction_attribute(attribute), C.int(value)))
}

// allocHost is page-locked memory of the host, which the device can read and write too.
func allocHost(size int) ([]byte, error) {
	var p unsafe.Pointer
	if err := check(C.cuMemHostAlloc(&p, C.size_t(size), C.CU_MEMHOSTALLOC_DEVICEMAP)); err != nil {
		return nil, err
	}
	return unsafe.Slice((*byte)(p), size), nil
}

// mapped is where the device has it.
func mapped(start *byte) (gpu.Pointer, error) {
	var p C.CUdeviceptr
	err := check(C.cuMemHostGetDevicePointer(&p, unsafe.Pointer(start), 0))
	return gpu.Pointer(p), err
}

func handle(s cu.Stream) C.CUstream { return C.CUstream(unsafe.Pointer(s.C())) }

// beginCapture has s record. What other threads do meanwhile is their affair;
// this one must end the recording.
func beginCapture(s cu.Stream) error {
	return check(C.cuStreamBeginCapture(handle(s), C.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL))
}

// executable is a recording made ready to be launched.
type executable struct{ exec C.CUgraphExec }

// endCapture ends what beginCapture began. keep is whether the recording is wanted.
func endCapture(s cu.Stream, keep bool) (executable, error) {
	var g C.CUgraph
	var e executable
	if err := check(C.cuStreamEndCapture(handle(s), &g)); err != nil {
		return e, named("cuStreamEndCapture", err)
	}
	defer C.cuGraphDestroy(g)
	if !keep {
		return e, nil
	}
	return e, named("cuGraphInstantiate", check(C.cuGraphInstantiateWithFlags(&e.exec, g, 0)))
}

func (e executable) launch(s cu.Stream) error { return check(C.cuGraphLaunch(e.exec, handle(s))) }

func (e executable) destroy() error { return check(C.cuGraphExecDestroy(e.exec)) }
