package emulator

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// charge is what one launch of a body is charged; p0 is an address of n bytes of 0.
func charge(t *testing.T, shared, body string, grid, block, n int) Charges {
	t.Helper()
	d := New(Options{Charged: true})
	p, err := d.Alloc(n)
	require.NoError(t, err)
	require.NoError(t, d.Zero(p, n))
	b := &bench{d, p}
	require.NoError(t, b.run(text(1, shared, body), grid, block, 0))
	charges := d.TakeCharges()
	require.Len(t, charges, 1)
	assert.Empty(t, d.TakeCharges())
	assert.Equal(t, "k", charges[0].Kernel)
	assert.Equal(t, []int{grid, block}, []int{charges[0].Blocks, charges[0].Threads})
	return charges[0]
}

// Shared memory of 16 KB: a warp stores and then loads, size bytes a lane at an address that its lane number is made into.
func TestBankConflicts(t *testing.T) {
	const array = ".shared .align 16 .b8 a[16384];"
	for _, c := range []struct {
		name, address, access string
		store, load           Requests
	}{
		{"conflict-free", "shl.b32 %r2, %r1, 2;", "u32", Requests{1, 1, 1}, Requests{1, 1, 1}},
		{"two ways", "shl.b32 %r2, %r1, 3;", "u32", Requests{1, 2, 1}, Requests{1, 2, 1}},
		{"32 ways", "shl.b32 %r2, %r1, 7;", "u32", Requests{1, 32, 1}, Requests{1, 32, 1}},
		{"a pitch of 33 words", "mul.lo.s32 %r2, %r1, 132;", "u32", Requests{1, 1, 1}, Requests{1, 1, 1}},
		{"8 bytes by half-warps", "shl.b32 %r2, %r1, 3;", "u64", Requests{1, 2, 2}, Requests{1, 2, 2}},
		{"8 bytes, two ways", "shl.b32 %r2, %r1, 4;", "u64", Requests{1, 4, 2}, Requests{1, 4, 2}},
		{"16 bytes by quarters", "shl.b32 %r2, %r1, 4;", "v4.u32", Requests{1, 4, 4}, Requests{1, 4, 4}},
		{"16 bytes, 8 ways", "shl.b32 %r2, %r1, 7;", "v4.u32", Requests{1, 32, 4}, Requests{1, 32, 4}},
	} {
		t.Run(c.name, func(t *testing.T) {
			value, to := "%r3", "%r4"
			switch c.access {
			case "u64":
				value, to = "%rd3", "%rd4"
			case "v4.u32":
				value, to = "{%r3, %r3, %r3, %r3}", "{%r4, %r5, %r6, %r7}"
			}
			address := " mov.u32 %r1, %tid.x;\n " + c.address + "\n mov.u32 %r8, a;\n add.s32 %r2, %r2, %r8;\n"
			store := charge(t, array, address+" st.shared."+c.access+" [%r2], "+value+";\n ret;", 1, 32, 4)
			assert.Equal(t, c.store, store.Shared)
			both := charge(t, array, address+" st.shared."+c.access+" [%r2], "+value+";\n ld.shared."+c.access+" "+to+", [%r2];\n ret;", 3, 64, 4)
			want := Requests{}
			for range 3 * 2 { // every warp of every block; the second warp's addresses are the first one's moved by whole banks
				want.add(&c.store)
				want.add(&c.load)
			}
			assert.Equal(t, want, both.Shared)
			assert.Zero(t, both.Global)
			assert.Equal(t, uint64(12), both.Slots[Memory])
		})
	}
}

// Of lanes that read the same, one is served for all; wide loads of neighbours that read the same take half.
func TestBroadcasts(t *testing.T) {
	var at [lanes]uint64
	fill := func(f func(lane int) uint64) {
		for lane := range lanes {
			at[lane] = f(lane)
		}
	}
	for _, c := range []struct {
		name         string
		address      func(lane int) uint64
		mask         uint32
		size         int
		load         bool
		cycles, free int
	}{
		{"all one word", func(int) uint64 { return 64 }, full, 4, true, 1, 1},
		{"all one double", func(int) uint64 { return 64 }, full, 8, true, 1, 1},
		{"all one quadruple", func(int) uint64 { return 64 }, full, 16, true, 2, 2},
		{"all store one quadruple", func(int) uint64 { return 64 }, full, 16, false, 4, 4},
		{"eight lanes a quadruple", func(l int) uint64 { return uint64(l / 8 * 16) }, full, 16, true, 2, 2},
		{"lanes 2 apart alike", func(l int) uint64 { return uint64(l/4*2+l%2) * 16 }, full, 16, true, 2, 2},
		{"halves alike", func(l int) uint64 { return uint64(l % 16 * 16) }, full, 16, true, 4, 4},
		{"two words of a bank", func(l int) uint64 { return uint64(l % 2 * 128) }, full, 4, true, 2, 1},
		{"half a warp", func(l int) uint64 { return uint64(l * 8) }, 0xffff, 4, true, 1, 1},
		{"one lane", func(l int) uint64 { return uint64(l * 16) }, 1 << 9, 16, true, 1, 1},
		{"curves of 8 features, two of them in half a bank", func(l int) uint64 { return uint64(l/8*128 + l%8*8) }, full, 8, true, 4, 2},
		{"curves of 8 features, apart", func(l int) uint64 { return uint64(l/8*192 + l%8*8) }, full, 8, true, 2, 2},
	} {
		fill(c.address)
		cycles, free := busy(&at, c.mask, c.size, c.load)
		assert.Equal(t, []int{c.cycles, c.free}, []int{cycles, free}, c.name)
	}
}

// Global memory of 64 KB: a warp loads at an address that its lane number is made into.
func TestCoalescing(t *testing.T) {
	for _, c := range []struct {
		name, address, access                    string
		wavefronts, least, sectors, leastSectors uint64
		footprint                                uint64
	}{
		{"contiguous", "shl.b32 %r2, %r1, 2;", "u32", 1, 1, 4, 4, 128},
		{"contiguous, 16 bytes", "shl.b32 %r2, %r1, 4;", "v4.u32", 4, 4, 16, 16, 512},
		{"strided by 2", "shl.b32 %r2, %r1, 3;", "u32", 2, 1, 8, 4, 256},
		{"strided by 32 bytes", "shl.b32 %r2, %r1, 5;", "u32", 8, 1, 32, 4, 1024},
		{"strided by a line", "shl.b32 %r2, %r1, 7;", "u32", 32, 1, 32, 4, 1024},
		{"4 bytes beside a sector's start", "mad.lo.s32 %r2, %r1, 4, 4;", "u32", 2, 1, 5, 4, 160},
		{"one word", "mov.u32 %r2, 4;", "u32", 1, 1, 1, 1, 32},
		{"one quadruple", "mov.u32 %r2, 16;", "v4.u32", 2, 2, 1, 1, 32},
	} {
		t.Run(c.name, func(t *testing.T) {
			to := map[string]string{"u32": "%r4", "v4.u32": "{%r4, %r5, %r6, %r7}"}[c.access]
			load := " ld.global." + c.access + " " + to + ", [%rd3];\n"
			body := " mov.u32 %r1, %tid.x;\n ld.param.u64 %rd1, [p0];\n " + c.address + "\n cvt.u64.u32 %rd2, %r2;\n add.s64 %rd3, %rd1, %rd2;\n"
			once := charge(t, "", body+load+" ret;", 1, 32, 1<<16)
			assert.Equal(t, Requests{1, c.wavefronts, c.least}, once.Global)
			assert.Equal(t, []uint64{c.sectors, c.leastSectors, c.sectors, c.footprint}, []uint64{once.Sectors, once.LeastSectors, once.Missed, once.Footprint})
			twice := charge(t, "", body+load+load+" ret;", 2, 32, 1<<16)
			assert.Equal(t, 4*c.sectors, twice.Sectors)
			assert.Equal(t, 2*c.sectors, twice.Missed, "each block finds them in its cache, the second time")
			assert.Equal(t, c.footprint, twice.Footprint)
		})
	}
}

// Stores and atomics go beyond the cache; what is read and written counts twice.
func TestStoresAreCharged(t *testing.T) {
	c := charge(t, "", address+"\n ld.global.u32 %r2, [%rd2];\n st.global.u32 [%rd2], %r1;\n red.global.add.u32 [%rd2], 1;\n ret;", 1, 32, 128)
	assert.Equal(t, Requests{3, 3, 3}, c.Global)
	assert.Equal(t, []uint64{12, 12, 12, 256}, []uint64{c.Sectors, c.LeastSectors, c.Missed, c.Footprint})
}

// A warp waits for what its instructions need, and for nothing else.
func TestLatency(t *testing.T) {
	latency := func(body string) uint64 {
		return charge(t, ".shared .align 4 .b8 a[128];", body+"\n ret;", 1, 1, 128).Latency
	}
	base := latency("")
	chain := " add.rn.f32 %f1, %f1, %f2;\n"
	assert.Equal(t, base+4*3+1, latency(chain+chain+chain+chain))
	assert.Equal(t, base+4, latency(" add.rn.f32 %f1, %f2, %f2;\n add.rn.f32 %f3, %f2, %f2;\n add.rn.f32 %f4, %f2, %f2;\n add.rn.f32 %f5, %f2, %f2;"))
	loaded := " ld.param.u64 %rd1, [p0];\n ld.global.f32 %f3, [%rd1];\n"
	assert.Equal(t, base+beyondLatency+1, latency(loaded+" add.rn.f32 %f4, %f3, %f3;"))
	assert.Equal(t, base+beyondLatency+1, latency(loaded+" add.rn.f32 %f4, %f3, %f3;\n ld.global.f32 %f3, [%rd1];\n add.rn.f32 %f4, %f3, %f3;"), "found in the cache meanwhile")
	assert.Equal(t, base+4*2+1, latency(loaded+chain+chain+chain[:len(chain)-1]), "nothing needs what is loaded")
	assert.Equal(t, base+1+sharedLatency+1, latency(" st.shared.f32 [a], %f1;\n ld.shared.f32 %f3, [a];\n add.rn.f32 %f4, %f3, %f3;"))
	assert.Equal(t, base+branchLatency+barrierLatency, latency(" bar.sync 0;"))
	both := " ld.param.u64 %rd1, [p0];\n ld.global.f32 %f3, [%rd1];\n add.rn.f32 %f5, %f3, %f3;\n"
	second := " ld.global.f32 %f4, [%rd1+64];\n add.rn.f32 %f5, %f4, %f4;"
	assert.Equal(t, base+beyondLatency+1, latency(both+second), "the second load does not wait for the first")
	assert.Equal(t, base+beyondLatency+1+branchLatency+beyondLatency+1, latency(both+" bra next;\nnext:\n"+second), "but beyond a branch it does")
}

// Whoever does not ask for charges gets none, and the same results.
func TestChargesChangeNothing(t *testing.T) {
	body := address + "\n ld.global.u32 %r2, [%rd2];\n bar.sync 0;\n add.s32 %r2, %r2, %r2;\n st.global.u32 [%rd2], %r2;\n ret;"
	var words [][]uint32
	for _, charged := range []bool{false, true} {
		b := newBench(t, Options{Charged: charged})
		require.NoError(t, b.run(text(1, "", body), 1, 32, 0))
		words = append(words, b.read(t, 32))
		assert.Equal(t, charged, b.TakeCharges() != nil)
	}
	assert.Equal(t, words[0], words[1])
	assert.Equal(t, uint32(62), words[0][31])
}

// A kernel that faults is charged for nothing beyond it, and its fault is the same.
func TestChargedFault(t *testing.T) {
	b := newBench(t, Options{Charged: true})
	err := b.run(text(1, "", address+"\n ld.global.u32 %r2, [%rd2+65536];\n ret;"), 1, 32, 0)
	assert.ErrorContains(t, err, "out of bounds")
	assert.ErrorAs(t, err, new(*Fault))
}
