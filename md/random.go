package md

import (
	"math"
	"math/bits"
)

// random is numbers that depend on where they are used and on nothing else:
// on the seed, the replica, the atom and the step, so that neither threads nor
// batches nor a restart change them. It is Philox4x32-10 (Salmon, Moraes, Dror,
// Shaw, SC'11, doi:10.1145/2063384.2063405), whose counter is that place.
type random struct{ seed uint64 }

// purpose keeps the numbers of one place apart.
type purpose uint32

const (
	forVelocities purpose = iota
	forFriction           // of Langevin's thermostat, [atom]
	forKinetic            // of the rescaled kinetic energy; the atom counts the draws
	forCell               // of the rescaled cell
)

// words returns 128 random bits. The step has 60 of its bits.
func (r random) words(use purpose, step int64, replica, atom int) (x [4]uint32) {
	const m0, m1, w0, w1 = 0xD2511F53, 0xCD9E8D57, 0x9E3779B9, 0xBB67AE85
	x = [4]uint32{uint32(atom), uint32(replica), uint32(step), uint32(step>>32)&(1<<28-1) | uint32(use)<<28}
	k0, k1 := uint32(r.seed), uint32(r.seed>>32)
	for range 10 {
		hi0, lo0 := bits.Mul32(m0, x[0])
		hi1, lo1 := bits.Mul32(m1, x[2])
		x = [4]uint32{hi1 ^ x[1] ^ k0, lo1, hi0 ^ x[3] ^ k1, lo0}
		k0, k1 = k0+w0, k1+w1
	}
	return x
}

// uniform is the middle of one of 2³² equal parts of (0, 1).
func uniform(word uint32) float64 { return (float64(word) + 0.5) * 0x1p-32 }

// normals turns 128 random bits into four standard normal numbers (Box and
// Muller, 1958). The largest is 6.7.
func normals(x [4]uint32) (n [4]float64) {
	for i := 0; i < 4; i += 2 {
		radius := math.Sqrt(-2 * math.Log(uniform(x[i])))
		sin, cos := math.Sincos(2 * math.Pi * uniform(x[i+1]))
		n[i], n[i+1] = radius*cos, radius*sin
	}
	return n
}

// chiSquared is a sum of the squares of n standard normal numbers, by the
// rejection of Marsaglia and Tsang (ACM Trans. Math. Softw. 26, 363 (2000)). Its
// draws are those of the place that draw counts.
func (r random) chiSquared(n int, step int64, replica int, draw *int) float64 {
	if n == 0 {
		return 0
	}
	next := func() [4]uint32 {
		*draw++
		return r.words(forKinetic, step, replica, *draw)
	}
	shape := float64(n) / 2
	boost := 1.0
	if n == 1 { // of one more half, and a power of a uniform number
		boost = math.Pow(uniform(next()[0]), 1/shape)
		shape++
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := next()
		z := normals(x)[0]
		v := 1 + c*z
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(uniform(x[2])) < z*z/2+d*(1-v+math.Log(v)) {
			return 2 * d * v * boost
		}
	}
}
