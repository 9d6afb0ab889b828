package emulator

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What is copied ahead is there after a wait, and for other threads after a barrier: 16 bytes each, read in reverse order.
func TestCopiesAhead(t *testing.T) {
	b := newBench(t, Options{Charged: true})
	require.NoError(t, b.run(text(1, ".shared .align 16 .b8 a[128];", ownCopy+`
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
		"[a+16], [%rd1]":  "writes shared memory that a copy is on its way to, at byte 16",
	} {
		err := newBench(t, Options{}).run(text(1, ".shared .align 16 .b8 a[128];", address+"\n cp.async.cg.shared.global "+operands+", 16;\n cp.async.wait_all;\n ret;"), 1, 2, 0)
		assert.ErrorContains(t, err, want, operands)
	}
}

// ownCopy puts a thread's number into %r1, the address of its 16 bytes of the array into %r4, that of the other one's of a pair into %r5, that of
// its 16 bytes of the words into %rd2, and asks for those to be copied there.
const ownCopy = `
	ld.param.u64 %rd1, [p0];
	mov.u32 %r1, %tid.x;
	mul.wide.u32 %rd2, %r1, 16;
	add.s64 %rd2, %rd1, %rd2;
	shl.b32 %r2, %r1, 4;
	mov.u32 %r3, a;
	add.s32 %r4, %r3, %r2;
	xor.b32 %r5, %r2, 16;
	add.s32 %r5, %r5, %r3;
	cp.async.cg.shared.global [%r4], [%rd2], 16;`

const (
	second    = "\n cp.async.cg.shared.global [%r4+64], [%rd2], 16;" // beside the first one
	commit    = "\n cp.async.commit_group;"
	waitAll   = "\n cp.async.wait_all;"
	readOwn   = "\n ld.shared.u32 %r9, [%r4+4];"
	readOther = "\n ld.shared.u32 %r9, [%r5+4];"
	readLater = "\n ld.shared.u32 %r9, [%r4+68];"
	onItsWay  = "shared memory that a copy is on its way to, at byte "
)

func waitGroup(left string) string { return "\n cp.async.wait_group " + left + ";" }

// What is copied ahead is there once its thread has waited for its group, and until then nobody's.
func TestCopiesLandWhereTheyAreWaitedFor(t *testing.T) {
	for _, c := range []struct {
		name, body string
		threads    int
		want       string // the fault; where there is none %r9 is word 1 of the last thread's 16 bytes, or the next one's
	}{
		{"waited for", waitAll + readOwn, 4, ""},
		{"not waited for", readOwn, 4, "thread (0, 0, 0): reads " + onItsWay + "4"},
		{"not waited for, and a barrier", barriers + readOther, 4, "thread (0, 0, 0): reads " + onItsWay + "20"},
		{"not waited for, of another warp", barriers + "\n ld.shared.u32 %r9, [a+512];", 64, "thread (0, 0, 0): reads " + onItsWay + "512"},
		{"waited for after the barrier", barriers + waitAll + readOther, 4, "race: reads what another thread wrote since the last barrier, at byte 20"},
		{"a wait and a barrier", waitAll + barriers + readOther, 4, ""},
		{"a wait and a warp's barrier", waitAll + "\n bar.warp.sync -1;" + readOther, 32, ""},
		{"a wait, but no barrier", waitAll + readOther, 4, "race: reads what another thread wrote since the last barrier, at byte 20"},
		{"another thread waits", "\n setp.eq.u32 %p1, %r1, 0;\n @!%p1 cp.async.wait_all;" + barriers + readOwn, 4, "thread (0, 0, 0): reads " + onItsWay + "4"},
		{"written meanwhile", "\n st.shared.u32 [%r4+8], %r1;", 4, "thread (0, 0, 0): writes " + onItsWay + "8"},
		{"written meanwhile by another", barriers + "\n st.shared.u32 [%r5+8], %r1;", 4, "thread (0, 0, 0): writes " + onItsWay + "24"},
		{"changed meanwhile", "\n red.shared.add.u32 [%r4], 1;", 4, "thread (0, 0, 0): changes " + onItsWay + "0"},
		{"copied to twice", "\n cp.async.cg.shared.global [%r4], [%rd2], 16;", 4, "thread (0, 0, 0): writes " + onItsWay + "0"},
		{"copied to again", waitAll + "\n cp.async.cg.shared.global [%r4], [%rd2], 16;" + waitAll + readOwn, 4, ""},
		{"copied to where another has read", waitAll + barriers + readOther + "\n cp.async.cg.shared.global [%r4], [%rd2], 16;", 4, "race: writes what another thread read since the last barrier, at byte 4"},
		{"beside the copy", "\n st.shared.u32 [%r4+128], %r1;\n ld.shared.u32 %r9, [%r4+128];\n mov.u32 %r9, 13;", 4, ""},
		{"never waited for", "\n mov.u32 %r9, 13;", 4, ""},
		{"one group", commit + waitGroup("0") + readOwn, 4, ""},
		{"in no group", waitGroup("0") + readOwn, 4, "reads " + onItsWay + "4"},
		{"in no group, and all are waited for", waitAll + readOwn, 4, ""},
		{"the first of two groups", commit + second + commit + waitGroup("1") + readOwn, 4, ""},
		{"not yet the second", commit + second + commit + waitGroup("1") + readLater, 4, "thread (0, 0, 0): reads " + onItsWay + "68"},
		{"both of two groups", commit + second + commit + waitGroup("0") + readOwn + readLater, 4, ""},
		{"one group of two copies", second + commit + waitGroup("0") + readOwn + readLater, 4, ""},
		{"as many groups as may be left", commit + waitGroup("1") + readOwn, 4, "reads " + onItsWay + "4"},
		{"an empty group after it", commit + commit + waitGroup("1") + readOwn, 4, ""},
		{"a group before what is in none", commit + second + waitGroup("0") + readOwn, 4, ""},
		{"what is in no group after one", commit + second + waitGroup("0") + readLater, 4, "reads " + onItsWay + "68"},
		{"all, in groups and in none", commit + second + waitAll + readOwn + readLater, 4, ""},
		{"groups of each thread", "\n setp.eq.u32 %p1, %r1, 0;\n @%p1 cp.async.commit_group;\n @%p1 cp.async.commit_group;" + commit + waitGroup("1") + readOwn, 4, "thread (1, 0, 0): reads " + onItsWay + "20"},
	} {
		for name, opts := range map[string]Options{"": {}, ", charged": {Charged: true}} {
			t.Run(c.name+name, func(t *testing.T) {
				b := newBench(t, opts)
				p, err := b.Alloc(1024)
				require.NoError(t, err)
				words := make([]byte, 1024)
				for i := range words {
					words[i] = byte(i / 4 * (1 - min(1, i%4)))
				}
				require.NoError(t, b.Upload(p, words))
				b.words = p
				err = b.run(text(1, ".shared .align 16 .b8 a[1024];", ownCopy+c.body+"\n st.global.u32 [%rd2+8], %r9;\n ret;"), 1, c.threads, 0)
				if c.want != "" {
					assert.ErrorContains(t, err, c.want)
					return
				}
				require.NoError(t, err)
				last := 4 * (c.threads - 1)
				got := b.read(t, last+4)[last+2]
				assert.Contains(t, []uint32{uint32(last + 1), uint32(last + 1 - 4)}, got)
			})
		}
	}
}

// The bytes are those that were there when the copy was asked for.
func TestCopiesReadWhereTheyAreAskedFor(t *testing.T) {
	b := newBench(t, Options{})
	require.NoError(t, b.run(text(1, ".shared .align 16 .b8 a[128];", ownCopy+"\n mov.u32 %r9, 77;\n st.global.u32 [%rd2+4], %r9;"+waitAll+readOwn+"\n st.global.u32 [%rd2+8], %r9;\n ret;"), 1, 1, 0))
	assert.Equal(t, []uint32{0, 77, 1, 3}, b.read(t, 4))
}

// A wait takes until what it waits for is there, and the copy itself no time.
func TestCopiesTakeTime(t *testing.T) {
	latency := func(body string) uint64 {
		return charge(t, ".shared .align 16 .b8 a[256];", ownCopy+body+"\n ret;", 1, 1, 256).Latency
	}
	work := strings.Repeat("\n add.rn.f32 %f1, %f1, %f2;", 20) + "\n bra worked;\nworked:"
	asked := latency("")
	waited := latency(waitAll)
	assert.InDelta(t, beyondLatency, waited-asked, 3)
	assert.Equal(t, waited, latency(commit+waitGroup("0")))
	assert.Equal(t, waited, latency(work+waitAll), "what is done meanwhile takes no time of its own")
	assert.InDelta(t, asked, latency(commit+waitGroup("1")), 3, "nothing to wait for")
	assert.InDelta(t, waited, latency(second+waitAll), 3, "both are on their way together")
	assert.InDelta(t, waited+beyondLatency, latency(waitAll+second+waitAll), 6)
	assert.InDelta(t, waited, latency(commit+work+second+commit+waitGroup("1")), 3, "the first alone")
	assert.Greater(t, latency(commit+work+second+commit+waitGroup("0")), waited+60)
	assert.InDelta(t, waited+4*20, latency(waitAll+work), 10, "what follows begins then")
}
