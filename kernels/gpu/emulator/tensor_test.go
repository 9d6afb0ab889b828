package emulator

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/kernels/gpu"
)

// product is a kernel that multiplies what lanes find behind one another: a [32, 4], b [32, 2], c [32, 4], and their results [32, 4].
const product = `.version 7.0
.target sm_80
.address_size 64
.visible .entry k(
	.param .u64 p0
)
{
.reg .b32 %r<20>;
.reg .b64 %rd<9>;
.reg .pred %p<3>;
ld.param.u64 %rd1, [p0];
mov.u32 %r1, %tid.x;
mul.wide.u32 %rd2, %r1, 16;
mul.wide.u32 %rd3, %r1, 8;
add.s64 %rd4, %rd1, %rd2;
add.s64 %rd5, %rd1, %rd3;
ld.global.v4.u32 {%r2, %r3, %r4, %r5}, [%rd4];
ld.global.v2.u32 {%r6, %r7}, [%rd5+512];
ld.global.v4.u32 {%r8, %r9, %r10, %r11}, [%rd4+768];
setp.eq.s32 %p1, %r1, 3;
GUARD mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%r8, %r9, %r10, %r11}, {%r2, %r3, %r4, %r5}, {%r6, %r7}, {%r8, %r9, %r10, %r11};
st.global.v4.u32 [%rd4+1280], {%r8, %r9, %r10, %r11};
ret;
}
`

// Which lane has an element, and as which of its registers: the figures of the PTX manual, "Matrix Fragments for mma.m16n8k8", read from matrix to lanes.
func ownerA(row, column int) int { return (row%8*4+column%4)*4 + row/8 + column/4*2 }
func ownerB(row, column int) int { return (column*4+row%4)*2 + row/4 }
func ownerC(row, column int) int { return (row%8*4+column/2)*4 + column%2 + row/8*2 }

// multiplied is a·b + c of 16×8, 8×8 and 16×8 by the kernel.
func multiplied(t *testing.T, a, b, c func(row, column int) float32) (out [16][8]float32) {
	t.Helper()
	words := make([]float32, 128+64+128)
	for i := range 16 {
		for j := range 8 {
			words[ownerA(i, j)] = a(i, j)
			words[128+64+ownerC(i, j)] = c(i, j)
			if i < 8 {
				words[128+ownerB(i, j)] = b(i, j)
			}
		}
	}
	d := New(Options{Charged: true})
	bytes := make([]byte, 4*(len(words)+128))
	for i, x := range words {
		binary.LittleEndian.PutUint32(bytes[4*i:], math.Float32bits(x))
	}
	p, err := d.Alloc(len(bytes))
	require.NoError(t, err)
	require.NoError(t, d.Upload(p, bytes))
	require.NoError(t, launched(d, "", 32, p))
	require.NoError(t, d.Download(bytes, p))
	for i := range 16 {
		for j := range 8 {
			out[i][j] = math.Float32frombits(binary.LittleEndian.Uint32(bytes[4*(len(words)+ownerC(i, j)):]))
		}
	}
	assert.Equal(t, uint64(2*16*8*8), d.Total().Flops)
	assert.Equal(t, uint64(1), d.TakeCharges()[0].Slots[Tensor])
	return out
}

func launched(d *Device, guard string, threads int, p gpu.Pointer) error {
	m, err := d.Load("test.ptx", strings.ReplaceAll(product, "GUARD", guard))
	if err != nil {
		return err
	}
	k, err := m.Kernel("k", threads, 0)
	if err != nil {
		return err
	}
	return d.Launch(&gpu.Launch{Kernel: k, Grid: gpu.Dim{X: 1}, Block: gpu.Dim{X: threads}, Args: []uint64{uint64(p)}})
}

// Small integers come out exactly: the layout is the manual's.
func TestMultiplyLayout(t *testing.T) {
	a := func(i, k int) float32 { return float32(1 + 8*i + k) }
	b := func(k, j int) float32 { return float32(3*k - 5*j) }
	c := func(i, j int) float32 { return float32(1000*i + j) }
	got := multiplied(t, a, b, c)
	for i := range 16 {
		for j := range 8 {
			want := c(i, j)
			for k := range 8 {
				want += a(i, k) * b(k, j)
			}
			assert.Equal(t, want, got[i][j], "row %d, column %d", i, j)
		}
	}
}

// The lower 13 bits of operands do not count, products are exact, and what does not fit into a sum's 24 bits is cut off.
func TestMultiplyRounding(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var m [3][16][8]float32
	for k := range m {
		for i := range m[k] {
			for j := range m[k][i] {
				m[k][i][j] = float32(rng.NormFloat64())
			}
		}
	}
	of := func(k int) func(i, j int) float32 { return func(i, j int) float32 { return m[k][i][j] } }
	got := multiplied(t, of(0), of(1), of(2))
	kept := func(x float32) float64 { return float64(math.Float32frombits(math.Float32bits(x) &^ 0x1fff)) }
	for i := range 16 {
		for j := range 8 {
			want, size := float64(m[2][i][j]), math.Abs(float64(m[2][i][j]))
			for k := range 8 {
				want += kept(m[0][i][k]) * kept(m[1][k][j])
				size += math.Abs(kept(m[0][i][k]) * kept(m[1][k][j]))
			}
			assert.InDelta(t, want, float64(got[i][j]), math.Abs(want)*0x1p-23+size*0x1p-50)
			assert.LessOrEqual(t, math.Abs(float64(got[i][j])), math.Abs(want)+size*0x1p-50, "cut off, not rounded")
		}
	}
	one := func(int, int) float32 { return 1 }
	for _, c := range []struct{ add, to, want float32 }{
		{0x1.8p-24 / 8, 1, 1}, {0x1.8p-24 / 8, -1, -1 + 0x1p-23}, {0x1p-23 / 8, 1, 1 + 0x1p-23}, {1 + 0x1p-11, 0, 8}, {float32(math.Inf(1)), 1, float32(math.Inf(1))},
	} {
		got := multiplied(t, one, func(int, int) float32 { return c.add }, func(int, int) float32 { return c.to })
		assert.Equal(t, c.want, got[3][5], "%v + 8·%v", c.to, c.add)
	}
}

// All lanes of a warp multiply, on GPUs that can.
func TestMultiplyFaults(t *testing.T) {
	d := New(Options{})
	p, err := d.Alloc(4 * (128 + 64 + 128 + 128))
	require.NoError(t, err)
	require.NoError(t, d.Zero(p, 4*(128+64+128+128)))
	assert.ErrorContains(t, launched(d, "@!%p1", 32, p), "mma among all lanes, of which only 0xfffffff7 are here")
	assert.ErrorContains(t, launched(d, "", 24, p), "mma among all lanes, of which only 0xffffff are here")
	assert.ErrorContains(t, launched(New(Options{Properties: gpu.Properties{Capability: 75}}), "", 32, p), "compute capability 8.0")
	_, err = d.Load("test.ptx", strings.ReplaceAll(product, "GUARD mma.sync.aligned.m16n8k8", "mma.sync.aligned.m16n8k16"))
	assert.ErrorContains(t, err, "the emulator knows mma.sync.aligned.m16n8k8")
	_, err = d.Load("test.ptx", strings.ReplaceAll(product, "sm_80", "compute"))
	assert.ErrorContains(t, err, "expected .target sm_")
}
