package systems

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestWater(t *testing.T) {
	box, drop := WaterBox(2, 3, 4), WaterDrop(2, 3, 4)
	assert.Len(t, box.Numbers, 72)
	assert.Equal(t, WaterBox(2, 3, 4), box, "the same every time")
	assert.Equal(t, box.Positions, drop.Positions)
	assert.Equal(t, [3]bool{}, drop.PBC)
	grams := 24 * 18.015 / 6.022e23
	volume := box.Cell[0][0] * box.Cell[1][1] * box.Cell[2][2] * 1e-24
	assert.InDelta(t, 1, grams/volume, 0.01, "g/cm³")
	for i := 0; i < len(box.Positions); i += 3 {
		assert.Equal(t, []int{8, 1, 1}, box.Numbers[i:i+3])
		for _, h := range box.Positions[i+1 : i+3] {
			d := math.Hypot(math.Hypot(h[0]-box.Positions[i][0], h[1]-box.Positions[i][1]), h[2]-box.Positions[i][2])
			assert.InDelta(t, 0.96, d, 0.4, "O–H, shaken")
		}
	}
}

func TestBenzene(t *testing.T) {
	b := Benzene()
	assert.Len(t, b.Numbers, 12)
	assert.Equal(t, b, Benzene())
}
