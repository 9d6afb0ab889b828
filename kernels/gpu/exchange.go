package gpu

import (
	"fmt"
	"math"
)

type exchangeKernels struct{ place, pack entry }

func (k *exchangeKernels) stem() stem {
	k.place, k.pack = entry{name: "place_edges", threads: blockThreads}, entry{name: "pack_rows", threads: blockThreads}
	return stem{"exchange.ptx", []*entry{&k.place, &k.pack}}
}

// LoadExchange loads the kernels that a part of a system needs, whose ghosts are atoms of others.
func (k *Kernels) LoadExchange() error { return k.load(k.exchanges.stem()) }

// PlaceEdges makes edges of displacements {x, y, z, bits of j}, Å, to atom j from the one that Spans has them by,
// at most cutoff long, and places their distances in a table of so many intervals on [0, cutoff].
func (k *Kernels) PlaceEdges(e *Edges, displacements Array[[4]float32], cutoff float32, intervals int) error {
	n := displacements.n
	if n > math.MaxInt32 {
		return fmt.Errorf("place edges: %d, expected at most %d", n, math.MaxInt32)
	}
	if err := sized("place edges", length{"A", e.A.n, n}, length{"B", e.B.n, n}); err != nil || n == 0 {
		return err
	}
	return k.run(&k.exchanges.place, blocks(n), e.A.arg(), e.B.arg(), displacements.arg(), integer(n), double(float64(intervals)/float64(cutoff)), integer(intervals))
}

// PackRows copies the rows of a list of atoms, each below N, out of their state [N, h] to rows [len(list), h].
func (k *Kernels) PackRows(rows, state State, list Array[int32], h int) error {
	if err := sized("pack rows", length{"rows", rows.n, list.n * h}); err != nil || list.n == 0 {
		return err
	}
	return k.run(&k.exchanges.pack, blocks(list.n*h), rows.arg(), state.arg(), list.arg(), integer(list.n), integer(h))
}
