package nn

import (
	"sync"
	"sync/atomic"
)

// pool runs tasks on a fixed set of goroutines that outlive a call, so that a
// call starts none and allocates nothing.
type pool struct {
	threads int
	alone   bool // the caller does all the work
	wake    chan struct{}
	task    func(worker, unit int)
	units   int
	next    atomic.Int64
	busy    sync.WaitGroup
}

func newPool(threads int) *pool {
	p := &pool{threads: threads, wake: make(chan struct{}, threads)}
	for worker := 1; worker < threads; worker++ {
		go func() {
			for range p.wake {
				p.drain(worker)
				p.busy.Done()
			}
		}()
	}
	return p
}

// run calls task for every unit from 0 to units−1, in no fixed order and on
// the workers 0 to threads−1, and returns when all are done.
func (p *pool) run(units int, task func(worker, unit int)) {
	p.task, p.units = task, units
	p.next.Store(0)
	helpers := min(p.threads, units) - 1
	if helpers > 0 && !p.alone {
		p.busy.Add(helpers)
		for range helpers {
			p.wake <- struct{}{}
		}
	}
	p.drain(0)
	p.busy.Wait()
}

func (p *pool) drain(worker int) {
	for {
		unit := int(p.next.Add(1)) - 1
		if unit >= p.units {
			return
		}
		p.task(worker, unit)
	}
}

func (p *pool) close() { close(p.wake) }
