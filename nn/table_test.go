package nn

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/checkpoint"
	"painless/student"
)

// Tables are as fine as they need be, whether that was measured or foreseen.
func TestTableError(t *testing.T) {
	for _, path := range []string{student.Name, "../testdata/original.pt", "../testdata/tiny.pt", "../testdata/ultra_tiny.pt"} {
		c, err := student.Open(path, checkpoint.Options{})
		require.NoError(t, err)
		net, err := FromCheckpoint(c)
		require.NoError(t, err)
		for degree, slopeError := range map[int]func(knots, middles *curves, step float64) float64{4: quarticSlopeError, 5: quinticSlopeError} {
			_, intervals := tabulate(net, slopeError)
			assert.Less(t, intervals, mostIntervals)
			for k := range net.Blocks {
				exact := newExactFilter[float64](net, k)
				filter := filterCurves{net, exact.layers, exact.tangents}
				knots, middles := newCurves(intervals+1, exact.layers[1].Out), newCurves(intervals, exact.layers[1].Out)
				filter.at(knots, spaced(net.Cutoff, intervals, 0))
				filter.at(middles, spaced(net.Cutoff, intervals, 0.5))
				assert.LessOrEqual(t, slopeError(&knots, &middles, net.Cutoff/float64(intervals)), maxSlopeError, "%s, block %d, degree %d", path, k, degree)
			}
		}
	}
}
