package md

import (
	"context"
	"fmt"
	"testing"

	"painless/atoms"
)

// BenchmarkStep is a step without the forces: what the integrators and the guard cost.
func BenchmarkStep(b *testing.B) {
	var nothing potential = func(*atoms.Batch, int, [][3]float64) (energy float64, virial [3][3]float64) { return 0, virial }
	for _, settings := range append(append(thermostats(), barostats()...), Settings{}) {
		for _, n := range []int{9, 3000} {
			b.Run(fmt.Sprintf("%v/coupling=%d/atoms=%d", settings.Ensemble, settings.Coupling, n), func(b *testing.B) {
				settings.TimeStep = 1e-3
				d := simulation(b, nothing, 100, settings, argons(n, 3.8, true))
				ctx := context.Background()
				advance(b, d, 1)
				g := NewGuard(d, Limits{})
				b.ReportAllocs()
				for b.Loop() {
					if err := d.Advance(ctx); err != nil {
						b.Fatal(err)
					}
					if d.Step%10 == 0 {
						g.Check(d)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/atom")
			})
		}
	}
}
