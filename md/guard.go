package md

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"painless/atoms"
	"painless/internal/vec"
)

// Limits is what a simulation may not exceed. One that is infinite never ends a run.
// One of 0 is what it was, where the simulation has been watched before, as one that
// Restore goes on with, and else a usual one.
type Limits struct {
	Temperature float64 // K; usually ten times what is wanted, and at least 3000
	Drift       float64 // eV an atom, of the conserved energy since the start; usually 0.1
	Distance    float64 // Å, of the closest pair; usually 0.4, at most LargestDistance
	Force       float64 // eV/Å, on any atom; usually 100
	// Cutoff of the potential, Å: pairs that crossed it are named as a cause. 0
	// where the potential has none, or vanishes there.
	Cutoff float64
	// Pair tells what is known of the potential between two atoms of these atomic
	// numbers alone; nil where nothing is.
	Pair func(a, b int) (known PairFaults, ok bool)
}

// PairFaults is what two atoms and nothing else show of a potential.
type PairFaults struct {
	Jump float64 // eV: the energy just inside the cutoff minus that just outside
	Wall float64 // eV: the highest energy at distances shorter than that of the lowest, from it
}

// pair is what is known of two elements.
func (l *Limits) pair(a, b int) (known PairFaults, ok bool) {
	if l.Pair == nil {
		return PairFaults{}, false
	}
	return l.Pair(a, b)
}

// usualDistance, Å, is of the closest pair: below it is no bond.
const usualDistance = 0.4

// LargestDistance, Å, is what Distance may be at most: all pairs within it can be listed.
const LargestDistance = 5.0

// withDefaults returns the limits with those of before, or usual ones, in place of zeros.
func (l Limits) withDefaults(before *Limits, s *Settings) Limits {
	l.Temperature = cmp.Or(l.Temperature, before.Temperature, max(3000, 10*max(s.Temperature.From, s.Temperature.To)))
	l.Drift, l.Distance, l.Force = cmp.Or(l.Drift, before.Drift, 0.1), cmp.Or(l.Distance, before.Distance, usualDistance), cmp.Or(l.Force, before.Force, 100)
	return l
}

// numbers is the limits, without what is known of the potential.
func (l *Limits) numbers() []*float64 {
	return []*float64{&l.Temperature, &l.Drift, &l.Distance, &l.Force}
}

// check says which limit nothing can be held to.
func (l *Limits) check() error {
	for i, x := range l.numbers() {
		if !(*x > 0) {
			of := []string{"temperature, K", "conserved energy's change, eV an atom", "closest pair, Å", "forces, eV/Å"}[i]
			return fmt.Errorf("limit %v of the %s: expected more than 0", *x, of)
		}
	}
	if l.Distance > LargestDistance {
		return fmt.Errorf("limit %v of the closest pair, Å: expected at most %v", l.Distance, LargestDistance)
	}
	if !(l.Cutoff >= 0) || math.IsInf(l.Cutoff, 0) {
		return fmt.Errorf("cutoff %v Å of the potential: expected 0 or more", l.Cutoff)
	}
	return nil
}

// Guard watches a simulation, and remembers how things stood when all was well.
type Guard struct {
	limits Limits
	close  atoms.NeighborList[float64]
	seen   atoms.Batch // at the last look
	step   int64
	before map[int]float64 // conserved energies then, eV
}

// NewGuard begins to watch a simulation whose forces were computed. The limits, and
// the conserved energies when the first guard of all began, which their change is
// measured from, belong to the simulation from then on: Save writes them, and a guard
// after Restore goes on with them. Limits that nothing can be held to are errors.
func NewGuard(d *Dynamics, limits Limits) (*Guard, error) {
	limits = limits.withDefaults(&d.limits, &d.Settings)
	if err := limits.check(); err != nil {
		return nil, err
	}
	if !d.computed {
		return nil, errors.New("expected forces that were computed, found none")
	}
	d.limits = limits
	g := &Guard{limits: limits, before: map[int]float64{}}
	for k := range d.replicas {
		if r := &d.replicas[k]; r.Watched == nil {
			energy := d.Conserved(k)
			r.Watched = &energy
		}
	}
	g.look(d)
	return g, nil
}

// look remembers how things stand.
func (g *Guard) look(d *Dynamics) {
	g.seen.Copy(&d.System.Batch)
	g.step = d.Step
	for k, id := range d.System.Replicas {
		g.before[id] = d.Conserved(k)
	}
}

// Drift returns by how much structure k's conserved energy has changed since the first
// guard of the simulation began, eV.
func (g *Guard) Drift(d *Dynamics, k int) float64 {
	return d.Conserved(k) - *d.replicas[k].Watched
}

// Alarm is a replica that is not well, and why in a sentence.
type Alarm struct {
	Structure int // in the system
	Err       error
}

// Check looks at all replicas. It returns those that are not well, the last
// structure first, for Dynamics.FailAll.
func (g *Guard) Check(d *Dynamics) (alarms []Alarm) {
	s := d.System
	closest, err := closestPairs(&g.close, &s.Batch, g.limits.Distance)
	unlisted, other := structureError(err)
	for k := s.Len() - 1; k >= 0; k-- {
		err := other // of all: nothing can be looked at
		if err == nil && unlisted.Err != nil && unlisted.Index == k {
			err = unlisted.Err
		}
		if p, ok := closest[k]; ok {
			err = errors.New(g.limits.near(p, s.Numbers[s.Start[k]:]))
		} else if err == nil {
			if what, heat := g.what(d, k); what != "" {
				err = errors.New(what + g.cause(d, k, heat))
			}
		}
		if err != nil {
			alarms = append(alarms, Alarm{k, err})
		}
	}
	if len(alarms) == 0 {
		g.look(d)
	}
	return alarms
}

// what is beyond its limit in structure k, in words, and the energy that came into it if it
// is a temperature, eV; "" where nothing is.
func (g *Guard) what(d *Dynamics, k int) (text string, heat float64) {
	s, l := d.System, &g.limits
	largest, atom := 0.0, 0
	for i := s.Start[k]; i < s.Start[k+1]; i++ {
		if f := vec.Dot(s.Result.Forces[i], s.Result.Forces[i]); !(f <= largest) {
			largest, atom = f, i
			if math.IsNaN(f) {
				break
			}
		}
	}
	if force := math.Sqrt(largest); !(force <= l.Force) {
		return fmt.Sprintf("the force on atom %d (%s) is %.3g eV/Å: expected at most %.3g", atom-s.Start[k], atoms.Symbol(s.Numbers[atom]), force, l.Force), 0
	}
	if t := d.Temperature(k); !(t <= l.Temperature) {
		return fmt.Sprintf("the temperature is %.0f K: expected at most %.0f", t, l.Temperature), s.KineticEnergy(k)
	}
	n := float64(s.Start[k+1] - s.Start[k])
	if drift := g.Drift(d, k) / max(n, 1); !(math.Abs(drift) <= l.Drift) {
		return fmt.Sprintf("the conserved energy has changed by %.3g eV an atom: expected at most %.3g", drift, l.Drift), 0
	}
	return "", 0
}

// pair is two atoms of a structure, counted within it.
type pair struct {
	i, j int
	d    float64 // Å
}

// near says that two atoms are too near, and what there is against it.
func (l *Limits) near(p pair, numbers []int) string {
	a, b := numbers[p.i], numbers[p.j]
	elements := [2]string{atoms.Symbol(a), atoms.Symbol(b)}
	text := fmt.Sprintf("atoms %d (%s) and %d (%s) are %.2f Å apart: ", p.i, elements[0], p.j, elements[1], p.d)
	switch known, ok := l.pair(a, b); {
	case ok && known.Wall <= 0:
		return text + fmt.Sprintf("nothing in the potential keeps %s and %s apart", elements[0], elements[1])
	case p.d >= usualDistance: // bonds can be: it says nothing of the potential
		return text + fmt.Sprintf("expected at least %v", l.Distance)
	case !ok:
		return text + "has the potential a wall there?"
	default:
		return text + fmt.Sprintf("beyond the potential's wall of %.2g eV between %s and %s", known.Wall, elements[0], elements[1])
	}
}

// closestPairs is the pairs within a distance, the closest of each structure.
func closestPairs(list *atoms.NeighborList[float64], b *atoms.Batch, within float64) (found map[int]pair, err error) {
	if err := list.Build(b, within); err != nil || len(list.D) == 0 {
		return nil, err
	}
	found = map[int]pair{}
	for k := range b.Len() {
		for p := list.Start[k]; p < list.Start[k+1]; p++ {
			if before, ok := found[k]; !ok || list.D[p] < before.d {
				found[k] = pair{int(list.I[p]) - b.Start[k], int(list.J[p]) - b.Start[k], list.D[p]}
			}
		}
	}
	return found, nil
}

// crossing is two atoms that crossed the cutoff.
type crossing struct {
	i, j     int32
	elements string
	jump     float64 // eV; 0 where it is not known
	known    bool
}

// cause names the pairs that crossed the cutoff since the last look, and by how
// much the conserved energy changed meanwhile, which jumps must explain, and a temperature's
// heat with it.
func (g *Guard) cause(d *Dynamics, k int, heat float64) string {
	if g.limits.Cutoff == 0 || g.seen.Len() != d.System.Len() { // a replica left since the last look
		return ""
	}
	crossed := g.crossed(d, k)
	if len(crossed) == 0 {
		return ""
	}
	worst, sum, known := crossed[0], 0.0, true
	for _, c := range crossed {
		known = known && c.known
		sum += math.Abs(c.jump)
		if math.Abs(c.jump) > math.Abs(worst.jump) {
			worst = c
		}
	}
	change := d.Conserved(k) - g.before[d.System.Replicas[k]]
	const many, part = 8, 0.1 // pairs; of the change that jumps must explain to be its cause
	tooLong := fmt.Sprintf("; is the time step of %v fs too long, or has the structure come apart?", d.Settings.TimeStep)
	switch {
	case math.Abs(change) < part*heat, known && sum < part*math.Abs(change), !known && len(crossed) > many:
		return tooLong
	case len(crossed) > many:
		return fmt.Sprintf("; likely cause: the energy jumps when a pair crosses the cutoff of %.4g Å, by %.2g eV for %s, and %d pairs did between the steps %d and %d",
			g.limits.Cutoff, math.Abs(worst.jump), worst.elements, len(crossed), g.step, d.Step)
	}
	const few = 3
	var names []string
	for _, c := range crossed[:min(few, len(crossed))] {
		names = append(names, fmt.Sprintf("%d–%d (%s)", c.i, c.j, c.elements))
	}
	if n := len(crossed) - few; n > 0 {
		names = append(names, fmt.Sprintf("%d more", n))
	}
	jump := "may jump"
	if known {
		jump = fmt.Sprintf("jumps %.2g eV (%s)", math.Abs(worst.jump), worst.elements)
	}
	return fmt.Sprintf("; likely cause: the energy %s when a pair crosses the cutoff of %.4g Å; between the steps %d and %d the pairs %s did, and the conserved energy changed by %.3g eV",
		jump, g.limits.Cutoff, g.step, d.Step, strings.Join(names, ", "), change)
}

// crossed is the pairs of structure k that crossed the cutoff since the last look.
func (g *Guard) crossed(d *Dynamics, k int) (crossed []crossing) {
	old, errOld := g.within(&g.seen, k)
	now, errNow := g.within(&d.System.Batch, k)
	if errOld != nil || errNow != nil { // nothing is known
		return nil
	}
	numbers := d.System.Numbers[d.System.Start[k]:]
	for _, sets := range [][2]map[[2]int32]int{{old, now}, {now, old}} {
		for p, times := range sets[0] {
			if sets[1][p] < times {
				a, b := numbers[p[0]], numbers[p[1]]
				c := crossing{i: p[0], j: p[1], elements: atoms.Symbol(a) + "–" + atoms.Symbol(b)}
				var known PairFaults
				known, c.known = g.limits.pair(a, b)
				c.jump = known.Jump
				crossed = append(crossed, c)
			}
		}
	}
	slices.SortFunc(crossed, func(a, b crossing) int { return cmp.Or(cmp.Compare(a.i, b.i), cmp.Compare(a.j, b.j)) })
	return crossed
}

// within counts the pairs of structure k within the cutoff, by their atoms.
func (g *Guard) within(b *atoms.Batch, k int) (pairs map[[2]int32]int, err error) {
	var list atoms.NeighborList[float64]
	if err := list.Build(atoms.NewBatch(b.Structure(k)), g.limits.Cutoff); err != nil {
		return nil, err
	}
	pairs = map[[2]int32]int{}
	for p := range list.D {
		pairs[[2]int32{list.I[p], list.J[p]}]++
	}
	return pairs, nil
}
