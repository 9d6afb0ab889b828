//go:build !purego

package cpu

import "golang.org/x/sys/cpu"

// After the generators of the stems, as go generate goes by the alphabet:
//go:generate sh -c "sha256sum _asm/*.go _asm/arm64/*.go _asm/go.mod *_amd64.s *_arm64.s *_stub_*.go > asm.sum"

// level is the set of vector instructions that the machine has.
type level int

const (
	portable level = iota
	avx2           // with FMA
	avx512         // the foundation and its shorter vectors
)

var levels = [...]string{"portable", "AVX2", "AVX-512"}

func detect() level {
	switch x := &cpu.X86; {
	case x.HasAVX512F && x.HasAVX512VL && x.HasAVX2 && x.HasFMA:
		return avx512
	case x.HasAVX2 && x.HasFMA:
		return avx2
	}
	return portable
}
