package md

import (
	"math"
	"math/bits"
)

// random is numbers that depend on where they are used and on nothing else:
// on the seed, the replica, the atom and the step, so that neither threads nor
// batches nor a restart change them. It is Philox2x64-10 (Salmon, Moraes, Dror,
// Shaw, SC'11, doi:10.1145/2063384.2063405), whose counter is that place.
type random struct{ seed uint64 }

const multiplier, weyl, rounds = 0xD2B74407B1CE6E93, 0x9E3779B97F4A7C15, 10

// place is where random numbers are used: their counter.
type place struct{ high, low uint64 }

// purpose keeps the numbers of one place apart.
type purpose uint64

const (
	forVelocities purpose = iota
	forFriction           // of Langevin's thermostat, [atom]
	forKinetic            // of the rescaled kinetic energy; the atom counts the draws
	forCell               // of the rescaled cell
)

// Bits of a step in a place, and of what counts the draws that were rejected there.
const (
	stepBits = 48
	drawBits = 12
)

func at(use purpose, step int64, replica, atom int) place {
	return place{uint64(use)<<(stepBits+drawBits) | uint64(step)&(1<<stepBits-1), uint64(replica)<<32 | uint64(uint32(atom))}
}

// again is the place's next numbers.
func (p place) again() place { return place{p.high + 1<<stepBits, p.low} }

// words returns 128 random bits.
func (r random) words(p place) (x, y uint64) {
	x, y = p.low, p.high
	key := r.seed
	for range rounds {
		high, low := bits.Mul64(multiplier, x)
		x, y = high^key^y, low
		key += weyl
	}
	return x, y
}

// uniform is the middle of one of 2⁵² equal parts of (0, 1).
func uniform(word uint64) float64 { return (float64(word>>12) + 0.5) * 0x1p-52 }

// The ziggurat of Marsaglia and Tsang (J. Stat. Softw. 5, 8 (2000),
// doi:10.18637/jss.v005.i08): layers of equal area cover the right half of
// exp(−x²/2). Layer k reaches from 0 to edges[k], and what lies left of
// edges[k+1] lies below the curve; layer 0 has the tail beyond edges[1].
const layers = 256

var edges, heights = ziggurat()

// layer is what a number needs of its layer: the step between places, and how
// many places from the middle lie below the curve for sure.
type layer struct {
	step float64
	sure int64
}

var steps = layerSteps()

func layerSteps() (of [layers]layer) {
	for k := range of {
		l := &of[k]
		l.step = edges[k] / (1 << placeBits)
		l.sure = int64(edges[k+1] / l.step)
		for float64(l.sure)*l.step < edges[k+1] {
			l.sure++
		}
		for float64(l.sure-1)*l.step >= edges[k+1] {
			l.sure--
		}
	}
	return of
}

func ziggurat() (edges, heights [layers + 1]float64) {
	const tail, area = 3.6541528853610088, 4.92867323399e-3
	edges[0], edges[1] = area*math.Exp(tail*tail/2), tail
	for k := 2; k < layers; k++ {
		edges[k] = math.Sqrt(-2 * math.Log(area/edges[k-1]+math.Exp(-edges[k-1]*edges[k-1]/2)))
	}
	for k, x := range edges {
		heights[k] = math.Exp(-x * x / 2)
	}
	return edges, heights
}

// normalBits is what a normal number takes: a layer of 8 bits, a sign and a place in the layer.
const normalBits, placeBits = 42, 34

// layered returns where 42 random bits fall in the ziggurat, and whether that is
// below the curve for sure, as it is 99 times in 100.
func layered(word uint64) (x float64, sure bool) {
	l := &steps[word&(layers-1)]
	place := int64(word>>8&(1<<placeBits-1))*2 + 1 - 1<<placeBits // odd, between −2³⁴ and 2³⁴
	return float64(place) * l.step, max(place, -place) < l.sure
}

// normals fills n with three standard normal numbers of each atom from first on.
func (r random) normals(n [][3]float64, use purpose, step int64, replica, first int) {
	p := at(use, step, replica, first)
	for ; len(n) >= 2; n = n[2:] {
		x0, y0, x1, y1 := r.words2(p)
		r.normal3(&n[0], x0, y0, p)
		p.low++
		r.normal3(&n[1], x1, y1, p)
		p.low++
	}
	if len(n) > 0 {
		x, y := r.words(p)
		r.normal3(&n[0], x, y, p)
	}
}

// words2 is the words of two atoms, p's and the next: together, as each round
// waits for the product of the one before. Two rounds at a time need no copies.
func (r random) words2(p place) (x0, y0, x1, y1 uint64) {
	x0, y0, x1, y1 = p.low, p.high, p.low+1, p.high
	key := r.seed
	for range rounds / 2 {
		h0, l0 := bits.Mul64(multiplier, x0)
		h1, l1 := bits.Mul64(multiplier, x1)
		y0 ^= h0 ^ key
		y1 ^= h1 ^ key
		key += weyl
		h0, x0 = bits.Mul64(multiplier, y0)
		h1, x1 = bits.Mul64(multiplier, y1)
		y0, x0 = x0, l0^h0^key
		y1, x1 = x1, l1^h1^key
		key += weyl
	}
	return x0, y0, x1, y1
}

// normal3 makes three standard normal numbers of a place's words.
func (r random) normal3(n *[3]float64, x, y uint64, p place) {
	z := x>>normalBits | y<<(64-normalBits)
	y >>= 2*normalBits - 64
	a, first := layered(x)
	b, second := layered(z)
	c, third := layered(y)
	if !(first && second && third) {
		a, b, c = r.unsure(x, &p), r.unsure(z, &p), r.unsure(y, &p)
	}
	n[0], n[1], n[2] = a, b, c
}

// normal returns a standard normal number of a place.
func (r random) normal(p place) float64 {
	x, _ := r.words(p)
	return r.unsure(x, &p)
}

// unsure is the number of a word: what falls below the curve stands, for what
// does not others are drawn.
func (r random) unsure(word uint64, p *place) float64 {
	for {
		x, sure := layered(word)
		if sure {
			return x
		}
		*p = p.again()
		a, b := r.words(*p)
		if layer := word & (layers - 1); layer > 0 {
			if heights[layer]+uniform(a)*(heights[layer+1]-heights[layer]) < math.Exp(-x*x/2) {
				return x
			}
		} else { // beyond edges[1], by rejection from an exponential function (Marsaglia, 1964)
			for {
				beyond, height := -math.Log(uniform(a))/edges[1], -math.Log(uniform(b))
				if 2*height > beyond*beyond {
					return math.Copysign(edges[1]+beyond, x)
				}
				*p = p.again()
				a, b = r.words(*p)
			}
		}
		word = b
	}
}

// chiSquared is a sum of the squares of n standard normal numbers, by the
// rejection of Marsaglia and Tsang (ACM Trans. Math. Softw. 26, 363 (2000)). Its
// draws are those of the place that draw counts.
func (r random) chiSquared(n int, step int64, replica int, draw *int) float64 {
	if n == 0 {
		return 0
	}
	next := func() place {
		*draw++
		return at(forKinetic, step, replica, *draw)
	}
	shape := float64(n) / 2
	boost := 1.0
	if n == 1 { // of one more half, and a power of a uniform number
		word, _ := r.words(next())
		boost = math.Pow(uniform(word), 1/shape)
		shape++
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		z := r.normal(next())
		v := 1 + c*z
		if v <= 0 {
			continue
		}
		v = v * v * v
		word, _ := r.words(next())
		if math.Log(uniform(word)) < z*z/2+d*(1-v+math.Log(v)) {
			return 2 * d * v * boost
		}
	}
}
