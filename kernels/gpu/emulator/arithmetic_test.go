package emulator

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/kernels/gpu"
)

// evaluate runs one instruction on one thread, operands and result in 8 bytes.
func evaluate(t *testing.T, opcode string, operands ...uint64) uint64 {
	t.Helper()
	o, ok := operations[opcode]
	require.True(t, ok, opcode)
	require.Len(t, operands, len(o.signature)-1, opcode)
	register := map[byte]string{'w': "%%r%d", 'l': "%%rd%d", 'p': "%%p%d"}
	var body strings.Builder
	list := []string{fmt.Sprintf(register[o.signature[0]], 0)}
	for i := 1; i < len(o.signature); i++ {
		name := fmt.Sprintf(register[o.signature[i]], i)
		switch o.signature[i] {
		case 'w':
			fmt.Fprintf(&body, " ld.param.u32 %s, [p%d];\n", name, i)
		case 'l':
			fmt.Fprintf(&body, " ld.param.u64 %s, [p%d];\n", name, i)
		default:
			fmt.Fprintf(&body, " ld.param.u32 %%r9, [p%d];\n setp.ne.b32 %s, %%r9, 0;\n", i, name)
		}
		list = append(list, name)
	}
	fmt.Fprintf(&body, " ld.param.u64 %%rd9, [p0];\n %s %s;\n", opcode, strings.Join(list, ", "))
	switch o.signature[0] {
	case 'w':
		body.WriteString(" cvt.u64.u32 %rd0, %r0;\n")
	case 'p':
		body.WriteString(" selp.b64 %rd0, 1, 0, %p0;\n")
	}
	body.WriteString(" st.global.u64 [%rd9], %rd0;\n ret;")
	b := newBench(t, Options{})
	require.NoError(t, b.run(text(len(o.signature), "", body.String()), 1, 1, 0, operands...), opcode)
	out := make([]byte, 8)
	require.NoError(t, b.Download(out, b.words))
	return binary.LittleEndian.Uint64(out)
}

func single(x float32) uint64 { return uint64(math.Float32bits(x)) }
func double(x float64) uint64 { return math.Float64bits(x) }

const minus = math.MaxUint32 // −1 in 32 bits

var nan32, nan64 = single(float32(math.NaN())), double(math.NaN())

// Results are from the definitions of the PTX manual. Every instruction has one.
func TestInstructions(t *testing.T) {
	cases := []struct {
		opcodes  string
		want     uint64
		operands []uint64
	}{
		{"add.s32 add.u32", 1, []uint64{minus, 2}},
		{"add.s64 add.u64", 1, []uint64{math.MaxUint64, 2}},
		{"sub.s32 sub.u32", minus, []uint64{1, 2}},
		{"sub.s64 sub.u64", math.MaxUint64, []uint64{1, 2}},
		{"mul.lo.s32 mul.lo.u32", 0x80000000, []uint64{0x40000000, 0x80000002}},
		{"mul.lo.s64 mul.lo.u64", 0xfffffffe00000001, []uint64{minus, minus}},
		{"mul.wide.s32", 1, []uint64{minus, minus}},
		{"mul.wide.u32", 0xfffffffe00000001, []uint64{minus, minus}},
		{"mul.hi.u32", 0xfffffffe, []uint64{minus, minus}},
		{"mul.hi.s32", 0, []uint64{minus, minus}},
		{"mul.hi.u64", math.MaxUint64 - 1, []uint64{math.MaxUint64, math.MaxUint64}},
		{"mad.lo.s32 mad.lo.u32", minus, []uint64{3, 5, 0xfffffff0}},
		{"mad.lo.s64", 17, []uint64{3, 5, 2}},
		{"mad.wide.s32", 9, []uint64{minus, 1, 10}},
		{"mad.wide.u32", minus + 10, []uint64{minus, 1, 10}},
		{"div.u32", 0x7fffffff, []uint64{minus, 2}},
		{"div.u32", minus, []uint64{5, 0}},
		{"div.s32", 0xfffffffd, []uint64{0xfffffff9, 2}},
		{"div.u64", 2, []uint64{5, 2}},
		{"div.s64", math.MaxUint64 - 1, []uint64{math.MaxUint64 - 4, 2}},
		{"rem.u32 rem.u64", 1, []uint64{7, 3}},
		{"rem.s32", minus, []uint64{0xfffffff9, 3}},
		{"rem.s64", math.MaxUint64, []uint64{math.MaxUint64 - 6, 3}},
		{"neg.s32", minus, []uint64{1}},
		{"neg.s64", math.MaxUint64, []uint64{1}},
		{"min.s32", minus, []uint64{minus, 1}},
		{"min.u32", 1, []uint64{minus, 1}},
		{"min.s64", math.MaxUint64, []uint64{math.MaxUint64, 1}},
		{"max.s32", 1, []uint64{minus, 1}},
		{"max.u32", minus, []uint64{minus, 1}},
		{"max.s64", 1, []uint64{math.MaxUint64, 1}},
		{"and.b32 and.b64", 8, []uint64{12, 10}},
		{"or.b32 or.b64", 14, []uint64{12, 10}},
		{"xor.b32 xor.b64", 6, []uint64{12, 10}},
		{"and.pred", 0, []uint64{1, 0}},
		{"or.pred xor.pred", 1, []uint64{1, 0}},
		{"not.b32", minus - 5, []uint64{5}},
		{"not.b64", math.MaxUint64 - 5, []uint64{5}},
		{"not.pred", 0, []uint64{1}},
		{"shl.b32 shl.b64", 40, []uint64{5, 3}},
		{"shl.b32", 0, []uint64{5, 32}},
		{"shr.u32 shr.b32 shr.u64", 5, []uint64{40, 3}},
		{"shr.s32", minus, []uint64{0x80000000, 40}},
		{"shr.s64", math.MaxUint64, []uint64{1 << 63, 70}},
		{"bfe.u32 bfe.u64", 5, []uint64{0xa0, 5, 3}},
		{"bfe.u32", 0xa, []uint64{0xa0, 4, 32}},
		{"bfe.s32", 0xffffffff, []uint64{0x10, 4, 1}},
		{"bfe.s32", 5, []uint64{0xa0, 5, 4}},
		{"bfe.s32", 0xfffffffd, []uint64{0xa0, 5, 3}},
		{"bfe.s32", 0xfffffff8, []uint64{0x80000000, 28, 32}},
		{"bfe.s32", 0, []uint64{0xff, 4, 0}},
		{"popc.b32", 32, []uint64{minus}},
		{"clz.b32", 28, []uint64{8}},
		{"brev.b32", 0x80000000, []uint64{1}},
		{"mov.u16 mov.b32 mov.u32 mov.s32 mov.f32 mov.b64 mov.u64 mov.s64 mov.f64 cvta.to.global.u64 cvta.global.u64", 42, []uint64{42}},
		{"mov.pred", 1, []uint64{1}},
		{"selp.u16 selp.b32 selp.u32 selp.s32 selp.f32 selp.b64 selp.u64 selp.s64 selp.f64", 3, []uint64{3, 4, 1}},
		{"selp.u16 selp.b32 selp.u32 selp.s32 selp.f32 selp.b64 selp.u64 selp.s64 selp.f64", 4, []uint64{3, 4, 0}},
		{"add.rn.f32 add.f32", single(1), []uint64{single(1), single(0x1p-25)}},
		{"sub.rn.f32 sub.f32", single(0.5), []uint64{single(2), single(1.5)}},
		{"mul.rn.f32 mul.f32", single(1 + 0x1p-22), []uint64{single(1 + 0x1p-23), single(1 + 0x1p-23)}},
		{"fma.rn.f32", single(-0x1p-46), []uint64{single(1 + 0x1p-23), single(1 - 0x1p-23), single(-1)}},
		{"div.rn.f32", single(float32(1) / 3), []uint64{single(1), single(3)}},
		{"neg.f32", single(-2), []uint64{single(2)}},
		{"abs.f32", single(2), []uint64{single(-2)}},
		{"min.f32", single(-1), []uint64{single(2), single(-1)}},
		{"min.f32 max.f32", single(2), []uint64{single(2), nan32}},
		{"max.f32", single(2), []uint64{single(2), single(-1)}},
		{"rcp.rn.f32 rcp.approx.f32", single(0.25), []uint64{single(4)}},
		{"sqrt.rn.f32 sqrt.approx.f32", single(1.5), []uint64{single(2.25)}},
		{"rsqrt.approx.f32", single(0.5), []uint64{single(4)}},
		{"ex2.approx.f32", single(float32(math.Sqrt2)), []uint64{single(0.5)}},
		{"lg2.approx.f32", single(-3), []uint64{single(0.125)}},
		{"sin.approx.f32", single(float32(math.Sin(0.5))), []uint64{single(0.5)}},
		{"cos.approx.f32", single(float32(math.Cos(0.5))), []uint64{single(0.5)}},
		{"add.rn.f64", double(3), []uint64{double(1), double(2)}},
		{"sub.rn.f64", double(-1), []uint64{double(1), double(2)}},
		{"mul.rn.f64", double(6), []uint64{double(3), double(2)}},
		{"div.rn.f64", double(1.5), []uint64{double(3), double(2)}},
		{"fma.rn.f64", double(7), []uint64{double(3), double(2), double(1)}},
		{"abs.f64", double(2), []uint64{double(-2)}},
		{"neg.f64", double(-3), []uint64{double(3)}},
		{"sqrt.rn.f64", double(1.5), []uint64{double(2.25)}},
		{"cvt.s64.s32", math.MaxUint64, []uint64{minus}},
		{"cvt.u64.u32", minus, []uint64{minus}},
		{"cvt.u32.u64 cvt.s32.s64", 5, []uint64{7<<32 + 5}},
		{"cvt.rn.f64.s32", double(-1), []uint64{minus}},
		{"cvt.rn.f32.s32", single(-1), []uint64{minus}},
		{"cvt.rn.f32.u32", single(0x1p32), []uint64{minus}},
		{"cvt.f64.f32", double(0.5), []uint64{single(0.5)}},
		{"cvt.rn.f32.f64", single(1), []uint64{double(1 + 0x1p-25)}},
		{"cvt.rmi.f64.f64", double(-2), []uint64{double(-1.5)}},
		{"cvt.rna.tf32.f32", single(1 + 0x1p-10), []uint64{single(1 + 0x1p-11)}},
		{"cvt.rna.tf32.f32", single(-2), []uint64{single(-2 + 0x1p-23)}},
		{"cvt.rna.tf32.f32", single(1), []uint64{single(1 + 0x1p-11 - 0x1p-23)}},
		{"cvt.rna.tf32.f32", single(float32(math.Inf(-1))), []uint64{single(float32(math.Inf(-1)))}},
		{"cvt.rzi.s32.f64", minus, []uint64{double(-1.9)}},
		{"cvt.rzi.s32.f64", math.MaxInt32, []uint64{double(1e10)}},
		{"cvt.rzi.s32.f64", 0, []uint64{nan64}},
		{"cvt.rzi.s32.f32", 0x80000000, []uint64{single(-1e10)}},
	}
	tested := map[string]bool{}
	for _, c := range cases {
		for _, opcode := range strings.Fields(c.opcodes) {
			assert.Equal(t, c.want, evaluate(t, opcode, c.operands...), "%s %x", opcode, c.operands)
			tested[opcode] = true
		}
	}
	for opcode := range operations {
		assert.True(t, tested[opcode] || strings.HasPrefix(opcode, "setp."), "%s has no test", opcode)
	}
}

// A conversion's source may be wider than its type: the low half counts.
func TestConversionsOfWider(t *testing.T) {
	for opcode, want := range map[string]uint64{
		"cvt.s64.s32 %rd2": math.MaxUint64 - 1, "cvt.u64.u32 %rd2": minus - 1, "cvt.rn.f64.s32 %rd2": double(-2),
		"cvt.rn.f32.s32 %r2": single(-2), "cvt.rn.f32.u32 %r2": single(0x1p32),
	} {
		b := newBench(t, Options{})
		body := " ld.param.u64 %rd9, [p0];\n mov.u64 %rd1, 0x7fffffffe;\n " + opcode + ", %rd1;\n"
		if strings.HasSuffix(opcode, "%r2") {
			body += " cvt.u64.u32 %rd2, %r2;\n"
		}
		require.NoError(t, b.run(text(1, "", body+" st.global.u64 [%rd9], %rd2;\n ret;"), 1, 1, 0), opcode)
		words := b.read(t, 2)
		assert.Equal(t, want, uint64(words[1])<<32|uint64(words[0]), opcode)
	}
}

func TestComparisons(t *testing.T) {
	const less, equal, greater, unordered = "less", "equal", "greater", "unordered"
	holds := map[string]string{
		less: "ne lt le", equal: "eq le ge", greater: "ne gt ge", unordered: "",
	}
	for _, c := range []struct {
		kinds string
		a, b  uint64
		order string
	}{
		{"s32", minus, 1, less}, {"s16", 0xffff, 1, less}, {"u32 b32", minus, 1, greater}, {"s64", math.MaxUint64, 1, less}, {"u64 b64", math.MaxUint64, 1, greater},
		{"s32 u32 b32 s64 u64 b64", 5, 5, equal},
		{"f32", single(-1), single(1), less}, {"f32", single(0), single(float32(math.Copysign(0, -1))), equal}, {"f32", single(2), single(1), greater},
		{"f32", nan32, single(1), unordered}, {"f64", double(-1), double(1), less}, {"f64", double(2), double(1), greater}, {"f64", double(1), nan64, unordered},
	} {
		for _, kind := range strings.Fields(c.kinds) {
			for _, name := range strings.Fields("eq ne lt le gt ge") {
				want := uint64(0)
				if strings.Contains(" "+holds[c.order]+" ", " "+name+" ") {
					want = 1
				}
				assert.Equal(t, want, evaluate(t, "setp."+name+"."+kind, c.a, c.b), "%s.%s %x %x", name, kind, c.a, c.b)
				if kind[0] != 'f' {
					continue
				}
				if c.order == unordered {
					want = 1
				}
				assert.Equal(t, want, evaluate(t, "setp."+name+"u."+kind, c.a, c.b), "%su.%s %x %x", name, kind, c.a, c.b)
			}
		}
	}
}

// fused rounds once: against exact arithmetic, with sums that cancel and sums
// that land in the middle between two numbers.
func TestFused(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	check := func(a, b, c float32) {
		exact := new(big.Float).SetPrec(2000).Mul(big.NewFloat(float64(a)), big.NewFloat(float64(b)))
		want, _ := exact.Add(exact, big.NewFloat(float64(c))).Float32()
		got := math.Float32frombits(fused(math.Float32bits(a), math.Float32bits(b), math.Float32bits(c)))
		require.Equal(t, want, got, "%x·%x + %x", a, b, c)
	}
	for range 200_000 {
		a, b, c := float32(rng.NormFloat64()), float32(rng.NormFloat64()), float32(rng.NormFloat64())
		check(a, b, c)
		check(a, b, -a*b)
		check(a, 1+0x1p-23, c)
	}
	check(1+0x1p-12, 1+0x1p-12, 0x1p30) // 2^30 + 1 + …: below the middle, with a tail
	check(0x1p-30, 1+0x1p-23, 1+0x1p-23)
	check(0x1p-24, 1+0x1p-23, 1) // just above the middle
	check(0x1p-24, 1-0x1p-24, 1) // just below
}

// Lanes that take different ways, also backwards, meet again.
func TestDivergence(t *testing.T) {
	// Collatz steps of 1 to 32, a loop with a branch in it, its exit before its body.
	body := address + `
	add.s32 %r2, %r1, 1;
	mov.u32 %r3, 0;
	bra.uni head;
out:
	shfl.sync.bfly.b32 %r4, %r3, 0, 31, -1;
	st.global.u32 [%rd2], %r4;
	ret;
head:
	setp.eq.s32 %p1, %r2, 1;
	@%p1 bra out;
	and.b32 %r5, %r2, 1;
	setp.eq.s32 %p2, %r5, 0;
	@%p2 bra even;
	mad.lo.s32 %r2, %r2, 3, 1;
	bra.uni counted;
even:
	shr.u32 %r2, %r2, 1;
counted:
	add.s32 %r3, %r3, 1;
	bra.uni head;`
	body = strings.ReplaceAll(body, "bra.uni", "bra")
	b := newBench(t, Options{})
	require.NoError(t, b.run(text(1, "", body), 1, 32, 0))
	for lane, got := range b.read(t, 32) {
		steps := 0
		for n := lane + 1; n != 1; steps++ {
			if n%2 == 0 {
				n /= 2
			} else {
				n = 3*n + 1
			}
		}
		assert.Equal(t, steps, int(got), "from %d", lane+1)
	}
}

// Loads and stores of every width, signs included, and atomics from many blocks.
func TestMemory(t *testing.T) {
	b := newBench(t, Options{})
	require.NoError(t, b.run(text(1, ".extern .shared .align 16 .b8 dynamic[];\n"+array, `
	ld.param.u64 %rd1, [p0];
	ld.global.v4.u32 {%r1, %r2, %r3, %r4}, [%rd1+16];
	st.shared.v2.u32 [a+8], {%r4, %r3};
	st.shared.v2.u32 [dynamic+8], {%r2, %r1};
	ld.shared.u64 %rd2, [a+8];
	ld.shared.u64 %rd3, [dynamic+8];
	st.global.v2.u64 [%rd1], {%rd2, %rd3};
	mov.u32 %r5, -7;
	st.shared.u32 [a], %r5;
	ld.shared.s32 %rd4, [a];
	ld.shared.u32 %rd5, [a];
	st.global.u64 [%rd1+16], %rd4;
	st.global.u64 [%rd1+24], %rd5;
	ret;`), 1, 1, 16))
	assert.Equal(t, []uint32{7, 6, 5, 4, 0xfffffff9, 0xffffffff, 0xfffffff9, 0}, b.read(t, 8))

	b = newBench(t, Options{})
	require.NoError(t, b.run(text(1, "", ` ld.param.u64 %rd1, [p0];
	mov.u32 %r1, %tid.x;
	atom.global.add.u32 %r2, [%rd1], 2;
	red.global.max.s32 [%rd1+4], %r1;
	red.global.min.s32 [%rd1+8], -5;
	ret;`), 20, 64, 0))
	assert.Equal(t, []uint32{2 * 20 * 64, 63, 0xfffffffb}, b.read(t, 3))
	assert.Equal(t, Counts{Launches: 1, Instructions: 6 * 20 * 64, GlobalRead: 3 * 4 * 20 * 64, GlobalWritten: 3 * 4 * 20 * 64}, *b.Counts()["k"])

	b = newBench(t, Options{})
	require.NoError(t, b.run(text(1, "", ` ld.param.u64 %rd1, [p0];
	mov.u64 %rd2, 0x100000001;
	atom.global.add.u64 %rd3, [%rd1+8], %rd2;
	red.global.max.s64 [%rd1+16], -5;
	mov.u64 %rd4, 0x900000002;
	red.global.max.s64 [%rd1+24], %rd4;
	ret;`), 2, 3, 0))
	assert.Equal(t, []uint32{2 + 6, 3 + 6, 4, 5, 2, 9}, b.read(t, 8)[2:])

	b = newBench(t, Options{})
	require.NoError(t, b.run(text(1, array, own+`
	st.shared.u32 [%rd3], %r1;
	shl.b32 %r3, 1, %r1;
	atom.shared.add.u32 %r4, [%rd3], 3;
	bar.warp.sync 65535;
	red.shared.or.b32 [a+4], %r3;
	bar.warp.sync 65535;
	ld.shared.u32 %r5, [a+4];
	st.global.v2.u32 [%rd1], {%r4, %r5};
	ret;`), 1, 16, 0))
	assert.Equal(t, []uint32{15, 0xffff}, b.read(t, 2))
	assert.Equal(t, uint64(16*(4+8+8+4)), b.Counts()["k"].Shared)
}

// Hostile PTX is an error, or runs to an end; it never panics.
func FuzzLoad(f *testing.F) {
	f.Add(text(1, array, own+"\n st.shared.u32 [%rd3], %r1;\n bar.sync 0;\n ret;"))
	f.Add(text(2, "", " shfl.sync.idx.b32 %r2|%p1, %r1, 9, 31, -1;\n vote.sync.ballot.b32 %r2, %p1, -1;\nx:\n @!%p1 bra x;\n ret;"))
	f.Add(text(1, ".extern .shared .align 16 .b8 d[];", " ld.global.nc.v4.f32 {%f1, %f2, %f3, %f4}, [%rd1+16];\n red.global.add.u32 [%rd1], 2;\n exit;"))
	f.Add(text(1, array, " st.shared.u32 [a], 0;\n bar.warp.sync -1;\n red.shared.or.b32 [a], 2;\n exit;"))
	f.Add("\n{\n}\n.visible .entry k(\n)\n.maxntid 64, 1, 1\n{\n ret;\n}\n")
	f.Fuzz(func(t *testing.T, ptx string) {
		d := New(Options{Limit: 1000, Properties: gpu.Properties{Memory: 1 << 20}})
		m, err := d.Load("fuzz.ptx", ptx)
		if err != nil {
			return
		}
		for name, p := range m.(*module).kernels {
			k, err := m.Kernel(name, 33, 0)
			if err != nil {
				continue
			}
			_ = d.Launch(&gpu.Launch{Kernel: k, Grid: gpu.Dim{X: 2}, Block: gpu.Dim{X: 33}, Args: make([]uint64, p.params)})
		}
	})
}

// BenchmarkLanes is lane instructions a second: a loop of fused multiply-adds.
func BenchmarkLanes(b *testing.B) {
	for _, unchecked := range []bool{false, true} {
		b.Run(fmt.Sprintf("checks=%v", !unchecked), func(b *testing.B) {
			d := New(Options{Unchecked: unchecked})
			m, err := d.Load("bench.ptx", text(1, "", " mov.u32 %r1, 10000;\n mov.f32 %f1, 0f3F800000;\nx:\n"+
				strings.Repeat(" fma.rn.f32 %f1, %f1, %f1, %f1;\n mul.rn.f32 %f2, %f1, %f1;\n", 8)+
				" add.s32 %r1, %r1, -1;\n setp.ne.s32 %p1, %r1, 0;\n @%p1 bra x;\n ret;"))
			require.NoError(b, err)
			k, err := m.Kernel("k", 32, 0)
			require.NoError(b, err)
			for b.Loop() {
				require.NoError(b, d.Launch(&gpu.Launch{Kernel: k, Grid: gpu.Dim{X: 4}, Block: gpu.Dim{X: 32}, Args: []uint64{0}}))
			}
			b.ReportMetric(float64(d.Counts()["k"].Instructions)/b.Elapsed().Seconds()/1e6, "Mlanes/s")
		})
	}
}
