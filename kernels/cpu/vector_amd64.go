//go:build !purego

package cpu

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// After the generators of the stems, as go generate goes by the alphabet:
//go:generate sh -c "sha256sum _asm/*.go _asm/go.mod *_amd64.s *_stub_amd64.go > asm.sum"

// level is the set of vector instructions that the machine has.
type level int

const (
	portable level = iota
	avx2           // with FMA
	avx512         // the foundation and its shorter vectors
)

func detect() level {
	switch x := &cpu.X86; {
	case x.HasAVX512F && x.HasAVX512VL && x.HasAVX2 && x.HasFMA:
		return avx512
	case x.HasAVX2 && x.HasFMA:
		return avx2
	}
	return portable
}

// vectors is what the operations use; tests go through all that there are.
var vectors = detect()

// Instructions names the vector instructions that the operations use.
func Instructions() string { return [...]string{"portable", "AVX2", "AVX-512"}[vectors] }

// vectorized reports whether there is vector code for T.
func vectorized[T Float]() bool {
	var x T
	return vectors != portable && unsafe.Sizeof(x) == unsafe.Sizeof(float32(0))
}

// pointer is the first of at least n numbers, which are float32 unless it is made one of others.
func pointer[T Float](s []T, n int) *float32 {
	s = s[:n] // the vector code checks nothing
	return (*float32)(unsafe.Pointer(unsafe.SliceData(s)))
}
