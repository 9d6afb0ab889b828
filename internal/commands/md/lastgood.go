package md

import (
	"fmt"
	"slices"

	"painless/data/trajectory"
	"painless/md"
)

// good is how the replicas stood when they were last within their limits, in
// memory of its own.
type good struct {
	samples []sample
	frames  []trajectory.Frame
}

// keep remembers how all replicas stand.
func (g *good) keep(d *md.Dynamics) {
	g.samples = samples(g.samples[:0], d)
	g.frames = slices.Grow(g.frames[:0], d.System.Len())[:d.System.Len()]
	for k := range g.frames {
		g.frames[k].Copy(frame(d, k))
	}
}

// writeLast writes how a replica that leaves last stood within its limits, where
// that is not written already, and says so.
func (o *outputs) writeLast(id int, g *good) (said string, err error) {
	k := slices.IndexFunc(g.samples, func(s sample) bool { return s.replica == id })
	if k < 0 {
		return "", nil
	}
	s := &g.samples[k]
	if o.logged < s.step {
		if err := o.add(*s); err != nil {
			return "", err
		}
	}
	w := o.writers[id]
	if w == nil {
		return fmt.Sprintf("; within its limits last at step %d", s.step), nil
	}
	path := trajectory.ReplicaPath(o.settings.trajectory, id, o.replicas)
	if w.LastStep() < s.step {
		if err := w.Write(&g.frames[k]); err != nil {
			return fmt.Sprintf("; last good frame: step %d of %s, as step %d has no place there: %v", w.LastStep(), path, s.step, err), nil
		}
	}
	return fmt.Sprintf("; last good frame: step %d in %s", s.step, path), nil
}
