package md

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/pool"
)

// nothing is a potential that takes no time.
type nothing struct{}

func (nothing) Compute(_ context.Context, b *atoms.Batch, r *atoms.Result) error {
	r.Resize(b, false)
	return nil
}

// BenchmarkStep is a step without the forces: what the integrators and the guard cost.
func BenchmarkStep(b *testing.B) {
	for _, settings := range append(append(thermostats(), barostats()...), Settings{}) {
		for _, c := range []struct{ atoms, threads int }{{9, 1}, {3000, 1}, {3000, 2}} {
			b.Run(fmt.Sprintf("%v/coupling=%d/atoms=%d/threads=%d", settings.Ensemble, settings.Coupling, c.atoms, c.threads), func(b *testing.B) {
				settings.TimeStep = 1e-3
				p := lending{nothing{}, pool.New(c.threads)}
				defer p.Close()
				d := simulation(b, p, 100, settings, argons(c.atoms, 3.8, true))
				ctx := context.Background()
				advance(b, d, 1)
				g, err := NewGuard(d, Limits{})
				require.NoError(b, err)
				b.ReportAllocs()
				for b.Loop() {
					if err := d.Advance(ctx); err != nil {
						b.Fatal(err)
					}
					if d.Step%10 == 0 {
						g.Check(d)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(c.atoms), "ns/atom")
			})
		}
	}
}
