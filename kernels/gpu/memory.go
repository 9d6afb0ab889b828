package gpu

import (
	"errors"
	"fmt"
	"unsafe"
)

// Array is n elements of device memory, which a Memory owns. The zero value is
// empty.
type Array[T any] struct {
	ptr    Pointer
	n, cap int
}

// Len is the number of elements.
func (a Array[T]) Len() int { return a.n }

func (a Array[T]) arg() argument { return argument{uint64(a.ptr), addressKind} }

// argOrNone is the address, or 0 where the array is empty, which says to the kernel that there is none.
func (a Array[T]) argOrNone() argument {
	if a.n == 0 {
		a.ptr = 0
	}
	return a.arg()
}

// Address is a as an argument of a launch.
func Address[T any](a Array[T]) uint64 { return uint64(a.ptr) }

// View is n elements of a, from byte offset on, a multiple of their alignment.
func View[T any](a Array[byte], offset, n int) Array[T] {
	return Array[T]{ptr: a.ptr + Pointer(offset), n: n}
}

// OnHost is b, memory of AllocHost, as kernels find it.
func OnHost(dev Device, b []byte) (Array[byte], error) {
	p, err := dev.Mapped(b)
	return Array[byte]{ptr: p, n: len(b)}, err
}

// Part is n elements of a, from element first on.
func Part[T any](a Array[T], first, n int) Array[T] {
	var x T
	return Array[T]{ptr: a.ptr + Pointer(first*int(unsafe.Sizeof(x))), n: n}
}

// ErrOutOfMemory is what Alloc's errors wrap where there is not enough memory.
var ErrOutOfMemory = errors.New("out of device memory")

// Memory owns what is allocated on a device, until Close.
type Memory struct {
	dev     Device
	held    map[Pointer]struct{}
	size    int64 // bytes
	changes int
}

// NewMemory is an empty memory on dev.
func NewMemory(dev Device) *Memory { return &Memory{dev: dev, held: map[Pointer]struct{}{}} }

// Size is the bytes held.
func (m *Memory) Size() int64 { return m.size }

// Changes counts allocations: while it stays, so does every address.
func (m *Memory) Changes() int { return m.changes }

// Resize makes room for n elements, of any content; memory grows geometrically.
// If there is none left, a is empty and what asks for less goes on working;
// the error says how much was asked for, and for what.
func Resize[T any](m *Memory, a *Array[T], what string, n int) error {
	if n <= a.cap {
		a.n = n
		return nil
	}
	if err := release(m, a); err != nil {
		return err
	}
	var x T
	room := n + n/4
	size := room * int(unsafe.Sizeof(x))
	p, err := m.dev.Alloc(size)
	if err != nil {
		return fmt.Errorf("%.4g MB for %s: %w", float64(size)/1e6, what, err)
	}
	m.held[p] = struct{}{}
	m.changes++
	m.size += int64(size)
	*a = Array[T]{p, n, room}
	return nil
}

func release[T any](m *Memory, a *Array[T]) error {
	if a.ptr == 0 {
		return nil
	}
	if err := m.dev.Synchronize(); err != nil { // as work that was asked for may still use it
		return err
	}
	var x T
	p := a.ptr
	m.size -= int64(a.cap) * int64(unsafe.Sizeof(x))
	*a = Array[T]{}
	delete(m.held, p)
	return m.dev.Free(p)
}

// Upload makes a's elements those of src, which stays as it is until the
// device is synchronised.
func Upload[T any](m *Memory, a *Array[T], what string, src []T) error {
	if err := Resize(m, a, what, len(src)); err != nil {
		return err
	}
	return Overwrite(m, *a, src)
}

// Overwrite makes a's elements those of src, as many as there are, which stays as
// it is until the device is synchronised.
func Overwrite[T any](m *Memory, a Array[T], src []T) error {
	if len(src) != a.n {
		return fmt.Errorf("upload of %d elements over %d", len(src), a.n)
	}
	if a.n == 0 {
		return nil
	}
	return m.dev.Upload(a.ptr, bytesOf(src))
}

// Download fills dst with a's elements by the time the device is synchronised.
func Download[T any](m *Memory, dst []T, a Array[T]) error {
	if len(dst) != a.n {
		return fmt.Errorf("download of %d elements into %d", a.n, len(dst))
	}
	if a.n == 0 {
		return nil
	}
	return m.dev.Download(bytesOf(dst), a.ptr)
}

// UploadBytes copies src, which stays as it is until the device is synchronised.
func UploadBytes(dev Device, dst Array[byte], src []byte) error { return dev.Upload(dst.ptr, src) }

// DownloadBytes fills dst by the time the device is synchronised.
func DownloadBytes(dev Device, dst []byte, src Array[byte]) error { return dev.Download(dst, src.ptr) }

// Zero sets a's elements to 0.
func Zero[T any](m *Memory, a Array[T]) error {
	var x T
	if a.n == 0 {
		return nil
	}
	return m.dev.Zero(a.ptr, a.n*int(unsafe.Sizeof(x)))
}

func bytesOf[T any](s []T) []byte {
	var x T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(x)))
}

// Close frees all; arrays that it owned must not be used any more. The memory may.
func (m *Memory) Close() error {
	var errs []error
	for p := range m.held {
		errs = append(errs, m.dev.Free(p))
	}
	clear(m.held)
	m.size = 0
	return errors.Join(errs...)
}
