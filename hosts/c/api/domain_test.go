package api

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless"
	"painless/internal/systems"
)

// A C program that is 1, 2 and 4 ranks, some of which may be empty, finds what it
// finds for the whole.
func TestCDomains(t *testing.T) {
	bin := built(t)
	for student, cuts := range map[string][][2]int{"original": {{2, 2}}, "tiny": {{1, 1}, {4, 4}}, "ultra_tiny": {{4, 3}, {3, 1}}} {
		for _, c := range cuts {
			t.Log(run(t, exec.Command(filepath.Join(bin, "domain"), testdata+student+".pt", fmt.Sprint(c[0]), fmt.Sprint(c[1]))))
		}
	}
}

// part is an isolated molecule as a host has it: own atoms, and ghosts that are
// atoms of nobody else, whose rows come from themselves.
type part struct {
	*host
	own    int64
	list   [][2]int32
	copied []int32
	rows   []float32

	energies []float64
	virials  [][3][3]float64
}

func newPart(t *testing.T, l *Library, number uintptr, s painless.Structure, own int) *part {
	row, err := l.Row(number)
	require.NoError(t, err)
	p := &part{host: newHost(s), own: int64(own), list: [][2]int32{}, energies: make([]float64, own), virials: make([][3][3]float64, own)}
	for i := range own {
		for j := i + 1; j < len(s.Numbers); j++ {
			p.list = append(p.list, [2]int32{int32(i), int32(j)})
		}
	}
	p.copied = make([]int32, len(s.Numbers)-own) // all of atom 0
	p.rows = make([]float32, len(p.copied)*row)
	return p
}

func (p *part) call() *DomainCall {
	return &DomainCall{
		Own: p.own, Atoms: int64(len(p.numbers)), Numbers: unsafe.SliceData(p.numbers), Positions: unsafe.SliceData(p.positions),
		Pairs: int64(len(p.list)), List: unsafe.SliceData(p.list),
	}
}

func (p *part) results() *DomainResults {
	return &DomainResults{
		Energy: &p.host.energies[0], Forces: unsafe.SliceData(p.forces), Virial: unsafe.SliceData(p.host.virials),
		AtomEnergy: unsafe.SliceData(p.energies), AtomVirials: unsafe.SliceData(p.virials),
	}
}

func (p *part) step(l *Library, number uintptr) error {
	if err := l.Begin(number, p.call()); err != nil {
		return err
	}
	n := int64(len(p.copied))
	for {
		more, err := l.Step(number)
		if err != nil {
			return err
		}
		if !more {
			return l.Finish(number, p.results())
		}
		if err := l.Pack(number, n, unsafe.SliceData(p.copied), unsafe.SliceData(p.rows)); err != nil {
			return err
		}
		if err := l.Unpack(number, p.own, n, unsafe.SliceData(p.rows)); err != nil {
			return err
		}
	}
}

// A domain of all atoms is what Compute finds, and single atoms' energies; the
// steady state allocates nothing; calls of Compute in between do not disturb it.
func TestDomainOfAll(t *testing.T) {
	var l Library
	number := open(t, &l, "tiny", painless.Options{Threads: 1})
	drop := systems.WaterDrop(3, 2, 2)
	n := len(drop.Numbers)
	all, some, whole := newPart(t, &l, number, drop, n), newPart(t, &l, number, drop, n-9), newHost(drop)
	require.NoError(t, all.step(&l, number))
	require.NoError(t, l.Compute(number, whole.call()))
	assert.InEpsilon(t, whole.energies[0], all.host.energies[0], 1e-7)
	for i, f := range whole.forces {
		assert.InDeltaSlice(t, f[:], all.forces[i][:], 1e-4)
	}
	model, err := painless.Open(testdata+"tiny.pt", painless.Options{Threads: 1, AtomEnergies: true})
	require.NoError(t, err)
	defer model.Close()
	want := &painless.Result{}
	require.NoError(t, model.Compute(context.Background(), painless.NewBatch(drop), want))
	assert.InDeltaSlice(t, want.AtomEnergy, all.energies, 1e-5)

	assert.Zero(t, testing.AllocsPerRun(5, func() {
		for _, p := range []*part{some, all} {
			if err := p.step(&l, number); err != nil {
				panic(err)
			}
		}
	}))

	require.NoError(t, l.Begin(number, all.call()))
	require.NoError(t, l.Compute(number, newHost(systems.WaterDrop(1, 1, 1)).call()))
	for more := true; more; {
		more, err = l.Step(number)
		require.NoError(t, err)
	}
	energy := all.host.energies[0]
	require.NoError(t, l.Finish(number, &DomainResults{Energy: &all.host.energies[0]}))
	assert.Equal(t, energy, all.host.energies[0])
}

// A part whose ghosts are recomputed has its atoms' energies, and forces that are its
// share of all; it allocates nothing and ends what was begun.
func TestRecompute(t *testing.T) {
	var l Library
	number := open(t, &l, "tiny", painless.Options{Threads: 1})
	drop := systems.WaterDrop(3, 2, 2)
	n := len(drop.Numbers)
	whole := newPart(t, &l, number, drop, n)
	require.NoError(t, whole.step(&l, number))
	part, own := newPart(t, &l, number, drop, n), make([]int32, n)
	recompute := func() {
		if err := l.Recompute(number, part.call(), unsafe.SliceData(own), part.results()); err != nil {
			panic(err)
		}
	}
	sum, energy := make([][3]float64, n), 0.0
	for half := range 2 {
		for i := range own {
			own[i] = int32((i + half) % 2 * -3) // anything but 0
		}
		recompute()
		energy += part.host.energies[0]
		for i, f := range part.forces {
			for c := range f {
				sum[i][c] += f[c]
			}
			if own[i] != 0 {
				assert.InDelta(t, whole.energies[i], part.energies[i], 1e-5)
			} else {
				assert.Zero(t, part.energies[i])
			}
		}
	}
	assert.InEpsilon(t, whole.host.energies[0], energy, 1e-7)
	for i, f := range whole.forces {
		assert.InDeltaSlice(t, f[:], sum[i][:], 1e-4)
	}
	assert.Zero(t, testing.AllocsPerRun(5, recompute))

	require.NoError(t, l.Begin(number, whole.call()))
	recompute()
	_, err := l.Step(number)
	assert.ErrorContains(t, err, "pl_step: expected pl_begin")
	require.NoError(t, l.Recompute(number, &DomainCall{}, nil, &DomainResults{}), "no atoms")
	assert.ErrorContains(t, l.Recompute(number, part.call(), nil, part.results()), "own is NULL: expected marks of 36 atoms")
	short := part.call()
	short.Pairs, short.List = 1, &[2]int32{0, 36}
	err = l.Recompute(number, short, unsafe.SliceData(own), part.results())
	assert.ErrorContains(t, err, "pair 0 is of the atoms 0 and 36: expected two different ones of 36")
	assert.Equal(t, Structure, CodeOf(err))
	err = l.Recompute(open(t, &l, "ultra_tiny", painless.Options{Device: "emulator"}), part.call(), unsafe.SliceData(own), part.results())
	assert.ErrorContains(t, err, "ghosts are recomputed on the CPU alone")
	assert.Equal(t, Argument, CodeOf(err))
}

// A domain on a GPU has what one on the CPU has, with ghosts.
func TestDomainOnGPU(t *testing.T) {
	var l Library
	drop := systems.WaterDrop(2, 1, 1)
	for _, own := range []int{4, len(drop.Numbers)} {
		var parts [2]*part
		for k, device := range []string{"cpu", "emulator"} {
			number := open(t, &l, "ultra_tiny", painless.Options{Threads: 1, Device: device})
			parts[k] = newPart(t, &l, number, drop, own)
			require.NoError(t, parts[k].step(&l, number))
		}
		assert.InDelta(t, parts[0].host.energies[0], parts[1].host.energies[0], 1e-4)
		assert.InDeltaSlice(t, parts[0].energies, parts[1].energies, 2e-5)
		for i := range own {
			assert.InDeltaSlice(t, parts[0].forces[i][:], parts[1].forces[i][:], 1e-4)
			for a := range 3 {
				assert.InDeltaSlice(t, parts[0].virials[i][a][:], parts[1].virials[i][a][:], 1e-4)
			}
		}
	}
}

func TestDomainErrors(t *testing.T) {
	var l Library
	number := open(t, &l, "ultra_tiny", painless.Options{Threads: 1})
	p := newPart(t, &l, number, systems.WaterDrop(1, 1, 2), 3)
	row := unsafe.SliceData(p.rows)
	atom := func(i int32) *int32 { return &i }
	begin := func(do func(c *DomainCall)) error {
		c := p.call()
		do(c)
		return l.Begin(number, c)
	}
	same := systems.WaterDrop(1, 1, 2)
	same.Positions[5] = same.Positions[0]
	for _, c := range []struct {
		want string
		code Code
		err  error
	}{
		{"0x270f is no model", Handle, l.Begin(9999, p.call())},
		{"7 own atoms of 6, and 12 pairs: expected no more own atoms than atoms", Argument, begin(func(c *DomainCall) { c.Own = 7 })},
		{"-1 own atoms", Argument, begin(func(c *DomainCall) { c.Own = -1 })},
		{"-1 pairs", Argument, begin(func(c *DomainCall) { c.Pairs = -1 })},
		{"numbers or positions are NULL", Argument, begin(func(c *DomainCall) { c.Numbers = nil })},
		{"pair 0 is of the atoms 0 and 6: expected two different ones of 6", Structure, begin(func(c *DomainCall) { c.Pairs, c.List = 1, &[2]int32{0, 6} })},
		{"atom 1 has atomic number 0", Structure, begin(func(c *DomainCall) { c.Numbers = &[]int32{1, 0, 1, 1, 1, 1}[0] })},
		{"the atoms 0 and 5 are on the same point", Structure, l.Begin(number, newPart(t, &l, number, same, 3).call())},
		{"pl_step: expected pl_begin", Argument, func() error { _, err := l.Step(number); return err }()},
		{"pl_pack: expected pl_begin", Argument, l.Pack(number, 0, nil, nil)},
		{"pl_finish: expected pl_begin", Argument, l.Finish(number, p.results())},
	} {
		assert.ErrorContains(t, c.err, c.want)
		assert.NotContains(t, fmt.Sprint(c.err), "structure 0")
		assert.Equal(t, c.code, CodeOf(c.err), c.want)
	}
	require.NoError(t, l.Begin(number, p.call()))
	assert.ErrorContains(t, l.Unpack(number, 3, 0, nil), "pl_unpack: expected pl_step")
	more, err := l.Step(number)
	require.NoError(t, err)
	require.True(t, more)
	for want, err := range map[string]error{
		"pl_finish: expected pl_pack, pl_unpack or pl_step":        l.Finish(number, p.results()),
		"atom 6 of a domain of 6":                                  l.Pack(number, 1, atom(6), row),
		"pl_pack of -1 atoms of 6":                                 l.Pack(number, -1, atom(0), row),
		"pl_pack of 1 atoms of 6: expected 0 or more, at most all": l.Pack(number, 1, nil, row),
		"pl_unpack of 7 atoms of 6":                                l.Unpack(number, 3, 7, row),
		"pl_unpack of 1 atoms of 6":                                l.Unpack(number, 3, 1, nil),
		"1 ghosts from atom 2 on":                                  l.Unpack(number, 2, 1, row),
		"1 ghosts from atom 6 on":                                  l.Unpack(number, 6, 1, row),
	} {
		assert.ErrorContains(t, err, want)
		assert.Equal(t, Argument, CodeOf(err), want)
	}
	require.NoError(t, l.Pack(number, 0, nil, nil), "it goes on")

	_, err = l.Row(open(t, &l, "ultra_tiny", painless.Options{Precision: painless.Float64}))
	assert.ErrorContains(t, err, "expected float32")
	assert.Equal(t, Argument, CodeOf(err))
}
