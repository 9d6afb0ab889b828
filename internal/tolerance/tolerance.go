// Package tolerance compares numbers in tests: |got − want| ≤ atol + rtol·|want|.
package tolerance

import (
	"math"
	"testing"
)

// Close reports whether got is within atol + rtol·|want| of want. NaN is close
// to nothing, and an infinity to nothing.
func Close(got, want, atol, rtol float64) bool {
	return math.Abs(got-want) <= atol+rtol*math.Abs(want) && !math.IsInf(want, 0)
}

// Check fails the test at the first element of got that is not Close to
// want's, and says how far the farthest is.
func Check[T float32 | float64](t testing.TB, what string, got, want []T, atol, rtol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, expected %d", what, len(got), len(want))
	}
	first, worst := -1, 0.0
	for i := range got {
		if !Close(float64(got[i]), float64(want[i]), atol, rtol) {
			if first < 0 {
				first = i
			}
			worst = math.Max(worst, math.Abs(float64(got[i])-float64(want[i])))
		}
	}
	if first >= 0 {
		t.Errorf("%s[%d] = %v, expected %v within %g + %g·|want|; the farthest is %g away", what, first, got[first], want[first], atol, rtol, worst)
	}
}
