package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"painless/atoms"
)

// tableCase is a table and pairs whose distances lie anywhere in it, runs of
// them of one atom I and some of an atom with itself: more than a tile holds.
type tableCase[T Float] struct {
	h     int
	table *Table[T]
	pairs Pairs[T]
	knots []Knot[T]
	in, g State[T]
}

func newTableCase[T Float](seed uint64, h int, first bool) *tableCase[T] {
	const many, pairs, intervals, cutoff = 7, 2*tilePairs + 5, 9, 5.0
	rng := rand.New(rand.NewPCG(seed, uint64(h)))
	parts := 3
	if first {
		parts = 2
	}
	polynomials := make([][coefficients]float64, (intervals+1)*parts*h)
	for i := range polynomials {
		polynomials[i] = [coefficients]float64(normal[float64](rng, coefficients))
	}
	c := &tableCase[T]{h: h, table: NewTable[T](polynomials, intervals+1, parts, h, cutoff/intervals)}
	var list atoms.Pairs[T]
	list.Resize(pairs)
	for p := range pairs {
		x := [3]T{T(rng.NormFloat64()), T(rng.NormFloat64()), T(rng.NormFloat64())}
		list.Set(p, int32(p*many/pairs), int32(rng.IntN(many)), x, atoms.Distance(x))
		c.knots = append(c.knots, NewKnot(min(cutoff, list.D[p]), intervals/cutoff, intervals))
	}
	c.pairs = directed(list)
	state := func() State[T] { return State[T]{normal[T](rng, many*h), normal[T](rng, many*3*h)} }
	if c.in, c.g = state(), state(); first {
		c.in.V = nil
	}
	return c
}

// forward is the message, out of the table or with φ of all pairs made aside.
func (c *tableCase[T]) forward(aside bool) (out State[T]) {
	out = State[T]{append([]T(nil), c.g.S...), append([]T(nil), c.g.V...)}
	tile := NewTile[T]()
	if aside {
		MessageForward(out, c.in, c.pairs, c.aside(), c.h)
	} else {
		c.table.MessageForward(out, c.in, &c.pairs, c.knots, 0, 17, 0, c.h, &tile)
		c.table.MessageForward(out, c.in, &c.pairs, c.knots, 17, len(c.knots), 0, c.h, &tile)
	}
	return out
}

func (c *tableCase[T]) backward(aside bool) (gin State[T], grad []PairGrad[T]) {
	gin = State[T]{append([]T(nil), c.g.S...), append([]T(nil), c.g.V...)}
	grad = make([]PairGrad[T], len(c.knots))
	for p := range grad {
		grad[p] = PairGrad[T]{1, 2, 3, 4} // what is there is added to
	}
	tile := NewTile[T]()
	if aside {
		MessageBackward(gin, grad, c.g, c.in, c.pairs, c.aside(), c.h)
	} else {
		c.table.MessageBackward(gin, grad, c.g, c.in, &c.pairs, c.knots, 0, 17, 0, c.h, &tile)
		c.table.MessageBackward(gin, grad, c.g, c.in, &c.pairs, c.knots, 17, len(c.knots), 0, c.h, &tile)
	}
	return gin, grad
}

// aside is φ and φ′ of all pairs.
func (c *tableCase[T]) aside() Filter[T] {
	row := c.in.parts() * GroupWidth
	f := Filter[T]{Phi: make([]T, len(c.knots)*row), Slope: make([]T, len(c.knots)*row), Row: row, Part: GroupWidth}
	c.table.ValuesAndSlopes(f.Phi, f.Slope, c.knots, 0)
	return f
}

// Part by part, and tile by tile, the same comes out as with φ of all pairs at hand.
func TestTableMessage(t *testing.T) {
	for _, h := range []int{7, 16} {
		for _, first := range []bool{false, true} {
			t.Run(fmt.Sprintf("h=%d/first=%v", h, first), func(t *testing.T) {
				c := newTableCase[float64](1, h, first)
				assert.Equal(t, c.forward(true), c.forward(false))
				wantGin, wantGrad := c.backward(true)
				gin, grad := c.backward(false)
				assert.Equal(t, wantGin, gin)
				assert.Equal(t, wantGrad, grad)
			})
		}
	}
}
