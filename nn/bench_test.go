package nn

import (
	"context"
	"fmt"
	"testing"

	"painless/data"
)

// students are the three sizes; the weights do not matter to the time.
var students = []struct {
	name   string
	config Config
}{
	{"original", Config{HiddenDim: 128, NumInteractions: 3, NumRBF: 20, Cutoff: 5, MaxZ: 100}},
	{"tiny", Config{HiddenDim: 64, NumInteractions: 2, NumRBF: 12, Cutoff: 5, MaxZ: 100}},
	{"ultra_tiny", Config{HiddenDim: 32, NumInteractions: 2, NumRBF: 10, Cutoff: 5, MaxZ: 100}},
}

// BenchmarkCompute is energy, forces and stress of one structure, float32.
func BenchmarkCompute(b *testing.B) {
	systems := []struct {
		name string
		make func() data.Structure
	}{
		{"benzene", benzene},
		{"water", func() data.Structure { return waterDrop(4, 4, 2) }},
		{"water", func() data.Structure { return waterDrop(8, 4, 4) }},
		{"water-box", func() data.Structure { return waterBox(10, 10, 10) }},
		{"water-box", func() data.Structure { return waterBox(25, 20, 20) }},
	}
	for _, student := range students {
		net := randomNetwork(student.config, 1)
		for _, system := range systems {
			batch := NewBatch(system.make())
			name := fmt.Sprintf("backend=cpu/model=%s/structure=%s/atoms=%d", student.name, system.name, batch.NumAtoms())
			b.Run(name, func(b *testing.B) {
				p := newTestPotential(b, net, Options{})
				r := &Result{}
				if err := p.Compute(context.Background(), batch, r); err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				for b.Loop() {
					if err := p.Compute(context.Background(), batch, r); err != nil {
						b.Fatal(err)
					}
				}
				atoms := float64(b.N) * float64(batch.NumAtoms())
				b.ReportMetric(atoms/b.Elapsed().Seconds(), "atoms/s")
			})
		}
	}
}

// BenchmarkNeighborList is the search alone, from scratch.
func BenchmarkNeighborList(b *testing.B) {
	for _, s := range []data.Structure{benzene(), waterDrop(8, 4, 4), waterBox(10, 10, 10), waterBox(25, 20, 20)} {
		batch := NewBatch(s)
		b.Run(fmt.Sprintf("backend=cpu/atoms=%d", batch.NumAtoms()), func(b *testing.B) {
			var l NeighborList[float32]
			b.ReportAllocs()
			for b.Loop() {
				if err := l.Build(batch, 5); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
