package buffer

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestResize(t *testing.T) {
	b := Resize[int](nil, 8)
	assert.Len(t, b, 8)
	assert.Equal(t, 10, cap(b))
	b[0] = 7
	b = Resize(b, 3)
	assert.Equal(t, []int{7, 0, 0}, b)
	assert.Equal(t, 10, cap(b), "kept")
	assert.Len(t, Resize(b, 10), 10)
	assert.Len(t, Resize(b, 11), 11)
	assert.Zero(t, testing.AllocsPerRun(10, func() { b = Resize(Resize(b, 1), 10) }))
}
