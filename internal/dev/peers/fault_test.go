//go:build linux

package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A stand-in answers each job with this.
const (
	numbers  = `"energy":1.5,"forces":[[0,0,0],[0,0,0],[0,0,1]]`
	answered = `echo '{"seconds":[0.002],` + numbers + `,"edges":6}'`
)

// faults are what a peer does to a job instead, and what the report says of it.
var faults = map[string]struct{ script, says string }{
	"fails":    {`echo '{"error":"CUDA error 700"}'`, "CUDA error 700"},
	"garbage":  {`echo 'Segmentation fault'`, "no answer: invalid character 'S'"},
	"hangs":    {`trap '' TERM; sleep 60 & echo $! >>"$HERE/left"; wait; sleep 60`, "killed after"},
	"deserts":  {`sleep 60 & echo $! >>"$HERE/left"; exit 3`, "killed after"}, // and leaves its output open
	"dies":     {`printf '{"seconds":[0.0'; echo 'out of memory' >&2; exit 3`, "unexpected EOF (exit status 3); it said last: out of memory"},
	"no times": {`echo '{"seconds":[],` + numbers + `}'`, "the answer has no times"},
	"no time":  {`echo '{"seconds":[0],` + numbers + `}'`, "a call took 0 s"},
}

// standIn is a peer whose job of the structure middle is a fault. Its processes
// write down when they start and end, and the fault what the report was by then.
func standIn(t *testing.T, s settings, name, hello, fault string) string {
	t.Helper()
	folder := filepath.Dir(s.output)
	path := filepath.Join(folder, name)
	script := `#!/bin/sh
HERE=` + folder + `
case "$1" in *export.py) exit 0 ;; esac
echo "+` + name + `" >>"$HERE/log"
` + hello + `
while read -r job; do
	case "$job" in
	*middle*) cp "$HERE/report.json" "$HERE/before.json"; ` + fault + ` ;;
	*) ` + answered + ` ;;
	esac
done
echo "-` + name + `" >>"$HERE/log"
`
	require.NoError(t, os.WriteFile(path, []byte(script), 0o755))
	return path
}

const (
	says      = `echo '{"version":"1.2"}'`
	saysTorch = `echo '{"version":"2.9","variants":["one","two"]}'`
)

func lines(t *testing.T, s settings, name string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(filepath.Dir(s.output), name))
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(t, err)
	return strings.Fields(string(text))
}

// ended checks that nothing is left of what a stand-in started.
func ended(t *testing.T, s settings) {
	t.Helper()
	for _, pid := range lines(t, s, "left") {
		assert.Eventually(t, func() bool {
			stat, err := os.ReadFile("/proc/" + pid + "/stat")
			return err != nil || strings.Contains(string(stat), ") Z ") // a zombie that nobody waits for
		}, 30*time.Second, 10*time.Millisecond, "process %s", pid)
	}
}

// Whatever painless does, what was measured before it and after it is in the report.
func TestEngineGoesOn(t *testing.T) {
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := short(t)
			s.part = "engine"
			if fault.says == "killed after" {
				s.limit = 2 * time.Second
			}
			s.self = standIn(t, s, "painless", says, fault.script)
			err := run(context.Background(), s, io.Discard)
			assert.ErrorContains(t, err, "1 failures, which "+s.output+" lists; the first is student, 1 times middle (3 atoms): painless: ")
			assert.ErrorContains(t, err, fault.says)

			want := &throughput{Model: "student", Structures: "first", Batch: 1, Atoms: 3, Edges: 6, Seconds: []float64{0.002}}
			before := read(t, s, "before.json")
			assert.Equal(t, []*loadTime{{"student", []float64{0.002}}}, before.Load)
			assert.Equal(t, want, before.Throughput[0])
			assert.Empty(t, before.Errors)
			after := read(t, s, "report.json")
			require.Len(t, after.Throughput, 3)
			assert.Equal(t, want, after.Throughput[0])
			assert.Empty(t, after.Throughput[1].Seconds)
			want.Structures = "last"
			assert.Equal(t, want, after.Throughput[2])
			require.Len(t, after.Errors, 1)
			assert.Equal(t, "student, 1 times middle (3 atoms)", after.Errors[0].Measurement)
			assert.Contains(t, after.Errors[0].Error, fault.says)
			assert.Equal(t, map[string]string{"painless": "1.2"}, after.Peers)
			ended(t, s)
		})
	}
}

// A fault of PyTorch in one variant costs that variant's time of that structure.
func TestBesideGoesOn(t *testing.T) {
	few := `echo '{"seconds":[0.004],"energy":1.5,"forces":[]}'`
	other := `echo '{"seconds":[0.004],"energy":1.6,"forces":[[0,0,0],[0,0,0],[0,0,1]]}'`
	turned := `echo '{"seconds":[0.004],"energy":1.5,"forces":[[0,0,0],[0,0,0],[1,0,0]]}'`
	all := map[string]struct{ script, says string }{
		"few forces":   {few, "0 forces: expected 3"},
		"other energy": {other, "the energy is 1.6 eV: painless's is 1.5 eV"},
		"other forces": {turned, "the force on atom 2 is [1 0 0] eV/Å: painless's is [0 0 1] eV/Å"},
	}
	for name, fault := range faults {
		all[name] = fault
	}
	for name, fault := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := short(t)
			s.part, s.rounds = "torch", 2
			if fault.says == "killed after" {
				s.limit = 2 * time.Second
			}
			s.self = standIn(t, s, "painless", says, answered)
			s.python = standIn(t, s, "torch", saysTorch, `case "$job" in *two*) `+fault.script+` ;; *) `+answered+` ;; esac`)
			err := run(context.Background(), s, io.Discard)
			assert.ErrorContains(t, err, "student, middle (3 atoms), PyTorch two")
			assert.ErrorContains(t, err, fault.says)

			twice := []float64{0.002, 0.002}
			before := read(t, s, "before.json")
			require.Len(t, before.Against, 3)
			assert.Equal(t, twice, before.Against[0].Seconds["PyTorch two"])
			assert.Equal(t, twice, before.Against[2].Seconds["PyTorch one"])
			after := read(t, s, "report.json")
			for i, c := range after.Against {
				assert.Equal(t, twice, c.Seconds["painless"], "%d", i)
				assert.Equal(t, twice, c.Seconds["PyTorch one"], "%d", i)
				want := twice
				if i == 1 {
					want = nil
				}
				assert.Equal(t, want, c.Seconds["PyTorch two"], "%d", i)
			}
			require.Len(t, after.Errors, 1, "it is not tried again")
			assert.Contains(t, after.Errors[0].Error, fault.says)
			assert.Equal(t, map[string]string{"painless": "1.2", "PyTorch": "2.9"}, after.Peers)
			ended(t, s)
		})
	}
}

// On a GPU two processes are never there at the same time, painless is the
// first, and each variant has a process of its own.
func TestTakesTurns(t *testing.T) {
	s := short(t)
	s.part = "torch"
	s.self, s.python = standIn(t, s, "painless", says, answered), standIn(t, s, "torch", saysTorch, answered)
	require.NoError(t, run(context.Background(), s, io.Discard))
	assert.Equal(t, strings.Fields("+painless -painless +torch -torch +painless -painless +torch -torch"), lines(t, s, "log"))
	assert.Empty(t, read(t, s, "report.json").Errors)
}

// What does not start, or ends badly, is said once where nothing depends on it.
func TestStarts(t *testing.T) {
	for name, c := range map[string]struct {
		hello, says string
		limit       time.Duration
	}{
		"fails":   {"echo 'no module named torch' >&2; exit 1", "PyTorch does not start: EOF (exit status 1); it said last: no module named torch", time.Minute},
		"hangs":   {"sleep 60", "PyTorch does not start: killed after 500ms", 500 * time.Millisecond},
		"garbage": {"echo torch; sleep 60", "PyTorch does not start: invalid character 'o'", time.Minute},
		"ends":    {saysTorch + "; trap 'exit 4' EXIT", "PyTorch: exit status 4", time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := short(t)
			s.part, s.limit = "torch", c.limit
			s.self, s.python = standIn(t, s, "painless", says, answered), standIn(t, s, "torch", c.hello, answered)
			assert.ErrorContains(t, run(context.Background(), s, io.Discard), c.says)
			r := read(t, s, "report.json")
			for _, against := range r.Against {
				assert.NotEmpty(t, against.Seconds["painless"])
			}
			assert.Contains(t, r.Errors[0].Error, c.says)
		})
	}
}

// The contest on the CPU goes on without ONNX Runtime, and without PyTorch.
func TestContestGoesOn(t *testing.T) {
	s := short(t)
	s.alone = []system{{"middle", water, 1}}
	s.self = standIn(t, s, "painless", says, answered)
	s.python = standIn(t, s, "torch", saysTorch, `exit 1`)
	standIn(t, s, "node", says, `echo '{"seconds":[0.01],"energy":2.5}'`)
	t.Setenv("PATH", filepath.Dir(s.output)+":"+os.Getenv("PATH"))
	assert.ErrorContains(t, run(context.Background(), s, io.Discard), "2 failures")
	r := read(t, s, "report.json")
	require.Len(t, r.Against, 3)
	for i, c := range r.Against {
		assert.Equal(t, []float64{0.002}, c.Seconds["painless"])
		assert.Equal(t, i == 1, len(c.Seconds["PyTorch torchscript"]) == 0, "%d", i)
		assert.Equal(t, i == 1, len(c.Seconds["ONNX Runtime, energy only"]) == 0, "%d", i)
	}
	assert.Contains(t, r.Errors[1].Error, "the energy is 2.5 eV")
	assert.Equal(t, []*scaling{{"student", "middle", 3, 6, []float64{0.002}, []float64{0.002}}}, r.Alone)
}

// A report that cannot be written is said before the work, and at the end.
func TestUnwritten(t *testing.T) {
	s := short(t)
	folder := filepath.Dir(s.output)
	s.self, s.part, s.output = standIn(t, s, "painless", says, answered), "engine", folder
	assert.ErrorContains(t, run(context.Background(), s, io.Discard), "expected a file, found a folder")
	assert.NoFileExists(t, filepath.Join(folder, "log"))

	s = short(t)
	s.part = "engine"
	s.self = standIn(t, s, "painless", says, `rm "$HERE/report.json"; mkdir "$HERE/report.json"; `+answered)
	assert.ErrorContains(t, run(context.Background(), s, io.Discard), "expected a file, found a folder")
}

// A GPU has a name, unless the driver's tool fails, and then it is measured all the same.
func TestGPUName(t *testing.T) {
	for script, want := range map[string]string{"echo 'a GPU, 580.1'": "a GPU, 580.1", "exit 9": ""} {
		s := short(t)
		s.device, s.part = "cuda:0", "engine"
		s.self = standIn(t, s, "painless", says, answered)
		require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(s.output), "nvidia-smi"), []byte("#!/bin/sh\n"+script+"\n"), 0o755))
		t.Setenv("PATH", filepath.Dir(s.output)+":"+os.Getenv("PATH"))
		err := run(context.Background(), s, io.Discard)
		r := read(t, s, "report.json")
		assert.Equal(t, want, r.GPU)
		assert.Len(t, r.Throughput[2].Seconds, 1)
		if want == "" {
			assert.ErrorContains(t, err, "nvidia-smi")
			assert.Len(t, r.Errors, 1)
		} else {
			assert.NoError(t, err)
		}
	}
}

// Where the command is killed its peers end too: they would keep the GPU.
func TestKilled(t *testing.T) {
	s := short(t)
	folder := filepath.Dir(s.output)
	python := standIn(t, s, "torch", `echo $$ >>"$HERE/left"; sleep 60`, answered)
	command := exec.Command(os.Args[0], "-part", "torch", "-models", folder, "-python", python, "-o", s.output)
	require.NoError(t, command.Start())
	assert.Eventually(t, func() bool { return len(lines(t, s, "left")) > 0 }, 30*time.Second, 10*time.Millisecond)
	require.NoError(t, command.Process.Kill())
	assert.Error(t, command.Wait())
	ended(t, s)
}
