package main

import (
	"context"
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"time"
)

// comparison is a structure and a network that several systems compute.
type comparison struct {
	Model     string `json:"model"`
	Structure string `json:"structure"`
	Atoms     int    `json:"atoms"`
	Edges     int    `json:"edges"` // directed

	Seconds map[string][]float64 `json:"seconds"`          // of each entrant, a turn a number
	Ways    map[string]string    `json:"ways,omitempty"`   // in which an entrant was fastest
	Errors  map[string]string    `json:"errors,omitempty"` // of its other ways

	job       job
	reference *answer // painless's
}

// entrant is a system, in one of its variants, in comparisons.
type entrant struct {
	*peer
	name, variant string
	energyOnly    bool
}

const painlessEntrant = "painless"

func (b *bench) painless(p *peer) entrant { return entrant{peer: p, name: painlessEntrant} }

// comparisons is a model on the structures of all systems.
func (b *bench) comparisons(m model) (all []*comparison) {
	for _, s := range b.against {
		path, atoms, err := b.structure(s)
		if err != nil {
			b.failed("writing "+s.name, err)
			continue
		}
		all = append(all, &comparison{Model: m.name, Structure: s.name, Atoms: atoms, Seconds: map[string][]float64{}, Ways: map[string]string{}, Errors: map[string]string{},
			job: job{Checkpoint: m.path, Structure: path, Forces: true, Seconds: b.turnSeconds}})
	}
	b.Against = append(b.Against, all...)
	return all
}

// turn is an entrant's turn in a comparison, and whether it went well.
func (b *bench) turn(c *comparison, e entrant) bool {
	what := fmt.Sprintf("%s, %s (%d atoms), %s", c.Model, c.Structure, c.Atoms, e.name)
	j := c.job
	j.Variant = e.variant
	return b.ask(what, e.peer, j, func(a answer) error {
		if err := c.agrees(e, a); err != nil {
			return err
		}
		if e.name == painlessEntrant {
			c.reference, c.Edges = &a, a.Edges
		}
		if a.Way != "" {
			c.Ways[e.name] = a.Way
		}
		for way, message := range a.Errors {
			c.Errors[e.name+", "+way] = message
		}
		c.Seconds[e.name] = append(c.Seconds[e.name], median(a.Seconds))
		return nil
	})
}

// agrees checks that an entrant computes what painless does, where that has computed it.
func (c *comparison) agrees(e entrant, a answer) error {
	if !e.energyOnly && len(a.Forces) != c.Atoms {
		return fmt.Errorf("%d forces: expected %d", len(a.Forces), c.Atoms)
	}
	if c.reference == nil {
		return nil
	}
	energy := c.reference.Energy
	if !(math.Abs(a.Energy-energy) < 1e-4*math.Max(1, math.Abs(energy))) {
		return fmt.Errorf("the energy is %v eV: painless's is %v eV", a.Energy, energy)
	}
	if e.energyOnly {
		return nil
	}
	for i, f := range c.reference.Forces {
		for axis := range f {
			if !(math.Abs(f[axis]-a.Forces[i][axis]) < 1e-3) {
				return fmt.Errorf("the force on atom %d is %v eV/Å: painless's is %v eV/Å", i, a.Forces[i], f)
			}
		}
	}
	return nil
}

// contest times painless beside PyTorch's TorchScript and ONNX Runtime on the
// CPU, in turns, and then on one thread and on all.
func (b *bench) contest(ctx context.Context, models []model) {
	ours, one := b.ours(b.threads), b.ours(1)
	torch, onnx := b.torchPeer(), b.peer("ONNX Runtime", "node", "internal/dev/peers/onnx_peer.mjs", fmt.Sprint(b.threads))
	defer b.stop(ours, one, torch, onnx)
	entrants := []entrant{b.painless(ours), b.inTorch(torch, torchScript), {peer: onnx, name: "ONNX Runtime, energy only", energyOnly: true}}
	for _, m := range models {
		b.load(ours, m)
		graph := filepath.Join(b.folder, m.name+".onnx")
		turns := entrants
		if err := b.export(ctx, m, graph); err != nil {
			b.failed("exporting "+m.name+" to ONNX", err)
			turns = entrants[:2]
		}
		for _, c := range b.comparisons(m) {
			c.job.Graph = graph
			for range b.rounds {
				for _, e := range turns {
					b.turn(c, e)
				}
			}
		}
		for _, s := range b.alone {
			b.scale(m, s, one, ours)
		}
	}
}

func (b *bench) export(ctx context.Context, m model, graph string) error {
	ctx, cancel := context.WithTimeout(ctx, b.limit)
	defer cancel()
	export := exec.CommandContext(ctx, b.python, "internal/dev/peers/export.py", m.path, graph)
	export.WaitDelay = time.Second
	if text, err := export.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, text)
	}
	return nil
}

// scaling is the seconds of a call on one thread and on several.
type scaling struct {
	Model     string    `json:"model"`
	Structure string    `json:"structure"`
	Atoms     int       `json:"atoms"`
	Edges     int       `json:"edges"`
	One       []float64 `json:"one_thread"`
	All       []float64 `json:"all_threads"`
}

// scale times one thread and several in turns.
func (b *bench) scale(m model, s system, one, all *peer) {
	path, atoms, err := b.structure(s)
	t := &scaling{Model: m.name, Structure: s.name, Atoms: atoms}
	what := fmt.Sprintf("%s, %s (%d atoms)", m.name, s.name, atoms)
	if err != nil {
		b.failed(what, err)
		return
	}
	b.Alone = append(b.Alone, t)
	j := job{Checkpoint: m.path, Structure: path, Seconds: b.turnSeconds}
	for range b.rounds {
		for _, x := range []struct {
			*peer
			name string
			to   *[]float64
		}{{one, "one thread", &t.One}, {all, "all threads", &t.All}} {
			b.ask(what+", "+x.name, x.peer, j, func(a answer) error {
				t.Edges, *x.to = a.Edges, append(*x.to, median(a.Seconds))
				return nil
			})
		}
	}
}
