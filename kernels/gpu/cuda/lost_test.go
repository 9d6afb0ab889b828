//go:build cuda

package cuda

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/kernels/gpu"
)

// findLoss is the calls that wait for a kernel, and so hear of what became of it.
var findLoss = map[string]func(d gpu.Device) error{
	"synchronize": func(d gpu.Device) error { return d.Synchronize() },
	"await":       func(d gpu.Device) error { return errors.Join(d.Mark(0), d.Await(0)) },
	"time":        func(d gpu.Device) error { _, err := d.Time(func() error { return nil }); return err },
	"close":       func(d gpu.Device) error { return d.Close() },
}

const losing = "PAINLESS_TEST_LOSES_GPU" // by the call that this names

// A kernel that writes to a wrong address takes the GPU from the process, this
// one's child. All that is asked for later says so, and by what, at once.
func TestLost(t *testing.T) {
	if find, ok := findLoss[os.Getenv(losing)]; ok {
		lose(t, find)
		return
	}
	if _, err := Count(); err != nil {
		t.Skip(err)
	}
	for name := range findLoss {
		t.Run(name, func(t *testing.T) {
			child := exec.Command(os.Args[0], "-test.v", "-test.run", "^TestLost$")
			child.Env = append(os.Environ(), losing+"="+name)
			text, err := child.CombinedOutput()
			require.NoError(t, err, string(text))
			assert.Contains(t, string(text), "--- PASS: TestLost")
		})
	}
}

const store = `.version 7.0
.target sm_70
.address_size 64
.visible .entry store(.param .u64 to)
{
	.reg .b64 %rd<3>;
	.reg .b32 %r<2>;
	ld.param.u64 %rd1, [to];
	cvta.to.global.u64 %rd2, %rd1;
	mov.u32 %r1, 1;
	st.global.u32 [%rd2], %r1;
	ret;
}
`

func lose(t *testing.T, find func(d gpu.Device) error) {
	d, other := open(t), open(t)
	m, err := d.Load("store.ptx", store)
	require.NoError(t, err)
	k, err := m.Kernel("store", 1, 0)
	require.NoError(t, err)
	p, err := d.Alloc(4)
	require.NoError(t, err)
	host, err := d.AllocHost(4)
	require.NoError(t, err)
	graph, err := d.Capture(func() error { return d.Upload(p, host) })
	require.NoError(t, err)
	require.NoError(t, d.Launch(&gpu.Launch{Kernel: k, Args: []uint64{uint64(p)}}))
	require.NoError(t, d.Upload(p, make([]byte, 4)), "of memory that is Go's")
	require.NoError(t, d.Synchronize(), "the GPU works")
	require.NoError(t, errors.Join(d.Mark(0), other.Mark(0)))
	require.NoError(t, d.Upload(p, make([]byte, 4)), "of memory that Close must leave to Go")

	require.NoError(t, d.Launch(&gpu.Launch{Kernel: k, Args: []uint64{0}}))
	first := find(d)
	require.ErrorContains(t, first, "GPU 0 is lost for this process, which has to be started again to use it: after store was launched: cu")
	require.ErrorContains(t, first, "CUDA_ERROR_ILLEGAL_ADDRESS")
	require.ErrorIs(t, first, result(700))

	for _, d := range []gpu.Device{d, other} {
		if errors.Is(d.Synchronize(), errClosed) {
			continue
		}
		_, alloc := d.Alloc(4)
		_, allocHost := d.AllocHost(4)
		_, load := d.Load("store.ptx", store)
		_, capture := d.Capture(func() error { return nil })
		_, timed := d.Time(func() error { return nil })
		for name, err := range map[string]error{
			"Alloc": alloc, "AllocHost": allocHost, "Load": load, "Capture": capture, "Time": timed, "Synchronize": d.Synchronize(), "Mark": d.Mark(0), "Await": d.Await(0),
			"Upload": d.Upload(p, make([]byte, 4)), "Download": d.Download(make([]byte, 4), p), "Zero": d.Zero(p, 4),
		} {
			assert.ErrorContains(t, err, first.Error(), name)
			assert.Equal(t, 1, strings.Count(err.Error(), "after store"), "%v", err)
		}
	}
	if !d.(*device).closed {
		_, kernel := m.Kernel("store", 1, 0)
		for name, err := range map[string]error{"Kernel": kernel, "Launch": d.Launch(&gpu.Launch{Kernel: k, Args: []uint64{0}}), "graph": graph.Launch()} {
			assert.ErrorContains(t, err, first.Error(), name)
		}
		assert.NoError(t, d.Free(p), "what it holds goes with the process")
		assert.NoError(t, d.FreeHost(host))
		assert.NoError(t, graph.Close())
		assert.NoError(t, m.Close())
		assert.EqualError(t, d.Close(), first.Error())
	}
	assert.NoError(t, d.Close(), "twice")
	assert.EqualError(t, other.Close(), first.Error())
	again, err := Open(0)
	assert.Nil(t, again)
	assert.ErrorContains(t, err, first.Error())
}
