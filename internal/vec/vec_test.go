package vec

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestVectors(t *testing.T) {
	a, b := Vector{1, 2, 3}, Vector{-2, 0.5, 4}
	assert.Equal(t, 11.0, Dot(a, b))
	assert.Equal(t, Vector{6.5, -10, 4.5}, Cross(a, b))
	assert.Equal(t, math.Sqrt(14), Norm(a))
	assert.Equal(t, math.Sqrt(9+2.25+1), Distance(a, b))
	assert.Equal(t, Vector{2, 4, 6}, Scale(a, 2))
	assert.Equal(t, Vector{-1, 2.5, 7}, Add(a, b))
}

func TestMatrices(t *testing.T) {
	m := Matrix{{1, 2, 0}, {0, 3, 1}, {2, 0, 1}}
	assert.Equal(t, 7.0, Determinant(&m))
	inverse := Inverse(&m)
	for i, row := range m {
		for c, x := range RowTimes(row, &inverse) {
			assert.InDelta(t, map[bool]float64{true: 1}[i == c], x, 1e-15)
		}
	}
	assert.False(t, Finite(Inverse(&Matrix{})[0][0]))
	x := Vector{1, -1, 2}
	assert.Equal(t, Vector{5, -1, 1}, RowTimes(x, &m))
	assert.Equal(t, Vector{-1, -1, 4}, Times(&m, x))
}

func TestFinite(t *testing.T) {
	assert.True(t, Finite())
	assert.True(t, Finite(0, -1e300))
	assert.False(t, Finite(0, math.NaN()))
	assert.False(t, Finite(math.Inf(-1), 0))
}
