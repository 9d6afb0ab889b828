package pool

import (
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Every unit is done once, by a worker that there is, whatever their number,
// and also after the workers have fallen asleep or were left out.
func TestRun(t *testing.T) {
	for _, threads := range []int{1, 2, 5} {
		p := New(threads)
		assert.Equal(t, threads, p.Threads())
		for call := range 40 {
			p.Alone = call%3 == 2
			p.Begin()
			for _, units := range []int{0, 1, 2, 97} {
				done := make([]atomic.Int32, units)
				p.Run(units, func(worker, unit int) {
					assert.Less(t, worker, threads)
					done[unit].Add(1)
				})
				for unit := range done {
					assert.EqualValues(t, 1, done[unit].Load(), "unit %d of %d on %d threads", unit, units, threads)
				}
			}
			p.End()
		}
		p.Close()
	}
}

func TestRunAllocatesNothing(t *testing.T) {
	p := New(2)
	defer p.Close()
	var sum atomic.Int64
	task := func(_, unit int) { sum.Add(int64(unit)) }
	assert.Zero(t, testing.AllocsPerRun(20, func() {
		p.Begin()
		p.Run(100, task)
		p.End()
	}))
	assert.EqualValues(t, 21*4950, sum.Load())
}
