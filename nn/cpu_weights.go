package nn

import (
	"slices"

	"painless/kernels/cpu"
)

// dense is a Linear in the arithmetic T, and its transpose for the backward pass.
type dense[T cpu.Float] struct{ forward, backward *cpu.Linear[T] }

// newDense takes the given parts of l's rows, each a share of 1/parts of them.
func newDense[T cpu.Float](l *Linear, parts int, take ...int) dense[T] {
	weight, bias := l.rows(parts, take...)
	in, out := l.In, len(bias)
	return dense[T]{
		forward:  cpu.NewLinear(convert[T](weight), convert[T](bias), out, in),
		backward: cpu.NewLinear(convert[T](transposed(weight, out, in)), nil, in, out),
	}
}

// transposed is the transpose of a matrix [rows, columns].
func transposed(m []float64, rows, columns int) []float64 {
	t := make([]float64, len(m))
	for r := range rows {
		for c := range columns {
			t[c*rows+r] = m[r*columns+c]
		}
	}
	return t
}

func convert[T cpu.Float](values []float64) []T {
	out := make([]T, len(values))
	for i, x := range values {
		out[i] = T(x)
	}
	return out
}

// blockWeights is a Block without the rows whose results nobody uses.
type blockWeights[T cpu.Float] struct {
	parts  int  // of φ: 3, or 2 in the first block
	gated  bool // not the last block
	table  *cpu.Table[T]
	exact  *exactFilter[T] // in place of the table
	update [2]dense[T]
	mixing [3][3]T
}

type weights[T cpu.Float] struct {
	embedding []T
	blocks    []blockWeights[T]
	head      [3]dense[T]
	headOut   []T // W_c, once for every atom of a tile
	intervals int // between the tables' knots
}

func newWeights[T cpu.Float](net *Network, filters Filters) weights[T] {
	w := weights[T]{
		embedding: convert[T](net.Embedding),
		blocks:    make([]blockWeights[T], len(net.Blocks)),
		headOut:   slices.Repeat(convert[T](net.Head[2].Weight), maxAtomTile),
	}
	for k := range net.Blocks {
		from, block := &net.Blocks[k], &w.blocks[k]
		updateParts := net.UpdateParts(k)
		block.parts, block.gated = len(net.FilterParts(k)), len(updateParts) == allParts
		block.update = [2]dense[T]{newDense[T](&from.Update[0], 1, 0), newDense[T](&from.Update[1], allParts, updateParts...)}
		for i := range block.mixing {
			copy(block.mixing[i][:], convert[T](from.Mixing[i][:]))
		}
		if filters == Exact {
			block.exact = newExactFilter[T](net, k)
		}
	}
	if filters == Table {
		var tables []*cpu.Table[T]
		tables, w.intervals = newTables[T](net)
		for k, t := range tables {
			w.blocks[k].table = t
		}
	}
	for i := range net.Head {
		w.head[i] = newDense[T](&net.Head[i], 1, 0)
	}
	return w
}
