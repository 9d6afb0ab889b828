package md_test

import (
	"context"
	"fmt"

	"painless/atoms"
	"painless/internal/vec"
	"painless/md"
)

// spring holds two atoms at 1.1 Å. Any painless.Potential can stand in its place.
type spring struct{}

func (spring) Compute(ctx context.Context, b *atoms.Batch, r *atoms.Result) error {
	r.Resize(b, false)
	for k := range b.Len() {
		i := b.Start[k]
		x := [3]float64{b.Positions[i+1][0] - b.Positions[i][0], b.Positions[i+1][1] - b.Positions[i][1], b.Positions[i+1][2] - b.Positions[i][2]}
		d := vec.Norm(x)
		r.Energy[k] = 20 * (d - 1.1) * (d - 1.1)
		r.Forces[i] = vec.Scale(x, 40*(d-1.1)/d)
		r.Forces[i+1] = vec.Scale(r.Forces[i], -1)
		r.Virial[k] = [3][3]float64{}
	}
	return ctx.Err()
}

// Three molecules are relaxed side by side.
func ExampleRelaxation() {
	r, err := md.NewRelaxation(spring{}, md.RelaxSettings{Force: 1e-3})
	if err != nil {
		panic(err)
	}
	for id, d := range []float64{0.9, 1.1, 1.5} {
		nitrogen := atoms.Structure{Numbers: []int{7, 7}, Positions: [][3]float64{{0, 0, 0}, {0, 0, d}}}
		if err := r.Add(id, &nitrogen, nil); err != nil {
			panic(err)
		}
	}
	for r.Len() > 0 {
		err := r.Advance(context.Background(), func(done *md.Relaxed) {
			p := done.Structure.Positions
			fmt.Printf("molecule %d: %.3f → %.3f eV, %.3f Å, converged %v\n", done.ID, done.First, done.Energy, vec.Distance(p[0], p[1]), done.Converged)
		})
		if err != nil {
			panic(err)
		}
	}
	// Unordered output:
	// molecule 1: 0.000 → 0.000 eV, 1.100 Å, converged true
	// molecule 0: 0.800 → 0.000 eV, 1.100 Å, converged true
	// molecule 2: 3.200 → 0.000 eV, 1.100 Å, converged true
}
