package nn

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"painless/internal/tolerance"
)

// checkAccuracy holds a result for one structure against a reference, to the
// accuracy asked of float32 (rtol 0: energy within 5e-6 eV per atom, forces
// within 1e-5·max(1, max|F|)), or to rtol.
func checkAccuracy(t testing.TB, got, want *Result, rtol float64) {
	t.Helper()
	force := 1.0
	for _, f := range flatten(want.Forces) {
		force = math.Max(force, math.Abs(f))
	}
	if rtol > 0 {
		assert.True(t, tolerance.Close(got.Energy[0], want.Energy[0], rtol, rtol), "energy %.12g, expected %.12g", got.Energy[0], want.Energy[0])
		tolerance.Check(t, "forces", flatten(got.Forces), flatten(want.Forces), rtol*force, rtol)
		return
	}
	perAtom := math.Abs(got.Energy[0]-want.Energy[0]) / float64(len(want.Forces))
	assert.LessOrEqual(t, perAtom, 5e-6, "energy %v, expected %v", got.Energy[0], want.Energy[0])
	tolerance.Check(t, "forces", flatten(got.Forces), flatten(want.Forces), 1e-5*force, 0)
}
