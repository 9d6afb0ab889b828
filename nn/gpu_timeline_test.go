package nn

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/atoms"
	"painless/internal/systems"
	"painless/kernels/gpu"
)

// timeline is a device that can look at what a call asks it for, piece by piece:
// launches, copies and zeros.
type timeline struct {
	gpu.Device
	asked []string        // names of the pieces, as long as it is watched
	each  []time.Duration // what they take, one by one, if they are timed
	timed bool
	stop  int // pieces after which there is no more; 0 is all

	ballast gpu.Pointer // zeroed before a measurement
	size    int
}

// errStop is of a piece that was not wanted any more.
var errStop = errors.New("as many as were wanted")

func (d *timeline) piece(name string, ask func() error) error {
	if d.stop > 0 && len(d.asked) == d.stop {
		return errStop
	}
	d.asked = append(d.asked, name)
	if !d.timed {
		return ask()
	}
	took, err := d.measure(ask)
	d.each = append(d.each, took)
	return err
}

// measure is how long the device takes for work. It first gets something else to
// do, so that all of work waits for it and not it for work.
func (d *timeline) measure(work func() error) (time.Duration, error) {
	if err := d.Device.Zero(d.ballast, d.size); err != nil {
		return 0, err
	}
	return d.Time(work)
}

func (d *timeline) Launch(l *gpu.Launch) error {
	return d.piece(l.Kernel.Name(), func() error { return d.Device.Launch(l) })
}

func (d *timeline) Upload(dst gpu.Pointer, src []byte) error {
	return d.piece("upload", func() error { return d.Device.Upload(dst, src) })
}

func (d *timeline) Download(dst []byte, src gpu.Pointer) error {
	return d.piece("download", func() error { return d.Device.Download(dst, src) })
}

func (d *timeline) Zero(dst gpu.Pointer, size int) error {
	return d.piece("zero", func() error { return d.Device.Zero(dst, size) })
}

// watch does e's work up to the piece stop, and is how long the device took for
// it; if timed, it takes the time of each piece alone in its place.
func (d *timeline) watch(e *gpuEngine, timed bool, stop int) (time.Duration, error) {
	d.asked, d.each, d.timed, d.stop = nil, nil, timed, stop
	defer func() { d.timed, d.stop = false, 0 }()
	work := func() error {
		if err := e.work(); !errors.Is(err, errStop) {
			return err
		}
		return nil
	}
	if timed {
		return 0, work()
	}
	return d.measure(work)
}

// fewPieces is what the schedule asks a GPU for where atoms are few.
func fewPieces(net *Network) []string {
	names := []string{"upload", "find_few_pairs", "few_message"}
	last := len(net.Blocks) - 1
	for range last {
		names = append(names, "few_hidden", "few_update")
	}
	names = append(names, "few_hidden", "few_scalars", "few_readout", "few_turn", "few_turn_back")
	for k := last - 1; k >= 0; k-- {
		names = append(names, "few_back", "few_update_back"+map[bool]string{true: "_first"}[k == 0])
	}
	return append(names, "sum_and_reduce", "download")
}

// pieces is what it asks for where they are many, and where a structure is large.
func pieces(net *Network, periodic, large bool) (names []string) {
	names = []string{"upload", "zero", "find_all_pairs"}
	if periodic {
		names = []string{"upload", "zero", "zero", "assign", "scan", "scatter", "arrange", "find_edges"}
	}
	last := len(net.Blocks) - 1
	for _, s := range schedule(len(net.Blocks), false) {
		first := map[bool]string{true: "_first"}[s.block == 0]
		switch s.stage {
		case message:
			names = append(names, "message_forward"+first)
		case update:
			names = append(names, "update_forward")
		case turn:
			names = append(names, "turn")
		case messageBackward:
			if s.block == last {
				first = "_last"
			}
			names = append(names, "message_backward"+first)
		case updateBackward:
			names = append(names, "update_backward")
		case collect:
			names = append(names, "sum_groups")
			if large {
				names = append(names, "reduce_chunks", "add_chunks")
			} else {
				names = append(names, "reduce")
			}
		}
	}
	return append(names, "download")
}

// Where the time of a call goes: each launch and copy by itself, what passes
// between it and the one before, and what the host waits for all of them. The
// emulator's times are those of the host, of one run each, and so are as good as
// the host is idle.
func TestGPUTimeline(t *testing.T) {
	net, boxes, batch, ballast, rounds := loadNetwork(t, "../testdata/original.pt"), []atoms.Structure{systems.WaterBox(6, 6, 6), systems.WaterBox(22, 21, 22)}, 2048, 1<<30, 9
	if emulated {
		net, boxes, batch, ballast, rounds = randomNetwork(gpuConfig, 19), []atoms.Structure{systems.WaterBox(3, 3, 3)}, 6, 1, 1
	}
	type system struct {
		name       string
		apart      bool // whether its blocks do not wait for each other
		structures []atoms.Structure
		pieces     []string
	}
	only := func(s atoms.Structure) []atoms.Structure { return []atoms.Structure{s} }
	all := []system{
		{"benzene", false, only(systems.Benzene()), []string{"once"}}, {"benzene in launches", true, only(systems.Benzene()), fewPieces(net)},
		{"drop", true, only(systems.WaterDrop(4, 3, 2)), pieces(net, false, false)},
		{"many of benzene", true, slices.Repeat(only(systems.Benzene()), batch), pieces(net, false, false)},
	}
	for _, box := range boxes {
		all = append(all, system{fmt.Sprintf("water %d", len(box.Numbers)), false, only(box), pieces(net, true, len(box.Numbers) > 1024)})
	}
	for _, system := range all {
		t.Run(system.name, func(t *testing.T) {
			d := &timeline{Device: openGPU(t), size: ballast}
			e := newGPUTestPotential(t, net, d, Options{}).(*gpuEngine)
			e.apart = system.apart
			var err error
			d.ballast, err = d.Alloc(d.size)
			require.NoError(t, err)
			defer func() { assert.NoError(t, d.Free(d.ballast)) }()

			first := compute(t, e, system.structures...) // which makes room
			d.asked = nil
			e.recorded.shape = gpuShape{}
			launched := hostTime(t, e, system.structures)
			names := d.asked
			assert.Equal(t, system.pieces, names)

			nothing := least(t, rounds, func() (time.Duration, error) { return d.measure(func() error { return nil }) })
			until := make([]time.Duration, len(names)+1) // the end of each piece
			alone := make([]time.Duration, len(names))
			for round := range rounds {
				_, err := d.watch(e, true, 0)
				require.NoError(t, err)
				for k, took := range d.each {
					if took = max(0, took-nothing); round == 0 || took < alone[k] {
						alone[k] = took
					}
				}
			}
			for k := range names {
				until[k+1] = max(0, least(t, rounds, func() (time.Duration, error) { return d.watch(e, false, k+1) })-nothing)
				assert.Equal(t, names[:k+1], d.asked)
			}

			compute(t, e, system.structures...)
			require.Equal(t, e.inOne(), e.recorded.graph == nil)
			replayed := least(t, rounds, func() (time.Duration, error) { return hostTime(t, e, system.structures), nil })
			assert.Equal(t, first, compute(t, e, system.structures...), "looking on changes nothing")
			t.Logf("%s, %d atoms, %d edges on %s\n%s\nfrom host to host: %.1f µs launch by launch, %.1f µs as one graph, if that can be; a measurement of nothing, which is taken off: %.1f µs",
				system.name, len(first.Forces), e.host.status[0], d.Properties().Name, table(names, alone, until), micro(launched), micro(replayed), micro(nothing))
		})
	}
}

// table is a line for each piece, and one for their sum.
func table(names []string, alone, until []time.Duration) string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tpiece\tµs\tgap µs\tend µs\t")
	sum := time.Duration(0)
	for k, name := range names {
		fmt.Fprintf(w, "%d\t%s\t%.1f\t%.1f\t%.1f\t\n", k+1, name, micro(alone[k]), micro(until[k+1]-until[k]-alone[k]), micro(until[k+1]))
		sum += alone[k]
	}
	end := until[len(names)]
	fmt.Fprintf(w, "\tsum\t%.1f\t%.1f\t%.1f\t\n", micro(sum), micro(end-sum), micro(end))
	w.Flush()
	return text.String()
}

func micro(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// least is the shortest of a few measurements.
func least(t *testing.T, rounds int, measure func() (time.Duration, error)) time.Duration {
	took := make([]time.Duration, rounds)
	for i := range took {
		var err error
		took[i], err = measure()
		require.NoError(t, err)
	}
	return slices.Min(took)
}

func hostTime(t *testing.T, p Potential, structures []atoms.Structure) time.Duration {
	b, r := atoms.NewBatch(structures...), &Result{}
	start := time.Now()
	require.NoError(t, p.Compute(context.Background(), b, r))
	return time.Since(start)
}
