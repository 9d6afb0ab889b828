package systems

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"painless/internal/vec"
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
			d := vec.Distance(h, box.Positions[i])
			assert.InDelta(t, 0.96, d, 0.4, "O–H, shaken")
		}
	}
}

func TestBenzene(t *testing.T) {
	b := Benzene()
	assert.Len(t, b.Numbers, 12)
	assert.Equal(t, b, Benzene())
}

func TestCluster(t *testing.T) {
	for _, n := range []int{1, 16, 100} {
		c := Cluster(n, 1)
		assert.Len(t, c.Numbers, n)
		assert.Equal(t, Cluster(n, 1), c, "the same every time")
		assert.NotEqual(t, Cluster(n, 2).Positions, c.Positions)
		for i, r := range c.Positions {
			for _, other := range c.Positions[:i] {
				assert.GreaterOrEqual(t, vec.Distance(r, other), 0.9)
			}
		}
	}
	assert.Empty(t, Cluster(0, 1).Numbers)
}

func TestCloud(t *testing.T) {
	c := Cloud(2000, 1)
	assert.Equal(t, Cloud(2000, 1), c, "the same every time")
	var square float64
	for i, r := range c.Positions {
		assert.True(t, c.Numbers[i] >= 1 && c.Numbers[i] <= 7)
		square += r[0]*r[0] + r[1]*r[1] + r[2]*r[2]
	}
	assert.InDelta(t, 3, square/2000, 0.3)
}

// The atoms come back: a benchmark does not drift away from its structure.
func TestShake(t *testing.T) {
	c := Cluster(16, 1)
	Shake(c.Positions, 0)
	moved := c.Positions[1][1]
	Shake(c.Positions, 1)
	assert.InDelta(t, 0.01, moved-c.Positions[1][1], 1e-12)
	assert.InDelta(t, Cluster(16, 1).Positions[1][1], c.Positions[1][1], 1e-12)
}

func TestMolecules(t *testing.T) {
	all := Molecules()
	assert.Equal(t, all, Molecules(), "the same every time")
	sizes := map[string]int{}
	for _, m := range all {
		sizes[m.Name] = len(m.Numbers)
		for i, r := range m.Positions {
			nearest := math.Inf(1)
			for j, other := range m.Positions {
				if i != j {
					nearest = min(nearest, vec.Distance(r, other))
				}
			}
			assert.InDelta(t, 1.2, nearest, 0.45, "%s: a bond", m.Name)
		}
	}
	assert.Equal(t, map[string]int{"water": 3, "ammonia": 4, "methane": 5, "carbon dioxide": 3, "formaldehyde": 4, "methanol": 6, "ethanol": 9, "acetamide": 9, "benzene": 12}, sizes)
}
