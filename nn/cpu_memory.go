package nn

import (
	"slices"

	"painless/internal/buffer"
	"painless/kernels/cpu"
)

// activations is what the forward pass leaves for the backward one. States are
// cut into groups of GroupWidth features, which lie one after another, so that
// what a message works on lies in one piece. Per block k:
type activations[T cpu.Float] struct {
	s     [][]T // scalars before block k, and after the last one; [K+1][groups][N, h]
	v     [][]T // vectors before block k, nil for the first; [K][groups][N, 3, h]
	mid   [][]T // vectors between message and update; [K][groups][N, 3, h]
	pre   [][]T // hidden layer of the update network before its SiLU; [K][N, H]
	gates [][]T // g1 and g2, nil for the last; [K][N, 2H]

	energy []T // of each atom, eV, [N]
}

// gradients is what the backward pass carries: ∂E/∂ of the state at the stage
// that it has come down to, and of the pairs, summed over blocks.
type gradients[T cpu.Float] struct {
	g, gin    cpu.State[T]        // in groups
	pairGrads [][]cpu.PairGrad[T] // one a group of features, [groups][P]
	forces    [][3]T              // ∂E/∂x of the pairs, [P]
}

// chunk is the pairs whose exact φ is at hand, from start on.
type chunk[T cpu.Float] struct {
	start, end int
	filter     cpu.Filter[T]
}

// Sizes of the units that the pool hands out; the results do not depend on them.
const (
	maxAtomTile = 48   // atoms of an update
	pairTile    = 32   // pairs whose exact φ is computed at a time
	locateTile  = 256  // pairs whose directions and places in the tables are found at a time
	chunkSize   = 2048 // pairs whose exact φ is computed, used and forgotten
)

// scratch is a worker's own memory.
type scratch[T cpu.Float] struct {
	tile   cpu.Tile[T]
	hidden []T // [maxAtomTile, H]
	input  []T // [maxAtomTile, 2H]
	output []T // [maxAtomTile, 3H]
	exact  exactScratch[T]
}

// grow makes room for structures: the atoms of structure k are atomStart[k] up to
// atomStart[k+1], and its pairs pairStart[k] up to pairStart[k+1].
func (e *cpuEngine[T]) grow(atomStart, pairStart []int) {
	e.atomStart, e.pairStart = atomStart, pairStart
	h, n, p := e.h, atomStart[len(atomStart)-1], pairStart[len(pairStart)-1]
	last := len(e.weights.blocks)
	for k := range last {
		e.s[k], e.mid[k], e.pre[k] = buffer.Resize(e.s[k], n*h), buffer.Resize(e.mid[k], n*3*h), buffer.Resize(e.pre[k], n*h)
		if k > 0 {
			e.v[k] = buffer.Resize(e.v[k], n*3*h)
		}
		if e.weights.blocks[k].gated {
			e.gates[k] = buffer.Resize(e.gates[k], n*2*h)
		}
	}
	e.s[last], e.energy = buffer.Resize(e.s[last], n*h), buffer.Resize(e.energy, n)
	if !e.energyOnly {
		e.growGradients(n, p)
	}
	e.pairs.U = buffer.Resize(e.pairs.U, p)
	if e.weights.intervals > 0 {
		e.knots = buffer.Resize(e.knots, p)
	}
	// Waking threads takes some microseconds a stage: small structures do without.
	e.pool.Alone = int64(p+8*n)*int64(h*last) < 30_000
	// As few tiles as give all threads the same work: each reads all weights.
	shares := e.pool.Threads()
	if e.pool.Alone {
		shares = 1
	}
	shares *= max(1, ceilDiv(n, maxAtomTile*shares))
	e.atomTile = min(maxAtomTile, max(1, ceilDiv(ceilDiv(n, shares), 6))*6)
	e.part()
}

// part shares many structures out among the threads by their pairs, so that a thread
// finds in a message what it made in an update, and there is work for more threads
// than there are groups of features. Where a part would be larger than its due by more
// than an eighth, all structures are one.
func (e *cpuEngine[T]) part() {
	last := len(e.pairStart) - 1
	pairs, threads := e.pairStart[last], e.pool.Threads()
	e.parts = append(e.parts[:0], 0)
	if !e.pool.Alone && e.weights.intervals > 0 && last > threads {
		for t := 1; t < threads; t++ {
			k, _ := slices.BinarySearch(e.pairStart, pairs*t/threads)
			if (e.pairStart[k]-e.pairStart[e.parts[t-1]])*threads*8 > pairs*9 {
				e.parts = e.parts[:1]
				break
			}
			e.parts = append(e.parts, k)
		}
	}
	e.parts = append(e.parts, last)
}

func (e *cpuEngine[T]) growGradients(n, p int) {
	for _, g := range []*cpu.State[T]{&e.g, &e.gin} {
		g.S, g.V = buffer.Resize(g.S, n*e.h), buffer.Resize(g.V, n*3*e.h)
	}
	for i := range e.pairGrads {
		e.pairGrads[i] = buffer.Resize(e.pairGrads[i], p)
	}
	e.forces = buffer.Resize(e.forces, p)
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }
