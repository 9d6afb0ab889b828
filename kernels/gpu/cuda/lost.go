//go:build cuda

package cuda

// #include <cuda.h>
import "C"

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"gorgonia.org/cu"
)

// lasting are the errors after which CUDA gives a process nothing but the same
// error: most are a kernel's, and come from whichever call is the next to look.
var lasting = []result{
	C.CUDA_ERROR_ECC_UNCORRECTABLE, C.CUDA_ERROR_ILLEGAL_ADDRESS, C.CUDA_ERROR_LAUNCH_TIMEOUT, C.CUDA_ERROR_ASSERT,
	C.CUDA_ERROR_HARDWARE_STACK_ERROR, C.CUDA_ERROR_ILLEGAL_INSTRUCTION, C.CUDA_ERROR_MISALIGNED_ADDRESS,
	C.CUDA_ERROR_INVALID_ADDRESS_SPACE, C.CUDA_ERROR_INVALID_PC, C.CUDA_ERROR_LAUNCH_FAILED, C.CUDA_ERROR_EXTERNAL_DEVICE,
}

// lossError is the first lasting error on a GPU.
type lossError struct {
	gpu   cu.Device
	first error
}

// Error is what every later call says.
func (l *lossError) Error() string {
	return fmt.Sprintf("GPU %d is lost for this process, which has to be started again to use it: %v", l.gpu, l.first)
}

// Unwrap is the error that it was lost by.
func (l *lossError) Unwrap() error { return l.first }

// loss is of one GPU, and all devices on it have part in it, as in its primary
// context. It is nil as long as the GPU works.
type loss = atomic.Pointer[lossError]

var losses sync.Map // *loss, by cu.Device

func lossOf(g cu.Device) *loss {
	l, _ := losses.LoadOrStore(g, new(loss))
	return l.(*loss)
}

// lost is nil as long as the GPU works.
func (d *device) lost() error {
	if l := d.loss.Load(); l != nil {
		return l
	}
	return nil
}

// kept is err; if it lasts, the GPU is lost, and err says so.
func (d *device) kept(err error) error {
	if err == nil {
		return nil
	}
	var code result
	if !errors.As(err, &code) || !slices.Contains(lasting, code) {
		return err
	}
	if d.last != "" {
		err = fmt.Errorf("after %s was launched: %w", d.last, err)
	}
	d.loss.CompareAndSwap(nil, &lossError{d.gpu, err})
	return d.lost()
}

// free is call for what gives something back. What a lost GPU holds goes with
// the process.
func (d *device) free(name string, f func() error) error {
	if d.lost() != nil {
		return nil
	}
	return d.call(name, f)
}
