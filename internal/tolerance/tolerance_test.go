package tolerance

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestClose(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		got, want, atol, rtol float64
		close                 bool
	}{
		{1, 1, 0, 0, true},
		{1.5, 1, 0.5, 0, true},
		{1.5001, 1, 0.5, 0, false},
		{-1.5, -1, 0, 0.5, true},
		{2, 1, 0.5, 0.5, true},
		{1, 0, 0, 0.5, false},
		{nan, 1, 1, 1, false},
		{1, nan, 1, 1, false},
		{nan, nan, 1, 1, false},
		{inf, inf, 1, 1, false},
		{inf, 1, 1, 1, false},
		{1, inf, 1, 1, false},
	} {
		assert.Equal(t, c.close, Close(c.got, c.want, c.atol, c.rtol), "%+v", c)
	}
}

// recorder is a test that keeps what it is told.
type recorder struct {
	testing.TB
	said string
}

func (r *recorder) Helper()                           {}
func (r *recorder) Errorf(format string, args ...any) { r.said = fmt.Sprintf(format, args...) }
func (r *recorder) Fatalf(format string, args ...any) {
	r.said = fmt.Sprintf(format, args...)
	panic(r)
}

func TestCheck(t *testing.T) {
	r := &recorder{}
	Check(r, "x", []float64{1, 2}, []float64{1, 2.05}, 0.1, 0)
	assert.Empty(t, r.said)
	Check(r, "x", []float32{1, 2, 3}, []float32{1, 2.25, 5}, 0.1, 0)
	assert.Equal(t, "x[1] = 2, expected 2.25 within 0.1 + 0·|want|; the farthest is 2 away", r.said)
	assert.Panics(t, func() { Check(r, "x", []float64{1}, nil, 1, 1) })
	assert.Equal(t, "x: 1 numbers, expected 0", r.said)
}
