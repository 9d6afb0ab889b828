// Package pool runs the stages of a computation on threads that stay.
package pool

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// Pool runs tasks on a fixed set of goroutines that outlive a call, so that a
// call starts none and allocates nothing. Between the stages of a call the
// workers spin, which takes under a microsecond; after that they sleep.
type Pool struct {
	// Alone leaves all work to the caller: waking threads takes some
	// microseconds a run, which small work is not worth.
	Alone bool

	threads int

	task   func(worker, unit int)
	shares []share // one a worker
	_      cacheLine
	// state is a count of runs, whether the present one is open to workers,
	// and how many are in it. Workers spin on it: it has a line of its own.
	state atomic.Int64
	_     cacheLine

	mu     sync.Mutex
	wake   *sync.Cond
	asleep atomic.Int32
	busy   atomic.Bool // between Begin and End
	closed atomic.Bool
	panics *Panic // the first of the present run, under mu
}

// Panic is what Run panics with where a task did on one of several threads.
type Panic struct {
	Value any    // what the task panicked with
	Stack []byte // of the thread that it ran on
}

// Error is the value, and the stack in the lines below it.
func (p *Panic) Error() string { return fmt.Sprintf("%v\n\n%s", p.Value, p.Stack) }

// share is the units that are a worker's own: next up to end. They are the same
// part of the whole in every run, so that what a stage left in a core's cache
// is at hand in the next one. Who has done its own helps the others.
type share struct {
	next atomic.Int64
	end  int64
	_    cacheLine
}

// cacheLine keeps what threads write apart from what others read.
type cacheLine [128]byte

const (
	oneRun  = 1 << 32
	open    = 1 << 31
	workers = open - 1
	// spins is how often a worker looks for the next call before it sleeps: some 50 µs.
	spins = 50_000
)

// New starts threads − 1 goroutines, which Close ends; the caller of Run is the other one.
func New(threads int) *Pool {
	p := &Pool{threads: threads, shares: make([]share, threads)}
	p.wake = sync.NewCond(&p.mu)
	for worker := 1; worker < threads; worker++ {
		go p.work(worker)
	}
	return p
}

// Begin announces a call's runs: workers wake up now and sleep no more until End.
func (p *Pool) Begin() {
	if !p.Alone {
		p.busy.Store(true)
		p.rouse()
	}
}

// End lets the workers sleep again.
func (p *Pool) End() { p.busy.Store(false) }

// Threads is the number of workers, the caller of Run among them.
func (p *Pool) Threads() int { return p.threads }

func (p *Pool) rouse() {
	if p.asleep.Load() > 0 {
		p.mu.Lock()
		p.wake.Broadcast()
		p.mu.Unlock()
	}
}

// Run calls task for every unit from 0 to units−1, in no fixed order and on
// the workers 0 to threads−1, and returns when all are done. Where a task panics
// so does Run, once no worker is in a task; other units may then be left out.
func (p *Pool) Run(units int, task func(worker, unit int)) {
	if p.threads == 1 || p.Alone || units <= 1 {
		for unit := range units {
			task(0, unit)
		}
		return
	}
	p.task = task
	for w := range p.shares {
		p.shares[w].next.Store(int64(units * w / p.threads))
		p.shares[w].end = int64(units * (w + 1) / p.threads)
	}
	p.state.Store(p.state.Load()&^(oneRun-1) + oneRun + open)
	p.rouse()
	p.drain(0)
	p.state.Add(-open) // who has not come yet need not come
	for i := 0; p.state.Load()&workers != 0; i++ {
		if i > spins {
			runtime.Gosched()
		}
	}
	if failed := p.panics; failed != nil { // written by who has left the run
		p.panics = nil
		panic(failed)
	}
}

// drain does a worker's own units, then others'. A panic ends the run and not
// the program: a goroutine's own cannot be recovered by who called Run.
func (p *Pool) drain(worker int) {
	defer p.keep()
	for k := range p.threads {
		s := &p.shares[(worker+k)%p.threads]
		for unit := s.next.Add(1) - 1; unit < s.end; unit = s.next.Add(1) - 1 {
			p.task(worker, int(unit))
		}
	}
}

// keep keeps a panic for Run, and takes the units that are left away.
func (p *Pool) keep() {
	value := recover()
	if value == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.panics == nil {
		p.panics = &Panic{Value: value, Stack: debug.Stack()}
	}
	for w := range p.shares {
		p.shares[w].next.Store(p.shares[w].end)
	}
}

// work takes part in runs until the pool is closed.
func (p *Pool) work(worker int) {
	debug.SetPanicOnFault(true) // where a host's memory is not there, which keep makes Run's panic
	seen := int64(0)
	for p.await(seen) {
		s := p.state.Load()
		if s&open == 0 {
			seen = s / oneRun
			continue
		}
		if p.state.CompareAndSwap(s, s+1) {
			seen = s / oneRun
			p.drain(worker)
			p.state.Add(-1)
		}
	}
}

// await returns when there is a run after the one seen, or false when the pool is closed.
func (p *Pool) await(seen int64) bool {
	for {
		for i := 0; i < spins || p.busy.Load(); i++ {
			if p.state.Load()/oneRun != seen {
				return !p.closed.Load()
			}
			if i > spins {
				runtime.Gosched()
			}
		}
		p.sleep(seen)
	}
}

// sleep returns when there is a run after the one seen, or one will be soon.
func (p *Pool) sleep(seen int64) {
	p.asleep.Add(1)
	defer p.asleep.Add(-1)
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.state.Load()/oneRun == seen && !p.busy.Load() {
		p.wake.Wait()
	}
}

// Close ends the workers; there must be no run.
func (p *Pool) Close() {
	p.closed.Store(true)
	p.mu.Lock()
	p.state.Add(oneRun)
	p.wake.Broadcast()
	p.mu.Unlock()
}
