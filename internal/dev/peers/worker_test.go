package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"painless"
	"painless/atoms"
	"painless/internal/peertest"
)

// The test binary is the command, too.
func TestMain(m *testing.M) {
	if slices.Contains(os.Args, "-serve") || slices.Contains(os.Args, "-part") {
		main()
		return
	}
	os.Exit(m.Run())
}

// short is settings of three systems and one model, to be measured once.
func short(t *testing.T) settings {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "student.pt"), nil, 0o644))
	var all []system
	for _, name := range []string{"first", "middle", "last"} {
		all = append(all, system{name, water, 1})
	}
	return settings{device: "cpu", models: folder, threads: 1, rounds: 1, limit: time.Minute, output: filepath.Join(folder, "report.json"), against: all, batches: all}
}

func water() atoms.Structure {
	return atoms.Structure{Numbers: []int{8, 1, 1}, Positions: [][3]float64{{0, 0, 0}, {0.96, 0, 0}, {-0.24, 0.93, 0.1}}}
}

// read is a report that was written, beside the settings' own.
func read(t *testing.T, s settings, name string) (r report) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(filepath.Dir(s.output), name))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &r))
	return r
}

// student is the folder of settings with the smallest student of testdata, and this binary as painless.
func student(t *testing.T) settings {
	t.Helper()
	s := short(t)
	weights, err := os.ReadFile("../../../testdata/ultra_tiny.pt")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(s.models, "student.pt"), weights, 0o644))
	s.self, err = os.Executable()
	require.NoError(t, err)
	return s
}

// The part engine, end to end, on kernels of the GPU.
func TestEngineOnEmulator(t *testing.T) {
	s := student(t)
	s.device, s.part = "emulator", "engine"
	s.batches = []system{{"water", water, 1}, {"water", water, 2}}
	require.NoError(t, run(context.Background(), s, io.Discard))
	r := read(t, s, "report.json")
	assert.Len(t, r.Load[0].Seconds, 1)
	require.Len(t, r.Throughput, 2)
	for i, edges := range []int{6, 12} {
		assert.Len(t, r.Throughput[i].Seconds, 1)
		assert.Equal(t, edges, r.Throughput[i].Edges)
		assert.Equal(t, edges/2, r.Throughput[i].Atoms)
	}
}

// The part torch, end to end, with every variant that this machine's PyTorch has.
func TestBesideTorch(t *testing.T) {
	s := student(t)
	s.part, s.python = "torch", peertest.Torch(t).Path
	s.against = []system{{"water", water, 1}, against[0]}
	t.Chdir("../../..")
	require.NoError(t, run(context.Background(), s, io.Discard))
	r := read(t, s, "report.json")
	require.Len(t, r.Against, 2)
	for _, c := range r.Against {
		for _, name := range []string{"painless", "PyTorch torchscript", "PyTorch eager"} {
			assert.NotEmpty(t, c.Seconds[name], name)
		}
		assert.Equal(t, "eager", c.Ways["PyTorch eager"])
		assert.Contains(t, []string{"optimised", "frozen", "plain"}, c.Ways["PyTorch torchscript"])
	}
}

func serveAll(t *testing.T, device string, jobs ...job) (answers []answer) {
	t.Helper()
	var in, out strings.Builder
	for _, j := range jobs {
		require.NoError(t, json.NewEncoder(&in).Encode(j))
	}
	require.NoError(t, serve(strings.NewReader(in.String()), &out, painless.Options{Device: device, Threads: 1}))
	decoder := json.NewDecoder(strings.NewReader(out.String()))
	var h hello
	require.NoError(t, decoder.Decode(&h))
	assert.NotEmpty(t, h.Version)
	for decoder.More() {
		var a answer
		require.NoError(t, decoder.Decode(&a))
		answers = append(answers, a)
	}
	require.Len(t, answers, len(jobs))
	return answers
}

func TestServe(t *testing.T) {
	folder := t.TempDir()
	path, hot := filepath.Join(folder, "water.xyz"), filepath.Join(folder, "hot.xyz")
	require.NoError(t, writeXYZ(path, water()))
	require.NoError(t, os.WriteFile(hot, []byte("2\n\nH 0 0 0\nH 0 0 0\n"), 0o644))
	good := job{Checkpoint: "../../../testdata/ultra_tiny.pt", Structure: path, Forces: true}
	batch, none, same := good, good, good
	batch.Batch, batch.Forces, none.Checkpoint, same.Structure = 3, false, "none.pt", hot
	a := serveAll(t, "cpu", good, none, same, good, batch, job{Checkpoint: good.Checkpoint})

	for _, k := range []int{0, 3, 4, 5} {
		assert.Len(t, a[k].Seconds, 3)
		assert.Empty(t, a[k].Error)
	}
	assert.Contains(t, a[1].Error, "none.pt")
	assert.Contains(t, a[2].Error, "atom 0 (H) and atom 1 (H) are on the same point")
	assert.Equal(t, []int{6, 18}, []int{a[0].Edges, a[4].Edges})
	assert.Len(t, a[0].Forces, 3)
	assert.Empty(t, a[4].Forces)
	assert.Equal(t, a[0].Forces, a[3].Forces, "where the atoms were at first")
	assert.Equal(t, a[0].Energy, a[4].Energy)

	emulated := serveAll(t, "emulator", good)[0]
	assert.InDelta(t, a[0].Energy, emulated.Energy, 1e-4)
	for i, f := range a[0].Forces {
		assert.InDeltaSlice(t, f[:], emulated.Forces[i][:], 1e-3)
	}
}

func TestModelsIn(t *testing.T) {
	folder := t.TempDir()
	_, err := modelsIn(folder)
	assert.ErrorContains(t, err, "no checkpoint *.pt in "+folder)
	write := func(names ...string) {
		for _, name := range names {
			require.NoError(t, os.WriteFile(filepath.Join(folder, name), nil, 0o644))
		}
	}
	write("mine.pt", "another.pt", "notes.txt")
	models, err := modelsIn(folder)
	require.NoError(t, err)
	assert.Equal(t, []model{{"another", filepath.Join(folder, "another.pt")}, {"mine", filepath.Join(folder, "mine.pt")}}, models)
	write("tiny.pt", "original.pt", "tiny_traced.pt")
	models, err = modelsIn(folder)
	require.NoError(t, err)
	assert.Equal(t, []model{{"original", filepath.Join(folder, "original.pt")}, {"tiny", filepath.Join(folder, "tiny.pt")}}, models)
}

func TestSettings(t *testing.T) {
	good := settings{device: "cpu", threads: 1, rounds: 1, limit: 1}
	require.NoError(t, good.check())
	for want, change := range map[string]func(*settings){
		`part "cpu": expected engine or torch`:    func(s *settings) { s.part = "cpu" },
		"PyTorch does not run on the emulator":    func(s *settings) { s.part, s.device = "torch", "emulator" },
		"0 rounds on 1 threads: expected 1":       func(s *settings) { s.rounds = 0 },
		"1 rounds on -1 threads: expected 1":      func(s *settings) { s.threads = -1 },
		"limit 0s: expected more than 0":          func(s *settings) { s.limit = 0 },
		`device "gpu": expected cpu, cuda, cuda:`: func(s *settings) { s.device = "gpu" },
	} {
		s := good
		change(&s)
		assert.ErrorContains(t, s.check(), want)
	}
}
