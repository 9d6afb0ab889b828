package emulator

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"painless/kernels/gpu"
)

// text is a module with one kernel k of so many 8-byte parameters p0, p1, …;
// the body has registers %r, %rd, %f, %fd and %p.
func text(params int, shared, body string) string {
	var list []string
	for i := range params {
		list = append(list, fmt.Sprintf("\t.param .u64 p%d", i))
	}
	return ".version 7.0\n.target sm_70\n.address_size 64\n" + shared + "\n.visible .entry k(\n" + strings.Join(list, ",\n") + "\n)\n{\n" +
		".reg .pred %p<9>;\n.reg .b32 %r<20>;\n.reg .b64 %rd<20>;\n.reg .f32 %f<9>;\n.reg .f64 %fd<9>;\n" + body + "\n}\n"
}

// bench is a device with memory of 64 words, of which the first 32 are 0 to 31.
type bench struct {
	*Device
	words gpu.Pointer
}

func newBench(t *testing.T, opts Options) *bench {
	t.Helper()
	d := New(opts)
	p, err := d.Alloc(64 * 4)
	require.NoError(t, err)
	b := make([]byte, 32*4)
	for i := range 32 {
		binary.LittleEndian.PutUint32(b[4*i:], uint32(i))
	}
	require.NoError(t, d.Upload(p, b))
	return &bench{d, p}
}

// run launches the kernel of a module with the words' address and what else there is.
func (b *bench) run(ptx string, grid, block, shared int, args ...uint64) error {
	m, err := b.Load("test.ptx", ptx)
	if err != nil {
		return err
	}
	k, err := m.Kernel("k", block, shared)
	if err != nil {
		return err
	}
	return b.Launch(&gpu.Launch{Kernel: k, Grid: gpu.Dim{X: grid}, Block: gpu.Dim{X: block}, Shared: shared,
		Args: append([]uint64{uint64(b.words)}, args...)})
}

func (b *bench) read(t *testing.T, n int) (words []uint32) {
	t.Helper()
	bytes := make([]byte, 4*n)
	require.NoError(t, b.Download(bytes, b.words))
	for i := range n {
		words = append(words, binary.LittleEndian.Uint32(bytes[4*i:]))
	}
	return words
}
