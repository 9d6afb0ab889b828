package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTable(t *testing.T) {
	for name, c := range map[string]struct {
		old, new      []float64
		median, least float64
		slower        bool
	}{
		"the same":                  {[]float64{1, 2, 4}, []float64{1, 2, 4}, 1, 1, false},
		"slower by a fifth":         {[]float64{1, 2, 4}, []float64{1.2, 2.4, 4.8}, 1.2, 1.2, true},
		"faster":                    {[]float64{2, 2}, []float64{1, 1}, 0.5, 0.5, false},
		"disturbed in its turns":    {[]float64{1, 1, 1, 1}, []float64{1, 2, 2, 2}, 2, 1, false},
		"disturbed in its shortest": {[]float64{1, 2, 2}, []float64{1.5, 2, 2}, 1, 1.5, false},
	} {
		var table table
		for i := range c.old {
			table.add(0, name, c.old[i])
			table.add(1, name, c.new[i])
		}
		assert.Len(t, table.rows, 1)
		assert.InDelta(t, c.median, table.rows[0].median(), 1e-12, name)
		assert.InDelta(t, c.least, table.rows[0].least(), 1e-12, name)
		assert.Equal(t, c.slower, len(table.slower(0.1)) == 1, name)
	}
}

func TestTableText(t *testing.T) {
	var table table
	table.add(0, "energy of 1", 1)
	table.add(1, "energy of 1", 1.25)
	assert.Equal(t, "| call | old, least ms | new, least ms | new/old, least | new/old, median | |\n|---|---|---|---|---|---|\n"+
		"| energy of 1 | 1 | 1.25 | 1.250 | 1.250 | slower |\n", table.text(table.slower(0.1)))
}

func TestTableComplete(t *testing.T) {
	var table table
	table.add(0, "energy of 1", 1)
	assert.EqualError(t, table.complete(1), "energy of 1: expected it from both binaries 1 times, found it 1 and 0 times")
	table.add(1, "energy of 1", 1)
	assert.NoError(t, table.complete(1))
}
