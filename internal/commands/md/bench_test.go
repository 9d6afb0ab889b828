package md

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"painless"
	"painless/atoms"
	"painless/internal/systems"
	"painless/internal/units"
	"painless/md"
)

// tethered costs what a student does, and holds every atom near its place by a
// spring: the random students at hand would blow structures up.
type tethered struct {
	painless.Potential
	places [][3]float64
}

func (p *tethered) Compute(ctx context.Context, b *atoms.Batch, r *atoms.Result) error {
	if err := p.Potential.Compute(ctx, b, r); err != nil {
		return err
	}
	// At 300 K atoms are 0.3 Å from their places along each axis.
	const stiffness = 300 * units.Boltzmann / (0.3 * 0.3)
	for i, place := range p.places {
		for c := range place {
			r.Forces[i][c] = -stiffness * (b.Positions[i][c] - place[c])
		}
	}
	return nil
}

// BenchmarkSimulation is whole steps: the forces of a student, the ensemble, the
// limits; ethanol alone, 1,000 replicas of it, and 3,000 atoms of water in
// ensembles of constant volume and pressure, whose difference is the barostat's.
func BenchmarkSimulation(b *testing.B) {
	var ethanol atoms.Structure
	for _, m := range systems.Molecules() {
		if m.Name == "ethanol" {
			ethanol = m.Structure
		}
	}
	require.Len(b, ethanol.Numbers, 9)
	constant := md.Settings{Ensemble: md.CSVR, TimeStep: 0.5, Temperature: md.Constant(300), ThermostatTime: 100}
	barostat := constant
	barostat.Ensemble, barostat.Pressure, barostat.BarostatTime, barostat.Compressibility = md.NPTSCR, md.Constant(1), 1e6, 4.5e-5
	for _, c := range []struct {
		name, model string
		replicas    int
		settings    md.Settings
		structure   atoms.Structure
	}{
		{"ethanol", "ultra_tiny", 1, constant, ethanol},
		{"ethanol", "ultra_tiny", 1000, constant, ethanol},
		{"water", "ultra_tiny", 1, constant, systems.WaterBox(10, 10, 10)},
		{"water", "ultra_tiny", 1, barostat, systems.WaterBox(10, 10, 10)},
		{"water", "tiny", 1, constant, systems.WaterBox(10, 10, 10)},
		{"water", "tiny", 1, barostat, systems.WaterBox(10, 10, 10)},
	} {
		for _, threads := range []int{1, 2} {
			name := fmt.Sprintf("%s/model=%s/atoms=%d/replicas=%d/%v/threads=%d", c.name, c.model, len(c.structure.Numbers), c.replicas, c.settings.Ensemble, threads)
			b.Run(name, func(b *testing.B) {
				model, err := painless.Open("../../../testdata/"+c.model+".pt", painless.Options{Threads: threads})
				require.NoError(b, err)
				defer model.Close()
				var structures []atoms.Structure
				for range c.replicas {
					structures = append(structures, c.structure)
				}
				system, err := md.NewSystem(structures...)
				require.NoError(b, err)
				d, err := md.New(&tethered{model.Potential, append([][3]float64{}, system.Positions...)}, system, c.settings)
				require.NoError(b, err)
				d.Thermalize(300)
				ctx := context.Background()
				require.NoError(b, d.Advance(ctx))
				g, err := md.NewGuard(d, md.Limits{Drift: 1e9, Temperature: 1e9, Force: 1e9, Distance: 0.01})
				require.NoError(b, err)
				b.ReportAllocs()
				for b.Loop() {
					if err := d.Advance(ctx); err != nil {
						b.Fatal(err)
					}
					if d.Step%guardEvery == 0 {
						g.Check(d)
					}
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s")
			})
		}
	}
}
