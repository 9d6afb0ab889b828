package api

import (
	"context"
	"errors"
	"io"
	"math"
	"os"
	"runtime"
	"sync"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless"
	"painless/data"
	"painless/internal/systems"
)

const testdata = "../../../testdata/"

func open(t testing.TB, l *Library, student string, opts painless.Options) uintptr {
	t.Helper()
	number, err := l.Open(testdata+student+".pt", opts)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, l.Close(number)) })
	return number
}

// host is structures as a host has them.
type host struct {
	counts    []int64
	numbers   []int32
	positions [][3]float64
	cells     [][3][3]float64
	pbc       [][3]int32

	energies []float64
	forces   [][3]float64
	virials  [][3][3]float64
	stresses [][6]float64
	shares   []float64
	pulls    [][3][3]float64
}

func newHost(structures ...painless.Structure) *host {
	h := &host{}
	for _, s := range structures {
		h.counts = append(h.counts, int64(len(s.Numbers)))
		for _, z := range s.Numbers {
			h.numbers = append(h.numbers, int32(z))
		}
		h.positions, h.cells = append(h.positions, s.Positions...), append(h.cells, s.Cell)
		var along [3]int32
		for k, periodic := range s.PBC {
			if periodic {
				along[k] = int32(k) - 7 // anything but 0
			}
		}
		h.pbc = append(h.pbc, along)
	}
	n, s := len(h.numbers), len(structures)
	h.energies, h.forces = make([]float64, s), make([][3]float64, n)
	h.virials, h.stresses = make([][3][3]float64, s), make([][6]float64, s)
	h.shares, h.pulls = make([]float64, n), make([][3][3]float64, n)
	return h
}

func (h *host) call() *Call {
	return &Call{
		Structures: int64(len(h.counts)), Counts: unsafe.SliceData(h.counts), Numbers: unsafe.SliceData(h.numbers),
		Positions: unsafe.SliceData(h.positions), Cells: unsafe.SliceData(h.cells), PBC: unsafe.SliceData(h.pbc),
		Energies: unsafe.SliceData(h.energies), Forces: unsafe.SliceData(h.forces),
		Virials: unsafe.SliceData(h.virials), Stresses: unsafe.SliceData(h.stresses),
	}
}

// golden returns what PyTorch has computed.
func golden(t testing.TB, student string) (structures []painless.Structure, labelled []*data.Frame) {
	t.Helper()
	file, err := os.Open(testdata + student + ".extxyz")
	require.NoError(t, err)
	defer file.Close()
	for r := data.NewReader(file, student); ; {
		f, err := r.Read()
		if errors.Is(err, io.EOF) {
			return structures, labelled
		}
		require.NoError(t, err)
		structures, labelled = append(structures, f.Structure), append(labelled, f)
	}
}

// callShares is the call with the atoms' shares.
func (h *host) callShares() *Call {
	c := h.call()
	c.AtomEnergies, c.AtomVirials = unsafe.SliceData(h.shares), unsafe.SliceData(h.pulls)
	return c
}

// The host's arrays hold what Go computes, to the bit, on the CPU and on a GPU's
// kernels; and NaN for stresses that there are none of.
func TestComputeEqualsGo(t *testing.T) {
	for _, c := range []struct {
		student string
		opts    painless.Options
		only    int
	}{
		{"tiny", painless.Options{Threads: 2}, 100},
		{"tiny", painless.Options{Threads: 2, AtomEnergies: true, AtomVirials: true}, 100},
		{"ultra_tiny", painless.Options{Threads: 1, Precision: painless.Float64}, 100},
		{"ultra_tiny", painless.Options{Device: "emulator"}, 1},
	} {
		structures, _ := golden(t, c.student)
		structures = structures[:min(c.only, len(structures))]
		var l Library
		h := newHost(structures...)
		call := h.call()
		if c.opts.AtomVirials {
			call = h.callShares()
		}
		require.NoError(t, l.Compute(open(t, &l, c.student, c.opts), call))

		model, err := painless.Open(testdata+c.student+".pt", c.opts)
		require.NoError(t, err)
		batch, want := painless.NewBatch(structures...), &painless.Result{}
		require.NoError(t, model.Compute(context.Background(), batch, want))
		require.NoError(t, model.Close())
		assert.Equal(t, want.Energy, h.energies)
		assert.Equal(t, want.Forces, h.forces)
		assert.Equal(t, want.Virial, h.virials)
		if c.opts.AtomVirials {
			assert.Equal(t, want.AtomEnergy, h.shares)
			assert.Equal(t, want.AtomVirial, h.pulls)
		}
		for k := range structures {
			if _, ok := batch.Volume(k); ok {
				assert.Equal(t, want.Stress[k], h.stresses[k])
				continue
			}
			for _, x := range h.stresses[k] {
				assert.True(t, math.IsNaN(x), k)
			}
		}
	}
}

// What is NULL is not written, or not there.
func TestComputeOfLess(t *testing.T) {
	var l Library
	number := open(t, &l, "tiny", painless.Options{Threads: 1})
	drop := systems.WaterDrop(2, 1, 1)
	whole, one := newHost(drop), newHost(drop)
	require.NoError(t, l.Compute(number, whole.call()))
	c := one.call()
	c.Cells, c.PBC, c.Energies, c.Virials, c.Stresses = nil, nil, nil, nil, nil
	require.NoError(t, l.Compute(number, c))
	assert.Equal(t, whole.forces, one.forces)
	c = one.call()
	c.Forces = nil
	require.NoError(t, l.Compute(number, c))
	assert.Equal(t, whole.energies, one.energies)
	assert.Equal(t, whole.virials, one.virials)
	require.NoError(t, l.Compute(number, &Call{}), "no structures")
}

func TestComputeAllocatesNothing(t *testing.T) {
	var l Library
	box := systems.WaterBox(3, 3, 3)
	for _, threads := range []int{1, 2} {
		number := open(t, &l, "ultra_tiny", painless.Options{Threads: threads, AtomEnergies: true, AtomVirials: true})
		h := newHost(box)
		c := h.callShares()
		less := *c
		less.Cells, less.PBC, less.Energies, less.Forces, less.Virials, less.Stresses = nil, nil, nil, nil, nil, nil
		less.AtomEnergies, less.AtomVirials = nil, nil
		for _, c := range []*Call{c, &less} {
			assert.Zero(t, testing.AllocsPerRun(10, func() {
				h.positions[0][0] += 1e-3
				if err := l.Compute(number, c); err != nil {
					panic(err)
				}
			}))
		}
	}
}

func TestComputeErrors(t *testing.T) {
	var l Library
	number := open(t, &l, "ultra_tiny", painless.Options{Threads: 1, AtomEnergies: true, AtomVirials: true})
	water := systems.WaterDrop(1, 1, 1)
	for _, c := range []struct {
		name string
		do   func(h *host, c *Call)
		code Code
		want string
	}{
		{"structures", func(_ *host, c *Call) { c.Structures = -1 }, Argument, "-1 structures: expected 0 to 2147483647"},
		{"many structures", func(_ *host, c *Call) { c.Structures = 1 << 40 }, Argument, "1099511627776 structures: expected 0 to 2147483647"},
		{"no counts", func(_ *host, c *Call) { c.Counts = nil }, Argument, "counts is NULL: expected the atoms of 2 structures"},
		{"no atoms", func(h *host, _ *Call) { h.counts[1] = 0 }, Argument, "structure 1 has 0 atoms: expected 1 or more, and at most 2147483647 in all"},
		{"many atoms", func(h *host, _ *Call) { h.counts[1] = math.MaxInt64 }, Argument, "structure 1 has 9223372036854775807 atoms"},
		{"no numbers", func(_ *host, c *Call) { c.Numbers = nil }, Argument, "numbers or positions are NULL: expected those of 6 atoms"},
		{"no positions", func(_ *host, c *Call) { c.Positions = nil }, Argument, "numbers or positions are NULL: expected those of 6 atoms"},
		{"element", func(h *host, _ *Call) { h.numbers[4] = -5 }, Structure, "structure 1: atom 1 has atomic number -5: the network knows 1 to "},
		{"not a number", func(h *host, _ *Call) { h.positions[4][1] = math.NaN() }, Structure, "structure 1: atom 1 has y = NaN Å: expected a number"},
		{"cell", func(h *host, _ *Call) { h.pbc[1][0] = 1 }, Structure, "structure 1: lattice vector a is [0 0 0] Å, and periodic"},
		{"flat cell", func(h *host, _ *Call) {
			h.cells[0], h.pbc[0] = [3][3]float64{{9, 0, 0}, {0, 9, 0}, {9, 9, 0}}, [3]int32{1, 1, 1}
		}, Structure, "structure 0: singular cell"},
	} {
		h := newHost(water, water)
		call := h.callShares()
		c.do(h, call)
		err := l.Compute(number, call)
		assert.ErrorContains(t, err, c.want, c.name)
		assert.Equal(t, c.code, CodeOf(err), c.name)
		if c.code == Structure {
			for _, x := range []float64{h.energies[0], h.forces[0][0], h.forces[5][2], h.virials[1][2][2], h.stresses[1][5], h.shares[5], h.pulls[5][2][2]} {
				assert.True(t, math.IsNaN(x), "%s: no number in silence", c.name)
			}
		}
	}
	assert.NoError(t, l.Compute(number, newHost(water).call()), "it goes on")
	err := l.Compute(open(t, &l, "ultra_tiny", painless.Options{Threads: 1}), newHost(water).callShares())
	assert.ErrorContains(t, err, "atom_energies or atom_virials are asked for: expected a model opened with atom_shares")
	assert.Equal(t, Argument, CodeOf(err))
}

// A pointer to nowhere is an error, and the model computes no more: its engine
// may have been left between two states.
func TestComputeOfNowhere(t *testing.T) {
	var l Library
	water := systems.WaterDrop(1, 1, 1)
	var nowhere uintptr = 1 << 12 // no page of a process is here
	for name, do := range map[string]func(c *Call){
		"positions": func(c *Call) { c.Positions = *(**[3]float64)(unsafe.Pointer(&nowhere)) },
		"numbers":   func(c *Call) { c.Numbers = *(**int32)(unsafe.Pointer(&nowhere)) },
		"forces":    func(c *Call) { c.Forces = *(**[3]float64)(unsafe.Pointer(&nowhere)) },
	} {
		number, err := l.Open(testdata+"ultra_tiny.pt", painless.Options{Threads: 2})
		require.NoError(t, err)
		call := newHost(water).call()
		do(call)
		err = l.Compute(number, call)
		assert.ErrorContains(t, err, "a fault in painless, or a pointer to nowhere: ", name)
		assert.Equal(t, Internal, CodeOf(err), name)
		assert.Equal(t, err, l.Compute(number, newHost(water).call()), name)
		assert.NoError(t, l.Close(number))
	}
}

func TestModels(t *testing.T) {
	var l Library
	for path, want := range map[string]string{"": "path is empty: expected a checkpoint file", "none.pt": "none.pt: no such file", "api.go": "api.go"} {
		_, err := l.Open(path, painless.Options{})
		assert.ErrorContains(t, err, want)
	}
	first, err := l.Open(testdata+"tiny.pt", painless.Options{Threads: 1, Cutoff: 5})
	require.NoError(t, err)
	network, opts, err := l.Info(first)
	require.NoError(t, err)
	assert.Equal(t, []any{5., 64, 1}, []any{network.Cutoff, network.HiddenDim, opts.Threads})
	notes, err := l.Notes(first)
	require.NoError(t, err)
	assert.Equal(t, "cutoff 5 Å, given by the option cutoff\nweights under \"model_state_dict\"", notes)

	require.NoError(t, l.Close(first))
	second, err := l.Open(testdata+"tiny.pt", painless.Options{Threads: 1})
	require.NoError(t, err)
	assert.NotEqual(t, first, second, "no number is given out twice")
	for number, want := range map[uintptr]string{0: "the model is NULL: expected one of pl_open", first: "model 1 is closed", 1 << 40: "0x10000000000 is no model: expected one of pl_open"} {
		_, _, err := l.Info(number)
		_, notes := l.Notes(number)
		for _, err := range []error{err, notes, l.Compute(number, &Call{})} {
			assert.ErrorContains(t, err, want)
			assert.Equal(t, Handle, CodeOf(err))
		}
		if number != 0 {
			assert.Equal(t, Handle, CodeOf(l.Close(number)))
		}
	}
	assert.NoError(t, l.Close(0), "as free(NULL)")
	assert.NoError(t, l.Close(second))
}

// One thread closes while others compute: each call is whole, or an error.
func TestCloseWhileComputing(t *testing.T) {
	var l Library
	drop := systems.WaterDrop(2, 2, 1)
	want := newHost(drop)
	require.NoError(t, l.Compute(open(t, &l, "ultra_tiny", painless.Options{Threads: 1}), want.call()))
	number, err := l.Open(testdata+"ultra_tiny.pt", painless.Options{Threads: 2})
	require.NoError(t, err)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			h := newHost(drop)
			for {
				err := l.Compute(number, h.call())
				if err != nil {
					assert.Equal(t, Handle, CodeOf(err))
					return
				}
				assert.Equal(t, want.forces, h.forces)
			}
		})
	}
	runtime.Gosched()
	assert.NoError(t, l.Close(number))
	group.Wait()
}

func TestThreads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(6))
	for _, c := range []struct {
		asked int
		env   map[string]string
		want  int
	}{
		{0, nil, 6},
		{4, nil, 4},
		{7, nil, 6},
		{-1, nil, -1}, // which Open refuses
		{0, map[string]string{"OMP_NUM_THREADS": "3"}, 3},
		{0, map[string]string{"OMP_NUM_THREADS": " 2,4"}, 2},
		{0, map[string]string{"OMP_NUM_THREADS": "64"}, 6},
		{0, map[string]string{"OMP_NUM_THREADS": "0"}, 6},
		{0, map[string]string{"OMP_NUM_THREADS": "many"}, 6},
		{0, map[string]string{"OMPI_COMM_WORLD_SIZE": "2"}, 1},
		{0, map[string]string{"PMIX_RANK": "0"}, 1},
		{0, map[string]string{"PMIX_RANK": "0", "OMPI_MCA_ess": "singleton"}, 6},
		{0, map[string]string{"PMI_SIZE": "2", "OMP_NUM_THREADS": "5"}, 5},
		{2, map[string]string{"PMI_SIZE": "2", "OMP_NUM_THREADS": "5"}, 2},
	} {
		assert.Equal(t, c.want, Threads(c.asked, func(name string) string { return c.env[name] }), c)
	}
	var l Library
	_, err := l.Open(testdata+"tiny.pt", painless.Options{Threads: -1})
	assert.ErrorContains(t, err, "-1 threads: expected 0 (all cores) to ")
}
