package emulator

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What is copied ahead is there after a wait, and for other threads after a barrier: 16 bytes each, read in reverse order.
func TestCopiesAhead(t *testing.T) {
	b := newBench(t, Options{Charged: true})
	require.NoError(t, b.run(text(1, ".shared .align 16 .b8 a[128];", `
	ld.param.u64 %rd1, [p0];
	mov.u32 %r1, %tid.x;
	mul.wide.u32 %rd2, %r1, 16;
	add.s64 %rd2, %rd1, %rd2;
	shl.b32 %r2, %r1, 4;
	mov.u32 %r3, a;
	add.s32 %r4, %r3, %r2;
	cp.async.cg.shared.global [%r4], [%rd2], 16;
	cp.async.wait_all;
	bar.sync 0;
	add.s32 %r4, %r3, 112;
	sub.s32 %r4, %r4, %r2;
	ld.shared.v4.u32 {%r5, %r6, %r7, %r8}, [%r4];
	st.global.v4.u32 [%rd2+128], {%r5, %r6, %r7, %r8};
	ret;`), 1, 8, 0))
	for i, got := range b.read(t, 64)[32:] {
		assert.Equal(t, uint32((7-i/4)*4+i%4), got, "word %d", i)
	}
	c := b.Total()
	assert.Equal(t, []uint64{128, 128, 256}, []uint64{c.GlobalRead, c.GlobalWritten, c.Shared})
	assert.Equal(t, uint64(8), b.TakeCharges()[0].Sectors, "4 that are read, 4 that are written")
}

func TestCopyFaults(t *testing.T) {
	for operands, want := range map[string]string{
		"[a], [%rd1+8]":   "misaligned: 16 bytes at offset 8",
		"[a+8], [%rd1]":   "misaligned: 16 bytes at 8 of shared memory",
		"[a], [%rd1+256]": "out of bounds: bytes 256 to 272 of an allocation of 256",
		"[a+128], [%rd1]": "out of bounds: bytes 128 to 144 of 128 of shared memory",
		"[a], [%rd1+128]": "reads memory that nothing wrote, at byte 128 of an allocation of 256",
		"[a+16], [%rd1]":  "race: writes what another thread wrote since the last barrier, at byte 16 of shared memory",
	} {
		err := newBench(t, Options{}).run(text(1, ".shared .align 16 .b8 a[128];", address+"\n cp.async.cg.shared.global "+operands+", 16;\n cp.async.wait_all;\n ret;"), 1, 2, 0)
		assert.ErrorContains(t, err, want, operands)
	}
}
