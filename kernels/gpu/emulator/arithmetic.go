package emulator

import (
	"math"
	"math/bits"
)

// operation is what an instruction computes on one lane. signature has a letter
// for the result and for each operand: w is 32 bits, l 64, p a predicate.
type operation struct {
	signature string
	compute   func(a, b, c uint64) uint64
	flops     int // float32 operations
	special   bool
}

// operations is every arithmetic instruction that the emulator knows, with all
// its modifiers. Approximate ones are correctly rounded here; a GPU's are
// within 2 ulp of that.
var operations = map[string]operation{
	"add.s32": {"www", func(a, b, _ uint64) uint64 { return a + b }, 0, false},
	"add.u32": {"www", func(a, b, _ uint64) uint64 { return a + b }, 0, false},
	"add.s64": {"lll", func(a, b, _ uint64) uint64 { return a + b }, 0, false},
	"add.u64": {"lll", func(a, b, _ uint64) uint64 { return a + b }, 0, false},
	"sub.s32": {"www", func(a, b, _ uint64) uint64 { return a - b }, 0, false},
	"sub.u32": {"www", func(a, b, _ uint64) uint64 { return a - b }, 0, false},
	"sub.s64": {"lll", func(a, b, _ uint64) uint64 { return a - b }, 0, false},
	"sub.u64": {"lll", func(a, b, _ uint64) uint64 { return a - b }, 0, false},

	"mul.lo.s32":   {"www", func(a, b, _ uint64) uint64 { return a * b }, 0, false},
	"mul.lo.u32":   {"www", func(a, b, _ uint64) uint64 { return a * b }, 0, false},
	"mul.lo.s64":   {"lll", func(a, b, _ uint64) uint64 { return a * b }, 0, false},
	"mul.lo.u64":   {"lll", func(a, b, _ uint64) uint64 { return a * b }, 0, false},
	"mul.wide.s32": {"lww", func(a, b, _ uint64) uint64 { return uint64(i32(a) * i32(b)) }, 0, false},
	"mul.wide.u32": {"lww", func(a, b, _ uint64) uint64 { return a * b }, 0, false},
	"mul.hi.u32":   {"www", func(a, b, _ uint64) uint64 { return a * b >> 32 }, 0, false},
	"mul.hi.s32":   {"www", func(a, b, _ uint64) uint64 { return uint64(i32(a) * i32(b) >> 32) }, 0, false},
	"mul.hi.u64":   {"lll", func(a, b, _ uint64) uint64 { hi, _ := bits.Mul64(a, b); return hi }, 0, false},
	"mad.lo.s32":   {"wwww", func(a, b, c uint64) uint64 { return a*b + c }, 0, false},
	"mad.lo.u32":   {"wwww", func(a, b, c uint64) uint64 { return a*b + c }, 0, false},
	"mad.lo.s64":   {"llll", func(a, b, c uint64) uint64 { return a*b + c }, 0, false},
	"mad.wide.s32": {"lwwl", func(a, b, c uint64) uint64 { return uint64(i32(a)*i32(b)) + c }, 0, false},
	"mad.wide.u32": {"lwwl", func(a, b, c uint64) uint64 { return a*b + c }, 0, false},

	// Division by 0 has no defined result: a GPU gives all ones.
	"div.u32": {"www", func(a, b, _ uint64) uint64 { return quotient(a, b) }, 0, false},
	"div.u64": {"lll", func(a, b, _ uint64) uint64 { return quotient(a, b) }, 0, false},
	"div.s32": {"www", func(a, b, _ uint64) uint64 { return signedQuotient(i32(a), i32(b)) }, 0, false},
	"div.s64": {"lll", func(a, b, _ uint64) uint64 { return signedQuotient(int64(a), int64(b)) }, 0, false},
	"rem.u32": {"www", func(a, b, _ uint64) uint64 { return a - b*quotient(a, b) }, 0, false},
	"rem.u64": {"lll", func(a, b, _ uint64) uint64 { return a - b*quotient(a, b) }, 0, false},
	"rem.s32": {"www", func(a, b, _ uint64) uint64 { return a - b*signedQuotient(i32(a), i32(b)) }, 0, false},
	"rem.s64": {"lll", func(a, b, _ uint64) uint64 { return a - b*signedQuotient(int64(a), int64(b)) }, 0, false},
	"neg.s32": {"ww", func(a, _, _ uint64) uint64 { return -a }, 0, false},
	"neg.s64": {"ll", func(a, _, _ uint64) uint64 { return -a }, 0, false},
	"min.s32": {"www", func(a, b, _ uint64) uint64 { return uint64(min(i32(a), i32(b))) }, 0, false},
	"min.u32": {"www", func(a, b, _ uint64) uint64 { return min(a, b) }, 0, false},
	"min.s64": {"lll", func(a, b, _ uint64) uint64 { return uint64(min(int64(a), int64(b))) }, 0, false},
	"max.s32": {"www", func(a, b, _ uint64) uint64 { return uint64(max(i32(a), i32(b))) }, 0, false},
	"max.u32": {"www", func(a, b, _ uint64) uint64 { return max(a, b) }, 0, false},
	"max.s64": {"lll", func(a, b, _ uint64) uint64 { return uint64(max(int64(a), int64(b))) }, 0, false},

	"and.b32":  {"www", func(a, b, _ uint64) uint64 { return a & b }, 0, false},
	"and.b64":  {"lll", func(a, b, _ uint64) uint64 { return a & b }, 0, false},
	"and.pred": {"ppp", func(a, b, _ uint64) uint64 { return a & b }, 0, false},
	"or.b32":   {"www", func(a, b, _ uint64) uint64 { return a | b }, 0, false},
	"or.b64":   {"lll", func(a, b, _ uint64) uint64 { return a | b }, 0, false},
	"or.pred":  {"ppp", func(a, b, _ uint64) uint64 { return a | b }, 0, false},
	"xor.b32":  {"www", func(a, b, _ uint64) uint64 { return a ^ b }, 0, false},
	"xor.b64":  {"lll", func(a, b, _ uint64) uint64 { return a ^ b }, 0, false},
	"xor.pred": {"ppp", func(a, b, _ uint64) uint64 { return a ^ b }, 0, false},
	"not.b32":  {"ww", func(a, _, _ uint64) uint64 { return ^a }, 0, false},
	"not.b64":  {"ll", func(a, _, _ uint64) uint64 { return ^a }, 0, false},
	"not.pred": {"pp", func(a, _, _ uint64) uint64 { return ^a }, 0, false},
	// Shifts by more than the size are clamped, which is what Go's do.
	"shl.b32":  {"www", func(a, b, _ uint64) uint64 { return uint64(uint32(a) << b) }, 0, false},
	"shl.b64":  {"llw", func(a, b, _ uint64) uint64 { return a << b }, 0, false},
	"shr.u32":  {"www", func(a, b, _ uint64) uint64 { return a >> b }, 0, false},
	"shr.b32":  {"www", func(a, b, _ uint64) uint64 { return a >> b }, 0, false},
	"shr.s32":  {"www", func(a, b, _ uint64) uint64 { return uint64(i32(a) >> b) }, 0, false},
	"shr.u64":  {"llw", func(a, b, _ uint64) uint64 { return a >> b }, 0, false},
	"shr.s64":  {"llw", func(a, b, _ uint64) uint64 { return uint64(int64(a) >> b) }, 0, false},
	"bfe.u32":  {"wwww", func(a, b, c uint64) uint64 { return field(a, b&255, c&255) }, 0, false},
	"bfe.u64":  {"llww", func(a, b, c uint64) uint64 { return field(a, b&255, c&255) }, 0, false},
	"bfe.s32":  {"wwww", func(a, b, c uint64) uint64 { return signedField(a, b&255, c&255) }, 0, false},
	"popc.b32": {"ww", func(a, _, _ uint64) uint64 { return uint64(bits.OnesCount64(a)) }, 0, false},
	"clz.b32":  {"ww", func(a, _, _ uint64) uint64 { return uint64(bits.LeadingZeros32(uint32(a))) }, 0, false},
	"brev.b32": {"ww", func(a, _, _ uint64) uint64 { return uint64(bits.Reverse32(uint32(a))) }, 0, false},

	"mov.b32": {"ww", same, 0, false}, "mov.u32": {"ww", same, 0, false}, "mov.s32": {"ww", same, 0, false}, "mov.f32": {"ww", same, 0, false},
	"mov.b64": {"ll", same, 0, false}, "mov.u64": {"ll", same, 0, false}, "mov.s64": {"ll", same, 0, false}, "mov.f64": {"ll", same, 0, false},
	"mov.pred": {"pp", same, 0, false}, "cvta.to.global.u64": {"ll", same, 0, false}, "cvta.global.u64": {"ll", same, 0, false},
	"mov.u16": {"ww", same, 0, false}, "selp.u16": {"wwwp", choose, 0, false}, // 16 bits lie in a register of 32
	"selp.b32": {"wwwp", choose, 0, false}, "selp.u32": {"wwwp", choose, 0, false}, "selp.s32": {"wwwp", choose, 0, false}, "selp.f32": {"wwwp", choose, 0, false},
	"selp.b64": {"lllp", choose, 0, false}, "selp.u64": {"lllp", choose, 0, false}, "selp.s64": {"lllp", choose, 0, false}, "selp.f64": {"lllp", choose, 0, false},

	"add.rn.f32": {"www", func(a, b, _ uint64) uint64 { return bits32(f32(a) + f32(b)) }, 1, false},
	"add.f32":    {"www", func(a, b, _ uint64) uint64 { return bits32(f32(a) + f32(b)) }, 1, false},
	"sub.rn.f32": {"www", func(a, b, _ uint64) uint64 { return bits32(f32(a) - f32(b)) }, 1, false},
	"sub.f32":    {"www", func(a, b, _ uint64) uint64 { return bits32(f32(a) - f32(b)) }, 1, false},
	"mul.rn.f32": {"www", func(a, b, _ uint64) uint64 { return bits32(f32(a) * f32(b)) }, 1, false},
	"mul.f32":    {"www", func(a, b, _ uint64) uint64 { return bits32(f32(a) * f32(b)) }, 1, false},
	"fma.rn.f32": {"wwww", func(a, b, c uint64) uint64 { return uint64(fused(uint32(a), uint32(b), uint32(c))) }, 2, false},
	"div.rn.f32": {"www", func(a, b, _ uint64) uint64 { return bits32(f32(a) / f32(b)) }, 1, false},
	"neg.f32":    {"ww", func(a, _, _ uint64) uint64 { return a ^ 1<<31 }, 0, false},
	"abs.f32":    {"ww", func(a, _, _ uint64) uint64 { return a &^ (1 << 31) }, 0, false},
	"min.f32":    {"www", func(a, b, _ uint64) uint64 { return bits32(lesser(f32(a), f32(b))) }, 1, false},
	"max.f32":    {"www", func(a, b, _ uint64) uint64 { return bits32(-lesser(-f32(a), -f32(b))) }, 1, false},
	"rcp.rn.f32": {"ww", func(a, _, _ uint64) uint64 { return bits32(1 / f32(a)) }, 1, true},

	"sqrt.rn.f32":      {"ww", func(a, _, _ uint64) uint64 { return rounded(math.Sqrt(float64(f32(a)))) }, 1, true},
	"sqrt.approx.f32":  {"ww", func(a, _, _ uint64) uint64 { return rounded(math.Sqrt(float64(f32(a)))) }, 1, true},
	"rcp.approx.f32":   {"ww", func(a, _, _ uint64) uint64 { return bits32(1 / f32(a)) }, 1, true},
	"rsqrt.approx.f32": {"ww", func(a, _, _ uint64) uint64 { return rounded(1 / math.Sqrt(float64(f32(a)))) }, 1, true},
	"ex2.approx.f32":   {"ww", func(a, _, _ uint64) uint64 { return rounded(math.Exp2(float64(f32(a)))) }, 1, true},
	"lg2.approx.f32":   {"ww", func(a, _, _ uint64) uint64 { return rounded(math.Log2(float64(f32(a)))) }, 1, true},
	"sin.approx.f32":   {"ww", func(a, _, _ uint64) uint64 { return rounded(math.Sin(float64(f32(a)))) }, 1, true},
	"cos.approx.f32":   {"ww", func(a, _, _ uint64) uint64 { return rounded(math.Cos(float64(f32(a)))) }, 1, true},

	"add.rn.f64":  {"lll", func(a, b, _ uint64) uint64 { return math.Float64bits(f64(a) + f64(b)) }, 0, false},
	"sub.rn.f64":  {"lll", func(a, b, _ uint64) uint64 { return math.Float64bits(f64(a) - f64(b)) }, 0, false},
	"mul.rn.f64":  {"lll", func(a, b, _ uint64) uint64 { return math.Float64bits(f64(a) * f64(b)) }, 0, false},
	"div.rn.f64":  {"lll", func(a, b, _ uint64) uint64 { return math.Float64bits(f64(a) / f64(b)) }, 0, false},
	"fma.rn.f64":  {"llll", func(a, b, c uint64) uint64 { return math.Float64bits(math.FMA(f64(a), f64(b), f64(c))) }, 0, false},
	"abs.f64":     {"ll", func(a, _, _ uint64) uint64 { return a &^ (1 << 63) }, 0, false},
	"neg.f64":     {"ll", func(a, _, _ uint64) uint64 { return a ^ 1<<63 }, 0, false},
	"sqrt.rn.f64": {"ll", func(a, _, _ uint64) uint64 { return math.Float64bits(math.Sqrt(f64(a))) }, 0, false},

	"cvt.s64.s32": {"lw", func(a, _, _ uint64) uint64 { return uint64(i32(a)) }, 0, false},
	"cvt.u64.u32": {"lw", same, 0, false}, "cvt.u32.u64": {"wl", same, 0, false}, "cvt.s32.s64": {"wl", same, 0, false},
	"cvt.rn.f64.s32":   {"lw", func(a, _, _ uint64) uint64 { return math.Float64bits(float64(i32(a))) }, 0, false},
	"cvt.rn.f32.s32":   {"ww", func(a, _, _ uint64) uint64 { return bits32(float32(i32(a))) }, 0, false},
	"cvt.rn.f32.u32":   {"ww", func(a, _, _ uint64) uint64 { return bits32(float32(uint32(a))) }, 0, false},
	"cvt.f64.f32":      {"lw", func(a, _, _ uint64) uint64 { return math.Float64bits(float64(f32(a))) }, 0, false},
	"cvt.rn.f32.f64":   {"wl", func(a, _, _ uint64) uint64 { return rounded(f64(a)) }, 0, false},
	"cvt.rmi.f64.f64":  {"ll", func(a, _, _ uint64) uint64 { return math.Float64bits(math.Floor(f64(a))) }, 0, false},
	"cvt.rzi.s32.f64":  {"wl", func(a, _, _ uint64) uint64 { return uint64(truncated(f64(a))) }, 0, false},
	"cvt.rna.tf32.f32": {"ww", func(a, _, _ uint64) uint64 { return nearest(a) }, 0, false},
	"cvt.rzi.s32.f32":  {"ww", func(a, _, _ uint64) uint64 { return uint64(truncated(float64(f32(a)))) }, 0, false},
}

func init() {
	comparisons := map[string]func(order int) bool{
		"eq": func(o int) bool { return o == 0 }, "ne": func(o int) bool { return o != 0 }, "lt": func(o int) bool { return o < 0 },
		"le": func(o int) bool { return o <= 0 }, "gt": func(o int) bool { return o > 0 }, "ge": func(o int) bool { return o >= 0 },
	}
	bit := func(x bool) uint64 {
		if x {
			return 1
		}
		return 0
	}
	for name, holds := range comparisons {
		integer := func(kind, signature string, order func(a, b uint64) int) {
			operations["setp."+name+"."+kind] = operation{signature, func(a, b, _ uint64) uint64 { return bit(holds(order(a, b))) }, 0, false}
		}
		integer("s32", "pww", func(a, b uint64) int { return compare(i32(a), i32(b)) })
		integer("s16", "pww", func(a, b uint64) int { return compare(int64(int16(a)), int64(int16(b))) })
		integer("u32", "pww", compare[uint64])
		integer("b32", "pww", compare[uint64])
		integer("s64", "pll", func(a, b uint64) int { return compare(int64(a), int64(b)) })
		integer("u64", "pll", compare[uint64])
		integer("b64", "pll", compare[uint64])
		// With a NaN, the ordered comparisons are false, and those with u true.
		float := func(kind, signature string, value func(uint64) float64) {
			for suffix, unordered := range map[string]bool{"": false, "u": true} {
				operations["setp."+name+suffix+"."+kind] = operation{signature, func(a, b, _ uint64) uint64 {
					x, y := value(a), value(b)
					if x != x || y != y {
						return bit(unordered)
					}
					return bit(holds(compare(x, y)))
				}, 0, false}
			}
		}
		float("f32", "pww", func(x uint64) float64 { return float64(f32(x)) })
		float("f64", "pll", f64)
	}
}

func compare[T int64 | uint64 | float64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func same(a, _, _ uint64) uint64 { return a }

func choose(a, b, c uint64) uint64 {
	if c != 0 {
		return a
	}
	return b
}

func i32(x uint64) int64 { return int64(int32(uint32(x))) }

func quotient(a, b uint64) uint64 {
	if b == 0 {
		return ^uint64(0)
	}
	return a / b
}

func signedQuotient(a, b int64) uint64 {
	if b == 0 {
		return ^uint64(0)
	}
	return uint64(a / b)
}

func field(x, from, length uint64) uint64 { return x >> from & (1<<length - 1) }

// signedField is a field whose highest bit, or x's where it reaches beyond, is its sign.
func signedField(x, from, length uint64) uint64 {
	if length == 0 {
		return 0
	}
	beyond := 64 - min(length, 64)
	return uint64(i32(x) >> from << beyond >> beyond)
}

func rounded(x float64) uint64 { return bits32(float32(x)) }

// lesser is the smaller number, and the other one where one is NaN.
func lesser(a, b float32) float32 {
	switch {
	case a != a:
		return b
	case b != b || a < b:
		return a
	}
	return b
}

// truncated rounds towards 0 and clamps; NaN is 0.
func truncated(x float64) uint32 {
	switch {
	case x != x:
		return 0
	case x >= math.MaxInt32:
		return math.MaxInt32
	case x <= math.MinInt32:
		return 1 << 31
	}
	return uint32(int32(x))
}

// fused is a·b + c rounded once. The product of two float32 is exact in
// float64; the sum is rounded to float64 first, which matters only where that
// lands in the middle between two float32: there the lost part decides.
func fused(a, b, c uint32) uint32 {
	product := float64(math.Float32frombits(a)) * float64(math.Float32frombits(b))
	addend := float64(math.Float32frombits(c))
	sum := product + addend
	if math.Float64bits(sum)&(1<<29-1) == 1<<28 {
		if rest := lost(product, addend, sum); rest != 0 {
			if (rest > 0) == (sum > 0) {
				sum = math.Float64frombits(math.Float64bits(sum) + 1)
			} else {
				sum = math.Float64frombits(math.Float64bits(sum) - 1)
			}
		}
	}
	return math.Float32bits(float32(sum))
}

// lost is what rounding left out of sum = a + b.
func lost(a, b, sum float64) float64 {
	back := sum - a
	return (a - (sum - back)) + (b - back)
}
