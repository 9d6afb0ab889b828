package md

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/internal/pool"
)

// lending is a potential that lends threads.
type lending struct {
	Potential
	*pool.Pool
}

// Parts are all atoms, in their order, of one replica each; what a thread takes at a time is
// no less than a part, but for the last.
func TestCut(t *testing.T) {
	for _, sizes := range [][]int{{}, {1}, {256}, {257}, {9, 9, 9}, {3000, 0, 9, 700}, {0, 255, 1, 1}} {
		s := &System{}
		s.Start = []int{0}
		for _, n := range sizes {
			s.Start = append(s.Start, s.Start[len(s.Start)-1]+n)
		}
		s.Cells = make([][3][3]float64, len(sizes))
		d := &Dynamics{System: s}
		for range 2 {
			d.cut()
			next := 0
			for k := range sizes {
				for _, p := range d.of(k) {
					assert.Equal(t, k, p.replica)
					assert.Equal(t, next, p.lo)
					assert.True(t, p.lo < p.hi && p.hi <= p.lo+partAtoms && p.hi <= s.Start[k+1])
					next = p.hi
				}
				assert.Equal(t, s.Start[k+1], next, "%v", sizes)
			}
			assert.Equal(t, 0, d.units[0])
			assert.Equal(t, len(d.parts), d.units[len(d.units)-1], "%v", sizes)
			for u := 1; u+1 < len(d.units); u++ {
				assert.GreaterOrEqual(t, d.parts[d.units[u]-1].hi-d.parts[d.units[u-1]].lo, partAtoms)
			}
		}
	}
}

// Threads change no bit, whether replicas are cut into parts or share one, and also after one has left.
func TestThreadsChangeNothing(t *testing.T) {
	pairs := springs(0.5, true)
	for _, settings := range append(append(thermostats(), barostats()...), Settings{}) {
		settings.TimeStep, settings.Seed = 1, 3
		var want *Dynamics
		for _, threads := range []int{0, 1, 2, 5} {
			var p Potential = pairs
			if threads > 0 {
				threaded := lending{pairs, pool.New(threads)}
				defer threaded.Close()
				p = threaded
			}
			d := simulation(t, p, 100, settings, argons(700, 3.8, true), argons(5, 3.8, true), argons(300, 3.8, true), argons(9, 3.8, true))
			advance(t, d, 3)
			d.Fail(1, assert.AnError)
			advance(t, d, 3)
			if want == nil {
				want = d
				continue
			}
			require.Equal(t, want.System.Positions, d.System.Positions, "%v on %d threads", settings.Ensemble, threads)
			require.Equal(t, want.System.Velocities, d.System.Velocities)
			require.Equal(t, want.System.Cells, d.System.Cells)
			for k := range d.replicas {
				require.Equal(t, want.Conserved(k), d.Conserved(k))
			}
		}
		moved := want.System.Positions[0] != argons(1, 3.8, true).Positions[0]
		assert.True(t, moved)
	}
}
