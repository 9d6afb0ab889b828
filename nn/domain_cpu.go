package nn

import (
	"context"

	"painless/atoms"
	"painless/kernels/cpu"
)

// cpuDomain is a domain on the CPU.
type cpuDomain struct {
	engine *cpuEngine[float32]
	stage  stage  // the exchange that rows are of
	shells shells // of Recompute

	// Of rows that are packed or unpacked, tile by tile.
	rows                 []float32
	packed               []int32
	first, end           int // ghosts
	packTile, unpackTile func(worker, unit int)
}

func newCPUDomain(e *cpuEngine[float32]) *cpuDomain {
	d := &cpuDomain{engine: e}
	e.list.Places = false // own atoms stand before ghosts, in the host's order
	d.packTile, d.unpackTile = d.packSome, d.unpackSome
	return d
}

func (d *cpuDomain) Close() error { return d.engine.Close() }

func (d *cpuDomain) begin(b *atoms.Batch, own int, pairs [][2]int32) error {
	e := d.engine
	e.pool.Begin()
	defer e.pool.End()
	if pairs == nil {
		if err := e.list.BuildOn(e.pool, b, e.cutoff); err != nil {
			return err
		}
		e.list.DropGhosts(own)
	} else if err := e.list.TakeOn(e.pool, b.Positions, pairs, e.cutoff); err != nil {
		return err
	}
	e.numbers, e.own = b.Numbers, own
	e.grow(b.Start, e.list.Start)
	e.locate()
	return nil
}

func (d *cpuDomain) do(ctx context.Context, s step) error {
	d.stage = s.stage
	d.engine.pool.Begin()
	defer d.engine.pool.End()
	return d.engine.do(ctx, s, nil, nil)
}

// exchanged is what the exchange is of, in the atoms' rows.
func (d *cpuDomain) exchanged() cpu.State[float32] {
	if d.stage == exchangeStates {
		return d.engine.before(d.engine.block)
	}
	return d.engine.g
}

func (d *cpuDomain) pack(to []float32, list []int32) error {
	d.rows, d.packed = to, list
	d.engine.pool.Run(ceilDiv(len(list), exchangeTile), d.packTile)
	return nil
}

func (d *cpuDomain) packSome(_, unit int) {
	e, lo, hi := d.engine, unit*exchangeTile, min((unit+1)*exchangeTile, len(d.packed))
	cpu.PackRows(d.rows[lo*4*e.h:hi*4*e.h], d.exchanged(), d.packed[lo:hi], len(e.energy), e.h, 4*len(d.rows) > cached)
}

func (d *cpuDomain) unpack(from []float32, first, n int) error {
	d.rows, d.first, d.end = from, first, first+n
	d.engine.pool.Run(ceilDiv(n, exchangeTile), d.unpackTile)
	return nil
}

func (d *cpuDomain) unpackSome(_, unit int) {
	e, lo, hi := d.engine, unit*exchangeTile, min((unit+1)*exchangeTile, d.end-d.first)
	cpu.UnpackRows(d.exchanged(), d.rows[lo*4*e.h:hi*4*e.h], d.first+lo, hi-lo, len(e.energy), e.h)
}

// exchangeTile is the rows that are packed or unpacked at a time.
const exchangeTile = 256

// cached is the bytes of rows above which they are packed past the caches: they would not be there any more when they
// are sent. A core's share of the third level is of this size.
const cached = 4 << 20

func (d *cpuDomain) finish(r *DomainResult) error {
	e := d.engine
	for i, energy := range e.energy[:e.own] {
		r.AtomEnergy[i] = float64(energy)
		r.Energy += float64(energy)
	}
	if !e.energyOnly {
		e.pool.Begin()
		e.pairGradients(e.list.Start, 0)
		e.pool.End()
		d.scatter(r)
	}
	return nil
}

// scatter gives own atoms their shares of the pairs' forces and virials, in the
// order of the pairs.
func (d *cpuDomain) scatter(r *DomainResult) {
	e := d.engine
	list, shares := e.list, r.AtomVirial
	for p, g := range e.forces[:len(list.D)] {
		var w [3][3]float64 // half of the pair's
		for a := range 3 {
			for b := range 3 {
				w[a][b] = -0.5 * float64(g[a]) * float64(list.X[p][b])
			}
		}
		for side, i := range [2]int32{list.I[p], list.J[p]} {
			if int(i) >= e.own {
				continue
			}
			sign := float64(1 - 2*side)
			for a := range 3 {
				r.Forces[i][a] += sign * float64(g[a])
				for b := range 3 {
					r.Virial[a][b] += w[a][b]
				}
			}
			if r.AtomVirials {
				for a := range 3 {
					for b := range 3 {
						shares[i][a][b] += w[a][b]
					}
				}
			}
		}
	}
}
