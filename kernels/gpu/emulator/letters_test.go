package emulator

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/kernels/gpu"
)

// ownWord puts a block's number into %r3, the address of its own word of the first 8 into %rd2, and that of the next block's into %rd3;
// of a block's first thread alone %p1 is false. The letters of blocks, 16 bytes each, begin with
// word 8: the own one's address is in %rd5, the next block's in %rd6, and they are stamped with 99 in %rd7.
const ownWord = `
	ld.param.u64 %rd1, [p0];
	mov.u32 %r1, %tid.x;
	mov.u32 %r3, %ctaid.x;
	mov.u32 %r4, %nctaid.x;
	mul.wide.u32 %rd4, %r3, 4;
	add.s64 %rd2, %rd1, %rd4;
	mul.wide.u32 %rd4, %r3, 16;
	add.s64 %rd5, %rd1, %rd4;
	add.s32 %r5, %r3, 1;
	rem.u32 %r5, %r5, %r4;
	mul.wide.u32 %rd4, %r5, 4;
	add.s64 %rd3, %rd1, %rd4;
	mul.wide.u32 %rd4, %r5, 16;
	add.s64 %rd6, %rd1, %rd4;
	mov.u64 %rd7, 99;
	setp.ne.u32 %p1, %r1, 0;`

const (
	barriers = "\n bar.sync 0;"
	putOwn   = "\n @!%p1 st.global.u32 [%rd2], %r3;"
	getNext  = "\n @!%p1 ld.global.u32 %r8, [%rd3];"
	send     = "\n @!%p1 st.relaxed.gpu.global.u64 [%rd5+32], %rd7;"
	sendTwo  = "\n @!%p1 st.relaxed.gpu.global.v2.u64 [%rd5+32], {%rd7, %rd7};"
	receive  = "\n @%p1 bra there;\nagain:\n ld.relaxed.gpu.global.u64 %rd8, [%rd6+32];\n setp.ne.s64 %p2, %rd8, 99;\n @%p2 bra again;\nthere:"
	pair     = "\n @%p1 bra both;\npairs:\n ld.relaxed.gpu.global.v2.u64 {%rd8, %rd9}, [%rd6+32];\n setp.ne.s64 %p2, %rd9, 99;\n @%p2 bra pairs;\nboth:"
	peek     = "\n @!%p1 ld.relaxed.gpu.global.u64 %rd8, [%rd6+32];"
	patient  = "\n mov.u32 %r9, 5;\nasks:\n ld.relaxed.gpu.global.u64 %rd8, [%rd6+32];\n add.s32 %r9, %r9, -1;\n setp.ne.s32 %p2, %r9, 0;\n @%p2 bra asks;"
)

// Blocks send and receive letters. Whatever else one does with what another writes stays a fault, whichever comes first.
func TestLetters(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"one", send + receive, ""},
		{"two", sendTwo + pair, ""},
		{"one to the host", "\n @!%p1 st.relaxed.sys.global.u64 [%rd5+32], %rd7;", ""},
		{"one, read as two", send + "\n @!%p1 st.relaxed.gpu.global.u64 [%rd5+40], %rd7;" + pair, ""},
		{"to and fro", send + receive + "\n @!%p1 st.relaxed.gpu.global.u64 [%rd6+40], %rd7;\n @%p1 bra answered;\nanswer:\n ld.relaxed.gpu.global.u64 %rd8, [%rd5+40];\n setp.ne.s64 %p2, %rd8, 99;\n @%p2 bra answer;\nanswered:", ""},
		{"behind a barrier", send + receive + barriers, ""},
		{"patience runs out", patient, ""},
		{"and then something is sent", patient + send + receive, ""},
		{"nobody sends", receive, "line 33 of the PTX, block (0, 0, 0), thread (0, 0, 0): waits for a letter that no block sends"},
		{"one block does not send", "\n setp.eq.u32 %p3, %r3, 1;\n @%p3 bra others;" + send + "\nothers:" + receive, "thread (0, 0, 0): waits for a letter that no block sends"},
		{"while others wait at a barrier", barriers + receive + barriers, "thread (0, 0, 0): waits for a letter that no block sends"},
		{"what was written before is not in order", putOwn + barriers + send + receive + barriers + getNext, "reads what another block writes"},
		{"nor what was read", getNext + barriers + send + receive + barriers + putOwn, "writes what another block reads"},
		{"read plainly", send + receive + "\n @!%p1 ld.global.u64 %rd8, [%rd6+32];", "reads what another block writes"},
		{"read plainly before it is sent", "\n @!%p1 ld.global.u64 %rd8, [%rd6+32];" + send, "sends to what another block reads"},
		{"written plainly", "\n @!%p1 st.global.u64 [%rd5+32], %rd7;" + receive, "reads what another block writes|writes where another block writes"},
		{"written plainly once it was read", peek + "\n @!%p1 st.global.u64 [%rd5+32], %rd7;", "writes where another block writes"},
		{"changed by two", "\n @!%p1 st.global.u64 [%rd6+32], %rd7;" + send, "another block"},
		{"nothing wrote", "\n ld.relaxed.gpu.global.u64 %rd8, [%rd1+128];", "reads memory that nothing wrote, at byte 128 of an allocation of 256"},
		{"sent to where nothing was", "\n st.relaxed.gpu.global.u64 [%rd1+128], %rd7;", "sends to memory that nothing wrote, at byte 128 of an allocation of 256"},
		{"misaligned", "\n ld.relaxed.gpu.global.u64 %rd8, [%rd1+36];", "misaligned: 8 bytes at offset 36"},
		{"two misaligned", "\n ld.relaxed.gpu.global.v2.u64 {%rd8, %rd9}, [%rd1+40];", "misaligned: 16 bytes at offset 40"},
		{"two sent misaligned", "\n st.relaxed.gpu.global.v2.u64 [%rd1+40], {%rd7, %rd7};", "misaligned: 16 bytes at offset 40"},
		{"out of bounds", "\n st.relaxed.gpu.global.u64 [%rd1+256], %rd7;", "out of bounds: bytes 256 to 264 of an allocation of 256"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, Options{Limit: 100_000, Charged: true})
			err := b.together(text(1, "", ownWord+c.body+"\n ret;"), 3, 64)
			if c.want != "" {
				require.Error(t, err)
				assert.True(t, containsOne(err.Error(), c.want), err.Error())
				return
			}
			require.NoError(t, err)
			assert.Len(t, b.TakeCharges(), 1)
		})
	}
}

// A letter takes its way to where others read it, and theirs to it; the launch lasts as long as its last block.
func TestLettersTakeTime(t *testing.T) {
	latency := func(body string) int {
		b := newBench(t, Options{Charged: true})
		require.NoError(t, b.together(text(1, "", ownWord+body+"\n ret;"), 3, 64))
		charges := b.TakeCharges()
		require.Len(t, charges, 1)
		assert.Equal(t, []int{3, 64}, []int{charges[0].Blocks, charges[0].Threads})
		return int(charges[0].Latency)
	}
	sent, received := latency(send), latency(send+receive)
	assert.Greater(t, received-sent, 3*2*beyondLatency)
	assert.Less(t, received-sent, 3*3*beyondLatency)
	one := latency(send + "\n setp.ne.u32 %p3, %r3, 1;\n @%p3 bra there;" + receive)
	assert.Greater(t, one-sent, 3*2*beyondLatency, "all are there until one has received")
}

// together launches blocks that wait for each other.
func (b *bench) together(ptx string, grid, block int) error {
	m, err := b.Load("test.ptx", ptx)
	if err != nil {
		return err
	}
	k, err := m.Kernel("k", block, 0)
	if err != nil {
		return err
	}
	return b.Launch(&gpu.Launch{Kernel: k, Grid: gpu.Dim{X: grid}, Block: gpu.Dim{X: block}, Args: []uint64{uint64(b.words)}, Together: true})
}

// A grid that the device cannot hold is refused, and so are letters in a launch that is not said to be held.
func TestLettersRefused(t *testing.T) {
	b := newBench(t, Options{Properties: gpu.Properties{Multiprocessors: 1}})
	assert.ErrorContains(t, b.together(text(1, "", " ret;"), 33, 64), "33 blocks that wait for each other, the device can run 32 at the same time")
	for _, body := range []string{send, receive} {
		assert.ErrorContains(t, newBench(t, Options{}).run(text(1, "", ownWord+body+"\n ret;"), 3, 64, 0), "letters between blocks, in a launch whose blocks need not run at the same time")
	}
}
