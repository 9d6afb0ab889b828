package emulator

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/kernels/gpu"
)

// own puts a block's number into %r3, the address of its own word of the first 8 into %rd2, and that of the next block's into %rd3;
// word 8 of the memory counts arrivals.
const ownWord = `
	ld.param.u64 %rd1, [p0];
	mov.u32 %r1, %tid.x;
	mov.u32 %r3, %ctaid.x;
	mov.u32 %r4, %nctaid.x;
	mul.wide.u32 %rd4, %r3, 4;
	add.s64 %rd2, %rd1, %rd4;
	add.s32 %r5, %r3, 1;
	rem.u32 %r5, %r5, %r4;
	mul.wide.u32 %rd4, %r5, 4;
	add.s64 %rd3, %rd1, %rd4;
	setp.ne.u32 %p1, %r1, 0;`

const (
	barriers  = "\n bar.sync 0;"
	arrive    = "\n @%p1 bra arrived;\n atom.release.gpu.global.add.u32 %r6, [%rd1+32], 1;\narrived:"
	weak      = "\n @%p1 bra arrived;\n atom.global.add.u32 %r6, [%rd1+32], 1;\narrived:"
	wait      = "\n @%p1 bra there;\nagain:\n ld.acquire.gpu.global.u32 %r7, [%rd1+32];\n setp.lt.u32 %p2, %r7, 11;\n @%p2 bra again;\nthere:" // 8 is there at first
	putOwn    = "\n @!%p1 st.global.u32 [%rd2], %r3;"
	getNext   = "\n @!%p1 ld.global.u32 %r8, [%rd3];"
	putNext   = "\n @!%p1 st.global.u32 [%rd3], %r3;"
	putByLast = "\n setp.eq.u32 %p3, %r1, 63;\n @%p3 st.global.u32 [%rd2], %r3;"
)

// Blocks that meet may use what others did before; without the meeting, or with a part of it missing, that is a fault.
func TestMeetings(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"reads what was written before", putOwn + barriers + arrive + wait + barriers + getNext, ""},
		{"by any thread", putByLast + barriers + arrive + wait + barriers + getNext, ""},
		{"writes what was read before", getNext + barriers + arrive + wait + barriers + putOwn, ""},
		{"writes what was written before", putOwn + barriers + arrive + wait + barriers + putNext, ""},
		{"no meeting", putOwn + getNext, "another block"},
		{"writes beside a reader", getNext + putOwn, "another block"},
		{"nobody waits", putOwn + barriers + arrive + barriers + getNext, "another block"},
		{"no release", putOwn + barriers + weak + wait + barriers + getNext, "another block"},
		{"no barrier before arriving", putByLast + arrive + wait + barriers + getNext, "another block"},
		{"no barrier after waiting", putOwn + barriers + arrive + wait + getNext, "another block"},
		{"writes again before the next meeting", putOwn + barriers + arrive + wait + barriers + getNext + putOwn, "another block"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, Options{Limit: 100_000, Charged: true})
			err := b.together(text(1, "", ownWord+c.body+"\n ret;"), 3, 64)
			if c.want != "" {
				assert.ErrorContains(t, err, c.want)
				return
			}
			require.NoError(t, err)
			charges := b.TakeCharges()
			require.Len(t, charges, 2)
			for k, s := range charges {
				assert.Equal(t, k+1, s.Stage)
				assert.Equal(t, 3, s.Blocks)
			}
			assert.Greater(t, charges[0].Latency, uint64(3*3*beyondLatency), "what is written must be read, as the count, twice")
			assert.Less(t, charges[0].Latency, uint64(3*6*beyondLatency))
		})
	}
}

// Blocks of a cluster meet at its barriers, which are as strict.
func TestClusters(t *testing.T) {
	const come, goOn = "\n barrier.cluster.arrive;", "\n barrier.cluster.wait;"
	for _, c := range []struct{ name, body, want string }{
		{"reads what was written before", putOwn + come + goOn + getNext, ""},
		{"by any thread", putByLast + come + goOn + getNext, ""},
		{"writes what was read before, and again", getNext + come + goOn + putOwn + come + goOn + getNext, ""},
		{"some have returned", putOwn + come + "\n setp.eq.u32 %p2, %r3, 1;\n @%p2 ret;" + goOn + getNext, ""},
		{"no barrier", putOwn + getNext, "another block"},
		{"does not go on", putOwn + come + getNext + goOn, "another block"},
		{"writes once it has come", come + putOwn + goOn + getNext, "another block"},
		{"writes again before the next one", putOwn + come + goOn + getNext + putOwn, "another block"},
		{"comes twice", come + come + goOn, "comes to a barrier of the cluster twice"},
		{"has not come", goOn, "waits at a barrier of the cluster without having come"},
		{"some never come", "\n setp.eq.u32 %p2, %r3, 1;\n @%p2 bra out;" + come + goOn + "\n ret;\nout:" + goOn, "without having come"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, Options{Limit: 100_000, Charged: true})
			err := b.launch(text(1, "", ownWord+c.body+"\n ret;"), 3, 64, gpu.Launch{Cluster: true})
			if c.want != "" {
				assert.ErrorContains(t, err, c.want)
				return
			}
			require.NoError(t, err)
			charges := b.TakeCharges()
			require.Greater(t, len(charges), 1)
			assert.Equal(t, 3, charges[0].Blocks)
			assert.Greater(t, charges[0].Latency, uint64(3*clusterLatency))
		})
	}
	body := text(1, "", come+goOn+"\n ret;")
	assert.ErrorContains(t, newBench(t, Options{}).launch(body, 3, 64, gpu.Launch{}), "a barrier of a cluster, in a launch that is none")
	assert.ErrorContains(t, newBench(t, Options{}).launch(body, 3, 64, gpu.Launch{Together: true}), "a barrier of a cluster, in a launch that is none")
	assert.ErrorContains(t, newBench(t, Options{}).launch(body, 17, 64, gpu.Launch{Cluster: true}), "a cluster of 17 blocks, expected at most 16")
	old := newBench(t, Options{Properties: gpu.Properties{Capability: 89}})
	assert.ErrorContains(t, old.launch(body, 2, 64, gpu.Launch{Cluster: true}), "a cluster of 2 blocks")
}

// together launches blocks that wait for each other.
func (b *bench) together(ptx string, grid, block int) error {
	return b.launch(ptx, grid, block, gpu.Launch{Together: true})
}

// launch launches the kernel of a module with the words' address, as l says.
func (b *bench) launch(ptx string, grid, block int, l gpu.Launch) error {
	m, err := b.Load("test.ptx", ptx)
	if err != nil {
		return err
	}
	k, err := m.Kernel("k", block, 0)
	if err != nil {
		return err
	}
	l.Kernel, l.Grid, l.Block, l.Args = k, gpu.Dim{X: grid}, gpu.Dim{X: block}, []uint64{uint64(b.words)}
	return b.Launch(&l)
}

// A grid that the device cannot hold is refused, and so is waiting in a launch that is not said to be held; who waits for nobody does not end.
func TestMeetingsRefused(t *testing.T) {
	b := newBench(t, Options{Limit: 10_000, Properties: gpu.Properties{Multiprocessors: 1}})
	assert.ErrorContains(t, b.together(text(1, "", " ret;"), 33, 64), "33 blocks that wait for each other, the device can run 32 at the same time")
	meeting := text(1, "", ownWord+putOwn+barriers+arrive+wait+barriers+getNext+"\n ret;")
	assert.ErrorContains(t, b.run(meeting, 3, 64, 0), "waits for other blocks, in a launch whose blocks need not run at the same time")
	b = newBench(t, Options{Limit: 10_000})
	assert.ErrorContains(t, b.together(meeting, 2, 64), "does not end")
}
