package main

import "fmt"

// throughput is the seconds of a call, host to host.
type throughput struct {
	Model      string    `json:"model"`
	Structures string    `json:"structures"`
	Batch      int       `json:"batch"` // structures in a call
	Atoms      int       `json:"atoms"` // of all of them
	Edges      int       `json:"edges"` // directed
	Seconds    []float64 `json:"seconds"`
}

// engine times painless alone: loading, a molecule, batches and large systems.
func (b *bench) engine(models []model) {
	ours := b.ours(b.threads)
	defer b.stop(ours)
	for _, m := range models {
		b.load(ours, m)
		for _, s := range b.batches {
			path, atoms, err := b.structure(s)
			what := fmt.Sprintf("%s, %d times %s (%d atoms)", m.name, s.size, s.name, atoms)
			if err != nil {
				b.failed(what, err)
				continue
			}
			t := &throughput{Model: m.name, Structures: s.name, Batch: s.size, Atoms: s.size * atoms}
			b.Throughput = append(b.Throughput, t)
			b.turns(what, ours, job{Checkpoint: m.path, Structure: path, Batch: s.size, Seconds: b.turnSeconds}, func(a answer) error {
				t.Edges, t.Seconds = a.Edges, append(t.Seconds, median(a.Seconds))
				return nil
			})
		}
	}
}
