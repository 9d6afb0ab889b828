package nn

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"painless/atoms"
	"painless/internal/systems"
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

// BenchmarkCompute is energy, forces and stress of one structure, float32, on
// all cores and, where it says so, on one.
func BenchmarkCompute(b *testing.B) {
	cases := []struct {
		name string
		make func() atoms.Structure
	}{
		{"water-molecule", func() atoms.Structure { return systems.WaterDrop(1, 1, 1) }},
		{"benzene", systems.Benzene},
		{"water", func() atoms.Structure { return systems.WaterDrop(4, 4, 2) }},
		{"water", func() atoms.Structure { return systems.WaterDrop(8, 4, 4) }},
		{"water-box", func() atoms.Structure { return systems.WaterBox(8, 4, 4) }},
		{"water-box", func() atoms.Structure { return systems.WaterBox(10, 10, 10) }},
		{"water-box", func() atoms.Structure { return systems.WaterBox(25, 20, 20) }},
		{"shuffled-box", func() atoms.Structure { return systems.Shuffled(systems.WaterBox(25, 20, 20)) }},
	}
	for _, student := range students {
		net := randomNetwork(student.config, 1)
		for _, system := range cases {
			for _, threads := range []int{1, runtime.GOMAXPROCS(0)} {
				batch := atoms.NewBatch(system.make())
				name := fmt.Sprintf("backend=cpu/model=%s/structure=%s/threads=%d/atoms=%d", student.name, system.name, threads, batch.NumAtoms())
				b.Run(name, func(b *testing.B) { benchmarkCompute(b, net, batch, Options{Threads: threads}) })
			}
		}
	}
}

func benchmarkCompute(b *testing.B, net *Network, batch *atoms.Batch, opts Options) {
	p := newTestPotential(b, net, opts)
	r := &Result{}
	step := 0
	run := func() {
		systems.Shake(batch.Positions, step)
		step++
		if err := p.Compute(context.Background(), batch, r); err != nil {
			b.Fatal(err)
		}
	}
	for range 3 { // memory grows, and the neighbour list gets its skin
		run()
	}
	b.ReportAllocs()
	for b.Loop() {
		run()
	}
	b.ReportMetric(float64(b.N)*float64(batch.NumAtoms())/b.Elapsed().Seconds(), "atoms/s")
}

// BenchmarkNewPotential is making the tables of a loaded network.
func BenchmarkNewPotential(b *testing.B) {
	for _, student := range students {
		net := randomNetwork(student.config, 1)
		b.Run("backend=cpu/model="+student.name, func(b *testing.B) {
			for b.Loop() {
				p, err := NewPotential(net, Options{})
				if err != nil {
					b.Fatal(err)
				}
				if err := p.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
