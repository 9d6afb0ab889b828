package emulator

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/kernels/gpu"
)

// address puts the address of a thread's own word into %rd2, and its number into %r1.
const address = `
	ld.param.u64 %rd1, [p0];
	mov.u32 %r1, %tid.x;
	mul.wide.u32 %rd2, %r1, 4;
	add.s64 %rd2, %rd1, %rd2;`

const array = ".shared .align 4 .b8 a[128];"

// own puts the address of a thread's own word of the array into %rd3.
const own = address + `
	mov.u64 %rd3, a;
	mul.wide.u32 %rd4, %r1, 4;
	add.s64 %rd3, %rd3, %rd4;`

// Each check finds the kernel that commits what it is there for, says where,
// and has nothing against its honest twin.
func TestFaults(t *testing.T) {
	for _, c := range []struct {
		name, shared, guilty, honest string
		grid, block                  int
		want                         string
	}{
		{"unwritten", "", address + "\n ld.global.u32 %r2, [%rd2+128];\n ret;",
			address + "\n st.global.u32 [%rd2+128], %r1;\n ld.global.u32 %r2, [%rd2+128];\n ret;", 1, 32, "reads memory that nothing wrote"},
		{"load out of bounds", "", address + "\n ld.global.u32 %r2, [%rd2+256];\n ret;", address + "\n ld.global.u32 %r2, [%rd2];\n ret;",
			1, 3, "line 19 of the PTX, block (0, 0, 0), thread (0, 0, 0): out of bounds: bytes 256 to 260 of an allocation of 256"},
		{"store out of bounds", "", address + "\n st.global.u32 [%rd2+256], %r1;\n ret;", address + "\n st.global.u32 [%rd2], %r1;\n ret;",
			1, 3, "line 19 of the PTX, block (0, 0, 0), thread (0, 0, 0): out of bounds: bytes 256 to 260 of an allocation of 256"},
		{"no allocation", "", " mov.u64 %rd1, 64;\n st.global.u32 [%rd1], %r1;\n ret;", " ret;", 1, 1, "address 0x40 is in no allocation"},
		{"misaligned", "", address + "\n ld.global.u32 %r2, [%rd2+2];\n ret;", address + "\n ld.global.u32 %r2, [%rd2+4];\n ret;", 1, 1, "misaligned: 4 bytes at offset 2"},
		{"misaligned vector", "", address + "\n ld.global.v4.u32 {%r2, %r3, %r4, %r5}, [%rd2+8];\n ret;",
			address + "\n ld.global.v4.u32 {%r2, %r3, %r4, %r5}, [%rd2+16];\n ret;", 1, 1, "misaligned: 16 bytes at offset 8"},
		{"two blocks write", "", address + "\n st.global.u32 [%rd2], %r1;\n ret;",
			address + "\n mov.u32 %r3, %ctaid.x;\n mul.wide.u32 %rd5, %r3, 128;\n add.s64 %rd2, %rd2, %rd5;\n st.global.u32 [%rd2], %r1;\n ret;",
			2, 32, "writes where another block writes in the same launch"},
		{"reads another block's", "", address + "\n mov.u32 %r3, %ctaid.x;\n setp.eq.s32 %p1, %r3, 0;\n @%p1 st.global.u32 [%rd2], %r1;\n @!%p1 ld.global.u32 %r2, [%rd2];\n ret;",
			address + "\n ld.global.u32 %r2, [%rd2];\n ret;", 2, 32, "reads what another block writes in the same launch|writes what another block reads"},
		{"shared memory out of bounds", array, own + "\n st.shared.u32 [%rd3+124], %r1;\n ret;", own + "\n st.shared.u32 [%rd3], %r1;\n ret;",
			1, 2, "thread (1, 0, 0): out of bounds: bytes 128 to 132 of 128 of shared memory"},
		{"another kernel's shared memory", "\n.visible .entry other()\n{\n.shared .align 4 .b8 b[128];\n ret;\n}\n", " .shared .align 4 .b8 c[16];\n mov.u64 %rd3, c;\n st.shared.u32 [%rd3+16], %r1;\n ret;",
			" .shared .align 4 .b8 c[16];\n mov.u64 %rd3, c;\n st.shared.u32 [%rd3], %r1;\n ret;", 1, 1, "out of bounds: bytes 16 to 20 of 16 of shared memory"},
		{"shared memory unwritten", array, own + "\n ld.shared.u32 %r2, [%rd3];\n ret;", own + "\n st.shared.u32 [%rd3], %r1;\n ld.shared.u32 %r2, [%rd3];\n ret;",
			1, 1, "reads shared memory that nothing wrote"},
		{"race between writers", array, " mov.u32 %r1, %tid.x;\n st.shared.u32 [a], %r1;\n ret;",
			" mov.u32 %r1, %tid.x;\n setp.eq.u32 %p2, %r1, 0;\n setp.eq.u32 %p3, %r1, 32;\n @%p2 st.shared.u32 [a], %r1;\n bar.sync 0;\n @%p3 st.shared.u32 [a], %r1;\n ret;",
			1, 64, "race: writes what another thread wrote since the last barrier"},
		{"race within a warp", array, own + "\n st.shared.u32 [%rd3], %r1;\n xor.b32 %r2, %r1, 1;\n shl.b32 %r2, %r2, 2;\n ld.shared.u32 %r3, [%r2];\n ret;",
			own + "\n st.shared.u32 [%rd3], %r1;\n bar.sync 0;\n xor.b32 %r2, %r1, 1;\n shl.b32 %r2, %r2, 2;\n ld.shared.u32 %r3, [%r2];\n ret;",
			1, 32, "thread (0, 0, 0): race: reads what another thread wrote since the last barrier"},
		{"race between reader and writer", array, " mov.u32 %r1, %tid.x;\n setp.eq.u32 %p1, %r1, 0;\n setp.eq.u32 %p2, %r1, 32;\n @%p1 st.shared.u32 [a], %r1;\n @%p2 ld.shared.u32 %r2, [a];\n ret;",
			" mov.u32 %r1, %tid.x;\n setp.eq.u32 %p1, %r1, 0;\n setp.eq.u32 %p2, %r1, 32;\n @%p1 st.shared.u32 [a], %r1;\n bar.sync 0;\n @%p2 ld.shared.u32 %r2, [a];\n ret;",
			1, 64, "race: reads what another thread wrote since the last barrier"},
		{"race between reader and later writer", array,
			" mov.u32 %r1, %tid.x;\n setp.eq.u32 %p1, %r1, 0;\n setp.eq.u32 %p2, %r1, 32;\n @%p2 st.shared.u32 [a], %r1;\n bar.sync 0;\n @%p1 ld.shared.u32 %r2, [a];\n @%p2 st.shared.u32 [a], %r1;\n ret;",
			" mov.u32 %r1, %tid.x;\n setp.eq.u32 %p1, %r1, 0;\n setp.eq.u32 %p2, %r1, 32;\n @%p2 st.shared.u32 [a], %r1;\n bar.sync 0;\n @%p1 ld.shared.u32 %r2, [a];\n bar.sync 0;\n @%p2 st.shared.u32 [a], %r1;\n ret;",
			1, 64, "race: writes what another thread read since the last barrier"},
		{"race beside a barrier of the warp", array, own + "\n bar.warp.sync -1;\n st.shared.u32 [%rd3], %r1;\n xor.b32 %r2, %r1, 1;\n shl.b32 %r2, %r2, 2;\n ld.shared.u32 %r3, [%r2];\n ret;",
			own + "\n st.shared.u32 [%rd3], %r1;\n bar.warp.sync -1;\n xor.b32 %r2, %r1, 1;\n shl.b32 %r2, %r2, 2;\n ld.shared.u32 %r3, [%r2];\n bar.warp.sync -1;\n st.shared.u32 [%r2], %r1;\n ret;",
			1, 32, "race: reads what another thread wrote since the last barrier"},
		{"race of a warp's reader and writer", array, own + "\n st.shared.u32 [%rd3], %r1;\n bar.warp.sync -1;\n ld.shared.u32 %r3, [a+4];\n st.shared.u32 [%rd3], %r1;\n ret;",
			own + "\n st.shared.u32 [%rd3], %r1;\n bar.warp.sync -1;\n ld.shared.u32 %r3, [a+4];\n bar.warp.sync -1;\n st.shared.u32 [%rd3], %r1;\n ret;",
			1, 32, "race: writes what another thread read since the last barrier"},
		{"a warp's barrier between warps", array, " mov.u32 %r1, %tid.x;\n setp.eq.u32 %p1, %r1, 0;\n setp.eq.u32 %p2, %r1, 32;\n @%p1 st.shared.u32 [a], %r1;\n bar.warp.sync -1;\n @%p2 ld.shared.u32 %r2, [a];\n ret;",
			" mov.u32 %r1, %tid.x;\n setp.eq.u32 %p1, %r1, 0;\n setp.eq.u32 %p2, %r1, 32;\n @%p1 st.shared.u32 [a], %r1;\n bar.sync 0;\n @%p2 ld.shared.u32 %r2, [a];\n ret;",
			1, 64, "race: reads what another thread wrote since the last barrier"},
		{"atomics of shared memory beside a store", array, " mov.u32 %r1, %tid.x;\n setp.eq.u32 %p1, %r1, 0;\n @%p1 st.shared.u32 [a], %r1;\n atom.shared.or.b32 %r2, [a], 1;\n ret;",
			" mov.u32 %r1, %tid.x;\n setp.eq.u32 %p1, %r1, 0;\n @%p1 st.shared.u32 [a], %r1;\n bar.warp.sync -1;\n atom.shared.or.b32 %r2, [a], 1;\n red.shared.add.u32 [a], 1;\n ret;",
			1, 32, "race: changes what another thread wrote since the last barrier"},
		{"atomics of shared memory beside a load", array, " mov.u32 %r1, %tid.x;\n setp.eq.u32 %p1, %r1, 0;\n @%p1 st.shared.u32 [a], %r1;\n bar.sync 0;\n @%p1 ld.shared.u32 %r2, [a];\n @!%p1 red.shared.add.u32 [a], 1;\n ret;",
			" mov.u32 %r1, %tid.x;\n setp.eq.u32 %p1, %r1, 0;\n @%p1 st.shared.u32 [a], %r1;\n bar.sync 0;\n @%p1 ld.shared.u32 %r2, [a];\n bar.sync 0;\n red.shared.add.u32 [a], 1;\n ret;",
			1, 32, "race: changes what another thread read since the last barrier"},
		{"a load beside atomics of shared memory", array, " mov.u32 %r1, %tid.x;\n setp.eq.u32 %p1, %r1, 0;\n @%p1 st.shared.u32 [a], %r1;\n bar.sync 0;\n red.shared.add.u32 [a], 1;\n ld.shared.u32 %r2, [a];\n ret;",
			" mov.u32 %r1, %tid.x;\n setp.eq.u32 %p1, %r1, 0;\n @%p1 st.shared.u32 [a], %r1;\n bar.sync 0;\n red.shared.add.u32 [a], 1;\n bar.sync 0;\n ld.shared.u32 %r2, [a];\n ret;",
			1, 64, "race: reads what another thread wrote since the last barrier"},
		{"an atomic of shared memory that nothing wrote", array, " red.shared.add.u32 [a], 1;\n ret;", " st.shared.u32 [a], 1;\n red.shared.add.u32 [a], 1;\n ret;",
			1, 1, "changes shared memory that nothing wrote"},
		{"a warp's barrier with absent lanes", "", " mov.u32 %r1, %tid.x;\n setp.lt.u32 %p1, %r1, 7;\n @%p1 bra out;\n bar.warp.sync -1;\nout:\n ret;", " bar.warp.sync -1;\n ret;",
			1, 32, "barrier among lanes 0xffffffff of a warp, of which only 0xffffff80 are here"},
		{"divergent barrier in a warp", "", " mov.u32 %r1, %tid.x;\n setp.lt.u32 %p1, %r1, 7;\n @%p1 bra out;\n bar.sync 0;\nout:\n ret;", " bar.sync 0;\n ret;", 1, 32, "divergent barrier"},
		{"divergent barrier between warps", "", " mov.u32 %r1, %tid.x;\n setp.lt.u32 %p1, %r1, 32;\n @%p1 bra out;\n bar.sync 0;\nout:\n ret;", " bar.sync 0;\n ret;", 1, 64, "divergent barrier"},
		{"shuffle with absent lanes", "", " mov.u32 %r1, %tid.x;\n setp.lt.u32 %p1, %r1, 7;\n @%p1 bra out;\n shfl.sync.bfly.b32 %r2, %r1, 1, 31, -1;\nout:\n ret;",
			" mov.u32 %r1, %tid.x;\n shfl.sync.bfly.b32 %r2, %r1, 1, 31, -1;\n ret;", 1, 32, "shuffle among lanes 0xffffffff, of which only 0xffffff80 are here"},
		{"vote with absent lanes", "", " mov.u32 %r1, %tid.x;\n setp.lt.u32 %p1, %r1, 7;\n @%p1 bra out;\n vote.sync.ballot.b32 %r2, %p1, -1;\nout:\n ret;",
			" mov.u32 %r1, %tid.x;\n setp.lt.u32 %p1, %r1, 7;\n vote.sync.ballot.b32 %r2, %p1, -1;\n ret;", 1, 32, "vote among lanes 0xffffffff"},
		{"does not end", "", "again:\n bra again;\n ret;", " ret;", 1, 1, "more instructions than the limit"},
		{"no return", "", " mov.u32 %r1, 1;", " ret;", 1, 1, "runs on beyond its last instruction"},
		{"atomic beside a store", "", address + "\n mov.u32 %r3, %ctaid.x;\n setp.eq.s32 %p1, %r3, 0;\n @%p1 st.global.u32 [%rd2], %r1;\n @!%p1 atom.global.add.u32 %r2, [%rd2], 1;\n ret;",
			address + "\n atom.global.add.u32 %r2, [%rd2], 1;\n ret;", 2, 32, "another block"},
		{"atomic beside a load", "", address + "\n mov.u32 %r3, %ctaid.x;\n setp.eq.s32 %p1, %r3, 0;\n @%p1 ld.global.u32 %r2, [%rd2];\n @!%p1 atom.global.add.u32 %r2, [%rd2], 1;\n ret;",
			address + "\n mov.u32 %r3, %ctaid.x;\n setp.eq.s32 %p1, %r3, 0;\n @%p1 ld.global.u32 %r2, [%rd2];\n @%p1 atom.global.add.u32 %r2, [%rd2], 1;\n ret;",
			2, 32, "changes what another block reads|reads what another block writes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, Options{Limit: 100_000})
			err := b.run(text(1, c.shared, c.guilty), c.grid, c.block, 0)
			require.Error(t, err)
			assert.True(t, containsOne(err.Error(), c.want), err.Error())
			var fault *Fault
			require.ErrorAs(t, err, &fault)
			assert.Equal(t, "k", fault.Kernel)
			assert.Positive(t, fault.line)
			assert.Regexp(t, `^k: line \d+ of the PTX, block \(\d, 0, 0\), thread \(\d+, 0, 0\): `, err.Error())
			require.NoError(t, newBench(t, Options{Limit: 100_000}).run(text(1, c.shared, c.honest), c.grid, c.block, 0))
		})
	}
}

// Memory: what the host does wrong.
func TestMemoryFaults(t *testing.T) {
	b := newBench(t, Options{Properties: gpu.Properties{Memory: 1024}})
	_, err := b.Alloc(1000)
	assert.ErrorIs(t, err, gpu.ErrOutOfMemory)
	_, err = b.Alloc(0)
	assert.EqualError(t, err, "allocation of 0 bytes")
	assert.ErrorContains(t, b.Upload(b.words, make([]byte, 257)), "not within an allocation")
	assert.EqualError(t, b.Download(make([]byte, 256), b.words), "download of 256 bytes: nothing wrote byte 128 of an allocation of 256")
	assert.EqualError(t, b.Close(), "256 bytes were not freed before Close")

	b = newBench(t, Options{})
	assert.ErrorContains(t, b.Free(b.words+4), "not allocated")
	require.NoError(t, b.Free(b.words))
	assert.ErrorContains(t, b.Free(b.words), "free already")
	assert.ErrorContains(t, b.run(text(1, "", address+"\n ld.global.u32 %r2, [%rd2];\n ret;"), 1, 1, 0), "memory that was freed")
	require.NoError(t, b.Close())
	require.NoError(t, b.Close())
}

func TestLaunchFaults(t *testing.T) {
	b := newBench(t, Options{})
	none := text(1, "", " ret;")
	assert.ErrorContains(t, b.run(none, 1, 1, 0, 7), "2 arguments, expected 1")
	assert.ErrorContains(t, b.run(none, 1, 1025, 0), "1025 threads in a block, expected at most 1024")
	assert.ErrorContains(t, b.run(none, 1, 1, 300<<10), "a block has at most")
	assert.ErrorContains(t, b.run(".version 7.0\n.visible .entry k(\n.param .u64 p0\n)\n.maxntid 64, 1, 1\n{\n ret;\n}\n", 1, 65, 0), "expected at most 64")
	m, err := b.Load("test.ptx", none)
	require.NoError(t, err)
	_, err = m.Kernel("other", 1, 0)
	assert.EqualError(t, err, "test.ptx has no kernel other")
	k, err := m.Kernel("k", 32, 0)
	require.NoError(t, err)
	assert.ErrorContains(t, New(Options{}).Launch(&gpu.Launch{Kernel: k}), "another device")
	assert.ErrorContains(t, b.Launch(&gpu.Launch{Kernel: k, Shared: 8, Args: []uint64{0}}), "the kernel was made for 0")
	assert.ErrorContains(t, b.Launch(&gpu.Launch{Kernel: k, Block: gpu.Dim{X: 11, Y: 3}, Args: []uint64{0}}), "33 threads in a block, the kernel was made for 32")
}

// What the emulator does not know is an error that names it and its line.
func TestUnknown(t *testing.T) {
	for body, want := range map[string]string{
		" tex.2d.v4.f32.f32 {%f1, %f2, %f3, %f4}, [%rd1];": "line 14: tex.2d.v4.f32.f32 {%f1, %f2, %f3, %f4}, [%rd1]: not an instruction that the emulator knows",
		" add.sat.s32 %r1, %r2, %r3;":                      "add.sat.s32 %r1, %r2, %r3: not an instruction",
		" ld.global.volatile.u32 %r1, [%rd1];":             "not a modifier that the emulator knows: volatile",
		" ld.local.u32 %r1, [%rd1];":                       "not a space that the emulator knows: local",
		" add.s32 %r1, %r2, %r99;":                         "%r99 is neither declared nor a special register",
		" add.s32 %r1, %rd2, %r3;":                         "%rd2 has not the size of the instruction's type",
		" add.s32 %r1, %r2;":                               "expected 3 operands",
		" mov.b64 {%r1, %rd1}, %rd2;":                      "two registers of 32 bits and one of 64",
		" mov.b64 %r1, {%r2, %r3};":                        "two registers of 32 bits and one of 64",
		" bra nowhere;":                                    "there is no label nowhere",
		" bar.sync 1;":                                     "bar.sync 0",
		" mov.u32 %r1, %clock;":                            "%clock is neither declared",
		" @%r1 ret;":                                       "%r1 is no predicate",
		" ret":                                             "expected an instruction that ends with ;",
		" .reg .b32 %x<99999999>;":                         "expected at most",
		"// 1 Å":                                           "line 14: expected ASCII alone, as ptxas does, found 'Å'",
		" atom.global.add.f64 %fd1, [%rd1], %fd2;":         "not an atomic",
		" atom.release.gpu.global.add.u32 %r1, [%rd1], 1;": "not an atomic",
		" ld.acquire.gpu.global.u32 %r1, [%rd1];":          "not a modifier that the emulator knows: gpu",
		" ld.relaxed.gpu.global.u32 %r1, [%rd1];":          "relaxed accesses of one or two u64",
		" barrier.cluster.arrive;":                         "bar.sync 0",
		" cp.async.ca.shared.global [%r1], [%rd1], 4;":     "cp.async.cg of 16 bytes",
		" cp.async.wait_group %r1;":                        "%r1: expected a number of groups",
		" cp.async.wait_group;":                            "wait_group and wait_all",
	} {
		_, err := New(Options{}).Load("test.ptx", text(0, "", body))
		assert.ErrorContains(t, err, want)
		assert.ErrorContains(t, err, "line 14")
	}
}

// containsOne reports whether text holds one of the alternatives a|b.
func containsOne(text, alternatives string) bool {
	return slices.ContainsFunc(strings.Split(alternatives, "|"), func(s string) bool { return strings.Contains(text, s) })
}
