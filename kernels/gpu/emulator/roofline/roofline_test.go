package roofline

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless/kernels/gpu/emulator"
)

func TestOccupancy(t *testing.T) {
	h100, ada := &GPUs[1], &GPUs[3]
	for _, c := range []struct {
		gpu                     *GPU
		threads, used, room, is int
	}{
		{h100, 256, 32, 0, 8},       // 64 warps
		{h100, 256, 64, 0, 4},       // 65,536 registers
		{h100, 256, 65, 0, 3},       // which come in eights
		{h100, 256, 64, 73728, 3},   // 228 KB, and 1 KB a block
		{h100, 32, 16, 0, 32},       // 32 blocks
		{h100, 1024, 65, 0, 0},      // more registers than there are
		{h100, 128, 40, 240_000, 0}, // more shared memory than there is
		{ada, 256, 32, 0, 6},        // 48 warps
		{ada, 256, 64, 73728, 1},    // 100 KB
	} {
		assert.Equal(t, c.is, c.gpu.Occupancy(c.threads, c.used, c.room), c)
	}
}

// One resource at a time, on a GPU of 2 multiprocessors at 1 GHz.
func TestPredict(t *testing.T) {
	g := GPU{"test", 90, 2, 1e9, 128, 64, 512, 64, 32, 100 << 10, 1e9, 1 << 20, 1e8, 1e8}
	launch := emulator.Charges{Blocks: 4, Threads: 64}
	slots := func(class emulator.Class, n uint64) func(c *emulator.Charges) {
		return func(c *emulator.Charges) { c.Slots[class] = n }
	}
	for _, c := range []struct {
		name    string
		set     func(c *emulator.Charges)
		seconds float64
		bound   string
	}{
		{"free moves", slots(emulator.Free, 0), 0, ""},
		{"branches, four in a cycle", slots(emulator.Control, 8000), 1e-6, "issue"},
		{"arithmetic", slots(emulator.FP32, 8000), 1e-6, "issue"},
		{"integers", slots(emulator.Integer, 8000), 2e-6, "integer"},
		{"special functions", slots(emulator.Special, 8000), 8e-6, "special"},
		{"float64", slots(emulator.FP64, 8000), 2e-6, "fp64"},
		{"products of matrices", slots(emulator.Tensor, 8000), 8e-6, "tensor"},
		{"shuffles", slots(emulator.Shuffle, 8000), 4e-6, "L1+shared"},
		{"wavefronts", func(c *emulator.Charges) { c.Shared.Wavefronts, c.Global.Wavefronts = 1500, 500 }, 1e-6, "L1+shared"},
		{"the second-level cache", func(c *emulator.Charges) { c.Missed = 1000 }, 32e-6, "L2"},
		{"the host's memory", func(c *emulator.Charges) { c.Host = 1000 }, 32e-5, "host"},
		{"a footprint that it holds", func(c *emulator.Charges) { c.Footprint = 500_000 }, 0, ""},
		{"memory", func(c *emulator.Charges) { c.Footprint = 1_000_000 }, 1e-2, "memory"},
		{"latency, four blocks at once", func(c *emulator.Charges) { c.Latency = 4000 }, 1e-6, "latency"},
		{"latency, one block after the other", func(c *emulator.Charges) { c.Latency, c.Room = 4000, 90<<10 }, 2e-6, "latency"},
		{"one block", func(c *emulator.Charges) { c.Blocks, c.Shared.Wavefronts = 1, 1000 }, 1e-6, "L1+shared"},
		{"three blocks: one multiprocessor has two", func(c *emulator.Charges) { c.Blocks, c.Shared.Wavefronts = 3, 3000 }, 2e-6, "L1+shared"},
		{"no block", func(c *emulator.Charges) { c.Blocks, c.Latency = 0, 1 }, 0, ""},
	} {
		charges := launch
		c.set(&charges)
		p, err := g.Predict(&charges, 32)
		require.NoError(t, err)
		assert.InDelta(t, c.seconds, p.Seconds, 1e-12, c.name)
		assert.Equal(t, c.bound, p.Bound, c.name)
	}
	three := launch
	three.Blocks, three.Shared.Wavefronts = 3, 3000
	p, err := g.Saturated(&three, 32)
	require.NoError(t, err)
	assert.InDelta(t, 1.5e-6, p.Seconds, 1e-12, "as many more follow as fill both multiprocessors")
	launch.Room = 1 << 20
	_, err = g.Predict(&launch, 32)
	assert.ErrorContains(t, err, "do not fit on a multiprocessor of test")
}

// The committed table is what ptxas makes of the committed PTX, where it is, and
// has every kernel of it.
func TestRegisters(t *testing.T) {
	files, err := filepath.Glob("../../*.ptx.gz")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	entry := regexp.MustCompile(`(?m)^\.visible \.entry (\w+)\(`)
	assembler, missing := exec.LookPath("ptxas")
	for _, file := range files {
		if filepath.Base(file) == "message_low.ptx.gz" { // whose names stand twice
			continue
		}
		packed, err := os.ReadFile(file)
		require.NoError(t, err)
		unpacked, err := gzip.NewReader(bytes.NewReader(packed))
		require.NoError(t, err)
		text, err := io.ReadAll(unpacked)
		require.NoError(t, err)
		for _, m := range entry.FindAllStringSubmatch(string(text), -1) {
			for _, g := range GPUs {
				if !runs(file, g.Capability) {
					continue
				}
				n, ok := g.Registers(m[1])
				assert.True(t, ok && n > 0, "%s on sm_%d is not in registers.tsv", m[1], g.Capability)
			}
		}
		if missing != nil {
			continue
		}
		ptx := filepath.Join(t.TempDir(), "k.ptx")
		require.NoError(t, os.WriteFile(ptx, text, 0o644))
		for _, capability := range []int{70, 80, 89, 90} {
			if !runs(file, capability) {
				continue
			}
			g := GPU{Capability: capability}
			out, err := exec.Command(assembler, "-v", fmt.Sprintf("-arch=sm_%d", capability), "-o", "/dev/null", ptx).CombinedOutput()
			require.NoError(t, err, string(out))
			name := ""
			for line := range bytes.Lines(out) {
				if _, rest, ok := strings.Cut(string(line), "Compiling entry function '"); ok {
					name, _, _ = strings.Cut(rest, "'")
				}
				if _, rest, ok := strings.Cut(string(line), ": Used "); ok {
					n, _ := g.Registers(name)
					assert.Equal(t, fmt.Sprint(n), strings.Fields(rest)[0], "%s on sm_%d: see registers.tsv", name, capability)
				}
			}
		}
	}
}

// runs is whether GPUs of a capability run the kernels of a file where the number of features lets tensor cores multiply.
func runs(file string, capability int) bool {
	name, multiplies := strings.TrimSuffix(file, ".ptx.gz"), capability == 80 || capability == 90
	if strings.HasSuffix(name, "_tensor") {
		return multiplies
	}
	_, err := os.Stat(name + "_tensor.ptx.gz")
	return err != nil || !multiplies
}
