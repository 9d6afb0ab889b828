package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"gonum.org/v1/gonum/stat"

	"painless"
	"painless/atoms"
	"painless/data"
	"painless/internal/systems"
)

// student is a network and what tables call it.
type student struct {
	name    string
	network *painless.Network
}

// students opens all on the first device, which says that it is there, and
// keeps their networks for all devices.
func (s *settings) students(stderr io.Writer) (students []student, _ error) {
	first, names := s.model, s.model.Names()
	first.Device = s.devices[0]
	for i, path := range first.Paths() {
		model, err := first.Open(path, stderr)
		if err != nil {
			return nil, err
		}
		if err := model.Close(); err != nil {
			return nil, err
		}
		students = append(students, student{names[i], model.Network})
	}
	return students, nil
}

// workload is what fills the batches.
type workload struct {
	atoms int
	cloud bool
	read  []atoms.Structure
}

func newWorkload(s *settings) (*workload, error) {
	w := &workload{atoms: s.atoms, cloud: s.cloud}
	if s.structures == "" {
		return w, nil
	}
	file, err := os.Open(s.structures)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	frames := data.NewReader(file, s.structures)
	for len(w.read) < slices.Max(s.batches) {
		frame, err := frames.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		w.read = append(w.read, frame.Structure)
	}
	if len(w.read) == 0 {
		return nil, fmt.Errorf("%s: expected a structure, found none", s.structures)
	}
	return w, nil
}

// structures is those of a batch; with -cloud it is one, of all the atoms.
func (w *workload) structures(size int) []atoms.Structure {
	if w.cloud {
		return []atoms.Structure{systems.Cloud(size*w.atoms, 1)}
	}
	batch := make([]atoms.Structure, size)
	for i := range batch {
		if w.read != nil {
			batch[i] = w.read[i%len(w.read)]
		} else {
			batch[i] = systems.Cluster(w.atoms, uint64(i))
		}
	}
	return batch
}

// The quantities that are timed.
const (
	energyOnly      = "energy"
	energyAndForces = "energy+forces"
)

// contestant computes a batch when its turn comes.
type contestant struct {
	row
	potential painless.Potential
	batch     *painless.Batch
	result    painless.Result
	step      int
	seconds   []float64 // of each call
}

// measure lets every student compute the structures on every device, energies
// and energies with forces, in turns, so that what disturbs the machine disturbs
// all of them.
func measure(ctx context.Context, s *settings, students []student, structures []atoms.Structure, size int) (rows []row, err error) {
	var all []*contestant
	defer func() {
		for _, c := range all {
			err = errors.Join(err, c.potential.Close())
		}
	}()
	for _, student := range students {
		for _, on := range s.devices {
			for _, quantity := range []string{energyOnly, energyAndForces} {
				c, err := newContestant(ctx, s, student, on, quantity, structures)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", student.name, err)
				}
				c.Batch, all = size, append(all, c)
			}
		}
	}
	for range s.rounds {
		for _, c := range all {
			if err := c.turn(ctx, s.warmup, s.calls); err != nil {
				return nil, err
			}
		}
	}
	for _, c := range all {
		c.Milliseconds = spreadOf(c.seconds)
		rows = append(rows, c.row)
	}
	return rows, nil
}

// newContestant has computed the structures once, and knows what memory that took.
func newContestant(ctx context.Context, s *settings, student student, on, quantity string, structures []atoms.Structure) (*contestant, error) {
	c := &contestant{
		row:   row{Model: student.name, Device: on, Quantity: quantity, Structures: len(structures)},
		batch: painless.NewBatch(structures...),
	}
	c.Atoms = c.batch.NumAtoms()
	var list atoms.NeighborList[float32]
	if err := list.Build(c.batch, student.network.Cutoff); err != nil {
		return nil, err
	}
	c.Edges = 2 * len(list.D)
	list = atoms.NeighborList[float32]{}

	opts := s.model.Options()
	opts.Device, opts.EnergyOnly = on, quantity == energyOnly
	before := heapBytes()
	var err error
	if c.potential, err = painless.NewPotential(student.network, opts); err != nil {
		return nil, err
	}
	if err := c.potential.Compute(ctx, c.batch, &c.result); err != nil {
		return nil, errors.Join(err, c.potential.Close())
	}
	if on == "cpu" {
		c.Bytes = max(0, heapBytes()-before)
	}
	return c, nil
}

// turn times calls, between which the atoms move, after some that warm up the
// caches and wake the threads.
func (c *contestant) turn(ctx context.Context, warmup, calls int) error {
	for i := range warmup + calls {
		systems.Shake(c.batch.Positions, c.step)
		c.step++
		begin := time.Now()
		if err := c.potential.Compute(ctx, c.batch, &c.result); err != nil {
			return fmt.Errorf("%s on %s: %w", c.Model, c.Device, err)
		}
		if i >= warmup {
			c.seconds = append(c.seconds, time.Since(begin).Seconds())
		}
	}
	return nil
}

// spreadOf is percentiles in ms, each a time that was measured (nearest rank).
func spreadOf(seconds []float64) spread {
	sorted := slices.Sorted(slices.Values(seconds))
	at := func(p float64) float64 { return 1e3 * stat.Quantile(p, stat.Empirical, sorted, nil) }
	return spread{P5: at(0.05), P25: at(0.25), Median: at(0.5), P75: at(0.75), P95: at(0.95)}
}

// heapBytes is the memory that is in use.
func heapBytes() int64 {
	runtime.GC()
	runtime.GC() // what pools kept at the first
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// peakBytes is the most memory that the process ever had, 0 where the system does not say.
func peakBytes() int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kilobytes, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return 1024 * kilobytes
		}
	}
	return 0
}
