package train

import (
	"painless/internal/buffer"
	"painless/kernels/cpu"
)

// states is the scalars and vectors of a shard's atoms, in groups of GroupWidth
// features that lie one after another, as the network goes on. Per block k:
type states[T cpu.Float] struct {
	s   [][]T // before block k, and after the last one; [K+1][groups][N, h]
	v   [][]T // before block k, nil for the first; [K][groups][N, 3, h]
	mid [][]T // vectors between message and update; [K][groups][N, 3, h]
}

// before is the state before block k, and after the one between its message and its
// update, where the message adds and the update then changes S alone.
func (a *states[T]) before(k int) cpu.State[T] { return cpu.State[T]{S: a.s[k], V: a.v[k]} }
func (a *states[T]) after(k int) cpu.State[T]  { return cpu.State[T]{S: a.s[k+1], V: a.mid[k]} }

func (a *states[T]) grow(blocks, n int) {
	if a.s == nil {
		a.s, a.v, a.mid = make([][]T, blocks+1), make([][]T, blocks), make([][]T, blocks)
	}
	for k := range blocks {
		a.s[k+1], a.mid[k] = buffer.Resize(a.s[k+1], n), buffer.Resize(a.mid[k], 3*n)
		if k > 0 {
			a.v[k] = buffer.Resize(a.v[k], 3*n)
		}
	}
	a.s[0] = buffer.Resize(a.s[0], n)
}

// worker is a thread's memory for the shard at hand.
type worker[T cpu.Float] struct {
	*Engine[T]
	shard *shard[T]
	n     int   // atoms
	start []int // of the samples' atoms, [S+1]
	from  []int // of the samples' pairs, [S+1]

	pairs     cpu.Pairs[T]
	knots     []cpu.Knot[T]     // where the pairs lie among the filters' knots, [P]
	rates     []cpu.PairRate[T] // of the pairs along the direction, [P]
	pairGrads []cpu.PairGrad[T] // ∂E/∂ of the pairs, [P]

	value, rate states[T]
	updates     []chainState[T] // x = [s ; |v|], y = [a ; g1 ; g2]; [K]
	gates       [][]T           // g1 and g2, and their rates; [K][2, N, 2H]
	head        chainState[T]

	// The state's gradients. g is ∂E/∂ of values, which is ∂L/∂ of their rates.
	gAfter []cpu.State[T] // after block k; [K]
	gMid   []cpu.State[T] // between its message and its update; [K]
	l, lin cpu.State[T]   // ∂L/∂ of values, where the way back has come to

	forces  [][3]float64 // eV/Å, [N]
	virials [][9]float64 // ∂E/∂ε, eV, [S]
	motion  [][3]float64 // ṙ = −∂L/∂F, [N]

	tile  tile[T]
	exact []exactFilter[T] // [K]
}

// pairTile is how many pairs' filters are at hand at a time.
const pairTile = 32

// tile is what belongs to a tile of pairs and a group of features, [pairTile, 3, GroupWidth].
type tile[T cpu.Float] struct{ phi, slope, gphi, gslope []T }

func newWorker[T cpu.Float](e *Engine[T]) *worker[T] {
	blocks := len(e.network.updates)
	w := &worker[T]{
		Engine: e, updates: make([]chainState[T], blocks), gates: make([][]T, blocks),
		gAfter: make([]cpu.State[T], blocks), gMid: make([]cpu.State[T], blocks),
	}
	for _, x := range []*[]T{&w.tile.phi, &w.tile.slope, &w.tile.gphi, &w.tile.gslope} {
		*x = make([]T, pairTile*3*cpu.GroupWidth)
	}
	if e.options.Exact {
		w.exact = make([]exactFilter[T], blocks)
	}
	return w
}

// load takes a shard's samples: makes room, and sets their pairs in T.
func (w *worker[T]) load(s *shard[T]) {
	w.shard = s
	clear(s.gradient)
	for _, x := range s.splines {
		x.Clear(w.span.lo, w.span.hi)
	}
	w.start, w.from = append(w.start[:0], 0), append(w.from[:0], 0)
	n, p := 0, 0
	for _, x := range s.samples {
		n, p = n+len(x.Numbers), p+len(x.pairs.D)
		w.start, w.from = append(w.start, n), append(w.from, p)
	}
	w.grow(n, p)
	for k, x := range s.samples {
		first := int32(w.start[k])
		for i, d := range x.pairs.D {
			at, v := w.from[k]+i, x.pairs.X[i]
			w.pairs.Set(at, first+x.pairs.I[i], first+x.pairs.J[i], [3]T{T(v[0]), T(v[1]), T(v[2])}, T(d))
		}
	}
	w.pairs.Direct(0, p)
	cpu.PlaceKnots(w.knots, w.pairs.D, w.perLength, w.intervals)
	clear(w.pairGrads)
	for k := range w.exact {
		w.exact[k].at(w.network.filters[k], &w.rbf, w.pairs.D)
	}
}

func (w *worker[T]) grow(n, p int) {
	h, blocks := w.h, len(w.updates)
	w.n = n
	w.pairs.Resize(p)
	w.pairs.U, w.knots = buffer.Resize(w.pairs.U, p), buffer.Resize(w.knots, p)
	w.rates, w.pairGrads = buffer.Resize(w.rates, p), buffer.Resize(w.pairGrads, p)
	w.value.grow(blocks, n*h)
	w.rate.grow(blocks, n*h)
	for k := range blocks {
		w.updates[k].grow(w.network.updates[k], n)
		if w.network.gated(k) {
			w.gates[k] = buffer.Resize(w.gates[k], 2*n*2*h)
		}
	}
	w.head.grow(w.network.head, n)
	room := func(a *cpu.State[T]) { a.S, a.V = buffer.Resize(a.S, n*h), buffer.Resize(a.V, 3*n*h) }
	for k := range blocks {
		room(&w.gAfter[k])
		room(&w.gMid[k])
	}
	room(&w.l)
	room(&w.lin)
	w.forces, w.motion = buffer.Resize(w.forces, n), buffer.Resize(w.motion, n)
	w.virials = buffer.Resize(w.virials, len(w.start)-1)
}

// features is the features of a group: lo up to hi.
func (w *worker[T]) features(group int) (lo, hi int) {
	return group * cpu.GroupWidth, min((group+1)*cpu.GroupWidth, w.h)
}

// group is a group of features of a state, and how many they are.
func (w *worker[T]) group(a cpu.State[T], group int) (part cpu.State[T], h int) {
	lo, hi := w.features(group)
	part.S = a.S[w.n*lo : w.n*hi]
	if a.V != nil {
		part.V = a.V[3*w.n*lo : 3*w.n*hi]
	}
	return part, hi - lo
}
