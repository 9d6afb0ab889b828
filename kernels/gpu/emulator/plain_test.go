package emulator

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Shuffles and votes, against their definition.
func TestShuffles(t *testing.T) {
	for opcode, from := range map[string]func(lane int) int{
		"shfl.sync.bfly.b32 %r2|%p1, %r1, 5, 31, -1":   func(l int) int { return l ^ 5 },
		"shfl.sync.up.b32 %r2|%p1, %r1, 3, 0, -1":      func(l int) int { return l - 3 },
		"shfl.sync.down.b32 %r2|%p1, %r1, 3, 31, -1":   func(l int) int { return map[bool]int{true: l + 3, false: l}[l+3 < 32] },
		"shfl.sync.idx.b32 %r2|%p1, %r1, 9, 31, -1":    func(int) int { return 9 },
		"shfl.sync.bfly.b32 %r2|%p1, %r1, 4, 6175, -1": func(l int) int { return l ^ 4 }, // segments of 8: 0x181f
	} {
		b := newBench(t, Options{})
		require.NoError(t, b.run(text(1, "", address+"\n "+opcode+";\n st.global.u32 [%rd2], %r2;\n ret;"), 1, 32, 0))
		for lane, got := range b.read(t, 32) {
			want := from(lane)
			if want < 0 || want > 31 {
				want = lane
			}
			assert.Equal(t, want, int(got), "%s, lane %d", opcode, lane)
		}
	}
	b := newBench(t, Options{})
	require.NoError(t, b.run(text(1, "", address+"\n mov.u32 %r4, -1;\n bfi.b32 %r3, %r1, %r4, 8, 16;\n st.global.u32 [%rd2], %r3;\n ret;"), 1, 3, 0))
	assert.Equal(t, []uint32{0xff0000ff, 0xff0001ff, 0xff0002ff}, b.read(t, 3))
	b = newBench(t, Options{})
	require.NoError(t, b.run(text(1, "", address+"\n and.b32 %r3, %r1, 3;\n setp.eq.s32 %p1, %r3, 1;\n vote.sync.ballot.b32 %r2, %p1, -1;\n st.global.u32 [%rd2], %r2;\n ret;"), 1, 32, 0))
	assert.Equal(t, uint32(0x22222222), b.read(t, 1)[0])
}

// A register of 64 bits comes apart into two and together again.
func TestHalves(t *testing.T) {
	b := newBench(t, Options{})
	require.NoError(t, b.run(text(1, "", address+`
 mov.u64 %rd5, 0x1234567890abcdef;
 mov.b64 {%r4, %r5}, %rd5;
 mov.b64 %fd1, {%r5, %r1};
 mov.b64 {%f1, %f2}, %fd1;
 add.s32 %r4, %r4, %r1;
 st.global.u32 [%rd2], %r4;
 st.global.f32 [%rd2+32], %f1;
 st.global.f32 [%rd2+64], %f2;
 ret;`), 1, 2, 0))
	out := b.read(t, 32)
	assert.Equal(t, []uint32{0x90abcdef, 0x90abcdf0}, out[:2])
	assert.Equal(t, []uint32{0x12345678, 0x12345678}, out[8:10])
	assert.Equal(t, []uint32{0, 1}, out[16:18])
}
