package nn

import (
	"context"

	"painless/atoms"
	"painless/internal/buffer"
)

// shells is the atoms and the pairs of a domain in the order in which the blocks need
// them: shell h is the atoms that are h pairs away from an own one, and pairs go with
// the nearer of their atoms. What a block needs is then the first of either.
type shells struct {
	given *atoms.NeighborList[float32] // the pairs as they were found

	of    []int   // the shell of each atom, [n]
	order []int32 // the atom of each place, [atoms]
	place []int32 // of each atom that has one, [n]

	atoms, pairs []int // how many the shells 0 to h have, [K+1]

	numbers          []int  // of the places
	atomEnd, pairEnd [2]int // 0, and the atoms and pairs of the running stage
	outer            [2]int // atoms that its message adds rubbish to
	forces           [][3]float64
	virials          [][3][3]float64
	clear            func(worker, group int)
}

// reach puts atoms into shells, up to as many as there are blocks; the others are of none.
func (s *shells) reach(own []bool, blocks int) {
	list := s.given
	s.of = buffer.Resize(s.of, len(own))
	for i, is := range own {
		s.of[i] = blocks + 1
		if is {
			s.of[i] = 0
		}
	}
	for h := range blocks {
		for p, i := range list.I {
			a, b := &s.of[i], &s.of[list.J[p]]
			if *a == h {
				*b = min(*b, h+1)
			} else if *b == h {
				*a = min(*a, h+1)
			}
		}
	}
}

// sort puts atoms, and then pairs into list, in the order of shells, and within one as they were.
func (s *shells) sort(list *atoms.NeighborList[float32], blocks int) {
	s.atoms, s.pairs = buffer.Resize(s.atoms, blocks+1), buffer.Resize(s.pairs, blocks+1)
	next := s.atoms // where the next of a shell goes, and at last where it ends
	clear(next)
	for _, h := range s.of {
		if h < blocks {
			next[h+1]++
		}
	}
	for h := range blocks {
		next[h+1] += next[h]
	}
	s.order, s.place = buffer.Resize(s.order, len(s.of)), buffer.Resize(s.place, len(s.of))
	for i, h := range s.of {
		if h <= blocks {
			s.order[next[h]], s.place[i] = int32(i), int32(next[h])
			next[h]++
		}
	}
	s.order = s.order[:next[blocks]]

	next = s.pairs
	clear(next)
	nearer := func(p int) int { return min(s.of[s.given.I[p]], s.of[s.given.J[p]]) }
	for p := range s.given.I {
		if h := nearer(p); h < blocks {
			next[h+1]++
		}
	}
	for h := range blocks {
		next[h+1] += next[h]
	}
	list.Resize(next[blocks])
	for p, i := range s.given.I {
		if h := nearer(p); h < blocks {
			list.Set(next[h], s.place[i], s.place[s.given.J[p]], s.given.X[p], s.given.D[p])
			next[h]++
		}
	}
	list.Start = append(list.Start[:0], 0, len(list.D))
}

// recompute is Domain.Recompute.
func (d *cpuDomain) recompute(ctx context.Context, b *atoms.Batch, own []bool, pairs [][2]int32, schedule []step, r *DomainResult) error {
	e, s, blocks := d.engine, &d.shells, len(d.engine.weights.blocks)
	if s.given == nil {
		s.given, s.clear = &atoms.NeighborList[float32]{}, d.clearOuter
	}
	e.pool.Begin()
	defer e.pool.End()
	var err error
	if pairs == nil {
		err = s.given.BuildOn(e.pool, b, e.cutoff)
	} else {
		err = s.given.TakeOn(e.pool, b.Positions, pairs, e.cutoff)
	}
	if err != nil {
		return err
	}
	s.reach(own, blocks)
	s.sort(e.list, blocks)
	s.numbers = buffer.Resize(s.numbers, len(s.order))
	for place, atom := range s.order {
		s.numbers[place] = b.Numbers[atom]
	}
	e.numbers, s.atomEnd, s.pairEnd = s.numbers, [2]int{0, len(s.order)}, [2]int{0, len(e.list.D)}
	e.grow(s.atomEnd[:], s.pairEnd[:])
	e.locate()
	for _, step := range schedule {
		if err := ctx.Err(); err != nil {
			return err
		}
		if step.stage == collect {
			break
		}
		d.narrow(step, blocks-1-step.block)
		if err := e.do(ctx, step, nil, nil); err != nil {
			return err
		}
	}
	s.pairEnd[1] = len(e.list.D)
	d.collectAll(r)
	return nil
}

// narrow leaves a stage the atoms that have news from it, the shells up to h, and the
// pairs of them. The message adds to the next shell too, of which nobody reads it: on the
// way back that is to say that its gradient is 0.
func (d *cpuDomain) narrow(at step, h int) {
	e, s := d.engine, &d.shells
	e.own = s.atoms[h]
	if at.stage == message || at.stage == messageBackward {
		s.atomEnd[1], s.pairEnd[1] = s.atoms[h+1], s.pairs[h]
	}
	if at.stage == messageBackward {
		s.outer = [2]int{s.atoms[h], s.atoms[h+1]}
		e.pool.Run(len(e.pairGrads), s.clear)
	}
}

func (d *cpuDomain) clearOuter(_, group int) {
	e := d.engine
	p := e.piece(group, d.shells.outer[0], d.shells.outer[1])
	clear(e.g.S[p.from:p.to])
	clear(e.g.V[3*p.from : 3*p.to])
}

// collectAll makes the results of all atoms.
func (d *cpuDomain) collectAll(r *DomainResult) {
	e, s := d.engine, &d.shells
	for place, atom := range s.order[:s.atoms[0]] {
		energy := float64(e.energy[place])
		r.AtomEnergy[atom] = energy
		r.Energy += energy
	}
	if e.energyOnly {
		return
	}
	e.pairGradients(e.list.Start, 0)
	addVirials(&r.Virial, e.spans)
	s.forces = buffer.Resize(s.forces, len(s.order))
	clear(s.forces)
	e.scatter(s.forces, 0, len(e.list.D))
	for place, atom := range s.order {
		r.Forces[atom] = s.forces[place]
	}
	if !r.AtomVirials {
		return
	}
	s.virials = buffer.Resize(s.virials, len(s.order))
	clear(s.virials)
	e.shareVirials(s.virials, 0, len(e.list.D))
	for place, atom := range s.order {
		r.AtomVirial[atom] = s.virials[place]
	}
}
