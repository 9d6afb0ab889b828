//go:build cuda

package cuda

/*
#cgo LDFLAGS: -lcuda -ldl
#include <cuda.h>
#include <stdlib.h>

extern CUresult painless_init_result;

static const char *text(CUresult r) {
	const char *s = 0;
	return cuGetErrorString(r, &s) == CUDA_SUCCESS && s ? s : "unknown error";
}
*/
import "C"

import (
	"fmt"
	"unsafe"

	"gorgonia.org/cu"
)

// What cu does not bind.

// failed is an error of the driver.
func failed(call string, r C.CUresult) error {
	if r == C.CUDA_SUCCESS {
		return nil
	}
	return fmt.Errorf("%s: %s (CUDA error %d)", call, C.GoString(C.text(r)), int(r))
}

// sharedOptIn is the most shared memory that a block can be allowed.
const sharedOptIn = cu.DeviceAttribute(C.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN)

// initialised is what the driver said when the program began.
func initialised() error { return failed("cuInit", C.painless_init_result) }

// allowShared lets blocks of f ask for so many bytes of dynamic shared memory.
func allowShared(f cu.Function, size int) error {
	handle := *(*C.CUfunction)(unsafe.Pointer(&f)) // all that a cu.Function is
	return failed("cuFuncSetAttribute", C.cuFuncSetAttribute(handle, C.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, C.int(size)))
}

// pinned is memory of the host that the device copies from and to by itself.
func pinned(size int) ([]byte, error) {
	var p unsafe.Pointer
	if err := failed("cuMemHostAlloc", C.cuMemHostAlloc(&p, C.size_t(size), C.CU_MEMHOSTALLOC_PORTABLE)); err != nil {
		return nil, err
	}
	return unsafe.Slice((*byte)(p), size), nil
}

func unpin(b []byte) error {
	return failed("cuMemFreeHost", C.cuMemFreeHost(unsafe.Pointer(unsafe.SliceData(b))))
}

func stream(s cu.Stream) C.CUstream { return *(*C.CUstream)(unsafe.Pointer(&s)) }

func beginCapture(s cu.Stream) error {
	return failed("cuStreamBeginCapture", C.cuStreamBeginCapture(stream(s), C.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL))
}

// endCapture makes what was captured ready to launch.
func endCapture(s cu.Stream) (C.CUgraphExec, error) {
	var graph C.CUgraph
	if err := failed("cuStreamEndCapture", C.cuStreamEndCapture(stream(s), &graph)); err != nil {
		return nil, err
	}
	defer C.cuGraphDestroy(graph)
	var exec C.CUgraphExec
	err := failed("cuGraphInstantiate", C.cuGraphInstantiateWithFlags(&exec, graph, 0))
	return exec, err
}

// graph is captured work.
type graph struct {
	dev  *device
	exec C.CUgraphExec
}

func (g *graph) Launch() error {
	return g.dev.do(func() error { return failed("cuGraphLaunch", C.cuGraphLaunch(g.exec, stream(g.dev.stream))) })
}

func (g *graph) Close() error {
	if g.exec == nil {
		return nil
	}
	exec := g.exec
	g.exec = nil
	return g.dev.do(func() error { return failed("cuGraphExecDestroy", C.cuGraphExecDestroy(exec)) })
}
