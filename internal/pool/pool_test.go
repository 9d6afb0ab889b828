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

// A task's panic, on whatever thread, is the caller's: it can be recovered, and
// the pool works on.
func TestRunPanics(t *testing.T) {
	for _, threads := range []int{1, 3} {
		p := New(threads)
		for unit := range 64 {
			var running atomic.Int32
			raised := func() (value any) {
				defer func() { value = recover() }()
				p.Begin()
				defer p.End()
				p.Run(64, func(_, u int) {
					running.Add(1)
					defer running.Add(-1)
					if u == unit || u == 63 {
						var none *Pool
						none.threads++ // as a fault of the runtime
					}
				})
				return nil
			}()
			assert.Zero(t, running.Load(), "no worker is in a task")
			if failed, ok := raised.(*Panic); assert.Equal(t, threads > 1, ok) && ok {
				assert.ErrorContains(t, failed, "nil pointer dereference\n\ngoroutine ")
				assert.Contains(t, string(failed.Stack), "TestRunPanics", "where it was")
				raised = failed.Value
			}
			assert.ErrorContains(t, raised.(error), "nil pointer dereference")

			var done atomic.Int32
			p.Run(64, func(int, int) { done.Add(1) })
			assert.EqualValues(t, 64, done.Load())
		}
		p.Close()
	}
}

// What a run costs by itself.
func BenchmarkRun(b *testing.B) {
	p := New(2)
	defer p.Close()
	var sums [2]share
	task := func(worker, _ int) { sums[worker].end++ }
	p.Begin()
	defer p.End()
	for b.Loop() {
		p.Run(64, task)
	}
}
